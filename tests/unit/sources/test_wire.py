"""Git's packet lines, written and read."""

import io
from collections.abc import Callable

import pytest

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import CommitId
from reconciler.sources import wire

A, B = CommitId("a" * 40), CommitId("b" * 40)


def reading(*payloads: bytes | None) -> Callable[[int], bytes]:
    """A reader over packets; None is a flush."""
    return io.BytesIO(b"".join(b"0000" if p is None else wire.packet(p) for p in payloads)).read


def test_the_question_for_refs_names_its_prefixes() -> None:
    assert wire.ls_refs(["refs/heads/main"]).endswith(b"001fref-prefix refs/heads/main\n0000")


def test_a_fetch_tells_each_commit_that_is_here_as_one_without_parents() -> None:
    question = wire.fetch([A], [B])
    assert all(
        word in question
        for word in (b"deepen 1", b"want " + A.encode(), b"have " + B.encode(), b"shallow " + B.encode())
    )
    assert question.endswith(b"0009done\n0000")


def test_ref_lines_carry_tags_peeled_and_where_head_points() -> None:
    lines = wire.ref_lines(
        reading(f"{A} HEAD symref-target:refs/heads/main\n".encode(), f"{A} refs/tags/v1 peeled:{B}\n".encode(), None)
    )
    assert list(lines) == [wire.RefLine("HEAD", A, None, "refs/heads/main"), wire.RefLine("refs/tags/v1", A, B)]


def test_a_pack_comes_out_of_its_side_band() -> None:
    read = reading(b"shallow-info\n", b"shallow x\n", b"packfile\n", b"\x01PA", b"\x02progress", b"\x01CK", None)
    assert b"".join(wire.pack_chunks(read)) == b"PACK"


def test_a_refusal_is_told_in_the_server_s_words_without_control_characters() -> None:
    with pytest.raises(SourceError, match="not our ref") as refused:
        list(wire.pack_chunks(reading(b"ERR upload-pack: not our ref\x1b[31m", None)))
    assert "\x1b" not in str(refused.value)
    with pytest.raises(SourceError, match="broken"):
        list(wire.pack_chunks(reading(b"packfile\n", b"\x03broken", None)))


@pytest.mark.parametrize("data", [b"<!DOCTYPE html>", b"zzzz", b"0008abcd0000"])
def test_what_is_not_git_is_recognised(data: bytes) -> None:
    with pytest.raises(SourceUnavailable):
        list(wire.ref_lines(io.BytesIO(data).read))
