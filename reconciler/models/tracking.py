"""How objects say which application they belong to (Argo CD: resource tracking), as argocd-cm sets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from reconciler.errors import SpecError
from reconciler.models.words import INSTANCE_LABEL

Method = Literal["annotation", "annotation+label", "label"]

METHODS: Final[tuple[Method, ...]] = ("annotation", "annotation+label", "label")
METHOD: Final = "application.resourceTrackingMethod"
INSTALLATION: Final = "installationID"
LABEL_KEY: Final = "application.instanceLabelKey"


@dataclass(frozen=True, slots=True)
class Tracking:
    """`installation` tells installations apart that share clusters; empty where there is one."""

    method: Method = "annotation"
    installation: str = ""
    label_key: str = INSTANCE_LABEL

    @property
    def by_label(self) -> bool:
        """Whether the label alone tells the owner."""
        return self.method == "label"


BY_ANNOTATION: Final = Tracking()
"""What holds where nothing is set."""


def tracking_of(settings_cm: Mapping[str, str]) -> Tracking:
    """What argocd-cm says. Raises SpecError for a method that is none."""
    method = settings_cm.get(METHOD, "").strip() or "annotation"
    if method not in METHODS:
        raise SpecError(f"setting {METHOD} of argocd-cm is none of {', '.join(METHODS)}")
    label = settings_cm.get(LABEL_KEY, "").strip() or INSTANCE_LABEL
    return Tracking(method, settings_cm.get(INSTALLATION, "").strip(), label)
