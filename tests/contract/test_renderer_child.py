"""The real renderer as a child process: what it proves, what it serves, and how it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.errors import SourceUnavailable
from reconciler.render.child import MUST_FAIL, RendererChild
from reconciler.render.limits import MIB, ProcessLimits, RequestLimits
from reconciler.render.protocol import (
    DirEntry,
    FileTooLarge,
    NotAFile,
    PathEscapes,
    PathMissing,
    RendererDied,
    RenderFailed,
    RenderRequest,
)
from reconciler.render.renderer import is_strike
from reconciler.render.tools.directory import DirectoryParams
from tests.support.renderer import MemoryFiles, a_config_map, a_request, renderer_binary

Starter = Callable[[ProcessLimits], RendererChild]
DEADLINE_S = 20.0


@pytest.fixture
def start() -> Iterator[Starter]:
    children: list[RendererChild] = []

    def starter(limits: ProcessLimits) -> RendererChild:
        children.append(RendererChild(renderer_binary(), limits=limits, allow_unsandboxed=False))
        return children[-1]

    yield starter
    for child in children:
        child.close()


@pytest.fixture
def child(start: Starter) -> RendererChild:
    return start(ProcessLimits())


def a_large_manifest(megabytes: int) -> str:
    return a_config_map("large") + "v: [" + "1," * (megabytes * MIB // 2) + "1]\n"


def test_every_thread_of_the_child_is_confined_before_the_first_request(child: RendererChild) -> None:
    assert child.ready().sandbox.proof == dict(MUST_FAIL)
    for task in Path(f"/proc/{child.pid}/task").iterdir():
        status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")


def test_the_child_has_no_environment_and_no_descriptors_but_its_pipes(start: Starter) -> None:
    with open(__file__, "rb") as inherited:
        os.set_inheritable(inherited.fileno(), True)
        child = start(ProcessLimits())
        child.ready()
        links = {os.readlink(link) for link in Path(f"/proc/{child.pid}/fd").iterdir()}
    assert {link.split(":")[0] for link in links} <= {"pipe", "anon_inode"}
    assert Path(f"/proc/{child.pid}/environ").read_bytes() == b""


def test_the_child_limits_its_memory_core_and_files(child: RendererChild) -> None:
    child.ready()
    lines = Path(f"/proc/{child.pid}/limits").read_text().splitlines()
    rows = {line[:26].strip(): line[26:].split()[0] for line in lines}
    assert rows["Max address space"] == str(ProcessLimits().address_space_bytes)
    assert (rows["Max core file size"], rows["Max file size"], rows["Max open files"]) == ("0", "0", "16")


def test_one_child_serves_many_requests_and_hands_on_where_each_object_came_from(child: RendererChild) -> None:
    files = MemoryFiles(
        {"apps/a.yaml": a_config_map("a") + "---\n" + a_config_map("b"), "apps/d/c.yaml": a_config_map("c")}
    )
    for _ in range(3):
        answer = child.render(a_request("apps", recurse=True), files, deadline_s=DEADLINE_S)
        assert [body["metadata"]["name"] for body in answer.bodies] == ["a", "b", "c"]
        assert [(origin.path, origin.line) for origin in answer.origins] == [
            ("apps/a.yaml", 1),
            ("apps/a.yaml", 5),
            ("apps/d/c.yaml", 1),
        ]
    assert files.asked[:4] == ["list apps", "list apps/d", "read apps/a.yaml", "read apps/d/c.yaml"]


def test_a_child_killed_at_its_deadline_says_so(child: RendererChild) -> None:
    files = MemoryFiles({"a.yaml": a_large_manifest(9)})
    with pytest.raises(RendererDied, match=r"ran past its deadline and was killed \(signal SIGKILL\)") as death:
        child.render(a_request(), files, deadline_s=0.1)
    assert death.value.kind == "deadline"
    assert not child.alive


def test_a_child_that_needs_too_much_memory_dies_of_it(start: Starter) -> None:
    child = start(ProcessLimits(address_space_bytes=1400 * MIB))
    with pytest.raises(RendererDied, match="used more memory than it may") as death:
        child.render(a_request(), MemoryFiles({"a.yaml": a_large_manifest(9)}), deadline_s=DEADLINE_S)
    assert death.value.kind == "memory"


def test_a_child_that_needs_too_much_cpu_time_dies_of_it(start: Starter) -> None:
    child = start(ProcessLimits(cpu_s=0))
    with pytest.raises(RendererDied, match="used more CPU time than it may") as death:
        child.render(a_request(), MemoryFiles({"a.yaml": a_large_manifest(9)}), deadline_s=DEADLINE_S)
    assert death.value.kind == "cpu"


def test_cpu_time_is_counted_per_request(start: Starter) -> None:
    child, files = start(ProcessLimits(cpu_s=1)), MemoryFiles({"a.yaml": a_large_manifest(1)})
    until = time.monotonic() + 60
    while _cpu_s(child.pid) < 3 and time.monotonic() < until:
        child.render(a_request(), files, deadline_s=DEADLINE_S)
    assert _cpu_s(child.pid) >= 3


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Killer(MemoryFiles):
    pid = 0

    def read(self, path: str) -> bytes:
        os.kill(self.pid, signal.SIGKILL)
        return super().read(path)


def test_a_child_killed_from_outside_is_told_apart(child: RendererChild) -> None:
    files = _Killer({"a.yaml": a_config_map("a")})
    files.pid = child.pid
    with pytest.raises(RendererDied, match="was killed from outside") as death:
        child.render(a_request(), files, deadline_s=DEADLINE_S)
    assert death.value.kind == "killed"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9 if n else 'x'}]\n" for n in range(10)), 1, "excessive aliasing"),
        ("v: " + "[" * 100_000, 4, "exceeded max depth"),
        ("v: " + "[" * 5_000 + "]" * 5_000, 1, "nested deeper than 200 levels"),
        ("v: &x {y: *x}", 1, "anchor 'x' value contains itself"),
        ("v:\n\tx: y", 5, "found character that cannot start any token"),
        ("v: " + "- " * 100_000, 4, "block sequence entries are not allowed in this context"),
    ],
    ids=["alias bomb", "100,000 brackets", "5,000 brackets", "self reference", "tabs", "100,000 dashes"],
)
def test_hostile_yaml_is_an_error_with_its_line_and_the_child_goes_on(
    child: RendererChild, text: str, line: int, words: str
) -> None:
    with pytest.raises(RenderFailed, match=words) as refusal:
        child.render(a_request(), MemoryFiles({"x/../a.yaml": "", "a.yaml": a_config_map("a") + text}), deadline_s=5)
    assert (refusal.value.path, refusal.value.line) == ("a.yaml", line)
    assert child.render(a_request(), MemoryFiles({"a.yaml": a_config_map("a")}), deadline_s=5).bodies


class _Lying(MemoryFiles):
    """Serves more than fits into a test."""

    def __init__(self, *, names: int = 1, content: bytes = b"") -> None:
        super().__init__({})
        self._names, self._content = names, content

    def list(self, path: str) -> Sequence[DirEntry]:
        return [DirEntry(f"{n}.yaml", "file") for n in range(self._names)]

    def read(self, path: str) -> bytes:
        return self._content


class _HalfAGigabyte(bytes):
    def __len__(self) -> int:
        return 500 * MIB


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (_Lying(names=200_000), "more than 100000 names"),
        (_Lying(names=50_000), "more than 20000 manifest files"),
        (_Lying(content=_HalfAGigabyte()), "larger than 10000000 bytes together"),
        (_Lying(names=11, content=b"#" * 1_000_000), "larger than 10000000 bytes together"),
        (_Lying(names=30, content=b"---\nkind: A\napiVersion: v1\n" * 1_000), "more than 20000 manifests"),
        (
            _Lying(content=a_config_map("a").encode() + b"v: [&x " + b"y" * MIB + b", *x" * 80 + b"]"),
            "larger than 67108864",
        ),
    ],
    ids=[
        "200,000 files",
        "50,000 files",
        "one of 500 MB",
        "together over the cap",
        "30,000 objects",
        "80 MB by aliases",
    ],
)
def test_caps_end_a_request_with_a_clear_error(child: RendererChild, files: _Lying, words: str) -> None:
    with pytest.raises(RenderFailed, match=words) as refusal:
        child.render(a_request(), files, deadline_s=DEADLINE_S)
    assert refusal.value.code == "too-large"
    assert child.alive


class _Refusing(MemoryFiles):
    def __init__(self, error: Exception) -> None:
        super().__init__({})
        self._error = error

    def list(self, path: str) -> Sequence[DirEntry]:
        return [DirEntry("link.yaml", "symlink")]

    def read(self, path: str) -> bytes:
        raise self._error


def test_a_link_out_of_the_repository_is_an_error_that_names_the_link(child: RendererChild) -> None:
    error = PathEscapes("the link leaves the repository", path="link.yaml")
    with pytest.raises(RenderFailed, match=r"link\.yaml: the link leaves the repository") as refusal:
        child.render(a_request(), _Refusing(error), deadline_s=5)
    assert refusal.value.code == "path-escapes"


@pytest.mark.parametrize("error", [PathMissing("it leads nowhere", path="x"), NotAFile("it is a folder", path="x")])
def test_a_link_to_nowhere_or_to_a_folder_is_passed_over_with_a_warning(child: RendererChild, error: Exception) -> None:
    answer = child.render(a_request(), _Refusing(error), deadline_s=5)
    assert (answer.bodies, [warning.code for warning in answer.warnings]) == ([], ["link-ignored"])


def test_a_file_that_its_server_finds_too_large_ends_the_request(child: RendererChild) -> None:
    with pytest.raises(RenderFailed, match="600 MB") as refusal:
        child.render(a_request(), _Refusing(FileTooLarge("600 MB", path="link.yaml")), deadline_s=5)
    assert refusal.value.code == "too-large"


def test_a_path_that_is_not_there_is_an_error_of_the_source(child: RendererChild) -> None:
    with pytest.raises(RenderFailed, match="app path does not exist") as refusal:
        child.render(a_request("gone"), MemoryFiles({"a.yaml": ""}), deadline_s=5)
    assert refusal.value.code == "path-missing"


def test_an_outage_of_the_file_server_is_raised_as_it_is_and_the_child_stays(child: RendererChild) -> None:
    outage, pid = SourceUnavailable("fetch failed", retry_after_s=7), child.pid
    with pytest.raises(SourceUnavailable) as raised:
        child.render(a_request(), _Refusing(outage), deadline_s=5)
    assert raised.value is outage
    assert child.render(a_request(), MemoryFiles({"a.yaml": a_config_map("a")}), deadline_s=5).bodies
    assert (child.pid, child.alive) == (pid, True)


class _Late(MemoryFiles):
    """Answers, or fails, when the request's time is over."""

    def __init__(self, deadline_s: float, error: Exception | None = None) -> None:
        super().__init__({"a.yaml": a_config_map("a")})
        self._deadline_s, self._error = deadline_s, error

    def read(self, path: str) -> bytes:
        threading.Event().wait(self._deadline_s)
        if self._error:
            raise self._error
        return super().read(path)


