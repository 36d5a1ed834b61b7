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
use signals::{normalised, sine, sum};
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
    /// Short runs, and no ViSQOL: to see that it works
    #[arg(long)]
    quick: bool,
    /// At most so many voices
    #[arg(long, default_value_t = usize::MAX, hide_default_value = true)]
    at_most: usize,
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
    let voices = voices::all(&arguments.voices, arguments.at_most)?;
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
        for table in sound::tables(&world, &contestants, &voices, &arguments.scratch, !arguments.quick)? {
            println!("{table}");
        }
    }
    if wanted(Part::Tuning) {
        let (table, plot) = tuning::explore(&voices)?;
        let file = arguments.scratch.join("tuning.svg");
        std::fs::write(&file, plot).with_context(|| format!("cannot write {}", file.display()))?;
        println!("{table}\nPlot: {}", file.display());
    }
    Ok(())
}

/// How far over the ceiling the voices are played, in dB.
const OVER_DB: [f64; 3] = [3.0, 6.0, 12.0];

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
        "THD+N 997 Hz, dB",
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
        // AES17's frequency: a period of 1 kHz is 48 samples long, whose rounding repeats and is a matter of luck.
        for hertz in [997.0, 100.0] {
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
