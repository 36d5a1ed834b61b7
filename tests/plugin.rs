//! The plugins as hosts meet them: the bundled CLAP and VST3, with what well-behaved hosts send and
//! what others do. `cargo xtask bundle premix` comes first.

mod support;

use std::mem;
use std::ptr;

use clap_sys::ext::params::{CLAP_PARAM_IS_AUTOMATABLE, CLAP_PARAM_IS_BYPASS, CLAP_PARAM_IS_STEPPED};
use clap_sys::process::CLAP_PROCESS_ERROR;
use premix::engine::{Settings, latency_samples};
use support::clap_host::{self, ClapBundle, PREMIX, PREMIX_WALLA};
use support::signals::{Random, band_limited, sine};
use support::vst3_host::{
    self, AUDIO, INPUT, OUTPUT, ProcessModes_, SpeakerArr, Vst3Bundle, kInvalidArgument, kNotInitialized,
    kResultFalse, kResultOk,
};
use support::{amplitude, by_engine, loud, noises};
use vst3::Steinberg::Vst::{
    BusInfo, IAudioProcessorTrait, IComponentTrait, IEditControllerTrait, ParameterInfo,
};

/// Hz.
const RATE: f64 = 48_000.0;
/// Samples from input to output.
const LATENCY: usize = 80;
/// -10 dB.
const WALLA_GAIN: f64 = 0.316_227_766_016_837_94;

/// Block sizes that share no pattern with anything.
const BLOCKS: [usize; 8] = [1, 64, 63, 1024, 65, 2, 500, 333];

/// What Premix makes of dialogue and walla, without a limiter.
fn premixed(dialogue: &[Vec<f32>], walla: Option<&[Vec<f32>]>) -> Vec<Vec<f32>> {
    let bus = |channel: usize, index: usize| {
        let walla = walla.map_or(0.0, |walla| f64::from(walla[channel][index]));
        (f64::from(dialogue[channel][index]) + WALLA_GAIN * walla) as f32
    };
    (0..dialogue.len())
        .map(|channel| {
            (0..dialogue[channel].len())
                .map(|index| index.checked_sub(LATENCY).map_or(0.0, |index| bus(channel, index)))
                .collect()
        })
        .collect()
}

#[test]
fn clap_describes_two_plugins() {
    let plugins = ClapBundle::load().plugins();
    let names: Vec<_> = plugins.iter().map(|plugin| plugin.name.as_str()).collect();
    assert_eq!(names, ["Premix", "Premix Walla"]);
    assert_eq!(plugins[0].features, ["audio-effect", "limiter", "mastering", "mono", "stereo"]);
}

#[test]
fn vst3_describes_two_plugins() {
    let plugins = Vst3Bundle::load().plugins();
    assert_eq!(
        plugins,
        [
            ("Premix".to_owned(), "Fx|Dynamics|Mastering".to_owned()),
            ("Premix Walla".to_owned(), "Fx|Tools".to_owned()),
        ]
    );
}

#[test]
fn clap_offers_the_layouts_in_order() {
    let bundle = ClapBundle::load();
    let plugin = bundle.create(PREMIX);
    assert_eq!(plugin.layouts(), ["Stereo with walla", "Mono with walla", "Stereo", "Mono"]);
    let ports = |plugin: &clap_host::ClapPlugin, is_input| {
        let ports = plugin.ports(is_input).into_iter();
        ports.map(|(name, width)| format!("{name} {width}")).collect::<Vec<_>>()
    };
    for (index, inputs, outputs) in [
        (0, vec!["Input 2", "Walla 2"], ["Output 2"]),
        (1, vec!["Input 1", "Walla 1"], ["Output 1"]),
        (2, vec!["Input 2"], ["Output 2"]),
        (3, vec!["Input 1"], ["Output 1"]),
    ] {
        assert!(plugin.select(index));
        assert_eq!(ports(&plugin, true), inputs);
        assert_eq!(ports(&plugin, false), outputs);
    }
}

