"""The render cache: parameters, then what was read, then the result."""

from __future__ import annotations

from reconciler.models.keys import Digest
from reconciler.render.cache import MAX_READ_SETS, RenderCache, Result, result_digest
from reconciler.render.readset import Read, Sight
from tests.support.trees import MemoryTree

PARAMS = Digest("p1")


def sight(text: str) -> Sight:
    return Sight(MemoryTree({"app/a.yaml": text, "else": "x"}))


def reads(text: str) -> tuple[Read, ...]:
    seen = sight(text)
    return seen.look("list", "app").read, seen.look("file", "app/a.yaml").read


def kept(cache: RenderCache, text: str, params: Digest = PARAMS) -> None:
    cache.keep(params, reads(text), Result(text.encode()))


def found(cache: RenderCache, text: str, params: Digest = PARAMS) -> bytes | None:
    hit = cache.find(params, lambda recorded: sight(text).holds(recorded.reads))
    return hit[1].manifests if hit else None


def test_the_same_answers_give_the_same_result_again() -> None:
    cache = RenderCache(None)
    kept(cache, "one")
    kept(cache, "two")
    assert (found(cache, "one"), found(cache, "two"), found(cache, "three")) == (b"one", b"two", None)


def test_other_parameters_share_nothing() -> None:
    cache = RenderCache(None)
    kept(cache, "one")
    assert found(cache, "one", Digest("p2")) is None
    assert result_digest(PARAMS, b"x") != result_digest(Digest("p2"), b"x")


def test_only_the_newest_read_sets_are_kept() -> None:
    cache = RenderCache(None)
    for number in range(MAX_READ_SETS + 2):
        kept(cache, str(number))
    assert [found(cache, str(number)) is None for number in (0, 1, 2, MAX_READ_SETS + 1)] == [True, True, False, False]
