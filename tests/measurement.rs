//! What the measurement says of speech, of faults, and of hours.

mod support;

use premix::engine::measurement::{History, Marks, Programme};
use premix::engine::{BounceBus, ProgrammeMeter, Settings};
use support::signals::{faded, noise, normalised, scaled, sine};
use support::{amplitude, limit, quantised, speech};

#[cfg(debug_assertions)]
#[global_allocator]
static ALLOCATOR: nice_assert_no_alloc::AllocDisabler = nice_assert_no_alloc::AllocDisabler;

const CEILING_TENTHS: i32 = -60;

fn measured(samples: &[f32], rate: u32) -> Programme {
    let mut meter = ProgrammeMeter::new(rate, 1, CEILING_TENTHS);
    nice_assert_no_alloc::assert_no_alloc(|| {
        samples.chunks(1000).for_each(|block| meter.process(&[block]));
        meter.finish();
    });
    meter.programme().clone()
}

#[test]
fn the_limiters_own_output_has_no_faults() {
    for rate in [44_100, 48_000, 96_000] {
        let mut signals = vec![("speech".to_string(), speech::speech(rate))];
        for hertz in
            [20.0, 31.5, 50.0, 100.0, 440.0, 997.0, 3000.0, f64::from(rate) / 6.0, f64::from(rate) / 4.0]
        {
            signals.push((format!("{hertz} Hz"), sine(hertz / f64::from(rate), 1.0, 0.1, 2 * rate as usize)));
        }
        for (name, signal) in signals {
            let input = normalised(&signal, amplitude(6.0));
            let output = quantised(&limit(&input, rate, CEILING_TENTHS));
            let programme = measured(&output, rate);
            assert_eq!((programme.clipped.count, programme.drop_outs.count), (0, 0), "{name}, {rate} Hz");
            assert_eq!(programme.overs.count, 0);
            // What went in is whole too.
            let input = measured(&quantised(&input), rate);
            assert_eq!((input.clipped.count, input.drop_outs.count), (0, 0), "{name} before, {rate} Hz");
            assert!(input.overs.count > 0);
        }
    }
}

/// A clipped recording, turned down in the session, then limited: its flat tops are gone from the output, but
/// the bus has seen them.
#[test]
fn a_clipped_recording_is_found_before_the_limiter() {
    let clips = speech::clips(48_000);
    let clean = scaled(&clips[1], 0.3);
    let recorded = normalised(&clips[2], amplitude(6.0));
    let clipped: Vec<f32> = quantised(&recorded.iter().map(|x| x.clamp(-1.0, 1.0)).collect::<Vec<_>>());
    let (from, to) = (clean.len() as u64, (clean.len() + clipped.len()) as u64);
    for gain_db in [0.0, -3.7, -12.0] {
        let input = [clean.clone(), scaled(&clipped, amplitude(gain_db)), clean.clone()].concat();
        // With walla beneath, whose sum with it has no flat tops.
        let walla = scaled(&noise(4, input.len()), 0.02);
        let mut bus = BounceBus::prepare(48_000, 1, 512).unwrap();
        let mut output = vec![0.0; input.len()];
        bus.process(&[&input[..]], Some(&[&walla]), &mut [&mut output]);
        bus.finish();
        let Marks { count, worst } = &bus.measurement().programme.clipped;
        assert!(*count > 0, "{gain_db} dB");
        let inside = |sample: u64| (from..to).contains(&sample);
        assert!(worst.iter().all(|mark| inside(mark.sample)), "{worst:?}");
        assert!(worst.iter().all(|mark| (f64::from(mark.level) - amplitude(gain_db)).abs() < 0.01));
    }
}

/// Bus and file are read by one reader: the numbers of a bounce are those of its file.
#[test]
fn a_bounce_and_its_file_have_the_same_numbers() {
    let input = normalised(&speech::clips(48_000)[3], amplitude(3.0));
    let mut bus = BounceBus::prepare(48_000, 1, 512).unwrap();
    let latency = bus.latency_samples();
    let mut output = vec![0.0; input.len() + latency];
    let padded = [input.clone(), vec![0.0; latency]].concat();
    bus.process(&[&padded[..]], None, &mut [&mut output]);
    bus.finish();
    let bounced = &bus.measurement().programme;
    let file = measured(&output[latency..], 48_000);
    assert_eq!(bounced.samples, input.len() as u64);
    assert_eq!((bounced.precise, bounced.annex_2), (file.precise, file.annex_2));
    assert_eq!((bounced.loudness, bounced.speech, &bounced.overs), (file.loudness, file.speech, &file.overs));
    assert_eq!((bounced.dc, bounced.sounding_samples), (file.dc, file.sounding_samples));
    for (bounced, file) in bounced.history.recent.iter().zip(&file.history.recent) {
        assert_eq!((bounced.true_peak, bounced.short_term_lufs), (file.true_peak, file.short_term_lufs));
    }
}

