"""What Git wanted, commit by commit: the other half of what a judge needs beside the audit logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from reconciler.models.manifest import JsonObject
from reconciler.sandbox.repositories import Repository

GENERATION = "example.com/generation"
"""Annotation of every judged object: the number of the commit that last changed it."""

RESOURCES: Mapping[str, str] = {"ConfigMap": "configmaps", "Service": "services", "ServiceAccount": "serviceaccounts"}
"""Kinds of the core group that judged fleets are made of."""

ObjectId = tuple[str, str, str, str]
"""Group, resource, namespace and name, as `AuditEvent.target` has them."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The generation of each object that a commit holds. `time` is Git's, cut to the second, so never too late."""

    time: datetime
    objects: Mapping[ObjectId, int]


def object_id(manifest: JsonObject) -> ObjectId:
    """Whom a manifest of a judged fleet names."""
    metadata = manifest["metadata"]
    return ("", RESOURCES[manifest["kind"]], metadata["namespace"], metadata["name"])


def generation(manifest: Mapping[str, Any] | None) -> int | None:
    """The generation that an object carries, None for none."""
    text = (((manifest or {}).get("metadata") or {}).get("annotations") or {}).get(GENERATION)
    return int(text) if text else None


def history_of(repository: Repository) -> Sequence[Commit]:
    """Every commit of the default branch, oldest first. Files are one JSON manifest each (`*.json`)."""
    rows = repository.git("log", "--first-parent", "--reverse", "--format=%H %ct", repository.default_branch())
    commits = [row.split() for row in rows.splitlines()]
    trees = [dict(_files(repository, commit)) for commit, _ in commits]
    objects = _parsed(repository, sorted({blob for tree in trees for blob in tree.values()}))
    return [
        Commit(datetime.fromtimestamp(int(at), UTC), dict(objects[blob] for blob in tree.values()))
        for (_, at), tree in zip(commits, trees, strict=True)
    ]


def _files(repository: Repository, commit: str) -> Iterator[tuple[str, str]]:
    for row in repository.git("ls-tree", "-r", commit).splitlines():
        entry, _, path = row.partition("\t")
        if path.endswith(".json"):
            yield path, entry.split()[2]


def _parsed(repository: Repository, blobs: Sequence[str]) -> Mapping[str, tuple[ObjectId, int]]:
    answer = repository.git("cat-file", "--batch=%(objectname)", stdin="".join(f"{blob}\n" for blob in blobs).encode())
    lines = answer.splitlines()
    manifests = [orjson.loads(line) for line in lines[1::2]]
    return {
        blob: (object_id(manifest), generation(manifest) or 0)
        for blob, manifest in zip(lines[0::2], manifests, strict=True)
    }
