//! The `iXML` chunk: what field recorders and workstations tell each other about a file, as XML.
//!
//! Every element is optional and no schema exists; we read what concerns rate and place, wherever it is well
//! formed, and write the same.

use std::fmt::Display;

use roxmltree::{Document, Node, ParsingOptions};

use super::WavSpec;
use crate::delivery::timecode::FrameRate;

/// Largest chunk that is read. Real ones have a few kilobytes.
pub const LARGEST_BYTES: u64 = 1 << 20;
/// Most XML nodes that are read: bounds memory and time.
const MOST_NODES: u32 = 100_000;

/// What an `iXML` chunk says of rate and place. `None` where it says nothing, or nothing that makes sense.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ixml {
    /// Name of the project.
    pub project: Option<String>,
    /// The timecode rate as it is written, like `24000/1001`.
    pub timecode_rate: Option<String>,
    /// The same as one of our rates.
    pub frame_rate: Option<FrameRate>,
    /// Whether timecode is counted in drop-frame.
    pub drop_frame: Option<bool>,
    /// Rate of the file in Hz.
    pub sample_rate: Option<u32>,
    /// Bits of a sample.
    pub bit_depth: Option<u16>,
    /// Samples between midnight and the first sample.
    pub time_reference: Option<u64>,
    /// The copy of the time reference of the `bext` chunk.
    pub bext_time_reference: Option<u64>,
}

impl Ixml {
    /// Reads the payload of a chunk.
    ///
    /// # Errors
    ///
    /// What makes it no iXML, to follow "the iXML chunk".
    pub(super) fn decode(payload: &[u8]) -> Result<Self, String> {
        let text = text(payload);
        // Some writers pad with NUL, which XML does not know.
        let text = text.trim_matches(['\0', '\u{FEFF}']).trim();
        let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options)
            .map_err(|error| format!("is not well-formed XML ({error})"))?;
        let root = document.root_element();
        if !root.has_tag_name("BWFXML") {
            return Err("has another root than BWFXML".to_owned());
        }
        let (speed, bext) = (child(root, "SPEED"), child(root, "BEXT"));
        let speed = |name: &str| value(speed?, name);
        let bext = |name: &str| value(bext?, name);
        let number = |text: Option<&str>| text?.parse::<u32>().ok();
        let joined = |high: Option<u32>, low: Option<u32>| {
            // A writer that leaves out the upper half means zero.
            low.map(|low| u64::from(high.unwrap_or(0)) << 32 | u64::from(low))
        };
        Ok(Self {
            project: value(root, "PROJECT").map(str::to_owned),
            timecode_rate: speed("TIMECODE_RATE").map(str::to_owned),
            frame_rate: speed("TIMECODE_RATE").and_then(frame_rate),
            drop_frame: match speed("TIMECODE_FLAG") {
                Some("DF") => Some(true),
                Some("NDF" | "ND") => Some(false),
                _ => None,
            },
            sample_rate: number(speed("FILE_SAMPLE_RATE")),
            bit_depth: speed("AUDIO_BIT_DEPTH").and_then(|text| text.parse().ok()),
            time_reference: joined(
                number(speed("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI")),
                number(speed("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO")),
            ),
            bext_time_reference: joined(
                number(bext("BWF_TIME_REFERENCE_HIGH")),
                number(bext("BWF_TIME_REFERENCE_LOW")),
            ),
        })
    }
}

