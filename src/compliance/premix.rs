//! The rules of the premix: one WAV, or the bounce that is to become one.

mod claims;
mod others;

use super::{Finding, Rule, TimeLine, Verdict, beside, clock, level, rules};
use crate::delivery::comparison::{Comparison, WallaFit};
use crate::delivery::name::{DeliveryName, Grade, Reading, Token, Values};
use crate::delivery::timecode::{Extent, FrameRate, PictureLength, Timecode, describe_samples};
use crate::delivery::wav::{SampleFormat, Severity, WavFacts, WavProblem};
use crate::engine::decibel::{db_from_linear, linear_from_tenths};
use crate::engine::measurement::{Marks, Mix, Pass, Programme, Separation};
use crate::engine::true_peak::Peak;
use crate::engine::{Settings, latency_samples};

use others::judge_version;

/// Highest true peak that the delivery allows, in tenths of dBTP.
pub const CEILING_TENTHS_DBTP: i32 = -60;
/// Gain of the walla that the delivery asks for, in tenths of a decibel.
pub const WALLA_GAIN_TENTHS_DB: i32 = -100;
/// Sample rate of the delivery, in Hz.
pub const SAMPLE_RATE: u32 = 48_000;

/// Dialogue that is less above the walla than this, in LU, may be hard to follow.
const DISCERNIBLE_LU: u32 = 6;
/// Longest stretch of that, in seconds, and largest share of the time that both sound.
const LONGEST_BELOW_SECONDS: u64 = 2;
const LARGEST_BELOW_SHARE: f64 = 0.1;
/// A mean of the samples beyond this (-50 dBFS) is an offset. Turning uneven waves down makes nearly -60 of it.
const LARGEST_DC: f64 = 3.162e-3;
/// A sound steadier than this in LU, and without speech, is a line-up tone.
const STEADY_LU: f64 = 1.0;

/// Why there is no verdict before the host has told the bus anything, and before any sound.
const NOT_STARTED: &str = "the host has not started Premix yet";
const NOTHING_YET: &str = "nothing has gone through yet";

rules! { Evidence<'_>;
    CONTAINER: "A1", "WAV file",
        "The file is a WAV whose sizes agree with each other and with the file, and all its samples are numbers.",
        "a whole PCM WAV", [File] => judge_container;
    MONO: "A2", "Mono", "The file has exactly one channel.", "1 channel", [Bus File] => judge_mono;
    RATE: "A3", "Sample rate", "The file is at the sample rate of the recording.", "48000 Hz",
        [Bus File] => judge_rate;
    FORMAT: "A4", "Sample format", "The samples are 24-bit integers.", "24-bit", [File] => judge_format;
    TRUE_PEAK: "A5", "True peak",
        "No true peak of the whole file is over the ceiling, by the precise meter and by that of BS.1770 Annex 2.",
        "at most -6.0 dBTP", [Bus File] => judge_true_peak;
    PLACEMENT: "A6", "Place of the limiter",
        "The limiter is on the bounce bus, or one is on every dialogue track; only the first can be proved.",
        "on the bounce bus", [] => judge_placement;
    WALLA: "A7", "Walla 10 dB down", "Group tracks are turned down by 10 dB before the bounce.", "-10.0 dB",
        [Bus File] => judge_walla;
    DISCERNIBLE: "A8", "Dialogue over walla",
        "Principal dialogue plays on top of the group, and both can be told apart.",
        "6 LU, but for moments", [Bus File] => judge_discernible;
    COMPLETE: "A9", "Everything is in the bounce",
        "The bounce is not silent, and no walla came in while it was switched off.",
        "all recorded sound", [Bus File] => judge_complete;
    LENGTH: "A10", "Length of the picture", "The file is exactly as long as the picture.",
        "the length of the picture", [Bus File] => judge_length;
    START: "A11", "Start of the picture", "The bounce starts where the picture does.",
        "the picture's start", [Bus File] => judge_start;
    SYNC: "A12", "In sync",
        "A click comes out exactly as late as Premix tells the host, which takes that back. Lips are for your eyes.",
        "as late as reported", [Bus File] => judge_sync;
    SOURCE: "A13", "The right output",
        "The bounce is the premix: no tone, no silence, and not the sum of two outputs, 6 dB hotter.",
        "the premix bus, once", [Bus File] => judge_source;
    BOUNCED: "A14", "Made by a bounce",
        "The file comes from the bounce function of the DAW, offline or in real time; Premix gives the same bits.",
        "a bounce", [] => judge_bounced;
    BALANCE: "A15", "Even dialogue", "Dialogue is recorded at a well balanced volume: listen to what stands out.",
        "well balanced", [] => judge_balance;
    NAME: "A16", "File name", "The name of the file follows the convention of the delivery.",
        "[PackageID]_[ShowTitle]_[framerate]_Mono_[langCode]_PreMixQC_[Version].wav", [Bus File] => judge_name;
    NAME_TRUE: "A17", "True name",
        "What the name says is so: package, title, frame rate, language, version.", "as it is", [File] => judge_name_true;
    NEW_VERSION: "A18", "New version",
        "After fixes the file comes as a new version: a higher number, the same name else, and only the fixes changed.",
        "the next version", [File] => judge_version;
    UPLOAD: "A19", "Upload",
        "The file goes to the source request \u{201c}(Language) - Premix Dialogue WAV: Localized\u{201d}.",
        "the right request", [] => judge_upload;
    ORDER: "A20", "Order of deliveries",
        "The edit project is not uploaded before the premix has passed its quality control.",
        "premix first", [] => judge_order;
    CLIPPING: "E1", "Clipping", "No sound is clipped: no flat tops.", "none", [Bus File] => judge_clipping;
    DROP_OUTS: "E2", "Drop-outs", "No sound is cut out: no sudden silence of less than 0.2 s.", "none",
        [Bus File] => judge_drop_outs;
    OFFSET: "E3", "Offset", "The sound has no constant offset.", "below -50 dBFS", [Bus File] => judge_offset;
    INVALID: "E4", "Invalid samples", "Every sample that came in was a number.", "none", [Bus File] => judge_invalid;
}

/// The picture that a bounce belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its length.
    pub length: Extent,
    /// Where it starts, since midnight, if that is known.
    pub start: Option<Extent>,
}

impl Picture {
    /// Its length in samples.
    pub fn samples(&self, sample_rate: u32) -> PictureLength {
        self.length.samples(sample_rate)
    }

    /// A label that is written as those of this picture are: with its rate, in drop-frame or not.
    pub fn label(&self) -> Option<Timecode> {
        self.start.and_then(Extent::timecode).or(self.length.timecode())
    }
}

/// All that is known of a premix.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What was measured of the sound.
    pub programme: &'a Programme,
    /// Where it was measured.
    pub source: Source<'a>,
    /// The picture, if it is known.
    pub picture: Option<Picture>,
    /// How places are written, if a frame rate is known.
    pub frame_rate: Option<FrameRate>,
}

/// Where a premix was measured, with what only that place shows.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A finished file.
    File(FileEvidence<'a>),
    /// The bounce bus.
    Bus(BusEvidence<'a>),
}

/// What a file shows.
#[derive(Clone, Copy, Debug)]
pub struct FileEvidence<'a> {
    /// What it says of itself.
    pub facts: &'a WavFacts,
    /// Its name, without its folder.
    pub name: &'a str,
    /// What the name is meant to say, as far as somebody told.
    pub meant: &'a Values,
    /// What it is meant to hold, for archives that are no delivery.
    pub expected: Expected,
    /// What changed since the version before, if that was given.
    pub previous: Option<&'a Comparison>,
    /// The walla stem in it, if that was given.
    pub walla: Option<&'a WallaFit>,
}

