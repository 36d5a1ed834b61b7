//! Writing Broadcast Wave files, which become RF64 when they outgrow RIFF.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{TAG_FLOAT, TAG_PCM, WavError, bext_layout};

/// Where the placeholder for `ds64` is; EBU Tech 3306 wants it first.
const DS64_AT: u64 = 12;
/// Payload of a `ds64` chunk without a table, and of its placeholder.
const DS64_BYTES: u32 = 28;
/// The largest size a RIFF header can state: the next one means "see ds64".
const LARGEST_RIFF: u64 = u32::MAX as u64 - 1;
/// A loudness field of `bext` which is not in use (EBU Tech 3285, section 2.4).
const LOUDNESS_NOT_SET: u16 = 0x7FFF;

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitDepth {
    /// 24-bit integer PCM, rounded by [`quantise_24`].
    Int24,
    /// 32-bit IEEE float, stored as given.
    Float32,
}

impl BitDepth {
    const fn bits(self) -> u16 {
        match self {
            BitDepth::Int24 => 24,
            BitDepth::Float32 => 32,
        }
    }
}

/// The file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WavSpec {
    /// Interleaved channels, at least 1.
    pub channels: u16,
    /// Samples per second and channel, at least 1 Hz.
    pub sample_rate: u32,
    /// How samples are stored.
    pub depth: BitDepth,
    /// `bext` time reference: samples between midnight and the first sample.
    pub time_reference: u64,
    /// `bext` description: what the recording is. Here and in the reference, characters outside
    /// ASCII become `?`, and what exceeds the field (256 and 32 characters) is left out.
    pub description: String,
    /// `bext` originator reference: the maker's identifier of the file; may be empty.
    pub originator_reference: String,
    /// `bext` origination date and time, stored in UTC.
    pub created: SystemTime,
}

/// Rounds to a 24-bit integer: `x * 2^23` to nearest, ties to even, limited to
/// -8388608..=8388607. Restores every 24-bit integer exactly. NaN becomes 0.
pub fn quantise_24(x: f32) -> i32 {
    // In f64 the product is exact, and the cast turns NaN into 0.
    let scaled = f64::from(x) * 8_388_608.0;
    scaled.round_ties_even().clamp(-8_388_608.0, 8_388_607.0) as i32
}

/// A WAV file being written.
///
/// The samples go to a hidden temporary file beside the target, which takes the name of the
/// target only in [`finish`](Self::finish) and is removed if the writer is dropped before.
#[derive(Debug)]
pub struct WavWriter {
    target: PathBuf,
    temporary: PathBuf,
    overwrite: bool,
    file: BufWriter<File>,
    channels: u16,
    depth: BitDepth,
    layout: Layout,
    frames: u64,
    failed: bool,
    /// [`LARGEST_RIFF`], but small in tests.
    largest_riff: u64,
}

/// Where the header has what is known only at the end, in bytes from the start of the file.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// The frame count of the `fact` chunk, which only float has.
    fact: Option<u64>,
    /// The first byte of audio; the size of the `data` chunk is in the four bytes before.
    audio: u64,
}

