"""Which cluster a command means: flags before environment before the sandbox before ~/.kube/config."""

import json
import os
from pathlib import Path

import pytest

from reconciler.cli.problems import Problem
from reconciler.cli.where import Where, find_sandbox, settings_for


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("RECONCILER_"):
            monkeypatch.delenv(name)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Two kubeconfigs."""
    for name in ("one", "two"):
        (tmp_path / name).touch()
    return str(tmp_path / "one"), str(tmp_path / "two")


def a_sandbox(folder: Path, *, pid: int | None = None, **environment: str) -> str:
    kubeconfig = str(folder / ".sandbox" / "kubeconfig")
    (folder / ".sandbox").mkdir()
    (folder / ".sandbox" / "kubeconfig").touch()
    state = {"pid": pid or os.getpid(), "kubeconfig": kubeconfig, "environment": environment}
    (folder / ".sandbox" / "state.json").write_text(json.dumps(state))
    return kubeconfig


def a_home(folder: Path) -> dict[str, str]:
    (folder / ".kube").mkdir(parents=True)
    (folder / ".kube" / "config").write_text("")
    return {"HOME": str(folder)}


def test_a_flag_wins_over_everything(tmp_path: Path, files: tuple[str, str]) -> None:
    a_sandbox(tmp_path)
    environ = {"RECONCILER_KUBECONFIG": files[0], "KUBECONFIG": files[0]}
    where = Where(Path(files[1]), "blue", "shop")
    settings = settings_for(where, environ, tmp_path)
    assert (str(settings.kubeconfig), settings.context, settings.namespace) == (files[1], "blue", "shop")


def test_our_own_variable_wins_over_that_of_kubectl_and_this_over_the_sandbox(
    tmp_path: Path, files: tuple[str, str]
) -> None:
    a_sandbox(tmp_path)
    both = {"RECONCILER_KUBECONFIG": files[0], "KUBECONFIG": files[1]}
    assert str(settings_for(Where(), both, tmp_path).kubeconfig) == files[0]
    assert str(settings_for(Where(), {"KUBECONFIG": files[1]}, tmp_path).kubeconfig) == files[1]


def test_a_path_list_may_name_missing_files_but_not_only_such(tmp_path: Path, files: tuple[str, str]) -> None:
    some = os.pathsep.join(("/no/such/file", files[0]))
    assert str(settings_for(Where(), {"KUBECONFIG": some}, tmp_path).kubeconfig) == some
    with pytest.raises(Problem, match="does not exist; pass --kubeconfig"):
        settings_for(Where(), {"KUBECONFIG": "/no/such/file"}, tmp_path)


def test_the_sandbox_of_a_folder_above_is_found_with_the_settings_of_its_processes(tmp_path: Path) -> None:
    kubeconfig = a_sandbox(tmp_path, RECONCILER_REDIS_URL="redis://sandbox", RECONCILER_DATA_DIR="/sandbox/data")
    inside = tmp_path / "deep" / "down"
    inside.mkdir(parents=True)
    settings = settings_for(Where(), a_home(tmp_path / "home"), inside)
    assert str(settings.kubeconfig) == kubeconfig
    assert settings.redis_url.get_secret_value() == "redis://sandbox"
    assert settings.data_dir == Path("/sandbox/data")


def test_the_sandbox_is_recognised_by_its_kubeconfig_and_no_other_cluster_gets_its_settings(
    tmp_path: Path, files: tuple[str, str]
) -> None:
    kubeconfig = a_sandbox(tmp_path, RECONCILER_REDIS_URL="redis://sandbox")
    own = settings_for(Where(), {"KUBECONFIG": kubeconfig}, tmp_path)
    other = settings_for(Where(), {"KUBECONFIG": files[0]}, tmp_path)
    assert own.redis_url.get_secret_value() == "redis://sandbox"
    assert other.redis_url.get_secret_value() != "redis://sandbox"


def test_a_sandbox_that_is_down_is_no_reason_to_touch_another_cluster(tmp_path: Path) -> None:
    a_sandbox(tmp_path, pid=2**22 + 1)
    with pytest.raises(Problem, match=r"not running; start it with ./dev up"):
        settings_for(Where(), a_home(tmp_path / "home"), tmp_path)


def test_kubectls_own_file_comes_last(tmp_path: Path) -> None:
    home = a_home(tmp_path / "home")
    assert settings_for(Where(), home, tmp_path).kubeconfig == tmp_path / "home" / ".kube" / "config"


def test_a_state_file_that_somebody_else_wrote_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_sandbox(tmp_path)
    assert find_sandbox(tmp_path) is not None
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    assert find_sandbox(tmp_path) is None


def test_a_state_file_that_is_no_json_is_passed_over(tmp_path: Path) -> None:
    a_sandbox(tmp_path)
    (tmp_path / ".sandbox" / "state.json").write_text("{")
    assert find_sandbox(tmp_path) is None
