//! Pro Tools *Session Info as Text* (File > Export), read line by line and each line from the right, because
//! names may hold tabs and new lines.

use std::collections::{HashMap, HashSet};

use super::fades::{Fade, Side, fold, touches};
use super::{Clip, Kind, Media, Place, PlugIn, Rate, Session, SessionError, Track, TrackKind, number};
use crate::delivery::timecode::{FrameRate, Timecode};

/// How to get a text that can be read.
const ADVICE: &str = "export it again by File > Export > Session Info as Text with the file format UTF-8 \
                      (\"TextEdit\" cannot be read)";
/// Inserts of a track that are read. Pro Tools has ten.
const MOST_INSERTS: usize = 100;
/// Lines that one name may take.
const NAME_LINES: usize = 16;

/// Whether a file that starts like this is such a text.
pub fn recognise(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let wide: Vec<u8> = head.iter().skip(2).copied().filter(|&byte| byte != 0).collect();
    let utf16 = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF");
    head.starts_with(b"SESSION NAME:") || (utf16 && wide.starts_with(b"SESSION NAME:"))
}

/// Reads the text.
///
/// # Errors
/// A text in another encoding than UTF-8, or one without the head of such an export.
pub fn read(file: &str, bytes: &[u8]) -> Result<Session, SessionError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| {
        SessionError::new(file, format!("is not UTF-8, so its names cannot be trusted; {ADVICE}"))
    })?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = super::bounded_lines(file, text.lines())?;
    if !text.starts_with("SESSION NAME:") {
        return Err(SessionError::new(
            file,
            format!("does not start as an export of Pro Tools does; {ADVICE}"),
        ));
    }
    let mut session = Session::unknown(file, Kind::ProToolsText);
    let first_section = next_section(&lines, 0);
    let stated_tracks = header(&lines[..first_section], &mut session);
    let places = Places::new(&session);

    let mut clip_list: Option<Vec<(String, String)>> = None;
    let mut edls = false;
    let mut at = first_section;
    while at < lines.len() {
        let title = spaced(lines[at]).unwrap_or_default();
        let end = next_section(&lines, at + 1);
        let body = &lines[at + 1..end];
        match title.as_str() {
            "ONLINEFILESINSESSION" | "FILESINSESSION" => files(body, false, &mut session),
            "OFFLINEFILESINSESSION" => files(body, true, &mut session),
            "ONLINECLIPSINSESSION"
            | "OFFLINECLIPSINSESSION"
            | "CLIPSINSESSION"
            | "ONLINEREGIONSINSESSION"
            | "OFFLINEREGIONSINSESSION" => clip_list.get_or_insert_default().extend(clip_sources(body)),
            "PLUG-INSLISTING" => session.plug_ins = Some(plug_ins(body)),
            "TRACKLISTING" => {
                edls = true;
                session.tracks = tracks(body, &places);
            }
            _ => {}
        }
        at = end;
    }

    if edls {
        session.unlisted_tracks = stated_tracks.map(|stated| stated.saturating_sub(session.tracks.len()));
        take_out_fades(&mut session.tracks, clip_list.as_deref());
        connect(&mut session, clip_list.as_deref());
    }
    Ok(session)
}

/// The title of a section without the spaces between its letters, if a line is one.
fn spaced(line: &str) -> Option<String> {
    let line = line.trim_end();
    let sections =
        ["T R A C K  L I S T I N G", "M A R K E R S  L I S T I N G", "P L U G - I N S  L I S T I N G"];
    let lists = [
        "F I L E S  I N  S E S S I O N",
        "C L I P S  I N  S E S S I O N",
        "R E G I O N S  I N  S E S S I O N",
    ];
    let title = sections.contains(&line) || lists.iter().any(|list| line.ends_with(list));
    title.then(|| line.chars().filter(|letter| *letter != ' ').collect())
}

/// The next line that is a title, from a line on.
fn next_section(lines: &[&str], from: usize) -> usize {
    let found = lines[from.min(lines.len())..].iter().position(|line| spaced(line).is_some());
    found.map_or(lines.len(), |offset| from + offset)
}

