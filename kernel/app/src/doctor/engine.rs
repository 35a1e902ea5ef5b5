//! The engine's side: whether `%%sql` has the program that computes it, and the right one.

use std::time::Duration;

use super::finding::Finding;
use crate::compute::{self, Failed};

const ABOUT: &str = "Engine";

/// How long it may take to start.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Whether the engine is there, is of this build, and starts.
pub(super) async fn examine() -> Finding {
    let asked = tokio::task::spawn_blocking(compute::greeted);
    match tokio::time::timeout(TIMEOUT, asked).await {
        Ok(Ok(greeted)) => judge(greeted),
        Ok(Err(_)) | Err(_) => judge(Err(Failed::Died("It does not answer.".to_owned()))),
    }
}

fn judge(greeted: Result<(), Failed>) -> Finding {
    let advice = "`pip install` of the wheel brings both programs; in a checkout `cargo xtask lab` builds the engine. Everything but `%%sql` works without it.";
    match greeted {
        Ok(()) => {
            let path = compute::path().map(|path| format!(" at {}", path.display())).unwrap_or_default();
            Finding::good(ABOUT, format!("cqlbook-engine, which computes `%%sql`{path}."))
        }
        Err(Failed::Missing(path)) => Finding::warning(
            ABOUT,
            format!("`%%sql` cannot be used: there is no {}.", path.display()),
            advice,
        ),
        Err(Failed::Stranger { path, stranger }) => Finding::wrong(
            ABOUT,
            format!("`%%sql` cannot be used: {} was not built with this kernel: {stranger}.", path.display()),
            advice,
        ),
        Err(error) => {
            Finding::wrong(ABOUT, format!("`%%sql` cannot be used: {error}"), "Install the wheel again.")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use cqlbook_analysis::sql::wire::Stranger;
    use insta::assert_snapshot;

    use super::super::finding::text;
    use super::*;

    #[test]
    fn an_engine_that_is_missing_or_anothers_is_told_with_a_way_out() {
        let path = PathBuf::from("/bin/cqlbook-engine");
        let findings = [
            judge(Err(Failed::Missing(path.clone()))),
            judge(Err(Failed::Stranger { path, stranger: Stranger::Version("0.9.0".to_owned()) })),
            judge(Err(Failed::Died("It ended with signal: 11.".to_owned()))),
        ];
        assert_snapshot!(text(&findings), @r"
        ! warning  Engine  `%%sql` cannot be used: there is no /bin/cqlbook-engine.
                           → `pip install` of the wheel brings both programs; in a checkout `cargo xtask lab` builds the engine. Everything but `%%sql` works without it.
        ✗ wrong    Engine  `%%sql` cannot be used: /bin/cqlbook-engine was not built with this kernel: it is of version 0.9.0.
                           → `pip install` of the wheel brings both programs; in a checkout `cargo xtask lab` builds the engine. Everything but `%%sql` works without it.
        ✗ wrong    Engine  `%%sql` cannot be used: It ended with signal: 11.
                           → Install the wheel again.

        2 things are wrong, 1 thing could be better.
        ");
    }
}
