from reconciler.plan.normalize import normalized


def an_object(kind: str, api_version: str = "v1", **rest: object) -> dict[str, object]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "web"}, **rest}


def test_status_and_what_a_server_writes_never_count() -> None:
    metadata = {
        "name": "web",
        "uid": "u",
        "resourceVersion": "7",
        "generation": 3,
        "creationTimestamp": None,
        "managedFields": [{}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        "labels": {},
    }
    assert normalized({**an_object("ConfigMap"), "metadata": metadata, "status": {"a": 1}}) == an_object("ConfigMap")


def test_other_annotations_stay_beside_kubectls_record() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "x"}
    body = {**an_object("ConfigMap"), "metadata": {"name": "web", "annotations": annotations}}
    assert normalized(body)["metadata"] == {"name": "web", "annotations": {"note": "x"}}


def test_a_secret_is_as_the_server_stores_it() -> None:
    body = an_object("Secret", data={"a": "c2Vj\ncmV0\n", "b": None}, stringData={"c": "x", "d": ""})
    assert normalized(body) == an_object("Secret", data={"a": "c2VjcmV0", "b": "", "c": "eA==", "d": ""})


def test_no_rules_and_empty_rules_are_the_same() -> None:
    rbac = "rbac.authorization.k8s.io/v1"
    assert normalized(an_object("Role", rbac, rules=[])) == normalized(an_object("Role", rbac, rules=None))
    assert normalized(an_object("Role", rbac, rules=[])) == an_object("Role", rbac)


def test_subsets_of_endpoints_have_no_order() -> None:
    one, two = {"addresses": [{"ip": "1"}, {"ip": "2"}]}, {"addresses": [{"ip": "2"}, {"ip": "1"}]}
    assert normalized(an_object("Endpoints", subsets=[one])) == normalized(an_object("Endpoints", subsets=[two]))


def test_limits_of_containers_get_the_defaults_that_the_server_works_out() -> None:
    limits = [{"type": "Container", "max": {"cpu": "2"}}, {"type": "Pod", "max": {"cpu": "4"}}]
    body = normalized(an_object("LimitRange", spec={"limits": limits}))
    assert body["spec"]["limits"] == [{**limits[0], "default": {"cpu": "2"}, "defaultRequest": {"cpu": "2"}}, limits[1]]


def test_the_given_object_is_not_changed_and_unchanged_parts_are_shared() -> None:
    body = an_object("ConfigMap", data={"a": "1"})
    result = normalized(body)
    assert result["data"] is body["data"]
    assert body == an_object("ConfigMap", data={"a": "1"})
