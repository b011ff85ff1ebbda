"""The Prometheus operator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.plan.health.rules import Rule, When

API: Final = "https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ConditionType"

STARTING: Final = frozenset({"SomePodsNotReady"})

WORKLOAD: Final = Rule(
    API,
    "Waiting for initialization",
    (
        When("Reconciled", "False", "Degraded"),
        When("Available", "True", "Healthy"),
        # Degraded as a condition's status is the operator's own word, beside True, False and Unknown.
        *(When("Available", word, "Progressing", reasons=STARTING) for word in ("False", "Degraded", "Unknown")),
        *(When("Available", word, "Degraded") for word in ("False", "Degraded", "Unknown")),
    ),
    paused=(("spec", "paused"),),
)

KINDS: Final[Mapping[tuple[str, str], Rule]] = {
    ("monitoring.coreos.com", kind): WORKLOAD
    for kind in ("Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler")
}
