//! The CLAP side of the guard.

use std::ffi::{CStr, c_char, c_void};
use std::mem;
use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use clap_sys::audio_buffer::clap_audio_buffer;
use clap_sys::ext::audio_ports::{CLAP_EXT_AUDIO_PORTS, clap_audio_port_info, clap_plugin_audio_ports};
use clap_sys::ext::gui::CLAP_EXT_GUI;
use clap_sys::ext::latency::{CLAP_EXT_LATENCY, clap_plugin_latency};
use clap_sys::ext::params::{CLAP_EXT_PARAMS, clap_param_info, clap_plugin_params};
use clap_sys::ext::tail::{CLAP_EXT_TAIL, clap_plugin_tail};
use clap_sys::host::clap_host;
use clap_sys::plugin::clap_plugin;
use clap_sys::process::{CLAP_PROCESS_ERROR, clap_process, clap_process_status};
use nice_plug::prelude::ClapPlugin;
use nice_plug::wrapper::clap::Wrapper;

use super::{Buses, Connected, MAX_BLOCK, Sent, USUAL_BLOCK, array, array_mut};

/// The framework's CLAP object with some of its functions replaced.
///
/// The host's pointer to `plugin` is a pointer to the whole. `plugin.plugin_data` stays the
/// framework's, so that its functions, the extensions' too, work on either object.
#[repr(C)]
pub struct ClapGuard {
    plugin: clap_plugin,
    framework: *const clap_plugin,
    host: *const clap_host,
    /// The framework's, with a `get_info` of our own.
    params: Option<clap_plugin_params>,
    connected: Connected,
    /// Present while active.
    buses: Mutex<Option<ClapBuses>>,
}

/// Buses as CLAP describes them.
struct ClapBuses {
    buses: Buses,
    inputs: Vec<clap_audio_buffer>,
    outputs: Vec<clap_audio_buffer>,
}

impl ClapGuard {
    /// A new instance of the plugin, for the host to destroy.
    ///
    /// # Safety
    ///
    /// `host` must be what CLAP promises.
    pub unsafe fn create<P: ClapPlugin>(host: *const clap_host) -> *const clap_plugin {
        // SAFETY: passed on to the caller.
        let (wrapper, connected) = Connected::hand_over(|| unsafe { Wrapper::<P>::new(host) });
        // The reference that the framework's `destroy` gives back.
        let wrapper = Arc::into_raw(wrapper);
        // SAFETY: the wrapper lives until `destroy` and nobody changes its function table now.
        let (framework, plugin) = unsafe {
            let framework: *const clap_plugin = (*wrapper).clap_plugin.as_ptr();
            (framework, *framework)
        };
        let mut guard = Box::new(Self {
            plugin: clap_plugin {
                destroy: Some(Self::destroy),
                activate: Some(Self::activate),
                deactivate: Some(Self::deactivate),
                process: Some(Self::process),
                get_extension: Some(Self::get_extension),
                ..plugin
            },
            framework,
            host,
            params: None,
            connected,
            buses: Mutex::new(None),
        });
        // SAFETY: the type is that of the extension.
        let params = unsafe { guard.extension::<clap_plugin_params>(CLAP_EXT_PARAMS) };
        guard.params =
            params.map(|params| clap_plugin_params { get_info: Some(Self::param_info), ..*params });
        Box::into_raw(guard).cast()
    }

    /// # Safety
    ///
    /// `plugin` must have come from [`ClapGuard::create`] and not been destroyed.
    unsafe fn of<'a>(plugin: *const clap_plugin) -> &'a Self {
        // SAFETY: `plugin` points at the first field of a guard that is alive.
        unsafe { &*plugin.cast() }
    }

    /// The framework's function table.
    fn framework(&self) -> &clap_plugin {
        // SAFETY: it lives as long as the guard.
        unsafe { &*self.framework }
    }

    /// An extension of the framework's object.
    ///
    /// # Safety
    ///
    /// `T` must be the function table that CLAP names `id`.
    unsafe fn extension<T>(&self, id: &CStr) -> Option<&T> {
        let get = self.framework().get_extension?;
        // SAFETY: the framework's extensions live as long as its object.
        unsafe { get(self.framework, id.as_ptr()).cast::<T>().as_ref() }
    }

