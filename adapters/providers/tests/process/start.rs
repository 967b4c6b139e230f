//! Making it, and joining what is made.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::process::Command;

use strowger_primitive::{FaultKind, Provider as _};

use crate::place::{BINARY, PORTS, Place, by, get, port_of, run, sample, script, step, undo, until};

#[tokio::test]
async fn performing_twice_joins() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let first = run(&provider, &one, &sample()).await.unwrap();
    let second = run(&provider, &one, &sample()).await.unwrap();
    assert_eq!(first, second);
    assert_eq!((place.holds(&one).len(), place.programs(&one).len()), (1, 1));
    assert!(get(&first.endpoints[0].1).await.ends_with("hi there from demo-1\n"));
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_providers_on_one_folder_start_one() {
    let place = Place::new();
    let (a, b) = (place.provider(), place.provider());
    for round in 0..8 {
        let (name, task) = (step(&format!("step-{round}")), script("exec sleep 600"));
        let (first, second) = tokio::join!(a.perform(&name, &task, by(20)), b.perform(&name, &task, by(20)));
        assert_eq!(first.unwrap(), second.unwrap());
        assert_eq!(place.holds(&name).len(), 1);
        assert!(place.programs(&name).len() <= 1);
        let (first, second) = tokio::join!(a.undo(&name, by(20)), b.undo(&name, by(20)));
        first.and(second).unwrap();
    }
    place.leaves_nothing().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_have_ports_of_their_own() {
    let place = Place::new();
    let provider = place.provider();
    let steps: Vec<_> = (0..12).map(|n| step(&format!("step-{n}"))).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for one in steps.clone() {
        let provider = provider.clone();
        tasks.spawn(async move { run(&provider, &one, &sample()).await.unwrap() });
    }
    let receipts = tasks.join_all().await;
    assert_eq!(receipts.iter().map(port_of).collect::<BTreeSet<_>>().len(), steps.len());
    for one in &steps {
        undo(&provider, one).await;
    }
    place.leaves_nothing().await;
}

#[tokio::test]
async fn everything_declared_is_there() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task =
        script("env > told; pwd >> told; cat etc/app.conf >> told; umask >> told; mv told all; exec sleep 600");
    task.component.environment =
        [("GREETING".into(), "${greeting}".into()), ("HOME".into(), "${workspace}".into())].into();
    task.component.files = [("etc/app.conf".into(), "port ${port.http} of ${service}, $${x}\n".into())].into();
    task.component.ports = vec!["http".into(), "admin".into()];
    let receipt = run(&provider, &one, &task).await.unwrap();
    let workspace = place.workspace(&one);
    until("it has told", || workspace.join("all").exists()).await;
    let told = fs::read_to_string(workspace.join("all")).unwrap();
    let here = workspace.to_str().unwrap();
    for line in [
        "GREETING=hi there",
        &format!("HOME={here}"),
        here,
        &format!("port {} of demo-1, ${{x}}", port_of(&receipt)),
        "0077",
    ] {
        assert!(told.lines().any(|told| told == line), "{line:?} is not in:\n{told}");
    }
    assert!(!told.contains("CARGO"), "nothing is inherited:\n{told}");
    assert_eq!(receipt.endpoints.len(), 2);
    assert_eq!(receipt.place, here.into());
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn what_cannot_be_is_said_and_leaves_nothing() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut bad = script("exec cat ${nothing}");
    bad.component.ports = vec!["http".into()];
    let error = provider.perform(&one, &bad, by(20)).await.unwrap_err();
    assert_eq!((error.kind, error.code), (FaultKind::Malformed, "component-invalid"));
    assert!(error.public.contains("${nothing} is no parameter"), "{error}");

    let mut foreign = script("");
    foreign.component.executable = "/bin/ls".into();
    let error = provider.perform(&one, &foreign, by(20)).await.unwrap_err();
    assert_eq!((error.kind, error.code), (FaultKind::NotAllowed, "executable-not-allowed"));

    let mut own = sample();
    own.component.arguments = vec!["records".into()];
    let error = provider.perform(&one, &own, by(20)).await.unwrap_err();
    assert_eq!((error.kind, error.code), (FaultKind::NotAllowed, "executable-not-allowed"));

    let mut wide = script("");
    wide.component.ports = (0..=PORTS).map(|n| format!("p{n}").into()).collect();
    let error = provider.perform(&one, &wide, by(20)).await.unwrap_err();
    assert_eq!((error.kind, error.code, error.passing), (FaultKind::Unavailable, "no-ports", true));
    assert!(place.listed().is_empty());
    place.leaves_nothing().await;
}

