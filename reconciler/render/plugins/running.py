"""Renders by a plugin: its source is sent into a cell, its commands run there, and what they print is read as YAML."""

from __future__ import annotations

import os
import posixpath
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO, Final

import orjson

from reconciler.errors import SourceError
from reconciler.render.limits import MIB
from reconciler.render.plugins.config import Command, Plugin, PluginSpec
from reconciler.render.pool import RendererBusy
from reconciler.render.protocol import DirEntry, Facts, FactUnknown, NotAFile, PathMissing, RenderFailed
from reconciler.render.readset import ReadLog, Sight
from reconciler.render.tools.plugin import PluginParams
from reconciler.sources.paths import EXECUTABLE, Entry, Found, clean_path

CELL: Final = Path(__file__).with_name("cell.py")
SETUP_FAILED: Final = 91
PATH: Final = "/plugin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TREE_BYTES: Final = 512 * MIB
SOURCE_BYTES: Final = 100 * MIB
"""What is sent. Argo CD: `reposerver.plugin` streams are as large at most."""

FILES: Final = 20_000
OUTPUT_BYTES: Final = 64 * MIB
ERRORS_BYTES: Final = 8192
HEAD_BYTES: Final = 4096
ADDRESS_BYTES: Final = 4096 * MIB
CHUNK_BYTES: Final = 256 * 1024
AT_ONCE: Final = 4
"""Cells of one process."""

TURNS: Final = threading.BoundedSemaphore(AT_ONCE)

TOLD_CHARS: Final = 500

