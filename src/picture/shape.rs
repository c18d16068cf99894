//! Box lines, blocks and braille as rectangles in whole units, so that they meet across cells in any font and at any
//! whole scale. What is not of these ranges of Unicode (2500–259F, 2800–28FF), and diagonals, is left to the font.

/// Width of a cell, in units.
pub const WIDTH: u32 = 10;
/// Height of a cell, in units.
pub const HEIGHT: u32 = 20;

/// A part of a symbol, relative to the upper left corner of its cell, in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A filled rectangle.
    Fill {
        /// From the left.
        x: u32,
        /// From above.
        y: u32,
        /// Width.
        w: u32,
        /// Height.
        h: u32,
    },
    /// The whole cell at so many quarters of its colour.
    Shade(u32),
    /// A light line from one side to a neighbouring one, rounded.
    Arc {
        /// It leaves downwards, not upwards.
        down: bool,
        /// It leaves to the right, not to the left.
        right: bool,
    },
}

/// The parts of a symbol, or nothing if the font has to draw it.
pub fn parts(symbol: &str) -> Option<Vec<Part>> {
    let mut chars = symbol.chars();
    let (Some(symbol), None) = (chars.next(), chars.next()) else { return None };
    let code = u32::from(symbol);
    match code {
        0x2504..=0x250b | 0x254c..=0x254f => Some(dashes(code)),
        0x256d..=0x2570 => Some(vec![Part::Arc { down: code < 0x256f, right: matches!(code, 0x256d | 0x2570) }]),
        0x2571..=0x2573 => None,
        0x2500..=0x257f => Some(lines(arms(code - 0x2500))),
        0x2580..=0x259f => Some(block(code)),
        0x2800..=0x28ff => Some(braille(code - 0x2800)),
        _ => None,
    }
}

fn fill(x: u32, y: u32, w: u32, h: u32) -> Part {
    Part::Fill { x, y, w, h }
}

/// Weights of the four arms of U+2500–257F, up right down left: 0 none, 1 light, 2 heavy, 3 double. From the names in the Unicode Character Database.
const ARMS: [&str; 8] = [
    "0101 0202 1010 2020 0000 0000 0000 0000 0000 0000 0000 0000 0110 0210 0120 0220",
    "0011 0012 0021 0022 1100 1200 2100 2200 1001 1002 2001 2002 1110 1210 2110 1120",
    "2120 2210 1220 2220 1011 1012 2011 1021 2021 2012 1022 2022 0111 0112 0211 0212",
    "0121 0122 0221 0222 1101 1102 1201 1202 2101 2102 2201 2202 1111 1112 1211 1212",
    "2111 1121 2121 2112 2211 1122 1221 2212 1222 2122 2221 2222 0000 0000 0000 0000",
    "0303 3030 0310 0130 0330 0013 0031 0033 1300 3100 3300 1003 3001 3003 1310 3130",
    "3330 1013 3031 3033 0313 0131 0333 1303 3101 3303 1313 3131 3333 0000 0000 0000",
    "0000 0000 0000 0000 0001 1000 0100 0010 0002 2000 0200 0020 0201 1020 0102 2010",
];

const HEAVY: u8 = 2;
const DOUBLE: u8 = 3;

fn arms(index: u32) -> [u8; 4] {
    let (line, at) = (index / 16, (index % 16 * 5) as usize);
    let digits = ARMS.get(line as usize).and_then(|line| line.as_bytes().get(at..at + 4)).unwrap_or(b"0000");
    [0, 1, 2, 3].map(|arm| digits[arm] - b'0')
}

/// Where lines lie across one axis: from, to.
struct Band {
    light: (u32, u32),
    heavy: (u32, u32),
    double: (u32, u32),
    end: u32,
}

const ACROSS: Band = Band { light: (4, 5), heavy: (4, 6), double: (3, 6), end: WIDTH };
const DOWN: Band = Band { light: (9, 10), heavy: (9, 11), double: (8, 11), end: HEIGHT };

fn lines([up, right, down, left]: [u8; 4]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut vertical = |x: (u32, u32), y: (u32, u32)| parts.push(fill(x.0, y.0, x.1 - x.0, y.1 - y.0));
    arm(Arm { own: up, opposite: down, sides: [left, right], high: false }, &ACROSS, &DOWN, &mut vertical);
    arm(Arm { own: down, opposite: up, sides: [left, right], high: true }, &ACROSS, &DOWN, &mut vertical);
    let mut level = |y: (u32, u32), x: (u32, u32)| parts.push(fill(x.0, y.0, x.1 - x.0, y.1 - y.0));
    arm(Arm { own: left, opposite: right, sides: [up, down], high: false }, &DOWN, &ACROSS, &mut level);
    arm(Arm { own: right, opposite: left, sides: [up, down], high: true }, &DOWN, &ACROSS, &mut level);
    parts
}

