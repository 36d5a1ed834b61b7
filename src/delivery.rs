//! Facts of a delivery: file name and language, timecode, the picture, WAV containers, what other files show,
//! edit sessions; and how its files come into being.

pub mod comparison;
pub mod language;
pub mod name;
pub mod new_file;
pub mod picture;
#[cfg(feature = "cli")]
pub mod session;
pub mod timecode;
pub mod wav;
