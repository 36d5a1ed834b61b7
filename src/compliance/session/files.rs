//! What the listing tells: names, formats, where the audio is and what does not belong.

use std::collections::{BTreeSet, HashSet};

use super::*;
use crate::compliance::clock;
use crate::compliance::premix::SAMPLE_RATE;
use crate::delivery::name::Grade;
use crate::delivery::session::audio::of_name;
use crate::delivery::session::delivery::{extension, stem};
use crate::delivery::session::names::{self, Role, symbols};
use crate::delivery::session::{Media, Place, TrackKind, counted};
use crate::delivery::wav::SampleFormat;

pub fn judge(evidence: &Evidence) -> Vec<Finding> {
    vec![
        zip_name(evidence),
        self_contained(evidence),
        aaf(evidence),
        unused(evidence),
        rate_and_start(evidence),
        format(evidence),
        symbols_in_names(evidence),
        source_material(evidence),
    ]
}

fn zip_name(evidence: &Evidence) -> Finding {
    let name = if evidence.zipped { evidence.name.to_string() } else { format!("{}.zip", evidence.name) };
    let reading = ZipReading::of(&name);
    let correction = match reading.corrected().filter(|right| *right != name) {
        Some(right) => format!("name it {right}"),
        None => "name it Title_PackageID_episode_language_LocalizedEditProject_framerate_version.zip".into(),
    };
    if !evidence.zipped && reading.grade() == Grade::Unreadable {
        let measured = format!("the folder {}", quoted(evidence.name));
        return unknown(
            ZIP_NAME,
            measured,
            "it is judged when it is zipped; `premix name --session` builds the name",
        );
    }
    let mut faults: Vec<Fault> = reading
        .deviations()
        .map(|token| {
            if token.remark.as_ref().is_some_and(|remark| remark.grade == Grade::Unreadable) {
                fail(token.to_string())
            } else {
                warn(token.to_string())
            }
        })
        .collect();
    if let Some(named) = reading.values.frame_rate {
        let told = evidence.sessions.iter().filter_map(|session| session.frame_rate);
        let other = told.filter(|rate| *rate != Rate::Picture(named));
        faults.extend(other.map(|rate| fail(format!("the name says {named}, the session runs at {rate}"))));
    }
    // The name is seen; whether it says the truth, only a session tells.
    let told = evidence.sessions.iter().any(|session| session.frame_rate.is_some());
    let good = format!("{}{}", evidence.name, if told { "" } else { "; no file here tells the frame rate" });
    let words = Words { good: &good, repair: &correction, reveal: "" };
    evidence.conclude(ZIP_NAME, [Sight::whole(faults)], &words)
}

/// The files of a delivery, in small letters.
struct Index {
    names: HashSet<String>,
    /// Folder and name.
    tails: HashSet<String>,
    paths: HashSet<String>,
}

/// Where a file is that a session plays.
#[derive(PartialEq)]
enum Located {
    Within,
    /// The session looks elsewhere, but a file of that name is here.
    Elsewhere,
    Missing,
    NotKnown,
}

/// The last two parts of a path.
fn tail(path: &str) -> &str {
    path.rmatch_indices('/').nth(1).map_or(path, |(at, _)| &path[at + 1..])
}

impl Index {
    fn new(entries: &[Entry]) -> Self {
        let paths: HashSet<String> = entries.iter().map(|entry| entry.path.to_lowercase()).collect();
        Self {
            names: entries.iter().map(|entry| entry.name().to_lowercase()).collect(),
            tails: paths.iter().map(|path| tail(path).to_string()).collect(),
            paths,
        }
    }

