"""Identities. Each is a type of its own, built at the border, so that a name never stands where a URL belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, NewType

ClusterUrl = NewType("ClusterUrl", str)
"""Address of an API server without a trailing slash: the identity of a cluster, as in Argo CD."""

RepoUrl = NewType("RepoUrl", str)
"""Canonical repository URL, without credentials, as `sources.urls.canonical_url` gives it."""

CommitId = NewType("CommitId", str)
"""40 hex digits naming a Git commit."""

Revision = NewType("Revision", str)
"""What names the content of a source for ever: a commit, the exact version of a chart, a digest."""

TreeId = NewType("TreeId", str)
"""40 hex digits naming a Git tree or blob."""

Digest = NewType("Digest", str)
"""Hex digest naming content by everything it depends on."""

Lane = Literal["person", "push", "timer"]
LANES: tuple[Lane, ...] = ("person", "push", "timer")

EntryKind = Literal["app", "repo", "appset", "block"]

IN_CLUSTER = ClusterUrl("https://kubernetes.default.svc")

PINNED = "sha"
"""Binding of what nothing can move: a full commit SHA, an exact chart version, a digest."""

CONTROL = ClusterUrl("control")
"""Stands for the control cluster where summaries are kept, so that an app of apps has its own beside them."""


@dataclass(frozen=True, slots=True, order=True)
class AppKey:
    """Names one Application on the control cluster. Text form: `namespace/name`."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> AppKey:
        """Reads `namespace/name`. Raises ValueError for anything else."""
        namespace, slash, name = text.partition("/")
        if not (namespace and slash and name) or "/" in name:
            raise ValueError(f"{text!r} is not namespace/name")
        return cls(namespace, name)

    def instance(self, control_namespace: str) -> str:
        """The application's name inside tracking ids (Argo CD: `<ns>_<name>` outside the control namespace)."""
        return self.name if self.namespace == control_namespace else f"{self.namespace}_{self.name}"


class GroupKind(NamedTuple):
    """A kind without its version; the core group is the empty string."""

    group: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.kind}" if self.group else self.kind


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Names one object on a cluster; `namespace` is empty for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def group_kind(self) -> GroupKind:
        return GroupKind(self.group, self.kind)

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.group_kind}/{place}{self.name}"


@dataclass(frozen=True, slots=True, order=True)
class EntryKey:
    """Names one entry of the due set. Text form: `kind:name`, such as `app:argocd/guestbook` or `repo:https://…`."""

    kind: EntryKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> EntryKey:
        """Reads the text form. Raises ValueError for an unknown kind or an empty name."""
        kind, _, name = text.partition(":")
        if kind in ("app", "repo", "appset", "block") and name:
            return cls(kind, name)  # type: ignore[arg-type]  # the membership test above is the narrowing
        raise ValueError(f"{text!r} is no entry key")

    @classmethod
    def app(cls, key: AppKey) -> EntryKey:
        return cls("app", str(key))

    @classmethod
    def appset(cls, key: AppKey) -> EntryKey:
        return cls("appset", str(key))

    @classmethod
    def of_reader(cls, reader: AppKey) -> EntryKey:
        """Whom the read index means: an application, or a set that `reader_of_set` named."""
        kind, colon, namespace = reader.namespace.partition(":")
        return cls("appset", f"{namespace}/{reader.name}") if kind == "appset" and colon else cls.app(reader)

    @property
    def app_key(self) -> AppKey:
        return AppKey.parse(self.name)


def reader_of_set(key: AppKey) -> AppKey:
    """An ApplicationSet as the read index names it, beside an Application of the same name."""
    return AppKey(f"appset:{key.namespace}", key.name)
