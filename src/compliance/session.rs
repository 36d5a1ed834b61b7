//! The rules of the edit session, and what the files of a delivery say of them.
//!
//! Several files may describe one session. Whichever sees a violation fails the rule; a rule passes only
//! where a file that can tell the property showed it; else it is unknown, with what would make it known.

mod files;
mod names;
mod premix;
mod sources;
mod tracks;

use std::collections::{HashMap, HashSet};

use super::{Finding, Rule, Verdict, rules};
use crate::delivery::language::Language;
use crate::delivery::session::audio::{Audio, Content, content};
use crate::delivery::session::delivery::Entry;
use crate::delivery::session::names::{TrackName, ZipReading, ZipValues};
use crate::delivery::session::{Clip, Kind, Rate, Session, Track};
use crate::delivery::timecode::{Extent, FrameRate, Timecode};

pub use premix::{PremixFacts, PremixRange, ranges};
pub use sources::notes;

rules! {
    ASKED_FOR: "B1", "Asked for", "Deliver an edit session only where the client asks for one.", "", [];
    ZIP_NAME: "B2", "Name of the zip", "The zip is named by the convention, and what it says is true of the session.",
        "Title_PackageID_episode_language_LocalizedEditProject_framerate_version.zip", [Session];
    SELF_CONTAINED: "B3", "Self-contained", "Every clip plays a file that is in the delivery.", "all files within", [Session];
    AAF: "B4", "AAF", "A session of another program than Pro Tools comes with an AAF.", "a Pro Tools session, or an AAF", [Session];
    UNUSED_AUDIO: "B5", "Unused audio", "Every file and clip is on a track.", "nothing unused", [Session];
    RATE_AND_START: "B6", "Frame rate and start", "The session has the frame rate and the start of the picture.",
        "those of the picture", [Session];
    FORMAT: "B7", "Audio format", "All audio is 24-bit WAV at 48 kHz.", "24-bit, 48000 Hz", [Session];
    UNTREATED: "B8", "Untreated dialogue", "No clip is treated or rendered.", "raw recordings", [Session];
    MONO_TRACKS: "B9", "Mono audio tracks", "All tracks are audio tracks, and those of dialogue are mono.", "mono audio tracks", [Session];
    OPTIONALS: "B10", "Optional tracks", "Optional tracks keep the configuration of their files.", "5.1, 5.0, LCR or mono", [Session];
    TRACK_NAMES: "B11", "Track names", "Tracks are named by language and character.", "language_character", [Session];
    GROUP_NAMES: "B12", "Names of group tracks", "Group tracks are named by language and characters.",
        "language_character(s)", [Session];
    CHARACTERS: "B13", "Character names", "Characters have the names of the show's list.", "names of the list", [Session];
    SYMBOLS: "B14", "Symbols and accents", "No name has symbols or accents.", "letters, digits, hyphens, underscores", [Session];
    CLIP_NAMES: "B15", "Clip names", "Clips carry the name of a character of their track.", "a character in every clip name", [Session];
    PICKUPS: "B16", "Pickups", "Pickups are on tracks of their own, named PU_language_character.", "PU_language_character", [Session];
    VERSION: "B17", "Version of pickups", "A session with pickups has a higher version than the one before.",
        "higher than before", [Session];
    ORDER: "B18", "Order of tracks", "Characters with more lines come first.", "descending lines", [Session];
    NARRATION: "B19", "Narration", "Narration is on tracks of its own.", "tracks of its own", [Session];
    FADES: "B20", "Fades", "Every clip is faded in and out.", "fades at both ends", [Session];
    SYNC: "B21", "Sync", "Watch the mouths and the off-screen lines against the picture.", "", [];
    COMPLETE: "B22", "Complete", "Listen beside the original dialogue stem: every line, breath and effort is there.", "", [];
    GROUP_COUNT: "B23", "Group tracks", "Group and walla take up to eight tracks.", "up to 8", [Session];
    COVERAGE: "B24", "Coverage", "Compare with the original version, the filled M&E and the optional tracks.", "", [];
    SONGS: "B25", "Songs", "Replaced vocals are on tracks of their own.", "tracks of their own", [Session];
    STRETCH: "B26", "Time stretch", "No clip is stretched or shifted in pitch.", "none, or without artefacts", [Session];
    AUTOMATION: "B27", "Automation", "There is no automation but clip gain, and faders stand at 0 dB.", "clip gain alone", [Session];
    MASTERS: "B28", "Master tracks", "There is no master track; one that every session of a program has does nothing.",
        "none", [Session];
    AUX: "B29", "Aux tracks and routing", "There are no aux tracks, buses or added routing.", "none", [Session];
    GROUPS: "B30", "Groups", "There are no groups of tracks or clips.", "none", [Session];
    EMPTY: "B31", "Empty tracks", "There are no unused, empty or divider tracks.", "none", [Session];
    HIDDEN: "B32", "Playlists and hidden tracks", "Every track has one playlist, and none is hidden.", "1 playlist, nothing hidden", [Session];
    INSERTS: "B33", "Inserts", "Nothing is inserted.", "none", [Session];
    SENDS: "B34", "Sends", "There are no sends but for direct monitoring.", "none", [Session];
    VCAS: "B35", "VCAs", "There are no VCAs.", "none", [Session];
    SOURCE_MATERIAL: "B36", "Source material", "There are no printmasters, videos, stems or filled M&E.", "none", [Session];
    CLIP_GAIN: "B37", "Clip gain", "Clip gain does not rescue bad recordings.", "up to 12 dB", [Session];
    LEVEL: "B38", "Level", "Listen whether characters and recording days match in level.", "", [];
    CHAIN: "B39", "Recording chain", "Document microphones, preamplifiers and rooms.", "", [];
    OPTIONAL_PARTS: "B40", "Optional parts", "Mute the parts of optional tracks that are not used.", "", [];
    UNDUBBED: "B41", "Undubbed characters", "Put original dialogue on optional tracks or tracks of its own.", "", [];
    SAME_AS_PREMIX: "A17", "Same as the premix", "Session and premix are of one package, language and rate.",
        "the values of the premix", [Session];
    IN_PREMIX: "A9", "Clips in the premix", "Every clip that is not muted sounds in the premix.", "all clips", [Session];
}

