//! Picture rates, timecode, and their exact conversion to samples.
//!
//! A picture frame is seldom a whole number of samples (1601.6 at 29.97 and 48 kHz). Every
//! conversion here starts from the exact rational position and rounds once, in
//! [`FrameRate::samples`], so positions never drift and lengths agree with positions.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A picture rate in frames per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameRate {
    /// 24000/1001, written `23.976`.
    Fps23_976,
    /// 24.
    Fps24,
    /// 25.
    Fps25,
    /// 30000/1001, written `29.97`.
    Fps29_97,
    /// 30.
    Fps30,
    /// 50.
    Fps50,
    /// 60000/1001, written `59.94`.
    Fps59_94,
    /// 60.
    Fps60,
}

/// A text which names no [`FrameRate`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not a picture rate; use one of 23.976, 24, 25, 29.97, 30, 50, 59.94 or 60 frames per second"
)]
pub struct FrameRateError {
    /// The text as given.
    pub text: String,
}

impl FrameRate {
    /// Every rate, slowest first.
    pub const ALL: [FrameRate; 8] = [
        FrameRate::Fps23_976,
        FrameRate::Fps24,
        FrameRate::Fps25,
        FrameRate::Fps29_97,
        FrameRate::Fps30,
        FrameRate::Fps50,
        FrameRate::Fps59_94,
        FrameRate::Fps60,
    ];

    /// The name, the nominal rate, and whether the true rate is 1000/1001 of the nominal one.
    const fn facts(self) -> (&'static str, u32, bool) {
        match self {
            FrameRate::Fps23_976 => ("23.976", 24, true),
            FrameRate::Fps24 => ("24", 24, false),
            FrameRate::Fps25 => ("25", 25, false),
            FrameRate::Fps29_97 => ("29.97", 30, true),
            FrameRate::Fps30 => ("30", 30, false),
            FrameRate::Fps50 => ("50", 50, false),
            FrameRate::Fps59_94 => ("59.94", 60, true),
            FrameRate::Fps60 => ("60", 60, false),
        }
    }

    /// The frames which timecode counts in each labelled second: 24 at 23.976, 30 at 29.97.
    pub const fn nominal_fps(self) -> u32 {
        self.facts().1
    }

    /// Numerator of the exact rate in frames per second: 24000 at 23.976, 24 at 24.
    pub const fn numerator(self) -> u32 {
        let (_, nominal, slowed) = self.facts();
        if slowed { nominal * 1000 } else { nominal }
    }

    /// Denominator of the exact rate: 1001 at 23.976, 29.97 and 59.94, otherwise 1.
    pub const fn denominator(self) -> u32 {
        if self.facts().2 { 1001 } else { 1 }
    }

    /// How long `frames` frames of picture last at `sample_rate` Hz, in samples.
    ///
    /// Exact for every input; a result beyond `u64::MAX` saturates there.
    pub fn samples(self, frames: u64, sample_rate: u32) -> PictureLength {
        let product = u128::from(frames) * u128::from(self.denominator()) * u128::from(sample_rate);
        let numerator = u128::from(self.numerator());
        PictureLength {
            shortest: saturate(product / numerator),
            nearest: saturate((2 * product + numerator) / (2 * numerator)),
            longest: saturate(product.div_ceil(numerator)),
        }
    }

    /// Whether drop-frame timecode exists at this rate.
    pub const fn has_drop_frame(self) -> bool {
        self.dropped_labels().is_some()
    }

    /// The labels which drop-frame timecode leaves out of a minute (SMPTE ST 12-1: two at 29.97;
    /// four at twice that rate), or `None` where drop-frame does not exist.
    const fn dropped_labels(self) -> Option<u64> {
        match self {
            FrameRate::Fps29_97 => Some(2),
            FrameRate::Fps59_94 => Some(4),
            _ => None,
        }
    }
}

fn saturate(samples: u128) -> u64 {
    u64::try_from(samples).unwrap_or(u64::MAX)
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.facts().0)
    }
}

impl FromStr for FrameRate {
    type Err = FrameRateError;

    /// Reads the name of a rate exactly as [`Display`](fmt::Display) writes it.
    fn from_str(text: &str) -> Result<Self, FrameRateError> {
        Self::ALL
            .into_iter()
            .find(|rate| rate.facts().0 == text)
            .ok_or_else(|| FrameRateError { text: text.to_owned() })
    }
}

