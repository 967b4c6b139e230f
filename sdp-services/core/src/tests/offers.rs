use strowger_kinds::{offer, order, service};
use strowger_primitive::{FaultKind, Keeper as _, Name, Outcome, Value};

use super::house::{House, acme, bare, hello, one, several, target, text, told};

#[tokio::test(start_paused = true)]
async fn an_offer_that_cannot_mean_what_it_says_is_refused() {
    let house = House::new().await;
    let mut wrong = hello("wrong");
    wrong
        .fields
        .set(&offer::COMPONENTS, Value::Rows([(3, [(2, text("A")), (4, text("sh"))].into_iter().collect())].into()));
    let fault = house.make(wrong).await.unwrap_err();
    assert_eq!((fault.code, fault.at.len()), ("invalid-fields", 2));
    let added = Value::Rows([(1, [(2, text("web"))].into_iter().collect())].into());
    let fault = house.set("acme", &offer::DECL, "bare", offer::COMPONENTS.number, added).await.unwrap_err();
    assert_eq!(fault.code, "invalid-fields", "an executable is missing");
    assert!(matches!(house.make(bare("bare")).await, Err(f) if f.code == "name-taken"));
}

#[tokio::test(start_paused = true)]
async fn an_offer_in_use_stays() {
    let house = House::new().await;
    house.make(one("demo-1", "bare")).await.unwrap();
    let fault = house.delete(&offer::DECL, "bare").await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Conflict, "offer-in-use"));
    assert!(fault.public.contains("demo-1"), "{fault}");
    house.mock.script("start web", &[super::mock::Turn::Hangs]);
    house.make_soon(one("demo-2", "hello")).await.unwrap();
    assert_eq!(told(house.delete(&offer::DECL, "hello").await).0, "offer-in-use", "an order in flight is one, too");
    house.delete(&service::DECL, "demo-1").await.unwrap();
    assert!(matches!(house.delete(&offer::DECL, "bare").await, Ok(Outcome::Done)));
    assert_eq!(told(house.make(one("demo-3", "bare")).await), ("offer-not-found", vec!["offer".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_shared_offer_is_seen_and_used_by_all() {
    let house = House::new().await;
    let shared = strowger_primitive::Operation::Create(bare("common"));
    let operator = super::admitted::Asker { tenant: "operator", name: "root", ..super::admitted::ALICE };
    house.ask(operator, "shared", shared).await.unwrap();
    house.ask(operator, "operator", strowger_primitive::Operation::Create(bare("x"))).await.unwrap();
    let found = house.core.find(&acme(), &target(&offer::DECL, "common")).unwrap();
    assert_eq!(found.tenant, Name::new("shared").unwrap());
    house.make(one("demo-1", "common")).await.unwrap();
    assert_eq!(house.service_state("demo-1"), service::ACTIVE);
    assert!(house.core.find(&acme(), &target(&offer::DECL, "x")).is_err(), "another tenant's");
}

#[tokio::test(start_paused = true)]
async fn only_an_active_or_launched_offer_is_ordered() {
    let house = House::new().await;
    for (state, orderable) in [(1, false), (3, false), (5, true), (6, false), (7, false), (4, true)] {
        house.set("acme", &offer::DECL, "bare", offer::STATE.number, Value::Enum(state)).await.unwrap();
        let made = house.make(one(&format!("demo-{state}"), "bare")).await;
        assert_eq!(made.is_ok(), orderable, "{state}");
        if let Err(fault) = made {
            assert_eq!(fault.code, "offer-not-orderable");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn everything_wrong_with_an_order_is_told_at_once() {
    let house = House::new().await;
    house.make(one("taken", "bare")).await.unwrap();
    let mut short = one("demo", "bare");
    short.fields.set(&order::PARAMETERS, super::house::map(&[("greeting", "far too long"), ("nothing", "")]));
    let wrong = ["parameters.greeting", "parameters.nothing"].map(str::to_owned).to_vec();
    assert_eq!(told(house.make(short).await), ("invalid-fields", wrong));
    let mut items = several("demo", &[Ok("bare"), Ok("bare"), Err("gone"), Err("taken"), Err("taken")]);
    if let Some(Value::Rows(rows)) = items.fields.get_mut(order::ITEMS.number) {
        rows.get_mut(&1).unwrap().set(&order::item::PARAMETERS, super::house::map(&[("size", "x")]));
        rows.get_mut(&2).unwrap().set(&order::item::SERVICE, text("taken"));
    }
    let wrong = ["items.1.parameters", "items.2.service", "items.3.service", "items.4.service", "items.5.service"];
    assert_eq!(told(house.make(items).await), ("name-taken", wrong.map(str::to_owned).to_vec()));
    assert_eq!(house.order_state("demo"), 0, "nothing was stored");
}
