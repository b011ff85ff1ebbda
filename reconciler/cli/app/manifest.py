"""An Application written down from flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from reconciler.cli.problems import Problem
from reconciler.models.manifest import JsonObject
from reconciler.models.words import API_VERSION, DEFAULT_PROJECT, FINALIZER


@dataclass(frozen=True, slots=True)
class Sourced:
    """Where manifests come from."""

    repo: Annotated[str, typer.Option(help="URL of the repository.", rich_help_panel="Source")] = ""
    path: Annotated[str, typer.Option(help="Folder inside the repository.", rich_help_panel="Source")] = ""
    revision: Annotated[str, typer.Option(help="Branch, tag or commit.", rich_help_panel="Source")] = "HEAD"
    recurse: Annotated[bool, typer.Option("--recurse", help="Read subfolders too.", rich_help_panel="Source")] = False
    include: Annotated[str, typer.Option(help="Only files that match.", rich_help_panel="Source")] = ""
    exclude: Annotated[str, typer.Option(help="No files that match.", rich_help_panel="Source")] = ""


@dataclass(frozen=True, slots=True)
class Destined:
    """Where they go."""

    project: Annotated[str, typer.Option(help="AppProject.", rich_help_panel="Destination")] = DEFAULT_PROJECT
    dest_server: Annotated[str, typer.Option(help="Address of the cluster.", rich_help_panel="Destination")] = ""
    dest_name: Annotated[str, typer.Option(help="Or its name.", rich_help_panel="Destination")] = ""
    dest_namespace: Annotated[str, typer.Option(help="For objects that name none.", rich_help_panel="Destination")] = ""
    label: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE; may be repeated.", rich_help_panel="Destination")
    ] = None


@dataclass(frozen=True, slots=True)
class Policied:
    """When and how they are synced."""

    auto: Annotated[bool, typer.Option("--auto", help="Sync without being asked.", rich_help_panel="Policy")] = False
    prune: Annotated[
        bool, typer.Option("--prune", help="With --auto: delete what is no longer desired.", rich_help_panel="Policy")
    ] = False
    self_heal: Annotated[
        bool, typer.Option("--self-heal", help="With --auto: undo edits by hand.", rich_help_panel="Policy")
    ] = False
    sync_option: Annotated[
        list[str] | None, typer.Option(help="Such as CreateNamespace=true.", rich_help_panel="Policy")
    ] = None
    finalizer: Annotated[
        bool, typer.Option("--set-finalizer", help="Deleting it deletes its objects.", rich_help_panel="Policy")
    ] = False


def manifest_of(name: str, source: Sourced, target: Destined, policy: Policied) -> JsonObject:
    """The Application that the flags describe. Raises Problem for a flag that is missing or contradicts another."""
    if not source.repo:
        raise Problem(f"application {name}: its source is missing", mend="pass --repo URL")
    if bool(target.dest_server) == bool(target.dest_name):
        raise Problem(f"application {name}: name its cluster once", mend="pass either --dest-name or --dest-server")
    if (policy.prune or policy.self_heal) and not policy.auto:
        raise Problem(f"application {name}: --prune and --self-heal belong to automated sync", mend="pass --auto")
    destination = {"server": target.dest_server, "name": target.dest_name, "namespace": target.dest_namespace}
    spec = {"project": target.project, "source": _source(source), "destination": _given(destination)}
    labels = dict(_pair(text) for text in target.label or ())
    metadata = {"name": name, "labels": labels, "finalizers": [FINALIZER] if policy.finalizer else []}
    spec["syncPolicy"] = _policy(policy)
    return {"apiVersion": API_VERSION, "kind": "Application", "metadata": _given(metadata), "spec": _given(spec)}


def _source(source: Sourced) -> JsonObject:
    directory = {"recurse": source.recurse, "include": source.include, "exclude": source.exclude}
    fields = {"repoURL": source.repo, "path": source.path or ".", "targetRevision": source.revision}
    return _given({**fields, "directory": _given(directory)})


def _policy(policy: Policied) -> JsonObject:
    automated = {"prune": policy.prune, "selfHeal": policy.self_heal}
    return {
        # An empty `automated` means on, so it must not fall out with the other empty fields.
        **({"automated": _given(automated)} if policy.auto else {}),
        **({"syncOptions": list(policy.sync_option)} if policy.sync_option else {}),
    }


def _given(fields: dict[str, Any]) -> JsonObject:
    return {name: value for name, value in fields.items() if value}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise Problem(f"{text!r} is no label", mend="write NAME=VALUE")
    return name, value
