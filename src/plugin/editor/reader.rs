//! From the plugin to the window and back: what it shows is read and judged, what its user asks for done.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use chrono::{DateTime, Local};
use egui::Ui;
use nice_plug::context::gui::{GuiContext, ParamSetter};
use nice_plug::params::Param;
use nice_plug::params::persist::PersistentField;

use super::host::{Content, Watch, WindowEditor};
use super::layout::{State, Subject, draw};
use super::view::{Action, Field, Fields, Knob, Name, Reading, Saving, Times, View, Walla};
use crate::compliance::premix::{BusEvidence, Evidence, Source, judge};
use crate::compliance::{Finding, TimeLine};
use crate::delivery::name::{self, DeliveryName, Part, Token};
use crate::delivery::timecode::Timecode;
use crate::plugin::params::PremixParams;
use crate::plugin::registry;
use crate::plugin::saving::{self, Contents};
use crate::plugin::telemetry::{Taken, Telemetry};

/// What a plugin shares with its window.
pub struct Shared {
    pub params: Arc<PremixParams>,
    pub telemetry: Arc<Telemetry>,
    pub saving: Arc<Mutex<Saving>>,
    /// What writes it.
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Shared {
    /// Of a new instance.
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        let params = Arc::new(PremixParams::new(&telemetry));
        Self { params, telemetry, saving: Arc::default(), writer: Mutex::default() }
    }

    /// Waits for the last report, and keeps the next for it.
    fn keep(&self, writer: Option<JoinHandle<()>>) {
        let before =
            std::mem::replace(&mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner), writer);
        if let Some(before) = before {
            let _ = before.join();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.keep(None);
    }
}

impl WindowEditor {
    /// The window of Premix.
    pub fn new(shared: Arc<Shared>) -> Self {
        let size = [shared.params.width.clone(), shared.params.height.clone()];
        let watched = shared.clone();
        let watch: Watch = Arc::new(move || {
            let mut hasher = DefaultHasher::new();
            watched.telemetry.changes().hash(&mut hasher);
            let settings = watched.params.settings();
            Knob::ALL.map(|knob| knob.value(&settings)).hash(&mut hasher);
            watched.telemetry.walla_connected().hash(&mut hasher);
            registry::wallas().for_each(|walla| walla.hash(&mut hasher));
            hasher.finish()
        });
        Self {
            title: "Premix",
            smallest: (480.0, 360.0),
            size,
            watch,
            content: Box::new(move || Box::new(Window::new(shared.clone()))),
            last: Mutex::default(),
        }
    }
}

/// An open window of Premix.
struct Window {
    shared: Arc<Shared>,
    state: State,
    /// What was read last, and at which change.
    read_at: u64,
    now: Judged,
    bounce: Option<Judged>,
    spare: Judged,
    fields: Fields,
    times: Times,
    name: Name,
    built: Option<Result<DeliveryName, Vec<Token>>>,
}

/// A measurement, and what the rules say of it.
struct Judged {
    taken: Taken,
    findings: Vec<Finding>,
    time_line: TimeLine,
    made: Option<String>,
}

impl Default for Judged {
    fn default() -> Self {
        let time_line = TimeLine { sample_rate: 0, start: 0, frame_rate: None, drop_frame: false };
        Self { taken: Taken::default(), findings: Vec::new(), time_line, made: None }
    }
}

impl Judged {
    fn judge(
        &mut self,
        times: &Times,
        built: Option<&Result<DeliveryName, Vec<Token>>>,
        telemetry: &Telemetry,
    ) {
        let Taken { measurement, settings, siblings, click_delay_samples, picture, made, .. } =
            &mut self.taken;
        let programme = &mut measurement.programme;
        if programme.sample_rate == 0 {
            // Nothing has gone through yet.
            programme.sample_rate = telemetry.sample_rate();
            programme.channels = telemetry.channels();
            *click_delay_samples = telemetry.click_delay_samples();
        }
        let rate = programme.sample_rate;
        if made.is_some() && *picture != times.range(rate) {
            // Another picture has been entered since: it was not this one that it covered.
            measurement.pass.covers_picture = Some(false);
        }
        let session = times.session_start.map_or(0, |start| start.start_sample(rate));
        self.time_line = TimeLine {
            sample_rate: rate,
            start: session.saturating_add_signed(measurement.pass.start.unwrap_or(0)),
            frame_rate: times.frame_rate,
            drop_frame: times.picture.and_then(|picture| picture.label()).is_some_and(Timecode::drop_frame),
        };
        self.findings = judge(&Evidence {
            programme: &measurement.programme,
            source: Source::Bus(BusEvidence {
                mix: &measurement.mix,
                pass: &measurement.pass,
                settings: *settings,
                siblings: *siblings,
                click_delay_samples: *click_delay_samples,
                session_start: times.session_start,
                name: built,
            }),
            picture: times.picture,
            frame_rate: times.frame_rate,
        });
        self.made = made.map(time_of_day);
    }

