"""Archives of strangers: what passes, and what is refused as a whole."""

import gzip
import io
import os
import tarfile

import pygit2
import pytest

from reconciler.errors import SourceError
from reconciler.sources.charts.archive import ArchiveLimits, Member, unpack
from reconciler.sources.charts.archivetree import ArchiveTree
from reconciler.sources.paths import EXECUTABLE, FILE, SYMLINK, Found, Lost, Walker
from tests.support.archives import a_tar, an_entry

GOOD = {"web/Chart.yaml": "name: web\n", "web/templates/a.yaml": "a: 1\n"}
WHAT = "chart web 1.0.0"


def unpacked(data: bytes) -> dict[str, bytes]:
    return {member.path: member.content for member in unpack(data, WHAT, strips_top=True)}


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_a_chart_is_its_files_without_the_folder_around_them(mode: str) -> None:
    assert unpacked(a_tar(GOOD, mode=mode)) == {"Chart.yaml": b"name: web\n", "templates/a.yaml": b"a: 1\n"}


def test_folders_and_gzip_in_several_members_are_no_matter() -> None:
    plain = a_tar(GOOD, an_entry("web/charts", tarfile.DIRTYPE), mode="w")
    both = gzip.compress(plain[:700]) + gzip.compress(plain[700:])
    assert set(unpacked(both)) == {"Chart.yaml", "templates/a.yaml"}


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (an_entry("web/../../etc/passwd"), "climbs"),
        (an_entry("/etc/passwd"), "absolute"),
        (an_entry("web/a\\b"), "absolute, climbs"),
        (an_entry("web/a\nb"), "absolute, climbs"),
        (an_entry("web/" + "x" * 300), "absolute, climbs"),
        (an_entry("web/link", tarfile.SYMTYPE, link="/etc/passwd"), "symbolic link"),
        (an_entry("web/link", tarfile.SYMTYPE, link="Chart.yaml"), "symbolic link"),
        (an_entry("web/hard", tarfile.LNKTYPE, link="web/Chart.yaml"), "hard link"),
        (an_entry("web/dev", tarfile.CHRTYPE), "device or pipe"),
        (an_entry("web/pipe", tarfile.FIFOTYPE), "device or pipe"),
        (an_entry("web/run", mode=0o4755), "setuid"),
        (an_entry("web/Chart.yaml"), "twice"),
        (an_entry("Chart.yaml"), "outside of the folder"),
    ],
)
def test_one_odd_entry_refuses_the_whole_archive(odd: tarfile.TarInfo, words: str) -> None:
    with pytest.raises(SourceError, match=words) as refused:
        unpacked(a_tar(GOOD, odd))
    assert str(refused.value).startswith(WHAT)


def test_an_archive_stops_where_it_grows_too_large() -> None:
    bomb = a_tar({"web/zeroes": b"\0" * (64 * 1024**2)})
    assert len(bomb) < 100_000
    with pytest.raises(SourceError, match="unpacks to more than 16777216 bytes"):
        unpacked(bomb)
    limits = ArchiveLimits(unpacked_bytes=1024 * 1024)
    with pytest.raises(SourceError, match="unpacks to more than 1048576 bytes"):
        unpack(a_tar({"web/noise": os.urandom(2 * 1024**2)}), WHAT, strips_top=True, limits=limits)


def test_an_archive_of_very_many_files_is_refused() -> None:
    many = a_tar({f"web/{number}": b"" for number in range(200)})
    with pytest.raises(SourceError, match="more than 100 files"):
        unpack(many, WHAT, strips_top=True, limits=ArchiveLimits(files=100))


@pytest.mark.parametrize(
    "data",
    [b"", b"not an archive", b"\x1f\x8b", a_tar(GOOD)[:100], gzip.compress(b"x" * 2000), a_tar(GOOD, mode="w")[:600]],
)
def test_what_is_no_archive_is_a_named_error(data: bytes) -> None:
    with pytest.raises(SourceError, match=WHAT):
        unpacked(data)


def test_a_member_that_lies_about_its_size_is_refused() -> None:
    out = io.BytesIO()
    info = an_entry("web/lie")
    info.size = 10**12
    out.write(info.tobuf())
    with pytest.raises(SourceError, match=WHAT):
        unpacked(out.getvalue() + b"\0" * 1024)


def test_an_artifact_keeps_the_links_that_stay_inside() -> None:
    data = a_tar({"apps/a.yaml": "a"}, an_entry("apps/link", tarfile.SYMTYPE, link="a.yaml"))
    members = unpack(data, WHAT, strips_top=False, keeps_links=True)
    assert members[1] == Member("apps/link", SYMLINK, b"a.yaml")
    for target in ("../../x", "/x"):
        out = a_tar({"apps/a.yaml": "a"}, an_entry("apps/link", tarfile.SYMTYPE, link=target))
        with pytest.raises(SourceError, match="a link out of the archive"):
            unpack(out, WHAT, strips_top=False, keeps_links=True)


def test_the_tree_has_the_names_that_git_gives(tmp_path: object) -> None:
    files = {"a.yaml": b"a: 1\n", "a/b.yaml": b"b: 2\n", "a/c/d": b"", "a.b": b"x"}
    tree = ArchiveTree([Member(path, FILE, content) for path, content in files.items()], WHAT)
    repository = pygit2.init_repository(str(tmp_path), bare=True)
    index = pygit2.Index()
    for path, content in files.items():
        index.add(pygit2.IndexEntry(path, repository.create_blob(content), pygit2.enums.FileMode.BLOB))
    assert tree.root == str(index.write_tree(repository))


def test_a_tree_is_walked_like_a_commit() -> None:
    tree = ArchiveTree([Member("bin/run", EXECUTABLE, b"#!"), Member("up", SYMLINK, b"bin")], WHAT)
    walker = Walker(tree)
    found = walker.find("up/run")
    assert isinstance(found, Found)
    assert tree.blob(found.entry, found.parent, 100) == b"#!"
    assert tree.blob(found.entry, found.parent, 1) is None
    assert isinstance(walker.find("../x"), Lost)


def test_a_path_cannot_be_a_file_and_a_folder() -> None:
    with pytest.raises(SourceError, match="both as a file and as a folder"):
        ArchiveTree([Member("a", FILE, b""), Member("a/b", FILE, b"")], WHAT)
