//! The tree against another library's, restarts, batches taken back, and proofs.

use std::sync::Arc;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use strowger_primitive::{CommitError, Sealer, Time};

use super::bare::Bare;
use super::{LOG, key, record, verifier};
use crate::{BadProof, Hash, Head, Key, Proof, Seal, grew, prove, prove_growth, verify};

fn theirs(store: &Bare) -> MemoryBackedTree<sha2::Sha256, Vec<u8>> {
    let mut tree = MemoryBackedTree::new();
    for stored in store.inside().records.values() {
        tree.push(stored.to_vec());
    }
    tree
}

fn octets(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|h| h.0).collect()
}

fn head(store: &Bare, key: &Key) -> Head {
    Head::newest(store, LOG, &verifier(key)).unwrap().unwrap()
}

#[test]
fn the_signed_root_is_the_one_another_library_finds() {
    let key = key();
    for size in [1, 2, 15, 16, 17, 255, 256, 257, 300, 4_100] {
        let store = Bare::of(&key, size);
        assert_eq!(head(&store, &key).root.0, theirs(&store).root().as_bytes()[..], "{size}");
    }
}

#[test]
fn the_log_goes_on_after_a_restart_at_any_size() {
    let key = key();
    let store = Bare::new(&key);
    for n in 0..300 {
        store.inside().restart(&key).unwrap();
        store.inside().append(vec![record(n, "acme", "alice")]).unwrap();
    }
    assert_eq!(head(&store, &key).root.0, theirs(&store).root().as_bytes()[..]);
    assert!(verify(&*store, LOG, &verifier(&key), None, &mut |_, _| {}).is_ok());
}

#[test]
fn a_log_is_not_taken_up_with_another_key_or_other_hashes() {
    let key = key();
    let store = Bare::of(&key, 40);
    let error = store.inside().restart(&super::key()).unwrap_err();
    assert!(error.to_string().contains("is this the key"), "{error}");
    store.inside().flip_tile(0, 2, 5);
    let error = store.inside().restart(&key).unwrap_err();
    assert!(error.to_string().contains("do not make the tree of 40 records"), "{error}");
    store.inside().flip_tile(0, 2, 5);
    assert!(store.inside().restart(&key).is_ok());
}

#[test]
fn a_batch_that_was_not_stored_leaves_nothing_behind() {
    let key = key();
    let (store, never) = (Bare::of(&key, 14), Bare::of(&key, 14));
    store.inside().refuse = Some(|| CommitError::Full);
    for size in [1, 2, 3, 300] {
        let batch = (0..size).map(|n| record(n, "lost", "lost")).collect();
        assert!(store.inside().append(batch).is_err());
    }
    store.inside().refuse = None;
    for store in [&store, &never] {
        store.inside().append((14..50).map(|n| record(n, "acme", "alice")).collect()).unwrap();
    }
    assert_eq!(head(&store, &key), head(&never, &key));
}

#[test]
fn undoing_a_batch_without_records_takes_no_earlier_one_back() {
    let key = key();
    let mut seal = Seal::new(Arc::clone(&key), "node-1", &[LOG]).unwrap();
    seal.add(LOG, 0, b"one");
    let first = seal.seal(Time(0));
    assert!(!first.is_empty());
    assert!(seal.seal(Time(0)).is_empty(), "nothing was added");
    seal.undo();
    seal.add(LOG, 1, b"two");
    let sealed = seal.seal(Time(0));
    let note = std::str::from_utf8(&sealed.last().unwrap().value).unwrap();
    assert_eq!(Head::open(note, &verifier(&key)).unwrap().size, 2);
}

#[test]
fn a_record_that_is_not_the_next_stops_the_sealing() {
    let key = key();
    let mut seal = Seal::new(Arc::clone(&key), "node-1", &[LOG]).unwrap();
    seal.add(LOG, 0, b"one");
    assert!(!seal.seal(Time(0)).is_empty());
    seal.add(LOG, 2, b"three");
    assert!(seal.seal(Time(0)).is_empty(), "no head signs what is not in the log");
    seal.add(LOG, 1, b"two");
    assert!(seal.seal(Time(0)).is_empty());
}

