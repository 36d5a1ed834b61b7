//! True-peak meter: the running maximum by both interpolators, with its place.

use super::detector::Detector;
use super::interpolation::{GROUP, Kernel, LOOKAHEAD, WINDOW};

/// The highest peak so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peak {
    /// Linear amplitude; 1.0 is 0 dBTP.
    pub amplitude: f32,
    /// The sample at or before it, counted from the start of the meter's input.
    pub sample: u64,
}

impl Peak {
    fn raise(&mut self, amplitude: f32, sample: u64) {
        if amplitude > self.amplitude {
            *self = Peak { amplitude, sample };
        }
    }
}

/// True peak of one or more channels, by the precise interpolator and by ITU-R BS.1770-5 Annex 2.
///
/// Where the samples cannot raise either maximum, nothing is interpolated: that changes no reading.
pub struct TruePeakMeter {
    detector: Detector,
    max_block: usize,
    precise: Peak,
    annex_2: Peak,
    /// Highest precise peak since it was last taken.
    recent: f32,
    /// Nothing was read since then: what came before the next interval may be unknown.
    recent_taken: bool,
    /// Precise peaks above this are overs.
    ceiling: f32,
    /// Samples above this may raise a maximum or be over.
    threshold: f32,
    samples: u64,
}

impl TruePeakMeter {
    /// For `channels` channels in blocks of any length, worked in pieces of at most `max_block` samples.
    pub fn new(channels: usize, max_block: usize, kernel: Option<Kernel>) -> Self {
        let max_block = max_block.max(1);
        Self {
            detector: Detector::new(channels, WINDOW, max_block, kernel),
            max_block,
            precise: Peak::default(),
            annex_2: Peak::default(),
            recent: 0.0,
            recent_taken: false,
            ceiling: f32::INFINITY,
            threshold: 0.0,
            samples: 0,
        }
    }

    /// Precise peaks above this amplitude are told as overs.
    pub(super) fn set_ceiling(&mut self, ceiling: f32) {
        self.ceiling = ceiling;
        self.threshold = 0.0;
        self.detector.doubt();
    }

    /// As new.
    pub fn reset(&mut self) {
        self.detector.reset();
        self.precise = Peak::default();
        self.annex_2 = Peak::default();
        self.recent = 0.0;
        self.recent_taken = false;
        self.threshold = 0.0;
        self.samples = 0;
    }

    /// Reads one block, `block[channel][sample]`, as many channels as the meter has. Samples must be finite.
    pub fn process<C: AsRef<[f32]>>(&mut self, block: &[C]) {
        let length = block.iter().map(|channel| channel.as_ref().len()).min().unwrap_or(0);
        for from in (0..length).step_by(self.max_block) {
            self.process_range(block, from, self.max_block.min(length - from), |_| ());
        }
    }

    /// Reads `block[channel][from..from + length]`, at most `max_block` samples, and tells each precise peak
    /// over the ceiling.
    pub(super) fn process_range<C: AsRef<[f32]>>(
        &mut self,
        block: &[C],
        from: usize,
        length: usize,
        over: impl FnMut(Peak),
    ) {
        self.process_with(length, |channel| &block[channel].as_ref()[from..from + length], over);
    }

    /// Takes samples that later ones have to be seen with, but whose own peaks do not count.
    pub(super) fn pass_over(&mut self, samples: &[f32]) {
        for samples in samples.chunks(self.max_block) {
            let place = self.detector.append(|_| samples);
            self.detector.read(place, samples.len(), f32::INFINITY, |_| ());
            self.samples += samples.len() as u64;
        }
    }

    /// What was passed over may matter to what comes next.
    pub(super) fn doubt(&mut self) {
        self.detector.doubt();
    }

    /// The highest precise peak since the last call, as amplitude.
    pub(super) fn take_recent(&mut self) -> f32 {
        self.recent_taken = true;
        self.threshold = 0.0;
        self.detector.doubt();
        std::mem::take(&mut self.recent)
    }

    /// Reads what rings on after the last sample. Call it once, at the end of the input.
    pub fn finish(&mut self) {
        self.finish_telling(|_| ());
    }

    /// [`Self::finish`], telling each precise peak over the ceiling.
    pub(super) fn finish_telling(&mut self, mut over: impl FnMut(Peak)) {
        const SILENCE: [f32; LOOKAHEAD] = [0.0; LOOKAHEAD];
        for start in (0..LOOKAHEAD).step_by(self.max_block) {
            let piece = &SILENCE[start..(start + self.max_block).min(LOOKAHEAD)];
            self.process_with(piece.len(), |_| piece, &mut over);
        }
    }

    /// The highest peak by the 48-tap interpolator on a 4x grid.
    pub fn precise(&self) -> Peak {
        self.precise
    }

    /// The highest peak by the filter of ITU-R BS.1770-5 Annex 2, as printed.
    pub fn annex_2(&self) -> Peak {
        self.annex_2
    }

    fn process_with<'a>(
        &mut self,
        length: usize,
        piece: impl Fn(usize) -> &'a [f32],
        mut over: impl FnMut(Peak),
    ) {
        let Self { detector, precise, annex_2, recent, recent_taken, ceiling, .. } = self;
        let place = detector.append(piece);
        for start in (0..length).step_by(GROUP) {
            let count = GROUP.min(length - start);
            let first = self.samples;
            detector.read(place + start, count, self.threshold, |reading| {
                for i in 0..count {
                    let sample = (first + i as u64).saturating_sub(LOOKAHEAD as u64);
                    let amplitude = reading.precise_squared[i].sqrt();
                    precise.raise(amplitude, sample);
                    annex_2.raise(reading.annex_2[i], sample);
                    // A first interval read without the one before may read high, yet within the bound.
                    if amplitude > *recent && (i > 0 || !*recent_taken) {
                        *recent = amplitude;
                    }
                    if amplitude > *ceiling {
                        over(Peak { amplitude, sample });
                    }
                }
            });
            *recent_taken = false;
            let bounds = detector.interpolator();
            let precise_threshold = f64::from(recent.min(*ceiling)) / bounds.precise_bound();
            let annex_2_threshold = f64::from(annex_2.amplitude) / bounds.annex_2_bound();
            self.threshold = precise_threshold.min(annex_2_threshold) as f32;
            self.samples += count as u64;
        }
    }
}
