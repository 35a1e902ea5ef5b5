//! Sends a statement and brings its pages, within the limits of rows and bytes. It keeps nothing and draws nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_cluster::{
    Answer, Cell, Connection, Coordinator, PagingState, Prepared, QueryError, Request, RequestOptions,
};
use cqlbook_core::page::Page;
use uuid::Uuid;

use crate::results::RESULT_BYTES;

/// A statement as it was sent, so that its next page can be asked for.
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
        match self {
            Self::Text(request) => {
                request.options.page_size = rows;
                connection.run(request, paging).await
            }
            Self::Prepared(prepared, values, options) => {
                options.page_size = rows;
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

    fn page_size(&self) -> u32 {
        match self {
            Self::Text(request) => request.options.page_size,
            Self::Prepared(_, _, options) => options.page_size,
        }
    }
}

/// How to fetch what the server still has of a result.
pub(crate) struct Continuation {
    /// The statement.
    pub(crate) sent: Sent,
    /// Where its next page starts.
    pub(crate) next: PagingState,
    /// The connection it belongs to; a paging state means nothing to another cluster.
    pub(crate) connection: u64,
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
    /// The fetch ended early because the rows fill the memory a result may take.
    pub(crate) full: bool,
}

/// Sends the statement and fetches pages until `limit` rows are here, the rows end or memory is full.
///
/// # Errors
/// [`QueryError`] of the first page that fails; pages before it are dropped.
pub(crate) async fn fetch(
    connection: &Connection,
    mut sent: Sent,
    from: Option<PagingState>,
    limit: usize,
) -> Result<Fetched, QueryError> {
    let started = Instant::now();
    let page_size = sent.page_size();
    let ask = |rows: usize| {
        let left = u32::try_from(limit.saturating_sub(rows)).unwrap_or(u32::MAX);
        page_size.min(left).max(1)
    };
    let answer = sent.page(connection, ask(0), from.as_ref()).await?;
    let (is_traced, traced) = (sent.is_traced(), Traced::of(&answer));
    let mut fetched = Fetched {
        pages: None,
        next: answer.next,
        coordinator: answer.coordinator,
        warnings: answer.warnings,
        traced: Vec::new(),
        elapsed: Duration::ZERO,
        full: false,
        sent,
    };
    if is_traced {
        fetched.traced.push(traced);
    }
    if let Some(first) = answer.page {
        let (mut rows, mut bytes) = (first.rows(), first.size_bytes());
        let mut pages = vec![first];
        while rows < limit
            && let Some(next) = &fetched.next
        {
            if bytes >= RESULT_BYTES {
                fetched.full = true;
                break;
            }
            let answer = fetched.sent.page(connection, ask(rows), Some(next)).await?;
            if is_traced {
                fetched.traced.push(Traced::of(&answer));
            }
            fetched.next = answer.next;
            for warning in answer.warnings {
                if !fetched.warnings.contains(&warning) {
                    fetched.warnings.push(warning);
                }
            }
            if let Some(page) = answer.page {
                rows += page.rows();
                bytes += page.size_bytes();
                pages.push(page);
            }
        }
        pages.retain({
            // Empty pages (Cassandra sends them while it filters) say nothing; the first keeps the columns.
            let mut first = true;
            move |page| std::mem::take(&mut first) || page.rows() > 0
        });
        fetched.pages = Some(pages);
    }
    match &mut fetched.sent {
        Sent::Text(request) => request.options.page_size = page_size,
        Sent::Prepared(_, _, options) => options.page_size = page_size,
    }
    fetched.elapsed = started.elapsed();
    Ok(fetched)
}
