//! The fields of the delivery with its file name, and what is done with the measurement.

use std::path::Path;

use egui::{
    Align, Align2, Button, ComboBox, Frame, Key, Label, Layout, Margin, Modal, RichText, Sense, TextEdit, Ui,
    vec2,
};

use super::layout::{Subject, Window};
use super::theme::{self, ACCENT, DIM, EDGE, FAIL, HINT, ON_LIT, PANEL, PASS, TEXT, WARN, WELL};
use super::view::{Action, Field, Saving};
use crate::compliance::Verdict;
use crate::delivery::timecode::FrameRate;
use crate::plugin::fields::sentence;
use crate::report;

/// What the window remembers of the delivery.
#[derive(Default)]
pub struct State {
    /// The folder that the report is to go to, while the user is asked for it.
    asking: Option<String>,
    /// The user has just been asked: keys go there.
    opens: bool,
    /// What became of the last report, as it was told last.
    said: Option<Saving>,
}

/// The fields, what is wrong with them, the name, and what became of the report.
pub fn fields(ui: &mut Ui, window: &mut Window) {
    let scale = window.scale;
    let gap = scale.of(10.0);
    let total = ui.available_width();
    let columns = if total >= scale.of(380.0) { 4 } else { 2 };
    let width = ((total - gap * (columns - 1) as f32) / columns as f32).floor();
    for row in Field::ALL.chunks(columns) {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for field in row {
                ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
                    ui.set_width(width);
                    ui.spacing_mut().item_spacing.y = scale.of(2.0);
                    edit(ui, window, *field, width);
                });
            }
        });
    }
    for field in Field::ALL {
        let name =
            window.view.name.faults.iter().find(|(at, _)| *at == field).map(|(_, fault)| fault.as_str());
        if let Some(fault) = window.view.times.fault(field).or(name) {
            let text = format!("{}: {fault}", field.name());
            ui.add(Label::new(RichText::new(text).small().color(WARN)).wrap());
        }
    }
    let missing: Vec<&str> = window.view.name.missing.iter().map(|field| field.name()).collect();
    if !missing.is_empty() {
        let text = format!("Missing for the file name: {}", missing.join(", "));
        ui.add(Label::new(RichText::new(text).small().color(DIM)).wrap());
    }
    ui.add_space(scale.of(2.0));
    let whole = !window.view.name.incomplete;
    name(ui, window, whole);
    saved(ui, window);
}

/// What is done with the name and the measurement.
pub fn buttons(ui: &mut Ui, window: &mut Window) {
    ui.horizontal_wrapped(|ui| {
        let whole = !window.view.name.incomplete;
        if ui.add_enabled(whole, Button::new("Copy name")).clicked() {
            ui.ctx().copy_text(window.view.name.text.clone());
        }
        let is_free = *window.view.saving != Saving::Writing;
        if ui.add_enabled(is_free, Button::new("Save report…")).clicked() {
            window.state.delivery.asking = Some(suggested());
            window.state.delivery.opens = true;
        }
        let reset = ui.button("Reset").on_hover_text("Forgets all that was measured, the bounce too.");
        if reset.clicked() {
            window.actions.push(Action::Reset);
        }
    });
}

/// The file name, with a mark whether it is whole.
fn name(ui: &mut Ui, window: &Window, whole: bool) {
    let scale = window.scale;
    let margin = Margin::symmetric(scale.of(7.0) as i8, scale.of(5.0) as i8);
    Frame::new().fill(WELL).corner_radius(3.0).inner_margin(margin).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = scale.of(7.0);
            let (verdict, ink) = if whole { (Verdict::Pass, TEXT) } else { (Verdict::Unknown, DIM) };
            let (mark, _) = ui.allocate_exact_size(vec2(scale.of(12.0), scale.of(15.0)), Sense::hover());
            theme::shape(ui.painter(), mark.center(), scale.of(11.0), verdict, theme::colour(verdict));
            let text = RichText::new(&window.view.name.text).font(scale.figures(12.0)).color(ink);
            ui.add(Label::new(text).wrap());
        });
    });
}

