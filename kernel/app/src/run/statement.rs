//! Runs one CQL statement: guard rails, bind values, sending, keeping, drawing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cqlbook_cluster::{Cell, Request, RequestOptions, SerialConsistency};
use cqlbook_core::cell::{ObjectKind, Statement, StatementKind};
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic;
use cqlbook_core::redact::shown_param;
use cqlbook_core::render::{self, Facts, TableOptions, code_span};
use cqlbook_core::settings::CellSettings;
use cqlbook_core::value;
use cqlbook_wire::Stream;

use super::fetch::{self, Continuation, Fetched, Sent};
use super::scene::Scene;
use super::wait::Wait;
use super::{capture, guard, repeat, scan, selected};
use crate::connect::desk::is_yes;
use crate::explain;
use crate::notebook::Open;
use crate::results::{Full, Incoming, Kept, RESULT_BYTES, TOTAL_BYTES};
use crate::trace;

/// Runs `statement` and shows its outcome.
pub(crate) async fn run(scene: &Scene, statement: &Statement) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    let settings = scene.settings();
    // What the question is about is what is sent, whatever another cell sets while it is asked.
    let values = Values::of(scene, statement);
    check(scene, &open, &settings, statement).await?;
    if let Some(times) = settings.repeat
        && trace::repeat::is_repeated(statement)?
    {
        scene.live.sends(Arc::default());
        return trace::repeat::run(scene, &open, &settings, statement, &values, times).await;
    }
    let most = (!settings.all && settings.settings.paging).then_some(settings.settings.fetch_rows.max(1));
    let keyspace = open.connection.keyspace();
    let scan = scan::of(statement, keyspace.as_deref(), &open.connection.schema(), most);

    let mut wait = match &scan {
        Some(scan) => Wait::with_label(&scan.notice),
        None => Wait::new(),
    };
    if let Some(scan) = scan.as_ref().filter(|scan| scan.unbounded) {
        // A line of text: the rows stay the first thing that is displayed.
        scene.io.print(Stream::Stdout, &scan.notice).await;
    }
    let open = wait.attend(&open, settings.settings.timeout);
    scene.live.sends(wait.sending());
    let outcome =
        wait.through(scene, answer(scene, &open, &settings, statement, &values)).await.map_err(|error| {
            if settings.settings.trace { trace::explain::of_a_traced_statement(error) } else { error }
        })?;
    match outcome {
        Outcome::Used(elapsed, name) => {
            let facts = Facts { elapsed, notes: wait.note().into_iter().collect(), ..Facts::default() };
            scene.conclude(render::outcome(&format!("Using keyspace {name}."), &facts)).await;
        }
        Outcome::Fetched(fetched) => {
            let told = scan.filter(|scan| !scan.unbounded).map(|scan| scan.notice);
            show(scene, &open, &settings, statement, *fetched, &wait, told).await;
        }
    }
    Ok(())
}

/// What a statement brought.
enum Outcome {
    /// A keyspace is in use, after so long.
    Used(Duration, String),
    Fetched(Box<Fetched>),
}

/// Sends the statement.
async fn answer(
    scene: &Scene,
    open: &Open,
    settings: &CellSettings,
    statement: &Statement,
    values: &Values,
) -> Result<Outcome, Diagnostic> {
    let failed = |error: &cqlbook_cluster::QueryError| explain_failure(error, open, statement);
    if let StatementKind::Use(name) = &statement.kind {
        let started = Instant::now();
        let connection = open.connection.use_keyspace(name, true).await.map_err(|error| failed(&error))?;
        scene.use_keyspace(open.number, &connection);
        return Ok(Outcome::Used(started.elapsed(), name.clone()));
    }
    let sent = sending(open, settings, statement, values).await?;
    let incoming = Incoming::new(&scene.notebook, kept_as(settings, statement));
    let fetched = fetch::fetch(&open.connection, sent, None, limit(settings), incoming).await;
    Ok(Outcome::Fetched(Box::new(fetched.map_err(|error| error.told(failed))?)))
}

