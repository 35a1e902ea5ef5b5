//! Some columns of a kept result's rows, in an order of their own, as far as they are drawn. Pure: it runs beside the cell, which
//! may be interrupted meanwhile.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cqlbook_core::column::Column;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::page::{MalformedPage, Page};
use cqlbook_core::value::Key;

use crate::results::Kept;

/// Which rows and columns are wanted, and in which order.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// These columns; all where there are none.
    pub(super) columns: Vec<String>,
    /// By this one, `name` or `name:desc`.
    pub(super) sort: Option<String>,
    /// The first row that is drawn.
    pub(super) first: usize,
    /// So many are.
    pub(super) rows: usize,
}

/// Tells work that runs beside a cell that nobody waits for it any more. It is told when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Stop(pub(super) Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The rows that are drawn. It says how many there are in all, and has the cells of those only.
#[derive(Debug)]
pub(super) struct View {
    columns: Arc<[Column]>,
    /// Which columns of the pages, in the view's order.
    places: Vec<usize>,
    /// Rows in all.
    total: usize,
    size_bytes: usize,
    /// The first row that is here.
    first: usize,
    /// The cells of the rows that are here, copied.
    rows: Vec<Vec<Option<Vec<u8>>>>,
}

impl View {
    /// Sorts the rows and takes those that are wanted; `stop` ends it early, with rows that nobody sees.
    pub(super) fn of(kept: &Kept, wanted: &Wanted, stop: &AtomicBool) -> Result<Self, Diagnostic> {
        let places = match wanted.columns.as_slice() {
            [] => (0..kept.columns.len()).collect(),
            names => names.iter().map(|name| place(kept, name)).collect::<Result<Vec<_>, _>>()?,
        };
        let total = kept.rows();
        let order = match wanted.sort.as_deref() {
            None => None,
            Some(sort) => {
                let (name, descending) = match sort.rsplit_once(':') {
                    Some((name, order)) if order.eq_ignore_ascii_case("desc") => (name, true),
                    Some((name, order)) if order.eq_ignore_ascii_case("asc") => (name, false),
                    _ => (sort, false),
                };
                Some(sorted(kept, place(kept, name)?, descending, stop)?)
            }
        };
        let here = wanted.first..wanted.first.saturating_add(wanted.rows).min(total);
        let rows = rows(kept, here.clone(), order.as_deref(), stop)?;
        let columns = places.iter().map(|&place| kept.columns[place].clone()).collect();
        Ok(Self { columns, places, total, size_bytes: kept.size_bytes(), first: here.start, rows })
    }
}

