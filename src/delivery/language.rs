//! Language codes of the delivery: BCP 47 tags (RFC 5646) of language, script and region.
//!
//! The subtags are checked against the IANA registry in `language-tags`; `isolang` knows what
//! people write instead: ISO 639-3 codes and English names.

use std::fmt;

use language_tags::{LanguageTag, ValidationError};
use thiserror::Error;

/// A language code in canonical case whose subtags are all registered: `fr`, `pt-BR`, `zh-Hans`, `es-419`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Language(String);

/// Why a text is no [`Language`], to be read after the text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{wrong}")]
pub struct LanguageError {
    /// What is wrong: "is not in the case of BCP 47".
    pub wrong: String,
    /// What was meant, if that can be told.
    pub correction: Option<Language>,
}

/// What the field writes for Latin American Spanish. The first is the code of a language of Togo and the
/// second is Spanish in Laos, so the registry does not object.
const LATIN_AMERICAN_SPANISH: [&str; 2] = ["LAS", "es-LA"];

impl Language {
    /// Reads a code that is exactly as it should be written.
    ///
    /// # Errors
    /// What is wrong, and the right code where there is one: another case, an unknown or outdated subtag,
    /// or more than language, script and region.
    pub fn parse(text: &str) -> Result<Self, LanguageError> {
        let wrong = |wrong: &str, correction| Err(LanguageError { wrong: wrong.to_owned(), correction });
        if LATIN_AMERICAN_SPANISH.contains(&text) {
            return wrong("is not the code of Latin American Spanish", Some(Self("es-419".to_owned())));
        }
        let Ok(tag) = LanguageTag::parse(text) else {
            return wrong("is no BCP 47 language code", by_other_name(text, ""));
        };
        match tag.validate() {
            Ok(()) => {}
            Err(ValidationError::PrimaryLanguageNotInRegistry) => {
                let primary = tag.primary_language();
                let correction = by_other_name(primary, &tag.as_str()[primary.len()..]);
                return wrong("has an unknown language", correction);
            }
            Err(ValidationError::ScriptNotInRegistry) => return wrong("has an unknown script", None),
            Err(ValidationError::RegionNotInRegistry) => return wrong("has an unknown region", None),
            Err(error) => return wrong(&format!("is no BCP 47 language code: {error}"), None),
        }
        let current = tag.canonicalize().ok();
        // Not compared as a whole: canonical tags also lose a script that goes without saying.
        let outdated = current.as_ref().is_some_and(|current| {
            current.primary_language() != tag.primary_language() || current.region() != tag.region()
        });
        if outdated {
            let current = current.filter(is_plain).map(|current| Self(current.into_string()));
            return wrong("is outdated", current);
        }
        if !is_plain(&tag) {
            return wrong("has more than language, script and region", None);
        }
        if tag.as_str() != text {
            return wrong("is not in the case of BCP 47", Some(Self(tag.into_string())));
        }
        Ok(Self(tag.into_string()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The English name of the language, without script and region, if it has one.
    pub fn english_name(&self) -> Option<&'static str> {
        let primary = self.0.split('-').next()?;
        isolang::Language::from_639_1(primary)
            .or_else(|| isolang::Language::from_639_3(primary))
            .map(|language| language.to_name())
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether the tag is language, script and region alone.
fn is_plain(tag: &LanguageTag) -> bool {
    let plain: Vec<&str> =
        [Some(tag.primary_language()), tag.script(), tag.region()].into_iter().flatten().collect();
    (2..=3).contains(&tag.primary_language().len()) && tag.as_str() == plain.join("-")
}

/// The code of a language given by its English name or its three-letter code, with `rest` (script and
/// region, each with its hyphen) behind it.
fn by_other_name(text: &str, rest: &str) -> Option<Language> {
    let text = text.to_ascii_lowercase();
    let language =
        isolang::Language::from_639_3(&text).or_else(|| isolang::Language::from_name_lowercase(&text))?;
    let code = language.to_639_1().unwrap_or_else(|| language.to_639_3());
    // A code that ISO 639-3 has and the registry has not is no other name of itself.
    if code == text {
        return None;
    }
    Language::parse(&format!("{code}{rest}")).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn registered_codes_in_canonical_case_pass() {
        // RFC 5646, appendix A, and the codes of dubbing requests.
        for code in [
            "fr",
            "de",
            "pt-BR",
            "es-ES",
            "es-419",
            "fr-CA",
            "cmn",
            "zh-Hans",
            "zh-Hant",
            "cmn-Hant-TW",
            "sr-Latn-RS",
            "yue",
            "fil",
            "en-Latn",
        ] {
            assert_eq!(Language::parse(code).map(|language| language.to_string()), Ok(code.to_owned()));
        }
    }

    #[test]
    fn what_is_meant_is_told() {
        for (text, correction) in [
            ("PT-BR", Some("pt-BR")),
            ("pt-br", Some("pt-BR")),
            ("CMN-hANT-tw", Some("cmn-Hant-TW")),
            ("french", Some("fr")),
            ("French", Some("fr")),
            ("FRA", Some("fr")),
            ("por-BR", Some("pt-BR")),
            ("LAS", Some("es-419")),
            ("es-LA", Some("es-419")),
            ("iw", Some("he")),
            ("zh-cmn-Hans", Some("cmn-Hans")),
            ("xyz", None),
            ("fr-XQXQ", None),
            ("en-UK", None),
            ("ca-ES-valencia", None),
            ("de-1996", None),
            ("x-klingon", None),
            ("klingonese", None),
            ("-", None),
            ("", None),
        ] {
            let error = Language::parse(text).expect_err(text);
            let told = error.correction.as_ref().map(Language::as_str);
            assert_eq!(told, correction, "{text}: {error}");
        }
    }

    #[test]
    fn languages_have_names() {
        let name = |code| Language::parse(code).unwrap().english_name();
        assert_eq!(name("pt-BR"), Some("Portuguese"));
        assert_eq!(name("cmn-Hant-TW"), Some("Mandarin Chinese"));
        assert_eq!(name("ga"), Some("Irish"));
    }

    #[test]
    fn codes_that_the_registry_does_not_know_are_refused() {
        let letters = || 'a'..='z';
        let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| [a, b, c])));
        let codes = codes.map(String::from_iter).filter(|code| isolang::Language::from_639_3(code).is_some());
        let unknown = |code: &String| Language::parse(code).is_err_and(|error| error.correction.is_none());
        assert!(codes.filter(unknown).count() > 0);
    }

    proptest! {
        #[test]
        fn a_correction_needs_no_other(text in "\\PC{0,12}|[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}") {
            match Language::parse(&text) {
                Ok(language) => prop_assert_eq!(language.as_str(), text),
                Err(error) => if let Some(correction) = error.correction {
                    prop_assert_eq!(Language::parse(correction.as_str()), Ok(correction.clone()));
                }
            }
        }
    }
}
