//! Perceived difference of two signals: the objective difference grade of PEAQ's basic version.
//!
//! After the formulas of ITU-R BS.1387-1, annex 2, for one channel at 48 kHz. The Recommendation's own test
//! items are not to be had from a package registry, so that conformance is not claimed.

use std::f64::consts::PI;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

const RATE: f64 = 48_000.0;
const FRAME: usize = 2048;
const HOP: usize = 1024;
const FRAMES_PER_SECOND: f64 = RATE / HOP as f64;
const BINS: usize = FRAME / 2 + 1;
/// Quarters of a Bark from 80 Hz to 18 kHz.
const BANDS: usize = 109;
const BARK_PER_BAND: f64 = 0.25;
/// A full-scale sine is this loud, in dB SPL.
const FULL_SCALE_DB: f64 = 92.0;

type Bands = [f64; BANDS];

/// What the ear makes of both signals, and the model's output variables.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grade {
    /// Objective difference grade: 0 imperceptible, -1 perceptible but not annoying, to -4 very annoying.
    pub odg: f64,
    /// Noise-to-mask ratio over the whole signal in dB; less is better.
    pub nmr_db: f64,
}

/// The model, with what it needs prepared.
pub struct Peaq {
    fft: Arc<dyn RealToComplex<f64>>,
    lag_fft: Arc<dyn RealToComplex<f64>>,
    window: Vec<f64>,
    /// Power gain of outer and middle ear per bin.
    ear: Vec<f64>,
    /// Share of each bin in each band: first bin, weights.
    groups: Vec<(usize, Vec<f64>)>,
    centre_hz: Bands,
    /// The ear's own noise.
    internal: Bands,
    spread_of_one: Bands,
    masking: Bands,
    smear: Bands,
    adaptation: Bands,
}

/// One signal's excitation in a frame.
struct Excitation {
    spectrum: Vec<f64>,
    weighted: Vec<f64>,
    /// Spread in frequency.
    spread: Bands,
}

/// What is remembered of one signal from frame to frame.
#[derive(Clone)]
struct Memory {
    smeared: Bands,
    adapted: Bands,
    correction: Bands,
    root: Bands,
    change: Bands,
    average: Bands,
}

impl Memory {
    fn new() -> Self {
        let zero = [0.0; BANDS];
        Self { smeared: zero, adapted: zero, correction: zero, root: zero, change: zero, average: zero }
    }
}

/// The model's variables of one frame.
struct Frame {
    bandwidth: (usize, usize),
    nmr: f64,
    highest_nmr: f64,
    difference_1: f64,
    difference_2: f64,
    weight: f64,
    noise_loudness: f64,
    loudness: (f64, f64),
    detected: f64,
    steps: f64,
    harmonics: Option<f64>,
}

fn hann(length: usize) -> impl Iterator<Item = f64> {
    (0..length).map(move |n| 0.5 - 0.5 * (2.0 * PI * n as f64 / (length - 1) as f64).cos())
}

/// The outputs of the eleven variables' network, in the order of the Recommendation.
mod network {
    pub const LOW: [f64; 11] = [
        393.916_656,
        361.965_332,
        -24.045_116,
        1.110_661,
        -0.206_623,
        0.074_318,
        1.113_683,
        0.950_345,
        0.029_985,
        0.000_101,
        0.0,
    ];
    pub const HIGH: [f64; 11] = [
        921.0,
        881.131_226,
        16.212_030,
        107.137_772,
        2.886_017,
        13.933_351,
        63.257_874,
        1_145.018_555,
        14.819_740,
        1.0,
        1.0,
    ];
    pub const HIDDEN: [[f64; 3]; 11] = [
        [-0.502_657, 0.436_333, 1.219_602],
        [4.307_481, 3.246_017, 1.123_743],
        [4.984_241, -2.211_189, -0.192_096],
        [0.051_056, -1.762_424, 4.331_315],
        [2.321_580, 1.789_971, -0.754_560],
        [-5.303_901, -3.452_257, -10.814_982],
        [2.730_991, -6.111_805, 1.519_223],
        [0.624_950, -1.331_523, -5.955_151],
        [3.102_889, 0.871_260, -5.922_878],
        [-1.051_468, -0.939_882, -0.142_913],
        [-1.804_679, -0.503_610, -0.620_456],
    ];
    pub const HIDDEN_BIAS: [f64; 3] = [-2.518_254, 0.654_841, -2.207_228];
    pub const OUTPUT: [f64; 3] = [-3.817_048, 4.107_138, 4.629_582];
    pub const OUTPUT_BIAS: f64 = -0.307_594;
    pub const GRADES: (f64, f64) = (-3.98, 0.22);

