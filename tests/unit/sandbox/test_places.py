from pathlib import Path

import pytest

from reconciler.sandbox import places
from reconciler.sandbox.places import NotBuilt, part, program


@pytest.fixture
def binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(places, "BINARIES", tmp_path)
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path


def test_one_program_plays_every_part(binaries: Path) -> None:
    (binaries / "controlplane").touch()
    assert part("etcd") == [str(binaries / "controlplane"), "etcd"]


def test_kubebuilders_programs_go_first_where_they_are(binaries: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (binaries / "controlplane").touch()
    (binaries / "kube-apiserver").touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(binaries))
    assert part("kube-apiserver") == [str(binaries / "kube-apiserver")]
    assert part("kube-scheduler") == [str(binaries / "controlplane"), "kube-scheduler"]


def test_a_missing_program_names_the_command_that_builds_it(binaries: Path) -> None:
    with pytest.raises(NotBuilt, match=r"renderer is missing: run \./dev setup"):
        program("renderer")
