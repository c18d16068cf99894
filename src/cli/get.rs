//! `meshplay get`: the rows the inventory shows, for scripts; of one context or of many in one table.

use std::io;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::Streams;
use crate::cluster::fleet::{Context, Fleet};
use crate::cluster::rows::{Phase, Row};
use crate::cluster::table::{Sort, SortBy, Table};
use crate::cluster::watch::WatchSpec;
use crate::names::{ClusterId, Gvk, ObjectKey, Problem};
use crate::text::age::age;

/// Longest wait for the rows of one cluster.
const LIMIT: Duration = Duration::from_secs(60);

/// What to get.
#[derive(Clone, Debug, Args)]
pub struct GetArgs {
    /// A kind by plural, singular or short name, or `workloads`.
    kind: String,
    /// One object.
    name: Option<String>,
    /// Of all contexts, one table.
    #[arg(long)]
    all_contexts: bool,
    /// A label selector.
    #[arg(short = 'l', long = "selector", default_value = "")]
    labels: String,
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
    Yaml,
    Name,
}

/// Where to look: the flags every door shares.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Contexts by name; none: the current one.
    pub contexts: Vec<String>,
    /// One namespace; none: the context's own.
    pub namespace: Option<String>,
    /// All namespaces.
    pub all_namespaces: bool,
}

/// Gets it.
///
/// # Errors
/// The streams are gone.
pub async fn run(args: GetArgs, scope: Scope, fleet: &Fleet, now: i64, io: &mut Streams<'_>) -> io::Result<u8> {
    let contexts = match chosen(fleet, &scope, args.all_contexts) {
        Ok(contexts) => contexts,
        Err(problem) => return io.fail(&problem),
    };
    for context in &contexts {
        fleet.connect(&context.id);
    }
    match &args.name {
        Some(name) => one(&args, name, &contexts, &scope, fleet, io).await,
        None => many(&args, &contexts, &scope, fleet, now, io).await,
    }
}

fn chosen(fleet: &Fleet, scope: &Scope, all: bool) -> Result<Vec<Context>, Problem> {
    if all {
        return Ok(fleet.contexts().to_vec());
    }
    if scope.contexts.is_empty() {
        let none = || Problem {
            code: "cluster.no-current",
            what: "no context is chosen".into(),
            why: "the kubeconfig has no current-context".into(),
            hints: vec!["name one: --context NAME, or `kubectl config use-context NAME`".into()],
        };
        return fleet.current().cloned().map(|context| vec![context]).ok_or_else(none);
    }
    scope.contexts.iter().map(|name| fleet.context(&ClusterId::new(name.as_str())).cloned()).collect()
}

fn namespace(context: &Context, scope: &Scope) -> Option<String> {
    if scope.all_namespaces { None } else { Some(scope.namespace.clone().unwrap_or_else(|| context.namespace.clone())) }
}

async fn one(args: &GetArgs, name: &str, contexts: &[Context], scope: &Scope, fleet: &Fleet, io: &mut Streams<'_>) -> io::Result<u8> {
    let mut code = 0;
    for context in contexts {
        let outcome = async {
            let key = fleet.find(&context.id, &args.kind, namespace(context, scope).as_deref(), name).await?;
            match args.output {
                Output::Json => Ok((fleet.object(&key).await?, String::new())),
                Output::Name => Ok((Value::Null, format!("{}/{}\n", kubectl_name(&key.gvk), key.name))),
                Output::Yaml | Output::Table => Ok((Value::Null, fleet.yaml(&key, false).await?)),
            }
        };
        match outcome.await {
            Ok((Value::Null, text)) => write!(io.out, "{text}")?,
            Ok((object, _)) => writeln!(io.out, "{object:#}")?,
            Err(problem) => code = io.fail(&problem)?,
        }
    }
    Ok(code)
}

