//! Colours and sizes of the window, and the shapes that say a verdict without colour.

use egui::epaint::PathShape;
use egui::style::{ScrollFadeStyle, ScrollStyle};
use egui::{Color32, Context, FontFamily, FontId, Painter, Pos2, Stroke, TextStyle, Vec2, pos2, vec2};

use crate::compliance::Verdict;

/// Behind everything.
pub const GROUND: Color32 = Color32::from_rgb(0x11, 0x15, 0x19);
/// Behind what belongs together.
pub const PANEL: Color32 = Color32::from_rgb(0x1a, 0x20, 0x26);
/// Behind what can be changed, and behind graphs.
pub const WELL: Color32 = Color32::from_rgb(0x0c, 0x10, 0x13);
/// What can be pressed.
pub const RAISED: Color32 = Color32::from_rgb(0x2a, 0x33, 0x3c);
/// Edges of what can be changed.
pub const EDGE: Color32 = Color32::from_rgb(0x6b, 0x7a, 0x88);
/// Lines that only divide.
pub const RULE: Color32 = Color32::from_rgb(0x2f, 0x39, 0x43);
/// Text.
pub const TEXT: Color32 = Color32::from_rgb(0xe8, 0xec, 0xef);
/// Text that explains.
pub const DIM: Color32 = Color32::from_rgb(0xa3, 0xb0, 0xbb);
/// What stands in an empty field.
pub const HINT: Color32 = Color32::from_rgb(0x7d, 0x8b, 0x98);
/// What the user holds, has chosen or has focused; and the sound itself.
pub const ACCENT: Color32 = Color32::from_rgb(0x6c, 0xb6, 0xe8);
/// The sound, in graphs.
pub const SOUND: Color32 = Color32::from_rgb(0x3f, 0x75, 0x9b);
/// Gain reduction.
pub const REDUCTION: Color32 = Color32::from_rgb(0xc3, 0xa4, 0xf0);
/// Verdicts. Their lightness differs as well, for eyes that do not tell red from green.
pub const PASS: Color32 = Color32::from_rgb(0x2f, 0xc0, 0x9a);
pub const WARN: Color32 = Color32::from_rgb(0xf7, 0xc9, 0x48);
pub const FAIL: Color32 = Color32::from_rgb(0xff, 0x6f, 0x59);
/// Text on a lit lamp.
pub const ON_LIT: Color32 = Color32::from_rgb(0x0b, 0x0e, 0x11);

/// Sizes of text, in points.
pub const SMALL: f32 = 12.0;
pub const BODY: f32 = 13.5;

/// The colour of a verdict.
pub fn colour(verdict: Verdict) -> Color32 {
    match verdict {
        Verdict::Pass => PASS,
        Verdict::Warn => WARN,
        Verdict::Fail => FAIL,
        Verdict::Unknown | Verdict::Person => DIM,
    }
}

/// The verdict in one word, as the report has it.
pub fn word(verdict: Verdict) -> String {
    verdict.to_string().to_uppercase()
}

/// Sizes, in steps that follow the window's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale(pub f32);

impl Scale {
    /// A length at this scale.
    pub fn of(self, points: f32) -> f32 {
        (points * self.0).round()
    }

    /// A font for words, in half points.
    pub fn words(self, points: f32) -> FontId {
        FontId::new((points * self.0 * 2.0).round() / 2.0, FontFamily::Proportional)
    }

    /// A font whose figures are all as wide; in whole points, as they stand crisp only there.
    pub fn figures(self, points: f32) -> FontId {
        FontId::new(self.of(points), FontFamily::Monospace)
    }
}