/// The value of a line `NAME:<tab>value`.
fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name).map(|value| value.trim_start_matches([' ', '\t']))
}

/// Fills in the head, and returns how many audio tracks it counts.
fn header(lines: &[&str], session: &mut Session) -> Option<usize> {
    let find = |name: &str| lines.iter().find_map(|line| value(line, name)).map(str::trim);
    session.name = find("SESSION NAME:").map(str::to_string);
    session.sample_rate =
        find("SAMPLE RATE:").and_then(number).map(|rate| rate as u32).filter(|&rate| rate > 0);
    let depth = find("BIT DEPTH:").unwrap_or_default();
    session.bits = depth.split(|c: char| !c.is_ascii_digit()).next().and_then(|bits| bits.parse().ok());
    let format = find("TIMECODE FORMAT:").or(find("TIME CODE FORMAT:"));
    if let Some(format) = format {
        let rate = format.split_whitespace().next().and_then(number);
        session.frame_rate = rate.and_then(|rate| Rate::from_fraction((rate * 1000.0).round() as u32, 1000));
        session.drop_frame = Some(format.to_ascii_lowercase().contains("drop"));
    }
    if let (Some(start), Some(rate)) =
        (find("SESSION START TIMECODE:"), session.frame_rate.and_then(Rate::picture))
    {
        session.start_frame = timecode(start, rate, session.drop_frame == Some(true)).map(|at| at.frames());
    }
    find("# OF AUDIO TRACKS:").and_then(|count| count.parse().ok())
}

/// A label whose mark may or may not tell drop-frame.
fn timecode(text: &str, rate: FrameRate, drop_frame: bool) -> Option<Timecode> {
    let mut label = text.replace(';', ":");
    if drop_frame {
        label.replace_range(label.rfind(':')?..=label.rfind(':')?, ";");
    }
    Timecode::parse(&label, rate).ok()
}

/// How this session writes places.
struct Places {
    sample_rate: Option<u32>,
    rate: Option<FrameRate>,
    drop_frame: bool,
    start_frame: u64,
}

impl Places {
    fn new(session: &Session) -> Self {
        Self {
            sample_rate: session.sample_rate,
            rate: session.frame_rate.and_then(Rate::picture),
            drop_frame: session.drop_frame == Some(true),
            start_frame: session.start_frame.unwrap_or(0),
        }
    }

    /// A place in samples from the session's start: timecode, minutes and seconds, samples, feet and frames,
    /// the first and last with or without subframes. Bars and beats cannot be placed without a tempo.
    fn samples(&self, text: &str) -> Option<i64> {
        let sample_rate = self.sample_rate?;
        if text.contains('|') {
            return None;
        }
        if let Some((feet, frames)) = text.split_once('+') {
            // Feet of 35 mm film count film frames, which are the session's only at film rates.
            let rate = self.rate.filter(|rate| rate.nominal_fps() == 24)?;
            let frames = feet.trim().parse::<u32>().ok().map(f64::from)? * 16.0 + number(frames)?;
            return Some(frames_to_samples(frames, rate, sample_rate));
        }
        match text.matches([':', ';']).count() {
            0 => text.parse().ok(),
            1 => {
                let (minutes, seconds) = text.split_once(':')?;
                Some(super::samples(number(minutes)? * 60.0 + number(seconds)?, sample_rate))
            }
            _ => {
                let rate = self.rate?;
                let (label, hundredths) = text.split_once('.').unwrap_or((text, "0"));
                let frame = timecode(label, rate, self.drop_frame)?.frames();
                let day = Timecode::parse("23:59:59:00", rate).ok()?.frames() + u64::from(rate.nominal_fps());
                // A session may run over midnight.
                let frame = (frame + day - self.start_frame) % day;
                let subframe = number(hundredths)? / 100.0;
                Some(frames_to_samples(frame as f64 + subframe, rate, sample_rate))
            }
        }
    }
}

fn frames_to_samples(frames: f64, rate: FrameRate, sample_rate: u32) -> i64 {
    let seconds = frames * f64::from(rate.denominator()) / f64::from(rate.numerator());
    super::samples(seconds, sample_rate)
}