/// One arm of a crossing, seen along itself: towards the beginning of its axis or towards its end (`high`).
struct Arm {
    own: u8,
    opposite: u8,
    sides: [u8; 2],
    high: bool,
}

fn arm(arm: Arm, thick: &Band, along: &Band, draw: &mut impl FnMut((u32, u32), (u32, u32))) {
    let inner = arm.inner(along);
    let span = |inner: u32| if arm.high { (inner, along.end) } else { (0, inner) };
    match arm.own {
        0 => {}
        DOUBLE => {
            // A double line opens towards a double side line.
            let mouth = if arm.high { along.light.1 } else { along.light.0 };
            let [first, second] = arm.sides.map(|side| span(if side == DOUBLE { mouth } else { inner }));
            draw((thick.double.0, thick.light.0), first);
            draw((thick.light.1, thick.double.1), second);
        }
        HEAVY => draw(thick.heavy, span(inner)),
        _ => draw(thick.light, span(inner)),
    }
}

impl Arm {
    /// How far the arm goes into the crossing: to the far edge of what crosses it, to the near one where a double line passes by.
    fn inner(&self, along: &Band) -> u32 {
        let far = |band: (u32, u32)| if self.high { band.0 } else { band.1 };
        let near = |band: (u32, u32)| if self.high { band.1 } else { band.0 };
        let [a, b] = self.sides;
        if self.sides.contains(&HEAVY) {
            far(along.heavy)
        } else if a != b || self.own == self.opposite {
            far(if self.sides.contains(&DOUBLE) { along.double } else { along.light })
        } else if a == 0 {
            far(along.light)
        } else {
            near(along.light)
        }
    }
}

fn dashes(code: u32) -> Vec<Part> {
    let count = match code {
        0x2504..=0x2507 => 3,
        0x2508..=0x250b => 4,
        _ => 2,
    };
    let (heavy, upright) = (code % 2 == 1, code % 4 >= 2);
    let (thick, length) = if upright { (&ACROSS, HEIGHT) } else { (&DOWN, WIDTH) };
    let (from, to) = if heavy { thick.heavy } else { thick.light };
    let dash = |index: u32| {
        let (start, end) = (length * index / count, length * (index + 1) / count - 1);
        if upright { fill(from, start, to - from, end - start) } else { fill(start, from, end - start, to - from) }
    };
    (0..count).map(dash).collect()
}

fn block(code: u32) -> Vec<Part> {
    let eighths = |count: u32, of: u32| (count * of + 4) / 8;
    match code {
        0x2580 => vec![fill(0, 0, WIDTH, HEIGHT / 2)],
        0x2581..=0x2588 => {
            let height = eighths(code - 0x2580, HEIGHT);
            vec![fill(0, HEIGHT - height, WIDTH, height)]
        }
        0x2589..=0x258f => vec![fill(0, 0, eighths(0x2590 - code, WIDTH), HEIGHT)],
        0x2590 => vec![fill(WIDTH / 2, 0, WIDTH / 2, HEIGHT)],
        0x2591..=0x2593 => vec![Part::Shade(code - 0x2590)],
        0x2594 => vec![fill(0, 0, WIDTH, eighths(1, HEIGHT))],
        0x2595 => vec![fill(WIDTH - eighths(1, WIDTH), 0, eighths(1, WIDTH), HEIGHT)],
        _ => quadrants(code),
    }
}

/// U+2596–259F: which quarters are filled, as bits upper left, upper right, lower left, lower right.
fn quadrants(code: u32) -> Vec<Part> {
    const FILLED: [u32; 10] = [0b0010, 0b0001, 0b1000, 0b1011, 0b1001, 0b1110, 0b1101, 0b0100, 0b0110, 0b0111];
    let bits = FILLED.get((code - 0x2596) as usize).copied().unwrap_or_default();
    let quarter = |index: u32| fill(index % 2 * WIDTH / 2, index / 2 * HEIGHT / 2, WIDTH / 2, HEIGHT / 2);
    (0..4).filter(|index| bits >> (3 - index) & 1 == 1).map(quarter).collect()
}

