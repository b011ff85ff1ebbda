"""Whatever goes wrong ends in one sentence on stderr and an exit code that means something."""

import pytest

from reconciler.cli.main import main
from reconciler.cli.problems import TIMED_OUT, USAGE, Problem, exit_code
from reconciler.errors import ClusterUnavailable


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["app", "sync"], "Missing argument 'NAME'; see reconciler app sync --help"),
        (["app", "wait", "x", "--timeout", "soon"], "'--timeout'"),
        (["app", "list", "--colour"], "--colour"),
    ],
)
def test_a_wrong_command_line_is_answered_in_one_line(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == USAGE
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_wrong_usage_cannot_be_taken_for_a_time_out() -> None:
    assert USAGE != TIMED_OUT


def test_a_problem_says_how_to_mend_it_and_carries_its_exit_code() -> None:
    problem = Problem("the door is shut", mend="open it", code=TIMED_OUT)
    assert str(problem) == "the door is shut; open it"
    assert exit_code(problem) == TIMED_OUT
    assert exit_code(ClusterUnavailable("gone")) == 1


def test_no_cluster_at_all_is_an_error_that_names_the_ways_out(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("KUBECONFIG", "RECONCILER_KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(str(tmp_path))
    assert main(["app", "list"]) == 1
    assert "--kubeconfig FILE" in capsys.readouterr().err