    pub fn grade(variables: [f64; 11]) -> f64 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mut index = OUTPUT_BIAS;
        for node in 0..3 {
            let mut sum = HIDDEN_BIAS[node];
            for (n, variable) in variables.iter().enumerate() {
                sum += HIDDEN[n][node] * (variable - LOW[n]) / (HIGH[n] - LOW[n]);
            }
            index += OUTPUT[node] * sigmoid(sum);
        }
        GRADES.0 + (GRADES.1 - GRADES.0) * sigmoid(index)
    }
}

impl Peaq {
    pub fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let bark = |hertz: f64| 7.0 * (hertz / 650.0).asinh();
        let hertz = |bark: f64| 650.0 * (bark / 7.0).sinh();
        let edge = |band: usize| hertz((bark(80.0) + BARK_PER_BAND * band as f64).min(bark(18_000.0)));
        let centre_hz: Bands =
            std::array::from_fn(|band| hertz((bark(edge(band)) + bark(edge(band + 1))) / 2.0));
        let bin_hz = RATE / FRAME as f64;
        let groups = (0..BANDS).map(|band| {
            let (low, high) = (edge(band) / bin_hz, edge(band + 1) / bin_hz);
            let first = (low + 0.5).floor() as usize;
            let last = (high + 0.5).ceil() as usize - 1;
            let share = |bin: usize| (high.min(bin as f64 + 0.5) - low.max(bin as f64 - 0.5)).max(0.0);
            (first, (first..=last).map(share).collect())
        });
        // A full-scale sine at 1019.5 Hz falls between two bins, which lowers its highest bin so much.
        let off = (1019.5 / bin_hz).fract();
        let off = off.min(1.0 - off) * (FRAME - 1) as f64 / FRAME as f64;
        let dip = (PI * off).sin() / (PI * off * (1.0 - off * off));
        let scale = 10f64.powf(FULL_SCALE_DB / 20.0) / (dip * (FRAME - 1) as f64 / 4.0);
        let ear = (0..BINS).map(|bin| {
            let khz = bin as f64 * bin_hz / 1e3;
            if bin == 0 {
                return 0.0;
            }
            let db = -2.184 * khz.powf(-0.8) + 6.5 * (-0.6 * (khz - 3.3) * (khz - 3.3)).exp()
                - 0.001 * khz.powf(3.6);
            10f64.powf(db / 10.0)
        });
        let per_frame = |at_100_hz: f64| {
            centre_hz
                .map(|hz| (-1.0 / (FRAMES_PER_SECOND * (0.008 + 100.0 / hz * (at_100_hz - 0.008)))).exp())
        };
        let mut model = Self {
            fft: planner.plan_fft_forward(FRAME),
            lag_fft: planner.plan_fft_forward(LAGS),
            window: hann(FRAME).map(|w| w * scale).collect(),
            ear: ear.collect(),
            groups: groups.collect(),
            centre_hz,
            internal: centre_hz.map(|hz| 10f64.powf(0.1456 * (hz / 1e3).powf(-0.8))),
            spread_of_one: [1.0; BANDS],
            masking: std::array::from_fn(|band| {
                let bark = BARK_PER_BAND * band as f64;
                10f64.powf(-(if bark <= 12.0 { 3.0 } else { 0.25 * bark }) / 10.0)
            }),
            smear: per_frame(0.030),
            adaptation: per_frame(0.050),
        };
        model.spread_of_one = model.spread(&[1.0; BANDS]);
        model
    }

    /// Grades what has become of `reference`; both as long, in time, full scale being 1.
    pub fn grade(&self, reference: &[f32], test: &[f32]) -> Grade {
        let [reference, test] = [reference, test].map(|signal| {
            // The bandwidths are read against the noise floor of 16 bits.
            signal.iter().map(|&x| (f64::from(x) * 32_768.0).round() / 32_768.0).collect::<Vec<_>>()
        });
        let mut memories = [Memory::new(), Memory::new()];
        let (mut above, mut below) = ([0.0; BANDS], [0.0; BANDS]);
        let frames: Vec<Frame> = (0..)
            .map(|n| n * HOP..n * HOP + FRAME)
            .take_while(|range| range.end <= reference.len().min(test.len()))
            .map(|range| {
                let pair = [&reference[range.clone()], &test[range]];
                self.frame(pair, &mut memories, (&mut above, &mut below))
            })
            .collect();
        summary(&sounding(frames, &reference))
    }

    fn excitation(&self, samples: &[f64]) -> Excitation {
        let mut input: Vec<f64> = samples.iter().zip(&self.window).map(|(x, w)| x * w).collect();
        let mut output = self.fft.make_output_vec();
        self.fft.process(&mut input, &mut output).expect("lengths fit");
        let spectrum: Vec<f64> = output.iter().map(Complex::norm_sqr).collect();
        let weighted: Vec<f64> = spectrum.iter().zip(&self.ear).map(|(x, w)| x * w).collect();
        let mut bands = self.group(&weighted);
        bands.iter_mut().zip(&self.internal).for_each(|(band, noise)| *band += noise);
        let mut spread = self.spread(&bands);
        spread.iter_mut().zip(&self.spread_of_one).for_each(|(band, one)| *band /= one);
        Excitation { spectrum, weighted, spread }
    }

    fn group(&self, spectrum: &[f64]) -> Bands {
        std::array::from_fn(|band| {
            let (first, weights) = &self.groups[band];
            let energy: f64 = spectrum[*first..].iter().zip(weights).map(|(x, w)| x * w).sum();
            energy.max(1e-12)
        })
    }

    /// Spreading over the bands: 27 dB per Bark downwards, less and depending on the level upwards.
    fn spread(&self, energy: &Bands) -> Bands {
        const POWER: f64 = 0.4;
        let down = 10f64.powf(-2.7 * BARK_PER_BAND);
        let mut sum = [0.0; BANDS];
        for (band, &energy) in energy.iter().enumerate() {
            let up = 10f64.powf((-2.4 - 23.0 / self.centre_hz[band]) * BARK_PER_BAND)
                * energy.powf(0.2 * BARK_PER_BAND);
            let series = |ratio: f64, terms: usize| (1.0 - ratio.powi(terms as i32)) / (1.0 - ratio);
            let own = (energy / (series(down, band + 1) + series(up, BANDS - band) - 1.0)).powf(POWER);
            let (down, up) = (down.powf(POWER), up.powf(POWER));
            let mut level = own;
            for sum in sum[..=band].iter_mut().rev() {
                *sum += level;
                level *= down;
            }
            let mut level = own;
            for sum in &mut sum[band + 1..] {
                level *= up;
                *sum += level;
            }
        }
        sum.map(|sum| sum.powf(1.0 / POWER))
    }

    fn frame(
        &self,
        [reference, test]: [&[f64]; 2],
        memories: &mut [Memory; 2],
        (above, below): (&mut Bands, &mut Bands),
    ) -> Frame {
        let ears = [self.excitation(reference), self.excitation(test)];
        let difference: Vec<f64> = ears[0]
            .weighted
            .iter()
            .zip(&ears[1].weighted)
            .map(|(r, t)| (r.sqrt() - t.sqrt()).powi(2))
            .collect();
        let noise = self.group(&difference);

        // Smearing in time, modulation.
        let mut patterns = [[0.0; BANDS]; 2];
        let mut modulation = [[0.0; BANDS]; 2];
        for (n, (memory, ear)) in memories.iter_mut().zip(&ears).enumerate() {
            for band in 0..BANDS {
                let (fast, slow, energy) = (self.smear[band], self.adaptation[band], ear.spread[band]);
                memory.smeared[band] = fast * memory.smeared[band] + (1.0 - fast) * energy;
                patterns[n][band] = memory.smeared[band].max(energy);
                memory.adapted[band] = slow * memory.adapted[band] + (1.0 - slow) * patterns[n][band];
                let root = energy.powf(0.3);
                let change = FRAMES_PER_SECOND * (root - memory.root[band]).abs();
                memory.root[band] = root;
                memory.change[band] = slow * memory.change[band] + (1.0 - slow) * change;
                memory.average[band] = slow * memory.average[band] + (1.0 - slow) * root;
                modulation[n][band] = memory.change[band] / (1.0 + memory.average[band] / 0.3);
            }
        }

        // Adaptation to level and to the spectrum's slope.
        let product = |(r, t): (&f64, &f64)| (r * t).sqrt();
        let common: f64 = memories[0].adapted.iter().zip(&memories[1].adapted).map(product).sum();
        let level = (common / memories[1].adapted.iter().sum::<f64>()).powi(2);
        let mut adapted = patterns;
        if level > 1.0 {
            adapted[0].iter_mut().for_each(|energy| *energy /= level);
        } else {
            adapted[1].iter_mut().for_each(|energy| *energy *= level);
        }
        let mut ratios = [[1.0; BANDS]; 2];
        for band in 0..BANDS {
            let slow = self.adaptation[band];
            above[band] = slow * above[band] + adapted[1][band] * adapted[0][band];
            below[band] = slow * below[band] + adapted[0][band] * adapted[0][band];
            if above[band] >= below[band] {
                ratios[1][band] = below[band] / above[band];
            } else {
                ratios[0][band] = above[band] / below[band];
            }
        }
        for (n, memory) in memories.iter_mut().enumerate() {
            for band in 0..BANDS {
                let near = &ratios[n][band.saturating_sub(3)..(band + 5).min(BANDS)];
                let average = near.iter().sum::<f64>() / near.len() as f64;
                let slow = self.adaptation[band];
                memory.correction[band] = slow * memory.correction[band] + (1.0 - slow) * average;
                adapted[n][band] *= memory.correction[band];
            }
        }

        let (difference_1, difference_2, weight) =
            self.modulation_difference(&modulation, &memories[0].average);
        let (nmr, highest_nmr) = self.noise_to_mask(&noise, &patterns[0]);
        let (detected, steps) = detection(&patterns);
        Frame {
            bandwidth: bandwidths(&ears[0].spectrum, &ears[1].spectrum),
            nmr,
            highest_nmr,
            difference_1,
            difference_2,
            weight,
            noise_loudness: self.noise_loudness(&modulation, &adapted),
            loudness: (self.loudness(&patterns[0]), self.loudness(&patterns[1])),
            detected,
            steps,
            harmonics: self.harmonics([reference, test], [&ears[0].spectrum, &ears[1].spectrum]),
        }
    }

    fn modulation_difference(&self, modulation: &[Bands; 2], average: &Bands) -> (f64, f64, f64) {
        let (mut first, mut second, mut weight) = (0.0, 0.0, 0.0);
        for band in 0..BANDS {
            let (reference, test) = (modulation[0][band], modulation[1][band]);
            let difference = (reference - test).abs();
            first += difference / (1.0 + reference);
            second += if reference > test { 0.1 } else { 1.0 } * difference / (0.01 + reference);
            weight += average[band] / (average[band] + 100.0 * self.internal[band].powf(0.3));
        }
        (first * 100.0 / BANDS as f64, second * 100.0 / BANDS as f64, weight)
    }

    fn noise_to_mask(&self, noise: &Bands, reference: &Bands) -> (f64, f64) {
        let ratio = |band: usize| noise[band] / (self.masking[band] * reference[band]);
        let ratios = (0..BANDS).map(ratio);
        (ratios.clone().sum::<f64>() / BANDS as f64, ratios.fold(0.0, f64::max))
    }

    fn noise_loudness(&self, modulation: &[Bands; 2], adapted: &[Bands; 2]) -> f64 {
        let mut sum = 0.0;
        for band in 0..BANDS {
            let [reference, test] = [0, 1].map(|n| 0.15 * modulation[n][band] + 0.5);
            let (quiet, [heard, changed]) = (self.internal[band], [adapted[0][band], adapted[1][band]]);
            let beta = (-1.5 * (changed - heard) / heard).exp();
            let excess = (test * changed - reference * heard).max(0.0) / (quiet + reference * heard * beta);
            sum += (quiet / test).powf(0.23) * ((1.0 + excess).powf(0.23) - 1.0);
        }
        (sum * 24.0 / BANDS as f64).max(0.0)
    }

    fn loudness(&self, pattern: &Bands) -> f64 {
        let sum: f64 = (0..BANDS)
            .map(|band| {
                let hz = self.centre_hz[band];
                let threshold = 10f64.powf(0.364 * (hz / 1e3).powf(-0.8));
                let slope_db = -2.0 - 2.05 * (hz / 4e3).atan() - 0.75 * (hz / 1.6e3).powi(2).atan();
                let slope = 10f64.powf(slope_db / 10.0);
                let scale = 1.076_64 * (threshold / (slope * 1e4)).powf(0.23);
                (scale * ((1.0 - slope + slope * pattern[band] / threshold).powf(0.23) - 1.0)).max(0.0)
            })
            .sum();
        sum * 24.0 / BANDS as f64
    }

    /// How much the error's spectrum repeats itself over the frequency.
    fn harmonics(&self, frames: [&[f64]; 2], spectra: [&[f64]; 2]) -> Option<f64> {
        // The energy of the newer half, at 16-bit scale.
        let energy = |samples: &[f64]| samples[HOP..].iter().map(|x| (x * 32_768.0).powi(2)).sum::<f64>();
        if frames.iter().all(|frame| energy(frame) < 8000.0) {
            return None;
        }
        let log: Vec<f64> = (0..2 * LAGS - 1)
            .map(|bin| (spectra[1][bin].max(1e-30) / spectra[0][bin].max(1e-30)).ln())
            .collect();
        let start = &log[..LAGS];
        let own: f64 = start.iter().map(|x| x * x).sum();
        let mut energy = own;
        let mut correlation: Vec<f64> = (0..LAGS)
            .map(|lag| {
                let product: f64 = start.iter().zip(&log[lag..]).map(|(a, b)| a * b).sum();
                let norm = own * energy;
                if lag + 1 < LAGS {
                    energy += log[lag + LAGS] * log[lag + LAGS] - log[lag] * log[lag];
                }
                if norm <= 0.0 { 1.0 } else { product / norm.sqrt() }
            })
            .collect();
        let mean = correlation.iter().sum::<f64>() / LAGS as f64;
        let scale = (8.0f64 / 3.0).sqrt() / LAGS as f64;
        correlation.iter_mut().zip(hann(LAGS)).for_each(|(x, w)| *x = (*x - mean) * w * scale);
        let mut output = self.lag_fft.make_output_vec();
        self.lag_fft.process(&mut correlation, &mut output).expect("lengths fit");
        let power: Vec<f64> = output.iter().map(Complex::norm_sqr).collect();
        Some(power[1..].iter().copied().filter(|&x| x > power[0]).fold(0.0, f64::max))
    }
}

