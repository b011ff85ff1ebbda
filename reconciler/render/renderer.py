"""One source of one application, rendered: checked, looked up, and only then given to a renderer child."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import orjson

from reconciler.errors import SpecError
from reconciler.models.keys import Digest
from reconciler.models.manifest import JsonObject
from reconciler.render.cache import Elsewhere, Recorded, RenderCache, Result
from reconciler.render.limits import RequestLimits
from reconciler.render.plugins.running import NO_PLUGINS, Generated, Plugins, of_cluster
from reconciler.render.pool import RendererPool
from reconciler.render.protocol import (
    Params,
    Remote,
    RenderAnswer,
    RendererDied,
    RenderFailed,
    RenderRequest,
    RenderWarning,
)
from reconciler.render.readset import Read, ReadLog, RecordedFacts, RecordedFiles, Sight
from reconciler.render.request import Prepared, RenderJob, prepare
from reconciler.render.supply import Nowhere, Opened, Supply, World
from reconciler.render.tools.detect import SourceType
from reconciler.render.tools.directory import DirectoryParams
from reconciler.render.tools.plugin import PluginParams
from reconciler.render.unsealing import Unsealing
from reconciler.sources.paths import Tree

MANIFEST_FILES = (".yaml", ".yml", ".json")
"""Files of a directory that hold objects as they are; what a program in one gives may come from any other."""

PATIENCE = 0.25
"""Share of its deadline that a rendering waits for an equal one; the rest is kept for rendering it after all."""


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
    sealed: tuple[JsonObject, ...] = ()
    """Those of `bodies` that came out of encrypted files: their values are not to be shown."""


class Renderer:
    """Renders for all threads of one process. `identity` names the renderer program (`pool.renderer_identity`)."""

    def __init__(
        self,
        pool: RendererPool,
        cache: RenderCache,
        identity: str,
        limits: RequestLimits | None = None,
        plugins: Plugins = NO_PLUGINS,
    ) -> None:
        self._pool = pool
        self.cache = cache
        self._identity = identity
        self._limits = limits or RequestLimits()
        self._plugins = plugins

    def render(
        self, job: RenderJob, tree: Tree, *, deadline_s: float, log: ReadLog | None = None, world: World | None = None
    ) -> Rendered:
        """The objects of one source. Raises SpecError, SourceError, SourceUnavailable, RendererDied, RendererBusy.

        `log` collects what was read, also by a rendering that fails: whoever mends one of those files wakes the
        application. `world` opens what lies in other repositories; without one nothing is fetched.
        """
        log = log or ReadLog(job.repo, job.binding)
        views = Views(Sight(tree, job.facts), world or Nowhere())
        prepared = self.prepared(job, views.own, log)
        asked = _Asked(job, tree, log, views, prepared, self.key_of(job, prepared))
        return self._known(asked) or self._once(asked, deadline_s)

    def prepared(self, job: RenderJob, sight: Sight, log: ReadLog) -> Prepared:
        """The source, checked. Raises SpecError, SourceError, SourceUnavailable."""
        found = prepare(job, sight, log, self._plugins.discovered)
        if not isinstance(found.params, PluginParams):
            return found
        return replace(found, params=replace(found.params, installed=self._plugins.digest))

    def _known(self, asked: _Asked) -> Rendered | None:
        found = self.cache.find(asked.key, asked.views.hold)
        if not found:
            return None
        recorded, result = found
        asked.log.add(recorded.reads)
        asked.views.note(recorded)
        return asked.answer(result, recorded.result, hit=True)

    def _once(self, asked: _Asked, deadline_s: float) -> Rendered:
        """Renders, unless somebody else is about to: a base that changes is wanted by all its targets at once."""
        patience_s = deadline_s * PATIENCE
        with self.cache.turn(f"{asked.key}:{asked.job.commit}", patience_s=patience_s) as ours:
            # Whoever had the turn before us may have ended between our first look and our asking for it.
            return self._known(asked) or self._fresh(asked, deadline_s if ours else deadline_s - patience_s)

    def _fresh(self, asked: _Asked, deadline_s: float) -> Rendered:
        job = asked.job
        own = ReadLog(job.repo, job.binding)
        supply = self._supply(asked.views, own)
        try:
            if isinstance(asked.prepared.params, PluginParams):
                answer = self._generated(asked, asked.prepared.params, own, deadline_s)
            else:
                answer = self._answered(job, asked.prepared, supply, deadline_s)
        finally:
            asked.log.add(own.reads)
            supply.note()
        asked.tree.publish()
        supply.publish()
        result = Result(answer.encoded, answer.warnings, sealed_objects(asked.prepared.params, answer))
        elsewhere = tuple(Elsewhere(mount.remote, mount.read.reads) for mount in supply.mounts.values())
        digest = self.cache.keep(asked.key, own.reads, result, elsewhere)
        return asked.answer(result, digest, hit=False)

    def key_of(self, job: RenderJob, prepared: Prepared) -> Digest:
        """Names everything but the files that the rendering depends on."""
        return prepared.key(job, self._identity, self._limits)

    def _answered(self, job: RenderJob, prepared: Prepared, supply: Supply, deadline_s: float) -> RenderAnswer:
        with Unsealing(job.keys, self._pool.apart) as unwrap:
            request = replace(prepared.request(job, self._limits), unwrap=unwrap)
            return self._pool.render(request, supply, deadline_s=deadline_s)

    def _generated(self, asked: _Asked, params: PluginParams, own: ReadLog, deadline_s: float) -> RenderAnswer:
        """What a plugin gives: its output, read like a file of a directory. Raises as `render`."""
        until = time.monotonic() + deadline_s
        seen = replace(params, env={**of_cluster(RecordedFacts(asked.views.own, own)), **params.env})
        name, output = self._plugins.generate(seen, asked.views.own, own, deadline_s=deadline_s)
        request = RenderRequest(DirectoryParams(""), asked.job.project, self._limits)
        answer = self._pool.render(request, Generated(name, output), deadline_s=until - time.monotonic())
        if any(warning.code == "file-ignored" for warning in answer.warnings):
            raise RenderFailed(f"what plugin {name} printed is no YAML of objects", code="invalid")
        return answer

    def _supply(self, views: Views, own: ReadLog) -> Supply:
        limit = self._limits.combined_bytes
        files, facts = RecordedFiles(views.own, own, file_limit_bytes=limit), RecordedFacts(views.own, own)
        return Supply(files, views.world, facts, file_limit_bytes=limit)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request of `Renderer.render`, checked."""

    job: RenderJob
    tree: Tree
    log: ReadLog
    views: Views
    prepared: Prepared
    key: Digest

    def answer(self, result: Result, digest: Digest, *, hit: bool) -> Rendered:
        bodies = orjson.loads(result.manifests)
        return Rendered(
            bodies=bodies,
            digest=digest,
            reads=self.log.reads,
            hit=hit,
            source_type=self.prepared.source_type,
            warnings=result.warnings,
            sealed=tuple(bodies[index] for index in result.sealed),
        )


