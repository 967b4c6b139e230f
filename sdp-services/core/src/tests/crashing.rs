//! The gateway dies at every commit there is, before it is stored and after. Whatever was accepted comes to its end,
//! and nothing is ever started twice.

use strowger_kinds::{order, service};

use super::house::{House, one, several};
use super::memory::Fate;
use super::mock::Turn;

/// Waits for the crash or the end of what is asked, and starts again.
async fn through(house: &mut House, ask: impl AsyncFn(&House)) -> bool {
    let crashed = tokio::select! {
        biased;
        () = house.store.crashed.notified() => true,
        () = ask(house) => false,
    };
    house.restart().await;
    crashed
}

/// Runs `ask` over and over, each time dying at a later commit, until it comes through alive; checks each time.
async fn at_every_commit(
    fate: Fate,
    prepare: impl AsyncFn(&House),
    ask: impl AsyncFn(&House),
    check: impl AsyncFn(&House, usize),
) {
    for ahead in 0..40 {
        let mut house = House::new().await;
        prepare(&house).await;
        house.store.fate(ahead, fate);
        let crashed = through(&mut house, &ask).await;
        check(&house, ahead).await;
        house.assert_tidy();
        if !crashed {
            assert!(ahead > 3, "it died at every commit");
            return;
        }
    }
    panic!("it never comes through");
}

const FATES: [Fate; 2] = [Fate::CrashBefore, Fate::CrashAfter];

/// Makes it, and waits for the end of its order.
async fn make(house: &House, document: strowger_primitive::Document) {
    let _told_to_nobody = house.make(document).await;
}

fn stored(house: &House, order: &str) -> bool {
    house.order_state(order) != 0
}

#[tokio::test(start_paused = true)]
async fn an_order_comes_to_its_end_through_a_crash_at_any_commit() {
    for fate in FATES {
        let ask = async |house: &House| make(house, one("demo-1", "hello")).await;
        let check = async |house: &House, ahead: usize| {
            if !stored(house, "demo-1") {
                assert_eq!((ahead, house.service_state("demo-1"), house.mock.calls().len()), (0, 0, 0));
                return;
            }
            let order = house.ended("demo-1").await;
            assert_eq!(order.fields.choice(&order::STATE), Some(order::COMPLETED), "{fate:?} {ahead}");
            assert_eq!(house.service_state("demo-1"), service::ACTIVE);
            assert_eq!((house.health("demo-1"), house.mock.running().len()), (service::UP, 2));
        };
        at_every_commit(fate, async |_| (), ask, check).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_started_again_through_a_crash_at_any_commit() {
    for fate in FATES {
        let prepare = async |house: &House| {
            house.mock.script("ready web", &[Turn::Lost]);
            house.mock.script("ready db", &[Turn::Lost]);
        };
        let ask = async |house: &House| make(house, one("demo-1", "hello")).await;
        let check = async |house: &House, ahead: usize| {
            if stored(house, "demo-1") {
                let order = house.ended("demo-1").await;
                assert_eq!(order.fields.choice(&order::STATE), Some(order::COMPLETED), "{fate:?} {ahead}");
                assert_eq!((house.health("demo-1"), house.mock.running().len()), (service::UP, 2));
            }
        };
        at_every_commit(fate, prepare, ask, check).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_order_is_undone_through_a_crash_at_any_commit() {
    for fate in FATES {
        let prepare = async |house: &House| house.mock.script("ready db", &[Turn::Fails; 2]);
        let ask = async |house: &House| make(house, several("many", &[Ok("hello"), Ok("bare")])).await;
        let check = async |house: &House, ahead: usize| {
            if stored(house, "many") {
                let order = house.ended("many").await;
                assert_eq!(order.fields.choice(&order::STATE), Some(order::PARTIAL), "{fate:?} {ahead}");
                assert_eq!(house.service_state("many-1"), service::TERMINATED);
                assert_eq!(house.service_state("many-2"), service::ACTIVE);
            }
        };
        at_every_commit(fate, prepare, ask, check).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_comes_to_its_end_through_a_crash_at_any_commit() {
    for fate in FATES {
        let prepare = async |house: &House| make(house, one("old", "hello")).await;
        let ask = async |house: &House| make(house, several("many", &[Err("old"), Ok("hello")])).await;
        let check = async |house: &House, ahead: usize| {
            if !stored(house, "many") {
                assert_eq!(house.service_state("old"), service::ACTIVE);
                return;
            }
            let order = house.ended("many").await;
            assert_eq!(order.fields.choice(&order::STATE), Some(order::COMPLETED), "{fate:?} {ahead}");
            assert_eq!((house.service_state("old"), house.service_state("many-2")), (0, service::ACTIVE));
        };
        at_every_commit(fate, prepare, ask, check).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_order_is_undone_through_a_crash_at_any_commit() {
    for fate in FATES {
        let prepare = async |house: &House| {
            house.make(one("old", "bare")).await.unwrap();
            house.mock.script("ready web", &[Turn::Hangs]);
            house.make_soon(several("many", &[Ok("bare"), Ok("hello"), Err("old")])).await.unwrap();
            house.until("it hangs", |h| h.mock.calls().len() == 3).await;
        };
        let ask = async |house: &House| drop(house.cancel("many").await);
        let check = async |house: &House, ahead: usize| {
            let order = house.ended("many").await;
            let state = order.fields.choice(&order::STATE);
            if ahead == 0 && fate == Fate::CrashBefore {
                assert_eq!(state, Some(order::COMPLETED), "nobody was told that it is cancelled");
                return;
            }
            assert_eq!(state, Some(order::CANCELLED), "{fate:?} {ahead}");
            let states = ["many-1", "many-2", "old"].map(|name| house.service_state(name));
            assert_eq!(states, [service::TERMINATED, service::TERMINATED, service::ACTIVE]);
        };
        at_every_commit(fate, prepare, ask, check).await;
    }
}
