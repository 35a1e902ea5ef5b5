//! Columns of durations, collections, maps, vectors, tuples and user-defined types.
//!
//! A value's structure is checked before any of it is appended, so that half a list never gets into a column. An element
//! whose own bytes do not fit becomes null and is counted.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, Int64Builder};
use arrow_array::{ArrayRef, FixedSizeListArray, ListArray, MapArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, Field, FieldRef, Fields};
use cqlbook_core::column::{CqlType, UdtType};
use cqlbook_core::vint;

use super::builder::{Builder, Lost};
use super::fields::{self, Flavour};
use super::{Misfit, packed_size, split_element};

/// Where each list of a column ends, and which are null.
struct Ends {
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Default for Ends {
    fn default() -> Self {
        Self { offsets: vec![0], nulls: NullBufferBuilder::new(0) }
    }
}

impl Ends {
    fn last(&self) -> i32 {
        self.offsets.last().copied().unwrap_or_default()
    }

    /// Whether `count` more elements can be counted.
    fn after(&self, count: usize) -> Result<i32, Misfit> {
        i32::try_from(count).ok().and_then(|count| self.last().checked_add(count)).ok_or(Misfit)
    }

    fn push(&mut self, end: i32) {
        self.offsets.push(end);
        self.nulls.append_non_null();
    }

    fn push_null(&mut self) {
        self.offsets.push(self.last());
        self.nulls.append_null();
    }

    fn finish(&mut self) -> (OffsetBuffer<i32>, Option<arrow_buffer::NullBuffer>) {
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), self.nulls.finish())
    }
}

/// The elements of a list, set or map (`per` cells each): their number and bytes, once their lengths are known to be right.
fn elements(bytes: &[u8], per: usize) -> Result<(usize, &[u8]), Misfit> {
    let (count, body) = bytes.split_first_chunk::<4>().ok_or(Misfit)?;
    let count = usize::try_from(i32::from_be_bytes(*count)).map_err(|_| Misfit)?;
    let mut rest = body;
    // Each element takes four bytes at least: a count that lies ends this soon.
    for _ in 0..count.checked_mul(per).ok_or(Misfit)? {
        rest = split_element(rest)?.1;
    }
    if rest.is_empty() { Ok((count, body)) } else { Err(Misfit) }
}

/// Lists and sets.
pub(crate) struct Lists {
    field: FieldRef,
    ends: Ends,
    items: Builder,
}

impl Lists {
    pub(crate) fn new(item: &CqlType, flavour: Flavour) -> Self {
        let field = fields::item_field(item, flavour);
        Self { field, ends: Ends::default(), items: Builder::new(item, flavour) }
    }

    pub(crate) fn append(&mut self, bytes: &[u8], lost: &mut Lost) -> Result<(), Misfit> {
        let (count, mut rest) = elements(bytes, 1)?;
        let end = self.ends.after(count)?;
        for _ in 0..count {
            let (cell, after) = split_element(rest)?;
            self.items.append(cell, lost);
            rest = after;
        }
        self.ends.push(end);
        Ok(())
    }

    pub(crate) fn append_null(&mut self) {
        self.ends.push_null();
    }

    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let (offsets, nulls) = self.ends.finish();
        Ok(Arc::new(ListArray::try_new(Arc::clone(&self.field), offsets, self.items.finish()?, nulls)?))
    }
}

/// Maps.
pub(crate) struct Maps {
    fields: Fields,
    ends: Ends,
    keys: Builder,
    values: Builder,
}

impl Maps {
    pub(crate) fn new(key: &CqlType, value: &CqlType, flavour: Flavour) -> Self {
        Self {
            fields: fields::entry_fields(key, value, flavour),
            ends: Ends::default(),
            keys: Builder::new(key, flavour),
            values: Builder::new(value, flavour),
        }
    }

    pub(crate) fn append(&mut self, bytes: &[u8], lost: &mut Lost) -> Result<(), Misfit> {
        let (count, mut rest) = elements(bytes, 2)?;
        self.ends.after(count)?;
        let mut held = 0;
        for _ in 0..count {
            let (key, after) = split_element(rest)?;
            let (value, after) = split_element(after)?;
            rest = after;
            // A map of arrow's has no null keys, and one null key would be the end of the whole column.
            if key.is_some_and(|key| self.keys.append_bytes(key, lost).is_ok()) {
                self.values.append(value, lost);
                held += 1;
            } else {
                lost.keys += 1;
            }
        }
        self.ends.push(self.ends.after(held)?);
        Ok(())
    }

    pub(crate) fn append_null(&mut self) {
        self.ends.push_null();
    }

    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let (offsets, nulls) = self.ends.finish();
        let keys = self.keys.finish()?;
        let values = self.values.finish()?;
        let entries = StructArray::try_new(self.fields.clone(), vec![keys, values], None)?;
        let entry = Field::new("entries", arrow_schema::DataType::Struct(self.fields.clone()), false);
        Ok(Arc::new(MapArray::try_new(Arc::new(entry), offsets, entries, nulls, false)?))
    }
}

/// Vectors: elements of a fixed size packed, others each after their length as an unsigned vint.
pub(crate) struct Vectors {
    field: FieldRef,
    flavour: Flavour,
    size: Option<usize>,
    dimensions: usize,
    ends: Ends,
    items: Builder,
}

impl Vectors {
    pub(crate) fn new(item: &CqlType, dimensions: usize, flavour: Flavour) -> Self {
        Self {
            field: fields::item_field(item, flavour),
            flavour,
            size: packed_size(item),
            dimensions,
            ends: Ends::default(),
            items: Builder::new(item, flavour),
        }
    }

