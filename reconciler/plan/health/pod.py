"""Health of a core/v1 Pod."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.models.words import HOOK, IGNORE_RESTART_POLICY, TRUE
from reconciler.plan.health.reading import conditions, spec_of, status_of, text


def pod(body: JsonObject) -> Health:
    """Argo CD: a container that cannot start is Degraded; a running pod that always restarts is Healthy when ready."""
    status = status_of(body)
    if _restarts_always(body):
        failures = [text(waiting, "message") for waiting in _failed_starts(_containers(status))]
        if failures:
            return Health("Degraded", ", ".join(failures))
    return _by_phase(body, text(status, "phase"))


def _by_phase(body: JsonObject, phase: str) -> Health:
    message = text(status_of(body), "message")
    if phase == "Pending":
        return Health("Progressing", message)
    if phase == "Succeeded":
        return Health("Healthy", message)
    if phase == "Failed":
        return Health("Degraded", message or _reason_of_failure(status_of(body)))
    return _running(body) if phase == "Running" else Health("Unknown", message)


def _running(body: JsonObject) -> Health:
    status = status_of(body)
    message = text(status, "message")
    # A pod that is meant to end is not healthy before it has ended.
    if not _restarts_always(body):
        return Health("Progressing", message)
    if any(entry.get("type") == "Ready" and entry.get("status") == "True" for entry in conditions(body)):
        return Health("Healthy", message)
    ended_before = any((container.get("lastState") or {}).get("terminated") for container in _containers(status))
    return Health("Degraded" if ended_before else "Progressing", message)


def _restarts_always(body: JsonObject) -> bool:
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    forced = annotations.get(IGNORE_RESTART_POLICY) == TRUE and HOOK not in annotations
    return forced or spec_of(body).get("restartPolicy") == "Always"


def _containers(status: JsonObject) -> list[JsonObject]:
    return status.get("containerStatuses") or []


def _failed_starts(containers: Iterable[JsonObject]) -> list[JsonObject]:
    waiting = [(container.get("state") or {}).get("waiting") or {} for container in containers]
    return [state for state in waiting if _is_failure(text(state, "reason"))]


def _is_failure(reason: str) -> bool:
    return reason.startswith("Err") or reason.endswith(("Error", "BackOff"))


def _reason_of_failure(status: JsonObject) -> str:
    for container in [*(status.get("initContainerStatuses") or []), *_containers(status)]:
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("message"):
            return text(ended, "message")
        if ended.get("reason") == "OOMKilled":
            return "OOMKilled"
        if ended.get("exitCode"):
            return f'container "{text(container, "name")}" failed with exit code {ended["exitCode"]}'
    return ""
