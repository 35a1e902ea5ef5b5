//! The picture as HTML.

use super::bars::{self, Bar};
use super::events::{self, Row};
use super::legend::{self, Kind, Legend};
use super::{TraceOptions, words};
use crate::render::escape::{content, prose, visible_prose};
use crate::render::units::count;
use crate::text::floor_boundary;
use crate::trace::units::{share, tick, tick_label};
use crate::trace::{Finding, Lane, Part, Phase, Trace, micros};

/// The picture and everything under it.
const BUDGET: usize = 56_000;
/// How much of the statement is in sight, and how much there is at all.
const STATEMENT: usize = 240;
const STATEMENT_MOST: usize = 4_000;
/// How the picture is read.
const KEY: &str = "High bars are what the request waited for, low bars other work meanwhile, ticks the events. A fading bar is a message \
    on its way to that node, a dashed one a wait.";
/// Lanes that are drawn; of more nodes the rest is named only.
const LANES: usize = 24;
/// A lane's critical path, and a row of other work, in pixels.
const HIGH: usize = 18;
const LOW: usize = 6;
/// The width of a letter in a bar, as a share of the lane in a narrow notebook.
pub(super) const ROOM: f64 = 0.0095;
/// The width of the lanes' names, and of the lanes.
const NAMES: &str = "width:21%;box-sizing:border-box;padding:2px 8px 2px 0;overflow:hidden;text-align:left";
const TRACK: &str = "width:79%;position:relative";
pub(super) const FAINT: &str = "<small style=\"opacity:0.7\">";

pub(super) fn trace(trace: &Trace, options: &TraceOptions) -> String {
    within(trace, options, BUDGET)
}

/// The picture in about so many bytes: the event table is what is cut.
pub(super) fn within(trace: &Trace, options: &TraceOptions, budget: usize) -> String {
    let mut out = String::from("<div class=\"cqlbook cqlbook-trace\">");
    let legend = legend::legend(trace);
    head(&mut out, trace, options, &legend);
    picture(&mut out, trace, &legend);
    table(&mut out, trace, &legend);
    findings(&mut out, &trace.findings);
    parameters(&mut out, trace);
    event_table(&mut out, trace, budget);
    out.push_str("</div>");
    out
}

fn head(out: &mut String, trace: &Trace, options: &TraceOptions, legend: &Legend) {
    if let Some(title) = &options.title {
        out.push_str("<div><b>");
        prose(out, &visible_prose(title));
        out.push_str("</b></div>");
    }
    statement(out, trace.request());
    if let Some(headline) = words::headline(trace, legend) {
        out.push_str("<div style=\"font-size:118%;margin:4px 0 2px 0\"><b>");
        content(out, &headline.share);
        out.push_str("</b>: ");
        content(out, &visible_prose(&headline.what));
        if let Some(mostly) = &headline.mostly {
            out.push_str(&format!(" {FAINT}("));
            content(out, mostly);
            out.push_str(")</small>");
        }
        out.push_str("</div>");
    }
    out.push_str(&format!("<div>{FAINT}"));
    content(out, &words::facts(trace).join(" · "));
    out.push_str("</small></div>");
    if let Some(notice) = &options.notice {
        out.push_str("<div><small>");
        prose(out, &visible_prose(notice));
        out.push_str("</small></div>");
    }
}

fn statement(out: &mut String, text: &str) {
    let text = words::cut(text, STATEMENT_MOST);
    if text.len() <= STATEMENT {
        out.push_str("<div><code>");
        content(out, &text);
        out.push_str("</code></div>");
        return;
    }
    out.push_str("<details><summary><code>");
    content(out, text[..floor_boundary(&text, STATEMENT / 2)].trim_end());
    out.push_str(
        "…</code></summary><div style=\"max-height:20em;overflow:auto;overflow-wrap:break-word\"><code>",
    );
    content(out, &text);
    out.push_str("</code></div></details>");
}

/// The axis, where the time went on it, and the lanes.
fn picture(out: &mut String, trace: &Trace, legend: &Legend) {
    let axis = Axis::of(trace);
    out.push_str("<div style=\"margin:6px 0;max-width:1400px;overflow:hidden\">");
    axis.ticks(out);
    strip(out, trace, legend, &axis);
    let marks = bars::marks(trace, axis.end_us);
    for (number, lane) in trace.lanes.iter().enumerate().take(LANES) {
        draw_lane(out, trace, number, lane, marks.get(number).map(Vec::as_slice).unwrap_or_default(), &axis);
    }
    if trace.lanes.len() > LANES {
        out.push_str(&format!(
            "<div>{FAINT}{} more nodes are in the event table.</small></div>",
            trace.lanes.len() - LANES
        ));
    }
    if !trace.moments.is_empty() {
        out.push_str(&format!("<div>{FAINT}{KEY}</small></div>"));
    }
    let late = trace.moments.iter().filter(|moment| moment.at_us > axis.end_us).count();
    if late > 0 {
        let last = micros(trace.last_us());
        out.push_str(&format!(
            "<div>{FAINT}{} came after the answer and beyond this picture, the last at {last}.</small></div>",
            if late == 1 { "One event".to_owned() } else { format!("{late} events") }
        ));
    }
    out.push_str("</div>");
}

