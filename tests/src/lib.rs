//! Tests of the whole project; see `tests/`.
