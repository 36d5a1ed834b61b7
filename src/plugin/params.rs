//! The parameters of Premix, as hosts and the state know them.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use nice_plug::formatters::v2s_f32_rounded;
use nice_plug::params::persist::PersistentField;
use nice_plug::params::{BoolParam, FloatParam, IntParam, Param, Params};
use nice_plug::plugin::{ParamValue, PluginState};
use nice_plug::prelude::{FloatRange, IntRange};

use super::fields::{Fields, Times};
use super::registry;
use super::telemetry::Telemetry;
use crate::engine::{Release, Settings};

/// Decibels: the lowest and the highest gain or ceiling.
const DECIBELS: (f32, f32) =
    (*Settings::TENTHS_DB.start() as f32 / 10.0, *Settings::TENTHS_DB.end() as f32 / 10.0);

/// Milliseconds: the longest release.
const RELEASE_MAX: i32 = *Release::MILLISECONDS.end() as i32;
/// One step below the shortest release: the value that means "automatic".
const RELEASE_AUTO: i32 = *Release::MILLISECONDS.start() as i32 - 1;

/// Width and height of a new window, in points.
const DEFAULT_SIZE: (u32, u32) = (1060, 740);
/// Widths and heights that a window may have, in points.
const SIZES: std::ops::RangeInclusive<u32> = 100..=16_000;

/// The ids are for ever: hosts keep automation and states by them.
#[derive(Params)]
pub struct PremixParams {
    #[id = "ceiling"]
    pub ceiling: FloatParam,
    #[id = "release"]
    pub release: IntParam,
    #[id = "walla"]
    pub walla: BoolParam,
    #[id = "walla_gain"]
    pub walla_gain: FloatParam,
    #[id = "mono"]
    pub mono: BoolParam,
    #[id = "bypass"]
    pub bypass: BoolParam,

    #[persist = "delivery"]
    pub delivery: Delivery,
    #[persist = "instance"]
    pub instance: Instance,
    /// The window's, in points.
    #[persist = "window_width"]
    pub width: Arc<AtomicU32>,
    #[persist = "window_height"]
    pub height: Arc<AtomicU32>,
}

/// The fields of the delivery. The audio thread learns of the picture whenever they change.
pub struct Delivery {
    fields: Mutex<Fields>,
    telemetry: Arc<Telemetry>,
}

impl Delivery {
    /// What stands in them.
    pub fn fields(&self) -> Fields {
        self.fields.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the audio thread where the picture is; for the activation, too, which brings the sample rate.
    pub fn tell(&self) {
        self.telemetry.set_picture(Times::read(&self.fields()).range(self.telemetry.sample_rate()));
        self.telemetry.touch();
    }
}

impl PersistentField<'_, Fields> for Delivery {
    fn set(&self, fields: Fields) {
        *self.fields.lock().unwrap_or_else(PoisonError::into_inner) = fields;
        self.tell();
    }

    fn map<F: Fn(&Fields) -> R, R>(&self, f: F) -> R {
        f(&self.fields())
    }
}

/// A random number that only copies of an instance share: some hosts render in one.
pub struct Instance {
    number: AtomicU64,
    telemetry: Arc<Telemetry>,
}

impl Instance {
    fn new(telemetry: Arc<Telemetry>) -> Self {
        let instance = Self { number: AtomicU64::new(0), telemetry };
        instance.set(RandomState::new().hash_one(0));
        instance
    }

    /// The number.
    pub fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }
}

impl PersistentField<'_, u64> for Instance {
    fn set(&self, number: u64) {
        self.number.store(number, Ordering::Relaxed);
        registry::enter(number, &self.telemetry);
    }

    fn map<F: Fn(&u64) -> R, R>(&self, f: F) -> R {
        f(&self.number())
    }
}

impl PremixParams {
    /// Of an instance that shares `telemetry` with its window.
    pub fn new(telemetry: &Arc<Telemetry>) -> Self {
        Self {
            ceiling: decibels("Ceiling", -6.0, " dBTP"),
            release: IntParam::new(
                "Release",
                RELEASE_AUTO,
                IntRange::Linear { min: RELEASE_AUTO, max: RELEASE_MAX },
            )
            .with_value_to_string(Arc::new(|release| {
                if release == RELEASE_AUTO { "auto".to_owned() } else { format!("{release} ms") }
            }))
            .with_string_to_value(Arc::new(|text| {
                if text.trim().eq_ignore_ascii_case("auto") {
                    return Some(RELEASE_AUTO);
                }
                let release = number(text)?.round() as i32;
                // So that "0 ms" is the shortest release and not "auto".
                Some(release.clamp(RELEASE_AUTO + 1, RELEASE_MAX))
            })),
            walla: BoolParam::new("Walla", true),
            walla_gain: decibels("Walla Gain", -10.0, " dB"),
            mono: BoolParam::new("Mono", false),
            bypass: BoolParam::new("Bypass", false).make_bypass(),
            delivery: Delivery { fields: Mutex::default(), telemetry: telemetry.clone() },
            instance: Instance::new(telemetry.clone()),
            width: Arc::new(AtomicU32::new(DEFAULT_SIZE.0)),
            height: Arc::new(AtomicU32::new(DEFAULT_SIZE.1)),
        }
    }