#[test]
fn parameters_are_generic() {
    let bundle = ClapBundle::load();
    let plugin = bundle.create(PREMIX);
    let shown: Vec<_> = plugin
        .params()
        .iter()
        .map(|param| {
            assert_ne!(param.flags & CLAP_PARAM_IS_AUTOMATABLE, 0, "{}", param.name);
            let text = plugin.value_to_text(param.id, param.default);
            assert_eq!(plugin.value(param.id), param.default);
            assert_eq!(plugin.text_to_value(param.id, &text), Some(param.default), "{text}");
            format!("{} {text}", param.name)
        })
        .collect();
    assert_eq!(
        shown,
        ["Ceiling -6.0 dBTP", "Release auto", "Walla On", "Walla Gain -10.0 dB", "Mono Off", "Bypass Off"]
    );
    let flags = |name| plugin.param(name).flags;
    assert_ne!(flags("Bypass") & CLAP_PARAM_IS_BYPASS, 0);
    assert_ne!(flags("Release") & CLAP_PARAM_IS_STEPPED, 0);
    assert!(!plugin.has_param(6));
    assert!(!plugin.has_param(u32::MAX));
    assert_eq!(bundle.create(PREMIX_WALLA).params().len(), 2);
}

/// Any layout, with and without walla, in blocks of any size: dialogue + walla x gain, in time.
#[test]
fn clap_renders() {
    let bundle = ClapBundle::load();
    for (layout, channels, has_walla) in
        [(0, 2, true), (1, 1, true), (2, 2, false), (3, 1, false), (0, 2, false), (1, 1, false)]
    {
        let dialogue = noises(1, channels, 20_000, 0.1);
        let walla = has_walla.then(|| noises(2, channels, 20_000, 0.1));
        let mut plugin = bundle.create(PREMIX);
        assert!(plugin.select(layout));
        assert!(plugin.activate(RATE, 1024));
        assert_eq!(plugin.latency() as usize, LATENCY);
        assert_eq!(plugin.tail() as usize, LATENCY);
        let output = plugin.render(&dialogue, walla.as_deref(), &BLOCKS, &[]);
        assert!(output == premixed(&dialogue, walla.as_deref()), "layout {layout}");
    }
}

/// Block sizes, the render mode, the sample rate and the thread change no bit.
#[test]
fn clap_renders_the_same_bits_always() {
    let bundle = ClapBundle::load();
    let (dialogue, walla) = (noises(3, 2, 30_000, 0.1), noises(4, 2, 30_000, 0.1));
    let changes = |plugin: &clap_host::ClapPlugin| {
        [
            plugin.change(8192, "Walla", "Off"),
            plugin.change(16_384, "Walla", "On"),
            plugin.change(24_576, "Walla Gain", "-12.0 dB"),
        ]
    };
    for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        let mut reference = None;
        for offline in [false, true] {
            for blocks in [&[8192][..], &[1], &[64, 4096, 32]] {
                let mut plugin = bundle.create(PREMIX);
                assert!(plugin.set_offline(offline));
                assert!(plugin.activate(rate, 8192));
                let changes = changes(&plugin);
                let output = plugin.render(&dialogue, Some(&walla), blocks, &changes);
                let reference = reference.get_or_insert_with(|| output.clone());
                assert!(output == *reference, "{rate} Hz, offline {offline}, {blocks:?}");
            }
        }
    }
}

#[test]
fn a_reset_starts_clean() {
    let bundle = ClapBundle::load();
    let mut plugin = bundle.create(PREMIX);
    assert!(plugin.activate(RATE, 512));
    plugin.render(&noises(5, 2, 512, 0.1), None, &[512], &[]);
    plugin.reset();
    let output = plugin.render(&vec![vec![0.0; 512]; 2], None, &[512], &[]);
    assert!(output.iter().flatten().all(|&sample| sample == 0.0));
}

/// Where the transport jumps, nothing from before comes out; where it plays on, the last samples do.
#[test]
fn a_jump_of_the_transport_starts_clean() {
    let (clap, vst3) = (ClapBundle::load(), Vst3Bundle::load());
    let before = noises(5, 2, 512, 0.1);
    for (position, plays_on) in [(48_512, true), (480_000, false), (0, false)] {
        let mut expected = vec![vec![0.0; 512]; 2];
        if plays_on {
            for (expected, before) in expected.iter_mut().zip(&before) {
                expected[..LATENCY].copy_from_slice(&before[512 - LATENCY..]);
            }
        }
        let mut plugin = clap.create(PREMIX);
        assert!(plugin.activate(RATE, 512));
        plugin.transport.set(Some((true, 48_000)));
        plugin.render(&before, None, &[512], &[]);
        plugin.transport.set(Some((true, position)));
        let output = plugin.render(&vec![vec![0.0; 512]; 2], None, &[512], &[]);
        assert!(output == expected, "CLAP, to {position}");

        let plugin = vst3.create(0);
        plugin.start(RATE, 512);
        let mut output = vec![vec![9.0; 512]; 2];
        for (position, mut input) in [(48_000, before.clone()), (position, vec![vec![0.0; 512]; 2])] {
            plugin.transport.set(Some((true, position)));
            let (inputs, outputs) = ([vst3_host::channels(&mut input)], [vst3_host::channels(&mut output)]);
            assert_eq!(plugin.process_raw(&inputs, &outputs, 512), kResultOk);
        }
        assert!(output == expected, "VST3, to {position}");
        plugin.stop();
    }
}

