//! A map that keeps the most recent of its entries and never more than a fixed number.
//!
//! Entries go into the young half; when that is full it becomes the old half, and what the old half held is dropped.
//! What is asked for again before that moves to the young half. So nothing is moved on a hit in the young half, no
//! entry carries a time, and dropping costs no search.

use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

/// The most recent entries.
pub(crate) struct Recent<K, V> {
    halves: [DashMap<K, V>; 2],
    /// Which half is the young one: its lowest bit.
    turn: AtomicUsize,
    /// Entries put into the young half since it became that.
    young: AtomicUsize,
    most: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Recent<K, V> {
    /// A map of at most `most` entries.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            halves: [DashMap::new(), DashMap::new()],
            turn: AtomicUsize::new(0),
            young: AtomicUsize::new(0),
            most: most / 2,
        }
    }

    /// The entry of that key.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let [young, old] = self.in_turn();
        if let Some(value) = young.get(key) {
            return Some(V::clone(&value));
        }
        let (key, value) = old.remove(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    /// Sets the entry of that key.
    pub(crate) fn put(&self, key: K, value: V) {
        let [young, old] = self.in_turn();
        old.remove(&key);
        if young.insert(key, value).is_none() {
            self.grown(old);
        }
    }

    /// Changes the entry of that key, from `fresh` where there is none, and gives back what `change` gives.
    pub(crate) fn change<T>(&self, key: K, fresh: V, change: impl FnOnce(&mut V) -> T) -> T {
        let [young, old] = self.in_turn();
        let before = old.remove(&key).map(|(_, value)| value);
        let mut new = false;
        let changed = {
            let mut entry = young.entry(key).or_insert_with(|| {
                new = true;
                before.unwrap_or(fresh)
            });
            change(&mut entry)
        };
        if new {
            self.grown(old);
        }
        changed
    }

    /// Removes the entry of that key.
    pub(crate) fn remove(&self, key: &K) {
        for half in &self.halves {
            half.remove(key);
        }
    }

    /// Drops the entries that `keep` refuses.
    pub(crate) fn retain(&self, keep: impl Fn(&K, &V) -> bool) {
        for half in &self.halves {
            half.retain(|key, value| keep(key, value));
        }
    }

    fn in_turn(&self) -> [&DashMap<K, V>; 2] {
        let [a, b] = &self.halves;
        if self.turn.load(Ordering::Acquire) & 1 == 0 { [a, b] } else { [b, a] }
    }

    fn grown(&self, old: &DashMap<K, V>) {
        if self.young.fetch_add(1, Ordering::Relaxed) + 1 == self.most {
            old.clear();
            self.young.store(0, Ordering::Relaxed);
            self.turn.fetch_add(1, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_keeps_what_is_asked_for() {
        let recent = Recent::new(16);
        recent.put(0, 0);
        for i in 1..10_000 {
            recent.put(i, i);
            assert_eq!(recent.get(&0), Some(0), "asked for all the time");
            assert!(recent.halves.iter().map(DashMap::len).sum::<usize>() <= 17);
        }
        assert_eq!(recent.get(&9_999), Some(9_999));
        assert_eq!(recent.get(&1), None);
    }

    #[test]
    fn entries_change_and_go() {
        let recent = Recent::new(16);
        assert_eq!(recent.change("a", 1, |n| *n + 1), 2);
        recent.change("a", 1, |n| *n = 7);
        assert_eq!(recent.get(&"a"), Some(7));
        recent.put("b", 1);
        recent.retain(|_, n| *n > 1);
        assert_eq!((recent.get(&"a"), recent.get(&"b")), (Some(7), None));
        recent.remove(&"a");
        assert_eq!(recent.get(&"a"), None);
    }
}
