"""What argocd-cm says to observers: which mark tells an owner, and whose health is a script. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from reconciler.errors import SpecError
from reconciler.models.customizations import Customizations, customizations_of
from reconciler.models.customizations.kinds import NO_CUSTOMIZATIONS
from reconciler.models.keys import GroupKind
from reconciler.models.tracking import BY_ANNOTATION, Tracking, tracking_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Settings that change what is seen of an object."""

    tracking: Tracking = BY_ANNOTATION
    settings: Customizations = NO_CUSTOMIZATIONS

    def is_scripted(self, kind: GroupKind) -> bool:
        """Whether the settings have a script for the health of this kind."""
        script = self.settings.health_of(kind)
        return script is not None and bool(script.text)


USUAL: Final = Outlook()
"""Where nothing is set."""


def outlook_of(settings_cm: Mapping[str, str], before: Outlook = USUAL) -> Outlook:
    """What the settings say; as `before` where they cannot be read, which each pass tells its Application."""
    try:
        return Outlook(tracking_of(settings_cm), customizations_of(settings_cm))
    except SpecError as error:
        log.warning("settings cannot be read", reason=str(error))
        return before