fn files(lines: &[&str], offline: bool, session: &mut Session) {
    let media = session.media.get_or_insert_default();
    for line in lines.iter().skip(1).filter(|line| !line.trim().is_empty()) {
        let (name, place) = line.split_once('\t').unwrap_or((line, ""));
        let (name, place) = (name.trim_end(), place.trim());
        let place = match place {
            _ if offline => Place::Offline,
            "" => Place::Unknown,
            folder => Place::At(format!("{folder}{name}")),
        };
        let name = name.to_string();
        media.push(Media { id: name.clone(), name, place, sample_rate: None, bits: None, channels: None });
    }
}

/// Clips with the files they are taken from.
fn clip_sources(lines: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut name_so_far = String::new();
    for line in lines.iter().skip(1) {
        let mut fields: Vec<&str> = line.split('\t').collect();
        if fields.last().is_some_and(|last| last.starts_with('[') && last.ends_with(']')) {
            fields.pop();
        }
        match fields.pop().filter(|_| !fields.is_empty()) {
            Some(source) => {
                let name = format!("{name_so_far}{}", fields.join("\t"));
                found.push((name.trim_end().to_string(), source.trim_end().to_string()));
                name_so_far.clear();
            }
            None if line.trim().is_empty() => name_so_far.clear(),
            None => {
                name_so_far.push_str(line);
                name_so_far.push('\n');
            }
        }
    }
    found
}

fn plug_ins(lines: &[&str]) -> Vec<PlugIn> {
    let rows = lines.iter().skip(1).filter(|line| line.contains('\t'));
    rows.filter_map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let name = fields.get(1)?.trim();
        let active = fields.last().map(|count| {
            let mut words = count.split([' ', ',']).filter(|word| !word.is_empty());
            // "2 active", "1 inactive", "2 active, 1 inactive".
            words.any(|word| word == "active")
        });
        (!name.is_empty()).then(|| PlugIn { name: name.to_string(), active })
    })
    .collect()
}

fn tracks(lines: &[&str], places: &Places) -> Vec<Track> {
    let starts: Vec<usize> =
        (0..lines.len()).filter(|&at| value(lines[at], "TRACK NAME:").is_some()).collect();
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    starts.iter().zip(ends).map(|(&start, end)| track(&lines[start..end], places)).collect()
}

/// One track, from its name to the line before the next one.
fn track(lines: &[&str], places: &Places) -> Track {
    let line_of = |name: &str| lines.iter().position(|line| line.starts_with(name));
    let name_end = line_of("COMMENTS:").unwrap_or(1);
    let first = value(lines[0], "TRACK NAME:").unwrap_or_default();
    let name = [&[first], &lines[1..name_end.max(1)]].concat().join("\n");
    let (name, format_channels) = track_format(name.trim_end());
    let mut track = Track::unknown(name, TrackKind::Audio);

    if let Some(state) = line_of("STATE:").and_then(|at| value(lines[at], "STATE:")) {
        let is = |word: &str| Some(state.split_whitespace().any(|state| state == word));
        (track.hidden, track.inactive, track.muted) = (is("Hidden"), is("Inactive"), is("Muted"));
    }
    if let Some(list) = line_of("PLUG-INS:").and_then(|at| value(lines[at], "PLUG-INS:")) {
        let names = list.split('\t').map(str::trim).filter(|name| !name.is_empty()).take(MOST_INSERTS);
        track.plug_ins =
            Some(names.map(|name| PlugIn { name: without_stems(name).into(), active: None }).collect());
    }
    let Some(table) = line_of("CHANNEL ") else { return track };
    let timestamps = lines[table].contains("TIMESTAMP");
    let mut channels = 1;
    let mut clips = Vec::new();
    let mut at = table + 1;
    while at < lines.len() {
        // A row ends with "Muted" or "Unmuted": only there is it worth to look for one.
        let ends = |count: &usize| {
            let line = lines[at + count - 1].trim_end();
            line.ends_with("Muted") || line.ends_with("Unmuted")
        };
        let row = (1..=NAME_LINES.min(lines.len() - at))
            .filter(ends)
            .find_map(|count| Some((count, row(&lines[at..at + count].join("\n"), timestamps, places)?)));
        let Some((count, (channel, clip))) = row else {
            at += 1;
            continue;
        };
        channels = channels.max(channel);
        // The channels of a track hold the same clips.
        if channel == 1 {
            clips.push(clip);
        }
        at += count;
    }
    track.channels = Some(format_channels.unwrap_or(1).max(channels));
    if channels > 1 {
        for clip in &mut clips {
            let base = clip.name.rsplit_once('.').filter(|(_, channel)| (1..=3).contains(&channel.len()));
            if let Some((base, _)) = base {
                clip.name = base.to_string();
            }
        }
    }
    track.clips = Some(clips);
    track
}

