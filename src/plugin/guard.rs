//! What stands between the hosts and the framework.
//!
//! The framework believes hosts more than hosts deserve. [`ClapGuard`] and [`Vst3Guard`] wrap its
//! objects, pass nearly every call on, and answer these faults of `nice-plug` 0.4.2. A part can go
//! when the framework mends its fault:
//!
//! 1. A null channel pointer is read. (Hosts built on JUCE send them for a bus that is off, and
//!    behind a null pointer there may be garbage: pedalboard 0.9.26, mono first and then stereo.)
//! 2. With fewer buses than declared, memory past the host's array is read; with more channels
//!    than declared, it panics; without a main input, the output keeps what was in its buffer.
//! 3. VST3: the process mode reaches the plugin one `setupProcessing` late.
//! 4. VST3: `setBusArrangements` compares the walla bus with the width of the main bus, and leaves the
//!    layout as it was where none fits.
//! 5. The description of the parameter one past the end panics, in both formats; VST3: a negative
//!    bus index means the first auxiliary bus.
//! 6. Linux: the window stays blank when it is shown late. That one is answered in `editor`.
//! 7. VST3: `process` before `setupProcessing` panics; after a `setBusArrangements` while active
//!    the buffers are too few; absurd block sizes are allocated.
//! 8. The tail is 0 until the first block has been processed, when offline hosts have long asked.
//! 9. CLAP: a window in a host without the window extension panics.
//! 10. The flags that call an output silent or constant stay as the host left them.
//! 11. A block longer than announced makes it allocate in `process`.
//!
//! The guard also knows which inputs are really there, and tells the plugin by [`Connected`].

mod clap;
mod vst3;

pub use clap::ClapGuard;
pub use vst3::Vst3Guard;

use std::cell::RefCell;
use std::ptr;
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The longest block, in samples, that is made room for: 87 s at 192 kHz. More is a host's error.
const MAX_BLOCK: u32 = 1 << 24;

/// Blocks up to this, in samples, are made room for even where the host announces shorter ones.
const USUAL_BLOCK: u32 = 8192;

/// Which inputs the host really sends in the block that is being processed.
///
/// A plugin asks for it in its constructor, where the guard has laid it ready.
#[derive(Clone, Debug)]
pub struct Connected {
    /// Bit n stands for the input bus n.
    inputs: Arc<AtomicU32>,
}

thread_local! {
    /// From the guard to the constructor of the plugin that it wraps, on the thread of both.
    static HANDOVER: RefCell<Option<Connected>> = const { RefCell::new(None) };
}

impl Connected {
    /// For the plugin's constructor. Without a guard, every input counts as connected.
    pub fn of_this_instance() -> Self {
        HANDOVER.take().unwrap_or_else(|| Self { inputs: Arc::new(AtomicU32::new(u32::MAX)) })
    }

    /// Whether the host sends input bus `bus`, though it be silence.
    pub fn input(&self, bus: usize) -> bool {
        u32::try_from(bus)
            .ok()
            .and_then(|bus| 1_u32.checked_shl(bus))
            .is_some_and(|bit| self.inputs.load(Ordering::Relaxed) & bit != 0)
    }

    /// Runs `construct`, in which a plugin is constructed, and returns what that plugin looks at.
    fn hand_over<T>(construct: impl FnOnce() -> T) -> (T, Self) {
        let connected = Self { inputs: Arc::new(AtomicU32::new(0)) };
        HANDOVER.set(Some(connected.clone()));
        let constructed = construct();
        HANDOVER.set(None);
        (constructed, connected)
    }
}

/// The channels of one bus, as a host sends them.
#[derive(Clone, Copy)]
struct Sent {
    channels: usize,
    /// Null, or as many pointers as `channels`: buffers as long as the block, and from the first
    /// null pointer on whatever.
    pointers: *const *mut f32,
}

impl Sent {
    /// The buffers up to the first null pointer (fault 1).
    ///
    /// # Safety
    ///
    /// `pointers` must be as its description says.
    unsafe fn buffers<'a>(self) -> impl Iterator<Item = *mut f32> + 'a {
        // SAFETY: passed on to the caller.
        unsafe { array(self.pointers, self.channels) }.iter().copied().take_while(|buffer| !buffer.is_null())
    }

    /// Silences the channels from `first` on.
    ///
    /// # Safety
    ///
    /// As for [`Sent::buffers`], with buffers of `frames` samples that nobody else uses.
    unsafe fn silence(self, first: usize, frames: usize) {
        // SAFETY: the caller vouches for both.
        unsafe {
            for buffer in self.buffers().skip(first) {
                slice::from_raw_parts_mut(buffer, frames).fill(0.0);
            }
        }
    }
}

