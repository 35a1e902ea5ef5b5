//! Properties over all types: what is written reads back the same, and no bytes or text bring anything down.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::elements::settled;
use super::{Entry, Kind, from_literal, from_text, literal, literal_within};
use crate::column::{CqlType, UdtType};

fn scalar() -> impl Strategy<Value = CqlType> {
    use CqlType::*;
    prop::sample::select(vec![
        Ascii, Bigint, Blob, Boolean, Counter, Date, Decimal, Double, Duration, Float, Inet, Int, Smallint,
        Text, Time, Timestamp, Timeuuid, Tinyint, Uuid, Varint,
    ])
}

/// Any type, three levels deep.
fn any_type() -> impl Strategy<Value = CqlType> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|item| CqlType::List(Box::new(item))),
            inner.clone().prop_map(|item| CqlType::Set(Box::new(item))),
            inner.clone().prop_map(|item| CqlType::Frozen(Box::new(item))),
            (inner.clone(), inner.clone())
                .prop_map(|(key, value)| CqlType::Map(Box::new(key), Box::new(value))),
            (inner.clone(), 1..4_usize)
                .prop_map(|(item, dimensions)| CqlType::Vector(Box::new(item), dimensions)),
            prop::collection::vec(inner.clone(), 1..4).prop_map(CqlType::Tuple),
            prop::collection::vec(("[a-zA-Z\" é]{1,5}", inner), 1..4).prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .enumerate()
                    .map(|(n, (name, ty))| (format!("{name}{n}"), ty))
                    .collect();
                CqlType::Udt(Box::new(UdtType { keyspace: "k".to_owned(), name: "u".to_owned(), fields }))
            }),
        ]
    })
}

/// A type with one of its values in serialised form, made without the encoder's help.
fn typed_cell() -> impl Strategy<Value = (CqlType, Vec<u8>)> {
    any_type().prop_flat_map(|ty| {
        let cell = cell_of(&ty);
        (Just(ty), cell)
    })
}

fn fixed(size: usize) -> BoxedStrategy<Vec<u8>> {
    prop::collection::vec(any::<u8>(), size).boxed()
}

fn with_length(cell: &[u8]) -> Vec<u8> {
    [(cell.len() as i32).to_be_bytes().as_slice(), cell].concat()
}

fn cell_of(ty: &CqlType) -> BoxedStrategy<Vec<u8>> {
    match ty {
        CqlType::Ascii => "[ -~\n]{0,8}".prop_map(String::into_bytes).boxed(),
        CqlType::Text => any::<String>().prop_map(String::into_bytes).boxed(),
        CqlType::Blob | CqlType::Custom(_) => prop::collection::vec(any::<u8>(), 0..20).boxed(),
        CqlType::Boolean => any::<bool>().prop_map(|value| vec![u8::from(value)]).boxed(),
        CqlType::Tinyint => fixed(1),
        CqlType::Smallint => fixed(2),
        CqlType::Int | CqlType::Date => fixed(4),
        CqlType::Bigint | CqlType::Counter | CqlType::Timestamp => fixed(8),
        CqlType::Time => (0..86_400_000_000_000_i64).prop_map(|nanos| nanos.to_be_bytes().to_vec()).boxed(),
        // Every NaN is shown as NaN, and the one Rust makes of it comes back.
        CqlType::Float => any::<f32>()
            .prop_map(|value| if value.is_nan() { f32::NAN } else { value }.to_be_bytes().to_vec())
            .boxed(),
        CqlType::Double => any::<f64>()
            .prop_map(|value| if value.is_nan() { f64::NAN } else { value }.to_be_bytes().to_vec())
            .boxed(),
        CqlType::Uuid => fixed(16),
        CqlType::Timeuuid => fixed(16)
            .prop_map(|mut bytes| {
                bytes[6] = 0x10 | (bytes[6] & 0x0f);
                bytes
            })
            .boxed(),
        CqlType::Inet => prop_oneof![fixed(4), fixed(16)].boxed(),
        CqlType::Varint => varint(),
        CqlType::Decimal => (any::<i32>(), varint())
            .prop_map(|(scale, unscaled)| [scale.to_be_bytes().to_vec(), unscaled].concat())
            .boxed(),
        CqlType::Duration => (0..=i32::MAX, 0..=i32::MAX, 0..=i64::MAX, any::<bool>())
            .prop_map(|(months, days, nanos, negative)| {
                let mut bytes = Vec::new();
                for part in [i64::from(months), i64::from(days), nanos] {
                    crate::vint::write_signed(if negative { -part } else { part }, &mut bytes);
                }
                bytes
            })
            .boxed(),
        CqlType::List(item) | CqlType::Set(item) => {
            let ty = ty.clone();
            prop::collection::vec(cell_of(item), 0..4)
                .prop_map(move |cells| {
                    collection(&ty, cells.into_iter().map(|cell| (cell, Vec::new())).collect())
                })
                .boxed()
        }
        CqlType::Map(key, value) => {
            let ty = ty.clone();
            prop::collection::vec((cell_of(key), cell_of(value)), 0..3)
                .prop_map(move |pairs| {
                    let with_length = |(key, value): (_, Vec<u8>)| (key, with_length(&value));
                    collection(&ty, pairs.into_iter().map(with_length).collect())
                })
                .boxed()
        }
        CqlType::Vector(item, dimensions) => {
            let packed = super::packed_size(item).is_some();
            prop::collection::vec(cell_of(item), *dimensions)
                .prop_map(move |cells| {
                    let mut bytes = Vec::new();
                    for cell in cells {
                        if !packed {
                            crate::vint::write_unsigned(cell.len() as u64, &mut bytes);
                        }
                        bytes.extend(cell);
                    }
                    bytes
                })
                .boxed()
        }
        CqlType::Tuple(types) => fields(types.iter().map(cell_of).collect()),
        CqlType::Udt(udt) => fields(udt.fields.iter().map(|(_, ty)| cell_of(ty)).collect()),
        CqlType::Frozen(inner) => cell_of(inner),
    }
}

