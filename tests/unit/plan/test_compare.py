from typing import Any

from reconciler.models.keys import GroupKind
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Condition, Health, Observed, Reading
from reconciler.models.source import IgnoreDifference
from reconciler.plan.compare import Comparison, compare, not_compared
from reconciler.plan.ignore import IgnoreRules
from tests.unit.plan.given import a_map, an_app, annotated, drifted, equal, live, missing, sees, wants

WEB, API = a_map("web"), a_map("api")


def compared(*manifests: Manifest, observed: Observed, **more: Any) -> Comparison:
    rules = IgnoreRules.of([IgnoreDifference.model_validate(rule) for rule in more.pop("ignore", [])])
    return compare(an_app(), wants(*manifests, **more), observed, rules)


def test_all_equal_is_synced_and_healthy() -> None:
    found = compared(WEB, API, observed=sees(equal(WEB), equal(API)))
    assert (found.sync, found.health.status, found.conditions) == ("Synced", "Healthy", ())
    assert [item.reason for item in found.objects] == ["equal, proven by record"] * 2


def test_a_drifted_object_is_out_of_sync_and_says_where() -> None:
    found = compared(WEB, observed=sees(drifted(WEB)))
    (item,) = found.objects
    assert (found.sync, item.sync, item.reason, item.rung) == (
        "OutOfSync",
        "OutOfSync",
        "differs in data.colour",
        "server",
    )
    assert [(entry.path, entry.live, entry.desired) for entry in item.differences] == [("data.colour", "red", "blue")]


def test_an_ignored_difference_is_none() -> None:
    rule = {"kind": "ConfigMap", "jsonPointers": ["/data/colour"]}
    assert compared(WEB, observed=sees(drifted(WEB)), ignore=[rule]).sync == "Synced"


def test_a_missing_object_is_out_of_sync_and_missing() -> None:
    found = compared(WEB, API, observed=sees(missing(WEB), equal(API)))
    assert (found.objects[0].sync, found.objects[0].health) == ("OutOfSync", Health("Missing"))
    assert (found.sync, found.health.status) == ("OutOfSync", "Healthy")


def test_an_object_that_could_not_be_read_makes_all_unknown_and_is_named() -> None:
    found = compared(WEB, API, observed=sees((WEB.key, Reading("none", error="timed out")), equal(API)))
    assert [item.sync for item in found.objects] == ["Unknown", "Synced"]
    assert (found.sync, found.health.status) == ("Unknown", "Unknown")
    assert found.conditions == (Condition("ComparisonError", "Failed to compare ConfigMap/shop/web: timed out"),)


def test_an_object_without_a_reading_or_a_prediction_is_unknown_never_synced() -> None:
    for observed in (sees(), sees((WEB.key, Reading("server", live=live(WEB))))):
        assert compared(WEB, observed=observed).sync == "Unknown"


def test_an_object_read_in_another_version_is_unknown() -> None:
    other = LiveObject({**live(WEB).body, "apiVersion": "v2"})
    found = compared(WEB, observed=sees((WEB.key, Reading("server", live=other, predicted=other.body))))
    assert (found.sync, found.objects[0].reason) == ("Unknown", "was read as v2")


def test_a_kind_that_could_not_be_listed_makes_the_application_unknown() -> None:
    found = compared(WEB, observed=sees(equal(WEB), incomplete={GroupKind("", "Secret"): "forbidden"}))
    assert found.sync == "Unknown"
    assert found.conditions == (Condition("ComparisonError", "Failed to compare Secret: forbidden"),)


def test_an_object_that_is_not_desired_requires_pruning() -> None:
    found = compared(WEB, observed=sees(equal(WEB), live(API)))
    assert [(item.key.name, item.sync, item.requires_pruning) for item in found.objects] == [
        ("web", "Synced", False),
        ("api", "OutOfSync", True),
    ]
    assert found.sync == "OutOfSync"


def test_an_extraneous_object_may_ask_not_to_count() -> None:
    extra = annotated(live(API), compare_options="IgnoreExtraneous")
    found = compared(WEB, observed=sees(equal(WEB), extra))
    assert (found.sync, found.objects[1].sync, found.objects[1].requires_pruning) == ("Synced", "OutOfSync", True)


def test_a_copied_mark_gives_no_sync_status_and_no_pruning() -> None:
    copied = LiveObject({**API.body, "metadata": {**WEB.metadata, "name": "copy", "uid": "u", "resourceVersion": "1"}})
    found = compared(WEB, observed=sees(equal(WEB), copied))
    assert [(item.sync, item.requires_pruning) for item in found.objects] == [("Synced", False), (None, False)]
    assert found.sync == "Synced"


def test_a_child_of_another_object_is_not_managed() -> None:
    child = live(API, ownerReferences=[{"uid": "p"}])
    assert len(compared(WEB, observed=sees(equal(WEB), child)).objects) == 1


def test_a_hook_has_no_sync_status_and_no_part_in_health() -> None:
    metadata = {**API.metadata, "annotations": {**API.annotations, "argocd.argoproj.io/hook": "PreSync"}}
    hook = Manifest({**API.body, "metadata": metadata})
    found = compared(WEB, hook, observed=sees(equal(WEB), missing(hook)))
    assert (found.sync, found.health.status) == ("Synced", "Healthy")
    assert (found.objects[1].sync, found.objects[1].is_hook) == (None, True)


def test_helms_crd_install_is_an_ordinary_object() -> None:
    metadata = {**API.metadata, "annotations": {**API.annotations, "helm.sh/hook": "crd-install"}}
    assert compared(Manifest({**API.body, "metadata": metadata}), observed=sees(missing(API))).sync == "OutOfSync"


def test_an_object_of_another_application_is_a_warning() -> None:
    theirs = annotated(live(WEB), tracking_id="other:/ConfigMap:shop/web")
    found = compared(WEB, observed=sees((WEB.key, Reading("server", live=theirs, predicted=live(WEB).body))))
    message = "ConfigMap/web is part of applications argocd/guestbook and other"
    assert Condition("SharedResourceWarning", message) in found.conditions
    assert found.sync == "OutOfSync"


def test_warnings_of_rendering_are_kept() -> None:
    warning = Condition("RepeatedResourceWarning", "twice")
    assert compared(WEB, observed=sees(equal(WEB)), conditions=(warning,)).conditions == (warning,)


def test_where_nothing_could_be_compared_everything_is_unknown() -> None:
    reason = Condition("ComparisonError", "no such path")
    assert not_compared(reason) == Comparison((), "Unknown", Health("Unknown"), (reason,))
