"""Our definitions serve what upstream's serve and accept all that upstream's accept, node by node of the schemas."""

from collections.abc import Iterator

import pytest
import yaml

from tests.compat.realobjects import PROJECT, Json, upstream_definition

NAMES = ("application", "applicationset", "appproject")
RESTRICTIONS = {
    *("enum", "format", "maximum", "maxItems", "maxLength", "maxProperties", "minimum", "minItems", "minLength"),
    *("minProperties", "multipleOf", "not", "oneOf", "allOf", "pattern", "uniqueItems", "x-kubernetes-validations"),
}


def ours(name: str) -> Json:
    loaded: Json = yaml.safe_load((PROJECT / "deploy" / "crds" / f"{name}-crd.yaml").read_text(encoding="utf-8"))
    return loaded


def schema(definition: Json) -> Json:
    found: Json = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_names_scope_columns_and_subresources_are_upstreams(name: str) -> None:
    upstream, own = upstream_definition(name), ours(name)
    assert own["metadata"]["name"] == upstream["metadata"]["name"]
    assert {**own["spec"], "versions": None} == {**upstream["spec"], "versions": None}
    own_version, upstream_version = own["spec"]["versions"][0], upstream["spec"]["versions"][0]
    for field in ("name", "served", "storage", "additionalPrinterColumns"):
        assert own_version.get(field) == upstream_version.get(field)
    assert own_version.get("subresources", {}) == upstream_version.get("subresources", {})


@pytest.mark.parametrize("name", NAMES)
def test_whatever_upstreams_schema_accepts_ours_accepts(name: str) -> None:
    refusals = list(narrower(schema(ours(name)), schema(upstream_definition(name)), name))
    assert refusals == []


@pytest.mark.parametrize("name", NAMES)
def test_no_unknown_field_is_ever_dropped(name: str) -> None:
    assert list(dropping(schema(ours(name)), name)) == []


def test_a_narrower_schema_would_be_noticed() -> None:
    text = {"type": "object", "properties": {"a": {"type": "string"}}}
    number = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    assert len(list(narrower(number, text, "x"))) == 2


def narrower(own: Json, upstream: Json, path: str) -> Iterator[str]:
    """Where `own` refuses something that `upstream` accepts. Both are structural schemas."""
    if kept := RESTRICTIONS & own.keys():
        yield f"{path} restricts by {sorted(kept)}"
    if missing := set(own.get("required", ())) - set(upstream.get("required", ())):
        yield f"{path} requires {sorted(missing)}"
    if "type" in own and own["type"] != upstream.get("type"):
        yield f"{path} is {own['type']} here and {upstream.get('type', 'anything')} there"
    if own.get("x-kubernetes-int-or-string") and not upstream.get("x-kubernetes-int-or-string"):
        yield f"{path} is a number or a string here"
    if unknown := own.get("properties", {}).keys() - upstream.get("properties", {}).keys():
        yield f"{path} judges {sorted(unknown)}, which upstream lets pass"
    for child in _children(own, upstream):
        yield from narrower(_part(own, child), _part(upstream, child), f"{path}.{child}")


def dropping(own: Json, path: str) -> Iterator[str]:
    """Objects in which an unknown field would be pruned; `metadata` belongs to the API server."""
    is_free = own.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in own
    if own.get("type") == "object" and not is_free and not path.endswith(".metadata"):
        yield path
    for child in _children(own, own):
        yield from dropping(_part(own, child), f"{path}.{child}")


def _children(own: Json, upstream: Json) -> list[str]:
    named = [name for name in own.get("properties", {}) if name in upstream.get("properties", {})]
    return named + [name for name in ("items", "additionalProperties") if name in own and name in upstream]


def _part(node: Json, child: str) -> Json:
    part: Json = node["properties"][child] if child in node.get("properties", {}) else node[child]
    return part
