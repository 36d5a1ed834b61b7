//! An edit session, described the same way whatever program wrote it.
//!
//! Each reader fills in what its format tells. What a format cannot tell is `None`, never a default: a rule
//! passes only where somebody saw what it asks for.

mod aaf;
mod ardour;
pub mod audio;
mod dawproject;
pub mod delivery;
mod fades;
#[cfg(test)]
mod hostile;
pub mod lists;
pub mod names;
mod pro_tools_text;
mod ptx;
mod reaper;
mod xml;

use std::fmt;
use std::io::{Read, Seek};

use thiserror::Error;

use crate::delivery::timecode::FrameRate;

pub use ptx::hints;

/// Largest text, project or `.ptx` that is read, in bytes. Real ones take a few megabytes.
pub const LARGEST_TEXT: u64 = 32 << 20;
/// Most tracks of a session. Real ones have some hundred.
const MOST_TRACKS: usize = 10_000;
/// Most tracks, clips, files, inserts and the like of all descriptions of a delivery. Real ones have some
/// thousand.
pub const MOST_PARTS: usize = 200_000;
/// Longest name, in bytes.
const LONGEST_NAME: usize = 1024;
/// Most lines of a text, and the longest of them in bytes.
const MOST_LINES: usize = 500_000;
const LONGEST_LINE: usize = 64 << 10;

/// Which program's description of a session this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Pro Tools *Session Info as Text*.
    ProToolsText,
    /// Advanced Authoring Format.
    Aaf,
    /// REAPER project.
    Reaper,
    /// Ardour session.
    Ardour,
    /// DAWproject.
    DawProject,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Kind::ProToolsText => "Pro Tools text",
            Kind::Aaf => "AAF",
            Kind::Reaper => "REAPER project",
            Kind::Ardour => "Ardour session",
            Kind::DawProject => "DAWproject",
        })
    }
}

/// What one file tells of an edit session. `None` is *not known* throughout.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Where it was read from: a path within the delivery, or a file beside it.
    pub file: String,
    /// Which kind of file that is.
    pub kind: Kind,
    /// The session's name.
    pub name: Option<String>,
    /// In Hz.
    pub sample_rate: Option<u32>,
    /// Bits of a sample; 32 is floating point.
    pub bits: Option<u16>,
    /// Of its timecode.
    pub frame_rate: Option<Rate>,
    /// Whether its timecode is drop-frame.
    pub drop_frame: Option<bool>,
    /// First frame of the timeline, counted from midnight.
    pub start_frame: Option<u64>,
    /// The tracks, from top to bottom.
    pub tracks: Vec<Track>,
    /// Whether aux, master and VCA tracks would be among the tracks. Some formats tell audio tracks alone.
    pub every_kind: bool,
    /// Audio tracks that the session counts but does not list.
    pub unlisted_tracks: Option<usize>,
    /// Plug-ins of the whole session by name, where they are told apart from the tracks.
    pub plug_ins: Option<Vec<PlugIn>>,
    /// Groups of tracks or clips, by name.
    pub groups: Option<Vec<String>>,
    /// VCA masters, by name.
    pub vcas: Option<Vec<String>>,
    /// The files that the session knows.
    pub media: Option<Vec<Media>>,
    /// Clips that the session keeps and no track plays.
    pub unused_clips: Option<Vec<String>>,
}

impl Session {
    /// A session of which nothing is known.
    fn unknown(file: &str, kind: Kind) -> Self {
        Self {
            file: file.into(),
            kind,
            name: None,
            sample_rate: None,
            bits: None,
            frame_rate: None,
            drop_frame: None,
            start_frame: None,
            tracks: Vec::new(),
            every_kind: false,
            unlisted_tracks: None,
            plug_ins: None,
            groups: None,
            vcas: None,
            media: None,
            unused_clips: None,
        }
    }

    /// Clips with their tracks, of the tracks whose clips are known.
    pub fn clips(&self) -> impl Iterator<Item = (&Track, &Clip)> {
        self.tracks.iter().flat_map(|track| track.clips.iter().flatten().map(move |clip| (track, clip)))
    }

