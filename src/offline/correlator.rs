//! Where one sound is found in another.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// Finds a short sound in a longer one, by their normalised correlation at every place.
pub struct Correlator {
    planner: RealFftPlanner<f32>,
}

impl Correlator {
    /// Keeps what it plans for lengths that come again.
    pub fn new() -> Self {
        Self { planner: RealFftPlanner::new() }
    }

    /// Where in `around` the pattern begins, and their normalised correlation there, up to 1. `around` is the
    /// longer one; its length is best a power of two.
    pub fn best(&mut self, pattern: &[f64], around: &[f64]) -> (usize, f64) {
        let length = around.len();
        let forward = self.planner.plan_fft_forward(length);
        let inverse = self.planner.plan_fft_inverse(length);
        let spectrum = |samples: &[f64]| -> Vec<Complex<f32>> {
            let mut input = forward.make_input_vec();
            input.iter_mut().zip(samples).for_each(|(to, from)| *to = *from as f32);
            let mut output = forward.make_output_vec();
            // The buffers have the lengths that the transform itself asked for.
            let _ = forward.process(&mut input, &mut output);
            output
        };
        let conjugated = spectrum(pattern);
        let mut product = spectrum(around);
        product.iter_mut().zip(&conjugated).for_each(|(around, pattern)| *around *= pattern.conj());
        let mut correlation = inverse.make_output_vec();
        let _ = inverse.process(&mut product, &mut correlation);

        let pattern_energy: f64 = pattern.iter().map(|x| x * x).sum();
        let mut energy: f64 = around[..pattern.len()].iter().map(|x| x * x).sum();
        let mut best = (0, 0.0);
        for lag in 0..=length - pattern.len() {
            // Rounding may leave a little more or less than nothing.
            let scale = (pattern_energy * energy.max(1e-9 * pattern_energy)).sqrt();
            let normalised = f64::from(correlation[lag]) / length as f64 / scale;
            if normalised > best.1 {
                best = (lag, normalised);
            }
            if let Some(next) = around.get(lag + pattern.len()) {
                energy += next * next - around[lag] * around[lag];
            }
        }
        best
    }
}
