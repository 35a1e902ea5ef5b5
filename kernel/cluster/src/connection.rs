//! An open connection: statements in, pages out. It knows the driver's sessions and looks after them.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cqlbook_core::cell::{Statement as CqlStatement, StatementKind};
use scylla::client::session::Session;
use scylla::response::query_result::QueryResult;
use scylla::response::{PagingState as DriverPaging, PagingStateResponse};
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::unprepared::Statement;
use tokio::time::timeout;

use crate::astra_source::AstraSource;
use crate::convert;
use crate::error::QueryError;
use crate::facts::{ClusterFacts, Node};
use crate::metadata::AbortOnDrop;
use crate::page::DriverPage;
use crate::patience::{Attendance, RetryNotice};
use crate::prepared::{Cells, Prepared};
use crate::ranges::{self, TokenRange};
use crate::relay::Relays;
use crate::request::{Answer, BatchKind, Cell, Coordinator, PagingState, Request, RequestOptions, Shape};
use crate::retry::Record;
use crate::sessions::{Scope, Sessions, is_given_up};
use crate::watch::{self, Census, Health};
use crate::withheld::Withheld;

/// How long nodes may take to agree on a changed schema and it to be read.
const SCHEMA_BOUND: Duration = Duration::from_secs(25);
/// How long the driver may take to read nodes and keyspaces. It tries all nodes.
const REFRESH_BOUND: Duration = Duration::from_secs(5);

mod agreement;
mod doubt;
mod keeper;
mod keyspace;
mod model;
mod reading;
mod repeat;
mod ring;

/// An open connection to the nodes of one data centre. Cheap to clone; the last clone's drop closes everything.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
    /// Who is told what this handle's requests wait for.
    attendance: Option<Attendance>,
    /// The keyspace of this handle's requests. It never changes: a `USE` makes another handle.
    scope: Scope,
}

struct Inner {
    /// Dropped before the relays, whose ports lead to them.
    sessions: Arc<Sessions>,
    relays: Option<Arc<Relays>>,
    facts: ClusterFacts,
    /// Kept from every error.
    withheld: Withheld,
    health: Arc<Health>,
    keeper: keeper::Keeper,
    /// The data centre of each node by the address that traces name it by, once a trace was read.
    data_centres: Mutex<BTreeMap<String, String>>,
    _watch: AbortOnDrop<()>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("facts", &self.inner.facts).finish_non_exhaustive()
    }
}

/// Sets on one of the driver's kinds of statement what a request says of all, and who is told of its attempts; they share
/// these methods and no trait.
macro_rules! configure {
    ($statement:ident, $options:expr, $record:expr) => {
        $statement.set_consistency(convert::consistency($options.consistency));
        $statement.set_serial_consistency(Some(convert::serial_consistency($options.serial_consistency)));
        $statement.set_request_timeout(Some($options.timeout));
        $statement.set_tracing($options.trace);
        $statement.set_is_idempotent($options.idempotence.may_repeat());
        $statement.set_history_listener(Arc::<Record>::clone($record));
        $statement.set_timestamp($options.timestamp);
    };
}

impl Connection {
    /// Takes the sessions over. With `source` the way to an Astra database is looked up again when nodes are gone.
    pub(crate) fn start(
        sessions: Arc<Sessions>,
        relays: Option<Arc<Relays>>,
        facts: ClusterFacts,
        source: Option<AstraSource>,
        withheld: Withheld,
    ) -> Self {
        let demand = relays.as_ref().map(|relays| relays.demand()).unwrap_or_default();
        let health = Arc::new(Health::new(demand));
        if let Some(relays) = &relays {
            relays.session_is_open();
        }
        let inner = Arc::new_cyclic(|inner: &std::sync::Weak<Inner>| {
            let inner = inner.clone();
            let reach = watch::Reach {
                census: {
                    let inner = inner.clone();
                    Box::new(move || Some(census(inner.upgrade()?.sessions.main())))
                },
                refresh: Box::new(move || {
                    let inner = inner.clone();
                    Box::pin(async move {
                        if let Some(inner) = inner.upgrade() {
                            let _ = timeout(REFRESH_BOUND, inner.sessions.main().refresh_metadata()).await;
                        }
                    })
                }),
            };
            let watch = tokio::spawn(watch::watch(reach, relays.clone(), source, Arc::clone(&health)));
            Inner {
                sessions,
                relays,
                facts,
                withheld,
                health,
                keeper: keeper::Keeper::default(),
                data_centres: Mutex::default(),
                _watch: AbortOnDrop(watch),
            }
        });
        // Ends by itself when the connection does.
        tokio::spawn(model::keep(Arc::downgrade(&inner)));
        Self { scope: Scope::Without, ..Self::of(inner) }
    }

