//! Older lines of a log on disk: files that only grow, without a name from the moment they are opened, so that nothing is left behind however the program
//! ends. When there are too many bytes the oldest file goes. Lines stand in the order in which they came here.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::ring::{Level, Line};

/// Where older lines may go, and how many bytes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// The folder whose disk is used; it is made if it is not there.
    pub folder: PathBuf,
    /// Bytes on it.
    pub room: u64,
}

/// Parts that the room is divided into: one goes at a time.
const PARTS: u64 = 8;
/// Lines between two whose offset is known.
const BLOCK: usize = 64;
/// Bytes that wait to be written.
const WAITING: usize = 128 << 10;
/// Bytes before the text of a line: moment, source, level, length.
const HEAD: usize = 15;

/// Lines on disk.
#[derive(Debug)]
pub struct Spill {
    disk: Disk,
    parts: VecDeque<Part>,
    /// Bytes of the newest part that are not written yet.
    waiting: Vec<u8>,
    /// The block that was read last, with the place of its first line.
    near: (u64, Vec<Line>),
}

#[derive(Debug)]
struct Part {
    file: File,
    /// The place of its first line.
    first: u64,
    lines: u64,
    /// Where every block begins.
    offsets: Vec<u64>,
    /// Bytes, those that wait among them.
    bytes: u64,
}

impl Spill {
    /// Nothing yet; no file is made before it is needed.
    pub fn new(disk: Disk) -> Self {
        Self { disk, parts: VecDeque::new(), waiting: Vec::new(), near: (0, Vec::new()) }
    }

    /// The place of the oldest line; none: there is none.
    pub fn first(&self) -> Option<u64> {
        self.parts.front().map(|part| part.first)
    }

    /// Takes in the next line, whose place follows that of the one before. Where the disk has no room older lines go for it: what it said then is answered.
    ///
    /// # Errors
    /// What the disk said: nothing that was on it can be relied on any more.
    pub fn push(&mut self, place: u64, line: &Line) -> io::Result<Option<io::Error>> {
        let size = (self.disk.room / PARTS).max(1);
        let mut refused = None;
        if self.parts.back().is_none_or(|part| part.bytes >= size) {
            refused = self.flush()?;
            self.begin(place)?;
        }
        if let Some(part) = self.parts.back_mut() {
            if part.lines.is_multiple_of(BLOCK as u64) {
                part.offsets.push(part.bytes);
            }
            let before = self.waiting.len();
            encode(line, &mut self.waiting);
            part.lines += 1;
            part.bytes += (self.waiting.len() - before) as u64;
        }
        if self.waiting.len() >= WAITING { Ok(self.flush()?.or(refused)) } else { Ok(refused) }
    }

    fn begin(&mut self, place: u64) -> io::Result<()> {
        while self.parts.len() as u64 >= PARTS {
            self.parts.pop_front();
        }
        let file = nameless(&self.disk.folder)?;
        self.parts.push_back(Part { file, first: place, lines: 0, offsets: Vec::new(), bytes: 0 });
        Ok(())
    }

    /// Writes what waits. A full disk is given back the oldest part, once, before it is given up.
    fn flush(&mut self) -> io::Result<Option<io::Error>> {
        let mut refused = None;
        while let Some(part) = self.parts.back().filter(|_| !self.waiting.is_empty()) {
            match part.file.write_all_at(&self.waiting, part.bytes - self.waiting.len() as u64) {
                Ok(()) => self.waiting.clear(),
                Err(error) if refused.is_some() || self.parts.len() < 2 => return Err(error),
                Err(error) => {
                    self.parts.pop_front();
                    refused = Some(error);
                }
            }
        }
        Ok(refused)
    }

    /// The line at a place; none: it is not here, or the disk does not give it.
    pub fn line(&mut self, place: u64) -> Option<Line> {
        if !(self.near.0..self.near.0 + self.near.1.len() as u64).contains(&place) {
            self.near = self.block(place)?;
        }
        self.near.1.get(usize::try_from(place - self.near.0).ok()?).cloned()
    }

