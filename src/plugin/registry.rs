//! The instances of this process: every Premix Walla, as the bounce bus sees it, and every Premix.
//!
//! Time is counted in ticks, one for every block that any instance of both processes. So a bus knows what
//! was done during its pass without a clock and without waiting.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use atomic_float::AtomicF32;

use super::telemetry::Telemetry;
use crate::compliance::premix::WALLA_GAIN_TENTHS_DB;

pub use crate::compliance::premix::Siblings;

/// The moment. Never 0.
pub fn now() -> u64 {
    static TICKS: AtomicU64 = AtomicU64::new(0);
    TICKS.fetch_add(1, Ordering::Relaxed) + 1
}

/// How many of them are seen; one more still works, unseen.
const PLACES: usize = 64;

static WALLAS: [Place; PLACES] = [const { Place::new() }; PLACES];

/// What a Premix Walla tells of itself.
struct Place {
    taken: AtomicBool,
    /// Its gain in tenths of a decibel; 0 while bypassed.
    gain: AtomicI32,
    /// When sound last went through, and whether the last block had any.
    sounded: AtomicU64,
    sounds: AtomicBool,
    /// Lowest and highest gain that sound got in this pass.
    lowest: AtomicI32,
    highest: AtomicI32,
    /// The host's positions of that sound; all of them if the host tells none.
    first: AtomicI64,
    last: AtomicI64,
    /// Largest sample since a window last took it.
    peak: AtomicF32,
}

impl Place {
    const fn new() -> Self {
        Self {
            taken: AtomicBool::new(false),
            gain: AtomicI32::new(0),
            sounded: AtomicU64::new(0),
            sounds: AtomicBool::new(false),
            lowest: AtomicI32::new(0),
            highest: AtomicI32::new(0),
            first: AtomicI64::new(0),
            last: AtomicI64::new(0),
            peak: AtomicF32::new(0.0),
        }
    }
}

