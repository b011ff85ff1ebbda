"""`status.resources` and `status.summary`: what the application manages, and what people see of it at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reconciler.models import words
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, Manifest
from reconciler.models.observed import Health
from reconciler.plan.compare import Comparison, ObjectComparison
from reconciler.plan.options import object_options

POD_SPECS = (
    ("spec",),
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
)
"""Where the built-in kinds keep the specification of their pods."""


def resources(comparison: Comparison, before: Sequence[JsonObject]) -> list[JsonObject]:
    """The inventory after a comparison; where that is not definite, nothing that was known is dropped."""
    shown = [item for item in comparison.objects if item.sync is not None or item.is_hook]
    entries = {item.key: _entry(item) for item in shown}
    if comparison.sync == "Unknown":
        entries = {**{_key(item): item for item in before}, **entries}
    return [entries[key] for key in sorted(entries)]


def summary(comparison: Comparison) -> JsonObject:
    """Images and external addresses. Taken from the desired object where nothing differs, so that the answer does not
    depend on whether this pass had to read the live one.
    """
    bodies = [_shown_body(item) for item in comparison.objects if not item.is_hook]
    present = [body for body in bodies if body is not None]
    images = sorted({image for body in present for image in _images(body)})
    urls = sorted({url for body in present if body.get("kind") == "Ingress" for url in _addresses(body)})
    return {**({"images": images} if images else {}), **({"externalURLs": urls} if urls else {})}


def _entry(item: ObjectComparison) -> JsonObject:
    key, body = item.key, item.desired or item.live
    entry: JsonObject = {
        "group": key.group,
        "version": item.version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "status": item.sync or "",
        "health": _health(item.health),
        "hook": item.is_hook,
        "requiresPruning": item.requires_pruning,
        "syncWave": _wave(body),
        "requiresDeletionConfirmation": _asks(item.live) or _asks(item.desired),
    }
    return {name: value for name, value in entry.items() if value}


def _health(health: Health | None) -> JsonObject:
    if health is None:
        return {}
    return {"status": health.status, **({"message": health.message} if health.message else {})}


def _wave(manifest: Manifest | None) -> int:
    try:
        return int(manifest.annotations.get(words.SYNC_WAVE, "0")) if manifest else 0
    except ValueError:
        return 0


def _asks(manifest: Manifest | None) -> bool:
    """Argo CD: whether deleting or pruning the object needs a confirmation."""
    options = object_options(manifest) if manifest else {}
    return "confirm" in (options.get("Prune"), options.get("Delete"))


def _key(entry: JsonObject) -> ObjectKey:
    return ObjectKey(entry.get("group", ""), entry.get("kind", ""), entry.get("namespace", ""), entry.get("name", ""))


def _shown_body(item: ObjectComparison) -> JsonObject | None:
    body = (item.live or item.desired) if item.sync != "Synced" else (item.desired or item.live)
    return body.body if body else None


def _images(body: JsonObject) -> Iterator[str]:
    for path in POD_SPECS:
        pod = _at(body, path)
        for name in ("initContainers", "containers"):
            yield from (str(item["image"]) for item in _objects(pod.get(name)) if item.get("image"))


def _addresses(body: JsonObject) -> Iterator[str]:
    """Addresses of an Ingress by its rules; rules without a host name no address of their own."""
    spec = _at(body, ("spec",))
    secure = {host for item in _objects(spec.get("tls")) for host in item.get("hosts") or ()}
    for rule in _objects(spec.get("rules")):
        host = rule.get("host")
        for item in _objects(_at(rule, ("http",)).get("paths")) if host else ():
            path = str(item.get("path") or "").rstrip("*").rstrip("/")
            yield f"{'https' if host in secure else 'http'}://{host}{path}"


def _at(body: JsonObject, path: Iterable[str]) -> JsonObject:
    node: Any = body
    for step in path:
        node = node.get(step) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def _objects(value: Any) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
