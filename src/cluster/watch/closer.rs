//! Reads closer what a mixed view wants of single objects, each once, while the view is open.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use tokio::sync::watch;

use super::super::connection::{Connected, unix_now};
use super::super::rows::Phase;
use super::super::views::{Book, Want, told};
use super::{Shared, current};

/// Objects come one after the other: only when no more come it is known which are wanted.
const REST: Duration = Duration::from_millis(100);
/// So many are read at once.
const AT_ONCE: usize = 4;

/// Reads until its task ends. `part` is its place among the phases, where rows are wanted complete.
pub(super) async fn closer(book: Arc<Mutex<Book>>, mut connected: watch::Receiver<Option<Connected>>, shared: Arc<Shared>, part: Option<usize>) {
    let wanted = open(&book).wanted();
    loop {
        wanted.notified().await;
        tokio::time::sleep(REST).await;
        loop {
            let listed = part.filter(|part| shared.listed(*part));
            let wants = open(&book).wants();
            if wants.is_empty() {
                listed.into_iter().for_each(|part| shared.set_phase(part, Phase::Synced));
                break;
            }
            let Some(now) = current(&mut connected).await else { return };
            let (book, shared, wire) = (&book, &shared, &now.wire);
            let one = |want: Want| async move {
                let (gvk, object) = told(wire, want).await;
                let mut book = open(book);
                // Written here and read there: it fits.
                _ = book.take(&gvk, object.to_string().as_bytes(), unix_now());
                shared.hand_over(book.changed());
            };
            stream::iter(wants).for_each_concurrent(AT_ONCE, one).await;
        }
    }
}

fn open(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}
