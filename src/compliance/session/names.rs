//! What names tell: tracks, characters, clips, pickups, the order of tracks.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;

use super::*;
use crate::delivery::name::Grade;
use crate::delivery::session::counted;
use crate::delivery::session::names::{Role, words};

/// Group tracks that a session usually has at most.
const MOST_GROUP_TRACKS: usize = 8;

pub fn judge(evidence: &Evidence) -> Vec<Finding> {
    vec![
        track_names(evidence),
        group_names(evidence),
        characters(evidence),
        clip_names(evidence),
        pickups(evidence),
        version(evidence),
        order(evidence),
        narration(evidence),
        group_count(evidence),
        songs(evidence),
    ]
}

/// Whether a track belongs to the group rules: it says so, or names several characters.
fn is_group(name: &TrackName) -> bool {
    name.role == Role::Group || name.characters.len() > 1
}

/// What is wrong with the name of a track, if anything is, in one.
fn fault_of(track: &Track, name: &TrackName) -> Option<Fault> {
    let what = format!("{} {}", quoted(&track.name), name.wrong.join(", "));
    let fault = if name.grade == Grade::Unreadable { fail(what) } else { warn(what) };
    (!name.wrong.is_empty()).then_some(fault)
}

fn track_names(evidence: &Evidence) -> Finding {
    let language = evidence.language();
    let sights = evidence.sights(|session| {
        let tracks = named(session, language.as_ref());
        let mut faults: Vec<Fault> = tracks
            .iter()
            .filter(|(_, name)| !is_group(name))
            .filter_map(|(track, name)| fault_of(track, name))
            .collect();
        // All in capitals or all in small letters means the same for the whole session.
        let cased = |wanted: fn(&char) -> bool| {
            let mut names =
                tracks.iter().filter(|(_, name)| name.role != Role::Optional && name.grade == Grade::Strict);
            names.any(|(track, _)| track.name.chars().any(|c| wanted(&c)))
        };
        if cased(char::is_ascii_uppercase) && cased(char::is_ascii_lowercase) {
            faults.push(warn("some tracks are in capitals and some in small letters"));
        }
        Sight { whole: !tracks.is_empty() && sources::complete(session), faults }
    });
    let words = Words {
        good: "language and character",
        repair: "rename the tracks like FR_MARIA, all in capitals or all in small letters",
        reveal: evidence.export(),
    };
    evidence.conclude(TRACK_NAMES, sights, &words)
}

fn group_names(evidence: &Evidence) -> Finding {
    let language = evidence.language();
    let sights = evidence.sights(|session| {
        let tracks = named(session, language.as_ref());
        let groups: Vec<_> = tracks.iter().filter(|(_, name)| is_group(name)).collect();
        let faults = groups.iter().filter_map(|(track, name)| fault_of(track, name)).collect();
        Sight { whole: !groups.is_empty() && sources::complete(session), faults }
    });
    let words = Words {
        good: "language and characters",
        repair: "rename the group tracks like FR_WALLA1 or FR_GUARD1_GUARD2",
        reveal: evidence.export_or(
            "there is no group track by name: if there is one, write GROUP or WALLA into its name",
        ),
    };
    evidence.conclude(GROUP_NAMES, sights, &words)
}

