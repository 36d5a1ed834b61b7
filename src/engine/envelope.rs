//! From the reduction that each sample requires to the gain that is applied: hold, release, smoothing.
//!
//! Everything is counted as *reduction*, 1 - gain, so that idle is zero. Reduction that enters or
//! leaves a running sum is an integer, so that sums never drift and an idle envelope is exactly zero.

use std::ops::{BitOr, BitXor};

use super::interpolation::GROUP;
use super::sliding::SlidingMax;

/// Fixed-point one: the reduction of a gain of zero.
pub const FULL_REDUCTION: u32 = 1 << 30;

/// Peaks that come back within this time, all alike, are a tone: its half-periods down to 25 Hz are shorter.
const HOLD_SECONDS: f64 = 0.02;
/// How alike the peaks of a tone are (0.04 dB), and how far from the required reduction a tone's may stay: to
/// follow peaks that are all but equal would modulate the sound for nothing.
const STEADY: f64 = 0.005;
/// How many peaks in a row are like the one before until they are a tone. Speech has rarely as many.
const TONE_PEAKS: u32 = 3;
/// How fast the automatic release lets go, as a time constant.
const QUICK_RELEASE_SECONDS: f64 = 0.001;
/// Time constant of the average requirement, which the automatic release recovers to at first.
const SUSTAIN_SECONDS: f64 = 0.2;
/// An average below this (0.45 dB) is no sustained limiting.
const SUSTAIN_FLOOR: f64 = 0.05;
/// Reduction below this (0.00009 dB) is let go at once, so that the path becomes a copy again.
const NEGLIGIBLE: f64 = 1e-5;

/// How the gain comes back after a peak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Release {
    /// At once after a single peak, slower after sustained limiting; not while a tone lasts.
    #[default]
    Auto,
    /// With this time constant in milliseconds, 5 to 500.
    Milliseconds(u16),
}

impl Release {
    /// The shortest and the longest release that can be set by hand, in milliseconds.
    pub const MILLISECONDS: std::ops::RangeInclusive<u16> = 5..=500;
}

/// Required reduction in, applied reduction out, one value a sample.
///
/// By construction the applied reduction is never less than the required one: each value that the
/// smoothing mixes (its weights are positive and sum to 1) is a maximum over all samples it reaches.
pub struct Envelope {
    /// The highest requirement among all samples that the smoothing mixes.
    window: SlidingMax,
    hold: Hold,
    recovery: Recovery,
    smoothing: Smoothing,
    /// Pushes since a requirement other than zero.
    quiet: u64,
}

impl Envelope {
    /// For a gain that is settled `lookahead_samples` after its requirement is known.
    pub fn new(sample_rate: u32, lookahead_samples: usize) -> Self {
        Self {
            // One more on each side: a peak between two samples asks it of both.
            window: SlidingMax::new(lookahead_samples + 2),
            hold: Hold::new((HOLD_SECONDS * f64::from(sample_rate)) as u64),
            recovery: Recovery::new(sample_rate),
            smoothing: Smoothing::new(lookahead_samples),
            quiet: u64::MAX,
        }
    }

    /// Takes effect with the next sample; never changes the present gain.
    pub fn set_release(&mut self, release: Release) {
        self.recovery.set(release);
    }

    /// Back to no reduction.
    pub fn reset(&mut self) {
        self.window.reset();
        self.hold.reset();
        self.recovery.reset();
        self.smoothing.reset();
        self.quiet = u64::MAX;
    }

    /// True when [`Self::next`] would give 0 for ever while nothing is required.
    pub fn is_idle(&self) -> bool {
        self.recovery.depth == 0
            && self.smoothing.is_idle()
            && self.quiet > self.window.length() as u64 + self.hold.length
    }

    /// Passes over `samples` without a requirement while idle.
    pub fn skip(&mut self, samples: usize) {
        self.quiet = self.quiet.saturating_add(samples as u64);
        self.hold.since_reference = self.hold.since_reference.saturating_add(samples as u64);
        self.recovery.rested += samples as u64;
    }

