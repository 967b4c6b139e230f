//! What of the commands only the gateway itself can do.

use std::fs;
use std::io::{BufReader, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use strowger_cli::{ExportForm, Sources, Verify};
use strowger_driver::System;
use strowger_primitive::{Log, Schema, Stop, World};
use strowger_records::{Head, Key, Origin, Proof, Verifier};

use crate::config::Config;
use crate::{Ready, assemble, log};

/// The gateway, as its own commands see it.
#[derive(Clone, Copy, Debug)]
pub struct Inside;

impl strowger_cli::Inside for Inside {
    fn serve(&self, sources: &Sources, ready_file: Option<&Path>) -> Result<()> {
        let config = load(sources)?;
        log::start(&config.log);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let (stopper, stop) = Stop::new();
            signals(stopper)?;
            Ok(crate::run(config, stop, |ready, _| tell(ready, ready_file)).await?)
        })
    }

    fn check(&self, sources: &Sources) -> Result<Vec<String>> {
        match Config::load(sources) {
            Ok(_) => Ok(Vec::new()),
            Err(mistakes) => Ok(mistakes.0.iter().map(ToString::to_string).collect()),
        }
    }

    fn check_policy(&self, file: &Path) -> Result<Vec<String>> {
        let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        match strowger_security::check_policy(&text, &strowger_kinds::all()) {
            Ok(facts) => {
                let live = facts.live.into_iter().map(|live| format!("live, runs for each request: {live}"));
                let count = match facts.policies {
                    1 => "1 policy, all right".to_owned(),
                    many => format!("{many} policies, all right"),
                };
                Ok(std::iter::once(count).chain(live).collect())
            }
            Err(mistakes) => bail!("{}", mistakes.join("\n")),
        }
    }

    fn config(&self, sources: &Sources) -> Result<String> {
        Ok(load(sources)?.print())
    }

    fn verify(&self, what: &Verify, progress: &dyn Fn(u64)) -> Result<String> {
        let config = load(&what.sources)?;
        if what.export.is_none() {
            has_store(&config)?;
        }
        let key = match &what.key {
            Some(path) => verifier_in(path)?,
            None => verifier(&config, ", or its verifier key with --key FILE")?,
        };
        let given = what.head.as_ref().map(|path| -> Result<Head> {
            let note = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            Ok(Head::open(&note, &key)?)
        });
        let given = given.transpose()?;
        let mut told = |done, _| progress(done);
        let report = match &what.export {
            Some(path) => {
                let file = fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
                let export = &mut BufReader::new(file);
                let report = strowger_records::verify_export(export, &key, given.as_ref(), &mut told)?;
                // An empty log has an empty export, but so has whatever failed before it wrote anything.
                Some(report.with_context(|| format!("{} is empty: there is nothing to verify", path.display()))?)
            }
            None => {
                let store = open(&config)?;
                let report = strowger_records::verify(&*store, Log::AUDIT, &key, given.as_ref(), &mut told)?;
                store.close();
                report
            }
        };
        Ok(match report {
            None => "the log is empty".to_owned(),
            Some(report) => format!(
                "{} records verified under the signed head of {}{}",
                report.head.size,
                report.head.origin,
                if report.given { ", and the head saved earlier is a part of it" } else { "" }
            ),
        })
    }

    fn key(&self, sources: &Sources) -> Result<String> {
        Ok(verifier(&load(sources)?, "")?.to_string())
    }

    fn head(&self, sources: &Sources) -> Result<String> {
        let config = load(sources)?;
        let store = open(&config)?;
        let head = Head::newest(&*store, Log::AUDIT, &verifier(&config, "")?)?;
        store.close();
        Ok(head.context("the log is empty: there is no head yet")?.note().to_owned())
    }

    fn check_proof(&self, sources: &Sources, sequence: u64, answer: &[u8]) -> Result<String> {
        let fields = strowger_forms::json::read_fields(strowger_kinds::record::proof::ALL, answer)?;
        let head = Proof::read(sequence, &fields)?.check(&verifier(&load(sources)?, "")?)?;
        Ok(format!("record {sequence} is one of the {} under the signed head of {}", head.size, head.origin))
    }

    fn export(&self, sources: &Sources, form: ExportForm, out: &mut dyn Write) -> Result<()> {
        let config = load(sources)?;
        let store = open(&config)?;
        let mut told = |_, _| {};
        match form {
            ExportForm::Jsonl => {
                strowger_records::json_lines(&*store, Log::AUDIT, &verifier(&config, "")?, out, &mut told)?
            }
            ExportForm::Csv => strowger_records::csv(&*store, Log::AUDIT, out, &mut told)?,
        };
        store.close();
        Ok(())
    }

    fn schema(&self) -> Schema {
        strowger_kinds::all()
    }
}

fn load(sources: &Sources) -> Result<Config> {
    let config = Config::load(sources);
    config.context("the configuration is wrong; nothing was started")
}

