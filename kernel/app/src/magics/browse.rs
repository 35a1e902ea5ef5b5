//! `%schema`: the tree, a keyspace, a table's page with its size, and a few of its rows.

use cqlbook_cluster::{Connection, Request, RequestOptions};
use cqlbook_core::browse::{self, Found, Size};
use cqlbook_core::cell::Statement;
use cqlbook_core::cql::keywords::quote_name;
use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::magic::Arguments;
use cqlbook_core::schema::{Keyspace, KeyspaceKind, Table};

use crate::run::scene::Scene;
use crate::run::statement;

/// Rows that are shown where no number is given.
const PEEK: usize = 5;

/// Shows the schema, a keyspace or a table.
pub(crate) async fn schema(scene: &Scene, arguments: &Arguments) -> Result<(), Diagnostic> {
    let open = scene.open()?;
    let peek = arguments.flag("peek");
    // What is known will do where the schema cannot be read anew.
    let model = open.connection.fresh_model().await.unwrap_or_else(|_| open.connection.model());
    let current = open.connection.keyspace();
    let Some(written) = arguments.positional(0) else {
        if peek {
            return Err(no_table("`--peek` needs a table."));
        }
        scene.show(browse::tree(&model, current.as_deref())).await;
        return Ok(());
    };
    // A keyspace and a table of the current one may have one name; rows are a table's.
    let here = current.as_deref().filter(|_| peek && !written.contains('.'));
    let here = here.map(|keyspace| format!("{}.{written}", quote_name(keyspace)));
    let here = here.and_then(|written| browse::find(&model, None, &written).ok());
    let found = here.map_or_else(|| browse::find(&model, current.as_deref(), written), Ok);
    let found = found.map_err(|unknown| {
        let message = format!("There is no {} `{}`.", unknown.what, unknown.name);
        let diagnostic = Diagnostic::new(Code::InvalidQuery, message);
        match unknown.near {
            Some(near) => diagnostic.with_hint(format!("Did you mean `%schema {near}`?")),
            None => diagnostic.with_hint("`%schema` lists the keyspaces and their tables."),
        }
    })?;
    match found {
        Found::Keyspace(_) if peek => {
            Err(no_table(&format!("`{written}` is a keyspace. `--peek` needs a table.")))
        }
        Found::Keyspace(keyspace) => {
            scene.show(browse::keyspace(keyspace)).await;
            Ok(())
        }
        Found::Table(keyspace, table) => {
            let size = size(&open.connection, keyspace, table).await;
            scene.show(browse::page(keyspace, table, size.as_ref())).await;
            if peek {
                let rows = arguments.positional(1).and_then(|rows| rows.parse().ok()).unwrap_or(PEEK);
                let place = format!("{}.{}", quote_name(&keyspace.name), quote_name(&table.name));
                let select = Statement::new(&format!("SELECT * FROM {place} LIMIT {}", rows.max(1)));
                statement::run(scene, &select).await?;
            }
            Ok(())
        }
    }
}

fn no_table(message: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, message).with_hint("Usage: `%schema KS.TABLE --peek [N]`.")
}

/// What the node that answers estimates of a table's size; `None` for a table that takes no room.
async fn size(connection: &Connection, keyspace: &Keyspace, table: &Table) -> Option<Size> {
    if keyspace.kind == KeyspaceKind::Virtual {
        return None;
    }
    let text = |name: &str| format!("'{}'", name.replace('\'', "''"));
    let cql = format!(
        "SELECT partitions_count, mean_partition_size FROM system.size_estimates \
         WHERE keyspace_name = {} AND table_name = {}",
        text(&keyspace.name),
        text(&table.name)
    );
    let request = Request::with_options(cql, RequestOptions::of_a_read());
    let Ok(answer) = connection.run(&request, None).await else { return Some(Size::Refused) };
    let (mut partitions, mut bytes) = (0_u64, 0_u64);
    if let Some(page) = answer.page {
        let number = |cell: Option<&Option<&[u8]>>| {
            let bytes: [u8; 8] = cell.copied().flatten()?.try_into().ok()?;
            u64::try_from(i64::from_be_bytes(bytes)).ok()
        };
        let _ = page.visit(0, &mut |cells| {
            if let (Some(count), Some(mean)) = (number(cells.first()), number(cells.get(1))) {
                partitions = partitions.saturating_add(count);
                bytes = bytes.saturating_add(count.saturating_mul(mean));
            }
            std::ops::ControlFlow::Continue(())
        });
    }
    Some(match bytes.checked_div(partitions) {
        Some(mean) => Size::Estimate { partitions, mean },
        None => Size::Unknown,
    })
}
