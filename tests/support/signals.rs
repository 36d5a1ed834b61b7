//! Test signals, each the same on every run.

use std::f64::consts::TAU;

use realfft::RealFftPlanner;

/// A small generator of reproducible randomness (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Uniform in 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in -1 to 1.
    pub fn bipolar(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    /// Uniform in a range of block lengths.
    pub fn length(&mut self, range: std::ops::RangeInclusive<usize>) -> usize {
        range.start() + (self.next() % (range.end() - range.start() + 1) as u64) as usize
    }
}

/// Sine of `amplitude` at `frequency` as a share of the sample rate, `phase` in turns.
pub fn sine(frequency: f64, amplitude: f64, phase: f64, length: usize) -> Vec<f32> {
    (0..length).map(|n| (amplitude * (TAU * (frequency * n as f64 + phase)).sin()) as f32).collect()
}

/// Raised-cosine fades of `samples` at both ends.
pub fn faded(mut signal: Vec<f32>, samples: usize) -> Vec<f32> {
    let last = signal.len() - 1;
    for n in 0..samples.min(signal.len() / 2) {
        let gain = (0.5 - 0.5 * (std::f64::consts::PI * (n as f64 + 0.5) / samples as f64).cos()) as f32;
        signal[n] *= gain;
        signal[last - n] *= gain;
    }
    signal
}

pub fn sum(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

pub fn scaled(signal: &[f32], gain: f64) -> Vec<f32> {
    signal.iter().map(|&x| (f64::from(x) * gain) as f32).collect()
}

/// Scaled so that the highest sample has this amplitude.
pub fn normalised(signal: &[f32], amplitude: f64) -> Vec<f32> {
    let peak = signal.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    scaled(signal, amplitude / f64::from(peak))
}

/// Everything from `cutoff` (a share of the sample rate) on removed, by one FFT over the whole signal,
/// which is taken as silent before and after.
pub fn band_limited(signal: &[f32], cutoff: f64) -> Vec<f32> {
    resampled(signal, signal.len(), cutoff)
}

/// As if recorded at another rate: `length` samples over the same time, by one FFT over the whole
/// signal; what lies above `cutoff` (a share of the new rate) is removed by a short raised-cosine slope.
pub fn resampled(signal: &[f32], length: usize, cutoff: f64) -> Vec<f32> {
    // Silence behind keeps the end from ringing into the start.
    let from = signal.len() + 4096;
    let to = (from as u128 * length as u128 / signal.len() as u128) as usize;
    let mut planner = RealFftPlanner::<f64>::new();
    let forward = planner.plan_fft_forward(from);
    let inverse = planner.plan_fft_inverse(to);
    let mut time = forward.make_input_vec();
    for (to, &from) in time.iter_mut().zip(signal) {
        *to = f64::from(from);
    }
    let mut spectrum = forward.make_output_vec();
    forward.process(&mut time, &mut spectrum).unwrap();
    let mut wanted = inverse.make_input_vec();
    let edge = cutoff * to as f64;
    let slope = edge * 0.02;
    for (bin, value) in wanted.iter_mut().enumerate().take(spectrum.len()) {
        let gain = ((edge - bin as f64) / slope).clamp(0.0, 1.0);
        *value = spectrum[bin] * (0.5 - 0.5 * (std::f64::consts::PI * gain).cos());
    }
    wanted[0].im = 0.0;
    if let Some(last) = wanted.last_mut() {
        last.im = 0.0;
    }
    let mut resampled = inverse.make_output_vec();
    inverse.process(&mut wanted, &mut resampled).unwrap();
    resampled[..length].iter().map(|x| (x / from as f64) as f32).collect()
}

/// White noise.
pub fn noise(seed: u64, length: usize) -> Vec<f32> {
    let mut random = Random::new(seed);
    (0..length).map(|_| random.bipolar() as f32).collect()
}

/// An impulse, band-limited to `cutoff` of the sample rate, centred between samples at `position`.
pub fn impulse(position: f64, amplitude: f64, cutoff: f64, length: usize) -> Vec<f32> {
    // A Gaussian-windowed sinc: no energy to speak of above the cutoff.
    let width = 12.0;
    let centre_cutoff = cutoff - 0.06;
    (0..length)
        .map(|n| {
            let t = n as f64 - position;
            let x = std::f64::consts::TAU * centre_cutoff * t;
            let sinc = if x.abs() < 1e-9 { 1.0 } else { x.sin() / x };
            (amplitude * sinc * (-0.5 * (t / width) * (t / width)).exp()) as f32
        })
        .collect()
}

/// EBU Tech 3341 case 15 to 23 at one channel: the level in the standard is -6, +3 or 0 dBTP.
pub fn ebu_3341_true_peak(case: u32) -> Vec<f32> {
    let tone = |frequency: f64, amplitude: f64, degrees: f64| {
        faded(sine(frequency, amplitude, degrees / 360.0, 48_000), 480)
    };
    match case {
        15 => tone(0.25, 0.5, 0.0),
        16 => tone(0.25, 0.5, 45.0),
        17 => tone(1.0 / 6.0, 0.5, 60.0),
        18 => tone(0.125, 0.5, 67.5),
        19 => tone(0.25, 1.41, 45.0),
        20..=23 => {
            // At four times the rate: fs/6 at 0.5 with one period of fs/4 at 1.0 spliced in, phase
            // continuous, then a low-pass and every fourth sample.
            let (slow, fast) = (1.0 / 24.0, 1.0 / 16.0);
            let splice = 24 * 2000;
            let wide: Vec<f32> = (0..4 * 24_000)
                .map(|n| {
                    let value = if n < splice {
                        0.5 * (TAU * slow * f64::from(n)).sin()
                    } else if n < splice + 16 {
                        (TAU * fast * f64::from(n - splice)).sin()
                    } else {
                        0.5 * (TAU * slow * f64::from(n - splice - 16)).sin()
                    };
                    value as f32
                })
                .collect();
            let limited = band_limited(&faded(wide, 1920), 0.11);
            limited.into_iter().skip(case as usize - 20).step_by(4).collect()
        }
        _ => panic!("case {case} is no true-peak case"),
    }
}
