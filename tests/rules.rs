//! Every rule that a WAV can show, through the command line: a file that passes it and one that does not.

mod support;

#[path = "support/desk.rs"]
mod desk;

use premix::compliance::Face;
use premix::compliance::premix::RULES;
use premix::delivery::wav::BitDepth;
use premix::engine::latency_samples;
use serde_json::Value;

use desk::Desk;
use support::signals::{noise, scaled, sine, sum};
use support::speech::speech;
use support::{amplitude, limit};

const RATE: usize = 48_000;
/// 01:00:00:00 at 24 frames a second.
const HOUR: u64 = 172_800_000;
/// The picture of [`good`].
const PICTURE: &str = "--length 00:00:12:00 --frame-rate 24 --start 01:00:00:00";
const NAME: &str = "81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav";
const MEANT: &str = "--package-id 81234567 --title LaCasaAzul --language fr --version v1";

/// Twelve seconds with five of dialogue, limited.
fn dialogue() -> Vec<f32> {
    let mut dialogue = scaled(&speech(RATE as u32)[..12 * RATE], amplitude(-3.0));
    dialogue[5 * RATE..].fill(0.0);
    limit(&dialogue, RATE as u32, -60)
}

/// Dialogue and walla through the limiter.
fn bounced(dialogue: &[f32], walla: &[f32]) -> Vec<f32> {
    limit(&sum(dialogue, &scaled(walla, amplitude(-10.0))), RATE as u32, -60)
}

/// A crowd that never stops, as a stem before it is turned down: noise through a low-pass of one pole.
fn crowd(level_db: f64) -> Vec<f32> {
    let mut state = 0.0;
    let smooth = |x: &f32| {
        state += 0.2 * (x - state);
        state * 3.0 * amplitude(level_db) as f32
    };
    noise(7, 12 * RATE).iter().map(smooth).collect()
}

/// Writes a good premix of this sound under the name of a delivery.
fn write(desk: &Desk, samples: &[f32]) {
    desk.write_bwf(NAME, BitDepth::Int24, HOUR, samples);
}

