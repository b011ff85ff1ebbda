"""Config management plugins in real cells: what their commands see, what they cannot reach, and how they fail."""

from __future__ import annotations

import re
import secrets
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.errors import ConfigurationError, SourceError
from reconciler.models.keys import CommitId, RepoUrl
from reconciler.models.source import ApplicationSource
from reconciler.render.cache import RenderCache
from reconciler.render.plugins.config import Command, Plugin, PluginSpec, read_plugins
from reconciler.render.plugins.running import AT_ONCE, CELL, TURNS, CellJob, Outcome, Plugins, cell_problem, of_cluster
from reconciler.render.pool import RendererBusy, RendererPool, renderer_identity, sandboxed_children
from reconciler.render.protocol import NoFacts, RenderFailed
from reconciler.render.renderer import Rendered, Renderer
from reconciler.render.request import RenderJob
from reconciler.render.tools.plugin import PluginParams
from reconciler.sandbox.waiting import wait_for
from tests.support.prerequisites import lacking
from tests.support.renderer import a_config_map, renderer_binary
from tests.support.trees import Content, Link, MemoryTree

REPO = RepoUrl("https://git.example/a")
TELL = """
printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: told}\\ndata:\\n'
for name in ARGOCD_APP_NAME ARGOCD_APP_REVISION ARGOCD_ENV_COLOR PARAM_SIZE PARAM_LIST_1 PARAM_MAP_KEY_X; do
  printf '  %s: "%s"\\n' $name "$(printenv $name)"
done
printf '  parameters: %s\\n' "'$ARGOCD_APP_PARAMETERS'"
printf '  made: %s\\n' "$(cat made)"
printf '  read: %s\\n' "$(cat ../shared/text)"
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[RendererPool]:
    if problem := cell_problem():
        lacking(problem)
    made = RendererPool(sandboxed_children(renderer_binary()), 1)
    yield made
    made.close()


class Rig:
    """Plugins in a folder, and sources rendered by them."""

    def __init__(self, pool: RendererPool, folder: Path) -> None:
        self.pool, self.folder = pool, folder

    def install(self, name: str, script: str = "", **spec: Any) -> None:
        """A plugin whose program is a script beside its plugin.yaml."""
        place = self.folder / name
        place.mkdir()
        (place / "generate.sh").write_text(script)
        body = {"generate": {"command": ["sh", "/plugin/generate.sh"]}, **spec}
        text = yaml.safe_dump({"kind": "ConfigManagementPlugin", "metadata": {"name": name}, "spec": body})
        (place / "plugin.yaml").write_text(text)

    def render(self, files: Mapping[str, Content], *, deadline_s: float = 20, **source: Any) -> Rendered:
        spec = ApplicationSource.model_validate({"repoURL": REPO, "path": "app", **source})
        plugins = Plugins(read_plugins(self.folder))
        identity = renderer_identity(renderer_binary())
        renderer = Renderer(self.pool, RenderCache(None), identity, plugins=plugins)
        job = RenderJob(spec, REPO, CommitId("1" * 40), "p", "main", "web")
        return renderer.render(job, MemoryTree(files), deadline_s=deadline_s)

    def printed(self, script: str, files: Mapping[str, Content] | None = None) -> str:
        """What a script prints in a cell, told by a ConfigMap."""
        told = "printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: x}\\ndata:\\n  out: |\\n'\n"
        self.install("printing", f"({script}) > /tmp/out 2>&1\n{told}sed 's/^/    /' /tmp/out\n")
        rendered = self.render(files or {"app/x": "x"}, plugin={"name": "printing"})
        out: str = rendered.bodies[0]["data"]["out"]
        return out


@pytest.fixture
def rig(pool: RendererPool, tmp_path: Path) -> Rig:
    return Rig(pool, tmp_path)


def test_a_plugin_renders_what_its_commands_print(rig: Rig) -> None:
    rig.install("telling", TELL, version="v1", init={"command": ["sh", "-c"], "args": ["echo by-init > made"]})
    parameters = [
        {"name": "size", "string": "large"},
        {"name": "list", "array": ["a", "b"]},
        {"name": "map", "map": {"key-x": "v"}},
    ]
    plugin = {
        "name": "telling-v1",
        "env": [{"name": "COLOR", "value": "red-$ARGOCD_APP_NAME"}],
        "parameters": parameters,
    }
    result = rig.render({"app/x": "x", "shared/text": "from-the-repository"}, plugin=plugin)
    data = result.bodies[0]["data"]
    assert result.source_type == "Plugin"
    assert data.pop("parameters").startswith('[{"name":"size"')
    assert data == {
        "ARGOCD_APP_NAME": "web",
        "ARGOCD_APP_REVISION": "1" * 40,
        "ARGOCD_ENV_COLOR": "red-web",
        "PARAM_SIZE": "large",
        "PARAM_LIST_1": "b",
        "PARAM_MAP_KEY_X": "v",
        "made": "by-init",
        "read": "from-the-repository",
    }


@pytest.mark.parametrize(
    "discover",
    [
        {"fileName": "*.special"},
        {"find": {"glob": "**/deep.special"}},
        {"find": {"command": ["sh", "-c"], "args": ["ls *.special"]}},
    ],
)
def test_a_plugin_is_found_by_what_lies_in_the_folder(rig: Rig, discover: dict[str, Any]) -> None:
    rig.install("special", "echo '{apiVersion: v1, kind: ConfigMap, metadata: {name: made}}'", discover=discover)
    files = {"app/a.special": "x", "app/sub/deep.special": "x"}
    assert rig.render(files, plugin={}).bodies[0]["metadata"]["name"] == "made"
    if "command" not in discover.get("find", {}):
        assert rig.render(files).source_type == "Plugin", "before any other tool is looked for"
    assert rig.render({"app/one.yaml": a_config_map("one")}).source_type == "Directory"
    with pytest.raises(SourceError, match=r"no plugin fits this source \(installed: special\)"):
        rig.render({"app/x": "x"}, plugin={})


def test_commands_are_told_of_the_destination_cluster(rig: Rig) -> None:
    class Cluster:
        def kube_version(self) -> str:
            return "v1.36.3"

        def has_api(self, name: str) -> bool:
            return name in self.api_versions()

        def api_versions(self) -> list[str]:
            return ["apps/v1", "v1"]

    assert of_cluster(Cluster()) == {"KUBE_VERSION": "v1.36.3", "KUBE_API_VERSIONS": "apps/v1,v1"}
    assert of_cluster(NoFacts()) == {}
    assert "KUBE_VERSION" not in rig.printed("env")


def test_a_cell_has_nothing_of_the_machine_but_its_programs(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_ROOT_KEY", "canary-of-the-worker")
    out = rig.printed(
        "id -u; env; ls -a / /root /home /work /var/run/secrets; cat /etc/shadow; cat /proc/1/environ; "
        "grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status; touch /usr/x /plugin/x"
    )
    assert "canary" not in out
    for absent in ("/root", "/home", "/work", "/var/run/secrets"):
        assert f"cannot access '{absent}'" in out
    assert "CapEff:\t0000000000000000" in out
    assert "CapBnd:\t0000000000000000" in out
    assert "NoNewPrivs:\t1" in out
    assert out.count("Read-only file system") + out.count("Permission denied") >= 2


def test_no_packet_leaves_a_cell(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        out = rig.printed(f"cat /proc/net/dev; bash -c ': < /dev/tcp/127.0.0.1/{port}' || echo no-way")
    devices = re.findall(r"^\s*(\w+): +(\d+)", out, re.MULTILINE)
    assert "lo" in dict(devices)
    assert {received for _, received in devices} == {"0"}
    assert "no-way" in out


def test_a_command_that_never_ends_is_ended_with_all_that_it_started(rig: Rig) -> None:
    mark = f"{secrets.randbelow(10**8) + 10**8}"
    rig.install("endless", f"sleep {mark} & sleep {mark}")
    begun = time.monotonic()
    with pytest.raises(RenderFailed, match="plugin endless: it did not end within"):
        rig.render({"app/x": "x"}, plugin={"name": "endless"}, deadline_s=2)
    assert time.monotonic() - begun < 6
    wait_for(lambda: not any(mark in command for command in _commands()), "the cell to be gone", timeout_s=10)


def _commands() -> Iterator[str]:
    """The command lines of this machine's processes."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            yield path.read_text(errors="replace")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo broken by hand >&2; exit 3", "sh ended with status 3: broken by hand"),
        ("echo 'just: [text'", "what plugin failing printed is no YAML of objects"),
        ("yes | head -c 70000000", "printed more than"),
        ("exec nothing-of-this-name", "ended with status 127"),
    ],
)
def test_a_failure_is_told_and_gives_nothing(rig: Rig, script: str, words: str) -> None:
    rig.install("failing", script)
    with pytest.raises(SourceError, match=words):
        rig.render({"app/x": "x"}, plugin={"name": "failing"})


