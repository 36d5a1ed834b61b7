//! Where the host is: where passes begin and end, and which samples of one belong to the picture.

use std::ops::Range;

/// What a host says of its transport before a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transport {
    /// Whether it plays or renders.
    pub playing: bool,
    /// Position of the block's first input sample on the host's time line, if the host has one.
    pub position: Option<i64>,
}

/// A position this far off is rounding: hosts reckon it from seconds.
const JITTER_SAMPLES: u64 = 1;

/// Follows the transport through passes.
pub struct Tracker {
    picture: Option<Range<i64>>,
    latency: u64,
    /// Whether a transport was ever told of.
    followed: bool,
    playing: bool,
    /// Where the next input sample lies.
    next: Option<i64>,
    pass: Option<Passage>,
}

/// A pass that goes on.
struct Passage {
    /// The host's position of its first input sample.
    first: Option<i64>,
    /// Input samples so far.
    done: u64,
    /// Those that are measured: of the picture, or all. Counted from the pass's first.
    measured: Range<u64>,
}

/// What the transport did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Nothing but go on.
    Steady,
    /// It began to play.
    Start,
    /// It ceased to play, or says where it is for the first time.
    Stop,
    /// It plays on from somewhere else.
    Jump,
}

impl Tracker {
    /// Without a transport, for an output that comes `latency` samples late.
    pub fn new(latency: usize) -> Self {
        let latency = latency as u64;
        Self { picture: None, latency, followed: false, playing: false, next: None, pass: None }
    }

    /// Takes the transport of the next block. All but [`Move::Steady`] end the pass: call [`Self::end`].
    pub fn follow(&mut self, transport: Transport) -> Move {
        let played = self.followed && self.playing;
        self.followed = true;
        self.playing = transport.playing;
        let expected = self.next;
        let is_off = |position: i64, next: i64| position.abs_diff(next) > JITTER_SAMPLES;
        let goes_on = match (transport.position, expected) {
            (Some(position), Some(next)) => !is_off(position, next),
            (Some(_), None) => false,
            (None, _) => true,
        };
        if !(played && transport.playing && goes_on) {
            self.next = transport.position;
        }
        match (played, transport.playing) {
            (false, true) => Move::Start,
            (true, false) => Move::Stop,
            (true, true) if goes_on => Move::Steady,
            (true, true) if expected.is_some() => Move::Jump,
            (true, true) => Move::Stop,
            (false, false) => Move::Steady,
        }
    }

    /// Whether this is the picture.
    pub fn is_picture(&self, picture: Option<&Range<i64>>) -> bool {
        self.picture.as_ref() == picture
    }

    /// Another picture, for the next pass.
    pub fn set_picture(&mut self, picture: Option<Range<i64>>) {
        self.picture = picture;
    }

    /// Forgets where the host was: the next position is no jump.
    pub fn lose(&mut self) {
        self.next = None;
    }

    /// Whether a pass has to begin with the next sample. If so, begins it.
    pub fn begins(&mut self) -> bool {
        if self.pass.is_some() || (self.followed && !self.playing) {
            return false;
        }
        let mut first = self.next;
        let mut measured = 0..u64::MAX;
        if let (Some(position), Some(picture)) = (&mut first, &self.picture) {
            if position.abs_diff(picture.start) <= JITTER_SAMPLES {
                *position = picture.start;
            }
            let from_first = |to: i64| if to > *position { to.abs_diff(*position) } else { 0 };
            measured = from_first(picture.start)..from_first(picture.end);
        }
        self.next = first;
        self.pass = Some(Passage { first, done: 0, measured });
        true
    }

    /// Ends the pass that goes on, if any. Gives whether it covered the picture, if that can be known.
    pub fn end(&mut self) -> Option<Option<bool>> {
        let pass = self.pass.take()?;
        let covers = pass.first.zip(self.picture.as_ref()).map(|(first, picture)| {
            let end = i128::from(first) + i128::from(pass.done) + i128::from(JITTER_SAMPLES);
            !picture.is_empty() && first <= picture.start && end >= i128::from(picture.end)
        });
        Some(covers)
    }

    /// The host's position of the pass's first measured sample.
    pub fn start(&self) -> Option<i64> {
        let pass = self.pass.as_ref()?;
        pass.first?.checked_add_unsigned(pass.measured.start)
    }

    /// How many of the next samples, at most `length`, are alike: all measured or none, on both sides.
    pub fn alike(&self, length: usize) -> usize {
        let Some(pass) = &self.pass else { return length };
        let late = |edge: u64| edge.saturating_add(self.latency);
        let Range { start, end } = pass.measured;
        let edges = [start, end, late(start), late(end)];
        let next = edges.into_iter().filter(|&edge| edge > pass.done).min().unwrap_or(u64::MAX);
        usize::try_from(next - pass.done).unwrap_or(usize::MAX).min(length)
    }

    /// The next input sample as it lies in the file, if it is measured.
    pub fn input(&self) -> Option<u64> {
        let pass = self.pass.as_ref()?;
        pass.measured.contains(&pass.done).then(|| pass.done - pass.measured.start)
    }

    /// Whether the next output sample is measured.
    pub fn measures_output(&self) -> bool {
        let input = |pass: &Passage| pass.done.checked_sub(self.latency);
        self.pass.as_ref().is_some_and(|pass| input(pass).is_some_and(|input| pass.measured.contains(&input)))
    }

    /// Where in the file the input sample lies that came `before` samples before the next, if it is measured.
    pub fn place(&self, before: isize) -> Option<u64> {
        let pass = self.pass.as_ref()?;
        let sample = pass.done.checked_add_signed((-before) as i64)?;
        pass.measured.contains(&sample).then(|| sample - pass.measured.start)
    }

    /// Goes on by so many samples.
    pub fn advance(&mut self, samples: usize) {
        let samples = samples as u64;
        if let Some(pass) = &mut self.pass {
            pass.done = pass.done.saturating_add(samples);
        }
        self.next = self.next.map(|next| next.saturating_add_unsigned(samples));
    }
}
