from reconciler.models.manifest import JsonObject, Manifest
from reconciler.plan.order import ordered, prune_ordered


def an_object(kind: str, name: str, group: str = "", **rest: JsonObject) -> Manifest:
    version = f"{group}/v1" if group else "v1"
    return Manifest({"apiVersion": version, "kind": kind, "metadata": {"name": name}, **rest})


def a_definition(group: str, kind: str) -> Manifest:
    spec = {"group": group, "names": {"kind": kind}, "scope": "Namespaced"}
    return an_object("CustomResourceDefinition", f"{kind}.{group}", "apiextensions.k8s.io", spec=spec)


def names(manifests: tuple[Manifest, ...]) -> list[str]:
    return [f"{manifest.key.kind}/{manifest.key.name}" for manifest in manifests]


def test_what_others_need_is_written_first_and_one_kind_stays_together() -> None:
    given = [
        an_object("Ingress", "web", "networking.k8s.io"),
        an_object("Deployment", "web", "apps"),
        an_object("Widget", "web", "example.com"),
        an_object("ConfigMap", "b"),
        an_object("Secret", "a"),
        an_object("ConfigMap", "a"),
        an_object("Namespace", "shop"),
    ]
    wanted = ["Namespace/shop", "Secret/a", "ConfigMap/a", "ConfigMap/b", "Deployment/web", "Ingress/web", "Widget/web"]
    assert names(ordered(given)) == wanted
    assert names(prune_ordered(given)) == wanted[::-1]


def test_an_object_comes_after_its_own_definition_even_if_its_kind_is_named_like_an_early_one() -> None:
    given = [an_object("NetworkPolicy", "all", "crd.example.com"), a_definition("crd.example.com", "NetworkPolicy")]
    assert names(ordered(given)) == ["CustomResourceDefinition/NetworkPolicy.crd.example.com", "NetworkPolicy/all"]


def test_a_built_in_kind_keeps_its_place_beside_a_definition_of_that_name() -> None:
    given = [a_definition("crd.example.com", "NetworkPolicy"), an_object("NetworkPolicy", "deny", "networking.k8s.io")]
    assert names(ordered(given))[0] == "NetworkPolicy/deny"
