//! Peaks between samples: a precise interpolator and the one printed in ITU-R BS.1770-5 Annex 2.
//!
//! The precise one reads a 4x grid through a 48-tap Kaiser-windowed sinc (beta 8, flat up to 0.4375 of
//! the sample rate) and lays a sinusoid through each local maximum of the grid and its two neighbours.
//! The other is the table of the Recommendation, applied as printed. A true-peak reading is never
//! better than its interpolator, so limiter and meter both ask both.
//!
//! Sixteen intervals are read at once, so that the compiler can vectorise over time.

use std::f64::consts::PI;

use super::kernel::{Kernel, Runnable, Task};

/// Samples that one interval of the precise interpolator looks at.
pub const WINDOW: usize = 48;
/// Samples after the start of an interval that must be known to read it.
pub const LOOKAHEAD: usize = WINDOW / 2;
/// Intervals read at once.
pub const GROUP: usize = 16;
/// Samples that a group of intervals looks at, and the last interval before it.
pub const GROUP_WINDOW: usize = GROUP + WINDOW;

const HALF: usize = WINDOW / 2;
const KAISER_BETA: f64 = 8.0;
/// A sinusoid through three points of one lobe rises at most this much above the middle one
/// (reached when one neighbour is as high and the other is zero).
const VERTEX_RISE: f64 = 1.154_700_538_379_251_5;
/// Room for the rounding of 48 single-precision products of samples up to 1, so that skipping stays exact.
const ROUNDING: f32 = 2e-5;

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
const ANNEX_LAST: usize = LOOKAHEAD + ANNEX_HALF;

/// What a group of intervals reads. Interval `i` begins at sample `i + LOOKAHEAD` of the window.
#[derive(Clone, Copy)]
pub struct Reading {
    /// Squared peak of the precise interpolator from the interval's first sample to before its last.
    pub precise_squared: [f32; GROUP],
    /// Peak of the four Annex-2 phases that fall into the interval.
    pub annex_2: [f32; GROUP],
    /// The point a quarter before each interval's end: what the next interval needs to know.
    pub last_quarter: [f32; GROUP],
}

/// The two interpolators with their filters.
#[derive(Clone)]
pub struct Interpolator {
    filter: Filter,
    precise: Bound,
    annex_2: Bound,
    kernel: Runnable,
}

/// Heights that the readings of a group do not exceed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of the precise peaks.
    pub precise: f32,
    /// Of the Annex-2 peaks.
    pub annex_2: f32,
}

/// How high an interpolator can read at most, from a look at its samples.
#[derive(Clone, Copy, Debug, Default)]
struct Bound {
    /// Per height of the samples in the middle of the window, and of those beside it: where only heights are
    /// known.
    near: f32,
    far: f32,
    /// Per height of the samples next to the intervals, and of the window's second differences.
    centre: f32,
    bend: f32,
}

/// Half of the mirrored filters: what multiplies the sum and the difference of mirrored samples.
#[derive(Clone)]
struct Filter {
    quarter_even: [f32; HALF],
    quarter_odd: [f32; HALF],
    middle: [f32; HALF],
    annex_2: [AnnexPhase; 2],
}

/// The same of a phase of Annex 2.
#[derive(Clone)]
struct AnnexPhase {
    even: [f32; ANNEX_HALF],
    odd: [f32; ANNEX_HALF],
}

impl Interpolator {
    /// For a kernel out of [`Kernel::available`]; without one, the fastest.
    pub fn new(kernel: Option<Kernel>) -> Self {
        let quarter: [f64; WINDOW] = std::array::from_fn(|tap| kaiser_sinc(tap, 0.25));
        let middle: [f64; WINDOW] = std::array::from_fn(|tap| kaiser_sinc(tap, 0.5));
        Self {
            precise: bound::of_precise(&quarter, &middle),
            annex_2: bound::of_annex_2(),
            filter: Filter {
                quarter_even: std::array::from_fn(|k| ((quarter[k] + quarter[WINDOW - 1 - k]) / 2.0) as f32),
                quarter_odd: std::array::from_fn(|k| ((quarter[k] - quarter[WINDOW - 1 - k]) / 2.0) as f32),
                middle: std::array::from_fn(|k| middle[k] as f32),
                annex_2: ANNEX_2.map(|phase| {
                    let mirror = |j: usize| phase[2 * ANNEX_HALF - 1 - j];
                    AnnexPhase {
                        even: std::array::from_fn(|j| (phase[j] + mirror(j)) / 2.0),
                        odd: std::array::from_fn(|j| (phase[j] - mirror(j)) / 2.0),
                    }
                }),
            },
            kernel: Kernel::or_fastest(kernel),
        }
    }

