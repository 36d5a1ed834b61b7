//! Premix, the plugin of the bounce bus: the engine in the framework's hands.

use std::array;
use std::ops::Range;
use std::sync::Arc;

use nice_plug::prelude::*;

use super::editor::{Shared, WindowEditor};
use super::guard::Connected;
use super::params::PremixParams;
use super::telemetry::{Feed, Telemetry};
use super::{EMAIL, URL, VENDOR};
use crate::engine::{BounceBus, CHANNELS, Transport, click_delay_samples};

/// The input bus of the walla, if the layout has it.
const WALLA_BUS: usize = 1;

/// Channels of the widest layout.
const MAX_CHANNELS: usize = *CHANNELS.end();

/// A limiter for dialogue with the walla mixed in.
pub struct Premix {
    shared: Arc<Shared>,
    feed: Feed,
    clock: HostClock,
    connected: Connected,
    /// Present while active.
    bus: Option<BounceBus>,
    /// Samples that `dialogue` holds and the bus is prepared for.
    max_block: usize,
    /// A copy of the input: the framework passes input and output as one buffer.
    dialogue: [Vec<f32>; MAX_CHANNELS],
}

impl Default for Premix {
    fn default() -> Self {
        let (telemetry, feed) = Telemetry::new();
        Self {
            shared: Arc::new(Shared::new(telemetry)),
            feed,
            clock: HostClock::default(),
            connected: Connected::of_this_instance(),
            bus: None,
            max_block: 0,
            dialogue: array::from_fn(|_| Vec::new()),
        }
    }
}

/// Main buses of so many channels, and a walla bus of as many if wanted.
///
/// The main buses have no names: the framework would give the output that of the input.
const fn layout(name: &'static str, channels: u32, walla: &'static [NonZeroU32]) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels),
        main_output_channels: NonZeroU32::new(channels),
        aux_input_ports: walla,
        aux_output_ports: &[],
        names: PortNames { layout: Some(name), aux_inputs: &["Walla"], ..PortNames::const_default() },
    }
}

impl Plugin for Premix {
    const NAME: &'static str = "Premix";
    const VENDOR: &'static str = VENDOR;
    const URL: &'static str = URL;
    const EMAIL: &'static str = EMAIL;
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    /// Some hosts only ever use the first.
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[
        layout("Stereo with walla", 2, &[new_nonzero_u32(2)]),
        layout("Mono with walla", 1, &[new_nonzero_u32(1)]),
        layout("Stereo", 2, &[]),
        layout("Mono", 1, &[]),
    ];

    /// So that the same automation gives the same bits in blocks of any size.
    const SAMPLE_ACCURATE_AUTOMATION: bool = true;

    type Editor = WindowEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.shared.params.clone()
    }

    fn editor(&mut self, _async_executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        Some(WindowEditor::new(self.shared.clone()))
    }

    fn filter_state(state: &mut PluginState) {
        PremixParams::mend(state);
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let channels = layout.main_input_channels.map_or(0, NonZeroU32::get) as usize;
        // At least one sample, for the steps in `process`.
        self.max_block = (config.max_buffer_size as usize).max(1);
        for channel in &mut self.dialogue[..channels] {
            *channel = vec![0.0; self.max_block];
        }
        // A rate that no audio has: refuse, and the host says so.
        let sample_rate = config.sample_rate as u32;
        let bus = BounceBus::prepare(sample_rate, channels, self.max_block);
        let (Ok(mut bus), Ok(click_delay)) = (bus, click_delay_samples(sample_rate)) else { return false };
        bus.set(self.shared.params.settings());
        context.set_latency_samples(bus.latency_samples() as u32);
        self.finish();
        self.feed.activate(sample_rate, channels, click_delay);
        self.shared.params.delivery.tell();
        self.clock = HostClock::default();
        self.bus = Some(bus);
        true
    }

    fn reset(&mut self) {
        if let Some(bus) = &mut self.bus {
            bus.reset();
            self.feed.publish(bus, self.shared.params.settings(), 0.0);
        }
        self.feed.restart();
        self.clock = HostClock::default();
    }

    fn stop_processing(&mut self) {
        self.finish();
    }

    fn deactivate(&mut self) {
        self.finish();
        self.feed.hand_over(self.shared.params.instance.number());
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let walla = aux
            .inputs
            .first()
            .filter(|_| self.connected.input(WALLA_BUS))
            .map(|walla| walla.as_slice_immutable());
        let frames = buffer.samples();
        let here = self.clock.read(context.transport(), frames);
        let Some(bus) = &mut self.bus else { return ProcessStatus::Error("Premix is not active") };
        let settings = self.shared.params.settings();
        bus.set(settings);
        self.feed.direct(bus, here.starts, walla.is_some());
        if let Some(transport) = here.transport {
            bus.follow(transport);
        }
        let latency = bus.latency_samples() as u32;
        let output = buffer.as_slice();
        // One step, unless the host breaks its word about the longest block.
        for start in (0..frames).step_by(self.max_block.max(1)) {
            let step = start..frames.min(start + self.max_block);
            self.step(output, walla, step);
        }
        if let Some(bus) = &self.bus {
            let seconds = frames as f64 / f64::from(context.transport().sample_rate.max(1.0));
            self.feed.publish(bus, settings, seconds);
        }
        ProcessStatus::Tail(latency)
    }
}

