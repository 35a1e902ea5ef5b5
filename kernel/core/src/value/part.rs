//! The smallest parts that cells are taken apart by. Whoever reads cells (here as text, elsewhere into columns) starts with these.

use super::packed_size;
use crate::column::CqlType;
use crate::vint;

/// The bytes do not fit the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misfit;

/// Bytes of a fixed length.
///
/// # Errors
/// [`Misfit`] for any other length.
#[inline]
pub fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Misfit> {
    bytes.try_into().map_err(|_| Misfit)
}

/// One element of a collection or tuple after its 32-bit length (-1: null), and what follows.
///
/// # Errors
/// [`Misfit`] where the bytes end before the element does.
#[inline]
pub fn split_element(bytes: &[u8]) -> Result<(Option<&[u8]>, &[u8]), Misfit> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Misfit)?;
    match i32::from_be_bytes(*length) {
        -1 => Ok((None, rest)),
        length => {
            let length = usize::try_from(length).map_err(|_| Misfit)?;
            let (cell, rest) = rest.split_at_checked(length).ok_or(Misfit)?;
            Ok((Some(cell), rest))
        }
    }
}

/// Visits each single value that a cell is or is made of, at any depth of its type, with its own type.
///
/// # Errors
/// [`Misfit`] where the bytes are no value of the type; what stood before has been visited.
pub fn each_single(bytes: &[u8], ty: &CqlType, visit: &mut dyn FnMut(&CqlType, &[u8])) -> Result<(), Misfit> {
    match ty {
        CqlType::Frozen(inner) => each_single(bytes, inner, visit),
        CqlType::List(item) | CqlType::Set(item) => elements(bytes, &[item], visit),
        CqlType::Map(key, value) => elements(bytes, &[key, value], visit),
        CqlType::Tuple(types) => fields(bytes, types.iter(), visit),
        CqlType::Udt(udt) => fields(bytes, udt.fields.iter().map(|(_, ty)| ty), visit),
        CqlType::Vector(item, _) => {
            let mut rest = bytes;
            while !rest.is_empty() {
                let length = match packed_size(item) {
                    Some(size) => size,
                    None => {
                        let (length, tail) = vint::read_unsigned(rest).ok_or(Misfit)?;
                        rest = tail;
                        usize::try_from(length).map_err(|_| Misfit)?
                    }
                };
                let (element, tail) = rest.split_at_checked(length).ok_or(Misfit)?;
                if length == 0 && packed_size(item).is_some() {
                    return Err(Misfit);
                }
                each_single(element, item, visit)?;
                rest = tail;
            }
            Ok(())
        }
        single => {
            visit(single, bytes);
            Ok(())
        }
    }
}

/// The elements of a collection behind their count; those of a map in turn keys and values.
fn elements(bytes: &[u8], types: &[&CqlType], visit: &mut dyn FnMut(&CqlType, &[u8])) -> Result<(), Misfit> {
    let (count, mut rest) = bytes.split_first_chunk::<4>().ok_or(Misfit)?;
    for _ in 0..u32::from_be_bytes(*count) {
        for ty in types {
            let (cell, tail) = split_element(rest)?;
            if let Some(cell) = cell {
                each_single(cell, ty, visit)?;
            }
            rest = tail;
        }
    }
    Ok(())
}

/// The fields of a tuple or of a user-defined type's value, which may have fewer than its type.
fn fields<'a>(
    bytes: &[u8],
    types: impl Iterator<Item = &'a CqlType>,
    visit: &mut dyn FnMut(&CqlType, &[u8]),
) -> Result<(), Misfit> {
    let mut rest = bytes;
    for ty in types {
        if rest.is_empty() {
            break;
        }
        let (cell, tail) = split_element(rest)?;
        if let Some(cell) = cell {
            each_single(cell, ty, visit)?;
        }
        rest = tail;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::UdtType;
    use crate::value::from_literal;

    #[test]
    fn single_values_are_found_at_any_depth() {
        let singles = |ty: &CqlType, literal: &str| {
            let bytes = from_literal(ty, literal).unwrap().unwrap();
            let mut found = Vec::new();
            each_single(&bytes, ty, &mut |ty, bytes| found.push(format!("{ty} {}", bytes.len()))).unwrap();
            found.join(", ")
        };
        let boxed = |ty: CqlType| Box::new(ty);
        let udt = CqlType::Udt(Box::new(UdtType {
            keyspace: "k".to_owned(),
            name: "u".to_owned(),
            fields: vec![
                ("a".to_owned(), CqlType::Frozen(boxed(CqlType::Set(boxed(CqlType::Inet))))),
                ("b".to_owned(), CqlType::Text),
            ],
        }));
        assert_eq!(singles(&CqlType::Int, "1"), "int 4");
        assert_eq!(singles(&udt, "{a: {'10.0.0.1', '::1'}}"), "inet 16, inet 4");
        let map =
            CqlType::Map(boxed(CqlType::Text), boxed(CqlType::Tuple(vec![CqlType::Int, CqlType::Text])));
        assert_eq!(singles(&map, "{'a': (1, null), 'bc': (2, 'x')}"), "text 1, int 4, text 2, int 4, text 1");
        assert_eq!(singles(&CqlType::Vector(boxed(CqlType::Float), 2), "[1, 2]"), "float 4, float 4");
        assert_eq!(singles(&CqlType::Vector(boxed(CqlType::Text), 2), "['a', '']"), "text 1, text 0");
        assert_eq!(each_single(&[0, 0, 0, 9], &map, &mut |_, _| {}), Err(Misfit));
        let list = CqlType::List(boxed(CqlType::Int));
        assert_eq!(
            each_single(&[0xff; 8], &list, &mut |_, _| {}),
            Err(Misfit),
            "a count without its elements"
        );
    }
}
