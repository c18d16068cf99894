//! The real binary in a pseudo terminal: it starts, draws, is resized, stopped, hung up on and killed, and gives the terminal back clean.

#[path = "support/pty.rs"]
mod pty;

use std::time::Duration;

use pty::Pty;

#[test]
fn the_support_sees_what_is_printed_and_how_it_ends() {
    let mut pty = Pty::shell("printf 'hello\\n'; read word; echo \"took $word\"; exit 3", &[], 40, 10);
    pty.wait(|text| text.contains("hello"), Duration::from_secs(5));
    let mark = pty.mark();
    pty.send("it\r");
    pty.taken(Duration::from_secs(5));
    assert_eq!(pty.exit(Duration::from_secs(5)).exit_code(), 3);
    assert!(pty.bytes_since(mark).ends_with(b"took it\r\n"), "{}", pty.screen());
}

#[test]
fn a_hang_up_reaches_the_program() {
    let mut pty = Pty::shell("echo up; read word; echo \"not $word\"", &[], 40, 10);
    pty.wait(|text| text.contains("up"), Duration::from_secs(5));
    pty.hang_up();
    let status = pty.exit(Duration::from_secs(5));
    assert!(status.signal().is_some(), "{status:?}");
}
