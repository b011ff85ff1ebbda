"""What generators ask about the world, and the answers. Whoever answers gives all, or raises what reading raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.models.manifest import JsonObject


@dataclass(frozen=True, slots=True)
class ClusterFact:
    """A cluster as its Secret describes it. `secret` is false for the one that we run in, where it has none."""

    name: str
    server: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    project: str = ""
    secret: bool = True


@dataclass(frozen=True, slots=True)
class ScmRepository:
    """A branch of a repository, as a source code host lists it."""

    organization: str
    repository: str
    url: str
    branch: str
    sha: str
    repository_id: str = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull or merge request that is open. `target` is the branch that it wants to go to."""

    number: str
    title: str
    branch: str
    target: str
    sha: str
    author: str = ""
    labels: tuple[str, ...] = ()


class GitFacts(Protocol):
    """A repository at one revision. Paths are relative to its root."""

    def directories(self, patterns: Sequence[str]) -> Sequence[str]:
        """At least all folders that match a pattern, but the root and what lies in hidden ones."""

    def files(self, patterns: Sequence[str]) -> Sequence[str]:
        """At least all files that match a pattern."""

    def read(self, path: str) -> str:
        """A file's text."""


class Facts(Protocol):
    """Every method raises SpecError where the question is wrong, Transient where there is no answer now."""

    def clusters(self) -> Sequence[ClusterFact]:
        """All clusters, sorted by name, the one without a Secret last."""

    def git(self, url: str, revision: str) -> GitFacts:
        """A repository at a revision; an empty one is HEAD."""

    def repositories(self, spec: JsonObject) -> Sequence[ScmRepository]:
        """All branches that a scmProvider generator's host lists, before its filters."""

    def has_path(self, spec: JsonObject, repository: ScmRepository, path: str) -> bool:
        """Whether a branch holds a path."""

    def pull_requests(self, spec: JsonObject) -> Sequence[PullRequest]:
        """All open requests that a pullRequest generator's host lists, before its filters."""

    def config_map(self, name: str) -> Mapping[str, str]:
        """A ConfigMap's data in the set's namespace."""

    def resources(self, api_version: str, kind: str, spec: JsonObject) -> Sequence[JsonObject]:
        """The objects of a kind that a clusterDecisionResource names or selects."""

    def plugin(self, config: str, parameters: Mapping[str, Any]) -> Sequence[JsonObject]:
        """What the plugin that a ConfigMap describes answers."""
