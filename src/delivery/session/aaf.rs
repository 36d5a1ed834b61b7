//! AAF: the composition of a session, its media and where they are.
//!
//! Clip gain and volume automation are written alike, so that an AAF says nothing of automation; nor of
//! inserts, sends, groups or what is hidden.

mod fades;
mod objects;
#[cfg(test)]
mod writer;

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};
use std::path::PathBuf;

use super::{Clip, Kind, Media, Place, PlugIn, Rate, Session, SessionError, Track, TrackKind, decibels};
use fades::{rendered_fades, without_rendered};
use objects::{Fault, Object, Objects, auid};

/// Classes, by the number that tells them apart in `0d010101-0101-xx00-060e-2b3402060101`.
const fn class(number: u128) -> u128 {
    0x0d010101_0101_0000_060e_2b3402060101 | (number << 72)
}
const COMPOSITION_MOB: u128 = class(0x35);
const SEQUENCE: u128 = class(0x0f);
const SOURCE_CLIP: u128 = class(0x11);
const FILLER: u128 = class(0x09);
const TRANSITION: u128 = class(0x17);
const OPERATION_GROUP: u128 = class(0x0a);
const TIMECODE: u128 = class(0x14);
const SELECTOR: u128 = class(0x0e);
const NESTED_SCOPE: u128 = class(0x0b);
const ESSENCE_GROUP: u128 = class(0x05);
const CONSTANT_VALUE: u128 = class(0x3d);
const TAPE_DESCRIPTOR: u128 = class(0x2e);
const IMPORT_DESCRIPTOR: u128 = class(0x4a);

const SOUND: [u128; 2] = [0x01030202_0200_0000_060e_2b3404010101, 0x78e1ebe1_6cef_11d2_807d_006008143e6f];
const PICTURE: [u128; 2] = [0x01030202_0100_0000_060e_2b3404010101, 0x6f3c8ce1_6cef_11d2_807d_006008143e6f];
const MONO_AUDIO_GAIN: u128 = 0x9d2ea894_0968_11d3_8a38_0050040ef7d2;
const MONO_AUDIO_PAN: u128 = 0x9d2ea893_0968_11d3_8a38_0050040ef7d2;
const CHANNEL_COMBINER: u128 = 0x6b46dd7a_132d_4856_ab26_8b751d8462ec;
const TOP_LEVEL: u128 = 0x0d010102_0101_0700_060e_2b3404010101;

/// References from clip to clip that are followed to a file.
const LONGEST_CHAIN: usize = 16;

/// Reads an AAF.
///
/// # Errors
/// A file that is no compound file, is damaged, or holds no composition.
pub fn read(file: &str, source: &mut (impl Read + Seek)) -> Result<Session, SessionError> {
    let told = |fault: Fault| SessionError::new(file, format!("is {fault}; export the AAF again"));
    let objects = Objects::open(source).map_err(told)?;
    let mut reader = Reader::new(objects).map_err(told)?;
    reader.session(file).map_err(told)
}

struct Reader<R> {
    objects: Objects<R>,
    /// Where each mob lies, by its id.
    mobs: HashMap<Vec<u8>, PathBuf>,
    embedded: HashSet<Vec<u8>>,
    /// Names of the operations that the file defines itself.
    operations: HashMap<u128, String>,
    media: Vec<Media>,
    /// Ids of the media.
    known: HashSet<String>,
    /// The media that a mob's slot leads to, once it was followed.
    followed: HashMap<(Vec<u8>, i64), Option<Followed>>,
}

/// What stands behind a clip.
#[derive(Clone)]
struct Followed {
    name: String,
    media: Option<String>,
    /// Length of the file in its own samples.
    length: Option<i64>,
}

/// A clip that was found, with what later decides whether it is a fade.
struct Found {
    clip: Clip,
    whole_file: bool,
}

/// A track, what was found on it, and its edit rate.
type Walked = (Track, Walk, Option<(u32, u32)>);

/// One track while it is walked. Positions are in edit units.
#[derive(Default)]
struct Walk {
    found: Vec<Found>,
    units: Vec<(i64, i64)>,
    channels: u16,
    effects: Vec<String>,
    /// Whether a transition leads into what comes next.
    fading: bool,
    gain_db: Option<f64>,
    stretched: bool,
    muted: bool,
    any_fade: bool,
}

