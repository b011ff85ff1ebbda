"""What an AppProject permits: sources, destinations, kinds. Argo CD: AppProject, its `!` quirks included."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.keys import GroupKind, ObjectKey
from reconciler.models.observed import Condition
from reconciler.models.project import AppProject, KindPattern, ServiceAccountRule, SyncWindow
from reconciler.models.source import ApplicationSource, Destination
from reconciler.models.words import PRUNE_LIMIT
from reconciler.plan.globs import glob, wildcard
from reconciler.plan.guard import NO_LIMIT, PruneLimit, prune_limit
from reconciler.plan.sources import complaints

_SSH = re.compile(r"(ssh://)?([^/:]*?)@[^@]+")


@dataclass(frozen=True, slots=True)
class ProjectRules:
    """The rules of one project, with those of the global projects that it inherits from."""

    name: str
    namespace: str
    source_repos: tuple[str, ...]
    destinations: tuple[Destination, ...]
    cluster_allowed: tuple[KindPattern, ...]
    cluster_denied: tuple[KindPattern, ...]
    namespaced_allowed: tuple[KindPattern, ...] | None
    """None allows every kind, an empty tuple none."""

    namespaced_denied: tuple[KindPattern, ...]
    source_namespaces: tuple[str, ...]
    windows: tuple[SyncWindow, ...] = ()
    prune_limit: PruneLimit = NO_LIMIT
    service_accounts: tuple[ServiceAccountRule, ...] = ()

    @classmethod
    def of(cls, project: AppProject, inherited: Sequence[AppProject] = ()) -> ProjectRules:
        """Argo CD: a project adds the lists of every global project whose selector matches it to its own.

        Raises SpecError for an annotation of ours that cannot be read.
        """
        specs = (project.spec, *(other.spec for other in inherited))
        lists = [spec.namespace_resource_whitelist for spec in specs if spec.namespace_resource_whitelist is not None]
        return cls(
            name=project.metadata.name,
            namespace=project.metadata.namespace,
            source_repos=tuple(url for spec in specs for url in spec.source_repos),
            destinations=tuple(item for spec in specs for item in spec.destinations),
            cluster_allowed=tuple(item for spec in specs for item in spec.cluster_resource_whitelist),
            cluster_denied=tuple(item for spec in specs for item in spec.cluster_resource_blacklist),
            namespaced_allowed=tuple(item for patterns in lists for item in patterns) if lists else None,
            namespaced_denied=tuple(item for spec in specs for item in spec.namespace_resource_blacklist),
            source_namespaces=project.spec.source_namespaces,
            windows=tuple(item for spec in specs for item in spec.sync_windows),
            service_accounts=tuple(item for spec in specs for item in spec.destination_service_accounts),
            prune_limit=prune_limit(
                project.metadata.annotations.get(PRUNE_LIMIT, ""), f"AppProject {project.metadata.name}"
            ),
        )

    def source_allowed(self, url: str) -> bool:
        """Argo CD: a `!` pattern that hits denies at once, and one that does not hit counts as an allowance."""
        repository, allowed = normalized_url(url), False
        for pattern in self.source_repos:
            matched = _matches(_normalized_pattern(pattern), repository, separators="/")
            if not matched and _denies(pattern):
                return False
            allowed = allowed or matched
        return allowed

    def destination_allowed(self, server: str, name: str, namespace: str) -> bool:
        """Argo CD: (server or name) and namespace, `!` in each of the three. An empty list permits nothing."""
        asked = Destination(server=server, name=name, namespace=namespace)
        verdicts = [_judge(item, asked) for item in self.destinations]
        return True in verdicts and False not in verdicts

    def kind_allowed(self, kind: GroupKind, namespaced: bool, name: str = "") -> bool:
        """Argo CD: cluster-scoped kinds must be listed, namespaced ones are free while no list is given."""
        if namespaced:
            allowed = self.namespaced_allowed is None or _listed(kind, name, self.namespaced_allowed)
            return allowed and not _listed(kind, name, self.namespaced_denied)
        return _listed(kind, name, self.cluster_allowed) and not _listed(kind, name, self.cluster_denied)

    def namespace_may_use(self, namespace: str) -> bool:
        """Whether Applications of that namespace may name this project. Argo CD: globs, or `/regex/`."""
        return namespace == self.namespace or any(_names(item, namespace) for item in self.source_namespaces)

    def refusal(self, key: ObjectKey, destination: Destination) -> str | None:
        """Why this object may not be written to that destination, in Argo CD's words; None when it may."""
        if not self.kind_allowed(key.group_kind, bool(key.namespace), key.name):
            return f"resource {key.group}:{key.kind} is not permitted in project {self.name}"
        if key.namespace and not self.destination_allowed(destination.server, destination.name, key.namespace):
            return f"namespace {key.namespace} is not permitted in project '{self.name}'"
        return None


