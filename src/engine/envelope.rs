//! From the reduction that each group of samples requires to the gain that is applied: hold, release, smoothing.
//!
//! Everything is counted as *reduction*, 1 - gain, so that idle is zero, and decided once a group. Reduction
//! that enters or leaves a sum is an integer, so that sums never drift and an idle envelope is exactly zero.

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
const QUICK_RELEASE_SECONDS: f64 = 0.002;
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

/// Required reduction in, applied reduction out, a group of samples at a time.
///
/// By construction the applied reduction is never less than the required one: each value that the
/// smoothing mixes (its weights are positive and sum to 1) is a maximum over all groups it reaches.
pub struct Envelope {
    /// The highest requirement among all groups that the smoothing mixes.
    window: SlidingMax,
    hold: Hold,
    recovery: Recovery,
    smoothing: Smoothing,
    /// Groups since a requirement other than zero.
    quiet: u64,
}

impl Envelope {
    /// For a gain that is settled `lookahead_groups` (at least 2) after its requirement is known.
    pub fn new(sample_rate: u32, lookahead_groups: usize) -> Self {
        let groups_per_second = f64::from(sample_rate) / GROUP as f64;
        Self {
            // Two more: a peak between two groups binds both, and what is delayed straddles two.
            window: SlidingMax::new(lookahead_groups + 3),
            hold: Hold::new((HOLD_SECONDS * groups_per_second) as usize),
            recovery: Recovery::new(groups_per_second),
            smoothing: Smoothing::new(lookahead_groups),
            quiet: u64::MAX,
        }
    }

    /// Takes effect with the next group; never changes the present gain.
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
        let remembered = self.window.length() + self.hold.window.length();
        self.recovery.depth == 0.0 && self.smoothing.is_idle() && self.quiet > remembered as u64
    }

    /// Passes over `groups` without a requirement while idle.
    pub fn skip(&mut self, groups: usize) {
        self.quiet = self.quiet.saturating_add(groups as u64);
        self.hold.since_reference = self.hold.since_reference.saturating_add(groups as u64);
        self.recovery.rested += groups as u64;
    }

    /// Takes the reduction that the newest group requires, [`FULL_REDUCTION`] being all, and gives the
    /// reduction to apply (0 to 1) to the samples of the group `lookahead_groups` before. What a group requires
    /// binds that one, and the two after it.
    #[inline(always)]
    pub fn next(&mut self, required: u32) -> [f64; GROUP] {
        self.quiet = if required > 0 { 0 } else { self.quiet.saturating_add(1) };
        let required = self.window.push(required);
        let held = self.hold.next(required);
        let reduction = self.recovery.next(required, held, self.hold.is_tone());
        self.smoothing.next(reduction)
    }
}

/// Holds the reduction between the peaks of a tone, so that it is not bent at each half-wave; lets all others
/// go.
struct Hold {
    window: SlidingMax,
    /// The requirement of the group before, and whether it had risen to it.
    before: u32,
    rising: bool,
    /// The peak that the next is compared with, how long ago it was, and how many in a row were alike.
    reference: u32,
    since_reference: u64,
    alike: u32,
}

impl Hold {
    fn new(length: usize) -> Self {
        Self {
            window: SlidingMax::new(length),
            before: 0,
            rising: false,
            reference: 0,
            since_reference: u64::MAX,
            alike: 0,
        }
    }

    fn reset(&mut self) {
        self.window.reset();
        (self.before, self.rising) = (0, false);
        (self.reference, self.since_reference, self.alike) = (0, u64::MAX, 0);
    }

    /// Whether a tone is limited.
    fn is_tone(&self) -> bool {
        self.alike >= TONE_PEAKS
    }

    /// The reduction not to fall below, given the requirement.
    fn next(&mut self, required: u32) -> u32 {
        let longest = self.window.push(required);
        self.since_reference = self.since_reference.saturating_add(1);
        if self.since_reference > self.window.length() as u64 {
            self.alike = 0;
        }
        if required > self.before {
            self.rising = true;
        } else if required < self.before && self.rising {
            self.rising = false;
            self.compare(self.before);
        }
        self.before = required;
        if self.is_tone() { longest } else { required }
    }

