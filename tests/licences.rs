//! Every crate that can end up in a build has a licence that `deny.toml` allows; where a crate comes from is not looked at here.
//!
//! `cargo deny check` reads the same file and says more. This test needs nothing but cargo. It asks `cargo tree`, not
//! `cargo metadata`: the latter also lists crates that only an unused optional feature names and that are never built.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "clippy knows only functions marked #[test] as tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Crate (name and version) → its licence expression, empty where the crate names none.
type Crates = BTreeMap<String, String>;

#[test]
fn every_dependency_has_an_allowed_licence() {
    let allowed = allowed_licences();
    let crates = dependencies();
    assert!(crates.keys().any(|name| name.starts_with("ratatui v")), "the list of dependencies is not ours: {crates:?}");
    let refused = refused(&crates, &allowed);
    assert!(refused.is_empty(), "licences that deny.toml does not allow:\n{}", refused.join("\n"));
}

#[test]
fn a_forbidden_licence_is_refused_and_named() {
    let crates = crates_of(
        "good v1.0.0\tMIT OR GPL-3.0-only\nbad v2.0.0 (proc-macro)\tMIT AND GPL-3.0-only\nnone v3.0.0\t\n\ngood v1.0.0\tMIT OR GPL-3.0-only (*)\n",
    );
    assert_eq!(crates.len(), 3);
    let refused = refused(&crates, &allowed_licences());
    assert_eq!(refused, ["bad v2.0.0: MIT AND GPL-3.0-only", "none v3.0.0: names no licence"]);
}

/// Expressions of SPDX 2.3 annex D with what they mean when only MIT, Apache-2.0 and `Apache-2.0 WITH LLVM-exception` are allowed.
#[test]
fn expressions_are_read_as_spdx_defines_them() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"].map(String::from).into();
    for (expression, expected) in [
        ("MIT", Ok(true)),
        ("GPL-3.0-only", Ok(false)),
        ("MIT OR GPL-3.0-only", Ok(true)),
        ("GPL-3.0-only OR MIT", Ok(true)),
        ("MIT AND GPL-3.0-only", Ok(false)),
        ("GPL-3.0-only AND MIT", Ok(false)),
        // AND binds tighter than OR.
        ("MIT OR Apache-2.0 AND GPL-3.0-only", Ok(true)),
        ("GPL-3.0-only AND MIT OR Apache-2.0", Ok(true)),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", Ok(false)),
        ("((MIT) AND (Apache-2.0 OR GPL-3.0-only))", Ok(true)),
        ("mit", Ok(false)),
        ("MIT or GPL-3.0-only", Ok(true)),
        // An exception is part of the licence's name: what allows one does not allow the other.
        ("Apache-2.0 WITH LLVM-exception", Ok(true)),
        ("MIT WITH LLVM-exception", Ok(false)),
        ("GPL-2.0-only WITH Classpath-exception-2.0 OR MIT", Ok(true)),
        ("GPL-2.0-only WITH Classpath-exception-2.0", Ok(false)),
        // "Or later" may turn into a licence nobody has read.
        ("Apache-2.0+", Ok(false)),
        // The slash of old manifests means OR.
        ("MIT/GPL-3.0-only", Ok(true)),
        ("GPL-3.0-only / LGPL-3.0-only", Ok(false)),
        ("", Err(())),
        ("MIT OR", Err(())),
        ("MIT Apache-2.0", Err(())),
        ("(MIT", Err(())),
        ("MIT)", Err(())),
        ("MIT WITH", Err(())),
        ("AND", Err(())),
    ] {
        assert_eq!(is_allowed(expression, &allowed).map_err(drop), expected, "{expression:?}");
    }
}

fn allowed_licences() -> BTreeSet<String> {
    let policy: toml::Table = include_str!("../deny.toml").parse().expect("deny.toml is TOML");
    let allow = policy["licenses"]["allow"].as_array().expect("licenses.allow is a list");
    allow.iter().map(|licence| licence.as_str().expect("a licence is a string").to_owned()).collect()
}

