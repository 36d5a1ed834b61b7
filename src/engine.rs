//! The bounce bus: dialogue and walla in, the limited premix and its measurement out.
//!
//! Knows no host, no window and no file. Plugin and command line drive this one thing, which is why
//! they give the same bits.

pub mod decibel;
mod detector;
mod envelope;
mod faults;
mod histogram;
mod history;
pub mod interpolation;
mod limiter;
mod line;
mod loudness;
mod marks;
pub mod measurement;
mod ramp;
mod sliding;
mod speech;
pub mod true_peak;

pub use envelope::Release;
pub use limiter::latency_samples;
pub use ramp::Ramp;

use decibel::linear_from_tenths;
use interpolation::Kernel;
use limiter::{Limiter, audible};
use true_peak::{Peak, TruePeakMeter};

/// Sample rates that the bus runs at, in Hz.
pub const SAMPLE_RATES: std::ops::RangeInclusive<u32> = 8_000..=384_000;
/// Channel counts that the bus runs at.
pub const CHANNELS: std::ops::RangeInclusive<usize> = 1..=2;
/// A finite sample beyond this (+360 dBFS) is as broken as an infinite one.
const LOUDEST: f64 = 1e18;

/// What can be set on the bus. Decibels are whole tenths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Highest true peak of the output, in tenths of dBTP; see [`Settings::TENTHS_DB`].
    pub ceiling_tenths_dbtp: i32,
    /// Gain of the walla input, in tenths of a decibel; see [`Settings::TENTHS_DB`].
    pub walla_gain_tenths_db: i32,
    /// How the limiter recovers.
    pub release: Release,
    /// Whether the walla input is added.
    pub walla: bool,
    /// Whether both channels of a stereo bus carry (L + R) / 2, folded before the limiter.
    pub mono: bool,
    /// Whether the bus passes unlimited, as late as the limited one.
    pub bypass: bool,
}

impl Settings {
    /// Range of the ceiling and of the walla gain.
    pub const TENTHS_DB: std::ops::RangeInclusive<i32> = -240..=0;
}

impl Default for Settings {
    /// What the delivery asks for: -6.0 dBTP, walla 10.0 dB down.
    fn default() -> Self {
        Self {
            ceiling_tenths_dbtp: -60,
            walla_gain_tenths_db: -100,
            release: Release::Auto,
            walla: true,
            mono: false,
            bypass: false,
        }
    }
}

/// Why a bus cannot be prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// Outside [`SAMPLE_RATES`].
    #[error("a sample rate of {0} Hz is not supported: use one from 8000 to 384000 Hz")]
    SampleRate(u32),
    /// Outside [`CHANNELS`].
    #[error("{0} channels are not supported: use a mono or a stereo bus")]
    Channels(usize),
}

/// What went through the bus since `prepare` or `reset`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measurement {
    /// Highest peak of the output by the precise interpolator. Its sample is counted on the output
    /// without its latency, as it lies in the bounced file.
    pub precise: Peak,
    /// The same by the filter of ITU-R BS.1770-5 Annex 2.
    pub annex_2: Peak,
    /// Deepest gain reduction in decibels, 0 or negative.
    pub deepest_reduction_db: f64,
    /// Samples of the output that were turned down by more than 0.1 dB.
    pub limited_samples: u64,
    /// Input samples that were not finite, or beyond 1e18, and became silence.
    pub invalid_samples: u64,
}

/// The bounce bus.
pub struct BounceBus {
    limiter: Limiter,
    meter: TruePeakMeter,
    settings: Settings,
    walla_gain: Ramp,
    /// How much of the fold is heard, 0 to 1; always 0 on a mono bus.
    fold: Ramp,
    /// Nothing has come in yet: settings take effect at once.
    fresh: bool,
    channels: usize,
    max_block: usize,
    latency: usize,
    invalid_samples: u64,
}

impl BounceBus {
    /// A bus of `channels` channels at `sample_rate` Hz, with the default [`Settings`]. Allocates all
    /// that it ever needs. Blocks of any length may be processed; those longer than `max_block` are
    /// worked in pieces of it.
    ///
    /// # Errors
    /// A sample rate or a channel count outside [`SAMPLE_RATES`] and [`CHANNELS`].
    pub fn prepare(sample_rate: u32, channels: usize, max_block: usize) -> Result<Self, PrepareError> {
        Self::prepare_with_kernel(sample_rate, channels, max_block, None)
    }

