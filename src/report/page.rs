//! The report as a page: one document without scripts, fonts or links to elsewhere.

use std::time::SystemTime;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Report, over_time};
use crate::compliance::premix::CEILING_TENTHS_DBTP;
use crate::compliance::{self, Finding, Verdict, clock, level};
use crate::delivery::comparison::Comparison;
use crate::delivery::timecode::Timecode;
use crate::delivery::wav::utc_date_and_time;
use crate::engine::Release;
use crate::engine::decibel::db_from_linear;
use crate::engine::measurement::{Mark, Separation};

/// Places of one kind that are listed; the JSON has all that are kept.
const LISTED: usize = 12;
/// Changes that are listed: somebody will listen to each.
const CHANGES: usize = 60;

/// What a page is made of.
pub struct Page<'a> {
    /// What kind of report it is.
    pub title: &'a str,
    pub name: &'a str,
    pub findings: &'a [Finding],
    pub created: SystemTime,
    /// What is said before the verdict.
    pub lead: Markup,
    /// What was measured, between the reasons and the checklist.
    pub measured: Markup,
    pub facts: Markup,
    pub footer: &'a str,
}

/// Renders the whole document of a premix.
pub fn render(report: &Report) -> String {
    document(&Page {
        title: "Delivery report",
        name: report.name,
        findings: report.findings,
        created: report.created,
        lead: html! {},
        measured: html! {
            (figures(report))
            (over_time::render(report))
            (places(report))
            @if let Some(comparison) = report.comparison { (changes(report, comparison)) }
        },
        facts: facts(report),
        footer: "True peak by the precise meter, and by the interpolator printed in ITU-R BS.1770-5 Annex 2. \
                 Loudness by BS.1770-5, EBU Tech 3341 and 3342, of the mono file. \
                 What is not judged here neither passes nor fails.",
    })
}

/// Renders a whole document.
pub fn document(page: &Page) -> String {
    let worst = compliance::worst(page.findings);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (page.name) " \u{2013} Premix report" }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                (symbols())
                header {
                    span { b { "Premix" } " " (page.title) }
                    span { (stamp(page.created)) }
                }
                h1 { (page.name) }
                (page.lead)
                div class=(format!("verdict {}", class(worst))) {
                    (symbol(worst))
                    p { strong { (compliance::headline(page.findings)) } span { (compliance::summary(page.findings)) } }
                }
                (reasons(page.findings))
                (page.measured)
                (page.facts)
                (checklist(page.findings))
                (people(page.findings))
                footer { (page.footer) }
            }
        }
    };
    page.into_string()
}

/// Date, time and version.
fn stamp(created: SystemTime) -> String {
    let (date, time) = utc_date_and_time(created);
    format!("{date} {} UTC \u{b7} Premix {}", &time[..5], env!("CARGO_PKG_VERSION"))
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Person => "person",
        Verdict::Unknown => "unknown",
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
    }
}

/// The shapes of the verdicts, told apart without colour too.
fn symbols() -> Markup {
    html! {
        svg width="0" height="0" style="position:absolute" aria-hidden="true" {
            symbol id="pass" viewBox="0 0 16 16" { path d="M2 8.5 6.2 13 14 3.5" {} }
            symbol id="warn" viewBox="0 0 16 16" { path d="M8 1.6 15 14H1zM8 6.2v3.4M8 11.8v.2" {} }
            symbol id="fail" viewBox="0 0 16 16" { path d="M3 3 13 13M13 3 3 13" {} }
            symbol id="unknown" viewBox="0 0 16 16" { circle cx="8" cy="8" r="5.5" {} }
            symbol id="person" viewBox="0 0 16 16" { path d="M1.5 8Q8 1 14.5 8 8 15 1.5 8zM8 7.6v.8" {} }
        }
    }
}

pub fn symbol(verdict: Verdict) -> Markup {
    html! { svg class=(format!("symbol {}", class(verdict))) aria-hidden="true" { use href=(format!("#{}", class(verdict))) {} } }
}

