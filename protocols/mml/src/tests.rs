//! Whole sessions, with a driver that is a list of answers.

mod line;
mod socket;

use std::time::Duration;

use line::{Line, created, order, page, session};
use proptest::prelude::*;
use strowger_primitive::{
    Answer, Claim, Class, Fault, FaultKind, Headline, KeyScope, Operation, Outcome, Revision, Verb,
};

use crate::Options;

const LOG_IN: &str = "LGI: OP=\"alice@acme\", PWD=\"hunter2\";";

#[test]
fn a_whole_session() {
    let mut line = Line::open(Options { node: "GW1".to_owned(), ..Options::default() });
    line.type_in(LOG_IN);
    let asked = line.asked();
    assert_eq!((asked.class, asked.request.origin.protocol), (Class::InDialog, "mml"));
    assert!(matches!(&asked.request.claim, Claim::Password { principal, secret }
        if &**principal == "alice@acme" && secret.expose() == "hunter2"));
    line.end(Ok(Outcome::Session(session())));
    line.type_in("\r\nADD ORDER: NAME=\"demo-1\", OFFER=\"hello\", WAIT=20, KEY=\"k\";");
    let asked = line.asked();
    assert_eq!(asked.class, Class::New);
    assert!(matches!(asked.request.claim, Claim::Session(_)));
    assert_eq!(asked.request.patience, Duration::from_secs(20));
    assert_eq!(asked.request.deadline.left(line.now().mono), Duration::from_secs(50));
    assert_eq!(asked.request.key.as_ref().map(|k| k.scope), Some(KeyScope::Principal));
    assert_eq!(asked.request.operation.verb(), Some(Verb::Create));
    line.answer(Answer::Progress(Headline { text: "process started".into(), done: 1, of: 2 }));
    line.end(Ok(created("demo-1")));
    line.type_in("LGO:;");
    let expected = "\
+++    GW1        2026-11-25 03:50:07+00:00
O&M    #1
%%LGI: OP=\"alice@acme\", PWD=*****;%%
RETCODE = 0  Operation succeeded

PRINCIPAL  =  alice
TENANT     =  acme

---    END

+++    GW1        2026-11-25 03:50:07+00:00
O&M    #2
%%ADD ORDER: NAME=\"demo-1\", OFFER=\"hello\", WAIT=20, KEY=\"k\";%%
PROGRESS = 1/2  process started
To be continued...
---    END

+++    GW1        2026-11-25 03:50:07+00:00
O&M    #2
%%ADD ORDER: NAME=\"demo-1\", OFFER=\"hello\", WAIT=20, KEY=\"k\";%%
RETCODE = 0  Operation succeeded

ORDER demo-1
------------
NAME   =  demo-1
STATE  =  COMPLETED

(Number of results = 1)

---    END

+++    GW1        2026-11-25 03:50:07+00:00
O&M    #3
%%LGO:;%%
RETCODE = 0  Operation succeeded

---    END

";
    assert_eq!(line.said(), expected);
    assert!(line.closed());
}

#[test]
fn a_fault_is_told_in_mml() {
    let mut line = Line::logged_in();
    line.type_in("ADD ORDER: NAME=a, OFFER=\"helo\";");
    let fault = Fault::new(FaultKind::NotFound, "offer-not-found", "no offer \"helo\"")
        .at(strowger_primitive::Path::whole(11), "no such offer");
    line.end(Err(fault));
    let said = line.said();
    assert!(
        said.contains("RETCODE = 3404  no offer \"helo\"\n") && said.contains("OFFER      no such offer\n"),
        "{said}"
    );
    line.type_in("ADD ORDER: NAME=\"A B\", STATE=5, OFFR=x;\n");
    let said = line.said();
    assert!(said.contains("RETCODE = 1004  3 fields are wrong"), "{said}");
    assert!(said.contains("did you mean OFFER?") && said.contains("only the gateway sets this"), "{said}");
    line.type_in("FROB;");
    assert!(line.said().contains("RETCODE = 1002  there is no such command"));
    line.type_in("ADD ORDER: NAME=;");
    assert!(line.said().contains("RETCODE = 1001  syntax error at line 1, column 17: expected a value, found ';'"));
    line.type_in("RMV ORDER: NAME=a;");
    assert!(line.said().contains("RETCODE = 2405"));
}