#[test]
fn speech_is_heard_as_speech_at_every_rate_and_noise_is_not() {
    for rate in [16_000, 22_050, 44_100, 48_000, 96_000] {
        // Fifteen seconds of talk, four of silence, the talk again.
        let clips: Vec<f32> = speech::clips(rate).concat();
        let talk = normalised(&clips[..15 * rate as usize], amplitude(-12.0));
        let scene = [talk.clone(), vec![0.0; 4 * rate as usize], talk.clone()].concat();
        let found = measured(&scene, rate).speech;
        let share = found.samples as f64 / (2 * talk.len()) as f64;
        assert!((0.6..=1.0).contains(&share), "{rate} Hz: {share}");
        let seconds = |samples: u64| samples as f64 / f64::from(rate);
        assert!((3.8..6.0).contains(&seconds(found.longest_pause_samples)), "{rate} Hz: {found:?}");
        assert!((13.0..15.2).contains(&seconds(found.longest_pause_start)), "{rate} Hz: {found:?}");
        let (first, end) = found.extent.unwrap();
        assert!(seconds(first) < 1.5 && (33.0..34.1).contains(&seconds(end)), "{rate} Hz: {found:?}");
        // The median lies within what was said.
        let loudness = measured(&talk, rate).loudness;
        let median = found.median_lufs.unwrap();
        assert!(median < loudness.max_momentary_lufs && median > loudness.integrated_lufs - 10.0);
        assert!((0.0..0.9).contains(&found.uneven_share));

        for (name, signal) in [
            ("noise", scaled(&noise(5, 10 * rate as usize), 0.05)),
            ("tone", faded(sine(997.0 / f64::from(rate), 0.1, 0.0, 10 * rate as usize), 480)),
            ("silence", vec![0.0; 10 * rate as usize]),
        ] {
            let found = measured(&signal, rate).speech;
            assert!(seconds(found.samples) < 1.0, "{name} at {rate} Hz: {found:?}");
            assert!(seconds(found.longest_pause_samples) > 8.9, "{name} at {rate} Hz: {found:?}");
        }
    }
}

/// A voice that is turned down by 12 dB for a third of the time is uneven for about a third of it.
#[test]
fn evenness_is_that_of_the_speech() {
    let talk = normalised(&speech::clips(48_000)[0], 0.25);
    let even = measured(&talk.repeat(9), 48_000).speech;
    let mut uneven = talk.repeat(9);
    let third = uneven.len() / 3;
    uneven[third..2 * third].iter_mut().for_each(|x| *x *= 0.25);
    let uneven = measured(&uneven, 48_000).speech;
    assert!((uneven.median_lufs.unwrap() - even.median_lufs.unwrap()).abs() < 3.0);
    let more = uneven.uneven_share - even.uneven_share;
    assert!((0.15..0.45).contains(&more), "{even:?}, {uneven:?}");
}

#[test]
fn hours_take_no_more_memory_than_minutes() {
    // An hour at 8 kHz, with overs throughout.
    let rate = 8_000;
    let minute: Vec<f32> =
        noise(6, 60 * rate).iter().enumerate().map(|(n, x)| x * (n / 7000 % 3) as f32 * 0.5).collect();
    let mut meter = ProgrammeMeter::new(rate as u32, 1, CEILING_TENTHS);
    nice_assert_no_alloc::assert_no_alloc(|| {
        for _ in 0..60 {
            meter.process(&[&minute]);
        }
    });
    let programme = meter.programme();
    assert_eq!(programme.samples, 3600 * rate as u64);
    assert_eq!(programme.overs.worst.len(), Marks::KEPT);
    assert!(programme.overs.count > 1000);
    assert!(
        programme.history.whole.len() <= History::WHOLE && programme.history.recent.len() <= History::RECENT
    );
    assert_eq!(
        programme.history.before_recent + programme.history.recent.len() as u64,
        programme.samples / programme.history.tenth_samples
    );
    let settings = Settings::default();
    let mut bus = BounceBus::prepare(rate as u32, 2, 4096).unwrap();
    bus.set(settings);
    let mut outputs = [minute.clone(), minute.clone()];
    let [left, right] = &mut outputs;
    let mut outputs = [&mut left[..], &mut right[..]];
    nice_assert_no_alloc::assert_no_alloc(|| {
        for _ in 0..30 {
            bus.process(&[&minute, &minute], Some(&[&minute[..]]), &mut outputs);
        }
        bus.finish();
    });
    assert_eq!(bus.measurement().mix.caught.worst.len(), Marks::KEPT);
}
