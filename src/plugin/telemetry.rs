//! What the audio thread and the window tell each other, neither waiting for the other.
//!
//! Measurements are whole and grow: of those that nobody takes in time, the next says all the same.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use triple_buffer::{Input, Output, TripleBuffer};

use super::registry::{self, Siblings};
use crate::engine::{BounceBus, Listen, Measurement, Settings};

/// Seconds of audio between two measurements for an open window.
const SECONDS: f64 = 0.016;
/// Seconds of audio after which the last measurement is replaced though nobody has taken it.
const SECONDS_UNREAD: f64 = 0.5;

/// A measurement with what only that moment knew.
#[derive(Clone, Debug)]
pub struct Taken {
    pub measurement: Measurement,
    pub settings: Settings,
    pub siblings: Siblings,
    /// How late a click came out of this bus.
    pub click_delay_samples: Option<usize>,
    /// Where the picture was on the host's time line.
    pub picture: Option<Range<i64>>,
    /// When it was finished, for a bounce.
    pub made: Option<SystemTime>,
    /// The moment before its pass, in the ticks of [`registry`].
    pub began: u64,
}

impl Default for Taken {
    /// Nothing, with room for everything.
    fn default() -> Self {
        let mut measurement = Measurement::with_room();
        measurement.mix.highest_ceiling_tenths_dbtp = *Settings::TENTHS_DB.start();
        Self {
            measurement,
            settings: Settings::default(),
            siblings: Siblings::default(),
            click_delay_samples: None,
            picture: None,
            made: None,
            began: 0,
        }
    }
}

/// What is shared by the plugin, its windows and its reports.
pub struct Telemetry {
    now: Mutex<Output<Taken>>,
    bounce: Mutex<Output<Taken>>,
    /// A bounce of a copy of this instance.
    handed: Mutex<Option<Box<Taken>>>,
    picture: Mutex<Input<Option<Range<i64>>>>,
    /// Counts what a window may want to draw.
    changes: AtomicU64,
    /// All measurements are to be forgotten; what was published until then no longer counts.
    forget: AtomicBool,
    listen: AtomicU8,
    walla_connected: AtomicBool,
    /// In Hz; 0 before the first activation.
    sample_rate: AtomicU32,
    channels: AtomicU8,
    click_delay_samples: AtomicUsize,
    /// When the last block was processed, in the ticks of [`registry`].
    last_block: AtomicU64,
}

const LISTENS: [Listen; 4] = [Listen::Output, Listen::Delta, Listen::Dialogue, Listen::Walla];

impl Telemetry {
    /// With the end that belongs to the audio thread.
    pub fn new() -> (Arc<Self>, Feed) {
        let (now_in, now) = TripleBuffer::default().split();
        let (bounce_in, bounce) = TripleBuffer::default().split();
        let (picture, picture_out) = TripleBuffer::default().split();
        let telemetry = Arc::new(Self {
            now: Mutex::new(now),
            bounce: Mutex::new(bounce),
            handed: Mutex::new(None),
            picture: Mutex::new(picture),
            changes: AtomicU64::new(1),
            forget: AtomicBool::new(false),
            listen: AtomicU8::new(0),
            walla_connected: AtomicBool::new(false),
            sample_rate: AtomicU32::new(0),
            channels: AtomicU8::new(0),
            click_delay_samples: AtomicUsize::new(0),
            last_block: AtomicU64::new(0),
        });
        let feed = Feed {
            shared: telemetry.clone(),
            now: now_in,
            bounce: bounce_in,
            picture: picture_out,
            since: 0.0,
            published: (0, false),
            passes_before: 0,
            last_bounce: 0,
            began: 0,
            siblings: Siblings::default(),
            settings: Settings::default(),
            covered: None,
            has_bounced: false,
        };
        (telemetry, feed)
    }

    /// Copies what goes through now, or went through last. Not for the audio thread.
    pub fn read_now(&self, into: &mut Taken) {
        if self.forget.load(Ordering::Acquire) {
            *into = Taken::default();
            return;
        }
        copy(lock(&self.now).read(), into);
    }

    /// Copies the last bounce, if there is one. Not for the audio thread.
    pub fn read_bounce(&self, into: &mut Taken) -> bool {
        if self.forget.load(Ordering::Acquire) {
            return false;
        }
        let mut bounce = lock(&self.bounce);
        let own = bounce.read();
        match lock(&self.handed).as_deref() {
            Some(handed) if handed.made > own.made => copy(handed, into),
            _ => copy(own, into),
        }
        into.made.is_some()
    }

