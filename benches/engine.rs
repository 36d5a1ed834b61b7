//! Speed of the bricks and of a minute's bounce through the engine, 48 kHz mono.
//!
//! `cargo bench` prints time per call; `cargo bench -- bounce` only the bounces. A minute is 2 880 000
//! samples. Speech comes from the corpus of `cargo xtask setup`.

#[path = "../tests/support/mod.rs"]
mod support;

use divan::{Bencher, black_box};
use premix::delivery::wav::quantise_24;
use premix::engine::faults::FaultMeter;
use premix::engine::interpolation::{GROUP_WINDOW, Interpolator};
use premix::engine::kernel::Kernel;
use premix::engine::loudness::ProgrammeLoudness;
use premix::engine::speech::SpeechMeter;
use premix::engine::true_peak::TruePeakMeter;
use premix::engine::{self, BounceBus, Measured, ProgrammeMeter, Settings};
use support::signals::{noise, normalised, scaled, sine};
use support::{amplitude, speech};

const RATE: usize = 48_000;
const MINUTE: usize = 60 * RATE;

fn main() {
    divan::main();
}

/// Programme of a minute, by what the limiter has to do.
#[derive(Clone, Copy, Debug)]
enum Programme {
    /// Speech 30 dB under the ceiling: nothing is even interpolated.
    Idle,
    /// Speech whose peaks are 3 dB over the ceiling.
    Speech,
    /// A 997 Hz tone 6 dB over the ceiling throughout.
    AlwaysLimiting,
}

impl Programme {
    const ALL: [Programme; 3] = [Programme::Idle, Programme::Speech, Programme::AlwaysLimiting];

    fn samples(self) -> Vec<f32> {
        let minute = |signal: Vec<f32>| signal.into_iter().cycle().take(MINUTE).collect::<Vec<_>>();
        match self {
            Programme::Idle => normalised(&minute(speech::speech(48_000)), amplitude(-36.0)),
            Programme::Speech => normalised(&minute(speech::speech(48_000)), amplitude(-3.0)),
            Programme::AlwaysLimiting => sine(997.0 / RATE as f64, amplitude(0.0), 0.0, MINUTE),
        }
    }
}

#[divan::bench(args = Programme::ALL, sample_count = 20)]
fn bounce_minute(bencher: Bencher, programme: Programme) {
    let input = programme.samples();
    let mut output = vec![0.0; MINUTE];
    let mut bus = BounceBus::prepare(48_000, 1, 4096).unwrap();
    bus.measure(Measured::Peaks);
    bencher.bench_local(|| {
        bus.reset();
        bus.process(&[&input[..]], None, &mut [&mut output]);
        black_box(bus.measurement().programme.precise)
    });
}

#[divan::bench(args = [1, 16, 64, 512, 8192], sample_count = 10)]
fn bounce_minute_of_speech_in_blocks(bencher: Bencher, block: usize) {
    let input = Programme::Speech.samples();
    let mut output = vec![0.0; MINUTE];
    let mut bus = BounceBus::prepare(48_000, 1, block).unwrap();
    bus.measure(Measured::Peaks);
    bencher.bench_local(|| {
        bus.reset();
        for (input, output) in input.chunks(block).zip(output.chunks_mut(block)) {
            bus.process(&[input], None, &mut [output]);
        }
    });
}

#[divan::bench(args = [44_100, 48_000, 96_000, 192_000], sample_count = 10)]
fn bounce_ten_seconds_always_limiting(bencher: Bencher, rate: u32) {
    let length = 10 * rate as usize;
    let input = sine(997.0 / f64::from(rate), amplitude(0.0), 0.0, length);
    let mut output = vec![0.0; length];
    let mut bus = BounceBus::prepare(rate, 1, 4096).unwrap();
    bus.set(Settings::default());
    bus.measure(Measured::Peaks);
    bencher.bench_local(|| {
        bus.reset();
        bus.process(&[&input[..]], None, &mut [&mut output]);
    });
}

/// What every bounce pays at least: finding the highest sample of a minute, and copying it.
#[divan::bench(sample_count = 20)]
fn scan_and_copy_minute(bencher: Bencher) {
    let input = Programme::Idle.samples();
    let mut output = vec![0.0f32; MINUTE];
    bencher.bench_local(|| {
        output.copy_from_slice(&input);
        output.iter().fold(0.0f32, |peak, x| if x.abs() > peak { x.abs() } else { peak })
    });
}