#[test]
fn what_a_batch_keeps_is_small() {
    let key = key();
    let mut seal = Seal::new(Arc::clone(&key), "node-1", &[LOG]).unwrap();
    let mut kept = 0;
    for n in 0..20_000 {
        seal.add(LOG, n, &n.to_be_bytes());
        kept += seal.seal(Time(0)).iter().map(|s| s.key.0.len() + s.value.len()).sum::<usize>();
    }
    assert!(kept / 20_000 < 600, "{} octets for a batch of one record", kept / 20_000);
}

#[test]
fn a_proof_among_many_records_reads_few_tiles() {
    let key = key();
    let store = Bare::of(&key, 5_000);
    let proof = prove(&*store, LOG, &verifier(&key), 1_234).unwrap();
    assert!(proof.path.len() <= 13);
    assert_eq!(proof.check(&verifier(&key)).unwrap().size, 5_000);
}

#[test]
fn a_proof_of_anything_else_fails() {
    let key = key();
    let store = Bare::of(&key, 50);
    let by = verifier(&key);
    let good = prove(&*store, LOG, &by, 20).unwrap();
    assert_eq!(Proof::read(20, &good.write()), Ok(good.clone()));
    let is_bad = |change: &dyn Fn(&mut Proof), why: BadProof| {
        let mut proof = good.clone();
        change(&mut proof);
        assert_eq!(proof.check(&by), Err(why));
    };
    is_bad(&|p| p.sequence = 21, BadProof::Path);
    is_bad(&|p| p.sequence = 50, BadProof::Path);
    is_bad(&|p| p.size = 51, BadProof::Tree);
    is_bad(&|p| p.root.0[0] ^= 1, BadProof::Tree);
    is_bad(&|p| p.path[3].0[31] ^= 1, BadProof::Path);
    is_bad(&|p| p.path.truncate(4), BadProof::Path);
    is_bad(&|p| p.path.push(p.root), BadProof::Path);
    is_bad(&|p| p.stored = bytes::Bytes::from_static(b"forged"), BadProof::Path);
    assert!(matches!(good.check(&verifier(&super::key())), Err(BadProof::Head(_))));
    assert!(prove(&*store, LOG, &by, 50).is_err());
    assert!(prove(&*Bare::new(&key), LOG, &by, 0).is_err());
    let mut fields = good.write();
    fields.set_text(&strowger_kinds::record::proof::LEAF, "00".repeat(32));
    assert_eq!(Proof::read(20, &fields), Err(BadProof::Field("leaf")));
    assert!(Proof::read(20, &strowger_primitive::Fields::default()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn proofs_are_those_another_library_makes(size in 1usize..1_400, at in any::<prop::sample::Index>()) {
        let key = key();
        let store = Bare::of(&key, size as u64);
        let leaf = at.index(size);
        let ours = prove(&*store, LOG, &verifier(&key), leaf as u64).unwrap();
        let proof = theirs(&store).prove_inclusion(leaf);
        prop_assert_eq!(octets(&ours.path), proof.as_bytes());
        prop_assert_eq!(ours.check(&verifier(&key)).map(|h| h.size), Ok(size as u64));
    }

    #[test]
    fn growth_is_proven_as_another_library_does(old in 1u64..900, added in 1usize..500) {
        let key = key();
        let before = head(&Bare::of(&key, old), &key);
        let store = Bare::of(&key, old + added as u64);
        let (after, path) = prove_growth(&*store, LOG, &verifier(&key), &before).unwrap();
        let proof = theirs(&store).prove_consistency(added);
        prop_assert_eq!(octets(&path), proof.as_bytes());
        prop_assert!(grew(&before, &after, &path));
        let other = Bare::new(&key);
        other.inside().append((0..old).map(|n| record(n, "acme", "mallory")).collect()).unwrap();
        prop_assert!(!grew(&head(&other, &key), &after, &path), "another log of that size");
        prop_assert!(!grew(&after, &before, &path), "it only shrank");
        if let Some((_, shorter)) = path.split_last() {
            prop_assert!(!grew(&before, &after, shorter));
        }
    }
}
