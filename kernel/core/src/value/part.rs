//! The smallest parts that cells are taken apart by. Whoever reads cells (here as text, elsewhere into columns) starts with these.

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
