"""Applications from files and from flags."""

import pytest

from reconciler.cli.app.create import checked
from reconciler.cli.app.manifest import Destined, Policied, Sourced, manifest_of
from reconciler.cli.problems import Problem
from reconciler.errors import SpecError
from tests.unit.plan.given import an_app

SOURCE = Sourced(repo="https://git.example/shop.git", path="orders", revision="main")
EAST = Destined(dest_name="east", dest_namespace="orders")


def test_flags_make_the_application_that_they_describe() -> None:
    policy = Policied(auto=True, prune=True, sync_option=["CreateNamespace=true"], finalizer=True)
    assert manifest_of("orders", SOURCE, EAST, policy) == {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "orders", "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://git.example/shop.git", "path": "orders", "targetRevision": "main"},
            "destination": {"name": "east", "namespace": "orders"},
            "syncPolicy": {"automated": {"prune": True}, "syncOptions": ["CreateNamespace=true"]},
        },
    }


def test_automated_sync_without_further_wishes_is_still_automated() -> None:
    spec = manifest_of("orders", SOURCE, EAST, Policied(auto=True))["spec"]
    assert spec["syncPolicy"] == {"automated": {}}
    assert "syncPolicy" not in manifest_of("orders", SOURCE, EAST, Policied())["spec"]


def test_what_flags_describe_can_be_read_back() -> None:
    source = Sourced(repo="https://git.example/shop.git", recurse=True, include="*.yaml")
    target = Destined(dest_server="https://one.example", label=["team=shop"])
    body = checked(manifest_of("orders", source, target, Policied()), "argocd")
    assert body["metadata"] == {"namespace": "argocd", "name": "orders", "labels": {"team": "shop"}}
    assert body["spec"]["source"]["directory"] == {"recurse": True, "include": "*.yaml"}


@pytest.mark.parametrize(
    ("source", "target", "policy", "said"),
    [
        (Sourced(), EAST, Policied(), "pass --repo"),
        (SOURCE, Destined(), Policied(), "either --dest-name or --dest-server"),
        (SOURCE, Destined(dest_name="east", dest_server="https://east"), Policied(), "either --dest-name"),
        (SOURCE, EAST, Policied(prune=True), "pass --auto"),
        (SOURCE, Destined(dest_name="east", label=["team"]), Policied(), "write NAME=VALUE"),
    ],
)
def test_flags_that_make_no_application_are_refused(
    source: Sourced, target: Destined, policy: Policied, said: str
) -> None:
    with pytest.raises(Problem, match=said):
        manifest_of("orders", source, target, policy)


@pytest.mark.parametrize(
    "change", [{"kind": "AppProject"}, {"apiVersion": "argoproj.io/v1"}, {"metadata": {}}, {"metadata": None}]
)
def test_a_file_must_hold_applications_with_a_name(change: dict[str, object]) -> None:
    with pytest.raises(Problem):
        checked({**an_app().raw, **change}, "argocd")


def test_a_spec_with_a_wrong_field_is_refused_before_it_is_sent() -> None:
    with pytest.raises(SpecError, match="destination"):
        checked({**an_app().raw, "spec": {"project": "default"}}, "argocd")


def test_a_namespace_in_the_file_stands() -> None:
    assert checked(an_app(metadata={"namespace": "team-a"}).raw, "argocd")["metadata"]["namespace"] == "team-a"
