//! Reading WAV files: the walk over the chunks, the format, and the samples.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::mem;
use std::path::{Path, PathBuf};

use super::{
    Bext, Container, Ixml, SampleFormat, TAG_FLOAT, TAG_PCM, WavError, WavFacts, WavProblem, bext, ixml,
};

/// The format tag of `WAVE_FORMAT_EXTENSIBLE`.
const TAG_EXTENSIBLE: u16 = 0xFFFE;
/// What follows the format tag in the sub-format GUID of an extensible format.
const SUBFORMAT_TAIL: [u8; 14] = *b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71";
/// A 32-bit size which refers to the `ds64` chunk, or was never filled in.
const SIZE_ELSEWHERE: u32 = u32::MAX;
/// Entries of the `ds64` table we look at. The table lists chunks beyond 4 GiB other than `data`,
/// of which real files have none; the bound keeps memory constant.
const DS64_ENTRIES: usize = 64;
/// Bytes fetched from the file at a time.
const BLOCK_BYTES: usize = 1 << 16;

/// A WAV file opened for reading from its first sample to its last, in constant memory.
#[derive(Debug)]
pub struct WavReader<R = File> {
    path: PathBuf,
    file: BufReader<R>,
    facts: WavFacts,
    /// The first byte of audio.
    audio: u64,
    remaining_frames: u64,
    block: Box<[u8]>,
}

impl WavReader {
    /// Opens a RIFF, RF64 or BW64 file and reads its chunks, also those after the audio.
    ///
    /// Accepts PCM of 16, 24 and 32 bits and IEEE float of 32 and 64 bits, plain or extensible.
    /// Faults of the container which leave the audio readable are in [`WavFacts::problems`].
    ///
    /// # Errors
    ///
    /// [`WavError::Open`] and [`WavError::Read`] from the system; [`WavError::NotWav`],
    /// [`WavError::MissingChunk`], [`WavError::BadFormat`] and [`WavError::Unsupported`] if the
    /// file holds no audio which we read.
    pub fn open(path: &Path) -> Result<Self, WavError> {
        let open_error = |cause| WavError::Open { path: path.to_owned(), cause };
        // Asked before opening, because opening a pipe would wait for its writer.
        let metadata = fs::metadata(path).map_err(open_error)?;
        if !metadata.is_file() {
            return Err(WavError::NotWav { path: path.to_owned(), found: "a directory or device" });
        }
        Self::new(File::open(path).map_err(open_error)?, path)
    }
}

impl<R: Read + Seek> WavReader<R> {
    /// Reads what is not, or not only, a file; `path` is what messages call it.
    ///
    /// # Errors
    ///
    /// Those of [`open`](WavReader::open).
    pub fn new(mut file: R, path: &Path) -> Result<Self, WavError> {
        let read_error = |cause| WavError::Read { path: path.to_owned(), cause };
        let length = file.seek(SeekFrom::End(0)).map_err(read_error)?;
        file.rewind().map_err(read_error)?;
        let mut source = Source { path, length, file: BufReader::new(file), position: 0 };

        let (container, riff_size) = source.identify()?;
        let chunks = Chunks::walk(&mut source, container, riff_size)?;
        let missing = |chunk| WavError::MissingChunk { path: path.to_owned(), chunk };
        let fmt = chunks.fmt.ok_or_else(|| missing("fmt"))?;
        let data = chunks.data.ok_or_else(|| missing("data"))?;
        let mut problems = chunks.problems;
        let format = Format::decode(&fmt, path, &mut problems)?;
        let frames = data.frames(format.frame_bytes(), source.length, &mut problems);
        source.seek(data.start)?;
        Ok(Self {
            path: path.to_owned(),
            file: source.file,
            facts: WavFacts {
                container,
                format_tag: format.tag,
                extensible: format.extensible,
                sample_format: format.sample,
                channels: format.channels,
                sample_rate: format.sample_rate,
                frames,
                bext: chunks.bext,
                ixml: chunks.ixml,
                problems,
            },
            audio: data.start,
            remaining_frames: frames,
            block: Box::default(),
        })
    }

    /// What the header says, and what is wrong with it.
    pub fn facts(&self) -> &WavFacts {
        &self.facts
    }

    /// Goes to a frame, or to the end if there are fewer: what is read next begins there.
    ///
    /// # Errors
    ///
    /// [`WavError::Read`] from the system.
    pub fn seek(&mut self, frame: u64) -> Result<(), WavError> {
        let frame = frame.min(self.facts.frames);
        let frame_bytes = u64::from(self.facts.channels) * u64::from(self.facts.sample_format.bits() / 8);
        let at = SeekFrom::Start(self.audio + frame * frame_bytes);
        self.file.seek(at).map_err(|cause| WavError::Read { path: self.path.clone(), cause })?;
        self.remaining_frames = self.facts.frames - frame;
        Ok(())
    }

    /// Reads the next frames into `out`, interleaved, and returns how many: less than fit only at
    /// the end of the audio, and 0 after it or into an empty `out`.
    ///
    /// Integers become exactly `value / 2^(bits - 1)`, thus -1 up to just below 1. Floats are
    /// passed through, also those beyond ±1, infinite or NaN.
    ///
    /// # Errors
    ///
    /// [`WavError::Buffer`] if `out` is not a whole number of frames, [`WavError::Read`] from the
    /// system; the content of `out` and the position are then unspecified.
    pub fn read(&mut self, out: &mut [f64]) -> Result<usize, WavError> {
        let channels = usize::from(self.facts.channels);
        if !out.len().is_multiple_of(channels) {
            return Err(WavError::Buffer {
                path: self.path.clone(),
                samples: out.len(),
                channels: self.facts.channels,
            });
        }
        let remaining = usize::try_from(self.remaining_frames).unwrap_or(usize::MAX);
        let frames = remaining.min(out.len() / channels);
        let sample_format = self.facts.sample_format;
        let width = usize::from(sample_format.bits() / 8);
        // Who wants the header alone needs no block.
        if self.block.is_empty() {
            self.block = vec![0; BLOCK_BYTES].into_boxed_slice();
        }
        for samples in out[..frames * channels].chunks_mut(self.block.len() / width) {
            let bytes = &mut self.block[..samples.len() * width];
            self.file.read_exact(bytes).map_err(|cause| WavError::Read { path: self.path.clone(), cause })?;
            decode(sample_format, bytes, samples);
        }
        self.remaining_frames -= frames as u64;
        Ok(frames)
    }
}

