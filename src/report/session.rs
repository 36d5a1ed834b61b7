//! The report of one edit session: the page and the data of a premix's report, without sound.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use maud::{Markup, html};
use serde_json::{Value, json};

use super::{json as data, page};
use crate::compliance::Finding;
use crate::delivery::new_file::NewFileError;
use crate::delivery::session::Session;

/// All that a report of an edit session tells.
#[derive(Clone, Copy, Debug)]
pub struct SessionRecord<'a> {
    /// Name of the zip or folder.
    pub name: &'a str,
    /// The verdicts, in the order of the rules.
    pub findings: &'a [Finding],
    /// What is left over from the premix, in one sentence.
    pub left_over: Option<&'a str>,
    /// What else is worth knowing, one sentence each.
    pub notes: &'a [String],
    /// What its files tell of the session.
    pub sessions: &'a [Session],
    /// When it was judged.
    pub created: SystemTime,
}

impl SessionRecord<'_> {
    /// The page: one HTML document that needs nothing else.
    pub fn html(&self) -> String {
        let lead = html! {
            @if let Some(left_over) = self.left_over {
                div.verdict.fail {
                    (page::symbol(crate::compliance::Verdict::Fail))
                    p { strong { "First" } span { (page::told(left_over)) } }
                }
            }
        };
        page::document(&page::Page {
            title: "Edit session report",
            name: self.name,
            findings: self.findings,
            created: self.created,
            lead,
            measured: html! {},
            facts: self.facts(),
            footer: "What is not judged here neither passes nor fails.",
        })
    }

    /// What was read, and what else is worth knowing.
    fn facts(&self) -> Markup {
        html! {
            h2 { "Read" }
            dl.facts {
                @for session in self.sessions {
                    dt { (session.kind) }
                    dd { (page::told(&session.file)) ", " (session.contents()) }
                }
                @if self.sessions.is_empty() { dt { "Listing" } dd { "no file tells of tracks and clips" } }
                @for note in self.notes { dt { "Note" } dd { (page::told(note)) } }
            }
        }
    }

    /// The same as JSON, as `docs/report-schema.md` describes it.
    pub fn json(&self) -> Value {
        let sources = self.sessions.iter().map(|session| {
            json!({
                "file": session.file,
                "kind": session.kind.to_string(),
                "tracks": session.made().count(),
                "clips": session.clips().count(),
            })
        });
        let mut value = data::head(self.name, self.created, self.findings);
        if let Some(left_over) = self.left_over {
            value["left_over"] = left_over.into();
        }
        value["notes"] = json!(self.notes);
        value["sources"] = sources.collect();
        value
    }

    /// Writes both into a folder, which is made if need be, and gives their paths.
    ///
    /// # Errors
    /// One sentence: files that are there and may not be replaced, or what the system says.
    pub fn write(&self, folder: &Path, overwrite: bool) -> Result<[PathBuf; 2], NewFileError> {
        super::write(folder, self.name, overwrite, &self.html(), &self.json())
    }
}
