//! The session beside its premix: what must be the same, what must not be left over, and whether every clip
//! sounds.

use super::*;
use crate::compliance::session::tracks::WALLA_GAIN_DB;
use crate::delivery::name;
use crate::delivery::session::TrackKind;
use crate::delivery::session::counted;
use crate::delivery::session::names::Role;
use crate::engine::decibel::linear_from_tenths;

/// Peak below which a clip hardly sounds in the premix, in tenths of dBFS. Ours.
const SILENT_TENTHS_DB: i32 = -600;

/// A range of the premix that a clip takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PremixRange {
    /// The clip's name.
    pub clip: String,
    /// Its place in the session.
    pub place: Option<String>,
    /// First sample, counted from midnight.
    pub start: u64,
    /// Length in samples.
    pub length: u64,
}

/// What was read from a premix.
#[derive(Clone, Debug)]
pub struct PremixFacts {
    /// Its file name.
    pub name: String,
    /// In Hz.
    pub sample_rate: u32,
    /// Each range with the highest sample in it; `None` if the range lies outside of the file.
    pub peaks: Option<Vec<(PremixRange, Option<f32>)>>,
}

/// The ranges of all clips that must sound, of the first session that can place them. `None` if none can.
pub fn ranges(sessions: &[Session]) -> Option<Vec<PremixRange>> {
    sessions.iter().find_map(|session| {
        let rate = session.frame_rate.and_then(Rate::picture)?;
        let sample_rate = session.sample_rate?;
        let label =
            Timecode::from_frames(session.start_frame?, rate, session.drop_frame.unwrap_or(false)).ok()?;
        let first = label.start_sample(sample_rate).cast_signed();
        let heard = session.clips().filter(|(track, clip)| {
            let off = clip.muted == Some(true) || track.muted == Some(true) || track.inactive == Some(true);
            track.kind == TrackKind::Audio && !off && Role::of(&track.name) != Role::Optional
        });
        let ranges: Option<Vec<PremixRange>> = heard
            .map(|(_, clip)| {
                let start = u64::try_from(first.checked_add(clip.start?)?).ok()?;
                Some(PremixRange {
                    clip: clip.name.clone(),
                    place: place(session, clip),
                    start,
                    length: clip.length?,
                })
            })
            .collect();
        ranges.filter(|ranges| !ranges.is_empty())
    })
}

pub fn judge(evidence: &Evidence) -> Vec<Finding> {
    let Some(premix) = evidence.premix else { return Vec::new() };
    vec![same(evidence, premix), sounding(evidence, premix)]
}

fn same(evidence: &Evidence, premix: &PremixFacts) -> Finding {
    let session = values_of(evidence.name);
    let reading = name::Reading::of(&premix.name).values;
    let mut faults = Vec::new();
    let mut whole = true;
    let mut compare = |what: &str, session: Option<String>, premix: Option<String>| match (session, premix) {
        (Some(session), Some(premix)) if session != premix => {
            faults.push(fail(format!("the {what} is {session}, that of the premix {premix}")));
        }
        (Some(_), Some(_)) => {}
        _ => whole = false,
    };
    compare("package ID", session.package_id, reading.package_id);
    compare(
        "language",
        session.language.map(|code| code.to_string()),
        reading.language.map(|code| code.to_string()),
    );
    let told = evidence.sessions.iter().find_map(|session| session.frame_rate.and_then(Rate::picture));
    let rate = session.frame_rate.or(told);
    compare("frame rate", rate.map(|rate| rate.to_string()), reading.frame_rate.map(|rate| rate.to_string()));
    let session_rate = evidence.sessions.iter().find_map(|session| session.sample_rate);
    compare(
        "sample rate",
        session_rate.map(|rate| format!("{rate} Hz")),
        Some(format!("{} Hz", premix.sample_rate)),
    );
    let words = Words {
        good: "package, language and rate",
        repair: "compare both with the source request",
        reveal: "name both files by the convention, and give a description that tells the sample rate of the session",
    };
    evidence.conclude(SAME_AS_PREMIX, [Sight { whole, faults }], &words)
}

fn sounding(evidence: &Evidence, premix: &PremixFacts) -> Finding {
    let silence = linear_from_tenths(SILENT_TENTHS_DB);
    let peaks = premix.peaks.as_deref().unwrap_or_default();
    let faults = peaks.iter().filter_map(|(range, peak)| {
        let clip = quoted(&range.clip);
        let fault = match peak {
            None => fail(format!("{clip} lies outside of the premix")),
            Some(peak) if *peak == 0.0 => fail(format!("{clip} is silence in the premix")),
            Some(peak) if f64::from(*peak) < silence => warn(format!("{clip} hardly sounds in the premix")),
            Some(_) => return None,
        };
        Some(Fault { place: range.place.clone(), ..fault })
    });
    let good = format!("{} looked at: all sound", counted(peaks.len(), "clip"));
    let words = Words {
        good: &good,
        repair: "bounce the premix again with all tracks sounding, none muted and none soloed",
        reveal: "the clips cannot be placed: give a text or AAF with the session's start, and a premix with a time reference",
    };
    evidence.conclude(IN_PREMIX, [Sight { whole: premix.peaks.is_some(), faults: faults.collect() }], &words)
}

/// Whether a plug-in holds down peaks, by its name.
pub fn is_limiter(name: &str) -> bool {
    let small = name.to_lowercase();
    ["premix", "limit", "maximi", "brickwall", "pro-l "].iter().any(|part| small.contains(part))
        || small.ends_with("pro-l")
}

pub fn left_over(evidence: &Evidence) -> Option<String> {
    let mut found = Vec::new();
    for session in evidence.sessions {
        let on_tracks = session.tracks.iter().flat_map(|track| {
            track
                .plug_ins
                .iter()
                .flatten()
                .map(move |plug_in| (plug_in, format!(" on {}", quoted(&track.name))))
        });
        let listed = session.plug_ins.iter().flatten().map(|plug_in| (plug_in, String::new()));
        let limiters = on_tracks.chain(listed).filter(|(plug_in, _)| is_limiter(&plug_in.name));
        found.extend(limiters.map(|(plug_in, on)| format!("{}{on}", quoted(&plug_in.name))));
        let walla = |db: f64| (db - WALLA_GAIN_DB).abs() <= 0.05;
        // The walla may be turned down on its tracks, or on a bus or folder that sums them.
        let tracks = session.made();
        for track in tracks.filter(|track| Role::of(&track.name) == Role::Group) {
            let clips = track.clips.as_deref().unwrap_or_default();
            let mut lanes = track.automation.iter().flatten();
            let at = if track.fader_db.is_some_and(walla) {
                "the fader of"
            } else if lanes.any(|lane| lane.held_db.is_some_and(walla)) {
                "the automation of"
            } else if !clips.is_empty() && clips.iter().all(|clip| clip.gain_db.is_some_and(walla)) {
                "every clip of"
            } else {
                continue;
            };
            found.push(format!("{at} {} at -10.0 dB", quoted(&track.name)));
        }
    }
    let mut told: Vec<String> = Vec::new();
    for what in found {
        if !told.iter().any(|seen| seen.starts_with(&what) || what.starts_with(seen)) {
            told.push(what);
        }
    }
    if !told.is_empty() {
        return Some(format!(
            "left over from the premix: {}. The limiter and the walla gain belong to the premix alone: remove them",
            told.join(", ")
        ));
    }
    let hinted = evidence.hints.iter().find(|name| is_limiter(name))?;
    Some(format!(
        "possibly left over from the premix: the .ptx mentions {}. If that is an insert, remove it",
        quoted(hinted)
    ))
}
