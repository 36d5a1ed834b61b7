//! The command line on real files: what goes in, what comes out, and what is refused.

#[path = "support/desk.rs"]
mod desk;

use std::path::Path;
use std::process::{Command, Stdio};

use premix::delivery::wav::{BitDepth, WavReader};
use premix::engine::{BounceBus, Settings};

use desk::{Desk, status, text};

/// A file name of the delivery.
fn named(title: &str, rate: &str) -> String {
    format!("81234567_{title}_{}_Mono_fr_PreMixQC_v1.wav", rate.replace('.', ""))
}

/// Writes floats with a time reference.
fn write_at(desk: &Desk, name: &str, time_reference: u64, samples: &[f32]) {
    desk.write_bwf(name, BitDepth::Float32, time_reference, samples);
}

fn read_24(desk: &Desk, name: &str) -> Vec<i32> {
    let reader = hound::WavReader::open(desk.path(name)).unwrap();
    assert_eq!((reader.spec().channels, reader.spec().bits_per_sample), (1, 24));
    reader.into_samples().map(Result::unwrap).collect()
}

fn read_float(desk: &Desk, name: &str) -> Vec<f32> {
    hound::WavReader::open(desk.path(name)).unwrap().into_samples().map(Result::unwrap).collect()
}

fn time_reference(desk: &Desk, name: &str) -> Option<u64> {
    WavReader::open(&desk.path(name)).unwrap().facts().time_reference()
}

/// A loud tone with harmonics, as 24-bit integers; `peak` relative to full scale.
fn loud(length: usize, peak: f64) -> Vec<i32> {
    let value = |n: usize| {
        let phase = n as f64 * 0.0441;
        peak * 8_388_607.0 * (0.7 * phase.sin() + 0.3 * (3.7 * phase).sin())
    };
    (0..length).map(|n| value(n) as i32).collect()
}

#[test]
fn the_first_bounce_of_the_readme_passes() {
    let desk = Desk::new();
    desk.write_24("speech.wav", &loud(1_300_000, 1.0));
    desk.write_24("crowd.wav", &loud(1_440_000, 0.6));
    let premix = named("LaCasaAzul", "24");
    let said = desk.run_well(&format!(
        "bounce --dialogue speech.wav --walla crowd.wav --length 00:00:30:00 --frame-rate 24 -o {premix}"
    ));
    assert!(said.contains("-10.0 dB"), "{said}");
    assert!(said.contains("1440000 samples"), "{said}");
    let said = desk.run_well(&format!("check {premix} --length 00:00:30:00 --frame-rate 24"));
    for rule in ["A1", "A2", "A3", "A4", "A5", "A9", "A10", "A16", "A17"] {
        assert!(said.contains(&format!("  pass        {rule:<3} ")), "{rule}: {said}");
    }
    assert!(said.contains("  PASS: "), "{said}");
    assert_eq!(read_24(&desk, &premix).len(), 1_440_000);
    assert_eq!(time_reference(&desk, &premix), Some(0));
}

#[test]
fn lengths_are_exact_at_every_frame_rate() {
    let desk = Desk::new();
    desk.write_24("in.wav", &loud(48_000, 0.3));
    // 10 s of labels at 48 kHz; drop-frame has lost no label before the first minute.
    for (length, rate, samples) in [
        ("00:00:10:00", "23.976", 480_480),
        ("00:00:10:00", "24", 480_000),
        ("00:00:10:00", "25", 480_000),
        ("00:00:10:00", "29.97", 480_480),
        ("00:00:10:01", "29.97", 482_082), // 301 x 1601.6 = 482081.6
        ("00:00:10;00", "29.97", 480_480),
        ("00:01:00;02", "29.97", 2_882_880), // 1800 frames
        ("00:00:10:00", "30", 480_000),
        ("00:00:10:00", "50", 480_000),
        ("00:00:10:00", "59.94", 480_480),
        ("00:00:10:00", "60", 480_000),
    ] {
        let picture = format!("--length {length} --frame-rate {rate}");
        let out = named("Lengths", rate);
        desk.run_well(&format!("bounce --dialogue in.wav -o {out} --overwrite {picture}"));
        let bounced = read_24(&desk, &out);
        assert_eq!(bounced.len(), samples, "{length} at {rate}");
        assert!(bounced[48_000..].iter().all(|&x| x == 0), "padded with silence");
        assert!(desk.run_well(&format!("check {out} {picture}")).contains("  pass        A10 "));
    }
    desk.refused("bounce --dialogue in.wav -o o.wav --length 00:01:00;00 --frame-rate 29.97", &["--length"]);
    desk.refused("bounce --dialogue in.wav -o o.wav --length 00:00:10:24 --frame-rate 24", &["--length"]);
    desk.refused("bounce --dialogue in.wav -o o.wav --length 00:00:10:00", &["--frame-rate"]);
    desk.refused("bounce --dialogue in.wav -o o.wav --length 0:10 --frame-rate 23", &["23.976"]);
}

