//! Long text in a window: scrolled, wrapped or cut, YAML coloured, matches shown.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::paint::{find_all, fit, page, put, tint, width};
use crate::tui::theme::{Role, Theme};

/// A line: pieces with their looks.
pub type Spans = Vec<(String, Role)>;

/// A line of one look.
pub fn plain(text: impl Into<String>, role: Role) -> Spans {
    vec![(text.into(), role)]
}

/// The lines as rows of the screen: folded at `columns` between words when wrapped, what goes on below standing under the line's last piece that begins in its left third.
pub fn fold(lines: &[Spans], columns: u16, wrap: bool) -> Vec<Spans> {
    if !wrap || columns == 0 {
        return lines.to_vec();
    }
    lines.iter().flat_map(|line| fold_one(line, columns)).collect()
}

fn fold_one(line: &Spans, columns: u16) -> Vec<Spans> {
    let indent = line.iter().take(line.len().saturating_sub(1)).map(|(text, _)| width(text)).fold((0, true), |(sum, open), piece| {
        let open = open && sum + piece <= columns / 3;
        (if open { sum + piece } else { sum }, open)
    });
    let indent = indent.0;
    let mut rows: Vec<Spans> = vec![Vec::new()];
    let mut used = 0;
    for (text, role) in line {
        for word in words(text) {
            // A word that no row could hold is cut where it stands.
            if used + width(word) > columns && used > indent && width(word) <= columns - indent {
                rows.push(vec![(" ".repeat(usize::from(indent)), Role::Text)]);
                used = indent;
                if word.trim().is_empty() {
                    continue;
                }
            }
            used = put_word(&mut rows, word, *role, used, indent, columns);
        }
    }
    rows
}

/// Words and the spaces between them: a name, a time or an address stays whole.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ').flat_map(|piece| {
        let word = piece.trim_end_matches(' ');
        [word, &piece[word.len()..]].into_iter().filter(|part| !part.is_empty())
    })
}

/// Adds a word, cut where it is longer than a row; answers the columns used in the last row.
fn put_word(rows: &mut Vec<Spans>, word: &str, role: Role, mut used: u16, indent: u16, columns: u16) -> u16 {
    for part in word.graphemes(true) {
        if used + width(part) > columns {
            rows.push(vec![(" ".repeat(usize::from(indent)), Role::Text)]);
            used = indent;
        }
        if let Some(row) = rows.last_mut() {
            match row.last_mut() {
                Some((text, same)) if *same == role => text.push_str(part),
                _ => row.push((part.to_owned(), role)),
            }
        }
        used += width(part);
    }
    used
}

/// Draws rows from `top` on; `needle` is shown where it stands.
pub fn draw(rows: &[Spans], top: usize, needle: &str, area: Rect, buf: &mut Buffer, theme: &Theme) {
    page(buf, area, theme.style(Role::Text));
    for (row, y) in rows.iter().skip(top).zip(0..area.height) {
        line(row, needle, Rect { y: area.y + y, height: 1, ..area }, buf, theme);
    }
}

/// Draws one line; what does not fit ends in the cut sign.
pub fn line(spans: &Spans, needle: &str, area: Rect, buf: &mut Buffer, theme: &Theme) {
    let mut column = 0;
    for (text, role) in spans {
        let room = area.width.saturating_sub(column);
        let start = column;
        column = put(buf, area, column, 0, &fit(text, room, theme.glyphs().cut), theme.style(*role));
        for at in find_all(text, needle) {
            let from = start + width(text.get(..at.start).unwrap_or_default());
            let to = (start + width(text.get(..at.end).unwrap_or_default())).min(area.width);
            if from < to {
                tint(buf, Rect { x: area.x + from, width: to - from, ..area }, Style::patch(theme.style(*role), theme.style(Role::Match)));
            }
        }
        if column >= area.width {
            return;
        }
    }
}

/// Lines (counted from 0) in which `needle` stands.
pub fn matches(lines: &[Spans], needle: &str) -> Vec<usize> {
    let holds = |line: &Spans| line.iter().any(|(text, _)| !find_all(text, needle).is_empty());
    lines.iter().enumerate().filter(|(_, line)| holds(line)).map(|(at, _)| at).collect()
}

