"""Every error of ours. A class answers one question: what does the caller do next?

ReconcilerError
├── SpecError            the same inputs will fail again: show it on the object, wait for an edit
│   ├── SourceError      ... in a source: unknown repository, revision or path, content that does not render
│   └── NotHonoured      ... the object asks for something this version does not do: compare at most
├── Transient            try again later, the input is not at fault; `retry_after_s` where the peer named it
│   ├── SourceUnavailable
│   ├── ClusterUnavailable
│   └── StoreUnavailable
├── ObjectConflict       the live object moved (409): read it again and decide again
├── ObjectRejected       the API server refused this object: show it, go on with the others
├── ObjectGone           what was asked for does not exist (404)
├── LeaseLost            stop at once, write nothing more; a successor goes on
└── ConfigurationError   this process cannot start: say what to set
"""

from __future__ import annotations

from typing import ClassVar


class ReconcilerError(Exception):
    """Base of all errors; `condition` is the Argo CD condition type that shows it on an Application."""

    condition: ClassVar[str] = "UnknownError"


class SpecError(ReconcilerError):
    """The same inputs will fail again: show it on the object and wait for an edit."""

    condition = "InvalidSpecError"


class SourceError(SpecError):
    """A source cannot be resolved or rendered as written; a new commit or an edit mends it."""

    condition = "ComparisonError"


class NotHonoured(SpecError):
    """The object asks for something that this version does not do, so it is compared at most and never written."""


class Transient(ReconcilerError):
    """Try again later: the input is not at fault. `retry_after_s` is the peer's own word, or None."""

    condition = "ComparisonError"

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class SourceUnavailable(Transient):
    """Git, or what serves a source, did not answer or refused for now."""


class ClusterUnavailable(Transient):
    """An API server did not answer, answered 5xx or 429, or its breaker is open."""


class StoreUnavailable(Transient):
    """Redis did not answer. Nothing is lost: everything in it can be built anew."""


class ObjectConflict(ReconcilerError):
    """The live object moved since it was read (409): read it again and decide again."""

    condition = "SyncError"


class ObjectRejected(ReconcilerError):
    """The API server refused this object (4xx). `status` is the HTTP code; the message holds no object content."""

    condition = "SyncError"

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class ObjectGone(ReconcilerError):
    """What was asked for does not exist (404)."""


class LeaseLost(ReconcilerError):
    """This pass no longer owns its application: stop at once and write nothing more."""


class ConfigurationError(ReconcilerError):
    """The process cannot start as configured; the message says what to set."""
