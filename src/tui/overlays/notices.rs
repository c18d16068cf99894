//! Notices: one line when something happens, the list of them when asked for, and one of them whole: cause, remedy, and what its code means.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::text::errors::explain;
use crate::tui::flow::{Level, Look, Notice};
use crate::tui::term::key::{Code, Key};
use crate::tui::theme::Role;
use crate::tui::widgets::lines::{self, Spans, fold, plain};
use crate::tui::widgets::paint::{middle, page, scroll, width};
use crate::tui::widgets::popup;
use crate::tui::widgets::spot::Drawn;

/// Notices that are kept.
const KEPT: usize = 200;

/// A notice that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// When it came last, unix seconds.
    pub unix: i64,
    /// What was said.
    pub notice: Notice,
    /// How often.
    pub times: usize,
    /// Nobody has looked at it since.
    pub unread: bool,
}

/// Keeps a notice as the newest. One that says the same as an earlier one takes its place and is counted.
pub fn keep(kept: &mut Vec<Kept>, unix: i64, notice: Notice) {
    let same = |one: &Kept| {
        one.notice.level == notice.level && one.notice.problem.code == notice.problem.code && one.notice.problem.what == notice.problem.what
    };
    let times = kept.iter().position(same).map_or(0, |at| kept.remove(at).times);
    kept.push(Kept { unix, notice, times: times + 1, unread: true });
    if kept.len() > KEPT {
        kept.remove(0);
    }
}

/// Errors nobody has looked at.
pub fn unread(kept: &[Kept]) -> usize {
    kept.iter().filter(|one| one.unread && one.notice.level == Level::Error).count()
}

/// Where the person reads.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    /// Only the newest error.
    pub newest_error: bool,
    /// The one under the cursor, counted from the newest.
    pub chosen: usize,
    /// It is read whole, from this row on.
    pub whole: Option<usize>,
}

impl Notices {
    /// A key while they are open, of which there are `count`; true: they are to be closed.
    pub fn key(&mut self, key: Key, count: usize) -> bool {
        let last = count.saturating_sub(1);
        if key.code == Code::Char('c') && key.ctrl {
            return true;
        }
        let reading = if self.newest_error { Some(self.whole.unwrap_or(0)) } else { self.whole };
        match (key.code, reading) {
            (Code::Down | Code::Char('j'), Some(top)) => self.whole = Some(top + 1),
            (Code::Up | Code::Char('k'), Some(top)) => self.whole = Some(top.saturating_sub(1)),
            (Code::Esc | Code::Enter | Code::Char('q'), Some(_)) if !self.newest_error => self.whole = None,
            (Code::Esc | Code::Enter | Code::Char('q'), Some(_)) | (Code::Esc | Code::Char('q'), None) => return true,
            (Code::Enter, None) if count > 0 => self.whole = Some(0),
            (Code::Down | Code::Char('j'), None) => self.chosen = (self.chosen + 1).min(last),
            (Code::Up | Code::Char('k'), None) => self.chosen = self.chosen.saturating_sub(1),
            (Code::Home | Code::Char('g'), None) => self.chosen = 0,
            (Code::End | Code::Char('G'), None) => self.chosen = last,
            _ => {}
        }
        false
    }

    /// The cursor goes to a row that was clicked on, where it is a list that is seen.
    pub fn choose(&mut self, row: usize) {
        if !self.newest_error && self.whole.is_none() {
            self.chosen = row;
        }
    }

