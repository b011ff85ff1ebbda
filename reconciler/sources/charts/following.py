"""What a source of charts follows, as text, and what that means among the versions that there are. Pure.

`chart:<name>:<version or range>` is a chart, `tag:<tag or range>` an OCI artifact. What is exact is PINNED and follows
nothing. Argo CD: `targetRevision` of Helm and of OCI sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from reconciler.errors import SourceError, SpecError
from reconciler.models import semver
from reconciler.models.keys import PINNED, Revision
from reconciler.sources.refs import Resolution

CHART, TAG = "chart", "tag"
HEAD = "HEAD"
ANY = "*"
MAX_NAME_CHARS = 250

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_EXACT = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[-+].*)?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


class Goal(NamedTuple):
    """A chart of a repository, or with an empty name the artifact that the address itself names."""

    chart: str
    wanted: str

    @property
    def binding(self) -> str:
        return f"{CHART}:{self.chart}:{self.wanted}" if self.chart else f"{TAG}:{self.wanted}"

    @property
    def is_floating(self) -> bool:
        """Whether it may stand for other versions as time goes by."""
        return not (_EXACT.fullmatch(self.wanted) if self.chart else _DIGEST.fullmatch(self.wanted))

    @property
    def is_range(self) -> bool:
        return semver.is_constraint(self.wanted)


def goal(chart: str, target_revision: str) -> Goal:
    """What a source asks for; no revision and HEAD mean the highest version. Raises SpecError, SourceError."""
    name, wanted = chart.strip(), target_revision.strip()
    if name and (not _NAME.fullmatch(name) or ".." in name.split("/") or len(name) > MAX_NAME_CHARS):
        raise SpecError(f"spec.source.chart {name[:80]!r} is no name of a chart")
    wanted = ANY if wanted in ("", HEAD) else wanted
    known = semver.is_version(wanted) or semver.is_constraint(wanted)
    if not known and not (not name and (_TAG.fullmatch(wanted) or _DIGEST.fullmatch(wanted))):
        kind = "a version or a range of versions" if name else "a tag, a digest or a range of versions"
        raise SourceError(f"targetRevision {wanted[:80]!r} is not {kind}")
    return Goal(name, wanted)


def parse_binding(binding: str) -> Goal:
    """The goal that a binding is the text of."""
    kind, _, rest = binding.partition(":")
    chart, _, wanted = rest.partition(":") if kind == CHART else ("", "", rest)
    return Goal(chart, wanted)


def pinned(asked: Goal) -> Resolution | None:
    """What an exact version or digest means, which nobody has to be asked for."""
    return None if asked.is_floating else Resolution(Revision(asked.wanted), PINNED)


def recalled(asked: Goal, known: Mapping[str, Revision]) -> Resolution | None:
    """What is known of it; None when somebody has to look."""
    found = known.get(asked.binding)
    return pinned(asked) or (Resolution(found, asked.binding) if found else None)


def chosen(wanted: str, versions: Iterable[str]) -> str | None:
    """The version that is meant, as it is written there: the same text, else the same version, else the highest of a
    range. Argo CD and Helm: a leading `v` and left-out parts are no difference.
    """
    there = list(versions)
    if wanted in there:
        return wanted
    if _EXACT.fullmatch(wanted):
        exact = semver.parse_version(wanted)
        return next((text for text in there if exact and semver.parse_version(text) == exact), None)
    return semver.highest(wanted, there)
