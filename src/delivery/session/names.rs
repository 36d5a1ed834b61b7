//! The names of the edit session: of its zip and of its tracks.
//!
//! A zip is `[title]_[package ID]_[episode]_[language]_LocalizedEditProject_[frame rate]_[version].zip`, read
//! from the right. A track is `[language]_[character]`, with `PU_` before it for a pickup.

use std::fmt;
use std::num::NonZeroU32;

use language_tags::LanguageTag;

use crate::delivery::language::Language;
use crate::delivery::name::tokens::Value;
use crate::delivery::name::{Grade, Part, Remark, Remedy};
use crate::delivery::timecode::FrameRate;

/// The word that tells an edit session from other deliveries.
pub const LOCALIZED_EDIT_PROJECT: &str = "LocalizedEditProject";
const EXTENSION: &str = ".zip";

/// A part of a zip's name as it stands there, with what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZipToken {
    /// Which part, in words.
    pub part: &'static str,
    /// What is written; empty if it is missing.
    pub text: String,
    /// What is wrong, if anything is.
    pub remark: Option<Remark>,
}

impl fmt::Display for ZipToken {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the {}", self.part)?;
        if !self.text.is_empty() {
            write!(f, " {:?}", self.text)?;
        }
        match &self.remark {
            Some(remark) => write!(f, " {}: {}", remark.wrong, remark.remedy),
            None => f.write_str(" is right"),
        }
    }
}

/// The values of a session, as far as a name tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZipValues {
    /// Letters, digits and hyphens.
    pub title: Option<String>,
    /// 5 to 10 digits.
    pub package_id: Option<String>,
    /// Letters and digits; a film has none.
    pub episode: Option<String>,
    /// Of the dub.
    pub language: Option<Language>,
    /// Of the picture.
    pub frame_rate: Option<FrameRate>,
    /// From 1.
    pub version: Option<NonZeroU32>,
}

/// The name of a zip, read by the convention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZipReading {
    /// Its parts from left to right.
    pub tokens: Vec<ZipToken>,
    /// What they say.
    pub values: ZipValues,
}

impl ZipReading {
    /// Reads the name of a zip.
    pub fn of(name: &str) -> Self {
        let stem = name.get(..name.len().saturating_sub(EXTENSION.len()));
        let (stem, extension) = match stem.filter(|stem| name[stem.len()..].eq_ignore_ascii_case(EXTENSION)) {
            Some(stem) => (stem, &name[stem.len()..]),
            None => (name, ""),
        };
        let mut left: Vec<&str> = stem.split('_').collect();
        let mut take = || left.pop().unwrap_or_default();
        let (version, rate, word, language) = (take(), take(), take(), take());
        // A film has no episode: then its package stands before the language.
        let is_package =
            |text: &str| (5..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let film = left.len() == 2 && is_package(left[1])
            || left.len() > 2 && is_package(left[left.len() - 1]) && !is_package(left[left.len() - 2]);
        let episode = if film { "" } else { left.pop().unwrap_or_default() };
        let package = left.pop().unwrap_or_default();
        let title = left.join("_");

        let mut values = ZipValues::default();
        let mut tokens = Vec::new();
        for (part, text) in [(Part::Title, title.as_str()), (Part::PackageId, package)] {
            tokens.push(value_token(part, text, &mut values));
        }
        tokens.push(episode_token(episode, &mut values));
        tokens.push(value_token(Part::Language, language, &mut values));
        tokens.push(word_token("word", word, LOCALIZED_EDIT_PROJECT));
        for (part, text) in [(Part::FrameRate, rate), (Part::Version, version)] {
            tokens.push(value_token(part, text, &mut values));
        }
        tokens.push(word_token("extension", extension, EXTENSION));
        // The order of the premix's name: package first.
        if is_package(title.split('_').next().unwrap_or_default()) && values.package_id.is_none() {
            let wrong = "stands where the package ID is in the name of a premix".into();
            let remedy = Remedy::Do("write the title first, then the package ID");
            tokens[0].remark = Some(Remark { grade: Grade::Unreadable, wrong, remedy });
        }
        Self { tokens, values }
    }

    /// The worst of the parts.
    pub fn grade(&self) -> Grade {
        let grades = self.tokens.iter().filter_map(|token| token.remark.as_ref()).map(|remark| remark.grade);
        grades.max().unwrap_or(Grade::Strict)
    }

    /// The parts that are not to the letter, from left to right.
    pub fn deviations(&self) -> impl Iterator<Item = &ZipToken> {
        self.tokens.iter().filter(|token| token.remark.is_some())
    }

    /// The name as it should be written, if that can be told.
    pub fn corrected(&self) -> Option<String> {
        if self.grade() == Grade::Unreadable {
            return None;
        }
        zip_name(&self.values)
    }
}

/// The name of a zip from its values, all but the episode needed.
pub fn zip_name(values: &ZipValues) -> Option<String> {
    let episode = values.episode.as_ref().map_or(String::new(), |episode| format!("{episode}_"));
    Some(format!(
        "{}_{}_{episode}{}_{LOCALIZED_EDIT_PROJECT}_{}_v{}{EXTENSION}",
        values.title.as_ref()?,
        values.package_id.as_ref()?,
        values.language.as_ref()?,
        values.frame_rate?.to_string().replace('.', ""),
        values.version?
    ))
}

fn value_token(part: Part, text: &str, values: &mut ZipValues) -> ZipToken {
    let name = match part {
        Part::Title => "title",
        Part::PackageId => "package ID",
        Part::Language => "language",
        Part::FrameRate => "frame rate",
        _ => "version",
    };
    let (value, remark) = Value::read(part, text);
    match value {
        Some(Value::Title(value)) => values.title = Some(value),
        Some(Value::PackageId(value)) => values.package_id = Some(value),
        Some(Value::Language(value)) => values.language = Some(value),
        Some(Value::FrameRate(value)) => values.frame_rate = Some(value),
        Some(Value::Version(value)) => values.version = Some(value),
        None => {}
    }
    ZipToken { part: name, text: text.to_string(), remark }
}

fn episode_token(text: &str, values: &mut ZipValues) -> ZipToken {
    let remark = if text.is_empty() {
        let remedy = Remedy::Do("write the number after the package ID, unless this is a film");
        Some(Remark { grade: Grade::Lenient, wrong: "is missing".into(), remedy })
    } else if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        values.episode = Some(text.to_string());
        None
    } else {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        let wrong = "has more than letters and digits".into();
        Some(Remark { grade: Grade::Unreadable, wrong, remedy: Remedy::Write(plain) })
    };
    ZipToken { part: "episode", text: text.to_string(), remark }
}

