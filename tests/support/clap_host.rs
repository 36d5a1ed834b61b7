//! A CLAP host: `clack-host` loads the bundle and creates the plugin, the rest goes through the C
//! functions, so that a test can send what well-behaved hosts never send.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_void};
use std::mem;
use std::ptr;

use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_host::prelude::*;
use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::events::{
    CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE, CLAP_EVENT_TRANSPORT,
    CLAP_TRANSPORT_HAS_SECONDS_TIMELINE, CLAP_TRANSPORT_IS_PLAYING, clap_event_header,
    clap_event_param_value, clap_event_transport, clap_input_events, clap_output_events,
};
use clap_sys::ext::audio_ports::*;
use clap_sys::ext::audio_ports_config::*;
use clap_sys::ext::gui::*;
use clap_sys::ext::latency::*;
use clap_sys::ext::params::*;
use clap_sys::ext::render::*;
use clap_sys::ext::state::*;
use clap_sys::ext::tail::*;
use clap_sys::fixedpoint::CLAP_SECTIME_FACTOR;
use clap_sys::plugin::clap_plugin;
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use clap_sys::stream::{clap_istream, clap_ostream};

pub const PREMIX: &str = "audio.premix.premix";
pub const PREMIX_WALLA: &str = "audio.premix.walla";

/// A host that grants nothing.
struct Deaf {
    /// Whether it can show windows.
    has_windows: bool,
}

impl SharedHandler<'_> for Deaf {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

impl HostGuiImpl for Deaf {
    fn resize_hints_changed(&self) {}
    fn request_resize(&self, _: GuiSize) -> Result<(), HostError> {
        Ok(())
    }
    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn closed(&self, _: bool) {}
}

impl HostHandlers for Deaf {
    type Shared<'a> = Self;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, shared: &Self) {
        if shared.has_windows {
            builder.register::<HostGui>();
        }
    }
}

/// A loaded bundle.
pub struct ClapBundle(PluginEntry);

/// What a bundle says of a plugin.
#[derive(Debug, PartialEq)]
pub struct Description {
    pub id: String,
    pub name: String,
    pub features: Vec<String>,
}

/// A parameter as the host sees it.
#[derive(Debug)]
pub struct Param {
    pub id: u32,
    pub name: String,
    pub flags: u32,
    /// As the host counts: the framework gives continuous parameters the range 0 to 1.
    pub default: f64,
}

/// A change of a parameter.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// Samples from the start of the render.
    pub time: usize,
    pub id: u32,
    pub value: f64,
}

impl ClapBundle {
    pub fn load() -> Self {
        let path = super::bundle("Premix.clap");
        // SAFETY: the library was built from this repository.
        Self(unsafe { PluginEntry::load(path) }.expect("the bundle loads"))
    }

    pub fn plugins(&self) -> Vec<Description> {
        let text = |text: Option<&CStr>| text.unwrap().to_str().unwrap().to_owned();
        let factory = self.0.get_plugin_factory().unwrap();
        factory
            .plugin_descriptors()
            .map(|plugin| Description {
                id: text(plugin.id()),
                name: text(plugin.name()),
                features: plugin.features().map(|feature| text(Some(feature))).collect(),
            })
            .collect()
    }

    pub fn create(&self, id: &str) -> ClapPlugin {
        self.create_in(id, Deaf { has_windows: false })
    }

    /// In a host that shows windows.
    pub fn create_with_window(&self, id: &str) -> ClapPlugin {
        self.create_in(id, Deaf { has_windows: true })
    }

    fn create_in(&self, id: &str, deaf: Deaf) -> ClapPlugin {
        let host = HostInfo::new("Premix tests", "", "", "1").unwrap();
        let id = CString::new(id).unwrap();
        let instance = PluginInstance::new(|_| deaf, |_| (), &self.0, &id, &host).unwrap();
        let (constant, transport) = (Cell::new(0), Cell::new(None));
        ClapPlugin { instance, is_active: false, rate: 0.0, constant, transport }
    }
}

