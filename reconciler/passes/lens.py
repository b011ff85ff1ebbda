"""How a pass looks at live objects: by the settings of this moment."""

from __future__ import annotations

from reconciler.models.customizations import customizations_of
from reconciler.models.filters import filters_of
from reconciler.models.tracking import tracking_of
from reconciler.plan.lens import Lens
from reconciler.services import Readers


def lens_of(readers: Readers) -> Lens:
    """The lens of a pass. Raises SpecError for settings that cannot be read, and what the catalog raises."""
    settings = readers.catalog.settings_cm()
    return Lens(
        customizations_of(settings),
        readers.settings.field_manager,
        tracking_of(settings),
        filters_of(settings),
    )
