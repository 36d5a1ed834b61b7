//! The true-peak limiter: lookahead, linked channels, a copy where nothing is over the ceiling.

use super::decibel::linear_from_tenths;
use super::detector::Detector;
use super::envelope::{Envelope, FULL_REDUCTION, Release};
use super::interpolation::{GROUP, Kernel, LOOKAHEAD};
use super::ramp::Ramp;

/// How far below the ceiling the limiter aims: what a moving gain adds between samples, which its
/// detector cannot see.
const MARGIN_DB: f64 = 0.02;
/// Latency at 48 kHz; scaled with the rate, down to what the interpolator and a short fade need.
const LATENCY_SAMPLES_AT_48_KHZ: u64 = 64;
const SHORTEST_FADE_SAMPLES: usize = 16;
/// 1 - 10^(-0.1 / 20): less is the end of a release, not limiting.
const A_TENTH_OF_A_DB: f64 = 0.011_446;
/// Samples below this (-600 dBFS) are zero, so that hosts which flush denormals give the same bits.
const SILENCE: f32 = 1e-30;

/// Latency of the limiter in samples: 64 at 48 kHz, the same time at every rate from 30 kHz up, 40
/// samples below.
pub fn latency_samples(sample_rate: u32) -> usize {
    let scaled = (LATENCY_SAMPLES_AT_48_KHZ * u64::from(sample_rate) + 24_000) / 48_000;
    (scaled as usize).max(LOOKAHEAD + SHORTEST_FADE_SAMPLES)
}

/// Keeps the true peak at or under the ceiling, by the precise and by the Annex-2 interpolator.
///
/// See `docs/limiter.md` for how and why.
pub struct Limiter {
    detector: Detector,
    envelope: Envelope,
    /// How much of the unlimited signal is heard, 0 to 1.
    bypass: Ramp,
    latency: usize,
    /// Where the newest block begins in the detector's lines.
    place: usize,
    ceiling: f64,
    target: f64,
    /// Samples above this may lie beside a peak over the target.
    threshold: f32,
    reduction: Reduction,
}

/// What the limiter has done since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reduction {
    /// The deepest reduction, 1 - gain.
    pub deepest: f64,
    /// Samples that were turned down by more than a tenth of a decibel.
    pub limited_samples: u64,
}

impl Limiter {
    /// For blocks of at most `max_block` samples in each of `channels` channels.
    pub fn new(sample_rate: u32, channels: usize, max_block: usize, kernel: Option<Kernel>) -> Self {
        let latency = latency_samples(sample_rate);
        let mut limiter = Self {
            detector: Detector::new(channels, latency, max_block, kernel),
            envelope: Envelope::new(sample_rate, latency - LOOKAHEAD),
            bypass: Ramp::new(sample_rate, 0.0),
            latency,
            place: latency,
            ceiling: 0.0,
            target: 0.0,
            threshold: 0.0,
            reduction: Reduction::default(),
        };
        limiter.set_ceiling(0);
        limiter.reset();
        limiter
    }

    /// Ceiling in tenths of dBTP, for what comes in from now on.
    pub fn set_ceiling(&mut self, ceiling_tenths_dbtp: i32) {
        self.ceiling = linear_from_tenths(ceiling_tenths_dbtp);
        self.target = self.ceiling * libm::pow(10.0, -MARGIN_DB / 20.0);
        let bounds = self.detector.interpolator();
        let bound = bounds.precise_bound().max(bounds.annex_2_bound());
        self.threshold = (self.target / bound) as f32;
        // What was too quiet for the old ceiling may not be for this one.
        self.detector.doubt();
    }

    /// Release for what comes in from now on.
    pub fn set_release(&mut self, release: Release) {
        self.envelope.set_release(release);
    }

    /// Lets the signal through unlimited, as late as the limited one; changes over without a click, or at
    /// once.
    pub fn set_bypass(&mut self, bypass: bool, at_once: bool) {
        let share = f64::from(u8::from(bypass));
        if at_once {
            self.bypass.jump(share);
        } else {
            self.bypass.aim(share);
        }
    }

    /// As new, with the settings kept.
    pub fn reset(&mut self) {
        self.detector.reset();
        self.envelope.reset();
        self.bypass.settle();
        self.reduction = Reduction::default();
    }

