//! A host's window on a screen of X11: where a plugin is shown, and what is seen of it.

use std::thread::sleep;
use std::time::{Duration, Instant};

use clap_sys::ext::gui::{CLAP_WINDOW_API_X11, clap_window, clap_window_handle};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, ImageFormat, WindowClass};
use x11rb::rust_connection::RustConnection;

use super::clap_host::ClapPlugin;

/// A connection to the screen.
pub struct Screen {
    pub x11: RustConnection,
    number: usize,
}

impl Screen {
    pub fn connect() -> Self {
        let (x11, number) = x11rb::connect(None).expect("there is a display");
        Self { x11, number }
    }

    /// An empty, white window of the host, in pixels.
    pub fn window(&self, width: u16, height: u16) -> u32 {
        let screen = &self.x11.setup().roots[self.number];
        let window = self.x11.generate_id().unwrap();
        let look = CreateWindowAux::new().background_pixel(screen.white_pixel);
        let (depth, class) = (COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT);
        let (root, visual) = (screen.root, screen.root_visual);
        self.x11.create_window(depth, window, root, 0, 0, width, height, 0, class, visual, &look).unwrap();
        self.x11.map_window(window).unwrap();
        self.x11.flush().unwrap();
        window
    }

    /// What the window shows: 4 bytes a pixel, blue first.
    pub fn pixels(&self, window: u32, width: u16, height: u16) -> Vec<[u8; 4]> {
        let image = self.x11.get_image(ImageFormat::Z_PIXMAP, window, 0, 0, width, height, !0);
        image.unwrap().reply().unwrap().data.as_chunks::<4>().0.to_vec()
    }

    pub fn close(&self, window: u32) {
        self.x11.destroy_window(window).unwrap();
        self.x11.flush().unwrap();
    }
}

/// The plugin's window inside one of the host's.
pub struct Shown<'a> {
    screen: &'a Screen,
    plugin: &'a ClapPlugin,
    /// The host's window around it.
    pub parent: u32,
    pub width: u16,
    pub height: u16,
}

impl<'a> Shown<'a> {
    /// Opens it like a well-behaved host, `width` by `height` pixels, at a scale.
    pub fn open(screen: &'a Screen, plugin: &'a ClapPlugin, width: u16, height: u16, scale: f64) -> Self {
        let parent = screen.window(width, height);
        let (gui, raw) = plugin.window().unwrap();
        unsafe {
            assert!(gui.create.unwrap()(raw, CLAP_WINDOW_API_X11.as_ptr(), false));
            gui.set_scale.unwrap()(raw, scale);
            assert!(gui.can_resize.unwrap()(raw));
            assert!(gui.set_size.unwrap()(raw, width.into(), height.into()));
            let window = clap_window {
                api: CLAP_WINDOW_API_X11.as_ptr(),
                specific: clap_window_handle { x11: parent.into() },
            };
            assert!(gui.set_parent.unwrap()(raw, &window));
            assert!(gui.show.unwrap()(raw));
        }
        Self { screen, plugin, parent, width, height }
    }

    /// Waits until it is drawn, and a little longer for what comes with the next frames.
    pub fn is_drawn(&self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            sleep(Duration::from_millis(100));
            let mut colours = self.pixels();
            colours.sort_unstable();
            colours.dedup();
            if colours.len() > 8 {
                sleep(Duration::from_millis(500));
                return true;
            }
        }
        false
    }

    /// What is seen: 4 bytes a pixel, blue first.
    pub fn pixels(&self) -> Vec<[u8; 4]> {
        self.screen.pixels(self.parent, self.width, self.height)
    }

    /// Writes what is seen to a file.
    pub fn save(&self, path: &std::path::Path) {
        let bytes: Vec<u8> =
            self.pixels().iter().flat_map(|[blue, green, red, _]| [*red, *green, *blue]).collect();
        let file = std::fs::File::create(path).unwrap();
        let mut encoder = png::Encoder::new(file, self.width.into(), self.height.into());
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        encoder.write_header().unwrap().write_image_data(&bytes).unwrap();
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        let (gui, raw) = self.plugin.window().unwrap();
        unsafe { gui.destroy.unwrap()(raw) };
        self.screen.close(self.parent);
    }
}
