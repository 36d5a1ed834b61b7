//! DAWproject (`.dawproject`): a zip of `project.xml` and the audio.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};

use roxmltree::Node;
use zip::ZipArchive;

use super::delivery::{LARGEST_LISTING, MOST_ENTRIES, stated_listing};
use super::xml::{child, children, parse, utf8, value};
use super::{
    Automation, Clip, Kind, Media, Place, PlugIn, Send, Session, SessionError, Track, TrackKind, decibels,
    samples, text,
};

/// Tracks within tracks that are followed.
const DEEPEST: usize = 32;

/// Reads a project.
///
/// # Errors
/// A file that is no zip with a whole `project.xml`.
pub fn read(file: &str, source: &mut (impl Read + Seek)) -> Result<Session, SessionError> {
    let damaged =
        |fault: String| SessionError::new(file, format!("is no whole DAWproject ({fault}); export it again"));
    let stated = stated_listing(source).map_err(|cause| damaged(cause.to_string()))?;
    if stated.is_some_and(|stated| stated.entries > MOST_ENTRIES as u64 || stated.listing > LARGEST_LISTING) {
        return Err(damaged("it states more files than any".into()));
    }
    let mut archive = ZipArchive::new(source).map_err(|fault| damaged(fault.to_string()))?;
    let names: HashSet<String> =
        archive.file_names().filter_map(|name| name.ok().map(|name| name.into_owned())).collect();
    let project = archive.by_name("project.xml").map_err(|fault| damaged(fault.to_string()));
    let bytes = text(file, &mut project?)?;
    project_xml(file, utf8(file, &bytes)?, &names)
}

fn project_xml(file: &str, text: &str, files: &HashSet<String>) -> Result<Session, SessionError> {
    let document = parse(file, text)?;
    let root = document.root_element();
    if !root.has_tag_name("Project") {
        return Err(SessionError::new(file, "holds a project.xml of another kind; export it again"));
    }
    let mut session = Session::unknown(file, Kind::DawProject);
    session.every_kind = true;
    session.unlisted_tracks = Some(0);
    session.unused_clips = Some(Vec::new());
    let (media, rate) = media(root, files);
    (session.media, session.sample_rate) = (Some(media), rate);
    let transport = child(root, "Transport");
    let arrangement = child(root, "Arrangement");
    let steady = arrangement.is_none_or(|arrangement| {
        child(arrangement, "TempoAutomation")
            .is_none_or(|points| points.children().filter(Node::is_element).count() < 2)
    });
    let tempo =
        transport.and_then(|transport| child(transport, "Tempo")).and_then(|tempo| value(tempo, "value"));
    let times = Times {
        sample_rate: rate,
        seconds_per_beat: tempo.filter(|&bpm| steady && bpm > 0.0).map(|bpm| 60.0 / bpm),
    };

    // Channels and parameters by the ids that sends and automation name.
    let labels: HashMap<&str, String> = root
        .descendants()
        .filter_map(|node| {
            let parent = node.parent().and_then(|parent| parent.attribute("name"));
            let name = node.attribute("name").or(if node.has_tag_name("Channel") { parent } else { None });
            Some((node.attribute("id")?, name.unwrap_or(node.tag_name().name()).to_string()))
        })
        .collect();
    let mut at_track: HashMap<&str, usize> = HashMap::new();
    let mut vcas = Vec::new();
    // Tracks hold tracks; the order of the window is depth first.
    let mut open: Vec<(Node, usize)> = child(root, "Structure").map(|node| (node, 0)).into_iter().collect();
    while let Some((node, depth)) = open.pop() {
        if node.has_tag_name("Track") {
            let track = track(node, &labels);
            if track.kind == TrackKind::Vca {
                vcas.push(track.name.clone());
            }
            if let Some(id) = node.attribute("id") {
                at_track.insert(id, session.tracks.len());
            }
            session.tracks.push(track);
        }
        if depth > DEEPEST {
            return Err(SessionError::new(
                file,
                "nests its tracks too deeply for a session; export it again",
            ));
        }
        let within: Vec<Node> = children(node, "Track").collect();
        open.extend(within.into_iter().rev().map(|track| (track, depth + 1)));
    }
    session.vcas = Some(vcas);
    for list in arrangement.into_iter().flat_map(|arrangement| arrangement.descendants()) {
        if !list.has_tag_name("Clips") && !list.has_tag_name("Points") {
            continue;
        }
        // The lanes nearest to it say whose it is.
        let id = list.ancestors().find_map(|lanes| lanes.attribute("track"));
        if let Some(track) = id.and_then(|id| at_track.get(id)).and_then(|&at| session.tracks.get_mut(at)) {
            content(list, &times, &labels, track);
        }
    }
    // A program that knows fades writes them, also those of no length; without any nothing is known of them.
    let fades = ["fadeInTime", "fadeOutTime"];
    let any_fade = root.descendants().any(|node| fades.iter().any(|fade| node.has_attribute(*fade)));
    for clips in session.tracks.iter_mut().filter_map(|track| track.clips.as_mut()) {
        clips.sort_by_key(|clip| clip.start);
        for clip in clips.iter_mut().filter(|_| !any_fade) {
            (clip.fade_in, clip.fade_out) = (None, None);
        }
    }
    Ok(session)
}

