"""The rules one by one; tests/contract/test_threeway.py holds them against a real API server."""

import json
from typing import Any

from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.plan.threeway import estimated

OURS = "argocd-controller"
KUBECTL = "kubectl-client-side-apply"


def an_object(kind: str = "Deployment", api_version: str = "apps/v1", **spec: Any) -> JsonObject:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}


def entry(manager: str, operation: str, fields: JsonObject) -> JsonObject:
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": fields}}


def live(body: JsonObject, *entries: JsonObject, last: JsonObject | None = None) -> LiveObject:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(last)} if last else {}
    metadata = {**body["metadata"], "annotations": annotations, "managedFields": list(entries)}
    return LiveObject({**body, "metadata": metadata, "status": {"replicas": 1}})


def stays(desired: JsonObject, found: LiveObject) -> bool:
    return estimated(Manifest(desired), found) is found.body


def test_defaults_that_nobody_asked_for_do_not_count() -> None:
    assert stays(an_object(paused=True), live(an_object(paused=True, replicas=1, revisionHistoryLimit=10)))


def test_a_desired_value_replaces_the_live_one_and_shares_all_else() -> None:
    found = live(an_object(replicas=5, template={"a": 1}))
    predicted = estimated(Manifest(an_object(replicas=3)), found)
    assert predicted["spec"] == {"replicas": 3, "template": {"a": 1}}
    assert predicted["spec"]["template"] is found.body["spec"]["template"]
    assert found.body["spec"]["replicas"] == 5


def test_a_field_of_the_last_apply_that_git_dropped_goes_or_falls_back_to_its_default() -> None:
    owned = entry(KUBECTL, "Update", {"f:minReadySeconds": {}, "f:replicas": {}})
    before = an_object(minReadySeconds=5, replicas=5)
    found = live(before, owned, last=before)
    assert estimated(Manifest(an_object()), found)["spec"] == {"replicas": 1}


def test_a_dropped_field_that_holds_its_default_stays() -> None:
    before = an_object(replicas=1)
    assert stays(an_object(), live(before, entry(OURS, "Apply", {"f:replicas": {}})))


def test_a_dropped_field_that_another_manager_owns_stays() -> None:
    before = an_object(replicas=5)
    scaled = entry("horizontal-pod-autoscaler", "Update", {"f:replicas": {}})
    assert stays(an_object(), live(before, entry(KUBECTL, "Update", {}), scaled, last=before))


def test_a_record_of_kubectl_is_stale_once_nothing_is_owned_by_client_side_apply() -> None:
    last = an_object(replicas=3)
    found = live(an_object(replicas=7), entry(OURS, "Apply", {"f:replicas": {}}), last=last)
    assert not stays(an_object(replicas=3), found)


def test_what_client_side_apply_wrote_last_is_trusted_in_the_servers_words() -> None:
    desired = an_object("Thing", "example.com/v1", wait="2160h")
    found = an_object("Thing", "example.com/v1", wait="2160h0m0s")
    owned = entry(KUBECTL, "Update", {"f:wait": {}})
    assert stays(desired, live(found, owned, last=desired))
    assert not stays(desired, live(found, entry("kubectl-edit", "Update", {"f:wait": {}}), last=desired))


def test_list_items_merge_by_their_keys_and_a_sidecar_of_others_stays() -> None:
    def pod(*containers: JsonObject) -> JsonObject:
        return an_object(template={"spec": {"containers": list(containers)}})

    desired = pod({"name": "web", "image": "web:2"})
    found = live(
        pod({"name": "proxy", "image": "proxy:1"}, {"name": "web", "image": "web:1", "imagePullPolicy": "Always"})
    )
    assert estimated(Manifest(desired), found)["spec"]["template"]["spec"]["containers"] == [
        {"name": "proxy", "image": "proxy:1"},
        {"name": "web", "image": "web:2", "imagePullPolicy": "Always"},
    ]


