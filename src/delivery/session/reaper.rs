//! REAPER projects (`.rpp`): lines of words, and blocks from `<NAME …` to `>`.

use std::collections::{BTreeSet, HashSet};

use super::{
    Automation, Clip, Kind, Media, Place, PlugIn, Rate, Send, Session, SessionError, Track, TrackKind,
    decibels, number, samples,
};

/// Blocks within blocks that are followed. Real projects have five or six.
const DEEPEST: usize = 64;

/// Words of all lines that are kept. Real projects have some hundred thousand.
const MOST_WORDS: usize = 4_000_000;

/// A block: its own words, then its lines and blocks in their order.
#[derive(Debug, Default)]
struct Block<'a> {
    head: Vec<&'a str>,
    items: Vec<Item<'a>>,
}

#[derive(Debug)]
enum Item<'a> {
    Line(Vec<&'a str>),
    Block(Block<'a>),
}

impl<'a> Block<'a> {
    fn name(&self) -> &'a str {
        self.head.first().copied().unwrap_or_default()
    }

    fn blocks(&self) -> impl Iterator<Item = &Block<'a>> {
        self.items.iter().filter_map(|item| match item {
            Item::Block(block) => Some(block),
            Item::Line(_) => None,
        })
    }

    fn lines(&self) -> impl Iterator<Item = &[&'a str]> {
        self.items.iter().filter_map(|item| match item {
            Item::Line(words) => Some(words.as_slice()),
            Item::Block(_) => None,
        })
    }

    fn line(&self, name: &str) -> Option<&[&'a str]> {
        self.lines().find(|words| words.first() == Some(&name))
    }

    /// The number at `at` of the line `name`, whose name is at 0.
    fn value(&self, name: &str, at: usize) -> Option<f64> {
        self.line(name)?.get(at).and_then(|word| number(word))
    }

    /// Whether the number at `at` of the line `name` is other than 0.
    fn flag(&self, name: &str, at: usize) -> Option<bool> {
        self.value(name, at).map(|value| value != 0.0)
    }
}

/// Words of a line. A word with spaces stands between `"`, `'` or backticks, whichever it does not hold.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = if matches!(first, '"' | '\'' | '`') {
            let body = &rest[1..];
            body.split_once(first).unwrap_or((body, ""))
        } else {
            rest.split_once(char::is_whitespace).unwrap_or((rest, ""))
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

fn parse<'a>(file: &str, text: &'a str) -> Result<Block<'a>, SessionError> {
    let damaged =
        |fault: &str| SessionError::new(file, format!("is no whole REAPER project ({fault}); save it again"));
    let mut open: Vec<Block> = Vec::new();
    // What plug-ins store is long and no name: it would only take memory.
    let encoded = |line: &str| line.len() > 60 && !line.contains(' ');
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !encoded(line));
    let mut word_count = 0;
    for line in super::bounded_lines(file, lines)? {
        if let Some(head) = line.strip_prefix('<') {
            if open.len() >= DEEPEST {
                return Err(damaged("its blocks are nested too deeply"));
            }
            open.push(Block { head: words(head), items: Vec::new() });
        } else if line == ">" {
            let Some(block) = open.pop() else { return Err(damaged("a block ends that never began")) };
            match open.last_mut() {
                Some(parent) => parent.items.push(Item::Block(block)),
                None => return Ok(block),
            }
        } else if let Some(block) = open.last_mut() {
            let words = words(line);
            word_count += words.len();
            if word_count > MOST_WORDS {
                return Err(damaged("it has more words than any"));
            }
            block.items.push(Item::Line(words));
        }
    }
    Err(damaged("it breaks off"))
}