    /// The tracks that somebody made: those that every session of the program has do not count.
    pub fn made(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| !track.built_in)
    }

    /// The audio tracks among those.
    pub fn audio_tracks(&self) -> impl Iterator<Item = &Track> {
        self.made().filter(|track| track.kind == TrackKind::Audio)
    }

    /// How much it holds: "12 tracks, 1 clip".
    pub fn contents(&self) -> String {
        format!("{}, {}", counted(self.made().count(), "track"), counted(self.clips().count(), "clip"))
    }

    /// How many tracks, clips and other parts it has.
    pub fn parts(&self) -> usize {
        fn known<T>(list: &Option<Vec<T>>) -> usize {
            list.as_ref().map_or(0, Vec::len)
        }
        let of_track = |track: &Track| {
            let Track { clips, plug_ins, sends, automation, routing, .. } = track;
            1 + known(clips) + known(plug_ins) + known(sends) + known(automation) + known(routing)
        };
        let of_tracks: usize = self.tracks.iter().map(of_track).sum();
        let Self { plug_ins, groups, vcas, media, unused_clips, .. } = self;
        of_tracks + known(plug_ins) + known(groups) + known(vcas) + known(media) + known(unused_clips)
    }

    /// Itself, unless it has more of anything than any session: to judge that would take minutes.
    fn bounded(self) -> Result<Self, SessionError> {
        let file = self.file.clone();
        let fault = |fault: String| Err(SessionError::new(&file, fault));
        if self.tracks.len() > MOST_TRACKS {
            return fault(format!("has more than {MOST_TRACKS} tracks: no session has, export it again"));
        }
        if self.parts() > MOST_PARTS {
            return fault(format!(
                "has more than {MOST_PARTS} clips and files: no session has, export it again"
            ));
        }
        let tracks = self.tracks.iter().map(|track| &track.name);
        let media = self.media.iter().flatten().map(|media| &media.name);
        let clips = self.clips().map(|(_, clip)| &clip.name);
        if tracks.chain(clips).chain(media).any(|name| name.len() > LONGEST_NAME) {
            return fault(format!("has a name of more than {LONGEST_NAME} letters: export it again"));
        }
        Ok(self)
    }

    /// The file that a clip plays.
    #[cfg(test)]
    fn media_of(&self, clip: &Clip) -> Option<&Media> {
        let source = clip.source.as_ref()?;
        self.media.as_ref()?.iter().find(|media| media.id == *source)
    }
}

/// A frame rate as a session states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// One that pictures have.
    Picture(FrameRate),
    /// Any other, as a fraction of frames per second.
    Other(u32, u32),
}

impl Rate {
    /// From a fraction of frames per second. Takes the spellings that programs use for the rates that are no
    /// whole numbers: 24000/1001, 23976/1000, 2997/100, 23.98 as 2398/100.
    pub fn from_fraction(numerator: u32, denominator: u32) -> Option<Self> {
        if numerator == 0 || denominator == 0 {
            return None;
        }
        let stated = f64::from(numerator) / f64::from(denominator);
        let near = FrameRate::ALL.into_iter().find(|rate| {
            let exact = f64::from(rate.numerator()) / f64::from(rate.denominator());
            // 23.98 for 23.976 is the widest spelling, and 0.02 off 24; whole rates are always exact.
            (stated - exact).abs() < if rate.denominator() == 1 { 1e-9 } else { 0.006 }
        });
        Some(near.map_or(Self::Other(numerator, denominator), Self::Picture))
    }

    /// The picture rate, if it is one.
    pub fn picture(self) -> Option<FrameRate> {
        match self {
            Self::Picture(rate) => Some(rate),
            Self::Other(..) => None,
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Picture(rate) => rate.fmt(f),
            Self::Other(numerator, 1) => numerator.fmt(f),
            Self::Other(numerator, denominator) => write!(f, "{numerator}/{denominator}"),
        }
    }
}

/// What a track is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    /// Plays audio clips.
    Audio,
    /// Sums or returns other tracks.
    Aux,
    /// Carries the whole mix.
    Master,
    /// Moves the faders of others.
    Vca,
    /// Holds other tracks.
    Folder,
    /// Plays notes.
    Midi,
    /// Plays pictures.
    Video,
}

impl fmt::Display for TrackKind {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            TrackKind::Audio => "audio",
            TrackKind::Aux => "aux",
            TrackKind::Master => "master",
            TrackKind::Vca => "VCA",
            TrackKind::Folder => "folder",
            TrackKind::Midi => "MIDI",
            TrackKind::Video => "video",
        })
    }
}