/// The length of a picture in samples. The three counts are equal when the exact length is a
/// whole number of samples; otherwise `shortest` and `longest` are its two neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureLength {
    /// The exact length rounded down: the shortest count that still is this picture's length.
    pub shortest: u64,
    /// The exact length rounded to nearest, half up: the count a bounce should have.
    pub nearest: u64,
    /// The exact length rounded up: the longest count that still is this picture's length.
    pub longest: u64,
}

impl PictureLength {
    /// Whether a file of `samples` samples per channel is exactly as long as the picture.
    pub fn contains(self, samples: u64) -> bool {
        (self.shortest..=self.longest).contains(&samples)
    }
}

/// What is wrong with a timecode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimecodeError {
    /// The text has not the form of a timecode.
    #[error("{text:?} is not a timecode; write HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame, two digits each")]
    Form {
        /// The text as given.
        text: String,
    },
    /// A field is beyond its range.
    #[error("the {field} of timecode {text:?} must be between 00 and {last:02}")]
    Range {
        /// The text as given.
        text: String,
        /// "hours", "minutes", "seconds" or "frames".
        field: &'static str,
        /// The last valid value of that field.
        last: u32,
    },
    /// The label is one of those which drop-frame counting leaves out.
    #[error(
        "timecode {text:?} does not exist: drop-frame at {rate} leaves out ;00 to ;{last:02} at the start of every minute but each tenth; use ;{next:02} or the non-drop form with ':'",
        next = last + 1
    )]
    Dropped {
        /// The text as given.
        text: String,
        /// The rate.
        rate: FrameRate,
        /// The last label left out: 1 at 29.97, 3 at 59.94.
        last: u64,
    },
    /// Drop-frame was asked for at a rate which has none.
    #[error("drop-frame timecode exists only at 29.97 and 59.94, not at {rate}; write ':' before the frames")]
    NoDropFrame {
        /// The rate.
        rate: FrameRate,
    },
    /// A sample position was given at a sample rate of 0 Hz.
    #[error("a sample position at 0 Hz has no timecode; give the sample rate of the file")]
    NoSampleRate,
}

/// A timecode label: a frame of the 24-hour day at a given rate (SMPTE ST 12-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timecode {
    frames: u64,
    rate: FrameRate,
    drop_frame: bool,
}

impl Timecode {
    /// Reads `HH:MM:SS:FF`, or `HH:MM:SS;FF` for drop-frame, from 00:00:00:00 to the last frame
    /// of hour 23.
    ///
    /// # Errors
    ///
    /// [`TimecodeError`] if the text has another form, a field is out of its range, the rate has
    /// no drop-frame, or drop-frame leaves the label out.
    pub fn parse(text: &str, rate: FrameRate) -> Result<Self, TimecodeError> {
        let (fields, drop_frame) =
            split_label(text).ok_or_else(|| TimecodeError::Form { text: text.to_owned() })?;
        let dropped = dropped_labels(rate, drop_frame)?;

        let nominal = rate.nominal_fps();
        let limits = [("hours", 23), ("minutes", 59), ("seconds", 59), ("frames", nominal - 1)];
        for (value, (field, last)) in fields.into_iter().zip(limits) {
            if value > u64::from(last) {
                return Err(TimecodeError::Range { text: text.to_owned(), field, last });
            }
        }

        let [hours, minutes, seconds, frames] = fields;
        if seconds == 0 && minutes % 10 != 0 && frames < dropped {
            return Err(TimecodeError::Dropped { text: text.to_owned(), rate, last: dropped - 1 });
        }
        let minutes = hours * 60 + minutes;
        let labels = (minutes * 60 + seconds) * u64::from(nominal) + frames;
        Ok(Self { frames: labels - dropped * (minutes - minutes / 10), rate, drop_frame })
    }

    /// The label of the frame `frames` after 00:00:00:00, wrapping at 24 hours.
    ///
    /// # Errors
    ///
    /// [`TimecodeError::NoDropFrame`] if the rate has no drop-frame.
    pub fn from_frames(frames: u64, rate: FrameRate, drop_frame: bool) -> Result<Self, TimecodeError> {
        let dropped = dropped_labels(rate, drop_frame)?;
        Ok(Self { frames: frames % (24 * 6 * frames_per_ten_minutes(rate, dropped)), rate, drop_frame })
    }

