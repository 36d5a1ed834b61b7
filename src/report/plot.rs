//! Levels over time as vector graphics, drawn from the bins of a history.

use maud::{Markup, PreEscaped, html};

use crate::compliance::TimeLine;
use crate::delivery::timecode::Timecode;

/// In units of the graphic; the page scales it to its own width.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 8.0;
/// Columns that are drawn at most: no page shows more.
const COLUMNS: usize = 708;
/// Space above a plot for its marks, and below for the time where it is labelled.
const TOP: f64 = 12.0;
const BOTTOM: f64 = 6.0;
const TIME: f64 = 16.0;
/// Marks closer than this are drawn as one.
const MARK: f64 = 6.0;
/// Steps in seconds between the labels of the time axis.
const STEPS: [u64; 12] = [1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600];
/// Labels of the time axis at most.
const LABELS: u64 = 8;

/// The time that all plots of a page show.
pub struct TimeAxis {
    time_line: TimeLine,
    samples: u64,
    samples_per_bin: u64,
}

/// How values are drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Filled from the bottom: the highest value of a column counts.
    Rising,
    /// Filled from the top: the lowest counts.
    Hanging,
    /// A line that breaks where there is no value; the highest counts.
    Line,
    /// The same, where the lowest counts.
    LowLine,
}

/// One plot.
pub struct Plot<'a> {
    /// What it shows, for those who cannot see it too.
    pub title: &'a str,
    /// Lowest and highest value shown.
    pub range: (f64, f64),
    /// Values with a line and a label.
    pub ticks: &'a [f64],
    /// The value that matters.
    pub limit: Option<f64>,
    /// Height of the drawing.
    pub height: f64,
    /// How values are drawn.
    pub shape: Shape,
    /// Class of the drawing, for its colour.
    pub class: &'a str,
    /// Samples to be marked at the top.
    pub marks: &'a [u64],
    /// Whether the time is written below.
    pub labelled: bool,
}

impl TimeAxis {
    /// For a programme of so many samples, in bins of so many.
    pub fn new(time_line: TimeLine, samples: u64, samples_per_bin: u64) -> Self {
        Self { time_line, samples: samples.max(1), samples_per_bin: samples_per_bin.max(1) }
    }

    fn x(&self, sample: u64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * sample.min(self.samples) as f64 / self.samples as f64
    }

    /// Positions and labels: whole seconds of timecode, or of time.
    fn labels(&self) -> Vec<(u64, String)> {
        let TimeLine { sample_rate, start, frame_rate, drop_frame } = self.time_line;
        let seconds = self.samples / u64::from(sample_rate.max(1));
        let last = STEPS[STEPS.len() - 1];
        let step = STEPS
            .into_iter()
            .find(|step| seconds / step <= LABELS)
            .unwrap_or(last * (seconds / last / LABELS + 1));
        let clock =
            |second: u64| format!("{:02}:{:02}:{:02}", second / 3600 % 24, second / 60 % 60, second % 60);
        let Some(rate) = frame_rate else {
            return (0..=seconds / step)
                .map(|n| (n * step * u64::from(sample_rate), clock(n * step)))
                .collect();
        };
        let mark = if drop_frame { ';' } else { ':' };
        let position = |second: u64| {
            // Where drop-frame leaves out ;00, the first label of that minute.
            let label = ["00", "02", "04"]
                .iter()
                .find_map(|frame| Timecode::parse(&format!("{}{mark}{frame}", clock(second)), rate).ok())?;
            label.start_sample(sample_rate).checked_sub(start)
        };
        let first = Timecode::at_sample(start, sample_rate, rate, drop_frame).map_or(0, |first| {
            first
                .to_string()
                .split([':', ';'])
                .take(3)
                .fold(0, |sum, part| 60 * sum + part.parse::<u64>().unwrap_or(0))
        });
        (first.div_ceil(step)..)
            .map(|n| n * step)
            .take_while(|&second| second <= first + seconds + step && second < 24 * 3600)
            .filter_map(|second| Some((position(second)?, clock(second))))
            .filter(|(sample, _)| *sample <= self.samples)
            .collect()
    }
}

