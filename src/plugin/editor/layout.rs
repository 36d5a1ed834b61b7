//! Where everything stands: side by side in a large window, one below the other in a small one.

use egui::{Frame, Margin, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

use super::theme::{self, DIM, GROUND, PANEL, Scale};
use super::view::{Action, Reading, View};
use super::{checklist, controls, delivery, figures, header, history, levels, overs};

/// What the window remembers from frame to frame.
#[derive(Default)]
pub struct State {
    scale: Option<Scale>,
    /// Which of both readings is shown in detail.
    pub subject: Subject,
    /// The pass and the bounce that were seen last, to follow what happens.
    seen: Option<(u64, Option<u64>)>,
    pub controls: controls::State,
    pub delivery: delivery::State,
}

/// One of the two readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// What goes through, or went through last.
    #[default]
    Now,
    /// The last bounce.
    Bounce,
}

/// The size at which everything stands side by side at scale 1, in points.
const WIDE: (f32, f32) = (1060.0, 740.0);
/// Smaller than this it would be hard to read.
const SMALLEST_SCALE: f32 = 0.9;
const LARGEST_SCALE: f32 = 2.2;
/// Fonts are made anew for every scale, so there are few.
const SCALES_PER_UNIT: f32 = 20.0;

/// Draws the whole window and returns what its user asks for.
pub fn draw(ui: &mut Ui, view: &View, state: &mut State) -> Vec<Action> {
    let area = ui.max_rect();
    let fits = (area.width() / WIDE.0).min(area.height() / WIDE.1);
    let is_wide = fits >= SMALLEST_SCALE;
    let scale = if is_wide { fits } else { (area.width() / 520.0).clamp(SMALLEST_SCALE, 1.0) };
    let scale = Scale((scale.min(LARGEST_SCALE) * SCALES_PER_UNIT).floor() / SCALES_PER_UNIT);
    if state.scale != Some(scale) {
        theme::apply(ui.ctx(), scale);
        state.scale = Some(scale);
        // Widgets of this frame still have the old look.
        ui.set_style(ui.ctx().global_style());
    }
    follow(view, state);
    ui.painter().rect_filled(area, 0.0, GROUND);
    let mut actions = Vec::new();
    let mut window = Window { scale, view, state, actions: &mut actions };
    if is_wide {
        window.side_by_side(ui, area)
    } else {
        window.stacked(ui, area)
    }
    delivery::ask(ui, &mut window);
    actions
}

/// A new pass or a new bounce is shown when it comes; the user may look at the other.
fn follow(view: &View, state: &mut State) {
    let number = |reading: &Reading| reading.measurement.pass.number;
    let (now, bounce) = (number(&view.now), view.bounce.as_ref().map(number));
    let (now_before, bounce_before) = state.seen.replace((now, bounce)).unwrap_or((now, None));
    let is_new = bounce != bounce_before && !(bounce_before.is_none() && view.now.runs());
    if bounce.is_none() || now != now_before && !is_new {
        state.subject = Subject::Now;
    } else if is_new {
        state.subject = Subject::Bounce;
    }
}

/// A frame of the window in the making.
pub struct Window<'a, 'v> {
    pub scale: Scale,
    pub view: &'a View<'v>,
    pub state: &'a mut State,
    pub actions: &'a mut Vec<Action>,
}

