//! What is asked of a target: flags for the request, for credentials, for data that changes and for TLS.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::load::request::feed::{self, Feed};
use crate::load::request::{Body, Header, Request, Tls};
use crate::names::Problem;

/// What is asked.
#[derive(Clone, Debug, Default, Args)]
pub struct AskArgs {
    /// Method; GET, or POST where there is a body.
    #[arg(short = 'X', long)]
    method: Option<String>,
    /// `name: value`, as often as wanted; `Host: NAME` asks for another host, over gRPC they are metadata.
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<Header>,
    /// Body; over gRPC the message as JSON, over tcp and udp what has to come back. `{{counter}}`, `{{random 1 9}}`, `{{uuid}}`, `{{now}}` (milliseconds),
    /// `{{time}}` and `{{feed.NAME}}` are filled in, here as in address, headers and form; `{{open}}` writes two braces.
    #[arg(long, visible_alias = "payload", value_name = "TEXT", conflicts_with_all = ["body_file", "form"])]
    body: Option<String>,
    /// The same from a file; one that is no UTF-8 is sent as it is.
    #[arg(long, value_name = "FILE", conflicts_with = "form")]
    body_file: Option<PathBuf>,
    /// `name=value`, a field of a form, as often as wanted.
    #[arg(short = 'F', long, value_name = "FIELD", value_parser = pair)]
    form: Vec<(String, String)>,
    /// The type of the body, as in application/json.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// `name:password`, or `@FILE` with them in it, which others cannot see in the list of processes; never kept.
    #[arg(long, value_name = "CREDENTIALS", conflicts_with = "bearer")]
    basic: Option<Secret>,
    /// A token, or `@FILE` with it in it; never kept.
    #[arg(long, value_name = "TOKEN")]
    bearer: Option<Secret>,
    /// Speak HTTP/2: by agreement over https, without asking first over http.
    #[arg(long)]
    http2: bool,
    /// Follow so many redirects on the same server.
    #[arg(long, value_name = "N")]
    follow: Option<u8>,
    /// `name=text`: what `{{name}}` stands for, as often as wanted; may hold others.
    #[arg(long = "set", value_name = "NAME=TEXT", value_parser = pair)]
    values: Vec<(String, String)>,
    /// Rows for `{{feed.NAME}}`, one a request and again from the first: CSV with a line of names, or a JSON object a line.
    #[arg(long, value_name = "FILE")]
    feed: Option<PathBuf>,
    /// What messages of a gRPC server look like, if it does not tell: a file of `protoc --include_imports --descriptor_set_out`.
    #[arg(long, value_name = "FILE")]
    descriptors: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsArgs,
}

/// How TLS is agreed on.
#[derive(Clone, Debug, Default, Args)]
struct TlsArgs {
    /// Take any certificate.
    #[arg(short = 'k', long)]
    insecure: bool,
    /// Who may have signed the certificate, instead of whom this machine trusts: a PEM file.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Our own certificate: a PEM file.
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// Its key: a PEM file.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Ask for this name and find it in the certificate, instead of the host.
    #[arg(long, value_name = "NAME")]
    sni: Option<String>,
    /// The oldest version of TLS; if not given, 1.2.
    #[arg(long, value_enum)]
    min_tls: Option<Oldest>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Oldest {
    #[value(name = "1.2")]
    V12,
    #[value(name = "1.3")]
    V13,
}

/// A value, or the file that holds it.
#[derive(Clone)]
struct Secret(String);

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(masked)")
    }
}

impl Secret {
    fn read(&self) -> Result<String, Problem> {
        match self.0.strip_prefix('@') {
            None => Ok(self.0.clone()),
            Some(path) => text(Path::new(path)),
        }
    }
}

impl AskArgs {
    /// The same request with what is given in place of what it says; reads the files that are named.
    ///
    /// # Errors
    /// One of them cannot be read or used.
    pub(super) fn over(&self, request: Request) -> Result<Request, Problem> {
        let body = self.the_body()?;
        let method = if body.is_none() { request.method } else { "POST".to_owned() };
        let given = self.given_headers()?;
        let mut headers = request.headers;
        headers.retain(|header| !given.iter().any(|one| one.name.eq_ignore_ascii_case(&header.name)));
        headers.extend(given);
        Ok(Request {
            method: self.method.clone().unwrap_or(method),
            headers,
            body: body.unwrap_or(request.body),
            http2: request.http2 || self.http2,
            follow: self.follow.unwrap_or(request.follow),
            values: self.values.iter().cloned().chain(request.values.into_iter().filter(|(name, _)| !self.sets(name))).collect(),
            feed: match &self.feed {
                Some(path) => Some(Arc::new(Feed::read(&bytes(path, feed::LARGEST)?)?)),
                None => request.feed,
            },
            tls: self.tls.over(request.tls),
            descriptors: match &self.descriptors {
                Some(path) => Some(Arc::new(bytes(path, LARGEST)?)),
                None => request.descriptors,
            },
        })
    }

    fn sets(&self, name: &str) -> bool {
        self.values.iter().any(|(set, _)| set == name)
    }

