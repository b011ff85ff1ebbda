"""When a repository is looked at again, and what counts as moved."""

import pytest

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import Revision
from reconciler.refresh import (
    DEFAULT_JITTER_S,
    DEFAULT_POLL_S,
    LONGEST_POLL_S,
    OUTAGE_S,
    Move,
    _retry_s,
    moves,
    poll_interval_s,
)
from reconciler.settings import Settings

A, B = Revision("a" * 40), Revision("b" * 40)


@pytest.mark.parametrize(
    ("configured", "shortest_s", "longest_s"),
    [
        ({}, DEFAULT_POLL_S, DEFAULT_POLL_S + DEFAULT_JITTER_S),
        ({"timeout.reconciliation": "300s", "timeout.reconciliation.jitter": "0"}, 300, 300),
        ({"timeout.reconciliation": "3m", "timeout.reconciliation.jitter": "1m"}, 180, 240),
        ({"timeout.reconciliation": "0", "timeout.reconciliation.jitter": "0"}, LONGEST_POLL_S, LONGEST_POLL_S),
        ({"timeout.reconciliation": "soon"}, DEFAULT_POLL_S, DEFAULT_POLL_S + DEFAULT_JITTER_S),
    ],
)
def test_polls_follow_argocd_cm(configured: dict[str, str], shortest_s: float, longest_s: float) -> None:
    own = Settings(poll_s=None)
    assert poll_interval_s(own, configured, 0.0) == pytest.approx(shortest_s)
    assert poll_interval_s(own, configured, 1.0) == pytest.approx(longest_s)


def test_our_own_setting_comes_first() -> None:
    assert poll_interval_s(Settings(poll_s=10.0), {"timeout.reconciliation": "300s"}, 0.5) == pytest.approx(10.5)


def test_refs_that_come_go_or_change_have_moved_and_others_have_not() -> None:
    handled = {"HEAD": A, "refs/heads/gone": A, "refs/heads/same": A}
    heads = {"HEAD": B, "refs/heads/new": A, "refs/heads/same": A, "refs/heads/unread": B}
    followed = ["HEAD", "refs/heads/gone", "refs/heads/new", "refs/heads/same", "refs/heads/never"]
    assert moves(followed, handled, heads) == [
        Move("refs/heads/new", None, A),
        Move("refs/heads/gone", A, None),
        Move("HEAD", A, B),
    ]


def test_refs_that_move_together_stand_together() -> None:
    handled = {"HEAD": A, "refs/heads/main": A, "refs/heads/x": B}
    heads = {"HEAD": B, "refs/heads/main": B, "refs/heads/x": A}
    assert [move.binding for move in moves(handled, handled, heads)] == ["HEAD", "refs/heads/main", "refs/heads/x"]


def test_an_outage_is_looked_at_again_soon_and_a_refusal_at_the_next_poll() -> None:
    assert _retry_s(SourceUnavailable("down"), 120.0, 0.5) == pytest.approx(1.5 * OUTAGE_S)
    assert _retry_s(SourceUnavailable("down"), 5.0, 0.5) == pytest.approx(5.0)
    assert _retry_s(SourceUnavailable("busy", retry_after_s=60.0), 120.0, 0.5) == pytest.approx(60.0)
    assert _retry_s(SourceError("no such repository"), 120.0, 0.5) == pytest.approx(120.0)