/// How to make Pro Tools tell what a text can tell.
const EXPORT_TEXT: &str = "in Pro Tools, export it with File > Export > Session Info as Text (UTF-8, all tracks, all \
                           lists) and give that with --session-info";
/// The same where a text was exported already.
const EXPORT_ALL: &str = "export the text of Pro Tools again with all tracks, all lists and crossfades shown, or an \
                          AAF, and give that with --session-info";
/// The same where nothing says which program the session is of.
const DESCRIBE: &str = "give a description of the session with --session-info: the Session Info as Text of Pro Tools, \
                        an AAF, or the .rpp, .ardour or .dawproject file";
/// The same where an AAF is all there is.
const GIVE_PROJECT: &str = "an AAF does not tell it: give the Session Info as Text of Pro Tools, or the .rpp, .ardour or \
                            .dawproject file, with --session-info";
/// Where there is nothing to judge.
const NOTHING: &str = "give the session that holds the dialogue";
/// Where nothing that can be exported tells.
const LOOK: &str = "nothing that is exported from this session tells it: look in the program";

/// All that is known of a delivery.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// Name of the zip or folder.
    pub name: &'a str,
    /// Whether it is zipped.
    pub zipped: bool,
    /// The files in it.
    pub entries: &'a [Entry],
    /// The headers of its WAVs.
    pub audio: &'a [Audio],
    /// What its files and those beside it tell of the session.
    pub sessions: &'a [Session],
    /// Names found in `.ptx` files, which prove nothing.
    pub hints: &'a [String],
    /// The characters of the show.
    pub characters: Option<&'a [String]>,
    /// Characters with their numbers of lines.
    pub line_counts: Option<&'a [(String, u64)]>,
    /// The picture.
    pub picture: PictureFacts,
    /// The delivery before this one.
    pub previous: Option<Previous<'a>>,
    /// The premix of this session.
    pub premix: Option<&'a PremixFacts>,
}

/// What is known of the picture that a session belongs to.
#[derive(Clone, Copy, Debug, Default)]
pub struct PictureFacts {
    /// Its rate.
    pub frame_rate: Option<FrameRate>,
    /// Where it starts, since midnight.
    pub start: Option<Extent>,
}

/// An earlier delivery of the same session.
#[derive(Clone, Copy, Debug)]
pub struct Previous<'a> {
    /// Name of the zip or folder.
    pub name: &'a str,
    /// What its files tell.
    pub sessions: &'a [Session],
}

