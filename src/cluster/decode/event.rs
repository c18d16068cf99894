//! An event's row. Both event APIs are understood: the counters of v1 and the series of events.k8s.io.

use serde::Deserialize;

use super::{Cell, Cells, Gvk, Interner, Meta, RowState, unix};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Event {
    #[serde(rename = "type")]
    kind: String,
    reason: String,
    message: String,
    count: Option<u32>,
    first_timestamp: Option<String>,
    last_timestamp: Option<String>,
    event_time: Option<String>,
    series: Option<Series>,
    involved_object: Involved,
    source: EventSource,
    reporting_component: String,
    reporting_instance: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Series {
    count: u32,
    last_observed_time: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Involved {
    kind: String,
    name: String,
    field_path: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct EventSource {
    component: String,
    host: String,
}

impl Event {
    /// Unix seconds of the last time it was seen.
    fn last(&self, created: &Option<String>) -> i64 {
        let series = self.series.as_ref().map_or(0, |series| unix(&series.last_observed_time));
        [series, unix(&self.last_timestamp), unix(&self.event_time)].into_iter().find(|time| *time > 0).unwrap_or_else(|| unix(created))
    }

    /// Unix seconds of the first time; 0 where the event does not say.
    fn first(&self) -> i64 {
        [&self.first_timestamp, &self.event_time].map(unix).into_iter().find(|time| *time > 0).unwrap_or(0)
    }

    /// How often it was seen.
    fn times(&self) -> u32 {
        self.series.as_ref().map(|series| series.count).or(self.count).filter(|count| *count > 0).unwrap_or(1)
    }

    /// Who says so.
    fn from(&self) -> &str {
        if self.source.component.is_empty() { &self.reporting_component } else { &self.source.component }
    }

    /// Who says so and where it runs.
    fn source(&self) -> String {
        let host = if self.source.host.is_empty() { &self.reporting_instance } else { &self.source.host };
        if host.is_empty() { self.from().to_owned() } else { format!("{}, {host}", self.from()) }
    }

    /// `pod/web-1`; a kind alone where the event names no object.
    fn object(&self) -> String {
        let kind = self.involved_object.kind.to_lowercase();
        if self.involved_object.name.is_empty() { kind } else { format!("{kind}/{}", self.involved_object.name) }
    }
}

impl Cells for Event {
    fn cells(&self, meta: &Meta, _: &Gvk, words: &mut Interner) -> (RowState, Vec<Cell>) {
        let state = if self.kind == "Warning" { RowState::Warn } else { RowState::Fine };
        let cells = vec![
            Cell::Since(self.last(&meta.creation_timestamp)),
            words.cell(&self.kind),
            words.cell(&self.reason),
            words.cell(&self.object()),
            Cell::Number(self.times().into()),
            words.cell(self.message.trim()),
            words.cell(&self.involved_object.field_path),
            words.cell(&self.source()),
            Cell::Since(self.first()),
        ];
        (state, cells)
    }
}
