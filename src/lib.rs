//! Premix: the dubbed dialogue premix, limited, measured and judged.
//!
//! One engine ([`engine::BounceBus`]) turns dialogue and walla into the premix and measures it;
//! [`compliance`] judges a measurement and the facts of a file by the rules of the delivery. The command
//! line puts both between WAV files.

pub mod delivery;
pub mod engine;
