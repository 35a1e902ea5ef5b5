//! How many rows are asked for at a time: as many as make a page of about a megabyte, whatever the rows are like.

use std::sync::atomic::{AtomicU64, Ordering};

use cqlbook_core::page::Page;

/// Bytes of a page that is neither slow to come nor large to hold.
const PAGE_BYTES: u64 = 1 << 20;
/// Rows of the first pages, before anything is known of their size.
const FIRST_ROWS: u32 = 64;

/// What is known of the rows' size.
#[derive(Debug)]
pub(super) struct Pace {
    most: u32,
    /// Bytes of a row, of late; zero before the first page.
    row_bytes: AtomicU64,
}

impl Pace {
    /// At most so many rows at a time.
    pub(super) fn new(most: u32) -> Self {
        Self { most: most.max(1), row_bytes: AtomicU64::new(0) }
    }

    /// Rows to ask for.
    pub(super) fn rows(&self) -> u32 {
        match self.row_bytes.load(Ordering::Relaxed) {
            0 => FIRST_ROWS.min(self.most),
            bytes => u32::try_from(PAGE_BYTES / bytes).unwrap_or(u32::MAX).clamp(1, self.most),
        }
    }

    /// Learns from a page.
    pub(super) fn saw(&self, page: &dyn Page) {
        if page.rows() == 0 {
            return;
        }
        let now = (page.size_bytes() as u64 / page.rows() as u64).max(1);
        let before = self.row_bytes.load(Ordering::Relaxed);
        // Larger rows count at once, smaller ones by and by.
        self.row_bytes.store(now.max((before * 3 + now) / 4), Ordering::Relaxed);
    }

    /// The server could not make a page of this size in time: the next ones are half of it.
    pub(super) fn slow_down(&self) {
        let rows = u64::from(self.rows()).max(2);
        self.row_bytes.store(PAGE_BYTES * 2 / rows, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use cqlbook_core::column::CqlType;
    use cqlbook_core::page::testing::VecPage;

    use super::*;

    #[test]
    fn pages_are_of_about_a_megabyte() {
        let pace = Pace::new(5000);
        assert_eq!(pace.rows(), 64);
        let long = format!("'{}'", "x".repeat(100_000));
        pace.saw(&VecPage::of(&[("t", CqlType::Text)], &[&["'short'"]]));
        assert_eq!(pace.rows(), 5000);
        pace.saw(&VecPage::of(&[("t", CqlType::Text)], &[&[long.as_str()]]));
        assert_eq!(pace.rows(), 10, "one large row is enough to be careful");
        pace.slow_down();
        assert_eq!(pace.rows(), 5);
    }
}
