//! Our own reader and writer of WAV files: RIFF, and RF64 (EBU Tech 3306) or BW64
//! (ITU-R BS.2088) beyond 4 GiB, with the `bext` chunk of Broadcast Wave (EBU Tech 3285) and `iXML`.
//!
//! We keep our own because a delivery check must see what general readers hide: the time
//! reference, and every disagreement between the container and the file which holds it.

mod bext;
mod ixml;
mod reader;
mod writer;

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::new_file::NewFileError;

pub use bext::{Bext, BextLoudness, utc_date_and_time};
pub use ixml::Ixml;
pub use reader::WavReader;
pub use writer::{BitDepth, WavSpec, WavWriter, quantise_24};

/// The format tag of linear PCM (`WAVE_FORMAT_PCM`).
const TAG_PCM: u16 = 1;
/// The format tag of IEEE floating point (`WAVE_FORMAT_IEEE_FLOAT`).
const TAG_FLOAT: u16 = 3;

/// The form of the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// RIFF, with 32-bit sizes.
    Riff,
    /// RF64, with 64-bit sizes (EBU Tech 3306).
    Rf64,
    /// BW64, with 64-bit sizes (ITU-R BS.2088).
    Bw64,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Container::Riff => "RIFF",
            Container::Rf64 => "RF64",
            Container::Bw64 => "BW64",
        })
    }
}

/// How a sample is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleFormat {
    /// 16-bit integer.
    Int16,
    /// 24-bit integer, in three bytes.
    Int24,
    /// 32-bit integer.
    Int32,
    /// 32-bit IEEE floating point.
    Float32,
    /// 64-bit IEEE floating point.
    Float64,
}

impl SampleFormat {
    /// The size of a sample in bits.
    pub const fn bits(self) -> u16 {
        match self {
            SampleFormat::Int16 => 16,
            SampleFormat::Int24 => 24,
            SampleFormat::Int32 | SampleFormat::Float32 => 32,
            SampleFormat::Float64 => 64,
        }
    }

    /// Whether samples are floating point.
    pub const fn is_float(self) -> bool {
        matches!(self, SampleFormat::Float32 | SampleFormat::Float64)
    }
}

impl fmt::Display for SampleFormat {
    /// "24-bit" or "32-bit float".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let float = if self.is_float() { " float" } else { "" };
        write!(f, "{}-bit{float}", self.bits())
    }
}

/// What the header of a WAV file says, and whether the file bears it out.
#[derive(Debug, Clone, PartialEq)]
pub struct WavFacts {
    /// The form of the container.
    pub container: Container,
    /// The format tag: 1 for PCM, 3 for IEEE float; for an extensible format, that of its
    /// sub-format.
    pub format_tag: u16,
    /// Whether the format is stored as `WAVE_FORMAT_EXTENSIBLE`.
    pub extensible: bool,
    /// How a sample is stored.
    pub sample_format: SampleFormat,
    /// Channels, at least 1.
    pub channels: u16,
    /// Samples per second and channel, at least 1 Hz.
    pub sample_rate: u32,
    /// Whole frames (one sample per channel) which the file really holds.
    pub frames: u64,
    /// The `bext` chunk, if there is one.
    pub bext: Option<Bext>,
    /// The `iXML` chunk, if there is one that can be read.
    pub ixml: Option<Ixml>,
    /// What is wrong with the container, though the audio could be read.
    pub problems: Vec<WavProblem>,
}

impl WavFacts {
    /// The time reference of `bext`, or else of `iXML`: samples between midnight and the first sample.
    pub fn time_reference(&self) -> Option<u64> {
        let ixml = self.ixml.as_ref();
        let stated = ixml.and_then(|ixml| ixml.time_reference.or(ixml.bext_time_reference));
        self.bext.as_ref().map(|bext| bext.time_reference).or(stated)
    }
}