/// An instance; it is deactivated when dropped.
pub struct ClapPlugin {
    instance: PluginInstance<Deaf>,
    is_active: bool,
    /// Which channels of the first output are called constant, before a block and after it.
    pub constant: Cell<u64>,
    /// Whether the host plays, and the position at which a render starts; `None` is no transport at all.
    pub transport: Cell<Option<(bool, i64)>>,
    /// Hz.
    rate: f64,
}

impl ClapPlugin {
    fn raw(&self) -> &clap_plugin {
        self.instance.raw_instance()
    }

    /// An extension's function table; `T` must be its type.
    fn extension<T>(&self, id: &CStr) -> &T {
        self.try_extension(id).unwrap_or_else(|| panic!("no extension {id:?}"))
    }

    fn try_extension<T>(&self, id: &CStr) -> Option<&T> {
        unsafe {
            let extension = self.raw().get_extension.unwrap()(self.raw(), id.as_ptr());
            extension.cast::<T>().as_ref()
        }
    }

    /// The window's functions, and the plugin to call them with.
    pub fn window(&self) -> Option<(&clap_plugin_gui, *const clap_plugin)> {
        Some((self.try_extension(CLAP_EXT_GUI)?, self.raw()))
    }

    /// The layouts' names.
    pub fn layouts(&self) -> Vec<String> {
        let configs: &clap_plugin_audio_ports_config = self.extension(CLAP_EXT_AUDIO_PORTS_CONFIG);
        unsafe {
            (0..configs.count.unwrap()(self.raw()))
                .map(|index| {
                    let mut config: clap_audio_ports_config = mem::zeroed();
                    assert!(configs.get.unwrap()(self.raw(), index, &mut config));
                    text(&config.name)
                })
                .collect()
        }
    }

    /// Selects the layout with this index; only while inactive.
    pub fn select(&self, index: u32) -> bool {
        let configs: &clap_plugin_audio_ports_config = self.extension(CLAP_EXT_AUDIO_PORTS_CONFIG);
        unsafe {
            let mut config: clap_audio_ports_config = mem::zeroed();
            assert!(configs.get.unwrap()(self.raw(), index, &mut config));
            configs.select.unwrap()(self.raw(), config.id)
        }
    }

    /// Names and widths in channels of all inputs or all outputs.
    pub fn ports(&self, is_input: bool) -> Vec<(String, u32)> {
        let ports: &clap_plugin_audio_ports = self.extension(CLAP_EXT_AUDIO_PORTS);
        unsafe {
            (0..ports.count.unwrap()(self.raw(), is_input))
                .map(|index| {
                    let mut info: clap_audio_port_info = mem::zeroed();
                    assert!(ports.get.unwrap()(self.raw(), index, is_input, &mut info));
                    (text(&info.name), info.channel_count)
                })
                .collect()
        }
    }

    fn params_extension(&self) -> &clap_plugin_params {
        self.extension(CLAP_EXT_PARAMS)
    }

    pub fn params(&self) -> Vec<Param> {
        let params = self.params_extension();
        unsafe {
            (0..params.count.unwrap()(self.raw()))
                .map(|index| {
                    let mut info: clap_param_info = mem::zeroed();
                    assert!(params.get_info.unwrap()(self.raw(), index, &mut info));
                    Param {
                        id: info.id,
                        name: text(&info.name),
                        flags: info.flags,
                        default: info.default_value,
                    }
                })
                .collect()
        }
    }

    /// Whether the plugin describes a parameter with this index.
    pub fn has_param(&self, index: u32) -> bool {
        unsafe {
            let mut info: clap_param_info = mem::zeroed();
            self.params_extension().get_info.unwrap()(self.raw(), index, &mut info)
        }
    }

    pub fn param(&self, name: &str) -> Param {
        let mut params = self.params().into_iter();
        params.find(|param| param.name == name).unwrap_or_else(|| panic!("no parameter {name}"))
    }

