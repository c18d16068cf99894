//! Paths into objects, `spec.volumes[*].secret.secretName`, and the walk along them.

use serde_json::Value;

/// Where something stands in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Step>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To what holds this, `^`.
    Up,
    /// To a field.
    Field(String),
    /// To every item of a list.
    Each,
}

/// The lists of containers a pod has: `@containers` stands for all of them.
const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

impl Path {
    /// Reads a path; `@containers` makes three of it.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let mut paths = vec![Vec::new()];
        for part in text.split('.').filter(|_| !text.is_empty()) {
            let (name, each) = part.strip_suffix("[*]").map_or((part, false), |name| (name, true));
            let names: Vec<&str> = if name == "@containers" { CONTAINERS.into() } else { vec![name] };
            if names.iter().any(|name| name.is_empty() || name.contains(['[', ']', '@', ' '])) {
                return Err(format!("`{part}` is no step of a path; steps are `name`, `name[*]`, `^` and `@containers[*]`"));
            }
            let step = |name: &&str| if *name == "^" { Step::Up } else { Step::Field((*name).to_owned()) };
            let longer = |path: &Vec<Step>| -> Vec<Vec<Step>> {
                names.iter().map(|name| path.iter().cloned().chain([step(name)]).chain(each.then_some(Step::Each)).collect()).collect()
            };
            paths = paths.iter().flat_map(longer).collect();
        }
        Ok(paths.into_iter().map(Self).collect())
    }

    /// The path behind a prefix.
    #[must_use]
    pub fn under(&self, prefix: &Self) -> Self {
        Self(prefix.0.iter().chain(&self.0).cloned().collect())
    }

    /// A path of these steps.
    pub fn of(steps: Vec<Step>) -> Self {
        Self(steps)
    }

    /// Its steps.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Everything that stands there, each with what holds it, the outermost first and itself last. Null counts as absent.
    pub fn walk<'v>(&self, root: &'v Value, found: &mut dyn FnMut(&[&'v Value])) {
        walk(&self.0, &mut vec![root], found);
    }

    /// The same from a place that [`Path::walk`] found.
    pub fn walk_from<'v>(&self, trail: &[&'v Value], found: &mut dyn FnMut(&[&'v Value])) {
        walk(&self.0, &mut trail.to_vec(), found);
    }

    /// The first text that stands there.
    pub fn text<'v>(&self, trail: &[&'v Value]) -> Option<&'v str> {
        let mut first = None;
        self.walk_from(trail, &mut |trail| first = first.or_else(|| trail.last().and_then(|value| value.as_str())));
        first
    }
}

fn walk<'v>(steps: &[Step], trail: &mut Vec<&'v Value>, found: &mut dyn FnMut(&[&'v Value])) {
    let Some((step, rest)) = steps.split_first() else { return found(trail) };
    let Some(here) = trail.last().copied() else { return };
    match step {
        Step::Up => {
            trail.pop();
            // Items of a list are held by the object that holds the list.
            if trail.last().is_some_and(|value| value.is_array()) {
                let list = trail.pop();
                walk(rest, trail, found);
                trail.extend(list);
            } else {
                walk(rest, trail, found);
            }
            trail.push(here);
        }
        Step::Field(name) => {
            if let Some(value) = here.get(name).filter(|value| !value.is_null()) {
                trail.push(value);
                walk(rest, trail, found);
                trail.pop();
            }
        }
        Step::Each => {
            for item in here.as_array().into_iter().flatten() {
                trail.push(item);
                walk(rest, trail, found);
                trail.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(path: &str, object: &Value, relative: &str) -> Vec<(String, Option<String>)> {
        let relative = Path::parse(relative).unwrap().remove(0);
        let mut all = Vec::new();
        for path in Path::parse(path).unwrap() {
            path.walk(object, &mut |trail| {
                all.push((trail.last().unwrap().as_str().unwrap().to_owned(), relative.text(trail).map(str::to_owned)));
            });
        }
        all
    }

    #[test]
    fn every_item_of_every_list_of_containers_is_found_with_what_stands_beside_it() {
        let pod = json!({"spec": {
            "containers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "a", "key": "x"}}}, {"value": "plain"}]}],
            "initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "b", "key": "y"}}}]}],
            "ephemeralContainers": null}});
        let wanted = [("a", "x"), ("b", "y")].map(|(name, key)| (name.to_owned(), Some(key.to_owned())));
        assert_eq!(found("spec.@containers[*].env[*].valueFrom.configMapKeyRef.name", &pod, "^.key"), wanted);
    }

    #[test]
    fn a_path_that_is_none_is_told() {
        for wrong in ["a..b", "a[0]", "@pods.x", "a b"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }
}
