//! Speech activity: how much there is, the longest pause, and how even it is.
//!
//! The `earshot` detector hears 16 ms at 16 kHz. A converter of our own feeds it: an FFT converter needs
//! transforms as long as both rates have no common divisor, which at odd rates is a second's work in one
//! block; this one costs the same for every sample, and a detector of speech needs no more.

use earshot::Detector;

use super::histogram::{Histogram, energy_from_lufs};
use super::measurement::Speech;

const DETECTOR_RATE: u32 = 16_000;
const FRAME: usize = 256;
/// From here on the detector's score means speech.
const SPEECH_SCORE: f32 = 0.5;
/// Shorter gaps are between words, not pauses.
const GAP_SECONDS: f64 = 0.3;
/// Nobody speaks below this level (-60 dBFS) in a premix; after so many such frames (half a second) the
/// detector sleeps, for it is the dearest part of the measurement.
const QUIETEST: f32 = 0.001;
const SLEEP_FRAMES: u32 = 32;
/// The loudness counts where all its window is speech.
const MOMENTARY_SECONDS: f64 = 0.4;
/// What is further from the median is uneven.
const EVEN_LU: f64 = 6.0;

/// Finds speech in one channel.
pub struct SpeechMeter {
    sample_rate: u32,
    converter: Converter,
    detector: Detector,
    frame: [f32; FRAME],
    filled: usize,
    frames: u64,
    silent_frames: u32,
    /// The end of the frame before, in samples.
    now: u64,
    /// The stretch of speech that is or was last, in samples.
    stretch: Option<(u64, u64)>,
    loudness: Histogram,
}

impl SpeechMeter {
    /// For one channel.
    pub fn new(sample_rate: u32) -> Self {
        Self {
            sample_rate,
            converter: Converter::new(sample_rate),
            detector: Detector::default(),
            frame: [0.0; FRAME],
            filled: 0,
            frames: 0,
            silent_frames: 0,
            now: 0,
            stretch: None,
            loudness: Histogram::new(),
        }
    }

    /// As new.
    pub fn reset(&mut self) {
        self.converter.reset();
        self.detector.reset();
        self.filled = 0;
        self.frames = 0;
        self.silent_frames = 0;
        self.now = 0;
        self.stretch = None;
        self.loudness.reset();
    }

    /// Takes the next finite samples.
    pub fn process(&mut self, samples: &[f32], speech: &mut Speech) {
        self.converter.append(samples);
        while let Some(sample) = self.converter.next() {
            self.frame[self.filled] = sample.clamp(-1.0, 1.0);
            self.filled += 1;
            if self.filled == FRAME {
                self.filled = 0;
                self.frames += 1;
                let end = self.frames * FRAME as u64 * u64::from(self.sample_rate) / u64::from(DETECTOR_RATE);
                let spoken = self.is_spoken();
                self.advance(spoken, end, speech);
            }
        }
    }

    fn is_spoken(&mut self) -> bool {
        if self.frame.iter().any(|x| x.abs() >= QUIETEST) {
            self.silent_frames = 0;
        } else {
            self.silent_frames = self.silent_frames.saturating_add(1);
        }
        if self.silent_frames == SLEEP_FRAMES {
            self.detector.reset();
        }
        self.silent_frames < SLEEP_FRAMES && self.detector.predict_f32(&self.frame) >= SPEECH_SCORE
    }

    /// Goes on to the sample `end`, spoken or not.
    fn advance(&mut self, spoken: bool, end: u64, speech: &mut Speech) {
        let gap_samples = self.samples(GAP_SECONDS);
        let begin = std::mem::replace(&mut self.now, end);
        if spoken {
            let joined = self.stretch.filter(|&(_, until)| begin - until <= gap_samples);
            let since = joined.map_or(begin, |(since, _)| since);
            speech.samples += end - joined.map_or(begin, |(_, until)| until);
            self.stretch = Some((since, end));
            speech.extent = Some((speech.extent.map_or(begin, |(first, _)| first), end));
        }
        let until = self.stretch.map_or(0, |(_, until)| until);
        let silent = end - until;
        speech.now = self.stretch.is_some() && silent <= gap_samples;
        if !speech.now && silent > speech.longest_pause_samples {
            speech.longest_pause_samples = silent;
            speech.longest_pause_start = until;
        }
    }