    /// What no reading of a group exceeds, by the highest samples of the two middle groups of its window and
    /// of the two outer ones.
    #[inline(always)]
    pub fn limits(&self, near: f32, far: f32) -> Limits {
        let limit = |bound: Bound| bound.near * near + bound.far * far;
        Limits { precise: limit(self.precise), annex_2: limit(self.annex_2) }
    }

    /// The same, mostly far lower, from a closer look at the window, in which no sample is above `highest`.
    #[inline(always)]
    pub fn close_limits(&self, window: &[f32; GROUP_WINDOW], highest: f32) -> Limits {
        let centre = larger(
            larger(window[LOOKAHEAD - 1].abs(), window[LOOKAHEAD + GROUP].abs()),
            highest_of(&window[LOOKAHEAD..LOOKAHEAD + GROUP]),
        );
        // The last groups overlap: there are two fewer second differences than samples.
        let mut bends = [0; GROUP];
        for from in [0, GROUP, 2 * GROUP, GROUP_WINDOW - 2 - GROUP] {
            let [before, middle, after] = [from, from + 1, from + 2].map(|place| samples_from(window, place));
            for (i, bend) in bends.iter_mut().enumerate() {
                *bend = height_bits(before[i] - 2.0 * middle[i] + after[i]).max(*bend);
            }
        }
        let bend = f32::from_bits(largest(bends));
        let limit = |bound: Bound| bound.centre * centre + bound.bend * bend + ROUNDING * highest;
        Limits { precise: limit(self.precise), annex_2: limit(self.annex_2) }
    }

    /// The kernel that it reads on.
    pub(super) fn kernel(&self) -> Runnable {
        self.kernel
    }

    /// Reads [`GROUP`] intervals. `quarter_before` is `last_quarter` of the interval before the first, if that
    /// was read.
    pub fn read(&self, window: &[f32; GROUP_WINDOW], quarter_before: Option<f32>) -> Reading {
        self.kernel.perform(Read { filter: &self.filter, window, quarter_before })
    }

    /// [`Self::read`] within a task that runs on the kernel already.
    #[inline(always)]
    pub(super) fn read_within(&self, window: &[f32; GROUP_WINDOW], quarter_before: Option<f32>) -> Reading {
        read_intervals(&self.filter, window, quarter_before)
    }
}

struct Read<'a> {
    filter: &'a Filter,
    window: &'a [f32; GROUP_WINDOW],
    quarter_before: Option<f32>,
}

impl Task for Read<'_> {
    type Output = Reading;

    #[inline(always)]
    fn perform(self) -> Reading {
        read_intervals(self.filter, self.window, self.quarter_before)
    }
}

