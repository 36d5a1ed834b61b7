//! What a frame of the window costs: layout and tessellation, without the rasteriser.

#[path = "../tests/support/views.rs"]
#[allow(dead_code)]
mod views;

use divan::Bencher;
use divan::counter::ItemsCount;
use egui::{Context, Event, Pos2, RawInput, Rect, Vec2};
use premix::plugin::editor::{State, draw};
use views::Stage;

fn main() {
    divan::main();
}

/// Frames of a window of `size`, with the pointer moving over it.
fn frames(bencher: Bencher, stage: &Stage, size: Vec2) {
    let context = Context::default();
    let mut state = State::default();
    let mut frame = 0_u32;
    let mut run = move || {
        frame += 1;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            time: Some(f64::from(frame) / 60.0),
            events: vec![Event::PointerMoved(Pos2::new(size.x * (frame % 97) as f32 / 97.0, size.y * 0.3))],
            ..RawInput::default()
        };
        let mut output = context.run_ui(input, |ui| drop(draw(ui, &stage.view(), &mut state)));
        output.textures_delta.clear();
        context.tessellate(std::mem::take(&mut output.shapes), output.pixels_per_point).len()
    };
    // Fonts are made in the first frames.
    for _ in 0..100 {
        run();
    }
    bencher.counter(ItemsCount::new(1_usize)).bench_local(run);
}

#[divan::bench]
fn passing(bencher: Bencher) {
    frames(bencher, &Stage::passing(), Vec2::new(1060.0, 740.0));
}

#[divan::bench]
fn failing(bencher: Bencher) {
    frames(bencher, &Stage::failing(), Vec2::new(1060.0, 740.0));
}

#[divan::bench]
fn full_screen(bencher: Bencher) {
    frames(bencher, &Stage::failing(), Vec2::new(2560.0, 1440.0));
}

#[divan::bench]
fn small(bencher: Bencher) {
    frames(bencher, &Stage::failing(), Vec2::new(480.0, 360.0));
}
