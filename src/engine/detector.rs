//! A channel's past, interpolated only where a peak may be high enough to matter.

use super::interpolation::{GROUP, Interpolator, Limits, Reading, highest_of, larger};
use super::line::Line;

/// Groups that are looked at in one go, before a closer look at each.
pub const RUN: usize = 16;
/// Groups before the newest that its intervals see.
const SEEN: usize = 3;

/// The past of a channel in groups of [`GROUP`] samples, which are read when they are whole, and never in
/// parts, so that the sizes of blocks cannot matter.
pub struct Detector {
    line: Line,
    /// The highest samples of the groups before the next, the oldest first, if those were read.
    highest: Option<[f32; SEEN]>,
    /// What the next interval needs to know of the one before, if that was read.
    quarter_before: Option<f32>,
}

impl Detector {
    /// For blocks of at most `max_block` samples, with at least `keep` samples of past.
    pub fn new(keep: usize, max_block: usize) -> Self {
        let line = Line::new(keep + GROUP, max_block);
        Self { line, highest: None, quarter_before: None }
    }

    /// The past is silence again.
    pub fn reset(&mut self) {
        self.line.reset();
        self.highest = None;
        self.quarter_before = None;
    }

    /// The past, in one piece.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Appends a block and gives its place for [`Self::read`].
    #[inline(always)]
    pub fn append(&mut self, block: &[f32]) -> usize {
        self.line.append(block)
    }

    /// Whether none of `groups` groups, the first at `place`, can matter by their highest samples.
    #[inline(always)]
    pub fn is_quiet(
        &self,
        interpolator: &Interpolator,
        place: usize,
        groups: usize,
        matters: impl Fn(Limits) -> bool,
    ) -> bool {
        let highest = highest_of(self.line.delayed(place, SEEN * GROUP, (SEEN + groups) * GROUP));
        !matters(interpolator.limits(highest, highest))
    }

    /// Takes groups without reading them.
    #[inline(always)]
    pub fn pass(&mut self) {
        self.highest = None;
        self.quarter_before = None;
    }

    /// Takes the group at `place`, and reads the intervals that it completes if they can matter (see
    /// [`Self::is_quiet`]).
    #[inline(always)]
    pub fn read(
        &mut self,
        interpolator: &Interpolator,
        place: usize,
        matters: impl Fn(Limits) -> bool,
    ) -> Option<Reading> {
        let [oldest, early, late] = match self.highest {
            Some(highest) => highest,
            None => [self.highest(place, 3), self.highest(place, 2), self.highest(place, 1)],
        };
        let newest = self.highest(place, 0);
        self.highest = Some([early, late, newest]);
        let (near, far) = (larger(early, late), larger(oldest, newest));
        let seen = self.line.seen(place);
        // Where a sample alone matters, a closer look is wasted.
        let may_matter = matters(interpolator.limits(near, far))
            && (matters(Limits { precise: near, annex_2: 0.0 })
                || matters(interpolator.close_limits(seen, larger(near, far))));
        if !may_matter {
            self.quarter_before = None;
            return None;
        }
        let reading = interpolator.read_within(seen, self.quarter_before);
        self.quarter_before = Some(reading.last_quarter[GROUP - 1]);
        Some(reading)
    }

    /// The highest sample of the group so many before the one at `place`.
    #[inline(always)]
    fn highest(&self, place: usize, groups_before: usize) -> f32 {
        highest_of(self.line.delayed(place, groups_before * GROUP, GROUP))
    }
}

/// [`Detector::is_quiet`] of all channels.
#[inline(always)]
pub fn are_quiet(
    detectors: &[Detector],
    interpolator: &Interpolator,
    place: usize,
    groups: usize,
    matters: impl Fn(Limits) -> bool + Copy,
) -> bool {
    // A loop, since what closures hold is not compiled for the kernel.
    let mut quiet = true;
    for detector in detectors {
        quiet = quiet && detector.is_quiet(interpolator, place, groups, matters);
    }
    quiet
}
