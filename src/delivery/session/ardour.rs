//! Ardour sessions (`.ardour`), from version 3 on. Versions from 7 on write places in superclocks.

use std::collections::HashMap;

use roxmltree::Node;

use super::xml::{child, children, flag, parse, utf8, value};
use super::{
    Automation, Clip, Kind, MOST_PARTS, Media, Place, PlugIn, Rate, Send, Session, SessionError, Track,
    TrackKind, decibels, number,
};

/// Superclocks a second, unless the session says otherwise.
const SUPERCLOCKS: f64 = 282_240_000.0;

/// Processors that every route has, or that stand for something else than an insert.
const PLUMBING: [&str; 16] = [
    "amp",
    "trim",
    "polarity",
    "meter",
    "main-outs",
    "diskreader",
    "diskwriter",
    "triggerbox",
    "monitor",
    "delay",
    "capture",
    "intreturn",
    "return",
    "intsend",
    "send",
    "surround-send",
];

/// Reads a session.
///
/// # Errors
/// A file that is no whole session.
pub fn read(file: &str, bytes: &[u8]) -> Result<Session, SessionError> {
    let document = parse(file, utf8(file, bytes)?)?;
    let root = document.root_element();
    if !root.has_tag_name("Session") {
        return Err(SessionError::new(file, "does not start as an Ardour session does; save it again"));
    }
    let mut session = Session::unknown(file, Kind::Ardour);
    session.every_kind = true;
    session.unlisted_tracks = Some(0);
    session.name = root.attribute("name").map(str::to_string);
    session.sample_rate = value(root, "sample-rate").map(|rate| rate as u32).filter(|&rate| rate > 0);
    let clocks = child(root, "TempoMap").and_then(|map| value(map, "superclocks-per-second"));
    let times = Times { sample_rate: session.sample_rate, clocks: clocks.unwrap_or(SUPERCLOCKS) };

    let option = |name: &str| {
        let config = child(root, "Config")?;
        let option = config.children().find(|option| option.attribute("name") == Some(name));
        option?.attribute("value")
    };
    if let Some((rate, drop_frame)) = option("timecode-format").and_then(timecode_format) {
        (session.frame_rate, session.drop_frame) = (Some(rate), Some(drop_frame));
    }
    let range = child(root, "Locations").and_then(|locations| {
        locations
            .children()
            .find(|range| range.attribute("flags").is_some_and(|flags| flags.contains("IsSessionRange")))
    });
    let origin = range.and_then(|range| times.samples(range.attribute("start")?));
    let offset = option("timecode-offset").and_then(number).unwrap_or(0.0) as i64;
    let offset = if option("timecode-offset-negative") == Some("1") { -offset } else { offset };
    if let (Some(origin), Some(rate), Some(sample_rate)) =
        (origin, session.frame_rate.and_then(Rate::picture), session.sample_rate)
    {
        let seconds = origin.saturating_add(offset).max(0) as f64 / f64::from(sample_rate);
        let frames = seconds * f64::from(rate.numerator()) / f64::from(rate.denominator());
        session.start_frame = Some(frames.round() as u64);
    }

    let sources = child(root, "Sources").into_iter().flat_map(|sources| children(sources, "Source"));
    session.media =
        Some(sources.filter(|source| source.attribute("type") == Some("audio")).filter_map(media).collect());

    let lists = ["Playlists", "UnusedPlaylists"].into_iter().filter_map(|lists| child(root, lists));
    let lists: Vec<Node> = lists.flat_map(|lists| children(lists, "Playlist")).collect();
    let mut lists_of: HashMap<&str, u32> = HashMap::new();
    for track in lists.iter().filter_map(|list| list.attribute("orig-track-id")) {
        *lists_of.entry(track).or_default() += 1;
    }
    // Older versions refer to playlists by name; an id goes before a name, and the first before the others.
    let mut by_key: HashMap<&str, Node> = HashMap::new();
    for attribute in ["id", "name"] {
        for list in &lists {
            if let Some(key) = list.attribute(attribute) {
                by_key.entry(key).or_insert(*list);
            }
        }
    }
    let playlists = Playlists { lists_of, by_key };
    let mut routes: Vec<Node> =
        child(root, "Routes").into_iter().flat_map(|routes| children(routes, "Route")).collect();
    routes.sort_by_key(|route| {
        child(*route, "PresentationInfo").and_then(|info| value(info, "order")).unwrap_or(0.0) as i64
    });
    let names: HashMap<&str, &str> =
        routes.iter().filter_map(|route| Some((route.attribute("id")?, route.attribute("name")?))).collect();
    let mut clips = 0;
    for route in routes {
        let track = track(route, &playlists, &names, &times, origin.unwrap_or(0));
        // Any number of routes may play one playlist.
        clips += track.as_ref().and_then(|track| track.clips.as_ref()).map_or(0, Vec::len);
        if clips > MOST_PARTS {
            let fault = format!("has more than {MOST_PARTS} clips: no session has, save it again");
            return Err(SessionError::new(file, fault));
        }
        session.tracks.extend(track);
    }

    let named = |parent: &'static str, item: &'static str| {
        let items = child(root, parent).into_iter().flat_map(move |parent| children(parent, item));
        items.map(|item| item.attribute("name").unwrap_or_default().to_string()).collect()
    };
    session.groups = Some(named("RouteGroups", "RouteGroup"));
    session.vcas = Some(named("VCAManager", "VCA"));
    session.unused_clips = Some(Vec::new());
    Ok(session)
}

