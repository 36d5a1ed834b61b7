//! Deliveries of edit sessions, made by the tests: what is in them, and what the rules say of it.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use premix::compliance::Verdict;
use premix::offline::session::{SessionOptions, SessionReport, check};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

pub const NAME: &str = "LaCasaAzul_81234567_101_fr_LocalizedEditProject_25_v2";

/// A delivery before it is written.
#[derive(Clone)]
pub struct Delivery {
    name: String,
    files: Vec<(String, Vec<u8>)>,
}

impl Delivery {
    pub fn empty(name: &str) -> Self {
        Self { name: name.into(), files: Vec::new() }
    }

    pub fn add(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.into(), bytes.into()));
        self
    }

    pub fn named(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    pub fn without(mut self, path: &str) -> Self {
        let before = self.files.len();
        self.files.retain(|(name, _)| name != path);
        assert!(self.files.len() < before, "{path}");
        self
    }

    /// Replaces a part of the project's text.
    pub fn edit(mut self, from: &str, to: &str) -> Self {
        let (_, project) = self.files.iter_mut().find(|(name, _)| name.ends_with(".rpp")).unwrap();
        let text = String::from_utf8(project.clone()).unwrap();
        assert!(text.contains(from), "{from}");
        *project = text.replacen(from, to, 1).into_bytes();
        self
    }

    pub fn folder(&self, within: &Path) -> PathBuf {
        let root = within.join(&self.name);
        fs::create_dir_all(&root).unwrap();
        for (path, bytes) in &self.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        root
    }

    pub fn zip(&self, within: &Path) -> PathBuf {
        let path = within.join(format!("{}.zip", self.name));
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in &self.files {
            writer.start_file(format!("Night/{name}"), SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    pub fn report(&self, options: &SessionOptions) -> SessionReport {
        let folder = TempDir::new().unwrap();
        check(&self.folder(folder.path()), options).unwrap()
    }

    pub fn verdict(&self, rule: &str) -> Verdict {
        verdict(&self.report(&SessionOptions::default()), rule)
    }
}

pub fn verdict(report: &SessionReport, rule: &str) -> Verdict {
    let finding = report.findings.iter().find(|finding| finding.rule.id == rule);
    finding.unwrap_or_else(|| panic!("{rule} was not judged")).verdict
}

pub fn measured<'a>(report: &'a SessionReport, rule: &str) -> &'a str {
    &report.findings.iter().find(|finding| finding.rule.id == rule).unwrap().measured
}

pub fn wav(channels: u16, sample_rate: u32, bits: u16) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels,
        sample_rate,
        bits_per_sample: bits,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    (0..4_800 * i32::from(channels)).for_each(|sample| writer.write_sample(sample % 1000).unwrap());
    writer.finalize().unwrap();
    bytes.into_inner()
}

pub fn item(name: &str, second: u32) -> String {
    format!(
        "<ITEM\nPOSITION {second}\nLENGTH 1\nMUTE 0\nFADEIN 1 0.01 0 1 0 0\nFADEOUT 1 0.01 0 1 0 0\nNAME {name}\n\
         VOLPAN 1 0 1 -1\nPLAYRATE 1 1 0 -1 0 0.0025\n<SOURCE WAVE\nFILE \"Audio Files/{name}.wav\"\n>\n>\n"
    )
}

pub fn track(name: &str, clips: &[(&str, u32)]) -> String {
    let items: String = clips.iter().map(|(name, second)| item(name, *second)).collect();
    format!(
        "<TRACK {{{name}}}\nNAME {name}\nVOLPAN 1 0 -1 -1 1\nMUTESOLO 0 0 0\nISBUS 0 0\n\
         SHOWINMIX 1 0.6 0.5 1 0.5 0 0 0\nFREEMODE 0\nNCHAN 2\nFX 1\nMAINSEND 1 0\n{items}>\n"
    )
}

pub const TRACKS: [(&str, &[(&str, u32)]); 7] = [
    ("FR_MARIA", &[("FR_MARIA_01", 0), ("FR_MARIA_02", 10)]),
    ("FR_PAUL", &[("FR_PAUL_01", 20)]),
    ("FR_NARRATOR", &[("FR_NARRATOR_01", 30)]),
    ("FR_SONG_ANA", &[("FR_SONG_ANA_01", 40)]),
    ("FR_WALLA1", &[("FR_WALLA1_01", 50)]),
    ("PU_FR_PAUL", &[("PU_FR_PAUL_01", 60)]),
    ("OPT_A", &[("OPT_A_01", 70)]),
];

