"""Files sealed by SOPS and the real renderer: opened in a child that is dismissed, with keys that it never sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from reconciler.models.keys import CommitId, RepoUrl
from reconciler.models.source import ApplicationSource
from reconciler.render.cache import RenderCache
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.protocol import RenderFailed
from reconciler.render.renderer import Rendered, Renderer
from reconciler.render.request import RenderJob
from reconciler.render.unsealing import NO_KEYS, SopsKeys
from tests.support.renderer import a_config_map, renderer_binary
from tests.support.sealed import AGE_KEY, DSN, OTHER_AGE_KEY, PASSWORD, SEALED_SECRET, SEALED_SETTINGS
from tests.support.trees import MemoryTree

KEYS, OTHERS = SopsKeys.of("sops", {"k.agekey": AGE_KEY}), SopsKeys.of("sops", {"k.agekey": OTHER_AGE_KEY})
FILES = {
    "a/secret.yaml": SEALED_SECRET,
    "a/plain.yaml": a_config_map("plain"),
    "k/kustomization.yaml": "resources: [secret.yaml]\nsecretGenerator: [{name: made, files: [settings.yaml]}]\n",
    "k/secret.yaml": SEALED_SECRET,
    "k/settings.yaml": SEALED_SETTINGS,
}


@pytest.fixture(scope="module")
def pool() -> Iterator[RendererPool]:
    made = RendererPool(sandboxed_children(renderer_binary()), 1)
    yield made
    made.close()


@pytest.fixture
def renderer(pool: RendererPool) -> Renderer:
    return Renderer(pool, RenderCache(None), renderer_identity(renderer_binary()))


def rendered(renderer: Renderer, path: str, keys: SopsKeys = KEYS, files: Mapping[str, str] = FILES) -> Rendered:
    source = ApplicationSource.model_validate({"repoURL": "https://git.example/a.git", "path": path})
    job = RenderJob(source, RepoUrl("https://git.example/a"), CommitId("1" * 40), "p", "main", "app", keys=keys)
    return renderer.render(job, MemoryTree(files), deadline_s=20)


def test_a_directory_of_a_sealed_and_a_plain_file(renderer: Renderer) -> None:
    result = rendered(renderer, "a")
    plain, secret = result.bodies
    assert secret["stringData"] == {"password": PASSWORD}
    assert "sops" not in secret
    assert [body["metadata"]["name"] for body in result.sealed] == ["token"]
    assert plain not in result.sealed


def test_resources_and_inputs_of_generators_of_kustomize(renderer: Renderer) -> None:
    result = rendered(renderer, "k")
    assert any(body.get("stringData") == {"password": PASSWORD} for body in result.bodies)
    assert len(result.sealed) == len(result.bodies) == 2
    made = next(body for body in result.bodies if body["metadata"]["name"].startswith("made"))
    assert "data" in made
    assert DSN not in str(made), "a Secret's data are base64"


def test_a_child_that_opened_a_secret_serves_nobody_again(pool: RendererPool, renderer: Renderer) -> None:
    rendered(renderer, "a", files={"a/x.yaml": a_config_map("x")})
    kept = set(pool.pids())
    rendered(renderer, "a", files={"a/x.yaml": a_config_map("y")})
    assert set(pool.pids()) == kept, "one that saw none goes on"
    rendered(renderer, "a")
    assert len(set(pool.pids()) & kept) == 1, "only the spare is left of them"


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (NO_KEYS, "a/secret.yaml: is sealed by SOPS for age age1pcv7.*: the project names no keys"),
        (OTHERS, r"none of the project's keys opens it \(Secret sops\)"),
        (SopsKeys.of("sops", {"k.agekey": "rubbish"}), "the project's age keys do not read"),
        (SopsKeys.of("sops", {"k.asc": "rubbish"}), "the project has no age key"),
    ],
)
def test_without_the_right_key_nothing_is_rendered_and_nothing_told(
    renderer: Renderer, keys: SopsKeys, words: str
) -> None:
    with pytest.raises(RenderFailed, match=words) as error:
        rendered(renderer, "a", keys)
    assert PASSWORD not in str(error.value)
    assert "ENC[" not in str(error.value)


def test_what_one_key_opened_is_not_given_to_who_has_another(renderer: Renderer) -> None:
    assert not rendered(renderer, "a").hit
    assert rendered(renderer, "a").hit
    with pytest.raises(RenderFailed, match="none of the project's keys"):
        rendered(renderer, "a", OTHERS)


def test_a_file_that_was_changed_after_sealing_is_refused(renderer: Renderer) -> None:
    changed = {"a/secret.yaml": SEALED_SECRET.replace("name: token", "name: tokens")}
    with pytest.raises(RenderFailed, match="its MAC does not match"):
        rendered(renderer, "a", files=changed)
