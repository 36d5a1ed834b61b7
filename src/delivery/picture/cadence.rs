//! The frame rate that a list of frame durations tells.

use crate::delivery::timecode::FrameRate;

/// Frame durations in ticks of a clock, as runs of equal ones, and how well each rate fits them. Constant
/// memory; nothing is rounded.
#[derive(Debug, Clone)]
pub struct Cadence {
    /// Ticks a second, at least 1.
    timescale: u32,
    /// Frames and ticks before the run at hand.
    frames: u64,
    ticks: u128,
    /// The run at hand: frames, and ticks each.
    run: (u64, u32),
    /// Runs, and the duration of the first.
    runs: u64,
    first: u32,
    /// For each of [`FrameRate::ALL`], how far frames start before and after their place on its grid, in
    /// ticks times the numerator of the rate.
    off: [(i128, i128); FrameRate::ALL.len()],
}

impl Cadence {
    pub fn new(timescale: u32) -> Self {
        let timescale = timescale.max(1);
        Self { timescale, frames: 0, ticks: 0, run: (0, 0), runs: 0, first: 0, off: Default::default() }
    }

    /// Adds frames that last `ticks` each.
    pub fn push(&mut self, frames: u32, ticks: u32) {
        if frames == 0 {
            return;
        }
        let (before, duration) = self.run;
        if before == 0 {
            (self.first, self.runs) = (ticks, 1);
        } else if duration != ticks {
            self.ticks += u128::from(before) * u128::from(duration);
            self.frames += before;
            self.off = self.offsets(self.frames, self.ticks);
            self.runs += 1;
            self.run = (0, ticks);
        }
        self.run = (self.run.0 + u64::from(frames), ticks);
    }

    /// The number of frames.
    pub fn frames(&self) -> u64 {
        self.frames + self.run.0
    }

    /// The sum of their durations.
    pub fn ticks(&self) -> u128 {
        self.ticks + u128::from(self.run.0) * u128::from(self.run.1)
    }

