//! The boxes of an MP4 or MOV (ISO/IEC 14496-12, QuickTime File Format), walked without trust.
//!
//! A box ends where its parent does at the latest, an entry counts only where it is, and nothing is kept.

use std::io::{self, BufReader, Read, Seek};

/// More boxes than the finest fragmented feature has; a file with more is no movie.
const MOST_BOXES: u32 = 1 << 22;
/// More entries than the most irregular feature has.
const MOST_ENTRIES: u64 = 1 << 24;

/// Why a movie cannot be read.
#[derive(Debug)]
pub enum Fault {
    Read(io::Error),
    Damaged(String),
    NoVideo,
}

impl From<io::Error> for Fault {
    fn from(cause: io::Error) -> Self {
        Fault::Read(cause)
    }
}

pub type Result<T> = std::result::Result<T, Fault>;

pub fn damaged<T>(fault: impl Into<String>) -> Result<T> {
    Err(Fault::Damaged(fault.into()))
}

/// A box: its kind, and where its content lies.
#[derive(Clone, Copy)]
pub struct Atom {
    pub kind: [u8; 4],
    /// Where the box itself starts.
    pub head: u64,
    pub start: u64,
    pub end: u64,
    /// Bytes that it states and its parent does not have.
    pub missing: u64,
}

impl Atom {
    pub fn name(&self) -> String {
        self.kind.escape_ascii().to_string()
    }
}

/// A file of `length` bytes, read here and there.
pub struct Source<R> {
    reader: BufReader<R>,
    position: u64,
    pub length: u64,
    boxes: u32,
}

impl<R: Read + Seek> Source<R> {
    pub fn new(reader: R, length: u64) -> Self {
        Self { reader: BufReader::new(reader), position: 0, length, boxes: 0 }
    }

    pub fn seek(&mut self, to: u64) -> Result<()> {
        // Within the file, whose length an i64 holds.
        self.reader.seek_relative(to as i64 - self.position as i64)?;
        self.position = to;
        Ok(())
    }

    pub fn read<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.position += N as u64;
        Ok(bytes)
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.read().map(u32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.read().map(u64::from_be_bytes)
    }

    /// Reads 4 bytes, or 8 in the versions of a box that have long fields.
    pub fn field(&mut self, is_long: bool) -> Result<u64> {
        if is_long { self.u64() } else { self.u32().map(u64::from) }
    }

    /// Goes to `offset` bytes into the content, from where `bytes` are to be read.
    pub fn within(&mut self, atom: &Atom, offset: u64, bytes: u64) -> Result<()> {
        if atom.end - atom.start < offset.saturating_add(bytes) {
            return damaged(format!("its {} box is too short", atom.name()));
        }
        self.seek(atom.start + offset)
    }

    /// The box at `at`, of a parent that ends at `end`; `None` where it has no more.
    pub fn next(&mut self, at: u64, end: u64) -> Result<Option<Atom>> {
        if end.saturating_sub(at) < 8 {
            return Ok(None);
        }
        self.boxes += 1;
        if self.boxes > MOST_BOXES {
            return damaged("it has millions of boxes");
        }
        self.seek(at)?;
        let (size, kind) = (self.u32()?, self.read()?);
        let (header, size) = match size {
            // Up to the end of the file; within a box of QuickTime, the end of a list.
            0 if end < self.length => return Ok(None),
            0 => (8, end - at),
            1 if end - at < 16 => return damaged("it ends within a box"),
            1 => (16, self.u64()?),
            size => (8, u64::from(size)),
        };
        if size < header {
            return damaged(format!("the box at byte {at} states a size of {size} bytes"));
        }
        let missing = size.saturating_sub(end - at);
        Ok(Some(Atom { kind, head: at, start: at + header, end: at + size - missing, missing }))
    }

    /// Calls `visit` with each box in `parent`, of which every one must be whole.
    pub fn each(
        &mut self,
        parent: &Atom,
        mut visit: impl FnMut(&mut Self, &Atom) -> Result<()>,
    ) -> Result<()> {
        let mut at = parent.start;
        while let Some(atom) = self.next(at, parent.end)? {
            if atom.missing > 0 {
                return damaged(format!("its {} box is larger than what holds it", atom.name()));
            }
            visit(self, &atom)?;
            at = atom.end;
        }
        Ok(())
    }

    /// Goes to the entries of a table, and gives their number.
    pub fn table(&mut self, atom: &Atom, entry_bytes: u64) -> Result<u64> {
        self.within(atom, 4, 4)?;
        let count = u64::from(self.u32()?);
        self.entries(atom, 8, count, entry_bytes)?;
        Ok(count)
    }

    /// Goes to `offset` bytes into the content, from where `count` entries are to be read.
    pub fn entries(&mut self, atom: &Atom, offset: u64, count: u64, entry_bytes: u64) -> Result<()> {
        if count > MOST_ENTRIES && entry_bytes > 0 {
            return damaged(format!("its {} table has millions of entries", atom.name()));
        }
        self.within(atom, offset, count * entry_bytes)
    }
}