    /// The frame which contains the sample `sample` (counted from 00:00:00:00, as in the bext
    /// time reference), wrapping at 24 hours: the last frame whose [`start_sample`] is not after
    /// it.
    ///
    /// # Errors
    ///
    /// [`TimecodeError::NoDropFrame`] if the rate has no drop-frame,
    /// [`TimecodeError::NoSampleRate`] if `sample_rate` is 0 Hz.
    ///
    /// [`start_sample`]: Self::start_sample
    pub fn at_sample(
        sample: u64,
        sample_rate: u32,
        rate: FrameRate,
        drop_frame: bool,
    ) -> Result<Self, TimecodeError> {
        if sample_rate == 0 {
            return Err(TimecodeError::NoSampleRate);
        }
        // Frame f starts at its exact position rounded half up, hence not after `sample` exactly
        // when f * denominator * sample_rate / numerator < sample + 1/2; the last such f is one
        // less than the bound rounded up.
        let twice_position = (2 * u128::from(sample) + 1) * u128::from(rate.numerator());
        let twice_frame = 2 * u128::from(rate.denominator()) * u128::from(sample_rate);
        let frames = twice_position.div_ceil(twice_frame) - 1;
        // A rate below one sample a frame may exceed u64 here, far beyond any day.
        Self::from_frames(saturate(frames), rate, drop_frame)
    }

    /// Frames since 00:00:00:00.
    pub fn frames(self) -> u64 {
        self.frames
    }

    /// Whether the label is counted in drop-frame.
    pub fn drop_frame(self) -> bool {
        self.drop_frame
    }

    /// The picture rate.
    pub fn rate(self) -> FrameRate {
        self.rate
    }

    /// The first sample of this frame, counted from 00:00:00:00 at `sample_rate` Hz.
    ///
    /// The exact position rounded to nearest: never more than half a sample from the picture,
    /// and the same conversion as [`FrameRate::samples`], so that the samples between two labels
    /// always are an acceptable [`PictureLength`] of the frames between them.
    pub fn start_sample(self, sample_rate: u32) -> u64 {
        self.rate.samples(self.frames, sample_rate).nearest
    }
}

impl fmt::Display for Timecode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nominal = u64::from(self.rate.nominal_fps());
        let dropped = if self.drop_frame { self.rate.dropped_labels().unwrap_or(0) } else { 0 };
        let ten_minutes = frames_per_ten_minutes(self.rate, dropped);
        let one_minute = 60 * nominal - dropped;
        // The first of ten minutes is whole, the other nine are each `dropped` frames shorter.
        let within = self.frames % ten_minutes;
        let short_minutes = within.saturating_sub(dropped) / one_minute;
        let skipped = dropped * (self.frames / ten_minutes * 9 + short_minutes);

        let labels = self.frames + skipped;
        let seconds = labels / nominal;
        write!(
            f,
            "{:02}:{:02}:{:02}{}{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            if self.drop_frame { ';' } else { ':' },
            labels % nominal,
        )
    }
}

/// A length of picture, or a time since midnight: in frames, or in samples where a sound track tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// As many frames as the label is after 00:00:00:00.
    Frames(Timecode),
    /// Samples of a sound track.
    Samples {
        /// How many.
        count: u64,
        /// Their rate, at least 1 Hz.
        sample_rate: u32,
    },
}

impl Extent {
    /// In samples at `sample_rate` Hz, which need not be that of the sound track. A result beyond
    /// `u64::MAX` saturates there.
    pub fn samples(self, sample_rate: u32) -> PictureLength {
        match self {
            Extent::Frames(timecode) => timecode.rate.samples(timecode.frames, sample_rate),
            Extent::Samples { count, sample_rate: own } => {
                let (product, own) = (u128::from(count) * u128::from(sample_rate), u128::from(own.max(1)));
                PictureLength {
                    shortest: saturate(product / own),
                    nearest: saturate((2 * product + own) / (2 * own)),
                    longest: saturate(product.div_ceil(own)),
                }
            }
        }
    }

    /// The label, if it is in frames.
    pub fn timecode(self) -> Option<Timecode> {
        match self {
            Extent::Frames(timecode) => Some(timecode),
            Extent::Samples { .. } => None,
        }
    }
}

impl From<Timecode> for Extent {
    fn from(timecode: Timecode) -> Self {
        Extent::Frames(timecode)
    }
}

