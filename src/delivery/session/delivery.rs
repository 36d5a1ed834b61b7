//! The delivery as a zip or a folder: its listing, and its files read in place. Nothing is ever unpacked
//! to a named file.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use thiserror::Error;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

/// Most files and folders of a delivery. Real ones have some thousands.
pub const MOST_ENTRIES: usize = 100_000;
/// Bytes that the listing of a zip may take: names of some hundred letters for each entry.
pub const LARGEST_LISTING: u64 = 24 << 20;
/// Bytes of compressed session files that are unpacked to look into them, all together.
pub const LARGEST_UNPACKED: u64 = 1 << 30;
/// Unpacked bytes that are kept in memory before they go to an unnamed temporary file.
const IN_MEMORY: usize = 32 << 20;
/// Bytes at the start of a compressed WAV that its header must fit into.
const WAV_HEAD: u64 = 1 << 20;

/// Folders in which programs keep older versions of a session.
const BACKUPS: [&str; 3] = ["session file backups", "backups", "backup"];

/// Why a delivery cannot be looked at.
#[derive(Debug, Error)]
pub enum DeliveryError {
    /// The system does not let us open or list it.
    #[error("cannot open {path}: {cause}; check the path and the permissions")]
    Open {
        /// The zip, folder or file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is no zip, or not all of it.
    #[error("{path} is no whole zip archive ({fault}); zip the delivery again, or give its folder")]
    NotZip {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        fault: String,
    },
    /// More files than any delivery has.
    #[error(
        "{path} holds more than {MOST_ENTRIES} files: this is no delivery; give the session's folder or its zip"
    )]
    TooMany {
        /// The zip or folder.
        path: PathBuf,
    },
    /// An entry that would be written outside of where it is unpacked.
    #[error("{path} holds {entry:?}, which leads out of the archive; zip the session's folder again")]
    Outside {
        /// The zip.
        path: PathBuf,
        /// The entry, as written there.
        entry: String,
    },
    /// A listing or a path that is longer than any delivery's.
    #[error("{path} has names of many megabytes: this is no delivery; zip the session's folder again")]
    LongNames {
        /// The zip or folder.
        path: PathBuf,
    },
    /// A symbolic link.
    #[error("{path} holds the link {entry:?} where the file itself must be; copy the file in its place")]
    Link {
        /// The zip or folder.
        path: PathBuf,
        /// The link.
        entry: String,
    },
    /// A pipe, a device or the like.
    #[error("{path} holds {entry:?}, which is neither a file nor a folder; remove it")]
    Special {
        /// The folder.
        path: PathBuf,
        /// What is no file.
        entry: String,
    },
    /// A file within that cannot be read.
    #[error("cannot read {entry:?} in {path}: {fault}; make the delivery again")]
    Entry {
        /// The zip or folder.
        path: PathBuf,
        /// The file within.
        entry: String,
        /// What is wrong.
        fault: String,
    },
    /// Compressed session files beyond [`LARGEST_UNPACKED`].
    #[error("{entry:?} in {path} is too large to be looked at in a zip; unzip it and give the folder")]
    TooLarge {
        /// The zip.
        path: PathBuf,
        /// The file within.
        entry: String,
    },
}

/// A file of the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path within the delivery: separated by `/`, its Unicode composed.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// Where it is in the container.
    index: usize,
}

impl Entry {
    /// The file name, without its folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it lies where programs keep older versions of a session.
    pub fn is_backup(&self) -> bool {
        let folders = self.path.rsplit_once('/').map_or("", |(folders, _)| folders).to_lowercase();
        folders.split('/').any(|folder| BACKUPS.contains(&folder))
    }

    /// The file name's ending in lower case, without the dot; empty if it has none.
    pub fn extension(&self) -> String {
        extension(self.name())
    }
}

/// A file name's ending in lower case, without the dot; empty if it has none.
pub fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
}

/// A file name without its ending, in lower case.
pub fn stem(name: &str) -> String {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_lowercase()
}

