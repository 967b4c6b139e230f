use super::*;
use serde_json::Value;

const INFO: Info<'_> = Info { title: "Strowger", version: "0.1.0", server: "" };

fn contract_of(print: fn(&Schema, &Info<'_>) -> String) -> Value {
    let text = print(&strowger_kinds::all(), &INFO);
    assert_eq!(text, print(&strowger_kinds::all(), &INFO), "the same octets every time");
    serde_json::from_str(&text).unwrap()
}

/// Calls `each` with every object and its place.
fn walk(value: &Value, place: &str, each: &mut dyn FnMut(&str, &serde_json::Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            each(place, map);
            for (key, value) in map {
                walk(value, &format!("{place}/{key}"), each);
            }
        }
        Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| walk(v, &format!("{place}/{i}"), each)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What openapi-spec-validator lets pass.
#[test]
fn references_resolve_and_what_is_required_exists() {
    for print in [v31, v30] {
        let contract = contract_of(print);
        walk(&contract, "", &mut |place, map| {
            if let Some(Value::String(target)) = map.get("$ref") {
                assert!(contract.pointer(target.trim_start_matches('#')).is_some(), "{place}: {target}");
                assert_eq!(map.len(), 1, "{place}: something beside a reference");
            }
            if let (Some(Value::Array(required)), Some(properties)) = (map.get("required"), map.get("properties")) {
                for name in required {
                    assert!(properties.get(name.as_str().unwrap()).is_some(), "{place}: {name}");
                }
            }
        });
    }
}

#[test]
fn each_form_speaks_its_own_dialect() {
    walk(&contract_of(v31), "", &mut |place, map| assert!(!map.contains_key("nullable"), "{place}"));
    let old = contract_of(v30);
    walk(&old, "", &mut |place, map| {
        assert!(!matches!(map.get("type"), Some(Value::Array(_))), "{place}");
        for word in ["propertyNames", "contentEncoding", "const", "nullable"] {
            assert!(!map.contains_key(word) || place.ends_with("/properties"), "{place}: {word}");
        }
        if let (Some(Value::Object(content)), Some(true)) = (map.get("content"), Some(place.ends_with("/requestBody")))
        {
            assert_eq!(content.len(), 1, "{place}: one media type");
        }
    });
}

#[test]
fn lists_are_sorted_by_what_the_door_takes() {
    let contract = contract_of(v31);
    let sort = |path: &str| {
        let parameters = contract["paths"][path]["get"]["parameters"].as_array().unwrap();
        parameters.iter().find(|parameter| parameter["name"] == "sort").unwrap()["schema"]["pattern"].clone()
    };
    assert_eq!(sort("/v1/records"), "^-?(sequence)(,-?(sequence)){0,6}$", "a log has one order");
    assert!(sort("/v1/services").as_str().unwrap().ends_with("{0,6}$"), "seven keys");
}

/// Generators of typed clients want one type of success and one of failure an operation.
#[test]
fn the_old_form_has_one_success_and_one_failure() {
    let old = contract_of(v30);
    walk(&old, "", &mut |place, map| {
        let Some(Value::Object(responses)) = map.get("responses") else { return };
        if place == "/components" {
            return;
        }
        let mut shapes: Vec<Option<&Value>> =
            responses.iter().filter(|(s, _)| s.starts_with('2')).map(|(_, r)| r.get("content")).collect();
        shapes.dedup();
        assert_eq!(shapes.len(), 1, "{place}");
        assert!(responses.contains_key("4XX") && responses.contains_key("5XX"), "{place}");
    });
}

#[test]
fn what_a_maker_must_say_is_required_and_nothing_else_is_taken() {
    let contract = contract_of(v31);
    let at = |pointer: &str| contract.pointer(&format!("/components/schemas/{pointer}")).unwrap().clone();
    assert_eq!(at("ServiceCreate/required"), serde_json::json!(["offer"]));
    assert_eq!(at("ServiceCreate/additionalProperties"), Value::Bool(false));
    assert_eq!(at("ServiceCreate/properties/label/type"), serde_json::json!(["string", "null"]));
    assert_eq!(at("ServiceCreate/properties/offer/type"), Value::from("string"));
    assert_eq!(at("PolicyCreate/properties/cedar/minLength"), Value::from(1));
    assert_eq!(at("Service/required"), serde_json::json!(["id", "name"]));
    assert!(at("Service/properties/state").get("enum").is_none(), "states are open");
    assert!(at("OfferCreate/properties/state").get("enum").is_some());
    assert!(at("CredentialCreate/properties/secret/writeOnly").as_bool().unwrap());
    assert!(contract.pointer("/components/schemas/Credential/properties/secret").is_none(), "never shown");
    assert!(at("OfferPatch/properties/unset").is_object());
    assert!(contract.pointer("/paths/~1v1~1records~1{sequence}~1prove/post").is_some());
    assert!(contract.pointer("/paths/~1v1~1orders~1{name}/delete").is_none(), "orders are kept");
}