    /// A number that changes whenever something else might be read. Not for the audio thread.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Lets windows draw.
    pub fn touch(&self) {
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Forgets all measurements, the bounce too. Not for the audio thread.
    pub fn forget(&self) {
        *lock(&self.handed) = None;
        self.forget.store(true, Ordering::Release);
        self.touch();
    }

    /// What is heard.
    pub fn listens(&self) -> Listen {
        LISTENS.get(usize::from(self.listen.load(Ordering::Relaxed))).copied().unwrap_or_default()
    }

    /// Lets something else be heard.
    pub fn listen(&self, listen: Listen) {
        self.listen.store(listen as u8, Ordering::Relaxed);
        self.touch();
    }

    /// Another picture, on the host's time line. Not for the audio thread.
    pub fn set_picture(&self, picture: Option<Range<i64>>) {
        lock(&self.picture).write(picture);
    }

    /// Whether the host sends a walla input.
    pub fn walla_connected(&self) -> bool {
        self.walla_connected.load(Ordering::Relaxed)
    }

    /// Of the last activation, in Hz; 0 before the first.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate.load(Ordering::Relaxed)
    }

    /// Of the last activation; 0 before the first.
    pub fn channels(&self) -> usize {
        self.channels.load(Ordering::Relaxed).into()
    }

    /// How late a click came out at the last activation; `None` before the first.
    pub fn click_delay_samples(&self) -> Option<usize> {
        (self.sample_rate() > 0).then(|| self.click_delay_samples.load(Ordering::Relaxed))
    }

    /// Takes the bounce of a copy of this instance, unless it has been at work itself since.
    fn take_over(&self, bounce: &Taken) {
        if self.last_block.load(Ordering::Relaxed) < bounce.began {
            *lock(&self.handed) = Some(Box::new(bounce.clone()));
            self.touch();
        }
    }
}

/// Nobody leaves half a value behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn copy(from: &Taken, to: &mut Taken) {
    to.measurement.clone_from(&from.measurement);
    to.picture.clone_from(&from.picture);
    (to.settings, to.siblings) = (from.settings, from.siblings);
    to.click_delay_samples = from.click_delay_samples;
    (to.made, to.began) = (from.made, from.began);
}

/// The end of the audio thread.
pub struct Feed {
    shared: Arc<Telemetry>,
    now: Input<Taken>,
    bounce: Input<Taken>,
    picture: Output<Option<Range<i64>>>,
    /// Seconds of audio since the last measurement was published.
    since: f64,
    /// Number of the pass that was published last, and whether it was finished.
    published: (u64, bool),
    /// Passes of the buses before the present one: numbers never come again.
    passes_before: u64,
    /// Number of the last bounce of the present bus.
    last_bounce: u64,
    /// The moment before the present pass.
    began: u64,
    /// At the end of the last block, which may have been the last of its pass.
    siblings: Siblings,
    settings: Settings,
    covered: Option<Range<i64>>,
    has_bounced: bool,
}

impl Feed {
    /// A new bus, and how late a click came out of it; not on the audio thread.
    pub fn activate(&mut self, sample_rate: u32, channels: usize, click_delay_samples: usize) {
        self.shared.click_delay_samples.store(click_delay_samples, Ordering::Relaxed);
        self.shared.sample_rate.store(sample_rate, Ordering::Relaxed);
        self.shared.channels.store(channels as u8, Ordering::Relaxed);
        self.passes_before += self.published.0;
        self.published = (0, true);
        self.last_bounce = 0;
        self.restart();
    }

    /// Processing starts anew.
    pub fn restart(&mut self) {
        self.began = registry::now();
        self.shared.last_block.store(self.began, Ordering::Relaxed);
        self.shared.listen.store(Listen::Output as u8, Ordering::Relaxed);
    }

    /// Tells the bus what the window wants, before a block.
    pub fn direct(&mut self, bus: &mut BounceBus, starts: bool, walla_connected: bool) {
        self.shared.walla_connected.store(walla_connected, Ordering::Relaxed);
        if self.picture.update() {
            bus.set_picture(self.picture.output_buffer().clone());
        }
        if self.shared.forget.load(Ordering::Acquire) {
            bus.forget();
            for slot in [&mut self.now, &mut self.bounce] {
                let slot = &mut slot.input_buffer_publisher();
                slot.measurement.clear();
                slot.measurement.mix.highest_ceiling_tenths_dbtp = *Settings::TENTHS_DB.start();
                slot.made = None;
            }
            self.shared.forget.store(false, Ordering::Release);
            self.shared.touch();
        }
        if starts {
            self.shared.listen.store(Listen::Output as u8, Ordering::Relaxed);
        }
        bus.listen(self.shared.listens());
    }

