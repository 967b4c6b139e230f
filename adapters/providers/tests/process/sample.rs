//! The sample application by itself.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::place::BINARY;

/// The application, and where it listens.
fn started() -> (Child, String) {
    let args = ["sample-app", "--greeting", "good day", "--service", "s-1"];
    let mut child = Command::new(BINARY).args(args).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").unwrap().trim_end_matches('/').to_owned();
    (child, address)
}

async fn asked(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn it_answers_and_ends_when_told() {
    let (mut child, address) = started();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(asked(&address, &get("/")).await.ends_with("\r\n\r\ngood day from s-1\n"));
    assert!(asked(&address, &get("/health")).await.starts_with("HTTP/1.1 204 "));
    assert!(asked(&address, &get("/x")).await.starts_with("HTTP/1.1 404 "));
    assert!(asked(&address, "hello\r\n\r\n").await.starts_with("HTTP/1.1 400 "));

    let idle = TcpStream::connect(&address).await.unwrap();
    let mut half = TcpStream::connect(&address).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success(), "idle and half-open connections do not hold it up for ever");
    drop((idle, half));
}

#[test]
fn what_is_wrong_is_said() {
    let run = |args: &[&str]| Command::new(BINARY).args(args).output().unwrap();
    assert_eq!(run(&["sample-app", "--port", "x"]).status.code(), Some(2));
    assert_eq!(run(&["sample-app", "--help"]).status.code(), Some(0));
    assert_eq!(run(&["hold"]).status.code(), Some(2));
    assert_eq!(run(&["hold", "--help"]).status.code(), Some(0));
    let nowhere = run(&["hold", "/nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("/nowhere is no workspace"));
    assert_eq!(run(&["hold", "--exec", "1"]).status.code(), Some(126));
}
