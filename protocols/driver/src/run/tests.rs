//! A toy machine over a pipe, on paused time.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use strowger_primitive::{
    Answers, Claim, Deadline, Fault, Gate, Id, Operation, Origin, Outcome, Permit, RequestId, Stopper, Time, Trace,
    Transport,
};
use tokio::io::{AsyncReadExt as _, DuplexStream};
use tokio::sync::oneshot;

use super::*;

/// A world on tokio's clock, which tests pause.
#[derive(Clone, Copy)]
pub(crate) struct Virtual;

impl World for Virtual {
    fn now(&self) -> Now {
        Now { wall: Time(0), mono: tokio::time::Instant::now().into_std() }
    }
    #[expect(clippy::disallowed_methods, reason = "the timer of a world")]
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time))
    }
    fn random(&self, octets: &mut [u8]) {
        octets.fill(7);
    }
    #[expect(clippy::disallowed_methods, reason = "the tasks of a world")]
    fn spawn(&self, _name: &'static str, work: BoxFuture<'static, ()>) {
        drop(tokio::spawn(work));
    }
    fn spawn_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }
}

/// A gateway whose answers the test gives.
#[derive(Default)]
pub(crate) struct Toy {
    ends: Mutex<VecDeque<oneshot::Sender<Result<Outcome, Fault>>>>,
    asked: AtomicUsize,
    ended: Arc<AtomicUsize>,
    pub(crate) refuses: bool,
}

impl Toy {
    /// Waits until so many requests wait for an answer, and answers them.
    pub(crate) async fn answer(&self, count: usize) {
        while self.ends.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
        for end in self.ends.lock().unwrap().drain(..count) {
            drop(end.send(Ok(Outcome::Done)));
        }
    }

    /// Waits until the work of so many requests has ended.
    async fn ended(&self, count: usize) {
        while self.ended.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }
}

impl Gate for Toy {
    fn enter(&self, _class: Class, _source: &Peer) -> Result<Permit, Fault> {
        if self.refuses { Err(Fault::overloaded(Duration::from_secs(1), "later")) } else { Ok(Permit::default()) }
    }
}

impl Ask for Toy {
    fn ask(&self, request: Request) -> Answers {
        let (end, said) = oneshot::channel();
        self.ends.lock().unwrap().push_back(end);
        self.asked.fetch_add(1, Ordering::SeqCst);
        let ended = Arc::clone(&self.ended);
        Answers::lasting(request.id, Arc::new(Virtual), |progress| async move {
            progress.report("begun", 0, 1);
            let end = said.await.expect("the test answers");
            ended.fetch_add(1, Ordering::SeqCst);
            end
        })
    }
    fn new_id(&self, _: Now) -> RequestId {
        Id(5)
    }
    fn now(&self) -> Now {
        Virtual.now()
    }
}

/// Lines in: `echo WORD`, `big OCTETS`, `ask`, `wait` (ask, and take nothing until it is answered), `later`, `close`.
#[derive(Default)]
pub(crate) struct Lines {
    steps: VecDeque<Step>,
    peer: Option<Peer>,
    tickets: u64,
    waits: bool,
}

impl Lines {
    fn say(&mut self, text: &str) {
        self.steps.push_back(Step::Send(Flow(0), Bytes::copy_from_slice(text.as_bytes())));
    }

    fn ask(&mut self, now: Now) {
        let peer = self.peer.clone().unwrap();
        let request = Request {
            id: Id(0),
            trace: Trace::default(),
            origin: Origin { protocol: "toy", transport: peer.transport, peer },
            claim: Claim::Anonymous,
            tenant: None,
            key: None,
            deadline: Deadline(now.mono),
            patience: Duration::ZERO,
            unlike: None,
            permit: Permit::default(),
            operation: Operation::Prove,
        };
        self.tickets += 1;
        self.steps.push_back(Step::Ask(Ticket(self.tickets), Class::InDialog, Box::new(request)));
    }

    fn line(&mut self, now: Now, line: &str) {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("echo", word) => self.say(&format!("{word}\n")),
            ("big", octets) => self.say(&"x".repeat(octets.parse().unwrap())),
            ("ask", _) => self.ask(now),
            ("wait", _) => {
                self.waits = true;
                self.ask(now);
            }
            ("later", _) => self.steps.push_back(Step::WakeAt(now.mono + Duration::from_secs(5), "test")),
            ("close", _) => self.steps.push_back(Step::Close(Flow(0))),
            (other, _) => panic!("unknown line {other:?}"),
        }
    }
}

