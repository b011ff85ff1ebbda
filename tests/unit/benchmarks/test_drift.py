"""Which events of a drift benchmark count as an edit and which as its repair."""

from benchmarks.s9_drift import EDIT, Healing
from benchmarks.wire import Seen, _Metadata


def seen(generation: str) -> Seen:
    return Seen(metadata=_Metadata(name="app-1"), data={"generation": generation})


def test_an_edit_is_healed_by_the_first_event_that_brings_the_old_value_back() -> None:
    healing = Healing(edited={"app-1": 10.0})
    for generation, at in ((EDIT, 10.0), ("0", 10.2), ("0", 11.0)):
        healing.hear("MODIFIED", seen(generation), at)
    assert [round(took, 3) for took in healing.seconds] == [0.2]


def test_an_event_from_before_the_edit_heals_nothing() -> None:
    healing = Healing(edited={"app-1": 10.0})
    healing.hear("MODIFIED", seen("0"), 10.1)
    assert healing.seconds == []
