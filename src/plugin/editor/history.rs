//! True peak and gain reduction over the last minutes, and over the whole pass, with what was over.

use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Align2, Color32, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::layout::{Subject, Window};
use super::levels::{DEEPEST, dbtp};
use super::theme::{self, DIM, FAIL, REDUCTION, RULE, SOUND, TEXT, WELL};
use super::view::Reading;
use crate::engine::measurement::{Bin, History};

/// The lowest level that the graph shows, in dBTP.
const FLOOR: f32 = -36.0;
/// Levels with a line of their own.
const LINES: [f32; 3] = [-12.0, -18.0, -24.0];

/// Some bins on a time axis.
struct Lane<'a> {
    bins: &'a [Bin],
    /// Tenths of seconds at the left edge, in each bin, and on the whole axis.
    first_tenth: u64,
    tenths_per_bin: u64,
    tenths: u64,
}

/// Both graphs, the last minutes above the whole.
pub fn draw(ui: &mut Ui, window: &mut Window) {
    let scale = window.scale;
    let reading = window.shown();
    let history = &reading.measurement.programme.history;
    let recent_tenths = History::RECENT as u64;
    let end = history.before_recent + history.recent.len() as u64;
    // The newest stands at the right edge, once there is enough to fill the axis.
    let first_tenth = end.saturating_sub(recent_tenths);
    let whole_tenths = (history.whole.len() as u64 * history.tenths_per_bin).max(end).max(100);
    let picture = picture_tenths(window, &reading);
    let lanes = [
        Lane { bins: &history.recent, first_tenth, tenths_per_bin: 1, tenths: recent_tenths },
        Lane {
            bins: &history.whole,
            first_tenth: 0,
            tenths_per_bin: history.tenths_per_bin.max(1),
            tenths: picture.unwrap_or(0).max(whole_tenths),
        },
    ];
    let size = ui.available_size();
    let (area, _) = ui.allocate_exact_size(size, Sense::hover());
    // Above each graph its name, below it the time.
    let (title, foot) = (scale.of(17.0), scale.of(14.0));
    let height = area.height() - 2.0 * (title + foot) - scale.of(2.0);
    let recent_height = (height * 0.56).round();
    let name = if window.state.subject == Subject::Bounce { "WHOLE BOUNCE" } else { "WHOLE PASS" };
    let top = area.min.y;
    let left = area.min.x + scale.of(26.0);
    let lane_rect =
        |top: f32, height: f32| Rect::from_min_max(pos2(left, top), pos2(area.max.x, top + height));
    let font = scale.words(11.0);
    let heading = |y: f32, text: &str| {
        ui.painter().text(pos2(area.min.x, y), Align2::LEFT_TOP, text, font.clone(), DIM);
    };
    heading(top, "LAST 3 MINUTES");
    legend(ui, window, pos2(area.max.x, top));
    let recent = lane_rect(top + title, recent_height);
    let below = recent.max.y + foot + scale.of(2.0);
    heading(below, name);
    let font = scale.figures(if area.width() < scale.of(330.0) { 9.0 } else { 11.0 });
    ui.painter().text(pos2(area.max.x, below), Align2::RIGHT_TOP, coverage(window, &reading), font, TEXT);
    let whole = lane_rect(below + title, area.max.y - foot - below - title);
    graph(ui, window, &reading, recent, &lanes[0], "last 3 minutes");
    graph(ui, window, &reading, whole, &lanes[1], "whole");
    if let Some(tenths) = picture {
        let x = whole.min.x + whole.width() * tenths as f32 / lanes[1].tenths as f32;
        ui.painter().vline(x.min(whole.max.x - 1.0), whole.y_range(), Stroke::new(1.5, TEXT));
    }
}

/// The picture's length in tenths of seconds.
fn picture_tenths(window: &Window, reading: &Reading) -> Option<u64> {
    let rate = reading.measurement.programme.sample_rate;
    let samples = window.view.times.picture?.samples(rate).nearest;
    Some(samples.div_ceil(u64::from(rate / 10).max(1)))
}

/// How much of the picture went through.
fn coverage(window: &Window, reading: &Reading) -> String {
    let programme = &reading.measurement.programme;
    let Some(picture) = window.view.times.picture else { return "picture length not set".into() };
    let wanted = picture.samples(programme.sample_rate).nearest;
    let length = picture.length.timecode().map_or_else(String::new, |length| format!(", {length}"));
    if reading.measurement.pass.covers_picture == Some(true) {
        return format!("100.0 % of the picture{length}");
    }
    let share = if wanted == 0 { 0.0 } else { 100.0 * programme.samples as f64 / wanted as f64 };
    // Less than all must not read as all.
    format!("{:5.1} % of the picture{length}", share.min(99.9))
}

