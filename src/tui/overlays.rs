//! What lies over a pane for a while: the `:` line, the filter, help, menus, questions, notices, which-key. None knows a pane or what a command does.

pub mod columns;
pub mod confirm;
pub mod form;
pub mod help;
pub mod line;
pub mod list;
pub mod menu;
pub mod notices;
pub mod which_key;
