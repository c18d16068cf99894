//! `get --watch`: the rows as they are, then each one again whenever something that is seen of it changes, until it is stopped.

use std::collections::HashMap;
use std::io;

use futures::StreamExt;
use futures::stream::{BoxStream, SelectAll};

use super::print::{Lines, aligned, kubectl_name, widths};
use super::{GetArgs, Output};
use crate::cli::Streams;
use crate::cluster::connection::unix_now;
use crate::cluster::export::{Sheet, item};
use crate::cluster::fleet::Fleet;
use crate::cluster::rows::{Cell, Delta, Phase, Row, Uid};
use crate::cluster::table::Table;
use crate::cluster::watch::WatchSpec;
use crate::names::ClusterId;

/// What was seen last of an object.
type Known = HashMap<(ClusterId, Uid), Box<[Cell]>>;

/// A watch under way.
struct Watching<'a> {
    args: &'a GetArgs,
    table: Table,
    clusters: bool,
    known: Known,
    widths: Vec<usize>,
    /// The headings have been written.
    begun: bool,
}

/// Prints until `stop`; answers the exit code.
pub(super) async fn follow(
    args: &GetArgs,
    table: Table,
    specs: Vec<WatchSpec>,
    fleet: &Fleet,
    stop: impl Future<Output = ()>,
    io: &mut Streams<'_>,
) -> io::Result<u8> {
    let mut code = 0;
    let mut open: Vec<ClusterId> = Vec::new();
    let mut deltas: SelectAll<BoxStream<'static, (ClusterId, Delta)>> = SelectAll::new();
    let clusters = specs.len() > 1;
    for spec in specs {
        let id = spec.cluster.clone();
        // One that cannot be reached says so; the others go on.
        match fleet.kinds(&id).await {
            Err(problem) => code = io.fail(&problem)?,
            Ok(_) => {
                let subscription = fleet.watch(spec);
                open.push(id.clone());
                let next = move |mut subscription: crate::cluster::watch::Subscription| {
                    let id = id.clone();
                    async move { subscription.next().await.map(|delta| ((id, delta), subscription)) }
                };
                deltas.push(futures::stream::unfold(subscription, next).boxed());
            }
        }
    }
    let mut watching = Watching { args, table, clusters, known: Known::new(), widths: Vec::new(), begun: false };
    tokio::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return Ok(code),
            next = deltas.next() => match next {
                Some((id, delta)) => watching.take(&id, delta, &mut open, io)?,
                None => return Ok(code),
            },
        }
    }
}

impl Watching<'_> {
    /// `open`: clusters whose rows are still being read.
    fn take(&mut self, id: &ClusterId, delta: Delta, open: &mut Vec<ClusterId>, io: &mut Streams<'_>) -> io::Result<()> {
        let upserts: Vec<Uid> = delta.upserts.iter().map(|row| row.uid).collect();
        let removed: Vec<Row> = delta.removed.iter().filter_map(|uid| self.row(id, *uid).cloned()).collect();
        let phase = delta.phase.clone();
        for gap in delta.gaps.iter().flat_map(|gaps| gaps.iter()) {
            io.fail(&gap.problem)?;
        }
        self.table.apply(id, delta);
        if let Some(Phase::Stale { problem, .. }) = &phase {
            io.fail(problem)?;
        }
        if matches!(phase, Some(Phase::Synced | Phase::Stale { .. })) {
            open.retain(|one| one != id);
        }
        if !self.begun {
            return if open.is_empty() { self.begin(io) } else { Ok(()) };
        }
        for row in removed {
            self.known.remove(&(id.clone(), row.uid));
            self.write("DELETED", &row, io)?;
        }
        for uid in upserts {
            let Some(row) = self.row(id, uid).cloned() else { continue };
            let before = self.known.insert((id.clone(), uid), row.cells.clone());
            match before {
                None => self.write("ADDED", &row, io)?,
                Some(before) if before != row.cells => self.write("MODIFIED", &row, io)?,
                // A label or an annotation: nothing of it is seen here.
                Some(_) => {}
            }
        }
        io.out.flush()
    }

    /// A row that passes the filter.
    fn row(&self, id: &ClusterId, uid: Uid) -> Option<&Row> {
        self.table.row(self.table.position(id, uid)?)
    }

    /// Everything there is, as without `--watch`.
    fn begin(&mut self, io: &mut Streams<'_>) -> io::Result<()> {
        self.begun = true;
        let rows: Vec<Row> = (0..self.table.visible()).filter_map(|at| self.table.row(at)).cloned().collect();
        self.known.extend(rows.iter().map(|row| ((row.cluster.clone(), row.uid), row.cells.clone())));
        match self.args.output {
            Output::Table | Output::Wide => {
                let lines = self.lines();
                let all: Vec<Vec<String>> = std::iter::once(lines.head()).chain(rows.iter().map(|row| lines.row(row))).collect();
                self.widths = widths(&all);
                all.iter().try_for_each(|line| write!(io.out, "{}", aligned(line, &self.widths)))?;
            }
            Output::Csv => write!(io.out, "{}", Sheet { columns: self.table.columns(), rows: &rows, now: unix_now() }.csv())?,
            _ => rows.iter().try_for_each(|row| self.write("ADDED", row, io))?,
        }
        io.out.flush()
    }

    fn write(&self, what: &str, row: &Row, io: &mut Streams<'_>) -> io::Result<()> {
        match self.args.output {
            Output::Table | Output::Wide => write!(io.out, "{}", aligned(&self.lines().row(row), &self.widths)),
            // One event a line, as programs read them.
            Output::Json => {
                let mut event = item(row, self.table.columns(), unix_now());
                event["type"] = what.into();
                writeln!(io.out, "{event}")
            }
            Output::Csv if what == "DELETED" => Ok(()),
            Output::Csv => write!(io.out, "{}", Sheet { columns: self.table.columns(), rows: std::slice::from_ref(row), now: unix_now() }.csv_rows()),
            Output::Name | Output::Yaml => writeln!(io.out, "{}/{}", kubectl_name(&row.gvk), row.name),
        }
    }

    fn lines(&self) -> Lines<'_> {
        Lines {
            columns: self.table.columns(),
            clusters: self.clusters,
            namespaced: self.table.rows().any(|row| row.namespace.is_some()),
            wide: self.args.output == Output::Wide,
            now: unix_now(),
        }
    }
}
