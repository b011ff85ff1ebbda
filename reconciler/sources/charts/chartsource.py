"""The way to charts and artifacts for everybody else: what a source means now, and its content as a tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial

from reconciler.errors import SourceError
from reconciler.models.keys import Revision
from reconciler.sources.charts.archive import Member, unpack
from reconciler.sources.charts.archivetree import ArchiveTree
from reconciler.sources.charts.following import Goal, chosen, parse_binding, pinned
from reconciler.sources.charts.helmrepo import HelmRepositories, not_offered
from reconciler.sources.charts.limits import ChartLimits
from reconciler.sources.charts.registry import Registries
from reconciler.sources.charts.remotefile import RemoteFiles
from reconciler.sources.charts.shelf import Shelf
from reconciler.sources.credentials import Access
from reconciler.sources.refs import Resolution
from reconciler.sources.transport import NotThere
from reconciler.store.blobs import Blobs


class ChartSources:
    """Chart repositories and registries for one process. Thread-safe; `blobs` None shares nothing with others."""

    def __init__(self, blobs: Blobs | None, limits: ChartLimits | None = None) -> None:
        self._limits = limits or ChartLimits()
        self._repositories = HelmRepositories(blobs, self._limits)
        self._registries = Registries(self._limits)
        self._shelf = Shelf(blobs, self._limits.archive_s)
        self.files = RemoteFiles(self._limits.timeouts)

    def resolve(self, access: Access, asked: Goal) -> Resolution:
        """The version or digest that is meant; an exact one needs no look. Raises SourceError, SourceUnavailable."""
        return pinned(asked) or Resolution(self._newest(access, asked), asked.binding)

    def answers(self, access: Access) -> bool:
        """Whether there is an index to look at; a registry has none. Raises SourceError, SourceUnavailable."""
        if access.address.scheme == "oci":
            return False
        self._repositories.offers(access, "")
        return True

    def look(self, access: Access, asked: Goal) -> Revision:
        """The same, but the server is asked for what is exact as well. Raises SourceError, SourceUnavailable."""
        return self._newest(access, asked)

    def heads(self, access: Access, bindings: Iterable[str]) -> Mapping[str, Revision]:
        """What each of these bindings stands for now; those that stand for nothing are left out.

        Raises SourceUnavailable, and SourceError where the whole repository refuses.
        """
        found: dict[str, Revision] = {}
        if access.address.scheme != "oci":
            with suppress(NotThere):
                self._repositories.look(access)
        for binding in sorted(bindings):
            try:
                found[binding] = self._newest(access, parse_binding(binding))
            except (NothingFits, NotThere):
                continue
        return found

    def tree(self, access: Access, asked: Goal, revision: Revision, *, passes_credentials: bool = False) -> ArchiveTree:
        """The content of a chart at a version, or of an artifact at a digest; fetched only if no worker has it.

        Raises SourceError, SourceUnavailable.
        """
        what = f"chart {asked.chart} {revision}" if asked.chart else f"artifact {access.shown}@{revision}"
        name = f"{access.scope}:{asked.chart}:{revision}"
        fetch = self._from_registry if access.address.scheme == "oci" else self._from_repository
        fetching = partial(fetch, access, asked, revision, what, passes_credentials)
        return self._shelf.tree(name, what, access.shown, fetching)

    def _newest(self, access: Access, asked: Goal) -> Revision:
        if access.address.scheme == "oci":
            return self._newest_tag(access, asked)
        there = [offer.version for offer in self._repositories.offers(access, asked.chart)]
        best = chosen(asked.wanted, there)
        if best is None:
            raise NothingFits(str(not_offered(access, asked.chart, asked.wanted, there)))
        return Revision(best)

    def _newest_tag(self, access: Access, asked: Goal) -> Revision:
        name = _repository(access, asked.chart)
        if not asked.chart and not asked.is_range:
            return Revision(self._registries.artifact(access, name, asked.wanted).digest)
        tags = self._registries.tags(access, name)
        versions = [tag.replace("_", "+") for tag in tags]
        best = chosen(asked.wanted, versions)
        if best is None:
            raise NothingFits(str(not_offered(access, asked.chart or name, asked.wanted, versions)))
        if asked.chart:
            return Revision(best)
        return Revision(self._registries.artifact(access, name, tags[versions.index(best)]).digest)

    def _from_repository(
        self, access: Access, asked: Goal, revision: Revision, what: str, passes_credentials: bool
    ) -> tuple[Member, ...]:
        found = self._repositories.fetch(access, asked.chart, revision, passes_credentials=passes_credentials)
        return unpack(found.data, what, strips_top=True, limits=self._limits.archive)

    def _from_registry(
        self, access: Access, asked: Goal, revision: Revision, what: str, _passes_credentials: bool
    ) -> tuple[Member, ...]:
        name = _repository(access, asked.chart)
        artifact = self._registries.artifact(access, name, revision.replace("+", "_"))
        if asked.chart and not artifact.is_chart:
            raise SourceError(f"{what} of {access.shown} is no Helm chart but {artifact.layer.media_type}")
        data = self._registries.blob(access, name, artifact.layer)
        is_chart = artifact.is_chart
        return unpack(data, what, strips_top=is_chart, keeps_links=not is_chart, limits=self._limits.archive)


class NothingFits(SourceError):
    """No version satisfies what is wanted; the repository itself is well."""


def _repository(access: Access, chart: str) -> str:
    """The name within the registry. An address that ends with the chart's name already names it."""
    path = access.address.path
    if not chart or path == chart or path.endswith(f"/{chart}"):
        return path
    return f"{path}/{chart}" if path else chart
