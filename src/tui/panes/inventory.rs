//! The inventory: what runs in the open clusters, as one live table, and the object under the cursor beside it.

pub mod commands;
pub mod jumps;
pub mod kept;
pub mod state;
pub mod update;
pub mod view;
pub mod work;
