//! Lists that the user gives, as CSV: the characters of the show, and how many lines each has.

use csv::{ReaderBuilder, StringRecord, Trim};
use thiserror::Error;

/// Why a list cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}: {fault}")]
pub struct ListError {
    /// The file, as given.
    pub file: String,
    /// What is wrong, where, and what to do.
    pub fault: String,
}

/// The names of a list: the column headed "character" or "name", else the first.
///
/// # Errors
/// A file that is no UTF-8 CSV, or holds no name.
pub fn characters(file: &str, bytes: &[u8]) -> Result<Vec<String>, ListError> {
    let (rows, column, _) = rows(file, bytes)?;
    let names: Vec<String> = rows
        .iter()
        .filter_map(|(_, row)| row.get(column))
        .filter(|name| !name.is_empty())
        .map(str::to_string)
        .collect();
    if names.is_empty() {
        return Err(error(file, "there is no name in it; write one character a line"));
    }
    Ok(names)
}

/// Characters with their numbers of lines: the columns headed "character" and "lines", else the first two.
///
/// # Errors
/// A file that is no UTF-8 CSV, or has something else than a number where one belongs.
pub fn line_counts(file: &str, bytes: &[u8]) -> Result<Vec<(String, u64)>, ListError> {
    let (rows, column, lines) = rows(file, bytes)?;
    let mut counts = Vec::new();
    for (line, row) in &rows {
        let (name, count) = (row.get(column).unwrap_or_default(), row.get(lines).unwrap_or_default());
        if name.is_empty() && count.is_empty() {
            continue;
        }
        let count = count.parse().map_err(|_| {
            error(
                file,
                &format!(
                    "line {line} has {count:?} where the number of lines belongs; write character,lines"
                ),
            )
        })?;
        counts.push((name.to_string(), count));
    }
    if counts.is_empty() {
        return Err(error(file, "there is no character in it; write character,lines"));
    }
    Ok(counts)
}

fn error(file: &str, fault: &str) -> ListError {
    ListError { file: file.into(), fault: fault.into() }
}

/// Rows with their line numbers, without a heading, and the columns of the name and of the lines.
type Rows = (Vec<(u64, StringRecord)>, usize, usize);

fn rows(file: &str, bytes: &[u8]) -> Result<Rows, ListError> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes))
        .map_err(|_| error(file, "it is not UTF-8; save it as CSV UTF-8"))?;
    // Spreadsheets write what their language separates by.
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t'].into_iter().find(|mark| first.contains(*mark as char)).unwrap_or(b',');
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|fault| error(file, &format!("it is no CSV ({fault}); save it again")))?;
        rows.push((record.position().map_or(0, |position| position.line()), record));
    }
    let find = |words: &[&str]| {
        let heading = &rows.first()?.1;
        heading.iter().position(|cell| words.contains(&cell.to_lowercase().as_str()))
    };
    let name = find(&["character", "characters", "name", "character name", "english name", "role"]);
    let lines = find(&["lines", "line count", "count", "loops", "number of lines"]);
    if name.is_some() || lines.is_some() {
        rows.remove(0);
    }
    let name = name.unwrap_or(0);
    Ok((rows, name, lines.unwrap_or(if name == 0 { 1 } else { 0 })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_a_heading() {
        assert_eq!(characters("a", b"Maria\nOld Man\n").unwrap(), ["Maria", "Old Man"]);
        assert_eq!(
            characters("a", b"\xEF\xBB\xBFNo;Character\n1; Maria\n2;\"Guard 1\"\n").unwrap(),
            ["Maria", "Guard 1"]
        );
        assert!(characters("a", b"Name\n").is_err());
        assert!(characters("a", b"\xFF").unwrap_err().to_string().contains("UTF-8"));
    }

    #[test]
    fn counts() {
        let expected = [("Maria".to_string(), 120), ("Guard".to_string(), 3)];
        assert_eq!(line_counts("a", b"Maria,120\nGuard,3\n").unwrap(), expected);
        assert_eq!(line_counts("a", b"lines\tcharacter\n120\tMaria\n\n3\tGuard\n").unwrap(), expected);
        let fault = line_counts("a", b"Maria,120\nGuard,many\n").unwrap_err().to_string();
        assert!(fault.contains("line 2") && fault.contains("many"), "{fault}");
        assert!(line_counts("a", b"").is_err());
    }
}