impl WavWriter {
    /// Begins a file which [`finish`](Self::finish) will name `target`. With `overwrite`, it then
    /// replaces a file of that name, or a symbolic link itself rather than the file behind it.
    ///
    /// # Errors
    ///
    /// [`WavError::Spec`] for numbers which a WAV header cannot hold, [`WavError::NoDirectory`],
    /// [`WavError::NotAFile`] and [`WavError::Exists`] for a target that cannot be written, and
    /// [`WavError::Write`] from the system.
    pub fn create(target: &Path, spec: WavSpec, overwrite: bool) -> Result<Self, WavError> {
        let (header, layout) =
            header(&spec).map_err(|fault| WavError::Spec { path: target.to_owned(), fault })?;
        // To rename a file onto a device would replace the device.
        let special = target.metadata().is_ok_and(|existing| !existing.is_file());
        if target.file_name().is_none() || special {
            return Err(WavError::NotAFile { path: target.to_owned() });
        }
        let directory = directory_of(target);
        if !directory.is_dir() {
            return Err(WavError::NoDirectory { path: target.to_owned(), directory: directory.to_owned() });
        }
        // Asked again in `finish`, where it counts; here it saves the work.
        if !overwrite && target.symlink_metadata().is_ok() {
            return Err(WavError::Exists { path: target.to_owned() });
        }
        let (temporary, file) = create_temporary(directory)
            .map_err(|cause| WavError::Write { path: target.to_owned(), cause })?;
        let mut writer = Self {
            target: target.to_owned(),
            temporary,
            overwrite,
            file: BufWriter::with_capacity(1 << 16, file),
            channels: spec.channels,
            depth: spec.depth,
            layout,
            frames: 0,
            failed: false,
            largest_riff: LARGEST_RIFF,
        };
        writer.file.write_all(&header).map_err(|cause| writer.error(cause))?;
        Ok(writer)
    }

    /// Appends whole frames of interleaved samples, full scale being ±1.
    ///
    /// # Errors
    ///
    /// [`WavError::Buffer`] if the samples are not a whole number of frames, [`WavError::Write`]
    /// from the system, and [`WavError::Incomplete`] after such an error.
    pub fn write(&mut self, interleaved: &[f32]) -> Result<(), WavError> {
        self.check_complete()?;
        let channels = usize::from(self.channels);
        if !interleaved.len().is_multiple_of(channels) {
            return Err(WavError::Buffer {
                path: self.target.clone(),
                samples: interleaved.len(),
                channels: self.channels,
            });
        }
        self.append(interleaved).map_err(|cause| {
            self.failed = true;
            self.error(cause)
        })?;
        self.frames += (interleaved.len() / channels) as u64;
        Ok(())
    }

    /// Completes the header, brings the file to the disk, and gives it the name of the target.
    ///
    /// The target appears complete or not at all. Without `overwrite` an existing file is never
    /// replaced, even if it came into being meanwhile: the name is given by a hard link, which
    /// the system refuses where the name exists; on file systems without hard links (exFAT), an
    /// empty file first claims the name.
    ///
    /// # Errors
    ///
    /// [`WavError::Exists`] as said, [`WavError::Write`] from the system, and
    /// [`WavError::Incomplete`] if an earlier write failed.
    pub fn finish(mut self) -> Result<(), WavError> {
        self.check_complete()?;
        self.complete_header().map_err(|cause| self.error(cause))?;
        self.publish().map_err(|cause| {
            if !self.overwrite && cause.kind() == ErrorKind::AlreadyExists {
                WavError::Exists { path: self.target.clone() }
            } else {
                self.error(cause)
            }
        })
    }

    fn error(&self, cause: io::Error) -> WavError {
        WavError::Write { path: self.target.clone(), cause }
    }

    fn check_complete(&self) -> Result<(), WavError> {
        if self.failed {
            return Err(WavError::Incomplete { path: self.target.clone() });
        }
        Ok(())
    }

    fn append(&mut self, samples: &[f32]) -> io::Result<()> {
        match self.depth {
            BitDepth::Int24 => {
                for &sample in samples {
                    let [low, middle, high, _] = quantise_24(sample).to_le_bytes();
                    self.file.write_all(&[low, middle, high])?;
                }
            }
            BitDepth::Float32 => {
                for sample in samples {
                    self.file.write_all(&sample.to_le_bytes())?;
                }
            }
        }
        Ok(())
    }