    /// Draws the list, the newest first, or one of them.
    pub fn draw(&self, kept: &[Kept], look: &Look<'_>, area: Rect, buf: &mut Buffer) -> Drawn {
        let mut shown = kept.iter().rev().filter(|one| !self.newest_error || one.notice.level == Level::Error);
        let wide = area.width.saturating_sub(4).min(110);
        let (title, lines, chosen) = if self.newest_error {
            ("newest error; esc closes", shown.next().map(whole), None)
        } else if self.whole.is_some() {
            ("notice; esc goes back to the list", shown.nth(self.chosen).map(whole), None)
        } else {
            let lines: Vec<Spans> = shown.map(|one| told(one, look)).collect();
            let chosen = (!lines.is_empty()).then_some(self.chosen.min(lines.len().saturating_sub(1)));
            ("notices, the newest first; enter reads one, esc closes", Some(lines).filter(|lines| !lines.is_empty()), chosen)
        };
        let lines = lines.unwrap_or_else(|| vec![plain("nothing was said yet", Role::Dim)]);
        let rows = fold(&lines, wide.saturating_sub(4), chosen.is_none());
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2);
        let place = middle(area, wide, height.min(area.height.saturating_sub(2)));
        let inside = popup::frame(place, title, buf, look.theme);
        let top = match chosen {
            Some(chosen) => scroll(0, chosen, usize::from(inside.height), rows.len()),
            None => self.whole.unwrap_or(0).min(rows.len().saturating_sub(usize::from(inside.height))),
        };
        let rows = popup::list(&rows, top, chosen, inside, buf, look.theme);
        Drawn { cursor: None, spots: chosen.is_some().then_some(rows).into_iter().collect() }
    }
}

/// One line: time, how loud, code, what.
fn told(kept: &Kept, look: &Look<'_>) -> Spans {
    let Notice { level, problem } = &kept.notice;
    let glyph = if *level == Level::Error { look.theme.glyphs().bad } else { " " };
    let times = if kept.times > 1 { format!(" ×{}", kept.times) } else { String::new() };
    let code = if *level == Level::Error || problem.code != "done" { problem.code } else { "" };
    vec![
        (format!("{} ", clock(kept.unix)), Role::Dim),
        (format!("{glyph} "), role(*level)),
        (format!("{code:<22} "), Role::Dim),
        (problem.what.clone(), role(*level)),
        (times, Role::Dim),
    ]
}

/// All of it: what, why, what to do here, and what its code means anywhere.
fn whole(kept: &Kept) -> Vec<Spans> {
    let Notice { level, problem } = &kept.notice;
    let labelled = |label: &str, text: &str, role: Role| vec![(format!("{label:<8}"), Role::Dim), (text.to_owned(), role)];
    let times = if kept.times > 1 { format!(", {} times, the last at", kept.times) } else { " at".to_owned() };
    let mut lines = vec![plain(problem.what.clone(), role(*level)), plain(format!("{}{times} {}", problem.code, clock(kept.unix)), Role::Dim)];
    if !problem.why.is_empty() {
        lines.extend(problem.why.lines().enumerate().map(|(at, line)| labelled(if at == 0 { "cause" } else { "" }, line, Role::Text)));
    }
    lines.extend(problem.hints.iter().enumerate().map(|(at, hint)| labelled(if at == 0 { "to do" } else { "" }, hint, Role::Text)));
    if let Some(known) = explain(problem.code).filter(|known| known.code != "done") {
        lines.push(plain("", Role::Text));
        lines.push(labelled("code", &format!("{}: {}", known.code, known.means), Role::Dim));
        lines.push(labelled("", known.remedy, Role::Dim));
    }
    lines
}

/// `14:04:00Z`.
fn clock(unix: i64) -> String {
    let seconds = unix.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Problem;

    #[test]
    fn the_same_again_is_counted_and_stands_at_its_newest_time() {
        let mut kept = Vec::new();
        let error = |what: &str| Notice::error(Problem::new("cluster.slow", what, ""));
        for (unix, what) in [(1, "a"), (2, "b"), (3, "a")] {
            keep(&mut kept, unix, error(what));
        }
        let told: Vec<(i64, &str, usize)> = kept.iter().map(|one| (one.unix, one.notice.problem.what.as_str(), one.times)).collect();
        assert_eq!(told, [(2, "b", 1), (3, "a", 2)]);
        assert_eq!(unread(&kept), 2);
    }

    #[test]
    fn a_storm_of_one_notice_pushes_no_other_out() {
        let mut kept = Vec::new();
        keep(&mut kept, 0, Notice::info("first"));
        (0..KEPT as i64 * 2).for_each(|unix| keep(&mut kept, unix, Notice::info("storm")));
        assert_eq!((kept.len(), kept[1].times), (2, KEPT * 2));
    }
}