/// What the bounce bus shows.
#[derive(Clone, Copy, Debug)]
pub struct BusEvidence<'a> {
    /// What was made of the inputs.
    pub mix: &'a Mix,
    /// Which part of the picture went through.
    pub pass: &'a Pass,
    /// What is set now.
    pub settings: Settings,
    /// Premix Walla in the same host.
    pub siblings: Siblings,
    /// How many samples late a click came out of the bus when the host started it, if it has.
    pub click_delay_samples: Option<usize>,
    /// Where the host's position 0 is, if that is known.
    pub session_start: Option<Timecode>,
    /// The name that the file is to have, or what is wrong with its values; `None` before any is entered.
    pub name: Option<&'a Result<DeliveryName, Vec<Token>>>,
}

impl BusEvidence<'_> {
    /// The first sample measured, counted from midnight.
    fn start_sample(&self, sample_rate: u32) -> u64 {
        let session = self.session_start.map_or(0, |start| start.start_sample(sample_rate));
        session.saturating_add_signed(self.pass.start.unwrap_or(0))
    }
}

/// What the instances of Premix Walla in the same host did during the pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Siblings {
    /// How many let sound through.
    pub sounding: usize,
    /// How many of those turned all of it down by exactly what the delivery asks for.
    pub exact: usize,
}

/// Rate and format that a file is meant to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// In Hz.
    pub sample_rate: u32,
    /// Format of the samples.
    pub format: SampleFormat,
}

impl Default for Expected {
    fn default() -> Self {
        Self { sample_rate: SAMPLE_RATE, format: SampleFormat::Int24 }
    }
}

/// Judges a premix by every rule, in the order of [`RULES`].
pub fn judge(evidence: &Evidence) -> Vec<Finding> {
    JUDGES.iter().map(|judge| judge(evidence)).collect()
}

impl<'a> Evidence<'a> {
    fn file(&self) -> Option<FileEvidence<'a>> {
        match self.source {
            Source::File(file) => Some(file),
            Source::Bus(_) => None,
        }
    }

    fn bus(&self) -> Option<BusEvidence<'a>> {
        match self.source {
            Source::Bus(bus) => Some(bus),
            Source::File(_) => None,
        }
    }

    /// Whether the sound is still on its way, so that what is missing may yet come.
    fn runs(&self) -> bool {
        self.bus().is_some_and(|bus| !bus.pass.finished)
    }

    fn is_silent(&self) -> bool {
        self.programme.sounding_samples == 0
    }

    /// Where a sample of the programme lies: timecode if a frame rate is known, else time from its start.
    fn place(&self, sample: u64) -> String {
        self.time_line().place(sample)
    }

    /// How places in the programme are written.
    pub fn time_line(&self) -> TimeLine {
        let rate = self.programme.sample_rate;
        let label = self.picture.and_then(|picture| picture.label());
        // Of a file that nobody told the rate of, what it says itself.
        let stated = self.file().and_then(|file| file.facts.ixml.as_ref());
        let stated = stated.filter(|_| self.frame_rate.is_none());
        let frame_rate = self.frame_rate.or(stated.and_then(|ixml| ixml.frame_rate));
        let drop_frame = match label {
            Some(label) => label.drop_frame(),
            None => stated.and_then(|ixml| ixml.drop_frame).unwrap_or(false),
        };
        let picture_start = self.picture.and_then(|picture| picture.start);
        let start = match self.source {
            Source::File(file) => file
                .facts
                .time_reference()
                .or(picture_start.map(|start| start.samples(rate).nearest))
                .unwrap_or(0),
            Source::Bus(bus) => bus.start_sample(rate),
        };
        TimeLine { sample_rate: rate, start, frame_rate, drop_frame }
    }

    /// A number of samples as time, for a message.
    fn seconds(&self, samples: u64) -> String {
        format!("{:.1} s", samples as f64 / f64::from(self.programme.sample_rate.max(1)))
    }
}

/// The finding of a rule that only a finished file shows.
fn only_in_the_file(rule: &'static Rule) -> Finding {
    Finding::unknown(rule, "the finished file shows it: drop it on `premix check`")
}

fn judge_container(evidence: &Evidence) -> Finding {
    let Some(FileEvidence { facts: file, .. }) = evidence.file() else {
        return only_in_the_file(CONTAINER);
    };
    let invalid = evidence.programme.invalid_samples;
    let mut faults: Vec<String> = file.problems.iter().map(ToString::to_string).collect();
    if file.frames == 0 {
        faults.push("it holds no audio".into());
    }
    if invalid > 0 {
        faults.push(format!("{invalid} samples are not numbers"));
    }
    let claims = claims::contradictions(evidence, file);
    faults.extend_from_slice(&claims);
    let extensible = if file.extensible { ", extensible" } else { "" };
    let measured = match faults.is_empty() {
        true => format!("{}{extensible}", file.container),
        false => format!("{}{extensible}: {}", file.container, faults.join("; ")),
    };
    let damaging = |problem: &WavProblem| problem.severity() >= Severity::Damage;
    if file.frames == 0 || invalid > 0 || file.problems.iter().any(damaging) {
        return Finding::new(CONTAINER, Verdict::Fail, measured)
            .advise("write the file again: it is damaged or was not finished");
    }
    if faults.is_empty() {
        return Finding::new(CONTAINER, Verdict::Pass, measured);
    }
    if !claims.is_empty() {
        return Finding::new(CONTAINER, Verdict::Warn, measured)
            .advise("bounce again with a program that writes what is so, or without these fields");
    }
    Finding::new(CONTAINER, Verdict::Warn, measured)
        .advise("every reader gets the same audio from it, but another export would be tidier")
}

fn judge_mono(evidence: &Evidence) -> Finding {
    let channels = evidence.programme.channels;
    let measured = match channels {
        1 => "1 channel".to_string(),
        channels => format!("{channels} channels"),
    };
    match evidence.source {
        Source::File(_) => Finding::pass_or_fail(
            MONO,
            channels == 1,
            measured,
            "bounce the dialogue bus to one mono file, without a fold after the limiter",
        ),
        Source::Bus(_) if channels == 0 => Finding::unknown(MONO, NOT_STARTED),
        Source::Bus(_) if channels == 1 => Finding::new(MONO, Verdict::Pass, "a mono bus"),
        Source::Bus(_) if evidence.programme.unlike_samples > 0 => {
            Finding::new(MONO, Verdict::Warn, "a stereo bus whose channels differ").advise(
                "turn Mono on: a mono bounce folds left and right after the limiter, which may raise peaks",
            )
        }
        Source::Bus(_) => Finding::new(MONO, Verdict::Unknown, "a stereo bus with both channels alike")
            .advise("bounce to one mono file"),
    }
}

fn judge_rate(evidence: &Evidence) -> Finding {
    let rate = evidence.programme.sample_rate;
    if evidence.bus().is_some() && rate == 0 {
        return Finding::unknown(RATE, NOT_STARTED);
    }
    let expected = evidence.file().map_or(SAMPLE_RATE, |file| file.expected.sample_rate);
    let advice = "bounce at the session's 48 kHz; a conversion afterwards moves the peaks";
    Finding::pass_or_fail(RATE, rate == expected, format!("{rate} Hz"), advice)
        .aiming_at(format!("{expected} Hz"))
}

fn judge_format(evidence: &Evidence) -> Finding {
    let Some(file) = evidence.file() else { return only_in_the_file(FORMAT) };
    let (format, expected) = (file.facts.sample_format, file.expected.format);
    Finding::pass_or_fail(FORMAT, format == expected, format.to_string(), "bounce to 24-bit integer PCM")
        .aiming_at(expected.to_string())
}