    /// Publishes what the bus measured in a block of so many seconds.
    pub fn publish(&mut self, bus: &BounceBus, settings: Settings, seconds: f64) {
        let tick = registry::now();
        let before = self.shared.last_block.swap(tick, Ordering::Relaxed);
        let pass = bus.measurement().pass;
        if let Some(bounce) = bus.bounce().filter(|bounce| bounce.pass.number != self.last_bounce) {
            self.last_bounce = bounce.pass.number;
            self.has_bounced = true;
            let slot = &mut self.bounce.input_buffer_publisher();
            slot.measurement.clone_from(bounce);
            slot.measurement.pass.number += self.passes_before;
            (slot.settings, slot.siblings) = (self.settings, self.siblings);
            slot.click_delay_samples = self.shared.click_delay_samples();
            slot.picture.clone_from(&self.covered);
            (slot.made, slot.began) = (Some(SystemTime::now()), self.began);
            self.shared.touch();
        }
        if pass.number != self.published.0 {
            self.began = before;
        }
        self.covered.clone_from(self.picture.output_buffer());
        self.settings = settings;
        self.siblings = registry::siblings(self.began, positions(bus.measurement()));
        self.since += seconds;
        let is_due = self.since >= SECONDS && self.now.consumed() || self.since >= SECONDS_UNREAD;
        let is_other = (pass.number, pass.finished) != self.published;
        if pass.number > 0 && (is_other || is_due && !pass.finished) {
            self.since = 0.0;
            self.published = (pass.number, pass.finished);
            let slot = &mut self.now.input_buffer_publisher();
            slot.measurement.clone_from(bus.measurement());
            slot.measurement.pass.number += self.passes_before;
            (slot.settings, slot.siblings) = (self.settings, self.siblings);
            slot.click_delay_samples = self.shared.click_delay_samples();
            (slot.made, slot.began) = (None, self.began);
            self.shared.touch();
        }
    }

    /// Hands a bounce of this instance to the one that it is a copy of; not on the audio thread.
    pub fn hand_over(&mut self, instance: u64) {
        if std::mem::take(&mut self.has_bounced) {
            let mut bounce = Taken::default();
            if self.shared.read_bounce(&mut bounce) {
                registry::others(instance, &self.shared, |other| other.take_over(&bounce));
            }
        }
    }
}