fn word_token(part: &'static str, text: &str, right: &str) -> ZipToken {
    let remedy = || Remedy::Write(right.to_string());
    let remark = match text {
        text if text == right => None,
        "" => Some(Remark { grade: Grade::Unreadable, wrong: "is missing".into(), remedy: remedy() }),
        text if text.eq_ignore_ascii_case(right) => {
            Some(Remark { grade: Grade::Lenient, wrong: "is in another case".into(), remedy: remedy() })
        }
        _ => Some(Remark { grade: Grade::Unreadable, wrong: format!("is not {right}"), remedy: remedy() }),
    };
    ZipToken { part, text: text.to_string(), remark }
}

/// What a track of the session is for, told by the words of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The lines of one or more characters.
    Dialogue,
    /// Group or walla.
    Group,
    /// Narration or voice-over.
    Narration,
    /// Replaced songs.
    Song,
    /// Optional tracks of the original version.
    Optional,
}

impl Role {
    /// By the words of a name.
    pub fn of(name: &str) -> Self {
        let has = |list: &[&str]| words(name).any(|word| list.contains(&word.as_str()));
        match () {
            () if has(&OPTIONAL_WORDS) => Role::Optional,
            () if has(&GROUP_WORDS) => Role::Group,
            () if has(&NARRATION_WORDS) => Role::Narration,
            () if has(&SONG_WORDS) => Role::Song,
            () => Role::Dialogue,
        }
    }
}

const GROUP_WORDS: [&str; 5] = ["GROUP", "GRP", "WALLA", "CROWD", "LOOPGROUP"];
const NARRATION_WORDS: [&str; 5] = ["NARRATOR", "NARRATION", "NARR", "VO", "VOICEOVER"];
const SONG_WORDS: [&str; 8] = ["SONG", "SONGS", "SINGING", "SINGER", "VOCAL", "VOCALS", "CHOIR", "CHORUS"];
const OPTIONAL_WORDS: [&str; 4] = ["OPT", "OPTS", "OPTIONAL", "OPTIONALS"];

/// The words of a name in capitals: runs of letters and digits, without the number at the end of one.
pub fn words(name: &str) -> impl Iterator<Item = String> {
    let runs = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    runs.map(|word| {
        let capitals = word.to_uppercase();
        let plain = capitals.trim_end_matches(|c: char| c.is_ascii_digit());
        if plain.is_empty() { capitals } else { plain.to_string() }
    })
}

/// A track's name, read by the convention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackName {
    /// What the track is for.
    pub role: Role,
    /// Whether it is a pickup.
    pub pickup: bool,
    /// The language that it names.
    pub language: Option<Language>,
    /// The characters that it names, in capitals.
    pub characters: Vec<String>,
    /// How well it follows the convention. Optional tracks have none.
    pub grade: Grade,
    /// What is wrong, each to be read after the name.
    pub wrong: Vec<String>,
}

