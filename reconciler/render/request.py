"""From an Application's source to a rendering: what is asked for, and whether this version can do it.

Every check here is made for every pass, also when the result is cached: it belongs to the Application, not to the
result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import orjson

from reconciler.errors import SourceError, SpecError
from reconciler.models.keys import CommitId, Digest, RepoUrl
from reconciler.models.source import ApplicationSource
from reconciler.models.toolsettings import ToolSettings
from reconciler.render.limits import RequestLimits
from reconciler.render.protocol import Facts, NoFacts, Params, RenderRequest, wire
from reconciler.render.readset import ReadLog, Sight
from reconciler.render.tools import environment
from reconciler.render.tools.build import Build, Release
from reconciler.render.tools.detect import SourceType, explicit_type, source_type
from reconciler.render.tools.directory import directory_params
from reconciler.render.tools.environment import Environment
from reconciler.render.tools.helm import helm_params
from reconciler.render.tools.kustomize import kustomize_params
from reconciler.render.tools.overrides import overridden
from reconciler.render.tools.plugin import plugin_params
from reconciler.render.unsealing import NO_KEYS, SopsKeys
from reconciler.sources.paths import Found, clean_path

CACHE_FORMAT = "3"
MAX_SOURCE_PATH_CHARS = 1024

_ODD = re.compile(r"[\x00-\x1f\x7f\\]|^~")


UNRESTRICTED = "none"
"""Value of the annotation `reconciler.dev/kustomize-load-restrictor` by which an Application takes the limit off."""

BUILDERS: Mapping[SourceType, Callable[[Build], Params]] = {
    "Directory": directory_params,
    "Helm": helm_params,
    "Kustomize": kustomize_params,
    "Plugin": plugin_params,
}


@dataclass(frozen=True, slots=True)
class RenderJob:
    """One source of one application at one commit.

    `binding` is what the revision was resolved by, `credentials` names the Secret that the repository was entered
    with (Access.owner), `instance` the application as override files spell it, `namespace` its destination's. Of
    commit, instance and namespace a result's key holds what the tool got to see. `refs` are what other sources are
    called that lend their files, None where there is one source only; `facts` are the destination cluster's.
    """

    source: ApplicationSource
    repo: RepoUrl
    commit: CommitId
    project: str
    binding: str
    instance: str
    credentials: str = "anonymous"
    namespace: str = ""
    settings: ToolSettings = field(default_factory=ToolSettings)
    keys: SopsKeys = NO_KEYS
    is_unrestricted: bool = False
    """Whether a kustomization may name files above its folder; none outside the repository in any case."""

    refs: frozenset[str] | None = None
    facts: Facts = field(default_factory=NoFacts)

    def environment(self) -> Environment:
        """What texts of the source may name."""
        return Environment(
            {
                environment.NAME: self.instance,
                environment.NAMESPACE: self.namespace,
                environment.PROJECT_NAME: self.project,
                environment.SOURCE_PATH: self.source.path,
                environment.SOURCE_REPO_URL: self.source.repo_url,
                environment.SOURCE_TARGET_REVISION: self.source.target_revision,
                **environment.revision_values(self.commit),
            }
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A source that was checked: which tool renders it, and what that is asked for."""

    source_type: SourceType
    params: Params

    def key(self, job: RenderJob, renderer: str, limits: RequestLimits) -> Digest:
        """Names everything but the files that the rendering depends on; `renderer` is the identity of the program."""
        facts = [
            *(CACHE_FORMAT, renderer, job.repo, job.credentials, job.project, job.keys.identity),
            *(self.params.kind, wire(self.params), limits),
        ]
        return Digest(blake2b(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS), digest_size=20).hexdigest())

    def request(self, job: RenderJob, limits: RequestLimits) -> RenderRequest:
        """The request to the renderer."""
        return RenderRequest(self.params, project=job.project, limits=limits)


Discover = Callable[[str, Sight, ReadLog], str]
"""Names the plugin that a folder is for, or ""."""


def no_plugin(folder: str, sight: Sight, log: ReadLog) -> str:
    """Where no plugins are installed."""
    del folder, sight, log
    return ""


def prepare(job: RenderJob, sight: Sight, log: ReadLog, discover: Discover = no_plugin) -> Prepared:
    """Checks a source and finds its tool. Raises SpecError for a path that cannot be one and for two tools at once,
    SourceError for what is missing.
    """
    folder = checked_folder(job, sight, log)
    source = overridden(job.source, folder, job.instance, sight, log)
    found = "" if source.chart or explicit_type(source) else discover(folder, sight, log)
    if found:
        source = source.model_copy(update={"plugin": {"name": found}})
    chosen = source_type(source, folder, job.settings, sight, log)
    build = Build(
        source=source,
        folder=folder,
        environment=job.environment(),
        settings=job.settings,
        is_unrestricted=job.is_unrestricted,
        release=Release(job.instance.rpartition("_")[2], job.namespace),
        refs=job.refs,
    )
    params = BUILDERS[chosen](build)
    log.reads_revision |= build.environment.uses_revision
    return Prepared(chosen, params)


def checked_folder(job: RenderJob, sight: Sight, log: ReadLog) -> str:
    """The folder to render. Raises SpecError for a path that cannot be one, SourceError for one that is missing."""
    path = "" if job.source.chart else checked_path(job.source.path)
    # Not its listing: what lies beside the files that a tool reads does not concern the application.
    found = log.noted(sight.look("file", path))
    if not isinstance(found, Found):
        words = "leaves the repository" if found.why == "escapes" else "does not exist"
        # Of what is missing, not how far one comes: that changes with commits that do not concern the application.
        link = f" ({found.path!r})" if found.hops else ""
        raise SourceError(f"app path {job.source.path!r} {words} in {job.repo} at {job.commit[:8]}{link}")
    if found.entry.type != "dir":
        raise SourceError(f"app path {job.source.path!r} in {job.repo} is a {found.entry.type}, not a folder")
    return path


def checked_path(path: str) -> str:
    """A source's path below the repository's root, "" for the root. Raises SpecError before anything is read."""
    if not path.strip():
        raise SpecError("spec.source.path is required; write '.' for the root of the repository")
    clean = None if _ODD.search(path) or len(path) > MAX_SOURCE_PATH_CHARS else clean_path(path)
    if clean is None:
        raise SpecError(f"spec.source.path {path[:80]!r} must be a path inside the repository, relative to its root")
    return clean
