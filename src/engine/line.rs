//! The recent past of a channel, in one piece of memory.

use super::interpolation::{GROUP, GROUP_WINDOW, WINDOW};

/// Samples appended block by block, with at least so many kept before the newest block.
pub struct Line {
    buffer: Vec<f32>,
    keep: usize,
    /// Where the newest block begins and ends.
    start: usize,
    end: usize,
    /// Whether there has been nothing but silence.
    blank: bool,
}

impl Line {
    /// For blocks of at most `max_block`, keeping `keep` samples (at least what an interpolator sees).
    pub fn new(keep: usize, max_block: usize) -> Self {
        let keep = keep.max(WINDOW);
        // Room for many small blocks between two moves; behind the end what a last, partial group reads.
        let room = max_block.max(512);
        Self { buffer: vec![0.0; keep + room + GROUP], keep, start: keep, end: keep, blank: true }
    }

    /// The past is silence again.
    pub fn reset(&mut self) {
        self.buffer.fill(0.0);
        self.start = self.keep;
        self.end = self.keep;
        self.blank = true;
    }

    /// Appends a block of at most `max_block` samples and gives its place for [`Self::delayed`] and
    /// [`Self::seen`].
    #[inline(always)]
    pub fn append(&mut self, block: &[f32]) -> usize {
        self.extend(block.len()).copy_from_slice(block);
        self.start
    }

    /// Appends a block of at most `max_block` samples, to be filled.
    #[inline(always)]
    pub fn extend(&mut self, length: usize) -> &mut [f32] {
        self.make_room(length);
        self.newest_mut()
    }

    /// Appends silence of at most `max_block` samples: for nothing while there has been nothing else.
    pub fn append_silence(&mut self, length: usize) {
        self.make_room(length);
        if !self.blank {
            self.newest_mut().fill(0.0);
        }
    }

    /// Whether there has been nothing but silence.
    pub fn is_blank(&self) -> bool {
        self.blank
    }

    #[inline(always)]
    fn make_room(&mut self, length: usize) {
        if self.end + length + GROUP > self.buffer.len() {
            self.buffer.copy_within(self.end - self.keep..self.end, 0);
            self.end = self.keep;
        }
        self.start = self.end;
        self.end += length;
    }

    /// The newest block.
    pub fn newest(&self) -> &[f32] {
        &self.buffer[self.start..self.end]
    }

    /// The same, to be changed.
    #[inline(always)]
    pub fn newest_mut(&mut self) -> &mut [f32] {
        self.blank = false;
        &mut self.buffer[self.start..self.end]
    }

    /// As many samples as the newest block has, that came `delay` samples before it.
    pub fn late(&self, delay: usize) -> &[f32] {
        self.delayed(self.start, delay, self.end - self.start)
    }

    /// `count` samples that came `delay` samples before `place`.
    #[inline(always)]
    pub fn delayed(&self, place: usize, delay: usize, count: usize) -> &[f32] {
        &self.buffer[place - delay..][..count]
    }

    /// What the [`GROUP`] intervals see whose last samples are at `place` and after.
    #[inline(always)]
    pub fn seen(&self, place: usize) -> &[f32; GROUP_WINDOW] {
        self.buffer[place - WINDOW..].first_chunk().unwrap_or(&[0.0; GROUP_WINDOW])
    }
}

/// The newest block.
impl AsRef<[f32]> for Line {
    fn as_ref(&self) -> &[f32] {
        self.newest()
    }
}
