//! Bouncing stems to the premix.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};

use crate::compliance::premix::{CEILING_TENTHS_DBTP, Picture, WALLA_GAIN_TENTHS_DB};
use crate::compliance::{clock, level};
use crate::delivery::timecode::{Extent, FrameRate, Timecode, describe_samples};
use crate::delivery::wav::{BextLoudness, BitDepth, Severity, WavReader, WavSpec, WavWriter};
use crate::engine::decibel::db_from_linear;
use crate::engine::measurement::Programme;
use crate::engine::{BounceBus, Measured, Measurement, Settings};

/// Frames worked at once.
const BLOCK: usize = 16_384;
/// Longest bounce without a picture: timecode, and the time references that count from midnight, know no
/// longer day.
const LONGEST_SECONDS: i128 = 24 * 60 * 60;

/// What to bounce, and how.
#[derive(Clone, Debug)]
pub struct BounceOptions {
    /// Dialogue stems, summed as they are. At least one.
    pub dialogue: Vec<PathBuf>,
    /// Walla stems, summed at the walla gain.
    pub walla: Vec<PathBuf>,
    /// The file to write, or a folder that gets `<first dialogue>_premix.wav`.
    pub output: PathBuf,
    /// Replace the file if it is there.
    pub overwrite: bool,
    /// Cut audio before the picture's start and after its end.
    pub trim: bool,
    /// Let all inputs start together, whatever their time references.
    pub align_start: bool,
    /// The picture, if its length is known; else the bounce is as long as its longest input.
    pub picture: Option<Picture>,
    /// The file that the picture was read from, which must not be replaced.
    pub picture_file: Option<PathBuf>,
    /// Where the picture starts; by default where it says, or else where the earliest input does.
    pub start: Option<Timecode>,
    /// For writing places as timecode where neither length nor start is known.
    pub frame_rate: Option<FrameRate>,
    /// Ceiling, walla gain, release.
    pub settings: Settings,
    /// How much is measured; the loudness is written into the file, if it is.
    pub measured: Measured,
    /// Format of the samples.
    pub depth: BitDepth,
    /// The rate that all inputs must have, in Hz.
    pub sample_rate: u32,
}

/// What has been bounced.
#[derive(Clone, Debug)]
pub struct BounceSummary {
    /// The file written.
    pub output: PathBuf,
    /// Its length in samples.
    pub samples: u64,
    /// Its rate in Hz.
    pub sample_rate: u32,
    /// Its first sample, since midnight.
    pub time_reference: u64,
    /// How the inputs were placed.
    pub placement: Placement,
    /// Walla stems that were mixed in.
    pub walla_count: usize,
    /// What was set.
    pub settings: Settings,
    /// Samples that the limiter came late by, removed from the file.
    pub latency_samples: usize,
    /// What the engine measured.
    pub measurement: Measurement,
    /// The picture, if its length was given.
    pub picture: Option<Picture>,
    /// For writing places as timecode: frame rate, drop-frame.
    pub timecode: Option<(FrameRate, bool)>,
    /// What is untidy in the inputs though their audio is whole, one sentence each.
    pub warnings: Vec<String>,
}

/// How inputs were placed in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Each at its `bext` time reference.
    TimeReference,
    /// All at the start of the picture.
    Together,
}

/// A stem, and where it lies.
struct Stem {
    path: PathBuf,
    reader: WavReader,
    frames: u64,
    time_reference: Option<u64>,
    /// First sample on the output's time line; negative for what is before the picture.
    offset: i128,
}

impl Stem {
    fn open(path: &Path, sample_rate: u32) -> Result<Self> {
        let reader = WavReader::open(path)?;
        let facts = reader.facts();
        ensure!(
            facts.channels == 1,
            "{} has {} channels: give mono stems, one file a channel",
            path.display(),
            facts.channels
        );
        ensure!(
            facts.sample_rate == sample_rate,
            "{} is at {} Hz instead of {sample_rate} Hz: export it at the session's rate, or say with \
             --sample-rate that another rate than 48000 is meant",
            path.display(),
            facts.sample_rate
        );
        if let Some(problem) = facts.problems.iter().find(|problem| problem.severity() == Severity::Loss) {
            bail!("{} is damaged: {problem}: export it again", path.display());
        }
        let (frames, time_reference) = (facts.frames, facts.time_reference());
        Ok(Self { path: path.to_path_buf(), reader, frames, time_reference, offset: 0 })
    }

