//! Both versions over real sockets, in the clear and in TLS, through the driver.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::StatusCode;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use strowger_driver::{Door, Options as Listener, System, Tls};
use strowger_primitive::BoxedIo;
use tokio::net::TcpStream;

use super::*;

struct Served {
    address: SocketAddr,
    stopper: Stopper,
    task: JoinHandle<()>,
    desk: Arc<Desk>,
}

fn serve(tls: Option<Tls>) -> Served {
    let listener = Listener { address: ([127, 0, 0, 1], 0).into(), tls, ..Listener::default() };
    let bound = strowger_driver::bind(&listener).unwrap();
    let (stopper, stop) = Stop::new();
    let (address, desk) = (bound.local_addr(), Arc::new(Desk::default()));
    let gateway: Arc<dyn Ask> = Arc::<Desk>::clone(&desk);
    let door = Door::Talk(web(Options::default(), true));
    #[expect(clippy::disallowed_methods, reason = "the task under test")]
    let task = tokio::spawn(bound.serve(door, gateway, Arc::new(System), stop));
    Served { address, stopper, task, desk }
}

fn request(path: &str) -> hyper::Request<Full<Bytes>> {
    hyper::Request::get(format!("http://gw{path}"))
        .header("host", "gw")
        .header("authorization", "Basic YWxpY2U6c2VjcmV0")
        .body(Full::default())
        .unwrap()
}

async fn two(io: BoxedIo) -> http2::SendRequest<Full<Bytes>> {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "the client's connection")]
    drop(tokio::spawn(async move { drop(connection.await) }));
    sender
}

async fn secure(address: SocketAddr, roots: &Path, alpn: &[u8]) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(roots).unwrap() {
        store.add(certificate.unwrap()).unwrap();
    }
    let mut config = rustls::ClientConfig::builder().with_root_certificates(store).with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    let tls = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await.unwrap();
    tls.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
}

#[tokio::test]
async fn http_1_is_spoken_over_a_socket() {
    let served = serve(None);
    let io = TokioIo::new(TcpStream::connect(served.address).await.unwrap());
    let (mut sender, connection) = http1::handshake(io).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "the client's connection")]
    let connection = tokio::spawn(async move { drop(connection.await) });
    for _ in 0..3 {
        let got = sender.send_request(request("/v1/services/demo-1")).await.unwrap();
        assert_eq!((got.status(), got.headers()["etag"].as_bytes()), (StatusCode::OK, &b"\"7\""[..]));
        assert!(got.headers().contains_key("date"));
        let body = got.into_body().collect().await.unwrap().to_bytes();
        assert!(body.starts_with(b"{\"id\":"));
    }
    served.stopper.pull();
    connection.await.unwrap();
    served.task.await.unwrap();
}

#[tokio::test]
async fn who_still_sends_hears_the_answer_before_the_connection_ends() {
    let served = serve(None);
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let body = vec![b'a'; 3 << 20];
    let head = format!("POST /v1/orders HTTP/1.1\r\nHost: gw\r\n{ALICE}{JSON}Content-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&answer));
    drop(stream);
    served.stopper.pull();
    served.task.await.unwrap();
}

#[tokio::test]
async fn http_2_is_spoken_with_prior_knowledge() {
    let served = serve(None);
    let sender = two(Box::new(TcpStream::connect(served.address).await.unwrap())).await;
    served.desk.holds.store(true, Ordering::SeqCst);
    // The second is answered while the first waits.
    let mut one = sender.clone();
    let first = one.send_request(request("/v1/services/demo-1"));
    let mut other = sender.clone();
    let second = async {
        while served.desk.asked() == 0 {
            tokio::task::yield_now().await;
        }
        served.desk.holds.store(false, Ordering::SeqCst);
        let got = other.send_request(request("/v1/services/demo-2")).await.unwrap();
        assert_eq!(got.status(), StatusCode::OK);
        assert!(!got.headers().contains_key("connection"));
        served.desk.release(Err(Fault::new(FaultKind::Gone, "gone", "it is no more"))).await;
    };
    let (first, ()) = tokio::join!(first, second);
    let first = first.unwrap();
    assert_eq!(first.status(), StatusCode::GONE);
    assert!(first.headers().contains_key("x-request-id"));
    let mut head = request("/v1/services/demo-1");
    *head.method_mut() = hyper::Method::HEAD;
    let got = one.send_request(head).await.unwrap();
    assert!(got.headers()["content-length"] != "0");
    assert!(got.into_body().collect().await.unwrap().to_bytes().is_empty());
    served.stopper.pull();
    served.task.await.unwrap();
}

#[tokio::test]
async fn a_body_over_http_2_has_the_same_limit() {
    let served = serve(None);
    let mut sender = two(Box::new(TcpStream::connect(served.address).await.unwrap())).await;
    let post = |body: Vec<u8>| {
        let mut request = request("/v1/orders").map(|_| Full::new(Bytes::from(body)));
        *request.method_mut() = hyper::Method::POST;
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        request
    };
    let got = sender.send_request(post(b"{\"offer\":\"hello\"}".to_vec())).await.unwrap();
    assert_eq!((got.status(), got.headers()["location"].as_bytes()), (StatusCode::CREATED, &b"/v1/orders/demo-1"[..]));
    let got = sender.send_request(post(vec![b' '; (1 << 20) + 1])).await.unwrap();
    assert_eq!(got.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let got = sender.send_request(request("/health")).await.unwrap();
    assert_eq!(got.status(), StatusCode::OK, "the connection lives on");
}

#[tokio::test]
async fn tls_chooses_the_version() {
    let folder = tempfile::tempdir().unwrap();
    let tls = Tls {
        certificate: folder.path().join("c.pem"),
        key: folder.path().join("k.pem"),
        self_signed: true,
        ..Tls::default()
    };
    let served = serve(Some(tls.clone()));
    let stream = secure(served.address, &tls.certificate, b"h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let got = two(Box::new(stream)).await.send_request(request("/v1/services/demo-1")).await.unwrap();
    assert_eq!(got.status(), StatusCode::OK);
    assert_eq!(served.desk.only().origin.transport, Transport::Tls);
    let mut stream = secure(served.address, &tls.certificate, b"http/1.1").await;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut got = String::new();
    stream.read_to_string(&mut got).await.unwrap();
    assert!(got.starts_with("HTTP/1.1 200 OK\r\n"), "{got}");
}
