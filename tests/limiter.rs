//! The limiter's promises, read by meters that share nothing with it.

mod support;

use premix::engine::kernel::Kernel;
use premix::engine::true_peak::TruePeakMeter;
use premix::engine::{BounceBus, Release, Settings, click_delay_samples, latency_samples};
use support::oracle::{true_peak_64x, true_peak_annex_2, true_peak_ebur128};
use support::signals::*;
use support::{amplitude, db, limit, limit_in_blocks, quantised, speech};

#[cfg(debug_assertions)]
#[global_allocator]
static ALLOCATOR: nice_assert_no_alloc::AllocDisabler = nice_assert_no_alloc::AllocDisabler;

/// At 48 kHz.
const LATENCY: usize = 80;
/// What a reading may be over the ceiling: by 64x interpolation for what a premix holds, ...
const TRUTH_TOLERANCE_DB: f64 = 0.005;
/// ... for sweeps, multitones and gates up to 0.4375 of the rate, ...
const WIDE_TRUTH_TOLERANCE_DB: f64 = 0.02;
/// ... and by the Annex-2 meter, always.
const ANNEX_2_TOLERANCE_DB: f64 = 0.0;

const RATES: [u32; 5] = [44_100, 48_000, 88_200, 96_000, 192_000];
const CEILINGS_TENTHS: [i32; 3] = [-10, -60, -120];

/// Over the ceiling in dB, by the 64x truth and by the Annex-2 table, of the limited signal as a 24-bit
/// file holds it.
fn over(signal: &[f32], sample_rate: u32, ceiling_tenths: i32) -> (f64, f64) {
    let output = quantised(&limit(signal, sample_rate, ceiling_tenths));
    let ceiling_db = f64::from(ceiling_tenths) / 10.0;
    let truth = db(true_peak_64x(&output, amplitude(ceiling_db))) - ceiling_db;
    (truth, db(true_peak_annex_2(&output)) - ceiling_db)
}

fn assert_under(name: &str, signal: &[f32], sample_rate: u32, ceiling_tenths: i32, tolerance_db: f64) {
    let (truth, annex_2) = over(signal, sample_rate, ceiling_tenths);
    println!(
        "{name} at {sample_rate} Hz, ceiling {ceiling_tenths}: {truth:+.4} dB, Annex 2 {annex_2:+.4} dB"
    );
    assert!(truth <= tolerance_db, "{name} at {sample_rate} Hz: {truth:+.4} dB over by 64x");
    assert!(annex_2 <= ANNEX_2_TOLERANCE_DB, "{name} at {sample_rate} Hz: {annex_2:+.4} dB over by Annex 2");
    // A limiter that mutes would pass the above: the peak must also reach the ceiling.
    assert!(truth > -1.0, "{name} at {sample_rate} Hz: {truth:+.4} dB, turned down too far");
}

/// The signal with its highest sample this far over the ceiling.
fn raised(signal: &[f32], ceiling_tenths: i32, over_db: f64) -> Vec<f32> {
    normalised(signal, amplitude(f64::from(ceiling_tenths) / 10.0 + over_db))
}

#[test]
fn speech_at_48_khz_stays_under_every_ceiling() {
    let clips = speech::clips(48_000);
    let seconds = clips.iter().map(Vec::len).sum::<usize>() as f64 / 48_000.0;
    println!("{seconds:.1} s of speech in {} clips", clips.len());
    assert!(seconds > 60.0);
    for ceiling in CEILINGS_TENTHS {
        for over_db in [3.0, 6.0, 12.0] {
            let signal = raised(&clips.concat(), ceiling, over_db);
            assert_under(&format!("speech +{over_db}"), &signal, 48_000, ceiling, TRUTH_TOLERANCE_DB);
        }
    }
}

#[test]
fn speech_at_other_rates_stays_under_the_ceiling() {
    for rate in RATES.into_iter().filter(|&rate| rate != 48_000) {
        let speech: Vec<f32> = speech::clips(rate).into_iter().step_by(3).flatten().collect();
        for (ceiling, over_db) in [(-10, 6.0), (-60, 3.0), (-60, 12.0), (-120, 6.0)] {
            let signal = raised(&speech, ceiling, over_db);
            assert_under(&format!("speech +{over_db}"), &signal, rate, ceiling, TRUTH_TOLERANCE_DB);
        }
    }
}

