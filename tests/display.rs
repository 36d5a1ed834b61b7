//! The window as its user meets it, without a window: what it says, and what keys and clicks do.

#[path = "support/views.rs"]
#[allow(dead_code)]
mod views;

use std::cell::RefCell;

use egui::{Key, Modifiers, Vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use premix::engine::Listen;
use premix::plugin::editor::{
    Action, Field, Knob, Saving, State, Subject, Walla, WallaState, WallaView, draw, draw_walla,
};
use views::Stage;

/// The window on a stage, and what its user has asked for.
struct Seen<'a> {
    harness: Harness<'a>,
    actions: &'a RefCell<Vec<Action>>,
}

/// Windows of every kind: the smallest, one that is stacked, the usual, full screen.
const SIZES: [(f32, f32); 4] = [(480.0, 360.0), (700.0, 900.0), (1060.0, 740.0), (2560.0, 1440.0)];
const USUAL: (f32, f32) = SIZES[2];

impl<'a> Seen<'a> {
    fn new(stage: &'a RefCell<Stage>, actions: &'a RefCell<Vec<Action>>, size: (f32, f32)) -> Self {
        let mut state = State::default();
        let mut harness = Harness::builder().with_size(Vec2::from(size)).build_ui(move |ui| {
            actions.borrow_mut().extend(draw(ui, &stage.borrow().view(), &mut state));
        });
        harness.run();
        Self { harness, actions }
    }

    /// Every text that is there for those who do not see.
    fn texts(&self) -> Vec<String> {
        let labels = self.harness.root().children_recursive().filter_map(|node| {
            let node = node.accesskit_node();
            node.label().or_else(|| node.value()).map(|text| text.to_string())
        });
        labels.collect()
    }

    fn says(&self, text: &str) -> bool {
        self.texts().iter().any(|label| label.contains(text))
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run();
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run();
    }

    fn asked(&self) -> Vec<Action> {
        self.actions.take()
    }
}

/// Runs a test in a window on a stage.
fn on(stage: Stage, size: (f32, f32), test: impl FnOnce(&mut Seen, &RefCell<Stage>)) {
    let (stage, actions) = (RefCell::new(stage), RefCell::default());
    test(&mut Seen::new(&stage, &actions, size), &stage);
}

#[test]
fn a_passing_bounce_is_told_in_every_size() {
    for size in SIZES {
        on(Stage::passing(), size, |seen, _| {
            for text in ["Verdict: PASS", "This bounce would pass.", "Bounce: PASS", "A5  True peak"] {
                assert!(seen.says(text), "{text} at {size:?}: {:#?}", seen.texts());
            }
            assert!(!seen.says("FAIL"));
        });
    }
}

#[test]
fn a_failing_pass_says_why_where_and_what_to_do() {
    for size in SIZES {
        on(Stage::failing(), size, |seen, _| {
            for text in [
                "Verdict: FAIL",
                "True peak: -3.0 dBTP",
                "at 01:01:21:00",
                "12 over -6.0 dBTP",
                "01:00:04:00",
                "12 overs: limit the bus at -6.0 dBTP",
                "A10  Length of the picture",
            ] {
                assert!(seen.says(text), "{text} at {size:?}: {:#?}", seen.texts());
            }
        });
    }
}

#[test]
fn nothing_is_green_before_anything_was_measured() {
    on(Stage::idle(), USUAL, |seen, _| {
        assert!(seen.says("Verdict: READY"), "{:#?}", seen.texts());
        assert!(seen.says("Bounce: none"));
        // The rate is known, and how late the bus is; all else has yet to be heard.
        assert!(seen.says("2 pass, 17 not judged here"), "{:#?}", seen.texts());
    });
}

/// A host may open the window before it starts the plugin.
#[test]
fn there_is_a_window_before_there_is_a_sample_rate() {
    for size in SIZES {
        let mut stage = Stage::idle();
        (stage.now.programme.sample_rate, stage.rate) = (0, 0);
        on(stage.judged(), size, |seen, _| assert!(seen.says("Verdict: READY")));
    }
}

/// EBU Tech 3342: not stable before a minute has been heard.
#[test]
fn a_loudness_range_of_less_than_a_minute_is_doubted() {
    for (seconds, text) in [(59, "LRA 7.4 LU ?"), (60, "LRA 7.4 LU")] {
        let mut stage = Stage::passing();
        stage.bounce.as_mut().unwrap().programme.samples = seconds * u64::from(views::RATE);
        on(stage, USUAL, |seen, _| {
            assert!(seen.texts().iter().any(|label| label.ends_with(text)), "{:#?}", seen.texts());
        });
    }
}

