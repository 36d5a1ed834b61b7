//! The edit session, judged through files: every rule with a delivery that passes it, one that violates it and
//! one that cannot tell.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use premix::compliance::Verdict::{self, Fail, Pass, Person, Unknown, Warn};
use premix::compliance::session::{PictureFacts, RULES};
use premix::delivery::timecode::{FrameRate, Timecode};
use premix::offline::session::{SessionOptions, SessionReport, check};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

const NAME: &str = "LaCasaAzul_81234567_101_fr_LocalizedEditProject_25_v2";

/// A delivery before it is written.
#[derive(Clone)]
struct Delivery {
    name: String,
    files: Vec<(String, Vec<u8>)>,
}

impl Delivery {
    fn add(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.into(), bytes.into()));
        self
    }

    fn named(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    fn without(mut self, path: &str) -> Self {
        let before = self.files.len();
        self.files.retain(|(name, _)| name != path);
        assert!(self.files.len() < before, "{path}");
        self
    }

    /// Replaces a part of the project's text.
    fn edit(mut self, from: &str, to: &str) -> Self {
        let (_, project) = self.files.iter_mut().find(|(name, _)| name.ends_with(".rpp")).unwrap();
        let text = String::from_utf8(project.clone()).unwrap();
        assert!(text.contains(from), "{from}");
        *project = text.replacen(from, to, 1).into_bytes();
        self
    }

    fn folder(&self, within: &Path) -> PathBuf {
        let root = within.join(&self.name);
        fs::create_dir_all(&root).unwrap();
        for (path, bytes) in &self.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        root
    }

    fn zip(&self, within: &Path) -> PathBuf {
        let path = within.join(format!("{}.zip", self.name));
        let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in &self.files {
            writer.start_file(format!("Night/{name}"), SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        path
    }

    fn report(&self, options: &SessionOptions) -> SessionReport {
        let folder = TempDir::new().unwrap();
        check(&self.folder(folder.path()), options).unwrap()
    }

    fn verdict(&self, rule: &str) -> Verdict {
        verdict(&self.report(&SessionOptions::default()), rule)
    }
}

fn verdict(report: &SessionReport, rule: &str) -> Verdict {
    let finding = report.findings.iter().find(|finding| finding.rule.id == rule);
    finding.unwrap_or_else(|| panic!("{rule} was not judged")).verdict
}

fn measured<'a>(report: &'a SessionReport, rule: &str) -> &'a str {
    &report.findings.iter().find(|finding| finding.rule.id == rule).unwrap().measured
}

