//! Judges the delivery of an edit session: reads what is in it and beside it, and lays it before the rules.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use super::check::told;
use crate::compliance::session::{self, Evidence, PictureFacts, PremixFacts, PremixRange, Previous};
use crate::compliance::{self, Finding, Verdict};
use crate::delivery::session::audio::{Audio, Content, content, headers};
use crate::delivery::session::delivery::{Delivery, Entry};
use crate::delivery::session::{Kind, LARGEST_TEXT, MOST_PARTS, Session, hints, lists, read, recognise};
use crate::delivery::wav::WavReader;
use crate::report::SessionRecord;

/// Frames of a premix that are read at a time.
const BLOCK: usize = 1 << 16;
/// Session files of a delivery that are read. Real ones have one to some ten.
const MOST_SESSION_FILES: usize = 16;
/// Names in `.ptx` files that are kept.
const MOST_HINTS: usize = 100_000;
/// Bytes that show what kind of text a file is.
const HEAD: u64 = 64;

/// What is known beside the delivery itself.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// Descriptions of the session that are not delivered: texts, AAFs, projects.
    pub session_info: Vec<PathBuf>,
    /// CSV of the show's characters.
    pub characters: Option<PathBuf>,
    /// CSV of characters and their lines.
    pub line_counts: Option<PathBuf>,
    /// The picture.
    pub picture: PictureFacts,
    /// The delivery before this one.
    pub previous: Option<PathBuf>,
    /// The premix of this session.
    pub premix: Option<PathBuf>,
}

/// What was found in a delivery.
#[derive(Clone, Debug)]
pub struct SessionReport {
    /// The zip or folder, as it was given.
    pub path: PathBuf,
    /// Its name.
    pub name: String,
    /// What its files tell of the session, in the order in which they were read.
    pub sessions: Vec<Session>,
    /// What is left over from the premix, if anything is. To be said first.
    pub left_over: Option<String>,
    /// What else is worth knowing, one sentence each.
    pub notes: Vec<String>,
    /// The verdicts, in the order of the rules.
    pub findings: Vec<Finding>,
    /// When it was judged.
    pub created: SystemTime,
}

/// A delivery that was read.
struct Loaded {
    name: String,
    zipped: bool,
    entries: Vec<Entry>,
    audio: Vec<Audio>,
    sessions: Vec<Session>,
    hints: Vec<String>,
    notes: Vec<String>,
}

/// Reads a delivery, a zip or a folder, and judges it.
///
/// # Errors
/// One sentence, naming the file: it cannot be opened, leads out of itself, is damaged or no delivery.
pub fn check(path: &Path, options: &SessionOptions) -> Result<SessionReport> {
    let mut loaded = load(path)?;
    for beside in &options.session_info {
        add(&mut loaded.sessions, beside_delivery(beside)?)?;
    }
    let bytes = |path: &PathBuf| {
        fs::read(path)
            .with_context(|| format!("cannot read {}; check the path and the permissions", path.display()))
    };
    let shown = |path: &PathBuf| path.display().to_string();
    let characters = options.characters.as_ref();
    let characters =
        characters.map(|path| anyhow::Ok(lists::characters(&shown(path), &bytes(path)?)?)).transpose()?;
    let line_counts = options.line_counts.as_ref();
    let line_counts =
        line_counts.map(|path| anyhow::Ok(lists::line_counts(&shown(path), &bytes(path)?)?)).transpose()?;
    let previous = options.previous.as_ref().map(|path| load(path)).transpose()?;
    let premix = options.premix.as_ref().map(|path| premix_facts(path, &loaded.sessions)).transpose()?;

    let evidence = Evidence {
        name: &loaded.name,
        zipped: loaded.zipped,
        entries: &loaded.entries,
        audio: &loaded.audio,
        sessions: &loaded.sessions,
        hints: &loaded.hints,
        characters: characters.as_deref(),
        line_counts: line_counts.as_deref(),
        picture: options.picture,
        previous: previous
            .as_ref()
            .map(|previous| Previous { name: &previous.name, sessions: &previous.sessions }),
        premix: premix.as_ref(),
    };
    let findings = session::judge(&evidence);
    let left_over = session::left_over(&evidence);
    let notes = [session::notes(&evidence), loaded.notes].concat();
    Ok(SessionReport {
        path: path.to_path_buf(),
        name: loaded.name,
        sessions: loaded.sessions,
        left_over,
        notes,
        findings,
        created: SystemTime::now(),
    })
}

