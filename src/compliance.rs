//! The delivery rules as data, and the verdicts. The only place that judges.

use std::fmt;

use crate::delivery::timecode::{FrameRate, PictureLength, Timecode, describe_samples};
use crate::delivery::wav::{SampleFormat, Severity, WavFacts, WavProblem};
use crate::engine::decibel::{db_from_linear, linear_from_tenths};
use crate::engine::latency_samples;
use crate::engine::true_peak::Peak;

/// Highest true peak that the delivery allows, in tenths of dBTP.
pub const CEILING_TENTHS_DBTP: i32 = -60;
/// Gain of the walla that the delivery asks for, in tenths of a decibel.
pub const WALLA_GAIN_TENTHS_DB: i32 = -100;
/// Sample rate of the delivery, in Hz.
pub const SAMPLE_RATE: u32 = 48_000;

/// One rule of the delivery.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// As the delivery's rules are numbered.
    pub id: &'static str,
    /// What it is about, in a few words.
    pub name: &'static str,
    /// What is checked, in one sentence.
    pub checks: &'static str,
    /// What the delivery asks for, with its unit.
    pub target: &'static str,
}

/// Declares the rules and the order in which they are told.
macro_rules! rules {
    ($($constant:ident: $id:literal, $name:literal, $checks:literal, $target:literal;)*) => {
        $(const $constant: &Rule = &Rule { id: $id, name: $name, checks: $checks, target: $target };)*
        /// All rules that can be judged, in their order.
        pub const RULES: &[&Rule] = &[$($constant),*];
    };
}

rules! {
    CONTAINER: "A1", "WAV file",
        "The file is a WAV whose sizes agree with each other and with the file, and all its samples are numbers.",
        "a whole PCM WAV";
    MONO: "A2", "Mono", "The file has exactly one channel.", "1 channel";
    RATE: "A3", "Sample rate", "The file is at the sample rate of the recording.", "48000 Hz";
    FORMAT: "A4", "Sample format", "The samples are 24-bit integers.", "24-bit";
    TRUE_PEAK: "A5", "True peak",
        "No true peak of the whole file is over the ceiling, by the precise meter and by that of BS.1770 Annex 2.",
        "at most -6.0 dBTP";
    LENGTH: "A10", "Length of the picture", "The file is exactly as long as the picture.",
        "the length of the picture";
}

/// What a rule says of a bounce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing here can tell. Neither passes nor fails.
    Unknown,
    /// As it should be.
    Pass,
    /// Deliverable, but worth a look.
    Warn,
    /// Would be rejected.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Verdict::Unknown => "not judged",
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        })
    }
}

/// The verdict of one rule, with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// What it says.
    pub verdict: Verdict,
    /// What was measured, with its unit.
    pub measured: String,
    /// What it should be, with its unit.
    pub target: String,
    /// Where, as timecode or time, if it is at one place.
    pub place: Option<String>,
    /// What to do, unless it passes.
    pub advice: Option<String>,
}

/// The picture that a bounce belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its length.
    pub length: Timecode,
}

impl Picture {
    /// Its length in samples.
    pub fn samples(&self, sample_rate: u32) -> PictureLength {
        self.length.rate().samples(self.length.frames(), sample_rate)
    }
}

/// All that is known of a file.
#[derive(Clone, Debug)]
pub struct Evidence<'a> {
    /// What the file says of itself.
    pub file: &'a WavFacts,
    /// Highest peak by the precise interpolator.
    pub precise: Peak,
    /// Highest peak by the filter of ITU-R BS.1770-5 Annex 2.
    pub annex_2: Peak,
    /// Samples that are not numbers.
    pub invalid_samples: u64,
    /// The picture, if it is known.
    pub picture: Option<Picture>,
    /// How places are written, if a frame rate is known.
    pub frame_rate: Option<FrameRate>,
    /// What the file is meant to hold, for archives that are no delivery.
    pub expected: Expected,
}

/// Rate and format that a file is meant to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// In Hz.
    pub sample_rate: u32,
    /// Format of the samples.
    pub format: SampleFormat,
}

impl Default for Expected {
    fn default() -> Self {
        Self { sample_rate: SAMPLE_RATE, format: SampleFormat::Int24 }
    }
}

/// Judges a file by every rule, in the order of [`RULES`].
pub fn judge(evidence: &Evidence) -> Vec<Finding> {
    vec![
        judge_container(evidence),
        judge_mono(evidence.file),
        judge_rate(evidence),
        judge_format(evidence),
        judge_true_peak(evidence),
        judge_length(evidence),
    ]
}

