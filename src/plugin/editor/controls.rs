//! The host's parameters and what is listened to.

use egui::{
    Align, Align2, Button, EventFilter, Id, Key, Layout, Rect, Response, RichText, Role, Sense, Stroke,
    StrokeKind, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use super::layout::Window;
use super::theme::{self, ACCENT, DIM, EDGE, ON_LIT, RAISED, SOUND, Scale, TEXT, WARN, WELL};
use super::view::{Action, Knob, Listen};
use crate::compliance::Verdict;

/// What the window remembers of the controls.
#[derive(Default)]
pub struct State {
    /// The parameter whose value is being typed, and the text so far.
    typing: Option<(Knob, String)>,
    /// The parameter that the pointer holds.
    held: Option<Knob>,
}

const KNOBS: [Knob; 3] = [Knob::Ceiling, Knob::Release, Knob::WallaGain];
const SWITCHES: [Knob; 3] = [Knob::Walla, Knob::Mono, Knob::Bypass];
const LISTENS: [(Listen, &str, &str); 4] = [
    (Listen::Output, "Output", "The limited premix."),
    (Listen::Delta, "Delta", "Only what the limiter takes away."),
    (Listen::Dialogue, "Dialogue", "Only the dialogue, before the limiter."),
    (Listen::Walla, "Walla", "Only the walla at its gain, before the limiter."),
];

/// What a control needs of the window that it stands in.
pub struct Desk<'a> {
    pub scale: Scale,
    pub state: &'a mut State,
    pub actions: &'a mut Vec<Action>,
}

/// All controls, in one row or in several.
pub fn draw(ui: &mut Ui, window: &mut Window, narrow: bool) {
    let scale = window.scale;
    let gap = scale.of(if narrow { 12.0 } else { 18.0 });
    ui.spacing_mut().item_spacing = vec2(gap, scale.of(8.0));
    let total = ui.available_width();
    let knob_width = if narrow { ((total - 2.0 * gap) / 3.0).floor() } else { scale.of(126.0) };
    let settings = window.view.settings;
    let mut desk = Desk { scale, state: &mut window.state.controls, actions: window.actions };
    let sliders = |ui: &mut Ui, desk: &mut Desk| {
        for knob in KNOBS {
            slider(ui, desk, knob, knob.name(), knob.value(&settings), knob_width);
        }
    };
    let switches = |ui: &mut Ui, desk: &mut Desk| {
        for knob in SWITCHES {
            switch(ui, desk, knob, knob.value(&settings) != 0);
        }
    };
    let view = window.view;
    if narrow {
        ui.horizontal(|ui| sliders(ui, &mut desk));
        ui.horizontal_wrapped(|ui| switches(ui, &mut desk));
        listen(ui, &mut desk, view.listen);
        walla_input(ui, scale, view.walla_input);
        return;
    }
    ui.horizontal(|ui| {
        sliders(ui, &mut desk);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = scale.of(5.0);
            ui.label(RichText::new("Switches").small().color(DIM));
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = scale.of(5.0);
                switches(ui, &mut desk);
            });
        });
        ui.vertical(|ui| listen(ui, &mut desk, view.listen));
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = scale.of(8.0);
            ui.label(RichText::new("Walla input").small().color(DIM));
            walla_input(ui, scale, view.walla_input);
        });
    });
}

fn walla_input(ui: &mut Ui, scale: Scale, connected: bool) {
    let (verdict, text) = if connected { (Verdict::Pass, "connected") } else { (Verdict::Unknown, "none") };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = scale.of(7.0);
        let (rect, _) = ui.allocate_exact_size(vec2(scale.of(12.0), scale.of(15.0)), Sense::hover());
        theme::shape(
            ui.painter(),
            rect.center(),
            scale.of(11.0),
            verdict,
            if connected { TEXT } else { DIM },
        );
        ui.label(RichText::new(text).color(if connected { TEXT } else { DIM }));
    });
}

