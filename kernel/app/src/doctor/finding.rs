//! One thing the doctor looked at, and how all of them are written: as lines for a person, or as JSON.

use cqlbook_core::render;
use serde_json::json;

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// As it should be.
    Good,
    /// Worth knowing; nothing to do.
    Note,
    /// It works, but not as well as it could.
    Warning,
    /// A notebook will fail because of it.
    Wrong,
}

impl Mark {
    /// The mark and its word: the word is there for those who do not see the mark.
    fn text(self) -> &'static str {
        match self {
            Self::Good => "✓ ok     ",
            Self::Note => "– note   ",
            Self::Warning => "! warning",
            Self::Wrong => "✗ wrong  ",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing the doctor looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was looked at, a word or two.
    pub(super) about: &'static str,
    /// How it stands.
    pub(super) mark: Mark,
    /// What was found: whole sentences, no secret.
    pub(super) found: String,
    /// What to do, where something can be done: whole sentences.
    pub(super) advice: Option<String>,
}

impl Finding {
    fn new(about: &'static str, mark: Mark, found: impl Into<String>) -> Self {
        Self { about, mark, found: found.into(), advice: None }
    }

    /// It is as it should be.
    pub(super) fn good(about: &'static str, found: impl Into<String>) -> Self {
        Self::new(about, Mark::Good, found)
    }

    /// It is worth knowing.
    pub(super) fn note(about: &'static str, found: impl Into<String>) -> Self {
        Self::new(about, Mark::Note, found)
    }

    /// It could be better.
    pub(super) fn warning(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(about, Mark::Warning, found) }
    }

    /// It is wrong.
    pub(super) fn wrong(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(about, Mark::Wrong, found) }
    }
}

/// All findings as lines: mark, subject, what was found; what to do on a line of its own; a sum at the end.
pub(super) fn text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.about.len()).max().unwrap_or_default();
    let mut out = String::new();
    for Finding { about, mark, found, advice } in findings {
        let indent = " ".repeat(Mark::Good.text().chars().count() + 2 + width + 2);
        out.push_str(&format!("{}  {about:width$}  {}\n", mark.text(), render::one_line(found)));
        if let Some(advice) = advice {
            out.push_str(&format!("{indent}→ {}\n", render::one_line(advice)));
        }
    }
    out.push('\n');
    out.push_str(&sum(findings));
    out
}

/// All findings as one JSON object.
pub(super) fn json(findings: &[Finding]) -> String {
    let rows: Vec<_> = findings
        .iter()
        .map(|Finding { about, mark, found, advice }| {
            json!({"about": about, "state": mark.name(), "found": found, "advice": advice})
        })
        .collect();
    let well = !findings.iter().any(|finding| finding.mark == Mark::Wrong);
    format!("{:#}", json!({"version": env!("CARGO_PKG_VERSION"), "well": well, "findings": rows}))
}

fn sum(findings: &[Finding]) -> String {
    let count = |mark| findings.iter().filter(|finding| finding.mark == mark).count();
    let are = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 thing {one}"),
        count => format!("{count} things {many}"),
    };
    match (count(Mark::Wrong), count(Mark::Warning)) {
        (0, 0) => "All is well.".to_owned(),
        (0, weak) => format!("Nothing is wrong; {}.", are(weak, "could be better", "could be better")),
        (wrong, 0) => format!("{}.", are(wrong, "is wrong", "are wrong")),
        (wrong, weak) => {
            format!(
                "{}, {}.",
                are(wrong, "is wrong", "are wrong"),
                are(weak, "could be better", "could be better")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn made_up() -> Vec<Finding> {
        vec![
            Finding::good("Program", "cqlbook 0.1.0 at /home/ada/.local/bin/cqlbook."),
            Finding::warning(
                "Jupyter",
                "JupyterLab 3.6.1 is older than 4.",
                "Update it: pip install -U jupyterlab",
            ),
            Finding::wrong(
                "Kernelspec",
                "/usr/share/jupyter/kernels/cql starts /opt/\u{1b}[31mcqlbook, which is not there.",
                "Run `cqlbook install --user`.",
            ),
            Finding::note("Environment", "HTTPS_PROXY is set and not used."),
        ]
    }

    #[test]
    fn a_line_for_each_thing_and_what_to_do_below() {
        assert_snapshot!(text(&made_up()), @r"
        ✓ ok       Program      cqlbook 0.1.0 at /home/ada/.local/bin/cqlbook.
        ! warning  Jupyter      JupyterLab 3.6.1 is older than 4.
                                → Update it: pip install -U jupyterlab
        ✗ wrong    Kernelspec   /usr/share/jupyter/kernels/cql starts /opt/\x1b[31mcqlbook, which is not there.
                                → Run `cqlbook install --user`.
        – note     Environment  HTTPS_PROXY is set and not used.

        1 thing is wrong, 1 thing could be better.
        ");
    }

    #[test]
    fn a_program_gets_json() {
        assert_snapshot!(json(&made_up()[1..2]), @r#"
        {
          "version": "0.1.0",
          "well": true,
          "findings": [
            {
              "about": "Jupyter",
              "state": "warning",
              "found": "JupyterLab 3.6.1 is older than 4.",
              "advice": "Update it: pip install -U jupyterlab"
            }
          ]
        }
        "#);
    }

    #[test]
    fn the_sum_counts_what_is_wrong_and_what_could_be_better() {
        let [good, warning, wrong, note] = made_up().try_into().unwrap();
        assert_eq!(sum(&[good.clone(), note]), "All is well.");
        assert_eq!(sum(&[good, warning.clone()]), "Nothing is wrong; 1 thing could be better.");
        assert_eq!(sum(&[wrong.clone(), wrong.clone()]), "2 things are wrong.");
        assert_eq!(sum(&[wrong, warning.clone(), warning]), "1 thing is wrong, 2 things could be better.");
    }
}
