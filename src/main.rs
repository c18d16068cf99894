//! The program: error reports, arguments, hand over to a door.

fn main() {}
