//! Orders in flight: how many there may be, and which have a task that carries them out.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use strowger_primitive::{Fault, Id};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All orders in flight.
pub(crate) struct Flight {
    most: u32,
    free: Arc<Semaphore>,
    carried: Arc<Mutex<BTreeSet<Id>>>,
    doubt: AtomicBool,
}

/// A place among them, given back when dropped.
pub(crate) struct Seat {
    _claim: Claim,
    _permit: OwnedSemaphorePermit,
}

/// Carrying out that order is somebody's task until this is dropped.
pub(crate) struct Claim {
    order: Id,
    carried: Arc<Mutex<BTreeSet<Id>>>,
}

impl Flight {
    pub(crate) fn new(most: u32) -> Self {
        let free = Arc::new(Semaphore::new(most as usize));
        Self { most, free, carried: Arc::default(), doubt: AtomicBool::new(false) }
    }

    /// A place for a new order.
    ///
    /// # Errors
    /// `Overloaded` where there is none.
    pub(crate) fn seat(&self, order: Id) -> Result<Seat, Fault> {
        let permit = Arc::clone(&self.free)
            .try_acquire_owned()
            .map_err(|_| Fault::overloaded(Duration::from_secs(1), "too many orders are in flight; ask again"))?;
        lock(&self.carried).insert(order);
        Ok(Seat { _claim: Claim { order, carried: Arc::clone(&self.carried) }, _permit: permit })
    }

    /// Takes up an order that is in flight already; `None`: somebody has. Of two the slower would start again what the
    /// other has undone.
    pub(crate) fn claim(&self, order: Id) -> Option<Claim> {
        lock(&self.carried).insert(order).then(|| Claim { order, carried: Arc::clone(&self.carried) })
    }

    /// A place for an order that was taken up, as soon as there is one.
    pub(crate) async fn await_seat(&self, claim: Claim) -> Option<Seat> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        Some(Seat { _claim: claim, _permit: permit })
    }

    /// Waits until all places are free.
    pub(crate) async fn empty(&self) {
        let _all = self.free.acquire_many(self.most).await;
    }

    /// Begins to store an order. Until that is over, nobody can say whether one is stored that nobody carries out.
    pub(crate) fn doubting(&self) -> Doubt<'_> {
        Doubt(Some(self))
    }

    /// Some order may be stored that nobody carries out.
    pub(crate) fn doubt(&self) {
        self.doubt.store(true, Ordering::Release);
    }

    /// Whether there was such doubt since this was last asked.
    pub(crate) fn doubted(&self) -> bool {
        self.doubt.swap(false, Ordering::AcqRel)
    }
}

/// Stays as a doubt where it is dropped without a word: the commit failed in a way that does not tell, or its request
/// was stopped meanwhile.
pub(crate) struct Doubt<'a>(Option<&'a Flight>);

impl Doubt<'_> {
    /// It is known what came of it.
    pub(crate) fn dispel(mut self) {
        self.0 = None;
    }
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if let Some(flight) = self.0 {
            flight.doubt();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.carried).remove(&self.order);
    }
}

fn lock(carried: &Mutex<BTreeSet<Id>>) -> MutexGuard<'_, BTreeSet<Id>> {
    carried.lock().unwrap_or_else(PoisonError::into_inner)
}
