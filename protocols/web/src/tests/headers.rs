//! What is negotiated, and what needs no log-in.

use strowger_primitive::Revision;

use super::*;

#[tokio::test]
async fn who_shows_nothing_is_asked_who_he_is() {
    let mut client = client();
    let head = |method: &str| format!("{method} /v1/orders HTTP/1.1\r\nHost: gw\r\n");
    let got = client.raw(format!("{}\r\n", head("GET"))).await.unwrap();
    assert_eq!((got.status, got.code().as_str()), (401, "unauthenticated"));
    assert_eq!(got.header("www-authenticate"), Some("Basic realm=\"acme\", charset=\"UTF-8\""));
    for wrong in ["Basic *", "Bearer abc", "Basic Og=="] {
        let got = client.raw(format!("{}Authorization: {wrong}\r\n\r\n", head("GET"))).await.unwrap();
        assert_eq!((got.status, got.code().as_str()), (401, "bad-authorization"), "{wrong}");
        assert!(got.header("www-authenticate").is_some());
    }
    let twice = client.raw(format!("{}{ALICE}{ALICE}\r\n", head("GET"))).await.unwrap();
    assert_eq!(twice.status, 400);
    // His body is not waited for.
    let got = client.raw(format!("{}{JSON}Content-Length: 100000\r\n\r\n", head("POST"))).await.unwrap();
    assert_eq!((got.status, got.code().as_str()), (401, "unauthenticated"));
    assert!(matches!(client.desk.asked.lock().unwrap().last().unwrap().operation, Operation::Prove));
}

#[tokio::test]
async fn conditions_hold_where_they_mean_something() {
    let mut client = client();
    for (headers, status) in [
        ("If-None-Match: \"7\"\r\n", 304),
        ("If-None-Match: W/\"7\", \"9\"\r\n", 304),
        ("If-None-Match: *\r\n", 304),
        ("If-None-Match: \"8\"\r\n", 200),
        ("If-Match: \"8\", \"7\"\r\n", 200),
        ("If-Match: *\r\n", 200),
        ("If-Match: W/\"7\"\r\n", 412),
        ("If-Match: \"8\"\r\n", 412),
        ("If-Match: 7\r\n", 400),
    ] {
        let got = client.call("GET /v1/services/demo-1", headers, "").await;
        assert_eq!(got.status, status, "{headers}");
        // RFC 9110 §15.4.5: what 200 says of keeping it, 304 says too.
        assert!(status >= 400 || got.header("cache-control") == Some("private, no-cache"), "{headers}");
    }
    client.desk.asked.lock().unwrap().clear();
    for (headers, only) in [
        ("If-Match: \"12\"\r\n", Some(12)),
        ("If-Match: *\r\n", None),
        ("If-Match: \"never-ours\"\r\n", Some(u64::MAX)),
        ("If-Match: W/\"12\"\r\n", Some(u64::MAX)),
    ] {
        client.call("DELETE /v1/services/demo-1", headers, "").await;
        let Operation::Delete(_, asked) = client.desk.only().operation else { panic!() };
        assert_eq!(asked, only.map(Revision), "{headers}");
    }
    for (line, headers) in [
        ("DELETE /v1/services/demo-1", "If-Match: \"1\", \"2\"\r\n"),
        ("DELETE /v1/services/demo-1", "If-None-Match: \"1\"\r\n"),
        ("POST /v1/orders/demo-1/cancel", "If-Match: \"1\"\r\n"),
        ("GET /v1/services", "If-None-Match: \"1\"\r\n"),
    ] {
        assert_eq!(client.call(line, headers, "").await.status, 400, "{line}");
    }
    assert_eq!(client.desk.asked(), 0);
    let got = client.call("POST /v1/orders", &format!("{JSON}If-None-Match: *\r\n"), "{}").await;
    assert_eq!(got.status, 201);
}

