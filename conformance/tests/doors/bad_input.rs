//! Bad input and faults: each gets a clear error in the protocol's terms or a closed connection; memory stays bounded,
//! others are served, and what was accepted goes on.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};
use serde_json::{Value, json};
use strowger_conformance::{Gateway, Heard, Http, Mml, PASSWORD, Place, SECRET, hello, now, untested, until};

use crate::orders::{called, endpoint, furnished, house};

/// More than any of these tests may cost the gateway for good, in octets.
const GROWTH: u64 = 96 << 20;
/// What is too slow is ended within so long, where its limit is one second.
const SOON: Duration = Duration::from_secs(30);

/// A gateway whose patience is a second.
fn impatient() -> Result<Gateway> {
    let limits = ["http.head_timeout=1", "http.body_timeout=1", "http.idle=1", "mml.log_in=1", "mml.idle=1"];
    furnished(limits.into_iter().fold(Place::new()?, Place::set))
}

/// Others are served, in both doors.
fn assert_served(gateway: &Gateway) -> Result<()> {
    let heard = gateway.operator()?.get("/v1/offers/hello?tenant=acme")?;
    assert_eq!(heard.status, 200, "{heard}");
    assert_eq!(gateway.mml("user@acme", PASSWORD)?.say("DSP OFFER: NAME=\"hello\";")?.code, 0);
    Ok(())
}

/// Reads until the peer ends the connection; how much came.
fn drained(mut stream: &TcpStream) -> Result<Vec<u8>> {
    stream.set_read_timeout(Some(SOON))?;
    let mut octets = Vec::new();
    match stream.read_to_end(&mut octets) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
            anyhow::bail!("the connection stays open")
        }
        // A reset is an end, too.
        Ok(_) | Err(_) => Ok(octets),
    }
}

#[test]
fn malformed_http() -> Result<()> {
    let gateway = house()?;
    let http = Http::new(gateway.address("http")?, None);
    let before = gateway.memory()?;
    let refused: [&[u8]; 17] = [
        b"\r\n\r\n\r\n\r\nGARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
        b"G\xffT / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST /v1/orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"LGI: OP=\"a\", PWD=\"b\";\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
    ];
    for octets in refused {
        let text = String::from_utf8_lossy(octets).into_owned();
        let mut stream = http.open()?;
        stream.get_mut().write_all(octets)?;
        // A peer that has closed already is no mistake here.
        let _closed_already = stream.get_mut().shutdown(Shutdown::Write);
        let answer = drained(stream.get_ref())?;
        let head = String::from_utf8_lossy(&answer).into_owned();
        let clear = head.is_empty() || head.starts_with("HTTP/1.1 4") || answer.starts_with(&[0, 0]);
        assert!(clear, "{text:?}: {head}");
    }
    assert_served(&gateway)?;
    assert!(gateway.memory()? < before + GROWTH);
    Ok(())
}