/// One track.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Its name, without what the program adds to it.
    pub name: String,
    /// What it is for.
    pub kind: TrackKind,
    /// Whether every session of this program has it, so that it is nobody's doing.
    pub built_in: bool,
    /// How many channels it carries.
    pub channels: Option<u16>,
    /// Whether it is out of sight.
    pub hidden: Option<bool>,
    /// Whether it is switched off.
    pub inactive: Option<bool>,
    /// Whether it is muted.
    pub muted: Option<bool>,
    /// Its fader, in dB.
    pub fader_db: Option<f64>,
    /// Its clips, in the order of the timeline.
    pub clips: Option<Vec<Clip>>,
    /// What is inserted.
    pub plug_ins: Option<Vec<PlugIn>>,
    /// Where else it is sent.
    pub sends: Option<Vec<Send>>,
    /// Its automation. Clip gain is none.
    pub automation: Option<Vec<Automation>>,
    /// Outputs or inputs that are not the usual ones, in words.
    pub routing: Option<Vec<String>>,
    /// How many playlists it has.
    pub playlists: Option<u32>,
}

impl Track {
    /// A track of which only name and kind are known.
    fn unknown(name: impl Into<String>, kind: TrackKind) -> Self {
        Self {
            name: name.into(),
            kind,
            built_in: false,
            channels: None,
            hidden: None,
            inactive: None,
            muted: None,
            fader_db: None,
            clips: None,
            plug_ins: None,
            sends: None,
            automation: None,
            routing: None,
            playlists: None,
        }
    }
}

/// One clip on a track.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clip {
    /// Its name.
    pub name: String,
    /// Its start in samples from the session's start; some formats round it to a frame.
    pub start: Option<i64>,
    /// Its length in samples.
    pub length: Option<u64>,
    /// [`Media::id`] of the file it plays.
    pub source: Option<String>,
    /// Its own gain, in dB.
    pub gain_db: Option<f64>,
    /// Whether it is faded in.
    pub fade_in: Option<bool>,
    /// Whether it is faded out.
    pub fade_out: Option<bool>,
    /// Whether it is stretched or shifted in pitch.
    pub stretched: Option<bool>,
    /// Whether it is muted.
    pub muted: Option<bool>,
}

/// An insert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlugIn {
    /// Its name.
    pub name: String,
    /// Whether it is switched on.
    pub active: Option<bool>,
}

/// A send to another track or output.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// Where to.
    pub target: String,
    /// How loud, in dB; minus infinity is silent.
    pub level_db: Option<f64>,
}

/// Automation of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Automation {
    /// What it moves.
    pub parameter: String,
    /// Whether it is there but changes nothing.
    pub idle: bool,
    /// Of a volume that stands still: where, in dB.
    pub held_db: Option<f64>,
}

impl Automation {
    /// Of a volume, by the gains of its points. `None` if it has no points.
    fn of_gains(parameter: impl Into<String>, mut gains: impl Iterator<Item = f64>) -> Option<Self> {
        let first = gains.next()?;
        // A point without a value holds nothing.
        let held = !first.is_nan() && gains.all(|gain| (gain - first).abs() < 1e-4);
        let idle = held && (first - 1.0).abs() < 1e-4;
        Some(Self { parameter: parameter.into(), idle, held_db: held.then(|| decibels(first)) })
    }
}

/// A file that a session plays or keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// What clips call it.
    pub id: String,
    /// Its file name.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// In Hz, if the session says so.
    pub sample_rate: Option<u32>,
    /// Bits of a sample, if the session says so.
    pub bits: Option<u16>,
    /// Channels, if the session says so.
    pub channels: Option<u16>,
}

/// Where a session says that a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Within the session file itself.
    Embedded,
    /// At a path, as written there.
    At(String),
    /// Nowhere: the program itself missed it.
    Offline,
    /// Not known.
    Unknown,
}

/// Why a description of a session cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file} {fault}")]
pub struct SessionError {
    /// The file.
    pub file: String,
    /// What is wrong and what to do: "is damaged: …; export it again".
    pub fault: String,
}

impl SessionError {
    fn new(file: &str, fault: impl Into<String>) -> Self {
        Self { file: file.into(), fault: fault.into() }
    }
}