/// The worst of the verdicts. Unknown is never the worst unless all are.
pub fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Unknown)
}

/// Like "4 pass, 1 warn, 1 not judged here". Verdicts that no rule has are left out.
pub fn summary(findings: &[Finding]) -> String {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    [
        (count(Verdict::Pass), "pass"),
        (count(Verdict::Warn), "warn"),
        (count(Verdict::Fail), "fail"),
        (count(Verdict::Unknown), "not judged here"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, verdict)| format!("{count} {verdict}"))
    .collect::<Vec<_>>()
    .join(", ")
}

/// A verdict on one value: passes if `good`, else fails with the advice.
fn pass_or_fail(rule: &'static Rule, good: bool, measured: String, target: String, advice: &str) -> Finding {
    let verdict = if good { Verdict::Pass } else { Verdict::Fail };
    let advice = (!good).then(|| advice.to_string());
    Finding { rule, verdict, measured, target, place: None, advice }
}

fn judge_container(evidence: &Evidence) -> Finding {
    let file = evidence.file;
    let mut faults: Vec<String> = file.problems.iter().map(ToString::to_string).collect();
    if file.frames == 0 {
        faults.push("it holds no audio".into());
    }
    if evidence.invalid_samples > 0 {
        faults.push(format!("{} samples are not numbers", evidence.invalid_samples));
    }
    let extensible = if file.extensible { ", extensible" } else { "" };
    let measured = match faults.is_empty() {
        true => format!("{}{extensible}", file.container),
        false => format!("{}{extensible}: {}", file.container, faults.join("; ")),
    };
    let damaging = |problem: &WavProblem| problem.severity() >= Severity::Damage;
    let damaged = file.frames == 0 || evidence.invalid_samples > 0 || file.problems.iter().any(damaging);
    let advice = "write the file again: it is damaged or was not finished";
    let finding = pass_or_fail(CONTAINER, !damaged, measured, CONTAINER.target.into(), advice);
    if damaged || faults.is_empty() {
        return finding;
    }
    let advice = "every reader gets the same audio from it, but another export would be tidier";
    Finding { verdict: Verdict::Warn, advice: Some(advice.into()), ..finding }
}

fn judge_mono(file: &WavFacts) -> Finding {
    let measured = match file.channels {
        1 => "1 channel".to_string(),
        channels => format!("{channels} channels"),
    };
    let advice = "bounce the dialogue bus to one mono file, without a fold after the limiter";
    pass_or_fail(MONO, file.channels == 1, measured, MONO.target.into(), advice)
}

fn judge_rate(evidence: &Evidence) -> Finding {
    let (rate, expected) = (evidence.file.sample_rate, evidence.expected.sample_rate);
    let advice = "bounce at the session's 48 kHz; a conversion afterwards moves the peaks";
    pass_or_fail(RATE, rate == expected, format!("{rate} Hz"), format!("{expected} Hz"), advice)
}

fn judge_format(evidence: &Evidence) -> Finding {
    let (format, expected) = (evidence.file.sample_format, evidence.expected.format);
    let advice = "bounce to 24-bit integer PCM";
    pass_or_fail(FORMAT, format == expected, format.to_string(), expected.to_string(), advice)
}

fn judge_true_peak(evidence: &Evidence) -> Finding {
    let ceiling = linear_from_tenths(CEILING_TENTHS_DBTP);
    let over = |peak: Peak| f64::from(peak.amplitude) > ceiling;
    let (verdict, peak, advice) = if over(evidence.precise) {
        let advice = "limit the bus at -6.0 dBTP and bounce again; by the letter an over is allowed only \
                      if every track has its own limiter";
        (Verdict::Fail, Some(evidence.precise), Some(advice))
    } else if over(evidence.annex_2) {
        let advice = "a client's meter after BS.1770 may read it over: bounce through a limiter that heeds \
                      that meter too";
        (Verdict::Warn, Some(evidence.annex_2), Some(advice))
    } else {
        (Verdict::Pass, None, None)
    };
    Finding {
        rule: TRUE_PEAK,
        verdict,
        measured: format!(
            "{} dBTP, {} by the BS.1770 meter",
            level(evidence.precise.amplitude, CEILING_TENTHS_DBTP),
            level(evidence.annex_2.amplitude, CEILING_TENTHS_DBTP)
        ),
        target: TRUE_PEAK.target.into(),
        place: peak.map(|peak| place(evidence, peak.sample)),
        advice: advice.map(str::to_string),
    }
}

