//! Many clients at once, on one thread: each asks, waits for its answer, and asks again, as fast as it can or as the
//! pace says.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::statistics::quantile;
use crate::clock;
use crate::gateway::{SECRET, USER};
use crate::http::Reply;
use crate::mml::Report;

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked, where.
#[derive(Clone)]
pub(crate) struct Herd {
    pub(crate) address: SocketAddr,
    pub(crate) door: Door,
    pub(crate) clients: usize,
    /// Makes the request of that number.
    pub(crate) ask: Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>,
    /// The first number.
    pub(crate) from: u64,
    /// Requests a second, of all together; none: as many as go.
    pub(crate) pace: Option<f64>,
    pub(crate) time: Duration,
    /// No more than so many.
    pub(crate) most: u64,
}

/// Which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Http,
    Mml,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: u64,
    pub(crate) refused: u64,
    /// Refusals that did not say when to come back, where the door can.
    pub(crate) bare: u64,
    /// Anything else: other answers, broken connections.
    pub(crate) failed: u64,
    /// What the first failure said.
    pub(crate) why: Option<String>,
    pub(crate) took: Duration,
    /// The numbers of what was done.
    pub(crate) numbers: Vec<u64>,
    /// From when it was due, where there is a pace: what waits for a free client waits for the gateway.
    done_after: Vec<Duration>,
    refused_after: Vec<Duration>,
    /// How long behind its moment each was sent.
    late: Vec<Duration>,
}

/// One answer.
enum End {
    Done,
    Refused { bare: bool },
    Failed(String),
}

impl Herd {
    /// Runs it until its time is over and every answer is there.
    pub(crate) fn run(&self) -> Result<Tally> {
        runtime()?.block_on(Self::all(std::slice::from_ref(self)))
    }

    /// Runs several beside each other: all are connected before any asks. Their thread never sleeps, and needs a core
    /// of its own: to wake it for each answer would be at the gateway's cost.
    pub(crate) fn run_together(herds: &[Self]) -> Result<Tally> {
        runtime()?.block_on(async {
            let mut awake = JoinSet::new();
            awake.spawn(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
            Self::all(herds).await
        })
    }

    async fn all(herds: &[Self]) -> Result<Tally> {
        let mut lines = Vec::new();
        for herd in herds {
            let count = Arc::new(AtomicU64::new(0));
            for _ in 0..herd.clients {
                lines.push((herd, Line::open(herd.address, herd.door).await?, Arc::clone(&count)));
            }
        }
        let begun = clock::now();
        let mut tasks = JoinSet::new();
        for (herd, line, count) in lines {
            tasks.spawn(client(herd.clone(), line, count, begun));
        }
        let mut whole = Tally::default();
        while let Some(tally) = tasks.join_next().await {
            whole.add(tally?);
        }
        whole.took = clock::now().duration_since(begun);
        Ok(whole)
    }
}

/// One thread.
fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

async fn client(herd: Herd, mut line: Line, count: Arc<AtomicU64>, begun: Instant) -> Tally {
    let mut tally = Tally::default();
    let end = begun + herd.time;
    loop {
        let no = count.fetch_add(1, Ordering::Relaxed);
        // Precision beyond 2^53 requests is not needed.
        let due = herd.pace.map(|pace| begun + Duration::from_secs_f64(no as f64 / pace));
        if let Some(due) = due {
            if due >= end {
                return tally;
            }
            tokio::time::sleep_until(due.into()).await;
        }
        let asked = clock::now();
        if asked >= end || no >= herd.most {
            return tally;
        }
        let due = due.unwrap_or(asked);
        tally.late.push(asked.duration_since(due));
        let request = (herd.ask)(herd.from + no);
        let answer =
            tokio::time::timeout(PATIENCE, line.ask(&request)).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()));
        let took = clock::now().duration_since(due);
        match answer {
            Ok(End::Done) => {
                tally.done += 1;
                tally.numbers.push(herd.from + no);
                tally.done_after.push(took);
            }
            Ok(End::Refused { bare }) => {
                tally.refused += 1;
                tally.bare += u64::from(bare);
                tally.refused_after.push(took);
            }
            Ok(End::Failed(why)) => {
                tally.failed += 1;
                tally.why.get_or_insert(why);
            }
            Err(error) => {
                tally.failed += 1;
                tally.why.get_or_insert(error.to_string());
                match Line::open(herd.address, herd.door).await {
                    Ok(fresh) => line = fresh,
                    Err(_) => return tally,
                }
            }
        }
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.refused += other.refused;
        self.bare += other.bare;
        self.failed += other.failed;
        self.why = self.why.take().or(other.why);
        self.numbers.extend(other.numbers);
        self.done_after.extend(other.done_after);
        self.refused_after.extend(other.refused_after);
        self.late.extend(other.late);
    }

    /// What was done, a second.
    pub(crate) fn rate(&self) -> f64 {
        self.done as f64 / self.took.as_secs_f64()
    }

    pub(crate) fn asked(&self) -> u64 {
        self.done + self.refused + self.failed
    }

    pub(crate) fn done_within(&mut self, thousandths: usize) -> Duration {
        quantile(&mut self.done_after, thousandths)
    }

    pub(crate) fn refused_within(&mut self, thousandths: usize) -> Duration {
        quantile(&mut self.refused_after, thousandths)
    }

    pub(crate) fn late_within(&mut self, thousandths: usize) -> Duration {
        quantile(&mut self.late, thousandths)
    }
}

