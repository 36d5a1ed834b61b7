//! The VST3 side of the guard.

use std::ffi::c_void;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use nice_plug::prelude::Vst3Plugin;
use nice_plug::wrapper::vst3::Wrapper;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusDirection, BusDirections_, BusInfo, IAudioProcessor,
    IAudioProcessorTrait, IComponent, IComponentHandler, IComponentTrait, IEditController,
    IEditControllerTrait, IProcessContextRequirements, IProcessContextRequirementsTrait, IoMode, MediaType,
    MediaTypes_, ParamID, ParamValue, ParameterInfo, ProcessData, ProcessSetup, RoutingInfo,
    SpeakerArrangement, String128, SymbolicSampleSizes_, TChar,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IBStream, IPlugView, IPluginBaseTrait, TBool, TUID, int32, kInvalidArgument,
    kNotInitialized, kResultFalse, kResultOk, tresult, uint32,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComWrapper};

use super::{Buses, Connected, MAX_BLOCK, Sent, USUAL_BLOCK, array, array_mut};

// The bindings have these as `u32` on some systems and as `i32` on others.
const AUDIO: MediaType = MediaTypes_::kAudio as MediaType;
const INPUT: BusDirection = BusDirections_::kInput as BusDirection;
const OUTPUT: BusDirection = BusDirections_::kOutput as BusDirection;
const SAMPLE_32: int32 = SymbolicSampleSizes_::kSample32 as int32;

/// Input buses of the widest layout: dialogue and walla.
const MAX_INPUTS: usize = 2;

/// The framework's VST3 object behind one of our own.
///
/// Left out are the framework's interfaces for MIDI, parameter groups and track names: no plugin
/// here uses them.
pub struct Vst3Guard<P: Vst3Plugin> {
    framework: Wrapper<P>,
    connected: Connected,
    /// Input buses that the host has turned off, bit n for bus n.
    off: AtomicU32,
    /// The longest block that the host has announced; 0 before `setupProcessing`.
    max_block: AtomicU32,
    /// Present while active.
    buses: Mutex<Option<Vst3Buses>>,
}

/// Buses as VST3 describes them.
struct Vst3Buses {
    buses: Buses,
    inputs: Vec<AudioBusBuffers>,
    outputs: Vec<AudioBusBuffers>,
}

impl<P: Vst3Plugin> Class for Vst3Guard<P> {
    type Interfaces = (IComponent, IEditController, IAudioProcessor, IProcessContextRequirements);
}

impl<P: Vst3Plugin> Vst3Guard<P> {
    /// A new instance of the plugin, as interface `iid`, for the host to release.
    ///
    /// # Safety
    ///
    /// `iid` must be an interface's id, and `object` a place for a pointer.
    pub unsafe fn create(iid: FIDString, object: *mut *mut c_void) -> tresult {
        let (framework, connected) = Connected::hand_over(Wrapper::<P>::new);
        let guard = ComWrapper::new(Self {
            framework,
            connected,
            off: AtomicU32::new(0),
            max_block: AtomicU32::new(0),
            buses: Mutex::new(None),
        });
        let Some(unknown) = guard.to_com_ptr::<FUnknown>() else {
            return kResultFalse;
        };
        let unknown = unknown.as_ptr();
        // SAFETY: `unknown` is alive until the end of this function, and the host holds the
        // reference that this call counts.
        unsafe { ((*(*unknown).vtbl).queryInterface)(unknown, iid.cast::<TUID>(), object) }
    }

    /// The widths in channels of all inputs or all outputs.
    fn widths(&self, direction: BusDirection) -> Vec<usize> {
        // SAFETY: the framework gets a place for its answer.
        unsafe {
            (0..self.framework.getBusCount(AUDIO, direction))
                .filter_map(|index| {
                    let mut info: BusInfo = mem::zeroed();
                    (self.framework.getBusInfo(AUDIO, direction, index, &mut info) == kResultOk)
                        .then(|| usize::try_from(info.channelCount).unwrap_or(0))
                })
                .collect()
        }
    }

    /// Whether the framework's buses are exactly as wide as these.
    fn arranged_as(&self, direction: BusDirection, wanted: &[SpeakerArrangement]) -> bool {
        self.widths(direction).into_iter().eq(wanted.iter().map(|wanted| wanted.count_ones() as usize))
    }

    fn is_active(&self) -> bool {
        self.buses.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

impl<P: Vst3Plugin> IPluginBaseTrait for Vst3Guard<P> {
    unsafe fn initialize(&self, context: *mut FUnknown) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.initialize(context) }
    }

