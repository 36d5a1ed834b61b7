//! How a limited voice sounds: by PEAQ and ViSQOL, and by what the gain did.

use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context, Result};
use audio_samples::AudioSamples;
use audio_samples_qoe::AudioSamplesQoE;
use livi::World;
use non_empty_slice::NonEmptyVec;
use realfft::RealFftPlanner;

use crate::OVER_DB;
use crate::contestants::{CEILING_DB, Contestant};
use crate::measures::{amplitude, db};
use crate::peaq::Peaq;
use crate::signals::normalised;
use crate::table::Table;
use crate::voices::Voice;

/// The voices through every contestant: means by level, and Premix beside the others on each voice.
pub fn tables(
    world: &World,
    contestants: &[Contestant],
    voices: &[Voice],
    scratch: &Path,
    with_visqol: bool,
) -> Result<Vec<Table>> {
    let peaq = Peaq::new();
    let mut means = Table::new([
        "mean of all voices",
        "over, dB",
        "PEAQ, level matched",
        "PEAQ",
        "noise to mask, dB",
        "ViSQOL",
        "turned down, mean dB",
        "at most dB",
        "pumping, dB",
        "Premix better: matched",
        "as it was",
        "by ViSQOL",
    ]);
    let mut each = Table::new(
        ["voice, 6 dB over: PEAQ, level matched"].into_iter().chain(contestants.iter().map(|c| c.name)),
    );
    for over_db in OVER_DB {
        let mut all: Vec<Vec<Heard>> = Vec::new();
        for contestant in contestants {
            let hear = |voice: &Voice| {
                let input = normalised(&voice.samples, amplitude(CEILING_DB + over_db));
                let limited = contestant.limit(world, &input, scratch)?;
                heard(&peaq, &input, &limited, with_visqol)
            };
            all.push(voices.iter().map(hear).collect::<Result<_>>()?);
        }
        for (contestant, heard) in contestants.iter().zip(&all) {
            let mean = |value: fn(&Heard) -> f64| heard.iter().map(value).sum::<f64>() / heard.len() as f64;
            let better = |value: fn(&Heard) -> f64| {
                let count = all[0].iter().zip(heard).filter(|(own, other)| value(own) > value(other)).count();
                if std::ptr::eq(heard, &all[0]) {
                    String::new()
                } else {
                    format!("{count} of {}", heard.len())
                }
            };
            means.row([
                contestant.name.to_string(),
                format!("{over_db}"),
                format!("{:.3}", mean(|h| h.odg)),
                format!("{:.3}", mean(|h| h.odg_as_it_was)),
                format!("{:.2}", mean(|h| h.nmr_db)),
                if with_visqol { format!("{:.3}", mean(|h| h.mos)) } else { "-".into() },
                format!("{:.2}", mean(|h| h.mean_reduction_db)),
                format!("{:.1}", mean(|h| h.deepest_reduction_db)),
                format!("{:.2}", mean(|h| h.pumping_db)),
                better(|h| h.odg),
                better(|h| h.odg_as_it_was),
                if with_visqol { better(|h| h.mos) } else { "-".into() },
            ]);
        }
        if over_db == 6.0 {
            for (n, voice) in voices.iter().enumerate() {
                let name = format!("{}: {}", voice.kind.name(), voice.name);
                each.row([name].into_iter().chain(all.iter().map(|heard| format!("{:.2}", heard[n].odg))));
            }
        }
    }
    Ok(vec![means, each])
}

/// What is heard of a limited voice. More is better where nothing else is said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// PEAQ's grade beside the input turned down to the level of the output: the sound alone.
    pub odg: f64,
    /// PEAQ's grade beside the input as it was: sound and level.
    pub odg_as_it_was: f64,
    /// Noise-to-mask ratio beside the input turned down, in dB; less is better.
    pub nmr_db: f64,
    /// ViSQOL's mean opinion score, audio mode, which matches the levels by itself.
    pub mos: f64,
    /// How far the voice was turned down while it sounded, in dB; less is better.
    pub mean_reduction_db: f64,
    pub deepest_reduction_db: f64,
    /// Movement of the gain at 1 to 20 Hz, RMS in dB; less is better.
    pub pumping_db: f64,
}

/// What has become of a voice at 48 kHz.
pub fn heard(peaq: &Peaq, input: &[f32], limited: &[f32], with_visqol: bool) -> Result<Heard> {
    let product =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    // The gain at which the input is most like the output.
    let level = product(input, limited) / product(input, input);
    let matched: Vec<f32> = input.iter().map(|&x| (f64::from(x) * level) as f32).collect();
    let sound = peaq.grade(&matched, limited);
    let gains = gains_db(input, limited);
    let (mean, deepest) =
        gains.iter().fold((0.0, 0.0f64), |(sum, deepest), gain| (sum - gain, deepest.max(-gain)));
    Ok(Heard {
        odg: sound.odg,
        odg_as_it_was: peaq.grade(input, limited).odg,
        nmr_db: sound.nmr_db,
        mos: if with_visqol { visqol(input, limited)? } else { f64::NAN },
        mean_reduction_db: mean / gains.len().max(1) as f64,
        deepest_reduction_db: deepest,
        pumping_db: pumping_db(&gains),
    })
}

const GAIN_WINDOW: usize = 240;
const GAIN_HOP: usize = 120;
/// How often the gain is read.
const GAINS_PER_SECOND: f64 = 48_000.0 / GAIN_HOP as f64;

/// The gain in dB, read every 2.5 ms from the 5 ms around, where the input is not near silence.
fn gains_db(input: &[f32], limited: &[f32]) -> Vec<f64> {
    const QUIET: f64 = 1e-3;
    let windows = input.windows(GAIN_WINDOW).zip(limited.windows(GAIN_WINDOW)).step_by(GAIN_HOP);
    windows
        .filter_map(|(input, limited)| {
            let (mut own, mut both) = (0.0, 0.0);
            for (a, b) in input.iter().zip(limited) {
                own += f64::from(*a) * f64::from(*a);
                both += f64::from(*a) * f64::from(*b);
            }
            (own > QUIET * QUIET * GAIN_WINDOW as f64).then(|| db((both / own).max(1e-3)))
        })
        .collect()
}

/// RMS of what lies between 1 and 20 Hz in the gain.
fn pumping_db(gains: &[f64]) -> f64 {
    if gains.len() < 16 {
        return 0.0;
    }
    let mean = gains.iter().sum::<f64>() / gains.len() as f64;
    let mut signal: Vec<f64> = gains.iter().map(|gain| gain - mean).collect();
    let fft = RealFftPlanner::new().plan_fft_forward(signal.len());
    let mut spectrum = fft.make_output_vec();
    fft.process(&mut signal, &mut spectrum).expect("lengths fit");
    let bin_hz = GAINS_PER_SECOND / gains.len() as f64;
    let within =
        spectrum.iter().enumerate().filter(|(bin, _)| (1.0..=20.0).contains(&(*bin as f64 * bin_hz)));
    let energy: f64 = within.map(|(_, value)| 2.0 * value.norm_sqr()).sum();
    energy.sqrt() / gains.len() as f64
}

fn visqol(input: &[f32], limited: &[f32]) -> Result<f64> {
    let samples = |signal: &[f32]| -> Result<AudioSamples<'static, f32>> {
        let samples = NonEmptyVec::new(signal.to_vec()).ok().context("a voice without samples")?;
        Ok(AudioSamples::from_mono_vec(samples, NonZeroU32::new(48_000).expect("not zero")))
    };
    Ok(samples(input)?.visqol(&samples(limited)?)?)
}