    /// A handle for requests that name the keyspace of everything.
    fn of(inner: Arc<Inner>) -> Self {
        Self { inner, attendance: None, scope: Scope::Any }
    }

    /// The same connection for somebody who looks on: `observer` is told what a request waits for, before each retry. A
    /// handle that nobody attends gives a lost connection up after 3 s; an attended one waits for as long as the request's
    /// time-out lets it, or `timeout` for what has none of its own (preparing, using a keyspace).
    #[must_use]
    pub fn attended(
        &self,
        timeout: Duration,
        observer: impl Fn(RetryNotice) + Send + Sync + 'static,
    ) -> Self {
        let attendance = Some(Attendance { timeout, observer: Arc::new(observer) });
        Self { attendance, ..self.clone() }
    }

    /// What was learned of the cluster while connecting.
    pub fn facts(&self) -> &ClusterFacts {
        &self.inner.facts
    }

    /// The cluster's nodes as they are known now, of all data centres.
    pub fn nodes(&self) -> Vec<Node> {
        let state = self.inner.sessions.main().get_cluster_state();
        state.get_nodes_info().iter().map(ring::node).collect()
    }

    /// The ring of tokens in about `least` ranges or more, none of which spans nodes; never touches the network.
    pub fn token_ranges(&self, least: u32) -> Vec<TokenRange> {
        let state = self.inner.sessions.main().get_cluster_state();
        ranges::ranges(ranges::tokens(&state, &self.inner.facts.local_dc), least)
    }

