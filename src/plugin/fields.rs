//! What the user tells of the delivery, as it is typed and kept in the state, and what it means.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::compliance::premix::Picture;
use crate::delivery::timecode::{FrameRate, Timecode};

/// A field of the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    PackageId,
    Title,
    Language,
    Version,
    FrameRate,
    SessionStart,
    PictureStart,
    PictureLength,
}

impl Field {
    /// In the order in which the window shows them.
    pub const ALL: [Field; 8] = [
        Field::PackageId,
        Field::Title,
        Field::Language,
        Field::Version,
        Field::FrameRate,
        Field::SessionStart,
        Field::PictureStart,
        Field::PictureLength,
    ];

    /// What stands beside the field.
    pub fn name(self) -> &'static str {
        match self {
            Field::PackageId => "Package ID",
            Field::Title => "Title",
            Field::Language => "Language",
            Field::Version => "Version",
            Field::FrameRate => "Frame rate",
            Field::SessionStart => "Session start",
            Field::PictureStart => "Picture start",
            Field::PictureLength => "Picture length",
        }
    }

    /// What stands in the field while it is empty.
    pub fn hint(self) -> &'static str {
        match self {
            Field::PackageId => "81234567",
            Field::Title => "ShowTitle",
            Field::Language => "pt-BR",
            Field::Version => "v1",
            Field::FrameRate => "not set",
            Field::SessionStart => "00:00:00:00",
            Field::PictureStart => "as session",
            Field::PictureLength => "HH:MM:SS:FF",
        }
    }
}

/// What stands in the fields. Missing ones of older states are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fields {
    pub package_id: String,
    pub title: String,
    pub language: String,
    pub version: String,
    /// As [`FrameRate`] writes it, or empty.
    pub frame_rate: String,
    /// Timecode of the host's position 0; empty is 00:00:00:00.
    pub session_start: String,
    /// Timecode of the picture's first frame; empty is the session's start.
    pub picture_start: String,
    /// As timecode.
    pub picture_length: String,
}

impl Fields {
    /// What stands in a field.
    pub fn get(&self, field: Field) -> &str {
        match field {
            Field::PackageId => &self.package_id,
            Field::Title => &self.title,
            Field::Language => &self.language,
            Field::Version => &self.version,
            Field::FrameRate => &self.frame_rate,
            Field::SessionStart => &self.session_start,
            Field::PictureStart => &self.picture_start,
            Field::PictureLength => &self.picture_length,
        }
    }

    /// Replaces what stands in a field.
    pub fn set(&mut self, field: Field, text: String) {
        let place = match field {
            Field::PackageId => &mut self.package_id,
            Field::Title => &mut self.title,
            Field::Language => &mut self.language,
            Field::Version => &mut self.version,
            Field::FrameRate => &mut self.frame_rate,
            Field::SessionStart => &mut self.session_start,
            Field::PictureStart => &mut self.picture_start,
            Field::PictureLength => &mut self.picture_length,
        };
        *place = text;
    }
}

/// What the fields say of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// If one is chosen.
    pub frame_rate: Option<FrameRate>,
    /// Timecode of the host's position 0, if the frame rate is known.
    pub session_start: Option<Timecode>,
    /// If its length is known and all fields are right.
    pub picture: Option<Picture>,
    /// What is wrong, at most one sentence a field.
    pub faults: Vec<(Field, String)>,
}

impl Times {
    /// Reads the fields.
    pub fn read(fields: &Fields) -> Self {
        let mut times = Self::default();
        let text = fields.frame_rate.trim();
        if !text.is_empty() {
            match text.parse() {
                Ok(rate) => times.frame_rate = Some(rate),
                Err(error) => times.faults.push((Field::FrameRate, format!("{error}."))),
            }
        }
        let Some(rate) = times.frame_rate else {
            for field in [Field::SessionStart, Field::PictureStart, Field::PictureLength] {
                if !fields.get(field).trim().is_empty() && times.faults.is_empty() {
                    times
                        .faults
                        .push((Field::FrameRate, "Choose the frame rate that the timecodes count.".into()));
                }
            }
            return times;
        };
        let mut read = |field: Field| {
            let text = fields.get(field).trim();
            if text.is_empty() {
                return Ok(None);
            }
            Timecode::parse(text, rate).map(Some).map_err(|error| {
                times.faults.push((field, sentence(&error.to_string())));
            })
        };
        let (session, start, length) =
            (read(Field::SessionStart), read(Field::PictureStart), read(Field::PictureLength));
        let drop_frame = matches!(length, Ok(Some(length)) if length.drop_frame());
        let midnight = Timecode::from_frames(0, rate, drop_frame).ok();
        times.session_start = session.as_ref().ok().and_then(|session| session.or(midnight));
        let (Some(session), Ok(start), Ok(length)) = (times.session_start, start, length) else {
            return times;
        };
        let start = start.unwrap_or(session);
        let Some(length) = length else { return times };
        if length.frames() == 0 {
            times.faults.push((Field::PictureLength, "A picture of no frames cannot be covered.".into()));
        } else if start.frames() < session.frames() {
            let fault = format!("The picture cannot start before the session does, at {session}.");
            times.faults.push((Field::PictureStart, fault));
        } else {
            times.picture = Some(Picture { length: length.into(), start: Some(start.into()) });
        }
        times
    }

