//! The report for programs. `docs/report-schema.md` describes every field: change both together.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{FileRecord, Report};
use crate::compliance::{self, Finding};
use crate::delivery::comparison::{Alignment, Comparison, WallaFit};
use crate::delivery::wav::{Bext, BextLoudness, Ixml, utc_date_and_time};
use crate::engine::decibel::db_from_linear;
use crate::engine::measurement::{Bin, Marks, Mix, Separation};
use crate::engine::true_peak::Peak;
use crate::engine::{Release, Settings};

/// Raised when a field changes its meaning or goes; new fields do not raise it.
const SCHEMA: u32 = 1;

/// What every report has: whose it is, and what the rules say.
pub fn head(name: &str, created: SystemTime, findings: &[Finding]) -> Value {
    let (date, time) = utc_date_and_time(created);
    json!({
        "schema": SCHEMA,
        "tool": concat!("Premix ", env!("CARGO_PKG_VERSION")),
        "created": format!("{date}T{time}Z"),
        "file": name,
        "verdict": compliance::worst(findings).to_string(),
        "headline": compliance::headline(findings),
        "summary": compliance::summary(findings),
        "rules": findings.iter().map(rule).collect::<Vec<_>>(),
    })
}

/// Everything but the history.
pub fn summary(report: &Report) -> Value {
    let mut value = head(report.name, report.created, report.findings);
    value["programme"] = programme(report);
    let mut add = |key: &str, part: Option<Value>| {
        if let (Some(object), Some(part)) = (value.as_object_mut(), part) {
            object.insert(key.to_owned(), part);
        }
    };
    add("container", report.file.as_ref().map(container));
    add("settings", report.settings.as_ref().map(settings));
    add("mix", report.mix.map(|mix| self::mix(report, mix)));
    add("walla", report.walla.map(|walla| self::walla(report, walla)));
    add("previous", report.comparison.map(|comparison| self::comparison(report, comparison)));
    value
}

/// Everything.
pub fn whole(report: &Report) -> Value {
    let mut value = summary(report);
    let history = &report.programme.history;
    let column = |of: &dyn Fn(&Bin) -> Value| history.whole.iter().map(of).collect::<Vec<_>>();
    value["history"] = json!({
        "samples_per_bin": history.tenth_samples * history.tenths_per_bin,
        "true_peak_dbtp": column(&|bin| decibels(bin.true_peak)),
        "short_term_lufs": column(&|bin| number(bin.short_term_lufs.into(), 2)),
    });
    if report.mix.is_some() {
        value["history"]["reduction_db"] = column(&|bin| number(bin.reduction_db.into(), 2)).into();
    }
    if report.mix.is_some() || report.walla.is_some() {
        value["history"]["separation_lu"] = column(&|bin| number(bin.separation_lu.into(), 2)).into();
    }
    value
}

/// A number with so many decimals; null for what is none, like the level of silence.
fn number(value: f64, decimals: i32) -> Value {
    let scale = 10f64.powi(decimals);
    // Plus zero: no "-0.0".
    Some(value)
        .filter(|value| value.is_finite())
        .map_or(Value::Null, |v| json!((v * scale).round() / scale + 0.0))
}

fn decibels(amplitude: f32) -> Value {
    number(db_from_linear(amplitude.into()), 3)
}

/// Leaves out what is null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>().into()
        }
        other => other,
    }
}

/// What a rule says.
fn rule(finding: &Finding) -> Value {
    without_nulls(json!({
        "id": finding.rule.id,
        "name": finding.rule.name,
        "verdict": finding.verdict.to_string(),
        "measured": finding.measured,
        "target": finding.target,
        "place": finding.place,
        "advice": finding.advice,
    }))
}

fn seconds(report: &Report, samples: u64) -> Value {
    number(samples as f64 / f64::from(report.programme.sample_rate.max(1)), 3)
}

fn programme(report: &Report) -> Value {
    let programme = report.programme;
    let (loudness, speech) = (&programme.loudness, &programme.speech);
    let peak = |peak: Peak| {
        json!({
            "dbtp": decibels(peak.amplitude),
            "sample": peak.sample,
            "place": report.time_line.place(peak.sample),
        })
    };
    json!({
        "sample_rate": programme.sample_rate,
        "channels": programme.channels,
        "samples": programme.samples,
        "start": report.time_line.place(0),
        "true_peak": peak(programme.precise),
        "true_peak_bs1770": peak(programme.annex_2),
        "loudness": {
            "integrated_lufs": number(loudness.integrated_lufs, 2),
            "range_lu": number(loudness.range_lu, 2),
            "max_momentary_lufs": number(loudness.max_momentary_lufs, 2),
            "max_short_term_lufs": number(loudness.max_short_term_lufs, 2),
        },
        "speech": {
            "seconds": seconds(report, speech.samples),
            "first_place": speech.extent.map(|(first, _)| report.time_line.place(first)),
            "end_place": speech.extent.map(|(_, end)| report.time_line.place(end)),
            "longest_pause_seconds": seconds(report, speech.longest_pause_samples),
            "longest_pause_place": report.time_line.place(speech.longest_pause_start),
            "median_lufs": speech.median_lufs.map_or(Value::Null, |median| number(median, 2)),
            "uneven_share": number(speech.uneven_share, 4),
        },
        "overs": marks(report, &programme.overs),
        "clipped": marks(report, &programme.clipped),
        "drop_outs": marks(report, &programme.drop_outs),
        "dc": number(programme.dc, 9),
        "invalid_samples": programme.invalid_samples,
    })
}

