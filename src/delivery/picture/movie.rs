//! A movie's video track: its frames, their rate, and the timecode of the first.
//!
//! Tables are read once, in order, without being kept.

use std::io::{Read, Seek};

use super::boxes::{Atom, Fault, Result, Source, damaged};
use super::cadence::Cadence;
use super::{Movie, TimecodeStart};

const MOST_TRACKS: usize = 1000;
/// Frames looked at for the one shown first. Codecs reorder no more than 16.
const REORDERED: u64 = 64;

/// Reads a movie of `length` bytes.
pub fn read<R: Read + Seek>(reader: R, length: u64) -> Result<Movie> {
    let source = &mut Source::new(reader, length);
    let mut video: Option<Video> = None;
    let (mut at, mut missing, mut is_loose) = (0, 0, false);
    while let Some(atom) = source.next(at, length)? {
        (at, missing) = (atom.end, atom.missing);
        // A fragment is followed by its media.
        is_loose = &atom.kind == b"moof";
        match (&atom.kind, &mut video) {
            (b"moov", _) if missing > 0 => return damaged("it is cut short within its index"),
            (b"moov", None) => video = Some(Video::read(source, &atom)?),
            (b"moof", Some(video)) if missing == 0 => video.add_fragment(source, &atom)?,
            _ => {}
        }
    }
    let is_cut = missing > 0 || is_loose || at < length;
    match video {
        Some(video) => video.finish(source, is_cut),
        None if is_cut => damaged("it is cut short before its index"),
        None => damaged("it has no index"),
    }
}

/// What the boxes of a track say, and where its tables lie.
#[derive(Clone, Default)]
struct Track {
    id: u32,
    is_enabled: bool,
    handler: [u8; 4],
    timescale: u32,
    /// The first timecode track that it refers to.
    timecode: Option<u32>,
    /// The tracks that are its chapters.
    chapters: Vec<u32>,
    edits: Option<Atom>,
    durations: Option<Atom>,
    offsets: Option<Atom>,
    descriptions: Option<Atom>,
    sizes: Option<Atom>,
    chunks: Option<Atom>,
}

impl Track {
    fn read<R: Read + Seek>(source: &mut Source<R>, parent: &Atom) -> Result<Self> {
        let mut track = Self::default();
        track.descend(source, parent)?;
        Ok(track)
    }

    /// Only into what may lie in what, and the first of each counts.
    fn descend<R: Read + Seek>(&mut self, source: &mut Source<R>, parent: &Atom) -> Result<()> {
        source.each(parent, |source, atom| {
            match (&parent.kind, &atom.kind) {
                (b"trak", b"mdia" | b"edts" | b"tref") | (b"mdia", b"minf") | (b"minf", b"stbl") => {
                    self.descend(source, atom)?;
                }
                (b"trak", b"tkhd") => {
                    source.within(atom, 0, 24)?;
                    let [version, _, _, flags] = source.read::<4>()?;
                    source.within(atom, if version == 1 { 20 } else { 12 }, 4)?;
                    (self.id, self.is_enabled) = (source.u32()?, flags & 1 == 1);
                }
                (b"mdia", b"mdhd") => self.timescale = timescale(source, atom)?,
                (b"mdia", b"hdlr") => {
                    source.within(atom, 8, 4)?;
                    self.handler = source.read()?;
                }
                (b"tref", b"tmcd") if self.timecode.is_none() => {
                    source.within(atom, 0, 4)?;
                    self.timecode = Some(source.u32()?);
                }
                (b"tref", b"chap") if self.chapters.is_empty() => {
                    source.within(atom, 0, 0)?;
                    let count = (atom.end - atom.start) / 4;
                    for _ in 0..count.min(MOST_TRACKS as u64) {
                        self.chapters.push(source.u32()?);
                    }
                }
                (b"edts", b"elst") => _ = self.edits.get_or_insert(*atom),
                (b"stbl", b"stts") => _ = self.durations.get_or_insert(*atom),
                (b"stbl", b"ctts") => _ = self.offsets.get_or_insert(*atom),
                (b"stbl", b"stsd") => _ = self.descriptions.get_or_insert(*atom),
                (b"stbl", b"stsz") => _ = self.sizes.get_or_insert(*atom),
                (b"stbl", b"stco" | b"co64") => _ = self.chunks.get_or_insert(*atom),
                _ => {}
            }
            Ok(())
        })
    }
}

