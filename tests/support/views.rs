//! What a window may have to show, made up: a bounce of two minutes and what came after it.

use premix::compliance::premix::{BusEvidence, Evidence, Siblings, Source, judge};
use premix::compliance::{Finding, TimeLine};
use premix::engine::measurement::{
    Bin, InputLoudness, Loudness, Mark, Marks, Measurement, Pass, Reduction, Separation, Speech,
};
use premix::engine::true_peak::Peak;
use premix::engine::{Listen, Settings, latency_samples};
use premix::plugin::editor::{Fields, Name, Reading, Saving, Times, View, Walla};

/// Hz.
pub const RATE: u32 = 48_000;
const SECOND: u64 = RATE as u64;

/// Everything that a [`View`] borrows.
pub struct Stage {
    pub now: Measurement,
    pub bounce: Option<Measurement>,
    pub settings: Settings,
    pub listen: Listen,
    pub walla_input: bool,
    pub wallas: Vec<Walla>,
    pub fields: Fields,
    pub name: Name,
    pub saving: Saving,
    /// In Hz.
    pub rate: u32,
    times: Times,
    findings: [Vec<Finding>; 2],
}

impl Stage {
    /// Nothing has happened yet.
    pub fn idle() -> Self {
        let mut now = Measurement::default();
        now.programme.sample_rate = RATE;
        now.programme.channels = 2;
        now.mix.highest_ceiling_tenths_dbtp = -240;
        let name = Name { text: "[PackageID]_[ShowTitle].wav".into(), incomplete: true, ..Name::default() };
        Self {
            now,
            bounce: None,
            settings: Settings::default(),
            listen: Listen::Output,
            walla_input: false,
            wallas: Vec::new(),
            fields: Fields::default(),
            name,
            saving: Saving::Idle,
            rate: RATE,
            times: Times::default(),
            findings: [Vec::new(), Vec::new()],
        }
        .judged()
    }

    /// A bounce has passed, and something is being played.
    pub fn passing() -> Self {
        let mut stage = Self::idle();
        stage.fields = Fields {
            package_id: "81234567".into(),
            title: "LaCasaAzul".into(),
            language: "pt-BR".into(),
            version: "v1".into(),
            frame_rate: "24".into(),
            session_start: "00:59:50:00".into(),
            picture_start: "01:00:00:00".into(),
            picture_length: "00:02:00:00".into(),
        };
        stage.name =
            Name { text: "81234567_LaCasaAzul_24_Mono_pt-BR_PreMixQC_v1.wav".into(), ..Name::default() };
        stage.settings.mono = true;
        stage.walla_input = true;
        let mut bounce = sound(120);
        bounce.pass =
            Pass { number: 3, start: Some(10 * 48_000), finished: true, covers_picture: Some(true) };
        stage.bounce = Some(bounce);
        stage.now = sound(40);
        stage.now.pass =
            Pass { number: 4, start: Some(10 * 48_000), finished: true, covers_picture: Some(false) };
        stage.judged()
    }

    /// A pass that ended early and was over in a dozen places.
    pub fn failing() -> Self {
        let mut stage = Self { bounce: None, ..Self::passing() };
        stage.now = sound(108);
        stage.now.pass =
            Pass { number: 4, start: Some(10 * 48_000), finished: true, covers_picture: Some(false) };
        let programme = &mut stage.now.programme;
        programme.precise = Peak { amplitude: 0.71, sample: 81 * SECOND };
        programme.annex_2 = Peak { amplitude: 0.72, sample: 81 * SECOND };
        let over = |n: u64| Mark { sample: (7 * n + 4) * SECOND, samples: 90, level: 0.60 + 0.01 * n as f32 };
        programme.overs = Marks { count: 12, worst: (0..12).map(over).collect() };
        for mark in &programme.overs.worst {
            for bins in [&mut programme.history.recent, &mut programme.history.whole] {
                bins[(mark.sample * 10 / SECOND) as usize].true_peak = mark.level;
            }
        }
        stage.judged()
    }

