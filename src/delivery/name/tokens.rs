//! What stands in each part of a name, and which part is which.

use std::num::NonZeroU32;

use super::{EXTENSION, Grade, MONO, PRE_MIX_QC, Part, Remark, Remedy, Token, rate_token};
use crate::delivery::language::Language;
use crate::delivery::timecode::FrameRate;

/// The value of a part that has one.
pub enum Value {
    PackageId(String),
    Title(String),
    FrameRate(FrameRate),
    Language(Language),
    Version(NonZeroU32),
}

/// A value, if it can be told, and what is wrong, if anything is.
type Read<T> = (Option<T>, Option<Remark>);

fn lenient(wrong: impl Into<String>, remedy: Remedy) -> Option<Remark> {
    Some(Remark { grade: Grade::Lenient, wrong: wrong.into(), remedy })
}

fn unreadable(wrong: impl Into<String>, remedy: Remedy) -> Option<Remark> {
    Some(Remark { grade: Grade::Unreadable, wrong: wrong.into(), remedy })
}

impl Value {
    /// Reads what stands in a part. A value is given only where it may stand in a corrected name.
    pub fn read(part: Part, text: &str) -> Read<Self> {
        if text.is_empty() {
            return (None, unreadable("is missing", what_belongs(part)));
        }
        if text.contains(['[', ']']) && part != Part::Name {
            return (None, unreadable("keeps the brackets of the convention", without_brackets(part, text)));
        }
        fn mapped<T>((value, remark): Read<T>, kind: fn(T) -> Value) -> Read<Value> {
            (value.map(kind), remark)
        }
        match part {
            Part::Name => (None, unreadable("is not that of a premix", what_belongs(part))),
            Part::PackageId => mapped(package_id(text), Value::PackageId),
            Part::Title => mapped(title(text), Value::Title),
            Part::FrameRate => mapped(frame_rate(text), Value::FrameRate),
            Part::Language => mapped(language(text), Value::Language),
            Part::Version => mapped(version(text), Value::Version),
            Part::Mono => (None, word(part, text, MONO)),
            Part::PreMixQc => (None, word(part, text, PRE_MIX_QC)),
            Part::Extension => (None, word(part, text, EXTENSION)),
        }
    }
}

/// What to do where a part is missing or beyond correction.
fn what_belongs(part: Part) -> Remedy {
    Remedy::Do(match part {
        Part::Name => {
            "write PackageID_ShowTitle_framerate_Mono_langCode_PreMixQC_Version.wav with the values of this premix"
        }
        Part::PackageId => "write the number of the source request, 5 to 10 digits",
        Part::Title => "write the title of the show in letters, digits and hyphens",
        Part::FrameRate => "write that of the picture: 23976, 24, 25, 2997, 30, 50, 5994 or 60",
        Part::Mono => "bounce to mono and write Mono between frame rate and language",
        Part::Language => "write the code of the source request, like fr or pt-BR",
        Part::PreMixQc => "write PreMixQC between language and version",
        Part::Version => "write v1, or the next free version",
        Part::Extension => "bounce to WAV and end the name in .wav",
    })
}

fn without_brackets(part: Part, text: &str) -> Remedy {
    let inner = text.replace(['[', ']'], "");
    match Value::read(part, &inner) {
        (_, None) => Remedy::Write(inner),
        _ => what_belongs(part),
    }
}

fn is_placeholder(text: &str, name: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    letters.eq_ignore_ascii_case(name)
}

fn package_id(text: &str) -> Read<String> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return (None, unreadable("is not a number", what_belongs(Part::PackageId)));
    }
    if !(5..=10).contains(&text.len()) {
        let wrong = format!("has {} digits", text.len());
        return (None, lenient(wrong, Remedy::Do("compare it with the source request: it has 5 to 10")));
    }
    (Some(text.to_owned()), None)
}

fn title(text: &str) -> Read<String> {
    if is_placeholder(text, "ShowTitle") {
        return (None, lenient("is the placeholder of the convention", what_belongs(Part::Title)));
    }
    let stray = |c: &char| !(c.is_ascii_alphanumeric() || *c == '-');
    let Some(first) = text.chars().find(stray) else {
        return (Some(text.to_owned()), None);
    };
    let plain = plain_title(text);
    let remedy = plain.clone().map_or(what_belongs(Part::Title), Remedy::Write);
    if let Some(bad) = text.chars().filter(stray).find(|c| !matches!(c, '_' | '.')) {
        let wrong = if bad.is_whitespace() { "has a space".to_owned() } else { format!("has {bad:?}") };
        return (None, unreadable(wrong, remedy));
    }
    let wrong = if first == '_' { "has an underscore, which separates the parts" } else { "has a period" };
    (plain, lenient(wrong, remedy))
}