/// A track's name without the format that the export adds, and the channels of that format.
fn track_format(name: &str) -> (String, Option<u16>) {
    let format = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    let channels = format.and_then(|(_, format)| match format {
        "Mono" => Some(1),
        "Stereo" => Some(2),
        "LCR" => Some(3),
        "LCRS" | "Quad" => Some(4),
        _ => {
            let digits: Option<Vec<u16>> = format.split('.').map(|part| part.parse().ok()).collect();
            digits.filter(|digits| (2..=3).contains(&digits.len())).and_then(|digits| {
                digits.iter().try_fold(0u16, |sum, &digit| sum.checked_add(digit).filter(|&sum| sum <= 64))
            })
        }
    });
    match (format, channels) {
        (Some((name, _)), Some(channels)) => (name.to_string(), Some(channels)),
        _ => (name.to_string(), None),
    }
}

/// "EQ3 1-Band" of "EQ3 1-Band (mono)".
fn without_stems(name: &str) -> &str {
    match name.strip_suffix(')').and_then(|name| name.rsplit_once(" (")) {
        Some((name, _)) => name,
        None => name,
    }
}

/// One event of a track: its channel and the clip. `None` if the text is not a whole row.
fn row(text: &str, timestamps: bool, places: &Places) -> Option<(u16, Clip)> {
    let mut fields: Vec<&str> = text.split('\t').collect();
    let muted = match fields.pop()?.trim() {
        "Muted" => true,
        "Unmuted" => false,
        _ => return None,
    };
    if timestamps {
        fields.pop()?;
    }
    fields.pop()?;
    let (end, start) = (fields.pop()?.trim(), fields.pop()?.trim());
    if !start.starts_with(|c: char| c.is_ascii_digit()) || fields.len() < 3 {
        return None;
    }
    let channel = fields[0].trim().parse().ok()?;
    fields[1].trim().parse::<u32>().ok()?;
    let name = fields[2..].join("\t").trim_end().to_string();
    let (start, end) = (places.samples(start), places.samples(end));
    let length = start.zip(end).and_then(|(start, end)| u64::try_from(end.checked_sub(start)?).ok());
    Some((channel, Clip { name, start, length, muted: Some(muted), ..Clip::default() }))
}

