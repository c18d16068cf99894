//! Programs as children: found, tied to this process, ended at a deadline, and how much processor time they took.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::super::machine;

/// Where programs lie that a path does not lead to: Debian's servers, and what cargo and Go install.
const BESIDES: [&str; 4] = ["/usr/sbin", "/sbin", "go/bin", ".cargo/bin"];

/// How long a program may take to go after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// A program that came to its end.
pub struct Ran {
    pub out: String,
    pub err: String,
    /// User and system time, its threads' and its own children's included; to a hundredth of a second each.
    pub cpu: Duration,
}

/// Looks a program up.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default());
    std::env::split_paths(&path).chain(BESIDES.map(|folder| home.join(folder))).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// There are two cores at least, and somebody who can keep a program on one of them.
pub fn cores_apart() -> bool {
    std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) && find("taskset").is_some()
}

/// A program in a folder that is its home too, on one core if that is said. It goes when this process goes, where `setpriv` is there to see to it.
pub fn command(program: &Path, core: Option<usize>, folder: &Path) -> Command {
    let mut words: Vec<PathBuf> = Vec::new();
    if let Some(setpriv) = find("setpriv") {
        words.extend([setpriv, "--pdeathsig".into(), "TERM".into()]);
    }
    if let Some(core) = core {
        words.extend([find("taskset").expect("taskset"), "-c".into(), core.to_string().into()]);
    }
    words.push(program.to_owned());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(folder).env("HOME", folder).env_remove("XDG_DATA_HOME").env_remove("XDG_RUNTIME_DIR").stdin(Stdio::null());
    command
}

/// Runs it to its end, at most for so long; `watch` is called with its process id about four times a second.
///
/// # Errors
/// It cannot be started, takes too long, or fails.
pub fn run(mut command: Command, folder: &Path, limit: Duration, mut watch: impl FnMut(i32)) -> Result<Ran, String> {
    const LOOK: Duration = Duration::from_millis(10);
    let file = |name: &str| File::create(folder.join(name)).map_err(|error| error.to_string());
    command.stdout(file("out")?).stderr(file("err")?);
    let program = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    let before = machine::children_time();
    let mut child = Kind(command.spawn().map_err(|error| format!("{program}: {error}"))?);
    let (begun, mut looks) = (Instant::now(), 0_u32);
    let status = loop {
        if let Some(status) = child.0.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if begun.elapsed() > limit {
            return Err(format!("{program}: not over after {limit:?}"));
        }
        if looks.is_multiple_of(25) {
            watch(child.pid());
        }
        looks += 1;
        std::thread::sleep(LOOK);
    };
    let cpu = machine::children_time().saturating_sub(before);
    let text = |name: &str| fs::read(folder.join(name)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let ran = Ran { out: text("out"), err: text("err"), cpu };
    if status.success() { Ok(ran) } else { Err(format!("{program}: {status}: {}{}", ran.out, ran.err)) }
}

/// A child that is asked to end when this is dropped, and made to if it does not: a server that is killed would leave its workers behind.
pub struct Kind(pub Child);

impl Kind {
    pub fn pid(&self) -> i32 {
        Pid::from_child(&self.0).as_raw_nonzero().get()
    }

    fn ask(&mut self) -> io::Result<()> {
        kill_process(Pid::from_child(&self.0), Signal::TERM)?;
        let begun = Instant::now();
        while begun.elapsed() < GRACE {
            if self.0.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl Drop for Kind {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|status| status.is_none()) && self.ask().is_err() {
            _ = self.0.kill();
            _ = self.0.wait();
        }
    }
}