    /// The lines around a place that are read together, and the place of the first of them.
    pub fn block(&mut self, place: u64) -> Option<(u64, Vec<Line>)> {
        let part = self.parts.iter().rev().find(|part| part.first <= place)?;
        let at = usize::try_from((place - part.first) / BLOCK as u64).ok()?;
        let begin = *part.offsets.get(at).filter(|_| place < part.first + part.lines)?;
        let end = part.offsets.get(at + 1).copied().unwrap_or(part.bytes);
        let mut bytes = vec![0; usize::try_from(end - begin).ok()?];
        // What waits is the end of the newest part.
        let newest = self.parts.back().is_some_and(|last| last.first == part.first);
        let written = if newest { part.bytes - self.waiting.len() as u64 } else { part.bytes };
        let (from_disk, rest) = bytes.split_at_mut(usize::try_from(written.clamp(begin, end) - begin).ok()?);
        part.file.read_exact_at(from_disk, begin).ok()?;
        let from = usize::try_from(begin.saturating_sub(written)).ok()?;
        rest.copy_from_slice(self.waiting.get(from..from + rest.len())?);
        Some((part.first + (at * BLOCK) as u64, decode(&bytes)))
    }
}

/// A new file that only we may read, whose name is taken away at once.
fn nameless(folder: &Path) -> io::Result<File> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!(".log-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

fn encode(line: &Line, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&line.at.to_le_bytes());
    bytes.extend_from_slice(&line.source.to_le_bytes());
    bytes.push(match line.level {
        Level::Plain => 0,
        Level::Warning => 1,
        Level::Error => 2,
        Level::Note => 3,
    });
    // A line is cut long before.
    let length = u32::try_from(line.text.len()).unwrap_or(0);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(line.text.as_bytes().get(..length as usize).unwrap_or_default());
}

fn decode(mut bytes: &[u8]) -> Vec<Line> {
    let mut lines = Vec::new();
    while let Some((line, rest)) = one(bytes) {
        lines.push(line);
        bytes = rest;
    }
    lines
}

fn one(bytes: &[u8]) -> Option<(Line, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let (at, head) = head.split_first_chunk()?;
    let (source, head) = head.split_first_chunk()?;
    let (level, length) = head.split_first()?;
    let (text, rest) = rest.split_at_checked(u32::from_le_bytes(length.try_into().ok()?) as usize)?;
    let level = match level {
        1 => Level::Warning,
        2 => Level::Error,
        3 => Level::Note,
        _ => Level::Plain,
    };
    let text = String::from_utf8_lossy(text).into();
    Some((Line { at: i64::from_le_bytes(*at), source: u16::from_le_bytes(*source), level, text }, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn disk(folder: &tempfile::TempDir, room: u64) -> Disk {
        Disk { folder: folder.path().join("logs"), room }
    }

    #[test]
    fn nothing_with_a_name_is_on_the_disk_and_what_is_there_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(disk(&folder, 8_000));
        let line = |at| Line { at, source: 1, level: Level::Error, text: "x".repeat(85).into() };
        (0..1_000).for_each(|at| _ = spill.push(at, &line(at as i64)).unwrap());
        assert_eq!(std::fs::read_dir(folder.path().join("logs")).unwrap().count(), 0);
        // A line takes a hundred bytes: eight parts of ten of them are all there are.
        assert!(spill.first().is_some_and(|first| (920..=930).contains(&first)), "{:?}", spill.first());
        assert_eq!(spill.line(999), Some(line(999)));
        assert_eq!(spill.line(spill.first().unwrap() - 1), None);
    }

    #[test]
    fn a_folder_that_cannot_be_had_is_an_error_and_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("logs"), "in the way").unwrap();
        let mut spill = Spill::new(disk(&folder, 8_000));
        let line = Line { at: 0, source: 0, level: Level::Plain, text: "a".into() };
        assert!(spill.push(0, &line).is_err() && spill.first().is_none());
    }

    proptest! {
        #[test]
        fn what_went_to_disk_comes_back(texts in prop::collection::vec("\\PC{0,300}", 1..400), first in 0u64..1_000) {
            let folder = tempfile::tempdir().unwrap();
            let mut spill = Spill::new(disk(&folder, 1 << 30));
            let levels = [Level::Plain, Level::Warning, Level::Error, Level::Note];
            let line = |(at, text): (usize, &String)| Line { at: -(at as i64), source: at as u16, level: levels[at % 4], text: text.as_str().into() };
            let lines: Vec<Line> = texts.iter().enumerate().map(line).collect();
            for (line, place) in lines.iter().zip(first..) {
                prop_assert!(spill.push(place, line).unwrap().is_none());
                prop_assert_eq!(spill.line(place), Some(line.clone()));
            }
            for (at, line) in lines.iter().enumerate().rev() {
                prop_assert_eq!(spill.line(first + at as u64), Some(line.clone()));
            }
            prop_assert_eq!(spill.line(first + lines.len() as u64), None);
        }
    }
}
