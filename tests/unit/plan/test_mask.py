from reconciler.plan.mask import masked, masked_together

SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}}


def test_no_value_of_a_secret_remains() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"a":"aHVudGVyMg=="}}', "note": "x"}
    body = {
        **SECRET,
        "metadata": {"name": "login", "annotations": annotations},
        "data": {"a": "aHVudGVyMg=="},
        "stringData": {"b": "hunter2"},
    }
    shown = masked(body)
    assert "hunter2" not in str(shown)
    assert "aHVudGVyMg" not in str(shown)
    assert shown["metadata"]["annotations"]["note"] == "x"
    assert set(shown["data"]) == {"a"}


def test_equal_values_look_equal_and_different_ones_different() -> None:
    old, new = masked_together({**SECRET, "data": {"a": "1", "b": "2"}}, {**SECRET, "data": {"a": "1", "b": "3"}})
    assert old["data"]["a"] == new["data"]["a"]
    assert old["data"]["b"] != new["data"]["b"]


def test_nothing_else_is_masked_but_annotations_that_were_named() -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"annotations": {"token": "t"}}, "data": {"a": "b"}}
    assert masked(body) == body
    assert masked(body, annotations=["token"])["metadata"]["annotations"]["token"].strip("+") == ""


def test_a_custom_kind_called_secret_is_no_secret() -> None:
    body = {"apiVersion": "example.com/v1", "kind": "Secret", "data": {"a": "b"}}
    assert masked(body) == body


def test_of_a_sealed_object_only_its_name_is_shown() -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "web", "labels": {"team": "canary"}},
        "data": {"dsn": "canary", "list": ["canary", {"deep": 4711}]},
    }
    (shown,) = masked_together(body, sealed=True)
    assert "canary" not in str(shown)
    assert "4711" not in str(shown)
    assert (shown["kind"], shown["metadata"]["name"], shown["metadata"]["namespace"]) == (
        "ConfigMap",
        "settings",
        "web",
    )
    assert set(shown["data"]) == {"dsn", "list"}


def test_values_of_sealed_objects_that_differ_look_different() -> None:
    old, new = masked_together({"data": {"a": "1", "b": "2"}}, {"data": {"a": "1", "b": "3"}}, sealed=True)
    assert old["data"]["a"] == new["data"]["a"]
    assert old["data"]["b"] != new["data"]["b"]
