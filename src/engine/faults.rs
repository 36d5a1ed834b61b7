//! Faults of recording and editing: flat tops and drop-outs.

use super::marks::Marker;
use super::measurement::{Mark, Marks};

/// A flat top is at least so many equal samples at 48 kHz, as long at higher rates, ...
const SHORTEST_TOP_SAMPLES: usize = 3;
/// ... and not longer than half a wave of 25 Hz: what stands still for longer is no wave.
const LONGEST_TOP_SECONDS: f64 = 0.02;
/// -20 dBFS: what is quieter was not clipped, or its gain hides it.
const QUIETEST_TOP: f32 = 0.1;
/// How close to the loudest of the last seconds a top must be.
const NEAR_LOUDEST: f32 = 0.9999;
/// A clipped wave meets its top at an angle: both sides together fall by more than this (-66 dBFS), the
/// rounded crest of a low 16-bit tone by at most 10 of its steps.
const CORNER: f32 = 1.0 / 2048.0;
/// A drop-out begins and ends with a step from above -40 dBFS ...
const SMALLEST_STEP: f32 = 0.01;
/// ... and lasts from 0.05 to 200 ms.
const SHORTEST_DROP_OUT_SECONDS: f64 = 0.000_05;
const LONGEST_DROP_OUT_SECONDS: f64 = 0.2;
/// Faults closer than this are told as one.
const JOIN_SECONDS: f64 = 0.1;

/// Finds flat tops and drop-outs, each channel for itself.
pub struct FaultMeter {
    limits: Limits,
    channels: Vec<Channel>,
    clipped: Marker,
    drop_outs: Marker,
}

/// Lengths in samples.
struct Limits {
    top: std::ops::RangeInclusive<u64>,
    drop_out: std::ops::RangeInclusive<u64>,
    second: u64,
}

/// A fault, with its first sample counted back from the present one.
struct Fault {
    samples: u64,
    level: f32,
}

/// The recent past of a channel.
#[derive(Clone, Default)]
struct Channel {
    tops: Tops,
    zeros: Zeros,
}

impl FaultMeter {
    /// For so many channels.
    pub fn new(sample_rate: u32, channels: usize) -> Self {
        let samples = |seconds: f64| seconds * f64::from(sample_rate);
        let shortest_top = SHORTEST_TOP_SAMPLES as f64 * (f64::from(sample_rate) / 48_000.0).max(1.0);
        // A single zero may be where a wave crosses.
        let shortest_drop_out = samples(SHORTEST_DROP_OUT_SECONDS).ceil().max(2.0);
        let join = samples(JOIN_SECONDS) as u64;
        Self {
            limits: Limits {
                top: shortest_top as u64..=samples(LONGEST_TOP_SECONDS) as u64,
                drop_out: shortest_drop_out as u64..=samples(LONGEST_DROP_OUT_SECONDS) as u64,
                second: u64::from(sample_rate),
            },
            channels: vec![Channel::default(); channels],
            clipped: Marker::new(join),
            drop_outs: Marker::new(join),
        }
    }

    /// As new.
    pub fn reset(&mut self) {
        self.channels.fill(Channel::default());
        self.clipped.reset();
        self.drop_outs.reset();
    }

    /// Reads the next samples of one channel, at most 100 ms of them; the first is at `position` of the
    /// programme. All channels take turns with pieces of one length.
    pub fn process(
        &mut self,
        channel: usize,
        samples: &[f32],
        position: u64,
        clipped: &mut Marks,
        drop_outs: &mut Marks,
    ) {
        let Some(channel) = self.channels.get_mut(channel) else { return };
        let mark = |n: usize, Fault { samples, level }: Fault| {
            let sample = (position + n as u64).saturating_sub(samples);
            Mark { sample, samples, level }
        };
        let (tops, zeros) = (&mut self.clipped, &mut self.drop_outs);
        channel.tops.process(samples, &self.limits, |n, fault| tops.mark(clipped, mark(n, fault)));
        channel.zeros.process(samples, &self.limits, |n, fault| zeros.mark(drop_outs, mark(n, fault)));
    }
}

/// Runs of equal samples.
#[derive(Clone, Default)]
struct Tops {
    /// The sample before the run that is going on, its value and its length.
    before: f32,
    value: f32,
    run: u64,
    /// The loudest sample of the present second, and of the one before.
    loudest: [f32; 2],
    /// Samples of the present second.
    second: u64,
}

