//! The verdict lamp with the one sentence why, and the choice between the bounce and now.

use egui::{
    Align, Button, Color32, CornerRadius, Label, Layout, Rect, RichText, Sense, Stroke, StrokeKind, Ui,
};
use egui::{Role, UiBuilder, WidgetInfo, pos2, vec2};

use super::layout::{Subject, Window};
use super::theme::{self, ACCENT, DIM, EDGE, ON_LIT, PANEL, TEXT};
use super::view::{Listen, Reading};
use crate::compliance::{Finding, Verdict, summary};
use crate::plugin::fields::sentence;

/// What the lamp says.
struct Lamp {
    verdict: Verdict,
    word: &'static str,
    /// Filled with colour: only what is certain is.
    lit: bool,
}

impl Lamp {
    fn of(reading: &Reading, subject: Subject) -> Self {
        let verdict = told(reading);
        let is_bounce = subject == Subject::Bounce;
        let word = match verdict {
            Verdict::Fail => "FAIL",
            Verdict::Warn => "WARN",
            Verdict::Pass if is_bounce => "PASS",
            Verdict::Pass => "SO FAR OK",
            Verdict::Unknown | Verdict::Person => "READY",
        };
        Self { verdict, word, lit: verdict > Verdict::Pass || is_bounce && verdict == Verdict::Pass }
    }
}

/// The verdict on the whole. What is all right before anything was heard is no reason for green.
fn told(reading: &Reading) -> Verdict {
    match reading.verdict() {
        Verdict::Pass if reading.measurement.programme.samples == 0 => Verdict::Unknown,
        verdict => verdict,
    }
}

/// The finding that decides, the first of the worst.
fn decisive<'a>(reading: &Reading<'a>) -> Option<&'a Finding> {
    let verdict = reading.verdict();
    reading.findings.iter().find(|finding| finding.verdict == verdict && verdict > Verdict::Pass)
}

/// The one sentence why.
fn why(reading: &Reading, subject: Subject) -> String {
    if let Some(finding) = decisive(reading) {
        let place = finding.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
        return format!("{}: {}{place}", finding.rule.name, finding.measured);
    }
    match (told(reading), subject) {
        (Verdict::Pass, Subject::Bounce) => "This bounce would pass.".into(),
        (Verdict::Pass, Subject::Now) if reading.runs() => "Nothing wrong so far.".into(),
        (Verdict::Pass, Subject::Now) => "Nothing wrong in what was heard; bounce for a verdict.".into(),
        _ => "Play to measure, bounce the whole picture for a verdict.".into(),
    }
}

/// What to do, or how the rules stand.
fn advice(reading: &Reading) -> String {
    match decisive(reading).and_then(|finding| finding.advice.as_deref()) {
        Some(advice) => sentence(advice),
        None => summary(reading.findings),
    }
}

/// What keeps any pass from being a passing bounce now.
fn hindrance(window: &Window) -> Option<&'static str> {
    match window.view.listen {
        _ if window.view.settings.bypass => {
            Some("Bypass is on: what goes through is not limited and cannot pass.")
        }
        Listen::Output => None,
        Listen::Delta => Some("You hear what the limiter takes away: this pass cannot pass."),
        Listen::Dialogue => Some("You hear the dialogue alone: this pass cannot pass."),
        Listen::Walla => Some("You hear the walla alone: this pass cannot pass."),
    }
}

/// Lamp, reasons and choice; without the reasons where it is narrow.
pub fn draw(ui: &mut Ui, window: &mut Window, narrow: bool) {
    let scale = window.scale;
    let area = ui.max_rect();
    let reading = window.shown();
    let lamp_width = scale.of(if narrow { 180.0 } else { 216.0 });
    let cards_width = if narrow { area.width() - lamp_width - scale.of(8.0) } else { scale.of(220.0) };
    let lamp = Rect::from_min_size(area.min, vec2(lamp_width, area.height()));
    lamp_at(ui, lamp, window, &Lamp::of(&reading, window.state.subject));

    let cards = Rect::from_min_max(pos2(area.max.x - cards_width, area.min.y), area.max);
    let gap = scale.of(6.0);
    let height = ((cards.height() - gap) / 2.0).floor();
    let card =
        |n: f32| Rect::from_min_size(cards.min + vec2(0.0, n * (height + gap)), vec2(cards.width(), height));
    card_at(ui, card(0.0), window, Subject::Bounce);
    card_at(ui, card(1.0), window, Subject::Now);

    if !narrow {
        let gap = scale.of(16.0);
        let text =
            Rect::from_min_max(pos2(lamp.max.x + gap, area.min.y), pos2(cards.min.x - gap, area.max.y));
        let layout = Layout::top_down(Align::Min);
        let mut ui = ui.new_child(UiBuilder::new().max_rect(text).layout(layout));
        egui::ScrollArea::vertical().id_salt("why").auto_shrink(false).show(&mut ui, |ui| {
            // The bar lies on the right of it.
            ui.set_width(ui.available_width() - scale.of(10.0));
            reasons(ui, window, 20.0);
        });
    }
}