    pub fn value(&self, id: u32) -> f64 {
        let mut value = f64::NAN;
        assert!(unsafe { self.params_extension().get_value.unwrap()(self.raw(), id, &mut value) });
        value
    }

    pub fn value_to_text(&self, id: u32, value: f64) -> String {
        let mut buffer = [0; 256];
        assert!(unsafe {
            self.params_extension().value_to_text.unwrap()(
                self.raw(),
                id,
                value,
                buffer.as_mut_ptr(),
                buffer.len() as u32,
            )
        });
        text(&buffer)
    }

    pub fn text_to_value(&self, id: u32, text: &str) -> Option<f64> {
        let text = CString::new(text).unwrap();
        let mut value = f64::NAN;
        unsafe { self.params_extension().text_to_value.unwrap()(self.raw(), id, text.as_ptr(), &mut value) }
            .then_some(value)
    }

    /// Sets a parameter to what its text says, at sample `time` of a render.
    pub fn change(&self, time: usize, name: &str, text: &str) -> Change {
        let id = self.param(name).id;
        let value = self.text_to_value(id, text).unwrap_or_else(|| panic!("{name} {text}"));
        Change { time, id, value }
    }

    /// What the parameter shows.
    pub fn shown(&self, name: &str) -> String {
        let id = self.param(name).id;
        self.value_to_text(id, self.value(id))
    }

    /// Sets a parameter to what its text says; only while inactive.
    pub fn set(&self, name: &str, text: &str) {
        let changes = [self.change(0, name, text)];
        unsafe {
            self.params_extension().flush.unwrap()(
                self.raw(),
                &Events::new(&changes, 0, 1).input(),
                &DEAF_TO_EVENTS,
            );
        }
    }

    /// The state without the eight bytes of its length that the framework puts before it in CLAP.
    pub fn save(&self) -> Vec<u8> {
        unsafe extern "C" fn write(stream: *const clap_ostream, data: *const c_void, size: u64) -> i64 {
            unsafe {
                let state = &mut *(*stream).ctx.cast::<Vec<u8>>();
                state.extend(std::slice::from_raw_parts(data.cast::<u8>(), size as usize));
            }
            size as i64
        }
        let mut state = Vec::<u8>::new();
        let stream = clap_ostream { ctx: ptr::from_mut(&mut state).cast(), write: Some(write) };
        let extension: &clap_plugin_state = self.extension(CLAP_EXT_STATE);
        assert!(unsafe { extension.save.unwrap()(self.raw(), &stream) });
        let json = state.split_off(size_of::<u64>());
        assert_eq!(state, (json.len() as u64).to_le_bytes());
        json
    }

    /// Whether the plugin took the state, to which its length is put.
    pub fn load(&self, state: &[u8]) -> bool {
        self.load_raw(&[&(state.len() as u64).to_le_bytes(), state].concat())
    }

    /// Whether the plugin took these bytes as its state.
    pub fn load_raw(&self, mut state: &[u8]) -> bool {
        unsafe extern "C" fn read(stream: *const clap_istream, data: *mut c_void, size: u64) -> i64 {
            unsafe {
                let state = &mut *(*stream).ctx.cast::<&[u8]>();
                // In small portions, as some hosts do.
                let count = state.len().min(size as usize).min(7);
                let (head, rest) = state.split_at(count);
                ptr::copy_nonoverlapping(head.as_ptr(), data.cast(), count);
                *state = rest;
                count as i64
            }
        }
        let stream = clap_istream { ctx: ptr::from_mut(&mut state).cast(), read: Some(read) };
        let extension: &clap_plugin_state = self.extension(CLAP_EXT_STATE);
        unsafe { extension.load.unwrap()(self.raw(), &stream) }
    }

    pub fn latency(&self) -> u32 {
        let latency: &clap_plugin_latency = self.extension(CLAP_EXT_LATENCY);
        unsafe { latency.get.unwrap()(self.raw()) }
    }

