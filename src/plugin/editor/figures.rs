//! The numbers that are worth a glance, each in a field of its own that never moves.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, vec2};

use super::layout::Window;
use super::theme::{DIM, RULE, TEXT};
use crate::compliance::level;
use crate::compliance::premix::CEILING_TENTHS_DBTP;

/// One number.
struct Figure {
    name: &'static str,
    value: String,
    unit: &'static str,
    /// What stands below it.
    note: String,
}

/// A number with one decimal, a dash where there is none.
pub fn decimal(value: f64) -> String {
    if value.is_finite() { format!("{:.1}", value + 0.0).replace("-0.0", "0.0") } else { "–".into() }
}

fn figures(window: &Window) -> [Figure; 6] {
    let reading = window.shown();
    let programme = &reading.measurement.programme;
    let mix = &reading.measurement.mix;
    let loudness = &programme.loudness;
    let has_sound = programme.sounding_samples > 0;
    let peak = |amplitude: f32| if has_sound { level(amplitude, CEILING_TENTHS_DBTP) } else { "–".into() };
    let share = |part: u64, whole: u64| match whole {
        0 => "–".to_owned(),
        whole => format!("{:.1}", 100.0 * part as f64 / whole as f64),
    };
    let settled = reading.seconds(programme.samples) >= 60.0;
    let optional = |value: Option<f64>| decimal(value.unwrap_or(f64::NAN));
    [
        Figure {
            name: "True peak",
            value: peak(programme.precise.amplitude),
            unit: "dBTP",
            note: format!("BS.1770 {}", peak(programme.annex_2.amplitude)),
        },
        Figure {
            name: "Gain reduction",
            value: decimal(mix.reduction.deepest_db),
            unit: "dB",
            note: format!("{} % of time", share(mix.reduction.limited_samples, programme.samples)),
        },
        Figure {
            name: "Integrated",
            value: decimal(loudness.integrated_lufs),
            unit: "LUFS",
            note: match has_sound {
                true => format!("LRA {} LU{}", decimal(loudness.range_lu), if settled { "" } else { " ?" }),
                false => "LRA –".into(),
            },
        },
        Figure {
            name: "Short-term",
            value: decimal(loudness.short_term_lufs),
            unit: "LUFS",
            note: format!("max {}", decimal(loudness.max_short_term_lufs)),
        },
        Figure {
            name: "Over walla",
            value: optional(mix.separation.now_lu),
            unit: "LU",
            note: format!("lowest {}", optional(mix.separation.lowest_lu)),
        },
        Figure {
            name: "Speech",
            value: share(programme.speech.samples, programme.samples),
            unit: "%",
            note: format!("pause {:.1} s", reading.seconds(programme.speech.longest_pause_samples)),
        },
    ]
}

/// All numbers, `columns` in a row.
pub fn draw(ui: &mut Ui, window: &mut Window, columns: usize) {
    let scale = window.scale;
    let figures = figures(window);
    let height = scale.of(60.0);
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
        painter.text(at(0.0, 8.0), Align2::LEFT_CENTER, figure.name, scale.words(11.5), DIM);
        // Set from the right, so that figures stay in their places.
        let end = scale.of(56.0);
        painter.text(at(end, 29.0), Align2::RIGHT_CENTER, &figure.value, scale.figures(18.0), TEXT);
        painter.text(at(end + scale.of(4.0), 32.0), Align2::LEFT_CENTER, figure.unit, scale.words(10.5), DIM);
        painter.text(at(0.0, 50.0), Align2::LEFT_CENTER, &figure.note, scale.words(11.0), DIM);
        let response = ui.interact(cell, ui.scope_id().with(figure.name), Sense::hover());
        response.widget_info(|| {
            let text = format!("{} {} {}, {}", figure.name, figure.value, figure.unit, figure.note);
            WidgetInfo::labeled(Role::Label, true, text)
        });
    }
}
