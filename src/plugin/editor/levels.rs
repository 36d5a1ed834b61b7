//! Bars for what sounds now: true peak with the ceiling, gain reduction, dialogue and walla.

use std::ops::RangeInclusive;

use egui::{Align2, Color32, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2};

use super::figures::{NONE, decimal, percent};
use super::layout::Window;
use super::theme::{ACCENT, DIM, FAIL, REDUCTION, RULE, SMALL, SOUND, TEXT, WELL};
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
    help: &'static str,
}

/// Levels with a number at the side, in dB or LUFS.
const TICKS: [f32; 5] = [0.0, -12.0, -24.0, -36.0, -48.0];

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
    let deepest = mix.reduction.deepest_db as f32;
    let bars = [
        Bar {
            name: "Out",
            unit: "dBTP",
            value: dbtp(peak),
            most: Some(most).filter(|most| most.is_finite()),
            lowest: FLOOR,
            hangs: false,
            colour: if dbtp(peak) > ceiling + 0.05 { FAIL } else { ACCENT },
            help: "True peak of the output in dBTP, with the ceiling in red and the highest so far in white.",
        },
        Bar {
            name: "GR",
            unit: "dB",
            value: live(mix.reduction.now_db),
            most: Some(deepest).filter(|deepest| *deepest != 0.0),
            lowest: DEEPEST,
            hangs: true,
            colour: REDUCTION,
            help: "Gain reduction in dB, down to -12, with the deepest so far in white.",
        },
        Bar {
            name: "Dial",
            unit: "LUFS",
            value: live(mix.dialogue.momentary_lufs),
            most: None,
            lowest: FLOOR,
            hangs: false,
            colour: SOUND,
            help: "Momentary loudness of the dialogue before the limiter, in LUFS.",
        },
        Bar {
            name: "Walla",
            unit: "LUFS",
            value: live(mix.walla.momentary_lufs),
            most: None,
            lowest: FLOOR,
            hangs: false,
            colour: SOUND,
            help: "Momentary loudness of the walla at its gain, before the limiter, in LUFS.",
        },
    ];
    let size = ui.available_size();
    let (mut area, _) = ui.allocate_exact_size(size, Sense::hover());
    let scale = window.scale;
    let voice = Rect::from_min_max(pos2(area.min.x, area.max.y - scale.of(36.0)), area.max);
    speech(ui, window, voice);
    area.max.y = voice.min.y - scale.of(5.0);
    let well = area.min.y + scale.of(4.0)..=area.max.y - scale.of(33.0);
    // The numbers stand before the first bar.
    let first = area.min.x + scale.of(20.0);
    for level in TICKS {
        let y = well.start() + level / FLOOR * (well.end() - well.start());
        let place = pos2(first - scale.of(2.0), y);
        let font = scale.figures(10.0);
        ui.painter().text(place, Align2::RIGHT_CENTER, format!("{level:.0}"), font, DIM);
    }
    let width = (area.max.x - first) / bars.len() as f32;
    for (index, bar) in bars.iter().enumerate() {
        let left = first + index as f32 * width;
        let column = Rect::from_min_max(pos2(left, area.min.y), pos2(left + width, area.max.y));
        draw_bar(ui, column, &well, window, bar, (index == 0).then_some(ceiling));
    }
}

/// Whether somebody speaks, how much of the time, and the longest pause.
fn speech(ui: &mut Ui, window: &Window, rect: Rect) {
    let scale = window.scale;
    let reading = window.view.now;
    let programme = &reading.measurement.programme;
    let speaks = programme.speech.now && reading.runs();
    let share = percent(programme.speech.samples, programme.samples);
    let pause = match programme.samples {
        0 => NONE.to_owned(),
        _ => format!("{:.1} s", reading.seconds(programme.speech.longest_pause_samples)),
    };
    let painter = ui.painter();
    painter.hline(rect.x_range(), rect.min.y, Stroke::new(1.0, RULE));
    let line = |down: f32| rect.min.y + scale.of(down);
    let font = || scale.words(SMALL);
    let ink = if speaks { TEXT } else { DIM };
    let lamp = pos2(rect.min.x + scale.of(5.0), line(13.0));
    painter.circle_stroke(lamp, scale.of(4.0), Stroke::new(1.0, ink));
    if speaks {
        painter.circle_filled(lamp, scale.of(4.0), ACCENT);
    }
    painter.text(pos2(rect.min.x + scale.of(15.0), line(13.0)), Align2::LEFT_CENTER, "Speech", font(), ink);
    let share_shown = format!("{share} %");
    painter.text(pos2(rect.max.x, line(13.0)), Align2::RIGHT_CENTER, &share_shown, font(), TEXT);
    painter.text(pos2(rect.min.x, line(29.0)), Align2::LEFT_CENTER, "Longest pause", font(), DIM);
    painter.text(pos2(rect.max.x, line(29.0)), Align2::RIGHT_CENTER, &pause, font(), TEXT);
    let response = ui.interact(rect, ui.scope_id().with("speech"), Sense::hover());
    response.widget_info(|| {
        let now = if speaks { "Speech now" } else { "Speech" };
        WidgetInfo::labeled(Role::Label, true, format!("{now} {share} %, longest pause {pause}"))
    });
    response.on_hover_text("How much of the time somebody speaks, and the longest time that nobody does.");
}

fn draw_bar(
    ui: &mut Ui,
    column: Rect,
    span: &RangeInclusive<f32>,
    window: &Window,
    bar: &Bar,
    ceiling: Option<f32>,
) {
    let scale = window.scale;
    let painter = ui.painter();
    let middle = column.center().x.round();
    let half = scale.of(10.0);
    let well = Rect::from_x_y_ranges(middle - half..=middle + half, span.clone());
    let y = |value: f32| well.min.y + (value / bar.lowest).clamp(0.0, 1.0) * well.height();
    painter.rect(well, 2.0, WELL, Stroke::new(1.0, RULE), egui::StrokeKind::Outside);
    for level in TICKS.iter().skip(1) {
        painter.hline(well.x_range(), y(level * bar.lowest / FLOOR), Stroke::new(1.0, RULE));
    }
    if bar.value > bar.lowest {
        let filled = match bar.hangs {
            true => Rect::from_min_max(well.min, pos2(well.max.x, y(bar.value))),
            false => Rect::from_min_max(pos2(well.min.x, y(bar.value)), well.max),
        };
        painter.rect_filled(filled, 1.0, bar.colour);
    }
    if let Some(most) = bar.most {
        painter.hline(well.x_range(), y(most), Stroke::new(scale.of(2.0), TEXT));
    }
    if let Some(ceiling) = ceiling {
        let reach = well.x_range().expand(scale.of(4.0));
        painter.hline(reach, y(ceiling), Stroke::new(scale.of(1.5), FAIL));
    }
    let value = if bar.value < FLOOR { NONE.to_owned() } else { decimal(f64::from(bar.value)) };
    let at = |up: f32| pos2(middle, column.max.y - scale.of(up));
    painter.text(at(21.0), Align2::CENTER_CENTER, &value, scale.figures(11.0), TEXT);
    painter.text(at(6.0), Align2::CENTER_CENTER, bar.name, scale.words(SMALL), DIM);
    let response = ui.interact(column, ui.scope_id().with(bar.name), Sense::hover());
    response
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{} {value} {}", bar.name, bar.unit)));
    response.on_hover_text(bar.help);
}
