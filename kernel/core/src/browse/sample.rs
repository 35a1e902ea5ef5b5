//! Literals for sample CQL: a value of each type that the server accepts.

use crate::column::CqlType;
use crate::cql::keywords::quote_name;

/// A literal of the type. `later` asks for one that is greater than the other, where the type has an order.
pub(super) fn literal(cql_type: &CqlType, later: bool) -> String {
    let pick = |first: &str, second: &str| if later { second.to_owned() } else { first.to_owned() };
    match cql_type {
        CqlType::Ascii | CqlType::Text => pick("'a'", "'n'"),
        CqlType::Bigint
        | CqlType::Counter
        | CqlType::Int
        | CqlType::Smallint
        | CqlType::Tinyint
        | CqlType::Varint => pick("1", "10"),
        CqlType::Decimal | CqlType::Double | CqlType::Float => pick("1.5", "10.5"),
        CqlType::Blob => pick("0x00", "0xff"),
        CqlType::Boolean => pick("false", "true"),
        CqlType::Date => pick("'2026-01-01'", "'2026-02-01'"),
        CqlType::Time => pick("'08:00:00'", "'17:00:00'"),
        CqlType::Timestamp => pick("'2026-01-01 00:00:00+0000'", "'2026-02-01 00:00:00+0000'"),
        CqlType::Timeuuid => {
            let moment = pick("'2026-01-01 00:00:00+0000'", "'2026-02-01 00:00:00+0000'");
            let function = if later { "max_timeuuid" } else { "min_timeuuid" };
            format!("{function}({moment})")
        }
        CqlType::Uuid => pick("00000000-0000-4000-8000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff"),
        CqlType::Duration => pick("1h", "12h"),
        CqlType::Inet => pick("'127.0.0.1'", "'127.0.0.9'"),
        CqlType::List(item) => format!("[{}]", literal(item, later)),
        CqlType::Set(item) => format!("{{{}}}", literal(item, later)),
        CqlType::Map(key, value) => format!("{{{}: {}}}", literal(key, later), literal(value, later)),
        CqlType::Tuple(items) => {
            let items: Vec<_> = items.iter().map(|item| literal(item, later)).collect();
            format!("({})", items.join(", "))
        }
        CqlType::Vector(item, dimensions) => {
            const SHOWN: usize = 16;
            let items = vec![literal(item, later); (*dimensions).min(SHOWN)];
            let rest = if *dimensions > SHOWN { ", …" } else { "" };
            format!("[{}{rest}]", items.join(", "))
        }
        CqlType::Udt(udt) => {
            let fields: Vec<_> = udt
                .fields
                .iter()
                .map(|(name, field)| format!("{}: {}", quote_name(name), literal(field, later)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        CqlType::Frozen(inner) => literal(inner, later),
        CqlType::Custom(_) => "…".to_owned(),
    }
}

/// A type without `frozen`.
pub(super) fn unfrozen(cql_type: &CqlType) -> &CqlType {
    match cql_type {
        CqlType::Frozen(inner) => unfrozen(inner),
        other => other,
    }
}

/// Whether `<` and `>` say something of values of the type.
pub(super) fn is_ordered(cql_type: &CqlType) -> bool {
    cql_type.is_native() && !matches!(cql_type, CqlType::Boolean | CqlType::Duration)
}
