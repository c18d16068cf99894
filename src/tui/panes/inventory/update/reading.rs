//! Reading in the detail: a text that is folded, searched, copied and compared, and the keys of a Secret, each shown for a moment.

use std::time::Duration;

use super::super::commands::{Folding, Move};
use super::super::state::{Body, Detail, Revealed, State, Tab};
use super::super::work::Effect;
use super::detail::{inspect, open};
use super::{redraw, say};
use crate::cluster::rows::Row;
use crate::cluster::secret::Hidden;
use crate::names::{ClusterId, ObjectKey, Problem};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{At, Intent, Notice, Step};
use crate::tui::widgets::document::{Document, Kind, Way, Window};

/// How long a value of a Secret is shown.
const SHOWN: Duration = Duration::from_secs(15);

/// The text that is read, if it is one.
pub(super) fn document(state: &mut State) -> Option<(&mut Document, Window)> {
    let detail = state.detail.as_mut()?;
    let window = Window { columns: state.seen.detail_columns, height: state.seen.detail_page, wrap: detail.wrap };
    detail.document.as_mut().map(|document| (document, window))
}

/// Takes in a text; where one was read before, the place in it is kept.
pub(super) fn read(detail: &mut Detail, body: &Body) {
    let (text, kind) = match body {
        Body::Yaml(text) => (text, Kind::Yaml),
        Body::Difference(text) => (text, Kind::Diff),
        _ => {
            detail.document = None;
            return;
        }
    };
    match &mut detail.document {
        Some(document) => document.replace(text.clone()),
        None => detail.document = Some(Document::new(text.clone(), kind)),
    }
}

/// Goes somewhere in a text or a list of keys. None: what is shown is neither.
pub(super) fn go(state: &mut State, step: Move) -> Option<Step<Effect>> {
    let half = isize::try_from((state.seen.detail_page / 2).max(1)).unwrap_or(1);
    let way = match step {
        Move::Down => Way::Lines(1),
        Move::Up => Way::Lines(-1),
        Move::PageDown => Way::Pages(1),
        Move::PageUp => Way::Pages(-1),
        Move::HalfDown => Way::Lines(half),
        Move::HalfUp => Way::Lines(-half),
        Move::Top => Way::Top,
        Move::Bottom => Way::Bottom,
    };
    if let Some((document, window)) = document(state) {
        document.go(way, window);
        return Some(Step::redraw());
    }
    let page = state.seen.detail_page;
    let detail = state.detail.as_mut()?;
    let Body::Keys(keys) = &detail.body else { return None };
    detail.picked = super::table::target(detail.picked, step, page, keys.len().saturating_sub(1));
    Some(Step::redraw())
}

pub(super) fn fold(state: &mut State, how: Folding) -> Step<Effect> {
    let Some((document, window)) = document(state) else { return say("only a manifest can be folded: y shows it") };
    match how {
        Folding::Toggle => document.fold(None),
        Folding::Close => document.fold(Some(true)),
        Folding::Open => document.fold(Some(false)),
        Folding::All => document.fold_all(),
    }
    document.settle(window);
    Step::redraw()
}

/// The next match, or the next change of a comparison. None: no text is shown.
pub(super) fn next(state: &mut State, forward: bool) -> Option<Step<Effect>> {
    let needle = state.detail.as_ref()?.find.clone();
    let compares = matches!(state.detail.as_ref()?.body, Body::Difference(_));
    let (document, window) = document(state)?;
    let found = match needle.as_str() {
        "" if compares => document.find(|line| line.starts_with("@@"), forward, window),
        "" => return None,
        words => document.find(|line| !crate::tui::widgets::paint::find_all(line, words).is_empty(), forward, window),
    };
    Some(if found { Step::redraw() } else { say(&format!("{} is not in here", if needle.is_empty() { "another change" } else { &needle })) })
}

/// What is typed after `/` is gone to at once, where one reads a text.
pub(super) fn found(state: &mut State) {
    let Some(needle) = state.detail.as_ref().map(|detail| detail.find.clone()).filter(|needle| !needle.is_empty()) else { return };
    if let Some((document, window)) = document(state)
        && !document.is_at(&needle)
    {
        // Where it is nowhere the text stays where it is; `n` says so.
        document.find(|line| !crate::tui::widgets::paint::find_all(line, &needle).is_empty(), true, window);
    }
}

/// With managed fields, in a comparison with status; or without again.
pub(super) fn whole(state: &mut State) -> Step<Effect> {
    let Some(detail) = state.detail.as_mut().filter(|detail| matches!(detail.tab, Tab::Yaml | Tab::Values | Tab::Difference)) else {
        return say("managed fields stand in the manifest: y shows it");
    };
    detail.whole = !detail.whole;
    inspect(state)
}

pub(super) fn copy_text(state: &mut State) -> Step<Effect> {
    match document(state) {
        Some((document, _)) => Step::intent(Intent::Copy(document.text().to_string())),
        None => say("y shows the manifest, which can be copied"),
    }
}

