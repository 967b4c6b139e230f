//! Whatever fails, whenever the gateway dies, whoever cancels: every order ends, what runs is what is shown, nothing is
//! started twice.

use proptest::prelude::*;
use std::time::Duration;

use strowger_kinds::{order, service};
use strowger_primitive::World as _;

use super::house::{House, one, several};
use super::memory::Fate;
use super::mock::Turn;

#[derive(Clone, Debug)]
struct Fortune {
    fates: Vec<(usize, Fate)>,
    turns: Vec<(&'static str, Turn)>,
    crashes: Vec<usize>,
    cancel_after_ms: Option<u64>,
}

fn fortune() -> impl Strategy<Value = Fortune> {
    let calls = ["start web", "start db", "stop 1", "stop 2"];
    let fails = vec![Turn::Fails, Turn::FailsForNow];
    let goes = [fails.as_slice(), &[Turn::Lost, Turn::Died(3)]].concat();
    let turn = prop_oneof![
        (prop::sample::select(calls.to_vec()), prop::sample::select(fails)),
        (prop::sample::select(vec!["ready web", "ready db"]), prop::sample::select(goes)),
    ];
    let fate = prop::sample::select(vec![Fate::Busy, Fate::Full, Fate::FailedAndLost, Fate::FailedAndStored]);
    (
        prop::collection::vec((0usize..20, fate), 0..4),
        prop::collection::vec(turn, 0..4),
        prop::collection::vec(1usize..8, 0..3),
        prop::option::of(0u64..1_000),
    )
        .prop_map(|(fates, turns, crashes, cancel_after_ms)| Fortune { fates, turns, crashes, cancel_after_ms })
}

async fn live_through(fortune: Fortune) {
    let mut house = House::new().await;
    house.make(one("old", "hello")).await.unwrap();
    for (call, turn) in &fortune.turns {
        house.mock.script(call, &[*turn]);
    }
    house.make_soon(several("many", &[Ok("hello"), Err("old"), Ok("bare"), Ok("hello")])).await.unwrap();
    for (ahead, fate) in &fortune.fates {
        house.store.fate(*ahead, *fate);
    }
    let mut stop = house.run();
    if let Some(after) = fortune.cancel_after_ms {
        house.life.sleep(Duration::from_millis(after)).await;
        let _too_late_perhaps = house.cancel("many").await;
    }
    for ahead in &fortune.crashes {
        house.store.fate(*ahead, Fate::CrashAfter);
        tokio::select! {
            biased;
            () = house.store.crashed.notified() => {}
            _ended = house.ended("many") => {}
        }
        house.restart().await;
        drop(stop);
        stop = house.run();
    }
    house.ended("many").await;
    house.until("what nobody owns is gone", |h| h.mock.running().len() == h.resources().len()).await;
    house.assert_tidy();
    for name in ["many-1", "many-3", "many-4"] {
        let state = house.service_state(name);
        assert!(matches!(state, service::ACTIVE | service::TERMINATED), "{name} {state}");
    }
    assert!(matches!(house.service_state("old"), 0 | service::ACTIVE));
    let active = ["many-1", "many-3", "many-4"].iter().filter(|n| house.service_state(n) == service::ACTIVE).count();
    match house.order_state("many") {
        order::COMPLETED => assert_eq!((active, house.service_state("old")), (3, 0)),
        order::FAILED | order::CANCELLED => assert_eq!((active, house.service_state("old")), (0, service::ACTIVE)),
        order::PARTIAL => {}
        other => panic!("it ends as {other}"),
    }
    drop(stop);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_an_order_ends_and_leaves_nothing_over(fortune in fortune()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(live_through(fortune));
    }
}
