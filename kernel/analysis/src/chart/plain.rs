//! A figure as text: for terminals, for those who hear it read, and for what stands where a picture is not seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::figure::{Figure, Key, Marks, Place, Scale};
use super::scale::{exact, moment_in, short};

/// The most lines of bars.
const LINES: usize = 24;
/// How wide the longest bar is.
const WIDE: f64 = 40.0;
/// The longest label.
const LABEL: usize = 24;
const BLOCKS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The figure in words, in one paragraph.
pub(super) fn describe(figure: &Figure) -> String {
    let mut text = format!("{}. {}", figure.title.trim_end_matches('.'), kind(figure));
    let _ = write!(text, " Across: {}, {}.", figure.x.title, range(&figure.x.scale));
    let _ = write!(text, " Up: {}, {}.", figure.y.title, range(&figure.y.scale));
    match &figure.key {
        Some(Key::Groups { title, names }) => {
            let _ = write!(text, " Colours: {title}, {}.", some(names));
        }
        Some(Key::Shades { title, low, high }) => {
            let _ = write!(text, " Shades: {title}, from {} to {}.", short(*low), short(*high));
        }
        None => {}
    }
    let _ = write!(text, " {}.", figure.subtitle);
    for note in &figure.notes {
        let _ = write!(text, " {note}");
    }
    text
}

/// The figure as text: in words, then as far as letters can draw it.
pub(super) fn text(figure: &Figure) -> String {
    let mut out = format!("{}\n{}\n", figure.title, figure.subtitle);
    figure.notes.iter().for_each(|note| out.push_str(&format!("{note}\n")));
    out.push('\n');
    let body = match &figure.marks {
        Marks::Bars(_) => bars(figure),
        Marks::Lines(lines) => {
            courses(figure, lines.iter().map(|line| (line.group, line.points.clone())).collect())
        }
        Marks::Areas(areas) => courses(
            figure,
            areas
                .iter()
                .map(|area| (area.group, area.points.iter().map(|(x, from, to)| (*x, to - from)).collect()))
                .collect(),
        ),
        Marks::Points(_) | Marks::Fields(_) => grid(figure),
        Marks::Boxes(_) => boxes(figure),
    };
    out.push_str(&body);
    out.trim_end().to_owned()
}

fn kind(figure: &Figure) -> String {
    let many = |count: usize, one: &str, more: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {more}"),
    };
    match &figure.marks {
        Marks::Bars(bars) => format!("A bar chart of {}.", many(bars.len(), "bar", "bars")),
        Marks::Lines(lines) => format!("A line chart of {}.", many(lines.len(), "line", "lines")),
        Marks::Areas(areas) => format!("An area chart of {}.", many(areas.len(), "area", "areas")),
        Marks::Points(points) => format!("A chart of {}.", many(points.len(), "point", "points")),
        Marks::Fields(fields) => format!("A heatmap of {}.", many(fields.len(), "field", "fields")),
        Marks::Boxes(boxes) => format!("A box chart of {}.", many(boxes.len(), "box", "boxes")),
    }
}

fn range(scale: &Scale) -> String {
    match scale {
        Scale::Number(low, high) => format!("from {} to {}", short(*low), short(*high)),
        Scale::Time { low, high, clock, zone } => {
            format!("from {} to {}", moment_in(*low, *clock, zone), moment_in(*high, *clock, zone))
        }
        Scale::Bands(names) => some(names),
    }
}

/// A few of the names.
fn some(names: &[String]) -> String {
    const FEW: usize = 8;
    let shown: Vec<&str> = names.iter().take(FEW).map(String::as_str).collect();
    match names.len().checked_sub(FEW) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// A place along an axis as a label.
fn label(scale: &Scale, place: Place) -> String {
    match (place, scale) {
        (Place::Band(index), Scale::Bands(names)) => names.get(index).cloned().unwrap_or_default(),
        (Place::Band(index), _) => index.to_string(),
        (Place::Span(from, _), Scale::Time { clock, zone, .. }) => moment_in(from, *clock, zone),
        (Place::Span(from, _), _) => short(from),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LABEL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A bar of letters, so long as its share of the longest.
fn bar(share: f64) -> String {
    let eighths = (share.clamp(0.0, 1.0) * WIDE * 8.0).round() as usize;
    let mut text: String = std::iter::repeat_n(BLOCKS[7], eighths / 8).collect();
    if let Some(part) = (eighths % 8).checked_sub(1) {
        text.push(BLOCKS[part]);
    }
    if text.is_empty() { "▏".to_owned() } else { text }
}

fn group_name(figure: &Figure, group: usize) -> Option<&str> {
    match &figure.key {
        Some(Key::Groups { names, .. }) => names.get(group).map(String::as_str),
        _ => None,
    }
}

fn bars(figure: &Figure) -> String {
    let Marks::Bars(bars) = &figure.marks else { return String::new() };
    let lines: Vec<(String, f64)> = bars
        .iter()
        .map(|bar| {
            let place = label(&figure.x.scale, bar.place);
            let name = match group_name(figure, bar.group) {
                Some(group) => format!("{place} · {group}"),
                None => place,
            };
            (cut(&name), bar.to - bar.from)
        })
        .collect();
    lengths(&lines)
}

fn lengths(lines: &[(String, f64)]) -> String {
    let most = lines.iter().map(|(_, value)| value.abs()).fold(0.0, f64::max);
    let wide = lines.iter().take(LINES).map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, value) in lines.iter().take(LINES) {
        let pad = " ".repeat(wide - name.chars().count());
        let share = if most > 0.0 { value.abs() / most } else { 0.0 };
        let _ = writeln!(out, " {pad}{name} | {} {}", bar(share), exact(*value));
    }
    if lines.len() > LINES {
        let _ = writeln!(out, " … and {} more", lines.len() - LINES);
    }
    out
}

/// Each line as a row of steps, with its ends.
fn courses(figure: &Figure, courses: Vec<(usize, Vec<(f64, f64)>)>) -> String {
    const STEPS_WIDE: usize = 60;
    let mut out = String::new();
    let wide = courses
        .iter()
        .filter_map(|(group, _)| group_name(figure, *group))
        .map(|name| cut(name).chars().count())
        .max()
        .unwrap_or(0);
    for (group, points) in &courses {
        if let Some(name) = group_name(figure, *group) {
            let name = cut(name);
            let _ = write!(out, " {}{name} ", " ".repeat(wide - name.chars().count()));
        }
        let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        let (low, high) = values
            .iter()
            .fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(*value), high.max(*value)));
        let every = values.len().div_ceil(STEPS_WIDE).max(1);
        let steps = values.chunks(every).map(|chunk| {
            let mean = chunk.iter().sum::<f64>() / chunk.len() as f64;
            let share = if high > low { (mean - low) / (high - low) } else { 0.5 };
            STEPS[((share * 7.0).round() as usize).min(7)]
        });
        let steps: String = steps.collect();
        let _ = writeln!(out, " {steps}  least {}, greatest {}", exact(low), exact(high));
    }
    let _ = writeln!(out, " {}: {}", figure.x.title, range(&figure.x.scale));
    out
}

