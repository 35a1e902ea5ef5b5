//! A query's tree as the text that polars reads.
//!
//! The rule: a text's content never becomes SQL. The text that is written of a tree is read again as polars reads it, and must be the
//! same tree, or the query is refused.

use std::ops::ControlFlow;

use sqlparser::ast::{Query, Statement, Value, VisitMut, VisitorMut};

use super::SqlError;
use super::literal::parse;

/// The query as text that polars reads as this very query.
///
/// # Errors
/// [`SqlError::Beyond`] where there is no such text.
pub(super) fn written(query: &Query) -> Result<String, SqlError> {
    struct Doubled;
    impl VisitorMut for Doubled {
        type Break = ();
        fn pre_visit_value(&mut self, value: &mut sqlparser::ast::ValueWithSpan) -> ControlFlow<()> {
            // The writer leaves a pair of quotes as it is, so with all of them doubled it changes none.
            if let Value::SingleQuotedString(text) = &mut value.value {
                *text = text.replace('\'', "''");
            }
            ControlFlow::Continue(())
        }
    }
    let mut doubled = query.clone();
    let _: ControlFlow<()> = doubled.visit(&mut Doubled);
    let text = doubled.to_string();
    match parse(&text).as_deref() {
        Ok([Statement::Query(again)]) if **again == *query => Ok(text),
        _ => Err(SqlError::Beyond {
            message: "The query has a name or a form that cannot be handed to the engine as it stands.".to_owned(),
            hints: vec![
                "Names with two quotes in them, and unusual forms of text, are the ones: rename the column in the query that fetches it.".to_owned(),
            ],
            words: String::new(),
        }),
    }
}
