//! What the judge of schemas says, against what a validator says of instances.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use millrace_compatibility::schema::{Change, changes};
use serde_json::{Value, json};

/// Schemas of every keyword, alone and together. Objects are closed where they name properties, because in open ones a new
/// property counts as no change by the rule, though it is one to a validator.
fn schemas() -> Vec<Value> {
    let closed = |properties: Value, required: Value| json!({"type": "object", "additionalProperties": false, "properties": properties, "required": required});
    vec![
        json!(true),
        json!(false),
        json!({"type": "string"}),
        json!({"type": ["string", "null"]}),
        json!({"type": "integer"}),
        json!({"type": "number"}),
        json!({"type": "integer", "minimum": 1, "maximum": 5}),
        json!({"type": "integer", "minimum": 2, "exclusiveMaximum": 6}),
        json!({"exclusiveMinimum": 1, "multipleOf": 2}),
        json!({"type": "string", "minLength": 1, "maxLength": 3}),
        json!({"type": "string", "pattern": "^a"}),
        json!({"type": "string", "pattern": "b$"}),
        json!({"allOf": [{"pattern": "^a"}, {"pattern": "b$"}]}),
        json!({"enum": ["a", "b", 1]}),
        json!({"enum": ["a", "b", "ab", null]}),
        json!({"type": "string", "enum": ["a", 1]}),
        json!({"const": "a"}),
        json!({"const": 5}),
        json!({"not": {"enum": ["a", 5]}}),
        json!({"not": {"type": "string"}}),
        json!({"not": {"type": ["string", "null"]}}),
        json!({"not": {"minimum": 2}}),
        json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
        json!({"anyOf": [{"type": "string", "maxLength": 1}, {"type": "integer"}]}),
        json!({"anyOf": [{"minimum": 2}, {"minLength": 2}]}),
        json!({"type": "string", "anyOf": [{"pattern": "^a"}, {"maxLength": 1}]}),
        json!({"anyOf": [{"const": "a"}, {"const": 1}]}),
        json!({"anyOf": [{"type": "string"}, {}]}),
        json!({"oneOf": [{"const": "a"}, {"const": "b"}]}),
        json!({"oneOf": [{"type": "string"}, {"type": "integer"}]}),
        json!({"oneOf": [{"minimum": 2}, {"maximum": 4}]}),
        json!({"oneOf": [{"type": "integer"}, {"type": "number", "maximum": 2}]}),
        json!({"if": {"type": "string"}, "then": {"maxLength": 1}}),
        json!({"if": {"type": "string"}, "then": {"maxLength": 2}}),
        json!({"if": {"type": "string"}, "then": {"maxLength": 1}, "else": {"type": "integer"}}),
        json!({"type": "array"}),
        json!({"type": "array", "items": {"type": "string"}, "maxItems": 2}),
        json!({"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1, "uniqueItems": true}),
        json!({"items": false}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}}),
        json!({"type": "object", "additionalProperties": {"type": ["integer", "null"]}, "minProperties": 1}),
        json!({"type": "object", "propertyNames": {"maxLength": 1}}),
        json!({"type": "object", "dependentRequired": {"a": ["b"]}}),
        json!({"required": ["a"]}),
        json!({"required": ["a", "b"]}),
        closed(json!({"a": {"type": "integer"}}), json!([])),
        closed(json!({"a": {"type": "integer"}}), json!(["a"])),
        closed(json!({"a": {"type": "integer"}, "b": {"type": "string"}}), json!(["a"])),
        closed(json!({"a": {"type": "number"}, "b": true}), json!([])),
        json!({"type": "object", "additionalProperties": {"type": "string"}, "properties": {"a": {"type": "integer"}}}),
        json!({"allOf": [{"$ref": "#/$defs/a"}, {"required": ["a"]}], "$defs": {"a": closed(json!({"a": true}), json!([]))}}),
        json!({"$ref": "#/$defs/a", "minLength": 2, "$defs": {"a": {"type": "string", "maxLength": 2}}}),
        json!({
            "oneOf": [
                closed(json!({"a": {"const": 1}, "b": {"type": "string"}}), json!(["a", "b"])),
                closed(json!({"a": {"const": 2}}), json!(["a"])),
            ]
        }),
    ]
}

