//! The real binary in a pseudo terminal: it starts, draws, is typed at over bad lines, resized, stopped, hung up on and killed, and gives the terminal
//! back clean. What the panes show is tested elsewhere.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

#[path = "support/pty.rs"]
mod pty;
#[path = "support/real.rs"]
mod real;
#[path = "pty/ssh.rs"]
mod ssh;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pty::{Modes, Pty};
use rustix::process::Signal;

/// What has to happen has happened by then, on a busy machine too.
const SOON: Duration = Duration::from_secs(20);

/// The program promises 100 ms after a signal; a busy machine is given ten times that.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The end of a frame.
const FRAME: &[u8] = b"\x1b[?2026l";

fn first_screen(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.contains("SANDBOX")) && text.contains("workloads") && text.contains("shop")
}

fn started_with(env: &[(&str, &str)], cols: u16, rows: u16) -> Pty {
    let pty = Pty::start(&["--sandbox"], env, cols, rows);
    pty.wait(first_screen, SOON);
    pty
}

fn started(cols: u16, rows: u16) -> Pty {
    started_with(&[], cols, rows)
}

/// Lines above the footer that say "keys": the help has one more of them than what it lies over.
fn keys_titles(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().take(lines.len().saturating_sub(1)).filter(|line| line.contains("keys")).count()
}

/// Opens the help, which shows that the program lives and has taken all that was typed before; closes it again.
fn assert_alive(pty: &mut Pty) {
    let before = keys_titles(&pty.screen());
    pty.send("?");
    pty.wait(|text| keys_titles(text) > before, SOON);
    pty.send("\x1b");
    pty.wait(|text| keys_titles(text) <= before, SOON);
}

/// Ends the program and looks at what it leaves behind.
fn quit(mut pty: Pty) {
    pty.send(":q\r");
    let status = pty.exit(SOON);
    assert!(status.success(), "{status:?}");
    assert_clean(&pty);
}

