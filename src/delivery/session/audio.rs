//! The audio files of a delivery: which files are audio, and the headers of those that are WAV.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::delivery::{Delivery, DeliveryError, Entry, extension};
use crate::delivery::wav::{WavFacts, WavReader};

/// Bytes that are read of the headers of all WAVs of a delivery. Real ones take some kilobytes each.
const LARGEST_HEADERS: u64 = 1 << 30;

/// What a file's name says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// WAV.
    Wav,
    /// Audio in another container.
    OtherAudio,
    /// Moving pictures.
    Video,
    /// A session of Pro Tools.
    ProTools,
    /// Anything else.
    Other,
}

/// What a file of the delivery is, by the ending of its name.
pub fn content(entry: &Entry) -> Content {
    of_name(entry.name())
}

/// What a file is, by the ending of its name.
pub fn of_name(name: &str) -> Content {
    match extension(name).as_str() {
        "wav" | "wave" | "bwf" => Content::Wav,
        "aif" | "aiff" | "aifc" | "sd2" | "mp3" | "m4a" | "aac" | "flac" | "ogg" | "w64" | "caf" | "wma" => {
            Content::OtherAudio
        }
        "mov" | "mp4" | "m4v" | "mxf" | "avi" | "mkv" | "mpg" | "mpeg" | "wmv" => Content::Video,
        "ptx" | "ptf" | "ptxt" => Content::ProTools,
        _ => Content::Other,
    }
}

/// One WAV of the delivery.
#[derive(Clone, Debug)]
pub struct Audio {
    /// Where it is in the delivery.
    pub path: String,
    /// Its header, or why it has none: "is an AIFF file, not a WAV file".
    pub facts: Result<WavFacts, String>,
}

/// A file of which no more is read than is left to read of all files.
struct Metered<'a, R> {
    source: R,
    left: &'a Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(out)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.unwrap_or(0));
        match left {
            Some(_) => Ok(read),
            None => Err(io::Error::other("the headers of the WAVs take more than 1 GiB")),
        }
    }
}

impl<R: Seek> Seek for Metered<'_, R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

/// Reads the headers of all WAVs, in place.
///
/// # Errors
/// If the delivery itself cannot be read.
pub fn headers(delivery: &mut Delivery) -> Result<Vec<Audio>, DeliveryError> {
    let wavs: Vec<Entry> =
        delivery.entries.iter().filter(|entry| content(entry) == Content::Wav).cloned().collect();
    let mut found = Vec::with_capacity(wavs.len());
    let left = Cell::new(LARGEST_HEADERS);
    for entry in wavs {
        let source = Metered { source: delivery.wav_source(&entry)?, left: &left };
        let facts = WavReader::new(source, Path::new(&entry.path))
            .map(|reader| reader.facts().clone())
            .map_err(|fault| fault.to_string());
        found.push(Audio { path: entry.path, facts });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::TempDir;
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;
    use crate::delivery::wav::SampleFormat;

    #[test]
    fn what_is_read_of_all_headers_is_limited_together() {
        let left = Cell::new(100);
        let read = |length: usize| {
            let mut source = Metered { source: io::Cursor::new(vec![0; length]), left: &left };
            source.read_to_end(&mut Vec::new()).is_ok()
        };
        assert!(read(60) && read(40));
        assert!(!read(1));
    }

    #[test]
    fn headers_are_read_in_a_folder_and_in_both_kinds_of_zip() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("a.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        (0..500_000).for_each(|sample| writer.write_sample(sample % 100).unwrap());
        writer.finalize().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(folder.path().join("b.wav"), b"no audio").unwrap();
        let check = |path: &Path| {
            let found = headers(&mut Delivery::open(path).unwrap()).unwrap();
            assert_eq!(found.len(), 2);
            let facts = found[0].facts.as_ref().unwrap();
            assert_eq!((facts.frames, facts.sample_rate, facts.channels), (500_000, 48_000, 1));
            assert_eq!((facts.sample_format, &facts.problems), (SampleFormat::Int24, &vec![]));
            assert!(found[1].facts.is_err());
        };
        check(folder.path());
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let zip = TempDir::new().unwrap();
            let path = zip.path().join("s.zip");
            let mut writer = ZipWriter::new(std::fs::File::create(&path).unwrap());
            for (name, bytes) in [("a.wav", bytes.as_slice()), ("b.wav", b"no audio")] {
                writer.start_file(name, SimpleFileOptions::default().compression_method(method)).unwrap();
                writer.write_all(bytes).unwrap();
            }
            writer.finish().unwrap();
            check(&path);
        }
    }
}
