//! Many runs of one statement: percentiles, a histogram, the median's and the worst one's timeline.

use super::comparison::verdict;
use super::html::FAINT;
use super::{TraceOptions, html, plain, words};
use crate::render::MimeBundle;
use crate::render::escape::content;
use crate::trace::{Bin, Comparison, Runs, Trace, micros};

/// The percentiles that are told.
const PERCENTILES: [(usize, &str); 6] =
    [(0, "fastest"), (50, "median"), (75, "75 %"), (90, "90 %"), (99, "99 %"), (100, "slowest")];
/// The bytes of each of the two timelines.
const EACH: usize = 24_000;
/// The longest bar of the histogram as text.
const WIDTH: usize = 40;

/// Draws how long the runs took, and the timelines of the median and the worst of those that were traced.
pub fn trace_distribution(runs: &Runs) -> MimeBundle {
    MimeBundle { html: Some(html(runs)), plain: plain(runs), ..MimeBundle::default() }
}

fn us(us: u64) -> String {
    micros(i64::try_from(us).unwrap_or(i64::MAX))
}

fn title(runs: &Runs) -> String {
    match (runs.elapsed_us.len(), runs.percentile(50)) {
        (1, Some(half)) => format!("1 run, {}", us(half)),
        (count, Some(half)) => format!("{count} runs, half of them within {}", us(half)),
        (_, None) => "No runs".to_owned(),
    }
}

/// What makes the worst run worse than the median.
fn worse(runs: &Runs) -> Option<String> {
    let (median, worst) = (runs.median()?, runs.worst()?);
    if worst.total_us <= median.total_us {
        return None;
    }
    let verdict = verdict(&Comparison::of(median, worst));
    Some(verdict.replace("The second", "On the server, the worst run").replace("the first", "the median"))
}

/// The timelines, with their titles; one where there is but one trace.
fn timelines(runs: &Runs) -> Vec<(String, &Trace)> {
    let (Some(median), Some(worst)) = (runs.median(), runs.worst()) else { return Vec::new() };
    let worst_title = format!("The worst run, {} on the server", micros(worst.total_us));
    if median.id() == worst.id() {
        return vec![(worst_title, worst)];
    }
    vec![(format!("The median run, {} on the server", micros(median.total_us)), median), (worst_title, worst)]
}

fn html(runs: &Runs) -> String {
    let mut out = String::from("<div class=\"cqlbook cqlbook-trace\">");
    if let Some(trace) = runs.traces.first() {
        out.push_str("<div><code>");
        content(&mut out, &words::cut(trace.request(), 300));
        out.push_str("</code></div>");
    }
    out.push_str("<div style=\"font-size:118%;margin:4px 0 2px 0\"><b>");
    content(&mut out, &title(runs));
    out.push_str("</b></div><div>");
    let told = PERCENTILES
        .iter()
        .filter_map(|&(percent, name)| Some(format!("{name} {}", us(runs.percentile(percent)?))));
    content(&mut out, &told.collect::<Vec<_>>().join(" · "));
    out.push_str("</div>");
    histogram(&mut out, &runs.histogram());
    if let Some(worse) = worse(runs) {
        out.push_str("<div>");
        content(&mut out, &worse);
        out.push_str("</div>");
    }
    for (title, trace) in timelines(runs) {
        out.push_str("<details><summary>");
        content(&mut out, &title);
        out.push_str("</summary>");
        out.push_str(&html::within(trace, &TraceOptions::default(), EACH));
        out.push_str("</details>");
    }
    out.push_str("</div>");
    out
}

fn histogram(out: &mut String, bins: &[Bin]) {
    let most = bins.iter().map(|bin| bin.runs).max().unwrap_or(0).max(1);
    out.push_str("<div style=\"margin:6px 0\">");
    for bin in bins {
        out.push_str(&format!(
            "<div style=\"display:flex;line-height:1.3\"><div style=\"width:12em;text-align:right;padding-right:8px;box-sizing:border-box\">{FAINT}{} to {}</small></div><div style=\"width:60%\"><div style=\"display:inline-block;vertical-align:middle;height:12px;width:{:.1}%;background:rgba(66,133,244,0.45)\"></div> {FAINT}{}</small></div></div>",
            us(bin.from_us),
            us(bin.to_us),
            bin.runs as f64 / most as f64 * 90.0,
            bin.runs
        ));
    }
    out.push_str("</div>");
}

fn plain(runs: &Runs) -> String {
    let mut lines = Vec::new();
    lines.extend(runs.traces.first().map(|trace| words::cut(trace.request(), 300)));
    lines.push(title(runs));
    lines.extend(
        PERCENTILES
            .iter()
            .filter_map(|&(percent, name)| Some(format!("{name:>8}  {:>8}", us(runs.percentile(percent)?)))),
    );
    lines.push(String::new());
    let bins = runs.histogram();
    let most = bins.iter().map(|bin| bin.runs).max().unwrap_or(0).max(1);
    for bin in &bins {
        let bar = "#".repeat((bin.runs * WIDTH).div_ceil(most));
        lines.push(format!("{:>8} to {:>8}  {bar} {}", us(bin.from_us), us(bin.to_us), bin.runs));
    }
    lines.extend(worse(runs).map(|worse| format!("\n{worse}")));
    for (title, trace) in timelines(runs) {
        lines.push(String::new());
        lines.push(plain::trace(trace, &TraceOptions { title: Some(title), notice: None }));
    }
    lines.join("\n")
}