/// One bus of the declared width, every channel of it valid memory.
struct Bus {
    /// What the framework gets: the host's buffer or the spare one, for each channel.
    pointers: Vec<*mut f32>,
    /// Silence to read for an input, waste to write for an output.
    spare: Vec<Vec<f32>>,
}

// SAFETY: the pointers are written and read within one call to `process` only.
unsafe impl Send for Bus {}

impl Bus {
    fn new(channels: usize, max_block: usize) -> Self {
        Self { pointers: vec![ptr::null_mut(); channels], spare: vec![vec![0.0; max_block]; channels] }
    }

    /// Points every channel at the host's buffer if there is one, otherwise at the spare one, and
    /// returns whether any is the host's. `None` is a bus that the host does not send.
    ///
    /// # Safety
    ///
    /// As for [`Sent::buffers`].
    unsafe fn point(&mut self, sent: Option<Sent>, frames: usize) -> bool {
        // SAFETY: passed on to the caller.
        let mut buffers = sent.into_iter().flat_map(|sent| unsafe { sent.buffers() });
        let mut any = false;
        for (pointer, spare) in self.pointers.iter_mut().zip(&mut self.spare) {
            *pointer = match buffers.next() {
                Some(buffer) => {
                    any = true;
                    buffer
                }
                None => {
                    if spare.len() < frames {
                        // Only when the host breaks its word, with a block that no host sends.
                        spare.resize(frames, 0.0);
                    }
                    spare.as_mut_ptr()
                }
            };
        }
        any
    }

    /// As [`Bus::point`], for an input: one channel sent into a wider bus is heard on every
    /// channel of it.
    ///
    /// # Safety
    ///
    /// As for [`Sent::buffers`].
    unsafe fn point_input(&mut self, sent: Option<Sent>, frames: usize) -> bool {
        // SAFETY: passed on to the caller.
        let any = unsafe { self.point(sent, frames) };
        if any
            && sent.is_some_and(|sent| sent.channels == 1)
            && let Some((&mut mono, others)) = self.pointers.split_first_mut()
        {
            others.fill(mono);
        }
        any
    }
}

/// The buses of an active plugin.
struct Buses {
    inputs: Vec<Bus>,
    outputs: Vec<Bus>,
}

impl Buses {
    /// Buses of these widths in channels, for blocks of `max_block` samples.
    fn new(
        inputs: impl Iterator<Item = usize>,
        outputs: impl Iterator<Item = usize>,
        max_block: usize,
    ) -> Self {
        Self {
            inputs: inputs.map(|width| Bus::new(width, max_block)).collect(),
            outputs: outputs.map(|width| Bus::new(width, max_block)).collect(),
        }
    }

    /// Points all buses at the host's buffers (faults 1 and 2), silences outputs that the plugin
    /// does not have, and returns the inputs that are connected, bit n for bus n.
    ///
    /// # Safety
    ///
    /// As for [`Sent::silence`], for everything that `inputs` and `outputs` give.
    unsafe fn point(
        &mut self,
        inputs: impl Fn(usize) -> Option<Sent>,
        outputs: impl ExactSizeIterator<Item = Sent> + Clone,
        frames: usize,
    ) -> u32 {
        // SAFETY: passed on to the caller.
        unsafe {
            for (index, sent) in outputs.clone().enumerate() {
                let declared = self.outputs.get(index).map_or(0, |bus| bus.pointers.len());
                sent.silence(declared, frames);
            }
            for (index, bus) in self.outputs.iter_mut().enumerate() {
                bus.point(outputs.clone().nth(index), frames);
            }
            let mut connected = 0;
            for (index, bus) in self.inputs.iter_mut().enumerate() {
                if bus.point_input(inputs(index), frames) {
                    connected |= 1_u32.checked_shl(index as u32).unwrap_or(0);
                }
            }
            connected
        }
    }
}

/// A host's array, empty if it is null.
///
/// # Safety
///
/// Unless null, `first` must be the first of `count` values that nobody writes meanwhile.
unsafe fn array<'a, T>(first: *const T, count: usize) -> &'a [T] {
    if first.is_null() {
        return &[];
    }
    // SAFETY: passed on to the caller.
    unsafe { slice::from_raw_parts(first, count) }
}

/// A host's array to write to, empty if it is null.
///
/// # Safety
///
/// Unless null, `first` must be the first of `count` values that nobody else uses meanwhile.
unsafe fn array_mut<'a, T>(first: *mut T, count: usize) -> &'a mut [T] {
    if first.is_null() {
        return &mut [];
    }
    // SAFETY: passed on to the caller.
    unsafe { slice::from_raw_parts_mut(first, count) }
}
