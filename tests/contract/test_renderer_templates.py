"""Go templates in a real, sandboxed child: what they give, what they cannot reach, and that all of them end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from reconciler.render.pool import RendererPool, sandboxed_children
from reconciler.render.templates import TOGETHER, GoTemplates, TemplateFault
from tests.cases.generate.cases import judge, named
from tests.support.renderer import renderer_binary


@pytest.fixture(scope="module")
def templates() -> Iterator[GoTemplates]:
    pool = RendererPool(sandboxed_children(renderer_binary()), 1)
    yield GoTemplates(pool)
    pool.close()


def test_every_text_and_key_is_filled_for_each_set_of_parameters(templates: GoTemplates) -> None:
    template = {"name": "{{.env}}-app", "labels": {"{{.env}}": "{{ .n | quote }}"}, "replicas": 3, "none": None}
    assert templates.fill(template, [{"env": "dev", "n": 1}, {"env": "prod", "n": 2.5}]) == [
        {"name": "dev-app", "labels": {"dev": '"1"'}, "replicas": 3, "none": None},
        {"name": "prod-app", "labels": {"prod": '"2.5"'}, "replicas": 3, "none": None},
    ]


def test_more_rows_than_one_request_takes_come_back_in_order(templates: GoTemplates) -> None:
    rows = [{"n": str(number)} for number in range(2 * TOGETHER + 5)]
    assert templates.fill("a{{.n}}", rows) == [f"a{row['n']}" for row in rows]


def test_a_fault_names_the_text_and_the_reason(templates: GoTemplates) -> None:
    with pytest.raises(TemplateFault, match=r"template '\{\{\.none\}\}': .*no entry for key \"none\""):
        templates.fill(["{{.env}}", "{{.none}}"], [{"env": "dev"}], ("missingkey=error",))
    with pytest.raises(TemplateFault, match="goTemplateOptions"):
        templates.fill("{{.x}}", [{}], ("missingkey=perhaps",))


@pytest.mark.parametrize("text", ['{{env "PATH"}}', '{{expandenv "$PATH"}}', '{{getHostByName "localhost"}}'])
def test_the_environment_and_the_network_are_out_of_reach(templates: GoTemplates, text: str) -> None:
    with pytest.raises(TemplateFault, match="not defined"):
        templates.fill(text, [{}])


def test_a_parameter_that_looks_like_a_template_is_data(templates: GoTemplates) -> None:
    hostile = '{{env "PATH"}}"\n- evil: true'
    assert templates.fill("{{.a}}", [{"a": hostile}]) == [hostile]


def test_a_template_that_never_ends_kills_its_child_and_no_other_template(templates: GoTemplates) -> None:
    begun = time.monotonic()
    with pytest.raises(TemplateFault, match="killed the renderer"):
        GoTemplates(templates.pool, deadline_s=3).fill(
            "{{range $a := until 100000}}{{range until 100000}}{{end}}{{end}}", [{}]
        )
    assert time.monotonic() - begun < 8
    assert templates.fill("{{.a}}", [{"a": "x"}]) == ["x"]


@pytest.mark.parametrize("case", named(go_template=True))
def test_a_set_with_go_templates_asks_for_the_applications_of_its_case(templates: GoTemplates, case: str) -> None:
    judge(case, templates.fill)