    fn locate(&self, session: &Session, media: &Media) -> Located {
        let path = match &media.place {
            Place::Embedded => return Located::Within,
            Place::Offline => return Located::Missing,
            Place::Unknown => return Located::NotKnown,
            Place::At(path) => path,
        };
        let parts: Vec<String> = path
            .split(['/', '\\', ':'])
            .filter(|part| !part.is_empty() && *part != ".")
            .map(|part| {
                unicode_normalization::UnicodeNormalization::nfc(part).collect::<String>().to_lowercase()
            })
            .collect();
        let Some(name) = parts.last() else { return Located::NotKnown };
        if !self.names.contains(name) {
            return Located::Missing;
        }
        let absolute = path.starts_with(['/', '\\']) || path.contains(':');
        let outward = parts.iter().any(|part| part == "..");
        // A relative path counts from the session file; of an absolute one the folder and the name must agree,
        // since it was written on another machine.
        let known = if absolute || outward || parts.len() > 1 {
            self.tails.contains(tail(&parts.join("/")))
        } else {
            let folder = session.file.rsplit_once('/').map_or("", |(folder, _)| folder).to_lowercase();
            self.paths.contains(format!("{folder}/{name}").trim_start_matches('/'))
        };
        if known && !outward { Located::Within } else { Located::Elsewhere }
    }
}

fn self_contained(evidence: &Evidence) -> Finding {
    let index = Index::new(evidence.entries);
    let mut sights: Vec<Sight> = evidence
        .sights(|session| {
            let Some(media) = &session.media else { return Sight::partial(vec![]) };
            let mut faults = Vec::new();
            for media in media {
                match index.locate(session, media) {
                    Located::Missing => {
                        faults.push(fail(format!("{} is not in the delivery", quoted(&media.name))))
                    }
                    Located::Elsewhere => {
                        let what = format!(
                            "{} is played from another place than the one in the delivery",
                            quoted(&media.name)
                        );
                        faults.push(warn(what));
                    }
                    Located::Within | Located::NotKnown => {}
                }
            }
            let whole = media.iter().all(|media| index.locate(session, media) != Located::NotKnown);
            Sight { whole: whole && !media.is_empty(), faults }
        })
        .collect();
    // Names of audio files in a .ptx that are not here.
    let audio = [".wav", ".aif", ".aiff", ".mp3", ".wave"];
    let hinted =
        evidence.hints.iter().filter(|name| audio.iter().any(|ending| name.to_lowercase().ends_with(ending)));
    let missing: HashSet<&String> = hinted
        .filter(|name| !name.contains(['/', '\\', ':']) && !index.names.contains(&name.to_lowercase()))
        .collect();
    let mut missing: Vec<&String> = missing.into_iter().collect();
    missing.sort();
    let hints = missing
        .iter()
        .map(|name| warn(format!("the .ptx mentions {}, which is not in the delivery", quoted(name))));
    sights.push(Sight::partial(hints.collect()));
    let words = Words {
        good: "every file is in the delivery",
        repair: "save a copy of the session with all audio files copied into its Audio Files folder, and zip that",
        reveal: evidence.export(),
    };
    evidence.conclude(SELF_CONTAINED, sights, &words)
}

fn aaf(evidence: &Evidence) -> Finding {
    let delivered = || evidence.entries.iter().filter(|entry| !entry.is_backup());
    let pro_tools = delivered().any(|entry| content(entry) == Content::ProTools);
    let aaf = delivered().any(|entry| entry.extension() == "aaf");
    let faults =
        if pro_tools || aaf { vec![] } else { vec![fail("there is neither a Pro Tools session nor an AAF")] };
    let words = Words {
        good: if pro_tools { "a Pro Tools session" } else { "an AAF" },
        repair: "export an AAF from the session and put it into the delivery",
        reveal: "",
    };
    evidence.conclude(AAF, [Sight::whole(faults)], &words)
}

