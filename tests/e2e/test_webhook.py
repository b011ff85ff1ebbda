"""The webhook of a running fleet: who is believed, what is refused, and what a flood costs."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from reconciler.sandbox.everything import REPOSITORY
from reconciler.sandbox.pushhook import Hook, Push, payload
from reconciler.sandbox.waiting import wait_for
from tests.support.fleet import GENEROUS_S, Fleet, a_config_map, an_app, config_map, timed

MIB = 1024**2
TOKEN = "a-token-of-gitlab"


@pytest.fixture
def hook(fleet: Fleet) -> Hook:
    """Where the Git server sends its events, and the secret that signs them."""
    assert fleet.sandbox.git.hook
    return fleet.sandbox.git.hook


@contextmanager
def unannounced(fleet: Fleet, hook: Hook) -> Iterator[None]:
    """Pushes inside the block are told to nobody."""
    fleet.sandbox.git.hook = None
    try:
        yield
    finally:
        fleet.sandbox.git.hook = hook


def post(url: str, body: object, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
    return urllib3.request("POST", url, body=body, headers=headers, timeout=30, retries=False)  # type: ignore[arg-type]


def a_push(fleet: Fleet, commit: str = "1" * 40) -> bytes:
    """GitHub's event about the fleet's repository."""
    url = fleet.sandbox.git.repo_url(REPOSITORY)
    push = Push(repo_url=url, default_branch="main", ref="refs/heads/main", before="2" * 40, after=commit, changes=())
    return json.dumps(payload(push)).encode()


def github(body: bytes, secret: str) -> dict[str, str]:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={signature}"}


def metric(fleet: Fleet, name: str, **labels: str) -> float:
    """The value of one series at the api's `/metrics`; 0 where there is none."""
    assert fleet.sandbox.processes
    text = urllib3.request("GET", f"{fleet.sandbox.processes.api_url}/metrics", timeout=30).data.decode()
    for line in text.splitlines():
        if line.startswith(f"{name}{{") and all(f'{key}="{value}"' in line for key, value in labels.items()):
            return float(line.rsplit(" ", 1)[1])
    return 0.0


def resident_bytes(fleet: Fleet) -> int:
    """The most memory that the api ever had."""
    assert fleet.sandbox.supervisor
    status = Path(f"/proc/{fleet.sandbox.supervisor.pids['api']}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def test_a_wrong_signature_is_refused_and_counted(fleet: Fleet, hook: Hook) -> None:
    before = metric(fleet, "argocd_webhook_requests_total", provider="github", answer="401")
    body = a_push(fleet)
    assert post(hook.url, body, github(body, "not the secret")).status == 401
    assert post(hook.url, body, {"X-GitHub-Event": "push"}).status == 401
    assert metric(fleet, "argocd_webhook_requests_total", provider="github", answer="401") == before + 2


def test_a_right_signature_names_the_repositories_it_woke(fleet: Fleet, hook: Hook) -> None:
    body = a_push(fleet)
    answer = post(hook.url, body, github(body, hook.secret))
    assert answer.status == 200
    assert answer.json() == {
        "event": "push",
        "repositories": [fleet.sandbox.git.repo_url(REPOSITORY)],
    }


@pytest.mark.parametrize("headers", [{}, {"X-Gitea-Event": "push"}])
def test_an_unknown_provider_is_refused(headers: dict[str, str], fleet: Fleet, hook: Hook) -> None:
    assert post(hook.url, a_push(fleet), headers).status == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b'{"ref": 1}', b"[" * 100_000])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes, fleet: Fleet, hook: Hook) -> None:
    assert post(hook.url, body, github(body, hook.secret)).status == 400


def test_fifty_megabytes_are_refused_in_bounded_memory(fleet: Fleet, hook: Hook) -> None:
    before = resident_bytes(fleet)
    assert announced(hook.url, 50 * MIB) == 413
    assert chunked(hook.url, 50) == 413
    assert resident_bytes(fleet) - before < 25 * MIB


def announced(url: str, size: int) -> int:
    """The answer to a body whose size is told beforehand; nothing of it is sent."""
    with connected(url) as client:
        client.sendall(head(url, f"Content-Length: {size}"))
        return status_of(client)


