//! The report: a page and its data, of one file and of many, as the command line writes them.

mod support;

#[path = "support/desk.rs"]
mod desk;

use std::collections::BTreeSet;
use std::path::Path;

use premix::delivery::wav::BitDepth;
use serde_json::Value;

use desk::{Desk, status, text};
use support::signals::{noise, scaled, sum};
use support::speech::speech;
use support::{amplitude, limit};

const RATE: usize = 48_000;
const HOUR: u64 = 172_800_000;
const V1: &str = "81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav";
const V2: &str = "81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v2.wav";

/// Speech with a pause, over a crowd, in two versions; the stems beside it.
fn write_scene(desk: &Desk) {
    let mut dialogue = scaled(&speech(RATE as u32)[..12 * RATE], amplitude(-6.0));
    dialogue[7 * RATE..].fill(0.0);
    let walla = scaled(&noise(3, 12 * RATE), 0.05);
    let mix = limit(&sum(&dialogue, &scaled(&walla, amplitude(-10.0))), RATE as u32, -60);
    let mut before = mix.clone();
    before[RATE..2 * RATE].fill(0.0);
    let write = |name, samples: &[f32]| desk.write_bwf(name, BitDepth::Int24, HOUR, samples);
    write("dialogue.wav", &dialogue);
    write("walla.wav", &walla);
    write(V1, &before);
    write(V2, &mix);
}

/// A short quiet sound that no rule minds.
fn tone() -> Vec<i32> {
    (0..4800).map(|n| (1e6 * (f64::from(n) * 0.07).sin()) as i32).collect()
}

fn data(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every field of an object, and of the objects in it.
fn fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                found.insert(name.clone());
                fields(value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| fields(value, found)),
        _ => {}
    }
}

