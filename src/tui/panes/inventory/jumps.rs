//! Jumps of the person's own: what `enter` leads to from objects of a kind, where the program knows nothing of it. Settings are not read here.

use super::state::{Origin, State, Tie, View};
use crate::cluster::rows::Row;
use crate::names::Problem;

/// One jump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jump {
    /// From objects of this kind, by any of its names, `rollouts` or `rollouts.argoproj.io`.
    pub from: String,
    /// To objects of this one.
    pub to: String,
    /// By a label selector in which `{name}`, `{namespace}` and `{label:KEY}` stand for what the object has; none: to those it controls.
    pub labels: Option<String>,
}

/// Those that can be used, and what is wrong with the others.
pub fn checked(written: Vec<Jump>) -> (Vec<Jump>, Vec<Problem>) {
    let problem = |jump: &Jump, why: String| {
        let what = format!("the jump from `{}` was not used", crate::text::sanitise(&jump.from));
        Problem::new("config.jump", what, why)
            .hint("write for example from = \"rollouts\", to = \"pods\", labels = \"app={name}\" under [[jumps]] in config.toml")
    };
    let judge = |jump: Jump| match fault(&jump) {
        None => Ok(jump),
        Some(why) => Err(problem(&jump, why)),
    };
    let (good, bad): (Vec<_>, Vec<_>) = written.into_iter().map(judge).partition(Result::is_ok);
    (good.into_iter().flatten().collect(), bad.into_iter().filter_map(Result::err).collect())
}

fn fault(jump: &Jump) -> Option<String> {
    let word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    if !word(&jump.from) || !word(&jump.to) {
        return Some("`from` and `to` are kinds, each one word".into());
    }
    let known = |field: &str| matches!(field, "name" | "namespace") || field.strip_prefix("label:").is_some_and(|key| !key.is_empty());
    match jump.labels.as_deref().map(pieces) {
        Some(None) => Some("a { in `labels` is not closed".into()),
        Some(Some(pieces)) => pieces.into_iter().find_map(|piece| match piece {
            Piece::Field(field) if !known(field) => {
                Some(format!("{{{}}} is not known; there are {{name}}, {{namespace}} and {{label:KEY}}", crate::text::sanitise(field)))
            }
            _ => None,
        }),
        None => None,
    }
}

/// A part of a template.
enum Piece<'a> {
    Text(&'a str),
    Field(&'a str),
}

/// None: a bracket is not closed.
fn pieces(template: &str) -> Option<Vec<Piece<'_>>> {
    let (mut pieces, mut rest) = (Vec::new(), template);
    while let Some((text, after)) = rest.split_once('{') {
        let (field, after) = after.split_once('}')?;
        pieces.extend([Piece::Text(text), Piece::Field(field)]);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Some(pieces)
}

impl Jump {
    /// Where it leads from an object; an error is a sentence saying what the object lacks.
    fn view(&self, row: &Row) -> Result<View, String> {
        let labels = self.labels.as_deref().and_then(pieces).unwrap_or_default();
        let labels = labels.into_iter().map(|piece| filled(piece, row)).collect::<Result<String, String>>()?;
        let tie = if self.labels.is_some() { Tie::View } else { Tie::Owner };
        let namespaces = row.namespace.iter().map(ToString::to_string).collect();
        Ok(View { kind: self.to.clone(), namespaces, labels, fields: String::new(), of: Some(Origin { key: row.key(), tie }) })
    }
}

fn filled(piece: Piece<'_>, row: &Row) -> Result<String, String> {
    match piece {
        Piece::Text(text) => Ok(text.to_owned()),
        Piece::Field("name") => Ok(row.name.to_string()),
        Piece::Field("namespace") => Ok(row.namespace.as_deref().unwrap_or_default().to_owned()),
        Piece::Field(field) => {
            let key = field.strip_prefix("label:").unwrap_or(field);
            let label = row.labels.iter().find_map(|label| label.strip_prefix(key)?.strip_prefix('='));
            label.map(str::to_owned).ok_or_else(|| format!("{} has no label {key}", row.name))
        }
    }
}

/// Where a jump of the person's own leads from the object; none: there is none for its kind.
pub(super) fn from(state: &State, row: &Row) -> Option<Result<View, String>> {
    let plural = |word: &str| state.kinds.get(word).map_or_else(|| word.to_owned(), Clone::clone);
    let own = plural(&row.gvk.kind.to_lowercase());
    let fits = |jump: &&Jump| {
        let (word, group) = jump.from.split_once('.').map_or((jump.from.as_str(), None), |(word, group)| (word, Some(group)));
        plural(&word.to_lowercase()) == own && group.is_none_or(|group| group == &*row.gvk.group)
    };
    state.jumps.iter().find(fits).map(|jump| jump.view(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_lead_anywhere_is_told_and_the_others_are_used() {
        let jump = |from: &str, to: &str, labels: Option<&str>| Jump { from: from.into(), to: to.into(), labels: labels.map(str::to_owned) };
        let good = vec![jump("rollouts.argoproj.io", "rs", None), jump("gadgets", "po", Some("app={label:app},of={name}"))];
        let bad = [jump("", "po", None), jump("a b", "po", None), jump("a", "po", Some("app={name")), jump("a", "po", Some("app={spec.name}"))];
        let (used, problems) = checked(good.iter().cloned().chain(bad).collect());
        assert_eq!(used, good);
        assert_eq!(problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["config.jump"; 4]);
        assert!(problems[3].why.contains("{spec.name} is not known"), "{problems:?}");
    }
}
