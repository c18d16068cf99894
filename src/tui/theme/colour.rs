//! Colours as written in themes, and the nearest colour where the terminal has fewer.

use ratatui::style::{Color, Style};

use crate::terminal::Depth;

/// How a colour is written.
pub const HOW: &str = "write #rrggbb, a number from 0 to 255, `default`, or a name such as `bright-red`";

const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

const ANSI: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

/// Levels of the 6×6×6 cube of xterm's 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Reads `#rrggbb`, `0`–`255`, `default`, or one of the sixteen names (`red`, `bright-red`).
pub fn parse(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        let value = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let [_, r, g, b] = value.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    if let Ok(index) = text.parse::<u8>() {
        return Some(ANSI.get(usize::from(index)).copied().unwrap_or(Color::Indexed(index)));
    }
    if text == "default" {
        return Some(Color::Reset);
    }
    let (offset, name) = text.strip_prefix("bright-").map_or((0, text), |name| (8, name));
    NAMES.iter().position(|known| *known == name).map(|index| ANSI[index + offset])
}

/// The style with what the terminal can show of it. Bold, underline and reverse stay at every depth; a background
/// that would become the colour of its text is given up.
pub fn fit(mut style: Style, depth: Depth) -> Style {
    let differed = style.fg != style.bg;
    style.fg = style.fg.and_then(|color| nearest(color, depth));
    style.bg = style.bg.and_then(|color| nearest(color, depth));
    if differed && style.fg == style.bg && style.fg != Some(Color::Reset) {
        style.bg = None;
    }
    style
}

fn nearest(color: Color, depth: Depth) -> Option<Color> {
    match (depth, color) {
        (Depth::None, _) => None,
        (Depth::Ansi256, Color::Rgb(r, g, b)) => Some(Color::Indexed(index_256([r, g, b]))),
        (Depth::Ansi16, Color::Rgb(r, g, b)) => Some(ANSI[index_16([r, g, b])]),
        (Depth::Ansi16, Color::Indexed(index)) => Some(ANSI[index_16(rgb_256(index))]),
        _ => Some(color),
    }
}

/// The nearest of the cube and the grey ramp. The first sixteen are left out: every terminal paints them otherwise.
fn index_256(rgb: [u8; 3]) -> u8 {
    (16..=255).min_by_key(|index| distance(rgb, rgb_256(*index))).unwrap_or(16)
}

fn rgb_256(index: u8) -> [u8; 3] {
    match index {
        232.. => [8 + 10 * (index - 232); 3],
        _ => {
            let cube = usize::from(index.saturating_sub(16));
            [CUBE[cube / 36], CUBE[cube / 6 % 6], CUBE[cube % 6]]
        }
    }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> i32 {
    a.iter().zip(b).map(|(a, b)| (i32::from(*a) - i32::from(b)).pow(2)).sum()
}

/// The nearest of the sixteen by hue first: plain distance turns every pastel into grey and so loses what it meant.
fn index_16(rgb: [u8; 3]) -> usize {
    let [r, g, b] = rgb.map(i32::from);
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    let spread = most - least;
    if spread < 48 {
        return [(0, 0), (127, 8), (229, 7), (255, 15)].into_iter().min_by_key(|(grey, _)| (grey - most).abs()).map_or(7, |(_, index)| index);
    }
    let turn = match most {
        _ if most == r => (60 * (g - b) / spread).rem_euclid(360),
        _ if most == g => 120 + 60 * (b - r) / spread,
        _ => 240 + 60 * (r - g) / spread,
    };
    let hue = [1, 3, 2, 6, 4, 5][((turn + 30) / 60 % 6) as usize];
    if most > 208 { hue + 8 } else { hue }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn colours_are_read() {
        for (text, color) in [
            ("#ff8000", Some(Color::Rgb(255, 128, 0))),
            ("red", Some(Color::Red)),
            ("bright-red", Some(Color::LightRed)),
            ("white", Some(Color::Gray)),
            ("bright-black", Some(Color::DarkGray)),
            ("default", Some(Color::Reset)),
            ("9", Some(Color::LightRed)),
            ("208", Some(Color::Indexed(208))),
            ("256", None),
            ("#ff80", None),
            ("#+f8000", None),
            ("rde", None),
        ] {
            assert_eq!(parse(text), color, "{text}");
        }
    }

    #[test]
    fn the_256_are_numbered_as_xterm_numbers_them() {
        // 256colres.pl of xterm: cube from 16, grey ramp 8 + 10 i from 232.
        for (rgb, index) in [
            ([0, 0, 0], 16),
            ([255, 0, 0], 196),
            ([95, 135, 175], 67),
            ([255, 255, 255], 231),
            ([8, 8, 8], 232),
            ([128, 128, 128], 244),
            ([238, 238, 238], 255),
        ] {
            assert_eq!(index_256(rgb), index, "{rgb:?}");
        }
    }

    #[test]
    fn pastels_keep_their_hue_in_sixteen_colours() {
        for (rgb, color) in [
            ([255, 122, 122], Color::LightRed),
            ([179, 38, 30], Color::Red),
            ([127, 216, 143], Color::LightGreen),
            ([124, 183, 255], Color::LightBlue),
            ([122, 82, 0], Color::Yellow),
            ([20, 23, 28], Color::Black),
            ([139, 148, 165], Color::DarkGray),
            ([251, 251, 249], Color::White),
        ] {
            assert_eq!(ANSI[index_16(rgb)], color, "{rgb:?}");
        }
    }

    #[test]
    fn without_colours_bold_stays() {
        let style = Style::new().fg(Color::Red).bg(Color::Blue).bold().underlined();
        assert_eq!(fit(style, Depth::None), Style::new().bold().underlined());
    }

    proptest! {
        #[test]
        fn every_colour_has_a_nearest_one(r: u8, g: u8, b: u8) {
            prop_assert!(index_256([r, g, b]) >= 16);
            prop_assert!(index_16([r, g, b]) < 16);
        }
    }
}
