//! Drawing from plain values: lines of text, bars, tables, charts, forms, pop-ups. Widgets know no engine, no pane and keep no state.

pub mod bar;
pub mod boxes;
pub mod calendar;
pub mod canvas;
pub mod chart;
pub mod curves;
pub mod document;
pub mod forest;
pub mod form;
pub mod heat;
pub mod history;
pub mod lines;
pub mod paint;
pub mod percentiles;
pub mod popup;
pub mod scale;
pub mod spot;
pub mod table;