    /// Takes a peak of the requirement. Lower ones between alike ones say nothing: a wave need not be as high
    /// on both sides.
    fn compare(&mut self, peak: u32) {
        let steady = (STEADY * f64::from(FULL_REDUCTION)) as u32;
        let alike = peak.abs_diff(self.reference) <= steady;
        let forgotten = self.since_reference > self.window.length() as u64;
        if forgotten || alike || peak > self.reference {
            self.alike = if alike && !forgotten { self.alike.saturating_add(1) } else { 0 };
            self.reference = peak;
            self.since_reference = 0;
        }
    }
}

/// Deepens at once, recovers by the release.
struct Recovery {
    /// Present reduction, 0 to 1.
    depth: f64,
    /// Average of what had to be held: where the automatic release slows down.
    sustained: f64,
    /// Groups since the depth became 0: `sustained` falls meanwhile, reckoned when it is needed.
    rested: u64,
    automatic: bool,
    decay: f64,
    quick_decay: f64,
    sustain_decay: f64,
    groups_per_second: f64,
}

impl Recovery {
    fn new(groups_per_second: f64) -> Self {
        Self {
            depth: 0.0,
            sustained: 0.0,
            rested: 0,
            automatic: true,
            decay: decay(QUICK_RELEASE_SECONDS, groups_per_second),
            quick_decay: decay(QUICK_RELEASE_SECONDS, groups_per_second),
            sustain_decay: decay(SUSTAIN_SECONDS, groups_per_second),
            groups_per_second,
        }
    }

    fn set(&mut self, release: Release) {
        self.automatic = release == Release::Auto;
        self.decay = match release {
            Release::Auto => self.quick_decay,
            Release::Milliseconds(milliseconds) => {
                let range = Release::MILLISECONDS;
                decay(
                    f64::from(milliseconds.clamp(*range.start(), *range.end())) / 1e3,
                    self.groups_per_second,
                )
            }
        };
    }

    fn reset(&mut self) {
        self.depth = 0.0;
        self.sustained = 0.0;
        self.rested = 0;
    }

    fn next(&mut self, required: u32, held: u32, tone: bool) -> u32 {
        let one = f64::from(FULL_REDUCTION);
        let floor = f64::from(held) / one;
        if self.depth == 0.0 {
            if held == 0 {
                self.rested += 1;
                return 0;
            }
            self.sustained *= libm::exp(-(self.rested as f64) / (SUSTAIN_SECONDS * self.groups_per_second));
            self.rested = 0;
        }
        if floor >= self.depth {
            self.depth = floor;
        } else if !(tone && self.depth - floor < STEADY) {
            let sustained = if self.automatic { self.sustained - SUSTAIN_FLOOR } else { 0.0 };
            let rest = floor.max(sustained.min(self.depth));
            self.depth = rest + (self.depth - rest) * self.decay;
        }
        self.sustained = floor + (self.sustained - floor) * self.sustain_decay;
        if held == 0 && self.depth < NEGLIGIBLE {
            self.depth = 0.0;
        }
        // Never less than what is required, whatever the rounding.
        (libm::ceil(self.depth * one) as u32).clamp(required, FULL_REDUCTION)
    }
}

/// Factor per step of an exponential decay.
fn decay(time_constant_seconds: f64, steps_per_second: f64) -> f64 {
    libm::exp(-1.0 / (time_constant_seconds * steps_per_second))
}

/// Two box averages, one after the other, over values that stand for a group of samples each.
///
/// Over such steps the first box gives straight lines and the second parabolas, a piece for each group: two
/// values and two slopes say all of it. All are integers below 2^53, so that the arithmetic is exact.
struct Smoothing {
    /// The steps that the first box reaches, the newest at `newest_step`.
    steps: Vec<i64>,
    newest_step: usize,
    /// Sum of the steps between the newest and the oldest.
    inner_steps: i64,
    /// What the first box gave, as far as the second reaches.
    lines: Vec<Piece>,
    newest_line: usize,
    /// Sum of the samples of the lines between the newest and the oldest.
    inner_lines: i64,
    /// Reduction per unit of the sum.
    scale: f64,
    /// Steps of zero since the last other one.
    zeros: usize,
}

