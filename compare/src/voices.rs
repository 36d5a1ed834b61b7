//! The voices: recorded people from Debian packages, full-band.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::signals::{normalised, resampled};

/// Who speaks how. By the package's credits where they tell, else by pitch: below 175 Hz a man.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Woman,
    Man,
    /// Men who act and shout.
    Shout,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Woman => "woman",
            Self::Man => "man",
            Self::Shout => "shout",
        }
    }
}

/// What no package has in full band.
pub const NOT_TESTED: &str = "children and whispering";

const ALSA: &str = "alsa-utils/usr/share/sounds/alsa";
const KLETTRES: &str = "klettres-data/usr/share/klettres";
const KTUBERLING: &str = "ktuberling-data/usr/share/ktuberling/sounds";
const HEDGEWARS: &str = "hedgewars-data/usr/share/games/hedgewars/Data/Sounds/voices";
const TUXPAINT: &str = "tuxpaint-stamps-default/usr/share/tuxpaint/stamps";

type Source = (&'static str, &'static str, &'static str, &'static str, Kind);
/// Where a voice lies (folder of the corpus, folder in it, end of the files' names), its name and kind.
///
/// Above 12 kHz all of them have energy that follows the voice: the levels above and below, frame by frame in
/// dB, correlate by 0.5 and more. Folders that are noisy, filtered or sampled lower are left out.
#[rustfmt::skip]
const SOURCES: [Source; 24] = [
    (ALSA, "", ".wav", "English, loudspeakers", Kind::Woman),
    (KLETTRES, "en_GB/syllab", ".ogg", "English, syllables", Kind::Woman),
    (KLETTRES, "cs/syllab", ".ogg", "Czech, syllables", Kind::Woman),
    (KLETTRES, "de/alpha", ".ogg", "German, letters", Kind::Woman),
    (KLETTRES, "it/syllab", ".ogg", "Italian, syllables", Kind::Woman),
    (KLETTRES, "nb/alpha", ".ogg", "Norwegian, letters", Kind::Woman),
    (KLETTRES, "nds/syllab", ".ogg", "Low German, syllables", Kind::Woman),
    (KLETTRES, "uk/alpha", ".ogg", "Ukrainian, letters", Kind::Woman),
    (KLETTRES, "ar/alpha", ".ogg", "Arabic, letters", Kind::Woman),
    (TUXPAINT, "", "_desc_es.ogg", "Spanish, words", Kind::Woman),
    (TUXPAINT, "", "_desc_be.ogg", "Belarusian, words", Kind::Woman),
    (KLETTRES, "de/syllab", ".ogg", "German, syllables", Kind::Man),
    (KLETTRES, "he/alpha", ".ogg", "Hebrew, letters", Kind::Man),
    (KLETTRES, "lt/alpha", ".ogg", "Lithuanian, letters", Kind::Man),
    (KTUBERLING, "el", ".ogg", "Greek, words", Kind::Man),
    (KTUBERLING, "ru", ".ogg", "Russian, words", Kind::Man),
    (TUXPAINT, "", "_desc_da.ogg", "Danish, words", Kind::Man),
    (HEDGEWARS, "British", ".ogg", "English, British", Kind::Shout),
    (HEDGEWARS, "HillBilly", ".ogg", "English, hillbilly", Kind::Shout),
    (HEDGEWARS, "Mobster", ".ogg", "English, mobster", Kind::Shout),
    (HEDGEWARS, "Pirate", ".ogg", "English, pirate", Kind::Shout),
    (HEDGEWARS, "Surfer", ".ogg", "English, surfer", Kind::Shout),
    (HEDGEWARS, "Default_es", ".ogg", "Spanish", Kind::Shout),
    (HEDGEWARS, "Default_uk", ".ogg", "Ukrainian", Kind::Shout),
];

/// How much of each voice is used: files until there is this much.
const SECONDS: usize = 6;
const RATE: usize = 48_000;
/// Quiet between files, as between lines.
const GAP_SAMPLES: usize = RATE / 5;
/// Beyond this share of the rate no finite meter and no converter agree.
const HIGHEST: f64 = 0.42;

/// One voice at 48 kHz: files, each brought to the same sample peak of 1, one behind the other.
pub struct Voice {
    pub name: &'static str,
    pub kind: Kind,
    pub samples: Vec<f32>,
}

/// All voices in these folders of packages, but at most so many.
pub fn all(corpora: &[PathBuf], at_most: usize) -> Result<Vec<Voice>> {
    // Every so many, so that few are still of all kinds.
    let step = SOURCES.len().div_ceil(at_most.max(1));
    SOURCES.iter().step_by(step).map(|source| voice(corpora, source)).collect()
}

fn voice(corpora: &[PathBuf], &(root, folder, ending, name, kind): &Source) -> Result<Voice> {
    let mut folders = corpora.iter().map(|corpus| corpus.join(root).join(folder));
    let folder = folders.find(|folder| folder.is_dir()).with_context(|| {
        format!("there is no {root}/{folder} among the voices: `cargo xtask compare` fetches it")
    })?;
    let mut files = Vec::new();
    find(&folder, ending, &mut files)?;
    files.sort();
    let mut samples = Vec::new();
    for file in files {
        let line = decoded(&file)?;
        // A file of almost nothing is a mistake of the package.
        if line.len() < RATE / 10 {
            continue;
        }
        let cut = resampled(&line, line.len(), HIGHEST * 44_100.0 / 48_000.0);
        samples.extend(normalised(&cut, 1.0));
        samples.resize(samples.len() + GAP_SAMPLES, 0.0);
        if samples.len() > SECONDS * RATE {
            return Ok(Voice { name, kind, samples });
        }
    }
    ensure!(
        !samples.is_empty(),
        "there is no speech in {}: `cargo xtask compare` fetches it",
        folder.display()
    );
    Ok(Voice { name, kind, samples })
}

fn find(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) -> Result<()> {
    let cannot = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.is_dir() {
            find(&path, ending, files)?;
        } else if path.to_string_lossy().ends_with(ending) {
            files.push(path);
        }
    }
    Ok(())
}

/// A file at 48 kHz, mono, without the silence around its voice.
fn decoded(file: &Path) -> Result<Vec<f32>> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-ac", "1", "-ar", "48000", "-f", "f32le", "-"])
        .output()
        .context("ffmpeg does not start: install it")?;
    ensure!(output.status.success(), "ffmpeg cannot decode {}", file.display());
    let samples: Vec<f32> =
        output.stdout.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let peak = samples.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    let sounds = |x: &f32| x.abs() > peak / 300.0;
    let start = samples.iter().position(sounds).unwrap_or(0);
    let end = samples.iter().rposition(sounds).map_or(0, |last| last + 1);
    Ok(samples[start..end].to_vec())
}