impl Premix {
    /// Processes the samples `range` of a block, at most `max_block` of them.
    fn step(&mut self, output: &mut [&mut [f32]], walla: Option<&[&mut [f32]]>, range: Range<usize>) {
        let channels = output.len().min(MAX_CHANNELS);
        for (copy, output) in self.dialogue.iter_mut().zip(&*output) {
            let input = &output[range.clone()];
            copy[..input.len()].copy_from_slice(input);
        }
        let dialogue: [&[f32]; MAX_CHANNELS] = array::from_fn(|channel| {
            let copy = &self.dialogue[channel];
            &copy[..range.len().min(copy.len())]
        });
        let walla: Option<[&[f32]; MAX_CHANNELS]> = walla.map(|walla| {
            array::from_fn(|channel| walla.get(channel).map_or(&[][..], |walla| &walla[range.clone()]))
        });
        let mut outputs = output.iter_mut();
        let mut output: [&mut [f32]; MAX_CHANNELS] =
            array::from_fn(|_| outputs.next().map_or(&mut [][..], |output| &mut output[range.clone()]));
        let Some(bus) = &mut self.bus else { return };
        bus.process(
            &dialogue[..channels],
            walla.as_ref().map(|walla| &walla[..channels]),
            &mut output[..channels],
        );
    }

    /// Ends the pass, and lets it be seen.
    fn finish(&mut self) {
        if let Some(bus) = &mut self.bus {
            bus.finish();
            self.feed.publish(bus, self.shared.params.settings(), 0.0);
        }
    }
}

/// Where the host is.
#[derive(Default)]
pub struct HostClock {
    playing: bool,
    /// Whether the host has a transport at all.
    seen: bool,
    /// The position that the host told last, and the one that comes next.
    told: Option<i64>,
    next: Option<i64>,
}

/// Where a block is.
pub struct Here {
    /// If the host has one.
    pub transport: Option<Transport>,
    /// Whether it starts to play.
    pub starts: bool,
    /// Whether it starts to play, or plays on from somewhere else.
    pub begins: bool,
}

impl HostClock {
    /// Takes the transport before a block of `frames` samples.
    ///
    /// The framework splits blocks where a parameter changes. Without a tempo from a CLAP host it then tells
    /// each part the position of the whole block.
    pub fn read(&mut self, host: &nice_plug::prelude::Transport, frames: usize) -> Here {
        let told = host.pos_samples();
        let starts = host.playing && !self.playing;
        let is_repeated = host.playing && !starts && told.is_some() && told == self.told;
        let position = if is_repeated { self.next } else { told };
        let jumps = match (position, self.next) {
            // Hosts reckon it from seconds, and round.
            (Some(position), Some(next)) => host.playing && position.abs_diff(next) > 1,
            _ => false,
        };
        self.playing = host.playing;
        self.seen |= host.playing || told.is_some();
        self.told = told;
        self.next =
            position.map(|position| position.saturating_add(if host.playing { frames as i64 } else { 0 }));
        let transport = self.seen.then_some(Transport { playing: host.playing, position });
        Here { transport, starts, begins: starts || jumps }
    }
}

impl ClapPlugin for Premix {
    const CLAP_ID: &'static str = "audio.premix.premix";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("True-peak limiter for the dubbed dialogue premix");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Limiter,
        ClapFeature::Mastering,
        ClapFeature::Mono,
        ClapFeature::Stereo,
    ];
}

impl Vst3Plugin for Premix {
    /// For ever: sessions find the plugin by it.
    const VST3_CLASS_ID: [u8; 16] = *b"PremixBounceBus1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Dynamics, Vst3SubCategory::Mastering];
}
