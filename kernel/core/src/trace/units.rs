//! Amounts of a trace as people read them.

/// A share in whole percent.
pub(crate) fn share(part: i64, whole: i64) -> String {
    format!("{} %", percent(part, whole))
}

/// A share in whole percent, as a number.
pub(crate) fn percent(part: i64, whole: i64) -> i64 {
    if whole <= 0 { 0 } else { ((part as f64 / whole as f64) * 100.0).round() as i64 }
}

/// A stretch of time in a trace: `42 µs`, `1.24 ms`, `14.2 ms`, `1.20 s`.
pub fn micros(us: i64) -> String {
    let magnitude = us.saturating_abs() as f64;
    match magnitude {
        us_ if us_ < 999.5 => format!("{us} µs"),
        us_ if us_ < 9_995.0 => format!("{:.2} ms", us as f64 / 1e3),
        us_ if us_ < 99_950.0 => format!("{:.1} ms", us as f64 / 1e3),
        us_ if us_ < 999_500.0 => format!("{:.0} ms", us as f64 / 1e3),
        _ => format!("{:.2} s", us as f64 / 1e6),
    }
}

/// A distance between two ticks of an axis, in µs: 1, 2 or 5 times a power of ten, at most `most` of them up to `end_us`.
pub(crate) fn tick(end_us: i64, most: i64) -> i64 {
    let mut step: i64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let step = step.saturating_mul(factor);
            if end_us / step <= most {
                return step;
            }
        }
        step = step.saturating_mul(10);
    }
}

/// A place on an axis whose ticks are `step_us` apart: `0`, `5 ms`, `250 µs`, `1.5 s`.
pub(crate) fn tick_label(us: i64, step_us: i64) -> String {
    let in_unit = |unit: i64, name: &str| {
        let decimals =
            if step_us >= unit { 0 } else { ((unit / step_us.max(1)) as f64).log10().ceil() as usize };
        format!("{:.decimals$} {name}", us as f64 / unit as f64)
    };
    match us {
        0 => "0".to_owned(),
        _ if step_us >= 500_000 => in_unit(1_000_000, "s"),
        _ if step_us >= 500 => in_unit(1_000, "ms"),
        _ => format!("{us} µs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_time_keep_three_digits() {
        let shown = [0, 42, 999, 1_240, 14_200, 111_442, 999_600, 1_204_000, -20].map(micros);
        assert_eq!(
            shown,
            ["0 µs", "42 µs", "999 µs", "1.24 ms", "14.2 ms", "111 ms", "1.00 s", "1.20 s", "-20 µs"]
        );
    }

    #[test]
    fn axes_have_round_ticks() {
        let labels = |end| {
            let step = tick(end, 6);
            (0..=end / step).map(|number| tick_label(number * step, step)).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(labels(13_321), "0, 2 ms, 4 ms, 6 ms, 8 ms, 10 ms, 12 ms");
        assert_eq!(labels(61_674), "0, 10 ms, 20 ms, 30 ms, 40 ms, 50 ms, 60 ms");
        assert_eq!(labels(900), "0, 200 µs, 400 µs, 600 µs, 800 µs");
        assert_eq!(labels(2_800_000), "0, 0.5 s, 1.0 s, 1.5 s, 2.0 s, 2.5 s");
        assert_eq!(labels(0), "0");
    }
}
