//! The picture as text, with the same facts.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::legend::{self, Legend};
use super::{TraceOptions, events, words};
use crate::render::escape::visible_prose;
use crate::render::units::count;
use crate::trace::units::{share, tick, tick_label};
use crate::trace::{Lane, Trace, micros};

/// The lanes' width in characters.
const WIDTH: usize = 64;
/// The text ends after so many bytes.
const BUDGET: usize = 24_000;

pub(super) fn trace(trace: &Trace, options: &TraceOptions) -> String {
    let legend = legend::legend(trace);
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text.trim_end());
        out.push('\n');
    };
    if let Some(title) = &options.title {
        line(&visible_prose(title));
    }
    line(&words::cut(trace.request(), 1_000));
    if let Some(headline) = words::headline(trace, &legend) {
        let mostly = headline.mostly.map(|mostly| format!(" ({mostly})")).unwrap_or_default();
        line(&visible_prose(&format!("{}: {}{mostly}", headline.share, headline.what)));
    }
    line(&words::facts(trace).join(", "));
    if let Some(notice) = &options.notice {
        line(&visible_prose(notice));
    }
    line("");
    picture(&mut out, trace, &legend);
    out.push('\n');
    table(&mut out, trace, &legend);
    findings(&mut out, trace);
    event_list(&mut out, trace);
    out.truncate(out.trim_end().len());
    out
}

/// The axis, the path, the lanes.
fn picture(out: &mut String, trace: &Trace, legend: &Legend) {
    let end = trace.last_us().min(trace.total_us.saturating_add(trace.total_us / 4)).max(1);
    let notes: Vec<String> = trace
        .lanes
        .iter()
        .map(|lane| format!("{} {}", visible_prose(&lane.name), words::lane_note(trace, lane)))
        .collect();
    let names = notes.iter().map(|note| note.width()).max().unwrap_or(0).clamp(19, 48);
    let column = |us: i64| ((us.clamp(0, end) as f64 / end as f64) * (WIDTH - 1) as f64).round() as usize;

    let step = tick(end, 5);
    let mut axis = vec![' '; WIDTH + 12];
    for number in 0..=end / step {
        let at = column(number * step);
        for (place, c) in axis[at..].iter_mut().zip(tick_label(number * step, step).chars()) {
            *place = c;
        }
    }
    let axis: String = axis.into_iter().collect();
    let _ = writeln!(out, "{} {}", " ".repeat(names), axis.trim_end());

    // From the smallest to the largest, so that the large ones are in sight.
    let mut path = vec![' '; WIDTH];
    let mut order: Vec<usize> = (0..trace.stretches.len()).collect();
    order.sort_by_key(|&index| trace.stretches[index].us());
    for index in order {
        let (stretch, kind) = (&trace.stretches[index], legend.of.get(index).copied().unwrap_or(0));
        fill(&mut path, column(stretch.from_us), column(stretch.to_us), digit(legend, kind));
    }
    let path: String = path.into_iter().collect();
    let _ = writeln!(out, "{} {}", pad("Where the time went", names), path.trim_end());
    for ((number, lane), note) in trace.lanes.iter().enumerate().zip(&notes).take(40) {
        let _ = writeln!(out, "{} {}", pad(note, names), drawn(trace, number, lane, &column));
    }
    let _ = writeln!(out, "{} # waited for, . event", " ".repeat(names));
}

/// A kind's number, and a minus for the rest.
fn digit(legend: &Legend, kind: usize) -> char {
    match legend.kinds.get(kind) {
        Some(shown) if shown.kinds == 1 => char::from_digit(kind as u32 + 1, 36).unwrap_or('*'),
        _ => '-',
    }
}

fn drawn(trace: &Trace, number: usize, lane: &Lane, column: &impl Fn(i64) -> usize) -> String {
    let mut cells = vec![' '; WIDTH];
    for moment in trace.moments_of(lane) {
        cells[column(moment.at_us)] = '.';
    }
    for part in trace.stretches.iter().flat_map(|stretch| &stretch.parts).filter(|part| part.lane == number) {
        fill(&mut cells, column(part.from_us), column(part.to_us), '#');
    }
    cells.into_iter().collect::<String>().trim_end().to_owned()
}

fn fill(cells: &mut [char], from: usize, to: usize, with: char) {
    let last = cells.len().saturating_sub(1);
    for cell in &mut cells[from.min(last)..to.min(last).max(from.min(last) + 1)] {
        *cell = with;
    }
}

fn table(out: &mut String, trace: &Trace, legend: &Legend) {
    let words: Vec<String> = legend
        .kinds
        .iter()
        .map(|kind| {
            if kind.times > 1 { format!("{} ({} times)", kind.words, kind.times) } else { kind.words.clone() }
        })
        .collect();
    let width = words.iter().map(|words| words.width()).max().unwrap_or(0);
    for (index, (kind, words)) in legend.kinds.iter().zip(&words).enumerate() {
        let detail = kind.detail();
        let line = format!(
            "{} {}  {:>8}  {:>5}  {detail}",
            digit(legend, index),
            pad(words, width),
            micros(kind.us),
            share(kind.us, trace.total_us)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn findings(out: &mut String, trace: &Trace) {
    if !trace.findings.is_empty() {
        out.push('\n');
    }
    for finding in trace.findings.iter().take(12) {
        let advice = finding.advice.as_ref().map(|advice| format!(" {advice}")).unwrap_or_default();
        let _ = writeln!(out, "{}: {}{advice}", finding.weight.word(), visible_prose(&finding.text));
    }
}

fn event_list(out: &mut String, trace: &Trace) {
    let rows = events::rows(trace);
    if rows.is_empty() {
        return;
    }
    let nodes = rows.iter().map(|row| row.node.width()).max().unwrap_or(0);
    let _ = writeln!(out, "\n{:>8}  {:>8}  {}  activity", "at", "since", pad("node", nodes));
    for (index, row) in rows.iter().enumerate() {
        if out.len() > BUDGET {
            let left = count((rows.len() - index) as u64);
            let _ = writeln!(
                out,
                "{left} more rows are left out here. `%trace export {} FILE.csv` writes all events.",
                trace.id()
            );
            break;
        }
        let thread = if row.thread.is_empty() { String::new() } else { format!(" [{}]", row.thread) };
        let _ = writeln!(
            out,
            "{:>8}  {:>8}  {}  {}{thread}",
            row.at,
            row.since,
            pad(&row.node, nodes),
            row.activity
        );
    }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}
