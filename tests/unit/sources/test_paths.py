"""The walk from a path to what lies there."""

import pytest

from reconciler.sources.paths import Found, Lost, Walker, clean_path
from tests.support.trees import Content, Link, MemoryTree, Submodule

FILES: dict[str, Content] = {
    "app/a.yaml": "a",
    "app/link.yaml": Link("../shared/b.yaml"),
    "app/out.yaml": Link("../../etc/passwd"),
    "app/absolute.yaml": Link("/etc/passwd"),
    "app/loop": Link("loop"),
    "app/dangling.yaml": Link("nowhere.yaml"),
    "app/sub": Submodule(),
    "shared/b.yaml": "b",
    "linked": Link("app"),
    "back": Link("linked/../shared"),
}


def find(path: str) -> Found | Lost:
    return Walker(MemoryTree(FILES)).find(path)


@pytest.mark.parametrize(
    ("path", "place", "kind"),
    [
        ("", "", "dir"),
        ("./app/", "app", "dir"),
        ("app/a.yaml", "app/a.yaml", "file"),
        ("app/link.yaml", "shared/b.yaml", "file"),
        ("linked/a.yaml", "app/a.yaml", "file"),
        ("linked/link.yaml", "shared/b.yaml", "file"),
        ("back/b.yaml", "shared/b.yaml", "file"),
        ("app/sub", "app/sub", "submodule"),
    ],
)
def test_links_inside_the_repository_are_followed(path: str, place: str, kind: str) -> None:
    found = find(path)
    assert isinstance(found, Found)
    assert (found.path, found.entry.type) == (place, kind)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nope", "missing"),
        ("app/nope/deeper", "missing"),
        ("app/a.yaml/below", "missing"),
        ("app/sub/below", "missing"),
        ("app/dangling.yaml", "missing"),
        ("app/out.yaml", "escapes"),
        ("app/absolute.yaml", "escapes"),
        ("app/loop", "escapes"),
        ("../app", "escapes"),
        ("app/../../x", "escapes"),
        ("/app", "escapes"),
        ("a\0b", "escapes"),
    ],
)
def test_what_is_not_there_or_leads_out_is_lost(path: str, why: str) -> None:
    lost = find(path)
    assert isinstance(lost, Lost)
    assert lost.why == why


def test_every_link_on_the_way_is_named() -> None:
    found = find("linked/link.yaml")
    assert [hop.path for hop in found.hops] == ["linked", "app/link.yaml"]


def test_a_second_look_names_the_links_again() -> None:
    walker = Walker(MemoryTree(FILES))
    assert walker.find("linked/a.yaml").hops == walker.find("linked/a.yaml").hops != ()


@pytest.mark.parametrize(("path", "clean"), [("", ""), (".", ""), ("a//b/./c", "a/b/c"), ("a/../b", "b"), ("..", None)])
def test_paths_are_cleaned_as_text(path: str, clean: str | None) -> None:
    assert clean_path(path) == clean