impl Plot<'_> {
    /// Draws one value a bin; what is not finite is not drawn.
    pub fn draw(&self, axis: &TimeAxis, values: &[f32]) -> Markup {
        let (low, high) = self.range;
        let y = |value: f64| TOP + self.height * (high - value.clamp(low, high)) / (high - low);
        let bottom = TOP + self.height;
        let path = self.path(axis, values, &y);
        let height = bottom + BOTTOM + if self.labelled { TIME } else { 0.0 };
        let class = match self.shape {
            Shape::Rising | Shape::Hanging => "area",
            Shape::Line | Shape::LowLine => "curve",
        };
        html! {
            svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(self.title) class=(self.class) {
                @for &tick in self.ticks {
                    line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(short(y(tick))) y2=(short(y(tick))) {}
                    text x=(LEFT - 6.0) y=(short(y(tick) + 3.5)) text-anchor="end" { (minus(tick)) }
                }
                @for (sample, label) in axis.labels() {
                    @let x = axis.x(sample);
                    line.grid x1=(short(x)) x2=(short(x)) y1=(short(TOP)) y2=(short(bottom + 4.0)) {}
                    @if self.labelled {
                        text x=(short(x)) y=(short(bottom + 16.0)) text-anchor=(anchor(x)) { (label) }
                    }
                }
                path d=(PreEscaped(path)) class=(class) {}
                @if let (Shape::Rising, Some(limit)) = (self.shape, self.limit) {
                    path.over d=(PreEscaped(self.over(axis, values, limit, &y))) {}
                }
                @if let Some(value) = self.limit {
                    line.limit x1=(LEFT) x2=(WIDTH - RIGHT) y1=(short(y(value))) y2=(short(y(value))) {}
                    text.limit x=(LEFT - 6.0) y=(short(y(value) + 3.5)) text-anchor="end" { (minus(value)) }
                }
                @for x in self.places(axis) {
                    path.mark d=(format!("M{} {}l-4 -8h8z", short(x), TOP - 1.0)) {}
                }
            }
        }
    }

    /// Where the marks are drawn: those that would cover each other are one.
    fn places(&self, axis: &TimeAxis) -> Vec<f64> {
        let mut places: Vec<f64> = self.marks.iter().map(|&mark| axis.x(mark)).collect();
        places.sort_by(f64::total_cmp);
        places.dedup_by(|next, kept| *next - *kept < MARK);
        places
    }

    /// What of the columns is above the limit.
    fn over(&self, axis: &TimeAxis, values: &[f32], limit: f64, y: &dyn Fn(f64) -> f64) -> String {
        let mut path = String::new();
        for (from, to, value) in self.columns(axis, values) {
            if let Some(value) = value.filter(|value| *value > limit) {
                let (bottom, top) = (short(y(limit)), short(y(value)));
                path += &format!("M{} {bottom}V{top}H{}V{bottom}z", short(from), short(to));
            }
        }
        path
    }

    /// From where to where each column goes, at most [`COLUMNS`], and its value, if it has one.
    fn columns(&self, axis: &TimeAxis, values: &[f32]) -> impl Iterator<Item = (f64, f64, Option<f64>)> {
        let per_column = values.len().div_ceil(COLUMNS).max(1);
        let lowest = matches!(self.shape, Shape::Hanging | Shape::LowLine);
        values.chunks(per_column).enumerate().map(move |(column, values)| {
            let finite = values.iter().copied().filter(|value| value.is_finite()).map(f64::from);
            let value = if lowest { finite.reduce(f64::min) } else { finite.reduce(f64::max) };
            let from = (column * per_column) as u64 * axis.samples_per_bin;
            let to = from + values.len() as u64 * axis.samples_per_bin;
            (axis.x(from), axis.x(to), value)
        })
    }

    /// The path of the values.
    fn path(&self, axis: &TimeAxis, values: &[f32], y: &dyn Fn(f64) -> f64) -> String {
        let filled = matches!(self.shape, Shape::Rising | Shape::Hanging);
        let base = if self.shape == Shape::Hanging { self.range.1 } else { self.range.0 };
        let mut path = String::new();
        let mut drawing = false;
        for (from, to, value) in self.columns(axis, values) {
            let (from, to) = (short(from), short(to));
            let value = if filled { Some(value.unwrap_or(base)) } else { value };
            let Some(value) = value else {
                drawing = false;
                continue;
            };
            let at = short(y(value));
            path += &match (drawing, filled) {
                (true, _) => format!("V{at}H{to}"),
                (false, true) => format!("M{from} {}V{at}H{to}", short(y(base))),
                (false, false) => format!("M{from} {at}H{to}"),
            };
            drawing = true;
        }
        if filled && drawing {
            path += &format!("V{}Z", short(y(base)));
        }
        path
    }
}

