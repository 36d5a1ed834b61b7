//! What is on the tracks: kinds, channels, fades, plug-ins, sends, automation, groups.

use std::collections::HashMap;

use super::*;
use crate::delivery::session::names::{Role, words};
use crate::delivery::session::{Media, PlugIn, TrackKind, counted};

/// Clip gain beyond which a recording was too soft, in dB. Ours.
const RESCUE_DB: f64 = 12.0;
/// How far a fader may be off 0 dB, for what programs round.
const FADER_TOLERANCE_DB: f64 = 0.05;
/// The gain of the walla in the premix, in dB.
pub const WALLA_GAIN_DB: f64 = -10.0;

pub fn judge(evidence: &Evidence) -> Vec<Finding> {
    vec![
        untreated(evidence),
        mono(evidence),
        optionals(evidence),
        fades(evidence),
        stretch(evidence),
        automation(evidence),
        masters(evidence),
        aux(evidence),
        groups(evidence),
        empty(evidence),
        hidden(evidence),
        inserts(evidence),
        sends(evidence),
        vcas(evidence),
        clip_gain(evidence),
    ]
}

/// Words that programs put into the names of clips that they render.
const RENDERED_WORDS: [&str; 10] =
    ["REVERB", "RX", "EQ", "NORM", "COMP", "DENOISE", "DEREVERB", "AUDIOSUITE", "PITCH", "RENDERED"];

fn untreated(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let mut faults: Vec<Fault> = Vec::new();
        for track in session.made() {
            let active = track.plug_ins.iter().flatten().filter(|plug_in| plug_in.active != Some(false));
            faults.extend(
                active
                    .map(|plug_in| fail(format!("{} is on {}", quoted(&plug_in.name), quoted(&track.name)))),
            );
            for clip in track.clips.iter().flatten() {
                // AudioSuite writes "name-EQ3_01": the word stands after a hyphen, never first.
                let rendered = clip.name.split_once('-').map(|(_, rest)| rest).unwrap_or_default();
                if words(rendered).any(|word| RENDERED_WORDS.contains(&word.as_str())) {
                    let what = format!("clip {} seems to be rendered", quoted(&clip.name));
                    faults.push(Fault { place: place(session, clip), ..warn(what) });
                }
            }
        }
        let told = session.made().all(|track| track.plug_ins.is_some());
        // What is inserted elsewhere than on audio tracks treats them too.
        let elsewhere = session.every_kind || session.plug_ins.is_some();
        let on_tracks = faults.iter().any(|fault| fault.verdict == Verdict::Fail);
        let listed = session.plug_ins.iter().flatten().filter(|plug_in| plug_in.active != Some(false));
        if told && !on_tracks {
            faults.extend(listed.map(|plug_in| fail(in_list(plug_in))));
        }
        let clips = session.clips().next().is_some() && sources::clips_known(session);
        Sight { whole: told && elsewhere && clips, faults }
    });
    let rendered = evidence.entries.iter().filter(|entry| entry.path.contains("Rendered Files/"));
    let files = rendered.map(|entry| warn(format!("{} is rendered", quoted(&entry.path)))).collect();
    let words = Words {
        good: "no insert and no rendered clip; what was treated before, only ears find",
        repair: "deliver the dialogue as it was recorded, without any treatment",
        reveal: evidence.export(),
    };
    evidence.conclude(UNTREATED, sights.chain([Sight::partial(files)]), &words)
}

fn in_list(plug_in: &PlugIn) -> String {
    format!("{} is in the list of plug-ins", quoted(&plug_in.name))
}

