//! A window on a host's screen: opened, resized, redrawn when something changed, closed.

use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use egui::{Context, Ui};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize};
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, Modifiers, ParentWindowHandle, ResizeHint, SizeConstraints,
    SpawnedEditor, VirtualKeyCode,
};
use nice_plug_egui::baseview::{HandlerError, Window as NativeWindow, WindowSize};
use nice_plug_egui::{
    EguiEditor, EguiEditorHandle, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};

use super::theme::GROUND;

/// Between two looks whether something changed: no more than 60 frames a second.
const FRAME: Duration = Duration::from_micros(16_667);

/// What a window shows; made anew each time that it is opened.
pub trait Content: Send {
    /// Draws it. By `host` parameters are changed.
    fn draw(&mut self, ui: &mut Ui, host: &GuiContext);
}

/// Gives a number that changes whenever there is something else to draw.
pub type Watch = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The window of one plugin instance, opened by the host when it likes.
pub struct WindowEditor {
    pub title: &'static str,
    /// Width and height below which a host should not go, in points.
    pub smallest: (f32, f32),
    /// Width and height, in points; kept in the state.
    pub size: [Arc<AtomicU32>; 2],
    pub watch: Watch,
    pub content: Box<dyn Fn() -> Box<dyn Content> + Send>,
    /// The window that is or was open last.
    pub last: Mutex<Option<EguiEditor<App>>>,
}

impl WindowEditor {
    fn window(&self, lookout: Arc<Lookout>) -> Option<EguiEditor<App>> {
        let [width, height] = self.size.each_ref().map(|points| points.load(Ordering::Relaxed) as f32);
        create_egui_editor(
            EguiEditorState::from_size(LogicalSize::new(width, height), 1.0),
            RepaintNotifier::new(),
            EguiNiceSettings::new()
                .with_tile(self.title)
                .with_resize_hint(self.resize_hint())
                // Guard, fault 6: the framework's first look whether to redraw comes before a late
                // host shows the window, and then the answer to it never arrives. So it looks never,
                // and a thread of ours looks from the first frame on.
                .with_repaint_poll_interval(Duration::from_secs(1 << 30)),
            App {
                content: (self.content)(),
                watch: self.watch.clone(),
                size: self.size.clone(),
                lookout,
                host: None,
            },
        )
    }
}

impl Editor for WindowEditor {
    type Handle = Handle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        host: GuiContext,
        methods: Option<HostMethods>,
    ) -> Result<SpawnedEditor<Handle>, Box<dyn Error>> {
        let lookout = Arc::new(Lookout { is_shown: AtomicBool::new(true), thread: Mutex::default() });
        let window = self.window(lookout.clone()).ok_or("the window cannot be made")?;
        let spawned = window.spawn(parent, wait_for_parent, fallback_scale_factor, host, methods)?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(window);
        Ok(SpawnedEditor { handle: Handle { inner: spawned.handle, lookout }, window: spawned.window })
    }

    fn size(&self) -> NativeSize<u32> {
        match &*self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(window) => window.size(),
            None => {
                let [width, height] = self.size.each_ref().map(|points| points.load(Ordering::Relaxed));
                NativeSize::new(width, height)
            }
        }
    }

    fn resize_hint(&self) -> ResizeHint {
        let smallest = LogicalSize::new(self.smallest.0, self.smallest.1);
        ResizeHint { size_constraints: SizeConstraints::min_logical_size(smallest), ..ResizeHint::RESIZABLE }
    }
}

/// What asks for a frame whenever something changed, while the window is shown.
struct Lookout {
    is_shown: AtomicBool,
    thread: Mutex<Thread>,
}

/// Not yet, running, or never again: it has to be over before the host unloads the library.
#[derive(Default)]
enum Thread {
    #[default]
    Waiting,
    Running(JoinHandle<()>, Arc<AtomicBool>),
    Closed,
}

impl Lookout {
    /// Begins with the first frame.
    fn begin(self: &Arc<Self>, watch: &Watch, context: &Context) {
        let mut state = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*state, Thread::Waiting) {
            return;
        }
        let is_open = Arc::new(AtomicBool::new(true));
        let (lookout, watch, context, goes_on) =
            (self.clone(), watch.clone(), context.clone(), is_open.clone());
        let look = move || {
            let mut drawn = 0;
            while goes_on.load(Ordering::Acquire) {
                if !lookout.is_shown.load(Ordering::Acquire) {
                    thread::park();
                    continue;
                }
                thread::sleep(FRAME);
                let changes = watch();
                if changes != drawn {
                    drawn = changes;
                    context.request_repaint();
                }
            }
        };
        // Without a thread the window still follows the pointer.
        if let Ok(thread) = thread::Builder::new().name("premix window".into()).spawn(look) {
            *state = Thread::Running(thread, is_open);
        }
    }

    /// Looks while the window is shown, and sleeps while it is not.
    fn show(&self, is_shown: bool) {
        self.is_shown.store(is_shown, Ordering::Release);
        if let Thread::Running(thread, _) = &*self.thread.lock().unwrap_or_else(PoisonError::into_inner) {
            thread.thread().unpark();
        }
    }

    /// Ends for good.
    fn end(&self) {
        let mut state = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *state, Thread::Closed);
        drop(state);
        if let Thread::Running(thread, is_open) = before {
            is_open.store(false, Ordering::Release);
            thread.thread().unpark();
            // It panics as little as it returns something.
            let _ = thread.join();
        }
    }
}

