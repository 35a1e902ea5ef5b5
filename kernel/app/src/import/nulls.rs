//! Nulls inside collections, which servers refuse as an error of their own: such a row is set aside before it is sent.

use cqlbook_cluster::Cell;
use cqlbook_core::column::CqlType;

use super::plan::Goal;

/// Says which cell has a null where none can be.
pub(super) fn check(goals: &[Goal], cells: &[Cell]) -> Result<(), String> {
    for (goal, cell) in goals.iter().zip(cells) {
        if let Cell::Bytes(bytes) = cell
            && has_null(bytes, &goal.column.cql_type) == Some(true)
        {
            return Err(format!("{}: a collection cannot hold null", goal.column.name));
        }
    }
    Ok(())
}

/// Whether a collection in this value holds a null; `None` where its bytes are none of its type, which the server says.
fn has_null(bytes: &[u8], ty: &CqlType) -> Option<bool> {
    match ty {
        CqlType::Frozen(inner) => has_null(bytes, inner),
        CqlType::List(item) | CqlType::Set(item) => items(bytes, &[item]),
        CqlType::Map(key, value) => items(bytes, &[key, value]),
        CqlType::Tuple(fields) => parts(bytes, fields.iter()),
        CqlType::Udt(udt) => parts(bytes, udt.fields.iter().map(|(_, ty)| ty)),
        _ => Some(false),
    }
}

fn items(bytes: &[u8], types: &[&CqlType]) -> Option<bool> {
    let (count, mut rest) = bytes.split_first_chunk::<4>()?;
    for _ in 0..i32::from_be_bytes(*count).max(0) {
        for ty in types {
            let Some(part) = part(&mut rest)? else { return Some(true) };
            if has_null(part, ty)? {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// The fields of a tuple or user type, which may be null and of which the last ones may be missing.
fn parts<'a>(bytes: &[u8], types: impl Iterator<Item = &'a CqlType>) -> Option<bool> {
    let mut rest = bytes;
    for ty in types {
        if rest.is_empty() {
            break;
        }
        if let Some(part) = part(&mut rest)?
            && has_null(part, ty)?
        {
            return Some(true);
        }
    }
    Some(false)
}

/// A length and as many bytes, taken off `rest`; below zero it is a null.
fn part<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
        *rest = behind;
        return Some(None);
    };
    let (part, behind) = behind.split_at_checked(length)?;
    *rest = behind;
    Some(Some(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NULL: [u8; 4] = (-1_i32).to_be_bytes();

    fn list(items: &[&[u8]]) -> Vec<u8> {
        let mut out = i32::try_from(items.len()).unwrap().to_be_bytes().to_vec();
        items.iter().for_each(|item| out.extend_from_slice(item));
        out
    }

    fn sized(bytes: &[u8]) -> Vec<u8> {
        [&i32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    #[test]
    fn a_null_is_found_at_any_depth_and_is_allowed_in_tuples() {
        let ints = CqlType::List(Box::new(CqlType::Int));
        let one = sized(&1_i32.to_be_bytes());
        assert_eq!(has_null(&list(&[&one]), &ints), Some(false));
        assert_eq!(has_null(&list(&[&one, &NULL]), &ints), Some(true));
        let nested = CqlType::Set(Box::new(CqlType::Frozen(Box::new(ints.clone()))));
        assert_eq!(has_null(&list(&[&sized(&list(&[&NULL]))]), &nested), Some(true));
        let map = CqlType::Map(Box::new(CqlType::Int), Box::new(CqlType::Int));
        let pair = list(&[&one, &NULL]);
        assert_eq!(has_null(&[&1_i32.to_be_bytes(), &pair[4..]].concat(), &map), Some(true));
        let tuple = CqlType::Tuple(vec![CqlType::Int, ints]);
        assert_eq!(has_null(&[&NULL[..], &sized(&list(&[&one]))].concat(), &tuple), Some(false));
        assert_eq!(has_null(&[&NULL[..], &sized(&list(&[&NULL]))].concat(), &tuple), Some(true));
        assert_eq!(has_null(&[1, 2], &tuple), None);
    }
}
