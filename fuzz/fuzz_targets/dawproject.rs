#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use premix::delivery::session::{Kind, read};

fuzz_target!(|bytes: &[u8]| {
    let _ = read(Kind::DawProject, "fuzzed", &mut Cursor::new(bytes));
});
