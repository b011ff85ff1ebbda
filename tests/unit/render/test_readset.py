"""Read-sets: what was asked, and whether a later commit gives the same answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from reconciler.models.keys import RepoUrl
from reconciler.render.protocol import Facts, FileRefused, FileTooLarge, NotAFile, PathEscapes, PathMissing
from reconciler.render.readset import FOLLOWS, LookKind, ReadLog, RecordedFacts, RecordedFiles, Sight, glob_regex
from tests.support.trees import Content, Link, MemoryTree, Submodule

BASE: dict[str, Content] = {
    "app/a.yaml": "a",
    "app/deep/b.yaml": "b",
    "app/link.yaml": Link("../shared/c.yaml"),
    "app/out.yaml": Link("../../etc/passwd"),
    "app/sub": Submodule(),
    "shared/c.yaml": "c",
    "shared/d.yaml": "d",
    "else/x.yaml": "x",
}
ASKED: tuple[tuple[LookKind, str], ...] = (
    ("list", "app"),
    ("file", "app/a.yaml"),
    ("file", "app/link.yaml"),
    ("file", "app/Chart.yaml"),
    ("glob", "app/**/*.yaml"),
)


def files_of(tree: MemoryTree, log: ReadLog | None = None, limit: int = 1000) -> RecordedFiles:
    return RecordedFiles(Sight(tree), log or ReadLog(RepoUrl("r"), "main"), file_limit_bytes=limit)


def still_holds(kind: LookKind, path: str, after: dict[str, Content]) -> bool:
    read = Sight(MemoryTree(BASE)).look(kind, path).read
    return Sight(MemoryTree(after)).holds([read])


@pytest.mark.parametrize(("kind", "path"), ASKED)
def test_a_change_elsewhere_changes_no_answer(kind: LookKind, path: str) -> None:
    assert still_holds(kind, path, BASE | {"else/x.yaml": "new", "shared/d.yaml": "new", "top.yaml": "new"})


@pytest.mark.parametrize(
    ("kind", "path", "change"),
    [
        ("list", "app", {"app/new.yaml": "n"}),
        ("list", "app", {"app/deep": "now a file"}),
        ("file", "app/a.yaml", {"app/a.yaml": "new"}),
        ("file", "app/a.yaml", {"app/a.yaml": Link("../shared/c.yaml")}),
        ("file", "app/link.yaml", {"shared/c.yaml": "new"}),
        ("file", "app/link.yaml", {"app/link.yaml": Link("../shared/d.yaml")}),
        ("file", "app/Chart.yaml", {"app/Chart.yaml": "name: x"}),
        ("file", "app/out.yaml", {"app/out.yaml": "now a file"}),
        ("glob", "app/**/*.yaml", {"app/deep/deeper/e.yaml": "e"}),
        ("glob", "app/**/*.yaml", {"app/a.yaml": "new"}),
    ],
)
def test_a_change_of_what_was_read_changes_the_answer(kind: LookKind, path: str, change: dict[str, Content]) -> None:
    before = {name: content for name, content in BASE.items() if not any(name.startswith(f"{new}/") for new in change)}
    assert not still_holds(kind, path, before | change)


def test_a_listing_does_not_depend_on_what_its_files_hold() -> None:
    assert still_holds("list", "app", BASE | {"app/a.yaml": "new"})


def test_links_on_the_way_are_recorded_beside_the_path() -> None:
    read = Sight(MemoryTree(BASE)).look("file", "app/link.yaml").read
    assert read.also == ("shared/c.yaml",)
    through = Sight(MemoryTree(BASE | {"way": Link("app")})).look("file", "way/link.yaml").read
    assert through.also == ("way", "app/link.yaml", "shared/c.yaml")


def test_files_are_served_through_links_and_everything_is_recorded() -> None:
    log = ReadLog(RepoUrl("r"), "main")
    files = files_of(MemoryTree(BASE), log)
    assert {entry.name: entry.type for entry in files.list("app")} == {
        "a.yaml": "file",
        "deep": "dir",
        "link.yaml": "symlink",
        "out.yaml": "symlink",
        "sub": "submodule",
    }
    assert files.read("app/link.yaml") == b"c"
    assert files.glob("app/**/*.yaml") == ("app/a.yaml", "app/deep/b.yaml", "app/link.yaml", "app/out.yaml")
    assert [(read.kind, read.path) for read in log.reads] == [
        ("list", "app"),
        ("file", "app/link.yaml"),
        ("glob", "app/**/*.yaml"),
    ]


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("app/nope", PathMissing),
        ("app/out.yaml", PathEscapes),
        ("../x", PathEscapes),
        ("/etc/passwd", PathEscapes),
        ("app/a.yaml\0", PathEscapes),
        ("app/deep", NotAFile),
        ("app/sub", NotAFile),
    ],
)
def test_what_cannot_be_read_is_refused_and_recorded(path: str, refusal: type[FileRefused]) -> None:
    log = ReadLog(RepoUrl("r"), "main")
    with pytest.raises(refusal):
        files_of(MemoryTree(BASE), log).read(path)
    assert [read.path for read in log.reads] == [path]


def test_a_refusal_names_the_link_and_nothing_of_its_target() -> None:
    with pytest.raises(PathEscapes) as refused:
        files_of(MemoryTree(BASE)).read("app/out.yaml")
    assert "app/out.yaml" in str(refused.value)
    assert "passwd" not in str(refused.value)


def test_a_file_past_the_limit_is_not_loaded() -> None:
    with pytest.raises(FileTooLarge):
        files_of(MemoryTree({"a": "x" * 11}), limit=10).read("a")


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(PathEscapes, match="not UTF-8"):
        files_of(MemoryTree({"app/\udcff.yaml": "x"})).list("app")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("a/*.yaml", "a/b.yaml", True),
        ("a/*.yaml", "a/b/c.yaml", False),
        ("a/**/*.yaml", "a/c.yaml", True),
        ("a/**/*.yaml", "a/b/b/c.yaml", True),
        ("a/**", "a/b/c", True),
        ("a/?.y", "a/bb.y", False),
        ("a/[bc].y", "a/c.y", True),
        ("a/[!bc].y", "a/c.y", False),
        ("a/(x|y)", "a/x", False),
        ("a/[a-c].y", "a/b.y", True),
    ],
)
def test_patterns_cross_folders_only_by_two_stars(pattern: str, path: str, matches: bool) -> None:
    assert bool(re.fullmatch(glob_regex(pattern), path)) is matches


class Told:
    """Facts as they are now."""

    def __init__(self, *apis: str, version: str = "v1.36.3") -> None:
        self.apis, self.version = apis, version

    def kube_version(self) -> str:
        return self.version

    def has_api(self, name: str) -> bool:
        return name in self.apis

    def api_versions(self) -> Sequence[str]:
        return self.apis


def asked_facts(facts: Facts) -> ReadLog:
    log = ReadLog(RepoUrl("r"), "main")
    recorded = RecordedFacts(Sight(MemoryTree(BASE), facts), log)
    assert (recorded.kube_version(), recorded.has_api("a/v1"), recorded.has_api("b/v1")) == ("v1.36.3", True, False)
    return log


@pytest.mark.parametrize(
    ("now", "holds"),
    [
        (Told("a/v1"), True),
        (Told("a/v1", "c/v1"), True),
        (Told("a/v1", "b/v1"), False),
        (Told(), False),
        (Told("a/v1", version="v1.37.0"), False),
    ],
)
def test_facts_that_were_asked_for_have_to_be_the_same_and_no_others(now: Told, holds: bool) -> None:
    assert Sight(MemoryTree(BASE), now).holds(asked_facts(Told("a/v1")).reads) is holds


def test_the_whole_list_of_apis_is_one_fact() -> None:
    log = ReadLog(RepoUrl("r"), "main")
    assert RecordedFacts(Sight(MemoryTree(BASE), Told("a/v1")), log).api_versions() == ("a/v1",)
    assert Sight(MemoryTree(BASE), Told("a/v1")).holds(log.reads)
    assert not Sight(MemoryTree(BASE), Told("a/v1", "c/v1")).holds(log.reads)


def test_a_fact_is_nothing_that_a_commit_could_change() -> None:
    assert asked_facts(Told("a/v1")).read_set().entries == {FOLLOWS}


def test_a_file_that_a_pattern_matched_is_part_of_the_patterns_answer() -> None:
    log = ReadLog(RepoUrl("r"), "main")
    files = files_of(MemoryTree(BASE), log)
    for path in files.glob("app/**"):
        if path not in ("app/out.yaml", "app/sub"):
            files.read(path)
    assert {(read.kind, read.path) for read in log.reads} == {("glob", "app/**"), ("file", "app/link.yaml")}
    assert not Sight(MemoryTree(BASE | {"app/a.yaml": "new"})).holds(log.reads)
    assert not Sight(MemoryTree(BASE | {"shared/c.yaml": "new"})).holds(log.reads)
