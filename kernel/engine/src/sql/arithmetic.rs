//! Arithmetic as it is to be: whole numbers that do not fit are an error and never wrap around, and a division has places.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, Datum, Float64Array};
use datafusion::arrow::compute::kernels::numeric::{add, mul, rem, sub};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type};
use datafusion::common::cast::as_float64_array;
use datafusion::common::{DFSchema, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};
use sqlparser::ast::BinaryOperator;

/// What is said where a whole number does not fit; see `trouble`.
pub(super) const TOO_LONG: &str = "a whole number of more than 64 bits";

/// An operation of whole numbers of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Remainder,
}

/// The operation as a function, checked.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    operation: Operation,
    signature: Signature,
}

impl Checked {
    fn call(operation: Operation, left: Expr, right: Expr) -> Expr {
        let signature = Signature::exact(vec![DataType::Int64, DataType::Int64], Volatility::Immutable);
        let function = Arc::new(ScalarUDF::new_from_impl(Self { operation, signature }));
        function.call(vec![cast(left, DataType::Int64), cast(right, DataType::Int64)])
    }
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        match self.operation {
            Operation::Add => "whole_add",
            Operation::Subtract => "whole_subtract",
            Operation::Multiply => "whole_multiply",
            Operation::Remainder => "whole_remainder",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = arguments.args.as_slice() else { return plan_err!("two arguments are taken") };
        let operate = |left: &dyn Datum, right: &dyn Datum| -> Result<ArrayRef> {
            let outcome = match self.operation {
                Operation::Add => add(left, right),
                Operation::Subtract => sub(left, right),
                Operation::Multiply => mul(left, right),
                // As DuckDB has it: nothing is left over of a division by zero.
                Operation::Remainder => {
                    let right = right.get().0.as_primitive::<Int64Type>();
                    let right: datafusion::arrow::array::Int64Array =
                        right.iter().map(|value| value.filter(|value| *value != 0)).collect();
                    let left = left.get().0;
                    if left.len() == right.len() {
                        rem(&left, &right)
                    } else {
                        return exec_err!("the sides of % are of different lengths");
                    }
                }
            };
            outcome.or_else(|error| exec_err!("{TOO_LONG}: {error}"))
        };
        if self.operation == Operation::Remainder {
            let both = ColumnarValue::values_to_arrays(&arguments.args)?;
            let array = operate(&both[0], &both[1])?;
            let is_scalar = matches!((left, right), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
            return match is_scalar {
                true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)),
                false => Ok(ColumnarValue::Array(array)),
            };
        }
        Ok(match (left, right) {
            (ColumnarValue::Array(left), ColumnarValue::Array(right)) => ColumnarValue::Array(operate(left, right)?),
            (ColumnarValue::Array(left), ColumnarValue::Scalar(right)) => {
                ColumnarValue::Array(operate(left, &right.to_scalar()?)?)
            }
            (ColumnarValue::Scalar(left), ColumnarValue::Array(right)) => {
                ColumnarValue::Array(operate(&left.to_scalar()?, right)?)
            }
            (ColumnarValue::Scalar(left), ColumnarValue::Scalar(right)) => {
                let array = operate(&left.to_scalar()?, &right.to_scalar()?)?;
                ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
            }
        })
    }
}

/// The negative of a whole number, checked.
pub(super) fn negative(expr: Expr) -> Expr {
    Checked::call(Operation::Subtract, Expr::Literal(ScalarValue::Int64(Some(0)), None), expr)
}

/// Division of doubles, which is null by zero, as DuckDB has it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Divide(Signature);

/// The whole number nearest to a double, the even one of two that are equally near.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Nearest(Signature);

/// `left / right` with places.
fn divide(left: Expr, right: Expr) -> Expr {
    let signature = Signature::exact(vec![DataType::Float64, DataType::Float64], Volatility::Immutable);
    let function = Arc::new(ScalarUDF::new_from_impl(Divide(signature)));
    function.call(vec![cast(left, DataType::Float64), cast(right, DataType::Float64)])
}

