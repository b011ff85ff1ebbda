"""KEDA, the vertical pod autoscaler, and Karpenter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.plan.health.rules import Rule, When

KEDA: Final = "https://keda.sh/docs/latest/reference/scaledobject-spec/"
KEDA_JOBS: Final = "https://keda.sh/docs/latest/reference/scaledjob-spec/"
VPA: Final = "https://github.com/kubernetes/autoscaler/blob/master/vertical-pod-autoscaler/docs/api.md"
KARPENTER: Final = "https://karpenter.sh/docs/concepts/nodepools/"

READY: Final = (When("Ready", "True", "Healthy"), When("Ready", "False", "Degraded"))
SCALED_OBJECT: Final = Rule(
    KEDA,
    "Waiting for its HorizontalPodAutoscaler",
    (
        When("Ready", "False", "Degraded"),
        # Fallback: the trigger does not answer, so the workload stands at an assumed size.
        When("Fallback", "True", "Degraded"),
        When("Paused", "True", "Suspended"),
        When("Ready", "True", "Healthy"),
    ),
)
SCALED_JOB: Final = Rule(
    KEDA_JOBS,
    "Waiting for its trigger",
    (
        When("Ready", "False", "Degraded"),
        When("Ready", "Unknown", "Degraded"),
        When("Paused", "True", "Suspended"),
        When("Ready", "True", "Healthy"),
    ),
)
VERTICAL: Final = Rule(
    VPA,
    "Waiting for a recommendation",
    (
        When("ConfigUnsupported", "True", "Degraded"),
        When("ConfigDeprecated", "True", "Degraded"),
        When("NoPodsMatched", "True", "Degraded"),
        When("RecommendationProvided", "True", "Healthy"),
    ),
)
NODES: Final = Rule(KARPENTER, "Waiting for Karpenter", READY)
CLAIM: Final = Rule(
    KARPENTER,
    "Waiting for the node",
    (
        When("Ready", "True", "Healthy"),
        When("Launched", "False", "Degraded"),
        When("Ready", "False", "Progressing"),
    ),
)

KINDS: Final[Mapping[tuple[str, str], Rule]] = {
    ("keda.sh", "ScaledObject"): SCALED_OBJECT,
    ("keda.sh", "ScaledJob"): SCALED_JOB,
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"): VERTICAL,
    ("karpenter.sh", "NodePool"): NODES,
    ("karpenter.sh", "NodeClaim"): CLAIM,
    ("karpenter.k8s.aws", "EC2NodeClass"): NODES,
}