/// Channels of the files in the delivery and of the media of a session, by the id and the name of a file.
fn channels_of(evidence: &Evidence, session: &Session) -> impl Fn(&Clip) -> Option<u16> {
    let headers: HashMap<String, u16> = evidence
        .audio
        .iter()
        .filter_map(|audio| {
            let name = audio.path.rsplit('/').next()?.to_lowercase();
            Some((name, audio.facts.as_ref().ok()?.channels))
        })
        .collect();
    let media: HashMap<String, (String, Option<u16>)> = session
        .media
        .iter()
        .flatten()
        .map(|media: &Media| (media.id.clone(), (media.name.to_lowercase(), media.channels)))
        .collect();
    move |clip| {
        let (name, channels) = media.get(clip.source.as_ref()?)?;
        channels.or_else(|| headers.get(name).copied())
    }
}

/// Channels of a track: its own, else the most that its clips have.
fn channels(track: &Track, of_clip: &impl Fn(&Clip) -> Option<u16>) -> Option<u16> {
    let clips = track.clips.as_ref();
    track.channels.or_else(|| {
        let known: Option<Vec<u16>> = clips?.iter().map(of_clip).collect();
        known?.into_iter().max()
    })
}

fn mono(evidence: &Evidence) -> Finding {
    let mut listed_mono = false;
    let sights = evidence.sights(|session| {
        let of_clip = channels_of(evidence, session);
        let (mut faults, mut whole) = (Vec::new(), sources::complete(session));
        for track in session.made().filter(|track| matches!(track.kind, TrackKind::Midi | TrackKind::Video)) {
            faults.push(fail(format!("{} is a {} track", quoted(&track.name), track.kind)));
        }
        let tracks = named(session, None);
        whole &= !tracks.is_empty();
        for (track, _) in tracks.iter().filter(|(_, name)| name.role != Role::Optional) {
            match channels(track, &of_clip) {
                Some(1) => {}
                Some(channels) => {
                    faults.push(fail(format!("{} has {channels} channels", quoted(&track.name))))
                }
                None => whole = false,
            }
        }
        listed_mono |= whole && faults.is_empty();
        // Of a description of audio tracks alone it is not known that there are no others.
        Sight { whole: whole && session.every_kind, faults }
    });
    let words = Words {
        good: "all dialogue is mono",
        repair: "deliver dialogue on mono audio tracks, and nothing but audio tracks",
        reveal: match () {
            () if evidence.sessions.is_empty() => evidence.export(),
            () if listed_mono => {
                "the tracks of dialogue are mono, but other kinds of tracks are not told: look in the program"
            }
            () => LOOK,
        },
    };
    evidence.conclude(MONO_TRACKS, sights, &words)
}

fn optionals(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let of_clip = channels_of(evidence, session);
        let (mut faults, mut any, mut known) = (Vec::new(), false, sources::complete(session));
        for (track, _) in named(session, None).iter().filter(|(_, name)| name.role == Role::Optional) {
            any = true;
            let Some(wide) = channels(track, &of_clip) else {
                known = false;
                continue;
            };
            if ![1, 3, 5, 6].contains(&wide) {
                faults.push(warn(format!("{} has {wide} channels", quoted(&track.name))));
            }
            let other = track
                .clips
                .iter()
                .flatten()
                .filter_map(&of_clip)
                .find(|channels| *channels != wide && *channels > 1);
            if let Some(other) = other {
                faults.push(fail(format!(
                    "{} has {wide} channels, its files have {other}",
                    quoted(&track.name)
                )));
            }
        }
        Sight { whole: any && known, faults }
    });
    let words = Words {
        good: "in the configuration of their files",
        repair: "put optional material on tracks of the configuration that it came in",
        reveal: evidence
            .export_or("there is no optional track by name: if there is one, write OPT into its name"),
    };
    evidence.conclude(OPTIONALS, sights, &words)
}

