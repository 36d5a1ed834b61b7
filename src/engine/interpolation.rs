//! Peaks between samples: a precise interpolator and the one printed in ITU-R BS.1770-5 Annex 2.
//!
//! The precise one reads a 4x grid through a 48-tap Kaiser-windowed sinc (beta 8, flat up to 0.4375 of
//! the sample rate) and lays a sinusoid through each local maximum of the grid and its two neighbours.
//! The other is the table of the Recommendation, applied as printed. A true-peak reading is never
//! better than its interpolator, so limiter and meter both ask both.
//!
//! The arithmetic is the same on every path: one order of operations, no fused multiply-add. The
//! compiler vectorises it over time, for AVX2 where the machine has it.

use std::f64::consts::PI;

/// Samples that one interval of the precise interpolator looks at.
pub const WINDOW: usize = 48;
/// Samples after the start of an interval that must be known to read it.
pub const LOOKAHEAD: usize = WINDOW / 2;
/// Intervals read at once.
pub const GROUP: usize = 16;
/// Samples that a group of intervals looks at.
pub const GROUP_WINDOW: usize = GROUP + WINDOW - 1;

const HALF: usize = WINDOW / 2;
const KAISER_BETA: f64 = 8.0;
/// A sinusoid through three points of one lobe rises at most this much above the middle one
/// (reached when one neighbour is as high and the other is zero).
const VERTEX_RISE: f64 = 1.154_700_538_379_251_5;
/// Room for the rounding of 48 single-precision products, so that skipping stays exact.
const ROUNDING: f64 = 1.0 + 1e-5;

/// Interpolating filter of ITU-R BS.1770-5 Annex 2, order 48, four phases: phases 0 and 1 as printed;
/// phases 3 and 2 are these read backwards.
#[allow(clippy::excessive_precision, reason = "the digits of the Recommendation")]
const ANNEX_2: [[f32; 12]; 2] = [
    [
        0.001_708_984_375,
        0.010_986_328_125,
        -0.019_653_320_312_5,
        0.033_203_125,
        -0.059_448_242_187_5,
        0.137_329_101_562_5,
        0.972_167_968_75,
        -0.102_294_921_875,
        0.047_607_421_875,
        -0.026_611_328_125,
        0.014_892_578_125,
        -0.008_300_781_25,
    ],
    [
        -0.029_174_804_687_5,
        0.029_296_875,
        -0.051_757_812_5,
        0.089_111_328_125,
        -0.166_503_906_25,
        0.465_087_890_625,
        0.779_785_156_25,
        -0.200_317_382_812_5,
        0.101_562_5,
        -0.058_227_539_062_5,
        0.033_081_054_687_5,
        -0.018_920_898_437_5,
    ],
];
const ANNEX_HALF: usize = 6;
/// The Annex-2 outputs that fall into an interval end this many samples into the group's window.
const ANNEX_LAST: usize = LOOKAHEAD - 1 + ANNEX_HALF;

/// What a group of intervals reads. Interval `i` begins at sample `i + LOOKAHEAD - 1` of the window.
#[derive(Clone, Copy)]
pub struct Reading {
    /// Squared peak of the precise interpolator from the interval's first sample to before its last.
    pub precise_squared: [f32; GROUP],
    /// Peak of the four Annex-2 phases that fall into the interval.
    pub annex_2: [f32; GROUP],
    /// The point a quarter before each interval's end: what the next interval needs to know.
    pub last_quarter: [f32; GROUP],
}

/// The two interpolators with their filters, for one instruction set.
#[derive(Clone)]
pub struct Interpolator {
    filter: Filter,
    precise_bound: f64,
    annex_2_bound: f64,
    kernel: Kernel,
}

/// Half of the mirrored filters: what multiplies the sum and the difference of mirrored samples.
#[derive(Clone)]
struct Filter {
    quarter_even: [f32; HALF],
    quarter_odd: [f32; HALF],
    middle: [f32; HALF],
}