#[test]
fn walla_plugin_is_a_gain_without_latency() {
    let bundle = ClapBundle::load();
    let mut plugin = bundle.create(PREMIX_WALLA);
    assert!(plugin.activate(RATE, 1024));
    assert_eq!((plugin.latency(), plugin.tail()), (0, 0));
    let input = noises(6, 2, 10_000, 1.0);
    let output = plugin.render(&input, None, &BLOCKS, &[]);
    let expected = input.iter().flatten().map(|&x| (f64::from(x) * WALLA_GAIN) as f32);
    assert!(output.iter().flatten().copied().eq(expected));
}

/// A change of gain is a ramp and no step.
#[test]
fn walla_plugin_does_not_click() {
    let bundle = ClapBundle::load();
    let mut plugin = bundle.create(PREMIX_WALLA);
    assert!(plugin.activate(RATE, 1024));
    let change = [plugin.change(1000, "Bypass", "On")];
    let output = plugin.render(&vec![vec![1.0; 4000]; 2], None, &[500], &change);
    for channel in &output {
        let steepest = channel.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(steepest < 0.001, "a step of {steepest}");
        assert_eq!(channel[3999], 1.0);
    }
}

/// What stands for a bus without sound: no array, no channels, null pointers, and null before
/// garbage, as pedalboard sends it.
fn null_buses() -> [Option<Vec<*mut f32>>; 4] {
    [
        None,
        Some(vec![]),
        Some(vec![ptr::null_mut(); 2]),
        Some(vec![ptr::null_mut(), ptr::without_provenance_mut(8)]),
    ]
}

/// Fault 1, CLAP.
#[test]
fn clap_null_walla_is_silence() {
    let bundle = ClapBundle::load();
    let expected = premixed(&noises(7, 2, 512, 0.1), None);
    for walla in null_buses() {
        let mut plugin = bundle.create(PREMIX);
        assert!(plugin.activate(RATE, 512));
        let (mut dialogue, mut output) = (noises(7, 2, 512, 0.1), vec![vec![9.0; 512]; 2]);
        let inputs = [clap_host::channels(&mut dialogue, 0), walla];
        plugin.process_raw(&inputs, &[clap_host::channels(&mut output, 0)], 512);
        assert!(output == expected);
    }
}

/// Fault 1, VST3.
#[test]
fn vst3_null_walla_is_silence() {
    let bundle = Vst3Bundle::load();
    let expected = premixed(&noises(7, 2, 512, 0.1), None);
    for walla in null_buses() {
        let plugin = bundle.create(0);
        plugin.start(RATE, 512);
        let (mut dialogue, mut output) = (noises(7, 2, 512, 0.1), vec![vec![9.0; 512]; 2]);
        let inputs = [vst3_host::channels(&mut dialogue), walla];
        let outputs = [vst3_host::channels(&mut output)];
        assert_eq!(plugin.process_raw(&inputs, &outputs, 512), kResultOk);
        assert!(output == expected);
        plugin.stop();
    }
}

/// Fault 2: the host sends fewer buses than the plugin has.
#[test]
fn clap_missing_buses_are_silence() {
    let bundle = ClapBundle::load();
    let mut plugin = bundle.create(PREMIX);
    assert!(plugin.activate(RATE, 512));
    let (mut dialogue, mut output) = (noises(8, 2, 512, 0.1), vec![vec![9.0; 512]; 2]);
    let outputs = [clap_host::channels(&mut output, 0)];
    plugin.process_raw(&[clap_host::channels(&mut dialogue, 0)], &outputs, 512);
    plugin.process_raw(&[], &outputs, 512);
    plugin.process_raw(&[], &outputs, 512);
    assert!(output.iter().flatten().all(|&sample| sample == 0.0));
    plugin.process_raw(&[], &[], 512);
    plugin.process_raw(&[clap_host::channels(&mut dialogue, 0)], &[None], 512);
    plugin.process_raw(&[], &outputs, 0);
}

