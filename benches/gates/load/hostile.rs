//! A server that closes, resets, stalls and lies about lengths in turn, and whether the generator calls each of these by its name.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::figures::Line;
use super::super::{Effort, machine, say};
use super::child;
use super::serve::{Known, OK, Server};

/// What is done to the last request of a connection, and what a generator ought to call it.
struct Trick {
    class: &'static str,
    /// What is answered first.
    answer: &'static [u8],
    then: Then,
}

/// What becomes of the connection then.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// It is closed in order.
    Close,
    /// It is torn off: a close that does not linger (RFC 9293, 3.10.4).
    Reset,
    /// Nothing more is said until the other side goes.
    Stall,
}

const TRICKS: [Trick; 10] = [
    Trick { class: "closed", answer: b"", then: Then::Close },
    Trick { class: "reset", answer: b"", then: Then::Reset },
    Trick { class: "timeout", answer: b"", then: Then::Stall },
    Trick { class: "closed", answer: b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHello, world!", then: Then::Close },
    Trick { class: "nonsense", answer: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello, world!", then: Then::Stall },
    Trick { class: "reset", answer: b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHello, world!", then: Then::Reset },
    Trick { class: "timeout", answer: b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nHello, world!", then: Then::Stall },
    Trick { class: "nonsense", answer: b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Length: 5\r\n\r\nHello, world!", then: Then::Stall },
    Trick { class: "nonsense", answer: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nHello, world!\r\n0\r\n\r\n", then: Then::Stall },
    Trick { class: "nonsense", answer: b"SSH-2.0-OpenSSH_9.2\r\n", then: Then::Stall },
];

/// What a hostile server did.
#[derive(Default)]
pub struct Deeds {
    /// Whole answers.
    good: u64,
    /// By the class they belong to.
    evil: BTreeMap<&'static str, u64>,
}

impl Deeds {
    /// As JSON in one line.
    pub fn told(&self) -> String {
        serde_json::json!({ "good": self.good, "evil": self.evil }).to_string()
    }
}

/// One connection of it: up to three good answers, then the trick whose turn it is.
pub async fn serve(mut stream: TcpStream, number: usize, known: &Mutex<Known>) -> io::Result<()> {
    let trick = &TRICKS[number % TRICKS.len()];
    for _ in 0..number / TRICKS.len() % 4 {
        request(&mut stream).await?;
        note(known, |deeds| deeds.good += 1);
        stream.write_all(OK).await?;
    }
    request(&mut stream).await?;
    note(known, |deeds| *deeds.evil.entry(trick.class).or_default() += 1);
    stream.write_all(trick.answer).await?;
    match trick.then {
        Then::Close => stream.shutdown().await,
        Then::Reset => stream.set_zero_linger(),
        Then::Stall => tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(|_| ()),
    }
}

async fn request(stream: &mut TcpStream) -> io::Result<()> {
    let (mut bytes, mut filled) = ([0; 4 << 10], 0);
    while !bytes[..filled].ends_with(b"\r\n\r\n") {
        match stream.read(&mut bytes[filled..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(())
}

fn note(known: &Mutex<Known>, write: impl FnOnce(&mut Deeds)) {
    if let Ok(mut known) = known.lock() {
        write(&mut known.deeds);
    }
}

const CONNECTIONS: u64 = 40;

/// Memory that a run may take besides what it took after a third of its time, in KiB.
const FLAT: u64 = 1 << 10;

/// File descriptors of a run besides its connections.
const FILES: usize = 40;

/// Forty connections for a minute.
pub fn named(effort: &Effort) -> Vec<Line> {
    let seconds = effort.times(60, 10);
    let (mut server, folder) = (Server::start("hostile", None), tempfile::tempdir().expect("a folder"));
    let mut command = child::command(env!("CARGO_BIN_EXE_meshplay").as_ref(), None, folder.path());
    command.args(["perf", "run", &server.url, "-c", &CONNECTIONS.to_string(), "-d", &format!("{seconds}s"), "--timeout", "500ms", "-o", "json"]);
    let (mut resident, mut files) = (Vec::new(), 0);
    let ran = child::run(command, folder.path(), Duration::from_secs(30 + 3 * seconds as u64), |pid| {
        resident.extend(machine::resident(pid));
        files = files.max(machine::files(pid));
    });
    let ran = ran.unwrap_or_else(|why| panic!("{why}"));
    let run: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}{}", ran.out, ran.err));
    let deeds: Value = serde_json::from_str(&server.ask("deeds")).expect("JSON");
    say(&format!("  it did {deeds}; told: answers {}, errors {}", run["requests"], run["errors"]));
    let what = |what: &str| format!("{CONNECTIONS} connections × {seconds} s to a server that closes, resets, stalls and lies: {what}");
    let (grown, most) = (growth(&resident), resident.iter().max().copied().unwrap_or(0));
    let kib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
    vec![
        classes(effort, &what("error classes"), &deeds, &run),
        Line::judged(what("memory"), "no growth after a third of it", format!("{} more, {} at most", kib(grown), kib(most)), grown <= FLAT),
        Line::judged(what("file descriptors"), "its connections and few more", files.to_string(), files <= CONNECTIONS as usize + FILES),
        Line::judged(what("panics"), "none", if ran.err.contains("panicked") { "it panicked" } else { "none" }, !ran.err.contains("panicked")),
    ]
}

/// Everything the server did is told by its name, but for what was in flight at the end; nothing else is told.
fn classes(effort: &Effort, what: &str, deeds: &Value, run: &Value) -> Line {
    let counts = |value: &Value| -> BTreeMap<String, u64> { serde_json::from_value(value.clone()).unwrap_or_default() };
    let (mut done, mut told) = (counts(&deeds["evil"]), counts(&run["errors"]));
    done.insert("answers".into(), deeds["good"].as_u64().unwrap_or(0));
    told.insert("answers".into(), run["requests"].as_u64().unwrap_or(0));
    let more = |a: &BTreeMap<String, u64>, b: &BTreeMap<String, u64>| -> u64 {
        a.iter().map(|(class, count)| count.saturating_sub(b.get(class).copied().unwrap_or(0))).sum()
    };
    let (missing, invented, all) = (more(&done, &told), more(&told, &done), done.values().sum::<u64>());
    let list: Vec<String> = told.iter().map(|(class, count)| format!("{class} {count}")).collect();
    let measured = format!("{}; of {all} {missing} in flight at the end, {invented} called otherwise", list.join(", "));
    // A machine under load may be late for a time-out.
    let otherwise = if effort.loose { all / 50 } else { 0 };
    let whole = done.len() == 5 && done.values().all(|count| *count > 0);
    Line::judged(what, "all right, within what is in flight", measured, whole && missing <= CONNECTIONS + otherwise && invented <= otherwise)
}

fn growth(resident: &[u64]) -> u64 {
    let (third, last) = (resident.get(resident.len() / 3).copied().unwrap_or(0), resident.last().copied().unwrap_or(u64::MAX));
    last.saturating_sub(third)
}