fn open(config: &Config) -> Result<Arc<strowger_stores::Embedded>> {
    has_store(config)?;
    let world: Arc<dyn World> = Arc::new(System);
    Ok(assemble::read_store(config, &strowger_kinds::all(), &world)?)
}

/// A store that is opened where none is would be made.
fn has_store(config: &Config) -> Result<()> {
    let folder = &config.store.directory;
    if !folder.join("files").is_dir() {
        bail!("there is no store in {}; name the gateway's folder with --set data=FOLDER", folder.display());
    }
    Ok(())
}

/// What checks the heads of the node that is configured. A key that is not there is never made: it would check nothing.
/// `instead`: what else may be named.
fn verifier(config: &Config, instead: &str) -> Result<Verifier> {
    let key = Key::load(&assemble::record_key_path(config));
    let key = key
        .with_context(|| format!("no key to check with; name the gateway's folder with --set data=FOLDER{instead}"))?;
    Ok(key.verifier(&Origin::new(&config.node, Log::AUDIT)?))
}

fn verifier_in(path: &Path) -> Result<Verifier> {
    let text = fs::read_to_string(path).with_context(|| format!("--key {} cannot be read", path.display()))?;
    Verifier::parse(text.trim()).with_context(|| format!("--key {}", path.display()))
}

/// Pulls `stopper` at the first SIGTERM or SIGINT; the second ends the process at once.
fn signals(stopper: strowger_primitive::Stopper) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    System.spawn(
        "signals",
        Box::pin(async move {
            let mut either = async || {
                tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            };
            either().await;
            stopper.pull();
            either().await;
            std::process::exit(130);
        }),
    );
    Ok(())
}

/// Tells that the gateway serves: into the file where there is one, whole or not at all; else for people.
fn tell(ready: &Ready, file: Option<&Path>) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    if let Some(path) = file {
        let fresh = path.with_extension("new");
        // Made anew: who has opened one that lies there could read what is written into it.
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        let mut options = fs::OpenOptions::new();
        options.create_new(true).write(true).mode(0o600);
        options.open(&fresh)?.write_all(&serde_json::to_vec(ready)?)?;
        fs::rename(fresh, path)?;
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    for (name, address) in &ready.listeners {
        writeln!(out, "{name:<8}{address}")?;
    }
    if let (Some(operator), Some(secret)) = (&ready.operator, &ready.operator_secret) {
        writeln!(out, "\nThis is the first start. Log in as {operator} with the secret\n\n    {secret}\n")?;
        writeln!(
            out,
            "It is shown once and kept nowhere. Change it with: strowger credential set {operator} --secret"
        )?;
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use strowger_cli::Inside as _;

    use super::*;

    /// Where nothing is.
    fn nowhere(folder: &Path) -> Sources {
        Sources { set: vec![format!("data={}", folder.join("data").display())], ..Sources::default() }
    }

    fn told<T>(done: Result<T>) -> String {
        done.err().map(|error| format!("{error:#}")).unwrap_or_default()
    }

    #[test]
    fn what_only_reads_makes_nothing_where_no_gateway_was() {
        let folder = tempfile::tempdir().unwrap();
        let sources = nowhere(folder.path());
        let said = tempfile::NamedTempFile::new().unwrap();
        let verify = |export: Option<&Path>| {
            let what = Verify { sources: sources.clone(), export: export.map(Into::into), ..Verify::default() };
            told(Inside.verify(&what, &|_| {}))
        };
        let export = |form| told(Inside.export(&sources, form, &mut Vec::new()));
        for why in [verify(None), told(Inside.head(&sources)), export(ExportForm::Jsonl), export(ExportForm::Csv)] {
            assert!(why.contains("there is no store in") && why.contains("--set data=FOLDER"), "{why}");
        }
        let why = verify(Some(said.path()));
        assert!(why.contains("data=FOLDER, or its verifier key with --key FILE"), "{why}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // Another's folder is no store either.
        fs::create_dir_all(folder.path().join("data/store")).unwrap();
        assert!(told(Inside.head(&sources)).contains("there is no store in"));
        assert_eq!(fs::read_dir(folder.path().join("data/store")).unwrap().count(), 0);
    }

    #[test]
    fn an_empty_export_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (key, export) = (folder.path().join("key"), folder.path().join("log.jsonl"));
        let verifier = Key::generate().unwrap().verifier(&Origin::new("node-1", Log::AUDIT).unwrap());
        fs::write(&key, verifier.to_string()).unwrap();
        fs::write(&export, "").unwrap();
        let sources = nowhere(folder.path());
        let what = Verify { sources, export: Some(export), key: Some(key), ..Verify::default() };
        assert!(told(Inside.verify(&what, &|_| {})).ends_with("log.jsonl is empty: there is nothing to verify"));
    }
}