    /// What the engine is to do now.
    pub fn settings(&self) -> Settings {
        let release = match u16::try_from(self.release.value()) {
            Ok(milliseconds) if Release::MILLISECONDS.contains(&milliseconds) => {
                Release::Milliseconds(milliseconds)
            }
            _ => Release::Auto,
        };
        Settings {
            ceiling_tenths_dbtp: tenths(&self.ceiling),
            walla_gain_tenths_db: tenths(&self.walla_gain),
            release,
            walla: self.walla.value(),
            mono: self.mono.value(),
            bypass: self.bypass.value(),
        }
    }

    /// Makes a state whole, from whatever version or hand: what is missing or not understood gets
    /// its default, what is out of range the nearest value in range.
    pub fn mend(state: &mut PluginState) {
        let params = Self::new(&Telemetry::new().0);
        mend_decibels(state, "ceiling", &params.ceiling);
        mend_decibels(state, "walla_gain", &params.walla_gain);
        let release = match state.params.get("release") {
            Some(ParamValue::I32(release)) => (*release).clamp(RELEASE_AUTO, RELEASE_MAX),
            _ => params.release.default_plain_value(),
        };
        state.params.insert("release".into(), ParamValue::I32(release));
        mend_switch(state, "walla", &params.walla);
        mend_switch(state, "mono", &params.mono);
        mend_switch(state, "bypass", &params.bypass);
        mend_size(state);
        state.fields.retain(|field, json| match field.as_str() {
            "delivery" => serde_json::from_str::<Fields>(json).is_ok(),
            "instance" => serde_json::from_str::<u64>(json).is_ok(),
            _ => true,
        });
    }
}

/// A parameter in decibels, in steps of a tenth.
pub fn decibels(name: &str, default: f32, unit: &'static str) -> FloatParam {
    let (min, max) = DECIBELS;
    FloatParam::new(name, default, FloatRange::Linear { min, max })
        .with_step_size(0.1)
        .with_unit(unit)
        .with_value_to_string(v2s_f32_rounded(1))
        .with_string_to_value(Arc::new(number))
}

/// A parameter in decibels as whole tenths, the only form in which it enters arithmetic.
pub fn tenths(param: &FloatParam) -> i32 {
    (param.value() * 10.0).round() as i32
}

/// [`PremixParams::mend`] for one parameter in decibels.
pub fn mend_decibels(state: &mut PluginState, id: &str, param: &FloatParam) {
    let value = match state.params.get(id) {
        Some(ParamValue::F32(value)) if value.is_finite() => value.clamp(DECIBELS.0, DECIBELS.1),
        _ => param.default_plain_value(),
    };
    state.params.insert(id.into(), ParamValue::F32(value));
}

/// [`PremixParams::mend`] for one switch.
pub fn mend_switch(state: &mut PluginState, id: &str, param: &BoolParam) {
    if !matches!(state.params.get(id), Some(ParamValue::Bool(_))) {
        let default = param.default_plain_value();
        state.params.insert(id.into(), ParamValue::Bool(default));
    }
}

/// [`PremixParams::mend`] for the size of the window.
pub fn mend_size(state: &mut PluginState) {
    state.fields.retain(|field, json| {
        let is_size = ["window_width", "window_height"].contains(&field.as_str());
        !is_size || serde_json::from_str::<u32>(json).is_ok_and(|points| SIZES.contains(&points))
    });
}

/// The number at the start of a text like "-6.0 dBTP", "-6" or "120 ms".
fn number(text: &str) -> Option<f32> {
    text.trim_end_matches(|c: char| c.is_alphabetic() || c.is_whitespace()).trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text that a host shows can be typed into it.
    #[test]
    fn text_parses_back() {
        let params = PremixParams::new(&Telemetry::new().0);
        for step in 0..=240 {
            let normalized = params.ceiling.preview_normalized(step as f32 / -10.0);
            for with_unit in [false, true] {
                let text = params.ceiling.normalized_value_to_string(normalized, with_unit);
                let parsed = params.ceiling.string_to_normalized_value(&text);
                let parsed = params.ceiling.preview_plain(parsed.unwrap());
                assert_eq!((parsed * 10.0).round() as i32, -step, "{text}");
            }
        }
        for release in RELEASE_AUTO..=RELEASE_MAX {
            let normalized = params.release.preview_normalized(release);
            let text = params.release.normalized_value_to_string(normalized, true);
            let parsed = params.release.string_to_normalized_value(&text).unwrap();
            assert_eq!(params.release.preview_plain(parsed), release, "{text}");
        }
    }

    #[test]
    fn text_is_read_kindly() {
        for (text, value) in [("-6", -6.0), (" -6.04 dBTP", -6.04), ("-6dB", -6.0)] {
            assert_eq!(number(text), Some(value));
        }
        for text in ["", "dB", "six", "nan", "inf", "--6"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
