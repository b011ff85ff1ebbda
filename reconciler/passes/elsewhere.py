"""What sources name in other repositories: opened where the project allows it, at the commit that it means now.

The application follows it from then on like its own sources: a push there wakes it.
"""

from __future__ import annotations

from reconciler.errors import SourceError
from reconciler.models.source import ApplicationSource
from reconciler.passes.desired import Reads, Resolve
from reconciler.plan.permissions import ProjectRules
from reconciler.render.protocol import Remote
from reconciler.render.readset import ReadLog
from reconciler.render.supply import Opened
from reconciler.services import Readers
from reconciler.sources.following import expected_binding
from reconciler.sources.remotebase import parse_remote_base
from reconciler.store.readindex import Followed


class Elsewhere:
    """For one pass: the same question has the same answer throughout. render.supply.World."""

    def __init__(self, readers: Readers, project: ProjectRules, resolve: Resolve, reads: Reads) -> None:
        self._readers, self._project, self._resolve, self._reads = readers, project, resolve, reads

    def open(self, remote: Remote) -> Opened:
        """Raises SourceError, SpecError for what may not be had or does not exist, SourceUnavailable."""
        if remote.kind != "git":
            raise SourceError(
                f"{remote.kind} sources are not fetched by this version; commit the file, or name a folder of a "
                "repository that the project allows"
            )
        base = parse_remote_base(remote.url)
        if not self._project.source_allowed(base.url):
            raise SourceError(
                f"repository {base.url} is not permitted in project '{self._project.name}'; add it to sourceRepos there"
            )
        access = self._readers.access(base.url, self._project.name)
        asked = ApplicationSource(repo_url=base.url, target_revision=base.revision)
        log = ReadLog(access.url, expected_binding(asked))
        self._reads.logs.append(log)
        resolution = self._resolve(access, asked)
        log.binding = resolution.binding
        self._reads.resolved[Followed(access.url, resolution.binding)] = resolution.revision
        tree = self._readers.sources.reader(access, resolution.commit)
        return Opened(f"{access.url}@{resolution.commit}:{resolution.binding}", tree, log, base.folder)
