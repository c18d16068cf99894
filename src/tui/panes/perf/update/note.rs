//! What a person says of a moment of a run: asked for at the time cursor, kept with the run.

use super::super::state::State;
use super::super::work::Effect;
use super::entry;
use crate::results::note::{LONGEST, Note};
use crate::tui::flow::{Field, Form, Intent, Step};

/// Asks for a note at the time cursor, or at the newest second; what is said there already stands in the form.
pub(super) fn ask(state: &mut State) -> Step<Effect> {
    let Some(entry) = state.shown() else { return Step::quiet() };
    let second = state.second.unwrap_or_else(|| entry.series.seconds().saturating_sub(1));
    let here = Note { at_ns: second * 1_000_000_000, text: String::new(), written: entry.run.started };
    let text = entry.notes.iter().find(|note| note.second() == second).map_or_else(String::new, |note| note.text.clone());
    let about = format!("at {} of {}", here.when(), entry.run.named());
    let field = Field { label: "note", hint: "what happened here; an empty one is taken away", text };
    state.noting = Some((entry.run.id.clone(), second));
    Step::intent(Intent::Ask(Form { title: "Note".into(), about, fields: vec![field], button: "Keep".into(), focus: Some(0) }))
}

/// It was filled in.
///
/// # Errors
/// It is too long: the form stays open.
pub(super) fn written(state: &mut State, text: &str) -> Result<Step<Effect>, String> {
    if text.chars().count() > LONGEST {
        return Err(format!("a note has {LONGEST} letters at most"));
    }
    let Some((id, second)) = state.noting.take() else { return Ok(Step::quiet()) };
    Ok(Step::effect(Effect::Note { id, second, text: text.to_owned() }))
}

/// Takes in the notes of a run; a picture that is held shows them too.
pub(super) fn noted(state: &mut State, id: &str, notes: &[Note]) -> Step<Effect> {
    if let Some(frozen) = state.frozen.as_mut().filter(|frozen| frozen.run.id == id) {
        frozen.notes = notes.to_vec();
    }
    if let Some(entry) = entry(state, id) {
        entry.notes = notes.to_vec();
    }
    Step::redraw()
}
