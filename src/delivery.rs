//! Facts of a delivery: timecode and picture length, WAV containers.
pub mod timecode;
pub mod wav;
