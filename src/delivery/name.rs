//! The file name of a premix: built from its values, read back, and what is wrong with either.
//!
//! A name is `[package ID]_[title]_[frame rate]_Mono_[language]_PreMixQC_[version].wav`. It is read from the
//! right, where no token can hold an underscore.

pub(in crate::delivery) mod tokens;

use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::language::Language;
use super::timecode::FrameRate;
use tokens::{Value, split};

/// The name of a premix, right in every token.
///
/// [`Display`](fmt::Display) writes it: `81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v1.wav`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryName {
    package_id: String,
    title: String,
    frame_rate: FrameRate,
    language: Language,
    version: NonZeroU32,
}

/// The values of a name as a person types them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fields<'a> {
    /// The package ID of the source request, 5 to 10 digits.
    pub package_id: &'a str,
    /// The title of the show in letters, digits and hyphens.
    pub title: &'a str,
    /// The frame rate of the picture: `23.976`, and also as the name writes it, `23976`.
    pub frame_rate: &'a str,
    /// The language code of the source request, in the case of BCP 47.
    pub language: &'a str,
    /// The version: `v2`, or `2`.
    pub version: &'a str,
}

impl DeliveryName {
    /// Builds a name. Space around a value is left out.
    ///
    /// # Errors
    /// Every value that is missing or wrong, each with what to write.
    pub fn from_fields(fields: Fields) -> Result<Self, Vec<Token>> {
        let (values, faults) = Values::read(fields);
        match values.name() {
            Some(name) if faults.is_empty() => Ok(name),
            _ => Err(faults),
        }
    }

    /// The package ID of the source request, 5 to 10 digits.
    pub fn package_id(&self) -> &str {
        &self.package_id
    }

    /// The title of the show: letters, digits and hyphens.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The frame rate of the picture. Drop-frame is no matter of the name.
    pub fn frame_rate(&self) -> FrameRate {
        self.frame_rate
    }

    /// The language of the dub.
    pub fn language(&self) -> &Language {
        &self.language
    }

    /// The version, from 1.
    pub fn version(&self) -> NonZeroU32 {
        self.version
    }

    /// The same name with another version.
    pub fn with_version(self, version: NonZeroU32) -> Self {
        Self { version, ..self }
    }

    /// Whether both name the same premix, in whatever version. Case does not count, nor do the hyphens of a
    /// title: they may stand for what a name cannot hold.
    pub fn is_version_of(&self, other: &Self) -> bool {
        let plain = |title: &str| title.replace('-', "").to_ascii_lowercase();
        self.package_id == other.package_id
            && plain(&self.title) == plain(&other.title)
            && self.frame_rate == other.frame_rate
            && self.language == other.language
    }
}

impl fmt::Display for DeliveryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}_{}_{}_{MONO}_{}_{PRE_MIX_QC}_v{}{EXTENSION}",
            self.package_id,
            self.title,
            rate_token(self.frame_rate),
            self.language,
            self.version
        )
    }
}

const MONO: &str = "Mono";
const PRE_MIX_QC: &str = "PreMixQC";
const EXTENSION: &str = ".wav";

/// A rate as a name writes it: without period.
fn rate_token(rate: FrameRate) -> String {
    rate.to_string().replace('.', "")
}

/// A part of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it, where no part can be told.
    Name,
    /// The number of the source request.
    PackageId,
    /// The title of the show.
    Title,
    /// The frame rate of the picture.
    FrameRate,
    /// The word `Mono`.
    Mono,
    /// The language of the dub.
    Language,
    /// The word `PreMixQC`.
    PreMixQc,
    /// The version.
    Version,
    /// `.wav`.
    Extension,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Part::Name => "name",
            Part::PackageId => "package ID",
            Part::Title => "title",
            Part::FrameRate => "frame rate",
            Part::Mono => MONO,
            Part::Language => "language",
            Part::PreMixQc => PRE_MIX_QC,
            Part::Version => "version",
            Part::Extension => "extension",
        })
    }
}

/// How well a name, or a part of it, follows the convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// To the letter.
    Strict,
    /// Everybody understands it, and it should be corrected.
    Lenient,
    /// It does not.
    Unreadable,
}

