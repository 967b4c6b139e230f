//! Sessions on the real driver, over sockets.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strowger_driver::{Door, Limits, System, bind};
use strowger_primitive::{
    Answers, Ask, Class, Fault, Gate, Id, Now, Operation, Outcome, Peer, Permit, Request, RequestId, Stop, Stopper,
    World as _,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::line::{created, order, page, session};
use crate::{Mml, Options};

/// Pages of every list.
const PAGES: usize = 50;

/// A gateway that knows an answer to everything.
#[derive(Default)]
struct Gateway {
    asked: AtomicUsize,
    ids: AtomicUsize,
    shut: AtomicBool,
    cancelled: Mutex<Vec<RequestId>>,
}

impl Gate for Gateway {
    fn enter(&self, class: Class, _: &Peer) -> Result<Permit, Fault> {
        if class == Class::New && self.shut.load(Ordering::Relaxed) {
            return Err(Fault::overloaded(Duration::from_secs(3), "too much is asked"));
        }
        Ok(Permit::default())
    }
}

impl Ask for Gateway {
    fn ask(&self, request: Request) -> Answers {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let end = match request.operation {
            Operation::Prove => Ok(Outcome::Session(session())),
            Operation::List(query) => {
                let at = query.cursor.map_or(0, |c| c.0.parse::<usize>().unwrap_or(PAGES));
                let next = (at + 1 < PAGES).then(|| (at + 1).to_string());
                Ok(page(&["a"; 100], next.as_deref()))
            }
            Operation::Create(_) => {
                return Answers::lasting(request.id, Arc::new(System), |progress| async move {
                    progress.report("begun", 1, 2);
                    Ok(created("a"))
                });
            }
            Operation::Cancel(id) => {
                self.cancelled.lock().expect("no test panics with it").push(id);
                Ok(Outcome::Done)
            }
            Operation::Invoke(..) => return Answers::lazy(request.id, Box::pin(std::future::pending())),
            Operation::Read(_) | Operation::Update(..) | Operation::Delete(..) => Ok(order("a")),
        };
        Answers::lazy(request.id, Box::pin(async move { end }))
    }

    fn new_id(&self, _: Now) -> RequestId {
        Id(self.ids.fetch_add(1, Ordering::Relaxed) as u128)
    }

    fn now(&self) -> Now {
        System.now()
    }
}

async fn served(gateway: &Arc<Gateway>) -> (TcpStream, Stopper) {
    let limits = Limits { unsent: 16 * 1_024, ..Limits::default() };
    let address = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    let options =
        strowger_driver::Options { name: "mml".to_owned(), protocol: "mml".to_owned(), address, limits, tls: None };
    let bound = bind(&options).expect("a free port");
    let address = bound.local_addr();
    let mml = Mml::new(strowger_kinds::all(), Options::default());
    let door = Door::Machine(Arc::new(move || mml.session()));
    let (stopper, stop) = Stop::new();
    let gateway: Arc<dyn Ask> = Arc::clone(gateway) as _;
    System.spawn("mml", Box::pin(bound.serve(door, gateway, Arc::new(System), stop)));
    (TcpStream::connect(address).await.expect("it listens"), stopper)
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut said = String::new();
    stream.read_to_string(&mut said).await.expect("UTF-8");
    said
}

/// Reads until `text` was said.
async fn until(stream: &mut TcpStream, text: &str) -> String {
    let mut said = Vec::new();
    let mut space = [0; 4_096];
    loop {
        let read = stream.read(&mut space).await.expect("a connection");
        assert!(read > 0, "closed before {text:?}: {}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&space[..read]);
        let whole = String::from_utf8_lossy(&said);
        if whole.contains(text) {
            return whole.into_owned();
        }
    }
}

#[tokio::test]
async fn a_file_piped_by_nc_is_performed_to_its_end() {
    let gateway = Arc::new(Gateway::default());
    let (mut stream, _stopper) = served(&gateway).await;
    let file = format!(
        "{}\nLST ORDER:;\nADD ORDER: NAME=a, OFFER=b, WAIT=5;\n{}LST ORDER: LIMIT=1;",
        super::LOG_IN,
        "DSP ORDER: NAME=a;\n".repeat(500)
    );
    let (mut reader, mut writer) = stream.split();
    let write = async {
        writer.write_all(file.as_bytes()).await.expect("it is taken");
        writer.shutdown().await.expect("it ends");
    };
    let mut said = String::new();
    let (_, read) = tokio::join!(write, reader.read_to_string(&mut said));
    read.expect("UTF-8");
    assert!(said.contains("(Number of results = 5000)") && said.contains("50 reports in total"));
    assert_eq!(said.matches("%%DSP ORDER: NAME=a;%%").count(), 500);
    assert!(said.contains("%%LST ORDER: LIMIT=1;%%"), "the last command too");
    assert_eq!(gateway.asked.load(Ordering::Relaxed), 1 + PAGES + 1 + 500 + 1);
}

#[tokio::test]
async fn a_refusal_holds_nothing_up() {
    let gateway = Arc::new(Gateway::default());
    let (mut stream, _stopper) = served(&gateway).await;
    stream.write_all(super::LOG_IN.as_bytes()).await.expect("it is taken");
    until(&mut stream, "END").await;
    gateway.shut.store(true, Ordering::Relaxed);
    stream.write_all(b"RMV SERVICE: NAME=a").await.expect("it is taken");
    tokio::task::yield_now().await;
    stream.write_all(b";RMV SERVICE: NAME=b;LGO:;").await.expect("it is taken");
    let said = rest(&mut stream).await;
    assert_eq!(said.matches("RETCODE = 1503  too much is asked; ask again in 3 s").count(), 2);
    assert!(said.contains("%%LGO:;%%"));
}

#[tokio::test]
async fn ctrl_c_reaches_the_command_in_hand() {
    let gateway = Arc::new(Gateway::default());
    let (mut stream, _stopper) = served(&gateway).await;
    stream.write_all(super::LOG_IN.as_bytes()).await.expect("it is taken");
    until(&mut stream, "END").await;
    stream.write_all(b"CANCEL ORDER: NAME=a; STP COMMAND:;").await.expect("it is taken");
    until(&mut stream, "%%STP COMMAND:;%%").await;
    assert_eq!(gateway.cancelled.lock().expect("no test panics with it").len(), 1);
}

#[tokio::test]
async fn the_gateway_stops_while_nobody_speaks() {
    let gateway = Arc::new(Gateway::default());
    let (mut stream, stopper) = served(&gateway).await;
    stream.write_all(b"HLP LGO;").await.expect("it is taken");
    until(&mut stream, "END").await;
    stopper.pull();
    assert!(rest(&mut stream).await.contains("the gateway stops; goodbye"));
}
