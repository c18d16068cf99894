//! What things look like: typed roles, read from TOML themes, fitted once to the colours the terminal has.
//! Nothing is drawn here.

pub mod colour;
pub mod glyph;
pub mod role;

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use toml::de::{DeTable, DeValue};

use self::glyph::Glyphs;
pub use self::role::Role;
use crate::terminal::Depth;
use crate::text::fault::{Fault, Source, did_you_mean, written};

/// The embedded themes: name and TOML text.
pub const BUILTIN: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("high-contrast-light", include_str!("../../themes/high-contrast-light.toml")),
    ("ansi16", include_str!("../../themes/ansi16.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// How a theme's name becomes its TOML text.
pub type Find<'a> = &'a dyn Fn(&str) -> Option<&'static str>;

/// The text of an embedded theme.
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A style for every role, and the glyphs to draw with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    styles: [Style; Role::COUNT],
    ascii: bool,
}

impl Theme {
    /// Reads the theme `name`, or the person's file (path and text) over it; the file may name another base with
    /// `inherits`. Colours are fitted to `depth` here and never again. The second half of the result are warnings:
    /// roles and attributes that do not exist.
    ///
    /// # Errors
    /// Syntax errors, unknown themes and colours that cannot be read, each with its line.
    pub fn load(name: &str, find: Find<'_>, user: Option<(&str, &str)>, depth: Depth) -> Result<(Theme, Vec<Fault>), Vec<Fault>> {
        let mut draft = Draft::default();
        match user {
            Some((file, text)) => draft.layer(Source { file, text }, Some(name), find, 0),
            None => draft.base(name, Source { file: name, text: "" }, 0, find, 0),
        }
        let styles = draft.resolve(depth);
        if draft.faults.is_empty() { Ok((Theme { styles, ascii: false }, draft.warnings)) } else { Err(draft.faults) }
    }

    /// The same theme, drawing with ASCII only or not.
    #[must_use]
    pub fn with_ascii(self, ascii: bool) -> Self {
        Self { ascii, ..self }
    }

    /// Only ASCII is drawn.
    pub fn ascii(&self) -> bool {
        self.ascii
    }

    /// How a role looks.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The characters to draw with.
    pub fn glyphs(&self) -> &'static Glyphs {
        if self.ascii { &glyph::ASCII } else { &glyph::UNICODE }
    }
}

/// Layers of a theme, the base first, before colours have their values.
#[derive(Default)]
struct Draft {
    palette: BTreeMap<String, Color>,
    looks: BTreeMap<&'static str, Look>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

/// A role as written: colours still by name, with where they stand.
#[derive(Clone, Default)]
struct Look {
    fg: Option<Named>,
    bg: Option<Named>,
    modifiers: Modifier,
}

#[derive(Clone)]
struct Named {
    name: String,
    unknown: Fault,
}

/// Themes that inherit one another in a circle would never end.
const DEEPEST: usize = 8;

const ATTRIBUTES: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

impl Draft {
    fn base(&mut self, name: &str, asked: Source<'_>, offset: usize, find: Find<'_>, depth: usize) {
        match find(name).filter(|_| depth < DEEPEST) {
            Some(text) => self.layer(Source { file: name, text }, None, find, depth + 1),
            None => {
                let names = || BUILTIN.iter().map(|(name, _)| *name);
                let hint = did_you_mean(name, names()).unwrap_or_else(|| format!("there are {}", names().collect::<Vec<_>>().join(", ")));
                self.faults.push(asked.fault(offset, format!("there is no theme `{name}`"), Some(hint)));
            }
        }
    }

    fn layer(&mut self, source: Source<'_>, default_base: Option<&str>, find: Find<'_>, depth: usize) {
        let document = match source.parse() {
            Ok(document) => document,
            Err(faults) => return self.faults.extend(faults),
        };
        match document.get("inherits").map(|value| (value.span().start, value.get_ref().as_str())) {
            Some((offset, Some(base))) => self.base(base, source, offset, find, depth),
            Some((offset, None)) => self.faults.push(source.fault(offset, "`inherits` needs a theme's name in quotes", None)),
            None => {
                if let Some(base) = default_base {
                    self.base(base, source, 0, find, depth);
                }
            }
        }
        for (section, offset, value) in written(&document) {
            match (section, value.get_ref()) {
                ("inherits", _) => {}
                ("palette", DeValue::Table(table)) => self.palette(source, table),
                ("roles", DeValue::Table(table)) => self.roles(source, table),
                _ => {
                    let hint = did_you_mean(section, ["inherits", "palette", "roles"]);
                    self.warnings.push(source.fault(offset, format!("`{section}` means nothing in a theme"), hint));
                }
            }
        }
    }

    fn palette(&mut self, source: Source<'_>, table: &DeTable<'_>) {
        for (name, offset, value) in written(table) {
            match value.get_ref().as_str().and_then(colour::parse) {
                Some(color) => {
                    self.palette.insert(name.to_owned(), color);
                }
                None => self.faults.push(source.fault(offset, format!("`{name}` is given no colour"), Some(colour::HOW.to_owned()))),
            }
        }
    }

