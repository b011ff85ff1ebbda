"""Charts in the real renderer: hostile templates end in a named error, and the renderer goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from reconciler.render.child import RendererChild
from reconciler.render.limits import MIB, ProcessLimits
from reconciler.render.pool import RendererPool
from reconciler.render.protocol import RendererDied, RenderFailed, RenderRequest
from reconciler.render.tools.helm import HelmParams, Place
from tests.support.renderer import MemoryFiles, a_config_map, renderer_binary

DEADLINE_S = 15.0
CHART = {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n"}
REQUEST = RenderRequest(HelmParams(Place("", "web"), "shop", "market"))
ENDLESS = {"stack", "memory", "cpu", "deadline"}
SMALL = ProcessLimits(address_space_bytes=1600 * MIB, cpu_s=8)
"""Less than a worker gives, so that the test machine is spared."""


@pytest.fixture(scope="module")
def pool() -> Iterator[RendererPool]:
    started = RendererPool(lambda: RendererChild(renderer_binary(), limits=SMALL, allow_unsandboxed=False), 1)
    yield started
    started.close()


def names(pool: RendererPool, template: str) -> list[str]:
    files = MemoryFiles(CHART | {"web/templates/a.yaml": template})
    answer = pool.render(REQUEST, files, deadline_s=DEADLINE_S)
    return [body["metadata"]["name"] for body in answer.bodies]


@pytest.mark.parametrize(
    ("template", "deaths"),
    [
        ('{{ $a := dict }}{{ $_ := set $a "a" $a }}{{ $a }}', {"stack", "memory"}),
        ('{{ $a := dict }}{{ $_ := set $a "a" $a }}{{ deepCopy $a }}', ENDLESS),
        (
            '{{ define "x" }}{{ tpl "{{ include \\"x\\" . }}" . }}{{ end }}{{ include "x" . }}',
            ENDLESS,
        ),
        ("{{ until 4000000000 | len }}", {"memory"}),
        ("{{ range until 100000000 }}{{ end }}", {"memory", "cpu", "deadline"}),
        ("{{ range $i, $e := until 30000 }}{{ range until 30000 }}{{ end }}{{ end }}", {"cpu", "deadline"}),
        ('{{ repeat 3000000000 "x" }}', {"memory"}),
        ('{{ $x := "x" }}{{ range until 60 }}{{ $x = printf "%s%s" $x $x }}{{ end }}', {"memory"}),
    ],
)
def test_a_template_without_end_costs_its_child_and_nothing_else(
    pool: RendererPool, template: str, deaths: set[str]
) -> None:
    started = time.monotonic()
    with pytest.raises((RendererDied, RenderFailed)) as end:
        names(pool, template)
    assert time.monotonic() - started < DEADLINE_S + 5
    if isinstance(end.value, RendererDied):
        assert end.value.kind in deaths, end.value
    assert names(pool, a_config_map("next")) == ["next"]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ('{{ env "PATH" }}', 'function "env" not defined'),
        ('{{ expandenv "$PATH" }}', 'function "expandenv" not defined'),
        ('{{ .Files.Get "../../etc/passwd" | required "nothing there" }}', "nothing there"),
        ('{{ lookup "v1" "Secret" "kube-system" "x" | values | first | required "nothing there" }}', "nothing there"),
        ('{{ getHostByName "localhost" | required "nothing there" }}', "nothing there"),
        ('{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}', "nested reference name"),
    ],
)
def test_nothing_outside_the_chart_is_in_reach(pool: RendererPool, template: str, words: str) -> None:
    pids = pool.pids()
    with pytest.raises(RenderFailed, match=words):
        names(pool, template)
    assert set(pids) & set(pool.pids())


def test_time_zones_are_known_without_the_files_of_the_machine(pool: RendererPool) -> None:
    date = '{{ dateInZone "15-04" (toDate "2006-01-02" "2024-07-01") "Europe/Berlin" }}'
    assert names(pool, a_config_map(f"at-{date}")) == ["at-02-00"]
