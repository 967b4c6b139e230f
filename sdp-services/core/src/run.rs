//! What goes on as long as the gateway runs.

use std::sync::Arc;

use strowger_primitive::Stop;

use crate::Core;

impl Core {
    /// Reads what providers tell, keeps their counts true, and undoes what nobody owns. At `stop`, orders in flight
    /// finish the step in hand or stay where their journal says they are.
    pub async fn run(self: Arc<Self>, mut stop: Stop) {
        for provider in self.providers.all() {
            if let Some(changes) = provider.changes() {
                let stop = stop.clone();
                self.detach("deaths", |core| core.hear(changes, stop));
            }
        }
        let mut pause = self.shelf.world.sleep(self.options.retry_most());
        loop {
            tokio::select! {
                biased;
                () = stop.wait() => break,
                () = &mut pause => {
                    // What it does may take as long as a provider likes; it is repeatable, so it can be left.
                    tokio::select! {
                        biased;
                        () = stop.wait() => break,
                        () = self.mend() => {}
                    }
                    pause = self.shelf.world.sleep(self.options.retry_most());
                }
                () = self.owners.changed() => self.recount().await,
            }
        }
        self.halter.pull();
        tokio::select! {
            biased;
            () = self.flight.empty() => {}
            () = self.shelf.world.sleep(self.options.drain()) => {
                tracing::info!("orders are still in flight; they go on at the next start");
            }
        }
    }

    /// Tries again what could not be done before.
    async fn mend(&self) {
        self.reap().await;
        self.look_again().await;
        self.resume_doubted();
        self.recount().await;
    }

    fn resume_doubted(&self) {
        if !self.flight.doubted() {
            return;
        }
        if let Err(error) = self.resume() {
            tracing::warn!(%error, "which orders are in flight cannot be read now");
            self.flight.doubt();
        }
    }

    async fn recount(&self) {
        if let Err(error) = self.count_running().await {
            tracing::debug!(%error, "the count of running resources is written later");
        }
    }
}