/// From a place in time to one in percent of the width.
struct Axis {
    end_us: i64,
    step_us: i64,
}

impl Axis {
    fn of(trace: &Trace) -> Self {
        // What comes after the answer is shown, but must not push the request aside.
        let end_us = trace.last_us().min(trace.total_us.saturating_add(trace.total_us / 4)).max(1);
        Self { end_us, step_us: tick(end_us, 6) }
    }

    fn percent(&self, us: i64) -> String {
        let hundredths = (us.clamp(0, self.end_us) as f64 / self.end_us as f64 * 1e4).round() as i64;
        match (hundredths / 100, hundredths % 100) {
            (whole, 0) => format!("{whole}%"),
            (whole, part) => format!("{whole}.{}%", format!("{part:02}").trim_end_matches('0')),
        }
    }

    fn ticks(&self, out: &mut String) {
        out.push_str(&format!(
            "<div style=\"display:flex\"><div style=\"{NAMES}\"></div><div style=\"{TRACK};height:16px\">"
        ));
        for number in 0..=self.end_us / self.step_us {
            let at = number * self.step_us;
            // The last label would hang over the edge.
            if at * 20 > self.end_us * 19 {
                break;
            }
            out.push_str(&format!(
                "<small style=\"position:absolute;left:{};opacity:0.7;white-space:nowrap\">{}</small>",
                self.percent(at),
                tick_label(at, self.step_us)
            ));
        }
        out.push_str("</div></div>");
    }

    /// The lines of the ticks, as a background.
    fn grid(&self) -> String {
        format!(
            "background-image:linear-gradient(to right,rgba(128,128,128,0.3) 1px,transparent 1px);background-size:{} 100%",
            self.percent(self.step_us)
        )
    }
}

/// Where the time went, as one bar whose numbers are those of the table.
fn strip(out: &mut String, trace: &Trace, legend: &Legend, axis: &Axis) {
    out.push_str(&format!(
        "<div style=\"display:flex;border-top:1px solid rgba(128,128,128,0.4)\"><div style=\"{NAMES}\"><b>Where the time went</b></div><div style=\"{TRACK};height:{}px;{}\">",
        HIGH + 6,
        axis.grid()
    ));
    for (stretch, &kind) in trace.stretches.iter().zip(&legend.of) {
        let Some(phase) = legend.kinds.get(kind).map(|kind| kind.phase) else { continue };
        let share = stretch.us() as f64 / axis.end_us as f64;
        let words = &legend.kinds[kind].words;
        let label = match share {
            share if share > ROOM * (words.len() + 3) as f64 => format!("{} {words}", kind + 1),
            share if share > 0.018 => (kind + 1).to_string(),
            _ => String::new(),
        };
        boxed(out, axis, (stretch.from_us, stretch.to_us), (3, HIGH), phase, &label, "");
    }
    if axis.end_us > trace.total_us {
        // The word needs room to the right.
        let room = (axis.end_us - trace.total_us) * 9 > axis.end_us;
        out.push_str(&format!(
            "<small style=\"position:absolute;left:{};top:4px;opacity:0.7;white-space:nowrap;border-left:2px solid;padding-left:3px\">{}</small>",
            axis.percent(trace.total_us),
            if room { "answered" } else { "" }
        ));
    }
    out.push_str("</div></div>");
}

