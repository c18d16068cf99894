//! Creating, replacing, patching, scaling and deleting.

use super::read::selection;
use super::*;

fn body_of(ask: &Ask) -> Result<Value, Status> {
    if ask.content_type.contains("protobuf") {
        let message = "the sandbox takes JSON only: `kubectl create --validate=false -f FILE` sends it, `kubectl create configmap` does not";
        return Err(status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message));
    }
    serde_json::from_slice(&ask.body).map_err(|error| bad(format!("the body is not JSON: {error}")))
}

/// Parts that everything here takes for objects. More of a schema is not checked.
const OBJECTS: [&str; 10] = [
    "",
    "/metadata",
    "/metadata/labels",
    "/metadata/annotations",
    "/spec",
    "/status",
    "/spec/template",
    "/spec/template/metadata",
    "/spec/template/metadata/labels",
    "/spec/template/spec",
];

fn shaped(object: Value) -> Result<Value, Status> {
    let wrong = OBJECTS.iter().find(|path| object.pointer(path).is_some_and(|part| !part.is_object() && !part.is_null()));
    match wrong {
        Some(path) => Err(bad(format!("{} has to be an object", if path.is_empty() { "the body" } else { path }))),
        None if object.is_null() => Err(bad("the body is empty")),
        None => Ok(object),
    }
}

/// The body of a create or an update: it has to be for the place that the path names. An empty name is one that is still to be made.
fn object_of(kind: &Kind, namespace: &str, name: &str, ask: &Ask) -> Result<Value, Status> {
    let object = shaped(body_of(ask)?)?;
    let said = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let differs = |path: &str, wanted: &str| !said(path).is_empty() && said(path) != wanted;
    if differs("/kind", kind.kind) || differs("/apiVersion", &kind.api_version()) {
        return Err(bad(format!("{} in version {} cannot be handled as a {}", said("/kind"), said("/apiVersion"), kind.kind)));
    }
    if differs("/metadata/namespace", namespace) {
        return Err(bad(format!(
            "the namespace of the object ({}) does not match the namespace on the URL ({namespace})",
            said("/metadata/namespace")
        )));
    }
    if !name.is_empty() && differs("/metadata/name", name) {
        return Err(bad(format!("the name of the object ({}) does not match the name on the URL ({name})", said("/metadata/name"))));
    }
    Ok(object)
}

pub(super) fn create(store: &Store, kind: &'static Kind, namespace: Option<String>, ask: &Ask) -> Answer {
    let namespace = namespace.unwrap_or_default();
    let mut object = object_of(kind, &namespace, "", ask)?;
    if !object["metadata"].is_object() {
        return Err(invalid("metadata.name is required"));
    }
    if object["metadata"]["name"].is_null()
        && let Some(prefix) = object["metadata"]["generateName"].as_str()
    {
        object["metadata"]["name"] = json!(format!("{prefix}{:05x}", store.version() & 0xf_ffff));
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() || name.len() > 253 || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)) {
        return Err(invalid(format!("metadata.name: \"{}\" is not a lowercase RFC 1123 subdomain", crate::text::sanitise(&name))));
    }
    if kind.namespaced && store.get(&("namespaces", String::new(), namespace.clone())).is_none() {
        return Err(status(StatusCode::NOT_FOUND, "NotFound", format!("namespaces \"{namespace}\" not found")));
    }
    scenario::stamp(&mut object, kind, &namespace, store.version());
    let place = (kind.plural, namespace, name);
    if ask.get("dryRun").is_some() {
        return Ok(respond(StatusCode::CREATED, "application/json", full(object.to_string())));
    }
    let made = store.create(place.clone(), object).map_err(|why| refused(kind, &place, &why))?;
    Ok(stored(kind, StatusCode::CREATED, &made, ask))
}

pub(super) fn replace(store: &Store, kind: &'static Kind, place: &Place, ask: &Ask) -> Answer {
    let new = object_of(kind, &place.1, &place.2, ask)?;
    let said = |name: &str| new["metadata"][name].as_str().map(str::to_owned);
    let expected = Expected { uid: said("uid"), version: said("resourceVersion").filter(|version| !version.is_empty()) };
    write(store, kind, place, &expected, new, ask)
}

/// Puts an object in the place of what is there; a dry run only says what would be there.
fn write(store: &Store, kind: &'static Kind, place: &Place, expected: &Expected, new: Value, ask: &Ask) -> Answer {
    let written = if ask.get("dryRun").is_some() {
        store.rehearse(place, expected, |object| *object = new)
    } else {
        store.update(place, expected, |object| *object = new)
    };
    let written = written.map_err(|why| refused(kind, place, &why))?;
    Ok(stored(kind, StatusCode::OK, &written, ask))
}