    /// Takes the momentary loudness at the present sample, every 100 ms.
    pub fn tenth(&mut self, momentary_lufs: f64, speech: &mut Speech) {
        let window = self.samples(MOMENTARY_SECONDS);
        let full = self.stretch.is_some_and(|(since, until)| until == self.now && until - since >= window);
        if !full {
            return;
        }
        self.loudness.add(energy_from_lufs(momentary_lufs));
        // No gate: everything that was counted is speech.
        let median = self.loudness.percentiles_lufs(f64::INFINITY, [0.5]);
        if let Some([median]) = median {
            speech.median_lufs = Some(median);
            speech.uneven_share = self.loudness.share_beyond(median, EVEN_LU);
        }
    }

    fn samples(&self, seconds: f64) -> u64 {
        (seconds * f64::from(self.sample_rate)) as u64
    }
}

/// Positions between two samples that the converter tells apart.
const PHASES: u32 = 32;
/// Zero crossings of the filter on each side, at the lower of both rates.
const CROSSINGS: usize = 8;
/// Products summed side by side.
const LANES: usize = 8;

/// Any rate to [`DETECTOR_RATE`], by a windowed sinc at the nearest of [`PHASES`] positions.
struct Converter {
    /// One filter a phase, and one more for the next whole sample.
    filters: Vec<f32>,
    taps: usize,
    buffer: Vec<f32>,
    filled: usize,
    /// Where in `buffer` the next output's filter begins, and how far behind, in parts of
    /// [`DETECTOR_RATE`].
    at: usize,
    behind: u32,
    sample_rate: u32,
}

impl Converter {
    fn new(sample_rate: u32) -> Self {
        let rate = f64::from(sample_rate);
        // A little below half the lower rate.
        let cutoff = 0.45 * rate.min(f64::from(DETECTOR_RATE)) / rate;
        let half = (CROSSINGS as f64 / (2.0 * cutoff)).ceil();
        let taps = (2 * half as usize).next_multiple_of(LANES);
        let centre = (taps / 2) as f64 - 1.0;
        let mut filters = Vec::with_capacity(taps * (PHASES as usize + 1));
        for phase in 0..=PHASES {
            let offset = centre + f64::from(phase) / f64::from(PHASES);
            filters.extend((0..taps).map(|tap| {
                let t = tap as f64 - offset;
                let x = std::f64::consts::TAU * cutoff * t;
                let sinc = if t == 0.0 { 1.0 } else { libm::sin(x) / x };
                let window =
                    0.5 + 0.5 * libm::cos(std::f64::consts::PI * (t / (half + 1.0)).clamp(-1.0, 1.0));
                (2.0 * cutoff * sinc * window) as f32
            }));
        }
        let mut converter = Self {
            filters,
            taps,
            buffer: vec![0.0; taps + sample_rate.max(1) as usize / 10],
            filled: 0,
            at: 0,
            behind: 0,
            sample_rate,
        };
        converter.reset();
        converter
    }

    fn reset(&mut self) {
        // The first output is the first sample's.
        self.filled = self.taps / 2 - 1;
        self.buffer[..self.filled].fill(0.0);
        self.at = 0;
        self.behind = 0;
    }

    /// Appends at most a tenth of a second.
    fn append(&mut self, samples: &[f32]) {
        if self.filled + samples.len() > self.buffer.len() {
            let begin = self.at.min(self.filled);
            self.buffer.copy_within(begin..self.filled, 0);
            self.filled -= begin;
            self.at -= begin;
        }
        let room = self.buffer.len() - self.filled;
        let samples = &samples[..samples.len().min(room)];
        self.buffer[self.filled..][..samples.len()].copy_from_slice(samples);
        self.filled += samples.len();
    }