#[test]
fn overload_is_refused_at_once_and_the_next_command_is_taken() {
    let mut line = Line::logged_in();
    line.gate_shut(true);
    line.type_in("LST ORDER:");
    line.type_in("; HLP; RMV SERVICE: NAME=a;");
    let said = line.said();
    assert_eq!(said.matches("RETCODE = 1503  too much is asked; ask again in 2 s").count(), 2, "{said}");
    assert!(said.contains("%%HLP;%%"), "{said}");
    line.gate_shut(false);
    line.type_in("DSP ORDER: NAME=a;");
    assert_eq!(line.asked().class, Class::List);
}

#[test]
fn nothing_is_asked_before_the_log_in() {
    let mut line = Line::open(Options::default());
    line.type_in("LST ORDER:; USE TENANT: NAME=a; STP COMMAND:; HLP LGI;");
    let said = line.said();
    assert_eq!(said.matches("RETCODE = 2401  log in first").count(), 3, "{said}");
    assert!(said.contains("Your password."), "help is for everybody");
    assert!(line.nothing_asked());
}

#[test]
fn wrong_passwords_close_the_connection() {
    let wrong = || Fault::new(FaultKind::Unauthenticated, "wrong-credentials", "the name or the password is wrong");
    let mut line = Line::open(Options { tries: 2, ..Options::default() });
    line.type_in(LOG_IN);
    line.end(Err(wrong()));
    line.type_in(LOG_IN);
    line.end(Err(Fault::overloaded(Duration::from_secs(1), "later")));
    assert!(!line.closed(), "an overload is no wrong password");
    line.type_in(LOG_IN);
    line.end(Err(wrong()));
    let said = line.said();
    assert!(line.closed() && said.contains("too many wrong passwords; goodbye"), "{said}");
    assert!(!said.contains("hunter2"));
}

#[test]
fn a_session_that_counts_no_more_must_log_in_again() {
    let mut line = Line::logged_in();
    line.type_in("LST ORDER:;");
    line.end(Err(Fault::new(FaultKind::Unauthenticated, "session-ended", "log in again")));
    line.type_in("LST ORDER:;");
    assert!(line.said().contains("log in first") && line.nothing_asked());
    line.pass(Duration::from_secs(61));
    assert!(line.closed(), "the time to log in runs again");
}

#[test]
fn who_fails_to_become_another_is_nobody() {
    for refused in [
        Fault::new(FaultKind::Unauthenticated, "wrong-credentials", "the name or the password is wrong"),
        Fault::overloaded(Duration::from_secs(1), "later"),
    ] {
        let mut line = Line::logged_in();
        line.type_in(LOG_IN);
        line.end(Err(refused));
        line.type_in("RMV SERVICE: NAME=x;");
        let said = line.said();
        assert!(said.contains("log in first") && line.nothing_asked(), "{said}");
    }
}

#[test]
fn patience_ends() {
    let mut line = Line::open(Options { log_in: 5, ..Options::default() });
    line.pass(Duration::from_secs(4));
    line.type_in("HLP;");
    assert!(!line.closed());
    line.pass(Duration::from_secs(1));
    assert!(line.closed() && line.said().contains("nobody logged in for 5 s"), "help does not prolong it");

    let mut line = Line::logged_in();
    line.pass(Duration::from_secs(599));
    line.type_in("LST ORDER:;");
    line.pass(Duration::from_secs(10_000));
    assert!(!line.closed(), "a command in hand is waited for");
    line.end(Ok(page(&["a"], None)));
    line.pass(Duration::from_secs(599));
    line.type_in("LST ORD");
    assert!(!line.closed());
    line.pass(Duration::from_secs(1));
    assert!(line.closed() && line.said().contains("no command was given for 600 s"), "typing is no command");
}

