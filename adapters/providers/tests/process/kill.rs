//! `kill -9` of everybody.

use strowger_primitive::{FoundState, Provider as _};

use crate::place::{Place, by, kill, run, sample, script, step, undo, until};

/// A program with a child in its session and one in a session of its own.
const FAMILY: &str = "sleep 600 & setsid sleep 600 & echo > set; while :; do sleep 0.01; done";

#[tokio::test]
async fn the_hold_is_killed_and_all_of_its_program_goes() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut changes = provider.changes().unwrap();
    let first = run(&provider, &one, &script(FAMILY)).await.unwrap();
    until("the family is there", || place.programs(&one).len() >= 4).await;
    kill(place.holds(&one)[0].pid);
    until("all are gone", || place.running().is_empty()).await;
    let death = changes.recv().await.unwrap();
    assert_eq!((&death.receipt, death.state), (&first, FoundState::Ended(None)));

    let second = run(&provider, &one, &script(FAMILY)).await.unwrap();
    assert_ne!(first.pid, second.pid);
    assert_eq!(place.holds(&one).len(), 1);
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn what_nobody_saw_the_end_of_may_be_started_again() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let task = sample();
    provider.perform(&one, &task, by(20)).await.unwrap();
    kill(place.holds(&one)[0].pid);
    until("all are gone", || place.running().is_empty()).await;
    let error = provider.ready(&one, &task, by(20)).await.unwrap_err();
    assert_eq!((error.code, error.passing), ("start-failed", true), "{error}");
    assert!(error.public.ends_with("was lost before it was healthy"), "{}", error.public);
    run(&provider, &one, &task).await.unwrap();
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn the_hold_is_killed_while_there_is_no_gateway() {
    let (place, surveyed, performed, undone) = (Place::new(), step("surveyed"), step("performed"), step("undone"));
    let before = place.provider();
    for one in [&surveyed, &performed, &undone] {
        run(&before, one, &script(FAMILY)).await.unwrap();
        until("the family is there", || place.programs(one).len() >= 4).await;
    }
    // Nobody attends them: what the kernel does not end waits for the next gateway.
    drop(before);
    let program = |one| place.programs(one).into_iter().map(|seen| seen.pid).min().unwrap();
    let programs = [&surveyed, &performed, &undone].map(program);
    for one in [&surveyed, &performed, &undone] {
        kill(place.holds(one)[0].pid);
    }
    let lives = |pid: i32| std::path::Path::new(&format!("/proc/{pid}/cwd")).read_link().is_ok();
    until("the kernel ends the programs", || programs.iter().all(|pid| !lives(*pid))).await;

    let after = place.provider();
    undo(&after, &undone).await;
    assert!(place.programs(&undone).is_empty());
    let again = run(&after, &performed, &script(FAMILY)).await.unwrap();
    let of_now = format!("STROWGER_HOLD={}-", place.holds(&performed)[0].pid);
    let marked =
        |pid: i32| std::fs::read_to_string(format!("/proc/{pid}/environ")).is_ok_and(|all| all.contains(&of_now));
    let all = place.programs(&performed);
    assert!(all.iter().any(|seen| u32::try_from(seen.pid).ok() == again.pid), "{all:?}");
    // A name that is read may be gone by the time its environment is.
    until("those of before are gone", || place.programs(&performed).iter().all(|seen| marked(seen.pid))).await;
    undo(&after, &performed).await;
    let found = after.survey(by(20)).await.unwrap();
    assert_eq!((found.len(), &found[0].state), (1, &FoundState::Ended(None)));
    assert!(place.programs(&surveyed).is_empty());
    undo(&after, &surveyed).await;
    place.leaves_nothing().await;
}

#[tokio::test]
async fn a_hold_that_hangs_is_killed() {
    let (place, one) = (Place::new(), step("one"));
    let provider = place.provider();
    let mut task = sample();
    task.component.health.stop_ms = 100;
    run(&provider, &one, &task).await.unwrap();
    let hold = rustix::process::Pid::from_raw(place.holds(&one)[0].pid).unwrap();
    rustix::process::kill_process(hold, rustix::process::Signal::STOP).unwrap();
    let found = provider.survey(by(20)).await.unwrap();
    assert_eq!((found.len(), &found[0].state), (1, &FoundState::Running), "it is there, though it does not answer");
    undo(&provider, &one).await;
    place.leaves_nothing().await;
}