/// Fault 2, VST3.
#[test]
fn vst3_missing_buses_are_silence() {
    let bundle = Vst3Bundle::load();
    let plugin = bundle.create(0);
    plugin.start(RATE, 512);
    let (mut dialogue, mut output) = (noises(8, 2, 512, 0.1), vec![vec![9.0; 512]; 2]);
    let outputs = [vst3_host::channels(&mut output)];
    let inputs = [vst3_host::channels(&mut dialogue)];
    assert_eq!(plugin.process_raw(&inputs, &outputs, 512), kResultOk);
    assert_eq!(plugin.process_raw(&[], &outputs, 512), kResultOk);
    assert_eq!(plugin.process_raw(&[], &outputs, 512), kResultOk);
    assert!(output.iter().flatten().all(|&sample| sample == 0.0));
    assert_eq!(plugin.process_raw(&[], &[], 512), kResultOk);
    assert_eq!(plugin.process_raw(&inputs, &[None], 512), kResultOk);
    assert_eq!(plugin.process_raw(&[], &outputs, 0), kResultOk);
    assert_eq!(plugin.process_raw(&[], &outputs, -1), kInvalidArgument);
    plugin.stop();
}

/// Fault 2: more channels than the plugin has, or one into two.
#[test]
fn other_widths_are_adapted() {
    let clap = ClapBundle::load();
    let vst3 = Vst3Bundle::load();
    let dialogue = noises(9, 2, 512, 0.1);
    for (inputs, outputs) in [(6, 6), (1, 2), (2, 1), (6, 1)] {
        let mut wide = dialogue.clone();
        wide.resize(inputs, vec![0.5; 512]);
        let heard = if inputs == 1 { vec![dialogue[0].clone(); 2] } else { dialogue.clone() };
        let mut expected = premixed(&heard, None);
        expected.resize(outputs, vec![0.0; 512]);

        let mut plugin = clap.create(PREMIX);
        assert!(plugin.activate(RATE, 512));
        let mut output = vec![vec![9.0; 512]; outputs];
        plugin.process_raw(&[clap_host::channels(&mut wide, 0)], &[clap_host::channels(&mut output, 0)], 512);
        assert!(output == expected, "CLAP, {inputs} into {outputs}");

        let plugin = vst3.create(0);
        plugin.start(RATE, 512);
        let mut output = vec![vec![9.0; 512]; outputs];
        let buses = [vst3_host::channels(&mut output)];
        assert_eq!(plugin.process_raw(&[vst3_host::channels(&mut wide)], &buses, 512), kResultOk);
        assert!(output == expected, "VST3, {inputs} into {outputs}");
        plugin.stop();
    }
}

/// Fault 11: the host breaks its word about the longest block. Development bundles abort where `process`
/// allocates.
#[test]
fn longer_blocks_than_announced() {
    let mut dialogue = noises(10, 2, 5000, 0.1);
    let expected = premixed(&dialogue, None);
    let mut plugin = ClapBundle::load().create(PREMIX);
    assert!(plugin.activate(RATE, 64));
    assert!(plugin.render(&dialogue, None, &[5000], &[]) == expected);

    let plugin = Vst3Bundle::load().create(0);
    plugin.start(RATE, 64);
    let mut output = vec![vec![9.0; 5000]; 2];
    let inputs = [vst3_host::channels(&mut dialogue)];
    assert_eq!(plugin.process_raw(&inputs, &[vst3_host::channels(&mut output)], 5000), kResultOk);
    assert!(output == expected);
    plugin.stop();
}

/// Fault 4.
#[test]
fn vst3_arrangements_are_compared_bus_by_bus() {
    const MONO: u64 = SpeakerArr::kMono;
    const STEREO: u64 = SpeakerArr::kStereo;
    let bundle = Vst3Bundle::load();
    for (inputs, output, result, answer) in [
        (&[STEREO, STEREO][..], STEREO, kResultOk, &[STEREO, STEREO][..]),
        (&[MONO, MONO], MONO, kResultOk, &[MONO, MONO]),
        (&[STEREO], STEREO, kResultOk, &[STEREO]),
        (&[MONO], MONO, kResultOk, &[MONO]),
        (&[MONO, STEREO], MONO, kResultFalse, &[MONO, MONO]),
        (&[STEREO, MONO], STEREO, kResultFalse, &[STEREO, STEREO]),
        (&[STEREO, SpeakerArr::kEmpty], STEREO, kResultFalse, &[STEREO, STEREO]),
        (&[SpeakerArr::k51, STEREO], SpeakerArr::k51, kResultFalse, &[STEREO, STEREO]),
        (&[MONO, MONO], STEREO, kResultFalse, &[STEREO, STEREO]),
        // As Ardour asks for its mono buses, with and without a side-chain.
        (&[STEREO, STEREO], MONO, kResultFalse, &[MONO, MONO]),
        (&[STEREO], MONO, kResultFalse, &[MONO]),
    ] {
        let plugin = bundle.create(0);
        assert_eq!(plugin.arrange(inputs, &[output]), result, "{inputs:?} to {output}");
        assert_eq!(plugin.arrangements(INPUT), answer, "{inputs:?} to {output}");
        assert_eq!(plugin.arrangements(OUTPUT), answer[..1], "{inputs:?} to {output}");
    }
    // The answer does not depend on what was asked before.
    let plugin = bundle.create(0);
    assert_eq!(plugin.arrange(&[MONO, MONO], &[MONO]), kResultOk);
    assert_eq!(plugin.arrange(&[STEREO, MONO], &[STEREO]), kResultFalse);
    assert_eq!(plugin.arrangements(INPUT), [STEREO, STEREO]);
    // Not while active.
    plugin.start(RATE, 512);
    assert_eq!(plugin.arrange(&[MONO], &[MONO]), kResultFalse);
    plugin.stop();
}

