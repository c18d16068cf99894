//! Heads of HTTP/2, compressed (RFC 7541). Of an answer only what is looked at is kept; a request that is sent again and again is written once in full and
//! then by reference to what its server has kept.

use std::collections::VecDeque;

use super::{decimal, huffman};

/// The space for a dynamic table before anything else was agreed on (RFC 9113, 6.5.2).
pub(super) const TABLE: usize = 4_096;

/// What an entry takes up beside its name and value (RFC 7541, 4.1).
const ENTRY: usize = 32;

/// No head is larger once it is read, each field counted as an entry: a byte may stand for four thousand.
const LARGEST: usize = 256 << 10;

/// The first index of the dynamic table.
const DYNAMIC: usize = STATIC.len() + 1;

/// What of a head is looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Head {
    /// None in trailers.
    pub(in super::super) status: Option<u16>,
    pub(in super::super) length: Option<u64>,
    pub(in super::super) location: Option<String>,
    pub(in super::super) grpc_status: Option<u16>,
    pub(in super::super) grpc_message: Option<String>,
}

/// Names that are looked at, and that of all others.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Name {
    Status,
    Length,
    Location,
    GrpcStatus,
    GrpcMessage,
    Other,
}

/// Reads the heads of one connection, in order.
pub(super) struct Decoder {
    /// Newest first.
    table: VecDeque<Entry>,
    size: usize,
    /// What the server has chosen, at most [`TABLE`].
    room: usize,
    /// The last block that left the table as it was, and what it says: most answers of a server are the same.
    last: Option<(Vec<u8>, Head)>,
}

struct Entry {
    name: Name,
    name_length: usize,
    /// Only of names that are looked at.
    value: Vec<u8>,
    size: usize,
}

/// Bytes that do not follow the rules.
#[derive(Debug, PartialEq)]
pub(super) struct Broken;

impl Default for Decoder {
    fn default() -> Self {
        Self { table: VecDeque::new(), size: 0, room: TABLE, last: None }
    }
}

impl Decoder {
    /// Reads a whole block.
    pub(super) fn head(&mut self, block: &[u8]) -> Result<Head, Broken> {
        if let Some((_, head)) = self.last.as_ref().filter(|(last, _)| last == block) {
            return Ok(head.clone());
        }
        let (mut head, mut rest, mut stays, mut size) = (Head::default(), block, true, 0);
        while let Some(&first) = rest.first() {
            match first {
                0x80.. => {
                    let index = integer(&mut rest, 7)?;
                    let (name, value, length) = self.entry(index)?;
                    head.note(name, value)?;
                    size += length;
                }
                0x40..0x80 => {
                    stays = false;
                    let (name, name_length) = self.name(&mut rest, 6)?;
                    let value = Text::read(&mut rest)?.bytes()?;
                    head.note(name, &value)?;
                    size += self.keep(name, name_length, value);
                }
                0x20..0x40 => {
                    stays = false;
                    // Only at the beginning (RFC 7541, 4.2).
                    if size > 0 {
                        return Err(Broken);
                    }
                    self.room = integer(&mut rest, 5).ok().filter(|room| *room <= TABLE).ok_or(Broken)?;
                    self.evict();
                }
                _ => {
                    let (name, name_length) = self.name(&mut rest, 4)?;
                    let value = Text::read(&mut rest)?;
                    size += name_length + value.raw.len() + ENTRY;
                    if name != Name::Other {
                        head.note(name, &value.bytes()?)?;
                    }
                }
            }
            if size > LARGEST {
                return Err(Broken);
            }
        }
        self.last = stays.then(|| (block.to_vec(), head.clone()));
        Ok(head)
    }

    /// Name, value and size of what is kept there.
    fn entry(&self, index: usize) -> Result<(Name, &[u8], usize), Broken> {
        if let Some((name, value)) = index.checked_sub(1).and_then(|at| STATIC.get(at)) {
            return Ok((Name::of(name.as_bytes()), value.as_bytes(), name.len() + value.len() + ENTRY));
        }
        let entry = index.checked_sub(DYNAMIC).and_then(|at| self.table.get(at)).ok_or(Broken)?;
        Ok((entry.name, &entry.value, entry.size))
    }

    /// A name by its index or in full, and how long it is.
    fn name(&self, rest: &mut &[u8], prefix: u8) -> Result<(Name, usize), Broken> {
        match integer(rest, prefix)? {
            0 => {
                let name = Text::read(rest)?.bytes()?;
                Ok((Name::of(&name), name.len()))
            }
            index if index < DYNAMIC => {
                let name = STATIC[index - 1].0.as_bytes();
                Ok((Name::of(name), name.len()))
            }
            index => {
                let entry = self.table.get(index - DYNAMIC).ok_or(Broken)?;
                Ok((entry.name, entry.name_length))
            }
        }
    }

    /// Keeps an entry as long as there is space for it; its size.
    fn keep(&mut self, name: Name, name_length: usize, value: Vec<u8>) -> usize {
        let size = name_length + value.len() + ENTRY;
        self.size += size;
        let value = if name == Name::Other { Vec::new() } else { value };
        self.table.push_front(Entry { name, name_length, value, size });
        self.evict();
        size
    }