#[test]
fn longer_audio_is_refused_or_trimmed() {
    let desk = Desk::new();
    desk.write_24("in.wav", &loud(50_000, 0.3));
    let bounce = "bounce --dialogue in.wav -o out.wav --length 00:00:01:00 --frame-rate 24";
    desk.refused(bounce, &["in.wav", "1 frame (2000 samples)", "--trim"]);
    assert!(!desk.path("out.wav").exists());
    desk.run_well(&format!("{bounce} --trim"));
    assert_eq!(read_24(&desk, "out.wav"), read_24(&desk, "in.wav")[..48_000]);
}

#[test]
fn what_is_under_the_ceiling_returns_bit_for_bit() {
    let desk = Desk::new();
    let samples = loud(100_001, 0.45);
    desk.write_24("in.wav", &samples);
    desk.run_well("bounce --dialogue in.wav -o out.wav");
    assert_eq!(read_24(&desk, "out.wav"), samples);
    // 16-bit and 32-bit inputs too, at their own resolution.
    let coarse: Vec<i32> = samples.iter().map(|x| x >> 8).collect();
    desk.write("16.wav", 1, 48_000, 16, &coarse);
    desk.run_well("bounce --dialogue 16.wav -o out16.wav");
    assert!(read_24(&desk, "out16.wav").iter().zip(&coarse).all(|(out, x)| *out == x << 8));
    let fine: Vec<i32> = samples.iter().map(|x| x << 8).collect();
    desk.write("32.wav", 1, 48_000, 32, &fine);
    desk.run_well("bounce --dialogue 32.wav -o out32.wav");
    assert_eq!(read_24(&desk, "out32.wav"), samples);
}

#[test]
fn stems_are_summed_and_walla_turned_down() {
    let desk = Desk::new();
    let (a, b) = (loud(30_000, 0.2), loud(20_000, 0.1));
    let (w, v): (Vec<i32>, Vec<i32>) = (b.iter().rev().copied().collect(), loud(30_000, 0.05));
    for (name, samples) in [("a.wav", &a), ("b.wav", &b), ("w.wav", &w), ("v.wav", &v)] {
        desk.write_24(name, samples);
    }
    let at = |samples: &[i32], n: usize| samples.get(n).map_or(0.0, |&x| f64::from(x) / 8_388_608.0);
    for (gain_db, gain) in [("-10", 0.316_227_766_016_837_94), ("0", 1.0), ("-3.5", 10f64.powf(-0.175))] {
        let said = desk.run_well(&format!(
            "bounce --dialogue a.wav b.wav --walla w.wav v.wav --walla-gain-db {gain_db} --bit-depth 32f \
             -o out.wav --overwrite"
        ));
        assert!(said.contains("Walla    2 files"), "{said}");
        let out = read_float(&desk, "out.wav");
        assert_eq!(out.len(), 30_000);
        for (n, &out) in out.iter().enumerate() {
            let sum = (at(&a, n) + at(&b, n)) + (at(&w, n) + at(&v, n)) * gain;
            assert_eq!(out, sum as f32, "sample {n} at {gain_db} dB");
        }
    }
    let output = desk.run("bounce --dialogue a.wav --walla w.wav --walla-gain-db 0 -o out.wav --overwrite");
    assert!(text(&output.stderr).contains("warning"), "a gain that is not the delivery's is told");
}

