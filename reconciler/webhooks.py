"""Push events of GitHub and GitLab: who may send them, and what they say. Pure: bytes and headers in, values out.

An event is a hint to look now. What a push really changed is read from Git, so a forged or doubled event costs one
look at the refs.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from reconciler.errors import ReconcilerError

MAX_BODY_BYTES = 10 * 1024**2
MAX_CHANGED_FILES = 10_000
NO_COMMIT = "0" * 40

Headers = Mapping[str, str]
"""Header names in lower case."""


class WebhookRefused(ReconcilerError):
    """The request is not acted on; `status` is the HTTP answer."""

    def __init__(self, message: str, *, status: Literal[400, 401, 413]) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class PushEvent:
    """One ref of one repository moved. `before` or `after` is None when the ref was made or removed.

    `changed_files` is None where the event does not tell; `default_branch` is a name without `refs/heads/`.
    """

    provider: str
    repo_urls: tuple[str, ...]
    ref: str
    before: str | None
    after: str | None
    default_branch: str | None = None
    changed_files: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """A provider tries its new webhook, or tells of something that is not a push."""

    provider: str
    event: str


@dataclass(frozen=True, slots=True)
class Provider:
    """How one provider marks, signs and words its events. `secret_key` is the key in `argocd-secret`."""

    name: str
    event_header: str
    secret_key: str
    verify: Callable[[Headers, bytes, str], bool]
    pushes: frozenset[str]
    parse: Callable[[JsonValue], PushEvent | Ping]


JsonValue = dict[str, Any]


def receive(headers: Headers, body: bytes, secrets: Mapping[str, str]) -> PushEvent | Ping:
    """What a request says, its signature checked with the provider's secret.

    Argo CD: webhook, provider selection and verification. Without a secret for the provider an event is taken
    unsigned; a signed one never is.
    Raises WebhookRefused: 413 too large, 400 no provider's event, 401 wrong signature.
    """
    if len(body) > MAX_BODY_BYTES:
        raise WebhookRefused(f"the payload exceeds {MAX_BODY_BYTES} bytes", status=413)
    provider = next((one for one in PROVIDERS if one.event_header in headers), None)
    if provider is None:
        raise WebhookRefused("unknown webhook event: no header of GitHub or GitLab", status=400)
    secret = secrets.get(provider.secret_key, "")
    if secret and not provider.verify(headers, body, secret):
        raise WebhookRefused(f"the signature does not match {provider.secret_key}", status=401)
    event = headers[provider.event_header]
    if event not in provider.pushes:
        return Ping(provider.name, event[:64])
    return provider.parse(_document(body))


def provider_of(headers: Headers) -> str:
    """The name of the provider that a request claims to come from, `unknown` where it names none that we know."""
    return next((one.name for one in PROVIDERS if one.event_header in headers), "unknown")


def _document(body: bytes) -> JsonValue:
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise WebhookRefused("the payload is not JSON", status=400) from error
    if not isinstance(document, dict):
        raise WebhookRefused("the payload is not a JSON object", status=400)
    return document


def _github_signed(headers: Headers, body: bytes, secret: str) -> bool:
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return _same(headers.get("x-hub-signature-256", ""), expected)


def _gitlab_signed(headers: Headers, body: bytes, secret: str) -> bool:
    del body
    return _same(headers.get("x-gitlab-token", ""), secret)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def _github_push(payload: JsonValue) -> PushEvent:
    repository = _object(payload, "repository")
    urls = (repository.get(name) for name in ("clone_url", "ssh_url", "html_url", "git_url"))
    return _push("github", payload, _texts(urls), repository.get("default_branch"))


def _gitlab_push(payload: JsonValue) -> PushEvent | Ping:
    kind = payload.get("object_kind")
    if kind not in ("push", "tag_push"):
        return Ping("gitlab", str(kind)[:64])
    project = payload.get("project") or payload.get("repository")
    if not isinstance(project, dict):
        raise WebhookRefused("the payload names no project", status=400)
    urls = (project.get(name) for name in ("git_http_url", "git_ssh_url", "web_url", "http_url", "url"))
    return _push("gitlab", payload, _texts(urls), project.get("default_branch"))


def _push(provider: str, payload: JsonValue, urls: tuple[str, ...], default_branch: object) -> PushEvent:
    ref = payload.get("ref")
    if not urls or not isinstance(ref, str) or not ref.startswith("refs/"):
        raise WebhookRefused("the payload names no repository URL or no ref", status=400)
    return PushEvent(
        provider=provider,
        repo_urls=urls,
        ref=ref,
        before=_commit(payload.get("before")),
        after=_commit(payload.get("after")),
        default_branch=default_branch if isinstance(default_branch, str) else None,
        changed_files=_changed_files(payload.get("commits")),
    )


def _texts(values: Any) -> tuple[str, ...]:
    """The texts among some values, each once, in order."""
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value))


def _object(payload: JsonValue, name: str) -> JsonValue:
    value = payload.get(name)
    if not isinstance(value, dict):
        raise WebhookRefused(f"the payload has no {name}", status=400)
    return value


def _commit(value: object) -> str | None:
    return value if isinstance(value, str) and value != NO_COMMIT and len(value) == 40 else None


def _changed_files(commits: object) -> frozenset[str] | None:
    """All paths that the commits name; None when any of them does not tell, or they are too many to be complete."""
    if not isinstance(commits, list) or not commits:
        return None
    files: set[str] = set()
    for commit in commits:
        for kind in ("added", "modified", "removed"):
            named = commit.get(kind) if isinstance(commit, dict) else None
            if not isinstance(named, list):
                return None
            files.update(path for path in named if isinstance(path, str))
    return frozenset(files) if len(files) <= MAX_CHANGED_FILES else None


PROVIDERS: tuple[Provider, ...] = (
    Provider("github", "x-github-event", "webhook.github.secret", _github_signed, frozenset({"push"}), _github_push),
    Provider(
        "gitlab",
        "x-gitlab-event",
        "webhook.gitlab.secret",
        _gitlab_signed,
        frozenset({"Push Hook", "Tag Push Hook", "System Hook"}),
        _gitlab_push,
    ),
)
"""In the order of Argo CD's selection: the first whose header is there."""