impl TrackName {
    /// Reads a name. `language` is that of the delivery, if it is known.
    pub fn of(name: &str, language: Option<&Language>) -> Self {
        let role = Role::of(name);
        let plain = name.replace(['[', ']'], "").replace(' ', "-");
        let mut tokens: Vec<&str> = plain.split('_').filter(|token| !token.is_empty()).collect();
        let pickup = tokens.first().is_some_and(|first| first.eq_ignore_ascii_case("PU"));
        if pickup {
            tokens.remove(0);
        }
        // "TEX" alone is somebody's name, though it is a language's code as well.
        let coded = tokens.len() > 1 || name.ends_with('_');
        let first = tokens.first().and_then(|first| language_of(first));
        let first = first.filter(|first| coded || Some(first) == language);
        let characters =
            tokens.iter().skip(usize::from(first.is_some())).map(|token| token.to_uppercase()).collect();
        let mut read =
            Self { role, pickup, language: first, characters, grade: Grade::Strict, wrong: Vec::new() };
        if role != Role::Optional {
            read.judge(name, language, &tokens);
        }
        read
    }

    fn judge(&mut self, name: &str, language: Option<&Language>, tokens: &[&str]) {
        let mut wrong = |grade: Grade, what: String| {
            self.grade = self.grade.max(grade);
            self.wrong.push(what);
        };
        if name.contains(['[', ']']) {
            wrong(Grade::Lenient, "keeps the brackets of the convention".into());
        }
        if name.contains(' ') {
            wrong(Grade::Lenient, "has a space".into());
        }
        if let Some(stray) = symbols(name).find(|c| !"[] ".contains(*c)) {
            wrong(Grade::Unreadable, format!("has {stray:?}, which names may not have"));
        }
        let last = tokens.last().filter(|_| tokens.len() > 1).and_then(|last| language_of(last));
        match (&self.language, language) {
            (None, _) if last.is_some() => {
                wrong(Grade::Unreadable, "has the language last: write it first".into());
            }
            (None, _) => wrong(Grade::Unreadable, "does not start with a language code".into()),
            (Some(_), Some(expected)) if last.as_ref() == Some(expected) && self.language != last => {
                wrong(Grade::Unreadable, "has the language last: write it first".into());
            }
            (Some(own), Some(expected)) if own != expected => {
                let primary = |code: &Language| code.as_str().split('-').next().map(str::to_string);
                let same = primary(own) == primary(expected);
                let grade = if same { Grade::Lenient } else { Grade::Unreadable };
                wrong(grade, format!("has the language {own}, the delivery has {expected}"));
            }
            _ => {}
        }
        if self.language.is_some() && self.characters.is_empty() {
            wrong(Grade::Unreadable, "names no character".into());
        }
        let letters = || name.chars().filter(char::is_ascii_alphabetic);
        if letters().any(|c| c.is_ascii_uppercase()) && letters().any(|c| c.is_ascii_lowercase()) {
            wrong(Grade::Lenient, "mixes capitals and small letters".into());
        }
        if name.contains("__") || name.starts_with('_') || name.ends_with('_') {
            wrong(Grade::Lenient, "has an underscore with nothing beside it".into());
        }
    }
}

/// The characters of a name that are no letters of English, digits, hyphens or underscores.
pub fn symbols(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|c| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
}

