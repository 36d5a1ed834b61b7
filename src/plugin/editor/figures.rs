//! The numbers that are worth a glance, each in a field of its own that never moves.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, vec2};

use super::layout::Window;
use super::theme::{DIM, RULE, SMALL, TEXT};
use crate::compliance::level;
use crate::compliance::premix::CEILING_TENTHS_DBTP;

/// One number.
struct Figure {
    name: &'static str,
    value: String,
    unit: &'static str,
    /// What stands below it.
    note: String,
    /// What it is, in a sentence.
    help: &'static str,
}

/// Stands where there is no number.
pub const NONE: &str = "–";
/// EBU Tech 3342: before this the loudness range is not stable.
const SETTLED_SECONDS: f64 = 60.0;

/// A number with one decimal, a dash where there is none.
pub fn decimal(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.as_str() {
        _ if !value.is_finite() => NONE.into(),
        "-0.0" => "0.0".into(),
        _ => text,
    }
}

/// A part of a whole in percent, with one decimal.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 { NONE.into() } else { decimal(100.0 * part as f64 / whole as f64) }
}

fn figures(window: &Window) -> [Figure; 6] {
    let reading = window.shown();
    let programme = &reading.measurement.programme;
    let mix = &reading.measurement.mix;
    let loudness = &programme.loudness;
    let has_sound = programme.sounding_samples > 0;
    let peak = |amplitude: f32| if has_sound { level(amplitude, CEILING_TENTHS_DBTP) } else { NONE.into() };
    let settled = reading.seconds(programme.samples) >= SETTLED_SECONDS;
    let optional = |value: Option<f64>| decimal(value.unwrap_or(f64::NAN));
    [
        Figure {
            name: "True peak",
            value: peak(programme.precise.amplitude),
            unit: "dBTP",
            note: format!("BS.1770 {}", peak(programme.annex_2.amplitude)),
            help: "The highest true peak of the output; below it by the meter that BS.1770 prints.",
        },
        Figure {
            name: "Gain reduction",
            value: decimal(if has_sound { mix.reduction.deepest_db } else { f64::NAN }),
            unit: "dB",
            note: format!("{} % of time", percent(mix.reduction.limited_samples, programme.samples)),
            help: "The deepest gain reduction, and how much of the time it was more than 0.1 dB.",
        },
        Figure {
            name: "Integrated",
            value: decimal(loudness.integrated_lufs),
            unit: "LUFS",
            note: match has_sound {
                true => format!("LRA {} LU{}", decimal(loudness.range_lu), if settled { "" } else { " ?" }),
                false => format!("LRA {NONE}"),
            },
            help: "Loudness of the mono file from its start, gated. The range (LRA) is not stable before a minute \
                   has been heard. A premix has no loudness target.",
        },
        Figure {
            name: "Short-term",
            value: decimal(loudness.short_term_lufs),
            unit: "LUFS",
            note: format!("max {}", decimal(loudness.max_short_term_lufs)),
            help: "Loudness of the mono file in the last 3 s, and its maximum.",
        },
        Figure {
            name: "Momentary",
            value: decimal(loudness.momentary_lufs),
            unit: "LUFS",
            note: format!("max {}", decimal(loudness.max_momentary_lufs)),
            help: "Loudness of the mono file in the last 400 ms, and its maximum.",
        },
        Figure {
            name: "Over walla",
            value: optional(mix.separation.now_lu),
            unit: "LU",
            note: format!("lowest {}", optional(mix.separation.lowest_lu)),
            help: "How far the dialogue is above the walla while both sound, in short-term loudness.",
        },
    ]
}

/// All numbers, `columns` in a row.
pub fn draw(ui: &mut Ui, window: &mut Window, columns: usize) {
    let scale = window.scale;
    let figures = figures(window);
    let height = scale.of(62.0);
    let width = ui.available_width() / columns as f32;
    let rows = figures.len().div_ceil(columns);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), rows as f32 * height), Sense::hover());
    for (index, figure) in figures.iter().enumerate() {
        let place = vec2((index % columns) as f32 * width, (index / columns) as f32 * height);
        let cell = Rect::from_min_size(rect.min + place, vec2(width, height));
        let painter = ui.painter();
        let left = cell.min.x + if index % columns == 0 { 0.0 } else { scale.of(10.0) };
        if index % columns > 0 {
            painter.vline(cell.min.x, cell.y_range().shrink(scale.of(4.0)), (1.0, RULE));
        }
        let at = |x: f32, y: f32| egui::pos2(left + x, cell.min.y + scale.of(y));
        painter.text(at(0.0, 9.0), Align2::LEFT_CENTER, figure.name, scale.words(SMALL), DIM);
        // Set from the right, so that figures stay in their places; a long one gets smaller ones.
        let end = scale.of(56.0);
        let size = if figure.value.chars().count() > 5 { 18.0 * 5.0 / 7.0 } else { 18.0 };
        painter.text(at(end, 30.0), Align2::RIGHT_CENTER, &figure.value, scale.figures(size), TEXT);
        painter.text(at(end + scale.of(5.0), 33.0), Align2::LEFT_CENTER, figure.unit, scale.words(10.5), DIM);
        painter.text(at(0.0, 51.0), Align2::LEFT_CENTER, &figure.note, scale.words(SMALL), DIM);
        let response = ui.interact(cell, ui.scope_id().with(figure.name), Sense::hover());
        response.widget_info(|| {
            let text = format!("{} {} {}, {}", figure.name, figure.value, figure.unit, figure.note);
            WidgetInfo::labeled(Role::Label, true, text)
        });
        response.on_hover_text(figure.help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_decimal_and_no_negative_zero() {
        assert_eq!([-23.04, -0.04, 0.0, 9.96].map(decimal), ["-23.0", "0.0", "0.0", "10.0"]);
        assert_eq!([f64::NAN, f64::NEG_INFINITY, f64::INFINITY].map(decimal), [NONE; 3]);
        assert_eq!((percent(1, 3), percent(0, 0)), ("33.3".into(), NONE.into()));
    }
}
