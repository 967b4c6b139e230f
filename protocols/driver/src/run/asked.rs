//! The requests of one connection that are not answered to the end.

use std::task::{Context, Poll};

use strowger_primitive::{Answer, Answers, BoxFuture, Ticket};

/// The next answer, and the answers behind it.
type Next = BoxFuture<'static, (Answers, Option<Answer>)>;

/// Few enough to be looked at in turn; nothing is kept where there is none.
#[derive(Default)]
pub(super) struct Asked {
    waiting: Vec<(Ticket, Next)>,
    /// Where the next look begins, so that none is starved.
    turn: usize,
}

impl Asked {
    pub(super) fn add(&mut self, ticket: Ticket, answers: Answers) {
        self.waiting.push((ticket, next(answers)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// The next answer of any of them.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(Ticket, Answer)> {
        let mut looks = self.waiting.len();
        while looks > 0 {
            looks -= 1;
            let at = self.turn % self.waiting.len();
            self.turn = at + 1;
            let Some((ticket, answer)) = self.waiting.get_mut(at) else { break };
            let ticket = *ticket;
            let Poll::Ready((answers, said)) = answer.as_mut().poll(cx) else { continue };
            let Some(said) = said else {
                self.forget(at);
                if self.waiting.is_empty() {
                    break;
                }
                continue;
            };
            match said {
                Answer::Final(_) => self.forget(at),
                Answer::Progress(_) => {
                    if let Some((_, slot)) = self.waiting.get_mut(at) {
                        *slot = next(answers);
                    }
                }
            }
            return Poll::Ready((ticket, said));
        }
        Poll::Pending
    }

    fn forget(&mut self, at: usize) {
        drop(self.waiting.swap_remove(at));
        if self.waiting.is_empty() {
            self.waiting = Vec::new();
        }
    }
}

fn next(mut answers: Answers) -> Next {
    Box::pin(async move {
        let answer = answers.next().await;
        (answers, answer)
    })
}
