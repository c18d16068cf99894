//! SVG to PNG, for screenshots. Fonts are given, never looked for: pictures must not depend on the machine.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use crate::names::Problem;

/// Pixels a unit of the SVG: whole, so that lines stay sharp.
pub const SCALE: u32 = 2;

/// Draws a document with these fonts (TrueType or OpenType files). The first one stands in for families that are missing.
///
/// # Errors
/// The document is no SVG, or a side of it is empty or too long to be drawn.
pub fn to_png(svg: &str, fonts: &[Vec<u8>]) -> Result<Vec<u8>, Problem> {
    let failed = |why: String| Problem::new("picture.png", "the picture cannot be drawn as PNG", why);
    let tree = Tree::from_str(svg, &options(fonts)).map_err(|error| failed(error.to_string()))?;
    let size = tree.size().to_int_size();
    let (width, height) = (size.width().saturating_mul(SCALE), size.height().saturating_mul(SCALE));
    let mut pixmap = Pixmap::new(width, height).ok_or_else(|| failed(format!("{width}×{height} pixels are too many")))?;
    let scale = SCALE as f32;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| failed(error.to_string()))
}

fn options(fonts: &[Vec<u8>]) -> Options<'static> {
    let mut database = Database::new();
    for font in fonts {
        database.load_font_data(font.clone());
    }
    let family = database.faces().next().and_then(|face| face.families.first()).map(|(name, _)| name.clone());
    if let Some(family) = family {
        database.set_monospace_family(family);
    }
    Options { fontdb: Arc::new(database), ..Options::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Grid, Palette, Style};

    #[test]
    fn lines_are_drawn_to_the_pixel() {
        let mut grid = Grid::new(2, 1);
        grid.write(0, 0, "──", Style { fg: Some((255, 0, 0)), ..Style::default() });
        let png = to_png(&grid.to_svg(&Palette { text: (0, 0, 0), ground: (0, 0, 0) }), &[]).unwrap();
        let pixels = Pixmap::decode_png(&png).unwrap();
        assert_eq!((pixels.width(), pixels.height()), (44 * SCALE, 44 * SCALE));
        let red = |x: u32, y: u32| pixels.pixel(x, y).unwrap().red();
        // The margin is 12 units; the line lies 9 units below the upper side of its cell and is one unit thick.
        let line: Vec<_> = (0..88).filter(|y| red(44, *y) > 0).map(|y| (y, red(44, y))).collect();
        assert_eq!(line, [(42, 255), (43, 255)]);
        assert_eq!((red(23, 42), red(24, 42), red(63, 42), red(64, 42)), (0, 255, 255, 0));
    }

    #[test]
    fn what_is_no_svg_is_a_problem() {
        assert_eq!(to_png("<nothing", &[]).unwrap_err().code, "picture.png");
    }
}
