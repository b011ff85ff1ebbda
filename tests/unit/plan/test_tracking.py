import pytest

from reconciler.errors import SpecError
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.models.tracking import Tracking, tracking_of
from reconciler.plan.tracking import (
    TrackingId,
    mark_field,
    marks_itself,
    owner_of,
    parse_tracking_id,
    stamped,
    tracking_id,
)

MARK = "argocd.argoproj.io/tracking-id"
BY_LABEL = Tracking("label")


def a_map(mark: str | None, **metadata: object) -> Manifest:
    annotations = {MARK: mark} if mark is not None else {}
    more = {"name": "web", "namespace": "shop", "annotations": annotations, **metadata}
    return Manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": more})


def test_a_mark_is_written_and_read_back() -> None:
    text = tracking_id("guestbook", ObjectKey("apps", "Deployment", "shop", "web"), "elsewhere")
    assert text == "guestbook:apps/Deployment:shop/web"
    assert parse_tracking_id(text) == TrackingId("guestbook", "apps", "Deployment", "shop", "web")


def test_a_cluster_scoped_object_carries_the_destination_namespace() -> None:
    key = ObjectKey("rbac.authorization.k8s.io", "ClusterRole", "", "system:web")
    text = tracking_id("guestbook", key, "shop")
    assert text == "guestbook:rbac.authorization.k8s.io/ClusterRole:shop/system:web"
    parsed = parse_tracking_id(text)
    assert parsed is not None
    assert parsed.name == "system:web"


def test_what_is_no_mark_is_none() -> None:
    for text in (
        "",
        "guestbook",
        "guestbook:ConfigMap:shop/web",
        ":/ConfigMap:shop/web",
        "a:/ConfigMap:web",
        "a:b/c/d:e/f",
    ):
        assert parse_tracking_id(text) is None, text


def test_a_copied_mark_does_not_name_its_carrier() -> None:
    assert marks_itself(a_map("guestbook:/ConfigMap:shop/web"), namespaced=True)
    assert not marks_itself(a_map("guestbook:/ConfigMap:shop/other"), namespaced=True)
    assert not marks_itself(a_map("guestbook:/ConfigMap:elsewhere/web"), namespaced=True)
    assert not marks_itself(a_map("guestbook:/Secret:shop/web"), namespaced=True)
    assert not marks_itself(a_map(None), namespaced=True)


def test_the_namespace_in_the_mark_of_a_cluster_scoped_object_says_nothing() -> None:
    assert marks_itself(a_map("guestbook:/ConfigMap:shop/web", namespace=""), namespaced=False)


def test_a_child_of_another_object_has_no_owner() -> None:
    assert owner_of(a_map("guestbook:/ConfigMap:shop/web")) == "guestbook"
    assert owner_of(a_map("guestbook:/ConfigMap:shop/web", ownerReferences=[{"uid": "p"}])) is None
    assert owner_of(a_map("nonsense")) is None


def test_stamping_builds_a_new_object_and_keeps_other_annotations() -> None:
    before = a_map(None, annotations={"note": "x"})
    after = stamped(before, "guestbook", "shop")
    assert after.annotations == {"note": "x", MARK: "guestbook:/ConfigMap:shop/web"}
    assert before.annotations == {"note": "x"}


def test_a_custom_resource_definition_is_never_marked() -> None:
    crd = Manifest(
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.com"},
        }
    )
    assert stamped(crd, "guestbook", "shop") is crd


def by(method: str, **settings: str) -> Tracking:
    return tracking_of({"application.resourceTrackingMethod": method, **settings})


def test_with_a_label_as_the_mark_no_annotation_is_written_and_none_is_read() -> None:
    marked = stamped(
        a_map("other:/ConfigMap:shop/web", labels={"app.kubernetes.io/instance": "chart"}), "a", "shop", BY_LABEL
    )
    assert marked.labels == {"app.kubernetes.io/instance": "a"}
    assert (owner_of(marked, BY_LABEL), marks_itself(marked, namespaced=True, tracking=BY_LABEL)) == ("a", True)
    assert owner_of(a_map("guestbook:/ConfigMap:shop/web"), BY_LABEL) is None
    child = a_map(None, labels={"app.kubernetes.io/instance": "a"}, ownerReferences=[{"uid": "p"}])
    assert owner_of(child, BY_LABEL) is None


def test_the_label_may_have_another_key() -> None:
    tracking = by("label", **{"application.instanceLabelKey": "example.com/app"})
    assert stamped(a_map(None), "a", "shop", tracking).labels == {"example.com/app": "a"}
    assert mark_field(tracking) == ("f:labels", "f:example.com/app")


def test_beside_the_annotation_a_label_is_only_for_people() -> None:
    tracking = by("annotation+label")
    marked = stamped(a_map(None), "a" * 70, "shop", tracking)
    assert marked.labels == {"app.kubernetes.io/instance": "a" * 63}
    assert owner_of(marked, tracking) == "a" * 70
    assert mark_field(tracking) == ("f:annotations", f"f:{MARK}")


def test_a_mark_of_another_installation_is_none() -> None:
    ours, theirs = by("annotation", installationID="one"), by("annotation", installationID="two")
    marked = stamped(a_map(None), "a", "shop", ours)
    assert marked.annotations["argocd.argoproj.io/installation-id"] == "one"
    assert (owner_of(marked, ours), owner_of(marked, theirs)) == ("a", None)
    assert "argocd.argoproj.io/installation-id" not in stamped(marked, "a", "shop").annotations


def test_a_method_that_is_none_is_an_error() -> None:
    with pytest.raises(SpecError, match="resourceTrackingMethod"):
        by("annotations")