/// Reads a project.
///
/// # Errors
/// A file that is no whole project.
pub fn read(file: &str, bytes: &[u8]) -> Result<Session, SessionError> {
    let text = String::from_utf8_lossy(bytes);
    let project = parse(file, &text)?;
    if project.name() != "REAPER_PROJECT" {
        return Err(SessionError::new(file, "does not start as a REAPER project does; save it again"));
    }
    let mut session = Session::unknown(file, Kind::Reaper);
    session.every_kind = true;
    // Without the second number the rate is whatever the sound card runs at.
    let forced = project.flag("SAMPLERATE", 2) == Some(true);
    session.sample_rate =
        project.value("SAMPLERATE", 1).filter(|_| forced).map(|rate| rate as u32).filter(|&rate| rate > 0);
    if let (Some(base), Some(mode)) = (project.value("TIMEMODE", 4), project.value("TIMEMODE", 5)) {
        // 2 is the slowed rate, 1 the same with drop-frame.
        let slowed = mode == 1.0 || mode == 2.0;
        let denominator = if slowed { 1001 } else { 1000 };
        session.frame_rate = Rate::from_fraction((base * 1000.0) as u32, denominator);
        session.drop_frame = Some(mode == 1.0);
    }
    let rate = session.frame_rate.and_then(Rate::picture);
    let offset = project.value("PROJOFFS", 1).unwrap_or(0.0).max(0.0);
    session.start_frame = rate
        .map(|rate| (offset * f64::from(rate.numerator()) / f64::from(rate.denominator())).round() as u64);

    let blocks: Vec<&Block> = project.blocks().filter(|block| block.name() == "TRACK").collect();
    let (mut media, mut known) = (Vec::new(), HashSet::new());
    let mut item_groups = BTreeSet::new();
    for block in &blocks {
        session.tracks.push(track(block, session.sample_rate, &mut media, &mut known, &mut item_groups));
    }
    sends(&blocks, &mut session.tracks);
    session.tracks.insert(0, master(&project));

    let grouped: Vec<&str> = blocks
        .iter()
        .zip(&session.tracks[1..])
        .filter(|(block, _)| {
            let lines = block.lines().filter(|words| words[0].starts_with("GROUP_FLAGS"));
            lines.flat_map(|words| &words[1..]).any(|flag| number(flag).is_some_and(|flag| flag != 0.0))
        })
        .map(|(_, track)| track.name.as_str())
        .collect();
    let mut groups: Vec<String> = item_groups.iter().map(|group| format!("item group {group}")).collect();
    if !grouped.is_empty() {
        groups.push(format!("track group of {}", grouped.join(", ")));
    } else {
        // A VCA is a kind of group here.
        session.vcas = Some(Vec::new());
    }
    session.groups = Some(groups);
    session.media = Some(media);
    session.unused_clips = Some(Vec::new());
    session.unlisted_tracks = Some(0);
    Ok(session)
}

fn master(project: &Block) -> Track {
    let mut track = Track::unknown("Master", TrackKind::Master);
    track.built_in = true;
    track.fader_db = project.value("MASTER_VOLUME", 1).map(decibels);
    track.muted = project.value("MASTERMUTESOLO", 1).map(|state| state as i64 & 1 == 1);
    track.plug_ins =
        Some(project.blocks().filter(|block| block.name() == "MASTERFXLIST").flat_map(plug_ins).collect());
    let envelopes =
        project.blocks().filter(|block| block.name().starts_with("MASTER") && block.name().contains("ENV"));
    track.automation = Some(envelopes.filter_map(envelope).collect());
    track
}

