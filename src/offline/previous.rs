//! What changed since the version before.
//!
//! Both files are laid over each other and subtracted. A fix is seen as a stretch whose difference exceeds
//! -80 dBFS; the faint edges of its fades lie within half a second of it. Everything else should be the same,
//! bit for bit, because nothing in a bounce is random.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::{Result, ensure};

use super::correlator::Correlator;
use super::track::Track;
use crate::delivery::comparison::{Alignment, Comparison};
use crate::engine::measurement::Mark;

/// A difference beyond this (-80 dBFS) is a change.
const AUDIBLE: f64 = 1e-4;
/// Changes closer than this are one.
const GAP_SECONDS: f64 = 0.5;
/// Steps in a gap: differences are looked at in steps of 10 ms.
const GAP_STEPS: u64 = 50;
/// Samples of an anchor, by which versions of unequal length are aligned: 2.7 s at 48 kHz.
const ANCHOR: usize = 1 << 17;
/// Samples before and after the place of the anchor which are searched: 39 s at 48 kHz.
const REACH: usize = (SEARCHED - ANCHOR) / 2;
/// Samples that an anchor is looked for in. Memory is about 50 MiB, whatever the length of the files.
const SEARCHED: usize = 1 << 22;
/// Anchors that are tried, the loudest first.
const ANCHORS: usize = 4;
/// Normalised correlation from which two places are the same sound.
const SAME_SOUND: f64 = 0.9;

