//! The engine between files: what the command line does.

pub mod batch;
pub mod bounce;
pub mod check;
mod correlator;
pub mod name;
pub mod picture;
pub mod previous;
pub mod session;
mod track;
pub mod walla;
