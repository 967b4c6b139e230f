//! The door over a pipe and over sockets, before a gateway whose answers the tests script.

mod calls;
mod headers;
mod limits;
mod sockets;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strowger_driver::System;
use strowger_kinds::{order, service};
use strowger_primitive::{
    Answers, Ask, Challenge, Claim, Class, Document, Fault, FaultKind, Gate, Id, KindDecl, Now, Operation, Outcome,
    Page, Payload, Peer, Permit, Request, RequestId, Shown, Stop, Stopper, Talk, Time, Transport, Value, common,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::{Health, Options, Part, Web};

/// `alice:secret`.
pub(super) const ALICE: &str = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";

type End = Result<Outcome, Fault>;

/// A gateway that knows alice, keeps what it is asked, and answers as it is told.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) asked: Mutex<Vec<Request>>,
    script: Mutex<VecDeque<End>>,
    pub(super) full: AtomicBool,
    classes: Mutex<Vec<Class>>,
    leaves: Leaves,
    hold: Mutex<Vec<tokio::sync::oneshot::Sender<End>>>,
    pub(super) holds: AtomicBool,
}

/// What the gate of a desk has to give.
struct Leaves(Arc<Semaphore>);

impl Leaves {
    const ALL: usize = 64;
}

impl Default for Leaves {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(Self::ALL)))
    }
}

impl Desk {
    /// How many leaves of its gate are out.
    fn out(&self) -> usize {
        Leaves::ALL - self.leaves.0.available_permits()
    }

    /// What it answers next, instead of what is usual.
    pub(super) fn say(&self, end: End) {
        self.script.lock().unwrap().push_back(end);
    }

