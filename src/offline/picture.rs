//! What a file given as picture means for a bounce or a check.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::compliance::premix::Picture;
use crate::delivery::picture::{Guide, Movie, PictureFile};
use crate::delivery::timecode::{Extent, FrameRate, Timecode};

/// A picture read from a file.
#[derive(Clone, Debug)]
pub struct GivenPicture {
    /// Length and start; or why the length cannot be told, in one sentence.
    pub picture: Result<Picture, String>,
    /// Its frame rate, if it or the user tells.
    pub frame_rate: Option<FrameRate>,
    /// What is doubtful, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads a movie or a guide track, whose frame rate must be `frame_rate` if that is given.
///
/// # Errors
/// One sentence, naming the file: it cannot be read, is none of both, is damaged, or runs at another rate.
pub fn read(path: &Path, frame_rate: Option<FrameRate>) -> Result<GivenPicture> {
    match PictureFile::open(path)? {
        PictureFile::Movie(movie) => of_movie(path, movie, frame_rate),
        PictureFile::Guide(guide) => Ok(of_guide(guide, frame_rate)),
    }
}

fn of_movie(path: &Path, movie: Movie, given: Option<FrameRate>) -> Result<GivenPicture> {
    let name = path.display();
    let frame_rate = match (&movie.rates[..], given) {
        ([rate], None) => Some(*rate),
        ([], given) => given,
        (rates, Some(given)) => {
            let own = if let [rate] = rates { rate.to_string() } else { movie.average_rate.clone() };
            ensure!(
                rates.contains(&given),
                "{name} runs at {own} frames a second, not at the {given} of --frame-rate: correct that, or give \
                 the picture of this delivery"
            );
            Some(given)
        }
        (rates, None) => {
            let rates: Vec<String> = rates.iter().map(ToString::to_string).collect();
            bail!("the clock of {name} is too coarse to tell {}: give --frame-rate", rates.join(" from "))
        }
    };
    let mut warnings: Vec<String> = movie.warnings.iter().map(|told| format!("{name}: {told}")).collect();
    let start = frame_rate.and_then(|rate| movie.start?.at(rate));
    if let (None, Some(timecode), Some(rate)) = (start, movie.start, frame_rate) {
        warnings.push(format!(
            "{name}: its start timecode, at {} frames a second{}, does not fit {rate} and is not used",
            timecode.nominal_fps,
            if timecode.drop_frame { " in drop-frame" } else { "" }
        ));
    }
    let unknown =
        |reason: &str| format!("the length of {name} cannot be told: {reason}; give --length instead");
    let picture = match (movie.frames, frame_rate) {
        (Err(reason), _) => Err(unknown(&reason)),
        (Ok(frames), Some(rate)) if !movie.rates.is_empty() => {
            let drop_frame = start.is_some_and(Timecode::drop_frame);
            let length = Timecode::from_frames(frames, rate, drop_frame)
                .ok()
                .filter(|length| length.frames() == frames)
                .with_context(|| {
                    format!("{name} is a day long or longer: give the picture of this delivery")
                })?;
            Ok(Picture { length: length.into(), start: start.map(Extent::from) })
        }
        _ => Err(unknown(&format!(
            "its frames come unevenly or at no rate of a delivery, {} a second on average",
            movie.average_rate
        ))),
    };
    Ok(GivenPicture { picture, frame_rate, warnings })
}

fn of_guide(guide: Guide, frame_rate: Option<FrameRate>) -> GivenPicture {
    let extent = |count| Extent::Samples { count, sample_rate: guide.sample_rate };
    let picture = Picture { length: extent(guide.samples), start: guide.time_reference.map(extent) };
    GivenPicture { picture: Ok(picture), frame_rate, warnings: Vec::new() }
}