    fn complete_header(&mut self) -> io::Result<()> {
        let frame_bytes = u64::from(self.channels) * u64::from(self.depth.bits() / 8);
        let audio_bytes = self.frames * frame_bytes;
        if audio_bytes % 2 == 1 {
            self.file.write_all(&[0])?;
        }
        let riff_bytes = self.layout.audio + audio_bytes + audio_bytes % 2 - 8;
        let in_ds64 = riff_bytes > self.largest_riff;
        let size_field = |size: u64| match u32::try_from(size) {
            Ok(size) if !in_ds64 => size.to_le_bytes(),
            _ => u32::MAX.to_le_bytes(),
        };

        // Flushes what is buffered before it seeks.
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(if in_ds64 { b"RF64" } else { b"RIFF" })?;
        self.file.write_all(&size_field(riff_bytes))?;
        if in_ds64 {
            self.file.seek(SeekFrom::Start(DS64_AT))?;
            self.file.write_all(b"ds64")?;
            self.file.write_all(&DS64_BYTES.to_le_bytes())?;
            for size in [riff_bytes, audio_bytes, self.frames] {
                self.file.write_all(&size.to_le_bytes())?;
            }
        }
        if let Some(fact) = self.layout.fact {
            self.file.seek(SeekFrom::Start(fact))?;
            self.file.write_all(&size_field(self.frames))?;
        }
        self.file.seek(SeekFrom::Start(self.layout.audio - 4))?;
        self.file.write_all(&size_field(audio_bytes))?;
        self.file.flush()?;
        self.file.get_ref().sync_all()
    }

    fn publish(&self) -> io::Result<()> {
        if self.overwrite {
            fs::rename(&self.temporary, &self.target)?;
        } else {
            match fs::hard_link(&self.temporary, &self.target) {
                Ok(()) => {} // Dropping the writer removes the temporary name.
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => return Err(cause),
                Err(_) => claim_and_rename(&self.temporary, &self.target)?,
            }
        }
        // Makes the new name survive a power cut. The file is safe by now, and some network file
        // systems cannot do this, so a failure is none.
        let _ = File::open(directory_of(&self.target)).and_then(|directory| directory.sync_all());
        Ok(())
    }
}

