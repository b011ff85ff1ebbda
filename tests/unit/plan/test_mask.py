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
