//! From a key to the frame that answers it, with ten thousand pods in the table. Which frame answers is found afterwards, by showing all frames again.

use std::time::{Duration, Instant};

use super::figures::{Line, median, percentile, span};
use super::process::Served;
use super::pty::Pty;
use super::screen::{COLS, ROWS, cursor_line, linger, open_pods, replay};
use super::{Effort, say};

/// A key as it was pressed.
pub struct Press {
    at: Instant,
    /// The line on which the cursor stands then.
    line: u16,
}

/// What was to be seen in a frame.
pub struct Sight<T> {
    pub at: Instant,
    pub what: T,
}

/// Nothing else happens.
pub fn idle(effort: &Effort) -> Vec<Line> {
    let server = Served::with(&["--pods", "10000", "--still"]);
    vec![cursor(effort, &server, "key → frame, idle", Duration::from_millis(16))]
}

/// A thousand pods change every second.
pub fn under_churn(effort: &Effort) -> Vec<Line> {
    let server = Served::with(&["--pods", "10000", "--churn", "1000"]);
    vec![cursor(effort, &server, "key → frame under 1,000 events per second", Duration::from_millis(33))]
}

/// j and k in no order, at no rhythm.
fn cursor(effort: &Effort, server: &Served, what: &str, gate: Duration) -> Line {
    let mut pty = open_pods(&server.kubeconfig);
    linger(Duration::from_secs(1));
    let count = effort.times(500, 60);
    let presses = moves(&mut pty, &mut Chance(7), Duration::from_millis(50), |_, pressed| pressed < count);
    let answered = answers(&pty, &presses);
    let measured =
        format!("{} p50, {} p99, {} the longest", span(median(&answered)), span(percentile(&answered, 0.99)), span(percentile(&answered, 1.0)));
    let holds = percentile(&answered, 0.99) <= gate && answered.len() == presses.len();
    Line::judged(format!("{what}, p99 of {} keys", presses.len()), span(gate), measured, holds)
}

/// Moves the cursor up and down in the middle of the screen for as long as is wanted; `least` and up to three times that between two keys.
pub fn moves(pty: &mut Pty, chance: &mut Chance, least: Duration, mut more: impl FnMut(&Pty, usize) -> bool) -> Vec<Press> {
    let mut line = cursor_line(&pty.picture()).expect("a cursor");
    let mut presses = Vec::new();
    let span = 2 * u64::try_from(least.as_millis()).expect("a short time") + 1;
    while more(pty, presses.len()) {
        linger(least + Duration::from_millis(chance.below(span)));
        let down = if line < 6 {
            true
        } else if line > ROWS - 6 {
            false
        } else {
            chance.below(2) == 0
        };
        line = if down { line + 1 } else { line - 1 };
        let at = Instant::now();
        pty.send(if down { "j" } else { "k" });
        presses.push(Press { at, line });
    }
    linger(Duration::from_secs(1));
    presses
}

/// How long each of them waited for its frame; those that never got one are told and left out.
pub fn answers(pty: &Pty, presses: &[Press]) -> Vec<Duration> {
    let mut sights = Vec::new();
    replay(pty, |frame, screen| sights.extend(cursor_line(screen).map(|what| Sight { at: frame.at, what })));
    let answered: Vec<Duration> = (0..presses.len()).filter_map(|at| answer(&presses[at..], &sights)).collect();
    if answered.len() < presses.len() {
        say(&format!("  {} keys were never answered", presses.len() - answered.len()));
    }
    answered
}

/// The time to the first frame in which the first of these keys was done, or it and those after it that had been pressed by then.
fn answer(presses: &[Press], sights: &[Sight<u16>]) -> Option<Duration> {
    let begun = presses.first()?.at;
    let done = |sight: &&Sight<u16>| presses.iter().take_while(|press| press.at <= sight.at).any(|press| press.line == sight.what);
    sights.iter().skip_while(|sight| sight.at < begun).find(done).map(|sight| sight.at - begun)
}

/// Letters of a filter: until both the letter and the rows that pass are seen.
pub fn filter(effort: &Effort) -> Vec<Line> {
    let server = Served::with(&["--pods", "10000", "--still"]);
    let mut pty = open_pods(&server.kubeconfig);
    linger(Duration::from_secs(1));
    vec![letters(effort, &mut pty, "filter key → frame at 10,000 rows", Duration::from_millis(10))]
}

/// Types filters letter by letter.
pub fn letters(effort: &Effort, pty: &mut Pty, what: &str, gate: Duration) -> Line {
    let mut chance = Chance(11);
    let mut presses: Vec<Instant> = Vec::new();
    for word in ["bulk-0042", "running", "node-02", "!web 77", "cart|search", "app-9"].repeat(effort.times(4, 1)) {
        rest(pty, "/");
        for letter in word.chars() {
            linger(Duration::from_millis(100 + chance.below(101)));
            presses.push(Instant::now());
            pty.send(letter.to_string());
        }
        rest(pty, "\r");
        rest(pty, "\x1b");
    }
    let mut sights = Vec::new();
    replay(pty, |frame, screen| sights.push(Sight { at: frame.at, what: told(screen) }));
    let ends = presses.iter().skip(1).copied().chain([*presses.last().expect("keys were pressed") + Duration::from_millis(200)]);
    let answered: Vec<Duration> =
        presses.iter().zip(ends).filter_map(|(from, to)| settled(&sights, *from, to.min(*from + Duration::from_millis(200)))).collect();
    let (middle, worst) = (median(&answered), percentile(&answered, 0.99));
    let measured = format!("{} median, {} p99 of {}", span(middle), span(worst), answered.len());
    Line::judged(what, span(gate), measured, middle <= gate && answered.len() == presses.len())
}

fn rest(pty: &mut Pty, keys: &str) {
    linger(Duration::from_millis(250));
    pty.send(keys);
    linger(Duration::from_millis(250));
}

/// Line 2 and what is typed.
fn told(screen: &vt100::Screen) -> (String, String) {
    let line = |row| screen.rows(0, COLS).nth(row).unwrap_or_default();
    (line(1), line(usize::from(ROWS) - 1))
}

/// The time until what is told is what stays.
pub fn settled<T: PartialEq>(sights: &[Sight<T>], from: Instant, to: Instant) -> Option<Duration> {
    let within: Vec<&Sight<_>> = sights.iter().filter(|sight| sight.at >= from && sight.at < to).collect();
    let last = within.last()?;
    within.iter().find(|sight| sight.what == last.what).map(|sight| sight.at - from)
}

/// Numbers in no order that are the same every time (Lehmer, with Park and Miller's constants).
pub struct Chance(pub u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        self.0 % limit
    }
}