_NOTHING: Final = PluginSpec(generate=Command(command=("true",)))
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one command."""

    argv: Sequence[str]
    status: int
    output: bytes
    errors: str


class Plugins:
    """The plugins of one installation. Every command runs in a new cell; many threads may use it."""

    def __init__(self, plugins: Sequence[Plugin] = ()) -> None:
        self._plugins = plugins
        self.digest = blake2b(orjson.dumps([(one.name, one.digest) for one in plugins]), digest_size=16).hexdigest()

    def discovered(self, folder: str, sight: Sight, log: ReadLog) -> str:
        """The first plugin whose file lies in the folder, or "". Argo CD: asked before any other tool is looked for."""
        return next((one.name for one in self._plugins if _lies_there(one, folder, sight, log)), "")

    def generate(self, params: PluginParams, sight: Sight, log: ReadLog, *, deadline_s: float) -> tuple[str, bytes]:
        """The plugin's name and what it printed. Raises RenderFailed, RendererBusy, SourceError,
        SourceUnavailable.
        """
        until = time.monotonic() + deadline_s
        log.noted(sight.look("glob", "**"))
        job = CellJob(params, tuple(source_files(sight)))
        plugin = self._chosen(params, sight, log, job, until)
        commands = [one.argv for one in (plugin.spec.init, plugin.spec.generate) if one.argv]
        last = Outcome((), 0, b"", "")
        for last in job.run(plugin, commands, until):
            if last.status != 0 or len(last.output) > OUTPUT_BYTES:
                raise RenderFailed(f"plugin {plugin.name}: {_told(last)}", code="invalid")
        return plugin.name, last.output

    def _chosen(self, params: PluginParams, sight: Sight, log: ReadLog, job: CellJob, until: float) -> Plugin:
        for plugin in self._plugins:
            if plugin.name == params.name if params.name else self._fits(plugin, params.path, sight, log, job, until):
                return plugin
        known = ", ".join(one.name for one in self._plugins) or "none; RECONCILER_PLUGINS names their folder"
        wanted = f"source.plugin.name {params.name!r} is not installed" if params.name else "no plugin fits this source"
        raise SourceError(f"{wanted} (installed: {known})")

    def _fits(self, plugin: Plugin, folder: str, sight: Sight, log: ReadLog, job: CellJob, until: float) -> bool:
        find = plugin.spec.discover.find
        if plugin.spec.discover.file_name or find.glob or not find.command:
            return _lies_there(plugin, folder, sight, log)
        (found,) = job.run(plugin, [(*find.command, *find.args)], until)
        return found.status == 0 and bool(found.output.strip())


def of_cluster(facts: Facts) -> dict[str, str]:
    """What commands are told of the destination cluster; nothing where there is none to ask. Raises as the cluster."""
    with suppress(FactUnknown):
        return {"KUBE_VERSION": facts.kube_version(), "KUBE_API_VERSIONS": ",".join(facts.api_versions())}
    return {}


NO_PLUGINS: Final = Plugins()


@dataclass(frozen=True, slots=True)
class CellJob:
    """A source on its way into cells."""

    params: PluginParams
    files: tuple[tuple[str, str, bytes], ...]

    def run(self, plugin: Plugin, commands: Sequence[Sequence[str]], until: float) -> list[Outcome]:
        """Runs commands one after the other, up to the first that fails. Raises RenderFailed, RendererBusy,
        SourceError.
        """
        with _turn(until) as left_s:
            return _outcomes(_in_cell(self._sent(plugin, commands, left_s), commands, left_s, plugin.name), commands)

    def _sent(self, plugin: Plugin, commands: Sequence[Sequence[str]], left_s: float) -> bytes:
        keep = plugin.spec.preserve_file_mode
        job = {
            "files": [
                (path, "file" if kind == "exec" and not keep else kind, len(data)) for path, kind, data in self.files
            ],
            "commands": commands,
            "env": {"PATH": PATH, "HOME": "/tmp", **self.params.env},  # noqa: S108 - the cell's own
            "folder": self.params.path,
            "plugin": plugin.folder,
            "tree_bytes": TREE_BYTES,
            "address_bytes": ADDRESS_BYTES,
            "cpu_s": int(left_s) + 1,
            "output_bytes": OUTPUT_BYTES,
            "errors_bytes": ERRORS_BYTES,
        }
        return orjson.dumps(job) + b"\n" + b"".join(data for _, _, data in self.files)


def cell_problem() -> str:
    """Why no cell can be had on this machine, or "" where one can: a command that does nothing is run in one."""
    plugin = Plugin("doctor", _NOTHING, "", "")
    job = CellJob(PluginParams("", "doctor", {}), ())
    try:
        (done,) = job.run(plugin, [("true",)], time.monotonic() + 10)
    except SourceError as error:
        return str(error)
    return "" if done.status == 0 else _told(done)


def source_files(sight: Sight) -> Iterator[tuple[str, str, bytes]]:
    """Path, kind and content of everything in the repository. Raises RenderFailed for a link that leads out and for
    too much, SourceUnavailable.
    """
    left, pending, seen = SOURCE_BYTES, [("", sight.tree.root)], 0
    while pending:
        base, tree = pending.pop()
        for name, entry in sight.tree.entries(tree).items():
            path = f"{base}/{name}" if base else name
            if entry.type == "dir":
                pending.append((path, entry.oid))
                continue
            seen += 1
            data = b"" if entry.type == "submodule" else sight.tree.blob(entry, tree, left)
            if data is None or seen > FILES:
                raise RenderFailed(f"the repository is too large for a plugin ({path})", code="too-large")
            left -= len(data)
            if entry.type != "submodule":
                yield path, _kind(path, entry, data), data


def _kind(path: str, entry: Entry, data: bytes) -> str:
    if entry.type != "symlink":
        return "exec" if entry.mode == EXECUTABLE else "file"
    target = data.decode("utf-8", "surrogateescape")
    if target.startswith("/") or clean_path(posixpath.join(posixpath.dirname(path), target)) is None:
        raise RenderFailed(f"the repository has a link that leads out of it: {path}", code="path-escapes", path=path)
    return "link"


def _lies_there(plugin: Plugin, folder: str, sight: Sight, log: ReadLog) -> bool:
    pattern = plugin.spec.discover.file_name or plugin.spec.discover.find.glob
    if not pattern:
        return False
    look = sight.look("glob", posixpath.normpath(posixpath.join(folder, pattern)))
    return isinstance(log.noted(look), Found) and bool(look.paths)


@contextmanager
def _turn(until: float) -> Iterator[float]:
    """Waits until one more cell may be had; gives the seconds left. Raises RendererBusy."""
    if not TURNS.acquire(timeout=max(until - time.monotonic(), 0)):
        raise RendererBusy(f"no cell for a plugin was free in time; {AT_ONCE} run at once")
    try:
        yield max(until - time.monotonic(), 0.001)
    finally:
        TURNS.release()


def _in_cell(sent: bytes, commands: Sequence[Sequence[str]], left_s: float, name: str) -> bytes:
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(CELL)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={},
        cwd="/",
        start_new_session=True,
    )
    sender = threading.Thread(target=_send, args=(process.stdin, sent))
    until = time.monotonic() + left_s
    with process:
        sender.start()
        try:
            output, errors = _received(process, until, HEAD_BYTES + len(commands) * (OUTPUT_BYTES + 1 + ERRORS_BYTES))
            process.wait(until - time.monotonic())
        except subprocess.TimeoutExpired:
            raise RenderFailed(f"plugin {name}: it did not end within {left_s:.0f} s", code="too-large") from None
        except _TooMuch:
            raise RenderFailed(f"plugin {name}: its cell answers without end", code="too-large") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            sender.join()
    if process.returncode == SETUP_FAILED:
        raise SourceError(
            f"plugins are refused on this machine, which gives them no cell of their own ({_line(errors)}); "
            "`reconciler doctor` tells more"
        )
    if process.returncode != 0:
        raise RenderFailed(f"plugin {name}: its cell ended with status {process.returncode}", code="invalid")
    return output


class _TooMuch(Exception):
    """More came out of a cell than one gives."""


def _send(stream: IO[bytes], sent: bytes) -> None:
    with suppress(BrokenPipeError), stream:
        stream.write(sent)


def _received(process: subprocess.Popen[bytes], until: float, limit_bytes: int) -> tuple[bytes, bytes]:
    """All that a cell writes. Raises TimeoutExpired, and _TooMuch for more than the limit."""
    parts: dict[object, list[bytes]] = {process.stdout: [], process.stderr: []}
    with selectors.DefaultSelector() as streams:
        for stream in (process.stdout, process.stderr):
            streams.register(stream, selectors.EVENT_READ)  # type: ignore[arg-type]  # both are pipes
        while streams.get_map():
            ready = streams.select(max(until - time.monotonic(), 0))
            if not ready:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _ in ready:
                chunk = os.read(key.fd, CHUNK_BYTES)
                limit_bytes -= len(chunk)
                if limit_bytes < 0:
                    raise _TooMuch
                parts[key.fileobj].append(chunk)
                if not chunk:
                    streams.unregister(key.fileobj)
    return b"".join(parts[process.stdout]), b"".join(parts[process.stderr])


def _outcomes(output: bytes, commands: Sequence[Sequence[str]]) -> list[Outcome]:
    head, _, rest = output.partition(b"\n")
    found = []
    try:
        for argv, (status, size, errors) in zip(commands, orjson.loads(head), strict=False):
            found.append(Outcome(argv, status, rest[:size], _line(rest[size : size + errors])))
            rest = rest[size + errors :]
    except (ValueError, TypeError):
        raise RenderFailed("a plugin's cell gave an answer that cannot be read", code="invalid") from None
    return found


def _told(outcome: Outcome) -> str:
    if len(outcome.output) > OUTPUT_BYTES:
        return f"{outcome.argv[0]} printed more than {OUTPUT_BYTES} bytes"
    return f"{outcome.argv[0]} ended with status {outcome.status}: {outcome.errors or 'it said nothing'}"


def _line(text: bytes) -> str:
    return _UNPRINTABLE.sub(" ", text.decode("utf-8", "replace")).strip()[-TOLD_CHARS:]


class Generated:
    """What a plugin printed, as the one file of a directory: render.protocol.FileServer."""

    def __init__(self, name: str, data: bytes) -> None:
        self._name, self._data = f"{name}.yaml", data

    def list(self, path: str) -> Sequence[DirEntry]:
        if path:
            raise NotAFile(f"{path} is no folder", path=path)
        return [DirEntry(self._name, "file")]

    def read(self, path: str) -> bytes:
        if path != self._name:
            raise PathMissing(f"{path} does not exist", path=path)
        return self._data

    def glob(self, pattern: str) -> Sequence[str]:
        raise NotAFile("the output of a plugin has no patterns", path=pattern)

    def where(self, path: str) -> str:
        return path
