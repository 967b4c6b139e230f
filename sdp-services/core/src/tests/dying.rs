use strowger_kinds::{order, record, resource, service};
use strowger_primitive::Value;

use super::house::{House, one};
use super::mock::Turn;

#[tokio::test(start_paused = true)]
async fn a_death_is_told_by_resource_service_and_record() {
    let house = House::new().await;
    let stop = house.run();
    house.make(one("demo-1", "hello")).await.unwrap();
    house.mock.kill(&house.step(0), 7);
    house.until("it is down", |h| h.health("demo-1") == service::DOWN).await;
    let dead = &house.resources()[0];
    assert_eq!(dead.fields.choice(&resource::STATUS), Some(resource::ALARM));
    assert_eq!(dead.fields.choice(&resource::OPERATIONAL_STATE), Some(resource::DISABLE));
    assert_eq!(dead.fields.get(&resource::EXIT_STATUS), Some(&Value::Int(7)));
    assert_eq!(dead.fields.get(&resource::PID), None);
    let service = house.get(&service::DECL, "demo-1").unwrap();
    assert_eq!(service.fields.choice(&service::STATE), Some(service::ACTIVE));
    assert_eq!(service.fields.text(&service::MESSAGE).map(|t| &**t), Some("component web ended with status 7"));
    let told = house
        .store
        .records()
        .into_iter()
        .filter(|r| r.fields.text(&record::OPERATION).is_some_and(|w| **w == *"death"));
    assert_eq!(told.count(), 1);
    house
        .until("it is counted", |h| h.core.owners.running(&strowger_primitive::Name::new("local-a").unwrap()) == 1)
        .await;
    assert_eq!(house.mock.calls().iter().filter(|c| *c == "start web").count(), 1, "nothing is started again");
    house.delete(&service::DECL, "demo-1").await.unwrap();
    house.assert_tidy();
    stop.pull();
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_before_it_is_healthy_is_started_again() {
    for (turn, told) in [(Turn::Lost, false), (Turn::Died(98), true)] {
        let house = House::new().await;
        let stop = house.run();
        house.mock.script("ready db", &[turn]);
        house.make(one("demo-1", "hello")).await.unwrap();
        assert_eq!((house.order_state("demo-1"), house.health("demo-1")), (order::COMPLETED, service::UP), "{turn:?}");
        for resource in house.resources() {
            assert_eq!(resource.fields.choice(&resource::OPERATIONAL_STATE), Some(resource::ENABLE));
            let left = [&resource::EXIT_STATUS, &resource::MESSAGE].map(|field| resource.fields.get(field).cloned());
            assert_eq!(left, [None, None]);
        }
        let pids: Vec<_> = house.resources().iter().map(|r| r.fields.uint(&resource::PID)).collect();
        assert_eq!(pids, [Some(40_000), Some(40_004)], "the third that was started is the second part");
        let words: Vec<_> = house.store.records().iter().map(|r| r.fields.text(&record::OPERATION).cloned()).collect();
        let count = |word: &str| words.iter().flatten().filter(|w| ***w == *word).count();
        assert_eq!((count("start"), count("restart"), count("death")), (2, 1, usize::from(told)));
        house.assert_tidy();
        stop.pull();
    }
}

#[tokio::test(start_paused = true)]
async fn each_part_may_be_lost_as_often() {
    let house = House::new().await;
    for call in ["ready web", "ready db"] {
        house.mock.script(call, &[Turn::Lost; 5]);
    }
    house.make(one("demo-1", "hello")).await.unwrap();
    assert_eq!((house.order_state("demo-1"), house.health("demo-1")), (order::COMPLETED, service::UP));
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_again_and_again_fails_its_order() {
    let house = House::new().await;
    house.mock.script("ready web", &[Turn::Lost; 20]);
    house.make(one("demo-1", "hello")).await.unwrap();
    assert_eq!((house.order_state("demo-1"), house.service_state("demo-1")), (order::FAILED, service::TERMINATED));
    assert_eq!(house.mock.calls().iter().filter(|call| *call == "start web").count(), 6);
    house.assert_tidy();
}

#[tokio::test(start_paused = true)]
async fn a_death_before_the_service_is_active_fails_its_order() {
    let house = House::new().await;
    let stop = house.run();
    house.mock.script("ready db", &[Turn::Hangs]);
    house.make_soon(one("demo-1", "hello")).await.unwrap();
    house.until("it hangs", |h| h.mock.calls().len() == 4).await;
    house.mock.kill(&house.step(0), 9);
    house.until("it is seen", |h| h.resources()[0].fields.choice(&resource::STATUS) == Some(resource::ALARM)).await;
    house.mock.go_on();
    let order = house.ended("demo-1").await;
    assert_eq!(order.fields.choice(&order::STATE), Some(order::FAILED));
    let why = order.fields.text(&order::MESSAGE).map(|t| t.to_string()).unwrap_or_default();
    assert!(why.contains("\"web\" ended with status 9"), "{why}");
    assert_eq!(house.service_state("demo-1"), service::TERMINATED);
    house.assert_tidy();
    stop.pull();
}