/// On a mono bus Ardour sends two channels, the second silent, though it asked for one out.
#[test]
fn vst3_one_channel_in_two_is_mono() {
    let bundle = Vst3Bundle::load();
    let plugin = bundle.create(0);
    assert_eq!(plugin.arrange(&[SpeakerArr::kStereo; 2], &[SpeakerArr::kMono]), kResultFalse);
    plugin.start(RATE, 512);
    let (_, mono) = plugin.params().remove(4);
    assert_eq!(plugin.flush(&[(mono, 1.0)]), kResultOk);
    let mut dialogue = noises(15, 2, 512, 0.1);
    dialogue[1].fill(0.0);
    let mut expected = premixed(&dialogue[..1], None);
    expected.push(vec![0.0; 512]);
    let mut output = vec![vec![9.0; 512]; 2];
    let inputs = [vst3_host::channels(&mut dialogue), None];
    assert_eq!(plugin.process_raw(&inputs, &[vst3_host::channels(&mut output)], 512), kResultOk);
    assert!(output == expected);
    plugin.stop();
}

/// Fault 5.
#[test]
fn vst3_indices_out_of_range_are_refused() {
    let bundle = Vst3Bundle::load();
    for (class, count) in [(0, 6), (1, 2)] {
        let plugin = bundle.create(class);
        assert_eq!(plugin.params().len(), count as usize);
        for index in [-1, count, count + 1, i32::MIN, i32::MAX] {
            unsafe {
                let mut info: ParameterInfo = mem::zeroed();
                let result = plugin.controller.getParameterInfo(index, &mut info);
                assert_eq!(result, kInvalidArgument, "parameter {index}");
            }
        }
        for direction in [INPUT, OUTPUT, 2, -1] {
            for index in [-1, 2, i32::MIN, i32::MAX] {
                unsafe {
                    let mut info: BusInfo = mem::zeroed();
                    let result = plugin.component.getBusInfo(AUDIO, direction, index, &mut info);
                    assert_eq!(result, kInvalidArgument, "bus {index}");
                    let mut arrangement = 0;
                    let result = plugin.processor.getBusArrangement(direction, index, &mut arrangement);
                    assert_eq!(result, kInvalidArgument, "bus {index}");
                    let result = plugin.component.activateBus(AUDIO, direction, index, 1);
                    assert_eq!(result, kInvalidArgument, "bus {index}");
                }
            }
        }
    }
}

/// Fault 7: the calls in every order.
#[test]
fn vst3_order_does_not_matter() {
    let bundle = Vst3Bundle::load();
    let calls: [fn(&vst3_host::Vst3Plugin); 6] = [
        |plugin| {
            plugin.set_up(ProcessModes_::kRealtime, RATE, 512);
        },
        |plugin| unsafe {
            plugin.component.setActive(1);
        },
        |plugin| unsafe {
            plugin.processor.setProcessing(1);
        },
        |plugin| {
            let (mut input, mut output) = (noises(11, 2, 512, 0.1), vec![vec![9.0; 512]; 2]);
            plugin.process_raw(
                &[vst3_host::channels(&mut input), None],
                &[vst3_host::channels(&mut output)],
                512,
            );
            assert!(output.iter().flatten().all(|sample| sample.abs() <= 0.3));
        },
        |plugin| {
            plugin.arrange(&[SpeakerArr::kMono], &[SpeakerArr::kMono]);
        },
        |plugin| unsafe {
            plugin.component.setActive(0);
        },
    ];
    let count = calls.len();
    for order in 0..count.pow(5) {
        let plugin = bundle.create(0);
        for place in 0..5 {
            calls[order / count.pow(place) % count](&plugin);
        }
    }
    let plugin = bundle.create(0);
    assert_eq!(plugin.process_raw(&[], &[], 0), kNotInitialized);
}