    unsafe fn terminate(&self) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.terminate() }
    }
}

impl<P: Vst3Plugin> IComponentTrait for Vst3Guard<P> {
    unsafe fn getControllerClassId(&self, class_id: *mut TUID) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.getControllerClassId(class_id) }
    }

    unsafe fn setIoMode(&self, mode: IoMode) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.setIoMode(mode) }
    }

    unsafe fn getBusCount(&self, media: MediaType, direction: BusDirection) -> int32 {
        // SAFETY: passed on to the host.
        unsafe { self.framework.getBusCount(media, direction) }
    }

    unsafe fn getBusInfo(
        &self,
        media: MediaType,
        direction: BusDirection,
        index: int32,
        info: *mut BusInfo,
    ) -> tresult {
        // Fault 5.
        if index < 0 {
            return kInvalidArgument;
        }
        // SAFETY: passed on to the host.
        unsafe { self.framework.getBusInfo(media, direction, index, info) }
    }

    unsafe fn getRoutingInfo(&self, from: *mut RoutingInfo, to: *mut RoutingInfo) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.getRoutingInfo(from, to) }
    }

    unsafe fn activateBus(
        &self,
        media: MediaType,
        direction: BusDirection,
        index: int32,
        state: TBool,
    ) -> tresult {
        // SAFETY: passed on to the host.
        let result = unsafe { self.framework.activateBus(media, direction, index, state) };
        // The main bus is never taken for off: no host means that.
        if result == kResultOk && media == AUDIO && direction == INPUT && index > 0 {
            let bit = 1_u32.checked_shl(index.unsigned_abs()).unwrap_or(0);
            if state == 0 {
                self.off.fetch_or(bit, Ordering::Relaxed);
            } else {
                self.off.fetch_and(!bit, Ordering::Relaxed);
            }
        }
        result
    }

    unsafe fn setActive(&self, state: TBool) -> tresult {
        let active = state != 0;
        if !active {
            *self.buses.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        // SAFETY: passed on to the host.
        let result = unsafe { self.framework.setActive(state) };
        if active && result == kResultOk {
            let (inputs, outputs) = (self.widths(INPUT), self.widths(OUTPUT));
            let describe = |widths: &[usize]| {
                widths
                    .iter()
                    .map(|&width| AudioBusBuffers {
                        numChannels: width as int32,
                        silenceFlags: 0,
                        __field0: AudioBusBuffers__type0 { channelBuffers32: ptr::null_mut() },
                    })
                    .collect()
            };
            *self.buses.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vst3Buses {
                inputs: describe(&inputs),
                outputs: describe(&outputs),
                buses: Buses::new(
                    inputs.into_iter(),
                    outputs.into_iter(),
                    self.max_block.load(Ordering::Relaxed) as usize,
                ),
            });
        }
        result
    }

    unsafe fn setState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { IComponentTrait::setState(&self.framework, state) }
    }

    unsafe fn getState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { IComponentTrait::getState(&self.framework, state) }
    }
}

impl<P: Vst3Plugin> IEditControllerTrait for Vst3Guard<P> {
    unsafe fn setComponentState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.setComponentState(state) }
    }

    unsafe fn setState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { IEditControllerTrait::setState(&self.framework, state) }
    }

    unsafe fn getState(&self, state: *mut IBStream) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { IEditControllerTrait::getState(&self.framework, state) }
    }

    unsafe fn getParameterCount(&self) -> int32 {
        // SAFETY: passed on to the host.
        unsafe { self.framework.getParameterCount() }
    }

    unsafe fn getParameterInfo(&self, index: int32, info: *mut ParameterInfo) -> tresult {
        // SAFETY: passed on to the host.
        unsafe {
            // Fault 5.
            if !(0..self.framework.getParameterCount()).contains(&index) {
                return kInvalidArgument;
            }
            self.framework.getParameterInfo(index, info)
        }
    }

    unsafe fn getParamStringByValue(
        &self,
        id: ParamID,
        normalized: ParamValue,
        text: *mut String128,
    ) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.getParamStringByValue(id, normalized, text) }
    }

    unsafe fn getParamValueByString(
        &self,
        id: ParamID,
        text: *mut TChar,
        normalized: *mut ParamValue,
    ) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.getParamValueByString(id, text, normalized) }
    }

    unsafe fn normalizedParamToPlain(&self, id: ParamID, normalized: ParamValue) -> ParamValue {
        // SAFETY: passed on to the host.
        unsafe { self.framework.normalizedParamToPlain(id, normalized) }
    }

    unsafe fn plainParamToNormalized(&self, id: ParamID, plain: ParamValue) -> ParamValue {
        // SAFETY: passed on to the host.
        unsafe { self.framework.plainParamToNormalized(id, plain) }
    }

    unsafe fn getParamNormalized(&self, id: ParamID) -> ParamValue {
        // SAFETY: passed on to the host.
        unsafe { self.framework.getParamNormalized(id) }
    }

    unsafe fn setParamNormalized(&self, id: ParamID, value: ParamValue) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.setParamNormalized(id, value) }
    }

    unsafe fn setComponentHandler(&self, handler: *mut IComponentHandler) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.setComponentHandler(handler) }
    }

    unsafe fn createView(&self, name: FIDString) -> *mut IPlugView {
        // SAFETY: passed on to the host.
        unsafe { self.framework.createView(name) }
    }
}

