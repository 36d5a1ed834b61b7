//! Renders mono stems through the bundled Premix.clap, as a host does offline, to a 32-bit float WAV:
//!
//!     cargo xtask bundle --release
//!     cargo run --release --example render -- DIALOGUE.wav WALLA.wav OUT.wav
//!
//! The stems are 24-bit and of one length. The output is as long, its latency removed.

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use support::clap_host::{ClapBundle, PREMIX};

/// The layout "Mono with walla".
const MONO_WITH_WALLA: u32 = 1;
/// Samples, as a host in a bounce sends them.
const BLOCK: usize = 1024;

fn main() -> Result<()> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [dialogue, walla, output] = &files[..] else {
        anyhow::bail!("three files are needed: DIALOGUE.wav WALLA.wav OUT.wav");
    };
    let (mut dialogue, sample_rate) = read(dialogue)?;
    let (mut walla, walla_rate) = read(walla)?;
    ensure!(
        (dialogue.len(), sample_rate) == (walla.len(), walla_rate),
        "dialogue and walla differ in length or sample rate: export them alike"
    );

    let mut plugin = ClapBundle::load().create(PREMIX);
    ensure!(plugin.set_offline(true) && plugin.select(MONO_WITH_WALLA), "the plugin refuses a mono bounce");
    ensure!(
        plugin.activate(f64::from(sample_rate), BLOCK as u32),
        "the plugin does not run at {sample_rate} Hz: use a rate from 8000 to 384000 Hz"
    );
    let latency = plugin.latency() as usize;
    let length = dialogue.len();
    for stem in [&mut dialogue, &mut walla] {
        stem.resize(length + latency, 0.0);
    }
    let rendered = plugin.render(&[dialogue], Some(&[walla]), &[BLOCK], &[]);
    write(output, &rendered[0][latency..], sample_rate)
}

/// The samples, full scale being 1, and their rate in Hz.
fn read(file: &Path) -> Result<(Vec<f32>, u32)> {
    let read = || -> Result<(Vec<f32>, u32)> {
        let mut wav = WavReader::open(file)?;
        let spec = wav.spec();
        ensure!(
            (spec.channels, spec.bits_per_sample, spec.sample_format) == (1, 24, SampleFormat::Int),
            "it is not mono 24-bit"
        );
        let samples = wav.samples::<i32>().map(|sample| Ok(sample? as f32 / (1 << 23) as f32));
        Ok((samples.collect::<Result<_>>()?, spec.sample_rate))
    };
    read().with_context(|| format!("cannot read {} as a mono 24-bit WAV", file.display()))
}

fn write(file: &Path, samples: &[f32], sample_rate: u32) -> Result<()> {
    let spec = WavSpec { channels: 1, sample_rate, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let write = || {
        let mut wav = WavWriter::create(file, spec)?;
        samples.iter().try_for_each(|&sample| wav.write_sample(sample))?;
        wav.finalize()
    };
    write().with_context(|| {
        format!("cannot write {}, see to its permissions and the disk space", file.display())
    })
}
