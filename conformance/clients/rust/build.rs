//! Generates the client from the contract.

use std::path::Path;
use std::{env, fs};

fn main() -> anyhow::Result<()> {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/openapi-3.0.json");
    println!("cargo:rerun-if-changed={}", contract.display());
    let api: openapiv3::OpenAPI = serde_json::from_str(&fs::read_to_string(&contract)?)?;
    let tokens = progenitor::Generator::default().generate_tokens(&api)?;
    let code = prettyplease::unparse(&syn::parse2(tokens)?);
    fs::write(Path::new(&env::var("OUT_DIR")?).join("client.rs"), code)?;
    Ok(())
}