/// One connection.
struct Line {
    stream: TcpStream,
    door: Door,
    octets: Vec<u8>,
}

impl Line {
    async fn open(address: SocketAddr, door: Door) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut line = Self { stream, door, octets: Vec::with_capacity(4_096) };
        if door == Door::Mml {
            let log_in = format!("LGI: OP=\"{USER}\", PWD=\"{SECRET}\";");
            if !matches!(line.ask(log_in.as_bytes()).await?, End::Done) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
        }
        Ok(line)
    }

    async fn ask(&mut self, request: &[u8]) -> io::Result<End> {
        self.stream.write_all(request).await?;
        self.octets.clear();
        loop {
            if self.stream.read_buf(&mut self.octets).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let read = match self.door {
                Door::Http => Reply::read(&mut self.octets.as_slice()).map(|reply| of_reply(&reply)),
                Door::Mml => Report::read(&mut self.octets.as_slice()).map(|report| of_report(&report)),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                Ok(_) | Err(_) => return read,
            }
        }
    }
}

fn of_reply(reply: &Reply) -> End {
    match reply.status {
        200..300 => End::Done,
        429 | 503 => End::Refused { bare: reply.header("retry-after").is_none() },
        status => End::Failed(format!("{status} {}", String::from_utf8_lossy(&reply.body))),
    }
}

fn of_report(report: &Report) -> End {
    match (report.code, report.field("FAULT")) {
        (0, _) => End::Done,
        (_, Some("overloaded" | "rate-limited")) => End::Refused { bare: !report.text.contains("RETRY") },
        (_, _) => End::Failed(report.text.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    /// A server of so many connections that answers each request at once.
    fn server(connections: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().take(connections) {
                std::thread::spawn(move || answer(stream.unwrap()));
            }
        });
        address
    }

    fn answer(stream: std::net::TcpStream) {
        let mut out = stream.try_clone().unwrap();
        for line in BufReader::new(stream).lines() {
            if line.is_ok_and(|line| line.is_empty()) {
                out.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            }
        }
    }

    #[test]
    fn the_pace_is_kept_to_the_end() {
        let herd = Herd {
            address: server(8),
            door: Door::Http,
            clients: 8,
            ask: Arc::new(|_| b"GET / HTTP/1.1\r\n\r\n".to_vec()),
            from: 500,
            pace: Some(100.0),
            time: Duration::from_millis(300),
            most: u64::MAX,
        };
        let mut tally = herd.run().unwrap();
        assert_eq!((tally.refused, tally.failed), (0, 0), "{:?}", tally.why);
        assert!(tally.done > 0 && tally.done <= 30, "{} of the 30 that were due", tally.done);
        tally.numbers.sort_unstable();
        assert!(tally.numbers.iter().all(|no| (500..530).contains(no)), "{:?}", tally.numbers);
        assert!(tally.late_within(1_000) <= tally.done_within(1_000), "what is sent late is answered late");
    }
}
