//! Hints from a Pro Tools session file (`.ptx`). Its format is closed: what is read here are the names in it,
//! after the exclusive-or that hides them. They may warn; they prove nothing.

/// Bytes before what is hidden.
const HEAD: usize = 0x14;
/// What every session file starts with, after its first byte.
const SIGNATURE: &[u8; 16] = b"0010111100101011";
/// Longest name that is looked for.
const LONGEST: usize = 255;
/// Most names that are kept.
const MOST: usize = 100_000;

/// The names in a session file: of tracks, clips, files, plug-ins and of much else. Empty if it is none.
pub fn hints(bytes: &[u8]) -> Vec<String> {
    let Some(plain) = revealed(bytes) else { return Vec::new() };
    let mut names = Vec::new();
    let mut at = HEAD;
    // A name is written as its length in four bytes and its letters.
    while let Some(length) = plain.get(at..at + 4) {
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let text =
            plain.get(at + 4..(at + 4).saturating_add(length)).filter(|_| (3..=LONGEST).contains(&length));
        let name = text
            .and_then(|text| std::str::from_utf8(text).ok())
            .filter(|name| !name.chars().any(char::is_control));
        match name {
            Some(name) => {
                names.push(name.to_string());
                at += 4 + length;
            }
            None => at += 1,
        }
        if names.len() >= MOST {
            break;
        }
    }
    names
}

/// The content without the exclusive-or, whose key follows from two bytes of the head.
fn revealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let (kind, value) = (*bytes.get(0x12)?, *bytes.get(0x13)?);
    if bytes.first() != Some(&3) || bytes.get(1..17) != Some(SIGNATURE) {
        return None;
    }
    let (factor, negative, shift) = match kind {
        // Sessions up to version 9, and from 10 on.
        1 => (53u8, false, 0),
        5 => (11, true, 12),
        _ => return None,
    };
    let step = (0..=255u8).find(|step| step.wrapping_mul(factor) == value)?;
    let step = if negative { step.wrapping_neg() } else { step };
    let key = |at: usize| ((at >> shift) as u8).wrapping_mul(step);
    let hidden = bytes.iter().enumerate().skip(HEAD).map(|(at, byte)| byte ^ key(at));
    Some(bytes[..HEAD].iter().copied().chain(hidden).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file hidden as version 10 does, written apart from the reader: the key of block n is n times a step.
    fn file(names: &[&str]) -> Vec<u8> {
        let mut plain = vec![3];
        plain.extend(SIGNATURE);
        // 11 times 7 is 77.
        plain.extend([0, 5, 77]);
        plain.extend(vec![0xEE; 9000]);
        for name in names {
            plain.extend((name.len() as u32).to_le_bytes());
            plain.extend(name.as_bytes());
        }
        for (at, byte) in plain.iter_mut().enumerate().skip(HEAD) {
            *byte ^= (256 - (at / 4096 * 7) % 256) as u8;
        }
        plain
    }

    #[test]
    fn names_are_revealed() {
        assert_eq!(
            hints(&file(&["FR_MARIA", "Premix Walla", "é.wav"])),
            ["FR_MARIA", "Premix Walla", "é.wav"]
        );
    }

    #[test]
    fn anything_else_has_no_names() {
        assert!(hints(b"").is_empty());
        assert!(hints(&[3; 5000]).is_empty());
        let mut other = file(&["FR_MARIA"]);
        other[0x12] = 9;
        assert!(hints(&other).is_empty());
    }
}