    fn roles(&mut self, source: Source<'_>, table: &DeTable<'_>) {
        for (name, offset, value) in written(table) {
            let Some(role) = Role::named(name) else {
                let hint = did_you_mean(name, Role::ALL.iter().map(|role| role.name()));
                self.warnings.push(source.fault(offset, format!("`{name}` is no role"), hint));
                continue;
            };
            let look = match value.get_ref() {
                DeValue::String(color) => Look { fg: Some(named(source, value.span().start, color)), ..Look::default() },
                DeValue::Table(attributes) => self.look(source, attributes),
                _ => {
                    self.faults.push(source.fault(offset, format!("`{name}` needs a colour or {{ fg = …, bold = true }}"), None));
                    continue;
                }
            };
            self.looks.insert(role.name(), look);
        }
    }

    fn look(&mut self, source: Source<'_>, attributes: &DeTable<'_>) -> Look {
        let mut look = Look::default();
        for (attribute, offset, value) in written(attributes) {
            let modifier = ATTRIBUTES.iter().find(|(name, _)| *name == attribute).map(|(_, modifier)| *modifier);
            match (attribute, modifier, value.get_ref()) {
                ("fg", _, DeValue::String(color)) => look.fg = Some(named(source, value.span().start, color)),
                ("bg", _, DeValue::String(color)) => look.bg = Some(named(source, value.span().start, color)),
                (_, Some(modifier), DeValue::Boolean(on)) => look.modifiers.set(modifier, *on),
                _ => {
                    let known = ["fg", "bg"].into_iter().chain(ATTRIBUTES.iter().map(|(name, _)| *name));
                    let hint = did_you_mean(attribute, known).filter(|hint| !hint.contains(&format!("`{attribute}`")));
                    self.warnings.push(source.fault(offset, format!("`{attribute}` with this value means nothing in a role"), hint));
                }
            }
        }
        look
    }

    fn resolve(&mut self, depth: Depth) -> [Style; Role::COUNT] {
        let mut styles = [Style::new(); Role::COUNT];
        for role in Role::ALL {
            let Some(look) = self.looks.get(role.name()).cloned() else { continue };
            let mut style = Style::new().add_modifier(look.modifiers);
            style.fg = look.fg.and_then(|named| self.colour(named));
            style.bg = look.bg.and_then(|named| self.colour(named));
            styles[*role as usize] = colour::fit(style, depth);
        }
        styles
    }

