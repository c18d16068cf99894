//! What error codes mean: the lines of `docs/errors.md`, embedded, for whoever explains one.

const PAGE: &str = include_str!("../../docs/errors.md");

/// What is said about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code, `cluster.unreachable`.
    pub code: &'static str,
    /// What it means, one sentence.
    pub means: &'static str,
    /// What to do about it, one sentence.
    pub remedy: &'static str,
}

/// All of them, in the order of the page, which is that of the alphabet.
pub fn all() -> impl Iterator<Item = Explanation> {
    PAGE.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ");
        let code = cells.next()?.strip_suffix('`')?;
        Some(Explanation { code, means: cells.next()?, remedy: cells.next()? })
    })
}

/// What is said about that code.
pub fn explain(code: &str) -> Option<Explanation> {
    all().find(|one| one.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// What stands before a code in the sources.
    const BEFORE: &[&str] = &["Problem::new(", "code: ", "problem("];

    /// Codes that a source names outside of its tests.
    fn codes(source: &str) -> Vec<String> {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        let after = BEFORE.iter().flat_map(|sign| source.split(sign).skip(1));
        // Those of a cluster are also chosen by the status of an answer, and stand alone then.
        let alone = source.match_indices("\"cluster.").map(|(at, _)| &source[at..]);
        let code = |text: &str| {
            let (code, _) = text.trim_start().strip_prefix('"')?.split_once('"')?;
            let plain = code.bytes().all(|byte| byte.is_ascii_lowercase() || b".-".contains(&byte));
            (plain && !code.is_empty()).then(|| code.to_owned())
        };
        after.chain(alone).filter_map(code).collect()
    }

    fn gather(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.extend(codes(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }

    #[test]
    fn every_code_of_the_sources_has_a_line() {
        let mut used = BTreeSet::new();
        gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut used);
        assert!(used.len() > 40, "{used:?}");
        let missing: Vec<&String> = used.iter().filter(|code| explain(code).is_none()).collect();
        assert!(missing.is_empty(), "docs/errors.md needs a line for each of {missing:?}: what it means, what to do");
    }

    #[test]
    fn lines_are_in_order_and_whole() {
        let codes: Vec<&str> = all().map(|one| one.code).collect();
        assert_eq!(codes.len(), PAGE.lines().filter(|line| line.starts_with("| `")).count());
        assert!(codes.windows(2).all(|two| two[0] < two[1]), "{codes:?}");
        assert!(all().all(|one| !one.means.is_empty() && !one.remedy.is_empty()));
    }
}
