//! Checking a finished WAV.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};

use super::bounce::BounceSummary;
use super::{previous, walla};
use crate::compliance::premix::{
    self, BusEvidence, CEILING_TENTHS_DBTP, Evidence, Expected, FileEvidence, Picture, Siblings, Source,
};
use crate::compliance::{self, Finding, TimeLine, Verdict};
use crate::delivery::comparison::{Comparison, WallaFit};
use crate::delivery::name::Values;
use crate::delivery::timecode::FrameRate;
use crate::delivery::wav::{WavFacts, WavReader};
use crate::engine::measurement::{Mix, Pass, Programme};
use crate::engine::{ProgrammeMeter, Settings, click_delay_samples};
use crate::report::{FileDigest, FileRecord, Report};

/// Samples read at once, of all channels together: memory grows neither with length nor with channels.
const BLOCK: usize = 16_384;

/// What to judge a file by, besides itself.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// The picture, if its length is known.
    pub picture: Option<Picture>,
    /// For writing places as timecode.
    pub frame_rate: Option<FrameRate>,
    /// What its name is meant to say, as far as it is known.
    pub meant: Values,
    /// What the file is meant to hold.
    pub expected: Expected,
    /// The version before.
    pub previous: Option<PathBuf>,
    /// The walla stems, as they were before they were turned down.
    pub walla: Vec<PathBuf>,
    /// Hash the file, for a report.
    pub digest: bool,
}

/// What was found in one file.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// The file.
    pub path: PathBuf,
    /// What the file says of itself.
    pub facts: WavFacts,
    /// What was measured of its sound.
    pub programme: Programme,
    /// The verdicts, in the order of the rules.
    pub findings: Vec<Finding>,
    /// How places in it are written.
    pub time_line: TimeLine,
    /// What changed since the version before, if that was given.
    pub comparison: Option<Comparison>,
    /// The walla stem in it, if that was given.
    pub walla: Option<WallaFit>,
    /// What the bus did, if the file was just bounced.
    pub bounced: Option<(Mix, Settings)>,
    /// Size and hash, if asked for.
    pub digest: Option<FileDigest>,
    /// When it was judged.
    pub created: SystemTime,
}

