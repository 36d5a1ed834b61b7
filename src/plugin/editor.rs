//! The window: the parameters and the main meters.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use egui::{Grid, ProgressBar, Ui};
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::LogicalSize;
use nice_plug::prelude::*;
use nice_plug_egui::baseview::HandlerError;
use nice_plug_egui::widgets::ParamSlider;
use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier, create_egui_editor,
};

use super::meters::Meters;
use super::params::PremixParams;

/// Between two frames; the meters move as smoothly as this.
const FRAME: Duration = Duration::from_millis(33);

/// The lowest level that a meter shows, in dBFS.
const METER_FLOOR: f32 = -60.0;

/// What the window draws.
pub struct Window {
    params: Arc<PremixParams>,
    meters: Arc<Meters>,
    /// By which the window changes parameters; present while it is open.
    host: Option<GuiContext>,
}

/// The window of one plugin instance, opened by the host when it likes.
pub fn create(params: Arc<PremixParams>, meters: Arc<Meters>) -> Option<EguiEditor<Window>> {
    create_egui_editor(
        EguiEditorState::from_size(LogicalSize::new(420.0, 300.0), 1.0),
        RepaintNotifier::new(),
        EguiNiceSettings::new()
            .with_tile("Premix")
            // Guard, fault 6: the framework's first look whether to redraw comes before a late
            // host shows the window, and then the answer to it never arrives. So it looks never,
            // and every frame asks for the next.
            .with_repaint_poll_interval(Duration::from_secs(1 << 30)),
        Window { params, meters, host: None },
    )
}

impl NiceEguiApp for Window {
    fn build(
        &mut self,
        _egui: egui::Context,
        host: GuiContext,
        _frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.host = Some(host);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        if let Some(host) = &self.host {
            draw(ui, &self.params, &self.meters, &host.param_setter());
        }
        ui.ctx().request_repaint_after(FRAME);
    }

    fn editor_closed(&mut self) {
        self.host = None;
    }
}

/// The whole window.
fn draw(ui: &mut Ui, params: &PremixParams, meters: &Meters, setter: &ParamSetter) {
    egui::Frame::new().inner_margin(16.0).show(ui, |ui| {
        ui.heading("Premix");
        ui.add_space(8.0);
        Grid::new("parameters").num_columns(2).show(ui, |ui| {
            slider(ui, &params.ceiling, setter);
            slider(ui, &params.release, setter);
            slider(ui, &params.walla_gain, setter);
        });
        ui.horizontal(|ui| {
            switch(ui, &params.walla, setter);
            switch(ui, &params.mono, setter);
            switch(ui, &params.bypass, setter);
        });
        ui.add_space(8.0);
        Grid::new("meters").num_columns(2).show(ui, |ui| {
            meter(ui, "Dialogue", meters.dialogue.take());
            meter(ui, "Walla", meters.walla.take());
            meter(ui, "Output", meters.output.take());
        });
        let [precise, annex_2] = meters.true_peaks_dbtp();
        ui.label(format!("True peak {precise:.2} dBTP, {annex_2:.2} by the BS.1770 meter"));
        ui.label(format!("Gain reduction at most {:.1} dB", -meters.deepest_reduction_db() + 0.0));
        if !meters.walla_connected.load(Ordering::Relaxed) {
            ui.weak("No walla input is connected.");
        }
    });
}

fn slider(ui: &mut Ui, param: &impl Param, setter: &ParamSetter) {
    ui.label(param.name());
    ui.add(ParamSlider::for_param(param, setter).with_width(180.0));
    ui.end_row();
}

fn switch(ui: &mut Ui, param: &BoolParam, setter: &ParamSetter) {
    let mut on = param.value();
    if ui.checkbox(&mut on, param.name()).changed() {
        setter.begin_set_parameter(param);
        setter.set_parameter(param, on);
        setter.end_set_parameter(param);
    }
}

/// `level` in dBFS.
fn meter(ui: &mut Ui, name: &str, level: f32) {
    ui.label(name);
    let text = if level < METER_FLOOR { "-".to_owned() } else { format!("{level:.1} dBFS") };
    ui.add(ProgressBar::new(1.0 - level.max(METER_FLOOR) / METER_FLOOR).text(text));
    ui.end_row();
}
