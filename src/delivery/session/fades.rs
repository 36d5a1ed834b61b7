//! Fades that a program lists as events of their own: taken out, and made properties of the clips they touch.

use super::Clip;

/// What is known of an event that is a fade.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fade {
    /// Only the end of the clip before it, or only the beginning of the clip after it. Else what it touches.
    pub side: Option<Side>,
    /// Whether that clip is then faded. `None` where the event is too short to tell.
    pub faded: Option<bool>,
}

/// Which clip a fade belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// Whether a clip ends where another one starts, to a sample: programs round.
pub fn touches(left: &Clip, right: &Clip) -> bool {
    match (left.start, left.length, right.start) {
        (Some(start), Some(length), Some(next)) => start.saturating_add_unsigned(length).abs_diff(next) <= 1,
        _ => false,
    }
}

/// Takes the fades out of the events of a track. Returns its clips, each with what its fades add to it, and
/// whether any fade led from one clip into another.
pub fn fold(events: Vec<(Clip, Option<Fade>)>) -> (Vec<Clip>, bool) {
    let meets: Vec<bool> = events.windows(2).map(|pair| touches(&pair[0].0, &pair[1].0)).collect();
    let (mut clips, mut crossed) = (Vec::<Clip>::new(), false);
    // The event before, if it is a fade, and whether it ended a clip.
    let mut leading: Option<(Clip, Fade, bool)> = None;
    for (at, (mut event, fade)) in events.into_iter().enumerate() {
        let touching = at.checked_sub(1).is_some_and(|before| meets[before]);
        let before = leading.take();
        match fade {
            Some(fade) => {
                // A fade that follows another fade has no clip before it.
                let left = clips
                    .last_mut()
                    .filter(|_| touching && before.is_none() && fade.side != Some(Side::After));
                let ends = left.is_some();
                if let Some(left) = left {
                    left.fade_out = fade.faded;
                    left.length = left.length.zip(event.length).map(|(clip, fade)| clip.saturating_add(fade));
                }
                leading = Some((event, fade, ends));
            }
            None => {
                if let Some((event_before, fade, ends)) =
                    before.filter(|(_, fade, _)| touching && fade.side != Some(Side::Before))
                {
                    event.fade_in = fade.faded;
                    event.start = event_before.start;
                    event.length =
                        event.length.zip(event_before.length).map(|(clip, fade)| clip.saturating_add(fade));
                    crossed |= ends;
                }
                clips.push(event);
            }
        }
    }
    (clips, crossed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, start, length, and whether it is faded in and out.
    type Told = (String, i64, u64, Option<bool>, Option<bool>);

    /// Events from their names, starts and lengths; those in parentheses are fades.
    fn folded(events: &[(&str, i64, u64)]) -> Vec<Told> {
        let events = events.iter().map(|(name, start, length)| {
            let clip = Clip {
                name: name.to_string(),
                start: Some(*start),
                length: Some(*length),
                ..Clip::default()
            };
            let fade = Fade { side: None, faded: Some(true) };
            (clip, name.starts_with('(').then_some(fade))
        });
        let (clips, _) = fold(events.collect());
        let told =
            |clip: Clip| (clip.name, clip.start.unwrap(), clip.length.unwrap(), clip.fade_in, clip.fade_out);
        clips.into_iter().map(told).collect()
    }

    #[test]
    fn a_fade_out_and_the_next_fade_in_belong_to_their_own_clips() {
        let yes = Some(true);
        // With a pause between them, and without.
        for pause in [0, 70] {
            let events = [
                ("(in)", 0, 10),
                ("a", 10, 80),
                ("(out)", 90, 10),
                ("(in)", 100 + pause, 10),
                ("b", 110 + pause, 80),
                ("(out)", 190 + pause, 10),
            ];
            let expected =
                [("a".to_string(), 0, 100, yes, yes), ("b".to_string(), 100 + pause, 100, yes, yes)];
            assert_eq!(folded(&events), expected, "{pause}");
        }
    }

    #[test]
    fn a_crossfade_belongs_to_both_clips() {
        let yes = Some(true);
        let events = [("a", 0, 90), ("(cross)", 90, 10), ("b", 100, 50)];
        let expected = [("a".to_string(), 0, 100, None, yes), ("b".to_string(), 90, 60, yes, None)];
        assert_eq!(folded(&events), expected);
    }

    #[test]
    fn a_fade_that_touches_nothing_changes_nothing() {
        let events = [("a", 0, 90), ("(far)", 200, 10), ("b", 300, 50)];
        let expected = [("a".to_string(), 0, 90, None, None), ("b".to_string(), 300, 50, None, None)];
        assert_eq!(folded(&events), expected);
    }
}
