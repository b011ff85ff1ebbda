"""Flux: sources, what is made of them, and image automation. All of them publish kstatus' conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health
from reconciler.plan.health.reading import spec_of
from reconciler.plan.health.rules import Rule, When

CONDITIONS: Final = "https://github.com/fluxcd/pkg/blob/main/apis/meta/conditions.go"
OCI_HELM: Final = "https://fluxcd.io/flux/components/source/helmrepositories/#helm-oci-repository"

RULE: Final = Rule(
    CONDITIONS,
    "Waiting for the first reconciliation",
    (
        # Stalled: no further attempt will help until somebody changes something.
        When("Stalled", "True", "Degraded"),
        When("Ready", "True", "Healthy"),
        When("Ready", "False", "Degraded"),
        When("Ready", "Unknown", "Progressing"),
    ),
    paused=(("spec", "suspend"),),
)


def helm_repository(body: JsonObject) -> Health:
    """One of type `oci` is only an address: Flux writes no status to it (the page at `OCI_HELM`)."""
    return Health("Healthy") if spec_of(body).get("type") == "oci" else RULE(body)


_SOURCE, _IMAGE = "source.toolkit.fluxcd.io", "image.toolkit.fluxcd.io"

KINDS: Final[Mapping[tuple[str, str], Callable[[JsonObject], Health]]] = {
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): RULE,
    ("helm.toolkit.fluxcd.io", "HelmRelease"): RULE,
    ("notification.toolkit.fluxcd.io", "Receiver"): RULE,
    **{(_SOURCE, kind): RULE for kind in ("GitRepository", "OCIRepository", "HelmChart", "Bucket")},
    **{(_IMAGE, kind): RULE for kind in ("ImageRepository", "ImagePolicy", "ImageUpdateAutomation")},
    (_SOURCE, "HelmRepository"): helm_repository,
}