/// Loudness in every window that Tech 3341 asks for, with its unit and its maximum.
#[test]
fn every_loudness_is_shown_with_its_unit() {
    for size in SIZES {
        on(Stage::passing(), size, |seen, _| {
            for text in [
                "Momentary -24.3 LUFS, max -18.2",
                "Short-term -26.1 LUFS, max -21.0",
                "Integrated -27.2 LUFS, LRA 7.4 LU",
                "Over walla 11.2 LU, lowest 6.4",
                "Speech 60.0 %, longest pause",
            ] {
                assert!(seen.says(text), "{text} at {size:?}: {:#?}", seen.texts());
            }
        });
    }
}

/// The lamp of a bounce stays while something else is played, and the user may look at either.
#[test]
fn the_bounce_stays_beside_now() {
    let mut stage = Stage::passing();
    stage.now = Stage::failing().now;
    stage.now.pass.number = 9;
    on(stage.judged(), USUAL, |seen, stage| {
        assert!(seen.says("Verdict: PASS"));
        seen.click("Now: FAIL");
        assert!(seen.says("Verdict: FAIL"));
        seen.click("Bounce: PASS");
        assert!(seen.says("Verdict: PASS"));
        // A new pass comes forward by itself, and so does a new bounce.
        stage.borrow_mut().now.pass.number = 10;
        seen.harness.run();
        assert!(seen.says("Verdict: FAIL"));
        stage.borrow_mut().bounce.as_mut().unwrap().pass.number = 11;
        seen.harness.run();
        assert!(seen.says("Verdict: PASS"));
    });
}

/// Texts that are painted with the pointer somewhere, each with where it is seen.
fn painted(
    stage: &Stage,
    size: (f32, f32),
    pointer: Option<egui::Pos2>,
) -> Vec<(String, egui::Rect, egui::Rect)> {
    fn texts(shape: &egui::Shape, clip: egui::Rect, into: &mut Vec<(String, egui::Rect, egui::Rect)>) {
        match shape {
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| texts(shape, clip, into)),
            egui::Shape::Text(text) if !text.galley.text().trim().is_empty() => {
                let place = text.galley.mesh_bounds.translate(text.pos.to_vec2());
                into.push((text.galley.text().to_owned(), place, clip));
            }
            _ => {}
        }
    }
    let (context, mut state, mut painted) = (egui::Context::default(), State::default(), Vec::new());
    // The fonts of the second frame are those of the window's scale.
    for _ in 0..3 {
        let screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, size.into()));
        let events = pointer.map(egui::Event::PointerMoved).into_iter().collect();
        let input = egui::RawInput { screen_rect, events, ..egui::RawInput::default() };
        let mut output = context.run_ui(input, |ui| drop(draw(ui, &stage.view(), &mut state)));
        output.textures_delta.clear();
        painted.clear();
        output.shapes.iter().for_each(|clipped| texts(&clipped.shape, clipped.clip_rect, &mut painted));
    }
    painted
}

/// A pass with more to tell than any that there was.
fn everything_wrong() -> Stage {
    let mut stage = Stage::failing();
    stage.now.pass.finished = false;
    stage.listen = Listen::Delta;
    stage.settings.ceiling_tenths_dbtp = -165;
    stage.settings.walla_gain_tenths_db = -235;
    stage.fields.title = "The Longest Title That Anybody Has Ever Given To A Film".into();
    stage.fields.picture_length = "00:02:00:24".into();
    stage.name.text = format!("81234567_{}_24_Mono_pt-BR_PreMixQC_v1.wav", stage.fields.title);
    stage.name.incomplete = true;
    stage.name.faults = vec![(Field::Title, "the title may hold letters, digits and hyphens alone".into())];
    stage.name.missing = vec![Field::PackageId, Field::Language, Field::Version];
    stage.saving = Saving::Failed(format!("no file can be made in /{}", "a-deep-folder/".repeat(12)));
    stage.wallas = vec![Walla { gain_tenths_db: -235, sounds: true }; 5];
    let programme = &mut stage.now.programme;
    programme.precise.amplitude = 0.501_2;
    programme.annex_2.amplitude = 123.0;
    programme.loudness.short_term_lufs = -123.4;
    stage.now.mix.separation.now_lu = Some(-123.4);
    stage.now.mix.separation.lowest_lu = Some(-123.4);
    stage.judged()
}

