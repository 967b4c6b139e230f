//! What a gateway finds after its restart, and how it learns of deaths.

use std::sync::Arc;
use std::time::Duration;

use strowger_primitive::{FaultKind, Found, FoundState, Name, Provider as _, StepId, World as _};
use strowger_providers::{Error, Process};

use crate::place::{DESCRIPTORS, Place, by, kill, run, sample, script, step, undo, until};

async fn next(changes: &mut strowger_primitive::Changes) -> Found {
    tokio::select! {
        found = changes.recv() => found.unwrap(),
        () = strowger_driver::System.sleep(Duration::from_secs(20)) => panic!("nothing is told"),
    }
}

#[tokio::test]
async fn a_restart_finds_what_runs_and_what_ended() {
    let (place, ended, running) = (Place::new(), step("ended"), step("running"));
    let before = place.provider();
    let receipt = run(&before, &running, &sample()).await.unwrap();
    before.perform(&ended, &script("exit 7"), by(20)).await.unwrap();
    until("one has ended", || place.holds(&ended).is_empty()).await;
    drop(before);

    let after = place.provider();
    let found = after.survey(by(20)).await.unwrap();
    let states: Vec<_> = found.iter().map(|found| (&found.receipt.step, &found.state)).collect();
    assert_eq!(states, [(&ended, &FoundState::Ended(Some(7))), (&running, &FoundState::Running)]);
    assert_eq!(found[1].receipt, receipt);
    assert_eq!(after.perform(&running, &sample(), by(20)).await.unwrap(), receipt, "it is adopted");

    let mut changes = after.changes().unwrap();
    kill(i32::try_from(receipt.pid.unwrap()).unwrap());
    let death = next(&mut changes).await;
    assert_eq!((death.receipt, death.state), (receipt, FoundState::Ended(Some(137))));
    undo(&after, &running).await;
    undo(&after, &ended).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn deaths_are_told_whenever_they_are_read_and_only_those_nobody_asked_for() {
    let (place, early, late, asked) = (Place::new(), step("early"), step("late"), step("asked"));
    let provider = place.provider();
    provider.perform(&early, &script("exit 4"), by(20)).await.unwrap();
    until("one has ended", || place.holds(&early).is_empty()).await;
    run(&provider, &asked, &sample()).await.unwrap();
    undo(&provider, &asked).await;
    provider.perform(&late, &script("until [ -e go ]; do sleep 0.01; done; exit 5"), by(20)).await.unwrap();

    let mut changes = provider.changes().unwrap();
    assert!(provider.changes().is_none(), "one reads them");
    let death = next(&mut changes).await;
    assert_eq!((&death.receipt.step, death.state), (&early, FoundState::Ended(Some(4))));
    std::fs::write(place.workspace(&late).join("go"), "").unwrap();
    let death = next(&mut changes).await;
    assert_eq!((&death.receipt.step, death.state), (&late, FoundState::Ended(Some(5))));
    undo(&provider, &early).await;
    undo(&provider, &late).await;
    place.leaves_nothing().await;
    assert!(changes.try_recv().is_err(), "what was asked for is no news");
}

#[tokio::test]
async fn what_is_not_ours_is_not_found_made_or_undone() {
    let place = Place::new();
    let provider = place.provider();
    let (theirs, alice) = (place.workspaces().join("alice"), StepId(Name::new("alice").unwrap()));
    std::fs::create_dir(&theirs).unwrap();
    assert!(provider.survey(by(20)).await.unwrap().is_empty());
    assert_eq!(provider.perform(&alice, &sample(), by(20)).await.unwrap_err().kind, FaultKind::Internal);
    assert_eq!(provider.undo(&alice, by(20)).await.unwrap_err().kind, FaultKind::Internal);
    std::fs::remove_dir(theirs).unwrap();
    place.leaves_nothing().await;
}

#[tokio::test]
async fn another_gateway_does_not_come_in() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    run(&provider, &one, &sample()).await.unwrap();
    let other = Process::new(&place.options, "other", DESCRIPTORS, Arc::new(strowger_driver::System));
    assert!(matches!(other, Err(Error::Owned { .. })));
    assert_eq!(provider.survey(by(20)).await.unwrap().len(), 1);
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn what_never_ran_is_found_as_ended() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    std::fs::create_dir_all(place.workspace(&one).join(".hold")).unwrap();
    let found = provider.survey(by(20)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].receipt.step, &found[0].state), (&one, &FoundState::Ended(None)));
    undo(&provider, &one).await;
    assert!(provider.survey(by(20)).await.unwrap().is_empty());
    place.leaves_nothing().await;
}