    /// Takes the reduction that each of the newest intervals requires, [`FULL_REDUCTION`] being all, and gives
    /// the reduction to apply (0 to 1) to the samples that began the intervals `lookahead_samples` before. What
    /// an interval requires binds the samples at both its ends and the one before.
    #[inline(always)]
    pub fn next(&mut self, required: &[u32; GROUP]) -> [f64; GROUP] {
        self.quiet = if all_are(required, 0) {
            self.quiet.saturating_add(GROUP as u64)
        } else {
            required.iter().rev().take_while(|&&required| required == 0).count() as u64
        };
        let required = self.window.push(required);
        let mut reductions = [0; GROUP];
        // Copies, which stay in registers.
        let (mut hold, mut recovery) = (self.hold, self.recovery);
        if let Some(held) = hold.next_group(&required) {
            recovery.next_group(held, hold.is_tone(), &mut reductions);
        } else {
            for (reduction, required) in reductions.iter_mut().zip(required) {
                let held = hold.next(required);
                *reduction = recovery.next(held, hold.is_tone()).into();
            }
        }
        (self.hold, self.recovery) = (hold, recovery);
        self.smoothing.next(reductions)
    }
}

/// Holds the reduction between the peaks of a tone, so that it is not bent at each half-wave; lets all others
/// go.
#[derive(Clone, Copy)]
struct Hold {
    /// In samples.
    length: u64,
    /// The requirement of the sample before, and whether it had risen to it.
    before: u32,
    rising: bool,
    /// The peak that the next is compared with, how long ago it was, and how many in a row were alike.
    reference: u32,
    since_reference: u64,
    alike: u32,
}

impl Hold {
    fn new(length: u64) -> Self {
        Self { length, before: 0, rising: false, reference: 0, since_reference: u64::MAX, alike: 0 }
    }

    fn reset(&mut self) {
        *self = Self::new(self.length);
    }

    /// Whether a tone is limited.
    #[inline(always)]
    fn is_tone(&self) -> bool {
        self.alike >= TONE_PEAKS
    }

    /// The reduction not to fall below, given the requirement.
    #[inline(always)]
    fn next(&mut self, required: u32) -> u32 {
        self.since_reference = self.since_reference.saturating_add(1);
        if self.since_reference > self.length {
            self.alike = 0;
        }
        if required > self.before {
            self.rising = true;
        } else if required < self.before && self.rising {
            self.rising = false;
            self.compare(self.before);
        }
        self.before = required;
        if self.is_tone() { required.max(self.reference) } else { required }
    }

    /// [`Self::next`] for a group throughout which nothing changes, if so.
    #[inline(always)]
    fn next_group(&mut self, required: &[u32; GROUP]) -> Option<u32> {
        let since_reference = self.since_reference.saturating_add(GROUP as u64);
        let forgets = since_reference > self.length;
        if !all_are(required, self.before) || (forgets && self.is_tone()) {
            return None;
        }
        self.since_reference = since_reference;
        if forgets {
            self.alike = 0;
        }
        Some(if self.is_tone() { self.before.max(self.reference) } else { self.before })
    }

    /// Takes a peak of the requirement. Lower ones between alike ones say nothing: a wave need not be as high
    /// on both sides.
    #[inline(always)]
    fn compare(&mut self, peak: u32) {
        let steady = (STEADY * f64::from(FULL_REDUCTION)) as u32;
        let alike = peak.abs_diff(self.reference) <= steady;
        let forgotten = self.since_reference > self.length;
        if forgotten || alike || peak > self.reference {
            self.alike = if alike && !forgotten { self.alike.saturating_add(1) } else { 0 };
            self.reference = peak;
            self.since_reference = 0;
        }
    }
}

/// Deepens at once, recovers by the release. All in integers, [`DEPTH`] being a gain of zero: short chains of
/// operations, and the same on every machine.
#[derive(Clone, Copy)]
struct Recovery {
    /// Present reduction.
    depth: u64,
    /// Average of what had to be held: where the automatic release slows down.
    sustained: u64,
    /// Samples since the depth became 0: `sustained` falls meanwhile, reckoned when it is needed.
    rested: u64,
    automatic: bool,
    /// What is let go of in a sample, and what of the average is renewed.
    release: Share,
    renewal: Share,
    sample_rate: f64,
}