fn assert_clean(pty: &Pty) {
    assert_eq!(pty.modes(), Modes::default(), "{}", pty.raw().escape_ascii());
    assert_eq!(pty.line_settings(), pty.line_before, "the line discipline is as it was");
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn it_starts_draws_and_leaves_a_clean_terminal() {
    let pty = started(120, 36);
    let taken = Modes { alternate: true, hidden_cursor: true, paste: true, mouse: true, raw: true, ..Modes::default() };
    // A frame may be under way.
    assert_eq!(Modes { synchronized: false, ..pty.modes() }, taken);
    quit(pty);
}

#[test]
fn behind_ssh_the_mouse_is_the_terminals_until_it_is_asked_for() {
    let mut pty = started_with(&[("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")], 80, 24);
    assert!(!contains(&pty.raw(), b"\x1b[?1000h") && !pty.modes().mouse);
    pty.send(":mouse on\r");
    // Said by the frame after the line has gone: until then a click is for the line. And there has to be a row to click on.
    pty.wait(|text| text.contains("mouse on: you said so") && text.contains("checkout"), SOON);
    assert!(pty.modes().mouse);
    // No movement is asked for, and what is not asked for writes nothing.
    assert!(!contains(&pty.raw(), b"\x1b[?1003h") && !contains(&pty.raw(), b"\x1b[?1002h"));
    pty.send("\x1b[<0;6;6M\x1b[<0;6;6m");
    pty.wait(|text| text.lines().nth(5).is_some_and(|line| line.starts_with('▌')), SOON);
    quit(pty);
}

#[test]
fn what_is_drawn_is_drawn_inside_synchronized_output() {
    let pty = started(80, 24);
    let drawn = pty.wait_bytes(0, |bytes| bytes.ends_with(FRAME), SOON);
    let text = String::from_utf8(drawn).expect("UTF-8");
    let (before, frames) = text.split_once("\x1b[?2026h").expect("a frame");
    assert!(before.chars().all(|c| c == '\x1b' || c.is_ascii_graphic()), "only modes are set before the first frame: {before:?}");
    for between in frames.split("\x1b[?2026l").skip(1) {
        assert!(between.is_empty() || between.starts_with("\x1b[?2026h"), "outside a frame: {between:?}");
    }
    quit(pty);
}

#[test]
fn ctrl_c_quits_only_when_pressed_twice() {
    let mut pty = started(80, 24);
    pty.send("\x03");
    assert_alive(&mut pty);
    pty.send("\x03\x03");
    let status = pty.exit(SOON);
    assert!(status.success(), "{status:?}");
    assert_clean(&pty);
}

#[test]
fn an_escape_sequence_that_comes_in_two_pieces_is_one_key() {
    // Over SSH a lone Esc waits 75 ms for the rest.
    let mut pty = started_with(&[("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")], 80, 24);
    let mut proven = 0;
    for _ in 0..50 {
        pty.send(":zx");
        pty.wait(|text| text.contains("zx"), SOON);
        let begun = Instant::now();
        pty.send("\x1b");
        pty.taken(SOON);
        pty.send("[D");
        pty.taken(SOON);
        let late = begun.elapsed() > Duration::from_millis(50);
        pty.send("y");
        if late {
            // This machine was slow, so the pieces may rightly be two keys: begin again from a known place.
            pty.send("\x1b");
            pty.wait(|text| !text.contains("zx") && !text.contains("zyx"), SOON);
            assert_alive(&mut pty);
            continue;
        }
        pty.wait(|text| text.contains("zyx"), SOON);
        pty.send("\x1b");
        pty.wait(|text| !text.contains("zyx"), SOON);
        proven += 1;
        if proven == 5 {
            return quit(pty);
        }
    }
    panic!("the machine was too slow {} times", 50 - proven);
}

#[test]
fn sequences_nobody_knows_and_bytes_that_are_no_text_do_nothing() {
    let mut pty = started(80, 24);
    pty.send(b"\x1b[999;999~\x1b[?1;2c\x1b[M!!!\xff\xfe\xc3\x00\x1b[>0;276;0c");
    assert_alive(&mut pty);
    quit(pty);
}

#[test]
fn a_polite_kill_ends_it_at_once_and_clean() {
    for signal in [Signal::TERM, Signal::HUP] {
        let pty = started(80, 24);
        pty.signal(signal);
        let status = pty.exit(AT_ONCE);
        assert_eq!(status.signal(), None, "{signal:?} is handled, not suffered");
        assert_clean(&pty);
        assert!(contains(&pty.raw(), b"\x1b[?1049l"), "{signal:?}");
    }
}

#[test]
fn a_terminal_that_vanishes_ends_it_at_once() {
    let mut pty = started(80, 24);
    pty.hang_up();
    let status = pty.exit(AT_ONCE);
    assert_eq!(status.signal(), None, "it ends by itself");
}

#[test]
fn stopped_it_gives_the_terminal_away_and_continued_it_takes_it_back() {
    // Job control as in a shell: whoever is stopped needs a parent in the same session.
    let script = r#"set -m; "$MESHPLAY" --sandbox; echo "stopped with $?"; read line; fg >/dev/null; echo "ended with $?""#;
    let mut pty = Pty::shell(script, &[], 80, 24);
    pty.wait(first_screen, SOON);
    pty.signal_foreground(Signal::TSTP);
    pty.wait(|text| text.contains("stopped with"), SOON);
    assert_eq!(pty.modes(), Modes::default(), "the shell has its terminal");
    assert_eq!(pty.line_settings(), pty.line_before);

    // Another size while it sleeps: it has to look when it comes back.
    pty.resize(100, 30);
    let mark = pty.mark();
    pty.send("\r");
    let text = pty.wait(|text| first_screen(text) && text.lines().count() == 30, SOON);
    assert!(!text.contains("stopped with"), "nothing of the shell stays on the screen:\n{text}");
    assert!(contains(&pty.bytes_since(mark), b"\x1b[?1049h"));
    assert!(pty.modes().raw && pty.modes().paste && pty.modes().alternate && pty.modes().mouse);
    assert_alive(&mut pty);
    pty.send(":q\r");
    pty.wait(|text| text.contains("ended with 0"), SOON);
    assert!(pty.exit(SOON).success());
    assert_clean(&pty);
}

#[test]
fn of_a_storm_of_sizes_the_last_one_stays() {
    let pty = started(60, 15);
    for step in 0..200 {
        pty.resize(40 + step % 20, 10 + step % 7);
    }
    pty.resize(100, 30);
    let text = pty.wait(|text| first_screen(text) && text.lines().count() == 30, SOON);
    assert!(text.lines().any(|line| line.chars().count() > 60), "it is as wide as the window:\n{text}");

    for step in 0..200 {
        pty.resize(80 + step % 60, 20 + step % 30);
    }
    let mark = pty.mark();
    pty.resize(50, 12);
    // Every frame draws its last line; one of an older size would address a row that is not there.
    pty.wait_bytes(mark, |bytes| bytes.ends_with(FRAME) && last_picture(bytes).is_some_and(|addresses| within(&addresses, 50, 12)), SOON);
    pty.wait(|text| first_screen(text) && text.lines().count() == 12, SOON);
    quit(pty);
}

/// Where the cursor was sent (row, column) after the screen was last cleared.
fn last_picture(bytes: &[u8]) -> Option<Vec<(u16, u16)>> {
    let text = String::from_utf8_lossy(bytes);
    let (_, after) = text.rsplit_once("\x1b[2J")?;
    let address = |piece: &str| {
        let (row, column) = piece.split_once('H')?.0.split_once(';')?;
        Some((row.parse().ok()?, column.parse().ok()?))
    };
    Some(after.split("\x1b[").filter_map(address).collect())
}

fn within(addresses: &[(u16, u16)], cols: u16, rows: u16) -> bool {
    !addresses.is_empty() && addresses.iter().all(|(row, column)| *row <= rows && *column <= cols)
}

#[test]
fn a_window_that_is_too_small_is_told_in_one_line() {
    let mut pty = Pty::start(&["--sandbox"], &[], 39, 9);
    let text = pty.wait(|text| !text.trim().is_empty(), SOON);
    assert_eq!(text.lines().filter(|line| !line.trim().is_empty()).count(), 1, "{text}");
    assert!(text.contains("40"), "it says what would be enough:\n{text}");
    pty.resize(80, 24);
    pty.wait(first_screen, SOON);
    pty.resize(39, 9);
    pty.wait(|text| !text.contains("workloads") && text.lines().filter(|line| !line.trim().is_empty()).count() == 1, SOON);
    // What is typed is taken all the same.
    pty.send(":q\r");
    assert!(pty.exit(SOON).success());
    assert_clean(&pty);
}

#[test]
fn a_window_of_one_cell_is_survived() {
    let pty = Pty::start(&["--sandbox"], &[], 1, 1);
    pty.wait_bytes(0, |bytes| contains(bytes, FRAME), SOON);
    pty.resize(80, 24);
    pty.wait(first_screen, SOON);
    let mark = pty.mark();
    pty.resize(1, 1);
    pty.wait_bytes(mark, |bytes| contains(bytes, FRAME), SOON);
    pty.resize(80, 24);
    pty.wait(first_screen, SOON);
    quit(pty);
}

#[test]
fn what_is_pasted_is_never_a_command() {
    let mut pty = started(80, 24);
    pty.send("\x1b[200~:q\r\x03\x03:q!\n\x1b[201~");
    assert_alive(&mut pty);
    // Into the command line it is text, and its line ends do not end the line.
    pty.send(":");
    pty.send("\x1b[200~zx\rq\r:q\r\x1b[20");
    pty.taken(SOON);
    pty.send("1~");
    pty.wait(|text| text.contains("zx"), SOON);
    pty.send("\x1b");
    pty.wait(|text| !text.contains("zx"), SOON);
    assert_alive(&mut pty);
    quit(pty);
}

#[test]
fn without_a_terminal_it_says_so_and_ends() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshplay"));
    let home = tempfile::tempdir().unwrap();
    command.arg("--sandbox").env_clear().env("HOME", home.path()).env("TERM", "xterm-256color").stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("terminal") && !said.contains("panicked"), "{said}");
    assert!(!output.stdout.contains(&b'\x1b'), "no escape sequences into a pipe: {}", output.stdout.escape_ascii());
}