/// The name that a statement's rows are kept under, beside `_`.
fn kept_as<'a>(settings: &'a CellSettings, statement: &'a Statement) -> Option<&'a str> {
    statement.into.as_deref().or(settings.into.as_deref())
}

/// The values of a statement's bind variables, as CQL literals: those of the moment when the statement's turn came.
pub(crate) struct Values(BTreeMap<String, String>);

impl Values {
    /// The notebook's, as far as the statement names them.
    pub(crate) fn of(scene: &Scene, statement: &Statement) -> Self {
        if statement.binds.is_empty() {
            return Self(BTreeMap::new());
        }
        let params = &scene.notebook.state().params;
        let named = statement.binds.iter().filter_map(|bind| params.get_key_value(&bind.name));
        Self(named.map(|(name, literal)| (name.clone(), literal.clone())).collect())
    }
}

/// The statement as it is sent: with its values where it has bind variables.
pub(crate) async fn sending(
    open: &Open,
    settings: &CellSettings,
    statement: &Statement,
    values: &Values,
) -> Result<Sent, Diagnostic> {
    Ok(match prepare(open, settings, statement, values).await? {
        Some(sent) => sent,
        None => Sent::Text(Request::with_options(statement.text.clone(), options(open, settings, statement))),
    })
}

/// The most rows that are brought.
pub(crate) fn limit(settings: &CellSettings) -> usize {
    if settings.all { usize::MAX } else { settings.settings.fetch_rows.max(1) }
}

/// What must hold before anything is sent.
async fn check(
    scene: &Scene,
    open: &Open,
    settings: &CellSettings,
    statement: &Statement,
) -> Result<(), Diagnostic> {
    if open.recipe.read_only {
        guard::read_only(statement, "The connection was opened with `--read-only`.")?;
    }
    if settings.settings.read_only {
        guard::read_only(statement, "The setting `read_only` is on: `%set read_only off`.")?;
    }
    if settings.settings.confirm && !settings.yes {
        let keyspace = open.connection.keyspace();
        let question = guard::question(statement, keyspace.as_deref(), &open.connection.schema());
        if let Some(question) = question {
            let answer = scene.ask(&question, false).await?;
            if !answer.as_ref().is_some_and(is_yes) {
                return Err(guard::unconfirmed(statement, answer.is_some()));
            }
        }
    }
    Ok(())
}

/// The line that gives a bind variable of that name a value, as code.
pub(crate) fn set_param(name: &str) -> String {
    code_span(&format!("%param {} = VALUE", quote_name(name)))
}

/// Prepares a statement with bind variables and gives them their values; `None` for one without.
pub(crate) async fn prepare(
    open: &Open,
    settings: &CellSettings,
    statement: &Statement,
    Values(params): &Values,
) -> Result<Option<Sent>, Diagnostic> {
    if let Some(span) = statement.positional_binds.first() {
        return Err(Diagnostic::new(
            Code::InvalidQuery,
            "A `?` has no name, so a notebook has no value for it.",
        )
        .with_hint("Write `:name` and set it with `%param name = VALUE`.")
        .with_span(*span));
    }
    if statement.binds.is_empty() {
        return Ok(None);
    }
    for bind in &statement.binds {
        if !params.contains_key(&bind.name) {
            return Err(Diagnostic::new(
                Code::InvalidQuery,
                format!(
                    "The bind variable {} has no value.",
                    code_span(&format!(":{}", quote_name(&bind.name)))
                ),
            )
            .with_cause("A name with a colon stands for a value, and none was set in this session.")
            .with_hint(format!("{}, with the value as a CQL literal.", set_param(&bind.name)))
            .with_span(bind.span));
        }
    }
    let prepared = open
        .connection
        .prepare(&statement.text)
        .await
        .map_err(|error| explain_failure(&error, open, statement))?;
    let mut cells = Vec::new();
    for (place, column) in prepared.bind_columns().iter().enumerate() {
        // The server names a marker as the lexer does; by place is the fallback.
        let bind =
            statement.binds.iter().find(|bind| bind.name == column.name).or(statement.binds.get(place));
        let literal = bind.and_then(|bind| params.get(&bind.name)).map_or("null", String::as_str);
        let cell = value::from_literal(&column.cql_type, literal).map_err(|error| {
            let name = bind.map_or(column.name.as_str(), |bind| bind.name.as_str());
            // What does not fit is quoted, and may be a secret.
            let why =
                if shown_param(name, literal) == literal { format!(": {error}") } else { String::new() };
            let diagnostic =
                Diagnostic::new(Code::InvalidQuery, format!("The value of `:{name}` does not fit{why}."))
                    .with_hint(format!(
                        "Set it again: {}, a CQL literal of type {}.",
                        set_param(name),
                        column.cql_type
                    ));
            match bind {
                Some(bind) => diagnostic.with_span(bind.span),
                None => diagnostic,
            }
        })?;
        cells.push(cell.map_or(Cell::Null, |bytes| Cell::Bytes(bytes.into())));
    }
    Ok(Some(Sent::Prepared(prepared, cells.into(), options(open, settings, statement))))
}