/// A fault of the container which leaves the audio readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WavProblem {
    /// The size in the RIFF header is not that of the chunks.
    RiffSize {
        /// Bytes after the size field, as stated there.
        stated: u64,
        /// Bytes after the size field which the chunks take.
        actual: u64,
    },
    /// An RF64 or BW64 file without the `ds64` chunk which holds its sizes.
    MissingDs64,
    /// The size of the `data` chunk was never written; the rest of the file is taken as audio.
    UnfinishedData,
    /// The file ends before its `data` chunk does.
    TruncatedData {
        /// Frames which the size of the chunk promises.
        stated: u64,
        /// Frames which are there.
        present: u64,
    },
    /// The audio ends within a frame; the incomplete frame is left out.
    RaggedFrame {
        /// Bytes of the incomplete frame.
        bytes: u64,
    },
    /// The frame size in the `fmt ` chunk is not that of the channels and bits stated there.
    BlockAlign {
        /// Bytes per frame, as stated.
        stated: u16,
        /// Bytes per frame, from channels and bits, as read.
        expected: u32,
    },
    /// Not all bits of the samples are said to be valid.
    ValidBits {
        /// Bits said to be valid.
        valid: u16,
        /// Bits stored, as read.
        stored: u16,
    },
    /// A chunk of odd size lacks the padding byte which RIFF prescribes.
    MissingPadding {
        /// The name of the chunk.
        chunk: String,
    },
    /// A second chunk where only one may be; the first one counts.
    Duplicate {
        /// The name of the chunk.
        chunk: String,
    },
    /// A `bext` chunk too short for its fixed fields; it is ignored.
    ShortBext {
        /// Its size in bytes.
        bytes: u64,
    },
    /// An `iXML` chunk that cannot be read; it is ignored.
    BadIxml {
        /// What is wrong with it: "is larger than 1 MiB".
        fault: String,
    },
    /// The file goes on after its last complete chunk.
    TrailingBytes {
        /// Where the trailing bytes start, in bytes from the start of the file.
        at: u64,
        /// How many there are.
        bytes: u64,
    },
}

/// How much a problem of a container matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Untidy; every reader gets the same audio.
    Oddity,
    /// The sizes contradict each other: readers may differ in what they get.
    Damage,
    /// Audio is missing.
    Loss,
}

impl WavProblem {
    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match self {
            WavProblem::MissingDs64
            | WavProblem::UnfinishedData
            | WavProblem::TruncatedData { .. }
            | WavProblem::RaggedFrame { .. } => Severity::Loss,
            // A plain RIFF that outgrew its 32-bit sizes states them modulo 4 GiB: the rest of the audio
            // follows as bytes that belong to no chunk.
            WavProblem::TrailingBytes { bytes, .. } if *bytes >= 1 << 32 => Severity::Loss,
            WavProblem::RiffSize { .. } | WavProblem::BlockAlign { .. } => Severity::Damage,
            WavProblem::ValidBits { .. }
            | WavProblem::MissingPadding { .. }
            | WavProblem::Duplicate { .. }
            | WavProblem::ShortBext { .. }
            | WavProblem::BadIxml { .. }
            | WavProblem::TrailingBytes { .. } => Severity::Oddity,
        }
    }
}

impl fmt::Display for WavProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RiffSize { stated, actual } => write!(
                f,
                "the RIFF header states a size of {stated} bytes, but the chunks take {actual}"
            ),
            Self::MissingDs64 => {
                f.write_str("the ds64 chunk, which holds the sizes of a 64-bit file, is missing")
            }
            Self::UnfinishedData => f.write_str(
                "the size of the audio was never written, as after an interrupted recording, so the rest of the file was taken as audio",
            ),
            Self::TruncatedData { stated, present } => write!(
                f,
                "the file is cut short: {missing} of {stated} frames are missing",
                missing = stated.saturating_sub(*present)
            ),
            Self::RaggedFrame { bytes } => write!(
                f,
                "the audio ends within a frame, and its last {bytes} bytes were left out"
            ),
            Self::BlockAlign { stated, expected } => write!(
                f,
                "the format states {stated} bytes per frame, but its channels and bits make {expected}, which was used"
            ),
            Self::ValidBits { valid, stored } => write!(
                f,
                "the format states {valid} valid bits in samples of {stored} bits, and all {stored} were read"
            ),
            Self::MissingPadding { chunk } => write!(
                f,
                "the {chunk} chunk has an odd size and lacks its padding byte"
            ),
            Self::Duplicate { chunk } => {
                write!(f, "there is more than one {chunk} chunk, and the first was used")
            }
            Self::ShortBext { bytes } => write!(
                f,
                "the bext chunk has only {bytes} bytes of at least 602 and was ignored"
            ),
            Self::BadIxml { fault } => write!(f, "the iXML chunk {fault} and was ignored"),
            Self::TrailingBytes { at, bytes } => write!(
                f,
                "the last {bytes} bytes of the file, from byte {at} on, are no complete chunk and were ignored"
            ),
        }
    }
}

