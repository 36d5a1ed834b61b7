//! From the reduction that each sample requires to the gain that is applied: hold, release, smoothing.
//!
//! Everything is counted as *reduction*, 1 - gain, so that idle is zero. Reduction that enters or
//! leaves a running sum is an integer, so that sums never drift and an idle envelope is exactly zero.

use super::sliding::SlidingMax;

/// Fixed-point one: the reduction of a gain of zero.
pub const FULL_REDUCTION: u32 = 1 << 30;

/// Peaks that come back within this time belong together: the pitch of the lowest voice and the
/// half-period of mains hum are shorter.
const HOLD_SECONDS: f64 = 0.012;
/// How fast the automatic release lets go after a single peak, as a time constant.
const QUICK_RELEASE_SECONDS: f64 = 0.03;
/// Time constant of the average requirement, which the automatic release recovers to at first.
const SUSTAIN_SECONDS: f64 = 0.4;
/// An average below this (0.09 dB) is no sustained limiting.
const SUSTAIN_FLOOR: f64 = 0.01;
/// While peaks recur, a reduction deeper than needed by less than this (0.04 dB) is kept: to follow peaks
/// that are all but equal would modulate the sound for nothing.
const STEADY: f64 = 0.005;
/// Reduction below this (0.00009 dB) is let go at once, so that the path becomes a copy again.
const NEGLIGIBLE: f64 = 1e-5;

/// How the gain comes back after a peak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Release {
    /// Quickly after a single peak, slowly after sustained limiting.
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
    smoothing: [RunningSum; 2],
    /// Applied reduction per unit of the second running sum.
    scale: f64,
    /// Pushes since a requirement other than zero.
    quiet: u64,
}

impl Envelope {
    /// For a gain that is settled `lookahead_samples` after its requirement is known.
    pub fn new(sample_rate: u32, lookahead_samples: usize) -> Self {
        let first = (lookahead_samples / 2).max(1);
        let second = lookahead_samples + 1 - first;
        Self {
            // One more on each side: a peak between two samples asks it of both.
            window: SlidingMax::new(lookahead_samples + 2),
            hold: Hold::new((HOLD_SECONDS * f64::from(sample_rate)) as usize),
            recovery: Recovery::new(sample_rate),
            smoothing: [RunningSum::new(first), RunningSum::new(second)],
            scale: 1.0 / (first as f64 * second as f64 * f64::from(FULL_REDUCTION)),
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
        self.smoothing.iter_mut().for_each(RunningSum::reset);
        self.quiet = u64::MAX;
    }

    /// True when [`Self::next`] would give 0 for ever while nothing is required.
    pub fn is_idle(&self) -> bool {
        self.recovery.depth == 0.0
            && self.smoothing.iter().all(|stage| stage.sum == 0)
            && self.quiet > self.window.length() as u64 + self.hold.window.length() as u64
    }

    /// Passes over `samples` without a requirement while idle.
    pub fn skip(&mut self, samples: usize) {
        self.quiet = self.quiet.saturating_add(samples as u64);
        self.hold.since_over = self.hold.since_over.saturating_add(samples as u64);
        self.recovery.rested += samples as u64;
    }

    /// Takes the reduction that the newest interval requires, [`FULL_REDUCTION`] being all, and gives the
    /// reduction to apply (0 to 1) to the sample that began the interval `lookahead_samples` before. What
    /// an interval requires binds the samples at both its ends and the one before.
    pub fn next(&mut self, required: u32) -> f64 {
        self.quiet = if required > 0 { 0 } else { self.quiet.saturating_add(1) };
        let required = self.window.push(required);
        let held = self.hold.next(required, self.recovery.depth);
        let reduction = self.recovery.next(required, held, self.hold.recurring);
        let [first, second] = &mut self.smoothing;
        let sum = second.push(first.push(u64::from(reduction)));
        (sum as f64 * self.scale).min(1.0)
    }
}

/// Holds the reduction between peaks that recur, so that a low tone is not bent at each half-wave; lets
/// a single peak go.
struct Hold {
    window: SlidingMax,
    recurring: bool,
    since_over: u64,
    /// Since the reduction was last pushed as deep as it is: the time between peaks.
    since_touch: u64,
}

impl Hold {
    fn new(length: usize) -> Self {
        Self {
            window: SlidingMax::new(length),
            recurring: false,
            since_over: u64::MAX,
            since_touch: u64::MAX,
        }
    }

    fn reset(&mut self) {
        self.window.reset();
        self.recurring = false;
        self.since_over = u64::MAX;
        self.since_touch = u64::MAX;
    }

