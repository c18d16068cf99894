//! The characters that carry meaning, once for terminals that draw Unicode and once for those that do not.

/// One character for each meaning.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Failed.
    pub bad: &'static str,
    /// Somebody should look.
    pub warn: &'static str,
    /// On its way.
    pub progress: &'static str,
    /// Not known.
    pub unknown: &'static str,
    /// The row under the cursor.
    pub cursor: &'static str,
    /// A marked row.
    pub mark: &'static str,
    /// A row that came a moment ago.
    pub added: &'static str,
    /// One that changed.
    pub changed: &'static str,
    /// One that is gone.
    pub gone: &'static str,
    /// A piece of a horizontal rule.
    pub rule: &'static str,
    /// A piece of a vertical rule.
    pub side: &'static str,
    /// Something was cut off here.
    pub cut: &'static str,
    /// Sorted, largest last.
    pub ascending: &'static str,
    /// Sorted, largest first.
    pub descending: &'static str,
    /// More above.
    pub above: &'static str,
    /// More below.
    pub below: &'static str,
    /// More to the left.
    pub left: &'static str,
    /// More to the right.
    pub right: &'static str,
    /// A branch of a tree, and its last one.
    pub branches: [&'static str; 2],
    /// A trunk beside other branches.
    pub trunk: &'static str,
    /// Eight heights of a bar, lowest first.
    pub heights: [&'static str; 8],
    /// Eight levels of a line of single characters, lowest first.
    pub levels: [&'static str; 8],
    /// Eight lengths of a bar, shortest first.
    pub lengths: [&'static str; 8],
    /// A limit, or where something ends.
    pub limit: &'static str,
    /// A piece of a horizontal line that others are held against.
    pub base: &'static str,
    /// A line where there is no braille.
    pub line: &'static str,
    /// One value of a chart.
    pub point: &'static str,
    /// The value under the cursor.
    pub here: &'static str,
    /// The median in a box.
    pub median: &'static str,
    /// The inside of a box.
    pub filled: &'static str,
    /// The inside of a band.
    pub shade: &'static str,
    /// Both ends of an interval.
    pub ends: [&'static str; 2],
    /// A vertical line through a row.
    pub upright: &'static str,
    /// Where two axes meet.
    pub cross: &'static str,
    /// It rises from here on.
    pub rises: &'static str,
    /// It falls from here on.
    pub falls: &'static str,
    /// All is well.
    pub good: &'static str,
    /// Whether lines may be drawn in braille.
    pub braille: bool,
}

/// For terminals that draw Unicode.
pub const UNICODE: Glyphs = Glyphs {
    bad: "✗",
    warn: "▲",
    progress: "◐",
    unknown: "?",
    cursor: "▌",
    mark: "■",
    added: "+",
    changed: "Δ",
    gone: "-",
    rule: "─",
    side: "▏",
    cut: "…",
    ascending: "↑",
    descending: "↓",
    above: "▴",
    below: "▾",
    left: "◂",
    right: "▸",
    branches: ["├─", "└─"],
    trunk: "│ ",
    heights: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    lengths: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
    limit: "┊",
    base: "╌",
    line: "·",
    point: "●",
    here: "◆",
    median: "█",
    filled: "▒",
    shade: "░",
    ends: ["├", "┤"],
    upright: "│",
    cross: "┼",
    rises: "▲",
    falls: "▼",
    good: "✓",
    braille: true,
};

/// For terminals that do not.
pub const ASCII: Glyphs = Glyphs {
    bad: "X",
    warn: "!",
    progress: "~",
    unknown: "?",
    cursor: ">",
    mark: "*",
    added: "+",
    changed: "%",
    gone: "-",
    rule: "-",
    side: "|",
    cut: "~",
    ascending: "^",
    descending: "v",
    above: "^",
    below: "v",
    left: "<",
    right: ">",
    branches: ["|-", "`-"],
    trunk: "| ",
    heights: [".", ".", ":", ":", "+", "+", "#", "#"],
    levels: [" ", ".", ":", "-", "=", "+", "*", "#"],
    lengths: [" ", " ", " ", "-", "-", "-", "=", "#"],
    limit: ":",
    base: "=",
    line: ".",
    point: "o",
    here: "x",
    median: "O",
    filled: "#",
    shade: ":",
    ends: ["|", "|"],
    upright: "|",
    cross: "+",
    rises: "^",
    falls: "v",
    good: "+",
    braille: false,
};
