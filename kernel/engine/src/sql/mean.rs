//! The mean of whole numbers and decimals: their exact sum, divided once. A mean of doubles would lose what is beyond 2^53.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Decimal256Array, Float64Array, Int64Array,
};
use datafusion::arrow::datatypes::{
    DECIMAL256_MAX_PRECISION, DataType, Decimal256Type, Field, FieldRef, Int64Type, i256,
};
use datafusion::common::{Result, ScalarValue, exec_err, internal_err};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

/// Whole numbers up to which each is a double.
const EXACT: u128 = 1 << 53;

/// What a sum is kept as.
pub(super) fn sum_type(scale: i8) -> DataType {
    DataType::Decimal256(DECIMAL256_MAX_PRECISION, scale)
}

/// The scale of an argument, where the mean is worked out here.
pub(super) fn scale_of(argument: &DataType) -> Option<i8> {
    match argument {
        DataType::Int64 => Some(0),
        DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    }
}

/// What a mean is kept as between two steps.
pub(super) fn state_fields(name: &str, scale: i8, is_distinct: bool) -> Vec<FieldRef> {
    if is_distinct {
        let item = Field::new_list_field(sum_type(scale), true);
        return vec![Arc::new(Field::new_list(format_state_name(name, "values"), item, true))];
    }
    vec![
        Arc::new(Field::new(format_state_name(name, "sum"), sum_type(scale), true)),
        Arc::new(Field::new(format_state_name(name, "count"), DataType::Int64, true)),
    ]
}

/// Calls with each value, and its place, that is not null.
fn each(values: &ArrayRef, mut take: impl FnMut(usize, i256) -> Result<()>) -> Result<()> {
    let known = |place: &usize| values.is_valid(*place);
    match values.data_type() {
        DataType::Int64 => {
            let values = values.as_primitive::<Int64Type>();
            (0..values.len())
                .filter(known)
                .try_for_each(|place| take(place, i256::from_i128(i128::from(values.value(place)))))
        }
        DataType::Decimal256(..) => {
            let values = values.as_primitive::<Decimal256Type>();
            (0..values.len()).filter(known).try_for_each(|place| take(place, values.value(place)))
        }
        other => internal_err!("a mean of {other} is not worked out here"),
    }
}

fn added(left: i256, right: i256) -> Result<i256> {
    match left.checked_add(right) {
        Some(sum) => Ok(sum),
        None => exec_err!("overflow of a sum"),
    }
}

/// The double that is nearest to the sum divided by the count and by ten as often as the scale says.
fn mean(sum: i256, count: i64, scale: i8) -> Option<f64> {
    if count <= 0 {
        return None;
    }
    // Both sides are doubles as they are, so that their quotient is rounded once.
    let unit = u32::try_from(scale).ok().and_then(|scale| 10_i64.checked_pow(scale)?.checked_mul(count));
    if let (Some(sum), Some(unit)) = (sum.to_i128(), unit)
        && sum.unsigned_abs() <= EXACT
        && u128::from(unit.unsigned_abs()) <= EXACT
    {
        return Some(sum as f64 / unit as f64);
    }
    let count = i256::from_i128(i128::from(count));
    let (whole, rest) = (sum.wrapping_div(count), sum.wrapping_rem(count));
    // The digits as they stand, so that one rounding is all: `whole` and some twenty of the fraction.
    let mut digits = if rest == i256::ZERO { whole.to_string() } else { String::new() };
    let mut places = i32::from(scale);
    if digits.is_empty() {
        let negative = sum < i256::ZERO;
        digits = whole.wrapping_abs().to_string();
        let mut rest = rest.wrapping_abs();
        for _ in 0..20 {
            let next = rest.wrapping_mul(i256::from_i128(10));
            digits.push_str(&next.wrapping_div(count).to_string());
            rest = next.wrapping_rem(count);
        }
        places += 20;
        if negative {
            digits.insert(0, '-');
        }
    }
    format!("{digits}e{}", -places).parse().ok()
}

/// The mean of one group, or of a frame that moves.
#[derive(Debug)]
pub(super) struct Mean {
    sum: i256,
    count: i64,
    scale: i8,
}

impl Mean {
    pub(super) fn new(scale: i8) -> Self {
        Self { sum: i256::ZERO, count: 0, scale }
    }
}