/// What to do about a wrong part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Write this instead.
    Write(String),
    /// Something that only a person can decide, as an instruction.
    Do(&'static str),
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::Write(text) => write!(f, "write {text}"),
            Remedy::Do(instruction) => f.write_str(instruction),
        }
    }
}

/// What is wrong with a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// How much it matters; never strict.
    pub grade: Grade,
    /// What is wrong, to be read after the part: "has a period".
    pub wrong: String,
    /// What to do.
    pub remedy: Remedy,
}

/// A part of a name as it stands there. Shown, it says what is wrong with it and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Which part.
    pub part: Part,
    /// What is written; empty if the part is missing.
    pub text: String,
    /// What is wrong, if anything is.
    pub remark: Option<Remark>,
}

impl Token {
    /// How well it follows the convention.
    pub fn grade(&self) -> Grade {
        self.remark.as_ref().map_or(Grade::Strict, |remark| remark.grade)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// What can be told of the values of a name. A value is there if its token is right, or wrong in a way that
/// leaves no doubt of what is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// 5 to 10 digits.
    pub package_id: Option<String>,
    /// Letters, digits and hyphens.
    pub title: Option<String>,
    /// One of the rates of the delivery.
    pub frame_rate: Option<FrameRate>,
    /// A registered code.
    pub language: Option<Language>,
    /// From 1.
    pub version: Option<NonZeroU32>,
}

impl Values {
    /// The values that fields give; what is empty is not given.
    ///
    /// # Errors
    /// Every value that is wrong, each with what to write.
    pub fn from_fields(fields: Fields) -> Result<Self, Vec<Token>> {
        let (values, mut faults) = Self::read(fields);
        faults.retain(|fault| !fault.text.is_empty());
        if faults.is_empty() { Ok(values) } else { Err(faults) }
    }

    /// The values of fields, and all that is missing or wrong.
    fn read(fields: Fields) -> (Self, Vec<Token>) {
        let mut values = Self::default();
        let parts = [
            (Part::PackageId, fields.package_id),
            (Part::Title, fields.title),
            (Part::FrameRate, fields.frame_rate),
            (Part::Language, fields.language),
            (Part::Version, fields.version),
        ];
        let faults = parts.into_iter().filter_map(|(part, text)| {
            let text = text.trim();
            let (value, remark) = Value::read(part, text);
            // However they are written, a rate is a rate and a number a number.
            let is_free = matches!(part, Part::FrameRate | Part::Version) && value.is_some();
            values.set(value);
            let remark = remark.filter(|_| !is_free)?;
            Some(Token { part, text: text.to_owned(), remark: Some(remark) })
        });
        let faults = faults.collect();
        (values, faults)
    }

    fn set(&mut self, value: Option<Value>) {
        match value {
            Some(Value::PackageId(value)) => self.package_id = Some(value),
            Some(Value::Title(value)) => self.title = Some(value),
            Some(Value::FrameRate(value)) => self.frame_rate = Some(value),
            Some(Value::Language(value)) => self.language = Some(value),
            Some(Value::Version(value)) => self.version = Some(value),
            None => {}
        }
    }

    fn name(&self) -> Option<DeliveryName> {
        let Self { package_id, title, frame_rate, language, version } = self.clone();
        Some(DeliveryName {
            package_id: package_id?,
            title: title?,
            frame_rate: frame_rate?,
            language: language?,
            version: version?,
        })
    }
}

/// A file name, read by the convention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its parts from left to right, missing ones among them. At least one.
    pub tokens: Vec<Token>,
    /// What the parts say.
    pub values: Values,
}

impl Reading {
    /// Reads a file name, without its folder.
    pub fn of(name: &str) -> Self {
        let mut values = Values::default();
        let mut tokens: Vec<Token> = split(name)
            .into_iter()
            .map(|(part, text)| {
                let (value, remark) = Value::read(part, &text);
                values.set(value);
                Token { part, text, remark }
            })
            .collect();
        tokens::tell_swapped(&mut tokens);
        Self { tokens, values }
    }

