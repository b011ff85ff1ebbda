import gzip
import io

import pytest

from reconciler.sandbox.githttp import _authorized, _service


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/a.git/info/refs?service=git-upload-pack", b"", "info/refs"),
        ("/a.git/info/refs?service=git-receive-pack", b"", "info/refs receive-pack"),
        ("/a.git/git-upload-pack", b"0014command=ls-refs\n0000", "ls-refs"),
        ("/a.git/git-upload-pack", b"0012command=fetch0000", "upload-pack"),
        ("/a.git/git-receive-pack", b"", "receive-pack"),
        ("/a.git/HEAD", b"", "other"),
    ],
)
def test_a_request_is_counted_under_its_service(path: str, body: bytes, name: str) -> None:
    assert _service(path, "", io.BytesIO(body)) == name


def test_a_compressed_request_is_recognised_too() -> None:
    assert _service("/a.git/git-upload-pack", "gzip", io.BytesIO(gzip.compress(b"0014command=ls-refs\n"))) == "ls-refs"


@pytest.mark.parametrize(("header", "let_in"), [("Basic dTpw", True), ("Basic dTpx", False), ("", False)])
def test_a_server_with_a_login_lets_in_who_knows_it(header: str, let_in: bool) -> None:
    assert _authorized(("u", "p"), header) is let_in


def test_a_server_without_a_login_lets_in_everybody() -> None:
    assert _authorized(None, "")
