//! The state of the plugins: what a host has saved loads in every later version and is heard from the
//! first block on; what no version has saved does no harm. `cargo xtask bundle` comes first.

mod support;

use std::ptr;

use premix::engine::{BounceBus, Release, Settings};
use support::clap_host::{ClapBundle, ClapPlugin, PREMIX, PREMIX_WALLA};
use support::vst3_host::{self, Vst3Bundle, Vst3Plugin, kResultFalse, kResultOk};
use support::{by_engine, loud};
use vst3::Steinberg::Vst::IComponentTrait;

/// Hz.
const RATE: f64 = 48_000.0;
/// Samples of a render, and of a block, which both formats are told.
const LENGTH: usize = 8_000;

/// Parameters by name, and what they show.
type Shown = [(&'static str, &'static str)];

/// What version 0.1.0 of Premix has saved.
const PREMIX_0_1_0: &[u8] = include_bytes!("data/state-0.1.0-premix.json");
const PREMIX_0_1_0_SHOWN: &Shown = &[
    ("Ceiling", "-3.5 dBTP"),
    ("Release", "120 ms"),
    ("Walla", "Off"),
    ("Walla Gain", "-12.3 dB"),
    ("Mono", "On"),
    ("Bypass", "On"),
];

/// What version 0.1.0 of Premix Walla has saved.
const WALLA_0_1_0: &[u8] = include_bytes!("data/state-0.1.0-premix-walla.json");
const WALLA_0_1_0_SHOWN: &Shown = &[("Gain", "-7.1 dB"), ("Bypass", "On")];

/// Every state of the past: its plugin, by the id of CLAP and the index in VST3, and what it must show.
const PAST: [(&str, i32, &[u8], &Shown); 2] =
    [(PREMIX, 0, PREMIX_0_1_0, PREMIX_0_1_0_SHOWN), (PREMIX_WALLA, 1, WALLA_0_1_0, WALLA_0_1_0_SHOWN)];

/// A state that every parameter is heard in, and its settings.
const AUDIBLE: &[u8] = br#"{"version":"0.1.0","params":{"bypass":{"bool":false},"ceiling":{"f32":-12.5},
    "mono":{"bool":true},"release":{"i32":37},"walla":{"bool":true},"walla_gain":{"f32":-3.1}},"fields":{}}"#;
const AUDIBLE_SETTINGS: Settings = Settings {
    ceiling_tenths_dbtp: -125,
    walla_gain_tenths_db: -31,
    release: Release::Milliseconds(37),
    walla: true,
    mono: true,
    bypass: false,
};

#[test]
fn states_of_the_past_load() {
    let (clap, vst3) = (ClapBundle::load(), Vst3Bundle::load());
    for (id, index, state, shown) in PAST {
        let (clap, vst3) = (clap.create(id), vst3.create(index));
        for (name, text) in shown {
            assert_ne!(clap.shown(name), *text, "{name} is at its default");
        }
        assert!(clap.load(state));
        assert_eq!(vst3.load(state), kResultOk);
        for (name, text) in shown {
            assert_eq!(clap.shown(name), *text, "{id}, {name}");
            assert_eq!(vst3.shown(name), *text, "{id}, {name}");
        }
    }
}

