//! The command line: arguments, progress, exit codes.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Error, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use premix::compliance::Verdict;
use premix::compliance::premix::{Expected, Picture, SAMPLE_RATE};
use premix::compliance::session::PictureFacts;
use premix::delivery::name::{DeliveryName, Fields, Reading};
use premix::delivery::session::names::ZipReading;
use premix::delivery::timecode::{Extent, FrameRate, Timecode};
use premix::delivery::wav::{BitDepth, SampleFormat};
use premix::engine::{Measured, Release, SAMPLE_RATES, Settings};
use premix::offline::bounce::{BounceOptions, BounceSummary, bounce, output_path, warnings};
use premix::offline::check::{CheckOptions, CheckReport, check, check_bounce};
use premix::offline::picture::{self, GivenPicture};
use premix::offline::session::{self, SessionOptions};
use premix::offline::{batch, name};
use premix::report;

/// Makes and checks the premix of dubbed dialogue: true peaks at -6 dBTP, walla 10 dB down, exactly as long
/// as the picture.
///
/// Exit status: 0 all pass (warnings allowed), 1 a rule fails, 2 the work could not be done.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sum dialogue and walla, limit them, and write the premix.
    Bounce(BounceArguments),
    /// Judge finished WAVs by the delivery's rules.
    Check(CheckArguments),
    /// Build the file name of a delivery, or explain one.
    Name(NameArguments),
    /// Judge the delivery of an edit session, a zip or a folder, before it is sent.
    Session(SessionArguments),
}

#[derive(Args)]
struct BounceArguments {
    /// Dialogue stems: mono WAV, BWF, RF64 or BW64; summed as they are.
    #[arg(long, required = true, num_args = 1.., value_name = "WAV")]
    dialogue: Vec<PathBuf>,
    /// Walla stems, summed at the walla gain.
    #[arg(long, num_args = 1.., value_name = "WAV")]
    walla: Vec<PathBuf>,
    /// The WAV to write, or a folder. There the file is named after the delivery, or
    /// <first dialogue>_premix.wav if that is not told.
    #[arg(short, long, value_name = "WAV|DIR")]
    output: PathBuf,
    #[command(flatten)]
    name: DeliveryArguments,
    #[command(flatten)]
    picture: PictureArguments,
    /// Where the picture starts, HH:MM:SS:FF. Default: where --picture says, else where the earliest input
    /// does.
    #[arg(long, value_name = "TC")]
    start: Option<String>,
    /// Highest true peak, in dBTP: -24 to 0 in tenths.
    #[arg(long, value_name = "DBTP", default_value = "-6.0", allow_hyphen_values = true, value_parser = tenths)]
    ceiling_dbtp: i32,
    /// Gain of the walla, in dB: -24 to 0 in tenths. 0 for stems that already carry their -10 dB.
    #[arg(long, value_name = "DB", default_value = "-10.0", allow_hyphen_values = true, value_parser = tenths)]
    walla_gain_db: i32,
    /// How the limiter recovers: auto, or a time constant of 5 to 500 milliseconds.
    #[arg(long, value_name = "auto|MS", default_value = "auto", value_parser = release)]
    release: Release,
    /// Let all inputs start together, whatever their time references.
    #[arg(long)]
    align: Option<Align>,
    /// Cut audio before the picture's start and after its end.
    #[arg(long)]
    trim: bool,
    /// Replace the output, and its report, if they are there.
    #[arg(long)]
    overwrite: bool,
    /// Judge the bounce, and write <name>_report.html and .json into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Do not measure loudness and speech: faster, and the file does not state its loudness.
    #[arg(long)]
    no_loudness: bool,
    #[command(flatten)]
    format: FormatArguments,
}

#[derive(Args)]
struct CheckArguments {
    /// The WAVs to judge; of a folder, all that are in it.
    #[arg(required = true, value_name = "WAV|DIR")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    meant: MeantArguments,
    #[command(flatten)]
    picture: PictureArguments,
    #[command(flatten)]
    format: FormatArguments,
    /// Where the picture starts, HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame. Default: where --picture does.
    #[arg(long, value_name = "TC")]
    start: Option<String>,
    /// The version before, after fixes: tells whether the fixes, and only they, have changed.
    #[arg(long, value_name = "WAV")]
    previous: Option<PathBuf>,
    /// The walla stems as they were before they were turned down: tells their gain in the premix, and how far
    /// the dialogue is above them.
    #[arg(long, num_args = 1.., value_name = "WAV")]
    walla: Vec<PathBuf>,
    /// Write <name>_report.html and .json for each file into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Replace reports that are there.
    #[arg(long, requires = "report")]
    overwrite: bool,
    /// Print one JSON object a file and line, instead of text.
    ///
    /// Each has "schema" (1), "file", "verdict", "summary", "programme", "container" and "rules": a list of
    /// "id", "name", "verdict", "measured", "target" and, where there is one, "place" and "advice". Verdicts
    /// are "pass", "warn", "fail", "not judged" and "for you". docs/report-schema.md has the rest. Of a file
    /// that cannot be read it has "schema", "file" and "error", and the exit status is 2.
    #[arg(long)]
    json: bool,
}