/// The settings as the cluster takes them.
pub(crate) fn options(open: &Open, settings: &CellSettings, statement: &Statement) -> RequestOptions {
    let settings = &settings.settings;
    RequestOptions {
        consistency: settings.consistency,
        serial_consistency: SerialConsistency::of(settings.serial_consistency)
            .unwrap_or(SerialConsistency::LocalSerial),
        page_size: if settings.paging {
            u32::try_from(settings.page_size).unwrap_or(5000)
        } else {
            i32::MAX as u32
        },
        timeout: settings.timeout,
        trace: settings.trace,
        idempotence: repeat::of_open(open, statement),
        timestamp: None,
    }
}

/// A failure of this statement, explained.
pub(crate) fn explain_failure(
    error: &cqlbook_cluster::QueryError,
    open: &Open,
    statement: &Statement,
) -> Diagnostic {
    let (schema, model) = (open.connection.schema(), open.connection.model());
    explain::query::query(
        error,
        &explain::query::Context {
            astra: open.is_astra(),
            statement,
            keyspace: open.connection.keyspace(),
            schema: &schema,
            model: &model,
        },
    )
}

/// Draws the outcome, keeps its rows, and shows its trace where it was traced.
pub(crate) async fn show(
    scene: &Scene,
    open: &Open,
    settings: &CellSettings,
    statement: &Statement,
    fetched: Fetched,
    wait: &Wait,
    scan: Option<String>,
) {
    let mut facts = Facts {
        more: fetched.next.is_some(),
        elapsed: fetched.elapsed,
        // A schema change is agreed on by all nodes, whatever the level says.
        consistency: (!statement.is_schema_change()).then(|| settings.settings.consistency.name().to_owned()),
        coordinator: fetched.coordinator.as_ref().map(|node| match &node.dc {
            Some(dc) => format!("{} ({dc})", node.label),
            None => node.label.clone(),
        }),
        warnings: fetched.warnings.clone(),
        notes: scan.into_iter().chain(wait.note()).collect(),
        ..Facts::default()
    };
    let name = kept_as(settings, statement).map(str::to_owned);
    let Fetched { sent, pages, next, traced, full, incoming, .. } = fetched;
    let Some(pages) = pages else {
        // Where a cell has several, those without rows are not what `--into` is for.
        if let Some(name) = statement.into.as_deref() {
            facts.notes.push(format!("Nothing is kept as {}: the statement has no rows.", code_span(name)));
        }
        let silent = !scene.sources.is_empty() && facts.warnings.is_empty() && facts.notes.is_empty();
        if !silent {
            scene.conclude(render::outcome(&summary(statement), &facts)).await;
        }
        if settings.settings.trace {
            trace::follow::statement(scene, open, &traced, &statement.text, None).await;
        }
        return;
    };
    facts.rows_fetched = pages.iter().map(|page| page.rows()).sum();
    facts.notes.extend(full.map(|full| ended_early(full, name.as_deref())));
    facts.kept_as.clone_from(&name);
    facts.table = table_of(open, statement);
    facts.derived = selected::derived(statement);
    let rest = next
        .map(|next| Arc::new(Continuation { sent, next, connection: open.number, limit: limit(settings) }));
    let kept = Kept {
        number: 0,
        columns: pages
            .first()
            .map_or_else(|| Arc::from([]), |page| selected::columns(open, statement, page.columns())),
        drawn: settings.settings.display_rows.min(facts.rows_fetched),
        pages,
        facts,
        rest,
    };
    let dropped = incoming.keep(kept.clone());
    let mut facts = kept.facts.clone();
    if !dropped.is_empty() {
        facts.notes.push(format!("Forgotten to make room: {}.", dropped.join(", ")));
    }
    facts.notes.extend(capture::take(scene, &kept, &table_options(settings)).await);
    let table = render::table(&kept.columns, &kept.pages, &facts, &table_options(settings));
    wait.show_rows(scene, table).await;
    if settings.settings.trace {
        trace::follow::statement(scene, open, &traced, &statement.text, name.as_deref()).await;
    }
}

