"""What stands for something outside of the cluster, by the ending of its group: Crossplane, ACK, Config Connector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import status_of
from reconciler.plan.health.rules import Rule, When

CROSSPLANE: Final = "https://docs.crossplane.io/latest/guides/crossplane-with-argo-cd/"
ACK: Final = "https://aws-controllers-k8s.github.io/community/docs/user-docs/resource-crud/"
CONFIG_CONNECTOR: Final = "https://cloud.google.com/config-connector/docs/how-to/monitoring-your-resources"

GOOD: Final = ("Ready", "Healthy", "Offered", "Established", "ValidPipeline", "RevisionHealthy")
STATUSLESS: Final = frozenset({
    "ClusterProviderConfig",
    "Composition",
    "CompositionRevision",
    "ControllerConfig",
    "DeploymentRuntimeConfig",
    "EnvironmentConfig",
    "ProviderConfig",
    "ProviderConfigUsage",
})  # fmt: skip
"""Kinds of Crossplane that no controller reports on."""

_CROSSPLANE: Final = Rule(
    CROSSPLANE,
    "Provisioning ...",
    (
        When("LastAsyncOperation", "False", "Degraded"),
        When("Synced", "False", "Degraded"),
        *(When(word, "True", "Healthy") for word in GOOD),
    ),
)


def crossplane(body: JsonObject) -> Health:
    """Crossplane's guide for Argo CD. Of a ProviderConfig only how many use it is known."""
    if body.get("kind") in STATUSLESS and not status_of(body).get("conditions"):
        return Health("Healthy")
    return _CROSSPLANE(body)


AWS: Final = Rule(
    ACK,
    "Provisioning ...",
    (
        When("ACK.Terminal", "True", "Degraded"),
        When("ACK.Recoverable", "True", "Degraded"),
        When("ACK.ResourceSynced", "True", "Healthy"),
        When("ACK.ResourceSynced", "False", "Progressing"),
    ),
)
GOOGLE: Final = Rule(
    CONFIG_CONNECTOR,
    "Provisioning ...",
    (
        When("Ready", "True", "Healthy"),
        When("Ready", "False", "Suspended", reasons=frozenset({"DependencyNotReady"})),
        When("Ready", "False", "Progressing", reasons=frozenset({"Creating", "Updating", "Deleting"})),
        When("Ready", "False", "Degraded"),
    ),
)

GROUPS: Final[Mapping[str, Callable[[JsonObject], Health]]] = {
    ".crossplane.io": crossplane,
    ".upbound.io": crossplane,
    ".services.k8s.aws": AWS,
    ".cnrm.cloud.google.com": GOOGLE,
}
KINDS: Final[Mapping[tuple[str, str], Rule]] = {}
"""None by name: providers define hundreds of kinds, and all of a provider's speak alike."""