/// Where a pass lies on the host's time line.
fn positions(measurement: &Measurement) -> Option<Range<i64>> {
    let start = measurement.pass.start?;
    let samples = i64::try_from(measurement.programme.samples).unwrap_or(i64::MAX);
    Some(start..start.saturating_add(samples))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use nice_assert_no_alloc::assert_no_alloc;

    use super::*;
    use crate::engine::Transport;

    /// Samples in a block, at 48 kHz.
    const BLOCK: usize = 480;
    const SECONDS_PER_BLOCK: f64 = 0.01;

    /// A bus and its feed, as the plugin has them.
    struct Audio {
        bus: BounceBus,
        feed: Feed,
        position: i64,
    }

    impl Audio {
        fn new() -> (Arc<Telemetry>, Self) {
            let (telemetry, mut feed) = Telemetry::new();
            feed.activate(48_000, 1, 64);
            (telemetry, Self { bus: BounceBus::prepare(48_000, 1, BLOCK).unwrap(), feed, position: 0 })
        }

        /// A block of a level, playing or not.
        fn block(&mut self, level: f32, playing: bool) {
            let input = [level; BLOCK];
            let mut output = [0.0; BLOCK];
            assert_no_alloc(|| {
                self.feed.direct(&mut self.bus, false, false);
                self.bus.follow(Transport { playing, position: Some(self.position) });
                self.bus.process(&[&input], None, &mut [&mut output]);
                self.feed.publish(&self.bus, Settings::default(), SECONDS_PER_BLOCK);
            });
            self.position += if playing { BLOCK as i64 } else { 0 };
        }

        fn blocks(&mut self, level: f32, playing: bool, count: usize) {
            (0..count).for_each(|_| self.block(level, playing));
        }
    }

    fn peak(taken: &Taken) -> f32 {
        taken.measurement.programme.precise.amplitude
    }

    /// A peak that no window saw in time is there for the next, and so is the end of the pass.
    #[test]
    fn what_nobody_reads_is_not_lost() {
        let (telemetry, mut audio) = Audio::new();
        audio.blocks(0.01, true, 20);
        audio.blocks(0.4, true, 2);
        audio.blocks(0.01, true, 200);
        audio.block(0.0, false);
        let mut now = Taken::default();
        telemetry.read_now(&mut now);
        assert!(peak(&now) >= 0.4);
        // What is still in the limiter when the host stops is never heard.
        let heard = 222 * BLOCK - audio.bus.latency_samples();
        assert_eq!(now.measurement.programme.samples, heard as u64);
        assert!(now.measurement.pass.finished);
    }

    /// With windows that come and go, none of which waits or makes wait.
    #[test]
    fn windows_come_and_go() {
        let (telemetry, mut audio) = Audio::new();
        let windows: Vec<_> = (0..3)
            .map(|_| {
                let telemetry = telemetry.clone();
                thread::spawn(move || {
                    let mut highest = 0.0_f32;
                    while highest < 0.45 {
                        let mut now = Taken::default();
                        telemetry.read_now(&mut now);
                        assert!(peak(&now) >= highest, "a peak has gone");
                        highest = peak(&now);
                    }
                })
            })
            .collect();
        for block in 0..400 {
            audio.block(block as f32 / 800.0, true);
        }
        audio.block(0.0, false);
        windows.into_iter().for_each(|window| window.join().unwrap());
    }

    /// An open window sees it within 20 ms of audio.
    #[test]
    fn what_goes_through_is_seen_at_once() {
        let (telemetry, mut audio) = Audio::new();
        let mut now = Taken::default();
        audio.blocks(0.1, true, 10);
        for _ in 0..20 {
            telemetry.read_now(&mut now);
            let before = now.measurement.programme.samples;
            audio.blocks(0.1, true, 2);
            telemetry.read_now(&mut now);
            assert!(now.measurement.programme.samples > before);
        }
    }

    #[test]
    fn a_bounce_stays_until_the_next_or_a_reset() {
        let (telemetry, mut audio) = Audio::new();
        let mut bounce = Taken::default();
        telemetry.set_picture(Some(0..100 * BLOCK as i64));
        audio.blocks(0.25, true, 110);
        audio.block(0.0, false);
        assert!(telemetry.read_bounce(&mut bounce));
        assert!(peak(&bounce) >= 0.25);
        assert_eq!(bounce.picture, Some(0..100 * BLOCK as i64));
        let made = bounce.made;

        // Something else is played, and the host activates anew.
        audio.position = 0;
        audio.blocks(0.4, true, 20);
        audio.block(0.0, false);
        audio.feed.activate(48_000, 1, 64);
        audio.bus = BounceBus::prepare(48_000, 1, BLOCK).unwrap();
        audio.blocks(0.4, true, 20);
        assert!(telemetry.read_bounce(&mut bounce));
        assert_eq!(bounce.made, made);
        assert!(peak(&bounce) < 0.3);
        let mut now = Taken::default();
        telemetry.read_now(&mut now);
        assert!(now.measurement.pass.number > bounce.measurement.pass.number, "numbers never come again");

        // At once, though the audio thread has not heard of it yet.
        telemetry.forget();
        assert!(!telemetry.read_bounce(&mut bounce));
        telemetry.read_now(&mut now);
        assert_eq!(now.measurement.programme.samples, 0);
        audio.block(0.0, false);
        assert!(!telemetry.read_bounce(&mut bounce));
    }

    /// A host renders in a copy and throws it away: the original shows the bounce. An instance that was at
    /// work itself keeps its own.
    #[test]
    fn a_copy_hands_its_bounce_over() {
        let (original, _feed) = Telemetry::new();
        let (busy, mut other) = Audio::new();
        let (copy, mut audio) = Audio::new();
        for telemetry in [&original, &busy, &copy] {
            registry::enter(0x5eed, telemetry);
        }
        copy.set_picture(Some(0..100 * BLOCK as i64));
        audio.blocks(0.25, true, 110);
        other.blocks(0.25, true, 5);
        audio.block(0.0, false);
        audio.feed.hand_over(0x5eed);
        drop((copy, audio));
        let mut bounce = Taken::default();
        assert!(original.read_bounce(&mut bounce));
        assert!(peak(&bounce) >= 0.25);
        assert!(!busy.read_bounce(&mut bounce));
    }

    #[test]
    fn listen_goes_back_when_the_transport_starts() {
        let (telemetry, mut audio) = Audio::new();
        telemetry.listen(Listen::Delta);
        audio.block(0.1, false);
        assert_eq!(telemetry.listens(), Listen::Delta);
        audio.feed.direct(&mut audio.bus, true, false);
        assert_eq!(telemetry.listens(), Listen::Output);
        telemetry.listen(Listen::Walla);
        audio.feed.restart();
        assert_eq!(telemetry.listens(), Listen::Output);
    }
}