/// Bins that the search for harmonics correlates.
const LAGS: usize = 256;

/// Highest bins of the reference and the test signal that stand out of what is above 21.6 kHz.
fn bandwidths(reference: &[f64], test: &[f64]) -> (usize, usize) {
    const ABOVE: usize = 921;
    let floor = test[ABOVE..BINS - 1].iter().copied().fold(0.0, f64::max);
    let highest = |spectrum: &[f64], below: usize, factor: f64| {
        spectrum[..below].iter().rposition(|&x| x >= factor * floor).map_or(0, |bin| bin + 1)
    };
    let own = highest(reference, ABOVE, 10.0);
    (own, highest(test, own, 10f64.sqrt()))
}

/// Probability that a difference is heard in the frame, and how many steps above the threshold it is.
fn detection(patterns: &[Bands; 2]) -> (f64, f64) {
    let (mut unheard, mut steps) = (1.0, 0.0);
    let [reference, test] = patterns;
    for (reference, test) in reference.iter().zip(test) {
        let [reference, test] = [reference, test].map(|level| 10.0 * level.log10());
        let difference = reference - test;
        let level = 0.3 * reference.max(test) + 0.7 * test;
        let step = if level > 0.0 {
            5.950_72 * (6.394_68 / level).powf(1.713_32)
                + 9.010_33e-11 * level.powi(4)
                + 5.056_22e-6 * level.powi(3)
                - 0.001_024_38 * level.powi(2)
                + 0.055_019_7 * level
                - 0.198_719
        } else {
            1e30
        };
        let steepness = if difference > 0.0 { 4 } else { 6 };
        unheard *= 0.5f64.powf((difference / step).powi(steepness));
        steps += difference.trunc().abs() / step;
    }
    (1.0 - unheard, steps)
}

