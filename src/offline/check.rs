//! Checking a finished WAV.

use std::path::Path;

use serde::Serialize;

use crate::compliance::premix::{
    self, CEILING_TENTHS_DBTP, Evidence, Expected, FileEvidence, Picture, Source,
};
use crate::compliance::{self, Finding, Verdict};
use crate::delivery::name::Values;
use crate::delivery::timecode::FrameRate;
use crate::delivery::wav::{WavError, WavFacts, WavReader};
use crate::engine::ProgrammeMeter;
use crate::engine::measurement::Programme;

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
}

/// What was found in one file.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// What the file says of itself.
    pub facts: WavFacts,
    /// What was measured of its sound.
    pub programme: Programme,
    /// The verdicts, in the order of the rules.
    pub findings: Vec<Finding>,
}

/// Reads a WAV of any channel count to its end and judges it. `progress` is told the frames done and all.
///
/// # Errors
/// A file that cannot be read, or is no WAV.
pub fn check(
    path: &Path,
    options: &CheckOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<CheckReport, WavError> {
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
    let programme = meter.programme().clone();
    let findings = premix::judge(&Evidence {
        programme: &programme,
        source: Source::File(FileEvidence {
            facts: &facts,
            name: &path.file_name().unwrap_or_default().to_string_lossy(),
            meant: &options.meant,
            expected: options.expected,
        }),
        picture: options.picture,
        frame_rate: options.frame_rate,
    });
    Ok(CheckReport { facts, programme, findings })
}

impl CheckReport {
    /// The worst of the verdicts.
    pub fn verdict(&self) -> Verdict {
        compliance::worst(&self.findings)
    }

    /// One line a rule, and one of summary.
    pub fn text(&self, path: &Path) -> String {
        let mut lines = vec![format!("{}", path.display())];
        lines.extend(told(&self.findings));
        lines.join("\n")
    }

    /// One JSON object on one line: `schema` (1), `file`, `verdict`, `summary`, and `rules`, each with
    /// `id`, `name`, `verdict`, `measured`, `target` and, where there is one, `place` and `advice`.
    pub fn json(&self, path: &Path) -> String {
        let report = JsonReport {
            schema: 1,
            file: path.to_string_lossy().into_owned(),
            verdict: self.verdict().to_string(),
            summary: compliance::summary(&self.findings),
            rules: self.findings.iter().map(JsonRule::of).collect(),
        };
        // Strings and numbers alone: nothing in it can fail to be written.
        serde_json::to_string(&report).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema: u32,
    file: String,
    verdict: String,
    summary: String,
    rules: Vec<JsonRule<'a>>,
}

/// One line a finding, with its advice below it, and one of summary.
pub(super) fn told(findings: &[Finding]) -> Vec<String> {
    let mut lines = Vec::new();
    for finding in findings.iter().filter(|finding| finding.verdict != Verdict::Person) {
        let Finding { rule, verdict, measured, target, .. } = finding;
        let place = finding.place.as_ref().map_or(String::new(), |place| format!(" at {place}"));
        let told = match measured.is_empty() {
            true => String::new(),
            false => format!(": {measured}{place} (target: {target})"),
        };
        lines.push(format!("  {verdict:<10}  {:<3} {}{told}", rule.id, rule.name));
        if let Some(advice) = &finding.advice {
            lines.push(format!("                  {advice}"));
        }
    }
    lines.push(format!("  {}: {}", compliance::headline(findings), compliance::summary(findings)));
    lines
}

/// A finding as it is serialised.
#[derive(Serialize)]
pub(super) struct JsonRule<'a> {
    id: &'a str,
    name: &'a str,
    verdict: String,
    measured: &'a str,
    target: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'a str>,
}

impl<'a> JsonRule<'a> {
    pub(super) fn of(finding: &'a Finding) -> Self {
        Self {
            id: finding.rule.id,
            name: finding.rule.name,
            verdict: finding.verdict.to_string(),
            measured: &finding.measured,
            target: &finding.target,
            place: finding.place.as_deref(),
            advice: finding.advice.as_deref(),
        }
    }
}
