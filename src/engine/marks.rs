//! Writing [`Marks`]: places close together become one, the worst are kept, all are counted.

use super::measurement::{Mark, Marks};

/// Joins places into marks. Never allocates; a place costs at most one pass over the kept marks.
pub struct Marker {
    /// Places that begin at most so many samples after the one before belong to it.
    within_samples: u64,
    /// The newest mark, which may still grow.
    open: Option<Mark>,
    /// Whether the newest mark is among the kept ones: then it is the last of them.
    kept: bool,
    /// No kept mark is below this level.
    weakest: f32,
}

impl Marker {
    /// Joins places that are at most `within_samples` apart.
    pub fn new(within_samples: u64) -> Self {
        Self { within_samples, open: None, kept: false, weakest: f32::NEG_INFINITY }
    }

    /// For new, empty marks.
    pub fn reset(&mut self) {
        *self = Self::new(self.within_samples);
    }

    /// Adds a place to `marks`, which must have room. Places come about in the order of time.
    pub fn mark(&mut self, marks: &mut Marks, place: Mark) {
        let end = |mark: Mark| mark.sample.saturating_add(mark.samples);
        let near = |open: &Mark| place.sample <= end(*open).saturating_add(self.within_samples);
        let mark = match self.open.filter(near) {
            Some(open) => {
                let sample = open.sample.min(place.sample);
                let samples = end(open).max(end(place)) - sample;
                Mark { sample, samples, level: open.level.max(place.level) }
            }
            None => {
                marks.count += 1;
                self.kept = false;
                place
            }
        };
        self.open = Some(mark);
        if self.kept {
            if let Some(last) = marks.worst.last_mut() {
                *last = mark;
            }
        } else if marks.worst.len() < Marks::KEPT {
            marks.worst.push(mark);
            self.kept = true;
        } else if mark.level > self.weakest {
            self.replace_the_weakest(marks, mark);
        }
    }

    fn replace_the_weakest(&mut self, marks: &mut Marks, mark: Mark) {
        let levels = marks.worst.iter().map(|mark| mark.level).enumerate();
        let Some((index, level)) = levels.min_by(|a, b| a.1.total_cmp(&b.1)) else { return };
        self.weakest = level;
        if mark.level > level {
            marks.worst.remove(index);
            marks.worst.push(mark);
            self.kept = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(sample: u64, level: f32) -> Mark {
        Mark { sample, samples: 1, level }
    }

    #[test]
    fn places_close_together_are_one() {
        let (mut marker, mut marks) = (Marker::new(10), Marks::with_room());
        for (sample, level) in [(100, 0.5), (105, 0.7), (116, 0.6), (127, 0.2), (139, 0.1)] {
            marker.mark(&mut marks, place(sample, level));
        }
        assert_eq!(marks.count, 2);
        assert_eq!(marks.worst, [Mark { sample: 100, samples: 28, level: 0.7 }, place(139, 0.1)]);
        marker.reset();
        marks.clear();
        marker.mark(&mut marks, place(140, 0.1));
        assert_eq!(marks.count, 1);
    }

    proptest! {
        #[test]
        fn the_worst_are_kept_in_the_order_of_time(levels in prop::collection::vec(0u16..2000, 1..1500)) {
            let (mut marker, mut marks) = (Marker::new(10), Marks::with_room());
            let room = marks.worst.capacity();
            let all: Vec<Mark> = (0..).zip(&levels).map(|(n, &l)| place(100 * n, f32::from(l))).collect();
            all.iter().for_each(|&mark| marker.mark(&mut marks, mark));
            prop_assert_eq!(marks.count, all.len() as u64);
            prop_assert_eq!(marks.worst.len(), all.len().min(Marks::KEPT));
            prop_assert_eq!(marks.worst.capacity(), room);
            prop_assert!(marks.worst.is_sorted_by_key(|mark| mark.sample));
            let mut sorted: Vec<f32> = all.iter().map(|mark| mark.level).collect();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let mut kept: Vec<f32> = marks.worst.iter().map(|mark| mark.level).collect();
            kept.sort_by(|a, b| b.total_cmp(a));
            prop_assert_eq!(&kept, &sorted[..kept.len()]);
        }
    }
}