    fn evict(&mut self) {
        while self.size > self.room {
            let Some(oldest) = self.table.pop_back() else { break };
            self.size -= oldest.size;
        }
    }
}

impl Name {
    fn of(name: &[u8]) -> Self {
        match name {
            b":status" => Self::Status,
            b"content-length" => Self::Length,
            b"location" => Self::Location,
            b"grpc-status" => Self::GrpcStatus,
            b"grpc-message" => Self::GrpcMessage,
            _ => Self::Other,
        }
    }
}

impl Head {
    fn note(&mut self, name: Name, value: &[u8]) -> Result<(), Broken> {
        let text = || String::from_utf8_lossy(value).into_owned();
        match name {
            Name::Status => {
                let status = decimal(value).filter(|status| value.len() == 3 && *status >= 100).and_then(|status| status.try_into().ok());
                if status.is_none() || self.status.replace(status.unwrap_or(0)).is_some() {
                    return Err(Broken);
                }
            }
            Name::Length => {
                let length = decimal(value).ok_or(Broken)?;
                if self.length.replace(length).is_some_and(|before| before != length) {
                    return Err(Broken);
                }
            }
            Name::Location => self.location = Some(text()),
            Name::GrpcStatus => self.grpc_status = decimal(value).and_then(|status| status.try_into().ok()),
            Name::GrpcMessage => self.grpc_message = Some(text()),
            Name::Other => {}
        }
        Ok(())
    }
}

/// A string as it came.
struct Text<'a> {
    coded: bool,
    raw: &'a [u8],
}

impl<'a> Text<'a> {
    fn read(rest: &mut &'a [u8]) -> Result<Self, Broken> {
        let coded = rest.first().ok_or(Broken)? & 0x80 != 0;
        let length = integer(rest, 7)?;
        Ok(Self { coded, raw: rest.split_off(..length).ok_or(Broken)? })
    }

    fn bytes(&self) -> Result<Vec<u8>, Broken> {
        if self.coded { huffman::decoded(self.raw).ok_or(Broken) } else { Ok(self.raw.to_vec()) }
    }
}

/// An integer in the low bits of a byte and, where those do not suffice, those that follow (RFC 7541, 5.1).
fn integer(rest: &mut &[u8], prefix: u8) -> Result<usize, Broken> {
    let most = (1_usize << prefix) - 1;
    let mut value = usize::from(*rest.split_off_first().ok_or(Broken)?) & most;
    if value < most {
        return Ok(value);
    }
    // Four more bytes hold more than any length that is allowed.
    for at in 0..4 {
        let byte = *rest.split_off_first().ok_or(Broken)?;
        value += usize::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Broken)
}

/// The head of a request, ready to be sent.
#[derive(Debug)]
pub(in super::super) struct Block {
    /// In a form that leaves the server's table as it is.
    pub(super) plain: Vec<u8>,
    pub(super) lesson: Option<Lesson>,
}

/// A head that comes again and again.
#[derive(Debug)]
pub(super) struct Lesson {
    /// The first time: the server keeps what it says.
    pub(super) first: Vec<u8>,
    /// From then on, as long as nothing else is kept.
    pub(super) again: Vec<u8>,
}

impl Block {
    /// Writes fields, pseudo-headers first; they are `still` if all requests have the same.
    pub(super) fn new(fields: &[(&[u8], &[u8])], still: bool) -> Self {
        let mut plain = Vec::new();
        fields.iter().for_each(|(name, value)| write(&mut plain, name, value, false));
        let new: Vec<_> = fields.iter().filter(|(name, value)| full(name, value).is_none()).collect();
        let size: usize = new.iter().map(|(name, value)| name.len() + value.len() + ENTRY).sum();
        let lesson = (still && size <= TABLE).then(|| {
            let (mut first, mut again) = (Vec::new(), Vec::new());
            let mut index = DYNAMIC + new.len();
            for (name, value) in fields {
                write(&mut first, name, value, true);
                let known = full(name, value).unwrap_or_else(|| {
                    index -= 1;
                    index
                });
                put(&mut again, 0x80, 7, known);
            }
            Lesson { first, again }
        });
        Self { plain, lesson }
    }
}

/// Tells the server that its table is to be as large as that: the first thing in a block.
pub(super) fn resize(out: &mut Vec<u8>, room: usize) {
    put(out, 0x20, 5, room);
}

fn write(out: &mut Vec<u8>, name: &[u8], value: &[u8], keep: bool) {
    if let Some(index) = full(name, value) {
        return put(out, 0x80, 7, index);
    }
    let known = STATIC.iter().position(|(known, _)| known.as_bytes() == name).map_or(0, |at| at + 1);
    if keep {
        put(out, 0x40, 6, known);
    } else {
        put(out, 0, 4, known);
    }
    if known == 0 {
        text(out, name);
    }
    text(out, value);
}

