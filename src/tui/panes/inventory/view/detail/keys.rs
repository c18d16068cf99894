//! The keys of a Secret: sizes, and the one value that is shown for a moment.

use super::super::super::state::Detail;
use crate::cluster::secret::SecretKey;
use crate::text::quantity;
use crate::tui::theme::Role;
use crate::tui::widgets::lines::{Spans, plain};
use crate::tui::widgets::paint::width;

/// Lines, and the one the cursor stands at.
pub(super) fn lines(detail: &Detail, keys: &[SecretKey]) -> (Vec<Spans>, usize) {
    if keys.is_empty() {
        return (vec![plain("this Secret holds nothing", Role::Dim)], 0);
    }
    let widest = usize::from(keys.iter().map(|key| width(&key.name)).max().unwrap_or(0));
    let (mut lines, mut cursor) = (Vec::new(), 0);
    for (at, key) in keys.iter().enumerate() {
        if at == detail.picked {
            cursor = lines.len();
        }
        let shown = detail.revealed.as_ref().filter(|shown| shown.name == key.name);
        let name = (format!("{:<widest$}  ", key.name), Role::Text);
        let Some(shown) = shown else {
            lines.push(vec![name, (format!("{}, hidden", quantity::bytes(key.bytes as u64)), Role::Dim)]);
            continue;
        };
        lines.push(vec![name, ("shown for 15 s, x hides it now".to_owned(), Role::StatusWarn)]);
        lines.extend(shown.value.show().lines().map(|line| vec![("    ".to_owned(), Role::Text), (line.to_owned(), Role::Text)]));
    }
    (lines, cursor)
}
