#![no_main]

use libfuzzer_sys::fuzz_target;
use premix::delivery::session::lists::{characters, line_counts};

fuzz_target!(|bytes: &[u8]| {
    let _ = characters("fuzzed", bytes);
    let _ = line_counts("fuzzed", bytes);
});
