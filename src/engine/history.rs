//! Writing a [`History`]: the last minutes in full, the whole in ever coarser bins.

use super::measurement::{Bin, History};

impl History {
    /// Begins anew, with bins of `tenth_samples` samples.
    pub(super) fn start(&mut self, tenth_samples: u64) {
        self.clear();
        self.tenth_samples = tenth_samples;
        self.tenths_per_bin = 1;
    }

    /// Adds the next tenth of a second. Never allocates in a history with room.
    pub(super) fn push(&mut self, tenth: Bin) {
        let tenths = self.before_recent + self.recent.len() as u64;
        if self.recent.len() >= Self::RECENT {
            self.recent.remove(0);
            self.before_recent += 1;
        }
        self.recent.push(tenth);

        if tenths.is_multiple_of(self.tenths_per_bin.max(1)) {
            if self.whole.len() >= Self::WHOLE {
                for pair in 0..Self::WHOLE / 2 {
                    let mut bin = self.whole[2 * pair];
                    bin.join(self.whole[2 * pair + 1]);
                    self.whole[pair] = bin;
                }
                self.whole.truncate(Self::WHOLE / 2);
                self.tenths_per_bin *= 2;
            }
            self.whole.push(tenth);
        } else if let Some(last) = self.whole.last_mut() {
            last.join(tenth);
        }
    }
}

impl Bin {
    /// Becomes the bin of both stretches.
    pub(super) fn join(&mut self, other: Bin) {
        self.true_peak = self.true_peak.max(other.true_peak);
        self.reduction_db = self.reduction_db.min(other.reduction_db);
        self.short_term_lufs = self.short_term_lufs.max(other.short_term_lufs);
        self.separation_lu = self.separation_lu.min(other.separation_lu);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(n: u64) -> Bin {
        let value = (n * 7919 % 10_007) as f32;
        Bin { true_peak: value, reduction_db: -value, short_term_lufs: value, separation_lu: -value }
    }

    #[test]
    fn keeps_the_last_minutes_and_the_whole_in_bounded_memory() {
        let mut history = History::with_room();
        let rooms = (history.recent.capacity(), history.whole.capacity());
        history.start(4800);
        let mut checked = 0;
        for n in 0..50_000u64 {
            history.push(bin(n));
            if n % 997 != 0 {
                continue;
            }
            checked += 1;
            let tenths = n + 1;
            let recent = history.recent.len() as u64;
            assert_eq!(history.before_recent + recent, tenths);
            assert_eq!(recent, tenths.min(History::RECENT as u64));
            assert_eq!(history.recent[0], bin(history.before_recent));
            assert_eq!(history.recent.last(), Some(&bin(n)));
            let per_bin = history.tenths_per_bin;
            assert_eq!(history.whole.len() as u64, tenths.div_ceil(per_bin));
            for (index, got) in history.whole.iter().enumerate() {
                let first = index as u64 * per_bin;
                let mut expected = bin(first);
                (first + 1..(first + per_bin).min(tenths)).for_each(|n| expected.join(bin(n)));
                assert_eq!(*got, expected);
            }
        }
        assert!(checked > 40 && history.tenths_per_bin == 32);
        assert_eq!((history.recent.capacity(), history.whole.capacity()), rooms);
    }
}
