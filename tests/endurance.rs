//! A feature film through the bundled plugin: constant memory, exact length, the same bits to the end.
//! `cargo xtask bundle` comes first; development bundles abort where `process` allocates.
#![cfg(target_os = "linux")]

mod support;

use premix::engine::BounceBus;
use support::clap_host::{self, ClapBundle, PREMIX};
use support::signals::{normalised, scaled};
use support::{amplitude, noises, speech};

/// Hz.
const RATE: usize = 48_000;
const BLOCK: usize = 1_000;
const MINUTE: usize = 60 * RATE;
const MINUTES: usize = 120;
/// The layout "Mono with walla".
const MONO_WITH_WALLA: u32 = 1;

/// Under the ceiling.
const CLICK: f32 = 0.25;

/// Resident memory of this process in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A minute of a film: speech that is 6 dB over the ceiling, a pause, quiet speech, silence; a crowd for
/// half of it; the last sample is a click. The limiter has long come to rest when the next one begins.
fn scene() -> (Vec<f32>, Vec<f32>) {
    let speech = normalised(&speech::speech(RATE as u32), amplitude(0.0));
    let mut dialogue = vec![0.0; MINUTE];
    for (from, gain_db) in [(2 * RATE, 0.0), (30 * RATE, -30.0)] {
        let length = speech.len().min(20 * RATE);
        dialogue[from..from + length].copy_from_slice(&scaled(&speech[..length], amplitude(gain_db)));
    }
    dialogue[MINUTE - 1] = CLICK;
    let mut walla = noises(31, 1, 30 * RATE, 0.2).remove(0);
    walla.resize(MINUTE, 0.0);
    (dialogue, walla)
}

#[test]
fn two_hours_in_constant_memory() {
    let (mut dialogue, mut walla) = scene();
    let mut bus = BounceBus::prepare(RATE as u32, 1, BLOCK).unwrap();
    let mut plugin = ClapBundle::load().create(PREMIX);
    assert!(plugin.set_offline(true) && plugin.select(MONO_WITH_WALLA));
    assert!(plugin.activate(RATE as f64, BLOCK as u32));

    let (mut rendered, mut expected) = (vec![f32::NAN; BLOCK], vec![0.0; BLOCK]);
    // Written now, so that it counts as resident from the start.
    let mut second_minute = vec![f32::NAN; MINUTE];
    let mut resident_after_a_minute = 0;
    for minute in 0..MINUTES {
        for start in (0..MINUTE).step_by(BLOCK) {
            let end = start + BLOCK;
            let inputs = [&mut dialogue, &mut walla]
                .map(|stem| clap_host::channels(std::slice::from_mut(stem), start));
            let output = [clap_host::channels(std::slice::from_mut(&mut rendered), 0)];
            plugin.process_raw(&inputs, &output, BLOCK);
            bus.process(&[&dialogue[start..end]], Some(&[&walla[start..end]]), &mut [&mut expected]);
            assert!(rendered == expected, "minute {minute}, sample {start}");
            // Every minute is the same, so drift would show.
            match minute {
                0 => {}
                1 => second_minute[start..end].copy_from_slice(&rendered),
                _ => assert!(rendered == second_minute[start..end], "minute {minute}, sample {start}"),
            }
        }
        if minute == 0 {
            resident_after_a_minute = resident_kib();
        }
    }
    let resident = resident_kib();
    println!("resident: {resident_after_a_minute} KiB, after {MINUTES} minutes {resident} KiB");
    assert!(resident <= resident_after_a_minute + 1024);
    // The last sample of the two hours comes out in its place.
    let latency = plugin.latency() as usize;
    let output = [clap_host::channels(std::slice::from_mut(&mut rendered), 0)];
    plugin.process_raw(&[], &output, BLOCK);
    assert_eq!(rendered[latency - 1], CLICK);
    assert!(rendered[latency..].iter().all(|&sample| sample == 0.0));
    // The limiter has worked.
    assert!(bus.measurement().mix.reduction.deepest_db < -5.0);
    assert!(bus.measurement().mix.reduction.limited_samples > 0);
}