pub(super) fn save_text(state: &mut State, at: At) -> Step<Effect> {
    let Some(detail) = state.detail.as_ref() else { return Step::quiet() };
    let ending = if detail.tab == Tab::Difference { "diff" } else { "yaml" };
    let parts = [detail.key.cluster.as_str(), detail.key.namespace.as_deref().unwrap_or_default(), &detail.key.gvk.kind, &detail.key.name];
    let name = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("-");
    let Some((document, _)) = document(state) else { return say("y shows the manifest, which can be saved") };
    let text = document.text().clone();
    state.saving += 1;
    Step::effect(Effect::SaveText { name, ending, text, now: at.unix })
}

/// `x`: the keys of a Secret; there the value under the cursor for a moment, or hidden again.
pub(super) fn reveal(state: &mut State, at: At) -> Step<Effect> {
    let secret = |key: &ObjectKey| &*key.gvk.kind == "Secret" && key.gvk.group.is_empty();
    let key = state.detail.as_ref().map(|detail| detail.key.clone()).or_else(|| state.row().map(Row::key));
    if !key.as_ref().is_some_and(secret) {
        return say("only Secrets have values to reveal");
    }
    let Some(detail) = state.detail.as_mut().filter(|detail| detail.tab == Tab::Keys) else {
        let step = open(state, at, Tab::Keys, true);
        state.in_detail = true;
        return step;
    };
    let Body::Keys(keys) = &detail.body else { return Step::quiet() };
    let Some(name) = keys.get(detail.picked).map(|key| key.name.clone()) else { return say("this Secret holds nothing") };
    if detail.revealed.take().is_some_and(|shown| shown.name == name) {
        return Step::redraw();
    }
    Step::effect(Effect::Reveal { key: detail.key.clone(), name })
}

pub(super) fn revealed(state: &mut State, at: At, key: &ObjectKey, name: String, value: Result<Hidden, Problem>) -> Step<Effect> {
    let Some(detail) = state.detail.as_mut().filter(|detail| detail.key == *key && detail.tab == Tab::Keys) else { return Step::quiet() };
    match value {
        Ok(value) => {
            detail.revealed = Some(Revealed { name, value, until: at.mono + SHOWN });
            Step::redraw()
        }
        Err(problem) => Step::intent(Intent::Notice(Notice::error(problem))),
    }
}

/// A value that was shown long enough is hidden again.
pub(super) fn hide(state: &mut State, at: At) {
    if let Some(detail) = &mut state.detail
        && detail.revealed.as_ref().is_some_and(|shown| shown.until <= at.mono)
    {
        detail.revealed = None;
    }
}

/// `=`: two marked objects, or one with that of the same name in another open cluster, the next one each time.
pub(super) fn compare(state: &mut State, shared: &Shared, at: At) -> Step<Effect> {
    let before = state.detail.as_ref().filter(|detail| detail.tab == Tab::Difference).and_then(|detail| detail.against.clone());
    let marked = state.chosen();
    let (left, right) = match (&marked[..], state.marks.len()) {
        ([left, right], 2) => (left.clone(), right.clone()),
        (_, 0) => {
            let key = state.detail.as_ref().map(|detail| detail.key.clone()).or_else(|| state.row().map(Row::key));
            let Some(left) = key else { return say("no row is chosen") };
            let Some(cluster) = other(shared, &left.cluster, before.as_ref().map(|key| &key.cluster)) else {
                return say("mark two rows with space and compare them; one is compared with its like in another open context");
            };
            let right = ObjectKey { cluster, uid: "".into(), ..left.clone() };
            (left, right)
        }
        (_, marks) => return say(&format!("two are compared, {marks} are marked")),
    };
    let step = open(state, at, Tab::Difference, true);
    let Some(detail) = &mut state.detail else { return step };
    (detail.key, detail.against, detail.full) = (left, Some(right), true);
    (detail.body, detail.document, detail.wrap) = (Body::Waiting, None, false);
    state.in_detail = true;
    inspect(state)
}

/// The open cluster after the one that was compared with last.
fn other(shared: &Shared, own: &ClusterId, last: Option<&ClusterId>) -> Option<ClusterId> {
    let others: Vec<&ClusterId> = shared.open.iter().filter(|id| *id != own).collect();
    let next = last.and_then(|last| others.iter().position(|id| *id == last)).map_or(0, |at| at + 1);
    others.get(next).or(others.first()).map(|id| (*id).clone())
}

/// What `w` does to the lines.
pub(super) fn wrap(state: &mut State) -> Step<Effect> {
    let step = redraw(state, |state| {
        if let Some(detail) = &mut state.detail {
            detail.wrap = !detail.wrap;
        }
    });
    if let Some((document, window)) = document(state) {
        document.settle(window);
    }
    step
}
