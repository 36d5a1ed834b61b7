//! Facts of a delivery: file name and language, timecode, picture, WAV containers.
pub mod language;
pub mod name;
pub mod picture;
pub mod timecode;
pub mod wav;
