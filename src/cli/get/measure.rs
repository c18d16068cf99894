//! What is in use, for `-o wide`: read once where a cluster measures it; and how many pods there are on its nodes.

use std::time::Duration;

use crate::cluster::fleet::Fleet;
use crate::cluster::metrics::{Known, MeterSpec, Reading, Subject};
use crate::cluster::table::Table;
use crate::cluster::watch::WatchSpec;
use crate::names::{ClusterId, Problem};

/// Longest wait for the numbers of one cluster.
const LIMIT: Duration = Duration::from_secs(10);

/// Puts what is in use into the rows; answers why there are no numbers where there should be some.
pub(super) async fn measure(table: &mut Table, specs: &[WatchSpec], fleet: &Fleet) -> Vec<Problem> {
    let meters = specs.iter().filter_map(MeterSpec::of).map(|spec| read(fleet, spec));
    let mut problems = Vec::new();
    for (cluster, readings) in futures::future::join_all(meters).await {
        for reading in readings {
            if let Known::Failed(problem) = &reading.known {
                problems.push(problem.clone());
            }
            table.measure(&cluster, reading);
        }
    }
    let nodes = specs.iter().filter(|spec| Subject::of(&spec.view) == Some(Subject::Nodes));
    let counts = nodes.map(|spec| async { (spec.cluster.clone(), tokio::time::timeout(LIMIT, fleet.census(&spec.cluster).next()).await) });
    for (cluster, counted) in futures::future::join_all(counts).await {
        match counted {
            Ok(Some(Ok(pods))) => table.count_pods(&cluster, pods),
            Ok(Some(Err(problem))) => problems.push(problem),
            Ok(None) | Err(_) => {}
        }
    }
    problems
}

/// Everything that one meter says until it knows.
async fn read(fleet: &Fleet, spec: MeterSpec) -> (ClusterId, Vec<Reading>) {
    let mut meter = fleet.meter(&spec);
    let mut readings = Vec::new();
    let gather = async {
        while let Some(reading) = meter.next().await {
            let waits = matches!(reading.known, Known::Nothing | Known::Awaited);
            readings.push(reading);
            if !waits {
                return;
            }
        }
    };
    // Rows are not kept back for numbers that do not come.
    _ = tokio::time::timeout(LIMIT, gather).await;
    (spec.cluster, readings)
}