/// A delivery that was opened and listed.
#[derive(Debug)]
pub struct Delivery {
    path: PathBuf,
    container: Container,
    /// Its files in alphabetical order, without folders and without what computers add by themselves.
    pub entries: Vec<Entry>,
    /// Files that computers add by themselves: `__MACOSX`, `.DS_Store`, `Thumbs.db`.
    pub clutter: usize,
    /// Files whose names have backslashes for folders, as some Windows programs write them.
    pub backslashed: usize,
    /// Files whose names are in decomposed Unicode, as macOS writes them.
    pub decomposed: usize,
    /// Bytes that may still be unpacked.
    unpackable: u64,
}

#[derive(Debug)]
enum Container {
    /// The files in the order of their indices.
    Folder(Vec<PathBuf>),
    Zip(Box<ZipArchive<File>>),
}

/// Something to read from any place of.
pub trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

impl Delivery {
    /// Opens a zip or a folder and lists it.
    ///
    /// # Errors
    /// See [`DeliveryError`]. A listing beyond [`MOST_ENTRIES`] is refused before it takes memory.
    pub fn open(path: &Path) -> Result<Self, DeliveryError> {
        let open = |cause| DeliveryError::Open { path: path.to_owned(), cause };
        let metadata = fs::metadata(path).map_err(open)?;
        let empty = |container| Self {
            path: path.to_owned(),
            container,
            entries: Vec::new(),
            clutter: 0,
            backslashed: 0,
            decomposed: 0,
            unpackable: LARGEST_UNPACKED,
        };
        let mut delivery = if metadata.is_dir() {
            let mut delivery = empty(Container::Folder(Vec::new()));
            delivery.list_folder()?;
            delivery
        } else if metadata.is_file() {
            let mut file = File::open(path).map_err(open)?;
            let stated = stated_listing(&mut file).map_err(open)?;
            if stated.is_some_and(|stated| stated.entries > MOST_ENTRIES as u64) {
                return Err(DeliveryError::TooMany { path: path.to_owned() });
            }
            if stated.is_some_and(|stated| stated.listing > LARGEST_LISTING) {
                return Err(DeliveryError::LongNames { path: path.to_owned() });
            }
            let not_zip = |fault: zip::result::ZipError| DeliveryError::NotZip {
                path: path.to_owned(),
                fault: fault.to_string(),
            };
            let mut delivery = empty(Container::Zip(Box::new(ZipArchive::new(file).map_err(not_zip)?)));
            delivery.list_zip()?;
            delivery
        } else {
            let cause = io::Error::other("it is neither a file nor a folder");
            return Err(open(cause));
        };
        delivery.entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(delivery)
    }

    /// The name of the zip or folder itself.
    pub fn name(&self) -> String {
        // A folder given as `.` has its name only in the full path.
        let full = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let name = self.path.file_name().or(full.file_name());
        name.map(|name| name.to_string_lossy().nfc().collect()).unwrap_or_default()
    }

    /// Whether it is zipped.
    pub fn zipped(&self) -> bool {
        matches!(self.container, Container::Zip(_))
    }

