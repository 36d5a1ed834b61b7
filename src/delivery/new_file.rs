//! A new file that appears whole or not at all, and replaces nothing unasked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

/// Why a file cannot be written. Each message is complete.
#[derive(Debug, Error)]
pub enum NewFileError {
    /// The directory of the target does not exist.
    #[error("cannot write {path}: there is no directory {directory}; create it first")]
    NoDirectory {
        /// The target.
        path: PathBuf,
        /// The missing directory.
        directory: PathBuf,
    },
    /// The target is a directory, a device, or no name at all.
    #[error("cannot write {path}: this is not the name of a regular file; give one")]
    NotAFile {
        /// The target.
        path: PathBuf,
    },
    /// The target exists and may not be overwritten.
    #[error("{path} already exists; choose another name, or say --overwrite to replace it")]
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// The system failed to store the file.
    #[error("cannot write {path}: {cause}; check the free space and the permissions")]
    Write {
        /// The target.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

/// A file being written under a hidden name beside its target. It takes the name of the target only in
/// [`publish`](Self::publish) and is removed if it is dropped before.
#[derive(Debug)]
pub struct NewFile {
    target: PathBuf,
    temporary: PathBuf,
    overwrite: bool,
}

impl NewFile {
    /// Begins a file which [`publish`](Self::publish) will name `target`. With `overwrite`, it then replaces
    /// a file of that name, or a symbolic link itself rather than the file behind it.
    ///
    /// # Errors
    ///
    /// A target that cannot be written, or may not be.
    pub fn create(target: &Path, overwrite: bool) -> Result<(Self, File), NewFileError> {
        // To rename a file onto a device would replace the device.
        let special = target.metadata().is_ok_and(|existing| !existing.is_file());
        if target.file_name().is_none() || special {
            return Err(NewFileError::NotAFile { path: target.to_owned() });
        }
        let directory = directory_of(target);
        if !directory.is_dir() {
            return Err(NewFileError::NoDirectory {
                path: target.to_owned(),
                directory: directory.to_owned(),
            });
        }
        // Asked again in `publish`, where it counts; here it saves the work.
        if !overwrite && target.symlink_metadata().is_ok() {
            return Err(NewFileError::Exists { path: target.to_owned() });
        }
        let (temporary, file) = create_temporary(directory)
            .map_err(|cause| NewFileError::Write { path: target.to_owned(), cause })?;
        Ok((Self { target: target.to_owned(), temporary, overwrite }, file))
    }

    /// Writes a whole file at once.
    ///
    /// # Errors
    ///
    /// Like [`create`](Self::create) and [`publish`](Self::publish).
    pub fn write(target: &Path, overwrite: bool, content: &[u8]) -> Result<(), NewFileError> {
        let (new, mut file) = Self::create(target, overwrite)?;
        io::Write::write_all(&mut file, content).map_err(|cause| new.error(cause))?;
        new.publish(&file)
    }

    /// The target.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// What the system said, as an error about this file.
    pub fn error(&self, cause: io::Error) -> NewFileError {
        NewFileError::Write { path: self.target.clone(), cause }
    }

    /// Brings the file to the disk, and gives it the name of the target.
    ///
    /// The target appears complete or not at all. Without `overwrite` an existing file is never
    /// replaced, even if it came into being meanwhile: the name is given by a hard link, which
    /// the system refuses where the name exists; on file systems without hard links (exFAT), an
    /// empty file first claims the name.
    ///
    /// # Errors
    ///
    /// [`NewFileError::Exists`] as said, [`NewFileError::Write`] from the system.
    pub fn publish(self, file: &File) -> Result<(), NewFileError> {
        file.sync_all().and_then(|()| self.name()).map_err(|cause| {
            if !self.overwrite && cause.kind() == ErrorKind::AlreadyExists {
                NewFileError::Exists { path: self.target.clone() }
            } else {
                self.error(cause)
            }
        })
    }

    fn name(&self) -> io::Result<()> {
        if self.overwrite {
            fs::rename(&self.temporary, &self.target)?;
        } else {
            match fs::hard_link(&self.temporary, &self.target) {
                Ok(()) => {} // Dropping removes the temporary name.
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => return Err(cause),
                Err(_) => claim_and_rename(&self.temporary, &self.target)?,
            }
        }
        // Makes the new name survive a power cut. The file is safe by now, and some network file
        // systems cannot do this, so a failure is none.
        let _ = File::open(directory_of(&self.target)).and_then(|directory| directory.sync_all());
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Fails after a rename, when there is nothing left to remove, and otherwise leaves
        // nothing that could be done about it.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Renames `from` to `to` unless `to` exists, on file systems without hard links.
fn claim_and_rename(from: &Path, to: &Path) -> io::Result<()> {
    File::create_new(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

/// The directory of a file, `.` for a bare name.
fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

/// Creates a hidden file of a new name, with the permissions which any new file gets.
fn create_temporary(directory: &Path) -> io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".premix-{}-{count}.tmp", process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            // Left over from a killed process which had our id.
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(cause),
            Ok(file) => return Ok((path, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(directory: &Path) -> Vec<std::ffi::OsString> {
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_whole_file_is_written_or_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("out.txt");
        NewFile::write(&path, false, b"first").unwrap();
        let error = NewFile::write(&path, false, b"second").unwrap_err();
        assert!(matches!(error, NewFileError::Exists { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"first");
        NewFile::write(&path, true, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        drop(NewFile::create(&path, true).unwrap());
        assert_eq!(names_in(scratch.path()), ["out.txt"]);
    }

    #[test]
    fn without_hard_links_a_target_is_claimed_before_the_rename() {
        let scratch = tempfile::tempdir().unwrap();
        let (from, to) = (scratch.path().join("from"), scratch.path().join("to"));
        fs::write(&from, "first").unwrap();
        claim_and_rename(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"first");
        fs::write(&from, "second").unwrap();
        let error = claim_and_rename(&from, &to).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"first");
        // A failed rename gives the claimed name back.
        fs::remove_file(&from).unwrap();
        fs::remove_file(&to).unwrap();
        assert!(claim_and_rename(&from, &to).is_err());
        assert_eq!(names_in(scratch.path()), [""; 0]);
    }
}
