//! The pictures of the manual and the README: the bundled plugin in a real window, playing a real scene.
//! Linux, with a display; a virtual one will do. `cargo xtask bundle` comes first.
#![cfg(target_os = "linux")]

mod support;

use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use support::clap_host::{ClapBundle, ClapPlugin, PREMIX, PREMIX_WALLA};
use support::screen::{Screen, Shown};
use support::signals::scaled;
use support::speech::clips;

/// Hz.
const RATE: u32 = 48_000;
const SECOND: usize = RATE as usize;
/// The scene's length in seconds, and where its picture starts on the host's time line.
const SCENE: usize = 64;
const PICTURE_START: i64 = 10 * SECOND as i64;
/// Samples in a block.
const BLOCK: usize = 512;

/// A window of the usual size.
const SIZE: (u16, u16) = (1060, 740);

/// What the user has entered.
const STATE: &str = r#"{"version":"0.1.0","params":{"mono":{"bool":true}},"fields":{"delivery":"{\"package_id\":\"81234567\",\"title\":\"LaCasaAzul\",\"language\":\"pt-BR\",\"version\":\"v1\",\"frame_rate\":\"24\",\"session_start\":\"00:59:50:00\",\"picture_start\":\"01:00:00:00\",\"picture_length\":\"00:01:04:00\"}"}}"#;

/// Dialogue and walla: lines of several speakers with pauses, too loud here and there, over a crowd.
fn scene() -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let clips: Vec<_> = clips(RATE).iter().map(|clip| without_offset(clip)).collect();
    let length = SCENE * SECOND;
    let (mut dialogue, mut walla) = (vec![0.0_f32; length], vec![0.0_f32; length]);
    let mut at = SECOND;
    for (index, clip) in clips.iter().cycle().enumerate() {
        let level = [0.42, 0.55, 0.35, 0.85, 0.5][index % 5];
        let end = (at + clip.len().min(4 * SECOND)).min(length - SECOND);
        for (place, sample) in dialogue[at..end].iter_mut().zip(scaled(clip, level)) {
            *place += sample;
        }
        at = end + [SECOND, SECOND / 2, 2 * SECOND][index % 3];
        if at + SECOND >= length {
            break;
        }
    }
    // Everybody at once, from somewhere in the middle of what they say.
    for (index, clip) in clips.iter().enumerate() {
        let voice = scaled(clip, 0.03);
        for (n, place) in walla.iter_mut().enumerate() {
            *place += voice[(n + index * 31_337) % voice.len()];
        }
    }
    (vec![dialogue.clone(), dialogue], vec![walla.clone(), walla])
}

/// Some recordings have one.
fn without_offset(clip: &[f32]) -> Vec<f32> {
    let mean = clip.iter().sum::<f32>() / clip.len() as f32;
    clip.iter().map(|sample| sample - mean).collect()
}

/// Plays the part of the scene from second `from` to second `to`, as fast as it goes or in real time.
fn play(plugin: &ClapPlugin, scene: &(Vec<Vec<f32>>, Vec<Vec<f32>>), from: usize, to: usize, live: bool) {
    let cut = |bus: &[Vec<f32>]| -> Vec<Vec<f32>> {
        bus.iter().map(|channel| channel[from * SECOND..to * SECOND].to_vec()).collect()
    };
    let (dialogue, walla) = (cut(&scene.0), cut(&scene.1));
    // Real hosts go on for a while after the end.
    let tail = vec![vec![0.0; BLOCK]; 2];
    let position = PICTURE_START + (from * SECOND) as i64;
    let step = if live { BLOCK } else { dialogue[0].len() };
    for start in (0..dialogue[0].len()).step_by(step) {
        let end = (start + step).min(dialogue[0].len());
        let part =
            |bus: &[Vec<f32>]| -> Vec<Vec<f32>> { bus.iter().map(|c| c[start..end].to_vec()).collect() };
        plugin.transport.set(Some((true, position + start as i64)));
        plugin.render(&part(&dialogue), Some(&part(&walla)), &[BLOCK], &[]);
        if live {
            sleep(Duration::from_secs_f64(BLOCK as f64 / f64::from(RATE)));
        }
    }
    if !live {
        plugin.transport.set(Some((true, position + dialogue[0].len() as i64)));
        plugin.render(&tail, Some(&tail), &[BLOCK], &[]);
        plugin.transport.set(Some((false, position + dialogue[0].len() as i64 + BLOCK as i64)));
        plugin.render(&tail, Some(&tail), &[BLOCK], &[]);
    }
}

