//! The bounce bus: dialogue and walla in, the limited premix and its measurement out.
//!
//! Knows no host, no window and no file. Plugin and command line drive this one thing, which is why
//! they give the same bits.

pub mod decibel;
mod detector;
mod envelope;
pub mod faults;
mod histogram;
mod history;
pub mod interpolation;
pub mod kernel;
pub mod limiter;
mod line;
mod listen;
pub mod loudness;
mod marks;
pub mod measurement;
mod mix;
mod pass;
mod programme;
mod ramp;
mod sliding;
pub mod speech;
mod transport;
pub mod true_peak;

pub use envelope::Release;
pub use limiter::latency_samples;
pub use listen::Listen;
pub use measurement::{Measured, Measurement};
pub use mix::MixMeter;
pub use programme::ProgrammeMeter;
pub use ramp::Ramp;
pub use transport::Transport;

use std::ops::Range;

use decibel::linear_from_tenths;
use kernel::{Kernel, Runnable, Task};
use limiter::{Limiter, audible};
use line::Line;
use listen::Monitor;
use pass::{Input, PassMeter};
use transport::Move;

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

/// The bounce bus.
///
/// What goes through is measured in passes. A pass runs from playing start or a jump of the transport to the
/// next stop, jump, [`reset`](Self::reset) or [`finish`](Self::finish). One that covers the picture without
/// a gap is a bounce, and is kept. Without a transport all is one pass.
pub struct BounceBus {
    limiter: Limiter,
    pass: PassMeter,
    monitor: Monitor,
    settings: Settings,
    walla_gain: Ramp,
    /// How much of the fold is heard, 0 to 1; always 0 on a mono bus.
    fold: Ramp,
    /// Nothing has come in yet: settings take effect at once.
    fresh: bool,
    channels: usize,
    max_block: usize,
    latency: usize,
    /// The inputs of each channel, walla at its gain; the newest is the piece that is worked.
    dialogue: Vec<Line>,
    walla: Vec<Line>,
    kernel: Runnable,
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
        let latency = latency_samples(sample_rate);
        let input = || (0..channels).map(|_| Line::new(latency, max_block)).collect();
        let mut bus = Self {
            limiter: Limiter::new(sample_rate, channels, max_block, kernel),
            pass: PassMeter::new(sample_rate, channels, latency, kernel),
            monitor: Monitor::new(sample_rate, latency),
            settings: Settings::default(),
            walla_gain: Ramp::new(sample_rate, 0.0),
            fold: Ramp::new(sample_rate, 0.0),
            fresh: true,
            channels,
            max_block,
            latency,
            dialogue: input(),
            walla: input(),
            kernel: Kernel::or_fastest(kernel),
        };
        bus.apply(Settings::default());
        Ok(bus)
    }

    /// Measures more or less, everything at first. Call it before any sound.
    pub fn measure(&mut self, measured: Measured) {
        self.pass.measure(measured);
    }

    /// New settings, for what comes in from now on. Values out of range become the nearest in range. Gain,
    /// fold and bypass move within 20 ms, unless nothing has come in since `prepare` or `reset`.
    pub fn set(&mut self, settings: Settings) {
        let within = |tenths: i32| tenths.clamp(*Settings::TENTHS_DB.start(), *Settings::TENTHS_DB.end());
        let settings = Settings {
            ceiling_tenths_dbtp: within(settings.ceiling_tenths_dbtp),
            walla_gain_tenths_db: within(settings.walla_gain_tenths_db),
            ..settings
        };
        // Hosts set the same again with every block.
        if settings != self.settings {
            self.apply(settings);
        }
    }

    fn apply(&mut self, settings: Settings) {
        self.settings = settings;
        self.limiter.set_ceiling(settings.ceiling_tenths_dbtp);
        self.limiter.set_release(settings.release);
        self.limiter.set_bypass(settings.bypass, self.fresh);
        let gain = linear_from_tenths(settings.walla_gain_tenths_db);
        let gain = if settings.walla { gain } else { 0.0 };
        let fold = f64::from(u8::from(settings.mono && self.channels == 2));
        for (ramp, target) in [(&mut self.walla_gain, gain), (&mut self.fold, fold)] {
            if self.fresh {
                ramp.jump(target);
            } else {
                ramp.aim(target);
            }
        }
    }

    /// What the host's transport does; call it before each block, if there is a transport. A jump while
    /// playing starts the limiter clean, and so does a start after silence.
    pub fn follow(&mut self, transport: Transport) {
        let moved = self.pass.tracker.follow(transport);
        if moved != Move::Steady {
            self.pass.finish();
        }
        match moved {
            Move::Start => {
                self.monitor.listen_at_once(Listen::Output);
                self.limiter.forget();
            }
            Move::Jump => {
                self.limiter.reset();
                self.forget_inputs();
            }
            Move::Stop | Move::Steady => {}
        }
    }

    /// The picture, from its first sample to before its end on the host's time line, if it is known. Another
    /// one ends the pass. Only its sound is measured, and positions are counted from its start.
    pub fn set_picture(&mut self, picture: Option<Range<i64>>) {
        if !self.pass.tracker.is_picture(picture.as_ref()) {
            self.pass.finish();
            self.pass.tracker.set_picture(picture);
        }
    }

    /// What is heard, for checking by ear; changes over within 20 ms. The measurement is still that of the
    /// output. `reset` and the start of playing bring the output back.
    pub fn listen(&mut self, listen: Listen) {
        self.monitor.listen(listen);
    }

    /// Ends the pass and forgets the sound that went through, keeps the settings and the measurements.
    pub fn reset(&mut self) {
        self.pass.finish();
        self.pass.tracker.lose();
        self.limiter.reset();
        self.forget_inputs();
        self.monitor.listen_at_once(Listen::Output);
        self.walla_gain.settle();
        self.fold.settle();
        self.fresh = true;
    }

    fn forget_inputs(&mut self) {
        self.dialogue.iter_mut().chain(&mut self.walla).for_each(Line::reset);
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
        let mut from = 0;
        while from < length {
            let count = self.pass.alike(self.max_block.min(length - from));
            let input = self.sum(dialogue, walla, output, from, count);
            self.pass.input(&self.dialogue, &self.walla, input);
            self.limit(output, from, count);
            from += count;
        }
    }

    /// Sums the inputs into `output[channel][from..from + count]`, and keeps a copy of each.
    fn sum<S: Copy + Into<f64>>(
        &mut self,
        dialogue: &[&[S]],
        walla: &[&[S]],
        output: &mut [&mut [f32]],
        from: usize,
        count: usize,
    ) -> Input {
        let mut input = Input { invalid_samples: 0, lost_walla_samples: 0, settings: self.settings };
        if !self.settings.walla {
            let sounds = |n: &usize| walla.iter().any(|channel| channel[*n].into() != 0.0);
            input.lost_walla_samples = (from..from + count).filter(sounds).count() as u64;
        }
        // Silent while off and settled: what nobody hears is not even counted.
        let walla = if self.walla_gain.rests_at(0.0) { &[] } else { walla };
        let fold = self.fold.rests_at(1.0);
        let fades = !fold && !self.fold.rests_at(0.0);
        let gain = self.walla_gain.clone();
        self.walla_gain.skip(count);
        for line in &mut self.dialogue {
            line.extend(count);
        }
        for line in &mut self.walla {
            if walla.is_empty() {
                line.append_silence(count);
            } else {
                line.extend(count);
            }
        }
        let summed = if fold { 1 } else { self.channels };
        for (channel, output) in output.iter_mut().enumerate().take(summed) {
            input.invalid_samples += self.kernel.perform(Sum {
                dialogue: sources(dialogue, channel, fold),
                walla: sources(walla, channel, fold),
                from,
                gain: gain.clone(),
                output: &mut output[from..from + count],
                dialogue_copy: self.dialogue[channel].newest_mut(),
                walla_copy: if walla.is_empty() { &mut [] } else { self.walla[channel].newest_mut() },
            });
        }
        if let (true, [left, right]) = (fold, &mut *output) {
            right[from..from + count].copy_from_slice(&left[from..from + count]);
            for copies in [&mut self.dialogue, &mut self.walla] {
                match &mut copies[..] {
                    [left, right] if !left.is_blank() => right.newest_mut().copy_from_slice(left.newest()),
                    _ => {}
                }
            }
        }
        if fades {
            let mut gain = gain;
            for n in 0..count {
                let share = self.fold.advance();
                let blend = |sample: &mut f32, folded: f64| {
                    *sample = audible(f64::from(*sample) * (1.0 - share) + folded * share);
                };
                // Counted above already.
                let dialogue = read(dialogue, from + n, &mut 0);
                let walla = read(walla, from + n, &mut 0) * gain.advance();
                output.iter_mut().for_each(|output| blend(&mut output[from + n], dialogue + walla));
                self.dialogue.iter_mut().for_each(|copy| blend(&mut copy.newest_mut()[n], dialogue));
                if walla != 0.0 {
                    self.walla.iter_mut().for_each(|copy| blend(&mut copy.newest_mut()[n], walla));
                }
            }
        }
        input
    }

    /// Limits and measures `output[channel][from..from + count]`, and lets be heard what was chosen.
    fn limit(&mut self, output: &mut [&mut [f32]], from: usize, count: usize) {
        let Self { limiter, pass, monitor, .. } = self;
        let unlimited = limiter.bypassed_samples(count).max(monitor.other_samples(count));
        let bypassed = limiter.is_bypassed();
        limiter.process(output, from, count, |peak, before| {
            if !bypassed {
                pass.catch(peak, before);
            }
        });
        pass.output(output, from, count, limiter.take_reduction(), unlimited);
        monitor.process(&self.dialogue, &self.walla, limiter, output, from, count);
    }

    /// Ends the pass: reads what rings on after its last sample. Call it at the end of a bounce, and where
    /// the host deactivates.
    pub fn finish(&mut self) {
        self.pass.finish();
    }

    /// The running or last pass: what is playing now. Up to date to 10 ms; wholly after the pass.
    pub fn measurement(&self) -> &Measurement {
        self.pass.measurement()
    }

    /// The last pass that covered the picture, until the next one does. [`measurement::Pass::number`] tells
    /// a new one from the one before.
    pub fn bounce(&self) -> Option<&Measurement> {
        self.pass.bounce()
    }

    /// Forgets the bounce and what is playing now: the manual reset of all that is shown. What comes next is
    /// a new pass.
    pub fn forget(&mut self) {
        self.pass.forget();
    }
}

