import pytest

from reconciler.errors import SourceError
from reconciler.models.keys import GroupKind
from reconciler.models.manifest import JsonObject, Manifest
from reconciler.models.observed import Condition, ServedKind, Surface
from reconciler.plan.desired import finalize
from tests.unit.plan.given import an_app

SURFACE = Surface("v1.36.0", {GroupKind("", "Namespace"): ServedKind(("v1",), "namespaces", False, frozenset())})
CRD = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")


def an_object(kind: str = "ConfigMap", api_version: str = "v1", **metadata: object) -> JsonObject:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", **metadata}}


def final(*bodies: JsonObject, **app: object) -> tuple[tuple[Manifest, ...], tuple[Condition, ...]]:
    return finalize(bodies, an_app(**app), SURFACE, instance="guestbook")  # type: ignore[arg-type]


def namespaces(*bodies: JsonObject) -> list[object]:
    return [manifest.metadata.get("namespace") for manifest in final(*bodies)[0]]


def test_a_namespaced_object_without_namespace_goes_to_the_destination() -> None:
    assert namespaces(an_object(), an_object(name="other", namespace="elsewhere")) == ["elsewhere", "shop"]


def test_a_cluster_scoped_object_loses_a_namespace() -> None:
    assert namespaces(an_object("Namespace", namespace="wrong")) == [None]


def test_a_definition_in_the_same_set_says_where_its_objects_live() -> None:
    spec = {"group": "example.com", "names": {"kind": "Thing"}, "scope": "Cluster"}
    crd = {**an_object(CRD.kind, f"{CRD.group}/v1"), "spec": spec}
    manifests, _ = final(crd, an_object("Thing", "example.com/v1", namespace="wrong"))
    assert manifests[-1].key.namespace == ""


def test_an_unknown_kind_counts_as_namespaced() -> None:
    assert namespaces(an_object("Thing", "example.com/v1")) == ["shop"]


def test_the_last_of_two_objects_of_one_name_wins_with_a_warning() -> None:
    manifests, conditions = final(
        {**an_object(), "data": {"a": "1"}}, {**an_object(namespace="shop"), "data": {"a": "2"}}
    )
    assert [manifest.body["data"] for manifest in manifests] == [{"a": "2"}]
    assert conditions == (
        Condition(
            "RepeatedResourceWarning",
            "Resource /ConfigMap/shop/web appeared 2 times among application resources.",
        ),
    )


def test_every_object_is_marked_with_its_final_namespace() -> None:
    manifests, _ = final(an_object())
    assert manifests[0].annotations == {"argocd.argoproj.io/tracking-id": "guestbook:/ConfigMap:shop/web"}


def test_an_object_without_name_or_kind_is_refused() -> None:
    for body in ({"kind": "ConfigMap", "metadata": {"name": "x"}}, an_object(name=""), {"apiVersion": "v1"}):
        with pytest.raises(SourceError):
            final(body)


def test_a_nameless_hook_waits_for_an_operation_to_name_it_and_anything_else_nameless_is_refused() -> None:
    hook = an_object("Job", "batch/v1", name=None, generateName="x-", annotations={"argocd.argoproj.io/hook": "Sync"})
    manifests, conditions = final(hook)
    assert [(item.key.name, item.key.namespace, item.annotations.keys()) for item in manifests] == [
        ("", "shop", hook["metadata"]["annotations"].keys())
    ]
    assert conditions == ()
    with pytest.raises(SourceError):
        final(an_object(name=None, generateName="x-"))


def test_string_data_of_a_secret_is_merged_so_that_its_keys_can_be_owned() -> None:
    manifests, _ = final({**an_object("Secret"), "stringData": {"a": "b"}, "data": {"c": "ZA=="}})
    assert manifests[0].body["data"] == {"a": "Yg==", "c": "ZA=="}
    assert "stringData" not in manifests[0].body


def test_managed_namespace_metadata_makes_an_unmarked_namespace_unless_git_has_one() -> None:
    policy = {"syncOptions": ["CreateNamespace=true"], "managedNamespaceMetadata": {"labels": {"team": "a"}}}
    manifests, _ = final(an_object(), policy=policy)
    assert manifests[0].body == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"team": "a"}},
    }
    of_git, _ = final(an_object("Namespace", name="shop"), policy=policy)
    assert [manifest.labels for manifest in of_git] == [{}]


def test_what_was_rendered_is_not_changed() -> None:
    body = an_object()
    final(body)
    assert body == an_object()