/// Whatever the size: no text reaches beyond its place, and none lies on another. What is scrolled away is
/// cut above or below.
#[test]
fn no_text_is_cut_or_lies_on_another() {
    let mut wrong = Vec::new();
    for stage in [Stage::idle(), Stage::passing(), Stage::failing(), everything_wrong()] {
        for width in [480.0, 560.0, 700.0, 954.0, 1060.0, 1366.0, 1920.0, 2560.0] {
            for height in [360.0, 666.0, 740.0, 1080.0, 1440.0] {
                let seen: Vec<_> = painted(&stage, (width, height), None)
                    .into_iter()
                    .filter(|(_, place, clip)| clip.shrink(1.0).intersects(*place))
                    .collect();
                for (index, (text, place, clip)) in seen.iter().enumerate() {
                    let room = clip.expand(0.5).x_range();
                    // Fields scroll what is typed into them.
                    let is_typed = *text == stage.fields.title;
                    let inside = room.contains(place.min.x) && room.contains(place.max.x);
                    if !(is_typed || inside) {
                        wrong.push(format!("{width} x {height}: {text:?} is cut"));
                    }
                    for (other, its_place, its_clip) in &seen[index + 1..] {
                        let both = place.intersect(*clip).intersect(its_place.intersect(*its_clip));
                        if both.width() > 1.0 && both.height() > 1.0 {
                            wrong.push(format!("{width} x {height}: {text:?} lies on {other:?}"));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} texts: {wrong:#?}", wrong.len());
}

/// Pass, warn and fail of the checklist, in words, the worst first.
#[test]
fn the_checklist_begins_with_the_worst() {
    on(Stage::failing(), USUAL, |seen, _| {
        let words: Vec<_> =
            seen.texts().into_iter().filter(|t| ["PASS", "WARN", "FAIL"].contains(&t.as_str())).collect();
        let rank = |word: &String| ["FAIL", "WARN", "PASS"].iter().position(|w| w == word);
        assert!(words.len() > 8, "{words:?}");
        assert!(words.is_sorted_by_key(rank), "{words:?}");
        assert_eq!(words[0], "FAIL");
    });
}

#[test]
fn what_keeps_a_pass_from_passing_is_told() {
    for (listen, bypass, text) in [
        (Listen::Output, true, "Bypass is on"),
        (Listen::Delta, false, "what the limiter takes away"),
        (Listen::Dialogue, false, "the dialogue alone"),
        (Listen::Walla, false, "the walla alone"),
    ] {
        let mut stage = Stage::passing();
        stage.listen = listen;
        stage.settings.bypass = bypass;
        on(stage.judged(), USUAL, |seen, _| assert!(seen.says(text), "{text}"));
    }
}

#[test]
fn every_control_is_reached_and_used_by_keys() {
    on(Stage::passing(), USUAL, |seen, _| {
        let focused = |seen: &Seen| {
            let focus =
                seen.harness.root().children_recursive().find(|node| node.accesskit_node().is_focused());
            focus.and_then(|node| node.accesskit_node().label())
        };
        let mut reached = Vec::new();
        for _ in 0..60 {
            seen.press(Modifiers::NONE, Key::Tab);
            reached.extend(focused(seen));
        }
        for label in [
            "Bounce: PASS",
            "Now: SO FAR OK",
            "Package ID",
            "Title",
            "Language",
            "Version",
            "Frame rate",
            "Session start",
            "Picture start",
            "Picture length",
            "Copy name",
            "Save report…",
            "Reset",
            "Ceiling -6.0 dBTP",
            "Release auto",
            "Walla Gain -10.0 dB",
            "Walla",
            "Mono",
            "Bypass",
            "Listen to Output",
            "Listen to Delta",
            "Listen to Dialogue",
            "Listen to Walla",
        ] {
            assert!(reached.iter().any(|at| at == label), "{label} is not among {reached:?}");
        }
    });
}

#[test]
fn arrows_move_a_parameter_as_one_gesture_each() {
    on(Stage::passing(), USUAL, |seen, _| {
        let gesture = |knob, value| vec![Action::Begin(knob), Action::Set(knob, value), Action::End(knob)];
        for (label, knob, modifiers, key, value) in [
            ("Ceiling -6.0 dBTP", Knob::Ceiling, Modifiers::NONE, Key::ArrowDown, -61),
            ("Ceiling -6.0 dBTP", Knob::Ceiling, Modifiers::SHIFT, Key::ArrowUp, -50),
            ("Release auto", Knob::Release, Modifiers::NONE, Key::ArrowRight, 5),
            ("Walla Gain -10.0 dB", Knob::WallaGain, Modifiers::NONE, Key::ArrowLeft, -101),
            ("Walla Gain -10.0 dB", Knob::WallaGain, Modifiers::NONE, Key::Home, -100),
        ] {
            seen.harness.get_by_label(label).focus();
            seen.harness.run();
            seen.press(modifiers, key);
            assert_eq!(seen.asked(), gesture(knob, value), "{label} {key:?}");
        }
        seen.harness.get_by_label("Mono").focus();
        seen.harness.run();
        seen.press(Modifiers::NONE, Key::Space);
        assert_eq!(seen.asked(), gesture(Knob::Mono, 0));
    });
}

#[test]
fn a_value_is_typed_and_taken_back_with_escape() {
    on(Stage::passing(), USUAL, |seen, _| {
        let type_over = |seen: &mut Seen, text: &str, end: Key| {
            seen.click("Type Ceiling");
            seen.press(Modifiers::COMMAND, Key::A);
            seen.harness.event(egui::Event::Text(text.into()));
            seen.harness.run();
            seen.press(Modifiers::NONE, end);
            seen.asked()
        };
        let set = |value| {
            vec![Action::Begin(Knob::Ceiling), Action::Set(Knob::Ceiling, value), Action::End(Knob::Ceiling)]
        };
        assert_eq!(type_over(seen, "-7.3", Key::Enter), set(-73));
        assert_eq!(type_over(seen, "-99 dBTP", Key::Enter), set(-240));
        assert_eq!(type_over(seen, "-7.3", Key::Escape), []);
        assert_eq!(type_over(seen, "six", Key::Enter), []);
    });
}

#[test]
fn fields_are_edited_and_their_faults_told() {
    let mut stage = Stage::passing();
    stage.fields.picture_length = "00:02:00:24".into();
    on(stage.judged(), USUAL, |seen, _| {
        assert!(seen.says("Picture length: The frames of timecode"), "{:#?}", seen.texts());
        seen.harness.get_by_label("Title").focus();
        seen.harness.run();
        seen.harness.event(egui::Event::Text("2".into()));
        seen.harness.run();
        let [Action::Edit(Field::Title, text)] = &seen.asked()[..] else { panic!("one edit") };
        assert_eq!(text, "LaCasaAzul2");
    });
}

#[test]
fn the_name_is_copied_only_when_it_is_whole() {
    on(Stage::passing(), USUAL, |seen, _| {
        seen.harness.get_by_label("Copy name").click();
        seen.harness.step();
        let copied =
            seen.harness.output().platform_output.commands.iter().find_map(|command| match command {
                egui::OutputCommand::CopyText(text) => Some(text.clone()),
                _ => None,
            });
        assert_eq!(copied.as_deref(), Some("81234567_LaCasaAzul_24_Mono_pt-BR_PreMixQC_v1.wav"));
    });
    let mut stage = Stage::passing();
    stage.name.incomplete = true;
    on(stage, USUAL, |seen, _| {
        assert!(seen.harness.get_by_label("Copy name").accesskit_node().is_disabled());
    });
}

#[test]
fn listen_and_reset_are_asked_for() {
    on(Stage::passing(), USUAL, |seen, _| {
        seen.click("Listen to Delta");
        seen.click("Reset");
        assert_eq!(seen.asked(), [Action::Listen(Listen::Delta), Action::Reset]);
    });
}

/// An old report is replaced only by the button that says so.
#[test]
fn a_report_asks_before_it_replaces() {
    on(Stage::passing(), USUAL, |seen, stage| {
        seen.click("Save report…");
        seen.press(Modifiers::NONE, Key::Escape);
        assert!(!seen.says("Cancel"), "escape closes it");
        assert_eq!(seen.asked(), []);

        // Keys go to the folder, and Return is enough.
        seen.click("Save report…");
        seen.press(Modifiers::COMMAND, Key::A);
        seen.harness.event(egui::Event::Text("/tmp".into()));
        seen.harness.run();
        seen.press(Modifiers::NONE, Key::Enter);
        let asked = Action::Save { of: Subject::Bounce, folder: "/tmp".into(), replace: false };
        assert_eq!(seen.asked(), [asked]);

        seen.click("Save report…");
        seen.click("Save");
        let [Action::Save { of: Subject::Bounce, folder, replace: false }] = &seen.asked()[..] else {
            panic!("one report")
        };
        assert!(std::path::Path::new(folder).is_dir(), "{folder}");

        stage.borrow_mut().saving = Saving::Exists(folder.clone());
        seen.harness.run();
        assert!(seen.says("There is such a report. Nothing was written."));
        assert!(seen.says("81234567_LaCasaAzul_24_Mono_pt-BR_PreMixQC_v1_report.html"));
        seen.click("Replace");
        let asked = Action::Save { of: Subject::Bounce, folder: folder.clone(), replace: true };
        assert_eq!(seen.asked()[0], asked);

        stage.borrow_mut().saving = Saving::Saved("there".into());
        seen.harness.run();
        assert!(seen.says("Saved there"));
    });
}

#[test]
fn every_premix_walla_is_listed() {
    let mut stage = Stage::passing();
    stage.wallas =
        vec![Walla { gain_tenths_db: -100, sounds: true }, Walla { gain_tenths_db: -63, sounds: false }];
    on(stage, USUAL, |seen, _| {
        assert!(seen.says("-10.0 dB, sounding"));
        assert!(seen.says("-6.3 dB, silent"));
    });
}

#[test]
fn premix_walla_says_what_it_does() {
    for (gain_tenths_db, bypass, text) in [
        (-100, false, "Walla -10.0 dB"),
        (-63, false, "-6.3 dB, not -10.0"),
        (-100, true, "Bypassed: 0.0 dB"),
    ] {
        let view = WallaView { gain_tenths_db, bypass, peak_dbfs: -23.4 };
        let mut state = WallaState::default();
        let mut harness = Harness::builder()
            .with_size(Vec2::new(360.0, 176.0))
            .build_ui(move |ui| drop(draw_walla(ui, &view, &mut state)));
        harness.run();
        harness.get_by_label(text);
        harness.get_by_label("Level -23.4 dBFS");
    }
}

/// Timecode and values of the place that the pointer is at.
#[test]
fn a_graph_tells_time_and_values_below_the_pointer() {
    let (context, mut state, stage) = (egui::Context::default(), State::default(), Stage::failing());
    let mut place = None;
    for _ in 0..3 {
        let screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, USUAL.into()));
        let input = egui::RawInput { screen_rect, ..egui::RawInput::default() };
        context.enable_accesskit();
        let mut output = context.run_ui(input, |ui| drop(draw(ui, &stage.view(), &mut state)));
        output.textures_delta.clear();
        let update = output.platform_output.accesskit_update.unwrap();
        let graph = update.nodes.iter().find(|(_, node)| node.value() == Some("History of the whole"));
        place = graph.and_then(|(_, node)| node.bounds());
    }
    // The graph is as long as the picture, two minutes, and the over is at 81 s.
    let place = place.expect("the graph is there");
    let x = place.x0 + (place.x1 - place.x0) * 81.05 / 120.0;
    let pointer = egui::pos2(x as f32, ((place.y0 + place.y1) / 2.0) as f32);
    let texts = painted(&stage, USUAL, Some(pointer));
    let told = texts.iter().find(|(text, ..)| text.contains("LU over walla")).expect("something is told");
    for text in ["01:01:21:0", "-3.0 dBTP", "0.0 dB GR", "-27.5 LUFS S", "9.0 LU over walla"] {
        assert!(told.0.contains(text), "{text}: {}", told.0);
    }
}

/// In a small window keys bring what they reach into sight, and pages are turned by keys.
#[test]
fn keys_reach_what_is_out_of_sight() {
    on(Stage::passing(), SIZES[0], |seen, _| {
        let bounds = |seen: &Seen, label: &str| seen.harness.get_by_label(label).rect();
        let window = egui::Rect::from_min_size(egui::Pos2::ZERO, Vec2::from(SIZES[0]));
        assert!(!window.intersects(bounds(seen, "Bypass")));
        while !seen.harness.get_by_label("Bypass").accesskit_node().is_focused() {
            seen.press(Modifiers::NONE, Key::Tab);
        }
        assert!(window.contains_rect(bounds(seen, "Bypass")), "{:?}", bounds(seen, "Bypass"));
    });
    for size in [SIZES[0], USUAL] {
        on(Stage::failing(), size, |seen, _| {
            let top = |seen: &Seen| seen.harness.get_by_label("A3  Sample rate").rect().min.y;
            let before = top(seen);
            seen.press(Modifiers::NONE, Key::PageDown);
            assert!(top(seen) < before - 100.0, "{size:?}: {} after {before}", top(seen));
            seen.press(Modifiers::NONE, Key::PageUp);
            assert_eq!(top(seen), before);
        });
    }
}
