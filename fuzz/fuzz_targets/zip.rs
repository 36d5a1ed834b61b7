#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use premix::offline::session::{SessionOptions, check};

// The whole of `premix session` on one archive.
fuzz_target!(|bytes: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("room for it");
    let report = check(file.path(), &SessionOptions::default());
    if let Ok(report) = report {
        let _ = report.json();
    }
});
