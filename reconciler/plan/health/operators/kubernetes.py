"""What Kubernetes itself defines beyond workloads: definitions, cron jobs, disruption budgets, volume snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import spec_of, status_of, text
from reconciler.plan.health.rules import UNSEEN, Rule, When, is_behind

DEFINITIONS: Final = (
    "https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/"
)
BUDGETS: Final = "https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/pod-disruption-budget-v1/"
SNAPSHOTS: Final = "https://kubernetes.io/docs/concepts/storage/volume-snapshots/"

DEFINITION: Final = Rule(
    DEFINITIONS,
    "Waiting for its names to be accepted",
    (
        When("Terminating", "True", "Progressing"),
        When("NamesAccepted", "False", "Degraded"),
        # Between its names and its being served lies a moment in which nothing is wrong.
        When("Established", "False", "Progressing", reasons=frozenset({"Installing"})),
        When("Established", "False", "Degraded"),
        When("NonStructuralSchema", "True", "Degraded"),
        When("Established", "True", "Healthy"),
    ),
)
BUDGET: Final = Rule(
    BUDGETS,
    "Waiting for status",
    (
        When("DisruptionAllowed", "True", "Healthy"),
        # A budget of a workload that is small, or just rolling out, does what it was made for.
        When("DisruptionAllowed", "False", "Healthy", reasons=frozenset({"InsufficientPods"})),
        When("DisruptionAllowed", "False", "Degraded"),
    ),
)


def cron_job(body: JsonObject) -> Health:
    """Argo CD: Degraded only if nothing runs and the newest success is older than the newest start."""
    if spec_of(body).get("suspend") is True:
        return Health("Suspended", "CronJob is Suspended")
    if "status" not in body:
        return Health("Progressing", "Waiting for CronJob")
    status = status_of(body)
    started, succeeded = text(status, "lastScheduleTime"), text(status, "lastSuccessfulTime")
    if not started:
        return Health("Healthy", "CronJob has not been scheduled yet")
    if not succeeded:
        return Health("Healthy", "The CronJob never completed successfully. It may not be healthy")
    if status.get("active"):
        return Health("Healthy", "The job is running. Its last execution may not have been successful")
    if succeeded < started:
        return Health("Degraded", "CronJob has not completed its last execution successfully")
    return Health("Healthy", "CronJob has completed its last execution successfully")


def snapshot(body: JsonObject) -> Health:
    """A VolumeSnapshot: ready to be restored from, or why not (the page at `SNAPSHOTS`)."""
    status = status_of(body)
    if is_behind(body, status):
        return UNSEEN
    if status.get("readyToUse") is True:
        return Health("Healthy")
    if error := text(status.get("error") or {}, "message"):
        return Health("Degraded", error)
    return Health("Progressing", "Waiting for the snapshot to be taken")


KINDS: Final[Mapping[tuple[str, str], Callable[[JsonObject], Health]]] = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): DEFINITION,
    ("policy", "PodDisruptionBudget"): BUDGET,
    ("batch", "CronJob"): cron_job,
    ("snapshot.storage.k8s.io", "VolumeSnapshot"): snapshot,
}
