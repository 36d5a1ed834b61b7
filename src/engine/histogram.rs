//! Loudness values counted in tenths of a LU: gates and percentiles of any length in constant memory.

/// The absolute gate of ITU-R BS.1770-5: what is quieter is not counted.
const QUIETEST_LUFS: f64 = -70.0;
const BINS_PER_LU: f64 = 10.0;
/// Up to +30 LUFS; what is louder counts as that.
const BINS: usize = 1000;

/// Loudness of an energy, in LUFS (ITU-R BS.1770-5).
pub fn lufs_from_energy(energy: f64) -> f64 {
    10.0 * libm::log10(energy) - 0.691
}

/// The inverse of [`lufs_from_energy`].
pub fn energy_from_lufs(lufs: f64) -> f64 {
    libm::pow(10.0, (lufs + 0.691) / 10.0)
}

/// How often each loudness came, and the energy it came with.
pub struct Histogram {
    bins: Box<[(u64, f64)]>,
    count: u64,
    energy: f64,
    /// The highest bin that was ever counted in.
    highest: usize,
}

impl Histogram {
    /// Empty.
    pub fn new() -> Self {
        Self { bins: vec![(0, 0.0); BINS].into(), count: 0, energy: 0.0, highest: 0 }
    }

    /// Empty again.
    pub fn reset(&mut self) {
        self.bins.fill((0, 0.0));
        (self.count, self.energy, self.highest) = (0, 0.0, 0);
    }

    /// Counts a window of this mean energy, unless it is below the absolute gate.
    pub fn add(&mut self, energy: f64) {
        let lufs = lufs_from_energy(energy);
        if lufs.is_nan() || lufs < QUIETEST_LUFS {
            return;
        }
        let bin = (((lufs - QUIETEST_LUFS) * BINS_PER_LU) as usize).min(BINS - 1);
        self.bins[bin].0 += 1;
        self.bins[bin].1 += energy;
        self.count += 1;
        self.energy += energy;
        self.highest = self.highest.max(bin);
    }

    /// Loudness of what is within `gate_lu` of the mean of all, in LUFS; minus infinity without any.
    pub fn gated_lufs(&self, gate_lu: f64) -> f64 {
        let (count, energy) =
            self.over_gate(gate_lu).fold((0, 0.0), |sum, bin| (sum.0 + bin.0, sum.1 + bin.1));
        if count == 0 { f64::NEG_INFINITY } else { lufs_from_energy(energy / count as f64) }
    }

    /// Loudness at the shares `low` and `high` (0 to 1) of what is within `gate_lu` of the mean of all, in
    /// LUFS, as EBU Tech 3342 counts them.
    pub fn percentiles_lufs<const N: usize>(&self, gate_lu: f64, shares: [f64; N]) -> Option<[f64; N]> {
        let count: u64 = self.over_gate(gate_lu).map(|bin| bin.0).sum();
        let last = count.checked_sub(1)?;
        let mut values = [f64::NEG_INFINITY; N];
        for (value, share) in values.iter_mut().zip(shares) {
            let mut left = libm::round(last as f64 * share) as u64;
            for &(count, energy) in self.over_gate(gate_lu) {
                if left < count {
                    *value = lufs_from_energy(energy / count as f64);
                    break;
                }
                left -= count;
            }
        }
        Some(values)
    }

    /// The share of all that is more than `lu` from `lufs`, 0 to 1.
    pub fn share_beyond(&self, lufs: f64, lu: f64) -> f64 {
        let beyond = |&&(count, energy): &&(u64, f64)| {
            count > 0 && (lufs_from_energy(energy / count as f64) - lufs).abs() > lu
        };
        let far: u64 = self.bins[..=self.highest].iter().filter(beyond).map(|bin| bin.0).sum();
        far as f64 / self.count.max(1) as f64
    }

    fn over_gate(&self, gate_lu: f64) -> impl Iterator<Item = &(u64, f64)> {
        let mean = self.energy / self.count.max(1) as f64;
        let gate = mean * libm::pow(10.0, -gate_lu / 10.0);
        // Bins below the one in which the gate lies are below it.
        let lowest = (lufs_from_energy(gate) - QUIETEST_LUFS) * BINS_PER_LU;
        let lowest = (lowest.max(0.0) as usize).min(self.highest);
        let bins = self.bins[lowest..=self.highest].iter();
        bins.filter(move |(count, energy)| *count > 0 && *energy >= gate * *count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_and_percentiles_are_those_of_the_sorted_values() {
        let mut state = 1u64;
        let mut values: Vec<f64> = (0..5000)
            .map(|n| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let random = (state >> 33) as f64 / f64::from(1u32 << 31);
                -50.0 + 35.0 * random - if n % 10 == 0 { 40.0 } else { 0.0 }
            })
            .collect();
        let mut histogram = Histogram::new();
        values.iter().for_each(|&lufs| histogram.add(energy_from_lufs(lufs)));
        histogram.add(0.0);
        histogram.add(f64::NAN);
        values.sort_by(f64::total_cmp);
        let mean =
            |values: &[f64]| values.iter().map(|&v| energy_from_lufs(v)).sum::<f64>() / values.len() as f64;
        let absolute = &values[values.partition_point(|&v| v < -70.0)..];
        for gate in [10.0, 20.0] {
            let threshold = lufs_from_energy(mean(absolute)) - gate;
            let gated = &absolute[absolute.partition_point(|&v| v < threshold)..];
            assert!((histogram.gated_lufs(gate) - lufs_from_energy(mean(gated))).abs() < 0.01);
            let [low, high] = histogram.percentiles_lufs(gate, [0.1, 0.95]).unwrap();
            let at = |share: f64| gated[((gated.len() - 1) as f64 * share).round() as usize];
            assert!((low - at(0.1)).abs() < 0.1 && (high - at(0.95)).abs() < 0.1);
        }
        let far = absolute.iter().filter(|&&v| (v + 30.0).abs() > 6.0).count() as f64 / absolute.len() as f64;
        assert!((histogram.share_beyond(-30.0, 6.0) - far).abs() < 0.01);
        histogram.reset();
        assert_eq!(histogram.gated_lufs(10.0), f64::NEG_INFINITY);
        assert_eq!(histogram.percentiles_lufs(20.0, [0.5]), None);
    }

    #[test]
    fn anything_may_be_counted() {
        let mut histogram = Histogram::new();
        for energy in [f64::INFINITY, f64::MAX, 1e36, 1e-300, -1.0] {
            histogram.add(energy);
            histogram.gated_lufs(10.0);
            histogram.percentiles_lufs(20.0, [0.0, 1.0]);
            histogram.share_beyond(0.0, 6.0);
        }
    }
}
