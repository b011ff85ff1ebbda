"""`plan`: what a pass would decide, from files and without a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from reconciler.cli.app.diff import lines_of, to_json
from reconciler.cli.commands import command
from reconciler.cli.control import now
from reconciler.cli.files import read_objects
from reconciler.cli.health import settings_in
from reconciler.cli.output import dump, say
from reconciler.cli.problems import Problem
from reconciler.cli.render import chosen
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.models.project import AppProject
from reconciler.plan.compare import ObjectComparison
from reconciler.plan.offline import ANY_PROJECT, Files, plan_offline
from reconciler.plan.steps import Plan, Step
from reconciler.plan.times import instant_of

TITLES: Final = {
    "StartSync": "Start a sync",
    "Run": "Go on with the operation",
    "Hold": "Wait for the next attempt",
    "Wait": "Wait",
    "End": "End the operation",
}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files. What `reconciler render` prints is a desired file, what `kubectl get -o yaml` prints a live one."""

    app: Annotated[Path, typer.Option("--app", help="File with the Application; - reads standard input.")]
    desired: Annotated[Path, typer.Option("--desired", help="Its manifests, rendered.")]
    live: Annotated[
        Path | None, typer.Option("--live", help="Objects as the cluster has them, with --show-managed-fields.")
    ] = None
    project: Annotated[Path | None, typer.Option("--project", help="Its AppProject; without, all is permitted.")] = None
    settings: Annotated[Path | None, typer.Option("--settings", help="The ConfigMap argocd-cm, or its data.")] = None
    name: Annotated[str, typer.Option(help="Which Application, where the file holds several.")] = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """When and of what the plan is."""

    revision: Annotated[
        str, typer.Option(help="What the manifests were rendered from; without, what was compared last.")
    ] = ""
    at: Annotated[str, typer.Option("--at", help="Decide as at this RFC 3339 time; without, as now.")] = ""
    control_namespace: Annotated[
        str, typer.Option(help="Where Argo CD's own Applications lie; without, where this one does.")
    ] = ""


@command(
    "reconciler plan --app orders.yaml --desired rendered.yaml --live live.yaml",
    "reconciler plan --app orders.yaml --desired rendered.yaml --live live.yaml --project shop.yaml -o json",
)
def plan(
    inputs: Inputs,
    moment: Moment,
    output: Annotated[Literal["tree", "json"], typer.Option("--output", "-o", help="How to print it.")] = "tree",
) -> None:
    """Print verdicts, differences, health and the ordered steps of one pass. Nothing is read from a cluster."""
    instant = _instant(moment.at)
    files = Files(
        app=chosen(read_objects(inputs.app), inputs.name),
        desired=read_objects(inputs.desired),
        live=read_objects(inputs.live) if inputs.live else (),
        project=_project(inputs.project) if inputs.project else ANY_PROJECT,
        settings=settings_in(inputs.settings) if inputs.settings else {},
        control_namespace=moment.control_namespace,
        revision=moment.revision,
    )
    decided = plan_offline(files, now=instant)
    if output == "json":
        dump(plan_json(decided), "json")
    else:
        say(*tree(decided, instant))


def plan_json(decided: Plan) -> JsonObject:
    """The plan for programs; steps in the order in which they are done."""
    comparison = decided.comparison
    return {
        "sync": comparison.sync,
        "health": comparison.health.status,
        "objects": [{**to_json(item), "health": _health(item.health)} for item in comparison.objects],
        "conditions": [
            {"type": item.type, "message": item.message} for item in (*comparison.conditions, *decided.conditions)
        ],
        "decision": type(decided.decision).__name__,
        "why": decided.why,
        "phase": (decided.operation_state or {}).get("phase"),
        "nextDueSeconds": decided.next_due_s,
        "steps": [step_json(step) for step in decided.steps],
        "known": [
            {**_key(item.key), "action": item.action, "ok": item.ok, "message": item.message} for item in decided.known
        ],
    }


def step_json(step: Step) -> JsonObject:
    """One write."""
    return {
        "phase": step.phase,
        "wave": step.wave,
        "action": step.action,
        **_key(step.key),
        "hook": step.phase if step.is_hook else None,
        "reason": step.reason,
        "replace": step.way.whole,
        "force": step.way.anew,
        "propagation": step.propagation,
    }


def tree(decided: Plan, instant: datetime) -> Iterator[str]:
    """The plan for people: the verdict, its objects, what follows."""
    comparison = decided.comparison
    yield f"{comparison.sync}, {comparison.health.status}"
    yield from _branches([list(_object(item, instant)) for item in comparison.objects])
    for condition in (*comparison.conditions, *decided.conditions):
        yield f"! {condition.type}: {condition.message}"
    yield f"{_title(decided)}: {decided.why}" if decided.why else _title(decided)
    yield from _branches([[f"{index}. {_step(step)}"] for index, step in enumerate(decided.steps, start=1)])
    if decided.next_due_s is not None:
        yield f"again in {decided.next_due_s:g} s"


def _object(item: ObjectComparison, instant: datetime) -> Iterator[str]:
    health = f", {item.health.status}" if item.health else ""
    if item.sync == "Synced":
        yield f"= {item.key}: Synced{health}"
        return
    first, *rest = lines_of(item, instant)
    sign = first.split(" ", 1)[0]
    yield f"{sign} {item.key}: {item.sync or 'no sync status'}{health}, {item.reason}"
    yield from rest


def _step(step: Step) -> str:
    place = f"{step.phase}, wave {step.wave}: " if step.is_hook or step.wave or step.phase != "Sync" else ""
    hook = " (hook)" if step.is_hook else ""
    force = ", by force if need be" if step.way.anew else ""
    return f"{place}{step.action} {step.key}{hook}{force}" + (f": {step.reason}" if step.reason else "")


def _title(decided: Plan) -> str:
    return TITLES.get(type(decided.decision).__name__, "Do nothing")


def _branches(groups: Iterable[list[str]]) -> Iterator[str]:
    groups = list(groups)
    for index, (first, *rest) in enumerate(groups):
        is_last = index == len(groups) - 1
        yield f"{'└─' if is_last else '├─'} {first}"
        yield from (f"{'  ' if is_last else '│ '} {line}" for line in rest)


def _key(key: ObjectKey) -> JsonObject:
    return {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name}


def _health(health: Health | None) -> JsonObject | None:
    return {"status": health.status, "message": health.message} if health else None


def _project(path: Path) -> AppProject:
    bodies = read_objects(path)
    if len(bodies) != 1:
        raise Problem(f"{path} holds {len(bodies)} objects", mend="give one AppProject")
    return AppProject.parse(bodies[0])


def _instant(text: str) -> datetime:
    if not text:
        return now()
    instant = instant_of(text)
    if instant is None:
        raise Problem(f"{text!r} is no time", mend="write it as 2026-05-04T12:00:00Z")
    return instant
