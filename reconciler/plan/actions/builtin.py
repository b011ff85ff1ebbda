"""The built-in actions by kind, as Argo CD offers them; each a change of a few fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from reconciler.models.keys import GroupKind
from reconciler.models.manifest import JsonObject
from reconciler.plan.actions.change import Action, Apply, Change, Offered
from reconciler.plan.times import rfc3339

RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"
TEMPLATE_MARKS: Final = ("spec", "template", "metadata", "annotations")
MARKS: Final = ("metadata", "annotations")


def _put(body: JsonObject, path: tuple[str, ...], value: Any) -> JsonObject:
    """The object with `value` at `path`; None takes the field away."""
    name, *rest = path
    below = body.get(name)
    inner = _put(below if isinstance(below, dict) else {}, tuple(rest), value) if rest else value
    return {**{key: item for key, item in body.items() if key != name}, **({} if inner is None else {name: inner})}


def _at(body: JsonObject, *path: str) -> Any:
    found: Any = body
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _setting(*path: str, to: Any) -> Apply:
    return lambda body, _params, _now: Change("patch", _put(body, path, to))


def _stamping(*path: str) -> Apply:
    return lambda body, _params, now: Change("patch", _put(body, path, rfc3339(now)))


def _is(*path: str, value: Any) -> Offered:
    return lambda body: _at(body, *path) == value


def _is_not(*path: str, value: Any) -> Offered:
    return lambda body: _at(body, *path) != value


def _scaled(body: JsonObject, params: Mapping[str, str], _now: datetime) -> Change:
    text = params.get("replicas", "")
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"replicas {text!r} is no number of replicas")
    return Change("patch", _put(body, ("spec", "replicas"), int(text)))


def _job_now(body: JsonObject, _params: Mapping[str, str], now: datetime) -> Change:
    """A Job of a CronJob's template, owned by it as if it had been due."""
    metadata, template = body.get("metadata") or {}, _at(body, "spec", "jobTemplate") or {}
    given = template.get("metadata") or {}
    name = f"{metadata.get('name', '')[:40]}-{now.strftime('%Y%m%d%H%M%S')}"
    owner = {"apiVersion": body.get("apiVersion"), "kind": body.get("kind"), "name": metadata.get("name")}
    made = {
        "name": name,
        "namespace": metadata.get("namespace"),
        "labels": given.get("labels") or {},
        "annotations": {**(given.get("annotations") or {}), "cronjob.kubernetes.io/instantiate": "manual"},
        "ownerReferences": [{**owner, "uid": metadata.get("uid"), "controller": True, "blockOwnerDeletion": True}],
    }
    return Change(
        "create", {"apiVersion": "batch/v1", "kind": "Job", "metadata": made, "spec": template.get("spec") or {}}
    )


def _promoted(body: JsonObject, _params: Mapping[str, str], _now: datetime) -> Change:
    return Change("patch", _put(_put(body, ("status", "promoteFull"), True), ("status", "abort"), False))


def _resumed_rollout(body: JsonObject, _params: Mapping[str, str], _now: datetime) -> Change:
    return Change("patch", _put(_put(body, ("spec", "paused"), None), ("status", "pauseConditions"), None))


def _next_step(body: JsonObject, _params: Mapping[str, str], _now: datetime) -> Change:
    index = int(_at(body, "status", "currentStepIndex") or 0)
    return Change("patch", _put(body, ("status", "currentStepIndex"), index + 1))


def _has_next_step(body: JsonObject) -> bool:
    steps = _at(body, "spec", "strategy", "canary", "steps") or []
    return int(_at(body, "status", "currentStepIndex") or 0) < len(steps)


def _woken(body: JsonObject, _params: Mapping[str, str], now: datetime) -> Change:
    return Change("patch", _put(body, (*MARKS, "force-sync"), str(int(now.timestamp()))))


def _toggled(body: JsonObject, _params: Mapping[str, str], _now: datetime) -> Change:
    """Automated sync of an Application off, or on again."""
    automated = _at(body, "spec", "syncPolicy", "automated")
    is_on = automated is not None and automated.get("enabled") is not False
    return Change("patch", _put(body, ("spec", "syncPolicy", "automated", "enabled"), not is_on))


