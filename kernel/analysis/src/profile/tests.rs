//! Profiles of small pages, value by value.

use std::sync::Arc;

use cqlbook_core::column::CqlType;
use cqlbook_core::page::Page;
use cqlbook_core::page::testing::VecPage;
use cqlbook_core::render::{ColumnProfile, Profile};
use jiff::tz::TimeZone;

use super::column::Collector;
use super::profile;

fn of(columns: &[(&str, CqlType)], rows: &[&[&str]]) -> Profile {
    let page: Arc<dyn Page> = Arc::new(VecPage::of(columns, rows));
    let columns = Arc::clone(page.columns());
    profile("r", &columns, &[page], &TimeZone::UTC).unwrap()
}

fn one(ty: CqlType, literals: &[&str]) -> ColumnProfile {
    let rows: Vec<&[&str]> = literals.iter().map(std::slice::from_ref).collect();
    of(&[("v", ty)], &rows).columns.remove(0)
}

#[test]
fn numbers_have_ends_quartiles_and_a_mean() {
    let column = one(CqlType::Int, &["1", "2", "3", "4", "null", "4"]);
    assert_eq!((column.nulls, column.distinct, column.estimated), (1, 4, false));
    assert_eq!((column.least.as_deref(), column.greatest.as_deref()), (Some("1"), Some("4")));
    assert_eq!(column.quartiles, Some(["2", "3", "4"].map(str::to_owned)));
    assert_eq!(column.mean.as_deref(), Some("2.8"));
    assert_eq!(column.bins.iter().sum::<u64>(), 5);
    assert_eq!((column.bins[0], column.bins[23]), (1, 2));
}

#[test]
fn the_ends_are_exact_whatever_the_type() {
    let column = one(CqlType::Decimal, &["0.10", "12345678901234567890.5", "-1"]);
    assert_eq!(column.greatest.as_deref(), Some("12345678901234567890.5"));
    let column = one(CqlType::Timestamp, &["'2013-01-01T05:00:00Z'", "'2014-01-01T00:00:00Z'"]);
    assert_eq!(column.least.as_deref(), Some("2013-01-01 05:00:00.000+0000"));
    assert_eq!(column.quartiles.unwrap()[1], "2013-07-02 14:30+0000");
    let column = one(CqlType::Double, &["NaN", "1"]);
    assert_eq!(column.greatest.as_deref(), Some("1"));
}

#[test]
fn numbers_near_the_end_of_doubles_have_a_mean_and_a_distribution() {
    let column = one(CqlType::Double, &["1e308", "1.5e308", "1.7e308"]);
    assert_eq!(column.mean.as_deref(), Some("1.4e308"));
    let column = one(CqlType::Double, &["-1.5e308", "0", "1.5e308"]);
    assert_eq!(column.mean.as_deref(), Some("0"));
    assert_eq!((column.bins[0], column.bins[12], column.bins[23]), (1, 1, 1));
    assert_eq!(column.quartiles.unwrap()[2], "7.5e307");
    let column = one(CqlType::Double, &["-1e308", "-1.7e308", "-1.5e308"]);
    assert_eq!(column.mean.as_deref(), Some("-1.4e308"));
}

#[test]
fn texts_have_their_commonest_values() {
    let column = one(CqlType::Text, &["'JFK'", "'EWR'", "'JFK'", "''", "null"]);
    assert_eq!(column.top, [("JFK".to_owned(), 2), ("''".to_owned(), 1), ("EWR".to_owned(), 1)]);
    assert_eq!((column.least.as_deref(), column.greatest.as_deref()), (Some("''"), Some("JFK")));
    let column = one(CqlType::Boolean, &["true", "true", "false"]);
    assert_eq!(column.top[0], ("True".to_owned(), 2));
}

#[test]
fn collections_and_blobs_are_measured_by_their_sizes() {
    let column = one(CqlType::List(Box::new(CqlType::Int)), &["[1, 2, 3]", "[1]", "null"]);
    assert_eq!(
        (column.least.as_deref(), column.greatest.as_deref(), column.of),
        (Some("1"), Some("3"), Some("elements"))
    );
    let column = one(CqlType::Blob, &["0x", "0xffff"]);
    assert_eq!(
        (column.least.as_deref(), column.greatest.as_deref(), column.of),
        (Some("0"), Some("2"), Some("bytes"))
    );
}

