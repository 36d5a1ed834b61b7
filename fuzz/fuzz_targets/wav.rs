//! Any bytes, to the WAV reader.
#![no_main]

#[path = "../../tests/support/damaged_wav.rs"]
mod damaged_wav;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| damaged_wav::read_to_the_end(bytes));