/// Which compiled version of the same arithmetic runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// What every machine of the target has.
    Baseline,
    /// 256-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Kernel {
    /// Those that this machine can run, the fastest last.
    pub fn available() -> Vec<Kernel> {
        #[allow(unused_mut)]
        let mut kernels = vec![Kernel::Baseline];
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            kernels.push(Kernel::Avx2);
        }
        kernels
    }
}

impl Interpolator {
    /// For a kernel out of [`Kernel::available`]; without one, the fastest.
    pub fn new(kernel: Option<Kernel>) -> Self {
        let available = Kernel::available();
        let fastest = available.last().copied().unwrap_or(Kernel::Baseline);
        let kernel = kernel.filter(|wanted| available.contains(wanted)).unwrap_or(fastest);
        let quarter: [f64; WINDOW] = std::array::from_fn(|tap| kaiser_sinc(tap, 0.25));
        let middle: [f64; WINDOW] = std::array::from_fn(|tap| kaiser_sinc(tap, 0.5));
        let l1 = |taps: &[f64]| taps.iter().map(|tap| tap.abs()).sum::<f64>();
        let annex_l1 = ANNEX_2.iter().map(|phase| l1(&phase.map(f64::from))).fold(0.0, f64::max);
        Self {
            filter: Filter {
                quarter_even: std::array::from_fn(|k| ((quarter[k] + quarter[WINDOW - 1 - k]) / 2.0) as f32),
                quarter_odd: std::array::from_fn(|k| ((quarter[k] - quarter[WINDOW - 1 - k]) / 2.0) as f32),
                middle: std::array::from_fn(|k| middle[k] as f32),
            },
            precise_bound: VERTEX_RISE * l1(&quarter).max(l1(&middle)) * ROUNDING,
            annex_2_bound: annex_l1 * ROUNDING,
            kernel,
        }
    }

    /// No precise peak is higher than this times the highest sample within the interval's window.
    pub fn precise_bound(&self) -> f64 {
        self.precise_bound
    }

    /// The same for the Annex-2 peak.
    pub fn annex_2_bound(&self) -> f64 {
        self.annex_2_bound
    }