    /// The widths in channels of all inputs or all outputs.
    fn widths(&self, is_input: bool) -> Vec<usize> {
        // SAFETY: the type is that of the extension; the functions are called as CLAP says.
        unsafe {
            let Some(ports) = self.extension::<clap_plugin_audio_ports>(CLAP_EXT_AUDIO_PORTS) else {
                return Vec::new();
            };
            let (Some(count), Some(get)) = (ports.count, ports.get) else {
                return Vec::new();
            };
            (0..count(self.framework, is_input))
                .filter_map(|index| {
                    let mut info: clap_audio_port_info = mem::zeroed();
                    get(self.framework, index, is_input, &mut info).then_some(info.channel_count as usize)
                })
                .collect()
        }
    }

    unsafe extern "C" fn destroy(plugin: *const clap_plugin) {
        // SAFETY: the guard came from `Box::into_raw`, and this is the host's last call.
        unsafe {
            let guard = Box::from_raw(plugin.cast::<Self>().cast_mut());
            if let Some(destroy) = guard.framework().destroy {
                destroy(guard.framework);
            }
        }
    }

    unsafe extern "C" fn activate(
        plugin: *const clap_plugin,
        sample_rate: f64,
        min_frames_count: u32,
        max_frames_count: u32,
    ) -> bool {
        // SAFETY: the host passes what `create` gave it.
        let guard = unsafe { Self::of(plugin) };
        // Fault 7.
        if !(1.0..=f64::from(u32::MAX)).contains(&sample_rate) || !(1..=MAX_BLOCK).contains(&max_frames_count)
        {
            return false;
        }
        let Some(activate) = guard.framework().activate else {
            return false;
        };
        // Fault 11.
        let max_frames_count = max_frames_count.max(USUAL_BLOCK);
        // SAFETY: the framework's own object and the host's arguments.
        if !unsafe { activate(guard.framework, sample_rate, min_frames_count, max_frames_count) } {
            return false;
        }
        let (inputs, outputs) = (guard.widths(true), guard.widths(false));
        let describe = |widths: &[usize]| {
            widths
                .iter()
                .map(|&width| clap_audio_buffer {
                    data32: ptr::null_mut(),
                    data64: ptr::null_mut(),
                    channel_count: width as u32,
                    latency: 0,
                    constant_mask: 0,
                })
                .collect()
        };
        *guard.buses.lock().unwrap_or_else(PoisonError::into_inner) = Some(ClapBuses {
            inputs: describe(&inputs),
            outputs: describe(&outputs),
            buses: Buses::new(inputs.into_iter(), outputs.into_iter(), max_frames_count as usize),
        });
        true
    }

    unsafe extern "C" fn deactivate(plugin: *const clap_plugin) {
        // SAFETY: the host passes what `create` gave it.
        let guard = unsafe { Self::of(plugin) };
        *guard.buses.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if let Some(deactivate) = guard.framework().deactivate {
            // SAFETY: the framework's own object.
            unsafe { deactivate(guard.framework) };
        }
    }