#[test]
fn the_same_bits_as_the_engine() {
    let desk = Desk::new();
    let speech: Vec<f32> = loud(100_000, 0.99).iter().map(|&x| x as f32 / 8_388_608.0).collect();
    let crowd: Vec<f32> = loud(90_000, 0.7).iter().rev().map(|&x| x as f32 / 8_388_608.0).collect();
    write_at(&desk, "speech.wav", 0, &speech);
    write_at(&desk, "crowd.wav", 0, &crowd);
    desk.run_well("bounce --dialogue speech.wav --walla crowd.wav --bit-depth 32f -o out.wav");
    let mut bus = BounceBus::prepare(48_000, 1, 333).unwrap();
    bus.set(Settings::default());
    let latency = bus.latency_samples();
    let padded = |samples: &[f32]| {
        let mut padded = samples.to_vec();
        padded.resize(100_000 + latency, 0.0);
        padded
    };
    let (speech, crowd) = (padded(&speech), padded(&crowd));
    let mut output = vec![0.0; speech.len()];
    for start in (0..speech.len()).step_by(333) {
        let range = start..(start + 333).min(speech.len());
        bus.process(&[&speech[range.clone()]], Some(&[&crowd[range.clone()]]), &mut [&mut output[range]]);
    }
    let bounced = read_float(&desk, "out.wav");
    assert!(bounced.iter().zip(&output[latency..]).all(|(a, b)| a.to_bits() == b.to_bits()));
    assert!(bus.measurement().mix.reduction.limited_samples > 0);
}

#[test]
fn inputs_lie_at_their_time_reference() {
    let desk = Desk::new();
    // 01:00:00:00 at 24 is 172 800 000 samples.
    let hour = 172_800_000;
    write_at(&desk, "late.wav", hour + 1000, &[0.25; 100]);
    write_at(&desk, "early.wav", hour + 500, &[0.125; 100]);
    let said = desk
        .run_well("bounce --dialogue late.wav --walla early.wav --walla-gain-db 0 --bit-depth 32f -o a.wav");
    assert!(said.contains("time reference"), "{said}");
    assert_eq!(time_reference(&desk, "a.wav"), Some(hour + 500));
    let expected = |first: usize, second: usize, length: usize| {
        let mut expected = vec![0.0f32; length];
        expected[first..first + 100].fill(0.125);
        expected[second..second + 100].fill(0.25);
        expected
    };
    assert_eq!(read_float(&desk, "a.wav"), expected(0, 500, 600));

    let at_hour = "--start 01:00:00:00 --length 00:00:00:01 --frame-rate 24 --bit-depth 32f";
    desk.run_well(&format!("bounce --dialogue late.wav early.wav {at_hour} -o b.wav"));
    assert_eq!(time_reference(&desk, "b.wav"), Some(hour));
    assert_eq!(read_float(&desk, "b.wav"), expected(500, 1000, 2000));

    // The picture starts one frame later: both lie before it.
    let later = "--start 01:00:00:01 --length 00:00:00:01 --frame-rate 24";
    desk.refused(
        &format!("bounce --dialogue late.wav {later} -o c.wav"),
        &["late.wav", "1000 samples", "--trim"],
    );
    write_at(&desk, "across.wav", hour + 1990, &(0..30).map(|n| n as f32 / 100.0).collect::<Vec<_>>());
    desk.run_well(&format!("bounce --dialogue across.wav {later} --trim --bit-depth 32f -o c.wav"));
    let c = read_float(&desk, "c.wav");
    assert_eq!((c.len(), c[0], c[19], c[20]), (2000, 0.1, 0.29, 0.0));

    desk.write_24("plain.wav", &[1_000_000; 50]);
    let mixture = "bounce --dialogue plain.wav late.wav -o d.wav --bit-depth 32f";
    desk.refused(mixture, &["plain.wav", "late.wav", "--align start"]);
    let said = desk.run_well(&format!("{mixture} --align start"));
    assert!(said.contains("together"), "{said}");
    let d = read_float(&desk, "d.wav");
    assert_eq!((d.len(), d[0], d[99]), (100, 0.25 + 1_000_000.0 / 8_388_608.0, 0.25));
}