/// Fault 7: sizes and rates that no block has.
#[test]
fn absurd_setups_are_refused() {
    let plugin = Vst3Bundle::load().create(0);
    for (rate, max_block) in
        [(RATE, 0), (RATE, -1), (RATE, i32::MAX), (0.0, 512), (-1.0, 512), (f64::NAN, 512)]
    {
        let result = plugin.set_up(ProcessModes_::kRealtime, rate, max_block);
        assert_eq!(result, kInvalidArgument, "{rate} Hz, {max_block} samples");
    }
    let clap = ClapBundle::load();
    for (rate, max_block) in [(RATE, 0), (RATE, u32::MAX), (0.0, 512), (f64::NAN, 512)] {
        assert!(!clap.create(PREMIX).activate(rate, max_block));
    }
}

/// Fault 8: the tail is known before the first block.
#[test]
fn vst3_tail_and_latency_are_known_early() {
    let plugin = Vst3Bundle::load().create(0);
    plugin.start(RATE, 512);
    unsafe {
        assert_eq!(plugin.processor.getLatencySamples() as usize, LATENCY);
        assert_eq!(plugin.processor.getTailSamples() as usize, LATENCY);
    }
    plugin.stop();
}

/// Fault 10: the host has called the output silent before it was filled.
#[test]
fn outputs_are_not_called_silent() {
    let mut input = noises(14, 2, 512, 0.1);
    let mut output = input.clone();

    let mut plugin = ClapBundle::load().create(PREMIX);
    assert!(plugin.activate(RATE, 512));
    plugin.constant.set(0b11);
    let mut walla = input.clone();
    let walla = clap_host::channels(&mut walla, 0);
    let outputs = [clap_host::channels(&mut output, 0)];
    plugin.process_raw(&[clap_host::channels(&mut input, 0), walla], &outputs, 512);
    assert_eq!(plugin.constant.get(), 0);

    let plugin = Vst3Bundle::load().create(0);
    plugin.start(RATE, 512);
    plugin.silent.set(0b11);
    let mut walla = input.clone();
    let walla = vst3_host::channels(&mut walla);
    let outputs = [vst3_host::channels(&mut output)];
    plugin.process_raw(&[vst3_host::channels(&mut input), walla], &outputs, 512);
    assert_eq!(plugin.silent.get(), 0);
    plugin.stop();
}

/// A bus that the host has turned off is silent, whatever its buffers hold.
#[test]
fn vst3_a_bus_can_be_turned_off() {
    let plugin = Vst3Bundle::load().create(0);
    for (state, has_walla) in [(0, false), (1, true)] {
        unsafe {
            assert_eq!(plugin.component.activateBus(AUDIO, INPUT, 1, state), kResultOk);
        }
        plugin.start(RATE, 512);
        let (mut dialogue, mut walla) = (noises(12, 2, 512, 0.1), noises(13, 2, 512, 0.1));
        let expected = premixed(&dialogue, has_walla.then_some(&walla));
        let mut output = vec![vec![9.0; 512]; 2];
        let inputs = [vst3_host::channels(&mut dialogue), vst3_host::channels(&mut walla)];
        let outputs = [vst3_host::channels(&mut output)];
        assert_eq!(plugin.process_raw(&inputs, &outputs, 512), kResultOk);
        assert!(output == expected);
        plugin.stop();
    }
}

#[test]
fn vst3_takes_parameters_without_audio() {
    let plugin = Vst3Bundle::load().create(0);
    let (_, ceiling) = plugin.params().remove(0);
    assert_eq!(plugin.flush(&[(ceiling, 0.5)]), kNotInitialized);
    plugin.start(RATE, 512);
    assert_eq!(plugin.flush(&[(ceiling, 0.5), (12_345, 1.0), (ceiling, f64::NAN)]), kResultOk);
    let normalized = unsafe { plugin.controller.getParamNormalized(ceiling) };
    assert_eq!(unsafe { plugin.controller.normalizedParamToPlain(ceiling, normalized) }, -12.0);
    plugin.stop();
}

