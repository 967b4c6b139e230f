//! Reports: the frame of an answer, as network elements print it, and long ones split into several.
//!
//! ```text
//! +++    STROWGER        2026-11-24 03:50:07+00:00
//! O&M    #2
//! %%DSP ORDER: NAME="demo-1";%%
//! RETCODE = 0  Operation succeeded
//!
//! ORDER demo-1
//! ------------
//! NAME   =  demo-1
//! STATE  =  COMPLETED
//!
//! (Number of results = 1)
//!
//! ---    END
//! ```

use std::fmt::Write as _;

use strowger_primitive::{Fault, FieldDecl, Headline, Outcome, Place, RequestId, Time, upper};

use crate::retcode::{retcode, verdict};
use crate::shown::{Body, aligned, body, escaped, table};

/// The first three lines of a report.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// Who reports: the node.
    pub node: &'a str,
    /// When.
    pub at: Time,
    /// The number of the command in its session.
    pub serial: u64,
    /// The command, [masked](crate::mask).
    pub echo: &'a str,
    /// As the gateway knows the request, where it let one in: told with a fault, so that it can be reported.
    pub request: Option<RequestId>,
}

/// How an answer is shown.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Fields to show; empty: the usual ones.
    pub fields: &'a [&'static FieldDecl],
    /// Lines of a body in one report; what is longer is split.
    pub lines: usize,
    /// Another page of the same list will follow.
    pub more: bool,
}

/// What the reports of one command have said so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Series {
    reports: u64,
    results: u64,
}

const SUCCEEDED: &str = "Operation succeeded";

/// The report, or reports, of what came of a command.
#[must_use]
pub fn report_outcome(heading: &Heading<'_>, outcome: &Outcome, view: &View<'_>, series: &mut Series) -> String {
    let verdict = match outcome {
        Outcome::Accepted(_) => "Operation accepted, the work goes on",
        Outcome::Done
        | Outcome::Document(_)
        | Outcome::Created(_)
        | Outcome::Page(_)
        | Outcome::Reply(_)
        | Outcome::Session(_) => SUCCEEDED,
    };
    let mut body = body(outcome, view.fields);
    if let (Outcome::Page(page), false) = (outcome, view.more)
        && let Some(next) = &page.next
    {
        body.lines.push(String::new());
        body.lines.extend(aligned(vec![("CURSOR".to_owned(), format!("\"{}\"", escaped(&next.0)))]));
    }
    split(heading, &format!("RETCODE = 0  {verdict}"), &body, view, series)
}

/// The report of a fault; `declared` is what its places speak of.
#[must_use]
pub fn report_fault(heading: &Heading<'_>, fault: &Fault, declared: &[&[FieldDecl]]) -> String {
    let mut out = String::new();
    begin(&mut out, heading);
    let line = format!("RETCODE = {}  {}", retcode(fault.kind, fault.code), verdict(fault));
    push(&mut out, &escaped(&line));
    push(&mut out, "");
    let mut facts = vec![("FAULT".to_owned(), fault.code.to_owned())];
    if let Some(id) = heading.request {
        facts.push(("REQUEST".to_owned(), id.to_string()));
    }
    if let Some(wait) = fault.retry_after {
        facts.push(("RETRY_AFTER".to_owned(), format!("{} s", wait.as_secs() + u64::from(wait.subsec_nanos() > 0))));
    }
    for fact in aligned(facts) {
        push(&mut out, &fact);
    }
    let row = |flaw: &strowger_primitive::Flaw| {
        let place = match &flaw.place {
            Place::Field(path) => path.print(declared, upper),
            Place::Unknown(name) => name.clone(),
        };
        vec![escaped(&place), escaped(&flaw.why)]
    };
    let rows: Vec<_> = fault.at.iter().map(row).collect();
    if let Some((head, lines)) =
        table(&["PARAMETER".to_owned(), "WHAT IS WRONG".to_owned()], rows).filter(|(_, lines)| !lines.is_empty())
    {
        push(&mut out, "");
        for line in head.iter().chain(&lines) {
            push(&mut out, line);
        }
    }
    push(&mut out, "");
    end(&mut out);
    out
}

/// The report of a text, such as help.
#[must_use]
pub fn report_text(heading: &Heading<'_>, text: &str, lines: usize) -> String {
    let body = Body { lines: text.lines().map(escaped).collect(), ..Body::default() };
    let view = View { fields: &[], lines, more: false };
    split(heading, &format!("RETCODE = 0  {SUCCEEDED}"), &body, &view, &mut Series::default())
}

/// Where the work of a command stands. It has no RETCODE: that is said once, at the end.
#[must_use]
pub fn progress(heading: &Heading<'_>, headline: &Headline) -> String {
    let mut out = String::new();
    begin(&mut out, heading);
    push(&mut out, &format!("PROGRESS = {}/{}  {}", headline.done, headline.of, escaped(&headline.text)));
    push(&mut out, "To be continued...");
    end(&mut out);
    out
}

/// What the gateway says unasked.
#[must_use]
pub fn notice(node: &str, at: Time, text: &str) -> String {
    let mut out = String::new();
    push(&mut out, &first_line(node, at));
    push(&mut out, "NOTICE");
    push(&mut out, &escaped(text));
    end(&mut out);
    out
}

/// Prints a body as as many reports as its length asks for.
fn split(heading: &Heading<'_>, verdict: &str, body: &Body, view: &View<'_>, series: &mut Series) -> String {
    let mut out = String::new();
    let most = view.lines.max(1);
    let mut chunks = body.lines.chunks(most).peekable();
    series.results += body.results.unwrap_or(0);
    loop {
        let lines = chunks.next().unwrap_or_default();
        let last = chunks.peek().is_none();
        series.reports += 1;
        begin(&mut out, heading);
        push(&mut out, verdict);
        push(&mut out, "");
        for line in body.head.iter().chain(lines) {
            push(&mut out, line);
        }
        if !(body.head.is_empty() && lines.is_empty()) {
            push(&mut out, "");
        }
        if !last || view.more {
            push(&mut out, "To be continued...");
            push(&mut out, "");
        } else {
            close(&mut out, body, *series);
        }
        end(&mut out);
        if last {
            return out;
        }
    }
}

fn close(out: &mut String, body: &Body, series: Series) {
    if body.results.is_some() {
        push(out, &format!("(Number of results = {})", series.results));
        push(out, "");
    }
    if series.reports > 1 {
        push(out, &format!("{} reports in total", series.reports));
        push(out, "");
    }
}

fn begin(out: &mut String, heading: &Heading<'_>) {
    push(out, &first_line(heading.node, heading.at));
    push(out, &format!("O&M    #{}", heading.serial));
    push(out, &format!("%%{}%%", heading.echo));
}

fn first_line(node: &str, at: Time) -> String {
    let time = at.to_string();
    // 2026-11-24T03:50:07.000Z
    let date = time.get(..10).unwrap_or_default();
    let clock = time.get(11..19).unwrap_or_default();
    format!("+++    {node}        {date} {clock}+00:00")
}

fn end(out: &mut String) {
    push(out, "---    END");
    push(out, "");
}

fn push(out: &mut String, line: &str) {
    let _infallible = write!(out, "{line}\r\n");
}

#[cfg(test)]
mod tests;