/// Labels at the edges stay within the graphic.
fn anchor(x: f64) -> &'static str {
    match x {
        x if x < LEFT + 26.0 => "start",
        x if x > WIDTH - RIGHT - 26.0 => "end",
        _ => "middle",
    }
}

/// With one decimal: a tenth of a unit is less than a printed dot.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A number with a real minus sign.
fn minus(value: f64) -> String {
    short(value).replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::timecode::FrameRate;

    fn axis(start: u64, frame_rate: Option<FrameRate>, drop_frame: bool, seconds: u64) -> TimeAxis {
        let time_line = TimeLine { sample_rate: 48_000, start, frame_rate, drop_frame };
        TimeAxis::new(time_line, seconds * 48_000, 4800)
    }

    fn labels(axis: &TimeAxis) -> Vec<String> {
        axis.labels().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn time_is_labelled_where_its_timecode_is() {
        assert_eq!(
            labels(&axis(0, None, false, 7)),
            ["0", "1", "2", "3", "4", "5", "6", "7"].map(|s| format!("00:00:0{s}"))
        );
        assert_eq!(labels(&axis(0, None, false, 3600)).len(), 7);
        // 24 hours and more still have few labels.
        assert!(labels(&axis(0, None, false, 200 * 3600)).len() < 12);
        // A programme from 00:59:50:00 at 25: the first full half minute is 10 s in.
        let late = axis(48_000 * 3590, Some(FrameRate::Fps25), false, 120);
        assert_eq!(late.labels()[0], (480_000, "01:00:00".to_owned()));
        // At 23.976 a second of labels lasts 1.001 s; drop-frame has no 01:01:00;00.
        let slow = axis(172_972_800, Some(FrameRate::Fps23_976), false, 600);
        assert_eq!(slow.labels()[1], (120 * 48_048, "01:02:00".to_owned()));
        let hour = Timecode::parse("01:00:00;00", FrameRate::Fps29_97).unwrap().start_sample(48_000);
        let dropped = axis(hour, Some(FrameRate::Fps29_97), true, 240);
        // 1800 frames of 1601.6 samples, from a start that lies 0.2 samples before its rounded place.
        assert_eq!(dropped.labels()[2], (2_882_880, "01:01:00".to_owned()));
    }

    #[test]
    fn peaks_survive_and_gaps_stay() {
        let axis = axis(0, None, false, 1000);
        let plot = |shape| Plot {
            title: "t",
            range: (-48.0, 0.0),
            ticks: &[],
            limit: None,
            height: 96.0,
            shape,
            class: "c",
            marks: &[],
            labelled: false,
        };
        let mut values = vec![-30.0f32; 10_000];
        values[5001] = -10.0;
        values[8000..9000].fill(f32::NEG_INFINITY);
        let y = |value: f64| TOP + 96.0 * -value / 48.0;
        let line = plot(Shape::Line).path(&axis, &values, &y);
        // One peak, 20 units below the top, and one gap.
        assert_eq!(line.matches("V32").count(), 1, "{line}");
        assert_eq!(line.matches('M').count(), 2, "{line}");
        let low = plot(Shape::LowLine).path(&axis, &values, &y);
        assert_eq!(low.matches("V32").count(), 0, "{low}");
        assert!(line.len() < 20_000, "{}", line.len());
        let area = plot(Shape::Rising).path(&axis, &values, &y);
        assert!(area.starts_with(&format!("M{LEFT} 108")) && area.ends_with("V108Z"), "{area}");
        let empty = plot(Shape::Line).draw(&axis, &[]).into_string();
        assert!(empty.contains("<path d=\"\""), "{empty}");
    }
}
