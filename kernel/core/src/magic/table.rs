//! The magics: names, forms, options. Contract: `notebook-language.md`.

use super::Magic;

/// Every magic, in the order of help.
pub static MAGICS: &[Magic] = &[];
