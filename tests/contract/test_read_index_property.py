"""Random edits in a random repository: the read index names exactly the applications that an edit concerns.

Judged by rendering everything afresh after each edit. `./dev faults` makes 2,000 edits, `./dev test` a few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from reconciler.errors import ReconcilerError
from reconciler.models.keys import AppKey, CommitId, RepoUrl
from reconciler.models.source import ApplicationSource
from reconciler.render.cache import RenderCache
from reconciler.render.pool import RendererPool, renderer_identity, sandboxed_children
from reconciler.render.readset import Read, ReadLog, Sight, glob_matches
from reconciler.render.renderer import Renderer
from reconciler.render.request import RenderJob
from reconciler.sandbox.valkey import Valkey
from reconciler.sources.compare import changed_paths
from reconciler.store.client import connect
from reconciler.store.keys import Keys
from reconciler.store.readindex import Change, ReadIndex
from tests.support.campaign import FULL
from tests.support.renderer import a_config_map, renderer_binary
from tests.support.trees import Content, Link, MemoryTree

EDITS = 2000 if FULL else 80
SEED = 20260728
REPO, BINDING = RepoUrl("https://git.corp/fleet"), "refs/heads/main"
Files = dict[str, Content]

SOURCES: dict[str, dict[str, Any]] = {
    "dev": {"path": "overlays/dev"},
    "prod": {"path": "overlays/prod", "kustomize": {"images": ["a:1"], "namePrefix": "x-"}},
    "optional": {
        "path": "overlays/dev",
        "kustomize": {"components": ["../../components/extra", "../../p*/q"], "ignoreMissingComponents": True},
    },
    "plain": {"path": "plain"},
    "deep": {"path": ".", "directory": {"recurse": True, "include": "plain/*", "exclude": "*/q/*"}},
    "json": {"path": "jsonnet", "directory": {"jsonnet": {"libs": ["lib", "vendor"]}}},
    "linked": {"path": "link"},
    "chart": {
        "path": "chart",
        "helm": {"valueFiles": ["values-*.yaml", "/plain/**/*.yaml"], "ignoreMissingValueFiles": True},
    },
    "moving": {"path": "base", "kustomize": {"commonAnnotations": {"a": "b"}}},
}

KUSTOMIZATIONS = (
    "resources: [one.yaml]\n",
    "resources: [one.yaml, two.yaml]\n",
    "resources: [../../base]\nnamePrefix: p-\n",
    "resources: [../../base, extra]\n",
    "resources: [../../base]\ncomponents: [../../components/extra]\n",
    "configMapGenerator: [{name: made, files: [one.yaml]}]\n",
    "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nresources: [one.yaml]\n",
    "resources: [\n",
)
TEMPLATES = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\ndata: {x: {{ .Values.x | quote }}}\n",
    (
        '{{ range $path, $_ := .Files.Glob "files/*" }}\n---\napiVersion: v1\nkind: Secret\n'
        'metadata: {name: {{ base $path | trimSuffix ".yaml" | quote }}}\n{{ end }}'
    ),
    '{{ fail "no" }}',
)
JSONNET = (
    "import 'value.libsonnet'",
    "(import 'value.libsonnet') + (import '../plain/two.jsonnet')",
    "{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'j' } }",
)
FOLDERS = (
    *("base", "overlays/dev", "overlays/prod", "overlays/dev/extra", "components/extra", "plain", "plain/q", "p/q"),
    *("jsonnet", "lib", "vendor", "link", "other", "chart", "chart/templates", "chart/files", "chart"),
)
NAMES = (
    *("one.yaml", "two.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization", "value.libsonnet"),
    *("Chart.yaml", "values.yaml", "values-a.yaml", "values-b.yaml", ".helmignore", "made.tpl"),
    *("two.jsonnet", "README.md", ".argocd-source.yaml", ".argocd-source-dev.yaml", "extra"),
)
LINKS = ("one.yaml", "../base/one.yaml", "../plain", "../../base", "../../../out", "nowhere", "/etc/passwd")


def a_repository() -> Files:
    """Something for every application."""
    return {
        "base/kustomization.yaml": "resources: [one.yaml]\n",
        "base/one.yaml": a_config_map("one"),
        "overlays/dev/kustomization.yaml": "resources: [../../base]\nnamePrefix: dev-\n",
        "overlays/prod/kustomization.yaml": "resources: [../../base]\ncomponents: [../../components/extra]\n",
        "components/extra/kustomization.yaml": KUSTOMIZATIONS[6],
        "components/extra/one.yaml": a_config_map("component"),
        "plain/one.yaml": a_config_map("plain"),
        "plain/q/one.yaml": a_config_map("below"),
        "jsonnet/two.jsonnet": JSONNET[0],
        "vendor/value.libsonnet": JSONNET[2],
        "link": Link("plain"),
        "chart/Chart.yaml": "{apiVersion: v2, name: chart, version: 1.0.0}\n",
        "chart/values.yaml": "x: 1\n",
        "chart/templates/one.yaml": TEMPLATES[0],
        "chart/templates/two.yaml": TEMPLATES[1],
        "chart/files/one.yaml": "x: 1\n",
        "other/README.md": "hello",
    }


def content(name: str, random: Random) -> Content:
    """What somebody might put into a file of this name."""
    if random.random() < 0.12:
        return Link(random.choice(LINKS))
    if name.startswith("kustomization") or name == "Kustomization":
        return random.choice(KUSTOMIZATIONS)
    if name == "Chart.yaml":
        return random.choice(("{apiVersion: v2, name: chart, version: 1.0.0}\n", "{name: chart}\n"))
    if name.startswith("values"):
        return f"x: {random.randrange(4)}\n"
    if name == ".helmignore":
        return random.choice(("files/\n", "two.yaml\n", "*.md\n"))
    if name == "made.tpl":
        return random.choice(TEMPLATES)
    if name.endswith("sonnet"):
        return random.choice(JSONNET)
    if name.startswith(".argocd-source"):
        return f"kustomize: {{nameSuffix: -{random.choice('abc')}}}\n"
    return a_config_map(random.choice(("one", "two")), value=str(random.randrange(4)))


def edited(files: Files, random: Random) -> Files:
    """One edit such as a commit holds: content, a new file, a deletion, a renaming, a folder that goes, a new type."""
    after, path = dict(files), random.choice(sorted(files))
    if random.random() < 0.1:
        _put(after, f"chart/templates/{random.choice(('one', 'two'))}.yaml", random, random.choice(TEMPLATES))
        return after
    match random.choice(
        ("change", "change", "add", "add", "add", "delete", "rename", "remove folder", "become folder")
    ):
        case "change":
            after[path] = content(path.rpartition("/")[2], random)
        case "add":
            _put(after, f"{random.choice(FOLDERS)}/{random.choice(NAMES)}", random)
        case "delete":
            del after[path]
        case "rename":
            moved = after.pop(path)
            _put(after, f"{random.choice(FOLDERS)}/{random.choice(NAMES)}", random, moved)
        case "remove folder":
            folder = random.choice(FOLDERS)
            after = {name: text for name, text in after.items() if not name.startswith(f"{folder}/")}
        case _:
            del after[path]
            _put(after, f"{path}/{random.choice(NAMES)}", random)
    return after or a_repository()


def _put(files: Files, path: str, random: Random, given: Content | None = None) -> None:
    """A file, where no other file is in the way: what stood at its folders is gone, and what lay below it."""
    parts = path.split("/")
    for count in range(1, len(parts)):
        files.pop("/".join(parts[:count]), None)
    for below in [name for name in files if name.startswith(f"{path}/")]:
        del files[below]
    files[path] = content(parts[-1], random) if given is None else given


@dataclass
class Seen:
    """What an application's rendering came to, and what it read."""

    outcome: str
    log: ReadLog


