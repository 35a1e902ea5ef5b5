//! What a mark's length or colour says of its rows: a column's value, or what many values come to.

/// What many values come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// How many rows there are.
    Count,
    /// Their sum.
    Sum,
    /// Their mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The one in the middle.
    Median,
}

impl Aggregate {
    /// All of them with the names they are typed by.
    const NAMES: &'static [(&'static str, Self)] = &[
        ("count", Self::Count),
        ("sum", Self::Sum),
        ("mean", Self::Mean),
        ("avg", Self::Mean),
        ("min", Self::Min),
        ("max", Self::Max),
        ("median", Self::Median),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, aggregate)| *aggregate)
    }

    /// What it is called in front of a column's name.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Count => "rows",
            Self::Sum => "sum of",
            Self::Mean => "mean of",
            Self::Min => "least",
            Self::Max => "greatest",
            Self::Median => "median of",
        }
    }
}

/// Reads `mean(dep_delay)`, `count` and `count(*)`: what is counted, and of which column.
pub(crate) fn parse(text: &str) -> Option<(Aggregate, Option<&str>)> {
    let text = text.trim();
    let Some((name, rest)) = text.split_once('(') else {
        return text.eq_ignore_ascii_case("count").then_some((Aggregate::Count, None));
    };
    let column = rest.strip_suffix(')')?.trim();
    let aggregate = Aggregate::named(name.trim())?;
    match column {
        "*" | "" if aggregate == Aggregate::Count => Some((aggregate, None)),
        "*" | "" => None,
        column => Some((aggregate, Some(column))),
    }
}

/// A sum that holds what is beyond a double's reach while it is added up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    plain: f64,
    /// The same at a scale at which no number of values overflows. It is asked where the plain one did.
    scaled: f64,
}

impl Sum {
    /// Two to the power of -64.
    const SCALE: f64 = 1.0 / 18_446_744_073_709_551_616.0;

    pub(crate) fn add(&mut self, value: f64) {
        self.plain += value;
        self.scaled += value * Self::SCALE;
    }

    /// The sum; infinite where it is beyond a double's reach itself.
    pub(crate) fn total(self) -> f64 {
        if self.plain.is_finite() { self.plain } else { self.scaled / Self::SCALE }
    }

    /// The mean of so many values.
    pub(crate) fn mean(self, count: u64) -> f64 {
        let count = count.max(1) as f64;
        if self.plain.is_finite() {
            return self.plain / count;
        }
        // Rounding alone could carry it beyond the values.
        (self.scaled / count / Self::SCALE).clamp(f64::MIN, f64::MAX)
    }
}

/// The share of the way from `low` to `high` at which `value` lies, whose distance may be more than a double holds.
pub(crate) fn share(value: f64, low: f64, high: f64) -> f64 {
    let span = high - low;
    if span.is_finite() { (value - low) / span } else { (value / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) }
}

/// What the values of one mark come to, as they are met.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    /// How many there are.
    pub(crate) rows: u64,
    sum: Sum,
    least: f64,
    greatest: f64,
    /// All of them, where the middle one is asked for.
    all: Option<Vec<f64>>,
}

impl Tally {
    /// Nothing yet; with `all` the values are kept.
    pub(crate) fn new(all: bool) -> Self {
        Self {
            rows: 0,
            sum: Sum::default(),
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            all: all.then(Vec::new),
        }
    }

    /// Takes one more.
    pub(crate) fn take(&mut self, value: f64) {
        self.rows += 1;
        self.sum.add(value);
        self.least = self.least.min(value);
        self.greatest = self.greatest.max(value);
        if let Some(all) = &mut self.all {
            all.push(value);
        }
    }

    /// What they come to; nothing where there are none.
    pub(crate) fn result(&self, aggregate: Aggregate) -> Option<f64> {
        if self.rows == 0 {
            return None;
        }
        Some(match aggregate {
            Aggregate::Count => self.rows as f64,
            Aggregate::Sum => self.sum.total(),
            Aggregate::Mean => self.sum.mean(self.rows),
            Aggregate::Min => self.least,
            Aggregate::Max => self.greatest,
            Aggregate::Median => {
                let mut all = self.all.clone().unwrap_or_default();
                all.sort_by(f64::total_cmp);
                quantile(&all, 0.5)?
            }
        })
    }
}

/// The value below which `share` of the sorted ones lie, between two neighbours in proportion.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share.clamp(0.0, 1.0) * (sorted.len().checked_sub(1)? as f64);
    let (low, high) = (*sorted.get(place.floor() as usize)?, *sorted.get(place.ceil() as usize)?);
    let between = low + (high - low) * place.fract();
    // Their distance may be more than a double holds.
    Some(if between.is_finite() { between } else { low * (1.0 - place.fract()) + high * place.fract() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregate_is_typed_as_in_sql() {
        assert_eq!(parse("mean(dep_delay)"), Some((Aggregate::Mean, Some("dep_delay"))));
        assert_eq!(parse(" AVG( x ) "), Some((Aggregate::Mean, Some("x"))));
        assert_eq!(parse("count"), Some((Aggregate::Count, None)));
        assert_eq!(parse("count(*)"), Some((Aggregate::Count, None)));
        for none in ["dep_delay", "mean()", "mean(x", "mode(x)", "sum(*)"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }

    #[test]
    fn what_values_come_to() {
        let mut tally = Tally::new(true);
        assert_eq!(tally.result(Aggregate::Mean), None);
        [4.0, 1.0, 2.0, 9.0].into_iter().for_each(|value| tally.take(value));
        let results = [
            Aggregate::Count,
            Aggregate::Sum,
            Aggregate::Mean,
            Aggregate::Min,
            Aggregate::Max,
            Aggregate::Median,
        ]
        .map(|aggregate| tally.result(aggregate).unwrap());
        assert_eq!(results, [4.0, 16.0, 4.0, 1.0, 9.0, 3.0]);
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[-1.5e308, 1.5e308], 0.5), Some(0.0));
        assert_eq!(quantile(&[-1.5e308, 1.5e308], 0.75), Some(7.5e307));
        assert_eq!(quantile(&[1.0, 2.0], 0.25), Some(1.25));
    }

    #[test]
    fn sums_beyond_a_double_on_the_way_come_back() {
        let of = |values: &[f64]| {
            let mut tally = Tally::new(false);
            values.iter().for_each(|value| tally.take(*value));
            [Aggregate::Sum, Aggregate::Mean].map(|aggregate| tally.result(aggregate).unwrap())
        };
        let near = |left: f64, right: f64| assert!((left / right - 1.0).abs() < 1e-12, "{left} {right}");
        assert_eq!(of(&[1e308, 1.5e308, 1.7e308])[0], f64::INFINITY, "the sum itself is beyond");
        near(of(&[1e308, 1.5e308, 1.7e308])[1], 1.4e308);
        near(of(&[1.5e308, 1.5e308, -1.5e308])[0], 1.5e308);
        near(of(&[1.5e308, 1.5e308, -1.5e308])[1], 5e307);
        near(of(&[-1e308, -1.5e308])[1], -1.25e308);
        assert_eq!(of(&[f64::MAX; 3])[1], f64::MAX);
        assert_eq!(of(&[5e-324, 5e-324])[0], 1e-323);
    }

    #[test]
    fn a_share_of_any_range_is_one() {
        assert_eq!(share(0.0, -1.5e308, 1.5e308), 0.5);
        assert_eq!(share(f64::MAX, f64::MIN, f64::MAX), 1.0);
        assert_eq!(share(2.5, 0.0, 10.0), 0.25);
    }
}
