//! The kernel: a notebook's session behind `cqlbook_wire`'s handler. It binds its sockets before anything else and
//! touches no database until a cell asks for one.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use cqlbook_core::cell;
use cqlbook_core::complete;
use cqlbook_core::inspect;
use cqlbook_wire::{
    Completeness, Completion, Completions, ConnectionFile, ExecuteOutcome, ExecuteRequest, Handler, HelpLink,
    HistoryEntry, HistoryRequest, Io, KernelInfo, LanguageInfo, MimeBundle,
};

use crate::cli::complain;
use crate::history::History;
use crate::names::{self, Known};
use crate::notebook::Notebook;
use crate::run;
use crate::run::scene::help_page;

/// The stack of each thread that runs cells. What is nested from outside is bounded; a library's recursion over what is within
/// the bounds shall have room: the driver's over user-defined types in one another goes some 300,000 deep. Only what is touched
/// takes memory.
const STACK_BYTES: usize = 64 << 20;

/// Runs the kernel that the connection file describes until it is shut down.
pub(crate) fn run(connection_file: &Path) -> ExitCode {
    let outcome =
        ConnectionFile::read(connection_file).map_err(|error| error.to_string()).and_then(|connection| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .thread_stack_size(STACK_BYTES)
                .enable_all()
                .build()
                .map_err(|error| format!("The kernel cannot start its threads: {error}."))?;
            let outcome = runtime.block_on(cqlbook_wire::serve(connection, Arc::new(Kernel::new())));
            // A statement that hangs must not hold the process.
            runtime.shutdown_background();
            outcome.map_err(|error| error.to_string())
        });
    match outcome {
        Ok(_) => ExitCode::SUCCESS,
        Err(line) => {
            complain(&line);
            ExitCode::FAILURE
        }
    }
}

/// The handler of one kernel process.
struct Kernel {
    notebook: Arc<Notebook>,
    history: Arc<History>,
}

impl Kernel {
    fn new() -> Self {
        let notebook = Notebook::new();
        Self { history: Arc::new(History::of(&notebook)), notebook: Arc::new(notebook) }
    }
}

impl Handler for Kernel {
    fn kernel_info(&self) -> KernelInfo {
        let version = env!("CARGO_PKG_VERSION");
        KernelInfo {
            implementation: "cqlbook".to_owned(),
            implementation_version: version.to_owned(),
            banner: format!("cqlbook {version}: CQL on Astra DB and Apache Cassandra. %connect astra, %help"),
            language_info: language_info(),
            help_links: vec![HelpLink {
                text: "CQL reference".to_owned(),
                url: "https://cassandra.apache.org/doc/latest/cassandra/developing/cql/index.html".to_owned(),
            }],
            debugger: false,
            supported_features: Vec::new(),
        }
    }

    async fn execute(&self, request: ExecuteRequest, io: Io) -> ExecuteOutcome {
        let _kept_when_it_ends = self.history.keeping(&request, &self.notebook).await;
        run::cell::run(Arc::clone(&self.notebook), request, io).await
    }

    async fn complete(&self, code: &str, cursor: usize) -> Completions {
        let found = complete::complete(code, cursor, &Known::of(&self.notebook));
        let items = found.items.into_iter().map(|item| Completion {
            text: item.text,
            kind: format!("{:?}", item.kind).to_lowercase(),
            signature: item.detail,
        });
        let before = &code[..found.start];
        let paths = found.path.iter().flat_map(|typed| names::typed_paths(&self.notebook, before, typed));
        let paths = paths.map(|text| Completion { text, kind: "path".to_owned(), signature: String::new() });
        Completions { start: found.start, end: found.end, matches: items.chain(paths).collect() }
    }

    async fn inspect(&self, code: &str, cursor: usize, _detail_level: u8) -> Option<MimeBundle> {
        // A path first: of a magic's line the text itself says no more than which magic it is.
        let text = names::path(&self.notebook, code, cursor)
            .or_else(|| inspect::inspect(code, cursor, &Known::of(&self.notebook)))?;
        Some(help_page(&text))
    }

    fn is_complete(&self, code: &str) -> Completeness {
        match cell::completeness(code) {
            cell::Completeness::Complete => Completeness::Complete,
            cell::Completeness::Incomplete { indent } => Completeness::Incomplete { indent },
            cell::Completeness::Invalid => Completeness::Invalid,
        }
    }

    async fn history(&self, request: HistoryRequest) -> Vec<HistoryEntry> {
        self.history.answer(request).await
    }

    async fn shutdown(&self, _restart: bool) {
        self.notebook.engine.end().await;
        self.history.finish().await;
        let closed = self.notebook.state().open.take();
        drop(closed);
    }
}

/// The language as frontends know it: JupyterLab highlights `text/x-cassandra`; Pygments has no CQL lexer, so SQL's.
fn language_info() -> LanguageInfo {
    LanguageInfo {
        name: "cql".to_owned(),
        version: "3.4.7".to_owned(),
        mimetype: Some("text/x-cassandra".to_owned()),
        file_extension: Some(".cql".to_owned()),
        pygments_lexer: Some("sql".to_owned()),
        codemirror_mode: Some(cqlbook_wire::CodeMirrorMode::Simple("text/x-cassandra".to_owned())),
        nbconvert_exporter: None,
    }
}
