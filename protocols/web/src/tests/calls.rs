//! Each call of the API, what it asks the gateway, and how each outcome is said.

use strowger_kinds::{credential, offer, record};
use strowger_primitive::{Change, Cursor, Fields, Index, Inner, Path, Place, Revision};

use super::*;

#[tokio::test]
async fn a_thing_is_read() {
    let mut client = client();
    let got = client
        .call("GET /v1/services/demo-1", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n", "")
        .await;
    assert_eq!(
        (got.status, got.header("etag"), got.header("content-type")),
        (200, Some("\"7\""), Some("application/json"))
    );
    assert_eq!(got.header("x-request-id"), Some(Id(0xABCD).to_string().as_str()));
    assert_eq!(got.header("cache-control"), Some("private, no-cache"));
    assert_eq!(got.json()["endpoint"], "http://127.0.0.1:41234/");
    let asked = client.desk.only();
    let Operation::Read(target) = &asked.operation else { panic!("{asked:?}") };
    assert_eq!((target.kind.name, target.index.to_string().as_str()), ("service", "demo-1"));
    assert_eq!((asked.trace.id, asked.trace.sampled), (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, true));
    assert_eq!((asked.origin.protocol, asked.patience, asked.unlike), ("http", Duration::ZERO, None));
    drop(asked);
    assert_eq!(client.desk.out(), 0, "the gate has its leave back");
    assert_eq!(*client.desk.classes.lock().unwrap(), [Class::List]);
}

#[tokio::test]
async fn only_the_fields_wanted_are_shown() {
    let mut client = client();
    let got = client.call("GET /v1/services/demo-1?fields=state&tenant=acme", "", "").await;
    assert_eq!(got.body, format!("{{\"id\":\"{}\",\"name\":\"demo-1\",\"state\":\"active\"}}", Id(1)));
    assert_eq!(client.desk.only().tenant.unwrap().as_str(), "acme");
    let hidden = Shown { hidden: [service::ENDPOINT.number].into(), ..shown(&service::DECL, 7) };
    client.desk.say(Ok(Outcome::Document(hidden)));
    assert!(client.call("GET /v1/services/demo-1", "", "").await.json().get("endpoint").is_none());
}

#[tokio::test]
async fn a_record_is_found_by_its_number() {
    let mut client = client();
    let mut document = Document::new(&record::DECL);
    document.fields.set(&common::SEQUENCE, Value::Uint(12));
    client.desk.say(Ok(Outcome::Document(Shown { document: Arc::new(document), hidden: [].into() })));
    assert_eq!(client.call("GET /v1/records/12", "", "").await.json()["sequence"], "12");
    let Operation::Read(target) = client.desk.only().operation else { panic!() };
    assert_eq!(target.index, Index::Sequence(12));
}

#[tokio::test]
async fn an_order_is_made() {
    let mut client = client();
    let body = r#"{"name":"demo-1","offer":"hello","parameters":{"greeting":"hi"}}"#;
    let got =
        client.call("POST /v1/orders", &format!("{JSON}Idempotency-Key: 7d1f\r\nPrefer: wait=20\r\n"), body).await;
    assert_eq!(
        (got.status, got.header("location"), got.header("etag")),
        (201, Some("/v1/orders/demo-1"), Some("\"7\""))
    );
    assert_eq!(got.header("preference-applied"), Some("wait=20"));
    assert_eq!(got.json()["state"], "inProgress");
    assert_eq!(*client.desk.classes.lock().unwrap(), [Class::New]);
    let first = client.desk.only();
    let Operation::Create(document) = &first.operation else { panic!("{first:?}") };
    assert_eq!(document.fields.text(&order::OFFER).map(|t| &**t), Some("hello"));
    assert_eq!(first.patience, Duration::from_secs(20));
    let key = first.key.unwrap();
    assert_eq!(&*key.bytes, b"7d1f");

    // The same again has the same fingerprint; another body, target or method has another.
    client.call("POST /v1/orders", &format!("{JSON}Idempotency-Key: \"7d1f\"\r\n"), body).await;
    assert_eq!(client.desk.only().key.unwrap(), key);
    for (line, body) in [("POST /v1/orders", "{}"), ("POST /v1/orders?tenant=acme", body)] {
        client.call(line, &format!("{JSON}Idempotency-Key: 7d1f\r\n"), body).await;
        assert_ne!(client.desk.only().key.unwrap().fingerprint, key.fingerprint, "{line}");
    }
}

#[tokio::test]
async fn work_that_goes_on_is_accepted() {
    let mut client = client();
    client.desk.say(Ok(Outcome::Accepted(shown(&order::DECL, 3))));
    let got = client
        .call("POST /v1/services", &format!("{JSON}Prefer: respond-async, wait=9\r\n"), r#"{"offer":"hello"}"#)
        .await;
    assert_eq!((got.status, got.header("location")), (202, Some("/v1/orders/demo-1")));
    assert_eq!(got.header("preference-applied"), Some("respond-async, wait=9"));
    assert_eq!(client.desk.only().patience, Duration::from_secs(9), "RFC 7240 §4.3: it may be done by then");
    for (prefer, patience, applied) in [("respond-async, wait=9", 9, Some("wait=9")), ("respond-async", 0, None)] {
        let got = client.call("POST /v1/orders", &format!("{JSON}Prefer: {prefer}\r\n"), "{}").await;
        assert_eq!((got.status, got.header("preference-applied")), (201, applied), "{prefer}");
        assert_eq!(client.desk.only().patience, Duration::from_secs(patience), "{prefer}");
    }
    client.desk.say(Ok(Outcome::Accepted(shown(&order::DECL, 3))));
    let got = client.call("DELETE /v1/services/demo-1", "Prefer: return=minimal\r\n", "").await;
    assert_eq!((got.status, got.header("location"), got.body.as_str()), (202, Some("/v1/orders/demo-1"), ""));
    assert_eq!(got.header("preference-applied"), Some("return=minimal"));
}

#[tokio::test]
async fn what_is_made_elsewhere_is_found_there() {
    let mut client = client();
    let there = Some("/v1/orders/demo-1?tenant=acme");
    let got = client.call("POST /v1/orders?tenant=acme", JSON, "{}").await;
    assert_eq!((got.status, got.header("location")), (201, there));
    client.desk.say(Ok(Outcome::Accepted(shown(&order::DECL, 3))));
    let got = client.call("DELETE /v1/services/demo-1?tenant=acme", "", "").await;
    assert_eq!((got.status, got.header("location")), (202, there));
}

#[tokio::test]
async fn a_thing_is_changed_in_both_forms() {
    for (form, body, unset) in [
        ("application/merge-patch+json", r#"{"label":"x","documentation":null}"#, true),
        ("application/json; charset=utf-8", r#"{"label":"x","unset":["documentation"]}"#, true),
        ("application/json", r#"{"label":"x"}"#, false),
    ] {
        let mut client = client();
        // A field of the kind that may be unset: the first writable text beside the label.
        let field = offer::DECL.fields().find(|f| f.patchable() && f.name != "label" && !f.required).unwrap();
        let body = body.replace("documentation", &field.camel());
        let got = client
            .call("PATCH /v1/offers/demo-1", &format!("Content-Type: {form}\r\nIf-Match: \"7\"\r\n"), &body)
            .await;
        assert_eq!((got.status, got.header("etag")), (200, Some("\"8\"")), "{got:?}");
        let Operation::Update(_, only, patch) = client.desk.only().operation else { panic!() };
        assert_eq!(only, Some(Revision(7)));
        let set = (Path::whole(common::LABEL.number), Change::Set(Value::Text("x".into())));
        assert!(patch.0.contains(&set), "{patch:?}");
        let unsets = patch.0.contains(&(Path { field: field.number, inner: Inner::Whole }, Change::Unset));
        assert_eq!(unsets, unset, "{patch:?}");
    }
}

#[tokio::test]
async fn a_thing_is_removed_and_an_action_performed() {
    let mut client = client();
    let got = client.call("DELETE /v1/offers/demo-1", "If-Match: \"7\"\r\n", "").await;
    assert_eq!((got.status, got.body.as_str()), (204, ""));
    assert!(matches!(client.desk.only().operation, Operation::Delete(_, Some(Revision(7)))));
    let got = client.call("POST /v1/orders/demo-1/cancel", "", "").await;
    assert_eq!(got.status, 204, "it gives nothing back");
    assert_eq!(client.desk.classes.lock().unwrap().last(), Some(&Class::InDialog));
    assert!(matches!(client.desk.only().operation, Operation::Invoke(_, action, _) if action.name == "cancel"));
    let action = credential::DECL.action_named("rotate").unwrap();
    let field = action.output.iter().find(|f| f.name == "generated").unwrap();
    let fields = Fields::from_iter([(field.number, Value::Text("0123".into()))]);
    client.desk.say(Ok(Outcome::Reply(Payload { action, fields })));
    let minimal = format!("{JSON}Prefer: return=minimal\r\n");
    let got = client.call("POST /v1/credentials/demo-1/rotate", &minimal, "{}").await;
    assert_eq!(
        (got.status, got.body.as_str(), got.header("cache-control")),
        (200, r#"{"generated":"0123"}"#, Some("no-store"))
    );
    assert_eq!(got.header("preference-applied"), None, "it is told all the same");
}

#[tokio::test]
async fn a_list_is_filtered_sorted_and_paged() {
    let mut client = client();
    let page = Page {
        kind: &service::DECL,
        documents: vec![shown(&service::DECL, 7).document],
        hidden: [].into(),
        next: Some(Cursor("a b/+".into())),
    };
    client.desk.say(Ok(Outcome::Page(page)));
    let line = "GET /v1/services?state=active&sort=-createdAt,name&limit=1&cursor=x%20y&fields=name,state&label=";
    let got = client.call(line, "", "").await;
    assert_eq!(got.status, 200, "{got:?}");
    assert_eq!(got.json()["next"], "a b/+");
    let next = "</v1/services?state=active&sort=-createdAt,name&limit=1&fields=name,state&label=&cursor=a%20b%2F%2B>; rel=\"next\"";
    assert_eq!(got.header("link"), Some(next));
    let asked = client.desk.only();
    let Operation::List(query) = asked.operation else { panic!() };
    assert_eq!((query.limit, query.cursor), (1, Some(Cursor("x y".into()))));
    assert_eq!(
        query.sort.iter().map(|o| (o.field.name, o.descending)).collect::<Vec<_>>(),
        [("created-at", true), ("name", false)]
    );
    assert_eq!(
        query.filters.iter().map(|f| (f.field.name, f.value.clone())).collect::<Vec<_>>(),
        [("state", Some(Value::Enum(service::ACTIVE))), ("label", None)]
    );
}

#[tokio::test]
async fn parameters_that_are_wrong_are_all_named() {
    let mut client = client();
    let line = "GET /v1/services?state=gone&colour=red&limit=0&sort=secret&fields=none&cursor=&tenant=A&limit=5&createdAt=noon&State=active";
    let got = client.call(line, "", "").await;
    assert_eq!((got.status, got.code().as_str()), (400, "invalid-parameters"));
    let json = got.json();
    let named: Vec<_> = json["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    assert_eq!(
        named,
        ["state", "colour", "limit", "sort", "fields", "cursor", "tenant", "limit", "createdAt", "State"]
    );
    for line in [
        "GET /v1/services/a?state=active",
        "DELETE /v1/services/a?fields=name",
        "GET /v1/services?name=%ff",
        "GET /v1/services?sort=name,name,name,name,name,name,name,name",
        "GET /v1/records?sort=createdAt",
        "GET /v1/records?sort=-sequence,createdAt",
    ] {
        assert_eq!(client.call(line, "", "").await.code(), "invalid-parameters", "{line}");
    }
    assert_eq!(client.desk.asked(), 0);
}

#[tokio::test]
async fn fields_that_are_wrong_are_all_named_at_once() {
    let mut client = client();
    let body = r#"{"name":"No Name","type":7,"principal":"p","colour":"red","state":"active"}"#;
    let got = client.call("POST /v1/credentials", JSON, body).await;
    assert_eq!((got.status, got.code().as_str()), (400, "invalid-fields"));
    let json = got.json();
    let mut named: Vec<_> = json["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, ["colour", "name", "state", "type"], "{json}");
    for body in ["", "{", "[]", "\u{0}", "{\"name\":\"a\"} x"] {
        let got = client.call("POST /v1/credentials", &format!("{JSON}X-Empty: 1\r\n"), body).await;
        assert_eq!(got.status, 400, "{body}");
        got.code();
    }
}

#[tokio::test]
async fn faults_are_problems_with_their_places() {
    let mut client = client();
    let path = Path { field: order::ITEMS.number, inner: Inner::Cell(2, order::item::OFFER.number) };
    let fault = Fault::new(FaultKind::NotFound, "offer-not-found", "no offer \"helo\"").at(path, "is not there");
    client.desk.say(Err(fault.because("a private cause")));
    let got = client.call("POST /v1/orders", JSON, r#"{"offer":"helo"}"#).await;
    assert_eq!((got.status, got.code().as_str()), (404, "offer-not-found"));
    assert_eq!(got.json()["errors"][0]["field"], "items.2.offer");
    assert_eq!(got.json()["detail"], "no offer \"helo\"");
    assert!(!got.body.contains("private"), "the cause stays here");
    for kind in FaultKind::ALL {
        let mut fault = Fault::new(kind, "a-code", "in words");
        fault.at.push(strowger_primitive::Flaw { place: Place::Unknown("x".into()), why: "is wrong".into() });
        client.desk.say(Err(fault));
        let got = client.call("GET /v1/offers/demo-1", "", "").await;
        assert_eq!((got.status, got.code().as_str()), (crate::status(kind), "a-code"));
        assert_eq!(got.header("retry-after").is_some(), got.status == 503, "{got:?}");
        assert_eq!(got.header("www-authenticate").is_some(), got.status == 401);
        assert_eq!(got.header("allow"), (got.status == 405).then_some("HEAD, PATCH, DELETE, OPTIONS"));
    }
    client
        .desk
        .say(Err(Fault::new(FaultKind::Overloaded, "rate-limited", "slower").after(Duration::from_millis(1_001))));
    let got = client.call("GET /v1/offers/demo-1", "", "").await;
    assert_eq!((got.status, got.header("retry-after"), &got.json()["retryAfter"]), (429, Some("2"), &2.into()));
}

#[tokio::test]
async fn a_full_gateway_says_so_before_the_body_is_read() {
    let mut client = client();
    client.desk.full.store(true, Ordering::SeqCst);
    // The body is announced and never sent.
    let head = format!("POST /v1/orders HTTP/1.1\r\nHost: gw\r\n{ALICE}{JSON}Content-Length: 500000\r\n\r\n");
    let got = client.raw(head).await.unwrap();
    assert_eq!((got.status, got.header("retry-after"), got.code().as_str()), (503, Some("2"), "overloaded"));
    assert_eq!(client.desk.asked(), 0);
    assert!(client.ended().await, "what is left of it is not waited for");
}

#[tokio::test]
async fn a_reader_waits_for_another_revision() {
    let mut client = client();
    client.desk.holds.store(true, Ordering::SeqCst);
    let desk = Arc::clone(&client.desk);
    let wait = "If-None-Match: \"7\"\r\nPrefer: wait=5000\r\n";
    let (got, ()) = tokio::join!(
        client.call("GET /v1/services/demo-1", wait, ""),
        desk.release(Ok(Outcome::Document(shown(&service::DECL, 9)))),
    );
    assert_eq!((got.status, got.header("etag")), (200, Some("\"9\"")));
    assert_eq!(got.header("preference-applied"), Some("wait=60"), "no longer than the operator lets");
    let asked = client.desk.only();
    assert_eq!((asked.unlike, asked.patience), (Some(Revision(7)), Duration::from_secs(60)));
    // Nothing changed in that time.
    let (got, ()) = tokio::join!(
        client.call("GET /v1/services/demo-1", wait, ""),
        desk.release(Ok(Outcome::Document(shown(&service::DECL, 7)))),
    );
    assert_eq!((got.status, got.body.as_str(), got.header("etag")), (304, "", Some("\"7\"")));
}
