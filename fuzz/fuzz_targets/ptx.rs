#![no_main]

use libfuzzer_sys::fuzz_target;
use premix::delivery::session::hints;

fuzz_target!(|bytes: &[u8]| {
    let _ = hints(bytes);
});
