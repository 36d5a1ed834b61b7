//! What other files show about a premix: the version before, and the walla stem.

use crate::engine::measurement::{Mark, Separation};

/// How a premix differs from its version before.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Name of the version before, without its folder.
    pub name: String,
    /// How the two were laid over each other.
    pub alignment: Alignment,
    /// Where the first sample of the version before lies on the time line of the new one.
    pub start: i64,
    /// Length of the version before, in samples.
    pub samples: u64,
    /// Stretches where the difference exceeds -80 dBFS, in the order of time, at least half a second apart.
    /// Levels are the highest difference, as linear amplitude.
    pub changes: Vec<Mark>,
    /// Samples elsewhere, more than half a second from any of [`changes`](Self::changes), that differ by less.
    pub faint_samples: u64,
}

impl Comparison {
    /// Whether all that is more than half a second from any change is the same, bit for bit.
    pub fn rest_is_identical(&self) -> bool {
        self.faint_samples == 0
    }
}

/// How two versions were laid over each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alignment {
    /// Both have the same time reference.
    TimeReference,
    /// Both are equally long, or no place was found where they agree: both from their start.
    Start,
    /// Where their sound agrees.
    Sound,
}

/// The walla stem, as it is found in the premix.
#[derive(Clone, Debug, PartialEq)]
pub struct WallaFit {
    /// The gain of the stem in the premix, in decibels; `None` if nothing of it was found.
    pub gain_db: Option<f64>,
    /// Between these the gain lay for 80 % of the time it could be read, in decibels.
    pub spread_db: (f64, f64),
    /// How many samples late the stem lies in the premix, negative if early; `None` if it was not found.
    pub lag_samples: Option<i64>,
    /// Coherence of stem and premix where the gain was read, 0 to 1: the share of the premix that the stem
    /// explains.
    pub coherence: f64,
    /// Samples for which the gain could be read.
    pub usable_samples: u64,
    /// Samples for which the stem sounds.
    pub sounding_samples: u64,
    /// Premix without stem, over stem at its gain.
    pub separation: Separation,
}
