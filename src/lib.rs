//! Premix: the dubbed dialogue premix, limited, measured and judged.
//!
//! One engine ([`engine::BounceBus`]) turns dialogue and walla into the premix and measures it;
//! [`compliance`] judges a file and its measurement by the rules of the delivery. The command line puts
//! both between WAV files, the plugin puts the engine on a host's bounce bus.

pub mod compliance;
pub mod delivery;
pub mod engine;
#[cfg(feature = "cli")]
pub mod offline;
#[cfg(feature = "plugin")]
pub mod plugin;
#[cfg(feature = "report")]
pub mod report;