#[inline(always)]
fn read_intervals(filter: &Filter, x: &[f32; GROUP_WINDOW], quarter_before: Option<f32>) -> Reading {
    // The filters for 1/4 and 3/4 mirror each other: their even part is common, their odd part changes
    // sign. The one for 1/2 mirrors itself.
    let mut even = [0.0f32; GROUP];
    let mut odd = [0.0f32; GROUP];
    let mut half = [0.0f32; GROUP];
    for k in 0..HALF {
        for i in 0..GROUP {
            let (early, late) = (x[i + 1 + k], x[i + WINDOW - k]);
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
    let mut before = [quarter_before.unwrap_or_else(|| read_quarter_before(filter, x)); GROUP];
    before[1..].copy_from_slice(&last[..GROUP - 1]);

    let mut precise_squared = [0.0f32; GROUP];
    for i in 0..GROUP {
        let (start, end) = (x[i + LOOKAHEAD], x[i + LOOKAHEAD + 1]);
        let at_start = vertex_squared(before[i], start, first[i]);
        let at_first = vertex_squared(start, first[i], half[i]);
        let at_half = vertex_squared(first[i], half[i], last[i]);
        let at_last = vertex_squared(half[i], last[i], end);
        precise_squared[i] = larger(larger(at_start, at_first), larger(at_half, at_last));
    }
    Reading { precise_squared, annex_2: read_annex_2(&filter.annex_2, x), last_quarter: last }
}

/// The last quarter of the interval before the first: to the bit what reading that would have given.
fn read_quarter_before(filter: &Filter, x: &[f32; GROUP_WINDOW]) -> f32 {
    let (mut even, mut odd) = (0.0, 0.0);
    for k in 0..HALF {
        let (early, late) = (x[k], x[WINDOW - 1 - k]);
        even += filter.quarter_even[k] * (early + late);
        odd += filter.quarter_odd[k] * (early - late);
    }
    even - odd
}

/// |even| + |odd| is the larger of a filter's output and its mirror's.
#[inline(always)]
fn read_annex_2(phases: &[AnnexPhase; 2], x: &[f32; GROUP_WINDOW]) -> [f32; GROUP] {
    let mut peak = [0.0f32; GROUP];
    for phase in phases {
        let mut even = [0.0f32; GROUP];
        let mut odd = [0.0f32; GROUP];
        for (j, (even_tap, odd_tap)) in phase.even.iter().zip(&phase.odd).enumerate() {
            let late = samples_from(x, ANNEX_LAST - j);
            let early = samples_from(x, ANNEX_LAST + 1 + j - 2 * ANNEX_HALF);
            for i in 0..GROUP {
                even[i] += even_tap * (late[i] + early[i]);
                odd[i] += odd_tap * (late[i] - early[i]);
            }
        }
        for i in 0..GROUP {
            peak[i] = larger(peak[i], even[i].abs() + odd[i].abs());
        }
    }
    peak
}

/// What each interval of a group finds at the same place of its window.
#[inline(always)]
fn samples_from(x: &[f32; GROUP_WINDOW], place: usize) -> &[f32; GROUP] {
    // A compiler that knows the place shares samples between the taps, and no longer works over time.
    let place = std::hint::black_box(place);
    x[place..].first_chunk().unwrap_or(&[0.0; GROUP])
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
    let before = larger(before * 1f32.copysign(middle), 0.0);
    let after = larger(after * 1f32.copysign(middle), 0.0);
    let sum = before + after;
    let slope = height * (before - after);
    let curvature = (2.0 * height - sum) * (2.0 * height + sum) + TINY;
    let rise = slope * (slope / curvature);
    let highest = before <= height && after <= height;
    height * height + if highest { rise } else { 0.0 }
}

/// The larger, as one machine instruction. Neither is ever NaN here.
#[inline(always)]
pub(super) fn larger(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The highest of the samples, either way. None is NaN.
#[inline(always)]
pub(super) fn highest_of(samples: &[f32]) -> f32 {
    f32::from_bits(samples.iter().fold(0, |highest, &x| height_bits(x).max(highest)))
}

/// The height of a sample as bits, which are in the order of the heights: integers are compared side by side.
#[inline(always)]
fn height_bits(x: f32) -> u32 {
    x.to_bits() & 0x7fff_ffff
}

/// Halved again and again, which the compiler does side by side.
#[inline(always)]
fn largest(mut lanes: [u32; GROUP]) -> u32 {
    let mut half = GROUP / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = lanes[i].max(lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// How high filters can read at most.
mod bound {
    use super::{ANNEX_2, ANNEX_HALF, ANNEX_LAST, Bound, GROUP, HALF, ROUNDING, VERTEX_RISE, WINDOW};

    /// Taps by their place in the window of the first interval.
    type Taps = [f64; WINDOW + 1];
    /// The samples between which an interval lies.
    const START: usize = HALF - 1;
    const END: usize = HALF;

    /// Of the points of the grid that read with these taps, and of the sinusoids through them.
    pub fn of_precise(quarter: &[f64; WINDOW], middle: &[f64; WINDOW]) -> Bound {
        let three_quarters: [f64; WINDOW] = std::array::from_fn(|k| quarter[WINDOW - 1 - k]);
        // One more place in front, for the last point of the interval before.
        let within = |taps: &[f64; WINDOW]| -> Taps {
            std::array::from_fn(|k| if k == 0 { 0.0 } else { taps[k - 1] })
        };
        let sample = |place: usize| -> Taps { std::array::from_fn(|k| f64::from(u8::from(k == place + 1))) };
        let before: Taps = std::array::from_fn(|k| if k == WINDOW { 0.0 } else { three_quarters[k] });
        let grid =
            [before, sample(START), within(quarter), within(middle), within(&three_quarters), sample(END)];
        let mut bound = Bound::default();
        // The first is only known as a neighbour.
        for taps in &grid[1..] {
            bound.cover(taps, VERTEX_RISE, 1.0);
        }
        // Where a point is higher than both its neighbours, the sinusoid through them rises above it by at most
        // (VERTEX_RISE - 1) times twice the point less both.
        let mut fall = Bound::default();
        for points in grid.windows(3) {
            fall.cover(&std::array::from_fn(|k| 2.0 * points[1][k] - points[0][k] - points[2][k]), 0.0, 1.0);
        }
        bound.centre += (VERTEX_RISE - 1.0) as f32 * fall.centre;
        bound.bend += (VERTEX_RISE - 1.0) as f32 * fall.bend;
        bound.rounded_up()
    }

    /// Of Annex 2.
    pub fn of_annex_2() -> Bound {
        let mut bound = Bound::default();
        for phase in &ANNEX_2 {
            let mut taps = [0.0; WINDOW + 1];
            for (j, &tap) in phase.iter().enumerate() {
                taps[ANNEX_LAST - j] = f64::from(tap);
            }
            bound.cover(&taps, 1.0, 1.0);
            // Its mirror image.
            let mut taps = [0.0; WINDOW + 1];
            for (j, &tap) in phase.iter().enumerate() {
                taps[ANNEX_LAST + 1 + j - 2 * ANNEX_HALF] = f64::from(tap);
            }
            bound.cover(&taps, 1.0, 1.0);
        }
        bound.rounded_up()
    }

    impl Bound {
        /// Covers what these taps read in each interval of the group, times the factors.
        fn cover(&mut self, taps: &Taps, by_heights: f64, by_shape: f64) {
            let raise = |bound: &mut f32, to: f64| *bound = bound.max(to as f32);
            for interval in 0..GROUP {
                let sum = |near: bool| -> f64 {
                    let wanted = |k: usize| (GROUP..3 * GROUP).contains(&(interval + k)) == near;
                    taps.iter().enumerate().filter(|(k, _)| wanted(*k)).map(|(_, tap)| tap.abs()).sum()
                };
                raise(&mut self.near, by_heights * sum(true));
                raise(&mut self.far, by_heights * sum(false));
            }
            // The same as a part of each of the samples beside the interval, and the rest of second differences:
            // as the rest has neither sum nor moment, its second sums are those parts.
            let (start, end) = (START + 1, END + 1);
            let at_end: f64 = taps.iter().enumerate().map(|(k, tap)| (k as f64 - start as f64) * tap).sum();
            let at_start = taps.iter().sum::<f64>() - at_end;
            let (mut sum, mut second_sum, mut bend) = (0.0, 0.0f64, 0.0);
            for (k, tap) in taps.iter().enumerate() {
                let beside = if k == start {
                    at_start
                } else if k == end {
                    at_end
                } else {
                    0.0
                };
                sum += tap - beside;
                second_sum += sum;
                bend += second_sum.abs();
            }
            raise(&mut self.centre, by_shape * (at_start.abs() + at_end.abs()));
            raise(&mut self.bend, by_shape * bend);
        }

        /// With room for rounding.
        fn rounded_up(self) -> Self {
            let up = |x: f32| x * (1.0 + ROUNDING);
            Self { near: up(self.near), far: up(self.far), centre: up(self.centre), bend: up(self.bend) }
        }
    }
}

/// The first place of a value that is there.
pub(super) fn place_of(values: &[f32; GROUP], value: f32) -> usize {
    values.iter().position(|&x| x == value).unwrap_or(0)
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
                    let mut quarter = None;
                    for group in 0..8 {
                        let reading =
                            interpolator.read(&std::array::from_fn(|n| sine(group * GROUP + n)), quarter);
                        quarter = Some(reading.last_quarter[GROUP - 1]);
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
            let reading = Interpolator::new(Some(kernel)).read(window, Some(0.0));
            for i in 0..GROUP {
                let start = i + LOOKAHEAD;
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

    fn highest(samples: &[f32]) -> f32 {
        samples.iter().fold(0.0, |highest, x| highest.max(x.abs()))
    }

    /// Gives how much of the limit from a close look is used.
    fn assert_within_limits(interpolator: &Interpolator, samples: &[f32; GROUP_WINDOW]) -> f32 {
        let (near, far) = (&samples[GROUP..3 * GROUP], [&samples[..GROUP], &samples[3 * GROUP..]].concat());
        let reading = interpolator.read(samples, None);
        let precise = highest(&reading.precise_squared).sqrt();
        let annex_2 = highest(&reading.annex_2);
        let by_height = interpolator.limits(highest(near), highest(&far));
        let close = interpolator.close_limits(samples, highest(samples));
        for limits in [by_height, close] {
            assert!(
                precise <= limits.precise && annex_2 <= limits.annex_2,
                "{precise}, {annex_2}: {limits:?}"
            );
        }
        precise / close.precise
    }

    #[test]
    fn no_signal_reads_above_the_limits() {
        let interpolator = Interpolator::new(None);
        // The worst signal has the signs of a filter's taps; try those of each, at every place.
        for position in [0.25, 0.5, 0.75] {
            for shift in 0..=GROUP {
                let mut samples = [0.0; GROUP_WINDOW];
                for tap in 0..WINDOW {
                    samples[shift + tap] = kaiser_sinc(tap, position).signum() as f32;
                }
                assert_within_limits(&interpolator, &samples);
            }
        }
        // Tones of any frequency, noise, steps, and both after another.
        let noise = noise(64 * 500);
        let mut used = 0.0f32;
        for (n, noise) in noise.as_chunks::<64>().0.iter().enumerate() {
            let turns = 0.5 * (n as f64 / 500.0).powi(2);
            let tone: [f32; 64] = std::array::from_fn(|k| {
                (std::f64::consts::TAU * (turns * k as f64 + f64::from(noise[0]))).sin() as f32
            });
            used = used.max(assert_within_limits(&interpolator, &tone));
            assert_within_limits(&interpolator, noise);
            let edge = n % 64;
            assert_within_limits(
                &interpolator,
                &std::array::from_fn(|k| if k < edge { tone[k] } else { noise[k] }),
            );
            assert_within_limits(
                &interpolator,
                &std::array::from_fn(|k| if k < edge { 0.01 } else { noise[0] }),
            );
        }
        // A low tone leaves the limit next to no room.
        assert!(used > 0.99, "{used}");
    }

    #[test]
    fn every_kernel_gives_the_same_bits() {
        let x = noise(GROUP_WINDOW * 50);
        for window in x.as_chunks::<GROUP_WINDOW>().0 {
            let readings: Vec<_> = Kernel::available()
                .into_iter()
                .map(|kernel| Interpolator::new(Some(kernel)).read(window, None))
                .collect();
            for reading in &readings {
                assert_eq!(reading.precise_squared, readings[0].precise_squared);
                assert_eq!(reading.annex_2, readings[0].annex_2);
                assert_eq!(reading.last_quarter, readings[0].last_quarter);
            }
        }
    }
}
