//! Damaged WAV files: a verdict or a clear error, never a panic.
//!
//! `tests/data/wav-corpus` holds the files; a crash that the fuzz target finds becomes one of them.

#[path = "support/damaged_wav.rs"]
mod damaged_wav;

use std::fs;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use damaged_wav::read_to_the_end;

/// Names and contents of the corpus, in the order of the names.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wav-corpus");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn every_kept_file_is_read_or_refused() {
    let corpus = corpus();
    assert!(corpus.len() >= 16, "the corpus is missing");
    for (name, bytes) in &corpus {
        println!("{name}");
        read_to_the_end(bytes);
        for length in 0..bytes.len() {
            read_to_the_end(&bytes[..length]);
        }
    }
}

/// What the command line says of each: 1 is a verdict that fails, 2 a file that is refused, with a reason.
#[test]
fn every_kept_file_gets_a_verdict_or_a_clear_error() {
    for (name, _) in corpus() {
        let output = Command::new(env!("CARGO_BIN_EXE_premix"))
            .args(["check", &name])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wav-corpus"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            // Every name here is no name of a delivery, which alone fails.
            Some(1) => assert!(said.contains(&name) && said.contains("FAIL"), "{name}: {said}"),
            Some(2) => assert!(error.contains(&name), "{name}: {error}"),
            status => panic!("{name}: {status:?}, {error}"),
        }
        let damage = match name.split_once('-').unwrap().0 {
            // What A1 must say of it.
            "loss" => "fail        A1",
            "odd" => "warn        A1",
            "sound" => "pass        A1",
            "refused" => "",
            other => panic!("{other} is no kind of file"),
        };
        assert!(said.contains(damage), "{name}: {said}{error}");
        assert_eq!(damage.is_empty(), output.status.code() == Some(2), "{name}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn mutations_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), edit()), 0..16),
    ) {
        let corpus = corpus();
        let mut bytes = which.get(&corpus).1.clone();
        for (index, edit) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = index.index(bytes.len());
            match edit {
                Edit::Byte(value) => bytes[at] = value,
                Edit::Word(value) => {
                    bytes.iter_mut().skip(at).zip(value.to_le_bytes()).for_each(|(byte, value)| *byte = value);
                }
                Edit::Cut => bytes.truncate(at),
                Edit::Remove(length) => drop(bytes.drain(at..(at + length).min(bytes.len()))),
                Edit::Repeat(length) => {
                    let again = bytes[at..(at + length).min(bytes.len())].to_vec();
                    bytes.splice(at..at, again);
                }
            }
        }
        read_to_the_end(&bytes);
    }
}

/// What happens to files.
#[derive(Clone, Debug)]
enum Edit {
    Byte(u8),
    Word(u32),
    Cut,
    Remove(usize),
    Repeat(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => any::<u8>().prop_map(Edit::Byte),
        4 => prop_oneof![Just(0), Just(1), Just(u32::MAX), Just(u32::MAX - 1), Just(1 << 31), any::<u32>()]
            .prop_map(Edit::Word),
        1 => Just(Edit::Cut),
        2 => (1usize..40).prop_map(Edit::Remove),
        2 => (1usize..40).prop_map(Edit::Repeat),
    ]
}
