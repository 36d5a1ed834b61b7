//! Measuring a programme: the output of the bus, or a file. All faces show what this reads.

use super::decibel::linear_from_tenths;
use super::faults::FaultMeter;
use super::kernel::Kernel;
use super::loudness::{ProgrammeLoudness, TENTH_STEPS, step_samples};
use super::marks::Marker;
use super::measurement::{Bin, Mark, Marks, Measured, Programme};
use super::speech::SpeechMeter;
use super::true_peak::{Peak, TruePeakMeter};
use super::{SAMPLE_RATES, is_sound};

/// Overs closer than this are told as one.
pub const JOIN_SECONDS: f64 = 0.1;

/// Measures a finished programme of any number of channels, in blocks of any length.
pub struct ProgrammeMeter {
    reader: Reader,
    /// What of the input is sound, `[channel][sample]`.
    sound: Vec<Vec<f32>>,
    programme: Programme,
    sample_rate: u32,
}

impl ProgrammeMeter {
    /// For `channels` channels at `sample_rate` Hz; rates outside [`SAMPLE_RATES`] are measured as the nearest
    /// inside. `ceiling_tenths_dbtp` is the delivery's, which overs are told of. Allocates all that it needs.
    pub fn new(sample_rate: u32, channels: usize, ceiling_tenths_dbtp: i32) -> Self {
        let rate = sample_rate.clamp(*SAMPLE_RATES.start(), *SAMPLE_RATES.end());
        let mut reader = Reader::new(rate, channels, ceiling_tenths_dbtp, None);
        reader.faults = Some(FaultMeter::new(rate, channels));
        let sound = vec![vec![0.0; reader.step_samples]; channels];
        let mut meter = Self { reader, sound, programme: Programme::with_room(), sample_rate };
        meter.reset();
        meter
    }

    /// Measures more or less, everything at first. Call it before any sound.
    pub fn measure(&mut self, measured: Measured) {
        self.reader.measure(measured);
    }

    /// As new.
    pub fn reset(&mut self) {
        self.reader.start(&mut self.programme);
        self.programme.sample_rate = self.sample_rate;
    }

    /// Takes the next samples, `block[channel][sample]`, as many channels as the meter has. What is no sound
    /// is counted and read as silence. Never allocates.
    pub fn process<C: AsRef<[f32]>>(&mut self, block: &[C]) {
        if self.sound.is_empty() || block.len() < self.sound.len() {
            return;
        }
        let length = block.iter().map(|channel| channel.as_ref().len()).min().unwrap_or(0);
        let mut from = 0;
        while from < length {
            let count = self.reader.room().min(length - from);
            for (sound, samples) in self.sound.iter_mut().zip(block) {
                let samples = &samples.as_ref()[from..from + count];
                self.programme.invalid_samples += copy_sound(samples, sound);
            }
            self.reader.process(&self.sound, 0, count, &mut self.programme);
            from += count;
        }
    }

    /// Takes the incomplete step at the end, and reads what rings on after it. Call it once, at the end.
    pub fn finish(&mut self) {
        self.reader.finish(&mut self.programme);
    }

    /// What has been measured, up to the last whole step of 10 ms, or to the end after [`Self::finish`].
    pub fn programme(&self) -> &Programme {
        &self.programme
    }
}

/// Copies samples, silence instead of what is no sound; gives the number of those.
fn copy_sound(from: &[f32], to: &mut [f32]) -> u64 {
    let mut invalid = 0;
    for (to, &from) in to.iter_mut().zip(from) {
        let valid = is_sound(from);
        *to = if valid { from } else { 0.0 };
        invalid += u32::from(!valid);
    }
    u64::from(invalid)
}

/// The part of the measurement that bus and file have in common. Works in steps of 10 ms, so that the sizes
/// of blocks cannot matter.
pub(super) struct Reader {
    sample_rate: u32,
    /// The step that is being filled, `[channel][sample]`, unless peaks alone are measured.
    step: Vec<Vec<f32>>,
    filled: usize,
    step_samples: usize,
    /// Complete steps.
    steps: u64,
    true_peak: TruePeakMeter,
    overs: Marker,
    /// For stereo.
    fold_peak: Option<FoldPeak>,
    /// For a file: the bus looks for faults in what comes in.
    pub faults: Option<FaultMeter>,
    /// The mean of all channels, unless there is but one.
    mono: Vec<f32>,
    measured: Measured,
    loudness: ProgrammeLoudness,
    speech: SpeechMeter,
    /// The tenth of a second that is being filled.
    bin: Bin,
    /// Sum of the mono samples.
    sum: f64,
}

