"""`status` of an ApplicationSet: conditions, and the Applications that it has. Argo CD: updateApplicationSetStatus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from reconciler.models.applicationset import ApplicationSet
from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.models.words import GROUP, VERSION

SHOWN: Final = 5000
"""Argo CD: so many resources are shown, `resourcesCount` counts them all."""

ROLLOUT: Final = frozenset({"RolloutProgressing", "InvalidRolloutConfig"})
"""Conditions that go with the strategy."""

GENERATED: Final = "Successfully generated parameters for all Applications"


def failed(reason: str, message: str) -> dict[str, tuple[str, str, str]]:
    """Conditions of a set that could not be expanded: nothing was changed."""
    return {
        "ErrorOccurred": ("True", reason, message),
        "ParametersGenerated": ("False", "ErrorOccurred", message),
        "ResourcesUpToDate": ("False", reason, message),
    }


def expanded(
    faults: Mapping[str, str], withheld: str, conflicts: Sequence[str] = ()
) -> dict[str, tuple[str, str, str]]:
    """Conditions of a set that was expanded; `faults` are those of single applications, `conflicts` name those that
    moved meanwhile: no error, but they are not up to date yet.
    """
    told = [f"{name}: {why}" if name else why for name, why in sorted(faults.items())] + (
        [withheld] if withheld else []
    )
    generated = ("True", "ParametersGenerated", GENERATED)
    if not told:
        return {
            "ErrorOccurred": ("False", "ApplicationSetUpToDate", GENERATED),
            "ParametersGenerated": generated,
            "ResourcesUpToDate": _up_to_date(conflicts),
        }
    more = f" (and {len(told) - 3} more)" if len(told) > 3 else ""
    message = "; ".join(told[:3]) + more
    reason = "ApplicationValidationError" if faults else "DeletionWithheld"
    return {
        "ErrorOccurred": ("True", reason, message),
        "ParametersGenerated": generated,
        "ResourcesUpToDate": ("False", reason, message),
    }


def _up_to_date(conflicts: Sequence[str]) -> tuple[str, str, str]:
    if not conflicts:
        return "True", "ApplicationSetUpToDate", "All applications have been generated successfully"
    more = f" (and {len(conflicts) - 3} more)" if len(conflicts) > 3 else ""
    names = ", ".join(conflicts[:3]) + more
    return "False", "ApplicationSetModified", f"changed meanwhile, and written by the next look: {names}"


def status_of(
    appset: ApplicationSet,
    conditions: Mapping[str, tuple[str, str, str]],
    children: Iterable[LiveObject],
    *,
    states: Sequence[JsonObject] | None,
    now: datetime,
) -> JsonObject:
    """The status after an expansion; parts that others write stay. Equal to what stands there when nothing is new.

    `states` are those of a progressive sync; None leaves them as they are.
    """
    before = dict((appset.raw.get("status") or {}).items())
    known = {condition.type: condition.to_json() for condition in appset.status.conditions}
    made = [_condition(name, given, known.get(name), now) for name, given in conditions.items()]
    others = [condition for name, condition in known.items() if name not in conditions and name not in ROLLOUT]
    rows = [_row(child) for child in sorted(children, key=lambda child: child.key.name)]
    shown = {"resources": rows[:SHOWN], "resourcesCount": len(rows)} if rows else {}
    kept = {name: value for name, value in before.items() if name not in ("conditions", "resources", "resourcesCount")}
    if states is not None:
        kept.pop("applicationStatus", None)
        shown = {**shown, **({"applicationStatus": list(states)} if states else {})}
    return {**kept, "conditions": [*made, *others], **shown}


def _condition(name: str, given: tuple[str, str, str], before: JsonObject | None, now: datetime) -> JsonObject:
    status, reason, message = given
    bare = {"type": name, "status": status, "reason": reason, "message": message}
    if before is not None and all(before.get(key) == value for key, value in bare.items()):
        return before
    return {**bare, "lastTransitionTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _row(child: LiveObject) -> JsonObject:
    status = child.body.get("status") or {}
    row = {"group": GROUP, "version": VERSION, "kind": "Application", "name": child.key.name}
    row["namespace"] = child.key.namespace
    sync, health = (status.get("sync") or {}).get("status"), (status.get("health") or {}).get("status")
    shown = {"status": sync, "health": {"status": health} if health else None}
    return {**row, **{name: value for name, value in shown.items() if value}}
