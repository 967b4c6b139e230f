//! `strowger sample-app --port N --greeting TEXT`: a small real service, so that a demonstration needs nothing else.
//!
//! `GET /` greets in the name of its service, `GET /health` answers 204. It ends on SIGTERM, after the answers it is
//! giving.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Exit code where the arguments are wrong.
const USAGE: u8 = 2;
/// Most connections at once; more wait in the kernel.
const MOST: usize = 256;
/// A head that takes longer is not waited for.
const HEAD: Duration = Duration::from_secs(10);
/// Largest head, in octets.
const HEAD_OCTETS: usize = 16 << 10;
/// Answers may take so long when it is told to end.
const DRAIN: Duration = Duration::from_secs(5);
/// After a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

const HELP: &str = "\
usage: strowger sample-app [--port N] [--greeting TEXT] [--service NAME]

Serves HTTP on 127.0.0.1: GET / greets in the name of its service, GET /health answers 204. Port 0, the default, lets
the kernel choose; the address is printed.
";

/// Runs `strowger sample-app` with the arguments behind that word. To be called before the process has a runtime.
///
/// Exit codes: 0 it was told to end; 2 wrong arguments; 1 it cannot listen.
#[must_use]
pub fn main(args: &[OsString]) -> ExitCode {
    let options = match Options::read(args) {
        Ok(Some(options)) => options,
        Ok(None) => {
            say(HELP);
            return ExitCode::SUCCESS;
        }
        Err(why) => {
            complain(&format!("{why}\n{HELP}"));
            return ExitCode::from(USAGE);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve(options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error}\n"));
            ExitCode::FAILURE
        }
    }
}

/// What it is told.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    port: u16,
    greeting: String,
    service: String,
}

impl Options {
    /// `None`: help is wanted.
    fn read(args: &[OsString]) -> Result<Option<Self>, String> {
        let mut options = Self { port: 0, greeting: "hello".to_owned(), service: "sample-app".to_owned() };
        let mut words = args.iter().map(|word| word.to_str().ok_or("an argument is not UTF-8"));
        while let Some(word) = words.next() {
            let word = word?;
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"))?.map_err(String::from);
            match word {
                "--help" | "-h" => return Ok(None),
                "--port" => options.port = value()?.parse().map_err(|_| "--port wants a number from 0 to 65535")?,
                "--greeting" => value()?.clone_into(&mut options.greeting),
                "--service" => value()?.clone_into(&mut options.service),
                _ => return Err(format!("{word:?} is no option")),
            }
        }
        Ok(Some(options))
    }

    fn text(&self) -> String {
        format!("{} from {}\n", self.greeting, self.service)
    }
}

async fn serve(options: Options) -> io::Result<()> {
    let mut end = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    say(&format!("listening on http://{}/\n", listener.local_addr()?));
    let greeting = Arc::new(Bytes::from(options.text()));
    let (ending, ended) = watch::channel(false);
    let mut talks = JoinSet::new();
    loop {
        tokio::select! {
            connection = listener.accept(), if talks.len() < MOST => {
                match connection {
                    Ok((stream, _)) => drop(talks.spawn(talk(stream, Arc::clone(&greeting), ended.clone()))),
                    // It is one connection's, or there are no files left, which passes when others end.
                    Err(_) => drop(timeout(PAUSE, talks.join_next()).await),
                }
            }
            Some(_) = talks.join_next() => {}
            _ = end.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    drop(listener);
    ending.send_replace(true);
    let all = async { while talks.join_next().await.is_some() {} };
    let _the_rest_is_cut = timeout(DRAIN, all).await;
    say("ended\n");
    Ok(())
}

async fn talk(stream: TcpStream, greeting: Arc<Bytes>, mut ended: watch::Receiver<bool>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(request.method(), request.uri().path(), &greeting);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_OCTETS);
    let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _closed = connection.as_mut() => return,
        _ = ended.wait_for(|ended| *ended) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _closed = connection.await;
}

fn answer(method: &Method, path: &str, greeting: &Bytes) -> Response<Full<Bytes>> {
    let known = matches!(path, "/" | "/health");
    let (status, text) = match path {
        _ if !known => (StatusCode::NOT_FOUND, Bytes::from_static(b"there is / and /health\n")),
        _ if !matches!(*method, Method::GET | Method::HEAD) => (StatusCode::METHOD_NOT_ALLOWED, Bytes::new()),
        "/health" => (StatusCode::NO_CONTENT, Bytes::new()),
        _ => (StatusCode::OK, greeting.clone()),
    };
    let mut response = Response::new(Full::new(text));
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    if status != StatusCode::NO_CONTENT {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    response
}

fn say(text: &str) {
    let mut out = io::stdout();
    let _nobody_reads = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn complain(text: &str) {
    let _nobody_reads = io::stderr().write_all(format!("strowger sample-app: {text}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, String> {
        Options::read(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_and_mistakes_are_told() {
        let all = read(&["--port", "80", "--greeting", "hi there", "--service", "demo-1"]).unwrap().unwrap();
        assert_eq!((all.port, all.text().as_str()), (80, "hi there from demo-1\n"));
        assert_eq!(read(&["--port", "1", "-h"]), Ok(None));
        for bad in [&["--port"][..], &["--port", "65536"], &["--speed", "9"], &["x"]] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn two_paths_are_there_to_be_read() {
        let greeting = Bytes::from_static(b"hi");
        let status = |method: Method, path: &str| answer(&method, path, &greeting).status().as_u16();
        assert_eq!(status(Method::GET, "/"), 200);
        assert_eq!(status(Method::HEAD, "/health"), 204);
        assert_eq!(status(Method::POST, "/"), 405);
        assert_eq!(status(Method::GET, "/nothing"), 404);
    }
}
