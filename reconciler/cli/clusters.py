"""`cluster add` and `cluster list`: destination clusters as Secrets in Argo CD's format."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer

from reconciler.cli.commands import command, group
from reconciler.cli.control import Control, connect
from reconciler.cli.kubeconfig import Entry, read_context
from reconciler.cli.output import OutputOption, dump, note, say, table
from reconciler.cli.problems import Problem
from reconciler.cli.secret import cluster_secret_name, secret_of, store
from reconciler.cli.where import Where, settings_for
from reconciler.clusters.endpoint import secret_endpoint
from reconciler.clusters.registry import Clusters
from reconciler.errors import ReconcilerError
from reconciler.models.keys import ClusterUrl
from reconciler.models.manifest import JsonObject
from reconciler.models.secrets import ClusterSecret

COLUMNS = ("NAME", "SERVER", "VERSION", "STATE", "PROJECT", "NAMESPACES")

clusters = group(
    "Destination clusters.", {"add": "reconciler.cli.clusters:add", "list": "reconciler.cli.clusters:listing"}
)


@dataclass(frozen=True, slots=True)
class Added:
    """How the cluster is registered."""

    name: Annotated[str | None, typer.Option(help="Its name; else that of the context.")] = None
    project: Annotated[str, typer.Option(help="Only for this AppProject.")] = ""
    managed_namespace: Annotated[
        list[str] | None, typer.Option(help="Only this namespace; may be repeated. Without it: all.")
    ] = None
    upsert: Annotated[bool, typer.Option("--upsert", help="Replace it if it is registered already.")] = False
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Do not try the credentials first.")] = False


@command(
    "reconciler cluster add prod-east --from ~/.kube/config",
    "reconciler cluster add admin@east --from east.kubeconfig --name east --project shop",
)
def add(
    source: Annotated[str, typer.Argument(metavar="CONTEXT", help="Context whose cluster and credentials are stored.")],
    where: Where,
    added: Added,
    file: Annotated[
        Path | None, typer.Option("--from", help="Kubeconfig that has the context; else the control cluster's.")
    ] = None,
) -> None:
    """Register a destination cluster: the credentials of a kubeconfig context go into a Secret."""
    entry = read_context(file or _own_kubeconfig(where), source)
    name = added.name or source
    secret = cluster_secret(entry, name, added)
    with connect(where) as control:
        if not added.unchecked:
            note(f"{name} answers: Kubernetes {_tried(control, secret)}")
        created = store(control, secret, upsert=added.upsert)
        say(f"cluster {name} at {entry.server}: {'added' if created else 'updated'}")


@command("reconciler cluster list", "reconciler cluster list -o json")
def listing(where: Where, output: OutputOption = "text") -> None:
    """List destination clusters, and whether they answer."""
    with connect(where) as control:
        secrets = control.catalog.clusters()
        opened = Clusters(control.cluster, control.catalog, control.link)
        with ThreadPoolExecutor(max_workers=16) as pool:
            rows = list(pool.map(lambda url: _described(url, opened, secrets.parsed), opened.urls()))
        opened.close()
        for name, error in secrets.broken.items():
            rows.append({"name": "", "server": "", "version": "", "state": str(error), "secret": name})
        if output != "text":
            dump(rows, output)
        else:
            table(COLUMNS, ([str(row.get(column.lower(), "")) for column in COLUMNS] for row in rows))


def cluster_secret(entry: Entry, name: str, added: Added) -> JsonObject:
    """The Secret that registers a cluster. Raises Problem for an address that is none."""
    if not entry.server.startswith(("https://", "http://")):
        raise Problem(f"cluster {name}: {entry.server!r} is no address of an API server")
    data = {
        "name": name,
        "server": entry.server,
        "config": orjson.dumps(entry.config).decode(),
        "project": added.project,
        "namespaces": ",".join(added.managed_namespace or ()),
    }
    return secret_of(cluster_secret_name(entry.server), "cluster", data)


def _own_kubeconfig(where: Where) -> Path:
    named = settings_for(where, os.environ, Path.cwd()).kubeconfig
    if named is None:
        raise Problem("the control cluster is not reached by a kubeconfig here", mend="pass --from FILE")
    # A path list, as kubectl allows: the context is looked for in the first file.
    return Path(str(named).split(os.pathsep)[0])


def _tried(control: Control, secret: JsonObject) -> str:
    """The version that the cluster reports to these credentials. Raises Problem."""
    parsed = ClusterSecret.parse(secret)
    transport = control.link.transport(parsed.server, secret_endpoint(parsed))
    try:
        # Any object would do: a version is told to strangers too, what may be listed only to who is let in.
        transport.get("/api/v1/namespaces", {"limit": "1"})
        return str(transport.get("/version").json().get("gitVersion", ""))
    except ReconcilerError as error:
        mend = "mend the context, or pass --unchecked"
        raise Problem(f"cluster {parsed.name} does not take these credentials: {error}", mend=mend) from error
    finally:
        transport.close()


def _described(url: ClusterUrl, opened: Clusters, secrets: Sequence[ClusterSecret]) -> JsonObject:
    secret = next((secret for secret in secrets if secret.server == url), None)
    row: JsonObject = {"name": secret.name if secret else "in-cluster", "server": url}
    if secret:
        row |= {"project": secret.project, "namespaces": ", ".join(secret.namespaces)}
    try:
        version = opened.open(url, "").transport.get("/version").json().get("gitVersion", "")
    except ReconcilerError as error:
        return row | {"version": "", "state": str(error)}
    return row | {"version": version, "state": "ok"}
