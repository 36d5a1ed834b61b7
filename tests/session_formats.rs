//! The files that an edit session comes in: what each of them makes known, what several of them say together, and
//! what is refused.

#[path = "support/session.rs"]
mod support;

use premix::compliance::Verdict::{Fail, Pass, Person, Unknown, Warn};
use premix::offline::session::{SessionOptions, check};
use support::*;
use tempfile::TempDir;

#[test]
fn vcas_of_ardour_fail_and_its_master_does_not() {
    let session = |vca: &str, level: &str| {
        let text = format!(
            "<Session name=\"n\" sample-rate=\"48000\"><VCAManager>{vca}</VCAManager><Routes>\
             <Route id=\"1\" name=\"Master\"><PresentationInfo flags=\"MasterOut\"/><Processor type=\"amp\">\
             <Controllable name=\"gaincontrol\" value=\"{level}\"/></Processor></Route></Routes></Session>"
        );
        Delivery::empty(NAME).add("n.ardour", text)
    };
    assert_eq!(session("<VCA name=\"All\"/>", "1").verdict("B35"), Fail);
    assert_eq!(session("", "1").verdict("B35"), Pass);
    assert_eq!(session("", "1").verdict("B28"), Pass);
    assert_eq!(session("", "0.5").verdict("B28"), Fail);
}

#[test]
fn a_closed_session_is_unknown_and_says_what_to_export() {
    let report = closed().report(&SessionOptions::default());
    for finding in report.findings.iter().filter(|finding| finding.verdict != Person) {
        let known = finding.rule.id == "B4";
        assert_eq!(finding.verdict, if known { Pass } else { Unknown }, "{}", finding.rule.id);
        assert_eq!(finding.advice.is_some(), !known, "{}", finding.rule.id);
    }
    let empty = Delivery::empty("night").add("readme.txt", *b"hello");
    assert_eq!(empty.verdict("B4"), Fail);
}

