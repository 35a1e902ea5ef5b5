//! Aggregates as they are to be: sums that never wrap around, and means and medians with places.
//!
//! DataFusion's own accumulators do the work. What changes is the type that their argument is brought to first: whole numbers are
//! added up as decimals, and decimals of more than 28 digits as decimals of up to 76. The mean of both is [`mean`]'s.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::cast::as_float64_array;
use datafusion::common::{Result, ScalarValue, not_impl_err, plan_err};
use datafusion::functions_aggregate::{average, median, sum};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};

use super::mean::{self, Mean, MeanOfDistinct, Means};

/// What an argument becomes before it is aggregated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Argument {
    /// A number with room for the sum of as many as there are.
    Wide,
    /// A double.
    Double,
    /// A whole number, a decimal of any length, or a double.
    Exact,
}

/// An aggregate of DataFusion's over another type of argument.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Over {
    inner: Arc<AggregateUDF>,
    argument: Argument,
    signature: Signature,
}

/// The aggregates that take the place of DataFusion's.
pub(super) fn all() -> Vec<AggregateUDF> {
    let over = |inner, argument| {
        AggregateUDF::new_from_impl(Over {
            inner,
            argument,
            signature: Signature::user_defined(Volatility::Immutable),
        })
    };
    vec![
        over(sum::sum_udaf(), Argument::Wide),
        over(average::avg_udaf(), Argument::Exact),
        over(median::median_udaf(), Argument::Double),
    ]
}

impl Argument {
    fn of(self, name: &str, ty: &DataType) -> Result<DataType> {
        use DataType::{Decimal128, Decimal256, Float32, Float64, Interval, Null};
        Ok(match (self, ty) {
            (_, Null) => Float64,
            (Self::Wide, ty) if ty.is_integer() => Decimal128(20, 0),
            (Self::Wide, Decimal128(precision, scale)) if *precision <= 28 => Decimal128(*precision, *scale),
            (Self::Wide, Decimal128(precision, scale) | Decimal256(precision, scale)) => {
                Decimal256(*precision, *scale)
            }
            (Self::Wide, Interval(unit)) => Interval(*unit),
            (_, Float32 | Float64) => Float64,
            (Self::Exact, DataType::UInt64) => Decimal256(20, 0),
            (Self::Exact, ty) if ty.is_integer() => DataType::Int64,
            (Self::Exact, DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale)) => {
                Decimal256(*precision, *scale)
            }
            (Self::Exact, Decimal128(precision, scale) | Decimal256(precision, scale)) => {
                Decimal256(*precision, *scale)
            }
            (Self::Double, ty) if ty.is_numeric() => Float64,
            (_, DataType::Dictionary(_, value)) => return self.of(name, value),
            _ => return plan_err!("{name} takes numbers, not {ty}"),
        })
    }
}

/// The doubles of a frame that moves. What leaves it is not subtracted: infinity less infinity would be no number ever after, and
/// `1E300 + 0.1 - 1E300` is nothing.
#[derive(Debug)]
struct Frame {
    values: VecDeque<Option<f64>>,
    is_mean: bool,
}

impl Accumulator for Frame {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.extend(as_float64_array(&values[0])?.iter());
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.values.drain(..values[0].len().min(self.values.len()));
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let known = || self.values.iter().flatten();
        let count = known().count();
        let sum: f64 = known().sum::<f64>() + 0.0;
        let value = if self.is_mean { sum / count as f64 } else { sum };
        let value = if value.is_nan() { f64::NAN } else { value };
        Ok(ScalarValue::Float64((count > 0).then_some(value)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.values.capacity() * size_of::<Option<f64>>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        not_impl_err!("a frame that moves is one")
    }

    fn merge_batch(&mut self, _: &[ArrayRef]) -> Result<()> {
        not_impl_err!("a frame that moves is one")
    }
}

impl Over {
    /// The scale of what a mean is of, where it is worked out by [`mean`].
    fn exact(&self, arguments: &[FieldRef]) -> Option<i8> {
        let first = arguments.first().filter(|_| self.argument == Argument::Exact)?;
        mean::scale_of(first.data_type())
    }
}

impl AggregateUDFImpl for Over {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        match arguments {
            [one] => Ok(vec![self.argument.of(self.name(), one)?]),
            _ => plan_err!("{} takes one argument", self.name()),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let taken = self.coerce_types(arguments)?;
        if self.argument == Argument::Exact && taken.first().and_then(mean::scale_of).is_some() {
            return Ok(DataType::Float64);
        }
        self.inner.inner().return_type(&taken)
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if let Some(scale) = self.exact(arguments.expr_fields) {
            return Ok(match arguments.is_distinct {
                true => Box::new(MeanOfDistinct::new(scale)),
                false => Box::new(Mean::new(scale)),
            });
        }
        self.inner.inner().accumulator(arguments)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        if let Some(scale) = self.exact(arguments.input_fields) {
            return Ok(mean::state_fields(arguments.name, scale, arguments.is_distinct));
        }
        self.inner.inner().state_fields(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        if self.exact(arguments.expr_fields).is_some() {
            return !arguments.is_distinct;
        }
        self.inner.inner().groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        if let Some(scale) = self.exact(arguments.expr_fields) {
            return Ok(Box::new(Means::new(scale)));
        }
        self.inner.inner().create_groups_accumulator(arguments)
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if self.exact(arguments.expr_fields).is_some() {
            return self.accumulator(arguments);
        }
        if *arguments.return_type() == DataType::Float64
            && matches!(self.name(), "sum" | "avg")
            && !arguments.is_distinct
        {
            return Ok(Box::new(Frame { values: VecDeque::new(), is_mean: self.name() == "avg" }));
        }
        self.inner.inner().create_sliding_accumulator(arguments)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}