    fn given_headers(&self) -> Result<Vec<Header>, Problem> {
        let mut headers = self.headers.clone();
        headers.extend(self.content_type.as_ref().map(|kind| Header::new("Content-Type", kind)));
        if let Some(secret) = &self.basic {
            headers.push(Header::basic(&secret.read()?));
        }
        if let Some(secret) = &self.bearer {
            headers.push(Header::bearer(&secret.read()?));
        }
        Ok(headers)
    }

    fn the_body(&self) -> Result<Option<Body>, Problem> {
        match (&self.body, &self.body_file) {
            _ if !self.form.is_empty() => Ok(Some(Body::Form(self.form.clone()))),
            (Some(text), _) => Ok(Some(Body::Text(text.clone()))),
            (None, Some(path)) => Ok(Some(String::from_utf8(bytes(path, LARGEST)?).map_or_else(|error| Body::Bytes(error.into_bytes()), Body::Text))),
            (None, None) => Ok(None),
        }
    }
}

impl TlsArgs {
    fn over(&self, tls: Tls) -> Tls {
        Tls {
            insecure: tls.insecure || self.insecure,
            ca: self.ca.clone().or(tls.ca),
            certificate: self.cert.clone().or(tls.certificate),
            key: self.key.clone().or(tls.key),
            name: self.sni.clone().or(tls.name),
            only_13: self.min_tls.map_or(tls.only_13, |oldest| oldest == Oldest::V13),
        }
    }
}

/// Bytes of a body or of descriptors.
const LARGEST: u64 = 64 << 20;

fn bytes(path: &Path, largest: u64) -> Result<Vec<u8>, Problem> {
    let wrong = |why: String| Problem::new("load.file", format!("{} cannot be used", path.display()), why);
    let file = std::fs::File::open(path).map_err(|error| wrong(error.to_string()))?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells that there are more, also where the length is not known before.
    file.take(largest + 1).read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
    if bytes.len() as u64 > largest { Err(wrong(format!("it is longer than {} MiB", largest >> 20))) } else { Ok(bytes) }
}

fn text(path: &Path) -> Result<String, Problem> {
    let wrong = |why: &str| Problem::new("load.file", format!("{} cannot be used", path.display()), why);
    let text = String::from_utf8(bytes(path, 1 << 16)?).map_err(|_| wrong("it is no text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.contains(['\r', '\n']) { Err(wrong("it holds more than one line")) } else { Ok(text.to_owned()) }
}

fn header(text: &str) -> Result<Header, String> {
    text.split_once(':').map(|(name, value)| Header::new(name, value)).ok_or_else(|| "write `name: value`".into())
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.to_owned())).ok_or_else(|| "write `name=value`".into())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        ask: AskArgs,
    }

    fn asked(words: &[&str]) -> Result<Request, String> {
        let line = Line::try_parse_from(std::iter::once("x").chain(words.iter().copied())).map_err(|error| error.to_string())?;
        assert!(!format!("{:?}", line.ask).contains("hunter2"));
        line.ask.over(Request::default()).map_err(|problem| problem.to_string())
    }

    #[test]
    fn flags_make_a_request() {
        assert_eq!(asked(&[]).unwrap(), Request::default());
        let request =
            asked(&["-H", "X-Shop: a: b", "-H", "Host: shop", "--body", "{}", "--content-type", "application/json", "--bearer", "hunter2"]).unwrap();
        assert_eq!((request.method.as_str(), &request.body), ("POST", &Body::Text("{}".into())));
        let expected = ["X-Shop: a: b", "Host: shop", "Content-Type: application/json", "Authorization: (masked)"];
        assert_eq!(request.headers.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        assert_eq!(
            asked(&["-X", "PUT", "-F", "a=b=c", "-F", "d="]).unwrap().body,
            Body::Form(vec![("a".into(), "b=c".into()), ("d".into(), String::new())])
        );
        let tls = asked(&["-k", "--cert", "c", "--key", "k", "--sni", "x", "--min-tls", "1.3"]).unwrap().tls;
        assert_eq!((tls.insecure, tls.only_13, tls.name.as_deref()), (true, true, Some("x")));
        for wrong in
            [&["-H", "x"][..], &["--body", "a", "-F", "b=c"], &["--basic", "a:b", "--bearer", "c"], &["--min-tls", "1.1"], &["--feed", "/nowhere"]]
        {
            assert!(asked(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn credentials_and_bodies_are_read_from_files() {
        let home = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = home.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path.display().to_string()
        };
        let secret = format!("@{}", file("secret", b"me:hunter2\n"));
        assert_eq!(asked(&["--basic", &secret]).unwrap().headers, [Header::basic("me:hunter2")]);
        assert_eq!(asked(&["--body-file", &file("body", b"\xff{{")]).unwrap().body, Body::Bytes(b"\xff{{".to_vec()));
        assert_eq!(asked(&["--feed", &file("feed", b"a\n1\n2\n")]).unwrap().feed.unwrap().rows(), 2);
        assert!(asked(&["--bearer", &format!("@{}", file("two", b"a\nb\n"))]).unwrap_err().contains("more than one line"));
    }
}