    pub fn tail(&self) -> u32 {
        let tail: &clap_plugin_tail = self.extension(CLAP_EXT_TAIL);
        unsafe { tail.get.unwrap()(self.raw()) }
    }

    pub fn set_offline(&self, offline: bool) -> bool {
        let render: &clap_plugin_render = self.extension(CLAP_EXT_RENDER);
        let mode = if offline { CLAP_RENDER_OFFLINE } else { CLAP_RENDER_REALTIME };
        unsafe { render.set.unwrap()(self.raw(), mode) }
    }

    /// Activates at `rate` Hz for blocks of up to `max_block` samples, and starts processing.
    pub fn activate(&mut self, rate: f64, max_block: u32) -> bool {
        assert!(!self.is_active);
        self.rate = rate;
        unsafe {
            self.is_active = self.raw().activate.unwrap()(self.raw(), rate, 1, max_block);
            self.is_active && self.raw().start_processing.unwrap()(self.raw())
        }
    }

    pub fn deactivate(&mut self) {
        if mem::take(&mut self.is_active) {
            unsafe {
                self.raw().stop_processing.unwrap()(self.raw());
                self.raw().deactivate.unwrap()(self.raw());
            }
        }
    }

    pub fn reset(&self) {
        unsafe { self.raw().reset.unwrap()(self.raw()) }
    }

    /// Processes buses of any shape, without events; for what only broken hosts send.
    pub fn process_raw(
        &self,
        inputs: &[Channels],
        outputs: &[Channels],
        frames: usize,
    ) -> clap_process_status {
        self.process_with(inputs, outputs, frames, &[], 0)
    }

    fn process_with(
        &self,
        inputs: &[Channels],
        outputs: &[Channels],
        frames: usize,
        changes: &[Change],
        start: usize,
    ) -> clap_process_status {
        let describe = |bus: &Channels| clap_audio_buffer {
            data32: bus.as_ref().map_or(ptr::null_mut(), |bus| bus.as_ptr().cast_mut()),
            data64: ptr::null_mut(),
            channel_count: bus.as_ref().map_or(2, |bus| bus.len() as u32),
            latency: 0,
            constant_mask: self.constant.get(),
        };
        // Behind the last bus lies a trap: whoever reads it writes and reads at address 8.
        let trap = clap_audio_buffer {
            data32: ptr::without_provenance_mut(8),
            data64: ptr::null_mut(),
            channel_count: 2,
            latency: 0,
            constant_mask: 0,
        };
        let mut audio_inputs: Vec<_> = inputs.iter().map(describe).chain([trap]).collect();
        let mut audio_outputs: Vec<_> = outputs.iter().map(describe).chain([trap]).collect();
        let events = Events::new(changes, start, frames);
        let transport = self.transport.get().map(|(playing, position)| {
            let mut transport: clap_event_transport = unsafe { mem::zeroed() };
            transport.header.size = size_of::<clap_event_transport>() as u32;
            transport.header.space_id = CLAP_CORE_EVENT_SPACE_ID;
            transport.header.type_ = CLAP_EVENT_TRANSPORT;
            transport.flags = CLAP_TRANSPORT_HAS_SECONDS_TIMELINE;
            if playing {
                transport.flags |= CLAP_TRANSPORT_IS_PLAYING;
            }
            let sample = position + if playing { start as i64 } else { 0 };
            transport.song_pos_seconds =
                (sample as f64 / self.rate * CLAP_SECTIME_FACTOR as f64).round() as i64;
            transport
        });
        let process = clap_process {
            steady_time: start as i64,
            frames_count: frames as u32,
            transport: transport.as_ref().map_or(ptr::null(), ptr::from_ref),
            audio_inputs: audio_inputs.as_mut_ptr(),
            audio_outputs: audio_outputs.as_mut_ptr(),
            audio_inputs_count: inputs.len() as u32,
            audio_outputs_count: outputs.len() as u32,
            in_events: &events.input(),
            out_events: &DEAF_TO_EVENTS,
        };
        let status = unsafe { self.raw().process.unwrap()(self.raw(), &process) };
        self.constant.set(audio_outputs[0].constant_mask);
        status
    }