/// The frames from the first to the last sound of the reference.
fn sounding(mut frames: Vec<Frame>, reference: &[f64]) -> Vec<Frame> {
    let sounds = |samples: &[f64]| samples.iter().map(|x| x.abs()).sum::<f64>() > 200.0 / 32_768.0;
    let first = reference.windows(5).position(sounds).unwrap_or(0);
    let last = reference.windows(5).rposition(sounds).map_or(0, |at| at + 4);
    let end = (last + 1).saturating_sub(FRAME / 2) / HOP + 1;
    frames.truncate(end);
    frames.drain(..(first / HOP).min(frames.len()));
    frames
}

/// The variables of the whole signal, and its grade.
fn summary(frames: &[Frame]) -> Grade {
    if frames.is_empty() {
        return Grade::default();
    }
    let mean = |values: &mut dyn Iterator<Item = f64>| {
        let (sum, count) = values.fold((0.0, 0usize), |(sum, count), x| (sum + x, count + 1));
        if count == 0 { 0.0 } else { sum / count as f64 }
    };
    let wide = || frames.iter().filter(|frame| frame.bandwidth.0 > 346).map(|frame| frame.bandwidth);
    let nmr_db = 10.0 * mean(&mut frames.iter().map(|frame| frame.nmr)).log10();
    // The first half second is for getting used to; noise is judged once both have been loud for 50 ms.
    let settled = &frames[((0.5 * FRAMES_PER_SECOND).ceil() as usize).min(frames.len())..];
    let loud = frames.iter().position(|frame| frame.loudness.0 > 0.1 && frame.loudness.1 > 0.1);
    let loud = loud.unwrap_or(frames.len()) + (0.05 * FRAMES_PER_SECOND).ceil() as usize;
    let noise = &frames[loud.max((0.5 * FRAMES_PER_SECOND).ceil() as usize).min(frames.len())..];

    let windowed: Vec<f64> = settled
        .windows((0.1 * FRAMES_PER_SECOND) as usize)
        .map(|window| {
            (window.iter().map(|f| f.difference_1.sqrt()).sum::<f64>() / window.len() as f64).powi(4)
        })
        .collect();
    let weights: f64 = settled.iter().map(|frame| frame.weight).sum();
    let weighted = |value: fn(&Frame) -> f64| {
        if weights == 0.0 { 0.0 } else { settled.iter().map(|f| f.weight * value(f)).sum::<f64>() / weights }
    };
    let heard = || frames.iter().filter(|frame| frame.detected > 0.5);
    let steps: f64 = heard().map(|frame| frame.steps).sum();
    let block = match heard().count() {
        0 => 0.0,
        count if steps > 0.0 => (steps / count as f64).log10(),
        _ => -0.5,
    };
    let mut filtered = 0.0;
    let mut highest: f64 = 0.0;
    for frame in frames {
        filtered = 0.9 * filtered + 0.1 * frame.detected;
        highest = highest.max(filtered);
    }
    let variables = [
        mean(&mut wide().map(|(reference, _)| reference as f64)),
        mean(&mut wide().map(|(_, test)| test as f64)),
        nmr_db,
        mean(&mut windowed.iter().copied()).sqrt(),
        block,
        1000.0 * mean(&mut frames.iter().filter_map(|frame| frame.harmonics)),
        weighted(|frame| frame.difference_1),
        weighted(|frame| frame.difference_2),
        mean(&mut noise.iter().map(|frame| frame.noise_loudness.powi(2))).sqrt(),
        highest,
        mean(&mut frames.iter().map(|frame| f64::from(u8::from(frame.highest_nmr > 10f64.powf(0.15))))),
    ];
    Grade { odg: network::grade(variables), nmr_db }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECONDS: usize = 3;

    fn tone(hertz: f64, amplitude: f64) -> Vec<f32> {
        let wave = |n: usize| amplitude * (2.0 * PI * hertz * n as f64 / RATE).sin();
        (0..SECONDS * RATE as usize).map(|n| wave(n) as f32).collect()
    }

    /// Noise of this power in dB under full scale, 400 Hz wide around a frequency.
    fn band_of_noise(centre_hertz: f64, power_db: f64) -> Vec<f32> {
        const TONES: usize = 40;
        let amplitude = 10f64.powf(power_db / 20.0) * (2.0 / TONES as f64).sqrt();
        let mut sum = vec![0.0; SECONDS * RATE as usize];
        for n in 0..TONES {
            // Frequencies and phases that have nothing in common.
            let offset = (n as f64 * 0.618_034).fract() * 400.0 - 200.0;
            let phase = (n as f64 * 0.754_878).fract() * RATE;
            let tone = |k: usize| (2.0 * PI * (centre_hertz + offset) * (k as f64 + phase) / RATE).sin();
            sum.iter_mut().enumerate().for_each(|(k, sum)| *sum += (amplitude * tone(k)) as f32);
        }
        sum
    }

    fn plus(a: &[f32], b: &[f32]) -> Vec<f32> {
        a.iter().zip(b).map(|(a, b)| a + b).collect()
    }

    /// Noise up to 15 kHz of this root mean square in dB under full scale, four times a second louder and softer.
    fn noise(seed: u64, level_db: f64) -> Vec<f32> {
        let mut state = seed;
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            3f64.sqrt() * (state as i64 as f64 / 2f64.powi(63))
        };
        let length = SECONDS * RATE as usize;
        let mut white: Vec<f64> = (0..length).map(next).collect();
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut white, &mut spectrum).expect("lengths fit");
        spectrum[SECONDS * 15_000..].fill(Complex::default());
        inverse.process(&mut spectrum, &mut white).expect("lengths fit");
        let scale = 10f64.powf(level_db / 20.0) * (24.0f64 / 15.0).sqrt() / length as f64;
        let swell = |n: usize| 1.0 + 0.7 * (2.0 * PI * 4.0 * n as f64 / RATE).sin();
        white.iter().enumerate().map(|(n, x)| (scale * swell(n) * x) as f32).collect()
    }

    #[test]
    fn grades_fall_with_noise_from_one_end_of_the_scale_to_the_other() {
        let (peaq, signal) = (Peaq::new(), noise(88_172_645_463_325_252, -25.0));
        assert!(peaq.grade(&signal, &signal).odg > -0.05);
        let grade =
            |under_db| peaq.grade(&signal, &plus(&signal, &noise(362_436_069_362_436_069, -25.0 - under_db)));
        let grades = [60.0, 40.0, 30.0, 20.0, 10.0, 0.0].map(grade);
        assert!(grades.windows(2).all(|pair| pair[1].odg < pair[0].odg), "{grades:?}");
        assert!(grades[0].odg > -0.1 && grades[5].odg < -3.5, "{grades:?}");
        // 10 dB more noise are 10 dB more over the same mask.
        for pair in grades[1..5].windows(2) {
            assert!((pair[1].nmr_db - pair[0].nmr_db - 10.0).abs() < 0.5, "{grades:?}");
        }
    }

    #[test]
    fn noise_beside_a_tone_is_masked_and_elsewhere_is_not() {
        let (peaq, signal) = (Peaq::new(), tone(1000.0, 0.3));
        let grade = |hertz| peaq.grade(&signal, &plus(&signal, &band_of_noise(hertz, -60.0)));
        let (near, far) = (grade(1000.0), grade(5000.0));
        assert!(near.nmr_db + 15.0 < far.nmr_db, "{near:?}, {far:?}");
        assert!(near.odg > far.odg, "{near:?}, {far:?}");
    }
}