    /// What its iXML says of timecode: frame rate, drop-frame.
    fn labels(&self) -> Option<(FrameRate, bool)> {
        let ixml = self.reader.facts().ixml.as_ref()?;
        Some((ixml.frame_rate?, ixml.drop_frame.unwrap_or(false)))
    }

    /// What is untidy in it, and whether it says that it belongs to a picture at another rate than that of
    /// `labels`.
    fn warnings(&self, labels: Option<(FrameRate, bool)>) -> Vec<String> {
        let problems = self.reader.facts().problems.iter();
        let mut told: Vec<String> =
            problems.map(|problem| format!("{problem}: export it again if in doubt")).collect();
        if let Some(((own, _), (rate, _))) = self.labels().zip(labels)
            && own != rate
        {
            told.push(format!(
                "its iXML states {own} frames a second instead of {rate}: is it from this picture's session?"
            ));
        }
        told.iter().map(|told| format!("{}: {told}", self.path.display())).collect()
    }

    fn end(&self) -> i128 {
        self.offset + i128::from(self.frames)
    }

    /// Adds the stem's samples from `at` on, where `at` only ever grows by what was asked for last.
    fn add_to(&mut self, sum: &mut [f64], at: u64, scratch: &mut [f64]) -> Result<()> {
        let first = self.offset - i128::from(at);
        let Ok(first) = usize::try_from(first.max(0)) else { return Ok(()) };
        let Some(sum) = sum.get_mut(first..) else { return Ok(()) };
        let wanted = sum.len();
        let read = self.reader.read(&mut scratch[..wanted])?;
        for (sum, sample) in sum.iter_mut().zip(&scratch[..read]) {
            *sum += sample;
        }
        Ok(())
    }

    /// Passes over what lies before the picture.
    fn skip_before_start(&mut self, scratch: &mut [f64]) -> Result<()> {
        let mut left = u64::try_from(-self.offset).unwrap_or(0).min(self.frames);
        while left > 0 {
            let length = usize::try_from(left).unwrap_or(usize::MAX).min(scratch.len());
            let read = self.reader.read(&mut scratch[..length])?;
            if read == 0 {
                break;
            }
            left -= read as u64;
        }
        self.offset = self.offset.max(0);
        Ok(())
    }
}

