"""JSON becomes values and comes back whole; what is wrong is named and never shown."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import SpecError
from reconciler.models.application import Application
from reconciler.models.keys import AppKey
from tests.unit.models.given import application, full_application

Path = tuple[int | str, ...]
REQUIRED: set[Path] = {("spec",), ("spec", "destination")}


def paths(node: Any, above: Path = ()) -> Iterator[Path]:
    """Every place below `node` at which a value stands."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, child in children:
        yield (*above, step)
        yield from paths(child, (*above, step))


def put(node: Any, path: Path, value: Any) -> None:
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value


OPTIONAL_PATHS = [path for path in paths(full_application()) if path not in REQUIRED]


def test_unknown_fields_come_back_as_they_were() -> None:
    assert Application.parse(full_application()).to_json() == full_application()


@given(st.sets(st.sampled_from(OPTIONAL_PATHS), max_size=4))
def test_null_anywhere_means_absent_and_comes_back(nulls: set[Path]) -> None:
    obj = full_application()
    # Deepest first, so that a null above replaces nulls below instead of standing in their way.
    for path in sorted(nulls, key=len, reverse=True):
        put(obj, path, None)
    before = copy.deepcopy(obj)
    assert Application.parse(obj).to_json() == before
    assert obj == before


def test_a_null_field_has_its_default() -> None:
    app = Application.parse(application(syncPolicy={"syncOptions": None, "automated": {"prune": None}}, project=None))
    assert app.spec.sync_options == ()
    assert app.spec.automated is not None
    assert app.spec.automated.prune is False
    assert app.spec.project == "default"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"source": {"repoURL": 5}}, "Application argocd/orders: spec.source.repoURL must be a string"),
        ({"sources": [{"path": []}]}, "Application argocd/orders: spec.sources[0].path must be a string"),
        (
            {"syncPolicy": {"syncOptions": "a=b"}},
            "Application argocd/orders: spec.syncPolicy.syncOptions must be a list",
        ),
        ({"syncPolicy": []}, "Application argocd/orders: spec.syncPolicy must be an object"),
        (
            {"syncPolicy": {"automated": {"prune": "true"}}},
            "Application argocd/orders: spec.syncPolicy.automated.prune must be true or false",
        ),
        ({"revisionHistoryLimit": "3"}, "Application argocd/orders: spec.revisionHistoryLimit must be a whole number"),
        ({"destination": None}, "Application argocd/orders: spec.destination is required"),
        (
            {"source": {"repoURL": 5, "path": 6}},
            "Application argocd/orders: spec.source.repoURL must be a string (and 1 more)",
        ),
    ],
)
def test_a_wrong_type_is_an_error_that_names_the_field(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        Application.parse(application(**spec))
    assert str(caught.value) == message


def test_a_null_beside_a_wrong_type_does_not_hide_it() -> None:
    with pytest.raises(SpecError, match=r"spec\.source\.path must be a string"):
        Application.parse(application(project=None, source={"repoURL": None, "path": 7}))


def test_an_error_never_shows_the_value() -> None:
    with pytest.raises(SpecError) as caught:
        Application.parse(application(source={"repoURL": ["https://user:hunter2@git.example.com"]}))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_python_names_are_unknown_fields_in_json() -> None:
    app = Application.parse(application(source={"repo_url": "x"}))
    assert app.spec.all_sources[0].repo_url == ""
    assert app.to_json()["spec"]["source"]["repo_url"] == "x"


def test_the_object_says_who_it_is_and_what_was_read() -> None:
    obj = application()
    app = Application.parse(obj)
    assert app.key == AppKey("argocd", "orders")
    assert app.uid == "u-1"
    assert app.raw is obj
    assert not app.is_deleting
    assert Application.parse(obj | {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}).is_deleting


def test_something_that_is_no_application_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match="object: spec is required"):
        Application.parse({})