fn unused(evidence: &Evidence) -> Finding {
    let mut known: HashSet<String> = HashSet::new();
    let mut lists_files = false;
    let sights = evidence.sights(|session| {
        let mut faults: Vec<Fault> = Vec::new();
        for clip in session.unused_clips.iter().flatten() {
            faults.push(fail(format!("clip {} is on no track", quoted(clip))));
        }
        let sourced = session.clips().all(|(_, clip)| clip.source.is_some());
        if let Some(media) = &session.media {
            let used: HashSet<&str> =
                session.clips().filter_map(|(_, clip)| clip.source.as_deref()).collect();
            // A file may be known under several ids, one a channel.
            let names: HashSet<&str> = media
                .iter()
                .filter(|media| used.contains(media.id.as_str()))
                .map(|media| media.name.as_str())
                .collect();
            let everything_listed = session.unlisted_tracks.is_none_or(|tracks| tracks == 0);
            if sourced && everything_listed && (!used.is_empty() || session.clips().next().is_none()) {
                let idle = media.iter().filter(|media| !names.contains(media.name.as_str()));
                faults.extend(idle.map(|media| fail(format!("no clip plays {}", quoted(&media.name)))));
            }
            lists_files |= media.iter().any(|media| matches!(media.place, Place::At(_)));
            known.extend(media.iter().map(|media| stem(&media.name)));
        }
        let any = session.clips().next().is_some();
        let known = session.unused_clips.is_some() && session.media.is_some() && sourced;
        Sight { whole: any && known && sources::clips_known(session), faults }
    });
    let mut strays_seen = Vec::new();
    if lists_files {
        let audio = evidence
            .entries
            .iter()
            .filter(|entry| matches!(content(entry), Content::Wav | Content::OtherAudio));
        let strays =
            audio.filter(|entry| !known.contains(&stem(entry.name())) && !entry.path.contains("Fade Files/"));
        strays_seen
            .extend(strays.map(|entry| fail(format!("the session does not know {}", quoted(&entry.path)))));
    }
    let words = Words {
        good: "every file and clip is used",
        repair: "clear unused clips from the clip list, delete the files that nothing plays, and zip again",
        reveal: evidence.export(),
    };
    evidence.conclude(UNUSED_AUDIO, sights.chain([Sight::partial(strays_seen)]), &words)
}

fn rate_and_start(evidence: &Evidence) -> Finding {
    let PictureFacts { frame_rate, start } = evidence.picture;
    let told = |session: &Session| {
        let rate = session.frame_rate?;
        let label = rate.picture().zip(session.start_frame).zip(session.drop_frame);
        let label = label.and_then(|((rate, start), drop)| Timecode::from_frames(start, rate, drop).ok());
        Some(label.map_or(format!("{rate}"), |label| format!("{label} at {rate}")))
    };
    let measured = evidence.sessions.iter().find_map(told);
    let Some(wanted) = frame_rate else {
        let measured = measured.unwrap_or_else(|| "no file here tells".into());
        return unknown(
            RATE_AND_START,
            measured,
            "give the picture with --picture, or --start and --frame-rate",
        );
    };
    let sights = evidence.sights(|session| {
        let mut faults = Vec::new();
        if let Some(rate) = session.frame_rate.filter(|rate| *rate != Rate::Picture(wanted)) {
            faults.push(fail(format!("the session runs at {rate}, the picture at {wanted}")));
        } else if let (Some(first), Some(start), Some(_)) = (session.start_frame, start, session.frame_rate) {
            // A label that is counted the other way is another place, even where its frame is the same.
            let label = start.timecode();
            let drop_frame = session.drop_frame.or(label.map(Timecode::drop_frame)).unwrap_or(false);
            let same_count = label.is_none_or(|label| label.drop_frame() == drop_frame);
            let here = wanted.samples(first, SAMPLE_RATE);
            if !same_count || !here.contains(start.samples(SAMPLE_RATE).nearest) {
                let here = match Timecode::from_frames(first, wanted, drop_frame) {
                    Ok(label) => label.to_string(),
                    Err(_) => format!("frame {first}"),
                };
                let there = match label {
                    Some(label) => label.to_string(),
                    None => clock(start.samples(SAMPLE_RATE).nearest, SAMPLE_RATE),
                };
                faults.push(fail(format!("the session starts at {here}, the picture at {there}")));
            }
        }
        Sight {
            whole: session.frame_rate.is_some() && session.start_frame.is_some() && start.is_some(),
            faults,
        }
    });
    let measured = measured.unwrap_or_default();
    let words = Words {
        good: &measured,
        repair: "set frame rate and start of the session to those of the picture, without moving the clips against it",
        reveal: if start.is_none() { "give the start of the picture with --start" } else { EXPORT_TEXT },
    };
    evidence.conclude(RATE_AND_START, sights, &words)
}

