//! The `bext` chunk of Broadcast Wave: EBU Tech 3285, versions 0 to 2.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{BitDepth, WavSpec};

/// Where the fields start, in bytes from the start of the payload (section 2.3). Text fields end where the
/// next field starts.
const DESCRIPTION: usize = 0;
const ORIGINATOR: usize = 256;
const ORIGINATOR_REFERENCE: usize = 288;
const ORIGINATION_DATE: usize = 320;
const ORIGINATION_TIME: usize = 330;
const TIME_REFERENCE: usize = 338;
const VERSION: usize = 346;
const UMID: usize = 348;
pub const LOUDNESS: usize = 412;
const RESERVED: usize = 422;
/// Bytes of the fixed fields, in every version: the later ones use space that was reserved.
pub const FIXED: usize = 602;

/// A loudness field which is not in use (section 2.4).
const NOT_SET: i16 = 0x7FFF;
/// The largest number of hundredths in a loudness field (section 2.4).
const LARGEST: i16 = 9999;

/// The fields of a `bext` chunk which describe the file. Text is without its padding.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bext {
    /// Version of the chunk, 0 to 2.
    pub version: u16,
    /// What the recording is, up to 256 characters.
    pub description: String,
    /// Who made it, up to 32 characters.
    pub originator: String,
    /// The maker's reference, up to 32 characters.
    pub originator_reference: String,
    /// Date of creation, `yyyy-mm-dd` in a correct file.
    pub origination_date: String,
    /// Time of creation, `hh:mm:ss` in a correct file.
    pub origination_time: String,
    /// Samples between midnight and the first sample.
    pub time_reference: u64,
    /// Loudness as the file states it, from version 2 on.
    pub loudness: BextLoudness,
}

/// The loudness fields of a `bext` chunk; `None` where a field is not in use. The file keeps hundredths, up
/// to 99.99.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BextLoudness {
    /// Integrated loudness in LUFS.
    pub integrated_lufs: Option<f64>,
    /// Loudness range in LU.
    pub range_lu: Option<f64>,
    /// Highest true peak in dBTP.
    pub max_true_peak_dbtp: Option<f64>,
    /// Highest momentary loudness in LUFS.
    pub max_momentary_lufs: Option<f64>,
    /// Highest short-term loudness in LUFS.
    pub max_short_term_lufs: Option<f64>,
}

impl Bext {
    /// Reads the fixed fields.
    pub(super) fn decode(payload: &[u8; FIXED]) -> Self {
        let text = |from: usize, to: usize| {
            let field = payload[from..to].split(|&byte| byte == 0).next();
            String::from_utf8_lossy(field.unwrap_or_default()).trim_end().to_owned()
        };
        let version = u16::from_le_bytes(array(payload, VERSION));
        Self {
            version,
            description: text(DESCRIPTION, ORIGINATOR),
            originator: text(ORIGINATOR, ORIGINATOR_REFERENCE),
            originator_reference: text(ORIGINATOR_REFERENCE, ORIGINATION_DATE),
            origination_date: text(ORIGINATION_DATE, ORIGINATION_TIME),
            origination_time: text(ORIGINATION_TIME, TIME_REFERENCE),
            time_reference: u64::from_le_bytes(array(payload, TIME_REFERENCE)),
            // Reserved before version 2, and then seldom set to what would mean "not in use".
            loudness: match version {
                0 | 1 => BextLoudness::default(),
                _ => BextLoudness::decode(array(payload, LOUDNESS)),
            },
        }
    }
}

impl BextLoudness {
    /// The fields as they lie in the chunk: hundredths, halves away from zero. What is not finite is not set,
    /// what is beyond the range becomes its end.
    pub(super) fn encode(self) -> [u8; RESERVED - LOUDNESS] {
        let fields = [
            (self.integrated_lufs, -LARGEST),
            (self.range_lu, 0),
            (self.max_true_peak_dbtp, -LARGEST),
            (self.max_momentary_lufs, -LARGEST),
            (self.max_short_term_lufs, -LARGEST),
        ];
        let mut bytes = [0; RESERVED - LOUDNESS];
        for (bytes, (value, smallest)) in bytes.as_chunks_mut().0.iter_mut().zip(fields) {
            let hundredths = value.filter(|value| value.is_finite()).map_or(NOT_SET, |value| {
                (value * 100.0).round().clamp(f64::from(smallest), f64::from(LARGEST)) as i16
            });
            *bytes = hundredths.to_le_bytes();
        }
        bytes
    }

    fn decode(bytes: [u8; RESERVED - LOUDNESS]) -> Self {
        let field = |index: usize| {
            let hundredths = i16::from_le_bytes(array(&bytes, 2 * index));
            // Widened, because -32768 has no absolute value in 16 bits.
            (hundredths.unsigned_abs() <= LARGEST.unsigned_abs()).then(|| f64::from(hundredths) / 100.0)
        };
        Self {
            integrated_lufs: field(0),
            range_lu: field(1),
            max_true_peak_dbtp: field(2),
            max_momentary_lufs: field(3),
            max_short_term_lufs: field(4),
        }
    }
}

/// The bytes from `at` on, which the caller knows to be there.
fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|index| bytes[at + index])
}

/// The payload of a chunk of version 2. The UMID is zero, which means that there is none.
pub(super) fn payload(spec: &WavSpec) -> Vec<u8> {
    let mut fields = vec![0; FIXED];
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
    fields[LOUDNESS..RESERVED].copy_from_slice(&BextLoudness::default().encode());
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
pub fn utc_date_and_time(moment: SystemTime) -> (String, String) {
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

    use super::*;

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

    #[test]
    fn loudness_is_kept_in_hundredths_rounded_halves_away_from_zero() {
        // Section 2.4 has these three on its rounding, and 7FFF for a field which is not in use.
        for (value, stored) in [
            (Some(-22.644), -2264),
            (Some(-22.645), -2265),
            (Some(-22.646), -2265),
            (Some(22.645), 2265),
            (Some(0.004), 0),
            (Some(-6.0), -600),
            (Some(-120.0), -9999),
            (Some(300.0), 9999),
            (Some(f64::NEG_INFINITY), 0x7FFF),
            (Some(f64::NAN), 0x7FFF),
            (None, 0x7FFF),
        ] {
            let loudness = BextLoudness { integrated_lufs: value, ..BextLoudness::default() };
            let bytes = loudness.encode();
            assert_eq!(i16::from_le_bytes([bytes[0], bytes[1]]), stored, "{value:?}");
            assert_eq!(bytes[2..], [0xFF, 0x7F].repeat(4));
        }
        let range = BextLoudness { range_lu: Some(-0.3), ..BextLoudness::default() };
        assert_eq!(range.encode()[2..4], [0, 0], "a range is never negative");
    }

    #[test]
    fn loudness_is_read_from_version_2_on_and_where_it_can_be_one() {
        let mut payload = [0; FIXED];
        for (field, hundredths) in [-2310, 1234, -601, 0x7FFF, i16::MIN].into_iter().enumerate() {
            payload[LOUDNESS + 2 * field..][..2].copy_from_slice(&i16::to_le_bytes(hundredths));
        }
        for version in [0, 1] {
            payload[VERSION] = version;
            assert_eq!(Bext::decode(&payload).loudness, BextLoudness::default());
        }
        payload[VERSION] = 2;
        let expected = BextLoudness {
            integrated_lufs: Some(-23.1),
            range_lu: Some(12.34),
            max_true_peak_dbtp: Some(-6.01),
            max_momentary_lufs: None,
            max_short_term_lufs: None,
        };
        assert_eq!(Bext::decode(&payload).loudness, expected);
    }
}