impl Tops {
    fn process(&mut self, samples: &[f32], limits: &Limits, mut tell: impl FnMut(usize, Fault)) {
        let Some(&first) = samples.first() else { return };
        // Bits of positive numbers are in their order, and integers are compared side by side.
        let loudest = samples.iter().map(|x| x.abs().to_bits()).max().map_or(0.0, f32::from_bits);
        if self.second >= limits.second {
            self.second = 0;
            self.loudest = [0.0, self.loudest[0]];
        }
        self.second += samples.len() as u64;
        self.loudest[0] = self.loudest[0].max(loudest);

        let goes_on = self.value.abs() >= QUIETEST_TOP && (self.run > 1 || self.value == first);
        if goes_on || (loudest >= QUIETEST_TOP && has_a_pair(samples)) {
            for (n, &x) in samples.iter().enumerate() {
                if x == self.value {
                    self.run += 1;
                    continue;
                }
                if let Some(fault) = self.top(x, limits) {
                    tell(n, fault);
                }
                (self.before, self.value, self.run) = (self.value, x, 1);
            }
        } else if let Some(&[before, value]) = samples.last_chunk() {
            (self.before, self.value, self.run) = (before, value, 1);
        } else {
            (self.before, self.value, self.run) = (self.value, first, 1);
        }
    }

    /// The run that `next` ends, if it is a clipped top.
    fn top(&self, next: f32, limits: &Limits) -> Option<Fault> {
        let level = self.value.abs();
        let fall = |neighbour: f32| level - neighbour * self.value.signum();
        let (rise, fall) = (fall(self.before), fall(next));
        let is_top = limits.top.contains(&self.run)
            && level >= QUIETEST_TOP.max(NEAR_LOUDEST * self.loudest[0].max(self.loudest[1]))
            && rise.min(fall) > 0.0
            && rise + fall > CORNER;
        is_top.then_some(Fault { samples: self.run, level })
    }
}

/// Whether any two neighbours are equal and loud enough for a top.
fn has_a_pair(samples: &[f32]) -> bool {
    let pairs = samples.iter().zip(samples.iter().skip(1));
    pairs.fold(false, |any, (a, b)| any | ((a == b) & (a.abs() >= QUIETEST_TOP)))
}

/// Runs of zeros.
#[derive(Clone, Default)]
struct Zeros {
    /// The zeros up to now, and the sample before them.
    run: u64,
    before: f32,
}

