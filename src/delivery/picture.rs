//! The picture of a delivery, as a file has it: a movie (MP4, MOV) or a guide track (WAV).
//!
//! A movie's length is its number of frames, counted in its sample tables, times the exact duration of a
//! frame. The durations in its headers are rounded and are not asked.

mod boxes;
mod cadence;
mod movie;

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::timecode::{FrameRate, Timecode};
use super::wav::{Severity, WavError, WavReader};

/// What a file says of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureFile {
    /// It is a movie.
    Movie(Movie),
    /// It is a guide track.
    Guide(Guide),
}

/// The video track of a movie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movie {
    /// Its length in frames; or, if the file shows only a part of them or lacks some, which it does: "its
    /// edit list shows only a part of the video".
    pub frames: Result<u64, String>,
    /// The rates that its frames may run at: one in a good file, several if its clock is too coarse to
    /// tell, none if it runs at no rate of a delivery or unevenly.
    pub rates: Vec<FrameRate>,
    /// Frames a second on average, to thousandths, for messages.
    pub average_rate: String,
    /// Where its timecode starts, if it has one.
    pub start: Option<TimecodeStart>,
    /// What is doubtful, to be read after the name of the file and a colon.
    pub warnings: Vec<String>,
}

/// The first label of a timecode track, as QuickTime stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimecodeStart {
    /// Frames since 00:00:00:00.
    pub frame: u32,
    /// Frames in a second of labels: 24 at 23.976.
    pub nominal_fps: u8,
    /// Whether labels are left out.
    pub drop_frame: bool,
}

impl TimecodeStart {
    /// The label for a picture of this rate, which may be a whole multiple of the timecode's. `None` if it
    /// is not, or has no drop-frame.
    pub fn at(self, rate: FrameRate) -> Option<Timecode> {
        let (picture, own) = (rate.nominal_fps(), u32::from(self.nominal_fps));
        let is_multiple = own > 0 && picture.is_multiple_of(own);
        let frames = u64::from(self.frame) * u64::from(picture.checked_div(own)?);
        Timecode::from_frames(frames, rate, self.drop_frame).ok().filter(|_| is_multiple)
    }
}

/// A sound track that is exactly as long as the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guide {
    /// Its length in samples.
    pub samples: u64,
    /// Samples a second, at least 1 Hz.
    pub sample_rate: u32,
    /// Its first sample, in samples since midnight, if the file says so.
    pub time_reference: Option<u64>,
}

/// Why a file tells nothing of a picture.
#[derive(Debug, Error)]
pub enum PictureError {
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
    #[error("{path} is {found}, not a picture: give an MP4 or MOV, or a guide track as WAV")]
    NoPicture {
        /// The file.
        path: PathBuf,
        /// What it seems to be, with its article.
        found: &'static str,
    },
    /// The file is damaged, so that it cannot be read, or a part of it cannot be trusted.
    #[error("{path} is damaged: {fault}; copy or export it again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
    /// The guide track cannot be read.
    #[error(transparent)]
    Guide(#[from] WavError),
}

impl PictureFile {
    /// Reads the index of a movie, or the header of a guide track. Never reads the media themselves, and
    /// takes little memory whatever the file says.
    ///
    /// # Errors
    /// A file that cannot be read, is neither, or is damaged.
    pub fn open(path: &Path) -> Result<Self, PictureError> {
        let open_error = |cause| PictureError::Open { path: path.to_owned(), cause };
        let read_error = |cause| PictureError::Read { path: path.to_owned(), cause };
        let none = |found| PictureError::NoPicture { path: path.to_owned(), found };
        // Asked before opening, because opening a pipe would wait for its writer.
        let metadata = fs::metadata(path).map_err(open_error)?;
        if !metadata.is_file() {
            return Err(none("a directory or device"));
        }
        let mut file = File::open(path).map_err(open_error)?;
        let mut head = Vec::with_capacity(12);
        file.by_ref().take(12).read_to_end(&mut head).map_err(read_error)?;
        file.rewind().map_err(read_error)?;
        match kind(&head) {
            Kind::Wav => guide(path).map(Self::Guide),
            Kind::Movie => {
                let movie = movie::read(file, metadata.len()).map_err(|fault| match fault {
                    boxes::Fault::Read(cause) => read_error(cause),
                    boxes::Fault::Damaged(fault) => PictureError::Damaged { path: path.to_owned(), fault },
                    boxes::Fault::NoVideo => none("a movie without video"),
                })?;
                Ok(Self::Movie(movie))
            }
            Kind::Other(found) => Err(none(found)),
        }
    }
}

enum Kind {
    Wav,
    Movie,
    Other(&'static str),
}

/// What a file is, by its first 12 bytes.
fn kind(head: &[u8]) -> Kind {
    match (head.get(..4), head.get(4..8), head.get(8..12)) {
        (Some(b"RIFF" | b"RF64" | b"BW64"), _, Some(b"WAVE")) => Kind::Wav,
        (Some(b"RIFF"), _, Some(b"AVI ")) => Kind::Other("an AVI file"),
        (Some(b"FORM"), ..) => Kind::Other("an AIFF file"),
        (Some([0x1a, 0x45, 0xdf, 0xa3]), ..) => Kind::Other("a Matroska or WebM file"),
        (Some([0x06, 0x0e, 0x2b, 0x34]), ..) => Kind::Other("an MXF file"),
        // The boxes that begin a movie.
        (_, Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" | b"styp"), _) => {
            Kind::Movie
        }
        (None, ..) => Kind::Other("an empty file"),
        _ => Kind::Other("something else"),
    }
}

fn guide(path: &Path) -> Result<Guide, PictureError> {
    let reader = WavReader::open(path)?;
    let facts = reader.facts();
    if let Some(problem) = facts.problems.iter().find(|problem| problem.severity() == Severity::Loss) {
        return Err(PictureError::Damaged { path: path.to_owned(), fault: problem.to_string() });
    }
    Ok(Guide {
        samples: facts.frames,
        sample_rate: facts.sample_rate,
        time_reference: facts.time_reference(),
    })
}