    pub(crate) fn append(&mut self, bytes: &[u8], lost: &mut Lost) -> Result<(), Misfit> {
        let end = self.ends.after(self.dimensions)?;
        match self.size {
            Some(size) => {
                if size == 0 || size.checked_mul(self.dimensions) != Some(bytes.len()) {
                    return Err(Misfit);
                }
                for element in bytes.chunks_exact(size) {
                    self.items.append(Some(element), lost);
                }
            }
            None => {
                let mut cells = Vec::new();
                let mut rest = bytes;
                for _ in 0..self.dimensions {
                    let (length, tail) = vint::read_unsigned(rest).ok_or(Misfit)?;
                    let length = usize::try_from(length).map_err(|_| Misfit)?;
                    let (cell, tail) = tail.split_at_checked(length).ok_or(Misfit)?;
                    cells.push(cell);
                    rest = tail;
                }
                if !rest.is_empty() {
                    return Err(Misfit);
                }
                for cell in cells {
                    self.items.append(Some(cell), lost);
                }
            }
        }
        self.ends.push(end);
        Ok(())
    }

    pub(crate) fn append_null(&mut self) {
        if self.flavour == Flavour::Sql || i32::try_from(self.dimensions).is_err() {
            self.ends.push_null();
            return;
        }
        // A list of a fixed size has its elements even where it is null.
        for _ in 0..self.dimensions {
            self.items.append_null();
        }
        let end = self.ends.after(self.dimensions).unwrap_or(i32::MAX);
        self.ends.offsets.push(end);
        self.ends.nulls.append_null();
    }

    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let (offsets, nulls) = self.ends.finish();
        let rows = offsets.len() - 1;
        let field = Arc::clone(&self.field);
        let items = self.items.finish()?;
        Ok(match i32::try_from(self.dimensions) {
            Ok(size) if self.flavour == Flavour::File => {
                Arc::new(FixedSizeListArray::try_new_with_length(field, size, items, nulls, rows)?)
            }
            _ => Arc::new(ListArray::try_new(field, offsets, items, nulls)?),
        })
    }
}

/// Tuples and user-defined types; fields that are missing at the end are null.
pub(crate) struct Structs {
    fields: Fields,
    builders: Vec<Builder>,
    nulls: NullBufferBuilder,
}

impl Structs {
    pub(crate) fn of_tuple(types: &[CqlType], flavour: Flavour) -> Self {
        Self::new(fields::tuple_fields(types, flavour), types.iter(), flavour)
    }

    pub(crate) fn of_udt(udt: &UdtType, flavour: Flavour) -> Self {
        Self::new(fields::udt_fields(udt, flavour), udt.fields.iter().map(|(_, ty)| ty), flavour)
    }

    fn new<'a>(fields: Fields, types: impl Iterator<Item = &'a CqlType>, flavour: Flavour) -> Self {
        let builders = types.map(|ty| Builder::new(ty, flavour)).collect();
        Self { fields, builders, nulls: NullBufferBuilder::new(0) }
    }

    pub(crate) fn append(&mut self, bytes: &[u8], lost: &mut Lost) -> Result<(), Misfit> {
        if bytes.is_empty() {
            return Err(Misfit);
        }
        let mut rest = bytes;
        for _ in &self.builders {
            if !rest.is_empty() {
                rest = split_element(rest)?.1;
            }
        }
        if !rest.is_empty() {
            return Err(Misfit);
        }
        let mut rest = bytes;
        for builder in &mut self.builders {
            let (cell, after) = if rest.is_empty() { (None, rest) } else { split_element(rest)? };
            builder.append(cell, lost);
            rest = after;
        }
        self.nulls.append_non_null();
        Ok(())
    }

    pub(crate) fn append_null(&mut self) {
        for builder in &mut self.builders {
            builder.append_null();
        }
        self.nulls.append_null();
    }

    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let rows = self.nulls.len();
        let nulls = self.nulls.finish();
        let arrays = self.builders.iter_mut().map(Builder::finish).collect::<Result<_, _>>()?;
        Ok(Arc::new(StructArray::try_new_with_length(self.fields.clone(), arrays, nulls, rows)?))
    }
}

/// Durations, each as its three parts: neither Parquet nor polars has one type for them.
pub(crate) struct Durations {
    months: Int32Builder,
    days: Int32Builder,
    nanoseconds: Int64Builder,
    nulls: NullBufferBuilder,
}

impl Default for Durations {
    fn default() -> Self {
        Self {
            months: Int32Builder::new(),
            days: Int32Builder::new(),
            nanoseconds: Int64Builder::new(),
            nulls: NullBufferBuilder::new(0),
        }
    }
}

impl Durations {
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Misfit> {
        let (months, rest) = vint::read_signed(bytes).ok_or(Misfit)?;
        let (days, rest) = vint::read_signed(rest).ok_or(Misfit)?;
        let (nanoseconds, rest) = vint::read_signed(rest).ok_or(Misfit)?;
        let months = i32::try_from(months).map_err(|_| Misfit)?;
        let days = i32::try_from(days).map_err(|_| Misfit)?;
        if !rest.is_empty() {
            return Err(Misfit);
        }
        self.months.append_value(months);
        self.days.append_value(days);
        self.nanoseconds.append_value(nanoseconds);
        self.nulls.append_non_null();
        Ok(())
    }

    pub(crate) fn append_null(&mut self) {
        self.months.append_null();
        self.days.append_null();
        self.nanoseconds.append_null();
        self.nulls.append_null();
    }

    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(self.months.finish()),
            Arc::new(self.days.finish()),
            Arc::new(self.nanoseconds.finish()),
        ];
        Ok(Arc::new(StructArray::try_new(fields::duration_fields(), arrays, self.nulls.finish())?))
    }
}
