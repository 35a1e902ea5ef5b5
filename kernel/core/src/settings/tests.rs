//! Shell commands as people write them.
