//! `strowger-client-of-a-stranger URL USER SECRET`: orders the offer `hello` as `by-rust`, waits, reads the service,
//! and meets one fault, all with the generated client.

#![allow(missing_docs, clippy::all, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/client.rs"));

use anyhow::Context as _;
use base64::Engine as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let [url, user, secret]: [String; 3] =
        std::env::args().skip(1).collect::<Vec<_>>().try_into().ok().context("URL USER SECRET")?;
    let login = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{secret}"));
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("authorization", format!("Basic {login}").parse()?);
    let client = Client::new_with_client(&url, reqwest::Client::builder().default_headers(headers).build()?);

    let order: types::OrderCreate = serde_json::from_value(serde_json::json!({
        "name": "by-rust", "offer": "hello", "parameters": { "greeting": "from Rust" },
    }))?;
    let key = "k-rust".parse()?;
    let order = client.create_order(None, Some(&key), Some(&"wait=60".parse()?), &order).await?.into_inner();
    println!("order {}", serde_json::to_string(&order)?);
    let service = client.read_service(&"by-rust".parse()?, None, None).await?.into_inner();
    println!("service {}", serde_json::to_string(&service)?);
    let unknown: types::OrderCreate = serde_json::from_value(serde_json::json!({ "offer": "helo" }))?;
    match client.create_order(None, None, None, &unknown).await {
        Err(Error::ErrorResponse(fault)) => println!("fault {}", serde_json::to_string(&fault.into_inner())?),
        other => anyhow::bail!("a fault was expected, not {other:?}"),
    }
    Ok(())
}
