//! Broken files for every reader: whole ones with bytes changed, cut, doubled and moved, by a fixed seed. No
//! reader may panic, and none may take longer than the file is worth.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

/// A small generator of numbers (xorshift), the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// Breaks a file in one to eight places.
fn broken(whole: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for _ in 0..=numbers.below(8) {
        let (at, length) = (numbers.below(bytes.len()), 1 + numbers.below(16));
        let end = (at + length).min(bytes.len());
        match numbers.below(6) {
            0 => bytes.truncate(at),
            1 => bytes[at..end].fill(0xFF),
            2 => bytes[at..end].fill(0),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
        }
    }
    bytes
}

const DAWPROJECT: &str = "<Project><Transport><Tempo value=\"120\"/></Transport><Structure><Track id=\"t\" name=\"FR_A\">\
    <Channel id=\"c\" role=\"regular\"><Devices><Limiter deviceName=\"L\"/></Devices><Sends><Send destination=\"c\">\
    <Volume value=\"0\"/></Send></Sends></Channel></Track></Structure><Arrangement><Lanes timeUnit=\"beats\">\
    <Lanes track=\"t\"><Clips><Clip time=\"1\" duration=\"2\"><Warps contentTimeUnit=\"seconds\"><Warp time=\"0\" \
    contentTime=\"0\"/><Warp time=\"1\" contentTime=\"1\"/><Audio sampleRate=\"48000\" channels=\"1\">\
    <File path=\"a.wav\"/></Audio></Warps></Clip></Clips></Lanes></Lanes></Arrangement></Project>";

/// A project in its zip.
fn zipped(project: &[u8]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    writer.start_file("project.xml", SimpleFileOptions::default()).unwrap();
    writer.write_all(project).unwrap();
    writer.finish().unwrap();
    bytes.into_inner()
}

const TEXT: &str = "SESSION NAME:\tN\nSAMPLE RATE:\t48000.000000\nBIT DEPTH:\t24-bit\nSESSION START TIMECODE:\t01:00:00:00\n\
    TIMECODE FORMAT:\t29.97 Drop Frame\n# OF AUDIO TRACKS:\t1\n\nO N L I N E  F I L E S  I N  S E S S I O N\nFilename\tLocation\n\
    a.wav\tD:Audio Files:\n\nO N L I N E  C L I P S  I N  S E S S I O N\nCLIP NAME\tSource File\na\ta.wav\t[1]\n\n\
    P L U G - I N S  L I S T I N G\nMANUFACTURER\tPLUG-IN NAME\tVERSION\tFORMAT\tSTEMS\tNUMBER OF INSTANCES\nA\tB\t1\tX\tM\t2 active\n\n\
    T R A C K  L I S T I N G\nTRACK NAME:\tFR_A (Stereo)\nCOMMENTS:\t\nUSER DELAY:\t0\nSTATE: Hidden \nPLUG-INS: \tB (mono)\n\
    CHANNEL \tEVENT   \tCLIP NAME\tSTART TIME\tEND TIME\tDURATION\tSTATE\n1\t1\t(fade in)\t01:00:01;00\t01:00:02;00\t1\tMuted\n\
    1\t2\ta\t01:00:02;00.50\t01:00:03;00\t1\tUnmuted\n1\t3\tb\t10+08\t12+09\t1\tUnmuted\n1\t4\tc\t0:10.5\t0:11\t1\tUnmuted\n";

const REAPER: &str = "<REAPER_PROJECT 0.1 \"7\" 1\n PROJOFFS 3600 0 0\n TIMEMODE 1 5 -1 30 1 0 -1\n SAMPLERATE 48000 1 0\n\
    <MASTERFXLIST\n BYPASS 0 0 0\n <VST \"a b\" c 0\n >\n >\n <TRACK {1}\n NAME 'FR A'\n VOLPAN 1 0\n AUXRECV 0 0 1 0 0 0 0 0 0\n\
    GROUP_FLAGS 1\n <VOLENV2\n ACT 1 -1\n PT 0 1 0\n >\n <ITEM\n POSITION 1\n LENGTH 2\n FADEIN 1 0.1 0\n GROUP 2\n NAME `a`\n\
    PLAYRATE 1 1 0\n <SOURCE SECTION\n <SOURCE WAVE\n FILE \"a.wav\"\n >\n >\n TAKE SEL\n TAKEVOLPAN 0 1 -1\n >\n >\n>\n";