impl Accumulator for Mean {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each(&values[0], |_, value| {
            self.sum = added(self.sum, value)?;
            self.count += 1;
            Ok(())
        })
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each(&values[0], |_, value| {
            self.sum = added(self.sum, value.wrapping_neg())?;
            self.count -= 1;
            Ok(())
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(mean(self.sum, self.count, self.scale)))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let sum = ScalarValue::Decimal256(Some(self.sum), DECIMAL256_MAX_PRECISION, self.scale);
        Ok(vec![sum, ScalarValue::Int64(Some(self.count))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        each(&states[0], |place, sum| {
            self.sum = added(self.sum, sum)?;
            self.count += states[1].as_primitive::<Int64Type>().value(place);
            Ok(())
        })
    }
}

/// The mean of the different values of a group.
#[derive(Debug)]
pub(super) struct MeanOfDistinct {
    values: HashSet<i256>,
    scale: i8,
}

impl MeanOfDistinct {
    pub(super) fn new(scale: i8) -> Self {
        Self { values: HashSet::new(), scale }
    }
}

impl Accumulator for MeanOfDistinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        each(&values[0], |_, value| {
            self.values.insert(value);
            Ok(())
        })
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let sum = self.values.iter().try_fold(i256::ZERO, |sum, value| added(sum, *value))?;
        let count = i64::try_from(self.values.len()).unwrap_or(i64::MAX);
        Ok(ScalarValue::Float64(mean(sum, count, self.scale)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<i256>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let value =
            |value: &i256| ScalarValue::Decimal256(Some(*value), DECIMAL256_MAX_PRECISION, self.scale);
        let values: Vec<ScalarValue> = self.values.iter().map(value).collect();
        Ok(vec![ScalarValue::List(ScalarValue::new_list_nullable(&values, &sum_type(self.scale)))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        lists.iter().flatten().try_for_each(|values| self.update_batch(&[values]))
    }
}

/// The means of many groups.
#[derive(Debug)]
pub(super) struct Means {
    sums: Vec<i256>,
    counts: Vec<i64>,
    scale: i8,
}

impl Means {
    pub(super) fn new(scale: i8) -> Self {
        Self { sums: Vec::new(), counts: Vec::new(), scale }
    }

    fn sums(&self, sums: Vec<i256>) -> Result<ArrayRef> {
        let sums: Decimal256Array = sums.into();
        Ok(Arc::new(sums.with_precision_and_scale(DECIMAL256_MAX_PRECISION, self.scale)?))
    }

    fn grow(&mut self, groups: usize) {
        self.sums.resize(groups, i256::ZERO);
        self.counts.resize(groups, 0);
    }
}

/// Whether a row goes in.
fn passes(filter: Option<&BooleanArray>, place: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(place) && filter.value(place))
}

impl GroupsAccumulator for Means {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.grow(total);
        each(&values[0], |place, value| {
            if passes(filter, place) {
                let group = groups[place];
                self.sums[group] = added(self.sums[group], value)?;
                self.counts[group] += 1;
            }
            Ok(())
        })
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let (sums, counts) = (emit.take_needed(&mut self.sums), emit.take_needed(&mut self.counts));
        let means = sums.into_iter().zip(counts).map(|(sum, count)| mean(sum, count, self.scale));
        Ok(Arc::new(means.collect::<Float64Array>()))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let (sums, counts) = (emit.take_needed(&mut self.sums), emit.take_needed(&mut self.counts));
        Ok(vec![self.sums(sums)?, Arc::new(Int64Array::from(counts))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.grow(total);
        each(&states[0], |place, sum| {
            let group = groups[place];
            self.sums[group] = added(self.sums[group], sum)?;
            self.counts[group] += states[1].as_primitive::<Int64Type>().value(place);
            Ok(())
        })
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let rows = values[0].len();
        let (mut sums, mut counts) = (vec![i256::ZERO; rows], vec![0_i64; rows]);
        each(&values[0], |place, value| {
            if passes(filter, place) {
                (sums[place], counts[place]) = (value, 1);
            }
            Ok(())
        })?;
        Ok(vec![self.sums(sums)?, Arc::new(Int64Array::from(counts))])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i256>() + self.counts.capacity() * size_of::<i64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_the_nearest_double_of_the_exact_one() {
        let of = |values: &[i128], scale: i8| {
            let sum = values.iter().fold(i256::ZERO, |sum, value| sum.wrapping_add(i256::from_i128(*value)));
            mean(sum, values.len() as i64, scale)
        };
        assert_eq!(of(&[9007199254740993, -9007199254740993, 5], 0), Some(5.0 / 3.0));
        assert_eq!(of(&[-1, -2], 0), Some(-1.5));
        assert_eq!(of(&[0, -1], 0), Some(-0.5));
        assert_eq!(of(&[1, 2], 1), Some(0.15));
        assert_eq!(of(&[i128::MAX, i128::MAX], 0), Some(i128::MAX as f64));
        assert_eq!(of(&[], 0), None);
    }
}
