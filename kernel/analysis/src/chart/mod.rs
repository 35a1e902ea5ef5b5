//! Charts of kept results: which marks, on which axes, of which rows, and then as Vega-Lite, as a picture and as text.
//!
//! A [`Figure`](figure::Figure) is worked out once and drawn three times, so that the three say the same. However many rows a
//! result has, a chart holds a few thousand marks at most; what was counted together is said in its subtitle.

mod build;
mod figure;
mod measure;
mod palette;
mod picture;
mod place;
mod plain;
mod scale;
mod tooltip;
mod values;
mod vega;
mod wide;

use std::sync::Arc;

use cqlbook_core::column::Column;
use cqlbook_core::nearest::nearest;
use cqlbook_core::page::{MalformedPage, Page};
use cqlbook_core::render::{MimeBundle, Picture};
use jiff::tz::TimeZone;

pub use measure::Aggregate;
pub(crate) use measure::{Sum, quantile, share};
pub(crate) use scale::{moment_text, short};
pub(crate) use values::{moment, number};

/// A kind of chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bars from zero.
    Bar,
    /// Lines from left to right.
    Line,
    /// Areas on top of each other.
    Area,
    /// A point for each row.
    Point,
    /// Bars that count rows by value.
    Histogram,
    /// A grid of shaded fields.
    Heatmap,
    /// Medians, quartiles and what lies far from them.
    Box,
}

impl Kind {
    /// Every kind with the name it is typed by.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("bar", Self::Bar),
        ("line", Self::Line),
        ("area", Self::Area),
        ("point", Self::Point),
        ("histogram", Self::Histogram),
        ("heatmap", Self::Heatmap),
        ("box", Self::Box),
    ];

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("chart", |(name, _)| name)
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The column across.
    pub x: String,
    /// The column up, or what its values come to: `mean(dep_delay)`, `count`.
    pub y: Option<String>,
    /// The column that gives each of its values a colour; of a heatmap, what is shaded.
    pub color: Option<String>,
    /// The kind; otherwise the columns' types tell.
    pub kind: Option<Kind>,
    /// The title; otherwise it is made of the columns' names.
    pub title: Option<String>,
    /// The zone whose clock timestamps are drawn by.
    pub zone: TimeZone,
    /// What is to be said where the rows are a part of what was asked for: a sentence, which stands in the chart itself.
    pub part: Option<String>,
}

/// Why there is no chart.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The result has no such column.
    #[error("The result has no column `{name}`.")]
    NoColumn {
        /// What was typed.
        name: String,
        /// The column that was probably meant.
        near: Option<String>,
        /// Those there are.
        columns: Vec<String>,
    },
    /// The columns do not make such a chart.
    #[error("{message}")]
    Unfit {
        /// What does not fit, in a sentence.
        message: String,
        /// What to write instead, in a sentence.
        hint: String,
    },
    /// No row has all the values.
    #[error("There is nothing to draw: {reason}.")]
    Empty {
        /// Why, as the end of a sentence.
        reason: String,
    },
    /// A page cannot be read.
    #[error(transparent)]
    Malformed(#[from] MalformedPage),
    /// The picture cannot be made.
    #[error("The chart's picture cannot be drawn.")]
    Picture,
}

impl ChartError {
    pub(crate) fn unfit(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unfit { message: message.into(), hint: hint.into() }
    }
}

/// Draws a chart of a result's rows, as Vega-Lite, as a picture and as text.
///
/// # Errors
/// [`ChartError`] where the columns are not there, do not fit the kind, or hold nothing to draw.
pub fn plot(
    columns: &[Column],
    pages: &[Arc<dyn Page>],
    request: &Request,
) -> Result<MimeBundle, ChartError> {
    let figure = build::figure(columns, pages, request)?;
    let alt = plain::describe(&figure);
    let (png, width, height) = picture::draw(&figure, &alt).ok_or(ChartError::Picture)?;
    Ok(MimeBundle {
        plain: plain::text(&figure),
        vega_lite: Some(vega::spec(&figure, &alt).to_string()),
        picture: Some(Picture { png, width, height, alt }),
        ..MimeBundle::default()
    })
}

/// The place of the column of that name; exactly as typed first, then whatever the case.
///
/// # Errors
/// [`ChartError::NoColumn`] with the nearest name.
pub(crate) fn find(columns: &[Column], name: &str) -> Result<usize, ChartError> {
    let exact = columns.iter().position(|column| column.name == name);
    let found = exact.or_else(|| columns.iter().position(|column| column.name.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| {
        let names = || columns.iter().map(|column| column.name.as_str());
        ChartError::NoColumn {
            name: name.to_owned(),
            near: nearest(name, names()).map(str::to_owned),
            columns: names().map(str::to_owned).collect(),
        }
    })
}

#[cfg(test)]
mod tests;
