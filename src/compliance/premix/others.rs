//! Rules that other files show beside the premix: the version before, and the walla stem.

use super::{DISCERNIBLE, Evidence, NEW_VERSION, SYNC, WALLA, WALLA_GAIN_TENTHS_DB, separation};
use crate::compliance::{Finding, Verdict};
use crate::delivery::comparison::{Alignment, Comparison, WallaFit};
use crate::delivery::name::Reading;
use crate::engine::latency_samples;

/// A gain of the walla may be off by this, in decibels.
const GAIN_TOLERANCE_DB: f64 = 0.1;
/// A gain that moves by more than this, in decibels, was not one gain.
const STEADY_DB: f64 = 1.0;
/// The least coherence, and the least seconds of walla, from which a gain is believed.
const LEAST_COHERENCE: f64 = 0.9;
const LEAST_SECONDS: u64 = 3;

/// Changes that are told by their place.
const LISTED: usize = 4;

/// What to give so that the walla can be judged.
const GIVE_THE_STEM: &str = "give the walla stem as it was before it was turned down, with --walla";

/// A fit that can be believed, or the finding that says why not.
fn believed(evidence: &Evidence, fit: &WallaFit) -> Result<f64, Finding> {
    let least = LEAST_SECONDS * u64::from(evidence.programme.sample_rate);
    match fit.gain_db {
        _ if fit.sounding_samples == 0 => Err(Finding::new(WALLA, Verdict::Unknown, "the stem is silent")
            .advise("give the stem that was bounced")),
        Some(gain) if fit.usable_samples >= least && fit.coherence >= LEAST_COHERENCE => Ok(gain),
        _ => {
            let (usable, all) =
                (evidence.seconds(fit.usable_samples), evidence.seconds(fit.sounding_samples));
            Err(Finding::new(WALLA, Verdict::Unknown, format!("it can be read for {usable} of {all}, too little"))
                .advise(
                    "give the stem that was bounced, as long as the premix or with its time reference; it is read \
                     where the dialogue pauses and nothing was limited for 3 s",
                ))
        }
    }
}

/// A7 of a file.
pub(super) fn judge_walla(evidence: &Evidence, fit: Option<&WallaFit>) -> Finding {
    let Some(fit) = fit else { return Finding::unknown(WALLA, GIVE_THE_STEM) };
    let gain = match believed(evidence, fit) {
        Ok(gain) => gain,
        Err(finding) => return finding,
    };
    let target = f64::from(WALLA_GAIN_TENTHS_DB) / 10.0;
    let measured = format!("{gain:.2} dB, read for {}", evidence.seconds(fit.usable_samples));
    let (lowest, highest) = fit.spread_db;
    if (gain - target).abs() > GAIN_TOLERANCE_DB {
        return Finding::new(WALLA, Verdict::Fail, measured)
            .advise("turn the walla down by exactly 10 dB before the bounce, once");
    }
    if highest - lowest > STEADY_DB {
        return Finding::new(
            WALLA,
            Verdict::Warn,
            format!("{measured}; between {lowest:.1} and {highest:.1} dB"),
        )
        .advise("its gain moves: is there automation on the walla?");
    }
    Finding::new(WALLA, Verdict::Pass, measured)
}

/// A8 of a file.
pub(super) fn judge_discernible(evidence: &Evidence, fit: Option<&WallaFit>) -> Finding {
    match fit {
        None => Finding::unknown(DISCERNIBLE, GIVE_THE_STEM),
        Some(fit) if believed(evidence, fit).is_err() => {
            Finding::unknown(DISCERNIBLE, "the walla stem cannot be told from the premix: see A7")
        }
        Some(fit) => separation(evidence, &fit.separation),
    }
}

/// A12 of a file: whether the walla comes when it came in its stem.
pub(super) fn judge_sync(evidence: &Evidence, fit: Option<&WallaFit>) -> Finding {
    let beside = "0 samples late beside the walla stem";
    let finding = match fit.map(|fit| fit.lag_samples) {
        None => Finding::unknown(
            SYNC,
            "the walla stem shows it: give it with --walla, and watch the lips in the picture",
        ),
        Some(None) => Finding::unknown(SYNC, "the walla stem cannot be told from the premix: see A7"),
        Some(Some(0)) => Finding::new(SYNC, Verdict::Pass, beside),
        Some(Some(lag)) => {
            let place = if lag > 0 { "late" } else { "early" };
            let measured = format!("{} samples {place} beside the walla stem", lag.unsigned_abs());
            let latency = latency_samples(evidence.programme.sample_rate) as i64;
            Finding::new(SYNC, Verdict::Warn, measured).advise(match lag == latency {
                true => "this is the limiter's latency: let the host compensate it",
                false => {
                    "does the stem begin where the premix does, and does the host take back the latency of every plug-in?"
                }
            })
        }
    };
    finding.aiming_at(beside)
}

