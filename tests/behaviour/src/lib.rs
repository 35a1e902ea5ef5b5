//! The kernel's behaviour, seen through the Jupyter protocol on a real Cassandra: the tests are in `tests/it`. Nothing is here.
