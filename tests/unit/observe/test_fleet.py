"""The fleet as an observer knows it, and whom its surroundings concern."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson
import pytest
from msgspec import Raw

from reconciler.models.keys import IN_CLUSTER, AppKey, ClusterUrl, Digest, EntryKey, GroupKind
from reconciler.models.words import SECRET_TYPE
from reconciler.observe.facts import AppFacts
from reconciler.observe.fleet import Fleet, refresh_of
from reconciler.observe.seen import Seen
from reconciler.observe.surroundings import Surrounding, Thing, cluster_names, of_project, of_secret, of_settings
from reconciler.store.due import Request

POD, JOB = GroupKind("", "Pod"), GroupKind("batch", "Job")


def digest(data: bytes) -> Digest:
    return Digest(hashlib.blake2b(data, digest_size=8).hexdigest())


def an_app(name: str = "web", namespace: str = "argocd", **facts: Any) -> AppFacts:
    defaults: dict[str, Any] = {
        "key": AppKey(namespace, name),
        "uid": "u1",
        "version": "1",
        "content": Digest("c"),
        "operation": Digest(""),
        "refresh": "",
        "deleting": False,
        "terminating": False,
        "project": "default",
        "server": "https://east.example",
        "cluster_name": "",
        "repos": ("https://git.example/team/shop.git",),
        "kinds": frozenset({POD}),
    }
    return AppFacts(**{**defaults, **facts})


def a_fleet(*apps: AppFacts) -> Fleet:
    known = {str(app.key): app for app in apps}
    return Fleet(digest, "argocd", lambda: None, lambda: known)


def names(demands: Any) -> list[str]:
    return [f"{type(d).__name__.lower()} {d.entry}" for d in demands]


def test_instances_inside_and_outside_the_control_namespace_are_found() -> None:
    inside, outside = an_app("web"), an_app("web", namespace="team-a")
    fleet = a_fleet(inside, outside)
    assert fleet.owner("web") is inside
    assert fleet.owner("team-a_web") is outside
    assert fleet.owner("stranger") is None


def test_a_destination_is_an_address_a_registered_name_or_stands_for_itself() -> None:
    fleet = a_fleet()
    fleet.names = {"west": ClusterUrl("https://west.example")}
    assert fleet.cluster_of(an_app(server="https://east.example")) == "https://east.example"
    assert fleet.cluster_of(an_app(server="", cluster_name="west")) == "https://west.example"
    assert fleet.cluster_of(an_app(server="", cluster_name="in-cluster")) == IN_CLUSTER
    assert fleet.cluster_of(an_app(server="", cluster_name="lost")) == "name:lost"


def test_kinds_are_gathered_for_each_cluster() -> None:
    fleet = a_fleet(an_app("a"), an_app("b", kinds=frozenset({JOB})), an_app("c", server="https://west.example"))
    assert fleet.kinds_by_cluster() == {"https://east.example": {POD, JOB}, "https://west.example": {POD}}


def test_a_definition_belongs_to_whom_has_it_in_its_inventory() -> None:
    fleet = a_fleet(an_app("a", definitions=("widgets.example.com",)))
    fleet.kinds_by_cluster()
    assert fleet.definer(ClusterUrl("https://east.example"), "widgets.example.com") == "a"
    assert fleet.definer(ClusterUrl("https://west.example"), "widgets.example.com") == ""


def test_a_new_application_asks_for_itself_and_its_repositories_and_a_gone_one_for_its_last_pass() -> None:
    fleet, app = a_fleet(), an_app()
    repo = "https://git.example/team/shop.git"
    assert names(fleet.demands(None, app, None)) == ["request app:argocd/web", f"request repo:{repo}"]
    assert names(fleet.demands(app, None, None)) == ["request app:argocd/web"]
    assert list(fleet.demands(app, app, None)) == []


@pytest.mark.parametrize(
    ("stored", "app", "lanes"),
    [
        (Seen("u1", "1", digest=Digest("c")), an_app(), []),
        (Seen("u1", "1", digest=Digest("other")), an_app(), ["push"]),
        (Seen("u0", "1", digest=Digest("c")), an_app(), ["push"]),
        (None, an_app(), ["push"]),
        (Seen("u1", "1", digest=Digest("c")), an_app(refresh="normal"), ["person"]),
    ],
)
def test_a_starting_observer_asks_for_what_differs_from_what_was_stored(
    stored: Seen | None, app: AppFacts, lanes: list[str]
) -> None:
    demands = a_fleet().late("argocd/web", stored, app)
    assert [demand.lane for demand in demands if demand.entry.kind == "app"] == lanes


def test_an_application_that_went_while_nobody_watched_gets_its_last_pass() -> None:
    entry = EntryKey("app", "argocd/web")
    assert list(a_fleet().late("argocd/web", Seen("u1", "1"), None)) == [Request(entry, "u1", "push")]


def test_an_address_that_may_not_be_used_is_not_polled() -> None:
    assert refresh_of("file:///etc") is None
    request = refresh_of("https://git.example/team/shop")
    assert request is not None
    assert request.place == "git.example"


def a_secret(kind: str, **data: str) -> Thing:
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    metadata = {"name": "s", "namespace": "argocd", "uid": "u", "resourceVersion": "1", "labels": {SECRET_TYPE: kind}}
    return a_reader().read(Raw(orjson.dumps({"metadata": metadata, "data": encoded})), None)


def a_reader(fleet: Fleet | None = None) -> Surrounding:
    return Surrounding(digest, fleet or a_fleet(), of_secret)


@pytest.mark.parametrize(
    ("thing", "concerned"),
    [
        (a_secret("cluster", server="https://east.example/", name="east"), True),
        (a_secret("cluster", server="https://west.example", name="west"), False),
        (a_secret("repository", url="https://git.example/team/shop"), True),
        (a_secret("repository", url="https://git.example/team"), False),
        (a_secret("repo-creds", url="https://git.example/team"), True),
        (a_secret("repo-creds", url="https://other.example"), False),
    ],
)
def test_whom_a_secret_concerns(thing: Thing, concerned: bool) -> None:
    assert of_secret(thing)(an_app()) is concerned


def test_whom_a_cluster_concerns_that_is_named() -> None:
    thing = a_secret("cluster", server="https://west.example", name="west")
    assert of_secret(thing)(an_app(server="", cluster_name="west"))
    assert not of_secret(thing)(an_app(server="", cluster_name="east"))


def test_projects_concern_their_own_and_settings_everybody() -> None:
    project = Thing("shop", Seen("u", "1"))
    assert [of_project(project)(an_app(project=name)) for name in ("shop", "default")] == [True, False]
    assert of_settings(project)(an_app())


def test_a_change_concerns_those_of_before_and_those_of_now_and_an_equal_content_nobody() -> None:
    east, west = an_app("a"), an_app("b", server="https://west.example")
    reader = a_reader(a_fleet(east, west))
    before = a_secret("cluster", server="https://east.example", name="x")
    after = a_secret("cluster", server="https://west.example", name="x")
    assert names(reader.demands(before, after, None)) == ["request app:argocd/a", "request app:argocd/b"]
    assert names(reader.demands(after, after, None)) == []
    delays = [demand.delay_s for demand in reader.demands(before, after, None)]
    assert delays == [0.0, 0.005]


def test_a_name_that_two_clusters_bear_means_neither() -> None:
    things = [a_secret("cluster", server=f"https://{host}.example", name=name) for host, name in ("aa", "bt", "ct")]
    assert cluster_names(iter(things)) == {"a": "https://a.example"}