/// Fixed-point one of the recovery, and its bits below the one of the requirements.
const DEPTH: u64 = (FULL_REDUCTION as u64) << DEPTH_BITS;
const DEPTH_BITS: u32 = 32;

const fn depth_of(reduction: f64) -> u64 {
    (reduction * DEPTH as f64) as u64
}

impl Recovery {
    fn new(sample_rate: u32) -> Self {
        let sample_rate = f64::from(sample_rate);
        Self {
            depth: 0,
            sustained: 0,
            rested: 0,
            automatic: true,
            release: Share::per_sample(QUICK_RELEASE_SECONDS, sample_rate),
            renewal: Share::per_sample(SUSTAIN_SECONDS, sample_rate),
            sample_rate,
        }
    }

    fn set(&mut self, release: Release) {
        self.automatic = release == Release::Auto;
        let seconds = match release {
            Release::Auto => QUICK_RELEASE_SECONDS,
            Release::Milliseconds(milliseconds) => {
                let range = Release::MILLISECONDS;
                f64::from(milliseconds.clamp(*range.start(), *range.end())) / 1e3
            }
        };
        self.release = Share::per_sample(seconds, self.sample_rate);
    }

    fn reset(&mut self) {
        self.depth = 0;
        self.sustained = 0;
        self.rested = 0;
    }

    #[inline(always)]
    fn next(&mut self, held: u32, tone: bool) -> u32 {
        let floor = u64::from(held) << DEPTH_BITS;
        if self.depth == 0 {
            if held == 0 {
                self.rested += 1;
                return 0;
            }
            self.sustained = self.sustained_after_rest();
            self.rested = 0;
        }
        if floor >= self.depth {
            self.depth = floor;
        } else if !self.stays(floor, tone) {
            let sustained =
                if self.automatic { self.sustained.saturating_sub(depth_of(SUSTAIN_FLOOR)) } else { 0 };
            let rest = floor.max(sustained.min(self.depth));
            self.depth -= self.release.of(self.depth - rest);
        }
        self.renew(floor);
        if held == 0 && self.depth < depth_of(NEGLIGIBLE) {
            self.depth = 0;
        }
        self.reduction()
    }

    /// [`Self::next`] for a group throughout which as much has to be held.
    #[inline(always)]
    fn next_group(&mut self, held: u32, tone: bool, reductions: &mut [u64; GROUP]) {
        let floor = u64::from(held) << DEPTH_BITS;
        if held == 0 || floor > self.depth || !self.stays(floor, tone) {
            for reduction in reductions {
                *reduction = self.next(held, tone).into();
            }
            return;
        }
        for _ in 0..GROUP {
            self.renew(floor);
        }
        reductions.fill(self.reduction().into());
    }

    /// Whether a tone's reduction is near enough to what has to be held.
    #[inline(always)]
    fn stays(&self, floor: u64, tone: bool) -> bool {
        tone && self.depth - floor < depth_of(STEADY)
    }

    #[inline(always)]
    fn renew(&mut self, floor: u64) {
        self.sustained = self.sustained - self.renewal.of(self.sustained) + self.renewal.of(floor);
    }

    /// Rounded up: never less than what is held.
    #[inline(always)]
    fn reduction(&self) -> u32 {
        self.depth.div_ceil(1 << DEPTH_BITS) as u32
    }

    fn sustained_after_rest(&self) -> u64 {
        let left = libm::exp(-(self.rested as f64) / (SUSTAIN_SECONDS * self.sample_rate));
        (self.sustained as f64 * left) as u64
    }
}

/// A part of a whole, in units of 2^-64.
#[derive(Clone, Copy)]
struct Share(u64);

impl Share {
    /// What an exponential with this time constant changes by in a sample.
    fn per_sample(time_constant_seconds: f64, sample_rate: f64) -> Self {
        let share = -libm::expm1(-1.0 / (time_constant_seconds * sample_rate));
        Self((share * libm::exp2(64.0)) as u64)
    }