impl Zeros {
    fn process(&mut self, samples: &[f32], limits: &Limits, mut tell: impl FnMut(usize, Fault)) {
        let zeros: u32 = samples.iter().map(|&x| u32::from(x == 0.0)).sum();
        if zeros as usize == samples.len() {
            self.run += u64::from(zeros);
            return;
        }
        // Without zeros only the first sample can end a run.
        let worked = if zeros == 0 { 1 } else { samples.len() };
        for (n, &x) in samples[..worked].iter().enumerate() {
            if x == 0.0 {
                self.run += 1;
                continue;
            }
            let level = self.before.abs().min(x.abs());
            if limits.drop_out.contains(&self.run) && level >= SMALLEST_STEP {
                tell(n, Fault { samples: self.run, level });
            }
            (self.run, self.before) = (0, x);
        }
        if let (0, Some(&last)) = (self.run, samples.last()) {
            self.before = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    const RATE: u32 = 48_000;

    fn found(rate: u32, samples: &[f32], piece: usize) -> (Marks, Marks) {
        let mut meter = FaultMeter::new(rate, 1);
        let (mut clipped, mut drop_outs) = (Marks::with_room(), Marks::with_room());
        let mut position = 0;
        for piece in samples.chunks(piece) {
            meter.process(0, piece, position, &mut clipped, &mut drop_outs);
            position += piece.len() as u64;
        }
        (clipped, drop_outs)
    }

    fn tone(rate: u32, frequency: f64, amplitude: f64, seconds: f64) -> Vec<f64> {
        let length = (seconds * f64::from(rate)) as usize;
        (0..length).map(|n| amplitude * (TAU * frequency * n as f64 / f64::from(rate) + 0.3).sin()).collect()
    }

    fn quantised(samples: &[f64], bits: i32) -> Vec<f32> {
        let steps = f64::from(1 << (bits - 1));
        samples.iter().map(|x| ((x * steps).round_ties_even() / steps) as f32).collect()
    }

    #[test]
    fn clipped_waves_are_found_at_any_level_and_only_where_they_are() {
        for rate in [8_000, 44_100, 48_000, 96_000, 192_000] {
            for (over, level) in [(1.12, 1.0), (1.5, 0.4), (4.0, 0.12)] {
                let mut wave = tone(rate, 220.0, 0.05, 1.0);
                for (n, x) in tone(rate, 220.0, 1.0, 0.05).into_iter().enumerate() {
                    wave[rate as usize / 2 + n] = (x * over).clamp(-1.0, 1.0) * level;
                }
                let (clipped, drop_outs) = found(rate, &quantised(&wave, 24), 480);
                assert_eq!((clipped.count, drop_outs.count), (1, 0), "{rate} Hz, {over} at {level}");
                let mark = clipped.worst[0];
                assert!((f64::from(mark.level) - level).abs() < 1e-3);
                let middle = mark.sample + mark.samples / 2;
                let (from, to) = (rate / 2, rate / 2 + rate / 20);
                assert!((u64::from(from)..=u64::from(to)).contains(&middle), "{mark:?}");
                assert!(mark.samples > u64::from(rate) / 30, "{mark:?}");
            }
        }
        // Under something louder a flat line is no clipping.
        let mut wave = tone(RATE, 220.0, 0.9, 1.0);
        wave[20_000..20_005].fill(0.3);
        assert_eq!(found(RATE, &quantised(&wave, 24), 480).0.count, 0);
    }

    #[test]
    fn rounded_crests_of_low_tones_are_not_clipped() {
        for rate in [44_100, 48_000, 96_000, 192_000] {
            for frequency in
                [5.0, 10.0, 20.0, 31.0, 50.0, 100.0, 997.0, f64::from(rate) / 4.0, f64::from(rate) / 6.0]
            {
                for amplitude in [1.0, 0.5, 0.11] {
                    for bits in [16, 24] {
                        let wave = quantised(&tone(rate, frequency, amplitude, 2.0), bits);
                        let (clipped, drop_outs) = found(rate, &wave, 480);
                        let name = format!("{frequency} Hz at {rate} Hz, {amplitude}, {bits} bits");
                        assert_eq!((clipped.count, drop_outs.count), (0, 0), "{name}");
                    }
                }
            }
        }
    }

    #[test]
    fn drop_outs_begin_and_end_with_a_step() {
        let wave = |zeros: std::ops::Range<usize>, fade: bool| {
            let mut wave = quantised(&vec![0.25; 48_000], 24);
            wave.iter_mut().enumerate().for_each(|(n, x)| *x += (n % 7) as f32 * 0.01);
            if fade {
                for n in 0..480 {
                    wave[zeros.start - 1 - n] *= n as f32 / 480.0;
                    wave[zeros.end + n] *= n as f32 / 480.0;
                }
            }
            wave[zeros].fill(0.0);
            wave
        };
        for (samples, found_so_many) in [(1, 0), (2, 0), (3, 1), (480, 1), (9600, 1), (9601, 0), (20_000, 0)]
        {
            for piece in [1, 7, 480, 4800] {
                let (_, drop_outs) = found(RATE, &wave(10_000..10_000 + samples, false), piece);
                assert_eq!(drop_outs.count, found_so_many, "{samples} samples, pieces of {piece}");
                if let Some(mark) = drop_outs.worst.first() {
                    assert_eq!((mark.sample, mark.samples), (10_000, samples as u64));
                    assert!((0.25..0.32).contains(&mark.level));
                }
            }
        }
        assert_eq!(found(RATE, &wave(10_000..10_480, true), 480).1.count, 0, "a faded gap is an edit");
        // Silence before and after everything is no drop-out.
        let mut alone = vec![0.0; 4800];
        alone[1000..2000].fill(0.5);
        assert_eq!(found(RATE, &alone, 480).1.count, 0);
    }

    #[test]
    fn anything_is_survived() {
        for rate in [8_000, 384_000] {
            for value in [0.0, -0.0, 1e18, f32::MIN_POSITIVE, -1.0, 1e-40] {
                for piece in [1, 2, 80] {
                    let (clipped, drop_outs) = found(rate, &vec![value; 10_000], piece);
                    assert_eq!((clipped.count, drop_outs.count), (0, 0));
                }
            }
        }
    }
}