impl Reader {
    /// For `channels` channels; overs of the ceiling are told.
    pub fn new(sample_rate: u32, channels: usize, ceiling_tenths_dbtp: i32, kernel: Option<Kernel>) -> Self {
        let step_samples = step_samples(sample_rate);
        let mut true_peak = TruePeakMeter::new(channels, step_samples, kernel);
        true_peak.set_ceiling(linear_from_tenths(ceiling_tenths_dbtp) as f32);
        let mut reader = Self {
            sample_rate,
            step: vec![vec![0.0; step_samples]; channels],
            filled: 0,
            step_samples,
            steps: 0,
            true_peak,
            overs: Marker::new((JOIN_SECONDS * f64::from(sample_rate)) as u64),
            fold_peak: (channels == 2).then(|| FoldPeak::new(step_samples, kernel)),
            faults: None,
            mono: vec![0.0; if channels > 1 { step_samples } else { 0 }],
            measured: Measured::All,
            loudness: ProgrammeLoudness::new(sample_rate),
            speech: SpeechMeter::new(sample_rate),
            bin: Bin::default(),
            sum: 0.0,
        };
        reader.measure(Measured::All);
        reader
    }

    /// Measures more or less.
    pub fn measure(&mut self, measured: Measured) {
        self.measured = measured;
        // The maximum of each tenth of a second is for the history.
        self.true_peak.set_recent(measured != Measured::Peaks);
    }

    /// Begins a programme, which must have room.
    pub fn start(&mut self, programme: &mut Programme) {
        programme.clear();
        programme.sample_rate = self.sample_rate;
        programme.channels = self.step.len();
        programme.history.start(self.step_samples as u64 * TENTH_STEPS);
        self.filled = 0;
        self.steps = 0;
        self.true_peak.reset();
        self.overs.reset();
        if let Some(fold_peak) = &mut self.fold_peak {
            fold_peak.meter.reset();
        }
        if let Some(faults) = &mut self.faults {
            faults.reset();
        }
        self.loudness.reset();
        self.speech.reset();
        self.bin = Bin::default();
        self.sum = 0.0;
    }

    /// Samples until the step is full.
    pub fn room(&self) -> usize {
        self.step_samples - self.filled
    }

    /// The number of the tenth of a second that is being filled.
    pub fn tenth(&self) -> u64 {
        self.steps / TENTH_STEPS
    }

    /// What was done to the samples that come next, for the history.
    pub fn note(&mut self, reduction_db: f64, separation_lu: f32) {
        let (before, reduction_db) = (self.bin, reduction_db as f32);
        self.bin.join(Bin { reduction_db, separation_lu, ..before });
    }

    /// Takes `block[channel][from..from + length]`, as many channels as it was made for, at most [`Self::room`]
    /// samples; all of it must be sound.
    pub fn process<C: AsRef<[f32]>>(
        &mut self,
        block: &[C],
        from: usize,
        length: usize,
        programme: &mut Programme,
    ) {
        let (overs, marker) = (&mut programme.overs, &mut self.overs);
        self.true_peak.process_range(block, from, length, |peak| mark(marker, overs, peak));
        if self.measured != Measured::Peaks {
            for (step, samples) in self.step.iter_mut().zip(block) {
                step[self.filled..][..length].copy_from_slice(&samples.as_ref()[from..][..length]);
            }
        }
        self.filled += length;
        if self.filled == self.step_samples {
            self.take_step(programme);
        }
    }

    /// Takes the incomplete step at the end, and reads what rings on after it.
    pub fn finish(&mut self, programme: &mut Programme) {
        if self.filled > 0 {
            self.take_step(programme);
        }
        let (overs, marker) = (&mut programme.overs, &mut self.overs);
        self.true_peak.finish_telling(|peak| mark(marker, overs, peak));
        if let Some(fold_peak) = &mut self.fold_peak {
            fold_peak.meter.finish();
            programme.fold = fold_peak.meter.precise();
        }
        self.take_peaks(programme);
        // What rang on belongs to the last tenth of a second.
        let last = self.true_peak.take_recent();
        let open = !self.steps.is_multiple_of(TENTH_STEPS);
        if open && self.measured != Measured::Peaks {
            self.bin.true_peak = last;
            programme.history.push(self.bin);
            self.bin = Bin::default();
        }
    }