impl fmt::Display for Extent {
    /// "01:00:00:00 at 24", or "48000 samples at 48000 Hz".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Frames(timecode) => write!(f, "{timecode} at {}", timecode.rate),
            Extent::Samples { count, sample_rate } => {
                write!(f, "{} at {sample_rate} Hz", plural(&count.to_string(), "sample"))
            }
        }
    }
}

/// Hours, minutes, seconds and frames of a label, and whether it is written as drop-frame.
fn split_label(text: &str) -> Option<([u64; 4], bool)> {
    let &[h1, h2, b':', m1, m2, b':', s1, s2, mark, f1, f2] = text.as_bytes() else {
        return None;
    };
    let drop_frame = match mark {
        b':' => false,
        b';' => true,
        _ => return None,
    };
    let digits = [h1, h2, m1, m2, s1, s2, f1, f2];
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let field = |tens: u8, units: u8| u64::from(tens - b'0') * 10 + u64::from(units - b'0');
    let fields = [field(h1, h2), field(m1, m2), field(s1, s2), field(f1, f2)];
    Some((fields, drop_frame))
}

/// The labels left out of each short minute; 0 without drop-frame.
fn dropped_labels(rate: FrameRate, drop_frame: bool) -> Result<u64, TimecodeError> {
    if drop_frame { rate.dropped_labels().ok_or(TimecodeError::NoDropFrame { rate }) } else { Ok(0) }
}

fn frames_per_ten_minutes(rate: FrameRate, dropped: u64) -> u64 {
    600 * u64::from(rate.nominal_fps()) - 9 * dropped
}

/// A difference of `samples` samples as a reader of messages wants it: "1 frame (2002 samples)"
/// up to a second, "3.5 s (168000 samples)" from there on. Frames are rounded to hundredths,
/// seconds to thousandths; the count of samples is exact. A `sample_rate` of 0 Hz gives the count
/// alone.
pub fn describe_samples(samples: u64, rate: FrameRate, sample_rate: u32) -> String {
    let count = plural(&samples.to_string(), "sample");
    if sample_rate == 0 {
        return count;
    }
    let seconds = u128::from(sample_rate);
    let frames = seconds * u128::from(rate.denominator());
    let of_frames = u128::from(samples) * u128::from(rate.numerator());
    let hundredths = (200 * of_frames + frames) / (2 * frames);
    let length = if samples >= u64::from(sample_rate) {
        let thousandths = (2000 * u128::from(samples) + seconds) / (2 * seconds);
        format!("{} s", decimal(thousandths, 3))
    } else if hundredths >= 100 {
        plural(&decimal(hundredths, 2), "frame")
    } else {
        "less than 1 frame".to_owned()
    };
    format!("{length} ({count})")
}

fn plural(count: &str, unit: &str) -> String {
    let ending = if count == "1" { "" } else { "s" };
    format!("{count} {unit}{ending}")
}

