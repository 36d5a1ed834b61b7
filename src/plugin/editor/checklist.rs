//! The rules with what was measured: what is wrong first, what nobody here can judge last.

use egui::{Align, Label, Layout, RichText, Sense, Ui, vec2};

use super::layout::Window;
use super::theme::{self, BODY, DIM, SMALL, TEXT, WARN};
use crate::compliance::{Finding, Verdict};

/// Headings, and the verdicts that stand below each.
const GROUPS: [(&str, &[Verdict]); 3] = [
    ("", &[Verdict::Fail, Verdict::Warn, Verdict::Pass]),
    ("Not judged here", &[Verdict::Unknown]),
    ("For your eyes and ears", &[Verdict::Person]),
];

/// The whole list.
pub fn draw(ui: &mut Ui, window: &mut Window) {
    let scale = window.scale;
    let findings = window.shown().findings;
    ui.spacing_mut().item_spacing.y = scale.of(6.0);
    for (heading, verdicts) in GROUPS {
        let any = findings.iter().any(|finding| verdicts.contains(&finding.verdict));
        if any && !heading.is_empty() {
            ui.add_space(scale.of(6.0));
            ui.label(RichText::new(heading).small().color(DIM));
        }
        for verdict in verdicts {
            for finding in findings.iter().filter(|finding| finding.verdict == *verdict) {
                row(ui, window, finding);
            }
        }
    }
    siblings(ui, window);
}

fn row(ui: &mut Ui, window: &Window, finding: &Finding) {
    let scale = window.scale;
    let verdict = finding.verdict;
    let colour = theme::colour(verdict);
    let is_wrong = verdict > Verdict::Pass;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = scale.of(8.0);
        let (rect, _) = ui.allocate_exact_size(vec2(scale.of(14.0), scale.of(17.0)), Sense::hover());
        theme::shape(ui.painter(), rect.center(), scale.of(13.0), verdict, colour);
        let word = if verdict >= Verdict::Pass { theme::word(verdict) } else { String::new() };
        let size = vec2(scale.of(34.0), scale.of(17.0));
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(size);
            if !word.is_empty() {
                ui.add(Label::new(RichText::new(word).small().color(colour)).extend());
            }
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = scale.of(1.0);
            let measured = match (&finding.place, is_wrong) {
                (Some(place), true) => format!("{} at {place}; target {}", finding.measured, finding.target),
                (None, true) => format!("{}; target {}", finding.measured, finding.target),
                _ => finding.measured.clone(),
            };
            let rest = name_with(ui, window, finding, measured);
            if !rest.is_empty() {
                let ink = if is_wrong { TEXT } else { DIM };
                ui.add(Label::new(RichText::new(rest).small().color(ink)).wrap());
            }
            if let Some(advice) = &finding.advice {
                let ink = if is_wrong { colour } else { DIM };
                ui.add(Label::new(RichText::new(advice).small().color(ink)).wrap());
            }
        });
    });
}

/// The rule's name, and at the right edge what was measured if there is room; gives it back if there is not.
fn name_with(ui: &mut Ui, window: &Window, finding: &Finding, measured: String) -> String {
    let scale = window.scale;
    let name = format!("{}  {}", finding.rule.id, finding.rule.name);
    let width = |text: &str, points: f32| {
        ui.painter().layout_no_wrap(text.to_owned(), scale.words(points), TEXT).size().x
    };
    let fits = width(&name, BODY) + width(&measured, SMALL) + scale.of(16.0) <= ui.available_width();
    let fits = fits && finding.verdict == Verdict::Pass;
    let hover = format!("{}\nTarget: {}", finding.rule.checks, finding.target);
    let label = Label::new(RichText::new(name).color(TEXT)).wrap();
    if !fits {
        ui.add(label).on_hover_text(hover);
        return measured;
    }
    ui.spacing_mut().interact_size.y = scale.of(17.0);
    ui.horizontal(|ui| {
        ui.add(label).on_hover_text(hover);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.label(RichText::new(measured).small().color(DIM));
        });
    });
    String::new()
}

/// Every Premix Walla of the process, and whether it does what the delivery asks for.
fn siblings(ui: &mut Ui, window: &Window) {
    if window.view.wallas.is_empty() {
        return;
    }
    let scale = window.scale;
    ui.add_space(scale.of(6.0));
    ui.label(RichText::new("Premix Walla in this host").small().color(DIM));
    for walla in window.view.wallas {
        let exact = walla.gain_tenths_db == crate::compliance::premix::WALLA_GAIN_TENTHS_DB;
        let (verdict, ink) = if exact { (Verdict::Pass, TEXT) } else { (Verdict::Warn, WARN) };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = scale.of(8.0);
            let (rect, _) = ui.allocate_exact_size(vec2(scale.of(14.0), scale.of(17.0)), Sense::hover());
            theme::shape(ui.painter(), rect.center(), scale.of(13.0), verdict, theme::colour(verdict));
            let gain = f64::from(walla.gain_tenths_db) / 10.0;
            let sounds = if walla.sounds { "sounding" } else { "silent" };
            ui.label(RichText::new(format!("{gain:5.1} dB, {sounds}")).font(scale.figures(12.0)).color(ink));
        });
    }
}