    /// Frames a second on average, to thousandths, without trailing zeros.
    pub fn average(&self) -> String {
        let rate = self.frames() as f64 * f64::from(self.timescale) / (self.ticks() as f64).max(1.0);
        let text = format!("{rate:.3}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// The offsets with the frame number `frame`, which starts at `ticks`, among them.
    fn offsets(&self, frame: u64, ticks: u128) -> [(i128, i128); FrameRate::ALL.len()] {
        let mut off = self.off;
        for (rate, (early, late)) in FrameRate::ALL.into_iter().zip(&mut off) {
            let place = u128::from(frame) * u128::from(self.timescale) * u128::from(rate.denominator());
            let start = ticks * u128::from(rate.numerator());
            // Tables of 2^24 entries of 32-bit numbers stay far below 2^127.
            let offset = start as i128 - place as i128;
            *early = (*early).min(offset);
            *late = (*late).max(offset);
        }
        off
    }

    /// The rates that these durations may mean: one if they tell it, several if there are too few frames
    /// for the jitter or the coarse clock, none if no rate of a delivery fits. How long the last frame lasts
    /// does not count: writers guess it.
    pub fn rates(&self) -> Vec<FrameRate> {
        let (count, duration) = self.run;
        if count == 0 {
            return Vec::new();
        }
        if self.runs == 1 || (self.runs == 2 && count == 1) {
            let exact = FrameRate::ALL.into_iter().find(|&rate| self.is_exact(rate));
            if let Some(rate) = exact {
                return vec![rate];
            }
        }
        let last = (self.frames() - 1, self.ticks + u128::from(count - 1) * u128::from(duration));
        let off = self.offsets(last.0, last.1);
        let fitting = |fits: &dyn Fn(FrameRate, i128) -> bool| -> Vec<FrameRate> {
            let rates = FrameRate::ALL.into_iter().zip(off);
            rates.filter(|&(rate, (early, late))| fits(rate, late - early)).map(|(rate, _)| rate).collect()
        };
        // Rounded to the clock, all starts are off by less than a tick from each other.
        let rounded = fitting(&|rate, spread| spread < i128::from(rate.numerator()));
        if !rounded.is_empty() {
            return rounded;
        }
        // Jittery frames still come one in each frame of the rate, and on average as often: within half of
        // what 23.976 and 24 differ by.
        let frame = |rate: FrameRate| i128::from(self.timescale) * i128::from(rate.denominator());
        fitting(&|rate, spread| {
            let (place, start) =
                (i128::from(last.0) * frame(rate), last.1 as i128 * i128::from(rate.numerator()));
            2 * spread <= frame(rate) && 2000 * (start - place).abs() <= place
        })
    }

    /// Whether the first duration is that of the rate, or of its name: 23.976 for 24000/1001.
    fn is_exact(&self, rate: FrameRate) -> bool {
        let ticks = u128::from(self.timescale) * u128::from(rate.denominator());
        let duration = u128::from(self.first) * u128::from(rate.numerator());
        duration > 0 && 500_000 * duration.abs_diff(ticks) <= ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(timescale: u32, runs: &[(u32, u32)]) -> Vec<FrameRate> {
        let mut cadence = Cadence::new(timescale);
        runs.iter().for_each(|&(frames, ticks)| cadence.push(frames, ticks));
        cadence.rates()
    }

    /// Frames of the rate, each starting at the nearest tick of the clock, or as far off as `jitter` says.
    fn on_a_clock(
        rate: FrameRate,
        timescale: u32,
        frames: u64,
        jitter: impl Fn(u64) -> f64,
    ) -> Vec<FrameRate> {
        let seconds = |frame: u64| {
            (frame as f64 + jitter(frame)) * f64::from(rate.denominator()) / f64::from(rate.numerator())
        };
        let tick = |frame: u64| (seconds(frame) * f64::from(timescale)).round() as u32;
        let runs: Vec<(u32, u32)> = (0..frames).map(|n| (1, tick(n + 1) - tick(n))).collect();
        rates(timescale, &runs)
    }

    #[test]
    fn exact_durations_tell_the_rate_at_once() {
        for (timescale, ticks, rate) in [
            (24_000, 1001, FrameRate::Fps23_976),
            (12_288, 512, FrameRate::Fps24),
            (12_800, 512, FrameRate::Fps25),
            (30_000, 1001, FrameRate::Fps29_97),
            (600, 20, FrameRate::Fps30),
            (50, 1, FrameRate::Fps50),
            (60_000, 1001, FrameRate::Fps59_94),
            (90_000, 1500, FrameRate::Fps60),
            // The names of the rates taken for the rates.
            (23_976, 1000, FrameRate::Fps23_976),
            (2997, 100, FrameRate::Fps29_97),
        ] {
            assert_eq!(rates(timescale, &[(1, ticks)]), [rate]);
            assert_eq!(rates(timescale, &[(172_800, ticks)]), [rate]);
            // The last frame lasts whatever its writer thought.
            assert_eq!(rates(timescale, &[(1000, ticks), (1, 0)]), [rate]);
            assert_eq!(rates(timescale, &[(1000, ticks), (1, 100_000)]), [rate]);
        }
    }

    #[test]
    fn coarse_clocks_are_averaged() {
        for rate in FrameRate::ALL {
            for timescale in [600, 1000, 90_000] {
                assert_eq!(on_a_clock(rate, timescale, 5000, |_| 0.0), [rate], "{rate} at {timescale}");
            }
            let jitter = |frame: u64| if frame == 0 { 0.0 } else { 0.2 * (frame as f64 * 1.7).sin() };
            assert_eq!(on_a_clock(rate, 90_000, 5000, jitter), [rate], "{rate}");
        }
        // Where a clock counts milliseconds, 23.976 and 24 are one for a while.
        let both = on_a_clock(FrameRate::Fps24, 1000, 10, |_| 0.0);
        assert_eq!(both, [FrameRate::Fps23_976, FrameRate::Fps24]);
    }

    #[test]
    fn what_is_no_rate_of_a_delivery_is_unknown() {
        assert_eq!(rates(48, &[(1000, 1)]), []);
        assert_eq!(rates(120_000, &[(1000, 1001)]), []);
        assert_eq!(rates(15, &[(1000, 1)]), []);
        assert_eq!(rates(1000, &[(1000, 0)]), []);
        assert_eq!(rates(0, &[(7, 3)]), []);
        assert_eq!(rates(24, &[]), []);
        // Frames left out here and there, as screens are recorded.
        assert_eq!(rates(30, &[(100, 1), (1, 2), (100, 1), (1, 3), (100, 1)]), []);
        // Even, but a little fast.
        assert_eq!(rates(12_800, &[(20, 500)]), []);
        // Half at 24, half at 25.
        assert_eq!(rates(600, &[(1000, 25), (1000, 24)]), []);
    }

    #[test]
    fn the_largest_tables_do_not_overflow() {
        let mut cadence = Cadence::new(u32::MAX);
        for n in 0..1000 {
            cadence.push(u32::MAX, u32::MAX - n % 2);
        }
        assert_eq!(cadence.rates(), []);
        assert_eq!(cadence.frames(), 1000 * u64::from(u32::MAX));
        assert_eq!(cadence.average(), "1");
    }
}
