"""A worker that dies between any two calls of a sync with waves, hooks and prunes: judged by the audit log alone.

Whatever the call, a successor makes the rest of the very calls that an undisturbed sync makes, each of them once and in
their order: no hook runs twice, no wave is skipped, nothing is deleted that would not have been.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer, start_git_server
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from tests.flow.tenancy import Tenant, a_config_map, a_tenant, neighbour
from tests.support.audit import AuditLog
from tests.support.campaign import FULL, Ledger, Row
from tests.support.interrupting import Deaths, Died, deaths

pytestmark = pytest.mark.timeout(1800)
POINTS = 60 if FULL else 6
BY_HAND: JsonObject = {"syncPolicy": {}}


def marked(name: str, color: str, *, wave: int = 0, hook: str = "", policy: str = "") -> str:
    marks = {
        "argocd.argoproj.io/sync-wave": str(wave) if wave else "",
        "argocd.argoproj.io/hook": hook,
        "argocd.argoproj.io/hook-delete-policy": policy,
    }
    return a_config_map(name, annotations={key: text for key, text in marks.items() if text}, color=color)


def fleet(color: str) -> dict[str, str | None]:
    """Three waves, a hook in each phase, one that goes after success, one inside a wave."""
    return {
        "a.yaml": marked("before", color, hook="PreSync"),
        "b.yaml": marked("check", color, hook="PreSync", wave=1, policy="HookSucceeded"),
        "c.yaml": marked("early", color, wave=-1),
        "d.yaml": marked("early-too", color, wave=-1),
        "e.yaml": marked("usual", color),
        "f.yaml": marked("beside", color, hook="Sync"),
        "g.yaml": marked("late", color, wave=1),
        "h.yaml": marked("after", color, hook="PostSync", policy="HookSucceeded,BeforeHookCreation"),
        "i.yaml": marked("failing", color, hook="SyncFail"),
    }


STEPS = {"before": 0, "check": 1, "early": 2, "early-too": 2, "usual": 3, "beside": 3, "late": 4, "after": 5}
"""In which step of the sync each object is written."""

ORDER = [["before"], ["check"], ["early", "early-too"], ["beside", "usual"], ["late"], ["after"]]
LAST = {"argocd.argoproj.io/sync-options": "PruneLast=true"}
EXTRA: dict[str, str | None] = {
    "x.yaml": marked("old", "red"),
    "y.yaml": a_config_map("older", annotations=LAST, color="red"),
}


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    server = start_git_server(tmp_path_factory.mktemp("git"))
    yield server
    server.stop()


@pytest.fixture
def first(workload_plane: ControlPlane, own_valkey: Valkey, git: GitServer, tmp_path: Path) -> Iterator[Tenant]:
    with a_tenant(workload_plane, own_valkey, git, tmp_path / "worker") as made:
        yield made


def second_sync(tenant: Tenant) -> AppKey:
    """An application whose next sync updates everything, prunes two objects and finds old copies of its hooks."""
    files = {name: text or "" for name, text in {**fleet("red"), **EXTRA}.items()}
    key = tenant.deploy(files, **BY_HAND)
    tenant.ask(key, prune=True)
    to_end(tenant, key)
    tenant.push({**fleet("blue"), "x.yaml": None, "y.yaml": None})
    return key


def to_end(tenant: Tenant, key: AppKey) -> None:
    """Passes, and successors of passes that die, until the operation is over."""

    def over() -> bool:
        try:
            tenant.reconcile(key)
        except Died:
            return False
        return "operation" not in tenant.read(key)

    wait_for(over, "the operation to end", timeout_s=60, every_s=0.05)


Calls = list[tuple[str, str]]


def calls(tenant: Tenant, log: AuditLog) -> Calls:
    """What changed something in the namespace, in order: verb and name."""
    told = []
    for event in tenant.sent(log):
        body = event.request if isinstance(event.request, dict) else {}
        name = event.name or body.get("metadata", {}).get("name", "")
        verb = "write" if event.verb == "create" or "force=true" in event.uri else event.verb
        if event.succeeded:
            told.append((verb, name))
    return told


def order(made: Calls) -> list[list[str]]:
    """What was written, in order; what may run side by side stands together."""
    waves = [STEPS[name] for verb, name in made if verb == "write"]
    names = [name for verb, name in made if verb == "write"]
    pairs = groupby(zip(waves, names, strict=True), key=lambda pair: pair[0])
    return [sorted(name for _, name in group) for _, group in pairs]


def one_run(first: Tenant, died: Deaths, at: int) -> tuple[Calls, JsonObject, int]:
    """The calls of one sync whose worker dies before call `at`, the operation's end, and how many calls there were."""
    tenant = neighbour(first)
    key = second_sync(tenant)
    tenant.ask(key, prune=True)
    log = tenant.audit()
    died.arm(at)
    to_end_once(tenant, key, died)
    return calls(tenant, log), tenant.state(key), died.count


def to_end_once(tenant: Tenant, key: AppKey, died: Deaths) -> None:
    """Passes until one dies, and its successors'; leaves in `died` how long those took."""
    try:
        while "operation" in tenant.read(key):
            tenant.reconcile(key)
    except Died:
        died.at, began = 0, time.monotonic()
        to_end(tenant, key)
        died.recovery_s = time.monotonic() - began


def test_a_sync_with_waves_and_hooks_goes_on_from_any_call(first: Tenant, ledger: Ledger) -> None:
    row = Row("worker dies between two calls of a sync with waves and hooks")
    ledger.rows.append(row)
    with deaths() as died:
        expected, state, count = one_run(first, died, 0)
        assert state["phase"] == "Succeeded"
        assert order(expected) == ORDER
        step = 1 if FULL else count // POINTS
        for number in range(POINTS):
            at = 1 + (number * step) % count
            made, state, _ = one_run(first, died, at)
            row.tried += 1
            assert state["phase"] == "Succeeded", f"call {at}: {state['message']}"
            assert (order(made), sorted(made)) == (ORDER, sorted(expected)), f"call {at}"
            row.recoveries_s.append(died.recovery_s)
    row.verdict = "clean"
