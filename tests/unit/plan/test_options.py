from __future__ import annotations

from reconciler.plan.options import object_options, option, options_of
from tests.unit.plan.given import a_map, annotated, live


def test_options_are_trimmed_and_the_last_word_wins() -> None:
    assert options_of([" Prune=false ", "Prune=confirm", "nonsense", "A=b=c"]) == {"Prune": "confirm", "A": "b=c"}


def test_an_object_lists_its_options_in_an_annotation() -> None:
    assert object_options(annotated(live(a_map()), sync_options="Prune=false, Delete=confirm")) == {
        "Prune": "false",
        "Delete": "confirm",
    }
    assert object_options(a_map()) == {}


def test_an_object_overrides_its_operation() -> None:
    asked = annotated(live(a_map()), sync_options="Prune=true")
    assert option("Prune", asked, {"Prune": "false"}) == "true"
    assert option("Prune", a_map(), {"Prune": "false"}) == "false"
    assert option("Prune", a_map(), {}) is None