fn fades(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let (mut faults, mut whole, mut any) = (Vec::new(), sources::clips_known(session), false);
        for (track, clip) in session.clips().filter(|(track, _)| track.kind == TrackKind::Audio) {
            any = true;
            whole &= clip.fade_in.is_some() && clip.fade_out.is_some();
            let edges = match (clip.fade_in, clip.fade_out) {
                (Some(false), Some(false)) => "has no fade",
                (Some(false), _) => "has no fade in",
                (_, Some(false)) => "has no fade out",
                _ => continue,
            };
            let what = format!("{} on {} {edges}", quoted(&clip.name), quoted(&track.name));
            faults.push(Fault { place: place(session, clip), ..fail(what) });
        }
        Sight { whole: whole && any, faults }
    });
    let words = Words {
        good: "every clip is faded in and out",
        repair: "fade every clip in and out, if only for some milliseconds",
        reveal: "export the text of Pro Tools with crossfades shown, or an AAF with fades, and give that with \
                 --session-info",
    };
    evidence.conclude(FADES, sights, &words)
}

fn stretch(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let stretched = session.clips().filter(|(_, clip)| clip.stretched == Some(true));
        let faults = stretched.map(|(_, clip)| {
            let what = format!("{} is stretched or shifted", quoted(&clip.name));
            Fault { place: place(session, clip), ..warn(what) }
        });
        let mut clips = session.clips().peekable();
        let any = clips.peek().is_some();
        // An AAF tells only what the program chose to write as an effect.
        let all = sources::clips_known(session) && clips.all(|(_, clip)| clip.stretched.is_some());
        let whole = any && all && session.kind != Kind::Aaf;
        Sight { whole, faults: faults.collect() }
    });
    let words = Words {
        good: "no clip is stretched",
        repair: "listen to the stretched clips for artefacts",
        reveal: LOOK,
    };
    evidence.conclude(STRETCH, sights, &words)
}

fn automation(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let mut faults = Vec::new();
        for track in session.made() {
            for lane in track.automation.iter().flatten() {
                let what = format!("{} of {} is automated", lane.parameter, quoted(&track.name));
                faults.push(if lane.idle { warn(format!("{what}, without effect")) } else { fail(what) });
            }
            let Some(fader) = track.fader_db.filter(|db| db.abs() > FADER_TOLERANCE_DB) else { continue };
            let role = Role::of(&track.name);
            let what = format!("the fader of {} stands at {fader:.1} dB", quoted(&track.name));
            let walla = role == Role::Group && (fader - WALLA_GAIN_DB).abs() <= FADER_TOLERANCE_DB;
            faults.push(if walla {
                fail(format!("{what}: that is the walla gain of the premix"))
            } else {
                warn(what)
            });
        }
        let fader = |track: &Track| track.fader_db.is_some() || track.kind != TrackKind::Audio;
        let told = |track: &Track| track.automation.is_some() && fader(track);
        let whole = session.every_kind && session.made().all(told);
        Sight { whole, faults }
    });
    let words = Words {
        good: "none",
        repair: "clear the automation, or turn it into clip gain, and put the faders to 0 dB",
        reveal: LOOK,
    };
    evidence.conclude(AUTOMATION, sights, &words)
}

fn masters(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let mut faults = Vec::new();
        for track in session.tracks.iter().filter(|track| track.kind == TrackKind::Master) {
            let name = quoted(&track.name);
            if !track.built_in {
                faults.push(fail(format!("{name} is a master track")));
                continue;
            }
            let inserted = track.plug_ins.iter().flatten();
            faults
                .extend(inserted.map(|plug_in| fail(format!("{} is on the master", quoted(&plug_in.name)))));
            let lanes = track.automation.iter().flatten().filter(|lane| !lane.idle);
            faults.extend(lanes.map(|lane| fail(format!("{} of the master is automated", lane.parameter))));
            if let Some(fader) = track.fader_db.filter(|db| db.abs() > FADER_TOLERANCE_DB) {
                faults.push(fail(format!("the master's fader stands at {fader:.1} dB")));
            }
        }
        let told = |track: &Track| track.plug_ins.is_some() && track.automation.is_some();
        let known = session.tracks.iter().filter(|track| track.kind == TrackKind::Master).all(told);
        Sight { whole: session.every_kind && known, faults }
    });
    let words = Words {
        good: "none that does anything",
        repair: "remove the master track, or all that is on it",
        reveal: LOOK,
    };
    evidence.conclude(MASTERS, sights, &words)
}

