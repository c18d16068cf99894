//! Patches: JSON patch (RFC 6902), merge patch (RFC 7386), and of strategic merge what its users need most: lists of named things merged by name.

use serde_json::Value;

/// Applies a merge patch. With `by_name`, lists whose elements carry names are merged element by element.
pub(super) fn merge(target: &mut Value, patch: &Value, by_name: bool) {
    match (target, patch) {
        (target @ Value::Array(_), Value::Array(patch)) if by_name && patch.iter().all(|item| item.get("name").is_some()) && !patch.is_empty() => {
            if let Value::Array(items) = target {
                merge_named(items, patch);
            }
        }
        (target, Value::Object(patch)) => {
            if !target.is_object() {
                *target = Value::Object(serde_json::Map::new());
            }
            if let Value::Object(target) = target {
                for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
                    if value.is_null() {
                        target.remove(key);
                    } else {
                        merge(target.entry(key.clone()).or_insert(Value::Null), value, by_name);
                    }
                }
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

fn merge_named(items: &mut Vec<Value>, patch: &[Value]) {
    for change in patch {
        match items.iter_mut().find(|item| item.get("name") == change.get("name")) {
            Some(item) => merge(item, change, true),
            None => items.push(change.clone()),
        }
    }
}

/// Applies a JSON patch; on an error the target is as good as lost and must not be stored.
///
/// # Errors
/// The operation that cannot be done.
pub(super) fn json(target: &mut Value, operations: &[Value]) -> Result<(), String> {
    for operation in operations {
        let wrong = || format!("the operation {operation} cannot be done");
        let text = |key: &str| operation[key].as_str().ok_or_else(wrong);
        let value = || operation.get("value").cloned().ok_or_else(wrong);
        match text("op")? {
            "add" => add(target, text("path")?, value()?).ok_or_else(wrong)?,
            "replace" => *target.pointer_mut(text("path")?).ok_or_else(wrong)? = value()?,
            "remove" => _ = remove(target, text("path")?).ok_or_else(wrong)?,
            "move" => {
                let moved = remove(target, text("from")?).ok_or_else(wrong)?;
                add(target, text("path")?, moved).ok_or_else(wrong)?;
            }
            "copy" => {
                let copied = target.pointer(text("from")?).cloned().ok_or_else(wrong)?;
                add(target, text("path")?, copied).ok_or_else(wrong)?;
            }
            "test" if target.pointer(text("path")?) == operation.get("value") => {}
            _ => return Err(wrong()),
        }
    }
    Ok(())
}

fn parent<'a>(target: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (above, last) = path.rsplit_once('/')?;
    Some((target.pointer_mut(above)?, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Option<()> {
    if path.is_empty() {
        *target = value;
        return Some(());
    }
    match parent(target, path)? {
        (Value::Object(object), key) => _ = object.insert(key, value),
        (Value::Array(array), key) if key == "-" => array.push(value),
        (Value::Array(array), key) => {
            let at = key.parse().ok().filter(|at| *at <= array.len())?;
            array.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(target: &mut Value, path: &str) -> Option<Value> {
    match parent(target, path)? {
        (Value::Object(object), key) => object.remove(&key),
        (Value::Array(array), key) => key.parse().ok().filter(|at: &usize| *at < array.len()).map(|at| array.remove(at)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The examples of RFC 7386, appendix A.
    #[test]
    fn merges_as_the_rfc_says() {
        let cases = [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ];
        for (mut target, patch, wanted) in cases {
            merge(&mut target, &patch, false);
            assert_eq!(target, wanted);
        }
    }

    #[test]
    fn containers_are_merged_by_name() {
        let mut target = json!({"containers": [{"name": "a", "image": "x", "env": 1}, {"name": "b"}]});
        merge(&mut target, &json!({"containers": [{"name": "a", "image": "y"}]}), true);
        assert_eq!(target, json!({"containers": [{"name": "a", "image": "y", "env": 1}, {"name": "b"}]}));
    }

    /// Examples of RFC 6902, appendix A.
    #[test]
    fn patches_as_the_rfc_says() {
        let cases = [
            (json!({"foo": ["bar", "baz"]}), json!([{"op": "add", "path": "/foo/1", "value": "qux"}]), Some(json!({"foo": ["bar", "qux", "baz"]}))),
            (json!({"foo": ["bar", "qux"]}), json!([{"op": "remove", "path": "/foo/1"}]), Some(json!({"foo": ["bar"]}))),
            (json!({"a~b": 1, "a/b": 2}), json!([{"op": "remove", "path": "/a~1b"}]), Some(json!({"a~b": 1}))),
            (json!({"baz": "qux"}), json!([{"op": "test", "path": "/baz", "value": "bar"}]), None),
            (json!({"foo": "bar"}), json!([{"op": "add", "path": "/baz/bat", "value": "qux"}]), None),
            (json!({"foo": 1}), json!([{"op": "move", "from": "/foo", "path": "/bar"}]), Some(json!({"bar": 1}))),
        ];
        for (mut target, patch, wanted) in cases {
            let outcome = super::json(&mut target, patch.as_array().unwrap()).ok().map(|()| target);
            assert_eq!(outcome, wanted, "{patch}");
        }
    }
}
