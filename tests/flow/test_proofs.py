"""What a pass believes without asking, and what makes it ask again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.clusters.projection import projection
from reconciler.models.keys import IN_CLUSTER, AppKey, EntryKey, GroupKind
from reconciler.models.manifest import LiveObject
from reconciler.models.result import ReconcileResult
from reconciler.reconcile import reconcile
from reconciler.render.protocol import RendererDied
from reconciler.render.renderer import Renderer
from reconciler.store.summaries import Summary
from tests.flow.test_push_to_cluster import a_config_map
from tests.support.audit import AuditLog
from tests.support.flow import Crew

CONFIG_MAP = GroupKind("", "ConfigMap")


def observe(crew: Crew, *names: str) -> None:
    """Publishes summaries as an observer that lists the kind now."""
    found = {}
    for name in names:
        live = LiveObject({"apiVersion": "v1", "kind": "ConfigMap", **(crew.config_map(name) or {})})
        keyring, manager = crew.services.stores.keyring, crew.services.readers.settings.field_manager
        digest = keyring.digest(projection(live.body, manager))
        found[live.key] = Summary(live.uid, live.resource_version, digest=digest, owner="web")
    assert crew.services.stores.summaries.replace(IN_CLUSTER, CONFIG_MAP, "1", found)


def reconcile_at(crew: Crew, key: AppKey, *, later_s: float) -> ReconcileResult:
    """One pass whose clock is ahead."""
    entry = EntryKey.app(key)
    crew.issue(entry, "timer")
    with crew.services.due.hold(entry, "") as held:
        assert held is not None
        return reconcile(key, crew.services, held, now=crew.services.readers.clock() + timedelta(seconds=later_s))


def test_a_record_and_a_fresh_summary_prove_equality_without_an_object_call(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application())
    crew.reconcile(key)
    observe(crew, "one")
    log = AuditLog.of(crew.plane).from_now()

    result = crew.reconcile(key)

    assert result.sync == "Synced"
    assert [event for event in log.events() if event.resource == "configmaps" and event.name == "one"] == []


def test_an_edit_whose_event_was_lost_is_healed_by_the_full_check(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application())
    crew.reconcile(key)
    observe(crew, "one")
    path = f"/api/v1/namespaces/{crew.target_namespace}/configmaps/one"
    crew.plane.api.patch(path, {"data": {"color": "green"}})

    assert crew.reconcile(key).sync == "Synced", "without the event nobody looks"
    healed = reconcile_at(crew, key, later_s=crew.services.readers.settings.full_check_s * 1.2)

    live = crew.config_map("one")
    assert live is not None
    assert (live["data"], healed.verdict) == ({"color": "red"}, "acted")


def test_an_object_that_an_observer_saw_change_is_read_again(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application())
    crew.reconcile(key)
    path = f"/api/v1/namespaces/{crew.target_namespace}/configmaps/one"
    crew.plane.api.patch(path, {"data": {"color": "green"}})
    observe(crew, "one")

    crew.reconcile(key)

    live = crew.config_map("one")
    assert live is not None
    assert live["data"] == {"color": "red"}


def test_a_source_that_kills_the_renderer_three_times_is_parked_until_a_new_commit(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one")})
    key = crew.create(crew.application())
    rendered: list[str] = []

    def die(*_: object, **__: object) -> None:
        rendered.append("died")
        raise RendererDied("the renderer ran out of memory", kind="memory")

    with monkeypatch.context() as patched:
        patched.setattr(Renderer, "_answered", die)
        for _ in range(5):
            crew.reconcile(key)
        shown = crew.read(key)["status"]["conditions"][0]
        assert (len(rendered), shown["type"]) == (3, "ComparisonError")
        assert "parked" in shown["message"]
        assert crew.config_map("one") is None
    crew.git.commit(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    crew.refresh()

    assert crew.reconcile(key).sync == "Synced"