#[test]
fn speech_is_not_over_by_other_meters() {
    let signal = raised(&speech::speech(48_000), -60, 6.0);
    let output = quantised(&limit(&signal, 48_000, -60));
    let reading = db(true_peak_ebur128(&output, 48_000));
    println!("ebur128 reads {reading:.4} dBTP");
    assert!(reading <= -6.0);
    let reading = ffmpeg_true_peak(&output);
    println!("ffmpeg reads {reading:.1} dBTP");
    assert!(reading <= -6.0);
}

/// What `docs/limiter.md` says of the `ebur128` crate's meter, which over-reads high frequencies: dB over
/// on synthetic signals, at most.
#[test]
fn overs_of_the_ebur128_meter_are_as_documented() {
    let mut worst = (f64::MIN, String::new());
    for (name, signal) in synthetic() {
        let output = quantised(&limit(&raised(&signal, -60, 6.0), 48_000, -60));
        let over = db(true_peak_ebur128(&output, 48_000)) + 6.0;
        if over > worst.0 {
            worst = (over, name);
        }
    }
    println!("ebur128 reads {:+.3} dB over at worst: {}", worst.0, worst.1);
    assert!(worst.0 < 0.15);
}

/// The true peak that ffmpeg's `ebur128` filter prints, with its one decimal.
fn ffmpeg_true_peak(samples: &[f32]) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("limited.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    samples.iter().for_each(|&x| writer.write_sample(x).unwrap());
    writer.finalize().unwrap();
    let output = std::process::Command::new("ffmpeg")
        .args(["-hide_banner", "-nostats", "-i"])
        .arg(&path)
        .args(["-af", "ebur128=peak=true", "-f", "null", "-"])
        .output()
        .expect("ffmpeg is missing: run `cargo xtask setup`");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().rev().find(|line| line.trim().starts_with("Peak:")).expect("a peak");
    line.trim().trim_start_matches("Peak:").trim().trim_end_matches("dBFS").trim().parse().unwrap()
}

/// What holds at every rate: signals as shares of the sample rate.
fn synthetic() -> Vec<(String, Vec<f32>)> {
    let mut random = Random::new(1);
    let mut signals = Vec::new();
    for frequency in [0.0021, 0.0208, 0.083, 0.1, 0.125, 0.1667, 0.2, 0.25, 0.3, 0.333, 0.37, 0.4, 0.42] {
        let tone = faded(sine(frequency, 1.0, random.unit(), 24_000), 2400);
        signals.push((format!("tone {frequency}"), tone));
    }
    for (low, high) in [(0.00125, 0.146), (0.02, 0.021), (0.3, 0.31), (0.1, 0.4), (0.395, 0.41)] {
        let low = sine(low, 0.5, random.unit(), 24_000);
        let high = sine(high, 0.5, random.unit(), 24_000);
        signals.push(("two-tone".into(), faded(sum(&low, &high), 2400)));
    }
    let clipped: Vec<f32> = noise(2, 24_000).iter().map(|x| (4.0 * x).clamp(-1.0, 1.0)).collect();
    signals.push(("clipped noise".into(), band_limited(&faded(clipped, 2400), 0.42)));
    let clipped: Vec<f32> = sine(0.0093, 6.0, 0.1, 24_000).iter().map(|x| x.clamp(-1.0, 1.0)).collect();
    signals.push(("clipped tone".into(), band_limited(&faded(clipped, 2400), 0.42)));
    let mut hits = vec![0.0; 24_000];
    for hit in 0..8 {
        let frequency = 0.0008 * f64::from(hit + 1);
        for n in 0..2500 {
            let envelope = (-(n as f64) / 500.0).exp() * (n as f64 / 12.0).min(1.0);
            hits[3000 * hit as usize + n] =
                (envelope * (std::f64::consts::TAU * frequency * n as f64).sin()) as f32;
        }
    }
    signals.push(("low-frequency hits".into(), band_limited(&hits, 0.42)));
    let mut impulses = vec![0.0; 24_000];
    for n in 0..20 {
        let position = 600.0 + 1150.0 * f64::from(n) + random.unit();
        impulses = sum(&impulses, &impulse(position, random.bipolar(), 0.42, 24_000));
    }
    signals.push(("impulses between samples".into(), impulses));
    let mut bursts = noise(3, 24_000);
    for (n, x) in bursts.iter_mut().enumerate() {
        let gate = if n / 1500 % 2 == 0 { 1.0 } else { 0.01 };
        *x *= gate * ((n / 3000) as f32 + 1.0);
    }
    signals.push(("noise bursts".into(), band_limited(&faded(bursts, 2400), 0.42)));
    for case in 15..=23 {
        signals.push((format!("EBU 3341 case {case}"), ebu_3341_true_peak(case)));
    }
    signals
}

