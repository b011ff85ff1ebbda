"""How what is waited for is told."""

from reconciler.cli.app.why import lines, to_json
from reconciler.plan.waiting import Awaited
from tests.unit.plan.given import NOON, an_app, later

HELD = Awaited("its operation is held", later(-120), 3600.0)


def test_each_thing_is_a_sentence_with_its_times() -> None:
    found = [HELD, Awaited("it is Degraded")]
    assert list(lines(an_app(), found, NOON)) == [
        "guestbook: its operation is held (for 2m, at most 1h more)",
        "  also: it is Degraded",
    ]


def test_an_application_that_waits_for_nothing_says_how_it_stands() -> None:
    status = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}
    assert list(lines(an_app(status=status), [], NOON)) == ["guestbook waits for nothing: Synced, Healthy"]


def test_programs_get_instants() -> None:
    assert to_json(HELD) == {"what": "its operation is held", "since": "2026-05-04T11:58:00Z", "forSeconds": 3600.0}