    /// The reduction not to fall below, given the requirement and the present depth of reduction.
    fn next(&mut self, required: u32, depth: f64) -> u32 {
        let within = self.window.length() as u64;
        self.since_over = if required > 0 { 0 } else { self.since_over.saturating_add(1) };
        let touches = required > 0 && f64::from(required) >= depth * f64::from(FULL_REDUCTION);
        if touches {
            self.recurring |= (2..=within).contains(&self.since_touch);
            self.since_touch = 0;
        }
        self.since_touch = self.since_touch.saturating_add(1);
        if self.since_over > within {
            self.recurring = false;
        }
        let longest = self.window.push(required);
        if self.recurring { longest } else { required }
    }
}

/// Deepens at once, recovers by the release.
struct Recovery {
    /// Present reduction, 0 to 1.
    depth: f64,
    /// Average of what had to be held: where the automatic release slows down.
    sustained: f64,
    /// Samples since the depth became 0: `sustained` falls meanwhile, reckoned when it is needed.
    rested: u64,
    automatic: bool,
    decay: f64,
    quick_decay: f64,
    sustain_decay: f64,
    sample_rate: f64,
}

impl Recovery {
    fn new(sample_rate: u32) -> Self {
        let sample_rate = f64::from(sample_rate);
        Self {
            depth: 0.0,
            sustained: 0.0,
            rested: 0,
            automatic: true,
            decay: decay(QUICK_RELEASE_SECONDS, sample_rate),
            quick_decay: decay(QUICK_RELEASE_SECONDS, sample_rate),
            sustain_decay: decay(SUSTAIN_SECONDS, sample_rate),
            sample_rate,
        }
    }

    fn set(&mut self, release: Release) {
        self.automatic = release == Release::Auto;
        self.decay = match release {
            Release::Auto => self.quick_decay,
            Release::Milliseconds(milliseconds) => {
                let range = Release::MILLISECONDS;
                decay(f64::from(milliseconds.clamp(*range.start(), *range.end())) / 1e3, self.sample_rate)
            }
        };
    }

    fn reset(&mut self) {
        self.depth = 0.0;
        self.sustained = 0.0;
        self.rested = 0;
    }

    fn next(&mut self, required: u32, held: u32, recurring: bool) -> u32 {
        let one = f64::from(FULL_REDUCTION);
        let floor = f64::from(held) / one;
        if self.depth == 0.0 {
            if held == 0 {
                self.rested += 1;
                return 0;
            }
            self.sustained *= libm::exp(-(self.rested as f64) / (SUSTAIN_SECONDS * self.sample_rate));
            self.rested = 0;
        }
        if floor >= self.depth {
            self.depth = floor;
        } else if !(recurring && self.depth - floor < STEADY) {
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

/// Factor per sample of an exponential decay.
fn decay(time_constant_seconds: f64, sample_rate: f64) -> f64 {
    libm::exp(-1.0 / (time_constant_seconds * sample_rate))
}

/// Running sum over a number of samples.
struct RunningSum {
    ring: Vec<u64>,
    oldest: usize,
    sum: u64,
}

impl RunningSum {
    fn new(length: usize) -> Self {
        Self { ring: vec![0; length], oldest: 0, sum: 0 }
    }

    fn reset(&mut self) {
        self.ring.fill(0);
        self.oldest = 0;
        self.sum = 0;
    }

    fn push(&mut self, value: u64) -> u64 {
        self.sum = self.sum - self.ring[self.oldest] + value;
        self.ring[self.oldest] = value;
        self.oldest = if self.oldest + 1 == self.ring.len() { 0 } else { self.oldest + 1 };
        self.sum
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

    #[test]
    fn never_reduces_less_than_required() {
        for release in [Release::Auto, Release::Milliseconds(5), Release::Milliseconds(500)] {
            let mut envelope = Envelope::new(RATE, LOOKAHEAD);
            envelope.set_release(release);
            let required = random_requirements(50_000);
            let applied: Vec<f64> = required.iter().map(|&r| envelope.next(r)).collect();
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
            for r in random_requirements(5_000) {
                assert_eq!(waiting.next(r), skipping.next(r), "round {round}");
            }
            let mut last = 1.0;
            for _ in 0..20 * RATE {
                last = waiting.next(0);
                if skipping.is_idle() {
                    skipping.skip(1);
                } else {
                    skipping.next(0);
                }
            }
            assert_eq!(last, 0.0);
            assert!(waiting.is_idle() && skipping.is_idle());
        }
    }

    #[test]
    fn holds_recurring_peaks_and_releases_single_ones() {
        let half = FULL_REDUCTION / 2;
        let mut envelope = Envelope::new(RATE, LOOKAHEAD);
        // A peak every 5 ms: after the second one the reduction stands still.
        let applied: Vec<f64> =
            (0..RATE as usize).map(|n| envelope.next(if n % 240 == 0 { half } else { 0 })).collect();
        assert!(applied[2_000..].iter().all(|&reduction| reduction == 0.5));
        // One peak: within 20 ms a good part of it has gone.
        envelope.reset();
        let applied: Vec<f64> = (0..960).map(|n| envelope.next(if n == 0 { half } else { 0 })).collect();
        assert!(applied[959] < 0.35, "{}", applied[959]);
    }
}
