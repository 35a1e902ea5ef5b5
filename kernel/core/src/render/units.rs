//! Amounts as people read them.

use std::time::Duration;

/// A number of bytes: `1 byte`, `512 bytes`, `1.4 KB`, `12.0 MB` (powers of 1,000).
pub fn bytes(amount: usize) -> String {
    if amount < 1000 {
        return if amount == 1 { "1 byte".to_owned() } else { format!("{amount} bytes") };
    }
    let mut value = amount as f64;
    let mut unit = "";
    for next in ["KB", "MB", "GB", "TB", "PB", "EB"] {
        // 999.95 would be written as 1000.0.
        if value < 999.95 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    format!("{value:.1} {unit}")
}

/// A stretch of time: `0.3 ms`, `12.4 ms`, `1.2 s`, `3 min 04 s`, `2 h 05 min`.
pub fn duration(elapsed: Duration) -> String {
    let millis = elapsed.as_secs_f64() * 1000.0;
    if millis < 99.95 {
        return format!("{millis:.1} ms");
    }
    if millis < 999.5 {
        return format!("{millis:.0} ms");
    }
    if millis < 59_950.0 {
        return format!("{:.1} s", millis / 1000.0);
    }
    let seconds = (millis / 1000.0).round() as u64;
    if seconds < 3600 {
        return format!("{} min {:02} s", seconds / 60, seconds % 60);
    }
    let minutes = (seconds + 30) / 60;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}

/// A whole number with a comma between thousands: `336,776`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_bytes() {
        let shown = [0, 1, 999, 1000, 1449, 999_949, 999_950, 12_000_000, usize::MAX].map(bytes);
        assert_eq!(
            shown,
            [
                "0 bytes",
                "1 byte",
                "999 bytes",
                "1.0 KB",
                "1.4 KB",
                "999.9 KB",
                "1.0 MB",
                "12.0 MB",
                "18.4 EB"
            ]
        );
    }

    #[test]
    fn stretches_of_time() {
        let shown = [0, 320, 12_400, 99_960, 999_600, 1_234_000, 59_960_000, 184_000_000, 7_500_000_000]
            .map(|micros| duration(Duration::from_micros(micros)));
        assert_eq!(
            shown,
            [
                "0.0 ms",
                "0.3 ms",
                "12.4 ms",
                "100 ms",
                "1.0 s",
                "1.2 s",
                "1 min 00 s",
                "3 min 04 s",
                "2 h 05 min"
            ]
        );
    }

    #[test]
    fn counts() {
        assert_eq!(
            [0, 999, 1000, 336_776, 1_000_000].map(count),
            ["0", "999", "1,000", "336,776", "1,000,000"]
        );
    }
}
