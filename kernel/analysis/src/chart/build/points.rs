//! Points: a row each, or where they are many, those that lie close together as one.

use std::collections::HashMap;

use super::{Data, extent, key};
use crate::chart::ChartError;
use crate::chart::figure::{Figure, Key, Marks, Point, Scale};
use crate::chart::place::{GROUPS, Groups};
use crate::chart::scale::number_range;
use crate::chart::values::{Series, Sort};

/// The most rows that are a point each.
const EXACT: usize = 3000;
/// The most points.
const MOST: usize = 4000;
/// The finest grid that rows are put together in.
const GRID: (f64, f64) = (140.0, 80.0);

/// A point for each row, coloured by group or shaded by amount.
pub(super) fn points(data: &Data) -> Result<Figure, ChartError> {
    let Some(y) = data.y.as_ref().filter(|_| data.aggregate.is_none()) else {
        return Err(ChartError::unfit(
            "A point needs a column for `--y`.",
            "`--kind line` and `--kind bar` draw what many rows come to.",
        ));
    };
    let shade = data.color.as_ref().filter(|color| is_amount(color, &data.rows));
    let groups = if shade.is_some() { Groups::one(data.rows.len()) } else { data.groups() };
    let rows: Vec<Row> = data
        .of(&data.x)
        .zip(data.of(y))
        .zip(&data.rows)
        .zip(&groups.of)
        .map(|(((x, y), &row), &group)| Row {
            x,
            y,
            group,
            shade: shade.and_then(|shade| shade.values.get(row).copied().flatten()),
        })
        .collect();
    let (x_ends, y_ends) = (extent(rows.iter().map(|row| row.x)), extent(rows.iter().map(|row| row.y)));
    let exact = rows.len() <= EXACT;
    let points = if exact {
        let point = |row: &Row| Point { x: row.x, y: row.y, group: row.group, shade: row.shade, rows: 1 };
        rows.iter().map(point).collect()
    } else {
        together(&rows, x_ends, y_ends)
    };
    let (mut key, note) = key(&groups);
    if let Some(shade) = shade {
        let (low, high) = extent(points.iter().filter_map(|point| point.shade));
        key = Some(Key::Shades { title: shade.name.clone(), low, high });
    }
    let subtitle = if exact {
        data.subtitle("", None)
    } else {
        let shaded = if shade.is_some() { ", in the shade of their mean" } else { "" };
        data.subtitle(&format!("a point for the rows close together, larger for more{shaded}"), None)
    };
    Ok(Figure {
        title: format!("{} by {}", y.name, data.x.name),
        subtitle,
        notes: note.into_iter().collect(),
        x: data.axis(&data.x, scale(&data.x, x_ends)),
        y: data.axis(y, scale(y, y_ends)),
        key,
        marks: Marks::Points(points),
    })
}

/// Whether a column's values are shaded, and not a colour each: numbers, of which there are many.
pub(super) fn is_amount(series: &Series, rows: &[usize]) -> bool {
    let mut distinct: Vec<f64> = Vec::new();
    for value in rows.iter().filter_map(|&row| series.values.get(row).copied().flatten()) {
        if !distinct.contains(&value) {
            distinct.push(value);
        }
        if distinct.len() > GROUPS {
            return series.is_number();
        }
    }
    series.sort == Sort::Number { whole: false }
}

struct Row {
    x: f64,
    y: f64,
    group: usize,
    shade: Option<f64>,
}

/// Rows of one field of a grid as one point, at their mean: a lonely row stays where it is.
fn together(rows: &[Row], x_ends: (f64, f64), y_ends: (f64, f64)) -> Vec<Point> {
    let (mut columns, mut lines) = GRID;
    loop {
        let mut fields: HashMap<(usize, i64, i64), Sum> = HashMap::new();
        let place = |value: f64, (low, high): (f64, f64), number: f64| {
            if high > low { ((value - low) / (high - low) * number) as i64 } else { 0 }
        };
        for row in rows {
            let field = (row.group, place(row.x, x_ends, columns), place(row.y, y_ends, lines));
            fields.entry(field).or_default().take(row);
        }
        if fields.len() <= MOST || columns < 10.0 {
            let mut sums: Vec<_> = fields.into_iter().collect();
            sums.sort_by_key(|(field, _)| *field);
            return sums.into_iter().map(|((group, ..), sum)| sum.point(group)).collect();
        }
        (columns, lines) = (columns * 0.75, lines * 0.75);
    }
}

#[derive(Default)]
struct Sum {
    rows: u64,
    x: f64,
    y: f64,
    shaded: u64,
    shade: f64,
}

impl Sum {
    fn take(&mut self, row: &Row) {
        self.rows += 1;
        self.x += row.x;
        self.y += row.y;
        if let Some(shade) = row.shade {
            self.shaded += 1;
            self.shade += shade;
        }
    }

    fn point(&self, group: usize) -> Point {
        let rows = self.rows.max(1) as f64;
        let shade = (self.shaded > 0).then(|| self.shade / self.shaded as f64);
        Point { x: self.x / rows, y: self.y / rows, group, shade, rows: self.rows }
    }
}

fn scale(series: &Series, (low, high): (f64, f64)) -> Scale {
    match series.sort {
        Sort::Name => Scale::Bands(series.names.clone()),
        Sort::Number { .. } => {
            let (low, high) = number_range(low, high, false);
            Scale::Number(low, high)
        }
        sort => {
            let edge = ((high - low) * 0.02).max(1000.0);
            let low = if sort == Sort::Clock { (low - edge).max(0.0) } else { low - edge };
            Scale::Time { low, high: high + edge, clock: sort == Sort::Clock, zone: series.zone.clone() }
        }
    }
}
