//! Turns: the same claim is proven once at a time, whoever shows it; the others wait for the first one's memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::memory::Print;

/// Claims being proven.
#[derive(Default)]
pub(crate) struct Turns(Arc<Mutex<BTreeMap<Print, watch::Receiver<()>>>>);

/// What a claim may do now.
pub(crate) enum Turn {
    /// Prove it; others wait until this is dropped.
    First(First),
    /// Wait for the one that proves it.
    After(watch::Receiver<()>),
    /// Too many others are being proven.
    Full,
}

/// The one that proves a claim.
pub(crate) struct First {
    turns: Turns,
    print: Print,
    _end: watch::Sender<()>,
}

impl Turns {
    /// Most claims that wait for their proof: at the default cost two cores prove them within some seconds.
    const MOST: usize = 256;

    /// Takes a turn.
    pub(crate) fn take(&self, print: Print) -> Turn {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = waiting.get(&print) {
            return Turn::After(first.clone());
        }
        if waiting.len() >= Self::MOST {
            return Turn::Full;
        }
        let (end, ended) = watch::channel(());
        waiting.insert(print, ended);
        Turn::First(First { turns: Self(Arc::clone(&self.0)), print, _end: end })
    }
}

impl Drop for First {
    fn drop(&mut self) {
        self.turns.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.print);
    }
}
