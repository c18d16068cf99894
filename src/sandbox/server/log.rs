//! The log of a pod, as far as it goes or followed.

use super::*;

pub(super) fn log(store: &Arc<Store>, place: &Place, ask: &Ask) -> Answer {
    let pod = store.get(place).ok_or_else(|| missing(Kind::named("Pod").unwrap_or(&KINDS[0]), place))?.value();
    let now = jiff::Timestamp::now().as_second();
    let seconds = ask.get("sinceSeconds").and_then(|text| text.parse().ok()).map(|seconds: i64| now - seconds);
    let time = ask.get("sinceTime").and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second);
    let since = seconds.or(time).unwrap_or(i64::MIN);
    let stamped = ask.is("timestamps");
    let line = move |at: i64, text: &str| match jiff::Timestamp::from_second(at) {
        Ok(at) if stamped => format!("{at} {text}\n"),
        _ => format!("{text}\n"),
    };
    let lines: Vec<_> = crate::sandbox::shop::log(&pod, ask.is("previous"), now).into_iter().filter(|(at, _)| *at >= since).collect();
    let tail = ask.get("tailLines").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    let skip = lines.len().saturating_sub(tail);
    let text: String = lines.iter().skip(skip).map(|(at, text)| line(*at, text)).collect();
    if !ask.is("follow") {
        return Ok(plain(&text));
    }
    let first = futures::stream::once(async move { Ok(Frame::data(Bytes::from(text))) });
    let rest = futures::stream::unfold((store.clone(), place.clone(), 0u64), move |(store, place, count)| async move {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let pod = store.get(&place)?.value();
        let text = line(jiff::Timestamp::now().as_second(), &crate::sandbox::shop::next_line(&pod, count));
        Some((Ok(Frame::data(Bytes::from(text))), (store, place, count + 1)))
    });
    Ok(respond(StatusCode::OK, "text/plain", StreamBody::new(futures::StreamExt::chain(first, rest)).boxed_unsync()))
}
