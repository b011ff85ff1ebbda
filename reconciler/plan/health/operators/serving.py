"""Knative: serving and eventing. `Ready` sums up all other conditions, and Unknown says that it is under way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.plan.health.rules import Rule, When

CONDITIONS: Final = "https://github.com/knative/specs/blob/main/specs/serving/overview.md#error-signalling"

READY: Final = Rule(
    CONDITIONS,
    "Waiting for status update.",
    (
        When("Ready", "True", "Healthy"),
        When("Ready", "False", "Degraded"),
        When("Ready", "Unknown", "Progressing"),
    ),
)
KINDS: Final[Mapping[tuple[str, str], Rule]] = {
    **{
        ("serving.knative.dev", kind): READY
        for kind in ("Service", "Route", "Configuration", "Revision", "DomainMapping")
    },
    **{("eventing.knative.dev", kind): READY for kind in ("Broker", "Trigger")},
    **{("messaging.knative.dev", kind): READY for kind in ("Channel", "Subscription")},
}