#[divan::bench(args = Kernel::available())]
fn interpolate_16_samples(bencher: Bencher, kernel: Kernel) {
    let interpolator = Interpolator::new(Some(kernel));
    let samples = noise(1, GROUP_WINDOW);
    let window: &[f32; GROUP_WINDOW] = samples.first_chunk().unwrap();
    bencher.bench_local(|| interpolator.read(black_box(window), Some(0.0)));
}

#[divan::bench(sample_count = 20)]
fn meter_minute_of_speech(bencher: Bencher) {
    let input = Programme::Speech.samples();
    let mut meter = TruePeakMeter::new(1, 4096, None);
    bencher.bench_local(|| {
        meter.reset();
        meter.process(&[&input[..]]);
        meter.precise()
    });
}

#[divan::bench(sample_count = 20)]
fn quantise_minute_to_24_bits(bencher: Bencher) {
    let input = scaled(&Programme::Speech.samples(), 0.7);
    let mut output = vec![0i32; MINUTE];
    bencher.bench_local(|| {
        for (output, &input) in output.iter_mut().zip(&input) {
            *output = quantise_24(input);
        }
    });
}

/// Each part of the measurement alone, in the steps in which it works; true peak: `meter_minute_of_speech`.
#[derive(Clone, Copy, Debug)]
enum Part {
    Loudness,
    Speech,
    Faults,
}

#[divan::bench(args = [Part::Loudness, Part::Speech, Part::Faults], sample_count = 10)]
fn measure_minute_of_speech_by(bencher: Bencher, part: Part) {
    let input = Programme::Speech.samples();
    let mut measured = engine::measurement::Programme::with_room();
    let mut loudness = ProgrammeLoudness::new(48_000);
    let mut speech = SpeechMeter::new(48_000);
    let mut faults = FaultMeter::new(48_000, 1);
    bencher.bench_local(|| {
        for step in input.chunks_exact(480) {
            match part {
                Part::Loudness => loudness.step(step, &mut measured.loudness),
                Part::Speech => speech.process(step, &mut measured.speech),
                Part::Faults => faults.process(0, step, 0, &mut measured.clipped, &mut measured.drop_outs),
            }
        }
    });
}

#[divan::bench(args = [Measured::Peaks, Measured::WithoutLoudness, Measured::All], sample_count = 10)]
fn check_minute_of_speech(bencher: Bencher, measured: Measured) {
    let input = Programme::Speech.samples();
    let mut meter = ProgrammeMeter::new(48_000, 1, -60);
    meter.measure(measured);
    bencher.bench_local(|| {
        meter.reset();
        meter.process(&[&input[..]]);
        meter.finish();
        meter.programme().precise
    });
}

/// A minute in the first hour and one in the fourth: constant cost.
#[divan::bench(args = [0, 180], sample_count = 10)]
fn check_a_minute_after_minutes(bencher: Bencher, minutes: usize) {
    let input = Programme::Speech.samples();
    let mut meter = ProgrammeMeter::new(48_000, 1, -60);
    for _ in 0..minutes {
        meter.process(&[&input[..]]);
    }
    bencher.bench_local(|| {
        meter.process(&[&input[..]]);
        meter.programme().samples
    });
}

/// The whole bus with dialogue and walla, all measured, in the blocks of a host.
#[divan::bench(args = [64, 512], sample_count = 10)]
fn bounce_minute_with_walla_in_blocks(bencher: Bencher, block: usize) {
    let input = Programme::Speech.samples();
    let walla = scaled(&noise(3, MINUTE), 0.05);
    let mut output = vec![0.0; MINUTE];
    let mut bus = BounceBus::prepare(48_000, 1, block).unwrap();
    bencher.bench_local(|| {
        bus.reset();
        let inputs = input.chunks(block).zip(walla.chunks(block));
        for ((input, walla), output) in inputs.zip(output.chunks_mut(block)) {
            bus.process(&[input], Some(&[walla]), &mut [output]);
        }
    });
}

/// What the window is given, and how often: a few dozen times a second.
#[divan::bench]
fn hand_on_a_full_measurement(bencher: Bencher) {
    let input = Programme::AlwaysLimiting.samples();
    let mut meter = ProgrammeMeter::new(48_000, 1, -60);
    for _ in 0..10 {
        meter.process(&[&input[..]]);
    }
    let mut copy = meter.programme().clone();
    bencher.bench_local(|| copy.clone_from(black_box(meter.programme())));
}