/// Which kind of session file a name and the beginning of a file show, if any.
pub fn recognise(name: &str, head: &[u8]) -> Option<Kind> {
    match delivery::extension(name).as_str() {
        "aaf" => Some(Kind::Aaf),
        "rpp" => Some(Kind::Reaper),
        "ardour" => Some(Kind::Ardour),
        "dawproject" => Some(Kind::DawProject),
        "txt" | "text" if pro_tools_text::recognise(head) => Some(Kind::ProToolsText),
        _ => None,
    }
}

/// Reads a session file of a known kind. Memory is bounded by the file's size and by [`LARGEST_TEXT`].
///
/// # Errors
/// A file that is damaged, too large, or of another kind than its name says.
pub fn read(kind: Kind, file: &str, source: &mut (impl Read + Seek)) -> Result<Session, SessionError> {
    let session = match kind {
        Kind::ProToolsText => pro_tools_text::read(file, &text(file, source)?),
        Kind::Aaf => aaf::read(file, source),
        Kind::Reaper => reaper::read(file, &text(file, source)?),
        Kind::Ardour => ardour::read(file, &text(file, source)?),
        Kind::DawProject => dawproject::read(file, source),
    };
    session?.bounded()
}

/// Lines as they come, unless there are more of them, or longer ones, than any text has.
fn bounded_lines<'a>(file: &str, lines: impl Iterator<Item = &'a str>) -> Result<Vec<&'a str>, SessionError> {
    let mut found = Vec::new();
    for line in lines {
        if found.len() >= MOST_LINES || line.len() > LONGEST_LINE {
            let fault =
                format!("has more than {MOST_LINES} lines, or one of more than {LONGEST_LINE} letters");
            return Err(SessionError::new(file, format!("{fault}: export it again")));
        }
        found.push(line);
    }
    Ok(found)
}

/// The whole content of a file, up to [`LARGEST_TEXT`].
fn text(file: &str, source: &mut impl Read) -> Result<Vec<u8>, SessionError> {
    let mut bytes = Vec::new();
    let read = source.take(LARGEST_TEXT + 1).read_to_end(&mut bytes);
    read.map_err(|cause| SessionError::new(file, format!("cannot be read: {cause}; copy it again")))?;
    if bytes.len() as u64 > LARGEST_TEXT {
        let megabytes = LARGEST_TEXT >> 20;
        return Err(SessionError::new(
            file,
            format!("is larger than {megabytes} MB: no session is, export it again"),
        ));
    }
    Ok(bytes)
}

/// "1 clip", "2 clips".
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Decibels of a linear gain; minus infinity at 0, the sign is a polarity.
fn decibels(gain: f64) -> f64 {
    20.0 * gain.abs().log10()
}

/// A number that a file states, if it is finite.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// Seconds in samples, rounded to nearest.
fn samples(seconds: f64, sample_rate: u32) -> i64 {
    (seconds * f64::from(sample_rate)).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_in_every_spelling() {
        let picture = |rate| Some(Rate::Picture(rate));
        for (numerator, denominator) in [(24000, 1001), (23976, 1000), (2398, 100), (23976024, 1_000_000)] {
            assert_eq!(Rate::from_fraction(numerator, denominator), picture(FrameRate::Fps23_976));
        }
        assert_eq!(Rate::from_fraction(24, 1), picture(FrameRate::Fps24));
        assert_eq!(Rate::from_fraction(2997, 100), picture(FrameRate::Fps29_97));
        assert_eq!(Rate::from_fraction(50, 2), picture(FrameRate::Fps25));
        assert_eq!(Rate::from_fraction(11988, 100), Some(Rate::Other(11988, 100)));
        assert_eq!(Rate::from_fraction(48, 1), Some(Rate::Other(48, 1)));
        assert_eq!(Rate::from_fraction(1, 0), None);
    }

    #[test]
    fn files_are_known_by_name_and_head() {
        assert_eq!(recognise("a/B.AAF", b""), Some(Kind::Aaf));
        assert_eq!(recognise("x.txt", b"SESSION NAME:\tx\n"), Some(Kind::ProToolsText));
        assert_eq!(recognise("notes.txt", b"Dear studio"), None);
        assert_eq!(recognise("a.ptx", b""), None);
    }
}
