//! Our own API: a request's path, header fields and body become one [`Request`], its outcome one response.

mod body;
mod call;
mod claim;
pub(crate) mod conditional;
mod key;
mod list;
mod media;
mod origin;
mod params;
mod prefer;
mod reply;
mod route;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use hyper::body::Body as _;
use hyper::header::{HeaderMap, HeaderName};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use strowger_primitive::{
    Claim, Class, Deadline, Fields, Now, Operation, Origin, Outcome, Permit, Request, RequestId, Revision, Trace,
};

use crate::body::receive;
use crate::connection::Line;
use crate::problem::{Problem, Reply};
use crate::respond::Arrived;
use call::Call;
use conditional::Conditions;
use list::Asked;
use media::Form;
use prefer::Preferences;

/// W3C Trace Context §3.2.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Answers a request of our own API.
pub(crate) async fn answer(line: &Line, arrived: Arrived<'_>) -> Result<Reply, Problem> {
    let Arrived { id, now, head, body } = arrived;
    let place = route::find(&line.web.schema, head.uri.path())?;
    if head.method == Method::OPTIONS {
        return Ok(place.options());
    }
    let call = place.call(&head.method)?;
    if call.class() != Class::List {
        origin::check(head, &line.web.options.origins)?;
    }
    // Before anything else of the request is looked at, and before its body is read.
    let permit = enter(line, &call).await?;
    let wish = Wish::read(&call, head, body.is_end_stream())?;
    let claim = claim::of(&head.headers)?;
    let asks = |now, claim, operation| request_of(line, id, now, &head.headers, claim, operation);
    if wish.form != Form::None && matches!(claim, Claim::Anonymous) {
        // Who shows nothing is told so without his body being read.
        ask(line, asks(now, claim.clone(), Operation::Prove), &call).await?;
    }
    let (mut permit, mut received, mut begun) = (permit, None, now);
    if wish.form != Form::None {
        let mut receiving = pin!(receive(body, &line.web.options, &line.web.room));
        received = Some(match poll_fn(|cx| Poll::Ready(receiving.as_mut().poll(cx))).await {
            Poll::Ready(received) => received?,
            Poll::Pending => {
                // Who sends slowly is proven first, and is in nobody's way meanwhile.
                drop(permit);
                ask(line, asks(now, claim.clone(), Operation::Prove), &call).await?;
                let received = receiving.await?;
                permit = enter(line, &call).await?;
                // The time that its work has does not begin while it is still coming.
                begun = line.gateway.now();
                received
            }
        });
    }
    let answered = {
        let octets = received.as_ref().map_or(&[][..], |received| received.octets());
        let mut asked = asks(begun, claim, operation(&call, &wish, octets)?);
        asked.key = key::of(&call, head, octets)?;
        asked.permit = permit;
        wish.put(line, &call, &mut asked);
        ask(line, asked, &call)
    };
    drop(received);
    let outcome = answered.await.map_err(|problem| {
        // RFC 9110 §15.5.6: who is told that a method is not allowed is told which are.
        if problem.status() == StatusCode::METHOD_NOT_ALLOWED { place.allow(problem, &head.method) } else { problem }
    })?;
    reply::of(outcome, &call, &head.uri, &wish, line.web.options.wait)
}

/// Waits at the gate.
async fn enter(line: &Line, call: &Call) -> Result<Permit, Problem> {
    let refused = |fault| Problem::of(&fault, &[]);
    let mut permit = line.gateway.enter(call.class(), &line.peer).map_err(refused)?;
    permit.granted().await.map_err(refused)?;
    Ok(permit)
}

/// What the head asks for, beside its path and method.
struct Wish {
    asked: Asked,
    form: Form,
    preferences: Preferences,
    conditions: Conditions,
}

impl Wish {
    fn read(call: &Call, head: &Parts, empty: bool) -> Result<Self, Problem> {
        media::answer_is_acceptable(&head.headers)?;
        Ok(Self {
            asked: Asked::read(call, head.uri.query())?,
            form: media::of_body(call, &head.headers, empty)?,
            preferences: Preferences::of(&head.headers),
            conditions: Conditions::of(call, &head.headers)?,
        })
    }

    /// The revision a read waits to be replaced: only who names the one he has can wait for another.
    fn unlike(&self, call: &Call) -> Option<Revision> {
        self.conditions.held(call).filter(|_| self.preferences.wait.is_some())
    }

    /// How long the caller would wait; `None` where waiting means nothing.
    fn wait(&self, call: &Call, most: u64) -> Option<u64> {
        let means = match call {
            Call::List(_) => false,
            Call::Read(_) => self.unlike(call).is_some(),
            Call::Create(_) | Call::Update(_) | Call::Delete(_) | Call::Invoke(..) => true,
        };
        self.preferences.wait.filter(|_| means).map(|wait| wait.min(most))
    }

    fn put(&self, line: &Line, call: &Call, request: &mut Request) {
        let patience = Duration::from_secs(self.wait(call, line.web.options.wait).unwrap_or(0));
        request.tenant.clone_from(&self.asked.tenant);
        request.unlike = self.unlike(call);
        request.patience = patience;
        request.deadline = Deadline(request.deadline.0 + patience);
    }
}

fn operation(call: &Call, wish: &Wish, octets: &[u8]) -> Result<Operation, Problem> {
    let only = wish.conditions.only(call)?;
    Ok(match call {
        Call::List(_) => Operation::List(wish.asked.query.clone()),
        Call::Create(kind) => Operation::Create(body::create(kind, octets)?),
        Call::Read(target) => Operation::Read(target.clone()),
        Call::Update(target) => Operation::Update(target.clone(), only, body::patch(target.kind, octets, wish.form)?),
        Call::Delete(target) => Operation::Delete(target.clone(), only),
        Call::Invoke(target, action) => {
            let input = if octets.is_empty() { Fields::default() } else { body::input(action, octets)? };
            Operation::Invoke(target.clone(), action, input)
        }
    })
}

fn request_of(
    line: &Line,
    id: RequestId,
    now: Now,
    headers: &HeaderMap,
    claim: Claim,
    operation: Operation,
) -> Request {
    let trace = headers.get(TRACEPARENT).and_then(|header| Trace::parse(header.to_str().ok()?));
    Request {
        id,
        trace: trace.unwrap_or_default(),
        origin: Origin { protocol: "http", peer: line.peer.clone(), transport: line.peer.transport },
        claim,
        tenant: None,
        key: None,
        deadline: Deadline(now.mono + Duration::from_secs(line.web.options.deadline)),
        patience: Duration::ZERO,
        unlike: None,
        permit: Permit::default(),
        operation,
    }
}

/// Asks; what is waited for borrows nothing of the request.
fn ask(line: &Line, request: Request, call: &Call) -> impl Future<Output = Result<Outcome, Problem>> {
    let answers = line.gateway.ask(request);
    let fields = call.fields();
    async move { answers.last().await.map_err(|fault| Problem::of(&fault, fields)) }
}