#[test]
fn synthetic_signals_stay_under_every_ceiling() {
    for (name, signal) in synthetic() {
        for ceiling in CEILINGS_TENTHS {
            for over_db in [6.0, 12.0] {
                let signal = raised(&signal, ceiling, over_db);
                assert_under(&format!("{name} +{over_db}"), &signal, 48_000, ceiling, TRUTH_TOLERANCE_DB);
            }
        }
    }
}

#[test]
fn synthetic_signals_stay_under_at_every_rate() {
    for rate in RATES.into_iter().filter(|&rate| rate != 48_000) {
        for (name, signal) in synthetic().into_iter().step_by(2) {
            assert_under(&name, &raised(&signal, -60, 6.0), rate, -60, TRUTH_TOLERANCE_DB);
        }
    }
}

#[test]
fn sweeps_multitones_and_gates_stay_under() {
    let length = 48_000;
    // From 0.001 to 0.4375 of the rate.
    let sweep: Vec<f32> = (0..length)
        .map(|n| {
            let t = n as f64 / length as f64;
            let turns = 0.001 * length as f64 * t + 0.4365 * length as f64 * t * t / 2.0;
            (std::f64::consts::TAU * turns).sin() as f32
        })
        .collect();
    let mut random = Random::new(4);
    let mut multitone = vec![0.0; length];
    for tone in 1..=35 {
        multitone = sum(&multitone, &sine(0.0125 * f64::from(tone) - 0.0003, 1.0, random.unit(), length));
    }
    let mut signals = vec![("sweep", faded(sweep, 480)), ("multitone", faded(multitone, 2400))];
    for frequency in [0.02, 0.2, 0.41, 0.4375] {
        let gated: Vec<f32> = sine(frequency, 1.0, 0.2, length)
            .iter()
            .enumerate()
            .map(|(n, x)| if n / 2000 % 2 == 0 { *x } else { 0.0 })
            .collect();
        signals.push(("gated tone", band_limited(&gated, 0.4375)));
    }
    for (name, signal) in signals {
        for over_db in [3.0, 6.0, 12.0] {
            let signal = raised(&signal, -60, over_db);
            assert_under(&format!("{name} +{over_db}"), &signal, 48_000, -60, WIDE_TRUTH_TOLERANCE_DB);
        }
    }
}

#[test]
fn nothing_over_comes_back_bit_for_bit_after_the_latency() {
    assert_eq!(latency_samples(48_000), LATENCY);
    for rate in [8_000, 44_100, 48_000, 96_000, 192_000, 384_000] {
        // Every true peak of a signal under 0.4375 of the rate and 3 dB under the ceiling is under it.
        let signal = raised(&band_limited(&noise(5, 20_000), 0.42), -60, -3.0);
        let mut bus = BounceBus::prepare(rate, 1, 512).unwrap();
        let latency = bus.latency_samples();
        assert_eq!(latency, latency_samples(rate));
        let mut output = vec![0.0; signal.len()];
        bus.process(&[&signal[..]], None, &mut [&mut output]);
        assert!(output[..latency].iter().all(|&x| x == 0.0));
        assert_eq!(output[latency..], signal[..signal.len() - latency]);
    }
}

#[test]
fn latency_is_the_same_time_at_every_rate() {
    // 80 samples at 48 kHz are 1.667 ms.
    for (rate, samples) in [(44_100, 74), (88_200, 147), (96_000, 160), (176_400, 294), (192_000, 320)] {
        assert_eq!(latency_samples(rate), samples);
        assert_eq!(click_delay_samples(rate), Ok(samples));
    }
}

