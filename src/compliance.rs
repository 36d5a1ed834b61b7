//! The delivery rules as data, and the verdicts. The only place that judges.
//!
//! Here is what all rules share; [`premix`] has the rules of the premix.

pub mod premix;
#[cfg(feature = "cli")]
pub mod session;

use std::fmt;

use crate::delivery::name::Grade;
use crate::delivery::timecode::{FrameRate, Timecode};
use crate::engine::decibel::{db_from_linear, linear_from_tenths};

/// One rule of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// As the delivery's rules are numbered.
    pub id: &'static str,
    /// What it is about, in a few words.
    pub name: &'static str,
    /// What is checked, in one sentence; for a rule that only a person can judge, what to look for.
    pub checks: &'static str,
    /// What the delivery asks for, with its unit.
    pub target: &'static str,
    /// Who can judge it, at least in part. Nobody means a person's eyes and ears.
    pub judged_by: &'static [Face],
}

/// Where Premix meets a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// On the bounce bus, while it is made.
    Bus,
    /// With the finished file.
    File,
    /// With the edit session.
    Session,
}

/// Declares rules in the order in which they are told: a constant each, and `RULES` with all of them. With a
/// type of evidence before them and a function behind each also `JUDGES`, which give the findings.
macro_rules! rules {
    ($(
        $constant:ident: $id:literal, $name:literal, $checks:literal, $target:literal, [$($face:ident)*];
    )*) => {
        $(const $constant: &$crate::compliance::Rule = &$crate::compliance::Rule {
            id: $id,
            name: $name,
            checks: $checks,
            target: $target,
            judged_by: &[$($crate::compliance::Face::$face),*],
        };)*
        /// All rules, in their order.
        pub const RULES: &[&$crate::compliance::Rule] = &[$($constant),*];
    };
    ($evidence:ty; $(
        $constant:ident: $id:literal, $name:literal, $checks:literal, $target:literal,
        [$($face:ident)*] => $judge:ident;
    )*) => {
        $crate::compliance::rules! {
            $($constant: $id, $name, $checks, $target, [$($face)*];)*
        }
        /// What judges each of [`RULES`].
        const JUDGES: &[fn(&$evidence) -> $crate::compliance::Finding] = &[$($judge),*];
    };
}
use rules;

/// What a rule says of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Only a person can tell. Listed and not counted.
    Person,
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
            Verdict::Person => "for you",
            Verdict::Unknown => "not judged",
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        })
    }
}

impl From<Grade> for Verdict {
    /// What a convention says of a name, or of a part of it.
    fn from(grade: Grade) -> Self {
        match grade {
            Grade::Strict => Verdict::Pass,
            Grade::Lenient => Verdict::Warn,
            Grade::Unreadable => Verdict::Fail,
        }
    }
}

/// The verdict of one rule, with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which rule.
    pub rule: &'static Rule,
    /// What it says.
    pub verdict: Verdict,
    /// What was measured, with its unit. Empty if nothing was.
    pub measured: String,
    /// What it should be, with its unit.
    pub target: String,
    /// Where, as timecode or time, if it is at one place.
    pub place: Option<String>,
    /// What to do, unless it passes.
    pub advice: Option<String>,
}

impl Finding {
    /// A verdict on what was measured, with the rule's own target.
    fn new(rule: &'static Rule, verdict: Verdict, measured: impl Into<String>) -> Self {
        let (measured, target) = (measured.into(), rule.target.into());
        Self { rule, verdict, measured, target, place: None, advice: None }
    }

    /// A rule that a person has to judge; says what to look for.
    fn for_a_person(rule: &'static Rule) -> Self {
        Self::new(rule, Verdict::Person, "").advise(rule.checks)
    }

    /// A rule that cannot be judged, and what to do so that it can be.
    fn unknown(rule: &'static Rule, advice: impl Into<String>) -> Self {
        Self::new(rule, Verdict::Unknown, "").advise(advice)
    }

    /// Passes if `good`, else fails with the advice.
    fn pass_or_fail(
        rule: &'static Rule,
        good: bool,
        measured: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        match good {
            true => Self::new(rule, Verdict::Pass, measured),
            false => Self::new(rule, Verdict::Fail, measured).advise(advice),
        }
    }

