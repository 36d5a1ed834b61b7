//! Bars for what sounds now: true peak with the ceiling, gain reduction, dialogue and walla.

use egui::{Align2, Color32, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2};

use super::figures::decimal;
use super::layout::Window;
use super::theme::{ACCENT, DIM, FAIL, REDUCTION, RULE, SOUND, TEXT, WELL};
use crate::engine::decibel::db_from_linear;
use crate::engine::measurement::Bin;

/// The lowest level that a bar shows, in dB or LUFS.
pub const FLOOR: f32 = -60.0;
/// The deepest gain reduction that its bar shows, in dB.
pub const DEEPEST: f32 = -12.0;

/// A true peak in dBTP, negative infinity for silence.
pub fn dbtp(amplitude: f32) -> f32 {
    db_from_linear(f64::from(amplitude)) as f32
}

struct Bar {
    name: &'static str,
    unit: &'static str,
    value: f32,
    /// The highest so far.
    most: Option<f32>,
    /// The lowest that it shows; the highest is 0.
    lowest: f32,
    /// Whether it grows from the top, as reduction does.
    hangs: bool,
    colour: Color32,
}

/// All bars.
pub fn draw(ui: &mut Ui, window: &mut Window) {
    let reading = window.view.now;
    let measurement = reading.measurement;
    let ceiling = window.view.settings.ceiling_tenths_dbtp as f32 / 10.0;
    let recent = &measurement.programme.history.recent;
    // The newest tenth has only begun: two together never miss a peak.
    let last = recent.iter().rev().take(if reading.runs() { 2 } else { 0 });
    let peak = last.fold(0.0_f32, |peak, bin: &Bin| peak.max(bin.true_peak));
    let most = dbtp(measurement.programme.precise.amplitude);
    let mix = &measurement.mix;
    let live = |value: f64| if reading.runs() { value as f32 } else { f32::NEG_INFINITY };
    let reduction = if reading.runs() { mix.reduction.now_db as f32 } else { 0.0 };
    let bars = [
        Bar {
            name: "Out",
            unit: "dBTP",
            value: dbtp(peak),
            most: Some(most).filter(|most| most.is_finite()),
            lowest: FLOOR,
            hangs: false,
            colour: if dbtp(peak) > ceiling + 0.05 { FAIL } else { ACCENT },
        },
        Bar {
            name: "GR",
            unit: "dB",
            value: reduction,
            most: Some(mix.reduction.deepest_db as f32),
            lowest: DEEPEST,
            hangs: true,
            colour: REDUCTION,
        },
        Bar {
            name: "Dial",
            unit: "LUFS",
            value: live(mix.dialogue.momentary_lufs),
            most: None,
            lowest: FLOOR,
            hangs: false,
            colour: SOUND,
        },
        Bar {
            name: "Walla",
            unit: "LUFS",
            value: live(mix.walla.momentary_lufs),
            most: None,
            lowest: FLOOR,
            hangs: false,
            colour: SOUND,
        },
    ];
    let size = ui.available_size();
    let (area, _) = ui.allocate_exact_size(size, Sense::hover());
    let width = area.width() / bars.len() as f32;
    for (index, bar) in bars.iter().enumerate() {
        let left = area.min.x + index as f32 * width;
        let column = Rect::from_min_max(pos2(left, area.min.y), pos2(left + width, area.max.y));
        draw_bar(ui, column, window, bar, (index == 0).then_some(ceiling));
    }
}

fn draw_bar(ui: &mut Ui, column: Rect, window: &Window, bar: &Bar, ceiling: Option<f32>) {
    let scale = window.scale;
    let painter = ui.painter();
    let foot = scale.of(33.0);
    let well = Rect::from_min_max(
        pos2(column.center().x - scale.of(9.0), column.min.y + scale.of(2.0)),
        pos2(column.center().x + scale.of(9.0), column.max.y - foot),
    );
    let y = |value: f32| well.min.y + (value / bar.lowest).clamp(0.0, 1.0) * well.height();
    painter.rect(well, 2.0, WELL, Stroke::new(1.0, RULE), egui::StrokeKind::Outside);
    if bar.value > bar.lowest || bar.hangs {
        let filled = match bar.hangs {
            true => Rect::from_min_max(well.min, pos2(well.max.x, y(bar.value))),
            false => Rect::from_min_max(pos2(well.min.x, y(bar.value)), well.max),
        };
        painter.rect_filled(filled, 1.0, bar.colour);
    }
    if let Some(most) = bar.most.filter(|most| *most != 0.0 || !bar.hangs) {
        painter.hline(well.x_range(), y(most), Stroke::new(scale.of(2.0), TEXT));
    }
    if let Some(ceiling) = ceiling {
        let reach = well.x_range().expand(scale.of(5.0));
        painter.hline(reach, y(ceiling), Stroke::new(scale.of(1.5), FAIL));
    }
    let middle = column.center().x;
    let value = if bar.value < FLOOR { "–".to_owned() } else { decimal(f64::from(bar.value)) };
    let at = |up: f32| pos2(middle, column.max.y - scale.of(up));
    painter.text(at(22.0), Align2::CENTER_CENTER, &value, scale.figures(11.0), TEXT);
    painter.text(at(7.0), Align2::CENTER_CENTER, bar.name, scale.words(11.0), DIM);
    let response = ui.interact(column, ui.scope_id().with(bar.name), Sense::hover());
    response
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{} {value} {}", bar.name, bar.unit)));
}