/// The playlists of a session.
struct Playlists<'a, 'd> {
    /// How many each track has, by its id.
    lists_of: HashMap<&'a str, u32>,
    /// By id and by name.
    by_key: HashMap<&'a str, Node<'a, 'd>>,
}

/// How places are written: samples, or `a` and superclocks of audio time. Musical time is not placed.
struct Times {
    sample_rate: Option<u32>,
    clocks: f64,
}

impl Times {
    fn samples(&self, text: &str) -> Option<i64> {
        match text.strip_prefix('a') {
            Some(clocks) => {
                Some((number(clocks)? * f64::from(self.sample_rate?) / self.clocks).round() as i64)
            }
            None => text.parse().ok(),
        }
    }
}

/// "timecode_2997drop" and the like.
fn timecode_format(text: &str) -> Option<(Rate, bool)> {
    let format = text.strip_prefix("timecode_")?;
    let drop_frame = format.ends_with("drop");
    let digits = format.trim_end_matches("drop");
    let rate = match digits {
        "23976" => Rate::from_fraction(24000, 1001),
        "24976" => Rate::from_fraction(24976, 1000),
        "2997" => Rate::from_fraction(30000, 1001),
        "2997000" => Rate::from_fraction(2997, 100),
        "5994" => Rate::from_fraction(60000, 1001),
        whole => Rate::from_fraction(whole.parse().ok()?, 1),
    };
    Some((rate?, drop_frame))
}

fn media(source: Node) -> Option<Media> {
    let name = source.attribute("name")?;
    // A file of the session lies in its `audiofiles`; any other is written with its path.
    let place = if name.contains('/') { name.to_string() } else { format!("audiofiles/{name}") };
    Some(Media {
        id: source.attribute("id")?.to_string(),
        name: name.rsplit('/').next().unwrap_or(name).to_string(),
        place: Place::At(place),
        sample_rate: None,
        bits: None,
        channels: None,
    })
}

