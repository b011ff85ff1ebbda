"""The world as an ApplicationSet's generators ask about it: clusters, repositories, objects of the control cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.clusters import paths
from reconciler.clusters.listing import Selector, objects_at
from reconciler.errors import SpecError
from reconciler.generate.facts import ClusterFact, PullRequest, ScmRepository
from reconciler.generate.faults import GeneratorFault
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.keys import IN_CLUSTER, CommitId, GroupKind, RepoUrl, Revision
from reconciler.models.manifest import JsonObject, split_api_version
from reconciler.models.source import ApplicationSource
from reconciler.models.words import IN_CLUSTER_NAME
from reconciler.passes.ahead import newest, settled
from reconciler.passes.gitlooks import GitLooks
from reconciler.render.readset import ReadLog, Sight
from reconciler.services import Readers
from reconciler.store.heads import Heads
from reconciler.store.readindex import Followed, ReadSet


@dataclass(slots=True)
class WorldFacts:
    """Facts for one expansion; each is read once. Raises SpecError, SourceError, and what reading raises."""

    readers: Readers
    appset: ApplicationSet
    heads: Heads
    moved: set[RepoUrl] = field(default_factory=set)
    """Repositories of which this expansion saw a revision that no refresh has handled."""

    resolved: dict[Followed, Revision] = field(default_factory=dict)
    logs: list[ReadLog] = field(default_factory=list)
    _trees: dict[tuple[str, str], GitLooks] = field(default_factory=dict)

    def clusters(self) -> Sequence[ClusterFact]:
        """All of them, or an error: a Secret that does not read must not look like a cluster that is gone."""
        secrets = self.readers.catalog.clusters()
        if secrets.broken:
            told = "; ".join(str(error) for error in secrets.broken.values())
            raise SpecError(f"cluster Secrets that do not read: {told}")
        found = [
            ClusterFact(one.name or one.server, one.server, one.labels, one.annotations, one.project)
            for one in sorted(secrets.parsed, key=lambda one: one.name)
        ]
        alone = IN_CLUSTER in self.readers.clusters.urls() and all(one.server != IN_CLUSTER for one in found)
        return [*found, ClusterFact(IN_CLUSTER_NAME, IN_CLUSTER, secret=False)] if alone else found

    def git(self, url: str, revision: str) -> GitLooks:
        known = self._trees.get((url, revision))
        if known is None:
            known = self._trees[url, revision] = self._opened(url, revision)
        return known

    def repositories(self, spec: JsonObject) -> Sequence[ScmRepository]:
        raise _unasked("scmProvider", spec)

    def has_path(self, spec: JsonObject, repository: ScmRepository, path: str) -> bool:
        raise _unasked(f"scmProvider for {path} in {repository.repository}", spec)

    def pull_requests(self, spec: JsonObject) -> Sequence[PullRequest]:
        raise _unasked("pullRequest", spec)

    def plugin(self, config: str, parameters: Mapping[str, Any]) -> Sequence[JsonObject]:
        raise _unasked(f"plugin {config}", parameters)

    def config_map(self, name: str) -> Mapping[str, str]:
        found = self.readers.catalog.config_map(name)
        if found is None:
            raise GeneratorFault(f"ConfigMap {name} does not exist in {self.readers.settings.namespace}")
        return found

    def resources(self, api_version: str, kind: str, spec: JsonObject) -> Sequence[JsonObject]:
        """Argo CD: the ConfigMap names a kind, or its plural; the objects lie beside the set."""
        group, version = split_api_version(api_version)
        surface = self.readers.control.surface()
        found = [
            (known, served)
            for known, served in surface.served.items()
            if known.group == group
            and kind.lower() in (known.kind.lower(), served.plural)
            and version in served.versions
        ]
        if not found:
            raise GeneratorFault(f"the control cluster serves no {kind} in {api_version}")
        (known, served), *_ = found
        namespace = self.appset.metadata.namespace
        path = paths.collection(GroupKind(*known), served, version=version, namespace=namespace)
        select = Selector(labels=_selector(spec.get("labelSelector") or {}))
        bodies = (live.body for live in objects_at(self.readers.control.transport, path, known, select))
        return [body for body in bodies if spec.get("name") in (None, "", body["metadata"].get("name"))]

    def sets(self) -> tuple[ReadSet, ...]:
        """What was read of each repository and ref, also by an expansion that failed."""
        entries: dict[Followed, ReadSet] = {}
        for one in (log.read_set() for log in self.logs):
            known = entries.get(one.place)
            both = one.entries | known.entries if known else one.entries
            entries[one.place] = ReadSet(one.repo, one.binding, both)
        return tuple(entries.values())

    def _opened(self, url: str, revision: str) -> GitLooks:
        access = self.readers.access(url, self._project())
        source = ApplicationSource.model_validate({"targetRevision": revision or "HEAD"})
        known = newest(self.heads, access.url)
        resolution = settled(self.heads, access.url, self.readers.resolve(access, source), known, self.moved)
        log = ReadLog(access.url, resolution.binding)
        self.logs.append(log)
        self.resolved[Followed(access.url, resolution.binding)] = resolution.revision
        tree = self.readers.sources.reader(access, CommitId(resolution.revision))
        return GitLooks(access.url, Sight(tree), log)

    def _project(self) -> str:
        """Argo CD: with a project that is a template, only repositories that belong to no project are entered."""
        project = str(self.appset.spec.template.spec.get("project") or "")
        return "" if "{{" in project else project


def _unasked(generator: str, spec: Mapping[str, Any]) -> GeneratorFault:
    asked = ", ".join(sorted(spec)) or "nothing"
    return GeneratorFault(
        f"generator {generator} ({asked}) is not asked by this version: expand the set with reconciler generate --facts"
    )


def _selector(selector: JsonObject) -> str:
    """A label selector in the form of a query. Raises GeneratorFault."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for demand in selector.get("matchExpressions") or ():
        key, values = demand.get("key", ""), ",".join(demand.get("values") or ())
        forms = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        if demand.get("operator") not in forms:
            raise GeneratorFault(f"labelSelector: {demand.get('operator')!r} is no operator")
        parts.append(forms[demand["operator"]])
    return ",".join(parts)