fn track(
    block: &Block,
    sample_rate: Option<u32>,
    media: &mut Vec<Media>,
    known: &mut HashSet<String>,
    groups: &mut BTreeSet<String>,
) -> Track {
    let name = block.line("NAME").and_then(|words| words.get(1)).copied().unwrap_or_default();
    let mut track = Track::unknown(name, TrackKind::Audio);
    track.fader_db = block.value("VOLPAN", 1).map(decibels);
    track.muted = block.flag("MUTESOLO", 1);
    // In the mixer and in the arrangement.
    track.hidden = block
        .line("SHOWINMIX")
        .map(|_| block.flag("SHOWINMIX", 1) == Some(false) || block.flag("SHOWINMIX", 4) == Some(false));
    track.inactive = Some(false);
    // Every track has two channels unless it was given more, also one of mono clips.
    track.channels =
        block.value("NCHAN", 1).filter(|&channels| channels > 2.0).map(|channels| channels as u16);
    track.automation = Some(block.blocks().filter_map(envelope).collect());
    let chains = || block.blocks().filter(|chain| matches!(chain.name(), "FXCHAIN" | "FXCHAIN_REC"));
    let mut inserts: Vec<PlugIn> = chains().flat_map(plug_ins).collect();
    if block.flag("FX", 1) == Some(false) {
        inserts.iter_mut().for_each(|plug_in| plug_in.active = Some(false));
    }
    let parameters = chains().flat_map(Block::blocks).filter_map(envelope);
    track.automation.get_or_insert_default().extend(parameters);
    let mut routing = Vec::new();
    if block.flag("MAINSEND", 1) == Some(false) {
        routing.push("does not go to the master".to_string());
    }
    track.routing = Some(routing);

    let mut clips = Vec::new();
    let (mut playlists, mut kinds) = (1, Vec::new());
    for item in block.blocks().filter(|block| block.name() == "ITEM") {
        let takes = Take::all(item);
        playlists = playlists.max(takes.len() as u32);
        if let Some(group) = item.line("GROUP").and_then(|words| words.get(1)).filter(|group| **group != "0")
        {
            groups.insert(group.to_string());
        }
        inserts.extend(item.blocks().filter(|block| block.name() == "TAKEFX").flat_map(plug_ins));
        // The volume envelope of an item is clip gain.
        let moving = item.blocks().filter(|block| !block.name().starts_with("VOLENV")).filter_map(envelope);
        track.automation.get_or_insert_default().extend(moving);
        let Some(take) = takes.iter().find(|take| take.selected).or(takes.first()) else { continue };
        // Notes and empty items play nothing.
        if take.source.is_none() || take.source_kind() == "EMPTY" {
            continue;
        }
        kinds.push(take.source_kind());
        for take in &takes {
            if let Some(path) = take.path().filter(|path| known.insert(path.to_string())) {
                media.push(Media {
                    id: path.to_string(),
                    name: path.rsplit(['/', '\\']).next().unwrap_or(path).to_string(),
                    place: Place::At(path.to_string()),
                    sample_rate: None,
                    bits: None,
                    channels: None,
                });
            }
        }
        clips.push(clip(item, take, sample_rate));
    }
    let receives = block.lines().any(|words| words.first() == Some(&"AUXRECV"));
    track.kind = match () {
        () if block.value("ISBUS", 1) == Some(1.0) => TrackKind::Folder,
        () if !kinds.is_empty() && kinds.iter().all(|kind| *kind == "MIDI") => TrackKind::Midi,
        () if kinds.contains(&"VIDEO") => TrackKind::Video,
        () if kinds.is_empty() && receives => TrackKind::Aux,
        () => TrackKind::Audio,
    };
    // Fixed lanes hold alternatives too, in ways that differ between versions.
    track.playlists = Some(playlists).filter(|_| block.value("FREEMODE", 1) != Some(2.0));
    track.clips = Some(clips);
    track.plug_ins = Some(inserts);
    track
}

/// One of the alternatives of an item.
struct Take<'a, 'b> {
    selected: bool,
    first: bool,
    lines: Vec<&'b [&'a str]>,
    source: Option<&'b Block<'a>>,
}

impl<'a, 'b> Take<'a, 'b> {
    fn all(item: &'b Block<'a>) -> Vec<Self> {
        let mut takes = Vec::new();
        let mut take = Take { selected: false, first: true, lines: Vec::new(), source: None };
        for part in &item.items {
            match part {
                Item::Line(words) if words.first() == Some(&"TAKE") => {
                    let selected = words.get(1) == Some(&"SEL");
                    let next = Take { selected, first: false, lines: Vec::new(), source: None };
                    takes.push(std::mem::replace(&mut take, next));
                }
                Item::Line(words) => take.lines.push(words),
                Item::Block(block) if block.name() == "SOURCE" => take.source = Some(block),
                Item::Block(_) => {}
            }
        }
        takes.push(take);
        takes
    }

    fn value(&self, name: &str, at: usize) -> Option<f64> {
        let line = self.lines.iter().find(|words| words.first() == Some(&name))?;
        line.get(at).and_then(|word| number(word))
    }

    /// The source itself, out of the section of it that is played.
    fn innermost(&self) -> Option<&'b Block<'a>> {
        let source = self.source?;
        Some(source.blocks().find(|block| block.name() == "SOURCE").unwrap_or(source))
    }

    fn source_kind(&self) -> &'a str {
        self.innermost().and_then(|source| source.head.get(1).copied()).unwrap_or_default()
    }

    fn path(&self) -> Option<&'a str> {
        self.innermost()?.line("FILE")?.get(1).copied()
    }
}