impl Drop for WavWriter {
    fn drop(&mut self) {
        // Fails after a rename, when there is nothing left to remove, and otherwise leaves
        // nothing that could be done about it.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Renames `from` to `to` unless `to` exists, on file systems without hard links.
fn claim_and_rename(from: &Path, to: &Path) -> io::Result<()> {
    File::create_new(to)?;
    fs::rename(from, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

/// The directory of a file, `.` for a bare name.
fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

/// Creates a hidden file of a new name, with the permissions which any new file gets.
fn create_temporary(directory: &Path) -> io::Result<(PathBuf, File)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".premix-{}-{count}.tmp", process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            // Left over from a killed process which had our id.
            Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
            Err(cause) => return Err(cause),
            Ok(file) => return Ok((path, file)),
        }
    }
}

/// The file up to its first sample, with sizes still 0, or what the spec has that WAV cannot.
fn header(spec: &WavSpec) -> Result<(Vec<u8>, Layout), String> {
    if spec.channels == 0 {
        return Err("0 channels".to_owned());
    }
    if spec.sample_rate == 0 {
        return Err("a sample rate of 0 Hz".to_owned());
    }
    let block_align = spec
        .channels
        .checked_mul(spec.depth.bits() / 8)
        .ok_or_else(|| format!("{} channels", spec.channels))?;
    let byte_rate = spec
        .sample_rate
        .checked_mul(u32::from(block_align))
        .ok_or_else(|| format!("{} channels at a sample rate of {} Hz", spec.channels, spec.sample_rate))?;
    let tag = match spec.depth {
        BitDepth::Int24 => TAG_PCM,
        BitDepth::Float32 => TAG_FLOAT,
    };

    let mut fmt = Vec::with_capacity(18);
    fmt.extend(tag.to_le_bytes());
    fmt.extend(spec.channels.to_le_bytes());
    fmt.extend(spec.sample_rate.to_le_bytes());
    fmt.extend(byte_rate.to_le_bytes());
    fmt.extend(block_align.to_le_bytes());
    fmt.extend(spec.depth.bits().to_le_bytes());

    let mut header = b"RIFF\0\0\0\0WAVE".to_vec();
    push_chunk(&mut header, b"JUNK", &[0; DS64_BYTES as usize]);
    push_chunk(&mut header, b"bext", &bext(spec));
    // Every format but PCM has the size of its extension, here 0, and a `fact` chunk.
    let fact = match spec.depth {
        BitDepth::Int24 => {
            push_chunk(&mut header, b"fmt ", &fmt);
            None
        }
        BitDepth::Float32 => {
            fmt.extend([0; 2]);
            push_chunk(&mut header, b"fmt ", &fmt);
            push_chunk(&mut header, b"fact", &[0; 4]);
            Some(header.len() as u64 - 4)
        }
    };
    push_chunk(&mut header, b"data", &[]);
    let audio = header.len() as u64;
    Ok((header, Layout { fact, audio }))
}

/// Appends a small chunk of even size, which needs no padding byte.
fn push_chunk(header: &mut Vec<u8>, id: &[u8; 4], payload: &[u8]) {
    header.extend(id);
    header.extend((payload.len() as u32).to_le_bytes());
    header.extend(payload);
}

/// The payload of the `bext` chunk, version 2 (EBU Tech 3285). The UMID is zero, which means that
/// there is none.
fn bext(spec: &WavSpec) -> Vec<u8> {
    use bext_layout::*;

    let mut fields = vec![0; CODING_HISTORY];
    let mut text = |from: usize, to: usize, value: &str| {
        for (byte, character) in fields[from..to].iter_mut().zip(value.chars()) {
            // NUL would end the text early.
            let storable = character.is_ascii() && character != '\0';
            *byte = if storable { character as u8 } else { b'?' };
        }
    };
    let (date, time) = utc_date_and_time(spec.created);
    text(DESCRIPTION, ORIGINATOR, &spec.description);
    text(ORIGINATOR, ORIGINATOR_REFERENCE, "Premix");
    text(ORIGINATOR_REFERENCE, ORIGINATION_DATE, &spec.originator_reference);
    text(ORIGINATION_DATE, ORIGINATION_TIME, &date);
    text(ORIGINATION_TIME, TIME_REFERENCE, &time);
    fields[TIME_REFERENCE..VERSION].copy_from_slice(&spec.time_reference.to_le_bytes());
    fields[VERSION..UMID].copy_from_slice(&2_u16.to_le_bytes());
    for value in fields[LOUDNESS..RESERVED].chunks_exact_mut(2) {
        value.copy_from_slice(&LOUDNESS_NOT_SET.to_le_bytes());
    }
    fields.extend(coding_history(spec).bytes());
    fields
}

/// One line of coding history (EBU R 98), whose free text may hold no comma. R 98 has words for
/// one and two channels only, and none for float. The line is of even length, because some
/// readers overlook the padding byte after an odd `bext` chunk.
fn coding_history(spec: &WavSpec) -> String {
    let mode = match spec.channels {
        1 => "M=mono,",
        2 => "M=stereo,",
        _ => "",
    };
    let float = match spec.depth {
        BitDepth::Int24 => "",
        BitDepth::Float32 => "; float",
    };
    let mut line = format!(
        "A=PCM,F={},W={},{mode}T=Premix {}{float}",
        spec.sample_rate,
        spec.depth.bits(),
        env!("CARGO_PKG_VERSION"),
    );
    if line.len() % 2 == 1 {
        line.push(' ');
    }
    line + "\r\n"
}

/// `yyyy-mm-dd` and `hh:mm:ss` of a moment in UTC, limited to the years 1970 to 9999.
fn utc_date_and_time(moment: SystemTime) -> (String, String) {
    const LAST_SECOND_OF_9999: u64 = 253_402_300_799;
    let seconds =
        moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()).min(LAST_SECOND_OF_9999);