fn judge_true_peak(evidence: &Evidence) -> Finding {
    let Programme { precise, annex_2, .. } = *evidence.programme;
    let measured = format!(
        "{} dBTP, {} by the BS.1770 meter",
        level(precise.amplitude, CEILING_TENTHS_DBTP),
        level(annex_2.amplitude, CEILING_TENTHS_DBTP)
    );
    let finding = |verdict| Finding::new(TRUE_PEAK, verdict, measured.clone());
    if over(precise) {
        return finding(Verdict::Fail).at(Some(evidence.place(precise.sample))).advise(over_advice(evidence));
    }
    if let Some(bus) = evidence.bus() {
        if bus.mix.unlimited_samples > 0 {
            return finding(Verdict::Fail).advise(
                "part of it was heard through Bypass or Listen, not through the limiter: bounce again without",
            );
        }
        if bus.settings.ceiling_tenths_dbtp.max(bus.mix.highest_ceiling_tenths_dbtp) > CEILING_TENTHS_DBTP {
            return finding(Verdict::Warn).advise("set the ceiling to -6.0 dBTP");
        }
    }
    if over(annex_2) {
        return finding(Verdict::Warn).at(Some(evidence.place(annex_2.sample))).advise(
            "a client's meter after BS.1770 may read it over: bounce through a limiter that heeds that meter \
             too",
        );
    }
    match evidence.is_silent() && evidence.bus().is_some() {
        true => Finding::unknown(TRUE_PEAK, "play or bounce: nothing has sounded yet"),
        false => finding(Verdict::Pass),
    }
}

fn over(peak: Peak) -> bool {
    f64::from(peak.amplitude) > linear_from_tenths(CEILING_TENTHS_DBTP)
}

fn over_advice(evidence: &Evidence) -> String {
    let overs = match evidence.programme.overs.count {
        0 | 1 => String::new(),
        count => format!("{count} overs: "),
    };
    let excess = db_from_linear(f64::from(evidence.programme.precise.amplitude))
        - f64::from(CEILING_TENTHS_DBTP) / 10.0;
    if evidence.file().is_some() && (5.5..=6.1).contains(&excess) {
        return format!(
            "{overs}6 dB over: two outputs were summed after the limiter; bounce one of them, or turn Mono on"
        );
    }
    format!(
        "{overs}limit the bus at -6.0 dBTP and bounce again; by the letter an over is allowed only if every \
         track has its own limiter"
    )
}

fn judge_placement(_: &Evidence) -> Finding {
    Finding::for_a_person(PLACEMENT)
}

fn judge_walla(evidence: &Evidence) -> Finding {
    let Some(bus) = evidence.bus() else {
        return others::judge_walla(evidence, evidence.file().and_then(|file| file.walla));
    };
    let decibels = |tenths: i32| format!("{:.1} dB", f64::from(tenths) / 10.0);
    let set = bus.settings.walla_gain_tenths_db;
    match bus.mix.walla_gain_tenths_db {
        Some(_) if bus.siblings.sounding > 0 => {
            Finding::new(WALLA, Verdict::Warn, "Premix Walla and the walla input both sounded")
                .advise("if it was the same walla it is now 20 dB down: use one of both")
        }
        Some((WALLA_GAIN_TENTHS_DB, WALLA_GAIN_TENTHS_DB)) if set == WALLA_GAIN_TENTHS_DB => {
            Finding::new(WALLA, Verdict::Pass, decibels(WALLA_GAIN_TENTHS_DB))
        }
        Some((lowest, highest)) if lowest < highest => Finding::new(
            WALLA,
            Verdict::Warn,
            format!("between {} and {}", decibels(lowest), decibels(highest)),
        )
        .advise("leave the walla gain at -10.0 dB for the whole bounce"),
        _ if set != WALLA_GAIN_TENTHS_DB => Finding::new(WALLA, Verdict::Warn, decibels(set))
            .advise("set the walla gain to -10.0 dB, unless the walla already comes with its -10 dB"),
        Some((gain, _)) => Finding::new(WALLA, Verdict::Warn, decibels(gain))
            .advise("bounce again with the walla gain at -10.0 dB"),
        None if bus.siblings.sounding == 0 => Finding::unknown(
            WALLA,
            "no walla went through: send it to the walla input, or put Premix Walla on its bus",
        ),
        None if bus.siblings.exact == bus.siblings.sounding => {
            Finding::new(WALLA, Verdict::Pass, format!("{} by Premix Walla", decibels(WALLA_GAIN_TENTHS_DB)))
                .aiming_at("-10.0 dB, for what went through it")
        }
        None => Finding::new(WALLA, Verdict::Unknown, "Premix Walla was not at -10.0 dB throughout")
            .advise("set Premix Walla to -10.0 dB, not bypassed, and bounce again"),
    }
}

fn judge_discernible(evidence: &Evidence) -> Finding {
    let Some(bus) = evidence.bus() else {
        return others::judge_discernible(evidence, evidence.file().and_then(|file| file.walla));
    };
    separation(evidence, &bus.mix.separation)
}

/// Whether dialogue and walla can be told apart.
fn separation(evidence: &Evidence, separation: &Separation) -> Finding {
    let Some(lowest) = separation.lowest_lu.filter(|_| separation.both_samples > 0) else {
        return Finding::unknown(DISCERNIBLE, "dialogue and walla have not sounded together");
    };
    let share = separation.below_samples as f64 / separation.both_samples as f64;
    let both = evidence.seconds(separation.both_samples);
    let lowest = beside(lowest, DISCERNIBLE_LU.into());
    let measured = match separation.below_samples {
        0 => format!("at least {lowest} LU for {both}"),
        below => format!(
            "at least {lowest} LU; below {DISCERNIBLE_LU} LU for {} of {both}, at most {} at a stretch",
            evidence.seconds(below),
            evidence.seconds(separation.longest_below_samples)
        ),
    };
    let longest = LONGEST_BELOW_SECONDS * u64::from(evidence.programme.sample_rate);
    if separation.longest_below_samples > longest || share > LARGEST_BELOW_SHARE {
        return Finding::new(DISCERNIBLE, Verdict::Warn, measured)
            .at(Some(evidence.place(separation.longest_below_start)))
            .advise("listen there: turn the walla down or the dialogue up if a line drowns");
    }
    Finding::new(DISCERNIBLE, Verdict::Pass, measured)
}

fn judge_complete(evidence: &Evidence) -> Finding {
    if let Some(bus) = evidence.bus()
        && bus.mix.lost_walla_samples > 0
    {
        let lost = evidence.seconds(bus.mix.lost_walla_samples);
        return Finding::new(COMPLETE, Verdict::Fail, format!("{lost} of walla came in while Walla was off"))
            .advise("turn Walla on and bounce again");
    }
    let programme = evidence.programme;
    if evidence.runs() {
        return Finding::unknown(COMPLETE, "it is judged at the end of the bounce");
    }
    if evidence.is_silent() {
        return match evidence.bus() {
            Some(_) if programme.samples == 0 => Finding::unknown(COMPLETE, "play or bounce"),
            _ => Finding::new(COMPLETE, Verdict::Fail, "silent from start to end")
                .advise("check mute, solo and routing: muted tracks are left out of a bounce"),
        };
    }
    let speech = programme.speech;
    // How long it is silent at head and tail shows when it is over.
    let extent = speech.extent.filter(|_| evidence.file().is_some()).map_or(String::new(), |(first, end)| {
        format!(", between {} and {}", evidence.place(first), evidence.place(end))
    });
    let measured = format!(
        "speech for {} of {}{extent}; the longest pause is {} at {}",
        evidence.seconds(speech.samples),
        evidence.seconds(programme.samples),
        evidence.seconds(speech.longest_pause_samples),
        evidence.place(speech.longest_pause_start)
    );
    Finding::new(COMPLETE, Verdict::Pass, measured)
}

