//! Premix and its peers: their names, their settings, their sound.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use livi::World;
use premix::engine::{BounceBus, Measured, Release, Settings};

use crate::lv2::Lv2;

/// All are run in blocks of so many samples.
pub const BLOCK: usize = 512;
/// The ceiling of all, in dBTP or, of those that know no true peaks, dBFS.
pub const CEILING_DB: f64 = -6.0;
pub const CEILING: f64 = 0.501_187_233_627_272_2;

const DPL: &str = "http://gareus.org/oss/lv2/dpl#mono";
const LSP: &str = "http://lsp-plug.in/plugins/lv2/limiter_mono";

/// A limiter with its settings.
pub struct Contestant {
    pub name: &'static str,
    pub kind: Kind,
}

pub enum Kind {
    /// The engine's limiter with the true peak of its output.
    Premix(Release),
    /// URI and controls by symbol.
    Lv2(&'static str, Vec<(&'static str, f32)>),
    /// A chain of ffmpeg's filters.
    Ffmpeg(&'static str),
}

/// What a limiter makes of a stream of samples; only those in whole blocks of [`BLOCK`] are worked.
pub enum Stream {
    Premix(Box<BounceBus>),
    Lv2(Box<Lv2>),
}

/// Premix first.
pub fn all() -> Vec<Contestant> {
    let contestant = |name, kind| Contestant { name, kind };
    vec![
        contestant("Premix", Kind::Premix(Release::Auto)),
        contestant("x42 dpl true-peak, 10 ms", dpl(true, 10)),
        contestant("x42 dpl true-peak, 50 ms", dpl(true, 50)),
        contestant("x42 dpl sample-peak, 10 ms", dpl(false, 10)),
        contestant("LSP limiter half 8x", lsp()),
        contestant(
            "ffmpeg alimiter at 4x",
            Kind::Ffmpeg("aresample=192000,alimiter=limit=0.501187:level=disabled,aresample=48000"),
        ),
    ]
}

fn dpl(true_peak: bool, release_milliseconds: u16) -> Kind {
    let controls = vec![
        ("gain", 0.0),
        ("threshold", CEILING_DB as f32),
        ("release", f32::from(release_milliseconds) / 1e3),
        ("truepeak", f32::from(u8::from(true_peak))),
    ];
    Kind::Lv2(DPL, controls)
}

/// As it comes, but for the ceiling, the oversampling, and what would change the level.
fn lsp() -> Kind {
    const HALF_8X_2_LOBES: f32 = 9.0;
    let controls =
        vec![("th", CEILING as f32), ("ovs", HALF_8X_2_LOBES), ("boost", 0.0), ("alr", 0.0), ("dith", 0.0)];
    Kind::Lv2(LSP, controls)
}

impl Contestant {
    /// The limiter as new, to be fed in blocks; none where it runs in a process of its own.
    pub fn stream(&self, world: &World, sample_rate: u32) -> Result<Option<Stream>> {
        Ok(match &self.kind {
            Kind::Premix(release) => {
                Some(Stream::Premix(Box::new(premix(sample_rate, *release, Measured::Peaks)?)))
            }
            Kind::Lv2(uri, controls) => {
                Some(Stream::Lv2(Box::new(Lv2::new(world, uri, controls, sample_rate)?)))
            }
            Kind::Ffmpeg(_) => None,
        })
    }

    /// The signal at 48 kHz limited by a limiter as new, latency removed, as long as the input.
    pub fn limit(&self, world: &World, input: &[f32], scratch: &Path) -> Result<Vec<f32>> {
        // Silence first, in which nothing settles that a listener would hear.
        const LEAD: usize = 32 * BLOCK;
        let mut padded = vec![0.0; LEAD];
        padded.extend(input);
        padded.resize((padded.len() + LEAD).next_multiple_of(BLOCK), 0.0);
        let (limited, latency) = match (&self.kind, self.stream(world, 48_000)?) {
            (_, Some(mut stream)) => {
                let mut output = vec![0.0; padded.len()];
                stream.run(&padded, &mut output);
                (output, stream.latency_samples())
            }
            (Kind::Ffmpeg(filter), _) => (through_ffmpeg(filter, &padded, scratch)?, 0),
            _ => unreachable!("only ffmpeg runs by itself"),
        };
        let late = LEAD + latency;
        let offset = alignment(input, &limited, late);
        let from = late.saturating_add_signed(offset);
        ensure!(limited.len() >= from + input.len(), "{} gives {} samples", self.name, limited.len());
        Ok(limited[from..from + input.len()].to_vec())
    }
}

