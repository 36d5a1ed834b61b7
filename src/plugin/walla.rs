//! Premix Walla, for hosts that pass no second input: -10.0 dB on the walla bus, without latency.

use std::sync::Arc;

use nice_plug::prelude::*;

use super::params::{decibels, mend_decibels, mend_switch, tenths};
use super::{EMAIL, URL, VENDOR};
use crate::engine::Ramp;
use crate::engine::decibel::linear_from_tenths;

#[derive(Params)]
struct WallaParams {
    #[id = "gain"]
    gain: FloatParam,
    #[id = "bypass"]
    bypass: BoolParam,
}

impl Default for WallaParams {
    fn default() -> Self {
        Self { gain: decibels("Gain", -10.0, " dB"), bypass: BoolParam::new("Bypass", false).make_bypass() }
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
    ramp: Ramp,
}

impl Default for PremixWalla {
    fn default() -> Self {
        // `activate` brings the sample rate.
        Self { params: Arc::default(), ramp: Ramp::new(0, 1.0) }
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

    type Editor = ();
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn filter_state(state: &mut PluginState) {
        let params = WallaParams::default();
        mend_decibels(state, "gain", &params.gain);
        mend_switch(state, "bypass", &params.bypass);
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        self.ramp = Ramp::new(config.sample_rate as u32, linear_from_tenths(self.params.tenths()));
        true
    }

    fn reset(&mut self) {
        self.ramp.jump(linear_from_tenths(self.params.tenths()));
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        _context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        self.ramp.aim(linear_from_tenths(self.params.tenths()));
        for samples in buffer.iter_samples() {
            let gain = self.ramp.advance();
            for sample in samples {
                *sample = (f64::from(*sample) * gain) as f32;
            }
        }
        ProcessStatus::Normal
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
