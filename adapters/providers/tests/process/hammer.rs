//! A gateway that is killed again and again while it starts and stops programs.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use strowger_driver::System;
use strowger_primitive::{FoundState, Provider as _, StepId, World as _};
use strowger_providers::{Options, Process};

use crate::place::{DESCRIPTORS, OWNER, PORTS, Place, by, kill, port_of, run, sample, script, step, undo, until};

const CYCLES: usize = 30;
const STEPS: u64 = 6;
/// Holds the options of the gateway that is killed.
const OPTIONS: &str = "STROWGER_TEST_OPTIONS";
/// How often it undoes what it performed.
const UNDOES: &str = "STROWGER_TEST_UNDOES";

fn steps() -> Vec<StepId> {
    (0..STEPS).map(|n| step(&format!("step-{n}"))).collect()
}

fn chance(below: u64) -> u64 {
    let mut octets = [0; 8];
    System.random(&mut octets);
    u64::from_ne_bytes(octets) % below
}

/// It undoes one step of `undoes` that it has performed, or none where that is 0.
fn gateway_for(place: &Place, undoes: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hammer::gateway", "--ignored", "--nocapture"])
        .env(OPTIONS, toml::to_string(&place.options).unwrap())
        .env(UNDOES, undoes.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "not a test: the gateway that others kill"]
async fn gateway() {
    let Ok(options) = std::env::var(OPTIONS) else { return };
    let undoes: u64 = std::env::var(UNDOES).unwrap().parse().unwrap();
    let options: Options = toml::from_str(&options).unwrap();
    let provider = Process::new(&options, OWNER, DESCRIPTORS, std::sync::Arc::new(System)).unwrap();
    provider.survey(by(20)).await.unwrap();
    let mut all = tokio::task::JoinSet::new();
    for one in steps() {
        let provider = provider.clone();
        all.spawn(async move {
            loop {
                run(&provider, &one, &sample()).await.unwrap();
                if undoes > 0 && chance(undoes) == 0 {
                    undo(&provider, &one).await;
                } else {
                    System.sleep(Duration::from_millis(chance(50))).await;
                }
            }
        });
    }
    all.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_nothing_is_started_twice_or_left() {
    let place = Place::new();
    for cycle in 0..CYCLES {
        let mut gateway = gateway_for(&place, 3);
        System.sleep(Duration::from_millis(chance(500))).await;
        assert!(gateway.try_wait().unwrap().is_none(), "the gateway ended by itself in cycle {cycle}");
        gateway.kill().unwrap();
        gateway.wait().unwrap();
        for one in steps() {
            // A hold that found the workspace taken, or its name gone, ends by itself.
            until("each step has one hold", || place.holds(&one).len() <= 1).await;
            assert!(place.programs(&one).len() <= 1, "{:?}", place.programs(&one));
        }
    }

    let provider = place.provider();
    provider.survey(by(20)).await.unwrap();
    let mut ports = BTreeSet::new();
    for one in steps() {
        let receipt = run(&provider, &one, &sample()).await.unwrap();
        ports.insert(port_of(&receipt));
        assert_eq!((place.holds(&one).len(), place.programs(&one).len()), (1, 1));
    }
    assert_eq!(ports.len(), steps().len());
    until("nothing but these runs", || place.running().len() == 2 * steps().len()).await;
    let found = provider.survey(by(20)).await.unwrap();
    assert!(found.len() == steps().len() && found.iter().all(|found| found.state == FoundState::Running));
    for one in steps() {
        undo(&provider, &one).await;
    }

    let mut all_ports = script("exec sleep 600");
    all_ports.component.ports = (0..PORTS).map(|n| format!("p{n}").into()).collect();
    run(&provider, &step("all"), &all_ports).await.unwrap();
    undo(&provider, &step("all")).await;
    place.leaves_nothing().await;
}

/// Whether the gateway has the other end of what a hold complains to.
fn listens(gateway: u32, place: &Place) -> bool {
    let file = |path: String| std::fs::read_link(path).ok();
    let holds: Vec<_> = steps().iter().flat_map(|one| place.holds(one)).collect();
    let theirs: BTreeSet<_> = holds.iter().filter_map(|hold| file(format!("/proc/{}/fd/2", hold.pid))).collect();
    let is_pipe = |file: &std::path::PathBuf| file.to_str().is_some_and(|name| name.starts_with("pipe:["));
    assert!(theirs.len() == holds.len() && theirs.iter().all(is_pipe), "each has one: {theirs:?}");
    let open = std::fs::read_dir(format!("/proc/{gateway}/fd")).unwrap().flatten();
    open.filter_map(|open| open.path().read_link().ok()).any(|open| theirs.contains(&open))
}

#[tokio::test]
async fn what_runs_outlives_its_gateway() {
    let place = Place::new();
    let mut gateway = gateway_for(&place, 0);
    until("all run", || steps().iter().all(|one| !place.programs(one).is_empty())).await;
    until("it keeps nothing of what only a start needs", || !listens(gateway.id(), &place)).await;
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    let after = place.provider();
    let found = after.survey(by(20)).await.unwrap();
    for found in found.iter().filter(|found| found.state == FoundState::Running) {
        let joined = run(&after, &found.receipt.step, &sample()).await.unwrap();
        assert_eq!(joined, found.receipt);
    }
    assert!(!found.is_empty());
    for one in steps() {
        undo(&after, &one).await;
    }
    place.leaves_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_goes_away_at_any_moment() {
    let (place, one) = (Place::new(), step("one"));
    let (provider, task) = (place.provider(), sample());
    for _ in 0..40 {
        let patience = System.sleep(Duration::from_micros(chance(30_000)));
        let asked = chance(2) == 0;
        tokio::select! {
            done = provider.perform(&one, &task, by(20)), if asked => drop(done.unwrap()),
            done = provider.undo(&one, by(20)), if !asked => done.unwrap(),
            () = patience => {}
        }
    }
    run(&provider, &one, &sample()).await.unwrap();
    until("there is one", || place.holds(&one).len() == 1).await;
    assert_eq!(place.programs(&one).len(), 1);
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_there_is_one_after_the_next_call() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    for _ in 0..20 {
        let receipt = run(&provider, &one, &sample()).await.unwrap();
        let victim = match chance(3) {
            0 => place.holds(&one)[0].pid,
            1 => i32::try_from(receipt.pid.unwrap()).unwrap(),
            _ => continue,
        };
        kill(victim);
        // Until then it is joined by whoever asks: that it dies is news that travels.
        until("all are gone", || place.running().is_empty()).await;
    }
    run(&provider, &one, &sample()).await.unwrap();
    assert_eq!((place.holds(&one).len(), place.programs(&one).len()), (1, 1));
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}
