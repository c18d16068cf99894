//! Text for the clipboard of the person's terminal, as bytes: OSC 52 (xterm, Operating System Commands), which goes through SSH.

use base64::Engine;

/// Asks the terminal to take a text into its clipboard. Whether it does is not answered. tmux takes such a request itself only with `set-clipboard on` and
/// hands a wrapped one to the terminal outside with `allow-passthrough on`, so inside tmux both are sent; setting the same text twice does no harm.
pub fn offer(text: &str, tmux: bool) -> Vec<u8> {
    let request = format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text));
    let through = if tmux { format!("\x1bPtmux;{}\x1b\\", request.replace('\x1b', "\x1b\x1b")) } else { String::new() };
    (request + &through).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_tmux_the_terminal_outside_is_asked_too() {
        assert_eq!(offer("hi", false), b"\x1b]52;c;aGk=\x07");
        // tmux(1), allow-passthrough: escapes inside the wrapping are doubled.
        assert_eq!(offer("hi", true), b"\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\");
    }
}
