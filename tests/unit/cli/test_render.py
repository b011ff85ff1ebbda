"""Arguments of `render`, and how its answer is printed."""

import json
from pathlib import Path

import pytest
import yaml

from reconciler.cli.problems import Problem
from reconciler.cli.render import chosen, repository, text_of, tracked
from tests.unit.plan.given import an_app

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"on": "yes"}}


def test_a_repository_is_a_url_and_a_folder_and_the_url_may_hold_an_equals_sign(tmp_path: Path) -> None:
    assert repository(f"https://g/a.git?x=1={tmp_path}") == ("https://g/a.git?x=1", tmp_path)


@pytest.mark.parametrize("text", ["https://g/a.git", "=.", "https://g/a.git=", "https://g/a.git=/no/such/folder"])
def test_what_names_no_folder_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="write --repo URL=DIR"):
        repository(text)


def test_a_file_with_several_applications_needs_a_name() -> None:
    bodies = [an_app(metadata={"name": name}).raw for name in ("one", "two")]
    assert chosen(bodies, "two").metadata.name == "two"
    with pytest.raises(Problem, match="choose one with --name"):
        chosen(bodies, "")
    with pytest.raises(Problem, match="no Application"):
        chosen([CONFIG_MAP], "")


def test_yaml_and_json_hold_the_same_objects_and_text_that_looks_like_a_flag_stays_text() -> None:
    assert list(yaml.safe_load_all(text_of([CONFIG_MAP, CONFIG_MAP], "yaml"))) == [CONFIG_MAP, CONFIG_MAP]
    assert json.loads(text_of([CONFIG_MAP], "json")) == [CONFIG_MAP]


def test_marks_are_those_that_the_controller_would_set() -> None:
    mark = "argocd.argoproj.io/tracking-id"
    own = tracked(CONFIG_MAP, an_app(), "argocd")
    other = tracked(CONFIG_MAP, an_app(metadata={"namespace": "team-a"}), "argocd")
    assert own["metadata"]["annotations"][mark] == "guestbook:/ConfigMap:shop/web"
    assert other["metadata"]["annotations"][mark] == "team-a_guestbook:/ConfigMap:shop/web"
