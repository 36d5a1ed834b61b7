//! The edit session, judged through files: every rule with a delivery that passes it, one that violates it and
//! one that cannot tell.

#[path = "support/session.rs"]
mod support;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;

use premix::compliance::Verdict::{self, Fail, Pass, Person, Unknown, Warn};
use premix::compliance::session::{PictureFacts, RULES};
use premix::delivery::timecode::{FrameRate, Timecode};
use premix::offline::session::{SessionOptions, SessionReport, check};
use support::*;
use tempfile::TempDir;

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

/// Deliveries that violate one rule each, and what that is.
fn violations() -> Vec<(&'static str, Delivery, Verdict)> {
    let insert = "<FXCHAIN\nBYPASS 0 0 0\n<VST \"VST: ReaEQ\" reaeq.dll 0 \"\" 1\n>\n>\nMAINSEND 1 0\n";
    let with = |line: &str| honest().edit("MAINSEND 1 0\n", line);
    let optional = track("OPT_A", &[]);
    let optional = optional.trim_end_matches(">\n");
    let nine_groups: String =
        (2..10).map(|n| track(&format!("FR_WALLA{n}"), &[("FR_WALLA1_01", 90)])).collect();
    let vca = "<Session name=\"n\"><VCAManager><VCA name=\"All\"/></VCAManager></Session>";
    vec![
        ("B2", honest().named("LaCasaAzul_81234567_101_fr_LocalizedEditProject_24_v2"), Fail),
        ("B2", honest().named("La_Casa_81234567_101_fr_LocalizedEditProject_25_v2"), Warn),
        ("B3", honest().without("Audio Files/FR_PAUL_01.wav"), Fail),
        ("B3", honest().edit("Audio Files/FR_PAUL_01.wav", "/other/disk/FR_PAUL_01.wav"), Warn),
        ("B4", honest().without("night.ptx"), Fail),
        ("B4", honest().without("night.ptx").add("Session File Backups/night.bak.001.ptx", *b""), Fail),
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
        ("B23", honest().edit("<TRACK {OPT_A}", &format!("{nine_groups}<TRACK {{OPT_A}}")), Warn),
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
        ("B35", honest().add("n.ardour", vca), Fail),
        ("B36", honest().add("proxy.mov", *b"x"), Fail),
        ("B36", honest().add("Audio Files/a.mxf", *b"x"), Warn),
        ("B36", honest().add("Audio Files/OV_PRINTMASTER.wav", wav(1, 48_000, 24)), Fail),
        ("B36", honest().edit("NAME FR_PAUL\n", "NAME GUIDE\n"), Warn),
        ("B36", honest().edit("<SOURCE WAVE\nFILE \"Audio Files/", "<SOURCE VIDEO\nFILE \"/film/"), Fail),
        ("B36", honest().edit("FILE \"Audio Files/FR_PAUL_01.wav", "FILE \"/film/Night.mov"), Fail),
        ("B36", honest().edit("FILE \"Audio Files/FR_PAUL_01.wav", "FILE \"/film/OV_PRINTMASTER.wav"), Fail),
        ("B36", closed().without("night.ptx").add("night.ptx", ptx(&["Night.mov"])), Warn),
        ("B37", honest().edit("VOLPAN 1 0 1 -1", "VOLPAN 1 0 6 -1"), Warn),
    ]
}

/// A premix that fits, with its options.
fn with_premix(folder: &TempDir) -> SessionOptions {
    let premix = premix(folder, "81234567_LaCasaAzul_25_Mono_fr_PreMixQC_v1.wav", None);
    SessionOptions { premix, ..SessionOptions::default() }
}

/// All that makes rules known which the delivery alone cannot tell.
fn everything(folder: &TempDir) -> SessionOptions {
    let rate = FrameRate::Fps25;
    let start = Timecode::parse("01:00:00:00", rate).ok().map(Into::into);
    SessionOptions {
        characters: beside(folder, "names.csv", "Maria\nPaul\nNarrator\n"),
        line_counts: beside(folder, "counts.csv", "Maria,100\nPaul,20\n"),
        picture: PictureFacts { frame_rate: Some(rate), start },
        previous: Some(
            honest().named("LaCasaAzul_81234567_101_fr_LocalizedEditProject_25_v1").folder(folder.path()),
        ),
        ..with_premix(folder)
    }
}