    /// For its report.
    fn contents(&self, name: &str) -> Contents {
        let Taken { measurement, settings, made, .. } = &self.taken;
        Contents {
            name: name.to_owned(),
            findings: self.findings.clone(),
            programme: measurement.programme.clone(),
            mix: measurement.mix.clone(),
            settings: *settings,
            time_line: self.time_line,
            created: made.unwrap_or_else(SystemTime::now),
        }
    }

    fn reading(&self) -> Reading<'_> {
        Reading {
            measurement: &self.taken.measurement,
            findings: &self.findings,
            time_line: self.time_line,
            made: self.made.as_deref(),
        }
    }
}

fn time_of_day(time: SystemTime) -> String {
    DateTime::<Local>::from(time).format("%H:%M:%S").to_string()
}

impl Window {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            state: State::default(),
            read_at: 0,
            now: Judged::default(),
            bounce: None,
            spare: Judged::default(),
            fields: Fields::default(),
            times: Times::default(),
            name: Name::default(),
            built: None,
        }
    }

    /// Reads and judges what changed.
    fn read(&mut self) {
        let telemetry = &self.shared.telemetry;
        let settings = self.shared.params.settings();
        let changes = telemetry.changes();
        if changes == self.read_at && self.now.taken.settings == settings {
            return;
        }
        self.read_at = changes;
        self.fields = self.shared.params.delivery.fields();
        self.times = Times::read(&self.fields);
        self.built = built(&self.fields);
        self.name = named(&self.fields, self.built.as_ref());
        telemetry.read_now(&mut self.now.taken);
        // What is set counts at once, before any audio.
        self.now.taken.settings = settings;
        self.now.judge(&self.times, self.built.as_ref(), telemetry);
        let mut bounce = self.bounce.take().unwrap_or_else(|| std::mem::take(&mut self.spare));
        if telemetry.read_bounce(&mut bounce.taken) {
            bounce.judge(&self.times, self.built.as_ref(), telemetry);
            self.bounce = Some(bounce);
        } else {
            self.spare = bounce;
        }
    }

    fn perform(&mut self, action: Action, host: &GuiContext) {
        let params = &self.shared.params;
        let setter = host.param_setter();
        match action {
            Action::Begin(knob) => with_param(params, knob, Begin(&setter)),
            Action::Set(knob, value) => with_param(params, knob, Set(&setter, value)),
            Action::End(knob) => with_param(params, knob, End(&setter)),
            Action::Edit(field, text) => {
                let mut fields = params.delivery.fields();
                fields.set(field, text);
                params.delivery.set(fields);
            }
            Action::Listen(listen) => self.shared.telemetry.listen(listen),
            Action::Reset => self.shared.telemetry.forget(),
            Action::Save { of, folder, replace } => {
                let judged = match (of, &self.bounce) {
                    (Subject::Bounce, Some(bounce)) => bounce,
                    _ => &self.now,
                };
                let contents = judged.contents(self.name.of_report());
                let (saving, telemetry) = (self.shared.saving.clone(), self.shared.telemetry.clone());
                let done = move || telemetry.touch();
                self.shared.keep(saving::save(contents, folder, replace, saving, done));
            }
            Action::SavingSeen => saving::tell(&self.shared.saving, Saving::Idle),
        }
    }
}