    /// Rounded down.
    #[inline(always)]
    fn of(self, whole: u64) -> u64 {
        ((u128::from(self.0) * u128::from(whole)) >> 64) as u64
    }
}

/// Two averages, one after the other: a fade that is settled when both have taken it in.
struct Smoothing {
    stages: [RunningSum; 2],
    /// Applied reduction per unit of the second running sum.
    scale: f64,
    /// The newest value, and how many before it are known to be the same.
    newest: u64,
    alike: usize,
    /// What was given last.
    applied: f64,
}

impl Smoothing {
    fn new(lookahead_samples: usize) -> Self {
        let first = (lookahead_samples / 2).max(1);
        let second = lookahead_samples + 1 - first;
        Self {
            stages: [RunningSum::new(first), RunningSum::new(second)],
            // Rounded up, so that the average of equal values is not below them.
            scale: (1.0 / (first as f64 * second as f64 * f64::from(FULL_REDUCTION))).next_up().next_up(),
            newest: 0,
            alike: 0,
            applied: 0.0,
        }
    }

    fn reset(&mut self) {
        self.stages.iter_mut().for_each(RunningSum::reset);
        self.newest = 0;
        self.alike = 0;
    }

    fn is_idle(&self) -> bool {
        self.stages.iter().all(|stage| stage.sum == 0)
    }

    /// Takes the reductions that are wanted and gives those to apply, 0 to 1.
    #[inline(always)]
    fn next(&mut self, mut reductions: [u64; GROUP]) -> [f64; GROUP] {
        let reach = self.stages[0].length + self.stages[1].length;
        if self.alike >= reach && all_are(&reductions, self.newest) {
            // The sums hold nothing else, and would go on as they are.
            return [self.applied; GROUP];
        }
        let [first, .., last] = reductions;
        self.alike = if all_are(&reductions, first) {
            if first == self.newest { self.alike + GROUP } else { GROUP }
        } else {
            0
        };
        self.newest = last;
        for stage in &mut self.stages {
            stage.push(&mut reductions);
        }
        let mut applied = [0.0; GROUP];
        for (applied, sum) in applied.iter_mut().zip(reductions) {
            let reduction = sum as f64 * self.scale;
            *applied = if reduction > 1.0 { 1.0 } else { reduction };
        }
        self.applied = applied[GROUP - 1];
        applied
    }
}

/// Whether all values are this one. Looks at all of them at once, not at one after the other.
#[inline(always)]
fn all_are<T: Copy + Default + PartialEq + BitXor<Output = T> + BitOr<Output = T>>(
    values: &[T; GROUP],
    value: T,
) -> bool {
    values.iter().fold(T::default(), |differences, &other| differences | (other ^ value)) == T::default()
}

/// Running sum over a number of samples.
struct RunningSum {
    length: usize,
    /// What has been pushed, as far as the sum reaches and some more; room for many groups between two moves.
    past: Vec<u64>,
    end: usize,
    sum: u64,
}

impl RunningSum {
    fn new(length: usize) -> Self {
        Self { length, past: vec![0; length + 32 * GROUP], end: length, sum: 0 }
    }

    fn reset(&mut self) {
        self.past.fill(0);
        self.end = self.length;
        self.sum = 0;
    }

    /// Takes the next values and gives the sums up to each in their place.
    #[inline(always)]
    fn push(&mut self, values: &mut [u64; GROUP]) {
        if self.end + GROUP > self.past.len() {
            self.past.copy_within(self.end - self.length..self.end, 0);
            self.end = self.length;
        }
        self.past[self.end..self.end + GROUP].copy_from_slice(values);
        let leaving = &self.past[self.end - self.length..][..GROUP];
        for (value, &leaving) in values.iter_mut().zip(leaving) {
            *value = value.wrapping_sub(leaving);
        }
        for value in values {
            self.sum = self.sum.wrapping_add(*value);
            *value = self.sum;
        }
        self.end += GROUP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;
    const LOOKAHEAD: usize = 40;

    fn random_requirements(length: usize) -> Vec<u32> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        (0..length)
            .map(|_| if next() % 97 == 0 { (next() % u64::from(FULL_REDUCTION)) as u32 } else { 0 })
            .collect()
    }

