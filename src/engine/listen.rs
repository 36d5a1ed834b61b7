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
    dialogue: Vec<Line>,
    walla: Vec<Line>,
    latency: usize,
    /// How much of each is heard.
    shares: [Ramp; ALL.len()],
}

impl Monitor {
    /// For blocks of at most `max_block` samples in each of `channels` channels.
    pub fn new(sample_rate: u32, channels: usize, max_block: usize, latency: usize) -> Self {
        let lines = || (0..channels).map(|_| Line::new(latency, max_block)).collect();
        let shares = ALL.map(|listen| Ramp::new(sample_rate, share(listen, Listen::Output)));
        Self { dialogue: lines(), walla: lines(), latency, shares }
    }

    /// Forgets what came in.
    pub fn forget(&mut self) {
        self.dialogue.iter_mut().chain(&mut self.walla).for_each(Line::reset);
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

    /// Takes the first `length` samples of the inputs, and makes of `output[channel][from..from + length]`,
    /// which the limiter has just made, what is to be heard.
    pub fn process(
        &mut self,
        dialogue: &[Vec<f32>],
        walla: &[Vec<f32>],
        limiter: &Limiter,
        output: &mut [&mut [f32]],
        from: usize,
        length: usize,
    ) {
        let shares = self.shares.clone();
        self.shares.iter_mut().for_each(|share| share.skip(length));
        let inputs = self.dialogue.iter_mut().zip(dialogue).zip(self.walla.iter_mut().zip(walla));
        for (channel, ((dialogue_line, dialogue), (walla_line, walla))) in inputs.enumerate() {
            let place = dialogue_line.append(&dialogue[..length]);
            let walla_place = walla_line.append(&walla[..length]);
            if shares[0].rests_at(1.0) {
                continue;
            }
            let Some(output) = output.get_mut(channel) else { continue };
            let dialogue = dialogue_line.delayed(place, self.latency, length);
            let walla = walla_line.delayed(walla_place, self.latency, length);
            let unlimited = limiter.unlimited(channel, length);
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
