//! A read until it has its answer.

use strowger_primitive::{Fault, FaultKind};
use strowger_records::{Draft, Recorder};

/// A read in somebody's hands, who may let it go at any moment. What is let go while it is proven leaves a record: a
/// wrong secret counts against its name whether or not the answer is waited for.
pub(super) struct Asking<'a> {
    pub(super) draft: Draft,
    recorder: &'a Recorder,
    /// It has its answer.
    pub(super) over: bool,
}

impl<'a> Asking<'a> {
    pub(super) fn new(draft: Draft, recorder: &'a Recorder) -> Self {
        Self { draft, recorder, over: false }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.over && !self.draft.is_proven() {
            let text = "the peer left before it was proven";
            self.recorder.refused(&self.draft, &Fault::new(FaultKind::Unauthenticated, "left-unproven", text));
        }
    }
}