/// The brick that is compared: the limiter with the true peak of its output, or with more measured.
pub fn premix(sample_rate: u32, release: Release, measured: Measured) -> Result<BounceBus> {
    let mut bus = BounceBus::prepare(sample_rate, 1, BLOCK)?;
    bus.set(Settings { release, ..Settings::default() });
    bus.measure(measured);
    Ok(bus)
}

impl Stream {
    pub fn run(&mut self, input: &[f32], output: &mut [f32]) {
        match self {
            Self::Premix(bus) => {
                for (input, output) in input.chunks_exact(BLOCK).zip(output.chunks_exact_mut(BLOCK)) {
                    bus.process(&[input], None, &mut [output]);
                }
            }
            Self::Lv2(plugin) => plugin.run(input, output),
        }
    }

    pub fn latency_samples(&self) -> usize {
        match self {
            Self::Premix(bus) => bus.latency_samples(),
            Self::Lv2(plugin) => plugin.latency_samples(),
        }
    }
}

/// How much later than `late` the output follows the input, in samples: where they are most alike. What a
/// plugin says of its latency is not always so.
fn alignment(input: &[f32], output: &[f32], late: usize) -> isize {
    const FARTHEST: isize = 1024;
    const EXCERPT: usize = 24_000;
    let energy = |samples: &[f32]| samples.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
    // The loudest half second: elsewhere may be a pause.
    let places = (0..=input.len().saturating_sub(EXCERPT)).step_by(EXCERPT / 8);
    let excerpt = |place: usize| &input[place..(place + EXCERPT).min(input.len())];
    let louder = |a: &usize, b: &usize| energy(excerpt(*a)).total_cmp(&energy(excerpt(*b)));
    let loudest = places.max_by(louder).unwrap_or(0);
    let likeness = |offset: &isize| {
        let from = (late + loudest).saturating_add_signed(*offset).min(output.len());
        let late = &output[from..(from + EXCERPT).min(output.len())];
        let product = |(a, b): (&f32, &f32)| f64::from(*a) * f64::from(*b);
        excerpt(loudest).iter().zip(late).map(product).sum::<f64>() / energy(late).sqrt().max(1e-9)
    };
    (-FARTHEST..=FARTHEST).max_by(|a, b| likeness(a).total_cmp(&likeness(b))).unwrap_or(0)
}

/// The signal at 48 kHz through a filter chain; scratch files in `scratch`.
fn through_ffmpeg(filter: &str, input: &[f32], scratch: &Path) -> Result<Vec<f32>> {
    let [from, to] = ["ffmpeg-in.f32", "ffmpeg-out.f32"].map(|name| scratch.join(name));
    write_raw(&from, input)?;
    let run = ffmpeg(filter, &from, &to).output().context("ffmpeg does not start: install it")?;
    ensure!(run.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&run.stderr));
    let bytes = fs::read(&to).with_context(|| format!("cannot read {}", to.display()))?;
    Ok(bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// Raw 32-bit float at 48 kHz through a filter chain, on one thread.
pub fn ffmpeg(filter: &str, from: &Path, to: &Path) -> Command {
    const RAW: [&str; 6] = ["-f", "f32le", "-ar", "48000", "-ac", "1"];
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-threads", "1", "-filter_threads", "1"]).args(RAW);
    command.arg("-i").arg(from).args(["-af", filter]).args(RAW).arg(to);
    command
}

pub fn write_raw(file: &Path, samples: &[f32]) -> Result<()> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}
