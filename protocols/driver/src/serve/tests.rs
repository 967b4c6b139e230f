//! Listeners on real loopback sockets.

use std::net::SocketAddr;
use std::path::Path;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use strowger_primitive::Stopper;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

use super::*;
use crate::run::tests::{Lines, Toy};
use crate::{Options, Reload, System, Tls, bind};

/// Says the peer's word back in capitals, to the end; when told to stop, says so.
struct Shout;

impl Talk for Shout {
    fn talk(self: Arc<Self>, mut io: BoxedIo, _: Peer, _: Arc<dyn Ask>, mut stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut word = [0; 64];
            loop {
                tokio::select! {
                    read = io.read(&mut word) => match read {
                        Ok(0) | Err(_) => return,
                        Ok(n) => io.write_all(&word[..n].to_ascii_uppercase()).await.unwrap(),
                    },
                    () = stop.wait() => {
                        io.write_all(b"bye").await.unwrap();
                        io.shutdown().await.unwrap();
                        return;
                    }
                }
            }
        })
    }
}

/// Serves to its end whatever it is told.
struct Deaf;

impl Talk for Deaf {
    fn talk(self: Arc<Self>, io: BoxedIo, _: Peer, _: Arc<dyn Ask>, _: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(io);
        })
    }
}

struct Served {
    address: SocketAddr,
    reload: Option<Reload>,
    stopper: Stopper,
    task: JoinHandle<()>,
}

fn serve(options: &Options, door: Door) -> Served {
    let bound = bind(options).unwrap();
    let (stopper, stop) = Stop::new();
    let (address, reload) = (bound.local_addr(), bound.reload());
    #[expect(clippy::disallowed_methods, reason = "the task under test")]
    let task = tokio::spawn(bound.serve(door, Arc::new(Toy::default()), Arc::new(System), stop));
    Served { address, reload, stopper, task }
}

fn options(limits: Limits) -> Options {
    Options { address: ([127, 0, 0, 1], 0).into(), limits, ..Options::default() }
}

fn machine() -> Door {
    Door::Machine(Arc::new(|| Box::new(Lines::default())))
}

async fn said(stream: &mut (impl tokio::io::AsyncRead + Unpin), text: &str) {
    let mut got = vec![0; text.len()];
    stream.read_exact(&mut got).await.unwrap();
    assert_eq!(String::from_utf8(got).unwrap(), text);
}

#[tokio::test]
async fn an_address_that_is_taken_is_told_before_anything_is_served() {
    let first = bind(&options(Limits::default())).unwrap();
    let error = bind(&Options { address: first.local_addr(), ..options(Limits::default()) }).unwrap_err();
    assert_eq!(error.to_string(), format!("listener http cannot listen on {}", first.local_addr()));
}