/// What is said of a fetch that ended before its rows did, and how to go on.
pub(crate) fn ended_early(full: Full, name: Option<&str>) -> String {
    let more = name.map_or_else(|| "%more".to_owned(), |name| format!("%more {}", magic::quoted(name)));
    let all = "`%%export FILE` with the SELECT under it writes all rows.";
    match full {
        Full::Statement => format!(
            "The fetch stopped at {}, the most that one statement brings into the kernel. `{more}` goes on, and {all}",
            render::bytes(RESULT_BYTES)
        ),
        Full::Kernel => format!(
            "The fetch stopped because the rows in the kernel fill {}, the most there is room for. `%forget NAME` frees a result, `{more}` goes on then, and {all}",
            render::bytes(TOTAL_BYTES)
        ),
    }
}

/// The table that a statement reads, with its keyspace.
pub(crate) fn table_of(open: &Open, statement: &Statement) -> Option<(String, String)> {
    let (keyspace, table) = statement.table()?;
    let keyspace = keyspace.map(str::to_owned).or_else(|| open.connection.keyspace())?;
    Some((keyspace, table.to_owned()))
}

/// How tables are drawn under these settings.
pub(crate) fn table_options(settings: &CellSettings) -> TableOptions {
    TableOptions {
        display_rows: settings.settings.display_rows,
        offset: 0,
        zone: settings.settings.timezone.clone(),
        vertical: settings.settings.expand,
    }
}

/// One sentence on what a statement without rows did.
fn summary(statement: &Statement) -> String {
    let named = |verb: &str, object: &cqlbook_core::cell::Object| {
        let kind = match object.kind {
            ObjectKind::Keyspace => "keyspace",
            ObjectKind::Table => "table",
            ObjectKind::Type => "type",
            ObjectKind::Index => "index",
            ObjectKind::MaterializedView => "materialized view",
            ObjectKind::Function => "function",
            ObjectKind::Aggregate => "aggregate",
            ObjectKind::Trigger => "trigger",
            ObjectKind::Role => "role",
            ObjectKind::User => "user",
            ObjectKind::Other => "object",
        };
        match &object.name {
            Some(name) => match &name.keyspace {
                Some(keyspace) => format!("{verb} {kind} {keyspace}.{}.", name.name),
                None => format!("{verb} {kind} {}.", name.name),
            },
            None => format!("{verb} {kind}."),
        }
    };
    match &statement.kind {
        StatementKind::Insert | StatementKind::Update => "Written.".to_owned(),
        StatementKind::Delete(_) => "Deleted.".to_owned(),
        StatementKind::Batch(_) => "Batch applied.".to_owned(),
        StatementKind::Transaction => "Transaction committed.".to_owned(),
        StatementKind::Truncate => match statement.table() {
            Some((Some(keyspace), table)) => format!("Truncated {keyspace}.{table}."),
            Some((None, table)) => format!("Truncated {table}."),
            None => "Truncated.".to_owned(),
        },
        StatementKind::Create(object) => named("Created", object),
        StatementKind::Alter(object) => named("Altered", object),
        StatementKind::Drop(object) => named("Dropped", object),
        StatementKind::Grant => "Granted.".to_owned(),
        StatementKind::Revoke => "Revoked.".to_owned(),
        _ => "Done.".to_owned(),
    }
}
