from reconciler.sandbox.repositories import Change, _change, _stream


def test_a_line_of_the_log_becomes_a_change_by_kind() -> None:
    shown = "abc\x02Raise replicas\x02\0\nA\0new file\0M\0changed\0D\0gone\0T\0now a link\0"
    assert _change(shown) == Change("abc", "Raise replicas", ("new file",), ("changed", "now a link"), ("gone",))


def test_a_first_commit_has_no_parent_and_a_later_one_has() -> None:
    assert b"\nfrom " not in _stream("refs/heads/main", None, "Start", {"a": "1"})
    assert b"\nfrom abc\n" in _stream("refs/heads/main", "abc", "More", {"a": "1"})


def test_a_path_without_content_is_removed() -> None:
    assert b"\nD gone\n" in _stream("refs/heads/main", "abc", "Less", {"gone": None})
