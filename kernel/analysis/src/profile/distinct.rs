//! How many different values there are: exactly up to a limit, beyond it by the pattern of their hashes (HyperLogLog).

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;

/// Up to so many values are counted exactly.
const EXACT: usize = 50_000;
/// The bits of a hash that choose a register: 4,096 registers are wrong by 1.6 % on the average.
const BITS: u32 = 12;

/// A count of different values.
pub(super) struct Distinct {
    seen: HashSet<u64>,
    registers: Vec<u8>,
    exact: bool,
}

impl Distinct {
    pub(super) fn new() -> Self {
        Self { seen: HashSet::new(), registers: vec![0; 1 << BITS], exact: true }
    }

    /// Takes a value.
    pub(super) fn take(&mut self, value: &[u8]) {
        let mut hasher = DefaultHasher::new();
        hasher.write(value);
        let hash = hasher.finish();
        let register = (hash >> (64 - BITS)) as usize;
        let zeros = ((hash << BITS) | 1 << (BITS - 1)).leading_zeros() as u8 + 1;
        if let Some(register) = self.registers.get_mut(register) {
            *register = (*register).max(zeros);
        }
        if self.exact {
            self.seen.insert(hash);
            if self.seen.len() > EXACT {
                self.exact = false;
                self.seen = HashSet::new();
            }
        }
    }

    /// How many there are, and whether that is an estimate.
    pub(super) fn count(&self) -> (u64, bool) {
        if self.exact {
            return (self.seen.len() as u64, false);
        }
        let number = self.registers.len() as f64;
        let sum: f64 = self.registers.iter().map(|zeros| 2_f64.powi(-i32::from(*zeros))).sum();
        let estimate = 0.7213 / (1.0 + 1.079 / number) * number * number / sum;
        (estimate.round() as u64, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_counted_and_many_are_estimated() {
        let mut distinct = Distinct::new();
        for value in 0..1000_u64 {
            distinct.take(&(value % 77).to_be_bytes());
        }
        assert_eq!(distinct.count(), (77, false));
        for value in 0..200_000_u64 {
            distinct.take(&value.to_be_bytes());
        }
        let (count, estimated) = distinct.count();
        assert!(estimated && (190_000..210_000).contains(&count), "{count}");
    }
}
