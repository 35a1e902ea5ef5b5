//! What the columns of an answer are called: as the query writes them, and not as DataFusion does.

use sqlparser::ast::{Expr, Ident, Query, Select, SelectItem, SetExpr};

/// What the columns of an answer are called.
#[derive(Debug, Default)]
pub(super) struct Names {
    before: Vec<String>,
    /// Whether a star stands between them.
    star: bool,
    after: Vec<String>,
}

impl Names {
    pub(super) fn of(query: &Query) -> Self {
        let mut names = Self::default();
        let Some(select) = first_select(&query.body) else { return Self { star: true, ..names } };
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => names.push(name_of(expr)),
                SelectItem::ExprWithAlias { alias, .. } => names.push(alias.value.clone()),
                _ => {
                    // Between two stars nobody knows the places.
                    names.after.clear();
                    names.star = true;
                }
            }
        }
        names
    }

    fn push(&mut self, name: String) {
        if self.star { self.after.push(name) } else { self.before.push(name) }
    }

    /// The names of columns that DataFusion calls so.
    pub(super) fn given(&self, planned: &[String]) -> Vec<String> {
        let mut names = planned.to_vec();
        for (name, own) in names.iter_mut().zip(&self.before) {
            name.clone_from(own);
        }
        if self.star {
            for (name, own) in names.iter_mut().rev().zip(self.after.iter().rev()) {
                name.clone_from(own);
            }
        }
        names
    }
}

/// What an expression without an alias is called: a column by its name, the rest as it is typed.
fn name_of(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => name.value.clone(),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()).unwrap_or_default(),
        other => other.to_string().replace('"', ""),
    }
}

fn first_select(body: &SetExpr) -> Option<&Select> {
    match body {
        SetExpr::Select(select) => Some(select),
        SetExpr::Query(query) => first_select(&query.body),
        SetExpr::SetOperation { left, .. } => first_select(left),
        _ => None,
    }
}

/// Gives the later of two columns of one name another one: DataFusion takes no two. They are called as typed again in the answer.
pub(super) fn distinguish(query: &mut Query) {
    let SetExpr::Select(select) = query.body.as_mut() else { return };
    let mut seen = std::collections::BTreeSet::new();
    for (place, item) in select.projection.iter_mut().enumerate() {
        let (key, expr) = match item {
            SelectItem::UnnamedExpr(expr) => {
                // A cast has the name of what is cast.
                let named = if let Expr::Cast { expr: inner, .. } = &*expr { inner.as_ref() } else { &*expr };
                (named.to_string().to_lowercase(), expr.clone())
            }
            SelectItem::ExprWithAlias { expr, alias } => (alias.value.to_lowercase(), expr.clone()),
            _ => continue,
        };
        if !seen.insert(key) {
            *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', format!("{place}:")) };
        }
    }
}