/// A title in letters, digits and hyphens: accents are left out, and a hyphen stands between words. `None`
/// for scripts other than Latin, of which no rule knows how the delivery spells them.
fn plain_title(text: &str) -> Option<String> {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => plain.push(c),
            '-' | '_' | '.' | '/' => plain.push('-'),
            _ if c.is_whitespace() => plain.push('-'),
            // Combining accents, as the file system of macOS writes them.
            '\u{300}'..='\u{36f}' => {}
            // Latin-1 letters, Latin Extended-A, -B and Additional.
            '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
                let letters = deunicode::deunicode_char(c)?;
                plain.extend(letters.chars().filter(char::is_ascii_alphanumeric));
            }
            _ if c.is_alphanumeric() => return None,
            // Apostrophes and other marks.
            _ => {}
        }
    }
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join("-"))
}

fn frame_rate(text: &str) -> Read<FrameRate> {
    let small = text.to_ascii_lowercase();
    let suffix = ["ndf", "df", "nd", "fps"].into_iter().find(|suffix| small.ends_with(suffix)).unwrap_or("");
    let number = &small[..small.len() - suffix.len()];
    let Some(rate) = FrameRate::ALL.into_iter().find(|&rate| means(number, rate)) else {
        let wrong = if is_placeholder(text, "framerate") {
            "is the placeholder of the convention"
        } else {
            "is not that of a picture"
        };
        return (None, unreadable(wrong, what_belongs(Part::FrameRate)));
    };
    let token = rate_token(rate);
    if suffix == "df" && !rate.has_drop_frame() {
        let remedy = Remedy::Do("ask which is meant, and write 2997 or 5994 if it is drop-frame");
        return (None, lenient("has no drop-frame", remedy));
    }
    let wrong = match suffix {
        _ if text == token => return (Some(rate), None),
        "fps" => "needs no unit",
        "df" | "nd" | "ndf" => "does not tell drop-frame",
        _ if text.contains('.') => "has a period",
        _ => "is rounded",
    };
    (Some(rate), lenient(wrong, Remedy::Write(token)))
}

/// Whether the number is a spelling of the rate: with zeros behind the period, without the period, or as
/// 23.98.
fn means(number: &str, rate: FrameRate) -> bool {
    let name = rate.to_string();
    let shown = match number.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => number.trim_end_matches('0'),
        None => number,
    };
    let rounded = rate == FrameRate::Fps23_976 && matches!(shown, "23.98" | "2398");
    shown == name || shown == rate_token(rate) || rounded
}

fn language(text: &str) -> Read<Language> {
    let error = match Language::parse(text) {
        Ok(language) => return (Some(language), None),
        Err(error) => error,
    };
    let remedy = |meant: Option<&Language>| match meant {
        Some(language) => Remedy::Write(language.to_string()),
        None => what_belongs(Part::Language),
    };
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        let remedy = remedy(error.correction.as_ref());
        return (error.correction, lenient(error.wrong, remedy));
    }
    if text.contains('_') {
        let meant = Language::parse(&text.replace('_', "-"));
        let meant = meant.map_or_else(|error| error.correction, Some);
        return (None, unreadable("has an underscore, which separates the parts", remedy(meant.as_ref())));
    }
    (None, unreadable(error.wrong, remedy(error.correction.as_ref())))
}

fn version(text: &str) -> Read<NonZeroU32> {
    let digits = text.strip_prefix(['v', 'V']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // Like v1_final.
        let before = text.split_once('_').and_then(|(before, _)| version(before).0);
        let remedy = before.map_or(what_belongs(Part::Version), |v| Remedy::Write(format!("v{v}")));
        return (None, unreadable("is not a version", remedy));
    }
    let Ok(number) = digits.parse::<u32>() else {
        return (None, unreadable("is higher than any", what_belongs(Part::Version)));
    };
    let Some(version) = NonZeroU32::new(number) else {
        return (None, lenient("is below the first", what_belongs(Part::Version)));
    };
    let token = format!("v{version}");
    let remark = if text == token {
        None
    } else {
        lenient("is not a small v with a plain number", Remedy::Write(token))
    };
    (Some(version), remark)
}

/// What is wrong with the literal part `word`.
fn word(part: Part, text: &str, word: &str) -> Option<Remark> {
    if text == word {
        None
    } else if text.eq_ignore_ascii_case(word) {
        lenient("has another case", Remedy::Write(word.to_owned()))
    } else if text.replace('_', "").eq_ignore_ascii_case(word) {
        unreadable("has an underscore, which separates the parts", Remedy::Write(word.to_owned()))
    } else {
        let wrong = match part {
            Part::Extension => "is not that of one WAV",
            _ => "stands where another word belongs",
        };
        unreadable(wrong, what_belongs(part))
    }
}