#[test]
fn one_command_is_in_hand_and_the_others_wait_unread() {
    let mut line = Line::logged_in();
    line.type_in("DSP ORDER: NAME=a; DSP ORDER: NAME=b;\nDSP ORDER: NAME=c;");
    for name in ["a", "b", "c"] {
        let asked = line.asked();
        assert!(matches!(&asked.request.operation, Operation::Read(r) if r.index.to_string() == name));
        assert!(line.nothing_asked());
        line.end(Ok(order(name)));
    }
    assert_eq!(line.unread(), 0);
    let said = line.said();
    assert!(said.contains("O&M    #2") && said.contains("O&M    #4"), "{said}");
}

#[test]
fn a_batch_is_performed_to_its_end() {
    let mut line = Line::open(Options::default());
    line.type_in(&format!("{LOG_IN}\n// a file\nDSP ORDER: NAME=a;\nDSP ORDER: NAME=b;\n// the end\n"));
    line.hang_up();
    line.end(Ok(Outcome::Session(session())));
    line.end(Ok(order("a")));
    assert!(!line.closed());
    line.end(Ok(order("b")));
    assert!(line.closed());
    assert!(!line.said().contains("RETCODE = 1"));
}

#[test]
fn a_last_command_without_its_end_is_not_performed() {
    let mut line = Line::logged_in();
    line.type_in("RMV SERVICE: NAME=demo-1");
    line.hang_up();
    assert!(line.closed() && line.nothing_asked());
    assert!(line.said().contains("RETCODE = 1001  the last command has no ';'"));
}

#[test]
fn a_list_goes_on_as_its_reader_reads() {
    let mut line = Line::logged_in();
    line.type_in("LST ORDER: STATE=COMPLETED, TENANT=acme; LGO:;");
    let asked = line.asked();
    assert!(matches!(&asked.request.operation, Operation::List(q) if q.cursor.is_none() && q.limit == 100));
    line.slow(true);
    line.end(Ok(page(&["a", "b"], Some("next"))));
    assert!(line.nothing_asked(), "what is said is not yet taken");
    line.slow(false);
    let asked = line.asked();
    assert_eq!(asked.request.tenant.as_ref().map(|t| t.as_str()), Some("acme"));
    assert!(matches!(&asked.request.operation, Operation::List(q)
        if q.cursor.as_ref().is_some_and(|c| &*c.0 == "next") && q.filters.len() == 1));
    line.end(Ok(page(&["c"], None)));
    let said = line.said();
    assert!(said.contains("To be continued...") && said.contains("(Number of results = 3)"), "{said}");
    assert!(said.contains("2 reports in total"), "{said}");
    assert!(line.closed());
}

#[test]
fn a_page_is_one_page() {
    let mut line = Line::logged_in();
    line.type_in("LST ORDER: LIMIT=2, FIELDS=NAME;");
    line.end(Ok(page(&["a", "b"], Some("next"))));
    assert!(line.said().contains("CURSOR  =  \"next\"") && line.nothing_asked());
}

#[test]
fn ctrl_c_stops_the_command_in_hand() {
    let mut line = Line::logged_in();
    line.type_in("ADD ORDER: NAME=a, OFFER=b, WAIT=60; RMV SERVICE: NAME=typed-ahead;");
    let id = line.asked().id;
    line.type_in("\u{3}");
    assert!(matches!(line.asked().request.operation, Operation::Cancel(of) if of == id));
    line.end(Ok(Outcome::Done));
    line.end(Err(Fault::new(FaultKind::Declined, "cancelled", "cancelled as asked")));
    let said = line.said();
    assert!(said.contains("RETCODE = 3603  cancelled as asked"), "{said}");
    assert!(line.nothing_asked(), "what was typed before is forgotten");
    line.type_in("DSP ORDER: NAME=a;");
    assert_eq!(line.asked().class, Class::List);
}

