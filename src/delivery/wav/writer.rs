//! Writing Broadcast Wave files, which become RF64 when they outgrow RIFF.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

use super::{BextLoudness, TAG_FLOAT, TAG_PCM, WavError, bext, ixml};
use crate::delivery::new_file::NewFile;
use crate::delivery::timecode::FrameRate;

/// Where the placeholder for `ds64` is; EBU Tech 3306 wants it first.
const DS64_AT: u64 = 12;
/// Payload of a `ds64` chunk without a table, and of its placeholder.
const DS64_BYTES: u32 = 28;
/// The largest size a RIFF header can state: the next one means "see ds64".
const LARGEST_RIFF: u64 = u32::MAX as u64 - 1;

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BitDepth {
    /// 24-bit integer PCM, rounded by [`quantise_24`].
    Int24,
    /// 32-bit IEEE float, stored as given.
    Float32,
}

impl BitDepth {
    pub(super) const fn bits(self) -> u16 {
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
    /// Frame rate of the picture and whether its timecode is drop-frame, for the `iXML` chunk, which there
    /// is only if they are known.
    pub timecode: Option<(FrameRate, bool)>,
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
    // Next to 1.5 x 2^52 the numbers are whole, and adding rounds to the nearest, ties to even: unlike a call
    // for each sample, the compiler does that side by side.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let scaled = (f64::from(x) * 8_388_608.0).clamp(-8_388_608.0, 8_388_607.0);
    ((scaled + WHOLE) - WHOLE) as i32
}

/// A WAV file being written.
///
/// The samples go to a hidden temporary file beside the target, which takes the name of the
/// target only in [`finish`](Self::finish) and is removed if the writer is dropped before.
#[derive(Debug)]
pub struct WavWriter {
    new: NewFile,
    file: BufWriter<File>,
    channels: u16,
    depth: BitDepth,
    layout: Layout,
    loudness: BextLoudness,
    frames: u64,
    failed: bool,
    /// [`LARGEST_RIFF`], but small in tests.
    largest_riff: u64,
}

/// Where the header has what is known only at the end, in bytes from the start of the file.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// The loudness fields of the `bext` chunk.
    loudness: u64,
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
    /// [`WavError::Spec`] for numbers which a WAV header cannot hold, [`WavError::NewFile`] for a target that
    /// cannot be written.
    pub fn create(target: &Path, spec: WavSpec, overwrite: bool) -> Result<Self, WavError> {
        let (header, layout) =
            header(&spec).map_err(|fault| WavError::Spec { path: target.to_owned(), fault })?;
        let (new, file) = NewFile::create(target, overwrite)?;
        let mut writer = Self {
            new,
            file: BufWriter::with_capacity(1 << 16, file),
            channels: spec.channels,
            depth: spec.depth,
            layout,
            loudness: BextLoudness::default(),
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
    /// [`WavError::Buffer`] if the samples are not a whole number of frames, [`WavError::NewFile`]
    /// from the system, and [`WavError::Incomplete`] after such an error.
    pub fn write(&mut self, interleaved: &[f32]) -> Result<(), WavError> {
        self.check_complete()?;
        let channels = usize::from(self.channels);
        if !interleaved.len().is_multiple_of(channels) {
            return Err(WavError::Buffer {
                path: self.new.target().to_owned(),
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

    /// What the `bext` chunk is to say of the loudness; without this, that it is not known.
    pub fn set_loudness(&mut self, loudness: BextLoudness) {
        self.loudness = loudness;
    }

    /// Completes the header, brings the file to the disk, and gives it the name of the target, as
    /// [`NewFile::publish`] does.
    ///
    /// # Errors
    ///
    /// [`WavError::NewFile`] from the system or because the target came into being meanwhile, and
    /// [`WavError::Incomplete`] if an earlier write failed.
    pub fn finish(mut self) -> Result<(), WavError> {
        self.check_complete()?;
        self.complete_header().map_err(|cause| self.error(cause))?;
        Ok(self.new.publish(self.file.get_ref())?)
    }

    fn error(&self, cause: io::Error) -> WavError {
        self.new.error(cause).into()
    }

    fn check_complete(&self) -> Result<(), WavError> {
        if self.failed {
            return Err(WavError::Incomplete { path: self.new.target().to_owned() });
        }
        Ok(())
    }

    fn append(&mut self, samples: &[f32]) -> io::Result<()> {
        match self.depth {
            BitDepth::Int24 => self.append_as(samples, |sample| {
                let [low, middle, high, _] = quantise_24(sample).to_le_bytes();
                [low, middle, high]
            }),
            BitDepth::Float32 => self.append_as(samples, f32::to_le_bytes),
        }
    }

    fn append_as<const WIDTH: usize>(
        &mut self,
        samples: &[f32],
        store: impl Fn(f32) -> [u8; WIDTH],
    ) -> io::Result<()> {
        let mut bytes = [[0; WIDTH]; 1024];
        for samples in samples.chunks(bytes.len()) {
            for (bytes, &sample) in bytes.iter_mut().zip(samples) {
                *bytes = store(sample);
            }
            self.file.write_all(bytes[..samples.len()].as_flattened())?;
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
        self.file.seek(SeekFrom::Start(self.layout.loudness))?;
        self.file.write_all(&self.loudness.encode())?;
        self.file.flush()
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
    let loudness = (header.len() + 8 + bext::LOUDNESS) as u64;
    push_chunk(&mut header, b"bext", &bext::payload(spec));
    if let Some((rate, drop_frame)) = spec.timecode {
        push_chunk(&mut header, b"iXML", &ixml::payload(spec, rate, drop_frame));
    }
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
    Ok((header, Layout { loudness, fact, audio }))
}

/// Appends a small chunk of even size, which needs no padding byte.
fn push_chunk(header: &mut Vec<u8>, id: &[u8; 4], payload: &[u8]) {
    header.extend(id);
    header.extend((payload.len() as u32).to_le_bytes());
    header.extend(payload);
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::{Duration, UNIX_EPOCH};

    use proptest::prelude::*;

    use super::super::scratch::Scratch;
    use super::super::{Container, SampleFormat, WavReader};
    use super::*;
    use crate::delivery::new_file::NewFileError;

    fn spec(channels: u16, depth: BitDepth) -> WavSpec {
        WavSpec {
            channels,
            sample_rate: 48_000,
            depth,
            time_reference: 0x0001_0A4F_5B00,
            timecode: None,
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
    fn loudness_and_timecode_are_told_when_they_are_known() {
        let scratch = Scratch::new();
        let path = scratch.path("out.wav");
        let spec = WavSpec { timecode: Some((FrameRate::Fps23_976, false)), ..spec(1, BitDepth::Int24) };
        let mut writer = WavWriter::create(&path, spec, false).unwrap();
        writer.write(&[0.25; 5]).unwrap();
        let loudness = BextLoudness {
            integrated_lufs: Some(-23.0),
            range_lu: Some(7.25),
            max_true_peak_dbtp: Some(-6.01),
            max_momentary_lufs: Some(-18.5),
            max_short_term_lufs: None,
        };
        writer.set_loudness(loudness);
        writer.finish().unwrap();
        let bytes = fs::read(&path).unwrap();
        let fields = [-2300, 725, -601, -1850, 0x7FFF].map(i16::to_le_bytes);
        assert_eq!(bytes[56 + 412..56 + 422], *fields.as_flattened());
        let mut reader = WavReader::open(&path).unwrap();
        let facts = reader.facts().clone();
        assert_eq!(facts.problems, []);
        assert_eq!(facts.bext.unwrap().loudness, loudness);
        let ixml = facts.ixml.unwrap();
        assert_eq!((ixml.frame_rate, ixml.drop_frame), (Some(FrameRate::Fps23_976), Some(false)));
        assert_eq!(ixml.time_reference, Some(0x0001_0A4F_5B00));
        let mut read = [0.0; 5];
        assert_eq!((reader.read(&mut read).unwrap(), read), (5, [0.25; 5]));
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
        assert!(matches!(error, WavError::NewFile(NewFileError::Exists { .. })), "{error}");
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
        assert!(matches!(error, WavError::NewFile(NewFileError::Exists { .. })), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names_in(&scratch), ["out.wav"]);
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
        let temporary = scratch.path(&names_in(&scratch)[0]);
        writer.file = BufWriter::with_capacity(0, File::open(temporary).unwrap());
        let error = writer.write(&[0.0]).unwrap_err();
        assert!(matches!(error, WavError::NewFile(NewFileError::Write { .. })), "{error}");
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
        assert!(matches!(error, WavError::NewFile(NewFileError::NoDirectory { .. })), "{error}");
        assert!(error.to_string().contains("no directory"), "{error}");
        assert!(error.to_string().ends_with("missing; create it first"), "{error}");
        for path in [&scratch.path(""), Path::new(""), Path::new("/dev/null")] {
            let error = refuse(path);
            assert!(matches!(error, WavError::NewFile(NewFileError::NotAFile { .. })), "{error}");
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

    proptest! {
        #[test]
        fn quantising_is_within_half_a_step(x in -1.0_f32..0.999_999_9) {
            let error = f64::from(quantise_24(x)) - f64::from(x) * 8_388_608.0;
            prop_assert!(error.abs() <= 0.5);
        }
    }
}