/// The audio files, and the sample rate if all have the same.
fn media(root: Node, files: &HashSet<String>) -> (Vec<Media>, Option<u32>) {
    let mut found: Vec<Media> = Vec::new();
    let mut seen = HashSet::new();
    for audio in root.descendants().filter(|node| node.has_tag_name("Audio") || node.has_tag_name("Video")) {
        let Some(path) = child(audio, "File").and_then(|file| file.attribute("path")) else { continue };
        if !seen.insert(path) {
            continue;
        }
        let external = child(audio, "File").and_then(|file| file.attribute("external")) == Some("true");
        let place = match files.contains(path) {
            _ if external => Place::At(path.to_string()),
            true => Place::Embedded,
            false => Place::Offline,
        };
        found.push(Media {
            id: path.to_string(),
            name: path.rsplit(['/', '\\']).next().unwrap_or(path).to_string(),
            place,
            sample_rate: value(audio, "sampleRate").map(|rate| rate as u32).filter(|&rate| rate > 0),
            bits: None,
            channels: value(audio, "channels").map(|channels| channels as u16),
        });
    }
    let first = found.first().and_then(|media| media.sample_rate);
    let rate = first.filter(|_| found.iter().all(|media| media.sample_rate == first));
    (found, rate)
}

/// How places are written: beats, unless something around them says seconds.
struct Times {
    sample_rate: Option<u32>,
    /// `None` if the tempo changes.
    seconds_per_beat: Option<f64>,
}

impl Times {
    /// Seconds a unit of time, as an attribute of a node or of what it is in says.
    fn unit(&self, node: Node, attribute: &str) -> Option<f64> {
        let own = node.attribute(attribute);
        let inherited = || node.ancestors().skip(1).find_map(|parent| parent.attribute("timeUnit"));
        match own.or_else(inherited) {
            Some("seconds") => Some(1.0),
            _ => self.seconds_per_beat,
        }
    }

    fn samples(&self, amount: Option<f64>, unit: Option<f64>) -> Option<i64> {
        Some(samples(amount? * unit?, self.sample_rate?))
    }
}

