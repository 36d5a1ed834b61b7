//! A folder with the files of one test, and the command line run in it.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::SystemTime;

use premix::delivery::wav::{BitDepth, WavSpec, WavWriter};
use serde_json::Value;
use tempfile::TempDir;

pub struct Desk(TempDir);

impl Desk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn folder(&self) -> &std::path::Path {
        self.0.path()
    }

    /// Runs a program with arguments separated by spaces; `~` stands for a space within one.
    pub fn start(&self, program: &str, arguments: &str) -> Output {
        let arguments = arguments.split_whitespace().map(|argument| argument.replace('~', " "));
        let missing = format!("{program} is missing: run `cargo xtask setup`");
        Command::new(program).args(arguments).current_dir(&self.0).output().expect(&missing)
    }

    /// Runs `premix`.
    pub fn run(&self, arguments: &str) -> Output {
        self.start(env!("CARGO_BIN_EXE_premix"), arguments)
    }

    /// Runs what must succeed and gives what it says.
    pub fn run_well(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert_eq!(status(&output), 0, "{arguments}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs what must be refused: status 2, one sentence with these words, nothing on standard output.
    pub fn refused(&self, arguments: &str, words: &[&str]) {
        let output = self.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(status(&output), 2, "{arguments}: {said}");
        assert!(output.stdout.is_empty());
        for word in words {
            assert!(said.contains(word), "{arguments}: {said}");
        }
    }

    /// What `check` says, whether the file fails a rule or not.
    pub fn checked(&self, arguments: &str) -> String {
        let output = self.run(&format!("check {arguments}"));
        assert!(status(&output) <= 1, "{arguments}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// What `check --json` says of each file, whether it fails a rule or not. The exit status is that of the
    /// worst verdict.
    pub fn judged(&self, arguments: &str) -> Vec<Value> {
        let output = self.run(&format!("check {arguments} --json"));
        let told: Vec<Value> =
            text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let fails = told.iter().any(|told| told["verdict"] == "fail");
        assert_eq!(status(&output), i32::from(fails), "{arguments}: {}", text(&output.stderr));
        told
    }

    /// Writes integers as `hound` does: without a time reference.
    pub fn write(&self, name: &str, channels: u16, sample_rate: u32, bits_per_sample: u16, samples: &[i32]) {
        let sample_format = hound::SampleFormat::Int;
        let spec = hound::WavSpec { channels, sample_rate, bits_per_sample, sample_format };
        let mut writer = hound::WavWriter::create(self.path(name), spec).unwrap();
        samples.iter().for_each(|&x| writer.write_sample(x).unwrap());
        writer.finalize().unwrap();
    }

    /// The same in mono, at 48 kHz and 24 bits.
    pub fn write_24(&self, name: &str, samples: &[i32]) {
        self.write(name, 1, 48_000, 24, samples);
    }

    /// Writes a mono Broadcast Wave at 48 kHz with a time reference; replaces one that is there.
    pub fn write_bwf(&self, name: &str, depth: BitDepth, time_reference: u64, samples: &[f32]) {
        let spec = WavSpec {
            channels: 1,
            sample_rate: 48_000,
            depth,
            time_reference,
            timecode: None,
            description: String::new(),
            originator_reference: String::new(),
            created: SystemTime::UNIX_EPOCH,
        };
        let mut writer = WavWriter::create(&self.path(name), spec, true).unwrap();
        writer.write(samples).unwrap();
        writer.finish().unwrap();
    }

    /// Makes a movie of so many frames.
    pub fn film(&self, rate: &str, frames: u32, more: &str, name: &str) {
        let picture = format!("-f lavfi -i testsrc2=size=64x36:rate={rate} -frames:v {frames} -c:v mpeg4");
        let output = self.start("ffmpeg", &format!("-v error -nostdin -y {picture} {more} {name}"));
        assert_eq!(status(&output), 0, "{}", text(&output.stderr));
    }

    /// The names of all that is in the folder.
    pub fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut files: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        files
    }
}

pub fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
