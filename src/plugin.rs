//! The plugins: Premix on the bounce bus and Premix Walla on the walla bus, as CLAP and VST3.
//!
//! The framework is `nice-plug`. Hosts never meet it directly: [`export`] hands them the objects
//! of [`guard`], which make what hosts send well-formed.

pub mod editor;
mod export;
pub mod fields;
mod guard;
mod params;
mod premix;
mod registry;
mod saving;
mod telemetry;
mod walla;

pub use premix::Premix;
pub use walla::PremixWalla;

const VENDOR: &str = "Premix";
const URL: &str = "";
const EMAIL: &str = "";