/// Violations that are none without an argument.
fn violations_of_arguments(folder: &TempDir) -> Vec<(&'static str, Delivery, SessionOptions, Verdict)> {
    let good = || everything(folder);
    let late = Timecode::parse("01:00:10:00", FrameRate::Fps25).ok().map(Into::into);
    let picture = PictureFacts { start: late, ..good().picture };
    let other = premix(folder, "81234567_LaCasaAzul_25_Mono_de_PreMixQC_v1.wav", Some(20));
    let same_version = Some(honest().folder(folder.path()));
    vec![
        ("B6", honest(), SessionOptions { picture, ..good() }, Fail),
        ("B13", honest(), SessionOptions { characters: beside(folder, "a.csv", "Maria\n"), ..good() }, Fail),
        ("B17", honest(), SessionOptions { previous: same_version, ..good() }, Fail),
        (
            "B18",
            honest(),
            SessionOptions { line_counts: beside(folder, "b.csv", "Maria,1\nPaul,2\n"), ..good() },
            Fail,
        ),
        ("A17", honest(), SessionOptions { premix: other.clone(), ..good() }, Fail),
        ("A9", honest(), SessionOptions { premix: other, ..good() }, Fail),
    ]
}

/// Rules that cannot fail, and why.
const WARN_AT_MOST: [(&str, &str); 4] = [
    ("B23", "more than eight group tracks are allowed by judgement"),
    ("B25", "a name of a clip only hints at a song"),
    ("B26", "stretching is allowed, its artefacts are not"),
    ("B37", "the threshold of clip gain is ours"),
];
/// Rules that are always known, and why.
const ALWAYS_KNOWN: [(&str, &str); 1] = [("B4", "the listing tells it, and is always there")];

/// Every rule that is judged has a delivery that passes it, one that violates it and one that cannot tell. A new
/// rule fails this test until it has all three, or a reason why not.
#[test]
fn every_rule_has_a_passing_a_failing_and_an_unknown_case() {
    let mut seen: HashMap<&str, BTreeSet<Verdict>> = HashMap::new();
    let folder = TempDir::new().unwrap();
    let mut look =
        |delivery: &Delivery, options: &SessionOptions, expected: &dyn Fn(&str) -> Option<Verdict>| {
            for finding in delivery.report(options).findings {
                let (rule, measured) = (finding.rule.id, &finding.measured);
                let Some(expected) = expected(rule).filter(|_| finding.verdict != Person) else { continue };
                assert_eq!(finding.verdict, expected, "{rule}: {measured}");
                assert_eq!(finding.advice.is_some(), expected != Pass, "{rule}: {:?}", finding.advice);
                seen.entry(rule).or_default().insert(expected);
            }
        };
    look(&honest(), &everything(&folder), &|_| Some(Pass));
    let known = |rule: &str| ALWAYS_KNOWN.iter().any(|(known, _)| *known == rule);
    look(&closed(), &with_premix(&folder), &|rule| Some(if known(rule) { Pass } else { Unknown }));
    for (rule, delivery, expected) in violations() {
        look(&delivery, &SessionOptions::default(), &|other| (other == rule).then_some(expected));
    }
    for (rule, delivery, options, expected) in violations_of_arguments(&folder) {
        look(&delivery, &options, &|other| (other == rule).then_some(expected));
    }

    let judged: Vec<&str> =
        RULES.iter().filter(|rule| !rule.judged_by.is_empty()).map(|rule| rule.id).collect();
    for rule in &judged {
        let has = |verdict| seen.get(rule).is_some_and(|seen| seen.contains(&verdict));
        let warns = WARN_AT_MOST.iter().any(|(warns, _)| warns == rule);
        assert!(has(Pass), "{rule} has no delivery that passes it");
        assert!(has(if warns { Warn } else { Fail }), "{rule} has no delivery that violates it");
        assert_eq!(has(Fail), !warns, "{rule} fails, though it is said that it only warns");
        assert_eq!(has(Unknown), !known(rule), "{rule} and the delivery that tells nothing");
    }
    let reasons = WARN_AT_MOST.iter().chain(&ALWAYS_KNOWN);
    assert!(
        reasons.into_iter().all(|(rule, _)| judged.contains(rule)),
        "a reason for a rule that is not judged"
    );
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
