//! CPU time, fastest of several runs of which the contestants take turns.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use livi::World;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use nix::time::{ClockId, clock_gettime};
use premix::engine::faults::FaultMeter;
use premix::engine::loudness::ProgrammeLoudness;
use premix::engine::speech::SpeechMeter;
use premix::engine::{BounceBus, Measured, Release, measurement};

use crate::contestants::{BLOCK, CEILING_DB, Contestant, Kind, Stream, ffmpeg, premix, write_raw};
use crate::measures::amplitude;
use crate::signals::{normalised, sine};
use crate::table::Table;

const RATE: usize = 48_000;
const MINUTE: usize = 60 * RATE / BLOCK * BLOCK;
/// What runs as a process is given some minutes, so that its start hardly counts.
const PROCESS_MINUTES: usize = 4;
const PROCESS_RUNS: usize = 3;

/// A minute of signal by what a limiter has to do.
pub struct Programme {
    name: &'static str,
    samples: Vec<f32>,
}

/// The programmes, of speech that is given with its peaks at 1.
pub fn programmes(speech: &[f32]) -> Vec<Programme> {
    let minute: Vec<f32> = speech.iter().copied().cycle().take(MINUTE).collect();
    let speech_over = |over_db: f64| normalised(&minute, amplitude(CEILING_DB + over_db));
    let dense: Vec<f32> = levelled(&minute);
    vec![
        Programme { name: "idle: speech 30 dB under", samples: speech_over(-30.0) },
        Programme { name: "typical: speech, peaks 3 dB over", samples: speech_over(3.0) },
        Programme {
            name: "always limiting: 997 Hz, 6 dB over",
            samples: sine(997.0 / RATE as f64, amplitude(CEILING_DB + 6.0), 0.0, MINUTE),
        },
        Programme {
            name: "always limiting: speech levelled to 6 dB over",
            samples: dense.iter().map(|&x| (f64::from(x) * amplitude(CEILING_DB + 6.0)) as f32).collect(),
        },
    ]
}

/// Speech whose every 5 ms peaks at 1: nothing that a limiter could rest on. Not to be listened to.
fn levelled(speech: &[f32]) -> Vec<f32> {
    speech
        .chunks(RATE / 200)
        .flat_map(|piece| {
            let peak = piece.iter().fold(1e-6f32, |peak, x| peak.max(x.abs()));
            piece.iter().map(move |x| x / peak)
        })
        .collect()
}

/// CPU time of this thread.
fn thread_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux has this clock").into()
}

/// User and system time of the processes that have ended.
fn children_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("Linux counts this");
    let duration = |time: TimeVal| Duration::from_micros((time.tv_sec() * 1_000_000 + time.tv_usec()) as u64);
    duration(usage.user_time()) + duration(usage.system_time())
}

/// Seconds of CPU time that each piece of work takes, the fastest of `runs`.
fn fastest<T>(works: &mut [T], runs: usize, mut work: impl FnMut(&mut T)) -> Vec<f64> {
    let mut fastest = vec![f64::INFINITY; works.len()];
    for _ in 0..runs {
        for (fastest, one) in fastest.iter_mut().zip(works.iter_mut()) {
            let start = thread_time();
            work(one);
            *fastest = fastest.min((thread_time() - start).as_secs_f64());
        }
    }
    fastest
}

/// Seconds per hour of audio of each contestant on each programme, and the ratio to the first.
pub fn contestants(
    world: &World,
    contestants: &[Contestant],
    programmes: &[Programme],
    runs: usize,
    scratch: &Path,
) -> Result<Table> {
    let mut table = Table::new(
        ["CPU seconds per hour, 48 kHz mono"].into_iter().chain(programmes.iter().map(|p| p.name)),
    );
    let mut rows: Vec<Vec<f64>> = vec![Vec::new(); contestants.len() + 1];
    for programme in programmes {
        let mut output = vec![0.0f32; MINUTE];
        let mut works: Vec<Option<Stream>> = vec![None];
        for contestant in contestants {
            works.push(contestant.stream(world, RATE as u32)?);
        }
        let here = fastest(&mut works, runs, |work| match work {
            Some(stream) => stream.run(&programme.samples, &mut output),
            None => copy_and_scan(&programme.samples, &mut output),
        });
        for (n, (row, seconds)) in rows.iter_mut().zip(&here).enumerate() {
            let by_process = n.checked_sub(1).and_then(|n| match contestants[n].kind {
                Kind::Ffmpeg(filter) => Some(filter),
                _ => None,
            });
            row.push(match by_process {
                Some(filter) => ffmpeg_seconds(filter, &programme.samples, scratch)?,
                None => seconds * 60.0,
            });
        }
    }
    let premix = rows[1].clone();
    let names =
        ["a copy with a scan for the highest sample"].into_iter().chain(contestants.iter().map(|c| c.name));
    for (name, row) in names.zip(&rows) {
        let cells = row.iter().zip(&premix).map(|(own, premix)| format!("{own:.2} ({:.1})", own / premix));
        table.row([name.to_string()].into_iter().chain(cells));
    }
    Ok(table)
}

