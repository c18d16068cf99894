//! HdrHistogram's two files: the interval log (`.hlog`, version 1.3, V2 with deflate) and the percentile table (`.hgrm`). Values are nanoseconds.
//!
//! A log without tag holds response times, `Tag=service` and others further latencies; Java's HistogramLogProcessor reads the former.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};
use jiff::Timestamp;

use super::super::spectrum::{Bin, Spectrum};

/// Most intervals that are read of one log: a day of seconds.
const MOST: usize = 90_000;
/// One tick of the percentile table and of `Interval_Max`, in nanoseconds: a millisecond, as Java's tools write them.
const UNIT: f64 = 1_000_000.0;

/// A stretch of time of a log.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Its tag; none for response times.
    pub tag: Option<String>,
    /// Its begin, since that of the log.
    pub from: Duration,
    /// Its length.
    pub span: Duration,
    /// Latencies in nanoseconds.
    pub histogram: Histogram<u64>,
}

/// A log, as far as it can be read.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// When it began, where it says so.
    pub started: Option<Timestamp>,
    /// Its intervals, in the order they stand in.
    pub intervals: Vec<Logged>,
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

/// Reads a log up to the first line that is broken.
pub fn read(text: &str) -> Log {
    let mut log = Log::default();
    let mut reader = Deserializer::new();
    let (mut base, mut first) = (None, None);
    for entry in IntervalLogIterator::new(text.as_bytes()) {
        match entry {
            Ok(LogEntry::StartTime(since)) => log.started = moment(since),
            Ok(LogEntry::BaseTime(since)) => base = Some(since),
            Ok(LogEntry::Interval(_)) if log.intervals.len() >= MOST => {
                log.broken = Some(format!("only the first {MOST} intervals are read"));
                break;
            }
            Ok(LogEntry::Interval(interval)) => {
                let decoded = BASE64.decode(interval.encoded_histogram()).ok();
                let Some(histogram) = decoded.and_then(|bytes| reader.deserialize::<u64, _>(&mut bytes.as_slice()).ok()) else {
                    log.broken = Some(format!("interval {} holds no histogram", log.intervals.len() + 1));
                    break;
                };
                let tag = interval.tag().map(|tag| tag.as_str().to_owned());
                let first = *first.get_or_insert(interval.start_timestamp());
                let from = interval.start_timestamp().saturating_sub(if base.is_some() { Duration::ZERO } else { first });
                log.intervals.push(Logged { tag, from, span: interval.duration(), histogram });
            }
            Err(error) => {
                log.broken = Some(format!("line after interval {}: {error:?}", log.intervals.len()));
                break;
            }
        }
    }
    log.started = log.started.or_else(|| base.and_then(moment)).or_else(|| first.and_then(moment));
    log
}

/// Seconds since 1970 are one; less than a year of them is a distance.
fn moment(since: Duration) -> Option<Timestamp> {
    let seconds = i64::try_from(since.as_secs()).ok()?;
    (seconds > 31_536_000).then(|| Timestamp::new(seconds, i32::try_from(since.subsec_nanos()).ok()?).ok()).flatten()
}

impl Log {
    /// All intervals with that tag together.
    pub fn whole(&self, tag: Option<&str>) -> Option<Histogram<u64>> {
        let mut fitting = self.intervals.iter().filter(|interval| interval.tag.as_deref() == tag);
        let mut whole = fitting.next()?.histogram.clone();
        whole.auto(true);
        for interval in fitting {
            // It grows by itself, so it takes everything.
            _ = whole.add(&interval.histogram);
        }
        Some(whole)
    }
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
        let log = read(&text);
        assert_eq!((log.started, log.broken.as_deref(), log.intervals.len()), (Some(started), None, 3), "{text}");
        assert_eq!((log.intervals[2].from, log.intervals[2].span), (second(1), second(1)));
        assert!(log.whole(None).unwrap() == histogram(1, 10_000) && log.whole(Some("service")).unwrap().len() == 9);
        // Cut off in the middle of the last line.
        let cut = read(&text[..text.len() - 40]);
        assert!(cut.intervals.len() == 2 && cut.broken.is_some(), "{cut:?}");
        assert!(read("").intervals.is_empty() && read("\u{0}nonsense\n1,2").broken.is_some());
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