/// A value that is dragged, stepped by arrows, typed, and reset by a double click.
pub fn slider(ui: &mut Ui, desk: &mut Desk, knob: Knob, name: &str, value: i32, width: f32) {
    let scale = desk.scale;
    let (rect, _) = ui.allocate_exact_size(vec2(width, scale.of(46.0)), Sense::hover());
    let head = Rect::from_min_max(rect.min, pos2(rect.max.x, rect.min.y + scale.of(18.0)));
    let bar = Rect::from_min_max(pos2(rect.min.x, rect.max.y - scale.of(20.0)), rect.max);
    let id = ui.scope_id().with(knob);
    let mut title =
        ui.new_child(UiBuilder::new().max_rect(head).layout(Layout::left_to_right(Align::Center)));
    let title = title.label(RichText::new(name).small().color(DIM)).id;
    let response = ui.interact(bar, id, Sense::click_and_drag());
    response.widget_info(|| {
        let mut info = WidgetInfo::slider(true, f64::from(value), name);
        info.label = Some(format!("{name} {}", knob.text(value)));
        info
    });
    move_by_pointer(desk, knob, &response, bar);
    move_by_keys(ui, desk, knob, &response, value);
    value_text(ui, desk, knob, value, head, title);

    let (lowest, highest) = knob.range();
    let share = (value - lowest) as f32 / (highest - lowest) as f32;
    let painter = ui.painter();
    let edge = match () {
        () if response.has_focus() => Stroke::new(scale.of(2.0), ACCENT),
        () if response.hovered() => Stroke::new(1.0, TEXT),
        () => Stroke::new(1.0, EDGE),
    };
    painter.rect(bar, 3.0, WELL, edge, StrokeKind::Inside);
    let inner = bar.shrink(scale.of(3.0));
    let x = inner.min.x + share * inner.width();
    painter.rect_filled(Rect::from_min_max(inner.min, pos2(x, inner.max.y)), 1.0, SOUND);
    // Where the delivery wants it.
    let ideal = inner.min.x + (knob.default() - lowest) as f32 / (highest - lowest) as f32 * inner.width();
    painter.vline(ideal, inner.y_range(), Stroke::new(1.0, DIM));
    let grip =
        Rect::from_center_size(pos2(x, bar.center().y), vec2(scale.of(4.0), bar.height() - scale.of(4.0)));
    painter.rect_filled(grip, 1.0, TEXT);
}

fn set(desk: &mut Desk, knob: Knob, value: i32) {
    let (lowest, highest) = knob.range();
    desk.actions.extend([
        Action::Begin(knob),
        Action::Set(knob, value.clamp(lowest, highest)),
        Action::End(knob),
    ]);
}

fn move_by_pointer(desk: &mut Desk, knob: Knob, response: &Response, bar: Rect) {
    if response.double_clicked() {
        set(desk, knob, knob.default());
        return;
    }
    if response.drag_started() {
        desk.state.held = Some(knob);
        desk.actions.push(Action::Begin(knob));
    }
    if desk.state.held == Some(knob) {
        if response.dragged()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            let (lowest, highest) = knob.range();
            let share = ((pointer.x - bar.min.x) / bar.width()).clamp(0.0, 1.0);
            let value = lowest + (share * (highest - lowest) as f32).round() as i32;
            desk.actions.push(Action::Set(knob, value));
        }
        if response.drag_stopped() {
            desk.state.held = None;
            desk.actions.push(Action::End(knob));
        }
    }
}

/// Arrows move by a step, with Shift by ten; Home resets; Return starts to type.
fn move_by_keys(ui: &Ui, desk: &mut Desk, knob: Knob, response: &Response, value: i32) {
    if response.clicked() {
        response.request_focus();
    }
    if !response.has_focus() {
        return;
    }
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let (up, down, coarse, home, enter) = ui.input(|input| {
        let pressed = |key| input.num_presses(key) as i32;
        (
            pressed(Key::ArrowUp) + pressed(Key::ArrowRight),
            pressed(Key::ArrowDown) + pressed(Key::ArrowLeft),
            input.modifiers.shift,
            input.key_pressed(Key::Home),
            input.key_pressed(Key::Enter),
        )
    });
    if enter {
        desk.state.typing = Some((knob, knob.text(value)));
    } else if home {
        set(desk, knob, knob.default());
    } else if up != down {
        set(desk, knob, value + (up - down) * if coarse { 10 } else { 1 });
    }
}