fn track(node: Node, labels: &HashMap<&str, String>) -> Track {
    let channel = child(node, "Channel");
    let name = node.attribute("name").unwrap_or_default();
    let role = channel.and_then(|channel| channel.attribute("role"));
    let content = node.attribute("contentType").unwrap_or_default();
    let kind = match (role, content) {
        // Some programs write their groups like the master.
        (Some("master"), content) if content.contains("tracks") => TrackKind::Folder,
        (Some("master"), _) => TrackKind::Master,
        (Some("vca"), _) => TrackKind::Vca,
        (Some("effect" | "submix"), _) => TrackKind::Aux,
        (_, content) if content.contains("tracks") => TrackKind::Folder,
        (_, content) if content.contains("video") => TrackKind::Video,
        (_, content) if content.contains("notes") && !content.contains("audio") => TrackKind::Midi,
        // Written by programs that leave roles out.
        (None, "") if name == "Master" => TrackKind::Master,
        _ => TrackKind::Audio,
    };
    let mut track = Track::unknown(name, kind);
    track.built_in = kind == TrackKind::Master;
    track.playlists = Some(1);
    track.inactive = node.attribute("loaded").map(|loaded| loaded != "true");
    track.clips = Some(Vec::new());
    track.automation = Some(Vec::new());
    let Some(channel) = channel else { return track };
    // Two are the default, also of tracks of mono clips: then the files decide.
    track.channels =
        value(channel, "audioChannels").map(|channels| channels as u16).filter(|&channels| channels != 2);
    let on = |node: Node, name: &str| {
        child(node, name).and_then(|switch| switch.attribute("value")).map(|value| value == "true")
    };
    track.muted = on(channel, "Mute");
    track.fader_db = child(channel, "Volume").and_then(volume);
    let devices = child(channel, "Devices").into_iter().flat_map(|devices| devices.children());
    track.plug_ins = Some(
        devices
            .filter(Node::is_element)
            .map(|device| PlugIn {
                name: device
                    .attribute("deviceName")
                    .or(device.attribute("name"))
                    .unwrap_or(device.tag_name().name())
                    .to_string(),
                active: Some(on(device, "Enabled") != Some(false)),
            })
            .collect(),
    );
    let sends = child(channel, "Sends").into_iter().flat_map(|sends| children(sends, "Send"));
    track.sends = Some(
        sends
            .map(|send| {
                let target = send.attribute("destination").and_then(|id| labels.get(id)).cloned();
                let off = on(send, "Enable") == Some(false);
                let level = child(send, "Volume").and_then(volume);
                let target = target.unwrap_or_else(|| "another channel".into());
                Send { target, level_db: if off { Some(f64::NEG_INFINITY) } else { level } }
            })
            .collect(),
    );
    track
}

/// A fader in dB.
fn volume(node: Node) -> Option<f64> {
    let value = value(node, "value")?;
    match node.attribute("unit") {
        Some("decibel") => Some(value),
        Some("linear") | None => Some(decibels(value)),
        Some(_) => None,
    }
}

/// Adds what a list of a track's lanes holds: clips, or points of automation.
fn content(list: Node, times: &Times, labels: &HashMap<&str, String>, track: &mut Track) {
    let within_clip = || list.ancestors().any(|parent| parent.has_tag_name("Clip"));
    if list.has_tag_name("Clips") {
        // Clips within clips are parts of one: the outer one is what is seen.
        if !within_clip() {
            track.clips.get_or_insert_default().extend(children(list, "Clip").map(|node| clip(node, times)));
        }
        return;
    }
    let target = child(list, "Target")
        .and_then(|target| target.attribute("parameter").or(target.attribute("expression")));
    // The gain of a clip is clip gain.
    if target == Some("gain") && within_clip() {
        return;
    }
    let parameter = target.map(|target| labels.get(target).map_or(target, String::as_str));
    let parameter = parameter.unwrap_or("a parameter").to_string();
    let values = list.children().filter(|point| point.has_attribute("value"));
    let mut values = values.map(|point| value(point, "value").unwrap_or(f64::NAN)).peekable();
    let lane = match parameter.as_str() {
        "Volume" => {
            let linear = |value: f64| 10f64.powf(value / 20.0);
            let in_decibels = list.attribute("unit") == Some("decibel");
            Automation::of_gains(parameter, values.map(|v| if in_decibels { linear(v) } else { v }))
        }
        _ => values.peek().is_some().then(|| {
            let idle = parameter == "Pan" && values.all(|value| (value - 0.5).abs() < 1e-4);
            Automation { parameter, idle, held_db: None }
        }),
    };
    track.automation.get_or_insert_default().extend(lane);
}

