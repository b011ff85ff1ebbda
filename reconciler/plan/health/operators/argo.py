"""The Argo projects: Rollouts with their analyses and experiments, ApplicationSets, Events and Workflows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health, HealthCode
from reconciler.models.words import GROUP
from reconciler.plan.health.operators.rollout import rollout
from reconciler.plan.health.rules import Rule, When

ANALYSIS: Final = "https://argo-rollouts.readthedocs.io/en/stable/features/analysis/"
EXPERIMENTS: Final = "https://argo-rollouts.readthedocs.io/en/stable/features/experiment/"
SETS: Final = "https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/"
EVENTS: Final = "https://github.com/argoproj/argo-events/blob/master/pkg/apis/events/v1alpha1/common.go"
WORKFLOWS: Final = "https://argo-workflows.readthedocs.io/en/latest/cron-workflows/"

PHASES: Final[Mapping[str, HealthCode]] = {
    "Successful": "Healthy",
    "Failed": "Degraded",
    "Error": "Degraded",
    "Inconclusive": "Unknown",
}
ANALYSIS_RUN: Final = Rule(ANALYSIS, "Waiting for analysis run to finish", phase=("phase",), phases=PHASES)
EXPERIMENT: Final = Rule(EXPERIMENTS, "Waiting for experiment to finish", phase=("phase",), phases=PHASES)
APPLICATION_SET: Final = Rule(
    SETS,
    "Waiting for the status to be reported",
    (
        When("ErrorOccurred", "True", "Degraded"),
        When("ResourcesUpToDate", "False", "Degraded"),
        When("RolloutProgressing", "True", "Progressing"),
        When("ResourcesUpToDate", "True", "Healthy"),
    ),
)
CRON_WORKFLOW: Final = Rule(
    WORKFLOWS,
    "Waiting for the controller",
    (When("SubmissionError", "True", "Degraded"), When("SpecError", "True", "Degraded")),
    phase=("phase",),
    phases={"Active": "Healthy", "Stopped": "Suspended"},
    paused=(("spec", "suspend"),),
)
EVENT_SOURCE: Final = Rule(
    EVENTS,
    "Waiting for the controller",
    (
        *(When(word, "False", "Degraded") for word in ("SourcesProvided", "DependenciesProvided", "TriggersProvided")),
        When("Deployed", "False", "Degraded"),
        When("Deployed", "True", "Healthy"),
    ),
)
EVENT_BUS: Final = Rule(
    EVENTS,
    "Waiting for the controller",
    (
        When("Configured", "False", "Degraded"),
        When("Deployed", "False", "Degraded"),
        When("Deployed", "True", "Healthy"),
    ),
)

KINDS: Final[Mapping[tuple[str, str], Callable[[JsonObject], Health]]] = {
    (GROUP, "Rollout"): rollout,
    (GROUP, "AnalysisRun"): ANALYSIS_RUN,
    (GROUP, "Experiment"): EXPERIMENT,
    (GROUP, "ApplicationSet"): APPLICATION_SET,
    (GROUP, "CronWorkflow"): CRON_WORKFLOW,
    (GROUP, "EventSource"): EVENT_SOURCE,
    (GROUP, "Sensor"): EVENT_SOURCE,
    (GROUP, "EventBus"): EVENT_BUS,
}
