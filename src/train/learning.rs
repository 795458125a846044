//! Tests of the whole: that a model learns what it should.
