//! How objects relate, as a pure function of their fields: rules as data, what an object provides and wants by them, and an index that answers who
//! uses whom. Objects come as plain JSON values; where they come from and who draws the answers is not known here.
//!
//! Relations are never stored: [`facts::Reader`] reads one object into [`facts::Facts`], [`graph::Graph`] holds the facts of many and is kept up to
//! date object by object. A file of rules is read by [`rules::Rules::parse`], so that a person's own may follow the embedded ones.

pub mod facts;
pub mod graph;
pub mod path;
pub mod rules;