fn clip(item: &Block, take: &Take, sample_rate: Option<u32>) -> Clip {
    let place =
        |name: &str| item.value(name, 1).zip(sample_rate).map(|(seconds, rate)| samples(seconds, rate));
    // The length that was drawn, and that of an automatic crossfade.
    let faded = |name: &str| {
        item.line(name)
            .map(|_| [2, 3].iter().any(|&at| item.value(name, at).is_some_and(|length| length > 0.0)))
    };
    let of_item = item.value("VOLPAN", 1).unwrap_or(1.0);
    let of_take = if take.first { take.value("VOLPAN", 3) } else { take.value("TAKEVOLPAN", 2) };
    let named = take.lines.iter().find(|words| words.first() == Some(&"NAME"));
    let stretched = take.value("PLAYRATE", 1).is_some_and(|rate| rate != 1.0)
        || take.value("PLAYRATE", 3).is_some_and(|pitch| pitch != 0.0)
        || take.lines.iter().any(|words| words.first() == Some(&"SM"));
    Clip {
        name: named.and_then(|words| words.get(1)).copied().unwrap_or_default().to_string(),
        start: place("POSITION"),
        length: place("LENGTH").and_then(|length| u64::try_from(length).ok()),
        source: take.path().map(str::to_string),
        gain_db: Some(decibels(of_item * of_take.unwrap_or(1.0))),
        fade_in: faded("FADEIN"),
        fade_out: faded("FADEOUT"),
        stretched: Some(stretched),
        muted: item.flag("MUTE", 1),
    }
}

/// The plug-ins of a chain, also those in containers. Before each stands whether it is bypassed.
fn plug_ins(chain: &Block) -> Vec<PlugIn> {
    let mut found = Vec::new();
    let mut chains = vec![chain];
    while let Some(chain) = chains.pop() {
        let mut bypassed = None;
        for item in &chain.items {
            match item {
                Item::Line(words) if words.first() == Some(&"BYPASS") => {
                    let off = |at: usize| {
                        words.get(at).and_then(|word| number(word)).is_some_and(|value| value != 0.0)
                    };
                    bypassed = Some(off(1) || off(2));
                }
                Item::Block(block) if block.name() == "CONTAINER" => chains.push(block),
                Item::Block(block)
                    if matches!(
                        block.name(),
                        "VST" | "AU" | "JS" | "DX" | "CLAP" | "LV2" | "VIDEO_EFFECT"
                    ) =>
                {
                    let name = block.head.get(1).copied().unwrap_or(block.name());
                    found.push(PlugIn { name: name.to_string(), active: bypassed.map(|off: bool| !off) });
                }
                _ => {}
            }
        }
    }
    found
}

/// An envelope that is switched on and has points. Idle if all of them leave things as they are.
fn envelope(block: &Block) -> Option<Automation> {
    let name = block.name();
    if !name.contains("ENV") || block.flag("ACT", 1) == Some(false) {
        return None;
    }
    let points = block.lines().filter(|words| words.first() == Some(&"PT"));
    // A point without a value moves whatever it belongs to.
    let mut values =
        points.map(|words| words.get(2).and_then(|word| number(word)).unwrap_or(f64::NAN)).peekable();
    values.peek()?;
    let parameter = match name {
        name if name.starts_with("PARMENV") => "a plug-in",
        name if name.contains("VOL") => {
            // Unity of an envelope that is drawn on the fader's scale.
            const FADER_UNITY: f64 = 716.217_850_31;
            let gain = |value: f64| if (value - FADER_UNITY).abs() < 1e-3 { 1.0 } else { value };
            return Automation::of_gains("volume", values.map(gain));
        }
        name if name.contains("PAN") => "pan",
        name if name.contains("WIDTH") => "width",
        name if name.contains("MUTE") => "mute",
        name => name,
    };
    let neutral = if parameter == "pan" { 0.0 } else { 1.0 };
    let idle = parameter != "a plug-in" && values.all(|value| (value - neutral).abs() < 1e-4);
    Some(Automation { parameter: parameter.to_string(), idle, held_db: None })
}

