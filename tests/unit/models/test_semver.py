"""Which versions satisfy a constraint. Every row was checked against the Go library that Helm and Argo CD use."""

from __future__ import annotations

import pytest

from reconciler.models.semver import (
    Version,
    highest,
    is_constraint,
    is_version,
    parse_constraint,
    parse_version,
    satisfies,
)

FITS = [
    ("1.2.3", "1.2.3 v1.2.3 1.2.3+build", "1.2.4 1.2 1.2.3-rc.1"),
    ("=1.2", "1.2.0 1.2.9", "1.3.0 1.1.9"),
    ("1.x", "1.0.0 1.9.9", "2.0.0 0.9.0 1.5.0-rc.1"),
    ("1.2.*", "1.2.0 1.2.7", "1.3.0"),
    ("*", "0.0.0 7.1.2", "1.0.0-rc.1"),
    ("x", "3.0.0", "3.0.0-0"),
    ("!=1.2", "1.1.0 1.3.0", "1.2.0 1.2.9"),
    ("!=1.2.3", "1.2.4", "1.2.3 1.2.4-rc.1"),
    (">1.2.3", "1.2.4 2.0.0", "1.2.3 1.2.4-rc.1"),
    (">1.2", "1.3.0", "1.2.9"),
    (">11", "12.0.0", "11.9.0"),
    ("<2", "1.9.9", "2.0.0 2.0.0-rc.1"),
    (">=1.2", "1.2.0 3.0.0", "1.1.9"),
    ("=>1.2", "1.2.0", "1.1.9"),
    ("<=1.2", "1.2.9 0.1.0", "1.3.0"),
    ("=<1", "1.9.9", "2.0.0"),
    ("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2"),
    ("~1", "1.0.0 1.9.0", "2.0.0"),
    ("~>1.2", "1.2.0", "1.3.0"),
    ("^1.2.3", "1.2.3 1.9.0", "2.0.0 1.2.2"),
    ("^0.2.3", "0.2.3 0.2.9", "0.3.0 1.0.0"),
    ("^0.0.3", "0.0.3", "0.0.4"),
    ("^0.0", "0.0.9", "0.1.0"),
    ("^0", "0.9.0", "1.0.0"),
    ("1.2 - 3.4.5", "1.2.0 3.4.5", "1.1.9 3.4.6"),
    (">=1.0.0, <2.0.0", "1.5.0", "2.0.0"),
    (">=1.0.0 <2.0.0", "1.5.0", "2.0.0"),
    ("^1.2 || >=3.0.0", "1.3.0 3.1.0", "2.0.0"),
    (">=1.0.0-0", "1.0.0-rc.1 1.0.0 2.0.0-alpha", "0.9.9"),
    ("^1.0.0-rc.2", "1.0.0-rc.10 1.0.0 1.1.0-alpha", "1.0.0-rc.1 2.0.0"),
    (">=1.0.0-0 || 2.x", "2.0.0-rc.1", "0.1.0"),
    ("1.x || >=2.0.0-0 <2.1.0", "1.1.0 2.0.0-rc.1", "1.1.0-rc.1"),
    ("v1.2.x", "v1.2.3 1.2.3", "1.3.0"),
]


@pytest.mark.parametrize(("constraint", "fitting", "others"), FITS, ids=[row[0] for row in FITS])
def test_a_version_satisfies_a_constraint_as_it_does_for_helm(constraint: str, fitting: str, others: str) -> None:
    parsed = parse_constraint(constraint)
    assert parsed is not None
    found = [text for text in f"{fitting} {others}".split() if satisfies(version_of(text), parsed)]
    assert found == fitting.split()


def version_of(text: str) -> Version:
    version = parse_version(text)
    assert version is not None
    return version


@pytest.mark.parametrize("text", ["1.2.3", "v1.2.3", "1", "v1.2", "1.2.3-rc.1+b", "1234567"])
def test_what_is_a_version_itself_is_a_pin(text: str) -> None:
    assert is_version(text)
    assert not is_constraint(text)


@pytest.mark.parametrize(
    "text", ["main", "HEAD", "", "release-1.x", "1.2.x.4", "xx", "a || b", ">", ">=", "1|2", "^^1"]
)
def test_a_name_is_no_constraint(text: str) -> None:
    assert not is_constraint(text)


@pytest.mark.parametrize("text", ["1.2.3.4", "", "v", "1.2.3-", "1.2.3-01", "1.2.3-a..b", f"{2**64}.0.0", "\u0661.0.0"])
def test_what_is_no_version_is_told(text: str) -> None:
    assert not is_version(text)


def test_the_highest_is_found_as_it_is_written() -> None:
    tags = ["v1.2.3", "1.10.0", "1.9.9", "latest", "2.0.0", "1.11.0-rc.1"]
    assert highest("^1.2", tags) == "1.10.0"
    assert highest("1.2.x", tags) == "v1.2.3"
    assert highest(">=1.11.0-0 <2", tags) == "1.11.0-rc.1"
    assert highest("^3", tags) is None
    assert highest("latest", tags) is None


def test_of_equal_versions_the_first_counts() -> None:
    assert highest("1.x", ["v1.2.0", "1.2.0", "1.2"]) == "v1.2.0"


def test_pre_releases_are_ordered_by_number_before_word_and_shorter_first() -> None:
    order = ["1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta", "1.0.0"]
    versions = [version_of(text) for text in order]
    assert [version.key for version in versions] == sorted(version.key for version in versions)


def test_a_hostile_constraint_costs_no_time() -> None:
    assert parse_constraint(" " * 200 + "1" + " " * 250 + "!") is None
    assert parse_constraint("1" + "||1" * 32) is None
    assert parse_constraint(">" * 600) is None