/// All four, or none.
#[derive(Args)]
struct DeliveryArguments {
    /// Package ID of the source request, for the name of the file: 5 to 10 digits.
    #[arg(long, value_name = "N", requires_all = ["title", "language", "version"])]
    package_id: Option<String>,
    /// Title of the show: letters, digits and hyphens.
    #[arg(long, value_name = "T", requires = "package_id")]
    title: Option<String>,
    /// Language of the dub, as the source request has it: fr, pt-BR, es-419.
    #[arg(long, value_name = "L", requires = "package_id")]
    language: Option<String>,
    /// Version of the delivery: v1, v2, or "next" for the first that is not in the output's folder.
    #[arg(long, value_name = "V|next", requires = "package_id")]
    version: Option<String>,
}

/// Any of them: what is told is compared.
#[derive(Args)]
struct MeantArguments {
    /// Package ID that the file's name is meant to have: 5 to 10 digits.
    #[arg(long, value_name = "N", default_value = "", hide_default_value = true)]
    package_id: String,
    /// Title that the file's name is meant to have: letters, digits and hyphens.
    #[arg(long, value_name = "T", default_value = "", hide_default_value = true)]
    title: String,
    /// Language that the file's name is meant to have: fr, pt-BR, es-419.
    #[arg(long, value_name = "L", default_value = "", hide_default_value = true)]
    language: String,
    /// Version that the file's name is meant to have: v1, v2.
    #[arg(long, value_name = "V", default_value = "", hide_default_value = true)]
    version: String,
}

#[derive(Args)]
struct NameArguments {
    /// Package ID of the source request: 5 to 10 digits.
    #[arg(long, value_name = "N", required_unless_present = "parse")]
    package_id: Option<String>,
    /// Title of the show: letters, digits and hyphens.
    #[arg(long, value_name = "T", required_unless_present = "parse")]
    title: Option<String>,
    /// Frame rate of the picture: 23.976, 24, 25, 29.97, 30, 50, 59.94 or 60.
    #[arg(long, value_name = "R", required_unless_present = "parse")]
    frame_rate: Option<String>,
    /// Language of the dub, as the source request has it: fr, pt-BR, es-419.
    #[arg(long, value_name = "L", required_unless_present = "parse")]
    language: Option<String>,
    /// Version of the delivery: v1, v2.
    #[arg(long, value_name = "V", default_value = "v1")]
    version: String,
    /// The name of an edit session's zip instead of that of a premix.
    #[arg(long, conflicts_with = "next_in")]
    session: bool,
    /// Number of the episode, for an edit session: 101, s01e01. A film has none.
    #[arg(long, value_name = "E", requires = "session")]
    episode: Option<String>,
    /// Take the first version that is not in this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "version")]
    next_in: Option<PathBuf>,
    /// Explain these file names part by part, and how to correct them.
    #[arg(
        long,
        value_name = "NAME",
        num_args = 1..,
        conflicts_with_all = ["package_id", "title", "frame_rate", "language", "version", "next_in", "episode"]
    )]
    parse: Vec<PathBuf>,
    /// Explain in one JSON object a name and line, instead of text.
    ///
    /// Each has "schema" (1), "name", "verdict", where there is one "corrected", and "parts": a list of
    /// "part", "text", "verdict" and, where something is wrong, "wrong" and "remedy". Verdicts are "pass",
    /// "warn" and "fail".
    #[arg(long, conflicts_with = "package_id")]
    json: bool,
}

