use strowger_kinds::{order, service};
use strowger_primitive::{Operation, Outcome, Revision};

use super::admitted::{ALICE, Asker};
use super::house::{House, one, several, target, told};
use super::mock::Turn;

#[tokio::test(start_paused = true)]
async fn a_service_is_stopped_in_reverse_and_removed_and_its_order_stays() {
    let house = House::new().await;
    house.make(one("demo-1", "hello")).await.unwrap();
    assert!(matches!(house.delete(&service::DECL, "demo-1").await, Ok(Outcome::Done)));
    assert_eq!(house.mock.calls()[4..], ["stop 2", "stop 1"]);
    assert_eq!((house.service_state("demo-1"), house.order_state("demo-1")), (0, order::COMPLETED));
    house.assert_tidy();
    assert_eq!(told(house.delete(&service::DECL, "demo-1").await).0, "service-not-found");
    house.make(one("demo-2", "bare")).await.unwrap();
    let commits = house.store.commits();
    assert!(matches!(house.delete(&service::DECL, "demo-2").await, Ok(Outcome::Done)));
    assert_eq!(house.store.commits(), commits + 1, "nothing runs: one commit");
}

#[tokio::test(start_paused = true)]
async fn a_busy_service_is_left_to_its_order() {
    let house = House::new().await;
    house.mock.script("start web", &[Turn::Hangs]);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    assert_eq!(told(house.delete(&service::DECL, "demo-1").await).0, "service-busy");
    house.until("it hangs", |h| !h.mock.calls().is_empty()).await;
    house.mock.go_on();
    house.ended("demo-1").await;
    house.mock.script("stop 2", &[Turn::Hangs]);
    let soon = Asker { patience: std::time::Duration::ZERO, ..ALICE };
    let outcome = house.ask(soon, "acme", Operation::Delete(target(&service::DECL, "demo-1"), None)).await;
    assert!(matches!(outcome, Ok(Outcome::Accepted(shown)) if *shown.document.kind == service::DECL));
    assert_eq!(told(house.make(several("again", &[Err("demo-1")])).await).0, "service-busy");
    house.until("it hangs", |h| h.mock.calls().len() == 5).await;
    house.mock.go_on();
    house.until("it is gone", |h| h.service_state("demo-1") == 0).await;
    house.until("tidy", |h| h.store.kept_count() == 0).await;
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_be_stopped_stays_and_can_be_deleted_again() {
    let house = House::new().await;
    house.make(one("demo-1", "hello")).await.unwrap();
    house.mock.script("stop 1", &[Turn::Fails]);
    assert_eq!(told(house.delete(&service::DECL, "demo-1").await).0, "not-ended");
    let service = house.get(&service::DECL, "demo-1").unwrap();
    assert_eq!(service.fields.choice(&service::STATE), Some(service::ACTIVE));
    assert_eq!(service.fields.choice(&service::HEALTH), Some(service::UNKNOWN), "a part of it is stopped");
    assert_eq!(service.fields.text(&service::MESSAGE).map(|t| &**t), Some("stop 1 went wrong"));
    assert_eq!(house.resources().len(), 1);
    assert!(matches!(house.delete(&service::DECL, "demo-1").await, Ok(Outcome::Done)));
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn a_terminated_service_is_deleted_at_once() {
    let house = House::new().await;
    house.mock.script("start web", &[Turn::Fails]);
    house.make(one("demo-1", "hello")).await.unwrap();
    assert_eq!(house.service_state("demo-1"), service::TERMINATED);
    assert!(matches!(house.delete(&service::DECL, "demo-1").await, Ok(Outcome::Done)));
    assert_eq!(house.service_state("demo-1"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_revision_asked_for_must_be_there() {
    let house = House::new().await;
    house.make(one("demo-1", "bare")).await.unwrap();
    let revision = house.get(&service::DECL, "demo-1").unwrap().revision();
    let delete = |revision| Operation::Delete(target(&service::DECL, "demo-1"), Some(revision));
    assert_eq!(told(house.ask(ALICE, "acme", delete(Revision(revision.0 + 1))).await).0, "revision-changed");
    assert!(matches!(house.ask(ALICE, "acme", delete(revision)).await, Ok(Outcome::Done)));
}
