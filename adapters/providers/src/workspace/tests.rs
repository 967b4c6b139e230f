use super::*;

fn one() -> (tempfile::TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::at(folder.path().join("one"));
    let spec = Spec {
        tenant: "acme".into(),
        service: "demo".into(),
        component: "web".into(),
        executable: "/bin/true".into(),
        arguments: Vec::new(),
        environment: std::collections::BTreeMap::new(),
        ports: Vec::new(),
        limits: crate::spec::Limits::default(),
        health: crate::spec::Health::default(),
    };
    workspace.lay_out(&spec, &[("etc/app.conf".into(), "a = 1".into())]).unwrap();
    assert_eq!(workspace.spec().unwrap(), spec);
    (folder, workspace)
}

#[test]
fn a_workspace_is_private_and_has_its_files() {
    let (_folder, workspace) = one();
    assert_eq!(fs::read_to_string(workspace.path().join("etc/app.conf")).unwrap(), "a = 1");
    assert_eq!(fs::metadata(workspace.path()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(workspace.path().join("etc/app.conf")).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn one_has_the_lock() {
    let (_folder, workspace) = one();
    let Ok(Wish::Locked(first)) = workspace.lock() else { panic!("free") };
    assert!(matches!(workspace.lock(), Ok(Wish::Taken)));
    drop(first);
    assert!(matches!(workspace.lock(), Ok(Wish::Locked(_))));
    assert!(matches!(Workspace::at("/nowhere").lock(), Ok(Wish::Nothing)));
}

#[test]
fn an_earlier_boot_runs_nothing() {
    let (_folder, workspace) = one();
    let mut running = Running { boot: boot(), hold: 1, hold_start: 0, pid: None, start: None };
    workspace.write_running(&running).unwrap();
    assert_eq!(workspace.running(), Some(running.clone()));
    running.boot = "another".into();
    workspace.write_running(&running).unwrap();
    assert_eq!(workspace.running(), None);
}

#[test]
fn a_number_somebody_else_has_by_now_is_left_alone() {
    let (_folder, workspace) = one();
    let mut child = std::process::Command::new("setsid").args(["sleep", "600"]).spawn().unwrap();
    let pid = i32::try_from(child.id()).unwrap();
    let started = || Seen::of(pid).filter(|seen| seen.session == pid);
    let seen = std::iter::from_fn(|| Some(started())).take(1_000_000).flatten().next().unwrap();
    let running = |hold_start| Running { boot: boot(), hold: pid, hold_start, pid: None, start: None };
    workspace.write_running(&running(seen.start + 1)).unwrap();
    assert_eq!(workspace.kill_remains(), 0, "another process has the number");
    workspace.write_running(&running(seen.start)).unwrap();
    assert_eq!(workspace.kill_remains(), 1);
    assert!(!child.wait().unwrap().success());
}

#[test]
fn the_last_lines_go_over_the_rotation() {
    let (_folder, workspace) = one();
    assert_eq!(workspace.last_lines(3), "");
    fs::write(workspace.path().join(OUTPUT_BEFORE), "1\n2\n").unwrap();
    fs::write(workspace.path().join(OUTPUT), "3\n4\n").unwrap();
    assert_eq!(workspace.last_lines(3), "2\n3\n4");
    assert_eq!(workspace.last_lines(2), "3\n4");
}
