//! The comparison of two forms.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::choice::alternatives;
use super::form::{never, types_of};
use super::keywords::{LOWER, MAY_GROW, ROLES, RULES, UPPER, WHOLE};
use super::merge::order;
use super::{Change, below};

/// What a change does: it refuses what was allowed, it allows what was refused, it changes what is meant.
type Effect = (bool, bool, bool);

const NOTHING: Effect = (false, false, false);
const REFUSES: Effect = (true, false, false);
const ALLOWS: Effect = (false, true, false);
const BOTH: Effect = (true, true, false);
const ALTERS: Effect = (false, false, true);

/// The changes found so far.
#[derive(Debug, Default)]
pub struct Comparison {
    pub changes: Vec<Change>,
}

impl Comparison {
    pub fn not_understood(&mut self, path: &str, what: String) {
        self.add(path, format!("{what} is not understood here"), BOTH);
    }

    fn add(&mut self, path: &str, what: impl Into<String>, (refuses_old, allows_new, alters): Effect) {
        self.changes.push(Change { path: path.to_owned(), what: what.into(), refuses_old, allows_new, alters });
    }

    fn refuses(&self) -> bool {
        self.changes.iter().any(|it| it.refuses_old)
    }

    fn allows(&self) -> bool {
        self.changes.iter().any(|it| it.allows_new)
    }

    fn alters(&self) -> bool {
        self.changes.iter().any(|it| it.alters)
    }

    pub fn compare(&mut self, path: &str, old: &Value, new: &Value) {
        if old == new {
            return;
        }
        if *old == never() {
            return self.add(path, "it is allowed now", ALLOWS);
        }
        if *new == never() {
            return self.add(path, "it is refused now", REFUSES);
        }
        if old.get("anyOf") != new.get("anyOf") {
            return self.choices(path, old, new);
        }
        let (before, after) = (types_of(old), types_of(new));
        self.set(path, "types", before.map(texts).as_ref(), after.map(texts).as_ref(), false);
        self.values(path, old, new);
        self.properties(path, old, new);
        self.limits(path, old, new);
        self.rules(path, old, new);
        self.compare(&format!("{path}[]"), &inner(old, "items"), &inner(new, "items"));
        self.negation(path, old, new);
        self.roles(path, old, new);
    }

    /// Types and values. Without a set everything is allowed.
    fn set(
        &mut self,
        path: &str,
        what: &str,
        old: Option<&BTreeSet<String>>,
        new: Option<&BTreeSet<String>>,
        may_grow: bool,
    ) {
        let less = new.is_some_and(|new| old.is_none_or(|old| !old.is_subset(new)));
        let more = old.is_some_and(|old| new.is_none_or(|new| !new.is_subset(old)));
        if less || more {
            self.add(path, format!("{what} {old:?} become {new:?}"), (less, more && !may_grow, false));
        }
    }

    fn values(&mut self, path: &str, old: &Value, new: &Value) {
        let values = |form: &Value| form["enum"].as_array().map(|it| it.iter().map(Value::to_string).collect());
        let (before, after): (Option<BTreeSet<String>>, Option<BTreeSet<String>>) = (values(old), values(new));
        let may_grow = |form: &Value| form[MAY_GROW] == true;
        self.set(path, "values", before.as_ref(), after.as_ref(), may_grow(old));
        if before.is_some() && after.is_some() && may_grow(new) && !may_grow(old) {
            self.add(path, "its values may become more now", ALLOWS);
        }
    }

