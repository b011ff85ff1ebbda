"""Project and destination of an Application decide where its objects go and what may go there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.errors import ObjectGone, SpecError
from reconciler.models.project import AppProject
from reconciler.passes.standing import aim
from reconciler.settings import Settings
from tests.compat.situations import app


def readers(*projects: str) -> Any:
    """A catalog that has these projects, and clusters that are what they are asked for."""

    def project(name: str) -> AppProject:
        if name not in projects:
            raise ObjectGone(name)
        return AppProject.parse({"metadata": {"name": name}})

    def opened(server: str, name: str) -> SimpleNamespace:
        return SimpleNamespace(url=server, name=name)

    catalog = SimpleNamespace(project=project, settings_cm=dict)
    return cast("Any", SimpleNamespace(catalog=catalog, clusters=SimpleNamespace(open=opened), settings=Settings()))


@pytest.mark.parametrize(("written", "name"), [("shop", "shop"), ("", "default"), (None, "default")])
def test_an_application_belongs_to_the_project_that_it_names(written: str | None, name: str) -> None:
    subject = app(spec={"project": written})
    assert aim(subject, readers(name)).project.name == name
    with pytest.raises(SpecError):
        aim(subject, readers("another"))


@pytest.mark.parametrize("destination", [{"server": "https://two"}, {"name": "two"}])
def test_an_application_goes_to_the_cluster_that_it_names(destination: dict[str, str]) -> None:
    found = aim(app(spec={"destination": destination}), readers("default")).destination
    assert (found.server, found.name) == (destination.get("server", ""), destination.get("name", ""))
