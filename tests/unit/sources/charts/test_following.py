"""What a chart's target revision means."""

import pytest

from reconciler.errors import SourceError, SpecError
from reconciler.models.keys import PINNED, Revision
from reconciler.sources.charts.following import chosen, goal, parse_binding, pinned, recalled

DIGEST = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("chart", "revision", "binding"),
    [
        ("web", "1.x", "chart:web:1.x"),
        ("web", "", "chart:web:*"),
        ("web", "HEAD", "chart:web:*"),
        ("web", "1.2", "chart:web:1.2"),
        ("team/web", ">=1.0.0 <2", "chart:team/web:>=1.0.0 <2"),
        ("", "latest", "tag:latest"),
        ("", "1.2.3", "tag:1.2.3"),
        ("", "^1", "tag:^1"),
    ],
)
def test_what_may_move_is_followed(chart: str, revision: str, binding: str) -> None:
    asked = goal(chart, revision)
    assert (asked.binding, pinned(asked)) == (binding, None)
    assert parse_binding(binding) == asked
    assert recalled(asked, {binding: Revision("1.0.0")}) is not None
    assert recalled(asked, {}) is None


@pytest.mark.parametrize(("chart", "revision"), [("web", "1.2.3"), ("web", "v1.2.3-rc.1+b"), ("", DIGEST)])
def test_what_is_exact_follows_nothing(chart: str, revision: str) -> None:
    found = recalled(goal(chart, revision), {})
    assert found is not None
    assert (found.revision, found.binding) == (revision, PINNED)


@pytest.mark.parametrize("revision", ["main/x", "a b", "--x", "../1", "la\ntest", "x" * 300, "sha256:ab"])
def test_what_is_neither_version_nor_tag_is_refused(revision: str) -> None:
    for chart in ("web", ""):
        with pytest.raises(SourceError, match="targetRevision"):
            goal(chart, revision)


@pytest.mark.parametrize("chart", ["..", "../web", "a/../b", "/web", "web/", "-web", ".", "a b", "x" * 300, "we%62"])
def test_a_chart_s_name_is_no_path_out(chart: str) -> None:
    with pytest.raises(SpecError, match=r"spec\.source\.chart"):
        goal(chart, "1.0.0")


@pytest.mark.parametrize(
    ("wanted", "best"),
    [
        ("1.0.0", "v1.0.0"),
        ("v1.0.0", "v1.0.0"),
        ("1.2", "1.2.9"),
        ("*", "3.0.0"),
        ("^1", "1.2.9"),
        (">=3.1-0", "4.0.0-rc.1"),
        ("5.0.0", None),
        (">=5", None),
    ],
)
def test_the_version_that_is_meant(wanted: str, best: str | None) -> None:
    assert chosen(wanted, ["v1.0.0", "1.2.0", "1.2.9", "3.0.0", "4.0.0-rc.1", "junk"]) == best
