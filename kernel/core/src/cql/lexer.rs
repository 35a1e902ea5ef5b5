//! Tokens of CQL text, in one linear pass that never fails.
