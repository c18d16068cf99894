//! The status page: what the terminal is taken for and why, how much is written to it, which version this is and where its files lie.

use super::model::Model;
use crate::text::quantity::count;
use crate::tui::overlays::help::Section;

/// What there is to read, with the figures as of the last frame.
pub fn sections(model: &Model) -> Vec<Section> {
    let row = |name: &str, text: String| (name.to_owned(), text);
    let traffic = model.traffic;
    let line = vec![
        row("slow line", model.slow.why().to_owned()),
        row("written", format!("{} bytes in {} frames", count(traffic.bytes), count(traffic.frames))),
        row("lately", format!("{} bytes a second over 10 s", count(traffic.per_second))),
        row("frames", format!("no closer than {} ms, unless a key asks", traffic.gap_ms)),
    ];
    let mut terminal = vec![row("size", format!("{} × {}", model.size.0, model.size.1))];
    terminal.push(row("mouse", model.mouse.why().to_owned()));
    terminal.extend(model.facts.iter().cloned());
    let keys = model.chosen.keys.as_ref().unwrap_or(&model.asked.keys);
    let theme = model.chosen.theme.as_ref().unwrap_or(&model.asked.theme);
    let mut program = vec![row("version", env!("CARGO_PKG_VERSION").to_owned()), row("keys", keys.clone()), row("theme", theme.clone())];
    program.extend(model.folders.iter().cloned());
    vec![("terminal".to_owned(), terminal), ("line".to_owned(), line), ("program".to_owned(), program)]
}
