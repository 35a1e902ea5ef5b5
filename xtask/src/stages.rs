//! Runs named checks one after the other, keeps going when one fails, and sums up.

use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome};

/// One named check; `C` is what the checks of a run share.
pub(crate) struct Stage<C> {
    /// A word or two, which a filter can match.
    pub(crate) name: &'static str,
    /// What it shows, in a line.
    pub(crate) what: &'static str,
    /// Does it.
    pub(crate) run: fn(&mut C) -> Outcome,
}

/// What became of a stage.
struct Ended {
    name: &'static str,
    took: Duration,
    failure: Option<Failure>,
}

/// Runs the stages whose names contain one of `filters`, or all where there are none.
///
/// The last line printed is `N passed, N failed`. A failure of any stage is a failure of the run.
pub(crate) fn run<C>(stages: &[Stage<C>], filters: &[&str], shared: &mut C) -> Outcome {
    let wanted =
        |stage: &&Stage<C>| filters.is_empty() || filters.iter().any(|filter| stage.name.contains(filter));
    let chosen: Vec<&Stage<C>> = stages.iter().filter(wanted).collect();
    if chosen.is_empty() {
        let names: Vec<&str> = stages.iter().map(|stage| stage.name).collect();
        return Err(Failure::new(format!("No part has that name. The parts are: {}.", names.join(", "))));
    }
    let mut ended = Vec::new();
    for (index, stage) in chosen.iter().enumerate() {
        println!("\n=== {} of {}: {} ({})", index + 1, chosen.len(), stage.name, stage.what);
        let began = Instant::now();
        let failure = (stage.run)(shared).err();
        let took = began.elapsed();
        match &failure {
            None => println!("--- {} passed in {}", stage.name, clock(took)),
            Some(failure) => println!("--- {} FAILED in {}: {failure}", stage.name, clock(took)),
        }
        ended.push(Ended { name: stage.name, took, failure });
    }
    sum_up(&ended)
}

fn sum_up(ended: &[Ended]) -> Outcome {
    println!("\n=== Summary");
    for stage in ended {
        let word = if stage.failure.is_some() { "FAILED" } else { "passed" };
        println!("  {word}  {:>7}  {}", clock(stage.took), stage.name);
    }
    println!("  in all  {:>7}", clock(ended.iter().map(|stage| stage.took).sum()));
    let failed: Vec<&str> =
        ended.iter().filter(|stage| stage.failure.is_some()).map(|stage| stage.name).collect();
    println!("\n{} passed, {} failed", ended.len() - failed.len(), failed.len());
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("Failed: {}.", failed.join(", ")))) }
}

/// `4.2 s`, `3 m 07 s`.
fn clock(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} m {:02} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Succeeds and leaves a trace.
    fn pass(ran: &mut usize) -> Outcome {
        *ran += 1;
        Ok(())
    }

    const STAGES: [Stage<usize>; 3] = [
        Stage { name: "first", what: "", run: pass },
        Stage { name: "second", what: "", run: |_| Err(Failure::new("It broke.")) },
        Stage { name: "third", what: "", run: pass },
    ];

    #[test]
    fn goes_on_after_a_failure_and_fails_in_the_end() {
        let mut ran = 0;
        assert_eq!(run(&STAGES, &[], &mut ran).unwrap_err().to_string(), "Failed: second.");
        assert_eq!(ran, 2);
    }

    #[test]
    fn a_filter_chooses_by_a_part_of_the_name() {
        let mut ran = 0;
        run(&STAGES, &["thi"], &mut ran).unwrap();
        assert_eq!(ran, 1);
        assert!(
            run(&STAGES, &["fourth"], &mut ran).unwrap_err().to_string().contains("first, second, third")
        );
    }

    #[test]
    fn times_read_like_times() {
        assert_eq!(clock(Duration::from_millis(4230)), "4.2 s");
        assert_eq!(clock(Duration::from_secs(187)), "3 m 07 s");
    }
}