    fn list_folder(&mut self) -> Result<(), DeliveryError> {
        let root = self.path.clone();
        let mut folders = vec![root.clone()];
        let mut files = Vec::new();
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            let open = |cause| DeliveryError::Open { path: folder.clone(), cause };
            for item in fs::read_dir(&folder).map_err(open)? {
                let item = item.map_err(open)?;
                let (kind, path) = (item.file_type().map_err(open)?, item.path());
                seen += 1;
                if seen > MOST_ENTRIES {
                    return Err(DeliveryError::TooMany { path: root });
                }
                let within = path.strip_prefix(&root).unwrap_or(&path);
                let name = within.components().map(|part| part.as_os_str().to_string_lossy());
                let name = name.collect::<Vec<_>>().join("/");
                if kind.is_symlink() {
                    return Err(DeliveryError::Link { path: root, entry: name });
                } else if kind.is_dir() {
                    folders.push(path);
                } else if !kind.is_file() {
                    // To open a pipe would be to wait for ever.
                    return Err(DeliveryError::Special { path: root, entry: name });
                } else {
                    let size = item.metadata().map_err(open)?.len();
                    self.add(&name, size, files.len());
                    files.push(path);
                }
            }
        }
        self.container = Container::Folder(files);
        Ok(())
    }

    fn list_zip(&mut self) -> Result<(), DeliveryError> {
        let Container::Zip(archive) = &self.container else { return Ok(()) };
        if archive.len() > MOST_ENTRIES {
            return Err(DeliveryError::TooMany { path: self.path.clone() });
        }
        let mut found = Vec::with_capacity(archive.len());
        for index in 0..archive.len() {
            let damaged = |fault: zip::result::ZipError| DeliveryError::NotZip {
                path: self.path.clone(),
                fault: fault.to_string(),
            };
            let file = archive.by_index_data(index).map_err(damaged)?;
            // Many programs write UTF-8 without saying so.
            let name = match std::str::from_utf8(file.name_raw()) {
                Ok(name) => name.to_string(),
                Err(_) => file.name().map_err(damaged)?.into_owned(),
            };
            if file.is_symlink() {
                return Err(DeliveryError::Link { path: self.path.clone(), entry: name });
            }
            let slashed = name.replace('\\', "/");
            let drive = slashed.as_bytes().get(1) == Some(&b':');
            if slashed.starts_with('/')
                || drive
                || slashed.contains('\0')
                || slashed.split('/').any(|part| part == "..")
            {
                return Err(DeliveryError::Outside { path: self.path.clone(), entry: name });
            }
            if !slashed.ends_with('/') {
                found.push((name.contains('\\'), slashed, file.size(), index));
            }
        }
        for (backslashed, name, size, index) in found {
            self.backslashed += usize::from(backslashed);
            self.add(&name, size, index);
        }
        Ok(())
    }

    fn add(&mut self, path: &str, size: u64, index: usize) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let clutter = ["__MACOSX", "@eaDir"].iter().any(|folder| path.split('/').any(|part| part == *folder))
            || name.starts_with("._")
            || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&name);
        if clutter {
            self.clutter += 1;
            return;
        }
        self.decomposed += usize::from(!is_nfc(path));
        self.entries.push(Entry { path: path.nfc().collect(), size, index });
    }

    fn fault(&self, entry: &Entry, fault: impl ToString) -> DeliveryError {
        DeliveryError::Entry { path: self.path.clone(), entry: entry.path.clone(), fault: fault.to_string() }
    }

    /// The first bytes of a file, at most `most`.
    ///
    /// # Errors
    /// [`DeliveryError::Entry`] if it cannot be read.
    pub fn head(&mut self, entry: &Entry, most: u64) -> Result<Vec<u8>, DeliveryError> {
        let mut bytes = Vec::new();
        let read = match &mut self.container {
            Container::Folder(files) => {
                File::open(&files[entry.index]).and_then(|file| file.take(most).read_to_end(&mut bytes))
            }
            zip => unzip(zip, entry).and_then(|file| file.take(most).read_to_end(&mut bytes)),
        };
        read.map_err(|cause| self.fault(entry, cause))?;
        Ok(bytes)
    }

    /// A file to be read at any place. What is compressed is unpacked to memory, or to an unnamed temporary
    /// file when it is large.
    ///
    /// # Errors
    /// [`DeliveryError::Entry`] if it cannot be read, [`DeliveryError::TooLarge`] if it and those before it are
    /// larger than [`LARGEST_UNPACKED`].
    pub fn source(&mut self, entry: &Entry) -> Result<Box<dyn Source + '_>, DeliveryError> {
        let path = self.path.clone();
        let fault =
            |fault: String| DeliveryError::Entry { path: path.clone(), entry: entry.path.clone(), fault };
        match &mut self.container {
            Container::Folder(files) => {
                let file = File::open(&files[entry.index]).map_err(|cause| fault(cause.to_string()))?;
                Ok(Box::new(io::BufReader::new(file)))
            }
            Container::Zip(archive) => {
                let stored = archive
                    .by_index_data(entry.index)
                    .is_ok_and(|file| file.compression() == CompressionMethod::Stored && !file.encrypted());
                if stored {
                    let file =
                        archive.by_index_seek(entry.index).map_err(|cause| fault(cause.to_string()))?;
                    return Ok(Box::new(io::BufReader::new(file)));
                }
                let mut unpacked = tempfile::SpooledTempFile::new(IN_MEMORY);
                let copied = archive
                    .by_index(entry.index)
                    .map_err(io::Error::from)
                    .and_then(|file| io::copy(&mut file.take(self.unpackable + 1), &mut unpacked))
                    .map_err(|cause| fault(cause.to_string()))?;
                let Some(left) = self.unpackable.checked_sub(copied) else {
                    return Err(DeliveryError::TooLarge { path, entry: entry.path.clone() });
                };
                self.unpackable = left;
                unpacked.rewind().map_err(|cause| fault(cause.to_string()))?;
                Ok(Box::new(unpacked))
            }
        }
    }

    /// A WAV for reading its header: at any place if it is not compressed, else what is read of its first
    /// megabyte, with silence after that.
    ///
    /// # Errors
    /// [`DeliveryError::Entry`] if it cannot be read.
    pub fn wav_source(&mut self, entry: &Entry) -> Result<Box<dyn Source + '_>, DeliveryError> {
        let compressed = match &self.container {
            Container::Folder(_) => false,
            Container::Zip(archive) => archive
                .by_index_data(entry.index)
                .is_ok_and(|file| file.compression() != CompressionMethod::Stored),
        };
        if !compressed {
            return self.source(entry);
        }
        let path = self.path.clone();
        let file = unzip(&mut self.container, entry).map_err(|cause| DeliveryError::Entry {
            path,
            entry: entry.path.clone(),
            fault: cause.to_string(),
        })?;
        Ok(Box::new(Head { file, head: Vec::new(), position: 0, length: entry.size }))
    }
}

