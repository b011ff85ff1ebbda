"""External Secrets and Sealed Secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.plan.health.rules import Rule, When

EXTERNAL: Final = "https://external-secrets.io/latest/api/spec/"
SEALED: Final = "https://github.com/bitnami-labs/sealed-secrets#readme"
GROUP: Final = "external-secrets.io"

READY: Final = (When("Ready", "True", "Healthy"), When("Ready", "False", "Degraded"))
EXTERNAL_SECRET: Final = Rule(EXTERNAL, "Waiting for the secret to be read", READY)
STORE: Final = Rule(EXTERNAL, "Waiting for the store to be reached", READY)
PUSH_SECRET: Final = Rule(EXTERNAL, "Waiting for the secret to be pushed", READY)
CLUSTER_EXTERNAL_SECRET: Final = Rule(
    EXTERNAL,
    "Waiting for the namespaces' secrets",
    (When("PartiallyReady", "True", "Degraded"), When("NotReady", "True", "Degraded"), *READY),
)
SEALED_SECRET: Final = Rule(
    SEALED,
    "Waiting for the Secret to be unsealed",
    (When("Synced", "False", "Degraded"), When("Synced", "True", "Healthy")),
)

KINDS: Final[Mapping[tuple[str, str], Rule]] = {
    (GROUP, "ExternalSecret"): EXTERNAL_SECRET,
    (GROUP, "SecretStore"): STORE,
    (GROUP, "ClusterSecretStore"): STORE,
    (GROUP, "PushSecret"): PUSH_SECRET,
    (GROUP, "ClusterExternalSecret"): CLUSTER_EXTERNAL_SECRET,
    ("bitnami.com", "SealedSecret"): SEALED_SECRET,
}
