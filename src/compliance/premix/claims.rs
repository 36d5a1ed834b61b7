//! What a file says of itself and is not so.

use super::Evidence;
use crate::delivery::name::Reading;
use crate::delivery::wav::WavFacts;
use crate::engine::decibel::db_from_linear;

/// Meters of loudness agree within this, in LU.
const LOUDNESS_LU: f64 = 0.1;
/// Loudness ranges, and meters of true peak, agree within this, in LU or dB.
const LOOSE: f64 = 0.3;
/// What a meter reads more that takes a mono file for two channels, in LU.
const DUAL_MONO_LU: f64 = 3.01;

/// Fields of `bext` and `iXML` which the audio or each other contradict, one clause each.
pub(super) fn contradictions(evidence: &Evidence, file: &WavFacts) -> Vec<String> {
    let mut told = loudness(evidence, file);
    let Some(ixml) = &file.ixml else { return told };
    let mut compare = |what: &str, said: Option<u64>, is: Option<u64>| {
        if let Some((said, is)) = said.zip(is).filter(|(said, is)| said != is) {
            told.push(format!("iXML states {what} {said}, but it is {is}"));
        }
    };
    compare("a sample rate of", ixml.sample_rate.map(u64::from), Some(file.sample_rate.into()));
    compare("a bit depth of", ixml.bit_depth.map(u64::from), Some(file.sample_format.bits().into()));
    compare("a time reference of", ixml.time_reference, file.time_reference());
    compare("that the time reference in bext is", ixml.bext_time_reference, file.time_reference());
    let in_the_name = || evidence.file().and_then(|file| Reading::of(file.name).values.frame_rate);
    let is = match evidence.frame_rate {
        Some(rate) => Some((rate, "picture")),
        None => in_the_name().map(|rate| (rate, "name")),
    };
    if let Some((said, (is, by))) = ixml.frame_rate.zip(is).filter(|(said, (is, _))| said != is) {
        told.push(format!("iXML states {said} frames a second, but the {by} has {is}"));
    }
    told
}

fn loudness(evidence: &Evidence, file: &WavFacts) -> Vec<String> {
    let programme = evidence.programme;
    let measured = &programme.loudness;
    // Of more channels than one, others measure something else; and silence has no loudness.
    let Some(bext) =
        file.bext.as_ref().filter(|_| programme.channels == 1 && measured.integrated_lufs.is_finite())
    else {
        return Vec::new();
    };
    let stated = bext.loudness;
    let true_peak = db_from_linear(programme.precise.amplitude.into());
    [
        (stated.integrated_lufs, measured.integrated_lufs, LOUDNESS_LU, "LUFS integrated"),
        (stated.range_lu, measured.range_lu, LOOSE, "LU of range"),
        (stated.max_true_peak_dbtp, true_peak, LOOSE, "dBTP"),
        (stated.max_momentary_lufs, measured.max_momentary_lufs, LOOSE, "LUFS momentary"),
        (stated.max_short_term_lufs, measured.max_short_term_lufs, LOOSE, "LUFS short-term"),
    ]
    .into_iter()
    .filter_map(|(stated, measured, tolerance, unit)| {
        let (stated, off) = (stated?, (stated? - measured).abs());
        let dual_mono = unit.starts_with("LUFS") && (stated - measured - DUAL_MONO_LU).abs() <= tolerance;
        (off > tolerance && !dual_mono)
            .then(|| format!("bext states {stated:.2} {unit}, but it is {measured:.2}"))
    })
    .collect()
}