impl<R: Read + Seek> Reader<R> {
    fn new(mut objects: Objects<R>) -> Result<Self, Fault> {
        let root = objects.root()?;
        // The root owns the meta dictionary and the header.
        let header = objects.strong(&root, 2)?.ok_or("no AAF: it has no header")?;
        let content = objects.strong(&header, 0x3b03)?.ok_or("no AAF: it has no content")?;
        let mobs = objects.set(&content, 0x1901)?.into_iter().collect();
        let embedded = objects.set(&content, 0x1902)?.into_iter().map(|(id, _)| id).collect();
        let mut operations = HashMap::new();
        if let Some(dictionary) = objects.strong(&header, 0x3b04)? {
            define(&mut objects, &dictionary, &mut operations)?;
        }
        Ok(Self {
            objects,
            mobs,
            embedded,
            operations,
            media: Vec::new(),
            known: HashSet::new(),
            followed: HashMap::new(),
        })
    }

    /// The composition that is the session: of top level if one says so, else the one with most slots.
    fn composition(&mut self) -> Result<(Object, Vec<PathBuf>), Fault> {
        let mut best: Option<(bool, usize, Object, Vec<PathBuf>)> = None;
        let mut paths: Vec<PathBuf> = self.mobs.values().cloned().collect();
        paths.sort();
        for path in paths {
            let mob = self.objects.object(path)?;
            if mob.class != COMPOSITION_MOB {
                continue;
            }
            let slots = self.objects.vector(&mob, 0x4403)?;
            let top = mob.auid(0x4408) == Some(TOP_LEVEL);
            if best.as_ref().is_none_or(|(best_top, count, ..)| (top, slots.len()) > (*best_top, *count)) {
                best = Some((top, slots.len(), mob, slots));
            }
        }
        let (_, _, mob, slots) = best.ok_or("without a composition, so it holds no session")?;
        Ok((mob, slots))
    }

    fn session(&mut self, file: &str) -> Result<Session, Fault> {
        let mut session = Session::unknown(file, Kind::Aaf);
        let (composition, slots) = self.composition()?;
        session.name = composition.text(0x4402);
        let (mut walks, mut slowest_rate) = (Vec::<Walked>::new(), None);
        for path in slots {
            let slot = self.objects.object(path)?;
            let Some(segment) = self.objects.strong(&slot, 0x4803)? else { continue };
            let edit_rate = slot.rational(0x4b01);
            if let Some(timecode) = self.timecode(&segment)? {
                if session.start_frame.is_none() {
                    self.start(&timecode, edit_rate, &mut session);
                }
                continue;
            }
            let data = segment.weak(0x0201);
            let kind = match data {
                Some(data) if SOUND.contains(&data) => TrackKind::Audio,
                Some(data) if PICTURE.contains(&data) => TrackKind::Video,
                _ => continue,
            };
            if kind == TrackKind::Video {
                slowest_rate = edit_rate;
            }
            let mut walk = Walk::default();
            self.walk(&segment, 0, 0, &mut walk)?;
            // Pictures that are nothing but black are no video.
            if kind == TrackKind::Audio || !walk.found.is_empty() {
                let name = slot.text(0x4802).unwrap_or_default();
                walks.push((Track::unknown(name, kind), walk, edit_rate));
            }
        }
        if session.frame_rate.is_none() {
            session.frame_rate = slowest_rate
                .and_then(|(n, d)| Rate::from_fraction(n, d))
                .filter(|rate| rate.picture().is_some());
        }

        let rates: HashSet<u32> = self.media.iter().filter_map(|media| media.sample_rate).collect();
        let edit_rates =
            walks.iter().filter_map(|(_, _, rate)| *rate).filter(|(n, d)| *d == 1 && *n >= 8_000);
        session.sample_rate = match rates.len() {
            1 => rates.into_iter().next(),
            _ => edit_rates.map(|(n, _)| n).next(),
        };
        let any_fade = walks.iter().any(|(_, walk, _)| walk.any_fade);
        let mut rendered = rendered_fades(&walks);
        for (mut track, walk, edit_rate) in walks {
            let in_samples = |units: i64| {
                let ((n, d), rate) = edit_rate.zip(session.sample_rate)?;
                Some((i128::from(units) * i128::from(d) * i128::from(rate) / i128::from(n)) as i64)
            };
            track.channels = Some(walk.channels).filter(|&channels| channels > 0);
            if !walk.effects.is_empty() {
                let effects = walk.effects.into_iter();
                track.plug_ins = Some(effects.map(|name| PlugIn { name, active: Some(true) }).collect());
            }
            let one_frame = session
                .frame_rate
                .and_then(Rate::picture)
                .map(|rate| rate.numerator().div_ceil(rate.denominator()));
            let shortest = session.sample_rate.zip(one_frame).map(|(rate, fps)| u64::from(rate / fps));
            let clips = walk.found.into_iter().zip(walk.units).map(|(found, (start, length))| {
                let mut clip = found.clip;
                clip.start = in_samples(start);
                clip.length = in_samples(length).and_then(|length| u64::try_from(length).ok());
                (clip, found.whole_file)
            });
            track.clips = Some(without_rendered(clips.collect(), &mut rendered, shortest));
            session.tracks.push(track);
        }
        // Without a single fade nothing is known of fades: they may not have been exported.
        if !any_fade && rendered.count == 0 {
            for clip in session.tracks.iter_mut().filter_map(|track| track.clips.as_mut()).flatten() {
                (clip.fade_in, clip.fade_out) = (None, None);
            }
        }
        self.media.retain(|media| !rendered.media.contains(&media.id));
        session.media = Some(std::mem::take(&mut self.media));
        Ok(session)
    }