/// Everything any platform and any feature of ours can bring in, if all of it was downloaded (`cargo fetch`); else what this machine builds.
fn dependencies() -> Crates {
    cargo_tree(&["--target", "all", "--all-features"]).unwrap_or_else(|why| {
        assert!(std::env::var_os("MESHPLAY_REQUIRE_REAL").is_none(), "`cargo fetch` first: {why}");
        println!("looking only at what this machine builds, because crates for other platforms are not downloaded: {}", why.trim());
        cargo_tree(&[]).expect("cargo can list what it has just built")
    })
}

/// `cargo tree` without the network; the error is what cargo said.
fn cargo_tree(scope: &[&str]) -> Result<Crates, String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--locked", "--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}\t{l}"])
        .args(scope)
        .output()
        .expect("cargo can be started");
    if output.status.success() {
        Ok(crates_of(&String::from_utf8_lossy(&output.stdout)))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// Lines of `name version (notes)<tab>expression`; cargo marks a crate it has shown before with ` (*)`.
fn crates_of(tree: &str) -> Crates {
    let rows = tree.lines().filter_map(|line| line.split_once('\t'));
    rows.map(|(name, licence)| {
        let name = name.split(" (").next().unwrap_or(name);
        (name.to_owned(), licence.trim_end_matches("(*)").trim().to_owned())
    })
    .collect()
}

fn refused(crates: &Crates, allowed: &BTreeSet<String>) -> Vec<String> {
    let why = |licence: &str| match is_allowed(licence, allowed) {
        Ok(true) => None,
        Ok(false) => Some(licence.to_owned()),
        Err(_) if licence.is_empty() => Some("names no licence".to_owned()),
        Err(fault) => Some(format!("{licence} ({fault})")),
    };
    crates.iter().filter_map(|(name, licence)| Some(format!("{name}: {}", why(licence)?))).collect()
}

/// Whether the allowed licences are enough to use something under this SPDX expression.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    let answer = reader.any()?;
    if reader.words.is_empty() { Ok(answer) } else { Err(format!("unexpected {:?}", reader.words[0])) }
}

/// A recursive descent over the words: OR of ANDs of (a licence, with an exception or not, or something in parentheses).
struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a BTreeSet<String>,
}

impl Reader<'_> {
    fn any(&mut self) -> Result<bool, String> {
        let mut answer = self.all()?;
        while self.take("OR") {
            // Not `||`: the right side has to be read whatever the left says.
            answer |= self.all()?;
        }
        Ok(answer)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut answer = self.one()?;
        while self.take("AND") {
            answer &= self.one()?;
        }
        Ok(answer)
    }

    fn one(&mut self) -> Result<bool, String> {
        if !self.take("(") {
            return self.licence();
        }
        let answer = self.any()?;
        if self.take(")") { Ok(answer) } else { Err("a parenthesis is not closed".to_owned()) }
    }

    fn licence(&mut self) -> Result<bool, String> {
        let mut licence = self.name()?.to_owned();
        if self.take("WITH") {
            licence = format!("{licence} WITH {}", self.name()?);
        }
        Ok(self.allowed.contains(&licence))
    }

    fn name(&mut self) -> Result<&str, String> {
        let (first, rest) = self.words.split_first().ok_or("it ends too early")?;
        if ["OR", "AND", "WITH", "(", ")"].iter().any(|operator| first.eq_ignore_ascii_case(operator)) {
            return Err(format!("{first:?} where a licence should be"));
        }
        self.words = rest;
        Ok(first)
    }

    /// Takes the next word if it is this operator, in capitals or not.
    fn take(&mut self, operator: &str) -> bool {
        let found = self.words.first().is_some_and(|word| word.eq_ignore_ascii_case(operator));
        if found {
            self.words = &self.words[1..];
        }
        found
    }
}