fn wav(channels: u16, sample_rate: u32, bits: u16) -> Vec<u8> {
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

fn item(name: &str, second: u32) -> String {
    format!(
        "<ITEM\nPOSITION {second}\nLENGTH 1\nMUTE 0\nFADEIN 1 0.01 0 1 0 0\nFADEOUT 1 0.01 0 1 0 0\nNAME {name}\n\
         VOLPAN 1 0 1 -1\nPLAYRATE 1 1 0 -1 0 0.0025\n<SOURCE WAVE\nFILE \"Audio Files/{name}.wav\"\n>\n>\n"
    )
}

fn track(name: &str, clips: &[(&str, u32)]) -> String {
    let items: String = clips.iter().map(|(name, second)| item(name, *second)).collect();
    format!(
        "<TRACK {{{name}}}\nNAME {name}\nVOLPAN 1 0 -1 -1 1\nMUTESOLO 0 0 0\nISBUS 0 0\n\
         SHOWINMIX 1 0.6 0.5 1 0.5 0 0 0\nFREEMODE 0\nNCHAN 2\nFX 1\nMAINSEND 1 0\n{items}>\n"
    )
}

const TRACKS: [(&str, &[(&str, u32)]); 7] = [
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
fn honest() -> Delivery {
    let tracks: String = TRACKS.iter().map(|(name, clips)| track(name, clips)).collect();
    let project = format!(
        "<REAPER_PROJECT 0.1 \"7.0/linux\" 1\nPROJOFFS 3600 0 0\nTIMEMODE 1 5 -1 25 0 0 -1\nSAMPLERATE 48000 1 0\n\
         MASTER_VOLUME 1 0 -1 -1 1\nMASTERMUTESOLO 0\n{tracks}>\n"
    );
    let mut delivery = Delivery { name: NAME.into(), files: Vec::new() };
    for (name, _) in TRACKS.iter().flat_map(|(_, clips)| *clips) {
        let channels = if name.starts_with("OPT") { 6 } else { 1 };
        delivery = delivery.add(&format!("Audio Files/{name}.wav"), wav(channels, 48_000, 24));
    }
    delivery.add("night.rpp", project).add("night.ptx", *b"")
}

/// Nothing but a Pro Tools session, which is closed.
fn closed() -> Delivery {
    Delivery { name: "night".into(), files: Vec::new() }.add("night.ptx", *b"")
}

/// A list written beside the delivery, and where it is.
fn beside(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> Option<PathBuf> {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    Some(path)
}

#[test]
fn an_honest_session_passes_every_rule_that_can_be_seen() {
    let report = honest().report(&SessionOptions::default());
    let expected_unknown = ["B6", "B13", "B17", "B18"];
    for finding in report.findings.iter().filter(|finding| finding.verdict != Person) {
        let expected = if expected_unknown.contains(&finding.rule.id) { Unknown } else { Pass };
        assert_eq!(finding.verdict, expected, "{}: {}", finding.rule.id, finding.measured);
    }
    assert_eq!(report.left_over, None);
}

#[test]
fn a_zip_is_judged_as_its_folder() {
    let folder = TempDir::new().unwrap();
    let delivery = honest();
    let zipped = check(&delivery.zip(folder.path()), &SessionOptions::default()).unwrap();
    let unzipped = delivery.report(&SessionOptions::default());
    let verdicts = |report: &SessionReport| -> Vec<_> {
        report.findings.iter().map(|finding| (finding.rule.id, finding.verdict)).collect()
    };
    assert_eq!(verdicts(&zipped), verdicts(&unzipped));
}

#[test]
fn every_rule_is_in_the_table_once_and_in_order() {
    let of_sessions = || RULES.iter().filter(|rule| rule.id.starts_with('B'));
    let numbers: Vec<u32> = of_sessions().map(|rule| rule.id[1..].parse().unwrap()).collect();
    assert_eq!(numbers, (1..=41).collect::<Vec<_>>());
    let report = honest().report(&SessionOptions::default());
    let judged: Vec<&str> = report.findings.iter().map(|finding| finding.rule.id).collect();
    assert_eq!(judged, of_sessions().map(|rule| rule.id).collect::<Vec<_>>());
    for finding in &report.findings {
        assert_eq!(finding.verdict == Person, finding.rule.judged_by.is_empty(), "{}", finding.rule.id);
    }
}

/// Deliveries that violate one rule each, and what that is. [`ELSEWHERE`] has the other rules.
fn violations() -> Vec<(&'static str, Delivery, Verdict)> {
    let insert = "<FXCHAIN\nBYPASS 0 0 0\n<VST \"VST: ReaEQ\" reaeq.dll 0 \"\" 1\n>\n>\nMAINSEND 1 0\n";
    let with = |line: &str| honest().edit("MAINSEND 1 0\n", line);
    let optional = track("OPT_A", &[]);
    let optional = optional.trim_end_matches(">\n");
    vec![
        ("B2", honest().named("LaCasaAzul_81234567_101_fr_LocalizedEditProject_24_v2"), Fail),
        ("B2", honest().named("La_Casa_81234567_101_fr_LocalizedEditProject_25_v2"), Warn),
        ("B3", honest().without("Audio Files/FR_PAUL_01.wav"), Fail),
        ("B3", honest().edit("Audio Files/FR_PAUL_01.wav", "/other/disk/FR_PAUL_01.wav"), Warn),
        ("B4", honest().without("night.ptx"), Fail),
        ("B5", honest().add("Audio Files/FR_OLD.wav", wav(1, 48_000, 24)), Fail),
        (
            "B7",
            honest()
                .without("Audio Files/FR_PAUL_01.wav")
                .add("Audio Files/FR_PAUL_01.wav", wav(1, 48_000, 16)),
            Fail,
        ),
        (
            "B7",
            honest()
                .without("Audio Files/FR_PAUL_01.wav")
                .add("Audio Files/FR_PAUL_01.wav", wav(1, 44_100, 24)),
            Fail,
        ),
        ("B7", honest().edit("SAMPLERATE 48000", "SAMPLERATE 44100"), Fail),
        ("B7", honest().add("Audio Files/FR_PAUL_02.aif", *b"FORM"), Fail),
        ("B8", with(insert), Fail),
        ("B8", honest().edit("NAME FR_PAUL_01", "NAME FR_PAUL_01-RX_02"), Warn),
        (
            "B9",
            honest()
                .without("Audio Files/FR_PAUL_01.wav")
                .add("Audio Files/FR_PAUL_01.wav", wav(2, 48_000, 24)),
            Fail,
        ),
        (
            "B10",
            honest().without("Audio Files/OPT_A_01.wav").add("Audio Files/OPT_A_01.wav", wav(2, 48_000, 24)),
            Warn,
        ),
        // Six channels, and a file of two.
        (
            "B10",
            honest()
                .edit(optional, &optional.replace("NCHAN 2", "NCHAN 6"))
                .without("Audio Files/OPT_A_01.wav")
                .add("Audio Files/OPT_A_01.wav", wav(2, 48_000, 24)),
            Fail,
        ),
        ("B11", honest().edit("NAME FR_PAUL\n", "NAME PAUL\n"), Fail),
        ("B11", honest().edit("NAME FR_PAUL\n", "NAME DE_PAUL\n"), Fail),
        ("B11", honest().edit("NAME FR_PAUL\n", "NAME fr_Paul\n"), Warn),
        ("B11", honest().edit("NAME FR_PAUL\n", "NAME fr_paul\n"), Warn),
        ("B12", honest().edit("NAME FR_WALLA1\n", "NAME WALLA1\n"), Fail),
        ("B14", honest().edit("NAME FR_PAUL\n", "NAME FR_PÂUL\n"), Fail),
        ("B14", honest().edit("NAME FR_PAUL\n", "NAME FR_PAUL.dup1\n"), Fail),
        ("B14", honest().edit("NAME FR_PAUL_01\n", "NAME FR_PAUL|01\n"), Fail),
        ("B15", honest().edit("NAME FR_PAUL_01\n", "NAME take3\n"), Fail),
        ("B16", honest().edit("NAME PU_FR_PAUL\n", "NAME FR_PU_PAUL\n"), Fail),
        ("B16", honest().edit("NAME FR_PAUL_01\n", "NAME PU_FR_PAUL_09\n"), Fail),
        ("B17", honest().named("LaCasaAzul_81234567_101_fr_LocalizedEditProject_25_v1"), Warn),
        ("B19", honest().edit("NAME FR_NARRATOR\n", "NAME FR_NARRATOR_PAUL\n"), Fail),
        ("B20", honest().edit("FADEIN 1 0.01 0", "FADEIN 1 0 0"), Fail),
        ("B20", honest().edit("FADEOUT 1 0.01 0", "FADEOUT 1 0 0"), Fail),
        ("B25", honest().edit("NAME FR_PAUL_01\n", "NAME FR_PAUL_SONG\n"), Warn),
        ("B26", honest().edit("PLAYRATE 1 ", "PLAYRATE 1.1 "), Warn),
        ("B27", with("<VOLENV2\nACT 1 -1\nPT 0 0.5 0\n>\nMAINSEND 1 0\n"), Fail),
        ("B27", with("<VOLENV2\nACT 1 -1\nPT 0 1 0\n>\nMAINSEND 1 0\n"), Warn),
        // It stands still, but not at 0 dB.
        ("B27", with("<VOLENV2\nACT 1 -1\nPT 0 0.5 0\nPT 9 0.5 0\n>\nMAINSEND 1 0\n"), Fail),
        ("B27", honest().edit("VOLPAN 1 0 -1", "VOLPAN 0.5 0 -1"), Warn),
        ("B28", honest().edit("MASTER_VOLUME 1 ", "MASTER_VOLUME 0.5 "), Fail),
        (
            "B28",
            honest().edit("MASTERMUTESOLO 0\n", "<MASTERFXLIST\n<VST \"VST: ReaComp\" x 0\n>\n>\n"),
            Fail,
        ),
        ("B28", honest().edit("MASTERMUTESOLO 0\n", "<MASTERVOLENV2\nACT 1 -1\nPT 0 0.5 0\n>\n"), Fail),
        ("B29", honest().edit("MAINSEND 1 0", "MAINSEND 0 0"), Fail),
        ("B29", honest().edit("ISBUS 0 0", "ISBUS 1 1"), Warn),
        ("B30", with("GROUP_FLAGS 1 1\nMAINSEND 1 0\n"), Fail),
        ("B30", honest().edit("PLAYRATE 1 ", "GROUP 3\nPLAYRATE 1 "), Fail),
        ("B31", honest().edit(&item("FR_PAUL_01", 20), ""), Fail),
        ("B31", honest().edit("NAME FR_PAUL\n", "NAME ------\n"), Fail),
        ("B32", honest().edit("SHOWINMIX 1 0.6 0.5 1", "SHOWINMIX 1 0.6 0.5 0"), Fail),
        ("B32", honest().edit("PLAYRATE 1 1 0 -1 0 0.0025\n", "TAKE\n"), Fail),
        ("B33", with(insert), Fail),
        ("B33", with(&insert.replace("BYPASS 0", "BYPASS 1")), Fail),
        ("B34", with("AUXRECV 1 0 0.5 0 0 0 0 0 0 -1 0 -1 ''\nMAINSEND 1 0\n"), Fail),
        ("B34", with("HWOUT 0 0 1 0 0 0 0 -1 -1\nMAINSEND 1 0\n"), Warn),
        ("B36", honest().add("proxy.mov", *b"x"), Fail),
        ("B36", honest().add("Audio Files/a.mxf", *b"x"), Warn),
        ("B36", honest().add("Audio Files/OV_PRINTMASTER.wav", wav(1, 48_000, 24)), Fail),
        ("B36", honest().edit("NAME FR_PAUL\n", "NAME GUIDE\n"), Warn),
        ("B37", honest().edit("VOLPAN 1 0 1 -1", "VOLPAN 1 0 6 -1"), Warn),
    ]
}

/// Rules that need more than the delivery, or another program's, and the tests that have their cases.
const ELSEWHERE: [(&str, &str); 6] = [
    ("B6", "the_picture"),
    ("B13", "lists_sharpen_rules"),
    ("B18", "lists_sharpen_rules"),
    ("B23", "more_than_eight_group_tracks_warn"),
    ("B35", "vcas_of_ardour_fail_and_its_master_does_not"),
    ("A9 A17", "the_premix_holds_every_clip"),
];

#[test]
fn every_rule_that_is_judged_has_a_violation() {
    let mut had: Vec<&str> = violations().iter().map(|(rule, ..)| *rule).collect();
    had.extend(ELSEWHERE.iter().flat_map(|(rules, _)| rules.split(' ')));
    for rule in RULES.iter().filter(|rule| !rule.judged_by.is_empty()) {
        assert!(had.contains(&rule.id), "{}", rule.id);
    }
}

#[test]
fn violations_fail() {
    for (rule, delivery, expected) in violations() {
        let report = delivery.report(&SessionOptions::default());
        assert_eq!(verdict(&report, rule), expected, "{rule}: {}", measured(&report, rule));
    }
}

#[test]
fn vcas_of_ardour_fail_and_its_master_does_not() {
    let session = |vca: &str, level: &str| {
        let text = format!(
            "<Session name=\"n\" sample-rate=\"48000\"><VCAManager>{vca}</VCAManager><Routes>\
             <Route id=\"1\" name=\"Master\"><PresentationInfo flags=\"MasterOut\"/><Processor type=\"amp\">\
             <Controllable name=\"gaincontrol\" value=\"{level}\"/></Processor></Route></Routes></Session>"
        );
        Delivery { name: NAME.into(), files: Vec::new() }.add("n.ardour", text)
    };
    assert_eq!(session("<VCA name=\"All\"/>", "1").verdict("B35"), Fail);
    assert_eq!(session("", "1").verdict("B35"), Pass);
    assert_eq!(session("", "1").verdict("B28"), Pass);
    assert_eq!(session("", "0.5").verdict("B28"), Fail);
}

#[test]
fn more_than_eight_group_tracks_warn() {
    let more: String = (2..10).map(|n| track(&format!("FR_WALLA{n}"), &[("FR_WALLA1_01", 90)])).collect();
    let nine = honest().edit("<TRACK {OPT_A}", &format!("{more}<TRACK {{OPT_A}}"));
    assert_eq!(nine.verdict("B23"), Warn);
    assert_eq!(honest().verdict("B23"), Pass);
}

#[test]
fn a_silent_send_does_not_fail() {
    let silent = honest().edit("MAINSEND 1 0\n", "AUXRECV 1 0 0 0 0 0 0 0 0 -1 0 -1 ''\nMAINSEND 1 0\n");
    assert_eq!(silent.verdict("B34"), Warn);
    assert_eq!(silent.verdict("B29"), Pass, "it has clips, so it is no aux track");
}

#[test]
fn a_closed_session_is_unknown_and_says_what_to_export() {
    let report = closed().report(&SessionOptions::default());
    for finding in report.findings.iter().filter(|finding| finding.verdict != Person) {
        let known = ["B4", "B36"].contains(&finding.rule.id);
        assert_eq!(finding.verdict, if known { Pass } else { Unknown }, "{}", finding.rule.id);
        assert_eq!(finding.advice.is_some(), !known, "{}", finding.rule.id);
    }
    // B4 is judged by the listing, which is always there; so is B36, unless nothing is in it.
    assert_eq!(Delivery { name: "night".into(), files: Vec::new() }.verdict("B36"), Unknown);
    let empty = Delivery { name: "night".into(), files: Vec::new() }.add("readme.txt", *b"hello");
    assert_eq!(empty.verdict("B4"), Fail);
}

/// The style of the export, with and without what may be left out of it.
fn pro_tools_text(plug_ins: bool, hidden: &str) -> String {
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

fn pro_tools(text: &str) -> Delivery {
    Delivery { name: NAME.into(), files: Vec::new() }
        .add("Night.ptx", *b"")
        .add("Audio Files/FR_MARIA_01.wav", wav(1, 48_000, 24))
        .add("Night.txt", text)
}

#[test]
fn a_text_of_pro_tools_makes_known_what_it_tells_and_no_more() {
    let report = pro_tools(&pro_tools_text(true, "")).report(&SessionOptions::default());
    for rule in ["B2", "B3", "B4", "B5", "B7", "B8", "B9", "B11", "B14", "B15", "B20", "B31", "B33", "B36"] {
        assert_eq!(verdict(&report, rule), Pass, "{rule}: {}", measured(&report, rule));
    }
    for rule in ["B26", "B27", "B28", "B29", "B30", "B32", "B34", "B35", "B37"] {
        assert_eq!(verdict(&report, rule), Unknown, "{rule}: {}", measured(&report, rule));
    }
    let less = pro_tools(&pro_tools_text(false, ""));
    assert_eq!(less.verdict("B33"), Unknown);
    assert_eq!(less.verdict("B8"), Unknown);
    assert_eq!(pro_tools(&pro_tools_text(true, "Hidden ")).verdict("B32"), Fail);
}

#[test]
fn a_pause_between_two_faded_clips_is_no_violation() {
    let more = "1\t4\t(fade in)\t01:00:05:00\t01:00:05:05\t00:00:00:05\tUnmuted\n\
                1\t5\tFR_MARIA_01\t01:00:05:05\t01:00:06:00\t00:00:00:20\tUnmuted\n\
                1\t6\t(fade out)\t01:00:06:00\t01:00:06:05\t00:00:00:05\tUnmuted\n";
    let text = pro_tools_text(true, "");
    let two = text.trim_end().to_string() + "\n" + more;
    assert_eq!(pro_tools(&two).verdict("B20"), Pass);
    let unfaded = two.replace("1\t4\t(fade in)\t01:00:05:00\t01:00:05:05\t00:00:00:05\tUnmuted\n", "");
    assert_ne!(unfaded, two);
    assert_eq!(pro_tools(&unfaded).verdict("B20"), Fail);
}

#[test]
fn a_zip_is_judged_by_its_name_and_a_folder_may_get_one() {
    let folder = TempDir::new().unwrap();
    for (name, expected) in [
        ("81234567_LaCasaAzul_101_fr_LocalizedEditProject_25_v2", Fail),
        ("LaCasaAzul_81234567_101_fr_LocalisedEditProject_25_v2", Fail),
        ("LaCasaAzul_81234567_101_fr_LocalizedEditProject_25", Fail),
        // A film has no episode.
        ("LaCasaAzul_81234567_fr_LocalizedEditProject_25_v2", Warn),
        (NAME, Pass),
    ] {
        let zipped = check(&honest().named(name).zip(folder.path()), &SessionOptions::default()).unwrap();
        assert_eq!(verdict(&zipped, "B2"), expected, "{name}");
        let unzipped = honest().named(name).verdict("B2");
        assert_eq!(unzipped, if expected == Fail { Unknown } else { expected }, "{name}");
    }
}

#[test]
fn whichever_file_sees_a_violation_fails_the_rule() {
    let both = honest().add("Night.txt", pro_tools_text(true, "Inactive "));
    assert_eq!(honest().verdict("B31"), Pass);
    assert_eq!(both.verdict("B31"), Fail);
    // Beside the delivery too.
    let folder = TempDir::new().unwrap();
    let session_info = beside(&folder, "info.txt", pro_tools_text(true, "Inactive ")).into_iter().collect();
    let report = honest().report(&SessionOptions { session_info, ..SessionOptions::default() });
    assert_eq!(verdict(&report, "B31"), Fail);
}

#[test]
fn lists_sharpen_rules() {
    let folder = TempDir::new().unwrap();
    let with = |characters: &str, counts: &str| {
        let options = SessionOptions {
            characters: beside(&folder, "names.csv", characters),
            line_counts: beside(&folder, "counts.csv", counts),
            ..SessionOptions::default()
        };
        let report = honest().report(&options);
        (verdict(&report, "B13"), verdict(&report, "B18"))
    };
    assert_eq!(with("Maria\nPaul\nNarrator\n", "Maria,100\nPaul,20\n"), (Pass, Pass));
    assert_eq!(with("Maria\nNarrator\n", "Maria,10\nPaul,20\n"), (Fail, Fail));
    // A list may have the accents that a track may not.
    assert_eq!(with("María\nPaul\nNarrator\n", "María,100\nPaul,20\n"), (Pass, Pass));
    // Clips stand for lines, and can only warn.
    let order = honest().edit("NAME FR_MARIA\n", "NAME FR_X\n").edit("NAME FR_PAUL\n", "NAME FR_MARIA\n");
    assert_eq!(order.verdict("B18"), Unknown);
    let clips: String = (0..9).map(|n| item("FR_PAUL_01", 20 + n)).collect();
    assert_eq!(honest().edit(&item("FR_PAUL_01", 20), &clips).verdict("B18"), Warn);
}

#[test]
fn the_picture() {
    let judged = |start: &str, rate| {
        let start = Timecode::parse(start, rate).ok().map(Into::into);
        let options = SessionOptions {
            picture: PictureFacts { frame_rate: Some(rate), start },
            ..SessionOptions::default()
        };
        verdict(&honest().report(&options), "B6")
    };
    assert_eq!(judged("01:00:00:00", FrameRate::Fps25), Pass);
    assert_eq!(judged("00:59:50:00", FrameRate::Fps25), Fail);
    assert_eq!(judged("01:00:00:00", FrameRate::Fps24), Fail);
    let rate_alone = PictureFacts { frame_rate: Some(FrameRate::Fps25), start: None };
    let report = honest().report(&SessionOptions { picture: rate_alone, ..SessionOptions::default() });
    assert_eq!(verdict(&report, "B6"), Unknown);
}

#[test]
fn pickups_against_the_delivery_before() {
    let folder = TempDir::new().unwrap();
    let judged = |now: &Delivery, before: &Delivery| {
        let before = before.folder(folder.path());
        let report = now.report(&SessionOptions { previous: Some(before), ..SessionOptions::default() });
        (verdict(&report, "B16"), verdict(&report, "B17"))
    };
    let before = |name: &str| honest().named(name);
    let first = "LaCasaAzul_81234567_101_fr_LocalizedEditProject_25_v1";
    assert_eq!(judged(&honest(), &before(first)), (Pass, Pass));
    let second = "LaCasaAzul_81234567_101_fr_LocalizedEditProject_25_v2";
    assert_eq!(judged(&honest(), &before(second)), (Pass, Fail));
    let other = "LaCasaAzul_81234568_101_fr_LocalizedEditProject_25_v1";
    assert_eq!(judged(&honest(), &before(other)), (Pass, Fail));
    let new = honest()
        .edit(&item("FR_PAUL_01", 20), &(item("FR_PAUL_01", 20) + &item("FR_PAUL_77", 25)))
        .add("Audio Files/FR_PAUL_77.wav", wav(1, 48_000, 24));
    assert_eq!(judged(&new, &before(first)), (Warn, Pass));
}

/// A premix of 75 s from one hour on that sounds where the clips are, but for one.
fn premix(folder: &TempDir, name: &str, silent_second: Option<u32>) -> Option<PathBuf> {
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

#[test]
fn the_premix_holds_every_clip() {
    let folder = TempDir::new().unwrap();
    let judged = |delivery: &Delivery, premix: Option<PathBuf>| {
        let report = delivery.report(&SessionOptions { premix, ..SessionOptions::default() });
        (verdict(&report, "A9"), verdict(&report, "A17"))
    };
    let name = "81234567_LaCasaAzul_25_Mono_fr_PreMixQC_v1.wav";
    assert_eq!(judged(&honest(), premix(&folder, name, None)), (Pass, Pass));
    // Paul's line is from 20 to 21 s.
    assert_eq!(judged(&honest(), premix(&folder, name, Some(20))), (Fail, Pass));
    assert_eq!(judged(&honest(), premix(&folder, name, Some(22))), (Pass, Pass));
    let late = honest().edit("POSITION 20", "POSITION 2000");
    assert_eq!(judged(&late, premix(&folder, name, None)), (Fail, Pass));
    let muted = late.edit("POSITION 2000\nLENGTH 1\nMUTE 0", "POSITION 2000\nLENGTH 1\nMUTE 1");
    assert_eq!(judged(&muted, premix(&folder, name, None)), (Pass, Pass));
    let other = "81234567_LaCasaAzul_25_Mono_de_PreMixQC_v1.wav";
    assert_eq!(judged(&honest(), premix(&folder, other, None)), (Pass, Fail));
    assert_eq!(judged(&closed(), premix(&folder, name, None)), (Unknown, Unknown));
}

#[test]
fn what_is_left_over_from_the_premix_is_said_first() {
    let limiter = "<FXCHAIN\nBYPASS 0 0 0\n<CLAP \"CLAP: Premix\" org.premix \"\"\n>\n>\nMAINSEND 1 0\n";
    let report = honest().edit("MAINSEND 1 0\n", limiter).report(&SessionOptions::default());
    let second = report.text().lines().nth(1).unwrap().to_string();
    assert!(second.contains("FIRST") && second.contains("CLAP: Premix"), "{second}");
    let json: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert!(json["left_over"].as_str().unwrap().contains("CLAP: Premix"));
    assert_eq!(json["rules"].as_array().unwrap().len(), report.findings.len());

    // The walla fader at -10 dB: 10^(-10/20).
    let (start, walla) = ("NAME FR_WALLA1\nVOLPAN 1 ", "NAME FR_WALLA1\nVOLPAN 0.31622777 ");
    let report = honest().edit(start, walla).report(&SessionOptions::default());
    assert!(report.left_over.as_ref().unwrap().contains("FR_WALLA1"));
    assert_eq!(verdict(&report, "B27"), Fail);
    // Its automation, and a folder that sums the walla.
    let automated = track("FR_WALLA1", &[("FR_WALLA1_01", 50)]);
    let held = "<VOLENV2\nACT 1 -1\nPT 0 0.31622777 0\n>\nMAINSEND 1 0\n";
    let report = honest()
        .edit(&automated, &automated.replace("MAINSEND 1 0\n", held))
        .report(&SessionOptions::default());
    assert!(report.left_over.as_ref().unwrap().contains("the automation of \"FR_WALLA1\""));
    let folder = track("WALLA_BUS", &[]).replace("ISBUS 0 0", "ISBUS 1 1");
    let folder = folder.replace("VOLPAN 1 ", "VOLPAN 0.31622777 ");
    let report = honest().edit(&automated, &(folder + &automated)).report(&SessionOptions::default());
    assert!(report.left_over.as_ref().unwrap().contains("the fader of \"WALLA_BUS\""));
    // The same fader on a line of dialogue is no walla gain.
    let report = honest()
        .edit("NAME FR_PAUL\nVOLPAN 1 ", "NAME FR_PAUL\nVOLPAN 0.31622777 ")
        .report(&SessionOptions::default());
    assert_eq!((report.left_over.clone(), verdict(&report, "B27")), (None, Warn));
}

#[test]
fn backups_and_clutter_are_not_read() {
    let bad = "<REAPER_PROJECT";
    let delivery = honest()
        .add("Session File Backups/old.rpp", bad)
        .add("__MACOSX/._night.rpp", bad)
        .add(".DS_Store", *b"");
    let report = delivery.report(&SessionOptions::default());
    assert_eq!(report.sessions.len(), 1);
    assert_eq!(report.notes.len(), 1, "{:?}", report.notes);
}

#[test]
fn a_damaged_session_is_an_error_that_names_it() {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in
        [("bad.aaf", &b"nothing"[..]), ("bad.rpp", b"<X"), ("bad.ardour", b"<"), ("bad.dawproject", b"PK")]
    {
        let path = honest().add(name, bytes).named(name).folder(folder.path());
        let error = check(&path, &SessionOptions::default()).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains('\n'), "{error}");
    }
}

/// The names in a Pro Tools session are hidden by an exclusive-or; here by none.
fn ptx(names: &[&str]) -> Vec<u8> {
    let mut bytes = vec![3];
    bytes.extend(b"0010111100101011");
    bytes.extend([0, 5, 0]);
    for name in names {
        bytes.extend((name.len() as u32).to_le_bytes());
        bytes.extend(name.as_bytes());
    }
    bytes
}

#[test]
fn a_pro_tools_session_only_hints() {
    let with = |names: &[&str]| {
        let delivery = Delivery { name: NAME.into(), files: Vec::new() };
        delivery.add("n.ptx", ptx(names)).report(&SessionOptions::default())
    };
    let report = with(&["Pro-L 2", "gone.wav"]);
    assert!(report.left_over.as_ref().unwrap().starts_with("possibly left over"), "{:?}", report.left_over);
    assert_eq!((verdict(&report, "B33"), verdict(&report, "B3")), (Warn, Warn));
    let report = with(&["FR_MARIA", "Reverb"]);
    assert_eq!((report.left_over.clone(), verdict(&report, "B33")), (None, Unknown));
}

fn premix_session(arguments: &[&std::ffi::OsStr]) -> (Option<i32>, String, String) {
    let ran =
        std::process::Command::new(env!("CARGO_BIN_EXE_premix")).arg("session").args(arguments).output();
    let ran = ran.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ran.status.code(), text(ran.stdout), text(ran.stderr))
}

#[test]
fn the_command_line_tells_prints_and_writes_as_check_does() {
    let folder = TempDir::new().unwrap();
    let good = honest().folder(folder.path());
    let bad = honest().named("Bad").edit("NAME FR_WALLA1\nVOLPAN 1 ", "NAME FR_WALLA1\nVOLPAN 0.31622777 ");
    let bad = bad.zip(folder.path());
    let reports = folder.path().join("reports");
    let (status, told, _) = premix_session(&[good.as_ref(), "--report".as_ref(), reports.as_ref()]);
    assert_eq!(status, Some(0), "{told}");
    let (status, told, _) =
        premix_session(&[bad.as_ref(), "--json".as_ref(), "--report".as_ref(), reports.as_ref()]);
    assert_eq!(status, Some(1));
    let printed: serde_json::Value = serde_json::from_str(&told).unwrap();
    let written = fs::read(reports.join("Bad_report.json")).unwrap();
    let written: serde_json::Value = serde_json::from_slice(&written).unwrap();
    assert_eq!((&printed["rules"], &printed["verdict"]), (&written["rules"], &"fail".into()));
    assert_eq!((printed["schema"].as_u64(), written["file"].as_str()), (Some(1), Some("Bad.zip")));
    let page = fs::read_to_string(reports.join("Bad_report.html")).unwrap();
    let at = |what: &str| page.find(what).unwrap_or_else(|| panic!("{what} is not on the page"));
    assert!(at("left over from the premix") < at("FAIL") && at("FAIL") < at("Automation: "));
    assert!(reports.join(format!("{NAME}_report.html")).exists());

    // What is there is not replaced unasked, and what cannot be read is told to programs too.
    let again = [bad.as_ref(), "--report".as_ref(), reports.as_ref()];
    let (status, _, error) = premix_session(&again);
    assert!(status == Some(2) && error.contains("already exists"), "{error}");
    let overwriting = premix_session(&[again[0], again[1], again[2], "--overwrite".as_ref()]);
    assert_eq!(overwriting.0, Some(1));
    let (status, told, error) = premix_session(&["/nowhere".as_ref(), "--json".as_ref()]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert!(status == Some(2) && told["error"].as_str().unwrap().contains("/nowhere"), "{told}");
    assert!(error.starts_with("error: cannot open /nowhere"), "{error}");
}
