"""A few renderer children per worker process, shared by its threads; a successor stands ready for each that goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from reconciler.errors import Transient
from reconciler.render.child import RendererChild
from reconciler.render.limits import ProcessLimits
from reconciler.render.protocol import FileServer, RenderAnswer, RenderRequest, SandboxRefused
from reconciler.render.supply import Supply


class RendererBusy(Transient):
    """Every child was busy until the request's deadline."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A child and the project whose content it has seen."""

    child: RendererChild
    project: str


def renderer_identity(binary: Path) -> str:
    """Names the program by its content, so that whatever could change a rendering's outcome changes it too."""
    with binary.open("rb") as file:
        digest = blake2b(digest_size=16)
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def sandboxed_children(binary: Path, *, allow_unsandboxed: bool = False) -> Callable[[], RendererChild]:
    """What a pool starts its children with."""
    return lambda: RendererChild(binary, limits=ProcessLimits(), allow_unsandboxed=allow_unsandboxed)


def stands(child: RendererChild) -> bool:
    """True when a child that waited for its first request can take it."""
    with suppress(SandboxRefused):
        child.ready()
        return child.alive
    return False


class RendererPool:
    """At most `size` children at work or bound to a project, and one spare that has seen nothing. Thread-safe.

    A child serves one project only: a request of another takes the spare, and the child idle for longest makes room.
    """

    def __init__(self, start: Callable[[], RendererChild], size: int) -> None:
        """Starts the first child. Raises SandboxRefused when it cannot prove its sandbox."""
        self._start = start
        self._slots = threading.BoundedSemaphore(size)
        self._size = size
        self._lock = threading.Lock()
        self._idle: list[Bound] = []
        self._busy = 0
        self._closed = False
        self._spare: RendererChild | None = start()
        self._spare.ready()

    def render(self, request: RenderRequest, files: FileServer | Supply, *, deadline_s: float) -> RenderAnswer:
        """Renders in some child; waiting for one counts. Raises RendererBusy and what RendererChild.render raises."""
        until = time.monotonic() + deadline_s
        if not self._slots.acquire(timeout=deadline_s):
            raise RendererBusy(f"no renderer was free within {deadline_s:g} s")
        try:
            with self._borrowed(request) as child:
                return child.render(request, files, deadline_s=until - time.monotonic())
        finally:
            self._slots.release()

    def apart(self) -> RendererChild:
        """A new child that the pool neither counts nor keeps: its caller closes it. Raises SandboxRefused."""
        return self._start()

    def pids(self) -> tuple[int, ...]:
        """The idle children and the spare, for those who watch them."""
        with self._lock:
            spare = (self._spare,) if self._spare else ()
            return tuple(child.pid for child in (*(bound.child for bound in self._idle), *spare))

    def replace_children(self) -> None:
        """Dismisses every idle child, for example after a change of policy; those at work end what they do first."""
        with self._lock:
            dismissed, self._idle = self._idle, []
        for bound in dismissed:
            bound.child.close()

    def close(self) -> None:
        """Ends all children; those at work end with their request."""
        with self._lock:
            self._closed = True
            spare, self._spare = self._spare, None
        self.replace_children()
        if spare:
            spare.close()

    @contextmanager
    def _borrowed(self, request: RenderRequest) -> Iterator[RendererChild]:
        with self._lock:
            self._busy += 1
        bound: Bound | None = None
        try:
            bound = self._take(request.project)
            yield bound.child
        finally:
            self._give_back(bound, retire=request.retire_child)

    def _take(self, project: str) -> Bound:
        with self._lock:
            known = next((bound for bound in reversed(self._idle) if bound.project == project), None)
            if known:
                self._idle.remove(known)
            surplus = max(0, len(self._idle) + self._busy - self._size)
            evicted, self._idle = self._idle[:surplus], self._idle[surplus:]
        for bound in evicted:
            bound.child.close()
        if known and known.child.alive:
            return known
        if known:
            known.child.close()
        return Bound(self._fresh(), project)

    def _fresh(self) -> RendererChild:
        """The spare, or a child started now if the spare died while it waited; another spare is put in its place."""
        with self._lock:
            spare, self._spare = self._spare, None
        if spare and not stands(spare):
            spare.close()
            spare = None
        child = spare or self._start()
        self._refill()
        return child

    def _give_back(self, bound: Bound | None, *, retire: bool) -> None:
        with self._lock:
            self._busy -= 1
            retire = retire or (bound is not None and bound.child.has_seen_secret)
            keep = bound is not None and not retire and not self._closed and bound.child.alive
            if keep and bound:
                self._idle.append(bound)
        if bound and not keep:
            bound.child.close()
            self._refill()

    def _refill(self) -> None:
        """Puts a spare on its way; its handshake is awaited by whoever takes it."""
        with self._lock:
            if self._spare or self._closed:
                return
        try:
            child = self._start()
        except SandboxRefused:
            return  # whoever needs it tries again and gets the error; this caller's answer stands
        with self._lock:
            wanted = self._spare is None and not self._closed
            if wanted:
                self._spare = child
        if not wanted:
            child.close()
