//! Which sessions the files of a delivery describe, and what none of them describes.

use super::*;
use crate::delivery::session::delivery::stem;

/// Whether every audio track that a description counts is in it.
pub fn complete(session: &Session) -> bool {
    session.unlisted_tracks.is_none_or(|tracks| tracks == 0)
}

/// Whether the clips of every audio track are known.
pub fn clips_known(session: &Session) -> bool {
    complete(session) && session.audio_tracks().all(|track| track.clips.is_some())
}

/// How many audio tracks and how many clips on them all descriptions tell; `None` where one of them cannot.
pub fn audio(sessions: &[Session]) -> (Option<usize>, Option<usize>) {
    let tracks = sessions.iter().map(|session| {
        let told = session.unlisted_tracks == Some(0) || session.kind == Kind::Aaf;
        told.then(|| session.audio_tracks().count())
    });
    let clips = sessions.iter().map(|session| clips_known(session).then(|| session.clips().count()));
    (tracks.sum(), clips.sum())
}

/// For each description a number of the session that it is of. Two are of one session if they have a track in
/// common: names of tracks outlive every export. One without tracks is of the first.
pub fn described(sessions: &[Session]) -> Vec<usize> {
    let mut of_track: HashMap<String, usize> = HashMap::new();
    let mut described = Vec::with_capacity(sessions.len());
    for (number, session) in sessions.iter().enumerate() {
        let names: Vec<String> = session.audio_tracks().map(|track| track.name.to_lowercase()).collect();
        let known = names.iter().find_map(|name| of_track.get(name).copied());
        let of = known.unwrap_or(if names.is_empty() { 0 } else { number });
        of_track.extend(names.into_iter().map(|name| (name, of)));
        described.push(of);
    }
    described
}

/// The Pro Tools sessions of which there is no description, where there are several: of one alone it is taken
/// that what is here describes it.
pub fn closed<'e>(evidence: &'e Evidence) -> impl Iterator<Item = &'e Entry> {
    let sessions = || {
        let entries = evidence.entries.iter();
        entries.filter(|entry| content(entry) == Content::ProTools && !entry.is_backup())
    };
    let several = sessions().nth(1).is_some();
    let mut described: HashSet<String> = HashSet::new();
    for session in evidence.sessions.iter().filter(|_| several) {
        described.extend(session.name.as_deref().map(str::to_lowercase));
        described.insert(stem(session.file.rsplit(['/', '\\']).next().unwrap_or_default()));
    }
    sessions().filter(move |entry| several && !described.contains(&stem(entry.name())))
}

/// What else is worth knowing of the descriptions, one sentence each.
pub fn notes(evidence: &Evidence) -> Vec<String> {
    let mut notes = Vec::new();
    if evidence.sessions.is_empty() {
        return notes;
    }
    let described = described(evidence.sessions);
    if let Some(other) = described.iter().position(|of| *of != described[0]) {
        let [first, second] = [0, other].map(|at| quoted(&evidence.sessions[at].file));
        notes.push(format!(
            "{first} and {second} have no track in common: they are of different sessions, and a rule passes only \
             where both show it"
        ));
    }
    if let Some(closed) = closed(evidence).next() {
        notes.push(format!(
            "no text describes {}, so that no rule of its tracks and clips passes: export one from each session",
            quoted(&closed.path)
        ));
    }
    notes
}