@dataclass
class Rig:
    """All applications on one repository, the read index, and two renderers: one that remembers, one that does not."""

    pool: RendererPool
    index: ReadIndex
    identity: str
    known: dict[str, Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._remembering = Renderer(self.pool, RenderCache(None), self.identity)

    def fresh(self, name: str, tree: MemoryTree) -> Seen:
        return self._seen(Renderer(self.pool, RenderCache(None), self.identity), name, tree)

    def remembered(self, name: str, tree: MemoryTree) -> Seen:
        return self._seen(self._remembering, name, tree)

    def learn(self, name: str, seen: Seen) -> None:
        self.known[name] = seen
        self.index.publish(AppKey("argocd", name), [seen.log.read_set()])

    def named(self, change: Change) -> set[str]:
        return {app.name for app in self.index.lookup(REPO, [BINDING], change, glob_matches)}

    def _seen(self, renderer: Renderer, name: str, tree: MemoryTree) -> Seen:
        source = ApplicationSource.model_validate({"repoURL": REPO, **SOURCES[name]})
        log = ReadLog(REPO, BINDING)
        job = RenderJob(source, REPO, CommitId("c" * 40), "default", BINDING, name)
        try:
            return Seen(str(renderer.render(job, tree, deadline_s=20, log=log).bodies), log)
        except ReconcilerError as error:
            return Seen(f"{type(error).__name__}: {error}", log)


@pytest.fixture
def rig(valkey: Valkey) -> Iterator[Rig]:
    binary = renderer_binary()
    pool = RendererPool(sandboxed_children(binary), 1)
    yield Rig(pool, ReadIndex(connect(valkey.url), Keys("property:")), renderer_identity(binary))
    pool.close()


def touched(seen: Seen, before: Sight, after: Sight, paths: set[str]) -> bool:
    """Whether anything that was read has another answer now, or lies where the edit was."""
    return any(before.now(read) != after.now(read) or paths & set(places(read)) for read in seen.log.reads)


def places(read: Read) -> tuple[str, ...]:
    return () if read.kind == "glob" else (read.path, *read.also)


def test_the_read_index_names_exactly_those_that_an_edit_concerns(rig: Rig) -> None:
    random, files = Random(SEED), a_repository()
    tree = MemoryTree(files)
    for name in SOURCES:
        rig.learn(name, rig.fresh(name, tree))
    woken = differing = 0
    for number in range(EDITS):
        after = edited(files, random)
        new = MemoryTree(after)
        changes = changed_paths(tree, new)
        named = rig.named(Change(changes.paths, changes.listings, changes.folders))
        renders = {name: rig.fresh(name, new) for name in SOURCES}
        differs = {name for name in SOURCES if renders[name].outcome != rig.known[name].outcome}
        paths = {*changes.paths, *changes.folders}
        told = f"edit {number}: {sorted(paths)}\n" + "\n".join(
            f"{name}: {rig.known[name].outcome} -> {renders[name].outcome}" for name in differs - named
        )
        assert differs <= named, told
        may_be = {name for name in SOURCES if touched(rig.known[name], Sight(tree), Sight(new), paths)}
        assert named <= differs | may_be, told
        for name in named:
            assert rig.remembered(name, new).outcome == renders[name].outcome, told
            rig.learn(name, renders[name])
        files, tree = after, new
        woken, differing = woken + len(named), differing + len(differs)
        if number % 40 == 39:  # or the repository fills with what does not render
            files, tree = _another(rig, random)
    assert woken >= differing > EDITS // 10


def _another(rig: Rig, random: Random) -> tuple[Files, MemoryTree]:
    """Another repository: the first one after a few edits that nobody watches."""
    files = a_repository()
    for _ in range(random.randrange(8)):
        files = edited(files, random)
    tree = MemoryTree(files)
    for name in SOURCES:
        rig.learn(name, rig.fresh(name, tree))
    return files, tree