def test_an_outage_that_shows_after_the_deadline_is_raised_as_it_is_and_is_no_strike(child: RendererChild) -> None:
    outage = SourceUnavailable("the server took longer than 90 s")
    with pytest.raises(SourceUnavailable) as raised:
        child.render(a_request(), _Late(0.5, outage), deadline_s=0.5)
    assert raised.value is outage
    assert (is_strike(raised.value), child.alive) == (False, False)


def test_files_that_come_after_the_deadline_are_no_fault_of_the_child(child: RendererChild) -> None:
    with pytest.raises(SourceUnavailable, match=r"\(read a\.yaml\) took too long to get"):
        child.render(a_request(), _Late(0.5), deadline_s=0.5)
    assert not child.alive


@pytest.mark.parametrize(
    ("params", "names"),
    [
        (DirectoryParams("app"), ["a", "c"]),
        (DirectoryParams("app", recurse=True), ["a", "b", "c"]),
        (DirectoryParams("app", recurse=True, include="*.yml"), ["c"]),
        (DirectoryParams("app", recurse=True, include="{a.yaml,sub/*}"), ["a", "b"]),
        (DirectoryParams("app", recurse=True, exclude="sub/*"), ["a", "c"]),
        (DirectoryParams("app", recurse=True, include="*.yaml", exclude="{a*,c*}"), ["b"]),
        (DirectoryParams("app", disable_extension_filter=True), ["a", "c", "d"]),
    ],
)
def test_include_and_exclude_choose_files(child: RendererChild, params: DirectoryParams, names: list[str]) -> None:
    files = {"a.yaml": "a", "sub/b.yaml": "b", "z.yml": "c", "zz.manifest": "d"}
    tree = MemoryFiles({f"app/{path}": a_config_map(name) for path, name in files.items()})
    answer = child.render(RenderRequest(params), tree, deadline_s=5)
    assert [body["metadata"]["name"] for body in answer.bodies] == names


