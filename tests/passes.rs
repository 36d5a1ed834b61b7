//! Passes, bounces and Now: what the bus measures while a host plays, stops, jumps and loops.

mod support;

use premix::engine::measurement::{Measurement, Programme};
use premix::engine::{BounceBus, Listen, Settings, Transport};
use support::signals::{Random, faded, noise, scaled, sine, sum};
use support::{amplitude, noises};

#[cfg(debug_assertions)]
#[global_allocator]
static ALLOCATOR: nice_assert_no_alloc::AllocDisabler = nice_assert_no_alloc::AllocDisabler;

const RATE: u32 = 48_000;
const LATENCY: usize = 80;
/// The picture of these tests: two seconds, an hour into the session.
const START: i64 = 172_800_000;
const LENGTH: usize = 96_000;
const END: i64 = START + LENGTH as i64;

/// A host with a session on its time line: noise everywhere, and a click of its own at each whole second.
struct Host {
    bus: BounceBus,
    position: i64,
    blocks: Box<dyn FnMut() -> usize>,
    /// What it says of its position in each block, off by this.
    jitter: Box<dyn FnMut() -> i64>,
}

impl Host {
    fn new() -> Self {
        let mut bus = BounceBus::prepare(RATE, 1, 4096).unwrap();
        bus.set_picture(Some(START..END));
        Self { bus, position: 0, blocks: Box::new(|| 512), jitter: Box::new(|| 0) }
    }

