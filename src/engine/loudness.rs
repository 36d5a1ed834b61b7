//! Loudness by ITU-R BS.1770-5 and EBU Tech 3341 / 3342, in steps of 10 ms.
//!
//! The K-weighting and the energy of each step come from the `ebur128` crate. Windows and gates are built
//! from the steps, because that costs next to nothing: the crate sums all samples of a window each time,
//! for the loudness range 3 s of them in one block, which at high rates takes longer than the block lasts.

use ebur128::{EbuR128, Mode};

use super::histogram::{Histogram, energy_from_lufs, lufs_from_energy};
use super::measurement::Loudness;

/// Length of a step in milliseconds: the grid on which maxima are found.
const STEP_MS: u32 = 10;
/// Steps of a tenth of a second: the gated values count a window in each.
pub const TENTH_STEPS: u64 = 10;
const MOMENTARY_SECONDS: f64 = 0.4;
const SHORT_TERM_SECONDS: f64 = 3.0;
/// Relative gate of the integrated loudness (BS.1770-5).
const INTEGRATED_GATE_LU: f64 = 10.0;
/// Relative gate of the loudness range, and the shares of its ends (Tech 3342).
const RANGE_GATE_LU: f64 = 20.0;
const RANGE_SHARES: [f64; 2] = [0.1, 0.95];

/// Samples of a step: 10 ms, rounded down to whole samples.
pub fn step_samples(sample_rate: u32) -> usize {
    (sample_rate / (1000 / STEP_MS)).max(1) as usize
}

/// Momentary and short-term loudness of one channel.
pub struct LoudnessMeter {
    weighting: Option<EbuR128>,
    /// Mean energies of the last steps of the longer window.
    ring: Vec<f64>,
    newest: usize,
    momentary_steps: usize,
}

impl LoudnessMeter {
    /// For one channel. At rates that BS.1770 filters do not exist for, all is silence.
    pub fn new(sample_rate: u32) -> Self {
        // A step of whole samples may be a little shorter than 10 ms.
        let steps = |seconds: f64| seconds * f64::from(sample_rate) / step_samples(sample_rate) as f64;
        Self {
            weighting: EbuR128::new(1, sample_rate, Mode::M).ok(),
            ring: vec![0.0; (steps(SHORT_TERM_SECONDS).round() as usize).max(1)],
            newest: 0,
            momentary_steps: (steps(MOMENTARY_SECONDS).round() as usize).max(1),
        }
    }

    /// As new.
    pub fn reset(&mut self) {
        if let Some(weighting) = &mut self.weighting {
            weighting.reset();
        }
        self.ring.fill(0.0);
        self.newest = 0;
    }

    /// Takes one step of [`step_samples`] finite samples.
    pub fn step(&mut self, samples: &[f32]) {
        let energy = self.step_energy(samples);
        self.newest = if self.newest + 1 < self.ring.len() { self.newest + 1 } else { 0 };
        self.ring[self.newest] = energy;
    }

    fn step_energy(&mut self, samples: &[f32]) -> f64 {
        let Some(weighting) = &mut self.weighting else { return 0.0 };
        // Once the filter has rung out, silence stays silence.
        if self.ring[self.newest] == 0.0 && samples.iter().all(|&x| x == 0.0) {
            return 0.0;
        }
        let loudness = weighting.add_frames_f32(samples).and_then(|()| weighting.loudness_window(STEP_MS));
        energy_from_lufs(loudness.unwrap_or(f64::NEG_INFINITY))
    }

    /// Mean energy of the last so many steps.
    fn energy(&self, steps: usize) -> f64 {
        let first = self.newest + 1;
        let sum = match first.checked_sub(steps) {
            Some(from) => sum(&self.ring[from..first]),
            None => sum(&self.ring[self.ring.len() + first - steps..]) + sum(&self.ring[..first]),
        };
        sum / steps as f64
    }

    /// Loudness of the last 400 ms, in LUFS.
    pub fn momentary_lufs(&self) -> f64 {
        lufs_from_energy(self.energy(self.momentary_steps))
    }

    /// Loudness of the last 3 s, in LUFS.
    pub fn short_term_lufs(&self) -> f64 {
        lufs_from_energy(self.energy(self.ring.len()))
    }
}

/// A sum whose parts need not wait for each other.
fn sum(energies: &[f64]) -> f64 {
    let (chunks, rest) = energies.as_chunks::<4>();
    let parts = chunks.iter().fold([0.0; 4], |mut parts, chunk| {
        parts.iter_mut().zip(chunk).for_each(|(part, energy)| *part += energy);
        parts
    });
    parts.iter().sum::<f64>() + rest.iter().sum::<f64>()
}

/// All that a programme's loudness is described by.
pub struct ProgrammeLoudness {
    meter: LoudnessMeter,
    steps: u64,
    blocks: Histogram,
    short_terms: Histogram,
}

