//! How keys are written in keymaps, help and footers: `ctrl-k`, `G`, `<`, `space`, `, k`. What they mean is the map's business.

use crate::text::fault::did_you_mean;
use crate::tui::term::key::{Code, Key};

const NAMES: &[(&str, Code)] = &[
    ("space", Code::Char(' ')),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("backtab", Code::BackTab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
];

/// Chords that reach a program as another key: terminals send the same byte for both.
const SAME_BYTE: &[(char, &str)] = &[('i', "tab"), ('m', "enter"), ('[', "esc")];

/// Reads one chord.
///
/// # Errors
/// A sentence that names the chord, with a suggestion where there is a near one.
pub fn parse_key(text: &str) -> Result<Key, String> {
    let (mut ctrl, mut alt, mut shift) = (false, false, false);
    let mut rest = text;
    while let Some((modifier, tail)) = rest.split_once('-').filter(|(modifier, tail)| !modifier.is_empty() && !tail.is_empty()) {
        match modifier {
            "ctrl" => ctrl = true,
            "alt" => alt = true,
            "shift" => shift = true,
            _ => break,
        }
        rest = tail;
    }
    let code = parse_code(rest).ok_or_else(|| unknown(text, rest))?;
    fit(text, Key { code, ctrl, alt, shift })
}

/// Writes a chord as [`parse_key`] reads it.
pub fn show_key(key: Key) -> String {
    let mut out = String::new();
    for (held, name) in [(key.ctrl, "ctrl-"), (key.alt, "alt-"), (key.shift, "shift-")] {
        if held {
            out.push_str(name);
        }
    }
    match key.code {
        Code::F(number) => out.push_str(&format!("f{number}")),
        code => match (NAMES.iter().find(|(_, named)| *named == code), code) {
            (Some((name, _)), _) => out.push_str(name),
            (None, Code::Char(c)) => out.push(c),
            (None, _) => {}
        },
    }
    out
}

/// Reads chords separated by spaces: `g g`, `, k`.
///
/// # Errors
/// As [`parse_key`], or that there is none.
pub fn parse_sequence(text: &str) -> Result<Vec<Key>, String> {
    let keys = text.split_whitespace().map(parse_key).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err("no key is written here; the space bar is `space`".to_owned()) } else { Ok(keys) }
}

/// Writes chords as [`parse_sequence`] reads them.
pub fn show_sequence(keys: &[Key]) -> String {
    keys.iter().map(|key| show_key(*key)).collect::<Vec<_>>().join(" ")
}

fn parse_code(text: &str) -> Option<Code> {
    let mut chars = text.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return (!c.is_control()).then_some(Code::Char(c));
    }
    if let Some(number) = text.strip_prefix('f').and_then(|digits| digits.parse::<u8>().ok()) {
        return (1..=24).contains(&number).then_some(Code::F(number));
    }
    NAMES.iter().find(|(name, _)| *name == text).map(|(_, code)| *code)
}

fn fit(text: &str, mut key: Key) -> Result<Key, String> {
    if let Code::Char(c) = key.code {
        if key.shift {
            return Err(format!("`{text}`: a character is written as it arrives, `G` for shift and g"));
        }
        if key.ctrl {
            key.code = Code::Char(c.to_ascii_lowercase());
            if let Some((_, same)) = SAME_BYTE.iter().find(|(letter, _)| *letter == c.to_ascii_lowercase()) {
                return Err(format!("`{text}` cannot be told from `{same}` in a terminal"));
            }
        }
    }
    if key.code == Code::Tab && key.shift {
        (key.code, key.shift) = (Code::BackTab, false);
    }
    Ok(key)
}

fn unknown(text: &str, code: &str) -> String {
    let suggestion = did_you_mean(code, NAMES.iter().map(|(name, _)| *name));
    format!("`{text}` is no key{}", suggestion.map(|suggestion| format!("; {suggestion}")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(code: Code) -> Key {
        Key { code, ctrl: false, alt: false, shift: false }
    }

    #[test]
    fn chords_are_read() {
        for (text, key) in [
            ("G", plain(Code::Char('G'))),
            ("<", plain(Code::Char('<'))),
            (",", plain(Code::Char(','))),
            ("-", plain(Code::Char('-'))),
            ("space", plain(Code::Char(' '))),
            ("enter", plain(Code::Enter)),
            ("pgup", plain(Code::PageUp)),
            ("f12", plain(Code::F(12))),
            ("f", plain(Code::Char('f'))),
            ("ctrl-k", Key { ctrl: true, ..plain(Code::Char('k')) }),
            ("ctrl-K", Key { ctrl: true, ..plain(Code::Char('k')) }),
            ("alt-x", Key { alt: true, ..plain(Code::Char('x')) }),
            ("alt--", Key { alt: true, ..plain(Code::Char('-')) }),
            ("ctrl-alt-left", Key { ctrl: true, alt: true, ..plain(Code::Left) }),
            ("shift-up", Key { shift: true, ..plain(Code::Up) }),
            ("shift-tab", plain(Code::BackTab)),
        ] {
            assert_eq!(parse_key(text), Ok(key), "{text}");
        }
    }

    #[test]
    fn wrong_chords_are_refused_with_a_reason() {
        for (text, part) in [
            ("entr", "did you mean `enter`?"),
            ("", "is no key"),
            ("ctrl-", "is no key"),
            ("f99", "is no key"),
            ("hyper-x", "is no key"),
            ("shift-g", "written as it arrives"),
            ("ctrl-i", "cannot be told from `tab`"),
            ("ctrl-M", "cannot be told from `enter`"),
        ] {
            let message = parse_key(text).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn sequences_are_chords_with_spaces() {
        assert_eq!(parse_sequence(", k"), Ok(vec![plain(Code::Char(',')), plain(Code::Char('k'))]));
        assert_eq!(parse_sequence("g g").map(|keys| keys.len()), Ok(2));
        assert!(parse_sequence(" ").is_err());
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(code in code(), ctrl: bool, alt: bool, shift: bool) {
            let shift = shift && !matches!(code, Code::Char(_) | Code::Tab);
            let key = Key { code, ctrl, alt, shift };
            match parse_key(&show_key(key)) {
                Ok(back) => prop_assert_eq!(back, key),
                Err(message) => prop_assert!(ctrl && message.contains("cannot be told"), "{}", message),
            }
        }
    }

    fn code() -> impl Strategy<Value = Code> {
        prop_oneof![
            proptest::char::range('!', '~').prop_map(|c| Code::Char(c.to_ascii_lowercase())),
            (1u8..=24).prop_map(Code::F),
            (0..NAMES.len()).prop_map(|index| NAMES[index].1),
        ]
    }
}
