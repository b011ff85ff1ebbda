"""Secrets of clusters and repositories in Argo CD's format, and writing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from reconciler.cli.control import Control
from reconciler.cli.problems import Problem
from reconciler.errors import ObjectConflict
from reconciler.models.manifest import JsonObject
from reconciler.models.words import SECRET_TYPE

MANAGED_BY: Final = {"managed-by": "argocd.argoproj.io"}
FNV_OFFSET, FNV_PRIME = 0x811C9DC5, 0x01000193


def cluster_secret_name(server: str) -> str:
    """Argo CD: `cluster-<host>-<hash of the address>`, so that either of us finds what the other one wrote."""
    return f"cluster-{(urlsplit(server).hostname or '').lower()}-{fnv32a(server)}"


def repository_secret_name(url: str, project: str, *, template: bool) -> str:
    """Argo CD: `repo-<hash>` and `creds-<hash>`; the project is part of the identity where there is one."""
    return f"{'creds' if template else 'repo'}-{fnv32a(f'{url}{project}')}"


def fnv32a(text: str) -> int:
    """The 32-bit FNV-1a hash, which Argo CD names Secrets by."""
    value = FNV_OFFSET
    for byte in text.encode():
        value = ((value ^ byte) * FNV_PRIME) & 0xFFFFFFFF
    return value


def secret_of(name: str, secret_type: str, data: Mapping[str, str]) -> JsonObject:
    """A Secret of Argo CD's; empty values are left out."""
    metadata = {"name": name, "labels": {SECRET_TYPE: secret_type}, "annotations": dict(MANAGED_BY)}
    given = {key: value for key, value in data.items() if value}
    return {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "stringData": given}


def store(control: Control, secret: JsonObject, *, upsert: bool) -> bool:
    """True when it was created, False when it replaced one. Raises Problem when there is one already."""
    name = str(secret["metadata"]["name"])
    try:
        control.create("secrets", secret)
    except ObjectConflict:
        if not upsert:
            raise Problem(f"secret {name} exists already", mend="pass --upsert to replace it") from None
        _replace(control, name, secret)
        return False
    return True


def _replace(control: Control, name: str, secret: JsonObject) -> None:
    """Replaces content, keeps the labels and annotations that somebody else has put on it."""
    known = control.find("secrets", name)
    before = (known or {}).get("metadata") or {}
    metadata = {
        **secret["metadata"],
        "resourceVersion": before.get("resourceVersion", ""),
        "labels": {**(before.get("labels") or {}), **secret["metadata"]["labels"]},
        "annotations": {**(before.get("annotations") or {}), **secret["metadata"]["annotations"]},
    }
    control.replace("secrets", {**secret, "metadata": metadata})