impl<P: Vst3Plugin> IAudioProcessorTrait for Vst3Guard<P> {
    /// Faults 4 and 7. What fits no layout bus by bus is answered with the layout that is as wide as the
    /// main output, whatever the inputs: "false" tells the host to ask which one it has got. (Ardour does not
    /// ask: a plugin on its mono buses gets one channel in two, and the second is no sound.)
    unsafe fn setBusArrangements(
        &self,
        inputs: *mut SpeakerArrangement,
        input_count: int32,
        outputs: *mut SpeakerArrangement,
        output_count: int32,
    ) -> tresult {
        let (Ok(inputs_sent), Ok(outputs_sent)) =
            (usize::try_from(input_count), usize::try_from(output_count))
        else {
            return kInvalidArgument;
        };
        if self.is_active() {
            return kResultFalse;
        }
        // SAFETY: the host's arrays are as long as it says, or null.
        unsafe {
            let wanted = (array(inputs, inputs_sent), array(outputs, outputs_sent));
            let result = self.framework.setBusArrangements(inputs, input_count, outputs, output_count);
            if result == kInvalidArgument
                || (result == kResultOk
                    && self.arranged_as(INPUT, wanted.0)
                    && self.arranged_as(OUTPUT, wanted.1))
            {
                return result;
            }
            if let Some(&output) = wanted.1.first() {
                let mut alike = [output; MAX_INPUTS];
                let count = inputs_sent.min(MAX_INPUTS) as int32;
                self.framework.setBusArrangements(alike.as_mut_ptr(), count, outputs, output_count);
            }
            kResultFalse
        }
    }

    unsafe fn getBusArrangement(
        &self,
        direction: BusDirection,
        index: int32,
        arrangement: *mut SpeakerArrangement,
    ) -> tresult {
        // Fault 5.
        if index < 0 {
            return kInvalidArgument;
        }
        // SAFETY: passed on to the host.
        unsafe { self.framework.getBusArrangement(direction, index, arrangement) }
    }

