from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.plan.tracking import TrackingId, marks_itself, owner_of, parse_tracking_id, stamped, tracking_id

MARK = "argocd.argoproj.io/tracking-id"


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
