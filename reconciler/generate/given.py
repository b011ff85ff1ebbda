"""Facts from a document, for those who ask without a cluster: what `reconciler generate --facts` reads.

clusters:      [{name, server, labels, annotations, project}]
inCluster:     true                    # the cluster that we run in, where no Secret names it
projects:      [default]               # absent: any project exists
repositories:  [{url, revision, directories: [path], files: {path: text or object}}]
scm:           [{when: {github: {organization: x}}, repositories: [{repository, branch, sha, url, labels, paths}]}]
pullRequests:  [{when: {github: {repo: x}}, requests: [{number, title, branch, target, sha, author, labels}]}]
configMaps:    {name: {key: text}}
resources:     [objects]               # what clusterDecisionResource generators look at
plugins:       {configMap: [params]}
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from reconciler.generate.facts import ClusterFact, PullRequest, ScmRepository
from reconciler.generate.faults import GeneratorFault
from reconciler.generate.reading import items
from reconciler.generate.selectors import selects
from reconciler.models.keys import IN_CLUSTER
from reconciler.models.manifest import JsonObject
from reconciler.models.words import IN_CLUSTER_NAME


@dataclass(frozen=True, slots=True)
class GivenGit:
    """A repository as the document lists it; folders of files need not be listed."""

    spec: JsonObject

    def directories(self, patterns: Sequence[str]) -> Sequence[str]:
        listed = [*(self.spec.get("directories") or ()), *(posixpath.dirname(path) for path in self.files(patterns))]
        found = {parent for path in listed for parent in _parents(str(path).strip("/"))}
        return sorted(path for path in found if not any(part.startswith(".") for part in path.split("/")))

    def files(self, patterns: Sequence[str]) -> Sequence[str]:
        del patterns  # a document is short
        return sorted(self.spec.get("files") or {})

    def read(self, path: str) -> str:
        content = self.spec["files"][path]
        return content if isinstance(content, str) else orjson.dumps(content).decode()


@dataclass(frozen=True, slots=True)
class GivenFacts:
    """Facts of one document. Raises GeneratorFault where a question has no answer in it."""

    document: JsonObject

    def clusters(self) -> Sequence[ClusterFact]:
        found = sorted((_cluster(spec) for spec in items(self.document, "clusters")), key=lambda one: one.name)
        alone = self.document.get("inCluster", True) and all(one.server != IN_CLUSTER for one in found)
        return [*found, ClusterFact(IN_CLUSTER_NAME, IN_CLUSTER, secret=False)] if alone else found

    def git(self, url: str, revision: str) -> GivenGit:
        for spec in items(self.document, "repositories"):
            if spec.get("url") == url and spec.get("revision") in (None, revision or "HEAD"):
                return GivenGit(spec)
        raise GeneratorFault(f"facts: no repository {url} at {revision or 'HEAD'}; add it under repositories")

    def repositories(self, spec: JsonObject) -> Sequence[ScmRepository]:
        return [_scm_repository(one) for one in self._listed("scm", "repositories", spec)]

    def has_path(self, spec: JsonObject, repository: ScmRepository, path: str) -> bool:
        listed = self._listed("scm", "repositories", spec)
        return any(_scm_repository(one) == repository and path in (one.get("paths") or ()) for one in listed)

    def pull_requests(self, spec: JsonObject) -> Sequence[PullRequest]:
        return [_pull_request(one) for one in self._listed("pullRequests", "requests", spec)]

    def config_map(self, name: str) -> Mapping[str, str]:
        found = (self.document.get("configMaps") or {}).get(name)
        if not isinstance(found, dict):
            raise GeneratorFault(f"facts: no ConfigMap {name}; add it under configMaps")
        return found

    def resources(self, api_version: str, kind: str, spec: JsonObject) -> Sequence[JsonObject]:
        kinds = {kind.lower(), kind.lower().removesuffix("s")}
        return [
            body
            for body in items(self.document, "resources")
            if body.get("apiVersion") == api_version
            and str(body.get("kind", "")).lower() in kinds
            and spec.get("name") in (None, "", _metadata(body).get("name"))
            and selects(spec.get("labelSelector"), _metadata(body).get("labels") or {})
        ]

    def plugin(self, config: str, parameters: Mapping[str, Any]) -> Sequence[JsonObject]:
        del parameters  # the document holds one answer for each plugin
        found = (self.document.get("plugins") or {}).get(config)
        if found is None:
            raise GeneratorFault(f"facts: no answer of plugin {config}; add it under plugins")
        return items({config: found}, config)

    def _listed(self, table: str, name: str, spec: JsonObject) -> list[JsonObject]:
        for row in items(self.document, table):
            if _within(row.get("when") or {}, spec):
                return items(row, name)
        raise GeneratorFault(f"facts: no answer for this generator; add it under {table}")


def _parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = posixpath.dirname(path)


def _within(part: Any, whole: Any) -> bool:
    """Whether all that `part` says also stands in `whole`."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(_within(value, whole.get(name)) for name, value in part.items())
    return bool(part == whole)


def _metadata(body: JsonObject) -> JsonObject:
    return body.get("metadata") or {}


def _cluster(spec: JsonObject) -> ClusterFact:
    return ClusterFact(
        spec.get("name") or "",
        spec.get("server") or "",
        labels=spec.get("labels") or {},
        annotations=spec.get("annotations") or {},
        project=spec.get("project") or "",
    )


def _scm_repository(spec: JsonObject) -> ScmRepository:
    names = ("organization", "repository", "url", "branch", "sha", "repository_id")
    given = {name: str(spec.get(name) or "") for name in names}
    return ScmRepository(**given, labels=tuple(spec.get("labels") or ()))


def _pull_request(spec: JsonObject) -> PullRequest:
    names = ("number", "title", "branch", "target", "sha", "author")
    given = {name: str(spec.get(name) or "") for name in names}
    return PullRequest(**given, labels=tuple(spec.get("labels") or ()))
