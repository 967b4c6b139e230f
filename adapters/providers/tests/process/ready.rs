//! Health as it is observed.

use strowger_primitive::{Check, FaultKind, Provider as _, ProviderError};

use crate::place::{Place, by, run, sample, script, step, undo};

fn cause(error: &ProviderError) -> String {
    error.cause.as_ref().unwrap().to_string()
}

#[tokio::test]
async fn each_check_sees_health() {
    let (place, web, tcp, command) = (Place::new(), step("web"), step("tcp"), step("command"));
    let provider = place.provider();
    run(&provider, &web, &sample()).await.unwrap();
    let mut task = sample();
    task.component.health.check = Some(Check::Tcp);
    run(&provider, &tcp, &task).await.unwrap();
    let mut task = script("sleep 0.05; echo 1 > there; exec sleep 600");
    task.component.health.check = Some(Check::Command("/bin/sh -c ${look}".into()));
    task.values.insert("look".into(), "test -e there".into());
    run(&provider, &command, &task).await.unwrap();
    assert!(place.workspace(&command).join("there").exists());
    for one in [web, tcp, command] {
        undo(&provider, &one).await;
    }
    place.leaves_nothing().await;
}

#[tokio::test]
async fn what_never_is_healthy_is_told_with_its_last_lines() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task = sample();
    task.component.health.check = Some(Check::Http("/nothing".into()));
    task.component.health.start_ms = 300;
    let error = run(&provider, &one, &task).await.unwrap_err();
    assert_eq!((error.kind, error.code), (FaultKind::Upstream, "start-failed"));
    assert!(error.public.contains("was not healthy within 0.3 s: GET /nothing answered 404"), "{error}");
    assert!(cause(&error).contains("listening on http://127.0.0.1:"), "{}", cause(&error));
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn a_command_that_hangs_is_cut_off() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task = script("exec sleep 600");
    task.component.health.check = Some(Check::Command("/bin/sh -c ${look}".into()));
    task.values.insert("look".into(), "sleep 600 & sleep 600".into());
    (task.component.health.timeout_ms, task.component.health.start_ms) = (100, 300);
    let error = run(&provider, &one, &task).await.unwrap_err();
    assert!(error.public.contains("no answer within"), "{error}");
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn an_early_end_is_told_with_its_status_and_last_lines() {
    let place = Place::new();
    let provider = place.provider();
    for (name, program, status) in [
        ("exit", "echo first; echo no database >&2; exit 3", "ended with status 3 before it was healthy"),
        ("signal", "echo no database; kill -9 $$", "ended with status 137 before it was healthy"),
    ] {
        let mut task = script(program);
        task.component.ports = vec!["http".into()];
        task.component.health.check = Some(Check::Tcp);
        let error = run(&provider, &step(name), &task).await.unwrap_err();
        assert_eq!((error.kind, error.code), (FaultKind::Upstream, "start-failed"));
        assert!(error.public.contains(status), "{error}");
        assert!(cause(&error).ends_with("no database"), "{}", cause(&error));
        undo(&provider, &step(name)).await;
    }
    place.leaves_nothing().await;
}

#[tokio::test]
async fn waiting_ends_at_the_deadline_and_may_be_asked_again() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task = sample();
    task.component.health.check = Some(Check::Http("/nothing".into()));
    provider.perform(&one, &task, by(20)).await.unwrap();
    let error = provider.ready(&one, &task, by(0)).await.unwrap_err();
    assert_eq!((error.kind, error.passing), (FaultKind::Expired, true));
    let error = provider.ready(&step("nobody"), &task, by(20)).await.unwrap_err();
    assert_eq!((error.kind, error.code, error.passing), (FaultKind::Gone, "not-running", true));
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}