#[tokio::test]
async fn there_are_never_more_than_most() {
    let (mut place, one, two) = (Place::new(), step("one"), step("two"));
    place.options.most = 1;
    let provider = place.provider();
    run(&provider, &one, &script("exec sleep 600")).await.unwrap();
    let error = provider.perform(&two, &script("exec sleep 600"), by(20)).await.unwrap_err();
    assert_eq!((error.code, error.passing), ("provider-full", true));
    let after = place.provider();
    assert_eq!(after.perform(&two, &script("exec sleep 600"), by(20)).await.unwrap_err().code, "provider-full");
    undo(&provider, &one).await;
    run(&provider, &two, &script("exec sleep 600")).await.unwrap();
    undo(&provider, &two).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn a_path_longer_than_an_address_of_a_socket_will_do() {
    let (mut place, one) = (Place::new(), step(&"x".repeat(25)));
    place.options.workspaces = Some(place.path("w").join("y".repeat(120)));
    let provider = place.provider();
    let first = run(&provider, &one, &sample()).await.unwrap();
    assert_eq!(place.provider().perform(&one, &sample(), by(20)).await.unwrap(), first);
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn a_stolen_port_is_told_and_replaced() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task = script("cat go.conf; until [ -e go ]; do sleep 0.01; done; exit 98");
    task.component.ports = vec!["http".into()];
    task.component.health.check = Some(strowger_primitive::Check::Command("/bin/sh -c ${no}".into()));
    task.values.insert("no".into(), "exit 1".into());
    task.component.files = [("go.conf".into(), "port ${port.http}\n".into())].into();
    let first = provider.perform(&one, &task, by(20)).await.unwrap();
    let _thief = TcpListener::bind(("127.0.0.1", port_of(&first))).unwrap();
    fs::write(place.workspace(&one).join("go"), "").unwrap();
    let error = provider.ready(&one, &task, by(20)).await.unwrap_err();
    assert_eq!((error.kind, error.code, error.passing), (FaultKind::Unavailable, "port-taken", true), "{error}");

    let again = provider.perform(&one, &task, by(20)).await.unwrap();
    assert_ne!(port_of(&again), port_of(&first));
    let told = fs::read_to_string(place.workspace(&one).join("go.conf")).unwrap();
    assert_eq!(told, format!("port {}\n", port_of(&again)), "what it reads is written anew");
    assert!(place.workspace(&one).join("go").exists(), "what it wrote is kept");
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn the_binary_may_be_replaced_while_it_runs() {
    let (mut place, one, two) = (Place::new(), step("one"), step("two"));
    let (binary, next) = (place.path("strowger"), place.path("next"));
    let copy = |to| assert!(Command::new("cp").arg(BINARY).arg(to).status().unwrap().success());
    copy(&binary);
    place.options.binary = Some(binary.clone());
    let provider = place.provider();
    let before = run(&provider, &one, &sample()).await.unwrap();
    copy(&next);
    fs::rename(&next, &binary).unwrap();
    run(&provider, &two, &sample()).await.unwrap();
    assert_eq!(provider.perform(&one, &sample(), by(20)).await.unwrap(), before);
    fs::remove_file(&binary).unwrap();
    undo(&provider, &one).await;
    undo(&provider, &two).await;
    place.leaves_nothing().await;
}