/// What fails and what warns, with what to do: what a reader in a hurry needs.
fn reasons(findings: &[Finding]) -> Markup {
    let worst_first = [Verdict::Fail, Verdict::Warn];
    let wrong = worst_first.iter().flat_map(|verdict| findings.iter().filter(move |f| f.verdict == *verdict));
    html! {
        ul.reasons {
            @for finding in wrong {
                li {
                    (symbol(finding.verdict))
                    div {
                        b class=(class(finding.verdict)) { (finding.rule.name) ": " (finding.verdict) } " \u{2013} " (told(&measured(finding)))
                        @if let Some(advice) = &finding.advice { small.advice { (told(advice)) } }
                    }
                }
            }
        }
    }
}

fn measured(finding: &Finding) -> String {
    match &finding.place {
        Some(place) => format!("{} at {place}", finding.measured),
        None => finding.measured.clone(),
    }
}

/// The numbers that are asked for most.
fn figures(report: &Report) -> Markup {
    let programme = report.programme;
    let loudness = &programme.loudness;
    let peak = |amplitude: f32| minus(&level(amplitude, CEILING_TENTHS_DBTP));
    let figure = |name: &str, value: String, unit: &str, note: String| {
        html! { div { dt { (name) } dd { (value) " " i { (unit) } } small { (note) } } }
    };
    let share = |samples: u64| {
        format!("{:.0}\u{202f}% of the time", 100.0 * samples as f64 / programme.samples.max(1) as f64)
    };
    html! {
        dl.figures {
            (figure("True peak", peak(programme.precise.amplitude), "dBTP", format!("at {}", report.time_line.place(programme.precise.sample))))
            (figure("BS.1770 meter", peak(programme.annex_2.amplitude), "dBTP", format!("at {}", report.time_line.place(programme.annex_2.sample))))
            @if loudness.integrated_lufs.is_finite() {
                (figure("Integrated loudness", number(loudness.integrated_lufs), "LUFS", format!("range {:.1} LU", loudness.range_lu)))
                (figure("Highest short-term", number(loudness.max_short_term_lufs), "LUFS", format!("momentary {}", number(loudness.max_momentary_lufs))))
            }
            (figure("Length", length_label(report), "", format!("{} samples", grouped(programme.samples))))
            (figure("Speech", format!("{:.0}", 100.0 * programme.speech.samples as f64 / programme.samples.max(1) as f64), "% of the time",
                programme.speech.median_lufs.map_or(String::new(), |median| format!("around {} LUFS", number(median)))))
            @if let Some(mix) = report.mix {
                (figure("Gain reduction", number(mix.reduction.deepest_db), "dB", share(mix.reduction.limited_samples)))
            } @else {
                (figure("Overs", programme.overs.count.to_string(), "", "above the ceiling".into()))
            }
            @match separation(report).and_then(|separation| Some((separation, separation.lowest_lu?))) {
                Some((separation, lowest)) => {
                    (figure("Dialogue over walla", number(lowest), "LU at least", format!("at {}", report.time_line.place(separation.lowest_sample))))
                }
                None => { (figure("Longest pause", format!("{:.1}", seconds(report, programme.speech.longest_pause_samples)), "s",
                    format!("at {}", report.time_line.place(programme.speech.longest_pause_start)))) }
            }
        }
    }
}

fn separation<'a>(report: &Report<'a>) -> Option<&'a Separation> {
    report.walla.map(|walla| &walla.separation).or(report.mix.map(|mix| &mix.separation))
}

fn seconds(report: &Report, samples: u64) -> f64 {
    samples as f64 / f64::from(report.programme.sample_rate.max(1))
}

/// As timecode if a frame rate is known.
fn length_label(report: &Report) -> String {
    let (samples, line) = (report.programme.samples, report.time_line);
    line.frame_rate
        .and_then(|rate| Timecode::at_sample(samples, line.sample_rate, rate, line.drop_frame).ok())
        .map_or_else(|| clock(samples, line.sample_rate), |timecode| timecode.to_string())
}

