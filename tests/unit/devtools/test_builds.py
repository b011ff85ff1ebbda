import re
from pathlib import Path

import pytest

from devtools.builds import PROGRAMS, Program, _folder, _kubernetes_version, _version_of, steps


@pytest.mark.parametrize(
    ("text", "version"),
    [("go version go1.26.8 linux/amd64", (1, 26)), ("go version go1.9 linux/amd64", (1, 9)), ("", (0, 0))],
)
def test_the_version_of_go_is_read_as_numbers(text: str, version: tuple[int, int]) -> None:
    assert _version_of(text) == version


def test_the_api_server_says_the_version_that_its_module_pins() -> None:
    (plane,) = [program for program in PROGRAMS if program.name == "controlplane"]
    flags = _kubernetes_version(plane.module)
    assert "version.gitVersion=v1.36." in flags
    assert "version.gitMajor=1 " in flags
    assert "version.gitMinor=36 " in flags


def test_what_only_tests_need_is_built_for_tests_only() -> None:
    go = Path("no-such-go")
    everybody, testers = ({step.name for step in steps(go, after=(), tests=tests)} for tests in (False, True))
    assert testers - everybody == {"helm", "kustomize"}


def test_the_commands_that_judge_renderings_have_the_renderers_library_versions() -> None:
    ours, theirs = ({program.name: program for program in PROGRAMS}[name].module for name in ("renderer", "helm"))
    for library in ("helm.sh/helm/v4", "sigs.k8s.io/kustomize/api", "sigs.k8s.io/kustomize/kyaml"):
        assert _required(ours, library) == _required(theirs, library)


def _required(module: Path, library: str) -> str:
    (version,) = re.findall(rf"^\s*{re.escape(library)} (v\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    return str(version)


def test_a_build_is_another_when_sources_or_sums_change_and_the_same_when_tests_do(tmp_path: Path) -> None:
    program, go = Program("a", tmp_path), Path("no-such-go")
    (tmp_path / "main.go").write_text("package main")
    before = _folder(program, go)
    (tmp_path / "main_test.go").write_text("package main")
    assert _folder(program, go) == before
    (tmp_path / "go.sum").write_text("sum")
    changed = _folder(program, go)
    assert changed != before
    (tmp_path / "main.go").write_text("package main // changed")
    assert _folder(program, go) not in (before, changed)