/// XML may come in UTF-8 or UTF-16.
fn text(payload: &[u8]) -> String {
    let utf_16 = |decode: fn([u8; 2]) -> u16| {
        let units = payload.as_chunks().0.iter().map(|&unit| decode(unit));
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match payload {
        [0xFF, 0xFE, ..] => utf_16(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => utf_16(u16::from_be_bytes),
        _ => String::from_utf8_lossy(payload).into_owned(),
    }
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

/// The text of an element, if it has any.
fn value<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim).filter(|text| !text.is_empty())
}

/// `24000/1001` or `25/1` as the specification has it, or `23.976` as some write it.
fn frame_rate(text: &str) -> Option<FrameRate> {
    let Some((numerator, denominator)) = text.split_once('/') else {
        return match text {
            "23.98" => Some(FrameRate::Fps23_976),
            _ => text.trim_end_matches('0').trim_end_matches('.').parse().ok().or_else(|| text.parse().ok()),
        };
    };
    let numerator: u64 = numerator.trim().parse().ok()?;
    let denominator: u64 = denominator.trim().parse().ok().filter(|&denominator| denominator > 0)?;
    FrameRate::ALL.into_iter().find(|rate| {
        u128::from(numerator) * u128::from(rate.denominator())
            == u128::from(denominator) * u128::from(rate.numerator())
    })
}

/// The payload, of even size, of a chunk that says at which rate the picture runs and where the file starts.
pub(super) fn payload(spec: &WavSpec, frame_rate: FrameRate, drop_frame: bool) -> Vec<u8> {
    let frame_rate = format!("{}/{}", frame_rate.numerator(), frame_rate.denominator());
    let flag = if drop_frame { "DF" } else { "NDF" };
    let sample_rate = spec.sample_rate.to_string();
    let bits = spec.depth.bits().to_string();
    let [high, low] = [spec.time_reference >> 32, spec.time_reference & u64::from(u32::MAX)];
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BWFXML>\n  <IXML_VERSION>1.61</IXML_VERSION>\n  <SPEED>\n",
    );
    // Nothing here needs escaping: all are numbers or words.
    for (name, value) in [
        ("MASTER_SPEED", &frame_rate as &dyn Display),
        ("CURRENT_SPEED", &frame_rate),
        ("TIMECODE_RATE", &frame_rate),
        ("TIMECODE_FLAG", &flag),
        ("FILE_SAMPLE_RATE", &sample_rate),
        ("AUDIO_BIT_DEPTH", &bits),
        ("DIGITIZER_SAMPLE_RATE", &sample_rate),
        ("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI", &high),
        ("TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO", &low),
        ("TIMESTAMP_SAMPLE_RATE", &sample_rate),
    ] {
        xml += &format!("    <{name}>{value}</{name}>\n");
    }
    xml += "  </SPEED>\n</BWFXML>\n";
    if xml.len() % 2 == 1 {
        xml.push('\n');
    }
    xml.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::super::BitDepth;
    use super::*;

    #[test]
    fn reads_what_recorders_write() {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<BWFXML><IXML_VERSION>1.5</IXML_VERSION>\
            <PROJECT>Caf\u{e9} &amp; Bar</PROJECT><SPEED><NOTE/><TIMECODE_RATE>24000/1001</TIMECODE_RATE>\
            <TIMECODE_FLAG>NDF</TIMECODE_FLAG><FILE_SAMPLE_RATE>48048</FILE_SAMPLE_RATE>\
            <AUDIO_BIT_DEPTH>24</AUDIO_BIT_DEPTH>\
            <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>1</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>\
            <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>2</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO></SPEED>\
            <BEXT><BWF_TIME_REFERENCE_LOW>7</BWF_TIME_REFERENCE_LOW></BEXT></BWFXML>";
        let expected = Ixml {
            project: Some("Caf\u{e9} & Bar".to_owned()),
            timecode_rate: Some("24000/1001".to_owned()),
            frame_rate: Some(FrameRate::Fps23_976),
            drop_frame: Some(false),
            sample_rate: Some(48_048),
            bit_depth: Some(24),
            time_reference: Some(0x1_0000_0002),
            bext_time_reference: Some(7),
        };
        assert_eq!(Ixml::decode(xml.as_bytes()), Ok(expected.clone()));
        assert_eq!(Ixml::decode(format!("\u{FEFF}{xml}\0\0").as_bytes()), Ok(expected.clone()));
        let wide = |swap: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("\u{FEFF}{xml}").encode_utf16().flat_map(swap).collect()
        };
        assert_eq!(Ixml::decode(&wide(u16::to_le_bytes)), Ok(expected.clone()));
        assert_eq!(Ixml::decode(&wide(u16::to_be_bytes)), Ok(expected));
    }

    #[test]
    fn reads_rates_as_they_are_written() {
        for (text, rate) in [
            ("24000/1001", Some(FrameRate::Fps23_976)),
            ("24/1", Some(FrameRate::Fps24)),
            ("25", Some(FrameRate::Fps25)),
            ("25.00", Some(FrameRate::Fps25)),
            ("29.97", Some(FrameRate::Fps29_97)),
            ("30000/1001", Some(FrameRate::Fps29_97)),
            ("30", Some(FrameRate::Fps30)),
            ("50", Some(FrameRate::Fps50)),
            ("23.98", Some(FrameRate::Fps23_976)),
            ("48/1", None),
            ("24/0", None),
            ("99999999999999999999/1", None),
            ("", None),
            ("fast", None),
        ] {
            assert_eq!(frame_rate(text), rate, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_and_leaves_are_left_out() {
        for xml in ["", "<BWFXML>", "<a/>", "no xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><BWFXML>&b;</BWFXML>"]
        {
            assert!(Ixml::decode(xml.as_bytes()).is_err(), "{xml}");
        }
        let odd = "<BWFXML><SPEED><TIMECODE_FLAG>yes</TIMECODE_FLAG><FILE_SAMPLE_RATE>-1</FILE_SAMPLE_RATE>\
            <TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI>5</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI></SPEED></BWFXML>";
        assert_eq!(Ixml::decode(odd.as_bytes()), Ok(Ixml::default()));
        // As deep and as wide as the largest chunk can be.
        let size = usize::try_from(LARGEST_BYTES).unwrap();
        assert!(Ixml::decode("<a>".repeat(size / 3).as_bytes()).is_err());
        assert!(Ixml::decode(format!("<BWFXML>{}</BWFXML>", "<a/>".repeat(size / 4)).as_bytes()).is_err());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let spec = WavSpec {
            channels: 1,
            sample_rate: 48_000,
            depth: BitDepth::Int24,
            time_reference: 0x1_0A4F_5B00,
            timecode: None,
            description: String::new(),
            originator_reference: String::new(),
            created: UNIX_EPOCH,
        };
        let payload = payload(&spec, FrameRate::Fps29_97, true);
        assert_eq!(payload.len() % 2, 0);
        let read = Ixml::decode(&payload).unwrap();
        assert_eq!(read.timecode_rate.as_deref(), Some("30000/1001"));
        assert_eq!((read.frame_rate, read.drop_frame), (Some(FrameRate::Fps29_97), Some(true)));
        assert_eq!((read.sample_rate, read.bit_depth), (Some(48_000), Some(24)));
        assert_eq!(read.time_reference, Some(spec.time_reference));
    }
}