/// Judges a delivery by every rule that applies, in the order of [`RULES`].
pub fn judge(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = files::judge(evidence);
    findings.extend(names::judge(evidence));
    findings.extend(tracks::judge(evidence));
    findings.extend(premix::judge(evidence));
    // Nobody here judges these: they are listed, and never counted.
    let for_people = RULES.iter().copied().filter(|rule| rule.judged_by.is_empty());
    findings.extend(for_people.map(Finding::for_a_person));
    let place = |finding: &Finding| RULES.iter().position(|rule| rule.id == finding.rule.id);
    findings.sort_by_key(place);
    findings
}

/// What is left over from the premix: the limiter, Premix itself or the walla gain, which the premix wants and
/// the edit session may not hold. `None` if nothing of it is seen.
pub fn left_over(evidence: &Evidence) -> Option<String> {
    premix::left_over(evidence)
}

/// A violation, or something worth a look.
struct Fault {
    verdict: Verdict,
    what: String,
    place: Option<String>,
}

fn fail(what: impl Into<String>) -> Fault {
    Fault { verdict: Verdict::Fail, what: what.into(), place: None }
}

fn warn(what: impl Into<String>) -> Fault {
    Fault { verdict: Verdict::Warn, what: what.into(), place: None }
}

/// What one source sees of a rule.
struct Sight {
    /// Whether it would see any violation.
    whole: bool,
    faults: Vec<Fault>,
}

impl Sight {
    fn whole(faults: Vec<Fault>) -> Self {
        Self { whole: true, faults }
    }

    fn partial(faults: Vec<Fault>) -> Self {
        Self { whole: false, faults }
    }
}

/// What to say of a rule in each case.
struct Words<'a> {
    /// Measured, where it passes.
    good: &'a str,
    /// What to do where it fails.
    repair: &'a str,
    /// How it would become known.
    reveal: &'a str,
}

/// Faults that are told in one line.
const TOLD: usize = 4;

/// A finding that nothing can be said about yet.
fn unknown(rule: &'static Rule, measured: impl Into<String>, reveal: &str) -> Finding {
    Finding {
        rule,
        verdict: Verdict::Unknown,
        measured: measured.into(),
        target: rule.target.into(),
        place: None,
        advice: Some(reveal.into()),
    }
}

/// The values in the name of a delivery; a folder is read as if it were zipped.
fn values_of(name: &str) -> ZipValues {
    let zip = name.to_ascii_lowercase().ends_with(".zip");
    if zip { ZipReading::of(name).values } else { ZipReading::of(&format!("{name}.zip")).values }
}

