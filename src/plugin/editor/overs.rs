//! The list of overs, and of those that the limiter caught.

use egui::{RichText, Sense, Ui, vec2};

use super::layout::Window;
use super::theme::{self, DIM, TEXT};
use crate::compliance::premix::CEILING_TENTHS_DBTP;
use crate::compliance::{Verdict, level};
use crate::engine::decibel::db_from_linear;
use crate::engine::measurement::Marks;

/// Rows that are shown of each kind; the report has all that are kept.
const ROWS: usize = 64;

/// Both lists.
pub fn draw(ui: &mut Ui, window: &mut Window) {
    let measurement = window.shown().measurement;
    ui.spacing_mut().interact_size.y = window.scale.of(15.0);
    list(ui, window, &measurement.programme.overs, Verdict::Fail, "over -6.0 dBTP", "No over in the output.");
    list(
        ui,
        window,
        &measurement.mix.caught,
        Verdict::Pass,
        "caught by the limiter",
        "Nothing had to be caught.",
    );
}

/// A true peak with its sign and two decimals, or with as many as tell it from the ceiling.
fn peak(amplitude: f32) -> String {
    let db = db_from_linear(f64::from(amplitude));
    match (db - f64::from(CEILING_TENTHS_DBTP) / 10.0).abs() < 0.01 {
        true => format!("{:>6}", level(amplitude, CEILING_TENTHS_DBTP)),
        false => format!("{db:+6.2}"),
    }
}

fn list(ui: &mut Ui, window: &Window, marks: &Marks, verdict: Verdict, what: &str, none: &str) {
    let scale = window.scale;
    let reading = window.shown();
    if marks.count == 0 {
        ui.label(RichText::new(none).color(DIM));
        return;
    }
    let ink = if verdict == Verdict::Fail { theme::FAIL } else { TEXT };
    ui.label(RichText::new(format!("{} {what}", marks.count)).color(ink));
    for mark in marks.worst.iter().take(ROWS) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = scale.of(8.0);
            let (rect, _) = ui.allocate_exact_size(vec2(scale.of(12.0), scale.of(15.0)), Sense::hover());
            theme::shape(ui.painter(), rect.center(), scale.of(10.0), verdict, theme::colour(verdict));
            ui.label(RichText::new(reading.time_line.place(mark.sample)).font(scale.figures(12.0)));
            ui.label(RichText::new(peak(mark.level)).font(scale.figures(12.0)).color(ink));
        });
    }
    if marks.count > marks.worst.len().min(ROWS) as u64 {
        let rest = marks.count - marks.worst.len().min(ROWS) as u64;
        ui.label(RichText::new(format!("and {rest} more")).color(DIM));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_over_never_looks_like_the_ceiling() {
        assert_eq!(peak(0.71), " -2.97");
        assert_eq!(peak(1.0), " +0.00");
        assert_eq!(peak(0.502), " -5.99");
        assert_eq!(peak(0.501_2), "-5.9998");
    }
}