fn draw_lane(out: &mut String, trace: &Trace, number: usize, lane: &Lane, marks: &[i64], axis: &Axis) {
    let bars = bars::bars(trace, number, lane);
    let rows = bars.iter().map(|bar| bar.row + 1).max().unwrap_or(0);
    let height = 3 + HIGH + 2 + rows * (LOW + 1) + 9;
    out.push_str(&format!("<div style=\"display:flex;border-top:1px solid rgba(128,128,128,0.25)\"><div style=\"{NAMES};line-height:1.25\"><b>"));
    content(out, &visible_prose(&lane.name));
    out.push_str(&format!("</b><br />{FAINT}"));
    content(out, &words::lane_note(trace, lane));
    out.push_str(&format!(
        "</small></div><div style=\"{TRACK};height:{}px;{}\">",
        height.max(36),
        axis.grid()
    ));
    let parts = trace.stretches.iter().flat_map(|stretch| &stretch.parts);
    for part in parts.filter(|part| part.lane == number && part.us() > 0) {
        critical(out, axis, part);
    }
    for bar in &bars {
        other(out, axis, bar);
    }
    if !marks.is_empty() {
        out.push_str(&format!(
            "<div style=\"position:absolute;left:0;width:100%;top:{}px;height:6px;opacity:0.55\">",
            3 + HIGH + 3 + rows * (LOW + 1)
        ));
        for place in marks {
            let left = match (place / 10, place % 10) {
                (whole, 0) => format!("{whole}%"),
                (whole, part) => format!("{whole}.{part}%"),
            };
            out.push_str(&format!(
                "<i style=\"position:absolute;left:{left};height:100%;border-left:1px solid\"></i>"
            ));
        }
        out.push_str("</div>");
    }
    out.push_str("</div></div>");
}

/// A part of the critical path: high, with its name where that has room.
fn critical(out: &mut String, axis: &Axis, part: &Part) {
    let share = part.us() as f64 / axis.end_us as f64;
    // Parts of less than a pixel or two are in the table.
    if share < 0.0015 {
        return;
    }
    let words = part.words();
    let label = match share {
        share if share > ROOM * (words.len() + 8) as f64 => format!("{words} {}", micros(part.us())),
        share if share > ROOM * words.len() as f64 => words.clone(),
        share if share > 0.075 => micros(part.us()),
        _ => String::new(),
    };
    let title = format!("{words}, {} from {}", micros(part.us()), micros(part.from_us));
    boxed(out, axis, (part.from_us, part.to_us), (3, HIGH), part.phase, &label, &title);
}

/// Work that nobody waited for: low and faint.
fn other(out: &mut String, axis: &Axis, bar: &Bar) {
    let top = 3 + HIGH + 2 + bar.row * (LOW + 1);
    let title =
        format!("{} meanwhile in {}, {}", bar.phase.words(), bar.thread, micros(bar.to_us - bar.from_us));
    boxed(out, axis, (bar.from_us, bar.to_us), (top, LOW), bar.phase, "", &title);
}

fn boxed(
    out: &mut String,
    axis: &Axis,
    (from_us, to_us): (i64, i64),
    (top, height): (usize, usize),
    phase: Phase,
    label: &str,
    title: &str,
) {
    out.push_str(&format!(
        "<div style=\"position:absolute;left:{};width:{};top:{top}px;height:{height}px;min-width:1px;{}",
        axis.percent(from_us),
        axis.percent((to_us.min(axis.end_us) - from_us).max(0)),
        colour(phase)
    ));
    if !label.is_empty() {
        out.push_str(&format!(
            ";overflow:hidden;white-space:nowrap;text-align:center;font-size:11px;line-height:{height}px"
        ));
    }
    out.push('"');
    if !title.is_empty() {
        out.push_str(&format!(" title=\"{}\"", attribute(title)));
    }
    out.push('>');
    content(out, &visible_prose(label));
    out.push_str("</div>");
}

/// The text as an attribute's value that needs no escapes: the sanitizer would write them differently.
fn attribute(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || " .,:;_-/%µ".contains(*c);
    text.chars().filter(plain).take(200).collect()
}

/// Translucent, so that they do in both themes; a wait is an outline, the network a fade.
pub(super) fn colour(phase: Phase) -> &'static str {
    match phase {
        Phase::Read | Phase::Index => "background:rgba(66,133,244,0.45)",
        Phase::Commitlog | Phase::Memtable | Phase::Batchlog => "background:rgba(150,90,210,0.45)",
        Phase::Paxos | Phase::Repair => "background:rgba(230,110,60,0.45)",
        Phase::Permissions => "background:rgba(240,170,40,0.5)",
        Phase::Queue => {
            "background:rgba(128,128,128,0.12);box-sizing:border-box;border:1px dashed rgba(128,128,128,0.8)"
        }
        Phase::Wait => {
            "background:rgba(220,60,60,0.12);box-sizing:border-box;border:1px dashed rgba(220,60,60,0.8)"
        }
        Phase::Way => {
            "background-image:linear-gradient(to right,rgba(128,128,128,0.1),rgba(128,128,128,0.55))"
        }
        _ => "background:rgba(0,150,136,0.4)",
    }
}

