"""cert-manager: certificates, their requests, issuers, and what ACME does for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.models.observed import HealthCode
from reconciler.plan.health.rules import Rule, When

API: Final = "https://cert-manager.io/docs/reference/api-docs/"
USAGE: Final = "https://cert-manager.io/docs/usage/certificate/"
REQUEST: Final = "https://cert-manager.io/docs/usage/certificaterequest/"

READY: Final = (When("Ready", "True", "Healthy"), When("Ready", "False", "Degraded"))
STATES: Final[Mapping[str, HealthCode]] = {
    "valid": "Healthy",
    "ready": "Progressing",
    "pending": "Progressing",
    "processing": "Progressing",
    "invalid": "Degraded",
    "expired": "Degraded",
    "errored": "Degraded",
}
"""States of RFC 8555, and `errored`, which is cert-manager's own."""

# A first issuance is "not ready" as well: as long as it is being issued it is under way, not broken.
CERTIFICATE: Final = Rule(
    USAGE, "Waiting for the certificate to be issued", (When("Issuing", "True", "Progressing"), *READY)
)
CERTIFICATE_REQUEST: Final = Rule(
    REQUEST,
    "Waiting for the request to be approved and signed",
    (
        When("Denied", "True", "Degraded"),
        When("InvalidRequest", "True", "Degraded"),
        When("Ready", "True", "Healthy"),
        When("Ready", "False", "Degraded", reasons=frozenset({"Failed", "Denied"})),
        When("Ready", "False", "Progressing"),
    ),
)
ISSUER: Final = Rule(API, "Waiting for the issuer to be set up", READY)
BY_STATE: Final = Rule(API, "Waiting for the ACME server", phase=("state",), phases=STATES)

KINDS: Final[Mapping[tuple[str, str], Rule]] = {
    ("cert-manager.io", "Certificate"): CERTIFICATE,
    ("cert-manager.io", "CertificateRequest"): CERTIFICATE_REQUEST,
    ("cert-manager.io", "Issuer"): ISSUER,
    ("cert-manager.io", "ClusterIssuer"): ISSUER,
    ("acme.cert-manager.io", "Order"): BY_STATE,
    ("acme.cert-manager.io", "Challenge"): BY_STATE,
}
