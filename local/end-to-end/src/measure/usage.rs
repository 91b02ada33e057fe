//! Resource use of a process, from /proc.

use anyhow::Context;

/// Clock ticks per second of the times in /proc (`USER_HZ`), 100 on every machine that Linux runs on today.
const TICKS: f64 = 100.0;

/// Usage since the start of the process.
pub struct Usage {
    /// In user and kernel mode.
    pub cpu_seconds: f64,
    /// Peak resident memory.
    pub peak_megabytes: f64,
}

/// Reads `/proc/<pid>/stat` and `/proc/<pid>/status`.
pub fn usage(pid: u32) -> anyhow::Result<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name is in parentheses and may contain anything; utime and stime are the 12th and 13th field after it.
    let (_, fields) = stat.rsplit_once(')').context("no name in /proc/pid/stat")?;
    let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    let ticks: f64 = times.collect::<Result<Vec<_>, _>>()?.iter().sum();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(Usage { cpu_seconds: ticks / TICKS, peak_megabytes: kilobytes / 1024.0 })
}