/// Compares a premix with its version before. `progress` is told the samples done and all.
///
/// # Errors
/// One sentence: a file that cannot be read; versions of different rates or channel counts.
pub fn compare(new: &Path, old: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Comparison> {
    let (mut new, mut old) = (Track::open(new)?, Track::open(old)?);
    let format = |track: &Track| (track.facts().channels, track.facts().sample_rate);
    ensure!(
        format(&new) == format(&old),
        "{} has {} channels at {} Hz and {} has {} at {}: give a version of the same format with --previous",
        new.path.display(),
        new.facts().channels,
        new.facts().sample_rate,
        old.path.display(),
        old.facts().channels,
        old.facts().sample_rate
    );
    let mut alignment = align(&mut new, &mut old)?;
    let mut changes = subtract(&mut new, &mut old, progress)?;
    // A sound that has moved has changed everywhere: then it is looked for.
    let changed: u64 = changes.ranges.iter().map(|change| change.samples).sum();
    if alignment != Alignment::Sound
        && changed > new.facts().frames / 2
        && let Some(start) = find(&mut new, &mut old)?.filter(|start| *start != old.start)
    {
        (old.start, alignment) = (start, Alignment::Sound);
        changes = subtract(&mut new, &mut old, progress)?;
    }
    Ok(Comparison {
        name: old.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        alignment,
        start: old.start,
        samples: old.facts().frames,
        changes: changes.ranges,
        faint_samples: changes.faint_samples,
    })
}

/// Where two files differ as they are laid.
fn subtract(new: &mut Track, old: &mut Track, progress: &mut dyn FnMut(u64, u64)) -> Result<Changes> {
    let (channels, sample_rate) = (usize::from(new.facts().channels), new.facts().sample_rate);
    let step = (sample_rate as usize / 100).max(1);
    let mut changes = Changes::new((GAP_SECONDS * f64::from(sample_rate)) as u64);
    let (mut new_frames, mut old_frames) = (vec![0.0; step * channels], vec![0.0; step * channels]);
    let (first, end) = (new.start.min(old.start), new.end().max(old.end()));
    let mut at = first;
    while at < end {
        new.read(at, &mut new_frames)?;
        old.read(at, &mut old_frames)?;
        changes.step(at, &new_frames, &old_frames, channels);
        at += step as i64;
        if changes.steps.is_multiple_of(100) {
            progress(at.abs_diff(first), end.abs_diff(first));
        }
    }
    changes.finish();
    Ok(changes)
}

/// Finds changes, step by step.
struct Changes {
    gap_samples: u64,
    ranges: Vec<Mark>,
    faint_samples: u64,
    steps: u64,
    /// The last step with a change.
    last_change: Option<u64>,
    /// Steps with faint differences, which a change may yet follow, and how many samples differ.
    pending: VecDeque<(u64, u64)>,
}

impl Changes {
    fn new(gap_samples: u64) -> Self {
        Self {
            gap_samples,
            ranges: Vec::new(),
            faint_samples: 0,
            steps: 0,
            last_change: None,
            pending: VecDeque::new(),
        }
    }

    fn step(&mut self, at: i64, new: &[f64], old: &[f64], channels: usize) {
        let (mut differing, mut peak) = (0, 0.0f64);
        let mut loud: Option<(usize, usize)> = None;
        if new != old {
            let frames = new.chunks_exact(channels).zip(old.chunks_exact(channels));
            for (n, (new, old)) in frames.enumerate() {
                let difference = new.iter().zip(old).fold(0.0f64, |most, (a, b)| most.max((a - b).abs()));
                differing += u64::from(difference > 0.0);
                peak = peak.max(difference);
                if difference > AUDIBLE {
                    loud = Some((loud.map_or(n, |(first, _)| first), n));
                }
            }
        }
        while let Some(&(step, count)) = self.pending.front()
            && step + GAP_STEPS < self.steps
        {
            self.faint_samples += count;
            self.pending.pop_front();
        }
        if let Some((first, last)) = loud {
            // What is before the new file's first sample counts as at it.
            let place = |n: usize| at.saturating_add_unsigned(n as u64).max(0).unsigned_abs();
            self.add(place(first), place(last), peak as f32);
            self.pending.clear();
            self.last_change = Some(self.steps);
        } else if differing > 0 && self.last_change.is_none_or(|last| last + GAP_STEPS < self.steps) {
            self.pending.push_back((self.steps, differing));
        }
        self.steps += 1;
    }

    fn add(&mut self, first: u64, last: u64, level: f32) {
        let gap = self.gap_samples;
        match self.ranges.last_mut().filter(|range| first <= range.sample + range.samples + gap) {
            Some(range) => {
                range.samples = last + 1 - range.sample;
                range.level = range.level.max(level);
            }
            None => self.ranges.push(Mark { sample: first, samples: last + 1 - first, level }),
        }
    }

    fn finish(&mut self) {
        self.faint_samples += self.pending.drain(..).map(|(_, count)| count).sum::<u64>();
    }
}

/// Lays `old` over `new`.
fn align(new: &mut Track, old: &mut Track) -> Result<Alignment> {
    let references = (new.facts().time_reference(), old.facts().time_reference());
    if let (Some(new), Some(old)) = references
        && new == old
    {
        return Ok(Alignment::TimeReference);
    }
    if new.facts().frames == old.facts().frames {
        return Ok(Alignment::Start);
    }
    // Where to look for it.
    old.place_from(new.facts().time_reference());
    match find(new, old)? {
        Some(start) => {
            old.start = start;
            Ok(Alignment::Sound)
        }
        None => {
            old.start = 0;
            Ok(Alignment::Start)
        }
    }
}

/// Where `old` starts on the time line of `new`, by the loudest stretches of `new` that are also in `old`
/// within [`REACH`] of where it is laid.
fn find(new: &mut Track, old: &mut Track) -> Result<Option<i64>> {
    let mut searched = Correlator::new();
    for anchor in loudest(new)? {
        let (mut pattern, mut around) = (vec![0.0; ANCHOR], vec![0.0; SEARCHED]);
        let mut buffer = Vec::new();
        new.add_mono(anchor, &mut pattern, &mut buffer)?;
        old.add_mono(anchor - REACH as i64, &mut around, &mut buffer)?;
        let (lag, correlation) = searched.best(&pattern, &around);
        if correlation >= SAME_SOUND {
            return Ok(Some(old.start + REACH as i64 - lag as i64));
        }
    }
    Ok(None)
}

/// The loudest stretches of [`ANCHOR`] samples, the loudest first.
fn loudest(track: &mut Track) -> Result<Vec<i64>> {
    let (mut block, mut buffer) = (vec![0.0; ANCHOR], Vec::new());
    let mut stretches: Vec<(f64, i64)> = Vec::new();
    for at in (0..track.end()).step_by(ANCHOR) {
        block.fill(0.0);
        track.add_mono(at, &mut block, &mut buffer)?;
        stretches.push((block.iter().map(|x| x * x).sum(), at));
        stretches.sort_by(|a, b| b.0.total_cmp(&a.0));
        stretches.truncate(ANCHORS);
    }
    Ok(stretches.into_iter().filter(|(energy, _)| *energy > 0.0).map(|(_, at)| at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::wav::{BitDepth, WavSpec, WavWriter};
    use std::time::UNIX_EPOCH;

    const RATE: usize = 48_000;

    /// Noise, softer and louder, like words.
    fn words(seed: u64, length: usize) -> Vec<f32> {
        let mut state = seed * 2 + 1;
        let mut level = 0.0;
        (0..length)
            .map(|n| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if n % 9000 == 0 {
                    level = ((state >> 60) as f32 / 16.0).powi(2) * 0.5;
                }
                level * ((state >> 40) as f32 / f32::from(1u16 << 12) / 2048.0 - 1.0)
            })
            .collect()
    }

    /// Writes both and compares them.
    fn compared(new: (&[f32], u64), old: (&[f32], u64)) -> Comparison {
        let folder = tempfile::tempdir().unwrap();
        let [new, old] = [("new.wav", new), ("old.wav", old)].map(|(name, (samples, time_reference))| {
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
            writer.write(samples).unwrap();
            writer.finish().unwrap();
            path
        });
        compare(&new, &old, &mut |_, _| ()).unwrap()
    }

    #[test]
    fn the_fix_and_only_the_fix_is_told() {
        let old = words(1, 20 * RATE);
        let mut new = old.clone();
        // Two words closer than half a second, and one far away; half a sample in 2^13 is -78 dBFS.
        for (at, by) in [(100_000, 0.25f32), (115_000, 0.01), (700_000, 1.0 / 8192.0)] {
            new[at..at + 1000].iter_mut().for_each(|x| *x += by);
        }
        // A fade, too soft to be told by itself.
        new[101_000..103_000].iter_mut().for_each(|x| *x += 1.0 / 65_536.0);
        let told = compared((&new, 0), (&old, 0));
        let mark = |sample, samples, level| Mark { sample, samples, level };
        assert_eq!(
            told.changes,
            [mark(100_000, 16_000, 0.25), mark(700_000, 1000, 1.0 / 8192.0)].map(|mark| Mark {
                level: told.changes.iter().find(|c| c.sample == mark.sample).unwrap().level,
                ..mark
            })
        );
        assert!(
            (told.changes[0].level - 0.25).abs() < 1e-6
                && (told.changes[1].level - 1.0 / 8192.0).abs() < 1e-6
        );
        assert!(told.rest_is_identical());
        assert_eq!((told.alignment, told.start), (Alignment::TimeReference, 0));
    }

    #[test]
    fn faint_differences_elsewhere_are_told() {
        let old = words(2, 10 * RATE);
        let mut new = old.clone();
        new[50_000] += 0.25;
        new[50_000 + 30_000..][..7].iter_mut().for_each(|x| *x += 1.0 / 65_536.0);
        new[50_000 - 30_000] += 1.0 / 65_536.0;
        let told = compared((&new, 5), (&old, 9));
        assert_eq!(told.alignment, Alignment::Start, "equally long");
        assert_eq!((told.changes.len(), told.faint_samples), (1, 8));
        assert_eq!((told.changes[0].sample, told.changes[0].samples), (50_000, 1));
        let same = compared((&old, 0), (&old, 0));
        assert!(same.changes.is_empty() && same.rest_is_identical());
    }

    #[test]
    fn versions_of_other_lengths_are_aligned_by_their_sound() {
        let old = words(3, 40 * RATE);
        // A head of 7 s more, a fix, and the tail gone.
        let mut new = vec![0.0; 7 * RATE + 123];
        new.extend(&old[..30 * RATE]);
        new[900_000..910_000].fill(0.0);
        let told = compared((&new, 0), (&old, 77));
        assert_eq!((told.alignment, told.start), (Alignment::Sound, 7 * RATE as i64 + 123));
        assert_eq!(told.samples, old.len() as u64);
        let [fix, tail] = &told.changes[..] else { panic!("{:?}", told.changes) };
        assert!((900_000..901_000).contains(&fix.sample) && fix.samples <= 10_000, "{fix:?}");
        assert!(tail.sample.abs_diff(new.len() as u64) < 1000, "{tail:?}");
        assert!(told.rest_is_identical());
        // The other way round: what was before the new start is lost, and told at it.
        let told = compared((&old, 0), (&new, 5));
        assert_eq!(told.start, -7 * RATE as i64 - 123);
        // As long and at the same time reference, but 64 samples late.
        let mut late = vec![0.0; 64];
        late.extend(&old[..old.len() - 64]);
        let told = compared((&late, 9), (&old, 9));
        assert_eq!((told.alignment, told.start), (Alignment::Sound, 64));
        assert!(
            told.rest_is_identical() && told.changes.iter().all(|change| change.samples <= 64),
            "{told:?}"
        );
        let nothing = compared((&words(4, 50_000), 0), (&words(5, 60_000), 1));
        assert_eq!((nothing.alignment, nothing.start), (Alignment::Start, 0));
    }
}
