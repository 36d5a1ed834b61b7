//! What is known of the sound that went through: plain values for windows, reports and rules.

use std::mem::take;

use super::true_peak::Peak;

/// How much is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measured {
    /// Everything.
    #[default]
    All,
    /// All but what costs most: loudness, speech, and the dialogue over the walla.
    WithoutLoudness,
    /// True peaks, overs and gain reduction alone.
    Peaks,
}

/// Everything that the bus has measured in one pass.
#[derive(Debug, Default, PartialEq)]
pub struct Measurement {
    /// The output, as it lies in the bounced file.
    pub programme: Programme,
    /// What was made of it on the way.
    pub mix: Mix,
    /// Which part of the picture it was.
    pub pass: Pass,
}

/// A finished programme: the output of the bus, or a file. Samples are counted from its first one.
///
/// Loudness and speech are those of the mono file, of (L + R) / 2 in stereo.
#[derive(Debug, Default, PartialEq)]
pub struct Programme {
    /// In Hz.
    pub sample_rate: u32,
    /// Channels that were read.
    pub channels: usize,
    /// Samples measured, of each channel.
    pub samples: u64,
    /// Highest peak by the precise interpolator.
    pub precise: Peak,
    /// The same by the filter of ITU-R BS.1770-5 Annex 2.
    pub annex_2: Peak,
    /// Highest precise peak of L + R in stereo: what a host's fold after the bus makes of it.
    pub fold: Peak,
    /// Samples at which the channels of stereo differ.
    pub unlike_samples: u64,
    /// Loudness by ITU-R BS.1770-5 and EBU Tech 3341.
    pub loudness: Loudness,
    /// Where there is speech, and how even it is.
    pub speech: Speech,
    /// Stretches whose precise true peak is over the delivery's ceiling; levels are linear amplitudes.
    pub overs: Marks,
    /// Flat tops of at least three equal samples at or near the loudest level; levels are linear amplitudes.
    pub clipped: Marks,
    /// Digital zero of 0.05 to 200 ms that is entered and left by a step from above -40 dBFS; levels are
    /// the smaller of both steps.
    pub drop_outs: Marks,
    /// Mean of all samples, full scale being 1.
    pub dc: f64,
    /// Samples that were not finite, or beyond 1e18, and became silence.
    pub invalid_samples: u64,
    /// Samples other than zero.
    pub sounding_samples: u64,
    /// How levels went over time.
    pub history: History,
}

/// Loudness by ITU-R BS.1770-5 in LUFS, negative infinity for silence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loudness {
    /// Of the last 400 ms.
    pub momentary_lufs: f64,
    /// Of the last 3 s.
    pub short_term_lufs: f64,
    /// Gated, of the whole programme.
    pub integrated_lufs: f64,
    /// Loudness range by EBU Tech 3342, in LU. Not stable in the first minute.
    pub range_lu: f64,
    /// Highest momentary loudness.
    pub max_momentary_lufs: f64,
    /// Highest short-term loudness.
    pub max_short_term_lufs: f64,
}

impl Default for Loudness {
    fn default() -> Self {
        Self {
            momentary_lufs: f64::NEG_INFINITY,
            short_term_lufs: f64::NEG_INFINITY,
            integrated_lufs: f64::NEG_INFINITY,
            range_lu: 0.0,
            max_momentary_lufs: f64::NEG_INFINITY,
            max_short_term_lufs: f64::NEG_INFINITY,
        }
    }
}

/// Speech in a programme.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Speech {
    /// Whether somebody speaks now.
    pub now: bool,
    /// Samples while somebody speaks.
    pub samples: u64,
    /// The first of them, and the one after the last; `None` before any.
    pub extent: Option<(u64, u64)>,
    /// The longest stretch without speech, in samples, so far; head and tail count too.
    pub longest_pause_samples: u64,
    /// Where it begins.
    pub longest_pause_start: u64,
    /// Median of the momentary loudness while somebody speaks, in LUFS; `None` before any.
    pub median_lufs: Option<f64>,
    /// Share of the speech that is more than 6 LU from the median, 0 to 1.
    pub uneven_share: f64,
}

/// What the bus did to its inputs.
#[derive(Debug, Default, PartialEq)]
pub struct Mix {
    /// The dialogue before the limiter.
    pub dialogue: InputLoudness,
    /// The walla at its gain, before the limiter.
    pub walla: InputLoudness,
    /// How far the dialogue is above the walla.
    pub separation: Separation,
    /// What the limiter did.
    pub reduction: Reduction,
    /// Overs of the input that the limiter caught; levels are linear true peaks before it.
    pub caught: Marks,
    /// Samples of walla other than zero that came in while walla was switched off.
    pub lost_walla_samples: u64,
    /// Samples that were heard through anything else than the limited output: bypassed, or by Listen.
    pub unlimited_samples: u64,
    /// Highest ceiling that was set, in tenths of dBTP.
    pub highest_ceiling_tenths_dbtp: i32,
    /// Lowest and highest gain that sounding walla got, in tenths of a decibel.
    pub walla_gain_tenths_db: Option<(i32, i32)>,
}

/// Loudness of an input in LUFS, negative infinity for silence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputLoudness {
    /// Of the last 400 ms.
    pub momentary_lufs: f64,
    /// Of the last 3 s.
    pub short_term_lufs: f64,
    /// Samples other than zero.
    pub sounding_samples: u64,
}

impl Default for InputLoudness {
    fn default() -> Self {
        Self { momentary_lufs: f64::NEG_INFINITY, short_term_lufs: f64::NEG_INFINITY, sounding_samples: 0 }
    }
}

