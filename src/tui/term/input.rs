//! Bytes from any reader to events: UTF-8, control keys, CSI and SS3 sequences, bracketed paste, reports of the mouse; rejoined however they were split.
//! Knows no terminal.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::key::{Code, Event, Key, Mouse, Pointing};

/// Longest paste kept, in bytes; the rest of it is dropped.
pub const LONGEST_PASTE: usize = 1 << 20;

const PASTE_BEGIN: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";
/// A sequence longer than this is none.
const LONGEST_SEQUENCE: usize = 64;
/// Bytes of a report of the mouse as X10 had them: `ESC [ M`, button, column, row.
const X10_REPORT: usize = 6;

/// The parser without a reader. Feed it, then take events until there are none.
#[derive(Debug, Default)]
pub struct Parser {
    waiting: Vec<u8>,
    paste: Option<Vec<u8>>,
    events: VecDeque<Event>,
}

/// What the front of the waiting bytes is.
enum Front {
    /// So many bytes are this key.
    Key(usize, Key),
    /// So many bytes mean nothing to us.
    Noise(usize),
    /// So many bytes are this report of the mouse.
    Mouse(usize, Mouse),
    /// A paste begins after so many bytes.
    Paste(usize),
    /// More bytes decide.
    Unfinished,
}

impl Parser {
    /// Takes bytes in.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        while !self.waiting.is_empty() {
            if self.paste.is_some() {
                if !self.take_paste() {
                    return;
                }
                continue;
            }
            match front(&self.waiting) {
                Front::Key(length, key) => self.take(length, Some(Event::Key(key))),
                Front::Mouse(length, mouse) => self.take(length, Some(Event::Mouse(mouse))),
                Front::Noise(length) => self.take(length, None),
                Front::Paste(length) => {
                    self.take(length, None);
                    self.paste = Some(Vec::new());
                }
                Front::Unfinished => return,
            }
        }
    }

    /// The oldest event not taken yet.
    pub fn take_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Bytes wait for the rest of their sequence: if none comes within the gap, call [`Parser::expire`].
    pub fn pending(&self) -> bool {
        !self.waiting.is_empty() && self.paste.is_none()
    }

    /// The rest did not come: a lone Esc is the key, anything else is its bytes one by one.
    pub fn expire(&mut self) {
        if self.waiting.first() == Some(&0x1b) {
            self.take(1, Some(Event::Key(key(Code::Esc))));
        } else {
            self.waiting.clear();
        }
        let rest = std::mem::take(&mut self.waiting);
        self.feed(&rest);
    }

    fn take(&mut self, length: usize, event: Option<Event>) {
        self.waiting.drain(..length.min(self.waiting.len()));
        self.events.extend(event);
    }

    /// Moves what has come into the paste; true when its end was among it.
    fn take_paste(&mut self) -> bool {
        let Some(paste) = &mut self.paste else { return true };
        let end = memchr::memmem::find(&self.waiting, PASTE_END);
        // The last bytes may be the beginning of the end.
        let length = end.unwrap_or_else(|| self.waiting.len().saturating_sub(PASTE_END.len() - 1));
        let room = LONGEST_PASTE.saturating_sub(paste.len());
        paste.extend(self.waiting.drain(..length).take(room));
        if end.is_some() {
            self.waiting.drain(..PASTE_END.len());
            let bytes = self.paste.take().unwrap_or_default();
            self.events.push_back(Event::Paste(String::from_utf8_lossy(&bytes).into_owned()));
        }
        end.is_some()
    }
}

fn key(code: Code) -> Key {
    Key { code, ctrl: false, alt: false, shift: false }
}

fn front(bytes: &[u8]) -> Front {
    match bytes {
        [0x1b] => Front::Unfinished,
        [0x1b, b'[', ..] => csi(bytes),
        [0x1b, b'O'] => Front::Unfinished,
        [0x1b, b'O', last, ..] => final_letter(*last).map_or(Front::Noise(3), |code| Front::Key(3, key(code))),
        [0x1b, 0x1b, ..] => Front::Key(1, key(Code::Esc)),
        [0x1b, rest @ ..] => match plain(rest) {
            Front::Key(length, inner) => Front::Key(length + 1, Key { alt: true, ..inner }),
            Front::Noise(length) => Front::Noise(length + 1),
            other => other,
        },
        _ => plain(bytes),
    }
}