    fn sample(position: i64) -> f32 {
        // A few LCG steps of the position: noise that is the same wherever playing begins.
        let hash = (position as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = (hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let noise = (hash >> 40) as f32 / (1 << 23) as f32 - 1.0;
        let click = if position.rem_euclid(48_000) == 24_000 { 0.9 } else { 0.0 };
        0.1 * noise + click
    }

    fn session(range: std::ops::Range<i64>) -> Vec<f32> {
        range.map(Self::sample).collect()
    }

    /// Processes `samples` with the transport `playing` or not, on from where it is.
    fn run(&mut self, playing: bool, samples: usize) -> Vec<f32> {
        let input = Self::session(self.position..self.position + samples as i64);
        let mut output = vec![0.0; samples];
        let mut done = 0;
        while done < samples {
            let end = (done + (self.blocks)()).min(samples);
            let position = Some(self.position + (self.jitter)());
            let (bus, block) = (&mut self.bus, &mut output[done..end]);
            nice_assert_no_alloc::assert_no_alloc(|| {
                bus.follow(Transport { playing, position });
                bus.process(&[&input[done..end]], None, &mut [block]);
            });
            if playing {
                self.position += (end - done) as i64;
            }
            done = end;
        }
        output
    }

    fn play(&mut self, from: i64, to: i64) -> Vec<f32> {
        self.position = from;
        self.run(true, (to - from) as usize)
    }

    fn stop(&mut self) {
        self.run(false, 2000);
    }

    fn now(&self) -> &Measurement {
        self.bus.measurement()
    }
}

/// What a bounce of the picture's sound alone measures, without any transport.
fn expected() -> Programme {
    let mut bus = BounceBus::prepare(RATE, 1, 4096).unwrap();
    let mut sound = Host::session(START..END);
    sound.resize(LENGTH + LATENCY, 0.0);
    let mut output = vec![0.0; sound.len()];
    bus.process(&[&sound[..]], None, &mut [&mut output]);
    bus.finish();
    bus.measurement().programme.clone()
}

/// The bounce equals the picture's sound measured alone. Its last few samples may not have come out.
fn assert_is_the_bounce(measurement: &Measurement) {
    assert_eq!(measurement.pass.covers_picture, Some(true));
    assert!(measurement.pass.finished);
    assert_eq!(measurement.pass.start, Some(START));
    let (got, expected) = (&measurement.programme, expected());
    assert!(((LENGTH - LATENCY) as u64..=LENGTH as u64).contains(&got.samples), "{}", got.samples);
    assert_eq!((got.precise, got.annex_2), (expected.precise, expected.annex_2));
    assert_eq!(got.precise.sample.abs_diff(24_000).min(got.precise.sample.abs_diff(72_000)), 0);
    assert_eq!(
        (&got.overs, &got.clipped, &got.drop_outs),
        (&expected.overs, &expected.clipped, &expected.drop_outs)
    );
    assert_eq!(got.loudness.max_momentary_lufs, expected.loudness.max_momentary_lufs);
    if got.samples == LENGTH as u64 {
        assert_eq!(*got, expected);
    }
}

#[test]
fn pre_roll_and_what_follows_the_picture_are_not_measured() {
    // A pre-roll of one sample cannot be told from a position that is rounded.
    for pre_roll in [0, 2, 63, 64, 65, 12_345] {
        for post_roll in [0, 1, 63, 64, 65, 10_000] {
            let mut host = Host::new();
            host.play(START - pre_roll, END + post_roll);
            assert!(!host.now().pass.finished && host.bus.bounce().is_none());
            assert_eq!(host.now().pass.covers_picture, None, "unknown until the end");
            host.stop();
            assert_is_the_bounce(host.bus.bounce().expect("a bounce"));
        }
    }
}

#[test]
fn a_pass_that_misses_a_sample_too_many_is_no_bounce() {
    // One sample is rounding, two are not.
    for (from, to, covers) in [
        (START + 2, END, false),
        (START + 1, END, true),
        (START, END - 2, false),
        (START, END - 1, true),
        (END, END + 1000, false),
        (START - 1000, START, false),
    ] {
        let mut host = Host::new();
        host.play(from, to);
        host.stop();
        assert_eq!(host.now().pass.covers_picture, Some(covers), "{from}..{to}");
        assert_eq!(host.bus.bounce().is_some(), covers);
    }
}

#[test]
fn a_stop_ends_the_pass_and_nothing_is_measured_while_stopped() {
    let mut host = Host::new();
    host.play(START, START + 50_000);
    host.stop();
    assert!(host.now().pass.finished);
    assert_eq!(host.now().pass.covers_picture, Some(false));
    let before = host.now().clone();
    assert_eq!(before.programme.samples, 50_000 - LATENCY as u64);
    host.stop();
    assert_eq!(*host.now(), before);
    // Played on from there it is another pass, and no bounce: a stop is a gap.
    host.play(START + 50_000, END + 200);
    host.stop();
    assert_eq!(host.now().pass.number, before.pass.number + 1);
    assert_eq!(host.now().pass.covers_picture, Some(false));
}

#[test]
fn each_turn_of_a_loop_is_a_pass() {
    let mut host = Host::new();
    host.play(START, START + 30_000);
    let first = host.now().pass.number;
    for turn in 1..4 {
        host.play(START, START + 30_000);
        let now = host.now();
        assert_eq!((now.pass.number, now.pass.start), (first + turn, Some(START)));
        assert_eq!(
            now.programme.samples,
            (30_000 - LATENCY as u64) / 480 * 480,
            "this turn alone, up to a step"
        );
    }
    // A loop around the picture is a bounce at each turn.
    host.play(START - 100, END + 200);
    host.play(START - 100, END + 200);
    assert_is_the_bounce(host.bus.bounce().expect("the first turn"));
    assert_eq!(host.bus.bounce().unwrap().pass.number, host.now().pass.number - 1);
}

#[test]
fn a_jump_is_a_gap_and_starts_the_limiter_clean() {
    let mut host = Host::new();
    host.play(START - 500, START + 40_000);
    let after_jump = host.play(START + 40_002, END + 200);
    host.stop();
    assert!(host.bus.bounce().is_none());
    assert_eq!(host.now().pass.covers_picture, Some(false));
    assert_eq!(host.now().pass.start, Some(START + 40_002));
    // Nothing from before the jump comes out after it.
    let mut clean = Host::new();
    assert!(clean.play(START + 40_002, END + 200) == after_jump);
    assert!(after_jump[..LATENCY].iter().all(|&x| x == 0.0));
}

#[test]
fn following_the_transport_never_changes_a_continuous_render() {
    let mut host = Host::new();
    let followed = host.play(START - 10_000, END + 10_000);
    let mut bus = BounceBus::prepare(RATE, 1, 4096).unwrap();
    let input = Host::session(START - 10_000..END + 10_000);
    let mut output = vec![0.0; input.len()];
    bus.process(&[&input[..]], None, &mut [&mut output]);
    assert!(followed.iter().zip(&output).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn a_bounce_has_the_same_bits_however_the_host_comes_to_it() {
    let sound = scaled(&noise(31, LENGTH), 0.9);
    let bounced = |before: usize, lead: usize| {
        let mut bus = BounceBus::prepare(RATE, 1, 4096).unwrap();
        bus.set_picture(Some(START..END));
        // What comes in while the host stands, silence after it, and up to the picture.
        let mut live = [scaled(&noise(32, before), 0.9), vec![0.0; 4 * before]].concat();
        bus.follow(Transport { playing: false, position: Some(12_345) });
        bus.process(&[&live.clone()[..]], None, &mut [&mut live]);
        bus.follow(Transport { playing: true, position: Some(START - lead as i64) });
        let input = [&vec![0.0; lead], &sound[..], &[0.0; LATENCY]].concat();
        let mut output = vec![0.0; input.len()];
        bus.process(&[&input[..]], None, &mut [&mut output]);
        output.split_off(lead + LATENCY)
    };
    let plain = bounced(0, 0);
    assert!(plain.iter().all(|x| x.abs() < 0.502) && plain[1000..] != sound[1000..]);
    for (before, lead) in [(0, 2), (0, 7), (0, 1792), (7777, 0), (10_000, 333)] {
        let output = bounced(before, lead);
        assert!(output.iter().zip(&plain).all(|(a, b)| a.to_bits() == b.to_bits()), "{before}, {lead}");
    }
}

#[test]
fn a_position_that_is_one_sample_off_is_no_jump() {
    for seed in 0..20 {
        // A host that reckons in seconds rounds down, or up.
        let side = if seed % 2 == 0 { 0 } else { -1 };
        let jittering = |seed| {
            let mut random = Random::new(seed);
            let mut host = Host::new();
            host.jitter = Box::new(move || side + random.length(0..=1) as i64);
            host
        };
        let mut host = jittering(seed);
        host.play(START - 700, END + 500);
        host.stop();
        let bounce = host.bus.bounce().expect("a bounce");
        assert_eq!((bounce.pass.number, bounce.pass.start), (1, Some(START)));
        // Played from the picture's start, the places in the file are exact too.
        let mut host = jittering(seed + 100);
        host.play(START, END);
        host.stop();
        assert_is_the_bounce(host.bus.bounce().expect("a bounce"));
    }
}

#[test]
fn playback_after_a_bounce_keeps_it() {
    let mut host = Host::new();
    host.play(START, END);
    host.stop();
    let bounce = host.bus.bounce().expect("a bounce").clone();
    // The same pass is also what was last.
    assert_eq!(*host.now(), bounce);
    for _ in 0..3 {
        host.play(START + 1000, START + 20_000);
        assert_ne!(host.now().pass.number, bounce.pass.number);
        host.stop();
        host.bus.reset();
        assert_eq!(*host.bus.bounce().unwrap(), bounce);
    }
    // The next bounce takes its place, once it is whole.
    host.play(START, END - 100);
    assert_eq!(*host.bus.bounce().unwrap(), bounce);
    host.play(START, END);
    assert_eq!(*host.bus.bounce().unwrap(), bounce);
    host.stop();
    assert!(host.bus.bounce().unwrap().pass.number > bounce.pass.number);
    assert_is_the_bounce(host.bus.bounce().unwrap());
    host.bus.forget();
    assert!(host.bus.bounce().is_none());
    assert_eq!(*host.now(), Measurement::default());
}

#[test]
fn a_real_time_bounce_in_odd_blocks_is_that_of_a_render() {
    for seed in 0..5 {
        let mut random = Random::new(seed);
        let mut host = Host::new();
        host.blocks = Box::new(move || random.length(1..=700));
        host.play(START - 3333, END + 3333);
        host.stop();
        assert_is_the_bounce(host.bus.bounce().expect("a bounce"));
    }
}

#[test]
fn the_end_of_the_host_ends_the_pass_once() {
    for end in [BounceBus::finish as fn(&mut BounceBus), BounceBus::reset] {
        let mut host = Host::new();
        host.play(START, END);
        nice_assert_no_alloc::assert_no_alloc(|| end(&mut host.bus));
        assert_is_the_bounce(host.bus.bounce().expect("a bounce"));
        let bounce = host.bus.bounce().unwrap().clone();
        end(&mut host.bus);
        host.bus.finish();
        assert_eq!(*host.bus.bounce().unwrap(), bounce);
    }
}

#[test]
fn without_a_transport_all_is_one_pass() {
    let mut bus = BounceBus::prepare(RATE, 1, 512).unwrap();
    bus.set_picture(Some(START..END));
    let mut sound = Host::session(START..END);
    sound.resize(LENGTH + LATENCY, 0.0);
    for piece in sound.chunks(777) {
        bus.process(&[piece], None, &mut [&mut vec![0.0; piece.len()]]);
        assert_eq!(bus.measurement().pass.number, 1);
    }
    bus.finish();
    let pass = bus.measurement().pass;
    assert_eq!((pass.number, pass.start, pass.finished, pass.covers_picture), (1, None, true, None));
    assert_eq!(bus.measurement().programme, expected());
    assert!(bus.bounce().is_none());
    // A transport without positions: from start to stop, coverage unknown.
    let mut output = vec![0.0; 1000];
    bus.follow(Transport { playing: false, position: None });
    bus.process(&[&sound[..1000]], None, &mut [&mut output]);
    assert_eq!(bus.measurement().pass.number, 1);
    bus.follow(Transport { playing: true, position: None });
    bus.process(&[&sound[..1000]], None, &mut [&mut output]);
    bus.follow(Transport { playing: false, position: None });
    assert_eq!((bus.measurement().pass.number, bus.measurement().pass.covers_picture), (2, None));
}

#[test]
fn without_a_picture_a_pass_is_measured_from_where_it_starts() {
    let mut host = Host::new();
    host.bus.set_picture(None);
    host.play(START, END);
    host.stop();
    assert_eq!((host.now().pass.start, host.now().pass.covers_picture), (Some(START), None));
    assert!(host.bus.bounce().is_none());
    // Another picture is another pass, from there on.
    host.play(START - 1000, START + 10_000);
    let before = host.now().pass.number;
    host.bus.set_picture(Some(START..END));
    host.run(true, LENGTH);
    host.stop();
    assert_eq!((host.now().pass.number, host.now().pass.covers_picture), (before + 1, Some(false)));
    // The same again is not.
    host.play(START - 1000, START + 10_000);
    let before = host.now().pass.number;
    host.bus.set_picture(Some(START..END));
    host.run(true, LENGTH);
    host.stop();
    assert_eq!((host.now().pass.number, host.now().pass.covers_picture), (before, Some(true)));
}

#[test]
fn bypass_during_a_pass_is_told() {
    let mut host = Host::new();
    host.play(START, START + 48_000);
    host.bus.set(Settings { bypass: true, ..Settings::default() });
    host.run(true, 9600);
    host.bus.set(Settings::default());
    host.run(true, LENGTH);
    host.stop();
    let bounce = host.bus.bounce().expect("covered all the same");
    // From the first sample of the change to the last of the change back: 20 ms, whose last step is there.
    assert_eq!(bounce.mix.unlimited_samples, 9600 + 960 - 1);
    assert_eq!(bounce.mix.highest_ceiling_tenths_dbtp, -60);
    // Bypassed throughout, overs come out, and nothing was caught.
    host.bus.reset();
    host.bus.set(Settings { bypass: true, ..Settings::default() });
    host.play(START, END + 200);
    host.stop();
    let bypassed = host.bus.bounce().unwrap();
    assert_eq!(bypassed.mix.unlimited_samples, LENGTH as u64);
    assert_eq!((bypassed.programme.overs.count, bypassed.mix.caught.count), (2, 0));
    assert_eq!(bypassed.mix.reduction, Default::default());
    let places: Vec<u64> = bypassed.programme.overs.worst.iter().map(|mark| mark.sample).collect();
    assert!(places[0].abs_diff(24_000) <= 1 && places[1].abs_diff(72_000) <= 1, "{places:?}");
}

#[test]
fn listening_during_a_pass_is_told_and_changes_no_measurement() {
    let mut host = Host::new();
    host.play(START, START + 48_000);
    host.bus.listen(Listen::Dialogue);
    host.run(true, 9600);
    host.bus.listen(Listen::Output);
    host.run(true, LENGTH);
    host.stop();
    let bounce = host.bus.bounce().expect("covered all the same").clone();
    assert_eq!(bounce.mix.unlimited_samples, 9600 + 960 - 1);
    assert_is_the_bounce(&bounce);
    // The start of playing, and a reset, bring the output back, at once.
    for listen in [Listen::Delta, Listen::Dialogue, Listen::Walla] {
        host.bus.listen(listen);
        host.stop();
        host.play(START, END + 200);
        host.stop();
        assert_eq!(host.bus.bounce().unwrap().mix.unlimited_samples, 0, "{listen:?}");
        host.bus.listen(listen);
        host.stop();
        host.bus.reset();
        host.play(START, END + 200);
        host.stop();
        assert_eq!(host.bus.bounce().unwrap().mix.unlimited_samples, 0, "{listen:?}");
    }
}

#[test]
fn overs_that_were_caught_have_their_place_and_height() {
    let mut host = Host::new();
    host.play(START - 20_000, END + 200);
    host.stop();
    let bounce = host.bus.bounce().unwrap();
    let caught = &bounce.mix.caught;
    assert_eq!(caught.count, 2, "{caught:?}");
    for (mark, second) in caught.worst.iter().zip([24_000, 72_000u64]) {
        assert!(mark.sample.abs_diff(second) <= 1, "{mark:?}");
        assert!((0.8..1.1).contains(&mark.level), "{mark:?}");
    }
    assert_eq!(bounce.programme.overs.count, 0);
    // The history shows the reduction in the tenths that hold them, and nowhere else.
    let limited: Vec<usize> = (bounce.programme.history.recent.iter().enumerate())
        .filter(|(_, bin)| bin.reduction_db < -1.0)
        .map(|(tenth, _)| tenth)
        .collect();
    // 24 000 is the first sample of the 6th tenth, and the gain comes down before it.
    assert_eq!(limited, [4, 5, 14, 15]);
    let deepest =
        bounce.programme.history.recent.iter().fold(0.0f32, |deepest, bin| deepest.min(bin.reduction_db));
    assert_eq!(deepest, bounce.mix.reduction.deepest_db as f32);
}

#[test]
fn what_happened_to_the_walla_is_told() {
    let length = 96_000;
    let walla = scaled(&noise(1, length), 0.05);
    let dialogue = sine(0.02, 0.25, 0.0, length);
    let run = |bus: &mut BounceBus, range: std::ops::Range<usize>| {
        let mut output = vec![0.0; range.len()];
        bus.process(&[&dialogue[range.clone()]], Some(&[&walla[range]]), &mut [&mut output]);
    };
    let mut bus = BounceBus::prepare(RATE, 1, 512).unwrap();
    run(&mut bus, 0..48_000);
    bus.set(Settings { walla_gain_tenths_db: -85, ceiling_tenths_dbtp: -30, ..Settings::default() });
    run(&mut bus, 48_000..60_000);
    bus.set(Settings { walla: false, ..Settings::default() });
    run(&mut bus, 60_000..96_000);
    bus.finish();
    let mix = &bus.measurement().mix;
    assert_eq!(mix.walla_gain_tenths_db, Some((-100, -85)));
    assert_eq!(mix.highest_ceiling_tenths_dbtp, -30);
    let zeros = walla[60_000..].iter().filter(|&&x| x == 0.0).count();
    assert_eq!(mix.lost_walla_samples, 36_000 - zeros as u64);
    // It sounded up to 20 ms after it was switched off.
    assert!(mix.walla.sounding_samples.abs_diff(60_960) < 10, "{}", mix.walla.sounding_samples);
    assert!(mix.dialogue.sounding_samples > 95_000);
    assert!(mix.separation.lowest_lu.unwrap() > 6.0);
}

#[test]
fn what_is_listened_to_is_aligned_with_the_output() {
    let length = 60_000;
    for channels in [1, 2] {
        let dialogue = noises(1, channels, length, 1.0);
        let walla = noises(2, channels, length, 0.5);
        let slices = |signal: &[Vec<f32>], range: std::ops::Range<usize>| -> Vec<Vec<f32>> {
            signal.iter().map(|channel| channel[range.clone()].to_vec()).collect()
        };
        let run = |listen: Option<Listen>| {
            let mut bus = BounceBus::prepare(RATE, channels, 512).unwrap();
            let mut output = vec![Vec::new(); channels];
            for from in (0..length).step_by(500) {
                if from == 20_000 {
                    listen.into_iter().for_each(|listen| bus.listen(listen));
                }
                if from == 40_000 {
                    bus.listen(Listen::Output);
                }
                let (dialogue, walla) =
                    (slices(&dialogue, from..from + 500), slices(&walla, from..from + 500));
                let dialogue: Vec<&[f32]> = dialogue.iter().map(|channel| &channel[..]).collect();
                let walla: Vec<&[f32]> = walla.iter().map(|channel| &channel[..]).collect();
                let mut block = vec![vec![0.0; 500]; channels];
                let mut blocks: Vec<&mut [f32]> = block.iter_mut().map(|channel| &mut channel[..]).collect();
                nice_assert_no_alloc::assert_no_alloc(|| bus.process(&dialogue, Some(&walla), &mut blocks));
                output.iter_mut().zip(block).for_each(|(all, block)| all.extend(block));
            }
            bus.finish();
            (output, bus.measurement().clone())
        };
        let (limited, measured) = run(None);
        for listen in [Listen::Delta, Listen::Dialogue, Listen::Walla] {
            let (heard, measured_while) = run(Some(listen));
            assert_eq!(measured_while.programme, measured.programme);
            for channel in 0..channels {
                let (dialogue, walla) = (&dialogue[channel], scaled(&walla[channel], amplitude(-10.0)));
                let all = sum(dialogue, &walla);
                for n in 0..length {
                    let out = limited[channel][n];
                    // Not where it fades.
                    if !(20_000..40_960).contains(&n) {
                        assert_eq!(heard[channel][n].to_bits(), out.to_bits(), "{n}");
                    } else if (20_960..40_000).contains(&n) {
                        let expected = match listen {
                            Listen::Dialogue => dialogue[n - LATENCY],
                            Listen::Walla => walla[n - LATENCY],
                            _ => all[n - LATENCY] - out,
                        };
                        assert!((heard[channel][n] - expected).abs() < 1e-6, "{listen:?}, {n}");
                    }
                }
            }
        }
    }
}

#[test]
fn changing_what_is_listened_to_does_not_click() {
    let length = 48_000;
    let dialogue = faded(sine(0.002, 0.4, 0.0, length), 480);
    let walla = faded(sine(0.003, 0.4, 0.3, length), 480);
    let mut bus = BounceBus::prepare(RATE, 1, 512).unwrap();
    let mut output = Vec::new();
    let order =
        [Listen::Dialogue, Listen::Walla, Listen::Output, Listen::Delta, Listen::Walla, Listen::Delta];
    for (from, listen) in (0..length).step_by(400).zip(order.iter().cycle()) {
        // In the midst of the fade before, too.
        bus.listen(*listen);
        let mut block = vec![0.0; 400];
        bus.process(&[&dialogue[from..from + 400]], Some(&[&walla[from..from + 400]]), &mut [&mut block]);
        output.extend(block);
    }
    // The steepest of the tones falls by 0.4 x 2 pi x 0.003 a sample; a fade of 20 ms adds 0.8 / 960 twice.
    let steepest = output.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
    assert!(steepest < 0.4 * 0.0189 + 4.0 * 0.8 / 960.0, "{steepest}");
}

#[test]
fn a_measurement_is_handed_on_without_allocation() {
    let mut host = Host::new();
    let mut copy = Measurement::with_room();
    host.play(START, END);
    nice_assert_no_alloc::assert_no_alloc(|| copy.clone_from(host.now()));
    assert_eq!(copy, *host.now());
    host.stop();
    nice_assert_no_alloc::assert_no_alloc(|| copy.clone_from(host.now()));
    assert_eq!(copy, *host.now());
    assert_eq!(host.now().clone(), copy);
}