/// Sums the stems, limits them and writes the premix. `progress` is told the samples done and all.
///
/// # Errors
/// One sentence, naming the file: an input that cannot be read, is damaged, not mono or at another rate;
/// a mixture of inputs with and without time reference; audio outside the picture; an output that exists,
/// or cannot be written.
pub fn bounce(options: &BounceOptions, progress: &mut dyn FnMut(u64, u64)) -> Result<BounceSummary> {
    let open = |paths: &[PathBuf]| -> Result<Vec<Stem>> {
        paths.iter().map(|path| Stem::open(path, options.sample_rate)).collect()
    };
    let mut dialogue = open(&options.dialogue)?;
    let mut walla = open(&options.walla)?;
    let output = output_path(options)?;
    let mut stems: Vec<&mut Stem> = dialogue.iter_mut().chain(&mut walla).collect();
    ensure!(!stems.is_empty(), "there is nothing to bounce: give at least one file with --dialogue");
    refuse_to_replace_an_input(&output, &stems, options)?;
    let placement = placement(&stems, options.align_start)?;
    let time_reference = place(&mut stems, placement, options)?;
    let samples = length(&stems, options)?;
    let stated = stems.iter().find_map(|stem| stem.labels());
    let timecode = labels(options).or(stated);
    let warnings = stems.iter().flat_map(|stem| stem.warnings(timecode)).collect();
    let mut scratch = vec![0.0; BLOCK];
    for stem in &mut stems {
        stem.skip_before_start(&mut scratch)?;
    }

    let spec = WavSpec {
        channels: 1,
        sample_rate: options.sample_rate,
        depth: options.depth,
        time_reference,
        timecode,
        description: "Premix dialogue".into(),
        originator_reference: String::new(),
        created: SystemTime::now(),
    };
    let mut writer = WavWriter::create(&output, spec, options.overwrite)?;
    let mut bus = BounceBus::prepare(options.sample_rate, 1, BLOCK)?;
    bus.set(options.settings);
    bus.measure(options.measured);
    let latency = bus.latency_samples() as u64;
    let (mut dialogue_sum, mut walla_sum) = (vec![0.0; BLOCK], vec![0.0; BLOCK]);
    let mut limited = vec![0.0f32; BLOCK];
    let mut done = 0;
    // The bus is fed its latency in silence, and what it gives first is that much silence.
    while done < samples + latency {
        let length = BLOCK.min(usize::try_from(samples + latency - done).unwrap_or(BLOCK));
        let inside = length.min(usize::try_from(samples.saturating_sub(done)).unwrap_or(length));
        mix(&mut dialogue, &mut dialogue_sum[..length], inside, done, &mut scratch)?;
        mix(&mut walla, &mut walla_sum[..length], inside, done, &mut scratch)?;
        let walla_input = [&walla_sum[..length]];
        let walla_input = (!walla.is_empty()).then_some(&walla_input[..]);
        bus.process(&[&dialogue_sum[..length]], walla_input, &mut [&mut limited[..length]]);
        let late = usize::try_from(latency.saturating_sub(done)).unwrap_or(length).min(length);
        writer.write(&limited[late..length])?;
        done += length as u64;
        progress(done.min(samples), samples);
    }
    bus.finish();
    if options.measured == Measured::All {
        writer.set_loudness(bext_loudness(&bus.measurement().programme));
    }
    writer.finish()?;
    Ok(BounceSummary {
        output,
        samples,
        sample_rate: options.sample_rate,
        time_reference,
        placement,
        walla_count: walla.len(),
        settings: options.settings,
        latency_samples: bus.latency_samples(),
        measurement: bus.measurement().clone(),
        picture: options.picture,
        timecode,
        warnings,
    })
}

/// What the file is to say of its loudness.
fn bext_loudness(programme: &Programme) -> BextLoudness {
    let loudness = programme.loudness;
    let sounds = loudness.integrated_lufs.is_finite();
    BextLoudness {
        integrated_lufs: Some(loudness.integrated_lufs),
        range_lu: sounds.then_some(loudness.range_lu),
        max_true_peak_dbtp: Some(db_from_linear(f64::from(programme.precise.amplitude))),
        max_momentary_lufs: Some(loudness.max_momentary_lufs),
        max_short_term_lufs: Some(loudness.max_short_term_lufs),
    }
}

/// The sum of `stems` from `at` on, silent from `inside` on: there the picture has ended.
fn mix(stems: &mut [Stem], sum: &mut [f64], inside: usize, at: u64, scratch: &mut [f64]) -> Result<()> {
    sum.fill(0.0);
    stems.iter_mut().try_for_each(|stem| stem.add_to(&mut sum[..inside], at, scratch))
}

/// How places are labelled: as the start is, else as the length is, else plainly.
fn labels(options: &BounceOptions) -> Option<(FrameRate, bool)> {
    let given = options.start.or(options.picture.and_then(|picture| picture.label()));
    given
        .map(|timecode| (timecode.rate(), timecode.drop_frame()))
        .or(options.frame_rate.map(|rate| (rate, false)))
}

