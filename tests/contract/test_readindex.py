"""The read index and heads on a real Valkey: a push finds exactly those who read what it changed."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from reconciler.models.keys import PINNED, AppKey, RepoUrl, Revision
from reconciler.sandbox.valkey import Valkey
from reconciler.store.client import Client, connect
from reconciler.store.heads import Heads
from reconciler.store.readindex import Change, Head, ReadEntry, ReadIndex, ReadSet
from tests.support.store import KEYS

REPO, MAIN = RepoUrl("https://git.example/fleet.git"), "refs/heads/main"
CHARTS = RepoUrl("https://charts.example")
ORDERS, BILLING = AppKey("argocd", "orders"), AppKey("argocd", "billing")
OLD, NEW = Revision("a" * 40), Revision("b" * 40)


@pytest.fixture
def client(valkey: Valkey) -> Client:
    return connect(valkey.url)


@pytest.fixture
def index(client: Client) -> ReadIndex:
    return ReadIndex(client, KEYS)


@pytest.fixture
def heads(client: Client) -> Heads:
    return Heads(client, KEYS)


def reads(*texts: str, binding: str = MAIN, repo: RepoUrl = REPO) -> ReadSet:
    """Reads written as `path:a/b`, `list:a`, `glob:a/*` or `every:`."""
    entries = (text.partition(":") for text in texts)
    return ReadSet(repo, binding, frozenset(ReadEntry(kind, name) for kind, _, name in entries))  # type: ignore[arg-type]


def found(
    index: ReadIndex,
    *paths: str,
    listings: tuple[str, ...] = (),
    folders: tuple[str, ...] = (),
    binding: str = MAIN,
    repo: RepoUrl = REPO,
) -> set[str]:
    apps = index.lookup(repo, [binding], Change(paths, listings, folders), lambda pattern, path: fnmatch(path, pattern))
    return {app.name for app in apps}


def test_a_changed_path_finds_its_readers_and_nobody_else(index: ReadIndex) -> None:
    index.publish(ORDERS, [reads("path:base/a.yaml", "path:orders/b.yaml")])
    index.publish(BILLING, [reads("path:base/a.yaml", "path:billing/b.yaml")])
    assert found(index, "orders/b.yaml") == {"orders"}
    assert found(index, "base/a.yaml", "unrelated") == {"orders", "billing"}
    assert found(index, "base") == set()


def test_a_changed_listing_is_not_a_changed_path(index: ReadIndex) -> None:
    index.publish(ORDERS, [reads("list:orders")])
    assert found(index, "orders") == set()
    assert found(index, listings=("orders",)) == {"orders"}


def test_a_folder_that_comes_or_goes_concerns_who_asked_for_it_and_no_pattern(index: ReadIndex) -> None:
    index.publish(ORDERS, [reads("path:orders/b.yaml")])
    index.publish(BILLING, [reads("glob:orders/*.yaml")])
    assert found(index, folders=("orders/b.yaml",)) == {"orders"}


def test_patterns_are_matched_with_the_renderers_own_reading(index: ReadIndex) -> None:
    index.publish(ORDERS, [reads("glob:orders/*.yaml")])
    assert found(index, "orders/new.yaml") == {"orders"}
    assert found(index, "billing/new.yaml") == set()


def test_who_reads_the_revision_itself_is_found_by_every_commit(index: ReadIndex) -> None:
    index.publish(ORDERS, [reads("every:")])
    assert found(index, "anything") == {"orders"}


def test_refs_and_repositories_are_kept_apart(index: ReadIndex) -> None:
    index.publish(ORDERS, [reads("path:a", binding="refs/heads/release")])
    index.publish(BILLING, [reads("path:a", repo=RepoUrl("https://git.example/other.git"))])
    assert found(index, "a") == set()
    assert found(index, "a", binding="refs/heads/release") == {"orders"}
    assert index.bindings(REPO) == {"refs/heads/release"}


def test_new_reads_replace_the_old_ones(index: ReadIndex) -> None:
    index.publish(ORDERS, [reads("path:a", "glob:x/*")])
    index.publish(ORDERS, [reads("path:b", binding="refs/heads/release")])
    assert found(index, "a", "x/y") == set()
    assert found(index, "b", binding="refs/heads/release") == {"orders"}
    assert index.bindings(REPO) == {"refs/heads/release"}


def test_an_application_reads_several_repositories_and_refs(index: ReadIndex) -> None:
    index.publish(ORDERS, [reads("path:a"), reads("path:v", binding="refs/heads/env"), reads("path:c", repo=CHARTS)])
    assert found(index, "a") == {"orders"}
    assert found(index, "v") == set()
    assert found(index, "v", binding="refs/heads/env") == {"orders"}
    assert found(index, "c", repo=CHARTS) == {"orders"}
    assert index.bindings(REPO) == {MAIN, "refs/heads/env"}
    assert index.repositories() == {REPO, CHARTS}


def test_a_source_that_is_taken_away_is_read_no_more(index: ReadIndex) -> None:
    index.publish(ORDERS, [reads("path:a", "glob:x/*"), reads("path:c", "glob:x/*", repo=CHARTS)])
    index.publish(BILLING, [reads("path:c", repo=CHARTS)])
    index.publish(ORDERS, [reads("path:a", "glob:x/*")])
    assert found(index, "a", "x/y") == {"orders"}
    assert found(index, "c", "x/y", repo=CHARTS) == {"billing"}


def test_what_nothing_can_move_is_not_kept(index: ReadIndex, client: Client) -> None:
    assert index.publish(ORDERS, [reads("path:a", binding=PINNED)]) == {}
    assert client.keys("*") == []


def test_paths_with_any_name_are_found_again(index: ReadIndex) -> None:
    odd = b"caf\xe9/\xc3\xa9.yaml".decode("utf-8", "surrogateescape")
    index.publish(ORDERS, [ReadSet(REPO, MAIN, frozenset({ReadEntry("path", odd), ReadEntry("path", "a\0b")}))])
    assert found(index, odd) == {"orders"}
    index.forget(ORDERS)
    assert found(index, odd) == set()


def test_a_forgotten_application_leaves_nothing(index: ReadIndex, client: Client) -> None:
    index.publish(ORDERS, [reads("path:a", "path:with\nnewline", "list:", "glob:*", "every:")])
    index.publish(BILLING, [reads("path:a", "glob:*"), reads("path:c", "glob:*", repo=CHARTS)])
    index.forget(ORDERS)
    assert found(index, "a") == {"billing"}
    index.forget(BILLING)
    index.forget(BILLING)
    assert set(client.keys("*")) <= {KEYS.server().encode(), KEYS.born().encode()}


def test_the_same_reads_are_not_sent_twice(index: ReadIndex, client: Client) -> None:
    many = [reads(*(f"path:p{number}" for number in range(300)), repo=repo) for repo in (REPO, CHARTS)]
    index.publish(ORDERS, many)
    before, calls = sent_bytes(client), scripts_run(client)
    index.publish(ORDERS, list(reversed(many)))
    assert sent_bytes(client) - before < 2000
    assert scripts_run(client) - calls == 1


def scripts_run(client: Client) -> int:
    return int(client.info("commandstats")["cmdstat_evalsha"]["calls"])


def sent_bytes(client: Client) -> int:
    return int(client.info("stats")["total_net_input_bytes"])


def test_a_pass_that_publishes_while_a_refresh_is_under_way_sees_what_comes(index: ReadIndex, heads: Heads) -> None:
    assert index.publish(ORDERS, [reads("path:a")]) == {(REPO, MAIN): Head(None, None)}
    heads.begin(REPO, {MAIN: OLD})
    heads.finish(REPO, {MAIN: OLD})
    heads.begin(REPO, {MAIN: NEW})
    assert index.publish(ORDERS, [reads("path:a")]) == {(REPO, MAIN): Head(OLD, NEW)}
    assert index.publish(ORDERS, [reads("path:b")]) == {(REPO, MAIN): Head(OLD, NEW)}


def test_each_of_several_refs_is_answered_for_itself(index: ReadIndex, heads: Heads) -> None:
    heads.begin(REPO, {MAIN: OLD})
    heads.finish(REPO, {MAIN: OLD})
    heads.begin(CHARTS, {"chart": NEW})
    sets = [reads("path:a"), reads("path:c", repo=CHARTS, binding="chart"), reads("path:d", binding="refs/heads/new")]
    expected = {(REPO, MAIN): Head(OLD, OLD), (CHARTS, "chart"): Head(None, NEW), (REPO, "refs/heads/new"): Head()}
    assert index.publish(ORDERS, sets) == expected
    assert index.publish(ORDERS, sets) == expected


def test_a_refresh_that_dies_in_between_is_repeated(heads: Heads) -> None:
    heads.begin(REPO, {MAIN: OLD})
    heads.finish(REPO, {MAIN: OLD})
    heads.begin(REPO, {MAIN: NEW})
    assert heads.known(REPO) == {MAIN: Head(OLD, NEW)}
    heads.finish(REPO, {MAIN: NEW})
    assert heads.known(REPO) == {MAIN: Head(NEW, NEW)}


def test_a_refresh_that_was_overtaken_does_not_turn_the_head_back(heads: Heads) -> None:
    heads.begin(REPO, {MAIN: OLD})
    heads.begin(REPO, {MAIN: NEW})
    heads.finish(REPO, {MAIN: OLD})
    assert heads.known(REPO)[MAIN].current is None


def test_refs_that_nobody_reads_are_forgotten(heads: Heads) -> None:
    heads.begin(REPO, {MAIN: OLD, "refs/tags/v1": NEW})
    heads.forget(REPO, ["refs/tags/v1"])
    assert set(heads.known(REPO)) == {MAIN}


def test_heads_of_an_older_copy_count_as_unknown(own_valkey: Valkey, tmp_path: Path) -> None:
    client = connect(own_valkey.url)
    heads, index = Heads(client, KEYS), ReadIndex(client, KEYS)
    heads.begin(REPO, {MAIN: OLD})
    heads.finish(REPO, {MAIN: OLD})
    own_valkey.snapshot(tmp_path / "older.rdb")
    own_valkey.restore(tmp_path / "older.rdb")
    assert index.publish(ORDERS, [reads()]) == {(REPO, MAIN): Head()}
    assert heads.known(REPO) == {}
    assert heads.advance(REPO, MAIN, None, NEW)
    assert heads.known(REPO) == {MAIN: Head(NEW, NEW)}
    client.close()


def test_forgetting_the_last_ref_leaves_nothing_behind(heads: Heads, client: Client) -> None:
    heads.begin(REPO, {MAIN: OLD})
    heads.forget(REPO, [MAIN])
    assert not client.exists(KEYS.heads(REPO))
