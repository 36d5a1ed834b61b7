//! The report of one premix or edit session: a page to print and send, and the same for programs.
//!
//! Window, command line and report use the same words, because all take them from the findings.

mod json;
mod over_time;
mod page;
mod plot;
#[cfg(feature = "cli")]
mod session;

#[cfg(feature = "cli")]
pub use session::SessionRecord;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::compliance::{Finding, TimeLine};
use crate::delivery::comparison::{Comparison, WallaFit};
use crate::delivery::new_file::{NewFile, NewFileError};
use crate::delivery::wav::WavFacts;
use crate::engine::Settings;
use crate::engine::measurement::{Mix, Programme};

/// All that a report tells.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Name of the file, or the name that it is to have.
    pub name: &'a str,
    /// The verdicts, in the order of the rules.
    pub findings: &'a [Finding],
    /// What was measured of the sound.
    pub programme: &'a Programme,
    /// How places are written.
    pub time_line: TimeLine,
    /// What the bus made of its inputs, where there was one.
    pub mix: Option<&'a Mix>,
    /// What the bus was set to.
    pub settings: Option<Settings>,
    /// The finished file, where there is one.
    pub file: Option<FileRecord<'a>>,
    /// What changed since the version before, if that was given.
    pub comparison: Option<&'a Comparison>,
    /// The walla stem in the premix, if that was given.
    pub walla: Option<&'a WallaFit>,
    /// When it was judged.
    pub created: SystemTime,
}

/// A finished file.
#[derive(Clone, Copy, Debug)]
pub struct FileRecord<'a> {
    /// What it says of itself.
    pub facts: &'a WavFacts,
    /// Its size and its hash, if it was hashed.
    pub digest: Option<&'a FileDigest>,
}

/// By which a file is known again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDigest {
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of all its bytes, in hexadecimal.
    pub sha_256: String,
}

impl FileDigest {
    /// Reads a file to its end.
    ///
    /// # Errors
    /// What the system says.
    pub fn of(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        let mut block = vec![0; 1 << 16];
        loop {
            match file.read(&mut block)? {
                0 => break,
                read => {
                    hasher.update(&block[..read]);
                    bytes += read as u64;
                }
            }
        }
        let sha_256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { bytes, sha_256 })
    }
}

/// Where the page and the data of a report go: `<name without .wav or .zip>_report.html` and `.json`.
pub fn paths(folder: &Path, name: &str) -> [PathBuf; 2] {
    let stem = match name.rsplit_once('.') {
        Some((stem, extension))
            if ["wav", "zip"].iter().any(|known| extension.eq_ignore_ascii_case(known))
                && !stem.is_empty() =>
        {
            stem
        }
        _ => name,
    };
    ["html", "json"].map(|extension| folder.join(format!("{stem}_report.{extension}")))
}

/// The same, unless one of them is there and may not be replaced.
///
/// # Errors
/// [`NewFileError::Exists`] as said.
pub fn free_paths(folder: &Path, name: &str, overwrite: bool) -> Result<[PathBuf; 2], NewFileError> {
    let paths = paths(folder, name);
    match paths.iter().find(|path| !overwrite && path.exists()) {
        Some(path) => Err(NewFileError::Exists { path: path.clone() }),
        None => Ok(paths),
    }
}

impl Report<'_> {
    /// The page: one HTML document that needs nothing else.
    pub fn html(&self) -> String {
        page::render(self)
    }

    /// The same as JSON, as `docs/report-schema.md` describes it.
    pub fn json(&self) -> serde_json::Value {
        json::whole(self)
    }

    /// The same without the history: what `check --json` prints.
    pub fn summary_json(&self) -> serde_json::Value {
        json::summary(self)
    }

    /// Writes both into a folder, which is made if need be, and gives their paths.
    ///
    /// # Errors
    /// One sentence: files that are there and may not be replaced, or what the system says.
    pub fn write(&self, folder: &Path, overwrite: bool) -> Result<[PathBuf; 2], NewFileError> {
        write(folder, self.name, overwrite, &self.html(), &self.json())
    }
}

/// Writes a page and its data.
fn write(
    folder: &Path,
    name: &str,
    overwrite: bool,
    html: &str,
    json: &serde_json::Value,
) -> Result<[PathBuf; 2], NewFileError> {
    let [page, data] = free_paths(folder, name, overwrite)?;
    fs::create_dir_all(folder).map_err(|cause| NewFileError::Write { path: folder.to_owned(), cause })?;
    NewFile::write(&page, overwrite, html.as_bytes())?;
    NewFile::write(&data, overwrite, format!("{json:#}\n").as_bytes())?;
    Ok([page, data])
}
