use super::*;
use std::sync::Arc;
use std::time::Duration;
use strowger_kinds::order;
use strowger_primitive::{Cursor, Document, FaultKind, Fields, Page, Payload, Shown, Value, common};

const HEADING: Heading<'static> =
    Heading { node: "GW1", at: Time(1_795_578_607_000), serial: 2, echo: "DSP ORDER: NAME=\"demo-1\";", request: None };
const TOP: &str = "+++    GW1        2026-11-25 03:50:07+00:00\nO&M    #2\n%%DSP ORDER: NAME=\"demo-1\";%%\n";

fn view(lines: usize, more: bool) -> View<'static> {
    View { fields: &[], lines, more }
}

fn shown(outcome: &Outcome, view: &View<'_>) -> String {
    let text = report_outcome(&HEADING, outcome, view, &mut Series::default());
    assert!(text.lines().count() > 0 && !text.replace("\r\n", "").contains(['\r', '\n']), "lines end with CR LF");
    text.replace("\r\n", "\n").replace(TOP, "TOP\n")
}

fn order(name: &str) -> Document {
    let mut order = Document::new(&order::DECL);
    order.fields.set_text(&common::NAME, name);
    order.fields.set(&order::STATE, Value::Enum(order::COMPLETED));
    order.fields.set(&order::PARAMETERS, Value::Map([("greeting".into(), "hi".into())].into()));
    let item = Fields::from_iter([(3, Value::Text("hello".into())), (6, Value::Enum(5))]);
    order.fields.set(&order::ITEMS, Value::Rows([(1, item)].into()));
    order.fields.set_text(&order::MESSAGE, "two\nlines \u{9b}1m");
    order
}

fn page(names: &[&str], next: Option<&str>) -> Outcome {
    let documents = names.iter().map(|n| Arc::new(order(n))).collect();
    let next = next.map(|n| Cursor(n.into()));
    Outcome::Page(Page { kind: &order::DECL, documents, hidden: [order::MESSAGE.number].into(), next })
}

#[test]
fn one_thing_is_a_block() {
    let document = Outcome::Document(Shown { document: Arc::new(order("demo-1")), hidden: [].into() });
    let expected = "TOP
RETCODE = 0  Operation succeeded

ORDER demo-1
------------
NAME                 =  demo-1
STATE                =  COMPLETED
PARAMETERS.greeting  =  hi
ITEMS.1.OFFER        =  hello
ITEMS.1.STATE        =  COMPLETED
MESSAGE              =  \"two\\nlines \\u{9b}1m\"

(Number of results = 1)

---    END

";
    assert_eq!(shown(&document, &view(200, false)), expected);
    let hidden = Outcome::Document(Shown {
        document: Arc::new(order("demo-1")),
        hidden: [order::MESSAGE.number, order::ITEMS.number].into(),
    });
    assert!(!shown(&hidden, &view(200, false)).contains("MESSAGE"));
    let some = View { fields: &[&order::STATE, &order::MESSAGE], lines: 9, more: false };
    assert!(!shown(&hidden, &some).contains("PARAMETERS") && !shown(&hidden, &some).contains("MESSAGE"));
}

#[test]
fn many_are_a_table_with_a_cursor() {
    let some = View { fields: &[&common::NAME, &order::STATE, &order::OFFER], lines: 9, more: false };
    let expected = "TOP
RETCODE = 0  Operation succeeded

NAME    STATE      OFFER
------------------------
demo-1  COMPLETED
demo-2  COMPLETED

CURSOR  =  \"6465\"

(Number of results = 2)

---    END

";
    assert_eq!(shown(&page(&["demo-1", "demo-2"], Some("6465")), &some), expected);
    let none = "TOP\nRETCODE = 0  Operation succeeded\n\n(Number of results = 0)\n\n---    END\n\n";
    assert_eq!(shown(&page(&[], None), &view(9, false)), none);
}

