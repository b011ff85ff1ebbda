"""Whose keys open what, and which objects came out of sealed files."""

from __future__ import annotations

import pytest

from reconciler.models.keys import CommitId, RepoUrl
from reconciler.models.manifest import JsonObject
from reconciler.models.source import ApplicationSource
from reconciler.render.limits import RequestLimits
from reconciler.render.protocol import KeyRefused, Origin, Params, RenderAnswer, WrappedKey
from reconciler.render.renderer import sealed_objects
from reconciler.render.request import Prepared, RenderJob
from reconciler.render.tools.directory import DirectoryParams
from reconciler.render.tools.kustomize import KustomizeParams
from reconciler.render.unsealing import NO_KEYS, SopsKeys, Unsealing

WRAPPED = [WrappedKey("age", "age1x", "text")]


def nobody() -> None:
    raise AssertionError("a child was started for nothing")


def test_keys_are_told_by_the_ends_of_their_names() -> None:
    keys = SopsKeys.of("sops", {"b.agekey": "two", "a.agekey": "one", "c.asc": "three", "note": "four"})
    assert (keys.age, keys.pgp, keys.problem) == (("one", "two"), ("three",), "")
    assert "one" not in repr(keys)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (NO_KEYS, "the project names no keys: annotate it with reconciler.dev/sops-keys"),
        (SopsKeys.of("sops", {"note": "x"}), r"Secret sops has no key: name them \*\.agekey or \*\.asc"),
    ],
)
def test_without_keys_nothing_is_started_and_the_mend_is_told(keys: SopsKeys, words: str) -> None:
    with pytest.raises(KeyRefused, match=words):
        Unsealing(keys, nobody)(WRAPPED)  # type: ignore[arg-type]


def test_a_result_is_shared_only_by_those_who_have_the_same_keys() -> None:
    def named(keys: SopsKeys) -> str:
        source = ApplicationSource.model_validate({"repoURL": "https://git.example/a.git", "path": "a"})
        job = RenderJob(source, RepoUrl("https://git.example/a"), CommitId("1" * 40), "p", "main", "app", keys=keys)
        return Prepared("Directory", DirectoryParams("a")).key(job, "renderer", RequestLimits())

    sets = [NO_KEYS, SopsKeys("a", ("one",)), SopsKeys("a", ("two",)), SopsKeys("a", pgp=("one",))]
    assert len({named(keys) for keys in sets}) == len(sets)
    assert named(SopsKeys("a", ("one",))) == named(SopsKeys("a", ("one",)))


def answered(params: Params, *unsealed: str) -> tuple[int, ...]:
    bodies: list[JsonObject] = [{}, {}, {}]
    origins = (Origin("a.yaml", 1), Origin("b.yaml", 1), Origin("c.jsonnet", 1))
    return sealed_objects(params, RenderAnswer(bodies, b"", origins, unsealed=unsealed))


def test_of_plain_files_those_are_sealed_that_were_opened_and_all_that_programs_gave() -> None:
    assert answered(DirectoryParams("")) == ()
    assert answered(DirectoryParams(""), "b.yaml") == (1, 2)


def test_where_templates_or_patches_were_at_work_everything_is() -> None:
    assert answered(KustomizeParams(""), "secret.env") == (0, 1, 2)
