"""Workers driven by hand: for each test its own, or one for a module whose tests are tenants of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer, start_git_server
from reconciler.sandbox.valkey import Valkey, start_valkey
from tests.flow.tenancy import Tenant, a_tenant, neighbour
from tests.support.flow import Crew, a_crew


@pytest.fixture
def crew(control_plane: ControlPlane, valkey: Valkey, git_server: GitServer, tmp_path: Path) -> Iterator[Crew]:
    """Services of one worker, an empty repository, a control namespace and a destination namespace."""
    with a_crew(control_plane, valkey, git_server, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def module_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A Valkey that nobody empties while the module's tests run."""
    server = start_valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def module_git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    server = start_git_server(tmp_path_factory.mktemp("git"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def first_tenant(
    control_plane: ControlPlane,
    module_valkey: Valkey,
    module_git: GitServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Tenant]:
    """The module's worker."""
    with a_tenant(control_plane, module_valkey, module_git, tmp_path_factory.mktemp("worker")) as made:
        yield made


@pytest.fixture
def tenant(first_tenant: Tenant) -> Tenant:
    """A tenant of the module's worker for this test alone, whose catalog remembers nothing."""
    first_tenant.services.readers.catalog.invalidate()
    return neighbour(first_tenant)
