"""What was read: desired objects of one application, and what its cluster holds. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from reconciler.models.keys import GroupKind, ObjectKey, Revision
from reconciler.models.manifest import JsonObject, LiveObject, Manifest

HealthCode = Literal["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"]
SyncCode = Literal["Synced", "OutOfSync", "Unknown"]
Rung = Literal["record", "owned-fields", "server", "estimated", "absent", "none"]
"""Which proof of design.md §7 gave a verdict; `none` = no comparison was possible."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One Argo CD condition; `lastTransitionTime` is kept or set when the status is built."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Health:
    """Health of one object or application, in Argo CD's words."""

    status: HealthCode
    message: str = ""


@dataclass(frozen=True, slots=True)
class Surface:
    """What discovery said of a cluster. `served` maps a kind to (preferred version, plural, namespaced).

    `failed_groups` could not be discovered: nothing may be concluded about their kinds.
    """

    version: str
    served: Mapping[GroupKind, ServedKind]
    failed_groups: frozenset[str] = frozenset()

    def find(self, kind: GroupKind) -> ServedKind | None:
        return self.served.get(kind)


@dataclass(frozen=True, slots=True)
class ServedKind:
    """One kind that a cluster serves."""

    versions: tuple[str, ...]
    plural: str
    namespaced: bool
    verbs: frozenset[str]

    @property
    def version(self) -> str:
        """The preferred version."""
        return self.versions[0]


@dataclass(frozen=True, slots=True)
class Desired:
    """All that one application wants, after rendering: namespaces defaulted, duplicates resolved, tracking stamped."""

    manifests: tuple[Manifest, ...]
    revisions: tuple[Revision, ...]
    """One per source, in the order of the sources."""

    source_types: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    """Warnings: repeated or excluded resources."""

    render_digest: str = ""
    sealed: frozenset[ObjectKey] = frozenset()
    """Those that came out of encrypted files: none of their values is ever shown."""
    hooks: tuple[Manifest, ...] = ()
    """What is not compared: hooks, of which those with `generateName` have no name yet, and what asks to be skipped."""

    @property
    def by_key(self) -> Mapping[ObjectKey, Manifest]:
        return {manifest.key: manifest for manifest in self.manifests}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one pass knows of one object, and by which proof.

    `live` is the object as read in this pass, or None: absent if `rung` is `absent`, else not read because a record
    proves it Synced. `predicted` is the server's (or, in shadow, the estimated) answer to applying the desired object;
    None where rungs 2 or 3 proved equality. `error` says why nothing can be said; the object is then Unknown.
    """

    rung: Rung
    live: LiveObject | None = None
    predicted: JsonObject | None = None
    health: Health | None = None
    """Known without the object, from the record or the summary."""

    error: str | None = None
    is_passing: bool = False
    """Whether the error is nobody's fault and goes by itself."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What the destination cluster holds of one application.

    `readings` has one entry per desired object. `extra` are live objects that carry this application's tracking mark
    (or stand in its inventory) and are not desired: read live in this pass. `incomplete` are kinds that could not be
    read: nothing of theirs may be pruned.
    """

    readings: Mapping[ObjectKey, Reading]
    extra: Mapping[ObjectKey, LiveObject] = field(default_factory=dict)
    incomplete: Mapping[GroupKind, str] = field(default_factory=dict)
    namespaces_missing: frozenset[str] = frozenset()
    invalid: Mapping[ObjectKey, str] = field(default_factory=dict)
    """Why the server would refuse what is desired, told by its own schemas before anything is written."""

    hooks: Mapping[ObjectKey, LiveObject | None] | None = None
    """Live hooks by key, None for one that is absent; None as a whole where no operation needed them to be read."""
