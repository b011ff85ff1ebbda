"""Operations as JSON: what `.operation` of an Application is set to, and the patch that sets it.

Argo CD: the engine reads options and retry from the operation alone, so whoever writes one copies those of the spec.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.cli.pointers import test
from reconciler.cli.problems import Problem
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.models.status import RevisionHistory


@dataclass(frozen=True, slots=True)
class RetryAsked:
    """How often a failed attempt is repeated, and after which waits (Go durations)."""

    limit: int
    duration: str
    factor: int
    max_duration: str

    def to_json(self) -> JsonObject:
        backoff = {"duration": self.duration, "factor": self.factor, "maxDuration": self.max_duration}
        return {"limit": self.limit, "backoff": backoff}


@dataclass(frozen=True, slots=True)
class SyncAsked:
    """What the caller asks for; empty fields follow the spec."""

    revision: str = ""
    prune: bool = False
    dry_run: bool = False
    resources: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    info: tuple[str, ...] = ()
    retry: RetryAsked | None = None


def sync_operation(app: Application, asked: SyncAsked, *, username: str) -> JsonObject:
    """The operation for a sync by hand. Raises Problem where Argo CD's API server would refuse it."""
    _check_revision(app, asked)
    sync: JsonObject = {"revision": asked.revision} if asked.revision else {}
    sync |= _flags(prune=asked.prune, dry_run=asked.dry_run)
    if asked.resources:
        sync["resources"] = [parse_resource(text) for text in asked.resources]
    options = list(asked.options or app.spec.sync_options)
    if options:
        sync["syncOptions"] = options
    operation: JsonObject = {"initiatedBy": {"username": username}, "sync": sync}
    if asked.info:
        operation["info"] = [parse_info(text) for text in asked.info]
    return operation | _retry(app, asked.retry)


def rollback_operation(app: Application, entry: RevisionHistory, asked: SyncAsked, *, username: str) -> JsonObject:
    """The operation that brings back an entry of the history. Raises Problem while automated sync is on."""
    if app.spec.automated is not None:
        mend = "switch spec.syncPolicy.automated off first, or revert the commit in Git"
        raise Problem(f"application {app.key}: automated sync would undo a rollback at once", mend=mend)
    sync = _flags(prune=asked.prune, dry_run=asked.dry_run)
    if entry.sources:
        sync |= {"revisions": list(entry.revisions), "sources": [source.to_json() for source in entry.sources]}
    else:
        sync |= {"revision": entry.revision, **({"source": entry.source.to_json()} if entry.source else {})}
    if app.spec.sync_options:
        sync["syncOptions"] = list(app.spec.sync_options)
    return {"initiatedBy": {"username": username}, "sync": sync, **_retry(app, asked.retry)}


def start_patch(app: Application, operation: JsonObject) -> list[JsonObject]:
    """JSON patch that requests an operation, unless one is requested or under way. Raises Problem."""
    if app.operation is not None:
        mend = f"wait for it with reconciler app wait {app.key.name} --operation, or end it with terminate-op"
        raise Problem(f"application {app.key}: another operation is already in progress", mend=mend)
    if app.is_deleting:
        raise Problem(f"application {app.key} is being deleted")
    return [test("/operation", None), {"op": "add", "path": "/operation", "value": operation}]


def parse_resource(text: str) -> JsonObject:
    """Reads `GROUP:KIND:[NAMESPACE/]NAME`; the core group is empty. Raises Problem."""
    parts = text.split(":", 2)
    group, kind, name = parts if len(parts) == 3 else ("", "", "")
    namespace, _, bare = name.rpartition("/")
    if not (kind and bare):
        raise Problem(f"{text!r} names no object", mend="write GROUP:KIND:[NAMESPACE/]NAME, as in :ConfigMap:flags")
    parsed = {"group": group, "kind": kind, "name": bare, "namespace": namespace}
    return {field: value for field, value in parsed.items() if value}


def parse_info(text: str) -> JsonObject:
    """Reads `NAME=VALUE`. Raises Problem."""
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise Problem(f"{text!r} is no information", mend="write NAME=VALUE")
    return {"name": name, "value": value}


def _check_revision(app: Application, asked: SyncAsked) -> None:
    targets = [source.target_revision for source in app.spec.all_sources]
    if app.spec.automated and asked.revision and not asked.dry_run and asked.revision not in targets:
        target = ", ".join(targets) or "HEAD"
        mend = "switch automated sync off, change the target revision, or try it with --dry-run"
        message = f"application {app.key}: cannot sync to {asked.revision}, automated sync holds it at {target}"
        raise Problem(message, mend=mend)


def _flags(*, prune: bool, dry_run: bool) -> JsonObject:
    return {name: True for name, is_on in (("prune", prune), ("dryRun", dry_run)) if is_on}


def _retry(app: Application, asked: RetryAsked | None) -> JsonObject:
    if asked is not None:
        return {"retry": asked.to_json()}
    policy = app.spec.sync_policy
    return {"retry": policy.retry.to_json()} if policy and policy.retry else {}
