"""What sources name in other repositories: opened where the project allows it, at the revision that it means now.

The application follows it from then on like its own sources: a push there wakes it, and so does a newer chart.
"""

from __future__ import annotations

from hashlib import blake2b

from reconciler.errors import SourceError
from reconciler.models.keys import PINNED
from reconciler.models.source import ApplicationSource
from reconciler.passes.desired import Reads, Resolve
from reconciler.plan.permissions import ProjectRules
from reconciler.render.protocol import Remote
from reconciler.render.readset import ReadLog
from reconciler.render.supply import Opened
from reconciler.services import Readers
from reconciler.sources import Access, Resolution, source_url
from reconciler.sources.charts.egress import check_host
from reconciler.sources.charts.remotefile import file_name, without_query
from reconciler.sources.following import expected_binding
from reconciler.sources.remotebase import parse_remote_base
from reconciler.sources.urls import chart_url
from reconciler.store.readindex import Followed

ALIASES = ("@", "alias:")
"""What begins the name of a repository that a Secret gives instead of an address. Helm: `helm repo add`."""


class Elsewhere:
    """For one pass: the same question has the same answer throughout. render.supply.World."""

    def __init__(self, readers: Readers, project: ProjectRules, resolve: Resolve, reads: Reads) -> None:
        self._readers, self._project, self._resolve, self._reads = readers, project, resolve, reads

    def open(self, remote: Remote) -> Opened:
        """Raises SourceError, SpecError for what may not be had or does not exist, SourceUnavailable."""
        match remote.kind:
            case "git":
                return self._base(remote)
            case "chart":
                return self._chart(remote)
            case "http":
                return self._file(remote)
        raise SourceError(f"{remote.kind} sources are not fetched by this version")

    def _base(self, remote: Remote) -> Opened:
        base = parse_remote_base(remote.url)
        access = self._readers.access(base.url, self._project.name)
        self._check(base.url, access)
        check_host(access)
        asked = ApplicationSource(repo_url=base.url, target_revision=base.revision)
        resolution, log = self._followed(access, asked)
        tree = self._readers.sources.reader(access, resolution.commit)
        return Opened(f"{access.url}@{resolution.commit}:{resolution.binding}", tree, log, base.folder)

    def _chart(self, remote: Remote) -> Opened:
        """Argo CD: `helm dependency build`, with the repositories that Secrets name."""
        url = self._address(remote.url)
        access = self._readers.access(source_url(url, remote.name), self._project.name)
        self._check(url, access, is_enough=access.is_configured)
        asked = ApplicationSource(repo_url=url, chart=remote.name, target_revision=remote.version)
        resolution, log = self._followed(access, asked)
        tree = self._readers.packed(access, asked, resolution)
        return Opened(f"{access.url}/{remote.name}@{resolution.revision}:{resolution.binding}", tree, log)

    def _file(self, remote: Remote) -> Opened:
        url = without_query(remote.url)
        access = self._readers.access(chart_url(url), self._project.name)
        self._check(url, access)
        tree, log = self._readers.charts.files.tree(access, remote.url), ReadLog(access.url, PINNED)
        self._reads.logs.append(log)
        # The query tells files apart, and may be secret.
        asked = blake2b(remote.url.encode(), digest_size=16).hexdigest()
        return Opened(f"{url}?{asked}#{tree.root}", tree, log, file_name(remote.url))

    def _followed(self, access: Access, asked: ApplicationSource) -> tuple[Resolution, ReadLog]:
        log = ReadLog(access.url, expected_binding(asked))
        self._reads.logs.append(log)
        resolution = self._resolve(access, asked)
        log.binding = resolution.binding
        self._reads.resolved[Followed(access.url, resolution.binding)] = resolution.revision
        return resolution, log

    def _check(self, url: str, access: Access, *, is_enough: bool = False) -> None:
        if not is_enough and not self._project.source_allowed(url):
            raise SourceError(
                f"repository {access.shown} is not permitted in project '{self._project.name}'; "
                "add it to sourceRepos there"
            )

    def _address(self, url: str) -> str:
        """The address of a repository that may be called by the name that its Secret gives it."""
        prefix = next((prefix for prefix in ALIASES if url.startswith(prefix)), "")
        if not prefix:
            return url
        name = url.removeprefix(prefix)
        usable = (self._project.name, "")
        known = [one for one in self._readers.catalog.repositories().parsed if one.name == name and one.type != "git"]
        found = next((one for project in usable for one in known if one.project == project), None)
        if found is None:
            raise SourceError(f"no repository Secret of charts is called {name!r}; add one, or write the address")
        return found.url