    /// What has been done since the last call, or since `reset`.
    pub fn take_reduction(&mut self) -> Reduction {
        std::mem::take(&mut self.reduction)
    }

    /// Whether nothing is limited, nor beginning to be.
    pub fn is_bypassed(&self) -> bool {
        self.bypass.rests_at(1.0)
    }

    /// How many of the next `length` samples are not wholly limited, for the bypass.
    pub fn bypassed_samples(&self, length: usize) -> usize {
        self.bypass.samples_off(0.0, length)
    }

    /// What the last block of `length` samples came from, unlimited, as late as the limited.
    pub fn unlimited(&self, channel: usize, length: usize) -> &[f32] {
        self.detector.lines()[channel].delayed(self.place, self.latency, length)
    }

    /// Limits in place, `block[channel][from..from + length]`; what comes out went in
    /// [`latency_samples`] before. Samples must be finite and below 1e18; `length` at most `max_block`.
    /// Tells each true peak of the input that is over the ceiling, and how many samples before the first of
    /// the block it lies.
    pub fn process(
        &mut self,
        block: &mut [&mut [f32]],
        from: usize,
        length: usize,
        mut over: impl FnMut(f32, isize),
    ) {
        let place = self.detector.append(|channel| &block[channel][from..from + length]);
        self.place = place;
        for start in (0..length).step_by(GROUP) {
            let count = GROUP.min(length - start);
            let required = self.detect(place + start, count, |i, peak| {
                over(peak, LOOKAHEAD as isize - (start + i) as isize);
            });
            self.apply(block, from + start, place + start, &required[..count]);
        }
    }

    /// The reduction that each of the newest intervals requires.
    fn detect(&mut self, place: usize, count: usize, mut over: impl FnMut(usize, f32)) -> [u32; GROUP] {
        let mut peak_squared = [0.0f32; GROUP];
        self.detector.read(place, count, self.threshold, |reading| {
            for (i, peak) in peak_squared.iter_mut().enumerate() {
                *peak = peak.max(reading.precise_squared[i]).max(reading.annex_2[i] * reading.annex_2[i]);
            }
        });
        let mut required = [0; GROUP];
        let target_squared = self.target * self.target;
        for (i, (required, &peak)) in required.iter_mut().zip(&peak_squared[..count]).enumerate() {
            let peak = f64::from(peak);
            if peak > target_squared {
                let peak = peak.sqrt();
                let reduction = 1.0 - self.target / peak;
                *required = libm::ceil(reduction * f64::from(FULL_REDUCTION)) as u32;
                if peak > self.ceiling {
                    over(i, peak as f32);
                }
            }
        }
        required
    }

    fn apply(&mut self, block: &mut [&mut [f32]], from: usize, place: usize, required: &[u32]) {
        let count = required.len();
        if self.envelope.is_idle() && required.iter().all(|&reduction| reduction == 0) {
            self.envelope.skip(count);
            self.bypass.skip(count);
            for (line, samples) in self.detector.lines().iter().zip(block.iter_mut()) {
                samples[from..from + count].copy_from_slice(line.delayed(place, self.latency, count));
            }
            return;
        }
        let mut gain = [1.0f64; GROUP];
        for (gain, &required) in gain.iter_mut().zip(required) {
            let reduction = self.envelope.next(required) * (1.0 - self.bypass.advance());
            *gain = 1.0 - reduction;
            self.reduction.deepest = self.reduction.deepest.max(reduction);
            self.reduction.limited_samples += u64::from(reduction > A_TENTH_OF_A_DB);
        }
        for (line, samples) in self.detector.lines().iter().zip(block.iter_mut()) {
            let delayed = line.delayed(place, self.latency, count);
            for ((out, &sample), &gain) in samples[from..from + count].iter_mut().zip(delayed).zip(&gain) {
                *out = audible(f64::from(sample) * gain);
            }
        }
    }
}

/// A sample rounded for the output, or zero if nobody could hear it.
pub(super) fn audible(sample: f64) -> f32 {
    let sample = sample as f32;
    if sample.abs() < SILENCE { 0.0 } else { sample }
}