    fn take_peaks(&mut self, programme: &mut Programme) {
        programme.precise = self.true_peak.precise();
        programme.annex_2 = self.true_peak.annex_2();
    }

    /// Measures the step: a whole one, or the last.
    fn take_step(&mut self, programme: &mut Programme) {
        let length = std::mem::take(&mut self.filled);
        self.take_peaks(programme);
        if self.measured == Measured::Peaks {
            programme.samples += length as u64;
            return;
        }
        if let Some(faults) = &mut self.faults {
            let Programme { clipped, drop_outs, samples, .. } = programme;
            for (channel, step) in self.step.iter().enumerate() {
                faults.process(channel, &step[..length], *samples, clipped, drop_outs);
            }
        }
        programme.sounding_samples += sounding(&self.step, length);
        if let ([left, right], Some(fold_peak)) = (&self.step[..], &mut self.fold_peak) {
            programme.unlike_samples += fold_peak.step(&left[..length], &right[..length]);
            programme.fold = fold_peak.meter.precise();
        }

        let mono = match &self.step[..] {
            [only] => &only[..length],
            several => {
                let mono = &mut self.mono[..length];
                mono.fill(0.0);
                let share = 1.0 / several.len() as f32;
                for channel in several {
                    mono.iter_mut().zip(channel).for_each(|(mono, x)| *mono += x * share);
                }
                &*mono
            }
        };
        self.sum += sum(mono);
        programme.samples += length as u64;
        programme.dc = self.sum / programme.samples as f64;
        self.steps += 1;
        let ends_tenth = self.steps.is_multiple_of(TENTH_STEPS);
        if self.measured == Measured::All {
            self.speech.process(mono, &mut programme.speech);
            // A loudness window that is not full is dropped.
            if length == self.step_samples {
                self.loudness.step(mono, &mut programme.loudness);
                let short_term = programme.loudness.short_term_lufs as f32;
                self.bin.short_term_lufs = self.bin.short_term_lufs.max(short_term);
            }
            if ends_tenth {
                self.speech.tenth(programme.loudness.momentary_lufs, &mut programme.speech);
            }
        }
        if ends_tenth {
            self.bin.true_peak = self.true_peak.take_recent();
            programme.history.push(self.bin);
            self.bin = Bin::default();
        }
    }
}

fn mark(marker: &mut Marker, marks: &mut Marks, peak: Peak) {
    marker.mark(marks, Mark { sample: peak.sample, samples: 1, level: peak.amplitude });
}

/// Samples at which any channel is other than zero.
pub(super) fn sounding<C: AsRef<[f32]>>(channels: &[C], length: usize) -> u64 {
    let count = match channels {
        [] => 0,
        [only] => only.as_ref()[..length].iter().map(|&x| u32::from(x != 0.0)).sum(),
        [left, right] => {
            let pairs = left.as_ref()[..length].iter().zip(&right.as_ref()[..length]);
            pairs.map(|(&left, &right)| u32::from((left != 0.0) | (right != 0.0))).sum()
        }
        several => {
            let sounds = |n: usize| several.iter().any(|channel| channel.as_ref()[n] != 0.0);
            (0..length).map(|n| u32::from(sounds(n))).sum()
        }
    };
    u64::from(count)
}

/// The sum, side by side so that it does not take longer than the rest.
fn sum(samples: &[f32]) -> f64 {
    const LANES: usize = 8;
    let (chunks, rest) = samples.as_chunks::<LANES>();
    let mut sums = [0.0f64; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += f64::from(chunk[lane]);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|&x| f64::from(x)).sum::<f64>()
}

/// The true peak of left plus right where they differ: of what a fold after the bus would make.
struct FoldPeak {
    meter: TruePeakMeter,
    sum: Vec<f32>,
}

impl FoldPeak {
    fn new(step_samples: usize, kernel: Option<Kernel>) -> Self {
        Self { meter: TruePeakMeter::new(1, step_samples, kernel), sum: vec![0.0; step_samples] }
    }

