//! Notices: one line when something happens, and all of them again when asked for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::flow::{Level, Look, Notice};
use crate::tui::term::key::{Code, Key};
use crate::tui::theme::Role;
use crate::tui::widgets::lines::{self, Spans, fold, plain};
use crate::tui::widgets::paint::{middle, page, width};
use crate::tui::widgets::popup;

/// Notices that are kept.
pub const KEPT: usize = 200;

/// A notice and when it came, unix seconds.
pub type Kept = (i64, Notice);

/// Where the person reads.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// Only the newest error.
    pub newest_error: bool,
    /// The first row seen.
    pub top: usize,
}

impl Notices {
    /// A key while they are open; true: they are to be closed.
    pub fn key(&mut self, key: Key) -> bool {
        match key.code {
            Code::Down | Code::Char('j') => self.top += 1,
            Code::Up | Code::Char('k') => self.top = self.top.saturating_sub(1),
            Code::Esc | Code::Enter | Code::Char('q') => return true,
            Code::Char('c') if key.ctrl => return true,
            _ => {}
        }
        false
    }

    /// Draws them, the newest first.
    pub fn draw(&self, kept: &[Kept], look: &Look<'_>, area: Rect, buf: &mut Buffer) {
        let shown = kept.iter().rev().filter(|(_, notice)| !self.newest_error || notice.level == Level::Error);
        let shown: Vec<&Kept> = shown.take(if self.newest_error { 1 } else { KEPT }).collect();
        let wide = area.width.saturating_sub(4).min(110);
        let lines: Vec<Spans> = shown.iter().flat_map(|kept| told(kept)).collect();
        let lines = if lines.is_empty() { vec![plain("nothing was said yet", Role::Dim)] } else { lines };
        let rows = fold(&lines, wide.saturating_sub(4), true);
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
        let place = middle(area, wide, height.min(area.height.saturating_sub(2)));
        let title = if self.newest_error { "newest error; esc closes" } else { "notices, the newest first; esc closes" };
        let inside = popup::frame(place, title, buf, look.theme);
        popup::list(&rows, self.top.min(rows.len().saturating_sub(1)), None, inside, buf, look.theme);
    }
}

fn told((unix, notice): &Kept) -> Vec<Spans> {
    let problem = &notice.problem;
    let seconds = unix.rem_euclid(86_400);
    let when = format!("{:02}:{:02}:{:02}Z  ", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let why = if problem.why.is_empty() { String::new() } else { format!(": {}", problem.why) };
    let mut lines = vec![vec![(when, Role::Dim), (problem.what.clone(), role(notice.level)), (why, Role::Text)]];
    lines.extend(problem.hints.iter().map(|hint| vec![("           ".to_owned(), Role::Dim), (hint.clone(), Role::Dim)]));
    lines
}

fn role(level: Level) -> Role {
    match level {
        Level::Info => Role::NoticeInfo,
        Level::Error => Role::NoticeError,
    }
}

/// One line: what, and what to do.
pub fn draw_line(notice: &Notice, look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    page(buf, area, look.theme.style(Role::Popup));
    let problem = &notice.problem;
    let glyph = if notice.level == Level::Error { format!(" {} ", look.theme.glyphs().bad) } else { " ".to_owned() };
    let why = if problem.why.is_empty() { String::new() } else { format!(": {}", problem.why) };
    let hint = problem.hints.first().map_or_else(String::new, |hint| format!("; {hint}"));
    // Where not all of it fits, what to do goes before why.
    let fits = width(&problem.what) + width(&why) + width(&hint) + 4 <= area.width;
    let more = if fits || hint.is_empty() { why + &hint } else { hint };
    let spans = vec![(glyph, role(notice.level)), (problem.what.clone(), role(notice.level)), (more, Role::Popup)];
    lines::line(&spans, "", area, buf, look.theme);
}