    /// Renders all of `dialogue` in blocks of the sizes that `blocks` gives, over and over.
    pub fn render(
        &self,
        dialogue: &[Vec<f32>],
        walla: Option<&[Vec<f32>]>,
        blocks: &[usize],
        changes: &[Change],
    ) -> Vec<Vec<f32>> {
        let length = dialogue[0].len();
        // Copies, because a plugin may write to its inputs.
        let mut inputs: Vec<_> = [Some(dialogue), walla].into_iter().flatten().map(<[_]>::to_vec).collect();
        let mut output = vec![vec![f32::NAN; length]; dialogue.len()];
        let mut blocks = blocks.iter().cycle();
        let mut start = 0;
        while start < length {
            let frames = (length - start).min(*blocks.next().unwrap());
            let buses: Vec<Channels> = inputs.iter_mut().map(|bus| channels(bus, start)).collect();
            let status = self.process_with(&buses, &[channels(&mut output, start)], frames, changes, start);
            assert_ne!(status, CLAP_PROCESS_ERROR);
            start += frames;
        }
        output
    }
}

impl Drop for ClapPlugin {
    fn drop(&mut self) {
        self.deactivate();
    }
}

/// The channels of a bus, each null or a buffer as long as the block; none for a null array.
pub type Channels = Option<Vec<*mut f32>>;

/// The channels of `bus` from sample `start` on.
pub fn channels(bus: &mut [Vec<f32>], start: usize) -> Channels {
    Some(bus.iter_mut().map(|channel| channel[start..].as_mut_ptr()).collect())
}

/// The events of one block.
struct Events(Vec<clap_event_param_value>);

impl Events {
    /// Those of `changes` that fall into the `frames` samples from `start` on.
    fn new(changes: &[Change], start: usize, frames: usize) -> Self {
        let events =
            changes.iter().filter(|change| (start..start + frames).contains(&change.time)).map(|change| {
                clap_event_param_value {
                    header: clap_event_header {
                        size: size_of::<clap_event_param_value>() as u32,
                        time: (change.time - start) as u32,
                        space_id: CLAP_CORE_EVENT_SPACE_ID,
                        type_: CLAP_EVENT_PARAM_VALUE,
                        flags: 0,
                    },
                    param_id: change.id,
                    cookie: ptr::null_mut(),
                    note_id: -1,
                    port_index: -1,
                    channel: -1,
                    key: -1,
                    value: change.value,
                }
            });
        Self(events.collect())
    }

    /// As the plugin gets them; valid as long as `self` stays where it is.
    fn input(&self) -> clap_input_events {
        unsafe extern "C" fn size(list: *const clap_input_events) -> u32 {
            unsafe { (*(*list).ctx.cast::<Vec<clap_event_param_value>>()).len() as u32 }
        }
        unsafe extern "C" fn get(list: *const clap_input_events, index: u32) -> *const clap_event_header {
            unsafe {
                let events = &*(*list).ctx.cast::<Vec<clap_event_param_value>>();
                events.get(index as usize).map_or(ptr::null(), |event| ptr::from_ref(event).cast())
            }
        }
        clap_input_events { ctx: ptr::from_ref(&self.0).cast_mut().cast(), size: Some(size), get: Some(get) }
    }
}

/// Takes no events from the plugin.
static DEAF_TO_EVENTS: clap_output_events = {
    unsafe extern "C" fn try_push(
        _list: *const clap_output_events,
        _event: *const clap_event_header,
    ) -> bool {
        false
    }
    clap_output_events { ctx: ptr::null_mut(), try_push: Some(try_push) }
};

fn text(buffer: &[c_char]) -> String {
    let bytes = buffer.iter().map(|&byte| byte as u8).take_while(|&byte| byte != 0);
    String::from_utf8(bytes.collect()).expect("hosts get UTF-8")
}