/// A name of a character as it is compared: letters and digits in capitals, without accents, which a list may
/// have and a track may not.
fn plain(name: &str) -> String {
    name.nfd().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

fn characters(evidence: &Evidence) -> Finding {
    let Some(list) = evidence.characters else {
        return unknown(
            CHARACTERS,
            "no list of characters",
            "give the show's list with --characters names.csv",
        );
    };
    let list: HashSet<String> = list.iter().map(|name| plain(name)).collect();
    let language = evidence.language();
    let sights = evidence.sights(|session| {
        let tracks = named(session, language.as_ref());
        let named: Vec<_> =
            tracks.iter().filter(|(_, name)| matches!(name.role, Role::Dialogue | Role::Narration)).collect();
        let mut faults = Vec::new();
        for (track, name) in &named {
            // An underscore may part a name of several words too.
            let whole = plain(&name.characters.concat());
            let strange = name.characters.iter().filter(|part| !list.contains(&plain(part)));
            let strange: Vec<&String> = if list.contains(&whole) { vec![] } else { strange.collect() };
            faults.extend(strange.iter().map(|part| {
                fail(format!("{} of {} is not in the list of characters", quoted(part), quoted(&track.name)))
            }));
        }
        Sight { whole: !named.is_empty() && sources::complete(session), faults }
    });
    let words = Words {
        good: "all in the list",
        repair: "write the names as the show's list does, in English",
        reveal: evidence.export(),
    };
    evidence.conclude(CHARACTERS, sights, &words)
}

fn clip_names(evidence: &Evidence) -> Finding {
    let language = evidence.language();
    let list: HashSet<String> =
        evidence.characters.iter().copied().flatten().map(|name| plain(name)).collect();
    let sights = evidence.sights(|session| {
        let mut faults = Vec::new();
        let (mut any, mut all_known) = (false, sources::clips_known(session));
        for (track, name) in named(session, language.as_ref()) {
            if name.role == Role::Optional {
                continue;
            }
            // Behind no language stands any name: only the show's list says whether it is a character's.
            let named =
                name.language.is_some() || name.characters.iter().any(|name| list.contains(&plain(name)));
            if !named || name.characters.is_empty() {
                all_known = false;
                continue;
            }
            let mut wanted: Vec<String> = name.characters.iter().map(|name| plain(name)).collect();
            wanted.push(plain(&name.characters.concat()));
            for clip in track.clips.iter().flatten() {
                any = true;
                let clip_name = plain(&clip.name);
                // The number of a character or track may be missing in its clips.
                let carries = wanted.iter().any(|wanted| {
                    let unnumbered = wanted.trim_end_matches(|c: char| c.is_ascii_digit());
                    clip_name.contains(wanted.as_str())
                        || (!unnumbered.is_empty() && clip_name.contains(unnumbered))
                });
                if !carries {
                    let what =
                        format!("clip {} on {} names no character", quoted(&clip.name), quoted(&track.name));
                    faults.push(Fault { place: place(session, clip), ..fail(what) });
                }
            }
        }
        Sight { whole: any && all_known, faults }
    });
    let words = Words {
        good: "every clip carries a name",
        repair: "rename the clips so that each carries the name of its character",
        reveal: evidence.export_or("not every track names a character: rename the tracks first (see B11)"),
    };
    evidence.conclude(CLIP_NAMES, sights, &words)
}

fn says_pickup(name: &str) -> bool {
    words(name).any(|word| matches!(word.as_str(), "PU" | "PICKUP" | "PICKUPS"))
}

fn pickups(evidence: &Evidence) -> Finding {
    let language = evidence.language();
    let sights = evidence.sights(|session| {
        let tracks = named(session, language.as_ref());
        let mut faults = Vec::new();
        for (track, name) in &tracks {
            if name.pickup {
                faults.extend(fault_of(track, name));
            } else if says_pickup(&track.name) {
                faults.push(fail(format!("{} does not start with PU_", quoted(&track.name))));
            }
            let strays = track.clips.iter().flatten().filter(|clip| !name.pickup && says_pickup(&clip.name));
            for clip in strays {
                let what = format!("clip {} is on {}", quoted(&clip.name), quoted(&track.name));
                faults.push(Fault { place: place(session, clip), ..fail(what) });
            }
            if name.pickup && name.characters.len() > 1 {
                faults.push(warn(format!("{} holds pickups of several characters", quoted(&track.name))));
            }
        }
        if let Some(before) = evidence.previous.and_then(|previous| comparable(session, previous.sessions)) {
            faults.extend(new_on_old_tracks(session, before, &tracks));
        }
        let any = tracks.iter().any(|(_, name)| name.pickup);
        let whole = any || evidence.previous.is_some() && !tracks.is_empty();
        Sight { whole: whole && sources::complete(session), faults }
    });
    let words = Words {
        good: "on tracks of their own",
        repair: "move each character's pickups to a new track named like PU_FR_MARIA",
        reveal: evidence.export_or(
            "there is no pickup by name: give the delivery before this one with --previous to find any",
        ),
    };
    evidence.conclude(PICKUPS, sights, &words)
}

/// The description of the same kind in an earlier delivery, or any.
fn comparable<'a>(session: &Session, previous: &'a [Session]) -> Option<&'a Session> {
    previous.iter().find(|before| before.kind == session.kind)
}