const ARDOUR: &str = "<Session name=\"n\" sample-rate=\"48000\"><Config><Option name=\"timecode-format\" value=\"timecode_2997drop\"/>\
    </Config><Sources><Source name=\"a.wav\" type=\"audio\" id=\"9\"/></Sources><Locations><Location start=\"a5\" flags=\"IsSessionRange\"/>\
    </Locations><Routes><Route id=\"1\" name=\"FR_A\" audio-playlist=\"7\"><PresentationInfo order=\"1\" flags=\"AudioTrack\"/>\
    <Processor type=\"amp\"><Controllable name=\"gaincontrol\" value=\"0.5\"/></Processor><Processor type=\"intsend\" target=\"1\"/>\
    </Route></Routes><Playlists><Playlist id=\"7\" orig-track-id=\"1\"><Region name=\"a\" length=\"a5@a9\" stretch=\"1\" shift=\"1\" \
    source-0=\"9\"/></Playlist></Playlists><TempoMap superclocks-per-second=\"282240000\"/></Session>";

/// Reads broken files, each put into what it comes in.
fn run(kind: Kind, whole: &[u8], wrap: fn(&[u8]) -> Vec<u8>, runs: usize) {
    let read = |bytes: &[u8]| read(kind, "broken", &mut Cursor::new(wrap(bytes)));
    assert!(read(whole).is_ok_and(|session| !session.tracks.is_empty()));
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let still_read = (0..runs).filter(|_| read(&broken(whole, &mut numbers)).is_ok()).count();
    // What breaks everything would test nothing but the first check.
    assert!(still_read > runs / 200, "{still_read} of {runs}");
}

#[test]
fn texts_of_pro_tools() {
    run(Kind::ProToolsText, TEXT.as_bytes(), <[u8]>::to_vec, 20_000);
}

#[test]
fn reaper_projects() {
    run(Kind::Reaper, REAPER.as_bytes(), <[u8]>::to_vec, 20_000);
}

#[test]
fn ardour_sessions() {
    run(Kind::Ardour, ARDOUR.as_bytes(), <[u8]>::to_vec, 20_000);
}

#[test]
fn dawprojects() {
    run(Kind::DawProject, DAWPROJECT.as_bytes(), zipped, 10_000);
    let (zip, mut numbers) = (zipped(DAWPROJECT.as_bytes()), Numbers(3));
    for _ in 0..10_000 {
        let _ = read(Kind::DawProject, "broken", &mut Cursor::new(broken(&zip, &mut numbers)));
    }
}

#[test]
fn aafs() {
    run(Kind::Aaf, &aaf::example(), <[u8]>::to_vec, 4_000);
}

#[test]
fn names_in_ptx() {
    let mut numbers = Numbers(7);
    let mut whole = vec![3];
    whole.extend(b"0010111100101011\0\x05\x4d");
    whole.extend((0..5_000u32).flat_map(|number| [number as u8, (number >> 3) as u8]));
    for _ in 0..2_000 {
        assert!(hints(&broken(&whole, &mut numbers)).len() < whole.len());
    }
}

#[test]
fn long_lines_and_many_of_them_take_time_in_proportion() {
    // Each would take hours if a reader went over the rest of the file for every line.
    let name = "x".repeat(1 << 20);
    let lines = "y\n".repeat(1 << 20);
    for body in [&name, &lines] {
        let text = TEXT.replace("FR_A (Stereo)", body).replace("a\ta.wav", body);
        let _ = read(Kind::ProToolsText, "long", &mut Cursor::new(text));
        let text = REAPER.replace("'FR A'", body);
        let _ = read(Kind::Reaper, "long", &mut Cursor::new(text));
    }
}