    /// The only request so far.
    pub(super) fn only(&self) -> Request {
        let mut asked = self.asked.lock().unwrap();
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked.remove(0)
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// Answers the request that waits.
    pub(super) async fn release(&self, end: End) {
        loop {
            if let Some(held) = self.hold.lock().unwrap().pop() {
                drop(held.send(end));
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Gate for Desk {
    fn enter(&self, class: Class, _source: &Peer) -> Result<Permit, Fault> {
        self.classes.lock().unwrap().push(class);
        if self.full.load(Ordering::SeqCst) {
            return Err(Fault::overloaded(Duration::from_millis(1_500), "too many requests are in hand"));
        }
        Ok(Arc::clone(&self.leaves.0).try_acquire_owned().unwrap().into())
    }
}

impl Ask for Desk {
    fn ask(&self, request: Request) -> Answers {
        let id = request.id;
        let end = match &request.claim {
            Claim::Password { principal, secret } if &**principal == "alice" && secret.expose() == "secret" => {
                self.script.lock().unwrap().pop_front().unwrap_or_else(|| Ok(usual(&request.operation)))
            }
            Claim::Anonymous | Claim::Password { .. } | Claim::Session(_) => {
                let challenge = Some(Challenge { realm: "acme".into() });
                Err(Fault {
                    challenge,
                    ..Fault::new(FaultKind::Unauthenticated, "unauthenticated", "show who you are")
                })
            }
        };
        self.asked.lock().unwrap().push(request);
        if self.holds.load(Ordering::SeqCst) {
            let (sender, said) = tokio::sync::oneshot::channel();
            self.hold.lock().unwrap().push(sender);
            return Answers::lasting(id, Arc::new(System), |progress| async move {
                progress.report("begun", 1, 3);
                said.await.expect("the test answers")
            });
        }
        Answers::lazy(id, Box::pin(async move { end }))
    }

    fn new_id(&self, _: Now) -> RequestId {
        Id(0xABCD)
    }

    fn now(&self) -> Now {
        Now { wall: Time(0), mono: tokio::time::Instant::now().into_std() }
    }
}

fn usual(operation: &Operation) -> Outcome {
    match operation {
        Operation::Create(document) => Outcome::Created(shown(document.kind, 7)),
        Operation::Read(target) => Outcome::Document(shown(target.kind, 7)),
        Operation::Update(target, ..) => Outcome::Document(shown(target.kind, 8)),
        Operation::List(query) => Outcome::Page(Page {
            kind: query.kind,
            documents: vec![shown(query.kind, 7).document],
            hidden: [].into(),
            next: None,
        }),
        Operation::Invoke(_, action, input) => Outcome::Reply(Payload { action, fields: input.clone() }),
        Operation::Delete(..) | Operation::Cancel(_) | Operation::Prove => Outcome::Done,
    }
}

/// A thing of that kind named demo-1.
pub(super) fn shown(kind: &'static KindDecl, revision: u64) -> Shown {
    let mut document = Document::new(kind);
    document.fields.set_text(&common::ID, Id(1).to_string());
    document.fields.set_text(&common::NAME, "demo-1");
    document.fields.set(&common::REVISION, Value::Uint(revision));
    if kind.number == service::DECL.number {
        document.fields.set(&service::STATE, Value::Enum(service::ACTIVE));
        document.fields.set_text(&service::ENDPOINT, "http://127.0.0.1:41234/");
    }
    if kind.number == order::DECL.number {
        document.fields.set(&order::STATE, Value::Enum(order::IN_PROGRESS));
    }
    Shown { document: Arc::new(document), hidden: [].into() }
}

/// A peer of the door.
pub(super) struct Client {
    pub(super) io: DuplexStream,
    pub(super) desk: Arc<Desk>,
    pub(super) stopper: Stopper,
    pub(super) task: JoinHandle<()>,
}

pub(super) fn web(options: Options, up: bool) -> Arc<Web> {
    let health = move || Health {
        parts: vec![Part { name: "store".into(), up, detail: if up { "".into() } else { "disk \"full\"".into() } }],
    };
    Web::new(strowger_kinds::all(), options, Arc::new(health))
}

pub(super) fn connect(web: Arc<Web>) -> Client {
    connect_to(web, Arc::new(Desk::default()))
}

pub(super) fn connect_to(web: Arc<Web>, desk: Arc<Desk>) -> Client {
    let (io, far) = tokio::io::duplex(64 * 1_024);
    let (stopper, stop) = Stop::new();
    let peer = Peer { address: ([127, 0, 0, 1], 5).into(), listener: "http".into(), transport: Transport::Tcp };
    let gateway: Arc<dyn Ask> = Arc::<Desk>::clone(&desk);
    #[expect(clippy::disallowed_methods, reason = "the task under test")]
    let task = tokio::spawn(web.talk(Box::new(far), peer, gateway, stop));
    Client { io, desk, stopper, task }
}

/// One response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    head: String,
    pub(super) body: String,
}

impl Response {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (said, value) = line.split_once(':')?;
            said.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of a problem, with what every problem has checked.
    pub(super) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        let code = problem["code"].as_str().unwrap().to_owned();
        assert_eq!(problem["type"], format!("/faults/{code}"));
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["requestId"], self.header("x-request-id").unwrap());
        assert!(!problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty());
        code
    }
}

impl Client {
    pub(super) async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.io.write_all(octets.as_ref()).await.unwrap();
    }

    /// The next response; `None` where the connection ends without one.
    pub(super) async fn receive(&mut self, bodyless: bool) -> Option<Response> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match self.io.read_u8().await {
                Ok(octet) => head.push(octet),
                Err(_) => {
                    assert!(head.is_empty(), "half a head: {}", String::from_utf8_lossy(&head));
                    return None;
                }
            }
        }
        let head = String::from_utf8(head).unwrap();
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut response = Response { status, head, body: String::new() };
        let length = response.header("content-length").map_or(0, |length| length.parse().unwrap());
        if !bodyless && status >= 200 && status != 204 && status != 304 {
            let mut body = vec![0; length];
            self.io.read_exact(&mut body).await.unwrap();
            response.body = String::from_utf8(body).unwrap();
        }
        Some(response)
    }

    /// Sends a request of alice and takes its response.
    pub(super) async fn call(&mut self, line: &str, headers: &str, body: &str) -> Response {
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        self.send(format!("{line} HTTP/1.1\r\nHost: gw\r\n{ALICE}{headers}{length}\r\n{body}")).await;
        let response = self.receive(line.starts_with("HEAD")).await.unwrap();
        assert!(response.header("x-request-id").is_some(), "{response:?}");
        response
    }

    /// Sends raw octets and takes one response.
    pub(super) async fn raw(&mut self, octets: impl AsRef<[u8]>) -> Option<Response> {
        self.send(octets).await;
        self.receive(false).await
    }

    /// Whether the door ended the connection.
    pub(super) async fn ended(mut self) -> bool {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(5), self.io.read_to_end(&mut rest)).await;
        end.is_ok() && rest.is_empty()
    }
}

pub(super) fn client() -> Client {
    connect(web(Options::default(), true))
}

pub(super) const JSON: &str = "Content-Type: application/json\r\n";
