"""A cell in which commands of config management plugins run: a program of its own, of the standard library alone.

It is started anew for each rendering, with an empty environment. It reads one job from stdin (a JSON line, then the
files' bytes), moves into namespaces of its own (user where it has no privileges, mount, network, process, IPC, host
name), makes a root of a tmpfs with the system's folders read-only and the source in it, gives up every privilege, runs
the commands one after the other, and prints one JSON line and their outputs. What the kernel refuses ends it with
status SETUP_FAILED and one line that says what; then no command was run. When it dies, or whoever started it, so does
all that is in it.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from typing import Any, NoReturn

SETUP_FAILED, BROKEN = 91, 92
NOBODY = 65534
ROOTS = ("/mnt", "/media", "/srv", "/opt")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
CONFIGURATION = ("/etc/ssl", "/etc/ca-certificates", "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf.d")
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
PROCESSES = 256
SOURCE, PLUGIN = "/source", "/plugin"

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
RDONLY, NOSUID, NODEV, REMOUNT, BIND, REC, PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
DETACH = 2
SET_PDEATHSIG, SET_DUMPABLE, SET_SECUREBITS, SET_NO_NEW_PRIVS, CAPBSET_DROP = 1, 4, 28, 38, 24
NO_ROOT_PRIVILEGES = 0x2F
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
CAPSET = {"x86_64": 126, "aarch64": 91}
LOCKED_FLAGS = ((os.ST_NOEXEC, 8), (os.ST_NOATIME, 1024), (os.ST_NODIRATIME, 2048), (os.ST_RELATIME, 1 << 21))

Job = dict[str, Any]

_libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)


class Refused(Exception):
    """The kernel refused what the cell is made of."""


def main() -> NoReturn:
    job = json.loads(sys.stdin.buffer.readline())
    _prctl(SET_PDEATHSIG, signal.SIGKILL)
    try:
        _enter(job)
        pid = os.fork()  # the first process of the new process namespace: with it everything in it ends
        if pid == 0:
            _inside(job)
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(SETUP_FAILED)
    _, status = os.waitpid(pid, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _enter(job: Job) -> None:
    uid, gid = os.getuid(), os.getgid()
    private = NEWNS | NEWUTS | NEWIPC | NEWPID | NEWNET
    if uid == 0:
        _call("unshare", private)
        return
    _call("unshare", NEWUSER | private)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"0 {uid} 1")
    _write("/proc/self/gid_map", f"0 {gid} 1")
    job["unprivileged"] = True


def _inside(job: Job) -> NoReturn:
    status = SETUP_FAILED
    try:
        _prctl(SET_PDEATHSIG, signal.SIGKILL)
        _furnish(job)
        _drop(job)
        _limit(job)
        _unpack(job)
        status = BROKEN
        status = _run(job)
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
    finally:
        os._exit(status)


def _furnish(job: Job) -> None:
    """A root of its own, with nothing in it but what is named here."""
    root = next((one for one in ROOTS if os.path.isdir(one)), None)
    if root is None:
        raise Refused(f"none of {', '.join(ROOTS)} is a folder")
    _mount("none", "/", None, REC | PRIVATE)
    _mount("tmpfs", root, "tmpfs", NOSUID | NODEV, f"size={job['tree_bytes']},mode=755")
    for path in SYSTEM:
        if os.path.islink(path):
            os.symlink(os.readlink(path), root + path)
        elif os.path.isdir(path):
            _show(path, root + path)
    for path in CONFIGURATION:
        if os.path.exists(path):
            _show(os.path.realpath(path), root + path)
    if job["plugin"]:
        _show(job["plugin"], root + PLUGIN)
    for path in DEVICES:
        _bind(path, root + path)
    for path in (SOURCE, "/tmp", "/proc"):  # noqa: S108 - of the cell
        os.mkdir(root + path, 0o700)
        os.chmod(root + path, 0o1777)  # noqa: S103 - everybody in the cell is one user
    with contextlib.suppress(Refused):  # a container may hide parts of /proc, and then gives no new one
        _mount("proc", root + "/proc", "proc", NOSUID | NODEV)
    _write(root + "/etc/passwd", f"plugin:x:{_user(job)}:{_user(job)}::/tmp:/bin/sh\n")
    _pivot(root)


def _pivot(root: str) -> None:
    os.mkdir(root + "/old")
    os.chdir(root)
    _syscall(PIVOT_ROOT, b".", b"old")
    os.chdir("/")
    if _libc.umount2(b"/old", DETACH):
        raise Refused(f"leaving the old root: {os.strerror(ctypes.get_errno())}")
    os.rmdir("/old")


def _user(job: Job) -> int:
    return 0 if job.get("unprivileged") else NOBODY


def _drop(job: Job) -> None:
    """No privilege is left, none can be got again, and nothing that is run gets any."""
    for capability in range(64):
        _libc.prctl(CAPBSET_DROP, capability, 0, 0, 0)
    _prctl(SET_SECUREBITS, NO_ROOT_PRIVILEGES)
    if not job.get("unprivileged"):
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _syscall(CAPSET, header, (ctypes.c_uint32 * 6)())
    _prctl(SET_NO_NEW_PRIVS, 1)
    _prctl(SET_PDEATHSIG, signal.SIGKILL)  # a change of user had taken it back
    _prctl(SET_DUMPABLE, 0)  # the commands are of the same user, and would write to what we answer by


def _limit(job: Job) -> None:
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, job["address_bytes"]),
        (resource.RLIMIT_FSIZE, job["tree_bytes"]),
        (resource.RLIMIT_CPU, job["cpu_s"]),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, PROCESSES),
    ):
        resource.setrlimit(what, (value, value))


def _unpack(job: Job) -> None:
    """The source's files; the parent has judged their paths, which are made of nothing but plain names here."""
    os.umask(0o077)
    for path, kind, size in job["files"]:
        place = f"{SOURCE}/{path}"
        os.makedirs(os.path.dirname(place), exist_ok=True)
        data = sys.stdin.buffer.read(size)
        if kind == "link":
            os.symlink(os.fsdecode(data), place)
            continue
        file = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o700 if kind == "exec" else 0o600)
        with open(file, "wb") as opened:
            opened.write(data)


