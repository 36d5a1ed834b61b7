//! Finding peaks over a threshold in linked channels, interpolating only where there may be one.

use super::interpolation::{GROUP, Interpolator, Kernel, Reading, WINDOW};
use super::line::Line;

/// Samples without a loud one after which no interval sees any.
const QUIET: usize = WINDOW + GROUP;

/// The past of every channel and the interpolators that read it. Limiter and meter each have one.
pub struct Detector {
    interpolator: Interpolator,
    lines: Vec<Line>,
    /// What each channel's next interval needs to know of the one before.
    quarter_before: Vec<f32>,
    since_loud: usize,
}

impl Detector {
    /// For blocks of at most `max_block` samples, with at least `keep` samples of past.
    pub fn new(channels: usize, keep: usize, max_block: usize, kernel: Option<Kernel>) -> Self {
        Self {
            interpolator: Interpolator::new(kernel),
            lines: (0..channels).map(|_| Line::new(keep, max_block)).collect(),
            quarter_before: vec![0.0; channels],
            since_loud: QUIET,
        }
    }

    /// The past is silence again.
    pub fn reset(&mut self) {
        self.lines.iter_mut().for_each(Line::reset);
        self.quarter_before.fill(0.0);
        self.since_loud = QUIET;
    }

    /// For its bounds.
    pub fn interpolator(&self) -> &Interpolator {
        &self.interpolator
    }

    /// The past of each channel.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Appends what `block` gives for each channel, all of one length, and gives its place for
    /// [`Self::read`].
    pub fn append<'a>(&mut self, block: impl Fn(usize) -> &'a [f32]) -> usize {
        let lines = self.lines.iter_mut().enumerate();
        lines.fold(0, |_, (channel, line)| line.append(block(channel)))
    }

    /// Forgets that the recent past was quiet: for a threshold that has come down.
    pub fn doubt(&mut self) {
        self.since_loud = 0;
    }

    /// Gives `take` each channel's reading of the `count` (at most [`GROUP`]) intervals whose last samples
    /// are at `place` and after, unless no sample that they see is above `threshold`.
    pub fn read(&mut self, place: usize, count: usize, threshold: f32, mut take: impl FnMut(&Reading)) {
        let loud = self.lines.iter().any(|line| is_loud(line.delayed(place, 0, count), threshold));
        self.since_loud = if loud { 0 } else { self.since_loud + count };
        if self.since_loud >= QUIET {
            self.since_loud = QUIET;
            self.quarter_before.fill(0.0);
            return;
        }
        for (line, quarter_before) in self.lines.iter().zip(&mut self.quarter_before) {
            let reading = self.interpolator.read(line.window(place), *quarter_before);
            *quarter_before = reading.last_quarter[count - 1];
            take(&reading);
        }
    }
}

/// Whether any sample is above `threshold`.
fn is_loud(samples: &[f32], threshold: f32) -> bool {
    samples.iter().fold(false, |loud, sample| loud | (sample.abs() > threshold))
}