fn judge_length(evidence: &Evidence) -> Finding {
    let (samples, sample_rate) = (evidence.programme.samples, evidence.programme.sample_rate);
    let Some(picture) = evidence.picture else {
        return Finding::new(
            LENGTH,
            Verdict::Unknown,
            format!("{samples} samples, {}", clock(samples, sample_rate)),
        )
        .advise(match evidence.source {
            Source::File(_) => {
                "give the picture with --picture, or its length with --length and --frame-rate"
            }
            Source::Bus(_) => "enter the picture's start and length",
        });
    };
    let rate = picture.length.timecode().map(Timecode::rate).or(evidence.frame_rate);
    let wanted = picture.samples(sample_rate);
    let target = match picture.length {
        Extent::Frames(_) => format!("{}, {} samples", picture.length, wanted.nearest),
        Extent::Samples { .. } => format!("{} samples, as the guide track", wanted.nearest),
    };
    let covers = evidence.bus().map(|bus| bus.pass.covers_picture);
    if let Some(covers) = covers {
        let part = format!("{} of {}", evidence.seconds(samples), evidence.seconds(wanted.nearest));
        match covers {
            Some(true) => return Finding::new(LENGTH, Verdict::Pass, "the whole picture").aiming_at(target),
            _ if evidence.runs() => {
                return Finding::unknown(LENGTH, "it is judged at the end of the bounce").aiming_at(target);
            }
            None => return Finding::unknown(LENGTH, "the host gives no position").aiming_at(target),
            // Less than half of the picture is somebody listening, not a bounce.
            Some(false) if samples < wanted.nearest / 2 => {
                return Finding::new(LENGTH, Verdict::Unknown, part)
                    .aiming_at(target)
                    .advise("bounce the whole picture");
            }
            Some(false) => {}
        }
    }
    let off = samples.abs_diff(wanted.nearest);
    let off = match rate {
        Some(rate) => describe_samples(off, rate, sample_rate),
        None => format!("{} ({off} samples)", clock(off, sample_rate)),
    };
    let measured = match samples {
        _ if covers.is_none() && wanted.contains(samples) => format!("{samples} samples"),
        _ if samples > wanted.nearest => format!("{samples} samples, {off} too long"),
        _ => format!("{samples} samples, {off} too short"),
    };
    let good = covers.is_none() && wanted.contains(samples);
    Finding::pass_or_fail(LENGTH, good, measured, wrong_length(samples, wanted.nearest, rate, sample_rate))
        .aiming_at(target)
}

/// What is usually behind a length like this.
fn wrong_length(samples: u64, wanted: u64, rate: Option<FrameRate>, sample_rate: u32) -> &'static str {
    let off = samples.abs_diff(wanted);
    // Without a rate, a frame at any.
    let one_frame = |rate: FrameRate| rate.samples(1, sample_rate);
    let is_one_frame = |rate| one_frame(rate).contains(off);
    let is_one_frame = rate.map_or_else(|| FrameRate::ALL.into_iter().any(is_one_frame), is_one_frame);
    let longest_frame = one_frame(rate.unwrap_or(FrameRate::Fps23_976)).longest;
    // Within a frame of `wanted` drawn out by `numerator / denominator`. In a short file a frame is more
    // than the drawing out, and would explain any length: there it must be hit more closely.
    let drawn_out = |numerator: u128, denominator: u128| {
        let wanted = u128::from(wanted);
        let drawn = wanted * numerator / denominator;
        let tolerance = u128::from(longest_frame).min(drawn.abs_diff(wanted) / 8);
        tolerance > 0 && drawn.abs_diff(u128::from(samples)) <= tolerance
    };
    if is_one_frame {
        "one frame: is the out point inclusive? bounce from the picture's first frame to its last"
    } else if off == latency_samples(sample_rate) as u64 {
        "this is the limiter's latency: let the host compensate it"
    } else if drawn_out(1001, 1000) || drawn_out(1000, 1001) {
        "0.1 %: the session's frame rate and the picture's differ by a pull-down"
    } else if drawn_out(25, 24) || drawn_out(24, 25) {
        "4 %: 24 frames a second were taken for 25, or the other way round"
    } else {
        "bounce exactly from the picture's start to its end, not to the end of the longest track"
    }
}

fn judge_start(evidence: &Evidence) -> Finding {
    let rate = evidence.programme.sample_rate;
    match evidence.source {
        Source::Bus(BusEvidence { pass: Pass { covers_picture: Some(true), .. }, .. }) => {
            Finding::new(START, Verdict::Pass, "from the picture's start")
        }
        Source::Bus(_) => Finding::unknown(START, "it is judged when the whole picture went through"),
        Source::File(file) => {
            let start = evidence.picture.and_then(|picture| picture.start);
            let Some(reference) = file.facts.time_reference() else {
                return Finding::new(START, Verdict::Unknown, "no time reference")
                    .advise("export as Broadcast Wave: its time reference says where the file belongs");
            };
            let measured = evidence.place(0);
            let Some(start) = start else {
                return Finding::new(START, Verdict::Unknown, measured)
                    .advise("give the picture's start with --start or --picture");
            };
            // A frame of 29.97 may begin between two samples: either is its start.
            let good = start.samples(rate).contains(reference);
            let advice = "bounce from the picture's first frame, or give the start that the session has";
            Finding::pass_or_fail(START, good, measured, advice).aiming_at(start.to_string())
        }
    }
}

fn judge_sync(evidence: &Evidence) -> Finding {
    let Some(bus) = evidence.bus() else {
        return others::judge_sync(evidence, evidence.file().and_then(|file| file.walla));
    };
    let Some(measured) = bus.click_delay_samples else {
        return Finding::unknown(SYNC, NOT_STARTED);
    };
    let reported = latency_samples(evidence.programme.sample_rate);
    match measured == reported {
        true => Finding::new(SYNC, Verdict::Pass, format!("{measured} samples late, as reported")),
        false => Finding::new(SYNC, Verdict::Fail, format!("{measured} samples late, {reported} reported"))
            .advise("this build of Premix is faulty: install another, and bounce again"),
    }
}

fn judge_source(evidence: &Evidence) -> Finding {
    let programme = evidence.programme;
    if evidence.is_silent() {
        return Finding::unknown(SOURCE, "nothing has sounded");
    }
    if evidence.bus().is_some() && programme.unlike_samples > 0 && over(programme.fold) {
        let measured = format!("left + right: {} dBTP", level(programme.fold.amplitude, CEILING_TENTHS_DBTP));
        return Finding::new(SOURCE, Verdict::Warn, measured)
            .at(Some(evidence.place(programme.fold.sample)))
            .advise("turn Mono on, so that the fold to mono comes before the limiter");
    }
    let loudness = programme.loudness;
    let steady = loudness.max_momentary_lufs - loudness.integrated_lufs < STEADY_LU;
    if programme.speech.samples == 0 && steady && !evidence.runs() {
        return Finding::new(SOURCE, Verdict::Warn, "a steady sound without speech")
            .advise("is it a line-up tone? bounce the premix bus");
    }
    if programme.speech.samples == 0 {
        return Finding::unknown(SOURCE, "no speech has been heard");
    }
    Finding::new(SOURCE, Verdict::Pass, "speech")
}

fn judge_bounced(_: &Evidence) -> Finding {
    Finding::for_a_person(BOUNCED)
}

fn judge_balance(evidence: &Evidence) -> Finding {
    let programme = evidence.programme;
    let Some(median) = programme.speech.median_lufs else { return Finding::for_a_person(BALANCE) };
    let measured = format!(
        "speech around {median:.1} LUFS, {:.0} % of it more than 6 LU away; LRA {:.1} LU",
        100.0 * programme.speech.uneven_share,
        programme.loudness.range_lu
    );
    Finding { measured, ..Finding::for_a_person(BALANCE) }
}