/// An honest REAPER session of 25 frames that starts at one hour, as REAPER writes it: with its master, with
/// two channels on mono tracks.
pub fn honest() -> Delivery {
    let tracks: String = TRACKS.iter().map(|(name, clips)| track(name, clips)).collect();
    let project = format!(
        "<REAPER_PROJECT 0.1 \"7.0/linux\" 1\nPROJOFFS 3600 0 0\nTIMEMODE 1 5 -1 25 0 0 -1\nSAMPLERATE 48000 1 0\n\
         MASTER_VOLUME 1 0 -1 -1 1\nMASTERMUTESOLO 0\n{tracks}>\n"
    );
    let mut delivery = Delivery::empty(NAME);
    for (name, _) in TRACKS.iter().flat_map(|(_, clips)| *clips) {
        let channels = if name.starts_with("OPT") { 6 } else { 1 };
        delivery = delivery.add(&format!("Audio Files/{name}.wav"), wav(channels, 48_000, 24));
    }
    delivery.add("night.rpp", project).add("night.ptx", *b"")
}

/// Nothing but a Pro Tools session, which is closed.
pub fn closed() -> Delivery {
    Delivery::empty("night").add("night.ptx", *b"")
}

/// The style of the export, with and without what may be left out of it.
pub fn pro_tools_text(plug_ins: bool, hidden: &str) -> String {
    let line = if plug_ins { "PLUG-INS: \n" } else { "" };
    let listing = "P L U G - I N S  L I S T I N G\nMANUFACTURER\tPLUG-IN NAME\tVERSION\tFORMAT\tSTEMS\tNUMBER OF INSTANCES\n\n\n";
    format!(
        "SESSION NAME:\tNight\nSAMPLE RATE:\t48000.000000\nBIT DEPTH:\t24-bit\nSESSION START TIMECODE:\t01:00:00:00\n\
         TIMECODE FORMAT:\t25 Frame\n# OF AUDIO TRACKS:\t1\n# OF AUDIO CLIPS:\t1\n# OF AUDIO FILES:\t1\n\n\n\
         O N L I N E  F I L E S  I N  S E S S I O N\nFilename\tLocation\n\
         FR_MARIA_01.wav\tDisk:Users:a:Night:Audio Files:\n\n\n\
         O N L I N E  C L I P S  I N  S E S S I O N\nCLIP NAME\tSource File\nFR_MARIA_01\tFR_MARIA_01.wav\n\n\n\
         {}T R A C K  L I S T I N G\nTRACK NAME:\tFR_MARIA\nCOMMENTS:\t\nUSER DELAY:\t0 Samples\nSTATE: {hidden}\n{line}\
         CHANNEL \tEVENT   \tCLIP NAME\tSTART TIME\tEND TIME\tDURATION\tSTATE\n\
         1\t1\t(fade in)\t01:00:01:00\t01:00:01:05\t00:00:00:05\tUnmuted\n\
         1\t2\tFR_MARIA_01\t01:00:01:05\t01:00:02:00\t00:00:00:20\tUnmuted\n\
         1\t3\t(fade out)\t01:00:02:00\t01:00:02:05\t00:00:00:05\tUnmuted\n\n\n",
        if plug_ins { listing } else { "" }
    )
}

pub fn pro_tools(text: &str) -> Delivery {
    Delivery::empty(NAME)
        .add("Night.ptx", *b"")
        .add("Audio Files/FR_MARIA_01.wav", wav(1, 48_000, 24))
        .add("Night.txt", text)
}

/// A list written beside the delivery, and where it is.
pub fn beside(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> Option<PathBuf> {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    Some(path)
}

/// A premix of 75 s from one hour on that sounds where the clips are, but for one.
pub fn premix(folder: &TempDir, name: &str, silent_second: Option<u32>) -> Option<PathBuf> {
    let mut bytes = Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in 0..75 * 48_000u32 {
        let silent = silent_second == Some(sample / 48_000);
        writer.write_sample(if silent { 0 } else { 100_000 }).unwrap();
    }
    writer.finalize().unwrap();
    let mut bytes = bytes.into_inner();
    // The time reference of EBU Tech 3285: one hour.
    let mut bext = vec![0u8; 602];
    bext[338..346].copy_from_slice(&(3600u64 * 48_000).to_le_bytes());
    bytes.extend(b"bext");
    bytes.extend(602u32.to_le_bytes());
    bytes.extend(bext);
    let size = (bytes.len() as u32 - 8).to_le_bytes();
    bytes[4..8].copy_from_slice(&size);
    beside(folder, name, bytes)
}

/// The names in a Pro Tools session are hidden by an exclusive-or; here by none.
pub fn ptx(names: &[&str]) -> Vec<u8> {
    let mut bytes = vec![3];
    bytes.extend(b"0010111100101011");
    bytes.extend([0, 5, 0]);
    for name in names {
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend(name.as_bytes());
    }
    bytes
}
