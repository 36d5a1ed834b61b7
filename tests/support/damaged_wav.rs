//! What must hold for every file that the WAV reader is given, however damaged. Shared by the tests and the
//! fuzz target.

use std::io::Cursor;
use std::path::Path;

use premix::delivery::wav::WavReader;

/// Reads a file to its end: a clear error or as many samples as it says, never more than it holds.
pub fn read_to_the_end(bytes: &[u8]) {
    let mut reader = match WavReader::new(Cursor::new(bytes), Path::new("damaged.wav")) {
        Ok(reader) => reader,
        Err(error) => {
            assert!(error.to_string().contains("damaged.wav"), "{error}");
            return;
        }
    };
    let facts = reader.facts().clone();
    let channels = usize::from(facts.channels);
    let frame_bytes = u64::from(facts.channels) * u64::from(facts.sample_format.bits() / 8);
    assert!(facts.frames * frame_bytes <= bytes.len() as u64, "{facts:?}");
    for problem in &facts.problems {
        assert!(!problem.to_string().is_empty());
        let _ = problem.severity();
    }
    let mut block = vec![0.0; 97 * channels];
    let mut frames = 0;
    loop {
        match reader.read(&mut block) {
            Ok(0) => break,
            Ok(read) => frames += read as u64,
            Err(error) => panic!("a file in memory can be read: {error}"),
        }
    }
    assert_eq!(frames, facts.frames);
    for frame in [0, facts.frames / 2, facts.frames, u64::MAX] {
        assert!(reader.seek(frame).is_ok());
        let left = facts.frames.saturating_sub(frame).min(97);
        assert!(matches!(reader.read(&mut block), Ok(read) if read as u64 == left));
    }
}