fn place(kept: &Kept, name: &str) -> Result<usize, Diagnostic> {
    let columns = &kept.columns;
    let found = columns
        .iter()
        .position(|column| column.name == name)
        .or_else(|| columns.iter().position(|column| column.name.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| {
        let all: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
        Diagnostic::new(Code::Usage, format!("The result has no column `{name}`."))
            .with_hint(format!("It has: {}.", all.join(", ")))
    })
}

/// What a row is shown to: its number and its cells.
type Visitor<'a> = dyn FnMut(usize, &[Option<&[u8]>]) + 'a;

/// Visits all rows in the order of their pages, with their numbers, until told to stop.
fn visit(kept: &Kept, stop: &AtomicBool, visit: &mut Visitor<'_>) -> Result<(), Diagnostic> {
    let mut number = 0;
    for page in &kept.pages {
        let visited = page.visit(0, &mut |cells| {
            visit(number, cells);
            number += 1;
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        visited.map_err(|error| {
            Diagnostic::new(Code::ServerError, "The result cannot be read.")
                .with_server_text(error.to_string())
        })?;
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(())
}

/// The rows' numbers in the order of a column. Each value is read once, and none is copied to be compared.
fn sorted(kept: &Kept, by: usize, descending: bool, stop: &AtomicBool) -> Result<Vec<usize>, Diagnostic> {
    let ty = &kept.columns[by].cql_type;
    let mut keyed = Vec::with_capacity(kept.rows());
    visit(kept, stop, &mut |number, cells| {
        keyed.push((Key::of(ty, cells.get(by).copied().flatten()), number));
    })?;
    if stop.load(Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    keyed.sort_by(|left, right| left.0.compare(&right.0, descending));
    Ok(keyed.into_iter().map(|(_, number)| number).collect())
}

/// The cells of the rows at these places of the order.
fn rows(
    kept: &Kept,
    here: std::ops::Range<usize>,
    order: Option<&[usize]>,
    stop: &AtomicBool,
) -> Result<Vec<Vec<Option<Vec<u8>>>>, Diagnostic> {
    let at = |place: usize| order.map_or(Some(place), |order| order.get(place).copied());
    let slots: HashMap<usize, usize> =
        here.filter_map(at).enumerate().map(|(slot, number)| (number, slot)).collect();
    let mut rows = vec![Vec::new(); slots.len()];
    visit(kept, stop, &mut |number, cells| {
        if let Some(row) = slots.get(&number).and_then(|slot| rows.get_mut(*slot)) {
            *row = cells.iter().map(|cell| cell.map(<[u8]>::to_vec)).collect();
        }
    })?;
    Ok(rows)
}

impl Page for View {
    fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    fn rows(&self) -> usize {
        self.total
    }

    fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    fn visit(
        &self,
        start: usize,
        visit: &mut dyn FnMut(&[Option<&[u8]>]) -> ControlFlow<()>,
    ) -> Result<(), MalformedPage> {
        for row in self.rows.iter().skip(start.saturating_sub(self.first)) {
            let cells: Vec<_> =
                self.places.iter().map(|&place| row.get(place).and_then(Option::as_deref)).collect();
            if visit(&cells).is_break() {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use cqlbook_core::column::CqlType;
    use cqlbook_core::page::testing::VecPage;
    use cqlbook_core::render::Facts;

    use super::*;

    fn kept(ty: CqlType, literals: &[&str]) -> Kept {
        let page = |literals: &[&str]| {
            let rows: Vec<&[&str]> = literals.iter().map(std::slice::from_ref).collect();
            Arc::new(VecPage::of(&[("v", ty.clone())], &rows)) as Arc<dyn Page>
        };
        // Two pages, so that numbers of rows go on over the end of one.
        let (left, right) = literals.split_at(literals.len() / 2);
        let pages = vec![page(left), page(right)];
        let columns = Arc::clone(pages[0].columns());
        Kept { number: 0, columns, pages, facts: Facts::default(), rest: None, drawn: 0 }
    }

    fn shown(kept: &Kept, sort: &str, first: usize, rows: usize) -> Vec<String> {
        let wanted = Wanted { columns: Vec::new(), sort: Some(sort.to_owned()), first, rows };
        let view = View::of(kept, &wanted, &AtomicBool::new(false)).unwrap();
        assert_eq!(view.rows(), kept.rows());
        let mut out = Vec::new();
        view.visit(first, &mut |cells| {
            let ty = &view.columns()[0].cql_type;
            out.push(cqlbook_core::value::literal(cells[0], ty, &jiff::tz::TimeZone::UTC).text);
            ControlFlow::Continue(())
        })
        .unwrap();
        out
    }

    #[test]
    fn values_are_in_their_own_order_however_large() {
        let digits = "9".repeat(400);
        let negative = format!("-{digits}");
        let all = kept(CqlType::Varint, &[&digits, "2", &negative, "null", "10"]);
        assert_eq!(shown(&all, "v", 0, 9), [negative.as_str(), "2", "10", &digits, "null"]);
        assert_eq!(shown(&all, "V:desc", 1, 2), ["10", "2"], "from the second on");
        let all = kept(CqlType::Decimal, &["1E400", "1E399", "-1E400", "0.1", "1E-400"]);
        assert_eq!(shown(&all, "v:asc", 0, 9), ["-1E+400", "1E-400", "0.1", "1E+399", "1E+400"]);
        let all = kept(CqlType::Bigint, &["9223372036854775807", "9223372036854775806", "-1"]);
        assert_eq!(shown(&all, "v", 0, 9), ["-1", "9223372036854775806", "9223372036854775807"]);
        let all = kept(CqlType::Duration, &["1mo", "31d", "1h", "-2h"]);
        assert_eq!(shown(&all, "v", 0, 9), ["-2h", "1h", "1mo", "31d"]);
        let pair = CqlType::Tuple(vec![CqlType::Int, CqlType::Text]);
        let all = kept(pair, &["(10, 'a')", "(2, 'b')", "(2, 'a')"]);
        assert_eq!(shown(&all, "v", 0, 9), ["(2, 'a')", "(2, 'b')", "(10, 'a')"]);
    }

    #[test]
    fn what_nobody_waits_for_any_more_ends() {
        let all = kept(CqlType::Int, &["3", "1", "2"]);
        let wanted = Wanted { columns: Vec::new(), sort: Some("v".to_owned()), first: 0, rows: 9 };
        let flag = {
            let stop = Stop::default();
            Arc::clone(&stop.0)
        };
        assert!(flag.load(Ordering::Relaxed), "dropped with the cell");
        let view = View::of(&all, &wanted, &flag).unwrap();
        assert!(view.rows.is_empty());
    }

    #[test]
    fn a_column_that_is_not_there_is_said() {
        let all = kept(CqlType::Int, &["3", "1"]);
        let wanted = Wanted { columns: vec!["w".to_owned()], sort: None, first: 0, rows: 9 };
        let error = View::of(&all, &wanted, &AtomicBool::new(false)).unwrap_err();
        assert!(error.message.contains("no column `w`"), "{}", error.message);
    }
}