/// The least that a bounce has to do.
fn copy_and_scan(input: &[f32], output: &mut [f32]) {
    let mut highest = 0.0f32;
    for (input, output) in input.chunks_exact(BLOCK).zip(output.chunks_exact_mut(BLOCK)) {
        output.copy_from_slice(input);
        highest = output.iter().fold(highest, |peak, x| if x.abs() > peak { x.abs() } else { peak });
    }
    std::hint::black_box(highest);
}

/// User and system time of a command, the fastest of several runs.
fn process_seconds(mut command: impl FnMut() -> Command) -> Result<f64> {
    let mut fastest = f64::INFINITY;
    for _ in 0..PROCESS_RUNS {
        let start = children_time();
        let mut command = command();
        let output =
            command.stdin(Stdio::null()).output().with_context(|| format!("{command:?} does not start"))?;
        // A bounce whose verdict is not "pass" is a bounce, too.
        ensure!(output.status.code() < Some(2), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        fastest = fastest.min((children_time() - start).as_secs_f64());
    }
    Ok(fastest)
}

/// Of a filter chain in ffmpeg, less what the same takes without a filter.
fn ffmpeg_seconds(filter: &str, minute: &[f32], scratch: &Path) -> Result<f64> {
    let (from, to) = (scratch.join("speed-in.f32"), Path::new("/dev/null"));
    write_raw(&from, &minute.repeat(PROCESS_MINUTES))?;
    let with = process_seconds(|| ffmpeg(filter, &from, to))?;
    let without = process_seconds(|| ffmpeg("anull", &from, to))?;
    Ok((with - without) * 60.0 / PROCESS_MINUTES as f64)
}

/// The command line: whole bounces of a minute's speech, again and again, and what their parts take alone.
pub fn bounces(program: &Path, programmes: &[Programme], runs: usize, scratch: &Path) -> Result<Vec<Table>> {
    let mut whole = Table::new(
        ["`premix bounce`, CPU seconds per hour"].into_iter().chain(programmes.iter().map(|p| p.name)),
    );
    let mut rows = vec![vec!["with `--no-loudness`".to_string()], vec!["as it comes".to_string()]];
    let mut typical = 0.0;
    for (n, programme) in programmes.iter().enumerate() {
        let [from, to] = ["bounce-in.wav", "bounce-out.wav"].map(|name| scratch.join(name));
        write_wav(&from, &programme.samples)?;
        for (row, options) in rows.iter_mut().zip([&["--no-loudness"][..], &[]]) {
            let seconds = process_seconds(|| {
                let mut command = Command::new(program);
                command
                    .args(["bounce", "--overwrite", "--dialogue"])
                    .arg(&from)
                    .arg("-o")
                    .arg(&to)
                    .args(options);
                command
            })?;
            let per_hour = seconds * 60.0 / PROCESS_MINUTES as f64;
            row.push(format!("{per_hour:.2}"));
            if n == 1 && options.is_empty() {
                typical = per_hour;
            }
        }
        for file in [from, to] {
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    rows.into_iter().for_each(|row| whole.row(row));
    Ok(vec![whole, shares(&programmes[1], typical, runs)?])
}

fn write_wav(file: &Path, minute: &[f32]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec)?;
    for _ in 0..PROCESS_MINUTES {
        for &sample in minute {
            writer.write_sample((f64::from(sample) * 8_388_607.0).round() as i32)?;
        }
    }
    Ok(writer.finalize()?)
}

/// What each part of the default bounce takes, of `whole` seconds per hour.
fn shares(programme: &Programme, whole: f64, runs: usize) -> Result<Table> {
    enum Part {
        Limiter(Box<BounceBus>),
        Loudness(Box<ProgrammeLoudness>),
        Speech(Box<SpeechMeter>),
        Faults(FaultMeter),
    }
    let mut parts = [
        Part::Limiter(Box::new(premix(RATE as u32, Release::Auto, Measured::Peaks)?)),
        Part::Limiter(Box::new(premix(RATE as u32, Release::Auto, Measured::WithoutLoudness)?)),
        Part::Loudness(Box::new(ProgrammeLoudness::new(RATE as u32))),
        Part::Speech(Box::new(SpeechMeter::new(RATE as u32))),
        Part::Faults(FaultMeter::new(RATE as u32, 1)),
        Part::Limiter(Box::new(premix(RATE as u32, Release::Auto, Measured::All)?)),
    ];
    let mut output = vec![0.0f32; MINUTE];
    let mut measured = measurement::Programme::with_room();
    let seconds = fastest(&mut parts, runs, |part| match part {
        Part::Limiter(bus) => {
            bus.process(&[&programme.samples[..]], None, &mut [&mut output]);
        }
        part => {
            for step in programme.samples.chunks_exact(RATE / 100) {
                match part {
                    Part::Loudness(meter) => meter.step(step, &mut measured.loudness),
                    Part::Speech(meter) => meter.process(step, &mut measured.speech),
                    Part::Faults(meter) => {
                        meter.process(0, step, 0, &mut measured.clipped, &mut measured.drop_outs);
                    }
                    Part::Limiter(_) => {}
                }
            }
        }
    });
    let [limiter, facts, loudness, speech, faults, everything] = seconds[..] else {
        unreachable!("six parts")
    };
    let mut table =
        Table::new(["part of the default bounce, typical speech", "CPU seconds per hour", "share"]);
    let per_hour = |seconds: f64| seconds * 60.0;
    let rows = [
        ("limiter, true peak of its output", per_hour(limiter)),
        ("faults", per_hour(faults)),
        ("marks, levels over time", per_hour(facts - limiter - faults)),
        ("loudness of the output", per_hour(loudness)),
        ("speech activity", per_hour(speech)),
        (
            "loudness of dialogue and walla, their separation",
            per_hour(everything - facts - loudness - speech),
        ),
        ("files: reading, rounding, writing; start of the program", whole - per_hour(everything)),
        ("all", whole),
    ];
    for (name, seconds) in rows {
        table.row([name.to_string(), format!("{seconds:.2}"), format!("{:.0} %", 100.0 * seconds / whole)]);
    }
    Ok(table)
}

/// Nanoseconds a sample, by block size and by sample rate, on typical speech and always limiting.
pub fn sizes_and_rates(programmes: &[Programme], runs: usize) -> Result<Vec<Table>> {
    const SECONDS: usize = 10;
    let (speech, tone) = (&programmes[1].samples, &programmes[2].samples);
    let mut sizes = Table::new(["block", "typical speech, ns per sample", "always limiting, ns per sample"]);
    for block in [1, 2, 16, 64, 100, 512, 1024, 8192] {
        let mut buses = [
            (premix(48_000, Release::Auto, Measured::Peaks)?, speech),
            (premix(48_000, Release::Auto, Measured::Peaks)?, tone),
        ];
        let length = SECONDS * RATE;
        let mut output = vec![0.0f32; length];
        let seconds = fastest(&mut buses, runs, |(bus, input)| {
            for (input, output) in input[..length].chunks(block).zip(output.chunks_mut(block)) {
                bus.process(&[input], None, &mut [output]);
            }
        });
        let cells = seconds.iter().map(|seconds| format!("{:.1}", seconds * 1e9 / length as f64));
        sizes.row([block.to_string()].into_iter().chain(cells));
    }
    let mut rates = Table::new([
        "rate, Hz",
        "always limiting, ns per sample",
        "CPU seconds per hour",
        "to the rate of 48 kHz",
    ]);
    let mut at_48 = 0.0;
    for rate in [48_000u32, 44_100, 96_000, 192_000] {
        let length = SECONDS * rate as usize;
        let input = sine(997.0 / f64::from(rate), amplitude(CEILING_DB + 6.0), 0.0, length);
        let mut output = vec![0.0f32; length];
        let mut bus = [premix(rate, Release::Auto, Measured::Peaks)?];
        let seconds = fastest(&mut bus, runs, |bus| {
            for (input, output) in input.chunks(BLOCK).zip(output.chunks_mut(BLOCK)) {
                bus.process(&[input], None, &mut [output]);
            }
        })[0];
        let per_sample = seconds * 1e9 / length as f64;
        if rate == 48_000 {
            at_48 = per_sample;
        }
        rates.row([
            rate.to_string(),
            format!("{per_sample:.1}"),
            format!("{:.2}", seconds * 3600.0 / SECONDS as f64),
            format!("{:.2}", per_sample / at_48),
        ]);
    }
    Ok(vec![sizes, rates])
}

/// The plugin's blocks: all is measured, 64 samples a block, an hour of always limiting. Each block's time is
/// the least of several passes over the same hour, so that what the machine does besides does not count.
pub fn blocks_of_64(passes: usize, minutes: usize) -> Result<Table> {
    const BLOCK: usize = 64;
    let blocks = minutes * 60 * RATE / BLOCK;
    let tone = sine(997.0 / RATE as f64, amplitude(CEILING_DB + 6.0), 0.0, RATE);
    let mut least = vec![f32::INFINITY; blocks];
    for _ in 0..passes {
        let mut bus = premix(RATE as u32, Release::Auto, Measured::All)?;
        let mut output = vec![0.0f32; BLOCK];
        for (input, least) in tone.chunks_exact(BLOCK).cycle().zip(&mut least) {
            let start = std::time::Instant::now();
            bus.process(&[input], None, &mut [&mut output]);
            *least = least.min(start.elapsed().as_secs_f32());
        }
    }
    let mean = least.iter().map(|&seconds| f64::from(seconds)).sum::<f64>() / blocks as f64;
    least.sort_by(f32::total_cmp);
    let at = |share: f64| f64::from(least[((blocks as f64 * share) as usize).min(blocks - 1)]);
    let mut table = Table::new(["blocks of 64 samples, always limiting, all measured", "µs", "to the mean"]);
    let rows = [
        ("mean", mean),
        ("median", at(0.5)),
        ("99th percentile", at(0.99)),
        ("99.99th percentile", at(0.9999)),
        ("longest", at(1.0)),
    ];
    for (name, seconds) in rows {
        table.row([name.to_string(), format!("{:.2}", seconds * 1e6), format!("{:.2}", seconds / mean)]);
    }
    Ok(table)
}
