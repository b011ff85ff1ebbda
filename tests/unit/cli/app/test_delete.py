"""Finalizers decide what a deletion takes with it."""

import pytest

from reconciler.cli.app.delete import finalizer_patch
from reconciler.models import words
from tests.unit.plan.given import an_app

FOREIGN = "example.com/keep-me"


def finalizers_after(before: list[str], **how: object) -> list[str] | None:
    """None: nothing is patched."""
    app = an_app(metadata={"finalizers": before} if before else {})
    patch = finalizer_patch(app, **how)  # type: ignore[arg-type]
    if not patch:
        return None
    assert patch[0] == {"op": "test", "path": "/metadata/finalizers", "value": before or None}
    return patch[1]["value"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("before", "how", "after"),
    [
        ([], {"cascade": True}, [words.FINALIZER]),
        ([words.FINALIZER], {"cascade": True}, None),
        ([words.FINALIZER], {"cascade": True, "propagation": "background"}, [words.FINALIZER_BACKGROUND]),
        ([words.FINALIZER_BACKGROUND, FOREIGN], {"cascade": True}, [FOREIGN, words.FINALIZER]),
        ([words.FINALIZER, FOREIGN], {"cascade": False}, [FOREIGN]),
        ([words.FINALIZER_FOREGROUND], {"cascade": False}, []),
        ([FOREIGN], {"cascade": False}, None),
        ([], {"cascade": False}, None),
    ],
)
def test_a_deletion_takes_the_objects_with_it_only_when_it_shall(
    before: list[str], how: dict[str, object], after: list[str] | None
) -> None:
    assert finalizers_after(before, **how) == after
