"""Probes and metrics of a running fleet."""

from __future__ import annotations

import re

import urllib3

from reconciler.sandbox.waiting import wait_for
from tests.support.fleet import GENEROUS_S, Fleet, a_config_map, an_app, config_map, timed

DASHBOARD = (
    "argocd_app_info",
    "argocd_webhook_requests_total",
    "reconciler_due_lag_seconds",
    "reconciler_due_entries",
    "reconciler_issued_entries",
)


def ask(fleet: Fleet, path: str) -> urllib3.BaseHTTPResponse:
    assert fleet.sandbox.processes
    return urllib3.request("GET", fleet.sandbox.processes.api_url + path, timeout=30, retries=False)


def test_metrics_carry_argo_cds_names_and_the_lag_of_the_due_set(fleet: Fleet) -> None:
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}):
        text = ask(fleet, "/metrics").data.decode()
    missing = [name for name in DASHBOARD if not re.search(rf"^{name}\{{", text, re.MULTILINE)]
    assert not missing
    row = next(line for line in text.splitlines() if line.startswith("argocd_app_info") and "orders-east" in line)
    assert 'project="default"' in row
    assert 'autosync_enabled="true"' in row
    assert 'sync_status="Synced"' in row
    assert set(re.findall(r'reconciler_due_lag_seconds\{lane="(\w+)"\}', text)) == {
        "person",
        "push",
        "timer",
    }


def test_metrics_tell_of_every_cluster_whether_it_answers(fleet: Fleet) -> None:
    def lines(name: str) -> list[str]:
        return [line for line in ask(fleet, "/metrics").data.decode().splitlines() if line.startswith(name + "{")]

    wait_for(lambda: len(lines("argocd_cluster_info")) == 3, "three clusters", timeout_s=GENEROUS_S)
    assert all('k8s_version="v1.' in line for line in lines("argocd_cluster_info"))
    assert {line.rpartition(" ")[2] for line in lines("argocd_cluster_connection_status")} == {"1.0"}


def test_without_redis_the_api_says_so_and_recovers(fleet: Fleet) -> None:
    assert ask(fleet, "/readyz").json() == {"ready": True, "faults": {}}
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}) as name:
        fleet.sandbox.valkey.kill()
        answer = ask(fleet, "/readyz")
        assert (answer.status, list(answer.json()["faults"])) == (503, ["redis"])
        assert ask(fleet, "/healthz").status == 200, "a restart of the api would not mend Redis"
        assert ask(fleet, "/metrics").status == 503

        fleet.sandbox.valkey.start()

        wait_for(lambda: ask(fleet, "/readyz").status == 200, "ready again", timeout_s=GENEROUS_S)
        fleet.push({f"{name}/one.yaml": a_config_map("one", color="blue")})
        timed(lambda: config_map(fleet.api("east"), name, "one") == {"color": "blue"}, "push to live after the wipe")
