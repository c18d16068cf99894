//! One request, one connection: as much HTTP as the measurements need beside the program itself.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

/// A whole exchange; the answer's head and body as they came.
pub fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut line = TcpStream::connect(address)?;
    line.write_all(request)?;
    let mut answer = Vec::new();
    line.read_to_end(&mut answer)?;
    Ok(answer)
}

/// The JSON that a path answers.
pub fn get(address: SocketAddr, path: &str) -> Value {
    let answer = exchange(address, format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).expect("an answer");
    body(&answer)
}

/// Replaces an object.
pub fn put(address: SocketAddr, path: &str, object: &Value) {
    let text = object.to_string();
    let head =
        format!("PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
    let answer = exchange(address, [head.as_bytes(), text.as_bytes()].concat().as_slice()).expect("an answer");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", answer.escape_ascii());
}

fn body(answer: &[u8]) -> Value {
    let begin = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    serde_json::from_slice(&answer[begin..]).expect("JSON in one piece")
}
