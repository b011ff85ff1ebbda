"""The way into Git for everybody else: look at refs, resolve a revision, read a commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler import metrics
from reconciler.models.keys import CommitId, Revision
from reconciler.sources import libgit, refs
from reconciler.sources.credentials import Access
from reconciler.sources.lfs import LfsTree
from reconciler.sources.mirror import Limits, Mirrors
from reconciler.sources.paths import Tree
from reconciler.sources.refs import Refs, Resolution
from reconciler.sources.smart import SmartHttp
from reconciler.sources.tokens import Tokens
from reconciler.sources.transport import Timeouts
from reconciler.sources.trees import TreeReader, TreeStore
from reconciler.store.blobs import Blobs


@dataclass(frozen=True, slots=True)
class GitLimits:
    """How long a Git server may take, and how much a repository may hold."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    mirror: Limits = field(default_factory=Limits)


class GitSources:
    """Git for one process. Thread-safe; `blobs` None means that trees are not shared with other workers."""

    def __init__(
        self, data_dir: Path, blobs: Blobs | None, limits: GitLimits | None = None, *, known_hosts: str = ""
    ) -> None:
        limits = limits or GitLimits()
        self._timeouts = limits.timeouts
        self._home = data_dir / "home"
        self._smart = SmartHttp(limits.timeouts)
        self._tokens = Tokens(limits.timeouts)
        self._mirrors = Mirrors(data_dir, self._smart, limits.timeouts, limits.mirror, self._tokens.entered)
        self._trees = TreeStore(self._mirrors, blobs)
        self._known_hosts: str | None = None
        self.trust_hosts(known_hosts)

    def trust_hosts(self, known_hosts: str) -> None:
        """Takes over the text of `argocd-ssh-known-hosts-cm`; hosts that it does not name are refused."""
        if known_hosts != self._known_hosts:
            libgit.configure(self._home, self._timeouts, known_hosts)
            self._known_hosts = known_hosts

    def refs(self, access: Access, prefixes: Sequence[str] = ()) -> Refs:
        """One look at a repository's refs; servers may give more than the prefixes ask for. Raises
        SourceUnavailable, SourceError.
        """
        metrics.git_request_total.labels(access.url, "ls-remote").inc()
        with metrics.git_lsremote_fail_total.labels(access.url).count_exceptions():
            return refs.list_refs(self._tokens.entered(access), prefixes, self._smart, self._timeouts)

    def resolve(self, access: Access, target_revision: str, tag_prefix: str = "") -> Resolution:
        """The commit that a revision means now; a full SHA needs no look. Raises SourceUnavailable, SourceError."""
        prefixes = refs.prefixes_for(target_revision, tag_prefix)
        seen = self.refs(access, prefixes) if prefixes else Refs({})
        return refs.resolve(seen, target_revision, tag_prefix)

    def heads(self, access: Access, bindings: Iterable[str]) -> Mapping[str, Revision]:
        """What each of these bindings stands for now, by one look; those that stand for nothing are left out.

        Raises SourceUnavailable, SourceError.
        """
        names = sorted(bindings)
        seen = self.refs(access, refs.listed_for(names))
        found = ((name, refs.head_of(seen, name)) for name in names)
        return {name: Revision(commit) for name, commit in found if commit}

    def fetch(self, access: Access, commits: Iterable[CommitId]) -> None:
        """Brings commits into the local mirror. Raises SourceUnavailable, SourceError."""
        self._mirrors.ensure(access, commits)

    def tree(self, access: Access, commit: CommitId) -> Tree:
        """As `reader`, with the files of Git LFS where the repository's Secret enables them."""
        reader = self.reader(access, commit)
        return LfsTree(reader, self._tokens.entered(access), self._timeouts) if access.lfs else reader

    def reader(self, access: Access, commit: CommitId) -> TreeReader:
        """A commit's content, fetched only if no worker has it. Raises SourceUnavailable, SourceError."""
        return TreeReader(self._trees, access, commit)