/// One route. `None` for what is no part of the mix: the monitor section and the auditioner.
fn track(
    route: Node,
    playlists: &Playlists,
    names: &HashMap<&str, &str>,
    times: &Times,
    origin: i64,
) -> Option<Track> {
    let info = child(route, "PresentationInfo");
    let flags =
        info.and_then(|info| info.attribute("flags")).or(route.attribute("flags")).unwrap_or_default();
    let has = |flag: &str| flags.split(',').any(|set| set.trim() == flag);
    if has("MonitorOut") || has("Auditioner") {
        return None;
    }
    let playlist = route.attribute("audio-playlist").or(route.attribute("playlist"));
    let kind = match () {
        () if has("MasterOut") => TrackKind::Master,
        () if route.attribute("default-type") == Some("midi") => TrackKind::Midi,
        () if playlist.is_some() || has("AudioTrack") => TrackKind::Audio,
        () => TrackKind::Aux,
    };
    let mut track = Track::unknown(route.attribute("name").unwrap_or_default(), kind);
    track.built_in = kind == TrackKind::Master;
    track.hidden = Some(has("Hidden"));
    track.inactive = flag(route, "active").map(|active| !active);
    track.muted = child(route, "MuteMaster").and_then(|mute| flag(mute, "muted"));
    let input = children(route, "IO").find(|io| io.attribute("direction") == Some("Input"));
    let ports =
        |io: Node| children(io, "Port").filter(|port| port.attribute("type") == Some("audio")).count() as u16;
    track.channels = input.map(ports).filter(|&ports| ports > 0);

    let (mut fader_db, mut plug_ins, mut sends) = (None, Vec::new(), Vec::new());
    for processor in children(route, "Processor") {
        let kind = processor.attribute("type").unwrap_or_default();
        let name = processor.attribute("name").unwrap_or_default().to_string();
        let active = flag(processor, "active");
        match kind {
            "amp" | "trim" => {
                if let Some(level) = gain(processor) {
                    fader_db = Some(fader_db.unwrap_or(0.0) + decibels(level));
                }
            }
            // Listening is monitoring.
            "intsend" | "send" if processor.attribute("role") != Some("Listen") => {
                let target = processor.attribute("target").and_then(|id| names.get(id).copied());
                let amp =
                    children(processor, "Processor").find(|inner| inner.attribute("type") == Some("amp"));
                let level = gain(processor).or(amp.and_then(gain)).map(decibels);
                let level = if active == Some(false) { Some(f64::NEG_INFINITY) } else { level };
                sends.push(Send { target: target.unwrap_or(&name).to_string(), level_db: level });
            }
            kind if !PLUMBING.contains(&kind) => plug_ins.push(PlugIn { name, active }),
            _ => {}
        }
    }
    (track.fader_db, track.plug_ins, track.sends) = (fader_db, Some(plug_ins), Some(sends));
    track.automation = Some(
        route
            .descendants()
            .filter(|node| node.has_tag_name("AutomationList"))
            .filter_map(automation)
            .collect(),
    );
    let outputs = children(route, "IO").filter(|io| io.attribute("direction") == Some("Output"));
    let connections = outputs.flat_map(|io| io.descendants()).filter_map(|node| node.attribute("other"));
    let buses = connections.filter_map(|other| other.rsplit_once("/audio_in")).map(|(bus, _)| bus);
    let mut buses: Vec<String> = buses
        .filter(|bus| *bus != "Master" && *bus != "Monitor")
        .map(|bus| format!("goes to {bus}"))
        .collect();
    buses.sort();
    buses.dedup();
    track.routing = Some(buses);

    if kind == TrackKind::Audio {
        let own = route.attribute("id").and_then(|id| playlists.lists_of.get(id)).copied();
        track.playlists = Some(own.unwrap_or(1).max(1));
        let list = playlist.and_then(|playlist| playlists.by_key.get(playlist));
        track.clips = list.map(|list| {
            let mut clips: Vec<Clip> =
                children(*list, "Region").map(|region| clip(region, times, origin)).collect();
            clips.sort_by_key(|clip| clip.start);
            clips
        });
    }
    Some(track)
}

/// The gain of an amplifier.
fn gain(processor: Node) -> Option<f64> {
    let controls = children(processor, "Controllable");
    let mut gains =
        controls.filter(|control| matches!(control.attribute("name"), Some("gaincontrol" | "trimcontrol")));
    gains.next().and_then(|control| value(control, "value"))
}

