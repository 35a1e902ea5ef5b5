//! What two schemas are compared by: what both of them know. What one of them could not read may be there all the same, and
//! must look neither added nor removed.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::read::Source;
use super::{Keyspace, Schema};

/// Both without what is of a source that one of them has not read.
pub(super) fn to_both<'a>(old: &'a Schema, new: &'a Schema) -> (Cow<'a, Schema>, Cow<'a, Schema>) {
    let unread: BTreeSet<Source> = old.unread.union(&new.unread).copied().collect();
    if unread.is_empty() {
        return (Cow::Borrowed(old), Cow::Borrowed(new));
    }
    (Cow::Owned(without(old, new, &unread)), Cow::Owned(without(new, old, &unread)))
}

fn without(schema: &Schema, other: &Schema, unread: &BTreeSet<Source>) -> Schema {
    let mut schema = schema.clone();
    if unread.contains(&Source::Keyspaces) {
        schema.keyspaces.retain(|name, _| other.keyspaces.contains_key(name));
    }
    for keyspace in schema.keyspaces.values_mut() {
        let keyspace = Arc::make_mut(keyspace);
        unread.iter().for_each(|source| forget(keyspace, *source));
    }
    schema
}

/// Takes out what a source tells of a keyspace.
fn forget(keyspace: &mut Keyspace, source: Source) {
    let tables = keyspace.tables.values_mut();
    match source {
        Source::Keyspaces => {
            keyspace.replication.clear();
            keyspace.durable_writes = true;
        }
        Source::Types => keyspace.types.clear(),
        Source::Tables => keyspace.tables.clear(),
        Source::Views => keyspace.views.clear(),
        Source::Columns => {
            keyspace.tables.clear();
            keyspace.views.clear();
        }
        Source::Masks => {
            let views = keyspace.views.values_mut().map(|view| &mut view.table);
            tables.chain(views).flat_map(|table| &mut table.columns).for_each(|column| column.mask = None);
        }
        Source::Dropped => tables.for_each(|table| table.dropped.clear()),
        Source::Indexes => tables.for_each(|table| table.indexes.clear()),
        Source::Triggers => tables.for_each(|table| table.triggers.clear()),
        Source::Functions => keyspace.functions.clear(),
        Source::Aggregates => keyspace.aggregates.clear(),
        // No user makes what they tell of.
        Source::VirtualKeyspaces | Source::VirtualTables | Source::VirtualColumns => {}
    }
}