def chunked(url: str, mebibytes: int) -> int:
    """The answer to a body whose size is not told, sent until the server has had enough."""
    with connected(url) as client:
        client.sendall(head(url, "Transfer-Encoding: chunked"))
        try:
            for _ in range(mebibytes):
                client.sendall(b"%x\r\n%s\r\n" % (MIB, b" " * MIB))
        except ConnectionError:
            pass
        return status_of(client)


def test_a_slow_body_is_given_up_while_others_are_served(fleet: Fleet, hook: Hook) -> None:
    statuses: list[int] = []

    def trickle() -> None:
        with connected(hook.url) as client:
            client.sendall(head(hook.url, "Content-Length: 1000"))
            deadline = time.monotonic() + GENEROUS_S
            while time.monotonic() < deadline and not statuses:
                client.sendall(b"x")
                client.settimeout(0.5)
                try:
                    statuses.append(status_of(client))
                except TimeoutError:
                    continue

    slow = threading.Thread(target=trickle)
    slow.start()
    body = a_push(fleet)
    assert post(hook.url, body, github(body, hook.secret)).status == 200
    slow.join(GENEROUS_S)
    assert statuses == [408]


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 80), timeout=GENEROUS_S) as client:
        yield client


def head(url: str, *lines: str) -> bytes:
    address = urlsplit(url)
    first = f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nX-GitHub-Event: push\r\n"
    return (first + "".join(f"{line}\r\n" for line in lines) + "\r\n").encode()


def status_of(client: socket.socket) -> int:
    return int(client.recv(64).split()[1])


def test_a_gitlab_push_with_its_token_is_live(fleet: Fleet, hook: Hook) -> None:
    url = fleet.sandbox.git.repo_url(REPOSITORY)
    event = {"object_kind": "push", "ref": "refs/heads/main", "project": {"git_http_url": url}}
    body, headers = json.dumps(event).encode(), {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": TOKEN}
    with gitlab_secret(fleet), an_app(fleet, {"one.yaml": a_config_map("one", color="red")}) as name:

        def is_refused() -> bool:
            return post(hook.url, body, {**headers, "X-Gitlab-Token": "wrong"}).status == 401

        wait_for(is_refused, "the token to count", timeout_s=GENEROUS_S)
        with unannounced(fleet, hook):
            fleet.push({f"{name}/one.yaml": a_config_map("one", color="blue")})
        assert config_map(fleet.api("east"), name, "one") == {"color": "red"}

        assert post(hook.url, body, headers).status == 200

        timed(lambda: config_map(fleet.api("east"), name, "one") == {"color": "blue"}, "GitLab's push to live")


@contextmanager
def gitlab_secret(fleet: Fleet) -> Iterator[None]:
    api, path = fleet.api("control"), "/api/v1/namespaces/argocd/secrets/argocd-secret"
    api.patch(path, {"stringData": {"webhook.gitlab.secret": TOKEN}})
    yield
    api.patch(path, {"data": {"webhook.gitlab.secret": None}})


def test_a_thousand_posts_are_merged_into_few_looks(fleet: Fleet, hook: Hook) -> None:
    body = a_push(fleet)
    headers, git = github(body, hook.secret), fleet.sandbox.git
    with an_app(fleet, {"one.yaml": a_config_map("one", color="red")}) as name:
        with unannounced(fleet, hook):
            fleet.push({f"{name}/one.yaml": a_config_map("one", color="blue")})
        made, looks = deployments(fleet, name), git.requests["ls-refs"]
        pool = urllib3.PoolManager(maxsize=4, block=True, retries=False, timeout=30)

        def flood() -> None:
            answers = (pool.request("POST", hook.url, body=body, headers=headers) for _ in range(250))
            statuses.extend(answer.status for answer in answers)

        statuses: list[int] = []
        senders = [threading.Thread(target=flood) for _ in range(4)]
        start = time.monotonic()
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        took_s = time.monotonic() - start
        timed(lambda: config_map(fleet.api("east"), name, "one") == {"color": "blue"}, "live at the end of the flood")

        looked = git.requests["ls-refs"] - looks
        print(f"1000 posts in {took_s:.2f} s: {looked} looks at the repository")
        assert statuses == [200] * 1000
        assert looked < 300
        assert deployments(fleet, name) == made + 1, "one push is one deployment, however often it is told"


def deployments(fleet: Fleet, name: str) -> int:
    """How many deployments the Application's history knows."""
    return len((fleet.application(name) or {})["status"]["history"])