/// The file that a bounce writes: the one that is given, or one in the folder that is given.
///
/// # Errors
/// A folder that is not there.
pub fn output_path(options: &BounceOptions) -> Result<PathBuf> {
    if !options.output.is_dir() {
        let means_folder = options.output.to_string_lossy().ends_with(std::path::is_separator);
        ensure!(!means_folder, "there is no folder {}: create it first", options.output.display());
        return Ok(options.output.clone());
    }
    let first =
        options.dialogue.first().context("there is nothing to bounce: give at least one --dialogue")?;
    let mut name = first.file_stem().unwrap_or_default().to_os_string();
    name.push("_premix.wav");
    Ok(options.output.join(name))
}

fn refuse_to_replace_an_input(output: &Path, stems: &[&mut Stem], options: &BounceOptions) -> Result<()> {
    let Ok(output) = output.canonicalize() else { return Ok(()) };
    for path in stems.iter().map(|stem| &stem.path).chain(&options.picture_file) {
        let same = path.canonicalize().is_ok_and(|input| input == output);
        ensure!(!same, "{} is an input and would be replaced: choose another output", path.display());
    }
    Ok(())
}

fn placement(stems: &[&mut Stem], align_start: bool) -> Result<Placement> {
    let without = stems.iter().find(|stem| stem.time_reference.is_none());
    let with = stems.iter().find(|stem| stem.time_reference.is_some());
    match (with, without) {
        _ if align_start => Ok(Placement::Together),
        (Some(_), None) => Ok(Placement::TimeReference),
        (None, _) => Ok(Placement::Together),
        (Some(with), Some(without)) => bail!(
            "{} has a time reference and {} has none: export both the same way, or say --align start to let \
             all start together",
            with.path.display(),
            without.path.display()
        ),
    }
}

/// Lays the stems on the output's time line and gives the time reference of its start.
fn place(stems: &mut [&mut Stem], placement: Placement, options: &BounceOptions) -> Result<u64> {
    let earliest = match placement {
        Placement::TimeReference => stems.iter().filter_map(|stem| stem.time_reference).min(),
        Placement::Together => None,
    };
    let start = options.start.map(Extent::from).or(options.picture.and_then(|picture| picture.start));
    let start_sample = start.map(|start| start.samples(options.sample_rate).nearest);
    let origin = start_sample.or(earliest).unwrap_or(0);
    for stem in stems {
        if placement == Placement::TimeReference {
            stem.offset = i128::from(stem.time_reference.unwrap_or(origin)) - i128::from(origin);
        }
        if stem.offset < 0 && !options.trim {
            bail!(
                "{} begins {} before the picture's start{}: check --start, or say --trim to cut it",
                stem.path.display(),
                extent(stem.offset.unsigned_abs(), options),
                start.map_or(String::new(), |start| format!(" ({start})"))
            );
        }
    }
    Ok(origin)
}

/// Samples of the output.
fn length(stems: &[&mut Stem], options: &BounceOptions) -> Result<u64> {
    let Some(picture) = options.picture else {
        return length_of_inputs(stems, options);
    };
    let length = picture.samples(options.sample_rate);
    ensure!(
        length.nearest > 0,
        "a picture of length {} has no sound: check --length or --picture",
        picture.length
    );
    for stem in stems {
        // An input of either neighbouring count of samples is as long as the picture.
        let beyond = stem.end() - i128::from(length.longest);
        if beyond > 0 && !options.trim {
            bail!(
                "{} is {} longer than the picture ({}): check its length and --start, or say --trim to cut it",
                stem.path.display(),
                extent((stem.end() - i128::from(length.nearest)).unsigned_abs(), options),
                picture.length
            );
        }
    }
    Ok(length.nearest)
}

/// From the start to the end of the input that ends last.
fn length_of_inputs(stems: &[&mut Stem], options: &BounceOptions) -> Result<u64> {
    let last = stems.iter().max_by_key(|stem| stem.end()).context("there is nothing to bounce")?;
    let (path, end) = (last.path.display(), last.end());
    ensure!(end > 0, "{path} has no audio after the start: check the inputs and --start, or give --length");
    ensure!(
        end <= LONGEST_SECONDS * i128::from(options.sample_rate),
        "{path} ends {} after the start, more than a day: check the time references, or say --align start",
        extent(end.unsigned_abs(), options)
    );
    u64::try_from(end).context("the inputs lie too far apart to be one bounce")
}