    fn applied(envelope: &mut Envelope, required: &[u32]) -> Vec<f64> {
        required.as_chunks::<GROUP>().0.iter().flat_map(|required| envelope.next(required)).collect()
    }

    #[test]
    fn never_reduces_less_than_required() {
        for release in [Release::Auto, Release::Milliseconds(5), Release::Milliseconds(500)] {
            let mut envelope = Envelope::new(RATE, LOOKAHEAD);
            envelope.set_release(release);
            let required = random_requirements(48_000);
            let applied = applied(&mut envelope, &required);
            for n in 0..required.len() - LOOKAHEAD - 1 {
                // The requirement at n binds the samples n - 1 to n + 1, which leave LOOKAHEAD later.
                for k in 0..3 {
                    let reduction = applied[(n + LOOKAHEAD + 1 - k).min(applied.len() - 1)];
                    assert!(
                        reduction >= f64::from(required[n]) / f64::from(FULL_REDUCTION),
                        "{release:?} at {n}"
                    );
                }
            }
        }
    }

    #[test]
    fn becomes_exactly_idle_and_skipping_equals_waiting() {
        let mut waiting = Envelope::new(RATE, LOOKAHEAD);
        let mut skipping = Envelope::new(RATE, LOOKAHEAD);
        for round in 0..3 {
            let required = random_requirements(4_800);
            assert_eq!(applied(&mut waiting, &required), applied(&mut skipping, &required), "round {round}");
            let mut last = [1.0; GROUP];
            for _ in 0..20 * RATE as usize / GROUP {
                last = waiting.next(&[0; GROUP]);
                if skipping.is_idle() {
                    skipping.skip(GROUP);
                } else {
                    skipping.next(&[0; GROUP]);
                }
            }
            assert_eq!(last, [0.0; GROUP]);
            assert!(waiting.is_idle() && skipping.is_idle());
        }
    }

    #[test]
    fn holds_tones_and_releases_single_peaks() {
        let half = FULL_REDUCTION / 2;
        let mut envelope = Envelope::new(RATE, LOOKAHEAD);
        // A peak every 5 ms: after the fourth one the reduction stands still.
        let peaks: Vec<u32> = (0..RATE as usize).map(|n| if n % 240 == 0 { half } else { 0 }).collect();
        let held = &applied(&mut envelope, &peaks)[2_000..];
        assert!(held.iter().all(|&reduction| (reduction - 0.5).abs() < 1e-12));
        // Peaks as often, but unlike each other: the gain comes back between them.
        let unlike: Vec<u32> =
            peaks.iter().enumerate().map(|(n, &x)| x - x / 10 * (n as u32 / 240 % 7)).collect();
        envelope.reset();
        let lowest = applied(&mut envelope, &unlike)[2_000..].iter().copied().fold(1.0, f64::min);
        assert!(lowest < 0.25, "{lowest}");
    }

    /// Peaks of tones that come, stand still and go: where whole groups are alike.
    fn tones(length: usize) -> Vec<u32> {
        let steady = |n: usize| if n % 1900 > 900 { FULL_REDUCTION / 3 } else { 0 };
        let peaks = |n: usize| {
            if n.is_multiple_of(100) { FULL_REDUCTION / 2 + (n as u32 / 100 % 3) * 9_000 } else { 0 }
        };
        (0..length).map(|n| if (n / 2400).is_multiple_of(2) { peaks(n) } else { steady(n) }).collect()
    }

    #[test]
    fn starts_at_any_sample_alike() {
        for required in [random_requirements(4_800), tones(9_600)] {
            let mut envelope = Envelope::new(RATE, LOOKAHEAD);
            let expected = applied(&mut envelope, &required);
            for late in 1..GROUP {
                let shifted = [&vec![0; late], &required[..]].concat();
                envelope.reset();
                let applied = applied(&mut envelope, &shifted);
                assert_eq!(applied[late..], expected[..applied.len() - late], "{late}");
            }
        }
    }
}