#[test]
fn deep_wide_and_long_json() -> Result<()> {
    let gateway = house()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    let before = gateway.memory()?;
    let wide: Vec<String> = (0..60_000).map(|n| format!("\"f{n}\":1")).collect();
    let rows: Vec<&str> = std::iter::repeat_n("{\"offer\":\"hello\"}", 40_000).collect();
    for (body, status) in [
        ("[".repeat(500_000), 400),
        (format!("{{\"label\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)), 400),
        ("{\"a\":".repeat(100_000), 400),
        (format!("{{{}}}", wide.join(",")), 400),
        (format!("{{\"items\":[{}]}}", rows.join(",")), 400),
        (format!("{{\"offer\":\"hello\",\"label\":\"{}\"}}", "a".repeat(900_000)), 400),
        ("{\"offer\":\"hello\"".to_owned(), 400),
        ("{\"offer\":\"hello\",\"offer\":\"other\"}".to_owned(), 400),
        ("{\"offer\":NaN}".to_owned(), 400),
        ("1e999999999".to_owned(), 400),
        ("{\"offer\":\"\\ud800\"}".to_owned(), 400),
        (String::new(), 400),
        ("null".to_owned(), 400),
        ("[]".to_owned(), 400),
    ] {
        let heard = http.ask("POST", "/v1/orders", &[("Content-Type", "application/json")], Some(body.as_bytes()));
        let start: String = body.chars().take(40).collect();
        let heard = heard.with_context(|| start.clone())?;
        assert_eq!((heard.status, heard.header("content-type")), (status, Some("application/problem+json")), "{start}");
        assert!(heard.body.len() < 64 << 10, "{start}: an answer of {} octets", heard.body.len());
    }
    // What is too long is answered unread, and the connection closed; whoever still writes hears the answer first.
    let long = format!("{{\"offer\":\"{}\"}}", "a".repeat(2 << 20));
    let heard = http.ask("POST", "/v1/orders", &[("Content-Type", "application/json")], Some(long.as_bytes()))?;
    assert_eq!((heard.status, heard.header("content-type")), (413, Some("application/problem+json")));
    assert_served(&gateway)?;
    assert!(gateway.memory()? < before + GROWTH);
    Ok(())
}

#[test]
fn slow_bodies_and_heads() -> Result<()> {
    let gateway = impatient()?;
    let http = gateway.http("user@acme", PASSWORD)?;
    let head = http.head("POST", "/v1/orders", &[("Content-Type", "application/json"), ("Content-Length", "1000")]);
    for (octets, answered) in [(head + "{", true), ("POST /v1/orders HTTP/1.1\r\nHost: a\r\nX-Slow: ".into(), false)] {
        let slow: Vec<_> = (0..50).map(|_| http.open()).collect::<Result<_>>()?;
        for stream in &slow {
            stream.get_ref().write_all(octets.as_bytes())?;
        }
        assert_served(&gateway)?;
        for stream in &slow {
            let answer = String::from_utf8(drained(stream.get_ref())?)?;
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
            assert!(!answered || answer.starts_with("HTTP/1.1 408"), "a slow body is told so: {answer:?}");
        }
    }
    Ok(())
}

#[test]
fn oversize_headers() -> Result<()> {
    let gateway = house()?;
    let http = Http::new(gateway.address("http")?, None);
    let many: String = (0..2_000).map(|n| format!("x-{n}: 1\r\n")).collect();
    for (name, octets) in [
        ("one field", format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "a".repeat(200 << 10))),
        ("many fields", format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")),
        ("the target", format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(200 << 10))),
        ("the method", format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "A".repeat(200 << 10))),
    ] {
        let heard = http.raw(octets.as_bytes())?;
        let status = heard.as_ref().map(|heard| heard.status);
        assert!(matches!(status, None | Some(400 | 405 | 414 | 431)), "{name}: {heard:?}");
    }
    assert_served(&gateway)
}

#[test]
fn half_open_connections() -> Result<()> {
    let gateway = impatient()?;
    let (http, mml) = (gateway.address("http")?, gateway.address("mml")?);
    let half: Vec<(SocketAddr, &str)> =
        vec![(http, ""), (http, "GET /v1/orders HTTP/1.1\r\nHo"), (mml, ""), (mml, "LGI: OP=\"user@acme\", PW")];
    let mut open = Vec::new();
    for (address, said) in half.iter().cycle().take(400) {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(said.as_bytes())?;
        open.push(stream);
    }
    for stream in open.iter().step_by(2) {
        let _closed_already = stream.shutdown(Shutdown::Write);
    }
    assert_served(&gateway)?;
    for stream in &open {
        drained(stream)?;
    }
    assert_served(&gateway)
}

#[test]
fn ten_thousand_idle_connections() -> Result<()> {
    const WANTED: u64 = 10_000;
    /// What a connection that says nothing may cost, in octets.
    const EACH: u64 = 8 << 10;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let spare = limit.maximum.unwrap_or(1 << 20).saturating_sub(1_000);
    let count = WANTED.min(spare);
    if count < WANTED {
        untested("ten thousand idle connections", &format!("the limit of open files allows {count}"))?;
    }
    let gateway = house()?;
    assert_served(&gateway)?;
    let before = gateway.memory()?;
    let addresses = [gateway.address("http")?, gateway.address("mml")?];
    let mut idle = Vec::new();
    for address in addresses.iter().cycle().take(usize::try_from(count)?) {
        idle.push(TcpStream::connect(address)?);
    }
    // A connection waits to be accepted first: the last of each listener are answered when all are.
    let mut http = Http::new(gateway.address("http")?, None);
    let begun = now();
    assert_eq!(http.get("/health")?.status, 200);
    assert_served(&gateway)?;
    assert!(now() - begun < Duration::from_secs(10), "others are served");
    let each = gateway.memory()?.saturating_sub(before) / count;
    assert!(each < EACH, "{each} octets for each idle connection");
    drop(idle);
    assert_served(&gateway)
}

