"""What an observer remembers of a live object, and which changes of it are a reason to look."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest
from msgspec import Raw
from msgspec.structs import replace

from reconciler.models.customizations import customizations_of
from reconciler.models.keys import Digest, GroupKind
from reconciler.models.tracking import Tracking
from reconciler.models.words import INSTALLATION_ID, TRACKING_ID
from reconciler.observe.outlook import Outlook
from reconciler.observe.seen import Lens, Seen, edited, is_by_us, touched
from reconciler.plan.health import SCRIPTED

OURS, THEN = "argocd-controller", "2026-01-01T00:00:00Z"
MINE, OTHERS = frozenset({"web"}), frozenset({"other"})
SEEN = Seen("u", "1", owner="web", digest=Digest("d"), health="Healthy")


def digest(data: bytes) -> Digest:
    digest.calls += 1  # type: ignore[attr-defined]
    return Digest(hashlib.blake2b(data, digest_size=8).hexdigest())


digest.calls = 0  # type: ignore[attr-defined]
LENS = Lens(GroupKind("apps", "Deployment"), "apps/v1", OURS, digest)


def an_entry(
    manager: str, operation: str = "Update", time: str = "2026-01-01T00:00:00Z", **more: Any
) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "time": time, **more}


def an_object(*, mark: str = "web:apps/Deployment:shop/web", replicas: int = 1, **metadata: Any) -> Raw:
    ours = an_entry(OURS, "Apply", fieldsV1={"f:spec": {"f:replicas": {}}})
    body = {
        "metadata": {
            "namespace": "shop",
            "name": "web",
            "uid": "u",
            "resourceVersion": "7",
            "generation": replicas,
            "annotations": {TRACKING_ID: mark} if mark else {},
            "managedFields": [ours],
            **metadata,
        },
        "spec": {"replicas": replicas},
    }
    return Raw(orjson.dumps(body))


@pytest.mark.parametrize(
    ("mark", "metadata", "owner"),
    [
        ("web:apps/Deployment:shop/web", {}, "web"),
        ("ns_web:apps/Deployment:shop/web", {}, "ns_web"),
        ("", {}, ""),
        ("web:apps/Deployment:shop/other", {}, ""),
        ("web:apps/StatefulSet:shop/web", {}, ""),
        ("web:apps/Deployment:elsewhere/web", {}, ""),
        ("nonsense", {}, ""),
        ("web:apps/Deployment:shop/web", {"ownerReferences": [{"kind": "ReplicaSet"}]}, ""),
        ("web:apps/Deployment:shop/web", {"ownerReferences": []}, "web"),
    ],
)
def test_only_a_mark_that_names_the_object_itself_makes_an_owner(
    mark: str, metadata: dict[str, Any], owner: str
) -> None:
    assert LENS.see(an_object(mark=mark, **metadata)).owner == owner


def test_a_managed_object_is_read_with_its_digest_and_its_health() -> None:
    seen = LENS.see(an_object(deletionTimestamp="2026-01-01T00:00:00Z"))
    assert (seen.uid, seen.version, seen.generation, seen.terminating) == ("u", "7", 1, True)
    assert seen.digest
    assert seen.health == "Progressing"


def test_the_digest_is_made_anew_only_when_more_than_a_status_changed() -> None:
    first = LENS.see(an_object())
    made = digest.calls  # type: ignore[attr-defined]
    status = [an_entry(OURS, "Apply", fieldsV1={"f:spec": {"f:replicas": {}}}), an_entry("kcm", subresource="status")]
    same = LENS.see(an_object(resourceVersion="8", managedFields=status), first)
    assert (same.digest, digest.calls) == (first.digest, made)  # type: ignore[attr-defined]
    assert LENS.see(an_object(replicas=2), same).digest != first.digest


def test_an_object_without_generation_is_always_read_through() -> None:
    config_maps = Lens(GroupKind("", "ConfigMap"), "v1", OURS, digest)
    fields: dict[str, Any] = {"f:data": {"f:a": {}}}

    def a_map(value: str) -> Raw:
        metadata = {
            "namespace": "shop",
            "name": "web",
            "uid": "u",
            "resourceVersion": "1",
            "annotations": {TRACKING_ID: "web:/ConfigMap:shop/web"},
            "managedFields": [an_entry(OURS, "Apply", fieldsV1=fields)],
        }
        return Raw(orjson.dumps({"metadata": metadata, "data": {"a": value}}))

    first = config_maps.see(a_map("1"))
    assert config_maps.see(a_map("2"), first).digest != first.digest


@pytest.mark.parametrize(
    ("after", "concerned"),
    [
        (SEEN, frozenset()),
        (replace(SEEN, version="2", message="rolling", gate=5), frozenset()),
        (replace(SEEN, digest=Digest("e")), MINE),
        (replace(SEEN, health="Degraded"), MINE),
        (replace(SEEN, terminating=True), MINE),
        (replace(SEEN, uid="v"), MINE),
        (replace(SEEN, owner="other"), MINE | OTHERS),
        (replace(SEEN, owner=""), MINE),
        (None, MINE),
    ],
)
def test_whom_a_change_concerns(after: Seen | None, concerned: frozenset[str]) -> None:
    assert touched(SEEN, after, by_us=False) == concerned


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (SEEN, SEEN, False),
        (replace(SEEN, generation=1), replace(SEEN, version="2", generation=1), False),
        (replace(SEEN, generation=1), replace(SEEN, version="2", generation=1, gate=5), True),
        (SEEN, replace(SEEN, version="2"), True),
        (None, SEEN, False),
    ],
)
def test_what_counts_as_an_edit_of_whatever_field(before: Seen | None, after: Seen, expected: bool) -> None:
    assert edited(before, after) is expected


def test_a_new_object_concerns_its_owner_and_an_unmarked_one_nobody() -> None:
    assert touched(None, SEEN, by_us=False) == MINE
    assert touched(None, replace(SEEN, owner=""), by_us=False) == frozenset()


@pytest.mark.parametrize(
    ("before", "after", "concerned"),
    [
        (None, SEEN, frozenset()),
        (SEEN, replace(SEEN, digest=Digest("e"), health="Progressing"), frozenset()),
        (replace(SEEN, owner=""), SEEN, frozenset()),
        (replace(SEEN, owner="other"), SEEN, MINE | OTHERS),
        (SEEN, replace(SEEN, terminating=True), MINE),
    ],
)
def test_our_own_apply_concerns_nobody_but_whom_it_took_something_from(
    before: Seen | None, after: Seen, concerned: frozenset[str]
) -> None:
    assert touched(before, after, by_us=True) == concerned


@pytest.mark.parametrize(
    ("entries", "ours"),
    [
        ([an_entry(OURS, "Apply")], True),
        ([an_entry(OURS, "Apply", "2026-01-01T00:00:02Z"), an_entry("kubectl", time="2026-01-01T00:00:01Z")], True),
        ([an_entry(OURS, "Apply"), an_entry("kubectl")], False),
        ([an_entry(OURS, "Apply"), an_entry("kubectl", time="2026-01-01T00:00:01Z")], False),
        ([an_entry(OURS, "Update")], False),
        ([an_entry("kubectl")], False),
        ([], False),
    ],
)
def test_a_write_is_ours_only_if_our_apply_is_strictly_the_newest(entries: list[dict[str, Any]], ours: bool) -> None:
    assert is_by_us(an_object(managedFields=entries), OURS) is ours


def test_an_object_without_managed_fields_is_not_ours() -> None:
    assert is_by_us(Raw(b'{"metadata":{"name":"a"}}'), OURS) is False


def test_a_hook_that_we_have_created_is_our_own_news_until_somebody_else_writes_it() -> None:
    created = {"manager": OURS, "operation": "Update", "time": "2026-05-04T12:00:00Z"}
    worked = {"manager": "kube-controller-manager", "operation": "Update", "time": "2026-05-04T12:00:01Z"}
    stamp = {"reconciler.dev/operation": "1234/PreSync"}
    assert is_by_us(an_object(managedFields=[created], annotations=stamp), OURS)
    assert not is_by_us(an_object(managedFields=[created, worked], annotations=stamp), OURS)
    assert not is_by_us(an_object(managedFields=[created]), OURS)


def test_by_label_the_label_tells_the_owner() -> None:
    lens = Lens(GroupKind("apps", "Deployment"), "apps/v1", OURS, digest, lambda: Outlook(Tracking("label")))
    assert lens.see(an_object(labels={"app.kubernetes.io/instance": "other"})).owner == "other"
    assert lens.see(an_object()).owner == ""


def test_a_mark_of_another_installation_is_nobodys() -> None:
    outlook = Outlook(Tracking(installation="one"))
    lens = Lens(GroupKind("apps", "Deployment"), "apps/v1", OURS, digest, lambda: outlook)
    marks = {TRACKING_ID: "web:apps/Deployment:shop/web"}
    assert lens.see(an_object()).owner == ""
    assert lens.see(an_object(annotations={**marks, INSTALLATION_ID: "two"})).owner == ""
    assert lens.see(an_object(annotations={**marks, INSTALLATION_ID: "one"})).owner == "web"


def test_where_health_is_a_script_every_change_of_what_it_reads_is_a_reason_to_look() -> None:
    settings = customizations_of({"resource.customizations.health.apps_Deployment": "return {}"})
    lens = Lens(GroupKind("apps", "Deployment"), "apps/v1", OURS, digest, lambda: Outlook(settings=settings))
    before = lens.see(an_object())
    assert before.health.startswith(SCRIPTED)
    assert touched(before, lens.see(an_object(resourceVersion="8")), by_us=False) == frozenset()
    body = orjson.loads(bytes(an_object())) | {"status": {"replicas": 1}}
    assert touched(before, lens.see(Raw(orjson.dumps(body))), by_us=False) == MINE
    assert lens.see(an_object(deletionTimestamp=THEN)).health == "Progressing"