#[test]
fn state_comes_back() {
    let (clap, vst3) = (ClapBundle::load(), Vst3Bundle::load());
    for (id, index, _, shown) in PAST {
        let plugin = clap.create(id);
        for (name, text) in shown {
            plugin.set(name, text);
        }
        let state = plugin.save();
        let json = String::from_utf8(state.clone()).unwrap();
        assert!(json.contains(concat!(r#""version":""#, env!("CARGO_PKG_VERSION"), '"')), "{json}");

        let other = clap.create(id);
        assert!(other.load(&state));
        assert_eq!(other.save(), state);
        for (name, text) in shown {
            assert_eq!(other.shown(name), *text);
        }
        // The same state in the other format.
        let vst3 = vst3.create(index);
        assert_eq!(vst3.load(&state), kResultOk);
        assert_eq!(vst3.save(), state);
    }
}

/// What the user tells of the delivery, and the window's size, belong to the session.
#[test]
fn fields_and_size_come_back() {
    let delivery = r#"{"package_id":"81234567","title":"La Casa","language":"pt-BR","version":"v2",
        "frame_rate":"23.976","session_start":"00:59:50:00","picture_start":"01:00:00:00","picture_length":"1"}"#;
    let fields = serde_json::json!({ "delivery": delivery, "window_width": "777", "window_height": "555" });
    let state = serde_json::json!({ "version": "0.1.0", "params": {}, "fields": fields }).to_string();
    let (clap, vst3) = (ClapBundle::load().create(PREMIX), Vst3Bundle::load().create(0));
    assert!(clap.load(state.as_bytes()));
    assert_eq!(vst3.load(state.as_bytes()), kResultOk);
    for saved in [clap.save(), vst3.save()] {
        let saved: serde_json::Value = serde_json::from_slice(&saved).unwrap();
        let kept = saved["fields"]["delivery"].as_str().unwrap();
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(kept), parse(delivery));
        for side in ["window_width", "window_height"] {
            assert_eq!(saved["fields"][side], fields[side]);
        }
    }
}

/// The parameters, the delivery, the instance and the size of the window: nothing else is kept, above all
/// not what is listened to.
#[test]
fn nothing_else_is_in_the_state() {
    for (id, params, fields) in [
        (
            PREMIX,
            &["bypass", "ceiling", "mono", "release", "walla", "walla_gain"][..],
            &["delivery", "instance", "window_height", "window_width"][..],
        ),
        (PREMIX_WALLA, &["bypass", "gain"], &["window_height", "window_width"]),
    ] {
        let state: serde_json::Value = serde_json::from_slice(&ClapBundle::load().create(id).save()).unwrap();
        let mut parts: Vec<&String> = state.as_object().unwrap().keys().collect();
        parts.sort();
        assert_eq!(parts, ["fields", "params", "version"]);
        for (part, known) in [("params", params), ("fields", fields)] {
            let mut keys: Vec<&String> = state[part].as_object().unwrap().keys().collect();
            keys.sort();
            assert_eq!(keys, known, "{id}");
        }
    }
}

/// The formats, as far as the states go.
enum Plugin {
    Clap(ClapPlugin),
    Vst3(Vst3Plugin),
}

impl Plugin {
    fn both() -> [Self; 2] {
        [Self::Clap(ClapBundle::load().create(PREMIX)), Self::Vst3(Vst3Bundle::load().create(0))]
    }

    /// Whether the plugin took the state.
    fn load(&self, state: &[u8]) -> bool {
        match self {
            Self::Clap(plugin) => plugin.load(state),
            Self::Vst3(plugin) => {
                let result = plugin.load(state);
                assert!([kResultOk, kResultFalse].contains(&result));
                result == kResultOk
            }
        }
    }

    fn shown(&self, name: &str) -> String {
        match self {
            Self::Clap(plugin) => plugin.shown(name),
            Self::Vst3(plugin) => plugin.shown(name),
        }
    }

    fn activate(&mut self) {
        match self {
            Self::Clap(plugin) => assert!(plugin.activate(RATE, LENGTH as u32)),
            Self::Vst3(plugin) => plugin.start(RATE, LENGTH as i32),
        }
    }

    fn deactivate(&mut self) {
        match self {
            Self::Clap(plugin) => plugin.deactivate(),
            Self::Vst3(plugin) => plugin.stop(),
        }
    }

    /// One block of what [`loud`] gives.
    fn render(&self) -> Vec<Vec<f32>> {
        let (mut dialogue, mut walla) = loud(2, LENGTH);
        match self {
            Self::Clap(plugin) => plugin.render(&dialogue, Some(&walla), &[LENGTH], &[]),
            Self::Vst3(plugin) => {
                let mut output = vec![vec![f32::NAN; LENGTH]; 2];
                let inputs = [vst3_host::channels(&mut dialogue), vst3_host::channels(&mut walla)];
                let outputs = [vst3_host::channels(&mut output)];
                assert_eq!(plugin.process_raw(&inputs, &outputs, LENGTH as i32), kResultOk);
                output
            }
        }
    }
}

/// The second of two blocks, before which the settings have changed from the default ones.
fn changed_by_engine(settings: Settings) -> Vec<Vec<f32>> {
    let (dialogue, walla) = loud(2, LENGTH);
    let mut bus = BounceBus::prepare(RATE as u32, 2, LENGTH).unwrap();
    let mut output = vec![vec![0.0; LENGTH]; 2];
    for settings in [Settings::default(), settings] {
        bus.set(settings);
        let [left, right] = &mut output[..] else { unreachable!() };
        bus.process(&[&dialogue[0][..], &dialogue[1]], Some(&[&walla[0][..], &walla[1]]), &mut [left, right]);
    }
    output
}

/// Before activation, after it, and between two blocks: heard from the next sample on.
#[test]
fn a_state_is_heard_in_the_first_block() {
    let (dialogue, walla) = loud(2, LENGTH);
    let expected = by_engine(RATE, AUDIBLE_SETTINGS, &dialogue, &walla);
    assert!(expected != by_engine(RATE, Settings::default(), &dialogue, &walla));
    for load_first in [true, false] {
        for mut plugin in Plugin::both() {
            if load_first {
                assert!(plugin.load(AUDIBLE));
            }
            plugin.activate();
            if !load_first {
                assert!(plugin.load(AUDIBLE));
            }
            assert!(plugin.render() == expected, "loaded before activation: {load_first}");
            plugin.deactivate();
        }
    }
    for mut plugin in Plugin::both() {
        plugin.activate();
        plugin.render();
        assert!(plugin.load(AUDIBLE));
        assert!(plugin.render() == changed_by_engine(AUDIBLE_SETTINGS));
        plugin.deactivate();
    }
}

/// States that are taken, and the ceiling that they give: foreign, from the future, of wrong types, out of
/// range.
const STRANGE: [(&[u8], &str); 9] = [
    (br#"{"version":"0.1.0","params":{"ceiling":{"f32":-3.0}},"fields":{}}"#, "-3.0 dBTP"),
    (WALLA_0_1_0, "-6.0 dBTP"),
    (br#"{"version":"9.0","params":{"gain":{"f32":1.0}},"fields":{"x":"y"}}"#, "-6.0 dBTP"),
    (
        br#"{"version":"9.0","params":{"ceiling":{"f32":-7.5},"loudness":{"string":"EBU"}},
            "fields":{"delivery":"{\"title\":[1,null]}","x":"{"},"more":{"and":["more"]}}"#,
        "-7.5 dBTP",
    ),
    (br#"{"version":"","params":{},"fields":{}}"#, "-6.0 dBTP"),
    (br#"{"params":{"ceiling":{"bool":true},"mono":{"i32":7}},"fields":{}}"#, "-6.0 dBTP"),
    (br#"{"params":{"ceiling":{"string":"-3"},"release":{"f32":7.0}},"fields":{}}"#, "-6.0 dBTP"),
    (br#"{"params":{"ceiling":{"f32":1e30},"release":{"i32":-9}},"fields":{}}"#, "0.0 dBTP"),
    (br#"{"params":{"ceiling":{"f32":-1e30},"release":{"i32":2147483647}},"fields":{}}"#, "-24.0 dBTP"),
];

/// States that are refused.
const BROKEN: [&[u8]; 9] = [
    b"",
    b"{}",
    b"null",
    b"\0\xff\xfe",
    b"[1, 2]",
    br#"{"params":{"ceiling":{"f64":1}},"fields":{}}"#,
    br#"{"params":{"ceiling":-3.0},"fields":{}}"#,
    br#"{"params":{"ceiling":{"f32":"low"}},"fields":{}}"#,
    br#"{"params":{},"fields":{"x":5}}"#,
];

/// Whatever is loaded, active or not: what is refused changes nothing, what is taken is in range, and a
/// good state is heard after all that.
#[test]
fn state_survives_anything() {
    let (dialogue, walla) = loud(2, LENGTH);
    for active in [false, true] {
        for mut plugin in Plugin::both() {
            if active {
                plugin.activate();
            }
            for (state, ceiling) in STRANGE {
                assert!(plugin.load(state), "{}", String::from_utf8_lossy(state));
                assert_eq!(plugin.shown("Ceiling"), ceiling, "{}", String::from_utf8_lossy(state));
                assert_eq!(plugin.shown("Mono"), "Off");
            }
            assert_eq!(plugin.shown("Release"), "500 ms");
            let truncated = (0..PREMIX_0_1_0.len()).map(|length| &PREMIX_0_1_0[..length]);
            for state in truncated.chain(BROKEN) {
                assert!(!plugin.load(state), "{}", String::from_utf8_lossy(state));
                assert_eq!(plugin.shown("Ceiling"), "-24.0 dBTP");
            }
            for place in 0..PREMIX_0_1_0.len() {
                for bit in 0..8 {
                    let mut damaged = PREMIX_0_1_0.to_vec();
                    damaged[place] ^= 1 << bit;
                    plugin.load(&damaged);
                }
            }
            match &plugin {
                Plugin::Clap(plugin) => {
                    for state in [&b""[..], b"\0", &[0xff; 8], &[0xff; 100], b"\x64\0\0\0\0\0\0\0{"] {
                        assert!(!plugin.load_raw(state));
                    }
                }
                Plugin::Vst3(plugin) => unsafe {
                    assert_ne!(plugin.component.setState(ptr::null_mut()), kResultOk);
                    assert_ne!(plugin.component.getState(ptr::null_mut()), kResultOk);
                },
            }
            assert!(plugin.load(AUDIBLE));
            if !active {
                plugin.activate();
            }
            assert!(plugin.render() == by_engine(RATE, AUDIBLE_SETTINGS, &dialogue, &walla));
            plugin.deactivate();
        }
    }
}
