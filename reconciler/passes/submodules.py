"""Trees of repositories with their submodules, each opened only where the project allows its address."""

from __future__ import annotations

from reconciler.errors import SourceError
from reconciler.models.keys import CommitId
from reconciler.plan.permissions import ProjectRules
from reconciler.services import Readers
from reconciler.sources import Access
from reconciler.sources.charts.egress import check_host
from reconciler.sources.paths import Tree
from reconciler.sources.submodules import with_submodules

ENABLED = "reposerver.enable.git.submodule"


class Submodules:
    """Opens trees for the applications of one project. Argo CD: submodules are on unless the settings say `false`."""

    def __init__(self, readers: Readers, project: ProjectRules) -> None:
        self._readers, self._project = readers, project

    def tree(self, access: Access, commit: CommitId) -> Tree:
        """A repository at a commit. Raises SourceUnavailable, SourceError, and as the catalog."""
        tree = self._readers.sources.tree(access, commit)
        if self._readers.catalog.command_params().get(ENABLED) == "false":
            return tree
        return with_submodules(tree, access.url, self._open)

    def _open(self, url: str, commit: CommitId) -> Tree:
        """Raises SpecError for no address of Git, SourceError for one that the project does not permit or nobody may
        ask.
        """
        project = self._project
        if not project.source_allowed(url):
            raise SourceError(
                f"repository {url} is not permitted in project '{project.name}'; add it to sourceRepos there"
            )
        access = self._readers.access(url, project.name)
        check_host(access)
        return self._readers.sources.tree(access, commit)
