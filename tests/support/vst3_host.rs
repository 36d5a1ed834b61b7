//! A VST3 host as raw as they come: it sends what real hosts send and what they should not.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::mem;
use std::ptr;

use libloading::Library;
use vst3::Steinberg::Vst::*;
use vst3::Steinberg::*;
use vst3::{Class, ComPtr, ComWrapper, Interface};

pub use vst3::Steinberg::Vst::{BusDirections_, MediaTypes_, ProcessModes_, SpeakerArr};
pub use vst3::Steinberg::{kInvalidArgument, kNotInitialized, kResultFalse, kResultOk};

pub const AUDIO: MediaType = MediaTypes_::kAudio as MediaType;
pub const INPUT: BusDirection = BusDirections_::kInput as BusDirection;
pub const OUTPUT: BusDirection = BusDirections_::kOutput as BusDirection;

// The bindings have it as `u32` on some systems and as `i32` on others.
#[allow(clippy::unnecessary_cast)]
const PLAYING: u32 = ProcessContext_::StatesAndFlags_::kPlaying as u32;

/// A loaded bundle; it stays loaded, as the plugin's threads may outlive their instance.
pub struct Vst3Bundle(ComPtr<IPluginFactory3>);

impl Vst3Bundle {
    pub fn load() -> Self {
        let path = super::bundle("Premix.vst3").join("Contents/x86_64-linux/Premix.so");
        // SAFETY: the library was built from this repository.
        unsafe {
            let library = Box::leak(Box::new(Library::new(path).unwrap()));
            let enter = library.get::<extern "C" fn(*mut c_void) -> bool>(b"ModuleEntry\0").unwrap();
            assert!(enter(ptr::null_mut()));
            let factory =
                library.get::<extern "system" fn() -> *mut IPluginFactory>(b"GetPluginFactory\0").unwrap();
            let factory = ComPtr::from_raw(factory()).unwrap();
            Self(factory.cast().unwrap())
        }
    }

    /// Names and categories of all classes.
    pub fn plugins(&self) -> Vec<(String, String)> {
        unsafe {
            assert_eq!(self.0.getClassInfo2(-1, &mut mem::zeroed()), kInvalidArgument);
            let count = self.0.countClasses();
            assert_eq!(self.0.getClassInfo2(count, &mut mem::zeroed()), kInvalidArgument);
            (0..count)
                .map(|index| {
                    let mut info: PClassInfo2 = mem::zeroed();
                    assert_eq!(self.0.getClassInfo2(index, &mut info), kResultOk);
                    let text = |text: &[std::ffi::c_char]| {
                        let bytes = text.iter().map(|&c| c as u8).take_while(|&c| c != 0);
                        String::from_utf8(bytes.collect()).unwrap()
                    };
                    (text(&info.name), text(&info.subCategories))
                })
                .collect()
        }
    }

    /// The plugin with this index.
    pub fn create(&self, index: i32) -> Vst3Plugin {
        unsafe {
            let mut info: PClassInfo = mem::zeroed();
            assert_eq!(self.0.getClassInfo(index, &mut info), kResultOk);
            let mut object = ptr::null_mut();
            let result =
                self.0.createInstance(info.cid.as_ptr(), IComponent::IID.as_ptr().cast(), &mut object);
            assert_eq!(result, kResultOk);
            let component = ComPtr::from_raw(object.cast::<IComponent>()).unwrap();
            assert_eq!(component.initialize(ptr::null_mut()), kResultOk);
            Vst3Plugin {
                processor: component.cast().unwrap(),
                controller: component.cast().unwrap(),
                component,
                silent: Cell::new(0),
                transport: Cell::new(None),
            }
        }
    }
}

/// An instance, by the interfaces through which hosts use it.
pub struct Vst3Plugin {
    pub component: ComPtr<IComponent>,
    pub processor: ComPtr<IAudioProcessor>,
    pub controller: ComPtr<IEditController>,
    /// Which channels of the first output are called silent, before a block and after it.
    pub silent: Cell<u64>,
    /// Whether the host plays, and the position of the next block; `None` is no transport at all.
    pub transport: Cell<Option<(bool, i64)>>,
}

impl Vst3Plugin {
    /// Announces blocks of up to `max_block` samples.
    pub fn set_up(&self, mode: ProcessModes, rate: f64, max_block: i32) -> tresult {
        let mut setup = ProcessSetup {
            processMode: mode as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            maxSamplesPerBlock: max_block,
            sampleRate: rate,
        };
        unsafe { self.processor.setupProcessing(&mut setup) }
    }