fn judge_length(evidence: &Evidence) -> Finding {
    let (frames, sample_rate) = (evidence.file.frames, evidence.file.sample_rate);
    let Some(picture) = evidence.picture else {
        return Finding {
            rule: LENGTH,
            verdict: Verdict::Unknown,
            measured: format!("{frames} samples, {}", clock(frames, sample_rate)),
            target: LENGTH.target.into(),
            place: None,
            advice: Some("give the picture's length with --length and --frame-rate".into()),
        };
    };
    let rate = picture.length.rate();
    let wanted = picture.samples(sample_rate);
    let good = wanted.contains(frames);
    let measured = match frames {
        _ if good => format!("{frames} samples"),
        _ if frames > wanted.nearest => {
            format!(
                "{frames} samples, {} too long",
                describe_samples(frames - wanted.nearest, rate, sample_rate)
            )
        }
        _ => format!(
            "{frames} samples, {} too short",
            describe_samples(wanted.nearest - frames, rate, sample_rate)
        ),
    };
    let target = format!("{} at {rate}, {} samples", picture.length, wanted.nearest);
    let advice = wrong_length(frames, wanted.nearest, rate, sample_rate);
    pass_or_fail(LENGTH, good, measured, target, advice)
}

/// What is usually behind a length like this.
fn wrong_length(frames: u64, wanted: u64, rate: FrameRate, sample_rate: u32) -> &'static str {
    let one_frame = rate.samples(1, sample_rate);
    let off = frames.abs_diff(wanted);
    // Within a frame of `wanted` drawn out by `numerator / denominator`. In a short file a frame is more
    // than the drawing out, and would explain any length: there it must be hit more closely.
    let drawn_out = |numerator: u128, denominator: u128| {
        let wanted = u128::from(wanted);
        let drawn = wanted * numerator / denominator;
        let tolerance = u128::from(one_frame.longest).min(drawn.abs_diff(wanted) / 8);
        tolerance > 0 && drawn.abs_diff(u128::from(frames)) <= tolerance
    };
    if one_frame.contains(off) {
        "one frame: is the out point inclusive? bounce from the picture's first frame to its last"
    } else if off == latency_samples(sample_rate) as u64 {
        "this is the limiter's latency: let the host compensate it"
    } else if drawn_out(1001, 1000) || drawn_out(1000, 1001) {
        "0.1 %: the session's frame rate and the picture's differ by a pull-down"
    } else if drawn_out(25, 24) || drawn_out(24, 25) {
        "4 %: 24 frames a second were taken for 25, or the other way round"
    } else {
        "bounce exactly from the picture's start to its end, not to the end of the longest track"
    }
}

/// Where a sample of the file lies: timecode if a frame rate is known, else time from the file's start.
fn place(evidence: &Evidence, sample: u64) -> String {
    let rate = evidence.file.sample_rate;
    let drop_frame = evidence.picture.is_some_and(|picture| picture.length.drop_frame());
    let start = evidence.file.time_reference().unwrap_or(0);
    evidence
        .frame_rate
        .and_then(|frames| Timecode::at_sample(start.saturating_add(sample), rate, frames, drop_frame).ok())
        .map_or_else(|| clock(sample, rate), |timecode| timecode.to_string())
}

/// Time of a sample, `hh:mm:ss.mmm`.
pub fn clock(sample: u64, sample_rate: u32) -> String {
    let milliseconds = u128::from(sample) * 1000 / u128::from(sample_rate.max(1));
    let (seconds, minutes) = (milliseconds / 1000, milliseconds / 60_000);
    format!("{:02}:{:02}:{:02}.{:03}", minutes / 60, minutes % 60, seconds % 60, milliseconds % 1000)
}

