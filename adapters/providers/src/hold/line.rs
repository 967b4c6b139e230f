//! The hold's socket: one line asks, one line answers.
//!
//! | asked | answered |
//! |---|---|
//! | `status` | `running PID`, `stopping PID`, or `ended STATUS` |
//! | `watch` | `ended STATUS`, when it ends |
//! | `stop MILLISECONDS` | `ended STATUS`, when all is gone |

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Most who ask at once. The gateway needs two.
const MOST: usize = 64;
/// Longest question, in octets.
const LONGEST: u64 = 64;
/// A question takes no longer, and no longer do the last answers.
const PATIENCE: Duration = Duration::from_secs(2);
/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// What a connection needs to know.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) pid: i32,
    /// Its end was asked for.
    pub(super) stopping: watch::Receiver<bool>,
    /// How the program ended.
    pub(super) ended: watch::Receiver<Option<i32>>,
    /// Takes the grace of whoever wants it to end.
    pub(super) stops: mpsc::Sender<Duration>,
}

/// Answers until the program has ended and whoever asked knows.
pub(super) async fn answer(listener: UnixListener, line: Line) {
    let mut ended = line.ended.clone();
    let mut talks = JoinSet::new();
    while ended.borrow_and_update().is_none() {
        tokio::select! {
            connection = listener.accept(), if talks.len() < MOST => {
                match connection {
                    Ok((stream, _)) => drop(talks.spawn(talk(stream, line.clone()))),
                    // No files left: it passes when others end.
                    Err(_) => drop(timeout(PAUSE, ended.changed()).await),
                }
            }
            Some(_) = talks.join_next() => {}
            changed = ended.changed() => if changed.is_err() { return },
        }
    }
    let all = async { while talks.join_next().await.is_some() {} };
    let _they_see_it_on_disk = timeout(PATIENCE, all).await;
}

async fn talk(stream: UnixStream, mut line: Line) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut asked = String::new();
    timeout(PATIENCE, (&mut stream).take(LONGEST).read_line(&mut asked)).await??;
    let mut words = asked.split_whitespace();
    let answer = match (words.next(), words.next().map(str::parse), words.next()) {
        (Some("status"), None, None) => {
            let state = if *line.stopping.borrow() { "stopping" } else { "running" };
            let ended = *line.ended.borrow();
            ended.map_or_else(|| format!("{state} {}\n", line.pid), |status| format!("ended {status}\n"))
        }
        (Some("watch"), None, None) => end(&mut line, &mut stream).await?,
        (Some("stop"), Some(Ok(grace)), None) => {
            // A full queue means that it is being stopped.
            let _being_stopped = line.stops.try_send(Duration::from_millis(grace));
            end(&mut line, &mut stream).await?
        }
        _ => "what? say: status, watch or stop MILLISECONDS\n".to_owned(),
    };
    stream.write_all(answer.as_bytes()).await
}

/// Waits for the program's end, or for the asker to go away.
async fn end(line: &mut Line, stream: &mut BufReader<UnixStream>) -> io::Result<String> {
    let mut more = [0; 1];
    tokio::select! {
        ended = line.ended.wait_for(Option::is_some) => {
            let status = ended.ok().and_then(|ended| *ended).ok_or(io::ErrorKind::BrokenPipe)?;
            Ok(format!("ended {status}\n"))
        }
        _ = stream.read(&mut more) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