    /// The timecode of a slot, if it is one.
    fn timecode(&mut self, segment: &Object) -> Result<Option<Object>, Fault> {
        if segment.class != SEQUENCE {
            return Ok((segment.class == TIMECODE).then(|| segment.clone()));
        }
        let first = self.objects.vector(segment, 0x1001)?.into_iter().next();
        let first = first.map(|path| self.objects.object(path)).transpose()?;
        Ok(first.filter(|first| first.class == TIMECODE))
    }

    /// Rate and start from a timecode and the edit rate of its slot.
    fn start(&self, timecode: &Object, edit_rate: Option<(u32, u32)>, session: &mut Session) {
        let fps = timecode.integer(0x1502).and_then(|fps| u32::try_from(fps).ok()).filter(|&fps| fps > 0);
        session.drop_frame = timecode.integer(0x1503).map(|drop| drop != 0);
        session.start_frame = timecode.integer(0x1501).and_then(|start| u64::try_from(start).ok());
        let (Some(fps), Some((numerator, denominator))) = (fps, edit_rate) else { return };
        // Some programs count several units a frame: 11988/100 for four at 29.97.
        let units = (f64::from(numerator) / f64::from(denominator) / f64::from(fps)).round().max(1.0) as u32;
        // Counted in samples it cannot be told whether 24 are 24 or 23.976.
        if units < 100 || fps % 6 != 0 {
            session.frame_rate =
                denominator.checked_mul(units).and_then(|d| Rate::from_fraction(numerator, d));
        }
    }

    /// Walks a segment from a position on and returns its length, both in edit units.
    fn walk(&mut self, segment: &Object, at: i64, depth: usize, walk: &mut Walk) -> Result<i64, Fault> {
        let length = segment.integer(0x0202).unwrap_or(0).max(0);
        if depth > LONGEST_CHAIN {
            return Err("damaged: its segments are nested too deeply".into());
        }
        match segment.class {
            SEQUENCE => {
                let mut position = at;
                for path in self.objects.vector(segment, 0x1001)? {
                    let part = self.objects.object(path)?;
                    if part.class == TRANSITION {
                        let length = part.integer(0x0202).unwrap_or(0).max(0);
                        walk.transition(position);
                        position = position.saturating_sub(length);
                    } else {
                        position = position.saturating_add(self.walk(&part, position, depth + 1, walk)?);
                        walk.fading = false;
                    }
                }
            }
            SOURCE_CLIP => self.source_clip(segment, at, length, walk)?,
            OPERATION_GROUP => self.operation(segment, at, depth, walk)?,
            SELECTOR => {
                let selected = self.objects.strong(segment, 0x0f01)?;
                let silent = selected.as_ref().is_none_or(|selected| selected.class == FILLER);
                let chosen = if silent {
                    let first = self.objects.vector(segment, 0x0f02)?.into_iter().next();
                    first.map(|path| self.objects.object(path)).transpose()?
                } else {
                    selected
                };
                if let Some(chosen) = chosen {
                    let before = walk.muted;
                    walk.muted |= silent;
                    self.walk(&chosen, at, depth + 1, walk)?;
                    walk.muted = before;
                }
            }
            // The last slot is what is heard; of choices the first will do.
            NESTED_SCOPE | ESSENCE_GROUP => {
                let id = if segment.class == NESTED_SCOPE { 0x0c01 } else { 0x0501 };
                let paths = self.objects.vector(segment, id)?;
                let path = if segment.class == NESTED_SCOPE { paths.last() } else { paths.first() };
                if let Some(path) = path.cloned() {
                    let part = self.objects.object(path)?;
                    self.walk(&part, at, depth + 1, walk)?;
                }
            }
            _ => {}
        }
        Ok(length)
    }