#[tokio::test]
async fn connections_are_counted_and_each_is_served() {
    let served = serve(&options(Limits { connections: 2, ..Limits::default() }), machine());
    let connect = || TcpStream::connect(served.address);
    let (mut one, mut two) = (connect().await.unwrap(), connect().await.unwrap());
    for stream in [&mut one, &mut two] {
        stream.write_all(b"echo a\n").await.unwrap();
        said(stream, "a\n").await;
    }
    let mut three = connect().await.unwrap();
    assert!(matches!(three.read(&mut [0]).await, Ok(0) | Err(_)), "there is no third seat");
    drop(one);
    // The seat is free as soon as the server has seen the end.
    let again = async {
        loop {
            let mut four = connect().await.unwrap();
            if four.write_all(b"echo b\n").await.is_ok() && four.read_u8().await.is_ok_and(|b| b == b'b') {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again).await.unwrap();
}

#[tokio::test]
async fn stopping_lets_connections_end_and_cuts_those_that_do_not() {
    for (door, word, bound) in [
        (Door::Talk(Arc::new(Shout)), "bye", 5_000),
        (machine(), "bye\n", 5_000),
        (Door::Talk(Arc::new(Deaf)), "", 3_000),
    ] {
        let served = serve(&options(Limits { drain: 1, ..Limits::default() }), door.clone());
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        if !word.is_empty() {
            stream.write_all(b"echo a\n").await.unwrap();
            stream.read_u8().await.unwrap();
        }
        // The connection is accepted before the word to stop; the kernel would refuse it otherwise.
        tokio::task::yield_now().await;
        let started = tokio::time::Instant::now();
        served.stopper.pull();
        let mut rest = String::new();
        drop(stream.read_to_string(&mut rest).await);
        assert!(rest.ends_with(word), "{door:?} said {rest:?}");
        served.task.await.unwrap();
        assert!(started.elapsed().as_millis() < bound, "{door:?}");
        assert!(TcpStream::connect(served.address).await.is_err(), "nobody is accepted any more");
    }
}

fn client(roots: &Path) -> tokio_rustls::TlsConnector {
    crate::install_provider();
    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(roots).unwrap() {
        store.add(certificate.unwrap()).unwrap();
    }
    let mut config = rustls::ClientConfig::builder().with_root_certificates(store).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    tokio_rustls::TlsConnector::from(Arc::new(config))
}

fn tls(folder: &Path) -> Tls {
    Tls { certificate: folder.join("c.pem"), key: folder.join("k.pem"), self_signed: true, ..Tls::default() }
}

#[tokio::test]
async fn tls_is_spoken_with_a_certificate_that_changes_while_running() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = Options { tls: Some(tls(old.path())), ..options(Limits::default()) };
    let served = serve(&options, Door::Talk(Arc::new(Shout)));
    let name = || ServerName::try_from("localhost").unwrap();
    let connect = async |roots: &Path| {
        client(&roots.join("c.pem")).connect(name(), TcpStream::connect(served.address).await.unwrap()).await
    };
    let mut before = connect(old.path()).await.unwrap();
    assert_eq!(before.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    before.write_all(b"hello").await.unwrap();
    said(&mut before, "HELLO").await;

    // Half a change, a certificate without its key, is refused and the old pair stays.
    crate::tls::secure(&tls(new.path()), "http").unwrap();
    std::fs::copy(new.path().join("c.pem"), old.path().join("c.pem")).unwrap();
    let reload = served.reload.unwrap();
    assert!(matches!(reload.now(), Err(crate::Error::Pair { .. })));
    assert!(connect(new.path()).await.is_err());

    std::fs::copy(new.path().join("k.pem"), old.path().join("k.pem")).unwrap();
    reload.now().unwrap();
    let mut after = connect(new.path()).await.unwrap();
    after.write_all(b"new").await.unwrap();
    said(&mut after, "NEW").await;
    before.write_all(b"old").await.unwrap();
    said(&mut before, "OLD").await;
}

#[tokio::test]
async fn the_files_are_looked_at_without_being_told() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = Options { tls: Some(Tls { reload: 1, ..tls(old.path()) }), ..options(Limits::default()) };
    let served = serve(&options, Door::Talk(Arc::new(Shout)));
    crate::tls::secure(&tls(new.path()), "http").unwrap();
    for file in ["k.pem", "c.pem"] {
        std::fs::copy(new.path().join(file), old.path().join(file)).unwrap();
    }
    let changed = async {
        let name = || ServerName::try_from("localhost").unwrap();
        let connector = client(&new.path().join("c.pem"));
        while connector.connect(name(), TcpStream::connect(served.address).await.unwrap()).await.is_err() {}
    };
    tokio::time::timeout(Duration::from_secs(10), changed).await.unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_shake_hands_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { handshake: 1, ..Limits::default() };
    let options = Options { tls: Some(tls(folder.path())), ..options(limits) };
    let served = serve(&options, machine());
    let mut silent = TcpStream::connect(served.address).await.unwrap();
    let mut loud = TcpStream::connect(served.address).await.unwrap();
    loud.write_all(b"ADD ORDER: NAME=\"x\";\r\n").await.unwrap();
    for stream in [&mut silent, &mut loud] {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "closed");
        assert!(rest.len() < 16, "at most an alert");
    }
}

/// Resident octets of this process.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4_096
}

#[tokio::test]
async fn idle_connections_are_cheap() {
    const MANY: usize = 400;
    let served = serve(&options(Limits::default()), machine());
    let mut streams = Vec::new();
    let mut before = 0;
    for i in 0..MANY {
        if i == MANY / 4 {
            before = resident();
        }
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"echo a\n").await.unwrap();
        said(&mut stream, "a\n").await;
        streams.push(stream);
    }
    let each = resident().saturating_sub(before) / (MANY - MANY / 4);
    println!("{each} octets for each idle connection, both ends");
    assert!(each < 16 * 1_024, "{each} octets each");
}
