//! What the window shows and what its user asks for: plain values.

use super::layout::Subject;
use crate::compliance::{Finding, TimeLine, Verdict, worst};
pub use crate::engine::Listen;
use crate::engine::measurement::Measurement;
use crate::engine::{Release, Settings};
pub use crate::plugin::fields::{Field, Fields, Times};

/// Everything that the window shows.
pub struct View<'a> {
    /// What goes through, or went through last.
    pub now: Reading<'a>,
    /// The last bounce, if there is one.
    pub bounce: Option<Reading<'a>>,
    pub settings: Settings,
    pub listen: Listen,
    /// Whether the host sends a walla input.
    pub walla_input: bool,
    /// Every Premix Walla of this process.
    pub wallas: &'a [Walla],
    pub fields: &'a Fields,
    pub times: &'a Times,
    pub name: &'a Name,
    pub saving: &'a Saving,
}

/// One pass, with what the rules say of it.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    pub measurement: &'a Measurement,
    pub findings: &'a [Finding],
    /// How its places are written.
    pub time_line: TimeLine,
    /// Time of the day when it was finished, for a bounce.
    pub made: Option<&'a str>,
}

impl Reading<'_> {
    /// The worst of its verdicts.
    pub fn verdict(&self) -> Verdict {
        worst(self.findings)
    }

    /// So many of its samples in seconds.
    pub fn seconds(&self, samples: u64) -> f64 {
        samples as f64 / f64::from(self.time_line.sample_rate.max(1))
    }

    /// Whether sound is still being measured.
    pub fn runs(&self) -> bool {
        !self.measurement.pass.finished && self.measurement.programme.samples > 0
    }
}

/// The delivery's file name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Name {
    /// Whole, or with placeholders for what is missing.
    pub text: String,
    /// Whether it is no name yet.
    pub incomplete: bool,
    /// What is wrong with what is there.
    pub faults: Vec<(Field, String)>,
    /// What is not there, once anything is.
    pub missing: Vec<Field>,
}

impl Name {
    /// What a report is named after.
    pub fn of_report(&self) -> &str {
        if self.incomplete { "premix" } else { &self.text }
    }
}

/// A Premix Walla.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Walla {
    /// Its gain, in tenths of a decibel; bypassed is 0.
    pub gain_tenths_db: i32,
    /// Whether sound goes through it now.
    pub sounds: bool,
}

/// What became of saving the report.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Saving {
    /// Nothing was asked for.
    #[default]
    Idle,
    /// It is being written.
    Writing,
    /// Its page lies in this file.
    Saved(String),
    /// There is such a report in this folder; nothing was written.
    Exists(String),
    /// Why it could not be written.
    Failed(String),
}

/// A parameter of the host. Its values are whole numbers: tenths of a decibel, milliseconds with
/// [`AUTO`] for an automatic release, 0 and 1 for off and on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Knob {
    Ceiling,
    Release,
    WallaGain,
    Walla,
    Mono,
    Bypass,
}

/// The release that means "automatic": one below the shortest.
pub const AUTO: i32 = *Release::MILLISECONDS.start() as i32 - 1;

impl Knob {
    pub const ALL: [Knob; 6] =
        [Knob::Ceiling, Knob::Release, Knob::WallaGain, Knob::Walla, Knob::Mono, Knob::Bypass];

    /// As hosts call it.
    pub fn name(self) -> &'static str {
        match self {
            Knob::Ceiling => "Ceiling",
            Knob::Release => "Release",
            Knob::WallaGain => "Walla Gain",
            Knob::Walla => "Walla",
            Knob::Mono => "Mono",
            Knob::Bypass => "Bypass",
        }
    }

    /// Lowest and highest value.
    pub fn range(self) -> (i32, i32) {
        match self {
            Knob::Ceiling | Knob::WallaGain => (*Settings::TENTHS_DB.start(), *Settings::TENTHS_DB.end()),
            Knob::Release => (AUTO, i32::from(*Release::MILLISECONDS.end())),
            Knob::Walla | Knob::Mono | Knob::Bypass => (0, 1),
        }
    }

    /// The value in these settings.
    pub fn value(self, settings: &Settings) -> i32 {
        match self {
            Knob::Ceiling => settings.ceiling_tenths_dbtp,
            Knob::WallaGain => settings.walla_gain_tenths_db,
            Knob::Release => match settings.release {
                Release::Auto => AUTO,
                Release::Milliseconds(milliseconds) => milliseconds.into(),
            },
            Knob::Walla => settings.walla.into(),
            Knob::Mono => settings.mono.into(),
            Knob::Bypass => settings.bypass.into(),
        }
    }

    /// The value of a new instance.
    pub fn default(self) -> i32 {
        self.value(&Settings::default())
    }

    /// A value as it is shown.
    pub fn text(self, value: i32) -> String {
        match self {
            Knob::Ceiling => format!("{:.1} dBTP", f64::from(value) / 10.0),
            Knob::WallaGain => format!("{:.1} dB", f64::from(value) / 10.0),
            Knob::Release if value == AUTO => "auto".into(),
            Knob::Release => format!("{value} ms"),
            Knob::Walla | Knob::Mono | Knob::Bypass => if value == 0 { "Off" } else { "On" }.into(),
        }
    }

    /// The value that a text stands for, the nearest in range.
    pub fn parse(self, text: &str) -> Option<i32> {
        let (lowest, highest) = self.range();
        if self == Knob::Release && text.trim().eq_ignore_ascii_case("auto") {
            return Some(AUTO);
        }
        let number = text.trim_end_matches(|c: char| c.is_alphabetic() || c.is_whitespace()).trim();
        let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite())?;
        let (value, lowest) = match self {
            Knob::Ceiling | Knob::WallaGain => (number * 10.0, lowest),
            // "0 ms" is the shortest release and not "auto".
            Knob::Release => (number, AUTO + 1),
            Knob::Walla | Knob::Mono | Knob::Bypass => (number, lowest),
        };
        Some(value.round().clamp(f64::from(lowest), f64::from(highest)) as i32)
    }
}

/// What the user asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A parameter is about to be moved.
    Begin(Knob),
    /// A parameter gets a value.
    Set(Knob, i32),
    /// A parameter is let go.
    End(Knob),
    /// A field gets a text.
    Edit(Field, String),
    /// Something else is to be heard.
    Listen(Listen),
    /// All measurements are to be forgotten, the bounce too.
    Reset,
    /// The report is to be written into a folder, over an old one if `replace`.
    Save { of: Subject, folder: String, replace: bool },
    /// What became of the last report has been read.
    SavingSeen,
}
