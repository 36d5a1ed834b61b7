//! The recent past of a channel, in one piece of memory.

use super::interpolation::{GROUP, GROUP_WINDOW, WINDOW};

/// Samples appended block by block, with at least so many kept before the newest block.
pub struct Line {
    buffer: Vec<f32>,
    keep: usize,
    end: usize,
}

impl Line {
    /// For blocks of at most `max_block`, keeping `keep` samples (at least what an interpolator sees).
    pub fn new(keep: usize, max_block: usize) -> Self {
        let keep = keep.max(WINDOW);
        // Room for many small blocks between two moves; behind the end what a last, partial group reads.
        let room = max_block.max(4096);
        Self { buffer: vec![0.0; keep + room + GROUP], keep, end: keep }
    }

    /// The past is silence again.
    pub fn reset(&mut self) {
        self.buffer.fill(0.0);
        self.end = self.keep;
    }

    /// Appends a block of at most `max_block` samples and gives its place for [`Self::delayed`] and
    /// [`Self::seen`].
    #[inline(always)]
    pub fn append(&mut self, block: &[f32]) -> usize {
        if self.end + block.len() + GROUP > self.buffer.len() {
            self.buffer.copy_within(self.end - self.keep..self.end, 0);
            self.end = self.keep;
        }
        let start = self.end;
        self.end += block.len();
        self.buffer[start..self.end].copy_from_slice(block);
        start
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