#[test]
fn ctrl_c_forgets_what_is_typed() {
    let mut line = Line::logged_in();
    line.type_in("RMV SERVICE: NA\u{3}DSP ORDER: NAME=a;");
    assert!(matches!(line.asked().request.operation, Operation::Read(_)));
}

#[test]
fn stp_command_stops_it_too() {
    let mut line = Line::logged_in();
    line.type_in("ADD ORDER: NAME=a, OFFER=b, WAIT=60;\n");
    line.asked();
    line.type_in("stp command:; DSP ORDER: NAME=b;");
    assert!(matches!(line.asked().request.operation, Operation::Cancel(_)));
    line.end(Err(Fault::new(FaultKind::NotAllowed, "too-late", "it is settled")));
    assert!(line.said().contains("%%stp command:;%%\nRETCODE = 2405  it is settled"));
    line.end(Ok(created("a")));
    assert!(matches!(line.asked().request.operation, Operation::Read(_)));
    line.end(Ok(order("b")));
    line.type_in("STP COMMAND:;");
    assert!(line.said().contains("RETCODE = 3404  no command is being performed"));
}

#[test]
fn a_list_is_stopped_between_pages() {
    let mut line = Line::logged_in();
    line.type_in("LST ORDER:;");
    line.slow(true);
    line.end(Ok(page(&["a"], Some("next"))));
    line.slow(false);
    line.type_in("\u{3}");
    assert!(matches!(line.asked().request.operation, Operation::List(_)));
    assert!(matches!(line.asked().request.operation, Operation::Cancel(_)));
    line.end(Ok(Outcome::Done));
    line.end(Ok(page(&["b"], Some("further"))));
    assert!(line.said().contains("RETCODE = 3603  stopped as you asked; there is more"));
    assert!(line.nothing_asked());
}

#[test]
fn the_tenant_spoken_of_stays() {
    let mut line = Line::logged_in();
    line.type_in("USE TENANT: NAME=other; LST ORDER: LIMIT=1;");
    assert_eq!(line.asked().request.tenant.as_ref().map(|t| t.as_str()), Some("other"));
    line.end(Ok(page(&[], None)));
    line.type_in("USE TENANT:; DSP ORDER: NAME=a, UNLIKE=7, WAIT=9;");
    let asked = line.asked();
    assert_eq!((asked.request.tenant, asked.request.unlike), (None, Some(Revision(7))));
}

#[test]
fn the_gateway_stops() {
    let mut line = Line::logged_in();
    line.type_in("DSP ORDER: NAME=a; RMV SERVICE: NAME=b;");
    line.stop();
    assert!(!line.closed());
    line.end(Ok(order("a")));
    assert!(line.closed() && line.nothing_asked());
    assert!(line.said().ends_with("NOTICE\nthe gateway stops; goodbye\n---    END\n\n"));
    let mut idle = Line::logged_in();
    idle.stop();
    assert!(idle.closed());
}

#[test]
fn a_telnet_client_is_kept_in_line_mode() {
    let mut line = Line::logged_in();
    line.octets(b"\xff\xfd\x01\xff\xfb\x1fHLP LGI\xff\xfa\x18;;\xff\xf0;\r\0\xff\xf6");
    let said = line.octets_said();
    assert!(said.starts_with(b"\xff\xfc\x01\xff\xfe\x1f+++"), "{said:?}");
    assert!(said.ends_with(b"[yes]\r\n"));
}

#[test]
fn bad_octets_are_refused_clearly() {
    let mut line = Line::logged_in();
    line.octets(b"ADD ORDER: NAME=\"\xc3\x28\";");
    assert!(line.said().contains("RETCODE = 1001  the command is not UTF-8"));
    line.octets(b"ADD ORDER: LABEL=\"\xff\xff\";");
    assert!(line.said().contains("RETCODE = 1001  the command is not UTF-8"));
    line.octets("ADD ORDER: LABEL=\"ä\", NAME=a;".as_bytes());
    assert!(matches!(line.asked().request.operation, Operation::Create(_)));
}