/// A file of a zip, unpacked while it is read.
fn unzip<'a>(container: &'a mut Container, entry: &Entry) -> io::Result<ZipFile<'a, File>> {
    match container {
        Container::Zip(archive) => archive.by_index(entry.index).map_err(io::Error::from),
        Container::Folder(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// The beginning of a file of a given length, unpacked as far as it is read; behind its first megabyte are
/// zeros.
struct Head<R> {
    file: R,
    /// What was unpacked.
    head: Vec<u8>,
    position: u64,
    length: u64,
}

impl<R: Read> Read for Head<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let out_length = out.len().min(left);
        let out = &mut out[..out_length];
        let wanted = self.position.saturating_add(out.len() as u64).min(WAV_HEAD);
        if self.position < WAV_HEAD
            && let Some(missing) = wanted.checked_sub(self.head.len() as u64)
        {
            self.file.by_ref().take(missing).read_to_end(&mut self.head)?;
        }
        let known =
            usize::try_from(self.position).ok().and_then(|at| self.head.get(at..)).unwrap_or_default();
        let copied = known.len().min(out.len());
        out[..copied].copy_from_slice(&known[..copied]);
        out[copied..].fill(0);
        self.position += out.len() as u64;
        Ok(out.len())
    }
}

impl<R> Seek for Head<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(step) => self.length.checked_add_signed(step),
            SeekFrom::Current(step) => self.position.checked_add_signed(step),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// What the end of a zip says of its listing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stated {
    /// How many entries it has.
    pub entries: u64,
    /// How many bytes it takes: from where it starts to the zip's end.
    pub listing: u64,
}

