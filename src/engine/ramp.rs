//! A factor that changes without a click.

/// How long a change takes.
const SECONDS: f64 = 0.02;

/// A factor that moves to its target in a straight line.
#[derive(Clone, Debug)]
pub struct Ramp {
    /// Samples from one factor to the next.
    length: u32,
    target: f64,
    /// What is added to the factor with each sample.
    step: f64,
    /// Samples until the target is reached.
    left: u32,
}

impl Ramp {
    /// At rest at `target`.
    pub fn new(sample_rate: u32, target: f64) -> Self {
        let length = (SECONDS * f64::from(sample_rate)).round() as u32;
        Self { length, target, step: 0.0, left: 0 }
    }

    /// Is at `target` from the next sample on.
    pub fn jump(&mut self, target: f64) {
        self.target = target;
        self.left = 0;
    }

    /// Moves to `target` from the next sample on.
    pub fn aim(&mut self, target: f64) {
        if target != self.target {
            let now = self.target - self.step * f64::from(self.left);
            self.left = self.length;
            self.step = (target - now) / f64::from(self.length.max(1));
            self.target = target;
        }
    }

    /// Is where it was going from the next sample on.
    pub fn settle(&mut self) {
        self.left = 0;
    }

    /// The factor of the next sample.
    #[inline(always)]
    pub fn advance(&mut self) -> f64 {
        self.left = self.left.saturating_sub(1);
        self.target - self.step * f64::from(self.left)
    }

    /// Passes over samples.
    pub fn skip(&mut self, samples: usize) {
        self.left = self.left.saturating_sub(u32::try_from(samples).unwrap_or(u32::MAX));
    }

    /// How many of the next `length` samples have another factor than `factor`.
    pub fn samples_off(&self, factor: f64, length: usize) -> usize {
        if self.target == factor { length.min((self.left as usize).saturating_sub(1)) } else { length }
    }

    /// Whether it rests at `factor`.
    pub fn rests_at(&self, factor: f64) -> bool {
        self.left == 0 && self.target == factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrives_on_time_in_even_steps() {
        let mut ramp = Ramp::new(1000, 0.0);
        ramp.aim(1.0);
        for n in 1..=20 {
            assert!((ramp.advance() - f64::from(n) / 20.0).abs() < 1e-12);
        }
        assert!(ramp.rests_at(1.0));
        // Turned round on its way, it goes on from where it is.
        ramp.aim(0.0);
        ramp.skip(10);
        ramp.aim(1.0);
        assert!((ramp.advance() - 0.525).abs() < 1e-12);
        ramp.settle();
        assert_eq!(ramp.advance(), 1.0);
        ramp.jump(0.25);
        assert_eq!(ramp.advance(), 0.25);
        assert_eq!((ramp.samples_off(0.25, 100), ramp.samples_off(1.0, 100)), (0, 100));
        ramp.aim(1.0);
        assert_eq!((ramp.samples_off(1.0, 10), ramp.samples_off(1.0, 100)), (10, 19));
        assert_eq!((0..100).filter(|_| ramp.advance() != 1.0).count(), 19);
    }
}
