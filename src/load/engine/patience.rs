//! How a thread of the generator shares a core with the server that it asks.

/// From now on this thread waits for its turn: an answer that wakes it does not take the core from whoever made the answer (SCHED_BATCH, sched(7)). Without
/// it, a server on the same machine is interrupted for every answer it gives, and both do everything in small pieces. Where it cannot be had nothing changes.
#[cfg(target_os = "linux")]
pub(super) fn learn() {
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id};

    // The crate sets a niceness too, and this value stands for 0: whoever has chosen another one keeps it, and with it how his threads are woken.
    const NORMAL: u8 = 47;
    let ours = rustix::process::getpriority_process(None).is_ok_and(|nice| nice == 0);
    if let (true, Ok(priority)) = (ours, NORMAL.try_into()) {
        let batch = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Batch);
        _ = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(priority), batch);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn learn() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_waits_for_its_turn_and_is_no_less_for_it() {
        // Fields 19 and 41 of proc(5): niceness and policy, of which 3 is SCHED_BATCH. The first two may hold spaces.
        let told = || {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
            let fields: Vec<i128> = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
            (fields[15], fields[37])
        };
        std::thread::spawn(move || {
            let (nice, policy) = told();
            learn();
            assert_eq!(told(), (nice, if nice == 0 { 3 } else { policy }));
        })
        .join()
        .unwrap();
    }
}