    /// Faults 1, 2 and 10.
    unsafe extern "C" fn process(
        plugin: *const clap_plugin,
        process: *const clap_process,
    ) -> clap_process_status {
        // SAFETY: the host passes what `create` gave it, and a block that lasts for this call.
        let (guard, Some(process)) = (unsafe { Self::of(plugin) }, unsafe { process.as_ref() }) else {
            return CLAP_PROCESS_ERROR;
        };
        let frames = process.frames_count as usize;
        // SAFETY: the host's arrays are as long as it says, or null.
        let (inputs, outputs) = unsafe {
            (
                array(process.audio_inputs, process.audio_inputs_count as usize),
                array_mut(process.audio_outputs, process.audio_outputs_count as usize),
            )
        };
        for output in outputs.iter_mut() {
            output.constant_mask = 0;
        }
        let sent =
            |bus: &clap_audio_buffer| Sent { channels: bus.channel_count as usize, pointers: bus.data32 };
        let mut buses = guard.buses.try_lock();
        // Not active, or being deactivated at this moment.
        let Some(own) = buses.as_mut().ok().and_then(|buses| buses.as_mut()) else {
            for output in outputs {
                // SAFETY: the host's buffers are as long as the block.
                unsafe { sent(output).silence(0, frames) };
            }
            return CLAP_PROCESS_ERROR;
        };
        // SAFETY: the host's buffers are as long as the block.
        let connected =
            unsafe { own.buses.point(|bus| inputs.get(bus).map(sent), outputs.iter().map(sent), frames) };
        guard.connected.inputs.store(connected, Ordering::Relaxed);
        for (description, bus) in own.inputs.iter_mut().zip(&mut own.buses.inputs) {
            description.data32 = bus.pointers.as_mut_ptr();
        }
        for (description, bus) in own.outputs.iter_mut().zip(&mut own.buses.outputs) {
            description.data32 = bus.pointers.as_mut_ptr();
        }
        let well_formed = clap_process {
            audio_inputs: own.inputs.as_ptr(),
            audio_inputs_count: own.inputs.len() as u32,
            audio_outputs: own.outputs.as_mut_ptr(),
            audio_outputs_count: own.outputs.len() as u32,
            ..*process
        };
        match guard.framework().process {
            // SAFETY: the framework's own object and a block without holes.
            Some(process) => unsafe { process(guard.framework, &well_formed) },
            None => CLAP_PROCESS_ERROR,
        }
    }

    unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
        const TAIL: clap_plugin_tail = clap_plugin_tail { get: Some(ClapGuard::tail) };
        if id.is_null() {
            return ptr::null();
        }
        // SAFETY: the host passes what `create` gave it and the name of an extension.
        unsafe {
            let guard = Self::of(plugin);
            let name = CStr::from_ptr(id);
            if name == CLAP_EXT_TAIL {
                return ptr::from_ref(const { &TAIL }).cast();
            }
            if name == CLAP_EXT_PARAMS
                && let Some(params) = &guard.params
            {
                return ptr::from_ref(params).cast();
            }
            if name == CLAP_EXT_GUI && !guard.host_shows_windows() {
                return ptr::null();
            }
            guard.framework().get_extension.map_or(ptr::null(), |get| get(guard.framework, id))
        }
    }

    /// Fault 9.
    fn host_shows_windows(&self) -> bool {
        // SAFETY: the host outlives its plugins and answers after their `init`.
        unsafe {
            (*self.host).get_extension.is_some_and(|get| !get(self.host, CLAP_EXT_GUI.as_ptr()).is_null())
        }
    }

    /// Fault 5.
    unsafe extern "C" fn param_info(
        plugin: *const clap_plugin,
        index: u32,
        info: *mut clap_param_info,
    ) -> bool {
        // SAFETY: the host passes what `create` gave it and a place for the answer; the type is
        // that of the extension.
        unsafe {
            let guard = Self::of(plugin);
            guard
                .extension::<clap_plugin_params>(CLAP_EXT_PARAMS)
                .and_then(|params| Some((params.count?, params.get_info?)))
                .is_some_and(|(count, get_info)| {
                    index < count(guard.framework) && get_info(guard.framework, index, info)
                })
        }
    }

    /// Fault 8: what goes in comes out after the latency.
    unsafe extern "C" fn tail(plugin: *const clap_plugin) -> u32 {
        // SAFETY: the host passes what `create` gave it; the types are those of the extensions.
        unsafe {
            let guard = Self::of(plugin);
            let latency = guard
                .extension::<clap_plugin_latency>(CLAP_EXT_LATENCY)
                .and_then(|latency| latency.get)
                .map_or(0, |get| get(guard.framework));
            let tail = guard
                .extension::<clap_plugin_tail>(CLAP_EXT_TAIL)
                .and_then(|tail| tail.get)
                .map_or(0, |get| get(guard.framework));
            tail.max(latency)
        }
    }
}
