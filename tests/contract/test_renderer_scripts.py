"""Users' jq and Lua in a real, sandboxed child: what they give, and that none of them keeps anybody waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from reconciler.errors import SpecError
from reconciler.models.customizations import Script
from reconciler.render.pool import RendererPool, sandboxed_children
from reconciler.render.scripts import ENDLESS_S, Scripts, Task
from tests.support.renderer import renderer_binary


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def pool() -> Iterator[RendererPool]:
    made = RendererPool(sandboxed_children(renderer_binary()), 1)
    yield made
    made.close()


@pytest.fixture
def scripts(pool: RendererPool) -> Scripts:
    return Scripts(pool, Clock())


def test_what_a_path_expression_names_is_taken_out(scripts: Scripts) -> None:
    body = {"spec": {"containers": [{"name": "web"}, {"name": "injected"}], "size": 12345678901234567}}
    cut = scripts.cut(('.spec.containers[] | select(.name == "injected")', ".nothing.here"), body, project="p")
    assert cut == {"spec": {"containers": [{"name": "web"}], "size": 12345678901234567}}


def test_an_expression_that_is_none_is_named(scripts: Scripts) -> None:
    with pytest.raises(SpecError, match=r"jqPathExpressions \.a\[: it is no jq path expression"):
        scripts.cut((".a[",), {}, project="p")


def test_a_lua_program_judges_the_object(scripts: Scripts) -> None:
    script = Script('if obj.spec.size > 1 then return {status = "Degraded", message = "too large"} end')
    assert scripts.call(script, {"spec": {"size": 2}}, project="p") == {"status": "Degraded", "message": "too large"}
    assert scripts.call(script, {"spec": {"size": 1}}, project="p") is None


@pytest.mark.parametrize(("kind", "program"), [("lua", "while true do end"), ("jq", "last(repeat(.a))")])
def test_a_script_that_never_ends_costs_a_second_however_many_objects_it_is_for(
    pool: RendererPool, kind: str, program: str
) -> None:
    clock = Clock()
    scripts = Scripts(pool, clock)
    tasks = [Task(kind, (program,), {"a": number}) for number in range(50)]
    tasks.append(Task(kind, (".b" if kind == "jq" else "return {}",), {"a": 1}))
    begun, pids = time.monotonic(), pool.pids()
    *endless, good = scripts.run(tasks, project="p")
    assert time.monotonic() - begun < 4
    assert all(outcome.endless for outcome in endless)
    assert not good.fault
    begun = time.monotonic()
    assert scripts.run(tasks, project="p")[0].endless
    assert time.monotonic() - begun < 0.5
    clock.now += ENDLESS_S + 1
    begun = time.monotonic()
    scripts.run(tasks[:1], project="p")
    assert time.monotonic() - begun > 0.5
    assert set(pids) & set(pool.pids())


def test_a_script_that_kills_its_renderer_hurts_no_other(scripts: Scripts) -> None:
    deadly = Task("lua", ("os.exit(3)",), {}, open_libs=True)
    good = Task("lua", ('return {status = "Healthy"}',), {})
    before, killed, after = scripts.run([good, deadly, Task("lua", good.programs, {"a": 1})], project="p")
    assert "killed the renderer" in killed.fault
    assert (before.value, after.value) == ({"status": "Healthy"}, {"status": "Healthy"})


def test_nothing_outside_is_in_reach_with_all_libraries(scripts: Scripts) -> None:
    opens = Script('return {message = tostring(io.open("/etc/passwd"))}', open_libs=True)
    assert scripts.call(opens, {}, project="p") == {"message": "nil"}
    with pytest.raises(SpecError):
        scripts.call(Script('return {message = io.popen("id"):read("*a")}', open_libs=True), {}, project="p")