/// Points and fields as a coarse grid, darker where there is more.
fn grid(figure: &Figure) -> String {
    const GRID: (usize, usize) = (56, 14);
    const DARK: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let share = |scale: &Scale, value: f64| match scale {
        Scale::Number(low, high) | Scale::Time { low, high, .. } => {
            (value - low) / (high - low).max(f64::MIN_POSITIVE)
        }
        Scale::Bands(names) => (value + 0.5) / names.len().max(1) as f64,
    };
    let marks: Vec<(f64, f64, f64)> = match &figure.marks {
        Marks::Points(points) => points.iter().map(|point| (point.x, point.y, point.rows as f64)).collect(),
        Marks::Fields(fields) => {
            fields.iter().map(|field| (field.x.middle(), field.y.middle(), field.value)).collect()
        }
        _ => Vec::new(),
    };
    let cells = |scale: &Scale, most: usize| match scale {
        Scale::Bands(names) => names.len().min(most),
        _ => most,
    };
    let (across, up) = (cells(&figure.x.scale, GRID.0), cells(&figure.y.scale, GRID.1));
    let mut fields: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for (x, y, amount) in marks {
        let place = |scale: &Scale, value: f64, cells: usize| {
            ((share(scale, value) * cells as f64) as usize).min(cells.saturating_sub(1))
        };
        let cell = (place(&figure.y.scale, y, up), place(&figure.x.scale, x, across));
        let field = fields.entry(cell).or_default();
        *field = if matches!(figure.marks, Marks::Points(_)) { *field + amount } else { field.max(amount) };
    }
    let most = fields.values().copied().fold(0.0, f64::max);
    let mut out = String::new();
    for line in (0..up).rev() {
        let row: String = (0..across)
            .map(|column| match fields.get(&(line, column)) {
                None => DARK[0],
                Some(amount) if most > 0.0 => {
                    DARK[1 + ((amount / most).sqrt() * 3.0).round().clamp(0.0, 3.0) as usize]
                }
                Some(_) => DARK[1],
            })
            .collect();
        let name = match &figure.y.scale {
            Scale::Bands(names) if names.len() == up => format!(" {}", names[line]),
            _ => String::new(),
        };
        let _ = writeln!(out, " |{row}|{name}");
    }
    let _ = writeln!(out, " {}: {}", figure.x.title, range(&figure.x.scale));
    let _ = writeln!(out, " {}: {}", figure.y.title, range(&figure.y.scale));
    out
}

fn boxes(figure: &Figure) -> String {
    let Marks::Boxes(boxes) = &figure.marks else { return String::new() };
    let names: Vec<String> = boxes
        .iter()
        .map(|mark| {
            let place = label(&figure.x.scale, mark.place);
            match group_name(figure, mark.group) {
                Some(group) => cut(&format!("{place} · {group}")),
                None => cut(&place),
            }
        })
        .collect();
    let wide = names.iter().take(LINES).map(|name| name.chars().count()).max().unwrap_or(0);
    let mut out = format!(" {} | median (quartiles) [whiskers]\n", " ".repeat(wide));
    for (name, mark) in names.iter().zip(boxes).take(LINES) {
        let [low, first, median, third, high] = mark.five.map(exact);
        let pad = " ".repeat(wide - name.chars().count());
        let _ = writeln!(
            out,
            " {pad}{name} | {median} ({first} to {third}) [{low} to {high}], {} rows",
            mark.rows
        );
    }
    if boxes.len() > LINES {
        let _ = writeln!(out, " … and {} more", boxes.len() - LINES);
    }
    out
}
