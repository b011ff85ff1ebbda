"""Flower beside a running fleet: it shows workers and tasks to whoever logs in, and changes nothing for anybody."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import urllib3

from reconciler.sandbox.children import Child, start_child
from reconciler.sandbox.ports import free_port
from reconciler.sandbox.processes import START, environment
from reconciler.sandbox.waiting import wait_for
from tests.support.fleet import GENEROUS_S, Fleet, a_config_map, an_app, config_map, timed
from tests.support.listening import listening

PAGES = (
    "/",
    "/workers",
    "/tasks",
    "/broker",
    "/api/queues/length",
    "/api/workers",
    "/api/tasks",
    "/api/task/types",
    "/workers?json=1",
)
CONTROLS = (
    "/api/worker/shutdown/any",
    "/api/worker/pool/restart/any",
    "/api/worker/pool/grow/any",
    "/api/worker/queue/cancel-consumer/any",
    "/api/task/revoke/any",
    "/api/task/timeout/any",
    "/api/task/apply/reconcile_application",
    "/api/task/async-apply/reconcile_application",
    "/api/task/send-task/reconcile_application",
)


def ask(url: str, login: str | None, method: str = "GET") -> urllib3.BaseHTTPResponse:
    """`login` is `user:password`."""
    headers = urllib3.make_headers(basic_auth=login) if login else {}
    return urllib3.request(method, url, headers=headers, timeout=10, retries=False)


def login(fleet: Fleet) -> str:
    assert fleet.sandbox.processes
    return f"admin:{fleet.sandbox.processes.flower_password}"


def address(fleet: Fleet, path: str) -> str:
    assert fleet.sandbox.processes
    return fleet.sandbox.processes.flower_url + path


@pytest.fixture(autouse=True)
def _up(fleet: Fleet) -> None:
    def answers() -> bool:
        try:
            return ask(address(fleet, "/healthcheck"), None).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    wait_for(answers, "Flower", timeout_s=GENEROUS_S)


def test_after_a_push_it_shows_each_worker_and_the_finished_task_by_application_and_lane(fleet: Fleet) -> None:
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}) as name:
        fleet.push({f"{name}/one.yaml": a_config_map("one", color="blue")})
        timed(lambda: config_map(fleet.api("east"), name, "one") == {"color": "blue"}, "push to live")

        def finished() -> Mapping[str, Any] | None:
            tasks: Mapping[str, Mapping[str, Any]] = ask(address(fleet, "/api/tasks"), login(fleet)).json()
            mine = (task for task in tasks.values() if f"app:argocd/{name}" in task["args"])
            return next((task for task in mine if "'push'" in task["args"] and task["state"] == "SUCCESS"), None)

        task = wait_for(finished, "the finished task", timeout_s=GENEROUS_S)
        assert task["name"] == "reconcile_application"
        assert task["args"] == f"('app:argocd/{name}', 'push')"
    assert task["worker"] in workers_seen(fleet)


def workers_seen(fleet: Fleet) -> set[str]:
    """Names of the workers that are online, once both of the sandbox are."""
    assert fleet.sandbox.supervisor
    pids = {fleet.sandbox.supervisor.pids[name] for name in ("worker-1", "worker-2")}

    def online() -> set[str] | None:
        rows = ask(address(fleet, "/workers?json=1"), login(fleet)).json()["data"]
        names = {row["hostname"]: row["pid"] for row in rows if row["status"]}
        return set(names) if pids <= set(names.values()) else None

    return wait_for(online, f"workers {pids}", timeout_s=GENEROUS_S)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_for_the_login(path: str, fleet: Fleet) -> None:
    assert ask(address(fleet, path), None).status == 401
    assert ask(address(fleet, path), "admin:admin").status == 401
    assert ask(address(fleet, path), login(fleet)).status == 200


@pytest.mark.parametrize("path", CONTROLS)
def test_a_control_is_refused_also_to_whoever_logged_in(path: str, fleet: Fleet) -> None:
    assert ask(address(fleet, path), login(fleet), "POST").status in (403, 405)


def test_it_listens_on_loopback_only(fleet: Fleet) -> None:
    assert fleet.sandbox.processes
    assert listening(fleet.sandbox.processes.flower_port) == {"0100007F"}


def test_a_password_is_made_up_once_and_kept_for_its_owner_only(fleet: Fleet, tmp_path: Path) -> None:
    first, port = a_flower(fleet, tmp_path)
    try:
        password = the_password_said_by(first, port, tmp_path)
    finally:
        first.stop()
    second, port = a_flower(fleet, tmp_path)
    try:
        assert ask(f"http://127.0.0.1:{port}/", f"admin:{password}").status == 200
        assert second.log.read_text().count(password) == 1, "the second start says nothing more"
        assert password not in Path(f"/proc/{second.pid}/cmdline").read_text()
    finally:
        second.stop()


def the_password_said_by(first: Child, port: int, folder: Path) -> str:
    said = re.search(r"log in as admin, password (\S+)", first.log.read_text())
    assert said, first.log.read_text()
    kept = folder / "data" / "flower-password"
    assert (kept.read_text(), stat.S_IMODE(kept.stat().st_mode)) == (said[1], 0o600)
    assert ask(f"http://127.0.0.1:{port}/", f"admin:{said[1]}").status == 200
    assert ask(f"http://127.0.0.1:{port}/", "admin:").status == 401
    return said[1]


def a_flower(fleet: Fleet, folder: Path) -> tuple[Child, int]:
    """One that is given no password, once it answers."""
    assert fleet.sandbox.processes
    port = free_port()
    settings = dict(environment(fleet.sandbox.processes, data=folder / "data"))
    del settings["RECONCILER_FLOWER_PASSWORD"]
    settings["RECONCILER_FLOWER_PORT"] = str(port)
    child = start_child("flower", [*START, "flower"], folder=folder, env={"PYTHONPATH": project(), **settings})

    def answers() -> bool:
        assert child.exit_code is None, child.last_words()
        try:
            return ask(f"http://127.0.0.1:{port}/healthcheck", None).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    wait_for(answers, "Flower", timeout_s=GENEROUS_S)
    return child, port


def project() -> str:
    return str(Path(__file__).parents[2])