    /// Gives the number of samples that differ.
    fn step(&mut self, left: &[f32], right: &[f32]) -> u64 {
        let unlike = left.iter().zip(right).map(|(left, right)| u32::from(left != right)).sum::<u32>();
        let sum = &mut self.sum[..left.len()];
        for ((sum, left), right) in sum.iter_mut().zip(left).zip(right) {
            *sum = left + right;
        }
        if unlike == 0 {
            self.meter.pass_over(sum);
            return 0;
        }
        self.meter.process(&[sum]);
        u64::from(unlike)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::interpolation::{GROUP, Interpolator, WINDOW};
    use proptest::prelude::*;

    /// Words of a buzz with flat tops, gaps and drop-outs in it, over and under the ceiling.
    fn scene(channels: usize, length: usize) -> Vec<Vec<f32>> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 24) as f32
        };
        let mut scene = vec![Vec::with_capacity(length); channels];
        let mut level = 0.0;
        for n in 0..length {
            if n % 5000 == 0 {
                level = if random() < 0.3 { 0.0 } else { random() };
            }
            let buzz = (n as f32 * 0.02).sin() + 0.5 * (n as f32 * 0.19).sin() + 0.1 * random();
            for (channel, samples) in scene.iter_mut().enumerate() {
                let x = (buzz * level).clamp(-0.8, 0.8) * if channel == 0 { 1.0 } else { 0.9 };
                samples.push(if n % 7000 < 30 { 0.0 } else { x });
            }
        }
        scene
    }

    fn measured(
        scene: &[Vec<f32>],
        meter: &mut ProgrammeMeter,
        mut next: impl FnMut() -> usize,
    ) -> Programme {
        let length = scene[0].len();
        let mut from = 0;
        while from < length {
            let to = (from + next()).min(length);
            let block: Vec<&[f32]> = scene.iter().map(|channel| &channel[from..to]).collect();
            meter.process(&block);
            from = to;
        }
        meter.finish();
        meter.programme().clone()
    }

    #[test]
    fn every_size_of_block_gives_the_same_bits() {
        for (rate, channels) in [(48_000, 1), (44_100, 2), (22_050, 3), (8_000, 1)] {
            let scene = scene(channels, 3 * rate as usize + 1234);
            let mut meter = ProgrammeMeter::new(rate, channels, -60);
            let all = measured(&scene, &mut meter, || usize::MAX / 2);
            assert!(all.overs.count > 0 && all.clipped.count > 0 && all.drop_outs.count > 0);
            assert!(all.loudness.integrated_lufs > -30.0 && all.loudness.max_short_term_lufs > -30.0);
            assert_eq!(all.samples, scene[0].len() as u64);
            for size in [1, 7, 64, 512, 4096] {
                meter.reset();
                assert_eq!(measured(&scene, &mut meter, || size), all, "{rate} Hz, blocks of {size}");
            }
        }
    }

    #[test]
    fn loudness_may_be_left_out_and_changes_nothing_else() {
        let scene = scene(2, 100_000);
        let mut meter = ProgrammeMeter::new(48_000, 2, -60);
        let with = measured(&scene, &mut meter, || 480);
        meter.reset();
        meter.measure(Measured::WithoutLoudness);
        let without = measured(&scene, &mut meter, || 480);
        assert_eq!(without.loudness, Default::default());
        assert_eq!(without.speech, Default::default());
        assert_eq!(
            (without.precise, &without.overs, &without.clipped),
            (with.precise, &with.overs, &with.clipped)
        );
        let peaks = |programme: &Programme| {
            programme.history.recent.iter().map(|bin| bin.true_peak).collect::<Vec<_>>()
        };
        assert_eq!(peaks(&without), peaks(&with));
        meter.reset();
        meter.measure(Measured::Peaks);
        let peaks_alone = measured(&scene, &mut meter, || 480);
        assert_eq!(
            (peaks_alone.precise, peaks_alone.annex_2, &peaks_alone.overs, peaks_alone.samples),
            (with.precise, with.annex_2, &with.overs, with.samples)
        );
        assert!(peaks_alone.history.recent.is_empty() && peaks_alone.clipped.count == 0);
    }

    /// The highest peak of each tenth of a second by the interpolator at every interval, without skipping. A
    /// reading comes LOOKAHEAD samples late.
    fn peaks_of_tenths(samples: &[f32]) -> Vec<f32> {
        let interpolator = Interpolator::new(None);
        let padded = [&[0.0; WINDOW], samples, &[0.0; GROUP]].concat();
        let mut peaks = vec![0.0f32; samples.len() / 4800];
        for first in (0..samples.len()).step_by(GROUP) {
            let reading = interpolator.read(padded[first..].first_chunk().unwrap(), None);
            let peak = reading.precise_squared.iter().fold(0.0f32, |peak, &x| peak.max(x));
            let bin = &mut peaks[first / 4800];
            *bin = bin.max(peak.sqrt());
        }
        peaks
    }

    #[test]
    fn each_tenth_of_a_second_has_its_own_peak() {
        let buzz = scene(1, 480_000).remove(0);
        // A click, beside which the tone after it is not even looked at; then tenths of the tone alone, which
        // begin with a crest.
        let tone =
            (0..480_000).map(|n| 0.1 * (std::f32::consts::TAU * (n % 100) as f32 / 100.0 - 4.775).cos());
        let clicks = tone.enumerate().map(|(n, x)| if n % 14_400 == 1000 { 0.9 } else { x }).collect();
        for samples in [buzz, clicks] {
            let expected = peaks_of_tenths(&samples);
            let programme = measured(&[samples], &mut ProgrammeMeter::new(48_000, 1, -60), || 1000);
            let bins = &programme.history.recent;
            assert_eq!(bins.len(), 100);
            let loudest = bins.iter().fold(0.0f32, |loudest, bin| loudest.max(bin.true_peak));
            assert_eq!(loudest, programme.precise.amplitude);
            for (n, (bin, expected)) in bins.iter().zip(expected).enumerate() {
                assert_eq!(bin.true_peak, expected, "{n}");
            }
        }
    }

    #[test]
    fn unlike_channels_are_told_and_their_sum_is_read_where_they_are() {
        let mut meter = ProgrammeMeter::new(48_000, 2, -60);
        let tone: Vec<f32> = (0..48_000).map(|n| 0.4 * (n as f32 * 0.03).sin()).collect();
        // Alike: a host that folds them adds 6 dB, but as it does with every mono programme in stereo.
        let alike = measured(&[tone.clone(), tone.clone()], &mut meter, || 512);
        assert_eq!((alike.unlike_samples, alike.fold), (0, Peak::default()));
        let mut right = tone.clone();
        right[30_000..34_800].iter_mut().for_each(|x| *x *= 0.5);
        meter.reset();
        let unlike = measured(&[tone, right], &mut meter, || 512);
        assert!((4790..=4800).contains(&unlike.unlike_samples));
        // Where the right one changes abruptly, the peak is a little over the 0.8 of both.
        assert!((29_760..=35_300).contains(&unlike.fold.sample), "{:?}", unlike.fold);
        assert!((0.6..=0.84).contains(&unlike.fold.amplitude), "{:?}", unlike.fold);
    }

    #[test]
    fn counts_are_what_was_fed() {
        let mut samples = vec![0.25f32; 1000];
        samples[100..200].fill(0.0);
        samples[5] = f32::NAN;
        samples[6] = f32::NEG_INFINITY;
        samples[7] = 1e30;
        let programme = measured(&[samples], &mut ProgrammeMeter::new(48_000, 1, -60), || 77);
        assert_eq!(
            (programme.samples, programme.sounding_samples, programme.invalid_samples),
            (1000, 897, 3)
        );
        assert!((programme.dc - 0.25 * 0.897).abs() < 1e-9);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn anything_is_survived(
            rate in prop_oneof![Just(0u32), Just(1), 8_000u32..400_000, Just(u32::MAX)],
            channels in 0usize..9,
            sizes in prop::collection::vec(0usize..3000, 1..8),
            value in prop::num::f32::ANY,
        ) {
            let mut meter = ProgrammeMeter::new(rate, channels, -60);
            for size in sizes {
                let mut block = vec![vec![value; size]; channels];
                block.iter_mut().flatten().step_by(3).for_each(|x| *x = 0.7);
                meter.process(&block);
                meter.process(&block[..channels / 2]);
            }
            meter.finish();
            prop_assert!(meter.programme().precise.amplitude.is_finite());
        }
    }
}