/// What a rule says of a file.
fn rule(desk: &Desk, arguments: &str, id: &str) -> Value {
    let told = desk.judged(arguments);
    let [told] = &told[..] else { panic!("{told:?}") };
    let rules = told["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["id"] == id).unwrap_or_else(|| panic!("no {id}: {told}")).clone()
}

/// Judges a file, whose finding of a rule must have this verdict and these words.
fn expect(desk: &Desk, arguments: &str, id: &str, verdict: &str, words: &[&str]) {
    let found = rule(desk, arguments, id);
    assert_eq!(found["verdict"], verdict, "{arguments}: {found}");
    for word in words {
        assert!(found.to_string().contains(word), "{arguments}: {word}: {found}");
    }
}

#[test]
fn a_good_premix_passes_every_rule_that_a_wav_shows() {
    let desk = Desk::new();
    let walla = crowd(-28.0);
    let premix = bounced(&dialogue(), &walla);
    write(&desk, &premix);
    desk.write_bwf("walla.wav", BitDepth::Int24, HOUR, &walla);
    // The version before, without a line.
    let mut before = premix;
    before[RATE..2 * RATE].fill(0.0);
    let [new, old] = [NAME.replace("v1", "v2"), NAME.to_owned()];
    std::fs::rename(desk.path(NAME), desk.path(&new)).unwrap();
    write(&desk, &before);
    let told = desk
        .judged(&format!("{new} {PICTURE} {} --walla walla.wav --previous {old}", MEANT.replace("v1", "v2")));
    assert_eq!(told[0]["verdict"], "pass", "{}", told[0]);
    let rules = told[0]["rules"].as_array().unwrap();
    for (rule, found) in RULES.iter().zip(rules) {
        let expected = match () {
            () if rule.judged_by.contains(&Face::File) => "pass",
            // What no file of these shows is not judged, and what only a person can tell is listed.
            () if rule.judged_by.is_empty() => "for you",
            () => "not judged",
        };
        assert_eq!((&found["id"], &found["verdict"]), (&rule.id.into(), &expected.into()), "{found}");
    }
}

#[test]
fn a1_a_whole_wav() {
    let desk = Desk::new();
    write(&desk, &dialogue());
    expect(&desk, NAME, "A1", "pass", &["RIFF"]);
    let whole = std::fs::read(desk.path(NAME)).unwrap();
    std::fs::write(desk.path("cut.wav"), &whole[..whole.len() - 3001]).unwrap();
    expect(&desk, "cut.wav", "A1", "fail", &["cut short: 1001 of 576000 frames are missing"]);
    // Many further ones: tests/damaged.rs.
}

#[test]
fn a1_what_a_file_says_of_itself_is_so() {
    let desk = Desk::new();
    write(&desk, &dialogue());
    desk.run_well(&format!("bounce --dialogue {NAME} -o good.wav --start 01:00:00:00 --frame-rate 24"));
    expect(&desk, "good.wav --frame-rate 24", "A1", "pass", &[]);
    let whole = std::fs::read(desk.path("good.wav")).unwrap();
    let edited = |from: &[u8], to: &[u8]| {
        assert_eq!(from.len(), to.len());
        let at = whole.windows(from.len()).position(|window| window == from).unwrap();
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        std::fs::write(desk.path("lies.wav"), bytes).unwrap();
    };
    for (from, to, told) in [
        ("<FILE_SAMPLE_RATE>48000", "<FILE_SAMPLE_RATE>44100", "a sample rate of 44100, but it is 48000"),
        ("<AUDIO_BIT_DEPTH>24", "<AUDIO_BIT_DEPTH>16", "a bit depth of 16, but it is 24"),
        ("_LO>172800000", "_LO>172800001", "a time reference of 172800001, but it is 172800000"),
        ("<TIMECODE_RATE>24/1", "<TIMECODE_RATE>25/1", "25 frames a second, but the picture has 24"),
    ] {
        edited(from.as_bytes(), to.as_bytes());
        expect(&desk, "lies.wav --frame-rate 24", "A1", "warn", &[told]);
    }
    // The loudness fields of version 2, in hundredths, 412 bytes into the chunk (EBU Tech 3285).
    let bext = whole.windows(4).position(|id| id == b"bext").unwrap() + 8 + 412;
    for (field, told) in
        [(0, "LUFS integrated"), (1, "LU of range"), (2, "dBTP"), (3, "momentary"), (4, "short-term")]
    {
        let mut bytes = whole.clone();
        let at = bext + 2 * field;
        let stated = i16::from_le_bytes([bytes[at], bytes[at + 1]]);
        bytes[at..at + 2].copy_from_slice(&(stated + 100).to_le_bytes());
        std::fs::write(desk.path("lies.wav"), bytes).unwrap();
        expect(&desk, "lies.wav", "A1", "warn", &["bext states", told]);
    }
}

#[test]
fn a2_mono() {
    let desk = Desk::new();
    write(&desk, &dialogue());
    expect(&desk, NAME, "A2", "pass", &["1 channel"]);
    // Any number of channels is measured, and the other rules are judged.
    for channels in [2u16, 6, 17] {
        let samples: Vec<i32> = dialogue()[..RATE]
            .iter()
            .flat_map(|x| std::iter::repeat_n((x * 8_388_608.0) as i32, usize::from(channels)))
            .collect();
        desk.write("wide.wav", channels, RATE as u32, 24, &samples);
        expect(&desk, "wide.wav", "A2", "fail", &[&format!("{channels} channels")]);
        for id in ["A1", "A3", "A4", "A5", "A9"] {
            expect(&desk, "wide.wav", id, "pass", &[]);
        }
    }
}

#[test]
fn a3_48_khz() {
    let desk = Desk::new();
    let samples = vec![100_000; 48_000];
    for (rate, verdict) in [(48_000, "pass"), (44_100, "fail"), (47_952, "fail"), (96_000, "fail")] {
        desk.write("a.wav", 1, rate, 24, &samples);
        expect(&desk, "a.wav", "A3", verdict, &[&format!("{rate} Hz")]);
    }
}

#[test]
fn a4_24_bit() {
    let desk = Desk::new();
    for (bits, verdict) in [(24, "pass"), (16, "fail"), (32, "fail")] {
        desk.write("a.wav", 1, 48_000, bits, &[1000; 4800]);
        expect(&desk, "a.wav", "A4", verdict, &[&format!("{bits}-bit")]);
    }
    desk.write_bwf("float.wav", BitDepth::Float32, 0, &[0.1; 4800]);
    expect(&desk, "float.wav", "A4", "fail", &["32-bit float"]);
    // Switchable, for archives.
    expect(&desk, "float.wav --bit-depth 32f", "A4", "pass", &[]);
}

#[test]
fn a5_true_peak_by_both_meters() {
    let desk = Desk::new();
    // A sine whose samples meet its crest: its true peak is its amplitude. At 4.1 kHz the interpolator printed
    // in BS.1770-5 Annex 2 reads up to 0.22 dB too much (docs/limiter.md).
    for (frequency, level_db, verdict) in
        [(997.0, -6.01, "pass"), (997.0, -5.99, "fail"), (4100.0, -6.1, "warn"), (4100.0, -6.3, "pass")]
    {
        let tone = sine(frequency / RATE as f64, amplitude(level_db), 0.25, 2 * RATE);
        write(&desk, &support::signals::faded(tone, 4800));
        expect(&desk, NAME, "A5", verdict, &[]);
    }
    // Between the samples: two of -6.94 dBFS at the very end peak over the ceiling behind them.
    let mut samples = vec![0.0; 5000];
    samples[4998..].fill(0.45);
    write(&desk, &samples);
    expect(&desk, &format!("{NAME} {PICTURE}"), "A5", "fail", &["01:00:00:02"]);
    // Two outputs instead of one: 6 dB over.
    write(&desk, &scaled(&dialogue(), 2.0));
    expect(&desk, NAME, "A5", "fail", &["two outputs were summed"]);
}

#[test]
fn a7_walla_is_10_db_down() {
    let desk = Desk::new();
    let walla = crowd(-20.0);
    desk.write_bwf("walla.wav", BitDepth::Int24, HOUR, &walla);
    let judged = format!("{NAME} --walla walla.wav");
    for (gain_db, verdict, words) in [
        (-10.0, "pass", "-10.00 dB"),
        (-9.95, "pass", "-9.95 dB"),
        (-10.05, "pass", "-10.05 dB"),
        (-9.85, "fail", "-9.85 dB"),
        (-10.15, "fail", "-10.15 dB"),
        (0.0, "fail", "by exactly 10 dB"),
        (-20.0, "fail", "-20.0"),
    ] {
        write(&desk, &sum(&dialogue(), &scaled(&walla, amplitude(gain_db))));
        expect(&desk, &judged, "A7", verdict, &[words]);
    }
    // Two stems are one walla.
    let other = scaled(&noise(8, 12 * RATE), 0.05);
    desk.write_bwf("other.wav", BitDepth::Int24, HOUR, &other);
    let both = scaled(&sum(&walla, &other), amplitude(-10.0));
    write(&desk, &sum(&dialogue(), &both));
    expect(&desk, &format!("{judged} other.wav"), "A7", "pass", &["-10.0"]);
    expect(&desk, NAME, "A7", "not judged", &["--walla"]);
    // Where it cannot be told apart it is not judged: another take, dialogue without a pause, less than 3 s.
    let down = scaled(&walla, amplitude(-10.0));
    write(&desk, &sum(&dialogue(), &scaled(&noise(9, 12 * RATE), 0.02)));
    expect(&desk, &judged, "A7", "not judged", &["too little"]);
    write(&desk, &sum(&scaled(&noise(10, 12 * RATE), 0.2), &down));
    expect(&desk, &judged, "A7", "not judged", &["too little"]);
    let mut short = down;
    short[2 * RATE..].fill(0.0);
    write(&desk, &short);
    expect(&desk, &judged, "A7", "not judged", &["2.0 s of 12.0 s"]);
}

#[test]
fn a8_dialogue_over_walla() {
    let desk = Desk::new();
    for (level_db, verdict) in [(-28.0, "pass"), (-10.0, "warn")] {
        let walla = crowd(level_db);
        desk.write_bwf("walla.wav", BitDepth::Int24, HOUR, &walla);
        write(&desk, &bounced(&scaled(&dialogue(), amplitude(-3.0)), &walla));
        expect(&desk, &format!("{NAME} --walla walla.wav"), "A8", verdict, &["LU"]);
    }
    expect(&desk, NAME, "A8", "not judged", &["--walla"]);
}

#[test]
fn a9_something_sounds() {
    let desk = Desk::new();
    write(&desk, &dialogue());
    expect(&desk, &format!("{NAME} {PICTURE}"), "A9", "pass", &["speech for", "longest pause"]);
    write(&desk, &vec![0.0; RATE]);
    expect(&desk, NAME, "A9", "fail", &["silent from start to end", "mute, solo"]);
}

#[test]
fn a10_the_length_of_the_picture() {
    let desk = Desk::new();
    let (minute, latency) = (60 * RATE, latency_samples(RATE as u32));
    let mut samples = dialogue();
    samples.resize(70 * RATE, 0.0);
    for (length, verdict, words) in [
        (minute, "pass", "2880000 samples"),
        (minute + 1, "fail", "too long"),
        (minute - 1, "fail", "too short"),
        (minute + 2000, "fail", "1 frame (2000 samples) too long"),
        (minute + 2000, "fail", "out point inclusive"),
        (minute - 2000, "fail", "one frame"),
        (minute + latency, "fail", "latency"),
        (minute * 1001 / 1000, "fail", "0.1 %"),
        (minute * 1000 / 1001, "fail", "0.1 %"),
        (minute * 24 / 25, "fail", "24 frames a second were taken for 25"),
        (minute * 25 / 24, "fail", "24 frames a second were taken for 25"),
        (70 * RATE, "fail", "the longest track"),
    ] {
        write(&desk, &samples[..length]);
        expect(&desk, &format!("{NAME} --length 00:01:00:00 --frame-rate 24"), "A10", verdict, &[words]);
    }
    expect(&desk, NAME, "A10", "not judged", &["--picture"]);
}

#[test]
fn a11_the_start_of_the_picture() {
    let desk = Desk::new();
    write(&desk, &dialogue());
    expect(&desk, &format!("{NAME} {PICTURE}"), "A11", "pass", &["01:00:00:00"]);
    desk.write_bwf("late.wav", BitDepth::Int24, HOUR + 2000, &dialogue());
    expect(&desk, &format!("late.wav {PICTURE}"), "A11", "fail", &["01:00:00:01", "01:00:00:00"]);
    expect(&desk, NAME, "A11", "not judged", &["--start"]);
    desk.write_24("plain.wav", &[1000; 4800]);
    expect(&desk, &format!("plain.wav {PICTURE}"), "A11", "not judged", &["no time reference"]);
}

#[test]
fn a12_the_walla_comes_when_its_stem_does() {
    let desk = Desk::new();
    let walla = crowd(-20.0);
    desk.write_bwf("walla.wav", BitDepth::Int24, HOUR, &walla);
    let premix = bounced(&dialogue(), &walla);
    let late = |samples: usize| [&vec![0.0; samples][..], &premix].concat();
    for (premix, verdict, words) in [
        (premix.clone(), "pass", "0 samples late"),
        (late(latency_samples(RATE as u32)), "warn", "limiter's latency"),
        (late(2000), "warn", "2000 samples late"),
        (premix[500..].to_vec(), "warn", "500 samples early"),
    ] {
        write(&desk, &premix);
        expect(&desk, &format!("{NAME} --walla walla.wav"), "A12", verdict, &[words]);
        // Where it lies does not change how loud it is.
        expect(&desk, &format!("{NAME} --walla walla.wav"), "A7", "pass", &["-10.0"]);
    }
    expect(&desk, NAME, "A12", "not judged", &["--walla"]);
}

#[test]
fn a13_the_right_output() {
    let desk = Desk::new();
    write(&desk, &dialogue());
    expect(&desk, NAME, "A13", "pass", &["speech"]);
    write(&desk, &sine(1000.0 / RATE as f64, 0.1, 0.0, 12 * RATE));
    expect(&desk, NAME, "A13", "warn", &["line-up tone"]);
    write(&desk, &vec![0.0; RATE]);
    expect(&desk, NAME, "A13", "not judged", &[]);
}

#[test]
fn a15_uneven_dialogue_only_informs() {
    let desk = Desk::new();
    let even = dialogue();
    let mut uneven = even.clone();
    uneven[..3 * RATE].iter_mut().for_each(|x| *x *= 0.1);
    let share = |samples: &[f32]| {
        write(&desk, samples);
        expect(&desk, NAME, "A15", "for you", &["LUFS", "more than 6 LU away", "LRA"]);
        desk.judged(NAME)[0]["programme"]["speech"]["uneven_share"].as_f64().unwrap()
    };
    let (even, uneven) = (share(&even), share(&uneven));
    assert!(uneven > even + 0.2, "{even} {uneven}");
}

#[test]
fn a16_the_name() {
    let desk = Desk::new();
    let named = |name: &str, verdict: &str, words: &[&str]| {
        desk.write_24(name, &[1000; 480]);
        expect(&desk, &name.replace(' ', "~"), "A16", verdict, words);
    };
    for strict in [
        "81234567_LaCasaAzul_23976_Mono_fr_PreMixQC_v1.wav",
        "2412321_Night-Shift_25_Mono_pt-BR_PreMixQC_v2.wav",
        "81000001_Movie7_2997_Mono_es-419_PreMixQC_v10.wav",
        "81000002_Kaze_24_Mono_cmn-Hant-TW_PreMixQC_v1.wav",
    ] {
        named(strict, "pass", &[]);
    }
    for (name, correction) in [
        ("81234567_La_Casa_Azul_23976_Mono_fr_PreMixQC_v1.wav", "La-Casa-Azul_23976"),
        ("81234567_LaCasaAzul_23.976_Mono_fr_PreMixQC_v1.wav", "LaCasaAzul_23976"),
        ("81234567_LaCasaAzul_2398_Mono_fr_PreMixQC_v1.wav", "LaCasaAzul_23976"),
        ("81234567_LaCasaAzul_2997DF_Mono_fr_PreMixQC_v1.wav", "LaCasaAzul_2997_"),
        ("81234567_LaCasaAzul_24_Mono_PT-BR_PreMixQC_v1.wav", "pt-BR"),
        ("81234567_LaCasaAzul_24_Mono_pt-br_PreMixQC_v1.wav", "pt-BR"),
        ("81234567_LaCasaAzul_24_Mono_FRA_PreMixQC_v1.wav", "_fr_"),
        ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_V1.wav", "_v1.wav"),
        ("81234567_ShowTitle_24_Mono_fr_PreMixQC_v1.wav", "placeholder"),
        ("81234567_LaCasaAzul_24_MONO_fr_PreMixQC_v1.wav", "_Mono_"),
        ("81234567_LaCasaAzul_24_Mono_fr_PREMIXQC_v1.wav", "_PreMixQC_"),
        ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.WAV", "_v1.wav"),
    ] {
        named(name, "warn", &[correction]);
    }
    for (name, fault) in [
        ("81234567_LaCasaAzul_23976_Stereo_fr_PreMixQC_v1.wav", "Stereo"),
        ("LaCasaAzul_81234567_23976_Mono_fr_PreMixQC_v1.wav", "write 81234567_LaCasaAzul"),
        ("81234567_LaCasaAzul_Mono_fr_PreMixQC_v1.wav", "frame rate is missing"),
        ("81234567_La Casa_24_Mono_fr_PreMixQC_v1.wav", "write La-Casa"),
        ("81234567_LaCasaAzul_24_Mono_pt_BR_PreMixQC_v1.wav", "write pt-BR"),
        ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC.wav", "version is missing"),
        ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.aif", ".aif"),
        ("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav.wav", ".wav.wav"),
        ("[81234567]_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav", "brackets"),
    ] {
        named(name, "fail", &[fault]);
    }
}

#[test]
fn a17_the_name_is_true() {
    let desk = Desk::new();
    let name = NAME.replace("24", "30");
    desk.write_24(&name, &[1000; 480]);
    desk.write_24(NAME, &[1000; 480]);
    expect(&desk, &format!("{NAME} --frame-rate 24 {MEANT}"), "A17", "pass", &["LaCasaAzul", "v1", "fr"]);
    expect(&desk, NAME, "A17", "not judged", &["--package-id"]);
    // 30 in the name of a picture at 29.97.
    expect(&desk, &format!("{name} --frame-rate 29.97"), "A17", "fail", &["frame rate 30 instead of 29.97"]);
    for (from, to) in [("81234567", "81234568"), ("LaCasaAzul", "Other"), ("fr", "de"), ("v1", "v2")] {
        let meant = MEANT.replace(from, to);
        expect(&desk, &format!("{NAME} {meant}"), "A17", "fail", &[&format!("{from} instead of {to}")]);
    }
}

#[test]
fn a18_a_new_version_after_fixes() {
    let desk = Desk::new();
    let old = dialogue();
    let mut fixed = old.clone();
    fixed[3 * RATE..4 * RATE].iter_mut().for_each(|x| *x *= 0.5);
    let [v1, v2, other] =
        [NAME.to_owned(), NAME.replace("v1", "v2"), NAME.replace("v1", "v2").replace("Azul", "Roja")];
    let wav = |name: &str, samples: &[f32]| desk.write_bwf(name, BitDepth::Int24, HOUR, samples);
    wav(&v1, &old);
    wav(&v2, &fixed);
    wav(&other, &fixed);
    let judged = |new: &str, old: &str| format!("{new} --previous {old} --frame-rate 24");
    let found = rule(&desk, &judged(&v2, &v1), "A18");
    assert_eq!(found["verdict"], "pass", "{found}");
    let told = found["measured"].as_str().unwrap();
    // The second that was turned down and no other: 72 frames of 2000 samples in, at most 24 long.
    assert!(told.starts_with("v2 after v1; 1 change: 01:00:03:0"), "{told}");
    assert!(told.ends_with("all else is the same, bit for bit"), "{told}");
    let changes = &desk.judged(&judged(&v2, &v1))[0]["previous"]["changes"];
    let change = &changes.as_array().unwrap()[0];
    let [first, samples] = ["sample", "samples"].map(|field| change[field].as_u64().unwrap() as usize);
    assert!(first >= 3 * RATE && first + samples <= 4 * RATE, "{change}");

    expect(&desk, &judged(&v1, &v2), "A18", "fail", &["v1 after v2", "v3 comes after v2"]);
    expect(&desk, &judged(&other, &v1), "A18", "fail", &["the title was LaCasaAzul and is LaCasaRoja"]);
    expect(&desk, &v2, "A18", "not judged", &["--previous"]);
    wav(&v2, &old);
    expect(&desk, &judged(&v2, &v1), "A18", "warn", &["nothing audible has changed"]);
    // The fix, and one step of 24 bits far from it.
    let mut faint = fixed.clone();
    faint[11 * RATE] += amplitude(-138.0) as f32;
    wav(&v2, &faint);
    expect(&desk, &judged(&v2, &v1), "A18", "warn", &["1 samples elsewhere differ by less"]);
}

#[test]
fn e1_clipping_warns() {
    let desk = Desk::new();
    write(&desk, &dialogue());
    expect(&desk, NAME, "E1", "pass", &["none"]);
    let mut clipped = dialogue();
    let line = &mut clipped[2 * RATE..3 * RATE];
    let peak = line.iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
    line.iter_mut().for_each(|x| *x = (4.0 * *x).clamp(-peak, peak));
    write(&desk, &clipped);
    expect(&desk, &format!("{NAME} {PICTURE}"), "E1", "warn", &["flat top", "01:00:02:"]);
}

#[test]
fn e2_drop_outs_warn() {
    let desk = Desk::new();
    let tone = sine(200.0 / RATE as f64, 0.2, 0.1, 2 * RATE);
    write(&desk, &tone);
    expect(&desk, NAME, "E2", "pass", &["none"]);
    let mut cut = tone;
    cut[RATE..RATE + 500].fill(0.0);
    write(&desk, &cut);
    expect(&desk, &format!("{NAME} {PICTURE}"), "E2", "warn", &["1 drop-out", "01:00:01:00"]);
}

#[test]
fn e3_an_offset_warns() {
    let desk = Desk::new();
    for (offset, verdict) in [(0.003, "pass"), (0.003_3, "warn"), (-0.01, "warn")] {
        let dialogue = dialogue();
        // Limiting a voice that is higher on one side leaves a little of its own.
        let mean = dialogue.iter().sum::<f32>() / dialogue.len() as f32;
        let samples: Vec<f32> = dialogue.iter().map(|x| x - mean + offset).collect();
        write(&desk, &samples);
        expect(&desk, NAME, "E3", verdict, &[]);
    }
}

#[test]
fn e4_samples_that_are_no_numbers_warn() {
    let desk = Desk::new();
    let mut samples = dialogue();
    desk.write_bwf("float.wav", BitDepth::Float32, 0, &samples);
    expect(&desk, "float.wav --bit-depth 32f", "E4", "pass", &[]);
    samples[100] = f32::NAN;
    samples[200] = f32::INFINITY;
    desk.write_bwf("float.wav", BitDepth::Float32, 0, &samples);
    expect(&desk, "float.wav --bit-depth 32f", "E4", "warn", &["2 samples"]);
}
