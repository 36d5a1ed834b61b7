//! Maximum over the last so many values, at the same cost for any number.
//!
//! After van Herk and Gil-Werman: a window begins within one block and ends within another; what is between them
//! is known as a whole.

use super::interpolation::GROUP;

/// Sliding maximum over values that come in groups.
pub struct SlidingMax {
    length: usize,
    /// The maxima from each value to the end of its group, as far as a window reaches before the newest group;
    /// room for many groups between two moves.
    to_end: Vec<u32>,
    end: usize,
    /// The maximum of the groups that every window of the newest group holds whole.
    between: SlidingMaxOfGroups,
}

impl SlidingMax {
    /// Over the last `length` values, which are 0 at first; more than [`GROUP`].
    pub fn new(length: usize) -> Self {
        let length = length.max(GROUP + 1);
        let reach = reach(length);
        Self {
            length,
            to_end: vec![0; reach + 32 * GROUP],
            end: reach,
            between: SlidingMaxOfGroups::new((length - 1) / GROUP - 1),
        }
    }

    /// How many values it looks at.
    pub fn length(&self) -> usize {
        self.length
    }

    /// All values are 0 again.
    pub fn reset(&mut self) {
        self.to_end.fill(0);
        self.end = reach(self.length);
        self.between.reset();
    }

    /// Takes the newest values and gives for each the maximum of the last `length`, it included.
    #[inline(always)]
    pub fn push(&mut self, values: &[u32; GROUP]) -> [u32; GROUP] {
        let (mut maxima, mut to_end) = (*values, *values);
        // Over twice as many values each time, side by side.
        spread::<1>(&mut maxima, &mut to_end);
        spread::<2>(&mut maxima, &mut to_end);
        spread::<4>(&mut maxima, &mut to_end);
        spread::<8>(&mut maxima, &mut to_end);
        let first = self.end - (self.length - 1);
        let beginnings: &[u32; GROUP] = self.to_end[first..].first_chunk().unwrap_or(&[0; GROUP]);
        // The windows of the first values begin a group earlier than those of the others, and hold that whole.
        let earlier = (self.length - 1) % GROUP;
        let after_earlier = self.to_end[first + earlier];
        for (i, (maximum, &beginning)) in maxima.iter_mut().zip(beginnings).enumerate() {
            let whole = if i < earlier { after_earlier } else { 0 };
            *maximum = (*maximum).max(beginning).max(whole).max(self.between.maximum);
        }
        self.keep(&to_end);
        maxima
    }

    #[inline(always)]
    fn keep(&mut self, to_end: &[u32; GROUP]) {
        if self.end + GROUP > self.to_end.len() {
            let reach = reach(self.length);
            self.to_end.copy_within(self.end - reach..self.end, 0);
            self.end = reach;
        }
        self.to_end[self.end..self.end + GROUP].copy_from_slice(to_end);
        self.end += GROUP;
        self.between.push(to_end[0]);
    }
}

/// Takes into the maxima what is `STEP` values earlier, and later.
#[inline(always)]
fn spread<const STEP: usize>(from_start: &mut [u32; GROUP], to_end: &mut [u32; GROUP]) {
    let (mut earlier, mut later) = ([0; GROUP], [0; GROUP]);
    earlier[STEP..].copy_from_slice(&from_start[..GROUP - STEP]);
    later[..GROUP - STEP].copy_from_slice(&to_end[STEP..]);
    for i in 0..GROUP {
        from_start[i] = from_start[i].max(earlier[i]);
        to_end[i] = to_end[i].max(later[i]);
    }
}

/// How far before the newest group the windows of its values begin, in whole groups.
fn reach(length: usize) -> usize {
    (length - 1).next_multiple_of(GROUP)
}

/// The same over the maxima of groups, one after the other.
struct SlidingMaxOfGroups {
    /// The present block: values up to `filled`, behind it the block before as maxima from there to its end.
    ring: Vec<u32>,
    filled: usize,
    running: u32,
    /// The maximum of as many values as the ring has.
    maximum: u32,
}

impl SlidingMaxOfGroups {
    /// Over the last `length` values, which may be none.
    fn new(length: usize) -> Self {
        Self { ring: vec![0; length], filled: 0, running: 0, maximum: 0 }
    }

    fn reset(&mut self) {
        self.ring.fill(0);
        self.filled = 0;
        self.running = 0;
        self.maximum = 0;
    }

    #[inline(always)]
    fn push(&mut self, value: u32) {
        let Some(place) = self.ring.get_mut(self.filled) else { return };
        *place = value;
        self.running = self.running.max(value);
        self.filled += 1;
        if let Some(&before) = self.ring.get(self.filled) {
            self.maximum = self.running.max(before);
            return;
        }
        self.maximum = self.running;
        let mut from_here = 0;
        for value in self.ring.iter_mut().rev() {
            from_here = from_here.max(*value);
            *value = from_here;
        }
        self.filled = 0;
        self.running = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_maximum_over_the_window(
            values in prop::collection::vec(0u32..1000, 1..1200),
            length in GROUP + 1..300,
        ) {
            let mut sliding = SlidingMax::new(length);
            let groups = values.as_chunks::<GROUP>().0;
            let maxima = groups.iter().flat_map(|group| sliding.push(group));
            for (end, maximum) in maxima.enumerate() {
                let expected = values[(end + 1).saturating_sub(length)..=end].iter().max().copied();
                prop_assert_eq!(Some(maximum), expected, "{}", end);
            }
        }
    }
}