/// The value; a click on it starts to type.
fn value_text(ui: &mut Ui, desk: &mut Desk, knob: Knob, value: i32, head: Rect, title: Id) {
    let scale = desk.scale;
    let place = Rect::from_min_max(pos2(head.max.x - scale.of(76.0), head.min.y), head.max);
    let id = ui.scope_id().with((knob, "text"));
    if let Some((_, mut text)) = desk.state.typing.take_if(|(typed, _)| *typed == knob) {
        let edit = TextEdit::singleline(&mut text).id(id).font(scale.figures(12.0)).margin(vec2(2.0, 0.0));
        let response = ui.put(place, edit.align(Align2::RIGHT_CENTER)).labelled_by(title);
        let (enter, escape) =
            ui.input(|input| (input.key_pressed(Key::Enter), input.key_pressed(Key::Escape)));
        if !response.has_focus() && !response.lost_focus() {
            response.request_focus();
        }
        if response.lost_focus() || escape {
            if let Some(value) = knob.parse(&text).filter(|_| enter || !escape) {
                set(desk, knob, value);
            }
        } else {
            desk.state.typing = Some((knob, text));
        }
        return;
    }
    let colour = if value == knob.default() || knob == Knob::Release { TEXT } else { WARN };
    let response = ui.interact(place, id.with("shown"), Sense::click());
    let painter = ui.painter();
    let font = scale.figures(13.0);
    let shown = painter.text(place.right_center(), Align2::RIGHT_CENTER, knob.text(value), font, colour);
    if colour == WARN {
        // Not by the colour alone.
        let mark = shown.left_center() - vec2(scale.of(9.0), 0.0);
        theme::shape(painter, mark, scale.of(10.0), Verdict::Warn, WARN);
    }
    if response.has_focus() {
        painter.hline(shown.x_range(), shown.max.y, Stroke::new(scale.of(2.0), ACCENT));
    }
    if response.hovered() {
        ui.set_cursor_icon(egui::CursorIcon::Text);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Type {}", knob.name())));
    if response.clicked() {
        desk.state.typing = Some((knob, knob.text(value)));
    }
}

/// On or off.
pub fn switch(ui: &mut Ui, desk: &mut Desk, knob: Knob, on: bool) {
    let scale = desk.scale;
    let galley = ui.painter().layout_no_wrap(knob.name().into(), scale.words(13.0), TEXT);
    let size = vec2(galley.size().x + scale.of(34.0), scale.of(24.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, knob.name()));
    if response.clicked() {
        set(desk, knob, i32::from(!on));
    }
    let painter = ui.painter();
    let edge = match () {
        () if response.has_focus() => Stroke::new(scale.of(2.0), ACCENT),
        () if response.hovered() => Stroke::new(1.0, TEXT),
        () => Stroke::new(1.0, EDGE),
    };
    painter.rect(rect, 3.0, RAISED, edge, StrokeKind::Inside);
    let centre = pos2(rect.min.x + scale.of(14.0), rect.center().y);
    let ink = if knob == Knob::Bypass { WARN } else { ACCENT };
    painter.circle_stroke(centre, scale.of(5.0), Stroke::new(1.5, if on { ink } else { DIM }));
    if on {
        painter.circle_filled(centre, scale.of(3.0), ink);
    }
    let place = pos2(rect.min.x + scale.of(25.0), rect.center().y - galley.size().y / 2.0);
    painter.galley(place, galley, TEXT);
}

fn listen(ui: &mut Ui, desk: &mut Desk, now: Listen) {
    let scale = desk.scale;
    ui.spacing_mut().item_spacing = vec2(scale.of(5.0), scale.of(5.0));
    ui.label(RichText::new("Listen to").small().color(DIM));
    ui.horizontal_wrapped(|ui| {
        for (listen, name, help) in LISTENS {
            let chosen = now == listen;
            let text = RichText::new(name).font(scale.words(13.0));
            let button = match (chosen, listen) {
                (true, Listen::Output) => Button::new(text.color(ON_LIT)).fill(ACCENT),
                (true, _) => Button::new(text.color(ON_LIT)).fill(WARN),
                _ => Button::new(text),
            };
            let response = ui.add(button.min_size(vec2(0.0, scale.of(24.0)))).on_hover_text(help);
            if response.has_focus() {
                let edge = Stroke::new(scale.of(2.0), TEXT);
                ui.painter().rect_stroke(response.rect, 3.0, edge, StrokeKind::Inside);
            }
            response.widget_info(|| {
                WidgetInfo::selected(Role::RadioButton, true, chosen, format!("Listen to {name}"))
            });
            if response.clicked() {
                desk.actions.push(Action::Listen(listen));
            }
        }
    });
}