    // The calendar repeats every 400 years of 146097 days. Years are counted from March 1, so
    // that the leap day comes last (Howard Hinnant, "chrono-compatible low-level date
    // algorithms"); 719468 days lie between 0000-03-01 and 1970-01-01.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);

    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    (format!("{year:04}-{month:02}-{day:02}"), format!("{hour:02}:{minute:02}:{second:02}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::scratch::Scratch;
    use super::super::{Container, SampleFormat, WavReader};
    use super::*;

    fn spec(channels: u16, depth: BitDepth) -> WavSpec {
        WavSpec {
            channels,
            sample_rate: 48_000,
            depth,
            time_reference: 0x0001_0A4F_5B00,
            description: "Reel 1 dialogue".to_owned(),
            originator_reference: "REF".to_owned(),
            created: UNIX_EPOCH + Duration::from_secs(1_709_210_096),
        }
    }

    fn write(path: &Path, spec: WavSpec, samples: &[f32]) {
        let mut writer = WavWriter::create(path, spec, false).unwrap();
        for block in samples.chunks(6) {
            writer.write(block).unwrap();
        }
        writer.finish().unwrap();
    }

    fn u32_at(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    fn u64_at(bytes: &[u8], at: usize) -> u64 {
        u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
    }

    fn names_in(scratch: &Scratch) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(scratch.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn quantising_restores_every_24_bit_integer() {
        for value in -8_388_608..=8_388_607 {
            let sample = (f64::from(value) / 8_388_608.0) as f32;
            assert_eq!(quantise_24(sample), value);
        }
    }

    #[test]
    fn quantising_rounds_ties_to_even_and_clamps() {
        let unit = 1.0 / 8_388_608.0;
        for (sample, value) in [
            (0.5 * unit, 0),
            (1.5 * unit, 2),
            (2.5 * unit, 2),
            (-0.5 * unit, 0),
            (-1.5 * unit, -2),
            (0.75 * unit, 1),
            (1.0, 8_388_607),
            (2.0, 8_388_607),
            (f32::INFINITY, 8_388_607),
            (-1.0, -8_388_608),
            (-3.0, -8_388_608),
            (f32::NEG_INFINITY, -8_388_608),
            (f32::NAN, 0),
            (-0.0, 0),
            (f32::MIN_POSITIVE, 0),
        ] {
            assert_eq!(quantise_24(sample), value, "{sample}");
        }
    }

    #[test]
    fn hound_reads_our_24_bits() {
        let values = [4_204_263, -4_204_263, 8_388_607, -8_388_608, 0, -1, 1, 2];
        let samples = values.map(|value| value as f32 / 8_388_608.0);
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        write(&path, spec(2, BitDepth::Int24), &samples);
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(
            reader.spec(),
            hound::WavSpec {
                channels: 2,
                sample_rate: 48_000,
                bits_per_sample: 24,
                sample_format: hound::SampleFormat::Int,
            }
        );
        let read: Vec<i32> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(read, values);
    }

    #[test]
    fn hound_reads_our_float() {
        let samples = [0.1, -1.5, f32::MIN_POSITIVE, 1.0, -0.0];
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        write(&path, spec(1, BitDepth::Float32), &samples);
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(reader.spec().sample_format, hound::SampleFormat::Float);
        let read: Vec<f32> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(read, samples);
        // The extension of the format is empty; the fact chunk counts the frames.
        let bytes = fs::read(&path).unwrap();
        let fact = bytes.windows(4).position(|id| id == b"fact").unwrap();
        assert_eq!(u32_at(&bytes, fact + 4), 4);
        assert_eq!(u32_at(&bytes, fact + 8), 5);
        assert_eq!(&bytes[fact - 2..fact], [0, 0]);
    }

    #[test]
    fn the_header_is_as_the_standards_have_it() {
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        write(&path, spec(1, BitDepth::Int24), &[-1.0; 3]);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(&bytes[..4], b"RIFF");
        assert_eq!(u32_at(&bytes, 4) as usize, bytes.len() - 8);
        assert_eq!(&bytes[8..16], b"WAVEJUNK");
        assert_eq!(u32_at(&bytes, 16), 28);
        assert_eq!(bytes[20..48], [0; 28]);

        assert_eq!(&bytes[48..52], b"bext");
        let bext = &bytes[56..56 + u32_at(&bytes, 52) as usize];
        assert_eq!(&bext[..16], b"Reel 1 dialogue\0");
        assert_eq!(&bext[256..263], b"Premix\0");
        assert_eq!(&bext[288..292], b"REF\0");
        assert_eq!(&bext[320..338], b"2024-02-2912:34:56");
        assert_eq!(bext[338..346], [0x00, 0x5B, 0x4F, 0x0A, 1, 0, 0, 0]);
        assert_eq!(bext[346..348], [2, 0]);
        assert_eq!(bext[348..412], [0; 64]);
        assert_eq!(bext[412..422], [0xFF, 0x7F].repeat(5));
        assert_eq!(bext[422..602], [0; 180]);
        let version = env!("CARGO_PKG_VERSION");
        let history = format!("A=PCM,F=48000,W=24,M=mono,T=Premix {version}");
        let line = std::str::from_utf8(&bext[602..]).unwrap();
        assert!(line.ends_with("\r\n"), "{line:?}");
        assert_eq!(line.trim_end(), history);
        assert_eq!(bext.len() % 2, 0);

        let rest = &bytes[56 + bext.len()..];
        assert_eq!(
            rest,
            b"fmt \x10\0\0\0\x01\0\x01\0\x80\xBB\0\0\x80\x32\x02\0\x03\0\x18\0\
              data\x09\0\0\0\0\0\x80\0\0\x80\0\0\x80\0"
        );
    }

    #[test]
    fn we_read_back_what_we_write() {
        let scratch = Scratch::new();
        for (channels, depth, format) in [
            (1, BitDepth::Int24, SampleFormat::Int24),
            (6, BitDepth::Int24, SampleFormat::Int24),
            (2, BitDepth::Float32, SampleFormat::Float32),
        ] {
            let path = scratch.path(format!("{channels}.wav"));
            let samples: Vec<f32> = (0..18_u8).map(|n| f32::from(n) / 32.0 - 0.25).collect();
            write(&path, spec(channels, depth), &samples);
            let mut reader = WavReader::open(&path).unwrap();
            let facts = reader.facts();
            assert_eq!(facts.container, Container::Riff);
            assert_eq!(facts.problems, []);
            assert_eq!((facts.channels, facts.sample_format), (channels, format));
            assert_eq!(facts.frames, 18 / u64::from(channels));
            let bext = facts.bext.as_ref().unwrap();
            assert_eq!(bext.version, 2);
            assert_eq!(bext.description, "Reel 1 dialogue");
            assert_eq!(bext.originator, "Premix");
            assert_eq!(bext.originator_reference, "REF");
            assert_eq!(bext.origination_date, "2024-02-29");
            assert_eq!(bext.origination_time, "12:34:56");
            assert_eq!(facts.time_reference(), Some(0x0001_0A4F_5B00));
            let mut read = [0.0; 18];
            assert_eq!(reader.read(&mut read).unwrap() as u64, reader.facts().frames);
            assert_eq!(read.to_vec(), samples.into_iter().map(f64::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn long_or_foreign_text_is_fitted_to_its_field() {
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        let spec = WavSpec { description: "é\0".to_owned() + &"x".repeat(300), ..spec(1, BitDepth::Int24) };
        write(&path, spec, &[]);
        let reader = WavReader::open(&path).unwrap();
        let bext = reader.facts().bext.as_ref().unwrap();
        assert_eq!(bext.description, "??".to_owned() + &"x".repeat(254));
        assert_eq!(bext.originator, "Premix");
    }

    /// Writes 9 bytes of audio and their padding byte with a limit given for the RIFF size.
    fn write_limited(path: &Path, limit: impl Fn(u64) -> u64) -> Vec<u8> {
        let mut writer = WavWriter::create(path, spec(1, BitDepth::Int24), false).unwrap();
        let riff_bytes = writer.layout.audio + 10 - 8;
        writer.largest_riff = limit(riff_bytes);
        writer.write(&[0.5, -0.5, 0.25]).unwrap();
        writer.finish().unwrap();
        fs::read(path).unwrap()
    }

    #[test]
    fn outgrown_riff_becomes_rf64() {
        let scratch = Scratch::new();
        let path = scratch.path("large.wav");
        let bytes = write_limited(&path, |size| size - 1);
        assert_eq!(&bytes[..16], b"RF64\xFF\xFF\xFF\xFFWAVEds64");
        assert_eq!(u32_at(&bytes, 16), 28);
        assert_eq!(u64_at(&bytes, 20), bytes.len() as u64 - 8);
        assert_eq!(u64_at(&bytes, 28), 9);
        assert_eq!(u64_at(&bytes, 36), 3);
        assert_eq!(u32_at(&bytes, 44), 0);
        assert_eq!(bytes[bytes.len() - 18..bytes.len() - 10], *b"data\xFF\xFF\xFF\xFF");

        let mut reader = WavReader::open(&path).unwrap();
        assert_eq!(reader.facts().container, Container::Rf64);
        assert_eq!(reader.facts().problems, []);
        let mut read = [0.0; 4];
        assert_eq!(reader.read(&mut read).unwrap(), 3);
        assert_eq!(read, [0.5, -0.5, 0.25, 0.0]);
    }

    #[test]
    fn riff_of_exactly_the_limit_stays_riff() {
        let scratch = Scratch::new();
        let bytes = write_limited(&scratch.path("small.wav"), |size| size);
        assert_eq!(&bytes[..4], b"RIFF");
        assert_eq!(&bytes[12..16], b"JUNK");
        assert_eq!(LARGEST_RIFF, 0xFFFF_FFFE);
    }

    #[test]
    fn an_existing_target_is_kept_unless_overwriting() {
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        fs::write(&path, "old").unwrap();
        let error = WavWriter::create(&path, spec(1, BitDepth::Int24), false).unwrap_err();
        assert!(matches!(error, WavError::Exists { .. }), "{error}");
        assert!(error.to_string().contains("out.wav already exists"), "{error}");

        let writer = WavWriter::create(&path, spec(1, BitDepth::Int24), true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        writer.finish().unwrap();
        assert_eq!(&fs::read(&path).unwrap()[..4], b"RIFF");
        assert_eq!(names_in(&scratch), ["out.wav"]);
    }

    #[test]
    fn a_target_which_appears_meanwhile_is_kept() {
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        let writer = WavWriter::create(&path, spec(1, BitDepth::Int24), false).unwrap();
        fs::write(&path, "new").unwrap();
        let error = writer.finish().unwrap_err();
        assert!(matches!(error, WavError::Exists { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names_in(&scratch), ["out.wav"]);
    }

    #[test]
    fn without_hard_links_a_target_is_claimed_before_the_rename() {
        let scratch = Scratch::new();
        let (from, to) = (scratch.path("from"), scratch.path("to"));
        fs::write(&from, "first").unwrap();
        claim_and_rename(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"first");
        fs::write(&from, "second").unwrap();
        let error = claim_and_rename(&from, &to).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"first");
        // A failed rename gives the claimed name back.
        fs::remove_file(&from).unwrap();
        fs::remove_file(&to).unwrap();
        assert!(claim_and_rename(&from, &to).is_err());
        assert_eq!(names_in(&scratch), [""; 0]);
    }

    #[test]
    fn a_dropped_writer_leaves_nothing() {
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        let mut writer = WavWriter::create(&path, spec(1, BitDepth::Float32), false).unwrap();
        writer.write(&[0.0; 100_000]).unwrap();
        assert_eq!(names_in(&scratch).len(), 1);
        assert!(names_in(&scratch)[0].starts_with(".premix-"));
        drop(writer);
        assert_eq!(names_in(&scratch), [""; 0]);
    }

    #[test]
    fn a_failed_write_cannot_be_finished() {
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        let mut writer = WavWriter::create(&path, spec(1, BitDepth::Int24), false).unwrap();
        // Opened for reading only, so that the system refuses to write.
        writer.file = BufWriter::with_capacity(0, File::open(&writer.temporary).unwrap());
        let error = writer.write(&[0.0]).unwrap_err();
        assert!(matches!(error, WavError::Write { .. }), "{error}");
        let error = writer.finish().unwrap_err();
        assert!(matches!(error, WavError::Incomplete { .. }), "{error}");
        assert_eq!(names_in(&scratch), [""; 0]);
    }

    #[test]
    fn permissions_are_those_of_any_new_file() {
        let scratch = Scratch::new();
        let (ours, plain) = (scratch.path("ours.wav"), scratch.path("plain"));
        write(&ours, spec(1, BitDepth::Int24), &[]);
        fs::write(&plain, "").unwrap();
        assert_eq!(fs::metadata(&ours).unwrap().permissions(), fs::metadata(&plain).unwrap().permissions());
    }

    #[test]
    fn impossible_targets_are_refused() {
        let scratch = Scratch::new();
        let refuse = |path: &Path| WavWriter::create(path, spec(1, BitDepth::Int24), true).unwrap_err();
        let error = refuse(&scratch.path("missing/out.wav"));
        assert!(matches!(error, WavError::NoDirectory { .. }), "{error}");
        assert!(error.to_string().contains("no directory"), "{error}");
        assert!(error.to_string().ends_with("missing; create it first"), "{error}");
        for path in [&scratch.path(""), Path::new(""), Path::new("/dev/null")] {
            let error = refuse(path);
            assert!(matches!(error, WavError::NotAFile { .. }), "{error}");
        }
    }

    #[test]
    fn impossible_formats_are_refused() {
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        for (channels, sample_rate) in [(0, 48_000), (1, 0), (30_000, 48_000), (21_845, 96_000)] {
            let spec = WavSpec { sample_rate, ..spec(channels, BitDepth::Int24) };
            let error = WavWriter::create(&path, spec, false).unwrap_err();
            assert!(matches!(error, WavError::Spec { .. }), "{error}");
        }
        assert_eq!(names_in(&scratch), [""; 0]);
        let mut writer = WavWriter::create(&path, spec(2, BitDepth::Int24), false).unwrap();
        let error = writer.write(&[0.0; 3]).unwrap_err();
        assert!(matches!(error, WavError::Buffer { samples: 3, .. }), "{error}");
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date, time) in [
            (0, "1970-01-01", "00:00:00"),
            (951_782_400, "2000-02-29", "00:00:00"),
            (1_709_210_096, "2024-02-29", "12:34:56"),
            (1_735_689_599, "2024-12-31", "23:59:59"),
            (4_107_542_400, "2100-03-01", "00:00:00"),
            (253_402_300_799, "9999-12-31", "23:59:59"),
            (253_402_300_800, "9999-12-31", "23:59:59"),
        ] {
            let moment = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(utc_date_and_time(moment), (date.to_owned(), time.to_owned()));
        }
        let before = UNIX_EPOCH - Duration::from_secs(5);
        assert_eq!(utc_date_and_time(before).0, "1970-01-01");
    }

    proptest! {
        #[test]
        fn quantising_is_within_half_a_step(x in -1.0_f32..0.999_999_9) {
            let error = f64::from(quantise_24(x)) - f64::from(x) * 8_388_608.0;
            prop_assert!(error.abs() <= 0.5);
        }
    }
}