def test_a_failed_init_ends_it(rig: Rig) -> None:
    rig.install("failing", "echo '{}'", init={"command": ["false"]})
    with pytest.raises(SourceError, match="false ended with status 1"):
        rig.render({"app/x": "x"}, plugin={"name": "failing"})


@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd"])
def test_a_repository_with_a_link_that_leads_out_is_given_to_no_plugin(rig: Rig, target: str) -> None:
    rig.install("p", "echo '{}'")
    with pytest.raises(SourceError, match="a link that leads out of it: app/l"):
        rig.render({"app/l": Link(target)}, plugin={"name": "p"})


def test_a_plugin_that_is_not_installed_is_named(rig: Rig) -> None:
    with pytest.raises(SourceError, match=r"'mine' is not installed \(installed: none; RECONCILER_PLUGINS"):
        rig.render({"app/x": "x"}, plugin={"name": "mine"})


def test_any_change_of_the_repository_renders_anew_and_nothing_else_does(rig: Rig) -> None:
    rig.install("p", "cat ../other/x; echo")
    body = a_config_map("one")
    renderer = Renderer(rig.pool, RenderCache(None), "id", plugins=Plugins(read_plugins(rig.folder)))
    spec = ApplicationSource.model_validate({"repoURL": REPO, "path": "app", "plugin": {"name": "p"}})
    job = RenderJob(spec, REPO, CommitId("1" * 40), "p", "main", "web")
    trees = [MemoryTree({"app/x": "x", "other/x": text}) for text in (body, body, body + "# more\n")]
    assert [renderer.render(job, tree, deadline_s=20).hit for tree in trees] == [False, True, False]


