//! The gain computer of `src/engine/envelope.rs` once more, offline and in plain f64, with its constants open to
//! change: what each would do to the voices.
//!
//! With the constants as they are it is the engine's gain but for rounding; the first row of the table is to be
//! that of Premix in the table of sounds.

use anyhow::Result;
use realfft::RealFftPlanner;

use crate::OVER_DB;
use crate::contestants::CEILING;
use crate::measures::{amplitude, residual_db};
use crate::oracle::ANNEX_2;
use crate::peaq::Peaq;
use crate::signals::{normalised, sine, sum};
use crate::sound::heard;
use crate::table::Table;
use crate::voices::Voice;

/// What can be tuned; reductions are 1 - gain.
#[derive(Clone, Copy, Debug)]
struct Rule {
    /// Of the fade before a peak; the latency is 39 samples more.
    fade_samples: usize,
    /// Peaks that come back within this time are held, ...
    hold_seconds: f64,
    /// ... if each is as deep as the one before but for this much, so often.
    alike: f64,
    times: u32,
    /// Time constant after a single peak.
    quick_seconds: f64,
    /// Time constant of the average that the release recovers to at first.
    sustain_seconds: f64,
    /// How much of the average is not recovered to.
    sustain_floor: f64,
    /// A difference below this is not followed while peaks recur.
    steady: f64,
}

/// As in the engine.
const NOW: Rule = Rule {
    fade_samples: 41,
    hold_seconds: 0.02,
    alike: 0.005,
    times: 3,
    quick_seconds: 0.001,
    sustain_seconds: 0.2,
    sustain_floor: 0.05,
    steady: 0.005,
};

/// Each constant on its own way up and down, with its name, its unit, and the rule with it.
fn curves() -> Vec<(&'static str, Vec<(String, Rule)>)> {
    let curve = |values: &[f64], unit: &str, set: fn(&mut Rule, f64)| -> Vec<(String, Rule)> {
        let with = |&value: &f64| {
            let mut rule = NOW;
            set(&mut rule, value);
            (format!("{value}{unit}"), rule)
        };
        values.iter().map(with).collect()
    };
    let release = [1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0];
    vec![
        ("as it is", vec![(String::new(), NOW)]),
        ("release", curve(&release, " ms", |rule, value| rule.quick_seconds = value / 1e3)),
        (
            "fade",
            curve(&[24.0, 60.0, 100.0, 200.0], " samples", |rule, value| rule.fade_samples = value as usize),
        ),
        ("peaks that make a tone", curve(&[1.0, 2.0, 5.0, 1e9], "", |rule, value| rule.times = value as u32)),
        ("alike within", curve(&[0.002, 0.01, 0.02, 0.05, 1.0], "", |rule, value| rule.alike = value)),
        ("held for", curve(&[12.0, 30.0], " ms", |rule, value| rule.hold_seconds = value / 1e3)),
        ("average over", curve(&[0.05, 0.1, 0.4, 0.8], " s", |rule, value| rule.sustain_seconds = value)),
        (
            "no sustained limiting below",
            curve(&[0.01, 0.03, 0.1, 1.0], "", |rule, value| rule.sustain_floor = value),
        ),
    ]
}

/// What each rule does to the voices and to tones, and a plot of the release.
pub fn explore(voices: &[Voice]) -> Result<(Table, String)> {
    let peaq = Peaq::new();
    let loud = |over_db: f64| {
        let prepared = voices.iter().map(move |voice| {
            let input = normalised(&voice.samples, CEILING * amplitude(over_db));
            let required = required(&input);
            (input, required)
        });
        prepared.collect::<Vec<_>>()
    };
    let levels = OVER_DB.map(loud);
    let mut table = Table::new([
        "constant",
        "value",
        "PEAQ matched, 3, 6, 12 dB over",
        "PEAQ as it was",
        "turned down, dB",
        "THD+N 1 kHz, 100 Hz, intermodulation, dB",
        "100 ms after 12 dB",
    ]);
    let mut lines = [const { Vec::new() }; 3];
    for (name, rules) in curves() {
        for (value, rule) in rules {
            let mut means = [[0.0; 3]; 3];
            for (level, means) in levels.iter().zip(&mut means) {
                for (input, required) in level {
                    let heard = heard(&peaq, input, &limited(input, required, &rule), false)?;
                    let values = [heard.odg, heard.odg_as_it_was, heard.mean_reduction_db];
                    means.iter_mut().zip(values).for_each(|(mean, x)| *mean += x / level.len() as f64);
                }
            }
            if name == "release" {
                for (line, means) in lines.iter_mut().zip(&means) {
                    line.push((rule.quick_seconds * 1e3, means[0]));
                }
            }
            let [high, low, intermodulation, recovered] = figures(&rule);
            let by_level = |n: usize| means.map(|mean| format!("{:.2}", mean[n])).join(", ");
            table.row([
                name.to_string(),
                value,
                by_level(0),
                by_level(1),
                by_level(2),
                format!("{high:.0}, {low:.0}, {intermodulation:.0}"),
                format!("{recovered:.2} dB"),
            ]);
        }
    }
    Ok((table, plot(&lines)))
}

