//! A disk that is full.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use strowger_primitive::{FaultKind, Provider as _};

use crate::place::{Place, by, run, sample, script, step, undo};

/// A file system of its own, small enough to be filled.
struct Small(PathBuf);

impl Small {
    /// `None` where this user may not mount.
    fn mount(path: &Path) -> Option<Self> {
        fs::create_dir(path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=256k", "small"]).arg(path);
        mount.output().is_ok_and(|done| done.status.success()).then(|| Self(path.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _is_gone = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_work_resumes() {
    let (place, one, two) = (Place::new(), step("one"), step("two"));
    let Some(_small) = Small::mount(place.workspaces()) else {
        eprintln!("not run: a small file system cannot be mounted by this user");
        return;
    };
    let provider = place.provider();
    run(&provider, &one, &sample()).await.unwrap();
    let fill = place.workspaces().join("fill");
    fs::write(&fill, vec![0; 1 << 20]).unwrap_err();
    let mut task = script("exec sleep 600");
    task.component.files = [("a".into(), "x".repeat(8_192).into())].into();
    let error = provider.perform(&two, &task, by(20)).await.unwrap_err();
    assert_eq!((error.kind, error.code, error.passing), (FaultKind::Unavailable, "disk-full", true), "{error:?}");
    assert!(!place.workspace(&two).exists());
    provider.ready(&one, &sample(), by(20)).await.unwrap();
    // What is there can be stopped and removed all the same.
    undo(&provider, &one).await;
    fs::remove_file(&fill).unwrap();
    run(&provider, &two, &task).await.unwrap();
    undo(&provider, &two).await;
    assert_eq!(place.listed(), Vec::<String>::new());
}
