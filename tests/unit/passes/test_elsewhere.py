"""What sources name elsewhere, and how it is told apart."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from reconciler.models.project import AppProject
from reconciler.passes.desired import Reads
from reconciler.passes.elsewhere import Elsewhere
from reconciler.plan.permissions import ProjectRules
from reconciler.render.protocol import Remote
from reconciler.render.supply import Supply
from reconciler.sources import access_for
from tests.support.trees import MemoryTree


def test_files_that_only_the_query_tells_apart_are_remembered_apart_even_while_they_are_equal() -> None:
    files = SimpleNamespace(tree=lambda _access, _url: MemoryTree({"v.yaml": "a: b"}))
    readers: Any = SimpleNamespace(
        access=lambda url, project: access_for(url, [], project), charts=SimpleNamespace(files=files)
    )
    project = ProjectRules.of(AppProject.model_validate({"metadata": {"name": "p"}, "spec": {"sourceRepos": ["*"]}}))
    supply = Supply(cast("Any", None), Elsewhere(readers, project, cast("Any", None), Reads()))
    asked = [Remote("http", f"https://files.corp/v.yaml?{query}") for query in ("is=one", "is=two", "is=one")]
    mounts = [supply.fetch(remote).mount for remote in asked]
    assert mounts[0] == mounts[2] != mounts[1]
    assert [mount.remote for mount in supply.mounts.values()] == asked[:2]
    assert "is=" not in "".join(mounts), "what may be secret is not shown"