fn aux(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let mut faults = Vec::new();
        for track in session.made() {
            match track.kind {
                TrackKind::Aux => faults.push(fail(format!("{} is an aux track", quoted(&track.name)))),
                TrackKind::Folder => {
                    faults.push(warn(format!("{} is a folder, which sums its tracks", quoted(&track.name))))
                }
                _ => {}
            }
            let routing = track.routing.iter().flatten();
            faults.extend(routing.map(|what| fail(format!("{} {what}", quoted(&track.name)))));
        }
        // A plug-in that is on no audio track is on something else.
        let on_tracks: usize = session.made().flat_map(|track| track.plug_ins.iter().flatten()).count();
        let complete =
            session.unlisted_tracks == Some(0) && session.made().all(|track| track.plug_ins.is_some());
        if let Some(listed) =
            session.plug_ins.as_ref().filter(|listed| complete && on_tracks == 0 && !listed.is_empty())
        {
            faults.push(fail(format!(
                "{} is on no audio track, so it is on another one",
                quoted(&listed[0].name)
            )));
        }
        Sight { whole: session.every_kind, faults }
    });
    let words = Words { good: "none", repair: "remove aux tracks, buses and routing", reveal: LOOK };
    evidence.conclude(AUX, sights, &words)
}

fn groups(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| match &session.groups {
        Some(groups) => {
            Sight::whole(groups.iter().map(|group| fail(format!("{} is a group", quoted(group)))).collect())
        }
        None => Sight::partial(vec![]),
    });
    let words =
        Words { good: "none", repair: "delete all groups of tracks, and ungroup clips", reveal: LOOK };
    evidence.conclude(GROUPS, sights, &words)
}

fn empty(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let (mut faults, mut whole) = (Vec::new(), sources::complete(session));
        let mut any = false;
        for track in session.audio_tracks() {
            any = true;
            let divider = !track.name.is_empty() && !track.name.chars().any(char::is_alphanumeric);
            match &track.clips {
                _ if divider => faults.push(fail(format!("{} is a divider", quoted(&track.name)))),
                Some(clips) if clips.is_empty() => {
                    faults.push(fail(format!("{} is empty", quoted(&track.name))))
                }
                Some(_) if track.inactive == Some(true) => {
                    faults.push(fail(format!("{} is inactive", quoted(&track.name))));
                }
                Some(_) => {}
                None => whole = false,
            }
        }
        Sight { whole: whole && any, faults }
    });
    let words = Words {
        good: "every track has clips",
        repair: "delete tracks that are empty, inactive or only divide others",
        reveal: evidence.export(),
    };
    evidence.conclude(EMPTY, sights, &words)
}

fn hidden(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let (mut faults, mut whole) = (Vec::new(), session.made().next().is_some());
        for track in session.made() {
            if track.hidden == Some(true) {
                faults.push(fail(format!("{} is hidden", quoted(&track.name))));
            }
            if let Some(playlists) = track.playlists.filter(|playlists| *playlists > 1) {
                faults.push(fail(format!("{} has {playlists} playlists or takes", quoted(&track.name))));
            }
            whole &= track.hidden.is_some() && (track.playlists.is_some() || track.kind != TrackKind::Audio);
        }
        if let Some(unlisted) = session.unlisted_tracks.filter(|tracks| *tracks > 0) {
            let verb = if unlisted == 1 { "is" } else { "are" };
            let what = format!("{} {verb} counted but not listed", counted(unlisted, "audio track"));
            faults.push(warn(format!("{what}: export all tracks")));
        }
        Sight { whole, faults }
    });
    let words = Words {
        good: "one playlist a track, nothing hidden",
        repair: "show all tracks, and delete the playlists that are not used",
        reveal: LOOK,
    };
    evidence.conclude(HIDDEN, sights, &words)
}