fn load(path: &Path) -> Result<Loaded> {
    let mut delivery = Delivery::open(path)?;
    let audio = headers(&mut delivery)?;
    let (mut sessions, mut names, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    let count = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 file {one}")),
        count => Some(format!("{count} files {many}")),
    };
    notes.extend(count(
        delivery.clutter,
        "of the computer itself is not judged",
        "of the computer itself are not judged",
    ));
    notes.extend(count(
        delivery.backslashed,
        "has backslashes for folders: zip with another program",
        "have backslashes for folders: zip with another program",
    ));
    notes.extend(count(
        delivery.decomposed,
        "has a name in decomposed Unicode",
        "have names in decomposed Unicode",
    ));
    let mut session_files = 0;
    for entry in delivery.entries.clone() {
        if entry.is_backup() {
            continue;
        }
        let pro_tools = content(&entry) == Content::ProTools;
        let kind = if pro_tools { None } else { recognised(&mut delivery, &entry)? };
        session_files += usize::from(pro_tools || kind.is_some());
        if session_files > MOST_SESSION_FILES {
            bail!(
                "{} holds more than {MOST_SESSION_FILES} session files: deliver one session, and older ones in \
                 \"Session File Backups\"",
                path.display()
            );
        }
        if pro_tools {
            let mut bytes = Vec::new();
            let source = delivery.source(&entry)?;
            source
                .take(LARGEST_TEXT)
                .read_to_end(&mut bytes)
                .with_context(|| format!("cannot read {:?} in the delivery; copy it again", entry.path))?;
            let room = MOST_HINTS.saturating_sub(names.len());
            names.extend(hints(&bytes).into_iter().take(room));
            continue;
        }
        if matches!(entry.extension().as_str(), "zip" | "rar" | "7z") {
            notes.push(format!("{:?} is an archive within the delivery and was not opened", entry.path));
        }
        if let Some(kind) = kind {
            let mut source = delivery.source(&entry)?;
            add(&mut sessions, read(kind, &entry.path, &mut source)?)?;
        }
    }
    Ok(Loaded {
        name: delivery.name(),
        zipped: delivery.zipped(),
        entries: delivery.entries,
        audio,
        sessions,
        hints: names,
        notes,
    })
}

/// Which kind of session file an entry is, if it is one.
fn recognised(delivery: &mut Delivery, entry: &Entry) -> Result<Option<Kind>> {
    let is_text = matches!(entry.extension().as_str(), "txt" | "text");
    let head = if is_text { delivery.head(entry, HEAD)? } else { Vec::new() };
    Ok(recognise(&entry.path, &head))
}

/// Adds a description, unless all together have more than can be judged in a reasonable time.
fn add(sessions: &mut Vec<Session>, session: Session) -> Result<()> {
    let parts: usize = sessions.iter().chain([&session]).map(Session::parts).sum();
    if parts > MOST_PARTS {
        bail!(
            "{} and the session files before it hold more than {MOST_PARTS} clips and files: deliver one session",
            session.file
        );
    }
    sessions.push(session);
    Ok(())
}

/// A description that lies beside the delivery.
fn beside_delivery(path: &Path) -> Result<Session> {
    let shown = path.display().to_string();
    let open = || format!("cannot open {shown}: check the path and the permissions");
    let mut file = BufReader::new(File::open(path).with_context(open)?);
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head).with_context(open)?;
    std::io::Seek::rewind(&mut file).with_context(open)?;
    let Some(kind) = recognise(&shown, &head) else {
        bail!(
            "{shown} is no description of a session: give a Session Info as Text, .aaf, .rpp, .ardour or .dawproject"
        );
    };
    Ok(read(kind, &shown, &mut file)?)
}