fn edit(ui: &mut Ui, window: &mut Window, field: Field, width: f32) {
    let scale = window.scale;
    let label = ui.label(RichText::new(field.name()).small().color(DIM));
    let text = window.view.fields.get(field);
    let faulty = window.view.times.fault(field).is_some();
    let height = scale.of(24.0);
    if field == Field::FrameRate {
        let shown = if text.is_empty() { field.hint() } else { text };
        // As high and as wide as the other fields.
        ui.spacing_mut().interact_size.y = height;
        ui.spacing_mut().button_padding = vec2(scale.of(6.0), scale.of(2.0));
        let shown = RichText::new(shown).font(scale.figures(12.0));
        let combo = ComboBox::from_id_salt("frame rate").width(width).selected_text(shown);
        combo
            .show_ui(ui, |ui| {
                for rate in FrameRate::ALL {
                    let rate = rate.to_string();
                    if ui.selectable_label(rate == text, &rate).clicked() {
                        window.actions.push(Action::Edit(field, rate));
                    }
                }
            })
            .response
            .labelled_by(label.id);
        return;
    }
    let mut edited = text.to_owned();
    let edit = TextEdit::singleline(&mut edited)
        .id_salt(field.name())
        .font(scale.figures(12.0))
        .margin(vec2(scale.of(4.0), scale.of(3.0)))
        .hint_text(RichText::new(field.hint()).font(scale.figures(12.0)).color(HINT))
        .align(Align2::LEFT_CENTER)
        .min_size(vec2(width, height))
        .char_limit(128)
        .text_color(if faulty { FAIL } else { TEXT })
        .desired_width(width);
    if ui.add(edit).labelled_by(label.id).changed() {
        window.actions.push(Action::Edit(field, edited));
    }
}

/// Where a report goes unless the user says otherwise.
fn suggested() -> String {
    let home = std::env::home_dir().unwrap_or_default();
    let documents = home.join("Documents");
    let folder = if documents.is_dir() { documents } else { home };
    folder.to_string_lossy().into_owned()
}

fn saved(ui: &mut Ui, window: &mut Window) {
    let saving = window.view.saving;
    let is_new = window.state.delivery.said.as_ref() != Some(saving);
    if is_new {
        window.state.delivery.said = Some(saving.clone());
    }
    let (text, colour) = match saving {
        Saving::Idle | Saving::Exists(_) => return,
        Saving::Writing => ("Writing the report…".to_owned(), DIM),
        Saving::Saved(page) => (format!("Saved {page}"), PASS),
        Saving::Failed(error) => (sentence(error), FAIL),
    };
    let said = ui.add(Label::new(RichText::new(text).small().color(colour)).wrap());
    if is_new {
        said.scroll_to_me(None);
    }
}

/// Asks where the report is to go, and whether an old one may be replaced.
pub fn ask(ui: &mut Ui, window: &mut Window) {
    if let (Saving::Exists(folder), None) = (window.view.saving, &window.state.delivery.asking) {
        window.state.delivery.asking = Some(folder.clone());
    }
    let Some(mut folder) = window.state.delivery.asking.take() else { return };
    let scale = window.scale;
    let exists = matches!(window.view.saving, Saving::Exists(there) if *there == folder);
    let mut keep = true;
    let opens = std::mem::take(&mut window.state.delivery.opens);
    let frame = Frame::popup(ui.style()).fill(PANEL).stroke((1.0, EDGE)).inner_margin(scale.of(18.0));
    let modal = Modal::new(ui.scope_id().with("save report")).frame(frame);
    let response = modal.show(ui.ctx(), |ui| {
        ui.set_width((ui.ctx().content_rect().width() - scale.of(80.0)).min(scale.of(560.0)));
        ui.spacing_mut().item_spacing.y = scale.of(8.0);
        ui.label(RichText::new("Save report").font(scale.words(18.0)));
        ui.add(Label::new(RichText::new(files(window)).small().color(DIM)).wrap());
        let label = ui.label(RichText::new("Folder").small().color(DIM));
        let edit = TextEdit::singleline(&mut folder).font(scale.figures(12.0)).desired_width(f32::INFINITY);
        let edit = ui.add(edit.margin(vec2(scale.of(6.0), scale.of(5.0)))).labelled_by(label.id);
        if opens {
            edit.request_focus();
        }
        let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if exists {
            ui.label(RichText::new("There is such a report. Nothing was written.").color(WARN));
        }
        ui.horizontal(|ui| {
            let (verb, fill) = if exists { ("Replace", WARN) } else { ("Save", ACCENT) };
            let save = ui.add(Button::new(RichText::new(verb).color(ON_LIT)).fill(fill));
            if save.clicked() || (entered && !exists) {
                let (of, folder) = (window.state.subject, folder.clone());
                window.actions.push(Action::Save { of, folder, replace: exists });
                keep = false;
            }
            keep &= !ui.button("Cancel").clicked();
        });
    });
    keep &= !response.should_close();
    if keep {
        window.state.delivery.asking = Some(folder);
    } else if matches!(window.view.saving, Saving::Exists(_)) {
        window.actions.push(Action::SavingSeen);
    }
}

/// What is written, in words.
fn files(window: &Window) -> String {
    let of = match window.state.subject {
        Subject::Bounce => "The last bounce",
        Subject::Now => "What went through last",
    };
    let [page, data] = report::paths(Path::new(""), window.view.name.of_report());
    format!("{of}: {} for people, and {} for programs.", page.display(), data.display())
}
