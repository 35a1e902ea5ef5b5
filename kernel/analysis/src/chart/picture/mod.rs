//! A figure as a PNG picture, for places that draw no charts: GitHub, VS Code, a page, a PDF.
//!
//! Its ground is transparent and its ink middling, so that it reads in light and dark. It is drawn at twice its size.

mod canvas;
mod file;
mod marks;

use canvas::{Anchor, Canvas, Style};

use super::figure::{Figure, Key, Marks, Scale};
use super::palette;
use super::scale::{NumberForm, number_ticks, time_ticks};

/// The size of the ground between the axes, in pixels of the page; the frontend's chart has the same.
pub(super) const PLOT_WIDTH: u32 = 560;
/// Its height.
pub(super) const PLOT_HEIGHT: u32 = 300;

const WIDE: f32 = PLOT_WIDTH as f32;
const HIGH: f32 = PLOT_HEIGHT as f32;
const SMALL: f32 = 11.0;
const TITLE: f32 = 14.0;
/// The longest label, in pixels.
const LABEL: f32 = 160.0;
const MARGIN: f32 = 10.0;

/// The angle at which names under an axis fit beside each other, in degrees.
pub(super) fn label_angle(names: &[String]) -> i32 {
    let Some(canvas) = Canvas::new(1, 1) else { return 0 };
    let step = WIDE / names.len().max(1) as f32;
    let widest = names.iter().map(|name| canvas.width(name, SMALL, false).min(LABEL)).fold(0.0, f32::max);
    if widest <= step - 4.0 {
        0
    } else if step >= 14.0 {
        -45
    } else {
        -90
    }
}

/// Where the ground between the axes lies, and how values become places on it.
pub(super) struct Plot<'a> {
    left: f32,
    top: f32,
    figure: &'a Figure,
}

impl Plot<'_> {
    fn x(&self, value: f64) -> f32 {
        self.left + share(&self.figure.x.scale, value) as f32 * WIDE
    }

    fn y(&self, value: f64) -> f32 {
        self.top + (1.0 - share(&self.figure.y.scale, value) as f32) * HIGH
    }
}

/// How far along an axis a value is, from nothing to one. A band is where its middle is.
fn share(scale: &Scale, value: f64) -> f64 {
    match scale {
        Scale::Number(low, high) | Scale::Time { low, high, .. } => {
            if high > low {
                // Halves, because the distance of two numbers may be more than a number holds.
                (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)
            } else {
                0.5
            }
        }
        Scale::Bands(names) => (value + 0.5) / names.len().max(1) as f64,
    }
}

/// Draws the figure: the PNG file, and its width and height in pixels of the page. `alt` goes into the file as well.
pub(super) fn draw(figure: &Figure, alt: &str) -> Option<(Vec<u8>, u32, u32)> {
    let ruler = Canvas::new(1, 1)?;
    let measure = |text: &str| ruler.width(text, SMALL, false);
    let y_labels = labels(&figure.y.scale);
    let x_labels = labels(&figure.x.scale);
    let widest = y_labels.iter().map(|(_, label)| measure(label).min(LABEL)).fold(0.0, f32::max);
    let left = MARGIN + 18.0 + widest + 8.0;
    let lines = heading(figure, &ruler);
    let top = MARGIN + 8.0 + TITLE + 15.0 * lines.len() as f32 + 12.0;
    let angle = match &figure.x.scale {
        Scale::Bands(names) => label_angle(names),
        _ => 0,
    };
    let deepest = x_labels.iter().map(|(_, label)| measure(label).min(LABEL)).fold(0.0, f32::max);
    let depth = match angle {
        0 => SMALL,
        -45 => deepest * 0.72 + SMALL,
        _ => deepest + 4.0,
    };
    let right = MARGIN + key_width(figure, &ruler);
    let (width, height) = (left + WIDE + right, top + HIGH + 8.0 + depth + 24.0 + MARGIN);
    let (width, height) = (width.ceil() as u32, height.ceil() as u32);
    let mut canvas = Canvas::new(width, height)?;
    let plot = Plot { left, top, figure };

    let ink = palette::rgb(palette::INK);
    canvas.text(&figure.title, left, MARGIN + TITLE, &Style::of(TITLE, ink).bold());
    for (index, line) in lines.iter().enumerate() {
        canvas.text(line, left, MARGIN + TITLE + 4.0 + 15.0 * (index + 1) as f32, &Style::of(SMALL, ink));
    }
    axes(&mut canvas, &plot, &x_labels, &y_labels, angle);
    marks::draw(&mut canvas, &plot);
    axis_lines(&mut canvas, &plot);
    canvas.text(
        &figure.x.title,
        left + WIDE / 2.0,
        top + HIGH + 8.0 + depth + 22.0,
        &Style::of(SMALL, ink).anchored(Anchor::Middle),
    );
    canvas.text(
        &figure.y.title,
        MARGIN + SMALL,
        top + HIGH / 2.0,
        &Style::of(SMALL, ink).anchored(Anchor::Middle).turned(-90),
    );
    key(&mut canvas, figure, left + WIDE + 18.0, top);
    Some((canvas.png(&figure.title, alt)?, width, height))
}

