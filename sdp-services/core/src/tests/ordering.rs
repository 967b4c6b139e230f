use std::time::Duration;

use strowger_kinds::{order, provider, record, resource, service};
use strowger_primitive::{Look as _, Name, Operation, Outcome, Scope, Value, World as _, common};

use super::admitted::{ALICE, Asker};
use super::house::{House, a_service, acme, hello, map, one, several, told};
use super::mock::{AT_ONCE, Turn};
use crate::Options;

fn shown(outcome: &Outcome) -> (&'static str, &'static str) {
    let word = if matches!(outcome, Outcome::Created(_)) { "created" } else { "accepted" };
    (word, outcome.document().map_or("nothing", |document| document.kind.name))
}

#[tokio::test(start_paused = true)]
async fn an_offer_without_components_is_one_commit() {
    let house = House::new().await;
    let before = house.store.commits();
    let mut order = one("demo-1", "bare");
    order.fields.set(&order::PARAMETERS, map(&[("size", "7")]));
    let outcome = house.make_soon(order).await.unwrap();
    assert_eq!((shown(&outcome), house.store.commits()), (("created", "order"), before + 1));
    let order = house.get(&order::DECL, "demo-1").unwrap();
    assert_eq!(order.fields.choice(&order::STATE), Some(order::COMPLETED));
    assert_eq!(order.fields.uint(&order::STEPS), order.fields.uint(&order::STEPS_DONE));
    let row = order.fields.rows(&order::ITEMS).and_then(|rows| rows.get(&1)).unwrap();
    assert_eq!(row.choice(&order::item::STATE), Some(order::COMPLETED));
    let service = house.get(&service::DECL, "demo-1").unwrap();
    assert_eq!(service.fields.choice(&service::STATE), Some(service::ACTIVE));
    assert_eq!(service.fields.get(&service::PARAMETERS), Some(&map(&[("greeting", "hello"), ("size", "7")])));
    assert_eq!(service.fields.text(&service::ORDER).map(|t| &**t), Some("demo-1"));
    assert_eq!(service.created_by().map(|t| &**t), Some("alice"));
    assert_eq!(house.store.kept_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn components_are_started_then_observed_and_every_state_is_passed() {
    let house = House::new().await;
    house.mock.script("start web", &[Turn::Hangs]);
    house.mock.script("ready web", &[Turn::Hangs]);
    let outcome = house.make_soon(one("demo-1", "hello")).await.unwrap();
    assert_eq!(shown(&outcome), ("accepted", "order"));
    let states = |h: &House| (h.order_state("demo-1"), h.service_state("demo-1"));
    assert_eq!(states(&house), (order::ACKNOWLEDGED, service::RESERVED));
    let status = |h: &House, at: usize| h.resources()[at].fields.choice(&resource::STATUS);
    assert_eq!((status(&house, 0), status(&house, 1)), (Some(resource::RESERVED), Some(resource::RESERVED)));
    house.until("in progress", |h| states(h) == (order::IN_PROGRESS, service::RESERVED)).await;
    house.until("it hangs", |h| h.mock.calls().len() == 1).await;
    house.mock.go_on();
    house.until("started", |h| states(h) == (order::IN_PROGRESS, service::INACTIVE)).await;
    house.until("it hangs", |h| h.mock.calls().len() == 3).await;
    house.mock.go_on();
    house.ended("demo-1").await;
    assert_eq!(states(&house), (order::COMPLETED, service::ACTIVE));
    assert_eq!(house.mock.calls(), ["start web", "start db", "ready web", "ready db"]);
    assert_eq!((status(&house, 0), status(&house, 1)), (Some(resource::AVAILABLE), Some(resource::AVAILABLE)));
    let service = house.get(&service::DECL, "demo-1").unwrap();
    assert_eq!(service.fields.text(&service::ENDPOINT).map(|t| &**t), Some("http://127.0.0.1:40000/"));
    assert_eq!(service.fields.text(&service::PROVIDER).map(|t| &**t), Some("local-a"));
    assert_eq!(service.fields.choice(&service::HEALTH), Some(service::UP));
    let words: Vec<_> =
        house.store.records().iter().filter_map(|r| r.fields.text(&record::OPERATION).cloned()).collect();
    assert_eq!(words.iter().map(|w| &**w).collect::<Vec<_>>(), ["begin", "start", "start", "activate"]);
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn patience_gets_the_end_and_its_lack_the_place_to_look() {
    let house = House::new().await;
    assert_eq!(shown(&house.make(one("demo-1", "hello")).await.unwrap()), ("created", "order"));
    assert_eq!(shown(&house.make(a_service("demo-2", "hello")).await.unwrap()), ("created", "service"));
    assert_eq!(shown(&house.make_soon(a_service("demo-3", "hello")).await.unwrap()), ("accepted", "service"));
    assert_eq!(shown(&house.make_soon(a_service("demo-4", "bare")).await.unwrap()), ("created", "service"));
    house.until("demo-3 is active", |h| h.service_state("demo-3") == service::ACTIVE).await;
    house.mock.script("ready web", &[Turn::Hangs]);
    let brief = Asker { patience: Duration::from_millis(100), ..ALICE };
    let outcome = house.ask(brief, "acme", Operation::Create(one("demo-5", "hello"))).await.unwrap();
    assert_eq!(shown(&outcome), ("accepted", "order"));
}

#[tokio::test(start_paused = true)]
async fn several_items_name_their_services_by_number() {
    let house = House::new().await;
    house.make(several("many", &[Ok("hello"), Ok("bare"), Ok("hello")])).await.unwrap();
    for name in ["many-1", "many-2", "many-3"] {
        assert_eq!(house.service_state(name), service::ACTIVE, "{name}");
    }
    let order = house.get(&order::DECL, "many").unwrap();
    assert_eq!((order.fields.uint(&order::STEPS), order.fields.uint(&order::STEPS_DONE)), (Some(7), Some(7)));
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn a_name_is_had_once_however_many_ask() {
    let house = House::new().await;
    let asks: Vec<_> = (0..64)
        .map(|n| house.make_soon(if n % 2 == 0 { one("demo", "bare") } else { a_service("demo", "bare") }))
        .collect();
    let mut made = 0;
    for ask in asks {
        match ask.await {
            Ok(_) => made += 1,
            Err(fault) => assert_eq!(fault.code, "name-taken"),
        }
    }
    assert_eq!(made, 1);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_provider_is_given_nothing_new() {
    let house = House::new().await;
    let operator = Name::new("operator").unwrap();
    let there = house.store.view(&operator, &provider::DECL).get("local-a").unwrap();
    assert_eq!(there.fields.choice(&provider::RUNS), Some(1));
    house.set("operator", &provider::DECL, "local-a", provider::STATE.number, Value::Enum(2)).await.unwrap();
    assert_eq!(told(house.make(one("demo-1", "hello")).await).0, "no-provider");
    house.make(one("demo-2", "bare")).await.unwrap();
    house.set("operator", &provider::DECL, "local-a", provider::STATE.number, Value::Enum(1)).await.unwrap();
    house.make(one("demo-3", "hello")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_runs_is_counted() {
    let house = House::new().await;
    let stop = house.run();
    house.make(one("demo-1", "hello")).await.unwrap();
    let operator = Name::new("operator").unwrap();
    let running =
        |h: &House| h.store.view(&operator, &provider::DECL).get("local-a").unwrap().fields.uint(&provider::RUNNING);
    house.until("two run", |h| running(h) == Some(2)).await;
    house.delete(&service::DECL, "demo-1").await.unwrap();
    house.until("none runs", |h| running(h) == Some(0)).await;
    stop.pull();
}

#[tokio::test(start_paused = true)]
async fn too_many_orders_in_flight_are_refused_at_once() {
    let house = House::with(Options { most_in_flight: 1, ..Options::default() }).await;
    house.mock.script("start web", &[Turn::Hangs]);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    let fault = house.make_soon(one("demo-2", "hello")).await.unwrap_err();
    assert!(fault.code == "overloaded" && fault.retry_after.is_some());
    house.make_soon(one("demo-3", "bare")).await.unwrap();
    house.until("it hangs", |h| !h.mock.calls().is_empty()).await;
    house.mock.go_on();
    house.ended("demo-1").await;
    house
        .until("there is room", |h| h.core.flight.claim(h.get(&order::DECL, "demo-1").unwrap().id().unwrap()).is_some())
        .await;
    house.make(one("demo-2", "hello")).await.unwrap();
}

/// So many hang as may start at once; behind them waits one more, which hangs as well when its turn comes.
async fn a_busy_provider() -> (House, &'static str) {
    let house = House::new().await;
    house.mock.script("start web", &[Turn::Hangs; AT_ONCE + 1]);
    for no in 1..=AT_ONCE {
        house.make_soon(one(&format!("demo-{no}"), "hello")).await.unwrap();
    }
    house.until("they hang", |h| h.mock.calls().len() == AT_ONCE).await;
    house.make_soon(one("last", "hello")).await.unwrap();
    house.life.sleep(Duration::from_secs(50)).await;
    assert_eq!(house.mock.calls().len(), AT_ONCE, "it waits for its turn");
    (house, "last")
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_at_a_provider_is_not_late() {
    let (house, last) = a_busy_provider().await;
    house.ended("demo-1").await;
    assert_eq!(house.order_state("demo-1"), order::FAILED, "it never answered");
    house
        .until("the last one hangs", |h| h.mock.calls().iter().filter(|call| *call == "start web").count() > AT_ONCE)
        .await;
    house.life.sleep(Duration::from_secs(50)).await;
    house.mock.go_on();
    house.ended(last).await;
    assert_eq!(house.order_state(last), order::COMPLETED, "its time began with its turn");
    for no in 1..=AT_ONCE {
        house.ended(&format!("demo-{no}")).await;
    }
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_can_be_cancelled() {
    let (house, last) = a_busy_provider().await;
    house.cancel(last).await.unwrap();
    house.ended(last).await;
    assert_eq!(house.order_state(last), order::CANCELLED);
    assert_eq!(house.mock.calls().iter().filter(|call| *call == "start web").count(), AT_ONCE, "it was never begun");
    house.mock.go_on();
    for no in 1..=AT_ONCE {
        house.ended(&format!("demo-{no}")).await;
    }
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn an_order_is_carried_out_as_it_was_accepted() {
    let house = House::new().await;
    house.mock.script("start web", &[Turn::Hangs]);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    house.until("it hangs", |h| !h.mock.calls().is_empty()).await;
    let components = strowger_kinds::offer::COMPONENTS.number;
    let mut rows = hello("x").fields.rows(&strowger_kinds::offer::COMPONENTS).cloned().unwrap();
    rows.remove(&2);
    house.set("acme", &strowger_kinds::offer::DECL, "hello", components, Value::Rows(rows)).await.unwrap();
    house.mock.go_on();
    house.ended("demo-1").await;
    assert_eq!(house.mock.calls(), ["start web", "start db", "ready web", "ready db"]);
    assert!(matches!(house.delete(&service::DECL, "demo-1").await, Ok(Outcome::Done)));
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn labels_are_changed_while_an_order_runs() {
    let house = House::new().await;
    house.mock.script("start web", &[Turn::Hangs]);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    house.until("it hangs", |h| !h.mock.calls().is_empty()).await;
    for kind in [&order::DECL, &service::DECL] {
        house.set("acme", kind, "demo-1", common::LABEL.number, Value::Text("mine".into())).await.unwrap();
    }
    let state = house.set("acme", &order::DECL, "demo-1", order::STATE.number, Value::Enum(5)).await;
    assert_eq!(told(state), ("invalid-fields", vec!["state".to_owned()]));
    house.mock.go_on();
    let order = house.ended("demo-1").await;
    assert_eq!(order.fields.text(&common::LABEL).map(|t| &**t), Some("mine"));
    let service = house.store.view(&acme(), &service::DECL).get("demo-1").unwrap();
    assert_eq!(service.fields.text(&common::LABEL).map(|t| &**t), Some("mine"));
}

#[tokio::test(start_paused = true)]
async fn who_sees_his_own_ends_his_own() {
    let house = House::new().await;
    house.make(one("demo-1", "bare")).await.unwrap();
    let bob = Asker { name: "bob", scope: Scope::Own, ..ALICE };
    let outcome = house.ask(bob, "acme", Operation::Create(several("bad", &[Err("demo-1")]))).await;
    let said = outcome.as_ref().unwrap_err().public.to_string();
    assert!(!said.contains("did you mean"), "he is not told that another has it: {said}");
    assert_eq!(told(outcome), ("service-not-found", vec!["items.1.service".to_owned()]));
    house.ask(bob, "acme", Operation::Create(one("demo-2", "bare"))).await.unwrap();
    house.ask(bob, "acme", Operation::Create(several("good", &[Err("demo-2")]))).await.unwrap();
    assert_eq!((house.service_state("demo-1"), house.service_state("demo-2")), (service::ACTIVE, 0));
}
