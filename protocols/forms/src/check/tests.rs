use super::*;
use strowger_primitive::{Access, Choice, EnumDecl, Meter, RecordClass, Type};

const GAUGE: Meter = Meter::Gauge;
const TRUTH: Type = Type::Bool;

fn field(number: u16, name: &'static str, ty: Type) -> FieldDecl {
    FieldDecl::new(number, name, ty, "A field.")
}

/// A kind with these fields beside the common ones. Declarations are static, so tests leak theirs.
fn kind(number: u16, name: &'static str, fields: Vec<FieldDecl>) -> KindDecl {
    let plural: &'static str = format!("{name}s").leak();
    KindDecl {
        name,
        plural,
        number,
        since: 1,
        doc: "A kind.",
        indexed: Indexed::Name,
        missing: format!("{name}-not-found").leak(),
        owner: 7,
        verbs: &[(Verb::Create, RecordClass::Each), (Verb::Read, RecordClass::Counted)],
        fields: vec![common::NAMED, fields.leak()].leak(),
        actions: &[],
    }
}

fn found(kinds: Vec<KindDecl>) -> Vec<String> {
    check_schema(&kinds.leak().iter().collect())
}

fn found_in(fields: Vec<FieldDecl>) -> Vec<String> {
    found(vec![kind(40, "trunk", fields)])
}

#[test]
fn a_sound_schema_breaks_nothing() {
    assert_eq!(check_schema(&[&crate::specimen::DECL].into_iter().collect()), [""; 0]);
}

#[test]
fn words_of_protocols_are_refused() {
    for name in [
        "table",
        "entry",
        "row-status",
        "storage-type",
        "unset",
        "action",
        "tenant",
        "sort",
        "limit",
        "cursor",
        "fields",
        "json",
        "wait",
        "help",
        "where",
        "set",
        "null",
        "true",
        "false",
        "ref",
        "class",
        "method",
        "tosubclass",
        "key",
        "if-revision",
        "xml-body",
    ] {
        let broken = found_in(vec![field(10, name, TRUTH)]);
        assert!(broken.iter().any(|b| b.starts_with(&format!("trunk.{name}: "))), "{name}: {broken:?}");
    }
    assert!(found(vec![kind(40, "long", vec![])])[0].contains("Cedar"));
    assert!(found(vec![kind(40, "problem", vec![])])[0].contains("contract"));
}

#[test]
fn names_are_kebab_and_differ_without_hyphens() {
    for name in ["Max", "max_calls", "-max", "max-", "max--calls", "4max", ""] {
        let broken = found_in(vec![field(10, name, TRUTH)]);
        assert!(broken.iter().any(|b| b.contains("is not in kebab case")), "{name}: {broken:?}");
    }
    let broken = found_in(vec![field(10, "max-calls", TRUTH), field(11, "maxcalls", TRUTH)]);
    assert!(broken[0].contains("another one is named"), "{broken:?}");
}

#[test]
fn descriptors_of_the_mib_differ() {
    let rows: &[FieldDecl] = vec![field(2, "state", TRUTH)].leak();
    let items = field(13, "items", Type::Rows { of: rows, max: 4 });
    let broken = found(vec![kind(40, "order", vec![field(10, "items-state", TRUTH), items])]);
    assert_eq!(broken, ["order.items.state: the descriptor strwOrderItemsState is also that of order.items-state"]);
    let broken = found(vec![
        kind(40, "order", vec![field(10, "item-x", TRUTH)]),
        kind(41, "order-item", vec![field(10, "x", TRUTH)]),
    ]);
    assert!(broken.iter().any(|b| b.contains("strwOrderItemX is also that of order.item-x")), "{broken:?}");
    let name: &'static str = "a".repeat(60).leak();
    assert!(found_in(vec![field(10, name, TRUTH)])[0].contains("longer than 64"));
    let name: &'static str = "a".repeat(30).leak();
    let schema = vec![kind(40, "trunk", vec![field(10, name, TRUTH)])].leak().iter().collect();
    assert_eq!((check_schema(&schema).len(), long_descriptors(&schema).len()), (0, 1));
}

