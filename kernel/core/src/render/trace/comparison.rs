//! Two traces side by side: the totals on one axis, what grew and what shrank.

use super::html::{FAINT, colour};
use super::words;
use crate::render::MimeBundle;
use crate::render::escape::{content, prose, visible_prose};
use crate::trace::compare::{Change, Pair, Place, StepChange};
use crate::trace::{Comparison, Trace, micros};

/// Rows of each table at most.
const PHASES: usize = 10;
const STEPS: usize = 15;

/// Draws what became of the time between two traces: `before` and `after`.
pub fn trace_comparison(before: &Trace, after: &Trace) -> MimeBundle {
    let comparison = Comparison::of(before, after);
    MimeBundle {
        html: Some(html(before, after, &comparison)),
        plain: plain(before, after, &comparison),
        ..MimeBundle::default()
    }
}

/// `The second took 12.3 ms, 49.4 ms less than the first. Most of that: reading (replica), 40.0 ms less.`
pub(super) fn verdict(comparison: &Comparison) -> String {
    let Pair { before, after } = comparison.total_us;
    let mut text =
        format!("The second took {}, {} than the first", micros(after), difference(comparison.total_us));
    if before > 0 && after > 0 && before.max(after) >= 2 * before.min(after) {
        let times = before.max(after) as f64 / before.min(after) as f64;
        text.push_str(&format!(" ({times:.1} times as {})", if after < before { "fast" } else { "long" }));
    }
    text.push('.');
    if let Some(most) = comparison.most() {
        text.push_str(&format!(" Most of that: {}, {}.", most.what.words(), difference(most.pair)));
    }
    text
}

fn difference(pair: Pair) -> String {
    match pair.grown() {
        0 => "not longer or shorter".to_owned(),
        grown if grown > 0 => format!("{} more", micros(grown)),
        grown => format!("{} less", micros(grown.saturating_abs())),
    }
}

fn change(pair: Pair, shown: impl Fn(i64) -> String) -> String {
    match pair.grown() {
        0 => "=".to_owned(),
        grown if grown > 0 => format!("+{}", shown(grown)),
        grown => format!("−{}", shown(grown.saturating_abs())),
    }
}

/// Parts that differ by so little that chance makes it are left out.
fn phases(comparison: &Comparison) -> Vec<&Change<Place>> {
    let least = comparison.total_us.before.max(comparison.total_us.after) / 100;
    let shown = comparison.phases.iter().filter(|change| change.pair.before.max(change.pair.after) > least);
    shown.take(PHASES).collect()
}

fn steps(comparison: &Comparison) -> Vec<&StepChange> {
    let least = comparison.total_us.before.max(comparison.total_us.after) / 100;
    let shown = comparison.steps.iter().filter(|step| step.us.grown().saturating_abs() > least);
    shown.take(STEPS).collect()
}

fn statements(before: &Trace, after: &Trace) -> Vec<String> {
    let mut lines = vec![words::cut(before.request(), 300)];
    if before.request() != after.request() {
        lines.push(words::cut(after.request(), 300));
    }
    lines
}

fn html(before: &Trace, after: &Trace, comparison: &Comparison) -> String {
    let mut out = String::from("<div class=\"cqlbook cqlbook-trace\">");
    for line in statements(before, after) {
        out.push_str("<div><code>");
        content(&mut out, &line);
        out.push_str("</code></div>");
    }
    out.push_str("<div style=\"font-size:118%;margin:4px 0 2px 0\">");
    content(&mut out, &visible_prose(&verdict(comparison)));
    out.push_str("</div><div style=\"margin:6px 0;max-width:1400px\">");
    let longest = before.total_us.max(after.total_us).max(1);
    for (name, trace) in [("First", before), ("Second", after)] {
        bar(&mut out, name, trace, longest);
    }
    out.push_str("</div>");
    let rows = phases(comparison)
        .into_iter()
        .map(|change| (visible_prose(&change.what.words()), String::new(), change.pair));
    table(&mut out, "What the request waited for", rows, micros, longest);
    let rows = comparison.counts.iter().map(|change| (change.what.to_owned(), String::new(), change.pair));
    table(&mut out, "What was done", rows, |number| crate::render::count(number.max(0) as u64), 0);
    for (words, findings) in [("Gone", &comparison.gone), ("New", &comparison.new)] {
        for finding in findings {
            out.push_str(&format!("<div><b>{words}:</b> "));
            prose(&mut out, &visible_prose(finding));
            out.push_str("</div>");
        }
    }
    let steps = steps(comparison);
    if !steps.is_empty() {
        out.push_str(&format!(
            "<details><summary>{FAINT}Steps that differ, in the server's words</small></summary>"
        ));
        let rows = steps.into_iter().map(|step| (words::cut(&step.activity, 120), times(step), step.us));
        table(&mut out, "Step, until the next one", rows, micros, longest);
        out.push_str("</details>");
    }
    out.push_str("</div>");
    out
}

fn times(step: &StepChange) -> String {
    let Pair { before, after } = step.times;
    match before == after {
        true if before == 1 => step.actor.words().to_owned(),
        true => format!("{}, {before} times", step.actor.words()),
        false => format!("{}, {before} → {after} times", step.actor.words()),
    }
}

