//! The gain computer of `src/engine/envelope.rs` once more, offline and in plain f64, with its constants open to
//! change: what each would do to the voices.

use realfft::RealFftPlanner;

use crate::contestants::CEILING;
use crate::measures::{amplitude, residual_db};
use crate::oracle::ANNEX_2;
use crate::signals::{normalised, sine, sum};

/// What can be tuned; reductions are 1 - gain.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Of the fade before a peak, in groups of 16 samples; the latency is 40 samples more.
    pub fade_groups: usize,
    /// Peaks that come back within this time are held, ...
    pub hold_seconds: f64,
    /// ... if each is as deep as the one before but for this much, so often.
    pub alike: f64,
    pub times: u32,
    /// Time constant after a single peak.
    pub quick_seconds: f64,
    /// Time constant of the average that the release recovers to at first.
    pub sustain_seconds: f64,
    /// How much of the average is not recovered to.
    pub sustain_floor: f64,
    /// Share of the average above the floor that is recovered to.
    pub sustain_share: f64,
    /// A difference below this is not followed while peaks recur.
    pub steady: f64,
}

/// The reduction that the interval after each sample requires: by 16x interpolation and by the Annex-2 table.
pub fn required(input: &[f32]) -> Vec<f64> {
    const FACTOR: usize = 16;
    let target = CEILING * amplitude(-0.02);
    let mut peaks = vec![0.0f64; input.len()];
    let length = (input.len() + 2048).next_multiple_of(1024);
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length * FACTOR));
    let mut samples: Vec<f64> = input.iter().map(|&x| f64::from(x)).collect();
    samples.resize(length, 0.0);
    let mut spectrum = forward.make_output_vec();
    forward.process(&mut samples, &mut spectrum).expect("lengths fit");
    let mut wide = inverse.make_input_vec();
    wide[..spectrum.len()].copy_from_slice(&spectrum);
    let mut fine = inverse.make_output_vec();
    inverse.process(&mut wide, &mut fine).expect("lengths fit");
    for (peak, points) in peaks.iter_mut().zip(fine.chunks_exact(FACTOR)) {
        *peak = points.iter().fold(0.0f64, |peak, x| peak.max(x.abs())) / length as f64;
    }
    // The filter's reading between two samples comes six samples after the first.
    for end in 11..input.len() {
        for phase in 0..4 {
            let taps = ANNEX_2.iter().zip(input[end - 11..=end].iter().rev());
            let reading: f64 = taps.map(|(row, &x)| row[phase] * f64::from(x)).sum();
            peaks[end - 6] = peaks[end - 6].max(reading.abs());
        }
    }
    peaks.iter().map(|&peak| if peak > target { 1.0 - target / peak } else { 0.0 }).collect()
}

/// The highest of the last so many values, for each.
fn sliding_max(values: &[f64], length: usize) -> Vec<f64> {
    let mut candidates = std::collections::VecDeque::new();
    let of = |(n, &value): (usize, &f64)| {
        while candidates.back().is_some_and(|&last: &usize| values[last] <= value) {
            candidates.pop_back();
        }
        candidates.push_back(n);
        if candidates[0] + length <= n {
            candidates.pop_front();
        }
        values[candidates[0]]
    };
    values.iter().enumerate().map(of).collect()
}

/// Average over the last so many values, for each.
fn averaged(values: &[f64], length: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let of = |n: usize| {
        sum += values[n] - if n >= length { values[n - length] } else { 0.0 };
        sum / length as f64
    };
    (0..values.len()).map(of).collect()
}

/// Samples that are decided together.
const GROUP: usize = 16;

/// The gain of each sample, at 48 kHz.
pub fn gains(required: &[f64], rule: &Rule) -> Vec<f64> {
    const GROUPS_PER_SECOND: f64 = 48_000.0 / GROUP as f64;
    let decay = |seconds: f64| (-1.0 / (seconds * GROUPS_PER_SECOND)).exp();
    let fade = rule.fade_groups;
    let mut required: Vec<f64> =
        required.chunks(GROUP).map(|group| group.iter().fold(0.0, |a: f64, &b| a.max(b))).collect();
    required.resize(required.len() + fade, 0.0);
    let window = sliding_max(&required, fade + 3);
    let within = ((rule.hold_seconds * GROUPS_PER_SECOND) as usize).max(1);
    let longest = sliding_max(&window, within);
    let (quick, slow) = (decay(rule.quick_seconds), decay(rule.sustain_seconds));
    let (mut depth, mut sustained) = (0.0f64, 0.0f64);
    // Of the peaks: the one that the next is compared with, when it was, how many were like it.
    let (mut reference, mut since, mut count) = (0.0f64, usize::MAX, 0u32);
    let (mut before, mut rising) = (0.0f64, false);
    let mut applied = Vec::with_capacity(window.len() * GROUP);
    for (&required, &longest) in window.iter().zip(&longest) {
        since = since.saturating_add(1);
        if since > within {
            count = 0;
        }
        if required > before {
            rising = true;
        } else if required < before && rising {
            rising = false;
            let (lowest, deepest) = (reference - rule.alike, reference + rule.alike);
            if since > within || before > deepest {
                (reference, since, count) = (before, 0, 0);
            } else if before >= lowest {
                (reference, since, count) = (before, 0, count + 1);
            }
        }
        before = required;
        let tone = count >= rule.times;
        let floor = if tone { longest } else { required };
        if floor >= depth {
            depth = floor;
        } else if !(tone && depth - floor < rule.steady) {
            let rest = floor.max(((sustained - rule.sustain_floor) * rule.sustain_share).min(depth));
            depth = rest + (depth - rest) * quick;
        }
        sustained = floor + (sustained - floor) * slow;
        if floor == 0.0 && depth < 1e-5 {
            depth = 0.0;
        }
        applied.extend([depth.max(required); GROUP]);
    }
    let first = fade / 2 * GROUP;
    let smooth = averaged(&averaged(&applied, first), fade * GROUP - first);
    smooth[fade * GROUP..].iter().map(|reduction| 1.0 - reduction).collect()
}

/// The input limited by a rule.
pub fn limited(input: &[f32], required: &[f64], rule: &Rule) -> Vec<f32> {
    gains(required, rule).iter().zip(input).map(|(gain, &x)| (f64::from(x) * gain) as f32).collect()
}

/// Distortion of tones 6 dB over: THD+N at 1 kHz and 100 Hz, SMPTE intermodulation, in dB; and the gain in dB
/// 100 ms after a single peak 12 dB over.
pub fn figures(rule: &Rule) -> [f64; 4] {
    let tone = |hertz: f64, level: f64| sine(hertz / 48_000.0, level, 0.0, 240_000);
    let through = |signal: &[f32]| {
        let loud = normalised(signal, CEILING * amplitude(6.0));
        limited(&loud, &required(&loud), rule)
    };
    let [high, low] =
        [1000.0, 100.0].map(|hz| residual_db(&through(&tone(hz, 1.0))[144_000..192_000], &[hz]));
    let pair = through(&sum(&tone(60.0, 0.8), &tone(7000.0, 0.2)));
    let intermodulation = residual_db(&pair[144_000..192_000], &[60.0, 7000.0]) + 10.0 * 17f64.log10();
    let mut single = vec![0.0; 12_000];
    single[4000] = 1.0 - amplitude(-12.0);
    let recovered = 20.0 * gains(&single, rule)[4000 + 4800].log10();
    [high, low, intermodulation, recovered]
}
