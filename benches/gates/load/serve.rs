//! Servers that only a measurement needs, each in a process of its own that is this program again: `gates serve KIND`. It tells its address first, then
//! obeys what it is told line by line, and goes when nobody is left who could tell it anything.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ExitCode, Stdio};
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

use super::child::{self, Kind};
use super::hostile::{self, Deeds};

/// What a server that behaves says.
pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world!";

/// For how long a server that was told to freeze does, and how long after its first request.
pub const FREEZE: Duration = Duration::from_millis(500);
const BEFORE: Duration = Duration::from_millis(2_500);

/// Longer than any answer of a server takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server; it ends when this is dropped.
pub struct Server {
    process: Kind,
    orders: ChildStdin,
    words: mpsc::Receiver<String>,
    pub url: String,
}

impl Server {
    /// Starts one of a kind, on a core of its own if that is said.
    pub fn start(kind: &str, core: Option<usize>) -> Self {
        let this = std::env::current_exe().expect("this program lies somewhere");
        let mut command = child::command(&this, core, Path::new("/"));
        command.args(["serve", kind]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Kind(command.spawn().expect("this program starts"));
        let (orders, said) = (process.0.stdin.take().expect("its input"), process.0.stdout.take().expect("its output"));
        let (sender, words) = mpsc::channel();
        thread::spawn(move || BufReader::new(said).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let address = words.recv_timeout(PATIENCE).expect("it tells its address");
        Self { process, orders, words, url: format!("http://{address}/") }
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Tells it something, and answers what it says.
    pub fn ask(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").expect("the server listens");
        self.words.recv_timeout(PATIENCE).expect("the server answers")
    }
}

/// What the process of a server knows.
#[derive(Default)]
pub struct Known {
    /// It writes down when requests come.
    timed: bool,
    arrivals: Vec<Instant>,
    /// It is to freeze.
    freezes: bool,
    pub deeds: Deeds,
}

/// Is one.
pub fn be(kind: &str) -> ExitCode {
    let known = Arc::new(Mutex::new(Known { timed: kind == "timed", ..Known::default() }));
    let hostile = kind == "hostile";
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return ExitCode::FAILURE };
    let served = LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(io::stdout(), "{}", listener.local_addr()?)?;
        thread::spawn({
            let known = known.clone();
            move || obey(&known)
        });
        let known = Rc::new(known);
        for number in 0.. {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let known = known.clone();
            // The other side may go at any moment.
            if hostile {
                tokio::task::spawn_local(async move { _ = hostile::serve(stream, number, &known).await });
            } else {
                tokio::task::spawn_local(async move { _ = answer(stream, &known).await });
            }
        }
        io::Result::Ok(())
    });
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Until its input ends.
fn obey(known: &Mutex<Known>) {
    for order in io::stdin().lines().map_while(Result::ok) {
        let Ok(mut known) = known.lock() else { break };
        let answer = match order.as_str() {
            "again" => {
                known.arrivals.clear();
                String::new()
            }
            "freeze" => {
                known.arrivals.clear();
                known.freezes = true;
                String::new()
            }
            "arrivals" => {
                let first = known.arrivals.first().copied();
                let words = known.arrivals.iter().zip(first.iter().cycle()).map(|(at, first)| (*at - *first).as_nanos().to_string());
                words.collect::<Vec<_>>().join(" ")
            }
            _ => known.deeds.told(),
        };
        if writeln!(io::stdout(), "{answer}").is_err() {
            break;
        }
    }
    std::process::exit(0);
}

/// Answers whole requests without bodies, as many as there are.
async fn answer(mut stream: TcpStream, known: &Mutex<Known>) -> io::Result<()> {
    let (mut bytes, mut filled) = ([0; 16 << 10], 0);
    loop {
        let count = stream.read(&mut bytes[filled..]).await?;
        let now = Instant::now();
        filled += count;
        if count == 0 {
            return Ok(());
        }
        if !bytes[..filled].ends_with(b"\r\n\r\n") {
            continue;
        }
        let requests = memchr::memmem::find_iter(&bytes[..filled], b"\r\n\r\n").count();
        filled = 0;
        note(known, now, requests);
        for _ in 0..requests {
            stream.write_all(OK).await?;
        }
    }
}

/// Writes them down if that is wanted, and stands still if it is time to: the whole server does.
fn note(known: &Mutex<Known>, now: Instant, requests: usize) {
    let Ok(mut known) = known.lock() else { return };
    if !known.timed {
        return;
    }
    known.arrivals.extend(std::iter::repeat_n(now, requests));
    let first = known.arrivals.first().copied().unwrap_or(now);
    if known.freezes && now > first + BEFORE {
        known.freezes = false;
        thread::sleep(FREEZE);
    }
}