    /// Reads [`GROUP`] intervals. `quarter_before` is `last_quarter` of the interval before the first,
    /// or 0 where that interval was skipped as too quiet to matter.
    pub fn read(&self, window: &[f32; GROUP_WINDOW], quarter_before: f32) -> Reading {
        match self.kernel {
            Kernel::Baseline => read_intervals(&self.filter, window, quarter_before),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `new` takes this kernel only where the machine has AVX2.
            Kernel::Avx2 => unsafe { read_intervals_avx2(&self.filter, window, quarter_before) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn read_intervals_avx2(filter: &Filter, window: &[f32; GROUP_WINDOW], quarter_before: f32) -> Reading {
    read_intervals(filter, window, quarter_before)
}

#[inline(always)]
fn read_intervals(filter: &Filter, x: &[f32; GROUP_WINDOW], quarter_before: f32) -> Reading {
    // The filters for 1/4 and 3/4 mirror each other: their even part is common, their odd part changes
    // sign. The one for 1/2 mirrors itself.
    let mut even = [0.0f32; GROUP];
    let mut odd = [0.0f32; GROUP];
    let mut half = [0.0f32; GROUP];
    for k in 0..HALF {
        for i in 0..GROUP {
            let (early, late) = (x[i + k], x[i + WINDOW - 1 - k]);
            let (sum, difference) = (early + late, early - late);
            even[i] += filter.quarter_even[k] * sum;
            odd[i] += filter.quarter_odd[k] * difference;
            half[i] += filter.middle[k] * sum;
        }
    }
    let mut first = [0.0f32; GROUP];
    let mut last = [0.0f32; GROUP];
    for i in 0..GROUP {
        first[i] = even[i] + odd[i];
        last[i] = even[i] - odd[i];
    }
    let mut before = [quarter_before; GROUP];
    before[1..].copy_from_slice(&last[..GROUP - 1]);

    let mut precise_squared = [0.0f32; GROUP];
    for i in 0..GROUP {
        let (start, end) = (x[i + LOOKAHEAD - 1], x[i + LOOKAHEAD]);
        let at_start = vertex_squared(before[i], start, first[i]);
        let at_first = vertex_squared(start, first[i], half[i]);
        let at_half = vertex_squared(first[i], half[i], last[i]);
        let at_last = vertex_squared(half[i], last[i], end);
        precise_squared[i] = max(max(at_start, at_first), max(at_half, at_last));
    }
    Reading { precise_squared, annex_2: read_annex_2(x), last_quarter: last }
}

/// |even| + |odd| is the larger of a filter's output and its mirror's.
#[inline(always)]
fn read_annex_2(x: &[f32; GROUP_WINDOW]) -> [f32; GROUP] {
    let mut peak = [0.0f32; GROUP];
    for phase in &ANNEX_2 {
        let mut even = [0.0f32; GROUP];
        let mut odd = [0.0f32; GROUP];
        for j in 0..ANNEX_HALF {
            let mirror = phase[2 * ANNEX_HALF - 1 - j];
            let (even_tap, odd_tap) = ((phase[j] + mirror) / 2.0, (phase[j] - mirror) / 2.0);
            for i in 0..GROUP {
                let (late, early) = (x[i + ANNEX_LAST - j], x[i + ANNEX_LAST + 1 + j - 2 * ANNEX_HALF]);
                even[i] += even_tap * (late + early);
                odd[i] += odd_tap * (late - early);
            }
        }
        for i in 0..GROUP {
            peak[i] = max(peak[i], even[i].abs() + odd[i].abs());
        }
    }
    peak
}

/// Squared height of the sinusoid through three neighbouring points of the grid if the middle one is
/// the highest of its lobe, else the middle one's square.
///
/// A sinusoid of any frequency is met exactly; a parabola reads it up to 0.04 dB low at 0.4375 of the
/// sample rate.
#[inline(always)]
fn vertex_squared(before: f32, middle: f32, after: f32) -> f32 {
    // Keeps 0/0 away where all three are equal; far below any level that matters.
    const TINY: f32 = 1e-30;
    let height = middle.abs();
    // A neighbour on the other side of zero belongs to another lobe.
    let before = max(before * 1f32.copysign(middle), 0.0);
    let after = max(after * 1f32.copysign(middle), 0.0);
    let sum = before + after;
    let slope = height * (before - after);
    let curvature = (2.0 * height - sum) * (2.0 * height + sum) + TINY;
    let rise = slope * (slope / curvature);
    let highest = before <= height && after <= height;
    height * height + if highest { rise } else { 0.0 }
}

/// The larger, as one machine instruction. Neither is ever NaN here.
#[inline(always)]
fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// Tap of the Kaiser-windowed sinc that reads `position` (0 to 1) within the interval which begins at
/// tap `LOOKAHEAD - 1`.
fn kaiser_sinc(tap: usize, position: f64) -> f64 {
    let distance = tap as f64 - (LOOKAHEAD - 1) as f64 - position;
    let edge = distance / HALF as f64;
    let window = bessel_i0(KAISER_BETA * libm::sqrt(1.0 - edge * edge)) / bessel_i0(KAISER_BETA);
    libm::sin(PI * distance) / (PI * distance) * window
}

/// Modified Bessel function of the first kind, order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter_square = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..64 {
        term *= quarter_square / f64::from(k * k);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The filters as they are before folding, read at a place in a long signal.
    fn read_plainly(x: &[f32], start: usize, taps: [f64; WINDOW]) -> f64 {
        taps.iter().enumerate().map(|(k, tap)| tap * f64::from(x[start + 1 - LOOKAHEAD + k])).sum()
    }

    fn noise(length: usize) -> Vec<f32> {
        let mut state = 88_172_645_463_325_252_u64;
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state as i64 as f64 / 2f64.powi(63)) as f32
        };
        (0..length).map(next).collect()
    }

    #[test]
    fn a_sine_is_read_at_its_height_at_any_frequency_and_phase() {
        for kernel in Kernel::available() {
            let interpolator = Interpolator::new(Some(kernel));
            for step in 1..=35 {
                let frequency = 0.0125 * f64::from(step);
                for phase in 0..40 {
                    let phase = f64::from(phase) / 40.0;
                    let sine =
                        |n: usize| (std::f64::consts::TAU * (frequency * n as f64 + phase)).sin() as f32;
                    let mut highest = 0.0f32;
                    let mut quarter = 0.0;
                    for group in 0..8 {
                        let reading =
                            interpolator.read(&std::array::from_fn(|n| sine(group * GROUP + n)), quarter);
                        quarter = reading.last_quarter[GROUP - 1];
                        if group > 0 {
                            highest = reading.precise_squared.iter().copied().fold(highest, f32::max);
                        }
                    }
                    let read_db = 10.0 * f64::from(highest).log10();
                    // 128 intervals hold a peak of anything from 0.004 of the rate on.
                    assert!(read_db.abs() < 0.003, "{frequency} turned by {phase}: {read_db:+.4} dB");
                }
            }
        }
    }

    #[test]
    fn folding_changes_nothing_but_rounding() {
        let x = noise(GROUP_WINDOW);
        let at = |position| std::array::from_fn(|tap| kaiser_sinc(tap, position));
        for kernel in Kernel::available() {
            let window: &[f32; GROUP_WINDOW] = x.first_chunk().unwrap();
            let reading = Interpolator::new(Some(kernel)).read(window, 0.0);
            for i in 0..GROUP {
                let start = i + LOOKAHEAD - 1;
                let points = [0.25, 0.5, 0.75].map(|position| read_plainly(&x, start, at(position)));
                assert!((f64::from(reading.last_quarter[i]) - points[2]).abs() < 1e-6);
                let highest = points.iter().fold(f64::from(x[start]), |a, b| a.abs().max(b.abs()));
                let read = f64::from(reading.precise_squared[i]).sqrt();
                assert!(read > highest - 1e-6 && read < highest * VERTEX_RISE + 1e-6);

                let annex = |phase: &[f32]| -> f64 {
                    let newest = start + ANNEX_HALF;
                    phase.iter().enumerate().map(|(j, tap)| f64::from(tap * x[newest - j])).sum::<f64>().abs()
                };
                let backwards = |mut phase: [f32; 12]| {
                    phase.reverse();
                    phase
                };
                let phases = [ANNEX_2[0], ANNEX_2[1], backwards(ANNEX_2[1]), backwards(ANNEX_2[0])];
                let expected = phases.iter().map(|phase| annex(phase)).fold(0.0, f64::max);
                assert!((f64::from(reading.annex_2[i]) - expected).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn no_signal_reads_above_the_bounds() {
        let interpolator = Interpolator::new(None);
        // The worst signal has the signs of a filter's taps; try those of each, at every place.
        for position in [0.25, 0.5, 0.75] {
            for shift in 0..GROUP {
                let mut window = [0.0; GROUP_WINDOW];
                for tap in 0..WINDOW {
                    window[shift + tap] = kaiser_sinc(tap, position).signum() as f32;
                }
                let reading = interpolator.read(&window, 0.0);
                for i in 0..GROUP {
                    let precise = f64::from(reading.precise_squared[i]).sqrt();
                    assert!(precise <= interpolator.precise_bound());
                    assert!(f64::from(reading.annex_2[i]) <= interpolator.annex_2_bound());
                }
            }
        }
    }

    #[test]
    fn every_kernel_gives_the_same_bits() {
        let x = noise(GROUP_WINDOW * 50);
        for window in x.as_chunks::<GROUP_WINDOW>().0 {
            let readings: Vec<_> = Kernel::available()
                .into_iter()
                .map(|kernel| Interpolator::new(Some(kernel)).read(window, 0.3))
                .collect();
            for reading in &readings {
                assert_eq!(reading.precise_squared, readings[0].precise_squared);
                assert_eq!(reading.annex_2, readings[0].annex_2);
                assert_eq!(reading.last_quarter, readings[0].last_quarter);
            }
        }
    }
}