/// A18: the version is raised, the rest of the name the same, and the sound is not.
pub(super) fn judge_version(evidence: &Evidence) -> Finding {
    let Some((file, comparison)) = evidence.file().and_then(|file| Some((file, file.previous?))) else {
        return match evidence.bus() {
            Some(_) => super::only_in_the_file(NEW_VERSION),
            None => Finding::unknown(NEW_VERSION, "after fixes, give the version before with --previous"),
        };
    };
    let measured = format!("{}; {}", names(file.name, &comparison.name).0, sound(evidence, comparison));
    let finding = |verdict| Finding::new(NEW_VERSION, verdict, measured.clone());
    if let (_, Some(advice)) = names(file.name, &comparison.name) {
        return finding(Verdict::Fail).advise(advice);
    }
    if comparison.changes.is_empty() {
        return finding(Verdict::Warn).advise("is this the fixed bounce? nothing audible has changed");
    }
    if comparison.alignment == Alignment::Sound && comparison.start != 0 {
        let place = if comparison.start > 0 { "later" } else { "earlier" };
        let moved = comparison.start.unsigned_abs();
        return finding(Verdict::Warn).advise(format!(
            "the sound lies {moved} samples ({:.4} s) {place} than before: check that the bounce starts with the picture",
            moved as f64 / f64::from(evidence.programme.sample_rate.max(1))
        ));
    }
    if !comparison.rest_is_identical() {
        return finding(Verdict::Warn).advise(
            "something else has changed by less than -80 dBFS: a plug-in with noise or chance, or another setting",
        );
    }
    finding(Verdict::Pass)
}

/// What the two names say, and what is wrong with that.
fn names(new: &str, old: &str) -> (String, Option<String>) {
    let (new, old) = (Reading::of(new).values, Reading::of(old).values);
    let Some((version, before)) = new.version.zip(old.version) else {
        return ("a name without a version".into(), Some("name both files by the convention: A16".into()));
    };
    let told = format!("v{version} after v{before}");
    if version <= before {
        return (
            told,
            Some(format!("raise the version: v{} comes after v{before}", before.saturating_add(1))),
        );
    }
    let text = |value: Option<String>| value.unwrap_or_default();
    let language = |language: &Option<_>| language.as_ref().map(ToString::to_string);
    let rate = |rate: Option<_>| rate.map(|rate: crate::delivery::timecode::FrameRate| rate.to_string());
    let fault = [
        ("package ID", text(new.package_id), text(old.package_id)),
        ("title", text(new.title), text(old.title)),
        ("frame rate", text(rate(new.frame_rate)), text(rate(old.frame_rate))),
        ("language", text(language(&new.language)), text(language(&old.language))),
    ]
    .into_iter()
    .find(|(_, new, old)| new != old);
    let advice = fault
        .map(|(what, new, old)| format!("the {what} was {old} and is {new}: only the version may change"));
    (told, advice)
}

/// What has changed of the sound.
fn sound(evidence: &Evidence, comparison: &Comparison) -> String {
    let changed: u64 = comparison.changes.iter().map(|change| change.samples).sum();
    let ranges = comparison.changes.iter().take(LISTED).map(|change| {
        let end = change.sample + change.samples.saturating_sub(1);
        format!("{} to {}", evidence.place(change.sample), evidence.place(end))
    });
    let ranges = ranges.collect::<Vec<_>>().join(", ");
    let changes = match comparison.changes.len() {
        0 => "no change above -80 dBFS".to_owned(),
        1 => format!("1 change: {ranges}"),
        count if count <= LISTED => format!("{count} changes: {ranges}"),
        count => {
            format!(
                "{count} changes, {} in all: {ranges} and {} more",
                evidence.seconds(changed),
                count - LISTED
            )
        }
    };
    let rest = match comparison.rest_is_identical() {
        true => "all else is the same, bit for bit".to_owned(),
        false => format!("{} samples elsewhere differ by less", comparison.faint_samples),
    };
    format!("{changes}; {rest}")
}