    fn colour(&mut self, named: Named) -> Option<Color> {
        let color = self.palette.get(&named.name).copied().or_else(|| colour::parse(&named.name));
        if color.is_none() {
            let mut fault = named.unknown;
            fault.hint = Some(did_you_mean(&named.name, self.palette.keys().map(String::as_str)).unwrap_or_else(|| colour::HOW.to_owned()));
            self.faults.push(fault);
        }
        color
    }
}

fn named(source: Source<'_>, offset: usize, name: &str) -> Named {
    Named { name: name.to_owned(), unknown: source.fault(offset, format!("`{name}` is no colour"), None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPTHS: &[Depth] = &[Depth::None, Depth::Ansi16, Depth::Ansi256, Depth::True];

    fn over_dark(text: &str) -> Result<(Theme, Vec<Fault>), Vec<Fault>> {
        Theme::load("dark", &builtin, Some(("my.toml", text)), Depth::True)
    }

    #[test]
    fn every_builtin_has_every_role_and_no_more() {
        for (name, text) in BUILTIN {
            let mut draft = Draft::default();
            draft.layer(Source { file: name, text }, None, &builtin, 0);
            assert!(draft.faults.is_empty() && draft.warnings.is_empty(), "{name}: {:?} {:?}", draft.faults, draft.warnings);
            for role in Role::ALL {
                assert!(draft.looks.contains_key(role.name()), "{name} lacks {}", role.name());
            }
        }
    }

    #[test]
    fn every_builtin_loads_at_every_depth_and_hides_no_text() {
        for (name, _) in BUILTIN {
            for depth in DEPTHS {
                let (theme, warnings) = Theme::load(name, &builtin, None, *depth).expect(name);
                assert!(warnings.is_empty());
                for role in Role::ALL {
                    let style = theme.style(*role);
                    assert!(style.fg.is_none() || style.fg == Some(Color::Reset) || style.fg != style.bg, "{name} {depth:?} {}", role.name());
                    assert!(allowed(style.fg, *depth) && allowed(style.bg, *depth), "{name} {depth:?} {} {style:?}", role.name());
                }
            }
        }
    }

    fn allowed(color: Option<Color>, depth: Depth) -> bool {
        match (color, depth) {
            (None | Some(Color::Reset), _) | (_, Depth::True) => true,
            (Some(_), Depth::None) => false,
            (Some(Color::Rgb(..)), _) => false,
            (Some(Color::Indexed(_)), depth) => depth == Depth::Ansi256,
            _ => true,
        }
    }

    /// WCAG 2.1, success criterion 1.4.3: text needs a contrast of 4.5 : 1; 1.4.11: graphics need 3 : 1.
    #[test]
    fn text_has_contrast_in_the_full_colour_themes() {
        for name in ["dark", "light"] {
            let (theme, _) = Theme::load(name, &builtin, None, Depth::True).expect(name);
            let Some(page) = theme.style(Role::Text).bg else { panic!("{name} has a page colour") };
            for role in Role::ALL.iter().filter(|role| !matches!(role, Role::Border | Role::ChartAxis)) {
                let style = theme.style(*role);
                let Some(fg) = style.fg else { continue };
                let least = if role.name().starts_with("chart") { 3.0 } else { 4.5 };
                let found = contrast(fg, style.bg.unwrap_or(page));
                assert!(found >= least, "{name} {}: {found:.1}", role.name());
            }
            let cursor = theme.style(Role::Cursor).bg.expect("a bar");
            for role in [Role::Text, Role::StatusBad, Role::StatusWarn, Role::StatusProgress, Role::Stale, Role::Match] {
                let found = contrast(theme.style(role).fg.expect("a colour"), cursor);
                assert!(found >= 4.5, "{name} {} on the cursor: {found:.1}", role.name());
            }
        }
    }

    /// WCAG 2.1, success criterion 1.4.6: enhanced contrast is 7 : 1. Rules and axes too; on pages, bars and pop-ups.
    #[test]
    fn everything_has_much_contrast_in_the_high_contrast_themes() {
        for name in ["high-contrast", "high-contrast-light"] {
            let (theme, _) = Theme::load(name, &builtin, None, Depth::True).expect(name);
            let page = theme.style(Role::Text).bg.expect("a page");
            for role in Role::ALL {
                let style = theme.style(*role);
                let Some(fg) = style.fg else { continue };
                let grounds = match style.bg {
                    Some(own) => vec![own],
                    // What has no ground of its own stands on a page, on the bar of line 1, or on a pop-up.
                    None => vec![page, theme.style(Role::Bar).bg.expect("a bar"), theme.style(Role::Popup).bg.expect("a page")],
                };
                for ground in grounds {
                    let found = contrast(fg, ground);
                    assert!(found >= 7.0, "{name} {} on {ground:?}: {found:.2}", role.name());
                }
            }
            assert!(theme.style(Role::Cursor).add_modifier.contains(Modifier::REVERSED));
        }
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(color: Color) -> f64 {
        let Color::Rgb(r, g, b) = color else { panic!("{color:?} is no RGB colour") };
        let linear = |channel: u8| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    #[test]
    fn meaning_survives_without_colours() {
        let (theme, _) = Theme::load("dark", &builtin, None, Depth::None).expect("loads");
        for role in [Role::Protected, Role::ReadOnly, Role::Sandbox, Role::ButtonFocus, Role::Selected, Role::Match, Role::Cursor] {
            assert!(!theme.style(role).add_modifier.is_empty(), "{}", role.name());
        }
    }

    #[test]
    fn a_persons_palette_recolours_what_is_inherited() {
        let (theme, warnings) = over_dark("[palette]\nred = \"#010203\"\n[roles]\n\"ui.text\" = \"red\"\n").expect("loads");
        assert_eq!(warnings, []);
        assert_eq!(theme.style(Role::StatusBad).fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(theme.style(Role::Text), Style::new().fg(Color::Rgb(1, 2, 3)));
    }

    #[test]
    fn another_base_can_be_inherited() {
        let (theme, _) = over_dark("inherits = \"mono\"\n").expect("loads");
        assert_eq!(theme, Theme::load("mono", &builtin, None, Depth::True).expect("loads").0);
    }

    #[test]
    fn what_does_not_exist_is_a_warning_with_its_line() {
        let (_, warnings) = over_dark("\n[roles]\n\"ui.txt\" = \"red\"\n\"ui.dim\" = { fg = \"red\", blod = true }\n[rolse]\n").expect("loads");
        let told: Vec<String> = warnings.iter().map(Fault::to_string).collect();
        assert_eq!(
            told,
            [
                "my.toml:3: `ui.txt` is no role; did you mean `ui.text`?",
                "my.toml:4: `blod` with this value means nothing in a role; did you mean `bold`?",
                "my.toml:5: `rolse` means nothing in a theme; did you mean `roles`?",
            ]
        );
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error_with_its_line() {
        for (text, told) in [
            ("inherits = \"drak\"", "my.toml:1: there is no theme `drak`; did you mean `dark`?"),
            ("[roles]\n\"ui.text\" = \"rde\"", "my.toml:2: `rde` is no colour; did you mean `red`?"),
            (
                "[palette]\nx = 3",
                "my.toml:2: `x` is given no colour; write #rrggbb, a number from 0 to 255, `default`, or a name such as `bright-red`",
            ),
        ] {
            let faults = over_dark(text).expect_err(text);
            assert_eq!(faults.iter().map(Fault::to_string).collect::<Vec<_>>(), [told]);
        }
        assert!(Theme::load("nothing", &builtin, None, Depth::True).is_err());
    }

    #[test]
    fn themes_that_inherit_in_a_circle_end() {
        assert!(Theme::load("a", &|_| Some("inherits = \"a\""), None, Depth::True).is_err());
    }
}