/// Where name and value stand in the static table.
fn full(name: &[u8], value: &[u8]) -> Option<usize> {
    STATIC.iter().position(|(known, said)| known.as_bytes() == name && said.as_bytes() == value).map(|at| at + 1)
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    put(out, 0, 7, text.len());
    out.extend_from_slice(text);
}

fn put(out: &mut Vec<u8>, kind: u8, prefix: u8, mut value: usize) {
    let most = (1_usize << prefix) - 1;
    if value < most {
        return out.push(kind | value as u8);
    }
    out.push(kind | most as u8);
    value -= most;
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// What everybody knows (RFC 7541, appendix A).
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let hex: String = hex.split_whitespace().collect();
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// RFC 7541, C.5 and C.6: three answers on one connection, in plain text and coded, with a table so small that entries leave it.
    #[test]
    fn the_examples_are_read() {
        let plain = [
            "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f \
             2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "4803 3330 37c1 c0bf",
            "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b \
             425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
        ];
        let coded = [
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
            "4883 640e ffc1 c0bf",
            "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 \
             7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        ];
        for blocks in [plain, coded] {
            let mut decoder = Decoder { room: 256, ..Decoder::default() };
            for (block, (status, size)) in blocks.into_iter().zip([(302, 222), (307, 222), (200, 215)]) {
                let head = decoder.head(&bytes(block)).unwrap();
                assert_eq!((head.status, head.location.as_deref()), (Some(status), Some("https://www.example.com")), "{block}");
                assert_eq!(decoder.size, size);
            }
        }
    }

    #[test]
    fn a_block_that_comes_again_says_the_same_until_the_table_changes() {
        let mut decoder = Decoder::default();
        // `location: a` is kept, then referred to; after another entry the same bytes mean that one.
        decoder.head(&bytes("88 6e01 61")).unwrap();
        for _ in 0..2 {
            assert_eq!(decoder.head(&bytes("88 be")).unwrap().location.as_deref(), Some("a"));
        }
        decoder.head(&bytes("88 6e01 62")).unwrap();
        assert_eq!(decoder.head(&bytes("88 be")).unwrap().location.as_deref(), Some("b"));
        // Nothing is kept any more.
        assert_eq!(decoder.head(&bytes("20 88 6e01 63")).unwrap().location.as_deref(), Some("c"));
        assert_eq!(decoder.head(&bytes("88 be")), Err(Broken));
    }

    #[test]
    fn what_breaks_the_rules_is_refused() {
        for (block, why) in [
            ("80", "there is no index 0"),
            ("be", "nothing has been kept"),
            ("ff ff ff ff ff ff 01", "a number that no table needs"),
            ("48 05 32 30", "a string that breaks off"),
            ("48", "nothing follows"),
            ("3f e2 1f", "a table larger than was allowed"),
            ("88 20", "a new size in the middle"),
            ("90 20", "a new size after a field that is not looked at"),
            ("88 89", "two statuses"),
            ("48 03 32 30 78", "a status that is no number"),
            ("48 02 32 30", "a status of two digits"),
            ("0f 0d 01 31 0f 0d 01 32", "two lengths"),
            ("00 84 ff ff ff ff 01 61", "a name that cannot be decoded"),
        ] {
            assert_eq!(Decoder::default().head(&bytes(block)), Err(Broken), "{why}");
        }
        // The largest that is allowed: 4,096.
        assert!(Decoder::default().head(&bytes("3f e1 1f 88")).is_ok());
    }

    /// One byte may stand for an entry of four thousand (RFC 7541, 7.1.3 leaves a limit to whoever reads).
    #[test]
    fn a_small_block_does_not_become_a_large_head() {
        let mut decoder = Decoder::default();
        let long = [&[0x6e, 0x7f, 0xa1, 0x1e][..], &[b'a'; 4_000]].concat();
        assert_eq!(decoder.head(&[&[0x88][..], &long].concat()).unwrap().location.map(|location| location.len()), Some(4_000));
        assert!(decoder.head(&[&[0x88][..], &[0xbe; 60]].concat()).is_ok());
        assert_eq!(decoder.head(&[&[0x88][..], &[0xbe; 70]].concat()), Err(Broken));
    }

    /// RFC 7541, C.2.2, C.3.1 and, for the reference, C.3.2.
    #[test]
    fn requests_are_written_as_in_the_examples() {
        let fields: [(&[u8], &[u8]); 4] = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"www.example.com")];
        let lesson = Block::new(&fields, true).lesson.unwrap();
        assert_eq!(lesson.first, bytes("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d"));
        assert_eq!(lesson.again, bytes("8286 84be"));
        let plain = Block::new(&[(b":path", b"/sample/path")], false);
        assert_eq!((plain.plain, plain.lesson.is_none()), (bytes("040c 2f73 616d 706c 652f 7061 7468"), true));
        let mut out = Vec::new();
        put(&mut out, 0, 5, 1_337);
        assert_eq!((&out, integer(&mut out.as_slice(), 5)), (&bytes("1f9a 0a"), Ok(1_337)));
        // What does not fit into the server's table is never kept.
        assert!(Block::new(&[(b"x", &[b'x'; TABLE])], true).lesson.is_none());
    }
}