fn clip(node: Node, times: &Times) -> Clip {
    let unit = times.unit(node, "timeUnit");
    let fade_unit = times.unit(node, "fadeTimeUnit");
    let parts = || node.descendants().filter(|part| part.has_tag_name("Clip"));
    let fade = |name: &str| {
        let lengths: Vec<f64> = parts().filter_map(|part| value(part, name)).collect();
        let length = times.samples(lengths.iter().copied().reduce(f64::max), fade_unit);
        lengths.iter().any(|&length| length > 0.0) && length != Some(0)
    };
    let file =
        node.descendants().find(|part| part.has_tag_name("File")).and_then(|file| file.attribute("path"));
    let warped: Vec<bool> = node
        .descendants()
        .filter(|part| part.has_tag_name("Warps"))
        .filter_map(|warps| stretched(warps, times))
        .collect();
    let has_warps = node.descendants().any(|part| part.has_tag_name("Warps"));
    Clip {
        name: node
            .attribute("name")
            .or(file.and_then(|file| file.rsplit('/').next()))
            .unwrap_or_default()
            .to_string(),
        start: times.samples(value(node, "time"), unit),
        length: times.samples(value(node, "duration"), unit).and_then(|length| u64::try_from(length).ok()),
        source: file.map(str::to_string),
        gain_db: None,
        fade_in: Some(fade("fadeInTime")),
        fade_out: Some(fade("fadeOutTime")),
        stretched: if has_warps && warped.is_empty() { None } else { Some(warped.contains(&true)) },
        muted: node.attribute("enable").map(|enable| enable == "false"),
    }
}