/// Ticks a second, of an `mvhd` or `mdhd` box.
fn timescale<R: Read + Seek>(source: &mut Source<R>, atom: &Atom) -> Result<u32> {
    source.within(atom, 0, 4)?;
    let [version, ..] = source.read::<4>()?;
    source.within(atom, if version == 1 { 20 } else { 12 }, 4)?;
    match source.u32()? {
        0 => damaged(format!("its {} box states a clock of 0 Hz", atom.name())),
        timescale => Ok(timescale),
    }
}

/// What the index says of all tracks.
struct Index {
    /// Ticks a second of the durations in edit lists.
    timescale: u32,
    tracks: Vec<Track>,
    /// Of each fragmented track, the duration of a frame that does not state its own.
    defaults: Vec<(u32, u32)>,
}

impl Index {
    fn read<R: Read + Seek>(source: &mut Source<R>, parent: &Atom) -> Result<Self> {
        let mut index = Self { timescale: 0, tracks: Vec::new(), defaults: Vec::new() };
        source.each(parent, |source, atom| {
            match &atom.kind {
                b"mvhd" => index.timescale = timescale(source, atom)?,
                b"trak" if index.tracks.len() < MOST_TRACKS => {
                    index.tracks.push(Track::read(source, atom)?);
                }
                b"mvex" => source.each(atom, |source, atom| {
                    if &atom.kind == b"trex" && index.defaults.len() < MOST_TRACKS {
                        source.within(atom, 4, 12)?;
                        let (track, _, duration) = (source.u32()?, source.u32()?, source.u32()?);
                        index.defaults.push((track, duration));
                    }
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })?;
        match index.timescale {
            0 => damaged("its index has no header"),
            _ => Ok(index),
        }
    }

    fn is_picture(&self, track: &Track) -> bool {
        let is_chapter = self.tracks.iter().any(|other| other.chapters.contains(&track.id));
        &track.handler == b"vide" && !is_chapter
    }

    /// The first video track that plays.
    fn picture(&self) -> Option<&Track> {
        let pictures = || self.tracks.iter().filter(|track| self.is_picture(track));
        pictures().find(|track| track.is_enabled).or_else(|| pictures().next())
    }

    /// The timecode track of a video track.
    fn timecode(&self, picture: &Track) -> Option<&Track> {
        let mut all = self.tracks.iter().filter(|track| &track.handler == b"tmcd");
        match picture.timecode {
            Some(id) => all.find(|track| track.id == id),
            None => all.next(),
        }
    }
}

/// The video track, while it is read.
struct Video {
    movie_timescale: u32,
    track: Track,
    timecode: Option<Track>,
    /// Duration of a frame in a fragment that states none.
    default_duration: u32,
    is_fragmented: bool,
    cadence: Cadence,
    /// When the first frame is decoded, and when the frame shown first is shown, in ticks.
    origin: i128,
    shown_first: Option<i128>,
    /// Whether time is missing between two fragments.
    has_gap: bool,
    /// Where the first timecode lies in the file.
    timecode_at: Option<u64>,
    warnings: Vec<String>,
}

impl Video {
    fn read<R: Read + Seek>(source: &mut Source<R>, parent: &Atom) -> Result<Self> {
        let index = Index::read(source, parent)?;
        let track = index.picture().ok_or(Fault::NoVideo)?.clone();
        if track.timescale == 0 {
            return damaged("its video has no clock");
        }
        let playing = |track: &&Track| track.is_enabled && index.is_picture(track);
        let count = index.tracks.iter().filter(playing).count();
        let default = index.defaults.iter().find(|(id, _)| *id == track.id);
        let mut video = Self {
            movie_timescale: index.timescale,
            timecode: index.timecode(&track).cloned(),
            default_duration: default.map_or(0, |(_, duration)| *duration),
            is_fragmented: !index.defaults.is_empty(),
            cadence: Cadence::new(track.timescale),
            origin: 0,
            shown_first: None,
            has_gap: false,
            timecode_at: None,
            warnings: Vec::new(),
            track,
        };
        if count > 1 {
            video.warnings.push(format!("it has {count} video tracks, of which the first was taken"));
        }
        video.read_tables(source)?;
        if let Some(chunks) = video.timecode.as_ref().and_then(|track| track.chunks) {
            let is_long = &chunks.kind == b"co64";
            if source.table(&chunks, if is_long { 8 } else { 4 })? > 0 {
                video.timecode_at = Some(source.field(is_long)?);
            }
        }
        Ok(video)
    }

    /// The frames that the index itself lists.
    fn read_tables<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<()> {
        let mut starts = Vec::new();
        if let Some(durations) = self.track.durations {
            for _ in 0..source.table(&durations, 8)? {
                let (frames, duration) = (source.u32()?, source.u32()?);
                let start = self.cadence.ticks() as i128;
                for frame in 0..u64::from(frames).min(REORDERED.saturating_sub(starts.len() as u64)) {
                    starts.push(start + i128::from(frame) * i128::from(duration));
                }
                self.cadence.push(frames, duration);
            }
        }
        if let Some(sizes) = self.track.sizes {
            source.within(&sizes, 8, 4)?;
            let listed = u64::from(source.u32()?);
            if listed != self.cadence.frames() {
                let timed = self.cadence.frames();
                return damaged(format!("its tables disagree on the number of frames, {listed} or {timed}"));
            }
        }
        let mut starts = starts.into_iter();
        let offsets = match self.track.offsets {
            Some(offsets) => source.table(&offsets, 8)?,
            None => 0,
        };
        for _ in 0..offsets.min(REORDERED) {
            // Negative ones are allowed in the later version and found in the earlier.
            let (frames, offset) = (source.u32()?, source.u32()?.cast_signed());
            for start in starts.by_ref().take(frames as usize) {
                self.show(start + i128::from(offset));
            }
        }
        starts.for_each(|start| self.show(start));
        Ok(())
    }

    fn show(&mut self, at: i128) {
        self.shown_first = Some(self.shown_first.map_or(at, |first| first.min(at)));
    }

    /// The frames of a fragment.
    fn add_fragment<R: Read + Seek>(&mut self, source: &mut Source<R>, moof: &Atom) -> Result<()> {
        self.is_fragmented = true;
        source.each(moof, |source, traf| {
            if &traf.kind != b"traf" {
                return Ok(());
            }
            let (mut id, mut base, mut duration) = (0, moof.head, self.default_duration);
            source.each(traf, |source, atom| match &atom.kind {
                b"tfhd" => {
                    source.within(atom, 0, 8)?;
                    let flags = source.u32()?;
                    id = source.u32()?;
                    let skipped = 8 * u64::from(flags & 1) + 4 * u64::from(flags >> 1 & 1);
                    if flags & 1 != 0 {
                        source.within(atom, 8, 8)?;
                        base = source.u64()?;
                    }
                    if flags & 8 != 0 {
                        source.within(atom, 8 + skipped, 4)?;
                        duration = source.u32()?;
                    }
                    Ok(())
                }
                b"tfdt" if id == self.track.id => {
                    source.within(atom, 0, 4)?;
                    let [version, ..] = source.read::<4>()?;
                    let is_long = version == 1;
                    source.within(atom, 4, if is_long { 8 } else { 4 })?;
                    let start = i128::from(source.field(is_long)?);
                    self.resume(start);
                    Ok(())
                }
                b"trun" if id == self.track.id => self.add_run(source, atom, duration),
                b"trun" if self.timecode.as_ref().is_some_and(|track| track.id == id) => {
                    source.within(atom, 0, 12)?;
                    let (flags, count, offset) = (source.u32()?, source.u32()?, source.u32()?);
                    if self.timecode_at.is_none() && flags & 1 != 0 && count > 0 {
                        self.timecode_at = base.checked_add_signed(i64::from(offset.cast_signed()));
                    }
                    Ok(())
                }
                _ => Ok(()),
            })
        })
    }

    /// Heeds the time at which a fragment says that it starts.
    fn resume(&mut self, start: i128) {
        let (frames, ticks) = (self.cadence.frames(), self.cadence.ticks() as i128);
        if frames == 0 {
            self.origin = start;
        } else {
            let off = (start - self.origin - ticks) as f64;
            // By more than half a frame.
            self.has_gap |= 2.0 * off.abs() * frames as f64 > ticks as f64;
        }
    }

    /// The frames of a run within a fragment.
    fn add_run<R: Read + Seek>(&mut self, source: &mut Source<R>, atom: &Atom, default: u32) -> Result<()> {
        source.within(atom, 0, 8)?;
        let (flags, count) = (source.u32()?, source.u32()?);
        let entries_at = 8 + 4 * u64::from(flags & 1) + 4 * u64::from(flags >> 2 & 1);
        let entry_bytes = 4 * u64::from((flags & 0xf00).count_ones());
        source.entries(atom, entries_at, u64::from(count), entry_bytes)?;
        if entry_bytes == 0 {
            // None is shown before the first.
            self.show(self.origin + self.cadence.ticks() as i128);
            self.cadence.push(count, default);
            return Ok(());
        }
        for _ in 0..count {
            let duration = if flags & 0x100 != 0 { source.u32()? } else { default };
            for _ in 0..(flags >> 9 & 1) + (flags >> 10 & 1) {
                source.u32()?;
            }
            let offset = if flags & 0x800 != 0 { source.u32()?.cast_signed() } else { 0 };
            if self.cadence.frames() < REORDERED {
                self.show(self.origin + self.cadence.ticks() as i128 + i128::from(offset));
            }
            self.cadence.push(1, duration);
        }
        Ok(())
    }

    fn finish<R: Read + Seek>(mut self, source: &mut Source<R>, is_cut: bool) -> Result<Movie> {
        if self.cadence.frames() == 0 {
            return damaged("its video has no frames");
        }
        let start = self.timecode_start(source)?;
        let not_all = self.not_all_shown(source)?;
        let frames = if is_cut && self.is_fragmented {
            Err("the file is cut short, and frames may be missing".to_owned())
        } else if self.has_gap {
            Err("frames are missing between its fragments".to_owned())
        } else if let Some(reason) = not_all {
            Err(reason)
        } else {
            Ok(self.cadence.frames())
        };
        if is_cut && !self.is_fragmented {
            self.warnings.push("it is cut short, and the length is what its index says".to_owned());
        }
        Ok(Movie {
            frames,
            rates: self.cadence.rates(),
            average_rate: self.cadence.average(),
            start,
            warnings: self.warnings,
        })
    }

    /// Why the edit list shows other than all frames, each once.
    ///
    /// The first media time is that of the frame shown first, which with reordered frames is not 0 and cuts
    /// nothing. What is shorter than half a frame is rounding.
    fn not_all_shown<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<Option<String>> {
        let Some(edits) = self.track.edits else { return Ok(None) };
        source.within(&edits, 0, 4)?;
        let [version, ..] = source.read::<4>()?;
        let is_long = version == 1;
        let count = source.table(&edits, if is_long { 20 } else { 12 })?;
        let seconds = |ticks: i128| ticks as f64 / f64::from(self.track.timescale);
        let length = seconds(self.cadence.ticks() as i128);
        let one_tick = 1.0 / f64::from(self.movie_timescale);
        let tolerance = (length / self.cadence.frames() as f64 / 2.0).max(one_tick);
        let (mut pieces, mut cut) = (0, false);
        for _ in 0..count {
            let duration = source.field(is_long)? as f64 * one_tick;
            let media_time = match is_long {
                true => source.u64()?.cast_signed(),
                false => i64::from(source.u32()?.cast_signed()),
            };
            let speed = source.u32()?;
            if media_time < 0 {
                if pieces == 0 && duration > tolerance {
                    return Ok(Some(format!("its edit list shows nothing for the first {duration:.3} s")));
                }
                continue;
            }
            pieces += 1;
            if pieces > 1 {
                return Ok(Some("its edit list shows the video in several pieces".to_owned()));
            }
            if speed != 1 << 16 {
                return Ok(Some("its edit list changes the speed of the video".to_owned()));
            }
            let before = seconds(i128::from(media_time) - self.shown_first.unwrap_or(0)).max(0.0);
            // In fragmented movies 0 stands for all.
            let after = if duration == 0.0 { 0.0 } else { length - before - duration };
            cut = before > tolerance || after > tolerance;
        }
        Ok(cut.then(|| "its edit list shows only a part of the video".to_owned()))
    }

    /// The first label of the timecode track. What cannot be read of it is no fault of the picture.
    fn timecode_start<R: Read + Seek>(&mut self, source: &mut Source<R>) -> Result<Option<TimecodeStart>> {
        let (Some(track), Some(at)) = (&self.timecode, self.timecode_at) else { return Ok(None) };
        let Some(descriptions) = track.descriptions else { return Ok(None) };
        // After version and count, the first description: its header, 8 bytes as all have, and its own.
        source.within(&descriptions, 12, 4)?;
        let kind = source.read()?;
        source.within(&descriptions, 28, 13)?;
        let (flags, _clock, _duration) = (source.u32()?, source.u32()?, source.u32()?);
        let [nominal_fps] = source.read()?;
        let is_counter = flags & 8 != 0;
        if &kind != b"tmcd" || is_counter || nominal_fps == 0 {
            return Ok(None);
        }
        if at > source.length.saturating_sub(4) {
            self.warnings.push("its start timecode lies in what is missing of the file".to_owned());
            return Ok(None);
        }
        source.seek(at)?;
        Ok(Some(TimecodeStart { frame: source.u32()?, nominal_fps, drop_frame: flags & 1 != 0 }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::delivery::timecode::FrameRate;

    fn atom(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
        let content = parts.concat();
        [&(content.len() as u32 + 8).to_be_bytes(), &kind[..], &content].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// What a test varies of a movie of 100 frames at 25, on a clock of 12800 Hz within one of 1000 Hz.
    #[derive(Clone, Default)]
    struct Film {
        /// Duration in milliseconds, media time in ticks, speed.
        edits: Vec<[u32; 3]>,
        /// Frames, and how much later than decoded they are shown.
        offsets: Vec<[u32; 2]>,
        /// Instead of 100 frames of 512 ticks.
        durations: Option<Vec<[u32; 2]>>,
        /// Instead of the number of durations that there are.
        stated: Option<u32>,
        /// Flags of the timecode description.
        timecode_flags: u32,
        /// Fragments behind the index.
        fragments: Vec<u8>,
    }

    fn track(id: u32, flags: u32, handler: &[u8; 4], more: &[Vec<u8>], tables: &[Vec<u8>]) -> Vec<u8> {
        let header = atom(b"tkhd", &[words(&[flags, 0, 0, id, 0, 0]), vec![0; 60]]);
        let media = atom(b"mdhd", &[words(&[0, 0, 0, 12_800, 51_200, 0])]);
        let handler = atom(b"hdlr", &[words(&[0, 0]), handler.to_vec(), vec![0; 12]]);
        let information = atom(b"minf", &[atom(b"stbl", tables)]);
        atom(b"trak", &[header, more.concat(), atom(b"mdia", &[media, handler, information])])
    }

    impl Film {
        fn bytes(&self) -> Vec<u8> {
            let table = |kind: &[u8; 4], rows: &[Vec<u32>], stated: Option<u32>| {
                let count = stated.unwrap_or(rows.len() as u32);
                atom(kind, &[words(&[0, count]), words(&rows.concat())])
            };
            let rows = |rows: &[[u32; 2]]| rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>();
            let durations = self.durations.clone().unwrap_or(vec![[100, 512]]);
            let edits: Vec<Vec<u32>> = self.edits.iter().map(|row| row.to_vec()).collect();
            let file_type = atom(b"ftyp", &[b"qt  ".to_vec(), words(&[0])]);
            // The timecode is the first thing in the media data, which have a 64-bit size.
            let media = [&words(&[1])[..], b"mdat", &words(&[0, 24, 90_000, 0])].concat();
            let timecode_at = file_type.len() as u32 + 16;
            let mut tables = vec![table(b"stts", &rows(&durations), self.stated)];
            if !self.offsets.is_empty() {
                tables.push(table(b"ctts", &rows(&self.offsets), None));
            }
            let mut more = vec![atom(b"tref", &[atom(b"tmcd", &[words(&[3])])])];
            if !self.edits.is_empty() {
                more.push(atom(b"edts", &[table(b"elst", &edits, None)]));
            }
            let description = [vec![0; 8], words(&[0, self.timecode_flags, 25_000, 1000]), vec![25, 0]];
            let description = atom(b"stsd", &[words(&[0, 1]), atom(b"tmcd", &description)]);
            let chunks = atom(b"stco", &[words(&[0, 1, timecode_at])]);
            let sound = atom(b"tref", &[atom(b"chap", &[words(&[4])])]);
            let thumbnails = vec![table(b"stts", &[vec![3, 512]], None)];
            let index = atom(
                b"moov",
                &[
                    atom(b"mvhd", &[words(&[0, 0, 0, 1000, 4000]), vec![0; 80]]),
                    track(2, 1, b"soun", &[sound], &[]),
                    track(4, 1, b"vide", &[], &thumbnails),
                    track(5, 0, b"vide", &[], &thumbnails),
                    track(1, 1, b"vide", &more, &tables),
                    track(3, 1, b"tmcd", &[], &[description, chunks]),
                ],
            );
            [file_type, media, index, self.fragments.clone()].concat()
        }

        fn movie(&self) -> Movie {
            read_bytes(&self.bytes()).unwrap()
        }

        /// Why its length cannot be told.
        fn reason(&self) -> String {
            self.movie().frames.unwrap_err()
        }
    }

    fn read_bytes(bytes: &[u8]) -> Result<Movie> {
        read(Cursor::new(bytes), bytes.len() as u64)
    }

    fn fault(bytes: &[u8]) -> String {
        match read_bytes(bytes) {
            Err(Fault::Damaged(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    /// A fragment of the track, which starts at a tick: the rows of its run, by its flags.
    fn fragment(start: u32, flags: u32, count: u32, rows: &[u32]) -> Vec<u8> {
        let run = atom(b"trun", &[words(&[flags, count]), words(rows)]);
        let header = atom(b"tfhd", &[words(&[8, 1, 512])]);
        let time = atom(b"tfdt", &[words(&[0, start])]);
        [atom(b"moof", &[atom(b"traf", &[header, time, run])]), atom(b"mdat", &[])].concat()
    }

    #[test]
    fn the_playing_track_is_read_and_its_timecode() {
        let movie = Film::default().movie();
        assert_eq!((movie.frames, movie.rates), (Ok(100), vec![FrameRate::Fps25]));
        let start = TimecodeStart { frame: 90_000, nominal_fps: 25, drop_frame: false };
        assert_eq!(movie.start, Some(start));
        assert_eq!(movie.warnings, [""; 0]);
        assert_eq!(start.at(FrameRate::Fps25).unwrap().to_string(), "01:00:00:00");
        assert_eq!(start.at(FrameRate::Fps50).unwrap().to_string(), "01:00:00:00");
        assert_eq!(start.at(FrameRate::Fps24), None);
        assert_eq!(Film { timecode_flags: 8, ..Film::default() }.movie().start, None);
        let drop = Film { timecode_flags: 1, ..Film::default() }.movie().start.unwrap();
        assert_eq!((drop.drop_frame, drop.at(FrameRate::Fps25)), (true, None));
        let mut bytes = Film::default().bytes();
        let offset = bytes.windows(4).position(|kind| kind == b"stco").unwrap() + 12;
        bytes[offset] = 0xff;
        let movie = read_bytes(&bytes).unwrap();
        assert_eq!(movie.start, None);
        assert!(movie.warnings[0].contains("start timecode lies in what is missing"), "{:?}", movie.warnings);
    }

    #[test]
    fn rounding_and_reordering_in_edit_lists_are_no_cuts() {
        let whole = 1 << 16;
        for (edits, offsets) in [
            (vec![[4000, 0, whole]], vec![]),
            // The duration rounded, or less than half a frame off; 0 for all of a fragmented movie.
            (vec![[3999, 0, whole]], vec![]),
            (vec![[3981, 0, whole]], vec![]),
            (vec![[0, 0, whole]], vec![]),
            // Shown two frames after decoding, the first of them after the second.
            (vec![[4000, 1024, whole]], vec![[1, 1024], [1, 2560], [1, 1024], [97, 1024]]),
            // Shown before they are decoded, as the later version has it.
            (vec![[4000, 0, whole]], vec![[1, 0], [1, 1024], [98, (-512i32).cast_unsigned()]]),
            (vec![[10, u32::MAX, whole], [4000, 0, whole], [500, u32::MAX, whole]], vec![]),
        ] {
            let film = Film { edits, offsets, ..Film::default() };
            assert_eq!(film.movie().frames, Ok(100), "{:?} {:?}", film.edits, film.offsets);
        }
    }

    #[test]
    fn real_cuts_make_the_length_unknown() {
        let whole = 1 << 16;
        for (edits, offsets, word) in [
            (vec![[3960, 512, whole]], vec![], "only a part"),
            (vec![[4000, 1536, whole]], vec![[100, 1024]], "only a part"),
            (vec![[3960, 0, whole]], vec![], "only a part"),
            (vec![[2000, 0, whole], [2000, 25_600, whole]], vec![], "several pieces"),
            (vec![[2000, 0, whole / 2]], vec![], "speed"),
            (vec![[1500, u32::MAX, whole], [4000, 0, whole]], vec![], "nothing for the first 1.500 s"),
        ] {
            let film = Film { edits, offsets, ..Film::default() };
            assert!(film.reason().contains(word), "{}", film.reason());
        }
    }

    #[test]
    fn fragments_are_counted() {
        let later = |fragments: Vec<Vec<u8>>| Film {
            durations: Some(vec![]),
            fragments: fragments.concat(),
            ..Film::default()
        };
        let plain = later(vec![fragment(0, 0, 60, &[]), fragment(60 * 512, 0, 40, &[])]);
        assert_eq!((plain.movie().frames, plain.movie().rates), (Ok(100), vec![FrameRate::Fps25]));
        // Each with its duration, size, flags and offset.
        let rows = [500, 7, 0, 1000].repeat(10);
        let full = Film {
            edits: vec![[0, 1000, 1 << 16]],
            ..later(vec![fragment(0, 0xf00, 10, &rows), fragment(5000, 0xf00, 10, &rows)])
        };
        let movie = full.movie();
        assert_eq!((movie.frames, movie.rates, movie.average_rate.as_str()), (Ok(20), vec![], "25.6"));
        // Behind frames in the index.
        let both = Film { fragments: fragment(51_200, 0, 5, &[]), ..Film::default() };
        assert_eq!(both.movie().frames, Ok(105));

        let gap = later(vec![fragment(0, 0, 60, &[]), fragment(90 * 512, 0, 10, &[])]);
        assert!(gap.reason().contains("missing between"), "{}", gap.reason());
        let mut bytes = plain.bytes();
        bytes.truncate(bytes.len() - 8);
        assert!(read_bytes(&bytes).unwrap().frames.unwrap_err().contains("cut short"));
        // A number that needs no bytes can be any; it costs nothing.
        let endless = later(vec![fragment(0, 0, u32::MAX, &[])]);
        assert_eq!(endless.movie().frames, Ok(u64::from(u32::MAX)));
        let lying = later(vec![fragment(0, 0x100, u32::MAX, &[1])]);
        assert!(fault(&lying.bytes()).contains("millions"));
        let short = later(vec![fragment(0, 0x100, 5, &[1])]);
        assert!(fault(&short.bytes()).contains("trun box is too short"));
    }

    #[test]
    fn lies_are_told() {
        let tables =
            |durations: Vec<[u32; 2]>, stated| Film { durations: Some(durations), stated, ..Film::default() };
        assert!(fault(&tables(vec![[100, 512]], Some(2)).bytes()).contains("stts box is too short"));
        assert!(fault(&tables(vec![[100, 512]], Some(u32::MAX)).bytes()).contains("millions"));
        assert!(fault(&tables(vec![], None).bytes()).contains("no frames"));
        assert!(fault(b"\0\0\0\x10ftypqt  \0\0\0\0").contains("no index"));
        assert!(fault(&atom(b"moov", &[])).contains("no header"));
        assert!(fault(&words(&[4, u32::from_be_bytes(*b"moov")])).contains("a size of 4 bytes"));
        let headers = atom(b"mvhd", &[words(&[0, 0, 0, 1000, 0])]);
        assert!(matches!(read_bytes(&atom(b"moov", &[headers])), Err(Fault::NoVideo)));
        // Small boxes by the million, and boxes in boxes.
        assert!(fault(&atom(b"free", &[]).repeat(1 << 23)).contains("millions of boxes"));
        let nest = (0..2000).fold(Vec::new(), |inner, n| atom([b"trak", b"mdia"][n % 2], &[inner]));
        assert!(fault(&atom(b"moov", &[nest])).contains("no header"));
        let larger = [words(&[9, u32::from_be_bytes(*b"mvhd")])].concat();
        assert!(fault(&atom(b"moov", &[larger])).contains("larger than what holds it"));
    }

    #[test]
    fn cut_anywhere_it_is_an_error_or_told() {
        let film = Film {
            edits: vec![[0, 0, 1 << 16]],
            fragments: [fragment(51_200, 0, 5, &[]), fragment(53_760, 0, 5, &[])].concat(),
            ..Film::default()
        };
        let bytes = film.bytes();
        let index_end = bytes.len() - 2 * fragment(0, 0, 0, &[]).len();
        let between = bytes.len() - fragment(0, 0, 0, &[]).len();
        for end in 0..bytes.len() {
            match read_bytes(&bytes[..end]) {
                // Within the index, or within the header of a box.
                Err(fault) => assert!(end < index_end || matches!(fault, Fault::Damaged(_)), "{fault:?}"),
                // At these two nothing shows that there was more.
                Ok(movie) if end == index_end => assert_eq!(movie.frames, Ok(100)),
                Ok(movie) if end == between => assert_eq!(movie.frames, Ok(105)),
                Ok(movie) => assert!(
                    movie.frames.is_err() || !movie.warnings.is_empty(),
                    "cut at {end} of {}: {movie:?}",
                    bytes.len()
                ),
            }
        }
    }

    proptest! {
        #[test]
        fn damaged_movies_never_panic(
            edits in any::<[[u32; 3]; 2]>(),
            offsets in any::<[[u32; 2]; 2]>(),
            durations in any::<[[u32; 2]; 3]>(),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            end in any::<prop::sample::Index>(),
        ) {
            let film = Film {
                edits: edits.to_vec(),
                offsets: offsets.to_vec(),
                durations: Some(durations.to_vec()),
                fragments: fragment(durations[0][1], offsets[0][0] & 0xf05, 3, &edits.concat()),
                ..Film::default()
            };
            let mut bytes = film.bytes();
            for (at, byte) in changes {
                let length = bytes.len();
                bytes[at.index(length)] = byte;
            }
            let _ = read_bytes(&bytes);
            bytes.truncate(end.index(bytes.len()));
            let _ = read_bytes(&bytes);
        }
    }
}
