"""What this version does with every field, annotation, option and setting of Argo CD: one table, and who reads it.

May import: other modules of `models`. Never decides what follows: it only names what is not honoured.
"""

from reconciler.models.honoured.table import (
    TABLE,
    unhonoured_fields,
    unhonoured_in_manifest,
    unhonoured_in_project,
    unhonoured_in_repository,
    unhonoured_in_source,
)

__all__ = [
    "TABLE",
    "unhonoured_fields",
    "unhonoured_in_manifest",
    "unhonoured_in_project",
    "unhonoured_in_repository",
    "unhonoured_in_source",
]