/// Dots 1 to 8 in their places. All dots are equally far from each other, also across cells.
fn braille(bits: u32) -> Vec<Part> {
    const PLACES: [(u32, u32); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
    let lit = PLACES.iter().enumerate().filter(|(dot, _)| bits >> dot & 1 == 1);
    lit.map(|(_, (col, row))| fill(1 + col * 5, 1 + row * 5, 3, 3)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cell as text, so that it can be looked at.
    fn drawn(symbol: &str) -> Vec<String> {
        let mut rows = vec![vec!['.'; WIDTH as usize]; HEIGHT as usize];
        for part in parts(symbol).unwrap() {
            let Part::Fill { x, y, w, h } = part else { panic!("{part:?}") };
            for row in &mut rows[y as usize..(y + h) as usize] {
                row[x as usize..(x + w) as usize].fill('#');
            }
        }
        rows.into_iter().map(|row| row.into_iter().collect()).collect()
    }

    /// What of a symbol touches the upper, right, lower and left side of its cell.
    fn sides(symbol: &str) -> [String; 4] {
        let rows = drawn(symbol);
        let column = |x: usize| rows.iter().map(|row| row.as_bytes()[x] as char).collect();
        [rows[0].clone(), column(9), rows[19].clone(), column(0)]
    }

    #[test]
    fn lines_meet_their_neighbours_across_every_side() {
        // Light, heavy and double lines: each pair of cells that touch shows the same pixels on both sides of the border.
        for (upper, lower) in [("│", "├"), ("┃", "╂"), ("║", "╠"), ("┼", "┴"), ("╔", "╚"), ("┏", "┗"), ("╤", "╧"), ("╥", "╨"), ("╷", "╵"), ("╻", "╹")]
        {
            assert_eq!(sides(upper)[2], sides(lower)[0], "{upper} over {lower}");
            assert!(sides(upper)[2].contains('#'), "{upper}");
        }
        for (left, right) in [("─", "┤"), ("━", "┿"), ("═", "╣"), ("┌", "┐"), ("╔", "╗"), ("┏", "┓"), ("╞", "╡"), ("╟", "╢"), ("╶", "╴"), ("╺", "╸")]
        {
            assert_eq!(sides(left)[1], sides(right)[3], "{left} before {right}");
            assert!(sides(left)[1].contains('#'), "{left}");
        }
    }

    #[test]
    fn every_arm_reaches_its_side_and_no_other_side_is_touched() {
        for code in (0x2500..0x2580).filter(|code| !matches!(code, 0x2504..=0x250b | 0x254c..=0x254f | 0x256d..=0x2573)) {
            let symbol = char::from_u32(code).unwrap().to_string();
            let touched = sides(&symbol).map(|side| side.contains('#'));
            assert_eq!(touched, arms(code - 0x2500).map(|weight| weight > 0), "{symbol}");
        }
    }

    #[test]
    fn double_lines_stay_open() {
        assert_eq!(&drawn("╔")[8..], [&["...#######"; 1][..], &["...#......"], &["...#.#####"], &["...#.#...."; 9]].concat());
        assert_eq!(&drawn("╬")[7..12], ["...#.#....", "####.#####", "..........", "####.#####", "...#.#...."]);
        assert_eq!(&drawn("╧")[7..12], ["....#.....", "##########", "..........", "##########", ".........."]);
    }

    #[test]
    fn eighths_grow_from_below_and_from_the_left() {
        let heights: Vec<_> = "▁▂▃▄▅▆▇█".chars().map(|c| drawn(&c.to_string()).iter().filter(|row| *row == "##########").count()).collect();
        assert_eq!(heights, [3, 5, 8, 10, 13, 15, 18, 20]);
        let widths: Vec<_> = "▏▎▍▌▋▊▉".chars().map(|c| drawn(&c.to_string())[0].matches('#').count()).collect();
        assert_eq!(widths, [1, 3, 4, 5, 6, 8, 9]);
        assert_eq!(sides("▐").map(|side| side.contains('#')), [true, true, true, false]);
        assert_eq!(sides("▔").map(|side| side.matches('#').count()), [10, 3, 0, 3]);
    }

    #[test]
    fn quadrants_are_those_of_their_names() {
        // Unicode names: upper left, upper right, lower left, lower right.
        let quarters = |symbol: &str| [(0, 0), (0, 9), (19, 0), (19, 9)].map(|(y, x)| drawn(symbol)[y].as_bytes()[x] == b'#');
        assert_eq!(quarters("▖"), [false, false, true, false]);
        assert_eq!(quarters("▛"), [true, true, true, false]);
        assert_eq!(quarters("▚"), [true, false, false, true]);
        assert_eq!(quarters("▟"), [false, true, true, true]);
    }

    #[test]
    fn braille_dots_are_where_unicode_says_and_evenly_spread() {
        // Dots 1-2-3-7 are the left column, 4-5-6-8 the right one.
        let lit = |symbol: &str| -> Vec<_> { parts(symbol).unwrap() };
        assert_eq!(lit("⠀"), []);
        assert_eq!(lit("⡀"), [fill(1, 16, 3, 3)]);
        assert_eq!(lit("⠈"), [fill(6, 1, 3, 3)]);
        assert_eq!(drawn("⣿")[1], ".###..###.");
    }

    #[test]
    fn what_has_no_shape_is_left_to_the_font() {
        for symbol in ["a", "╱", "日", "", "──", "é"] {
            assert_eq!(parts(symbol), None, "{symbol}");
        }
    }
}