/// A level beside its target, in dB: one decimal, or as many as it takes not to look like the target when
/// it is above it.
pub fn level(amplitude: f32, target_tenths: i32) -> String {
    let db = db_from_linear(f64::from(amplitude));
    let target = f64::from(target_tenths) / 10.0;
    if (db - target).abs() >= 0.1 {
        let text = format!("{db:.1}");
        return if text == "-0.0" { "0.0".into() } else { text };
    }
    let above = f64::from(amplitude) > linear_from_tenths(target_tenths);
    (2..9)
        .map(|decimals| format!("{db:.decimals$}"))
        .find(|text| !above || text.parse::<f64>().is_ok_and(|shown| shown > target))
        .unwrap_or_else(|| format!("{db:.9}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::wav::{Container, WavProblem};

    fn file(frames: u64) -> WavFacts {
        WavFacts {
            container: Container::Riff,
            format_tag: 1,
            extensible: false,
            sample_format: SampleFormat::Int24,
            channels: 1,
            sample_rate: 48_000,
            frames,
            bext: None,
            has_ixml: false,
            problems: Vec::new(),
        }
    }

    fn evidence(file: &WavFacts, precise: f32, annex_2: f32) -> Evidence<'_> {
        let peak = |amplitude| Peak { amplitude, sample: 48_000 };
        Evidence {
            file,
            precise: peak(precise),
            annex_2: peak(annex_2),
            invalid_samples: 0,
            picture: None,
            frame_rate: None,
            expected: Expected::default(),
        }
    }

    fn verdict(findings: &[Finding], id: &str) -> Verdict {
        findings.iter().find(|finding| finding.rule.id == id).unwrap().verdict
    }

    #[test]
    fn every_rule_is_judged_once_and_in_order() {
        let findings = judge(&evidence(&file(48_000), 0.5, 0.5));
        let judged: Vec<_> = findings.iter().map(|finding| finding.rule.id).collect();
        let listed: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(judged, listed);
    }

    #[test]
    fn true_peak_is_judged_by_both_meters() {
        let file = file(48_000);
        // -6 dBFS is 0.501187233627...; the next 32-bit float above it is over.
        let (at, above) = (0.501_187_2_f32, 0.501_187_3_f32);
        assert!(f64::from(at) <= 0.501_187_233_627_272_2 && f64::from(above) > 0.501_187_233_627_272_2);
        for (precise, annex_2, expected) in [
            (at, at, Verdict::Pass),
            (at, above, Verdict::Warn),
            (above, at, Verdict::Fail),
            (0.0, 0.0, Verdict::Pass),
        ] {
            assert_eq!(verdict(&judge(&evidence(&file, precise, annex_2)), "A5"), expected);
        }
        let findings = judge(&evidence(&file, above, at));
        let finding = findings.iter().find(|finding| finding.rule.id == "A5").unwrap();
        assert_eq!(finding.place.as_deref(), Some("00:00:01.000"));
        assert!(finding.measured.starts_with("-5.99999"), "{}", finding.measured);
    }

    #[test]
    fn a_level_never_looks_like_a_target_that_it_misses() {
        assert_eq!(level(0.5, -60), "-6.02");
        assert_eq!(level(0.501_187_2, -60), "-6.00");
        assert_eq!(level(0.502, -60), "-5.99");
        assert_eq!(level(0.501_2, -60), "-5.9998");
        assert_eq!(level(1.0, -60), "0.0");
        assert_eq!(level(0.9999, -60), "0.0");
        assert_eq!(level(0.0, -60), "-inf");
    }

    #[test]
    fn the_table_states_what_is_judged_by() {
        let tenths = f64::from(CEILING_TENTHS_DBTP) / 10.0;
        assert_eq!(TRUE_PEAK.target, format!("at most {tenths:.1} dBTP"));
        assert_eq!(RATE.target, format!("{SAMPLE_RATE} Hz"));
        assert_eq!(FORMAT.target, Expected::default().format.to_string());
    }

    #[test]
    fn places_are_timecode_where_a_frame_rate_is_known() {
        assert_eq!(clock(0, 48_000), "00:00:00.000");
        assert_eq!(clock(48_000 * 36_610 + 4800, 48_000), "10:10:10.100");
        let file = file(96_000);
        let evidence = Evidence { frame_rate: Some(FrameRate::Fps25), ..evidence(&file, 0.9, 0.9) };
        let finding = judge(&evidence).into_iter().find(|finding| finding.rule.id == "A5").unwrap();
        assert_eq!(finding.place.as_deref(), Some("00:00:01:00"));
    }

    #[test]
    fn facts_of_the_file_fail_their_rules() {
        let good = file(48_000);
        let bad =
            WavFacts { channels: 2, sample_rate: 44_100, sample_format: SampleFormat::Int16, ..file(48_000) };
        for id in ["A2", "A3", "A4"] {
            assert_eq!(verdict(&judge(&evidence(&good, 0.1, 0.1)), id), Verdict::Pass);
            assert_eq!(verdict(&judge(&evidence(&bad, 0.1, 0.1)), id), Verdict::Fail);
        }
        let faulty = |problem| WavFacts { problems: vec![problem], ..file(48_000) };
        let odd = faulty(WavProblem::MissingPadding { chunk: "data".into() });
        assert_eq!(verdict(&judge(&evidence(&odd, 0.1, 0.1)), "A1"), Verdict::Warn);
        let cut = faulty(WavProblem::TruncatedData { stated: 2, present: 1 });
        assert_eq!(verdict(&judge(&evidence(&cut, 0.1, 0.1)), "A1"), Verdict::Fail);
        // 1.2 GiB of 5.2 as a RIFF header states them, and the wrapped rest.
        let outgrown = faulty(WavProblem::TrailingBytes { at: 1_288_490_188, bytes: 1 << 32 });
        assert_eq!(verdict(&judge(&evidence(&outgrown, 0.1, 0.1)), "A1"), Verdict::Fail);
        let tail = faulty(WavProblem::TrailingBytes { at: 1_288_490_188, bytes: 4 });
        assert_eq!(verdict(&judge(&evidence(&tail, 0.1, 0.1)), "A1"), Verdict::Warn);
        assert_eq!(verdict(&judge(&evidence(&file(0), 0.0, 0.0)), "A1"), Verdict::Fail);
        let invalid = Evidence { invalid_samples: 1, ..evidence(&good, 0.1, 0.1) };
        assert_eq!(verdict(&judge(&invalid), "A1"), Verdict::Fail);
    }

    #[test]
    fn wrong_lengths_are_named() {
        let length = |text, rate| Picture { length: Timecode::parse(text, rate).unwrap() };
        let minute = length("00:01:00:00", FrameRate::Fps24);
        // A minute is 2 880 000 samples, a frame 2000.
        for (frames, expected, word) in [
            (2_880_000, Verdict::Pass, ""),
            (2_880_001, Verdict::Fail, "less than 1 frame"),
            (2_882_000, Verdict::Fail, "one frame"),
            (2_878_000, Verdict::Fail, "one frame"),
            (2_880_064, Verdict::Fail, "latency"),
            (2_882_880, Verdict::Fail, "0.1 %"),
            (2_764_800, Verdict::Fail, "4 %"),
            (3_000_000, Verdict::Fail, "4 %"),
            (4_000_000, Verdict::Fail, "longest track"),
        ] {
            let file = file(frames);
            let findings = judge(&Evidence { picture: Some(minute), ..evidence(&file, 0.1, 0.1) });
            let finding = findings.iter().find(|finding| finding.rule.id == "A10").unwrap();
            assert_eq!(finding.verdict, expected, "{frames}");
            let told = format!("{} {}", finding.measured, finding.advice.as_deref().unwrap_or(""));
            assert!(told.contains(word), "{told}");
        }
        // In a second of picture a frame and a half explains nothing.
        let second = length("00:00:01:00", FrameRate::Fps24);
        let file_of_a_second = file(51_000);
        let findings = judge(&Evidence { picture: Some(second), ..evidence(&file_of_a_second, 0.1, 0.1) });
        let told = findings.iter().find(|finding| finding.rule.id == "A10").unwrap().advice.as_deref();
        assert!(told.is_some_and(|told| told.contains("longest track")), "{told:?}");
        // 29.97: 1601.6 samples a frame; one frame may be rounded either way.
        let frame = length("00:00:00:01", FrameRate::Fps29_97);
        for (frames, expected) in
            [(1600, Verdict::Fail), (1601, Verdict::Pass), (1602, Verdict::Pass), (1603, Verdict::Fail)]
        {
            let file = file(frames);
            let findings = judge(&Evidence { picture: Some(frame), ..evidence(&file, 0.1, 0.1) });
            assert_eq!(verdict(&findings, "A10"), expected);
        }
        assert_eq!(verdict(&judge(&evidence(&file(1), 0.1, 0.1)), "A10"), Verdict::Unknown);
    }

    #[test]
    fn unknown_neither_passes_nor_fails() {
        let findings = judge(&evidence(&file(1), 0.1, 0.1));
        assert_eq!(worst(&findings), Verdict::Pass);
        assert_eq!(summary(&findings), "5 pass, 1 not judged here");
        let stereo = WavFacts { channels: 2, ..file(1) };
        let mixed = judge(&evidence(&stereo, 0.1, 0.502));
        assert_eq!(worst(&mixed), Verdict::Fail);
        assert_eq!(summary(&mixed), "3 pass, 1 warn, 1 fail, 1 not judged here");
        assert_eq!(worst(&[]), Verdict::Unknown);
    }
}
