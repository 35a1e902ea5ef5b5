//! `ROUND` of a decimal, away from zero at a half. DataFusion's says one number of places when a query is planned and gives another.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, DecimalType, i256};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The most digits of a decimal.
const DIGITS: i32 = 76;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Round {
    places: i32,
    signature: Signature,
}

/// The decimal rounded to so many places.
pub(super) fn round(decimal: Expr, places: i64) -> Expr {
    let places = places.clamp(i64::from(-DIGITS), i64::from(DIGITS)) as i32;
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Round { places, signature })).call(vec![decimal])
}

impl Round {
    /// The places that are left, and how many digits go.
    fn scale(&self, scale: i8) -> (i8, u32) {
        let scale = i32::from(scale);
        let left = self.places.clamp(0, scale.max(0));
        (left as i8, (scale - self.places).max(0) as u32)
    }

    /// The value with the digits gone, and zeros in their place before the point.
    fn rounded(&self, value: i256, scale: i8) -> Option<i256> {
        let (left, gone) = self.scale(scale);
        if gone == 0 {
            return Some(value);
        }
        if gone > DIGITS as u32 {
            return Some(i256::ZERO);
        }
        let ten = i256::from_i128(10);
        let unit = ten.checked_pow(gone)?;
        let (mut whole, rest) = (value.wrapping_div(unit), value.wrapping_rem(unit).wrapping_abs());
        if rest >= unit.wrapping_sub(rest) {
            let away = if value < i256::ZERO { i256::MINUS_ONE } else { i256::ONE };
            whole = whole.checked_add(away)?;
        }
        let zeros = gone - u32::try_from(i32::from(scale) - i32::from(left)).ok()?;
        whole.checked_mul(ten.checked_pow(zeros)?)
    }
}

impl ScalarUDFImpl for Round {
    fn name(&self) -> &str {
        "round_decimal"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(match arguments {
            [DataType::Decimal128(precision, scale)] => {
                DataType::Decimal128((precision + 1).min(Decimal128Type::MAX_PRECISION), self.scale(*scale).0)
            }
            [DataType::Decimal256(precision, scale)] => {
                DataType::Decimal256((precision + 1).min(Decimal256Type::MAX_PRECISION), self.scale(*scale).0)
            }
            other => return plan_err!("a decimal is rounded, not {other:?}"),
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let [array] = arrays.as_slice() else { return plan_err!("one argument is taken") };
        let own = array.data_type().clone();
        let out = self.return_type(std::slice::from_ref(&own))?;
        let rounded: ArrayRef = match (&own, &out) {
            (DataType::Decimal128(_, scale), DataType::Decimal128(precision, left)) => {
                let round = |value: i128| {
                    let rounded =
                        self.rounded(i256::from_i128(value), *scale).and_then(|value| value.to_i128());
                    let fits = rounded
                        .filter(|value| Decimal128Type::is_valid_decimal_precision(*value, *precision));
                    fits.map_or_else(|| exec_err!("overflow of a number that is rounded"), Ok)
                };
                let rounded =
                    array.as_primitive::<Decimal128Type>().try_unary::<_, Decimal128Type, _>(round)?;
                Arc::new(rounded.with_precision_and_scale(*precision, *left)?)
            }
            (DataType::Decimal256(_, scale), DataType::Decimal256(precision, left)) => {
                let round = |value: i256| {
                    let rounded = self.rounded(value, *scale);
                    let fits = rounded
                        .filter(|value| Decimal256Type::is_valid_decimal_precision(*value, *precision));
                    fits.map_or_else(|| exec_err!("overflow of a number that is rounded"), Ok)
                };
                let rounded =
                    array.as_primitive::<Decimal256Type>().try_unary::<_, Decimal256Type, _>(round)?;
                Arc::new(rounded.with_precision_and_scale(*precision, *left)?)
            }
            _ => return plan_err!("a decimal is rounded, not {own}"),
        };
        match arguments.args[0] {
            ColumnarValue::Scalar(_) => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&rounded, 0)?)),
            ColumnarValue::Array(_) => Ok(ColumnarValue::Array(rounded)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_goes_away_from_zero() {
        let rounded = |value: i128, scale: i8, places: i32| {
            let round = Round { places, signature: Signature::any(1, Volatility::Immutable) };
            round.rounded(i256::from_i128(value), scale).unwrap().to_i128().unwrap()
        };
        assert_eq!(rounded(1250, 3, 2), 125);
        assert_eq!(rounded(1255, 3, 2), 126);
        assert_eq!(rounded(-1255, 3, 2), -126);
        assert_eq!(rounded(1254, 3, 5), 1254);
        assert_eq!(rounded(1254, 1, -1), 130);
        assert_eq!(rounded(5, 1, 0), 1);
        assert_eq!(rounded(-4, 1, -70), 0);
    }
}
