"""One renderer child: started, made to prove its sandbox, asked for renderings, killed at a deadline."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec
import orjson

from reconciler.models.manifest import JsonObject
from reconciler.render.answering import Answering
from reconciler.render.deaths import obituary
from reconciler.render.limits import HANDSHAKE_DEADLINE_S, MESSAGE_BYTES, ProcessLimits
from reconciler.render.pipe import DeadlineReached, FramePipe, PipeBroken, PipeClosed
from reconciler.render.protocol import (
    PROTOCOL_VERSION,
    ChildMessage,
    DeathKind,
    Fault,
    FileServer,
    RenderAnswer,
    RendererDied,
    RenderFailed,
    RenderRequest,
    SandboxRefused,
    SandboxReport,
    Welcome,
)
from reconciler.render.supply import Supply

MUST_FAIL: Mapping[str, str] = {
    "open": "EPERM",
    "socket": "EPERM",
    "connect": "EPERM",
    "exec": "EPERM",
    "signal": "EPERM",
    "trace": "EPERM",
}
"""What a child tries in its sandbox, and the error that proves that the kernel refused the call itself."""

Message = TypeVar("Message")

_messages = msgspec.json.Decoder(ChildMessage)
_welcomes = msgspec.json.Decoder(Welcome)


def proven(report: SandboxReport) -> bool:
    """True when the sandbox is there and each forbidden act was seen to fail in it."""
    return report.installed and all(report.proof.get(act) == error for act, error in MUST_FAIL.items())


class RendererChild:
    """A running child. Used by one thread at a time; it dies when its stdin closes, so also when this process dies."""

    def __init__(self, binary: Path, *, limits: ProcessLimits, allow_unsandboxed: bool) -> None:
        """Starts the process and greets it without waiting for an answer. Raises SandboxRefused if it cannot start."""
        self._allow_unsandboxed = allow_unsandboxed
        self._welcome: Welcome | None = None
        self._requests = 0
        self.has_seen_secret = False
        try:
            # Its own session: a Ctrl-C in the terminal is for us, and we end it when the pass is over.
            self._process = subprocess.Popen(
                [str(binary)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env={},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxRefused(f"the renderer {binary.name} does not start: {error.strerror}") from error
        self._pipe = FramePipe(self._process)
        self._greet({"protocol": PROTOCOL_VERSION, "limits": asdict(limits)})

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ready(self) -> Welcome:
        """Waits for the handshake. Raises SandboxRefused, and kills the child, when it proves nothing."""
        if self._welcome is None:
            self._welcome = self._shake()
        return self._welcome

    def render(self, request: RenderRequest, files: FileServer | Supply, *, deadline_s: float) -> RenderAnswer:
        """Renders one source. Raises RenderFailed, RendererDied, SandboxRefused, and whatever `files` raises itself."""
        self.ready()
        self._requests += 1
        answering = Answering(files, request)
        try:
            return self._converse(request, answering, time.monotonic() + deadline_s)
        except DeadlineReached as late:
            if answering.outage:
                self.close()
                raise answering.outage from late
            self._bury("deadline", late)
        except PipeClosed as gone:
            self._bury(None, gone)
        except PipeBroken as broken:
            self._bury("protocol", broken)
        except (KeyboardInterrupt, SystemExit):
            self.close()  # in the middle of a conversation that nobody will end
            raise

    def close(self) -> None:
        """Ends the child at once; it holds nothing worth a farewell."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()

    def _greet(self, hello: JsonObject) -> None:
        with suppress(PipeBroken):  # it died at once: `ready` tells why
            self._pipe.send(orjson.dumps(hello), time.monotonic() + HANDSHAKE_DEADLINE_S)

    def _shake(self) -> Welcome:
        try:
            payload = self._pipe.receive(MESSAGE_BYTES, time.monotonic() + HANDSHAKE_DEADLINE_S)
            welcome = _decoded(payload, _welcomes)
        except DeadlineReached as late:
            raise self._refused(obituary(self._process, self._pipe.last_words, "deadline").reason) from late
        except PipeBroken as gone:
            raise self._refused(obituary(self._process, self._pipe.last_words, None).reason) from gone
        if welcome.protocol != PROTOCOL_VERSION:
            raise self._refused(f"the renderer speaks protocol {welcome.protocol}, this is {PROTOCOL_VERSION}")
        if not proven(welcome.sandbox) and not self._allow_unsandboxed:
            raise self._refused(f"the renderer has no sandbox on {welcome.platform}: {welcome.sandbox.proof}")
        return welcome

    def _refused(self, why: str) -> SandboxRefused:
        self.close()
        return SandboxRefused(why)

    def _bury(self, kind: DeathKind | None, cause: Exception) -> NoReturn:
        end = obituary(self._process, self._pipe.last_words, kind)
        self.close()
        raise RendererDied(end.reason, kind=end.kind) from cause

    def _converse(self, request: RenderRequest, answering: Answering, until: float) -> RenderAnswer:
        self._pipe.send(orjson.dumps(request.message(self._requests)), until)
        while (message := self._next(until)).ask:
            frames = answering.frames(message)
            self.has_seen_secret |= answering.gave_key
            if time.monotonic() >= until:
                answering.took_too_long(message)
                raise DeadlineReached
            for frame in frames:
                self._pipe.send(frame, until)
        if answering.outage:
            raise answering.outage
        return self._finish(message, request, until)

    def _next(self, until: float) -> ChildMessage:
        return _decoded(self._pipe.receive(MESSAGE_BYTES, until), _messages)

    def _finish(self, message: ChildMessage, request: RenderRequest, until: float) -> RenderAnswer:
        if message.id != self._requests:
            raise PipeBroken(f"an answer to request {message.id} instead of {self._requests}")
        if message.error:
            raise failed(message.error)
        # One answer may pass the cap by its last object's last value; the child itself stops there.
        encoded = self._pipe.receive(request.limits.output_bytes + MESSAGE_BYTES, until)
        try:
            bodies = orjson.loads(encoded)
        except orjson.JSONDecodeError as error:
            raise PipeBroken("the manifests are not JSON") from error
        if not isinstance(bodies, list) or not len(bodies) == len(message.origins) == message.count:
            raise PipeBroken(f"{message.count} manifests were announced")
        return RenderAnswer(
            bodies=bodies,
            encoded=encoded,
            origins=tuple(message.origins),
            warnings=tuple(message.warnings),
            facts_used=tuple(message.facts_used),
            unsealed=tuple(message.unsealed),
        )


def failed(error: Fault) -> RenderFailed:
    """The child's error as ours; the message names file and line."""
    place = f"{error.path}:{error.line}: " if error.path and error.line else f"{error.path}: " if error.path else ""
    return RenderFailed(place + error.message, code=error.code, path=error.path or None, line=error.line or None)


def _decoded(payload: bytes, decoder: msgspec.json.Decoder[Message]) -> Message:
    try:
        return decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise PipeBroken("a message that is none of the protocol's") from error