/// Converts as many samples as `samples` holds from the start of `bytes`.
fn decode(format: SampleFormat, bytes: &[u8], samples: &mut [f64]) {
    fn each<const WIDTH: usize>(bytes: &[u8], samples: &mut [f64], convert: impl Fn([u8; WIDTH]) -> f64) {
        for (sample, &stored) in samples.iter_mut().zip(bytes.as_chunks::<WIDTH>().0) {
            *sample = convert(stored);
        }
    }
    // Divisions by a power of two, hence exact.
    match format {
        SampleFormat::Int16 => each(bytes, samples, |b| f64::from(i16::from_le_bytes(b)) / 32_768.0),
        // As the upper bytes of a 32-bit integer, which brings the sign along.
        SampleFormat::Int24 => each(bytes, samples, |[low, middle, high]| {
            f64::from(i32::from_le_bytes([0, low, middle, high])) / 2_147_483_648.0
        }),
        SampleFormat::Int32 => each(bytes, samples, |b| f64::from(i32::from_le_bytes(b)) / 2_147_483_648.0),
        SampleFormat::Float32 => each(bytes, samples, |b| f64::from(f32::from_le_bytes(b))),
        SampleFormat::Float64 => each(bytes, samples, f64::from_le_bytes),
    }
}

/// The file, read at given positions while walking its chunks.
struct Source<'a, R> {
    path: &'a Path,
    file: BufReader<R>,
    position: u64,
    length: u64,
}

/// The header of a chunk.
#[derive(Clone, Copy)]
struct Header {
    id: [u8; 4],
    size: u32,
}

impl<R: Read + Seek> Source<'_, R> {
    fn error(&self, cause: io::Error) -> WavError {
        WavError::Read { path: self.path.to_owned(), cause }
    }

    /// Moves to `to`, which is within the file. Relative, because an absolute seek would discard
    /// the buffer at every small chunk.
    fn seek(&mut self, to: u64) -> Result<(), WavError> {
        let step = to.cast_signed().wrapping_sub(self.position.cast_signed());
        self.file.seek_relative(step).map_err(|cause| self.error(cause))?;
        self.position = to;
        Ok(())
    }

    /// Fills `bytes` from the file at `at`; the caller makes sure that the file goes that far.
    fn read_at(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), WavError> {
        self.seek(at)?;
        self.file.read_exact(bytes).map_err(|cause| self.error(cause))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// The first `N` bytes of the chunk payload at `start` which is `size` long, and zeros where
    /// it is shorter; the caller makes sure that the payload is within the file.
    fn payload<const N: usize>(&mut self, start: u64, size: u64) -> Result<Payload<N>, WavError> {
        let mut bytes = [0; N];
        let length = usize::try_from(size).unwrap_or(usize::MAX).min(N);
        self.read_at(start, &mut bytes[..length])?;
        Ok(Payload { bytes, length })
    }

    /// The chunk header at `at`, or `None` if the file ends there or what is there cannot be one.
    fn header_at(&mut self, at: u64) -> Result<Option<Header>, WavError> {
        if at.checked_add(8).is_none_or(|end| end > self.length) {
            return Ok(None);
        }
        let mut bytes = [0; 8];
        self.read_at(at, &mut bytes)?;
        let [a, b, c, d, size @ ..] = bytes;
        let id = [a, b, c, d];
        let printable = id.iter().all(|byte| matches!(byte, b' '..=b'~'));
        Ok(printable.then(|| Header { id, size: u32::from_le_bytes(size) }))
    }

    /// The form of the container and the size in its header.
    fn identify(&mut self) -> Result<(Container, u32), WavError> {
        let mut head = [0; 12];
        let length = usize::try_from(self.length).unwrap_or(usize::MAX).min(12);
        self.read_at(0, &mut head[..length])?;
        let [f0, f1, f2, f3, s0, s1, s2, s3, form @ ..] = head;
        let not_wav = |found| WavError::NotWav { path: self.path.to_owned(), found };
        let container = match &[f0, f1, f2, f3] {
            b"RIFF" => Container::Riff,
            b"RF64" => Container::Rf64,
            b"BW64" => Container::Bw64,
            b"RIFX" => return Err(not_wav("a big-endian RIFX file")),
            b"FORM" => return Err(not_wav("an AIFF file")),
            b"fLaC" => return Err(not_wav("a FLAC file")),
            b"OggS" => return Err(not_wav("an Ogg file")),
            b"caff" => return Err(not_wav("a CAF file")),
            b"riff" => return Err(not_wav("a Wave64 file")),
            [b'I', b'D', b'3', _] => return Err(not_wav("an MP3 file")),
            [0xFF, 0xFA | 0xFB | 0xF2 | 0xF3, _, _] => return Err(not_wav("an MP3 file")),
            _ if [s0, s1, s2, s3] == *b"ftyp" => return Err(not_wav("an MP4 file")),
            _ if length == 0 => return Err(not_wav("an empty file")),
            _ => return Err(not_wav("a file of another kind")),
        };
        if form != *b"WAVE" {
            return Err(not_wav("a RIFF file without audio"));
        }
        Ok((container, u32::from_le_bytes([s0, s1, s2, s3])))
    }

    /// Whether the file from `at` on consists of complete chunks and nothing else.
    fn is_all_chunks(&mut self, mut at: u64) -> Result<bool, WavError> {
        while at < self.length {
            let Some(header) = self.header_at(at)? else {
                return Ok(false);
            };
            let end = at + 8 + u64::from(header.size);
            if end == self.length {
                return Ok(true);
            }
            at = end + u64::from(header.size % 2);
        }
        Ok(at == self.length)
    }
}

/// The beginning of a chunk's payload.
struct Payload<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Payload<N> {
    fn u16_at(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array_at(at))
    }

    fn u32_at(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.array_at(at))
    }

    fn u64_at(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.array_at(at))
    }

    /// The bytes from `at` on, zeros where the payload ends earlier.
    fn array_at<const M: usize>(&self, at: usize) -> [u8; M] {
        std::array::from_fn(|index| self.bytes.get(at + index).copied().unwrap_or(0))
    }
}

/// The sizes in a `ds64` chunk.
struct Ds64 {
    riff: u64,
    data: u64,
    table: Vec<([u8; 4], u64)>,
}

impl Ds64 {
    const TABLE: usize = 28;
    const ENTRY: usize = 12;