/// Pro Tools lists fades as events of their own, named in parentheses: "(fade in)", "(cross fade)". Which
/// one it is, its neighbours tell, in any language. Without a single fade in the text nothing is known of
/// fades: they may have been left out of the export.
fn take_out_fades(tracks: &mut [Track], clip_list: Option<&[(String, String)]>) {
    let names: HashSet<&str> = clip_list.unwrap_or_default().iter().map(|(clip, _)| clip.as_str()).collect();
    let named = |clip: &Clip| {
        clip.name.starts_with('(') && clip.name.ends_with(')') && !names.contains(clip.name.as_str())
    };
    let (mut any_fade, mut any_cross) = (false, false);
    for events in tracks.iter_mut().filter_map(|track| track.clips.as_mut()) {
        let is_fade: Vec<bool> = (0..events.len())
            .map(|at| {
                let clip_at = |at: usize| events.get(at).filter(|event| !named(event));
                let before = at.checked_sub(1).and_then(clip_at);
                let after = clip_at(at + 1);
                // A clip may be named "(laughs)": it is a fade only where it touches a clip. Bars and beats
                // cannot tell.
                let event = &events[at];
                named(event)
                    && (event.start.is_none()
                        || before.is_some_and(|before| touches(before, event))
                        || after.is_some_and(|after| touches(event, after)))
            })
            .collect();
        let fade = |event: &Clip| {
            let side = match event.name.as_str() {
                "(fade in)" => Some(Side::After),
                "(fade out)" => Some(Side::Before),
                _ => None,
            };
            Fade { side, faded: Some(true) }
        };
        let marked = std::mem::take(events).into_iter().zip(&is_fade).map(|(event, &is_fade)| {
            any_fade |= is_fade && event.start.is_some();
            let fade = is_fade.then(|| fade(&event));
            (event, fade)
        });
        let (clips, crossed) = fold(marked.collect());
        any_cross |= crossed;
        *events = clips;
    }
    if !any_fade {
        return;
    }
    for clips in tracks.iter_mut().filter_map(|track| track.clips.as_mut()) {
        // Where two clips meet, the export may have combined them over a crossfade that it does not show.
        let meets = |a: Option<&Clip>, b: Option<&Clip>| a.zip(b).is_some_and(|(a, b)| touches(a, b));
        let meeting: Vec<(bool, bool)> = (0..clips.len())
            .map(|at| {
                let before = at.checked_sub(1).and_then(|at| clips.get(at));
                (meets(before, clips.get(at)), meets(clips.get(at), clips.get(at + 1)))
            })
            .collect();
        for (clip, (before, after)) in clips.iter_mut().zip(meeting) {
            clip.fade_in = clip.fade_in.or((any_cross || !before).then_some(false));
            clip.fade_out = clip.fade_out.or((any_cross || !after).then_some(false));
        }
    }
}

