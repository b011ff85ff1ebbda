"""The Git server of the sandbox speaks to real Git clients, tells the webhook, and misbehaves on request."""

import hashlib
import hmac
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import pytest

from reconciler.sandbox.githttp import GitFaults
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.pushhook import Hook
from reconciler.sandbox.repositories import NO_COMMIT, run_git

Received = Queue[tuple[dict[str, str], bytes]]


@pytest.fixture
def events(git_server: GitServer) -> Iterator[Received]:
    """Headers and body of each push event, which the server sends with the secret `s3cret`."""
    received: Received = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            received.put((dict(self.headers), body))

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    git_server.hook = Hook(f"http://127.0.0.1:{server.server_port}/api/webhook", "s3cret")
    yield received
    server.shutdown()
    server.server_close()


def test_a_push_arrives_and_its_signed_event_names_what_changed(
    git_server: GitServer, events: Received, tmp_path: Path
) -> None:
    url = git_server.create("fleet", {"kept.yaml": "a: 1\n", "gone.yaml": "b: 1\n"})
    clone = tmp_path / "clone"
    run_git("clone", "--quiet", url, str(clone), cwd=tmp_path)
    (clone / "gone.yaml").unlink()
    (clone / "new.yaml").write_text("c: 1\n")
    # Over git's post buffer of 1 MiB, so that the client sends it in chunks.
    (clone / "kept.yaml").write_bytes(hashlib.shake_256(b"noise").digest(3 * 1024**2))
    run_git("add", "--all", cwd=clone)
    run_git("commit", "--quiet", "--message", "Move on", cwd=clone)
    run_git("push", "--quiet", "origin", "main", cwd=clone)

    headers, body = events.get(timeout=10)
    pushed = git_server.repository("fleet").refs()["refs/heads/main"]
    event = json.loads(body)
    assert headers["X-GitHub-Event"] == "push"
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert (event["ref"], event["after"], event["repository"]["clone_url"]) == ("refs/heads/main", pushed, url)
    (commit,) = event["commits"]
    assert (commit["added"], commit["modified"], commit["removed"]) == (["new.yaml"], ["kept.yaml"], ["gone.yaml"])


def test_a_commit_made_by_the_server_sends_the_same_event(git_server: GitServer, events: Received) -> None:
    git_server.create("fleet")
    first = git_server.commit("fleet", {"a.yaml": "a: 1\n"})
    created = json.loads(events.get(timeout=10)[1])
    second = git_server.commit("fleet", {"a.yaml": None, "b.yaml": "b: 1\n"})
    moved = json.loads(events.get(timeout=10)[1])
    assert (created["before"], created["after"], created["created"]) == (NO_COMMIT, first, True)
    assert (moved["before"], moved["after"]) == (first, second)


def test_a_dead_webhook_does_not_fail_the_push(git_server: GitServer) -> None:
    git_server.hook = Hook("http://127.0.0.1:1/api/webhook", "s3cret")
    git_server.create("fleet")
    assert git_server.commit("fleet", {"a.yaml": "a: 1\n"}) in _ls_remote(git_server.repo_url("fleet"))


def test_requests_are_counted_by_service(git_server: GitServer, tmp_path: Path) -> None:
    url = git_server.create("fleet", {"a.yaml": "a: 1\n"})
    _ls_remote(url)
    assert dict(git_server.requests) == {"info/refs": 1, "ls-refs": 1}
    run_git("clone", "--quiet", url, str(tmp_path / "clone"), cwd=tmp_path)
    assert dict(git_server.requests) == {"info/refs": 2, "ls-refs": 2, "upload-pack": 1}


def test_only_the_right_login_reads(git_server: GitServer) -> None:
    url = git_server.create("fleet", {"a.yaml": "a: 1\n"})
    git_server.credentials = ("somebody", "right")
    assert "refs/heads/main" in _ls_remote(url.replace("://", "://somebody:right@"))
    for login in ("", "somebody:wrong@"):
        with pytest.raises(subprocess.CalledProcessError):
            _ls_remote(url.replace("://", f"://{login}"))


def test_a_faulty_server_fails_its_clients_and_recovers(git_server: GitServer) -> None:
    url = git_server.create("fleet", {"a.yaml": "a: 1\n"})
    git_server.faults = GitFaults(status=503)
    with pytest.raises(subprocess.CalledProcessError, match="ls-remote"):
        _ls_remote(url)
    git_server.faults = GitFaults()
    git_server.stop()
    with pytest.raises(subprocess.CalledProcessError):
        _ls_remote(url)
    git_server.start()
    assert "refs/heads/main" in _ls_remote(url)


@pytest.mark.parametrize("faults", [GitFaults(hang=True), GitFaults(bytes_per_s=1)])
def test_a_silent_or_slow_server_outlasts_the_patience_of_its_client(git_server: GitServer, faults: GitFaults) -> None:
    url = git_server.create("fleet", {"a.yaml": "a: 1\n"})
    git_server.faults = faults
    with subprocess.Popen(["git", "ls-remote", url], stdout=subprocess.PIPE, start_new_session=True) as client:
        with pytest.raises(subprocess.TimeoutExpired):
            client.wait(timeout=0.5)
        git_server.faults = GitFaults()
        assert client.wait(timeout=30) == 0


def _ls_remote(url: str) -> str:
    return run_git("ls-remote", url, cwd=Path("/"))
