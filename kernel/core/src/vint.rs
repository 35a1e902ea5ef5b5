//! Variable-length integers as Cassandra writes them: the number of leading one bits of the first byte says
//! how many bytes follow. Used by `duration` (zigzag, signed) and by vectors of variable-size elements (unsigned).
//!
//! Source: native protocol v5 specification, section 3 `[unsigned vint]` and `[vint]`; Cassandra's `VIntCoding`.

/// Reads an unsigned vint; gives the value and the bytes after it, `None` where `bytes` end too early.
pub fn read_unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let extra = first.leading_ones() as usize;
    let tail = rest.get(..extra)?;
    // With seven or eight leading ones the first byte has no bits of the value left.
    let mut value = if extra >= 7 { 0 } else { u64::from(first) & (0xff >> (extra + 1)) };
    for &byte in tail {
        value = value << 8 | u64::from(byte);
    }
    Some((value, &rest[extra..]))
}

/// Reads a signed (zigzag) vint; gives the value and the bytes after it, `None` where `bytes` end too early.
pub fn read_signed(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (raw, rest) = read_unsigned(bytes)?;
    Some((((raw >> 1) as i64) ^ -((raw & 1) as i64), rest))
}

/// Appends `value` as an unsigned vint in its shortest form (1 to 9 bytes).
pub fn write_unsigned(value: u64, out: &mut Vec<u8>) {
    let bits = 64 - value.leading_zeros() as usize;
    // n extra bytes leave 7 bits a byte, up to 8 extra bytes, which hold all 64.
    let extra = if bits > 56 { 8 } else { bits.saturating_sub(1) / 7 };
    let bytes = value.to_be_bytes();
    if extra == 8 {
        out.push(0xff);
        out.extend_from_slice(&bytes);
    } else {
        let start = 7 - extra;
        let mark = !(0xff_u16 >> extra) as u8;
        out.push(bytes[start] | mark);
        out.extend_from_slice(&bytes[start + 1..]);
    }
}

/// Appends `value` as a signed (zigzag) vint in its shortest form.
pub fn write_signed(value: i64, out: &mut Vec<u8>) {
    write_unsigned(((value << 1) ^ (value >> 63)) as u64, out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unsigned(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        write_unsigned(value, &mut out);
        out
    }

    #[test]
    fn examples_of_the_specification() {
        assert_eq!(unsigned(0), [0]);
        assert_eq!(unsigned(127), [0x7f]);
        assert_eq!(unsigned(128), [0x80, 0x80]);
        // The specification's own example: 256000 is 0b1100_0011 followed by 0xe8 0x00.
        assert_eq!(unsigned(256_000), [0b1100_0011, 0xe8, 0x00]);
        assert_eq!(unsigned(u64::MAX), [0xff; 9]);
        assert_eq!(unsigned((1 << 56) - 1), [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    }

    #[test]
    fn a_cut_number_is_none() {
        assert_eq!(read_unsigned(&[]), None);
        assert_eq!(read_unsigned(&[0xff, 1, 2, 3]), None);
    }

    proptest! {
        #[test]
        fn unsigned_round_trip(shift in 0..64_u32, value: u64, tail: Vec<u8>) {
            let value = value >> shift;
            let mut bytes = unsigned(value);
            prop_assert!(bytes.len() <= 9);
            bytes.extend_from_slice(&tail);
            prop_assert_eq!(read_unsigned(&bytes), Some((value, &tail[..])));
        }

        #[test]
        fn signed_round_trip(shift in 0..64_u32, value: i64) {
            let value = value >> shift;
            let mut bytes = Vec::new();
            write_signed(value, &mut bytes);
            prop_assert_eq!(read_signed(&bytes), Some((value, &[][..])));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = (read_unsigned(&bytes), read_signed(&bytes));
        }
    }
}
