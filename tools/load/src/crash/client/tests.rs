//! A gateway that refuses, and what its client says of it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;

/// A client of a server that answers each connection with the next of `answers`, and may be about to die with the last.
fn post(answers: &[&'static str], dies: bool) -> Post {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let dying = Arc::new(AtomicBool::new(false));
    let (end, answers) = (Arc::clone(&dying), answers.to_vec());
    std::thread::spawn(move || {
        for (left, answer) in (0..answers.len()).rev().zip(answers) {
            let (mut stream, _) = listener.accept().unwrap();
            assert_ne!(stream.read(&mut [0; 1_024]).unwrap(), 0);
            end.store(dies && left == 0, Ordering::SeqCst);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    Post {
        name: "load-x".to_owned(),
        http: address,
        mml: address,
        chance: Chance::new(1),
        stop: Arc::new(AtomicBool::new(false)),
        dying,
        services: Vec::new(),
    }
}

fn offences(told: &Told) -> Vec<Sort> {
    told.offences.iter().map(|loss| loss.sort).collect()
}

#[test]
fn a_log_in_is_tried_until_the_gateway_dies() {
    const LATER: &str = "RETCODE = 1503  too much\r\n---    END\r\n";
    const NO: &str = "RETCODE = 2401  not proven\r\n---    END\r\n";
    const YES: &str = "RETCODE = 0  Operation succeeded\r\n---    END\r\n";
    let said = |answers: &[&'static str]| {
        let (post, mut told) = (post(answers, true), Told::default());
        let let_in = post.log_in(&mut told).is_some();
        (let_in, told.shut_out, offences(&told))
    };
    assert_eq!(said(&[LATER, "", NO, YES]), (true, 0, vec![]));
    assert_eq!(said(&[NO, NO]), (false, 1, vec![Sort::Unserved]));
    assert_eq!(said(&[LATER, ""]), (false, 1, vec![]));
}

#[test]
fn a_read_is_answered_or_put_off() {
    let said = |answer, dies| {
        let (post, mut told) = (post(&[answer], dies), Told::default());
        let read = post.read(&mut post.client(), "GET", "/v1/services", &mut told);
        (read.is_ok(), told.reads, offences(&told))
    };
    assert_eq!(said("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false), (true, 1, vec![]));
    let later = "HTTP/1.1 503 Later\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(said(later, false), (true, 0, vec![]));
    for no in ["HTTP/1.1 503 Never\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n"] {
        assert_eq!(said(no, false), (false, 0, vec![Sort::Unserved]), "{no}");
    }
    assert_eq!(said("", false), (false, 0, vec![Sort::Unserved]), "it broke while the gateway lived");
    assert_eq!(said("", true), (false, 0, vec![]), "it broke with the gateway");
}