impl Machine for Lines {
    fn handle(&mut self, now: Now, input: Input<'_>) {
        match input {
            Input::Opened(_, peer) => self.peer = Some(peer.clone()),
            Input::Stream(_, octets) => {
                // One line a time: the driver must offer the rest again.
                let end = octets.iter().position(|b| *b == b'\n').filter(|_| !self.waits);
                if let Some(end) = end {
                    let line: BytesMut = octets.split_to(end + 1);
                    self.line(now, std::str::from_utf8(&line[..end]).unwrap());
                }
            }
            Input::Closed(_) => self.say("closed\n"),
            Input::Begun(ticket, id) => self.say(&format!("begun {} {}\n", ticket.0, id.0)),
            Input::Answer(ticket, Answer::Final(end)) => {
                self.waits = false;
                self.say(&format!("answer {} {}\n", ticket.0, end.is_ok()));
            }
            Input::Answer(ticket, Answer::Progress(line)) => {
                self.say(&format!("progress {} {}\n", ticket.0, line.text))
            }
            Input::Refused(ticket, fault) => self.say(&format!("refused {} {}\n", ticket.0, fault.code)),
            Input::Wake => self.say("woken\n"),
            Input::Stopping => {
                self.say("bye\n");
                self.steps.push_back(Step::Close(Flow(0)));
            }
        }
    }

    fn next(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }
}

pub(crate) fn peer() -> Peer {
    Peer { address: ([127, 0, 0, 1], 9).into(), listener: "toy".into(), transport: Transport::Tcp }
}

fn limits() -> Limits {
    Limits { unread: 4_096, unsent: 8_192, idle: 60, stall: 10, ..Limits::default() }
}

/// A machine running behind a pipe that holds so many octets.
fn start(pipe: usize, toy: Toy) -> (DuplexStream, Arc<Toy>, Stopper, tokio::task::JoinHandle<()>) {
    let (near, far) = tokio::io::duplex(pipe);
    let (stopper, stop) = Stop::new();
    let toy = Arc::new(toy);
    let gateway: Arc<dyn Ask> = Arc::<Toy>::clone(&toy);
    let line = Line { flow: Flow(0), peer: peer(), gateway, world: Arc::new(Virtual), stop, limits: limits() };
    #[expect(clippy::disallowed_methods, reason = "the task under test")]
    let task = tokio::spawn(run(Box::new(far), Box::new(Lines::default()), line));
    (near, toy, stopper, task)
}

async fn expect(near: &mut DuplexStream, text: &str) {
    let mut got = vec![0; text.len()];
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(String::from_utf8(got).unwrap(), text);
}

async fn rest(near: &mut DuplexStream) -> String {
    let mut got = String::new();
    near.read_to_string(&mut got).await.unwrap();
    got
}

#[tokio::test(start_paused = true)]
async fn a_request_is_begun_reported_and_answered() {
    let (mut near, toy, _stopper, _task) = start(1_024, Toy::default());
    near.write_all(b"ask\necho a\n").await.unwrap();
    expect(&mut near, "begun 1 5\na\nprogress 1 begun\n").await;
    toy.answer(1).await;
    expect(&mut near, "answer 1 true\n").await;
}

