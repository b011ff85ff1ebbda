"""What is wrong with an object, told by the schema of its kind alone."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from reconciler.models.manifest import Manifest
from reconciler.plan.schema.openapi import Document
from reconciler.plan.schema.validate import problems, without_unknown

TEXT, COUNT = {"type": "string", "default": ""}, {"type": "integer"}
SCHEMAS: dict[str, Any] = {
    "Meta": {
        "type": "object",
        "properties": {"name": TEXT, "labels": {"type": "object", "additionalProperties": TEXT}},
    },
    "Port": {"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"},
    "Spec": {
        "type": "object",
        "required": ["size", "named"],
        "properties": {
            "size": COUNT,
            "named": TEXT,
            "port": {"allOf": [{"$ref": "#/components/schemas/Port"}]},
            "mode": {"type": "string", "enum": ["on", "off"]},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"known": COUNT}},
            "either": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "template": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": COUNT}},
            "parts": {"type": "array", "items": {"type": "object", "properties": {"image": TEXT}}},
            "ratio": {"type": "number"},
            "on": {"type": "boolean"},
            "anything": {},
        },
    },
}


def document(group: str) -> Document:
    kind = {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"allOf": [{"$ref": "#/components/schemas/Meta"}], "default": {}},
            "spec": {"$ref": "#/components/schemas/Spec"},
        },
        "x-kubernetes-group-version-kind": [{"group": group, "version": "v1", "kind": "Thing"}],
    }
    return Document.parse(orjson.dumps({"openapi": "3.0.0", "components": {"schemas": {**SCHEMAS, "Thing": kind}}}))


CUSTOM, BUILT_IN = "example.com", "apps"
WHOLE = {"size": 1, "named": "x"}


def found(spec: Any, group: str = CUSTOM, *, strict: bool = True, **body: Any) -> tuple[str, ...]:
    thing = Manifest({"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec, **body})
    return problems(thing, document(group), strict=strict)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"port": 80},
        {"port": "http"},
        {"either": "25%"},
        {"mode": "on"},
        {"free": {"known": 1, "more": {"of": ["anything"]}}},
        {"template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"x": 1}, "spec": 1}},
        {"parts": [{"image": "nginx"}, {}]},
        {"ratio": 1},
        {"ratio": 1.5},
        {"size": 2.0},
        {"anything": [{"goes": None}]},
        {"mode": None, "parts": None},
    ],
)
def test_what_the_schema_lets_through_has_no_problem(more: dict[str, Any]) -> None:
    assert found({**WHOLE, **more}) == ()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"colour": "blue"}, 'unknown field "spec.colour"'),
        ({"parts": [{"image": "a"}, {"imagee": "b"}]}, 'unknown field "spec.parts[1].imagee"'),
        ({"size": "big"}, "spec.size: expected integer, got string"),
        ({"size": True}, "spec.size: expected integer, got boolean"),
        ({"size": 1.5}, "spec.size: expected integer, got number"),
        ({"port": {}}, "spec.port: expected integer or string, got object"),
        ({"either": True}, "spec.either: expected integer or string, got boolean"),
        ({"parts": {"image": "a"}}, "spec.parts: expected array, got object"),
        ({"mode": "dim"}, "spec.mode: not one of on, off"),
        ({"size": None}, "spec.size: required"),
    ],
)
def test_what_the_schema_does_not_let_through_is_named_by_its_path(more: dict[str, Any], said: str) -> None:
    assert found({**WHOLE, **more}) == (said,)


def test_labels_are_text() -> None:
    assert found(WHOLE, metadata={"name": "a", "labels": {"port": 80}}) == (
        "metadata.labels.port: expected string, got integer",
    )


def test_what_is_required_of_a_built_in_kind_is_left_to_the_server_that_defaults_it() -> None:
    assert found({"mode": "dim"}, BUILT_IN) == ()
    assert found({"mode": "dim"}) == ("spec.mode: not one of on, off", "spec.size: required")


def test_without_validation_unknown_fields_are_no_problem_but_wrong_types_are() -> None:
    assert found({**WHOLE, "colour": 1, "size": "big"}, strict=False) == ("spec.size: expected integer, got string",)


def test_only_a_few_problems_are_told_and_no_value_ever() -> None:
    said = found({**WHOLE, **{f"hidden{n}": "s3cret" for n in range(20)}, "size": "s3cret"})
    assert len(said) == 5
    assert "s3cret" not in "".join(said)


def test_a_kind_that_is_not_described_has_no_problem() -> None:
    assert problems(Manifest({"apiVersion": "example.com/v2", "kind": "Thing", "x": 1}), document(CUSTOM)) == ()


def test_unknown_fields_can_be_taken_out_and_all_else_stays() -> None:
    spec = {**WHOLE, "colour": "x", "free": {"more": 1}, "parts": [{"image": "a", "imagee": "b"}], "anything": {"x": 1}}
    thing = Manifest({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec, "q": 1})
    kept = without_unknown(thing, document(CUSTOM)).body
    assert kept["spec"] == {**WHOLE, "free": {"more": 1}, "parts": [{"image": "a"}], "anything": {"x": 1}}
    assert "q" not in kept


def test_what_is_no_document_is_refused() -> None:
    with pytest.raises(ValueError, match="no OpenAPI document"):
        Document.parse(b'{"components": 5}')


def test_a_reference_that_leads_to_itself_ends() -> None:
    loop = {"$ref": "#/components/schemas/Spec"}
    schemas = {**SCHEMAS, "Spec": loop}
    body = orjson.dumps(
        {
            "components": {
                "schemas": {
                    **schemas,
                    "Thing": {
                        "type": "object",
                        "properties": {"spec": loop},
                        "x-kubernetes-group-version-kind": [{"group": CUSTOM, "version": "v1", "kind": "Thing"}],
                    },
                }
            }
        }
    )
    thing = Manifest({"apiVersion": "example.com/v1", "kind": "Thing", "spec": {"a": 1}})
    assert 'unknown field "apiVersion"' in problems(thing, Document.parse(body))
