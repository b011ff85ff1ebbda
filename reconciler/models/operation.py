"""A requested sync (`operation`) and what became of it (`status.operationState`)."""

from __future__ import annotations

from reconciler.models.source import ApplicationSource, Info
from reconciler.models.wire import Flag, Number, Part
from reconciler.models.words import COMPLETED, RUNNING


class Backoff(Part):
    """Waits between attempts. Durations are Go text, such as `5s`; without a unit they are seconds."""

    duration: str = ""
    factor: Number | None = None
    max_duration: str = ""


class Retry(Part):
    """How often an operation is tried again: 0 never, below 0 without end."""

    limit: Number = 0
    backoff: Backoff | None = None
    refresh: Flag = False


class StrategyForce(Part):
    """Settings of the strategies `apply` and `hook`."""

    force: Flag = False


class SyncStrategy(Part):
    """At most one of both; none means `hook`."""

    apply: StrategyForce | None = None
    hook: StrategyForce | None = None


class SyncResource(Part):
    """Names one object of a partial sync; an empty namespace matches every one."""

    group: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""


class SyncOperation(Part):
    """What to sync. Its `sync_options` are the only ones that the engine reads (Argo CD: not the spec's)."""

    revision: str = ""
    revisions: tuple[str, ...] = ()
    prune: Flag = False
    dry_run: Flag = False
    sync_strategy: SyncStrategy | None = None
    resources: tuple[SyncResource, ...] = ()
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()
    manifests: tuple[str, ...] = ()
    sync_options: tuple[str, ...] = ()
    auto_heal_attempts_count: Number = 0


class Initiator(Part):
    """Who asked; `automated` for a sync that the controller started."""

    username: str = ""
    automated: Flag = False


class Operation(Part):
    """A requested operation, at the top level of an Application."""

    sync: SyncOperation | None = None
    initiated_by: Initiator = Initiator()
    info: tuple[Info, ...] = ()
    retry: Retry = Retry()


class ResourceResult(Part):
    """What an operation did with one object."""

    group: str = ""
    version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: str = ""
    message: str = ""
    hook_type: str = ""
    hook_phase: str = ""
    sync_phase: str = ""
    images: tuple[str, ...] = ()


class SyncResult(Part):
    """Revision and objects of the last attempt."""

    resources: tuple[ResourceResult, ...] = ()
    revision: str = ""
    revisions: tuple[str, ...] = ()
    source: ApplicationSource | None = None
    sources: tuple[ApplicationSource, ...] = ()


class OperationState(Part):
    """A running or past operation. Times are RFC 3339 text."""

    operation: Operation = Operation()
    phase: str = ""
    message: str = ""
    started_at: str = ""
    finished_at: str = ""
    retry_count: Number = 0
    sync_result: SyncResult | None = None

    @property
    def is_completed(self) -> bool:
        return self.phase in COMPLETED

    @property
    def waits_for_retry(self) -> bool:
        """Argo CD: `Running` with `finishedAt` set is the durable form of "waiting to retry"."""
        return self.phase == RUNNING and bool(self.finished_at)