/// Not activated: the block comes back silent, with an error.
#[test]
fn clap_blocks_while_inactive_are_refused() {
    let plugin = ClapBundle::load().create(PREMIX);
    let mut output = vec![vec![9.0; 512]; 2];
    let status = plugin.process_raw(&[], &[clap_host::channels(&mut output, 0)], 512);
    assert_eq!(status, CLAP_PROCESS_ERROR);
    assert!(output.iter().flatten().all(|&sample| sample == 0.0));
}

/// Fault 9.
#[test]
fn clap_has_no_window_where_the_host_has_none() {
    let bundle = ClapBundle::load();
    assert!(bundle.create(PREMIX).window().is_none());
    assert!(bundle.create_with_window(PREMIX).window().is_some());
}

/// Something for one thread at a time.
struct Handed<T>(T);

// SAFETY: the test waits for the thread that it hands this to.
unsafe impl<T> Send for Handed<T> {}

impl<T> Handed<T> {
    fn take(self) -> T {
        self.0
    }
}

/// Made, activated and destroyed by one thread, processed by two others in turn.
#[test]
fn processing_changes_threads() {
    let (dialogue, walla) = loud(2, 1024);
    let expected = by_engine(RATE, Settings::default(), &dialogue, &walla);
    let mut clap = ClapBundle::load().create(PREMIX);
    assert!(clap.activate(RATE, 512));
    let vst3 = Vst3Bundle::load().create(0);
    vst3.start(RATE, 512);
    for half in [0..512, 512..1024] {
        let plugins = Handed((&clap, &vst3));
        let part = |bus: &[Vec<f32>]| bus.iter().map(|channel| channel[half.clone()].to_vec()).collect();
        let (mut dialogue, mut walla, expected): (Vec<_>, Vec<_>, Vec<_>) =
            (part(&dialogue), part(&walla), part(&expected));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let (clap, vst3) = plugins.take();
                assert!(clap.render(&dialogue, Some(&walla), &[512], &[]) == expected, "CLAP");
                let mut output = vec![vec![9.0; 512]; 2];
                let inputs = [vst3_host::channels(&mut dialogue), vst3_host::channels(&mut walla)];
                let outputs = [vst3_host::channels(&mut output)];
                assert_eq!(vst3.process_raw(&inputs, &outputs, 512), kResultOk);
                assert!(output == expected, "VST3");
            });
        });
    }
    vst3.stop();
}

/// Many at once, each on a thread of its own.
#[test]
fn instances_do_not_meet() {
    let bundle = ClapBundle::load();
    std::thread::scope(|scope| {
        for seed in 0..16 {
            let bundle = &bundle;
            scope.spawn(move || {
                let (dialogue, walla) = (noises(seed, 2, 20_000, 0.1), noises(99, 2, 20_000, 0.1));
                let mut plugin = bundle.create(PREMIX);
                assert!(plugin.activate(RATE, 1024));
                let output = plugin.render(&dialogue, Some(&walla), &BLOCKS, &[]);
                assert!(output == premixed(&dialogue, Some(&walla)));
            });
        }
    });
}

#[test]
fn clap_gives_the_bits_of_the_engine() {
    let bundle = ClapBundle::load();
    for (layout, channels) in [(0, 2), (1, 1)] {
        for rate in [44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0] {
            let (dialogue, walla) = loud(channels, 30_000);
            let expected = by_engine(rate, Settings::default(), &dialogue, &walla);
            for offline in [false, true] {
                let mut plugin = bundle.create(PREMIX);
                assert!(plugin.set_offline(offline) && plugin.select(layout));
                assert!(plugin.activate(rate, 1024));
                assert_eq!(plugin.latency() as usize, latency_samples(rate as u32));
                let output = plugin.render(&dialogue, Some(&walla), &BLOCKS, &[]);
                assert!(output == expected, "{channels} channels at {rate} Hz, offline {offline}");
            }
        }
    }
}

#[test]
fn the_output_is_under_the_ceiling_whatever_is_automated() {
    let bundle = ClapBundle::load();
    let (dialogue, walla) = loud(2, 60_000);
    let dialogue: Vec<Vec<f32>> = dialogue.iter().map(|channel| band_limited(channel, 0.42)).collect();
    let mut random = Random::new(23);
    let mut plugin = bundle.create(PREMIX);
    assert!(plugin.activate(RATE, 1024));
    let changes: Vec<_> = (0..60)
        .map(|step| {
            let at = step * 1000;
            match random.length(0..=4) {
                0 => plugin.change(at, "Ceiling", &format!("{:.1} dBTP", -6.0 - random.unit() * 10.0)),
                1 => plugin.change(at, "Walla Gain", &format!("{:.1} dB", -20.0 * random.unit())),
                2 => plugin.change(at, "Walla", if random.unit() < 0.5 { "Off" } else { "On" }),
                3 => plugin.change(at, "Mono", if random.unit() < 0.5 { "Off" } else { "On" }),
                _ => plugin.change(at, "Release", &format!("{} ms", random.length(5..=500))),
            }
        })
        .collect();
    let output = plugin.render(&dialogue, Some(&walla), &BLOCKS, &changes);
    for channel in &output {
        assert!(channel.iter().all(|x| f64::from(x.abs()) <= amplitude(-6.0)));
        assert!(channel[1000..].iter().any(|x| *x != 0.0));
    }
}