/// Sums the inputs of a channel and copies each; gives the number of samples that are no sound.
struct Sum<'a, S> {
    dialogue: &'a [&'a [S]],
    walla: &'a [&'a [S]],
    /// Where the inputs are read.
    from: usize,
    /// Of the walla.
    gain: Ramp,
    output: &'a mut [f32],
    dialogue_copy: &'a mut [f32],
    /// Empty without walla.
    walla_copy: &'a mut [f32],
}

impl<S: Copy + Into<f64>> Task for Sum<'_, S> {
    type Output = u64;

    #[inline(always)]
    fn perform(self) -> u64 {
        let Self { dialogue, walla, from, mut gain, output, dialogue_copy, walla_copy } = self;
        if let ([only], []) = (dialogue, walla) {
            // The same, in a form that the compiler vectorises: most buses have one input.
            let mut invalid_samples = 0u32;
            let samples = output.iter_mut().zip(dialogue_copy).zip(&only[from..]);
            for ((output, dialogue_copy), &sample) in samples {
                let sample: f64 = sample.into();
                let valid = sample.abs() <= LOUDEST;
                invalid_samples += u32::from(!valid);
                *output = audible(if valid { sample } else { 0.0 });
                *dialogue_copy = *output;
            }
            return invalid_samples.into();
        }
        let mut invalid_samples = 0;
        let mut walla_copy = walla_copy.iter_mut();
        for (n, (output, dialogue_copy)) in output.iter_mut().zip(dialogue_copy).enumerate() {
            let dialogue = read(dialogue, from + n, &mut invalid_samples);
            let walla = read(walla, from + n, &mut invalid_samples) * gain.advance();
            *output = audible(dialogue + walla);
            *dialogue_copy = audible(dialogue);
            if let Some(copy) = walla_copy.next() {
                *copy = audible(walla);
            }
        }
        invalid_samples
    }
}

