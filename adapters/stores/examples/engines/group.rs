//! Many writers, one thread that writes: the same for every engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use crossbeam_channel::bounded;
use strowger_driver::System;
use strowger_primitive::{CommitError, Op, Store as _, World as _};
use strowger_stores::Embedded;
use tokio::sync::oneshot;

use crate::commit::{Commit, ops};
use crate::raw::Raw;

/// What `writers` waited for each commit to a bare engine within `time`.
pub(crate) fn raw(mut engine: Box<dyn Raw>, writers: usize, time: Duration) -> Result<Vec<Duration>> {
    let (sender, queue) = bounded::<(Commit, oneshot::Sender<()>)>(4_096);
    let thread = std::thread::spawn(move || -> Result<()> {
        while let Ok(first) = queue.recv() {
            let mut waiting = vec![first];
            waiting.extend(queue.try_iter().take(4_095));
            let (batch, replies): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
            engine.write(&batch)?;
            for reply in replies {
                let _left = reply.send(());
            }
        }
        Ok(())
    });
    let waits = run(writers, time, move |i| {
        let (reply, done) = oneshot::channel();
        let sent = sender.send((Commit::new(i), reply));
        async move {
            sent.ok().context("the engine has failed")?;
            done.await.context("the engine has failed")
        }
    });
    thread.join().ok().context("the engine panicked")??;
    waits
}

/// The same through the whole store.
pub(crate) fn ours(store: &Arc<Embedded>, writers: usize, time: Duration) -> Result<Vec<Duration>> {
    let store = Arc::clone(store);
    run(writers, time, move |i| {
        let commit = store.commit(ops(i));
        async move { commit.await.map(drop).map_err(anyhow::Error::from) }
    })
}

/// Stores `commits` commits, in heaps the queue bears.
pub(crate) fn fill(store: &Embedded, commits: usize) -> Result<()> {
    heaps(store, commits, ops)
}

/// Stores so many services and nothing else.
pub(crate) fn services(store: &Embedded, services: usize) -> Result<()> {
    heaps(store, services, |i| ops(i).into_iter().take(1).collect())
}

fn heaps(store: &Embedded, commits: usize, ops: impl Fn(usize) -> Vec<Op>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        for from in (0..commits).step_by(2_000) {
            let heap: Vec<_> = (from..commits.min(from + 2_000)).map(|i| store.commit(ops(i))).collect();
            for commit in heap {
                commit.await?;
            }
        }
        Ok::<_, CommitError>(())
    })?;
    Ok(())
}

/// Runs `commit` in `writers` tasks, each with one commit at a time, until `time` is over.
fn run<F>(writers: usize, time: Duration, commit: impl Fn(usize) -> F + Send + Sync + 'static) -> Result<Vec<Duration>>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    let (commit, next) = (Arc::new(commit), Arc::new(AtomicUsize::new(0)));
    let begun = System.now().mono;
    let tasks = (0..writers).map(|_| {
        let (commit, next) = (Arc::clone(&commit), Arc::clone(&next));
        runtime.spawn(async move {
            let mut waits = Vec::new();
            loop {
                let asked = System.now().mono;
                if asked.saturating_duration_since(begun) >= time {
                    return Ok::<_, anyhow::Error>(waits);
                }
                commit(next.fetch_add(1, Ordering::Relaxed)).await?;
                waits.push(System.now().mono.saturating_duration_since(asked));
            }
        })
    });
    let tasks: Vec<_> = tasks.collect();
    runtime.block_on(async {
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await??);
        }
        Ok(all)
    })
}
