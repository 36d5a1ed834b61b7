//! Fades in an AAF that Pro Tools wrote: it renders them and writes them as clips of their own.

use std::collections::{HashMap, HashSet};

use super::{Clip, Walked};
use crate::delivery::session::fades::{Fade, fold};

/// What Pro Tools calls the audio of a rendered fade, in the languages that it speaks.
const FADE_NAMES: [&str; 6] = ["Fade", "Fondu", "Fundido", "페이드", "淡变", "淡變"];

/// Fades that Pro Tools renders and writes as clips of their own.
pub struct Rendered {
    names: HashSet<String>,
    /// The media that were fades.
    pub media: HashSet<String>,
    /// How many clips were fades.
    pub count: usize,
}

/// How such fades are called here. They play a whole file of their own and touch a clip; in any language
/// many of them have one name, which the files of recordings never do.
pub fn rendered_fades(walks: &[Walked]) -> Rendered {
    let mut by_name: HashMap<&str, HashMap<&str, bool>> = HashMap::new();
    for (_, walk, _) in walks {
        for (at, found) in walk.found.iter().enumerate() {
            let touches = |a: Option<&(i64, i64)>, b: Option<&(i64, i64)>| {
                a.zip(b).is_some_and(|((start, length), (next, _))| start.saturating_add(*length) == *next)
            };
            let before = at.checked_sub(1).and_then(|at| walk.units.get(at));
            let touching =
                touches(before, walk.units.get(at)) || touches(walk.units.get(at), walk.units.get(at + 1));
            let Some(media) = found.clip.source.as_deref() else { continue };
            let files = by_name.entry(&found.clip.name).or_default();
            *files.entry(media).or_insert(true) &= found.whole_file && touching;
        }
    }
    let is_fade = |name: &str, files: &HashMap<&str, bool>| {
        let known = FADE_NAMES.contains(&name.trim());
        files.values().all(|fade_like| *fade_like) && (known || files.len() > 1)
    };
    let names = by_name.iter().filter(|(name, files)| is_fade(name, files)).map(|(name, _)| name.to_string());
    Rendered { names: names.collect(), media: HashSet::new(), count: 0 }
}

/// The clips of a track, with rendered fades made properties of the clips that they touch. What is shorter
/// than a frame is no fade but the rest of a cut that is not on a frame: of that edge nothing is known.
pub fn without_rendered(
    clips: Vec<(Clip, bool)>,
    rendered: &mut Rendered,
    shortest: Option<u64>,
) -> Vec<Clip> {
    let marked = clips.into_iter().map(|(clip, whole_file)| {
        if !(whole_file && rendered.names.contains(&clip.name)) {
            return (clip, None);
        }
        rendered.count += 1;
        rendered.media.extend(clip.source.clone());
        let remnant = shortest.zip(clip.length).is_some_and(|(frame, length)| length < frame);
        (clip, Some(Fade { side: None, faded: (!remnant).then_some(true) }))
    });
    fold(marked.collect()).0
}