    /// The worst of the parts.
    pub fn grade(&self) -> Grade {
        self.tokens.iter().map(Token::grade).max().unwrap_or(Grade::Unreadable)
    }

    /// The first part that makes the name unreadable.
    pub fn fault(&self) -> Option<&Token> {
        self.tokens.iter().find(|token| token.grade() == Grade::Unreadable)
    }

    /// The parts that should be corrected, from left to right.
    pub fn deviations(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().filter(|token| token.grade() == Grade::Lenient)
    }

    /// The name as it should be written. `None` for an unreadable name, and for one with a value that only a
    /// person can know: a placeholder, an unknown language.
    pub fn corrected(&self) -> Option<DeliveryName> {
        self.values.name().filter(|_| self.grade() < Grade::Unreadable)
    }
}

/// A folder cannot be searched for earlier versions.
#[derive(Debug, Error)]
#[error("cannot list {folder} to find the next version: {cause}; check the path and the permissions")]
pub struct FolderError {
    /// The folder.
    pub folder: PathBuf,
    /// What the system said.
    pub cause: io::Error,
}

/// The version after the highest in `folder` of the premix that `name` names in whatever version; 1 if
/// there is none. Names that need correction count too.
///
/// # Errors
/// If the folder cannot be read.
pub fn next_version(folder: &Path, name: &DeliveryName) -> Result<NonZeroU32, FolderError> {
    let error = |cause| FolderError { folder: folder.to_owned(), cause };
    let mut highest = None;
    for entry in folder.read_dir().map_err(error)? {
        let file = entry.map_err(error)?.file_name();
        let found = file.to_str().and_then(|file| Reading::of(file).corrected());
        highest = highest.max(found.filter(|found| found.is_version_of(name)).map(|found| found.version));
    }
    Ok(highest.map_or(NonZeroU32::MIN, |version| version.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields() -> Fields<'static> {
        Fields {
            package_id: "81234567",
            title: "LaCasaAzul",
            frame_rate: "23.976",
            language: "fr",
            version: "v1",
        }
    }

    /// The first part that makes the name unreadable, what stands there, and the message.
    fn fault(name: &str) -> (Part, String, String) {
        let reading = Reading::of(name);
        assert_eq!(reading.grade(), Grade::Unreadable, "{name}");
        assert_eq!(reading.corrected(), None, "{name}");
        let fault = reading.fault().unwrap();
        (fault.part, fault.text.clone(), fault.to_string())
    }

    #[test]
    fn names_of_the_convention_are_strict() {
        for (name, rate, version) in [
            ("81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v1.wav", FrameRate::Fps23_976, 1),
            ("2412321_Night-Shift_25_Mono_pt-BR_PreMixQC_v2.wav", FrameRate::Fps25, 2),
            ("81000001_Movie7_2997_Mono_es-419_PreMixQC_v10.wav", FrameRate::Fps29_97, 10),
            ("81000002_Kaze_24_Mono_cmn-Hant-TW_PreMixQC_v1.wav", FrameRate::Fps24, 1),
            ("12345_1917_30_Mono_de_PreMixQC_v1.wav", FrameRate::Fps30, 1),
            ("1234567890_24_50_Mono_it_PreMixQC_v1.wav", FrameRate::Fps50, 1),
            ("81000002_Mono_5994_Mono_sr-Latn_PreMixQC_v1.wav", FrameRate::Fps59_94, 1),
            ("81000002_PreMixQC_60_Mono_fil_PreMixQC_v4294967295.wav", FrameRate::Fps60, u32::MAX),
        ] {
            let reading = Reading::of(name);
            assert_eq!(reading.grade(), Grade::Strict, "{name}: {:?}", reading.tokens);
            let read = reading.corrected().unwrap();
            assert_eq!(read.to_string(), name);
            assert_eq!((read.frame_rate(), read.version().get()), (rate, version));
        }
    }

    #[test]
    fn what_is_understood_is_corrected() {
        for (name, part, corrected) in [
            (
                "81234567_La_Casa_Azul_23976_Mono_fr_PreMixQC_v1.wav",
                Part::Title,
                "81234567_La-Casa-Azul_23976_Mono_fr_PreMixQC_v1.wav",
            ),
            (
                "81234567_Dr.No_23976_Mono_fr_PreMixQC_v1.wav",
                Part::Title,
                "81234567_Dr-No_23976_Mono_fr_PreMixQC_v1.wav",
            ),
            (
                "81234567_Kaze_24_Mono_PT-BR_PreMixQC_v1.wav",
                Part::Language,
                "81234567_Kaze_24_Mono_pt-BR_PreMixQC_v1.wav",
            ),
            (
                "81234567_Kaze_24_Mono_french_PreMixQC_v1.wav",
                Part::Language,
                "81234567_Kaze_24_Mono_fr_PreMixQC_v1.wav",
            ),
            (
                "81234567_Kaze_24_Mono_LAS_PreMixQC_v1.wav",
                Part::Language,
                "81234567_Kaze_24_Mono_es-419_PreMixQC_v1.wav",
            ),
            (
                "81234567_Kaze_24_Mono_fr_PreMixQC_V1.wav",
                Part::Version,
                "81234567_Kaze_24_Mono_fr_PreMixQC_v1.wav",
            ),
            (
                "81234567_Kaze_24_Mono_fr_PreMixQC_v01.wav",
                Part::Version,
                "81234567_Kaze_24_Mono_fr_PreMixQC_v1.wav",
            ),
            (
                "81234567_Kaze_24_Mono_fr_PreMixQC_12.wav",
                Part::Version,
                "81234567_Kaze_24_Mono_fr_PreMixQC_v12.wav",
            ),
            (
                "81234567_Kaze_24_mono_fr_PreMixQC_v1.wav",
                Part::Mono,
                "81234567_Kaze_24_Mono_fr_PreMixQC_v1.wav",
            ),
            (
                "81234567_Kaze_24_Mono_fr_PREMIXQC_v1.wav",
                Part::PreMixQc,
                "81234567_Kaze_24_Mono_fr_PreMixQC_v1.wav",
            ),
            (
                "81234567_Kaze_24_Mono_fr_PreMixQC_v1.WAV",
                Part::Extension,
                "81234567_Kaze_24_Mono_fr_PreMixQC_v1.wav",
            ),
        ] {
            let reading = Reading::of(name);
            assert_eq!(reading.grade(), Grade::Lenient, "{name}");
            let wrong: Vec<Part> = reading.deviations().map(|token| token.part).collect();
            assert_eq!(wrong, [part], "{name}");
            assert_eq!(reading.corrected().map(|name| name.to_string()).as_deref(), Some(corrected));
        }
    }

    #[test]
    fn rates_are_read_as_people_write_them() {
        for (text, token) in [
            ("23.976", "23976"),
            ("23976fps", "23976"),
            ("23.976FPS", "23976"),
            ("23.98", "23976"),
            ("2398", "23976"),
            ("24.0", "24"),
            ("24.000", "24"),
            ("25fps", "25"),
            ("29.97", "2997"),
            ("2997DF", "2997"),
            ("2997ND", "2997"),
            ("2997NDF", "2997"),
            ("29.97DF", "2997"),
            ("29.97ndf", "2997"),
            ("30.00", "30"),
            ("30ND", "30"),
            ("59.94", "5994"),
            ("5994DF", "5994"),
        ] {
            let reading = Reading::of(&format!("81234567_Kaze_{text}_Mono_fr_PreMixQC_v1.wav"));
            assert_eq!(reading.grade(), Grade::Lenient, "{text}");
            let corrected = reading.corrected().unwrap().to_string();
            assert_eq!(corrected, format!("81234567_Kaze_{token}_Mono_fr_PreMixQC_v1.wav"));
        }
        // Drop-frame at 30 is 29.97 to some and a slip to others.
        let reading = Reading::of("81234567_Kaze_30DF_Mono_fr_PreMixQC_v1.wav");
        assert_eq!((reading.grade(), reading.values.frame_rate), (Grade::Lenient, None));
        // What no picture runs at is no spelling of anything.
        for text in ["26", "2396", "23.97", "240", "24.5", "1.2.3", "120"] {
            let (part, at, _) = fault(&format!("81234567_Kaze_{text}_Mono_fr_PreMixQC_v1.wav"));
            assert_eq!((part, at.as_str()), (Part::FrameRate, text));
        }
    }

    #[test]
    fn what_only_a_person_knows_has_no_correction() {
        for (name, part, word) in [
            ("81234567_ShowTitle_24_Mono_fr_PreMixQC_v1.wav", Part::Title, "placeholder"),
            ("81234567_show_title_24_Mono_fr_PreMixQC_v1.wav", Part::Title, "placeholder"),
            ("1234_Kaze_24_Mono_fr_PreMixQC_v1.wav", Part::PackageId, "4 digits"),
            ("12345678901_Kaze_24_Mono_fr_PreMixQC_v1.wav", Part::PackageId, "11 digits"),
            ("81234567_Kaze_24_Mono_xyz_PreMixQC_v1.wav", Part::Language, "unknown language"),
            ("81234567_Kaze_24_Mono_en-UK_PreMixQC_v1.wav", Part::Language, "unknown region"),
            ("81234567_Kaze_24_Mono_fr_PreMixQC_v0.wav", Part::Version, "below the first"),
        ] {
            let reading = Reading::of(name);
            assert_eq!((reading.grade(), reading.corrected()), (Grade::Lenient, None), "{name}");
            let deviations: Vec<&Token> = reading.deviations().collect();
            assert_eq!(deviations.len(), 1, "{name}");
            assert_eq!(deviations[0].part, part, "{name}");
            assert!(deviations[0].to_string().contains(word), "{}", deviations[0]);
        }
    }

    #[test]
    fn the_first_bad_part_is_named() {
        for (name, part, text, message) in [
            ("81234567_LaCasaAzul_23976_Stereo_fr_PreMixQC_v1.wav", Part::Mono, "Stereo", "bounce to mono"),
            (
                "LaCasaAzul_81234567_23976_Mono_fr_PreMixQC_v1.wav",
                Part::PackageId,
                "LaCasaAzul",
                "write 81234567_LaCasaAzul",
            ),
            ("81234567_LaCasaAzul_Mono_fr_PreMixQC_v1.wav", Part::FrameRate, "", "is missing"),
            ("81234567_La Casa_24_Mono_fr_PreMixQC_v1.wav", Part::Title, "La Casa", "a space: write La-Casa"),
            ("81234567_Élite_24_Mono_fr_PreMixQC_v1.wav", Part::Title, "Élite", "write Elite"),
            ("81234567_E\u{301}lite_24_Mono_fr_PreMixQC_v1.wav", Part::Title, "E\u{301}lite", "write Elite"),
            ("81234567_風_24_Mono_ja_PreMixQC_v1.wav", Part::Title, "風", "letters, digits and hyphens"),
            ("81234567_LaCasaAzul_24_Mono_pt_BR_PreMixQC_v1.wav", Part::Language, "pt_BR", "write pt-BR"),
            ("81234567_LaCasaAzul_24_Mono_français_PreMixQC_v1.wav", Part::Language, "français", "BCP 47"),
            ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC.wav", Part::Version, "", "is missing"),
            ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_final.wav", Part::Version, "final", "not a version"),
            ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1_final.wav", Part::Version, "v1_final", "write v1"),
            (
                "81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v99999999999.wav",
                Part::Version,
                "v99999999999",
                "higher",
            ),
            (
                "81234567_LaCasaAzul_24_Mono_fr_PreMix_QC_v1.wav",
                Part::PreMixQc,
                "PreMix_QC",
                "write PreMixQC",
            ),
            ("81234567_LaCasaAzul_24_Mono_fr_v1.wav", Part::PreMixQc, "", "is missing"),
            ("81234567_LaCasaAzul_24_Mono_fr_FinalMix_v1.wav", Part::PreMixQc, "FinalMix", "another word"),
            ("81234567_LaCasaAzul_24_Mono_PreMixQC_v1.wav", Part::Language, "", "is missing"),
            ("81234567_LaCasaAzul_24_fr_PreMixQC_v1.wav", Part::Mono, "", "is missing"),
            ("81234567_LaCasaAzul_fr_PreMixQC_v1.wav", Part::FrameRate, "", "is missing"),
            ("81234567_24_Mono_fr_PreMixQC_v1.wav", Part::Title, "", "is missing"),
            ("LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav", Part::PackageId, "", "is missing"),
            ("LaCasaAzul_Mono_fr_PreMixQC_v1.wav", Part::PackageId, "", "is missing"),
            ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.aif", Part::Extension, ".aif", "bounce to WAV"),
            ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav.wav", Part::Extension, ".wav.wav", ".wav"),
            ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1", Part::Extension, "", "is missing"),
            (
                "[81234567]_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav",
                Part::PackageId,
                "[81234567]",
                "brackets of the convention: write 81234567",
            ),
            (
                "81234567_LaCasaAzul_[framerate]_Mono_fr_PreMixQC_v1.wav",
                Part::FrameRate,
                "[framerate]",
                "23976",
            ),
            (
                "81234567_LaCasaAzul_framerate_Mono_fr_PreMixQC_v1.wav",
                Part::FrameRate,
                "framerate",
                "placeholder",
            ),
            ("premix final.wav", Part::Name, "premix final.wav", "PackageID_ShowTitle"),
            ("", Part::Name, "", "is missing"),
        ] {
            let (at, found, said) = fault(name);
            assert_eq!((at, found.as_str()), (part, text), "{name}: {said}");
            assert!(said.contains(message), "{name}: {said}");
        }
    }

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let name = DeliveryName::from_fields(fields()).unwrap();
        assert_eq!(name.to_string(), "81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v1.wav");
        let empty = DeliveryName::from_fields(Fields::default()).unwrap_err();
        let parts: Vec<Part> = empty.iter().map(|token| token.part).collect();
        assert_eq!(parts, [Part::PackageId, Part::Title, Part::FrameRate, Part::Language, Part::Version]);
        assert!(empty.iter().all(|token| token.to_string().contains("is missing")));
        for (field, message) in [
            (Fields { title: "Café de l'Été", ..fields() }, "write Cafe-de-lEte"),
            (Fields { title: "La_Casa", ..fields() }, "underscore, which separates the parts: write La-Casa"),
            (Fields { title: "ShowTitle", ..fields() }, "placeholder"),
            (Fields { title: "[LaCasaAzul]", ..fields() }, "write LaCasaAzul"),
            (Fields { package_id: "8123456a", ..fields() }, "is not a number"),
            (Fields { language: "PT-br", ..fields() }, "write pt-BR"),
            (Fields { language: "pt_BR", ..fields() }, "write pt-BR"),
            (Fields { language: "French", ..fields() }, "write fr"),
            (Fields { language: "zz", ..fields() }, "unknown language"),
            (Fields { frame_rate: "23", ..fields() }, "is not that of a picture"),
            (Fields { version: "0", ..fields() }, "below the first"),
            (Fields { version: "next", ..fields() }, "is not a version"),
        ] {
            let faults = DeliveryName::from_fields(field).unwrap_err();
            assert_eq!(faults.len(), 1, "{field:?}");
            assert!(faults[0].to_string().contains(message), "{}", faults[0]);
        }
        let free = Fields { frame_rate: "29.97DF", version: " 12\n", ..fields() };
        let name = DeliveryName::from_fields(free).unwrap().to_string();
        assert_eq!(name, "81234567_LaCasaAzul_2997_Mono_fr_PreMixQC_v12.wav");
    }

    #[test]
    fn the_next_version_is_after_the_highest_of_the_same_premix() {
        let folder = tempfile::tempdir().unwrap();
        let name = DeliveryName::from_fields(fields()).unwrap();
        let next = || next_version(folder.path(), &name).unwrap().get();
        assert_eq!(next(), 1);
        for (file, expected) in [
            ("81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v1.wav", 2),
            // Other package, title, rate and language; no premix; no WAV.
            ("81234568_LaCasaAzul_23976_Mono_fr_PreMixQC_v9.wav", 2),
            ("81234567_LaCasaRoja_23976_Mono_fr_PreMixQC_v9.wav", 2),
            ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v9.wav", 2),
            ("81234567_LaCasaAzul_23976_Mono_de_PreMixQC_v9.wav", 2),
            ("notes_v9.wav", 2),
            ("81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v9.aif", 2),
            // Leniently named, and beyond what sorts by letters.
            ("81234567_lacasaazul_23.976_mono_FR_premixqc_V03.WAV", 4),
            ("81234567_La_Casa_Azul_23976_Mono_fr_PreMixQC_v10.wav", 11),
        ] {
            std::fs::write(folder.path().join(file), "").unwrap();
            assert_eq!(next(), expected, "{file}");
        }
        let error = next_version(&folder.path().join("none"), &name).unwrap_err();
        assert!(error.to_string().contains("none"), "{error}");
    }

    proptest! {
        #[test]
        fn what_is_built_is_read_back(
            package_id in "[0-9]{5,10}",
            title in "[A-Za-z0-9-]{1,20}",
            rate in 0..FrameRate::ALL.len(),
            language in "fr|pt-BR|zh-Hans|es-419|cmn-Hant-TW|[a-z]{2}",
            version in 1..=u32::MAX,
        ) {
            let [frame_rate, version] = [FrameRate::ALL[rate].to_string(), version.to_string()];
            let fields = Fields {
                package_id: &package_id,
                title: &title,
                frame_rate: &frame_rate,
                language: &language,
                version: &version,
            };
            if let Ok(name) = DeliveryName::from_fields(fields) {
                let reading = Reading::of(&name.to_string());
                prop_assert_eq!(reading.grade(), Grade::Strict);
                prop_assert_eq!(reading.corrected(), Some(name));
            } else {
                // Nothing else in these fields can be wrong.
                prop_assert!(Language::parse(&language).is_err() || title.eq_ignore_ascii_case("showtitle"));
            }
        }

        #[test]
        fn the_lenient_grammar_is_understood(
            name in "[0-9]{1,12}_[A-Za-z0-9._-]{1,12}_(23976|23\\.976|2997DF|24\\.0fps|30nd)_(mono|MONO|Mono)_\
                     [A-Za-z0-9-]{1,9}_(premixqc|PreMixQC|PREMIXQC)_[vV]?[0-9]{1,9}\\.(wav|WAV|Wav)",
        ) {
            let reading = Reading::of(&name);
            prop_assert!(reading.grade() <= Grade::Lenient, "{:?}", reading.fault());
            if let Some(corrected) = reading.corrected() {
                let again = Reading::of(&corrected.to_string());
                prop_assert_eq!(again.grade(), Grade::Strict);
                prop_assert_eq!(again.corrected(), Some(corrected));
            } else {
                let needs_a_person = |token: &Token| {
                    matches!(token.remark.as_ref().map(|remark| &remark.remedy), Some(Remedy::Do(_)))
                };
                prop_assert!(reading.deviations().any(needs_a_person));
            }
        }

        #[test]
        fn no_name_panics(
            name in "\\PC{0,40}",
            words in proptest::collection::vec(
                "81234567|LaCasa|La\\.Casa|24|29\\.97DF|Mono|mono|Stereo|fr|pt|BR|PreMix|QC|PreMixQC|v1|V02|v0|\\[x\\]|é|",
                0..12,
            ),
            end in "(\\.wav|\\.WAV|\\.wav\\.wav|\\.|)",
        ) {
            for name in [name, words.join("_") + &end] {
                let reading = Reading::of(&name);
                prop_assert!(!reading.tokens.is_empty());
                prop_assert_eq!(reading.grade() == Grade::Unreadable, reading.fault().is_some());
                for token in &reading.tokens {
                    prop_assert!(!token.to_string().is_empty());
                }
                if let Some(corrected) = reading.corrected() {
                    prop_assert_eq!(Reading::of(&corrected.to_string()).grade(), Grade::Strict);
                }
                // The same text in every field: an answer, whatever it is.
                let fields = Fields {
                    package_id: &name,
                    title: &name,
                    frame_rate: &name,
                    language: &name,
                    version: &name,
                };
                prop_assert!(DeliveryName::from_fields(fields).is_err());
            }
        }
    }
}
