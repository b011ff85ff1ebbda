"""Strimzi. Its resources say Ready or NotReady, never both, and the reason tells whether it is only beginning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.plan.health.rules import Rule, When

CONDITIONS: Final = "https://strimzi.io/docs/operators/latest/deploying#con-custom-resources-status-str"
REBALANCE: Final = "https://strimzi.io/docs/operators/latest/deploying#con-rebalance-str"

RULE: Final = Rule(
    CONDITIONS,
    "Waiting for the operator",
    (
        When("ReconciliationPaused", "True", "Suspended"),
        When("NotReady", "True", "Progressing", reasons=frozenset({"Creating"})),
        When("NotReady", "True", "Degraded"),
        When("Ready", "True", "Healthy"),
    ),
)
REBALANCING: Final = Rule(
    REBALANCE,
    "Waiting for a proposal",
    (
        When("NotReady", "True", "Degraded"),
        When("Ready", "True", "Healthy"),
        When("ProposalReady", "True", "Suspended"),
        When("Stopped", "True", "Suspended"),
        When("ReconciliationPaused", "True", "Suspended"),
    ),
)

KINDS: Final[Mapping[tuple[str, str], Rule]] = {
    **{
        ("kafka.strimzi.io", kind): RULE
        for kind in (
            *("Kafka", "KafkaTopic", "KafkaUser", "KafkaConnect", "KafkaConnector"),
            *("KafkaBridge", "KafkaMirrorMaker2"),
        )
    },
    ("kafka.strimzi.io", "KafkaRebalance"): REBALANCING,
}
