from __future__ import annotations

import pytest

from reconciler.plan.gate import gate
from reconciler.settings import Manage
from tests.unit.plan.given import an_app

OURS = {"reconciler.dev/controller": "active"}
SKIP = {"argocd.argoproj.io/skip-reconcile": "true"}


@pytest.mark.parametrize(
    ("manage", "annotations", "may_write", "skip"),
    [
        ("shadow", {}, False, False),
        ("shadow", {**OURS, **SKIP}, False, False),
        ("shadow", SKIP, False, True),
        ("adopted", {}, False, False),
        ("adopted", OURS, False, False),
        ("adopted", SKIP, False, True),
        ("adopted", {**OURS, **SKIP}, True, False),
        ("adopted", {**OURS, "argocd.argoproj.io/skip-reconcile": "yes"}, False, False),
        ("all", {}, True, False),
        ("all", OURS, True, False),
        ("all", SKIP, False, True),
        ("all", {**OURS, **SKIP}, True, False),
    ],
)
def test_only_what_was_claimed_is_written(
    manage: Manage, annotations: dict[str, str], may_write: bool, skip: bool
) -> None:
    found = gate(an_app(metadata={"annotations": annotations}), manage, ())
    assert (found.may_write, found.skip) == (may_write, skip)
    assert found.may_record is may_write
    assert bool(found.reasons) is not may_write


def test_an_application_that_uses_what_is_not_honoured_is_recorded_but_its_objects_are_not_written() -> None:
    found = gate(an_app(), "all", ("spec.source.helm",))
    assert (found.may_write, found.may_record, found.skip) == (False, True, False)
    assert found.reasons == ("spec.source.helm is not honoured by this version: compared, never written",)
