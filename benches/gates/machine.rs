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

/// Memory in KiB: what is resident now, and the most there ever was.
pub fn memory(pid: i32) -> (u64, u64) {
    let file = format!("/proc/{pid}/status");
    let kib = |name| field(&file, name).and_then(|text| text.split(' ').next()?.parse().ok()).expect("the process lives, and there is a /proc");
    (kib("VmRSS"), kib("VmHWM"))
}