#[test]
fn mml_without_end() -> Result<()> {
    let gateway = house()?;
    let before = gateway.memory()?;
    for piece in ["A".repeat(64 << 10), format!("ADD ORDER: LABEL=\"{}", "a".repeat(64 << 10)), " \n".repeat(32 << 10)]
    {
        let mut mml = gateway.mml("user@acme", PASSWORD)?;
        let mut wrote = 0;
        while wrote < 8 << 20 && mml.write(piece.as_bytes()).is_ok() {
            wrote += piece.len();
        }
        if piece.starts_with(' ') {
            assert_eq!(mml.say("DSP OFFER: NAME=\"hello\";")?.code, 0, "white space between commands means nothing");
            continue;
        }
        assert!(wrote < 8 << 20, "it is given up");
        assert_served(&gateway)?;
    }
    let mut mml = gateway.mml("user@acme", PASSWORD)?;
    let long = format!("ADD ORDER: LABEL=\"{}\";", "a".repeat(70 << 10));
    assert_eq!(mml.say(&long)?.code, 1413, "one that ends is told");
    assert_eq!(mml.say("DSP OFFER: NAME=\"hello\";")?.code, 0, "and the next is taken");
    assert!(gateway.memory()? < before + GROWTH);
    Ok(())
}

#[test]
fn invalid_utf_8() -> Result<()> {
    let gateway = house()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    let body =
        http.ask("POST", "/v1/orders", &[("Content-Type", "application/json")], Some(b"{\"offer\":\"\xff\"}"))?;
    assert_eq!(body.status, 400, "{body}");
    for (path, status) in [("/v1/orders/%ff", 404), ("/v1/orders?name=%ff", 400), ("/v1/orders?%c3%28=1", 400)] {
        assert_eq!(http.get(path)?.status, status, "{path}");
    }
    let header = b"GET /v1/orders HTTP/1.1\r\nHost: a\r\nAuthorization: Basic \xff\xfe\r\nConnection: close\r\n\r\n";
    let heard = http.raw(header)?.context("no answer")?;
    assert_eq!(heard.status, 401, "{heard}");
    let mut mml = gateway.mml("user@acme", PASSWORD)?;
    // 0xFF would be telnet's own (RFC 854).
    mml.write(b"ADD ORDER: OFFER=\"\xfe\xc0\";")?;
    assert_eq!(mml.report()?.code, 1001);
    mml.write(b"\xc3\x28 ORDER:;")?;
    assert!((1001..=1003).contains(&mml.report()?.code));
    assert_eq!(mml.say("DSP OFFER: NAME=\"hello\";")?.code, 0);
    Ok(())
}