    /// The usual calls before the first block.
    pub fn start(&self, rate: f64, max_block: i32) {
        unsafe {
            assert_eq!(self.set_up(ProcessModes_::kOffline, rate, max_block), kResultOk);
            assert_eq!(self.component.setActive(1), kResultOk);
            assert_eq!(self.processor.setProcessing(1), kResultOk);
        }
    }

    pub fn stop(&self) {
        unsafe {
            assert_eq!(self.processor.setProcessing(0), kResultOk);
            assert_eq!(self.component.setActive(0), kResultOk);
        }
    }

    pub fn arrange(&self, inputs: &[SpeakerArrangement], outputs: &[SpeakerArrangement]) -> tresult {
        let (mut inputs, mut outputs) = (inputs.to_vec(), outputs.to_vec());
        unsafe {
            self.processor.setBusArrangements(
                inputs.as_mut_ptr(),
                inputs.len() as i32,
                outputs.as_mut_ptr(),
                outputs.len() as i32,
            )
        }
    }

    /// The arrangements of all buses.
    pub fn arrangements(&self, direction: BusDirection) -> Vec<SpeakerArrangement> {
        unsafe {
            (0..self.component.getBusCount(AUDIO, direction))
                .map(|index| {
                    let mut arrangement = 0;
                    let result = self.processor.getBusArrangement(direction, index, &mut arrangement);
                    assert_eq!(result, kResultOk);
                    arrangement
                })
                .collect()
        }
    }

    fn infos(&self) -> impl Iterator<Item = ParameterInfo> {
        let count = unsafe { self.controller.getParameterCount() };
        (0..count).map(|index| unsafe {
            let mut info: ParameterInfo = mem::zeroed();
            assert_eq!(self.controller.getParameterInfo(index, &mut info), kResultOk);
            info
        })
    }

    /// Title and id of every parameter.
    pub fn params(&self) -> Vec<(String, ParamID)> {
        self.infos().map(|info| (text(&info.title), info.id)).collect()
    }

    /// What the parameter shows, with its unit.
    pub fn shown(&self, name: &str) -> String {
        let info = self.infos().find(|info| text(&info.title) == name).unwrap();
        let mut shown = [0; 128];
        unsafe {
            let value = self.controller.getParamNormalized(info.id);
            assert_eq!(self.controller.getParamStringByValue(info.id, value, &mut shown), kResultOk);
        }
        text(&shown) + &text(&info.units)
    }

    pub fn save(&self) -> Vec<u8> {
        let stream = ComWrapper::new(Stream::default());
        let pointer = stream.to_com_ptr::<IBStream>().unwrap();
        assert_eq!(unsafe { self.component.getState(pointer.as_ptr()) }, kResultOk);
        stream.bytes.borrow().clone()
    }

    pub fn load(&self, state: &[u8]) -> tresult {
        let stream = ComWrapper::new(Stream::default());
        stream.bytes.replace(state.to_vec());
        let pointer = stream.to_com_ptr::<IBStream>().unwrap();
        unsafe { self.component.setState(pointer.as_ptr()) }
    }

    /// Processes buses of any shape; no buses is a null array. `frames` may be anything.
    pub fn process_raw(&self, inputs: &[Channels], outputs: &[Channels], frames: i32) -> tresult {
        self.process_with(inputs, outputs, frames, ptr::null_mut())
    }

    /// Sends parameters (id and normalized value) in a block without audio.
    pub fn flush(&self, values: &[(ParamID, f64)]) -> tresult {
        let changes = ComWrapper::new(Changes::new(values));
        let pointer = changes.to_com_ptr::<IParameterChanges>().unwrap();
        self.process_with(&[], &[], 0, pointer.as_ptr())
    }