class Views:
    """What recorded read-sets are held against: the source's own tree, and what lies elsewhere as it is now."""

    def __init__(self, own: Sight, world: World) -> None:
        self.own, self.world = own, world
        self._opened: dict[Remote, Opened | None] = {}

    def hold(self, recorded: Recorded) -> bool:
        """Whether every question has the answer now that it had then. Raises SourceUnavailable, SourceError."""
        return self.own.holds(recorded.reads) and all(map(self._holds, recorded.elsewhere))

    def note(self, recorded: Recorded) -> None:
        """Hands on what was read elsewhere."""
        for part in recorded.elsewhere:
            if opened := self._open(part.remote):
                opened.log.add(part.reads)

    def _holds(self, part: Elsewhere) -> bool:
        opened = self._open(part.remote)
        return opened is not None and Sight(opened.tree).holds(part.reads)

    def _open(self, remote: Remote) -> Opened | None:
        """None for what may not be had any more: a rendering says why."""
        if remote not in self._opened:
            try:
                self._opened[remote] = self.world.open(remote)
            except SpecError:
                self._opened[remote] = None
        return self._opened[remote]


def sealed_objects(params: Params, answer: RenderAnswer) -> tuple[int, ...]:
    """The places of the objects that came out of files sealed by SOPS. Where templates or patches were at work, nobody
    can tell into which objects a value went, so it is all of them.
    """
    if not answer.unsealed:
        return ()
    is_plain = isinstance(params, DirectoryParams)
    named = {origin.path for origin in answer.origins if is_plain and origin.path.endswith(MANIFEST_FILES)}
    plain = named - set(answer.unsealed)
    return tuple(index for index, origin in enumerate(answer.origins) if origin.path not in plain)


def is_strike(error: Exception) -> bool:
    """Whether an error counts against the application: its own content killed a child. Others go by time or wait
    for an edit, and a child that somebody killed from outside says nothing about the content.
    """
    return isinstance(error, RendererDied) and error.kind != "killed"
