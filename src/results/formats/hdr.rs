//! HdrHistogram's two files: the interval log (`.hlog`, version 1.3, V2 with deflate) and the percentile table (`.hgrm`). Values are nanoseconds.
//!
//! A log without tag holds response times, `Tag=service` and others further latencies; Java's HistogramLogProcessor reads the former.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};
use jiff::Timestamp;

use super::super::spectrum::{Bin, Spectrum};

/// Most lines that are read of one log: a day of seconds with three latencies each.
const MOST: usize = 300_000;
/// One tick of the percentile table and of `Interval_Max`, in nanoseconds: a millisecond, as Java's tools write them.
const UNIT: f64 = 1_000_000.0;

/// A stretch of time of a log.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its begin, since that of the log.
    pub from: Duration,
    /// Its length.
    pub span: Duration,
    /// Latencies in nanoseconds.
    pub histogram: Histogram<u64>,
}

/// What a log says beside its histograms.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// When it began, where it says so.
    pub started: Option<Timestamp>,
    /// Why the rest was not read.
    pub broken: Option<String>,
}

/// What a log begins with.
pub fn header(started: Timestamp) -> String {
    let seconds = started.as_millisecond() as f64 / 1_000.0;
    format!(
        "#[Logged by meshplay {}, values in nanoseconds]\n#[Histogram log format version 1.3]\n\
         #[StartTime: {seconds:.3} (seconds since epoch), {started}]\n#[BaseTime: {seconds:.3} (seconds since epoch)]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// One interval as a line.
///
/// # Errors
/// What the serialiser says.
pub fn line(tag: Option<&str>, from: Duration, span: Duration, histogram: &Histogram<u64>) -> Result<String, String> {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new().serialize(histogram, &mut bytes).map_err(|error| error.to_string())?;
    let tag = tag.map_or_else(String::new, |tag| format!("Tag={tag},"));
    let (from, span, max) = (from.as_secs_f64(), span.as_secs_f64(), histogram.max() as f64 / UNIT);
    Ok(format!("{tag}{from:.3},{span:.3},{max:.3},{}\n", BASE64.encode(bytes)))
}

/// Takes the intervals with that tag, in the order they stand in, up to the first line that is broken. One histogram is held at a time: each of them may take
/// hundreds of kilobytes, and a log may hold a day of seconds.
pub fn each(text: &str, tag: Option<&str>, mut take: impl FnMut(Logged)) -> Log {
    let mut log = Log::default();
    let mut reader = Deserializer::new();
    let (mut base, mut first) = (None, None);
    for (at, entry) in entries(text).enumerate() {
        match entry {
            Ok(LogEntry::StartTime(since)) => log.started = moment(since),
            Ok(LogEntry::BaseTime(since)) => base = Some(since),
            Ok(LogEntry::Interval(interval)) => {
                let first = *first.get_or_insert(interval.start_timestamp());
                if interval.tag().map(|tag| tag.as_str()) != tag {
                    continue;
                }
                let decoded = BASE64.decode(interval.encoded_histogram()).ok();
                let Some(histogram) = decoded.and_then(|bytes| reader.deserialize::<u64, _>(&mut bytes.as_slice()).ok()) else {
                    log.broken = Some(format!("line {} holds no histogram", at + 1));
                    break;
                };
                let from = interval.start_timestamp().saturating_sub(if base.is_some() { Duration::ZERO } else { first });
                take(Logged { from, span: interval.duration(), histogram });
            }
            Err(why) => {
                log.broken = Some(why);
                break;
            }
        }
    }
    log.started = log.started.or_else(|| base.and_then(moment)).or_else(|| first.and_then(moment));
    log
}

/// The tags of its intervals; none, which comes first, is that of response times.
pub fn tags(text: &str) -> BTreeSet<Option<String>> {
    let tag = |entry| match entry {
        LogEntry::Interval(interval) => Some(interval.tag().map(|tag| tag.as_str().to_owned())),
        _ => None,
    };
    entries(text).map_while(Result::ok).filter_map(tag).collect()
}

/// What stands in a log, up to as much as is read of one.
fn entries(text: &str) -> impl Iterator<Item = Result<LogEntry<'_>, String>> {
    IntervalLogIterator::new(text.as_bytes()).enumerate().map(|(at, entry)| match entry {
        Ok(LogEntry::Interval(_)) if at >= MOST => Err(format!("only its first {MOST} lines are read")),
        Ok(entry) => Ok(entry),
        Err(error) => Err(format!("line {}: {error:?}", at + 1)),
    })
}

/// All intervals with that tag together; none where there is none.
pub fn whole(text: &str, tag: Option<&str>) -> Option<Histogram<u64>> {
    let mut whole = None;
    each(text, tag, |interval| join(&mut whole, interval.histogram));
    whole
}

/// Adds an interval to those before it.
pub fn join(whole: &mut Option<Histogram<u64>>, part: Histogram<u64>) {
    match whole {
        // It grows by itself, so it takes everything.
        Some(whole) => _ = whole.add(&part),
        None => {
            let mut first = part;
            first.auto(true);
            *whole = Some(first);
        }
    }
}

/// Seconds since 1970 are one; less than a year of them is a distance.
fn moment(since: Duration) -> Option<Timestamp> {
    let seconds = i64::try_from(since.as_secs()).ok()?;
    (seconds > 31_536_000).then(|| Timestamp::new(seconds, i32::try_from(since.subsec_nanos()).ok()?).ok()).flatten()
}

/// The table that HdrHistogram's plotter reads, in milliseconds.
pub fn table(histogram: &Histogram<u64>) -> String {
    let mut text = format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut passed = 0;
    for step in histogram.iter_quantiles(5) {
        passed += step.count_since_last_iteration();
        let (value, share) = (step.value_iterated_to() as f64 / UNIT, step.quantile_iterated_to());
        let odds = if share < 1.0 { format!(" {:>14.2}", 1.0 / (1.0 - share)) } else { String::new() };
        _ = writeln!(text, "{value:>12.6} {share:>2.12} {passed:>10}{odds}");
    }
    let (mean, deviation, max) = (histogram.mean() / UNIT, histogram.stdev() / UNIT, histogram.max() as f64 / UNIT);
    _ = writeln!(text, "#[Mean    = {mean:>12.6}, StdDeviation   = {deviation:>12.6}]");
    _ = writeln!(text, "#[Max     = {max:>12.6}, Total count    = {:>12}]", histogram.len());
    _ = writeln!(text, "#[Buckets = {:>12}, SubBuckets     = {:>12}]", histogram.buckets(), 2_048);
    text
}

/// Reads a percentile table: each row's answers lie between its value and that of the row before. `unit_ns` is what one of its values counts.
pub fn read_table<'a>(lines: impl Iterator<Item = &'a str>, unit_ns: f64) -> Spectrum {
    let mut bins: Vec<Bin> = Vec::new();
    let (mut from_ns, mut passed) = (0, 0);
    for line in lines.take(100_000) {
        let mut fields = line.split_whitespace();
        let row = (
            fields.next().and_then(|text| text.parse::<f64>().ok()),
            fields.next().and_then(|text| text.parse::<f64>().ok()),
            fields.next().and_then(|text| text.parse::<u64>().ok()),
        );
        let (Some(value), Some(_), Some(total)) = row else { continue };
        let to_ns = ((value * unit_ns).round() as u64).max(from_ns);
        if total > passed {
            bins.push(Bin { from_ns: if bins.is_empty() { to_ns } else { from_ns }, to_ns, count: total - passed });
            passed = total;
        }
        from_ns = to_ns;
    }
    Spectrum::of_bins(bins, None, None, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(from: u64, to: u64) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        (from..to).for_each(|at| histogram.record(at * 1_000).unwrap());
        histogram
    }

    fn second(at: u64) -> Duration {
        Duration::from_secs(at)
    }

    #[test]
    fn a_log_is_read_as_it_was_written_and_its_parts_make_the_whole() {
        let started: Timestamp = "2026-11-22T21:05:55Z".parse().unwrap();
        let lines = [
            line(None, second(0), second(1), &histogram(1, 5_000)),
            line(Some("service"), second(0), second(1), &histogram(1, 10)),
            line(None, second(1), second(1), &histogram(5_000, 10_000)),
        ];
        let text = header(started) + &lines.map(Result::unwrap).concat();
        let read = |text: &str, tag| {
            let mut intervals = Vec::new();
            let log = each(text, tag, |interval| intervals.push((interval.from, interval.span)));
            (log.started, log.broken.is_some(), intervals)
        };
        assert_eq!(read(&text, None), (Some(started), false, vec![(second(0), second(1)), (second(1), second(1))]), "{text}");
        assert_eq!(read(&text, Some("service")), (Some(started), false, vec![(second(0), second(1))]));
        assert_eq!(tags(&text).into_iter().collect::<Vec<_>>(), [None, Some("service".to_owned())]);
        assert!(whole(&text, None).unwrap() == histogram(1, 10_000) && whole(&text, Some("service")).unwrap().len() == 9);
        // Cut off in the middle of the last line.
        assert_eq!(read(&text[..text.len() - 40], None), (Some(started), true, vec![(second(0), second(1))]));
        assert!(read("", None).2.is_empty() && read("\u{0}nonsense\n1,2", None).1 && whole("", None).is_none());
    }

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let text = table(&histogram(1, 10_001));
        assert!(text.starts_with("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"), "{text}");
        let spectrum = read_table(text.lines(), UNIT);
        assert_eq!(spectrum.count(), 10_000);
        let p99 = spectrum.percentile(0.99).unwrap();
        assert!(p99.abs_diff(9_900_000) < 30_000, "{p99}");
    }
}
