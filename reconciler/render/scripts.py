"""Users' jq expressions and Lua programs on single objects: run by renderer children, many at a time, remembered."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import msgspec
import orjson

from reconciler.errors import SpecError
from reconciler.models.customizations import Script
from reconciler.models.manifest import JsonObject
from reconciler.render.pool import RendererPool
from reconciler.render.protocol import CutParams, DirEntry, LuaParams, NotAFile, RendererDied, RenderRequest

DEADLINE_S: Final = 15.0
"""One request, waiting for a child included. A script has a second, all of a request have five together."""

TOGETHER: Final = 100
"""Runs of one request."""

REMEMBERED: Final = 4096
REMEMBERED_S: Final = 300.0
"""Lua may read the clock."""

ENDLESS_S: Final = 60.0
"""A script that did not end is not tried again for so long; then it is, for it may have been a busy moment."""

UNTRIED: Final = "not tried: it did not end on another object"


@dataclass(frozen=True, slots=True)
class Task:
    """One run: programs on an object. `kind` is `jq` or `lua`."""

    kind: str
    programs: tuple[str, ...]
    body: JsonObject
    open_libs: bool = False

    @property
    def digest(self) -> bytes:
        """Names everything that the outcome depends on, but for the clock."""
        encoded = orjson.dumps([self.kind, self.programs, self.open_libs, self.body], option=orjson.OPT_SORT_KEYS)
        return blake2b(encoded, digest_size=20).digest()


class Outcome(msgspec.Struct, frozen=True):
    """What came of a run: a value, or a fault and the program at fault."""

    value: Any = None
    fault: str = ""
    program: str = ""
    endless: bool = False


class NoFiles:
    """Serves none: scripts and templates work on what the request holds."""

    def list(self, path: str) -> Sequence[DirEntry]:
        raise NotAFile("scripts read no files", path=path)

    def read(self, path: str) -> bytes:
        raise NotAFile("scripts read no files", path=path)

    def glob(self, pattern: str) -> Sequence[str]:
        raise NotAFile("scripts read no files", path=pattern)

    def where(self, path: str) -> str:
        return path


class Scripts:
    """Runs scripts for all threads of one process. What it raises beside SpecError is what the pool raises."""

    def __init__(self, pool: RendererPool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool, self._clock = pool, clock
        self._known: OrderedDict[bytes, tuple[float, Outcome]] = OrderedDict()
        self._endless: dict[str, float] = {}
        self._lock = threading.Lock()

    def cut(self, programs: tuple[str, ...], body: JsonObject, *, project: str) -> JsonObject:
        """The object without what the path expressions name. Raises SpecError for one that is none or never ends."""
        (found,) = self.run([Task("jq", programs, body)], project=project)
        if found.fault:
            raise SpecError(f"jqPathExpressions {found.program}: {found.fault}")
        value: JsonObject = found.value
        return value

    def call(self, script: Script, body: JsonObject, *, project: str) -> Any:
        """What a Lua program returns. Raises SpecError when it fails or never ends."""
        (found,) = self.run([Task("lua", (script.text,), body, script.open_libs)], project=project)
        if found.fault:
            raise SpecError(found.fault)
        return found.value

    def run(self, tasks: Sequence[Task], *, project: str) -> list[Outcome]:
        """The outcomes in order; only what is not remembered is run. Raises RendererBusy, SandboxRefused."""
        digests = [task.digest for task in tasks]
        known = self._recalled(digests)
        missing = {digest: task for digest, task in zip(digests, tasks, strict=True) if digest not in known}
        known |= {digest: refused for digest, task in missing.items() if (refused := self._refused(task))}
        for kind in ("jq", "lua"):
            of_kind = [item for item in missing.items() if item[1].kind == kind and item[0] not in known]
            for start in range(0, len(of_kind), TOGETHER):
                part = of_kind[start : start + TOGETHER]
                outcomes = self._ran([task for _, task in part], project)
                known |= dict(zip((digest for digest, _ in part), outcomes, strict=True))
        self._remember((digest, known[digest]) for digest in missing)
        return [known[digest] for digest in digests]

    def _ran(self, tasks: Sequence[Task], project: str) -> list[Outcome]:
        """Runs without memory. Where a child dies of it, halves tell who killed it."""
        runs = [{"programs": task.programs, "object": task.body, "open_libs": task.open_libs} for task in tasks]
        params = CutParams(runs) if tasks[0].kind == "jq" else LuaParams(runs)
        try:
            answer = self._pool.render(RenderRequest(params, project), NoFiles(), deadline_s=DEADLINE_S)
        except RendererDied as error:
            if len(tasks) == 1:
                return [Outcome(fault=f"it killed the renderer: {error}", program=tasks[0].programs[0])]
            middle = len(tasks) // 2
            return [*self._ran(tasks[:middle], project), *self._ran(tasks[middle:], project)]
        return [msgspec.convert(body, Outcome) for body in answer.bodies]

    def _refused(self, task: Task) -> Outcome | None:
        """A program that did not end lately is not begun again, whatever the object: it would cost its time each."""
        for program in task.programs:
            if self._clock() < self._endless.get(program, 0.0):
                return Outcome(fault=UNTRIED, program=program, endless=True)
        return None

    def _recalled(self, digests: Iterable[bytes]) -> dict[bytes, Outcome]:
        now, found = self._clock(), {}
        with self._lock:
            for digest in digests:
                until, outcome = self._known.get(digest, (0.0, None))
                if outcome is not None and now < until:
                    self._known.move_to_end(digest)
                    found[digest] = outcome
        return found

    def _remember(self, outcomes: Iterable[tuple[bytes, Outcome]]) -> None:
        now = self._clock()
        with self._lock:
            for digest, outcome in outcomes:
                if outcome.endless and outcome.program and outcome.fault != UNTRIED:
                    self._endless[outcome.program] = now + ENDLESS_S
                self._known[digest] = (now + (ENDLESS_S if outcome.endless else REMEMBERED_S), outcome)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            self._endless = {program: until for program, until in self._endless.items() if now < until}
