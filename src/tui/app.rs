//! The shell: which pane is seen, what lies over it, and the routing of everything between them. It does no pane's work.

pub mod shared;
