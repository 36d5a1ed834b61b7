//! Which levels a report shows over time.

use maud::{Markup, html};

use super::Report;
use super::plot::{Plot, Shape, TimeAxis};
use crate::compliance::premix::CEILING_TENTHS_DBTP;
use crate::engine::decibel::db_from_linear;
use crate::engine::measurement::Bin;

/// A plot with its caption and its values.
struct Figure<'a> {
    unit: &'a str,
    plot: Plot<'a>,
    values: Vec<f32>,
}

/// The plots, one below the other, over the same time.
pub fn render(report: &Report) -> Markup {
    let programme = report.programme;
    let history = &programme.history;
    if history.whole.is_empty() {
        return html! {};
    }
    let samples_per_bin = history.tenth_samples * history.tenths_per_bin;
    let axis = TimeAxis::new(report.time_line, programme.samples, samples_per_bin);
    let column = |of: fn(&Bin) -> f32| history.whole.iter().map(of).collect::<Vec<f32>>();
    let overs: Vec<u64> = programme.overs.worst.iter().map(|mark| mark.sample).collect();
    let plain = Plot {
        title: "True peak",
        range: (-48.0, 0.0),
        ticks: &[0.0, -12.0, -24.0, -36.0, -48.0],
        limit: None,
        height: 84.0,
        shape: Shape::Line,
        class: "peak",
        marks: &[],
        labelled: false,
    };
    let mut figures = vec![Figure {
        unit: match overs.is_empty() {
            true => "dBTP, and the ceiling",
            false => "dBTP, the ceiling, and where it is over",
        },
        plot: Plot {
            limit: Some(f64::from(CEILING_TENTHS_DBTP) / 10.0),
            height: 112.0,
            shape: Shape::Rising,
            marks: &overs,
            ..plain
        },
        values: column(|bin| db_from_linear(bin.true_peak.into()) as f32),
    }];
    if report.mix.is_some() {
        figures.push(Figure {
            unit: "dB",
            plot: Plot {
                title: "Gain reduction",
                range: (-12.0, 0.0),
                ticks: &[0.0, -6.0, -12.0],
                height: 48.0,
                shape: Shape::Hanging,
                class: "reduction",
                ..plain
            },
            values: column(|bin| bin.reduction_db),
        });
    }
    if programme.loudness.max_short_term_lufs.is_finite() {
        figures.push(Figure {
            unit: "LUFS",
            plot: Plot {
                title: "Short-term loudness",
                range: (-48.0, -6.0),
                ticks: &[-12.0, -24.0, -36.0, -48.0],
                class: "loudness",
                ..plain
            },
            values: column(|bin| bin.short_term_lufs),
        });
    }
    let separations = column(|bin| bin.separation_lu);
    if separations.iter().any(|lu| lu.is_finite()) {
        figures.push(Figure {
            unit: "LU, while both sound",
            plot: Plot {
                title: "Dialogue over walla",
                range: (-6.0, 30.0),
                ticks: &[-6.0, 18.0, 30.0],
                limit: Some(6.0),
                shape: Shape::LowLine,
                class: "separation",
                ..plain
            },
            values: separations,
        });
    }
    let last = figures.len() - 1;
    html! {
        h2 { "Over time" }
        @for (n, Figure { unit, plot, values }) in figures.into_iter().enumerate() {
            figure {
                figcaption { (plot.title) span { " " (unit) } }
                (Plot { labelled: n == last, ..plot }.draw(&axis, &values))
            }
        }
    }
}
