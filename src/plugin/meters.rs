//! From the audio thread to the window.

use std::sync::atomic::{AtomicBool, Ordering};

use atomic_float::AtomicF32;

use crate::engine::Measurement;
use crate::engine::decibel::db_from_linear;

/// What the window shows: each peak is the largest sample since it was last taken.
#[derive(Default)]
pub struct Meters {
    pub dialogue: Peak,
    pub walla: Peak,
    pub output: Peak,
    /// Whether the host sends a walla input.
    pub walla_connected: AtomicBool,
    /// Highest true peak of the output by the precise meter since the start, linear.
    precise: AtomicF32,
    /// The same by the filter of ITU-R BS.1770-5 Annex 2.
    annex_2: AtomicF32,
    /// Deepest gain reduction since the start, in dB.
    reduction_db: AtomicF32,
}

impl Meters {
    /// Takes the engine's measurement; for the audio thread.
    pub fn publish(&self, measurement: &Measurement) {
        self.precise.store(measurement.programme.precise.amplitude, Ordering::Relaxed);
        self.annex_2.store(measurement.programme.annex_2.amplitude, Ordering::Relaxed);
        self.reduction_db.store(measurement.mix.reduction.deepest_db as f32, Ordering::Relaxed);
    }

    /// True peak of the output since the start, in dBTP, by the precise and the Annex-2 meter.
    pub fn true_peaks_dbtp(&self) -> [f64; 2] {
        [&self.precise, &self.annex_2].map(|peak| db_from_linear(f64::from(peak.load(Ordering::Relaxed))))
    }

    /// Deepest gain reduction since the start, in dB, 0 or negative.
    pub fn deepest_reduction_db(&self) -> f32 {
        self.reduction_db.load(Ordering::Relaxed)
    }
}

/// A linear peak.
#[derive(Default)]
pub struct Peak(AtomicF32);

impl Peak {
    /// Takes a block in; for the audio thread.
    pub fn add(&self, samples: &[f32]) {
        let peak = samples.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        self.0.fetch_max(peak, Ordering::Relaxed);
    }

    /// The peak since the last call, in dBFS, minus infinity for silence; for the window.
    pub fn take(&self) -> f32 {
        20.0 * self.0.swap(0.0, Ordering::Relaxed).log10()
    }
}
