"""How a pass looks at live objects: by the settings of this moment."""

from __future__ import annotations

from reconciler.models.customizations import customizations_of
from reconciler.plan.lens import Lens
from reconciler.services import Readers


def lens_of(readers: Readers) -> Lens:
    """The lens of a pass. Raises SpecError for settings that cannot be read, and what the catalog raises."""
    return Lens(customizations_of(readers.catalog.settings_cm()), readers.settings.field_manager)