#[test]
fn bad_inputs_are_refused_by_name() {
    let desk = Desk::new();
    desk.write_24("good.wav", &loud(1000, 0.3));
    desk.write("stereo.wav", 2, 48_000, 24, &loud(1000, 0.3));
    desk.write("slow.wav", 1, 44_100, 24, &loud(1000, 0.3));
    std::fs::write(desk.path("text.wav"), "this is no sound").unwrap();
    let whole = std::fs::read(desk.path("good.wav")).unwrap();
    std::fs::write(desk.path("cut.wav"), &whole[..whole.len() / 2]).unwrap();
    let bounce = |input: &str| format!("bounce --dialogue good.wav {input} -o out.wav");
    desk.refused(&bounce("stereo.wav"), &["stereo.wav", "2 channels", "mono"]);
    desk.refused(&bounce("slow.wav"), &["slow.wav", "44100", "--sample-rate"]);
    desk.refused(&bounce("text.wav"), &["text.wav"]);
    desk.refused(&bounce("cut.wav"), &["cut.wav", "damaged"]);
    desk.refused(&bounce("missing.wav"), &["missing.wav"]);
    desk.refused("bounce --dialogue good.wav -o nowhere/out.wav", &["nowhere"]);
    desk.refused("bounce --dialogue good.wav -o nowhere/", &["no folder nowhere/"]);
    desk.refused("bounce -o out.wav", &["--dialogue"]);
    desk.refused("bounce --dialogue good.wav -o out.wav --ceiling-dbtp 1", &["-24 to 0"]);
    desk.refused("bounce --dialogue good.wav -o out.wav --ceiling-dbtp nan", &["-24 to 0"]);
    desk.refused("bounce --dialogue good.wav -o out.wav --ceiling-dbtp -6.05", &["tenths"]);
    desk.refused("bounce --dialogue good.wav -o out.wav --release 4", &["5 to 500"]);
    desk.refused("check missing.wav", &["missing.wav"]);
    desk.refused("check text.wav", &["text.wav"]);
    assert!(!desk.path("out.wav").exists());
    desk.run_well("bounce --dialogue slow.wav --sample-rate 44100 -o out.wav");
}

#[test]
fn nothing_is_replaced_unasked() {
    let desk = Desk::new();
    desk.write_24("in.wav", &loud(1000, 0.3));
    std::fs::write(desk.path("out.wav"), "precious").unwrap();
    desk.refused("bounce --dialogue in.wav -o out.wav", &["out.wav", "--overwrite"]);
    assert_eq!(std::fs::read(desk.path("out.wav")).unwrap(), b"precious");
    desk.refused("bounce --dialogue in.wav -o in.wav --overwrite", &["in.wav", "input"]);
    desk.run_well("bounce --dialogue in.wav -o out.wav --overwrite");
    // Into a folder: beside what is there.
    desk.run_well("bounce --dialogue in.wav -o .");
    assert_eq!(read_24(&desk, "in_premix.wav"), read_24(&desk, "in.wav"));
    assert_eq!(desk.files(), ["in.wav", "in_premix.wav", "out.wav"]);
}

