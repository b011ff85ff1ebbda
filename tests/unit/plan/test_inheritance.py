"""Which global projects a project inherits from."""

from typing import Any

import pytest
import yaml

from reconciler.errors import SpecError
from reconciler.models.project import AppProject
from reconciler.plan.inheritance import global_projects


def inherited(*entries: Any, name: str = "team", **labels: str) -> tuple[str, ...]:
    project = AppProject.parse({"metadata": {"name": name, "namespace": "argocd", "labels": labels}, "spec": {}})
    return global_projects({"globalProjects": yaml.safe_dump(list(entries))}, project)


def entry(name: str, **selector: Any) -> dict[str, Any]:
    return {"projectName": name, "labelSelector": selector}


@pytest.mark.parametrize(
    ("selector", "labels", "is_inherited"),
    [
        ({}, {}, True),
        ({"matchLabels": {"tier": "prod"}}, {"tier": "prod"}, True),
        ({"matchLabels": {"tier": "prod"}}, {"tier": "dev"}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["dev", "prod"]}]}, {"tier": "dev"}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["dev"]}]}, {"tier": "dev"}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, {}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, {}, True),
        ({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}, {"a": "1"}, False),
    ],
)
def test_a_selector_chooses_by_the_labels_of_the_project(
    selector: dict[str, Any], labels: dict[str, str], is_inherited: bool
) -> None:
    assert (inherited(entry("all", **selector), **labels) == ("all",)) is is_inherited


def test_every_matching_project_counts_once_and_none_inherits_from_itself() -> None:
    assert inherited(entry("one"), entry("two"), entry("one")) == ("one", "two")
    assert inherited(entry("team"), name="team") == ()
    assert global_projects({}, AppProject.parse({"metadata": {"name": "a"}, "spec": {}})) == ()


@pytest.mark.parametrize("text", ["- {labelSelector: {}}", "{", "5", "- {projectName: a, labelSelector: 5}"])
def test_a_setting_that_cannot_be_read_is_refused(text: str) -> None:
    project = AppProject.parse({"metadata": {"name": "team"}, "spec": {}})
    with pytest.raises(SpecError, match="globalProjects of argocd-cm"):
        global_projects({"globalProjects": text}, project)


def test_an_operator_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SpecError, match="unknown operator 'Near'"):
        inherited(entry("all", matchExpressions=[{"key": "a", "operator": "Near"}]))
