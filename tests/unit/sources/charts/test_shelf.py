"""Archives that several want at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler.errors import SourceUnavailable
from reconciler.sources.charts.archive import Member
from reconciler.sources.charts.shelf import Shelf
from reconciler.sources.paths import FILE

MEMBERS = (Member("Chart.yaml", FILE, b"name: web"),)
ASKED = ("scope:web:1.0.0", "chart web 1.0.0", "https://charts.corp")


def test_nobody_waits_without_end_for_an_archive_that_another_fetches() -> None:
    reached, go_on, shelf = threading.Event(), threading.Event(), Shelf(None, 0.05)

    def fetch() -> tuple[Member, ...]:
        reached.set()
        assert go_on.wait(10)
        return MEMBERS

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(shelf.tree, *ASKED, fetch)
        assert reached.wait(10)
        with pytest.raises(SourceUnavailable, match=r"https://charts\.corp: chart web 1\.0\.0: another fetch of it"):
            shelf.tree(*ASKED, lambda: MEMBERS)
        go_on.set()
        assert shelf.tree(*ASKED, lambda: ()) is first.result()


def test_a_fetch_that_fails_leaves_its_turn_to_the_next_and_no_lock_behind() -> None:
    shelf = Shelf(None, 0.05)

    def fails() -> tuple[Member, ...]:
        raise SourceUnavailable("the server cannot be reached")

    with pytest.raises(SourceUnavailable, match="cannot be reached"):
        shelf.tree(*ASKED, fails)
    assert shelf.tree(*ASKED, lambda: MEMBERS).root
    assert not shelf._alone._taken
