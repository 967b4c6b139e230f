//! The journal in the real engine.

use std::sync::Arc;

use strowger_driver::System;
use strowger_primitive::{Op, Store as _};
use strowger_stores::Embedded;

use super::{LOG, key, record, verifier};
use crate::{Seal, prove, verify};

#[tokio::test]
async fn records_of_many_writers_are_sealed_without_gaps() {
    let key = key();
    let seal = Seal::new(Arc::clone(&key), "node-1", &[LOG]).unwrap();
    let store = Embedded::in_memory(strowger_kinds::all(), Box::new(seal), Arc::new(System));
    let commits: Vec<_> = (0..500)
        .map(|n| {
            let op = |n| Op::Append { log: LOG, record: record(n, "acme", "alice") };
            store.commit(vec![op(2 * n), op(2 * n + 1)])
        })
        .collect();
    let mut sequences = Vec::new();
    for commit in commits {
        sequences.extend(commit.await.unwrap().sequences);
    }
    sequences.sort_unstable();
    assert_eq!(sequences, (0..1_000).collect::<Vec<_>>());
    let report = verify(&*store, LOG, &verifier(&key), None, &mut |_, _| {}).unwrap().unwrap();
    assert_eq!((report.head.size, report.newer), (1_000, 0));
    for sequence in [0, 1, 500, 999] {
        assert_eq!(prove(&*store, LOG, &verifier(&key), sequence).unwrap().check(&verifier(&key)).unwrap().size, 1_000);
    }
}