#[test]
fn every_block_size_and_kernel_gives_the_same_bits() {
    let mut random = Random::new(6);
    let mut signal = raised(&speech::clips(48_000)[0], -60, 9.0);
    signal[40_000] = f32::NAN;
    for rate in [48_000, 96_000] {
        let reference = limit_in_blocks(&signal, rate, Settings::default(), Some(Kernel::Baseline), || 512);
        assert_ne!(reference, signal);
        for kernel in Kernel::available() {
            for size in [1, 17, 64, 512, 4096, 0] {
                let next_block = || if size == 0 { random.length(1..=3000) } else { size };
                let output = limit_in_blocks(&signal, rate, Settings::default(), Some(kernel), next_block);
                assert!(same_bits(&output, &reference), "{kernel:?} in blocks of {size}");
            }
        }
    }
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[test]
fn flushing_denormals_changes_no_bit() {
    // Loud and very quiet at once: products fall far below the normal range.
    let mut signal = raised(&speech::clips(48_000)[1], -60, 12.0);
    for (n, x) in signal.iter_mut().enumerate() {
        *x *= [1.0, 1e-20, 1e-29, 1e10, 1e-33, 1e-39][n / 4000 % 6];
    }
    let kept = limit(&signal, 48_000, -60);
    let flushed = with_flush_to_zero(|| limit(&signal, 48_000, -60));
    assert!(same_bits(&kept, &flushed));
    assert!(kept.iter().all(|x| *x == 0.0 || x.is_normal()));
}

#[cfg(target_arch = "x86_64")]
fn with_flush_to_zero<T>(work: impl FnOnce() -> T) -> T {
    const FLUSH_AND_DENORMALS_ARE_ZERO: u32 = 0x8040;
    let mut before = 0u32;
    // SAFETY: only the control bits for denormals change, and they are put back.
    unsafe {
        std::arch::asm!("stmxcsr [{}]", in(reg) &mut before);
        let flushing = before | FLUSH_AND_DENORMALS_ARE_ZERO;
        std::arch::asm!("ldmxcsr [{}]", in(reg) &flushing);
    }
    let denormal = std::hint::black_box(f32::MIN_POSITIVE) * std::hint::black_box(0.5);
    assert_eq!(denormal, 0.0, "denormals are not flushed");
    let result = work();
    // SAFETY: as above.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &before) };
    result
}

#[cfg(not(target_arch = "x86_64"))]
fn with_flush_to_zero<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Level in dB of what is left of a signal without the given frequencies, relative to all of it. The
/// signal must hold whole periods of each.
fn residual_db(signal: &[f32], frequencies: &[f64]) -> f64 {
    let mut rest: Vec<f64> = signal.iter().map(|&x| f64::from(x)).collect();
    let energy = |signal: &[f64]| signal.iter().map(|x| x * x).sum::<f64>();
    let whole = energy(&rest);
    for &frequency in frequencies {
        let phase = |n: usize| std::f64::consts::TAU * frequency * n as f64;
        let scale = 2.0 / rest.len() as f64;
        let (cosine, sine) = rest.iter().enumerate().fold((0.0, 0.0), |(c, s), (n, x)| {
            (c + x * phase(n).cos() * scale, s + x * phase(n).sin() * scale)
        });
        for (n, x) in rest.iter_mut().enumerate() {
            *x -= cosine * phase(n).cos() + sine * phase(n).sin();
        }
    }
    10.0 * (energy(&rest) / whole).log10()
}

#[test]
fn limited_tones_stay_pure() {
    for hertz in [100.0, 1000.0] {
        let tone = raised(&sine(hertz / 48_000.0, 1.0, 0.0, 144_000), -60, 6.0);
        let output = limit(&tone, 48_000, -60);
        let thd_n = residual_db(&output[48_000..96_000], &[hertz / 48_000.0]);
        println!("THD+N at {hertz} Hz: {thd_n:.1} dB");
        assert!(thd_n < -140.0, "{hertz} Hz: {thd_n:.1} dB");
    }
}

#[test]
fn limited_tones_do_not_modulate_each_other() {
    // SMPTE RP 120: 60 Hz and 7 kHz, 4 to 1.
    let low = sine(60.0 / 48_000.0, 0.8, 0.0, 240_000);
    let high = sine(7000.0 / 48_000.0, 0.2, 0.0, 240_000);
    let output = limit(&raised(&sum(&low, &high), -60, 6.0), 48_000, -60);
    let steady = &output[144_000..192_000];
    let sidebands = residual_db(steady, &[60.0 / 48_000.0, 7000.0 / 48_000.0]);
    // Relative to the 7 kHz tone, which is 12.3 dB under both together.
    let intermodulation = sidebands + 10.0 * 17f64.log10();
    println!("SMPTE intermodulation: {intermodulation:.1} dB");
    assert!(intermodulation < -85.0, "{intermodulation:.1} dB");
}

#[test]
fn recovers_quickly_from_a_single_peak() {
    let mut signal = vec![0.01; 48_000];
    signal[10_000] = amplitude(6.0) as f32;
    let output = limit(&signal, 48_000, -60);
    assert!(db(f64::from(output[10_000]).abs()) <= -6.0);
    let recovered = f64::from(output[10_000 + 4800] / 0.01);
    assert!(db(recovered) > -1.0, "{:.2} dB after 100 ms", db(recovered));
    assert_eq!(output[47_000], 0.01, "a copy again");
}

#[test]
fn the_reduction_is_measured() {
    // A tone 6 dB over for a second of two: 6.02 dB (0.02 of them margin), a little more where the Annex-2
    // meter over-reads; half of the time.
    let mut tone = raised(&sine(0.02, 1.0, 0.0, 48_000), -60, 6.0);
    tone.resize(96_000, 0.0);
    let mut bus = BounceBus::prepare(48_000, 1, 512).unwrap();
    bus.set(Settings { release: Release::Milliseconds(5), ..Settings::default() });
    let mut output = vec![0.0; tone.len()];
    bus.process(&[&tone[..]], None, &mut [&mut output]);
    let measured = bus.measurement().mix.reduction;
    assert!((measured.deepest_db + 6.02).abs() < 0.05, "{}", measured.deepest_db);
    // Before it the lookahead, after it a hold of 12 ms and a release of 5 ms, four times over.
    assert!((48_000..50_000).contains(&measured.limited_samples), "{}", measured.limited_samples);
}

#[test]
fn a_set_release_takes_its_time() {
    // One 12 dB peak: what is left of the reduction after the time constant is 1/e of it.
    for milliseconds in [20u16, 100, 500] {
        let mut signal = vec![0.01; 96_000];
        signal[10_000] = amplitude(6.0) as f32;
        let settings = Settings { release: Release::Milliseconds(milliseconds), ..Settings::default() };
        let output = limit_in_blocks(&signal, 48_000, settings, None, || 333);
        let reduction = |after_samples: usize| 1.0 - f64::from(output[10_060 + after_samples] / 0.01);
        let remaining = reduction(48 * usize::from(milliseconds)) / reduction(0);
        assert!((remaining - (-1f64).exp()).abs() < 0.01, "{milliseconds} ms: {remaining}");
    }
}

#[test]
fn stereo_channels_get_one_gain() {
    let loud = raised(&speech::clips(48_000)[2], -60, 9.0);
    let quiet = vec![0.01; loud.len()];
    let mut bus = BounceBus::prepare(48_000, 2, 256).unwrap();
    let (mut left, mut right) = (vec![0.0; loud.len()], vec![0.0; loud.len()]);
    bus.process(&[&loud[..], &quiet], None, &mut [&mut left, &mut right]);
    let mono = limit(&loud, 48_000, -60);
    assert!(same_bits(&left[LATENCY..], &mono[..mono.len() - LATENCY]));
    let turned_down = (LATENCY..loud.len()).filter(|&n| right[n] < 0.009).collect::<Vec<_>>();
    assert!(!turned_down.is_empty());
    for n in turned_down {
        let expected = f64::from(right[n]) / 0.01 * f64::from(loud[n - LATENCY]);
        assert!((f64::from(left[n]) - expected).abs() < 1e-6);
    }
}

#[test]
fn walla_is_added_at_its_gain() {
    let dialogue = scaled(&speech::clips(48_000)[0], 0.1);
    let walla = scaled(&speech::clips(48_000)[4], 0.1);
    let length = dialogue.len().min(walla.len());
    for (tenths, gain) in [(-100, 0.316_227_766_016_837_94), (0, 1.0), (-240, 0.063_095_734_448_019_33)] {
        let mut bus = BounceBus::prepare(48_000, 1, 256).unwrap();
        bus.set(Settings { walla_gain_tenths_db: tenths, ..Settings::default() });
        let mut output = vec![0.0; length];
        bus.process(&[&dialogue[..length]], Some(&[&walla[..length]]), &mut [&mut output]);
        for n in LATENCY..length {
            let expected = (f64::from(dialogue[n - LATENCY]) + f64::from(walla[n - LATENCY]) * gain) as f32;
            let expected = if expected.abs() < 1e-30 { 0.0 } else { expected };
            assert_eq!(output[n], expected);
        }
    }
}

/// Both channels of the bus while `Mono` goes on and off at these samples, in random blocks.
fn switched(dialogue: [&[f32]; 2], walla: [&[f32]; 2], switches: &[usize], seed: u64) -> [Vec<f32>; 2] {
    let mut random = Random::new(seed);
    let mut bus = BounceBus::prepare(48_000, 2, 512).unwrap();
    let mut output = dialogue.map(|channel| vec![f32::NAN; channel.len()]);
    let mut start = 0;
    for (count, &end) in switches.iter().chain([&dialogue[0].len()]).enumerate() {
        bus.set(Settings { mono: count % 2 == 1, ..Settings::default() });
        while start < end {
            let block = start..(start + random.length(1..=700)).min(end);
            let [dialogue, walla] = [dialogue, walla].map(|input| input.map(|x| &x[block.clone()]));
            let [left, right] = &mut output;
            let mut out = [&mut left[block.clone()], &mut right[block.clone()]];
            nice_assert_no_alloc::assert_no_alloc(|| bus.process(&dialogue, Some(&walla), &mut out));
            start = block.end;
        }
    }
    output
}

#[test]
fn switching_mono_does_not_click() {
    const LENGTH: usize = 12_000;
    // Constant, so that every step of the output is the switch's. From 0.4 and -0.3 to their average.
    let constant = |value: f32| vec![value; LENGTH];
    let (left, right, silence) = (constant(0.4), constant(-0.3), constant(0.0));
    // On, off, on; then off and, before that is done, on again.
    let switches = [2_000, 4_000, 6_000, 8_000, 8_400];
    let output = switched([&left, &right], [&silence, &silence], &switches, 1);
    let fold = ((f64::from(0.4f32) + f64::from(-0.3f32)) / 2.0) as f32;
    for (channel, own) in output.iter().zip([0.4, -0.3]) {
        // 20 ms in a straight line, a rounding more.
        let steepest = (own - fold).abs() / 960.0 + 1e-7;
        for n in LATENCY + 1..LENGTH {
            let step = (channel[n] - channel[n - 1]).abs();
            assert!(step <= steepest, "a step of {step} at {n}");
        }
        for (settled, value) in [
            (LATENCY..2_000 + LATENCY, own),
            (2_959 + LATENCY..4_000 + LATENCY, fold),
            (4_959 + LATENCY..6_000 + LATENCY, own),
            (6_959 + LATENCY..8_000 + LATENCY, fold),
            (9_359 + LATENCY..LENGTH, fold),
        ] {
            assert!(channel[settled.clone()].iter().all(|&x| x == value), "{settled:?} is not exact");
        }
    }
}

#[test]
fn switching_mono_lets_nothing_through_in_any_blocks() {
    let clips = speech::clips(48_000);
    let (left, right) = (raised(&clips[2], -60, 9.0), raised(&clips[6], -60, 9.0));
    let length = left.len().min(right.len()).min(48_000);
    let (left, right) = (&left[..length], &right[..length]);
    let switches: Vec<usize> = (1..length / 1_500).map(|n| n * 1_500).collect();
    let output = switched([left, right], [right, left], &switches, 2);
    for channel in &output {
        assert!(db(true_peak_64x(&quantised(channel), amplitude(-6.0))) <= -6.0 + TRUTH_TOLERANCE_DB);
        assert!(db(true_peak_annex_2(&quantised(channel))) <= -6.0 + ANNEX_2_TOLERANCE_DB);
    }
    for seed in 3..6 {
        let other = switched([left, right], [right, left], &switches, seed);
        assert!(same_bits(&other[0], &output[0]) && same_bits(&other[1], &output[1]));
    }
}

#[test]
fn survives_and_limits_anything() {
    let mut random = Random::new(7);
    let mut hostile: Vec<(&str, Vec<f32>)> = vec![
        ("NaN", vec![f32::NAN; 5000]),
        ("infinity", vec![f32::INFINITY; 5000]),
        ("1e6", vec![1e6; 5000]),
        ("alternating 1e6", (0..5000).map(|n| if n % 2 == 0 { 1e6 } else { -1e6 }).collect()),
        ("1e30", vec![1e30; 5000]),
        ("largest", vec![f32::MAX; 5000]),
        ("denormals", vec![1e-40; 5000]),
        ("constant", vec![0.9; 5000]),
        ("silence", vec![0.0; 5000]),
        ("first sample", std::iter::once(1.0).chain(vec![0.0; 4999]).collect()),
        ("last sample", vec![0.0; 4999].into_iter().chain([1.0]).collect()),
    ];
    let choices = [f32::NAN, f32::NEG_INFINITY, 1e6, -1e17, 1e30, 1e-40, 0.7, -0.7, 0.0, -0.0];
    hostile.push(("mixture", (0..20_000).map(|_| choices[random.length(0..=9)]).collect()));
    let good = raised(&speech::clips(48_000)[0], -60, 6.0);
    for (name, signal) in hostile {
        for rate in [8_000, 48_000, 384_000] {
            let mut bus = BounceBus::prepare(rate, 2, 100).unwrap();
            let settings = Settings::default();
            let latency = bus.latency_samples();
            let mut input = signal.clone();
            input.resize(signal.len() + latency, 0.0);
            let (mut left, mut right) = (vec![0.0; input.len()], vec![0.0; input.len()]);
            bus.process(&[&input[..], &input], Some(&[&input[..]]), &mut [&mut left, &mut right]);
            for x in left.iter().chain(&right) {
                assert!(x.is_finite() && f64::from(x.abs()) <= amplitude(-6.0), "{name}: {x}");
            }
            nice_assert_no_alloc::assert_no_alloc(|| bus.reset());
            let mut fresh = BounceBus::prepare(rate, 2, 100).unwrap();
            fresh.set(settings);
            let mut outputs = [(); 2].map(|()| vec![0.0; good.len()]);
            let [after, new] = &mut outputs;
            let mut unused = vec![0.0; good.len()];
            bus.process(&[&good[..], &good], None, &mut [after, &mut unused]);
            fresh.process(&[&good[..], &good], None, &mut [new, &mut unused]);
            assert!(same_bits(after, new), "{name}: not as good as new after reset");
            let (after, new) = (bus.measurement(), fresh.measurement());
            assert_eq!((&after.programme, &after.mix), (&new.programme, &new.mix));
        }
    }
}

#[test]
fn what_is_no_sound_is_counted() {
    let mut signal = vec![0.1f32; 1000];
    signal[3] = f32::NAN;
    signal[500] = f32::INFINITY;
    signal[501] = 1e30;
    let mut bus = BounceBus::prepare(48_000, 1, 64).unwrap();
    let mut output = vec![0.0; 1000];
    bus.process(&[&signal[..]], Some(&[&signal[..]]), &mut [&mut output]);
    assert_eq!(bus.measurement().programme.invalid_samples, 6);
    assert_eq!(output[LATENCY + 3], 0.0);
}

#[test]
fn a_moving_ceiling_lets_nothing_through() {
    // Each sample is under the ceiling that held when it came in, with the two after it.
    let mut random = Random::new(8);
    let signal = raised(&speech::clips(48_000)[3], -60, 12.0);
    let mut bus = BounceBus::prepare(48_000, 1, 4096).unwrap();
    let mut output = Vec::new();
    let mut ceilings = vec![0.0f64; LATENCY];
    let mut start = 0;
    while start < signal.len() {
        let end = (start + random.length(1..=2000)).min(signal.len());
        let tenths = -(random.length(0..=240) as i32);
        bus.set(Settings { ceiling_tenths_dbtp: tenths, ..Settings::default() });
        let mut block = vec![0.0; end - start];
        bus.process(&[&signal[start..end]], None, &mut [&mut block]);
        output.extend(block);
        ceilings.extend(vec![amplitude(f64::from(tenths) / 10.0); end - start]);
        start = end;
    }
    for (n, x) in output.iter().enumerate() {
        // The detector speaks up to 40 samples after a sample came in.
        let highest = ceilings[n..(n + 41).min(output.len())].iter().fold(0.0f64, |a, &b| a.max(b));
        assert!(f64::from(x.abs()) <= highest * 1.000_001, "sample {n}");
    }
}

#[test]
fn refuses_what_it_cannot_run_at() {
    for rate in [0, 7_999, 384_001] {
        let error = BounceBus::prepare(rate, 1, 64).err().unwrap();
        assert!(error.to_string().contains(&rate.to_string()));
    }
    for channels in [0, 3, 6] {
        assert!(BounceBus::prepare(48_000, channels, 64).is_err());
    }
    for (rate, channels, block) in [(8_000, 1, 0), (384_000, 2, 1)] {
        let mut bus = BounceBus::prepare(rate, channels, block).unwrap();
        let mut output = [0.0f32; 7];
        bus.process::<f32>(&[], None, &mut [&mut output]);
        bus.process(&[&[0.5f32; 3][..]], None, &mut [&mut output, &mut [0.0; 9]]);
        bus.process::<f32>(&[&[]], Some(&[]), &mut []);
    }
}

#[test]
fn the_meter_reads_ebu_3341_cases_15_to_23() {
    for case in 15..=23 {
        let expected = match case {
            15..=18 => -6.0,
            19 => 3.0,
            _ => 0.0,
        };
        let signal = ebu_3341_true_peak(case);
        for size in [1usize, 100, 5000] {
            let mut meter = TruePeakMeter::new(1, size, None);
            meter.process(&[&signal[..]]);
            meter.finish();
            for (name, peak) in [("precise", meter.precise()), ("Annex 2", meter.annex_2())] {
                let error = db(f64::from(peak.amplitude)) - expected;
                assert!((-0.4..=0.2).contains(&error), "case {case}, {name}: {error:+.3} dB");
            }
        }
    }
}

#[test]
fn the_meter_reads_what_the_oracles_read_and_where() {
    let speech = speech::clips(48_000)[5].clone();
    let mut signals = vec![("speech".to_string(), speech)];
    signals.extend(synthetic());
    for (name, signal) in signals {
        let mut meter = TruePeakMeter::new(1, 1000, None);
        meter.process(&[&signal[..]]);
        meter.finish();
        let truth = db(true_peak_64x(&signal, 0.0));
        let precise = db(f64::from(meter.precise().amplitude));
        assert!((precise - truth).abs() < 0.02, "{name}: {precise:.4}, truth {truth:.4}");
        let annex_2 = db(f64::from(meter.annex_2().amplitude));
        assert!((annex_2 - db(true_peak_annex_2(&signal))).abs() < 1e-4, "{name}: {annex_2:.4}");
    }
    // At the very end: two samples of 0.5 peak at 2 / pi between them (two sincs), which a meter that is
    // not flushed cannot see.
    let mut pair = vec![0.0f32; 1000];
    pair[998] = 0.5;
    pair[999] = 0.5;
    let mut meter = TruePeakMeter::new(1, 64, None);
    meter.process(&[&pair[..]]);
    meter.finish();
    assert!((f64::from(meter.precise().amplitude) - std::f64::consts::FRAC_2_PI).abs() < 0.01);
    assert_eq!(meter.precise().sample, 998);
}

/// What `docs/limiter.md` says of content above 0.4375 of the rate: dB over on the 64x truth, at most.
#[test]
fn overs_near_nyquist_are_as_documented() {
    let length = 24_000;
    let mut documented: Vec<(String, Vec<f32>, f64)> = Vec::new();
    for (frequency, at_most_db) in [(0.45, 0.0), (0.47, 0.0), (0.48, 0.0), (0.49, 0.1)] {
        let tone = faded(sine(frequency, 1.0, 0.0, length), 2400);
        documented.push((format!("tone at {frequency}"), tone, at_most_db));
    }
    documented.push(("white noise".into(), faded(noise(9, length), 2400), 1.4));
    let gated = |frequency: f64| -> Vec<f32> {
        let tone = sine(frequency, 1.0, 0.2, length);
        tone.iter().enumerate().map(|(n, x)| if n / 2000 % 2 == 0 { *x } else { 0.0 }).collect()
    };
    documented.push(("hard gate, tone at 0.02".into(), gated(0.02), 0.05));
    documented.push(("hard gate, tone at 0.2".into(), gated(0.2), 0.05));
    for (name, signal, at_most_db) in documented {
        for over_db in [3.0, 12.0] {
            let (truth, annex_2) = over(&raised(&signal, -60, over_db), 48_000, -60);
            println!("near Nyquist: {name} +{over_db}: {truth:+.4} dB, Annex 2 {annex_2:+.4} dB");
            assert!(truth <= at_most_db, "{name}: {truth:+.4} dB over by 64x");
            assert!(annex_2 <= ANNEX_2_TOLERANCE_DB, "{name}: {annex_2:+.4} dB over by Annex 2");
        }
    }
}
