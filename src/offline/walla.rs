//! How loud the walla stem is in a premix, and how far the dialogue is above it, from the two files.
//!
//! **Method.** Both are cut into windows of 100 ms. A window is *usable* where the stem sounds, the premix has
//! been so far below the ceiling for 3 s that no limiter was at work, and stem and premix are coherent: pauses
//! of the dialogue. There the gain of the stem is fitted by least squares, over all usable
//! windows within half a decibel of their weighted median; windows that the stem explains better weigh more.
//! Differences between neighbouring samples are used instead of samples, on both sides: that leaves the gain as
//! it is, and weighs speech and crowd more evenly over frequency.
//!
//! Before that the stem is laid where it is found in the premix: pieces of it are correlated with the premix
//! where that is, beside them, softest, within a second or two of where they should be. A premix that comes
//! late, as behind a plug-in whose latency nobody takes back, shows so.
//!
//! **Error.** Dialogue under the coherence limit is still up to a tenth of a window's energy and is, by chance,
//! up to about 5 % alike: it moves a window by up to 0.15 dB either way, and the mean of the thirty windows that
//! are asked for by less than 0.03 dB. What is filtered, or shifted in time, on its way into the premix lowers
//! the coherence. Where the limiter works, premix without stem keeps a rest of the walla, as far below it as
//! the reduction is small.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::correlator::Correlator;
use super::track::Track;
use crate::compliance::premix::CEILING_TENTHS_DBTP;
use crate::delivery::comparison::WallaFit;
use crate::engine::MixMeter;
use crate::engine::decibel::{db_from_linear, linear_from_tenths};
use crate::engine::measurement::{History, Mix, Programme};

/// Below the ceiling by this much, in tenths of a decibel: peaks between samples included, nothing limits.
const MARGIN_TENTHS_DB: i32 = 20;
/// Windows of quiet before a usable one, in which a limiter comes to rest: 3 s, six time constants of a slow
/// release. A reduction of 6 dB is then 0.015 dB.
const REST_WINDOWS: u64 = 30;
/// A stem whose windows are softer than this, as mean square (-60 dBFS), does not sound.
const SOUNDING: f64 = 1e-6;
/// Coherence from which a window is usable.
const COHERENT: f64 = 0.9;
/// Share of a window that is never explained: rounding and the like. Bounds the weight of a window.
const UNEXPLAINED: f64 = 1e-4;
/// Gains that are looked for, in decibels, and the bins that they are counted in.
const LOWEST_DB: f64 = -60.0;
const HIGHEST_DB: f64 = 20.0;
const BINS_PER_DB: f64 = 100.0;
/// The fit takes what is so near the median, in decibels.
const NEAR_DB: f64 = 0.5;

/// Pieces by which the stem is found, in samples: 1.4 s at 48 kHz; how many are tried, the clearest first.
const PIECE: usize = 1 << 16;
const PIECES: usize = 4;
/// Samples of the premix that a piece is looked for in, 2 s before to 2 s after its place.
const SEARCHED: usize = 1 << 18;
const REACH: usize = (SEARCHED - PIECE) / 2;

