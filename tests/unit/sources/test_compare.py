"""What changed between two commits, and how little of them is read to know."""

from reconciler.sources.compare import changed_paths
from tests.support.trees import Content, Link, MemoryTree

BEFORE: dict[str, Content] = {f"apps/{n:02}/x.yaml": str(n) for n in range(50)}


def changed(after: dict[str, Content]) -> tuple[list[str], list[str]]:
    changes = changed_paths(MemoryTree(BEFORE), MemoryTree(after))
    return sorted(changes.paths), sorted(changes.listings)


def test_a_changed_file_is_a_path_and_no_listing() -> None:
    assert changed(BEFORE | {"apps/07/x.yaml": "new"}) == (["apps/07/x.yaml"], [])


def test_an_added_file_is_a_path_and_changes_its_folder_s_listing() -> None:
    assert changed(BEFORE | {"apps/07/y.yaml": "new"}) == (["apps/07/y.yaml"], ["apps/07"])


def test_an_added_folder_is_walked_to_its_leaves() -> None:
    assert changed(BEFORE | {"new/a/b.yaml": "new"}) == (["new/a/b.yaml"], ["", "new", "new/a"])


def test_a_removed_folder_is_walked_to_its_leaves() -> None:
    after = {path: content for path, content in BEFORE.items() if not path.startswith("apps/07/")}
    assert changed(after) == (["apps/07/x.yaml"], ["apps", "apps/07"])


def test_a_file_that_becomes_a_folder_or_a_link_changes_both() -> None:
    assert changed(BEFORE | {"apps/07/x.yaml": Link("../08/x.yaml")}) == (["apps/07/x.yaml"], ["apps/07"])
    folder = {path: content for path, content in BEFORE.items() if path != "apps/07/x.yaml"}
    assert changed(folder | {"apps/07/x.yaml/deep": "new"}) == (
        ["apps/07/x.yaml", "apps/07/x.yaml/deep"],
        ["apps/07", "apps/07/x.yaml"],
    )


def test_folders_that_come_or_go_are_told_apart_from_files() -> None:
    folder = {path: content for path, content in BEFORE.items() if path != "apps/07/x.yaml"}
    for after, folders in (
        (BEFORE | {"new/a/b.yaml": "new"}, ["new", "new/a"]),
        (folder, ["apps/07"]),
        (folder | {"apps/07/x.yaml/deep": "new"}, ["apps/07/x.yaml"]),
        (BEFORE | {"apps/07/y.yaml": "new"}, []),
    ):
        assert sorted(changed_paths(MemoryTree(BEFORE), MemoryTree(after)).folders) == folders


def test_only_folders_that_differ_are_read() -> None:
    old, new = MemoryTree(BEFORE), MemoryTree(BEFORE | {"apps/07/x.yaml": "new"})
    assert len(changed_paths(old, new).trees) == 3
    assert (old.listed, new.listed) == (3, 3)


def test_equal_trees_are_not_read_at_all() -> None:
    old = MemoryTree(BEFORE)
    assert changed_paths(old, old).paths == []
    assert old.listed == 0


def test_too_much_change_means_everything() -> None:
    assert changed_paths(MemoryTree({}), MemoryTree(BEFORE), limit=40).is_all
    assert not changed_paths(MemoryTree({}), MemoryTree(BEFORE), limit=100).is_all
