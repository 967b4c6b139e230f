use std::sync::Arc;

use strowger_kinds::{order, provider, resource, service};
use strowger_primitive::{Look as _, Name, Stop, Value, common};

use super::house::{House, one};
use super::memory::Fate;
use super::mock::{Mock, Turn};
use crate::Recovered;

#[tokio::test(start_paused = true)]
async fn what_runs_is_adopted_what_died_is_told_and_what_nobody_owns_is_reaped() {
    let mut house = House::new().await;
    house.make(one("demo-1", "hello")).await.unwrap();
    house.mock.stray("01zzz-1-1");
    house.mock.kill(&house.step(1), 3);
    let commits = house.store.commits();
    let found = house.restart().await;
    assert_eq!(found, Recovered { adopted: 1, dead: 1, reaped: 1, resumed: 0, unseen: 0 });
    assert_eq!(house.store.commits(), commits + 2, "the death and the count; what is unchanged is not written");
    assert_eq!((house.mock.running().len(), house.health("demo-1")), (1, service::DOWN));
    let again = house.restart().await;
    assert_eq!(again, Recovered { adopted: 1, ..Recovered::default() });
    let operator = Name::new("operator").unwrap();
    let there = house.store.view(&operator, &provider::DECL).get("local-a").unwrap();
    assert_eq!(there.fields.uint(&provider::RUNNING), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_is_gone_without_a_trace_is_dead() {
    let mut house = House::new().await;
    house.make(one("demo-1", "hello")).await.unwrap();
    house.mock = Mock::new("local-a");
    assert_eq!(house.restart().await, Recovered { dead: 2, ..Recovered::default() });
    assert_eq!(house.health("demo-1"), service::DOWN);
    let messages: Vec<_> =
        house.resources().iter().filter_map(|r| r.fields.text(&resource::MESSAGE).cloned()).collect();
    assert_eq!(messages.iter().map(|m| &**m).collect::<Vec<_>>(), ["component web is gone", "component db is gone"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_parts_are_all_seen_again_is_up() {
    let mut house = House::new().await;
    house.make(one("demo-1", "hello")).await.unwrap();
    let before = std::mem::replace(&mut house.mock, Mock::new("local-a"));
    assert_eq!(house.restart().await.dead, 2);
    house.mock = before;
    let mut seen = Vec::new();
    assert_eq!(house.restart().await.adopted, 2);
    seen.push(house.health("demo-1"));
    house.mock.kill(&house.step(0), 1);
    assert_eq!(house.restart().await, Recovered { adopted: 1, dead: 1, ..Recovered::default() });
    seen.push(house.health("demo-1"));
    assert_eq!(seen, [service::UP, service::DOWN]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_nothing_does_not_hold_up_a_start() {
    for fate in [Fate::Busy, Fate::Full, Fate::FailedAndLost] {
        let mut house = House::new().await;
        house.make(one("demo-1", "hello")).await.unwrap();
        house.mock = Mock::new("local-a");
        let found = house.restart_where(|store| (0..6).for_each(|ahead| store.fate(ahead, fate))).await;
        assert_eq!(found, Recovered { unseen: 1, ..Recovered::default() }, "{fate:?}");
        assert_eq!(house.health("demo-1"), service::UP, "nothing could be written down");
        let stop = house.run();
        house.until("it is written down", |h| h.health("demo-1") == service::DOWN).await;
        stop.pull();
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_answered_when_the_gateway_stops() {
    let house = House::new().await;
    house.mock.script("ready web", &[Turn::Hangs]);
    let asked = house.make(one("demo-1", "hello"));
    let hurry = async {
        house.until("it hangs", |h| h.mock.calls().len() == 3).await;
        house.core.hurry();
    };
    let before = tokio::time::Instant::now();
    let (made, ()) = tokio::join!(asked, hurry);
    made.unwrap();
    assert_eq!(house.order_state("demo-1"), order::IN_PROGRESS);
    assert!(before.elapsed() < std::time::Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_cannot_be_seen_is_looked_at_again() {
    let mut house = House::new().await;
    house.make(one("demo-1", "hello")).await.unwrap();
    house.mock.kill(&house.step(0), 1);
    house.mock.blind(true);
    assert_eq!(house.restart().await, Recovered { unseen: 1, ..Recovered::default() });
    assert_eq!(house.health("demo-1"), service::UP, "nobody knows better");
    let stop = house.run();
    house.mock.blind(false);
    house.until("it is seen", |h| h.health("demo-1") == service::DOWN).await;
    stop.pull();
}

#[tokio::test(start_paused = true)]
async fn at_the_stop_orders_stay_in_their_journal_and_go_on_at_the_next_start() {
    let mut house = House::new().await;
    house.mock.script("ready web", &[Turn::Hangs]);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    house.until("it hangs", |h| h.mock.calls().len() == 3).await;
    let (stopper, stop) = Stop::new();
    stopper.pull();
    Arc::clone(&house.core).run(stop).await;
    assert_eq!(house.order_state("demo-1"), order::IN_PROGRESS);
    assert_eq!(house.restart().await.resumed, 1);
    house.ended("demo-1").await;
    assert_eq!(house.service_state("demo-1"), service::ACTIVE);
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn documents_of_providers_follow_the_configuration() {
    let mut house = House::new().await;
    let operator = Name::new("operator").unwrap();
    house.set("operator", &provider::DECL, "local-a", common::LABEL.number, Value::Text("here".into())).await.unwrap();
    house.mock = Mock::new("local-b");
    house.restart().await;
    let view = house.store.view(&operator, &provider::DECL);
    assert!(view.get("local-a").is_none() && view.get("local-b").is_some());
}

#[tokio::test(start_paused = true)]
async fn an_order_that_waits_for_its_place_is_not_taken_up_twice() {
    let mut house = House::new().await;
    house.mock.script("ready web", &[Turn::Hangs]);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    house.until("it hangs", |h| h.mock.calls().len() == 3).await;
    assert_eq!(house.restart().await.resumed, 1);
    assert_eq!(house.core.resume().unwrap(), 0, "its task is there, and has had no turn yet");
    house.ended("demo-1").await;
    assert_eq!(house.core.resume().unwrap(), 0);
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn an_order_that_cannot_be_watched_goes_on() {
    let house = House::new().await;
    house.store.deaf.store(true, std::sync::atomic::Ordering::Relaxed);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    house.until("it has ended", |h| h.order_state("demo-1") == order::COMPLETED).await;
    house.assert_tidy();
}