#[tokio::test]
async fn media_types_are_told_apart() {
    let mut client = client();
    assert_eq!(client.call("GET /v1/orders", "Accept: text/html\r\n", "").await.code(), "not-acceptable");
    for accept in ["Accept: text/html, */*;q=0.1\r\n", "Accept:\r\n"] {
        assert_eq!(client.call("GET /v1/orders", accept, "").await.status, 200, "{accept}");
    }
    for form in
        ["", "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type: application/merge-patch+json\r\n"]
    {
        let got = client.call("POST /v1/orders", form, "{}").await;
        assert_eq!((got.status, got.header("accept-post")), (415, Some("application/json")), "{form}");
    }
    let got = client.call("PATCH /v1/orders/demo-1", "Content-Type: text/plain\r\n", "{}").await;
    assert_eq!((got.status, got.header("accept-patch")), (415, Some("application/merge-patch+json, application/json")));
    let got = client.call("POST /v1/orders", &format!("{JSON}Content-Encoding: gzip\r\n"), "{}").await;
    assert_eq!((got.status, got.header("accept-encoding")), (415, Some("identity")));
    assert_eq!(client.desk.asked(), 2, "only the lists");
}

#[tokio::test]
async fn methods_and_paths_are_told_apart() {
    let mut client = client();
    for (line, status, allow) in [
        ("PUT /v1/orders/demo-1", 405, Some("GET, HEAD, PATCH, OPTIONS")),
        ("DELETE /v1/orders/demo-1", 405, Some("GET, HEAD, PATCH, OPTIONS")),
        ("DELETE /v1/orders", 405, Some("GET, HEAD, POST, OPTIONS")),
        ("POST /v1/records", 405, Some("GET, HEAD, OPTIONS")),
        ("GET /v1/orders/demo-1/cancel", 405, Some("POST, OPTIONS")),
        ("PROPFIND /v1/orders", 405, Some("GET, HEAD, POST, OPTIONS")),
        ("POST /health", 405, Some("GET, HEAD, OPTIONS")),
        ("GET /v1/nothing", 404, None),
        ("GET /v1/orders/", 404, None),
        ("GET /", 200, None),
    ] {
        let got = client.call(line, "", "").await;
        assert_eq!((got.status, got.header("allow")), (status, allow), "{line}");
    }
    for (line, allow, patch) in [
        ("OPTIONS /v1/offers/demo-1", "GET, HEAD, PATCH, DELETE, OPTIONS", true),
        ("OPTIONS /v1/offers", "GET, HEAD, POST, OPTIONS", false),
        ("OPTIONS /openapi.json", "GET, HEAD, OPTIONS", false),
        ("OPTIONS *", "GET, HEAD, POST, PATCH, DELETE, OPTIONS", false),
    ] {
        let got = client.call(line, "", "").await;
        assert_eq!(
            (got.status, got.header("allow"), got.header("accept-patch").is_some()),
            (204, Some(allow), patch),
            "{line}"
        );
    }
    assert_eq!(client.desk.asked(), 0);
}

#[tokio::test]
async fn a_page_of_another_host_reads_but_changes_nothing() {
    let mut client =
        connect(web(Options { origins: vec!["https://portal.example".to_owned()], ..Options::default() }, true));
    for (line, origin, status) in [
        ("POST /v1/orders/demo-1/cancel", "https://evil.example", 403),
        ("POST /v1/orders/demo-1/cancel", "null", 403),
        ("POST /v1/orders/demo-1/cancel", "https://gw.evil.example", 403),
        ("DELETE /v1/offers/demo-1", "https://evil.example", 403),
        ("GET /v1/orders/demo-1", "https://evil.example", 200),
        ("DELETE /v1/offers/demo-1", "https://GW", 204),
        ("DELETE /v1/offers/demo-1", "https://portal.example", 204),
    ] {
        let got = client.call(line, &format!("Origin: {origin}\r\n"), "").await;
        assert_eq!(got.status, status, "{line} from {origin}: {}", got.body);
    }
    assert_eq!(client.desk.asked(), 3);
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let mut client = client();
    for line in ["/v1/services/demo-1", "/v1/services", "/openapi.json", "/v1/nothing", "/health"] {
        let got = client.call(&format!("GET {line}"), "", "").await;
        let head = client.call(&format!("HEAD {line}"), "", "").await;
        for header in ["content-length", "content-type", "etag", "cache-control"] {
            assert_eq!(head.header(header), got.header(header), "{line} {header}");
        }
        assert_eq!(head.status, got.status, "{line}");
    }
}

