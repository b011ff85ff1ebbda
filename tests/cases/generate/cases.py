"""How a case is run: appset.yaml over facts.yaml gives applications.yaml, or the one sentence of error.txt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from reconciler.errors import SpecError
from reconciler.generate.applications import Generated, generated
from reconciler.generate.forms import Filler
from reconciler.generate.given import GivenFacts
from reconciler.generate.valid import place_faults
from reconciler.models.applicationset import ApplicationSet

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/appset.yaml"))


def read(case: Path) -> ApplicationSet:
    return ApplicationSet.parse(yaml.safe_load((case / "appset.yaml").read_text()))


def named(go_template: bool) -> list[str]:
    """The cases of one form."""
    return [case.name for case in CASES if read(case).spec.go_template is go_template]


def judge(name: str, filler: Filler) -> None:
    case = HERE / name
    document = yaml.safe_load((case / "facts.yaml").read_text())
    try:
        found = generated(read(case), GivenFacts(document), filler)
    except SpecError as error:
        compare(case, {"error.txt": f"{error}\n"})
        return
    compare(case, written(found, document))


def written(found: Generated, document: dict[str, list[str]]) -> dict[str, str]:
    """Applications first; `faults.yaml` says why some are left out, where any are."""
    faults = dict(found.faults)
    if "projects" in document:
        faults = place_faults(found.sound, frozenset(document["projects"]), faults)
    sound = [body for body in found.applications if body["metadata"]["name"] not in faults]
    texts = {"applications.yaml": "---\n".join(yaml.safe_dump(body, sort_keys=False, width=1000) for body in sound)}
    return texts | ({"faults.yaml": yaml.safe_dump(faults, width=1000)} if faults else {})


def compare(case: Path, outcome: dict[str, str]) -> None:
    names = ("applications.yaml", "faults.yaml", "error.txt")
    if os.environ.get("RECONCILER_WRITE_CASES"):
        for name in names:
            (case / name).unlink(missing_ok=True)
        for name, text in outcome.items():
            (case / name).write_text(text)
    kept = {name: (case / name).read_text() for name in names if (case / name).exists()}
    if outcome != kept:
        pytest.fail(f"{case.name}: got {outcome}")