    unsafe fn canProcessSampleSize(&self, size: int32) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.canProcessSampleSize(size) }
    }

    unsafe fn getLatencySamples(&self) -> uint32 {
        // SAFETY: passed on to the host.
        unsafe { self.framework.getLatencySamples() }
    }

    unsafe fn setupProcessing(&self, setup: *mut ProcessSetup) -> tresult {
        // SAFETY: null or the host's setup.
        let Some(announced) = (unsafe { setup.as_ref() }) else {
            return kInvalidArgument;
        };
        // Fault 7.
        let Some(max_block) = u32::try_from(announced.maxSamplesPerBlock)
            .ok()
            .filter(|max_block| (1..=MAX_BLOCK).contains(max_block))
        else {
            return kInvalidArgument;
        };
        if !(1.0..=f64::from(u32::MAX)).contains(&announced.sampleRate)
            || announced.symbolicSampleSize != SAMPLE_32
        {
            return kInvalidArgument;
        }
        // Fault 11.
        let max_block = max_block.max(USUAL_BLOCK);
        let setup = &mut ProcessSetup { maxSamplesPerBlock: max_block as int32, ..*announced };
        self.max_block.store(max_block, Ordering::Relaxed);
        // Fault 3: the framework pairs this setup with the mode of the one before, so the second
        // call finds the mode of the first.
        // SAFETY: passed on to the host.
        unsafe {
            self.framework.setupProcessing(setup);
            self.framework.setupProcessing(setup)
        }
    }

    unsafe fn setProcessing(&self, state: TBool) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { self.framework.setProcessing(state) }
    }

    /// Faults 1, 2, 7 and 10.
    unsafe fn process(&self, data: *mut ProcessData) -> tresult {
        // SAFETY: null or the host's block, which lasts for this call.
        let Some(data) = (unsafe { data.as_ref() }) else {
            return kInvalidArgument;
        };
        let (Ok(frames), Ok(input_count), Ok(output_count)) = (
            usize::try_from(data.numSamples),
            usize::try_from(data.numInputs),
            usize::try_from(data.numOutputs),
        ) else {
            return kInvalidArgument;
        };
        if data.symbolicSampleSize != SAMPLE_32 {
            return kInvalidArgument;
        }
        // SAFETY: the host's arrays are as long as it says, or null.
        let (inputs, outputs) =
            unsafe { (array(data.inputs, input_count), array_mut(data.outputs, output_count)) };
        for output in outputs.iter_mut() {
            output.silenceFlags = 0;
        }
        let sent = |bus: &AudioBusBuffers| Sent {
            channels: usize::try_from(bus.numChannels).unwrap_or(0),
            // SAFETY: both variants of the union are pointers, and the samples are 32 bits wide.
            pointers: unsafe { bus.__field0.channelBuffers32 },
        };
        // Without an output this is a flush: the host only delivers parameters.
        let is_flush = frames == 0 || outputs.iter().all(|output| output.numChannels <= 0);
        let mut buses = self.buses.try_lock();
        let own = buses.as_mut().ok().and_then(|buses| buses.as_mut());
        let (Some(own), false) = (own, is_flush) else {
            for output in outputs {
                // SAFETY: the host's buffers are as long as the block.
                unsafe { sent(output).silence(0, frames) };
            }
            if self.max_block.load(Ordering::Relaxed) == 0 {
                return kNotInitialized;
            }
            let mut flush = ProcessData {
                numSamples: 0,
                numInputs: 0,
                numOutputs: 0,
                inputs: ptr::null_mut(),
                outputs: ptr::null_mut(),
                ..*data
            };
            // SAFETY: a block without audio.
            return unsafe { self.framework.process(&mut flush) };
        };
        let off = self.off.load(Ordering::Relaxed);
        let is_on = |bus: usize| off & 1_u32.checked_shl(bus as u32).unwrap_or(0) == 0;
        // SAFETY: the host's buffers are as long as the block.
        let connected = unsafe {
            own.buses.point(
                |bus| inputs.get(bus).filter(|_| is_on(bus)).map(sent),
                outputs.iter().map(sent),
                frames,
            )
        };
        self.connected.inputs.store(connected, Ordering::Relaxed);
        for (description, bus) in own.inputs.iter_mut().zip(&mut own.buses.inputs) {
            description.__field0.channelBuffers32 = bus.pointers.as_mut_ptr();
        }
        for (description, bus) in own.outputs.iter_mut().zip(&mut own.buses.outputs) {
            description.__field0.channelBuffers32 = bus.pointers.as_mut_ptr();
        }
        let mut well_formed = ProcessData {
            numInputs: own.inputs.len() as int32,
            numOutputs: own.outputs.len() as int32,
            inputs: own.inputs.as_mut_ptr(),
            outputs: own.outputs.as_mut_ptr(),
            ..*data
        };
        // SAFETY: a block without holes.
        unsafe { self.framework.process(&mut well_formed) }
    }

    unsafe fn getTailSamples(&self) -> uint32 {
        // Fault 8: what goes in comes out after the latency.
        // SAFETY: passed on to the host.
        unsafe { self.framework.getTailSamples().max(self.framework.getLatencySamples()) }
    }
}

impl<P: Vst3Plugin> IProcessContextRequirementsTrait for Vst3Guard<P> {
    unsafe fn getProcessContextRequirements(&self) -> uint32 {
        // SAFETY: passed on to the host.
        unsafe { self.framework.getProcessContextRequirements() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI32, Ordering};

    use nice_plug::prelude::*;
    use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{ProcessModes, ProcessModes_};
    use nice_plug::wrapper::vst3::vst3::{ComPtr, Interface};

    use super::*;

    /// What the last activated [`Probe`] was told.
    static MODE: AtomicI32 = AtomicI32::new(-1);

    /// Inputs that the last block of a [`Probe`] had.
    static INPUTS: AtomicU32 = AtomicU32::new(0);

    /// A plugin that remembers what the framework tells it.
    struct Probe {
        params: Arc<NoParams>,
        connected: Connected,
    }

    #[derive(Params)]
    struct NoParams {}

    impl Default for Probe {
        fn default() -> Self {
            Self { params: Arc::new(NoParams {}), connected: Connected::of_this_instance() }
        }
    }

    impl Plugin for Probe {
        const NAME: &'static str = "Probe";
        const VENDOR: &'static str = "";
        const URL: &'static str = "";
        const EMAIL: &'static str = "";
        const VERSION: &'static str = "0";
        const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
            main_input_channels: NonZeroU32::new(2),
            main_output_channels: NonZeroU32::new(2),
            aux_input_ports: &[new_nonzero_u32(2), new_nonzero_u32(1)],
            ..AudioIOLayout::const_default()
        }];
        type Editor = ();
        type SysExMessage = ();
        type BackgroundTask = ();

