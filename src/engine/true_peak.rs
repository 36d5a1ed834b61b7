//! True-peak meter: the running maximum by both interpolators, with its place.

use super::detector::{self, Detector, RUN};
use super::interpolation::{GROUP, Interpolator, LOOKAHEAD, Limits, WINDOW, highest_of, larger, place_of};
use super::kernel::{Kernel, Task};

/// The highest peak so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peak {
    /// Linear amplitude; 1.0 is 0 dBTP.
    pub amplitude: f32,
    /// The sample at or before it, counted from the start of the meter's input.
    pub sample: u64,
}

/// True peak of one or more channels, by the precise interpolator and by ITU-R BS.1770-5 Annex 2.
///
/// Where the samples cannot raise either maximum, nothing is interpolated: that changes no reading.
pub struct TruePeakMeter {
    interpolator: Interpolator,
    detectors: Vec<Detector>,
    max_block: usize,
    /// Samples of the group that is coming in.
    filled: usize,
    /// Whether any sample of that group counts.
    counts: bool,
    /// Whether none of the group before did.
    passed_over: bool,
    precise: Peak,
    annex_2: Peak,
    /// Highest precise peak since it was last taken.
    recent: f32,
    /// Whether [`Self::take_recent`] is called, so that what is below the maximum matters, too.
    with_recent: bool,
    /// Precise peaks above this are overs.
    ceiling: f32,
    samples: u64,
}

impl TruePeakMeter {
    /// For `channels` channels in blocks of any length, worked in pieces of at most `max_block` samples.
    pub fn new(channels: usize, max_block: usize, kernel: Option<Kernel>) -> Self {
        let max_block = max_block.max(1);
        Self {
            interpolator: Interpolator::new(kernel),
            detectors: (0..channels).map(|_| Detector::new(WINDOW, max_block)).collect(),
            max_block,
            filled: 0,
            counts: false,
            passed_over: false,
            precise: Peak::default(),
            annex_2: Peak::default(),
            recent: 0.0,
            with_recent: false,
            ceiling: f32::INFINITY,
            samples: 0,
        }
    }

    /// Precise peaks above this amplitude are told as overs.
    pub(super) fn set_ceiling(&mut self, ceiling: f32) {
        self.ceiling = ceiling;
    }

    /// Whether [`Self::take_recent`] will be called.
    pub(super) fn set_recent(&mut self, wanted: bool) {
        self.with_recent = wanted;
    }

    /// As new.
    pub fn reset(&mut self) {
        self.detectors.iter_mut().for_each(Detector::reset);
        self.filled = 0;
        self.counts = false;
        self.passed_over = false;
        self.precise = Peak::default();
        self.annex_2 = Peak::default();
        self.recent = 0.0;
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
        self.counts |= length > 0;
        self.process_with(length, |channel| &block[channel].as_ref()[from..from + length], over);
        self.counts = self.filled > 0;
    }

    /// Takes samples that later ones have to be seen with, but whose own peaks do not count.
    pub(super) fn pass_over(&mut self, samples: &[f32]) {
        for samples in samples.chunks(self.max_block) {
            // Those that count come first in their group.
            let counted = if self.counts { (GROUP - self.filled).min(samples.len()) } else { 0 };
            let (counted, samples) = samples.split_at(counted);
            self.process_with(counted.len(), |_| counted, |_| ());
            self.counts &= self.filled > 0;
            self.process_with(samples.len(), |_| samples, |_| ());
        }
    }

    /// The highest precise peak since the last call, as amplitude.
    pub(super) fn take_recent(&mut self) -> f32 {
        std::mem::take(&mut self.recent)
    }

    /// Reads what rings on after the last sample. Call it once, at the end of the input.
    pub fn finish(&mut self) {
        self.finish_telling(|_| ());
    }

