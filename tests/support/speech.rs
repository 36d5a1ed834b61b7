//! Recorded human speech from Debian packages, fetched by `cargo xtask setup`, never committed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::signals::{normalised, resampled};

/// Folders of full-band speech (energy above 12 kHz), their sample rate, and how many of their files are
/// used. Different speakers, nine languages; what lies above 12 kHz follows
/// the voice and is no hiss.
const FOLDERS: [(&str, u32, usize); 11] = [
    ("alsa-utils/usr/share/sounds/alsa", 48_000, 8),
    ("klettres-data/usr/share/klettres/en_GB/syllab", 44_100, 4),
    ("ktuberling-data/usr/share/ktuberling/sounds/el", 44_100, 6),
    ("ktuberling-data/usr/share/ktuberling/sounds/ru", 44_100, 6),
    ("ktuberling-data/usr/share/ktuberling/sounds/wa", 44_100, 6),
    ("klettres-data/usr/share/klettres/cs/syllab", 44_100, 4),
    ("klettres-data/usr/share/klettres/de/syllab", 44_100, 4),
    ("klettres-data/usr/share/klettres/en/syllab", 44_100, 4),
    ("klettres-data/usr/share/klettres/he/alpha", 44_100, 4),
    ("klettres-data/usr/share/klettres/nds/syllab", 44_100, 4),
    ("klettres-data/usr/share/klettres/it/syllab", 44_100, 6),
];

/// One clip a folder at `sample_rate`, each file brought to the same sample peak of 1, one behind the
/// other.
pub fn clips(sample_rate: u32) -> Vec<Vec<f32>> {
    recorded().iter().map(|(clip, rate)| at_rate(clip, *rate, sample_rate)).collect()
}

/// All clips, one behind the other.
pub fn speech(sample_rate: u32) -> Vec<f32> {
    clips(sample_rate).concat()
}

/// Content up to 0.42 of the lower of both rates: beyond that no finite meter and no converter agree.
fn at_rate(clip: &[f32], from: u32, to: u32) -> Vec<f32> {
    let length = (clip.len() as u64 * u64::from(to) / u64::from(from)) as usize;
    let cutoff = 0.42 * f64::from(from.min(to)) / f64::from(to);
    normalised(&resampled(clip, length, cutoff), 1.0)
}

fn recorded() -> &'static [(Vec<f32>, u32)] {
    static RECORDED: OnceLock<Vec<(Vec<f32>, u32)>> = OnceLock::new();
    RECORDED.get_or_init(|| {
        let corpus = corpus();
        let clip = |&(folder, rate, count): &(&str, u32, usize)| {
            let mut files: Vec<PathBuf> = std::fs::read_dir(corpus.join(folder))
                .unwrap_or_else(|error| panic!("{folder}: {error}: run `cargo xtask setup`"))
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|kind| kind == "wav" || kind == "ogg"))
                .collect();
            files.sort();
            assert!(files.len() >= count, "{folder} holds {} files", files.len());
            (files[..count].iter().flat_map(|file| normalised(&decoded(file, rate), 1.0)).collect(), rate)
        };
        FOLDERS.iter().map(clip).collect()
    })
}

fn corpus() -> PathBuf {
    if let Some(directory) = std::env::var_os("PREMIX_SPEECH_DIR") {
        return directory.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target"),
        |directory| Path::new(env!("CARGO_MANIFEST_DIR")).join(directory),
    );
    target.join("speech")
}

fn decoded(file: &Path, sample_rate: u32) -> Vec<f32> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-ac", "1", "-ar", &sample_rate.to_string(), "-f", "f32le", "-"])
        .output()
        .expect("ffmpeg is missing: run `cargo xtask setup`");
    assert!(output.status.success(), "ffmpeg could not decode {}", file.display());
    output.stdout.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}
