//! Premix Walla, for hosts that pass no second input: -10.0 dB on the walla bus, without latency.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use egui::Ui;
use nice_plug::context::gui::GuiContext;
use nice_plug::prelude::*;

use super::editor::{
    Action, Begin, Content, End, Gesture, Knob, Set, WallaState, WallaView, Watch, WindowEditor, draw_walla,
};
use super::params::{decibels, mend_decibels, mend_size, mend_switch, tenths};
use super::premix::HostClock;
use super::registry::Registration;
use super::{EMAIL, URL, VENDOR};
use crate::engine::Ramp;
use crate::engine::decibel::linear_from_tenths;

#[derive(Params)]
struct WallaParams {
    #[id = "gain"]
    gain: FloatParam,
    #[id = "bypass"]
    bypass: BoolParam,
    /// The window's, in points.
    #[persist = "window_width"]
    width: Arc<AtomicU32>,
    #[persist = "window_height"]
    height: Arc<AtomicU32>,
}

/// Width and height of a new window, in points.
const WINDOW_SIZE: (u32, u32) = (360, 176);

impl Default for WallaParams {
    fn default() -> Self {
        Self {
            gain: decibels("Gain", -10.0, " dB"),
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            width: Arc::new(AtomicU32::new(WINDOW_SIZE.0)),
            height: Arc::new(AtomicU32::new(WINDOW_SIZE.1)),
        }
    }
}

impl WallaParams {
    /// Tenths of a decibel; bypassed is a gain of 0.
    fn tenths(&self) -> i32 {
        if self.bypass.value() { 0 } else { tenths(&self.gain) }
    }
}

/// A gain.
pub struct PremixWalla {
    params: Arc<WallaParams>,
    /// By which Premix sees it, and its window the level.
    place: Arc<Registration>,
    clock: HostClock,
    ramp: Ramp,
    /// The gain that the ramp comes from, in tenths of a decibel.
    before: i32,
}

impl Default for PremixWalla {
    fn default() -> Self {
        // `activate` brings the sample rate.
        Self {
            params: Arc::default(),
            place: Arc::new(Registration::new()),
            clock: HostClock::default(),
            ramp: Ramp::new(0, 1.0),
            before: 0,
        }
    }
}

impl Plugin for PremixWalla {
    const NAME: &'static str = "Premix Walla";
    const VENDOR: &'static str = VENDOR;
    const URL: &'static str = URL;
    const EMAIL: &'static str = EMAIL;
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[
        AudioIOLayout {
            main_input_channels: NonZeroU32::new(2),
            main_output_channels: NonZeroU32::new(2),
            ..AudioIOLayout::const_default()
        },
        AudioIOLayout {
            main_input_channels: NonZeroU32::new(1),
            main_output_channels: NonZeroU32::new(1),
            ..AudioIOLayout::const_default()
        },
    ];

    /// So that the same automation gives the same bits in blocks of any size.
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;

    type Editor = WindowEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _async_executor: AsyncExecutor<Self>) -> Option<WindowEditor> {
        Some(window(self.params.clone(), self.place.clone()))
    }

    fn filter_state(state: &mut PluginState) {
        let params = WallaParams::default();
        mend_decibels(state, "gain", &params.gain);
        mend_switch(state, "bypass", &params.bypass);
        mend_size(state);
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.ramp = Ramp::new(config.sample_rate as u32, linear_from_tenths(self.params.tenths()));
        self.begin();
        true
    }

    fn reset(&mut self) {
        self.ramp.jump(linear_from_tenths(self.params.tenths()));
        self.begin();
    }

    fn deactivate(&mut self) {
        self.place.silence();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let frames = buffer.samples();
        let from = self.clock.read(context.transport(), frames);
        if from.begins {
            self.place.begin();
        }
        let tenths = self.params.tenths();
        let gain = linear_from_tenths(tenths);
        self.ramp.aim(gain);
        // While the gain moves, what sounds gets neither the old nor the new one.
        if self.ramp.samples_off(gain, 1) == 0 {
            self.before = tenths;
        }
        let mut peak = 0.0_f32;
        let mut sounds = false;
        for samples in buffer.iter_samples() {
            let gain = self.ramp.advance();
            for sample in samples {
                sounds |= *sample != 0.0;
                *sample = (f64::from(*sample) * gain) as f32;
                peak = peak.max(sample.abs());
            }
        }
        self.place.set_gain(tenths);
        if sounds {
            let position = from.transport.and_then(|transport| transport.position);
            let positions = position.map(|start| start..start.saturating_add(frames as i64));
            self.place.sound(self.before.min(tenths), self.before.max(tenths), positions, peak);
        } else {
            self.place.silence();
        }
        ProcessStatus::Normal
    }
}