def test_a_pattern_that_does_not_compile_is_refused_instead_of_matching_nothing(child: RendererChild) -> None:
    with pytest.raises(RenderFailed, match=r'directory.exclude "\[a" is not a valid pattern'):
        child.render(RenderRequest(DirectoryParams("", exclude="[a")), MemoryFiles({"a.yaml": ""}), deadline_s=5)


def test_content_that_is_refused_is_not_repeated(child: RendererChild) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {password: !!int hunter2}\n"
    with pytest.raises(RenderFailed) as refusal:
        child.render(a_request(), MemoryFiles({"a.yaml": secret}), deadline_s=5)
    assert "hunter2" not in str(refusal.value)


def test_limits_are_the_requests_own(child: RendererChild) -> None:
    tight = replace(a_request(), limits=RequestLimits(combined_bytes=10))
    with pytest.raises(RenderFailed, match="larger than 10 bytes"):
        child.render(tight, MemoryFiles({"a.yaml": a_config_map("a")}), deadline_s=5)


def test_a_child_outlives_the_thread_that_started_it(start: Starter) -> None:
    started: list[RendererChild] = []
    thread = threading.Thread(target=lambda: started.append(start(ProcessLimits())))
    thread.start()
    thread.join()
    assert started[0].render(a_request(), MemoryFiles({"a.yaml": a_config_map("a")}), deadline_s=5).bodies


PARENT = """
import sys, time
from pathlib import Path
from reconciler.render.child import RendererChild
from reconciler.render.limits import ProcessLimits
child = RendererChild(Path(sys.argv[1]), limits=ProcessLimits(), allow_unsandboxed=False)
child.ready()
print(child.pid, flush=True)
time.sleep(60)
"""


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    project = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", PARENT, str(renderer_binary())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert _runs(pid)
        parent.kill()
    until = time.monotonic() + 10
    while _runs(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
