//! What the tests share: signals, human speech, and readings that use none of our interpolators.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]

pub mod clap_host;
pub mod oracle;
#[cfg(all(feature = "plugin", target_os = "linux"))]
pub mod screen;
pub mod signals;
pub mod speech;
pub mod vst3_host;

use premix::engine::kernel::Kernel;
use premix::engine::{BounceBus, Settings};

/// The bus as a bounce: default settings but for the ceiling, latency removed, as long as the input.
pub fn limit(dialogue: &[f32], sample_rate: u32, ceiling_tenths_dbtp: i32) -> Vec<f32> {
    let settings = Settings { ceiling_tenths_dbtp, ..Settings::default() };
    limit_in_blocks(dialogue, sample_rate, settings, None, || 512)
}

/// The same in blocks whose lengths `next_block` gives, on a kernel.
pub fn limit_in_blocks(
    dialogue: &[f32],
    sample_rate: u32,
    settings: Settings,
    kernel: Option<Kernel>,
    mut next_block: impl FnMut() -> usize,
) -> Vec<f32> {
    let mut bus = BounceBus::prepare_with_kernel(sample_rate, 1, 8192, kernel).unwrap();
    bus.set(settings);
    let latency = bus.latency_samples();
    let mut input = dialogue.to_vec();
    input.resize(dialogue.len() + latency, 0.0);
    let mut output = vec![0.0; input.len()];
    let mut start = 0;
    while start < input.len() {
        let end = (start + next_block()).min(input.len());
        let (block, out) = (&input[start..end], &mut output[start..end]);
        nice_assert_no_alloc::assert_no_alloc(|| bus.process(&[block], None, &mut [out]));
        start = end;
    }
    output.split_off(latency)
}

pub fn db(amplitude: f64) -> f64 {
    20.0 * amplitude.log10()
}

pub fn amplitude(db: f64) -> f64 {
    10f64.powf(db / 20.0)
}

/// As a 24-bit file holds it: rounded to the nearest step, ties to even.
pub fn quantised(samples: &[f32]) -> Vec<f32> {
    let step = f64::from(1 << 23);
    samples.iter().map(|&x| ((f64::from(x) * step).round_ties_even() / step) as f32).collect()
}

/// A bundle that `cargo xtask bundle` made, in the profile that was bundled last.
pub fn bundle(name: &str) -> std::path::PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    // target/debug/deps/test
    let target = test.ancestors().nth(3).expect("tests run in cargo's target directory");
    let bundle = target.join("bundled").join(name);
    assert!(bundle.exists(), "{} is missing: run `cargo xtask bundle`", bundle.display());
    bundle
}

/// `channels` channels of white noise up to `peak`, unlike each other and those of other seeds.
pub fn noises(seed: u64, channels: usize, length: usize, peak: f32) -> Vec<Vec<f32>> {
    (0..channels as u64)
        .map(|channel| signals::scaled(&signals::noise(100 * seed + channel, length), f64::from(peak)))
        .collect()
}

/// Dialogue and walla loud enough that the limiter works all the time.
pub fn loud(channels: usize, length: usize) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    (noises(21, channels, length, 1.0), noises(22, channels, length, 1.0))
}

/// What the engine makes of dialogue and walla: the bits that the command line writes as 32-bit float, too.
pub fn by_engine(rate: f64, settings: Settings, dialogue: &[Vec<f32>], walla: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut bus = BounceBus::prepare(rate as u32, dialogue.len(), 777).unwrap();
    bus.set(settings);
    let dialogue: Vec<&[f32]> = dialogue.iter().map(Vec::as_slice).collect();
    let walla: Vec<&[f32]> = walla.iter().map(Vec::as_slice).collect();
    let mut output = vec![vec![0.0; dialogue[0].len()]; dialogue.len()];
    let mut channels: Vec<&mut [f32]> = output.iter_mut().map(Vec::as_mut_slice).collect();
    bus.process(&dialogue, Some(&walla), &mut channels);
    output
}
