"""Kubeconfig files; written as JSON, which every reader of YAML takes."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How one user reaches one API server."""

    url: str
    token: str
    ca_pem: str
    server_name: str | None = None
    """The name to expect in the server's certificate, where the address in `url` is not in it."""


def write_kubeconfig(path: Path, contexts: Mapping[str, Access], *, namespace: str = "default") -> Path:
    """Write `path` (0600) in one rename and return it: a context for each access, of which the first is the current one
    and starts in `namespace`.
    """
    current = next(iter(contexts))
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": _cluster(access)} for name, access in contexts.items()],
        "users": [{"name": name, "user": {"token": access.token}} for name, access in contexts.items()],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}
            if name == current
            else {"name": name, "context": {"cluster": name, "user": name}}
            for name in contexts
        ],
        "current-context": current,
    }
    write_private(path, json.dumps(content, indent=2) + "\n")
    return path


def read_kubeconfig(path: Path, context: str) -> Access:
    """The access of one context in a file that `write_kubeconfig` wrote. Raises OSError, KeyError."""
    content = json.loads(path.read_text())
    clusters = {entry["name"]: entry["cluster"] for entry in content["clusters"]}
    users = {entry["name"]: entry["user"] for entry in content["users"]}
    cluster = clusters[context]
    return Access(
        url=cluster["server"],
        token=users[context]["token"],
        ca_pem=base64.b64decode(cluster["certificate-authority-data"]).decode(),
        server_name=cluster.get("tls-server-name"),
    )


def _cluster(access: Access) -> dict[str, str]:
    cluster = {"server": access.url, "certificate-authority-data": base64.b64encode(access.ca_pem.encode()).decode()}
    return {**cluster, "tls-server-name": access.server_name} if access.server_name else cluster


def write_private(path: Path, text: str) -> None:
    """Replace `path` by a file that only its owner reads, in one rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)