fn format(evidence: &Evidence) -> Finding {
    let mut faults = Vec::new();
    for audio in evidence.audio {
        match &audio.facts {
            Ok(facts) => {
                if facts.sample_rate != SAMPLE_RATE {
                    faults.push(fail(format!("{} is at {} Hz", quoted(&audio.path), facts.sample_rate)));
                }
                if facts.sample_format != SampleFormat::Int24 {
                    faults.push(fail(format!("{} is {}", quoted(&audio.path), facts.sample_format)));
                }
            }
            Err(fault) => faults.push(fail(fault.clone())),
        }
    }
    for entry in evidence.entries.iter().filter(|entry| content(entry) == Content::OtherAudio) {
        faults.push(fail(format!("{} is no WAV", quoted(&entry.path))));
    }
    // What lies within a session file has no header here.
    let unread =
        evidence.sessions.iter().flat_map(|session| session.media.iter().flatten()).any(|media| {
            media.place == Place::Embedded && (media.sample_rate.is_none() || media.bits.is_none())
        });
    let files = Sight { whole: !evidence.audio.is_empty() && !unread, faults };
    let sessions = evidence.sights(|session| {
        let mut faults = Vec::new();
        if let Some(bits) = session.bits.filter(|bits| *bits != 24) {
            faults.push(fail(format!("the session is {bits}-bit")));
        }
        let media = session.media.as_deref().unwrap_or_default();
        for media in media {
            if let Some(rate) = media.sample_rate.filter(|rate| *rate != SAMPLE_RATE) {
                faults.push(fail(format!("{} is at {rate} Hz", quoted(&media.name))));
            }
            if let Some(bits) = media.bits.filter(|bits| *bits != 24) {
                faults.push(fail(format!("{} is {bits}-bit", quoted(&media.name))));
            }
        }
        // Some descriptions have their rate from their media.
        if let Some(rate) = session.sample_rate.filter(|rate| *rate != SAMPLE_RATE && faults.is_empty()) {
            faults.push(fail(format!("the session is at {rate} Hz")));
        }
        // Only what is within the session file is judged by what that says: other files have headers.
        let whole = !media.is_empty()
            && media.iter().all(|media| {
                media.place == Place::Embedded && media.sample_rate.is_some() && media.bits.is_some()
            });
        Sight { whole, faults }
    });
    let seconds = evidence.audio.iter().filter_map(|audio| audio.facts.as_ref().ok());
    let frames: u64 = seconds.map(|facts| facts.frames).sum();
    let good = match evidence.audio.len() {
        0 => "all audio within the session file".to_string(),
        files => format!("{}, {} in all", counted(files, "file"), clock(frames, SAMPLE_RATE)),
    };
    let words = Words {
        good: &good,
        repair: "deliver the recordings as 24-bit WAV at 48 kHz; record again what was recorded otherwise",
        reveal: if unread {
            "what lies within a session file is not read: deliver WAV files"
        } else {
            "put the session's Audio Files folder into the delivery"
        },
    };
    evidence.conclude(FORMAT, std::iter::once(files).chain(sessions), &words)
}

fn symbols_in_names(evidence: &Evidence) -> Finding {
    // Programs put dots, spaces, numbers in parentheses and the like into names of clips and files.
    let added = " .()#+,&'!~@=";
    // A space or brackets in the name of a track are what the rule of its names warns of.
    let allowed = |track: &Track| match Role::of(&track.name) {
        Role::Optional => added,
        _ => " []",
    };
    let told = |what: &str, name: &str, allowed: &str| {
        let stray = symbols(name).find(|c| !allowed.contains(*c))?;
        Some(fail(format!("{what} {} has {stray:?}", quoted(name))))
    };
    let tracks = |session: &Session| {
        let tracks = session.made().filter_map(|track| told("track", &track.name, allowed(track)));
        let clips = session.clips().filter_map(|(_, clip)| told("clip", &clip.name, added));
        let any = session.made().next().is_some();
        Sight { whole: any && sources::clips_known(session), faults: tracks.chain(clips).collect() }
    };
    let audio =
        evidence.entries.iter().filter(|entry| matches!(content(entry), Content::Wav | Content::OtherAudio));
    let files = audio.filter_map(|entry| told("file", entry.name(), added)).collect();
    let words = Words {
        good: "letters, digits and what programs add",
        repair: "write names in English letters, digits, hyphens and underscores",
        reveal: evidence.export(),
    };
    evidence.conclude(SYMBOLS, evidence.sights(tracks).chain([Sight::partial(files)]), &words)
}