    /// [`Self::finish`], telling each precise peak over the ceiling.
    pub(super) fn finish_telling(&mut self, mut over: impl FnMut(Peak)) {
        const SILENCE: [f32; LOOKAHEAD + GROUP] = [0.0; LOOKAHEAD + GROUP];
        // Up to the end of a group.
        let length = (LOOKAHEAD + self.filled).next_multiple_of(GROUP) - self.filled;
        self.counts |= !self.passed_over;
        for start in (0..length).step_by(self.max_block) {
            let piece = &SILENCE[start..(start + self.max_block).min(length)];
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
        over: impl FnMut(Peak),
    ) {
        self.interpolator.kernel().perform(Process { meter: self, length, piece, over });
    }

    #[inline(always)]
    fn measure<'a>(&mut self, length: usize, piece: impl Fn(usize) -> &'a [f32], mut over: impl FnMut(Peak)) {
        let mut place = 0;
        for (channel, detector) in self.detectors.iter_mut().enumerate() {
            place = detector.append(piece(channel));
        }
        let first = place - self.filled;
        let groups = (self.filled + length) / GROUP;
        let mut group = 0;
        while group < groups {
            let run = RUN.min(groups - group);
            let matters = self.matters();
            let place = first + group * GROUP;
            if detector::are_quiet(&self.detectors, &self.interpolator, place, run, matters) {
                self.detectors.iter_mut().for_each(Detector::pass);
                self.passed_over = !self.counts;
                self.samples += (run * GROUP) as u64;
                group += run;
                continue;
            }
            for _ in 0..run {
                self.read(first + group * GROUP, &mut over);
                group += 1;
            }
        }
        self.filled = (self.filled + length) % GROUP;
    }

    /// Whether a group that reads no higher than this may raise a maximum or be over.
    #[inline(always)]
    fn matters(&self) -> impl Fn(Limits) -> bool + Copy + use<> {
        let known = if self.with_recent { self.recent } else { self.precise.amplitude };
        let (precise, annex_2) = (known.min(self.ceiling), self.annex_2.amplitude);
        let counts = self.counts;
        move |limits| counts && (limits.precise > precise || limits.annex_2 > annex_2)
    }

    /// Reads the intervals that the group at `place` completes.
    #[inline(always)]
    fn read(&mut self, place: usize, over: &mut impl FnMut(Peak)) {
        let matters = self.matters();
        let first = self.samples;
        self.samples += GROUP as u64;
        for channel in 0..self.detectors.len() {
            let Some(reading) = self.detectors[channel].read(&self.interpolator, place, matters) else {
                continue;
            };
            let squared = reading.precise_squared;
            let sample = |i: usize| (first + i as u64).saturating_sub(LOOKAHEAD as u64);
            let highest = highest_of(&squared);
            if highest.sqrt() > self.precise.amplitude {
                self.precise =
                    Peak { amplitude: highest.sqrt(), sample: sample(place_of(&squared, highest)) };
            }
            let annex_2 = highest_of(&reading.annex_2);
            if annex_2 > self.annex_2.amplitude {
                self.annex_2 =
                    Peak { amplitude: annex_2, sample: sample(place_of(&reading.annex_2, annex_2)) };
            }
            if highest.sqrt() > self.ceiling {
                for (i, squared) in squared.iter().enumerate() {
                    let amplitude = squared.sqrt();
                    if amplitude > self.ceiling {
                        over(Peak { amplitude, sample: sample(i) });
                    }
                }
            }
            self.recent = larger(self.recent, highest.sqrt());
        }
        self.passed_over = !self.counts;
    }
}

struct Process<'m, P, O> {
    meter: &'m mut TruePeakMeter,
    length: usize,
    piece: P,
    over: O,
}

impl<'a, P: Fn(usize) -> &'a [f32], O: FnMut(Peak)> Task for Process<'_, P, O> {
    type Output = ();

    #[inline(always)]
    fn perform(self) {
        self.meter.measure(self.length, self.piece, self.over);
    }
}
