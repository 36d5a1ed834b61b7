//! Many files at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context, Result, ensure};

/// Folders within folders that are followed.
const DEEPEST: usize = 32;

/// The files that paths mean: a file itself, a folder all WAVs in it and in its folders, by name.
///
/// # Errors
/// A folder that cannot be read or has no WAV.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        collect(path, DEEPEST, &mut files)?;
        ensure!(files.len() > before, "{} has no WAV in it: give another folder", path.display());
    }
    Ok(files)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<()> {
    let unreadable = || format!("cannot read the folder {}: check the permissions", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        // Hidden files are what other programs keep to themselves.
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    for path in paths {
        // A link to a folder may lead back: it is not followed.
        if path.is_dir() {
            if depth > 0 && !path.is_symlink() {
                collect(&path, depth - 1, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav")) {
            files.push(path);
        }
    }
    Ok(())
}

/// Works on every file, as many at a time as there are cores, and tells the results in the order of the
/// files, each as soon as those before it are told.
pub fn each<T: Send>(
    files: &[PathBuf],
    work: impl Fn(usize, &Path) -> T + Sync,
    mut told: impl FnMut(usize, T),
) {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (results, arriving) = mpsc::channel();
        for _ in 0..workers {
            let (results, next, work) = (results.clone(), &next, &work);
            scope.spawn(move || {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(file) = files.get(index)
                    && results.send((index, work(index, file))).is_ok()
                {}
            });
        }
        drop(results);
        let (mut waiting, mut due) = (BTreeMap::new(), 0);
        for (index, result) in arriving {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&due) {
                told(due, result);
                due += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_files() {
        let files: Vec<PathBuf> = (0..50).map(|n| PathBuf::from(n.to_string())).collect();
        let mut told = Vec::new();
        let work = |index: usize, file: &Path| {
            // The first take longest.
            let turns = if index < 4 { 2_000_000 } else { 1 };
            let sum =
                (0..turns).fold(0u64, |sum, n| sum.wrapping_mul(31).wrapping_add(std::hint::black_box(n)));
            (file.to_path_buf(), sum)
        };
        each(&files, work, |index, (file, _)| told.push((index, file)));
        assert_eq!(told, files.into_iter().enumerate().collect::<Vec<_>>());
        each(&[], |_, _| (), |_, ()| panic!("nothing to tell"));
    }

    #[test]
    fn a_folder_is_the_wavs_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("b/c")).unwrap();
        for name in ["b/c/3.wav", "b/2.WAV", "1.wav", ".hidden.wav", "notes.txt", "z.wav"] {
            fs::write(path(name), "").unwrap();
        }
        let told = files(&[path("notes.txt"), folder.path().to_path_buf()]).unwrap();
        assert_eq!(told, ["notes.txt", "1.wav", "b/2.WAV", "b/c/3.wav", "z.wav"].map(path));
        let empty = tempfile::tempdir().unwrap();
        assert!(files(&[empty.path().to_path_buf()]).unwrap_err().to_string().contains("no WAV"));
    }
}
