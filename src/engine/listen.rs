//! What is heard instead of the output, for a while.

use super::limiter::{Limiter, audible};
use super::line::Line;
use super::ramp::Ramp;

/// What the bus lets be heard. The measurement is always that of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listen {
    /// The limited premix.
    #[default]
    Output,
    /// What the limiter takes away.
    Delta,
    /// The dialogue before the limiter.
    Dialogue,
    /// The walla at its gain, before the limiter.
    Walla,
}

/// In the order of the shares.
const ALL: [Listen; 4] = [Listen::Output, Listen::Delta, Listen::Dialogue, Listen::Walla];

/// Fades from one to the other without a click, all as late as the output.
pub struct Monitor {
    latency: usize,
    /// How much of each is heard.
    shares: [Ramp; ALL.len()],
}

impl Monitor {
    /// All `latency` samples late.
    pub fn new(sample_rate: u32, latency: usize) -> Self {
        let shares = ALL.map(|listen| Ramp::new(sample_rate, share(listen, Listen::Output)));
        Self { latency, shares }
    }

    /// Changes from the next sample on.
    pub fn listen_at_once(&mut self, to: Listen) {
        for (ramp, listen) in self.shares.iter_mut().zip(ALL) {
            ramp.jump(share(listen, to));
        }
    }

    /// Fades to something else.
    pub fn listen(&mut self, to: Listen) {
        for (ramp, listen) in self.shares.iter_mut().zip(ALL) {
            ramp.aim(share(listen, to));
        }
    }

    /// How many of the next `length` samples are not the output alone.
    pub fn other_samples(&self, length: usize) -> usize {
        self.shares[0].samples_off(1.0, length)
    }

    /// Makes of `output[channel][from..from + length]`, which the limiter has just made of the newest of the
    /// inputs, what is to be heard.
    pub fn process(
        &mut self,
        dialogue: &[Line],
        walla: &[Line],
        limiter: &Limiter,
        output: &mut [&mut [f32]],
        from: usize,
        length: usize,
    ) {
        let shares = self.shares.clone();
        self.shares.iter_mut().for_each(|share| share.skip(length));
        if shares[0].rests_at(1.0) {
            return;
        }
        let channels = dialogue.iter().zip(walla).zip(output);
        for (channel, ((dialogue, walla), output)) in channels.enumerate() {
            let (dialogue, walla) = (dialogue.late(self.latency), walla.late(self.latency));
            let unlimited = limiter.unlimited(channel);
            let mut shares = shares.clone();
            for (n, output) in output[from..from + length].iter_mut().enumerate() {
                let limited = f64::from(*output);
                let all = [limited, f64::from(unlimited[n]) - limited, dialogue[n].into(), walla[n].into()];
                let heard: f64 = shares.iter_mut().zip(all).map(|(share, x)| share.advance() * x).sum();
                *output = audible(heard);
            }
        }
    }
}

fn share(listen: Listen, of: Listen) -> f64 {
    f64::from(u8::from(listen == of))
}
