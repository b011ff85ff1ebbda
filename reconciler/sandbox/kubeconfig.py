"""Kubeconfig files with one cluster, one user and one context; written as JSON, which every reader of YAML takes."""

import base64
import json
import os
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


def write_kubeconfig(path: Path, access: Access, *, name: str, namespace: str = "default") -> Path:
    """Write `path` (0600) with a context called `name`, in one rename, and return it."""
    cluster = {"server": access.url, "certificate-authority-data": base64.b64encode(access.ca_pem.encode()).decode()}
    if access.server_name:
        cluster["tls-server-name"] = access.server_name
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": access.token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }
    write_private(path, json.dumps(content, indent=2) + "\n")
    return path


def write_private(path: Path, text: str) -> None:
    """Replace `path` by a file that only its owner reads, in one rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)
