"""Objects as JSON, desired and live, with the few readings that everyone needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from reconciler.models.keys import GroupKind, ObjectKey

JsonObject = dict[str, Any]


def split_api_version(api_version: str) -> tuple[str, str]:
    """Splits `group/version`; the core group is the empty string."""
    group, slash, version = api_version.rpartition("/")
    return (group, version) if slash else ("", api_version)


@dataclass(frozen=True)
class Manifest:
    """One object as JSON. `body` is never changed in place: whoever needs another one builds it."""

    body: JsonObject

    @cached_property
    def key(self) -> ObjectKey:
        metadata = self.body.get("metadata") or {}
        group, _ = split_api_version(self.body.get("apiVersion", ""))
        return ObjectKey(group, self.body.get("kind", ""), metadata.get("namespace") or "", metadata.get("name") or "")

    @property
    def group_kind(self) -> GroupKind:
        return self.key.group_kind

    @property
    def api_version(self) -> str:
        return str(self.body.get("apiVersion", ""))

    @property
    def version(self) -> str:
        return split_api_version(self.api_version)[1]

    @property
    def metadata(self) -> Mapping[str, Any]:
        return self.body.get("metadata") or {}

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.metadata.get("annotations") or {}

    @property
    def labels(self) -> Mapping[str, str]:
        return self.metadata.get("labels") or {}


class LiveObject(Manifest):
    """An object as an API server returned it, managedFields included."""

    @property
    def uid(self) -> str:
        return str(self.metadata.get("uid", ""))

    @property
    def resource_version(self) -> str:
        return str(self.metadata.get("resourceVersion", ""))

    @property
    def generation(self) -> int:
        return int(self.metadata.get("generation") or 0)

    @property
    def is_terminating(self) -> bool:
        return bool(self.metadata.get("deletionTimestamp"))