/// Clips that are new since the earlier delivery and lie on a track that was there already.
fn new_on_old_tracks(session: &Session, before: &Session, tracks: &[(&Track, TrackName)]) -> Vec<Fault> {
    let old: HashMap<&str, HashSet<(&str, Option<i64>)>> = before
        .tracks
        .iter()
        .map(|track| {
            let clips = track.clips.iter().flatten().map(|clip| (clip.name.as_str(), clip.start));
            (track.name.as_str(), clips.collect())
        })
        .collect();
    // A clip that was renamed or moved is no new recording: its source was there.
    let old_sources: HashSet<&str> = before.media.iter().flatten().map(|media| media.name.as_str()).collect();
    let names: HashMap<&str, &str> =
        session.media.iter().flatten().map(|media| (media.id.as_str(), media.name.as_str())).collect();
    let mut faults = Vec::new();
    for (track, name) in tracks.iter().filter(|(_, name)| !name.pickup) {
        let Some(clips) = old.get(track.name.as_str()) else { continue };
        for clip in track.clips.iter().flatten() {
            let source = clip.source.as_deref().and_then(|source| names.get(source).copied());
            let known = clips.contains(&(clip.name.as_str(), clip.start))
                || source.is_some_and(|name| old_sources.contains(name));
            if !known && name.role != Role::Optional {
                let what = format!("clip {} is new on {}", quoted(&clip.name), quoted(&track.name));
                faults.push(Fault { place: place(session, clip), ..warn(what) });
            }
        }
    }
    faults
}

fn version(evidence: &Evidence) -> Finding {
    let now = values_of(evidence.name);
    let has_pickups =
        evidence.sessions.iter().flat_map(|session| named(session, None)).any(|(_, name)| name.pickup);
    let Some(previous) = evidence.previous else {
        if has_pickups && now.version.is_some_and(|version| version.get() == 1) {
            let faults = vec![warn("there are pickups, and this is v1")];
            let words = Words {
                good: "",
                repair: "raise the version, unless nothing was delivered before",
                reveal: "",
            };
            return evidence.conclude(VERSION, [Sight::partial(faults)], &words);
        }
        return unknown(VERSION, "no earlier delivery", "give the delivery before this one with --previous");
    };
    let before = values_of(previous.name);
    let mut faults = Vec::new();
    let tell = |version: Option<std::num::NonZeroU32>| {
        version.map_or("no version".to_string(), |version| format!("v{version}"))
    };
    if now.version.is_none() || now.version <= before.version {
        faults.push(fail(format!("{} after {}", tell(now.version), tell(before.version))));
    }
    let same = |what: &str, now: Option<String>, before: Option<String>| {
        let differ = now.is_some() && before.is_some() && now != before;
        differ.then(|| fail(format!("the {what} was {}", before.unwrap_or_default())))
    };
    faults.extend(same("package ID", now.package_id, before.package_id));
    faults.extend(same("episode", now.episode, before.episode));
    faults.extend(same(
        "language",
        now.language.map(|l| l.to_string()),
        before.language.map(|l| l.to_string()),
    ));
    faults.extend(same(
        "frame rate",
        now.frame_rate.map(|r| r.to_string()),
        before.frame_rate.map(|r| r.to_string()),
    ));
    let good = format!("{} after {}", tell(now.version), tell(before.version));
    let words =
        Words { good: &good, repair: "name the zip as the one before, with a higher version", reveal: "" };
    evidence.conclude(VERSION, [Sight::whole(faults)], &words)
}