    fn decode<const N: usize>(payload: &Payload<N>) -> Self {
        let stated = usize::try_from(payload.u32_at(Self::TABLE - 4)).unwrap_or(usize::MAX);
        let present = payload.length.saturating_sub(Self::TABLE) / Self::ENTRY;
        let table = (0..stated.min(present))
            .map(|index| Self::TABLE + index * Self::ENTRY)
            .map(|at| (payload.array_at(at), payload.u64_at(at + 4)))
            .collect();
        Self { riff: payload.u64_at(0), data: payload.u64_at(8), table }
    }

    fn size_of(&self, id: [u8; 4]) -> Option<u64> {
        if id == *b"data" {
            return Some(self.data).filter(|&size| size != u64::MAX);
        }
        let entry = self.table.iter().find(|(name, _)| *name == id)?;
        Some(entry.1)
    }
}

/// Where the audio is.
struct Data {
    /// Its first byte.
    start: u64,
    /// Its size in bytes as stated, `None` if never written.
    stated: Option<u64>,
}

impl Data {
    /// The whole frames of audio in a file of `length` bytes.
    fn frames(&self, frame_bytes: u32, length: u64, problems: &mut Vec<WavProblem>) -> u64 {
        let frame_bytes = u64::from(frame_bytes);
        let available = length.saturating_sub(self.start);
        let stated = self.stated.unwrap_or(available);
        let frames = stated.min(available) / frame_bytes;
        if self.stated.is_none() {
            problems.push(WavProblem::UnfinishedData);
        }
        if stated / frame_bytes > frames {
            problems.push(WavProblem::TruncatedData { stated: stated / frame_bytes, present: frames });
        } else if !stated.is_multiple_of(frame_bytes) {
            problems.push(WavProblem::RaggedFrame { bytes: stated % frame_bytes });
        }
        frames
    }
}

/// What the walk over the chunks brought to light.
#[derive(Default)]
struct Chunks {
    fmt: Option<Payload<40>>,
    data: Option<Data>,
    bext: Option<Bext>,
    ixml: Option<Ixml>,
    problems: Vec<WavProblem>,
}

impl Chunks {
    /// Walks from the first chunk to the end of the file. Each step advances by at least eight
    /// bytes and stops at what cannot be a chunk, so the file itself bounds the walk.
    fn walk<R: Read + Seek>(
        source: &mut Source<'_, R>,
        container: Container,
        riff_size: u32,
    ) -> Result<Self, WavError> {
        let mut chunks = Self::default();
        let mut ds64: Option<Ds64> = None;
        let mut at = 12;
        while let Some(Header { id, size }) = source.header_at(at)? {
            let start = at + 8;
            let size = if size == SIZE_ELSEWHERE {
                ds64.as_ref().and_then(|ds64| ds64.size_of(id))
            } else {
                Some(u64::from(size))
            };

            if id == *b"data" && chunks.data.is_none() {
                // Size 0 is what recorders write first, but also right for a file without audio;
                // what follows decides.
                let stated = match size {
                    Some(0) if !source.is_all_chunks(start)? => None,
                    size => size,
                };
                chunks.data = Some(Data { start, stated });
                at = match stated {
                    Some(size) => chunks.next_chunk(source, id, start, size)?,
                    None => source.length,
                };
                continue;
            }

            let Some(size) = size.filter(|&size| size <= source.length - start) else {
                break;
            };
            match &id {
                b"ds64" if container != Container::Riff && ds64.is_none() => {
                    const BYTES: usize = Ds64::TABLE + DS64_ENTRIES * Ds64::ENTRY;
                    ds64 = Some(Ds64::decode(&source.payload::<BYTES>(start, size)?));
                }
                b"fmt " if chunks.fmt.is_none() => chunks.fmt = Some(source.payload(start, size)?),
                b"bext" if size < bext::FIXED as u64 => {
                    chunks.note(WavProblem::ShortBext { bytes: size });
                }
                b"bext" if chunks.bext.is_none() => {
                    chunks.bext = Some(Bext::decode(&source.payload(start, size)?.bytes));
                }
                b"iXML" if chunks.ixml.is_none() => chunks.read_ixml(source, start, size)?,
                b"fmt " | b"bext" | b"iXML" | b"data" => {
                    chunks.note(WavProblem::Duplicate { chunk: name_of(id) })
                }
                _ => {}
            }
            at = chunks.next_chunk(source, id, start, size)?;
        }

        if at < source.length {
            chunks.note(WavProblem::TrailingBytes { at, bytes: source.length - at });
        }
        let unfinished = chunks.data.as_ref().is_some_and(|data| data.stated.is_none());
        let stated = match (container, ds64) {
            (Container::Riff, _) => Some(u64::from(riff_size)),
            (_, Some(ds64)) if riff_size == SIZE_ELSEWHERE => Some(ds64.riff),
            (_, Some(_)) => Some(u64::from(riff_size)),
            (_, None) => {
                chunks.note(WavProblem::MissingDs64);
                None
            }
        };
        // An unfinished recording has no right size to compare with.
        if let Some(stated) = stated.filter(|&stated| !unfinished && stated != at - 8) {
            chunks.note(WavProblem::RiffSize { stated, actual: at - 8 });
        }
        Ok(chunks)
    }

    fn read_ixml<R: Read + Seek>(
        &mut self,
        source: &mut Source<'_, R>,
        start: u64,
        size: u64,
    ) -> Result<(), WavError> {
        if size > ixml::LARGEST_BYTES {
            self.note(WavProblem::BadIxml { fault: "is larger than 1 MiB".to_owned() });
            return Ok(());
        }
        let mut payload = vec![0; size as usize];
        source.read_at(start, &mut payload)?;
        match Ixml::decode(&payload) {
            Ok(ixml) => self.ixml = Some(ixml),
            Err(fault) => self.note(WavProblem::BadIxml { fault }),
        }
        Ok(())
    }

    /// Where the chunk after the one with payload `start..start + size` begins. May be beyond the
    /// end of the file, if the chunk is.
    fn next_chunk<R: Read + Seek>(
        &mut self,
        source: &mut Source<'_, R>,
        id: [u8; 4],
        start: u64,
        size: u64,
    ) -> Result<u64, WavError> {
        let end = start.saturating_add(size);
        let padded = end.saturating_add(size % 2);
        let unpadded = padded != end
            && (end == source.length
                || (padded < source.length
                    && source.header_at(padded)?.is_none()
                    && source.header_at(end)?.is_some()));
        if unpadded {
            self.note(WavProblem::MissingPadding { chunk: name_of(id) });
            return Ok(end);
        }
        Ok(padded)
    }