/// One decimal and a real minus sign.
fn number(value: f64) -> String {
    minus(&format!("{:.1}", value + 0.0))
}

/// Real minus signs where a number begins.
fn minus(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = rest.next() {
        let negative = character == '-'
            && before == ' '
            && rest.peek().is_some_and(|next| next.is_ascii_digit() || *next == 'i');
        told.push(if negative { '\u{2212}' } else { character });
        before = character;
    }
    told
}

/// A number of samples in groups of three.
fn grouped(samples: u64) -> String {
    let digits = samples.to_string();
    let mut told = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            told.push('\u{202f}');
        }
        told.push(digit);
    }
    told
}

fn checklist(findings: &[Finding]) -> Markup {
    html! {
        section {
            h2 { "Checklist" }
            table.checklist {
                thead { tr { th { "Verdict" } th colspan="2" { "Rule" } th { "Measured" } th { "Target" } } }
                tbody {
                    @for finding in findings.iter().filter(|finding| finding.verdict != Verdict::Person) {
                        tr {
                            td class=(class(finding.verdict)) { (symbol(finding.verdict)) " " (finding.verdict) }
                            td { (finding.rule.id) }
                            td { (finding.rule.name) }
                            td {
                                (told(&measured(finding)))
                                // What fails or warns has been told above.
                                @if let (Verdict::Unknown, Some(advice)) = (finding.verdict, &finding.advice) {
                                    small.advice { (told(advice)) }
                                }
                            }
                            td { (told(&finding.target)) }
                        }
                    }
                }
            }
        }
    }
}

/// Text of a finding: with real minus signs; names may be broken behind their underscores, options not at all.
pub fn told(text: &str) -> Markup {
    html! {
        @for (n, word) in minus(text).split(' ').enumerate() {
            @if n > 0 { " " }
            @if word.starts_with("--") {
                span.option { (word) }
            } @else {
                @for (n, part) in word.split('_').enumerate() {
                    @if n > 0 { "_" wbr; }
                    (part)
                }
            }
        }
    }
}

/// Overs and faults, at their timecodes.
fn places(report: &Report) -> Markup {
    let programme = report.programme;
    let kinds = [
        ("Overs", "dBTP", &programme.overs),
        ("Flat tops", "dBFS", &programme.clipped),
        ("Drop-outs", "dBFS", &programme.drop_outs),
    ];
    html! {
        @for (name, unit, marks) in kinds.into_iter().filter(|(_, _, marks)| marks.count > 0) {
            h2 { (name) " " span.unit { (unit) } }
            (mark_list(report, marks.count, &marks.worst, LISTED))
        }
    }
}

/// The worst marks, as many as `most`, in the order of time.
fn mark_list(report: &Report, count: u64, marks: &[Mark], most: usize) -> Markup {
    let mut listed: Vec<&Mark> = marks.iter().collect();
    listed.sort_by(|a, b| b.level.total_cmp(&a.level));
    listed.truncate(most);
    listed.sort_by_key(|mark| mark.sample);
    html! {
        ol.marks {
            @for mark in &listed {
                li {
                    b { (report.time_line.place(mark.sample)) }
                    span { (duration(report, mark.samples)) }
                    span { (minus(&format!("{:.2}", db_from_linear(mark.level.into())))) }
                }
            }
        }
        @if count > listed.len() as u64 { small { "The worst " (listed.len()) " of " (count) "." } }
    }
}

fn duration(report: &Report, samples: u64) -> String {
    let seconds = seconds(report, samples);
    match samples {
        1 => "1 sample".into(),
        _ if seconds < 0.000_95 => format!("{samples} samples"),
        _ if seconds < 0.95 => format!("{:.0} ms", 1000.0 * seconds),
        _ => format!("{seconds:.1} s"),
    }
}

