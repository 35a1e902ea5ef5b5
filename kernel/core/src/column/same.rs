//! Types that are the same where they hold the same bytes.

use super::CqlType;

/// Whether two types are the same but for `frozen`, which results and prepared statements do not report. User-defined types are
/// the same by their names.
pub fn same_type(left: &CqlType, right: &CqlType) -> bool {
    match (left, right) {
        (CqlType::Frozen(left), right) => same_type(left, right),
        (left, CqlType::Frozen(right)) => same_type(left, right),
        (CqlType::List(left), CqlType::List(right)) | (CqlType::Set(left), CqlType::Set(right)) => {
            same_type(left, right)
        }
        (CqlType::Map(left_key, left), CqlType::Map(right_key, right)) => {
            same_type(left_key, right_key) && same_type(left, right)
        }
        (CqlType::Tuple(left), CqlType::Tuple(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_type(left, right))
        }
        (CqlType::Vector(left, left_size), CqlType::Vector(right, right_size)) => {
            left_size == right_size && same_type(left, right)
        }
        (CqlType::Udt(left), CqlType::Udt(right)) => {
            left.keyspace == right.keyspace && left.name == right.name
        }
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozen_makes_no_difference_and_all_else_does() {
        let list = |ty: CqlType| CqlType::List(Box::new(ty));
        let frozen = |ty: CqlType| CqlType::Frozen(Box::new(ty));
        assert!(same_type(&frozen(list(CqlType::Int)), &list(CqlType::Int)));
        assert!(same_type(&list(frozen(list(CqlType::Int))), &list(list(CqlType::Int))));
        assert!(!same_type(&CqlType::Int, &CqlType::Float));
        assert!(!same_type(&list(CqlType::Bigint), &list(CqlType::Double)));
        assert!(!same_type(
            &CqlType::Vector(Box::new(CqlType::Float), 2),
            &CqlType::Vector(Box::new(CqlType::Float), 3)
        ));
    }
}