fn picture(screen: &Screen, plugin: &ClapPlugin, size: (u16, u16), scale: f64, name: &str) {
    let shown = Shown::open(screen, plugin, size.0, size.1, scale);
    assert!(shown.is_drawn());
    shown.save(&folder().join(name));
}

/// Where the pictures of the manual lie; what it does not show goes to `target/pictures`, to be looked at.
fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    for folder in [&folder, &folder.join("../../target/pictures")] {
        std::fs::create_dir_all(folder).unwrap();
    }
    folder
}

fn premix(bundle: &ClapBundle) -> ClapPlugin {
    let mut plugin = bundle.create_with_window(PREMIX);
    assert!(plugin.load(STATE.as_bytes()));
    assert!(plugin.activate(f64::from(RATE), BLOCK as u32));
    plugin
}

#[test]
#[ignore = "writes docs/pictures; needs a display: LIBGL_ALWAYS_SOFTWARE=1 xvfb-run -a -s '-screen 0 2560x1600x24' cargo test --features plugin --test pictures -- --ignored"]
fn pictures() {
    let screen = Screen::connect();
    let bundle = ClapBundle::load();
    let scene = scene();

    let mut idle = bundle.create_with_window(PREMIX);
    assert!(idle.activate(f64::from(RATE), BLOCK as u32));
    picture(&screen, &idle, SIZE, 1.0, "../../target/pictures/idle.png");

    let passing = premix(&bundle);
    play(&passing, &scene, 0, SCENE, false);
    picture(&screen, &passing, SIZE, 1.0, "pass.png");
    picture(&screen, &passing, (2120, 1480), 2.0, "../../target/pictures/pass-hidpi.png");
    picture(&screen, &passing, (1590, 1110), 1.5, "../../target/pictures/pass-scale-1.5.png");
    picture(&screen, &passing, (2560, 1440), 1.0, "../../target/pictures/pass-large.png");
    picture(&screen, &passing, (480, 360), 1.0, "pass-small.png");
    // While it plays once more.
    let shown = Shown::open(&screen, &passing, SIZE.0, SIZE.1, 1.0);
    assert!(shown.is_drawn());
    play(&passing, &scene, 20, 36, true);
    shown.save(&folder().join("playing.png"));
    drop(shown);

    // The last eight seconds are missing, and the ceiling was too high.
    let failing = premix(&bundle);
    failing.transport.set(Some((false, 0)));
    let silence = vec![vec![0.0; BLOCK]; 2];
    let change = failing.change(0, "Ceiling", "-2.0 dBTP");
    failing.render(&silence, Some(&silence), &[BLOCK], &[change]);
    play(&failing, &scene, 0, SCENE - 8, false);
    picture(&screen, &failing, SIZE, 1.0, "fail.png");
    picture(&screen, &failing, (480, 360), 1.0, "../../target/pictures/fail-small.png");

    let mut alone = bundle.create_with_window(PREMIX);
    assert!(alone.load(STATE.as_bytes()));
    assert!(alone.select(2));
    assert!(alone.activate(f64::from(RATE), BLOCK as u32));
    alone.transport.set(Some((true, PICTURE_START)));
    alone.render(&scene.0, None, &[BLOCK], &[]);
    alone.transport.set(Some((true, PICTURE_START + (SCENE * SECOND) as i64)));
    alone.render(&silence, None, &[BLOCK], &[]);
    alone.transport.set(Some((false, PICTURE_START)));
    alone.render(&silence, None, &[BLOCK], &[]);
    picture(&screen, &alone, SIZE, 1.0, "no-walla.png");

    let mut walla = bundle.create_with_window(PREMIX_WALLA);
    assert!(walla.activate(f64::from(RATE), BLOCK as u32));
    let shown = Shown::open(&screen, &walla, 360, 176, 1.0);
    assert!(shown.is_drawn());
    for block in scene.1[0].chunks_exact(BLOCK).take(200) {
        walla.render(&vec![block.to_vec(); 2], None, &[BLOCK], &[]);
        sleep(Duration::from_secs_f64(BLOCK as f64 / f64::from(RATE)));
    }
    shown.save(&folder().join("walla.png"));
}
