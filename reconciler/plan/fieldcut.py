"""Takes out of an object what a field manager owns, by managedFields (Argo CD: managedFieldsManagers)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from reconciler.models.manifest import JsonObject
from reconciler.plan.managed import Fields, item_keys


def without_fields_of(body: JsonObject, owners: Sequence[JsonObject], managers: Collection[str]) -> JsonObject:
    """`body` without the values that `managers` own in `owners`, the live object's managedFields.

    Only values go, never the objects and list items around them: what somebody else put there as well stays.
    """
    for entry in owners:
        if entry.get("manager") in managers:
            body = _cut(body, entry.get("fieldsV1") or {})
    return body


def _cut(node: Any, fields: Fields) -> Any:
    if isinstance(node, dict):
        return _cut_object(node, fields)
    if isinstance(node, list):
        return _cut_list(node, fields)
    return node


def _cut_object(node: JsonObject, fields: Fields) -> JsonObject:
    result = node
    for name, below in fields.items():
        field = name[2:]
        if name[:2] != "f:" or field not in result:
            continue
        if below:
            result = {**result, field: _cut(result[field], below)}
        else:
            result = {key: value for key, value in result.items() if key != field}
    return result


def _cut_list(node: list[Any], fields: Fields) -> list[Any]:
    values = {name[2:] for name in fields if name[:2] == "v:"}
    items = [(item_keys(name), below) for name, below in fields.items() if name[:2] == "k:"]
    kept = [item for item in node if isinstance(item, dict | list) or orjson.dumps(item).decode() not in values]
    return [_cut_item(item, items) for item in kept]


def _cut_item(item: Any, owned: Sequence[tuple[tuple[tuple[str, ...], tuple[Any, ...]], Fields]]) -> Any:
    if not isinstance(item, dict):
        return item
    for (names, values), below in owned:
        if all(item.get(name) == value for name, value in zip(names, values, strict=True)):
            # Its keys tell the item from its neighbours, so they stay.
            return _cut(item, {name: value for name, value in below.items() if name[2:] not in names})
    return item