/// A number of samples for a message.
fn extent(samples: u128, options: &BounceOptions) -> String {
    let samples = u64::try_from(samples).unwrap_or(u64::MAX);
    match labels(options) {
        Some((rate, _)) => describe_samples(samples, rate, options.sample_rate),
        None => format!("{} ({samples} samples)", clock(samples, options.sample_rate)),
    }
}

impl fmt::Display for BounceSummary {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let tenths = |tenths: i32| format!("{:.1}", f64::from(tenths) / 10.0);
        let timecode = |sample: u64| {
            let (rate, drop_frame) = self.timecode?;
            Some(Timecode::at_sample(sample, self.sample_rate, rate, drop_frame).ok()?.to_string())
        };
        let place = |sample: u64| {
            timecode(self.time_reference.saturating_add(sample))
                .unwrap_or_else(|| clock(sample, self.sample_rate))
        };
        writeln!(f, "Wrote    {}", self.output.display())?;
        let length = (self.picture.and_then(|picture| picture.length.timecode()))
            .map(|length| length.to_string())
            .or_else(|| timecode(self.samples))
            .unwrap_or_else(|| clock(self.samples, self.sample_rate));
        writeln!(f, "Length   {length} ({} samples at {} Hz)", self.samples, self.sample_rate)?;
        let start =
            timecode(self.time_reference).unwrap_or_else(|| clock(self.time_reference, self.sample_rate));
        match self.placement {
            Placement::TimeReference => {
                writeln!(f, "Inputs   placed by their time reference; start {start}")?
            }
            Placement::Together => writeln!(f, "Inputs   all start together; start {start}")?,
        }
        match self.walla_count {
            0 => writeln!(f, "Walla    none")?,
            count => writeln!(
                f,
                "Walla    {count} file{} at {} dB",
                if count == 1 { "" } else { "s" },
                tenths(self.settings.walla_gain_tenths_db)
            )?,
        }
        let Measurement { programme, mix, .. } = &self.measurement;
        let share = 100.0 * mix.reduction.limited_samples as f64 / self.samples.max(1) as f64;
        writeln!(
            f,
            "Limiter  ceiling {} dBTP; reduction at most {:.1} dB, {share:.1} % of the time; latency of {} \
             samples removed",
            tenths(self.settings.ceiling_tenths_dbtp),
            // Plus zero: no "-0.0".
            -mix.reduction.deepest_db + 0.0,
            self.latency_samples
        )?;
        write!(
            f,
            "Peak     {} dBTP at {}; {} by the BS.1770 meter at {}",
            level(programme.precise.amplitude, self.settings.ceiling_tenths_dbtp),
            place(programme.precise.sample),
            level(programme.annex_2.amplitude, self.settings.ceiling_tenths_dbtp),
            place(programme.annex_2.sample)
        )?;
        if programme.invalid_samples > 0 {
            write!(f, "\nFaults   {} samples were no numbers and became silence", programme.invalid_samples)?;
        }
        Ok(())
    }
}

/// What in these settings would keep a bounce from being a delivery, one sentence each.
pub fn warnings(settings: &Settings, walla_count: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if settings.ceiling_tenths_dbtp > CEILING_TENTHS_DBTP {
        let ceiling = f64::from(settings.ceiling_tenths_dbtp) / 10.0;
        warnings.push(format!("the ceiling of {ceiling:.1} dBTP is above the delivery's -6.0"));
    }
    if walla_count > 0 && settings.walla_gain_tenths_db != WALLA_GAIN_TENTHS_DB {
        let gain = f64::from(settings.walla_gain_tenths_db) / 10.0;
        warnings.push(format!(
            "the walla gain of {gain:.1} dB is not the delivery's -10.0: right only if the stem carries the rest"
        ));
    }
    warnings
}