/// A list with points. Idle if it is switched off or all its points leave things as they are.
fn automation(list: Node) -> Option<Automation> {
    let events = child(list, "events").and_then(|events| events.text()).unwrap_or_default();
    let values = events
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .map(|value| number(value).unwrap_or(f64::NAN));
    let mut values = values.peekable();
    values.peek()?;
    let parameter = list.attribute("automation-id").unwrap_or("a parameter").to_string();
    if list.attribute("state") == Some("Off") {
        return Some(Automation { parameter, idle: true, held_db: None });
    }
    let neutral = match parameter.as_str() {
        "gain" | "trim" => return Automation::of_gains(parameter, values),
        "pan-azimuth" => Some(0.5),
        "mute" | "solo" => Some(0.0),
        _ => None,
    };
    let idle = neutral.is_some_and(|neutral| values.all(|value| (value - neutral).abs() < 1e-4));
    Some(Automation { parameter, idle, held_db: None })
}

fn clip(region: Node, times: &Times, origin: i64) -> Clip {
    // From version 7 on the place stands in the length: `length@place`.
    let length = region.attribute("length").unwrap_or_default();
    let (length, place) = match length.split_once('@') {
        Some((length, place)) => (length, Some(place)),
        None => (length, region.attribute("position")),
    };
    let amount = |name: &str| value(region, name);
    let stretched =
        amount("stretch").zip(amount("shift")).map(|(stretch, shift)| stretch != 1.0 || shift != 1.0);
    Clip {
        name: region.attribute("name").unwrap_or_default().to_string(),
        start: place.and_then(|place| times.samples(place)).map(|start| start.saturating_sub(origin)),
        length: times.samples(length).and_then(|length| u64::try_from(length).ok()),
        source: region.attribute("source-0").map(str::to_string),
        gain_db: amount("scale-amplitude").map(decibels),
        fade_in: flag(region, "fade-in-active"),
        fade_out: flag(region, "fade-out-active"),
        stretched,
        muted: flag(region, "muted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::timecode::FrameRate;

    /// In the shape that Ardour 7.3 writes, reduced to what is read.
    fn session(routes: &str, playlists: &str) -> Session {
        let text = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<Session version="7002" name="night" sample-rate="48000">
  <Config><Option name="timecode-format" value="timecode_2997drop"/></Config>
  <Sources><Source name="Take1.wav" type="audio" id="189" channel="0" origin=""/>
    <Source name="/elsewhere/b.wav" type="audio" id="190" channel="0" origin=""/></Sources>
  <Locations><Location name="session" start="a1016064000000" end="a1016346240000" flags="IsSessionRange"/></Locations>
  <VCAManager/>
  <Routes>
    <Route id="32" name="Master" default-type="audio" active="1">
      <PresentationInfo order="0" flags="MasterOut,OrderSet"/>
      <Processor name="Amp" active="1" type="amp"><Controllable name="gaincontrol" value="1"/></Processor>
    </Route>
    {routes}
  </Routes>
  <Playlists>{playlists}</Playlists>
  <UnusedPlaylists/><RouteGroups/>
  <TempoMap superclocks-per-second="282240000"/>
</Session>"#
        );
        read("a.ardour", text.as_bytes()).unwrap()
    }

    const TRACK: &str = r#"<Route id="125" name="FR_MARIA" default-type="audio" active="1" audio-playlist="187">
      <PresentationInfo order="1" flags="AudioTrack,OrderSet"/>
      <IO direction="Input"><Port type="audio" name="i"/></IO>
      <IO direction="Output"><Port type="audio" name="o"><Connection other="Master/audio_in 1"/></Port></IO>
      <MuteMaster muted="1"/>
      PROCESSORS
    </Route>"#;

    const REGION: &str = r#"<Playlist id="187" name="FR_MARIA" orig-track-id="125">
      <Region name="FR_MARIA-1" muted="0" length="a564480000@a1016346240000" stretch="1" shift="1" fade-in-active="1"
        fade-out-active="0" scale-amplitude="0.5" source-0="189" channels="1"/></Playlist>"#;

    #[test]
    fn places_kinds_and_clips() {
        let session = session(&TRACK.replace("PROCESSORS", ""), REGION);
        assert_eq!(session.frame_rate, Some(Rate::Picture(FrameRate::Fps29_97)));
        assert_eq!(session.drop_frame, Some(true));
        // One hour in real time is 107892.1 frames.
        assert_eq!(session.start_frame, Some(107_892));
        let [master, track] = &session.tracks[..] else { panic!() };
        assert!(master.built_in && master.fader_db == Some(0.0));
        assert_eq!((track.kind, track.channels, track.muted), (TrackKind::Audio, Some(1), Some(true)));
        assert_eq!((track.playlists, track.routing.as_deref()), (Some(1), Some(&[][..])));
        let clip = &track.clips.as_ref().unwrap()[0];
        // One second after the session's start, two seconds long.
        assert_eq!((clip.start, clip.length), (Some(48_000), Some(96_000)));
        assert_eq!((clip.fade_in, clip.fade_out, clip.stretched), (Some(true), Some(false), Some(false)));
        assert!((clip.gain_db.unwrap() + 6.02).abs() < 0.01);
        assert_eq!(session.media_of(clip).unwrap().place, Place::At("audiofiles/Take1.wav".into()));
        assert_eq!(session.media.as_ref().unwrap()[1].place, Place::At("/elsewhere/b.wav".into()));
    }

    #[test]
    fn inserts_sends_faders_and_automation() {
        let processors = r#"
          <Processor name="Amp" type="trim"><Controllable name="trimcontrol" value="1"/></Processor>
          <Processor name="Amp" type="amp"><Automation><AutomationList automation-id="gain" state="Play"><events>a0 1
a282240000 0.3
</events></AutomationList></Automation><Controllable name="gaincontrol" value="0.31622776601683794"/></Processor>
          <Processor name="ACE Compressor" active="1" type="luaproc"/>
          <Processor name="x" active="1" type="intsend" role="Aux" target="200">
            <Processor type="amp"><Controllable name="gaincontrol" value="0"/></Processor></Processor>
          <Processor name="l" active="1" type="intsend" role="Listen"/>
          <Processor name="meter" type="meter"/>"#;
        let bus = r#"<Route id="200" name="Reverb" default-type="audio" active="0"><PresentationInfo order="2" flags="AudioBus,Hidden"/></Route>"#;
        let session = self::session(&(TRACK.replace("PROCESSORS", processors) + bus), REGION);
        let [_, track, bus] = &session.tracks[..] else { panic!() };
        assert!((track.fader_db.unwrap() + 10.0).abs() < 1e-9);
        assert_eq!(
            track.plug_ins.as_ref().unwrap(),
            &[PlugIn { name: "ACE Compressor".into(), active: Some(true) }]
        );
        let sends = track.sends.as_ref().unwrap();
        assert_eq!(sends, &[Send { target: "Reverb".into(), level_db: Some(f64::NEG_INFINITY) }]);
        assert_eq!(
            track.automation.as_ref().unwrap(),
            &[Automation { parameter: "gain".into(), idle: false, held_db: None }]
        );
        let held = processors.replace("a0 1\n", "a0 0.1\n").replace("a282240000 0.3", "a282240000 0.1");
        let automation = |processors: &str| {
            let session = self::session(&TRACK.replace("PROCESSORS", processors), REGION);
            session.tracks[1].automation.clone().unwrap()
        };
        let gain = |idle, held_db| [Automation { parameter: "gain".into(), idle, held_db }];
        assert_eq!(automation(&held), gain(false, Some(-20.0)), "it stands still, but not at 0 dB");
        assert_eq!(automation(&held.replace(" 0.1\n", " 1\n")), gain(true, Some(0.0)));
        assert_eq!(automation(&held.replace("\"Play\"", "\"Off\"")), gain(true, None));
        assert_eq!((bus.kind, bus.hidden, bus.inactive), (TrackKind::Aux, Some(true), Some(true)));
    }

    #[test]
    fn older_sessions_write_samples() {
        let region =
            REGION.replace("length=\"a564480000@a1016346240000\"", "length=\"96000\" position=\"172848000\"");
        let session = session(&TRACK.replace("PROCESSORS", ""), &region);
        let clip = session.clips().next().unwrap().1;
        assert_eq!((clip.start, clip.length), (Some(48_000), Some(96_000)));
    }

    #[test]
    fn other_files_are_errors() {
        for text in ["", "<Session>", "<Other/>", "\u{0}"] {
            assert!(read("a.ardour", text.as_bytes()).is_err());
        }
    }
}