#[test]
fn a_result_without_rows_has_a_profile_too() {
    let profile = of(&[("a", CqlType::Int), ("b", CqlType::Uuid)], &[]);
    assert_eq!(profile.rows, 0);
    assert!(profile.columns.iter().all(|column| column.distinct == 0 && column.bins.is_empty()));
}

#[test]
fn what_is_no_number_is_said() {
    let profile = of(&[("v", CqlType::Double)], &[&["NaN"], &["1"]]);
    assert_eq!(profile.notes.len(), 1);
    assert!(profile.notes[0].contains("1 value"), "{:?}", profile.notes);
}

#[test]
fn the_ends_of_long_numbers_are_exact_and_what_is_rounded_is_said() {
    let long = [["9007199254740993"], ["9007199254740992"], ["9007199254740994"]];
    let rows: Vec<&[&str]> = long.iter().map(<[_; 1]>::as_slice).collect();
    let profile = of(&[("b", CqlType::Bigint)], &rows);
    let column = &profile.columns[0];
    assert_eq!(
        (column.least.as_deref(), column.greatest.as_deref(), column.distinct),
        (Some("9007199254740992"), Some("9007199254740994"), 3)
    );
    assert!(profile.notes.iter().any(|note| note.contains("nearest doubles")), "{:?}", profile.notes);
    let column = one(CqlType::Varint, &["-100000000000000000001", "-100000000000000000002", "7"]);
    assert_eq!(column.least.as_deref(), Some("-100000000000000000002"));
    let column = one(CqlType::Decimal, &["1.0", "1.00", "1.00000000000000000001", "0.99999999999999999999"]);
    assert_eq!(column.distinct, 3);
    assert_eq!(column.least.as_deref(), Some("0.99999999999999999999"));
    assert_eq!(column.greatest.as_deref(), Some("1.00000000000000000001"));
    // Beyond every double: not in the mean, but an end all the same.
    let profile = of(&[("d", CqlType::Decimal)], &[&["1E+400"], &["2"], &["null"]]);
    assert_eq!(profile.columns[0].greatest.as_deref(), Some("1E+400"));
    assert_eq!(
        profile.notes[0],
        "`d`: 1 value is beyond the 1.8E308 that a double reaches, and not in its mean, quartiles and distribution."
    );
    let profile = of(&[("d", CqlType::Double)], &[&["NaN"], &["2"], &["-Infinity"], &["<empty>"]]);
    assert_eq!(
        profile.notes[0],
        "`d`: 1 value is empty, and not in its numbers. `d`: 2 values are not finite, and not in its numbers."
    );
}

#[test]
fn quartiles_of_times_are_in_the_zone_of_the_ends() {
    let times = ["'2024-07-01T10:00:00Z'", "'2024-07-01T11:00:00Z'", "'2024-07-01T12:00:00.5Z'"];
    let rows: Vec<&[&str]> = times.iter().map(std::slice::from_ref).collect();
    let page: Arc<dyn Page> = Arc::new(VecPage::of(&[("t", CqlType::Timestamp)], &rows));
    let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
    let column = profile("r", page.columns(), &[Arc::clone(&page)], &tokyo).unwrap().columns.remove(0);
    assert_eq!(column.least.as_deref(), Some("2024-07-01 19:00:00.000+0900"));
    assert_eq!(column.quartiles.unwrap()[1], "2024-07-01 20:00+0900");
    // A date is a date everywhere.
    let page: Arc<dyn Page> = Arc::new(VecPage::of(&[("d", CqlType::Date)], &[&["'2024-07-01'"]]));
    let column = profile("r", page.columns(), &[Arc::clone(&page)], &tokyo).unwrap().columns.remove(0);
    assert_eq!(column.quartiles.unwrap()[1], "2024-07-01");
}

#[test]
fn the_sample_is_even_where_most_of_a_column_is_null() {
    let page: Arc<dyn Page> = Arc::new(VecPage::of(&[("n", CqlType::Int)], &[]));
    let mut collector = Collector::new(&page.columns()[0]);
    for number in 0..3_000_000_i32 {
        let bytes = number.to_be_bytes();
        collector.take((number % 10 == 0).then_some(&bytes[..]));
    }
    assert!(collector.is_sampled());
    let quartiles = collector.finish(&TimeZone::UTC).quartiles.unwrap();
    for (quartile, right) in quartiles.iter().zip([750_000.0, 1_500_000.0, 2_250_000.0]) {
        let quartile: f64 = quartile.replace(',', "").parse().unwrap();
        assert!((quartile - right).abs() < 50_000.0, "{quartile} and {right}");
    }
}