/// Finds the walla stems, before they were turned down, in a premix. They lie at their time references, if
/// they and the premix have one, and else start together. `history` gets the dialogue over the walla.
/// `progress` is told the samples done and all.
///
/// # Errors
/// One sentence: a file that cannot be read, or a stem at another rate.
pub fn fit(
    premix: &Path,
    stems: &[PathBuf],
    history: &mut History,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<WallaFit> {
    let mut tracks = Tracks::open(premix, stems)?;
    let (length, window) = (tracks.length, tracks.window);
    let lag_samples = tracks.lag()?;
    for stem in &mut tracks.stems {
        stem.start = stem.start.saturating_add(lag_samples.unwrap_or(0));
    }
    let mut gains = Gains::new();
    let mut at = 0;
    while at < length {
        tracks.read(at)?;
        gains.window(&tracks.premix_mono, &tracks.walla_mono);
        at += window as u64;
        progress(at.min(length), 2 * length);
    }
    let (gain, spread_db) = gains.fit();
    let mut fit = WallaFit {
        gain_db: gain.map(db_from_linear),
        spread_db,
        lag_samples,
        coherence: gains.coherence,
        usable_samples: gains.usable_windows * window as u64,
        sounding_samples: gains.sounding_windows * window as u64,
        separation: Default::default(),
    };
    let Some(gain) = gain else { return Ok(fit) };

    let mut meter = MixMeter::new(tracks.sample_rate, 1);
    let (mut mix, mut programme) = (Mix::default(), Programme::with_room());
    let (mut dialogue, mut walla) = (vec![0.0; window], vec![0.0; window]);
    for (tenth, at) in (0..).zip((0..length).step_by(window)) {
        tracks.read(at)?;
        let count = window.min(usize::try_from(length - at).unwrap_or(window));
        for n in 0..count {
            let crowd = gain * tracks.walla_mono[n];
            walla[n] = crowd as f32;
            dialogue[n] = (tracks.premix_mono[n] - crowd) as f32;
        }
        meter.process(&[&dialogue[..count]], &[&walla[..count]], &mut mix, &mut programme);
        let bin = usize::try_from(tenth / history.tenths_per_bin.max(1)).unwrap_or(usize::MAX);
        if let Some(bin) = history.whole.get_mut(bin) {
            // The step that ended this window has begun the next tenth.
            bin.separation_lu = bin.separation_lu.min(meter.separation_lu(tenth));
        }
        progress(length + at, 2 * length);
    }
    fit.separation = mix.separation;
    Ok(fit)
}

/// Premix and stems, read in windows.
struct Tracks {
    premix: Track,
    stems: Vec<Track>,
    sample_rate: u32,
    /// Samples of the premix.
    length: u64,
    /// Samples of a window: as many as a tenth of a second of the history has.
    window: usize,
    premix_mono: Vec<f64>,
    walla_mono: Vec<f64>,
    buffer: Vec<f64>,
}

impl Tracks {
    fn open(premix: &Path, stems: &[PathBuf]) -> Result<Self> {
        let premix = Track::open(premix)?;
        let sample_rate = premix.facts().sample_rate;
        let origin = premix.facts().time_reference();
        let mut tracks = Vec::new();
        for path in stems {
            let mut stem = Track::open(path)?;
            let rate = stem.facts().sample_rate;
            ensure!(
                rate == sample_rate,
                "{} is at {rate} Hz and the premix {} at {sample_rate} Hz: export the stem at the session's rate",
                path.display(),
                premix.path.display()
            );
            stem.place_from(origin);
            tracks.push(stem);
        }
        let window = 10 * (sample_rate as usize / 100).max(1);
        Ok(Self {
            length: premix.facts().frames,
            premix,
            stems: tracks,
            sample_rate,
            window,
            premix_mono: vec![0.0; window],
            walla_mono: vec![0.0; window],
            buffer: Vec::new(),
        })
    }

    /// How many samples the premix is late beside the stems, as they are placed; `None` if they are not found.
    fn lag(&mut self) -> Result<Option<i64>> {
        let mut correlator = Correlator::new();
        let (mut around, mut buffer) = (vec![0.0; SEARCHED], Vec::new());
        let mut best = (None, COHERENT.sqrt());
        for (at, piece) in self.clearest()? {
            around.fill(0.0);
            self.premix.add_mono(at - REACH as i64, &mut around, &mut buffer)?;
            difference(&mut around);
            let (lag, correlation) = correlator.best(&piece, &around);
            if correlation >= best.1 {
                best = (Some(lag as i64 - REACH as i64), correlation);
            }
        }
        Ok(best.0)
    }

    /// Pieces of the stems, as differences, and where they lie: those beside which the premix is softest.
    fn clearest(&mut self) -> Result<Vec<(i64, Vec<f64>)>> {
        let (mut premix, mut walla, mut buffer) = (vec![0.0; PIECE], vec![0.0; PIECE], Vec::new());
        let energy = |samples: &[f64]| samples.iter().map(|x| x * x).sum::<f64>();
        let mut pieces: Vec<(f64, i64, Vec<f64>)> = Vec::new();
        for at in (0..i64::try_from(self.length).unwrap_or(i64::MAX)).step_by(PIECE) {
            premix.fill(0.0);
            walla.fill(0.0);
            self.premix.add_mono(at, &mut premix, &mut buffer)?;
            for stem in &mut self.stems {
                stem.add_mono(at, &mut walla, &mut buffer)?;
            }
            if energy(&walla) < SOUNDING * PIECE as f64 {
                continue;
            }
            difference(&mut premix);
            difference(&mut walla);
            let rest = energy(&premix) / energy(&walla);
            if rest > 0.0 && (pieces.len() < PIECES || pieces.iter().any(|piece| rest < piece.0)) {
                pieces.push((rest, at, walla.clone()));
                pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
                pieces.truncate(PIECES);
            }
        }
        Ok(pieces.into_iter().map(|(_, at, piece)| (at, piece)).collect())
    }

    /// Reads a window of both.
    fn read(&mut self, at: u64) -> Result<()> {
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        self.premix_mono.fill(0.0);
        self.walla_mono.fill(0.0);
        self.premix.add_mono(at, &mut self.premix_mono, &mut self.buffer)?;
        for stem in &mut self.stems {
            stem.add_mono(at, &mut self.walla_mono, &mut self.buffer)?;
        }
        Ok(())
    }
}

/// Each sample less the one before.
fn difference(samples: &mut [f64]) {
    let mut before = samples.first().copied().unwrap_or(0.0);
    for x in samples {
        *x -= std::mem::replace(&mut before, *x);
    }
}

/// The sums that least squares need, of all windows whose gain lies in the same bin.
#[derive(Clone, Copy, Default)]
struct Bin {
    weight: f64,
    windows: u64,
    premix: f64,
    walla: f64,
    product: f64,
}

/// The gains of all usable windows, in constant memory.
struct Gains {
    bins: Vec<Bin>,
    /// Windows since the premix was last near the ceiling.
    quiet_windows: u64,
    sounding_windows: u64,
    usable_windows: u64,
    coherence: f64,
    highest: f64,
}

impl Gains {
    fn new() -> Self {
        Self {
            bins: vec![Bin::default(); ((HIGHEST_DB - LOWEST_DB) * BINS_PER_DB) as usize],
            quiet_windows: REST_WINDOWS,
            sounding_windows: 0,
            usable_windows: 0,
            coherence: 0.0,
            highest: linear_from_tenths(CEILING_TENTHS_DBTP - MARGIN_TENTHS_DB),
        }
    }

    fn window(&mut self, premix: &[f64], walla: &[f64]) {
        let peak = premix.iter().fold(0.0f64, |peak, x| peak.max(x.abs()));
        let rested = self.quiet_windows >= REST_WINDOWS;
        self.quiet_windows = if peak < self.highest { self.quiet_windows + 1 } else { 0 };
        let mean_square = walla.iter().map(|x| x * x).sum::<f64>() / walla.len() as f64;
        if mean_square < SOUNDING {
            return;
        }
        self.sounding_windows += 1;
        if !rested || peak >= self.highest {
            return;
        }
        let (mut pp, mut ww, mut pw) = (0.0, 0.0, 0.0);
        for (premix, walla) in premix.windows(2).zip(walla.windows(2)) {
            let (p, w) = (premix[1] - premix[0], walla[1] - walla[0]);
            pp += p * p;
            ww += w * w;
            pw += p * w;
        }
        let coherence = pw * pw / (pp * ww);
        // Written so that silence, 0 / 0, is not usable.
        if !(coherence >= COHERENT && pw > 0.0) {
            return;
        }
        let gain_db = db_from_linear(pw / ww);
        let bin = ((gain_db - LOWEST_DB) * BINS_PER_DB) as usize;
        let Some(bin) = self.bins.get_mut(bin).filter(|_| gain_db >= LOWEST_DB) else { return };
        self.usable_windows += 1;
        bin.weight += 1.0 / (1.0 - coherence).max(UNEXPLAINED);
        bin.windows += 1;
        bin.premix += pp;
        bin.walla += ww;
        bin.product += pw;
    }

    /// The gain, and in decibels between what it lay for 80 % of the usable windows.
    fn fit(&mut self) -> (Option<f64>, (f64, f64)) {
        let db = |bin: usize| LOWEST_DB + (bin as f64 + 0.5) / BINS_PER_DB;
        let quantile = |share: f64, of: &dyn Fn(&Bin) -> f64| {
            let mut left = share * self.bins.iter().map(of).sum::<f64>();
            let reached = |bin: &Bin| {
                left -= of(bin);
                left <= 0.0
            };
            self.bins.iter().position(reached).unwrap_or(0)
        };
        if self.usable_windows == 0 {
            return (None, (0.0, 0.0));
        }
        let windows = |bin: &Bin| bin.windows as f64;
        let spread = (db(quantile(0.1, &windows)), db(quantile(0.9, &windows)));
        let median = quantile(0.5, &|bin| bin.weight);
        let near = (NEAR_DB * BINS_PER_DB) as usize;
        let mut sum = Bin::default();
        let bins = &self.bins[median.saturating_sub(near)..(median + near).min(self.bins.len())];
        for bin in bins {
            // Each bin's own mean weight, so that a clean pause counts for more than a line that was missed.
            let weight = if bin.windows > 0 { bin.weight / bin.windows as f64 } else { 0.0 };
            sum.premix += weight * bin.premix;
            sum.walla += weight * bin.walla;
            sum.product += weight * bin.product;
        }
        self.coherence = sum.product * sum.product / (sum.premix * sum.walla);
        (Some(sum.product / sum.walla), spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::wav::{BitDepth, WavSpec, WavWriter};
    use crate::engine::{BounceBus, Settings};
    use std::time::UNIX_EPOCH;

    const RATE: usize = 48_000;

    /// White noise from -1 to 1.
    fn noise(seed: u64, length: usize) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        };
        (0..length).map(|_| next()).collect()
    }

    /// A crowd: noise through a low-pass of one pole, which never stops.
    fn crowd(seed: u64, length: usize, level: f64) -> Vec<f64> {
        let mut state = 0.0;
        let smooth = |x: f64| {
            state += 0.2 * (x - state);
            3.0 * level * state
        };
        noise(seed, length).into_iter().map(smooth).collect()
    }

    /// A voice with a pitch of 120 Hz: 9 s of phrases with short pauses, 6 s of silence.
    fn voice(length: usize, level: f64) -> Vec<f64> {
        let breath = crowd(99, length, 0.2);
        let pitch = |n: usize| {
            let phase = std::f64::consts::TAU * 120.0 * n as f64 / RATE as f64;
            (1..30).map(|k| (phase * f64::from(k)).cos() / f64::from(k)).sum::<f64>()
        };
        let speaks = |n: usize| n % (15 * RATE) < 9 * RATE && n % (18 * RATE / 10) < 12 * RATE / 10;
        (0..length).map(|n| if speaks(n) { level * (pitch(n) + breath[n]) / 4.0 } else { 0.0 }).collect()
    }

    fn mixed(dialogue: &[f64], walla: &[f64], gain_db: f64) -> Vec<f64> {
        let gain = 10f64.powf(gain_db / 20.0);
        dialogue.iter().zip(walla).map(|(d, w)| d + gain * w).collect()
    }

    /// Through the bus, latency removed.
    fn limited(mix: &[f64]) -> Vec<f64> {
        let mut bus = BounceBus::prepare(RATE as u32, 1, 4096).unwrap();
        bus.set(Settings::default());
        let mut input: Vec<f32> = mix.iter().map(|&x| x as f32).collect();
        input.extend(vec![0.0; bus.latency_samples()]);
        let mut output = vec![0.0; input.len()];
        bus.process(&[&input[..]], None, &mut [&mut output]);
        output[bus.latency_samples()..].iter().map(|&x| f64::from(x)).collect()
    }

    fn fitted(premix: &[f64], premix_at: u64, stem: &[f64], stem_at: u64) -> (WallaFit, History) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, samples: &[f64], time_reference: u64| {
            let path = folder.path().join(name);
            let spec = WavSpec {
                channels: 1,
                sample_rate: RATE as u32,
                depth: BitDepth::Int24,
                time_reference,
                timecode: None,
                description: String::new(),
                originator_reference: String::new(),
                created: UNIX_EPOCH,
            };
            let mut writer = WavWriter::create(&path, spec, false).unwrap();
            let samples: Vec<f32> = samples.iter().map(|&x| x as f32).collect();
            writer.write(&samples).unwrap();
            writer.finish().unwrap();
            path
        };
        let premix_path = write("premix.wav", premix, premix_at);
        let stem_path = write("stem.wav", stem, stem_at);
        let tenths = premix.len().div_ceil(RATE / 10);
        let mut history = History {
            tenths_per_bin: 2,
            whole: vec![Default::default(); tenths.div_ceil(2)],
            ..History::default()
        };
        let fit = fit(&premix_path, &[stem_path], &mut history, &mut |_, _| ()).unwrap();
        (fit, history)
    }

    #[test]
    fn the_gain_is_found_under_dialogue_and_limiter() {
        let length = 30 * RATE;
        let walla = crowd(1, length, 0.12);
        for (level, gain_db) in
            [(0.15, -10.0), (0.15, -9.8), (0.15, -12.0), (0.15, 0.0), (0.0, -10.0), (1.4, -10.0), (1.4, -9.8)]
        {
            let mix = mixed(&voice(length, level), &walla, gain_db);
            let premix = limited(&mix);
            assert_eq!(level > 1.0, mix.iter().zip(&premix).any(|(a, b)| (a - b).abs() > 0.01));
            let (fit, _) = fitted(&premix, 0, &walla, 0);
            let error = fit.gain_db.unwrap() - gain_db;
            assert!(error.abs() < 0.03, "{gain_db} dB under a voice of {level}: {fit:?}");
            assert!(fit.coherence > 0.95 && fit.usable_samples > 3 * RATE as u64, "{fit:?}");
            assert!(fit.spread_db.1 - fit.spread_db.0 < 0.5, "{fit:?}");
        }
    }

    #[test]
    fn a_gain_that_moves_is_told() {
        let length = 20 * RATE;
        let walla = crowd(2, length, 0.3);
        let mut premix = mixed(&vec![0.0; length], &walla, -10.0);
        let louder = mixed(&vec![0.0; length], &walla, -6.0);
        premix[12 * RATE..].copy_from_slice(&louder[12 * RATE..]);
        let (fit, _) = fitted(&premix, 0, &walla, 0);
        assert!((fit.gain_db.unwrap() + 10.0).abs() < 0.03, "{fit:?}");
        assert!((fit.spread_db.0 + 10.0).abs() < 0.03 && (fit.spread_db.1 + 6.0).abs() < 0.03, "{fit:?}");
    }

    #[test]
    fn what_is_not_in_the_premix_is_not_found() {
        let length = 10 * RATE;
        let (walla, other) = (crowd(3, length, 0.3), crowd(4, length, 0.3));
        let usable = |premix: &[f64], stem: &[f64]| fitted(premix, 0, stem, 0).0.usable_samples;
        assert_eq!(usable(&mixed(&voice(length, 0.4), &walla, -10.0), &other), 0, "another stem");
        assert_eq!(usable(&voice(length, 0.4), &walla), 0, "no walla in the premix");
        assert_eq!(usable(&walla, &vec![0.0; length]), 0, "a silent stem");
        assert_eq!(usable(&[], &walla), 0, "an empty premix");
        // Always at the ceiling: no rest to read the gain in.
        assert_eq!(usable(&limited(&mixed(&crowd(5, length, 2.0), &walla, -10.0)), &walla), 0);
    }

    #[test]
    fn a_premix_that_is_late_or_early_is_found_and_told() {
        let length = 20 * RATE;
        let walla = crowd(8, length, 0.3);
        let premix = limited(&mixed(&voice(length, 0.4), &walla, -10.0));
        for late in [-96_000i64, -64, -1, 0, 1, 64, 2002, 96_000] {
            let early = usize::try_from((-late).max(0)).unwrap();
            let mut moved = vec![0.0; usize::try_from(late.max(0)).unwrap()];
            moved.extend(&premix[early..]);
            let (fit, _) = fitted(&moved, 0, &walla, 0);
            assert_eq!(fit.lag_samples, Some(late));
            assert!((fit.gain_db.unwrap() + 10.0).abs() < 0.03, "{late}: {fit:?}");
        }
        assert_eq!(fitted(&premix, 0, &crowd(9, length, 0.3), 0).0.lag_samples, None, "another stem");
    }

    #[test]
    fn stems_lie_at_their_time_reference() {
        let length = 10 * RATE;
        let walla = crowd(6, length, 0.3);
        let premix = mixed(&vec![0.0; length], &walla, -10.0);
        for (premix_at, stem_at, from) in [(1000, 13_345, 12_345), (500_000, 400_000, -100_000i64)] {
            let stem = &walla[usize::try_from(from.max(0)).unwrap()..];
            let premix = &premix[usize::try_from((-from).max(0)).unwrap()..];
            let (fit, _) = fitted(premix, premix_at, stem, stem_at);
            assert!((fit.gain_db.unwrap() + 10.0).abs() < 0.01, "{fit:?}");
        }
    }

    #[test]
    fn dialogue_is_measured_over_walla() {
        // A tone that stops half-way, over a crowd.
        let length = 24 * RATE;
        let tone = |hertz: f64, level: f64| -> Vec<f64> {
            (0..length)
                .map(|n| level * (std::f64::consts::TAU * hertz * n as f64 / RATE as f64).sin())
                .collect()
        };
        let walla = crowd(7, length, 0.1);
        let mut dialogue = tone(997.0, 0.2);
        dialogue[12 * RATE..].fill(0.0);
        let (fit, history) = fitted(&mixed(&dialogue, &walla, -10.0), 0, &walla, 0);
        let separation = fit.separation;
        // Both are of known loudness (BS.1770-5): the tone -3.01 + 20 log10 0.2 LUFS, the crowd as `ebur128` reads it.
        let mut meter = ebur128::EbuR128::new(1, RATE as u32, ebur128::Mode::I).unwrap();
        let gain = 10f64.powf(-0.5);
        meter.add_frames_f64(&walla.iter().map(|x| gain * x).collect::<Vec<_>>()).unwrap();
        let expected = -3.01 - 13.98 - meter.loudness_global().unwrap();
        let at = |seconds: usize| f64::from(history.whole[5 * seconds].separation_lu);
        assert!((at(6) - expected).abs() < 0.5, "{} instead of {expected}", at(6));
        assert!(at(18).is_infinite(), "{}", at(18));
        assert!(separation.both_samples.abs_diff(14 * RATE as u64) < 2 * RATE as u64, "{separation:?}");
    }
}
