//! Watches: what changes from a version on, with bookmarks, as JSON lines or as rows of a Table.

use super::read::selection;
use super::*;

/// One watch as it runs: what is still to be sent, then what happens.
struct Watch {
    kind: &'static Kind,
    namespace: Option<String>,
    selection: Selection,
    table: bool,
    include: Include,
    defined: bool,
    queue: std::vec::IntoIter<Sent>,
    receiver: Feed,
    /// Changes up to here have been seen.
    version: u64,
    until: tokio::time::Instant,
    bookmark: Option<tokio::time::Instant>,
    over: bool,
}

/// What a watch sends first.
enum Sent {
    Added(Arc<Stored>),
    Change(Arc<Change>),
    /// The end of a streaming list.
    End(u64),
}

pub(super) fn watch(store: &Arc<Store>, kind: &'static Kind, namespace: Option<&str>, ask: &Ask) -> Answer {
    let selection = selection(kind, ask)?;
    let version = ask.get("resourceVersion").unwrap_or_default();
    let initial = ask.is("sendInitialEvents");
    if initial && ask.get("resourceVersionMatch") != Some("NotOlderThan") {
        return Err(invalid("sendInitialEvents requires resourceVersionMatch=NotOlderThan"));
    }
    let (version, queue, receiver) = if initial || matches!(version, "" | "0") {
        let (version, objects, receiver) = store.list_and_follow(kind, namespace);
        let mut queue: Vec<Sent> = objects.into_iter().map(|(_, stored)| Sent::Added(stored)).collect();
        if initial {
            queue.push(Sent::End(version));
        }
        (version, queue, receiver)
    } else {
        let from = version.parse().map_err(|_| bad("the resourceVersion is not one of this server's"))?;
        let Some((past, receiver)) = store.follow(from) else {
            let gone = status(StatusCode::GONE, "Expired", "too old resource version");
            return Ok(respond(StatusCode::OK, "application/json", full(format!("{}\n", json!({"type": "ERROR", "object": gone.value()})))));
        };
        (past.last().map_or(from, |change| change.version), past.into_iter().map(Sent::Change).collect(), receiver)
    };
    let life = ask.get("timeoutSeconds").and_then(|text| text.parse().ok()).unwrap_or(1_800).min(LONGEST_WATCH);
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(life);
    let watch = Watch {
        kind,
        namespace: namespace.map(str::to_owned),
        selection,
        table: ask.wants_table(),
        include: ask.include(),
        defined: false,
        queue: queue.into_iter(),
        receiver,
        version,
        until,
        bookmark: ask.is("allowWatchBookmarks").then(|| next_bookmark(tokio::time::Instant::now(), until)).flatten(),
        over: false,
    };
    Ok(respond(StatusCode::OK, "application/json", StreamBody::new(watch.frames()).boxed_unsync()))
}

/// Bookmarks come every minute and, as the last word, two seconds before a watch ends: the times of a real server.
fn next_bookmark(now: tokio::time::Instant, until: tokio::time::Instant) -> Option<tokio::time::Instant> {
    let last = until.checked_sub(std::time::Duration::from_secs(2))?;
    (now < last).then(|| last.min(now + std::time::Duration::from_secs(60)))
}

impl Watch {
    fn frames(self) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> {
        futures::stream::unfold(self, |mut watch| async move { watch.next().await.map(|bytes| (Ok(Frame::data(bytes)), watch)) })
    }

    /// Lines to send: whatever is ready, at most some 64 kB of it.
    async fn next(&mut self) -> Option<Bytes> {
        let mut out = Vec::new();
        while out.len() < 64 << 10 {
            match self.queue.next() {
                Some(sent) => self.send(sent, &mut out),
                None if !out.is_empty() => match self.receiver.try_recv() {
                    Ok(change) => self.change(&change, &mut out),
                    Err(_) => break,
                },
                None => self.wait(&mut out).await?,
            }
        }
        Some(out.into())
    }

    async fn wait(&mut self, out: &mut Vec<u8>) -> Option<()> {
        if self.over {
            return None;
        }
        let beat = async {
            match &self.bookmark {
                Some(due) => tokio::time::sleep_until(*due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            change = self.receiver.recv() => match change {
                Ok(change) => self.change(&change, out),
                Err(_) => {
                    self.over = true;
                    let gone = status(StatusCode::GONE, "Expired", "the watch fell too far behind").value();
                    line(out, "ERROR", &gone);
                }
            },
            () = beat => {
                self.bookmark = next_bookmark(tokio::time::Instant::now(), self.until);
                self.mark(self.version, false, out);
            }
            () = tokio::time::sleep_until(self.until) => return None,
        }
        Some(())
    }

    fn send(&mut self, sent: Sent, out: &mut Vec<u8>) {
        match sent {
            Sent::Added(stored) if self.selection.fits(&stored) => self.stored("ADDED", &stored, out),
            Sent::Added(_) => {}
            Sent::Change(change) => self.judge(&change, out),
            Sent::End(version) => self.mark(version, true, out),
        }
    }

    fn change(&mut self, change: &Change, out: &mut Vec<u8>) {
        if change.version > self.version {
            self.version = change.version;
            self.judge(change, out);
        }
    }

    /// What a change means to this watch: an object may come into its selection or leave it.
    fn judge(&mut self, change: &Change, out: &mut Vec<u8>) {
        if change.place.0 != self.kind.plural || self.namespace.as_ref().is_some_and(|wanted| *wanted != change.place.1) {
            return;
        }
        let was = change.before.as_ref().is_some_and(|before| self.selection.fits(before));
        let is = !change.gone && self.selection.fits(&change.after);
        let what = match (was, is) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return,
        };
        match &change.before {
            // What leaves the selection is told as it was when it still belonged here, with the version of the change.
            Some(before) if what == "DELETED" && !change.gone => {
                let mut object = before.value();
                object["metadata"]["resourceVersion"] = json!(change.version.to_string());
                self.object(what, object, out);
            }
            _ => self.stored(what, &change.after, out),
        }
    }

    fn stored(&mut self, what: &str, stored: &Stored, out: &mut Vec<u8>) {
        if self.table {
            self.object(what, stored.value(), out);
        } else {
            out.extend_from_slice(format!("{{\"type\":\"{what}\",\"object\":").as_bytes());
            out.extend_from_slice(&stored.json);
            out.extend_from_slice(b"}\n");
        }
    }

    fn mark(&mut self, version: u64, end: bool, out: &mut Vec<u8>) {
        let annotations = if end { json!({"k8s.io/initial-events-end": "true"}) } else { json!({}) };
        let object = json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": {"resourceVersion": version.to_string(), "annotations": annotations}});
        self.object("BOOKMARK", object, out);
    }

    fn object(&mut self, what: &str, object: Value, out: &mut Vec<u8>) {
        if self.table {
            let first = !std::mem::replace(&mut self.defined, true);
            line(out, what, &print::table(self.kind, &[object], self.include, first, &Value::Null));
        } else {
            line(out, what, &object);
        }
    }
}

fn line(out: &mut Vec<u8>, what: &str, object: &Value) {
    out.extend_from_slice(json!({"type": what, "object": object}).to_string().as_bytes());
    out.push(b'\n');
}
