//! Runs from and to HdrHistogram's files, which know latencies and nothing else.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::super::interval::rate;
use super::super::spectrum::Spectrum;
use super::super::store::Kept;
use super::super::{Interval, Latencies};
use super::{Read, Sketch, hdr};
use crate::text::age::nanoseconds;

/// The log as it lies there, or one interval of what is known.
pub(super) fn write(kept: &Kept) -> Result<String, String> {
    if let Some(log) = &kept.log {
        return Ok(log.clone());
    }
    let histogram = kept.spectrum.histogram().filter(|histogram| !histogram.is_empty()).ok_or("it has no latencies")?;
    let line = hdr::line(None, Duration::ZERO, Duration::from_nanos(kept.run.elapsed_ns), &histogram)?;
    Ok(hdr::header(kept.run.started) + &line)
}

/// An interval log as a run.
pub(super) fn read(text: &str) -> Result<Read, String> {
    let tag = hdr::tags(text).into_iter().next().flatten();
    let (mut lines, mut whole) = (Vec::new(), None);
    let log = hdr::each(text, tag.as_deref(), |interval| {
        lines.push(line(&interval));
        hdr::join(&mut whole, interval.histogram);
    });
    let mut remarks = vec!["its values are taken as nanoseconds from the plan or the send: the file does not say".to_owned()];
    remarks.extend(log.broken.clone());
    remarks.extend(tag.as_ref().map(|tag| format!("only the intervals tagged {tag} are read")));
    let whole = whole.filter(|whole: &Histogram<u64>| !whole.is_empty());
    let whole = whole.ok_or_else(|| log.broken.unwrap_or_else(|| "it holds no interval".into()))?;
    let elapsed_ns = lines.iter().map(|line| line.elapsed_ns).max().unwrap_or(0);
    let sketch = Sketch { format: "hdr", latency: "unknown", started: log.started, elapsed_ns, requests: whole.len(), ..Sketch::default() };
    // One whose intervals are all tagged would be read again as one without any. A log is printable ASCII; what else is in it is somebody's comment.
    let log = tag.is_none().then(|| text.chars().filter(|c| *c == '\n' || (' '..='~').contains(c)).collect());
    let found = sketch.run(Spectrum::of_histogram(&whole), lines, log, &remarks);
    Ok(Read { runs: vec![found], remarks })
}

/// A percentile table as a run without time.
pub(super) fn read_table(text: &str) -> Result<Read, String> {
    let spectrum = hdr::read_table(text.lines(), 1e6);
    if spectrum.bins.is_empty() {
        return Err("its table has no rows".into());
    }
    let remarks = vec!["its values are taken as milliseconds: the file does not say".to_owned(), "it knows no time, so there is no rate".to_owned()];
    let sketch = Sketch { format: "hgrm", latency: "unknown", requests: spectrum.count(), ..Sketch::default() };
    Ok(Read { runs: vec![sketch.run(spectrum, Vec::new(), None, &remarks)], remarks })
}

fn line(interval: &hdr::Logged) -> Interval {
    let requests = interval.histogram.len();
    Interval {
        elapsed_ns: nanoseconds(interval.from.saturating_add(interval.span)),
        span_ns: nanoseconds(interval.span),
        requests,
        requests_per_second: rate(requests, nanoseconds(interval.span)),
        latencies: latencies(&interval.histogram),
        histogram: Spectrum::of_histogram(&interval.histogram).buckets(),
        ..Interval::default()
    }
}

/// As a run of our own has them: the upper end of what the histogram keeps together.
pub(in crate::results) fn latencies(histogram: &Histogram<u64>) -> Latencies {
    let spectrum = Spectrum::of_histogram(histogram);
    let at = |share: f64| spectrum.percentile(share).map(|_| histogram.value_at_quantile(share));
    Latencies { p50: at(0.5), p75: at(0.75), p90: at(0.9), p99: at(0.99), p99_9: at(0.999), ..spectrum.latencies() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_kept_is_harmless_and_one_that_is_all_tagged_is_kept_as_bins() {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        (1..=1_000u64).for_each(|at| histogram.record(at * 1_000).unwrap());
        let log = |tag| hdr::header(jiff::Timestamp::UNIX_EPOCH) + &hdr::line(tag, Duration::ZERO, Duration::from_secs(1), &histogram).unwrap();
        let hostile = log(None).replace("#[Logged by", "#[\u{1b}]0;x\u{7}\u{202e}Logged by");
        let found = super::super::read("x", hostile.as_bytes()).unwrap().runs.remove(0);
        assert_eq!(found.log.as_deref(), Some(log(None).replace("#[Logged by", "#[]0;xLogged by").as_str()));
        assert_eq!(hdr::whole(found.log.as_deref().unwrap(), None), Some(histogram.clone()));
        let tagged = super::super::read("x", log(Some("A")).as_bytes()).unwrap();
        assert_eq!((tagged.runs[0].log.as_ref(), tagged.runs[0].spectrum.count()), (None, 1_000));
        assert!(tagged.remarks.iter().any(|remark| remark.contains("only the intervals tagged A")), "{:?}", tagged.remarks);
    }
}
