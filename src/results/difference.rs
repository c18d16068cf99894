//! What was another between two runs, or two sets of them, and how that is told: `image web:1.4 → web:1.5`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::history::Facts;

/// A fact that is another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Its name.
    pub name: String,
    /// What it was; none where it was not there.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// How the names of images begin: `image.web` is that of the container web.
const IMAGE: &str = "image";
/// Facts that explain most stand first; after them those of no rank, by name.
const FIRST: [&str; 7] = ["release", "image", "workload", "revision", "mesh", "replicas", "nodes"];
/// Letters of a digest that are told.
const DIGEST: usize = 12;

/// The facts that are not the same, those that explain most first.
pub fn differences(before: &Facts, after: &Facts) -> Vec<Difference> {
    between(&[before], &[after])
}

/// The same between two sets of runs: a fact is another where one side knows a value that the other does not.
pub fn between(before: &[&Facts], after: &[&Facts]) -> Vec<Difference> {
    let names: BTreeSet<&String> = before.iter().chain(after).flat_map(|facts| facts.keys()).collect();
    let side = |side: &[&Facts], name: &String| {
        let values: BTreeSet<&str> = side.iter().filter_map(|facts| facts.get(name)).map(String::as_str).collect();
        (!values.is_empty()).then(|| values.into_iter().collect::<Vec<_>>().join(", "))
    };
    let all = names.into_iter().map(|name| Difference { name: name.clone(), before: side(before, name), after: side(after, name) });
    let mut all: Vec<Difference> = all.filter(|one| one.before != one.after).collect();
    all.sort_by_key(Difference::rank);
    all
}

/// All of them in one line.
pub fn told(differences: &[Difference]) -> String {
    differences.iter().map(Difference::told).collect::<Vec<_>>().join(", ")
}

/// Facts in words, those that explain most first: `image web:1.4`, `revision 7`.
pub fn said(facts: &Facts) -> Vec<String> {
    let one = |difference: &Difference| format!("{} {}", difference.title(), shortened(difference.after.as_deref().unwrap_or_default()));
    differences(&Facts::new(), facts).iter().map(one).collect()
}

impl Difference {
    fn title(&self) -> &str {
        if self.is_image() { IMAGE } else { &self.name }
    }

    fn rank(&self) -> usize {
        FIRST.iter().position(|first| self.name == *first || self.is_image() && *first == IMAGE).unwrap_or(FIRST.len())
    }

    fn is_image(&self) -> bool {
        self.name.strip_prefix(IMAGE).is_some_and(|rest| rest.starts_with('.'))
    }

    /// `revision 7 → 8`. Of images without what both have: digests where the tags already differ, registry and path where they are the same.
    pub fn told(&self) -> String {
        let pair = self.before.as_deref().zip(self.after.as_deref());
        let (before, after) = match (self.is_image(), pair) {
            (true, Some((before, after))) => images(before, after),
            _ => {
                let side = |side: &Option<String>| side.as_deref().map_or_else(|| "–".to_owned(), shortened);
                (side(&self.before), side(&self.after))
            }
        };
        format!("{} {before} → {after}", self.title())
    }
}

fn images(before: &str, after: &str) -> (String, String) {
    let bare = |text: &str| text.split(", ").map(|image| image.split_once('@').map_or(image, |(name, _)| name)).collect::<Vec<_>>().join(", ");
    let (before, after) = if bare(before) == bare(after) { (shortened(before), shortened(after)) } else { (bare(before), bare(after)) };
    let same = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    match before.get(..same).and_then(|same| same.rfind('/')) {
        // Several images have paths of their own.
        Some(slash) if !before.contains(", ") && !after.contains(", ") => (before[slash + 1..].to_owned(), after[slash + 1..].to_owned()),
        _ => (before, after),
    }
}

/// Images with the first letters of their digests.
fn shortened(text: &str) -> String {
    let one = |image: &str| match image.split_once("@sha256:") {
        Some((name, digest)) => format!("{name}@{}", digest.chars().take(DIGEST).collect::<String>()),
        None => image.to_owned(),
    };
    text.split(", ").map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(all: &[(&str, &str)]) -> Facts {
        all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_release_is_told_in_one_line_and_what_explains_most_is_first() {
        let before = facts(&[("image.web", "hub/shop/web:1.4@sha256:aa"), ("revision", "7"), ("kernel", "6.1"), ("nodes", "n1")]);
        let after =
            facts(&[("image.web", "hub/shop/web:1.5@sha256:bb"), ("revision", "8"), ("kernel", "6.12"), ("nodes", "n1"), ("mesh", "istio 1.24.1")]);
        assert_eq!(told(&differences(&before, &after)), "image web:1.4 → web:1.5, revision 7 → 8, mesh – → istio 1.24.1, kernel 6.1 → 6.12");
        assert!(differences(&before, &before).is_empty());
        assert_eq!(said(&before), ["image hub/shop/web:1.4@aa", "revision 7", "nodes n1", "kernel 6.1"]);
    }

    #[test]
    fn a_tag_that_was_moved_is_seen_by_its_digest() {
        let image = |digest: &str| facts(&[("image.web", &format!("web:latest@sha256:{digest}"))]);
        let moved = differences(&image("0123456789abcdef"), &image("fedcba9876543210"));
        assert_eq!(told(&moved), "image web:latest@0123456789ab → web:latest@fedcba987654");
        let another = [Difference { name: "image.web".into(), before: Some("a/web:1, b/web:2".into()), after: Some("a/web:1".into()) }];
        assert_eq!(told(&another), "image a/web:1, b/web:2 → a/web:1");
    }

    #[test]
    fn two_sides_differ_in_what_only_one_of_them_knows() {
        let [one, two] = ["1", "2"].map(|revision| facts(&[("revision", revision), ("kernel", "6.1")]));
        assert_eq!(told(&between(&[&one, &two], &[&two])), "revision 1, 2 → 2");
        assert!(between(&[&one, &two], &[&two, &one]).is_empty());
    }
}
