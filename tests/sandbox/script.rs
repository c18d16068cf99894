//! The program's subcommands on a sandbox that is served, as a script runs them, and the sandbox's objects as its API has them.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use super::process::Served;

/// A line of a script.
pub fn meshplay(served: &Served, line: &str) -> Command {
    let mut command = served.command(env!("CARGO_BIN_EXE_meshplay"));
    command.args(line.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Its exit code and what it wrote to both streams.
pub fn ran(served: &Served, line: &str) -> (Option<i32>, String, String) {
    let output = meshplay(served, line).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A line that goes on, once it has written a line that begins like that to standard error; and the rest of what it writes there.
pub fn begun(served: &Served, line: &str, begins: &str) -> (Child, BufReader<ChildStderr>) {
    let mut child = meshplay(served, line).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.starts_with(begins) {
        told.clear();
        assert!(err.read_line(&mut told).unwrap() > 0, "it ended too early");
    }
    (child, err)
}

/// A deployment of the shop as the server has it, after a merge patch where one is given.
pub async fn deployment(served: &Served, name: &str, patch: Option<Value>) -> Value {
    let method = if patch.is_some() { http::Method::PATCH } else { http::Method::GET };
    asked(served, method, &format!("/apis/apps/v1/namespaces/shop/deployments/{name}"), patch).await
}

/// What the server answers; a body is a merge patch.
pub async fn asked(served: &Served, method: http::Method, path: &str, patch: Option<Value>) -> Value {
    let stream = tokio::net::TcpStream::connect(served.address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::builder().method(method).uri(path);
    let request = request.header("host", "sandbox").header("content-type", "application/merge-patch+json");
    let request = request.body(patch.map_or_else(String::new, |patch| patch.to_string())).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

/// The ids of a cell of permutations, as `perf permute -o json` tells them.
pub fn runs_of(result: &Value, configuration: &str) -> Vec<String> {
    let cells = result["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| cell["permutation"]["configuration"] == configuration).unwrap();
    cell["runs"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}