    /// Keeps the first problem of each kind, lest a file of a million chunks fill the memory.
    fn note(&mut self, problem: WavProblem) {
        let kind = mem::discriminant(&problem);
        if !self.problems.iter().any(|noted| mem::discriminant(noted) == kind) {
            self.problems.push(problem);
        }
    }
}

/// The name of a chunk; headers are read as such only if their names are printable.
fn name_of(id: [u8; 4]) -> String {
    String::from_utf8_lossy(&id).trim_end().to_owned()
}

/// The content of the `fmt ` chunk.
struct Format {
    tag: u16,
    extensible: bool,
    sample: SampleFormat,
    channels: u16,
    sample_rate: u32,
}

impl Format {
    fn decode(fmt: &Payload<40>, path: &Path, problems: &mut Vec<WavProblem>) -> Result<Self, WavError> {
        let bad = |fault: String| WavError::BadFormat { path: path.to_owned(), fault };
        let unsupported = |found: String| WavError::Unsupported { path: path.to_owned(), found };

        if fmt.length < 16 {
            return Err(bad(format!("only {} of its 16 bytes", fmt.length)));
        }
        let stated_tag = fmt.u16_at(0);
        let channels = fmt.u16_at(2);
        let sample_rate = fmt.u32_at(4);
        let block_align = fmt.u16_at(12);
        let bits = fmt.u16_at(14);

        let extensible = stated_tag == TAG_EXTENSIBLE;
        let tag = if !extensible {
            stated_tag
        } else if fmt.length < 40 {
            return Err(bad(format!("only {} of its 40 bytes", fmt.length)));
        } else if fmt.array_at(26) == SUBFORMAT_TAIL {
            fmt.u16_at(24)
        } else {
            return Err(unsupported("audio of an unknown sub-format".to_owned()));
        };

        let sample = match (tag, bits) {
            (TAG_PCM, 16) => SampleFormat::Int16,
            (TAG_PCM, 24) => SampleFormat::Int24,
            (TAG_PCM, 32) => SampleFormat::Int32,
            (TAG_FLOAT, 32) => SampleFormat::Float32,
            (TAG_FLOAT, 64) => SampleFormat::Float64,
            (TAG_PCM, _) => return Err(unsupported(format!("{bits}-bit PCM"))),
            (TAG_FLOAT, _) => return Err(unsupported(format!("{bits}-bit float"))),
            _ => return Err(unsupported(describe_tag(tag))),
        };
        if channels == 0 {
            return Err(bad("0 channels".to_owned()));
        }
        if sample_rate == 0 {
            return Err(bad("a sample rate of 0 Hz".to_owned()));
        }
        if block_align == 0 {
            return Err(bad("0 bytes per frame".to_owned()));
        }

        let format = Self { tag, extensible, sample, channels, sample_rate };
        let expected = format.frame_bytes();
        if u32::from(block_align) != expected {
            // A whole, larger number of bytes per sample means samples within larger containers.
            // Read as packed they would be noise at full level, so here guessing is too dangerous.
            if u32::from(block_align) > expected && block_align.is_multiple_of(channels) {
                let width = block_align / channels;
                return Err(unsupported(format!("{bits}-bit samples in {width} bytes each")));
            }
            problems.push(WavProblem::BlockAlign { stated: block_align, expected });
        }
        if extensible && fmt.u16_at(18) != bits {
            problems.push(WavProblem::ValidBits { valid: fmt.u16_at(18), stored: bits });
        }
        Ok(format)
    }

    fn frame_bytes(&self) -> u32 {
        u32::from(self.channels) * u32::from(self.sample.bits() / 8)
    }
}