/// The parts of a file name from left to right, with what stands there; nothing where a part is missing.
pub fn split(name: &str) -> Vec<(Part, String)> {
    let (stem, extension) = split_extension(name);
    let words: Vec<&str> = stem.split('_').collect();
    let Some(layout) = Layout::of(&words) else {
        return vec![(Part::Name, name.to_owned())];
    };
    let head = &words[..layout.head];
    let (package_id, title, frame_rate) = split_head(head);
    let between = |from: usize, to: usize| words[from..to].join("_");
    vec![
        (Part::PackageId, package_id.to_owned()),
        (Part::Title, title),
        (Part::FrameRate, frame_rate.to_owned()),
        (Part::Mono, between(layout.head, layout.language)),
        (Part::Language, between(layout.language, layout.pre_mix_qc)),
        (Part::PreMixQc, between(layout.pre_mix_qc, layout.version)),
        (Part::Version, between(layout.version, words.len())),
        (Part::Extension, extension.to_owned()),
    ]
}

/// The extension with its period. Only what follows the last underscore can be one: a rate may have a period.
fn split_extension(name: &str) -> (&str, &str) {
    let last = name.rfind('_').map_or(0, |underscore| underscore + 1);
    match name[last..].find('.') {
        Some(period) => name.split_at(last + period),
        None => (name, ""),
    }
}

/// At which word each part starts, from `Mono` on.
struct Layout {
    /// Words before `Mono`.
    head: usize,
    language: usize,
    pre_mix_qc: usize,
    version: usize,
}

impl Layout {
    /// Finds the literal words, or what stands in their places. `None` if neither is there.
    fn of(words: &[&str]) -> Option<Self> {
        let end = words.len();
        let is = |index: usize, word: &str| words[index].eq_ignore_ascii_case(word);
        // As the convention has them, counted from the right.
        if end >= 7 && is(end - 4, MONO) && is(end - 2, PRE_MIX_QC) {
            return Some(Self { head: end - 4, language: end - 3, pre_mix_qc: end - 2, version: end - 1 });
        }
        let pre_mix_qc = (0..end).rev().find_map(|index| {
            let parted = index + 1 < end && is(index, "PreMix") && is(index + 1, "QC");
            let length = if parted { 2 } else { usize::from(is(index, PRE_MIX_QC)) };
            (length > 0).then_some((index, index + length))
        });
        let mono = (0..pre_mix_qc.map_or(end, |(start, _)| start)).rev().find(|&index| is(index, MONO));
        match (mono, pre_mix_qc) {
            (Some(mono), Some((pre_mix_qc, version))) => {
                Some(Self { head: mono, language: mono + 1, pre_mix_qc, version })
            }
            // The language stands before PreMixQC, and between it and a rate another word instead of Mono.
            (None, Some((pre_mix_qc, version))) => {
                let language = pre_mix_qc.saturating_sub(1);
                let is_rate = |index: usize| frame_rate(words[index]).0.is_some();
                let other = language >= 2 && is_rate(language - 2) && !is_rate(language - 1);
                Some(Self { head: language - usize::from(other), language, pre_mix_qc, version })
            }
            // The version stands last if it is one, the language first.
            (Some(mono), None) => {
                let (language, last) = (mono + 1, end - 1);
                let version = if last > language && version(words[last]).0.is_some() { last } else { end };
                Some(Self { head: mono, language, pre_mix_qc: (language + 1).min(version), version })
            }
            (None, None) => None,
        }
    }
}

/// Package ID, title and frame rate, of the words before `Mono`.
fn split_head<'a>(words: &[&'a str]) -> (&'a str, String, &'a str) {
    let is_rate = |text: &str| frame_rate(text).0.is_some();
    match words {
        [] => ("", String::new(), ""),
        // A title can be all digits, a package ID is never anything else.
        [one] if package_id(one).0.is_some() => (one, String::new(), ""),
        [one] if is_rate(one) => ("", String::new(), one),
        [one] => ("", (*one).to_owned(), ""),
        [title, rate] if is_rate(rate) && package_id(title).1.is_some() => ("", (*title).to_owned(), rate),
        [package_id, rate] if is_rate(rate) => (package_id, String::new(), rate),
        [package_id, title] => (package_id, (*title).to_owned(), ""),
        // A rate has digits, even a wrong one.
        [package_id, title @ .., rate] if is_rate(rate) || rate.contains(|c: char| c.is_ascii_digit()) => {
            (package_id, title.join("_"), rate)
        }
        [package_id, title @ .., placeholder] if is_placeholder(placeholder, "framerate") => {
            (package_id, title.join("_"), placeholder)
        }
        [package_id, title @ ..] => (package_id, title.join("_"), ""),
    }
}

/// Says of a package ID and a title that have changed places that they have.
pub fn tell_swapped(tokens: &mut [Token]) {
    if let [Token { text: first, remark: Some(remark), .. }, second, ..] = tokens
        && remark.grade == Grade::Unreadable
        && package_id(&second.text).0.is_some()
        && title(first).0.is_some()
    {
        remark.wrong = "is not a number, and the title is".to_owned();
        remark.remedy = Remedy::Write(format!("{}_{first}", second.text));
    }
}