/// How many samples late a click comes out of a new bus, measured: what [`latency_samples`] states. 0 if it
/// never does. Not for the audio thread.
///
/// # Errors
/// As [`BounceBus::prepare`].
pub fn click_delay_samples(sample_rate: u32) -> Result<usize, PrepareError> {
    // Room for a click that is late, too.
    let length = 4 * latency_samples(sample_rate);
    let mut click = vec![0.0_f32; length];
    // Over the ceiling, so that it is limited.
    click[0] = 1.0;
    let mut output = vec![0.0; length];
    BounceBus::prepare(sample_rate, 1, length)?.process(&[&click[..]], None, &mut [&mut output]);
    let loudest = output.iter().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    Ok(loudest.filter(|(_, sample)| **sample != 0.0).map_or(0, |(delay, _)| delay))
}

/// The channels of an input that make up a channel of the bus: all of them in a fold.
fn sources<'a, S>(input: &'a [&'a [S]], channel: usize, fold: bool) -> &'a [&'a [S]] {
    if fold { input } else { input.get(channel..=channel).unwrap_or(&[]) }
}

/// The average of the sources at a sample, 0 without any.
#[inline(always)]
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
pub(crate) fn is_sound(sample: f32) -> bool {
    // Written so that NaN is none.
    sample.abs() <= LOUDEST as f32
}

/// Silence instead of what is no sound; counts it.
#[inline(always)]
fn valid(sample: f64, invalid_samples: &mut u64) -> f64 {
    let is_valid = sample.abs() <= LOUDEST;
    *invalid_samples += u64::from(!is_valid);
    if is_valid { sample } else { 0.0 }
}
