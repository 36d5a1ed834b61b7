//! The window, in a host that takes its time (fault 6 of the guard). Linux, with a display; a virtual one
//! will do.
#![cfg(target_os = "linux")]

mod support;

use std::thread::sleep;
use std::time::{Duration, Instant};

use clap_sys::ext::gui::{CLAP_WINDOW_API_X11, clap_window, clap_window_handle};
use support::clap_host::{ClapBundle, PREMIX};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, CreateWindowAux, ImageFormat, WindowClass};
use x11rb::rust_connection::RustConnection;

/// What a host does between creating the window and showing it.
#[derive(Debug)]
struct Manners {
    wait: Duration,
    scale: Option<f64>,
    size: Option<(u32, u32)>,
}

/// The host's own window, in pixels.
const SIZE: (u16, u16) = (600, 500);

/// How many different pixel values the host's window shows.
fn colours(x11: &RustConnection, parent: u32) -> usize {
    let image =
        x11.get_image(ImageFormat::Z_PIXMAP, parent, 0, 0, SIZE.0, SIZE.1, !0).unwrap().reply().unwrap();
    let mut pixels: Vec<_> = image.data.as_chunks::<4>().0.iter().collect();
    pixels.sort_unstable();
    pixels.dedup();
    pixels.len()
}

/// Whether more than the host's white and the window's ground appears within three seconds.
fn is_drawn(x11: &RustConnection, parent: u32) -> bool {
    let deadline = Instant::now() + Duration::from_secs(3);
    while Instant::now() < deadline {
        sleep(Duration::from_millis(50));
        if colours(x11, parent) > 8 {
            return true;
        }
    }
    false
}

fn draws_in(x11: &RustConnection, screen: usize, manners: &Manners) -> bool {
    let screen = &x11.setup().roots[screen];
    let parent = x11.generate_id().unwrap();
    x11.create_window(
        COPY_DEPTH_FROM_PARENT,
        parent,
        screen.root,
        0,
        0,
        SIZE.0,
        SIZE.1,
        0,
        WindowClass::INPUT_OUTPUT,
        screen.root_visual,
        &CreateWindowAux::new().background_pixel(screen.white_pixel),
    )
    .unwrap();
    x11.map_window(parent).unwrap();
    x11.flush().unwrap();

    let bundle = ClapBundle::load();
    let plugin = bundle.create_with_window(PREMIX);
    let (gui, plugin) = plugin.window().unwrap();
    unsafe {
        assert!(gui.create.unwrap()(plugin, CLAP_WINDOW_API_X11.as_ptr(), false));
        if let Some(scale) = manners.scale {
            gui.set_scale.unwrap()(plugin, scale);
        }
        sleep(manners.wait);
        if let Some((width, height)) = manners.size {
            gui.set_size.unwrap()(plugin, width, height);
        }
        let window = clap_window {
            api: CLAP_WINDOW_API_X11.as_ptr(),
            specific: clap_window_handle { x11: parent.into() },
        };
        assert!(gui.set_parent.unwrap()(plugin, &window));
        sleep(manners.wait);
        assert!(gui.show.unwrap()(plugin));
    }
    let mut drawn = is_drawn(x11, parent);
    // Hidden and shown again.
    unsafe {
        assert!(gui.hide.unwrap()(plugin));
        sleep(manners.wait);
        assert_eq!(colours(x11, parent), 1);
        assert!(gui.show.unwrap()(plugin));
    }
    drawn &= is_drawn(x11, parent);
    unsafe { gui.destroy.unwrap()(plugin) };
    x11.destroy_window(parent).unwrap();
    drawn
}

#[test]
#[ignore = "needs a display: LIBGL_ALWAYS_SOFTWARE=1 xvfb-run -a cargo test --features plugin --test window -- --ignored"]
fn the_window_is_drawn_however_late_it_is_shown() {
    // One connection for all, because some servers start anew when the last one ends.
    let (x11, screen) = x11rb::connect(None).unwrap();
    let mut blank = Vec::new();
    for wait in [0, 20, 200].map(Duration::from_millis) {
        for scale in [None, Some(1.0), Some(1.5)] {
            for size in [None, Some((420, 300)), Some((500, 400))] {
                let manners = Manners { wait, scale, size };
                if !draws_in(&x11, screen, &manners) {
                    blank.push(manners);
                }
            }
        }
    }
    assert!(blank.is_empty(), "blank: {blank:#?}");
}