    /// With verdicts on what there is now.
    pub fn judged(mut self) -> Self {
        self.times = Times::read(&self.fields);
        let judge = |measurement: &Measurement| {
            judge(&Evidence {
                programme: &measurement.programme,
                source: Source::Bus(BusEvidence {
                    mix: &measurement.mix,
                    pass: &measurement.pass,
                    settings: self.settings,
                    siblings: Siblings::default(),
                    click_delay_samples: (self.rate > 0).then(|| latency_samples(self.rate)),
                    session_start: self.times.session_start,
                    name: None,
                }),
                picture: self.times.picture,
                frame_rate: self.times.frame_rate,
            })
        };
        self.findings = [judge(&self.now), self.bounce.as_ref().map_or_else(Vec::new, judge)];
        self
    }

    pub fn view(&self) -> View<'_> {
        let session = self.times.session_start.map_or(0, |start| start.start_sample(RATE));
        let time_line = TimeLine {
            sample_rate: self.rate,
            start: session + 10 * SECOND,
            frame_rate: self.times.frame_rate,
            drop_frame: false,
        };
        let [now, bounce] = &self.findings;
        View {
            now: Reading { measurement: &self.now, findings: now, time_line, made: None },
            bounce: self.bounce.as_ref().map(|measurement| Reading {
                measurement,
                findings: bounce,
                time_line,
                made: Some("14:32:05"),
            }),
            settings: self.settings,
            listen: self.listen,
            walla_input: self.walla_input,
            wallas: &self.wallas,
            fields: &self.fields,
            times: &self.times,
            name: &self.name,
            saving: &self.saving,
        }
    }
}

/// A quiet scene of so many seconds, limited here and there.
fn sound(seconds: u64) -> Measurement {
    let mut measurement = Measurement::default();
    let samples = seconds * SECOND;
    let programme = &mut measurement.programme;
    programme.sample_rate = RATE;
    programme.channels = 2;
    (programme.samples, programme.sounding_samples) = (samples, samples);
    programme.precise = Peak { amplitude: 0.5, sample: 33 * SECOND };
    programme.annex_2 = Peak { amplitude: 0.5008, sample: 33 * SECOND };
    programme.loudness = Loudness {
        momentary_lufs: -24.3,
        short_term_lufs: -26.1,
        integrated_lufs: -27.2,
        range_lu: 7.4,
        max_momentary_lufs: -18.2,
        max_short_term_lufs: -21.0,
    };
    programme.speech = Speech {
        now: true,
        samples: samples * 6 / 10,
        longest_pause_samples: 9 * SECOND,
        longest_pause_start: 21 * SECOND,
        median_lufs: Some(-26.0),
        uneven_share: 0.07,
        ..Speech::default()
    };
    let bin = |tenth: u64| {
        let time = tenth as f32 / 10.0;
        let level = -13.0 + 6.0 * (0.7 * time).sin() + 4.0 * (2.3 * time).sin() + 2.0 * (9.1 * time).sin();
        Bin {
            true_peak: 10_f32.powf(level.min(-6.02) / 20.0),
            reduction_db: (-6.02 - level).min(0.0),
            short_term_lufs: level - 14.0,
            separation_lu: 9.0,
        }
    };
    programme.history.tenth_samples = SECOND / 10;
    programme.history.recent = (0..10 * seconds).map(bin).collect();
    programme.history.whole = programme.history.recent.clone();
    programme.history.tenths_per_bin = 1;
    let mix = &mut measurement.mix;
    mix.reduction = Reduction { now_db: -1.2, deepest_db: -3.4, limited_samples: samples / 40 };
    mix.dialogue = InputLoudness { momentary_lufs: -22.0, short_term_lufs: -24.0, sounding_samples: samples };
    mix.walla = InputLoudness { momentary_lufs: -36.0, short_term_lufs: -35.0, sounding_samples: samples };
    mix.separation = Separation {
        now_lu: Some(11.2),
        lowest_lu: Some(6.4),
        both_samples: samples / 2,
        ..Separation::default()
    };
    mix.walla_gain_tenths_db = Some((-100, -100));
    mix.highest_ceiling_tenths_dbtp = -60;
    let caught = |n: u64| Mark { sample: 3 * n * SECOND, samples: 900, level: 0.55 + 0.01 * n as f32 };
    mix.caught = Marks { count: 10, worst: (0..10).map(caught).collect() };
    measurement
}
