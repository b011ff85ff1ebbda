"""Which addresses submodules have, and a tree that shows what lies in them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.errors import SourceError
from reconciler.models.keys import CommitId, RepoUrl, TreeId
from reconciler.render.readset import ReadLog, RecordedFiles, Sight
from reconciler.sources.paths import Found, Tree, Walker
from reconciler.sources.submodules import parse_modules, resolved_url, with_submodules
from tests.support.trees import Content, Link, MemoryTree, Submodule

BASE = "https://git.example/team/fleet.git"
PINNED = TreeId("5" * 40)


def a_module(path: str, url: str, name: str = "") -> str:
    return f'[submodule "{name or path}"]\n\tpath = {path}\n\turl = {url}\n'


class Rig:
    """A repository and what may be opened beside it; remembers what was."""

    def __init__(self, files: Mapping[str, Content], others: Mapping[str, Mapping[str, Content]]) -> None:
        self.opened: list[tuple[str, str]] = []
        self._others = others
        self.tree = with_submodules(MemoryTree(files), BASE, self._open)
        self.log = ReadLog(RepoUrl("r"), "main")
        self.files = RecordedFiles(Sight(self.tree), self.log, file_limit_bytes=1000)

    def _open(self, url: str, commit: CommitId) -> Tree:
        self.opened.append((url, commit))
        if url not in self._others:
            raise SourceError(f"repository {url} is not permitted")
        return MemoryTree(self._others[url])


def test_addresses_are_read_by_path_and_nothing_else_is() -> None:
    text = (
        '# of ours\n[submodule "-u./x"]\n  path = libs/a\n\turl = "https://git.example/a.git" ; the first\n'
        '[submodule "b"]\npath=b\nurl = ../b.git\nbranch = main\n'
        '[submodule "off"]\npath = off\nurl = ../off.git\nupdate = none\n'
        '[submodule "out"]\npath = ../out\nurl = ../out.git\n'
        "[core]\npath = c\nurl = ../c.git\n"
    )
    assert parse_modules(text) == {"libs/a": "https://git.example/a.git", "b": "../b.git"}


@pytest.mark.parametrize(
    ("url", "base", "resolved"),
    [
        ("../libs.git", BASE, "https://git.example/team/libs.git"),
        ("../../libs.git", BASE, "https://git.example/libs.git"),
        ("./libs.git", BASE, "https://git.example/team/fleet.git/libs.git"),
        ("../libs.git", "git@git.example:team/fleet.git", "git@git.example:team/libs.git"),
        ("../libs.git", "ssh://git@git.example:2222/team/fleet.git", "ssh://git@git.example:2222/team/libs.git"),
        ("https://other.example/x.git", BASE, "https://other.example/x.git"),
    ],
)
def test_an_address_may_start_at_the_repository_that_names_it(url: str, base: str, resolved: str) -> None:
    assert resolved_url(url, base) == resolved


@pytest.mark.parametrize("base", [BASE, "git@git.example:team/fleet.git"])
def test_no_address_climbs_past_the_host(base: str) -> None:
    with pytest.raises(SourceError, match="leads out of the host"):
        resolved_url("../../../../evil.example/x.git", base)


def test_files_of_a_submodule_are_read_at_its_path() -> None:
    files: dict[str, Content] = {".gitmodules": a_module("libs/a", "../a.git"), "libs/a": Submodule(), "x": "own"}
    rig = Rig(files, {"https://git.example/team/a.git": {"deep/f": "inside", "top": "too", "l": Link("deep/f")}})
    assert rig.opened == [], "nothing is opened before somebody looks"
    assert rig.files.read("libs/a/deep/f") == b"inside"
    assert rig.files.read("libs/a/l") == b"inside"
    assert sorted(entry.name for entry in rig.files.list("libs/a")) == ["deep", "l", "top"]
    assert list(rig.files.glob("libs/**/f")) == ["libs/a/deep/f"]
    assert rig.opened == [("https://git.example/team/a.git", PINNED)]


def test_the_commit_that_moves_a_submodule_concerns_who_read_in_it() -> None:
    files: dict[str, Content] = {".gitmodules": a_module("a", "../a.git"), "a": Submodule(), "x": "own"}
    rig = Rig(files, {"https://git.example/team/a.git": {"f": "inside"}})
    rig.files.read("a/f")
    assert {entry.name for entry in rig.log.read_set().entries} >= {"a", "a/f", ".gitmodules"}
    globbing = Rig(files, {"https://git.example/team/a.git": {"f": "inside"}})
    globbing.files.glob("**/f")
    assert {entry.name for entry in globbing.log.read_set().entries} >= {"a", ".gitmodules"}


def test_a_folder_beside_a_submodule_opens_nothing() -> None:
    rig = Rig({".gitmodules": a_module("a", "file:///etc"), "a": Submodule(), "web/f": "own"}, {})
    assert rig.files.read("web/f") == b"own"
    assert {entry.name: entry.type for entry in rig.files.list("")}["a"] == "dir"
    assert rig.opened == []


def test_submodules_of_submodules_start_at_their_own_address() -> None:
    files: dict[str, Content] = {".gitmodules": a_module("a", "https://other.example/x/a.git"), "a": Submodule()}
    inner: dict[str, Content] = {".gitmodules": a_module("b", "../b.git"), "b": Submodule()}
    rig = Rig(files, {"https://other.example/x/a.git": inner, "https://other.example/x/b.git": {"f": "deep"}})
    assert rig.files.read("a/b/f") == b"deep"


def test_no_endless_chain_is_followed() -> None:
    def level(depth: int) -> dict[str, Content]:
        return {".gitmodules": a_module(f"n{depth}", f"https://git.example/{depth}.git"), f"n{depth}": Submodule()}

    rig = Rig(level(0), {f"https://git.example/{depth}.git": level(depth + 1) for depth in range(15)})
    assert len(rig.files.list("n0/n1/n2")) == 2
    with pytest.raises(SourceError, match="submodules lie in one another"):
        rig.files.list("/".join(f"n{depth}" for depth in range(15)))


def test_a_refusal_names_the_submodule() -> None:
    rig = Rig({".gitmodules": a_module("a", "https://evil.example/a.git"), "a": Submodule()}, {})
    with pytest.raises(SourceError, match=r"submodule a: repository https://evil\.example/a\.git is not permitted"):
        rig.files.list("a")


def test_what_gitmodules_does_not_name_stays_a_submodule() -> None:
    tree = with_submodules(MemoryTree({".gitmodules": "", "a": Submodule()}), BASE, lambda *_: pytest.fail("opened"))
    found = Walker(tree).find("a")
    assert isinstance(found, Found)
    assert found.entry.type == "submodule"