/// Whether warp points change the speed of what they hold; `None` if the tempo would have to be known.
fn stretched(warps: Node, times: &Times) -> Option<bool> {
    let inner = match warps.attribute("contentTimeUnit") {
        Some("seconds") => Some(1.0),
        _ => times.seconds_per_beat,
    }?;
    let outer = times.unit(warps, "timeUnit")?;
    let points: Vec<(f64, f64)> = children(warps, "Warp")
        .filter_map(|point| Some((value(point, "time")? * outer, value(point, "contentTime")? * inner)))
        .collect();
    let changed = points.windows(2).any(|pair| {
        let ((a, content_a), (b, content_b)) = (pair[0], pair[1]);
        // A thousandth: programs round the ends.
        ((b - a) - (content_b - content_a)).abs() > 1e-3 * (b - a).abs().max(1e-3)
    });
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(structure: &str, lanes: &str) -> Session {
        let text = format!(
            r#"<Project version="1.0"><Transport><Tempo value="120" unit="bpm"/></Transport>
            <Structure>{structure}
              <Track name="Master" id="m"><Channel role="master" id="mc"><Volume id="mv" value="1" unit="linear"/></Channel></Track>
            </Structure><Arrangement><Lanes timeUnit="seconds">{lanes}</Lanes></Arrangement></Project>"#
        );
        project_xml("a.dawproject", &text, &HashSet::from(["audio/a.wav".to_string()])).unwrap()
    }

    const TRACK: &str = r#"<Track name="FR_MARIA" id="t" contentType="audio" loaded="true"><Channel id="c" audioChannels="1" role="regular">
        EXTRA<Mute value="false"/><Volume id="v" value="0.5" unit="linear"/></Channel></Track>"#;

    const CLIP: &str = r#"<Lanes track="t"><Clips><Clip time="1.5" duration="2" fadeInTime="0.01" fadeTimeUnit="seconds" name="x">
        <Audio channels="1" sampleRate="48000" duration="9"><File path="audio/a.wav"/></Audio></Clip></Clips></Lanes>"#;

    #[test]
    fn tracks_and_clips() {
        let session = project(&TRACK.replace("EXTRA", ""), CLIP);
        let [track, master] = &session.tracks[..] else { panic!() };
        assert!(master.built_in && master.fader_db == Some(0.0));
        assert_eq!((track.kind, track.channels, track.muted), (TrackKind::Audio, Some(1), Some(false)));
        assert!((track.fader_db.unwrap() + 6.02).abs() < 0.01);
        let clip = &track.clips.as_ref().unwrap()[0];
        assert_eq!((clip.name.as_str(), clip.start, clip.length), ("x", Some(72_000), Some(96_000)));
        assert_eq!((clip.fade_in, clip.fade_out, clip.stretched), (Some(true), Some(false), Some(false)));
        // A program that never writes a fade may not know them.
        let without = project(&TRACK.replace("EXTRA", ""), &CLIP.replace("fadeInTime=\"0.01\"", ""));
        let unfaded = without.clips().next().unwrap().1;
        assert_eq!((unfaded.fade_in, unfaded.fade_out), (None, None));
        assert_eq!(session.media_of(clip).unwrap().place, Place::Embedded);
        assert_eq!((session.sample_rate, session.vcas.as_deref()), (Some(48_000), Some(&[][..])));
    }

    #[test]
    fn beats_are_placed_by_a_steady_tempo_and_warps_are_seen() {
        let beats = CLIP.replace("<Lanes track=\"t\">", "<Lanes track=\"t\" timeUnit=\"beats\">");
        let session = project(&TRACK.replace("EXTRA", ""), &beats);
        // Half a second a beat.
        assert_eq!(session.clips().next().unwrap().1.start, Some(36_000));
        let warped = |content: &str| {
            let warps = format!(
                "<Warps contentTimeUnit=\"seconds\"><Warp time=\"0\" contentTime=\"0\"/><Warp time=\"2\" contentTime=\"{content}\"/><Audio"
            );
            let lanes = CLIP.replace("<Audio", &warps).replace("</Audio>", "</Audio></Warps>");
            project(&TRACK.replace("EXTRA", ""), &lanes).clips().next().unwrap().1.stretched
        };
        assert_eq!((warped("2"), warped("1.8")), (Some(false), Some(true)));
    }

    #[test]
    fn devices_sends_and_automation() {
        let extra = r#"<Devices><Limiter deviceName="Peak"/><Vst3Plugin name="x" deviceName="EQ"><Enabled value="false"/></Vst3Plugin></Devices>
            <Sends><Send destination="mc"><Volume value="-6" unit="decibel"/></Send></Sends>"#;
        let points = r#"<Lanes track="t"><Points><Target parameter="v"/><RealPoint time="0" value="0.3"/></Points></Lanes>"#;
        let session = project(&TRACK.replace("EXTRA", extra), points);
        let track = &session.tracks[0];
        let names: Vec<_> = track
            .plug_ins
            .as_ref()
            .unwrap()
            .iter()
            .map(|plug_in| (plug_in.name.as_str(), plug_in.active))
            .collect();
        assert_eq!(names, [("Peak", Some(true)), ("EQ", Some(false))]);
        assert_eq!(track.sends.as_ref().unwrap(), &[Send { target: "Master".into(), level_db: Some(-6.0) }]);
        assert_eq!(
            track.automation.as_ref().unwrap(),
            &[Automation { parameter: "Volume".into(), idle: false, held_db: Some(decibels(0.3)) }]
        );
    }

    #[test]
    fn nested_lanes_are_told_once_and_groups_are_no_masters() {
        let nested = CLIP.replace("<Clips>", "<Clips track=\"t\">");
        let group =
            r#"<Track name="G" contentType="tracks"><Channel role="master" audioChannels="2"/></Track>"#;
        let session = project(&(TRACK.replace("EXTRA", "") + group), &nested);
        assert_eq!(session.clips().count(), 1);
        let [_, group, master] = &session.tracks[..] else { panic!() };
        assert_eq!((group.kind, group.built_in, group.channels), (TrackKind::Folder, false, None));
        assert!(master.built_in);
    }

    #[test]
    fn media_outside_and_missing() {
        let external = CLIP.replace("path=\"audio/a.wav\"", "path=\"/far/b.wav\" external=\"true\"");
        let session = project(&TRACK.replace("EXTRA", ""), &external);
        assert_eq!(session.media.unwrap()[0].place, Place::At("/far/b.wav".into()));
        let missing = CLIP.replace("audio/a.wav", "audio/b.wav");
        assert_eq!(project(&TRACK.replace("EXTRA", ""), &missing).media.unwrap()[0].place, Place::Offline);
    }

    #[test]
    fn damaged_projects_are_errors() {
        assert!(read("a.dawproject", &mut std::io::Cursor::new(b"PK")).is_err());
        assert!(project_xml("a.dawproject", "<Other/>", &HashSet::new()).is_err());
        let deep = "<Track>".repeat(40) + &"</Track>".repeat(40);
        let text = format!("<Project><Structure>{deep}</Structure></Project>");
        assert!(project_xml("a.dawproject", &text, &HashSet::new()).is_err());
    }
}
