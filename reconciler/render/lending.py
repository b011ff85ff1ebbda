"""Sources that lend their files to others of one application. Argo CD: `ref` of a source, `$ref/path` in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.errors import SourceError
from reconciler.models.keys import CommitId, RepoUrl
from reconciler.render.protocol import Remote
from reconciler.render.readset import ReadLog
from reconciler.render.supply import Opened, World
from reconciler.sources.paths import Tree

REF = "ref"
"""The kind of a question for a lent tree; its `url` is the name that the lender has."""


@dataclass(frozen=True, slots=True)
class Lender:
    """A source that has a `ref`: what it means now. `open` gives its tree and where reads of it are noted."""

    repo: RepoUrl
    commit: CommitId
    revision: str
    open: Callable[[], tuple[Tree, ReadLog]]


@dataclass(frozen=True, slots=True)
class Lending:
    """Opens the lenders of an application by their names for one of its sources, which lies in `repo` at `commit`;
    all else is left to `world`. render.supply.World.
    """

    world: World
    lenders: Mapping[str, Lender]
    repo: RepoUrl
    commit: CommitId

    def open(self, remote: Remote) -> Opened:
        """Raises SourceError for a name that nobody has and for a second revision of a repository, and as `world`.

        Argo CD: one render reads a repository at one revision.
        """
        if remote.kind != REF:
            return self.world.open(remote)
        lender = self.lenders.get(remote.url)
        if lender is None:
            raise SourceError(f"no source has the ref {remote.url!r}")
        if lender.repo == self.repo and lender.commit != self.commit:
            raise SourceError(
                f"cannot reference a different revision of the same repository: ${remote.url} is {lender.revision} of "
                f"{lender.repo} ({lender.commit[:8]}), and this source is at {self.commit[:8]}; "
                "give both the same targetRevision"
            )
        tree, log = lender.open()
        return Opened(f"{REF} {remote.url}", tree, log)