    /// Runs one statement, or fetches the page at `paging` of one that ran: under the keyspace of this handle, or under that
    /// of the first page.
    ///
    /// A request that `options.idempotence` lets be repeated is, on other nodes, and until nodes are back, when its connection
    /// breaks; any other only where it was not sent. For how long says [`Connection::attended`]. A service that asks to slow
    /// down gets growing pauses. Dropping the future gives the request up on this side; the server may finish it.
    ///
    /// A `USE` is tried, and changes nothing: the handle for the keyspace is [`Connection::use_keyspace`]'s.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn run(&self, request: &Request, paging: Option<&PagingState>) -> Result<Answer, QueryError> {
        self.run_in(paging.map_or(&self.scope, |paging| &paging.scope), request, paging).await
    }

    /// Runs a statement that names the keyspace of everything.
    pub(crate) async fn run_anywhere(
        &self,
        request: &Request,
        paging: Option<&PagingState>,
    ) -> Result<Answer, QueryError> {
        self.run_in(&Scope::Any, request, paging).await
    }

    async fn run_in(
        &self,
        scope: &Scope,
        request: &Request,
        paging: Option<&PagingState>,
    ) -> Result<Answer, QueryError> {
        let options = &request.options;
        let word = first_word(&request.cql).to_ascii_uppercase();
        if word == "USE"
            && let StatementKind::Use(name) = &CqlStatement::new(&request.cql).kind
        {
            // Never sent as text: the driver would move a session that others use.
            Box::pin(self.use_keyspace(name, true)).await?;
            return Ok(Answer { keyspace_set: Some(name.clone()), ..Answer::default() });
        }
        let mut statement = Statement::new(request.cql.as_str()).with_page_size(page_size(options));
        let record = &Arc::new(Record::default());
        configure!(statement, options, record);
        let once = || -> Pin<Box<dyn Future<Output = _> + Send + '_>> {
            Box::pin(async {
                let session = self.lease(scope, options).await?;
                let ran = session.query_single_page(statement.clone(), (), driver_paging(paging)).await;
                session.end(is_given_up(&ran));
                ran.map_err(|error| convert::execution_error(&error, record))
            })
        };
        let started = Instant::now();
        let mut outcome = self.repeatedly(options, record, once).await;
        if outcome.as_ref().is_err_and(agreement::is_missing_on_a_replica) {
            // To empty the table on the replicas that lacked it completes what was done on the others.
            self.await_everybody().await;
            let timeout = options.timeout.saturating_sub(started.elapsed());
            outcome = self.repeatedly(&RequestOptions { timeout, ..options.clone() }, record, once).await;
        }
        let (result, next) = outcome?;
        let mut answer = self.answer(result, next, scope, paging)?;
        match word.as_str() {
            "CREATE" | "ALTER" | "DROP" => {
                answer.schema_changed = true;
                answer.warnings.extend(self.settle_schema(&request.cql).await);
                if model::is_of_roles(&request.cql) {
                    // Roles have no version of the schema.
                    self.inner.keeper.roles_changed();
                }
                if word == "DROP"
                    && let Some(gone) = model::dropped_keyspace(&request.cql)
                {
                    self.inner.sessions.leave(&gone);
                }
            }
            "GRANT" | "REVOKE" => self.inner.keeper.roles_changed(),
            _ => {}
        }
        Ok(answer)
    }

    /// Prepares one statement.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn prepare(&self, cql: &str) -> Result<Prepared, QueryError> {
        let options = self.own_options();
        let mut statement = self
            .repeatedly(&options, &Record::default(), || {
                Box::pin(async {
                    let session = self.lease(&self.scope, &options).await?;
                    let prepared = session.prepare(cql).await;
                    session.end(false);
                    prepared.map_err(|error| convert::prepare_error(&error))
                })
            })
            .await?;
        // Each answer says what its columns are: those of the preparation are not what a changed table sends.
        statement.set_use_cached_result_metadata(false);
        let schema = self.inner.keeper.snapshot();
        let bind_columns = convert::columns(statement.get_variable_col_specs().iter(), &schema);
        let result_columns =
            convert::columns(statement.get_current_result_set_col_specs().get().iter(), &schema);
        Ok(Prepared { statement, scope: self.scope.once_accepted(), bind_columns, result_columns })
    }

    /// Runs a prepared statement with one cell for each bind marker, in order, under the keyspace that it was prepared under.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn run_prepared(
        &self,
        prepared: &Prepared,
        values: &[Cell],
        options: &RequestOptions,
        paging: Option<&PagingState>,
    ) -> Result<Answer, QueryError> {
        prepared.check_count(values)?;
        let mut statement = prepared.statement.clone();
        statement.set_page_size(page_size(options));
        let record = &Arc::new(Record::default());
        configure!(statement, options, record);
        let (result, next) = self
            .repeatedly(options, record, || {
                Box::pin(async {
                    let session = self.lease(&prepared.scope, options).await?;
                    let ran =
                        session.execute_single_page(&statement, Cells(values), driver_paging(paging)).await;
                    session.end(is_given_up(&ran));
                    ran.map_err(|error| convert::execution_error(&error, record))
                })
            })
            .await?;
        self.answer(result, next, &prepared.scope, paging)
    }

    /// Runs `prepared` once for each of `rows` in one batch; at most 65,535 rows.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn run_batch(
        &self,
        kind: BatchKind,
        prepared: &Prepared,
        rows: &[Vec<Cell>],
        options: &RequestOptions,
    ) -> Result<Answer, QueryError> {
        let mut batch = Batch::new(match kind {
            BatchKind::Logged => BatchType::Logged,
            BatchKind::Unlogged => BatchType::Unlogged,
            BatchKind::Counter => BatchType::Counter,
        });
        for row in rows {
            prepared.check_count(row)?;
            batch.append_statement(prepared.statement.clone());
        }
        let record = &Arc::new(Record::default());
        configure!(batch, options, record);
        let values: Vec<_> = rows.iter().map(|row| Cells(row)).collect();
        let result = self
            .repeatedly(options, record, || {
                Box::pin(async {
                    let session = self.lease(&prepared.scope, options).await?;
                    let ran = session.batch(&batch, &values).await;
                    session.end(is_given_up(&ran));
                    ran.map_err(|error| convert::execution_error(&error, record))
                })
            })
            .await?;
        self.answer(result, PagingStateResponse::NoMorePages, &prepared.scope, None)
    }

    /// What was learned of the nodes' data centres for traces.
    pub(crate) fn known_data_centres(&self) -> BTreeMap<String, String> {
        self.inner.data_centres.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps it for the next trace.
    pub(crate) fn learn_data_centres(&self, learned: BTreeMap<String, String>) {
        self.inner.data_centres.lock().unwrap_or_else(PoisonError::into_inner).extend(learned);
    }

    /// The driver's answer as ours. A page behind `before` must be like the first: rows under other columns are not taken.
    fn answer(
        &self,
        result: QueryResult,
        next: PagingStateResponse,
        scope: &Scope,
        before: Option<&PagingState>,
    ) -> Result<Answer, QueryError> {
        let node = result.request_coordinator().node();
        let mut answer = Answer {
            coordinator: Some(Coordinator {
                host_id: node.host_id,
                dc: node.datacenter.clone(),
                label: node.address.ip().to_string(),
            }),
            warnings: result.warnings().map(str::to_owned).collect(),
            tracing_id: result.tracing_id(),
            ..Answer::default()
        };
        if !result.is_rows() {
            return Ok(answer);
        }
        let rows =
            result.into_rows_result().map_err(|error| QueryError::Driver { reason: error.to_string() })?;
        let specs = rows.column_specs();
        let columns = convert::columns(specs.iter(), &self.inner.keeper.snapshot());
        let table = specs.get_by_index(0).map(|column| column.table_spec());
        let table = table.map(|table| (table.ks_name().to_owned(), table.table_name().to_owned()));
        let shape = Shape { columns: Arc::clone(&columns), table };
        if let Some(difference) = before.and_then(|before| before.shape.difference(&shape)) {
            return Err(QueryError::ColumnsChanged { difference });
        }
        if let PagingStateResponse::HasMorePages { state } = next {
            let mark = state.as_bytes_slice();
            answer.next = mark.map(|mark| PagingState::behind(before, mark, scope, shape)).transpose()?;
        }
        answer.page = Some(Arc::new(DriverPage::new(columns, rows)));
        Ok(answer)
    }
}

/// How many of the nodes that are to be used are connected.
fn census(session: &Session) -> Census {
    let state = session.get_cluster_state();
    let used = state.get_nodes_info().iter().filter(|node| node.is_enabled());
    used.fold(Census { connected: 0, used: 0 }, |census, node| Census {
        connected: census.connected + usize::from(node.is_connected()),
        used: census.used + 1,
    })
}

fn page_size(options: &RequestOptions) -> i32 {
    i32::try_from(options.page_size).unwrap_or(i32::MAX).max(1)
}

fn driver_paging(paging: Option<&PagingState>) -> DriverPaging {
    match paging {
        None => DriverPaging::start(),
        Some(paging) => DriverPaging::new_from_raw_bytes(paging.bytes.as_ref()),
    }
}

/// The statement's first word, behind blanks and comments.
fn first_word(cql: &str) -> &str {
    let mut rest = cql.trim_start();
    loop {
        let after = if rest.starts_with("--") || rest.starts_with("//") {
            rest.split_once(['\n', '\r']).map(|(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map(|(_, after)| after)
        } else {
            return rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        };
        rest = after.unwrap_or_default().trim_start();
    }
}
