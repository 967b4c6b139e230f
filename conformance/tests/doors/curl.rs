//! curl: HTTP as people drive it.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use strowger_conformance::{Gateway, PASSWORD, Place, Tool, now};

use crate::orders::{furnished, house};

/// One answer as `curl -i` prints it.
struct Printed {
    version: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Printed {
    fn read(text: &str) -> Result<Self> {
        let (head, body) = text.split_once("\r\n\r\n").with_context(|| format!("no head: {text}"))?;
        let mut lines = head.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (version, status) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
        let fields = lines.filter_map(|line| line.split_once(": "));
        Ok(Self {
            version: version.to_owned(),
            status: status.parse()?,
            headers: fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect(),
            body: body.to_owned(),
        })
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| self.body.clone())
    }
}

/// Runs curl as a user of acme; a path is said as the last argument.
fn curl(gateway: &Gateway, args: &[&str]) -> Result<Printed> {
    let Some((path, options)) = args.split_last() else { bail!("no path") };
    let url = format!("http://{}{path}", gateway.address("http")?);
    let login = format!("user@acme:{PASSWORD}");
    Printed::read(&Tool::new("curl").args(["-sS", "-i", "-u", &login]).args(options).args([&url]).out()?)
}

/// A body of JSON.
const JSON: [&str; 2] = ["-H", "content-type: application/json"];

#[test]
fn it_speaks_http_1_1_and_2_with_prior_knowledge() -> Result<()> {
    let gateway = house()?;
    for (option, version) in [("--http1.1", "HTTP/1.1"), ("--http2-prior-knowledge", "HTTP/2")] {
        let printed = curl(&gateway, &[option, "/v1/offers/hello"])?;
        assert_eq!((printed.version.as_str(), printed.status), (version, 200));
        assert_eq!(printed.json()?["name"], "hello");
        assert!(!printed.header("etag").is_empty());
    }
    Ok(())
}

#[test]
fn it_speaks_tls_with_the_certificate_made_at_the_first_start() -> Result<()> {
    let gateway = furnished(Place::new()?.tls())?;
    let address = gateway.address("https")?;
    let certificate = gateway.place().path().join("https.crt");
    let url = format!("https://localhost:{}/v1/offers", address.port());
    let login = format!("user@acme:{PASSWORD}");
    for (option, version) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2")] {
        let certificate = certificate.to_string_lossy();
        let args = ["-sS", "-i", "-u", &login, "--cacert", &certificate, option, &url];
        let printed = Printed::read(&Tool::new("curl").args(args).out()?)?;
        assert_eq!((printed.version.as_str(), printed.status), (version, 200));
    }
    let stranger = Tool::new("curl").args(["-sS", &url]).run()?;
    assert_eq!(stranger.status.code(), Some(60), "a certificate nobody vouches for: {}", stranger.complaint);
    Ok(())
}

