//! What the system says of the server's process.

use std::fs;

/// Its memory, in bytes.
pub fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the server's process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("kB") * 1024
}

/// The processor time it has had, in microseconds; the system counts in hundredths of a second.
pub fn processor(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the server's process");
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    (fields[11].parse::<u64>().expect("ticks") + fields[12].parse::<u64>().expect("ticks")) * 10_000
}
