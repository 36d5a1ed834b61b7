//! Movies as Debian's ffmpeg writes them, read as its ffprobe reads them; and what no program should write.

use std::path::{Path, PathBuf};
use std::process::Command;

use premix::delivery::picture::{Movie, PictureError, PictureFile};
use premix::delivery::timecode::FrameRate;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};
use tempfile::TempDir;

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn ffmpeg(&self, arguments: &str) {
        let output = Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-y"])
            .args(arguments.split_whitespace())
            .current_dir(&self.0)
            .output()
            .expect("ffmpeg is missing: run `cargo xtask setup`");
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Makes `frames` frames of video at `rate`, with what else is said.
    fn film(&self, rate: &str, frames: u32, more: &str, name: &str) {
        let picture = format!("-f lavfi -i testsrc2=size=64x36:rate={rate}");
        self.ffmpeg(&format!("{picture} {more} -frames:v {frames} {name}"));
    }

    fn movie(&self, name: &str) -> Movie {
        movie(&self.path(name)).unwrap()
    }
}

fn movie(path: &Path) -> Result<Movie, PictureError> {
    match PictureFile::open(path)? {
        PictureFile::Movie(movie) => Ok(movie),
        PictureFile::Guide(guide) => panic!("{guide:?}"),
    }
}

/// What ffprobe says of the first video stream: packets, frame rate, timecode.
fn ffprobe(path: &Path) -> [String; 3] {
    let entries = ["stream=nb_read_packets", "stream=r_frame_rate", "stream_tags=timecode"];
    entries.map(|entry| {
        let output = Command::new("ffprobe")
            .args(["-v", "error", "-select_streams", "v:0", "-count_packets", "-of", "default=nw=1:nk=1"])
            .args(["-show_entries", entry])
            .arg(path)
            .output()
            .expect("ffprobe is missing: run `cargo xtask setup`");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

const SOUND: &str = "-f lavfi -i sine=frequency=440:sample_rate=48000";

#[test]
fn movies_are_read_as_ffprobe_reads_them() {
    let desk = Desk::new();
    let fragmented = "-g 10 -movflags frag_keyframe+empty_moov";
    for (rate, fps, frames, more, name) in [
        ("24000/1001", "23.976", 50, "-c:v mpeg4", "plain.mp4"),
        ("24000/1001", "23.976", 51, "-c:v mpeg4 -timecode 01:00:00:00", "film.mov"),
        ("24", "24", 49, "-c:v libx264 -bf 3", "reordered.mp4"),
        ("24", "24", 1, "-c:v mpeg4", "one.mp4"),
        ("25", "25", 50, "-c:v libx264 -bf 2 -timecode 10:00:00:00", "video.mov"),
        ("25", "25", 47, "-c:v mpeg4 -timecode 00:59:50:12", "timecode.mp4"),
        ("30000/1001", "29.97", 61, "-c:v mpeg4 -timecode 01:00:00;00", "drop.mov"),
        ("30000/1001", "29.97", 61, "-c:v mpeg4 -timecode 00:09:59;29", "minute.mov"),
        ("30000/1001", "29.97", 60, "-c:v mpeg4 -timecode 01:00:00:00", "non-drop.mov"),
        ("30", "30", 33, "-c:v mjpeg", "thirty.mov"),
        ("50", "50", 50, "-c:v libx264", "fifty.mp4"),
        ("60000/1001", "59.94", 77, "-c:v mpeg4 -timecode 01:00:00;04", "drop60.mov"),
        ("60", "60", 60, "-c:v prores_ks", "sixty.mov"),
        // Coarse clocks, on which frames last 25 or 26 ticks, or 41 or 42.
        ("24000/1001", "23.976", 500, "-c:v mpeg4 -video_track_timescale 600", "600.mov"),
        ("30000/1001", "29.97", 500, "-c:v mpeg4 -video_track_timescale 600", "600-30.mov"),
        ("24", "24", 500, "-c:v mpeg4 -video_track_timescale 1000", "1000.mp4"),
        ("60000/1001", "59.94", 500, "-c:v mpeg4 -video_track_timescale 90000", "90000.mp4"),
        // Fragments, with their edit list and without, one after another kind.
        ("24", "24", 55, &format!("-c:v libx264 -bf 3 {fragmented}"), "fragments.mp4"),
        ("24", "24", 55, &format!("-c:v libx264 -bf 3 {fragmented}+delay_moov"), "delayed.mp4"),
        ("25", "25", 55, "-c:v libx264 -bf 3 -movflags frag_keyframe -g 10", "first-in-index.mp4"),
        ("25", "25", 55, "-c:v libx264 -movflags frag_every_frame+empty_moov+default_base_moof", "each.mp4"),
        ("24000/1001", "23.976", 55, "-c:v mpeg4 -movflags cmaf -frag_duration 500000", "cmaf.mp4"),
        (
            "25",
            "25",
            55,
            &format!("-c:v mpeg4 -timecode 01:02:03:04 {fragmented}"),
            "fragmented-timecode.mp4",
        ),
        ("24", "24", 55, "-c:v libx264 -movflags faststart -timecode 01:00:00:00", "faststart.mov"),
        ("24", "24", 55, "-c:v libx264 -movflags disable_chpl+negative_cts_offsets -bf 3", "negative.mp4"),
        ("24", "24", 55, "-c:v libx264 -use_editlist 0 -bf 3", "no-edits.mp4"),
    ] {
        desk.film(rate, frames, &format!("{more} -an"), name);
        let movie = desk.movie(name);
        assert_eq!(movie.frames, Ok(u64::from(frames)), "{name}");
        let rates: Vec<String> = movie.rates.iter().map(ToString::to_string).collect();
        assert_eq!(rates, [fps], "{name}");
        assert_eq!(movie.warnings, [""; 0], "{name}");
        let [packets, frame_rate, timecode] = ffprobe(&desk.path(name));
        assert_eq!(packets, frames.to_string(), "{name}");
        if name != "one.mp4" {
            let exact = movie.rates[0];
            assert_eq!(frame_rate, format!("{}/{}", exact.numerator(), exact.denominator()), "{name}");
        }
        let start = movie.start.and_then(|start| start.at(movie.rates[0]));
        assert_eq!(start.map_or(String::new(), |start| start.to_string()), timecode, "{name}");
    }
}

#[test]
fn sound_does_not_change_the_length() {
    let desk = Desk::new();
    for (more, name) in [
        ("-c:v libx264 -c:a aac", "aac.mp4"),
        ("-c:v libx264 -c:a pcm_s24le", "pcm.mov"),
        ("-c:v libx264 -c:a aac -movflags frag_keyframe+empty_moov", "fragments.mp4"),
    ] {
        // Sound that is longer, and sound that is shorter than the 45 frames.
        for sound in ["-t 4", "-t 1"] {
            desk.film("25", 45, &format!("{sound} {SOUND} {more}"), name);
            let movie = desk.movie(name);
            let [packets, ..] = ffprobe(&desk.path(name));
            assert_eq!(movie.frames, Ok(packets.parse().unwrap()), "{name} {sound}");
            assert_eq!(movie.rates, [FrameRate::Fps25], "{name} {sound}");
        }
    }
    desk.ffmpeg(&format!("{SOUND} -t 1 -c:a aac sound.mp4"));
    let error = movie(&desk.path("sound.mp4")).unwrap_err().to_string();
    assert!(error.contains("sound.mp4 is a movie without video"), "{error}");
}

#[test]
fn a_cut_by_edit_list_is_unknown() {
    let desk = Desk::new();
    desk.film("24", 50, "-c:v libx264 -bf 3 -an", "whole.mp4");
    desk.ffmpeg("-ss 0.5 -i whole.mp4 -c copy head.mp4");
    desk.ffmpeg("-itsoffset 0.5 -i whole.mp4 -c copy late.mp4");
    for (name, word) in [("head.mp4", "only a part"), ("late.mp4", "nothing for the first 0.500 s")] {
        let reason = desk.movie(name).frames.unwrap_err();
        assert!(reason.contains(word), "{name}: {reason}");
    }
    assert_eq!(desk.movie("whole.mp4").frames, Ok(50));
}

#[test]
fn what_is_no_delivery_rate_is_unknown() {
    let desk = Desk::new();
    desk.film("48", 48, "-c:v mpeg4 -an", "48.mp4");
    desk.film("24", 48, "-vf setpts='(N+mod(floor(N/7),3))/24/TB' -vsync vfr -c:v mpeg4 -an", "uneven.mp4");
    assert_eq!((desk.movie("48.mp4").rates, desk.movie("48.mp4").average_rate), (vec![], "48".to_owned()));
    assert_eq!(desk.movie("uneven.mp4").rates, []);
}

#[test]
fn a_truncated_movie_is_refused_or_told() {
    let desk = Desk::new();
    desk.film("25", 25, "-c:v mpeg4 -an -timecode 01:00:00:00", "back.mov");
    desk.film("25", 25, "-c:v mpeg4 -an -timecode 01:00:00:00 -movflags faststart", "front.mov");
    desk.film("25", 25, "-c:v mpeg4 -an -g 5 -movflags frag_keyframe+empty_moov", "fragments.mp4");
    let cut = |name: &str, keep: usize| {
        let bytes = std::fs::read(desk.path(name)).unwrap();
        std::fs::write(desk.path("cut.mov"), &bytes[..bytes.len() * keep / 100]).unwrap();
        movie(&desk.path("cut.mov"))
    };
    let error = cut("back.mov", 60).unwrap_err().to_string();
    assert!(error.contains("cut.mov is damaged: it is cut short before its index"), "{error}");
    let told = cut("front.mov", 80).unwrap();
    assert_eq!(told.frames, Ok(25));
    assert!(told.warnings.iter().any(|warning| warning.contains("cut short")), "{:?}", told.warnings);
    assert!(cut("fragments.mp4", 70).unwrap().frames.unwrap_err().contains("cut short"));
}

#[test]
fn a_guide_track_tells_samples_and_start() {
    let desk = Desk::new();
    desk.ffmpeg(&format!("{SOUND} -t 2 -ac 2 -write_bext 1 -metadata time_reference=172800000 guide.wav"));
    let PictureFile::Guide(guide) = PictureFile::open(&desk.path("guide.wav")).unwrap() else { panic!() };
    assert_eq!((guide.samples, guide.sample_rate, guide.time_reference), (96_000, 48_000, Some(172_800_000)));
    desk.ffmpeg("-i guide.wav -c:a pcm_s16le -map_metadata -1 plain.wav");
    let PictureFile::Guide(guide) = PictureFile::open(&desk.path("plain.wav")).unwrap() else { panic!() };
    assert_eq!((guide.samples, guide.time_reference), (96_000, None));
    let bytes = std::fs::read(desk.path("plain.wav")).unwrap();
    std::fs::write(desk.path("cut.wav"), &bytes[..bytes.len() / 2]).unwrap();
    let error = PictureFile::open(&desk.path("cut.wav")).unwrap_err().to_string();
    assert!(error.contains("cut.wav is damaged"), "{error}");
}

#[test]
fn other_files_are_named() {
    let desk = Desk::new();
    desk.film("25", 5, "-c:v mpeg4 -an", "a.mkv");
    desk.film("25", 5, "-c:v mpeg4 -an", "a.avi");
    desk.film("25", 5, "-c:v mpeg2video -an", "a.mxf");
    std::fs::write(desk.path("a.txt"), "this is no picture at all").unwrap();
    std::fs::write(desk.path("empty.mov"), "").unwrap();
    for (name, found) in [
        ("a.mkv", "a Matroska"),
        ("a.avi", "an AVI file"),
        ("a.mxf", "an MXF file"),
        ("a.txt", "something else"),
        ("empty.mov", "an empty file"),
        (".", "a directory"),
        ("none.mov", "cannot open"),
    ] {
        let error = movie(&desk.path(name)).unwrap_err().to_string();
        assert!(error.contains(found) && error.contains(name), "{error}");
    }
}

#[test]
fn a_damaged_movie_never_panics() {
    let desk = Desk::new();
    desk.film("25", 25, "-c:v libx264 -bf 2 -an -timecode 01:00:00:00", "whole.mov");
    desk.film("25", 25, "-c:v libx264 -bf 2 -an -g 5 -movflags frag_keyframe+empty_moov", "fragments.mp4");
    for name in ["whole.mov", "fragments.mp4"] {
        let bytes = std::fs::read(desk.path(name)).unwrap();
        let path = desk.path("damaged");
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) },
            TestRng::deterministic_rng(RngAlgorithm::ChaCha),
        );
        // Most bytes are media: only what lies near a box is worth damaging.
        let boxes: Vec<usize> = bytes
            .windows(4)
            .enumerate()
            .filter(|(_, window)| window.iter().all(u8::is_ascii_alphabetic))
            .map(|(at, _)| at)
            .collect();
        let change = (any::<prop::sample::Index>(), -4..40i64, any::<u8>());
        let changes = proptest::collection::vec(change, 1..6);
        runner
            .run(&changes, |changes| {
                let mut damaged = bytes.clone();
                for (near, off, byte) in changes {
                    let at = boxes[near.index(boxes.len())] as i64 + off;
                    let at = usize::try_from(at).unwrap_or(0).min(damaged.len() - 1);
                    damaged[at] = byte;
                }
                std::fs::write(&path, damaged).unwrap();
                let _ = PictureFile::open(&path);
                Ok(())
            })
            .unwrap();
    }
}