/// Reads a WAV of any channel count to its end and judges it. `progress` is told the share that is done.
///
/// # Errors
/// A file that cannot be read, or is no WAV; a version before or a stem that does not fit to it.
pub fn check(path: &Path, options: &CheckOptions, progress: &mut dyn FnMut(f64)) -> Result<CheckReport> {
    let parts = 1 + u32::from(options.previous.is_some()) + u32::from(!options.walla.is_empty());
    let mut tell = |part: u32, at: u64, end: u64| {
        progress((f64::from(part) + at as f64 / end.max(1) as f64) / f64::from(parts));
    };
    let (facts, mut programme) = measure(path, &mut |at, end| tell(0, at, end))?;
    let comparison = match &options.previous {
        Some(old) => Some(previous::compare(path, old, &mut |at, end| tell(1, at, end))?),
        None => None,
    };
    let walla = match &options.walla[..] {
        [] => None,
        stems => {
            let history = &mut programme.history;
            Some(walla::fit(path, stems, history, &mut |at, end| tell(parts - 1, at, end))?)
        }
    };
    let digest = match options.digest {
        true => Some(FileDigest::of(path).with_context(|| format!("cannot read {}", path.display()))?),
        false => None,
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let evidence = Evidence {
        programme: &programme,
        source: Source::File(FileEvidence {
            facts: &facts,
            name: &name,
            meant: &options.meant,
            expected: options.expected,
            previous: comparison.as_ref(),
            walla: walla.as_ref(),
        }),
        picture: options.picture,
        frame_rate: options.frame_rate,
    };
    let (findings, time_line) = (premix::judge(&evidence), evidence.time_line());
    Ok(CheckReport {
        path: path.to_path_buf(),
        facts,
        programme,
        findings,
        time_line,
        comparison,
        walla,
        bounced: None,
        digest,
        created: SystemTime::now(),
    })
}

/// Judges a file that has just been bounced: by itself, and where it does not show a rule by what the bus did.
///
/// # Errors
/// Those of [`check`].
pub fn check_bounce(
    summary: &BounceSummary,
    options: &CheckOptions,
    progress: &mut dyn FnMut(f64),
) -> Result<CheckReport> {
    let mut report = check(&summary.output, options, progress)?;
    let measurement = &summary.measurement;
    // A bounce has no transport: it begins where the file does.
    let pass = Pass { start: i64::try_from(summary.time_reference).ok(), ..measurement.pass };
    let on_the_bus = premix::judge(&Evidence {
        programme: &measurement.programme,
        source: Source::Bus(BusEvidence {
            mix: &measurement.mix,
            pass: &pass,
            settings: summary.settings,
            siblings: Siblings::default(),
            click_delay_samples: click_delay_samples(measurement.programme.sample_rate).ok(),
            session_start: None,
            name: None,
        }),
        picture: options.picture,
        frame_rate: options.frame_rate,
    });
    for (finding, on_the_bus) in report.findings.iter_mut().zip(on_the_bus) {
        let judged = matches!(on_the_bus.verdict, Verdict::Pass | Verdict::Warn | Verdict::Fail);
        if finding.verdict == Verdict::Unknown && judged {
            *finding = on_the_bus;
        }
    }
    // The bus has seen what the file cannot show, over the same time.
    let bins = report.programme.history.whole.iter_mut().zip(&measurement.programme.history.whole);
    for (bin, on_the_bus) in bins {
        (bin.reduction_db, bin.separation_lu) = (on_the_bus.reduction_db, on_the_bus.separation_lu);
    }
    report.bounced = Some((measurement.mix.clone(), summary.settings));
    Ok(report)
}

/// Reads a file to its end.
fn measure(path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(WavFacts, Programme)> {
    let mut reader = WavReader::open(path)?;
    let facts = reader.facts().clone();
    let channels = usize::from(facts.channels);
    let length = (BLOCK / channels).max(1);
    let mut meter = ProgrammeMeter::new(facts.sample_rate, channels, CEILING_TENTHS_DBTP);
    let mut interleaved = vec![0.0f64; length * channels];
    let mut block = vec![Vec::with_capacity(length); channels];
    let mut done = 0;
    loop {
        let frames = reader.read(&mut interleaved)?;
        if frames == 0 {
            break;
        }
        for (channel, samples) in block.iter_mut().enumerate() {
            samples.clear();
            let channel = interleaved[..frames * channels].iter().skip(channel).step_by(channels);
            samples.extend(channel.map(|&x| x as f32));
        }
        meter.process(&block);
        done += frames as u64;
        progress(done, facts.frames);
    }
    meter.finish();
    Ok((facts, meter.programme().clone()))
}

impl CheckReport {
    /// The worst of the verdicts.
    pub fn verdict(&self) -> Verdict {
        compliance::worst(&self.findings)
    }

    /// All that a report of it tells.
    pub fn report<'a>(&'a self, name: &'a str) -> Report<'a> {
        Report {
            name,
            findings: &self.findings,
            programme: &self.programme,
            time_line: self.time_line,
            mix: self.bounced.as_ref().map(|(mix, _)| mix),
            settings: self.bounced.as_ref().map(|(_, settings)| *settings),
            file: Some(FileRecord { facts: &self.facts, digest: self.digest.as_ref() }),
            comparison: self.comparison.as_ref(),
            walla: self.walla.as_ref(),
            created: self.created,
        }
    }

    /// One line a rule, and one of summary.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("{}", self.path.display())];
        lines.extend(told(&self.findings));
        lines.join("\n")
    }

    /// One line, and one for each rule that warns or fails.
    pub fn brief(&self) -> String {
        let headline = compliance::headline(&self.findings);
        let mut lines = vec![format!("{headline:<18}  {}", self.path.display())];
        let wrong = self.findings.iter().filter(|finding| finding.verdict >= Verdict::Warn);
        lines.extend(wrong.flat_map(line));
        lines.join("\n")
    }

    /// One JSON object on one line, as `docs/report-schema.md` describes it, without the history.
    pub fn json(&self) -> String {
        self.report(&self.path.to_string_lossy()).summary_json().to_string()
    }
}

/// One line a finding, with its advice below it, and one of summary.
pub(super) fn told(findings: &[Finding]) -> Vec<String> {
    let counted = findings.iter().filter(|finding| finding.verdict != Verdict::Person);
    let mut lines: Vec<String> = counted.flat_map(line).collect();
    lines.push(format!("  {}: {}", compliance::headline(findings), compliance::summary(findings)));
    lines
}

/// A finding, and its advice below it.
fn line(finding: &Finding) -> Vec<String> {
    let Finding { rule, verdict, measured, target, .. } = finding;
    let place = finding.place.as_ref().map_or(String::new(), |place| format!(" at {place}"));
    let told = match measured.is_empty() {
        true => String::new(),
        false => format!(": {measured}{place} (target: {target})"),
    };
    let mut lines = vec![format!("  {verdict:<10}  {:<3} {}{told}", rule.id, rule.name)];
    lines.extend(finding.advice.iter().map(|advice| format!("                  {advice}")));
    lines
}
