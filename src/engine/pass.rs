//! Passes, bounces and Now: which measurement the bus writes, and which it keeps.

use super::Settings;
use super::decibel::db_from_linear;
use super::kernel::Kernel;
use super::limiter;
use super::line::Line;
use super::loudness::TENTH_STEPS;
use super::marks::Marker;
use super::measurement::{Mark, Measured, Measurement, Pass};
use super::mix::MixMeter;
use super::programme::{JOIN_SECONDS, Reader, sounding};
use super::transport::Tracker;

/// Measures pass after pass. Never allocates: two measurements take turns.
pub struct PassMeter {
    pub tracker: Tracker,
    reader: Reader,
    mix: MixMeter,
    caught: Marker,
    /// Deepest reductions (1 - gain) of the last steps, and which is the present one.
    reductions: [f64; TENTH_STEPS as usize],
    step: usize,
    measurements: [Measurement; 2],
    /// Which of both is the running or last pass, and which the last bounce.
    present: usize,
    bounce: Option<usize>,
    passes: u64,
}

impl PassMeter {
    /// For an output that comes `latency` samples late.
    pub fn new(sample_rate: u32, channels: usize, latency: usize, kernel: Option<Kernel>) -> Self {
        // The default is what the delivery asks for: overs are those of its ceiling, whatever is set.
        let ceiling = Settings::default().ceiling_tenths_dbtp;
        Self {
            tracker: Tracker::new(latency),
            reader: Reader::new(sample_rate, channels, ceiling, kernel),
            mix: MixMeter::new(sample_rate, channels),
            caught: Marker::new((JOIN_SECONDS * f64::from(sample_rate)) as u64),
            reductions: [0.0; TENTH_STEPS as usize],
            step: 0,
            measurements: [Measurement::with_room(), Measurement::with_room()],
            present: 0,
            bounce: None,
            passes: 0,
        }
    }

    /// Measures more or less.
    pub fn measure(&mut self, measured: Measured) {
        self.reader.measure(measured);
        self.mix.measure(measured);
    }

    /// The running or last pass.
    pub fn measurement(&self) -> &Measurement {
        &self.measurements[self.present]
    }

    /// The last pass that covered the picture.
    pub fn bounce(&self) -> Option<&Measurement> {
        self.bounce.map(|bounce| &self.measurements[bounce])
    }

    /// Ends the running pass and forgets it, and the bounce.
    pub fn forget(&mut self) {
        self.tracker.end();
        self.bounce = None;
        self.measurements[self.present].clear();
    }

    /// Ends the running pass, if any.
    pub fn finish(&mut self) {
        let Some(covers_picture) = self.tracker.end() else { return };
        self.end_step();
        let Measurement { programme, mix, pass } = &mut self.measurements[self.present];
        self.mix.finish(mix, programme);
        self.reader.finish(programme);
        pass.finished = true;
        pass.covers_picture = covers_picture;
        if covers_picture == Some(true) {
            self.bounce = Some(self.present);
        }
    }

    /// How many of the next samples, at most `length`, can be worked together. Begins a pass if one has to.
    pub fn alike(&mut self, length: usize) -> usize {
        if self.tracker.begins() {
            self.begin();
        }
        let length = self.tracker.alike(length);
        if self.tracker.measures_output() { length.min(self.reader.room()) } else { length }
    }

    fn begin(&mut self) {
        if self.bounce == Some(self.present) {
            self.present = 1 - self.present;
        }
        let Measurement { programme, mix, pass } = &mut self.measurements[self.present];
        self.reader.start(programme);
        mix.clear();
        mix.highest_ceiling_tenths_dbtp = *Settings::TENTHS_DB.start();
        self.mix.reset();
        self.caught.reset();
        self.reductions = Default::default();
        self.step = 0;
        self.passes += 1;
        *pass = Pass { number: self.passes, start: self.tracker.start(), ..Pass::default() };
    }

    /// Takes what came in: the newest of each channel, walla at its gain.
    pub fn input(&mut self, dialogue: &[Line], walla: &[Line], input: Input) {
        if self.tracker.input().is_none() {
            return;
        }
        let Measurement { programme, mix, .. } = &mut self.measurements[self.present];
        programme.invalid_samples += input.invalid_samples;
        mix.lost_walla_samples += input.lost_walla_samples;
        let Settings { ceiling_tenths_dbtp: ceiling, walla_gain_tenths_db: gain, .. } = input.settings;
        mix.highest_ceiling_tenths_dbtp = mix.highest_ceiling_tenths_dbtp.max(ceiling);
        let length = walla.first().map_or(0, |line| line.newest().len());
        if input.settings.walla && walla.iter().any(|line| !line.is_blank()) && sounding(walla, length) > 0 {
            let (lowest, highest) = mix.walla_gain_tenths_db.unwrap_or((gain, gain));
            mix.walla_gain_tenths_db = Some((lowest.min(gain), highest.max(gain)));
        }
        self.mix.process(dialogue, walla, mix, programme);
    }

    /// Takes a true peak of the input that the limiter catches, `before` samples before the next.
    pub fn catch(&mut self, peak: f32, before: isize) {
        if let Some(sample) = self.tracker.place(before) {
            let caught = &mut self.measurements[self.present].mix.caught;
            self.caught.mark(caught, Mark { sample, samples: 1, level: peak });
        }
    }

    /// Takes `output[channel][from..from + length]`, what the limiter did to it, and how much of it is not
    /// what is heard; goes on to the next samples.
    pub fn output(
        &mut self,
        output: &[&mut [f32]],
        from: usize,
        length: usize,
        reduction: limiter::Reduction,
        unlimited_samples: usize,
    ) {
        if self.tracker.measures_output() {
            let Measurement { mix, .. } = &mut self.measurements[self.present];
            mix.unlimited_samples += unlimited_samples as u64;
            mix.reduction.limited_samples += reduction.limited_samples;
            let step = &mut self.reductions[self.step];
            *step = step.max(reduction.deepest);
            if self.reader.room() == length {
                self.end_step();
            }
            let Measurement { programme, .. } = &mut self.measurements[self.present];
            self.reader.process(output, from, length, programme);
        }
        self.tracker.advance(length);
    }

    /// Tells of the reduction in a step, before the reader takes its last samples.
    fn end_step(&mut self) {
        let reduction = &mut self.measurements[self.present].mix.reduction;
        let deepest_db = db_of(self.reductions[self.step]);
        reduction.deepest_db = reduction.deepest_db.min(deepest_db);
        reduction.now_db = db_of(self.reductions.iter().copied().fold(0.0, f64::max));
        self.reader.note(deepest_db, self.mix.separation_lu(self.reader.tenth()));
        self.step = (self.step + 1) % self.reductions.len();
        self.reductions[self.step] = 0.0;
    }
}

/// What came in with the samples.
#[derive(Clone, Copy)]
pub struct Input {
    pub invalid_samples: u64,
    /// Walla other than zero while it is switched off.
    pub lost_walla_samples: u64,
    /// As they hold now, within their ranges.
    pub settings: Settings,
}

/// A reduction as gain in decibels.
fn db_of(reduction: f64) -> f64 {
    if reduction > 0.0 { db_from_linear(1.0 - reduction) } else { 0.0 }
}