fn marks(report: &Report, marks: &Marks) -> Value {
    let worst = marks.worst.iter().map(|mark| {
        json!({
            "sample": mark.sample,
            "place": report.time_line.place(mark.sample),
            "samples": mark.samples,
            "db": decibels(mark.level),
        })
    });
    json!({ "count": marks.count, "worst": worst.collect::<Vec<_>>() })
}

fn container(file: &FileRecord) -> Value {
    let facts = file.facts;
    without_nulls(json!({
        "form": facts.container.to_string(),
        "format_tag": facts.format_tag,
        "extensible": facts.extensible,
        "sample_format": facts.sample_format.to_string(),
        "channels": facts.channels,
        "sample_rate": facts.sample_rate,
        "frames": facts.frames,
        "problems": facts.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "bext": facts.bext.as_ref().map(bext),
        "ixml": facts.ixml.as_ref().map(ixml),
        "bytes": file.digest.map(|digest| digest.bytes),
        "sha256": file.digest.map(|digest| &digest.sha_256),
    }))
}

fn bext(bext: &Bext) -> Value {
    let BextLoudness {
        integrated_lufs,
        range_lu,
        max_true_peak_dbtp,
        max_momentary_lufs,
        max_short_term_lufs,
    } = bext.loudness;
    without_nulls(json!({
        "version": bext.version,
        "description": bext.description,
        "originator": bext.originator,
        "originator_reference": bext.originator_reference,
        "origination_date": bext.origination_date,
        "origination_time": bext.origination_time,
        "time_reference": bext.time_reference,
        "integrated_lufs": integrated_lufs,
        "range_lu": range_lu,
        "max_true_peak_dbtp": max_true_peak_dbtp,
        "max_momentary_lufs": max_momentary_lufs,
        "max_short_term_lufs": max_short_term_lufs,
    }))
}

fn ixml(ixml: &Ixml) -> Value {
    without_nulls(json!({
        "project": ixml.project,
        "timecode_rate": ixml.timecode_rate,
        "drop_frame": ixml.drop_frame,
        "sample_rate": ixml.sample_rate,
        "bit_depth": ixml.bit_depth,
        "time_reference": ixml.time_reference,
    }))
}

fn settings(settings: &Settings) -> Value {
    let tenths = |tenths: i32| number(f64::from(tenths) / 10.0, 1);
    json!({
        "ceiling_dbtp": tenths(settings.ceiling_tenths_dbtp),
        "walla": settings.walla,
        "walla_gain_db": tenths(settings.walla_gain_tenths_db),
        "release": match settings.release {
            Release::Auto => json!("auto"),
            Release::Milliseconds(milliseconds) => json!(milliseconds),
        },
        "mono": settings.mono,
        "bypass": settings.bypass,
    })
}

fn mix(report: &Report, mix: &Mix) -> Value {
    json!({
        "deepest_reduction_db": number(mix.reduction.deepest_db, 2),
        "limited_seconds": seconds(report, mix.reduction.limited_samples),
        "caught": marks(report, &mix.caught),
        "separation": separation(report, &mix.separation),
    })
}

fn separation(report: &Report, separation: &Separation) -> Value {
    without_nulls(json!({
        "both_seconds": seconds(report, separation.both_samples),
        "below_seconds": seconds(report, separation.below_samples),
        "longest_below_seconds": seconds(report, separation.longest_below_samples),
        "longest_below_place": report.time_line.place(separation.longest_below_start),
        "lowest_lu": separation.lowest_lu.map(|lowest| number(lowest, 2)),
        "lowest_place": separation.lowest_lu.map(|_| report.time_line.place(separation.lowest_sample)),
    }))
}

fn walla(report: &Report, walla: &WallaFit) -> Value {
    without_nulls(json!({
        "gain_db": walla.gain_db.map(|gain| number(gain, 2)),
        "spread_db": walla.gain_db.map(|_| [number(walla.spread_db.0, 2), number(walla.spread_db.1, 2)]),
        "lag_samples": walla.lag_samples,
        "coherence": number(walla.coherence, 4),
        "usable_seconds": seconds(report, walla.usable_samples),
        "sounding_seconds": seconds(report, walla.sounding_samples),
        "separation": separation(report, &walla.separation),
    }))
}

fn comparison(report: &Report, comparison: &Comparison) -> Value {
    let changes = comparison.changes.iter().map(|change| {
        json!({
            "sample": change.sample,
            "place": report.time_line.place(change.sample),
            "samples": change.samples,
            "db": decibels(change.level),
        })
    });
    json!({
        "file": comparison.name,
        "samples": comparison.samples,
        "start": comparison.start,
        "aligned_by": match comparison.alignment {
            Alignment::TimeReference => "time reference",
            Alignment::Start => "start",
            Alignment::Sound => "sound",
        },
        "changes": changes.collect::<Vec<_>>(),
        "rest_identical": comparison.rest_is_identical(),
        "faint_samples": comparison.faint_samples,
    })
}
