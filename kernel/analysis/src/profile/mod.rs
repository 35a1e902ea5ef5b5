//! What a result's columns hold: nulls, distinct values, ends, quartiles, the commonest. One pass over the pages, in bounded memory.

mod column;
mod distinct;

use std::ops::ControlFlow;
use std::sync::Arc;

use cqlbook_core::column::Column;
use cqlbook_core::page::{MalformedPage, Page};
use cqlbook_core::render::{Profile, count};
use jiff::tz::TimeZone;

use column::{Collector, SAMPLE};

/// Looks at every row of a result; timestamps are shown in `zone`.
///
/// # Errors
/// [`MalformedPage`] of the first page that cannot be read.
pub fn profile(
    name: &str,
    columns: &[Column],
    pages: &[Arc<dyn Page>],
    zone: &TimeZone,
) -> Result<Profile, MalformedPage> {
    let mut collectors: Vec<Collector> = columns.iter().map(Collector::new).collect();
    let mut rows = 0_u64;
    for page in pages {
        page.visit(0, &mut |cells| {
            rows += 1;
            for (collector, cell) in collectors.iter_mut().zip(cells) {
                collector.take(*cell);
            }
            ControlFlow::Continue(())
        })?;
    }
    let mut notes = Vec::new();
    if collectors.iter().any(Collector::is_sampled) {
        notes.push(format!(
            "Quartiles and distributions are of {} values of a column at most, taken evenly by chance.",
            count(SAMPLE as u64)
        ));
    }
    notes.extend(collectors.iter().filter_map(Collector::note));
    let columns = collectors.into_iter().map(|collector| collector.finish(zone)).collect();
    Ok(Profile { name: name.to_owned(), rows, columns, notes })
}

#[cfg(test)]
mod tests;
