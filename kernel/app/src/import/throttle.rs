//! How many batches are under way: fewer while the cluster is busy, more again when it is not.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Batches under way at a time, at most and at least.
pub(super) const MOST: usize = 24;
const LEAST: usize = 2;
/// So many batches in a row that went well are worth one more at a time.
const TRUST: u32 = 64;

/// The number of batches that may be under way.
#[derive(Debug)]
pub(super) struct Throttle {
    permits: Semaphore,
    allowed: AtomicUsize,
    well: AtomicU32,
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self { permits: Semaphore::new(MOST), allowed: AtomicUsize::new(MOST), well: AtomicU32::new(0) }
    }

    /// Waits for its turn; `None` never comes, as nothing closes the semaphore.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }

    /// A batch that says the cluster is busy takes its own turn out of the number.
    pub(super) fn give_up(&self, permit: SemaphorePermit<'_>) {
        self.well.store(0, Ordering::Relaxed);
        let lowered = self.allowed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |allowed| {
            (allowed > LEAST).then(|| allowed - 1)
        });
        if lowered.is_ok() {
            permit.forget();
        }
    }

    /// A batch went well.
    pub(super) fn went_well(&self) {
        if self.well.fetch_add(1, Ordering::Relaxed) + 1 < TRUST {
            return;
        }
        self.well.store(0, Ordering::Relaxed);
        let raised = self.allowed.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |allowed| {
            (allowed < MOST).then(|| allowed + 1)
        });
        if raised.is_ok() {
            self.permits.add_permits(1);
        }
    }

    /// How many may be under way now.
    #[cfg(test)]
    fn allowed(&self) -> usize {
        self.allowed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_way_and_comes_back() {
        let throttle = Throttle::new();
        for _ in 0..100 {
            throttle.give_up(throttle.permits.try_acquire().unwrap());
        }
        for _ in 0..TRUST {
            throttle.went_well();
        }
        assert_eq!((throttle.allowed(), throttle.permits.available_permits()), (LEAST + 1, LEAST + 1));
        for _ in 0..TRUST * 100 {
            throttle.went_well();
        }
        assert_eq!((throttle.allowed(), throttle.permits.available_permits()), (MOST, MOST));
        let permit = throttle.permits.try_acquire().unwrap();
        throttle.give_up(permit);
        assert_eq!((throttle.allowed(), throttle.permits.available_permits()), (MOST - 1, MOST - 1));
    }
}