#[test]
fn a_text_of_pro_tools_makes_known_what_it_tells_and_no_more() {
    let report = pro_tools(&pro_tools_text(true, "")).report(&SessionOptions::default());
    for rule in ["B2", "B3", "B4", "B5", "B7", "B8", "B11", "B14", "B15", "B20", "B31", "B33"] {
        assert_eq!(verdict(&report, rule), Pass, "{rule}: {}", measured(&report, rule));
    }
    // It lists audio tracks alone, so that there may be MIDI and video tracks.
    for rule in ["B9", "B26", "B27", "B28", "B29", "B30", "B32", "B34", "B35", "B36", "B37"] {
        assert_eq!(verdict(&report, rule), Unknown, "{rule}: {}", measured(&report, rule));
    }
    // Of a file in the listing that is no audio it is no matter where the text lies.
    let folder = TempDir::new().unwrap();
    let session_info = beside(&folder, "Night.txt", pro_tools_text(true, "")).into_iter().collect();
    let options = SessionOptions { session_info, ..SessionOptions::default() };
    let without = pro_tools("").without("Night.txt").report(&options);
    for (here, there) in report.findings.iter().zip(&without.findings) {
        assert_eq!(here.verdict, there.verdict, "{}", here.rule.id);
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
fn a_pro_tools_session_only_hints() {
    let with = |names: &[&str]| {
        let delivery = Delivery::empty(NAME);
        delivery.add("n.ptx", ptx(names)).report(&SessionOptions::default())
    };
    let report = with(&["Pro-L 2", "gone.wav"]);
    assert!(report.left_over.as_ref().unwrap().starts_with("possibly left over"), "{:?}", report.left_over);
    assert_eq!((verdict(&report, "B33"), verdict(&report, "B3")), (Warn, Warn));
    let report = with(&["FR_MARIA", "Reverb"]);
    assert_eq!((report.left_over.clone(), verdict(&report, "B33")), (None, Unknown));
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

#[test]
fn a_silent_send_does_not_fail() {
    let silent = honest().edit("MAINSEND 1 0\n", "AUXRECV 1 0 0 0 0 0 0 0 0 -1 0 -1 ''\nMAINSEND 1 0\n");
    assert_eq!(silent.verdict("B34"), Warn);
    assert_eq!(silent.verdict("B29"), Pass, "it has clips, so it is no aux track");
}

/// A delivery of one text, as Pro Tools exports it, with another track.
fn another_session() -> String {
    pro_tools_text(true, "").replace("FR_MARIA", "FR_ANA").replace("Night", "Day")
}

#[test]
fn what_is_seen_of_one_session_says_nothing_of_another() {
    let both = honest().add("Day.txt", another_session());
    let report = both.report(&SessionOptions::default());
    // The text cannot tell these of its session; it can tell of inserts.
    for rule in ["B27", "B28", "B30", "B34", "B36"] {
        assert_eq!(verdict(&report, rule), Unknown, "{rule}: {}", measured(&report, rule));
    }
    assert_eq!(verdict(&report, "B33"), Pass);
    assert!(report.notes.iter().any(|note| note.contains("no track in common")), "{:?}", report.notes);
    // With a track in common the project speaks for both.
    let report = honest().add("Night.txt", pro_tools_text(true, "")).report(&SessionOptions::default());
    assert_eq!((verdict(&report, "B28"), report.notes.len()), (Pass, 0));
}

#[test]
fn of_several_pro_tools_sessions_each_needs_a_description() {
    let two = honest().add("day.ptx", *b"");
    let report = two.report(&SessionOptions::default());
    assert_eq!((verdict(&report, "B33"), verdict(&report, "B20")), (Unknown, Unknown));
    assert!(report.notes.iter().any(|note| note.contains("\"day.ptx\"")), "{:?}", report.notes);
    let described = two.add("Day.txt", another_session());
    assert_eq!(described.verdict("B33"), Pass);
    let older = honest().add("Session File Backups/day.ptx", *b"");
    assert_eq!(older.verdict("B33"), Pass);
}

#[test]
fn clips_are_judged_only_on_tracks_that_name_a_character() {
    let numbered = pro_tools(&pro_tools_text(true, "").replace("FR_MARIA", "Audio 1"));
    assert_eq!((numbered.verdict("B11"), numbered.verdict("B15")), (Fail, Unknown));
    let folder = TempDir::new().unwrap();
    let listed = |names: &str| {
        let characters = beside(&folder, "names.csv", names);
        let delivery = pro_tools(&pro_tools_text(true, "").replace("\tFR_MARIA\n", "\tMARIA\n"));
        let report = delivery.report(&SessionOptions { characters, ..SessionOptions::default() });
        verdict(&report, "B15")
    };
    assert_eq!((listed("Maria\n"), listed("Ana\n")), (Pass, Unknown));
}

#[test]
fn a_fault_is_told_once_for_every_place_and_not_for_every_file() {
    let name = "1\t2\tFR_MARIA_01\t01:00:01:05";
    let again = "1\t4\tFR_MARIA_01\t01:00:05:05\t01:00:06:00\t00:00:00:20\tUnmuted\n\
                 1\t5\tFR_MARIA_01\t01:00:07:05\t01:00:08:00\t00:00:00:20\tUnmuted\n";
    let text = pro_tools_text(true, "").trim_end().to_string() + "\n" + again;
    assert!(text.contains(name));
    let delivery = pro_tools(&text).add("Night again.txt", text);
    let report = delivery.report(&SessionOptions::default());
    let told = measured(&report, "B20");
    assert_eq!(told.matches("has no fade").count(), 2, "{told}");
    assert!(told.contains("at 01:00:05:05") && told.contains("at 01:00:07:05"), "{told}");
}

#[test]
fn tracks_of_one_name_are_told_once_with_their_number() {
    let twice = honest().edit("NAME FR_PAUL\n", "NAME X\n").edit("NAME FR_MARIA\n", "NAME X\n");
    let report = twice.report(&SessionOptions::default());
    assert!(measured(&report, "B11").ends_with("does not start with a language code (2 times)"));
}

#[test]
fn what_is_not_judged_says_why_and_what_can_be_done() {
    let advice = |delivery: &Delivery, rule: &str| {
        let report = delivery.report(&SessionOptions::default());
        let finding = report.findings.into_iter().find(|finding| finding.rule.id == rule).unwrap();
        assert_eq!(finding.verdict, Unknown, "{rule}");
        (finding.measured, finding.advice.unwrap())
    };
    let project = "<REAPER_PROJECT 0.1 \"7\" 1\n>\n";
    let empty = Delivery::empty(NAME);
    let (measured, advised) = advice(&empty.clone().add("n.rpp", project), "B11");
    assert_eq!(measured, "there are no audio tracks");
    assert!(!advised.contains("Pro Tools"), "{advised}");
    let one = "<REAPER_PROJECT 0.1 \"7\" 1\n<TRACK\nNAME FR_MARIA\n>\n>\n";
    assert_eq!(advice(&empty.clone().add("n.rpp", one), "B20").0, "there are no clips");
    assert_eq!(advice(&empty.clone().add("n.rpp", one), "B12").0, "none by name");
    assert!(advice(&empty.clone().add("n.ptx", *b""), "B33").1.starts_with("in Pro Tools"));
    assert!(advice(&empty, "B33").1.contains("--session-info"));
    assert!(advice(&pro_tools(&pro_tools_text(true, "")), "B9").1.contains("are mono, but"));
    assert_eq!(advice(&empty, "B7").0, "no header of an audio file is here");
}

#[test]
fn a_session_without_a_rate_is_not_taken_for_one_at_48_khz() {
    let folder = TempDir::new().unwrap();
    let premix = premix(&folder, "81234567_LaCasaAzul_25_Mono_fr_PreMixQC_v1.wav", None);
    let options = SessionOptions { premix, ..SessionOptions::default() };
    let unforced = honest().edit("SAMPLERATE 48000 1", "SAMPLERATE 48000 0");
    assert_eq!(verdict(&unforced.report(&options), "A17"), Unknown);
}

#[test]
fn lines_of_every_character_make_the_order_known() {
    let folder = TempDir::new().unwrap();
    let line_counts = beside(&folder, "counts.csv", "Maria,100\nAna,20\n");
    let report = honest().report(&SessionOptions { line_counts, ..SessionOptions::default() });
    assert_eq!(verdict(&report, "B18"), Unknown);
}

#[test]
fn more_than_any_session_has_is_an_error() {
    let project = |body: &str| format!("<REAPER_PROJECT 0.1 \"7\" 1\n{body}>\n");
    let clips = |count: usize| "<ITEM\n<SOURCE WAVE\nFILE a.wav\n>\n>\n".repeat(count);
    let text = |body: &str| format!("SESSION NAME:\tN\n\nT R A C K  L I S T I N G\n{body}");
    let of_one = |name: &str, content: String| {
        let folder = TempDir::new().unwrap();
        let delivery = Delivery::empty("n").add(name, content);
        check(&delivery.folder(folder.path()), &SessionOptions::default())
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    let tracks = |count: usize| project(&"<TRACK\n>\n".repeat(count));
    assert_eq!(of_one("n.rpp", tracks(9_999)), Ok(()));
    for (name, content, fault) in [
        ("n.rpp", tracks(10_000), "tracks"),
        ("n.rpp", project(&format!("<TRACK\nNAME {}\n>\n", "x".repeat(5_000))), "name"),
        ("n.rpp", project(&"a b c d e f g h i\n".repeat(450_000)), "words"),
        ("n.rpp", project(&"a\n".repeat(500_001)), "lines"),
        ("n.txt", text(&"\n".repeat(500_001)), "lines"),
        ("n.txt", text(&"x".repeat(70_000)), "letters"),
    ] {
        let error = of_one(name, content).unwrap_err();
        assert!(error.starts_with(name) && error.contains(fault), "{error}");
    }
    // Neither may many files of a session each hold less.
    let folder = TempDir::new().unwrap();
    let many = |count: usize, body: &str| {
        let delivery = Delivery::empty(&count.to_string());
        let delivery = (0..count).fold(delivery, |all, n| all.add(&format!("{n}.rpp"), project(body)));
        check(&delivery.folder(folder.path()), &SessionOptions::default())
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    assert_eq!(many(16, ""), Ok(()));
    assert!(many(17, "").unwrap_err().contains("session files"));
    assert!(many(3, &format!("<TRACK\n{}>\n", clips(70_000))).unwrap_err().contains("clips"));
}

#[test]
fn routes_that_share_a_playlist_do_not_multiply_its_clips() {
    let routes = "<Route id='1' name='FR_A' audio-playlist='7'/>".repeat(1_000);
    let regions = "<Region name='a'/>".repeat(1_000);
    let text = format!(
        "<Session><Routes>{routes}</Routes><Playlists><Playlist id='7'>{regions}</Playlist></Playlists></Session>"
    );
    let folder = TempDir::new().unwrap();
    let delivery = Delivery::empty("n").add("n.ardour", text);
    let error = check(&delivery.folder(folder.path()), &SessionOptions::default()).unwrap_err().to_string();
    assert!(error.contains("n.ardour has more than"), "{error}");
}