    fn process_with(
        &self,
        inputs: &[Channels],
        outputs: &[Channels],
        frames: i32,
        changes: *mut IParameterChanges,
    ) -> tresult {
        let describe = |bus: &Channels| AudioBusBuffers {
            numChannels: bus.as_ref().map_or(2, |bus| bus.len() as i32),
            silenceFlags: self.silent.get(),
            __field0: AudioBusBuffers__type0 {
                channelBuffers32: bus.as_ref().map_or(ptr::null_mut(), |bus| bus.as_ptr().cast_mut()),
            },
        };
        // Behind the last bus lies a trap: whoever reads it writes and reads at address 8.
        let trap = AudioBusBuffers {
            numChannels: 2,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: ptr::without_provenance_mut(8) },
        };
        let mut input_buses: Vec<_> = inputs.iter().map(describe).chain([trap]).collect();
        let mut output_buses: Vec<_> = outputs.iter().map(describe).chain([trap]).collect();
        let or_null = |buses: &mut Vec<AudioBusBuffers>| {
            if buses.len() == 1 { ptr::null_mut() } else { buses.as_mut_ptr() }
        };
        let mut context = self.transport.get().map(|(playing, position)| {
            let mut context: ProcessContext = unsafe { mem::zeroed() };
            context.state = if playing { PLAYING } else { 0 };
            context.projectTimeSamples = position;
            context
        });
        let mut data = ProcessData {
            processMode: ProcessModes_::kOffline as i32,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32 as i32,
            numSamples: frames,
            numInputs: inputs.len() as i32,
            numOutputs: outputs.len() as i32,
            inputs: or_null(&mut input_buses),
            outputs: or_null(&mut output_buses),
            inputParameterChanges: changes,
            outputParameterChanges: ptr::null_mut(),
            inputEvents: ptr::null_mut(),
            outputEvents: ptr::null_mut(),
            processContext: context.as_mut().map_or(ptr::null_mut(), ptr::from_mut),
        };
        let result = unsafe { self.processor.process(&mut data) };
        self.silent.set(output_buses[0].silenceFlags);
        result
    }
}

impl Drop for Vst3Plugin {
    fn drop(&mut self) {
        unsafe { self.component.terminate() };
    }
}

fn text(string: &String128) -> String {
    let text: Vec<u16> = string.iter().copied().take_while(|&c| c != 0).collect();
    String::from_utf16(&text).unwrap()
}

/// The channels of a bus, each null or a buffer as long as the block; none for a null array.
pub type Channels = Option<Vec<*mut f32>>;

/// The channels of `bus`.
pub fn channels(bus: &mut [Vec<f32>]) -> Channels {
    Some(bus.iter_mut().map(|channel| channel.as_mut_ptr()).collect())
}

/// A stream in memory.
#[derive(Default)]
struct Stream {
    bytes: RefCell<Vec<u8>>,
    position: Cell<usize>,
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, buffer: *mut c_void, wanted: int32, read: *mut int32) -> tresult {
        let bytes = self.bytes.borrow();
        let rest = &bytes[self.position.get().min(bytes.len())..];
        let count = rest.len().min(wanted.max(0) as usize);
        unsafe {
            ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast(), count);
            if !read.is_null() {
                *read = count as int32;
            }
        }
        self.position.set(self.position.get() + count);
        kResultOk
    }

    unsafe fn write(&self, buffer: *mut c_void, count: int32, written: *mut int32) -> tresult {
        let mut bytes = self.bytes.borrow_mut();
        bytes.truncate(self.position.get());
        unsafe {
            bytes.extend(std::slice::from_raw_parts(buffer.cast::<u8>(), count as usize));
            if !written.is_null() {
                *written = count;
            }
        }
        self.position.set(bytes.len());
        kResultOk
    }

    unsafe fn seek(&self, offset: int64, mode: int32, result: *mut int64) -> tresult {
        let origin = match mode as u32 {
            IBStream_::IStreamSeekMode_::kIBSeekCur => self.position.get(),
            IBStream_::IStreamSeekMode_::kIBSeekEnd => self.bytes.borrow().len(),
            _ => 0,
        };
        let position = (origin as i64 + offset).max(0);
        self.position.set(position as usize);
        if !result.is_null() {
            unsafe { *result = position };
        }
        kResultOk
    }

    unsafe fn tell(&self, position: *mut int64) -> tresult {
        unsafe { *position = self.position.get() as i64 };
        kResultOk
    }
}

/// Parameter changes at the start of a block.
struct Changes(Vec<ComPtr<IParamValueQueue>>);

impl Changes {
    fn new(values: &[(ParamID, f64)]) -> Self {
        let queue = |&(id, value)| ComWrapper::new(Queue { id, value }).to_com_ptr().unwrap();
        Self(values.iter().map(queue).collect())
    }
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        self.0.len() as int32
    }

    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        self.0.get(index as usize).map_or(ptr::null_mut(), ComPtr::as_ptr)
    }

    unsafe fn addParameterData(&self, _: *const ParamID, _: *mut int32) -> *mut IParamValueQueue {
        ptr::null_mut()
    }
}

/// One change of one parameter, at the first sample.
struct Queue {
    id: ParamID,
    value: ParamValue,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id
    }

    unsafe fn getPointCount(&self) -> int32 {
        1
    }

    unsafe fn getPoint(&self, _: int32, offset: *mut int32, value: *mut ParamValue) -> tresult {
        unsafe {
            *offset = 0;
            *value = self.value;
        }
        kResultOk
    }

    unsafe fn addPoint(&self, _: int32, _: ParamValue, _: *mut int32) -> tresult {
        kResultFalse
    }
}
