//! Files and folders, with errors that name them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What lies in a folder.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.with_context(|| cannot("read", folder))
}

/// Creates a folder and those above it, as far as they are missing.
pub fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| cannot("create", folder))
}

/// Copies a file, or a folder and all in it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        fs::copy(from, to).with_context(|| cannot("write", to))?;
        return Ok(());
    }
    create(to)?;
    for entry in entries(from)? {
        copy(&entry, &to.join(entry.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// Gives a file or a folder another name on the same disk.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| cannot("create", to))
}

/// Removes a file, or a folder and all in it, if it is there.
pub fn remove(path: &Path) -> Result<()> {
    let removed = match path.symlink_metadata() {
        Err(_) => return Ok(()),
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    removed.with_context(|| cannot("remove", path))
}

/// The start of an error message, before the system's reason.
pub fn cannot(verb: &str, path: &Path) -> String {
    format!("cannot {verb} {}, see to its permissions and the disk space", path.display())
}