impl Evidence<'_> {
    /// The language of the delivery.
    fn language(&self) -> Option<Language> {
        values_of(self.name).language
    }

    /// One sight of every description of a session. None is whole while a session of the delivery has no
    /// description that is: what is seen of one session says nothing of another.
    fn sights<'s>(&'s self, look: impl FnMut(&'s Session) -> Sight) -> std::vec::IntoIter<Sight> {
        let mut sights: Vec<Sight> = self.sessions.iter().map(look).collect();
        let described = sources::described(self.sessions);
        let seen: HashSet<usize> =
            sights.iter().zip(&described).filter(|(sight, _)| sight.whole).map(|(_, of)| *of).collect();
        let all_seen = described.iter().all(|of| seen.contains(of)) && sources::closed(self).next().is_none();
        sights.iter_mut().for_each(|sight| sight.whole &= all_seen);
        sights.into_iter()
    }

    /// Puts together what all sources see.
    fn conclude(
        &self,
        rule: &'static Rule,
        sights: impl IntoIterator<Item = Sight>,
        words: &Words,
    ) -> Finding {
        let (mut whole, mut faults, mut told) = (false, Vec::<Fault>::new(), HashSet::new());
        // How often what has no place is there, as tracks of one name.
        let mut often: HashMap<String, usize> = HashMap::new();
        for sight in sights {
            whole |= sight.whole;
            // Two files of one session tell the same fault; one file tells it once for every place.
            let mut times: HashMap<String, usize> = HashMap::new();
            for fault in sight.faults {
                let time = times.entry(fault.what.clone()).or_default();
                *time += 1;
                if fault.place.is_none() && *time > 1 {
                    let most = often.entry(fault.what.clone()).or_default();
                    *most = (*most).max(*time);
                } else if told.insert((fault.what.clone(), *time)) {
                    faults.push(fault);
                }
            }
        }
        faults.sort_by_key(|fault| std::cmp::Reverse(fault.verdict));
        for fault in &mut faults {
            if let Some(times) = often.get(&fault.what) {
                fault.what = format!("{} ({times} times)", fault.what);
            }
        }
        let finding = |verdict, measured: String, place, advice: Option<&str>| Finding {
            rule,
            verdict,
            measured,
            target: rule.target.into(),
            place,
            advice: advice.map(str::to_string),
        };
        match faults.first() {
            None if whole => finding(Verdict::Pass, words.good.into(), None, None),
            None => {
                let (measured, advice) = self.unseen(rule, words);
                finding(Verdict::Unknown, measured.into(), None, Some(advice))
            }
            Some(Fault { verdict, what, place }) if faults.len() == 1 => {
                finding(*verdict, what.clone(), place.clone(), Some(words.repair))
            }
            Some(worst) => {
                let placed = |fault: &Fault| match &fault.place {
                    Some(place) => format!("{} at {place}", fault.what),
                    None => fault.what.clone(),
                };
                let mut told: Vec<String> = faults.iter().take(TOLD).map(placed).collect();
                if faults.len() > TOLD {
                    told.push(format!("{} more", faults.len() - TOLD));
                }
                finding(worst.verdict, told.join("; "), None, Some(words.repair))
            }
        }
    }

    /// Why a rule is not judged, and what to do about it.
    fn unseen<'w>(&self, rule: &Rule, words: &'w Words) -> (&'static str, &'w str) {
        let is = |rules: &[&Rule]| rules.iter().any(|other| other.id == rule.id);
        let of_clips = [SELF_CONTAINED, UNUSED_AUDIO, UNTREATED, CLIP_NAMES, FADES, STRETCH, CLIP_GAIN];
        let of_names = [OPTIONALS, GROUP_NAMES, PICKUPS, NARRATION, GROUP_COUNT, SONGS];
        let of_tracks = [MONO_TRACKS, TRACK_NAMES, CHARACTERS, SYMBOLS, ORDER, EMPTY];
        let (tracks, clips) = sources::audio(self.sessions);
        match () {
            () if is(&[FORMAT]) => ("no header of an audio file is here", words.reveal),
            () if self.sessions.is_empty() => ("no file here tells", words.reveal),
            () if tracks == Some(0) && (is(&of_clips) || is(&of_names) || is(&of_tracks)) => {
                ("there are no audio tracks", NOTHING)
            }
            () if clips == Some(0) && is(&of_clips) => ("there are no clips", NOTHING),
            () if is(&of_names) && tracks != Some(0) => ("none by name", words.reveal),
            () => ("no file here tells", words.reveal),
        }
    }

    /// How that becomes known which the program could tell.
    fn export(&self) -> &'static str {
        let any = |kinds: &[Kind]| self.sessions.iter().any(|session| kinds.contains(&session.kind));
        let pro_tools = self.entries.iter().any(|entry| content(entry) == Content::ProTools);
        match () {
            () if any(&[Kind::ProToolsText]) => EXPORT_ALL,
            () if pro_tools => EXPORT_TEXT,
            () if any(&[Kind::Reaper, Kind::Ardour, Kind::DawProject]) => LOOK,
            () if any(&[Kind::Aaf]) => GIVE_PROJECT,
            () => DESCRIBE,
        }
    }

    /// What to do where no track is of a kind by its name.
    fn export_or(&self, advice: &'static str) -> &'static str {
        let any = self.sessions.iter().any(|session| session.made().next().is_some());
        if any { advice } else { self.export() }
    }
}

/// The audio tracks of a session with their names read.
fn named<'s>(session: &'s Session, language: Option<&Language>) -> Vec<(&'s Track, TrackName)> {
    session.audio_tracks().map(|track| (track, TrackName::of(&track.name, language))).collect()
}

/// Where a clip starts: timecode if rate and start are known, else time from the session's start.
fn place(session: &Session, clip: &Clip) -> Option<String> {
    let (start, sample_rate) = (u64::try_from(clip.start?).ok()?, session.sample_rate?);
    let timecode = || {
        let rate = session.frame_rate.and_then(Rate::picture)?;
        let drop_frame = session.drop_frame?;
        let first =
            Timecode::from_frames(session.start_frame?, rate, drop_frame).ok()?.start_sample(sample_rate);
        Timecode::at_sample(first.checked_add(start)?, sample_rate, rate, drop_frame).ok()
    };
    Some(timecode().map_or_else(|| super::clock(start, sample_rate), |timecode| timecode.to_string()))
}

/// A name as it is told in messages: in quotation marks, without what would break the line.
fn quoted(name: &str) -> String {
    if name.is_empty() { "(no name)".into() } else { format!("{name:?}") }
}
