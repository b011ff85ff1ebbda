"""Git LFS over a fake server on this machine: pointers followed under the host rules, and nothing else believed."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reconciler.errors import SourceError
from reconciler.models.secrets import RepositorySecret
from reconciler.render.readset import LookKind, Sight
from reconciler.sources import Access, access_for
from reconciler.sources.lfs import LfsTree
from reconciler.sources.paths import Found, Walker
from reconciler.sources.submodules import with_submodules
from reconciler.sources.transport import Timeouts
from tests.support.trees import Content, MemoryTree, Submodule

TIMEOUTS = Timeouts(connect_s=1, read_s=2, refs_s=3, fetch_s=3)
CONTENT = b"kind: ConfigMap\n" * 1000
OID = hashlib.sha256(CONTENT).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(CONTENT)}\n"
MODULES = '[submodule "m"]\n\tpath = modules\n\turl = ../m.git\n'


class Server:
    """What it was asked, and what it says of and gives for the file."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes]] = []
        self.authorizations: list[str] = []
        self.href, self.header, self.content = "", dict[str, str](), CONTENT
        self.error: dict[str, object] = {}
        self.url = ""

    def answer(self, path: str) -> bytes:
        if not path.endswith("/info/lfs/objects/batch"):
            return self.content
        action = {"download": {"href": self.href or f"{self.url}/files/{OID}?signed=canary", "header": self.header}}
        found: dict[str, object] = {"oid": OID, "actions": action}
        return json.dumps({"objects": [{"oid": OID, "error": self.error} if self.error else found]}).encode()


@contextmanager
def serving() -> Iterator[Server]:
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made.seen.append((self.command, self.path, body))
            made.authorizations.append(self.headers.get("Authorization", ""))
            data = made.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Silent."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    yield made
    http.shutdown()
    http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def an_access(server: Server, **keys: str) -> Access:
    url = f"{server.url}/team/app.git"
    given = {"url": url, "username": "me", "password": "hunter2", "enableLfs": "true", **keys}
    secret = {"metadata": {"name": "s", "uid": "u"}, "stringData": given}
    return access_for(url, [RepositorySecret.parse(secret)], "default")


def read(access: Access, text: str = POINTER, limit: int = 100_000) -> bytes | None:
    tree = LfsTree(MemoryTree({"app/big.yaml": text}), access, TIMEOUTS)
    found = Walker(tree).find("app/big.yaml")
    assert isinstance(found, Found)
    return tree.blob(found.entry, found.parent, limit)


def test_a_pointer_is_followed_where_the_secret_says_so(server: Server) -> None:
    access = an_access(server)
    assert access.lfs
    assert not an_access(server, enableLfs="false").lfs
    assert read(access) == CONTENT
    verb, path, body = server.seen[0]
    assert (verb, path) == ("POST", "/team/app.git/info/lfs/objects/batch")
    assert json.loads(body)["objects"] == [{"oid": OID, "size": len(CONTENT)}]
    assert [one.startswith("Basic ") for one in server.authorizations] == [True, True]


def test_what_is_no_pointer_is_given_as_it_lies_there(server: Server) -> None:
    for text in ("kind: ConfigMap\n", POINTER + "more: text\n", POINTER.replace("sha256", "sha1")):
        assert read(an_access(server), text) == text.encode()
    assert server.seen == []


@pytest.mark.parametrize(("kind", "path"), [("file", "app/big.yaml"), ("glob", "app/*.yaml")])
def test_what_was_read_with_pointers_followed_does_not_stand_without(server: Server, kind: LookKind, path: str) -> None:
    files: dict[str, Content] = {"app/big.yaml": POINTER, "modules": Submodule(), ".gitmodules": MODULES}
    plain, followed = MemoryTree(files), LfsTree(MemoryTree(files), an_access(server), TIMEOUTS)
    for before, after in ((plain, followed), (followed, plain)):
        assert not Sight(after).holds([Sight(before).look(kind, path).read])
        inside = [
            with_submodules(MemoryTree(files), f"{server.url}/team/app.git", lambda *_, tree=tree: tree)
            for tree in (before, after)
        ]
        assert not Sight(inside[1]).holds([Sight(inside[0]).look(kind, f"modules/{path}").read])
        assert Sight(inside[0]).holds([Sight(inside[0]).look(kind, f"modules/{path}").read])


def test_a_file_past_the_limit_is_not_fetched(server: Server) -> None:
    assert read(an_access(server), limit=len(CONTENT) - 1) is None
    assert server.seen == []


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"x", CONTENT[:-1], CONTENT + b"x", b""])
def test_other_content_than_the_pointer_names_is_refused(server: Server, content: bytes) -> None:
    server.content = content
    with pytest.raises(SourceError, match=r"is not what its pointer names|is larger than"):
        read(an_access(server))


def test_the_login_does_not_go_to_where_the_server_points(server: Server) -> None:
    with serving() as elsewhere:
        server.href = f"{elsewhere.url.replace('127.0.0.1', 'localhost')}/x"
        with pytest.raises(SourceError, match="is no public address"):
            read(an_access(server))
        assert elsewhere.seen == []


@pytest.mark.parametrize(
    "href", ["file:///etc/passwd", "ssh://x/y", "http://169.254.169.254/latest", "http://127.0.0.1:1/x"]
)
def test_a_hostile_server_leads_nowhere(server: Server, href: str) -> None:
    server.href = href
    with pytest.raises(SourceError):
        read(an_access(server))


def test_the_servers_own_authorization_takes_the_place_of_the_login(server: Server) -> None:
    server.header = {"Authorization": "Bearer for-this-file", "Cookie": "x"}
    assert read(an_access(server)) == CONTENT
    assert server.authorizations[1] == "Bearer for-this-file"


def test_a_refusal_is_told_in_the_servers_words(server: Server) -> None:
    server.error = {"code": 404, "message": "canary"}
    with pytest.raises(SourceError, match=rf"Git LFS refuses {OID[:12]} \(404\)"):
        read(an_access(server))


def test_over_ssh_it_is_refused_with_the_mend() -> None:
    url = "git@git.example:team/app.git"
    secret = {"metadata": {"name": "s"}, "stringData": {"url": url, "sshPrivateKey": "k", "enableLfs": "true"}}
    access = access_for(url, [RepositorySecret.parse(secret)], "default")
    with pytest.raises(SourceError, match="by https only"):
        read(access)
