//! The symbols by which hosts find the plugins, for CLAP and for VST3.
//!
//! The framework's own export macros hand out its objects; these hand out the guards around them.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::LazyLock;

use clap_sys::entry::clap_plugin_entry;
use clap_sys::factory::plugin_factory::{CLAP_PLUGIN_FACTORY_ID, clap_plugin_factory};
use clap_sys::host::clap_host;
use clap_sys::plugin::{clap_plugin, clap_plugin_descriptor};
use clap_sys::version::CLAP_VERSION;
use nice_plug::prelude::{ClapPlugin, Vst3Plugin};
use nice_plug::wrapper::clap::PluginDescriptor;
use nice_plug::wrapper::vst3::PluginInfo;
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3,
    IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo, int32,
    kInvalidArgument, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComWrapper};

use super::guard::{ClapGuard, Vst3Guard};
use super::{Premix, PremixWalla};

/// A plugin without its type.
struct Export {
    clap: PluginDescriptor,
    create_clap: unsafe fn(*const clap_host) -> *const clap_plugin,
    vst3: PluginInfo,
    create_vst3: unsafe fn(FIDString, *mut *mut c_void) -> tresult,
}

impl Export {
    fn of<P: ClapPlugin + Vst3Plugin>() -> Self {
        Self {
            clap: PluginDescriptor::for_plugin::<P>(),
            create_clap: ClapGuard::create::<P>,
            vst3: PluginInfo::for_plugin::<P>(),
            create_vst3: Vst3Guard::<P>::create,
        }
    }
}

/// In the order in which hosts list them.
static EXPORTS: LazyLock<[Export; 2]> =
    LazyLock::new(|| [Export::of::<Premix>(), Export::of::<PremixWalla>()]);

/// What a CLAP host looks for in the library.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)]
pub static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(clap_init),
    deinit: Some(clap_deinit),
    get_factory: Some(clap_get_factory),
};

static CLAP_FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(clap_get_plugin_count),
    get_plugin_descriptor: Some(clap_get_plugin_descriptor),
    create_plugin: Some(clap_create_plugin),
};

unsafe extern "C" fn clap_init(_path: *const c_char) -> bool {
    true
}

unsafe extern "C" fn clap_deinit() {}

unsafe extern "C" fn clap_get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: unless null, the host passes a string.
    if !id.is_null() && unsafe { CStr::from_ptr(id) } == CLAP_PLUGIN_FACTORY_ID {
        ptr::from_ref(&CLAP_FACTORY).cast()
    } else {
        ptr::null()
    }
}

unsafe extern "C" fn clap_get_plugin_count(_factory: *const clap_plugin_factory) -> u32 {
    EXPORTS.len() as u32
}

unsafe extern "C" fn clap_get_plugin_descriptor(
    _factory: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    EXPORTS
        .get(index as usize)
        .map_or(ptr::null(), |export| ptr::from_ref(export.clap.clap_plugin_descriptor()))
}

unsafe extern "C" fn clap_create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    if host.is_null() || id.is_null() {
        return ptr::null();
    }
    // SAFETY: the host passes a string and itself.
    unsafe {
        let id = CStr::from_ptr(id);
        EXPORTS
            .iter()
            .find(|export| export.clap.clap_id() == id)
            .map_or(ptr::null(), |export| (export.create_clap)(host))
    }
}

/// What a VST3 host asks for classes.
struct Factory;

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

/// Writes what `describe` says of class `index` to `info`.
///
/// # Safety
///
/// Unless null, `info` must be a place for a `T`.
unsafe fn describe<T>(index: int32, info: *mut T, describe: fn(&PluginInfo) -> T) -> tresult {
    let export = usize::try_from(index).ok().and_then(|index| EXPORTS.get(index));
    match export {
        Some(export) if !info.is_null() => {
            // SAFETY: not null, so the caller vouches for it.
            unsafe { info.write(describe(&export.vst3)) };
            kResultOk
        }
        _ => kInvalidArgument,
    }
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        // The vendor is the same for all.
        // SAFETY: passed on to the host.
        unsafe { describe(0, info, PluginInfo::create_factory_info) }
    }

    unsafe fn countClasses(&self) -> int32 {
        EXPORTS.len() as int32
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { describe(index, info, PluginInfo::create_class_info) }
    }

    unsafe fn createInstance(
        &self,
        class: FIDString,
        interface: FIDString,
        object: *mut *mut c_void,
    ) -> tresult {
        if class.is_null() || interface.is_null() || object.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: not null, so the host passes two ids of 16 bytes and a place for a pointer.
        unsafe {
            let class = &*class.cast::<[u8; 16]>();
            EXPORTS
                .iter()
                .find(|export| export.vst3.cid == class)
                .map_or(kInvalidArgument, |export| (export.create_vst3)(interface, object))
        }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { describe(index, info, PluginInfo::create_class_info_2) }
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        // SAFETY: passed on to the host.
        unsafe { describe(index, info, PluginInfo::create_class_info_unicode) }
    }

    unsafe fn setHostContext(&self, _context: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// What a VST3 host calls first; the host releases the factory.
#[unsafe(no_mangle)]
extern "system" fn GetPluginFactory() -> *mut c_void {
    ComWrapper::new(Factory)
        .to_com_ptr::<IPluginFactory>()
        .map_or(ptr::null_mut(), |factory| factory.into_raw().cast())
}

/// VST3 on Linux: the library is loaded.
#[unsafe(no_mangle)]
#[cfg(all(target_family = "unix", not(target_os = "macos")))]
extern "C" fn ModuleEntry(_library: *mut c_void) -> bool {
    true
}

/// VST3 on Linux: the library is about to be unloaded.
#[unsafe(no_mangle)]
#[cfg(all(target_family = "unix", not(target_os = "macos")))]
extern "C" fn ModuleExit() -> bool {
    true
}

/// VST3 on macOS: the bundle is loaded.
#[unsafe(no_mangle)]
#[cfg(target_os = "macos")]
extern "C" fn bundleEntry(_bundle: *mut c_void) -> bool {
    true
}

/// VST3 on macOS: the bundle is about to be unloaded.
#[unsafe(no_mangle)]
#[cfg(target_os = "macos")]
extern "C" fn bundleExit() -> bool {
    true
}

/// VST3 on Windows: the library is loaded.
#[unsafe(no_mangle)]
#[cfg(target_os = "windows")]
extern "system" fn InitDll() -> bool {
    true
}

/// VST3 on Windows: the library is about to be unloaded.
#[unsafe(no_mangle)]
#[cfg(target_os = "windows")]
extern "system" fn ExitDll() -> bool {
    true
}
