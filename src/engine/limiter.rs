//! The true-peak limiter: lookahead, linked channels, a copy where nothing is over the ceiling.

use std::ops::Range;

use super::decibel::linear_from_tenths;
use super::detector::{self, Detector, RUN};
use super::envelope::{Envelope, FULL_REDUCTION, Release};
use super::interpolation::{GROUP, Interpolator, LOOKAHEAD, Limits, highest_of, larger, place_of};
use super::kernel::{Kernel, Task};
use super::ramp::Ramp;

/// How far below the ceiling the limiter aims: what a moving gain adds between samples, which its
/// detector cannot see.
const MARGIN_DB: f64 = 0.02;
/// Latency at 48 kHz; scaled with the rate, down to what the interpolator and a short fade need.
const LATENCY_SAMPLES_AT_48_KHZ: u64 = 80;
const SHORTEST_FADE_SAMPLES: usize = 16;
/// The part of the latency in which a group becomes whole and is interpolated.
const DETECTION_SAMPLES: usize = LOOKAHEAD + GROUP - 1;
/// More than a reduction reckoned in single precision is off: a rounding in each of its four steps.
const SINGLE_PRECISION: f32 = 2.4e-7;
/// 1 - 10^(-0.1 / 20): less is the end of a release, not limiting.
const A_TENTH_OF_A_DB: f64 = 0.011_446;
/// Samples below this (-600 dBFS) are zero, so that hosts which flush denormals give the same bits.
const SILENCE: f32 = 1e-30;

/// Latency of the limiter in samples: 80 at 48 kHz, the same time at every rate from 33 kHz up, 55 samples
/// below.
pub fn latency_samples(sample_rate: u32) -> usize {
    let scaled = (LATENCY_SAMPLES_AT_48_KHZ * u64::from(sample_rate) + 24_000) / 48_000;
    (scaled as usize).max(DETECTION_SAMPLES + SHORTEST_FADE_SAMPLES)
}

/// Keeps the true peak at or under the ceiling, by the precise and by the Annex-2 interpolator.
///
/// Looks at groups of [`GROUP`] samples, whatever the sizes of the blocks; what it does to a sample does not
/// depend on where groups begin. See `docs/limiter.md` for how and why.
pub struct Limiter {
    interpolator: Interpolator,
    /// The past of each channel.
    detectors: Vec<Detector>,
    /// What has been limited ahead of what has come out, of each channel.
    ahead: Vec<[f32; GROUP]>,
    /// The reduction of each sample of the block that comes out, 1 - gain; how many may be other than 0.
    reductions: Vec<f64>,
    reduced: usize,
    /// Those ahead of the block.
    reductions_ahead: [f64; GROUP],
    /// Samples of the group that is coming in.
    filled: usize,
    envelope: Envelope,
    /// How much of the unlimited signal is heard, 0 to 1.
    bypass: Ramp,
    latency: usize,
    ceiling: Ceiling,
    /// The strictest since the group that is coming in began.
    group_ceiling: Ceiling,
    reduction: Reduction,
}

