//! Which columns a kind shows and in which order, the person's own among them.

use super::super::kept::Choice;
use super::super::state::State;
use super::super::work::Effect;
use super::{say, watch_again};
use crate::cluster::path::UserColumn;
use crate::cluster::table::{Sort, SortBy};
use crate::tui::app::shared::Shared;
use crate::tui::flow::{ColumnItem, Intent, Show, Step};

/// The heading of the last column, which every kind has.
const AGE: &str = "AGE";

/// Opens the list of columns.
pub(super) fn choose(state: &State) -> Step<Effect> {
    match items(state) {
        Some(items) => Step::intent(Intent::Columns(state.view.kind.clone(), items)),
        None => say("the columns are known as soon as rows have come"),
    }
}

/// Every column there could be, in the order in which they are shown; none before the servers have said which there are.
fn items(state: &State) -> Option<Vec<ColumnItem>> {
    let columns = state.table.columns();
    let usual = |name: &str, wide: bool| ColumnItem { name: name.to_owned(), path: None, wide, show: Show::Usual };
    let mut rest: Vec<ColumnItem> = columns.iter().map(|column| usual(&column.name, column.wide)).chain([usual(AGE, false)]).collect();
    let mut items = Vec::new();
    for Choice { name, path, show } in state.choices() {
        let at = rest.iter().position(|item| item.name == *name);
        let wide = at.map(|at| rest.remove(at)).is_some_and(|item| item.wide);
        if at.is_some() || path.is_some() {
            items.push(ColumnItem { name: name.clone(), path: path.clone(), wide, show: *show });
        }
    }
    items.extend(rest);
    (!columns.is_empty()).then_some(items)
}

/// Reads a column that is to be added.
///
/// # Errors
/// A sentence saying what is not understood.
pub fn new_column(text: &str) -> Result<ColumnItem, String> {
    let UserColumn { name, path } = UserColumn::parse(text)?;
    Ok(ColumnItem { name, path: Some(path), wide: false, show: Show::Usual })
}

/// Adds columns by what is typed behind `:columns`.
///
/// # Errors
/// A sentence saying which is not understood.
pub fn add_columns(state: &mut State, shared: &Shared, texts: &[String]) -> Result<Step<Effect>, String> {
    let added = texts.iter().map(|text| new_column(text)).collect::<Result<Vec<_>, _>>()?;
    let Some(mut items) = items(state) else { return Err("the columns are known as soon as rows have come".into()) };
    for column in added {
        // Before the age, which stays the last.
        match items.iter().position(|item| item.name == column.name) {
            Some(at) if items[at].path.is_none() => return Err(format!("there is a column {} already; give it another name", column.name)),
            Some(at) => items[at] = column,
            None => items.insert(items.iter().position(|item| item.name == AGE).unwrap_or(items.len()), column),
        }
    }
    Ok(choose_columns(state, shared, items))
}

/// The person has chosen: kept for the kind, and read anew where objects have to be read otherwise.
pub fn choose_columns(state: &mut State, shared: &Shared, items: Vec<ColumnItem>) -> Step<Effect> {
    let before = user_columns(state);
    let chosen: Vec<Choice> = items.into_iter().map(|ColumnItem { name, path, show, .. }| Choice { name, path, show }).collect();
    state.lent = None;
    if is_usual(state, &chosen) {
        state.kept.columns.remove(&state.view.kind);
    } else {
        state.kept.columns.insert(state.view.kind.clone(), chosen);
    }
    (state.column, state.skip) = (0, 0);
    state.seen.widths.clear();
    let read = if user_columns(state) == before { Step::redraw() } else { columns_changed(state, shared) };
    read.then(super::census::settle(state, shared)).then(Step::intent(Intent::Remember))
}

/// Nothing was hidden, added or moved.
fn is_usual(state: &State, chosen: &[Choice]) -> bool {
    let plain = |choice: &Choice| choice.path.is_none() && choice.show == Show::Usual;
    let served = state.table.columns().iter().map(|column| &*column.name).chain([AGE]);
    chosen.iter().all(plain) && chosen.iter().map(|choice| choice.name.as_str()).eq(served)
}

/// Columns of the person's own that the servers' objects are read for.
pub(super) fn user_columns(state: &State) -> Vec<UserColumn> {
    state.choices().iter().filter_map(Choice::user).collect()
}

/// Reads anew with other columns; an order by one that may be gone is given up.
pub(super) fn columns_changed(state: &mut State, shared: &Shared) -> Step<Effect> {
    if matches!(state.table.sort().by, SortBy::Column(_)) {
        state.table.set_sort(Sort::default());
    }
    watch_again(state, shared)
}