    /// [`Self::prepare`] on a given kernel instead of the fastest: for proving that all give the same.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub fn prepare_with_kernel(
        sample_rate: u32,
        channels: usize,
        max_block: usize,
        kernel: Option<Kernel>,
    ) -> Result<Self, PrepareError> {
        if !SAMPLE_RATES.contains(&sample_rate) {
            return Err(PrepareError::SampleRate(sample_rate));
        }
        if !CHANNELS.contains(&channels) {
            return Err(PrepareError::Channels(channels));
        }
        let max_block = max_block.max(1);
        let mut bus = Self {
            limiter: Limiter::new(sample_rate, channels, max_block, kernel),
            meter: TruePeakMeter::new(channels, max_block, kernel),
            settings: Settings::default(),
            walla_gain: Ramp::new(sample_rate, 0.0),
            fold: Ramp::new(sample_rate, 0.0),
            fresh: true,
            channels,
            max_block,
            latency: latency_samples(sample_rate),
            invalid_samples: 0,
        };
        bus.apply(Settings::default());
        Ok(bus)
    }

    /// New settings, for what comes in from now on. Values out of range become the nearest in range. Gain,
    /// fold and bypass move within 20 ms, unless nothing has come in since `prepare` or `reset`.
    pub fn set(&mut self, settings: Settings) {
        // Hosts set the same again with every block.
        if settings != self.settings {
            self.apply(settings);
        }
    }

    fn apply(&mut self, settings: Settings) {
        self.settings = settings;
        let within = |tenths: i32| tenths.clamp(*Settings::TENTHS_DB.start(), *Settings::TENTHS_DB.end());
        self.limiter.set_ceiling(within(settings.ceiling_tenths_dbtp));
        self.limiter.set_release(settings.release);
        self.limiter.set_bypass(settings.bypass, self.fresh);
        let gain = within(settings.walla_gain_tenths_db);
        let gain = if settings.walla { linear_from_tenths(gain) } else { 0.0 };
        let fold = f64::from(u8::from(settings.mono && self.channels == 2));
        for (ramp, target) in [(&mut self.walla_gain, gain), (&mut self.fold, fold)] {
            if self.fresh {
                ramp.jump(target);
            } else {
                ramp.aim(target);
            }
        }
    }

    /// Forgets all that went through, keeps the settings.
    pub fn reset(&mut self) {
        self.limiter.reset();
        self.meter.reset();
        self.walla_gain.settle();
        self.fold.settle();
        self.invalid_samples = 0;
        self.fresh = true;
    }

    /// How many samples later the output comes than the input. Constant for a sample rate.
    pub fn latency_samples(&self) -> usize {
        self.latency
    }

    /// Adds walla at its gain to dialogue, limits, and measures the result.
    ///
    /// All are `[channel][sample]`, -1 to 1 being full scale; samples may be `f32` or `f64` and are
    /// summed in `f64` and rounded once. Works the shortest length among `output` and the inputs'
    /// channels; a channel that an input lacks is silent there. An output of fewer channels than the bus
    /// is not worked. Never allocates.
    pub fn process<S: Copy + Into<f64>>(
        &mut self,
        dialogue: &[&[S]],
        walla: Option<&[&[S]]>,
        output: &mut [&mut [f32]],
    ) {
        let Some(output) = output.get_mut(..self.channels) else { return };
        let walla = walla.unwrap_or(&[]);
        let inputs = dialogue.iter().chain(walla).map(|channel| channel.len());
        let length = output.iter().map(|channel| channel.len()).chain(inputs).min().unwrap_or(0);
        self.fresh = false;
        // Silent while off and settled: what nobody hears is not even counted.
        let walla = if self.walla_gain.rests_at(0.0) { &[] } else { walla };
        let fold = self.fold.rests_at(1.0);
        let fades = !fold && !self.fold.rests_at(0.0);
        let ramp = self.walla_gain.clone();
        self.walla_gain.skip(length);
        for channel in 0..if fold { 1 } else { self.channels } {
            let (dialogue, walla) = (sources(dialogue, channel, fold), sources(walla, channel, fold));
            let mut gain = ramp.clone();
            for (n, output) in output[channel][..length].iter_mut().enumerate() {
                let dialogue = read(dialogue, n, &mut self.invalid_samples);
                let walla = read(walla, n, &mut self.invalid_samples);
                *output = audible(dialogue + walla * gain.advance());
            }
        }
        if let (true, [left, right]) = (fold, &mut *output) {
            right[..length].copy_from_slice(&left[..length]);
        }
        if fades {
            let mut gain = ramp;
            for n in 0..length {
                // Counted above already.
                let folded = read(dialogue, n, &mut 0) + read(walla, n, &mut 0) * gain.advance();
                let share = self.fold.advance();
                for output in output.iter_mut() {
                    output[n] = audible(f64::from(output[n]) * (1.0 - share) + folded * share);
                }
            }
        }
        for from in (0..length).step_by(self.max_block) {
            let piece = self.max_block.min(length - from);
            self.limiter.process(output, from, piece);
            self.meter.process_range(output, from, piece);
        }
    }

    /// Reads what rings on after the last sample of the output. Call it once, at the end of a bounce.
    pub fn finish(&mut self) {
        self.meter.finish();
    }

    /// What went through since `prepare` or `reset`.
    pub fn measurement(&self) -> Measurement {
        let in_file = |peak: Peak| Peak { sample: peak.sample.saturating_sub(self.latency as u64), ..peak };
        let reduction = self.limiter.reduction();
        Measurement {
            precise: in_file(self.meter.precise()),
            annex_2: in_file(self.meter.annex_2()),
            deepest_reduction_db: decibel::db_from_linear(1.0 - reduction.deepest),
            limited_samples: reduction.limited_samples,
            invalid_samples: self.invalid_samples,
        }
    }
}

/// The channels of an input that make up a channel of the bus: all of them in a fold.
fn sources<'a, S>(input: &'a [&'a [S]], channel: usize, fold: bool) -> &'a [&'a [S]] {
    if fold { input } else { input.get(channel..=channel).unwrap_or(&[]) }
}

/// The average of the sources at a sample, 0 without any.
fn read<S: Copy + Into<f64>>(sources: &[&[S]], sample: usize, invalid_samples: &mut u64) -> f64 {
    match sources {
        [] => 0.0,
        [only] => valid(only[sample].into(), invalid_samples),
        several => {
            let sum: f64 = several.iter().map(|source| valid(source[sample].into(), invalid_samples)).sum();
            sum / several.len() as f64
        }
    }
}

/// Whether a sample can be sound: a number, and within +360 dBFS. The rest the bus takes for silence.
pub fn is_sound(sample: f64) -> bool {
    // Written so that NaN is none.
    sample.abs() <= LOUDEST
}

/// Silence instead of what is no sound; counts it.
fn valid(sample: f64, invalid_samples: &mut u64) -> f64 {
    let is_valid = is_sound(sample);
    *invalid_samples += u64::from(!is_valid);
    if is_valid { sample } else { 0.0 }
}