/// Why a WAV file cannot be read or written.
///
/// Each message is complete: the cause reported by the system is part of it, and is therefore
/// not a [`source`](std::error::Error::source) which an error chain would print again.
#[derive(Debug, Error)]
pub enum WavError {
    /// The system does not let us open the file.
    #[error("cannot open {path}: {cause}; check the path and the permissions")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The system failed to deliver the content of the file.
    #[error("cannot read {path}: {cause}; check the disk or copy the file again")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is something else.
    #[error("{path} is {found}, not a WAV file; give one exported as WAV")]
    NotWav {
        /// The file.
        path: PathBuf,
        /// What it seems to be, with its article: "an AIFF file".
        found: &'static str,
    },
    /// A chunk without which there is no audio is missing.
    #[error("{path} has no complete `{chunk}` chunk; the file is damaged, export it again")]
    MissingChunk {
        /// The file.
        path: PathBuf,
        /// The chunk: `fmt` or `data`.
        chunk: &'static str,
    },
    /// The format chunk contradicts itself.
    #[error("{path} has a damaged format chunk which states {fault}; export the file again")]
    BadFormat {
        /// The file.
        path: PathBuf,
        /// What it states: "0 channels".
        fault: String,
    },
    /// The samples are of a kind we do not read.
    #[error(
        "{path} holds {found}, which Premix does not read; export 16-, 24- or 32-bit PCM, or 32- or 64-bit float"
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it holds: "8-bit PCM".
        found: String,
    },
    /// A buffer of interleaved samples is not a whole number of frames.
    #[error(
        "a buffer of {samples} samples for {path} is not a whole number of frames of {channels} channels; size it in frames"
    )]
    Buffer {
        /// The file.
        path: PathBuf,
        /// Samples in the buffer.
        samples: usize,
        /// Channels of the file.
        channels: u16,
    },
    /// The format asked for cannot be written as WAV.
    #[error("cannot write {path} with {fault}; choose numbers which a WAV header can hold")]
    Spec {
        /// The file.
        path: PathBuf,
        /// What is impossible: "0 channels".
        fault: String,
    },
    /// The file cannot be created, stored or named.
    #[error(transparent)]
    NewFile(#[from] NewFileError),
    /// An earlier write failed, so the file would have a hole.
    #[error("cannot finish {path}, because an earlier write failed; write the file again")]
    Incomplete {
        /// The target.
        path: PathBuf,
    },
}

/// A directory for the files of one test.
#[cfg(test)]
mod scratch {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::{env, fs, process};

    pub struct Scratch(PathBuf);

    impl Scratch {
        pub fn new() -> Self {
            static COUNTER: AtomicU64 = AtomicU64::new(0);
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let name = format!("premix-wav-test-{}-{count}", process::id());
            let directory = env::temp_dir().join(name);
            fs::create_dir(&directory).unwrap();
            Self(directory)
        }

        pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_read_well() {
        assert_eq!(SampleFormat::Int24.to_string(), "24-bit");
        assert_eq!(SampleFormat::Float32.to_string(), "32-bit float");
        assert_eq!(Container::Bw64.to_string(), "BW64");
    }

    #[test]
    fn an_error_prints_its_cause_once() {
        let error = WavError::Open { path: "a.wav".into(), cause: io::Error::other("no luck") };
        assert_eq!(error.to_string(), "cannot open a.wav: no luck; check the path and the permissions");
        assert!(std::error::Error::source(&error).is_none());
    }
}