#[test]
fn a_pipe_that_nobody_reads_ends_it_quietly() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshplay"));
    command.args(["--sandbox", "get", "pods", "-A", "-o", "json"]).env_clear().env("HOME", home.path()).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success(), "{:?}", output.status);

    let pty = Pty::shell(r#""$MESHPLAY" --sandbox | true; echo over"#, &[], 80, 24);
    pty.wait(|text| text.contains("over"), SOON);
    assert!(pty.exit(SOON).success());
    assert_clean(&pty);
}

#[test]
fn the_support_sees_what_is_printed_and_how_it_ends() {
    let mut pty = Pty::shell("printf 'hello\\n'; read word; echo \"took $word\"; exit 3", &[], 40, 10);
    pty.wait(|text| text.contains("hello"), SOON);
    let mark = pty.mark();
    pty.send("it\r");
    pty.taken(SOON);
    assert_eq!(pty.exit(SOON).exit_code(), 3);
    assert!(pty.bytes_since(mark).ends_with(b"took it\r\n"), "{}", pty.screen());
}

#[test]
fn a_hang_up_reaches_the_program() {
    // The end of input may be seen before the signal comes.
    let mut pty = Pty::shell("echo up; read word || exit 7", &[], 40, 10);
    pty.wait(|text| text.contains("up"), SOON);
    pty.hang_up();
    let status = pty.exit(SOON);
    assert!(status.signal().is_some() || status.exit_code() == 7, "{status:?}");
}

