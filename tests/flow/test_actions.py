"""Actions over a real API server and the sandboxed renderer, sent as a person would send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.apply import Writer
from reconciler.cli.app.actions import Chosen, Ground, permitted, sent
from reconciler.cli.problems import Problem
from reconciler.models.keys import AppKey
from reconciler.passes.lens import lens_of
from reconciler.passes.standing import aim
from reconciler.plan.actions import changes_of, offer
from tests.flow.tenancy import Tenant, a_config_map
from tests.unit.plan.given import NOON

WARM = """
obj.data = obj.data or {}
obj.data.color = actionParams["color"]
obj.data.at = os.date("!%Y", 0)
local copy = {apiVersion = "v1", kind = "ConfigMap", metadata = {name = obj.metadata.name .. "-copy",
  namespace = obj.metadata.namespace}, data = {of = obj.metadata.name}}
return {{operation = "patch", resource = obj}, {operation = "create", resource = copy}}
"""
SETTING = {
    "resource.customizations.actions.ConfigMap": json.dumps(
        {
            "discovery.lua": 'return {paint = {disabled = obj.data.color == "blue", params = {{name = "color"}}}}',
            "definitions": [{"name": "paint", "action.lua": WARM}],
        }
    )
}


def ground(tenant: Tenant, key: AppKey) -> Ground:
    readers = tenant.services.readers
    readers.catalog.invalidate()
    app = readers.catalog.application(key)
    return Ground(app, aim(app, readers), lens_of(readers, app.spec.project))


def run(tenant: Tenant, key: AppKey, name: str, **params: str) -> list[str]:
    there: Any = ground(tenant, key)
    (live,) = there.lives(Chosen(resource_name="one"))
    changes = changes_of(live, name, params, there.lens, now=NOON)
    permitted(changes, there)
    writer = Writer(there.target.cluster, "reconciler-cli", lambda: None)
    return [sent(change, live, writer) for change in changes]


def test_actions_of_the_settings_are_discovered_and_run_in_lua(tenant: Tenant) -> None:
    key = tenant.deploy({"one.yaml": a_config_map("one", color="red", keep="this")}, syncPolicy={"automated": {}})
    try:
        tenant.settings(SETTING)
        there = ground(tenant, key)
        (live,) = there.lives(Chosen(kind="ConfigMap"))
        assert [(item.name, item.is_enabled, item.params) for item in offer(live, there.lens)] == [
            ("paint", True, ("color",))
        ]
        name = f"ConfigMap/{tenant.target_namespace}/one"
        assert run(tenant, key, "paint", color="blue") == [f"{name} changed", f"{name}-copy created"]
        assert tenant.data("one") == {"color": "blue", "keep": "this", "at": "1970"}
        assert tenant.data("one-copy") == {"of": "one"}
    finally:
        tenant.settings({})


def test_an_action_creates_nothing_that_the_project_does_not_permit(tenant: Tenant) -> None:
    name = tenant.project()
    key = tenant.deploy({"one.yaml": a_config_map("one", color="red")}, project=name)
    try:
        tenant.settings(SETTING)
        tenant.project(namespaceResourceBlacklist=[{"group": "", "kind": "ConfigMap"}])
        with pytest.raises(Problem, match="is not permitted in project"):
            run(tenant, key, "paint", color="blue")
        assert tenant.data("one") == {"color": "red"}
    finally:
        tenant.settings({})
