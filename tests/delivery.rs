//! The delivery around the audio: file names and pictures, through the command line.

use std::path::PathBuf;
use std::process::{Command, Output};

use premix::delivery::wav::{BitDepth, WavReader, WavSpec, WavWriter};
use tempfile::TempDir;

/// A folder with the files of one test, and the commands run in it.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a program with arguments separated by spaces; `~` stands for a space within one.
    fn start(&self, program: &str, arguments: &str) -> Output {
        let arguments = arguments.split_whitespace().map(|argument| argument.replace('~', " "));
        let missing = format!("{program} is missing: run `cargo xtask setup`");
        Command::new(program).args(arguments).current_dir(&self.0).output().expect(&missing)
    }

    fn run(&self, arguments: &str) -> Output {
        self.start(env!("CARGO_BIN_EXE_premix"), arguments)
    }

    /// Runs what must succeed and gives what it says.
    fn run_well(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert_eq!(status(&output), 0, "{arguments}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Runs what must be refused: status 2, one sentence with these words, nothing on standard output.
    fn refused(&self, arguments: &str, words: &[&str]) {
        let output = self.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(status(&output), 2, "{arguments}: {said}");
        assert!(output.stdout.is_empty());
        for word in words {
            assert!(said.contains(word), "{arguments}: {said}");
        }
    }

    /// Writes a quiet mono WAV at 48 kHz with a time reference.
    fn write_wav(&self, name: &str, time_reference: u64, samples: usize) {
        let spec = WavSpec {
            channels: 1,
            sample_rate: 48_000,
            depth: BitDepth::Int24,
            time_reference,
            description: String::new(),
            originator_reference: String::new(),
            created: std::time::SystemTime::UNIX_EPOCH,
        };
        let mut writer = WavWriter::create(&self.path(name), spec, false).unwrap();
        writer.write(&vec![0.1; samples]).unwrap();
        writer.finish().unwrap();
    }

    /// Writes a quiet mono WAV at 48 kHz as `hound` does: without a time reference.
    fn write_plain_wav(&self, name: &str, samples: usize) {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(self.path(name), spec).unwrap();
        (0..samples).for_each(|_| writer.write_sample(800_000).unwrap());
        writer.finalize().unwrap();
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut files: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        files
    }

    /// Length and time reference of a WAV, in samples.
    fn extent(&self, name: &str) -> (u64, Option<u64>) {
        let reader = WavReader::open(&self.path(name)).unwrap();
        (reader.facts().frames, reader.facts().time_reference())
    }
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const DELIVERY: &str = "--package-id 81234567 --title LaCasaAzul --language fr";

#[test]
fn a_name_is_built_of_its_values() {
    let desk = Desk::new();
    let name = format!("name {DELIVERY} --frame-rate 23.976");
    assert_eq!(desk.run_well(&name), "81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v1.wav\n");
    let third = desk.run_well(&format!("{name} --version v3"));
    assert_eq!(third, "81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v3.wav\n");
    std::fs::write(desk.path(third.trim()), "").unwrap();
    let next = desk.run_well(&format!("{name} --next-in ."));
    assert_eq!(next, "81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v4.wav\n");
    // Every wrong value is told, with what to write.
    desk.refused(
        "name --package-id [81234567] --title La~Maison~d'Été --language FR --frame-rate 23 --version 0",
        &["write 81234567", "write La-Maison-dEte", "write fr", "23976, 24, 25", "write v1"],
    );
    desk.refused(&format!("{name} --next-in nowhere"), &["nowhere"]);
    desk.refused(&format!("{name} --next-in . --version v2"), &["--next-in", "--version"]);
    desk.refused("name --title LaCasaAzul", &["--package-id", "--language", "--frame-rate"]);
    desk.refused(&format!("{name} --json"), &["--json", "--package-id"]);
}

#[test]
fn a_name_is_explained_and_judged_by_status() {
    let desk = Desk::new();
    let [strict, lenient, failing] = [
        "81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v1.wav",
        "81234567_La_Casa_Azul_23.976_Mono_PT-BR_PreMixQC_V1.wav",
        "81234567_La~Casa_24_Mono_fr_PreMixQC_v1.wav",
    ];
    let said = desk.run_well(&format!("name --parse some/folder/{strict}"));
    assert!(said.contains("French") && said.contains("23.976 frames a second"), "{said}");
    assert!(said.ends_with("PASS\n"), "{said}");
    let said = desk.run_well(&format!("name --parse {lenient}"));
    assert!(said.contains("81234567_La-Casa-Azul_23976_Mono_pt-BR_PreMixQC_v1.wav"), "{said}");
    let output = desk.run(&format!("name --parse {strict} {failing} {lenient}"));
    assert_eq!(status(&output), 1);
    assert!(text(&output.stdout).contains("FAIL: the title \"La Casa\" has a space: write La-Casa"));
    assert_eq!(text(&output.stderr), "");

    let output = desk.run(&format!("name --json --parse {strict} {lenient} {failing}"));
    assert_eq!(status(&output), 1);
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<_> = lines.iter().map(|line| line["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["pass", "warn", "fail"]);
    assert!(lines.iter().all(|line| line["schema"] == 1 && line["parts"].as_array().unwrap().len() == 8));
    assert_eq!(lines[1]["corrected"], "81234567_La-Casa-Azul_23976_Mono_pt-BR_PreMixQC_v1.wav");
    assert_eq!(lines[2]["parts"][1]["remedy"], "write La-Casa");
    assert!(lines[0]["corrected"].is_null() && lines[2]["corrected"].is_null());
    desk.refused(&format!("name --parse {strict} --title X"), &["--parse", "--title"]);
}

#[test]
fn a_bounce_gets_the_name_of_its_delivery() {
    let desk = Desk::new();
    desk.write_plain_wav("in.wav", 1000);
    std::fs::create_dir(desk.path("out")).unwrap();
    let bounce = |more: &str| format!("bounce --dialogue in.wav --frame-rate 24 {DELIVERY} {more}");
    let named = |version: u32| format!("out/81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v{version}.wav");
    desk.run_well(&bounce("--version v1 -o out"));
    assert_eq!(desk.extent(&named(1)).0, 1000);
    desk.run_well(&bounce("--version next -o out/"));
    desk.run_well(&bounce(&format!("--version next -o {}", named(3))));
    desk.run_well(&bounce(&format!("--version 9 -o {}", named(9))));
    assert_eq!(
        desk.run_well(&format!("name {DELIVERY} --frame-rate 24 --next-in out")).trim(),
        &named(10)[4..]
    );
    // What is there stays, and what does not fit is told before anything is written.
    desk.refused(&bounce("--version v1 -o out"), &["already exists"]);
    desk.refused(&bounce("--version v4 -o out/mix.wav"), &["mix.wav", &named(4)[4..]]);
    desk.refused(&bounce(&format!("--version v4 -o {}", named(5))), &[&named(4)[4..]]);
    desk.refused(&bounce("--version v4 -o nowhere"), &["nowhere", "neither a folder"]);
    desk.refused(&bounce("--version next -o nowhere/x.wav"), &["nowhere"]);
    desk.refused(&bounce("-o out"), &["--version"]);
    for (wrong, words) in [
        ("--title ShowTitle --language fr", &["placeholder"][..]),
        ("--title Été --language fr", &["write Ete"]),
        ("--title La~Casa --language fr", &["write La-Casa"]),
        ("--title LaCasa --language fre", &["language"]),
        ("--title LaCasa --language pt_BR", &["write pt-BR"]),
    ] {
        let bounce = format!(
            "bounce --dialogue in.wav --frame-rate 24 --package-id 81234567 {wrong} --version v7 -o out"
        );
        desk.refused(&bounce, words);
    }
    let without_rate = format!("bounce --dialogue in.wav {DELIVERY} --version v7 -o out");
    desk.refused(&without_rate, &["--frame-rate"]);
    desk.refused("bounce --dialogue in.wav --title X -o out", &["--package-id"]);
    assert_eq!(std::fs::read_dir(desk.path("out")).unwrap().count(), 4);
    assert_eq!(desk.files(), ["in.wav", "out"]);
}
