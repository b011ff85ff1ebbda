"""The table of features in docs/rendering.md: every case that it names exists, and no field is without one."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic.alias_generators import to_camel

from reconciler.models.source import DirectorySource, JsonnetSource, KustomizeSource

PROJECT = Path(__file__).parents[2]
CASES = PROJECT / "tests" / "cases" / "render"
COMPARED = PROJECT / "renderer" / "testdata" / "kustomize"
HEAD = "| feature | cases |"
TOOLS = ("directory", "jsonnet", "kustomize", "override", "tool")
"""Beginnings of the names of the cases that this table is about."""


def rows() -> list[tuple[str, list[str]]]:
    """Each feature with its cases."""
    text = (PROJECT / "docs" / "rendering.md").read_text(encoding="utf-8")
    lines = text.partition(HEAD)[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [(feature, re.findall(r"`([^`]+)`", cases)) for feature, cases in cells]


def exists(case: str) -> bool:
    name = case.removeprefix("k/")
    return (COMPARED / f"{name}.txt").is_file() if name != case else (CASES / name / "app.yaml").is_file()


def test_every_feature_has_cases_and_every_case_exists() -> None:
    assert len(rows()) > 30
    assert [(feature, case) for feature, cases in rows() for case in cases or [""] if not exists(case)] == []


def test_every_case_stands_beside_the_feature_that_it_is_about() -> None:
    named = {case for _, cases in rows() for case in cases}
    compared = {f"k/{path.stem}" for path in COMPARED.glob("*.txt") if not path.stem.startswith("override-")}
    shown = {path.name for path in CASES.iterdir() if path.name.startswith(TOOLS)}
    assert (shown | compared) - named == set()


def test_no_field_of_a_source_is_without_a_case() -> None:
    features = {word for feature, _ in rows() for word in re.findall(r"`([^`]+)`", feature)}
    fields = {to_camel(name) for model in (DirectorySource, KustomizeSource) for name in model.model_fields}
    fields |= {f"jsonnet.{to_camel(name)}" for name in JsonnetSource.model_fields}
    assert fields - {"jsonnet"} - features == set()
