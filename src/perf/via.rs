//! Who carries what is sent to a port of this machine: a forwarder like `kubectl port-forward` is measured together with what lies behind it. Read from /proc;
//! where there is none nothing is found.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use crate::load::plan::{self, Plan};
use crate::load::target::{Scheme, Target};

/// Programs whose listening ports lead elsewhere.
const FORWARDERS: [&str; 5] = ["kubectl", "oc", "k9s", "kubefwd", "ssh"];

/// A socket that listens, as the files of proc(5) say it.
const LISTENS: &str = "0A";

/// How a plan reaches its target: as it says, or through the forwarder that holds the port it is sent to.
pub(super) fn of(plan: &Plan) -> plan::Path {
    let place = plan.connect_to.as_ref().and_then(|place| Target::parse(&format!("tcp://{place}")).ok());
    let targets = std::iter::once(place.as_ref().unwrap_or(&plan.target)).chain(plan.also.iter().map(|endpoint| &endpoint.target));
    let forwarded = targets.filter(|target| target.is_loopback() && !matches!(target.scheme(), Scheme::Unix | Scheme::Udp));
    if forwarded.map(Target::port).any(|port| forwarder(Path::new("/proc"), port).is_some()) {
        return plan::Path::PortForward;
    }
    plan.path
}

/// The forwarder that listens on a port of this machine, where one does.
fn forwarder(proc: &Path, port: u16) -> Option<&'static str> {
    let sockets: Vec<String> = ["tcp", "tcp6"].iter().flat_map(|table| listeners(&proc.join("net").join(table), port)).collect();
    if sockets.is_empty() {
        return None;
    }
    let processes = fs::read_dir(proc).ok()?.flatten().filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()));
    // Few programs have such a name, so few have their open files looked at.
    processes.map(|entry| entry.path()).find_map(|process| {
        let name = fs::read_to_string(process.join("comm")).ok()?;
        let name = FORWARDERS.into_iter().find(|known| *known == name.trim())?;
        let files = fs::read_dir(process.join("fd")).ok()?.flatten();
        let mut open = files.filter_map(|file| fs::read_link(file.path()).ok());
        open.any(|file| sockets.iter().any(|socket| file == Path::new(socket))).then_some(name)
    })
}

/// Sockets that listen on a port of the loopback interface, or of all, by the names that open files have.
fn listeners(table: &Path, port: u16) -> Vec<String> {
    let text = fs::read_to_string(table).unwrap_or_default();
    let listener = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (address, at) = words.get(1)?.split_once(':')?;
        let here = *words.get(3)? == LISTENS && u16::from_str_radix(at, 16) == Ok(port) && address_of(address).is_some_and(is_here);
        here.then(|| words.get(9).map(|inode| format!("socket:[{inode}]"))).flatten()
    };
    text.lines().skip(1).filter_map(listener).collect()
}

fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback() || address.is_unspecified()
}

/// Words of 32 bits, each in the order of this machine.
fn address_of(digits: &str) -> Option<IpAddr> {
    let words: Option<Vec<[u8; 4]>> =
        (0..digits.len()).step_by(8).map(|at| u32::from_str_radix(digits.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes)).collect();
    match words?.as_slice() {
        [word] => Some(Ipv4Addr::from(*word).into()),
        words @ [_, _, _, _] => <[u8; 16]>::try_from(words.concat()).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

#[cfg(all(test, target_os = "linux", target_endian = "little"))]
mod tests {
    use std::net::TcpListener;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn this_process_listens_where_the_system_says() {
        for place in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"] {
            // A machine without IPv6 has nothing to show for it.
            let Ok(listener) = TcpListener::bind(place) else { continue };
            let port = listener.local_addr().unwrap().port();
            let found: Vec<String> = ["tcp", "tcp6"].iter().flat_map(|table| listeners(&Path::new("/proc/net").join(table), port)).collect();
            let own = fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|file| fs::read_link(file.path()).ok());
            assert_eq!(own.filter(|file| found.iter().any(|socket| file == Path::new(socket))).count(), 1, "{place}: {found:?}");
            assert_eq!(forwarder(Path::new("/proc"), port), None, "this is no forwarder");
        }
    }

    #[test]
    fn a_forwarder_is_known_by_its_name_and_its_socket() {
        let proc = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let file = proc.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        // 127.0.0.1:8080 listens as 4711, a connection of 4712 is not one that listens, 10.0.0.1:8081 is another machine's to reach.
        write(
            "net/tcp",
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             \x20  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0\n\
             \x20  1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0\n\
             \x20  2: 0100000A:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0000000000000000 100 0 0 10 0\n",
        );
        write("81/comm", "nginx\n");
        write("82/comm", "kubectl\n");
        for process in ["81", "82"] {
            fs::create_dir(proc.path().join(process).join("fd")).unwrap();
        }
        let fd = |process: &str, socket: &str| symlink(socket, proc.path().join(process).join("fd/3")).unwrap();
        fd("81", "socket:[4713]");
        assert_eq!(forwarder(proc.path(), 8080), None, "it has no such file yet");
        fd("82", "socket:[4711]");
        assert_eq!((forwarder(proc.path(), 8080), forwarder(proc.path(), 8081)), (Some("kubectl"), None));
    }
}