#[test]
fn check_judges_by_status() {
    let desk = Desk::new();
    let [good, over, stereo, sixteen, slow, cut] =
        ["good", "over", "stereo", "16", "slow", "cut"].map(|title| named(title, "25"));
    desk.write_24(&good, &loud(48_000, 0.45));
    desk.write_24(&over, &loud(48_000, 0.9));
    desk.write(&stereo, 2, 48_000, 24, &loud(96_000, 0.3));
    desk.write(&sixteen, 1, 48_000, 16, &vec![1000; 48_000]);
    desk.write(&slow, 1, 44_100, 24, &loud(44_100, 0.3));
    let whole = std::fs::read(desk.path(&good)).unwrap();
    std::fs::write(desk.path(&cut), &whole[..whole.len() / 2]).unwrap();
    let second = "--length 00:00:01:00 --frame-rate 25";
    for (file, rule, expected) in [
        (&good, "A5", 0),
        (&over, "A5", 1),
        (&stereo, "A2", 1),
        (&sixteen, "A4", 1),
        (&slow, "A3", 1),
        (&cut, "A1", 1),
    ] {
        let output = desk.run(&format!("check {file} {second}"));
        let said = text(&output.stdout);
        assert_eq!(status(&output), expected, "{said}");
        let failing: Vec<_> = said.lines().filter(|line| line.starts_with("  fail")).collect();
        assert_eq!(
            failing.iter().filter(|line| line.contains(&format!(" {rule} "))).count(),
            usize::from(expected > 0),
            "{said}"
        );
        if file != &cut {
            assert_eq!(failing.len(), usize::from(expected > 0), "{said}");
        }
    }
    let output = desk.run(&format!("check {good} --length 00:00:01:01 --frame-rate 25"));
    assert_eq!(status(&output), 1);
    assert!(text(&output.stdout).contains("1 frame (1920 samples) too short"));
    // Without a length that rule is not judged, and fails nothing.
    assert!(desk.run_well(&format!("check {good}")).contains("not judged here"));
    // The worst file decides.
    assert_eq!(status(&desk.run(&format!("check {good} {over}"))), 1);
    assert_eq!(status(&desk.run(&format!("check {over} missing.wav {good}"))), 2);
    // What an archive is meant to hold can be said.
    desk.run_well(&format!("check {slow} --sample-rate 44100"));
    assert_eq!(status(&desk.run(&format!("check {good} --bit-depth 32f"))), 1);
}

#[test]
fn check_tells_programs_as_json() {
    let desk = Desk::new();
    desk.write_24("over.wav", &loud(48_000, 0.9));
    let output = desk.run("check over.wav --json");
    assert_eq!(status(&output), 1);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema"], 1);
    assert_eq!(report["verdict"], "fail");
    let rules = report["rules"].as_array().unwrap();
    assert_eq!(rules.len(), premix::compliance::premix::RULES.len());
    let peak = rules.iter().find(|rule| rule["id"] == "A5").unwrap();
    assert_eq!(peak["verdict"], "fail");
    assert!(peak["place"].is_string() && peak["advice"].is_string());
}

