"""The verdicts that need no call, against a real API server: they must be those that server-side apply would give.

The objects are applied in the ways in which fleets exist (tests/support/appliers.py), then live or desired is edited at
random, and each verdict is judged by the server's own dry run of our apply.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import pytest

from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.result import Difference
from reconciler.plan.diff import differences
from reconciler.plan.normalize import normalized
from reconciler.plan.ownership import owned_fields_equal
from reconciler.plan.threeway import estimated
from reconciler.sandbox.api import Api, ApiError, Json
from reconciler.sandbox.controlplane import ControlPlane
from tests.support.appliers import OURS, WAYS, after_our_apply, edited_live
from tests.support.corpus import definitions, makers
from tests.support.edits import edited

RIGHT_SHARE = 0.99
PROVEN_SHARE = 0.85
"""Of the objects that our apply would not change, so many must be proven so without a call."""

EDITED_SHARE = 0.3
"""Of the random edits, at least so many must be real differences, or the edits test nothing."""

EDITS = int(os.environ.get("RECONCILER_TEST_EDITS", "1"))
"""Random edits per object, way and side; the seed is fixed."""

ATTEMPTS = 12


@dataclass(frozen=True)
class Situation:
    """One object as desired and as it is, and what the server says our apply would change."""

    edit: str
    desired: Json
    live: Json
    changes: tuple[Difference, ...]

    def __str__(self) -> str:
        changes = [f"{entry.path} {entry.live}→{entry.desired}" for entry in self.changes[:4]]
        return f"{self.edit} {self.desired['kind']}/{self.desired['metadata']['name']}, the server changes {changes}"


@dataclass
class Score:
    """Counts verdicts by edit and keeps the wrong ones."""

    right: Counter[str] = field(default_factory=Counter)
    every: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, row: str, right: bool, message: object) -> None:
        self.every[row] += 1
        self.right[row] += right
        if not right:
            self.wrong.append(f"{row}: {message}")

    @property
    def share(self) -> float:
        return sum(self.right.values()) / sum(self.every.values())

    def __str__(self) -> str:
        rows = [f"{row}: {self.right[row]} of {count}" for row, count in sorted(self.every.items())]
        return "\n".join([*rows, f"share {self.share:.4f}", *self.wrong])


@pytest.fixture(scope="module")
def api(control_plane: ControlPlane) -> Api:
    control_plane.api.apply_all(definitions())
    deadline = time.monotonic() + 20
    while not is_served(control_plane.api, "/apis/cases.example.com/v1/samples"):
        assert time.monotonic() < deadline, "the custom resources of the corpus are not served"
        time.sleep(0.1)
    return control_plane.api


def is_served(api: Api, path: str) -> bool:
    try:
        return bool(api.get(path))
    except ApiError:
        return False


def changes(live: JsonObject, predicted: JsonObject) -> tuple[Difference, ...]:
    return differences(normalized(live), normalized(predicted))


def situations(api: Api, namespace: str, apply: Callable[[Api, Json], Json], random: Random) -> Iterator[Situation]:
    """Every object of the corpus untouched, with its live state edited, and with its desired state edited."""
    for make in makers(api, namespace):
        for edit in ("untouched", *("live edited", "desired edited") * EDITS):
            apply(api, desired := make())
            found = a_situation(api, edit, desired, random)
            if found is not None:
                yield found


def a_situation(api: Api, edit: str, desired: Json, random: Random) -> Situation | None:
    """None where the server takes none of several edits."""
    before = api.get(api.path(desired))
    for _ in range(ATTEMPTS if edit != "untouched" else 1):
        try:
            live = edited_live(api, edited(before, random)) if edit == "live edited" else before
            wanted = edited(desired, random) if edit == "desired edited" else desired
            return Situation(edit, wanted, live, changes(*after_our_apply(api, wanted, live)))
        except ApiError:
            before = api.get(api.path(desired))
    assert edit != "untouched", f"the server refuses {desired}"
    return None


@pytest.mark.parametrize("way", WAYS)
def test_the_estimated_verdict_is_the_one_that_the_server_would_give(way: str, api: Api, namespace: str) -> None:
    score, differing = Score(), Score()
    for found in situations(api, namespace, WAYS[way], Random(way)):
        ours = changes(found.live, estimated(Manifest(found.desired), LiveObject(found.live)))
        score.add(found.edit, bool(ours) == bool(found.changes), f"{found}, ours {ours[:4]}")
        if found.edit == "untouched":
            assert not found.changes, f"{found}: nobody touched it"
        else:
            differing.add(found.edit, bool(found.changes), found)
    print(way, score, sep="\n")
    assert score.share >= RIGHT_SHARE, score
    assert differing.share >= EDITED_SHARE


def test_what_our_own_fields_prove_equal_is_what_the_server_would_leave_alone(api: Api, namespace: str) -> None:
    proven = Score()
    for found in situations(api, namespace, WAYS["Argo CD, server-side"], Random(7)):
        proof = owned_fields_equal(Manifest(found.desired), LiveObject(found.live), OURS)
        assert proof is None or not found.changes, f"proven equal, but {found}"
        if not found.changes:
            proven.add(found.edit, proof is True, found)
    print(proven)
    assert proven.share >= PROVEN_SHARE, proven
