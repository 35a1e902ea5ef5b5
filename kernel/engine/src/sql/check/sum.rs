//! `SUM` of decimals: the engine adds numbers of 128 bits, and what passes them comes round from the other end. So beside each sum
//! stands that of the nearest doubles, and where the two are far apart the query fails.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    BinaryOperator, CaseWhen, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Value,
};

use super::arithmetic::double;
use crate::sql::literal::{call, cast, nested, quoted};
use crate::sql::trouble::LONG_SUM;

/// A sum of decimals that fails where it has more digits than it can hold.
///
/// A sum that came round is away from the true one by 2^128 units, and the numbers that it is of are 10^38 units each at most: far
/// more than a part of 10^10 of their sizes added up. The sum of doubles is nearer than that by far.
pub(super) fn guarded(sum: Expr) -> Expr {
    let Expr::Function(function) = &sum else { return sum };
    let Some(argument) = argument(function) else { return sum };
    let like = |argument: Expr| with_argument(function, argument);
    let value = || double(nested(argument.clone()));
    let binary = |left: Expr, op, right: Expr| {
        nested(Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) })
    };
    let apart = call("ABS", vec![binary(double(sum.clone()), BinaryOperator::Minus, like(value()))]);
    let sizes = like(call("ABS", vec![value()]));
    let share = binary(sizes, BinaryOperator::Multiply, double(quoted("1e-10")));
    let case = |condition: Expr, result: Expr, other: Option<Expr>| Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: other.map(Box::new),
    };
    let check = case(binary(apart, BinaryOperator::Gt, share), quoted(LONG_SUM), Some(quoted("0")));
    let zero = Expr::value(Value::Number("0".to_owned(), false));
    let is_right = binary(cast(check, DataType::BigInt(None)), BinaryOperator::Eq, zero);
    nested(case(is_right, sum, None))
}

fn argument(function: &Function) -> Option<&Expr> {
    match &function.args {
        FunctionArguments::List(list) => match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))] => Some(expr),
            _ => None,
        },
        _ => None,
    }
}

fn with_argument(function: &Function, argument: Expr) -> Expr {
    let mut function = function.clone();
    if let FunctionArguments::List(list) = &mut function.args {
        list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))];
    }
    Expr::Function(function)
}
