//! Draws a figure's marks between its axes.

use super::canvas::Canvas;
use super::{HIGH, Plot, WIDE};
use crate::chart::figure::{Axis, BoxMark, Key, Marks, Place, Scale, overlap};
use crate::chart::palette::{GROUPS, rgb, shade};

/// How much of a band its bars take.
const FILL: f32 = 0.9;
/// Lines with fewer points than this have a dot at each.
const DOTS: usize = 40;

/// The colour of a group.
pub(super) fn group_color(group: usize) -> [u8; 3] {
    rgb(GROUPS[group % GROUPS.len()])
}

/// Draws all marks.
pub(super) fn draw(canvas: &mut Canvas, plot: &Plot) {
    match &plot.figure.marks {
        Marks::Bars(bars) => {
            for bar in bars {
                let (x, width) = across(plot, bar.place, bar.slot);
                let (top, bottom) = (plot.y(bar.from.max(bar.to)), plot.y(bar.from.min(bar.to)));
                canvas.fill(x, top, width, bottom - top, group_color(bar.group), 255);
            }
        }
        Marks::Lines(lines) => {
            for line in lines {
                let points: Vec<_> = line.points.iter().map(|(x, y)| (plot.x(*x), plot.y(*y))).collect();
                canvas.line(&points, 2.0, group_color(line.group), 255);
                if lines.iter().all(|line| line.points.len() <= DOTS) {
                    points.iter().for_each(|(x, y)| canvas.disc(*x, *y, 3.0, group_color(line.group), 255));
                }
            }
        }
        Marks::Areas(areas) => {
            let alpha = if overlap(areas) { 115 } else { 204 };
            for area in areas {
                let upper = area.points.iter().map(|(x, _, to)| (plot.x(*x), plot.y(*to)));
                let lower = area.points.iter().rev().map(|(x, from, _)| (plot.x(*x), plot.y(*from)));
                canvas.shape(&upper.chain(lower).collect::<Vec<_>>(), group_color(area.group), alpha);
            }
        }
        Marks::Points(points) => {
            let most = points.iter().map(|point| point.rows).max().unwrap_or(1);
            for point in points {
                let color = match (&plot.figure.key, point.shade) {
                    (Some(Key::Shades { low, high, .. }), Some(value)) => shaded(value, *low, *high),
                    (Some(Key::Shades { .. }), None) => [128; 3],
                    _ => group_color(point.group),
                };
                // The frontend's chart takes areas from 8 to 180 square pixels.
                let area = if most > 1 {
                    let share = ((point.rows as f32).sqrt() - 1.0) / ((most as f32).sqrt() - 1.0).max(1e-6);
                    8.0 + 172.0 * share
                } else {
                    28.0
                };
                let radius = (area / std::f32::consts::PI).sqrt();
                canvas.disc(plot.x(point.x), plot.y(point.y), radius, color, 153);
            }
        }
        Marks::Fields(fields) => {
            let (low, high) = match &plot.figure.key {
                Some(Key::Shades { low, high, .. }) => (*low, *high),
                _ => (0.0, 1.0),
            };
            for field in fields {
                let (x, width) = extent(&plot.figure.x, field.x, WIDE, |value| plot.x(value));
                let (y, height) = extent(&plot.figure.y, field.y, HIGH, |value| plot.y(value));
                // A little over the edge, or the ground would shimmer through between two fields.
                canvas.fill(x, y, width + 0.4, height + 0.4, shaded(field.value, low, high), 255);
            }
        }
        Marks::Boxes(boxes) => boxes.iter().for_each(|mark| one_box(canvas, plot, mark)),
    }
}

fn one_box(canvas: &mut Canvas, plot: &Plot, mark: &BoxMark) {
    let color = group_color(mark.group);
    let (x, width) = across(plot, mark.place, mark.slot);
    let middle = x + width / 2.0;
    let [low, first, median, third, high] = mark.five.map(|value| plot.y(value));
    canvas.line(&[(middle, low), (middle, first)], 1.2, color, 255);
    canvas.line(&[(middle, third), (middle, high)], 1.2, color, 255);
    canvas.fill(x, third, width, first - third, color, 115);
    canvas.fill(x, median - 1.0, width, 2.0, color, 255);
    for value in &mark.beyond {
        canvas.disc(middle, plot.y(*value), 1.8, color, 90);
    }
}

fn shaded(value: f64, low: f64, high: f64) -> [u8; 3] {
    shade(if high > low { (value - low) / (high - low) } else { 0.5 })
}

/// Where a bar begins and how wide it is.
fn across(plot: &Plot, place: Place, (slot, slots): (usize, usize)) -> (f32, f32) {
    match place {
        Place::Band(index) => {
            let bands = match &plot.figure.x.scale {
                Scale::Bands(names) => names.len().max(1),
                _ => 1,
            };
            let step = WIDE / bands as f32;
            let start = plot.left + step * index as f32 + step * (1.0 - FILL) / 2.0;
            let width = step * FILL / slots.max(1) as f32;
            (start + width * slot as f32, width)
        }
        Place::Span(from, to) => {
            let (start, end) = (plot.x(from), plot.x(to));
            (start, (end - start - 1.0).max(0.5))
        }
    }
}

/// Where a field begins along an axis and how long it is.
fn extent(axis: &Axis, place: Place, length: f32, at: impl Fn(f64) -> f32) -> (f32, f32) {
    match (place, &axis.scale) {
        (Place::Band(index), Scale::Bands(names)) => {
            let step = length / names.len().max(1) as f32;
            (at(index as f64) - step / 2.0, step)
        }
        (Place::Band(index), _) => (at(index as f64), 1.0),
        (Place::Span(from, to), _) => {
            let (start, end) = (at(from), at(to));
            (start.min(end), (end - start).abs())
        }
    }
}