impl PremixWalla {
    /// A new pass.
    fn begin(&mut self) {
        self.clock = HostClock::default();
        self.before = self.params.tenths();
        self.place.set_gain(self.before);
        self.place.begin();
    }
}

/// Decibels by which the shown level falls with every frame.
const FALL_DB: f32 = 0.6;

fn window(params: Arc<WallaParams>, place: Arc<Registration>) -> WindowEditor {
    let size = [params.width.clone(), params.height.clone()];
    let watched = (params.clone(), place.clone());
    let watch: Watch = Arc::new(move || {
        let (params, place) = &watched;
        let mut hasher = DefaultHasher::new();
        (tenths(&params.gain), params.bypass.value(), place.peak_bits()).hash(&mut hasher);
        hasher.finish()
    });
    let content = move || {
        let (params, place, state) = (params.clone(), place.clone(), WallaState::default());
        Box::new(Window { params, place, state, peak_dbfs: f32::NEG_INFINITY }) as Box<dyn Content>
    };
    WindowEditor {
        title: "Premix Walla",
        smallest: (300.0, 150.0),
        size,
        watch,
        content: Box::new(content),
        last: Mutex::default(),
    }
}

/// An open window.
struct Window {
    params: Arc<WallaParams>,
    place: Arc<Registration>,
    state: WallaState,
    peak_dbfs: f32,
}

impl Content for Window {
    fn draw(&mut self, ui: &mut Ui, host: &GuiContext) {
        let peak_dbfs = 20.0 * self.place.take_peak().log10();
        self.peak_dbfs = peak_dbfs.max(self.peak_dbfs - FALL_DB);
        if self.peak_dbfs > -100.0 {
            ui.ctx().request_repaint_after(std::time::Duration::from_millis(16));
        }
        let view = WallaView {
            gain_tenths_db: tenths(&self.params.gain),
            bypass: self.params.bypass.value(),
            peak_dbfs: self.peak_dbfs,
        };
        let setter = host.param_setter();
        for action in draw_walla(ui, &view, &mut self.state) {
            match action {
                Action::Begin(knob) => self.apply(knob, Begin(&setter)),
                Action::Set(knob, value) => self.apply(knob, Set(&setter, value)),
                Action::End(knob) => self.apply(knob, End(&setter)),
                _ => {}
            }
            ui.ctx().request_repaint();
        }
    }
}

impl Window {
    fn apply(&self, knob: Knob, gesture: impl Gesture) {
        match knob {
            Knob::WallaGain => gesture.apply(&self.params.gain, |tenths| tenths as f32 / 10.0),
            Knob::Bypass => gesture.apply(&self.params.bypass, |value| value != 0),
            _ => {}
        }
    }
}

impl ClapPlugin for PremixWalla {
    const CLAP_ID: &'static str = "audio.premix.walla";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("-10.0 dB on the walla bus");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Utility,
        ClapFeature::Mixing,
        ClapFeature::Mono,
        ClapFeature::Stereo,
    ];
}

impl Vst3Plugin for PremixWalla {
    /// For ever: sessions find the plugin by it.
    const VST3_CLASS_ID: [u8; 16] = *b"PremixWallaBus01";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[Vst3SubCategory::Fx, Vst3SubCategory::Tools];
}