#[tokio::test(start_paused = true)]
async fn what_the_gate_refuses_is_not_asked() {
    let (mut near, toy, _stopper, _task) = start(1_024, Toy { refuses: true, ..Toy::default() });
    near.write_all(b"ask\n").await.unwrap();
    expect(&mut near, "refused 1 overloaded\n").await;
    assert_eq!(toy.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn octets_left_are_offered_again_behind_each_answer() {
    let (mut near, toy, _stopper, _task) = start(1_024, Toy::default());
    near.write_all(b"wait\nwait\necho end\n").await.unwrap();
    expect(&mut near, "begun 1 5\nprogress 1 begun\n").await;
    toy.answer(1).await;
    expect(&mut near, "answer 1 true\nbegun 2 5\nprogress 2 begun\n").await;
    toy.answer(1).await;
    expect(&mut near, "answer 2 true\nend\n").await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_ended_its_side_still_gets_its_answers() {
    let (mut near, toy, _stopper, task) = start(1_024, Toy::default());
    near.write_all(b"wait\necho a\nask\nhalf a line").await.unwrap();
    near.shutdown().await.unwrap();
    expect(&mut near, "begun 1 5\nprogress 1 begun\n").await;
    toy.answer(1).await;
    expect(&mut near, "answer 1 true\na\nbegun 2 5\nprogress 2 begun\n").await;
    toy.answer(1).await;
    assert_eq!(rest(&mut near).await, "answer 2 true\nclosed\n", "the machine is told last");
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_from_a_peer_that_does_not_read() {
    let (mut near, toy, _stopper, _task) = start(2_048, Toy::default());
    // The second answer does not fit the pipe, and what waits is over the limit then.
    near.write_all(b"big 2000\nbig 9000\necho never\nask\n").await.unwrap();
    let flood = async {
        let line = [b'x'; 1_024];
        loop {
            near.write_all(&line).await.unwrap();
        }
    };
    // The pipe to the machine fills up: 2 KiB in it and no more than the limit behind it.
    assert!(tokio::time::timeout(Duration::from_secs(5), flood).await.is_err());
    assert_eq!(toy.asked.load(Ordering::SeqCst), 0, "what came behind is not taken");
    let mut got = vec![0; 11_000];
    near.read_exact(&mut got).await.unwrap();
    expect(&mut near, "never\nbegun 1 5\n").await;
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_goes_on_while_the_peer_takes_nothing_and_when_it_is_gone() {
    let (mut near, toy, _stopper, task) = start(2_048, Toy::default());
    near.write_all(b"ask\nask\nbig 2000\nbig 9000\n").await.unwrap();
    toy.answer(1).await;
    toy.ended(1).await;
    drop(near);
    task.await.unwrap();
    toy.answer(1).await;
    toy.ended(2).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    let (mut near, _toy, _stopper, task) = start(64, Toy::default());
    near.write_all(b"big 9000\n").await.unwrap();
    let started = tokio::time::Instant::now();
    task.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), limits().stall);
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_and_one_that_waits_is_not() {
    let (mut near, toy, _stopper, task) = start(1_024, Toy::default());
    let started = tokio::time::Instant::now();
    near.write_all(b"ask\n").await.unwrap();
    expect(&mut near, "begun 1 5\nprogress 1 begun\n").await;
    assert!(tokio::time::timeout(Duration::from_secs(200), near.read_u8()).await.is_err(), "it waits for its answer");
    toy.answer(1).await;
    expect(&mut near, "answer 1 true\n").await;
    assert_eq!(rest(&mut near).await, "");
    task.await.unwrap();
    assert_eq!(started.elapsed().as_secs(), 200 + limits().idle);
}

#[tokio::test(start_paused = true)]
async fn a_machine_is_woken_when_it_said() {
    let (mut near, _toy, _stopper, _task) = start(1_024, Toy::default());
    let started = tokio::time::Instant::now();
    near.write_all(b"later\n").await.unwrap();
    expect(&mut near, "woken\n").await;
    assert_eq!(started.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_line_without_end_does_not_stay_for_ever() {
    let (mut near, _toy, _stopper, task) = start(1_024, Toy::default());
    // The toy takes whole lines only: a full buffer that it cannot take ends the connection.
    near.write_all(&[b'x'; 4_096]).await.unwrap();
    assert_eq!(rest(&mut near).await, "");
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_machine_ends_what_it_has_in_hand_when_told_to_stop() {
    let (mut near, _toy, stopper, task) = start(1_024, Toy::default());
    near.write_all(b"echo a\n").await.unwrap();
    expect(&mut near, "a\n").await;
    stopper.pull();
    assert_eq!(rest(&mut near).await, "bye\n");
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn octets_behind_a_close_do_not_cost_the_last_answer() {
    let (mut near, _toy, _stopper, task) = start(64, Toy::default());
    near.write_all(b"echo last\nclose\necho lost\n").await.unwrap();
    near.write_all(&[b'x'; 1_000]).await.unwrap();
    assert_eq!(rest(&mut near).await, "last\n");
    drop(near);
    task.await.unwrap();
}