/// Anything that is no escape sequence.
fn plain(bytes: &[u8]) -> Front {
    let Some(first) = bytes.first().copied() else { return Front::Unfinished };
    let control = |letter: u8| Front::Key(1, Key { ctrl: true, ..key(Code::Char(char::from(letter))) });
    match first {
        b'\r' | b'\n' => Front::Key(1, key(Code::Enter)),
        b'\t' => Front::Key(1, key(Code::Tab)),
        0x7f | 0x08 => Front::Key(1, key(Code::Backspace)),
        0x00 => control(b' '),
        0x01..=0x1a => control(first + 0x60),
        0x1c..=0x1f => control(first + 0x40),
        0x20..=0x7e => Front::Key(1, key(Code::Char(char::from(first)))),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Front {
    let head = &bytes[..bytes.len().min(4)];
    match std::str::from_utf8(head) {
        Ok(text) => first_char(text),
        Err(error) if error.valid_up_to() > 0 => std::str::from_utf8(&head[..error.valid_up_to()]).map_or(Front::Noise(1), first_char),
        Err(error) if error.error_len().is_none() => Front::Unfinished,
        Err(_) => Front::Noise(1),
    }
}

fn first_char(text: &str) -> Front {
    match text.chars().next() {
        Some(c) if c.is_control() => Front::Noise(c.len_utf8()),
        Some(c) => Front::Key(c.len_utf8(), key(Code::Char(c))),
        None => Front::Unfinished,
    }
}

/// ECMA-48 control sequences: parameters, then one final byte.
fn csi(bytes: &[u8]) -> Front {
    // A terminal that knows only X10's reports of the mouse: three bytes follow, which must not be taken for keys.
    if bytes.get(2) == Some(&b'M') {
        return if bytes.len() < X10_REPORT { Front::Unfinished } else { Front::Noise(X10_REPORT) };
    }
    // What ends a sequence must not depend on how much of the rest has come.
    let inside = |byte: &u8| (0x20..=0x3f).contains(byte);
    let end = 2 + bytes[2..].iter().take(LONGEST_SEQUENCE).take_while(|byte| inside(byte)).count();
    match bytes.get(end) {
        None => return Front::Unfinished,
        Some(0x40..=0x7e) => {}
        Some(_) => return Front::Noise(end),
    }
    let length = end + 1;
    if bytes[..length] == *PASTE_BEGIN {
        return Front::Paste(length);
    }
    let text = String::from_utf8_lossy(&bytes[2..end]).into_owned();
    if let Some(numbers) = text.strip_prefix('<') {
        return mouse(numbers, bytes[end]).map_or(Front::Noise(length), |mouse| Front::Mouse(length, mouse));
    }
    let mut numbers = text.split(';').map(|number| number.split(':').next().unwrap_or_default().parse::<u32>().unwrap_or(0));
    let (first, modifiers) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(1));
    let code = match bytes[end] {
        b'~' => tilde(first),
        b'u' => char::from_u32(first).map(kitty),
        b'Z' => Some(Code::BackTab),
        letter => final_letter(letter),
    };
    code.map_or(Front::Noise(length), |code| Front::Key(length, modified(code, modifiers)))
}

/// xterm's SGR reports (1006): button, column and row from 1; `M` presses, `m` releases. Shift, meta and control add 4, 8 and 16, a movement 32.
fn mouse(numbers: &str, last: u8) -> Option<Mouse> {
    let mut numbers = numbers.split(';').map(|number| number.parse::<u16>().ok());
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let what = match (button & !0b1_1100, last) {
        (0, b'M') => Pointing::Press,
        (64, b'M') => Pointing::WheelUp,
        (65, b'M') => Pointing::WheelDown,
        _ => return None,
    };
    Some(Mouse { what, column: column.checked_sub(1)?, row: row.checked_sub(1)? })
}

/// xterm's modifiers: one more than the sum of shift 1, alt 2, control 4.
fn modified(code: Code, modifiers: u32) -> Key {
    let bits = modifiers.saturating_sub(1);
    let is_char = matches!(code, Code::Char(_));
    Key { code, shift: bits & 1 != 0 && !is_char, alt: bits & 2 != 0, ctrl: bits & 4 != 0 }
}

fn kitty(c: char) -> Code {
    match c {
        '\r' => Code::Enter,
        '\t' => Code::Tab,
        '\u{1b}' => Code::Esc,
        '\u{7f}' => Code::Backspace,
        c => Code::Char(c),
    }
}

fn final_letter(letter: u8) -> Option<Code> {
    Some(match letter {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'P' => Code::F(1),
        b'Q' => Code::F(2),
        b'R' => Code::F(3),
        b'S' => Code::F(4),
        _ => return None,
    })
}

/// The numbers of the VT220's editing keypad and function keys.
fn tilde(number: u32) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(u8::try_from(number - 10).ok()?),
        17..=21 => Code::F(u8::try_from(number - 11).ok()?),
        23..=24 => Code::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// A parser over a reader.
pub struct Input<R> {
    reader: R,
    parser: Parser,
    gap: Duration,
    buffer: Box<[u8; 4096]>,
}

impl<R: AsyncRead + Unpin> Input<R> {
    /// `gap`: how long the pieces of one sequence may be apart.
    pub fn new(reader: R, gap: Duration) -> Self {
        Self { reader, parser: Parser::default(), gap, buffer: Box::new([0; 4096]) }
    }

    /// The next event; `None` when the terminal is gone. Cancel-safe.
    ///
    /// # Errors
    /// What the reader says.
    pub async fn next(&mut self) -> io::Result<Option<Event>> {
        loop {
            if let Some(event) = self.parser.take_event() {
                return Ok(Some(event));
            }
            let read = self.reader.read(&mut self.buffer[..]);
            let count = if self.parser.pending() {
                match tokio::time::timeout(self.gap, read).await {
                    Ok(count) => count?,
                    Err(_) => {
                        self.parser.expire();
                        continue;
                    }
                }
            } else {
                read.await?
            };
            if count == 0 {
                return Ok(None);
            }
            self.parser.feed(&self.buffer[..count]);
        }
    }

    /// An event that has already come.
    pub fn ready(&mut self) -> Option<Event> {
        self.parser.take_event()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::default();
        pieces.iter().for_each(|piece| parser.feed(piece));
        while parser.pending() {
            parser.expire();
        }
        std::iter::from_fn(|| parser.take_event()).collect()
    }

    /// Sequences as xterm's control-sequence document lists them.
    #[test]
    fn sequences_of_xterm_are_keys() {
        let cases: [(&[u8], Key); 12] = [
            (b"\x1b[A", key(Code::Up)),
            (b"\x1bOB", key(Code::Down)),
            (b"\x1b[1;5C", Key { ctrl: true, ..key(Code::Right) }),
            (b"\x1b[3~", key(Code::Delete)),
            (b"\x1b[6;2~", Key { shift: true, ..key(Code::PageDown) }),
            (b"\x1b[Z", key(Code::BackTab)),
            (b"\x1bx", Key { alt: true, ..key(Code::Char('x')) }),
            (b"\x01", Key { ctrl: true, ..key(Code::Char('a')) }),
            (b"\x1b", key(Code::Esc)),
            (b"\x1b[97;5u", Key { ctrl: true, ..key(Code::Char('a')) }),
            ("é".as_bytes(), key(Code::Char('é'))),
            (b"\x7f", key(Code::Backspace)),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(events(&[bytes]), [Event::Key(wanted)], "{bytes:?}");
        }
    }

    /// Reports as xterm's control-sequence document lists them under SGR (1006).
    #[test]
    fn presses_and_the_wheel_are_reported_and_nothing_else_of_the_mouse() {
        let at = |what, column, row| Event::Mouse(Mouse { what, column, row });
        let cases: [(&[u8], &[Event]); 7] = [
            (b"\x1b[<0;1;1M", &[at(Pointing::Press, 0, 0)]),
            (b"\x1b[<64;200;40M", &[at(Pointing::WheelUp, 199, 39)]),
            (b"\x1b[<81;3;4M", &[at(Pointing::WheelDown, 2, 3)]),
            (b"\x1b[<0;1;1m", &[]),
            (b"\x1b[<35;5;5M\x1b[<2;5;5M\x1b[<66;5;5M", &[]),
            (b"\x1b[<0;0;1M\x1b[<0;99999999;1M\x1b[<0M", &[]),
            (b"\x1b[M #$j", &[Event::Key(key(Code::Char('j')))]),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(events(&[bytes]), wanted, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_paste_is_never_a_command() {
        assert_eq!(events(&[b"\x1b[200~:q\r\x1b[A", b"\x1b[20", b"1~j"]), [Event::Paste(":q\r\u{1b}[A".into()), Event::Key(key(Code::Char('j')))]);
    }

    #[tokio::test]
    async fn a_split_sequence_is_rejoined() {
        use tokio::io::AsyncWriteExt;
        let (mut keyboard, reader) = tokio::io::duplex(64);
        let mut input = Input::new(reader, Duration::from_secs(60));
        keyboard.write_all(b"\x1b").await.unwrap();
        {
            let mut waiting = Box::pin(input.next());
            assert!(futures::poll!(&mut waiting).is_pending());
        }
        keyboard.write_all(b"[B").await.unwrap();
        assert_eq!(input.next().await.unwrap(), Some(Event::Key(key(Code::Down))));
    }

    #[tokio::test]
    async fn a_lone_escape_is_the_key_after_the_gap() {
        use tokio::io::AsyncWriteExt;
        let (mut keyboard, reader) = tokio::io::duplex(64);
        let mut input = Input::new(reader, Duration::from_millis(1));
        keyboard.write_all(b"\x1b").await.unwrap();
        assert_eq!(input.next().await.unwrap(), Some(Event::Key(key(Code::Esc))));
        drop(keyboard);
        assert_eq!(input.next().await.unwrap(), None);
    }

    proptest! {
        #[test]
        fn how_bytes_are_split_does_not_matter(bytes in prop::collection::vec(prop_oneof![Just(0x1bu8), Just(b'['), any::<u8>()], 0..80), at in 0usize..80) {
            let at = at.min(bytes.len());
            prop_assert_eq!(events(&[&bytes]), events(&[&bytes[..at], &bytes[at..]]));
        }
    }
}
