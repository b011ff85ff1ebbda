"""Push events: who may send one, what it says, and that no payload makes us stumble."""

import hashlib
import hmac
import json
import random
from typing import Any

import pytest

from reconciler.webhooks import MAX_BODY_BYTES, Ping, PushEvent, WebhookRefused, receive

SECRETS = {"webhook.github.secret": "s3cret", "webhook.gitlab.secret": "t0ken"}
A, B = "a" * 40, "b" * 40

GITHUB: dict[str, Any] = {
    "ref": "refs/heads/main",
    "before": A,
    "after": B,
    "repository": {
        "clone_url": "https://github.com/org/repo.git",
        "ssh_url": "git@github.com:org/repo.git",
        "html_url": "https://github.com/org/repo",
        "default_branch": "main",
    },
    "commits": [{"added": ["new.yaml"], "modified": ["a.yaml"], "removed": []}],
}
GITLAB: dict[str, Any] = {
    "object_kind": "push",
    "ref": "refs/heads/main",
    "before": "0" * 40,
    "after": B,
    "project": {
        "git_http_url": "https://gitlab.com/org/repo.git",
        "git_ssh_url": "git@gitlab.com:org/repo.git",
        "web_url": "https://gitlab.com/org/repo",
        "default_branch": "main",
    },
    "commits": [],
}


def github(payload: Any, *, event: str = "push", secret: str = "s3cret") -> PushEvent | Ping:
    body = json.dumps(payload).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return receive({"x-github-event": event, "x-hub-signature-256": f"sha256={signature}"}, body, SECRETS)


def gitlab(payload: Any, *, event: str = "Push Hook", token: str = "t0ken") -> PushEvent | Ping:
    return receive({"x-gitlab-event": event, "x-gitlab-token": token}, json.dumps(payload).encode(), SECRETS)


def test_a_github_push_names_the_repository_the_ref_and_the_files() -> None:
    event = github(GITHUB)
    assert isinstance(event, PushEvent)
    assert event.repo_urls[:2] == ("https://github.com/org/repo.git", "git@github.com:org/repo.git")
    assert (event.ref, event.before, event.after, event.default_branch) == ("refs/heads/main", A, B, "main")
    assert event.changed_files == frozenset({"new.yaml", "a.yaml"})


def test_a_gitlab_push_without_commits_does_not_tell_the_files() -> None:
    event = gitlab(GITLAB)
    assert isinstance(event, PushEvent)
    assert (event.provider, event.before, event.changed_files) == ("gitlab", None, None)
    assert event.repo_urls[0] == "https://gitlab.com/org/repo.git"


def test_a_system_hook_of_gitlab_is_a_push_only_when_it_says_so() -> None:
    assert isinstance(gitlab(GITLAB, event="System Hook"), PushEvent)
    assert gitlab({"object_kind": "project_create"}, event="System Hook") == Ping("gitlab", "project_create")


def test_a_ping_is_answered_and_asks_for_nothing() -> None:
    assert github({"zen": "Design for failure."}, event="ping") == Ping("github", "ping")
    assert gitlab({}, event="Issue Hook") == Ping("gitlab", "Issue Hook")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-github-event": "push"},
        {"x-github-event": "push", "x-hub-signature-256": ""},
        {"x-github-event": "push", "x-hub-signature-256": "sha256=00"},
        {"x-github-event": "push", "x-hub-signature": "sha1=" + hmac.new(b"s3cret", b"{}", hashlib.sha1).hexdigest()},
        {"x-github-event": "push", "x-gitlab-token": "t0ken"},
        {"x-gitlab-event": "Push Hook"},
        {"x-gitlab-event": "Push Hook", "x-gitlab-token": "T0ken"},
        {"x-gitlab-event": "Push Hook", "x-hub-signature-256": "sha256=x"},
        {"x-gitlab-event": "Push Hook", "x-gitlab-token": "t\udc80ken"},
    ],
)
def test_a_missing_or_wrong_signature_is_unauthorised(headers: dict[str, str]) -> None:
    with pytest.raises(WebhookRefused) as refused:
        receive(headers, b"{}", SECRETS)
    assert refused.value.status == 401


def test_a_signature_made_with_another_secret_is_unauthorised() -> None:
    with pytest.raises(WebhookRefused) as refused:
        github(GITHUB, secret="other")
    assert refused.value.status == 401


def test_without_a_secret_events_are_taken_unsigned() -> None:
    assert isinstance(receive({"x-github-event": "push"}, json.dumps(GITHUB).encode(), {}), PushEvent)


def test_an_event_of_no_known_provider_is_a_bad_request() -> None:
    with pytest.raises(WebhookRefused) as refused:
        receive({"content-type": "application/json"}, b"{}", SECRETS)
    assert refused.value.status == 400


def test_a_payload_past_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(WebhookRefused) as refused:
        receive({"x-github-event": "push"}, bytes(MAX_BODY_BYTES + 1), {})
    assert refused.value.status == 413


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_not_a_json_object_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(WebhookRefused) as refused:
        receive({"x-github-event": "push"}, body, {})
    assert refused.value.status == 400


@pytest.mark.parametrize("provider", ["github", "gitlab"])
def test_ten_thousand_mutated_payloads_are_events_or_bad_requests(provider: str) -> None:
    given = GITHUB if provider == "github" else GITLAB
    headers = {"x-github-event": "push"} if provider == "github" else {"x-gitlab-event": "Push Hook"}
    source = random.Random(1)
    for _ in range(10_000):
        body = json.dumps(mutated(given, source)).encode()
        assert outcome(headers, body) in ("PushEvent", "Ping", 400)


ODD: tuple[Any, ...] = (
    None,
    [],
    {},
    "",
    0,
    -1,
    1e308,
    True,
    "x" * 500,
    [[]],
    [None],
    {"": None},
    "\u0000",
    "refs/heads/\ud800",
)


def outcome(headers: dict[str, str], body: bytes) -> str | int:
    try:
        return type(receive(headers, body, {})).__name__
    except WebhookRefused as refused:
        return refused.status


def mutated(value: Any, source: random.Random) -> Any:
    """The value with a few parts replaced by odd ones or left out."""
    if source.random() < 0.06:
        return source.choice(ODD)
    if isinstance(value, dict):
        return {key: mutated(inner, source) for key, inner in value.items() if source.random() > 0.04}
    if isinstance(value, list):
        return [mutated(inner, source) for inner in value]
    return value
