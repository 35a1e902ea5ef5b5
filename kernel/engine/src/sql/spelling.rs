//! One spelling for each name of a query.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{Ident, Query, Select, SelectItem, SetExpr, TableFactor, VisitMut as _, VisitorMut};

use super::tree::Tables;

/// The one spelling of each name: SQL does not tell letters apart in names without quotes, DataFusion does.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    /// Spellings by the name in small letters, the one that is taken first.
    known: BTreeMap<String, Vec<String>>,
}

impl Spelling {
    pub(super) fn of(query: &mut Query, tables: &Tables) -> Self {
        let mut own = Self::default();
        for (name, columns) in tables {
            columns.iter().for_each(|column| own.add(column));
            own.add(name);
        }
        struct Aliases<'a>(&'a mut Spelling, bool);
        impl VisitorMut for Aliases<'_> {
            type Break = ();
            fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
                for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
                    self.add(&cte.alias.name);
                    cte.alias.columns.iter().for_each(|column| self.add(&column.name));
                }
                selects(&mut query.body, &mut |select| {
                    for item in &select.projection {
                        if let SelectItem::ExprWithAlias { alias, .. } = item {
                            self.add(alias);
                        }
                    }
                });
                ControlFlow::Continue(())
            }
            fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
                if let Some(alias) = alias_of(factor) {
                    self.add(&alias.name);
                    alias.columns.iter().for_each(|column| self.add(&column.name));
                }
                ControlFlow::Continue(())
            }
        }
        impl Aliases<'_> {
            fn add(&mut self, name: &Ident) {
                if name.quote_style.is_some() == self.1 {
                    self.0.add(&name.value);
                }
            }
        }
        for is_quoted in [true, false] {
            let _: ControlFlow<()> = query.visit(&mut Aliases(&mut own, is_quoted));
        }
        own
    }

    fn add(&mut self, name: &str) {
        let spellings = self.known.entry(name.to_lowercase()).or_default();
        if !spellings.iter().any(|known| known == name) {
            spellings.push(name.to_owned());
        }
    }

    /// Spells a name as the table does that it is of.
    pub(super) fn spell(&self, name: &mut Ident) {
        if name.quote_style.is_none()
            && let Some(spellings) = self.known.get(&name.value.to_lowercase())
            && let Some(first) = spellings.first()
            && (spellings.len() == 1 || !spellings.contains(&name.value))
        {
            name.value.clone_from(first);
        }
    }
}

/// The selects of a query's body, not those of queries in it.
pub(super) fn selects(body: &mut SetExpr, see: &mut dyn FnMut(&mut Select)) {
    match body {
        SetExpr::Select(select) => see(select),
        SetExpr::SetOperation { left, right, .. } => {
            selects(left, see);
            selects(right, see);
        }
        _ => {}
    }
}

pub(super) fn alias_of(factor: &mut TableFactor) -> Option<&mut sqlparser::ast::TableAlias> {
    match factor {
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::NestedJoin { alias, .. } => alias.as_mut(),
        _ => None,
    }
}
