//! The window, in hosts that take their time (fault 6 of the guard). Linux, with a display; a virtual one
//! will do. `cargo xtask bundle` comes first.
#![cfg(target_os = "linux")]

mod support;

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap_sys::ext::gui::{CLAP_WINDOW_API_X11, clap_window, clap_window_handle};
use support::clap_host::{ClapBundle, PREMIX};
use support::vst3_host::{Vst3Bundle, kInvalidArgument, kResultOk};
use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoop, IRunLoopTrait, ITimerHandler, TimerInterval,
};
use vst3::Steinberg::Vst::{IEditControllerTrait, ViewType};
use vst3::Steinberg::{
    IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewContentScaleSupport, IPlugViewContentScaleSupportTrait,
    IPlugViewTrait, ViewRect, kPlatformTypeHWND, kPlatformTypeX11EmbedWindowID, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};
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

/// For one host at a time, as a window that another covers shows nothing, and one connection for all, as
/// some servers start anew when the last one ends.
static SCREEN: LazyLock<Mutex<(RustConnection, usize)>> =
    LazyLock::new(|| Mutex::new(x11rb::connect(None).expect("an X server shows the windows")));

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

/// A window of the host's on this screen, not shown yet.
fn host_window(x11: &RustConnection, screen: usize) -> u32 {
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
    x11.flush().unwrap();
    parent
}

fn show(x11: &RustConnection, window: u32) {
    x11.map_window(window).unwrap();
    x11.flush().unwrap();
}

fn clap_draws(x11: &RustConnection, screen: usize, manners: &Manners) -> bool {
    let parent = host_window(x11, screen);
    show(x11, parent);
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
fn clap_window_is_drawn_however_late_it_is_shown() {
    let (x11, screen) = &*SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut blank = Vec::new();
    for wait in [0, 20, 200].map(Duration::from_millis) {
        for scale in [None, Some(1.0), Some(1.5)] {
            for size in [None, Some((420, 300)), Some((500, 400))] {
                let manners = Manners { wait, scale, size };
                if !clap_draws(x11, *screen, &manners) {
                    blank.push(manners);
                }
            }
        }
    }
    assert!(blank.is_empty(), "blank: {blank:#?}");
}

/// What a VST3 host lends to a view: its permission to resize, and on Linux its event loop.
#[derive(Default)]
struct Frame {
    handlers: RefCell<Vec<(ComPtr<IEventHandler>, FileDescriptor)>>,
}

impl Class for Frame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        unsafe { ComRef::from_raw(view).unwrap().onSize(size) }
    }
}

impl IRunLoopTrait for Frame {
    unsafe fn registerEventHandler(&self, handler: *mut IEventHandler, fd: FileDescriptor) -> tresult {
        let handler = unsafe { ComRef::from_raw(handler) }.unwrap().to_com_ptr();
        self.handlers.borrow_mut().push((handler, fd));
        kResultOk
    }

    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        self.handlers.borrow_mut().retain(|(known, _)| known.as_ptr() != handler);
        kResultOk
    }

    unsafe fn registerTimer(&self, _: *mut ITimerHandler, _: TimerInterval) -> tresult {
        kInvalidArgument
    }

    unsafe fn unregisterTimer(&self, _: *mut ITimerHandler) -> tresult {
        kInvalidArgument
    }
}

impl Frame {
    /// A turn of the event loop.
    fn turn(&self) {
        for (handler, fd) in &*self.handlers.borrow() {
            unsafe { handler.onFDIsSet(*fd) };
        }
    }
}

/// Width and height of the only window inside `parent`, in pixels; none if there is no window.
fn size_inside(x11: &RustConnection, parent: u32) -> Option<(u16, u16)> {
    let children = x11.query_tree(parent).unwrap().reply().unwrap().children;
    assert!(children.len() <= 1);
    let child = x11.get_geometry(*children.first()?).unwrap().reply().unwrap();
    Some((child.width, child.height))
}

fn vst3_draws(x11: &RustConnection, screen: usize, manners: &Manners) -> bool {
    let parent = host_window(x11, screen);
    let plugin = Vst3Bundle::load().create(0);
    let mut drawn = true;
    // Opened, closed and opened again.
    for _ in 0..2 {
        let frame = ComWrapper::new(Frame::default());
        unsafe {
            let view = ComPtr::from_raw(plugin.controller.createView(ViewType::kEditor)).unwrap();
            assert_eq!(view.isPlatformTypeSupported(kPlatformTypeX11EmbedWindowID), kResultOk);
            assert_ne!(view.isPlatformTypeSupported(kPlatformTypeHWND), kResultOk);
            let mut size = ViewRect { left: 0, top: 0, right: 0, bottom: 0 };
            assert_eq!(view.getSize(&mut size), kResultOk);
            assert!(size.right > 0 && size.bottom > 0);

            sleep(manners.wait);
            assert_eq!(view.setFrame(frame.to_com_ptr::<IPlugFrame>().unwrap().as_ptr()), kResultOk);
            let window = ptr::without_provenance_mut::<c_void>(parent as usize);
            assert_eq!(view.attached(window, kPlatformTypeX11EmbedWindowID), kResultOk);
            assert_ne!(view.attached(window, kPlatformTypeX11EmbedWindowID), kResultOk);
            if let Some(scale) = manners.scale {
                let scaling = view.cast::<IPlugViewContentScaleSupport>().unwrap();
                assert_eq!(scaling.setContentScaleFactor(scale as f32), kResultOk);
            }
            sleep(manners.wait);
            show(x11, parent);
            drawn &= is_drawn(x11, parent);
            frame.turn();

            if let Some((width, height)) = manners.size {
                let mut size = ViewRect { left: 0, top: 0, right: width as i32, bottom: height as i32 };
                assert_eq!(view.onSize(&mut size), kResultOk);
                drawn &= is_drawn(x11, parent);
                assert_eq!(size_inside(x11, parent), Some((width as u16, height as u16)));
            }
            assert_eq!(view.removed(), kResultOk);
            assert_ne!(view.removed(), kResultOk);
            assert_eq!(view.setFrame(ptr::null_mut()), kResultOk);
            frame.turn();
        }
        sleep(Duration::from_millis(50));
        assert_eq!(size_inside(x11, parent), None);
        x11.unmap_window(parent).unwrap();
    }
    x11.destroy_window(parent).unwrap();
    drawn
}

#[test]
#[ignore = "needs a display: LIBGL_ALWAYS_SOFTWARE=1 xvfb-run -a cargo test --features plugin --test window -- --ignored"]
fn vst3_window_is_drawn_however_late_it_is_shown() {
    let (x11, screen) = &*SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut blank = Vec::new();
    for wait in [0, 20, 200].map(Duration::from_millis) {
        for (scale, size) in [(None, None), (Some(1.0), Some((500, 400))), (Some(1.5), Some((420, 300)))] {
            let manners = Manners { wait, scale, size };
            if !vst3_draws(x11, *screen, &manners) {
                blank.push(manners);
            }
        }
    }
    assert!(blank.is_empty(), "blank: {blank:#?}");
}