/// What the first box gives over a group: at its first sample, and how it goes on from one to the next.
#[derive(Clone, Copy, Default)]
struct Piece {
    start: i64,
    slope: i64,
}

/// The sum of 0 to 15, and of a slope over a group.
const ALL_SLOPES: i64 = (GROUP * (GROUP - 1) / 2) as i64;

impl Piece {
    /// The sum over the group.
    fn sum(self) -> i64 {
        GROUP as i64 * self.start + ALL_SLOPES * self.slope
    }
}

impl Smoothing {
    /// Reaching over so many groups (at least 2) and the newest.
    fn new(groups: usize) -> Self {
        let first = (groups / 2).max(1);
        let second = groups.saturating_sub(first).max(1);
        let samples = (first * GROUP) as f64 * (second * GROUP) as f64;
        Self {
            steps: vec![0; first + 1],
            newest_step: 0,
            inner_steps: 0,
            lines: vec![Piece::default(); second + 1],
            newest_line: 0,
            inner_lines: 0,
            // Rounded up, so that the average of equal steps is not below them.
            scale: (1.0 / (samples * f64::from(FULL_REDUCTION))).next_up().next_up(),
            zeros: usize::MAX,
        }
    }

    /// Whether all that it reaches is zero.
    fn is_idle(&self) -> bool {
        self.zeros >= self.steps.len() + self.lines.len()
    }

    fn reset(&mut self) {
        self.steps.fill(0);
        self.lines.fill(Piece::default());
        (self.inner_steps, self.inner_lines) = (0, 0);
        self.zeros = usize::MAX;
    }

    /// Takes the next step and gives the averages of its group.
    #[inline(always)]
    fn next(&mut self, step: u32) -> [f64; GROUP] {
        self.zeros = if step > 0 { 0 } else { self.zeros.saturating_add(1) };
        let step = i64::from(step);
        // The newest is not the newest any more, the one behind the oldest leaves.
        let before = self.steps[self.newest_step];
        self.newest_step = next_of(self.newest_step, self.steps.len());
        self.steps[self.newest_step] = step;
        let oldest = self.steps[next_of(self.newest_step, self.steps.len())];
        self.inner_steps += before - oldest;
        let rest = GROUP as i64 - 1;
        let line =
            Piece { start: step + GROUP as i64 * self.inner_steps + rest * oldest, slope: step - oldest };

        let before = self.lines[self.newest_line];
        self.newest_line = next_of(self.newest_line, self.lines.len());
        self.lines[self.newest_line] = line;
        let oldest = self.lines[next_of(self.newest_line, self.lines.len())];
        self.inner_lines += before.sum() - oldest.sum();

        // At sample j: all lines between, the newest up to j and the oldest from j + 1 on.
        let at_first = self.inner_lines + line.start + rest * oldest.start + ALL_SLOPES * oldest.slope;
        let at_first = at_first as f64;
        let [by_sample, by_slope] = [line.start - oldest.start, line.slope - oldest.slope].map(|x| x as f64);
        let mut averages = [0.0; GROUP];
        for (j, average) in averages.iter_mut().enumerate() {
            let (samples, slopes) = (j as f64, (j * (j + 1) / 2) as f64);
            let sum = at_first + samples * by_sample + slopes * by_slope;
            let reduction = sum * self.scale;
            *average = if reduction > 1.0 { 1.0 } else { reduction };
        }
        averages
    }
}

