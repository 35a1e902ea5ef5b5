//! Sends a statement and brings its pages, within the limits of rows and bytes. It keeps nothing and draws nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_cluster::{
    Answer, Cell, Connection, Coordinator, PagingState, Prepared, QueryError, Request, RequestOptions,
};
use cqlbook_core::diagnostic::Diagnostic;
use cqlbook_core::page::Page;
use uuid::Uuid;

use crate::results::{Full, Incoming};

/// A statement as it was sent: what a later page, a retry or another range is asked for by.
#[derive(Clone)]
pub(crate) enum Sent {
    /// As text, without bind values.
    Text(Request),
    /// Prepared, with its values.
    Prepared(Prepared, Arc<[Cell]>, RequestOptions),
}

impl Sent {
    /// Asks for the page at `paging`, of at most `rows` rows.
    pub(crate) async fn page(
        &mut self,
        connection: &Connection,
        rows: u32,
        paging: Option<&PagingState>,
    ) -> Result<Answer, QueryError> {
        self.set_page_size(rows);
        match self {
            Self::Text(request) => connection.run(request, paging).await,
            Self::Prepared(prepared, values, options) => {
                connection.run_prepared(prepared, values, options, paging).await
            }
        }
    }

    fn is_traced(&self) -> bool {
        match self {
            Self::Text(request) => request.options.trace,
            Self::Prepared(_, _, options) => options.trace,
        }
    }

    fn set_page_size(&mut self, rows: u32) {
        match self {
            Self::Text(request) => request.options.page_size = rows,
            Self::Prepared(_, _, options) => options.page_size = rows,
        }
    }

    fn page_size(&self) -> u32 {
        match self {
            Self::Text(request) => request.options.page_size,
            Self::Prepared(_, _, options) => options.page_size,
        }
    }
}

/// How to fetch what the server still has of a result: all that it takes, made when the statement was first sent. The keyspace
/// and the columns of the first page go with the paging state, and a prepared statement has its keyspace; nothing is taken
/// from what the notebook is set to later.
pub(crate) struct Continuation {
    /// The statement with its values, consistency and other options.
    pub(crate) sent: Sent,
    /// Where its next page starts.
    pub(crate) next: PagingState,
    /// The connection it belongs to; a paging state means nothing to another cluster.
    pub(crate) connection: u64,
    /// The most rows that are fetched at a time.
    pub(crate) limit: usize,
}

/// A request that was to be traced: each page is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traced {
    /// The trace's id, if the server gave one.
    pub(crate) id: Option<Uuid>,
    /// The rows that the request brought.
    pub(crate) rows: Option<u64>,
}

impl Traced {
    fn of(answer: &Answer) -> Self {
        Self { id: answer.tracing_id, rows: answer.page.as_ref().map(|page| page.rows() as u64) }
    }
}

/// What came.
pub(crate) struct Fetched {
    /// The statement, for the next page.
    pub(crate) sent: Sent,
    /// The pages in order; `None` where the statement returns no rows at all.
    pub(crate) pages: Option<Vec<Arc<dyn Page>>>,
    /// Where the next page starts.
    pub(crate) next: Option<PagingState>,
    /// Who answered first.
    pub(crate) coordinator: Option<Coordinator>,
    /// The server's warnings, each once.
    pub(crate) warnings: Vec<String>,
    /// One for each request that was to be traced, in order.
    pub(crate) traced: Vec<Traced>,
    /// From sending to the last page.
    pub(crate) elapsed: Duration,
    /// Why the fetch ended before the rows did, where memory is the reason.
    pub(crate) full: Option<Full>,
    /// The room that the rows take until they are kept.
    pub(crate) incoming: Incoming,
}

/// What a fetch ended in, where it brought nothing.
pub(crate) struct Failed {
    pub(crate) error: QueryError,
    /// What is to be said of results that gave way to the rows.
    pub(crate) given_way: Option<String>,
}

impl Failed {
    /// The failure as it is told, with what gave way.
    pub(crate) fn told(self, explain: impl FnOnce(&QueryError) -> Diagnostic) -> Diagnostic {
        let diagnostic = explain(&self.error);
        match self.given_way {
            Some(sentence) => diagnostic.with_hint(sentence),
            None => diagnostic,
        }
    }
}

/// Sends the statement and fetches pages until `limit` rows are here, the rows end or memory is full. Each page is counted in
/// `incoming` before the next is asked for.
///
/// # Errors
/// [`Failed`]: the first page that fails; pages before it are dropped.
pub(crate) async fn fetch(
    connection: &Connection,
    mut sent: Sent,
    from: Option<PagingState>,
    limit: usize,
    mut incoming: Incoming,
) -> Result<Fetched, Failed> {
    let started = Instant::now();
    let page_size = sent.page_size();
    let _hold = connection.hold();
    let ask = |rows: usize| {
        let left = u32::try_from(limit.saturating_sub(rows)).unwrap_or(u32::MAX);
        page_size.min(left).max(1)
    };
    let failed = |error, incoming: &Incoming| Failed { error, given_way: incoming.given_way() };
    let answer = match sent.page(connection, ask(0), from.as_ref()).await {
        Ok(answer) => answer,
        Err(error) => return Err(failed(error, &incoming)),
    };
    let is_traced = sent.is_traced();
    let mut traced = Vec::new();
    if is_traced {
        traced.push(Traced::of(&answer));
    }
    let (mut next, mut warnings, mut full) = (answer.next, answer.warnings, None);
    let pages = match answer.page {
        None => None,
        Some(first) => {
            let mut rows = first.rows();
            full = incoming.take(first.size_bytes());
            let mut pages = vec![first];
            while rows < limit
                && full.is_none()
                && let Some(state) = &next
            {
                let answer = match sent.page(connection, ask(rows), Some(state)).await {
                    Ok(answer) => answer,
                    Err(error) => return Err(failed(error, &incoming)),
                };
                if is_traced {
                    traced.push(Traced::of(&answer));
                }
                next = answer.next;
                for warning in answer.warnings {
                    if !warnings.contains(&warning) {
                        warnings.push(warning);
                    }
                }
                if let Some(page) = answer.page {
                    rows += page.rows();
                    full = incoming.take(page.size_bytes());
                    // Empty pages (Cassandra sends them while it filters) say nothing; the first keeps the columns.
                    if page.rows() > 0 {
                        pages.push(page);
                    }
                }
            }
            Some(pages)
        }
    };
    sent.set_page_size(page_size);
    Ok(Fetched {
        // What ended with the last page did not end early.
        full: full.filter(|_| next.is_some() && pages.as_ref().is_some_and(|pages| count(pages) < limit)),
        sent,
        pages,
        next,
        coordinator: answer.coordinator,
        warnings,
        traced,
        elapsed: started.elapsed(),
        incoming,
    })
}

fn count(pages: &[Arc<dyn Page>]) -> usize {
    pages.iter().map(|page| page.rows()).sum()
}

#[cfg(test)]
pub(crate) mod testing {
    use cqlbook_cluster::testing::paging_state;

    use super::*;

    /// A continuation that nothing is asked by.
    pub(crate) fn continuation() -> Continuation {
        let sent = Sent::Text(Request::new("SELECT * FROM t"));
        Continuation { sent, next: paging_state(), connection: 1, limit: 10 }
    }
}
