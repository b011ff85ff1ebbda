"""The build environment in texts."""

from __future__ import annotations

import pytest

from reconciler.render.tools.environment import Environment, revision_values

VALUES = {"ARGOCD_APP_NAME": "shop", **revision_values("0123456789" * 4)}


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("plain", "plain"),
        ("$ARGOCD_APP_NAME", "shop"),
        ("a-${ARGOCD_APP_NAME}-b", "a-shop-b"),
        ("$ARGOCD_APP_NAME.x", "shop.x"),
        ("$ARGOCD_APP_NAMEx", ""),
        ("$$ARGOCD_APP_NAME", "$ARGOCD_APP_NAME"),
        ("$${ARGOCD_APP_NAME}", "${ARGOCD_APP_NAME}"),
        ("$UNKNOWN|${UNKNOWN}|$1|$?", "|||"),
        ("5$", "5$"),
        ("$ x", "$ x"),
        ("${}x", "x"),
        ("${ARGOCD_APP_NAME", "ARGOCD_APP_NAME"),
        ("${$}", "$"),
        ("$ARGOCD_APP_REVISION_SHORT/$ARGOCD_APP_REVISION_SHORT_8", "0123456/01234567"),
    ],
)
def test_a_text_is_expanded_as_go_expands_it(text: str, becomes: str) -> None:
    assert Environment(VALUES).substituted(text) == becomes


def test_what_was_used_is_known() -> None:
    environment = Environment(VALUES)
    environment.substituted("$$ARGOCD_APP_NAME $UNKNOWN")
    assert environment.used == set()
    environment.substituted("$ARGOCD_APP_NAME")
    assert (environment.used, environment.uses_revision) == ({"ARGOCD_APP_NAME"}, False)
    environment.substituted("$ARGOCD_APP_REVISION")
    assert environment.uses_revision
