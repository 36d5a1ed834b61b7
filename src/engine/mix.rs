//! Measuring what comes into the bus, before the limiter: dialogue, walla, and the one over the other.

use super::faults::FaultMeter;
use super::loudness::{LoudnessMeter, TENTH_STEPS, step_samples};
use super::measurement::{InputLoudness, Measured, Mix, Programme, Separation};
use super::programme::sounding;

/// An input sounds while its short-term and its momentary loudness are above this: the one alone would hear a line
/// for three seconds after its end.
const SOUNDING_LUFS: f64 = -50.0;
/// The dialogue is to be at least so far above the walla.
const SEPARATION_LU: f64 = 6.0;

/// Measures the inputs of the bus, in steps of 10 ms, so that the sizes of blocks cannot matter.
pub struct MixMeter {
    dialogue: Input,
    walla: Input,
    filled: usize,
    step_samples: usize,
    /// Complete steps.
    steps: u64,
    faults: FaultMeter,
    measured: Measured,
    /// Where the present stretch of too little separation began.
    below_since: Option<u64>,
    /// The lowest separation of the present tenth of a second and the one before, by their numbers' parity.
    tenths: [f32; 2],
}

/// One input, `[channel][sample]`.
struct Input {
    step: Vec<Vec<f32>>,
    mono: Vec<f32>,
    meter: LoudnessMeter,
}

impl MixMeter {
    /// For two inputs of so many channels.
    pub fn new(sample_rate: u32, channels: usize) -> Self {
        let step_samples = step_samples(sample_rate);
        let input = || Input {
            step: vec![vec![0.0; step_samples]; channels],
            mono: vec![0.0; if channels > 1 { step_samples } else { 0 }],
            meter: LoudnessMeter::new(sample_rate),
        };
        Self {
            dialogue: input(),
            walla: input(),
            filled: 0,
            step_samples,
            steps: 0,
            faults: FaultMeter::new(sample_rate, 2 * channels),
            measured: Measured::All,
            below_since: None,
            tenths: [f32::INFINITY; 2],
        }
    }

    /// Measures more or less.
    pub fn measure(&mut self, measured: Measured) {
        self.measured = measured;
    }

    /// As new.
    pub fn reset(&mut self) {
        self.dialogue.meter.reset();
        self.walla.meter.reset();
        self.filled = 0;
        self.steps = 0;
        self.faults.reset();
        self.below_since = None;
        self.tenths = [f32::INFINITY; 2];
    }

    /// The lowest separation in a tenth of a second, the present or the one before; infinite where not both
    /// sound.
    pub fn separation_lu(&self, tenth: u64) -> f32 {
        self.tenths[(tenth % 2) as usize]
    }

    /// Takes the next samples, `[channel][sample]`, all of one length.
    pub fn process<C: AsRef<[f32]>>(
        &mut self,
        dialogue: &[C],
        walla: &[C],
        mix: &mut Mix,
        programme: &mut Programme,
    ) {
        if self.measured == Measured::Peaks {
            return;
        }
        let length = dialogue.first().map_or(0, |channel| channel.as_ref().len());
        let mut done = 0;
        while done < length {
            let count = (self.step_samples - self.filled).min(length - done);
            for (input, channels) in [(&mut self.dialogue, dialogue), (&mut self.walla, walla)] {
                for (step, samples) in input.step.iter_mut().zip(channels) {
                    let samples = &samples.as_ref()[done..][..count];
                    step[self.filled..][..count].copy_from_slice(samples);
                }
            }
            done += count;
            self.filled += count;
            if self.filled == self.step_samples {
                self.take_step(mix, programme);
            }
        }
    }

    /// Takes the incomplete step at the end.
    pub fn finish(&mut self, mix: &mut Mix, programme: &mut Programme) {
        if self.filled > 0 {
            self.take_step(mix, programme);
        }
    }

