//! Reads all documents into views when a store is opened.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use crossbeam_channel::bounded;
use strowger_forms::cbor;
use strowger_primitive::{DocKey, Document, Schema, Value, common};

use super::keys;
use super::tables::Tables;
use crate::Error;
use crate::embedded::Held;

/// Documents read from the disk before they are decoded, and how many such heaps wait.
const HEAP: usize = 1_024;
const HEAPS: usize = 4;

/// Everything the tables hold that must be in memory. One thread reads, the caller's decodes.
pub(crate) fn held(tables: &Tables, schema: &Schema, directory: &Path) -> Result<Held, Error> {
    let refused = |source: fjall::Error| Error::Engine { directory: directory.to_owned(), source: source.into() };
    let commit = tables.commit().map_err(refused)?;
    let ends = BTreeMap::from_iter(tables.log_ends().map_err(refused)?);
    let mut held = Held { commit, ends, ..Held::default() };
    let (sender, heaps) = bounded::<Vec<(Bytes, Bytes)>>(HEAPS);
    std::thread::scope(|scope| {
        // Given up with the closure, so that the reader never waits for a decoder that has failed.
        let heaps = heaps;
        let reader = scope.spawn(move || {
            let mut heap = Vec::with_capacity(HEAP);
            let read = tables.each_document(&mut |key, stored| {
                heap.push((key, stored));
                if heap.len() == HEAP {
                    // Nobody takes it where decoding has failed already.
                    let _refused = sender.send(std::mem::replace(&mut heap, Vec::with_capacity(HEAP)));
                }
            });
            let _refused = sender.send(heap);
            read
        });
        for (key, stored) in heaps.iter().flatten() {
            let damaged = |why: &dyn std::fmt::Display| Error::Damaged {
                directory: directory.to_owned(),
                what: format!("the document under {}: {why}", key.escape_ascii()),
            };
            let key = keys::read_document(&key).ok_or_else(|| damaged(&"no key of a document"))?;
            let Some(kind) = schema.numbered(key.kind) else {
                tracing::warn!(kind = key.kind, name = %key.name, "a document of an unknown kind stays unseen");
                continue;
            };
            let mut document = cbor::read(kind, &stored).map_err(|e| damaged(&e))?;
            share(&key, &mut document);
            held.texts.share(&mut document);
            held.roots.put(&key, Some(Arc::new(document)));
        }
        match reader.join() {
            Ok(read) => read.map_err(refused),
            Err(_) => Err(Error::Damaged { directory: directory.to_owned(), what: "reading it fails".to_owned() }),
        }
    })?;
    Ok(held)
}

/// The key and the document hold the same name.
fn share(key: &DocKey, document: &mut Document) {
    if document.fields.text(&common::NAME).is_some_and(|name| **name == *key.name.as_str()) {
        document.fields.set(&common::NAME, Value::Text(key.name.text()));
    }
}
