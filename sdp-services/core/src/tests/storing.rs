//! The same over the real store, with many who order at once.

use std::sync::Arc;
use std::time::Duration;

use strowger_kinds::{order, resource, service};
use strowger_primitive::{Document, Keeper as _, Look as _, Operation, Progress, Store as _, World as _};
use strowger_stores::{Embedded, NoSeal};
use tokio::task::JoinSet;

use super::admitted::{ALICE, Asker, admitted};
use super::house::{acme, bare, core, hello, one, the_tenant};
use super::mock::Mock;
use super::world::Life;
use crate::{Core, Options, Recovered};

async fn make(core: &Core, store: &Arc<Embedded>, life: &Life, asker: Asker, document: Document) -> bool {
    let work = admitted(Arc::clone(store) as _, life, asker, "acme", Operation::Create(document));
    core.perform(work, &Progress::unheard()).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_order_at_once_and_all_of_it_is_there_after_a_restart() {
    let life = Arc::new(Life::new(9));
    let store = Embedded::in_memory(strowger_kinds::all(), Box::new(NoSeal), Arc::clone(&life) as _);
    let mock = Mock::new("local-a");
    let first = core(&Options::default(), &store, &mock, &life);
    store.commit(vec![the_tenant()]).await.unwrap();
    first.recover().await.unwrap();
    for offer in [bare("bare"), hello("hello")] {
        assert!(make(&first, &store, &life, ALICE, offer).await);
    }
    let mut all = JoinSet::new();
    for n in 0..1_024 {
        let (core, store, life) = (Arc::clone(&first), Arc::clone(&store), Arc::clone(&life));
        all.spawn(async move {
            // Every sixteenth runs something; every eighth wants a name that another has.
            let name = if n % 8 == 1 { format!("demo-{}", n - 1) } else { format!("demo-{n}") };
            let asker = Asker { patience: Duration::ZERO, ..ALICE };
            make(&core, &store, &life, asker, one(&name, if n % 16 == 4 { "hello" } else { "bare" })).await
        });
    }
    let made = all.join_all().await.into_iter().filter(|made| *made).count();
    assert_eq!(made, 1_024 - 128);
    let active = |store: &Embedded| {
        let mut active = 0;
        store.view(&acme(), &service::DECL).each(None, &mut |service| {
            active += usize::from(service.fields.choice(&service::STATE) == Some(service::ACTIVE));
            true
        });
        active
    };
    for _ in 0..10_000 {
        if active(&store) == made {
            break;
        }
        life.sleep(Duration::from_millis(2)).await;
    }
    assert_eq!((active(&store), store.view(&acme(), &order::DECL).len()), (made, made));
    assert_eq!((store.view(&acme(), &resource::DECL).len(), mock.running().len()), (128, 128));
    assert!(mock.most_starts() <= 1);
    life.kill();
    let second = core(&Options::default(), &store, &mock, &life);
    let found = second.recover().await.unwrap();
    assert_eq!(found, Recovered { adopted: 128, ..Recovered::default() });
}
