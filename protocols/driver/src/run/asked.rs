//! The requests of one connection that are not answered to the end.

use std::task::{Context, Poll};

use strowger_primitive::{Answer, Answers, Ticket};

/// Few enough to be looked at in turn; nothing is kept where there is none.
#[derive(Default)]
pub(super) struct Asked {
    waiting: Vec<(Ticket, Answers)>,
    /// Where the next look begins, so that none is starved.
    turn: usize,
}

impl Asked {
    pub(super) fn add(&mut self, ticket: Ticket, answers: Answers) {
        self.waiting.push((ticket, answers));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The next answer of any of them.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(Ticket, Answer)> {
        for _ in 0..self.waiting.len() {
            let at = self.turn % self.waiting.len().max(1);
            self.turn = at + 1;
            let Some((ticket, answers)) = self.waiting.get_mut(at) else { break };
            let ticket = *ticket;
            let Poll::Ready(answer) = answers.poll_next(cx) else { continue };
            if !matches!(answer, Some(Answer::Progress(_))) {
                self.forget(at);
            }
            if let Some(answer) = answer {
                return Poll::Ready((ticket, answer));
            }
        }
        Poll::Pending
    }

    /// Carries all of them on, where no answer can be taken.
    pub(super) fn poll_work(&mut self, cx: &mut Context<'_>) {
        self.waiting.iter_mut().for_each(|(_, answers)| answers.poll_work(cx));
    }

    fn forget(&mut self, at: usize) {
        drop(self.waiting.swap_remove(at));
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
    }
}