/// A collection as Cassandra keeps it: its entries in order, and each once.
fn collection(ty: &CqlType, entries: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    let entries = entries.into_iter().map(|(key, value)| Entry { key: Some(key), value }).collect();
    let entries = settled(ty, entries);
    let mut bytes = (entries.len() as i32).to_be_bytes().to_vec();
    for entry in entries {
        bytes.extend(with_length(&entry.key.unwrap()));
        bytes.extend(entry.value);
    }
    bytes
}

/// The shortest two's complement form of some number.
fn varint() -> BoxedStrategy<Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..30)
        .prop_map(|bytes| num_bigint::BigInt::from_signed_bytes_be(&bytes).to_signed_bytes_be())
        .boxed()
}

/// Fields, each after its length or null.
fn fields(cells: Vec<BoxedStrategy<Vec<u8>>>) -> BoxedStrategy<Vec<u8>> {
    cells
        .into_iter()
        .map(prop::option::of)
        .collect::<Vec<_>>()
        .prop_map(|cells| {
            cells
                .iter()
                .map(|cell| cell.as_ref().map_or_else(|| vec![0xff; 4], |cell| with_length(cell)))
                .collect::<Vec<_>>()
                .concat()
        })
        .boxed()
}

proptest! {
    #[test]
    fn every_value_comes_back((ty, cell) in typed_cell(), berlin: bool) {
        let zone = if berlin { TimeZone::get("Europe/Berlin").unwrap() } else { TimeZone::UTC };
        let shown = literal(Some(&cell), &ty, &zone);
        prop_assert!(shown.kind != Kind::Malformed && !shown.cut, "{:?}", shown);
        // Bare digits inside a literal are a timestamp to CQL; in a file they are one only where nothing else is meant.
        match from_text(&ty, &shown.text) {
            Err(error) if error.reason.contains("--timestamp-format") => {
                prop_assert_eq!(from_literal(&ty, &shown.text), Ok(Some(cell.clone())), "{}", shown.text);
            }
            read => prop_assert_eq!(read, Ok(cell.clone()), "{}", shown.text),
        }
        // Inside a tuple it is a literal with its quotes.
        let wrapped = CqlType::Tuple(vec![ty]);
        let shown = literal(Some(&with_length(&cell)), &wrapped, &zone).text;
        prop_assert_eq!(from_literal(&wrapped, &shown), Ok(Some(with_length(&cell))), "{}", shown);
    }

    #[test]
    fn any_bytes_of_any_type_are_shown_in_bounds(ty in any_type(), cell in prop::collection::vec(any::<u8>(), 0..80), limit in 0..60_usize) {
        let shown = literal(Some(&cell), &ty, &TimeZone::UTC);
        let name = ty.to_string().len();
        // A marked element costs its type's name; each needs at least one byte of the cell.
        prop_assert!(shown.text.len() <= (cell.len() + 20) * (name + 60), "{}", shown.text.len());
        let cut = literal_within(Some(&cell), &ty, &TimeZone::UTC, limit);
        prop_assert!(cut.text.len() <= limit);
        prop_assert!(cut.cut || cut.text == shown.text);
    }

    #[test]
    fn damaged_values_are_shown_without_panic((ty, mut cell) in typed_cell(), at: prop::sample::Index, byte: u8, length: prop::sample::Index) {
        if !cell.is_empty() {
            let index = at.index(cell.len());
            cell[index] = byte;
            cell.truncate(length.index(cell.len() + 1));
        }
        let _ = literal(Some(&cell), &ty, &TimeZone::UTC);
    }

    #[test]
    fn any_text_is_read_without_panic(ty in any_type(), text: String, shaped in "[\\[\\]{}(),:'\"$0-9a-fx. -]{0,40}") {
        for text in [text, shaped] {
            let _ = (from_text(&ty, &text), from_literal(&ty, &text));
        }
    }
}