/// Sets the look of all widgets.
pub fn apply(context: &Context, scale: Scale) {
    context.set_theme(egui::Theme::Dark);
    context.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, scale.words(SMALL)),
            (TextStyle::Body, scale.words(BODY)),
            (TextStyle::Button, scale.words(BODY)),
            (TextStyle::Heading, scale.words(17.0)),
            (TextStyle::Monospace, scale.figures(12.0)),
        ]
        .into();
        style.spacing.item_spacing = vec2(scale.of(6.0), scale.of(4.0));
        style.spacing.button_padding = vec2(scale.of(8.0), scale.of(3.0));
        style.spacing.interact_size = vec2(scale.of(30.0), scale.of(22.0));
        style.spacing.icon_width = scale.of(14.0);
        style.animation_time = 0.0;
        style.scroll_animation = egui::style::ScrollAnimation::none();
        // In the margin of what is scrolled; there whenever something is out of sight.
        style.spacing.scroll = ScrollStyle {
            bar_width: scale.of(7.0),
            floating_width: scale.of(3.0),
            dormant_handle_opacity: 0.6,
            active_handle_opacity: 0.6,
            fade: ScrollFadeStyle { strength: 1.0, size: scale.of(18.0) },
            ..ScrollStyle::floating()
        };
        let visuals = &mut style.visuals;
        visuals.dark_mode = true;
        visuals.panel_fill = GROUND;
        visuals.window_fill = PANEL;
        visuals.window_stroke = Stroke::new(1.0, EDGE);
        visuals.extreme_bg_color = WELL;
        visuals.text_edit_bg_color = Some(WELL);
        visuals.selection.bg_fill = SOUND;
        visuals.selection.stroke = Stroke::new(1.5, ACCENT);
        visuals.weak_text_color = Some(DIM);
        visuals.hyperlink_color = ACCENT;
        visuals.error_fg_color = FAIL;
        visuals.warn_fg_color = WARN;
        let widgets = &mut visuals.widgets;
        for (widget, fill, edge) in [
            (&mut widgets.noninteractive, PANEL, RULE),
            (&mut widgets.inactive, RAISED, EDGE),
            (&mut widgets.hovered, Color32::from_rgb(0x37, 0x43, 0x4e), TEXT),
            (&mut widgets.active, Color32::from_rgb(0x37, 0x43, 0x4e), ACCENT),
            (&mut widgets.open, RAISED, ACCENT),
        ] {
            widget.bg_fill = fill;
            widget.weak_bg_fill = fill;
            widget.bg_stroke = Stroke::new(1.0, edge);
            widget.fg_stroke = Stroke::new(1.0, TEXT);
            widget.expansion = 0.0;
            widget.corner_radius = 3.into();
        }
        // What keys have reached.
        widgets.active.bg_stroke.width = scale.of(2.0);
    });
}

/// Draws the shape of a verdict, `size` wide: a check mark, a triangle, a cross, a ring, an eye.
pub fn shape(painter: &Painter, centre: Pos2, size: f32, verdict: Verdict, colour: Color32) {
    let at = |x: f32, y: f32| pos2(centre.x + x * size, centre.y + y * size);
    let stroke = Stroke::new((size * 0.15).max(1.5), colour);
    match verdict {
        Verdict::Pass => {
            painter.add(PathShape::line(vec![at(-0.42, 0.04), at(-0.12, 0.34), at(0.44, -0.32)], stroke));
        }
        Verdict::Warn => {
            let corners = vec![at(0.0, -0.42), at(0.46, 0.38), at(-0.46, 0.38)];
            painter.add(PathShape::closed_line(corners, stroke));
            painter.line_segment([at(0.0, -0.12), at(0.0, 0.12)], stroke);
            painter.circle_filled(at(0.0, 0.25), stroke.width * 0.55, colour);
        }
        Verdict::Fail => {
            painter.line_segment([at(-0.36, -0.36), at(0.36, 0.36)], stroke);
            painter.line_segment([at(-0.36, 0.36), at(0.36, -0.36)], stroke);
        }
        Verdict::Unknown => {
            painter.circle_stroke(centre, size * 0.34, stroke);
        }
        Verdict::Person => {
            let lid = |side: f32| {
                (-6..=6).map(move |step| {
                    let x = side * step as f32 / 12.0;
                    at(x, -side * 0.34 * (1.0 - 4.0 * x * x))
                })
            };
            let thin = Stroke::new(stroke.width * 0.7, colour);
            painter.add(PathShape::closed_line(lid(1.0).chain(lid(-1.0)).collect(), thin));
            painter.circle_filled(centre, size * 0.13, colour);
        }
    }
}

/// Draws a filled triangle that points to where something is.
pub fn pointer(painter: &Painter, tip: Pos2, size: Vec2, colour: Color32) {
    let base = tip.y - size.y;
    let corners = vec![pos2(tip.x - size.x / 2.0, base), pos2(tip.x + size.x / 2.0, base), tip];
    painter.add(PathShape::convex_polygon(corners, colour, Stroke::NONE));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance after WCAG 2.2.
    fn luminance(colour: Color32) -> f64 {
        let linear = |channel: u8| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    /// Contrast ratio after WCAG 2.2.
    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// WCAG AA: 4.5 for text, 3 for what a control or a graph is known by.
    #[test]
    fn everything_stands_out() {
        for ground in [GROUND, PANEL, WELL] {
            for text in [TEXT, DIM, HINT, ACCENT, PASS, WARN, FAIL, REDUCTION] {
                assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}");
            }
            for edge in [EDGE, SOUND] {
                assert!(contrast(edge, ground) >= 3.0, "{edge:?} on {ground:?}");
            }
        }
        for text in [TEXT, DIM, WARN] {
            assert!(contrast(text, RAISED) >= 4.5, "{text:?}");
        }
        for lit in [PASS, WARN, FAIL, ACCENT] {
            assert!(contrast(ON_LIT, lit) >= 4.5, "{lit:?}");
        }
    }

    /// Without any hue the verdicts still differ.
    #[test]
    fn verdicts_differ_in_lightness() {
        for (one, other) in [(PASS, WARN), (WARN, FAIL), (PASS, FAIL)] {
            assert!(contrast(one, other) >= 1.1, "{one:?} and {other:?}");
        }
    }
}