    /// The picture on the host's time line, in samples. Its end is the earliest that still is this
    /// picture's.
    pub fn range(&self, sample_rate: u32) -> Option<Range<i64>> {
        let picture = self.picture?;
        let session = self.session_start?.start_sample(sample_rate);
        let start = picture.start?.samples(sample_rate).nearest.checked_sub(session)?;
        let end = start.checked_add(picture.samples(sample_rate).shortest)?;
        Some(i64::try_from(start).ok()?..i64::try_from(end).ok()?)
    }

    /// What is wrong with a field.
    pub fn fault(&self, field: Field) -> Option<&str> {
        self.faults.iter().find(|(at, _)| *at == field).map(|(_, fault)| fault.as_str())
    }
}

/// What another module says, as a sentence of its own.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(frame_rate: &str, session: &str, start: &str, length: &str) -> Fields {
        let [frame_rate, session_start, picture_start, picture_length] =
            [frame_rate, session, start, length].map(str::to_owned);
        Fields { frame_rate, session_start, picture_start, picture_length, ..Fields::default() }
    }

    /// Samples by hand: frames x 48000 / rate, to the nearest; the end with the length rounded down.
    #[test]
    fn the_picture_lies_where_its_timecode_is() {
        for (rate, session, start, length, range) in [
            ("24", "00:59:50:00", "01:00:00:00", "00:00:01:00", 480_000..528_000),
            ("25", "10:00:00:00", "10:00:00:01", "00:00:00:01", 1_920..3_840),
            // 2002 samples a frame.
            ("23.976", "01:00:00:00", "01:00:01:00", "00:00:02:00", 48_048..144_144),
            // 1601.6 samples a frame: 3 frames are 4804.8.
            ("29.97", "", "", "00:00:00:03", 0..4_804),
            // An hour in drop-frame is 107892 frames.
            ("29.97", "01:00:00;00", "02:00:00;00", "00:00:00;05", 172_799_827..172_807_835),
            ("24", "01:00:00:00", "", "00:00:01:00", 0..48_000),
        ] {
            let times = Times::read(&fields(rate, session, start, length));
            assert_eq!(times.faults, [], "{rate} {start}");
            assert_eq!(times.range(48_000), Some(range), "{rate} {start}");
        }
    }

    #[test]
    fn a_fault_stands_at_its_field_and_there_is_no_picture() {
        for (fields, field, fault) in [
            (fields("23.98", "", "", ""), Field::FrameRate, "is not a picture rate"),
            (fields("", "", "", "00:01:00:00"), Field::FrameRate, "Choose the frame rate"),
            (fields("24", "", "", "00:00:00:24"), Field::PictureLength, "must be between 00 and 23"),
            (fields("24", "1:00", "", "00:00:01:00"), Field::SessionStart, "is not a timecode"),
            (fields("24", "", "", "00:00:00:00"), Field::PictureLength, "no frames"),
            (
                fields("24", "01:00:00:00", "00:59:59:23", "00:00:01:00"),
                Field::PictureStart,
                "before the session",
            ),
            (fields("24", "", "", "00:00:01;00"), Field::PictureLength, "Drop-frame timecode exists only"),
        ] {
            let times = Times::read(&fields);
            let found = times.fault(field).unwrap_or_else(|| panic!("{fault}: {:?}", times.faults));
            assert!(found.contains(fault) && found.ends_with('.'), "{found}");
            assert_eq!(times.faults.len(), 1, "{:?}", times.faults);
            assert_eq!(times.range(48_000), None);
        }
        assert_eq!(Times::read(&Fields::default()), Times::default());
    }

    #[test]
    fn what_an_older_state_lacks_is_empty() {
        let fields: Fields = serde_json::from_str(r#"{"title":"Kaze","of the future":1}"#).unwrap();
        assert_eq!(fields, Fields { title: "Kaze".into(), ..Fields::default() });
    }
}
