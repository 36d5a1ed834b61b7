//! A WAV on a time line, silent before its first sample and after its last.

use std::path::{Path, PathBuf};

use crate::delivery::wav::{WavError, WavFacts, WavReader};
use crate::engine::is_sound;

/// A file laid on the time line of another.
pub struct Track {
    /// Where the file is.
    pub path: PathBuf,
    /// Position of its first sample; negative for what is before the other's first.
    pub start: i64,
    reader: WavReader,
    /// The frame that the reader gives next.
    next: u64,
}

impl Track {
    /// Opens a file and lays its first sample at 0.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(path: &Path) -> Result<Self, WavError> {
        Ok(Self { path: path.to_path_buf(), start: 0, reader: WavReader::open(path)?, next: 0 })
    }

    /// What the file says of itself.
    pub fn facts(&self) -> &WavFacts {
        self.reader.facts()
    }

    /// Position after its last sample.
    pub fn end(&self) -> i64 {
        self.start.saturating_add_unsigned(self.facts().frames)
    }

    /// Lays the file where its time reference says, if `origin`, that of position 0, is known too.
    pub fn place_from(&mut self, origin: Option<u64>) {
        self.start = match self.facts().time_reference().zip(origin) {
            Some((own, origin)) => i64::try_from(i128::from(own) - i128::from(origin)).unwrap_or(i64::MAX),
            None => 0,
        };
    }

    /// Fills `frames`, interleaved, with what sounds from `at` on. What is no sound is silence.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&mut self, at: i64, frames: &mut [f64]) -> Result<(), WavError> {
        frames.fill(0.0);
        let channels = usize::from(self.facts().channels);
        let length = (frames.len() / channels) as i64;
        let from = self.start.clamp(at, at + length);
        let to = self.end().clamp(from, at + length);
        if from == to {
            return Ok(());
        }
        let frame = from.abs_diff(self.start);
        if frame != self.next {
            self.reader.seek(frame)?;
        }
        let inside = &mut frames[(from - at) as usize * channels..(to - at) as usize * channels];
        let read = self.reader.read(inside)?;
        self.next = frame + read as u64;
        for x in inside.iter_mut().filter(|x| !is_sound(**x as f32)) {
            *x = 0.0;
        }
        Ok(())
    }

    /// Adds the mean of all channels from `at` on to `mono`, through a buffer that grows as it needs.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn add_mono(&mut self, at: i64, mono: &mut [f64], buffer: &mut Vec<f64>) -> Result<(), WavError> {
        let channels = usize::from(self.facts().channels);
        buffer.resize(mono.len() * channels, 0.0);
        self.read(at, buffer)?;
        for (mono, frame) in mono.iter_mut().zip(buffer.chunks_exact(channels)) {
            *mono += frame.iter().sum::<f64>() / channels as f64;
        }
        Ok(())
    }
}