/// Dialogue over walla: short-term loudness of the one minus that of the other, while both sound.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Separation {
    /// Now, in LU, if both sound.
    pub now_lu: Option<f64>,
    /// The lowest so far, in LU.
    pub lowest_lu: Option<f64>,
    /// Where it was lowest.
    pub lowest_sample: u64,
    /// Samples while both sound.
    pub both_samples: u64,
    /// Samples while both sound and the dialogue is less than 6 LU above.
    pub below_samples: u64,
    /// The longest stretch of those.
    pub longest_below_samples: u64,
    /// Where that stretch begins.
    pub longest_below_start: u64,
}

/// Gain reduction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reduction {
    /// Deepest in the last 100 ms, in decibels, 0 or negative.
    pub now_db: f64,
    /// Deepest of all, in decibels, 0 or negative.
    pub deepest_db: f64,
    /// Samples that were turned down by more than 0.1 dB.
    pub limited_samples: u64,
}

/// Where and when a pass was, on the host's time line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pass {
    /// Counts the passes of this bus.
    pub number: u64,
    /// The host's position of the first sample measured; `None` without a transport.
    pub start: Option<i64>,
    /// Whether it has ended.
    pub finished: bool,
    /// Whether every sample of the picture went through; `None` if that cannot be known.
    pub covers_picture: Option<bool>,
}

/// Places of one kind: all are counted, the worst are kept.
#[derive(Debug, Default, PartialEq)]
pub struct Marks {
    /// How many there were.
    pub count: u64,
    /// The worst [`Marks::KEPT`] of them, in the order of time.
    pub worst: Vec<Mark>,
}

/// A place in a programme.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mark {
    /// Its first sample.
    pub sample: u64,
    /// How long it is, in samples.
    pub samples: u64,
    /// How bad it is; [`Programme`] and [`Mix`] say in what.
    pub level: f32,
}

/// How levels went over time: in tenths of a second for the last minutes, and as a whole.
#[derive(Debug, Default, PartialEq)]
pub struct History {
    /// Samples of a tenth of a second.
    pub tenth_samples: u64,
    /// The last tenths of seconds, oldest first, at most [`History::RECENT`].
    pub recent: Vec<Bin>,
    /// How many tenths of seconds there were before those in `recent`.
    pub before_recent: u64,
    /// The whole programme, at most [`History::WHOLE`] bins.
    pub whole: Vec<Bin>,
    /// Tenths of seconds in each bin of `whole`; the last bin may have fewer.
    pub tenths_per_bin: u64,
}

/// One stretch of time in a [`History`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Highest precise true peak of the output, as linear amplitude.
    pub true_peak: f32,
    /// Deepest gain reduction in decibels, 0 or negative.
    pub reduction_db: f32,
    /// Highest short-term loudness of the output in LUFS.
    pub short_term_lufs: f32,
    /// Lowest of dialogue over walla in LU; infinite where not both sound.
    pub separation_lu: f32,
}

impl Default for Bin {
    fn default() -> Self {
        Self {
            true_peak: 0.0,
            reduction_db: 0.0,
            short_term_lufs: f32::NEG_INFINITY,
            separation_lu: f32::INFINITY,
        }
    }
}

/// Cloning and clearing by parts: what has had its room once is neither allocated nor freed again, so that
/// the audio thread may hand on what it measured.
macro_rules! by_parts {
    ($type:ident: $($part:ident),*) => {
        impl $type {
            /// As new, keeping its memory.
            pub fn clear(&mut self) {
                $(let mut $part = take(&mut self.$part);
                $part.clear();)*
                *self = Self { $($part,)* ..Self::default() };
            }
        }

        impl Clone for $type {
            fn clone(&self) -> Self {
                let mut clone = Self::default();
                clone.clone_from(self);
                clone
            }

            /// Allocates only where `self` has less room than `source` needs.
            fn clone_from(&mut self, source: &Self) {
                $(let mut $part = take(&mut self.$part);
                $part.clone_from(&source.$part);)*
                *self = Self { $($part,)* ..*source };
            }
        }
    };
}

by_parts!(Measurement: programme, mix);
by_parts!(Programme: overs, clipped, drop_outs, history);
by_parts!(Mix: caught);
by_parts!(Marks: worst);
by_parts!(History: recent, whole);

impl Measurement {
    /// With room for all that it can ever hold.
    pub fn with_room() -> Self {
        let mix = Mix { caught: Marks::with_room(), ..Mix::default() };
        Self { programme: Programme::with_room(), mix, pass: Pass::default() }
    }
}

impl Programme {
    /// With room for all that it can ever hold.
    pub fn with_room() -> Self {
        Self {
            overs: Marks::with_room(),
            clipped: Marks::with_room(),
            drop_outs: Marks::with_room(),
            history: History::with_room(),
            ..Self::default()
        }
    }
}

impl Marks {
    /// Places that are kept.
    pub const KEPT: usize = 256;

    /// With room for all that it can ever hold.
    pub fn with_room() -> Self {
        Self { count: 0, worst: Vec::with_capacity(Self::KEPT) }
    }
}

impl History {
    /// Tenths of seconds in [`History::recent`]: 3 minutes.
    pub const RECENT: usize = 1800;
    /// Bins in [`History::whole`].
    pub const WHOLE: usize = 2048;

    /// With room for all that it can ever hold.
    pub fn with_room() -> Self {
        Self {
            recent: Vec::with_capacity(Self::RECENT),
            whole: Vec::with_capacity(Self::WHOLE),
            ..Self::default()
        }
    }
}