        fn params(&self) -> Arc<dyn Params> {
            self.params.clone()
        }

        fn activate(
            &mut self,
            _layout: &AudioIOLayout,
            config: &BufferConfig,
            _context: &mut impl ActivateContext<Self>,
        ) -> bool {
            MODE.store(config.process_mode as i32, Ordering::SeqCst);
            true
        }

        fn process(
            &mut self,
            _buffer: &mut Buffer,
            _aux: &mut AuxiliaryBuffers,
            _context: &mut impl ProcessContext<Self>,
        ) -> ProcessStatus {
            let inputs = (0..3).map(|bus| u32::from(self.connected.input(bus)) << bus).sum();
            INPUTS.store(inputs, Ordering::SeqCst);
            ProcessStatus::Normal
        }
    }

    impl Vst3Plugin for Probe {
        const VST3_CLASS_ID: [u8; 16] = *b"PremixGuardProbe";
        const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] = &[];
    }

    /// One test, for it looks at statics.
    #[test]
    fn plugins_learn_the_mode_and_the_inputs() {
        // SAFETY: calls and buffers as VST3 wants them, as far as the test does not want otherwise.
        unsafe {
            let mut object = ptr::null_mut();
            let iid = IComponent::IID.as_ptr().cast();
            assert_eq!(Vst3Guard::<Probe>::create(iid, &mut object), kResultOk);
            let component = ComPtr::from_raw(object.cast::<IComponent>()).unwrap();
            let processor: ComPtr<IAudioProcessor> = component.cast().unwrap();

            // Fault 3.
            for (mode, told) in [
                (ProcessModes_::kOffline, ProcessMode::Offline),
                (ProcessModes_::kRealtime, ProcessMode::Realtime),
                (ProcessModes_::kPrefetch, ProcessMode::Buffered),
                (ProcessModes_::kOffline, ProcessMode::Offline),
            ] {
                let mut setup = ProcessSetup {
                    processMode: mode as ProcessModes as int32,
                    symbolicSampleSize: SAMPLE_32,
                    maxSamplesPerBlock: 4,
                    sampleRate: 48_000.0,
                };
                assert_eq!(processor.setupProcessing(&mut setup), kResultOk);
                assert_eq!(component.setActive(1), kResultOk);
                assert_eq!(MODE.load(Ordering::SeqCst), told as i32);
                assert_eq!(component.setActive(0), kResultOk);
            }

            assert_eq!(component.setActive(1), kResultOk);
            let mut samples = [0.0_f32; 4];
            let mut there = [samples.as_mut_ptr(); 2];
            let mut half = [samples.as_mut_ptr(), ptr::null_mut()];
            let mut garbage = [ptr::null_mut(), ptr::without_provenance_mut(8)];
            let mut missing = [ptr::null_mut(); 2];
            let bus = |channels: &mut [*mut f32; 2]| AudioBusBuffers {
                numChannels: 2,
                silenceFlags: 0,
                __field0: AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() },
            };
            let (there, half) = (bus(&mut there), bus(&mut half));
            let (garbage, missing) = (bus(&mut garbage), bus(&mut missing));
            for (mut inputs, seen) in [
                (vec![there, there, there], 0b111),
                (vec![there, half, missing], 0b011),
                (vec![there, garbage, there], 0b101),
                (vec![there, missing, there], 0b101),
                (vec![there], 0b001),
                (vec![], 0b000),
            ] {
                let mut output = there;
                let mut data: ProcessData = mem::zeroed();
                data.symbolicSampleSize = SAMPLE_32;
                data.numSamples = 4;
                data.numInputs = inputs.len() as int32;
                data.inputs = inputs.as_mut_ptr();
                data.numOutputs = 1;
                data.outputs = &mut output;
                assert_eq!(processor.process(&mut data), kResultOk);
                assert_eq!(INPUTS.load(Ordering::SeqCst), seen);
            }
            assert_eq!(component.setActive(0), kResultOk);
        }
    }
}