#[test]
fn long_output_is_split_into_reports() {
    let names: Vec<String> = (0..25).map(|i| format!("d{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut series = Series::default();
    let first = report_outcome(&HEADING, &page(&names, Some("c")), &view(10, true), &mut series);
    let last = report_outcome(&HEADING, &page(&["z"], None), &view(10, false), &mut series);
    assert_eq!(first.matches("---    END").count(), 3);
    assert_eq!(first.matches("To be continued...").count(), 3);
    assert_eq!(first.matches("NAME").count() - first.matches("ORDER: NAME").count(), 3, "each report has the heading");
    assert!(!first.contains("CURSOR") && !first.contains("Number of results"));
    assert!(last.contains("(Number of results = 26)") && last.contains("4 reports in total"), "{last}");
    let help = report_text(&HEADING, &"line\n".repeat(25), 10);
    assert_eq!(help.matches("To be continued...").count(), 2);
    assert!(help.contains("3 reports in total"));
}

#[test]
fn wide_things_are_blocks_also_in_lists() {
    let record =
        strowger_kinds::record::DECL.fields().fold(Document::new(&strowger_kinds::record::DECL), |mut d, f| {
            if let strowger_primitive::Type::Text { .. } = f.ty {
                d.fields.set_text(f, "x");
            }
            d
        });
    let outcome = Outcome::Page(Page {
        kind: record.kind,
        documents: vec![Arc::new(record.clone()), Arc::new(record)],
        hidden: [].into(),
        next: None,
    });
    let text = shown(&outcome, &view(200, false));
    assert_eq!(text.matches("PRINCIPAL").count(), 2);
    assert!(text.contains("(Number of results = 2)"));
}

#[test]
fn what_has_nothing_to_show_is_short() {
    assert_eq!(shown(&Outcome::Done, &view(9, false)), "TOP\nRETCODE = 0  Operation succeeded\n\n---    END\n\n");
    let accepted = Outcome::Accepted(Shown { document: Arc::new(order("a")), hidden: [].into() });
    assert!(shown(&accepted, &view(99, false)).contains("RETCODE = 0  Operation accepted, the work goes on"));
    let reply = Outcome::Reply(Payload {
        action: &crate::trunk::DECL.actions[1],
        fields: Fields::from_iter([(1, Value::Uint(7))]),
    });
    assert!(shown(&reply, &view(99, false)).contains("LEFT  =  7"));
}

#[test]
fn a_fault_names_every_place() {
    let fault = Fault::new(FaultKind::NotFound, "offer-not-found", "no offer \"helo\" in acme or shared")
        .at(strowger_primitive::Path::whole(order::OFFER.number), "no such offer");
    let text = report_fault(&HEADING, &fault, order::DECL.fields).replace("\r\n", "\n").replace(TOP, "TOP\n");
    let expected = "TOP
RETCODE = 3404  no offer \"helo\" in acme or shared

FAULT  =  offer-not-found

PARAMETER  WHAT IS WRONG
------------------------
OFFER      no such offer

---    END

";
    assert_eq!(text, expected);
    let known = Heading { request: Some(strowger_primitive::Id(5)), ..HEADING };
    assert!(report_fault(&known, &fault, &[]).contains("REQUEST  =  00000000000000000000000005\r\n"));
    let busy = Fault::overloaded(Duration::from_secs(2), "too much is asked");
    let text = report_fault(&HEADING, &busy, &[]);
    assert!(text.contains("RETCODE = 1503  too much is asked; ask again in 2 s\r\n"));
    assert!(text.contains("RETRY_AFTER  =  2 s\r\n"));
}

#[test]
fn progress_and_notices_have_no_retcode() {
    let headline = Headline { text: "process started".into(), done: 2, of: 4 };
    let text = progress(&HEADING, &headline).replace("\r\n", "\n").replace(TOP, "TOP\n");
    assert_eq!(text, "TOP\nPROGRESS = 2/4  process started\nTo be continued...\n---    END\n\n");
    assert_eq!(
        notice("GW1", Time(1_795_578_607_000), "the gateway stops").replace("\r\n", "\n"),
        "+++    GW1        2026-11-25 03:50:07+00:00\nNOTICE\nthe gateway stops\n---    END\n\n"
    );
}
