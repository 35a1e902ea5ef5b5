//! A store in memory, for unit tests only.

use std::collections::BTreeMap;
use std::sync::Mutex;

use zeroize::Zeroizing;

use crate::keychain::{Store, StoreError};

/// Entries by account, and a way to make the store fail.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) entries: Mutex<BTreeMap<String, Vec<u8>>>,
    /// What every call fails with.
    pub(crate) failure: Mutex<Option<StoreError>>,
    /// After how many more writes it fails.
    pub(crate) writes_left: Mutex<Option<usize>>,
    /// After how many more moments, those before and after each write, its user is ended without a chance to put anything back.
    pub(crate) moments_left: Mutex<Option<usize>>,
}

impl Memory {
    fn check(&self) -> Result<(), StoreError> {
        self.failure.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    pub(crate) fn fail(&self, error: Option<StoreError>) {
        *self.failure.lock().unwrap() = error;
    }

    pub(crate) fn accounts(&self) -> Vec<String> {
        self.entries.lock().unwrap().keys().cloned().collect()
    }

    fn moment(&self) {
        let mut left = self.moments_left.lock().unwrap();
        if *left == Some(0) {
            *left = None;
            drop(left);
            std::panic::resume_unwind(Box::new("killed"));
        }
        *left = left.map(|left| left - 1);
    }

    fn count_write(&self) -> Result<(), StoreError> {
        match self.writes_left.lock().unwrap().as_mut() {
            Some(0) => Err(StoreError::Failed { reason: "the power went out".to_owned() }),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Store for Memory {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.check()?;
        Ok(self.entries.lock().unwrap().get(account).cloned().map(Zeroizing::new))
    }

    fn set(&self, account: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.moment();
        self.check()?;
        self.count_write()?;
        assert!(
            bytes.len().div_ceil(3) * 4 <= 2560,
            "Windows takes 2,560 bytes; these are {} before base64",
            bytes.len()
        );
        self.entries.lock().unwrap().insert(account.to_owned(), bytes.to_vec());
        self.moment();
        Ok(())
    }

    fn delete(&self, account: &str) -> Result<(), StoreError> {
        self.moment();
        self.check()?;
        self.count_write()?;
        self.entries.lock().unwrap().remove(account);
        self.moment();
        Ok(())
    }
}
