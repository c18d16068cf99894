//! `meshplay get`: the rows the inventory shows, for scripts; of one context or of many in one table.

mod measure;
mod print;
mod uses;
mod watch;

use std::io;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::Value;

use self::print::{Lines, aligned, kubectl_name, widths};
use super::Streams;
use crate::cluster::export::Sheet;
use crate::cluster::filter::Filter;
use crate::cluster::fleet::{Context, Fleet};
use crate::cluster::path::UserColumn;
use crate::cluster::rows::{Phase, Row};
use crate::cluster::table::{Sort, SortBy, Table};
use crate::cluster::views::Ask;
use crate::cluster::views::images::differences;
use crate::cluster::watch::WatchSpec;
use crate::names::{ClusterId, Problem};

/// Longest wait for the rows of one cluster.
const LIMIT: Duration = Duration::from_secs(60);

/// What to get.
#[derive(Clone, Debug, Args)]
pub struct GetArgs {
    /// A kind by plural, singular or short name, or a question across kinds such as `workloads` or `trouble`.
    kind: String,
    /// One object.
    name: Option<String>,
    /// The rest of a question: `can delete pods in shop`.
    rest: Vec<String>,
    /// Of all contexts, one table.
    #[arg(long)]
    all_contexts: bool,
    /// Of one object: what it uses and what uses it.
    #[arg(long, requires = "name")]
    uses: bool,
    /// A label selector.
    #[arg(short = 'l', long = "selector", default_value = "")]
    labels: String,
    /// Only rows that pass a filter as typed after `/`: `web|cart !canary status:crash`.
    #[arg(long)]
    filter: Option<String>,
    /// One more column, `OWNER=.metadata.labels.team` or `label:app`; may be given several times.
    #[arg(long = "column")]
    columns: Vec<String>,
    /// Go on and print rows again when they change, until ctrl-c.
    #[arg(short, long)]
    watch: bool,
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Aligned columns.
    Table,
    /// The same with the columns of the wide view.
    Wide,
    /// RFC 4180; what a spreadsheet would take for a formula gets an apostrophe before it.
    Csv,
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

impl GetArgs {
    /// `changes 2h` are two words of one view, and no object; `can delete pods in shop` is a question, and where it is asked.
    fn spelled_out(self, scope: &mut Scope) -> Self {
        let words: Vec<String> = self.name.iter().chain(&self.rest).cloned().collect();
        if let Some((kind, place)) = Ask::question(&self.kind, &words) {
            if let Some(namespace) = place.first() {
                (scope.namespace, scope.all_namespaces) = (Some(namespace.clone()), false);
            }
            return Self { kind, name: None, rest: Vec::new(), ..self };
        }
        let text = self.name.as_ref().map(|name| format!("{} {name}", self.kind));
        match text.filter(|text| Ask::parse(text).is_some()) {
            Some(kind) => Self { kind, name: None, ..self },
            None => self,
        }
    }
}

/// Gets it.
///
/// # Errors
/// The streams are gone.
pub async fn run(args: GetArgs, scope: Scope, fleet: &Fleet, now: i64, stop: impl Future<Output = ()>, io: &mut Streams<'_>) -> io::Result<u8> {
    let contexts = match chosen(fleet, &scope, args.all_contexts) {
        Ok(contexts) => contexts,
        Err(problem) => return io.fail(&problem),
    };
    for context in &contexts {
        fleet.connect(&context.id);
    }
    let mut scope = scope;
    let args = args.spelled_out(&mut scope);
    let (table, columns) = match asked(&args) {
        Ok(asked) => asked,
        Err(why) => {
            writeln!(io.err, "meshplay: {why}")?;
            return Ok(2);
        }
    };
    let specs: Vec<WatchSpec> = contexts.iter().map(|context| spec(&args, context, &scope, columns.clone())).collect();
    match &args.name {
        _ if args.watch => watch::follow(&args, table, specs, fleet, stop, io).await,
        Some(name) if !matches!(args.output, Output::Wide | Output::Csv) && columns.is_empty() && args.kind != "revisions" => {
            one(&args, name, &contexts, &scope, fleet, io).await
        }
        _ => many(&args, table, specs, fleet, now, io).await,
    }
}

/// An empty table with the filter that was asked for, and the person's own columns.
fn asked(args: &GetArgs) -> Result<(Table, Vec<UserColumn>), String> {
    if !args.rest.is_empty() {
        return Err(format!("one object is got at a time: what does `{}` mean?", args.rest.join(" ")));
    }
    if args.watch && args.output == Output::Yaml {
        return Err("rows are watched, not objects: -o yaml and --watch do not go together; -o json does".into());
    }
    let mut table = Table::new();
    let own = Ask::parse(&args.kind).filter(|ask| ask.view.everywhere).map(|ask| ask.view.order);
    table.set_sort(own.unwrap_or(Sort { by: SortBy::Namespace, descending: false }));
    table.set_filter(Filter::parse(args.filter.as_deref().unwrap_or_default())?);
    let columns = args.columns.iter().map(|text| UserColumn::parse(text)).collect::<Result<_, _>>()?;
    Ok((table, columns))
}

fn spec(args: &GetArgs, context: &Context, scope: &Scope, columns: Vec<UserColumn>) -> WatchSpec {
    let view = Ask::parse(&args.kind).map(|ask| ask.view);
    let everywhere = view.is_some_and(|view| view.everywhere) && scope.namespace.is_none();
    // The objects that hold a release are not called like it.
    let release = args.name.as_ref().filter(|_| view.is_some_and(|view| matches!(view.name, "helm" | "revisions")));
    let and = if args.labels.is_empty() { "" } else { "," };
    let labels = release.map_or_else(|| args.labels.clone(), |name| format!("{}{and}name={name}", args.labels));
    let named = args.name.as_ref().filter(|_| release.is_none());
    WatchSpec {
        cluster: context.id.clone(),
        view: args.kind.clone(),
        namespaces: if everywhere { Vec::new() } else { namespace(context, scope).into_iter().collect() },
        labels,
        fields: named.map_or_else(String::new, |name| format!("metadata.name={name}")),
        columns,
        exact: true,
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
        return fleet.current().map(|context| vec![context]).ok_or_else(none);
    }
    scope.contexts.iter().map(|name| fleet.context(&ClusterId::new(name.as_str()))).collect()
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
                Output::Json if args.uses => Ok((uses::json(&uses::all(fleet, &key).await?), String::new())),
                _ if args.uses => Ok((Value::Null, uses::text(&uses::all(fleet, &key).await?))),
                Output::Json => Ok((fleet.object(&key).await?, String::new())),
                Output::Name => Ok((Value::Null, format!("{}/{}\n", kubectl_name(&key.gvk), key.name))),
                Output::Yaml | Output::Table | Output::Wide | Output::Csv => Ok((Value::Null, fleet.yaml(&key, false).await?)),
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

async fn many(args: &GetArgs, mut table: Table, specs: Vec<WatchSpec>, fleet: &Fleet, now: i64, io: &mut Streams<'_>) -> io::Result<u8> {
    let mut code = 0;
    let ids: Vec<ClusterId> = specs.iter().map(|spec| spec.cluster.clone()).collect();
    let gather = |spec: &WatchSpec| all_rows(fleet.clone(), spec.clone());
    for (id, outcome) in ids.iter().zip(futures::future::join_all(specs.iter().map(gather)).await) {
        match outcome {
            Ok(part) => _ = part.into_iter().map(|delta| table.apply(id, delta)).count(),
            Err(problem) => code = io.fail(&problem)?,
        }
    }
    // What of a question across kinds could not be asked; the rest is answered.
    for gap in table.gaps().iter().flat_map(|(_, gaps)| gaps.iter()) {
        code = io.fail(&gap.problem)?;
    }
    if args.output == Output::Wide {
        for problem in measure::measure(&mut table, &specs, fleet).await {
            io.fail(&problem)?;
        }
    }
    if args.kind == "images" {
        differences(&table).into_iter().for_each(|(cluster, delta)| _ = table.apply(&cluster, delta));
    }
    table.finish();
    let rows: Vec<Row> = (0..table.visible()).filter_map(|at| table.row(at)).cloned().collect();
    let sheet = Sheet { columns: table.columns(), rows: &rows, now };
    match args.output {
        // Where a cluster could not be asked, nobody knows that there is nothing.
        Output::Table | Output::Wide if rows.is_empty() && code != 0 => {}
        Output::Table | Output::Wide if rows.is_empty() => writeln!(io.out, "nothing found")?,
        Output::Table | Output::Wide => {
            let namespaced = rows.iter().any(|row| row.namespace.is_some());
            let lines = Lines { columns: table.columns(), clusters: ids.len() > 1, namespaced, wide: args.output == Output::Wide, now };
            let all: Vec<Vec<String>> = std::iter::once(lines.head()).chain(rows.iter().map(|row| lines.row(row))).collect();
            let widths = widths(&all);
            all.iter().try_for_each(|line| write!(io.out, "{}", aligned(line, &widths)))?;
        }
        Output::Csv => write!(io.out, "{}", sheet.csv())?,
        Output::Name => rows.iter().try_for_each(|row| writeln!(io.out, "{}/{}", kubectl_name(&row.gvk), row.name))?,
        Output::Json => writeln!(io.out, "{:#}", sheet.json())?,
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
