"""Beat and workers as real processes on a real Valkey."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.models.keys import EntryKey
from reconciler.sandbox.valkey import Valkey
from tests.support.crew import Crew, a_crew


@pytest.fixture
def crew(own_valkey: Valkey) -> Iterator[Crew]:
    with a_crew(own_valkey) as crew:
        crew.start_beat()
        yield crew


def app(name: str) -> EntryKey:
    return EntryKey("app", f"argocd/{name}")


def test_a_request_becomes_one_pass(crew: Crew) -> None:
    crew.start_worker()
    crew.due.request(app("orders"), "uid", "push", "prod")
    crew.until_done("app:argocd/orders")
    assert crew.journal() == ["begin app:argocd/orders push", "end app:argocd/orders push"]
