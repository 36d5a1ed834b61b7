//! The fields of the delivery with its file name, and what is done with the measurement.

use std::path::Path;

use egui::{Align, Align2, Button, ComboBox, Key, Label, Layout, Modal, RichText, TextEdit, Ui, vec2};

use super::layout::{Subject, Window};
use super::theme::{DIM, FAIL, HINT, PASS, TEXT, WARN};
use super::view::{Action, Field, Saving};
use crate::delivery::timecode::FrameRate;
use crate::plugin::fields::sentence;
use crate::report;

/// What the window remembers of the delivery.
#[derive(Default)]
pub struct State {
    /// The folder that the report is to go to, while the user is asked for it.
    asking: Option<String>,
}

/// Fields side by side, and their shares of the width.
const WIDE_ROWS: [&[(Field, f32)]; 2] = [
    &[(Field::PackageId, 0.95), (Field::Title, 1.6), (Field::Language, 0.9), (Field::Version, 0.55)],
    &[
        (Field::FrameRate, 0.8),
        (Field::SessionStart, 1.0),
        (Field::PictureStart, 1.0),
        (Field::PictureLength, 1.0),
    ],
];
const NARROW_ROWS: [&[(Field, f32)]; 4] = [
    &[(Field::PackageId, 1.0), (Field::Title, 1.4)],
    &[(Field::Language, 1.0), (Field::Version, 1.4)],
    &[(Field::FrameRate, 1.0), (Field::SessionStart, 1.4)],
    &[(Field::PictureStart, 1.0), (Field::PictureLength, 1.4)],
];

/// The fields, the name, and the buttons.
pub fn draw(ui: &mut Ui, window: &mut Window) {
    let scale = window.scale;
    let gap = scale.of(8.0);
    let total = ui.available_width();
    let rows: &[&[(Field, f32)]] = if total >= scale.of(380.0) { &WIDE_ROWS } else { &NARROW_ROWS };
    for row in rows {
        let shares: f32 = row.iter().map(|(_, share)| share).sum();
        let room = total - gap * (row.len() - 1) as f32;
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for (field, share) in *row {
                let width = (room * share / shares).floor();
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
    let name = RichText::new(&window.view.name.text).font(scale.figures(12.0)).color(TEXT);
    let whole = !window.view.name.incomplete;
    ui.add(Label::new(name).wrap());
    ui.horizontal_wrapped(|ui| {
        if ui.add_enabled(whole, Button::new("Copy name")).clicked() {
            ui.ctx().copy_text(window.view.name.text.clone());
        }
        let is_free = *window.view.saving != Saving::Writing;
        if ui.add_enabled(is_free, Button::new("Save report…")).clicked() {
            window.state.delivery.asking = Some(suggested());
        }
        let reset = ui.button("Reset").on_hover_text("Forgets all that was measured, the bounce too.");
        if reset.clicked() {
            window.actions.push(Action::Reset);
        }
        saved(ui, window.view.saving);
    });
}

fn edit(ui: &mut Ui, window: &mut Window, field: Field, width: f32) {
    let scale = window.scale;
    let label = ui.label(RichText::new(field.name()).small().color(DIM));
    let text = window.view.fields.get(field);
    let faulty = window.view.times.fault(field).is_some();
    if field == Field::FrameRate {
        let shown = if text.is_empty() { field.hint() } else { text };
        let combo = ComboBox::from_id_salt("frame rate").width(width - scale.of(2.0)).selected_text(shown);
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
        .font(scale.figures(11.5))
        .margin(vec2(scale.of(4.0), scale.of(3.0)))
        .hint_text(RichText::new(field.hint()).font(scale.figures(11.5)).color(HINT))
        .align(Align2::LEFT_CENTER)
        .min_size(vec2(0.0, scale.of(21.0)))
        .char_limit(128)
        .text_color(if faulty { FAIL } else { TEXT })
        .desired_width(width - scale.of(8.0));
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

fn saved(ui: &mut Ui, saving: &Saving) {
    let (text, colour) = match saving {
        Saving::Idle | Saving::Exists(_) => return,
        Saving::Writing => ("Writing the report…".to_owned(), DIM),
        Saving::Saved(page) => (format!("Saved {page}"), PASS),
        Saving::Failed(error) => (sentence(error), FAIL),
    };
    ui.add(Label::new(RichText::new(text).small().color(colour)).wrap());
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
    let response = Modal::new(ui.scope_id().with("save report")).show(ui.ctx(), |ui| {
        ui.set_width((ui.ctx().content_rect().width() - scale.of(80.0)).min(scale.of(560.0)));
        ui.label(RichText::new("Save report").font(scale.words(16.0)));
        ui.add(Label::new(RichText::new(files(window)).small().color(DIM)).wrap());
        let label = ui.label(RichText::new("Folder").small().color(DIM));
        let edit = TextEdit::singleline(&mut folder).font(scale.figures(12.0)).desired_width(f32::INFINITY);
        let edit = ui.add(edit).labelled_by(label.id);
        let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if exists {
            ui.label(RichText::new("There is such a report. Nothing was written.").color(WARN));
        }
        ui.horizontal(|ui| {
            let save = ui.button(if exists { "Replace" } else { "Save" });
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
