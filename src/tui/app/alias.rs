//! Words of the person's own for the `:` line: which of them can be used, and what a line means once they are put in. Settings are not read here.

use std::collections::BTreeMap;

use crate::names::Problem;
use crate::tui::keys::line::split;

/// Each word with the line it stands for.
pub type Aliases = BTreeMap<String, String>;

/// Aliases of aliases that are followed.
const DEEPEST: usize = 16;

/// Those that can be used, and what is wrong with the others.
pub fn checked(written: &Aliases) -> (Aliases, Vec<Problem>) {
    let judge = |(name, line): (&String, &String)| match fault(written, name, line) {
        None => Ok((name.clone(), line.clone())),
        Some(why) => Err(Problem::new("config.alias", format!("the alias `{}` was not used", crate::text::sanitise(name)), why)
            .hint("write for example dp = \"deploy\" under [aliases] in config.toml")),
    };
    let (good, bad): (Vec<_>, Vec<_>) = written.iter().map(judge).partition(Result::is_ok);
    (good.into_iter().flatten().collect(), bad.into_iter().filter_map(Result::err).collect())
}

fn fault(aliases: &Aliases, name: &str, line: &str) -> Option<String> {
    if name.is_empty() || name.contains(char::is_whitespace) || name.starts_with(['/', '@', '-', '"', '\'']) {
        return Some("its name has to be one plain word".into());
    }
    if split(line).head.is_empty() {
        return Some("it stands for nothing".into());
    }
    let mut way = vec![name.to_owned()];
    while let Some(next) = way.last().and_then(|word| aliases.get(word)).map(|line| split(line).head) {
        let circle = way.contains(&next);
        way.push(next);
        if circle || way.len() > DEEPEST {
            return Some(format!("it leads in a circle: {}", way.join(" → ")));
        }
    }
    None
}

/// The line with what its first word stands for; what was typed behind that word stays behind it.
pub fn expand(aliases: &Aliases, text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..DEEPEST {
        let head = split(&text).head;
        let Some(meant) = aliases.get(&head) else { break };
        let Some(at) = text.find(&head) else { break };
        text.replace_range(at..at + head.len(), meant);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aliases(pairs: &[(&str, &str)]) -> Aliases {
        pairs.iter().map(|(name, line)| ((*name).to_owned(), (*line).to_owned())).collect()
    }

    #[test]
    fn an_alias_carries_arguments_and_may_use_another() {
        let (good, bad) = checked(&aliases(&[("dp", "deploy"), ("wp", "po web /cart"), ("mine", "dp shop")]));
        assert_eq!((good.len(), bad.len()), (3, 0));
        for (typed, meant) in
            [("dp", "deploy"), ("wp -l app=x @lab", "po web /cart -l app=x @lab"), ("mine /x", "deploy shop /x"), ("po dp", "po dp"), ("", "")]
        {
            assert_eq!(expand(&good, typed), meant, "{typed}");
        }
    }

    #[test]
    fn circles_and_what_is_no_word_are_refused_with_the_reason() {
        let (good, bad) =
            checked(&aliases(&[("a", "b x"), ("b", "c"), ("c", "a"), ("self", "self"), ("x y", "po"), ("none", " "), ("dp", "deploy")]));
        assert_eq!(good.keys().collect::<Vec<_>>(), ["dp"]);
        assert_eq!(bad.len(), 6);
        assert!(bad.iter().any(|problem| problem.why.contains("a → b → c → a")), "{bad:?}");
    }
}