fn changes(report: &Report, comparison: &Comparison) -> Markup {
    html! {
        h2 { "Changed since " span.name { (comparison.name) } " " span.unit { "difference in dBFS" } }
        @if comparison.changes.is_empty() {
            p { "Nothing that exceeds \u{2212}80 dBFS." }
        } @else {
            (mark_list(report, comparison.changes.len() as u64, &comparison.changes, CHANGES))
        }
        p { @if comparison.rest_is_identical() { "All else is the same, bit for bit." } @else {
            (comparison.faint_samples) " samples elsewhere differ by less than \u{2212}80 dBFS."
        } }
    }
}

fn people(findings: &[Finding]) -> Markup {
    let listed: Vec<&Finding> =
        findings.iter().filter(|finding| finding.verdict == Verdict::Person).collect();
    html! {
        @if !listed.is_empty() {
            h2 { "For your eyes and ears" }
            ul.people {
                @for finding in listed {
                    li {
                        b { (finding.rule.name) }
                        @if !finding.measured.is_empty() { ": " (told(&finding.measured)) }
                        small { (finding.rule.checks) }
                    }
                }
            }
        }
    }
}

/// What is known of the file, and what the bus was set to.
fn facts(report: &Report) -> Markup {
    html! {
        @if report.file.is_some() || report.settings.is_some() {
            h2 { @if report.file.is_some() { "File" } @else { "Settings" } }
            dl.facts {
                @if let Some(file) = &report.file {
                    @let facts = file.facts;
                    dt { "Format" }
                    dd {
                        (facts.container) @if facts.extensible { ", extensible" } ", " (facts.sample_format) ", "
                        (facts.sample_rate) " Hz, "
                        @if facts.channels == 1 { "mono" } @else { (facts.channels) " channels" }
                    }
                    dt { "Length" }
                    dd {
                        (length_label(report)) ", " (grouped(facts.frames)) " samples"
                        @if let Some(digest) = file.digest { ", " (grouped(digest.bytes)) " bytes" }
                    }
                    @if let Some(reference) = facts.time_reference() {
                        dt { "Start" } dd { (report.time_line.place(0)) ", time reference " (grouped(reference)) }
                    }
                    @if let Some(bext) = &facts.bext {
                        dt { "Broadcast Wave" }
                        dd {
                            "version " (bext.version)
                            @for text in [&bext.originator, &bext.origination_date, &bext.origination_time] {
                                @if !text.is_empty() { ", " (text) }
                            }
                            @if let Some(loudness) = bext.loudness.integrated_lufs { "; states " (number(loudness)) " LUFS" }
                            @if let Some(peak) = bext.loudness.max_true_peak_dbtp { "; " (minus(&format!("{peak:.2}"))) " dBTP" }
                        }
                    }
                    @if let Some(rate) = facts.ixml.as_ref().and_then(|ixml| ixml.timecode_rate.as_ref()) {
                        dt { "iXML" } dd { "timecode rate " (rate) }
                    }
                    @if let Some(digest) = file.digest {
                        dt { "SHA-256" } dd { code { (digest.sha_256) } }
                    }
                }
                @if let Some(settings) = &report.settings {
                    dt { "Settings" }
                    dd {
                        "ceiling " (tenths(settings.ceiling_tenths_dbtp)) " dBTP; walla "
                        @if settings.walla { (tenths(settings.walla_gain_tenths_db)) " dB" } @else { "off" }
                        "; release "
                        @match settings.release {
                            Release::Auto => "auto",
                            Release::Milliseconds(milliseconds) => { (milliseconds) " ms" }
                        }
                        @if settings.mono { "; mono on" }
                        @if settings.bypass { "; bypass on" }
                    }
                }
            }
        }
    }
}

fn tenths(tenths: i32) -> String {
    number(f64::from(tenths) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_signs_are_for_numbers() {
        assert_eq!(
            minus("-6.0 dBTP, -inf, v1-2, --walla, es-419"),
            "\u{2212}6.0 dBTP, \u{2212}inf, v1-2, --walla, es-419"
        );
    }

    #[test]
    fn digits_come_in_threes() {
        assert_eq!(
            [0, 999, 1000, 28_800_000].map(grouped),
            ["0", "999", "1\u{202f}000", "28\u{202f}800\u{202f}000"]
        );
    }
}
