//! Names of deliveries: built for a bounce, and explained.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use serde::Serialize;

use crate::compliance::Verdict;
use crate::delivery::language::Language;
use crate::delivery::name::{
    DeliveryName, Fields, Grade, Part, Reading, Remark, Token, Values, next_version,
};
use crate::delivery::session::names::{ZipReading, ZipValues, zip_name};

/// Builds a name, of which `next_in` may be a folder to take the next version in.
///
/// # Errors
/// One sentence with every value that is missing or wrong and what to write; a folder that cannot be read.
pub fn build(fields: Fields, next_in: Option<&Path>) -> Result<DeliveryName> {
    let fields = if next_in.is_some() { Fields { version: "v1", ..fields } } else { fields };
    let name = DeliveryName::from_fields(fields).or_else(refuse)?;
    Ok(match next_in {
        Some(folder) => {
            let version = next_version(folder, &name)?;
            name.with_version(version)
        }
        None => name,
    })
}

/// The values that fields give; what is empty is not given.
///
/// # Errors
/// One sentence with every value that is wrong and what to write.
pub fn values(fields: Fields) -> Result<Values> {
    Values::from_fields(fields).or_else(refuse)
}

fn refuse<T>(faults: Vec<Token>) -> Result<T> {
    let faults: Vec<String> = faults.iter().map(Token::to_string).collect();
    bail!("no file can have this name: {}", faults.join("; "))
}

/// Builds the name of an edit session's zip. A film has no episode.
///
/// # Errors
/// One sentence with every value that is missing or wrong and what to write.
pub fn build_session(fields: Fields, episode: Option<&str>) -> Result<String> {
    let name = build(fields, None)?;
    let episode = episode.map(str::trim).filter(|episode| !episode.is_empty());
    if let Some(episode) = episode {
        let plain = episode.bytes().all(|byte| byte.is_ascii_alphanumeric());
        ensure!(
            plain,
            "the episode {episode:?} has more than letters and digits: write it like 101 or s01e01"
        );
    }
    let values = ZipValues {
        title: Some(name.title().to_string()),
        package_id: Some(name.package_id().to_string()),
        episode: episode.map(str::to_string),
        language: Some(name.language().clone()),
        frame_rate: Some(name.frame_rate()),
        version: Some(name.version()),
    };
    // All values but the episode are there.
    Ok(zip_name(&values).unwrap_or_default())
}

/// The folder that a bounce to `output`, a file or a folder, goes into.
pub fn folder(output: &Path) -> &Path {
    match output.parent() {
        _ if output.is_dir() => output,
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Where a bounce of this name goes: into the folder `output`, or to the file `output`.
///
/// # Errors
/// If `output` is no folder and has another name.
pub fn output(output: &Path, name: &DeliveryName) -> Result<PathBuf> {
    let file = name.to_string();
    if output.is_dir() {
        return Ok(output.join(file));
    }
    ensure!(
        output.file_name().is_some_and(|given| given.to_str() == Some(&file)),
        "the output {} is neither a folder nor named {file}: give that name or a folder, or correct the values \
         of the name",
        output.display()
    );
    Ok(output.to_path_buf())
}

/// Whether a name would be accepted.
pub fn verdict(reading: &Reading) -> Verdict {
    Verdict::from(reading.grade())
}

/// One line a part, and one with the corrected name or the first fault.
pub fn text(name: &str, reading: &Reading) -> String {
    let parts = parts_of(reading);
    written(name, &parts, reading.corrected().map(|name| name.to_string()))
}

/// The same for the name of an edit session's zip.
pub fn session_text(name: &str, reading: &ZipReading) -> String {
    written(name, &zip_parts(reading), reading.corrected())
}

/// Whether the name of an edit session's zip would be accepted.
pub fn session_verdict(reading: &ZipReading) -> Verdict {
    Verdict::from(reading.grade())
}

/// A part of a name as it is told.
struct Told<'a> {
    part: String,
    text: &'a str,
    remark: Option<&'a Remark>,
    meaning: Option<String>,
}

impl Told<'_> {
    fn grade(&self) -> Grade {
        self.remark.map_or(Grade::Strict, |remark| remark.grade)
    }
}

fn parts_of(reading: &Reading) -> Vec<Told<'_>> {
    let tokens = reading.tokens.iter();
    tokens
        .map(|token| Told {
            part: token.part.to_string(),
            text: &token.text,
            remark: token.remark.as_ref(),
            meaning: meaning(token, reading),
        })
        .collect()
}

