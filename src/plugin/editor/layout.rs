//! Where everything stands: side by side in a large window, one below the other in a small one.

use egui::{Color32, Frame, Id, Key, Margin, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};

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
    /// What keys had reached in the frame before.
    focused: Option<Id>,
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
/// Between the edge of a part of the window and what stands in it, sideways and upwards.
const MARGIN: (f32, f32) = (12.0, 9.0);
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
    state.focused = ui.memory(|memory| memory.focused());
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
        let left = (rest.width() * 0.39).round();
        let checklist = cut_left(&mut rest, left, gap);
        let mut delivery = cut_bottom(&mut rest, self.scale.of(212.0), gap);
        let figures = cut_bottom(&mut rest, self.scale.of(76.0), gap);
        let mut history = rest;
        let left = self.scale.of(188.0);
        let levels = cut_left(&mut history, left, gap);
        let overs = cut_left(&mut delivery, left, gap);

        header::draw(&mut child(ui, header, header), self, false);
        self.panel(ui, checklist, "CHECKLIST", |ui, window| {
            window.scrolled(ui, "checklist", PANEL, true, checklist::draw);
        });
        self.panel(ui, levels, "LEVELS", levels::draw);
        self.panel(ui, history, "", history::draw);
        self.panel(ui, figures, "", |ui, window| figures::draw(ui, window, 6));
        self.panel(ui, overs, "OVERS, dBTP", |ui, window| {
            window.scrolled(ui, "overs", PANEL, false, overs::draw)
        });
        self.panel(ui, delivery, "DELIVERY", |ui, window| {
            let mut fields = ui.available_rect_before_wrap();
            let buttons = cut_bottom(&mut fields, window.scale.of(24.0), window.scale.of(6.0));
            let mut upper = child(ui, fields, ui.clip_rect());
            window.scrolled(&mut upper, "delivery", PANEL, false, delivery::fields);
            delivery::buttons(&mut child(ui, buttons, ui.clip_rect()), window);
        });
        self.panel(ui, footer, "", |ui, window| controls::draw(ui, window, false));
    }

    fn stacked(&mut self, ui: &mut Ui, area: Rect) {
        let gap = self.scale.of(8.0);
        let mut rest = area.shrink(self.scale.of(8.0));
        let header = cut_top(&mut rest, self.scale.of(84.0), gap);
        header::draw(&mut child(ui, header, header), self, true);
        let mut ui = child(ui, rest, Rect::from_min_max(rest.min, area.max));
        self.scrolled(&mut ui, "all", GROUND, true, |ui, window| {
            let width = ui.available_width();
            ui.spacing_mut().item_spacing.y = gap;
            ui.scope(|ui| header::reasons(ui, window, 18.0));
            window.section(ui, "CHECKLIST", checklist::draw);
            let columns = if width >= window.scale.of(600.0) { 6 } else { 3 };
            window.section(ui, "FIGURES", |ui, window| figures::draw(ui, window, columns));
            let size = vec2(width, window.scale.of(250.0));
            let (_, rect) = ui.allocate_space(size);
            let mut history = rect;
            let levels = cut_left(&mut history, window.scale.of(176.0), gap);
            window.panel(ui, levels, "LEVELS", levels::draw);
            window.panel(ui, history, "", history::draw);
            window.section(ui, "OVERS, dBTP", overs::draw);
            window.section(ui, "DELIVERY", |ui, window| {
                delivery::fields(ui, window);
                delivery::buttons(ui, window);
            });
            window.section(ui, "SETTINGS", |ui, window| controls::draw(ui, window, true));
        });
    }

    /// A part of the window in a given place.
    fn panel(&mut self, ui: &mut Ui, rect: Rect, title: &str, add: impl FnOnce(&mut Ui, &mut Self)) {
        ui.painter().rect_filled(rect, self.scale.of(5.0), PANEL);
        let inner = rect.shrink2(vec2(self.scale.of(MARGIN.0), self.scale.of(MARGIN.1)));
        let mut ui = child(ui, inner, rect);
        self.title(&mut ui, title);
        add(&mut ui, self);
    }

    /// What may be higher than its place: scrolled by the wheel, by the bar in the margin on the right, and if
    /// it is the `main` part of the window by Page Up and Page Down. What keys reach comes into sight.
    fn scrolled(
        &mut self,
        ui: &mut Ui,
        name: &str,
        ground: Color32,
        main: bool,
        add: impl FnOnce(&mut Ui, &mut Self),
    ) {
        let room = ui.available_rect_before_wrap();
        let right = (room.max.x + self.scale.of(MARGIN.0)).min(ui.clip_rect().max.x);
        let mut ui = child(ui, Rect::from_min_max(room.min, pos2(right, room.max.y)), ui.clip_rect());
        // What is cut at an edge fades into the ground.
        Frame::new().fill(ground).show(&mut ui, |ui| {
            ScrollArea::vertical().id_salt(name).auto_shrink(false).show(ui, |ui| {
                ui.set_width(room.width());
                add(ui, self);
                if main && !ui.ctx().text_edit_focused() {
                    let pages = ui.input(|input| {
                        input.num_presses(Key::PageUp) as f32 - input.num_presses(Key::PageDown) as f32
                    });
                    ui.scroll_with_delta(vec2(0.0, 0.9 * pages * room.height()));
                }
                let focused =
                    ui.memory(|memory| memory.focused()).filter(|id| self.state.focused != Some(*id));
                let reached = focused.and_then(|id| ui.ctx().read_response(id)).map(|response| response.rect);
                if let Some(reached) = reached.filter(|reached| ui.min_rect().contains_rect(*reached)) {
                    ui.scroll_to_rect(reached.expand(self.scale.of(MARGIN.1)), None);
                }
            });
        });
    }

    /// A part of the window, as high as it needs.
    fn section(&mut self, ui: &mut Ui, title: &str, add: impl FnOnce(&mut Ui, &mut Self)) {
        let margin = Margin::symmetric(self.scale.of(MARGIN.0) as i8, self.scale.of(MARGIN.1) as i8);
        Frame::new().fill(PANEL).corner_radius(self.scale.of(5.0)).inner_margin(margin).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = self.scale.of(4.0);
            self.title(ui, title);
            add(ui, self);
        });
    }

    fn title(&self, ui: &mut Ui, title: &str) {
        if !title.is_empty() {
            let text = egui::RichText::new(title).font(self.scale.words(11.0)).color(DIM);
            ui.label(text.extra_letter_spacing(self.scale.0));
            ui.add_space(self.scale.of(2.0));
        }
    }
}

/// A part of `ui` in `rect` that cannot paint outside `clip`.
fn child(ui: &mut Ui, rect: Rect, clip: Rect) -> Ui {
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect));
    child.shrink_clip_rect(clip);
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
