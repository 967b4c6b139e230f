//! Answers: Progress* then Final.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use crate::stages::Session;
use crate::{ActionDecl, BoxFuture, Cursor, Document, Fault, Fields, KindDecl, RequestId, Text, World};

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

/// The answers to one request. Whoever waits for them carries its work on.
pub struct Answers {
    /// The request's identifier.
    pub id: RequestId,
    source: Source,
}

enum Source {
    Work(Work),
    /// Ended, and not yet told.
    Ended(Result<Outcome, Fault>),
    Over,
}

struct Work {
    work: BoxFuture<'static, Result<Outcome, Fault>>,
    /// What it tells meanwhile, and where it goes on when nobody waits any more; `None`: it does neither.
    lasts: Option<(Heard, Arc<dyn World>)>,
}

/// The newest headline that was not read.
type Heard = Arc<Mutex<Option<Headline>>>;

/// The working side of [`Answers`].
#[derive(Debug)]
pub struct Progress {
    heard: Option<Heard>,
}

impl Progress {
    /// Nobody listens.
    #[must_use]
    pub fn unheard() -> Self {
        Self { heard: None }
    }

    /// Tells where the work stands; an older word that was not read is replaced. It is read when the work that told it
    /// waits the next time.
    pub fn report(&self, text: impl Into<Text>, done: u32, of: u32) {
        if let Some(heard) = &self.heard {
            *newest(heard) = Some(Headline { text: text.into(), done, of });
        }
    }
}

fn newest(heard: &Heard) -> MutexGuard<'_, Option<Headline>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Answers {
    /// Answers that end with whoever waits for them: reads.
    #[must_use]
    pub fn lazy(id: RequestId, work: BoxFuture<'static, Result<Outcome, Fault>>) -> Self {
        Self { id, source: Source::Work(Work { work, lasts: None }) }
    }

    /// Answers to work that is done whether or not somebody waits: where they are dropped before its end, it goes on
    /// on a task of `world`. No task, and no way to one, is needed for what is waited for.
    #[must_use]
    pub fn lasting<W>(id: RequestId, world: Arc<dyn World>, work: impl FnOnce(Progress) -> W) -> Self
    where
        W: Future<Output = Result<Outcome, Fault>> + Send + 'static,
    {
        let heard = Heard::default();
        let work = Box::pin(work(Progress { heard: Some(Arc::clone(&heard)) }));
        Self { id, source: Source::Work(Work { work, lasts: Some((heard, world)) }) }
    }

    /// The next answer; behind the Final there is none.
    pub async fn next(&mut self) -> Option<Answer> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Likewise, polled.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        self.poll_work(cx);
        match std::mem::replace(&mut self.source, Source::Over) {
            Source::Over => Poll::Ready(None),
            Source::Ended(end) => Poll::Ready(Some(Answer::Final(end))),
            Source::Work(work) => {
                let headline = work.lasts.as_ref().and_then(|(heard, _)| newest(heard).take());
                self.source = Source::Work(work);
                headline.map_or(Poll::Pending, |headline| Poll::Ready(Some(Answer::Progress(headline))))
            }
        }
    }

    /// Carries the work on without taking an answer: for whoever has no room for one just now. Work that panics ends
    /// as our mistake, and whoever waits lives on.
    pub fn poll_work(&mut self, cx: &mut Context<'_>) {
        if let Source::Work(work) = &mut self.source
            && let Poll::Ready(end) = catch_unwind(AssertUnwindSafe(|| work.work.as_mut().poll(cx)))
                .unwrap_or_else(|_| Poll::Ready(Err(no_answer())))
        {
            work.lasts = None;
            self.source = Source::Ended(end);
        }
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
        Err(no_answer())
    }
}

fn no_answer() -> Fault {
    Fault::internal("the work ended without an answer")
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Some((_, world)) = self.lasts.take() {
            let work = std::mem::replace(&mut self.work, Box::pin(std::future::pending()));
            // Nobody waits any more; the work is done all the same.
            world.spawn("request", Box::pin(async move { drop(work.await) }));
        }
    }
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
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Waker;
    use std::time::Duration;

    use super::*;
    use crate::{Id, Now};

    /// Its tasks lie here until they are taken.
    #[derive(Default)]
    struct Lazybones(Mutex<Vec<BoxFuture<'static, ()>>>);

    impl World for Lazybones {
        fn now(&self) -> Now {
            unreachable!("no work of this test asks for the time")
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }

        fn random(&self, octets: &mut [u8]) {
            octets.fill(0);
        }

        fn spawn(&self, _: &'static str, work: BoxFuture<'static, ()>) {
            self.0.lock().unwrap().push(work);
        }

        fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
            work();
        }
    }

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    /// Work of two steps; each waits once, then is told.
    fn two_steps(world: &Arc<Lazybones>, done: &Arc<AtomicBool>) -> Answers {
        let done = Arc::clone(done);
        Answers::lasting(Id(1), Arc::clone(world) as Arc<dyn World>, |progress| async move {
            for step in 1..=2 {
                progress.report("unread", step, 2);
                progress.report("read", step, 2);
                let mut waited = false;
                poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
            }
            done.store(true, Ordering::Relaxed);
            Ok(Outcome::Done)
        })
    }

    #[test]
    fn a_reader_sees_the_newest_headline_then_the_end() {
        let (world, done): (Arc<Lazybones>, Arc<AtomicBool>) = Default::default();
        let mut answers = two_steps(&world, &done);
        for step in 1..=2 {
            let Some(Some(Answer::Progress(headline))) = now(answers.next()) else { panic!("no progress") };
            assert_eq!((&*headline.text, headline.done), ("read", step));
        }
        assert!(matches!(now(answers.next()), Some(Some(Answer::Final(Ok(Outcome::Done))))));
        assert!(matches!(now(answers.next()), Some(None)), "nothing behind the end");
        drop(answers);
        assert!(world.0.lock().unwrap().is_empty(), "what is over does not go on");
    }

    #[test]
    fn work_goes_on_without_its_reader() {
        let (world, done): (Arc<Lazybones>, Arc<AtomicBool>) = Default::default();
        let mut answers = two_steps(&world, &done);
        let mut context = Context::from_waker(Waker::noop());
        answers.poll_work(&mut context);
        drop(answers);
        let mut work = world.0.lock().unwrap().pop().expect("it is a task now");
        while work.as_mut().poll(&mut context).is_pending() {}
        assert!(done.load(Ordering::Relaxed));
    }

    #[test]
    fn work_that_panics_is_our_mistake_and_is_over() {
        let world = Arc::<Lazybones>::default();
        let broken = || async { panic!("as a keeper might") };
        for mut answers in [
            Answers::lasting(Id(1), Arc::clone(&world) as Arc<dyn World>, |_| broken()),
            Answers::lazy(Id(2), Box::pin(broken())),
        ] {
            let Some(Some(Answer::Final(Err(fault)))) = now(answers.next()) else { panic!("no fault") };
            assert_eq!(fault.kind, crate::FaultKind::Internal);
            assert!(matches!(now(answers.next()), Some(None)));
        }
        assert!(world.0.lock().unwrap().is_empty(), "what broke does not go on");
    }

    #[test]
    fn what_ends_while_nobody_has_room_is_told_later() {
        let (world, done): (Arc<Lazybones>, Arc<AtomicBool>) = Default::default();
        let mut answers = two_steps(&world, &done);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            answers.poll_work(&mut context);
        }
        assert!(done.load(Ordering::Relaxed));
        assert!(matches!(now(answers.last()), Some(Ok(Outcome::Done))));
    }
}