    fn operation(&mut self, group: &Object, at: i64, depth: usize, walk: &mut Walk) -> Result<(), Fault> {
        let operation = group.weak(0x0b01).unwrap_or(0);
        let inputs = self.objects.vector(group, 0x0b02)?;
        let (gain, stretched) = (walk.gain_db, walk.stretched);
        match operation {
            MONO_AUDIO_GAIN => walk.gain_db = self.constant_gain(group)?,
            MONO_AUDIO_PAN => {}
            CHANNEL_COMBINER => walk.channels = walk.channels.max(inputs.len() as u16),
            other => {
                let name = self.operations.get(&other).cloned().unwrap_or_else(|| "an unknown effect".into());
                let words = name.to_lowercase();
                if ["warp", "pitch", "stretch", "motion", "speed"].iter().any(|word| words.contains(word)) {
                    walk.stretched = true;
                } else if !["gain", "pan", "level", "volume"].iter().any(|word| words.contains(word)) {
                    walk.effects.push(name);
                }
            }
        }
        if let Some(path) = inputs.into_iter().next() {
            let input = self.objects.object(path)?;
            self.walk(&input, at, depth + 1, walk)?;
        }
        (walk.gain_db, walk.stretched) = (gain, stretched);
        Ok(())
    }

    /// The gain of an operation if it is one number.
    fn constant_gain(&mut self, group: &Object) -> Result<Option<f64>, Fault> {
        for (_, path) in self.objects.set(group, 0x0b03)? {
            let parameter = self.objects.object(path)?;
            if parameter.class == CONSTANT_VALUE {
                return Ok(parameter.indirect_rational(0x4d01).map(decibels));
            }
        }
        Ok(None)
    }

    fn source_clip(&mut self, clip: &Object, at: i64, length: i64, walk: &mut Walk) -> Result<(), Fault> {
        // An id of zeros: the original source, that is to say nothing.
        let Some(id) = clip.data(0x1101).filter(|id| id.iter().any(|byte| *byte != 0)) else { return Ok(()) };
        let slot = clip.integer(0x1102).unwrap_or(0);
        let followed = self.follow(id.to_vec(), slot)?;
        let (name, media, file_length) = match followed {
            Some(followed) => (followed.name, followed.media, followed.length),
            None => (String::new(), None, None),
        };
        let whole_file = clip.integer(0x1201).unwrap_or(0) == 0
            && file_length.is_some_and(|whole| whole.abs_diff(length) <= 1);
        let own_fade = |id: u16| clip.integer(id).is_some_and(|length| length > 0);
        let fade_in = walk.fading || own_fade(0x1202);
        let fade_out = own_fade(0x1204);
        walk.any_fade |= fade_in || fade_out;
        walk.channels = walk.channels.max(1);
        walk.units.push((at, length));
        walk.found.push(Found {
            clip: Clip {
                name,
                source: media,
                gain_db: walk.gain_db,
                fade_in: Some(fade_in),
                fade_out: Some(fade_out),
                stretched: Some(walk.stretched),
                muted: Some(walk.muted),
                ..Clip::default()
            },
            whole_file,
        });
        Ok(())
    }