fn order(evidence: &Evidence) -> Finding {
    let language = evidence.language();
    let counts: Option<HashMap<String, u64>> =
        evidence.line_counts.map(|counts| counts.iter().map(|(name, lines)| (plain(name), *lines)).collect());
    let sights = evidence.sights(|session| {
        let tracks = named(session, language.as_ref());
        let principal = || {
            let tracks = tracks.iter();
            tracks
                .filter(|(_, name)| name.role == Role::Dialogue && !name.pickup && name.characters.len() == 1)
        };
        let lines: Vec<(&str, u64)> = principal()
            .filter_map(|(track, name)| {
                let lines = match &counts {
                    Some(counts) => *counts.get(&plain(&name.characters[0]))?,
                    None => track.clips.as_ref()?.len() as u64,
                };
                Some((track.name.as_str(), lines))
            })
            .collect();
        let faults = lines.windows(2).filter_map(|pair| {
            let ((above, more), (below, less)) = (pair[0], pair[1]);
            match &counts {
                Some(_) => (less > more).then(|| {
                    let lines = counted(usize::try_from(more).unwrap_or(usize::MAX), "line");
                    fail(format!("{} ({lines}) is above {} ({less})", quoted(above), quoted(below)))
                }),
                // Clips stand for lines only roughly.
                None => (less > more.saturating_mul(2)).then(|| {
                    let clips = counted(usize::try_from(more).unwrap_or(usize::MAX), "clip");
                    warn(format!("{} ({clips}) is above {} ({less})", quoted(above), quoted(below)))
                }),
            }
        });
        let counted = counts.is_some() && lines.len() == principal().count();
        Sight { whole: counted && lines.len() > 1 && sources::complete(session), faults: faults.collect() }
    });
    let words = Words {
        good: "descending",
        repair: "put the characters with the most lines on top",
        reveal: match counts {
            Some(_) => "the lines of not every character with a track are in --line-counts: add them",
            None => {
                "give the lines of each character with --line-counts counts.csv; numbers of clips can only warn"
            }
        },
    };
    evidence.conclude(ORDER, sights, &words)
}

fn narration(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let tracks = named(session, None);
        let narrated: Vec<_> = tracks.iter().filter(|(_, name)| name.role == Role::Narration).collect();
        let shared = narrated.iter().filter(|(_, name)| name.characters.len() > 1);
        let faults =
            shared.map(|(track, _)| fail(format!("{} is shared with a character", quoted(&track.name))));
        Sight { whole: !narrated.is_empty() && sources::complete(session), faults: faults.collect() }
    });
    let words = Words {
        good: "on tracks of its own",
        repair: "move narration to a track of its own",
        reveal: evidence.export_or(
            "there is no narration by name: if there is any, write NARRATOR into the name of its track",
        ),
    };
    evidence.conclude(NARRATION, sights, &words)
}

fn group_count(evidence: &Evidence) -> Finding {
    let most =
        |session: &Session| named(session, None).iter().filter(|(_, name)| name.role == Role::Group).count();
    let count = evidence.sessions.iter().map(most).max().unwrap_or(0);
    let faults = (count > MOST_GROUP_TRACKS).then(|| warn(counted(count, "group track")));
    let good = counted(count, "group track");
    let words = Words {
        good: &good,
        repair: "use up to 8 tracks for the group unless the picture needs more",
        reveal: evidence.export_or(
            "there is no group track by name: if there is one, write GROUP or WALLA into its name",
        ),
    };
    evidence.conclude(GROUP_COUNT, [Sight { whole: count > 0, faults: faults.into_iter().collect() }], &words)
}

fn songs(evidence: &Evidence) -> Finding {
    let says_song = |name: &str| Role::of(name) == Role::Song;
    let sights = evidence.sights(|session| {
        let tracks = named(session, None);
        let any = tracks.iter().any(|(_, name)| name.role == Role::Song);
        let mut faults = Vec::new();
        for (track, _) in tracks.iter().filter(|(_, name)| !matches!(name.role, Role::Song | Role::Optional))
        {
            for clip in track.clips.iter().flatten().filter(|clip| says_song(&clip.name)) {
                let what = format!("clip {} is on {}", quoted(&clip.name), quoted(&track.name));
                faults.push(Fault { place: place(session, clip), ..warn(what) });
            }
        }
        Sight { whole: any && sources::clips_known(session), faults }
    });
    let words = Words {
        good: "on tracks of their own",
        repair: "move replaced vocals to tracks of their own, as many as the original has parts",
        reveal: evidence
            .export_or("there is no song by name: if there is one, write SONG into the name of its track"),
    };
    evidence.conclude(SONGS, sights, &words)
}
