"""Frames over a child's pipes, with a deadline on every wait; the child's stderr is drained meanwhile."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import time
from typing import IO

from reconciler.render.limits import STDERR_BYTES

_LENGTH = struct.Struct(">I")


class DeadlineReached(Exception):
    """The wait did not end in time."""


class PipeBroken(Exception):
    """The child says what the protocol does not allow."""


class PipeClosed(PipeBroken):
    """The child is gone."""


def descriptor(pipe: IO[bytes] | None) -> int:
    """The descriptor of one end that `subprocess` made."""
    if pipe is None:
        raise ValueError("the process was started without pipes")
    return pipe.fileno()


class FramePipe:
    """Sends and receives frames. `until` is an instant of `time.monotonic()`. One thread at a time."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._in, self._out, self._err = (descriptor(pipe) for pipe in (process.stdin, process.stdout, process.stderr))
        for end in (self._in, self._out, self._err):
            os.set_blocking(end, False)
        self._last_words = bytearray()
        self._err_open = True

    def send(self, payload: bytes, until: float) -> None:
        """Sends one frame. Raises DeadlineReached, PipeBroken."""
        left = memoryview(_LENGTH.pack(len(payload)) + payload)
        while left:
            try:
                left = left[os.write(self._in, left) :]
            except BlockingIOError:
                self._wait(self._in, select.POLLOUT, until)
            except BrokenPipeError as error:
                raise PipeClosed("the child closed its stdin") from error

    def receive(self, limit_bytes: int, until: float) -> bytes:
        """Receives one frame of at most `limit_bytes`. Raises DeadlineReached, PipeBroken."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size, until))
        if length > limit_bytes:
            raise PipeBroken(f"a frame of {length} bytes, {limit_bytes} are allowed")
        return self._read(length, until)

    def last_words(self) -> str:
        """What the child wrote to stderr so far, cut at its cap."""
        while self._drain_stderr():
            pass
        return self._last_words.decode(errors="replace")

    def _read(self, length: int, until: float) -> bytes:
        buffer = bytearray(length)
        left = memoryview(buffer)
        while left:
            try:
                got = os.readv(self._out, [left])
            except BlockingIOError:
                self._wait(self._out, select.POLLIN, until)
                continue
            if not got:
                raise PipeClosed("the child closed its stdout")
            left = left[got:]
        return bytes(buffer)

    def _wait(self, end: int, event: int, until: float) -> None:
        """Returns when the descriptor is ready; drains stderr while waiting, so that the child never blocks on it."""
        poll = select.poll()
        poll.register(end, event)
        if self._err_open:
            poll.register(self._err, select.POLLIN)
        left_s = until - time.monotonic()
        ready = poll.poll(left_s * 1000) if left_s > 0 else []
        if not ready:
            raise DeadlineReached
        if any(found == self._err for found, _ in ready):
            self._drain_stderr()

    def _drain_stderr(self) -> bool:
        try:
            words = os.read(self._err, STDERR_BYTES) if self._err_open else b""
        except BlockingIOError:
            return False
        self._err_open = bool(words)
        # The first words are the reason of a crash, so the rest is what is dropped.
        self._last_words += words[: STDERR_BYTES - len(self._last_words)]
        return self._err_open
