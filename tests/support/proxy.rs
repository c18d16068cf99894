//! A proxy as companies have them: it speaks HTTP's CONNECT (RFC 9110, 9.3.6) and SOCKS5 (RFC 1928) on one port, leads everywhere to one server, and can be told to be in
//! the way.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What it does to who wants through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Opens a way.
    Passes,
    /// Says no.
    Refuses,
    /// Wants a name and a password first.
    Asks,
    /// Takes the connection and says nothing.
    Hangs,
}

/// A running proxy; it ends when it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    mood: Arc<watch::Sender<Mood>>,
    /// `HOST:PORT` as it was asked for, with the name of who asked where one was given, in the order in which they came.
    asked: watch::Sender<Vec<String>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// One that leads to that server, whatever name it is asked for.
    pub async fn to(server: SocketAddr, mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, mood, asked) = (listener.local_addr().unwrap(), Arc::new(watch::channel(mood).0), watch::channel(Vec::new()).0);
        let (mut tasks, its_mood, told) = (JoinSet::new(), mood.clone(), asked.clone());
        tasks.spawn(async move {
            let mut lines = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (mood, told) = (*its_mood.borrow(), told.clone());
                // The other side may go at any moment; that is not what is tested here.
                lines.spawn(async move { _ = lead(stream, server, mood, &told).await });
            }
        });
        Self { address, mood, asked, _tasks: tasks }
    }

    /// From now on it does so.
    pub fn becomes(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Everything it was asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }
}

async fn lead(stream: TcpStream, server: SocketAddr, mood: Mood, told: &watch::Sender<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let socks = stream.fill_buf().await?.first() == Some(&5);
    let place = if socks { socks_wanted(&mut stream).await? } else { connect_wanted(&mut stream).await? };
    told.send_modify(|all| all.push(place));
    // RFC 1928, 6: 0 is success, 2 is "connection not allowed by ruleset".
    let answer = match (mood, socks) {
        (Mood::Hangs, _) => std::future::pending().await,
        (Mood::Passes, false) => b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec(),
        (Mood::Refuses, false) => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n".to_vec(),
        (Mood::Asks, false) => b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n".to_vec(),
        (mood, true) => vec![5, if mood == Mood::Passes { 0 } else { 2 }, 0, 1, 127, 0, 0, 1, 0, 0],
    };
    stream.write_all(&answer).await?;
    if mood == Mood::Passes {
        copy_bidirectional(&mut stream, &mut TcpStream::connect(server).await?).await?;
    }
    Ok(())
}

async fn connect_wanted(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let (mut place, mut login) = (String::new(), String::new());
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        if let Some(rest) = line.strip_prefix("CONNECT ") {
            place = rest.split(' ').next().unwrap().to_owned();
        } else if let Some(basic) = line.trim().to_lowercase().strip_prefix("proxy-authorization: basic ") {
            // As it came: what stands in it is compared, not read.
            login = format!("{}@", &line.trim()[line.trim().len() - basic.len()..]);
        } else if line.trim().is_empty() {
            return Ok(login + &place);
        }
    }
}

async fn socks_wanted(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await?;
    let mut methods = vec![0; greeting[1].into()];
    stream.read_exact(&mut methods).await?;
    // No authentication required.
    stream.write_all(&[5, 0]).await?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    assert_eq!(&head[..2], &[5, 1], "a CONNECT");
    assert_eq!(head[3], 3, "a name, which is looked up by the proxy");
    let mut name = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut name).await?;
    Ok(format!("{}:{}", String::from_utf8_lossy(&name), stream.read_u16().await?))
}
