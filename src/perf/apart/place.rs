//! Where a run in a process of its own is spoken to: a socket beside its folder, or in the folder of this login where that path is too long for one.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use super::Launch;
use crate::results::Store;

/// Bytes of the longest path of a socket: `sun_path` is 108 with its final zero on Linux, 104 on macOS and the BSDs.
const LONGEST: usize = 103;

/// Where the socket of a run may be, in the order in which the places are tried. Names are short: the path of a run's own folder is a long one.
fn places(store: &Store, launch: &Launch, id: &str) -> Vec<PathBuf> {
    let name = format!(".{:016x}.sock", hash(id));
    let folders = folders(store, launch);
    folders.into_iter().map(|folder| folder.join(&name)).filter(|path| path.as_os_str().len() <= LONGEST).collect()
}

fn folders(store: &Store, launch: &Launch) -> Vec<PathBuf> {
    let beside = store.folder("x").parent().map(Path::to_path_buf);
    beside.into_iter().chain(launch.runtime.as_ref().map(|folder| folder.join("meshplay"))).collect()
}

/// FNV-1a, 64 bits: the same in every process.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Listens at the first place where that is possible. Only this user may connect.
pub(super) fn listen(store: &Store, launch: &Launch, id: &str) -> io::Result<(UnixListener, Guard)> {
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, "every path for its socket is too long");
    for path in places(store, launch, id) {
        match listen_at(&path) {
            Ok(listener) => return Ok((listener, Guard(path))),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_at(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let listener = UnixListener::bind(path)?;
    // Until this holds, whoever connects is looked at: see `serve`.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Takes the socket away at the end.
#[derive(Debug)]
pub(in crate::perf) struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        // Somebody may have swept it already.
        _ = fs::remove_file(&self.0);
    }
}

/// Speaks to the process of a run.
pub(super) async fn connect(store: &Store, launch: &Launch, id: &str) -> io::Result<UnixStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for path in places(store, launch, id) {
        match UnixStream::connect(&path).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Takes away sockets that nobody listens at: what killed processes left.
pub(super) fn sweep(store: &Store, launch: &Launch) {
    for folder in folders(store, launch) {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let ours = |name: &str| name.len() == 22 && name.starts_with('.') && name.ends_with(".sock");
        for path in entries.filter(|entry| entry.file_name().to_str().is_some_and(ours)).map(|entry| entry.path()) {
            let refused = std::os::unix::net::UnixStream::connect(&path).err().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
            if refused {
                _ = fs::remove_file(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_path_too_long_for_a_socket_is_not_used() {
        let (data, runtime) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let deep = data.path().join("d".repeat(100));
        let (store, launch) = (Store::open(&deep), Launch { program: None, runtime: Some(runtime.path().to_path_buf()) });
        let (listener, guard) = listen(&store, &launch, "a").unwrap();
        assert!(guard.0.starts_with(runtime.path()), "{guard:?}");
        assert_eq!(fs::metadata(&guard.0).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(connect(&store, &launch, "a").await.is_ok() && connect(&store, &launch, "b").await.is_err());
        sweep(&store, &launch);
        assert!(guard.0.exists(), "somebody listens there");
        drop(listener);
        sweep(&store, &launch);
        assert!(!guard.0.exists());
        assert_eq!(listen(&store, &Launch::default(), "a").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
