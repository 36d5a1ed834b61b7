//! Writes the report of a window, off its thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use super::editor::Saving;
use crate::compliance::{Finding, TimeLine};
use crate::delivery::new_file::NewFileError;
use crate::engine::Settings;
use crate::engine::measurement::{Mix, Programme};
use crate::report::Report;

/// What a report is made of, owned by the thread that writes it.
pub struct Contents {
    /// The delivery's, or what stands for it.
    pub name: String,
    pub findings: Vec<Finding>,
    pub programme: Programme,
    pub mix: Mix,
    pub settings: Settings,
    pub time_line: TimeLine,
    /// When the bounce was finished, or now.
    pub created: SystemTime,
}

impl Contents {
    fn write(&self, folder: &str, replace: bool) -> Saving {
        let report = Report {
            name: &self.name,
            findings: &self.findings,
            programme: &self.programme,
            time_line: self.time_line,
            mix: Some(&self.mix),
            settings: Some(self.settings),
            file: None,
            comparison: None,
            walla: None,
            created: self.created,
        };
        match report.write(&PathBuf::from(folder), replace) {
            Ok([page, _]) => Saving::Saved(page.display().to_string()),
            Err(NewFileError::Exists { .. }) => Saving::Exists(folder.to_owned()),
            Err(error) => Saving::Failed(error.to_string()),
        }
    }
}

/// What became of the last report.
pub fn told(saving: &Mutex<Saving>) -> Saving {
    saving.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Says what became of a report.
pub fn tell(saving: &Mutex<Saving>, said: Saving) {
    *saving.lock().unwrap_or_else(PoisonError::into_inner) = said;
}

/// Writes page and data into `folder` on a thread of its own, and says in `saving` what became of them; then
/// calls `done`. Files that are there stay unless `replace`. The thread has to be over before the host
/// unloads the library.
pub fn save(
    contents: Contents,
    folder: String,
    replace: bool,
    saving: Arc<Mutex<Saving>>,
    done: impl Fn() + Send + 'static,
) -> Option<JoinHandle<()>> {
    tell(&saving, Saving::Writing);
    let told = saving.clone();
    let write = move || {
        tell(&told, contents.write(&folder, replace));
        done();
    };
    let thread = thread::Builder::new().name("premix report".into()).spawn(write);
    if thread.is_err() {
        tell(&saving, Saving::Failed("the system gives no thread to write the report: try again".into()));
    }
    thread.ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn saved(folder: &Path, title: &str, replace: bool) -> Saving {
        let contents = Contents {
            name: "81234567_Kaze_24_Mono_fr_PreMixQC_v1.wav".into(),
            findings: Vec::new(),
            programme: Programme { sample_rate: 48_000, channels: title.len(), ..Programme::default() },
            mix: Mix::default(),
            settings: Settings::default(),
            time_line: TimeLine { sample_rate: 48_000, start: 0, frame_rate: None, drop_frame: false },
            created: SystemTime::UNIX_EPOCH,
        };
        let saving = Arc::default();
        let folder = folder.display().to_string();
        save(contents, folder, replace, Arc::clone(&saving), || ()).unwrap().join().unwrap();
        told(&saving)
    }

    #[test]
    fn a_report_is_replaced_only_when_told() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("81234567_Kaze_24_Mono_fr_PreMixQC_v1_report.html");
        let saved_there = Saving::Saved(page.display().to_string());
        assert_eq!(saved(folder.path(), "1", false), saved_there);
        let data = page.with_extension("json");
        let first = fs::read(&data).unwrap();
        assert_eq!(saved(folder.path(), "22", false), Saving::Exists(folder.path().display().to_string()));
        assert_eq!(fs::read(&data).unwrap(), first);
        assert_eq!(saved(folder.path(), "22", true), saved_there);
        assert_ne!(fs::read(&data).unwrap(), first);
    }

    #[test]
    fn what_cannot_be_written_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let said = saved(&file, "", false);
        let name = file.display().to_string();
        assert!(matches!(&said, Saving::Failed(error) if error.contains(&name)), "{said:?}");
    }
}
