"""What a kubeconfig context says of a cluster, in the form that a cluster Secret stores."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.cli.files import read_objects
from reconciler.cli.problems import Problem
from reconciler.models.manifest import JsonObject


@dataclass(frozen=True, slots=True)
class Entry:
    """One context: the address of a cluster, and how to enter it as JSON for the key `config` of its Secret."""

    server: str
    config: JsonObject


def read_context(path: Path, context: str) -> Entry:
    """Reads one context. Raises Problem for one that is missing, or whose credentials cannot be stored."""
    content = read_objects(path)[0]
    chosen = _named(content, "contexts", "context", context, path)
    cluster = _named(content, "clusters", "cluster", str(chosen.get("cluster")), path)
    user = _named(content, "users", "user", str(chosen.get("user")), path)
    if user.get("exec") or user.get("auth-provider"):
        mend = "make a context with a token, for example one of kubectl create token, and add that"
        raise Problem(f"context {context} logs in by a program, which no other process could run", mend=mend)
    folder = path.resolve().parent
    config = _identity(user, folder) | {"tlsClientConfig": _tls(cluster, user, folder)}
    if not (config.get("bearerToken") or config.get("username") or config["tlsClientConfig"].get("certData")):
        raise Problem(f"context {context} of {path} has no credentials")
    return Entry(str(cluster.get("server", "")).rstrip("/"), config)


def _identity(user: Mapping[str, Any], folder: Path) -> JsonObject:
    token = user.get("token") or _text(user.get("tokenFile"), folder)
    given = {"bearerToken": token, "username": user.get("username"), "password": user.get("password")}
    return {name: value for name, value in given.items() if value}


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> JsonObject:
    insecure = bool(cluster.get("insecure-skip-tls-verify"))
    fields = {
        "insecure": insecure,
        "serverName": cluster.get("tls-server-name"),
        "caData": None if insecure else _encoded(cluster, "certificate-authority", folder),
        "certData": _encoded(user, "client-certificate", folder),
        "keyData": _encoded(user, "client-key", folder),
    }
    return {name: value for name, value in fields.items() if value}


def _encoded(part: Mapping[str, Any], name: str, folder: Path) -> str:
    """Base64 of a PEM that stands in the kubeconfig or in a file beside it."""
    if part.get(f"{name}-data"):
        return str(part[f"{name}-data"])
    text = _text(part.get(name), folder)
    return base64.b64encode(text.encode()).decode() if text else ""


def _text(path: object, folder: Path) -> str:
    if not path:
        return ""
    try:
        return (folder / str(path)).read_text().strip() + "\n"
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error


def _named(content: Mapping[str, Any], group: str, part: str, name: str, path: Path) -> Mapping[str, Any]:
    entries: Sequence[Mapping[str, Any]] = content.get(group) or ()
    for entry in entries:
        if entry.get("name") == name:
            return entry.get(part) or {}
    known = ", ".join(str(entry.get("name")) for entry in entries) or "none"
    raise Problem(f"{path} has no {part} {name!r}", mend=f"it has {known}")