/// The subtitle and the notes, broken where they would leave the picture.
fn heading(figure: &Figure, ruler: &Canvas) -> Vec<String> {
    let mut lines = Vec::new();
    for text in std::iter::once(&figure.subtitle).chain(&figure.notes) {
        let mut line = String::new();
        for word in text.split(' ') {
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if ruler.width(&longer, SMALL, false) > WIDE && !line.is_empty() {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            } else {
                line = longer;
            }
        }
        lines.push(line);
    }
    lines
}

/// The ticks of an axis with their labels.
fn labels(scale: &Scale) -> Vec<(f64, String)> {
    match scale {
        Scale::Number(low, high) => {
            let form = NumberForm::of(*low, *high);
            number_ticks(*low, *high).into_iter().map(|tick| (tick, form.write(tick))).collect()
        }
        Scale::Time { low, high, clock, zone } => time_ticks(*low, *high, *clock, zone),
        Scale::Bands(names) => {
            names.iter().enumerate().map(|(index, name)| (index as f64, name.clone())).collect()
        }
    }
}

fn axes(
    canvas: &mut Canvas,
    plot: &Plot,
    x_labels: &[(f64, String)],
    y_labels: &[(f64, String)],
    angle: i32,
) {
    let ink = palette::rgb(palette::INK);
    let bottom = plot.top + HIGH;
    if !matches!(plot.figure.y.scale, Scale::Bands(_)) {
        for (tick, _) in y_labels {
            canvas.rule(plot.left, plot.y(*tick), plot.left + WIDE, plot.y(*tick), GRID_ALPHA);
        }
    }
    let high = HIGH / y_labels.len().max(1) as f32;
    let every = if matches!(plot.figure.y.scale, Scale::Bands(_)) {
        (12.0 / high).ceil().max(1.0) as usize
    } else {
        1
    };
    for (tick, label) in y_labels.iter().step_by(every) {
        let label = canvas.cut(label, SMALL, LABEL);
        let style = Style::of(SMALL, ink).anchored(Anchor::End);
        canvas.text(&label, plot.left - 8.0, plot.y(*tick) + 4.0, &style);
    }
    let step = WIDE / x_labels.len().max(1) as f32;
    let bands = matches!(plot.figure.x.scale, Scale::Bands(_));
    let every = if bands { (12.0 / step).ceil().max(1.0) as usize } else { 1 };
    for (tick, label) in x_labels.iter().step_by(every) {
        let label = canvas.cut(label, SMALL, LABEL);
        let x = plot.x(*tick);
        canvas.rule(x, bottom, x, bottom + 4.0, LINE_ALPHA);
        let style = Style::of(SMALL, ink);
        match angle {
            0 => canvas.text(&label, x, bottom + 8.0 + SMALL, &style.anchored(Anchor::Middle)),
            -45 => canvas.text(&label, x + 4.0, bottom + 14.0, &style.anchored(Anchor::End).turned(-45)),
            _ => canvas.text(&label, x + 4.0, bottom + 8.0, &style.anchored(Anchor::End).turned(-90)),
        }
    }
}