/// The language of a code in any case. Names of languages are none.
fn language_of(code: &str) -> Option<Language> {
    // What is no code would be looked for among all names of languages: that takes its time.
    let tag = LanguageTag::parse(code).ok().filter(|tag| tag.validate().is_ok())?;
    Language::parse(tag.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zips_of_the_convention() {
        let name = "LaCasaAzul_81234567_101_fr_LocalizedEditProject_23976_v1.zip";
        let reading = ZipReading::of(name);
        assert_eq!(reading.grade(), Grade::Strict, "{:?}", reading.tokens);
        assert_eq!(reading.corrected().as_deref(), Some(name));
        assert_eq!(reading.values.episode.as_deref(), Some("101"));
        assert_eq!(reading.values.frame_rate, Some(FrameRate::Fps23_976));
        for episode in ["E01", "s01e01", "1"] {
            let name = format!("Kaze_81000002_{episode}_pt-BR_LocalizedEditProject_25_v12.zip");
            assert_eq!(ZipReading::of(&name).grade(), Grade::Strict, "{name}");
        }
    }

    #[test]
    fn zips_to_be_corrected() {
        for (name, part) in [
            ("Kaze_81000002_fr_LocalizedEditProject_25_v1.zip", "episode"),
            ("Kaze_81000002_1_fr_localizededitproject_25_v1.zip", "word"),
            ("Kaze_81000002_1_fr_LocalizedEditProject_25_v1.ZIP", "extension"),
            ("Kaze_81000002_1_PT-BR_LocalizedEditProject_25_v1.zip", "language"),
            ("La_Casa_81000002_1_fr_LocalizedEditProject_25_v1.zip", "title"),
        ] {
            let reading = ZipReading::of(name);
            assert_eq!(reading.grade(), Grade::Lenient, "{name}");
            assert_eq!(reading.deviations().map(|token| token.part).collect::<Vec<_>>(), [part], "{name}");
            assert!(reading.corrected().is_some());
        }
    }

    #[test]
    fn zips_that_are_wrong() {
        for (name, part) in [
            ("81234567_LaCasaAzul_101_fr_LocalizedEditProject_23976_v1.zip", "title"),
            ("LaCasaAzul_81234567_101_fr_LocalisedEditProject_23976_v1.zip", "word"),
            ("LaCasaAzul_81234567_101_fr_LocalizedEditProject_23976.zip", "version"),
            ("LaCasaAzul_81234567_101_fr_LocalizedEditProject_23976_v1", "extension"),
            ("session.zip", "title"),
            ("é", "title"),
        ] {
            let reading = ZipReading::of(name);
            assert_eq!(reading.grade(), Grade::Unreadable, "{name}");
            let bad: Vec<_> = reading.deviations().map(|token| token.part).collect();
            assert!(bad.contains(&part), "{name}: {bad:?}");
            assert_eq!(reading.corrected(), None);
        }
    }

    #[test]
    fn tracks_of_the_convention() {
        let french = Language::parse("fr").unwrap();
        for (name, pickup, characters) in [
            ("FR_MARIA", false, &["MARIA"][..]),
            ("fr_maria", false, &["MARIA"]),
            ("FR_GUARD1_GUARD2", false, &["GUARD1", "GUARD2"]),
            ("PU_FR_MARIA", true, &["MARIA"]),
            ("pu_fr_old-man", true, &["OLD-MAN"]),
        ] {
            let read = TrackName::of(name, Some(&french));
            assert_eq!((read.grade, &read.wrong), (Grade::Strict, &vec![]), "{name}");
            assert_eq!(
                (read.pickup, read.characters),
                (pickup, characters.iter().map(|c| c.to_string()).collect())
            );
        }
        assert_eq!(TrackName::of("PT-BR_MARIA", None).grade, Grade::Strict);
    }

    #[test]
    fn a_name_alone_is_a_character_unless_it_is_the_language_of_the_delivery() {
        let french = Language::parse("fr").unwrap();
        for language in [None, Some(&french)] {
            let tex = TrackName::of("TEX", language);
            assert_eq!((tex.language, tex.characters), (None, vec!["TEX".to_string()]));
        }
        assert!(TrackName::of("FR", Some(&french)).characters.is_empty());
        assert!(TrackName::of("FR_", None).characters.is_empty());
    }

    #[test]
    fn tracks_that_are_not() {
        let french = Language::parse("fr").unwrap();
        for (name, grade) in [
            ("fr_Maria", Grade::Lenient),
            ("FR_OLD MAN", Grade::Lenient),
            ("[PU]_FR_MARIA", Grade::Lenient),
            ("FR-CA_MARIA", Grade::Lenient),
            ("FR_ÉLISE", Grade::Unreadable),
            ("FR_A/B", Grade::Unreadable),
            ("FR|MARIA", Grade::Unreadable),
            ("MARIA", Grade::Unreadable),
            // A language's code, and here a name.
            ("TEX", Grade::Unreadable),
            ("MARIA_FR", Grade::Unreadable),
            ("FR", Grade::Unreadable),
            ("DE_MARIA", Grade::Unreadable),
            ("----", Grade::Unreadable),
            ("", Grade::Unreadable),
            // Eve is also a language.
            ("EVE_FR", Grade::Unreadable),
        ] {
            let read = TrackName::of(name, Some(&french));
            assert_eq!(read.grade, grade, "{name}: {:?}", read.wrong);
        }
    }

    #[test]
    fn roles() {
        for (name, role) in [
            ("FR_WALLA_3", Role::Group),
            ("FR_GROUP02", Role::Group),
            ("fr_narrator", Role::Narration),
            ("FR_SONG_LEAD", Role::Song),
            ("OPT 5.1 A", Role::Optional),
            ("FR_VOLKER", Role::Dialogue),
        ] {
            assert_eq!(TrackName::of(name, None).role, role, "{name}");
        }
        assert_eq!(TrackName::of("OPT 5.1 A", None).grade, Grade::Strict);
    }
}