    /// The next sample, once all of its filter's samples are there.
    fn next(&mut self) -> Option<f32> {
        let window = self.buffer[..self.filled].get(self.at..self.at + self.taps)?;
        let phase = (self.behind * PHASES + DETECTOR_RATE / 2) / DETECTOR_RATE;
        let filter = &self.filters[phase as usize * self.taps..][..self.taps];
        let mut sums = [0.0f32; LANES];
        for (x, taps) in window.as_chunks::<LANES>().0.iter().zip(filter.as_chunks::<LANES>().0) {
            for lane in 0..LANES {
                sums[lane] += x[lane] * taps[lane];
            }
        }
        let behind = self.behind + self.sample_rate % DETECTOR_RATE;
        self.at += (self.sample_rate / DETECTOR_RATE + behind / DETECTOR_RATE) as usize;
        self.behind = behind % DETECTOR_RATE;
        Some(sums.iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(rate: u32, frequency: f64, length: usize) -> Vec<f32> {
        (0..length).map(|n| (0.5 * (TAU * frequency * n as f64 / f64::from(rate)).sin()) as f32).collect()
    }

    #[test]
    fn the_converter_keeps_what_speech_has_and_its_time_at_every_rate() {
        for rate in [8_000, 11_025, 16_000, 22_050, 44_100, 47_999, 48_000, 96_000, 192_000, 384_000] {
            let mut converter = Converter::new(rate);
            let mut got = Vec::new();
            for piece in tone(rate, 1000.0, rate as usize).chunks(rate as usize / 100) {
                converter.append(piece);
                got.extend(std::iter::from_fn(|| converter.next()));
            }
            let expected = tone(DETECTOR_RATE, 1000.0, 15_900);
            assert!(got.len() >= expected.len(), "{rate} Hz: {}", got.len());
            // Nearest position: at most 1/64 of a sample off.
            let worst =
                got[100..].iter().zip(&expected[100..]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let off = 0.5 * (TAU * 1000.0 / f64::from(rate) / 64.0) as f32 + 0.003;
            assert!(worst < off, "{rate} Hz: {worst}");
            // What would fold back into the band is gone.
            if rate >= 44_100 {
                converter.reset();
                converter.append(&tone(rate, 11_000.0, rate as usize / 10));
                let folded =
                    std::iter::from_fn(|| converter.next()).skip(100).fold(0.0f32, |a, x| a.max(x.abs()));
                assert!(folded < 0.005, "{rate} Hz: {folded}");
            }
        }
    }

    /// Ten frames a letter: `s` for speech, `.` for none; 16 ms a frame, so a letter is 160 ms.
    fn spoken(letters: &str) -> (Speech, SpeechMeter) {
        let mut meter = SpeechMeter::new(48_000);
        let mut speech = Speech::default();
        for letter in letters.chars() {
            for _ in 0..10 {
                meter.frames += 1;
                meter.advance(letter == 's', meter.frames * 768, &mut speech);
            }
        }
        (speech, meter)
    }

    #[test]
    fn gaps_between_words_are_speech_and_the_longest_pause_has_its_place() {
        const LETTER: u64 = 7680;
        let (speech, _) = spoken("..s.s...ss....");
        assert_eq!(speech.samples, 5 * LETTER);
        assert_eq!((speech.longest_pause_start, speech.longest_pause_samples), (10 * LETTER, 4 * LETTER));
        assert!(!speech.now);
        // Before the first word is a pause too; the last gap may still become one.
        let (speech, _) = spoken("....ss.");
        assert_eq!((speech.longest_pause_start, speech.longest_pause_samples), (0, 4 * LETTER));
        assert_eq!(speech.samples, 2 * LETTER);
        assert!(speech.now);
        let (speech, _) = spoken("......");
        assert_eq!((speech.longest_pause_start, speech.longest_pause_samples), (0, 6 * LETTER));
    }

    #[test]
    fn evenness_counts_windows_of_speech_alone() {
        let (mut speech, mut meter) = spoken("ss");
        meter.tenth(-5.0, &mut speech);
        assert_eq!(speech.median_lufs, None, "320 ms are no window");
        let (mut speech, mut meter) = spoken("sss");
        for _ in 0..7 {
            meter.tenth(-27.0, &mut speech);
        }
        for lufs in [-34.0, -32.0, -20.0] {
            meter.tenth(lufs, &mut speech);
        }
        assert!((speech.median_lufs.unwrap() + 27.0).abs() < 0.05);
        assert!((speech.uneven_share - 0.2).abs() < 1e-9);
    }

    #[test]
    fn anything_is_survived() {
        for rate in [8_000, 44_100, 384_000] {
            let mut meter = SpeechMeter::new(rate);
            let mut speech = Speech::default();
            for level in [0.0f32, 1e18, -1e18, 1e-40] {
                let samples = vec![level; rate as usize / 100];
                (0..100).for_each(|_| meter.process(&samples, &mut speech));
            }
            meter.reset();
        }
    }
}
