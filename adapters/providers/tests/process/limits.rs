//! Limits bite, and output is bounded.

use std::fs;

use crate::place::{Place, run, script, step, undo, until};
use strowger_primitive::{Check, Limits, Provider as _};
use strowger_providers::Descriptors;

/// What a script says under those limits until it ends, and its status.
async fn said(limits: Limits, program: &str) -> (String, String) {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task = script(program);
    task.component.limits = limits;
    provider.perform(&one, &task, crate::place::by(20)).await.unwrap();
    until("it has ended", || place.holds(&one).is_empty()).await;
    let said = fs::read_to_string(place.workspace(&one).join("output.log")).unwrap();
    let ended = fs::read_to_string(place.workspace(&one).join(".hold/ended.json")).unwrap();
    undo(&provider, &one).await;
    place.leaves_nothing().await;
    (said, ended)
}

#[tokio::test]
async fn memory_is_limited() {
    let program = "ulimit -v; dd if=/dev/zero of=/dev/null bs=512M count=1; echo dd $?";
    let (told, _) = said(Limits { memory: 200 << 20, ..Limits::default() }, program).await;
    assert!(told.starts_with("204800\n") && told.ends_with("dd 1\n"), "{told}");
    let (told, _) = said(Limits::default(), program).await;
    assert!(told.ends_with("dd 0\n"), "{told}");
}

#[tokio::test]
async fn files_are_limited() {
    let (told, _) = said(
        Limits { files: 6, ..Limits::default() },
        "ulimit -n; exec 3</dev/null 4</dev/null 5</dev/null; cat /dev/null; echo cat $?",
    )
    .await;
    assert!(told.starts_with("6\n") && told.ends_with("cat 127\n"), "{told}");
}

#[tokio::test]
async fn descriptors_of_the_gateway_are_not_its_programs() {
    let (mut place, one) = (Place::new(), step("one"));
    place.descriptors = Descriptors { before: Some(200), now: Some(300) };
    let provider = place.provider();
    let mut task = script("ulimit -Sn; ulimit -Hn; echo > told; exec sleep 600");
    task.component.health.check = Some(Check::Command("/bin/sh -c ${look}".into()));
    task.values.insert("look".into(), "test -e told && test $(ulimit -Sn) = 200".into());
    run(&provider, &one, &task).await.unwrap();
    let said = || fs::read_to_string(place.workspace(&one).join("output.log")).unwrap();
    until("it has told", || said().lines().count() == 2).await;
    let said = said();
    assert!(said.starts_with("200\n") && !said.ends_with("\n200\n"), "{said}");
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn processor_time_is_limited() {
    let (_, ended) = said(Limits { cpu: 1, ..Limits::default() }, "while :; do :; done").await;
    assert_eq!(ended, "{\"status\":152}", "128 and SIGXCPU");
}

#[tokio::test]
async fn output_is_kept_in_two_files_and_bounded() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task = script("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; echo > all; exec sleep 600");
    task.component.limits.output = 16_384;
    run(&provider, &one, &task).await.unwrap();
    let workspace = place.workspace(&one);
    let read = |name: &str| fs::read_to_string(workspace.join(name)).unwrap_or_default();
    until("the last line is kept", || read("output.log").ends_with("line 19999\n")).await;
    let (older, newer) = (read("output.1.log"), read("output.log"));
    assert!(older.len() == 8_192 && newer.len() <= 8_192, "{} {}", older.len(), newer.len());
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}