#[test]
fn mono_folds_before_the_limiter() {
    let bundle = ClapBundle::load();
    let (dialogue, walla) = loud(2, 20_000);
    let mut plugin = bundle.create(PREMIX);
    assert!(plugin.activate(RATE, 1024));
    let change = plugin.change(0, "Mono", "On");
    let output = plugin.render(&dialogue, Some(&walla), &BLOCKS, &[change]);
    assert!(output[0] == output[1]);
    let fold = |channels: &[Vec<f32>]| -> Vec<Vec<f32>> {
        let average = |(l, r): (&f32, &f32)| (f64::from(*l) + f64::from(*r)) / 2.0;
        vec![channels[0].iter().zip(&channels[1]).map(average).map(|x| x as f32).collect()]
    };
    let expected = by_engine(RATE, Settings::default(), &fold(&dialogue), &fold(&walla));
    // The fold is rounded once, with the walla already in: the last bit may differ.
    let apart = output[0].iter().zip(&expected[0]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(apart < 1e-6, "{apart}");
}

#[test]
fn bypass_is_the_bus_unlimited_and_does_not_click() {
    let bundle = ClapBundle::load();
    let (dialogue, walla) = loud(2, 20_000);
    let mut plugin = bundle.create(PREMIX);
    assert!(plugin.activate(RATE, 1024));
    let bypassed = plugin.change(0, "Bypass", "On");
    let output = plugin.render(&dialogue, Some(&walla), &BLOCKS, &[bypassed]);
    assert!(output == premixed(&dialogue, Some(&walla)), "latency kept, gain 1");

    // A steady tone 6 dB over: between limited and not, no step beyond the tone's own.
    let tone = vec![sine(0.01, amplitude(0.0), 0.0, 40_000); 2];
    let mut plugin = bundle.create(PREMIX);
    assert!(plugin.activate(RATE, 1024));
    let changes = [plugin.change(10_000, "Bypass", "On"), plugin.change(25_000, "Bypass", "Off")];
    let output = plugin.render(&tone, None, &BLOCKS, &changes);
    let steepest = std::f64::consts::TAU * 0.01 * 1.01;
    for pair in output[0].windows(2) {
        assert!(f64::from((pair[1] - pair[0]).abs()) < steepest, "a click");
    }
    assert!(output[0][20_000..24_000].iter().any(|x| *x > 0.99));
    assert!(output[0][30_000..].iter().all(|x| f64::from(x.abs()) <= amplitude(-6.0)));
}

/// A steady tone under a ceiling that falls by 14 dB and rises again, at different moments of its period: no
/// step beyond the tone's own.
#[test]
fn a_moving_ceiling_does_not_click() {
    let bundle = ClapBundle::load();
    let tone = vec![sine(0.01, amplitude(0.0), 0.0, 40_000); 2];
    let steepest = std::f64::consts::TAU * 0.01;
    for phase in [0, 12, 25, 37] {
        let mut plugin = bundle.create(PREMIX);
        assert!(plugin.activate(RATE, 1024));
        let changes = [
            plugin.change(0, "Release", "5 ms"),
            plugin.change(10_000 + phase, "Ceiling", "-20.0 dBTP"),
            plugin.change(25_000 + phase, "Ceiling", "-6.0 dBTP"),
        ];
        let output = plugin.render(&tone, None, &BLOCKS, &changes);
        for (place, pair) in output[0].windows(2).enumerate() {
            assert!(f64::from((pair[1] - pair[0]).abs()) < steepest, "a click at {place}, phase {phase}");
        }
        let peak =
            |from: usize, to: usize| output[0][from..to].iter().fold(0.0f32, |peak, x| peak.max(x.abs()));
        assert!(f64::from(peak(15_000, 25_000)) <= amplitude(-20.0));
        assert!(f64::from(peak(35_000, 40_000)) > amplitude(-6.5));
    }
}