fn inserts(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let mut faults = Vec::new();
        for track in session.tracks.iter() {
            for plug_in in track.plug_ins.iter().flatten() {
                let off = if plug_in.active == Some(false) { ", switched off," } else { "" };
                faults.push(fail(format!("{}{off} on {}", quoted(&plug_in.name), quoted(&track.name))));
            }
        }
        // The list of the whole session holds those of its tracks too.
        if faults.is_empty() {
            let listed = session.plug_ins.iter().flatten();
            faults.extend(listed.map(|plug_in| fail(in_list(plug_in))));
        }
        let on_tracks = session.every_kind && session.tracks.iter().all(|track| track.plug_ins.is_some());
        Sight { whole: session.plug_ins.is_some() || on_tracks, faults }
    });
    let hinted = evidence.hints.iter().filter(|name| super::premix::is_limiter(name));
    let hints = hinted.take(1).map(|name| warn(format!("the .ptx mentions {}", quoted(name)))).collect();
    let words = Words {
        good: "none",
        repair: "remove every insert, also those that are switched off",
        reveal: evidence.export(),
    };
    evidence.conclude(INSERTS, sights.chain([Sight::partial(hints)]), &words)
}

/// Words in the name of a send's target that speak for direct monitoring.
const MONITORING_WORDS: [&str; 8] =
    ["MON", "MONITOR", "CUE", "PHONES", "HEADPHONES", "HP", "BOOTH", "HARDWARE"];

fn sends(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let mut faults = Vec::new();
        for track in session.tracks.iter() {
            for send in track.sends.iter().flatten() {
                let what = format!("{} sends to {}", quoted(&track.name), quoted(&send.target));
                let silent = send.level_db == Some(f64::NEG_INFINITY);
                let monitoring = words(&send.target).any(|word| MONITORING_WORDS.contains(&word.as_str()));
                faults.push(match () {
                    () if silent => warn(format!("{what}, at silence")),
                    () if monitoring => warn(format!("{what}, which may be direct monitoring")),
                    () => fail(what),
                });
            }
        }
        let told = |track: &Track| track.sends.is_some() || track.built_in;
        Sight { whole: session.every_kind && session.tracks.iter().all(told), faults }
    });
    let words =
        Words { good: "none", repair: "remove all sends but those for direct monitoring", reveal: LOOK };
    evidence.conclude(SENDS, sights, &words)
}

fn vcas(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| match &session.vcas {
        Some(vcas) => {
            Sight::whole(vcas.iter().map(|vca| fail(format!("{} is a VCA", quoted(vca)))).collect())
        }
        None => Sight::partial(vec![]),
    });
    let words = Words { good: "none", repair: "delete all VCAs", reveal: LOOK };
    evidence.conclude(VCAS, sights, &words)
}

fn clip_gain(evidence: &Evidence) -> Finding {
    let sights = evidence.sights(|session| {
        let clips = || session.clips().filter(|(track, _)| track.kind == TrackKind::Audio);
        let loud = clips().filter(|(_, clip)| clip.gain_db.is_some_and(|db| db > RESCUE_DB));
        let faults = loud.map(|(track, clip)| {
            let db = clip.gain_db.unwrap_or_default();
            let what = format!("{} on {} is raised by {db:.1} dB", quoted(&clip.name), quoted(&track.name));
            Fault { place: place(session, clip), ..warn(what) }
        });
        let mut clips = clips().peekable();
        let any = clips.peek().is_some();
        let all = sources::clips_known(session) && clips.all(|(_, clip)| clip.gain_db.is_some());
        Sight { whole: any && all, faults: faults.collect() }
    });
    let words = Words {
        good: "no clip is raised by more than 12 dB",
        repair: "record again what was too soft",
        reveal: LOOK,
    };
    evidence.conclude(CLIP_GAIN, sights, &words)
}