/// What is written between back-ticks and may be a field.
fn documented(text: &str) -> BTreeSet<String> {
    let is_field = |word: &&str| {
        !word.is_empty()
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    text.split('`').skip(1).step_by(2).filter(is_field).map(str::to_owned).collect()
}

#[test]
fn every_field_is_documented_and_every_documented_field_is_there() {
    let desk = Desk::new();
    write_scene(&desk);
    let judged =
        format!("{V2} --walla walla.wav --previous {V1} --length 00:00:12:00 --frame-rate 24 --report .");
    let mut found = BTreeSet::new();
    for told in desk.judged(&judged) {
        assert_eq!(told["schema"], 1);
        assert!(told["history"].is_null());
        fields(&told, &mut found);
    }
    let stem = V2.trim_end_matches(".wav");
    fields(&data(&desk.path(&format!("{stem}_report.json"))), &mut found);
    // Text in `bext` and `iXML` that Premix itself does not write: a project, and an over.
    let loud = scaled(&speech(RATE as u32)[..RATE], 1.0);
    desk.write_bwf("over.wav", BitDepth::Int24, 0, &loud);
    let mut bytes = std::fs::read(desk.path("over.wav")).unwrap();
    let xml = b"<BWFXML><PROJECT>Casa</PROJECT><SPEED/></BWFXML>";
    bytes.extend(b"iXML");
    bytes.extend((xml.len() as u32).to_le_bytes());
    bytes.extend(xml);
    let size = (bytes.len() as u32 - 8).to_le_bytes();
    bytes[4..8].copy_from_slice(&size);
    std::fs::write(desk.path("over.wav"), bytes).unwrap();
    let told = desk.judged("over.wav");
    assert_eq!(told[0]["container"]["ixml"]["project"], "Casa");
    fields(&told[0], &mut found);
    let bounce = "bounce --dialogue dialogue.wav --walla walla.wav --frame-rate 24 --report . -o out.wav";
    assert_eq!(status(&desk.run(bounce)), 1, "its name is none of a delivery");
    fields(&data(&desk.path("out_report.json")), &mut found);
    fields(&serde_json::from_slice(&desk.run("check none.wav --json").stdout).unwrap(), &mut found);

    // An edit session in which the limiter of the premix is left over.
    let project = "<REAPER_PROJECT 0.1 \"7.0/linux-x86_64\" 1700000000\n  SAMPLERATE 48000 1 0\n  <TRACK {1}\n    NAME FR_MARIA\n    \
                   <FXCHAIN\n      BYPASS 0 0 0\n      <VST \"VST3: Premix (Premix)\" premix.vst3 0 \"\" 1\n      >\n    >\n  >\n>\n";
    std::fs::create_dir(desk.path("night")).unwrap();
    std::fs::write(desk.path("night/Night.rpp"), project).unwrap();
    let session: Value = serde_json::from_slice(&desk.run("session night --json").stdout).unwrap();
    assert!(session["left_over"].as_str().is_some_and(|text| text.contains("Premix")), "{session}");
    fields(&session, &mut found);

    let page = include_str!("../docs/report-schema.md");
    let documented = documented(page);
    let unknown: Vec<_> = found.difference(&documented).collect();
    assert!(unknown.is_empty(), "docs/report-schema.md does not describe {unknown:?}");
    let values = ["pass", "warn", "fail", "auto", "start", "sound"].map(str::to_owned).into();
    let missing = &(&documented - &found) - &values;
    assert!(missing.is_empty(), "docs/report-schema.md describes {missing:?}, which no report has");
}

#[test]
fn the_page_needs_nothing_else_and_tells_what_the_data_tells() {
    let desk = Desk::new();
    write_scene(&desk);
    desk.judged(&format!("{V2} --frame-rate 24 --report reports"));
    let stem = V2.trim_end_matches(".wav");
    let page = std::fs::read_to_string(desk.path(&format!("reports/{stem}_report.html"))).unwrap();
    for elsewhere in ["http:", "https:", "//", "<script", "<link", "<img", "url(", "@import"] {
        assert!(!page.contains(elsewhere), "{elsewhere} in the page");
    }
    let data = data(&desk.path(&format!("reports/{stem}_report.json")));
    let sum = text(&desk.start("sha256sum", V2).stdout);
    let sum = sum.split(' ').next().unwrap();
    assert_eq!(data["container"]["sha256"], sum);
    assert_eq!(data["container"]["bytes"], desk.path(V2).metadata().unwrap().len());
    for told in [V2, sum, data["headline"].as_str().unwrap(), data["summary"].as_str().unwrap()] {
        assert!(page.contains(told), "{told} is not in the page");
    }
    for rule in data["rules"].as_array().unwrap() {
        assert!(page.contains(rule["name"].as_str().unwrap()), "{rule}");
    }
    // The verdict comes first.
    let [verdict, checklist] = ["class=\"verdict", "Checklist"].map(|part| page.find(part).unwrap());
    assert!(verdict < checklist);
}

#[test]
fn overs_are_marked_and_listed_at_their_timecode() {
    let desk = Desk::new();
    let mut samples = vec![0.0; 60 * RATE];
    for second in [10, 20, 30] {
        samples[second * RATE + 1000] = 0.7;
    }
    desk.write_bwf("over.wav", BitDepth::Int24, HOUR, &samples);
    desk.judged("over.wav --frame-rate 25 --report .");
    let page = std::fs::read_to_string(desk.path("over_report.html")).unwrap();
    assert_eq!(page.matches("class=\"mark\"").count(), 3);
    for place in ["01:00:10:00", "01:00:20:00", "01:00:30:00"] {
        assert!(page.contains(place), "{place}");
    }
    let data = data(&desk.path("over_report.json"));
    assert_eq!(data["programme"]["overs"]["count"], 3);
    let places: Vec<_> = data["programme"]["overs"]["worst"].as_array().unwrap().iter().collect();
    assert_eq!(places[1]["place"], "01:00:20:00");
    // A peak of 0.7 between silence is -3.1 dBFS, and so is its true peak.
    assert!((places[1]["db"].as_f64().unwrap() + 3.098).abs() < 0.2, "{}", places[1]);
}

#[test]
fn names_cannot_break_the_page() {
    let desk = Desk::new();
    let name = "<b>&\"'.wav";
    desk.write_24(name, &[1000; 4800]);
    desk.judged(&format!("{name} --report ."));
    let page = std::fs::read_to_string(desk.path("<b>&\"'_report.html")).unwrap();
    assert!(page.contains("&lt;b&gt;&amp;") && !page.contains("<b>&"), "{page}");
}

#[test]
fn a_report_is_not_replaced_unasked() {
    let desk = Desk::new();
    desk.write_24(V1, &tone());
    let check = format!("check {V1} --report .");
    desk.run_well(&check);
    desk.refused(&check, &["_report.html already exists", "--overwrite"]);
    desk.run_well(&format!("{check} --overwrite"));
    // A bounce tells before it starts.
    desk.write_24("in.wav", &tone());
    std::fs::write(desk.path("out_report.json"), "precious").unwrap();
    desk.refused("bounce --dialogue in.wav -o out.wav --report .", &["out_report.json already exists"]);
    assert!(!desk.path("out.wav").exists());
}

#[test]
fn a_bounce_is_judged_and_reported_in_one_command() {
    let desk = Desk::new();
    write_scene(&desk);
    std::fs::remove_file(desk.path(V1)).unwrap();
    desk.film("24", 12 * 24, "-timecode 01:00:00:00", "picture.mov");
    let bounce = "bounce --dialogue dialogue.wav --walla walla.wav --picture picture.mov \
                  --package-id 81234567 --title LaCasaAzul --language fr --version v1 -o . --report .";
    let said = desk.run_well(bounce);
    assert!(said.contains("PASS"), "{said}");
    let stem = V1.trim_end_matches(".wav");
    let told = data(&desk.path(&format!("{stem}_report.json")));
    assert_eq!(told["verdict"], "pass");
    // What only the bus shows is judged too.
    let rule = |id: &str| told["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap();
    for id in ["A5", "A7", "A8", "A10", "A11", "A16", "A17"] {
        assert_eq!(rule(id)["verdict"], "pass", "{}", rule(id));
    }
    assert_eq!(told["settings"]["walla_gain_db"], -10.0);
    // Without loudness the file states none, and its report tells what is read in it and what the bus did.
    desk.run_well(&format!("{bounce} --no-loudness --overwrite"));
    let without = data(&desk.path(&format!("{stem}_report.json")));
    assert!(without["container"]["bext"]["integrated_lufs"].is_null());
    assert_eq!(without["programme"]["loudness"], told["programme"]["loudness"]);
    for column in ["true_peak_dbtp", "short_term_lufs", "reduction_db"] {
        assert_eq!(without["history"][column], told["history"][column], "{column}");
    }
}

#[test]
fn many_files_and_folders_get_a_line_each_and_a_summary() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("reel/2")).unwrap();
    desk.write_24(&format!("reel/{V1}"), &tone());
    desk.write_24(&format!("reel/2/{V2}"), &[8_000_000; 4800]);
    desk.write_24("reel/81234567_La_Casa_24_Mono_fr_PreMixQC_v1.wav", &tone());
    std::fs::write(desk.path("reel/3.wav"), "no sound").unwrap();
    std::fs::write(desk.path("reel/notes.txt"), "no WAV").unwrap();
    let output = desk.run("check reel --report reports");
    let said = text(&output.stdout);
    assert_eq!(status(&output), 2, "{said}");
    assert!(text(&output.stderr).contains("3.wav is a file of another kind, not a WAV file"));
    let verdicts: Vec<&str> = said.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!(verdicts.len(), 4, "{said}");
    for (line, (verdict, name)) in
        verdicts.iter().zip([("FAIL", V2), ("PASS", V1), ("PASS with warnings", "81234567_La_Casa")])
    {
        assert!(line.starts_with(verdict) && line.contains(name), "{line}");
    }
    assert_eq!(verdicts[3], "4 files: 1 pass, 1 pass with warnings, 1 fail, 1 cannot be read");
    assert_eq!(std::fs::read_dir(desk.path("reports")).unwrap().count(), 6);
    // The same as JSON lines, in the same order.
    let output = desk.run("check reel --json");
    let told: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdicts: Vec<_> = told.iter().map(|told| told["verdict"].as_str()).collect();
    assert_eq!(verdicts, [Some("fail"), None, Some("pass"), Some("warn")]);
    assert!(told[1]["error"].as_str().unwrap().contains("not a WAV"), "{}", told[1]);
    assert_eq!(status(&output), 2);
    // The worst decides: 0, 1, 2.
    for (files, expected) in
        [("reel/8*v1.wav", 2), (&format!("reel/{V1}"), 0), (&format!("reel/{V1} reel/2"), 1)]
    {
        assert_eq!(status(&desk.run(&format!("check {files}"))), expected, "{files}");
    }
    desk.refused("check reel/2 reel --previous x.wav", &["give one file"]);
    std::fs::create_dir(desk.path("empty")).unwrap();
    desk.refused("check empty", &["empty has no WAV"]);
}