/// A trace's stretches as one bar, as long as it took beside the other.
fn bar(out: &mut String, name: &str, trace: &Trace, longest: i64) {
    out.push_str(&format!(
        "<div style=\"display:flex\"><div style=\"width:21%;box-sizing:border-box;padding:2px 8px 2px 0;text-align:left\"><b>{name}</b> {FAINT}{}</small></div><div style=\"width:79%;position:relative;height:22px\">",
        micros(trace.total_us)
    ));
    let place = |us: i64| format!("{:.2}%", us as f64 / longest as f64 * 100.0);
    for part in trace.stretches.iter().flat_map(|stretch| &stretch.parts) {
        if part.us() * 500 < longest {
            continue;
        }
        let words = part.words();
        let fits = part.us() as f64 / longest as f64 > super::html::ROOM * words.len() as f64;
        out.push_str(&format!(
            "<div style=\"position:absolute;left:{};width:{};top:2px;height:18px;overflow:hidden;white-space:nowrap;text-align:center;font-size:11px;line-height:18px;{}\">",
            place(part.from_us),
            place(part.us()),
            colour(part.phase)
        ));
        if fits {
            content(out, &visible_prose(&words));
        }
        out.push_str("</div>");
    }
    out.push_str("</div></div>");
}

fn table(
    out: &mut String,
    title: &str,
    rows: impl Iterator<Item = (String, String, Pair)>,
    shown: impl Fn(i64) -> String,
    longest: i64,
) {
    let mut body = String::new();
    for (what, note, pair) in rows {
        body.push_str("<tr><td style=\"text-align:left\">");
        content(&mut body, &what);
        if !note.is_empty() {
            body.push_str(&format!(" {FAINT}"));
            content(&mut body, &note);
            body.push_str("</small>");
        }
        body.push_str("</td>");
        for text in [shown(pair.before), shown(pair.after)] {
            body.push_str(&format!("<td style=\"text-align:right;white-space:nowrap\">{text}</td>"));
        }
        body.push_str(&format!(
            "<td style=\"text-align:right;white-space:nowrap\"><b>{}</b></td>",
            change(pair, &shown)
        ));
        if longest > 0 {
            grown(&mut body, pair, longest);
        }
        body.push_str("</tr>\n");
    }
    if body.is_empty() {
        return;
    }
    out.push_str("<table class=\"cqlbook-list dataframe\" style=\"margin:0 0 6px 0\"><thead><tr>");
    for (name, align) in [(title, "left"), ("First", "right"), ("Second", "right"), ("Change", "right")] {
        out.push_str(&format!("<th scope=\"col\" style=\"text-align:{align}\">{name}</th>"));
    }
    out.push_str(if longest > 0 { "<th></th></tr></thead><tbody>\n" } else { "</tr></thead><tbody>\n" });
    out.push_str(&body);
    out.push_str("</tbody></table>");
}

/// The change as a bar, to the right where it grew.
fn grown(out: &mut String, pair: Pair, longest: i64) {
    let width = pair.grown().saturating_abs() as f64 / longest as f64 * 50.0;
    let (side, colour) = match pair.grown() > 0 {
        true => ("left", "rgba(220,60,60,0.45)"),
        false => ("right", "rgba(0,150,136,0.45)"),
    };
    out.push_str(&format!(
        "<td><div style=\"position:relative;width:160px;height:12px;background:rgba(128,128,128,0.1)\"><div style=\"position:absolute;{side}:50%;width:{:.1}%;min-width:1px;height:12px;background:{colour}\"></div></div></td>",
        width.min(50.0)
    ));
}

fn plain(before: &Trace, after: &Trace, comparison: &Comparison) -> String {
    let mut lines = statements(before, after);
    lines.push(verdict(comparison));
    lines.push(String::new());
    let line = |what: &str, first: &str, second: &str, change: &str| {
        format!("{what:<54}  {first:>9}  {second:>9}  {change:>9}")
    };
    lines.push(line("what the request waited for", "first", "second", "change"));
    for row in phases(comparison) {
        let Pair { before, after } = row.pair;
        lines.push(line(&row.what.words(), &micros(before), &micros(after), &change(row.pair, micros)));
    }
    lines.push(line(
        "total",
        &micros(before.total_us),
        &micros(after.total_us),
        &change(comparison.total_us, micros),
    ));
    lines.push(String::new());
    let count = |number: i64| crate::render::count(number.max(0) as u64);
    for row in &comparison.counts {
        lines.push(line(row.what, &count(row.pair.before), &count(row.pair.after), &change(row.pair, count)));
    }
    lines.extend(comparison.gone.iter().map(|finding| format!("Gone: {}", visible_prose(finding))));
    lines.extend(comparison.new.iter().map(|finding| format!("New: {}", visible_prose(finding))));
    let steps = steps(comparison);
    if !steps.is_empty() {
        lines.push(String::new());
        for step in steps {
            let Pair { before, after } = step.us;
            let what = words::cut(&format!("{}: {}", times(step), step.activity), 52);
            lines.push(line(&what, &micros(before), &micros(after), &change(step.us, micros)));
        }
    }
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n")
}
