"""What argocd-cm says about kinds: scripts for health and actions, fields not to compare, annotations to hide.

May import: other modules of `models`. Never runs a script: it only says which one holds for which kind.
"""

from __future__ import annotations

from reconciler.models.customizations.kinds import ActionScripts, Customizations, KnownField, Script
from reconciler.models.customizations.parsing import customizations_of

__all__ = ["ActionScripts", "Customizations", "KnownField", "Script", "customizations_of"]