    fn properties(&mut self, path: &str, old: &Value, new: &Value) {
        let required = |form: &Value| {
            let names = form["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            names.map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let (before, after) = (required(old), required(new));
        for name in after.difference(&before) {
            self.add(&below(path, name), "it is required now", REFUSES);
        }
        for name in before.difference(&after) {
            self.add(&below(path, name), "it is not required any more", ALLOWS);
        }
        let named = |form: &Value| form["properties"].as_object().cloned().unwrap_or_default();
        let (before, after) = (named(old), named(new));
        let (rest_before, rest_after) = (inner(old, "additionalProperties"), inner(new, "additionalProperties"));
        for (name, schema) in &after {
            let at = below(path, name);
            match before.get(name) {
                Some(earlier) => self.compare(&at, earlier, schema),
                None if rest_before == any() && *schema != never() => self.add(&at, "it is new", NOTHING),
                None => self.compare(&at, &rest_before, schema),
            }
        }
        self.gone(path, &before, &after, &rest_after);
        self.compare(&format!("{path}.*"), &rest_before, &rest_after);
    }

    fn gone(&mut self, path: &str, before: &Map<String, Value>, after: &Map<String, Value>, rest: &Value) {
        for (name, schema) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
            let at = below(path, name);
            if *rest == any() && *schema != never() {
                self.add(&at, "it is gone", ALTERS);
            } else {
                self.compare(&at, schema, rest);
            }
        }
    }

    fn limits(&mut self, path: &str, old: &Value, new: &Value) {
        for (names, wider) in [(LOWER, Ordering::Less), (UPPER, Ordering::Greater)] {
            for name in names {
                let effect = match (old.get(name), new.get(name)) {
                    (None, Some(_)) => REFUSES,
                    (Some(_), None) => ALLOWS,
                    (Some(before), Some(after)) => match order(after, before) {
                        Some(Ordering::Equal) => continue,
                        Some(order) if order == wider => ALLOWS,
                        Some(_) => REFUSES,
                        None => BOTH,
                    },
                    (None, None) => continue,
                };
                self.add(path, format!("{name} {:?} becomes {:?}", old.get(name), new.get(name)), effect);
            }
        }
    }

    /// Rules of which only presence and equality count. `if` is one rule with its branches.
    fn rules(&mut self, path: &str, old: &Value, new: &Value) {
        let branches = ["if", "then", "else"];
        let single = RULES.iter().chain(&WHOLE).filter(|name| !branches.contains(name));
        for names in single.map(std::slice::from_ref).chain([&branches[..]]) {
            let of = |form: &Value| names.iter().map(|name| form.get(name).cloned()).collect::<Vec<_>>();
            let (before, after) = (of(old), of(new));
            let absent = |rule: &[Option<Value>]| rule.iter().all(Option::is_none);
            let what = names[0];
            match (absent(&before), absent(&after)) {
                _ if before == after => {}
                (true, _) if what != "$ref" => self.add(path, format!("{what} is new"), REFUSES),
                (_, true) if what != "$ref" => self.add(path, format!("{what} is gone"), ALLOWS),
                _ => self.add(path, format!("{what} is another"), BOTH),
            }
        }
    }

    /// What is excluded: less of it allows more.
    fn negation(&mut self, path: &str, old: &Value, new: &Value) {
        let excluded = |form: &Value| form.get("not").cloned().unwrap_or_else(never);
        let (before, after) = (excluded(old), excluded(new));
        if before == after {
            return;
        }
        let mut inside = Comparison::default();
        inside.compare(path, &before, &after);
        // An effect that is none by the rule for properties says nothing of what is left.
        let clear = inside.changes.iter().all(|it| it.refuses_old || it.allows_new);
        let effect = if clear { (inside.allows(), inside.refuses(), false) } else { BOTH };
        self.add(path, "what is excluded is another", effect);
    }

    fn roles(&mut self, path: &str, old: &Value, new: &Value) {
        for role in ROLES.iter().filter(|role| old.get(**role) != new.get(**role)) {
            self.add(path, format!("{role} is another"), BOTH);
        }
        if old.get("default").is_some_and(|before| new.get("default") != Some(before)) {
            self.add(path, format!("default {:?} becomes {:?}", old.get("default"), new.get("default")), ALTERS);
        }
        let (before, after) = (&old["discriminator"], &new["discriminator"]);
        let mapping = before["mapping"].as_object().into_iter().flatten();
        let kept = before["propertyName"] == after["propertyName"]
            && mapping.into_iter().all(|(name, to)| after["mapping"].get(name) == Some(to));
        if !before.is_null() && !kept {
            self.add(path, "discriminator is another", BOTH);
        }
    }

    /// Nothing is refused if each old alternative is within a new one, and nothing is allowed if it is so the other way around.
    fn choices(&mut self, path: &str, old: &Value, new: &Value) {
        let (before, after) = (alternatives(old), alternatives(new));
        let between = |old: &Value, new: &Value| {
            let mut found = Comparison::default();
            found.compare(path, old, new);
            found
        };
        let taking = |old: &Value| {
            let all = after.iter().map(|new| between(old, new)).filter(|it| !it.refuses());
            all.collect::<Vec<_>>()
        };
        let refuses = before.iter().any(|old| taking(old).is_empty());
        let allows = after.iter().any(|new| before.iter().all(|old| between(old, new).allows()));
        let alters = before.iter().map(taking).any(|all| !all.is_empty() && all.iter().all(Comparison::alters));
        if refuses || allows || alters {
            self.add(path, "its alternatives are others", (refuses, allows, alters));
        }
    }
}

fn any() -> Value {
    json!({})
}

/// The form of what is inside; anything where the form does not say.
fn inner(form: &Value, keyword: &str) -> Value {
    form.get(keyword).cloned().unwrap_or_else(any)
}

fn texts(names: BTreeSet<&str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}