/// `value` / 10^`places` without trailing zeros.
fn decimal(value: u128, places: usize) -> String {
    let digits = format!("{value:0width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str, rate: FrameRate) -> Timecode {
        Timecode::parse(text, rate).unwrap()
    }

    #[test]
    fn rates_have_their_names_and_exact_fractions() {
        let known = [
            ("23.976", 24000, 1001, 24),
            ("24", 24, 1, 24),
            ("25", 25, 1, 25),
            ("29.97", 30000, 1001, 30),
            ("30", 30, 1, 30),
            ("50", 50, 1, 50),
            ("59.94", 60000, 1001, 60),
            ("60", 60, 1, 60),
        ];
        assert_eq!(known.len(), FrameRate::ALL.len());
        for (name, numerator, denominator, nominal) in known {
            let rate: FrameRate = name.parse().unwrap();
            assert_eq!(rate.numerator(), numerator, "{name}");
            assert_eq!(rate.denominator(), denominator, "{name}");
            assert_eq!(rate.nominal_fps(), nominal, "{name}");
            assert_eq!(rate.to_string(), name);
        }
    }

    #[test]
    fn an_unknown_rate_lists_the_known_ones() {
        for text in ["23.98", "", " 24", "24.0", "120"] {
            let message = text.parse::<FrameRate>().unwrap_err().to_string();
            assert!(message.contains("23.976, 24, 25, 29.97, 30, 50, 59.94 or 60"), "{message}");
            assert!(message.contains(&format!("{text:?}")), "{message}");
        }
    }

    #[test]
    fn samples_of_known_pictures() {
        let whole = |n| PictureLength { shortest: n, nearest: n, longest: n };
        assert_eq!(FrameRate::Fps23_976.samples(1, 48_000), whole(2002));
        assert_eq!(FrameRate::Fps24.samples(720, 48_000), whole(1_440_000));
        assert_eq!(FrameRate::Fps23_976.samples(86_400, 48_000), whole(172_972_800));
        assert_eq!(FrameRate::Fps25.samples(1, 44_100), whole(1764));
        assert_eq!(FrameRate::Fps29_97.samples(5, 48_000), whole(8008));
        let one = FrameRate::Fps29_97.samples(1, 48_000); // 1601.6
        assert_eq!((one.shortest, one.nearest, one.longest), (1601, 1602, 1602));
        let two = FrameRate::Fps29_97.samples(2, 48_000); // 3203.2
        assert_eq!((two.shortest, two.nearest, two.longest), (3203, 3203, 3204));
        // 44100 / 24 = 1837.5 rounds half up.
        assert_eq!(FrameRate::Fps24.samples(1, 44_100).nearest, 1838);
        assert!(one.contains(1601) && one.contains(1602));
        assert!(!one.contains(1600) && !one.contains(1603));
    }

    #[test]
    fn samples_saturate() {
        let length = FrameRate::Fps23_976.samples(u64::MAX, u32::MAX);
        assert_eq!(length.shortest, u64::MAX);
        assert_eq!(length.nearest, u64::MAX);
        assert_eq!(length.longest, u64::MAX);
        assert_eq!(FrameRate::Fps60.samples(u64::MAX, 0).longest, 0);
    }

    #[test]
    fn drop_frame_counts_as_smpte_says() {
        use FrameRate::{Fps29_97, Fps59_94};
        for (text, rate, frames) in [
            ("00:00:59;29", Fps29_97, 1799),
            ("00:01:00;02", Fps29_97, 1800),
            ("00:09:59;29", Fps29_97, 17_981),
            ("00:10:00;00", Fps29_97, 17_982),
            ("00:10:59;29", Fps29_97, 19_781),
            ("00:11:00;02", Fps29_97, 19_782),
            ("01:00:00;00", Fps29_97, 107_892),
            ("10:00:00;00", Fps29_97, 1_078_920),
            ("23:59:59;29", Fps29_97, 2_589_407),
            ("00:01:00;04", Fps59_94, 3600),
            ("00:10:00;00", Fps59_94, 35_964),
            ("01:00:00;00", Fps59_94, 215_784),
            ("23:59:59;59", Fps59_94, 5_178_815),
        ] {
            let timecode = parse(text, rate);
            assert_eq!(timecode.frames(), frames, "{text}");
            assert!(timecode.drop_frame());
            let back = Timecode::from_frames(frames, rate, true).unwrap();
            assert_eq!(back.to_string(), text);
        }
    }

    #[test]
    fn non_drop_counts_every_label() {
        use FrameRate::{Fps23_976, Fps24, Fps25, Fps29_97, Fps60};
        for (text, rate, frames) in [
            ("00:00:30:00", Fps24, 720),
            ("01:00:00:00", Fps23_976, 86_400),
            ("00:01:00:00", Fps29_97, 1800),
            ("01:00:00:00", Fps29_97, 108_000),
            ("10:00:00:00", Fps25, 900_000),
            ("23:59:59:59", Fps60, 5_183_999),
        ] {
            let timecode = parse(text, rate);
            assert_eq!(timecode.frames(), frames, "{text}");
            assert!(!timecode.drop_frame());
            assert_eq!(timecode.rate(), rate);
            assert_eq!(timecode.to_string(), text);
        }
    }

    #[test]
    fn the_day_wraps() {
        let label = |frames, rate, drop| Timecode::from_frames(frames, rate, drop).unwrap().to_string();
        assert_eq!(label(2_589_408, FrameRate::Fps29_97, true), "00:00:00;00");
        assert_eq!(label(2_592_001, FrameRate::Fps30, false), "00:00:00:01");
        assert_eq!(label(2_073_600, FrameRate::Fps23_976, false), "00:00:00:00");
    }

    #[test]
    fn start_samples_of_known_labels() {
        let start = |text, rate| parse(text, rate).start_sample(48_000);
        assert_eq!(start("01:00:00:00", FrameRate::Fps23_976), 172_972_800);
        assert_eq!(start("01:00:00:00", FrameRate::Fps25), 172_800_000);
        assert_eq!(start("00:00:00:01", FrameRate::Fps29_97), 1602);
        // 107892 * 1601.6 = 172799827.2
        assert_eq!(start("01:00:00;00", FrameRate::Fps29_97), 172_799_827);
    }

    #[test]
    fn a_sample_lies_in_the_frame_that_starts_at_or_before_it() {
        let at = |sample| Timecode::at_sample(sample, 48_000, FrameRate::Fps29_97, false).unwrap().frames();
        assert_eq!((at(0), at(1601), at(1602)), (0, 0, 1));
        assert_eq!((at(3202), at(3203), at(8007), at(8008)), (1, 2, 4, 5));
        let hour = Timecode::at_sample(172_972_800, 48_000, FrameRate::Fps23_976, false).unwrap();
        assert_eq!(hour.to_string(), "01:00:00:00");
        assert_eq!(Timecode::at_sample(1, 0, FrameRate::Fps25, false), Err(TimecodeError::NoSampleRate));
    }

    #[test]
    fn extents_are_frames_or_samples() {
        let second = Extent::from(parse("00:00:01:00", FrameRate::Fps29_97));
        assert_eq!(second.samples(48_000), FrameRate::Fps29_97.samples(30, 48_000));
        assert_eq!(second.to_string(), "00:00:01:00 at 29.97");
        assert_eq!(second.timecode().map(Timecode::frames), Some(30));
        let guide = Extent::Samples { count: 44_101, sample_rate: 44_100 };
        // 48001.088 samples at 48 kHz.
        let length = guide.samples(48_000);
        assert_eq!((length.shortest, length.nearest, length.longest), (48_001, 48_001, 48_002));
        assert_eq!(guide.samples(44_100).longest, 44_101);
        assert_eq!((guide.to_string().as_str(), guide.timecode()), ("44101 samples at 44100 Hz", None));
        assert_eq!(Extent::Samples { count: u64::MAX, sample_rate: 1 }.samples(u32::MAX).nearest, u64::MAX);
    }

    #[test]
    fn malformed_labels_are_refused() {
        for text in [
            "",
            "1:00:00:00",
            "01:00:00",
            "01;00;00;00",
            "01:00:00.00",
            "01:00:00:0a",
            "+1:00:00:00",
            "01:00:00:00 ",
            "0\u{e9}:00:00:00",
            "001:00:00:00",
        ] {
            let error = Timecode::parse(text, FrameRate::Fps29_97).unwrap_err();
            assert!(matches!(error, TimecodeError::Form { .. }), "{text:?}");
        }
    }

    #[test]
    fn fields_out_of_range_name_field_and_limit() {
        for (text, rate, part) in [
            ("24:00:00:00", FrameRate::Fps24, "hours"),
            ("00:60:00:00", FrameRate::Fps24, "minutes"),
            ("00:00:60:00", FrameRate::Fps24, "seconds"),
            ("00:00:00:24", FrameRate::Fps23_976, "frames"),
            ("00:00:00;30", FrameRate::Fps29_97, "frames"),
        ] {
            let message = Timecode::parse(text, rate).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(
            Timecode::parse("00:00:00:25", FrameRate::Fps25).unwrap_err().to_string(),
            "the frames of timecode \"00:00:00:25\" must be between 00 and 24"
        );
        assert!(Timecode::parse("00:00:00:59", FrameRate::Fps60).is_ok());
    }

    #[test]
    fn dropped_labels_are_refused_and_said_to_be_dropped() {
        for (text, rate) in [
            ("00:01:00;00", FrameRate::Fps29_97),
            ("00:01:00;01", FrameRate::Fps29_97),
            ("12:59:00;01", FrameRate::Fps29_97),
            ("00:01:00;03", FrameRate::Fps59_94),
        ] {
            let error = Timecode::parse(text, rate).unwrap_err();
            assert!(matches!(error, TimecodeError::Dropped { .. }), "{text}");
        }
        let message = Timecode::parse("00:01:00;00", FrameRate::Fps29_97).unwrap_err().to_string();
        assert!(message.contains("does not exist"), "{message}");
        assert!(message.contains(";00 to ;01"), "{message}");
        assert!(message.contains("use ;02"), "{message}");
        assert!(Timecode::parse("00:20:00;00", FrameRate::Fps29_97).is_ok());
        assert!(Timecode::parse("00:01:01;00", FrameRate::Fps29_97).is_ok());
    }

    #[test]
    fn drop_frame_exists_only_at_29_97_and_59_94() {
        for rate in FrameRate::ALL {
            let allowed = matches!(rate, FrameRate::Fps29_97 | FrameRate::Fps59_94);
            assert_eq!(rate.has_drop_frame(), allowed);
            assert_eq!(Timecode::parse("00:00:00;00", rate).is_ok(), allowed);
            assert_eq!(Timecode::from_frames(0, rate, true).is_ok(), allowed);
            assert_eq!(Timecode::at_sample(0, 48_000, rate, true).is_ok(), allowed);
        }
    }

    #[test]
    fn differences_read_well() {
        let text = |samples, rate| describe_samples(samples, rate, 48_000);
        assert_eq!(text(2002, FrameRate::Fps23_976), "1 frame (2002 samples)");
        assert_eq!(text(5005, FrameRate::Fps23_976), "2.5 frames (5005 samples)");
        assert_eq!(text(168_000, FrameRate::Fps25), "3.5 s (168000 samples)");
        assert_eq!(text(48_000, FrameRate::Fps25), "1 s (48000 samples)");
        assert_eq!(text(48_048, FrameRate::Fps24), "1.001 s (48048 samples)");
        assert_eq!(text(1, FrameRate::Fps25), "less than 1 frame (1 sample)");
        // One frame at 29.97 is 1601.6 samples: either neighbour is one frame.
        assert_eq!(text(1601, FrameRate::Fps29_97), "1 frame (1601 samples)");
        assert_eq!(text(1602, FrameRate::Fps29_97), "1 frame (1602 samples)");
        assert_eq!(describe_samples(7, FrameRate::Fps24, 0), "7 samples");
        assert!(describe_samples(u64::MAX, FrameRate::Fps60, 1).contains(" s ("));
    }

    fn any_rate() -> impl Strategy<Value = FrameRate> {
        (0..FrameRate::ALL.len()).prop_map(|index| FrameRate::ALL[index])
    }

    proptest! {
        #[test]
        fn every_label_reads_back(frames in any::<u64>(), rate in any_rate(), drop in any::<bool>()) {
            let drop = drop && rate.has_drop_frame();
            let timecode = Timecode::from_frames(frames, rate, drop).unwrap();
            prop_assert_eq!(Timecode::parse(&timecode.to_string(), rate), Ok(timecode));
        }

        #[test]
        fn a_frame_runs_from_its_first_sample_to_the_next(
            frames in 0..5_183_000_u64,
            rate in any_rate(),
            sample_rate in 8_000..400_000_u32,
        ) {
            let timecode = Timecode::from_frames(frames, rate, false).unwrap();
            let start = timecode.start_sample(sample_rate);
            let end = rate.samples(timecode.frames() + 1, sample_rate).nearest;
            for sample in [start, end - 1] {
                prop_assert_eq!(Timecode::at_sample(sample, sample_rate, rate, false), Ok(timecode));
            }
        }

        #[test]
        fn samples_between_labels_are_the_length_between_them(
            from in 0..5_000_000_u64,
            length in 0..1_000_000_u64,
            rate in any_rate(),
            sample_rate in 1..400_000_u32,
        ) {
            let start = rate.samples(from, sample_rate).nearest;
            let end = rate.samples(from + length, sample_rate).nearest;
            prop_assert!(rate.samples(length, sample_rate).contains(end - start));
        }

        #[test]
        fn no_input_panics(
            text in "\\PC{0,14}",
            count in any::<u64>(),
            sample_rate in any::<u32>(),
            rate in any_rate(),
            drop in any::<bool>(),
        ) {
            let _ = Timecode::parse(&text, rate);
            let _ = Timecode::at_sample(count, sample_rate, rate, drop);
            let length = rate.samples(count, sample_rate);
            prop_assert!(length.shortest <= length.nearest && length.nearest <= length.longest);
            prop_assert!(!describe_samples(count, rate, sample_rate).is_empty());
        }
    }
}