/// The double rounded to a whole one.
pub(super) fn nearest(expr: Expr) -> Expr {
    let signature = Signature::exact(vec![DataType::Float64], Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Nearest(signature))).call(vec![cast(expr, DataType::Float64)])
}

impl ScalarUDFImpl for Divide {
    fn name(&self) -> &str {
        "divide"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let both = ColumnarValue::values_to_arrays(&arguments.args)?;
        let (left, right) = (as_float64_array(&both[0])?, as_float64_array(&both[1])?);
        let divided = left.iter().zip(right.iter()).map(|(left, right)| match (left, right) {
            (Some(_), Some(0.0)) => None,
            (Some(left), Some(right)) => Some(left / right + 0.0).map(|x| if x.is_nan() { f64::NAN } else { x }),
            _ => None,
        });
        scalar_if(&arguments.args, divided.collect())
    }
}

impl ScalarUDFImpl for Nearest {
    fn name(&self) -> &str {
        "nearest"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = ColumnarValue::values_to_arrays(&arguments.args)?;
        let rounded = array[0].as_primitive::<Float64Type>().unary::<_, Float64Type>(f64::round_ties_even);
        scalar_if(&arguments.args, rounded)
    }
}

/// Floats with one zero and one NaN: arrow tells those of either sign apart, and SQL does not.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Unsigned(Signature);

/// The float with zero and NaN without a sign.
pub(super) fn unsigned(expr: Expr) -> Expr {
    let signature = Signature::uniform(1, vec![DataType::Float64, DataType::Float32], Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(Unsigned(signature))).call(vec![expr])
}

/// As [`unsigned`], for a whole array; others as they are.
pub(super) fn unsigned_array(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float64 => Arc::new(
            array.as_primitive::<Float64Type>().unary::<_, Float64Type>(|x| if x.is_nan() { f64::NAN } else { x + 0.0 }),
        ),
        DataType::Float32 => Arc::new(
            array.as_primitive::<Float32Type>().unary::<_, Float32Type>(|x| if x.is_nan() { f32::NAN } else { x + 0.0 }),
        ),
        _ => Arc::clone(array),
    }
}

impl ScalarUDFImpl for Unsigned {
    fn name(&self) -> &str {
        "unsigned_zero"
    }

    fn signature(&self) -> &Signature {
        &self.0
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        arguments.first().cloned().map_or_else(|| plan_err!("one argument is taken"), Ok)
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = unsigned_array(&ColumnarValue::values_to_arrays(&arguments.args)?[0]);
        match arguments.args[0] {
            ColumnarValue::Scalar(_) => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)),
            ColumnarValue::Array(_) => Ok(ColumnarValue::Array(array)),
        }
    }
}

/// One value where all arguments are one.
fn scalar_if(arguments: &[ColumnarValue], array: Float64Array) -> Result<ColumnarValue> {
    let array: ArrayRef = Arc::new(array);
    if arguments.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_))) {
        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
    }
    Ok(ColumnarValue::Array(array))
}

/// Plans operators of numbers.
#[derive(Debug)]
pub(super) struct Numbers;

impl ExprPlanner for Numbers {
    fn plan_binary_op(&self, raw: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let operation = match raw.op {
            BinaryOperator::Plus => Some(Operation::Add),
            BinaryOperator::Minus => Some(Operation::Subtract),
            BinaryOperator::Multiply => Some(Operation::Multiply),
            BinaryOperator::Modulo => Some(Operation::Remainder),
            BinaryOperator::Divide => None,
            _ => return Ok(PlannerResult::Original(raw)),
        };
        let (Ok(left), Ok(right)) = (raw.left.get_type(schema), raw.right.get_type(schema)) else {
            return Ok(PlannerResult::Original(raw));
        };
        let is_number = |ty: &DataType| ty.is_numeric() || *ty == DataType::Null;
        Ok(match operation {
            Some(operation) if left.is_integer() && right.is_integer() => {
                PlannerResult::Planned(Checked::call(operation, raw.left, raw.right))
            }
            None if is_number(&left) && is_number(&right) => PlannerResult::Planned(divide(raw.left, raw.right)),
            _ => PlannerResult::Original(raw),
        })
    }
}
