//! The machine and its processes as the kernel tells of them (`proc(5)`). Where there is no `/proc`, the rows that need it fail and say so.

use std::fs;
use std::time::Duration;

/// Kernel ticks a second as `/proc` counts them: 100 on every Linux of ours (`USER_HZ`).
const TICKS: u64 = 100;

/// One sentence on the machine.
pub fn described() -> String {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.into());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    let memory = memory.map_or_else(String::new, |kib| format!(", {:.0} GiB", kib / f64::from(1 << 20)));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("Measured on {cores} cores of {cpu}{memory}, {} {}.", std::env::consts::OS, kernel.trim())
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|word| word.trim() == name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// How many cores were busy in half a second.
pub fn busy() -> Option<f64> {
    let ticks = || {
        let text = fs::read_to_string("/proc/stat").ok()?;
        let all: Vec<u64> = text.lines().next()?.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
        // user nice system idle iowait irq softirq steal …: all but the two idle ones.
        Some(all.iter().take(8).sum::<u64>() - all.get(3)? - all.get(4)?)
    };
    let before = ticks()?;
    std::thread::sleep(Duration::from_millis(500));
    Some((ticks()? - before) as f64 / TICKS as f64 / 0.5)
}

/// Processor time a process has used, to a hundredth of a second.
pub fn processor_time(pid: i32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives, and there is a /proc");
    // The name, in brackets, may hold anything; utime and stime are fields 14 and 15.
    let rest = text.rsplit_once(')').expect("a name in brackets").1;
    let ticks: u64 = rest.split_whitespace().skip(11).take(2).map(|word| word.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// Processor time of all children that have ended and been waited for, and of theirs.
pub fn children_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").expect("there is a /proc");
    let rest = text.rsplit_once(')').expect("a name in brackets").1;
    // cutime and cstime are fields 16 and 17.
    let ticks: u64 = rest.split_whitespace().skip(13).take(2).map(|word| word.parse::<u64>().expect("a number")).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// Ticks that the hypervisor gave to others, and all there were.
pub fn stolen() -> (u64, u64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let all: Vec<u64> = text.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8).filter_map(|word| word.parse().ok()).collect();
    (all.get(7).copied().unwrap_or(0), all.iter().sum())
}

/// The share that was stolen since then.
pub fn stolen_since((before, all_before): (u64, u64)) -> f64 {
    let (now, all) = stolen();
    if all == all_before { 0.0 } else { (now - before) as f64 / (all - all_before) as f64 }
}

/// Processes that a process has started and not yet waited for.
pub fn children(pid: i32) -> Vec<i32> {
    let parent = |child: i32| -> Option<i32> {
        let text = fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
        text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(|child| parent(*child) == Some(pid)).collect()
}

/// Waits until a process has done nothing for a second.
pub fn rest(pid: i32) {
    let mut used = processor_time(pid);
    loop {
        std::thread::sleep(Duration::from_secs(1));
        let now = processor_time(pid);
        if now - std::mem::replace(&mut used, now) <= Duration::from_millis(1000 / TICKS) {
            return;
        }
    }
}

/// From now on the peak is that of the time from now on (`clear_refs` of `proc(5)`).
pub fn forget_peak(pid: i32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("the process is ours, and there is a /proc");
}

/// Memory that is resident now in KiB, if the process lives.
pub fn resident(pid: i32) -> Option<u64> {
    field(&format!("/proc/{pid}/status"), "VmRSS")?.split(' ').next()?.parse().ok()
}

/// How many files, connections among them, a process has open.
pub fn files(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// Memory in KiB: what is resident now, and the most there ever was.
pub fn memory(pid: i32) -> (u64, u64) {
    let file = format!("/proc/{pid}/status");
    let kib = |name| field(&file, name).and_then(|text| text.split(' ').next()?.parse().ok()).expect("the process lives, and there is a /proc");
    (kib("VmRSS"), kib("VmHWM"))
}