impl ProgrammeLoudness {
    /// For one channel, the programme's fold.
    pub fn new(sample_rate: u32) -> Self {
        Self {
            meter: LoudnessMeter::new(sample_rate),
            steps: 0,
            blocks: Histogram::new(),
            short_terms: Histogram::new(),
        }
    }

    /// As new.
    pub fn reset(&mut self) {
        self.meter.reset();
        self.steps = 0;
        self.blocks.reset();
        self.short_terms.reset();
    }

    /// Takes one step of [`step_samples`] finite samples and brings `loudness` up to date: the gated values
    /// every 100 ms.
    pub fn step(&mut self, samples: &[f32], loudness: &mut Loudness) {
        self.meter.step(samples);
        self.steps += 1;
        loudness.momentary_lufs = self.meter.momentary_lufs();
        loudness.short_term_lufs = self.meter.short_term_lufs();
        loudness.max_momentary_lufs = loudness.max_momentary_lufs.max(loudness.momentary_lufs);
        loudness.max_short_term_lufs = loudness.max_short_term_lufs.max(loudness.short_term_lufs);
        if !self.steps.is_multiple_of(TENTH_STEPS) {
            return;
        }
        if self.steps >= self.meter.momentary_steps as u64 {
            self.blocks.add(self.meter.energy(self.meter.momentary_steps));
            loudness.integrated_lufs = self.blocks.gated_lufs(INTEGRATED_GATE_LU);
        }
        if self.steps >= self.meter.ring.len() as u64 {
            self.short_terms.add(self.meter.energy(self.meter.ring.len()));
            let ends = self.short_terms.percentiles_lufs(RANGE_GATE_LU, RANGE_SHARES);
            loudness.range_lu = ends.map_or(0.0, |[low, high]| high - low);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(sample_rate: u32, frequency: f64, amplitude: f64, seconds: f64) -> Vec<f32> {
        let length = (seconds * f64::from(sample_rate)) as usize;
        (0..length)
            .map(|n| (amplitude * (TAU * frequency * n as f64 / f64::from(sample_rate)).sin()) as f32)
            .collect()
    }

    /// BS.1770-5: a 997 Hz sine at full scale in one channel reads -3.01 LKFS.
    #[test]
    fn a_full_scale_tone_reads_as_the_recommendation_says_at_every_rate() {
        for rate in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000, 384_000] {
            let mut meter = LoudnessMeter::new(rate);
            tone(rate, 997.0, 1.0, 4.0).chunks_exact(step_samples(rate)).for_each(|step| meter.step(step));
            for lufs in [meter.momentary_lufs(), meter.short_term_lufs()] {
                assert!((lufs + 3.01).abs() < 0.05, "{rate} Hz: {lufs}");
            }
        }
    }

    /// The last sample that a window sees is the newest, its first lies 400 ms or 3 s before.
    #[test]
    fn windows_are_as_long_as_they_should_be_at_every_rate() {
        for rate in [8_000, 8_099, 11_025, 22_050, 44_100, 48_000, 96_000] {
            let step = step_samples(rate);
            for (seconds, of) in [
                (0.4, LoudnessMeter::momentary_lufs as fn(&LoudnessMeter) -> f64),
                (3.0, LoudnessMeter::short_term_lufs),
            ] {
                let mut meter = LoudnessMeter::new(rate);
                tone(rate, 997.0, 0.5, 5.0).chunks_exact(step).for_each(|samples| meter.step(samples));
                let full = of(&meter);
                // Silence for half the window: half the energy.
                let silence = vec![0.0; step];
                let half = (seconds / 2.0 * f64::from(rate) / step as f64).round() as usize;
                (0..half).for_each(|_| meter.step(&silence));
                assert!((of(&meter) - (full - 3.01)).abs() < 0.15, "{rate} Hz, {seconds} s: {}", of(&meter));
                (0..half + 101).for_each(|_| meter.step(&silence));
                assert!(of(&meter) < -90.0, "{rate} Hz, {seconds} s: {}", of(&meter));
            }
        }
    }

    #[test]
    fn sleeping_through_silence_changes_nothing_and_reset_is_as_new() {
        let burst = tone(48_000, 200.0, 0.3, 1.0);
        let silence = vec![0.0f32; 480];
        let mut meter = ProgrammeLoudness::new(48_000);
        let mut crate_itself = EbuR128::new(1, 48_000, Mode::I | Mode::S).unwrap();
        let mut first = Loudness::default();
        for round in 0..2 {
            let mut loudness = Loudness::default();
            for _ in 0..3 {
                for step in burst.chunks(480).chain(std::iter::repeat_n(&silence[..], 700)) {
                    meter.step(step, &mut loudness);
                    if round == 0 {
                        crate_itself.add_frames_f32(step).unwrap();
                    }
                }
            }
            if round == 0 {
                let expected = crate_itself.loudness_global().unwrap();
                assert!((loudness.integrated_lufs - expected).abs() < 0.01);
                first = loudness;
            } else {
                assert_eq!(loudness, first);
            }
            assert_eq!(loudness.momentary_lufs, f64::NEG_INFINITY);
            meter.reset();
        }
    }
}
