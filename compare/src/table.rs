//! Tables in Markdown.

use std::fmt;

pub struct Table {
    columns: usize,
    lines: Vec<Vec<String>>,
}

impl Table {
    pub fn new<S: Into<String>>(heads: impl IntoIterator<Item = S>) -> Self {
        let heads: Vec<String> = heads.into_iter().map(Into::into).collect();
        Self { columns: heads.len(), lines: vec![heads] }
    }

    /// A row of as many cells as there are heads.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells: Vec<String> = cells.into_iter().map(Into::into).collect();
        assert_eq!(cells.len(), self.columns, "{cells:?}");
        self.lines.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (n, line) in self.lines.iter().enumerate() {
            writeln!(f, "| {} |", line.join(" | "))?;
            if n == 0 {
                writeln!(f, "|{}", "---|".repeat(self.columns))?;
            }
        }
        Ok(())
    }
}