async fn many(args: &GetArgs, contexts: &[Context], scope: &Scope, fleet: &Fleet, now: i64, io: &mut Streams<'_>) -> io::Result<u8> {
    let mut table = Table::new();
    table.set_sort(Sort { by: SortBy::Namespace, descending: false });
    let mut code = 0;
    let gather = |context: &Context| {
        let spec = WatchSpec {
            cluster: context.id.clone(),
            view: args.kind.clone(),
            namespaces: namespace(context, scope).into_iter().collect(),
            labels: args.labels.clone(),
            fields: String::new(),
        };
        all_rows(fleet.clone(), spec)
    };
    for (context, outcome) in contexts.iter().zip(futures::future::join_all(contexts.iter().map(gather)).await) {
        match outcome {
            Ok(part) => _ = part.into_iter().map(|delta| table.apply(&context.id, delta)).count(),
            Err(problem) => code = io.fail(&problem)?,
        }
    }
    let rows: Vec<&Row> = (0..table.visible()).filter_map(|at| table.row(at)).collect();
    match args.output {
        // Where a cluster could not be asked, nobody knows that there is nothing.
        Output::Table if rows.is_empty() && code != 0 => {}
        Output::Table => write!(io.out, "{}", text(&table, &rows, contexts.len() > 1, now))?,
        Output::Name => rows.iter().try_for_each(|row| writeln!(io.out, "{}/{}", kubectl_name(&row.gvk), row.name))?,
        Output::Json => writeln!(io.out, "{:#}", list(&table, &rows))?,
        Output::Yaml => {
            for row in &rows {
                match fleet.yaml(&row.key(), false).await {
                    Ok(text) => write!(io.out, "---\n{text}")?,
                    Err(problem) => code = io.fail(&problem)?,
                }
            }
        }
    }
    Ok(code)
}

/// Every delta until the rows are complete.
async fn all_rows(fleet: Fleet, spec: WatchSpec) -> Result<Vec<crate::cluster::rows::Delta>, Problem> {
    let id = spec.cluster.clone();
    // A cluster that cannot be reached says so at once; its watch would wait for it to come back.
    fleet.kinds(&id).await?;
    let mut subscription = fleet.watch(spec);
    let gather = async {
        let mut deltas = Vec::new();
        while let Some(delta) = subscription.next().await {
            let phase = delta.phase.clone();
            deltas.push(delta);
            match phase {
                Some(Phase::Synced) => return Ok(deltas),
                Some(Phase::Stale { problem, .. }) => return Err(problem),
                _ => {}
            }
        }
        Ok(deltas)
    };
    let late = Problem {
        code: "cluster.slow",
        what: format!("{id} has not listed everything"),
        why: format!("within {} s", LIMIT.as_secs()),
        hints: vec![],
    };
    tokio::time::timeout(LIMIT, gather).await.unwrap_or(Err(late))
}

fn text(table: &Table, rows: &[&Row], clusters: bool, now: i64) -> String {
    if rows.is_empty() {
        return "nothing found\n".into();
    }
    let namespaced = rows.iter().any(|row| row.namespace.is_some());
    let shown: Vec<usize> = (0..table.columns().len()).filter(|at| !table.columns()[*at].wide).collect();
    let head = std::iter::empty()
        .chain(clusters.then_some("CLUSTER"))
        .chain(namespaced.then_some("NAMESPACE"))
        .chain(["NAME"])
        .chain(shown.iter().map(|at| &*table.columns()[*at].name))
        .chain(["AGE"])
        .map(str::to_owned);
    let body = rows.iter().map(|row| {
        std::iter::empty()
            .chain(clusters.then(|| row.cluster.to_string()))
            .chain(namespaced.then(|| row.namespace.as_deref().unwrap_or_default().to_owned()))
            .chain([row.name.to_string()])
            .chain(shown.iter().map(|at| row.cells.get(*at).map_or_else(String::new, |cell| cell.show(now).into_owned())))
            .chain([if row.created > 0 { age(now - row.created) } else { String::new() }])
            .collect::<Vec<_>>()
    });
    let lines: Vec<Vec<String>> = std::iter::once(head.collect()).chain(body).collect();
    aligned(&lines)
}

fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or_default();
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.width()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut one = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            one.push_str(cell);
            one.extend(std::iter::repeat_n(' ', width - cell.width() + 3));
        }
        text.push_str(one.trim_end());
        text.push('\n');
    }
    text
}

fn list(table: &Table, rows: &[&Row]) -> Value {
    let item = |row: &&Row| {
        let ObjectKey { cluster, gvk, namespace, name, uid } = row.key();
        let cells = table.columns().iter().zip(&row.cells).map(|(column, cell)| (column.name.to_lowercase(), json!(cell.show(0))));
        json!({"cluster": cluster.as_str(), "apiVersion": gvk.api_version(), "kind": &*gvk.kind, "namespace": namespace.as_deref(), "name": &*name, "uid": &*uid,
            "created": row.created, "columns": cells.collect::<serde_json::Map<_, _>>()})
    };
    json!({"items": rows.iter().map(item).collect::<Vec<_>>()})
}

/// A kind as `kubectl get -o name` writes it: `pod`, `deployment.apps`.
fn kubectl_name(gvk: &Gvk) -> String {
    let kind = gvk.kind.to_lowercase();
    if gvk.group.is_empty() { kind } else { format!("{kind}.{}", gvk.group) }
}