/// What peaks are compared with.
#[derive(Clone, Copy, Default)]
struct Ceiling {
    /// Amplitude that no peak may be over.
    highest: f64,
    /// What is aimed at.
    target: f64,
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
            interpolator: Interpolator::new(kernel),
            detectors: (0..channels).map(|_| Detector::new(latency + GROUP, max_block)).collect(),
            ahead: vec![[0.0; GROUP]; channels],
            reductions: vec![0.0; max_block],
            reduced: 0,
            reductions_ahead: [0.0; GROUP],
            filled: 0,
            envelope: Envelope::new(sample_rate, latency - DETECTION_SAMPLES),
            bypass: Ramp::new(sample_rate, 0.0),
            latency,
            ceiling: Ceiling::default(),
            group_ceiling: Ceiling::default(),
            reduction: Reduction::default(),
        };
        limiter.set_ceiling(0);
        limiter.reset();
        limiter
    }

    /// Ceiling in tenths of dBTP, for what comes in from now on.
    pub fn set_ceiling(&mut self, ceiling_tenths_dbtp: i32) {
        let highest = linear_from_tenths(ceiling_tenths_dbtp);
        self.ceiling = Ceiling { highest, target: highest * libm::pow(10.0, -MARGIN_DB / 20.0) };
        if self.filled == 0 || highest < self.group_ceiling.highest {
            self.group_ceiling = self.ceiling;
        }
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
        self.detectors.iter_mut().for_each(Detector::reset);
        self.ahead.fill([0.0; GROUP]);
        self.reductions_ahead.fill(0.0);
        self.filled = 0;
        self.group_ceiling = self.ceiling;
        self.envelope.reset();
        self.bypass.settle();
        self.reduction = Reduction::default();
    }

    /// Forgets how much was limited before, unless that is still heard.
    pub fn forget(&mut self) {
        if self.envelope.is_idle() {
            self.envelope.reset();
        }
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

    /// What the last block came from, unlimited, as late as the limited.
    pub fn unlimited(&self, channel: usize) -> &[f32] {
        self.detectors[channel].line().late(self.latency)
    }

    /// Limits in place, `block[channel][from..from + length]`; what comes out went in
    /// [`latency_samples`] before. Samples must be finite and below 1e18; `length` at most `max_block`.
    /// Tells the highest true peak of each group of the input that is over the ceiling, and how many samples
    /// before the first of the block it lies.
    pub fn process(
        &mut self,
        block: &mut [&mut [f32]],
        from: usize,
        length: usize,
        over: impl FnMut(f32, isize),
    ) {
        self.interpolator.kernel().perform(Process { limiter: self, block, from, length, over });
    }

    #[inline(always)]
    fn limit(
        &mut self,
        block: &mut [&mut [f32]],
        from: usize,
        length: usize,
        mut over: impl FnMut(f32, isize),
    ) {
        let mut place = 0;
        for (detector, samples) in self.detectors.iter_mut().zip(block.iter()) {
            place = detector.append(&samples[from..from + length]);
        }
        let (first, within) = (place - self.filled, from..from + length);
        // What is limited comes out from the last sample of its group on: the rest of the group before is first.
        let rest = GROUP - 1 - self.filled;
        let groups = (self.filled + length) / GROUP;
        let early = rest.min(length);
        for (ahead, samples) in self.ahead.iter_mut().zip(block.iter_mut()) {
            samples[from..from + early].copy_from_slice(&ahead[..early]);
            ahead.copy_within(early..GROUP, 0);
        }
        self.reductions[..std::mem::take(&mut self.reduced)].fill(0.0);
        let mut reduces = self.reductions_ahead != [0.0; GROUP];
        if reduces {
            self.reductions[..early].copy_from_slice(&self.reductions_ahead[..early]);
            self.reductions_ahead.copy_within(early..GROUP, 0);
            self.reductions_ahead[GROUP - early..].fill(0.0);
        }
        let mut group = 0;
        while group < groups {
            let run = RUN.min(groups - group);
            let place = first + group * GROUP;
            if self.pass_quiet(place, run) {
                self.let_groups_out(block, within.clone(), rest + group * GROUP, place, run, None);
                group += run;
                continue;
            }
            for _ in 0..run {
                let (place, offset) = (first + group * GROUP, rest + group * GROUP);
                let begin = (group * GROUP) as isize - self.filled as isize;
                let required = self.require(place, |peak, interval| {
                    over(peak, LOOKAHEAD as isize - begin - interval as isize);
                });
                if required.is_none() && self.envelope.is_idle() {
                    self.envelope.skip(GROUP);
                    self.let_groups_out(block, within.clone(), offset, place, 1, None);
                } else {
                    reduces = true;
                    let reductions = self.envelope.next(&required.unwrap_or_default());
                    let_out(&reductions, &mut self.reductions[..length], offset, &mut self.reductions_ahead);
                    self.let_groups_out(block, within.clone(), offset, place, 1, Some(&reductions));
                }
                group += 1;
            }
        }
        self.filled = (self.filled + length) % GROUP;
        self.let_through(block, from, length);
        if reduces {
            self.reduced = length;
            self.count(length);
        }
    }

    /// Counts what has been done to the samples that come out.
    #[inline(always)]
    fn count(&mut self, length: usize) {
        let (mut deepest, mut limited_samples) = (0.0, 0);
        for &reduction in &self.reductions[..length] {
            deepest = if reduction > deepest { reduction } else { deepest };
            limited_samples += u64::from(reduction > A_TENTH_OF_A_DB);
        }
        self.reduction.deepest = self.reduction.deepest.max(deepest);
        self.reduction.limited_samples += limited_samples;
    }

    /// Passes over so many groups if nothing happens in them.
    #[inline(always)]
    fn pass_quiet(&mut self, place: usize, groups: usize) -> bool {
        if !self.envelope.is_idle()
            || !detector::are_quiet(&self.detectors, &self.interpolator, place, groups, self.matters())
        {
            return false;
        }
        self.detectors.iter_mut().for_each(Detector::pass);
        self.group_ceiling = self.ceiling;
        self.envelope.skip(groups * GROUP);
        true
    }

    /// Whether a group that reads no higher than this may be over the target.
    #[inline(always)]
    fn matters(&self) -> impl Fn(Limits) -> bool + Copy + use<> {
        let target = self.group_ceiling.target as f32;
        move |limits| limits.precise > target || limits.annex_2 > target
    }

    /// The reductions that the intervals require which the group at `place` completes, if any does. Tells the
    /// highest peak of the group, if it is over the ceiling, and its interval.
    #[inline(always)]
    fn require(&mut self, place: usize, over: impl FnOnce(f32, usize)) -> Option<[u32; GROUP]> {
        let matters = self.matters();
        let Ceiling { highest, target } = std::mem::replace(&mut self.group_ceiling, self.ceiling);
        let mut peaks_squared = [0.0f32; GROUP];
        for detector in &mut self.detectors {
            let Some(reading) = detector.read(&self.interpolator, place, matters) else { continue };
            for (i, peak) in peaks_squared.iter_mut().enumerate() {
                let annex_2_squared = reading.annex_2[i] * reading.annex_2[i];
                *peak = larger(*peak, larger(reading.precise_squared[i], annex_2_squared));
            }
        }
        let peak_squared = highest_of(&peaks_squared);
        let peak = f64::from(peak_squared).sqrt();
        if peak <= target {
            return None;
        }
        if peak > highest {
            over(peak as f32, place_of(&peaks_squared, peak_squared));
        }
        const FULL: f32 = FULL_REDUCTION as f32;
        let target = target as f32;
        Some(peaks_squared.map(|peak_squared| {
            let reduction = 1.0 - target / peak_squared.sqrt();
            // Rounded up; a gain of 1 where the peak is not over the target.
            let reduction = if reduction > 0.0 { reduction + SINGLE_PRECISION } else { 0.0 };
            ((FULL * reduction) as i32 as u32).min(FULL_REDUCTION)
        }))
    }

    /// Lets so many groups out at `offset` of `block[channel][within]`, and keeps what it has no room for: as
    /// they came in, or a single one turned down.
    #[inline(always)]
    fn let_groups_out(
        &mut self,
        block: &mut [&mut [f32]],
        within: Range<usize>,
        offset: usize,
        place: usize,
        groups: usize,
        reductions: Option<&[f64; GROUP]>,
    ) {
        let channels = self.detectors.iter().zip(&mut self.ahead).zip(block.iter_mut());
        for ((detector, ahead), samples) in channels {
            let samples = &mut samples[within.clone()];
            let delayed = detector.line().delayed(place + GROUP - 1, self.latency, groups * GROUP);
            let Some(reductions) = reductions else {
                let_out(delayed, samples, offset, ahead);
                continue;
            };
            let mut limited = [0.0; GROUP];
            for ((limited, &sample), &reduction) in limited.iter_mut().zip(delayed).zip(reductions) {
                *limited = audible(f64::from(sample) * (1.0 - reduction));
            }
            let_out(&limited, samples, offset, ahead);
        }
    }

    /// Blends the unlimited signal in, as far as the bypass says.
    fn let_through(&mut self, block: &mut [&mut [f32]], from: usize, length: usize) {
        if self.bypass.rests_at(0.0) {
            return;
        }
        let all = self.bypass.rests_at(1.0);
        let ramp = self.bypass.clone();
        self.bypass.skip(length);
        let mut heard = ramp.clone();
        for reduction in &mut self.reductions[..length] {
            *reduction *= 1.0 - heard.advance();
        }
        for (detector, samples) in self.detectors.iter().zip(block.iter_mut()) {
            let samples = &mut samples[from..from + length];
            let unlimited = detector.line().late(self.latency);
            if all {
                samples.copy_from_slice(unlimited);
                continue;
            }
            let mut ramp = ramp.clone();
            for (limited, &unlimited) in samples.iter_mut().zip(unlimited) {
                let share = ramp.advance();
                *limited = audible(f64::from(*limited) * (1.0 - share) + f64::from(unlimited) * share);
            }
        }
    }
}

struct Process<'a, 'b, 'c, F> {
    limiter: &'a mut Limiter,
    block: &'b mut [&'c mut [f32]],
    from: usize,
    length: usize,
    over: F,
}

impl<F: FnMut(f32, isize)> Task for Process<'_, '_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn perform(self) {
        self.limiter.limit(self.block, self.from, self.length, self.over);
    }
}

/// Lets values out at `offset` of the block, and keeps ahead what the block has no room for.
#[inline(always)]
fn let_out<T: Copy>(values: &[T], block: &mut [T], offset: usize, ahead: &mut [T; GROUP]) {
    if let Some(block) = block.get_mut(offset..offset + values.len()) {
        // The same as below, of a known length for a single group.
        block.copy_from_slice(values);
        return;
    }
    let (now, later) = values.split_at(block.len() - offset);
    block[offset..].copy_from_slice(now);
    ahead[..later.len()].copy_from_slice(later);
}

/// A sample rounded for the output, or zero if nobody could hear it.
#[inline(always)]
pub(super) fn audible(sample: f64) -> f32 {
    let sample = sample as f32;
    if sample.abs() < SILENCE { 0.0 } else { sample }
}