/// What audio of an unreadable format tag is.
fn describe_tag(tag: u16) -> String {
    let name = match tag {
        0x0002 | 0x0011 => "ADPCM",
        0x0006 => "A-law",
        0x0007 => "µ-law",
        0x0050 => "MPEG",
        0x0055 => "MP3",
        0x0092 => "AC-3",
        _ => return format!("audio of the unknown format 0x{tag:04X}"),
    };
    format!("{name} audio")
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::{Cursor, Write};

    use proptest::prelude::*;

    use super::super::BextLoudness;
    use super::super::scratch::Scratch;
    use super::*;

    /// The payload of a plain `fmt ` chunk.
    fn fmt(tag: u16, channels: u16, sample_rate: u32, bits: u16) -> Vec<u8> {
        let align = channels * (bits / 8);
        let mut payload = Vec::new();
        payload.extend(tag.to_le_bytes());
        payload.extend(channels.to_le_bytes());
        payload.extend(sample_rate.to_le_bytes());
        payload.extend((sample_rate * u32::from(align)).to_le_bytes());
        payload.extend(align.to_le_bytes());
        payload.extend(bits.to_le_bytes());
        payload
    }

    fn extensible(channels: u16, bits: u16, valid: u16, guid: &[u8]) -> Vec<u8> {
        let mut payload = fmt(0xFFFE, channels, 48_000, bits);
        payload.extend(22_u16.to_le_bytes());
        payload.extend(valid.to_le_bytes());
        payload.extend([0; 4]);
        payload.extend(guid);
        payload
    }

    const PCM_GUID: &[u8] = b"\x01\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71";
    const FLOAT_GUID: &[u8] = b"\x03\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71";

    fn chunk(id: &[u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut bytes = id.to_vec();
        bytes.extend((payload.len() as u32).to_le_bytes());
        bytes.extend(payload);
        if payload.len() % 2 == 1 {
            bytes.push(0);
        }
        bytes
    }

    fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut body = b"WAVE".to_vec();
        body.extend(chunks.concat());
        chunk(b"RIFF", &body)
    }

    fn mono_16(audio: &[u8]) -> Vec<u8> {
        riff(&[chunk(b"fmt ", &fmt(1, 1, 48_000, 16)), chunk(b"data", audio)])
    }

    fn bext_payload(time_reference: u64) -> Vec<u8> {
        let mut payload = vec![0; 602];
        payload[..11].copy_from_slice(b"Scene 1\0old");
        payload[256..261].copy_from_slice(b"Maker");
        payload[288..291].copy_from_slice(b"R-7");
        payload[320..338].copy_from_slice(b"2024-02-2912:34:56");
        payload[338..346].copy_from_slice(&time_reference.to_le_bytes());
        payload[346] = 1;
        payload
    }

    fn open(bytes: &[u8]) -> Result<WavReader<Cursor<Vec<u8>>>, WavError> {
        WavReader::new(Cursor::new(bytes.to_vec()), Path::new("input.wav"))
    }

    fn read_all<R: Read + Seek>(reader: &mut WavReader<R>) -> Vec<f64> {
        let channels = usize::from(reader.facts().channels);
        let mut buffer = vec![0.0; 7 * channels];
        let mut samples = Vec::new();
        loop {
            let frames = reader.read(&mut buffer).unwrap();
            if frames == 0 {
                return samples;
            }
            samples.extend(&buffer[..frames * channels]);
        }
    }

    fn refusal(bytes: &[u8]) -> String {
        open(bytes).unwrap_err().to_string()
    }

    fn problems(bytes: &[u8]) -> Vec<WavProblem> {
        open(bytes).unwrap().facts().problems.clone()
    }

    fn written_by_hound<S: hound::Sample + Copy>(
        channels: u16,
        bits_per_sample: u16,
        sample_format: hound::SampleFormat,
        samples: &[S],
    ) -> WavReader {
        let scratch = Scratch::new();
        let path = scratch.path("hound.wav");
        let spec = hound::WavSpec { channels, sample_rate: 48_000, bits_per_sample, sample_format };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for &sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        WavReader::open(&path).unwrap()
    }

    #[test]
    fn reads_what_hound_writes_in_16_bits() {
        let samples = [0_i16, 1, -1, 16_384, i16::MIN, i16::MAX];
        let mut reader = written_by_hound(2, 16, hound::SampleFormat::Int, &samples);
        let facts = reader.facts();
        assert_eq!(facts.container, Container::Riff);
        assert_eq!((facts.format_tag, facts.extensible), (1, false));
        assert_eq!(facts.sample_format, SampleFormat::Int16);
        assert_eq!((facts.channels, facts.sample_rate, facts.frames), (2, 48_000, 3));
        assert_eq!(facts.bext, None);
        assert_eq!(facts.time_reference(), None);
        assert_eq!(facts.problems, []);
        assert_eq!(read_all(&mut reader), [0.0, 1.0 / 32768.0, -1.0 / 32768.0, 0.5, -1.0, 32767.0 / 32768.0]);
    }

    #[test]
    fn reads_what_hound_writes_in_24_bits_extensible() {
        let samples = [4_204_263_i32, -4_204_263, 8_388_607, -8_388_608, 1, -1];
        let mut reader = written_by_hound(1, 24, hound::SampleFormat::Int, &samples);
        let facts = reader.facts();
        assert_eq!((facts.format_tag, facts.extensible), (1, true));
        assert_eq!(facts.sample_format, SampleFormat::Int24);
        assert_eq!(facts.problems, []);
        let expected: Vec<_> = samples.iter().map(|&s| f64::from(s) / 8_388_608.0).collect();
        assert_eq!(read_all(&mut reader), expected);
    }

    #[test]
    fn reads_what_hound_writes_in_32_bits_and_six_channels() {
        let samples = [i32::MIN, i32::MAX, 0, 1, -1, 1 << 30];
        let mut reader = written_by_hound(6, 32, hound::SampleFormat::Int, &samples);
        assert_eq!(reader.facts().sample_format, SampleFormat::Int32);
        assert_eq!((reader.facts().channels, reader.facts().frames), (6, 1));
        let unit = 1.0 / 2_147_483_648.0;
        assert_eq!(read_all(&mut reader), [-1.0, 1.0 - unit, 0.0, unit, -unit, 0.5]);
    }

    #[test]
    fn reads_what_hound_writes_as_float() {
        let samples = [0.1_f32, -1.5, f32::MIN_POSITIVE, f32::INFINITY];
        let mut reader = written_by_hound(2, 32, hound::SampleFormat::Float, &samples);
        let facts = reader.facts();
        assert_eq!((facts.format_tag, facts.extensible), (3, true));
        assert_eq!(facts.sample_format, SampleFormat::Float32);
        assert_eq!(read_all(&mut reader), samples.map(f64::from));
    }

    #[test]
    fn reads_64_bit_float_plain_and_extensible() {
        let audio = [0.1_f64, -2.0, f64::NAN].map(f64::to_le_bytes).concat();
        for fmt in [fmt(3, 1, 96_000, 64), extensible(1, 64, 64, FLOAT_GUID)] {
            let mut reader = open(&riff(&[chunk(b"fmt ", &fmt), chunk(b"data", &audio)])).unwrap();
            assert_eq!(reader.facts().sample_format, SampleFormat::Float64);
            assert_eq!(reader.facts().problems, []);
            let samples = read_all(&mut reader);
            assert_eq!(samples[..2], [0.1, -2.0]);
            assert!(samples[2].is_nan());
        }
    }

    #[test]
    fn blocks_larger_than_the_buffer_join_seamlessly() {
        let audio: Vec<u8> = (0..60_000_i32).flat_map(|n| n.to_le_bytes().into_iter().take(3)).collect();
        let bytes = riff(&[chunk(b"fmt ", &fmt(1, 3, 48_000, 24)), chunk(b"data", &audio)]);
        let mut reader = open(&bytes).unwrap();
        let mut out = vec![0.0; 60_000];
        assert_eq!(reader.read(&mut out[..30]).unwrap(), 10);
        assert_eq!(reader.read(&mut out[30..]).unwrap(), 19_990);
        assert_eq!(reader.read(&mut [0.0; 3]).unwrap(), 0);
        for (n, sample) in out.iter().enumerate() {
            assert_eq!(*sample, n as f64 / 8_388_608.0);
        }
    }

    #[test]
    fn a_buffer_of_broken_frames_is_refused() {
        let bytes = riff(&[chunk(b"fmt ", &fmt(1, 2, 48_000, 16)), chunk(b"data", &[0; 8])]);
        let mut reader = open(&bytes).unwrap();
        let error = reader.read(&mut [0.0; 3]).unwrap_err();
        assert!(matches!(error, WavError::Buffer { samples: 3, channels: 2, .. }));
        assert_eq!(reader.read(&mut []).unwrap(), 0);
        assert_eq!(reader.read(&mut [0.0; 6]).unwrap(), 2);
    }

    #[test]
    fn finds_chunks_before_and_after_the_audio() {
        let bytes = riff(&[
            chunk(b"LIST", b"odd"),
            chunk(b"fmt ", &fmt(1, 1, 48_000, 24)),
            chunk(b"data", &[1, 0, 0]),
            chunk(b"iXML", b"<BWFXML><PROJECT>P</PROJECT></BWFXML>"),
            chunk(b"bext", &bext_payload(172_972_800)),
        ]);
        let mut reader = open(&bytes).unwrap();
        let facts = reader.facts();
        assert_eq!(facts.problems, []);
        assert_eq!(facts.ixml, Some(Ixml { project: Some("P".to_owned()), ..Ixml::default() }));
        assert_eq!(facts.time_reference(), Some(172_972_800));
        assert_eq!(
            facts.bext,
            Some(Bext {
                version: 1,
                description: "Scene 1".to_owned(),
                originator: "Maker".to_owned(),
                originator_reference: "R-7".to_owned(),
                origination_date: "2024-02-29".to_owned(),
                origination_time: "12:34:56".to_owned(),
                time_reference: 172_972_800,
                loudness: BextLoudness::default(),
            })
        );
        assert_eq!(read_all(&mut reader), [1.0 / 8_388_608.0]);
    }

    #[test]
    fn a_time_reference_may_exceed_32_bits() {
        let bytes = riff(&[
            chunk(b"bext", &bext_payload(0x0001_0000_0002)),
            chunk(b"fmt ", &fmt(1, 1, 192_000, 16)),
            chunk(b"data", &[]),
        ]);
        let reader = open(&bytes).unwrap();
        assert_eq!(reader.facts().time_reference(), Some(4_294_967_298));
    }

    #[test]
    fn tolerates_a_missing_padding_byte() {
        let mut list = chunk(b"LIST", b"odd");
        list.pop();
        let mut bytes = riff(&[list, chunk(b"fmt ", &fmt(1, 1, 48_000, 16)), chunk(b"data", &[0, 64])]);
        bytes.pop(); // The padding of the whole.
        let mut reader = open(&bytes).unwrap();
        assert_eq!(reader.facts().problems, [WavProblem::MissingPadding { chunk: "LIST".to_owned() }]);
        assert_eq!(read_all(&mut reader), [0.5]);

        let mut at_the_end = riff(&[chunk(b"fmt ", &fmt(1, 1, 48_000, 24)), chunk(b"data", &[0, 0, 64])]);
        at_the_end.pop();
        at_the_end[4] -= 1;
        assert_eq!(problems(&at_the_end), [WavProblem::MissingPadding { chunk: "data".to_owned() }]);
    }

    #[test]
    fn a_wrong_riff_size_is_a_problem() {
        let mut bytes = mono_16(&[0; 4]);
        bytes[4] += 2;
        assert_eq!(problems(&bytes), [WavProblem::RiffSize { stated: 42, actual: 40 }]);
    }

    #[test]
    fn truncated_audio_is_delivered_as_far_as_it_goes() {
        let mut bytes = mono_16(&[0, 64, 0, 192, 0, 32, 0, 0]);
        bytes.truncate(44 + 5);
        let mut reader = open(&bytes).unwrap();
        assert_eq!(reader.facts().frames, 2);
        assert_eq!(reader.facts().problems, [WavProblem::TruncatedData { stated: 4, present: 2 }]);
        assert_eq!(
            reader.facts().problems[0].to_string(),
            "the file is cut short: 2 of 4 frames are missing"
        );
        assert_eq!(read_all(&mut reader), [0.5, -0.5]);
    }

    #[test]
    fn a_ragged_last_frame_is_left_out() {
        let bytes = riff(&[chunk(b"fmt ", &fmt(1, 2, 48_000, 16)), chunk(b"data", &[0; 10])]);
        let reader = open(&bytes).unwrap();
        assert_eq!(reader.facts().frames, 2);
        assert_eq!(reader.facts().problems, [WavProblem::RaggedFrame { bytes: 2 }]);
    }

    #[test]
    fn an_unfinished_recording_is_read_to_its_end() {
        for size in [0, u32::MAX] {
            let mut bytes = mono_16(&[0, 64, 0, 192]);
            bytes[4..8].copy_from_slice(&size.to_le_bytes());
            bytes[40..44].copy_from_slice(&size.to_le_bytes());
            let mut reader = open(&bytes).unwrap();
            assert_eq!(reader.facts().problems, [WavProblem::UnfinishedData]);
            assert_eq!(reader.facts().frames, 2);
            assert_eq!(read_all(&mut reader), [0.5, -0.5]);
        }
    }

    #[test]
    fn a_file_without_audio_is_not_an_unfinished_recording() {
        let format = chunk(b"fmt ", &fmt(1, 1, 48_000, 16));
        let empty = chunk(b"data", &[]);
        let last = riff(&[format.clone(), empty.clone()]);
        let followed = riff(&[format, empty, chunk(b"bext", &bext_payload(5))]);
        for bytes in [last, followed] {
            let reader = open(&bytes).unwrap();
            assert_eq!(reader.facts().frames, 0);
            assert_eq!(reader.facts().problems, []);
        }
    }

    #[test]
    fn trailing_bytes_are_a_problem() {
        let mut bytes = mono_16(&[0; 4]);
        bytes.extend([0; 5]);
        assert_eq!(problems(&bytes), [WavProblem::TrailingBytes { at: 48, bytes: 5 }]);
        // An ID3v1 tag reads like the header of a chunk which the file does not hold.
        let mut bytes = mono_16(&[0; 4]);
        bytes.extend(b"TAGSome title of a song");
        assert_eq!(problems(&bytes), [WavProblem::TrailingBytes { at: 48, bytes: 23 }]);
    }

    #[test]
    fn second_chunks_are_ignored_and_noted_once() {
        let audio = chunk(b"data", &[0, 64]);
        let format = chunk(b"fmt ", &fmt(1, 1, 48_000, 16));
        let bytes = riff(&[format, audio.clone(), audio.clone(), audio]);
        let mut reader = open(&bytes).unwrap();
        assert_eq!(reader.facts().problems, [WavProblem::Duplicate { chunk: "data".to_owned() }]);
        assert_eq!(read_all(&mut reader), [0.5]);
    }

    #[test]
    fn a_short_bext_is_ignored() {
        let bytes =
            riff(&[chunk(b"bext", &[0; 600]), chunk(b"fmt ", &fmt(1, 1, 48_000, 16)), chunk(b"data", &[])]);
        let reader = open(&bytes).unwrap();
        assert_eq!(reader.facts().bext, None);
        assert_eq!(reader.facts().problems, [WavProblem::ShortBext { bytes: 600 }]);
    }

    #[test]
    fn an_unreadable_ixml_is_ignored() {
        let with = |ixml: &[u8]| {
            riff(&[
                chunk(b"iXML", ixml),
                chunk(b"fmt ", &fmt(1, 1, 48_000, 16)),
                chunk(b"iXML", b"<BWFXML/>"),
                chunk(b"data", &[0, 64]),
            ])
        };
        for (ixml, fault) in [
            (&b"<BWFXML><SPEED></BWFXML>"[..], "is not well-formed XML"),
            (b"<LOUDNESS/>", "has another root than BWFXML"),
            (&vec![b' '; (1 << 20) + 1], "is larger than 1 MiB"),
        ] {
            let bytes = with(ixml);
            let mut reader = open(&bytes).unwrap();
            let [problem] = &reader.facts().problems[..] else { panic!("{:?}", reader.facts()) };
            assert!(problem.to_string().contains(fault), "{problem}");
            assert_eq!(reader.facts().ixml, Some(Ixml::default()), "the next one counts");
            assert_eq!(read_all(&mut reader), [0.5]);
        }
    }

    #[test]
    fn seeks_to_any_frame() {
        let audio: Vec<u8> = (0..20u8).flat_map(|n| [0, n, 0, n + 100]).collect();
        let bytes = riff(&[chunk(b"fmt ", &fmt(1, 2, 48_000, 16)), chunk(b"data", &audio)]);
        let mut reader = open(&bytes).unwrap();
        let all = read_all(&mut reader);
        for frame in [0, 7, 19, 3, 20, 5] {
            reader.seek(frame).unwrap();
            assert_eq!(read_all(&mut reader), all[2 * frame as usize..], "{frame}");
        }
        reader.seek(u64::MAX).unwrap();
        assert_eq!(reader.read(&mut [0.0; 2]).unwrap(), 0);
    }

    #[test]
    fn an_inconsistent_format_is_a_problem() {
        let mut format = fmt(1, 2, 48_000, 16);
        format[12] = 2;
        let bytes = riff(&[chunk(b"fmt ", &format), chunk(b"data", &[0; 8])]);
        assert_eq!(problems(&bytes), [WavProblem::BlockAlign { stated: 2, expected: 4 }]);
        assert_eq!(open(&bytes).unwrap().facts().frames, 2);

        let format = extensible(1, 24, 20, PCM_GUID);
        let bytes = riff(&[chunk(b"fmt ", &format), chunk(b"data", &[])]);
        assert_eq!(problems(&bytes), [WavProblem::ValidBits { valid: 20, stored: 24 }]);
    }

    #[test]
    fn unreadable_formats_are_refused_by_name() {
        let with = |format: &[u8]| riff(&[chunk(b"fmt ", format), chunk(b"data", &[0; 8])]);
        let unpacked = {
            let mut format = fmt(1, 2, 48_000, 24);
            format[12] = 8;
            format
        };
        let ambisonic = b"\x01\0\0\0\x21\x07\xD3\x11\x86\x44\xC8\xC1\xCA\0\0\0";
        for (format, found) in [
            (fmt(1, 1, 48_000, 8), "8-bit PCM"),
            (fmt(1, 1, 48_000, 20), "20-bit PCM"),
            (fmt(3, 1, 48_000, 16), "16-bit float"),
            (fmt(6, 1, 8_000, 8), "A-law audio"),
            (fmt(0x55, 1, 48_000, 16), "MP3 audio"),
            (fmt(0x1234, 1, 48_000, 16), "unknown format 0x1234"),
            (unpacked, "24-bit samples in 4 bytes each"),
            (extensible(1, 16, 16, ambisonic), "unknown sub-format"),
        ] {
            let message = refusal(&with(&format));
            assert!(message.contains(found), "{message}");
            assert!(message.contains("input.wav"), "{message}");
            assert!(message.contains("export 16-, 24- or 32-bit PCM"), "{message}");
        }
    }

    #[test]
    fn impossible_formats_are_refused() {
        let with = |format: &[u8]| riff(&[chunk(b"fmt ", format), chunk(b"data", &[0; 8])]);
        let without = |range: std::ops::Range<usize>| {
            let mut format = fmt(1, 1, 48_000, 16);
            format[range].fill(0);
            format
        };
        for (format, fault) in [
            (without(2..4), "0 channels"),
            (without(4..8), "a sample rate of 0 Hz"),
            (without(12..14), "0 bytes per frame"),
            (fmt(1, 1, 48_000, 16)[..14].to_vec(), "only 14 of its 16"),
            (fmt(0xFFFE, 1, 48_000, 16), "only 16 of its 40"),
        ] {
            let message = refusal(&with(&format));
            assert!(message.contains(fault), "{message}");
        }
    }

    #[test]
    fn missing_chunks_are_named() {
        let no_format = riff(&[chunk(b"data", &[0; 4])]);
        assert!(refusal(&no_format).contains("`fmt`"));
        let no_data = riff(&[chunk(b"fmt ", &fmt(1, 1, 48_000, 16))]);
        assert!(refusal(&no_data).contains("`data`"));
        assert!(refusal(b"RIFF\x04\0\0\0WAVE").contains("`fmt`"));
    }

    #[test]
    fn other_files_are_named() {
        for (bytes, name) in [
            (&b""[..], "an empty file"),
            (b"RIFX\0\0\0\x04WAVE", "RIFX"),
            (b"FORM\0\0\0\x04AIFF", "AIFF"),
            (b"fLaC\0\0\0\x22\0\0\0\0", "FLAC"),
            (b"OggS\0\x02\0\0\0\0\0\0", "Ogg"),
            (b"ID3\x04\0\0\0\0\0\0\0\0", "MP3"),
            (b"\xFF\xFB\x90\x64\0\0\0\0\0\0\0\0", "MP3"),
            (b"\0\0\0\x20ftypM4A ", "MP4"),
            (b"RIFF\x04\0\0\0AVI ", "RIFF file without audio"),
            (b"RIFF", "RIFF file without audio"),
            (b"plain text", "another kind"),
        ] {
            let message = refusal(bytes);
            assert!(message.contains(name), "{message}");
            assert!(message.contains("not a WAV file"), "{message}");
        }
    }

    #[test]
    fn missing_files_and_directories_are_refused() {
        let scratch = Scratch::new();
        let missing = WavReader::open(&scratch.path("none.wav")).unwrap_err();
        assert!(matches!(missing, WavError::Open { .. }));
        assert!(missing.to_string().contains("none.wav"), "{missing}");
        let directory = WavReader::open(&scratch.path("")).unwrap_err();
        assert!(directory.to_string().contains("a directory"), "{directory}");
    }

    fn ds64(riff: u64, data: u64, frames: u64, table: &[([u8; 4], u64)]) -> Vec<u8> {
        let mut payload = [riff, data, frames].map(u64::to_le_bytes).concat();
        payload.extend((table.len() as u32).to_le_bytes());
        for (id, size) in table {
            payload.extend(id);
            payload.extend(size.to_le_bytes());
        }
        chunk(b"ds64", &payload)
    }

    /// A small 64-bit file with `data` and `axml` sizes in `ds64`.
    fn rf64(form: &[u8; 4]) -> Vec<u8> {
        let mut data = chunk(b"data", &[0, 64, 0, 192]);
        data[4..8].fill(0xFF);
        let mut axml = chunk(b"axml", b"<a/>");
        axml[4..8].fill(0xFF);
        let mut bytes = form.to_vec();
        bytes.extend(b"\xFF\xFF\xFF\xFFWAVE");
        let body =
            [chunk(b"fmt ", &fmt(1, 1, 48_000, 16)), axml, data, chunk(b"bext", &bext_payload(9))].concat();
        let sizes = ds64(4 + 48 + body.len() as u64, 4, 2, &[(*b"axml", 4)]);
        assert_eq!(sizes.len(), 48);
        bytes.extend(sizes);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn reads_rf64_and_bw64() {
        for (form, container) in [(b"RF64", Container::Rf64), (b"BW64", Container::Bw64)] {
            let mut reader = open(&rf64(form)).unwrap();
            assert_eq!(reader.facts().container, container);
            assert_eq!(reader.facts().problems, []);
            assert_eq!(reader.facts().time_reference(), Some(9));
            assert_eq!(read_all(&mut reader), [0.5, -0.5]);
        }
    }

    #[test]
    fn rf64_without_ds64_is_read_to_its_end() {
        let mut bytes = mono_16(&[0, 64]);
        bytes[..8].copy_from_slice(b"RF64\xFF\xFF\xFF\xFF");
        bytes[40..44].fill(0xFF);
        let mut reader = open(&bytes).unwrap();
        assert_eq!(reader.facts().problems, [WavProblem::MissingDs64, WavProblem::UnfinishedData]);
        assert_eq!(read_all(&mut reader), [0.5]);
    }

    #[test]
    fn huge_stated_sizes_are_only_believed_as_far_as_the_file_goes() {
        let mut bytes = rf64(b"RF64");
        bytes[28..36].copy_from_slice(&(u64::MAX - 1).to_le_bytes());
        let reader = open(&bytes).unwrap();
        assert!(reader.facts().frames < 400);
        assert!(reader.facts().problems.iter().any(|problem| matches!(
            problem,
            WavProblem::TruncatedData { stated: 0x7FFF_FFFF_FFFF_FFFF, .. }
        )));
    }

    #[test]
    fn reads_beyond_4_gib() {
        const AUDIO: u64 = 5 << 30;
        let scratch = Scratch::new();
        let path = scratch.path("large.wav");
        let mut header = b"RF64\xFF\xFF\xFF\xFFWAVE".to_vec();
        let total = 12 + 36 + 24 + 8 + AUDIO + 8 + 602;
        header.extend(ds64(total - 8, AUDIO, AUDIO / 4, &[]));
        header.extend(chunk(b"fmt ", &fmt(1, 2, 48_000, 16)));
        header.extend(b"data\xFF\xFF\xFF\xFF");
        header.extend([0, 64, 0, 192]);
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path).unwrap();
        file.write_all(&header).unwrap();
        // The rest of the audio is a hole, and takes no space on the disk.
        file.seek(SeekFrom::Start(total - 610)).unwrap();
        file.write_all(&chunk(b"bext", &bext_payload(77))).unwrap();

        let mut reader = WavReader::open(&path).unwrap();
        assert_eq!(reader.facts().frames, 1_342_177_280);
        assert_eq!(reader.facts().problems, []);
        assert_eq!(reader.facts().time_reference(), Some(77));
        let mut out = [1.0; 4];
        assert_eq!(reader.read(&mut out).unwrap(), 2);
        assert_eq!(out, [0.5, -0.5, 0.0, 0.0]);
    }

    /// Small files of every kind, to be damaged.
    fn sound_files() -> Vec<Vec<u8>> {
        vec![
            mono_16(&[1; 40]),
            rf64(b"BW64"),
            riff(&[
                chunk(b"bext", &bext_payload(3)),
                chunk(b"fmt ", &extensible(2, 24, 24, PCM_GUID)),
                chunk(b"data", &[7; 61]),
                chunk(b"iXML", b"<a/>"),
            ]),
            riff(&[
                chunk(b"LIST", b"odd"),
                chunk(b"fmt ", &fmt(3, 1, 48_000, 64)),
                chunk(b"data", &[0x7F; 64]),
            ]),
        ]
    }

    proptest! {
        #[test]
        fn damaged_files_never_panic_nor_yield_more_than_they_hold(
            which in 0..4_usize,
            damage in proptest::collection::vec(
                (any::<prop::sample::Index>(), prop_oneof![Just(0), Just(0xFF), any::<u8>()]),
                0..12,
            ),
            length in any::<prop::sample::Index>(),
            truncated in any::<bool>(),
        ) {
            let mut bytes = sound_files().swap_remove(which);
            for (index, value) in damage {
                *index.get_mut(&mut bytes) = value;
            }
            if truncated {
                bytes.truncate(length.index(bytes.len()));
            }
            match open(&bytes) {
                Ok(mut reader) => {
                    let width = u64::from(reader.facts().sample_format.bits() / 8);
                    let channels = u64::from(reader.facts().channels);
                    let frames = reader.facts().frames;
                    prop_assert!(frames * channels * width <= bytes.len() as u64);
                    let samples = read_all(&mut reader).len() as u64;
                    prop_assert_eq!(samples, frames * channels);
                }
                Err(error) => prop_assert!(error.to_string().contains("input.wav")),
            }
        }
    }
}