/// Words that only source material has in its names, and those that may have other reasons.
const SOURCE_WORDS: [&str; 9] =
    ["PRINTMASTER", "DME", "MNE", "MANDE", "FILLED", "FILLEDME", "FULLMIX", "OVMIX", "ME"];
const DOUBTFUL_WORDS: [&str; 6] = ["GUIDE", "STEM", "STEMS", "OV", "SCRATCH", "REFERENCE"];

fn source_material(evidence: &Evidence) -> Finding {
    let told = |what: &str, name: &str| {
        // "M&E" is one word, though its sign parts it.
        let name_in_words = name.replace("M&E", "MNE").replace("m&e", "MNE");
        let found: Vec<String> = names::words(&name_in_words).collect();
        // ME by itself is too short to be told from a name of somebody.
        let sure = found
            .iter()
            .any(|word| SOURCE_WORDS.contains(&word.as_str()) && (word != "ME" || found.len() == 1));
        let doubtful = found.iter().any(|word| DOUBTFUL_WORDS.contains(&word.as_str()));
        match () {
            () if sure => Some(fail(format!("{what} {} seems to be source material", quoted(name)))),
            () if doubtful => Some(warn(format!("{what} {} may be source material", quoted(name)))),
            () => None,
        }
    };
    let mut faults: Vec<Fault> = Vec::new();
    // MXF holds pictures, or sound that an AAF brings along.
    let video = |name: &str, path: &str| match of_name(name) {
        Content::Video if extension(name) == "mxf" => Some(warn(format!("{} may be a video", quoted(path)))),
        Content::Video => Some(fail(format!("{} is a video", quoted(path)))),
        Content::Wav | Content::OtherAudio => told("file", name),
        _ => None,
    };
    faults.extend(evidence.entries.iter().filter_map(|entry| video(entry.name(), &entry.path)));
    for audio in evidence.audio {
        let channels = audio.facts.as_ref().map_or(0, |facts| facts.channels);
        if channels > 6 {
            faults.push(warn(format!("{} has {channels} channels", quoted(&audio.path))));
        }
    }
    let here: HashSet<&str> = evidence.entries.iter().map(Entry::name).collect();
    let sessions = evidence.sights(|session| {
        let tracks = || session.made();
        let mut faults: Vec<Fault> = tracks().filter_map(|track| told("track", &track.name)).collect();
        let videos = tracks().filter(|track| track.kind == TrackKind::Video);
        faults.extend(videos.map(|track| fail(format!("{} is a video track", quoted(&track.name)))));
        // What the listing has was told.
        let media = session.media.iter().flatten().filter(|media| !here.contains(media.name.as_str()));
        faults.extend(media.filter_map(|media| video(&media.name, &media.name)));
        // Of a description of audio tracks alone it is not known that there is no video.
        Sight { whole: session.every_kind && tracks().next().is_some(), faults }
    });
    // A name in a .ptx may be what was removed from the session.
    let hinted = evidence.hints.iter().filter(|name| {
        of_name(name) == Content::Video && !name.contains(['/', '\\', ':']) && !here.contains(name.as_str())
    });
    let hinted: BTreeSet<&String> = hinted.collect();
    let hints = hinted.into_iter().map(|name| warn(format!("the .ptx mentions {}, a video", quoted(name))));
    let sights = [Sight::partial(faults), Sight::partial(hints.collect())].into_iter().chain(sessions);
    let words = Words {
        good: "none by name",
        repair: "remove printmasters, videos, stems and M&E from the session and from the delivery",
        reveal: match evidence.sessions.is_empty() {
            true => evidence.export(),
            false => {
                "no name here is suspicious, but no file here tells of video tracks: look in the program"
            }
        },
    };
    evidence.conclude(SOURCE_MATERIAL, sights, &words)
}