pub(super) fn change(store: &Store, kind: &'static Kind, place: &Place, ask: &Ask) -> Answer {
    let patch = body_of(ask)?;
    let current = store.get(place).ok_or_else(|| missing(kind, place))?.value();
    let mut new = current.clone();
    match ask.content_type.as_str() {
        "application/json-patch+json" => {
            let operations = patch.as_array().ok_or_else(|| bad("a JSON patch is a list of operations"))?;
            patch::json(&mut new, operations).map_err(invalid)?;
        }
        "application/merge-patch+json" | "application/strategic-merge-patch+json" if !patch.is_object() => {
            return Err(bad("a merge patch is an object"));
        }
        "application/merge-patch+json" => patch::merge(&mut new, &patch, false),
        "application/strategic-merge-patch+json" => patch::merge(&mut new, &patch, true),
        other => {
            let message = format!(
                "the sandbox does not know {other}: server-side apply needs a real cluster; `kubectl apply` without --server-side works here"
            );
            return Err(status(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message));
        }
    }
    // Between reading and writing somebody may have been faster: the patch is for what was read.
    let base = [&patch, &current].into_iter().find_map(|from| from["metadata"]["resourceVersion"].as_str());
    write(store, kind, place, &Expected { uid: None, version: base.map(str::to_owned) }, shaped(new)?, ask)
}

pub(super) fn scale(store: &Store, kind: &'static Kind, place: &Place, ask: &Ask) -> Answer {
    let now = match ask.method {
        Method::GET => store.get(place).ok_or_else(|| missing(kind, place))?,
        Method::PUT | Method::PATCH => {
            let body = body_of(ask)?;
            let replicas =
                body.pointer("/spec/replicas").and_then(Value::as_u64).ok_or_else(|| invalid("spec.replicas has to be a number, 0 or more"))?;
            let version = body.pointer("/metadata/resourceVersion").and_then(Value::as_str).map(str::to_owned);
            let expected = Expected { uid: None, version };
            store.update(place, &expected, |object| object["spec"]["replicas"] = json!(replicas)).map_err(|why| refused(kind, place, &why))?
        }
        _ => return Err(not_allowed(ask)),
    }
    .value();
    let (metadata, spec) = (&now["metadata"], &now["spec"]);
    Ok(whole(
        &json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"]}, "spec": {"replicas": spec["replicas"]}, "status": {"replicas": now["status"]["replicas"].as_u64().unwrap_or(0)}}),
    ))
}

pub(super) fn delete(store: &Store, kind: &'static Kind, place: &Place, ask: &Ask) -> Answer {
    let options: Value = serde_json::from_slice(&ask.body).unwrap_or_default();
    let condition = |name: &str| options["preconditions"][name].as_str().map(str::to_owned);
    let expected = Expected { uid: condition("uid"), version: condition("resourceVersion") };
    if ask.get("dryRun").is_some() || !options["dryRun"].is_null() {
        return store.get(place).map(|stored| one(kind, &stored, ask)).ok_or_else(|| missing(kind, place));
    }
    let gone = store.delete(place, &expected).map_err(|why| refused(kind, place, &why))?.value();
    if kind.kind == "Namespace" {
        empty(store, &place.2);
    }
    Ok(whole(&json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": place.2, "group": kind.group, "kind": kind.plural, "uid": gone["metadata"]["uid"]}})))
}

/// A namespace takes everything in it along.
fn empty(store: &Store, namespace: &str) {
    for kind in KINDS.iter().filter(|kind| kind.namespaced) {
        for (place, _) in store.list(kind, Some(namespace), None, usize::MAX).1 {
            // Somebody else may have deleted it meanwhile: then it is as wished.
            _ = store.delete(&place, &Expected::default());
        }
    }
}

pub(super) fn delete_many(store: &Store, kind: &'static Kind, namespace: Option<&str>, ask: &Ask) -> Answer {
    let selection = selection(kind, ask)?;
    let (_, found) = store.list(kind, namespace, None, usize::MAX);
    for (place, _) in found.iter().filter(|(_, stored)| selection.fits(stored)) {
        // Somebody else may have deleted it meanwhile: then it is as wished.
        _ = store.delete(place, &Expected::default());
    }
    Ok(whole(&json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})))
}