/// What the framework draws.
pub struct App {
    content: Box<dyn Content>,
    watch: Watch,
    size: [Arc<AtomicU32>; 2],
    lookout: Arc<Lookout>,
    /// By which the window changes parameters; present while it is open.
    host: Option<GuiContext>,
}

impl NiceEguiApp for App {
    fn build(&mut self, _egui: Context, host: GuiContext, frame: &mut Frame) -> Result<(), HandlerError> {
        frame.set_clear_color(GROUND.into());
        self.host = Some(host);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        self.lookout.begin(&self.watch, ui.ctx());
        if let Some(host) = &self.host {
            self.content.draw(ui, host);
        }
    }

    fn resized(&mut self, size: WindowSize) {
        for (kept, points) in self.size.iter().zip([size.logical.width, size.logical.height]) {
            kept.store(points.round() as u32, Ordering::Relaxed);
        }
    }
}

/// An open window.
pub struct Handle {
    inner: EguiEditorHandle,
    lookout: Arc<Lookout>,
}

impl EditorHandle for Handle {
    type Window = NativeWindow;
    type Error = <EguiEditorHandle as EditorHandle>::Error;

    fn run_until_closed(window: NativeWindow) -> Result<(), Self::Error> {
        EguiEditorHandle::run_until_closed(window)
    }

    fn set_parent(&self, parent: ParentWindowHandle, window: &NativeWindow) -> Result<(), Self::Error> {
        self.inner.set_parent(parent, window)
    }

    fn show(&self, window: &NativeWindow) -> Result<(), Self::Error> {
        self.lookout.show(true);
        self.inner.show(window)
    }

    fn hide(&self, window: &NativeWindow) -> Result<(), Self::Error> {
        self.lookout.show(false);
        self.inner.hide(window)
    }

    fn host_main_thread_callback(&self, window: &NativeWindow) {
        self.inner.host_main_thread_callback(window);
    }

    fn set_size(&self, size: NativeSize<u32>, window: &NativeWindow) -> Result<(), Self::Error> {
        self.inner.set_size(size, window)
    }

    fn adjust_size(&self, size: NativeSize<u32>, window: &NativeWindow) -> Option<NativeSize<u32>> {
        self.inner.adjust_size(size, window)
    }

    fn set_fallback_scale_factor(&self, scale: f64, window: &NativeWindow) -> Result<(), Self::Error> {
        self.inner.set_fallback_scale_factor(scale, window)
    }

    fn on_virtual_key_from_host(&self, key: VirtualKeyCode, is_down: bool, modifiers: Modifiers) -> bool {
        self.inner.on_virtual_key_from_host(key, is_down, modifiers)
    }

    // Parameters are among what is watched.
    fn param_value_changed(&self, _id: &str, _normalized_value: f32) {}

    fn param_modulation_changed(&self, _id: &str, _modulation_offset: f32) {}
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.lookout.end();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// While a window is hidden nobody looks whether something changed; afterwards somebody does again.
    #[test]
    fn a_hidden_window_sleeps() {
        let looks = Arc::new(AtomicU64::new(0));
        let counted = looks.clone();
        let watch: Watch = Arc::new(move || counted.fetch_add(1, Ordering::Relaxed));
        let lookout = Arc::new(Lookout { is_shown: AtomicBool::new(true), thread: Mutex::default() });
        lookout.begin(&watch, &Context::default());
        let count = || looks.load(Ordering::Relaxed);
        let looks_again = || {
            (0..1000).any(|_| {
                let before = count();
                thread::sleep(FRAME);
                count() > before
            })
        };
        assert!(looks_again());
        lookout.show(false);
        // It may have been about to look once more.
        let most = count() + 1;
        thread::sleep(20 * FRAME);
        assert!(count() <= most);
        lookout.show(true);
        assert!(looks_again());
        lookout.show(false);
        lookout.end();
        assert!(matches!(*lookout.thread.lock().unwrap(), Thread::Closed));
        lookout.begin(&watch, &Context::default());
        assert!(matches!(*lookout.thread.lock().unwrap(), Thread::Closed), "it is over for good");
    }
}
