//! A ground to draw on: rectangles, lines, discs and letters, and the PNG file that comes of them.

use ttf_parser::{Face, OutlineBuilder};
use zeno::{Command, Fill, Format, Join, Mask, Origin, PathBuilder, Stroke, Style as PathStyle, Transform};

use super::file;

/// Pixels of the picture for one of the page.
const SCALE: f32 = 2.0;
const REGULAR: &[u8] = include_bytes!("../font/Inter-Regular.otf");
const BOLD: &[u8] = include_bytes!("../font/Inter-SemiBold.otf");

/// Where a text stands from its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Clone, Copy)]
pub(super) struct Style {
    size: f32,
    color: [u8; 3],
    bold: bool,
    anchor: Anchor,
    degrees: i32,
}

impl Style {
    pub(super) const fn of(size: f32, color: [u8; 3]) -> Self {
        Self { size, color, bold: false, anchor: Anchor::Start, degrees: 0 }
    }

    pub(super) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(super) const fn anchored(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(super) const fn turned(self, degrees: i32) -> Self {
        Self { degrees, ..self }
    }
}

pub(super) struct Canvas {
    width: u32,
    height: u32,
    /// Red, green, blue and how much of them shows, of each pixel; not multiplied.
    pixels: Vec<[u8; 4]>,
    regular: Face<'static>,
    bold: Face<'static>,
}

impl Canvas {
    /// A ground of so many pixels of the page.
    pub(super) fn new(width: u32, height: u32) -> Option<Self> {
        let scaled = |length: u32| (length as f32 * SCALE) as u32;
        let (width, height) = (scaled(width), scaled(height));
        Some(Self {
            width,
            height,
            pixels: vec![[0; 4]; width as usize * height as usize],
            regular: Face::parse(REGULAR, 0).ok()?,
            bold: Face::parse(BOLD, 0).ok()?,
        })
    }

    fn face(&self, bold: bool) -> &Face<'static> {
        if bold { &self.bold } else { &self.regular }
    }

    /// How wide a text is.
    pub(super) fn width(&self, text: &str, size: f32, bold: bool) -> f32 {
        let face = self.face(bold);
        let units: u32 = text.chars().map(|letter| advance(face, letter)).sum();
        units as f32 * size / f32::from(face.units_per_em())
    }

    /// The text, cut where it is wider than `most`.
    pub(super) fn cut(&self, text: &str, size: f32, most: f32) -> String {
        if self.width(text, size, false) <= most {
            return text.to_owned();
        }
        let mut kept = String::new();
        for letter in text.chars() {
            kept.push(letter);
            if self.width(&kept, size, false) > most - size {
                kept.pop();
                break;
            }
        }
        format!("{}…", kept.trim_end())
    }

