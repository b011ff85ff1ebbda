"""A scripted rival against a real API server: we stop, say who it is once, and begin again after it has left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from reconciler.models.keys import AppKey
from reconciler.sandbox.api import ApiError
from reconciler.sandbox.waiting import wait_for
from tests.flow.tenancy import Tenant, a_config_map

RED = {"one.yaml": a_config_map("one", color="red")}
HERTZ = 50


@contextmanager
def rival(write: Callable[[int], Any]) -> Iterator[None]:
    """Somebody who writes fifty times a second, whatever the answer."""
    over = threading.Event()

    def run() -> None:
        for turn in count():
            if over.wait(1 / HERTZ):
                return
            try:
                write(turn)
            except ApiError:
                continue

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def told(tenant: Tenant, key: AppKey) -> list[str]:
    path = f"/api/v1/namespaces/{tenant.control_namespace}/events"
    events = tenant.plane.api.get(path)["items"]
    ours = [event for event in events if event["involvedObject"]["name"] == key.name]
    return [event["message"] for event in ours if event["reason"] == "RivalDetected"]


def pass_until_told(tenant: Tenant, key: AppKey) -> list[str]:
    def noticed() -> bool:
        tenant.reconcile(key, lane="person")
        return bool(told(tenant, key))

    wait_for(noticed, "the rival to be noticed", timeout_s=60)
    return told(tenant, key)


def test_another_writer_of_the_status_makes_us_stop_and_is_named_once(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    path = f"{tenant.app_path(key)}?fieldManager=other-controller"

    with rival(
        lambda turn: tenant.plane.api.patch(path, {"status": {"sync": {"status": "Unknown", "revision": str(turn)}}})
    ):
        (message,) = pass_until_told(tenant, key)
        assert "other-controller writes the status of the Application too" in message
        log = tenant.audit()
        tenant.by_hand("one", {"data": {"color": "green"}})
        for _ in range(3):
            result = tenant.reconcile(key, lane="person")
        assert tenant.sent(log, everywhere=True) == []
        assert "rival" in result.why or result.next_due_s is not None
    assert len(told(tenant, key)) == 1

    tenant.let_pass(700)
    tenant.reconcile(key, lane="person")
    assert (tenant.data("one"), tenant.verdict(key)[0]) == ({"color": "red"}, "Synced")
