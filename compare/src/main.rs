//! Premix beside its peers on the same signals in the same run: speed, overshoot, distortion, sound.
//!
//! `cargo xtask compare` installs the peers, fetches the voices and calls this.

mod contestants;
mod lv2;
mod measures;
mod peaq;
mod sound;
mod speed;
mod table;
mod tuning;
mod voices;

#[path = "../../tests/support/oracle.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod oracle;
#[path = "../../tests/support/signals.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod signals;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use livi::World;

use contestants::{CEILING_DB, Contestant};
use measures::{amplitude, overshoot_db, residual_db};
use peaq::Peaq;
use signals::{normalised, sine, sum};
use sound::{Heard, heard};
use table::Table;
use voices::Voice;

#[derive(Parser)]
#[command(about = "Premix beside its peers; prints Markdown")]
struct Arguments {
    /// Folders of the voices, as `cargo xtask compare` fetches them
    #[arg(long, required = true)]
    voices: Vec<PathBuf>,
    /// The program `premix`, built for release
    #[arg(long)]
    premix: PathBuf,
    /// Folder for what is needed meanwhile
    #[arg(long)]
    scratch: PathBuf,
    /// A few voices and short runs: to see that it works
    #[arg(long)]
    quick: bool,
    #[arg(long)]
    rules: Option<String>,
    /// What to compare; all if nothing is named
    #[arg(value_enum)]
    parts: Vec<Part>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// CPU time
    Speed,
    /// Overshoot and distortion
    Limits,
    /// How the voices sound
    Sound,
    /// What other constants of the release would do
    Tuning,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.scratch)
        .with_context(|| format!("cannot create {}", arguments.scratch.display()))?;
    let wanted = |part: Part| arguments.parts.is_empty() || arguments.parts.contains(&part);
    let voices = voices::all(&arguments.voices, if arguments.quick { 4 } else { usize::MAX })?;
    let world = World::new();
    let contestants = contestants::all();
    let seconds = voices.iter().map(|voice| voice.samples.len()).sum::<usize>() / 48_000;
    println!(
        "{} voices, {seconds} s; not tested, for want of a source: {}.\n",
        voices.len(),
        voices::NOT_TESTED
    );
    if wanted(Part::Speed) {
        let speech: Vec<f32> = voices.iter().flat_map(|voice| voice.samples.clone()).collect();
        let programmes = speed::programmes(&speech);
        let runs = if arguments.quick { 3 } else { 15 };
        println!("{}", speed::contestants(&world, &contestants, &programmes, runs, &arguments.scratch)?);
        for table in speed::bounces(&arguments.premix, &programmes, runs, &arguments.scratch)? {
            println!("{table}");
        }
        for table in speed::sizes_and_rates(&programmes, runs)? {
            println!("{table}");
        }
        println!("{}", speed::blocks_of_64(3, if arguments.quick { 2 } else { 60 })?);
    }
    if wanted(Part::Limits) {
        println!("{}", limits(&arguments, &world, &contestants, &voices)?);
    }
    if wanted(Part::Sound) {
        for table in sounds(&arguments, &world, &contestants, &voices)? {
            println!("{table}");
        }
    }
    if wanted(Part::Tuning) {
        explore(&voices, arguments.rules.as_deref())?;
    }
    Ok(())
}

fn explore(voices: &[Voice], rules: Option<&str>) -> Result<()> {
    let peaq = Peaq::new();
    let now = tuning::Rule {
        fade_groups: 4,
        hold_seconds: 0.02,
        alike: 0.005,
        times: 3,
        quick_seconds: 0.003,
        sustain_seconds: 0.2,
        sustain_floor: 0.05,
        sustain_share: 1.0,
        steady: 0.005,
    };
    let signals: Vec<Vec<(Vec<f32>, Vec<f64>)>> = OVER_DB
        .iter()
        .map(|over_db| {
            voices
                .iter()
                .map(|voice| {
                    let input = normalised(&voice.samples, amplitude(CEILING_DB + over_db));
                    let required = tuning::required(&input);
                    (input, required)
                })
                .collect()
        })
        .collect();
    for text in std::fs::read_to_string(rules.unwrap())?.lines() {
        let mut rule = now;
        for pair in text.split_whitespace() {
            let (name, value) = pair.split_once('=').context("pair")?;
            let value: f64 = value.parse()?;
            match name {
                "fade" => rule.fade_groups = value as usize,
                "hold" => rule.hold_seconds = value,
                "alike" => rule.alike = value,
                "times" => rule.times = value as u32,
                "quick" => rule.quick_seconds = value,
                "sustain" => rule.sustain_seconds = value,
                "floor" => rule.sustain_floor = value,
                "share" => rule.sustain_share = value,
                "steady" => rule.steady = value,
                _ => anyhow::bail!("{name}"),
            }
        }
        print!("{text:50}");
        for level in &signals {
            let mut sums = [0.0; 4];
            for (input, required) in level {
                let h = heard(&peaq, input, &tuning::limited(input, required, &rule), false)?;
                for (s, v) in sums.iter_mut().zip([h.odg, h.odg_as_it_was, h.nmr_db, h.mean_reduction_db]) {
                    *s += v / level.len() as f64;
                }
            }
            print!(" | {:.3} {:.3} {:6.2} {:.2}", sums[0], sums[1], sums[2], sums[3]);
        }
        let f = tuning::figures(&rule);
        println!(" | {:.0} {:.0} {:.0} {:.2}", f[0], f[1], f[2], f[3]);
    }
    Ok(())
}

