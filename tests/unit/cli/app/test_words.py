"""Short words for parts of an Application."""

import pytest

from reconciler.cli.app.words import place, policy_line, short, since, source_line
from reconciler.models.source import ApplicationSource, Destination
from tests.unit.plan.given import C1, NOON, an_app, at


def test_commits_are_shown_in_seven_digits_and_names_whole() -> None:
    assert (short(C1), short("main"), short("")) == ("1111111", "main", "")


@pytest.mark.parametrize(
    ("automated", "line"),
    [
        (None, "by hand"),
        ({"enabled": False}, "by hand"),
        ({}, "automated"),
        ({"prune": True, "selfHeal": True}, "automated, prune, self-heal"),
    ],
)
def test_the_policy_is_told_in_words(automated: dict[str, bool] | None, line: str) -> None:
    assert policy_line(an_app(automated=automated)) == line


def test_a_place_is_cluster_and_namespace() -> None:
    assert place(Destination(name="east", namespace="shop")) == "east/shop"
    assert place(Destination(server="https://one")) == "https://one"


def test_a_source_without_revision_means_head() -> None:
    assert source_line(ApplicationSource(repo_url="https://g/a.git")) == "https://g/a.git path . at HEAD"
    assert source_line(None) == ""


def test_a_time_is_told_as_an_age() -> None:
    assert since(at(-90), NOON) == "1m"
    assert since("", NOON) == ""