/// What a zip's end says of its listing, so that one that would take gigabytes is never begun. `None` if the end
/// is not found: then the archive is refused for that.
pub(super) fn stated_listing(file: &mut (impl Read + Seek)) -> io::Result<Option<Stated>> {
    const END: usize = 22;
    const LOCATOR: usize = 20;
    let length = file.seek(SeekFrom::End(0))?;
    // The end record, its longest comment, and the locator of the 64-bit record before it.
    let tail = length.min((END + LOCATOR + usize::from(u16::MAX)) as u64);
    file.seek(SeekFrom::Start(length - tail))?;
    let mut bytes = Vec::new();
    Read::take(&mut *file, tail).read_to_end(&mut bytes)?;
    let Some(end) = bytes.windows(4).rposition(|four| four == b"PK\x05\x06") else { return Ok(None) };
    let Some(record) = bytes.get(end..end + END) else { return Ok(None) };
    let entries = u64::from(u16::from_le_bytes([record[10], record[11]]));
    let start = u32::from_le_bytes([record[16], record[17], record[18], record[19]]);
    let listing = |start: u64| length.saturating_sub(start);
    let short = Stated { entries, listing: listing(start.into()) };
    let locator = end.checked_sub(LOCATOR).filter(|&at| bytes[at..].starts_with(b"PK\x06\x07"));
    let Some(locator) = locator else { return Ok(Some(short)) };
    let at = u64::from_le_bytes(bytes[locator + 8..locator + 16].try_into().unwrap_or_default());
    let mut record = [0; 56];
    if at.checked_add(56).is_none_or(|end| end > length) {
        return Ok(Some(short));
    }
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut record)?;
    if !record.starts_with(b"PK\x06\x06") {
        return Ok(Some(short));
    }
    let [entries, start] =
        [32, 48].map(|at| u64::from_le_bytes(record[at..at + 8].try_into().unwrap_or_default()));
    Ok(Some(Stated { entries: entries.max(short.entries), listing: listing(start).max(short.listing) }))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::TempDir;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip(files: &[(&str, &[u8])], method: CompressionMethod) -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        (folder, path)
    }

    fn paths(delivery: &Delivery) -> Vec<&str> {
        delivery.entries.iter().map(|entry| entry.path.as_str()).collect()
    }

    #[test]
    fn clutter_backslashes_and_decomposed_names_are_seen_through() {
        let files: [(&str, &[u8]); 5] = [
            ("s/Audio Files/e\u{301}.wav", b"x"),
            ("s\\sub\\b.wav", b"y"),
            ("__MACOSX/s/._b.wav", b""),
            ("s/.DS_Store", b""),
            ("s/Thumbs.db", b""),
        ];
        let (_folder, path) = zip(&files, CompressionMethod::Deflated);
        let delivery = Delivery::open(&path).unwrap();
        assert_eq!(paths(&delivery), ["s/Audio Files/\u{e9}.wav", "s/sub/b.wav"]);
        assert_eq!((delivery.clutter, delivery.backslashed, delivery.decomposed), (3, 1, 1));
        assert!(delivery.zipped());
        assert_eq!(delivery.name(), "a.zip");
    }

    #[test]
    fn files_are_read_in_place_stored_or_deflated_or_in_a_folder() {
        let content: Vec<u8> = (0..100_000u32).map(|i| (i % 251) as u8).collect();
        let check = |path: &Path| {
            let mut delivery = Delivery::open(path).unwrap();
            let entry = delivery.entries[0].clone();
            assert_eq!(delivery.head(&entry, 10).unwrap(), content[..10]);
            let mut source = delivery.source(&entry).unwrap();
            source.seek(SeekFrom::Start(90_000)).unwrap();
            let mut rest = Vec::new();
            source.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, content[90_000..]);
        };
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let (_folder, path) = zip(&[("a/b.bin", &content)], method);
            check(&path);
        }
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(folder.path().join("deep/b.bin"), &content).unwrap();
        check(folder.path());
    }

    #[test]
    fn what_leads_outside_is_refused() {
        for name in ["../x", "a/../../x", "/etc/x", "C:\\x", "a\\..\\..\\x"] {
            let (_folder, path) = zip(&[(name, b"x")], CompressionMethod::Stored);
            let error = Delivery::open(&path).unwrap_err();
            assert!(matches!(error, DeliveryError::Outside { .. }), "{name}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused_and_not_followed() {
        let folder = TempDir::new().unwrap();
        std::os::unix::fs::symlink("/", folder.path().join("all")).unwrap();
        assert!(matches!(Delivery::open(folder.path()), Err(DeliveryError::Link { .. })));

        let path = folder.path().join("a.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap();
        assert!(matches!(Delivery::open(&path), Err(DeliveryError::Link { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = TempDir::new().unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.path().join("a.wav")).status();
        assert!(made.is_ok_and(|status| status.success()));
        assert!(matches!(Delivery::open(folder.path()), Err(DeliveryError::Special { .. })));
    }

    #[test]
    fn what_is_unpacked_is_limited_for_all_files_together() {
        let megabyte = vec![0; 1 << 20];
        let (_folder, path) = zip(&[("a.rpp", &megabyte), ("b.rpp", &megabyte)], CompressionMethod::Deflated);
        let mut delivery = Delivery::open(&path).unwrap();
        delivery.unpackable = (1 << 20) + 1000;
        let [first, second] = delivery.entries.clone().try_into().unwrap();
        assert!(delivery.source(&first).is_ok());
        assert!(matches!(delivery.source(&second), Err(DeliveryError::TooLarge { .. })));
    }

    #[test]
    fn no_more_of_a_compressed_wav_is_unpacked_than_is_read() {
        struct Counting(u64);
        impl Read for Counting {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                out.fill(7);
                self.0 += out.len() as u64;
                Ok(out.len())
            }
        }
        let length = 3 * WAV_HEAD;
        let mut head = Head { file: Counting(0), head: Vec::new(), position: 0, length };
        let mut bytes = [0; 100];
        head.read_exact(&mut bytes).unwrap();
        assert_eq!((bytes, head.file.0), ([7; 100], 100));
        head.seek(SeekFrom::End(-50)).unwrap();
        assert_eq!(
            (head.read(&mut bytes).unwrap(), bytes[..50].to_vec(), head.file.0),
            (50, vec![0; 50], 100)
        );
        head.seek(SeekFrom::Start(WAV_HEAD - 10)).unwrap();
        head.read_exact(&mut bytes).unwrap();
        assert_eq!((bytes[..10].to_vec(), bytes[10..].to_vec()), (vec![7; 10], vec![0; 90]));
        assert_eq!(head.file.0, WAV_HEAD);
        head.seek(SeekFrom::Start(10)).unwrap();
        head.seek(SeekFrom::Current(5)).unwrap();
        head.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, [7; 100]);
        assert!(head.seek(SeekFrom::End(-(length as i64) - 1)).is_err());
    }

    /// A zip's end alone, claiming a number of entries.
    fn end_claiming(entries: u64) -> Vec<u8> {
        let mut bytes = b"PK\x06\x06".to_vec();
        bytes.extend(44u64.to_le_bytes());
        bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for value in [entries, entries, 0, 0] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(0u64.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
        bytes
    }

    #[test]
    fn a_million_entries_are_refused_before_they_are_listed() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.zip");
        fs::write(&path, end_claiming(1_000_000)).unwrap();
        assert!(matches!(Delivery::open(&path), Err(DeliveryError::TooMany { .. })));
        // The same end with no entries is an empty archive, so that it was the number that was refused.
        fs::write(&path, end_claiming(0)).unwrap();
        assert!(!matches!(Delivery::open(&path), Err(DeliveryError::TooMany { .. })));
    }

    #[test]
    fn a_listing_of_long_names_is_refused_before_it_is_read() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.zip");
        let end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0\0\0\0\x01\0\0\0\0\0\0";
        for (length, refused) in [(LARGEST_LISTING + 1, true), (1000, false)] {
            let mut file = File::create(&path).unwrap();
            file.set_len(length).unwrap();
            file.seek(SeekFrom::End(0)).unwrap();
            file.write_all(end).unwrap();
            let error = Delivery::open(&path).unwrap_err();
            assert_eq!(matches!(error, DeliveryError::LongNames { .. }), refused, "{error}");
        }
    }

    #[test]
    fn damaged_archives_are_errors() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.zip");
        for bytes in [&b""[..], b"PK", b"PK\x03\x04 and no end", b"something else entirely"] {
            fs::write(&path, bytes).unwrap();
            assert!(matches!(Delivery::open(&path), Err(DeliveryError::NotZip { .. })));
        }
        let (_folder, whole) = zip(&[("a.txt", &[7; 5000])], CompressionMethod::Deflated);
        let mut bytes = fs::read(whole).unwrap();
        // Within the compressed data: the listing is whole, the file is not.
        bytes[37..40].fill(0xFF);
        fs::write(&path, &bytes).unwrap();
        let mut delivery = Delivery::open(&path).unwrap();
        let entry = delivery.entries[0].clone();
        assert!(matches!(delivery.source(&entry), Err(DeliveryError::Entry { .. })));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let (_folder, path) = zip(&[("a.aaf", b"x")], CompressionMethod::Deflated);
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        writer.start_file("a.aaf", SimpleFileOptions::default().large_file(true)).unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..=(LARGEST_UNPACKED >> 20) {
            writer.write_all(&zeros).unwrap();
        }
        writer.finish().unwrap();
        let mut delivery = Delivery::open(&path).unwrap();
        let entry = delivery.entries[0].clone();
        assert!(matches!(delivery.source(&entry), Err(DeliveryError::TooLarge { .. })));
        assert_eq!(delivery.head(&entry, 100).unwrap(), [0; 100]);
    }
}
