use strowger_kinds::{order, record, service};
use strowger_primitive::Outcome;

use super::house::{House, a_service, one, several};
use super::memory::Fate;
use super::mock::Turn;

#[tokio::test(start_paused = true)]
async fn whatever_step_fails_what_was_done_is_undone_in_reverse() {
    for (step, undone) in [
        ("start web", &["stop 1"][..]),
        ("start db", &["stop 2", "stop 1"]),
        ("ready web", &["stop 2", "stop 1"]),
        ("ready db", &["stop 2", "stop 1"]),
    ] {
        let house = House::new().await;
        house.mock.script(step, &[Turn::Fails]);
        let outcome = house.make(one("demo-1", "hello")).await.unwrap();
        assert!(matches!(outcome, Outcome::Created(_)), "{outcome:?}");
        let stops: Vec<_> = house.mock.calls().into_iter().filter(|c| c.starts_with("stop")).collect();
        assert_eq!(stops, undone, "{step}");
        let order = house.get(&order::DECL, "demo-1").unwrap();
        assert_eq!(order.fields.choice(&order::STATE), Some(order::FAILED));
        assert_eq!(order.fields.text(&order::FAULT).map(|t| &**t), Some("mock-failed"));
        let why = format!("{step} went wrong");
        assert_eq!(order.fields.text(&order::MESSAGE).map(|t| &**t), Some(&*why));
        let row = order.fields.rows(&order::ITEMS).and_then(|rows| rows.get(&1)).unwrap();
        assert_eq!(row.choice(&order::item::STATE), Some(order::FAILED));
        assert_eq!(row.text(&order::item::MESSAGE).map(|t| &**t), Some(&*why));
        let service = house.get(&service::DECL, "demo-1").unwrap();
        assert_eq!(service.fields.choice(&service::STATE), Some(service::TERMINATED));
        assert_eq!(service.fields.text(&service::MESSAGE).map(|t| &**t), Some(&*why));
        let failed = house.store.records().into_iter().find(|r| r.fields.text(&record::FAULT).is_some()).unwrap();
        assert_eq!(failed.fields.text(&record::OUTCOME).map(|t| &**t), Some("upstream"));
        assert_eq!(failed.fields.text(&record::CAUSE).map(|t| &**t), Some("the mock was told to"));
        house.assert_tidy();
        house.make(a_service("demo-1", "hello")).await.unwrap();
        assert_eq!(house.service_state("demo-1"), service::ACTIVE, "the name is free");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_now_is_tried_again_within_its_time() {
    let house = House::new().await;
    house.mock.script("start web", &[Turn::FailsForNow; 3]);
    house.mock.script("ready db", &[Turn::FailsForNow]);
    house.make(one("demo-1", "hello")).await.unwrap();
    assert_eq!(house.order_state("demo-1"), order::COMPLETED);
    house.mock.script("start web", &[Turn::FailsForNow; 100]);
    house.make(one("demo-2", "hello")).await.unwrap();
    assert_eq!((house.order_state("demo-2"), house.service_state("demo-2")), (order::FAILED, service::TERMINATED));
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_fails_the_step() {
    let house = House::new().await;
    house.mock.script("start web", &[Turn::Hangs]);
    house.make(one("demo-1", "hello")).await.unwrap();
    let order = house.get(&order::DECL, "demo-1").unwrap();
    assert_eq!(order.fields.text(&order::FAULT).map(|t| &**t), Some("provider-late"));
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn the_other_items_stand() {
    let house = House::new().await;
    house.mock.script("ready web", &[Turn::Fails]);
    house.make(several("many", &[Ok("hello"), Ok("hello"), Ok("bare")])).await.unwrap();
    assert_eq!(house.order_state("many"), order::PARTIAL);
    let states = ["many-1", "many-2", "many-3"].map(|name| house.service_state(name));
    assert_eq!(states, [service::TERMINATED, service::ACTIVE, service::ACTIVE]);
    let order = house.get(&order::DECL, "many").unwrap();
    assert_eq!(order.fields.text(&order::MESSAGE).map(|t| &**t), Some("ready web went wrong"));
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_undone_now_is_undone_later() {
    let house = House::new().await;
    house.mock.script("ready web", &[Turn::Fails]);
    house.mock.script("stop 2", &[Turn::Fails, Turn::Fails]);
    house.make(one("demo-1", "hello")).await.unwrap();
    assert_eq!((house.order_state("demo-1"), house.mock.running().len()), (order::FAILED, 1));
    let order = house.get(&order::DECL, "demo-1").unwrap();
    assert_eq!(order.fields.text(&order::MESSAGE).map(|t| &**t), Some("ready web went wrong"), "the reason stays");
    let stop = house.run();
    house.until("it is gone", |h| h.mock.running().is_empty()).await;
    house.assert_tidy();
    stop.pull();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_while_holds_up_an_order_and_loses_nothing() {
    for fate in [Fate::Busy, Fate::Full, Fate::FailedAndLost, Fate::FailedAndStored] {
        // The acceptance is the first commit; all behind it must be seen through.
        for ahead in 1..=5 {
            let house = House::new().await;
            house.store.fate(ahead, fate);
            house.make_soon(one("demo-1", "hello")).await.unwrap();
            let order = house.ended("demo-1").await;
            assert_eq!(order.fields.choice(&order::STATE), Some(order::COMPLETED), "{fate:?} {ahead}");
            assert_eq!(house.service_state("demo-1"), service::ACTIVE);
            house.until("owned", |h| h.core.owners.running(&"local-a".try_into_name()) == 2).await;
            house.assert_tidy();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_acceptance_is_in_doubt_is_found_again() {
    for (fate, accepted) in [(Fate::FailedAndStored, true), (Fate::FailedAndLost, false), (Fate::Full, false)] {
        let house = House::new().await;
        let stop = house.run();
        house.store.fate(0, fate);
        assert!(house.make_soon(one("demo-1", "hello")).await.is_err());
        if accepted {
            house.until("it is carried out", |h| h.order_state("demo-1") == order::COMPLETED).await;
        } else {
            assert_eq!(house.order_state("demo-1"), 0, "{fate:?}");
            house.make(one("demo-1", "hello")).await.unwrap();
        }
        house.assert_tidy();
        stop.pull();
    }
}

/// A name from a literal.
trait TryIntoName {
    fn try_into_name(&self) -> strowger_primitive::Name;
}

impl TryIntoName for str {
    fn try_into_name(&self) -> strowger_primitive::Name {
        strowger_primitive::Name::new(self).unwrap()
    }
}