    fn take_step(&mut self, mix: &mut Mix, programme: &mut Programme) {
        let length = std::mem::take(&mut self.filled);
        let position = self.steps * self.step_samples as u64;
        let channels = self.dialogue.step.iter().chain(&self.walla.step);
        for (channel, step) in channels.enumerate() {
            let (clipped, drop_outs) = (&mut programme.clipped, &mut programme.drop_outs);
            self.faults.process(channel, &step[..length], position, clipped, drop_outs);
        }
        self.dialogue.count(length, &mut mix.dialogue);
        self.walla.count(length, &mut mix.walla);
        if length < self.step_samples {
            return;
        }
        if self.measured == Measured::All {
            self.dialogue.measure(&mut mix.dialogue);
            self.walla.measure(&mut mix.walla);
            let sounds =
                |input: &InputLoudness| input.short_term_lufs.min(input.momentary_lufs) > SOUNDING_LUFS;
            let both = sounds(&mix.dialogue) && sounds(&mix.walla);
            let separation = mix.dialogue.short_term_lufs - mix.walla.short_term_lufs;
            self.separate(both.then_some(separation), position, &mut mix.separation);
        }
        self.steps += 1;
        if self.steps.is_multiple_of(TENTH_STEPS) {
            self.tenths[(self.steps / TENTH_STEPS % 2) as usize] = f32::INFINITY;
        }
    }

    /// Counts a step at `position`, in which the dialogue was `now_lu` above the walla, if both sounded.
    fn separate(&mut self, now_lu: Option<f64>, position: u64, separation: &mut Separation) {
        let samples = self.step_samples as u64;
        separation.now_lu = now_lu;
        let Some(lu) = now_lu else {
            self.below_since = None;
            return;
        };
        let tenth = &mut self.tenths[(self.steps / TENTH_STEPS % 2) as usize];
        *tenth = tenth.min(lu as f32);
        separation.both_samples += samples;
        if separation.lowest_lu.is_none_or(|lowest| lu < lowest) {
            separation.lowest_lu = Some(lu);
            separation.lowest_sample = position;
        }
        if lu >= SEPARATION_LU {
            self.below_since = None;
            return;
        }
        separation.below_samples += samples;
        let since = *self.below_since.get_or_insert(position);
        let stretch = position + samples - since;
        if stretch > separation.longest_below_samples {
            separation.longest_below_samples = stretch;
            separation.longest_below_start = since;
        }
    }
}

impl Input {
    fn count(&self, length: usize, loudness: &mut InputLoudness) {
        loudness.sounding_samples += sounding(&self.step, length);
    }