def test_an_item_that_git_dropped_goes() -> None:
    def service(*ports: int) -> JsonObject:
        return an_object("Service", "v1", ports=[{"port": port, "protocol": "TCP"} for port in ports])

    names: JsonObject = {f'k:{{"port":{port},"protocol":"TCP"}}': {".": {}, "f:port": {}} for port in (80, 81)}
    found = live(service(80, 81), entry(OURS, "Apply", {"f:ports": names}))
    assert estimated(Manifest(service(80)), found)["spec"]["ports"] == [{"port": 80, "protocol": "TCP"}]


def test_another_order_of_desired_items_is_a_change() -> None:
    def env(*names: str) -> JsonObject:
        items = [{"name": name, "value": name} for name in names]
        return an_object(template={"spec": {"containers": [{"name": "web", "env": items}]}})

    assert stays(env("a", "b"), live(env("a", "other", "b")))
    assert not stays(env("b", "a"), live(env("a", "b")))


def test_a_list_written_as_a_whole_may_only_gain_defaults() -> None:
    def policy(port: JsonObject) -> JsonObject:
        return an_object("NetworkPolicy", "networking.k8s.io/v1", ingress=[{"ports": [port]}])

    assert stays(policy({"port": 80}), live(policy({"port": 80, "protocol": "TCP"})))
    assert not stays(policy({"port": 80}), live(policy({"port": 80, "protocol": "UDP"})))
    assert not stays(policy({"port": 80}), live(policy({"port": 80, "protocol": "TCP", "endPort": 90})))


def test_a_selector_that_somebody_widened_is_a_change() -> None:
    def service(**selector: str) -> JsonObject:
        return an_object("Service", "v1", selector=selector)

    assert not stays(service(app="web"), live(service(app="web", tier="x")))


def test_empty_values_that_a_server_does_not_store_are_no_change() -> None:
    desired = an_object(paused=False, minReadySeconds=0, strategy={}, template={"metadata": {"labels": {}}})
    assert stays(desired, live(an_object(strategy={"type": "RollingUpdate"}, template={"metadata": {}})))


def test_an_empty_value_takes_away_what_others_set() -> None:
    assert estimated(Manifest(an_object(paused=False)), live(an_object(paused=True)))["spec"] == {}


def test_quantities_are_compared_by_value_in_built_in_kinds_only() -> None:
    def quota(api_version: str, cpu: str) -> JsonObject:
        return an_object("ResourceQuota", api_version, hard={"cpu": cpu})

    assert stays(quota("v1", "1000m"), live(quota("v1", "1")))
    assert not stays(quota("example.com/v1", "1000m"), live(quota("example.com/v1", "1")))


def test_the_server_keeps_the_port_that_it_chose() -> None:
    def service(**port: int) -> JsonObject:
        return an_object("Service", "v1", ports=[{"port": 80, "protocol": "TCP", **port}])

    names: JsonObject = {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:protocol": {}, "f:nodePort": {}}}
    assert stays(service(), live(service(nodePort=30080), entry(OURS, "Apply", {"f:ports": names})))


def test_custom_resources_merge_lists_as_their_ownership_tells() -> None:
    def thing(*steps: JsonObject) -> JsonObject:
        return an_object("Thing", "example.com/v1", steps=list(steps))

    found = thing({"name": "a", "retries": 2})
    keyed = entry(OURS, "Apply", {"f:steps": {'k:{"name":"a"}': {".": {}, "f:name": {}}}})
    assert stays(thing({"name": "a"}), live(found, keyed))
    whole = entry("kubectl-edit", "Update", {"f:steps": {}})
    assert not stays(thing({"name": "a"}), live(found, whole))
    assert stays(thing({"name": "a"}), live(found, entry("kubectl", "Apply", {"f:steps": {}})))


def test_an_object_without_any_ownership_is_compared_by_its_last_apply() -> None:
    found = live(an_object(replicas=2, minReadySeconds=5), last=an_object(replicas=2, minReadySeconds=5))
    assert not stays(an_object(replicas=2), found)
