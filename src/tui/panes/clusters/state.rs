//! What the list of contexts knows beside the connections, which all panes share.

use std::collections::HashSet;

use crate::names::ClusterId;

/// Cursor and marks.
#[derive(Debug, Default)]
pub struct State {
    /// The context under the cursor.
    pub position: usize,
    /// Contexts to be opened together.
    pub marks: HashSet<ClusterId>,
}