fn instances() -> Vec<Value> {
    let mut instances = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(4),
        json!(5),
        json!(6),
        json!(-1),
        json!(1.5),
        json!(2.0),
        json!(""),
        json!("a"),
        json!("b"),
        json!("c"),
        json!("ab"),
        json!("acb"),
        json!("bbbb"),
        json!([]),
        json!(["a"]),
        json!(["a", "a"]),
        json!(["a", 1]),
        json!([1, 2, 3]),
        json!([null]),
        json!({}),
        json!({"aa": 1}),
    ];
    let values = [json!(1), json!(2), json!(1.5), json!("a"), json!(null)];
    for a in &values {
        instances.push(json!({"a": a}));
        instances.push(json!({"b": a}));
        instances.extend(values.iter().map(|b| json!({"a": a, "b": b})));
    }
    instances
}

/// The judge may call a change worse than it is, and never better.
#[test]
fn what_is_said_to_refuse_nothing_and_to_allow_nothing_does_so_for_every_instance() {
    let (schemas, instances) = (schemas(), instances());
    let valid: Vec<Vec<bool>> = schemas
        .iter()
        .map(|schema| {
            let validator = jsonschema::draft202012::new(schema).unwrap();
            instances.iter().map(|instance| validator.is_valid(instance)).collect()
        })
        .collect();
    let (mut exact, mut told) = (0, 0);
    for (old, before) in schemas.iter().zip(&valid) {
        for (new, after) in schemas.iter().zip(&valid) {
            let found = changes(old, new);
            let says = (found.iter().any(|it| it.refuses_old), found.iter().any(|it| it.allows_new));
            let does = |from: &[bool], to: &[bool]| from.iter().zip(to).position(|(from, to)| *from && !to);
            for (says, witness) in [(says.0, does(before, after)), (says.1, does(after, before))] {
                let instance = witness.map(|at| &instances[at]);
                assert!(says || instance.is_none(), "{old} to {new}: {found:?}, and {instance:?}");
                exact += usize::from(says == instance.is_some());
                told += 1;
            }
        }
    }
    assert!(exact * 100 > told * 85, "{exact} of {told} are exact");
}

/// Who judges a change by hand finds it called what it is.
#[test]
fn a_change_that_keeps_every_instance_is_told_by_its_meaning() {
    let tagged = |mapping: Value| {
        let alternative =
            |tag: &str| json!({"type": "object", "required": ["kind"], "properties": {"kind": {"const": tag}}});
        json!({"oneOf": [alternative("a"), alternative("b")], "discriminator": {"propertyName": "kind", "mapping": mapping}})
    };
    let limit = |default: Value| json!({"type": "integer", "default": default});
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    let circle = |kind: &str| {
        let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "value": {"type": kind}}});
        json!({"$ref": "#/$defs/node", "$defs": {"node": node}})
    };
    let grows = |values: Value| json!({"enum": values, "x-may-grow": true});
    // Before, after, and what it does: refuses, allows, alters.
    let judged = [
        (tagged(json!({"a": "A"})), tagged(json!({"a": "A", "b": "B"})), (false, false, false)),
        (tagged(json!({"a": "A"})), tagged(json!({"a": "B"})), (true, true, false)),
        (limit(json!(1)), limit(json!(2)), (false, false, true)),
        (limit(json!(1)), json!({"type": "integer"}), (false, false, true)),
        (json!({"type": "integer"}), limit(json!(1)), (false, false, false)),
        (object(json!({})), object(json!({"a": {"type": "string"}})), (false, false, false)),
        (object(json!({"a": {"type": "string"}})), object(json!({})), (false, false, true)),
        (object(json!({})), object(json!({"a": false})), (true, false, false)),
        (object(json!({"a": false})), object(json!({})), (false, true, false)),
        (circle("string"), circle("string"), (false, false, false)),
        (circle("string"), circle("integer"), (true, true, false)),
        (grows(json!(["a"])), grows(json!(["a", "b"])), (false, false, false)),
        (grows(json!(["a", "b"])), grows(json!(["a"])), (true, false, false)),
        (json!({"enum": ["a"]}), grows(json!(["a"])), (false, true, false)),
        (grows(json!(["a"])), json!({"enum": ["a"]}), (false, false, false)),
        (json!({"type": "string"}), json!({"type": "string", "readOnly": true}), (true, true, false)),
        (json!({"prefixItems": []}), json!({"prefixItems": []}), (true, true, false)),
        (json!({"type": "string", "x-note": 1}), json!({"type": "string"}), (false, false, false)),
    ];
    for (old, new, expected) in judged {
        let found = changes(&old, &new);
        let any = |what: fn(&Change) -> bool| found.iter().any(what);
        let told = (any(|it| it.refuses_old), any(|it| it.allows_new), any(|it| it.alters));
        assert_eq!(told, expected, "{old} to {new}: {found:?}");
    }
}
