"""How a pass looks, as far as it is decided without reading anything."""

import pytest

from reconciler.passes.looking import asks_server
from tests.unit.plan.given import an_app


@pytest.mark.parametrize(
    ("options", "asks"),
    [("", True), ("ServerSideDiff=true", True), ("IgnoreExtraneous, ServerSideDiff=false", False)],
)
def test_an_application_may_ask_not_to_be_compared_by_dry_runs(options: str, asks: bool) -> None:
    annotated = an_app(metadata={"annotations": {"argocd.argoproj.io/compare-options": options}})
    assert asks_server(annotated) is asks
