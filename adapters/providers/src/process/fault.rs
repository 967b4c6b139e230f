//! Why the provider did not do it: what the orderer may know, and what the record keeps.

use std::error::Error;
use std::io;

use strowger_primitive::{FaultKind, ProviderError, StepId};

use crate::workspace::is_full;

pub(super) fn not_allowed(executable: &str) -> ProviderError {
    let public = format!("this provider may not run {executable:?}; an operator adds it to executables");
    error(FaultKind::NotAllowed, "executable-not-allowed", public)
}

pub(super) fn missing(executable: &str) -> ProviderError {
    let public = format!("{executable:?} is not on this provider's machine; an operator installs it");
    error(FaultKind::Unavailable, "executable-missing", public)
}

/// The offer says something that cannot be done.
pub(super) fn malformed(component: &str, why: &str) -> ProviderError {
    error(FaultKind::Malformed, "component-invalid", format!("component \"{component}\" of the offer: {why}"))
}

pub(super) fn full(most: usize) -> ProviderError {
    let public =
        format!("this provider runs all the {most} processes it may; delete a service or ask another provider");
    passing(error(FaultKind::Unavailable, "provider-full", public))
}

pub(super) fn no_ports() -> ProviderError {
    let public = "this provider has no port left; delete a service or ask another provider";
    passing(error(FaultKind::Unavailable, "no-ports", public.to_owned()))
}

/// Work that was cut off by its deadline and goes on where it was when it is asked again.
pub(super) fn late(doing: &str) -> ProviderError {
    passing(error(FaultKind::Expired, "provider-late", format!("{doing} took longer than there was time; ask again")))
}

pub(super) fn start_failed(public: String, cause: String) -> ProviderError {
    because(error(FaultKind::Upstream, "start-failed", public), cause)
}

/// It ended and nobody saw how: whoever kept it was killed, as all are when the power goes.
pub(super) fn lost(component: &str, cause: String) -> ProviderError {
    let public = format!("component \"{component}\" was lost before it was healthy");
    because(passing(error(FaultKind::Upstream, "start-failed", public)), cause)
}

/// Somebody who is not ours listens where the program should.
pub(super) fn port_taken(port: u16, cause: String) -> ProviderError {
    let public = format!("port {port} was taken by another program; asked again, this one gets another port");
    because(passing(error(FaultKind::Unavailable, "port-taken", public)), cause)
}

/// The machine has no process or memory left.
pub(super) fn cannot_start(source: io::Error) -> ProviderError {
    let public = "the provider's machine can start no process now; try again later";
    because(passing(error(FaultKind::Unavailable, "machine-exhausted", public.to_owned())), source)
}

pub(super) fn disk_full(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ProviderError {
    let public = "the provider's disk is full: nothing new can be started now";
    because(passing(error(FaultKind::Unavailable, "disk-full", public.to_owned())), cause)
}

pub(super) fn not_there(step: &StepId) -> ProviderError {
    passing(error(FaultKind::Gone, "not-running", format!("nothing runs for step \"{}\"", step.0)))
}

pub(super) fn disk(doing: &'static str, source: io::Error) -> ProviderError {
    if is_full(&source) {
        return disk_full(source);
    }
    internal(format!("{doing}: {source}"))
}

pub(super) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ProviderError {
    let public = "something went wrong inside the provider; report the request id";
    because(error(FaultKind::Internal, "provider-failed", public.to_owned()), cause)
}

fn error(kind: FaultKind, code: &'static str, public: String) -> ProviderError {
    ProviderError { kind, code, public: public.into(), passing: false, cause: None }
}

fn passing(error: ProviderError) -> ProviderError {
    ProviderError { passing: true, ..error }
}

fn because(error: ProviderError, cause: impl Into<Box<dyn Error + Send + Sync>>) -> ProviderError {
    ProviderError { cause: Some(cause.into()), ..error }
}
