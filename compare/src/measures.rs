//! What is measured of a limited signal, by meters that share nothing with Premix.

use std::f64::consts::TAU;

use crate::contestants::{CEILING, CEILING_DB};
use crate::oracle::{true_peak_64x, true_peak_annex_2};

pub fn db(amplitude: f64) -> f64 {
    20.0 * amplitude.max(1e-15).log10()
}

pub fn amplitude(db: f64) -> f64 {
    10f64.powf(db / 20.0)
}

/// How far the 24-bit file is over the ceiling in dB, by 64x interpolation and by the Annex-2 table.
pub fn overshoot_db(limited: &[f32]) -> (f64, f64) {
    let step = f64::from(1 << 23);
    let file: Vec<f32> =
        limited.iter().map(|&x| ((f64::from(x) * step).round_ties_even() / step) as f32).collect();
    (db(true_peak_64x(&file, CEILING * 0.98)) - CEILING_DB, db(true_peak_annex_2(&file)) - CEILING_DB)
}

/// Level in dB of what is left of a signal without the given frequencies in Hz, relative to all of it. The
/// signal, at 48 kHz, must hold whole periods of each.
pub fn residual_db(signal: &[f32], frequencies: &[f64]) -> f64 {
    let energy = |signal: &[f64]| signal.iter().map(|x| x * x).sum::<f64>();
    let mut rest: Vec<f64> = signal.iter().map(|&x| f64::from(x)).collect();
    let whole = energy(&rest);
    for &frequency in frequencies {
        let turn = |n: usize| (TAU * frequency / 48_000.0 * n as f64).sin_cos();
        let scale = 2.0 / rest.len() as f64;
        let (sine, cosine) = rest.iter().enumerate().fold((0.0, 0.0), |(s, c), (n, x)| {
            let (sine, cosine) = turn(n);
            (s + x * sine * scale, c + x * cosine * scale)
        });
        for (n, x) in rest.iter_mut().enumerate() {
            let (s, c) = turn(n);
            *x -= sine * s + cosine * c;
        }
    }
    10.0 * ((energy(&rest) / whole).max(1e-30)).log10()
}
