//! Makes hostile text harmless, once, where it enters the program (CVE-2021-25743 is what happens otherwise).
//! It never deletes evidence: what it takes out is shown as a visible mark.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Longest line that is let through, in bytes; the rest is cut and said so.
pub const LONGEST_LINE: usize = 16 * 1024;

const LONGEST_MARK_RUN: usize = 4;

/// One line of text: control characters become visible pictures (`␛`), bidi controls, tag characters, line
/// separators and zero-width joiners become marks such as `⟨U+202E⟩`. Tabs and newlines become pictures too.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// Several lines: as [`sanitise`], but `\n` stays and a tab becomes four spaces.
pub fn sanitise_lines(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

fn clean(text: &str, lines: bool) -> Cow<'_, str> {
    if text.len() <= LONGEST_LINE && text.bytes().all(|byte| (0x20..0x7f).contains(&byte) || lines && byte == b'\n') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut in_line = 0;
    let mut combining = 0;
    let mut cut = false;
    for c in text.chars() {
        if lines && c == '\n' {
            out.push('\n');
            (in_line, combining, cut) = (0, 0, false);
            continue;
        }
        if cut {
            continue;
        }
        if in_line + c.len_utf8() > LONGEST_LINE {
            out.push_str("⟨line cut⟩");
            cut = true;
            continue;
        }
        in_line += c.len_utf8();
        combining = if is_combining(c) { combining + 1 } else { 0 };
        if combining > LONGEST_MARK_RUN {
            continue;
        }
        push(&mut out, c, lines);
    }
    Cow::Owned(out)
}

fn push(out: &mut String, c: char, lines: bool) {
    match c {
        '\t' if lines => out.push_str("    "),
        '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
        '\u{7f}' => out.push('\u{2421}'),
        '\u{80}'..='\u{9f}' => mark(out, c),
        _ if is_deceptive(c) => mark(out, c),
        _ => out.push(c),
    }
}

fn mark(out: &mut String, c: char) {
    let _ = write!(out, "⟨U+{:04X}⟩", c as u32);
}

/// Characters that reorder, hide or smuggle text: bidi controls, zero-width characters, separators, tags, BOM.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(sanitise("web-5b9bbd4df6-kk2lm"), Cow::Borrowed(_)));
    }

    #[test]
    fn escape_sequences_become_pictures() {
        assert_eq!(sanitise("a\u{1b}[31mb\u{7}\u{9b}2J\r\n\u{7f}"), "a␛[31mb␇⟨U+009B⟩2J␍␊␡");
    }

    #[test]
    fn bidi_tags_and_joiners_become_marks() {
        assert_eq!(sanitise("cod\u{202e}exe.txt\u{200d}\u{e0041}\u{2028}"), "cod⟨U+202E⟩exe.txt⟨U+200D⟩⟨U+E0041⟩⟨U+2028⟩");
    }

    #[test]
    fn a_tower_of_combining_marks_is_cut_to_four() {
        let zalgo = format!("a{}", "\u{301}".repeat(40));
        assert_eq!(sanitise(&zalgo).chars().count(), 5);
    }

    #[test]
    fn a_long_line_is_cut_and_says_so_and_the_next_line_stands() {
        let text = format!("{}\nend", "x".repeat(LONGEST_LINE + 1));
        let clean = sanitise_lines(&text);
        assert!(clean.ends_with("⟨line cut⟩\nend"), "{}", &clean[clean.len() - 40..]);
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_obeys_survives(text in any::<String>()) {
            for clean in [sanitise(&text), sanitise_lines(&text)] {
                prop_assert!(clean.chars().all(|c| c == '\n' || !c.is_control() && !is_deceptive(c)));
            }
            prop_assert!(!sanitise(&text).contains('\n'));
        }
    }
}
