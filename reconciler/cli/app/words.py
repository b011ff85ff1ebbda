"""Short words for parts of an Application, as tables and sentences show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from reconciler.models.application import Application
from reconciler.models.source import ApplicationSource, Destination
from reconciler.models.status import ResourceStatus, RevisionHistory
from reconciler.plan.progress import age
from reconciler.plan.times import instant_of

SHORT = 7


def short(revision: str) -> str:
    """A commit in seven digits; anything else as it is."""
    is_commit = len(revision) == 40 and all(digit in "0123456789abcdef" for digit in revision)
    return revision[:SHORT] if is_commit else revision


def revision_of(app: Application) -> str:
    """What was compared last, one revision a source."""
    status = app.status.sync
    return ", ".join(map(short, status.revisions or (status.revision,)))


def place(destination: Destination) -> str:
    """`east/orders`: the cluster and the namespace."""
    return "/".join(filter(None, (destination.name or destination.server, destination.namespace)))


def source_line(source: ApplicationSource | None) -> str:
    """Where manifests come from, in one line."""
    if source is None:
        return ""
    inside = f" chart {source.chart}" if source.chart else f" path {source.path or '.'}"
    return f"{source.repo_url}{inside} at {source.target_revision or 'HEAD'}"


def policy_line(app: Application) -> str:
    """Whether and how it is synced without being asked."""
    automated = app.spec.automated
    if automated is None:
        return "by hand"
    flags = {"prune": automated.prune, "self-heal": automated.self_heal, "allow-empty": automated.allow_empty}
    return ", ".join(("automated", *(name for name, is_on in flags.items() if is_on)))


def object_line(item: ResourceStatus) -> str:
    """`Deployment orders/orders-api`."""
    return f"{item.kind} {item.namespace + '/' if item.namespace else ''}{item.name}"


def entry_revision(entry: RevisionHistory) -> str:
    """The revisions of one entry of the history."""
    return ", ".join(map(short, entry.revisions or (entry.revision,)))


def since(text: str, now: datetime) -> str:
    """How long ago, such as `2m`; empty when there is no such time."""
    instant = instant_of(text)
    return age((now - instant) / timedelta(seconds=1)) if instant else ""


def conditions_line(kinds: Sequence[str]) -> str:
    """Types of conditions, each once."""
    return ", ".join(dict.fromkeys(kinds))
