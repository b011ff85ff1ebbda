"""How a child's questions are answered."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest

from reconciler.errors import SourceUnavailable
from reconciler.render.answering import Answering
from reconciler.render.limits import RequestLimits
from reconciler.render.protocol import (
    ChildMessage,
    CutParams,
    FileRefused,
    FileTooLarge,
    NotAFile,
    PathEscapes,
    PathMissing,
    RenderRequest,
    WrappedKey,
)
from tests.support.renderer import MemoryFiles

FILES = {"app/a.yaml": b"one", "app/b.yaml": b"\xff\x00"}


class _Refusing(MemoryFiles):
    def __init__(self, error: Exception) -> None:
        super().__init__(FILES)
        self._error = error

    def read(self, path: str) -> bytes:
        if path == "app/b.yaml":
            raise self._error
        return super().read(path)


def test_a_listing_gives_names_and_types() -> None:
    (frame,) = Answering(MemoryFiles(FILES), RenderRequest(CutParams(()))).frames(ChildMessage(ask="list", path=""))
    assert orjson.loads(frame) == {"entries": [{"name": "app", "type": "dir"}]}


def test_a_glob_gives_paths() -> None:
    (frame,) = Answering(MemoryFiles(FILES), RenderRequest(CutParams(()))).frames(
        ChildMessage(ask="glob", pattern="app/a*")
    )
    assert orjson.loads(frame) == {"paths": ["app/a.yaml"]}


def test_files_follow_their_sizes_as_they_are() -> None:
    question = ChildMessage(ask="read", paths=sorted(FILES), max_bytes=5)
    header, raw = Answering(MemoryFiles(FILES), RenderRequest(CutParams(()))).frames(question)
    assert orjson.loads(header) == {"files": [{"size": 3}, {"size": 2}]}
    assert raw == b"one\xff\x00"


def test_files_over_the_cap_are_not_sent() -> None:
    question = ChildMessage(ask="read", paths=sorted(FILES), max_bytes=4)
    (frame,) = Answering(MemoryFiles(FILES), RenderRequest(CutParams(()))).frames(question)
    assert orjson.loads(frame)["error"]["code"] == "too-large"


@pytest.mark.parametrize(
    ("kind", "code"), [(PathMissing, "path-missing"), (PathEscapes, "path-escapes"), (NotAFile, "not-a-file")]
)
def test_a_refusal_of_one_file_leaves_the_others(kind: type[FileRefused], code: str) -> None:
    answering = Answering(_Refusing(kind("no", path="app/b.yaml")), RenderRequest(CutParams(())))
    header, raw = answering.frames(ChildMessage(ask="read", paths=sorted(FILES), max_bytes=99))
    refused = {"size": 0, "error": {"code": code, "message": "no", "path": "app/b.yaml"}}
    assert orjson.loads(header) == {"files": [{"size": 3}, refused]}
    assert (raw, answering.outage) == (b"one", None)


def test_a_file_too_large_by_itself_refuses_the_read() -> None:
    answering = Answering(_Refusing(FileTooLarge("huge", path="app/b.yaml")), RenderRequest(CutParams(())))
    (frame,) = answering.frames(ChildMessage(ask="read", paths=sorted(FILES), max_bytes=99))
    assert orjson.loads(frame) == {"error": {"code": "too-large", "message": "huge", "path": "app/b.yaml"}}


def test_an_outage_is_kept_and_not_told_to_the_child() -> None:
    outage = SourceUnavailable("https://git.example.com did not answer")
    answering = Answering(_Refusing(outage), RenderRequest(CutParams(())))
    (frame,) = answering.frames(ChildMessage(ask="read", paths=sorted(FILES), max_bytes=99))
    assert answering.outage is outage
    assert orjson.loads(frame)["error"] == {"code": "unavailable", "message": "the files cannot be served now"}


@pytest.mark.parametrize("question", [ChildMessage(ask="list", path="app"), ChildMessage(ask="glob", pattern="*")])
def test_more_names_than_the_cap_are_refused(question: ChildMessage) -> None:
    (frame,) = Answering(MemoryFiles(FILES), RenderRequest(CutParams(()), limits=RequestLimits(entries=1))).frames(
        question
    )
    assert orjson.loads(frame)["error"]["code"] == "too-large"


def test_a_data_key_is_opened_by_whoever_has_keys() -> None:
    asked: list[WrappedKey] = []

    def unwrap(keys: Sequence[WrappedKey]) -> bytes:
        asked.extend(keys)
        return b"\x00\xff"

    wrapped = WrappedKey("age", "age1x", "text")
    answering = Answering(MemoryFiles(FILES), RenderRequest(CutParams(()), unwrap=unwrap))
    (frame,) = answering.frames(ChildMessage(ask="unwrap", keys=[wrapped]))
    assert (orjson.loads(frame), asked, answering.gave_key) == ({"data": "AP8="}, [wrapped], True)


def test_where_nobody_has_keys_that_is_said_and_no_outage() -> None:
    answering = Answering(MemoryFiles(FILES), RenderRequest(CutParams(())))
    (frame,) = answering.frames(ChildMessage(ask="unwrap", keys=[WrappedKey("age", "age1x", "text")]))
    assert orjson.loads(frame)["error"]["code"] == "sealed"
    assert (answering.outage, answering.gave_key) == (None, False)
