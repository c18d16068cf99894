//! What stands behind the target of an order: read once from its cluster before the run begins, and kept with the run.

use std::time::Duration;

use super::Order;
use crate::cluster::fleet::Fleet;
use crate::names::ObjectKey;

/// How long a run waits for it where the cluster does not answer.
const LIMIT: Duration = Duration::from_secs(4);

/// Looks behind a target that an order knows only by what it is called, `service shop/web`. What is not found is left out: that stands in nobody's way.
pub async fn look(order: &mut Order, fleet: &Fleet) {
    let (Some(cluster), Some(what)) = (order.cluster.clone(), order.what.as_deref()) else { return };
    let Some((kind, namespace, name)) = named(what) else { return };
    fleet.connect(&cluster);
    let found = async {
        match fleet.find(&cluster, kind, namespace, name).await {
            Ok(key) => fleet.behind(&key).await,
            Err(_) => Default::default(),
        }
    };
    order.provenance.found = tokio::time::timeout(LIMIT, found).await.unwrap_or_default();
}

/// Looks behind that object.
pub async fn behind(order: &mut Order, fleet: &Fleet, key: &ObjectKey) {
    order.provenance.found = fleet.behind(key).await;
}

/// Kind, namespace and name.
fn named(what: &str) -> Option<(&str, Option<&str>, &str)> {
    let (kind, rest) = what.split_once(' ')?;
    let (namespace, name) = rest.split_once('/').map_or((None, rest), |(namespace, name)| (Some(namespace), name));
    (!name.is_empty() && !name.contains([' ', '/'])).then_some((kind, namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_object_is_not_looked_for() {
        assert_eq!(named("service shop/web"), Some(("service", Some("shop"), "web")));
        assert_eq!(named("node n1"), Some(("node", None, "n1")));
        for other in ["", "web", "schedule at night", "slower on home under short", "service shop/"] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