/// Which lines of a YAML text stand in a block scalar.
pub fn literal<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<bool> {
    let mut block: Option<usize> = None;
    let inside = |line: &str| {
        let indent = line.len() - line.trim_start().len();
        if block.is_some_and(|outer| indent > outer || line.trim().is_empty()) {
            return true;
        }
        let head = line.trim_end();
        block = ["|", ">", "|-", ">-", "|+", ">+"].iter().any(|sign| head.ends_with(sign)).then_some(indent);
        false
    };
    lines.map(inside).collect()
}

/// A line of YAML that stands in no block scalar.
pub fn yaml_line(line: &str) -> Spans {
    let body = line.trim_start_matches([' ', '-']);
    let lead = &line[..line.len() - body.len()];
    if body.starts_with('#') {
        return plain(line, Role::YamlComment);
    }
    let mut spans = plain(lead, Role::Text);
    match body.split_once(": ").or_else(|| body.strip_suffix(':').map(|key| (key, ""))) {
        Some((key, value)) if !key.is_empty() => {
            spans.push((format!("{key}:"), Role::YamlKey));
            if !value.is_empty() {
                spans.push((" ".into(), Role::Text));
                spans.push((value.into(), scalar(value)));
            }
        }
        _ => spans.push((body.into(), scalar(body))),
    }
    spans
}

fn scalar(value: &str) -> Role {
    let value = value.trim();
    if value.parse::<f64>().is_ok() || matches!(value, "true" | "false" | "null" | "~" | "{}" | "[]") { Role::YamlNumber } else { Role::YamlString }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_values_and_blocks_are_told_apart() {
        let text = "spec:\n  replicas: 3\n  text: |\n    a: b\n  - name: web";
        assert_eq!(literal(text.lines()), [false, false, false, true, false]);
        let roles = |line: &str| -> Vec<Role> { yaml_line(line).iter().map(|(_, role)| *role).collect() };
        assert_eq!(roles("  replicas: 3"), [Role::Text, Role::YamlKey, Role::Text, Role::YamlNumber]);
        assert_eq!(roles("  - name: web"), [Role::Text, Role::YamlKey, Role::Text, Role::YamlString]);
    }

    #[test]
    fn folding_loses_nothing() {
        let rows = fold(&[plain("abcdefgh", Role::Text)], 3, true);
        let texts: Vec<String> = rows.iter().map(|row| row.iter().map(|(text, _)| text.as_str()).collect()).collect();
        assert_eq!(texts, ["abc", "def", "gh"]);
    }

    #[test]
    fn folds_stand_under_an_earlier_piece_where_the_last_one_begins_too_far_to_the_right() {
        let line = vec![("a ".to_owned(), Role::Dim), ("long head ".to_owned(), Role::Dim), ("one two".to_owned(), Role::Text)];
        let rows = fold(&[line], 13, true);
        let texts: Vec<String> = rows.iter().map(|row| row.iter().map(|(text, _)| text.as_str()).collect()).collect();
        assert_eq!(texts, ["a long head ", "  one two"]);
    }

    #[test]
    fn folds_stand_between_words_and_under_the_text() {
        let line = vec![("a ".to_owned(), Role::Dim), ("one two three".to_owned(), Role::Text)];
        let rows = fold(&[line], 9, true);
        let texts: Vec<String> = rows.iter().map(|row| row.iter().map(|(text, _)| text.as_str()).collect()).collect();
        assert_eq!(texts, ["a one two", "  three"]);
    }
    #[test]
    fn names_and_times_stay_whole_and_a_middle_piece_does_not_hold_the_text_back() {
        let pieces = ["  5s  ", "FailedScheduling and more", "  no", "  default-scheduler"];
        let line: Spans = pieces.iter().zip([Role::Dim, Role::Text, Role::Dim, Role::Text]).map(|(text, role)| ((*text).to_owned(), role)).collect();
        let texts: Vec<String> = fold(&[line], 36, true).iter().map(|row| row.iter().map(|(text, _)| text.as_str()).collect()).collect();
        assert_eq!(texts, ["  5s  FailedScheduling and more  no ", "      default-scheduler"]);
    }
}