/// Reads a premix to its end, with the highest sample in the range of each clip.
fn premix_facts(path: &Path, sessions: &[Session]) -> Result<PremixFacts> {
    let mut reader = WavReader::open(path)?;
    let facts = reader.facts().clone();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let same_rate = sessions.iter().find_map(|session| session.sample_rate) == Some(facts.sample_rate);
    let ranges = session::ranges(sessions).filter(|_| same_rate);
    let (Some(mut ranges), Some(first)) = (ranges, facts.time_reference()) else {
        return Ok(PremixFacts { name, sample_rate: facts.sample_rate, peaks: None });
    };
    ranges.sort_by_key(|range| range.start);
    let end = first.saturating_add(facts.frames);
    let overlaps =
        |range: &PremixRange| range.start < end && range.start.saturating_add(range.length) > first;
    let mut peaks: Vec<Option<f32>> = ranges.iter().map(|range| overlaps(range).then_some(0.0)).collect();

    let channels = usize::from(facts.channels);
    let mut block = vec![0.0; (BLOCK / channels).max(1) * channels];
    let (mut at, mut open) = (first, 0);
    loop {
        let frames = reader.read(&mut block)?;
        if frames == 0 {
            break;
        }
        let after = at + frames as u64;
        while ranges.get(open).is_some_and(|range| range.start.saturating_add(range.length) <= at) {
            open += 1;
        }
        for (range, peak) in
            ranges.iter().zip(&mut peaks).skip(open).take_while(|(range, _)| range.start < after)
        {
            let from = range.start.clamp(at, after) - at;
            let to = range.start.saturating_add(range.length).clamp(at, after) - at;
            let samples = &block[from as usize * channels..to as usize * channels];
            let highest = samples.iter().fold(0.0f64, |peak, sample| peak.max(sample.abs()));
            *peak = peak.map(|peak| peak.max(highest as f32));
        }
        at = after;
    }
    Ok(PremixFacts {
        name,
        sample_rate: facts.sample_rate,
        peaks: Some(ranges.into_iter().zip(peaks).collect()),
    })
}

impl SessionReport {
    /// The worst of the verdicts.
    pub fn verdict(&self) -> Verdict {
        compliance::worst(&self.findings)
    }

    /// All that a report of it tells, under a name.
    pub fn report<'a>(&'a self, name: &'a str) -> SessionRecord<'a> {
        SessionRecord {
            name,
            findings: &self.findings,
            left_over: self.left_over.as_deref(),
            notes: &self.notes,
            sessions: &self.sessions,
            created: self.created,
        }
    }

    /// What is left over from the premix, what was read, one line a rule, what only people can judge, and one
    /// line of summary.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("{}", self.path.display())];
        lines.extend(self.left_over.iter().map(|what| format!("  FIRST: {what}.")));
        let sources = self.sessions.iter();
        lines.extend(sources.map(|session| {
            // A name may hold what would move a terminal's cursor.
            format!("  read: {} ({}, {})", session.file.escape_debug(), session.kind, session.contents())
        }));
        if self.sessions.is_empty() {
            lines.push("  read: the listing alone; no file tells of tracks and clips".into());
        }
        lines.extend(self.notes.iter().map(|note| format!("  note: {note}")));
        let mut rules = told(&self.findings);
        let summary = rules.pop();
        lines.extend(rules);
        lines.push("  for your eyes and ears:".into());
        let for_people = self.findings.iter().filter(|finding| finding.verdict == Verdict::Person);
        lines.extend(for_people.map(|Finding { rule, .. }| {
            format!("              {:<3} {}: {}", rule.id, rule.name, rule.checks)
        }));
        lines.extend(summary);
        lines.join("\n")
    }

    /// One JSON object on one line, as `docs/report-schema.md` describes it.
    pub fn json(&self) -> String {
        self.report(&self.path.to_string_lossy()).json().to_string()
    }
}
