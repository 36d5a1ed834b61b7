//! The objects of an AAF: storages of a compound file, each with a stream of properties (AAF stored format
//! specification 1.0.1). What an object owns lies within its storage, so that only references by id can go
//! in circles.

use std::collections::HashMap;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use cfb::CompoundFile;

/// Most objects that are looked at, and most that are listed. Real sessions have some ten thousand.
const MOST_OBJECTS: usize = 500_000;
/// Longest name of a storage, in bytes: a compound file has at most 31 letters.
const LONGEST_NAME: usize = 31 * 4;
/// Largest stream of properties or of an index, in bytes.
const LARGEST_STREAM: u64 = 16 << 20;
/// Bytes of properties and indices that are read in all.
const MOST_BYTES: usize = 256 << 20;
/// Levels of objects within objects.
const DEEPEST: usize = 48;

/// How a property is stored.
mod form {
    pub const DATA: u16 = 0x82;
    pub const STRONG: u16 = 0x22;
    pub const STRONG_VECTOR: u16 = 0x32;
    pub const STRONG_SET: u16 = 0x3A;
    pub const WEAK: u16 = 0x02;
}

/// The compound file, and how much of it was looked at.
pub struct Objects<R> {
    file: CompoundFile<R>,
    read: usize,
    listed: usize,
    bytes: usize,
}

/// One object: its class and its properties.
#[derive(Clone, Debug)]
pub struct Object {
    path: PathBuf,
    /// The class, as a number of 128 bits.
    pub class: u128,
    properties: HashMap<u16, (u16, Vec<u8>)>,
}

/// What is wrong with a file, to be read after "is".
pub type Fault = String;

impl<R: Read + Seek> Objects<R> {
    /// Opens a compound file.
    pub fn open(source: R) -> Result<Self, Fault> {
        let file = CompoundFile::open(source).map_err(|fault| format!("no compound file ({fault})"))?;
        Ok(Self { file, read: 0, listed: 0, bytes: 0 })
    }

    /// The object that holds all others.
    pub fn root(&mut self) -> Result<Object, Fault> {
        self.object(PathBuf::from("/"))
    }

    fn stream(&mut self, path: &Path) -> Result<Vec<u8>, Fault> {
        let fault = |fault: std::io::Error| format!("damaged at {} ({fault})", path.display());
        let mut bytes = Vec::new();
        let stream = self.file.open_stream(path).map_err(fault)?;
        stream.take(LARGEST_STREAM).read_to_end(&mut bytes).map_err(fault)?;
        // The same index may be referred to again and again.
        self.bytes += bytes.len();
        if self.bytes > MOST_BYTES {
            return Err("larger than any session: its properties and indices take more than 256 MB".into());
        }
        Ok(bytes)
    }

    /// Reads the object at a storage.
    pub fn object(&mut self, path: PathBuf) -> Result<Object, Fault> {
        self.read += 1;
        if self.read > MOST_OBJECTS {
            return Err(format!("larger than any session: it has more than {MOST_OBJECTS} objects"));
        }
        if path.components().count() > DEEPEST {
            return Err("damaged: its objects are nested too deeply".into());
        }
        let damaged = || format!("damaged at {}: its properties break off", path.display());
        let class = self.file.entry(&path).map_err(|_| damaged())?.clsid().as_u128();
        let bytes = self.stream(&path.join("properties"))?;
        let [order, _, low, high, rest @ ..] = bytes.as_slice() else { return Err(damaged()) };
        if *order != b'L' {
            return Err("written in big-endian byte order, as programs for PowerPC did".into());
        }
        let count = usize::from(u16::from_le_bytes([*low, *high]));
        let (index, mut data) = rest.split_at_checked(count * 6).ok_or_else(damaged)?;
        let mut properties = HashMap::with_capacity(count);
        for entry in index.as_chunks::<6>().0 {
            let [id, form, size] = [0, 2, 4].map(|at| u16::from_le_bytes([entry[at], entry[at + 1]]));
            let (value, rest) = data.split_at_checked(usize::from(size)).ok_or_else(damaged)?;
            properties.insert(id, (form, value.to_vec()));
            data = rest;
        }
        Ok(Object { path, class, properties })
    }

    /// The object that a property owns.
    pub fn strong(&mut self, object: &Object, id: u16) -> Result<Option<Object>, Fault> {
        match self.storage(object, id, form::STRONG)? {
            Some(name) => self.object(object.path.join(name)).map(Some),
            None => Ok(None),
        }
    }

    /// The name of a storage that a property refers to. It is one name: no path that leads elsewhere, and no
    /// longer than a compound file has them.
    fn storage(&self, object: &Object, id: u16, form: u16) -> Result<Option<String>, Fault> {
        let name = object.stored(id, form).map(utf16);
        match name {
            Some(name)
                if name.len() > LONGEST_NAME || name.contains(['/', '\\']) || name.starts_with('.') =>
            {
                Err(format!("damaged at {}: a reference is no name", object.path.display()))
            }
            name => Ok(name),
        }
    }

