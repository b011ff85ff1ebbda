"""Open sockets that carry no bytes: what runs on a stock worker for ever is noticed and replaced."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from reconciler.models.keys import EntryKey
from reconciler.sandbox.valkey import Valkey
from tests.support.blackhole import Blackhole
from tests.support.crew import Crew, a_crew

RECOVERY_S = 45.0


@pytest.mark.faults
def test_workers_and_beat_work_again_after_their_connections_went_silent(own_valkey: Valkey) -> None:
    proxy = Blackhole(own_valkey.port)
    with a_crew(own_valkey) as direct:
        crew: Crew = replace(direct, url=proxy.url(own_valkey.url), processes=direct.processes)
        beat, worker = crew.start_beat(), crew.start_worker()
        crew.due.request(EntryKey("app", "argocd/before"), "uid", "push", "prod")
        crew.until_done("app:argocd/before")
        proxy.swallow()
        silent = time.monotonic()
        crew.due.request(EntryKey("app", "argocd/after"), "uid", "push", "prod")
        crew.until_done("app:argocd/after", patience_s=RECOVERY_S)
        assert time.monotonic() - silent < RECOVERY_S
        assert (beat.poll(), worker.poll()) == (None, None)
    proxy.close()