#[derive(Args)]
struct SessionArguments {
    /// The zip or folder of the Localized Edit Project.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Further descriptions of the session that are not delivered: Pro Tools Session Info as Text, .aaf,
    /// .rpp, .ardour, .dawproject.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    session_info: Vec<PathBuf>,
    /// The show's list of characters: CSV, the names in the first column or the one headed "character".
    #[arg(long, value_name = "CSV")]
    characters: Option<PathBuf>,
    /// Lines of each character: CSV of character,lines.
    #[arg(long, value_name = "CSV")]
    line_counts: Option<PathBuf>,
    /// The picture, for its frame rate and start: MP4, MOV, or a guide track as WAV.
    #[arg(long, value_name = "FILE", conflicts_with = "start")]
    picture: Option<PathBuf>,
    /// Where the picture starts, HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame.
    #[arg(long, value_name = "TC", requires = "frame_rate")]
    start: Option<String>,
    /// Frame rate of the picture: 23.976, 24, 25, 29.97, 30, 50, 59.94 or 60. Default: that of --picture.
    #[arg(long, value_name = "R")]
    frame_rate: Option<FrameRate>,
    /// The delivery before this one, a zip or a folder: pickups must be on new tracks, the version higher.
    #[arg(long, value_name = "PATH")]
    previous: Option<PathBuf>,
    /// The premix of this session: same package, language and rate, and every clip sounds in it.
    #[arg(long, value_name = "WAV")]
    premix: Option<PathBuf>,
    /// Write <name>_report.html and .json into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Replace reports that are there.
    #[arg(long, requires = "report")]
    overwrite: bool,
    /// Print one JSON object instead of text.
    ///
    /// It has "schema" (1), "file", "verdict", "summary", where there is one "left_over", "notes", "sources":
    /// a list of "file", "kind", "tracks" and "clips", and "rules" as of `premix check`. docs/report-schema.md
    /// has the rest. Of a delivery that cannot be read it has "schema", "file" and "error", and the exit status
    /// is 2.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct PictureArguments {
    /// Length of the picture, HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame.
    #[arg(long, value_name = "TC", requires = "frame_rate")]
    length: Option<String>,
    /// The picture itself, for its length, frame rate and start: MP4, MOV, or a guide track as WAV.
    #[arg(long, value_name = "FILE", conflicts_with = "length")]
    picture: Option<PathBuf>,
    /// Frame rate of the picture: 23.976, 24, 25, 29.97, 30, 50, 59.94 or 60. Default: that of --picture.
    #[arg(long, value_name = "R")]
    frame_rate: Option<FrameRate>,
}

#[derive(Args)]
struct FormatArguments {
    /// Format of the bounce; other than 24 for archives and measurements only.
    #[arg(long, default_value = "24", value_name = "24|32f")]
    bit_depth: Depth,
    /// Rate of the inputs and the bounce, in Hz; other than 48000 for archives and measurements only.
    #[arg(long, default_value_t = SAMPLE_RATE, value_name = "HZ", value_parser = sample_rate)]
    sample_rate: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Align {
    /// All inputs start with the picture.
    Start,
}

#[derive(Clone, Copy, ValueEnum)]
enum Depth {
    #[value(name = "24")]
    Int24,
    #[value(name = "32f")]
    Float32,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        Command::Bounce(arguments) => run_bounce(&arguments),
        Command::Check(arguments) => run_check(&arguments),
        Command::Name(arguments) => run_name(&arguments),
        Command::Session(arguments) => run_session(&arguments),
    };
    result.unwrap_or_else(|error| {
        tell(&format!("error: {error:#}"));
        ExitCode::from(2)
    })
}

