//! Bad and slow peers.

use super::*;

#[tokio::test]
async fn what_is_no_http_is_refused() {
    for (raw, status) in [
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : gw\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n folded\r\nHost: gw\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: user@gw\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: gw/v1\r\n\r\n", 400),
        ("GET /\u{0} HTTP/1.1\r\nHost: gw\r\n\r\n", 400),
        ("GET / HTTP/3.7\r\nHost: gw\r\n\r\n", 400),
        ("POST /v1/orders HTTP/1.1\r\nHost: gw\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("POST /v1/orders HTTP/1.1\r\nHost: gw\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST /v1/orders HTTP/1.1\r\nHost: gw\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("POST /v1/orders HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        ("POST /v1/orders HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ("POST /v1/orders HTTP/1.0\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ] {
        let mut client = client();
        let got = client.raw(raw).await;
        assert_eq!(got.map(|got| got.status), Some(status), "{raw:?}");
        assert_eq!(client.desk.asked(), 0, "{raw:?}");
    }
    // As old as HTTP/1.0 is fine, without Host too.
    let mut client = client();
    assert_eq!(client.raw("GET /health HTTP/1.0\r\n\r\n").await.unwrap().status, 200);
    assert!(client.ended().await);
}

#[tokio::test]
async fn nothing_is_smuggled_behind_a_length_and_chunks() {
    let hidden = format!("GET /v1/orders HTTP/1.1\r\nHost: gw\r\n{ALICE}\r\n");
    for framing in [
        format!("Transfer-Encoding: chunked\r\nContent-Length: {}\r\n", 5 + hidden.len()),
        format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n", 5 + hidden.len()),
    ] {
        let mut client = client();
        let raw =
            format!("POST /v1/orders/demo-1/cancel HTTP/1.1\r\nHost: gw\r\n{ALICE}{framing}\r\n0\r\n\r\n{hidden}");
        let got = client.raw(raw).await.unwrap();
        assert_eq!(got.header("connection"), Some("close"), "{got:?}");
        assert!(client.desk.asked() <= 1);
        let desk = Arc::clone(&client.desk);
        assert!(client.ended().await, "nothing behind it is answered");
        assert!(desk.asked.lock().unwrap().iter().all(|r| !matches!(r.operation, Operation::List(_))));
    }
}

#[tokio::test]
async fn requests_may_stand_in_a_row() {
    let mut client = client();
    let one = |name: &str| format!("GET /v1/services/{name} HTTP/1.1\r\nHost: gw\r\n{ALICE}\r\n");
    client.send([one("a"), one("b"), one("c")].concat()).await;
    // The peer has nothing more to say, and still hears all answers.
    client.io.shutdown().await.unwrap();
    for _ in 0..3 {
        assert_eq!(client.receive(false).await.unwrap().status, 200);
    }
    let names: Vec<_> =
        client.desk.asked.lock().unwrap().iter().map(|r| r.operation.target().unwrap().index.to_string()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(client.ended().await);
}

#[tokio::test]
async fn heads_and_targets_have_limits() {
    let mut long = client();
    let got = long
        .raw(format!("GET /v1/orders?label={} HTTP/1.1\r\nHost: gw\r\n{ALICE}\r\n", "a".repeat(9_000)))
        .await
        .unwrap();
    assert_eq!((got.status, got.code().as_str()), (414, "target-too-long"));
    let mut wide = client();
    let got = wide.raw(format!("GET / HTTP/1.1\r\nHost: gw\r\nX: {}\r\n\r\n", "a".repeat(40_000))).await.unwrap();
    assert_eq!(got.status, 431);
    let mut many = client();
    let got = many.raw(format!("GET / HTTP/1.1\r\nHost: gw\r\n{}\r\n", "X: a\r\n".repeat(150))).await.unwrap();
    assert_eq!(got.status, 431);
    assert!(many.ended().await);
    let mut params = client();
    let got = params.call(&format!("GET /v1/orders?{}", "a=1&".repeat(65)), "", "").await;
    assert_eq!(got.code(), "invalid-parameters");
}

#[tokio::test]
async fn bodies_have_a_limit_announced_or_not() {
    let mut client = connect(web(Options { body: 1_024, ..Options::default() }, true));
    let head = format!("POST /v1/orders HTTP/1.1\r\nHost: gw\r\n{ALICE}{JSON}");
    let got = client.raw(format!("{head}Content-Length: 1025\r\nExpect: 100-continue\r\n\r\n")).await.unwrap();
    assert_eq!((got.status, got.code().as_str()), (413, "body-too-large"));
    assert!(client.ended().await, "the body is never taken");
    let mut client = connect(web(Options { body: 1_024, ..Options::default() }, true));
    let chunk = format!("200\r\n{}\r\n", " ".repeat(512));
    let got = client.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}{chunk}")).await.unwrap();
    assert_eq!(got.status, 413);
    // What fits is put together from its chunks; a chunk that is none is refused.
    let mut client = super::client();
    let got =
        client.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\n{{ \r\n1\r\n}}\r\n0\r\n\r\n")).await.unwrap();
    assert_eq!(got.status, 201, "{got:?}");
    let mut client = super::client();
    let got = client.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n")).await.unwrap();
    assert_eq!((got.status, got.code().as_str()), (400, "bad-body"));
    // It says when it wants the body.
    let mut client = super::client();
    let got = client.raw(format!("{head}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")).await.unwrap();
    assert_eq!(got.status, 100);
    assert_eq!(client.raw("{}").await.unwrap().status, 201);
}

#[tokio::test(start_paused = true)]
async fn all_bodies_together_have_a_limit() {
    let web = web(Options { body: 2_048, bodies: 2_048, ..Options::default() }, true);
    let head = format!("POST /v1/orders HTTP/1.1\r\nHost: gw\r\n{ALICE}{JSON}Content-Length: 2000\r\n\r\n");
    let mut one = connect(Arc::clone(&web));
    one.send(format!("{head}{}", " ".repeat(1_500))).await;
    while web.room.available_permits() == 2_048 {
        tokio::task::yield_now().await;
    }
    let mut two = connect(Arc::clone(&web));
    let got = two.raw(format!("{head}{}", " ".repeat(1_500))).await.unwrap();
    assert_eq!((got.status, got.header("retry-after")), (503, Some("1")));
    drop(one);
    while web.room.available_permits() < 2_048 {
        tokio::task::yield_now().await;
    }
    let mut three = connect(Arc::clone(&web));
    let got = three.raw(format!("{head}{}{{}}", " ".repeat(1_998))).await.unwrap();
    assert_eq!(got.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_given_up() {
    let mut client = client();
    client.send(format!("POST /v1/orders HTTP/1.1\r\nHost: gw\r\n{ALICE}{JSON}Content-Length: 100\r\n\r\n")).await;
    let started = tokio::time::Instant::now();
    // An octet every four seconds is a sign of life, and too little.
    let trickle = async {
        loop {
            let silence = tokio::time::timeout(Duration::from_secs(4), std::future::pending::<()>()).await;
            assert!(silence.is_err());
            if client.io.write_all(b" ").await.is_err() {
                return;
            }
        }
    };
    drop(tokio::time::timeout(Duration::from_secs(11), trickle).await);
    let got = client.receive(false).await.unwrap();
    assert_eq!((got.status, got.code().as_str(), got.header("connection")), (408, "body-too-slow", Some("close")));
    assert!(started.elapsed() < Duration::from_secs(12));
    assert!(client.ended().await);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_is_given_up() {
    for raw in ["P", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHost: gw\r\nX-Slow: "] {
        let mut client = client();
        let started = tokio::time::Instant::now();
        client.send(raw).await;
        assert!(client.receive(false).await.is_none(), "{raw:?}");
        assert_eq!(started.elapsed().as_secs(), 10, "{raw:?}");
    }
    // The second head of a connection too.
    let mut client = client();
    assert_eq!(client.raw("GET /health HTTP/1.1\r\nHost: gw\r\n\r\n").await.unwrap().status, 200);
    let started = tokio::time::Instant::now();
    client.send("GET /").await;
    assert!(client.receive(false).await.is_none());
    assert_eq!(started.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed() {
    let mut silent = client();
    let started = tokio::time::Instant::now();
    assert!(silent.receive(false).await.is_none());
    assert_eq!(started.elapsed().as_secs(), 75);
    let mut used = client();
    let started = tokio::time::Instant::now();
    assert_eq!(used.raw("GET /health HTTP/1.1\r\nHost: gw\r\n\r\n").await.unwrap().status, 200);
    assert!(used.receive(false).await.is_none());
    assert_eq!(started.elapsed().as_secs(), 75);
    // A request in hand is not idle.
    let mut waits = client();
    waits.desk.holds.store(true, Ordering::SeqCst);
    let desk = Arc::clone(&waits.desk);
    let later = async {
        let long = tokio::time::timeout(Duration::from_secs(500), std::future::pending::<()>()).await;
        assert!(long.is_err());
        desk.release(Ok(Outcome::Done)).await;
    };
    let (got, ()) = tokio::join!(waits.call("DELETE /v1/services/demo-1", "", ""), later);
    assert_eq!(got.status, 204);
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_may_be_taken_slowly_but_not_left() {
    let long = "GET /openapi.json HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n";
    let mut slow = client();
    slow.send(long).await;
    let (mut taken, mut some) = (Vec::new(), vec![0; 16 * 1_024]);
    loop {
        match slow.io.read(&mut some).await.unwrap() {
            0 => break,
            count => taken.extend_from_slice(&some[..count]),
        }
        let pause = tokio::time::timeout(Duration::from_secs(60), std::future::pending::<()>()).await;
        assert!(pause.is_err());
    }
    let taken = String::from_utf8(taken).unwrap();
    let (head, body) = taken.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    let mut left = client();
    let started = tokio::time::Instant::now();
    left.send(long).await;
    left.task.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 80, "it is given a moment to leave");
    drop(left.io);
}

#[tokio::test]
async fn stopping_answers_what_is_in_hand() {
    let mut client = client();
    client.desk.holds.store(true, Ordering::SeqCst);
    let desk = Arc::clone(&client.desk);
    client.send(format!("GET /v1/services/demo-1 HTTP/1.1\r\nHost: gw\r\n{ALICE}\r\n")).await;
    while desk.asked() == 0 {
        tokio::task::yield_now().await;
    }
    client.stopper.pull();
    desk.release(Ok(Outcome::Document(shown(&service::DECL, 7)))).await;
    assert_eq!(client.receive(false).await.unwrap().status, 200);
    assert!(client.receive(false).await.is_none());
    client.task.await.unwrap();
    let idle = super::client();
    idle.stopper.pull();
    assert!(idle.ended().await);
}

#[tokio::test]
async fn who_leaves_cancels_nothing() {
    let mut client = client();
    client.desk.holds.store(true, Ordering::SeqCst);
    let desk = Arc::clone(&client.desk);
    client.send(format!("DELETE /v1/services/demo-1 HTTP/1.1\r\nHost: gw\r\n{ALICE}\r\n")).await;
    while desk.asked() == 0 {
        tokio::task::yield_now().await;
    }
    drop(client);
    // The work's end is still heard by nobody, and nothing fails.
    desk.release(Ok(Outcome::Done)).await;
    assert_eq!(desk.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_sends_slowly_is_proven_first_and_is_in_nobodys_way() {
    let head = |who: &str| {
        format!(
            "POST /v1/orders HTTP/1.1\r\nHost: gw\r\n{who}Content-Type: application/json\r\nContent-Length: 18\r\n\r\n"
        )
    };
    let mut client = client();
    client.send(head(ALICE)).await;
    while client.desk.asked() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.desk.out(), 0, "its place is free until the body is there");
    assert!(matches!(client.desk.only().operation, Operation::Prove));
    tokio::time::advance(Duration::from_secs(9)).await;
    let came = tokio::time::Instant::now().into_std();
    client.send(r#"{"offer":"hello"} "#).await;
    assert_eq!(client.receive(false).await.unwrap().status, 201);
    let asked = client.desk.only();
    assert!(matches!(asked.operation, Operation::Create(_)));
    assert!(asked.deadline.0 >= came + Duration::from_secs(Options::default().deadline), "its work has all its time");

    client.send(head("Authorization: Basic Ym9iOng=\r\n")).await;
    assert_eq!(client.receive(false).await.unwrap().status, 401, "no octet of the body was needed");
}