/// The place of one Premix Walla; given back when dropped.
pub struct Registration(Option<&'static Place>);

impl Registration {
    /// Takes a place if one is free. Not for the audio thread.
    pub fn new() -> Self {
        let free = |place: &&Place| {
            place.taken.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        let place = WALLAS.iter().find(free);
        if let Some(place) = place {
            place.sounded.store(0, Ordering::Relaxed);
            place.sounds.store(false, Ordering::Relaxed);
            place.peak.store(0.0, Ordering::Relaxed);
        }
        Self(place)
    }

    /// A pass begins. For the audio thread.
    pub fn begin(&self) {
        if let Some(place) = self.0 {
            place.lowest.store(i32::MAX, Ordering::Relaxed);
            place.highest.store(i32::MIN, Ordering::Relaxed);
            place.first.store(i64::MAX, Ordering::Relaxed);
            place.last.store(i64::MIN, Ordering::Relaxed);
        }
    }

    /// The gain that is set, in tenths of a decibel.
    pub fn set_gain(&self, tenths: i32) {
        if let Some(place) = self.0 {
            place.gain.store(tenths, Ordering::Relaxed);
        }
    }

    /// Sound went through at gains from `lowest` to `highest`, in tenths of a decibel, where the host says
    /// it was. For the audio thread.
    pub fn sound(&self, lowest: i32, highest: i32, positions: Option<Range<i64>>, peak: f32) {
        let Some(place) = self.0 else { return };
        let positions = positions.unwrap_or(i64::MIN..i64::MAX);
        place.lowest.fetch_min(lowest, Ordering::Relaxed);
        place.highest.fetch_max(highest, Ordering::Relaxed);
        place.first.fetch_min(positions.start, Ordering::Relaxed);
        place.last.fetch_max(positions.end, Ordering::Relaxed);
        place.peak.fetch_max(peak, Ordering::Relaxed);
        place.sounded.store(now(), Ordering::Release);
        place.sounds.store(true, Ordering::Relaxed);
    }

    /// Silence went through, or nothing any more.
    pub fn silence(&self) {
        if let Some(place) = self.0 {
            place.sounds.store(false, Ordering::Relaxed);
        }
    }

    /// Largest sample since the last call, 1 being full scale. For the window.
    pub fn take_peak(&self) -> f32 {
        self.0.map_or(0.0, |place| place.peak.swap(0.0, Ordering::Relaxed))
    }

    /// What [`Self::take_peak`] would give, as bits, to see whether it changed.
    pub fn peak_bits(&self) -> u32 {
        self.0.map_or(0, |place| place.peak.load(Ordering::Relaxed).to_bits())
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(place) = self.0 {
            place.taken.store(false, Ordering::Release);
        }
    }
}

/// What every Premix Walla did since the tick `since` where the bus was at `positions`, if that is known.
/// For the audio thread.
pub fn siblings(since: u64, positions: Option<Range<i64>>) -> Siblings {
    let mut siblings = Siblings::default();
    for place in WALLAS.iter().filter(|place| place.taken.load(Ordering::Acquire)) {
        let (first, last) = (place.first.load(Ordering::Relaxed), place.last.load(Ordering::Relaxed));
        let elsewhere = positions.as_ref().is_some_and(|bus| last <= bus.start || first >= bus.end);
        if place.sounded.load(Ordering::Acquire) <= since || elsewhere {
            continue;
        }
        let gains = (place.lowest.load(Ordering::Relaxed), place.highest.load(Ordering::Relaxed));
        siblings.sounding += 1;
        siblings.exact += usize::from(gains == (WALLA_GAIN_TENTHS_DB, WALLA_GAIN_TENTHS_DB));
    }
    siblings
}

/// Gain in tenths of a decibel of every Premix Walla, and whether sound goes through.
pub fn wallas() -> impl Iterator<Item = (i32, bool)> {
    WALLAS
        .iter()
        .filter(|place| place.taken.load(Ordering::Acquire))
        .map(|place| (place.gain.load(Ordering::Relaxed), place.sounds.load(Ordering::Relaxed)))
}

/// Every Premix, by the number that its state gives it and its copies.
static BUSES: Mutex<Vec<(u64, Weak<Telemetry>)>> = Mutex::new(Vec::new());

/// Enters a Premix, or its new number. Not for the audio thread.
pub fn enter(instance: u64, telemetry: &Arc<Telemetry>) {
    let mut buses = BUSES.lock().unwrap_or_else(PoisonError::into_inner);
    buses.retain(|(_, bus)| bus.strong_count() > 0 && bus.as_ptr() != Arc::as_ptr(telemetry));
    buses.push((instance, Arc::downgrade(telemetry)));
}

/// Every other Premix with this number. Not for the audio thread.
pub fn others(instance: u64, this: &Arc<Telemetry>, mut act: impl FnMut(&Telemetry)) {
    let buses = BUSES.lock().unwrap_or_else(PoisonError::into_inner);
    let others = buses.iter().filter(|(number, _)| *number == instance);
    for other in others.filter_map(|(_, bus)| bus.upgrade()).filter(|other| !Arc::ptr_eq(other, this)) {
        act(&other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In one test, because all instances of a process are seen.
    #[test]
    fn only_what_was_done_during_the_pass_counts() {
        let seen = |since, positions| {
            let Siblings { sounding, exact } = siblings(since, positions);
            (sounding, exact)
        };
        let walla = Registration::new();
        walla.begin();
        let before = now();
        assert_eq!(seen(before, None), (0, 0), "nothing has sounded");
        walla.sound(-100, -100, Some(0..512), 0.1);
        assert_eq!(seen(before, Some(0..512)), (1, 1));
        assert_eq!(seen(before, None), (1, 1));
        assert_eq!(seen(before, Some(512..1024)), (0, 0), "it was elsewhere");
        assert_eq!(seen(now(), Some(0..512)), (0, 0), "it was before the pass");

        // At another gain for a moment, or bypassed: not exact, until its next pass.
        walla.sound(-100, 0, Some(512..1024), 0.1);
        walla.sound(-100, -100, Some(1024..1536), 0.1);
        assert_eq!(seen(before, Some(0..1536)), (1, 0));
        walla.begin();
        walla.sound(-100, -100, None, 0.1);
        assert_eq!(seen(before, Some(0..1536)), (1, 1), "a host without positions");

        let other = Registration::new();
        other.begin();
        other.sound(-60, -60, None, 0.1);
        assert_eq!(seen(before, None), (2, 1));
        drop(other);
        assert_eq!(seen(before, None), (1, 1));
        let unseen: Vec<_> = (0..PLACES).map(|_| Registration::new()).collect();
        assert!(unseen.last().unwrap().0.is_none(), "one more still works");
    }
}