    /// Says what to do.
    fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// Another target than the rule's own.
    fn aiming_at(self, target: impl Into<String>) -> Self {
        Self { target: target.into(), ..self }
    }

    /// Says where.
    fn at(self, place: Option<String>) -> Self {
        Self { place, ..self }
    }
}

/// The worst of the verdicts. Unknown is never the worst unless nothing was judged.
pub fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Unknown).max(Verdict::Unknown)
}

/// Like "4 pass, 1 warn, 1 not judged here". Verdicts that no rule has are left out, and so is what only a
/// person can judge.
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

/// The verdict on the whole, in capitals: "PASS", "PASS with warnings", "FAIL", "NOT JUDGED".
pub fn headline(findings: &[Finding]) -> &'static str {
    match worst(findings) {
        Verdict::Fail => "FAIL",
        Verdict::Warn => "PASS with warnings",
        Verdict::Pass => "PASS",
        Verdict::Unknown | Verdict::Person => "NOT JUDGED",
    }
}

/// How places in a programme are written.
#[derive(Clone, Copy, Debug)]
pub struct TimeLine {
    /// In Hz.
    pub sample_rate: u32,
    /// The first sample of the programme, counted from midnight.
    pub start: u64,
    /// Frame rate of the picture, if it is known.
    pub frame_rate: Option<FrameRate>,
    /// Whether its timecode is drop-frame.
    pub drop_frame: bool,
}

impl TimeLine {
    /// Timecode of a sample of the programme if a frame rate is known, else time from the programme's start.
    pub fn place(&self, sample: u64) -> String {
        let sample_of_day = self.start.saturating_add(sample);
        self.frame_rate
            .and_then(|rate| Timecode::at_sample(sample_of_day, self.sample_rate, rate, self.drop_frame).ok())
            .map_or_else(|| clock(sample, self.sample_rate), |timecode| timecode.to_string())
    }
}

/// Time of a sample, `hh:mm:ss.mmm`.
pub fn clock(sample: u64, sample_rate: u32) -> String {
    let milliseconds = u128::from(sample) * 1000 / u128::from(sample_rate.max(1));
    let (seconds, minutes) = (milliseconds / 1000, milliseconds / 60_000);
    format!("{:02}:{:02}:{:02}.{:03}", minutes / 60, minutes % 60, seconds % 60, milliseconds % 1000)
}

/// A value beside its target, in dB or LU: one decimal, or two within 0.1 of it.
fn beside(value: f64, target: f64) -> String {
    if (value - target).abs() < 0.1 { format!("{value:.2}") } else { format!("{value:.1}") }
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
    fn what_is_close_to_its_target_has_two_decimals() {
        assert_eq!([5.97, 6.04, 6.2, -3.0].map(|value| beside(value, 6.0)), ["5.97", "6.04", "6.2", "-3.0"]);
    }

    #[test]
    fn a_clock_counts_milliseconds() {
        assert_eq!(clock(0, 48_000), "00:00:00.000");
        assert_eq!(clock(48_000 * 36_610 + 4800, 48_000), "10:10:10.100");
    }

    #[test]
    fn unknown_neither_passes_nor_fails_and_people_are_not_counted() {
        const RULE: &Rule = &Rule { id: "", name: "", checks: "", target: "", judged_by: &[] };
        let findings = |verdicts: &[Verdict]| -> Vec<Finding> {
            verdicts.iter().map(|&verdict| Finding::new(RULE, verdict, "")).collect()
        };
        use Verdict::{Fail, Pass, Person, Unknown, Warn};
        for (verdicts, overall, told) in [
            (&[][..], Unknown, ""),
            (&[Person], Unknown, ""),
            (&[Person, Unknown], Unknown, "1 not judged here"),
            (&[Unknown, Pass, Person, Pass], Pass, "2 pass, 1 not judged here"),
            (&[Warn, Pass, Unknown], Warn, "1 pass, 1 warn, 1 not judged here"),
            (&[Warn, Fail, Pass], Fail, "1 pass, 1 warn, 1 fail"),
        ] {
            let findings = findings(verdicts);
            assert_eq!(worst(&findings), overall, "{verdicts:?}");
            assert_eq!(summary(&findings), told, "{verdicts:?}");
        }
    }
}
