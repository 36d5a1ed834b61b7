//! A mono LV2 plugin, run in blocks.

use anyhow::{Context, Result, ensure};
use livi::event::LV2AtomSequence;
use livi::{EmptyPortConnections, FeaturesBuilder, Instance, PortType, World};

use crate::contestants::BLOCK;

/// Room for what a plugin tells its window.
const EVENT_BYTES: usize = 1 << 16;

/// A plugin with one audio input and one audio output.
pub struct Lv2 {
    /// Before the buffers, which its ports point to until it is dropped.
    instance: Instance,
    input: Box<[f32]>,
    output: Box<[f32]>,
    events_in: Vec<LV2AtomSequence>,
    events_out: Vec<LV2AtomSequence>,
    latency: usize,
}

impl Lv2 {
    /// The plugin of this URI at a rate in Hz, its controls by symbol. Runs one silent block, after which its
    /// latency is known.
    pub fn new(world: &World, uri: &str, controls: &[(&str, f32)], sample_rate: u32) -> Result<Self> {
        let plugin = world.plugin_by_uri(uri).with_context(|| {
            format!("the plugin {uri} is not installed: run `cargo xtask compare`, which installs it")
        })?;
        let features = world
            .try_build_features(FeaturesBuilder { min_block_length: 1, max_block_length: BLOCK })
            .context("livi refuses the block size")?;
        // SAFETY: a limiter of a Debian package, run on one thread only.
        let instance = unsafe { plugin.instantiate(features.clone(), f64::from(sample_rate)) }
            .with_context(|| format!("{uri} does not start"))?;
        let sequences = |kind: PortType| -> Vec<_> {
            let ports = plugin.ports_with_type(kind);
            ports.map(|_| LV2AtomSequence::new(&features, EVENT_BYTES)).collect()
        };
        let mut lv2 = Self {
            instance,
            input: vec![0.0; BLOCK].into(),
            output: vec![0.0; BLOCK].into(),
            events_in: sequences(PortType::AtomSequenceInput),
            events_out: sequences(PortType::AtomSequenceOutput),
            latency: 0,
        };
        let port = |symbol: &str| plugin.ports().find(|port| port.symbol == symbol).map(|port| port.index);
        for &(symbol, value) in controls {
            let set = port(symbol).and_then(|port| lv2.instance.set_control_input(port, value));
            ensure!(
                set == Some(value),
                "{uri} has no control {symbol} that takes {value}: see `lv2info {uri}` and mend contestants.rs"
            );
        }
        lv2.connect(uri)?;
        let latency = plugin
            .ports_with_type(PortType::ControlOutput)
            .find(|port| port.symbol.ends_with("latency"))
            .and_then(|port| lv2.instance.control_output(port.index));
        lv2.latency = latency.with_context(|| format!("{uri} does not tell its latency"))? as usize;
        Ok(lv2)
    }

    /// Connects every port to a buffer of ours, and runs a block of silence.
    fn connect(&mut self, uri: &str) -> Result<()> {
        self.events_out.iter_mut().for_each(LV2AtomSequence::clear_as_chunk);
        let ports = EmptyPortConnections::new()
            .with_audio_inputs(std::iter::once(&self.input[..]))
            .with_audio_outputs(std::iter::once(&mut self.output[..]))
            .with_atom_sequence_inputs(self.events_in.iter())
            .with_atom_sequence_outputs(self.events_out.iter_mut());
        // SAFETY: as for `instantiate`.
        unsafe { self.instance.run(BLOCK, ports) }.with_context(|| format!("{uri} does not run"))
    }

    /// As the plugin says it, in samples.
    pub fn latency_samples(&self) -> usize {
        self.latency
    }

    /// The next samples through the plugin, in whole blocks.
    pub fn run(&mut self, input: &[f32], output: &mut [f32]) {
        for (from, to) in input.chunks_exact(BLOCK).zip(output.chunks_exact_mut(BLOCK)) {
            self.input.copy_from_slice(from);
            self.events_out.iter_mut().for_each(LV2AtomSequence::clear_as_chunk);
            // SAFETY: `connect` has connected all ports to buffers that live as long as the instance.
            unsafe { self.instance.raw_mut().run(BLOCK) };
            to.copy_from_slice(&self.output);
        }
    }
}