def _run(job: Job) -> int:
    """Runs the commands; the answer is a JSON line with (status, bytes of output, bytes of errors) for each."""
    results: list[list[int]] = []
    outputs: list[bytes] = []
    for argv in job["commands"]:
        status, output, errors = _command(argv, job)
        results.append([status, len(output), len(errors)])
        outputs += [output, errors]
        if status != 0:
            break
    sys.stdout.buffer.write(json.dumps(results).encode() + b"\n" + b"".join(outputs))
    sys.stdout.buffer.flush()
    return 0


def _command(argv: list[str], job: Job) -> tuple[int, bytes, bytes]:
    try:
        process = subprocess.Popen(
            argv,
            cwd=f"{SOURCE}/{job['folder']}",
            env=job["env"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        return 127, b"", f"{argv[0]}: {error.strerror}".encode()
    found: dict[str, bytes] = {}
    readers = [
        threading.Thread(target=_drain, args=(process, name, limit, found))
        for name, limit in (("stdout", job["output_bytes"]), ("stderr", job["errors_bytes"]))
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return process.wait(), found["stdout"], found["stderr"]


def _drain(process: subprocess.Popen[bytes], name: str, limit: int, found: dict[str, bytes]) -> None:
    """All of a stream up to a limit; more of the output ends the command, more of the errors is dropped."""
    stream, parts, left = getattr(process, name), [], limit + 1
    while chunk := stream.read(65536):
        parts.append(chunk[:left])
        left -= len(parts[-1])
        if left == 0 and name == "stdout":
            os.kill(-1, signal.SIGKILL)  # everybody in this process namespace but us
            break
    found[name] = b"".join(parts) if name == "stdout" else b"".join(parts)[:limit]


def _show(source: str, target: str) -> None:
    """A folder or file of the machine, to be read only."""
    _bind(source, target)
    flags = REMOUNT | BIND | RDONLY | NOSUID | NODEV
    kept = os.statvfs(source).f_flag
    for ours, theirs in LOCKED_FLAGS:
        flags |= theirs if kept & ours else 0
    _mount("none", target, None, flags)


def _bind(source: str, target: str) -> None:
    if os.path.isdir(source):
        os.makedirs(target)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(source, target, None, BIND | REC)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    if _libc.mount(source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags), options.encode()):
        raise Refused(f"mounting {target}: {os.strerror(ctypes.get_errno())}")


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments):
        raise Refused(f"{name}: {os.strerror(ctypes.get_errno())}")


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise Refused(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def _syscall(numbers: dict[str, int], *arguments: object) -> None:
    number = numbers.get(os.uname().machine)
    if number is None:
        raise Refused(f"plugins need amd64 or arm64, this is {os.uname().machine}")
    if _libc.syscall(ctypes.c_long(number), *arguments):
        raise Refused(f"system call {number}: {os.strerror(ctypes.get_errno())}")


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
