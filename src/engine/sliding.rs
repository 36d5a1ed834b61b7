//! Maximum over the last so many values, at the same cost for any number.

/// Sliding maximum by van Herk and Gil-Werman: per value one comparison with a running maximum and one
/// with a maximum that was made when its block was full.
pub struct SlidingMax {
    /// The present block: values up to `filled`, behind it the block before as maxima from there to its end.
    ring: Vec<u32>,
    filled: usize,
    running: u32,
}

impl SlidingMax {
    /// Over the last `length` values, which are 0 at first.
    pub fn new(length: usize) -> Self {
        Self { ring: vec![0; length.max(1)], filled: 0, running: 0 }
    }

    /// How many values it looks at.
    pub fn length(&self) -> usize {
        self.ring.len()
    }

    /// All values are 0 again.
    pub fn reset(&mut self) {
        self.ring.fill(0);
        self.filled = 0;
        self.running = 0;
    }

    /// Takes the newest value and gives the maximum of the last `length`, it included.
    #[inline(always)]
    pub fn push(&mut self, value: u32) -> u32 {
        self.ring[self.filled] = value;
        self.running = self.running.max(value);
        self.filled += 1;
        if self.filled < self.ring.len() {
            return self.running.max(self.ring[self.filled]);
        }
        let maximum = self.running;
        let mut from_here = 0;
        for value in self.ring.iter_mut().rev() {
            from_here = from_here.max(*value);
            *value = from_here;
        }
        self.filled = 0;
        self.running = 0;
        maximum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_maximum_over_the_window(values in prop::collection::vec(0u32..1000, 1..300), length in 1usize..50) {
            let mut sliding = SlidingMax::new(length);
            for end in 0..values.len() {
                let expected = values[(end + 1).saturating_sub(length)..=end].iter().max().copied();
                prop_assert_eq!(Some(sliding.push(values[end])), expected);
            }
        }
    }
}