/// PEAQ over the release, a line for each level.
fn plot(lines: &[Vec<(f64, f64)>]) -> String {
    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 320.0;
    let x = |milliseconds: f64| 60.0 + milliseconds.log10() / 50f64.log10() * (WIDTH - 100.0);
    let y = |grade: f64| 20.0 - grade / 4.0 * (HEIGHT - 70.0);
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' font-family='sans-serif' \
         font-size='12'><rect width='100%' height='100%' fill='white'/>"
    );
    for grade in 0..=4 {
        let at = y(-f64::from(grade));
        svg += &format!(
            "<path d='M60 {at:.1}H{:.1}' stroke='#ccc'/><text x='52' y='{:.1}' text-anchor='end'>{}</text>",
            WIDTH - 40.0,
            at + 4.0,
            -grade
        );
    }
    for milliseconds in [1.0, 2.0, 5.0, 10.0, 20.0, 50.0] {
        let (at, under) = (x(milliseconds), HEIGHT - 32.0);
        svg += &format!("<text x='{at:.1}' y='{under}' text-anchor='middle'>{milliseconds}</text>");
    }
    svg += &format!(
        "<text x='{}' y='{}' text-anchor='middle'>time constant of the release, ms; PEAQ, level matched, mean of \
         the voices</text>",
        WIDTH / 2.0,
        HEIGHT - 10.0
    );
    for ((line, over_db), colour) in lines.iter().zip(OVER_DB).zip(["#0a7", "#06c", "#c33"]) {
        let points: Vec<String> =
            line.iter().map(|&(ms, grade)| format!("{:.1} {:.1}", x(ms), y(grade))).collect();
        svg += &format!("<path d='M{}' fill='none' stroke='{colour}' stroke-width='2'/>", points.join("L"));
        if let Some(&(_, grade)) = line.first() {
            svg +=
                &format!("<text x='64' y='{:.1}' fill='{colour}'>{over_db} dB over</text>", y(grade) - 6.0);
        }
    }
    svg + "</svg>\n"
}

/// The reduction that the interval after each sample requires: by 16x interpolation and by the Annex-2 table.
fn required(input: &[f32]) -> Vec<f64> {
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

/// The gain of each sample, at 48 kHz.
fn gains(required: &[f64], rule: &Rule) -> Vec<f64> {
    const RATE: f64 = 48_000.0;
    let decay = |seconds: f64| (-1.0 / (seconds * RATE)).exp();
    let fade = rule.fade_samples;
    let mut required = required.to_vec();
    required.resize(required.len() + fade, 0.0);
    let window = sliding_max(&required, fade + 2);
    let within = (rule.hold_seconds * RATE) as usize;
    let (quick, slow) = (decay(rule.quick_seconds), decay(rule.sustain_seconds));
    let (mut depth, mut sustained) = (0.0f64, 0.0f64);
    // Of the peaks: the one that the next is compared with, when it was, how many were like it.
    let (mut reference, mut since, mut count) = (0.0f64, usize::MAX, 0u32);
    let (mut before, mut rising) = (0.0f64, false);
    let mut applied = Vec::with_capacity(window.len());
    for &required in &window {
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
        let floor = if tone { required.max(reference) } else { required };
        if floor >= depth {
            depth = floor;
        } else if !(tone && depth - floor < rule.steady) {
            let rest = floor.max((sustained - rule.sustain_floor).min(depth));
            depth = rest + (depth - rest) * quick;
        }
        sustained = floor + (sustained - floor) * slow;
        if floor == 0.0 && depth < 1e-5 {
            depth = 0.0;
        }
        applied.push(depth.max(required));
    }
    let first = fade / 2;
    let smooth = averaged(&averaged(&applied, first), fade + 1 - first);
    smooth[fade..].iter().map(|reduction| 1.0 - reduction).collect()
}

/// The input limited by a rule.
fn limited(input: &[f32], required: &[f64], rule: &Rule) -> Vec<f32> {
    gains(required, rule).iter().zip(input).map(|(gain, &x)| (f64::from(x) * gain) as f32).collect()
}

/// Distortion of tones 6 dB over: THD+N at 1 kHz and 100 Hz, SMPTE intermodulation, in dB; and the gain in dB
/// 100 ms after a single peak 12 dB over.
fn figures(rule: &Rule) -> [f64; 4] {
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