#[test]
fn a_change_is_for_the_revision_that_was_read() -> Result<()> {
    let gateway = house()?;
    let service = ["-d", r#"{"name":"demo","offer":"hello"}"#, "-H", "prefer: wait=60", "/v1/services"];
    assert_eq!(curl(&gateway, &[&JSON[..], &service].concat())?.status, 201);
    let read = curl(&gateway, &["/v1/services/demo"])?;
    let tag = read.header("etag").to_owned();
    let only = format!("if-match: {tag}");
    let label = ["-X", "PATCH", "-H", "content-type: application/merge-patch+json", "-H", &only];
    let changed = curl(&gateway, &[&label[..], &["-d", r#"{"label":"one"}"#, "/v1/services/demo"]].concat())?;
    assert_eq!((changed.status, changed.json()?["label"].as_str()), (200, Some("one")));
    assert_ne!(changed.header("etag"), tag);
    let late = curl(&gateway, &[&label[..], &["-d", r#"{"label":"two"}"#, "/v1/services/demo"]].concat())?;
    assert_eq!((late.status, late.header("content-type")), (412, "application/problem+json"));
    let known = format!("if-none-match: {}", changed.header("etag"));
    assert_eq!(curl(&gateway, &["-H", &known, "/v1/services/demo"])?.status, 304);
    Ok(())
}

#[test]
fn a_patch_has_two_forms() -> Result<()> {
    let gateway = house()?;
    let operator = |args: &[&str]| -> Result<Printed> {
        let url = format!("http://{}/v1/offers/hello?tenant=acme", gateway.address("http")?);
        let login = format!("administrator@acme:{PASSWORD}");
        Printed::read(
            &Tool::new("curl").args(["-sS", "-i", "-X", "PATCH", "-u", &login]).args(args).args([&url]).out()?,
        )
    };
    let merge = ["-H", "content-type: application/merge-patch+json"];
    let changed = operator(&[&merge[..], &["-d", r#"{"label":"a","description":null}"#]].concat())?;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.json()?["label"], "a");
    assert!(changed.json()?.get("description").is_none_or(Value::is_null));
    let changed = operator(&[&JSON[..], &["-d", r#"{"description":"b","unset":["label"]}"#]].concat())?;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.json()?["description"], "b");
    assert!(changed.json()?.get("label").is_none_or(Value::is_null));
    let refused = operator(&["-H", "content-type: text/plain", "-d", "x"])?;
    assert_eq!(refused.status, 415);
    assert_eq!(refused.header("accept-patch"), "application/merge-patch+json, application/json");
    Ok(())
}

#[test]
fn a_key_makes_a_request_safe_to_repeat() -> Result<()> {
    let gateway = house()?;
    let order = |key: &str, body: &str| {
        let key = format!("idempotency-key: {key}");
        let wait = ["-H", "prefer: wait=60", "-H", &key, "-d", body, "/v1/orders"];
        curl(&gateway, &[&JSON[..], &wait].concat())
    };
    let first = order("7d1f", r#"{"offer":"hello"}"#)?;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = order("7d1f", r#"{"offer":"hello"}"#)?;
    assert_eq!((again.status, again.json()?["id"].clone()), (201, first.json()?["id"].clone()));
    let other = order("7d1f", r#"{"offer":"hello","label":"other"}"#)?;
    assert_eq!((other.status, other.json()?["code"].as_str()), (422, Some("key-reused")));
    assert_eq!(curl(&gateway, &["/v1/orders"])?.json()?["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn a_caller_may_wait_or_not() -> Result<()> {
    let gateway = house()?;
    let post =
        |prefer: &str, body: &str| curl(&gateway, &[&JSON[..], &["-H", prefer, "-d", body, "/v1/orders"]].concat());
    let at_once = post("prefer: respond-async", r#"{"name":"a","offer":"hello"}"#)?;
    assert_eq!((at_once.status, at_once.header("location")), (202, "/v1/orders/a"));
    assert_eq!(at_once.header("preference-applied"), "respond-async");
    let waited = post("prefer: wait=60", r#"{"name":"b","offer":"hello"}"#)?;
    assert_eq!((waited.status, waited.json()?["state"].as_str()), (201, Some("completed")));
    assert_eq!(waited.header("preference-applied"), "wait=60");
    let minimal = post("prefer: wait=60, return=minimal", r#"{"name":"c","offer":"hello"}"#)?;
    assert_eq!((minimal.status, minimal.body.as_str()), (201, ""));
    Ok(())
}

#[test]
fn a_long_poll_ends_with_the_change_or_the_wait() -> Result<()> {
    let gateway = house()?;
    let read = curl(&gateway, &["/v1/offers/hello"])?;
    let known = format!("if-none-match: {}", read.header("etag"));
    let begun = now();
    let still = curl(&gateway, &["-H", &known, "-H", "prefer: wait=1", "/v1/offers/hello"])?;
    assert_eq!(still.status, 304);
    assert!(now() - begun >= Duration::from_millis(900), "it waited");
    let mut operator = gateway.operator()?;
    std::thread::scope(|scope| -> Result<()> {
        let polls = scope.spawn(|| curl(&gateway, &["-H", &known, "-H", "prefer: wait=50", "/v1/offers/hello"]));
        let changed = operator.send("PATCH", "/v1/offers/hello?tenant=acme", &[], &json!({ "label": "new" }))?;
        assert_eq!(changed.status, 200, "{changed}");
        let Ok(polled) = polls.join() else { bail!("the poll ended badly") };
        assert_eq!(polled?.json()?["label"], "new");
        Ok(())
    })
}

#[test]
fn a_list_is_read_page_by_page() -> Result<()> {
    let gateway = house()?;
    let mut operator = gateway.operator()?;
    for name in ["o1", "o2", "o3", "o4"] {
        operator.make("/v1/offers?tenant=acme", &json!({ "name": name }))?;
    }
    let mut names = Vec::new();
    let mut path = "/v1/offers?limit=2&fields=name".to_owned();
    for page in 1.. {
        let printed = curl(&gateway, &[&path])?;
        let json = printed.json()?;
        for item in json["items"].as_array().context("no items")? {
            assert!(item.get("state").is_none() && item.get("createdAt").is_none(), "only what was asked for: {item}");
            names.extend(item["name"].as_str().map(str::to_owned));
        }
        let link = printed.header("link");
        let Some(next) = link.strip_suffix(">; rel=\"next\"").and_then(|link| link.strip_prefix('<')) else {
            assert_eq!(page, 3);
            break;
        };
        path = next.to_owned();
    }
    // The shorter name comes first.
    assert_eq!(names, ["o1", "o2", "o3", "o4", "hello"]);
    let filtered = curl(&gateway, &["/v1/offers?name=o2&sort=-createdAt"])?;
    assert_eq!(filtered.json()?["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn problems_are_told_as_rfc_9457_says() -> Result<()> {
    let gateway = house()?;
    for (args, status, code) in [
        (vec!["/v1/orders/none"], 404, "order-not-found"),
        (vec!["/v1/none"], 404, "no-such-path"),
        (vec!["-X", "PUT", "/v1/orders/none"], 405, "method-not-allowed"),
        (vec!["/v1/tenants"], 403, "forbidden"),
        (vec!["-u", "user@acme:wrong", "/v1/orders"], 401, "not-proven"),
        (vec!["-H", "accept: text/html", "/v1/orders"], 406, "not-acceptable"),
        (vec!["/v1/orders?colour=red"], 400, "invalid-parameters"),
    ] {
        let printed = curl(&gateway, &args)?;
        assert_eq!((printed.status, printed.header("content-type")), (status, "application/problem+json"), "{args:?}");
        let problem = printed.json()?;
        assert_eq!(problem["code"], code, "{args:?}");
        assert_eq!(problem["status"], status);
        assert!(problem["type"].as_str().is_some_and(|uri| uri.ends_with(&format!("/faults/{code}"))));
        assert!(["title", "detail", "requestId"].iter().all(|name| problem[name].is_string()), "{problem}");
    }
    let challenge = curl(&gateway, &["-u", "user@acme:wrong", "/v1/orders"])?;
    assert_eq!(challenge.header("www-authenticate"), "Basic realm=\"strowger\", charset=\"UTF-8\"");
    let allowed = curl(&gateway, &["-X", "DELETE", "/v1/orders/none"])?;
    assert_eq!(allowed.header("allow"), "GET, HEAD, PATCH, OPTIONS");
    Ok(())
}

#[test]
fn a_trace_goes_into_the_record() -> Result<()> {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let gateway = house()?;
    let parent = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01");
    let order = ["-H", &parent, "-d", r#"{"name":"demo","offer":"hello"}"#, "/v1/orders"];
    assert_eq!(curl(&gateway, &[&JSON[..], &order].concat())?.status, 202);
    let records = curl(&gateway, &["/v1/records?object=demo&operation=create"])?.json()?;
    assert_eq!(records["items"][0]["trace"], TRACE, "{records}");
    Ok(())
}
