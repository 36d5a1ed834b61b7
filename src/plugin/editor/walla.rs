//! The small window of Premix Walla: a light that says whether it does its job, its gain and its level.

use egui::{Align2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::controls::{self, Desk};
use super::figures::decimal;
use super::levels::FLOOR;
use super::theme::{self, DIM, GROUND, ON_LIT, RULE, SOUND, Scale, TEXT, WELL};
use super::view::{Action, Knob};
use crate::compliance::Verdict;
use crate::compliance::premix::WALLA_GAIN_TENTHS_DB;

/// What the window of Premix Walla shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WallaView {
    /// In tenths of a decibel.
    pub gain_tenths_db: i32,
    pub bypass: bool,
    /// Largest sample that came out lately, in dBFS.
    pub peak_dbfs: f32,
}

/// What the window remembers from frame to frame.
#[derive(Default)]
pub struct WallaState {
    scale: Option<Scale>,
    controls: controls::State,
}

/// The size at scale 1, in points.
const SIZE: (f32, f32) = (360.0, 176.0);

/// Draws the window of Premix Walla and returns what its user asks for.
pub fn draw_walla(ui: &mut Ui, view: &WallaView, state: &mut WallaState) -> Vec<Action> {
    let area = ui.max_rect();
    let scale = (area.width() / SIZE.0).min(area.height() / SIZE.1).clamp(0.8, 2.0);
    let scale = Scale((scale * 20.0).floor() / 20.0);
    if state.scale != Some(scale) {
        theme::apply(ui.ctx(), scale);
        state.scale = Some(scale);
        ui.set_style(ui.ctx().global_style());
    }
    ui.painter().rect_filled(area, 0.0, GROUND);
    let mut actions = Vec::new();
    let inner = area.shrink(scale.of(12.0));
    let light = Rect::from_min_size(inner.min, vec2(inner.width(), scale.of(54.0)));
    let level = Rect::from_min_size(
        light.left_bottom() + vec2(0.0, scale.of(10.0)),
        vec2(inner.width(), scale.of(20.0)),
    );
    draw_light(ui, light, scale, view);
    draw_level(ui, level, scale, view.peak_dbfs);
    let rest = Rect::from_min_max(level.left_bottom() + vec2(0.0, scale.of(10.0)), inner.max);
    let mut ui = ui.new_child(egui::UiBuilder::new().max_rect(rest));
    let mut desk = Desk { scale, state: &mut state.controls, actions: &mut actions };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = scale.of(14.0);
        let width = rest.width() - scale.of(108.0);
        controls::slider(ui, &mut desk, Knob::WallaGain, "Gain", view.gain_tenths_db, width);
        ui.vertical(|ui| {
            ui.add_space(scale.of(24.0));
            controls::switch(ui, &mut desk, Knob::Bypass, view.bypass);
        });
    });
    actions
}

fn draw_light(ui: &mut Ui, rect: Rect, scale: Scale, view: &WallaView) {
    let (verdict, text) = match view {
        WallaView { bypass: true, .. } => (Verdict::Warn, "Bypassed: 0.0 dB".to_owned()),
        WallaView { gain_tenths_db: WALLA_GAIN_TENTHS_DB, .. } => {
            (Verdict::Pass, "Walla -10.0 dB".to_owned())
        }
        WallaView { gain_tenths_db, .. } => {
            (Verdict::Warn, format!("{:.1} dB, not -10.0", f64::from(*gain_tenths_db) / 10.0))
        }
    };
    let painter = ui.painter();
    painter.rect_filled(rect, scale.of(5.0), theme::colour(verdict));
    let icon = scale.of(26.0);
    let galley = painter.layout_no_wrap(text.clone(), scale.words(22.0), ON_LIT);
    let left = rect.center().x - (icon + scale.of(12.0) + galley.size().x) / 2.0;
    theme::shape(painter, pos2(left + icon / 2.0, rect.center().y), icon, verdict, ON_LIT);
    painter.galley(
        pos2(left + icon + scale.of(12.0), rect.center().y - galley.size().y / 2.0),
        galley,
        ON_LIT,
    );
    let response = ui.interact(rect, ui.scope_id().with("light"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text.clone()));
}

fn draw_level(ui: &mut Ui, rect: Rect, scale: Scale, peak_dbfs: f32) {
    let painter = ui.painter();
    let text_width = scale.of(86.0);
    let well = Rect::from_min_max(rect.min, pos2(rect.max.x - text_width, rect.max.y));
    painter.rect(well, 2.0, WELL, Stroke::new(1.0, RULE), StrokeKind::Inside);
    let share = (1.0 - peak_dbfs / FLOOR).clamp(0.0, 1.0);
    let filled = Rect::from_min_size(well.min, vec2(well.width() * share, well.height())).shrink(1.0);
    if share > 0.0 {
        painter.rect_filled(filled, 1.0, SOUND);
    }
    let value = if peak_dbfs < FLOOR { "–".to_owned() } else { decimal(f64::from(peak_dbfs)) };
    let end = rect.max.x - scale.of(34.0);
    painter.text(pos2(end, rect.center().y), Align2::RIGHT_CENTER, &value, scale.figures(13.0), TEXT);
    let place = pos2(end + scale.of(4.0), rect.center().y);
    painter.text(place, Align2::LEFT_CENTER, "dBFS", scale.words(11.0), DIM);
    let response = ui.interact(rect, ui.scope_id().with("level"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Level {value} dBFS")));
}