fn legend(ui: &Ui, window: &Window, right_top: Pos2) {
    let scale = window.scale;
    let painter = ui.painter();
    let mut x = right_top.x;
    for (name, colour) in [("gain reduction", REDUCTION), ("true peak", SOUND)] {
        let galley = painter.layout_no_wrap(name.into(), scale.words(11.0), DIM);
        x -= galley.size().x;
        painter.galley(pos2(x, right_top.y), galley, DIM);
        x -= scale.of(13.0);
        let size = vec2(scale.of(9.0), scale.of(9.0));
        painter.rect_filled(Rect::from_min_size(pos2(x, right_top.y + scale.of(3.0)), size), 1.0, colour);
        x -= scale.of(12.0);
    }
}

fn graph(ui: &mut Ui, window: &Window, reading: &Reading, rect: Rect, lane: &Lane, name: &str) {
    let scale = window.scale;
    let ceiling = window.view.settings.ceiling_tenths_dbtp as f32 / 10.0;
    let painter = ui.painter_at(rect.expand2(vec2(scale.of(26.0), 1.0)));
    painter.rect_filled(rect, 2.0, WELL);
    let y = |level: f32| rect.min.y + (level / FLOOR).clamp(0.0, 1.0) * rect.height();
    let reduction_y = |db: f32| rect.min.y + (db / DEEPEST).clamp(0.0, 1.0) * rect.height() * 0.5;
    let x = |tenth: f64| {
        rect.min.x + ((tenth - lane.first_tenth as f64) / lane.tenths as f64) as f32 * rect.width()
    };
    for level in LINES {
        painter.hline(rect.x_range(), y(level), Stroke::new(1.0, RULE));
    }
    time(ui, window, reading, rect, lane, &x);
    let mut mesh = Mesh::default();
    for (left, right, bin) in columns(lane, &x) {
        let peak = dbtp(bin.true_peak);
        if peak > FLOOR {
            let colour = if peak > ceiling + 0.05 { FAIL } else { SOUND };
            quad(&mut mesh, Rect::from_min_max(pos2(left, y(peak)), pos2(right, rect.max.y)), colour);
        }
        if bin.reduction_db < -0.05 {
            let foot = pos2(right, reduction_y(bin.reduction_db).max(rect.min.y + 1.0));
            quad(&mut mesh, Rect::from_min_max(pos2(left, rect.min.y), foot), REDUCTION);
        }
    }
    painter.add(Shape::mesh(mesh));
    let dash = Shape::dashed_line(
        &[pos2(rect.min.x, y(ceiling)), pos2(rect.max.x, y(ceiling))],
        Stroke::new(scale.of(1.5), FAIL),
        scale.of(7.0),
        scale.of(4.0),
    );
    painter.extend(dash);
    let label = |level: f32, colour| {
        let place = pos2(rect.min.x - scale.of(4.0), y(level));
        painter.text(place, Align2::RIGHT_CENTER, format!("{level:.0}"), scale.figures(10.0), colour);
    };
    label(ceiling, TEXT);
    let mut last = y(ceiling);
    for level in LINES {
        // Only where there is room below the one before.
        if y(level) - last > scale.of(11.0) {
            label(level, DIM);
            last = y(level);
        }
    }
    let rate = f64::from(reading.time_line.sample_rate.max(1));
    for mark in &reading.measurement.programme.overs.worst {
        let x = x(mark.sample as f64 * 10.0 / rate);
        if rect.x_range().contains(x) {
            painter.vline(x, rect.y_range(), Stroke::new(1.0, FAIL.gamma_multiply(0.35)));
            theme::pointer(
                &painter,
                pos2(x, rect.min.y + scale.of(9.0)),
                vec2(scale.of(9.0), scale.of(8.0)),
                FAIL,
            );
        }
    }
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("History of the {name}")));
    if let Some(pointer) = response.hover_pos() {
        hover(ui, window, reading, rect, lane, pointer);
    }
}

/// Seconds between two times on the axis, whichever first leaves room for them.
const STEPS_SECONDS: [u64; 12] = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600];