    /// Follows a reference to the file behind it.
    fn follow(&mut self, id: Vec<u8>, slot: i64) -> Result<Option<Followed>, Fault> {
        let key = (id, slot);
        if let Some(known) = self.followed.get(&key) {
            return Ok(known.clone());
        }
        let mut name = None;
        let (mut id, mut slot) = key.clone();
        let mut result = None;
        for _ in 0..LONGEST_CHAIN {
            let Some(path) = self.mobs.get(&id).cloned() else { break };
            let mob = self.objects.object(path)?;
            name = name.or(mob.text(0x4402));
            let found = result.get_or_insert(Followed {
                name: name.clone().unwrap_or_default(),
                media: None,
                length: None,
            });
            let descriptor = self.objects.strong(&mob, 0x4701)?;
            if let Some(descriptor) =
                descriptor.filter(|it| it.class != TAPE_DESCRIPTOR && it.class != IMPORT_DESCRIPTOR)
            {
                found.media = Some(self.file(&id, &mob, &descriptor)?);
                found.length = descriptor.integer(0x3002);
                break;
            }
            let Some((next, next_slot)) = self.reference(&mob, slot)? else { break };
            (id, slot) = (next, next_slot);
        }
        self.followed.insert(key, result.clone());
        Ok(result)
    }

    /// What the slot of a mob refers to.
    fn reference(&mut self, mob: &Object, slot: i64) -> Result<Option<(Vec<u8>, i64)>, Fault> {
        for path in self.objects.vector(mob, 0x4403)? {
            let candidate = self.objects.object(path)?;
            if candidate.integer(0x4801) != Some(slot) {
                continue;
            }
            let mut segment = self.objects.strong(&candidate, 0x4803)?;
            for _ in 0..LONGEST_CHAIN {
                let Some(part) = segment else { break };
                let inner = match part.class {
                    SOURCE_CLIP => {
                        let id = part.data(0x1101).map(<[u8]>::to_vec);
                        return Ok(id.zip(part.integer(0x1102)));
                    }
                    SEQUENCE => 0x1001,
                    OPERATION_GROUP => 0x0b02,
                    ESSENCE_GROUP => 0x0501,
                    _ => break,
                };
                let first = self.objects.vector(&part, inner)?.into_iter().next();
                segment = first.map(|path| self.objects.object(path)).transpose()?;
            }
        }
        Ok(None)
    }

    /// Adds the file of a source mob to the media, once, and returns its id.
    fn file(&mut self, id: &[u8], mob: &Object, descriptor: &Object) -> Result<String, Fault> {
        let key: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        if !self.known.insert(key.clone()) {
            return Ok(key);
        }
        let locator = self.objects.vector(descriptor, 0x2f01)?.into_iter().next();
        let locator = locator.map(|path| self.objects.object(path)).transpose()?;
        let path = locator
            .and_then(|locator| locator.text(0x4001).or(locator.text(0x4101)))
            .map(|url| from_url(&url));
        let place = match &path {
            _ if self.embedded.contains(id) => Place::Embedded,
            Some(path) => Place::At(path.clone()),
            None => Place::Unknown,
        };
        let name = path.as_deref().and_then(|path| path.rsplit(['/', '\\']).next()).map(str::to_string);
        // A WAV brings its format along; other descriptors have properties for it.
        let format = descriptor.data(0x3801).and_then(wav_format);
        let small = |id: u16| descriptor.integer(id).and_then(|value| u16::try_from(value).ok());
        let rate = descriptor.rational(0x3d03).or(descriptor.rational(0x3001)).map(|(n, d)| n / d);
        self.media.push(Media {
            id: key.clone(),
            name: name.or(mob.text(0x4402)).unwrap_or_default(),
            place,
            sample_rate: format.map(|(_, rate, _)| rate).or(rate).filter(|&rate| rate >= 8_000),
            bits: format.map(|(.., bits)| bits).or(small(0x3d01)),
            channels: format.map(|(channels, ..)| channels).or(small(0x3d07)),
        });
        Ok(key)
    }
}

impl Walk {
    /// A fade, out of the clip that ends where it ends and into the one that starts where it starts.
    fn transition(&mut self, at: i64) {
        self.any_fade = true;
        if let (Some(last), Some((start, duration))) = (self.found.last_mut(), self.units.last())
            && start.saturating_add(*duration) == at
        {
            last.clip.fade_out = Some(true);
        }
        self.fading = true;
    }
}

/// The names of the operations of a dictionary.
fn define<R: Read + Seek>(
    objects: &mut Objects<R>,
    dictionary: &Object,
    names: &mut HashMap<u128, String>,
) -> Result<(), Fault> {
    for (id, path) in objects.set(dictionary, 0x2603)? {
        let definition = objects.object(path)?;
        if let Some((id, name)) = auid(&id).zip(definition.text(0x1b02)) {
            names.insert(id, name);
        }
    }
    Ok(())
}