/// The place after one in a ring.
#[inline(always)]
fn next_of(place: usize, length: usize) -> usize {
    if place + 1 == length { 0 } else { place + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 48_000;
    const LOOKAHEAD: usize = 4;

    fn random_requirements(length: usize) -> Vec<u32> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        (0..length)
            .map(|_| if next() % 17 == 0 { (next() % u64::from(FULL_REDUCTION)) as u32 } else { 0 })
            .collect()
    }

    #[test]
    fn never_reduces_less_than_required() {
        for release in [Release::Auto, Release::Milliseconds(5), Release::Milliseconds(500)] {
            for lookahead in 2..9 {
                let mut envelope = Envelope::new(RATE, lookahead);
                envelope.set_release(release);
                let required = random_requirements(10_000);
                let applied: Vec<[f64; GROUP]> = required.iter().map(|&r| envelope.next(r)).collect();
                for (n, &required) in required.iter().enumerate() {
                    // The requirement binds its group, which leaves `lookahead` later, and the two after it.
                    for applied in applied.iter().skip(n + lookahead).take(3).flatten() {
                        let required = f64::from(required) / f64::from(FULL_REDUCTION);
                        assert!(*applied >= required, "{release:?} over {lookahead} at {n}");
                    }
                }
            }
        }
    }

    #[test]
    fn steps_are_smoothed_by_two_boxes() {
        let steps = random_requirements(200);
        for groups in 2..9 {
            let mut smoothing = Smoothing::new(groups);
            let smoothed: Vec<f64> = steps.iter().flat_map(|&step| smoothing.next(step)).collect();
            // The definition, sample by sample.
            let samples: Vec<f64> = steps.iter().flat_map(|&step| [f64::from(step); GROUP]).collect();
            let boxed = |x: &[f64], length: usize| -> Vec<f64> {
                let sum = |n: usize| x[(n + 1).saturating_sub(length)..=n].iter().sum::<f64>();
                (0..x.len()).map(|n| sum(n) / length as f64).collect()
            };
            let first = groups / 2 * GROUP;
            let expected = boxed(&boxed(&samples, first), groups * GROUP - first);
            for (n, (smoothed, expected)) in smoothed.iter().zip(&expected).enumerate() {
                let error = smoothed - expected / f64::from(FULL_REDUCTION);
                assert!(error.abs() < 1e-12, "{groups} groups, sample {n}: {error}");
            }
        }
    }

    #[test]
    fn becomes_exactly_idle_and_skipping_equals_waiting() {
        let mut waiting = Envelope::new(RATE, LOOKAHEAD);
        let mut skipping = Envelope::new(RATE, LOOKAHEAD);
        for round in 0..3 {
            for r in random_requirements(2_000) {
                assert_eq!(waiting.next(r), skipping.next(r), "round {round}");
            }
            let mut last = [1.0; GROUP];
            for _ in 0..20 * RATE as usize / GROUP {
                last = waiting.next(0);
                if skipping.is_idle() {
                    skipping.skip(1);
                } else {
                    skipping.next(0);
                }
            }
            assert_eq!(last, [0.0; GROUP]);
            assert!(waiting.is_idle() && skipping.is_idle());
        }
    }

    #[test]
    fn holds_recurring_peaks_and_releases_single_ones() {
        let half = FULL_REDUCTION / 2;
        let mut envelope = Envelope::new(RATE, LOOKAHEAD);
        // A peak every 5 ms: after the second one the reduction stands still.
        let mut applied = |groups: usize, period: usize| -> Vec<f64> {
            (0..groups).flat_map(|n| envelope.next(if n % period == 0 { half } else { 0 })).collect()
        };
        assert!(applied(3_000, 15)[2_000..].iter().all(|&reduction| (reduction - 0.5).abs() < 1e-12));
        // One peak: within 20 ms a good part of it has gone.
        let mut envelope = Envelope::new(RATE, LOOKAHEAD);
        let mut applied = |groups: usize| -> Vec<f64> {
            (0..groups).flat_map(|n| envelope.next(if n == 0 { half } else { 0 })).collect()
        };
        let applied = applied(60);
        assert!(applied[959] < 0.35, "{}", applied[959]);
    }
}
