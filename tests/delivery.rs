//! The delivery around the audio: file names and pictures, through the command line.

#[path = "support/desk.rs"]
mod desk;

use premix::delivery::wav::{BitDepth, WavReader};

use desk::{Desk, status, text};

/// Writes a quiet mono WAV at 48 kHz with a time reference.
fn write_wav(desk: &Desk, name: &str, time_reference: u64, samples: usize) {
    desk.write_bwf(name, BitDepth::Int24, time_reference, &vec![0.1; samples]);
}

/// Writes a quiet mono WAV at 48 kHz as `hound` does: without a time reference.
fn write_plain_wav(desk: &Desk, name: &str, samples: usize) {
    desk.write_24(name, &vec![800_000; samples]);
}

/// Length and time reference of a WAV, in samples.
fn extent(desk: &Desk, name: &str) -> (u64, Option<u64>) {
    let reader = WavReader::open(&desk.path(name)).unwrap();
    (reader.facts().frames, reader.facts().time_reference())
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
    write_plain_wav(&desk, "in.wav", 1000);
    std::fs::create_dir(desk.path("out")).unwrap();
    let bounce = |more: &str| format!("bounce --dialogue in.wav --frame-rate 24 {DELIVERY} {more}");
    let named = |version: u32| format!("out/81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v{version}.wav");
    desk.run_well(&bounce("--version v1 -o out"));
    assert_eq!(extent(&desk, &named(1)).0, 1000);
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

#[test]
fn a_bounce_is_as_long_as_its_picture() {
    let desk = Desk::new();
    write_plain_wav(&desk, "in.wav", 20_000);
    for (rate, more, frames, samples, start) in [
        ("24000/1001", "", 48, 96_096, 0),
        ("25", "-timecode 10:00:00:00", 50, 96_000, 36_000 * 48_000),
        // 31 frames of 1601.6 samples; an hour of drop-frame labels is 107892 of them.
        ("30000/1001", "-timecode 01:00:00;00", 31, 49_650, 172_799_827),
    ] {
        desk.film(rate, frames, more, "picture.mov");
        desk.run_well("bounce --dialogue in.wav --picture picture.mov -o out.wav --overwrite");
        assert_eq!(extent(&desk, "out.wav"), (samples, Some(start)), "{rate}");
        let said = desk.checked("out.wav --picture picture.mov");
        assert!(said.contains("  pass        A10 "), "{said}");
        assert!(said.contains("pass        A10"), "{said}");
        // Without the picture the same length by hand is not asked for.
        desk.refused(
            "bounce --dialogue in.wav --picture picture.mov --length 00:00:02:00 --frame-rate 24 -o x.wav",
            &["--picture", "--length"],
        );
    }
    let said = desk.checked("out.wav --picture picture.mov");
    assert!(said.contains("  pass        A10 "), "{said}");
    assert!(said.contains("00:00:01;01 at 29.97, 49650 samples"), "{said}");
    write_plain_wav(&desk, "long.wav", 51_252);
    let output = desk.run("check long.wav --picture picture.mov");
    assert_eq!(status(&output), 1);
    let said = text(&output.stdout);
    assert!(
        said.contains("1 frame (1602 samples) too long") && said.contains("out point inclusive"),
        "{said}"
    );
}

#[test]
fn the_frame_rates_of_picture_arguments_and_name_agree() {
    let desk = Desk::new();
    write_plain_wav(&desk, "in.wav", 1000);
    desk.film("25", 25, "", "25.mov");
    desk.film("24", 6, "-video_track_timescale 1000", "coarse.mp4");
    desk.film("48", 48, "", "48.mov");
    let bounce = "bounce --dialogue in.wav -o out.wav";
    desk.refused(
        &format!("{bounce} --picture 25.mov --frame-rate 24"),
        &["25.mov", "25", "24", "--frame-rate"],
    );
    desk.refused("check in.wav --picture 25.mov --frame-rate 24", &["25.mov", "--frame-rate"]);
    desk.refused(
        &format!("{bounce} --picture coarse.mp4"),
        &["coarse.mp4", "23.976 from 24", "--frame-rate"],
    );
    desk.refused(&format!("{bounce} --picture coarse.mp4 --frame-rate 25"), &["coarse.mp4", "25"]);
    desk.refused(&format!("{bounce} --picture 48.mov"), &["48.mov", "48 a second", "--length"]);
    desk.refused(&format!("{bounce} --picture in.wav --start 01:00:00:00"), &["--start", "--frame-rate"]);
    desk.refused(&format!("{bounce} --picture none.mov"), &["none.mov"]);
    desk.refused(&format!("{bounce} --picture 25.mov --start 01:00:00:25"), &["--start", "24"]);
    let named = format!("bounce --dialogue in.wav {DELIVERY} --version v1 --picture 25.mov");
    let wrong = "81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav";
    desk.refused(&format!("{named} -o {wrong}"), &[wrong, "81234567_LaCasaAzul_25_Mono_fr_PreMixQC_v1.wav"]);
    assert_eq!(desk.files(), ["25.mov", "48.mov", "coarse.mp4", "in.wav"]);

    desk.run_well(&format!("{bounce} --picture 25.mov --frame-rate 25"));
    assert_eq!(extent(&desk, "out.wav").0, 48_000);
    desk.run_well(&format!("{bounce} --picture coarse.mp4 --frame-rate 24 --overwrite"));
    assert_eq!(extent(&desk, "out.wav").0, 12_000);
    desk.run_well(&format!("{named} -o ."));
    assert_eq!(extent(&desk, "81234567_LaCasaAzul_25_Mono_fr_PreMixQC_v1.wav").0, 48_000);
}

#[test]
fn stems_lie_where_the_picture_says_it_starts() {
    let desk = Desk::new();
    let hour = 172_800_000;
    desk.film("25", 25, "-timecode 01:00:00:00", "picture.mov");
    write_wav(&desk, "late.wav", hour + 4800, 4800);
    write_wav(&desk, "zero.wav", 0, 4800);
    desk.run_well("bounce --dialogue late.wav --picture picture.mov -o out.wav");
    assert_eq!(extent(&desk, "out.wav"), (48_000, Some(hour)));
    let samples: Vec<i32> =
        hound::WavReader::open(desk.path("out.wav")).unwrap().into_samples().map(Result::unwrap).collect();
    let sounding = samples.iter().position(|&x| x != 0).zip(samples.iter().rposition(|&x| x != 0));
    assert_eq!(sounding, Some((4800, 9599)));
    // A session that counts from 0 is no hour early: the user says so.
    let early = "bounce --dialogue zero.wav --picture picture.mov -o zero-out.wav";
    desk.refused(early, &["zero.wav", "3600 s", "01:00:00:00 at 25", "--start"]);
    desk.run_well(&format!("{early} --start 00:00:00:00"));
    assert_eq!(extent(&desk, "zero-out.wav"), (48_000, Some(0)));
    // A file without time reference lies where the picture does.
    write_plain_wav(&desk, "plain.wav", 48_000);
    let said = desk.checked("plain.wav --picture picture.mov");
    assert!(said.contains("  pass        A10 "), "{said}");
}

#[test]
fn a_guide_track_is_a_picture_too() {
    let desk = Desk::new();
    write_wav(&desk, "guide.wav", 172_800_000, 48_123);
    write_plain_wav(&desk, "in.wav", 20_000);
    desk.run_well("bounce --dialogue in.wav --picture guide.wav -o out.wav");
    assert_eq!(extent(&desk, "out.wav"), (48_123, Some(172_800_000)));
    desk.refused(
        "bounce --dialogue in.wav --picture guide.wav -o guide.wav --overwrite",
        &["guide.wav is an input"],
    );
    let said = desk.checked("out.wav --picture guide.wav");
    assert!(said.contains("  pass        A10 "), "{said}");
    assert!(said.contains("48123 samples, as the guide track"), "{said}");
    let output = desk.run("check in.wav --picture guide.wav --frame-rate 24");
    assert_eq!(status(&output), 1);
    assert!(text(&output.stdout).contains("14.06 frames (28123 samples) too short"));
    let output = desk.run("check in.wav --picture guide.wav");
    assert!(text(&output.stdout).contains("00:00:00.585 (28123 samples) too short"));
}

#[test]
fn a_picture_that_is_cut_is_told() {
    let desk = Desk::new();
    write_plain_wav(&desk, "in.wav", 1000);
    desk.film("24", 48, "-bf 2", "whole.mp4");
    assert_eq!(status(&desk.start("ffmpeg", "-v error -ss 0.5 -i whole.mp4 -c copy head.mp4")), 0);
    desk.refused(
        "bounce --dialogue in.wav --picture head.mp4 -o out.wav",
        &["head.mp4", "only a part of the video", "--length"],
    );
    // A check judges what it can.
    let output = desk.run("check in.wav --picture head.mp4");
    assert_eq!(status(&output), 1, "its name is no delivery's");
    assert!(text(&output.stderr).contains("warning: the length of head.mp4"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("not judged  A10"), "{}", text(&output.stdout));
    let bytes = std::fs::read(desk.path("whole.mp4")).unwrap();
    std::fs::write(desk.path("broken.mp4"), &bytes[..bytes.len() / 2]).unwrap();
    desk.refused("check in.wav --picture broken.mp4", &["broken.mp4 is damaged", "cut short"]);
    desk.refused("check in.wav --picture .", &["a directory"]);
}