/// How much of the grid and of the axes shows, of 255.
const GRID_ALPHA: u8 = 56;
const LINE_ALPHA: u8 = 150;

fn axis_lines(canvas: &mut Canvas, plot: &Plot) {
    let (right, bottom) = (plot.left + WIDE, plot.top + HIGH);
    canvas.rule(plot.left, bottom, right, bottom, LINE_ALPHA);
    canvas.rule(plot.left, plot.top, plot.left, bottom, LINE_ALPHA);
    if let Scale::Number(low, high) = plot.figure.y.scale
        && low < 0.0
        && high > 0.0
        && !matches!(plot.figure.marks, Marks::Points(_) | Marks::Fields(_))
    {
        canvas.rule(plot.left, plot.y(0.0), right, plot.y(0.0), LINE_ALPHA);
    }
}

/// The widths of a key's parts: a swatch with its gap, a bar of shades with its gap.
const SWATCH: f32 = 18.0;
const SHADE_BAR: f32 = 14.0;

fn key_width(figure: &Figure, ruler: &Canvas) -> f32 {
    let measure = |text: &str| ruler.width(text, SMALL, false).min(LABEL);
    match &figure.key {
        None => 6.0,
        Some(Key::Groups { title, names }) => {
            let names = names.iter().map(|name| measure(name) + SWATCH).fold(0.0, f32::max);
            18.0 + names.max(measure(title))
        }
        Some(Key::Shades { title, low, high }) => {
            let labels = shade_labels(*low, *high);
            let labels = labels.iter().map(|(_, label)| measure(label)).fold(0.0, f32::max);
            18.0 + (SHADE_BAR + 6.0 + labels).max(measure(title))
        }
    }
}

fn shade_labels(low: f64, high: f64) -> Vec<(f64, String)> {
    let form = NumberForm::of(low, high);
    number_ticks(low, high).into_iter().map(|tick| (tick, form.write(tick))).collect()
}

fn key(canvas: &mut Canvas, figure: &Figure, x: f32, top: f32) {
    let style = Style::of(SMALL, palette::rgb(palette::INK));
    match &figure.key {
        None => {}
        Some(Key::Groups { title, names }) => {
            let title = canvas.cut(title, SMALL, LABEL);
            canvas.text(&title, x, top + SMALL, &style);
            for (index, name) in names.iter().enumerate() {
                let y = top + 18.0 * (index + 1) as f32;
                canvas.disc(x + 5.0, y + 7.0, 5.0, marks::group_color(index), 255);
                let name = canvas.cut(name, SMALL, LABEL);
                canvas.text(&name, x + SWATCH, y + SMALL, &style);
            }
        }
        Some(Key::Shades { title, low, high }) => {
            let title = canvas.cut(title, SMALL, LABEL);
            canvas.text(&title, x, top + SMALL, &style);
            let (start, length) = (top + 22.0, 160.0);
            for line in 0..160_u8 {
                let share = 1.0 - f64::from(line) / 159.0;
                canvas.fill(x, start + f32::from(line), SHADE_BAR, 1.0, palette::shade(share), 255);
            }
            for (tick, label) in shade_labels(*low, *high) {
                let share = if high > low { (tick - low) / (high - low) } else { 0.5 };
                canvas.text(&label, x + SHADE_BAR + 6.0, start + length * (1.0 - share as f32) + 4.0, &style);
            }
        }
    }
}
