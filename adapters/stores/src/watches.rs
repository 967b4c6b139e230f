//! Watches: the newest state of single documents, for those who wait for a change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use strowger_primitive::{DocKey, Document, Watch};
use tokio::sync::watch;

/// Most documents watched at once.
const MOST: usize = 65_536;

/// A channel for each document somebody watches.
#[derive(Debug, Default)]
pub(crate) struct Watches(Mutex<Watched>);

#[derive(Debug)]
struct Watched {
    channels: HashMap<DocKey, watch::Sender<Option<Arc<Document>>>>,
    /// Size at which those that nobody listens to any more are looked for.
    clean_at: usize,
    closed: bool,
}

impl Default for Watched {
    fn default() -> Self {
        Self { channels: HashMap::new(), clean_at: 64, closed: false }
    }
}

impl Watches {
    /// Watches one document; `now` reads what is there. Where too many are watched already, the watch tells of no
    /// change and ends at once.
    pub(crate) fn watch(&self, key: &DocKey, now: impl FnOnce() -> Option<Arc<Document>>) -> Watch {
        let mut watched = self.lock();
        if let Some(sender) = watched.channels.get(key) {
            return Watch::new(sender.subscribe());
        }
        if watched.channels.len() >= watched.clean_at {
            watched.channels.retain(|_, sender| sender.receiver_count() > 0);
            watched.clean_at = (watched.channels.len() * 2).clamp(64, MOST);
        }
        let (sender, receiver) = watch::channel(now());
        if watched.closed || watched.channels.len() >= MOST {
            return Watch::new(receiver);
        }
        watched.channels.insert(key.clone(), sender);
        Watch::new(receiver)
    }

    /// Tells of changes that the views already show.
    pub(crate) fn tell<'a>(&self, changed: impl Iterator<Item = (&'a DocKey, Option<&'a Arc<Document>>)>) {
        let mut watched = self.lock();
        if watched.channels.is_empty() {
            return;
        }
        for (key, document) in changed {
            let Some(sender) = watched.channels.get(key) else { continue };
            if sender.receiver_count() == 0 {
                watched.channels.remove(key);
            } else {
                sender.send_replace(document.cloned());
            }
        }
    }

    /// Ends all watches.
    pub(crate) fn close(&self) {
        let mut watched = self.lock();
        watched.closed = true;
        watched.channels.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use strowger_primitive::Name;

    use super::*;

    #[test]
    fn what_nobody_listens_to_any_more_makes_room() {
        let watches = Watches::default();
        let watch = |n: usize| {
            let (tenant, name) = (Name::new("acme").unwrap(), Name::new(&format!("n{n}")).unwrap());
            watches.watch(&DocKey { tenant, kind: 1, name }, || None)
        };
        let all: Vec<Watch> = (0..MOST).map(watch).collect();
        drop(all);
        let _watch = watch(MOST);
        assert_eq!(watches.lock().channels.len(), 1);
    }
}