/// The numbers of the strip: what, where, how long.
fn table(out: &mut String, trace: &Trace, legend: &Legend) {
    out.push_str("<table class=\"cqlbook-list dataframe\" style=\"margin:0\"><thead><tr>");
    for (name, align) in
        [("", "right"), ("What", "left"), ("Time", "right"), ("Share", "right"), ("Of which", "left")]
    {
        out.push_str(&format!("<th scope=\"col\" style=\"text-align:{align}\">{name}</th>"));
    }
    out.push_str("</tr></thead><tbody>\n");
    for (index, kind) in legend.kinds.iter().enumerate() {
        let number = if kind.kinds > 1 && index + 1 == legend.kinds.len() {
            String::new()
        } else {
            (index + 1).to_string()
        };
        out.push_str(&format!(
            "<tr><td style=\"text-align:right\">{number}</td><td style=\"text-align:left\">"
        ));
        swatch(out, kind);
        content(out, &visible_prose(&kind.words));
        if kind.times > 1 {
            out.push_str(&format!(" {FAINT}({} times)</small>", kind.times));
        }
        out.push_str(&format!(
            "</td><td style=\"text-align:right;white-space:nowrap\">{}</td><td style=\"text-align:right;white-space:nowrap\">{}</td><td style=\"text-align:left\">",
            micros(kind.us),
            share(kind.us, trace.total_us)
        ));
        content(out, &kind.detail());
        out.push_str("</td></tr>\n");
    }
    out.push_str("</tbody></table>");
}

fn swatch(out: &mut String, kind: &Kind) {
    out.push_str(&format!(
        "<span style=\"display:inline-block;width:10px;height:10px;margin-right:6px;{}\"></span>",
        colour(kind.phase)
    ));
}

fn findings(out: &mut String, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    out.push_str("<ul style=\"margin:6px 0 4px 0;padding-left:20px\">");
    for finding in findings.iter().take(12) {
        out.push_str(&format!("<li><b>{}.</b> ", finding.weight.word()));
        prose(out, &visible_prose(&finding.text));
        if let Some(advice) = &finding.advice {
            out.push_str(&format!(" {FAINT}"));
            prose(out, advice);
            out.push_str("</small>");
        }
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}

fn parameters(out: &mut String, trace: &Trace) {
    let parameters = words::parameters(trace);
    if parameters.is_empty() {
        return;
    }
    out.push_str(&format!("<details><summary>{FAINT}Parameters</small></summary>"));
    for (name, value) in parameters.iter().take(60) {
        out.push_str("<div><small><b>");
        content(out, &words::cut(name, 60));
        out.push_str("</b> ");
        content(out, &words::cut(value, 200));
        out.push_str("</small></div>");
    }
    out.push_str("</details>");
}

fn event_table(out: &mut String, trace: &Trace, budget: usize) {
    let rows = events::rows(trace);
    if rows.is_empty() {
        return;
    }
    let events = trace.moments.len();
    let noun = if events == 1 { "event" } else { "events" };
    out.push_str(&format!(
        "<details><summary>{FAINT}{} {noun}, in the server's words</small></summary><div style=\"max-height:30em;overflow:auto\"><table class=\"cqlbook-trace-events dataframe\" style=\"margin:0\"><thead><tr>",
        count(events as u64)
    ));
    for (name, align) in
        [("At", "right"), ("Since", "right"), ("Node", "left"), ("Activity", "left"), ("Thread", "left")]
    {
        out.push_str(&format!("<th scope=\"col\" style=\"text-align:{align}\">{name}</th>"));
    }
    out.push_str("</tr></thead><tbody>\n");
    let mut left = rows.len();
    for row in &rows {
        if out.len() > budget {
            break;
        }
        event(out, row);
        left -= 1;
    }
    out.push_str("</tbody></table>");
    if left > 0 {
        out.push_str("<small>");
        prose(
            out,
            &format!(
                "{} more rows are left out here. `%trace export {} FILE.csv` writes all events.",
                count(left as u64),
                trace.id()
            ),
        );
        out.push_str("</small>");
    }
    out.push_str("</div></details>");
}

fn event(out: &mut String, row: &Row) {
    out.push_str(&format!(
        "<tr><td style=\"white-space:nowrap\">{}</td><td style=\"white-space:nowrap\">",
        row.at
    ));
    out.push_str(&if row.long { format!("<b>{}</b>", row.since) } else { row.since.clone() });
    out.push_str("</td><td style=\"text-align:left\">");
    content(out, &visible_prose(&row.node));
    out.push_str("</td><td style=\"text-align:left\">");
    content(out, &row.activity);
    out.push_str(&format!("</td><td style=\"text-align:left\">{FAINT}"));
    content(out, &row.thread);
    out.push_str("</small></td></tr>\n");
}
