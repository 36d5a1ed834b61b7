//! The window in hosts: in those that take their time (fault 6 of the guard), while audio runs, and what it
//! leaves alone. Linux, with a display; a virtual one will do. `cargo xtask bundle` comes first.
#![cfg(target_os = "linux")]

mod support;

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use clap_sys::ext::gui::{CLAP_WINDOW_API_X11, clap_window, clap_window_handle};
use premix::engine::Settings;
use support::clap_host::{ClapBundle, ClapPlugin, PREMIX, PREMIX_WALLA};
use support::screen::{Screen, Shown};
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
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
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

/// Hz, and samples in a block.
const RATE: f64 = 48_000.0;
const BLOCK: usize = 480;

/// Silence or noise in every input, in real time.
fn play(plugin: &ClapPlugin, seconds: f64, peak: f32) {
    let (dialogue, walla) = (support::noises(1, 2, BLOCK, peak), support::noises(2, 2, BLOCK, peak));
    for _ in 0..(seconds * RATE) as usize / BLOCK {
        plugin.render(&dialogue, Some(&walla), &[BLOCK], &[]);
        sleep(Duration::from_secs_f64(BLOCK as f64 / RATE));
    }
}

/// How many pictures a window shows while something is done.
fn frames(screen: &Screen, window: u32, act: impl FnOnce()) -> usize {
    let x11 = &screen.x11;
    x11.damage_query_version(1, 1).unwrap().reply().unwrap();
    let damage = x11.generate_id().unwrap();
    x11.damage_create(damage, window, ReportLevel::RAW_RECTANGLES).unwrap().check().unwrap();
    while x11.poll_for_event().unwrap().is_some() {}
    act();
    x11.damage_destroy(damage).unwrap().check().unwrap();
    let mut count = 0;
    while let Some(event) = x11.poll_for_event().unwrap() {
        count += usize::from(matches!(event, x11rb::protocol::Event::DamageNotify(_)));
    }
    count
}

/// Nothing is drawn while nothing changes, and never more than a screen shows; after a while out of sight, too.
#[test]
#[ignore = "needs a display: LIBGL_ALWAYS_SOFTWARE=1 xvfb-run -a cargo test --features plugin --test window -- --ignored"]
fn frames_come_only_when_something_changed() {
    let _alone = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    let screen = Screen::connect();
    let bundle = ClapBundle::load();
    for id in [PREMIX, PREMIX_WALLA] {
        let mut plugin = bundle.create_with_window(id);
        assert!(plugin.activate(RATE, BLOCK as u32));
        let shown = Shown::open(&screen, &plugin, 600, 400, 1.0);
        assert!(shown.is_drawn());
        let nothing = frames(&screen, shown.parent, || sleep(Duration::from_secs(1)));
        assert_eq!(nothing, 0, "{id}: frames without a change");

        plugin.transport.set(Some((true, 0)));
        let playing = frames(&screen, shown.parent, || play(&plugin, 2.0, 0.5));
        println!("{id}: {playing} frames in two seconds");
        assert!((1..=121).contains(&playing), "{id}: {playing} frames in two seconds");

        let (gui, raw) = plugin.window().unwrap();
        assert!(unsafe { gui.hide.unwrap()(raw) });
        sleep(Duration::from_millis(100));
        assert!(unsafe { gui.show.unwrap()(raw) });
        assert!(shown.is_drawn());
        assert!(frames(&screen, shown.parent, || play(&plugin, 0.5, 0.5)) > 0, "{id}: shown again");
    }
}

/// For the audio thread of a host, while its main thread minds the windows.
struct Audio<'a>(&'a ClapPlugin);

// SAFETY: the audio thread alone processes, the main thread alone opens windows, as CLAP has it.
unsafe impl Send for Audio<'_> {}

/// Windows of several instances, opened, and closed in every order, while all of them process.
#[test]
#[ignore = "needs a display: LIBGL_ALWAYS_SOFTWARE=1 xvfb-run -a cargo test --features plugin --test window -- --ignored"]
fn windows_come_and_go_while_audio_runs() {
    let _alone = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    let screen = Screen::connect();
    let bundle = ClapBundle::load();
    let plugins = [PREMIX, PREMIX, PREMIX].map(|id| {
        let mut plugin = bundle.create_with_window(id);
        assert!(plugin.activate(RATE, BLOCK as u32));
        plugin
    });
    let (dialogue, walla) = support::loud(2, 60 * RATE as usize);
    let expected = support::by_engine(RATE, Settings::default(), &dialogue, &walla);
    let is_open = AtomicBool::new(true);
    let part = |bus: &[Vec<f32>], from: usize| -> Vec<Vec<f32>> {
        bus.iter().map(|channel| channel[from..from + BLOCK].to_vec()).collect()
    };
    let (dialogue, walla, expected, is_open) = (&dialogue, &walla, &expected, &is_open);
    thread::scope(|scope| {
        for plugin in &plugins {
            let audio = Audio(plugin);
            scope.spawn(move || {
                let audio = audio;
                for from in (0..dialogue[0].len() - BLOCK).step_by(BLOCK) {
                    if !is_open.load(Ordering::Relaxed) {
                        assert!(from > 0, "it has played");
                        return;
                    }
                    let output =
                        audio.0.render(&part(dialogue, from), Some(&part(walla, from)), &[BLOCK], &[]);
                    assert!(output == part(expected, from), "the sound at {from}");
                    sleep(Duration::from_millis(5));
                }
            });
        }
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let mut open = order.map(|index| Some(Shown::open(&screen, &plugins[index], 500, 400, 1.0)));
            // The last one lies on top.
            assert!(open[2].as_ref().unwrap().is_drawn());
            open[1] = None;
            open[0] = None;
            open[2] = None;
        }
        is_open.store(false, Ordering::Relaxed);
    });
}

/// What the user made of the window comes back with the session, in points, whatever the scale.
#[test]
#[ignore = "needs a display: LIBGL_ALWAYS_SOFTWARE=1 xvfb-run -a cargo test --features plugin --test window -- --ignored"]
fn its_size_is_kept_in_the_state() {
    let _alone = SCREEN.lock().unwrap_or_else(PoisonError::into_inner);
    let screen = Screen::connect();
    let bundle = ClapBundle::load();
    for (width, height, scale) in [(700, 500, 1.0), (1200, 900, 2.0)] {
        let plugin = bundle.create_with_window(PREMIX);
        let shown = Shown::open(&screen, &plugin, width, height, scale);
        assert!(shown.is_drawn());
        drop(shown);
        let state: serde_json::Value = serde_json::from_slice(&plugin.save()).unwrap();
        let points = [width, height].map(|pixels| (f64::from(pixels) / scale).to_string());
        assert_eq!(state["fields"]["window_width"], *points[0]);
        assert_eq!(state["fields"]["window_height"], *points[1]);

        let other = bundle.create_with_window(PREMIX);
        assert!(other.load(&plugin.save()));
        let (gui, raw) = other.window().unwrap();
        let (mut wide, mut high) = (0, 0);
        unsafe {
            assert!(gui.create.unwrap()(raw, CLAP_WINDOW_API_X11.as_ptr(), false));
            assert!(gui.get_size.unwrap()(raw, &mut wide, &mut high));
            gui.destroy.unwrap()(raw);
        }
        assert_eq!([wide, high].map(|points| points.to_string()), points);
    }
}