fn judge_name(evidence: &Evidence) -> Finding {
    let listed = |tokens: &mut dyn Iterator<Item = &Token>| {
        tokens.map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    match evidence.source {
        Source::Bus(BusEvidence { name: None, .. }) => {
            Finding::unknown(NAME, "enter package ID, title, language and version")
        }
        Source::Bus(BusEvidence { name: Some(Ok(name)), .. }) => {
            Finding::new(NAME, Verdict::Pass, name.to_string())
        }
        Source::Bus(BusEvidence { name: Some(Err(faults)), .. }) => {
            Finding::new(NAME, Verdict::Warn, "no name yet").advise(listed(&mut faults.iter()))
        }
        Source::File(FileEvidence { name, .. }) => {
            let reading = Reading::of(name);
            let finding = Finding::new(NAME, reading.grade().into(), name);
            let deviations = listed(&mut reading.deviations());
            match (reading.grade(), reading.corrected()) {
                (Grade::Strict, _) => finding,
                (Grade::Lenient, None) => finding.advise(deviations),
                (Grade::Lenient, Some(corrected)) => {
                    finding.advise(format!("{deviations}; rename it to {corrected}"))
                }
                (Grade::Unreadable, _) => finding.advise(listed(&mut reading.fault().into_iter())),
            }
        }
    }
}

fn judge_name_true(evidence: &Evidence) -> Finding {
    let Some(FileEvidence { name, meant, .. }) = evidence.file() else {
        return only_in_the_file(NAME_TRUE);
    };
    let said = Reading::of(name).values;
    let (mut agreed, mut faults) = (Vec::new(), Vec::new());
    let mut compare = |what: &str, said: Option<String>, meant: Option<String>| {
        let Some((said, meant)) = said.zip(meant) else { return };
        match said == meant {
            true => agreed.push(format!("{what} {said}")),
            false => faults.push(format!("{what} {said} instead of {meant}")),
        }
    };
    let text = |value: &Option<String>| value.clone();
    compare("package ID", text(&said.package_id), text(&meant.package_id));
    compare("title", text(&said.title), text(&meant.title));
    let rate = |rate: Option<FrameRate>| rate.map(|rate| rate.to_string());
    compare("frame rate", rate(said.frame_rate), rate(meant.frame_rate.or(evidence.frame_rate)));
    let language = |values: &Values| values.language.as_ref().map(ToString::to_string);
    compare("language", language(&said), language(meant));
    let version = |values: &Values| values.version.map(|version| format!("v{version}"));
    compare("version", version(&said), version(meant));
    if !faults.is_empty() {
        return Finding::new(NAME_TRUE, Verdict::Fail, faults.join(", "))
            .advise("rename the file, or bounce it anew from the right session");
    }
    if agreed.is_empty() {
        return Finding::unknown(
            NAME_TRUE,
            "say what is meant: --frame-rate or --picture, --package-id, --title, --language, --version",
        );
    }
    Finding::new(NAME_TRUE, Verdict::Pass, agreed.join(", "))
}

fn judge_upload(_: &Evidence) -> Finding {
    Finding::for_a_person(UPLOAD)
}

fn judge_order(_: &Evidence) -> Finding {
    Finding::for_a_person(ORDER)
}

fn judge_clipping(evidence: &Evidence) -> Finding {
    let advice = "listen there: record the line again, or turn it down before what clips it";
    marked(evidence, CLIPPING, &evidence.programme.clipped, "flat top", advice)
}

fn judge_drop_outs(evidence: &Evidence) -> Finding {
    let advice = "listen there: an edit without fades, or lost audio";
    marked(evidence, DROP_OUTS, &evidence.programme.drop_outs, "drop-out", advice)
}

/// Warns if there is any, at the worst of them.
fn marked(evidence: &Evidence, rule: &'static Rule, marks: &Marks, what: &str, advice: &str) -> Finding {
    if evidence.programme.samples == 0 {
        return Finding::unknown(rule, NOTHING_YET);
    }
    let measured = match marks.count {
        0 => "none".into(),
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    let worst = marks.worst.iter().max_by(|a, b| a.level.total_cmp(&b.level));
    match worst {
        None if marks.count == 0 => Finding::new(rule, Verdict::Pass, measured),
        worst => Finding::new(rule, Verdict::Warn, measured)
            .at(worst.map(|mark| evidence.place(mark.sample)))
            .advise(advice),
    }
}

fn judge_offset(evidence: &Evidence) -> Finding {
    if evidence.programme.samples == 0 {
        return Finding::unknown(OFFSET, NOTHING_YET);
    }
    let dc = evidence.programme.dc;
    if dc.abs() <= LARGEST_DC {
        return Finding::new(OFFSET, Verdict::Pass, "none");
    }
    let measured = format!("{:.1} dBFS", db_from_linear(dc.abs()));
    Finding::new(OFFSET, Verdict::Warn, measured).advise("filter what is below speech out of the recording")
}

fn judge_invalid(evidence: &Evidence) -> Finding {
    match evidence.programme.invalid_samples {
        0 if evidence.programme.samples == 0 => Finding::unknown(INVALID, NOTHING_YET),
        0 => Finding::new(INVALID, Verdict::Pass, "none"),
        count => Finding::new(INVALID, Verdict::Warn, format!("{count} samples that are no numbers"))
            .advise("a plug-in before the bounce is broken: they count as silence"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compliance::{Face, summary, worst};
    use crate::delivery::name::Fields;
    use crate::delivery::wav::{Container, WavProblem};
    use crate::engine::measurement::{Loudness, Speech};

    fn file(frames: u64) -> WavFacts {
        WavFacts {
            container: Container::Riff,
            format_tag: 1,
            extensible: false,
            sample_format: SampleFormat::Int24,
            channels: 1,
            sample_rate: 48_000,
            frames,
            bext: None,
            ixml: None,
            problems: Vec::new(),
        }
    }

    /// What is measured of a good file.
    fn programme(file: &WavFacts) -> Programme {
        let mut programme = Programme {
            sample_rate: file.sample_rate,
            channels: usize::from(file.channels),
            samples: file.frames,
            sounding_samples: file.frames,
            ..Programme::default()
        };
        programme.speech.samples = file.frames;
        programme
    }

    /// The same with these true peaks.
    fn peaking(file: &WavFacts, precise: f32, annex_2: f32) -> Programme {
        let peak = |amplitude| Peak { amplitude, sample: 48_000 };
        Programme { precise: peak(precise), annex_2: peak(annex_2), ..programme(file) }
    }

    const NOTHING: Values =
        Values { package_id: None, title: None, frame_rate: None, language: None, version: None };

    fn of_file<'a>(file: &'a WavFacts, programme: &'a Programme) -> Evidence<'a> {
        Evidence {
            programme,
            source: Source::File(FileEvidence {
                facts: file,
                name: "81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav",
                meant: &NOTHING,
                expected: Expected::default(),
                previous: None,
                walla: None,
            }),
            picture: None,
            frame_rate: None,
        }
    }

    /// The finding of a rule.
    fn find(evidence: &Evidence, id: &str) -> Finding {
        judge(evidence).into_iter().find(|finding| finding.rule.id == id).unwrap()
    }

    /// The verdict of a rule on a file of which nothing but its facts is wrong.
    fn verdict_on(file: &WavFacts, id: &str) -> Verdict {
        find(&of_file(file, &programme(file)), id).verdict
    }

    /// What the bus shows of a bounce that went well.
    struct Bounce {
        programme: Programme,
        mix: Mix,
        pass: Pass,
        settings: Settings,
        siblings: Siblings,
        click_delay_samples: Option<usize>,
        name: Option<Result<DeliveryName, Vec<Token>>>,
    }

    impl Bounce {
        fn good() -> Self {
            let file = file(480_000);
            let gain = Some((WALLA_GAIN_TENTHS_DB, WALLA_GAIN_TENTHS_DB));
            Self {
                programme: peaking(&file, 0.5, 0.5),
                mix: Mix {
                    walla_gain_tenths_db: gain,
                    highest_ceiling_tenths_dbtp: CEILING_TENTHS_DBTP,
                    separation: Separation {
                        lowest_lu: Some(7.0),
                        both_samples: 480_000,
                        ..Separation::default()
                    },
                    ..Mix::default()
                },
                pass: Pass { number: 1, start: Some(0), finished: true, covers_picture: Some(true) },
                settings: Settings::default(),
                siblings: Siblings::default(),
                click_delay_samples: Some(latency_samples(SAMPLE_RATE)),
                name: Some(Ok(Reading::of("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav")
                    .corrected()
                    .unwrap())),
            }
        }

        fn evidence(&self) -> Evidence<'_> {
            Evidence {
                programme: &self.programme,
                source: Source::Bus(BusEvidence {
                    mix: &self.mix,
                    pass: &self.pass,
                    settings: self.settings,
                    siblings: self.siblings,
                    click_delay_samples: self.click_delay_samples,
                    session_start: None,
                    name: self.name.as_ref(),
                }),
                picture: Some(ten_seconds()),
                frame_rate: Some(FrameRate::Fps24),
            }
        }

        fn verdict(&self, id: &str) -> Verdict {
            find(&self.evidence(), id).verdict
        }
    }

    fn length(text: &str, rate: FrameRate) -> Picture {
        Picture { length: Timecode::parse(text, rate).unwrap().into(), start: None }
    }

    fn ten_seconds() -> Picture {
        length("00:00:10:00", FrameRate::Fps24)
    }

    #[test]
    fn every_rule_is_judged_once_and_in_order_and_only_where_it_can_be() {
        let file = file(48_000);
        let programme = programme(&file);
        let bounce = Bounce::good();
        for (evidence, face) in [(of_file(&file, &programme), Face::File), (bounce.evidence(), Face::Bus)] {
            let findings = judge(&evidence);
            assert_eq!(findings.len(), RULES.len());
            for (finding, rule) in findings.iter().zip(RULES) {
                assert_eq!(finding.rule, *rule);
                let judged = finding.verdict >= Verdict::Pass;
                assert!(!judged || rule.judged_by.contains(&face), "{}", rule.id);
                assert_eq!(finding.verdict == Verdict::Person, rule.judged_by.is_empty(), "{}", rule.id);
            }
        }
    }

    #[test]
    fn a_good_bounce_passes_all_that_a_bus_shows() {
        let bounce = Bounce::good();
        let findings = judge(&bounce.evidence());
        assert_eq!(worst(&findings), Verdict::Pass);
        assert_eq!(summary(&findings), "15 pass, 4 not judged here");
    }

    #[test]
    fn true_peak_is_judged_by_both_meters() {
        let file = file(48_000);
        // -6 dBFS is 0.501187233627...; the next 32-bit float above it is over.
        let (at, above) = (0.501_187_2_f32, 0.501_187_3_f32);
        assert!(f64::from(at) <= 0.501_187_233_627_272_2 && f64::from(above) > 0.501_187_233_627_272_2);
        for (precise, annex_2, expected) in [
            (at, at, Verdict::Pass),
            (at, above, Verdict::Warn),
            (above, at, Verdict::Fail),
            (0.0, 0.0, Verdict::Pass),
        ] {
            let programme = peaking(&file, precise, annex_2);
            assert_eq!(find(&of_file(&file, &programme), "A5").verdict, expected);
        }
        let programme = peaking(&file, above, at);
        let finding = find(&of_file(&file, &programme), "A5");
        assert_eq!(finding.place.as_deref(), Some("00:00:01.000"));
        assert!(finding.measured.starts_with("-5.99999"), "{}", finding.measured);
    }

    #[test]
    fn the_table_states_what_is_judged_by() {
        let decibels = |tenths: i32| format!("{:.1}", f64::from(tenths) / 10.0);
        assert_eq!(TRUE_PEAK.target, format!("at most {} dBTP", decibels(CEILING_TENTHS_DBTP)));
        assert_eq!(WALLA.target, format!("{} dB", decibels(WALLA_GAIN_TENTHS_DB)));
        assert_eq!(RATE.target, format!("{SAMPLE_RATE} Hz"));
        assert_eq!(FORMAT.target, Expected::default().format.to_string());
        assert!(DISCERNIBLE.target.starts_with(&format!("{DISCERNIBLE_LU} LU")));
        let offset = format!("below {:.0} dBFS", db_from_linear(LARGEST_DC));
        assert_eq!(OFFSET.target, offset);
    }

    #[test]
    fn places_are_timecode_where_a_frame_rate_is_known() {
        let file = file(96_000);
        let programme = peaking(&file, 0.9, 0.9);
        let evidence = Evidence { frame_rate: Some(FrameRate::Fps25), ..of_file(&file, &programme) };
        assert_eq!(find(&evidence, "A5").place.as_deref(), Some("00:00:01:00"));
        // In a file without time reference from the start of the picture, and labelled as that is.
        let label = |text| Timecode::parse(text, FrameRate::Fps29_97).unwrap();
        let (length, start) = (label("00:00:02:00").into(), Some(label("01:00:00;00").into()));
        let picture = Some(Picture { length, start });
        let evidence = Evidence { picture, frame_rate: Some(FrameRate::Fps29_97), ..evidence };
        assert_eq!(find(&evidence, "A5").place.as_deref(), Some("01:00:00;29"));
    }

    #[test]
    fn places_on_a_bus_count_from_the_session_and_the_pass() {
        let mut bounce = Bounce::good();
        bounce.programme = peaking(&file(480_000), 0.9, 0.9);
        bounce.pass.start = Some(96_000);
        let mut evidence = bounce.evidence();
        if let Source::Bus(bus) = &mut evidence.source {
            bus.session_start = Some(Timecode::parse("01:00:00:00", FrameRate::Fps24).unwrap());
        }
        assert_eq!(find(&evidence, "A5").place.as_deref(), Some("01:00:03:00"));
    }

    #[test]
    fn facts_of_the_file_fail_their_rules() {
        let good = file(48_000);
        let bad =
            WavFacts { channels: 2, sample_rate: 44_100, sample_format: SampleFormat::Int16, ..file(48_000) };
        for id in ["A2", "A3", "A4"] {
            assert_eq!(verdict_on(&good, id), Verdict::Pass);
            assert_eq!(verdict_on(&bad, id), Verdict::Fail);
        }
        let faulty = |problem| WavFacts { problems: vec![problem], ..file(48_000) };
        let odd = faulty(WavProblem::MissingPadding { chunk: "data".into() });
        assert_eq!(verdict_on(&odd, "A1"), Verdict::Warn);
        let cut = faulty(WavProblem::TruncatedData { stated: 2, present: 1 });
        assert_eq!(verdict_on(&cut, "A1"), Verdict::Fail);
        // 1.2 GiB of 5.2 as a RIFF header states them, and the wrapped rest.
        let outgrown = faulty(WavProblem::TrailingBytes { at: 1_288_490_188, bytes: 1 << 32 });
        assert_eq!(verdict_on(&outgrown, "A1"), Verdict::Fail);
        let tail = faulty(WavProblem::TrailingBytes { at: 1_288_490_188, bytes: 4 });
        assert_eq!(verdict_on(&tail, "A1"), Verdict::Warn);
        assert_eq!(verdict_on(&file(0), "A1"), Verdict::Fail);
        let invalid = Programme { invalid_samples: 1, ..programme(&good) };
        assert_eq!(find(&of_file(&good, &invalid), "A1").verdict, Verdict::Fail);
        assert_eq!(find(&of_file(&good, &invalid), "E4").verdict, Verdict::Warn);
    }

    #[test]
    fn wrong_lengths_are_named() {
        let minute = length("00:01:00:00", FrameRate::Fps24);
        // A minute is 2 880 000 samples, a frame 2000.
        for (frames, expected, word) in [
            (2_880_000, Verdict::Pass, ""),
            (2_880_001, Verdict::Fail, "less than 1 frame"),
            (2_882_000, Verdict::Fail, "one frame"),
            (2_878_000, Verdict::Fail, "one frame"),
            (2_880_000 + latency_samples(48_000) as u64, Verdict::Fail, "latency"),
            (2_882_880, Verdict::Fail, "0.1 %"),
            (2_764_800, Verdict::Fail, "4 %"),
            (3_000_000, Verdict::Fail, "4 %"),
            (4_000_000, Verdict::Fail, "longest track"),
        ] {
            let file = file(frames);
            let programme = programme(&file);
            let finding = find(&Evidence { picture: Some(minute), ..of_file(&file, &programme) }, "A10");
            assert_eq!(finding.verdict, expected, "{frames}");
            let told = format!("{} {}", finding.measured, finding.advice.as_deref().unwrap_or(""));
            assert!(told.contains(word), "{told}");
        }
        // In a second of picture a frame and a half explains nothing.
        let second = length("00:00:01:00", FrameRate::Fps24);
        let file_of_a_second = file(51_000);
        let sound = programme(&file_of_a_second);
        let finding = find(&Evidence { picture: Some(second), ..of_file(&file_of_a_second, &sound) }, "A10");
        let told = finding.advice.as_deref();
        assert!(told.is_some_and(|told| told.contains("longest track")), "{told:?}");
        // A guide track tells no frame rate: one frame at any is one.
        let guide = Extent::Samples { count: 2_880_000, sample_rate: 48_000 };
        let guide = Picture { length: guide, start: None };
        for (frames, word) in [
            (2_880_000, "guide track"),
            (2_881_920, "one frame"),
            (2_878_400, "one frame"),
            (2_882_880, "0.1 %"),
            (3_000_000, "00:00:02.500 (120000 samples) too long"),
        ] {
            let file = file(frames);
            let programme = programme(&file);
            let finding = find(&Evidence { picture: Some(guide), ..of_file(&file, &programme) }, "A10");
            assert_eq!(finding.verdict == Verdict::Pass, frames == 2_880_000);
            let told = format!("{} {} {:?}", finding.measured, finding.target, finding.advice);
            assert!(told.contains(word), "{told}");
        }
        // 29.97: 1601.6 samples a frame; one frame may be rounded either way.
        let frame = length("00:00:00:01", FrameRate::Fps29_97);
        for (frames, expected) in
            [(1600, Verdict::Fail), (1601, Verdict::Pass), (1602, Verdict::Pass), (1603, Verdict::Fail)]
        {
            let file = file(frames);
            let programme = programme(&file);
            let evidence = Evidence { picture: Some(frame), ..of_file(&file, &programme) };
            assert_eq!(find(&evidence, "A10").verdict, expected);
        }
        assert_eq!(verdict_on(&file(1), "A10"), Verdict::Unknown);
    }

    #[test]
    fn a_pass_that_stops_short_of_the_picture_fails_unless_somebody_just_listened() {
        let mut bounce = Bounce::good();
        bounce.pass.covers_picture = Some(false);
        bounce.programme.samples = 478_000;
        let finding = find(&bounce.evidence(), "A10");
        assert_eq!(finding.verdict, Verdict::Fail);
        assert!(finding.measured.contains("too short"), "{}", finding.measured);
        bounce.programme.samples = 100_000;
        assert_eq!(bounce.verdict("A10"), Verdict::Unknown);
        assert_eq!(bounce.verdict("A11"), Verdict::Unknown);
        bounce.programme.samples = 478_000;
        bounce.pass.finished = false;
        assert_eq!(bounce.verdict("A10"), Verdict::Unknown);
        bounce.pass.covers_picture = None;
        bounce.pass.finished = true;
        assert_eq!(bounce.verdict("A10"), Verdict::Unknown);
    }

    #[test]
    fn the_time_reference_is_the_start_of_the_picture() {
        let start = Timecode::parse("01:00:00:01", FrameRate::Fps29_97).unwrap();
        let picture = Picture { start: Some(start.into()), ..length("00:00:10:00", FrameRate::Fps29_97) };
        let exact = start.start_sample(48_000);
        for (reference, expected) in [
            (Some(exact), Verdict::Pass),
            (Some(exact + 2), Verdict::Fail),
            (Some(exact - 2), Verdict::Fail),
            (None, Verdict::Unknown),
        ] {
            let bext = reference.map(|time_reference| crate::delivery::wav::Bext {
                time_reference,
                ..crate::delivery::wav::Bext::default()
            });
            let file = WavFacts { bext, ..file(480_480) };
            let programme = programme(&file);
            let evidence = Evidence { picture: Some(picture), ..of_file(&file, &programme) };
            assert_eq!(find(&evidence, "A11").verdict, expected, "{reference:?}");
        }
    }

    #[test]
    fn the_walla_gain_is_judged_by_what_sounded() {
        let walla = |change: fn(&mut Bounce)| {
            let mut bounce = Bounce::good();
            change(&mut bounce);
            bounce.verdict("A7")
        };
        assert_eq!(walla(|_| {}), Verdict::Pass);
        assert_eq!(walla(|bounce| bounce.mix.walla_gain_tenths_db = Some((-100, -99))), Verdict::Warn);
        assert_eq!(walla(|bounce| bounce.mix.walla_gain_tenths_db = Some((-90, -90))), Verdict::Warn);
        assert_eq!(walla(|bounce| bounce.mix.walla_gain_tenths_db = None), Verdict::Unknown);
        // At once, before any audio.
        assert_eq!(
            walla(|bounce| {
                bounce.mix.walla_gain_tenths_db = None;
                bounce.settings.walla_gain_tenths_db = -90;
            }),
            Verdict::Warn
        );
        let siblings = |sounding, exact, gain| {
            let mut bounce = Bounce::good();
            bounce.siblings = Siblings { sounding, exact };
            bounce.mix.walla_gain_tenths_db = gain;
            find(&bounce.evidence(), "A7")
        };
        assert_eq!(siblings(2, 2, None).verdict, Verdict::Pass);
        assert!(siblings(2, 2, None).target.contains("for what went through it"));
        assert_eq!(siblings(2, 1, None).verdict, Verdict::Unknown);
        let both = siblings(1, 1, Some((-100, -100)));
        assert_eq!(both.verdict, Verdict::Warn);
        assert!(both.advice.unwrap().contains("20 dB"));
    }

    #[test]
    fn a_wrong_ceiling_warns_and_a_bypassed_pass_fails() {
        let mut bounce = Bounce::good();
        bounce.settings.ceiling_tenths_dbtp = -59;
        assert_eq!(bounce.verdict("A5"), Verdict::Warn);
        bounce.settings.ceiling_tenths_dbtp = -70;
        assert_eq!(bounce.verdict("A5"), Verdict::Pass);
        bounce.mix.unlimited_samples = 1;
        assert_eq!(bounce.verdict("A5"), Verdict::Fail);
    }

    #[test]
    fn dialogue_that_drowns_warns() {
        let mut bounce = Bounce::good();
        let both = 480_000;
        // Two seconds at a stretch, a tenth of the time in all.
        for (below, longest, expected) in [
            (48_000, 48_000, Verdict::Pass),
            (48_001, 10_000, Verdict::Warn),
            (40_000, 40_000, Verdict::Pass),
        ] {
            bounce.mix.separation.below_samples = below;
            bounce.mix.separation.longest_below_samples = longest;
            bounce.mix.separation.both_samples = both;
            assert_eq!(bounce.verdict("A8"), expected, "{below} {longest}");
        }
        bounce.mix.separation = Separation {
            lowest_lu: Some(1.0),
            both_samples: 4_800_000,
            below_samples: 96_001,
            longest_below_samples: 96_001,
            ..Separation::default()
        };
        assert_eq!(bounce.verdict("A8"), Verdict::Warn);
        bounce.mix.separation = Separation::default();
        assert_eq!(bounce.verdict("A8"), Verdict::Unknown);
    }

    #[test]
    fn silence_and_lost_walla_fail() {
        let mut bounce = Bounce::good();
        bounce.mix.lost_walla_samples = 1;
        assert_eq!(bounce.verdict("A9"), Verdict::Fail);
        let mut silent = Bounce::good();
        silent.programme.sounding_samples = 0;
        assert_eq!(silent.verdict("A9"), Verdict::Fail);
        silent.pass.finished = false;
        assert_eq!(silent.verdict("A9"), Verdict::Unknown);
        let file = file(48_000);
        let nothing = Programme { sounding_samples: 0, ..programme(&file) };
        assert_eq!(find(&of_file(&file, &nothing), "A9").verdict, Verdict::Fail);
    }

    #[test]
    fn a_bounce_is_as_late_as_the_host_was_told() {
        let mut bounce = Bounce::good();
        let latency = latency_samples(SAMPLE_RATE);
        let told = format!("{latency} samples late, as reported");
        assert_eq!(find(&bounce.evidence(), "A12").measured, told);
        for delay in [0, latency - 1, latency + 1] {
            bounce.click_delay_samples = Some(delay);
            assert_eq!(bounce.verdict("A12"), Verdict::Fail, "{delay}");
        }
        bounce.click_delay_samples = None;
        assert_eq!(bounce.verdict("A12"), Verdict::Unknown);
        assert_eq!(verdict_on(&file(48_000), "A12"), Verdict::Unknown);
    }

    /// The delivery names no number for these, so the worst that a bounce can be is worth a look.
    #[test]
    fn no_threshold_of_ours_fails_a_bounce() {
        let mark = crate::engine::measurement::Mark { sample: 9, samples: 9, level: 1.0 };
        let marks = || Marks { count: 999, worst: vec![mark; 99] };
        let mut bounce = Bounce::good();
        let programme = &mut bounce.programme;
        (programme.clipped, programme.drop_outs) = (marks(), marks());
        (programme.dc, programme.invalid_samples) = (0.9, 99);
        programme.speech = Speech { uneven_share: 1.0, ..Speech::default() };
        programme.loudness =
            Loudness { integrated_lufs: -1.0, max_momentary_lufs: -1.0, ..programme.loudness };
        bounce.mix.separation = Separation {
            lowest_lu: Some(-99.0),
            below_samples: 480_000,
            longest_below_samples: 480_000,
            ..bounce.mix.separation
        };
        let findings = judge(&bounce.evidence());
        assert_eq!(worst(&findings), Verdict::Warn, "{}", summary(&findings));
        for id in ["A8", "A13", "E1", "E2", "E3", "E4"] {
            assert_eq!(bounce.verdict(id), Verdict::Warn, "{id}");
        }
        assert_eq!(bounce.verdict("A15"), Verdict::Person);
    }

    /// A window may be open before the host starts the plugin, and before anything is played.
    #[test]
    fn nothing_passes_or_fails_before_it_is_there() {
        let judged = |bounce: &Bounce| -> Vec<&str> {
            let findings = judge(&bounce.evidence());
            findings.iter().filter(|f| f.verdict >= Verdict::Pass).map(|f| f.rule.id).collect()
        };
        let mut bounce = Bounce::good();
        bounce.programme = Programme { sample_rate: 48_000, channels: 1, ..Programme::default() };
        bounce.mix = Mix { highest_ceiling_tenths_dbtp: -240, ..Mix::default() };
        (bounce.pass, bounce.name) = (Pass::default(), None);
        assert_eq!(judged(&bounce), ["A2", "A3", "A12"], "known from the host");
        (bounce.programme.sample_rate, bounce.programme.channels) = (0, 0);
        bounce.click_delay_samples = None;
        assert_eq!(judged(&bounce), [""; 0]);
    }

    #[test]
    fn a_stereo_bus_warns_of_the_fold_after_it() {
        let mut bounce = Bounce::good();
        bounce.programme.channels = 2;
        assert_eq!(bounce.verdict("A2"), Verdict::Unknown);
        assert_eq!(bounce.verdict("A13"), Verdict::Pass);
        bounce.programme.unlike_samples = 1;
        bounce.programme.fold = Peak { amplitude: 1.0, sample: 48_000 };
        assert_eq!(bounce.verdict("A2"), Verdict::Warn);
        let finding = find(&bounce.evidence(), "A13");
        assert_eq!(finding.verdict, Verdict::Warn);
        assert_eq!(finding.place.as_deref(), Some("00:00:01:00"));
        bounce.programme.fold.amplitude = 0.5;
        assert_eq!(bounce.verdict("A13"), Verdict::Pass);
    }

    #[test]
    fn a_line_up_tone_is_no_premix() {
        let file = file(480_000);
        let mut tone = programme(&file);
        tone.speech.samples = 0;
        tone.loudness.max_momentary_lufs = -20.0;
        tone.loudness.integrated_lufs = -20.0;
        assert_eq!(find(&of_file(&file, &tone), "A13").verdict, Verdict::Warn);
        tone.loudness.max_momentary_lufs = -15.0;
        assert_eq!(find(&of_file(&file, &tone), "A13").verdict, Verdict::Unknown);
    }

    #[test]
    fn faults_of_the_sound_warn_at_the_worst_place() {
        let file = file(480_000);
        let marks = Marks {
            count: 2,
            worst: [(48_000, 0.1), (96_000, 0.2)]
                .map(|(sample, level)| crate::engine::measurement::Mark { sample, samples: 9, level })
                .to_vec(),
        };
        let mut faulty = programme(&file);
        faulty.drop_outs = marks;
        faulty.dc = 0.0033;
        let evidence = of_file(&file, &faulty);
        assert_eq!(find(&evidence, "E1").verdict, Verdict::Pass);
        let finding = find(&evidence, "E2");
        assert_eq!(finding.verdict, Verdict::Warn);
        assert_eq!(finding.measured, "2 drop-outs");
        assert_eq!(finding.place.as_deref(), Some("00:00:02.000"));
        assert_eq!(find(&evidence, "E3").verdict, Verdict::Warn);
        faulty.dc = -0.0031;
        assert_eq!(find(&of_file(&file, &faulty), "E3").verdict, Verdict::Pass);
    }

    #[test]
    fn the_name_is_judged_by_the_convention() {
        let file = file(480_000);
        let programme = programme(&file);
        let named = |name, meant| {
            let mut evidence = of_file(&file, &programme);
            evidence.source = Source::File(FileEvidence {
                facts: &file,
                name,
                meant,
                expected: Expected::default(),
                previous: None,
                walla: None,
            });
            evidence.frame_rate = Some(FrameRate::Fps24);
            (find(&evidence, "A16"), find(&evidence, "A17"))
        };
        let (name, values) = named("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v1.wav", &NOTHING);
        assert_eq!((name.verdict, values.verdict), (Verdict::Pass, Verdict::Pass));
        let (name, values) = named("81234567_LaCasaAzul_25_Mono_PT-BR_PreMixQC_v1.wav", &NOTHING);
        assert_eq!((name.verdict, values.verdict), (Verdict::Warn, Verdict::Fail));
        let corrected = "81234567_LaCasaAzul_25_Mono_pt-BR_PreMixQC_v1.wav";
        assert!(name.advice.unwrap().ends_with(corrected));
        assert_eq!(values.measured, "frame rate 25 instead of 24");
        let (name, _) = named("out.wav", &NOTHING);
        assert_eq!(name.verdict, Verdict::Fail);
        let meant = Reading::of("81234567_Other_24_Mono_fr_PreMixQC_v2.wav").values;
        let (_, values) = named("81234567_LaCasaAzul_24_Mono_fr_PreMixQC_v2.wav", &meant);
        assert_eq!(values.measured, "title LaCasaAzul instead of Other");
    }

    #[test]
    fn a_name_in_the_making_tells_its_faults() {
        let mut bounce = Bounce::good();
        assert_eq!(bounce.verdict("A16"), Verdict::Pass);
        bounce.name = None;
        assert_eq!(bounce.verdict("A16"), Verdict::Unknown);
        let fields = Fields { title: "La Casa", ..Fields::default() };
        bounce.name = Some(DeliveryName::from_fields(fields));
        let finding = find(&bounce.evidence(), "A16");
        assert_eq!(finding.verdict, Verdict::Warn);
        assert!(finding.advice.unwrap().contains("title"));
    }
}