#[test]
fn a_full_disk() -> Result<()> {
    let gateway = furnished(Place::new()?.faults())?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    let mut mml = gateway.mml("user@acme", PASSWORD)?;
    http.make("/v1/services", &json!({ "name": "before", "offer": "hello" }))?;
    gateway.place().disk("full")?;
    let refused = until(SOON, "changes are refused", || {
        let heard = http.post("/v1/orders", &json!({ "offer": "hello" }))?;
        Ok((heard.status == 503).then_some(heard))
    })?;
    assert!(refused.header("retry-after").is_some_and(|wait| wait.parse::<u32>().is_ok()), "{refused}");
    assert_eq!(refused.code(), "disk-full", "{refused}");
    let report = mml.say("ADD ORDER: OFFER=\"hello\";")?;
    assert_eq!(report.code, 1507, "{}", report.text);
    assert!(report.field("RETRY_AFTER").is_some(), "{}", report.text);
    assert_eq!(http.get("/health")?.status, 503);

    let service = http.get("/v1/services/before")?;
    assert_eq!((service.status, service.text("state").as_str()), (200, "active"), "reads go on");
    assert_eq!(http.get("/v1/services")?.names(), ["before"]);
    assert_eq!(mml.say("DSP SERVICE: NAME=\"before\";")?.code, 0);
    let records = gateway.operator()?.get("/v1/records?limit=5")?;
    assert_eq!(records.status, 200, "what lies on the disk alone is read as well: {records}");
    assert_eq!(Http::new(gateway.address("http")?, None).get("/openapi.json")?.status, 200);
    assert!(called(&service.json()?)?.contains("hello"), "what runs is untouched");

    gateway.place().disk("")?;
    let made = until(SOON, "changes are taken again", || {
        let order = json!({ "name": "after", "offer": "hello" });
        let heard = http.send("POST", "/v1/orders", &[("Prefer", "wait=60")], &order)?;
        Ok((heard.status != 503).then_some(heard))
    })?;
    assert_eq!((made.status, made.text("state").as_str()), (201, "completed"), "{made}");
    assert_eq!(mml.say("ADD ORDER: OFFER=\"hello\", WAIT=60;")?.code, 0);
    assert_eq!(http.get("/health")?.status, 200);
    Ok(())
}

#[test]
fn a_full_disk_at_the_start() -> Result<()> {
    let gateway = house()?;
    gateway.http("user@acme", PASSWORD)?.make("/v1/services", &json!({ "name": "before", "offer": "hello" }))?;
    let place = gateway.kill()?;
    for pid in place.processes()? {
        let pid = Pid::from_raw(pid).context("no process")?;
        kill_process(pid, Signal::KILL)?;
    }
    // More is kept free than any disk has.
    let gateway = place.set("store.reserve=1152921504606846976").start()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    let service = http.get("/v1/services/before")?;
    assert_eq!((service.status, service.text("health").as_str()), (200, "up"), "its end could not be written down");
    assert_eq!(http.post("/v1/orders", &json!({ "offer": "hello" }))?.code(), "disk-full");
    let gateway = gateway.stop()?.set("store.reserve=0").start()?;
    let service = gateway.http("user@acme", PASSWORD)?.get("/v1/services/before")?;
    assert_eq!(service.text("health"), "down", "{service}");
    Ok(())
}

#[test]
fn a_stop_while_somebody_waits() -> Result<()> {
    let (gateway, gate) = gated()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    let mut mml = gateway.mml("user@acme", PASSWORD)?;
    let mut reader = gateway.http("user@acme", PASSWORD)?;
    let begun = http.post("/v1/orders", &json!({ "name": "first", "offer": "gated" }))?;
    assert_eq!(begun.status, 202, "{begun}");
    until(SOON, "its program is started", || {
        Ok((reader.get("/v1/orders/first")?.json()?["stepsDone"] == 1).then_some(()))
    })?;
    let seen = reader.get("/v1/orders/first")?;
    let tag = seen.header("etag").context("no tag")?.to_owned();
    let mut polled = reader.open()?;
    let poll = reader.head("GET", "/v1/orders/first", &[("Prefer", "wait=60"), ("If-None-Match", &tag)]);
    polled.get_mut().write_all(poll.as_bytes())?;
    let ordered = std::thread::spawn(move || {
        http.send("POST", "/v1/orders", &[("Prefer", "wait=60")], &json!({ "name": "second", "offer": "gated" }))
    });
    let typed = std::thread::spawn(move || mml.say("ADD ORDER: NAME=\"third\", OFFER=\"gated\", WAIT=60;"));
    // Both are known, and somebody waits for each.
    let mut looking = gateway.http("user@acme", PASSWORD)?;
    until(SOON, "all are ordered", || Ok((looking.get("/v1/orders")?.names().len() == 3).then_some(())))?;
    let place = gateway.stop()?;
    let ordered = ordered.join().map_err(|_| anyhow!("it panicked"))??;
    assert_eq!(ordered.status, 202, "{ordered}");
    let typed = typed.join().map_err(|_| anyhow!("it panicked"))??;
    assert_eq!(typed.code, 0, "{}", typed.text);
    assert_eq!(Heard::read(&mut polled, false)?.status, 304);
    fs::write(&gate, "")?;
    let gateway = place.start()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    for name in ["first", "second", "third"] {
        let path = format!("/v1/orders/{name}");
        until(SOON, "the orders go on", || Ok((http.get(&path)?.text("state") == "completed").then_some(())))?;
    }
    Ok(())
}

