"""A worker driven by hand and a shell beside it, for each test its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.valkey import Valkey
from tests.support.flow import Crew, a_crew
from tests.support.shell import Shell, a_shell


@pytest.fixture
def crew(control_plane: ControlPlane, valkey: Valkey, git_server: GitServer, tmp_path: Path) -> Iterator[Crew]:
    """Services of one worker, an empty repository, a control namespace and a destination namespace."""
    with a_crew(control_plane, valkey, git_server, tmp_path) as made:
        yield made


@pytest.fixture
def shell(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line over the crew's control namespace."""
    return a_shell(crew, monkeypatch)
