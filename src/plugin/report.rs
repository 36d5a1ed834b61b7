//! The report of a window: what was measured and what the rules say, written off the window's thread.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{fs, thread};

use serde_json::{Value, json};

use super::editor::{Reading, Report};
use crate::compliance::{headline, summary};
use crate::engine::decibel::db_from_linear;
use crate::engine::measurement::Marks;

/// What became of the last report.
pub fn told(report: &Mutex<Report>) -> Report {
    report.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Says what became of a report.
pub fn tell(report: &Mutex<Report>, said: Report) {
    *report.lock().unwrap_or_else(PoisonError::into_inner) = said;
}

/// The report as JSON: the bounce if there is one, and what went through last.
pub fn text(now: &Reading, bounce: Option<&Reading>, name: &str) -> String {
    let report = json!({
        "premix": env!("CARGO_PKG_VERSION"),
        "name": name,
        "bounce": bounce.map(reading),
        "now": reading(now),
    });
    format!("{report:#}\n")
}

fn reading(reading: &Reading) -> Value {
    let programme = &reading.measurement.programme;
    let mix = &reading.measurement.mix;
    let findings: Vec<Value> = reading
        .findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule.id,
                "name": finding.rule.name,
                "verdict": finding.verdict.to_string(),
                "measured": finding.measured,
                "target": finding.target,
                "place": finding.place,
                "advice": finding.advice,
            })
        })
        .collect();
    json!({
        "made": reading.made,
        "verdict": headline(reading.findings),
        "summary": summary(reading.findings),
        "start": reading.clock.at(0),
        "samples": programme.samples,
        "sample_rate_hz": programme.sample_rate,
        "true_peak_dbtp": db(programme.precise.amplitude),
        "true_peak_at": reading.clock.at(programme.precise.sample),
        "true_peak_bs1770_dbtp": db(programme.annex_2.amplitude),
        "integrated_lufs": number(programme.loudness.integrated_lufs),
        "loudness_range_lu": number(programme.loudness.range_lu),
        "max_momentary_lufs": number(programme.loudness.max_momentary_lufs),
        "max_short_term_lufs": number(programme.loudness.max_short_term_lufs),
        "gain_reduction_db": number(mix.reduction.deepest_db),
        "limited_seconds": reading.clock.seconds(mix.reduction.limited_samples),
        "lowest_over_walla_lu": mix.separation.lowest_lu,
        "speech_seconds": reading.clock.seconds(programme.speech.samples),
        "overs": marks(reading, &programme.overs),
        "caught": marks(reading, &mix.caught),
        "findings": findings,
    })
}

fn marks(reading: &Reading, marks: &Marks) -> Value {
    let worst = marks.worst.iter();
    let worst: Vec<Value> =
        worst.map(|mark| json!({ "at": reading.clock.at(mark.sample), "dbtp": db(mark.level) })).collect();
    json!({ "count": marks.count, "worst": worst })
}

fn db(amplitude: f32) -> Option<f64> {
    number(db_from_linear(f64::from(amplitude)))
}

/// JSON has no infinity.
fn number(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Writes `text` to `path` on a thread of its own, and says in `report` what became of it; then calls
/// `done`. A file that is there stays unless `replace`.
pub fn save(
    path: PathBuf,
    text: String,
    replace: bool,
    report: Arc<Mutex<Report>>,
    done: impl Fn() + Send + 'static,
) {
    tell(&report, Report::Writing);
    let shown = path.display().to_string();
    let told = report.clone();
    let write = move || {
        let said = match write(&path, &text, replace) {
            Ok(()) => Report::Saved(shown),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Report::Exists(shown),
            Err(error) => Report::Failed(format!(
                "Cannot write {shown}: {error}; choose a folder that you may write to."
            )),
        };
        tell(&told, said);
        done();
    };
    if thread::Builder::new().name("premix report".into()).spawn(write).is_err() {
        tell(&report, Report::Failed("The system gives no thread to write the report: try again.".into()));
    }
}

/// Whole or not at all: beside its place first.
fn write(path: &Path, text: &str, replace: bool) -> io::Result<()> {
    let file =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it names no file"))?;
    let mut partial = file.to_os_string();
    partial.push(format!(".{}.partial", std::process::id()));
    let partial = path.with_file_name(partial);
    let result = fs::File::create_new(&partial).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        match replace {
            true => fs::rename(&partial, path),
            // Fails where there is a file, even one of this moment; not every file system can.
            false => fs::hard_link(&partial, path).or_else(|error| match path.try_exists() {
                Ok(false) => fs::rename(&partial, path),
                Ok(true) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) => Err(error),
            }),
        }
    });
    let _ = fs::remove_file(&partial);
    result
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn saved(path: &Path, text: &str, replace: bool) -> Report {
        let report = Arc::default();
        save(path.into(), text.into(), replace, Arc::clone(&report), || ());
        loop {
            match told(&report) {
                Report::Writing => thread::sleep(Duration::from_millis(1)),
                said => return said,
            }
        }
    }

    #[test]
    fn a_file_is_replaced_only_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let shown = path.display().to_string();
        assert_eq!(saved(&path, "one", false), Report::Saved(shown.clone()));
        assert_eq!(saved(&path, "two", false), Report::Exists(shown.clone()));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(saved(&path, "two", true), Report::Saved(shown));
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["missing/report.json", ".."] {
            let said = saved(&folder.path().join(path), "", false);
            assert!(matches!(&said, Report::Failed(error) if error.starts_with("Cannot write")), "{said:?}");
        }
    }
}
