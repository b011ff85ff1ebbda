"""Each setting of argocd-cm about kinds that the table calls honoured changes what a pass decides or shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.models.customizations import Script, customizations_of
from reconciler.models.filters import filters_of
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Desired, Observed, Reading
from reconciler.models.tracking import tracking_of
from reconciler.passes.observed import Mine
from reconciler.plan.build import build_plan
from reconciler.plan.compare import Comparison
from reconciler.plan.desired import admitted, finalize
from reconciler.plan.lens import Lens
from tests.compat.situations import COMMIT, MANAGER, NOW, SURFACE, TRACKING, Json, actions, app, automated, plan, policy


def an_object(api_version: str, kind: str, **fields: object) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, **fields}


def compared(live: Json, predicted: Json, **settings: str) -> Comparison:
    """One object whose live and predicted states are these, where argocd-cm says so."""
    subject = app()
    named = {name.replace("__", "/"): text for name, text in settings.items()}
    wanted = Manifest(predicted)
    seen = Observed({wanted.key: Reading("server", LiveObject(live), predicted)})
    rules = replace(policy(subject), lens=Lens(customizations_of(named)))
    desired = Desired((wanted,), (COMMIT,), ("Directory",))
    return build_plan(subject, desired, seen, rules, now=NOW).comparison


def sync(live: Json, predicted: Json, setting: str, text: str) -> str:
    return compared(live, predicted, **{setting: text}).sync


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", "Synced"),
        ("ignoreResourceStatusField: all", "Synced"),
        ("ignoreResourceStatusField: crd", "OutOfSync"),
        ("ignoreResourceStatusField: none", "OutOfSync"),
        ("ignoreResourceStatusField: off", "OutOfSync"),
    ],
)
def test_compare_options_say_whose_status_and_which_rules_are_compared(options: str, expected: str) -> None:
    before, after = (an_object("example.com/v1", "Thing", status={"x": text}) for text in ("old", "new"))
    assert sync(before, after, "resource.compareoptions", options) == expected
    role, group = "ClusterRole", "rbac.authorization.k8s.io/v1"
    gathered = an_object(group, role, aggregationRule={}, rules=[{"verbs": ["get"]}])
    plain = {**gathered, "rules": []}
    aggregated = {**gathered, "aggregationRule": {"clusterRoleSelectors": [{}]}}
    empty = {**aggregated, "rules": []}
    assert sync(aggregated, empty, "resource.compareoptions", "ignoreAggregatedRoles: true") == "Synced"
    assert sync(aggregated, empty, "resource.compareoptions", "ignoreAggregatedRoles: false") == "OutOfSync"
    assert sync(gathered, plain, "resource.compareoptions", "ignoreAggregatedRoles: true") == "OutOfSync"


def test_annotations_that_the_settings_name_are_never_shown() -> None:
    before, after = (an_object("v1", "ConfigMap") for _ in range(2))
    before["metadata"] = {"name": "a", "annotations": {"token": "old-secret"}}
    after["metadata"] = {"name": "a", "annotations": {"token": "new-secret"}}
    found = compared(before, after, **{"resource.sensitive.mask.annotations": "other, token"})
    assert found.sync == "OutOfSync"
    (entry,) = found.objects[0].differences
    assert (entry.path, {*(entry.live or ""), *(entry.desired or "")}) == ("metadata.annotations.token", {"+"})
    shown = compared(before, after).objects[0].differences[0]
    assert (shown.live, shown.desired) == ("old-secret", "new-secret")


@pytest.mark.parametrize(
    ("type_", "before", "after", "alike"),
    [
        ("core/Quantity", "1", "1000m", True),
        ("core/Quantity", "1", "2", False),
        ("meta/v1/duration", "1m0s", "60s", True),
        ("core/v1/PodSpec", {"containers": [{"resources": {"limits": {"cpu": "1"}}}]}, None, True),
    ],
)
def test_known_fields_of_custom_resources_may_be_written_in_any_way(
    type_: str, before: object, after: object, alike: bool
) -> None:
    wanted = after or {"containers": [{"resources": {"limits": {"cpu": "1000m"}}, "env": []}]}
    there, predicted = (an_object("example.com/v1", "Thing", spec={"part": value}) for value in (before, wanted))
    setting = "resource.customizations.knownTypeFields.example.com_Thing"
    told = sync(there, predicted, setting, f"[{{field: spec.part, type: {type_}}}]")
    assert (told, sync(there, predicted, setting, "[]")) == ("Synced" if alike else "OutOfSync", "OutOfSync")


@pytest.mark.parametrize(
    ("settings", "marks", "pruned"),
    [
        ({}, {"annotations": {TRACKING: "shop:/ConfigMap:shop/old"}}, True),
        ({}, {"labels": {"app.kubernetes.io/instance": "shop"}}, False),
        ({"application.resourceTrackingMethod": "label"}, {"labels": {"app.kubernetes.io/instance": "shop"}}, True),
        (
            {"application.resourceTrackingMethod": "label"},
            {"annotations": {TRACKING: "shop:/ConfigMap:shop/old"}},
            False,
        ),
        (
            {"application.resourceTrackingMethod": "label", "application.instanceLabelKey": "example.com/app"},
            {"labels": {"example.com/app": "shop"}},
            True,
        ),
        ({"installationID": "one"}, {"annotations": {TRACKING: "shop:/ConfigMap:shop/old"}}, False),
    ],
)
def test_the_settings_say_by_what_an_object_is_known_as_an_applications(
    settings: Json, marks: Json, pruned: bool
) -> None:
    lens = Lens(tracking=tracking_of(settings))
    owned: Json = {"f:metadata": {f"f:{where}": {f"f:{key}": {} for key in found} for where, found in marks.items()}}
    managed = [{"manager": MANAGER, "operation": "Apply", "fieldsV1": owned}]
    metadata = {
        "name": "old",
        "namespace": "shop",
        "uid": "u",
        "resourceVersion": "1",
        **marks,
        "managedFields": managed,
    }
    old = LiveObject({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    subject = app(spec=automated(prune=True))
    desired, _ = finalize([an_object("v1", "ConfigMap")], subject, SURFACE, instance="shop", lens=lens)
    there = LiveObject({**desired[0].body, "metadata": {**desired[0].metadata, "uid": "a", "resourceVersion": "1"}})
    seen = Observed(
        {desired[0].key: Reading("owned-fields", there)}, {old.key: old} if Mine("shop", lens).has(old) else {}
    )
    decided = build_plan(
        subject, Desired(desired, (COMMIT,), ("Directory",)), seen, replace(policy(subject), lens=lens), now=NOW
    )
    assert (("prune", "old") in actions(decided)) is pruned


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, ["ConfigMap", "Secret"]),
        ({"resource.exclusions": "- kinds: [Secret]"}, ["ConfigMap"]),
        ({"resource.exclusions": "- {kinds: [Secret], clusters: [https://two]}"}, ["ConfigMap", "Secret"]),
        ({"resource.inclusions": "- kinds: [Secret]"}, ["Secret"]),
    ],
)
def test_kinds_that_the_settings_keep_out_are_neither_wanted_nor_pruned(settings: Json, kept: list[str]) -> None:
    filters = filters_of(settings)
    bodies, warnings = admitted([an_object("v1", kind) for kind in ("ConfigMap", "Secret")], filters, "https://one")
    assert [body["kind"] for body in bodies] == kept
    assert [warning.type for warning in warnings] == ["ExcludedResourceWarning"] * (2 - len(kept))
    there = [ObjectKey("", kind, "shop", "old") for kind in ("ConfigMap", "Secret")]
    assert [key.kind for key in Mine("shop", Lens(filters=filters)).managed(there, "https://one")] == kept


@pytest.mark.parametrize(
    ("setting", "text", "expected"),
    [
        ("resource.customizations.ignoreDifferences.ConfigMap", "jsonPointers: [/data/x]", "Synced"),
        ("resource.customizations.ignoreDifferences.all", "jsonPointers: [/data/x]", "Synced"),
        ("resource.customizations.ignoreDifferences.Secret", "jsonPointers: [/data/x]", "OutOfSync"),
        ("resource.customizations", "ConfigMap: {ignoreDifferences: 'jsonPointers: [/data/x]'}", "Synced"),
        ("resource.customizations", "'*/*': {ignoreDifferences: 'jsonPointers: [/data/x]'}", "Synced"),
    ],
)
def test_the_settings_take_fields_out_of_the_comparison(setting: str, text: str, expected: str) -> None:
    there, predicted = (an_object("v1", "ConfigMap", data={"x": value}) for value in ("old", "new"))
    assert sync(there, predicted, setting, text) == expected


@pytest.mark.parametrize(
    ("settings", "called"),
    [
        ({"resource.customizations.health.ConfigMap": "lua"}, Script("lua")),
        ({"resource.customizations": "ConfigMap: {health.lua: lua}"}, Script("lua")),
        (
            {
                "resource.customizations.health.ConfigMap": "lua",
                "resource.customizations.useOpenLibs.ConfigMap": "true",
            },
            Script("lua", open_libs=True),
        ),
    ],
)
def test_the_settings_judge_health_by_a_script(settings: Json, called: Script) -> None:
    calls: list[Script] = []

    def run(script: Script, _body: Json) -> Json:
        calls.append(script)
        return {"status": "Degraded"}

    lens = Lens(customizations_of(settings), run=run)
    wanted = Manifest(an_object("v1", "ConfigMap"))
    decided = plan(app(), [wanted], readings={"a": Reading("owned-fields", LiveObject(wanted.body))}, lens=lens)
    assert (decided.comparison.health.status, calls) == ("Degraded", [called])
