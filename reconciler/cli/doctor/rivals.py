"""Who else might be writing: another controller that runs here, or one that has left its mark lately."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from reconciler.cli.control import MANAGER, Control
from reconciler.cli.doctor.finding import Finding, fail, ok, warn
from reconciler.models.application import Application
from reconciler.models.manifest import JsonObject
from reconciler.plan.adoption import is_adopted
from reconciler.plan.times import instant_of
from reconciler.settings import Manage

RIVAL: Final = "argocd-application-controller"
NAME_LABEL: Final = "app.kubernetes.io/name"
OURS: Final = frozenset({"reconciler", MANAGER})
RECENT: Final = timedelta(minutes=10)
"""Longer than Argo CD's own comparison interval with its jitter."""


def check_workloads(control: Control) -> Iterator[Finding]:
    """Argo CD's application controller in the control namespace."""
    running = [name for plural in ("statefulsets", "deployments") for name in rivals(_workloads(control, plural))]
    yield judge_rivals(running, control.settings.manage)


def check_managers(control: Control, *, now: datetime) -> Iterator[Finding]:
    """Status written by somebody else lately: a controller that runs where we do not see it."""
    apps = list(control.catalog.applications())
    yield judge_writers(apps, control.settings.manage, now=now)


def rivals(workloads: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of application controllers among workloads that are meant to run."""
    return [
        item["metadata"]["name"]
        for item in workloads
        if (item.get("spec") or {}).get("replicas", 1) != 0
        and RIVAL in (item["metadata"]["name"], (item["metadata"].get("labels") or {}).get(NAME_LABEL))
    ]


def judge_rivals(running: list[str], manage: Manage) -> Finding:
    """With `all` two controllers would fight; beside shadow and adopted there may be one."""
    if not running:
        return ok("rival controllers", "no application controller of Argo CD runs in this namespace")
    said = f"{', '.join(running)} runs in this namespace"
    if manage == "all":
        mend = "scale it to 0, or set RECONCILER_MANAGE=adopted and adopt Applications one by one"
        return fail("rival controllers", said, mend)
    return ok("rival controllers", f"{said}; manage={manage} leaves its Applications alone")


def judge_writers(apps: Iterable[Application], manage: Manage, *, now: datetime) -> Finding:
    """Adopted Applications may have one writer only, and with manage=all so may all of them."""
    subject, found = "writers of Applications", [(app, writer) for app in apps for writer in recent_writers(app, now)]
    contested = [(app, writer) for app, writer in found if manage == "all" or is_adopted(app)]
    if contested:
        app, writer = contested[0]
        said = f"{writer} wrote the status of {app.key.name} lately" + _more(len(contested))
        return warn(subject, said, "find out who runs it and stop it, or release the Application")
    return ok(subject, f"nobody but us in the last {RECENT // timedelta(minutes=1)} minutes where we may write")


def recent_writers(app: Application, now: datetime) -> list[str]:
    """Field managers other than ours that wrote this status lately."""
    entries: list[JsonObject] = (app.raw.get("metadata") or {}).get("managedFields") or []
    return [
        str(entry.get("manager"))
        for entry in entries
        if "f:status" in (entry.get("fieldsV1") or {})
        and entry.get("manager") not in OURS
        and (at := instant_of(str(entry.get("time") or ""))) is not None
        and now - at < RECENT
    ]


def _workloads(control: Control, plural: str) -> list[JsonObject]:
    path = f"/apis/apps/v1/namespaces/{control.settings.namespace}/{plural}"
    items: list[JsonObject] = control.cluster.transport.get(path).json().get("items") or []
    return items


def _more(count: int) -> str:
    return f", and {count - 1} more" if count > 1 else ""
