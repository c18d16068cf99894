//! What is said about some objects, as long as somebody listens: watched, never asked again, and folded, so that what is said thirty times is one line.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::select_all;
use serde::{Deserialize, Serialize};

use super::fleet::Fleet;
use super::rows::{Cell, Column, Delta, Phase, Row, RowState, Uid};
use super::watch::{Subscription, WatchSpec};
use crate::names::ObjectKey;

/// What was said about an object, all times it was said together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLine {
    /// When it was last seen, unix seconds.
    pub last: i64,
    /// When it was seen first, unix seconds; 0 when nobody says.
    pub first: i64,
    /// Somebody should look.
    pub warning: bool,
    /// `BackOff`.
    pub reason: String,
    /// A sentence.
    pub message: String,
    /// How often it was seen.
    pub count: u32,
    /// Who says so.
    pub from: String,
    /// About what: `pod/web-0`.
    pub about: String,
}

/// Listens to several objects at once. Dropping it ends that.
pub struct Events {
    parts: Vec<Part>,
}

/// One watch of events.
struct Part {
    subscription: Subscription,
    columns: Option<Arc<[Column]>>,
    rows: HashMap<Uid, Row>,
    phase: Phase,
}

impl Fleet {
    /// Begins to listen to what is said about these objects.
    pub fn events(&self, about: &[ObjectKey]) -> Events {
        let part =
            |key: &ObjectKey| Part { subscription: self.watch(spec(key)), columns: None, rows: HashMap::new(), phase: Phase::Syncing { count: 0 } };
        Events { parts: about.iter().map(part).collect() }
    }
}

/// By uid, so that what was said of an earlier object of that name stays away; the kubelet calls a node by its name there.
fn spec(key: &ObjectKey) -> WatchSpec {
    let named = key.uid.is_empty() || &*key.gvk.kind == "Node";
    let fields = if named {
        format!("involvedObject.kind={},involvedObject.name={}", key.gvk.kind, key.name)
    } else {
        format!("involvedObject.uid={}", key.uid)
    };
    let namespaces = key.namespace.iter().map(ToString::to_string).collect();
    WatchSpec { cluster: key.cluster.clone(), view: "events".into(), namespaces, labels: String::new(), fields, columns: Vec::new(), exact: true }
}

impl Events {
    /// Waits until something new is said; answers all of it, the newest first, and how far the watches are. Cancel-safe.
    pub async fn next(&mut self) -> (Vec<EventLine>, Phase) {
        if self.parts.is_empty() {
            return std::future::pending().await;
        }
        let waits = self.parts.iter_mut().map(|part| Box::pin(part.subscription.next()));
        let (delta, at, _) = select_all(waits).await;
        if let (Some(delta), Some(part)) = (delta, self.parts.get_mut(at)) {
            part.take(delta);
        }
        (fold(self.parts.iter().flat_map(Part::lines)), self.phase())
    }

    /// The worst of all watches.
    fn phase(&self) -> Phase {
        let open = self.parts.iter().map(|part| &part.phase).find(|phase| **phase != Phase::Synced);
        let stale = self.parts.iter().map(|part| &part.phase).find(|phase| matches!(phase, Phase::Stale { .. }));
        stale.or(open).cloned().unwrap_or(Phase::Synced)
    }
}

impl Part {
    fn take(&mut self, delta: Delta) {
        if delta.reset {
            self.rows.clear();
        }
        self.columns = delta.columns.or_else(|| self.columns.take());
        self.rows.extend(delta.upserts.into_iter().map(|row| (row.uid, row)));
        delta.removed.iter().for_each(|uid| _ = self.rows.remove(uid));
        self.phase = delta.phase.unwrap_or_else(|| self.phase.clone());
    }

    fn lines(&self) -> impl Iterator<Item = EventLine> {
        let columns = self.columns.clone().unwrap_or_else(|| Arc::from([]));
        self.rows.values().map(move |row| line(row, &columns))
    }
}

fn line(row: &Row, columns: &[Column]) -> EventLine {
    let cell = |name: &str| columns.iter().position(|column| &*column.name == name).and_then(|at| row.cells.get(at));
    let text = |name: &str| cell(name).map(|cell| cell.show(0).into_owned()).unwrap_or_default();
    let moment = |name: &str| if let Some(Cell::Since(then)) = cell(name) { *then } else { 0 };
    let count = if let Some(Cell::Number(count)) = cell("COUNT") { u32::try_from(*count).unwrap_or(u32::MAX) } else { 1 };
    EventLine {
        last: moment("LAST").max(moment("LAST SEEN")),
        first: moment("FIRST SEEN"),
        warning: row.state >= RowState::Warn,
        reason: text("REASON"),
        message: text("MESSAGE"),
        count: count.max(1),
        from: text("SOURCE"),
        about: text("OBJECT"),
    }
}

/// The same words about the same object from the same mouth are one line.
fn fold(lines: impl Iterator<Item = EventLine>) -> Vec<EventLine> {
    let mut folded: HashMap<(String, String, String, String), EventLine> = HashMap::new();
    for line in lines {
        let same = (line.about.clone(), line.reason.clone(), line.message.clone(), line.from.clone());
        match folded.get_mut(&same) {
            Some(one) => {
                one.count = one.count.saturating_add(line.count);
                one.first = [one.first, line.first].into_iter().filter(|first| *first > 0).min().unwrap_or(0);
                one.last = one.last.max(line.last);
                one.warning |= line.warning;
            }
            None => _ = folded.insert(same, line),
        }
    }
    let mut all: Vec<EventLine> = folded.into_values().collect();
    all.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| (&a.about, &a.reason, &a.message).cmp(&(&b.about, &b.reason, &b.message))));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(reason: &str, message: &str, first: i64, last: i64, count: u32) -> EventLine {
        EventLine {
            last,
            first,
            warning: reason == "BackOff",
            reason: reason.into(),
            message: message.into(),
            count,
            from: "kubelet".into(),
            about: "pod/web".into(),
        }
    }

    #[test]
    fn what_is_said_again_is_one_line_with_its_first_and_last_time() {
        let lines = [said("BackOff", "again", 100, 200, 3), said("Pulled", "image", 50, 60, 1), said("BackOff", "again", 80, 300, 4)];
        let folded = fold(lines.into_iter());
        assert_eq!(folded, [said("BackOff", "again", 80, 300, 7), said("Pulled", "image", 50, 60, 1)]);
    }

    #[test]
    fn other_words_stay_lines_of_their_own_and_no_first_time_is_no_time() {
        let folded = fold([said("BackOff", "a", 0, 10, 1), said("BackOff", "b", 0, 10, 1), said("BackOff", "a", 7, 9, 1)].into_iter());
        assert_eq!(folded.iter().map(|line| (line.message.as_str(), line.first, line.count)).collect::<Vec<_>>(), [("a", 7, 2), ("b", 0, 1)]);
    }

    #[test]
    fn a_node_is_listened_to_by_its_name_and_everything_else_by_its_uid() {
        let key = |kind: &str| ObjectKey {
            cluster: crate::names::ClusterId::new("lab"),
            gvk: crate::names::Gvk::new("", "v1", kind).into(),
            namespace: None,
            name: "one".into(),
            uid: "u-1".into(),
        };
        assert_eq!(spec(&key("Node")).fields, "involvedObject.kind=Node,involvedObject.name=one");
        assert_eq!(spec(&key("Pod")).fields, "involvedObject.uid=u-1");
    }
}