fn zip_parts(reading: &ZipReading) -> Vec<Told<'_>> {
    let tokens = reading.tokens.iter();
    tokens
        .map(|token| Told {
            part: token.part.to_string(),
            text: &token.text,
            remark: token.remark.as_ref(),
            meaning: match token.part {
                "language" => {
                    reading.values.language.as_ref().and_then(Language::english_name).map(str::to_owned)
                }
                "frame rate" => reading.values.frame_rate.map(|rate| format!("{rate} frames a second")),
                _ => None,
            },
        })
        .collect()
}

fn written(name: &str, parts: &[Told], corrected: Option<String>) -> String {
    let mut lines = vec![name.to_owned()];
    for told in parts {
        let text = if told.text.is_empty() { "missing" } else { told.text };
        let meaning = told.meaning.as_ref().map_or(String::new(), |meaning| format!(" ({meaning})"));
        lines.push(format!("  {:<10}  {:<10}  {text}{meaning}", Verdict::from(told.grade()), told.part));
        if let Some(remark) = told.remark {
            let wrong = if told.text.is_empty() { String::new() } else { format!("{}: ", remark.wrong) };
            lines.push(format!("                          {wrong}{}", remark.remedy));
        }
    }
    let worst = parts.iter().map(Told::grade).max().unwrap_or(Grade::Unreadable);
    let fault = parts.iter().find(|told| told.grade() == Grade::Unreadable);
    lines.push(match (worst, corrected, fault) {
        (Grade::Strict, ..) => "  PASS".to_owned(),
        (Grade::Lenient, Some(corrected), _) => format!("  PASS with warnings: write {corrected}"),
        (Grade::Lenient, None, _) => "  PASS with warnings: see what to write above".to_owned(),
        (Grade::Unreadable, _, Some(Told { part, text, remark: Some(remark), .. })) => {
            let text = if text.is_empty() { String::new() } else { format!(" {text:?}") };
            format!("  FAIL: the {part}{text} {}: {}", remark.wrong, remark.remedy)
        }
        (Grade::Unreadable, ..) => "  FAIL".to_owned(),
    });
    lines.join("\n")
}

/// What a token stands for, if that is not plain to see.
fn meaning(token: &Token, reading: &Reading) -> Option<String> {
    match token.part {
        Part::FrameRate => reading.values.frame_rate.map(|rate| format!("{rate} frames a second")),
        Part::Language => reading.values.language.as_ref()?.english_name().map(str::to_owned),
        _ => None,
    }
}

/// One JSON object on one line: `schema` (1), `name`, `verdict`, where there is one `corrected`, and
/// `parts`, each with `part`, `text`, `verdict` and, where something is wrong, `wrong` and `remedy`.
pub fn json(name: &str, reading: &Reading) -> String {
    serialised(name, &parts_of(reading), reading.corrected().map(|name| name.to_string()))
}

/// The same for the name of an edit session's zip.
pub fn session_json(name: &str, reading: &ZipReading) -> String {
    serialised(name, &zip_parts(reading), reading.corrected())
}

fn serialised(name: &str, parts: &[Told], corrected: Option<String>) -> String {
    let worst = parts.iter().map(Told::grade).max().unwrap_or(Grade::Unreadable);
    let parts = parts.iter().map(|told| JsonPart {
        part: told.part.clone(),
        text: told.text,
        verdict: Verdict::from(told.grade()).to_string(),
        wrong: told.remark.map(|remark| remark.wrong.as_str()),
        remedy: told.remark.map(|remark| remark.remedy.to_string()),
    });
    let report = JsonName {
        schema: 1,
        name,
        verdict: Verdict::from(worst).to_string(),
        corrected: corrected.filter(|_| worst == Grade::Lenient),
        parts: parts.collect(),
    };
    // Strings and numbers alone: nothing in it can fail to be written.
    serde_json::to_string(&report).unwrap_or_default()
}

#[derive(Serialize)]
struct JsonName<'a> {
    schema: u32,
    name: &'a str,
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected: Option<String>,
    parts: Vec<JsonPart<'a>>,
}

#[derive(Serialize)]
struct JsonPart<'a> {
    part: String,
    text: &'a str,
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}