/// The path of a `file:` URL, its escapes resolved; anything else as it is.
fn from_url(url: &str) -> String {
    let Some(path) = url.strip_prefix("file:") else { return url.to_string() };
    let mut bytes = Vec::new();
    let mut rest = path.trim_start_matches("//localhost").as_bytes();
    while let [first, after @ ..] = rest {
        let escape = (*first == b'%').then(|| after.get(..2)).flatten();
        let value = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Channels, rate and bits of the format chunk in the head of a WAV.
fn wav_format(head: &[u8]) -> Option<(u16, u32, u16)> {
    let at = head.windows(4).position(|four| four == b"fmt ")? + 8;
    let field =
        |offset: usize| head.get(at + offset..at + offset + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let rate = u32::from(field(4)?) | u32::from(field(6)?) << 16;
    Some((field(2)?, rate, field(14)?))
}

/// A small whole file.
#[cfg(test)]
pub(super) fn example() -> Vec<u8> {
    use writer::*;
    let mut mobs = recording(1, "FR_A", 480_000, Where::At("file:///a/Audio%20Files/a.wav"));
    mobs.extend(recording(2, "Fade ", 2_400, Where::Embedded));
    let parts = vec![
        clip(2, 2_400, 0),
        operation(MONO_AUDIO_GAIN, Some((1, 2)), clip(1, 9_000, 5)),
        transition(100),
        filler(9),
    ];
    mobs.push(composition(
        "n",
        vec![
            slot(1, "TC", (24_000, 1001), timecode(86_400, 24, false)),
            slot(2, "FR_A", (48_000, 1), sequence(parts)),
        ],
    ));
    file(mobs)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::writer::*;
    use super::*;
    use crate::delivery::timecode::FrameRate;

    fn parse(nodes: Vec<Node>) -> Session {
        read("a.aaf", &mut Cursor::new(file(nodes))).unwrap()
    }

    /// A session of one track at 48 kHz, starting at one hour of 25 frames.
    fn one_track(parts: Vec<Node>, mut mobs: Vec<Node>) -> Session {
        mobs.insert(
            0,
            composition(
                "Night",
                vec![
                    slot(1, "TC", (25, 1), timecode(90_000, 25, false)),
                    slot(2, "FR_MARIA", (48_000, 1), sequence(parts)),
                ],
            ),
        );
        parse(mobs)
    }

    fn clips(session: &Session) -> Vec<&Clip> {
        session.clips().map(|(_, clip)| clip).collect()
    }

    #[test]
    fn names_order_places_and_media() {
        let mut mobs =
            recording(1, "FR_MARIA_01", 480_000, Where::At("file:///Disk/Night/Audio%20Files/a.wav"));
        mobs.extend(recording(2, "FR_MARIA_02", 480_000, Where::Embedded));
        let session =
            one_track(vec![filler(48_000), clip(1, 96_000, 10), filler(1_000), clip(2, 5_000, 0)], mobs);
        assert_eq!(session.name.as_deref(), Some("Night"));
        assert_eq!(session.frame_rate, Some(Rate::Picture(FrameRate::Fps25)));
        assert_eq!((session.start_frame, session.drop_frame), (Some(90_000), Some(false)));
        assert_eq!(session.sample_rate, Some(48_000));
        let track = &session.tracks[0];
        assert_eq!(
            (track.name.as_str(), track.kind, track.channels),
            ("FR_MARIA", TrackKind::Audio, Some(1))
        );
        let [first, second] = clips(&session)[..] else { panic!() };
        assert_eq!(
            (first.name.as_str(), first.start, first.length),
            ("FR_MARIA_01", Some(48_000), Some(96_000))
        );
        assert_eq!((second.start, second.length), (Some(145_000), Some(5_000)));
        assert_eq!((first.fade_in, track.automation.as_ref(), track.plug_ins.as_ref()), (None, None, None));
        let media = session.media_of(first).unwrap();
        assert_eq!(media.place, Place::At("///Disk/Night/Audio Files/a.wav".into()));
        assert_eq!((media.name.as_str(), media.bits, media.channels), ("a.wav", Some(24), Some(1)));
        assert_eq!(session.media_of(second).unwrap().place, Place::Embedded);
    }

    #[test]
    fn transitions_are_fades_of_the_clips_they_touch() {
        let mobs = recording(1, "A", 480_000, Where::Embedded);
        let session = one_track(
            vec![
                filler(10_000),
                transition(1_000),
                clip(1, 20_000, 0),
                transition(2_000),
                clip(1, 20_000, 0),
                filler(5_000),
                clip(1, 1_000, 0),
                transition(500),
                filler(5_000),
                clip(1, 1_000, 0),
            ],
            mobs,
        );
        let fades: Vec<_> =
            clips(&session).iter().map(|clip| (clip.start, clip.fade_in, clip.fade_out)).collect();
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(
            fades,
            [
                (Some(9_000), yes, yes),
                (Some(27_000), yes, no),
                (Some(52_000), no, yes),
                (Some(57_500), no, no),
            ]
        );
    }

    #[test]
    fn fades_that_are_clips_in_an_unknown_language() {
        let mut mobs = recording(1, "A", 480_000, Where::Embedded);
        mobs.extend(recording(2, "Häivytys", 2_400, Where::Embedded));
        mobs.extend(recording(3, "Häivytys", 4_800, Where::Embedded));
        let session = one_track(
            vec![
                filler(10_000),
                clip(2, 2_400, 0),
                clip(1, 20_000, 7),
                clip(3, 4_800, 0),
                filler(9),
                clip(1, 5_000, 0),
            ],
            mobs,
        );
        let [faded, plain] = clips(&session)[..] else { panic!("{:?}", clips(&session)) };
        assert_eq!((faded.start, faded.length), (Some(10_000), Some(27_200)));
        assert_eq!((faded.fade_in, faded.fade_out), (Some(true), Some(true)));
        assert_eq!((plain.fade_in, plain.fade_out), (Some(false), Some(false)));
        assert_eq!(session.media.as_ref().unwrap().len(), 1, "the fades are no recordings");
    }

    #[test]
    fn rendered_fades_on_both_sides_of_a_pause_are_no_clips() {
        let mut mobs = recording(1, "A", 480_000, Where::Embedded);
        mobs.extend(recording(2, "Fade ", 2_400, Where::Embedded));
        mobs.extend(recording(3, "Fade ", 2_400, Where::Embedded));
        let parts =
            vec![clip(1, 9_000, 7), clip(2, 2_400, 0), filler(9_000), clip(3, 2_400, 0), clip(1, 9_000, 7)];
        let session = one_track(parts, mobs);
        let told: Vec<_> = clips(&session)
            .iter()
            .map(|clip| (clip.name.as_str(), clip.start, clip.length, clip.fade_in, clip.fade_out))
            .collect();
        let (yes, no, length) = (Some(true), Some(false), Some(11_400));
        assert_eq!(told, [("A", Some(0), length, no, yes), ("A", Some(20_400), length, yes, no)]);
    }

    #[test]
    fn a_single_fade_is_known_by_its_name_and_a_clip_that_touches_is_not_a_fade() {
        let mut mobs = recording(1, "A", 480_000, Where::Embedded);
        mobs.extend(recording(2, "Fondu ", 2_400, Where::Embedded));
        mobs.extend(recording(3, "B", 4_800, Where::Embedded));
        let session = one_track(vec![clip(2, 2_400, 0), clip(1, 20_000, 7), clip(3, 4_800, 0)], mobs);
        let names: Vec<_> = clips(&session).iter().map(|clip| clip.name.as_str()).collect();
        assert_eq!(names, ["A", "B"]);
    }

    #[test]
    fn gain_stretch_and_effects() {
        let session = one_track(
            vec![
                operation(MONO_AUDIO_GAIN, Some((1, 2)), clip(1, 1_000, 0)),
                operation(0xabc, None, clip(1, 1_000, 0)),
                operation(0xdef, None, clip(1, 1_000, 0)),
            ],
            recording(1, "A", 480_000, Where::Embedded),
        );
        let [gained, warped, treated] = clips(&session)[..] else { panic!() };
        assert!((gained.gain_db.unwrap() + 6.02).abs() < 0.01);
        assert_eq!(
            (gained.stretched, warped.stretched, treated.stretched),
            (Some(false), Some(true), Some(false))
        );
        assert_eq!(session.tracks[0].plug_ins.as_ref().unwrap()[0].name, "Room Reverb");
    }

    #[test]
    fn odd_rates_of_timecode() {
        let start = |edit_rate, fps, drop| {
            let session =
                parse(vec![composition("x", vec![slot(1, "TC", edit_rate, timecode(1, fps, drop))])]);
            (session.frame_rate, session.drop_frame)
        };
        let rate = |rate| Some(Rate::Picture(rate));
        assert_eq!(start((23_976, 1000), 24, false), (rate(FrameRate::Fps23_976), Some(false)));
        assert_eq!(start((11_988, 100), 30, true), (rate(FrameRate::Fps29_97), Some(true)));
        assert_eq!(start((30_000, 1001), 30, true), (rate(FrameRate::Fps29_97), Some(true)));
        assert_eq!(start((48_000, 1), 24, false), (None, Some(false)), "24 or 23.976");
        assert_eq!(start((48_000, 1), 25, false), (rate(FrameRate::Fps25), Some(false)));
    }

    #[test]
    fn references_in_circles_end() {
        // Mob 1 refers to mob 2 and that to mob 1.
        let mobs = vec![reference(1, "A", 2), reference(2, "B", 1)];
        let session = one_track(vec![clip(1, 1_000, 0)], mobs);
        let clip = clips(&session)[0];
        assert_eq!((clip.name.as_str(), &clip.source), ("A", &None));
    }

    #[test]
    fn deep_and_damaged_files_are_errors() {
        let mut deep = clip(1, 1, 0);
        for _ in 0..30 {
            deep = sequence(vec![deep]);
        }
        let bytes = file(vec![composition("x", vec![slot(1, "A", (48_000, 1), deep)])]);
        assert!(read("a.aaf", &mut Cursor::new(bytes)).unwrap_err().fault.contains("nested too deeply"));

        let bytes = file(vec![composition("x", vec![])]);
        assert!(read("a.aaf", &mut Cursor::new(&bytes)).is_ok());
        for length in [0, 100, 512, 1024, bytes.len() / 2] {
            assert!(
                read("a.aaf", &mut Cursor::new(&bytes[..length])).is_err(),
                "{length} of {}",
                bytes.len()
            );
        }
        assert!(read("a.aaf", &mut Cursor::new(file(vec![]))).is_err());
    }

    #[test]
    fn references_that_lead_elsewhere_are_errors() {
        let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        for elsewhere in ["/p-480", "../../", "p\\4803"] {
            let mut file = cfb::CompoundFile::open(Cursor::new(example())).unwrap();
            let paths: Vec<PathBuf> = file.walk().map(|entry| entry.path().to_path_buf()).collect();
            for path in paths.iter().filter(|path| path.ends_with("properties")) {
                let mut properties = Vec::new();
                file.open_stream(path).unwrap().read_to_end(&mut properties).unwrap();
                let reference = utf16("p-4803");
                let found = properties.windows(reference.len()).position(|part| part == reference);
                let Some(at) = found else { continue };
                properties[at..at + reference.len()].copy_from_slice(&utf16(elsewhere));
                std::io::Write::write_all(&mut file.create_stream(path).unwrap(), &properties).unwrap();
            }
            let bytes = file.into_inner().into_inner();
            let error = read("a.aaf", &mut Cursor::new(bytes)).unwrap_err().to_string();
            assert!(error.contains("a reference is no name"), "{elsewhere}: {error}");
        }
    }

    #[test]
    fn an_index_of_a_million_objects_is_an_error_before_it_takes_memory() {
        let mut file = cfb::CompoundFile::open(Cursor::new(example())).unwrap();
        let slots = file.walk().find(|entry| entry.name() == "p-4403 index").unwrap().path().to_path_buf();
        let keys = [1_000_000u32, 1_000_000, u32::MAX].into_iter().chain(std::iter::repeat_n(0, 1_000_000));
        let index: Vec<u8> = keys.flat_map(u32::to_le_bytes).collect();
        std::io::Write::write_all(&mut file.create_stream(slots).unwrap(), &index).unwrap();
        let error = read("a.aaf", &mut Cursor::new(file.into_inner().into_inner())).unwrap_err().to_string();
        assert!(error.contains("lists more than"), "{error}");
    }

    #[test]
    fn urls_become_paths() {
        assert_eq!(from_url("file:///C:/a%20b/%C3%A9.wav"), "///C:/a b/é.wav");
        assert_eq!(from_url("file://localhost/a%"), "/a%");
        assert_eq!(from_url("Audio Files/a.wav"), "Audio Files/a.wav");
    }
}