AS_A_USER = """
# Before the change of user, who may not be let into the folder of the interpreter.
import __future__, contextlib, ctypes, ctypes.util, json, os, resource, signal, subprocess, sys, threading, typing
with open({cell!r}) as file:
    text = file.read()
if os.getuid() == 0:
    for stream in range(3):
        os.fchown(stream, 1234, 1234)
    os.setgroups([])
    os.setresgid(1234, 1234, 1234)
    os.setresuid(1234, 1234, 1234)
    ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as a process that was started by this user
exec(compile(text, "cell", "exec"), {{"__name__": "__main__"}})
"""


@pytest.fixture(params=["of this process", "of a user"])
def cell(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cells as they are where the worker is what these tests are, and where it is no root."""
    if request.param == "of a user":
        started = tmp_path / "started.py"
        started.write_text(AS_A_USER.format(cell=str(CELL)))
        monkeypatch.setattr("reconciler.render.plugins.running.CELL", started)
    if problem := cell_problem():
        lacking(problem)


def in_a_cell(script: str, deadline_s: float = 20) -> Outcome:
    plugin = Plugin("any", PluginSpec(generate=Command(command=("true",))), "", "")
    job = CellJob(PluginParams("", "any", {}), ())
    (outcome,) = job.run(plugin, [("sh", "-c", script)], time.monotonic() + deadline_s)
    return outcome


@pytest.mark.usefixtures("cell")
def test_commands_reach_nothing_of_the_process_that_answers_for_them() -> None:
    done = in_a_cell("for fd in 0 1 2; do echo forged > /proc/1/fd/$fd; done; cat /proc/1/mem; echo end")
    assert done.output == b"end\n"
    assert done.errors.count("/proc/1/fd/") == 3
    assert done.errors.count("Permission denied") == 4


@pytest.mark.usefixtures("cell")
def test_commands_are_so_many_and_no_more() -> None:
    done = in_a_cell("echo begun; for one in $(seq 1000); do sleep 1234568 > /dev/null 2>&1 & done; echo all")
    assert done.output == b"begun\n"
    assert done.status != 0
    assert "fork" in done.errors.lower()


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("while True: os.write(1, bytes(65536))", "plugin any: its cell answers without end"),
        ("while True: os.write(2, bytes(65536))", "plugin any: its cell answers without end"),
        ("os.write(1, b'{')", "cannot be read"),
        ("os.write(1, b'null')", "cannot be read"),
        ("os.write(1, b'[[0, 1]]')", "cannot be read"),
        ("os.write(1, b'[[0, null, null]]')", "cannot be read"),
    ],
)
def test_a_cell_that_is_broken_is_believed_in_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, words: str
) -> None:
    broken = tmp_path / "cell.py"
    broken.write_text(f"import os\n{program}\n")
    monkeypatch.setattr("reconciler.render.plugins.running.CELL", broken)
    with pytest.raises(RenderFailed, match=words):
        in_a_cell("true")


def test_only_so_many_cells_are_had_at_once() -> None:
    with ExitStack() as turns:
        for _ in range(AT_ONCE):
            turns.enter_context(TURNS)
        with pytest.raises(RendererBusy, match="no cell for a plugin was free"):
            in_a_cell("true", deadline_s=0.05)
    assert in_a_cell("true").status == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("kind: [", "is no YAML"),
        ("kind: ConfigManagementPlugin\nmetadata: {name: a}\nspec: {}", "spec.generate"),
        ("kind: Deployment\nmetadata: {name: a}\nspec: {generate: {command: [a]}}", "must be a ConfigManagementPlugin"),
        ("metadata: {name: a}\nspec: {generate: {command: [a]}, provideGitCreds: true}", "provideGitCreds"),
    ],
)
def test_a_plugin_file_that_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=rf"a\.yaml: .*{words}"):
        read_plugins(tmp_path)


def test_where_a_cell_is_refused_no_command_runs(rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refusing = tmp_path / "cell.py"
    refusing.write_text("import sys\nsys.stderr.write('unshare: Operation not permitted')\nsys.exit(91)\n")
    rig.install("p", "echo '{}'")
    monkeypatch.setattr("reconciler.render.plugins.running.CELL", refusing)
    with pytest.raises(SourceError, match=r"plugins are refused on this machine.*unshare: Operation not permitted"):
        rig.render({"app/x": "x"}, plugin={"name": "p"})
    assert "Operation not permitted" in cell_problem()
