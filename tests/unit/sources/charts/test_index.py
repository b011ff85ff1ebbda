"""Chart indexes as Helm writes them, and as others do."""

import json

import pytest
import yaml

from reconciler.errors import SourceError
from reconciler.sources.charts.index import Offer, offers
from reconciler.sources.charts.plainyaml import read_plain

INDEX = {
    "apiVersion": "v1",
    "entries": {
        "web": [
            {"version": "1.10", "urls": ["web-1.10.tgz"], "digest": "ab", "description": "|\n  db:\n & * : x"},
            {"version": "1.9.0", "urls": ["a", "b"]},
        ],
        "web-extra": [{"version": "7.0.0", "urls": []}],
        "db": [
            {"version": "2.0.0", "urls": ["db.tgz"], "annotations": {"notes": "first\n\n  web:\n  - version: 9.9.9\n"}}
        ],
    },
    "generated": "2024-01-01T00:00:00Z",
}


@pytest.mark.parametrize(
    "text",
    [
        yaml.safe_dump(INDEX),
        yaml.safe_dump(INDEX).replace("\n", "\r\n"),
        yaml.safe_dump(INDEX, indent=4),
        yaml.safe_dump(INDEX, default_flow_style=True),
        yaml.safe_dump(INDEX, default_style='"'),
        json.dumps(INDEX),
        "# made by hand\n---\n" + yaml.safe_dump(INDEX).replace("  web:", "  web: # the first"),
    ],
)
def test_every_way_of_writing_it_is_read_alike(text: str) -> None:
    assert offers(text.encode(), "web", "x") == (
        Offer("1.10", ("web-1.10.tgz",), "ab"),
        Offer("1.9.0", ("a", "b")),
    )
    assert [offer.version for offer in offers(text.encode(), "db", "x")] == ["2.0.0"]
    assert offers(text.encode(), "we", "x") == ()


@pytest.mark.parametrize("text", ["", "entries", "[]", "a: b", "<html></html>", "entries: 7\n", "entries:\n  web: 7\n"])
def test_an_odd_index_offers_nothing_or_is_named(text: str) -> None:
    try:
        assert offers(text.encode(), "web", "charts.corp") == ()
    except SourceError as error:
        assert "the index of charts.corp" in str(error)  # noqa: PT017 - both outcomes are right


def test_plain_yaml_keeps_texts_as_they_are_written() -> None:
    assert read_plain("a: 1.10\nb: [yes, ~]\nc: {d: 010}\n", "it") == {
        "a": "1.10",
        "b": ["yes", "~"],
        "c": {"d": "010"},
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x\n", "it has an alias"),
        ("[" * 100, "it is nested more than 64 deep"),
        ("[" + "a," * 50 + "]", "it has more than 20 parts"),
        ("? [a]\n: b\n", "it has a key that is no text"),
        ("a: 'b\n", "it is no YAML in line"),
        ("\x00", "it is no YAML"),
    ],
)
def test_what_is_too_much_is_named(text: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        read_plain(text, "it", max_nodes=20 if "parts" in words else 1000)
