"""What an observer remembers of an Application, and which changes of it ask for a pass."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import orjson
import pytest

from reconciler.models import words
from reconciler.models.keys import AppKey, Digest, GroupKind, Lane
from reconciler.observe.facts import AppFacts, asked, facts_of


def digest(data: bytes) -> Digest:
    return Digest(hashlib.blake2b(data, digest_size=8).hexdigest())


def seen(*, metadata: dict[str, Any] | None = None, **parts: Any) -> AppFacts:
    """The facts of an Application with these parts besides an ordinary spec."""
    body = {
        "metadata": {"namespace": "argocd", "name": "web", "uid": "u1", "resourceVersion": "5", **(metadata or {})},
        "spec": {
            "project": "shop",
            "source": {"repoURL": "https://git.example/a.git", "path": "."},
            "destination": {"server": "https://east.example/", "namespace": "web"},
        },
        **parts,
    }
    return facts_of(msgspec.Raw(orjson.dumps(body)), digest)


def test_it_knows_where_an_application_lives_and_what_it_has() -> None:
    facts = seen(
        status={
            "resources": [{"kind": "Service"}, {"group": "apps", "kind": "Deployment"}],
            "operationState": {"phase": "Failed", "syncResult": {"resources": [{"kind": "Secret"}]}},
        }
    )
    assert (facts.key, facts.project, facts.server) == (AppKey("argocd", "web"), "shop", "https://east.example")
    assert facts.repos == ("https://git.example/a.git",)
    assert facts.kinds == {GroupKind("", "Service"), GroupKind("apps", "Deployment"), GroupKind("", "Secret")}


def test_several_sources_override_the_single_one() -> None:
    sources = [{"repoURL": "https://b"}, {"repoURL": "https://c"}, {"repoURL": "https://b"}]
    assert seen(spec={"source": {"repoURL": "https://a"}, "sources": sources}).repos == ("https://b", "https://c")


@pytest.mark.parametrize(
    "parts",
    [
        {"spec": {"project": 7}},
        {"spec": None},
        {"status": {"resources": "none"}},
        {"status": None, "operation": None},
        {"operation": "now"},
        {"metadata": {"annotations": None, "finalizers": None}},
    ],
)
def test_a_part_of_a_wrong_type_reads_as_absent_and_stops_nothing(parts: dict[str, Any]) -> None:
    assert seen(**parts).key == AppKey("argocd", "web")


@pytest.mark.parametrize(
    ("change", "lane"),
    [
        ({"spec": {"project": "other"}}, "push"),
        ({"metadata": {"finalizers": [words.FINALIZER]}}, "push"),
        ({"metadata": {"annotations": {words.CONTROLLER: "active"}}}, "push"),
        ({"metadata": {"annotations": {words.SKIP_RECONCILE: "true"}}}, "push"),
        ({"metadata": {"uid": "u2"}}, "push"),
        ({"metadata": {"annotations": {words.REFRESH: "hard"}}}, "person"),
        ({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}, "person"),
        ({"operation": {"sync": {}}}, "person"),
        ({"operation": {"sync": {}, "initiatedBy": {"username": "ann"}}}, "person"),
        ({"status": {"operationState": {"phase": "Terminating"}}}, "person"),
        ({"operation": {"sync": {}, "initiatedBy": {"automated": True}}}, None),
        ({"status": {"sync": {"status": "Synced"}, "operationState": {"phase": "Running"}}}, None),
        ({"metadata": {"resourceVersion": "6", "generation": 9}}, None),
        ({"metadata": {"labels": {"a": "b"}, "annotations": {"example.com/x": "y"}}}, None),
    ],
)
def test_which_changes_ask_for_a_pass_and_in_which_lane(change: dict[str, Any], lane: Lane | None) -> None:
    assert asked(seen(), seen(**change)) == lane


@pytest.mark.parametrize(
    "before",
    [
        {"operation": {"sync": {}}},
        {"metadata": {"annotations": {words.REFRESH: "normal"}}},
        {"status": {"operationState": {"phase": "Terminating"}}},
    ],
)
def test_that_a_wish_was_fulfilled_asks_for_nothing(before: dict[str, Any]) -> None:
    assert asked(seen(**before), seen()) is None


def test_a_second_wish_after_the_first_is_heard() -> None:
    first = {"operation": {"sync": {"revision": "a"}}}
    second = {"operation": {"sync": {"revision": "b"}}}
    assert asked(seen(**first), seen(**second)) == "person"
    assert asked(seen(**first), seen(**first)) is None


def test_an_unknown_application_is_new_and_one_that_asks_for_something_is_a_persons() -> None:
    assert asked(None, seen()) == "push"
    assert asked(None, seen(operation={"sync": {}})) == "person"


def test_equal_values_of_many_applications_are_one_object() -> None:
    assert seen().repos is seen().repos
    assert seen().kinds is seen().kinds
