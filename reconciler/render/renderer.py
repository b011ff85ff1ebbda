"""One source of one application, rendered: checked, looked up, and only then given to a renderer child."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from reconciler.models.keys import Digest
from reconciler.models.manifest import JsonObject
from reconciler.render.cache import RenderCache, Result
from reconciler.render.limits import RequestLimits
from reconciler.render.pool import RendererPool
from reconciler.render.protocol import RendererDied, RenderRequest, RenderWarning
from reconciler.render.readset import Read, ReadLog, RecordedFiles, Sight
from reconciler.render.request import Prepared, RenderJob, prepare
from reconciler.render.tools.detect import SourceType
from reconciler.sources.paths import Tree


@dataclass(frozen=True, slots=True)
class Rendered:
    """The objects of one source as the tool gave them. `digest` names them; `hit` means that nothing was rendered."""

    bodies: list[JsonObject]
    digest: Digest
    reads: tuple[Read, ...]
    """Everything that the outcome depends on, the checks of the source included: what the read index holds."""

    hit: bool
    source_type: SourceType
    warnings: tuple[RenderWarning, ...] = ()


class Renderer:
    """Renders for all threads of one process. `identity` names the renderer program (`pool.renderer_identity`)."""

    def __init__(
        self, pool: RendererPool, cache: RenderCache, identity: str, limits: RequestLimits | None = None
    ) -> None:
        self._pool = pool
        self._cache = cache
        self._identity = identity
        self._limits = limits or RequestLimits()

    def render(self, job: RenderJob, tree: Tree, *, deadline_s: float, log: ReadLog | None = None) -> Rendered:
        """The objects of one source. Raises SpecError, SourceError, SourceUnavailable, RendererDied, RendererBusy.

        `log` collects what was read, also by a rendering that fails: whoever mends one of those files wakes the
        application.
        """
        log = log or ReadLog(job.repo, job.binding)
        sight = Sight(tree)
        prepared = prepare(job, sight, log)
        key = prepared.key(job, self._identity, self._limits)
        found = self._cache.find(key, sight)
        if found:
            recorded, result = found
            log.add(recorded.reads)
            return _rendered(result, recorded.result, log, prepared, hit=True)
        own = ReadLog(job.repo, job.binding)
        try:
            result = self._rendered_now(prepared.request(job, self._limits), sight, own, deadline_s=deadline_s)
        finally:
            log.add(own.reads)
        tree.publish()
        digest = self._cache.keep(key, own.reads, result)
        return _rendered(result, digest, log, prepared, hit=False)

    def _rendered_now(self, request: RenderRequest, sight: Sight, log: ReadLog, *, deadline_s: float) -> Result:
        files = RecordedFiles(sight, log, file_limit_bytes=self._limits.combined_bytes)
        answer = self._pool.render(request, files, deadline_s=deadline_s)
        return Result(answer.encoded, answer.warnings)


def is_strike(error: Exception) -> bool:
    """Whether an error counts against the application: its own content killed a child. Others go by time or wait
    for an edit, and a child that somebody killed from outside says nothing about the content.
    """
    return isinstance(error, RendererDied) and error.kind != "killed"


def _rendered(result: Result, digest: Digest, log: ReadLog, prepared: Prepared, *, hit: bool) -> Rendered:
    return Rendered(
        bodies=orjson.loads(result.manifests),
        digest=digest,
        reads=log.reads,
        hit=hit,
        source_type=prepared.source_type,
        warnings=result.warnings,
    )
