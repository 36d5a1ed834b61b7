//! Facts of a delivery: file name and language, timecode and picture length, WAV containers.
pub mod language;
pub mod name;
pub mod timecode;
pub mod wav;
