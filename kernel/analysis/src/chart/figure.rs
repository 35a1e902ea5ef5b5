//! A chart before it is drawn: axes, key and marks. What the frontend draws, the picture and the text all come from it.

use jiff::tz::TimeZone;

/// A whole chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// What it shows, in a line.
    pub(crate) title: String,
    /// What a mark stands for and of how many rows, in a line.
    pub(crate) subtitle: String,
    /// What a reader must know beside it, each a sentence: rows left out, categories not shown.
    pub(crate) notes: Vec<String>,
    /// The horizontal axis.
    pub(crate) x: Axis,
    /// The vertical one.
    pub(crate) y: Axis,
    /// What its colours mean.
    pub(crate) key: Option<Key>,
    /// What is drawn.
    pub(crate) marks: Marks,
}

/// One axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    /// What it counts.
    pub(crate) title: String,
    /// Its values.
    pub(crate) scale: Scale,
}

/// The values of an axis. A place on it is a number: of a band its index.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scale {
    /// Numbers from one to the other.
    Number(f64, f64),
    /// Milliseconds since 1970 in UTC; with `clock`, since midnight.
    Time {
        /// Where it begins.
        low: f64,
        /// Where it ends.
        high: f64,
        /// Whether there is no date to them.
        clock: bool,
        /// The zone whose clock they are told by.
        zone: TimeZone,
    },
    /// Names side by side.
    Bands(Vec<String>),
}

/// What colours mean.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    /// One for each name.
    Groups {
        /// Whose names they are.
        title: String,
        /// The names, by the marks' `group`.
        names: Vec<String>,
    },
    /// From the least to the greatest.
    Shades {
        /// What is shaded.
        title: String,
        /// The least.
        low: f64,
        /// The greatest.
        high: f64,
    },
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Marks {
    /// Bars that stand on a base.
    Bars(Vec<Bar>),
    /// Lines through points, one for each group.
    Lines(Vec<Line>),
    /// Areas between two lines, one for each group.
    Areas(Vec<Area>),
    /// Points.
    Points(Vec<Point>),
    /// Fields of a grid.
    Fields(Vec<Field>),
    /// Boxes with whiskers.
    Boxes(Vec<BoxMark>),
}

/// Where a mark stands on an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    /// In a band, by its index.
    Band(usize),
    /// From one value to another.
    Span(f64, f64),
}

impl Place {
    /// Its middle, or the band's index.
    pub(crate) fn middle(self) -> f64 {
        match self {
            Self::Band(index) => index as f64,
            Self::Span(from, to) => (from + to) / 2.0,
        }
    }
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    /// Where it stands.
    pub(crate) place: Place,
    /// Its place among bars side by side: index and number of them.
    pub(crate) slot: (usize, usize),
    /// Where it begins; zero but for stacked ones.
    pub(crate) from: f64,
    /// Where it ends.
    pub(crate) to: f64,
    /// Its colour.
    pub(crate) group: usize,
    /// The rows it is made of.
    pub(crate) rows: u64,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    /// Its colour.
    pub(crate) group: usize,
    /// Its points from left to right.
    pub(crate) points: Vec<(f64, f64)>,
}

/// One area.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Area {
    /// Its colour.
    pub(crate) group: usize,
    /// From left to right: where, from, to.
    pub(crate) points: Vec<(f64, f64, f64)>,
}

/// Whether areas lie over each other, so that one must be seen through the next.
pub(crate) fn overlap(areas: &[Area]) -> bool {
    areas.len() > 1 && areas.iter().flat_map(|area| &area.points).all(|(_, from, _)| *from == 0.0)
}

/// One point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    /// Across.
    pub(crate) x: f64,
    /// Up.
    pub(crate) y: f64,
    /// Its colour among groups.
    pub(crate) group: usize,
    /// Its amount, where amounts are shaded.
    pub(crate) shade: Option<f64>,
    /// The rows it stands for.
    pub(crate) rows: u64,
}

/// One field of a grid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    /// Across.
    pub(crate) x: Place,
    /// Up.
    pub(crate) y: Place,
    /// Its amount.
    pub(crate) value: f64,
    /// The rows it is made of.
    pub(crate) rows: u64,
}

/// One box.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BoxMark {
    /// Where it stands.
    pub(crate) place: Place,
    /// Its place among boxes side by side.
    pub(crate) slot: (usize, usize),
    /// Its colour.
    pub(crate) group: usize,
    /// The end of the lower whisker, the quartiles, the end of the upper whisker.
    pub(crate) five: [f64; 5],
    /// Values beyond the whiskers, as many as are drawn.
    pub(crate) beyond: Vec<f64>,
    /// The rows it is made of.
    pub(crate) rows: u64,
}