#[tokio::test]
async fn some_pages_need_no_log_in() {
    let mut client = client();
    let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nHost: gw\r\n{more}\r\n");
    let index = client.raw(get("/", "")).await.unwrap();
    assert!(index.body.contains("/openapi.json") && index.body.contains("/v1/orders"), "{}", index.body);
    let health = client.raw(get("/health", "")).await.unwrap();
    assert_eq!(
        (health.status, health.body.as_str()),
        (200, r#"{"status":"up","parts":[{"name":"store","status":"up"}]}"#)
    );
    for (path, version) in [("/openapi.json", "3.1."), ("/openapi-3.0.json", "3.0.")] {
        let got = client.raw(get(path, "")).await.unwrap();
        assert!(got.json()["openapi"].as_str().unwrap().starts_with(version));
        let tag = got.header("etag").unwrap();
        let again = client.raw(get(path, &format!("If-None-Match: {tag}\r\n"))).await.unwrap();
        assert_eq!((again.status, again.header("etag")), (304, Some(tag)));
    }
    let mut client = connect(web(Options::default(), false));
    let health = client.raw(get("/health", "")).await.unwrap();
    assert_eq!((health.status, health.header("retry-after")), (503, Some("5")));
    assert_eq!(health.json()["parts"][0]["detail"], "disk \"full\"");
}

#[tokio::test]
async fn every_change_takes_a_key() {
    let mut client = client();
    let mut prints = Vec::new();
    for (line, headers, body) in [
        ("PATCH /v1/orders/demo-1", format!("{JSON}Idempotency-Key: k\r\n"), "{}"),
        ("PATCH /v1/orders/demo-1", format!("{JSON}If-Match: \"7\"\r\nIdempotency-Key: k\r\n"), "{}"),
        ("DELETE /v1/services/demo-1", "Idempotency-Key: k\r\n".to_owned(), ""),
        ("DELETE /v1/services/demo-1", "If-Match: \"7\"\r\nIdempotency-Key: k\r\n".to_owned(), ""),
        ("POST /v1/orders/demo-1/cancel", "Idempotency-Key: k\r\n".to_owned(), ""),
    ] {
        client.call(line, &headers, body).await;
        let key = client.desk.only().key.expect(line);
        assert_eq!(&*key.bytes, b"k", "{line}");
        prints.push(key.fingerprint);
    }
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), 5, "with another condition it is another change");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let mut client = client();
    for key in ["Idempotency-Key: \"a\r\n", "Idempotency-Key: a b\r\n", "Idempotency-Key: a\r\nIdempotency-Key: a\r\n"]
    {
        let got = client.call("POST /v1/orders", &format!("{JSON}{key}"), "{}").await;
        assert_eq!((got.status, got.code().as_str()), (400, "bad-idempotency-key"), "{key}");
    }
    client.call("GET /v1/orders", "Idempotency-Key: a b\r\n", "").await;
    assert!(client.desk.only().key.is_none(), "it means nothing to a read");
}

#[tokio::test]
async fn a_caller_who_needs_no_body_gets_none() {
    let mut client = client();
    let minimal = "Prefer: return=minimal\r\n";
    let got = client.call("POST /v1/orders", &format!("{JSON}{minimal}"), "{}").await;
    assert_eq!((got.status, got.body.as_str(), got.header("location")), (201, "", Some("/v1/orders/demo-1")));
    let got = client.call("PATCH /v1/orders/demo-1", &format!("{JSON}{minimal}"), "{}").await;
    assert_eq!(
        (got.status, got.header("etag"), got.header("preference-applied")),
        (204, Some("\"8\""), Some("return=minimal"))
    );
    let got = client.call("GET /v1/orders/demo-1", &format!("{minimal}Prefer: wait=5\r\n"), "").await;
    assert_eq!((got.status, got.header("preference-applied")), (200, None), "a look is a look");
}
