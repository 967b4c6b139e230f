//! Answers: Progress* then Final.

use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use crate::stages::Session;
use crate::{ActionDecl, BoxFuture, Cursor, Document, Fault, Fields, KindDecl, RequestId, Text};

/// One answer to a request.
#[derive(Debug)]
pub enum Answer {
    /// Where the work stands. A slow reader sees the newest only.
    Progress(Headline),
    /// The end.
    Final(Result<Outcome, Fault>),
}

/// Where work stands, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headline {
    /// What was done last, for people.
    pub text: Text,
    /// So many steps are done.
    pub done: u32,
    /// Of so many.
    pub of: u32,
}

/// What came of a request.
#[derive(Debug)]
pub enum Outcome {
    /// Done; there is nothing to show.
    Done,
    /// The thing as it is now.
    Document(Shown),
    /// The thing was made.
    Created(Shown),
    /// One page of a list.
    Page(Page),
    /// The work goes on; this is where to look.
    Accepted(Shown),
    /// What an action gave back.
    Reply(Payload),
    /// The claim is proven for the flow that showed it.
    Session(Session),
}

/// A document and what of it may be seen.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The document.
    pub document: Arc<Document>,
    /// Fields not to be shown.
    pub hidden: Arc<[u16]>,
}

/// One page of a list.
#[derive(Debug)]
pub struct Page {
    /// Of what.
    pub kind: &'static KindDecl,
    /// The things.
    pub documents: Vec<Arc<Document>>,
    /// Fields not to be shown.
    pub hidden: Arc<[u16]>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// What an action gave back.
#[derive(Debug)]
pub struct Payload {
    /// Of what action.
    pub action: &'static ActionDecl,
    /// Its output fields.
    pub fields: Fields,
}

/// The answers to one request.
pub struct Answers {
    /// The request's identifier.
    pub id: RequestId,
    source: Source,
}

enum Source {
    /// Performed by whoever waits for it: reads.
    Lazy(BoxFuture<'static, Result<Outcome, Fault>>),
    /// Performed on a task of its own.
    Running {
        progress: watch::Receiver<Option<Headline>>,
        end: oneshot::Receiver<Result<Outcome, Fault>>,
    },
    Over,
}

/// The working side of [`Answers`].
#[derive(Debug)]
pub struct Progress {
    headline: Option<watch::Sender<Option<Headline>>>,
}

impl Progress {
    /// Nobody listens.
    #[must_use]
    pub fn unheard() -> Self {
        Self { headline: None }
    }

    /// Tells where the work stands; an older word that was not read is replaced.
    pub fn report(&self, text: impl Into<Text>, done: u32, of: u32) {
        if let Some(headline) = &self.headline {
            headline.send_replace(Some(Headline { text: text.into(), done, of }));
        }
    }
}

/// Answers of work that runs on a task of its own: the reader's end, the progress, and where the end is put.
#[must_use]
pub fn answers(id: RequestId) -> (Answers, Progress, oneshot::Sender<Result<Outcome, Fault>>) {
    let (headline, progress) = watch::channel(None);
    let (sender, end) = oneshot::channel();
    (Answers { id, source: Source::Running { progress, end } }, Progress { headline: Some(headline) }, sender)
}

impl Answers {
    /// Answers that are worked out while they are waited for.
    #[must_use]
    pub fn lazy(id: RequestId, work: BoxFuture<'static, Result<Outcome, Fault>>) -> Self {
        Self { id, source: Source::Lazy(work) }
    }

    /// The next answer; behind the Final there is none.
    pub async fn next(&mut self) -> Option<Answer> {
        let answer = match &mut self.source {
            Source::Over => return None,
            Source::Lazy(work) => Answer::Final(work.await),
            Source::Running { progress, end } => either(progress, end).await,
        };
        if matches!(answer, Answer::Final(_)) {
            self.source = Source::Over;
        }
        Some(answer)
    }

    /// The Final answer, past all progress.
    ///
    /// # Errors
    /// The fault that ended the request.
    pub async fn last(mut self) -> Result<Outcome, Fault> {
        while let Some(answer) = self.next().await {
            if let Answer::Final(end) = answer {
                return end;
            }
        }
        Err(lost())
    }
}

async fn either(
    progress: &mut watch::Receiver<Option<Headline>>,
    end: &mut oneshot::Receiver<Result<Outcome, Fault>>,
) -> Answer {
    use std::future::{Future as _, poll_fn};
    use std::pin::{Pin, pin};
    use std::task::Poll;
    // `select!` needs tokio's `macros`; two futures polled in turn need nothing.
    loop {
        let changed = {
            let mut headline = pin!(progress.changed());
            poll_fn(|cx| {
                if let Poll::Ready(end) = Pin::new(&mut *end).poll(cx) {
                    return Poll::Ready(Err(end.unwrap_or_else(|_| Err(lost()))));
                }
                headline.as_mut().poll(cx).map(Ok)
            })
            .await
        };
        match changed {
            Err(end) => return Answer::Final(end),
            Ok(Ok(())) => {
                if let Some(headline) = progress.borrow_and_update().clone() {
                    return Answer::Progress(headline);
                }
            }
            Ok(Err(_)) => return Answer::Final(end.await.unwrap_or_else(|_| Err(lost()))),
        }
    }
}

fn lost() -> Fault {
    Fault::internal("the work ended without an answer")
}

impl Outcome {
    /// What the answer speaks of, where it is one document.
    #[must_use]
    pub fn document(&self) -> Option<&Arc<Document>> {
        match self {
            Self::Document(shown) | Self::Created(shown) | Self::Accepted(shown) => Some(&shown.document),
            Self::Done | Self::Page(_) | Self::Reply(_) | Self::Session(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_slow_reader_sees_the_newest_headline_then_the_end() {
        let (mut answers, progress, end) = answers(Id(1));
        assert!(now(answers.next()).is_none(), "nothing yet");
        progress.report("one", 1, 2);
        progress.report("two", 2, 2);
        let Some(Some(Answer::Progress(headline))) = now(answers.next()) else { panic!("no progress") };
        assert_eq!((&*headline.text, headline.done), ("two", 2));
        end.send(Ok(Outcome::Done)).unwrap();
        assert!(matches!(now(answers.next()), Some(Some(Answer::Final(Ok(Outcome::Done))))));
        assert!(matches!(now(answers.next()), Some(None)), "nothing behind the end");
    }

    #[test]
    fn work_that_vanishes_is_our_mistake() {
        let (answers, progress, end) = answers(Id(1));
        drop((progress, end));
        assert!(matches!(now(answers.last()), Some(Err(fault)) if fault.kind == crate::FaultKind::Internal));
    }
}
