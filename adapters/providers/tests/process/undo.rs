//! Stopping and cleaning up.

use std::fs;

use strowger_primitive::{FaultKind, Provider as _};

use crate::place::{Place, by, run, script, step, undo, until};

#[tokio::test]
async fn a_program_is_asked_to_end_once() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let words = place.path("words");
    let mut task =
        script("trap 'echo asked >> ${words}; sleep 0.2; exit 0' TERM; echo > set; while :; do sleep 0.01; done");
    task.values.insert("words".into(), words.to_str().unwrap().into());
    run(&provider, &one, &task).await.unwrap();
    until("it listens", || place.workspace(&one).join("set").exists()).await;
    undo(&provider, &one).await;
    assert_eq!(fs::read_to_string(&words).unwrap(), "asked\n");
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn one_that_does_not_listen_is_ended() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task = script("trap '' TERM; echo > set; while :; do sleep 0.01; done");
    task.component.health.stop_ms = 100;
    run(&provider, &one, &task).await.unwrap();
    until("it does not listen", || place.workspace(&one).join("set").exists()).await;
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn what_it_left_in_the_background_goes_with_it() {
    let (place, ended, stopped) = (Place::new(), step("ended"), step("stopped"));
    let provider = place.provider();
    let daemons =
        "sleep 600 & setsid sleep 600 & (setsid sh -c 'sleep 600 & trap \"\" TERM; sleep 600' &) ; echo > set";
    let mut task = script(&format!("{daemons}; exit 0"));
    task.component.environment = [("HOME".into(), "${workspace}".into())].into();
    provider.perform(&ended, &task, by(20)).await.unwrap();

    let mut task = script(&format!("{daemons}; while :; do sleep 0.01; done"));
    task.component.environment = [("HOME".into(), "${workspace}".into())].into();
    run(&provider, &stopped, &task).await.unwrap();
    until("all are there", || place.programs(&stopped).len() >= 5).await;
    until("those of the one that ended are gone", || place.holds(&ended).is_empty()).await;
    assert!(place.programs(&ended).is_empty());
    undo(&provider, &stopped).await;
    assert!(place.programs(&stopped).is_empty());
    undo(&provider, &ended).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn what_is_not_there_is_undone() {
    let place = Place::new();
    let provider = place.provider();
    undo(&provider, &step("nobody")).await;
    fs::create_dir(place.workspace(&step("half"))).unwrap();
    undo(&provider, &step("half")).await;
    fs::write(place.workspace(&step("file")), "").unwrap();
    undo(&provider, &step("file")).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn half_a_workspace_is_made_whole() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    fs::create_dir_all(place.workspace(&one).join(".hold")).unwrap();
    fs::write(place.workspace(&one).join(".hold/spec.json"), "{\"tenant\":").unwrap();
    run(&provider, &one, &script("exec sleep 600")).await.unwrap();
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn a_deadline_that_comes_first_is_told_and_the_next_call_goes_on() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task = script("trap '' TERM; echo > set; while :; do sleep 0.01; done");
    task.component.health.stop_ms = 1_500;
    run(&provider, &one, &task).await.unwrap();
    until("it does not listen", || place.workspace(&one).join("set").exists()).await;
    let error = provider.undo(&one, by(1)).await.unwrap_err();
    assert_eq!((error.kind, error.passing), (FaultKind::Expired, true));
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn what_is_being_stopped_is_not_joined() {
    let (place, one) = (Place::new(), step("one"));
    let (provider, other) = (place.provider(), place.provider());
    let task = script("trap 'echo > asked; sleep 0.3; exit 0' TERM; echo > set; while :; do sleep 0.01; done");
    let first = run(&provider, &one, &task).await.unwrap();
    until("it listens", || place.workspace(&one).join("set").exists()).await;
    // As a gateway that is killed while it undoes.
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(place.holds(&one)[0].pid).unwrap(),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    until("it is being stopped", || place.workspace(&one).join("asked").exists()).await;
    let second = run(&other, &one, &task).await.unwrap();
    assert_ne!(first.pid, second.pid);
    undo(&other, &one).await;
    place.leaves_nothing().await;
}