/// Lines and labels of the time axis, at whole seconds of timecode from the start of what was measured.
fn time(ui: &Ui, window: &Window, reading: &Reading, rect: Rect, lane: &Lane, x: &dyn Fn(f64) -> f32) {
    let scale = window.scale;
    let line = reading.time_line;
    if line.sample_rate == 0 {
        return;
    }
    let rate = f64::from(line.sample_rate);
    let room = f64::from(scale.of(108.0) / rect.width());
    let fits = |step: &u64| *step as f64 * 10.0 >= room * lane.tenths as f64;
    let step = STEPS_SECONDS.into_iter().find(fits).unwrap_or(7200);
    let sample = |seconds: u64| match line.frame_rate {
        Some(rate) => rate.samples(seconds * u64::from(rate.nominal_fps()), line.sample_rate).nearest,
        None => seconds * u64::from(line.sample_rate),
    };
    let first = lane.first_tenth / 10 / step;
    // Whole seconds of timecode at 23.976 are a little longer than seconds: the last one may lie outside.
    for seconds in (first..=first + lane.tenths / 10 / step + 1).map(|number| number * step) {
        let sample = sample(seconds);
        let x = x(sample as f64 * 10.0 / rate);
        if !rect.x_range().contains(x) {
            continue;
        }
        ui.painter().vline(x, rect.y_range(), Stroke::new(1.0, RULE));
        let galley = ui.painter().layout_no_wrap(line.place(sample), scale.figures(10.0), DIM);
        let left = if seconds == 0 { x } else { x - galley.size().x / 2.0 };
        if left >= rect.min.x && left + galley.size().x <= rect.max.x {
            ui.painter().galley(pos2(left, rect.max.y + scale.of(1.0)), galley, DIM);
        }
    }
}

/// At most one column a pixel, each as bad as the worst bin in it.
fn columns<'a>(lane: &'a Lane, x: &'a dyn Fn(f64) -> f32) -> impl Iterator<Item = (f32, f32, Bin)> + 'a {
    let tenth = |index: usize| (lane.first_tenth + index as u64 * lane.tenths_per_bin) as f64;
    let mut index = 0;
    std::iter::from_fn(move || {
        let mut bin = *lane.bins.get(index)?;
        let left = x(tenth(index));
        index += 1;
        while let Some(next) = lane.bins.get(index)
            && x(tenth(index)) - left < 1.0
        {
            bin.true_peak = bin.true_peak.max(next.true_peak);
            bin.reduction_db = bin.reduction_db.min(next.reduction_db);
            index += 1;
        }
        Some((left, x(tenth(index)), bin))
    })
}

fn quad(mesh: &mut Mesh, rect: Rect, color: Color32) {
    let first = mesh.vertices.len() as u32;
    mesh.indices.extend([0, 1, 2, 2, 1, 3].map(|index| first + index));
    for pos in [rect.left_top(), rect.right_top(), rect.left_bottom(), rect.right_bottom()] {
        mesh.vertices.push(Vertex { pos, uv: WHITE_UV, color });
    }
}

/// The time below the pointer and what was measured there.
fn hover(ui: &Ui, window: &Window, reading: &Reading, rect: Rect, lane: &Lane, pointer: Pos2) {
    let scale = window.scale;
    let share = f64::from((pointer.x - rect.min.x) / rect.width()).clamp(0.0, 1.0);
    let tenths = share * lane.tenths as f64;
    let Some(bin) = lane.bins.get((tenths / lane.tenths_per_bin as f64) as usize) else { return };
    let sample = (lane.first_tenth as f64 + tenths) * f64::from(reading.time_line.sample_rate) / 10.0;
    let number = |value: f32| super::figures::decimal(f64::from(value));
    let lines = [
        reading.time_line.place(sample as u64),
        format!("{:>6} dBTP", number(dbtp(bin.true_peak))),
        format!("{:>6} dB GR", number(bin.reduction_db)),
        format!("{:>6} LUFS S", number(bin.short_term_lufs)),
        format!("{:>6} LU over walla", number(bin.separation_lu)),
    ];
    let painter =
        ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Tooltip, ui.scope_id().with("hover")));
    painter.vline(pointer.x, rect.y_range(), Stroke::new(1.0, TEXT));
    let galley = painter.layout_no_wrap(lines.join("\n"), scale.figures(11.0), TEXT);
    let size = galley.size() + vec2(scale.of(12.0), scale.of(8.0));
    let screen = ui.ctx().content_rect();
    let is_right = pointer.x + size.x + scale.of(10.0) > screen.max.x;
    let left = if is_right { pointer.x - size.x - scale.of(10.0) } else { pointer.x + scale.of(10.0) };
    let top = pointer.y.min(screen.max.y - size.y - 1.0);
    let place = Rect::from_min_size(pos2(left, top), size);
    painter.rect(place, 3.0, theme::RAISED, Stroke::new(1.0, theme::EDGE), egui::StrokeKind::Inside);
    painter.galley(place.min + vec2(scale.of(6.0), scale.of(4.0)), galley, TEXT);
}
