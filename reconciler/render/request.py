"""From an Application's source to a rendering: what is asked for, and whether this version can do it.

Every check here is made for every pass, also when the result is cached: it belongs to the Application, not to the
result.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from reconciler.errors import SourceError, SpecError
from reconciler.models.keys import CommitId, Digest, RepoUrl
from reconciler.models.source import ApplicationSource
from reconciler.render.limits import RequestLimits
from reconciler.render.protocol import DirectoryParams, RenderRequest
from reconciler.render.readset import ReadLog, Sight
from reconciler.sources.paths import Found, clean_path

CACHE_FORMAT = "1"
SOURCE_TYPE = "Directory"
MAX_SOURCE_PATH_CHARS = 1024

_TOOL_FILES = {
    "Chart.yaml": "Helm",
    "kustomization.yaml": "Kustomize",
    "kustomization.yml": "Kustomize",
    "Kustomization": "Kustomize",
}
"""Argo CD: files that make a folder a source of another tool, unless `directory` is given."""

_ODD = re.compile(r"[\x00-\x1f\x7f\\]|^~")


@dataclass(frozen=True, slots=True)
class RenderJob:
    """One source of one application at one commit.

    `binding` is what the revision was resolved by, `credentials` names the Secret that the repository was entered
    with (Access.owner), `instance` the
    application as override files spell it. Neither `commit` nor `instance` is part of what a result is cached by.
    """

    source: ApplicationSource
    repo: RepoUrl
    commit: CommitId
    project: str
    binding: str
    instance: str
    credentials: str = "anonymous"

    def params_digest(self, renderer: str, limits: RequestLimits) -> Digest:
        """Names everything but the files that a rendering depends on; `renderer` is the identity of the program."""
        source = self.source.model_dump(mode="json", by_alias=True, exclude={"target_revision", "ref", "name"})
        facts = [CACHE_FORMAT, renderer, self.repo, self.credentials, self.project, source, limits]
        return Digest(blake2b(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS), digest_size=20).hexdigest())

    def request(self, folder: str, limits: RequestLimits) -> RenderRequest:
        """The request to the renderer; `folder` is the path as `checked_folder` gave it."""
        directory = self.source.directory
        params = DirectoryParams(
            path=folder,
            recurse=bool(directory and directory.recurse),
            include=directory.include if directory else "",
            exclude=directory.exclude if directory else "",
            disable_extension_filter=bool(directory and directory.disable_extension_filter),
        )
        return RenderRequest(params, project=self.project, limits=limits)


def checked_folder(job: RenderJob, sight: Sight, log: ReadLog) -> str:
    """The folder to render. Raises SpecError for a path that cannot be one, SourceError for what is missing or not
    supported.
    """
    check_source(job.source)
    path = checked_path(job.source.path)
    found = log.noted(sight.look("list", path))
    if not isinstance(found, Found):
        words = "leaves the repository" if found.why == "escapes" else "does not exist"
        raise SourceError(f"app path {job.source.path!r} {words} in {job.repo} at {job.commit[:8]} ({found.path!r})")
    if found.entry.type != "dir":
        raise SourceError(f"app path {job.source.path!r} in {job.repo} is a {found.entry.type}, not a folder")
    _refuse_overrides(job, path, sight, log)
    if job.source.directory is None:
        _refuse_other_tools(path, sight, log)
    return path


def check_source(source: ApplicationSource) -> None:
    """Raises SourceError naming the field when a source asks for what only later versions render."""
    asked = {
        "chart": source.chart,
        "helm": source.helm,
        "kustomize": source.kustomize,
        "plugin": source.plugin,
        "directory.jsonnet": source.directory.jsonnet if source.directory else None,
    }
    for field, value in asked.items():
        if value:
            raise SourceError(
                f"source.{field} is not supported by this version, which renders folders of YAML and JSON"
            )


def checked_path(path: str) -> str:
    """A source's path below the repository's root, "" for the root. Raises SpecError before anything is read."""
    if not path.strip():
        raise SpecError("spec.source.path is required; write '.' for the root of the repository")
    clean = None if _ODD.search(path) or len(path) > MAX_SOURCE_PATH_CHARS else clean_path(path)
    if clean is None:
        raise SpecError(f"spec.source.path {path[:80]!r} must be a path inside the repository, relative to its root")
    return clean


def _refuse_overrides(job: RenderJob, path: str, sight: Sight, log: ReadLog) -> None:
    for name in (".argocd-source.yaml", f".argocd-source-{job.instance}.yaml"):
        if isinstance(log.noted(sight.look("file", _below(path, name))), Found):
            raise SourceError(
                f"{_below(path, name)} overrides the source, which this version does not support; remove it"
            )


def _refuse_other_tools(path: str, sight: Sight, log: ReadLog) -> None:
    for name, tool in _TOOL_FILES.items():
        if isinstance(log.noted(sight.look("file", _below(path, name))), Found):
            raise SourceError(
                f"{_below(path, name)} makes this a {tool} source, which is not supported by this version; "
                "set `directory: {recurse: false}` on the source to deploy the folder's files as they are"
            )


def _below(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