EVERYTHING = ProjectRules(
    name="",
    namespace="",
    source_repos=("*",),
    destinations=(Destination(server="*", name="*", namespace="*"),),
    cluster_allowed=(KindPattern(group="*", kind="*"),),
    cluster_denied=(),
    namespaced_allowed=None,
    namespaced_denied=(),
    source_namespaces=("*",),
)
"""Stands where the project itself could not be read: nothing is written then, and only that is said."""


def check_application(app: Application, project: ProjectRules, destination: Destination) -> tuple[Condition, ...]:
    """What the project forbids about the Application itself; `destination` with server and name both resolved.

    Argo CD: spec and permission checks at each refresh → InvalidSpecError.
    """
    spec = app.spec
    messages = [
        *_namespace_complaints(app, project),
        *_source_complaints(spec.all_sources, project, several=bool(spec.sources)),
    ]
    if not project.destination_allowed(destination.server, destination.name, destination.namespace):
        messages.append(
            f"application destination server '{destination.server}' and namespace '{destination.namespace}' "
            f"do not match any of the allowed destinations in project '{project.name}'"
        )
    return tuple(Condition(words.INVALID_SPEC_ERROR, message) for message in messages)


def check_sources(
    sources: Sequence[ApplicationSource], project: ProjectRules, *, several: bool
) -> tuple[Condition, ...]:
    """What is wrong with the sources of an operation, which may be others than those of the spec."""
    messages = _source_complaints(sources, project, several=several)
    return tuple(Condition(words.INVALID_SPEC_ERROR, message) for message in messages)


def normalized_url(url: str) -> str:
    """A repository's address as patterns see it: lower case, no `.git`, `git@host:path` and `ssh://` alike."""
    text = url.strip().lower()
    if _SSH.fullmatch(text):
        text = text if text.startswith("ssh://") else "ssh://" + text.replace(":", "/", 1)
    return text.removesuffix(".git").removeprefix("ssh://")


def _namespace_complaints(app: Application, project: ProjectRules) -> list[str]:
    namespace = app.metadata.namespace
    if project.namespace_may_use(namespace):
        return []
    return [
        f"application '{app.metadata.name}' in namespace '{namespace}' is not permitted to use project '{project.name}'"
    ]


def _source_complaints(sources: Sequence[ApplicationSource], project: ProjectRules, *, several: bool) -> list[str]:
    urls = dict.fromkeys(source.repo_url for source in sources if source.repo_url)
    refused = [url for url in urls if not project.source_allowed(url)]
    forbidden = [f"application repo {url} is not permitted in project '{project.name}'" for url in refused]
    return [*complaints(sources, several=several), *forbidden]


def _denies(pattern: str) -> bool:
    return pattern.startswith("!")


def _normalized_pattern(pattern: str) -> str:
    return "!" + normalized_url(pattern[1:]) if _denies(pattern) else normalized_url(pattern)


def _matches(pattern: str, text: str, *, separators: str = "") -> bool:
    if _denies(pattern):
        return not glob(pattern[1:], separators).fullmatch(text)
    return pattern == "*" or bool(glob(pattern, separators).fullmatch(text))


def _judge(item: Destination, asked: Destination) -> bool | None:
    """True: this entry allows; False: it denies; None: it says nothing."""
    name = bool(asked.name) and _matches(item.name, asked.name)
    server = bool(asked.server) and _matches(item.server, asked.server)
    namespace = _matches(item.namespace, asked.namespace)
    if (server or name) and namespace:
        return True
    pairs = ((name, item.name), (server, item.server), (namespace, item.namespace))
    return False if any(_denies(pattern) and not matched for matched, pattern in pairs) else None


def _listed(kind: GroupKind, name: str, patterns: Sequence[KindPattern]) -> bool:
    return any(
        wildcard(item.kind).fullmatch(kind.kind)
        and wildcard(item.group).fullmatch(kind.group)
        and (not item.name or wildcard(item.name).fullmatch(name))
        for item in patterns
    )


def _names(pattern: str, namespace: str) -> bool:
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        try:
            return bool(re.search(pattern[1:-1], namespace))
        except re.error:
            return False
    return bool(glob(pattern).fullmatch(namespace))