/// Gives clips their files, and finds the clips that no track plays.
fn connect(session: &mut Session, clip_list: Option<&[(String, String)]>) {
    let Some(list) = clip_list else { return };
    // A clip of several channels is listed once a channel, with the channel after a dot.
    let base = |name: &str| {
        name.rsplit_once('.').filter(|(_, end)| end.len() <= 3).map(|(base, _)| base.to_string())
    };
    let sources: HashMap<String, &str> = list
        .iter()
        .flat_map(|(clip, source)| {
            [Some(clip.clone()), base(clip)].into_iter().flatten().map(move |clip| (clip, source.as_str()))
        })
        .collect();
    let mut used = HashSet::new();
    for clip in session.tracks.iter_mut().filter_map(|track| track.clips.as_mut()).flatten() {
        clip.source = sources.get(&clip.name).map(|source| source.to_string());
        used.insert(clip.name.clone());
    }
    if session.unlisted_tracks == Some(0) {
        let unused = list.iter().map(|(clip, _)| clip);
        let unused = unused
            .filter(|clip| !used.contains(*clip) && base(clip).is_none_or(|base| !used.contains(&base)));
        session.unused_clips = Some(unused.cloned().collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "SESSION NAME:\tNight\nSAMPLE RATE:\t48000.000000\nBIT DEPTH:\t24-bit\n\
        SESSION START TIMECODE:\t00:59:50:00\nTIMECODE FORMAT:\t25 Frame\n# OF AUDIO TRACKS:\t2\n\
        # OF AUDIO CLIPS:\t3\n# OF AUDIO FILES:\t2\n\n\n";
    const TABLE: &str =
        "CHANNEL \tEVENT   \tCLIP NAME   \tSTART TIME    \tEND TIME      \tDURATION      \tSTATE\n";

    fn parse(body: &str) -> Session {
        read("s.txt", format!("{HEAD}{body}").as_bytes()).unwrap()
    }

    fn track_text(name: &str, state: &str, rows: &str) -> String {
        format!("TRACK NAME:\t{name}\nCOMMENTS:\t\nUSER DELAY:\t0 Samples\nSTATE: {state}\n{TABLE}{rows}\n\n")
    }

    #[test]
    fn the_head() {
        let session = parse("");
        assert_eq!(session.name.as_deref(), Some("Night"));
        assert_eq!((session.sample_rate, session.bits), (Some(48_000), Some(24)));
        assert_eq!(session.frame_rate, Some(Rate::Picture(FrameRate::Fps25)));
        assert_eq!(session.drop_frame, Some(false));
        // 59 minutes 50 seconds of 25 frames.
        assert_eq!(session.start_frame, Some(3590 * 25));
        assert_eq!((session.media, session.plug_ins, session.unlisted_tracks), (None, None, None));
    }

    #[test]
    fn drop_frame_starts() {
        let head = HEAD.replace("25 Frame", "29.97 Drop Frame").replace("00:59:50:00", "01:00:00:00");
        let session = read("s.txt", head.as_bytes()).unwrap();
        assert_eq!(session.frame_rate, Some(Rate::Picture(FrameRate::Fps29_97)));
        assert_eq!((session.drop_frame, session.start_frame), (Some(true), Some(107_892)));
    }

    #[test]
    fn places_in_all_formats() {
        let session = parse("");
        let mut places = Places::new(&session);
        // Ten seconds after a start of 00:59:50:00 at 25 frames.
        for text in ["01:00:00:00", "01:00:00:00.00", "0:10.000", "0:10", "480000"] {
            assert_eq!(places.samples(text), Some(480_000), "{text}");
        }
        assert_eq!(places.samples("01:00:00:00.50"), Some(480_960));
        assert_eq!(places.samples("15+00"), None, "feet are of film");
        for text in ["3|1", "3|1| 480", "", "soon", "99:99:99:99"] {
            assert_eq!(places.samples(text), None, "{text}");
        }
        // 600 film frames are 37 feet and 8 frames, and 25.025 s at 23.976.
        places.rate = Some(FrameRate::Fps23_976);
        assert_eq!(places.samples("37+08"), Some(1_201_200));
        assert_eq!(places.samples("37+08.00"), Some(1_201_200));
    }

    #[test]
    fn tracks_states_formats_and_plug_ins() {
        let body = format!(
            "T R A C K  L I S T I N G\n{}{}",
            track_text(
                "FR_MARIA",
                "Hidden Inactive ",
                "1       \t1       \ta\t   01:00:00:00\t   01:00:01:00\t   00:00:01:00\tMuted\n"
            ),
            track_text("OPT (5.1)", "Muted Solo ", "").replace(
                "STATE: Muted Solo \n",
                "STATE: Muted Solo \nPLUG-INS: \tTrim (mono)\tX (1) (5.1)\n"
            ),
        );
        let session = parse(&body);
        let [maria, optional] = &session.tracks[..] else { panic!() };
        assert_eq!((maria.hidden, maria.inactive, maria.muted), (Some(true), Some(true), Some(false)));
        assert_eq!((maria.channels, &maria.plug_ins), (Some(1), &None));
        let clip = &maria.clips.as_ref().unwrap()[0];
        assert_eq!((clip.start, clip.length, clip.muted), (Some(480_000), Some(48_000), Some(true)));
        assert_eq!((optional.name.as_str(), optional.channels, optional.muted), ("OPT", Some(6), Some(true)));
        let names: Vec<&str> =
            optional.plug_ins.as_ref().unwrap().iter().map(|plug_in| plug_in.name.as_str()).collect();
        assert_eq!(names, ["Trim", "X (1)"]);
        assert_eq!(session.unlisted_tracks, Some(0));
    }

    #[test]
    fn names_with_tabs_and_new_lines() {
        let rows = "1       \t1       \tone\ttwo\nthree    \t   01:00:00:00\t   01:00:01:00\t   00:00:01:00\tUnmuted\n\
                    1       \t2       \tnext    \t   01:00:02:00\t   01:00:03:00\t   00:00:01:00\tUnmuted\n";
        let session = parse(&format!("T R A C K  L I S T I N G\n{}", track_text("A\nB", "", rows)));
        assert_eq!(session.tracks[0].name, "A\nB");
        let names: Vec<&str> = session.clips().map(|(_, clip)| clip.name.as_str()).collect();
        assert_eq!(names, ["one\ttwo\nthree", "next"]);
    }

    #[test]
    fn user_timestamps_are_a_column_of_their_own() {
        let rows = "1       \t1       \tone\t   01:00:00:00\t   01:00:01:00\t   00:00:01:00\t   07:00:00:00\tUnmuted\n";
        let text =
            track_text("A", "", rows).replace("DURATION      \t", "DURATION      \tTIMESTAMP         \t");
        let session = parse(&format!("T R A C K  L I S T I N G\n{text}"));
        let clip = session.clips().next().unwrap().1;
        assert_eq!((clip.name.as_str(), clip.start, clip.length), ("one", Some(480_000), Some(48_000)));
    }

    #[test]
    fn fades_are_told_by_their_neighbours_in_any_language() {
        let rows = "1\t1\t(Aufblende)\t01:00:00:00\t01:00:00:05\t00:00:00:05\tUnmuted\n\
                    1\t2\ta\t01:00:00:05\t01:00:01:00\t00:00:00:20\tUnmuted\n\
                    1\t3\t(Kreuzblende)\t01:00:01:00\t01:00:01:05\t00:00:00:05\tUnmuted\n\
                    1\t4\tb\t01:00:01:05\t01:00:02:00\t00:00:00:20\tUnmuted\n\
                    1\t5\tc\t01:00:04:00\t01:00:05:00\t00:00:01:00\tUnmuted\n\
                    1\t6\t(Abblende)\t01:00:05:00\t01:00:05:05\t00:00:00:05\tUnmuted\n";
        let session = parse(&format!("T R A C K  L I S T I N G\n{}", track_text("A", "", rows)));
        let fades: Vec<_> =
            session.clips().map(|(_, clip)| (clip.name.as_str(), clip.fade_in, clip.fade_out)).collect();
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(fades, [("a", yes, yes), ("b", yes, no), ("c", no, yes)]);
        let first = session.clips().next().unwrap().1;
        // From the fade's start to the crossfade's end: 30 frames.
        assert_eq!((first.start, first.length), (Some(480_000), Some(57_600)));
    }

    #[test]
    fn a_fade_out_and_the_next_fade_in_are_no_crossfade_and_no_clip() {
        let rows = "1\t1\ta\t01:00:00:05\t01:00:01:00\t00:00:00:20\tUnmuted\n\
                    1\t2\t(fade out)\t01:00:01:00\t01:00:01:05\t00:00:00:05\tUnmuted\n\
                    1\t3\t(fade in)\t01:00:04:00\t01:00:04:05\t00:00:00:05\tUnmuted\n\
                    1\t4\tb\t01:00:04:05\t01:00:05:00\t00:00:00:20\tUnmuted\n\
                    1\t5\t(fade out)\t01:00:05:00\t01:00:05:05\t00:00:00:05\tUnmuted\n\
                    1\t6\tc\t01:00:05:05\t01:00:06:00\t00:00:00:20\tUnmuted\n";
        let session = parse(&format!("T R A C K  L I S T I N G\n{}", track_text("A", "", rows)));
        let fades: Vec<_> =
            session.clips().map(|(_, clip)| (clip.name.as_str(), clip.fade_in, clip.fade_out)).collect();
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(fades[..2], [("a", no, yes), ("b", yes, yes)]);
        // The fade before it is b's alone, but a crossfade might be hidden where clips meet.
        assert_eq!((fades.len(), fades[2].0, fades[2].1), (3, "c", None));
    }

    #[test]
    fn a_clip_in_parentheses_that_touches_nothing_is_a_clip() {
        let rows = "1\t1\t(laughs)\t01:00:00:05\t01:00:01:00\t00:00:00:20\tUnmuted\n\
                    1\t2\tb\t01:00:04:05\t01:00:05:00\t00:00:00:20\tUnmuted\n";
        let session = parse(&format!("T R A C K  L I S T I N G\n{}", track_text("A", "", rows)));
        let fades: Vec<_> =
            session.clips().map(|(_, clip)| (clip.name.as_str(), clip.fade_in, clip.fade_out)).collect();
        assert_eq!(fades, [("(laughs)", None, None), ("b", None, None)]);
    }

    #[test]
    fn places_in_bars_leave_fades_unknown() {
        let rows = "1\t1\t(fade in)\t3|1\t3|2\t0|1\tUnmuted\n1\t2\ta\t3|2\t4|1\t0|3\tUnmuted\n";
        let session = parse(&format!("T R A C K  L I S T I N G\n{}", track_text("A", "", rows)));
        let clips: Vec<_> = session.clips().map(|(_, clip)| (clip.name.as_str(), clip.fade_in)).collect();
        assert_eq!(clips, [("a", None)]);
    }

    #[test]
    fn without_fades_in_the_text_nothing_is_known_of_them() {
        let rows = "1\t1\ta\t01:00:00:05\t01:00:01:00\t00:00:00:20\tUnmuted\n";
        let session = parse(&format!("T R A C K  L I S T I N G\n{}", track_text("A", "", rows)));
        let clip = session.clips().next().unwrap().1;
        assert_eq!((clip.fade_in, clip.fade_out), (None, None));
    }

    #[test]
    fn files_clips_and_plug_ins() {
        let body = format!(
            "O N L I N E  F I L E S  I N  S E S S I O N\nFilename\tLocation\n\
             a.wav\tDisk:Night:Audio Files:\n\n\n\
             O F F L I N E  F I L E S  I N  S E S S I O N\nFilename\tLocation\nb.wav\tDisk:Lost:\n\n\n\
             O N L I N E  C L I P S  I N  S E S S I O N\nCLIP NAME\tSource File\n\
             one.L\ta.wav\t[1]\none.R\ta.wav\t[2]\nspare\ta.wav\n\n\n\
             P L U G - I N S  L I S T I N G\nMANUFACTURER\tPLUG-IN NAME\tVERSION\tFORMAT\tSTEMS\tNUMBER OF INSTANCES\n\
             Avid\tTrim\t1\tAAX\tMono / Mono\t2 active\n\tEQ\t1\tAAX\tMono / Mono\t1 inactive\n\n\n\
             T R A C K  L I S T I N G\n{}{}",
            track_text(
                "A (Stereo)",
                "",
                "1\t1\tone.L\t01:00:00:05\t01:00:01:00\t00:00:00:20\tUnmuted\n\n\n\
                                          2\t1\tone.R\t01:00:00:05\t01:00:01:00\t00:00:00:20\tUnmuted\n"
            ),
            track_text("B", "", ""),
        );
        let session = parse(&body);
        let media = session.media.as_ref().unwrap();
        assert_eq!(media[0].place, Place::At("Disk:Night:Audio Files:a.wav".into()));
        assert_eq!(media[1].place, Place::Offline);
        assert_eq!(session.clips().count(), 1);
        let clip = session.clips().next().unwrap().1;
        assert_eq!((clip.name.as_str(), session.media_of(clip)), ("one", Some(&media[0])));
        assert_eq!(session.unused_clips, Some(vec!["spare".to_string()]));
        let active: Vec<_> = session.plug_ins.unwrap().into_iter().map(|plug_in| plug_in.active).collect();
        assert_eq!(active, [Some(true), Some(false)]);
        assert_eq!(session.tracks[0].channels, Some(2));
    }

    #[test]
    fn other_encodings_are_refused_with_advice() {
        let mut bytes = HEAD.as_bytes().to_vec();
        bytes.extend(b"\xC9");
        let error = read("s.txt", &bytes).unwrap_err().to_string();
        assert!(error.contains("s.txt is not UTF-8") && error.contains("File > Export"), "{error}");
        let utf16: Vec<u8> =
            b"\xFF\xFE".iter().copied().chain(HEAD.bytes().flat_map(|byte| [byte, 0])).collect();
        assert!(recognise(&utf16));
        assert!(read("s.txt", &utf16).is_err());
        let marked = [b"\xEF\xBB\xBF", HEAD.as_bytes()].concat();
        assert!(recognise(&marked) && read("s.txt", &marked).is_ok());
    }
}
