//! What comes from and goes to the terminal.

pub mod key;