/// A gateway with the offer `gated`, whose services are healthy when the file is there.
fn gated() -> Result<(Gateway, PathBuf)> {
    let gateway = furnished(Place::new()?.set("process.executables=[\"/usr/bin/test\"]"))?;
    let gate = gateway.place().path().join("gate");
    let mut offer = hello();
    offer["name"] = json!("gated");
    offer["components"][0]["health"] = json!("command");
    offer["components"][0]["healthTarget"] = json!(format!("/usr/bin/test -e {}", gate.display()));
    offer["components"][0]["startTimeout"] = json!(300);
    gateway.operator()?.make("/v1/offers?tenant=acme", &offer)?;
    Ok((gateway, gate))
}

#[test]
fn kill_9_with_an_order_in_flight() -> Result<()> {
    let (gateway, gate) = gated()?;
    let mut http = gateway.http("user@acme", PASSWORD)?;
    let heard =
        http.send("POST", "/v1/orders", &[("Idempotency-Key", "k")], &json!({ "name": "demo", "offer": "gated" }))?;
    assert_eq!(heard.status, 202, "{heard}");
    // The hold and its program.
    let begun = until(SOON, "the program runs", || {
        let running = gateway.place().processes()?;
        Ok((running.len() == 2).then_some(running))
    })?;
    assert_eq!(http.get("/v1/orders/demo")?.text("state"), "inProgress");

    let mut gateway = gateway.kill()?.start()?;
    for round in 0..3 {
        // A look at its health is a process for a moment, too.
        until(SOON, &format!("no process is lost or started twice, kill {round}"), || {
            Ok((gateway.place().processes()? == begun).then_some(()))
        })?;
        gateway = gateway.kill()?.start()?;
    }
    let mut http = gateway.http("user@acme", PASSWORD)?;
    assert_eq!(http.get("/v1/orders/demo")?.text("state"), "inProgress", "what was acknowledged is there");
    let again =
        http.send("POST", "/v1/orders", &[("Idempotency-Key", "k")], &json!({ "name": "demo", "offer": "gated" }))?;
    assert_eq!(again.text("id"), heard.text("id"), "a request repeated is the same request");
    fs::write(&gate, "")?;
    until(SOON, "the order goes on", || Ok((http.get("/v1/orders/demo")?.text("state") == "completed").then_some(())))?;
    until(SOON, "the same processes", || Ok((gateway.place().processes()? == begun).then_some(())))?;
    let service = http.get("/v1/services/demo")?.json()?;
    assert!(called(&service)?.contains("hello"));

    ended(&gateway, &mut http, &service)?;
    let stopped = gateway.stop()?;
    assert!(stopped.processes()?.is_empty(), "none is left");
    Ok(())
}

/// Deletes the service `demo` and waits until its processes and port are gone.
fn ended(gateway: &Gateway, http: &mut Http, service: &Value) -> Result<()> {
    let heard: Heard = http.delete("/v1/services/demo")?;
    ensure!(heard.status < 300, "{heard}");
    until(SOON, "its processes end", || Ok(gateway.place().processes()?.is_empty().then_some(())))?;
    let address = endpoint(service)?;
    until(SOON, "its port is free", || Ok(TcpListener::bind(address).ok()))?;
    Ok(())
}

#[test]
fn a_wrong_password_again_and_again() -> Result<()> {
    let gateway = house()?;
    let mut last = Heard::default();
    for _ in 0..20 {
        last = gateway.http("user@acme", "wrong")?.get("/v1/orders")?;
        assert!(matches!(last.status, 401 | 429), "{last}");
    }
    assert_ne!(last.code(), "internal");
    let mut mml = Mml::connect(gateway.address("mml")?)?;
    for _ in 0..3 {
        mml.say("LGI: OP=\"user@acme\", PWD=\"wrong\";")?;
    }
    assert!(mml.rest()?.contains("goodbye"), "the connection is closed");
    assert_eq!(gateway.http("operator", SECRET)?.get("/v1/tenants")?.status, 200, "others are served");
    Ok(())
}
