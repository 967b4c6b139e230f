use std::sync::Arc;

use strowger_kinds::{policy, tenant};
use strowger_primitive::{Look as _, Store as _, authorities};
use strowger_stores::{Embedded, NoSeal};

use crate::scene::{Scene, Stage, name};
use crate::{Error, Options, Security, StartError};

#[tokio::test]
async fn the_first_start_makes_what_there_must_be_and_tells_one_secret_once() {
    let scene = Scene::open().await;
    assert_eq!(scene.secret.len(), 26);
    scene.operator().await;
    for tenant in ["operator", "shared"] {
        assert!(scene.stored("operator", &tenant::DECL, tenant).is_some());
    }
    assert_eq!(scene.store.view(&name("operator"), &policy::DECL).len(), 4);
    scene.security.told().await.unwrap();
    assert!(scene.security.first_start().await.unwrap().is_none());
    let later = scene.again();
    assert!(later.first_start().await.unwrap().is_none());
    let claim = crate::scene::password("operator", &scene.secret);
    later.authenticate(&claim, &crate::scene::near()).await.unwrap();
}

#[tokio::test]
async fn a_secret_that_was_never_told_is_made_anew() {
    let scene = Scene::open().await;
    let log_in = async |room: &Security, secret: &str| {
        room.authenticate(&crate::scene::password("operator", secret), &crate::scene::near()).await
    };
    let later = scene.again();
    let anew = later.first_start().await.unwrap().expect("nobody was told the first one").secret;
    log_in(&later, anew.expose()).await.unwrap();
    assert!(log_in(&later, &scene.secret).await.is_err(), "one secret opens");
    assert_eq!(scene.store.view(&name("operator"), &policy::DECL).len(), 4);

    // One that is given by then needs no telling.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "chosen by hand").unwrap();
    let scene = Scene { options: Options { operator_secret_file: Some(file.path().into()), ..scene.options }, ..scene };
    let given = scene.again();
    assert!(given.first_start().await.unwrap().is_none());
    log_in(&given, "chosen by hand").await.unwrap();
    assert!(scene.again().first_start().await.unwrap().is_none(), "nothing is left to do");
}

#[tokio::test]
async fn the_secret_may_come_from_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "chosen by hand\n").unwrap();
    let path = file.path().to_owned();
    let scene = Scene::with(|options| options.operator_secret_file = Some(path.clone())).await;
    assert_eq!(scene.secret, "", "there is nothing to tell");
    scene.log_in("operator", "chosen by hand").await.unwrap();

    for (text, path) in [("short", path.clone()), ("two\nlines of it", path), ("", "/nowhere/at/all".into())] {
        std::fs::write(file.path(), text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            operator_secret_file: Some(path),
            master_key_file: Some(folder.path().join("key")),
            ..Options::default()
        };
        let world = Arc::new(Stage::default());
        let store = Embedded::in_memory(strowger_kinds::all(), Box::new(NoSeal), Arc::clone(&world) as _);
        let room = Security::open(
            &options,
            authorities().security,
            strowger_kinds::all(),
            Arc::clone(&store) as _,
            Arc::clone(&store) as _,
            world,
        );
        let error = room.unwrap().first_start().await.unwrap_err();
        assert!(matches!(error, Error::Start(StartError::File { .. } | StartError::Secret(_))), "{error}");
        assert!(store.view(&name("operator"), &tenant::DECL).is_empty(), "nothing is half-made");
    }
}

#[tokio::test]
async fn options_that_are_none_and_policies_that_cannot_be_read_keep_it_shut() {
    let scene = Scene::open().await;
    let open = |options: &Options| {
        let (store, look) = (Arc::clone(&scene.store) as _, Arc::clone(&scene.store) as _);
        let world = Arc::clone(&scene.world) as _;
        Security::open(options, authorities().security, strowger_kinds::all(), store, look, world).map(|_| ())
    };
    open(&scene.options).unwrap();
    let options = Options { remember: 61, ..scene.options.clone() };
    assert_eq!(open(&options).unwrap_err().to_string(), "security.remember: 61 is more than 60 s");
    let options = Options { master_key_file: None, ..scene.options.clone() };
    assert!(matches!(open(&options), Err(Error::Key(_))));
    assert!(scene.folder.path().join("master.key").exists());

    let mut broken = strowger_primitive::Document::new(&policy::DECL);
    broken.fields.set_text(&strowger_primitive::common::NAME, "broken");
    broken.fields.set_text(&policy::CEDAR, "permit(");
    let key = strowger_primitive::DocKey { tenant: name("operator"), kind: policy::DECL.number, name: name("broken") };
    let put = strowger_primitive::Op::Put { key, expect: strowger_primitive::Expect::Absent, document: broken };
    scene.store.commit(vec![put]).await.unwrap();
    assert!(matches!(open(&scene.options), Err(Error::Policy(_))), "it may have forbidden something");
    assert!(scene.security.reload().is_err());
    scene.operator().await;
}