RESTART: Final = Action(_stamping(*TEMPLATE_MARKS, RESTARTED))
SCALE: Final = Action(_scaled, ("replicas",))
PAUSE: Final = Action(_setting("spec", "paused", to=True), is_enabled=_is_not("spec", "paused", value=True))
UNPAUSE: Final = Action(_setting("spec", "paused", to=None), is_enabled=_is("spec", "paused", value=True))
SUSPEND: Final = Action(_setting("spec", "suspend", to=True), is_enabled=_is_not("spec", "suspend", value=True))
RESUME: Final = Action(_setting("spec", "suspend", to=False), is_enabled=_is("spec", "suspend", value=True))
FLUX: Final = {
    "reconcile": Action(_stamping(*MARKS, "reconcile.fluxcd.io/requestedAt")),
    "suspend": SUSPEND,
    "resume": RESUME,
}
_KEDA_PAUSED: Final = "autoscaling.keda.sh/paused"
KEDA: Final = {
    "pause": Action(_setting(*MARKS, _KEDA_PAUSED, to="true"), is_enabled=_is_not(*MARKS, _KEDA_PAUSED, value="true")),
    "resume": Action(_setting(*MARKS, _KEDA_PAUSED, to=None), is_enabled=_is(*MARKS, _KEDA_PAUSED, value="true")),
}

_SOURCES: Final = ("GitRepository", "HelmRepository", "HelmChart", "OCIRepository", "Bucket")

BUILT_IN: Final[Mapping[GroupKind, Mapping[str, Action]]] = {
    GroupKind("apps", "Deployment"): {"restart": RESTART, "pause": PAUSE, "resume": UNPAUSE, "scale": SCALE},
    GroupKind("apps", "StatefulSet"): {"restart": RESTART, "scale": SCALE},
    GroupKind("apps", "DaemonSet"): {"restart": RESTART},
    GroupKind("batch", "CronJob"): {"create-job": Action(_job_now), "suspend": SUSPEND, "resume": RESUME},
    GroupKind("batch", "Job"): {
        "suspend": SUSPEND,
        "resume": RESUME,
        "terminate": Action(_setting("spec", "activeDeadlineSeconds", to=1)),
    },
    GroupKind("argoproj.io", "Rollout"): {
        "restart": Action(_stamping("spec", "restartAt")),
        "pause": PAUSE,
        "resume": Action(_resumed_rollout, is_enabled=lambda body: bool(_at(body, "status", "pauseConditions"))),
        "abort": Action(_setting("status", "abort", to=True), is_enabled=_is_not("status", "abort", value=True)),
        "retry": Action(_setting("status", "abort", to=False), is_enabled=_is("status", "abort", value=True)),
        "promote-full": Action(_promoted, is_enabled=_is_not("status", "promoteFull", value=True)),
        "skip-current-step": Action(_next_step, is_enabled=_has_next_step),
    },
    GroupKind("argoproj.io", "AnalysisRun"): {"terminate": Action(_setting("spec", "terminate", to=True))},
    GroupKind("argoproj.io", "Application"): {"toggle-auto-sync": Action(_toggled)},
    GroupKind("external-secrets.io", "ExternalSecret"): {"refresh": Action(_woken)},
    GroupKind("external-secrets.io", "PushSecret"): {"push": Action(_woken)},
    GroupKind("helm.toolkit.fluxcd.io", "HelmRelease"): FLUX,
    GroupKind("kustomize.toolkit.fluxcd.io", "Kustomization"): FLUX,
    GroupKind("notification.toolkit.fluxcd.io", "Receiver"): FLUX,
    GroupKind("notification.toolkit.fluxcd.io", "Alert"): {"suspend": SUSPEND, "resume": RESUME},
    GroupKind("notification.toolkit.fluxcd.io", "Provider"): {"suspend": SUSPEND, "resume": RESUME},
    **{GroupKind("source.toolkit.fluxcd.io", kind): FLUX for kind in _SOURCES},
    **{GroupKind("image.toolkit.fluxcd.io", kind): FLUX for kind in ("ImageRepository", "ImageUpdateAutomation")},
    GroupKind("keda.sh", "ScaledObject"): KEDA,
    GroupKind("keda.sh", "ScaledJob"): KEDA,
    GroupKind("postgresql.cnpg.io", "Cluster"): {
        "restart": Action(_stamping(*MARKS, RESTARTED)),
        "reload": Action(_stamping(*MARKS, "cnpg.io/reloadedAt")),
        "suspend": Action(_setting(*MARKS, "cnpg.io/hibernation", to="on")),
        "resume": Action(_setting(*MARKS, "cnpg.io/hibernation", to="off")),
    },
}