#[test]
fn numbers_have_their_ranges() {
    for (number, said) in [(0, "begin at 1"), (8, "common to all"), (100, "SNMP's own"), (119, "SNMP's own")] {
        let broken = found_in(vec![field(number, "x", TRUTH)]);
        assert!(broken.iter().any(|b| b.contains(said)), "{number}: {broken:?}");
    }
    assert_eq!(found_in(vec![field(99, "x", TRUTH), field(120, "y", TRUTH)]), [""; 0]);
    assert!(found_in(vec![field(10, "x", TRUTH), field(10, "y", TRUTH)])[0].contains("used twice"));
    assert!(found_in(vec![field(11, "x", TRUTH), field(10, "y", TRUTH)])[0].contains("in the order"));
    assert!(found(vec![kind(9, "trunk", vec![])])[0].contains("begin at 10"));
    assert!(
        found(vec![kind(40, "trunk", vec![]), kind(40, "link", vec![])]).iter().any(|b| b.contains("another kind"))
    );
}

#[test]
fn types_are_sound() {
    static EMPTY: EnumDecl = EnumDecl { name: "empty", open: false, values: &[] };
    static TWICE: EnumDecl = EnumDecl {
        name: "twice",
        open: false,
        values: &[
            Choice { number: 1, name: "a-b", doc: "One." },
            Choice { number: 1, name: "c", doc: "Two." },
            Choice { number: 3, name: "ab", doc: "\u{e4}." },
        ],
    };
    static LIST: Type = Type::List { of: &TRUTH, max: 1 };
    let rows: &[FieldDecl] = vec![field(1, "x", TRUTH), field(2, "y", Type::Any { max: 9 })].leak();
    let write = |f: FieldDecl| FieldDecl { access: Access::Write, ..f };
    for (field, said) in [
        (field(10, "x", Type::I32 { min: 1, max: 0 }), "no number is from"),
        (field(10, "x", Type::Decimal { scale: 19 }), "18 digits"),
        (field(10, "x", Type::Text { max: 0 }), "can hold nothing"),
        (field(10, "x", Type::Bytes { max: 1_025 }), "at most 1024"),
        (field(10, "x", Type::Ref("nothing")), "there is no kind nothing"),
        (field(10, "x", Type::Enum(&EMPTY)), "has no values"),
        (field(10, "x", Type::Enum(&TWICE)), "used once"),
        (field(10, "x", Type::Enum(&TWICE)), "without hyphens"),
        (field(10, "x", Type::Enum(&TWICE)), "twice.ab: documentation"),
        (field(10, "x", Type::List { of: &LIST, max: 1 }), "of scalars"),
        (field(10, "x", Type::Rows { of: rows, max: 1 }), "1 is no"),
        (field(10, "x", Type::Rows { of: rows, max: 1 }), "a record holds"),
        (field(10, "x", Type::Secret { max: 8 }), "a secret is write-only"),
        (write(field(10, "x", Type::U64 { meter: Meter::Counter })), "a counter is read"),
        (field(10, "x", Type::Duration { max: 9 }).unit("us"), "s or ms"),
        (field(10, "x", TRUTH).unit("a b"), "a unit is"),
        (field(10, "x", TRUTH).required(), "may not set it"),
        (field(10, "x", TRUTH).default("true"), "no maker leaves out"),
        (write(field(10, "x", TRUTH)).default("maybe"), "no value of its type"),
        (write(field(10, "x", Type::U32 { min: 1, max: 2, meter: GAUGE })).default("3"), "no value of its type"),
        (FieldDecl { doc: "say \"x\"", ..field(10, "x", TRUTH) }, "without double quotes"),
        (FieldDecl { doc: "", ..field(10, "x", TRUTH) }, "no documentation"),
        (FieldDecl { since: 0, ..field(10, "x", TRUTH) }, "older than"),
    ] {
        let broken = found_in(vec![field]);
        assert!(broken.iter().any(|b| b.contains(said)), "{said}: {broken:?}");
    }
}

#[test]
fn actions_follow_the_rules_too() {
    let one: &[FieldDecl] = vec![field(1, "state", TRUTH)].leak();
    let two: &[FieldDecl] = vec![field(2, "x", TRUTH)].leak();
    let action = |number, name, input, output| ActionDecl { number, name, input, output, since: 1, doc: "It acts." };
    for (action, said) in [
        (action(1, "create", &[], &[]), "a door has a verb"),
        (action(0, "go", &[], &[]), "begin at 1"),
        (action(1, "go", one, &[]), "1 is the invocation"),
        (action(1, "go", one, &[]), "what every invocation has"),
        (action(1, "go", two, two), "used twice among input and output"),
    ] {
        let actions: &'static [ActionDecl] = vec![action].leak();
        let broken = found(vec![KindDecl { actions, ..kind(40, "trunk", vec![]) }]);
        assert!(broken.iter().any(|b| b.contains(said)), "{said}: {broken:?}");
    }
}