fn run_bounce(arguments: &BounceArguments) -> Result<ExitCode> {
    let settings = Settings {
        ceiling_tenths_dbtp: arguments.ceiling_dbtp,
        walla_gain_tenths_db: arguments.walla_gain_db,
        release: arguments.release,
        ..Settings::default()
    };
    let given = arguments.picture.read()?;
    let (picture, frame_rate) = (given.length.map_err(Error::msg)?, given.frame_rate);
    let start = timecode(arguments.start.as_deref(), frame_rate, "--start")?;
    // A wrong name is told before the bounce.
    let output = match arguments.name.name(&arguments.output, frame_rate)? {
        Some(name) => name::output(&arguments.output, &name)?,
        None => arguments.output.clone(),
    };
    let options = BounceOptions {
        dialogue: arguments.dialogue.clone(),
        walla: arguments.walla.clone(),
        output,
        overwrite: arguments.overwrite,
        trim: arguments.trim,
        align_start: arguments.align.is_some(),
        picture,
        picture_file: arguments.picture.picture.clone(),
        start,
        frame_rate,
        settings,
        measured: match (arguments.no_loudness, &arguments.report) {
            (false, _) => Measured::All,
            (true, Some(_)) => Measured::WithoutLoudness,
            (true, None) => Measured::Peaks,
        },
        depth: match arguments.format.bit_depth {
            Depth::Int24 => BitDepth::Int24,
            Depth::Float32 => BitDepth::Float32,
        },
        sample_rate: arguments.format.sample_rate,
    };
    for warning in given.warnings.into_iter().chain(warnings(&settings, options.walla.len())) {
        tell(&format!("warning: {warning}"));
    }
    if let Some(folder) = &arguments.report {
        let name = file_name(&output_path(&options)?);
        report::free_paths(folder, &name, arguments.overwrite)?;
    }
    let bar = progress_bar();
    let summary = bounce(&options, &mut |done, all| show(&bar, done, all));
    bar.finish_and_clear();
    let summary = summary?;
    for warning in &summary.warnings {
        tell(&format!("warning: {warning}"));
    }
    print(&summary.to_string())?;
    match &arguments.report {
        Some(folder) => report_bounce(arguments, &options, &summary, folder),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Judges what was bounced and writes its report.
fn report_bounce(
    arguments: &BounceArguments,
    options: &BounceOptions,
    summary: &BounceSummary,
    folder: &Path,
) -> Result<ExitCode> {
    // A start that was given is the picture's.
    let picture = options
        .picture
        .map(|picture| Picture { start: options.start.map(Into::into).or(picture.start), ..picture });
    let options = CheckOptions {
        picture,
        frame_rate: summary.timecode.map(|(rate, _)| rate),
        expected: arguments.format.expected(),
        digest: true,
        ..CheckOptions::default()
    };
    let bar = progress_bar();
    bar.set_length(1000);
    let found = check_bounce(summary, &options, &mut |share| bar.set_position((1000.0 * share) as u64));
    bar.finish_and_clear();
    let found = found?;
    let [page, _] = found.report(&file_name(&summary.output)).write(folder, arguments.overwrite)?;
    print(&format!("Report   {}\n{}", page.display(), found.brief()))?;
    Ok(ExitCode::from(u8::from(found.verdict() == Verdict::Fail)))
}

fn run_check(arguments: &CheckArguments) -> Result<ExitCode> {
    let given = arguments.picture.read()?;
    for warning in given.warnings.iter().chain(given.length.as_ref().err()) {
        tell(&format!("warning: {warning}"));
    }
    let start = timecode(arguments.start.as_deref(), given.frame_rate, "--start")?;
    let mut picture = given.length.unwrap_or_default();
    match &mut picture {
        Some(picture) => picture.start = start.map(Into::into).or(picture.start),
        None if start.is_some() => bail!("--start needs the picture too: give --length or --picture"),
        None => {}
    }
    let options = CheckOptions {
        picture,
        frame_rate: given.frame_rate,
        meant: name::values(Fields {
            package_id: &arguments.meant.package_id,
            title: &arguments.meant.title,
            frame_rate: "",
            language: &arguments.meant.language,
            version: &arguments.meant.version,
        })?,
        expected: arguments.format.expected(),
        previous: arguments.previous.clone(),
        walla: arguments.walla.clone(),
        digest: arguments.report.is_some(),
    };
    let files = batch::files(&arguments.files)?;
    let alone = files.len() == 1;
    if !alone && (options.previous.is_some() || !options.walla.is_empty()) {
        bail!("--previous and --walla belong to one premix: give one file");
    }
    let mut names = BTreeSet::new();
    for name in files.iter().map(|file| file_name(file)) {
        if let Some(folder) = &arguments.report {
            report::free_paths(folder, &name, arguments.overwrite)?;
        }
        if !names.insert(name.clone()) && arguments.report.is_some() {
            bail!("{name} is given more than once: reports of the same name need a folder each");
        }
    }
    // Progress in bytes, which are known before any file is read.
    let sizes: Vec<u64> = files.iter().map(|file| file.metadata().map_or(0, |file| file.len())).collect();
    let bar = progress_bar();
    bar.set_length(sizes.iter().sum());
    let work = |index: usize, file: &Path| -> Result<CheckReport> {
        let mut told = 0;
        let result = check(file, &options, &mut |share| {
            let bytes = (share * sizes[index] as f64) as u64;
            bar.inc(bytes.saturating_sub(told));
            told = told.max(bytes);
        });
        bar.inc(sizes[index].saturating_sub(told));
        let result = result?;
        if let Some(folder) = &arguments.report {
            result.report(&file_name(file)).write(folder, arguments.overwrite)?;
        }
        Ok(result)
    };
    let (mut status, mut printed, mut tally) = (0, Ok(()), Tally::default());
    batch::each(&files, work, |index, result| {
        let file = &files[index];
        tally.count(&result);
        bar.suspend(|| match result {
            Ok(found) => {
                let text = match (arguments.json, alone) {
                    (true, _) => found.json(),
                    (false, true) => found.text(),
                    (false, false) => found.brief(),
                };
                if printed.is_ok() {
                    printed = print(&text);
                }
                status = status.max(u8::from(found.verdict() == Verdict::Fail));
            }
            Err(error) => {
                if arguments.json && printed.is_ok() {
                    printed = print(&unreadable(file, &error));
                }
                tell(&format!("error: {error:#}"));
                status = 2;
            }
        });
    });
    bar.finish_and_clear();
    printed?;
    if !alone && !arguments.json {
        print(&tally.to_string())?;
    }
    Ok(ExitCode::from(status))
}

/// How many files had which verdict.
#[derive(Default)]
struct Tally {
    pass: usize,
    warn: usize,
    fail: usize,
    unreadable: usize,
}

impl Tally {
    fn count(&mut self, result: &Result<CheckReport>) {
        *match result.as_ref().map(CheckReport::verdict) {
            Ok(Verdict::Fail) => &mut self.fail,
            Ok(Verdict::Warn) => &mut self.warn,
            // The rules of the container are always judged: no file is unknown.
            Ok(_) => &mut self.pass,
            Err(_) => &mut self.unreadable,
        } += 1;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let counts = [
            (self.pass, "pass"),
            (self.warn, "pass with warnings"),
            (self.fail, "fail"),
            (self.unreadable, "cannot be read"),
        ];
        let all: usize = counts.iter().map(|(count, _)| count).sum();
        let told =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        write!(f, "{all} files: {}", told.collect::<Vec<_>>().join(", "))
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The JSON of a file that could not be checked.
fn unreadable(file: &Path, error: &Error) -> String {
    serde_json::json!({ "schema": 1, "file": file.to_string_lossy(), "error": format!("{error:#}") })
        .to_string()
}

fn run_name(arguments: &NameArguments) -> Result<ExitCode> {
    if arguments.parse.is_empty() {
        let fields = Fields {
            package_id: arguments.package_id.as_deref().unwrap_or_default(),
            title: arguments.title.as_deref().unwrap_or_default(),
            frame_rate: arguments.frame_rate.as_deref().unwrap_or_default(),
            language: arguments.language.as_deref().unwrap_or_default(),
            version: &arguments.version,
        };
        print(&if arguments.session {
            name::build_session(fields, arguments.episode.as_deref())?
        } else {
            name::build(fields, arguments.next_in.as_deref())?.to_string()
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut failed = false;
    for path in &arguments.parse {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if arguments.session {
            let reading = ZipReading::of(&file);
            let told = if arguments.json { name::session_json } else { name::session_text };
            print(&told(&file, &reading))?;
            failed |= name::session_verdict(&reading) == Verdict::Fail;
            continue;
        }
        let reading = Reading::of(&file);
        print(&if arguments.json { name::json(&file, &reading) } else { name::text(&file, &reading) })?;
        failed |= Verdict::from(reading.grade()) == Verdict::Fail;
    }
    Ok(ExitCode::from(u8::from(failed)))
}

fn run_session(arguments: &SessionArguments) -> Result<ExitCode> {
    let mut facts = PictureFacts {
        frame_rate: arguments.frame_rate,
        start: timecode(arguments.start.as_deref(), arguments.frame_rate, "--start")?.map(Extent::from),
    };
    if let Some(path) = &arguments.picture {
        let given = picture::read(path, arguments.frame_rate)?;
        for warning in &given.warnings {
            tell(&format!("warning: {warning}"));
        }
        facts = PictureFacts {
            frame_rate: given.frame_rate,
            start: given.picture.ok().and_then(|picture| picture.start),
        };
    }
    let options = SessionOptions {
        session_info: arguments.session_info.clone(),
        characters: arguments.characters.clone(),
        line_counts: arguments.line_counts.clone(),
        picture: facts,
        previous: arguments.previous.clone(),
        premix: arguments.premix.clone(),
    };
    let found = session::check(&arguments.path, &options).and_then(|found| {
        if let Some(folder) = &arguments.report {
            found.report(&found.name).write(folder, arguments.overwrite)?;
        }
        Ok(found)
    });
    if let (true, Err(error)) = (arguments.json, &found) {
        print(&unreadable(&arguments.path, error))?;
    }
    let found = found?;
    print(&if arguments.json { found.json() } else { found.text() })?;
    Ok(ExitCode::from(u8::from(found.verdict() == Verdict::Fail)))
}

impl DeliveryArguments {
    /// The name that the bounce must have, if it is told.
    fn name(&self, output: &Path, frame_rate: Option<FrameRate>) -> Result<Option<DeliveryName>> {
        let Some(package_id) = &self.package_id else { return Ok(None) };
        let frame_rate =
            frame_rate.context("the name needs the frame rate of the picture: give --frame-rate")?;
        let version = self.version.as_deref().unwrap_or_default();
        let fields = Fields {
            package_id,
            title: self.title.as_deref().unwrap_or_default(),
            frame_rate: &frame_rate.to_string(),
            language: self.language.as_deref().unwrap_or_default(),
            version,
        };
        let next_in = (version == "next").then(|| name::folder(output));
        name::build(fields, next_in).map(Some)
    }
}

impl FormatArguments {
    fn expected(&self) -> Expected {
        let format = match self.bit_depth {
            Depth::Int24 => SampleFormat::Int24,
            Depth::Float32 => SampleFormat::Float32,
        };
        Expected { sample_rate: self.sample_rate, format }
    }
}

/// What the arguments say of the picture.
struct Given {
    /// The picture, if any is given; or why its length cannot be told.
    length: Result<Option<Picture>, String>,
    frame_rate: Option<FrameRate>,
    warnings: Vec<String>,
}

impl PictureArguments {
    fn read(&self) -> Result<Given> {
        if let Some(path) = &self.picture {
            let GivenPicture { picture, frame_rate, warnings } = picture::read(path, self.frame_rate)?;
            return Ok(Given { length: picture.map(Some), frame_rate, warnings });
        }
        let length = timecode(self.length.as_deref(), self.frame_rate, "--length")?;
        let picture = length.map(|length| Picture { length: length.into(), start: None });
        Ok(Given { length: Ok(picture), frame_rate: self.frame_rate, warnings: Vec::new() })
    }
}

/// The timecode that an argument gives.
fn timecode(text: Option<&str>, rate: Option<FrameRate>, argument: &str) -> Result<Option<Timecode>> {
    let Some(text) = text else { return Ok(None) };
    let rate =
        rate.with_context(|| format!("{argument} needs the frame rate of the picture: give --frame-rate"))?;
    Timecode::parse(text, rate).map(Some).with_context(|| argument.to_string())
}

/// Decibels in tenths, from -24 to 0.
fn tenths(text: &str) -> Result<i32> {
    let decibels: f64 = text.parse().with_context(|| format!("'{text}' is no number of decibels"))?;
    let tenths = (decibels * 10.0).round();
    if (decibels * 10.0 - tenths).abs() > 1e-6 {
        bail!("{text} dB has more than one decimal: give tenths");
    }
    let range = Settings::TENTHS_DB;
    // In floating point, where NaN lies in no range.
    if !(f64::from(*range.start())..=f64::from(*range.end())).contains(&tenths) {
        bail!("{text} dB is out of range: give -24 to 0");
    }
    Ok(tenths as i32)
}

fn release(text: &str) -> Result<Release> {
    if text == "auto" {
        return Ok(Release::Auto);
    }
    match text.parse() {
        Ok(milliseconds) if Release::MILLISECONDS.contains(&milliseconds) => {
            Ok(Release::Milliseconds(milliseconds))
        }
        _ => {
            let range = Release::MILLISECONDS;
            bail!("give auto, or {} to {} milliseconds", range.start(), range.end())
        }
    }
}

fn sample_rate(text: &str) -> Result<u32> {
    match text.parse() {
        Ok(rate) if SAMPLE_RATES.contains(&rate) => Ok(rate),
        _ => bail!("give {} to {} Hz", SAMPLE_RATES.start(), SAMPLE_RATES.end()),
    }
}

/// Hidden unless messages go to a terminal.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{wide_bar} {percent:>3} % {eta:>4}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn show(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

/// A result, to standard output. A reader that has left is no error.
fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output cannot be written")
        }
        _ => Ok(()),
    }
}

/// A message, to standard error, if anybody listens.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