    fn measure(&mut self, loudness: &mut InputLoudness) {
        match &self.step[..] {
            [only] => self.meter.step(only),
            several => {
                self.mono.fill(0.0);
                let share = 1.0 / several.len().max(1) as f32;
                for channel in several {
                    self.mono.iter_mut().zip(channel).for_each(|(mono, x)| *mono += x * share);
                }
                self.meter.step(&self.mono);
            }
        }
        loudness.momentary_lufs = self.meter.momentary_lufs();
        loudness.short_term_lufs = self.meter.short_term_lufs();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A full-scale 997 Hz tone in one channel reads -3.01 LKFS (BS.1770-5).
    fn tone(level_lufs: f64, seconds: f64) -> Vec<f32> {
        let amplitude = 10f64.powf((level_lufs + 3.01) / 20.0);
        let wave = |n: usize| (std::f64::consts::TAU * 997.0 * n as f64 / 48_000.0).sin();
        (0..(seconds * 48_000.0) as usize).map(|n| (amplitude * wave(n)) as f32).collect()
    }

    fn measured(dialogue: &[f32], walla: &[f32], size: usize) -> (Mix, Programme) {
        let mut meter = MixMeter::new(48_000, 1);
        let (mut mix, mut programme) = (Mix::default(), Programme::with_room());
        for (dialogue, walla) in dialogue.chunks(size).zip(walla.chunks(size)) {
            meter.process(&[dialogue], &[walla], &mut mix, &mut programme);
        }
        meter.finish(&mut mix, &mut programme);
        (mix, programme)
    }

    #[test]
    fn the_dialogue_is_compared_while_both_sound() {
        // 20 s of dialogue; walla comes 4 s later: 10 dB under it for 6 s, then 3 dB under it for 6 s.
        let dialogue = tone(-25.0, 20.0);
        let walla =
            [vec![0.0; 4 * 48_000], tone(-35.0, 6.0), tone(-28.0, 6.0), vec![0.0; 4 * 48_000]].concat();
        let (mix, _) = measured(&dialogue, &walla, 1000);
        let separation = mix.separation;
        assert!((separation.lowest_lu.unwrap() - 3.0).abs() < 0.1);
        assert_eq!(separation.now_lu, None, "the walla has ended");
        // Short-term loudness rises to -50 within 3 s x 10^(-15 / 10); momentary falls under it after all but so
        // much of its 0.4 s.
        let seconds = |samples: u64| samples as f64 / 48_000.0;
        let both = 12.0 - 3.0 * 10f64.powf(-1.5) + 0.4 * (1.0 - 10f64.powf(-2.2));
        assert!(
            (seconds(separation.both_samples) - both).abs() < 0.05,
            "{}",
            seconds(separation.both_samples)
        );
        // Below 6 LU: from when x s of the louder walla make the window's mean 4 dB over -35, to its end.
        let x = |above: f64, from: f64, to: f64| {
            let (mean, from, to) = (10f64.powf(above / 10.0), 10f64.powf(from / 10.0), 10f64.powf(to / 10.0));
            3.0 * (mean - from) / (to - from)
        };
        let (begin, end) = (10.0 + x(-31.0, -35.0, -28.0), 16.0 + 0.4 * (1.0 - 10f64.powf(-2.2)));
        assert!((seconds(separation.longest_below_start) - begin).abs() < 0.05);
        assert!((seconds(separation.longest_below_samples) - (end - begin)).abs() < 0.05);
        assert_eq!(separation.below_samples, separation.longest_below_samples);
        assert_eq!(
            (mix.dialogue.sounding_samples, mix.walla.momentary_lufs),
            (dialogue.iter().filter(|&&x| x != 0.0).count() as u64, f64::NEG_INFINITY)
        );
        for size in [1, 64, 4096, usize::MAX / 2] {
            assert_eq!(measured(&dialogue, &walla, size).0, mix);
        }
    }

    #[test]
    fn a_stretch_ends_where_one_of_both_falls_silent() {
        // Walla 10 dB under the dialogue throughout; the dialogue pauses for 10 s.
        let dialogue = [tone(-25.0, 10.0), vec![0.0; 480_000], tone(-25.0, 10.0)].concat();
        let separation = measured(&dialogue, &tone(-35.0, 30.0), 1000).0.separation;
        // When the dialogue comes back its 3 s are over -50 from 10^(-25 / 10) of them on, and under -29 until
        // 10^(-4 / 10). When it goes, it is silent before they are.
        let stretch = 3.0 * (10f64.powf(-0.4) - 10f64.powf(-2.5));
        let seconds = |samples: u64| samples as f64 / 48_000.0;
        assert!((seconds(separation.longest_below_samples) - stretch).abs() < 0.03, "{separation:?}");
        assert_eq!(separation.below_samples, separation.longest_below_samples);
    }

    #[test]
    fn faults_of_either_input_are_found() {
        let mut dialogue = tone(-20.0, 1.0);
        dialogue[20_013..20_113].fill(0.0);
        let walla: Vec<f32> = tone(-8.0, 1.0).iter().map(|x| x.clamp(-0.3, 0.3)).collect();
        let (_, programme) = measured(&dialogue, &walla, 512);
        assert_eq!(programme.drop_outs.worst[0].sample, 20_013);
        assert_eq!((programme.drop_outs.count, programme.clipped.count), (1, 1));
        assert!((programme.clipped.worst[0].level - 0.3).abs() < 1e-6);
    }
}
