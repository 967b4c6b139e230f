#![allow(
    missing_docs,
    clippy::all,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation
)]
use std::sync::Arc;
use std::time::{Duration, Instant};
use strowger_driver::System;
use strowger_kinds::{record, service};
use strowger_primitive::{
    Claim, Deadline, Id, Index, KeyScope, Log, Name, Operation, Peer, Permit, Principal, Ref, Request, Revision,
    Sealer as _, Store as _, Time, Trace, Transport, World as _,
};
use strowger_records::{Draft, End, Key, Recorder, Seal, prove, verify};
fn main() {
    let key = Arc::new(Key::generate().unwrap());
    let mut seal = Seal::new(Arc::clone(&key), "node-1", &[Log::AUDIT]).unwrap();
    let stored = vec![7u8; 400];
    for batch in [1u64, 64, 1024] {
        let n = 200_000 / if batch == 1 { 10 } else { 1 };
        let mut seal2 = Seal::new(Arc::clone(&key), "node-1", &[Log::AUDIT]).unwrap();
        let t = Instant::now();
        for s in 0..n {
            seal2.add(Log::AUDIT, s, &stored);
            if (s + 1) % batch == 0 {
                std::hint::black_box(seal2.seal(Time(0)));
            }
        }
        println!("seal batch {batch}: {:.2} us/record", t.elapsed().as_secs_f64() * 1e6 / n as f64);
    }
    seal.undo();
    let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seal = Seal::new(Arc::clone(&key), "node-1", &[Log::AUDIT]).unwrap();
    let store = strowger_stores::Embedded::in_memory(strowger_kinds::all(), Box::new(seal), Arc::new(System));
    let peer = Peer { address: ([192, 0, 2, 1], 4711).into(), listener: "http".into(), transport: Transport::Tls };
    let now = System.now();
    let request = Request {
        id: Id(7),
        trace: Trace { id: 5, span: 1, sampled: true },
        origin: strowger_primitive::Origin { protocol: "http", peer, transport: Transport::Tls },
        claim: Claim::Anonymous,
        tenant: None,
        key: Some(strowger_primitive::Key {
            scope: KeyScope::Principal,
            bytes: b"7d1f".as_slice().into(),
            fingerprint: 1,
        }),
        deadline: Deadline(now.mono + Duration::from_secs(9)),
        patience: Duration::ZERO,
        unlike: None,
        permit: Permit::default(),
        operation: Operation::Read(Ref { kind: &service::DECL, index: Index::Name(Name::new("demo-1").unwrap()) }),
    };
    let principal = Arc::new(Principal {
        tenant: Name::new("acme").unwrap(),
        name: Name::new("alice").unwrap(),
        roles: [3].into(),
        revision: Revision(1),
        method: "password",
    });
    let policies: Arc<[Arc<str>]> = [Arc::from("default/users-own")].into();
    let scribe = record::Scribe::new("node-1", now.mono, 1);
    let recorder = Arc::new(Recorder::new(scribe, Arc::new(System), Arc::clone(&store) as _));
    let n = 200_000;
    let t = Instant::now();
    for _ in 0..n {
        let mut d = Draft::new(&request, now.mono);
        d.proven(&principal, now.mono);
        d.decided(&policies);
        d.admitted(now.mono);
        std::hint::black_box(&d);
    }
    println!("draft: {:.3} us", t.elapsed().as_secs_f64() * 1e6 / n as f64);
    let mut d = Draft::new(&request, now.mono);
    d.proven(&principal, now.mono);
    d.decided(&policies);
    d.admitted(now.mono);
    let t = Instant::now();
    for _ in 0..n {
        recorder.counted(&d, End::Done);
    }
    println!("counted: {:.3} us", t.elapsed().as_secs_f64() * 1e6 / n as f64);
    let t = Instant::now();
    for _ in 0..n {
        std::hint::black_box(recorder.op(&d, End::Done));
    }
    println!("op: {:.3} us", t.elapsed().as_secs_f64() * 1e6 / n as f64);
    rt.block_on(async {
        for _ in 0..200 {
            let ops = (0..1000).map(|_| recorder.op(&d, End::Done)).collect();
            store.commit(ops).await.unwrap();
        }
    });
    let by = key.verifier(&strowger_records::Origin::new("node-1", Log::AUDIT).unwrap());
    let t = Instant::now();
    let report = verify(&*store, Log::AUDIT, &by, None, &mut |_, _| {}).unwrap().unwrap();
    println!("verify {}: {:.2} us/record", report.head.size, t.elapsed().as_secs_f64() * 1e6 / report.head.size as f64);
    let t = Instant::now();
    for i in 0..1000 {
        std::hint::black_box(prove(&*store, Log::AUDIT, &by, i * 191).unwrap());
    }
    println!("prove: {:.2} us", t.elapsed().as_secs_f64() * 1e6 / 1000.0);
    let stored = store.read_log(Log::AUDIT, 9, 1).unwrap().remove(0).1;
    println!("record: {} octets", stored.len());
}
