//! Drawing from plain values: lines of text, bars, tables, charts, forms, pop-ups. Widgets know no engine, no pane and keep no state.

pub mod bar;
pub mod chart;
pub mod document;
pub mod form;
pub mod lines;
pub mod paint;
pub mod popup;
pub mod table;
