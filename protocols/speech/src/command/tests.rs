use super::*;
use crate::trunk::schema;
use strowger_primitive::{Place, upper};

fn said(text: &str) -> String {
    match parse(&schema(), text) {
        Ok(Command { act: Act::Ask(operation), .. }) => match operation {
            Operation::Create(document) => format!("create {:?}", document.fields),
            Operation::Read(target) => format!("read {}", target.index),
            Operation::List(query) => {
                let filters: Vec<_> = query.filters.iter().map(|f| format!("{}={:?}", f.field.name, f.value)).collect();
                let sort: Vec<_> = query.sort.iter().map(|s| (s.field.name, s.descending)).collect();
                format!("list {filters:?} {sort:?} {} {:?}", query.limit, query.cursor.map(|c| c.0))
            }
            Operation::Update(target, only, patch) => format!("update {} {only:?} {:?}", target.index, patch.0),
            Operation::Delete(target, only) => format!("delete {} {only:?}", target.index),
            Operation::Invoke(target, action, input) => format!("{} {} {input:?}", action.name, target.index),
            Operation::Cancel(_) | Operation::Prove => "never".to_owned(),
        },
        Ok(Command { act, .. }) => format!("{act:?}"),
        Err(Bad::Fields { declared, flaws }) => {
            let lines = flaws.iter().map(|flaw| {
                let place = match &flaw.place {
                    Place::Field(path) => path.print(declared, upper),
                    Place::Unknown(name) => format!("?{name}"),
                };
                format!("{place}: {}", flaw.why)
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        Err(bad) => bad.to_string(),
    }
}

/// The value of one field as it was understood.
fn value(said_value: &str) -> String {
    let text = format!("MOD TRUNK: NAME=t1, {said_value};");
    let all = said(&text);
    let inner = all.strip_prefix("update t1 None [(Path { field: ").and_then(|r| r.strip_suffix(")]"));
    inner.and_then(|r| r.split_once("inner: Whole }, ")).map_or_else(|| all.clone(), |(_, change)| change.to_owned())
}

#[test]
fn every_type_is_read() {
    for (typed, read) in [
        ("STATE=IN_SERVICE", "Set(Enum(2))"),
        ("STATE=in-service", "Set(Enum(2))"),
        ("STATE=\"InService\"", "Set(Enum(2))"),
        ("MAX_CALLS=5", "Set(Uint(5))"),
        ("maxcalls=\"5\"", "Set(Uint(5))"),
        ("QUOTA=18446744073709551615", "Set(Uint(18446744073709551615))"),
        ("PRICE=12.5", "Set(Decimal(1250))"),
        ("PRICE=-0.05", "Set(Decimal(-5))"),
        ("GAIN=-5", "Set(Int(-5))"),
        ("INBOUND=TRUE", "Set(Bool(true))"),
        ("REMARK=\"a \\\"b\\\" ;\\n\"", "Set(Text(\"a \\\"b\\\" ;\\n\"))"),
        ("REMARK=plain", "Set(Text(\"plain\"))"),
        ("REMARK=\"NULL\"", "Set(Text(\"NULL\"))"),
        ("TAG=H'0AFF", "Set(Bytes([10, 255]))"),
        ("UNTIL=\"1970-01-01T00:00:01Z\"", "Set(Time(Time(1000)))"),
        ("SETUP=90", "Set(Uint(90))"),
        ("SECRET=\"x\"", "Set(Secret(*****))"),
        ("CIRCUITS=7", "Set(List([Uint(7)]))"),
        ("CIRCUITS=1&3&&5&9", "Set(List([Uint(1), Uint(3), Uint(4), Uint(5), Uint(9)]))"),
        ("WAS=IDLE&IN_SERVICE", "Set(List([Enum(1), Enum(2)]))"),
        (
            "ROUTES={NO=1,PREFIX=\"44\"}&{PREFIX=\"49\",HOPS=1&2,NOTES=\"a=b\"}",
            concat!(
                "Set(Rows({1: Fields([(2, Text(\"44\"))]), 2: Fields([(2, Text(\"49\")), ",
                "(3, List([Uint(1), Uint(2)])), (4, Map({\"a\": \"b\"}))])}))"
            ),
        ),
        ("MARKS=\"a=1\"&\"b=x=y\"", "Set(Map({\"a\": \"1\", \"b\": \"x=y\"}))"),
        ("EXTRA=\"{\\\"a\\\":[1,2.5,null]}\"", "Set(Any(Map([(\"a\", List([Int(1), Float(2.5), Null]))])))"),
        ("EXTRA=true", "Set(Any(Bool(true)))"),
        ("STATE=NULL", "Unset"),
        ("REMARK=\"\"", "Unset"),
        ("ROUTES=null", "Unset"),
        ("CALLS=0", "Set(Uint(0))"),
    ] {
        assert_eq!(value(typed), read, "{typed}");
    }
}

#[test]
fn what_is_no_value_says_what_is_expected() {
    for (typed, why) in [
        ("STATE=BUSY", "STATE: must be one of IDLE, IN_SERVICE"),
        ("MAX_CALLS=0", "MAX_CALLS: must be a whole number from 1 to 10000"),
        ("MAX_CALLS=1&2", "MAX_CALLS: must be a whole number from 1 to 10000"),
        ("PRICE=1.234", "PRICE: must be a number with at most 2 digits after the point"),
        ("GAIN=21", "GAIN: must be a whole number from -60 to 20"),
        ("INBOUND=YES", "INBOUND: must be TRUE or FALSE"),
        ("TAG=H'0", "TAG: must be at most 16 octets, in hexadecimal as H'0AFF"),
        ("UNTIL=noon", "UNTIL: must be a time as \"2026-11-24T12:00:03Z\""),
        ("SETUP=-1", "SETUP: must be a whole number from 0 to 100000, or one with d, h, m or s"),
        ("CIRCUITS=1&x&3", "CIRCUITS.1: must be a whole number from 0 to 99"),
        ("CIRCUITS=1&NULL", "CIRCUITS.1: an element cannot be null"),
        ("CIRCUITS=1&&9", "CIRCUITS: must have at most 8 elements"),
        ("CIRCUITS=0&&4000000000", "CIRCUITS: must have at most 8 elements"),
        ("CIRCUITS=98&&100", "CIRCUITS: each must be a whole number from 0 to 99"),
        ("CIRCUITS=5&&3", "CIRCUITS: a range is of whole numbers, the smaller one first, as 3&&7"),
        ("WAS=A&&B", "WAS: a range is of whole numbers, as 3&&7"),
        ("ROUTES=5", "ROUTES: expected records, as {NO=1,A=b}&{NO=2,A=c}"),
        ("ROUTES={NO=x}", "ROUTES: NO is a whole number from 1 to 4294967295"),
        ("ROUTES={NO=0}", "ROUTES: NO is a whole number from 1 to 4294967295"),
        ("ROUTES={NO=1}&{NO=1}", "ROUTES.1: is said twice"),
        ("ROUTES={PREFX=1}", "?PREFX: no such subfield; did you mean PREFIX?"),
        ("ROUTES={PREFIX=1,PREFIX=2}", "ROUTES.1: PREFIX is said twice"),
        ("ROUTES={HOPS=1000}", "ROUTES.1.HOPS: must be a whole number from 0 to 99"),
        ("ROUTES={}&{}&{}&{}", "ROUTES: must have at most 3 records"),
        ("MARKS=a", "MARKS: must be \"name=value\"&\"name=value\", at most 3"),
        ("MARKS=\"a=1\"&\"a=2\"", "MARKS.a: is said twice"),
        ("EXTRA=\"{\"", "EXTRA: is no JSON: expected a string at character 2"),
        ("PEER_OFFER=\"No Name\"", "PEER_OFFER: must be the name of one OFFER"),
    ] {
        assert_eq!(value(typed), why, "{typed}");
    }
}

#[test]
fn every_command_is_understood() {
    for (typed, understood) in [
        (
            "ADD ORDER: NAME=\"demo-1\", OFFER=\"hello\", PARAMETERS=\"greeting=hi\";",
            "create Fields([(2, Text(\"demo-1\")), (11, Text(\"hello\")), (12, Map({\"greeting\": \"hi\"}))])",
        ),
        (
            "add order: items={no=1,offer=hello}&{offer=bye}",
            "create Fields([(13, Rows({1: Fields([(3, Text(\"hello\"))]), 2: Fields([(3, Text(\"bye\"))])}))])",
        ),
        ("DSP ORDER: NAME=demo-1;", "read demo-1"),
        ("DSP RECORD: SEQUENCE=5;", "read 5"),
        ("LST ORDERS;", "list [] [] 100 None"),
        (
            "LST ORDER: STATE=COMPLETED, MESSAGE=NULL, SORT=-CREATED_AT&NAME, LIMIT=5, CURSOR=\"c\";",
            "list [\"state=Some(Enum(5))\", \"message=None\"] [(\"created-at\", true), (\"name\", false)] 5 Some(\"c\")",
        ),
        ("LST TRUNK: CIRCUITS=7;", "list [\"circuits=Some(Uint(7))\"] [] 100 None"),
        (
            "MOD OFFER: NAME=hello, IF_REVISION=5, LABEL=\"x\", DESCRIPTION=NULL;",
            concat!(
                "update hello Some(Revision(5)) [(Path { field: 3, inner: Whole }, Set(Text(\"x\"))), ",
                "(Path { field: 11, inner: Whole }, Unset)]"
            ),
        ),
        ("RMV OFFER: NAME=hello;", "delete hello None"),
        ("CANCEL ORDER: NAME=demo-1;", "cancel demo-1 Fields([])"),
        ("DRAIN TRUNK: NAME=t1, GRACE=2m;", "drain t1 Fields([(1, Uint(120))])"),
        ("LGI: OP=\"alice@acme\", PWD=\"x\";", "LogIn(LogIn { principal: \"alice@acme\", secret: ***** })"),
        ("LGO:;", "LogOut"),
        ("USE TENANT: NAME=acme;", "UseTenant(Some(\"acme\"))"),
        ("USE TENANT:;", "UseTenant(None)"),
        ("STP COMMAND:;", "Stop"),
    ] {
        assert_eq!(said(typed), understood, "{typed}");
    }
}

#[test]
fn every_flaw_is_named_at_once() {
    for (typed, why) in [
        (
            "ADD TRUNK: STATE=X, CALLS=5, MAXCALS=1, NAME=t1, NAME=t2, WAIT=soon;",
            concat!(
                "STATE: must be one of IDLE, IN_SERVICE\nCALLS: only the gateway sets this\n",
                "?MAXCALS: no such parameter; did you mean MAX_CALLS?\nNAME: is said twice\n",
                "?WAIT: must be a whole number from 0 to 3600, or one with d, h, m or s\nPEER_OFFER: is required"
            ),
        ),
        ("DSP ORDER:;", "?NAME: is required"),
        (
            "DSP ORDER: NAME=\"No\";",
            "?NAME: must be one: a name is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit",
        ),
        ("DSP ORDER: NAME=a, STATE=FAILED;", "STATE: DSP ORDER does not take this"),
        ("DRAIN TRUNK: NAME=t1;", "GRACE: is required"),
        ("LST ORDER: PARAMETERS=\"a=b\";", "PARAMETERS: LST ORDER does not take this"),
        (
            "LST ORDER: SORT=STAT&ITEMS, FIELDS=NAM, LIMIT=0;",
            concat!(
                "?SORT: no such field STAT; did you mean STATE?\n",
                "?SORT: no such field ITEMS; did you mean STEPS?\n",
                "?FIELDS: no such field NAM; did you mean NAME?\n?LIMIT: must be a whole number from 1 to 1000"
            ),
        ),
        ("LGI: OP=a, PASSWORD=b;", "?PASSWORD: no such parameter; HLP LGI; lists them\n?PWD: is required"),
        ("LGI: OP=a, PWD=b, c=d;", "?*****: LGI has no such parameter; is a value without its quotes before it?"),
        ("LGO: A=1;", "?A: LGO takes no parameters"),
        ("FROB ORDER:;", "there is no such command; HLP; lists all"),
        ("LTS ORDER:;", "there is no such command; did you mean LST? HLP; lists all"),
        ("LST ODER:;", "there is no kind ODER; did you mean ORDER?"),
        ("ADD:;", "ADD what? one of TENANT, PRINCIPAL, CREDENTIAL, POLICY, OFFER, ORDER, SERVICE, TRUNK"),
        ("RMV ORDER: NAME=a;", "RMV is never said of ORDER; it has ADD, DSP, LST, MOD, CANCEL"),
        ("CANCEL OFFER: NAME=a;", "CANCEL is never said of OFFER; it has ADD, DSP, LST, MOD, RMV"),
        ("LGI hunter2;", "LGI speaks of nothing else; HLP LGI; explains it"),
    ] {
        assert_eq!(said(typed), why, "{typed}");
    }
    assert!(matches!(parse(&schema(), &"A".repeat(LONGEST + 1)), Err(Bad::TooLong)));
    let long = "k".repeat(10_000);
    assert!(said(&format!("ADD ORDER: PARAMETERS=\"{long}=1\"&\"{long}=2\";")).len() < 200, "a key is told back short");
    for many in [
        format!("ADD ORDER: {}B=1;", "A=1,".repeat(16_000)),
        format!("ADD ORDER: ITEMS={{{}B=1}};", "A=1,".repeat(16_000)),
    ] {
        let Err(Bad::Fields { flaws, .. }) = parse(&schema(), &many) else { panic!("it parses") };
        assert_eq!(flaws.len(), 64, "so many are enough");
    }
}

#[test]
fn reserved_parameters_are_understood() {
    let text = "ADD ORDER: NAME=a, OFFER=b, WAIT=20, KEY=\"7d1f\", TENANT=acme, FIELDS=NAME&STATE&NAME;";
    let command = parse(&schema(), text).unwrap();
    assert_eq!(command.wait, Duration::from_secs(20));
    assert_eq!(command.tenant.as_ref().map(Name::as_str), Some("acme"));
    assert_eq!(command.fields.iter().map(|f| f.name).collect::<Vec<_>>(), ["name", "state"]);
    assert_eq!(command.key.as_ref().map(|k| &*k.bytes), Some(&b"7d1f"[..]));
    assert!(parse(&schema(), "LST ORDER:;").unwrap().whole && !parse(&schema(), "LST ORDER: LIMIT=9;").unwrap().whole);
    let unlike = parse(&schema(), "DSP ORDER: NAME=a, UNLIKE=7, WAIT=9;").unwrap();
    assert_eq!(unlike.unlike, Some(Revision(7)));
}

#[test]
fn the_same_command_has_the_same_fingerprint() {
    let of = |text: &str| parse(&schema(), text).unwrap().key.unwrap().fingerprint;
    let first = of("ADD ORDER: NAME=\"a\", OFFER=\"b\", KEY=1;");
    assert_eq!(first, of("add order: offer=b, wait=5, name=a, key=1;"), "however it is typed");
    assert_eq!(first, of("ADD ORDER: NAME=a, OFFER=b, TENANT=t, KEY=1;"), "the pipeline knows the tenant");
    for other in ["ADD ORDER: NAME=a, OFFER=c, KEY=1;", "ADD SERVICE: NAME=a, OFFER=b, KEY=1;"] {
        assert_ne!(first, of(other), "{other}");
    }
    let secret = |s: &str| of(&format!("ADD CREDENTIAL: PRINCIPAL=a, SECRET={s}, KEY=1;"));
    assert_ne!(secret("x"), secret("y"));
}