/// How far over the ceiling the voices are played.
const OVER_DB: [f64; 3] = [3.0, 6.0, 12.0];

/// The voices through every contestant: means by level, and Premix beside the others on each voice.
fn sounds(
    arguments: &Arguments,
    world: &World,
    contestants: &[Contestant],
    voices: &[Voice],
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
    ]);
    let mut each = Table::new(
        ["voice, 6 dB over: PEAQ, level matched"].into_iter().chain(contestants.iter().map(|c| c.name)),
    );
    for over_db in OVER_DB {
        let mut all: Vec<Vec<Heard>> = Vec::new();
        for contestant in contestants {
            let hear = |voice: &Voice| {
                let input = normalised(&voice.samples, amplitude(CEILING_DB + over_db));
                let limited = contestant.limit(world, &input, &arguments.scratch)?;
                heard(&peaq, &input, &limited, !arguments.quick)
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
                format!("{:.4}", mean(|h| h.mos)),
                format!("{:.2}", mean(|h| h.mean_reduction_db)),
                format!("{:.1}", mean(|h| h.deepest_reduction_db)),
                format!("{:.2}", mean(|h| h.pumping_db)),
                better(|h| h.odg),
                better(|h| h.odg_as_it_was),
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

/// Overshoot on all voices, 3, 6 and 12 dB over, and distortion of tones 6 dB over.
fn limits(
    arguments: &Arguments,
    world: &World,
    contestants: &[Contestant],
    voices: &[Voice],
) -> Result<Table> {
    let mut table = Table::new([
        "worst on speech, tones 6 dB over",
        "over by 64x, dB",
        "over by Annex 2, dB",
        "THD+N 1 kHz, dB",
        "THD+N 100 Hz, dB",
        "intermodulation (SMPTE), dB",
    ]);
    let loud = |signal: &[f32]| normalised(signal, amplitude(CEILING_DB + 6.0));
    let tone = |hertz: f64, level: f64, seconds: usize| sine(hertz / 48_000.0, level, 0.0, 48_000 * seconds);
    for contestant in contestants {
        let limit = |signal: &[f32]| contestant.limit(world, signal, &arguments.scratch);
        let (mut truth, mut annex_2) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for over_db in OVER_DB {
            for voice in voices {
                let over =
                    overshoot_db(&limit(&normalised(&voice.samples, amplitude(CEILING_DB + over_db)))?);
                truth = truth.max(over.0);
                annex_2 = annex_2.max(over.1);
            }
        }
        let mut cells = vec![contestant.name.to_string(), format!("{truth:+.3}"), format!("{annex_2:+.3}")];
        for hertz in [1000.0, 100.0] {
            let limited = limit(&loud(&tone(hertz, 1.0, 5)))?;
            cells.push(format!("{:.1}", residual_db(&limited[144_000..192_000], &[hertz])));
        }
        // SMPTE RP 120: 60 Hz and 7 kHz, 4 to 1; relative to the 7 kHz, 12.3 dB under both together.
        let pair = loud(&sum(&tone(60.0, 0.8, 5), &tone(7000.0, 0.2, 5)));
        let sidebands = residual_db(&limit(&pair)?[144_000..192_000], &[60.0, 7000.0]);
        cells.push(format!("{:.1}", sidebands + 10.0 * 17f64.log10()));
        table.row(cells);
    }
    Ok(table)
}
