"""S39 to S43: what an AppProject permits."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from reconciler.models.keys import GroupKind, ObjectKey
from reconciler.models.project import AppProject
from reconciler.models.source import Destination
from reconciler.plan.permissions import ProjectRules, check_application, normalized_url
from tests.unit.plan.given import REPO, SERVER, an_app, rules

HERE = Destination(server=SERVER, name="one", namespace="shop")


@pytest.mark.parametrize(
    ("patterns", "url", "allowed"),
    [
        (["*"], REPO, True),
        ([], REPO, False),
        (["https://git.example/*"], "https://git.example/fleet", True),
        (["https://git.example/*"], "https://git.example/team/fleet", False),
        (["https://git.example/**"], "https://git.example/team/fleet", True),
        (["https://GIT.example/fleet.git"], "https://git.example/fleet", True),
        (["!https://git.example/secret", "*"], "https://git.example/secret", False),
        (["!https://git.example/secret"], "https://elsewhere.example/x", True),
        (["!https://git.example/secret", "https://git.example/fleet"], "https://elsewhere.example/x", True),
        (["git@git.example:team/*"], "ssh://git@git.example/team/fleet.git", True),
        (["https://git.{example,test}/fleet"], "https://git.test/fleet", True),
        (["https://git.example/["], "https://git.example/[", False),
    ],
)
def test_a_source_is_allowed_as_upstream_allows_it(patterns: list[str], url: str, allowed: bool) -> None:
    assert rules(sourceRepos=patterns).source_allowed(url) is allowed


@pytest.mark.parametrize(
    ("entries", "allowed"),
    [
        ([], False),
        ([{"server": "*", "namespace": "*"}], True),
        ([{"server": SERVER, "namespace": "shop"}], True),
        ([{"server": SERVER, "namespace": "sh*"}], True),
        ([{"server": SERVER, "namespace": ""}], False),
        ([{"name": "one", "namespace": "shop"}], True),
        ([{"name": "two", "server": SERVER, "namespace": "shop"}], True),
        ([{"server": "*", "namespace": "!shop"}, {"server": "*", "namespace": "*"}], False),
        ([{"server": "*", "namespace": "!kube-system"}], True),
        ([{"server": "!https://two.example", "namespace": "*"}], True),
        ([{"server": f"!{SERVER}", "namespace": "*"}, {"server": "*", "namespace": "*"}], False),
    ],
)
def test_a_destination_is_allowed_as_upstream_allows_it(entries: list[dict[str, str]], allowed: bool) -> None:
    assert rules(destinations=entries).destination_allowed(SERVER, "one", "shop") is allowed


def test_destination_rules_agree_with_the_plain_reading_of_the_upstream_rule_on_generated_cases() -> None:
    """S40: 600 generated lists against a direct transcription of the rule over exact and `*` patterns."""
    chance = random.Random(40)
    atoms = ["", "*", "a", "b", "!a", "!b", "!*"]
    every = list(itertools.product(atoms, repeat=3))
    for _ in range(600):
        entries = [dict(zip(("server", "name", "namespace"), chance.choice(every), strict=True)) for _ in range(3)]
        asked = Destination(
            server=chance.choice("ab"), name=chance.choice(["", "a", "b"]), namespace=chance.choice("ab")
        )
        assert rules(destinations=entries).destination_allowed(asked.server, asked.name, asked.namespace) is _plainly(
            entries, asked
        ), (entries, asked)


def _plainly(entries: list[dict[str, str]], asked: Destination) -> bool:
    def hits(pattern: str, text: str) -> bool:
        return not hits(pattern[1:], text) if pattern.startswith("!") else pattern in ("*", text)

    allowed = False
    for entry in entries:
        name = asked.name != "" and hits(entry["name"], asked.name)
        server = asked.server != "" and hits(entry["server"], asked.server)
        namespace = hits(entry["namespace"], asked.namespace)
        if (name or server) and namespace:
            allowed = True
        elif (
            (not name and entry["name"].startswith("!"))
            or (not server and entry["server"].startswith("!"))
            or (not namespace and entry["namespace"].startswith("!"))
        ):
            return False
    return allowed


CONFIG_MAP, ROLE = GroupKind("", "ConfigMap"), GroupKind("rbac.authorization.k8s.io", "ClusterRole")


@pytest.mark.parametrize(
    ("spec", "kind", "namespaced", "allowed"),
    [
        ({"clusterResourceWhitelist": []}, ROLE, False, False),
        ({"clusterResourceWhitelist": [{"group": "rbac.*", "kind": "Cluster*"}]}, ROLE, False, True),
        ({"clusterResourceWhitelist": [{"group": "*", "kind": "*", "name": "team-*"}]}, ROLE, False, False),
        ({"clusterResourceWhitelist": [{"group": "*", "kind": "*", "name": "adm*"}]}, ROLE, False, True),
        ({"clusterResourceBlacklist": [{"group": "*", "kind": "ClusterRole"}]}, ROLE, False, False),
        ({}, CONFIG_MAP, True, True),
        ({"namespaceResourceWhitelist": None}, CONFIG_MAP, True, True),
        ({"namespaceResourceWhitelist": []}, CONFIG_MAP, True, False),
        ({"namespaceResourceWhitelist": [{"group": "", "kind": "ConfigMap"}]}, CONFIG_MAP, True, True),
        ({"namespaceResourceBlacklist": [{"group": "", "kind": "Config*"}]}, CONFIG_MAP, True, False),
        ({"namespaceResourceBlacklist": [{"group": "", "kind": "[A-D]onfigMap"}]}, CONFIG_MAP, True, False),
        ({"namespaceResourceBlacklist": [{"group": "", "kind": "[^C]onfigMap"}]}, CONFIG_MAP, True, True),
    ],
)
def test_a_kind_is_allowed_as_upstream_allows_it(
    spec: dict[str, Any], kind: GroupKind, namespaced: bool, allowed: bool
) -> None:
    assert rules(**spec).kind_allowed(kind, namespaced, "admin") is allowed


def test_an_object_may_not_leave_for_a_namespace_outside_the_project() -> None:
    project = rules(destinations=[{"server": SERVER, "namespace": "shop"}])
    inside, outside = ObjectKey("", "ConfigMap", "shop", "a"), ObjectKey("", "ConfigMap", "kube-system", "a")
    assert project.refusal(inside, HERE) is None
    assert project.refusal(outside, HERE) == "namespace kube-system is not permitted in project 'default'"


def test_a_global_project_adds_its_lists_and_its_denials() -> None:
    def project(name: str, **spec: object) -> AppProject:
        return AppProject.parse({"metadata": {"name": name, "namespace": "argocd"}, "spec": spec})

    own = project("team", sourceRepos=["https://git.example/*"])
    shared = project(
        "global", namespaceResourceBlacklist=[{"group": "", "kind": "Secret"}], sourceRepos=["https://c.d/e"]
    )
    both = ProjectRules.of(own, [shared])
    assert both.source_allowed("https://c.d/e")
    assert both.source_allowed("https://git.example/x")
    assert not both.kind_allowed(GroupKind("", "Secret"), namespaced=True)
    assert both.kind_allowed(CONFIG_MAP, namespaced=True)


def test_each_violation_of_an_application_is_an_invalid_spec_error_of_its_own() -> None:
    project = rules(sourceRepos=[], destinations=[])
    conditions = check_application(an_app(metadata={"namespace": "tenant"}), project, HERE)
    assert {condition.type for condition in conditions} == {"InvalidSpecError"}
    assert [condition.message.split()[0:2] for condition in conditions] == [
        ["application", "'guestbook'"],
        ["application", "repo"],
        ["application", "destination"],
    ]
    assert check_application(an_app(), rules(), HERE) == ()


@pytest.mark.parametrize(
    ("patterns", "namespace", "allowed"),
    [
        ([], "argocd", True),
        ([], "team", False),
        (["te*"], "team", True),
        (["/^t.+m$/"], "team", True),
        (["/[/"], "team", False),
    ],
)
def test_only_named_namespaces_may_use_a_project(patterns: list[str], namespace: str, allowed: bool) -> None:
    assert rules(sourceNamespaces=patterns).namespace_may_use(namespace) is allowed


def test_one_repository_has_one_normal_form() -> None:
    forms = ["git@Git.example:a/b.git", "ssh://git@git.example/a/b", " ssh://git@git.example/a/b.git"]
    assert {normalized_url(form) for form in forms} == {"git@git.example/a/b"}