#[test]
fn a_command_too_long_is_refused_and_the_next_is_taken() {
    let mut line = Line::logged_in();
    line.type_in(&format!("ADD ORDER: LABEL=\"{};\"; DSP ORDER: NAME=a;", "x".repeat(70_000)));
    assert!(line.said().contains("RETCODE = 1413  a command is at most 65536 octets"));
    assert!(matches!(line.asked().request.operation, Operation::Read(_)));
    line.end(Ok(order("a")));
    line.type_in(&"x".repeat(1_200_000));
    let said = line.said();
    assert!(line.closed() && said.contains("a command without end; goodbye"), "{said}");
}

#[test]
fn much_help_is_given_in_portions() {
    let mut line = Line::logged_in();
    line.type_in(&"?".repeat(5_000));
    assert!(line.most_at_once() < 64 * 1_024, "{}", line.most_at_once());
    assert_eq!(line.said().matches("---    END").count(), 5_000);
}

#[test]
fn a_fault_tells_the_request() {
    let mut line = Line::logged_in();
    line.type_in("DSP ORDER: NAME=a;");
    let id = line.asked().id;
    line.end(Err(Fault::internal("a cause that is not told")));
    let said = line.said();
    assert!(said.contains(&format!("REQUEST  =  {id}")) && !said.contains("a cause"), "{said}");
}

#[test]
fn an_idle_session_is_small() {
    let mut line = Line::logged_in();
    line.type_in(&format!("ADD ORDER: LABEL=\"{}\";", "x".repeat(60_000)));
    assert!(std::mem::size_of::<crate::session::Session>() <= 1_024);
    assert_eq!(line.unread(), 0);
}

#[test]
fn banner_and_prompt_are_shown() {
    let options = Options {
        banner: "Authorised use only.\nAll is recorded.".to_owned(),
        prompt: "> ".to_owned(),
        ..Options::default()
    };
    let mut line = Line::open(options);
    assert_eq!(line.said(), "Authorised use only.\nAll is recorded.\n> ");
    line.type_in("HLP LGO;");
    assert!(line.said().ends_with("---    END\n\n> "));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn octet_by_octet_is_as_all_at_once(parts in proptest::collection::vec(likely(), 0..16), cuts in proptest::collection::vec(1..9u8, 1..5)) {
        let octets = parts.concat();
        let schema = strowger_kinds::all();
        let at = line::start();
        let whole = crate::fuzz::feed(&schema, &octets, &[255], at, &session());
        prop_assert_eq!(&crate::fuzz::feed(&schema, &octets, &[1], at, &session()), &whole);
        prop_assert_eq!(&crate::fuzz::feed(&schema, &octets, &cuts, at, &session()), &whole);
    }

    #[test]
    fn no_octets_make_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _said = crate::fuzz::feed(&strowger_kinds::all(), &octets, &[7], line::start(), &session());
    }
}

fn likely() -> impl Strategy<Value = Vec<u8>> {
    let parts: [&[u8]; 18] = [
        b"LGI: OP=a, PWD=b;",
        b"LST ORDER:;",
        b"LST ORDER: LIMIT=5;",
        b"DSP ORDER: NAME=a;",
        b"ADD ORDER: NAME=b, OFFER=c;",
        b"HLP;",
        b"?",
        b";",
        b"\r\n",
        b"\r",
        b"\n",
        b" ",
        b"\xff\xfd\x01",
        b"\xff\xff",
        b"\"",
        b"// x\n",
        b"USE TENANT: NAME=a;",
        b"STP COMMAND:;",
    ];
    proptest::sample::select(parts.map(<[u8]>::to_vec).to_vec())
}