impl Content for Window {
    fn draw(&mut self, ui: &mut Ui, host: &GuiContext) {
        self.read();
        let wallas: Vec<Walla> =
            registry::wallas().map(|(gain_tenths_db, sounds)| Walla { gain_tenths_db, sounds }).collect();
        let saving = saving::told(&self.shared.saving);
        let view = View {
            now: self.now.reading(),
            bounce: self.bounce.as_ref().map(Judged::reading),
            settings: self.shared.params.settings(),
            listen: self.shared.telemetry.listens(),
            walla_input: self.shared.telemetry.walla_connected(),
            wallas: &wallas,
            fields: &self.fields,
            times: &self.times,
            name: &self.name,
            saving: &saving,
        };
        for action in draw(ui, &view, &mut self.state) {
            self.perform(action, host);
            ui.ctx().request_repaint();
        }
    }
}

/// The name of these fields, once one of its own is filled.
fn built(fields: &Fields) -> Option<Result<DeliveryName, Vec<Token>>> {
    let Fields { package_id, title, language, version, frame_rate, .. } = fields;
    let own = [package_id, title, language, version];
    own.iter()
        .any(|field| !field.trim().is_empty())
        .then(|| DeliveryName::from_fields(name::Fields { package_id, title, frame_rate, language, version }))
}

/// The name as the window shows it: placeholders for what is missing, and what is wrong.
fn named(fields: &Fields, built: Option<&Result<DeliveryName, Vec<Token>>>) -> Name {
    let faults = match built {
        Some(Ok(name)) => return Name { text: name.to_string(), ..Name::default() },
        Some(Err(faults)) => faults.as_slice(),
        None => &[],
    };
    let or = |field: Field, placeholder: &str| match fields.get(field).trim() {
        "" => format!("[{placeholder}]"),
        text => text.to_owned(),
    };
    let text = format!(
        "{}_{}_{}_Mono_{}_PreMixQC_{}.wav",
        or(Field::PackageId, "PackageID"),
        or(Field::Title, "ShowTitle"),
        or(Field::FrameRate, "framerate").replace('.', ""),
        or(Field::Language, "langCode"),
        or(Field::Version, "Version")
    );
    let mut name = Name { text, incomplete: true, ..Name::default() };
    for fault in faults {
        let Some(field) = field_of(fault.part) else { continue };
        match fault.text.is_empty() {
            true => name.missing.push(field),
            false => name.faults.push((field, fault.to_string())),
        }
    }
    name
}

fn field_of(part: Part) -> Option<Field> {
    match part {
        Part::PackageId => Some(Field::PackageId),
        Part::Title => Some(Field::Title),
        Part::FrameRate => Some(Field::FrameRate),
        Part::Language => Some(Field::Language),
        Part::Version => Some(Field::Version),
        Part::Name | Part::Mono | Part::PreMixQc | Part::Extension => None,
    }
}

/// What is done with a parameter, of whatever type.
pub trait Gesture {
    /// Does it; `plain` makes a value of the parameter from one of the window.
    fn apply<P: Param>(self, param: &P, plain: impl Fn(i32) -> P::Plain);
}

/// [`Action::Begin`].
pub struct Begin<'a>(pub &'a ParamSetter<'a>);
/// [`Action::Set`].
pub struct Set<'a>(pub &'a ParamSetter<'a>, pub i32);
/// [`Action::End`].
pub struct End<'a>(pub &'a ParamSetter<'a>);

impl Gesture for Begin<'_> {
    fn apply<P: Param>(self, param: &P, _: impl Fn(i32) -> P::Plain) {
        self.0.begin_set_parameter(param);
    }
}

impl Gesture for Set<'_> {
    fn apply<P: Param>(self, param: &P, plain: impl Fn(i32) -> P::Plain) {
        self.0.set_parameter(param, plain(self.1));
    }
}

impl Gesture for End<'_> {
    fn apply<P: Param>(self, param: &P, _: impl Fn(i32) -> P::Plain) {
        self.0.end_set_parameter(param);
    }
}

fn with_param(params: &PremixParams, knob: Knob, gesture: impl Gesture) {
    let decibels = |tenths: i32| tenths as f32 / 10.0;
    let on = |value: i32| value != 0;
    match knob {
        Knob::Ceiling => gesture.apply(&params.ceiling, decibels),
        Knob::Release => gesture.apply(&params.release, |milliseconds| milliseconds),
        Knob::WallaGain => gesture.apply(&params.walla_gain, decibels),
        Knob::Walla => gesture.apply(&params.walla, on),
        Knob::Mono => gesture.apply(&params.mono, on),
        Knob::Bypass => gesture.apply(&params.bypass, on),
    }
}