#[test]
fn own_keys_and_looks_are_read_again_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("meshplay");
    std::fs::create_dir(&own).unwrap();
    let mut pty = started_with(&[("XDG_CONFIG_HOME", folder.path().to_str().unwrap())], 100, 30);
    std::fs::write(own.join("keymap.toml"), "[global]\n\"X\" = \"app.hlep\"\n").unwrap();
    pty.wait(|text| text.contains("keymap.toml:2"), SOON);
    let mark = pty.mark();
    std::fs::write(own.join("keymap.toml"), "[global]\n\"X\" = \"app.help\"\n").unwrap();
    // Reading them again draws everything anew; a write may be seen half done, so the key is what counts.
    pty.wait_bytes(mark, |bytes| contains(bytes, b"\x1b[2J"), SOON);
    pty.send("X");
    pty.wait(|text| text.contains("esc closes"), SOON);
    pty.send("\x1b");
    pty.wait(|text| !text.contains("esc closes"), SOON);
    quit(pty);
}

#[test]
fn settings_are_read_again_also_when_their_folder_comes_only_later() {
    let folder = tempfile::tempdir().unwrap();
    let mut pty = started_with(&[("XDG_CONFIG_HOME", folder.path().to_str().unwrap())], 100, 30);
    pty.wait(|text| text.contains("11 rows"), SOON);
    let own = folder.path().join("meshplay");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("config.toml"), "\nkeymap = 3\n").unwrap();
    pty.wait(|text| text.contains("config.toml:2"), SOON);
    let mark = pty.mark();
    std::fs::write(own.join("config.toml"), "keymap = \"vim\"\nreadonly = true\n[aliases]\nco = \"workloads /check\"\n").unwrap();
    pty.wait_bytes(mark, |bytes| contains(bytes, b"\x1b[2J"), SOON);
    pty.wait(|text| text.contains("READ-ONLY"), SOON);
    pty.send(":co\r");
    pty.wait(|text| text.contains("1 of 11"), SOON);
    // What makes it safer stays, whatever the file says later.
    let mark = pty.mark();
    std::fs::write(own.join("config.toml"), "keymap = \"vim\"\n").unwrap();
    pty.wait_bytes(mark, |bytes| contains(bytes, b"\x1b[2J"), SOON);
    pty.send("ZZ");
    assert!(pty.exit(SOON).success());
    assert!(String::from_utf8_lossy(&pty.bytes_since(mark)).contains("READ-ONLY"));
    assert_clean(&pty);
}

#[test]
fn a_recorded_session_is_played_to_the_same_screen() {
    let folder = tempfile::tempdir().unwrap();
    let tape = folder.path().join("tape");
    let path = tape.to_str().unwrap();
    let mut pty = Pty::start(&["--sandbox", "--record", path], &[], 80, 24);
    pty.wait(first_screen, SOON);
    pty.send("/check");
    let screen = pty.wait(|text| text.contains("1 of 11") && text.contains("checkout"), SOON);
    pty.send("\x1b");
    pty.wait(|text| text.contains("11 rows"), SOON);
    pty.send(":q\r");
    assert!(pty.exit(SOON).success());
    let played = Command::new(env!("CARGO_BIN_EXE_meshplay")).args(["replay", path]).env("LANG", "C.UTF-8").output().unwrap();
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let text = String::from_utf8(played.stdout).unwrap();
    // The last message is the line `:q`; what it lay over is the screen as it was before the filter.
    assert!(text.contains("workloads  shop  11 rows"), "{text}");
    assert_eq!(text.lines().next().map(str::trim_end), screen.lines().next().map(str::trim_end));
}

#[test]
fn a_hang_up_keeps_what_a_load_test_has_measured() {
    let folder = tempfile::tempdir().unwrap();
    let mut pty = started_with(&[("XDG_DATA_HOME", folder.path().to_str().unwrap())], 100, 30);
    pty.wait(|text| text.contains("11 rows"), SOON);
    // The last workload is web; its form is filled in as soon as its address is known.
    pty.send("Gb");
    pty.wait(|text| text.contains("http://127.0.0.1:"), SOON);
    pty.send("\r");
    pty.wait(|text| text.contains("running") && text.contains("2 s of 10 s"), SOON);
    pty.signal(rustix::process::Signal::HUP);
    pty.exit(SOON);
    let runs = std::fs::read_dir(folder.path().join("meshplay/runs")).unwrap();
    let run = runs.map(|entry| entry.unwrap().path().join("run.json")).next().expect("a run");
    let run: serde_json::Value = serde_json::from_slice(&std::fs::read(run).unwrap()).unwrap();
    assert_eq!(run["state"], "stopped", "{run}");
    assert!(run["requests"].as_u64().unwrap() > 0, "{run}");
}
