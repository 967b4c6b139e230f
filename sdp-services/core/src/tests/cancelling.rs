use strowger_kinds::{order, service};
use strowger_primitive::Outcome;

use super::house::{House, one, several, told};
use super::mock::Turn;

#[tokio::test(start_paused = true)]
async fn an_order_that_waits_for_health_is_cancelled_at_once() {
    let house = House::new().await;
    house.mock.script("ready web", &[Turn::Hangs]);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    house.until("it hangs", |h| h.mock.calls().len() == 3).await;
    assert!(matches!(house.cancel("demo-1").await, Ok(Outcome::Reply(_))));
    assert_eq!((house.order_state("demo-1"), house.service_state("demo-1")), (order::CANCELLED, service::TERMINATED));
    assert_eq!(house.mock.calls()[3..], ["stop 2", "stop 1"]);
    house.assert_tidy();
    assert_eq!(told(house.cancel("demo-1").await).0, "order-ended");
}

#[tokio::test(start_paused = true)]
async fn a_start_in_hand_is_seen_through_before_it_is_undone() {
    let house = House::new().await;
    house.mock.script("start web", &[Turn::Hangs]);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    house.until("it hangs", |h| !h.mock.calls().is_empty()).await;
    let (cancelled, ()) = tokio::join!(house.cancel("demo-1"), async {
        house.until("it is marked", |h| h.order_state("demo-1") == order::PENDING_CANCELLATION).await;
        house.mock.go_on();
    });
    assert!(matches!(cancelled, Ok(Outcome::Reply(_))));
    assert_eq!(house.mock.calls(), ["start web", "stop 2", "stop 1"]);
    assert_eq!(house.order_state("demo-1"), order::CANCELLED);
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn what_was_completed_before_is_taken_back_and_what_was_not_begun_is_left() {
    let house = House::new().await;
    house.make(one("old", "hello")).await.unwrap();
    house.mock.script("start web", &[Turn::Hangs]);
    house.make_soon(several("many", &[Ok("bare"), Ok("hello"), Err("old")])).await.unwrap();
    house.until("it hangs", |h| h.service_state("many-1") == service::ACTIVE).await;
    assert_eq!(house.service_state("old"), service::INACTIVE, "it waits for its end");
    assert_eq!(told(house.delete(&service::DECL, "many-1").await).0, "service-busy", "its order has not ended");
    house.until("it hangs", |h| h.mock.calls().len() == 5).await;
    let (cancelled, ()) = tokio::join!(house.cancel("many"), async {
        house.until("it is marked", |h| h.order_state("many") == order::PENDING_CANCELLATION).await;
        house.mock.go_on();
    });
    cancelled.unwrap();
    assert_eq!(house.order_state("many"), order::CANCELLED);
    let states = ["many-1", "many-2", "old"].map(|name| house.service_state(name));
    assert_eq!(states, [service::TERMINATED, service::TERMINATED, service::ACTIVE]);
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn what_was_to_end_and_is_left_is_what_it_was() {
    let house = House::new().await;
    let stop = house.run();
    house.make(one("alive", "hello")).await.unwrap();
    house.mock.script("start web", &[Turn::Fails]);
    house.make(one("over", "hello")).await.unwrap();
    assert_eq!(house.service_state("over"), service::TERMINATED);
    house.mock.script("start web", &[Turn::Hangs]);
    house.make_soon(several("many", &[Ok("hello"), Err("alive"), Err("over")])).await.unwrap();
    house.until("it waits", |h| h.service_state("alive") == service::INACTIVE).await;
    let calls = house.mock.calls().len();
    house.mock.kill(&house.step(0), 7);
    house.until("it hangs", |h| h.mock.calls().len() >= calls).await;
    let (cancelled, ()) = tokio::join!(house.cancel("many"), async {
        house.until("it is marked", |h| h.order_state("many") == order::PENDING_CANCELLATION).await;
        house.mock.go_on();
    });
    cancelled.unwrap();
    assert_eq!(["alive", "over"].map(|name| house.service_state(name)), [service::ACTIVE, service::TERMINATED]);
    assert_eq!(house.health("alive"), service::DOWN, "it died while the order had it");
    stop.pull();
}

#[tokio::test(start_paused = true)]
async fn an_ended_service_does_not_come_back() {
    let house = House::new().await;
    house.make(one("old", "hello")).await.unwrap();
    house.mock.script("ready web", &[Turn::Hangs]);
    house.make_soon(several("many", &[Err("old"), Ok("hello")])).await.unwrap();
    house.until("it hangs", |h| h.mock.calls().len() == 9).await;
    house.cancel("many").await.unwrap();
    assert_eq!(house.order_state("many"), order::PARTIAL);
    assert_eq!((house.service_state("old"), house.service_state("many-2")), (0, service::TERMINATED));
    house.assert_tidy();
}