impl<'v> Window<'_, 'v> {
    /// The reading that is shown in detail.
    pub fn shown(&self) -> Reading<'v> {
        match self.state.subject {
            Subject::Bounce => self.view.bounce.unwrap_or(self.view.now),
            Subject::Now => self.view.now,
        }
    }

    fn side_by_side(&mut self, ui: &mut Ui, area: Rect) {
        let gap = self.scale.of(8.0);
        let mut rest = area.shrink(self.scale.of(12.0));
        let header = cut_top(&mut rest, self.scale.of(96.0), gap);
        let footer = cut_bottom(&mut rest, self.scale.of(66.0), gap);
        let left = (rest.width() * 0.4).round();
        let checklist = cut_left(&mut rest, left, gap);
        let mut delivery = cut_bottom(&mut rest, self.scale.of(206.0), gap);
        let figures = cut_bottom(&mut rest, self.scale.of(74.0), gap);
        let mut history = rest;
        let levels = cut_left(&mut history, self.scale.of(178.0), gap);
        let left = (delivery.width() * 0.31).round();
        let overs = cut_left(&mut delivery, left, gap);

        header::draw(&mut child(ui, header), self, false);
        self.panel(ui, checklist, "Checklist", |ui, window| {
            ScrollArea::vertical()
                .id_salt("checklist")
                .auto_shrink(false)
                .show(ui, |ui| checklist::draw(ui, window));
        });
        self.panel(ui, levels, "Levels", levels::draw);
        self.panel(ui, history, "", history::draw);
        self.panel(ui, figures, "", |ui, window| figures::draw(ui, window, 6));
        self.panel(ui, overs, "Overs", |ui, window| {
            ScrollArea::vertical().id_salt("overs").auto_shrink(false).show(ui, |ui| overs::draw(ui, window));
        });
        self.panel(ui, delivery, "Delivery", |ui, window| {
            ScrollArea::vertical()
                .id_salt("delivery")
                .auto_shrink(false)
                .show(ui, |ui| delivery::draw(ui, window));
        });
        self.panel(ui, footer, "", |ui, window| controls::draw(ui, window, false));
    }

    fn stacked(&mut self, ui: &mut Ui, area: Rect) {
        let gap = self.scale.of(8.0);
        let margin = self.scale.of(8.0);
        let mut rest = area.shrink(margin);
        let header = cut_top(&mut rest, self.scale.of(84.0), gap);
        header::draw(&mut child(ui, header), self, true);
        // The scroll bar lies in the margin.
        let rest = Rect::from_min_max(rest.min, pos2(area.max.x, rest.max.y));
        let mut ui = child(ui, rest);
        ScrollArea::vertical().id_salt("all").auto_shrink(false).show(&mut ui, |ui| {
            let width = rest.width() - margin;
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = gap;
            header::reasons(ui, self);
            self.section(ui, "Checklist", checklist::draw);
            let columns = if width >= self.scale.of(600.0) { 6 } else { 3 };
            self.section(ui, "Figures", |ui, window| figures::draw(ui, window, columns));
            let size = vec2(width, self.scale.of(230.0));
            let (_, rect) = ui.allocate_space(size);
            let mut history = rect;
            let levels = cut_left(&mut history, self.scale.of(160.0), gap);
            self.panel(ui, levels, "Levels", levels::draw);
            self.panel(ui, history, "", history::draw);
            self.section(ui, "Overs", overs::draw);
            self.section(ui, "Delivery", delivery::draw);
            self.section(ui, "Settings", |ui, window| controls::draw(ui, window, true));
        });
    }

    /// A part of the window in a given place.
    fn panel(&mut self, ui: &mut Ui, rect: Rect, title: &str, add: impl FnOnce(&mut Ui, &mut Self)) {
        ui.painter().rect_filled(rect, self.scale.of(5.0), PANEL);
        let mut ui = child(ui, rect.shrink2(vec2(self.scale.of(12.0), self.scale.of(9.0))));
        self.title(&mut ui, title);
        add(&mut ui, self);
    }

    /// A part of the window, as high as it needs.
    fn section(&mut self, ui: &mut Ui, title: &str, add: impl FnOnce(&mut Ui, &mut Self)) {
        let margin = Margin::symmetric(self.scale.of(12.0) as i8, self.scale.of(9.0) as i8);
        Frame::new().fill(PANEL).corner_radius(self.scale.of(5.0)).inner_margin(margin).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = self.scale.of(4.0);
            self.title(ui, title);
            add(ui, self);
        });
    }

    fn title(&self, ui: &mut Ui, title: &str) {
        if !title.is_empty() {
            let text = egui::RichText::new(title.to_uppercase()).font(self.scale.words(11.0)).color(DIM);
            ui.label(text.extra_letter_spacing(self.scale.0));
            ui.add_space(self.scale.of(2.0));
        }
    }
}

/// A part of `ui` that cannot paint outside `rect`.
fn child(ui: &mut Ui, rect: Rect) -> Ui {
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect));
    child.shrink_clip_rect(rect.expand(2.0));
    child
}

fn cut_top(rest: &mut Rect, height: f32, gap: f32) -> Rect {
    let cut = Rect::from_min_max(rest.min, pos2(rest.max.x, rest.min.y + height));
    rest.min.y += height + gap;
    cut
}

fn cut_bottom(rest: &mut Rect, height: f32, gap: f32) -> Rect {
    let cut = Rect::from_min_max(pos2(rest.min.x, rest.max.y - height), rest.max);
    rest.max.y -= height + gap;
    cut
}

fn cut_left(rest: &mut Rect, width: f32, gap: f32) -> Rect {
    let cut = Rect::from_min_max(rest.min, pos2(rest.min.x + width, rest.max.y));
    rest.min.x += width + gap;
    cut
}
