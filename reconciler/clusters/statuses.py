"""What an API server's error answers mean for the caller: HTTP status and `Status` object → our errors."""

from __future__ import annotations

import msgspec

from reconciler.errors import ClusterUnavailable, ObjectConflict, ObjectGone, ObjectRejected, ReconcilerError

MESSAGE_LIMIT = 2000
RETRY_AFTER_LIMIT_S = 300.0
CREDENTIALS_REFUSED = 401
SECRET_KINDS = frozenset({"secrets", "Secret"})

# The server answers 500 where an applied object does not fit its schema (seen with 1.36): the object is at fault.
MISFITS = ("failed to create typed patch object", "failed to convert new object", "failed to convert patched object")


class Cause(msgspec.Struct, frozen=True, gc=False):
    """One reason of a refusal."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What the refusal is about."""

    name: str = ""
    group: str = ""
    kind: str = ""
    causes: tuple[Cause, ...] = ()
    retry_after_seconds: int = 0


class Status(msgspec.Struct, frozen=True, gc=False):
    """`v1.Status`, as far as it is read."""

    kind: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None


_DECODER = msgspec.json.Decoder(Status)


def read_status(body: bytes) -> Status:
    """The `Status` in an error answer; an empty one when the body is something else (a proxy's HTML, no body)."""
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError:
        return Status()


def error_of(code: int, body: bytes, *, subject: str, retry_after: str | None = None) -> ReconcilerError:
    """The error for an answer that is not 2xx. `subject` says what was asked, such as `GET /api/v1/pods`."""
    status = read_status(body)
    words, details = said(code, status), status.details or Details()
    # People read refusals, and the server's own words name the object; without any, the call has to.
    message = words or f"{subject}: HTTP {code}"
    if code == 500 and status.message.startswith(MISFITS):
        return ObjectRejected(message, status=code)
    if code < 400 or code >= 500 or code in (CREDENTIALS_REFUSED, 408, 410, 429):
        reason = f"{subject}: {words or f'HTTP {code}'}"
        return ClusterUnavailable(reason, retry_after_s=retry_after_s(retry_after, status))
    if code == 409 or (code == 422 and not details.name and not details.causes):
        # 422 about nothing by name: a JSON patch whose test failed, or whose target is not there any more.
        return ObjectConflict(message)
    if code == 404 and details.name:
        return ObjectGone(message)
    # Any other 404 is a path that the server does not serve: no word about whether an object exists.
    return ObjectRejected(message, status=code)


def said(code: int, status: Status) -> str:
    """The server's words without object content, or nothing: of Secrets only fields and the kinds of their faults."""
    details = status.details or Details()
    if details.kind in SECRET_KINDS and code in (400, 422):
        faults = ", ".join(f"{cause.field}: {cause.reason}" for cause in details.causes)
        return f"{status.reason or code} {faults}".strip()
    return status.message[:MESSAGE_LIMIT]


def retry_after_s(header: str | None, status: Status) -> float | None:
    """Seconds that the server asks to wait, from its header or its `Status`, within reason; None when it names none."""
    if header and header.strip().isdigit():
        return min(float(header), RETRY_AFTER_LIMIT_S)
    seconds = status.details.retry_after_seconds if status.details else 0
    return min(float(seconds), RETRY_AFTER_LIMIT_S) if seconds else None