    /// Writes a text whose base line goes through the place.
    pub(super) fn text(&mut self, text: &str, x: f32, y: f32, style: &Style) {
        let back = match style.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => self.width(text, style.size, style.bold) / 2.0,
            Anchor::End => self.width(text, style.size, style.bold),
        };
        let face = self.face(style.bold);
        let unit = style.size / f32::from(face.units_per_em());
        let (sine, cosine) = (style.degrees as f32).to_radians().sin_cos();
        let mut outline =
            Outline { path: Vec::new(), pen: 0.0, unit, back, turn: (sine, cosine), place: (x, y) };
        for letter in text.chars() {
            if let Some(glyph) = face.glyph_index(letter).or_else(|| face.glyph_index('\u{fffd}')) {
                // A blank has no outline.
                let _ = face.outline_glyph(glyph, &mut outline);
            }
            outline.pen += advance(face, letter) as f32;
        }
        self.paint(&outline.path, Fill::NonZero.into(), style.color, 255);
    }

    /// A thin line; `alpha` is how much of it shows.
    pub(super) fn rule(&mut self, x: f32, y: f32, to_x: f32, to_y: f32, alpha: u8) {
        self.line(&[(x, y), (to_x, to_y)], 1.0, [128, 128, 128], alpha);
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: &[(f32, f32)], width: f32, color: [u8; 3], alpha: u8) {
        let mut stroke = Stroke::new(width);
        stroke.join(Join::Round);
        self.paint(&through(points), stroke.into(), color, alpha);
    }

    /// A closed shape through points.
    pub(super) fn shape(&mut self, points: &[(f32, f32)], color: [u8; 3], alpha: u8) {
        let mut path = through(points);
        path.close();
        self.paint(&path, Fill::NonZero.into(), color, alpha);
    }

    /// A rectangle.
    pub(super) fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, color: [u8; 3], alpha: u8) {
        // Nothing thinner than half a pixel is lost from sight.
        let (width, height) = (width.max(0.5), height.max(0.01));
        self.shape(&[(x, y), (x + width, y), (x + width, y + height), (x, y + height)], color, alpha);
    }

    /// A disc.
    pub(super) fn disc(&mut self, x: f32, y: f32, radius: f32, color: [u8; 3], alpha: u8) {
        let mut path: Vec<Command> = Vec::new();
        path.add_circle((x, y), radius);
        self.paint(&path, Fill::NonZero.into(), color, alpha);
    }

    fn paint(&mut self, path: &[Command], style: PathStyle<'_>, color: [u8; 3], alpha: u8) {
        if path.is_empty() {
            return;
        }
        let (mask, area) = Mask::new(path)
            .style(style)
            .transform(Some(Transform::scale(SCALE, SCALE)))
            .format(Format::Alpha)
            .origin(Origin::TopLeft)
            .render();
        let rows = mask.chunks_exact(area.width.max(1) as usize).zip(area.top..);
        for (row, y) in rows {
            for (&share, x) in row.iter().zip(area.left..) {
                self.blend(x, y, color, u32::from(share) * u32::from(alpha) / 255);
            }
        }
    }

    /// Lays a colour over a pixel.
    fn blend(&mut self, x: i32, y: i32, color: [u8; 3], alpha: u32) {
        let inside = |place: i32, length: u32| u32::try_from(place).ok().filter(|place| *place < length);
        let (Some(x), Some(y)) = (inside(x, self.width), inside(y, self.height)) else { return };
        let Some(pixel) = self.pixels.get_mut(y as usize * self.width as usize + x as usize) else { return };
        if alpha == 0 {
            return;
        }
        let under = u32::from(pixel[3]) * (255 - alpha) / 255;
        let all = (alpha + under).max(1);
        for (old, new) in pixel.iter_mut().zip(color) {
            *old = ((u32::from(new) * alpha + u32::from(*old) * under) / all).min(255) as u8;
        }
        pixel[3] = all.min(255) as u8;
    }

    /// The picture as a PNG file that says what it shows.
    pub(super) fn png(&self, title: &str, alt: &str) -> Option<Vec<u8>> {
        file::png(self.width, self.height, &self.pixels, &[("Title", title), ("Description", alt)])
    }
}

fn through(points: &[(f32, f32)]) -> Vec<Command> {
    let mut path: Vec<Command> = Vec::new();
    for (index, point) in points.iter().enumerate() {
        if index == 0 {
            path.move_to(*point);
        } else {
            path.line_to(*point);
        }
    }
    path
}

fn advance(face: &Face, letter: char) -> u32 {
    let glyph = face.glyph_index(letter).or_else(|| face.glyph_index('\u{fffd}'));
    glyph.and_then(|glyph| face.glyph_hor_advance(glyph)).map_or(0, u32::from)
}

/// The letters of a text, one behind the other, turned around the place where the text stands. Fonts count upwards, pictures
/// downwards.
struct Outline {
    path: Vec<Command>,
    /// Where the next letter begins, in the font's units.
    pen: f32,
    /// The font's unit.
    unit: f32,
    /// How far before its place the text begins.
    back: f32,
    /// Sine and cosine of the angle.
    turn: (f32, f32),
    place: (f32, f32),
}

impl Outline {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let (along, down) = ((self.pen + x) * self.unit - self.back, -y * self.unit);
        let (sine, cosine) = self.turn;
        (self.place.0 + cosine * along - sine * down, self.place.1 + sine * along + cosine * down)
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.path.move_to(to);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.path.line_to(to);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (control, to) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(control, to);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (first, second, to) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.curve_to(first, second, to);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
