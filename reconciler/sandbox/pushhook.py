"""GitHub's push event: what the Git server of the sandbox tells the webhook after a push."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import urllib3

from reconciler.sandbox.repositories import NO_COMMIT, Change

TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Hook:
    """Where push events go, and the secret that signs them."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One ref that moved."""

    repo_url: str
    default_branch: str
    ref: str
    before: str
    after: str
    changes: Sequence[Change]


def payload(push: Push) -> dict[str, Any]:
    """The body of GitHub's push event, as far as receivers of webhooks read it."""
    commits = [
        {
            "id": change.commit,
            "message": change.message,
            "added": list(change.added),
            "modified": list(change.modified),
            "removed": list(change.removed),
        }
        for change in push.changes
    ]
    name = push.repo_url.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git")
    repository = {
        "name": name,
        "full_name": f"sandbox/{name}",
        "html_url": push.repo_url,
        "clone_url": push.repo_url,
        "default_branch": push.default_branch,
    }
    return {
        "ref": push.ref,
        "before": push.before,
        "after": push.after,
        "created": push.before == NO_COMMIT,
        "deleted": push.after == NO_COMMIT,
        "repository": repository,
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
    }


def deliver(hook: Hook, push: Push) -> int:
    """POST the signed event once and return the status code. Raises urllib3's HTTPError."""
    body = json.dumps(payload(push)).encode()
    signature = hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": push.after,
        "X-Hub-Signature-256": f"sha256={signature}",
    }
    answer = urllib3.request("POST", hook.url, body=body, headers=headers, timeout=TIMEOUT_S, retries=False)
    return answer.status
