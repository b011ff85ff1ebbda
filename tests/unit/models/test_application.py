"""An Application answers in Argo CD's sense."""

import pytest

from reconciler.models.application import Application
from tests.unit.models.given import SOURCE, application, full_application


def test_an_empty_project_is_default_and_stays_empty_when_written() -> None:
    app = Application.parse(application(project=""))
    assert app.spec.project == "default"
    assert app.to_json()["spec"]["project"] == ""


def test_a_non_empty_sources_overrides_source() -> None:
    other = SOURCE | {"path": "other"}
    assert [each.path for each in Application.parse(application(sources=[other])).spec.all_sources] == ["other"]
    assert [each.path for each in Application.parse(application(sources=[])).spec.all_sources] == ["apps/orders"]
    assert Application.parse(application(source=None)).spec.all_sources == ()


@pytest.mark.parametrize(
    ("policy", "on"), [({}, True), ({"enabled": None}, True), ({"enabled": True}, True), ({"enabled": False}, False)]
)
def test_automated_sync_is_on_where_it_stands_and_is_not_disabled(policy: dict[str, bool | None], on: bool) -> None:
    assert (Application.parse(application(syncPolicy={"automated": policy})).spec.automated is not None) is on


def test_without_a_policy_nothing_is_automated() -> None:
    spec = Application.parse(application()).spec
    assert spec.automated is None
    assert spec.sync_options == ()
    assert spec.revision_history_limit == 10


def test_status_and_operation_are_read() -> None:
    app = Application.parse(full_application())
    assert app.operation is not None
    assert app.operation.sync is not None
    assert app.operation.sync.sync_options == ("Validate=false",)
    assert str(app.status.resources[0].key) == "apps/Deployment/orders/api"
    assert app.status.summary.external_urls == ("https://orders",)
    assert app.status.history[0].id == 4


def test_running_with_an_end_is_waiting_for_a_retry() -> None:
    state = Application.parse(full_application()).status.operation_state
    assert state is not None
    assert state.waits_for_retry
    assert not state.is_completed