/// Sends are told by the tracks that receive them, and hardware outputs by those that feed them.
fn sends(blocks: &[&Block], tracks: &mut [Track]) {
    let mut found: Vec<Vec<Send>> = vec![Vec::new(); tracks.len()];
    for (at, block) in blocks.iter().enumerate() {
        for words in block.lines() {
            let value = |at: usize| words.get(at).and_then(|word| number(word));
            let level = |at: usize, muted: Option<f64>| {
                let muted = muted.is_some_and(|muted| muted != 0.0);
                if muted { Some(f64::NEG_INFINITY) } else { value(at).map(decibels) }
            };
            match words.first() {
                // A source channel of -1 sends notes alone.
                Some(&"AUXRECV") if value(8) != Some(-1.0) => {
                    let source = value(1).map_or(usize::MAX, |index| index as usize);
                    if let Some(sends) = found.get_mut(source) {
                        sends.push(Send { target: tracks[at].name.clone(), level_db: level(3, value(5)) });
                    }
                }
                Some(&"HWOUT") => {
                    found[at].push(Send { target: "a hardware output".into(), level_db: level(3, value(5)) });
                }
                _ => {}
            }
        }
    }
    for (track, sends) in tracks.iter_mut().zip(found) {
        track.sends = Some(sends);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::timecode::FrameRate;

    fn project(body: &str) -> Session {
        let text = format!(
            "<REAPER_PROJECT 0.1 \"7.0/linux\" 1\n  PROJOFFS 3600 0 0\n  TIMEMODE 1 5 -1 25 0 0 -1\n  \
             SAMPLERATE 48000 1 0\n  MASTER_VOLUME 1 0 -1 -1 1\n{body}\n>\n"
        );
        read("a.rpp", text.as_bytes()).unwrap()
    }

    fn track(body: &str) -> Track {
        project(&format!("<TRACK {{1}}\n NAME \"FR_MARIA\"\n NCHAN 2\n{body}\n>")).tracks.remove(1)
    }

    const ITEM: &str = "<ITEM\n POSITION 1.5\n LENGTH 2\n MUTE 0\n FADEIN 1 0.01 0 1 0 0\n FADEOUT 1 0 0 1 0 0\n \
        NAME 'say \"hi\"'\n VOLPAN 0.5 0 2 -1\n SOFFS 0\n PLAYRATE 1 1 0 -1 0 0.0025\n \
        <SOURCE WAVE\n FILE \"Audio Files/a b.wav\"\n >\n>";

    #[test]
    fn the_head() {
        let session = project("");
        assert_eq!((session.sample_rate, session.drop_frame), (Some(48_000), Some(false)));
        assert_eq!(session.frame_rate, Some(Rate::Picture(FrameRate::Fps25)));
        assert_eq!(session.start_frame, Some(90_000));
        let [master] = &session.tracks[..] else { panic!() };
        assert!(master.built_in);
        assert_eq!((master.kind, master.fader_db), (TrackKind::Master, Some(0.0)));
    }

    #[test]
    fn a_rate_that_follows_the_sound_card_is_not_known() {
        let text = "<REAPER_PROJECT 0.1 \"7\" 1\n SAMPLERATE 44100 0 0\n TIMEMODE 1 5 -1 30 1\n>\n";
        let session = read("a.rpp", text.as_bytes()).unwrap();
        assert_eq!(session.sample_rate, None);
        assert_eq!(session.frame_rate, Some(Rate::Picture(FrameRate::Fps29_97)));
        assert_eq!(session.drop_frame, Some(true));
    }

    #[test]
    fn clips() {
        let track = track(ITEM);
        assert_eq!((track.channels, track.kind, track.playlists), (None, TrackKind::Audio, Some(1)));
        let clip = &track.clips.as_ref().unwrap()[0];
        assert_eq!(clip.name, "say \"hi\"");
        assert_eq!((clip.start, clip.length), (Some(72_000), Some(96_000)));
        assert_eq!((clip.fade_in, clip.fade_out, clip.stretched), (Some(true), Some(false), Some(false)));
        assert_eq!(clip.source.as_deref(), Some("Audio Files/a b.wav"));
        // Half times two.
        assert_eq!(clip.gain_db, Some(0.0));
    }

    #[test]
    fn takes_are_playlists_and_the_selected_one_sounds() {
        let item = ITEM.trim_end_matches('>').to_string()
            + " TAKE SEL\n NAME other\n TAKEVOLPAN 0 1 -1\n PLAYRATE 1.25 1 0 -1 0 0.0025\n <SOURCE WAVE\n FILE c.wav\n >\n>";
        let track = track(&item);
        assert_eq!(track.playlists, Some(2));
        let clip = &track.clips.unwrap()[0];
        assert_eq!((clip.name.as_str(), clip.stretched), ("other", Some(true)));
        assert!((clip.gain_db.unwrap() + 6.02).abs() < 0.01);
    }

    #[test]
    fn plug_ins_bypassed_nested_and_on_the_master() {
        let chain = "<FXCHAIN\n BYPASS 0 0 0\n <VST \"VST: ReaEQ (Cockos)\" reaeq.dll 0 \"\" 1\n QUJD\n >\n \
                     BYPASS 1 0 0\n <CONTAINER C\n BYPASS 0 0 0\n <JS loser/comp \"\"\n >\n >\n>";
        let plug_ins = track(chain).plug_ins.unwrap();
        let names: Vec<_> = plug_ins.iter().map(|plug_in| (plug_in.name.as_str(), plug_in.active)).collect();
        assert_eq!(names, [("VST: ReaEQ (Cockos)", Some(true)), ("loser/comp", Some(true))]);
        let session = project("<MASTERFXLIST\n BYPASS 0 0 0\n <CLAP \"CLAP: Premix\" org.premix \"\"\n >\n>");
        assert_eq!(session.tracks[0].plug_ins.as_ref().unwrap()[0].name, "CLAP: Premix");
    }

    #[test]
    fn envelopes_that_move_and_that_do_not() {
        let of = |points: &str| track(&format!("<VOLENV2\n ACT 1 -1\n{points}\n>")).automation.unwrap();
        let volume = |idle, held_db| [Automation { parameter: "volume".into(), idle, held_db }];
        assert_eq!(of("PT 0 0.1 0"), volume(false, Some(-20.0)));
        assert_eq!(of("PT 0 1 0\n PT 3 0.5 0"), volume(false, None));
        assert_eq!(of("PT 0 1 0\n PT 3 1 0"), volume(true, Some(0.0)));
        assert_eq!(of("PT 0 716.21785031 0"), volume(true, Some(0.0)));
        assert_eq!(of("PT 0"), volume(false, None));
        assert_eq!(of(""), []);
        assert_eq!(track("<VOLENV2\n ACT 0 -1\n PT 0 0.5 0\n>").automation.unwrap(), []);
        let item = ITEM.trim_end_matches('>').to_string() + "<VOLENV\n ACT 1 -1\n PT 0 0.2 0\n >\n>";
        assert_eq!(track(&item).automation.unwrap(), [], "clip gain");
    }

    #[test]
    fn sends_with_their_levels() {
        let session = project(
            "<TRACK {1}\n NAME A\n>\n<TRACK {2}\n NAME B\n AUXRECV 0 0 0.5 0 0 0 0 0 0 -1 0 -1 ''\n>\n\
             <TRACK {3}\n NAME C\n AUXRECV 0 0 0 0 0 0 0 0 0 -1 0 -1 ''\n>",
        );
        let sends = session.tracks[1].sends.as_ref().unwrap();
        assert_eq!(sends[0].target, "B");
        assert!((sends[0].level_db.unwrap() + 6.02).abs() < 0.01);
        assert_eq!(sends[1].level_db, Some(f64::NEG_INFINITY));
        assert_eq!(session.tracks[2].kind, TrackKind::Aux);
    }

    #[test]
    fn groups_folders_and_what_is_hidden() {
        let session = project(
            "<TRACK {1}\n NAME A\n ISBUS 1 1\n GROUP_FLAGS 0 0\n SHOWINMIX 1 0.6 0.5 1 0.5 0 0 0\n>\n\
             <TRACK {2}\n NAME B\n GROUP_FLAGS 1 1\n SHOWINMIX 1 0.6 0.5 1 0.5 0 0 0\n>",
        );
        assert_eq!(session.tracks[1].kind, TrackKind::Folder);
        assert_eq!(session.groups, Some(vec!["track group of B".to_string()]));
        assert_eq!(session.vcas, None);
        assert_eq!(project("").vcas, Some(Vec::new()));
        assert_eq!((session.tracks[1].hidden, session.tracks[2].hidden), (Some(false), Some(false)));
        assert_eq!(track("SHOWINMIX 1 0.6 0.5 0 0 0 0 0").hidden, Some(true));
    }

    #[test]
    fn damaged_and_deep_projects_are_errors() {
        for text in ["", "<REAPER_PROJECT\n", ">\n", "<OTHER\n>\n", &"<A\n".repeat(100_000)] {
            assert!(read("a.rpp", text.as_bytes()).is_err());
        }
    }
}
