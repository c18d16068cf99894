//! What comes from and goes to the terminal: bytes to events, buffers to bytes, and the terminal itself, given back clean.

pub mod clipboard;
pub mod frame;
pub mod input;
pub mod key;
pub mod session;
