"""The thread between the event loop and Redis: its order, its merging, and its patience."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

import pytest

from reconciler.errors import StoreUnavailable
from reconciler.models.keys import ClusterUrl, EntryKey, GroupKind
from reconciler.observe import outbox as outbox_module
from reconciler.observe.outbox import Change, Fresh, Listing, Outbox, Scope, Stored
from reconciler.observe.seen import Seen
from reconciler.store.due import Request

MAPS = Scope(ClusterUrl("https://east.example"), GroupKind("", "ConfigMap"))
WEB = EntryKey("app", "argocd/web")


class Notes:
    """Stands for summaries and due set: notes what it is told, and is away for as many calls as it is told to be."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.away = 0
        self.stored: Stored = None
        self.blocked = threading.Event()
        self.blocked.set()

    def read(self, scope: Scope) -> Stored:
        self._note("read")
        return self.stored

    def replace(self, scope: Scope, rows: Mapping[str, Seen]) -> None:
        self._note(f"replace {sorted(rows)}")

    def change(self, scope: Scope, rows: Mapping[str, Seen | None]) -> None:
        self._note(f"change {[(name, seen.version if seen else None) for name, seen in rows.items()]}")

    def freshen(self, scopes: Iterable[Scope]) -> None:
        self._note(f"freshen {len(list(scopes))}")

    def request_many(self, requests: list[Request]) -> None:
        self._note(f"request {[(request.entry.name, request.lane) for request in requests]}")

    def _note(self, what: str) -> None:
        self.blocked.wait(5)
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        self.told.append(what)


@pytest.fixture
def notes() -> Notes:
    return Notes()


def played(notes: Notes, *jobs: outbox_module.Job) -> list[str]:
    """What is told when all the jobs lie there before the thread looks."""
    outbox = Outbox(notes, notes, clock=lambda: 0.0)
    outbox.put(*jobs)
    outbox.start()
    outbox.stop()
    return notes.told


def test_what_was_seen_is_published_before_anybody_is_asked_to_look(notes: Notes) -> None:
    told = played(notes, Request(WEB, lane="push"), Change(MAPS, "a/b", Seen("u", "1")), Fresh(MAPS))
    assert told == ["change [('a/b', '1')]", "freshen 1", "request [('argocd/web', 'push')]"]


def test_later_words_on_the_same_thing_replace_earlier_ones(notes: Notes) -> None:
    jobs = [Change(MAPS, "a/b", Seen("u", "1")), Change(MAPS, "a/b", Seen("u", "2")), Change(MAPS, "a/c", None)]
    assert played(notes, *jobs) == ["change [('a/b', '2'), ('a/c', None)]"]


def test_the_more_urgent_of_two_requests_for_one_entry_stays(notes: Notes) -> None:
    told = played(notes, Request(WEB, lane="person"), Request(WEB, lane="timer"), Request(WEB, lane="push"))
    assert told == ["request [('argocd/web', 'person')]"]


def test_a_whole_list_makes_earlier_changes_void(notes: Notes) -> None:
    told = played(notes, Change(MAPS, "a/b", Seen("u", "1")), Listing(MAPS, {"a/c": Seen("v", "2")}))
    assert told == ["replace ['a/c']", "freshen 1"]


def test_the_first_list_is_compared_with_what_was_stored_before_it_replaces_it(notes: Notes) -> None:
    notes.stored = {"a/b": Seen("u", "1")}

    def late(stored: Stored) -> Iterable[Request]:
        return [Request(EntryKey("app", f"argocd/{len(stored or {})}"), lane="push")]

    told = played(notes, Listing(MAPS, {}, late))
    assert told == ["read", "replace []", "freshen 1", "request [('argocd/1', 'push')]"]


def test_nothing_is_lost_while_redis_is_away(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "RETRY_S", 0.001)
    notes.away = 3
    outbox = Outbox(notes, notes, clock=lambda: 0.0)
    outbox.put(Listing(MAPS, {"a/b": Seen("u", "1")}), Request(WEB, lane="push"))
    outbox.start()
    deadline = threading.Event()
    for _ in range(1000):
        if len(notes.told) == 3:
            break
        deadline.wait(0.005)
    outbox.stop()
    assert notes.told == ["replace ['a/b']", "freshen 1", "request [('argocd/web', 'push')]"]


def test_freshness_is_written_seldom(notes: Notes) -> None:
    times = iter((0.0, 1.0, 4.9, 5.0, 6.0))
    outbox = Outbox(notes, notes, clock=lambda: next(times))
    for _ in range(5):
        outbox._batch.add(Fresh(MAPS))
        outbox._flush()
    assert notes.told == ["freshen 1", "freshen 1"]