#[test]
fn a_ceiling_that_was_asked_for_is_kept_and_one_over_the_delivery_is_told() {
    let desk = Desk::new();
    desk.write_24("in.wav", &loud(96_000, 1.0));
    let bounce = "bounce --dialogue in.wav -o out.wav --overwrite --bit-depth 32f";
    for (ceiling, warns) in [("-12.5", false), ("-6", false), ("-5.9", true), ("0", true)] {
        let output = desk.run(&format!("{bounce} --ceiling-dbtp {ceiling} --release 50"));
        assert_eq!(status(&output), 0, "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr).contains("above the delivery's -6.0"), warns, "{ceiling}");
        let highest = read_float(&desk, "out.wav").iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        let allowed = 10f64.powf(ceiling.parse::<f64>().unwrap() / 20.0);
        assert!(f64::from(highest) <= allowed, "{highest} at {ceiling} dBTP");
        assert!(f64::from(highest) > 0.9 * allowed, "{highest} at {ceiling} dBTP");
    }
    // Walla gain without walla is nothing to warn of.
    let output = desk.run(&format!("{bounce} --walla-gain-db -3"));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn places_are_labelled_as_the_start_is() {
    let desk = Desk::new();
    desk.write_24("in.wav", &loud(48_000, 0.3));
    let bounce = "bounce --dialogue in.wav -o out.wav --overwrite --frame-rate 29.97";
    // One second at 48 kHz is 29.97 frames: it ends within frame 29.
    let said = desk.run_well(bounce);
    assert!(said.contains("Length   00:00:00:29 (48000 samples"), "{said}");
    let said = desk.run_well(&format!("{bounce} --start 01:00:00;00 --length 00:00:02:00"));
    assert!(said.contains("start 01:00:00;00"), "{said}");
    assert!(said.contains("dBTP at 01:00:00;"), "{said}");
    assert!(said.contains("Length   00:00:02:00 (96096 samples"), "{said}");
    // An hour of drop-frame labels is 107 892 frames of 1601.6 samples.
    assert_eq!(time_reference(&desk, "out.wav"), Some(172_799_827));
}

#[test]
fn no_bounce_without_sound_or_longer_than_a_day() {
    let desk = Desk::new();
    desk.write_24("empty.wav", &[]);
    desk.write_24("good.wav", &loud(1000, 0.3));
    desk.refused("bounce --dialogue empty.wav -o out.wav", &["empty.wav", "no audio"]);
    let nothing = "--length 00:00:00:00 --frame-rate 24";
    desk.refused(&format!("bounce --dialogue good.wav -o out.wav --trim {nothing}"), &["--length"]);
    assert_eq!(status(&desk.run("check empty.wav")), 1);
    // 24 hours are 4 147 200 000 samples; the lost reference is one sample too late.
    write_at(&desk, "first.wav", 0, &[0.1; 10]);
    write_at(&desk, "lost.wav", 4_147_199_991, &[0.1; 10]);
    write_at(&desk, "never.wav", u64::MAX, &[0.1; 10]);
    for lost in ["lost.wav", "never.wav"] {
        desk.refused(
            &format!("bounce --dialogue first.wav {lost} -o out.wav"),
            &[lost, "more than a day", "time references"],
        );
    }
    desk.run_well("bounce --dialogue first.wav lost.wav never.wav --align start -o out.wav");
    assert_eq!(read_24(&desk, "out.wav").len(), 10);
}

#[test]
fn a_riff_that_outgrew_its_sizes_is_no_short_bounce() {
    let desk = Desk::new();
    desk.write_24("grown.wav", &[1000; 2000]);
    let path = desk.path("grown.wav");
    // 4 GiB on top, as a hole: the sizes in the header are then right modulo 4 GiB, as such files have them.
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() + (1 << 32)).unwrap();
    desk.refused("bounce --dialogue grown.wav -o out.wav", &["grown.wav", "damaged", "4294967296"]);
    let output = desk.run("check grown.wav");
    assert_eq!(status(&output), 1, "{}", text(&output.stdout));
}

#[test]
fn untidy_inputs_are_used_and_told() {
    let desk = Desk::new();
    desk.write_24("in.wav", &loud(1000, 0.3));
    let mut bytes = std::fs::read(desk.path("in.wav")).unwrap();
    bytes.extend([0; 6]);
    std::fs::write(desk.path("in.wav"), bytes).unwrap();
    let output = desk.run("bounce --dialogue in.wav -o out.wav");
    assert_eq!(status(&output), 0);
    let said = text(&output.stderr);
    assert!(said.contains("warning: in.wav") && said.contains("the last 6 bytes"), "{said}");
    assert_eq!(read_24(&desk, "out.wav"), loud(1000, 0.3));
}

#[test]
fn many_channels_and_many_files_are_checked() {
    let desk = Desk::new();
    desk.write("wide.wav", 20_000, 48_000, 16, &vec![1; 60_000]);
    desk.write("stereo.wav", 2, 48_000, 24, &[0; 2000]);
    let good = named("good", "25");
    desk.write_24(&good, &loud(1000, 0.3));
    let output = desk.run(&format!("check wide.wav stereo.wav {good} --json"));
    assert_eq!(status(&output), 1);
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines.iter().map(|line| (&line["file"], &line["verdict"])).collect();
    assert_eq!(told.len(), 3);
    for ((file, verdict), expected) in
        told.iter().zip([("wide.wav", "fail"), ("stereo.wav", "fail"), (&good, "pass")])
    {
        assert_eq!((file.as_str(), verdict.as_str()), (Some(expected.0), Some(expected.1)));
    }
    // An over in the second channel only is found.
    let mut second: Vec<i32> = vec![0; 2000];
    second[1001] = 8_000_000;
    desk.write("second.wav", 2, 48_000, 24, &second);
    assert!(text(&desk.run("check second.wav").stdout).contains("fail        A5"));
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_channels() {
    let desk = Desk::new();
    // A block of 16 384 frames of so many channels would take gigabytes; half of one is allowed here.
    desk.write("wide.wav", 20_000, 48_000, 16, &vec![1; 60_000]);
    let check = format!("ulimit -v 500000; exec {} check wide.wav", env!("CARGO_BIN_EXE_premix"));
    let output = Command::new("sh").args(["-c", &check]).current_dir(desk.folder()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("20000 channels"));
}

#[test]
fn a_reader_that_leaves_is_no_panic() {
    let desk = Desk::new();
    let good = named("good", "25");
    desk.write_24(&good, &loud(1000, 0.3));
    let mut child = Command::new(env!("CARGO_BIN_EXE_premix"))
        .args(["check", &good, &good])
        .current_dir(desk.folder())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((status(&output), text(&output.stderr).as_str()), (0, ""));
}

#[test]
fn usage_is_2_and_help_is_0() {
    let desk = Desk::new();
    for (arguments, expected) in [("", 2), ("bounce", 2), ("check", 2), ("check --nonsense x.wav", 2)] {
        assert_eq!(status(&desk.run(arguments)), expected, "{arguments}");
    }
    for arguments in ["--help", "--version", "bounce --help", "check --help"] {
        assert!(!desk.run_well(arguments).is_empty());
    }
}

#[test]
fn an_over_at_the_very_end_is_found() {
    // Two last samples of 0.45 peak at 0.573 (4 / pi of one) between them: over, though each sample is not.
    let desk = Desk::new();
    let mut samples = vec![0; 5000];
    samples[4998..].fill((0.45 * 8_388_608.0) as i32);
    desk.write_24("end.wav", &samples);
    let output = desk.run("check end.wav");
    assert_eq!(status(&output), 1, "{}", text(&output.stdout));
    let out = named("end", "25");
    desk.run_well(&format!("bounce --dialogue end.wav -o {out}"));
    desk.run_well(&format!("check {out}"));
    assert_eq!(read_24(&desk, &out).len(), 5000);
}

#[test]
fn numbers_that_are_none_become_silence_and_are_told() {
    let desk = Desk::new();
    let mut samples = vec![0.1f32; 2000];
    samples[700] = f32::NAN;
    samples[701] = f32::INFINITY;
    write_at(&desk, "nan.wav", 0, &samples);
    let said = desk.run_well("bounce --dialogue nan.wav -o out.wav");
    assert!(said.contains("2 samples were no numbers"), "{said}");
    assert_eq!(read_24(&desk, "out.wav")[700..702], [0, 0]);
    let output = desk.run("check nan.wav --bit-depth 32f");
    assert_eq!(status(&output), 1);
    assert!(text(&output.stdout).contains("2 samples are not numbers"));
}

#[test]
fn a_bounce_states_its_loudness_and_its_timecode() {
    let desk = Desk::new();
    // A 997 Hz tone at full scale in one channel reads -3.01 LUFS (BS.1770-5); here 20 dB less.
    let tone = |n: usize| (std::f64::consts::TAU * 997.0 * n as f64 / 48_000.0).sin();
    let samples: Vec<i32> = (0..480_000).map(|n| (838_860.8 * tone(n)).round() as i32).collect();
    desk.write_24("in.wav", &samples);
    let bounce = "bounce --dialogue in.wav --start 01:00:00:00 --frame-rate 23.976";
    desk.run_well(&format!("{bounce} -o out.wav"));
    desk.run_well(&format!("{bounce} -o plain.wav --no-loudness"));
    // Where EBU Tech 3285 has the loudness: 412 bytes into the chunk, in hundredths.
    let fields = |name: &str| -> Vec<i16> {
        let bytes = std::fs::read(desk.path(name)).unwrap();
        let bext = 8 + bytes.windows(4).position(|id| id == b"bext").unwrap();
        assert_eq!(bytes[bext + 346..][..2], [2, 0]);
        bytes[bext + 412..][..10].chunks(2).map(|field| i16::from_le_bytes([field[0], field[1]])).collect()
    };
    let [integrated, range, true_peak, momentary, short_term] = fields("out.wav")[..] else { panic!() };
    for (field, expected) in
        [(integrated, -2301), (range, 0), (true_peak, -2000), (momentary, -2301), (short_term, -2301)]
    {
        assert!((field - expected).abs() <= 1, "{:?}", fields("out.wav"));
    }
    assert_eq!(fields("plain.wav"), [0x7FFF; 5]);
    assert_eq!(read_24(&desk, "plain.wav"), read_24(&desk, "out.wav"));
    let bytes = std::fs::read(desk.path("out.wav")).unwrap();
    let xml = String::from_utf8_lossy(&bytes[..2048]).into_owned();
    // 3600 x 24 labels of 2002 samples.
    for element in [
        "<TIMECODE_RATE>24000/1001</TIMECODE_RATE>",
        "<TIMECODE_FLAG>NDF</TIMECODE_FLAG>",
        "<FILE_SAMPLE_RATE>48000</FILE_SAMPLE_RATE>",
        "<TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>172972800</TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO>",
    ] {
        assert!(xml.contains(element), "{element} is missing in {xml}");
    }
}

#[test]
fn ffprobe_reads_what_was_bounced() {
    let desk = Desk::new();
    desk.write_24("in.wav", &loud(4001, 0.3));
    desk.run_well("bounce --dialogue in.wav --start 01:00:00:00 --frame-rate 24 -o out.wav");
    let told = ffprobe(&desk.path("out.wav"));
    for line in [
        "codec_name=pcm_s24le",
        "sample_rate=48000",
        "channels=1",
        "duration_ts=4001",
        "TAG:time_reference=172800000",
    ] {
        assert!(told.contains(line), "{line} is missing in {told}");
    }
}

fn ffprobe(path: &Path) -> String {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_streams", "-show_format"])
        .arg(path)
        .output()
        .expect("ffprobe is missing: run `cargo xtask setup`");
    text(&output.stdout)
}

#[test]
fn a_name_that_does_not_say_what_is_meant_fails() {
    let desk = Desk::new();
    let good = named("LaCasaAzul", "24");
    desk.write_24(&good, &loud(1000, 0.3));
    desk.run_well(&format!(
        "check {good} --package-id 81234567 --title LaCasaAzul --language fr --version 1"
    ));
    for (meant, told) in [
        ("--title Other", "title LaCasaAzul instead of Other"),
        ("--version v2", "version v1 instead of v2"),
        ("--language pt-BR", "language fr instead of pt-BR"),
        ("--frame-rate 25", "frame rate 24 instead of 25"),
    ] {
        let output = desk.run(&format!("check {good} {meant}"));
        assert_eq!(status(&output), 1, "{meant}");
        assert!(text(&output.stdout).contains(told), "{meant}: {}", text(&output.stdout));
    }
    desk.refused(&format!("check {good} --language pt_BR"), &["language", "pt-BR"]);
}

#[test]
fn what_inputs_say_of_timecode_is_kept() {
    let desk = Desk::new();
    desk.write_24("plain.wav", &loud(48_048, 0.3));
    desk.run_well("bounce --dialogue plain.wav --start 01:00:00;00 --frame-rate 29.97 -o stem.wav");
    // Rate and labels go on into the next bounce, and into what is said of places.
    let said = desk.run_well("bounce --dialogue stem.wav -o out.wav");
    assert!(said.contains("start 01:00:00;00"), "{said}");
    let bytes = std::fs::read(desk.path("out.wav")).unwrap();
    let xml = String::from_utf8_lossy(&bytes[..2048]).into_owned();
    assert!(xml.contains("<TIMECODE_RATE>30000/1001<") && xml.contains("<TIMECODE_FLAG>DF<"), "{xml}");
    assert!(desk.checked("out.wav").contains("01:00:00;00"));
    // A stem of another session is told.
    let output = desk.run("bounce --dialogue stem.wav --frame-rate 25 -o other.wav");
    let said = text(&output.stderr);
    assert_eq!(status(&output), 0, "{said}");
    assert!(said.contains("stem.wav: its iXML states 29.97 frames a second instead of 25"), "{said}");
}
