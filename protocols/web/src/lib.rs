//! Everything over HTTP, as a [`Talk`] on the driver: our own API, generated from the declarations of kinds.
//!
//! In: a connection, in the clear or inside TLS, speaking HTTP/1.1 (RFC 9112) or HTTP/2 (RFC 9113; by ALPN, or with
//! prior knowledge). Out: requests to the gateway, and their answers as JSON or `application/problem+json` (RFC 9457).
//! `connection` serves one connection and ends what is idle or too slow; `respond` finds what a request speaks of;
//! `rest` turns it into one [`Request`] and its outcome into one response; `pages` answers what needs no log-in.
//!
//! A request is refused as early as it can be: by its path and method first, then by the gate, then by its headers, and
//! only then is its body read, within a limit for each and a budget for all. It never decides who may do what, never
//! keeps state between two requests, and never streams: an answer is one buffer, written once.
//!
//! - `hyper` for both wire forms, with `hyper-util` only to fit tokio's streams to it. Not `axum`: paths come from the
//!   schema, so there is nothing for a router of types to add. Not `hyper-util`'s detection of the version, which waits
//!   for a first octet without a bound.
//! - `http-body-util` for the body of an answer, `base64` for RFC 7617.
//!
//! [`Talk`]: strowger_primitive::Talk
//! [`Request`]: strowger_primitive::Request

mod body;
mod connection;
mod fault;
mod health;
mod options;
mod pages;
mod problem;
mod respond;
mod rest;
#[cfg(test)]
mod tests;
mod web;

pub use fault::{status, title};
pub use health::{Health, Part};
pub use options::Options;
pub use web::Web;
