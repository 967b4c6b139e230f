#![allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm
)]
//! scratch
use std::sync::Arc;
use strowger_driver::System;
use strowger_kinds::service;
use strowger_primitive::*;
use strowger_stores::*;
fn open(d: &str) -> Arc<Embedded> {
    let mut tries = 0;
    loop {
        match Embedded::open(
            &Options { directory: format!("{d}/store").into(), memory: 1 << 20, ..Options::default() },
            strowger_kinds::all(),
            Box::new(NoSeal),
            Arc::new(System),
        ) {
            Ok(s) => return s,
            Err(e) => {
                println!("OPEN FAILED {e} {e:?}");
                tries += 1;
                if tries > 0 {
                    std::process::exit(3)
                }
            }
        }
    }
}
fn ops(i: usize) -> Vec<Op> {
    let mut d = Document::new(&service::DECL);
    d.fields.set_text(&common::NAME, format!("n{i}"));
    d.fields.set_text(&service::MESSAGE, "m".repeat(250));
    let mut r = Document::new(&strowger_kinds::record::DECL);
    r.fields.set_text(&strowger_kinds::record::CAUSE, "c".repeat(900));
    vec![
        Op::Put {
            key: DocKey { tenant: Name::new("acme").unwrap(), kind: 16, name: Name::new(&format!("n{i}")).unwrap() },
            expect: Expect::Any,
            document: d,
        },
        Op::Keep {
            key: OwnKey::new("k", &[i.to_string().as_bytes()]),
            expect: Expect::Any,
            value: bytes::Bytes::from_static(b"v"),
            expires: None,
        },
        Op::Append { log: Log::AUDIT, record: r },
    ]
}
#[tokio::main]
async fn main() {
    let d = std::env::args().nth(1).unwrap();
    let ackfile = std::env::args().nth(2).unwrap();
    let acked: usize =
        std::fs::read_to_string(&ackfile).unwrap_or_default().lines().filter_map(|l| l.parse().ok()).max().unwrap_or(0);
    let t = std::time::Instant::now();
    let store = open(&d);
    let v = store.view(&Name::new("acme").unwrap(), &service::DECL);
    let missing = (0..acked)
        .filter(|n| {
            v.get(&format!("n{n}")).is_none()
                || store.kept(&OwnKey::new("k", &[n.to_string().as_bytes()])).unwrap().is_none()
        })
        .count();
    let end = store.log_end(Log::AUDIT);
    let log = store.read_log(Log::AUDIT, 0, 10_000_000).unwrap();
    let gaps = log.iter().enumerate().filter(|(i, (n, _))| *i as u64 != *n).count();
    println!(
        "opened in {:?}: acked {acked} seen {} missing {missing} log {end} {} gaps {gaps}",
        t.elapsed(),
        v.len(),
        log.len()
    );
    if missing > 0 || gaps > 0 || (end as usize) < acked || log.len() as u64 != end {
        std::process::exit(4)
    }
    if std::env::args().nth(3).is_none() {
        return;
    }
    let mut out = std::fs::OpenOptions::new().create(true).append(true).open(&ackfile).unwrap();
    use std::io::Write;
    let mut i = v.len();
    loop {
        let n = 1 + (i * 7919) % 60;
        let commits: Vec<_> = (0..n).map(|k| store.commit(ops(i + k))).collect();
        for c in commits {
            if let Err(e) = c.await {
                println!("at {i}: {e} {e:?}");
                std::process::exit(5)
            }
        }
        i += n;
        writeln!(out, "{i}").unwrap();
    }
}
