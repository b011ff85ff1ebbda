"""Fixtures of every tier; they live in tests/support."""

from tests.support.fleet import fleet
from tests.support.servers import (
    _session_valkey,
    control_plane,
    git_server,
    namespace,
    own_valkey,
    sandbox,
    valkey,
    workload_plane,
)

__all__ = [
    "_session_valkey",
    "control_plane",
    "fleet",
    "git_server",
    "namespace",
    "own_valkey",
    "sandbox",
    "valkey",
    "workload_plane",
]
