//! The select list: what each column is called and of which kind it is.

use std::collections::BTreeSet;

use sqlparser::ast::{Expr, Ident, SelectItem, SelectItemQualifiedWildcardKind};

use super::{Columns, Scope, arithmetic, compare, expr, precise, refuse, shown};
use crate::sql::SqlError;
use crate::sql::kind::Kind;
use crate::sql::lineage::{name_of, unique};

/// The names that are typed for several columns of a select list.
pub(super) fn doubled(items: &[SelectItem]) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let names = items.iter().filter_map(|item| match item {
        SelectItem::UnnamedExpr(expr) => Some(name_of(expr)),
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    });
    names.filter(|name| !seen.insert(name.clone())).collect()
}

/// The columns of a select list, each under a name of its own.
pub(super) fn projection(items: &mut [SelectItem], scope: &Scope<'_>) -> Result<Columns, SqlError> {
    let mut columns = Columns::new();
    for item in items {
        match item {
            // Called as it is typed: what it is rewritten to is nobody's name for it.
            SelectItem::UnnamedExpr(expr) => {
                let typed = name_of(expr);
                let name = unique(typed.clone(), &columns);
                columns.push((name.clone(), selected(expr, &name, scope)?));
                if name == typed && matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                    continue;
                }
                let expr = arithmetic::take(expr);
                *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', name) };
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                columns.push((alias.value.clone(), selected(expr, &alias.value, scope)?));
            }
            SelectItem::Wildcard(_) if scope.has_using => {
                return Err(refuse(
                    "`SELECT *` of a join with `USING`, which has the key once",
                    "Name the columns, or take those of one table: `SELECT a.*, b.name`.",
                ));
            }
            SelectItem::Wildcard(options) if is_plain(options) => {
                scope.sources.iter().for_each(|(_, own)| columns.extend(own.iter().cloned()));
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options)
                if is_plain(options) =>
            {
                let name = name.to_string().replace('"', "");
                let own = scope.sources.iter().filter(|(own, _)| *own == name);
                own.for_each(|(_, own)| columns.extend(own.iter().cloned()));
            }
            other => return Err(refuse(shown(other), "Name the columns.")),
        }
    }
    Ok(columns)
}

/// What an item of the select list is, under its name.
fn selected(expr: &mut Expr, name: &str, scope: &Scope<'_>) -> Result<Kind, SqlError> {
    let kind = expr::of(expr, scope)?;
    if matches!(kind, Kind::Whole | Kind::Decimal) && precise::is_long(expr, scope) {
        scope.tables.add_long(name);
    }
    // By itself it is a double to the engine, but where that would round it.
    if compare::is_fraction(expr) && precise::is_long(expr, scope) && precise::exact(expr)? {
        return Ok(Kind::Decimal);
    }
    Ok(if compare::is_fraction(expr) { Kind::Float } else { kind })
}

fn is_plain(options: &sqlparser::ast::WildcardAdditionalOptions) -> bool {
    options.opt_ilike.is_none()
        && options.opt_exclude.is_none()
        && options.opt_except.is_none()
        && options.opt_replace.is_none()
        && options.opt_rename.is_none()
}