    /// Counts objects that an index lists, before their paths take memory.
    fn list(&mut self, count: usize) -> Result<(), Fault> {
        self.listed = self.listed.saturating_add(count);
        if self.listed > MOST_OBJECTS {
            return Err(format!("larger than any session: it lists more than {MOST_OBJECTS} objects"));
        }
        Ok(())
    }

    /// Where the objects of a vector lie, in their order.
    pub fn vector(&mut self, object: &Object, id: u16) -> Result<Vec<PathBuf>, Fault> {
        let Some(name) = self.storage(object, id, form::STRONG_VECTOR)? else { return Ok(Vec::new()) };
        let index = self.stream(&object.path.join(format!("{name} index")))?;
        // Count, first and last free key, then the keys.
        let count = u32_at(&index, 0).unwrap_or(0) as usize;
        let keys = index.get(12..).unwrap_or_default().as_chunks::<4>().0;
        self.list(count.min(keys.len()))?;
        Ok(keys.iter().take(count).map(|key| element(object, &name, u32::from_le_bytes(*key))).collect())
    }

    /// Where the objects of a set lie, each with the bytes of its id.
    pub fn set(&mut self, object: &Object, id: u16) -> Result<Vec<(Vec<u8>, PathBuf)>, Fault> {
        let Some(name) = self.storage(object, id, form::STRONG_SET)? else { return Ok(Vec::new()) };
        let index = self.stream(&object.path.join(format!("{name} index")))?;
        let count = u32_at(&index, 0).unwrap_or(0) as usize;
        // After the same head the id's property and size, then key, use count and id of each.
        let size = usize::from(index.get(14).copied().unwrap_or(0));
        let entries = index.get(15..).unwrap_or_default().chunks_exact(8 + size);
        self.list(count.min(entries.len()))?;
        Ok(entries
            .take(count)
            .filter_map(|entry| Some((entry[8..].to_vec(), element(object, &name, u32_at(entry, 0)?))))
            .collect())
    }
}

/// The storage of an element of a vector or set.
fn element(object: &Object, name: &str, key: u32) -> PathBuf {
    object.path.join(format!("{name}{{{key:x}}}"))
}

impl Object {
    fn stored(&self, id: u16, form: u16) -> Option<&[u8]> {
        self.properties.get(&id).filter(|(stored, _)| *stored == form).map(|(_, bytes)| bytes.as_slice())
    }

    /// The bytes of a property of plain data.
    pub fn data(&self, id: u16) -> Option<&[u8]> {
        self.stored(id, form::DATA)
    }

    /// A text.
    pub fn text(&self, id: u16) -> Option<String> {
        self.data(id).map(utf16)
    }

    /// An integer of whatever width it is stored in.
    pub fn integer(&self, id: u16) -> Option<i64> {
        let bytes = self.data(id)?;
        match bytes.len() {
            1 => Some(i64::from(bytes[0])),
            2 => bytes.try_into().ok().map(u16::from_le_bytes).map(i64::from),
            4 => bytes.try_into().ok().map(u32::from_le_bytes).map(i64::from),
            8 => bytes.try_into().ok().map(i64::from_le_bytes),
            _ => None,
        }
    }

    /// A fraction, if it is one of positive numbers.
    pub fn rational(&self, id: u16) -> Option<(u32, u32)> {
        rational(self.data(id)?)
            .filter(|(numerator, denominator)| *numerator > 0 && *denominator > 0)
            .map(|(numerator, denominator)| (numerator.unsigned_abs(), denominator.unsigned_abs()))
    }

    /// The id that a plain property holds.
    pub fn auid(&self, id: u16) -> Option<u128> {
        auid(self.data(id)?)
    }

    /// The id of the definition that a property refers to.
    pub fn weak(&self, id: u16) -> Option<u128> {
        // The table of targets, the id's property and size, then the id.
        auid(self.stored(id, form::WEAK)?.get(5..)?)
    }

    /// A value that says its own type before itself, if it is a fraction.
    pub fn indirect_rational(&self, id: u16) -> Option<f64> {
        // Byte order and type.
        let (numerator, denominator) = rational(self.data(id)?.get(17..)?)?;
        (denominator != 0).then(|| f64::from(numerator) / f64::from(denominator))
    }
}

fn rational(bytes: &[u8]) -> Option<(i32, i32)> {
    let numerator = i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    let denominator = i32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    Some((numerator, denominator))
}

/// An id as the number that its usual writing shows: the first three fields are little-endian.
pub fn auid(bytes: &[u8]) -> Option<u128> {
    let bytes: [u8; 16] = bytes.get(..16)?.try_into().ok()?;
    let [a, b, c, d, e, f, g, h, rest @ ..] = bytes;
    let mut ordered = [0; 16];
    ordered[..8].copy_from_slice(&[d, c, b, a, f, e, h, g]);
    ordered[8..].copy_from_slice(&rest);
    Some(u128::from_be_bytes(ordered))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

/// Text up to its closing zero.
fn utf16(bytes: &[u8]) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    char::decode_utf16(units.take_while(|unit| *unit != 0)).map(|unit| unit.unwrap_or('\u{fffd}')).collect()
}