/// The sentence why, in so many points, what to do, and what hinders.
pub fn reasons(ui: &mut Ui, window: &mut Window, points: f32) {
    let scale = window.scale;
    let reading = window.shown();
    ui.spacing_mut().item_spacing.y = scale.of(3.0);
    ui.add(
        Label::new(RichText::new(why(&reading, window.state.subject)).font(scale.words(points)).color(TEXT))
            .wrap(),
    );
    ui.add(Label::new(RichText::new(advice(&reading)).color(DIM)).wrap());
    if decisive(&reading).is_some() {
        ui.add(Label::new(RichText::new(summary(reading.findings)).small().color(DIM)).wrap());
    }
    if let Some(hindrance) = hindrance(window) {
        ui.add(Label::new(RichText::new(hindrance).color(theme::WARN)).wrap());
    }
}

fn lamp_at(ui: &mut Ui, rect: Rect, window: &Window, lamp: &Lamp) {
    let scale = window.scale;
    let colour = theme::colour(lamp.verdict);
    let (fill, ink) = if lamp.lit { (colour, ON_LIT) } else { (PANEL, colour) };
    let painter = ui.painter();
    painter.rect(rect, scale.of(5.0), fill, Stroke::new(scale.of(2.0), colour), StrokeKind::Inside);
    // Centred together: the shape and the word.
    let room = (rect.width() / scale.of(216.0)).min(1.0);
    let size = room * if lamp.word.len() <= 4 { 42.0 } else { 26.0 };
    let (icon, gap) = (scale.of(size), scale.of(size * 0.32));
    let font = scale.words(size);
    let word = painter.layout_no_wrap(lamp.word.into(), font, ink);
    let left = rect.center().x - (icon + gap + word.size().x) / 2.0;
    theme::shape(painter, pos2(left + icon / 2.0, rect.center().y), icon, lamp.verdict, ink);
    painter.galley(pos2(left + icon + gap, rect.center().y - word.size().y / 2.0), word, ink);
    let response = ui.interact(rect, ui.scope_id().with("lamp"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Verdict: {}", lamp.word)));
}

/// One of the two readings, to be chosen.
fn card_at(ui: &mut Ui, rect: Rect, window: &mut Window, subject: Subject) {
    let scale = window.scale;
    let reading = match subject {
        Subject::Bounce => window.view.bounce,
        Subject::Now => Some(window.view.now),
    };
    let (title, detail) = match (subject, &reading) {
        (Subject::Bounce, Some(reading)) => ("Bounce", format!("made {}", reading.made.unwrap_or(""))),
        (Subject::Bounce, None) => ("Bounce", "none yet".to_owned()),
        (Subject::Now, _) => {
            let now = window.view.now;
            let samples = now.measurement.programme.samples;
            ("Now", if samples == 0 { "stopped".into() } else { now.time_line.place(samples) })
        }
    };
    let lamp = reading.as_ref().map(|reading| Lamp::of(reading, subject));
    let chosen = window.state.subject == subject && reading.is_some();
    let response =
        ui.put(rect, Button::new("").fill(Color32::TRANSPARENT).stroke(Stroke::NONE).min_size(rect.size()));
    response.widget_info(|| {
        let word = lamp.as_ref().map_or("none", |lamp| lamp.word);
        WidgetInfo::selected(Role::Button, reading.is_some(), chosen, format!("{title}: {word}"))
    });
    if response.clicked() && reading.is_some() {
        window.state.subject = subject;
    }
    let edge = match chosen {
        _ if response.has_focus() => Stroke::new(scale.of(2.0), TEXT),
        true => Stroke::new(scale.of(2.0), ACCENT),
        false if response.hovered() => Stroke::new(1.0, TEXT),
        false => Stroke::new(1.0, EDGE),
    };
    let painter = ui.painter();
    painter.rect(rect, CornerRadius::same(scale.of(4.0) as u8), PANEL, edge, StrokeKind::Inside);
    let ink = if reading.is_some() { TEXT } else { DIM };
    let left = rect.min.x + scale.of(12.0);
    let text =
        |position, align, text: String, font, colour| painter.text(position, align, text, font, colour);
    let middle = rect.center().y;
    text(pos2(left, middle), egui::Align2::LEFT_CENTER, title.into(), scale.words(14.0), ink);
    let place = pos2(left + scale.of(56.0), middle);
    text(
        place,
        egui::Align2::LEFT_CENTER,
        detail,
        scale.figures(12.0),
        if reading.is_some() { TEXT } else { DIM },
    );
    if let Some(lamp) = lamp {
        let centre = pos2(rect.max.x - scale.of(20.0), middle);
        theme::shape(painter, centre, scale.of(17.0), lamp.verdict, theme::colour(lamp.verdict));
    }
}
