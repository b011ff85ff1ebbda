"""An operation that has its own commit, asked for or left by a dead worker, does not make the application deaf."""

from __future__ import annotations

from reconciler.models.keys import EntryKey
from reconciler.sandbox.waiting import wait_for
from tests.flow.test_push_to_cluster import a_config_map
from tests.support.flow import Crew


def test_after_a_sync_to_a_commit_the_branch_is_followed_again(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    first = crew.git.repository(crew.repo).refs()["refs/heads/main"]
    key = crew.create({**crew.application(), "operation": {"sync": {"revision": first}}})

    ended = crew.reconcile(key)
    assert (ended.phase, ended.next_due_s) == ("Succeeded", 0.0)
    crew.reconcile(key)
    crew.git.commit(crew.repo, {"web/one.yaml": a_config_map("one", color="blue")})
    crew.refresh()

    due, entry = crew.services.due, EntryKey.app(key)
    wait_for(lambda: any(issued.entry == entry for issued in due.drain()), f"{entry} by the push alone", timeout_s=5)
